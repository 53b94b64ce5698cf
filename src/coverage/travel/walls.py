"""What nobody crosses off the road: closed areas, water, railways, and roads like motorways.

A leg and the direct way are straight lines; one that meets a wall is no way.
A wall may be walked up to: the last centimetre at either end is not looked at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.arrays import expand
from coverage.roads.network import CAR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from shapely import STRtree

    from coverage.arrays import Bools, Floats, Ints
    from coverage.roads.network import RoadNetwork
    from coverage.travel.barriers import Barrier

    FloatLike = NDArray[np.floating[Any]]

_TOUCH_M = 0.01
_CELL_M = 100.0
_MOST_CELLS = 400  # along one side
_STEPS = 16


@dataclass(frozen=True, eq=False)
class Walls:
    """Lines and areas that no straight way off the road meets.

    Attributes:
        shapes: (k,) geometries in the CRS of the network.
        shut: (j,) lines of the streets that barriers close.
    """

    shapes: NDArray[np.object_]
    shut: NDArray[np.object_]

    @classmethod
    def of(cls, network: RoadNetwork, barriers: Sequence[Barrier], closed: Bools) -> Walls | None:
        """What barriers bar, and what the network's source knows; None if there is nothing.

        Args:
            network: The road network, with its obstacles; its motorways on the ground, and
                trunk roads whose carriageways lie apart, are obstacles too.
            barriers: Those with a closed area, or that bar only ways off the road, count.
            closed: (m,) edges that barriers close.
        """
        areas = [b.area for b in barriers if b.area is not None and math.isinf(b.factor)]
        lines = np.concatenate([network.obstacle_lines(), _lines(network, _fenced(network))])
        shapes = np.concatenate([np.array(areas, np.object_), _short(lines)])
        shut = _lines(network, closed)
        return cls(shapes, shut) if len(shapes) or len(shut) else None

    @cached_property
    def _tree(self) -> STRtree:
        import shapely

        shapely.prepare(self.shapes)
        return shapely.STRtree(self.shapes)

    @cached_property
    def _grid(self) -> tuple[float, float, float, Ints]:
        """West, south, cell, and how many cells with a wall lie below and left of each corner."""
        import shapely

        west, south, east, north = shapely.total_bounds(self.shapes)
        cell = max(_CELL_M, max(east - west, north - south) / _MOST_CELLS)
        columns, rows = int((east - west) // cell) + 1, int((north - south) // cell) + 1
        x, y = np.meshgrid(west + np.arange(columns) * cell, south + np.arange(rows) * cell)
        boxes = np.asarray(shapely.box(x, y, x + cell, y + cell)).ravel()
        box, shape = self._tree.query(boxes)
        hit = box[shapely.intersects(self.shapes[shape], boxes[box])]
        marked = np.bincount(hit, minlength=len(boxes)).reshape(rows, columns) > 0
        total = np.zeros((rows + 1, columns + 1), dtype=np.int64)
        total[1:, 1:] = marked.cumsum(axis=0).cumsum(axis=1)
        return float(west), float(south), cell, total

    def shut_m(self, xy: Floats) -> Floats:
        """Metres from places to the nearest street that a barrier closes."""
        import shapely

        metres = np.full(len(xy), np.inf)
        if len(self.shut) and len(xy):
            (place, _), away = shapely.STRtree(self.shut).query_nearest(
                shapely.points(xy), return_distance=True
            )
            metres[place] = away
        return metres

    def bar(self, x0: FloatLike, y0: FloatLike, x1: FloatLike, y1: FloatLike) -> Bools:
        """Which straight ways meet a wall; only those near one are looked at closely."""
        import shapely

        if not len(self.shapes):
            return np.zeros(len(x0), dtype=np.bool_)
        west, south, cell, total = self._grid
        rows, columns = np.subtract(total.shape, 1)

        def cells(a: FloatLike, b: FloatLike, origin: float, most: int) -> tuple[Ints, Ints]:
            low = np.floor((np.minimum(a, b) - origin) / cell - 1e-6).astype(np.int64)
            high = np.floor((np.maximum(a, b) - origin) / cell + 1e-6).astype(np.int64)
            return np.clip(low, 0, most), np.clip(high + 1, 0, most)

        (left, right), (low, high) = cells(x0, x1, west, columns), cells(y0, y1, south, rows)
        near = total[high, right] - total[low, right] - total[high, left] + total[low, left]
        some = np.flatnonzero(near > 0)
        barred = np.zeros(len(near), dtype=np.bool_)
        ends = np.stack([v[some] for v in (x0, y0, x1, y1)], axis=1).reshape(-1, 2, 2)
        way = ends[:, 1] - ends[:, 0]
        long = np.hypot(way[:, 0], way[:, 1])
        share = np.divide(_TOUCH_M, long, out=np.full(len(long), 0.5), where=long > 2 * _TOUCH_M)
        ends = np.stack(
            [ends[:, 0] + way * share[:, None], ends[:, 1] - way * share[:, None]], axis=1
        )
        lines = np.asarray(shapely.linestrings(ends))
        row, shape = self._tree.query(lines)
        barred[some[row[shapely.intersects(self.shapes[shape], lines[row])]]] = True
        return barred


def _fenced(network: RoadNetwork) -> Bools:
    """(m,) edges of roads that nobody crosses between junctions, where they lie on the ground."""
    names = network.highway_names
    motorway = [i for i, name in enumerate(names) if name in {"motorway", "motorway_link"}]
    apart = [i for i, name in enumerate(names) if name == "trunk"]
    for_cars, twin = (network.modes & CAR) > 0, network.twin
    one_way = for_cars & ((twin < 0) | ~for_cars[twin])
    fenced = np.isin(network.highway, motorway) | (np.isin(network.highway, apart) & one_way)
    return np.asarray(fenced & (network.level == 0))


def _short(lines: NDArray[np.object_]) -> NDArray[np.object_]:
    """The same lines in parts of a few steps: of a long river only what is near is looked at."""
    import shapely

    if not len(lines):
        return lines
    points = shapely.get_num_points(lines)
    parts = np.maximum(-(-(points - 1) // _STEPS), 1)
    line = np.repeat(np.arange(len(lines)), parts)
    first = (np.arange(len(line)) - (np.cumsum(parts) - parts)[line]) * _STEPS
    counts = np.minimum(points[line] - first, _STEPS + 1)
    at = expand((np.cumsum(points) - points)[line] + first, counts)
    part = np.repeat(np.arange(len(line)), counts)
    return np.asarray(shapely.linestrings(shapely.get_coordinates(lines)[at], indices=part))


def _lines(network: RoadNetwork, edges: Bools) -> NDArray[np.object_]:
    import shapely

    start, x, y = network.lines(np.flatnonzero(edges))
    if not len(x):
        return np.empty(0, dtype=np.object_)
    edge = np.repeat(np.arange(len(start) - 1), np.diff(start))
    return np.asarray(shapely.linestrings(np.column_stack([x, y]), indices=edge))
