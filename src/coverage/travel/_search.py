"""Searches from facilities: one for all, or one each on what lies near.

Measured on a synthetic prefecture (257,300 nodes, 300 facilities, 15 minutes
by car, one core; `csgraph.dijkstra` alone, CPU seconds): whole network, 25
sources a call, 0.15; each facility on the nodes within the farthest distance
it can reach (21,000 on average), 0.11; on exactly the nodes it reaches
(2,500), 0.08. The search itself is the floor; what is left to win is the
cost of cutting out. Cutting by a k-d tree and a gather cost 0.18, more than
it saved. With nodes sorted by tile a cut is a few slices, made once for all
facilities of one neighbourhood: 0.12 in all, cuts, legs and answers
included, against 0.17 for the whole network with its answers read. On a
province of 1,541,771 nodes the same is 0.13 against 0.54: an answer costs
the same however large the network around it is. networkx needs 1.4 to 1.7 s
for the 300 sets of lengths. The nearest facility of every node, ties and all,
is 0.05 to 0.06 (0.38 on the province), networkx 0.85 to 1.05.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from coverage.arrays import Floats, Int32s, Ints, Numbers, starts
from coverage.travel.access import FACILITY, AccessLegs, Stubs, checked_xy, useful_legs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike

    from coverage.travel.prepare import TravelNetwork

_MOST_CUT = 0.6  # cutting out more of the network than this costs more than it saves


@dataclass(frozen=True, eq=False)
class Sources:
    """Facilities with their legs and stubs.

    Attributes:
        xy: (f, 2) metres.
        legs: Access legs, sorted by facility, those left out that never serve.
        leg_start: (f + 1,) first leg of each facility.
        stubs: Ways to nodes, sorted by facility.
        stub_start: (f + 1,) first stub of each facility.
    """

    xy: Floats
    legs: AccessLegs
    leg_start: Ints
    stubs: Stubs
    stub_start: Ints

    @classmethod
    def of(cls, tn: TravelNetwork, facilities_xy: ArrayLike) -> Sources:
        """Facilities on a travel network.

        Raises:
            InputError: If there is none, or a coordinate is not finite.
        """
        xy = checked_xy(facilities_xy, FACILITY, some=True)
        legs = useful_legs(tn, xy, source=True)
        stubs = Stubs.of(tn, legs, source=True)
        count = np.arange(len(xy) + 1)
        return cls(
            xy,
            legs,
            np.searchsorted(legs.point, count),
            stubs,
            np.searchsorted(stubs.point, count),
        )

    def __len__(self) -> int:
        return len(self.xy)


@dataclass(frozen=True, eq=False)
class Forest:
    """Shortest ways from the nearest facility to every node, by tile-sorted number.

    Attributes:
        seconds: (n,) infinite where no facility is reached.
        facility: (n,) int32, the lowest index among equals, -1 for none.
        before: (n,) int64, the node before on the way; n + facility where
            the way begins, -1 for none.
    """

    seconds: Floats
    facility: Int32s
    before: Ints

    def roots(self) -> Ints:
        """(n,) the first node of each node's way; itself where there is none."""
        return first_nodes(self.before)


def first_nodes(before: Numbers) -> Ints:
    """(n,) where the way to each node begins, told the node before each; from n on there is none.

    A node to which no way leads is its own.
    """
    count = len(before)
    root = np.where((before >= 0) & (before < count), before, np.arange(count))
    while True:
        further = root[root]
        if np.array_equal(further, root):
            return root
        root = further


def forest(tn: TravelNetwork, sources: Sources, limit_s: float) -> Forest:
    """One search from all facilities at once."""
    graph, stubs = tn.graph, sources.stubs
    count, many = len(tn.order), len(sources)
    matrix = _with_sources(
        graph.indptr, graph.indices, graph.seconds, sources.stub_start, stubs.node, stubs.seconds
    )
    seconds, before, origin = dijkstra(
        matrix,
        indices=np.arange(count, count + many),
        limit=limit_s,
        min_only=True,
        return_predecessors=True,
    )
    seconds = seconds[:count]
    facility = np.where(origin[:count] >= count, origin[:count] - count, many).astype(np.int32)
    parent: Ints = np.maximum(before[:count], -1).astype(np.int64)
    _lowest(tn, sources, seconds, facility, parent)
    facility[facility == many] = -1
    return Forest(seconds, facility, parent)


def _lowest(
    tn: TravelNetwork,
    sources: Sources,
    seconds: Floats,
    facility: Int32s,
    before: Ints,
) -> None:
    """Give nodes that are equally near to several facilities to the lowest index, in place.

    SciPy leaves ties to the heap. Along edges that lie on some shortest way
    the lower index is handed on until nothing changes; without ties that is
    one look at every edge.
    """
    graph, stubs = tn.graph, sources.stubs
    tie = (stubs.seconds == seconds[stubs.node]) & (stubs.point < facility[stubs.node])
    if tie.any():
        node = stubs.node[tie]
        np.minimum.at(facility, node, stubs.point[tie])
        before[node] = len(seconds) + facility[node]
    tails = graph.tails
    tight = np.flatnonzero(seconds[tails] + graph.seconds == seconds[graph.indices])
    tail, head = tails[tight], graph.indices[tight]
    while True:
        lower = facility[tail] < facility[head]
        if not lower.any():
            return
        t, h = tail[lower], head[lower]
        offered = facility[t]
        np.minimum.at(facility, h, offered)
        won = facility[h] == offered
        before[h[won]] = t[won]


def searches(
    tn: TravelNetwork, sources: Sources, limit_s: float, *, chunk: int
) -> Iterator[tuple[int, Ints, Floats]]:
    """A search from every facility: its index, the nodes reached, their seconds.

    Facilities come neighbourhood by neighbourhood, in an order that depends
    on where they lie and on nothing else. Nodes are tile-sorted numbers, in
    rising order.
    """
    radius = tn.reach_m(limit_s)
    label = np.full(len(tn.order), -1, dtype=np.int32)
    for rows in _neighbourhoods(sources.xy, radius, chunk):
        yield from _search_chunk(tn, sources, rows, limit_s, radius, label)


def _neighbourhoods(xy: Floats, radius: float, chunk: int) -> list[Ints]:
    """Facilities of one square a radius wide go together, at most `chunk` of them.

    Smaller squares mean smaller cuts but more of them: a quarter of the
    radius took 0.18 s, half 0.15, the radius itself 0.12, twice as much 0.12
    with larger answers in memory.
    """
    side = radius
    if not (np.isfinite(side) and side > 0):
        rows = np.arange(len(xy))
        return [rows[i : i + chunk] for i in range(0, len(rows), chunk)]
    square = np.floor(xy / side)
    order = np.lexsort((square[:, 0], square[:, 1]))
    changed = (np.diff(square[order], axis=0) != 0).any(axis=1)
    groups = np.split(order, np.flatnonzero(changed) + 1)
    return [group[i : i + chunk] for group in groups for i in range(0, len(group), chunk)]


def _search_chunk(
    tn: TravelNetwork,
    sources: Sources,
    rows: Ints,
    limit_s: float,
    radius: float,
    label: Int32s,
) -> list[tuple[int, Ints, Floats]]:
    """Search from a few neighbouring facilities on the nodes they could reach."""
    graph, stubs, total = tn.graph, sources.stubs, len(tn.order)
    ranges = [(0, total)]
    if np.isfinite(radius):
        near = tn.tiles.near(sources.xy[rows, 0], sources.xy[rows, 1], radius)
        if sum(end - begin for begin, end in near) < _MOST_CUT * total:
            ranges = near
    use = [np.arange(sources.stub_start[row], sources.stub_start[row + 1]) for row in rows]
    use = [some[stubs.seconds[some] <= limit_s] for some in use]
    start = starts(np.array([len(some) for some in use]))
    every = np.concatenate(use)
    if not len(every):
        nothing, no_seconds = np.empty(0, dtype=np.int64), np.empty(0)
        return [(int(row), nothing, no_seconds) for row in rows]
    if ranges == [(0, total)]:
        nodes = np.arange(total)
        matrix = _with_sources(
            graph.indptr, graph.indices, graph.seconds, start, stubs.node[every],
            stubs.seconds[every],
        )  # fmt: skip
    else:
        nodes = np.concatenate([np.arange(begin, end) for begin, end in ranges])
        label[nodes] = np.arange(len(nodes), dtype=np.int32)
        indptr, indices, seconds = _cut(tn, ranges, label)
        first = label[stubs.node[every]]
        label[nodes] = -1
        if first.min() < 0:  # SciPy would read outside its arrays
            raise RuntimeError("a facility's leg ends outside the part of the network cut out")
        matrix = _with_sources(indptr, indices, seconds, start, first, stubs.seconds[every])
    found = dijkstra(matrix, indices=np.arange(len(nodes), matrix.shape[0]), limit=limit_s)
    out = []
    for row, line in zip(rows, found[:, : len(nodes)], strict=True):
        reached = np.flatnonzero(line < np.inf)
        out.append((int(row), nodes[reached], line[reached]))
    return out


def _cut(
    tn: TravelNetwork, ranges: list[tuple[int, int]], label: Int32s
) -> tuple[Ints, Int32s, Floats]:
    """The edges between the nodes of some ranges, by their new labels."""
    graph = tn.graph
    edges = [slice(graph.indptr[begin], graph.indptr[end]) for begin, end in ranges]
    heads = label[np.concatenate([graph.indices[some] for some in edges])]
    seconds = np.concatenate([graph.seconds[some] for some in edges])
    degrees = np.concatenate([np.diff(graph.indptr[begin : end + 1]) for begin, end in ranges])
    inside = heads >= 0
    return starts(inside)[starts(degrees)], heads[inside], seconds[inside]


def _with_sources(
    indptr: Numbers,
    indices: Int32s,
    seconds: Floats,
    start: Ints,
    nodes: Int32s,
    leg_seconds: Floats,
) -> csr_array:
    """The graph with a node more for each facility, from which edges only lead away."""
    size = len(indptr) - 1 + len(start) - 1
    pointers = np.concatenate([indptr, indptr[-1] + start[1:]]).astype(np.int32)
    heads = np.concatenate([indices, nodes]).astype(np.int32, copy=False)
    return csr_array(
        (np.concatenate([seconds, leg_seconds]), heads, pointers), shape=(size, size)
    )  # fmt: skip
