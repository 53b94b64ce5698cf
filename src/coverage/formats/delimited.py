"""Delimited text: which character separates, and rows as a spreadsheet would number them."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from coverage.formats.encodings import decode
from coverage.formats.grids import Cell, Grid, trimmed
from coverage.formats.safety import Limits, Meter, refuse
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Callable


_SEPARATORS = (",", "\t", ";", "|", "，", "；")
_SAID = re.compile(r'\ufeff?"?sep=(.)"?\s*?(\r\n|\r|\n)', re.IGNORECASE)
_HEAD = 60
_NAMES = {
    "\t": ("制表符", "tabs"),
    ";": ("分号", "semicolons"),
    "|": ("竖线", "bars"),
    "，": ("全角逗号", "full-width commas"),
    "；": ("全角分号", "full-width semicolons"),
}


def read_text(
    raw: bytes,
    file: str,
    limits: Limits,
    meter: Meter,
    encoding: str | None = None,
    names_column: Callable[[str], bool] = lambda _: False,
) -> Grid:
    """A delimited text file; `names_column` says whether a text is the name of a column.

    Raises:
        InputError: If it is no text, or has more rows or cells than `limits`.
    """
    meter.sheet()
    ends = max(raw.count(b"\n"), raw.count(b"\r") - raw.count(b"\r\n"))
    if ends > 2 * limits.rows + 1000:
        meter.rows(ends)
    text, found = decode(raw, file, encoding)
    if "\x00" in text:
        refuse(file, "不是表格文本（含 NUL）", "this is not a table: it holds NUL characters")
    notes = []
    if found.confidence < 0.75:
        notes.append(
            Said(
                f"编码判断为 {found.name}（把握 {found.confidence:.2f}），请核对文字",
                f"the encoding is not certain ({found}): check the text",
            )
        )
    damaged = text.count("\ufffd")
    if damaged:
        notes.append(
            Said(f"{damaged} 处字节无法解码，以 � 代替", f"{damaged} bytes that fit no character")
        )
    rows: list[tuple[int, list[Cell]]] = []
    said = _SAID.match(text)
    if said:
        separator = said[1]
        rows.append((0, [said[0].strip()]))
        text = text[said.end() :]
    else:
        separator = _separator(text, names_column)
    text = text.rstrip("\x1a")
    records = _records(text, separator, notes)
    for number, record in enumerate(records, start=1):
        cells: list[Cell] = [cell or None for cell in record]
        trimmed(cells)
        meter.row(len(cells))
        rows.append((number, cells))
    if separator != ",":
        zh, en = _NAMES.get(separator, (separator, separator))
        notes.append(Said(f"分隔符是{zh}", f"cells are separated by {en}"))
    return Grid("", rows, encoding=str(found), notes=notes)


def _separator(text: str, names_column: Callable[[str], bool]) -> str:
    """The character that makes the most even table whose header is best known."""
    head = text[: 1 << 16]
    best: tuple[float, str] = (-1.0, ",")
    for rank, separator in enumerate(_SEPARATORS):
        if separator not in head:
            continue
        try:
            rows = list(
                islice(csv.reader(io.StringIO(head, newline=""), delimiter=separator), _HEAD)
            )
        except csv.Error:
            continue
        widths = Counter(len(row) for row in rows if any(cell.strip() for cell in row))
        if not widths:
            continue
        usual, often = max(widths.items(), key=lambda item: (item[1], item[0]))
        if max(widths) < 2:
            continue
        known = max(sum(names_column(cell.strip()) for cell in row) for row in rows)
        even = often / sum(widths.values()) if usual > 1 else 0.0
        score = 3.0 * known + 2.0 * even + 0.01 * min(usual, 30) - 0.05 * rank
        best = max(best, (score, separator))
    return best[1]


def _records(text: str, separator: str, notes: list[Said]) -> list[list[str]]:
    """Records of the text; where quotes are broken, quotes are read as any other character."""
    if '"' not in text:
        return _split(text, separator)
    # Where no row with words told the separator, one that stands between quotes does.
    between = [other for other in _SEPARATORS if other != separator and f'"{other}"' in text]
    for possible in (separator, *between):
        with suppress(csv.Error):
            reader = csv.reader(io.StringIO(text, newline=""), delimiter=possible, strict=True)
            return list(reader)
    notes.append(
        Said("引号不成对，按普通字符读", "quotes do not match: read as ordinary characters")
    )
    return [[_unquoted(cell) for cell in row] for row in _split(text, separator)]


def _unquoted(cell: str) -> str:
    if len(cell) >= 2 and cell[0] == cell[-1] == '"':
        return cell[1:-1].replace('""', '"')
    return cell


def _split(text: str, separator: str) -> list[list[str]]:
    """Lines cut at every separator; no quoting, no limit on a cell's length."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return [line.split(separator) if line else [] for line in lines]
