"""JSON, and what holds for TOML too: how deep parts may lie in parts, how long a number may be.

A parser gives up on thousands of brackets or digits, each in its own way; what it lets pass ends
the next function that walks down. So the limits are here, far below those of any parser.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from coverage.errors import InputError, Problem
from coverage.formats.safety import Limits, read_bytes
from coverage.messages import Said

if TYPE_CHECKING:
    from pathlib import Path

MOST_DEEP = 60
MOST_DIGITS = 400  # a float ends at 309
TOO_LONG = Said(f"有超过 {MOST_DIGITS} 位的数", f"a number of more than {MOST_DIGITS} digits")
TOO_DEEP = Said(f"嵌套超过 {MOST_DEEP} 层", f"parts nested more than {MOST_DEEP} deep")
# Half a character (a surrogate without its other half), which no file can be written with.
_HALVES = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)


class LimitError(ValueError):
    """More than is read."""

    def __init__(self, said: Said) -> None:
        super().__init__(said.en)
        self.said = said


def whole(digits: str) -> int:
    """A whole number that is not too long.

    Raises:
        LimitError: If it is.
    """
    if len(digits) > MOST_DIGITS:
        raise LimitError(TOO_LONG)
    return int(digits)


def check_depth(content: object) -> None:
    """See that no part of what was parsed lies too deep.

    Raises:
        LimitError: If one does.
    """
    level = [content]
    for _ in range(MOST_DEEP):
        level = [
            part
            for one in level
            if isinstance(one, dict | list)
            for part in (one.values() if isinstance(one, dict) else one)
        ]
    if level:
        raise LimitError(TOO_DEEP)


def parse_json(text: str | bytes | bytearray, file: str) -> Any:
    """The content of a JSON text; only whole characters are in it.

    Args:
        text: The text, or its bytes in UTF-8 (or what else JSON may be in).
        file: Its name, for the complaint.

    Raises:
        InputError: If it is no JSON, nested too deeply, or holds an endless number.
    """
    try:
        if isinstance(text, bytes | bytearray):
            text = text.decode(json.detect_encoding(text))
        text = text.removeprefix("\ufeff")
        if "\\u" in text:
            text = _HALVES.sub(lambda found: "\\ufffd" if found[1] else found[0], text)
        content = json.loads(text, parse_int=whole)
        check_depth(content)
    except (ValueError, RecursionError) as error:
        said = Said("JSON 已损坏", "the JSON is damaged")
        if isinstance(error, LimitError | RecursionError):
            why = getattr(error, "said", TOO_DEEP)
            said = Said(f"JSON 不能读，{why.zh}", f"the JSON is not read: {why.en}")
        raise InputError(Problem(said, file, getattr(error, "lineno", None))) from error
    return content


def read_json(path: Path) -> Any:
    """The content of a JSON file, as `parse_json`.

    Raises:
        InputError: If it cannot be read, or is refused.
    """
    return parse_json(read_bytes(path, Limits()), path.name)
