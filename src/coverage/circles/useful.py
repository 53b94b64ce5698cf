"""Which corners of a lattice are worth looking at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from coverage.arrays import expand

if TYPE_CHECKING:
    from coverage.arrays import Floats, Int32s, Ints


@dataclass(frozen=True, eq=False)
class Useful:
    """Which corners of a frame it is worth to look at, and from which segments.

    Attributes:
        best_s: (n,) by corner, seconds that a way must undercut to matter; -inf where none can.
        soonest_s: (k,) by segment, seconds in which no place on it is undercut.
        cost_s_per_m: Seconds for a metre of the leg between them.
    """

    best_s: Floats
    soonest_s: Floats
    cost_s_per_m: float

    def of(self, size: int, own: Ints, some: slice) -> Useful:
        """For `size` other segments: `some` of these, at the places `own`."""
        soonest_s = np.full(size, np.inf)
        soonest_s[own] = self.soonest_s[some]
        return Useful(self.best_s, soonest_s, self.cost_s_per_m)

    @cached_property
    def _open(self) -> tuple[Int32s, Ints]:
        """The corners that any way may better, and how many of them stand before each."""
        better = self.best_s > -np.inf
        return np.flatnonzero(better).astype(np.int32), np.append(0, np.cumsum(better))

    def among(self, key: Int32s, count: Ints) -> tuple[Int32s, Ints]:
        """Of rows of `count` corners from `key` on: those that matter, and how many a row."""
        corners, before = self._open
        key = np.where(count > 0, key, 0)
        first, count = before[key], before[key + count] - before[key]
        return corners[expand(first, count)], count
