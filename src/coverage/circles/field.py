"""The least time at every corner from the streets beside it, and which others may better it.

A corner of the lattice has some hundred segments within a long access leg, and nearly always it
is one of the nearest that leads to the facility soonest: a metre off the road costs many times
a metre along it. So only corners near a segment are laid at once. Whether one farther away may
be sooner is told by a bound: a way by a street in another cell takes at least as long as the
soonest street in that cell, and the leg from there. Where the bound is no better than what
stands there, the near corner's level is the least of all, to the last bit: of two ways the one
that is sooner from nearer has the lower level, whatever the limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from coverage.arrays import Float32s, Floats, Int32s
    from coverage.circles.contour import Marks
    from coverage.circles.frame import Frame
    from coverage.circles.times import AccessRule

# How far off a segment corners are near, in steps; all corners of its own cells are.
_NEAR_STEPS = 1.5
# Of longer legs more cells around a corner would be looked at than corners be laid in vain.
_MOST_STEPS = 24
# Where a leg is as quick as the road, the nearest street says little of the least time.
_LEAST_COST = 0.2
# Cells are looked at in rings of so many: the farther, the fewer corners they may better.
_RING = 2
# Seconds by which times in single precision may be out, and more.
_ROUNDING_S = 0.05


def near_m(access: AccessRule, step_m: float) -> float | None:
    """How far off a segment corners are laid at once; None where all must be looked at."""
    near = _NEAR_STEPS * step_m
    # Nearer ones have their levels clipped by distance.
    pays = near + 1.01 * step_m <= access.max_access_m <= _MOST_STEPS * step_m
    return near if pays and access.cost_s_per_m >= _LEAST_COST else None


@dataclass(frozen=True, eq=False)
class Field:
    """Least times in a window of the lattice, by way of the segments near each corner.

    Attributes:
        window: The window.
        time_s: (rows, columns) float32 at corners, access leg included; inf where no segment
            is near.
        visit_s: (rows, columns) float64, least time on a street in each cell.
    """

    window: Frame
    time_s: Float32s
    visit_s: Floats

    @classmethod
    def empty(cls, window: Frame) -> Field:
        """Nothing reached yet."""
        shape = (window.rows, window.columns)
        return cls(window, np.full(shape, np.inf, np.float32), np.full(shape, np.inf))

    def lay(self, marks: Marks, frame: Frame) -> Int32s:
        """Lower the times to those of marks whose keys count in `frame`; where their cells lie."""
        corner, cell = (self._at(key, frame) for key in (marks.corner, marks.cell))
        np.minimum.at(self.time_s.reshape(-1), corner, marks.time_s)
        np.minimum.at(self.visit_s.reshape(-1), cell, marks.cell_s)
        return cell

    def _at(self, key: Int32s, frame: Frame) -> Int32s:
        """Positions in the window of corners whose keys count in `frame`."""
        if frame == self.window:
            return key
        row, column = np.divmod(key, np.int32(frame.columns))
        row -= np.int32(self.window.row - frame.row)
        column -= np.int32(self.window.column - frame.column)
        return row * np.int32(self.window.columns) + column

    def wanted(
        self,
        access: AccessRule,
        *,
        near: float,
        reach: float,
        limits_s: Sequence[float],
        beyond_s: float,
    ) -> tuple[Floats, Floats]:
        """Which streets may better which corners.

        Args:
            access: How one gets to the road.
            near: The distance within which all streets are laid already.
            reach: The distance within which a street serves a corner.
            limits_s: Limits.
            beyond_s: Seconds off a limit from which on levels are clipped: what is sooner, or
                later, is alike.

        Returns:
            (cells,) seconds below which a street in a cell may better some corner, and
            (corners,) seconds that a way must undercut to better it; -inf where none can.
        """
        step, cost = self.window.step_m, access.cost_s_per_m
        wide = int(reach // step) + 2
        soonest = np.pad(self.visit_s, wide, constant_values=np.inf)
        # A time between two limits matters only if it may come down to the lower one.
        limits = np.concatenate([[-np.inf], np.sort(limits_s)])
        below = limits[np.searchsorted(limits, self.time_s + beyond_s) - 1]
        best = np.minimum(self.time_s, below + beyond_s) + _ROUNDING_S
        wanted, open_s = np.full(soonest.shape, -np.inf), np.full(best.shape, -np.inf)
        columns = soonest.shape[1]
        flat, soonest = wanted.reshape(-1), soonest.reshape(-1)
        inner = 0
        for outer in (*range(_RING, wide, _RING), wide):
            least = _least_around(self.visit_s, outer) + cost * max((inner - 1) * step, near)
            row, column = np.nonzero(best > least)
            at, least = (row + wide) * columns + column + wide, best[row, column]
            matters = np.zeros(len(at), dtype=np.bool_)
            for down, right, off in _offsets(inner, outer, step):
                if off > reach + 0.01 * step or off + step * hypot(1, 1) < near:
                    continue
                cell = at + (down * columns + right)
                before = least - cost * max(off, near)
                some = soonest[cell] < before
                matters |= some
                cell = cell[some]
                flat[cell] = np.maximum(flat[cell], before[some])
            open_s[row[matters], column[matters]] = least[matters]
            inner = outer
        return wanted[wide:-wide, wide:-wide].reshape(-1), open_s.reshape(-1)


def _offsets(inner: int, outer: int, step: float) -> Iterator[tuple[int, int, float]]:
    """Rows and columns from a corner to the lower left of cells around it, and metres to them.

    Of the cells of the square of `outer` cells each way those that `inner` does not hold.
    """
    for down in range(-outer, outer):
        for right in range(-outer, outer):
            if not (-inner <= down < inner and -inner <= right < inner):
                away = (max(down, -down - 1, 0), max(right, -right - 1, 0))
                yield down, right, step * hypot(*away)


def _least_around(values: Floats, wide: int) -> Floats:
    from scipy import ndimage

    least: Floats = ndimage.minimum_filter(values, 2 * wide + 1, mode="constant", cval=np.inf)
    return least
