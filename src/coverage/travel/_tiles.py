"""Square tiles over the nodes: what lies near is a few contiguous ranges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NODES_A_TILE = 64
_MOST_TILES = 1024  # along one side


@dataclass(frozen=True, eq=False)
class Tiles:
    """A grid of tiles; nodes sorted by tile, row by row.

    Attributes:
        x0: West edge.
        y0: South edge.
        side: Length of a tile's side in metres.
        columns: Number of columns.
        rows: Number of rows.
        start: (rows × columns + 1,) first node of each tile.
    """

    x0: float
    y0: float
    side: float
    columns: int
    rows: int
    start: NDArray[np.int64]

    @classmethod
    def of(cls, x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[Tiles, NDArray[np.int32]]:
        """Tiles of about 64 nodes, and the nodes in tile order."""
        n = len(x)
        if not n:
            return cls(0.0, 0.0, 1.0, 1, 1, np.zeros(2, dtype=np.int64)), np.empty(0, np.int32)
        wide, high = float(np.ptp(x)), float(np.ptp(y))
        side = max(np.sqrt(wide * high * _NODES_A_TILE / n), max(wide, high) / _MOST_TILES, 1.0)
        columns, rows = int(wide // side) + 1, int(high // side) + 1
        x0, y0 = float(x.min()), float(y.min())
        column = np.clip(((x - x0) // side).astype(np.int64), 0, columns - 1)
        row = np.clip(((y - y0) // side).astype(np.int64), 0, rows - 1)
        tile = row * columns + column
        start = np.concatenate([[0], np.cumsum(np.bincount(tile, minlength=rows * columns))])
        order = np.argsort(tile, kind="stable").astype(np.int32)
        return cls(x0, y0, float(side), columns, rows, start.astype(np.int64)), order

    def near(
        self, x: NDArray[np.float64], y: NDArray[np.float64], radius: float
    ) -> list[tuple[int, int]]:
        """Ranges of nodes that hold every node within a radius of any of some near points.

        Rounding may lose a node that lies on the rim itself: ask for a hair more.
        """
        low = int(np.clip((y.min() - radius - self.y0) // self.side, 0, self.rows - 1))
        high = int(np.clip((y.max() + radius - self.y0) // self.side, 0, self.rows - 1))
        south = self.y0 + np.arange(low, high + 1) * self.side
        # How far the middle lies from the row's band; half the chord of the disc at that height.
        off = np.maximum(np.maximum(south - y[:, None], y[:, None] - south - self.side), 0.0)
        hit = off <= radius
        half = np.sqrt(np.maximum(radius**2 - off**2, 0.0))
        west = np.where(hit, x[:, None] - half, np.inf).min(axis=0)
        east = np.where(hit, x[:, None] + half, -np.inf).max(axis=0)
        ranges: list[tuple[int, int]] = []
        for row, (a, b) in enumerate(zip(west, east, strict=True), start=low):
            if not a <= b:
                continue
            first = (a - self.x0) // self.side
            last = (b - self.x0) // self.side
            if last < 0 or first >= self.columns:
                continue
            base = row * self.columns
            begin = int(self.start[base + max(int(first), 0)])
            end = int(self.start[base + min(int(last), self.columns - 1) + 1])
            if end <= begin:
                continue
            if ranges and ranges[-1][1] == begin:
                ranges[-1] = (ranges[-1][0], end)
            else:
                ranges.append((begin, end))
        return ranges
