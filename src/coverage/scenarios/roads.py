"""Roads closed and bridges built: a network with the road edits of a scenario."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree

from coverage.datum import project
from coverage.errors import InputError, Problem
from coverage.messages import Said
from coverage.roads.edit import with_edges
from coverage.roads.network import ALL_MODES, RoadNetwork
from coverage.scenarios.apply import due
from coverage.travel.barriers import Barrier, slowdown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coverage.scenarios.edits import Point, Road, Scenario

_NEAR_M = 1000.0  # farther from any junction, a point means no road of this network
_DETOUR = 3.0  # a way this much longer than the straight line is not the road that was meant
_SHORT_M = 2000.0


def edited_roads(
    network: RoadNetwork, scenario: Scenario, year: int
) -> tuple[RoadNetwork, tuple[Said, ...]]:
    """The network with the road edits due by the end of a year, and what was done to it.

    A closure takes away every street piece of the shortest way between its
    two points, or all that its area touches, in both directions. A bridge
    is a straight two-way street between the junctions nearest to its ends.

    Raises:
        InputError: If an end lies far from every junction, or no such way exists.
    """
    notes: list[Said] = []
    problems: list[Problem] = []
    for number, road in enumerate(scenario.roads, start=1):
        if not due(road.on, year):
            continue
        try:
            network, said = _edited(network, road)
        except InputError as error:
            column = f"[[road]] {number}"
            problems += [Problem(p.reason, scenario.file, None, column) for p in error.problems]
            continue
        notes.append(said)
    if problems:
        raise InputError(problems)
    return network, tuple(notes)


def _edited(network: RoadNetwork, road: Road) -> tuple[RoadNetwork, Said]:
    name = road.name or {"close": "断路", "bridge": "新桥"}[road.action]
    if road.action == "bridge":
        made, metres = _with_bridge(network, road)
        return made, Said(
            f"{name}：架桥 {metres:,.0f} 米，接两端最近的路口",
            f"{name}: a bridge of {metres:,.0f} m between the junctions nearest to its ends",
        )
    closed = _in_area(network, road) if road.area else _along(network, road)
    pieces = len(np.unique(network.edge_id[closed]))
    metres = float(network.length_m[closed].sum()) / 2
    return network.select(~closed), Said(
        f"{name}：封闭 {pieces} 段、约 {metres / 1000:,.1f} 公里道路",
        f"{name}: {pieces} stretches of road, about {metres / 1000:,.1f} km, are closed",
    )


def _in_area(network: RoadNetwork, road: Road) -> NDArray[np.bool_]:
    from shapely import Polygon

    lon, lat = np.array(road.area, dtype=np.float64).T
    area = Polygon(np.column_stack(project(lon, lat, network.crs)))
    if not area.is_valid:
        raise InputError(Said("封闭范围的边界自相交", "the outline of the area crosses itself"))
    closed = np.isinf(slowdown(network, [Barrier(area=area)]))
    if not closed.any():
        raise InputError(Said("范围内没有道路", "there is no road in the area"))
    return closed


def _ends(network: RoadNetwork, road: Road) -> tuple[int, int, float]:
    """Junctions nearest to the two ends, and the straight distance between the ends."""
    assert road.start is not None  # noqa: S101 -- the reader of the file saw to it
    assert road.end is not None  # noqa: S101
    xy = np.array([_metres(network, road.start), _metres(network, road.end)])
    used = np.unique(np.concatenate([network.tail, network.head]))
    away, found = KDTree(np.column_stack([network.x[used], network.y[used]])).query(xy)
    for metres, node in zip(np.asarray(away), used[np.asarray(found)], strict=True):
        if metres > _NEAR_M:
            lon, lat = network.to_lonlat(network.x[[node]], network.y[[node]])
            raise InputError(
                Said(
                    f"端点 {_NEAR_M:,.0f} 米内没有路口，最近的在 [{lon[0]:.4f}, "
                    f"{lat[0]:.4f}]，{metres:,.0f} 米外",
                    f"no junction within {_NEAR_M:,.0f} m of an end; the nearest is "
                    f"{metres:,.0f} m away",
                )
            )
    first, last = used[np.asarray(found)].tolist()
    if first == last:
        raise InputError(
            Said("两端最近的是同一个路口", "both ends are nearest to the same junction")
        )
    return first, last, float(np.hypot(*(xy[0] - xy[1])))


def _metres(network: RoadNetwork, point: Point) -> tuple[float, float]:
    x, y = project(point[0], point[1], network.crs)
    return float(x), float(y)


def _along(network: RoadNetwork, road: Road) -> NDArray[np.bool_]:
    """Street pieces of the shortest way between two points, whichever way they run."""
    first, last, straight = _ends(network, road)
    tail = np.concatenate([network.tail, network.head]).astype(np.int64)
    head = np.concatenate([network.head, network.tail]).astype(np.int64)
    length = np.concatenate([network.length_m, network.length_m])
    order = np.lexsort((length, head, tail))
    tail, head, length = tail[order], head[order], length[order]
    edge = np.concatenate([np.arange(network.edge_count)] * 2)[order]
    new = np.ones(len(tail), dtype=bool)
    new[1:] = (np.diff(tail) != 0) | (np.diff(head) != 0)
    tail, head, length, edge = tail[new], head[new], length[new], edge[new]
    count = network.node_count
    matrix = csr_array((length, (tail, head)), shape=(count, count))
    metres, before, _ = dijkstra(
        matrix,
        indices=np.array([first]),
        min_only=True,
        return_predecessors=True,
        limit=_DETOUR * straight + _SHORT_M,
    )
    if not np.isfinite(metres[last]):
        raise InputError(
            Said(
                "两点之间没有这样的路（或绕行太远），请把端点放近些",
                "no road joins the two points without a long detour: set them closer together",
            )
        )
    by_pair = dict(zip(zip(tail.tolist(), head.tolist(), strict=True), edge.tolist(), strict=True))
    way, node = [], last
    while node != first:
        previous = int(before[node])
        way.append(by_pair[previous, node])
        node = previous
    return np.isin(network.edge_id, network.edge_id[way])


def _with_bridge(network: RoadNetwork, road: Road) -> tuple[RoadNetwork, float]:
    first, last, _ = _ends(network, road)
    metres = float(np.hypot(network.x[first] - network.x[last], network.y[first] - network.y[last]))
    names = network.highway_names
    if road.highway not in names:
        names = (*names, road.highway)
    both = {
        "tail": [first, last],
        "head": [last, first],
        "length_m": metres,
        "highway": names.index(road.highway),
        "maxspeed_kmh": np.nan if road.speed_kmh is None else road.speed_kmh,
        "modes": ALL_MODES,
        "edge_id": int(network.edge_id.max(initial=0)) + 1,
    }
    return with_edges(replace(network, highway_names=names), both)[0], metres
