"""What slopes cost along every directed edge and off the road, and the slope of the ground."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.arrays import expand
from coverage.datum import transform
from coverage.errors import InputError, Problem
from coverage.formats.rasters import open_raster
from coverage.messages import Said
from coverage.profiles import slope_factor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coverage.arrays import Floats, Ints
    from coverage.profiles import SlopeModel
    from coverage.roads.network import RoadNetwork

_METRES_PER_DEGREE = 111_320.0
_LEAST_STEP_M = 30.0
_MOST_CELL_M = 2_000.0  # the coarsest heights of the world have 1,855 m
_CELLS_AT_ONCE = 16_000_000
_PLACES_AT_ONCE = 2_000_000


def slope_factors(
    network: RoadNetwork, elevation: str | Path | Floats, model: SlopeModel
) -> tuple[Floats, Floats]:
    """How many times longer each directed edge takes for its slopes, along it and against it.

    Over a raster the ground is looked at along the drawn line, at its bends and about every
    cell, between the cells' centres (bilinear): a hill that an edge goes up and down costs, and
    a long even slope costs the same however finely its street is cut. Where no height is known
    the ground counts as level.

    Args:
        network: The road network.
        elevation: (n,) metres at the nodes, or the path of a raster.
        model: What a grade costs.

    Raises:
        InputError: If there is not one height a node, the file cannot be read, its cells are
            wider than 2 km, or the raster covers no node.
    """
    if isinstance(elevation, str | Path):
        return _along_lines(network, Path(elevation), model)
    height = np.asarray(elevation, dtype=np.float64)
    if height.shape != (network.node_count,):
        raise InputError(
            Said(
                "每个节点须有一个高程：{} 个节点，形状 {}",
                "one height a node is needed: {} nodes, shape {}",
            ).fill(network.node_count, height.shape)
        )
    grade = _grades(height[network.head] - height[network.tail], network.length_m)
    return slope_factor(grade, model), slope_factor(-grade, model)


def _along_lines(network: RoadNetwork, path: Path, model: SlopeModel) -> tuple[Floats, Floats]:
    with _heights(path) as raster:
        known = np.isfinite(_sampled(raster, network.x, network.y, network.crs))
    if network.node_count and not known.any():
        said = Said("栅格没有盖住路网的任何节点", "the raster covers no node of the network")
        raise InputError(Problem(said, path.name))
    start, x, y = network.lines()
    edge = np.repeat(np.arange(network.edge_count), np.diff(start) - 1)
    line = np.column_stack([x, y])
    first = expand(start[:-1], np.diff(start) - 1)
    ground = Ground(path, network.crs, model)
    away = np.hypot(*(line[first + 1] - line[first]).T)
    ahead, against = (
        np.bincount(edge, away * factor, minlength=network.edge_count)
        for factor in ground.factors(line[first], line[first + 1])
    )
    whole = np.bincount(edge, away, minlength=network.edge_count)
    level = whole <= 0
    safe = np.where(level, 1.0, whole)
    return np.where(level, 1.0, ahead / safe), np.where(level, 1.0, against / safe)


@contextmanager
def _heights(path: Path) -> Iterator[Any]:
    """A raster of heights, open for reading, whose cells are small enough to tell a slope."""
    with open_raster(path) as raster:
        cell = _cell_m(raster)
        if not cell <= _MOST_CELL_M:
            said = Said(
                "高程栅格一格约 {} 米，说不出坡度，最大 {} 米",
                "a cell of the heights is about {} m wide, which tells no slope: {} m at most",
            )
            raise InputError(Problem(said.fill(f"{cell:,.0f}", f"{_MOST_CELL_M:,.0f}"), path.name))
        yield raster


@dataclass(frozen=True, eq=False)
class Ground:
    """Heights under straight lines, and what their slopes cost.

    Attributes:
        path: Raster of heights in metres.
        crs: Of the lines.
        model: What a grade costs.
    """

    path: Path
    crs: str
    model: SlopeModel

    @cached_property
    def least(self) -> float:
        """The least factor of any slope: so much farther one may get than on the flat."""
        return float(slope_factor(np.linspace(-1.0, 1.0, 2001), self.model).min())

    def factors(self, start: Floats, end: Floats) -> tuple[Floats, Floats]:
        """How many times longer straight lines take for their slopes, forth and back.

        The ground is looked at about every cell, between the cells' centres.

        Args:
            start: (k, 2) metres.
            end: (k, 2) metres.
        """
        forth, back = np.ones(len(start)), np.ones(len(start))
        away = np.hypot(*(end - start).T)
        with _heights(self.path) as raster:
            steps = np.maximum(np.ceil(away / _cell_m(raster)), 1).astype(np.int64)
            cut = np.flatnonzero(np.diff(np.cumsum(steps) // _PLACES_AT_ONCE)) + 1
            for some in np.split(np.arange(len(start)), cut):
                grade, part = self._grades(raster, start[some], end[some], steps[some])
                for factor, g in ((forth, grade), (back, -grade)):
                    sums = np.bincount(part, slope_factor(g, self.model), minlength=len(some))
                    factor[some] = sums / steps[some]
        return forth, back

    def _grades(self, raster: Any, start: Floats, end: Floats, steps: Ints) -> tuple[Floats, Ints]:
        """The grade of every step of each line, and the line it belongs to."""
        # A line of so many steps has one place more.
        owner = np.repeat(np.arange(len(start)), steps + 1)
        at = (np.arange(len(owner)) - (np.cumsum(steps + 1) - steps - 1)[owner]) / steps[owner]
        place = start[owner] + at[:, None] * (end - start)[owner]
        height = _sampled(raster, place[:, 0], place[:, 1], self.crs)
        within = owner[1:] == owner[:-1]
        part = owner[1:][within]
        metres = (np.hypot(*(end - start).T) / steps)[part]
        return _grades(np.diff(height)[within], metres), part


@dataclass(frozen=True, eq=False)
class Slopes:
    """What slopes make of straight ways between places and feet at streets.

    Attributes:
        ground: The heights.
        from_feet: Whether travel is from the feet to the places.
    """

    ground: Ground
    from_feet: bool

    def of(self, place: Floats, foot: Floats) -> Floats:
        """(k,) how many times longer the ways take than over level ground.

        Args:
            place: (k, 2) metres.
            foot: (k, 2) metres.
        """
        forth, back = self.ground.factors(place, foot)
        return back if self.from_feet else forth


def _grades(rise: Floats, length: Floats) -> Floats:
    """Rise over length; 0 where a height is missing or the length is 0."""
    known = np.isfinite(rise) & (length > 0)
    grade: Floats = np.zeros(len(rise))
    grade[known] = rise[known] / length[known]
    return grade


def _cell_m(raster: Any) -> float:
    cell = max(abs(raster.res[0]), abs(raster.res[1]))
    return float(cell * (_METRES_PER_DEGREE if raster.crs.is_geographic else 1.0))


def slopes_at(xy: Floats, crs: str, path: Path) -> Floats:
    """Slope of the ground at places: rise over run of the plane through four neighbours.

    The neighbours lie one raster cell (at least 30 m) east, west, north and
    south. A coarse raster flattens what is steep.

    Args:
        xy: (k, 2) metres.
        crs: Of the places.
        path: Raster of heights in metres.

    Returns:
        (k,) rise over run, NaN where a neighbour has no height.

    Raises:
        InputError: If the file cannot be read, or its cells are wider than 2 km.
    """
    with _heights(path) as raster:
        step = max(_cell_m(raster), _LEAST_STEP_M)
        east, west, north, south = (
            _sampled(raster, xy[:, 0] + dx * step, xy[:, 1] + dy * step, crs)
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1))
        )
    return np.asarray(np.hypot(east - west, north - south) / (2 * step), dtype=np.float64)


def _sampled(raster: Any, x: Floats, y: Floats, crs: str) -> Floats:
    """Heights between the centres of cells; NaN outside the raster and in cells without one.

    Where one of the four centres around has no height, the others count alone.
    """
    east, north = transform(crs, raster.crs.to_wkt(), x, y)
    back = ~raster.transform
    column = back.a * east + back.b * north + back.c
    row = back.d * east + back.e * north + back.f
    inside = (column >= 0) & (column < raster.width) & (row >= 0) & (row < raster.height)
    height = np.full(len(column), np.nan)
    # In strips, because the heights of a province need not fit in memory.
    strip = (row // max(_CELLS_AT_ONCE // raster.width, 1)).astype(np.int64)
    for one in np.unique(strip[inside]):
        here = np.flatnonzero(inside & (strip == one))
        height[here] = _between_cells(raster, column[here], row[here])
    return height


def _between_cells(raster: Any, column: Floats, row: Floats) -> Floats:
    from rasterio.windows import Window

    left, top = max(int(column.min()) - 1, 0), max(int(row.min()) - 1, 0)
    right = min(int(column.max()) + 2, raster.width)
    bottom = min(int(row.max()) + 2, raster.height)
    read = raster.read(1, window=Window(left, top, right - left, bottom - top), masked=True)
    cells = np.ma.filled(read.astype(np.float32), np.nan)
    own = cells[row.astype(np.int64) - top, column.astype(np.int64) - left]
    total, weight = np.zeros(len(row)), np.zeros(len(row))
    west, up = column - 0.5 - left, row - 0.5 - top
    for dy in (0, 1):
        for dx in (0, 1):
            i, j = np.floor(up).astype(np.int64) + dy, np.floor(west).astype(np.int64) + dx
            there = (i >= 0) & (i < cells.shape[0]) & (j >= 0) & (j < cells.shape[1])
            value = np.full(len(row), np.nan)
            value[there] = cells[i[there], j[there]]
            share = np.abs(1 - dy - up % 1) * np.abs(1 - dx - west % 1)
            use = np.isfinite(value)
            total[use] += (share * value)[use]
            weight[use] += share[use]
    some = np.isfinite(own) & (weight > 0)
    return np.asarray(np.divide(total, weight, out=np.full(len(row), np.nan), where=some))
