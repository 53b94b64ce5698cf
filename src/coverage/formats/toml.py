"""TOML: files of settings, plans and edits that people write by hand."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, Inexact, localcontext
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from coverage.errors import InputError, Problem
from coverage.formats.nested import (
    MOST_DEEP,
    MOST_DIGITS,
    TOO_DEEP,
    TOO_LONG,
    LimitError,
    check_depth,
)
from coverage.formats.tables import decode
from coverage.messages import Said
from coverage.text import cut

if TYPE_CHECKING:
    from pathlib import Path

_MOST_CHARACTERS = 2_000_000
# Each begins where a word does, or a long word would be tried from each of its letters.
_LONG_KEY = re.compile(rf"(?<![\w\"'-])(?:[\w\"'-]+[ \t]*\.[ \t]*){{{MOST_DEEP},}}")
_LONG_NUMBER = re.compile(rf"(?<![\w])[0-9][xob]?[0-9a-fA-F_]{{{MOST_DIGITS},}}")
_HEADER = re.compile(r"^[ \t]*\[\[?[ \t]*\"?([\w.]+)\"?[ \t]*\]\]?", re.MULTILINE)


def load_toml(path: Path) -> tuple[dict[str, Any], dict[str, list[int]]]:
    """The values of a file, numbers with a point exact, and the lines on which tables begin.

    Raises:
        InputError: If the file cannot be read, or is not TOML.
    """
    text = decode(path)
    try:
        data = _parse(text)
        check_depth(data)
    except (ValueError, ArithmeticError, RecursionError) as error:
        deep = TOO_DEEP if isinstance(error, RecursionError) else None
        why = getattr(error, "said", deep) or Said(cut(str(error), 200), cut(str(error), 200))
        said = Said(
            f"不是有效的 TOML（{why.zh}）",
            f"the file is not valid TOML and cannot be read ({why.en})",
        )
        raise InputError(Problem(said, path.name)) from error
    lines: dict[str, list[int]] = {}
    line = at = 0
    for found in _HEADER.finditer(text):
        line, at = line + text.count("\n", at, found.start(1)), found.start(1)
        lines.setdefault(found[1], []).append(line + 1)
    return data, lines


def _parse(text: str) -> dict[str, Any]:
    """The values of a text, once nothing in it would keep the parser busy for minutes."""
    if len(text) > _MOST_CHARACTERS:
        most = f"{_MOST_CHARACTERS:,}"
        raise LimitError(Said(f"超过 {most} 字", f"more than {most} characters"))
    if _LONG_KEY.search(text):
        raise LimitError(TOO_DEEP)
    if _LONG_NUMBER.search(text):
        raise LimitError(TOO_LONG)
    return tomllib.loads(text, parse_float=Decimal)


def toml_value(value: object) -> str:
    """`value` as TOML writes it; a fraction as its decimal, thirds to 12 digits."""
    match value:
        case bool():
            text = "true" if value else "false"
        case int() | float():
            text = repr(value)
        case Fraction():
            with localcontext(prec=80) as context:
                exact = Decimal(value.numerator) / Decimal(value.denominator)
                text = f"{round(exact, 12) if context.flags[Inexact] else exact:f}"
        case date():
            text = value.isoformat()
        case Mapping():
            given = ((key, one) for key, one in value.items() if one is not None)
            text = "{ " + ", ".join(f"{key} = {toml_value(one)}" for key, one in given) + " }"
        case list() | tuple():
            text = "[" + ", ".join(map(toml_value, value)) + "]"
        case _:
            # A JSON string is a TOML string, but for the one control character JSON lets stand.
            text = json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
    return text
