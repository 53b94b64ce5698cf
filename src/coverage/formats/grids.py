"""What a reader of one format makes of a file: a grid of cells with the types they have there."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.messages import Said

Cell: TypeAlias = str | int | float | date | None


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
    notes: list[Said] = field(default_factory=list)


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
