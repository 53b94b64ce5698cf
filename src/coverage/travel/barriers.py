"""Barriers: streets closed or slowed, by area or by number, and what legs do not cross.

A closed area bars the ways off the road as well (`coverage.travel.walls`);
one that is slowed does not. Water and the like bar those only: a street drawn
over a river is a bridge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coverage.errors import InputError, Problem
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely import Geometry

    from coverage.arrays import Bools, Floats
    from coverage.roads.network import RoadNetwork


@dataclass(frozen=True)
class Barrier:
    """Closes or slows streets, or bars the ways off them.

    Attributes:
        area: Polygon in the CRS of the network; every street piece it
            touches is meant, whole. A line too, where no street is meant.
        edge_ids: Numbers of street pieces (`RoadNetwork.edge_id`), both
            directions.
        factor: Seconds become this many times as long; infinity, the
            default, closes the street.
        name: For reports.
        streets: False bars only the ways off the road; streets lead over it.
    """

    area: Geometry | None = None
    edge_ids: tuple[int, ...] = ()
    factor: float = math.inf
    name: str = ""
    streets: bool = True


def slowdown(network: RoadNetwork, barriers: Sequence[Barrier]) -> Floats:
    """By how much each directed edge is slowed: (m,), 1 where no barrier bears on it.

    Barriers multiply where several meet.

    Raises:
        InputError: If a barrier names neither area nor edges, names an edge
            that does not exist, or speeds a street up.
    """
    factor = np.ones(network.edge_count)
    problems: list[Problem] = []
    for number, barrier in enumerate((b for b in barriers if b.streets), start=1):
        label = Said("路障 {}", "barrier {}").fill(barrier.name or number)
        if not barrier.factor >= 1:
            said = Said(
                " 的倍数是 {!r}：须不小于 1，inf 为封闭",
                " has factor {!r}: must be 1 or more; inf closes",
            )
            problems.append(Problem(label.then(said.fill(barrier.factor))))
            continue
        if barrier.area is None and not barrier.edge_ids:
            said = Said(" 既无范围又无路段", " has neither an area nor edges")
            problems.append(Problem(label.then(said)))
            continue
        hit = np.isin(network.edge_id, barrier.edge_ids)
        missing = np.setdiff1d(barrier.edge_ids, network.edge_id)
        if missing.size:
            shown = ", ".join(map(str, missing[:5]))
            said = Said(f" 的路段不存在：{shown}", f" names edges that do not exist: {shown}")
            problems.append(Problem(label.then(said)))
        if barrier.area is not None:
            hit |= _touched(network, barrier.area)
        factor[hit] *= barrier.factor
    if problems:
        raise InputError(problems)
    return factor


def _touched(network: RoadNetwork, area: Geometry) -> Bools:
    """Directed edges whose line meets an area."""
    import shapely

    if not shapely.is_valid(area) or shapely.is_empty(area):
        raise InputError(
            Said("路障的范围是空的或无效", "the area of a barrier is empty or not valid")
        )
    start, x, y = network.lines()
    edge = np.repeat(np.arange(network.edge_count), np.diff(start))
    # Whole lines are built only near the area: a barrier is small, a network is not.
    west, south, east, north = shapely.bounds(area)
    low_x, high_x = (op.reduceat(x, start[:-1]) for op in (np.minimum, np.maximum))
    low_y, high_y = (op.reduceat(y, start[:-1]) for op in (np.minimum, np.maximum))
    near = (low_x <= east) & (high_x >= west) & (low_y <= north) & (high_y >= south)
    keep = near[edge]
    index = np.cumsum(near)[edge[keep]] - 1
    lines = shapely.linestrings(np.column_stack([x[keep], y[keep]]), indices=index)
    shapely.prepare(area)
    hit = np.zeros(network.edge_count, dtype=bool)
    hit[near] = shapely.intersects(area, lines)
    return hit
