"""Gaps: streets that end just before another street, or its end; counted, or joined by choice.

A street that only crosses another is no gap: where two lines cross, one may
be a bridge, and nobody but the planner knows (`coverage.roads.clean` counts them).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from coverage.arrays import Bools, Floats, Ints, least_rows
from coverage.errors import InputError, Problem
from coverage.messages import Said
from coverage.roads.edit import cut, moved
from coverage.roads.network import FERRY

if TYPE_CHECKING:
    from coverage.roads.network import CleaningReport, RoadNetwork

CLASSES_M = (1, 3, 10)
MOST_M = 100
JOINED = "gap_joined"
_AT_END_M = 0.5  # a foot this near to the end of a piece is its end
_STUB = 4.0  # a street shorter than this many gaps ends beside the one that it leaves, and no more
_SHUT = {"motorway", "motorway_link", FERRY}
_SHOWN = 5
_WORDS = Said("节点 {0}，离路段 {1} {2:.1f} 米", "node {0}, {2:.1f} m from edge {1}")


@dataclass(frozen=True, eq=False)
class Gaps:
    """Loose ends, each with the nearest other street.

    Attributes:
        node: (g,) node at which only one street ends.
        edge: (g,) the directed edge that it is nearest to.
        at_m: (g,) how far along its drawn line.
        target: (g,) node at that place, -1 where there is none.
        metres: (g,) how far away.
    """

    node: Ints
    edge: Ints
    at_m: Floats
    target: Ints
    metres: Floats

    def words(self, network: RoadNetwork, some: Ints) -> list[Said]:
        """The first few of some in words."""
        shown = some[:_SHOWN]
        ids, pieces = network.node_id[self.node[shown]], network.edge_id[self.edge[shown]]
        rows = zip(ids, pieces, self.metres[shown], strict=True)
        return [_WORDS.fill(*row) for row in rows]

    def once(self) -> Ints:
        """One of every two ends that are each other's nearest."""
        pair = np.sort(np.column_stack([self.node, self.target]), axis=1)
        pair[self.target < 0, 0] = -1 - self.node[self.target < 0]
        return np.unique(pair, axis=0, return_index=True)[1]


def gaps(network: RoadNetwork, most_m: float) -> Gaps:
    """Ends of streets within some metres of another street.

    Between its ends a street is met only on the ground, and no motorway is.
    """
    import shapely

    once = np.flatnonzero(network.one_way_each)
    ends = np.column_stack([network.tail, network.head])[once].astype(np.int64)
    loose = np.flatnonzero(np.bincount(ends.ravel(), minlength=network.node_count) == 1)
    street_of = np.full(network.node_count, -1, np.int64)
    street_of[ends] = np.arange(len(once))[:, None]
    if not len(loose):
        none, far = np.zeros(0, np.int64), np.zeros(0)
        return Gaps(none, none, far, none, far)
    start, x, y = network.lines(once)
    owner = np.repeat(np.arange(len(once)), np.diff(start))
    lines = np.asarray(shapely.linestrings(np.column_stack([x, y]), indices=owner), np.object_)
    points = np.asarray(shapely.points(network.x[loose], network.y[loose]), np.object_)
    row, street = shapely.STRtree(lines).query(points, predicate="dwithin", distance=most_m)
    node, own = loose[row], street_of[loose[row]]
    at = np.asarray(shapely.line_locate_point(lines[street], points[row]))
    whole = np.asarray(shapely.length(lines))
    at, target = _met(node, ends[street], at, whole[street], own == street)
    foot = np.asarray(shapely.get_coordinates(shapely.line_interpolate_point(lines[street], at)))
    metres = np.hypot(foot[:, 0] - network.x[node], foot[:, 1] - network.y[node])
    keep = (metres <= most_m) & (target != node)
    keep &= (target >= 0) | _may_be_met(network, once, own, street)
    touching = (ends[own, :, None] == ends[street, None, :]).any(axis=(1, 2))
    keep &= ~touching | (whole[own] > _STUB * metres)
    some = np.flatnonzero(keep)
    some = some[least_rows(node[some], metres[some])]
    return Gaps(node[some], once[street[some]], at[some], target[some], metres[some])


def _met(node: Ints, ends: Ints, at: Floats, whole: Floats, own: Bools) -> tuple[Floats, Ints]:
    """Where along its street each loose end meets it, and the node there, -1 between its ends."""
    # Of its own street an end can meet the other end only: a ring that is not closed.
    first = ends[:, 0] == node
    at = np.where(own, np.where(first, whole, 0.0), at)
    target = np.where(at <= _AT_END_M, ends[:, 0], -1)
    target = np.where(whole - at <= _AT_END_M, ends[:, 1], target)
    return at, np.where(own, np.where(first, ends[:, 1], ends[:, 0]), target)


def _may_be_met(network: RoadNetwork, once: Ints, own: Ints, street: Ints) -> Bools:
    """Whether streets may be joined to others between these streets' ends."""
    shut = [i for i, name in enumerate(network.highway_names) if name in _SHUT]
    ground = network.level == 0
    met = ground & ~np.isin(network.highway, shut) & ~network.across
    return np.asarray(ground[once[own]] & met[once[street]])


def count(network: RoadNetwork, report: CleaningReport) -> None:
    """Note the gaps of a network by how wide they are."""
    found = gaps(network, CLASSES_M[-1])
    once = found.once()
    low = -1.0
    for high in CLASSES_M:
        some = once[(found.metres[once] > low) & (found.metres[once] <= high)]
        words = found.words(network, some)
        report.add(f"gap_to_{high}_m", "kept", words, count=len(some))
        low = high


def remedy(report: CleaningReport) -> Said | None:
    """How many gaps a report counts, and the command that joins them; None where there are none."""
    found = {high: report.count(f"gap_to_{high}_m") for high in CLASSES_M}
    if not any(found.values()):
        return None
    zh = "、".join(f"{high} 米以内 {some} 处" for high, some in found.items() if some)
    en = ", ".join(f"{some} up to {high} m" for high, some in found.items() if some)
    # Wider ones are mostly dead ends as they should be.
    high = CLASSES_M[2] if found[CLASSES_M[2]] == sum(found.values()) else CLASSES_M[1]
    return Said(
        f"街道端点与别的街道没有接上：{zh}；核对后可接上：coverage import roads … --snap {high}",
        f"streets end just before another: {en}; once looked at, join them with "
        f"coverage import roads … --snap {high}",
    )


def join(network: RoadNetwork, snap_m: float, report: CleaningReport) -> RoadNetwork:
    """Join every end of a street to the nearest street within some metres.

    The end moves there, and its street becomes as much longer.

    Raises:
        InputError: If the distance is none of a gap.
    """
    if not 0 < snap_m <= MOST_M:
        said = Said(f"接上街道的距离须在 0 到 {MOST_M} 米之间", f"gaps are 0 to {MOST_M} m wide")
        raise InputError(Problem(said, value=f"{snap_m:g}"))
    found = gaps(network, snap_m)
    between = np.flatnonzero(found.target < 0)
    once = found.once()
    words = found.words(network, once)
    target, before = found.target.copy(), float(network.length_m.sum())
    if len(between):
        edge, at_m = found.edge[between], found.at_m[between]
        network, target[between] = cut(network, edge, at_m)
    to = _sinks(network.node_count, found.node, target)
    step = np.hypot(network.x[to] - network.x, network.y[to] - network.y)
    longer = network.length_m + step[network.tail] + step[network.head]
    network = moved(replace(network, length_m=longer), to).compact()
    metres = float(network.length_m.sum()) - before
    report.add(JOINED, "merged", words, count=len(once), metres=metres)
    return network


def _sinks(nodes: int, node: Ints, target: Ints) -> Ints:
    """For each node the one it moves to: chains of ends to where they lead, pairs to the first."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(node)), (node, target)), shape=(nodes, nodes))
    _, label = connected_components(graph, directed=False)
    rank = np.arange(nodes)
    rank[node] += nodes  # what is no end stays where it is
    first = np.full(nodes, 2 * nodes)
    np.minimum.at(first, label, rank)
    return np.asarray(first[label] % nodes)
