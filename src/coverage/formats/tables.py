"""Delimited files, read strictly, and their text.

Reading keeps the row number that a spreadsheet shows (the header is row 1)
beside every record, so that a complaint can be found.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coverage.errors import InputError, Problem
from coverage.formats.formulas import guarded, unguarded
from coverage.formats.safety import read_bytes
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Record:
    """One row of a table: its number in a spreadsheet and its cells, stripped."""

    row: int
    cells: Mapping[str, str]

    def get(self, column: str) -> str:
        """The cell of `column`, or an empty string where the table has no such column."""
        return self.cells.get(column, "")


@dataclass(frozen=True)
class Table:
    """A delimited file as read: name, header and records."""

    file: str
    columns: tuple[str, ...]
    records: tuple[Record, ...]

    def problem(self, record: Record | None, column: str | None, reason: Said) -> Problem:
        """A `Problem` at this place of this file, quoting the offending cell."""
        value = record.get(column) if record and column else None
        return Problem(reason, self.file, record.row if record else None, column, value)


def _column_name(cell: str) -> str:
    return unguarded(cell.strip()).lower().replace(" ", "_").replace("-", "_")


def decode(path: Path) -> str:
    """Text of a UTF-8 file, with or without a byte order mark.

    Raises:
        InputError: If the file cannot be read or is not UTF-8.
    """
    raw = read_bytes(path)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(
            Problem(
                Said("不是 UTF-8 文本，请另存为“CSV UTF-8”", "the file is not UTF-8 text"),
                path.name,
                line,
            )
        ) from error


def read_table(path: Path, *, required: Sequence[str] = ()) -> Table:
    """Read a comma-separated UTF-8 file.

    Blank rows are skipped but counted, so that row numbers stay those of the
    spreadsheet. Column names are compared in lower case, blanks and hyphens
    read as underscores.

    Args:
        path: The file.
        required: Columns without which the file cannot be used.

    Raises:
        InputError: If the file is unreadable, empty, lacks a column, names a
            column twice, or has a row with more cells than the header.
    """
    text = decode(path)
    if "\x00" in text:
        raise InputError(
            Problem(
                Said("不是 CSV 表格", "the file holds NUL bytes and is not a CSV table"), path.name
            )
        )
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise InputError(
            Problem(
                Said("此行不是规范的 CSV", f"the row is not well-formed CSV ({error})"),
                path.name,
                reader.line_num,
            )
        ) from error
    if not rows or not any(cell.strip() for cell in rows[0]):
        raise InputError(
            Problem(
                Said("文件为空，缺表头", "the file is empty: a header row is needed"), path.name
            )
        )
    columns = tuple(_column_name(cell) for cell in rows[0])
    problems = _header_problems(path.name, columns, required)
    records = []
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) > len(columns) and any(cell.strip() for cell in row[len(columns) :]):
            reason = Said(
                f"此行有 {len(row)} 格，表头只有 {len(columns)} 格",
                f"the row has {len(row)} cells: more cells than the header has ({len(columns)})",
            )
            problems.append(Problem(reason, path.name, number))
            continue
        padded = [*row, *[""] * (len(columns) - len(row))]
        cells = {c: unguarded(v.strip()) for c, v in zip(columns, padded, strict=False) if c}
        records.append(Record(number, cells))
    if problems:
        raise InputError(problems)
    return Table(path.name, columns, tuple(records))


def _header_problems(file: str, columns: Sequence[str], required: Sequence[str]) -> list[Problem]:
    wide = len(columns) == 1 and any(mark in columns[0] for mark in ";\t|")
    listed = ", ".join(columns)
    zh, en = (
        ("（分隔符应为逗号）", " (use commas)")
        if wide
        else (f"（表头有：{listed}）", f" (the header has: {listed})")
    )
    problems = [
        Problem(Said(f"缺少列 {name}{zh}", f"the column '{name}' is missing{en}"), file, 1)
        for name in required
        if name not in columns
    ]
    problems += [
        Problem(Said("列名重复", "the column is named twice"), file, 1, name)
        for name in dict.fromkeys(columns)
        if name and columns.count(name) > 1
    ]
    return problems


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]], *, bom: bool = False) -> str:
    """A CSV table as text, lines ending in LF; `bom` makes Excel read it as UTF-8.

    What a spreadsheet would run is guarded; `read_table` takes the guard off.
    """
    lines = _Lines()
    # Cells with a character of the line's end are quoted; older Pythons forget the other one.
    writer = csv.writer(lines, lineterminator="\r\n")
    writer.writerows([guarded(cell) for cell in row] for row in (columns, *rows))
    return ("\ufeff" if bom else "") + "".join(lines)


class _Lines(list[str]):
    """What a CSV writer writes, each record ending in LF."""

    def write(self, line: str) -> None:
        self.append(line.removesuffix("\r\n") + "\n")
