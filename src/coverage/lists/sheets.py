"""A sheet with a header and a role for every row, as `coverage.lists.layout` makes one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coverage.formats.grids import Cell
    from coverage.messages import Said

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
        titles: What stands above its header.
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
    notes: tuple[Said, ...] = ()
    titles: tuple[str, ...] = ()

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
