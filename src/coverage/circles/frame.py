"""Windows of the global lattice that circles are drawn on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coverage.errors import InputError, Problem
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.arrays import Bools, Int32s, Ints

# A lattice with more corners than this is not numbered, nor held in arrays: some 40 bytes each.
MAX_CORNERS = 400_000_000
MAX_HELD = 60_000_000


def checked_step(step_m: float) -> float:
    """The lattice step, or `InputError` if it is not a positive number."""
    if not (np.isfinite(step_m) and step_m > 0):
        said = Said("格网步长须大于 0 米", "the step of the lattice must be more than 0 metres")
        raise InputError(Problem(said, value=str(step_m)))
    return float(step_m)


@dataclass(frozen=True)
class Frame:
    """A window of the global lattice; corner (column, row) stands at (column, row) × step.

    Attributes:
        step_m: Side of a cell in metres.
        column: Leftmost column.
        row: Lowest row.
        columns: Number of columns.
        rows: Number of rows.
    """

    step_m: float
    column: int
    row: int
    columns: int
    rows: int

    @classmethod
    def around(cls, bounds: tuple[float, float, float, float], step_m: float) -> Frame:
        """The smallest frame whose corners enclose `bounds` (x_min, y_min, x_max, y_max)."""
        low = np.floor(np.divide(bounds[:2], step_m)).astype(np.int64)
        high = np.ceil(np.divide(bounds[2:], step_m)).astype(np.int64)
        columns, rows = (high - low + 1).tolist()
        return cls(step_m, int(low[0]), int(low[1]), columns, rows)

    @classmethod
    def hull(cls, frames: Sequence[Frame]) -> Frame:
        """The smallest frame that holds all of `frames`."""
        column, row = min(one.column for one in frames), min(one.row for one in frames)
        columns = max(one.column + one.columns for one in frames) - column
        rows = max(one.row + one.rows for one in frames) - row
        return cls(frames[0].step_m, column, row, columns, rows)

    def check_size(self, most: int = MAX_CORNERS) -> None:
        """Raise `InputError` if the frame has more corners than `most`."""
        if self.size > most:
            size = f"{self.columns} × {self.rows}"
            said = Said(
                f"{size} 个格点，对这个范围太细",
                f"a lattice of {size} corners is too fine for this area",
            )
            raise InputError(Problem(said, value=f"{self.step_m} m"))

    @property
    def size(self) -> int:
        """Number of corners."""
        return self.columns * self.rows

    def corner_inside(self, column: Ints, row: Ints) -> Bools:
        """Which corners stand in the frame."""
        column, row = column - self.column, row - self.row
        return (column >= 0) & (row >= 0) & (column < self.columns) & (row < self.rows)

    def cell_inside(self, column: Ints, row: Ints) -> Bools:
        """Which cells, told by their lower left corners, have all corners in the frame."""
        return self.corner_inside(column, row) & self.corner_inside(column + 1, row + 1)

    def key(self, column: Ints, row: Ints) -> Int32s:
        """Position of corners in a flat array of the frame."""
        return ((row - self.row) * self.columns + (column - self.column)).astype(np.int32)

    def holds(self, other: Frame) -> bool:
        """Whether all of `other` lies inside."""
        return (
            self.step_m == other.step_m
            and self.column <= other.column
            and self.row <= other.row
            and other.column + other.columns <= self.column + self.columns
            and other.row + other.rows <= self.row + self.rows
        )

    def window(self, other: Frame) -> tuple[slice, slice]:
        """Where `other` lies in an array of shape (rows, columns) of this frame."""
        row, column = other.row - self.row, other.column - self.column
        return slice(row, row + other.rows), slice(column, column + other.columns)


def apart(frames: Sequence[Frame]) -> list[list[int]]:
    """Numbers of the frames in groups, no two of which share a corner.

    Groups are cut along rows and columns that no frame touches, as often as there are any: most
    of a prefecture lies between its towns, and is neither held nor drawn.
    """
    low = np.array([(one.column, one.row) for one in frames], np.int64).reshape(-1, 2)
    last = low + [(one.columns - 1, one.rows - 1) for one in frames]
    todo, whole = [np.arange(len(frames))], []
    while todo:
        some = todo.pop()
        for axis in (0, 1):
            order = some[np.argsort(low[some, axis], kind="stable")]
            so_far = np.maximum.accumulate(last[order, axis])
            free = np.flatnonzero(low[order[1:], axis] > so_far[:-1]) + 1
            if len(free):
                todo.extend(np.split(order, free))
                break
        else:
            whole.append(np.sort(some).tolist())
    return sorted(whole)
