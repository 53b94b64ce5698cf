"""What a file of rows looks like inside: a grid as its reader met it, a sheet with roles on it.

A reader of one format makes a `Grid`; `coverage.intake.layout` finds its
header and gives every row a role. Cells keep the type they have in the file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Cell: TypeAlias = str | int | float | date | None
Role: TypeAlias = Literal["data", "title", "header", "blank", "total", "note"]
HeaderFound: TypeAlias = Literal["names", "guessed", "none"]


class RawRow(NamedTuple):
    """One row of a file.

    Attributes:
        number: The row as the user's own program numbers it: the row of a worksheet, the
            record of a delimited file (a cell with line ends in it is one record), the feature
            of a layer counted from 1. An Excel ``sep=;`` line, which Excel hides, has number 0.
        cells: Values as they stand in the file; cells behind the last filled one are not there.
        role: What the row is.
        filled: Indexes of cells whose value was taken down from a merged cell above.
    """

    number: int
    cells: tuple[Cell, ...]
    role: Role
    filled: tuple[int, ...] = ()

    def get(self, index: int) -> Cell:
        """The cell at `index`, `None` behind the end of the row."""
        return self.cells[index] if index < len(self.cells) else None


@dataclass(frozen=True)
class RawSheet:
    """One table of a file.

    Attributes:
        file: Name of the file.
        sheet: Name of the worksheet or layer; empty for a file that is one table.
        columns: Names as written, parts of a header of several rows joined with "/"; a column
            without a name is an empty string.
        rows: Every row once, in order.
        hidden: Whether the workbook hides the sheet.
        part: 1 for the first table of a worksheet, 2 for a second one below it, and so on.
        header: How the header was found: by known ``names``, ``guessed`` from its shape, or
            ``none`` (then the names are empty and every row is data).
        crs: CRS of the geometry columns as an authority code or WKT, `None` if not stated.
        geometry: Indexes of the two columns that the reader made from geometries.
        encoding: How the text was decoded, with its confidence.
        notes: What was odd and not an error.
    """

    file: str
    sheet: str
    columns: tuple[str, ...]
    rows: tuple[RawRow, ...]
    hidden: bool = False
    part: int = 1
    header: HeaderFound = "names"
    crs: str | None = None
    geometry: tuple[int, int] | None = None
    encoding: str = ""
    notes: tuple[str, ...] = ()

    @property
    def data(self) -> tuple[RawRow, ...]:
        """The rows whose role is ``data``."""
        return tuple(row for row in self.rows if row.role == "data")

    def values(self, index: int, limit: int | None = None) -> Iterator[Cell]:
        """Filled cells of a column in rows of data, at most `limit` of them."""
        count = 0
        for row in self.rows:
            if row.role != "data" or index >= len(row.cells):
                continue
            cell = row.cells[index]
            if cell is None or cell == "":
                continue
            if limit is not None and count >= limit:
                return
            count += 1
            yield cell


class Merge(NamedTuple):
    """A merged range: first and last row (as numbered), first and last column (from 0)."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass
class Grid:
    """Rows of one worksheet, layer or text file before anything is known about them.

    Attributes:
        name: Of the sheet or layer.
        rows: Number and cells; blank rows inside are kept, blank rows at the end are not.
        merges: Merged ranges.
        columns: Names, where the format itself has them (layers); then no header is looked for.
    """

    name: str
    rows: list[tuple[int, list[Cell]]]
    merges: list[Merge] = field(default_factory=list)
    columns: tuple[str, ...] | None = None
    hidden: bool = False
    crs: str | None = None
    geometry: tuple[int, int] | None = None
    encoding: str = ""
    notes: list[str] = field(default_factory=list)


def is_blank(cells: Sequence[Cell]) -> bool:
    """Whether no cell holds more than white space."""
    for cell in cells:
        if cell is None:
            continue
        if not isinstance(cell, str) or cell.strip():
            return False
    return True


def trimmed(cells: list[Cell]) -> list[Cell]:
    """`cells` without the empty ones at the end; the list itself is shortened."""
    while cells and (cells[-1] is None or cells[-1] == ""):
        cells.pop()
    return cells


def plain(value: object) -> Cell:
    """A value of a workbook as a `Cell`: midnight becomes a date, truth becomes text."""
    kind = type(value)
    if kind in (str, int, float) or value is None:
        return None if value == "" else value  # type: ignore[return-value]
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        naive = value.replace(tzinfo=None)
        return naive.date() if naive.time() == time.min else naive
    if isinstance(value, (date, str, int, float)):
        return value
    if isinstance(value, timedelta):
        return str(value)
    return str(value)
