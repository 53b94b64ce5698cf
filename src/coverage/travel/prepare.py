"""From a road network and a profile to a graph of seconds that can be searched.

Three things are made here. **Street pieces**: the two directions of a street
are one piece with a cost each way, so that a foot on a street is one foot.
**The search graph**: CSR arrays in which every search starts at the
facility; with ``to_facility`` the graph is turned round once, here, and
nothing above needs to know. **Tiles**: nodes are renumbered by square tile,
row by row, so that the surroundings of a facility are a few contiguous
ranges and can be cut out of the network without visiting the rest.

SciPy's traps are met here as well: it sums parallel edges given as (row,
column) pairs, so the least of them is taken first and the CSR arrays are
written by hand; it loses edges whose weight is NaN, so there is none; and
`eliminate_zeros` would delete edges of no length, so it is never called.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from coverage.errors import InputError
from coverage.profiles import slope_factor
from coverage.roads.network import FOOT, MODES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from coverage.profiles import Profile
    from coverage.roads.network import RoadNetwork
    from coverage.travel._tiles import Tiles
    from coverage.travel.access import Segments
    from coverage.travel.barriers import Barrier

Direction: TypeAlias = Literal["to_facility", "from_facility"]
_CROSSING_STREETS = 3


@dataclass(frozen=True, eq=False)
class Graph:
    """CSR arrays of the search graph over tile-sorted nodes.

    Attributes:
        indptr: (n + 1,) int32.
        indices: (e,) int32, heads; no pair of nodes twice.
        seconds: (e,) float64, zero allowed, never NaN or infinite.
        piece: (e,) int32, the street piece the least cost comes from.
    """

    indptr: NDArray[np.int32]
    indices: NDArray[np.int32]
    seconds: NDArray[np.float64]
    piece: NDArray[np.int32]

    @cached_property
    def tails(self) -> NDArray[np.int32]:
        """(e,) int32, the node each edge leaves."""
        return np.repeat(
            np.arange(len(self.indptr) - 1, dtype=np.int32), np.diff(self.indptr)
        ).astype(np.int32)


@dataclass(frozen=True, eq=False)
class TravelNetwork:
    """A road network with the seconds of one profile in one direction.

    Attributes:
        network: The road network, unchanged.
        profile: The profile.
        direction: ``to_facility`` or ``from_facility``.
        edge_seconds: (m,) seconds of each directed edge as travelled;
            infinite where the profile may not go.
        piece_edge: (q,) int32, a directed edge whose line the piece has.
        piece_a: (q,) int32, node at which the line begins.
        piece_b: (q,) int32, node at which it ends.
        forward: (q,) seconds of a search step from `a` to `b`, that is of
            travel from `b` to `a` if the direction is ``to_facility``.
        backward: (q,) seconds of a search step from `b` to `a`.
        open: (q,) bool, whether the piece may be entered and left between
            its ends.
        order: (n,) int32, node of the network by tile-sorted number.
        rank: (n,) int32, tile-sorted number by node of the network.
        graph: The search graph over tile-sorted numbers.
        tiles: Where the nodes lie.
    """

    network: RoadNetwork
    profile: Profile
    direction: Direction
    edge_seconds: NDArray[np.float64]
    piece_edge: NDArray[np.int32]
    piece_a: NDArray[np.int32]
    piece_b: NDArray[np.int32]
    forward: NDArray[np.float64]
    backward: NDArray[np.float64]
    open: NDArray[np.bool_]
    order: NDArray[np.int32]
    rank: NDArray[np.int32]
    graph: Graph
    tiles: Tiles

    @property
    def crs(self) -> str:
        """CRS of every coordinate given or returned."""
        return self.network.crs

    @property
    def piece_count(self) -> int:
        """Number of usable street pieces."""
        return len(self.piece_edge)

    @cached_property
    def segments(self) -> Segments:
        """The straight parts of the open pieces with their spatial index, built on first use."""
        from coverage.travel.access import Segments

        return Segments.of(self)

    @cached_property
    def incidence(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Open pieces at each node: (n + 1,) starts by node of the network, and the pieces."""
        pieces = np.flatnonzero(self.open).astype(np.int32)
        ends = np.concatenate([self.piece_a[pieces], self.piece_b[pieces]])
        both = np.concatenate([pieces, pieces])
        by_node = np.argsort(ends, kind="stable")
        counts = np.bincount(ends, minlength=self.network.node_count)
        return np.concatenate([[0], np.cumsum(counts)]), both[by_node]

    def reach_m(self, limit_s: float) -> float:
        """No node reached within the limit lies farther from its facility than this.

        A way moves at most `v × limit` metres plus what single pieces move
        beyond that; the bound holds for any *v*, and the least over some
        quantiles is taken. So a few pieces that are too short for the
        distance of their ends (nodes rounded on the map) do not make the
        whole network near.
        """
        if not np.isfinite(limit_s):
            return np.inf
        leg_m = limit_s * self.profile.access_speed_mps / self.profile.detour
        leg_m = min(self.profile.max_access_m, leg_m)
        chord, seconds, speeds = self._moves
        jumps = [np.maximum(chord - v * seconds, 0.0).sum() + v * limit_s for v in speeds]
        return float(leg_m + min(jumps)) * (1 + 1e-9) + 1e-3

    @cached_property
    def _moves(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        net = self.network
        a, b = self.piece_a, self.piece_b
        chord = np.hypot(net.x[a] - net.x[b], net.y[a] - net.y[b])
        seconds = np.minimum(self.forward, self.backward)
        timed = seconds > 0
        if not timed.any():
            return chord, seconds, np.zeros(1)
        top = np.quantile(chord[timed] / seconds[timed], [0.5, 0.9, 0.99, 0.999, 0.9999, 1.0])
        # Only pieces faster than the slowest candidate can ever jump.
        fast = chord > top[0] * seconds
        return chord[fast], seconds[fast], top


def prepare(
    network: RoadNetwork,
    profile: Profile,
    *,
    direction: Direction = "to_facility",
    barriers: Sequence[Barrier] = (),
    elevation: str | Path | NDArray[np.float64] | None = None,
) -> TravelNetwork:
    """Give every directed edge its seconds and build what searches need.

    Seconds of an edge are its length over the speed of its class, times the
    slope in the direction travelled, times what barriers cost, plus half of
    the crossing penalty of either end, spread evenly over the edge.

    Args:
        network: The road network; it is not changed.
        profile: How someone travels.
        direction: ``to_facility`` (people come) or ``from_facility``
            (helpers go out).
        barriers: Streets closed or slowed.
        elevation: Heights in metres at the nodes, (n,), or the path of a
            raster to sample them from. Used only if the profile has a slope
            model. A node without height makes its edges level.

    Raises:
        InputError: If the direction, a barrier or the heights cannot be used.
    """
    from coverage.travel._tiles import Tiles

    if direction not in {"to_facility", "from_facility"}:
        raise InputError(f"unknown direction {direction!r}: to_facility or from_facility")
    twin = _twins(network)
    seconds, against = _edge_seconds(network, profile, barriers, elevation)
    allowed, back = _allowed(network, profile, twin)
    both = np.where(twin >= 0, seconds[twin], against)
    there = np.where(allowed, seconds, np.inf)
    again = np.where(back, both, np.inf)
    first = (twin < 0) | (np.arange(network.edge_count) < twin)
    keep = np.flatnonzero(first & (np.isfinite(there) | np.isfinite(again)))
    ends = (network.tail[keep], network.head[keep])
    extra = _crossings(network.node_count, *ends) * (profile.crossing_s / 2)
    extra_s = extra[ends[0]] + extra[ends[1]]
    travel = (there[keep] + extra_s, again[keep] + extra_s)
    forward, backward = travel if direction == "from_facility" else travel[::-1]
    closed = [
        i for i, name in enumerate(network.highway_names) if name in profile.no_access_classes
    ]
    edge_seconds = np.where(allowed, seconds, np.inf)
    edge_seconds[keep] = travel[0]
    paired = twin[keep] >= 0
    edge_seconds[twin[keep[paired]]] = travel[1][paired]
    tiles, order = Tiles.of(network.x, network.y)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order), dtype=order.dtype)
    return TravelNetwork(
        network=network,
        profile=profile,
        direction=direction,
        edge_seconds=edge_seconds,
        piece_edge=keep.astype(np.int32),
        piece_a=ends[0],
        piece_b=ends[1],
        forward=forward,
        backward=backward,
        open=~np.isin(network.highway[keep], closed),
        order=order,
        rank=rank,
        graph=_graph(rank[ends[0]], rank[ends[1]], forward, backward, network.node_count),
        tiles=tiles,
    )


def polylines(
    network: RoadNetwork, edges: NDArray[np.integer]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Lines of directed edges, ends included: (k + 1,) starts, and x and y of every vertex."""
    bends = network.bend_start[edges + 1] - network.bend_start[edges]
    start = np.concatenate([[0], np.cumsum(bends + 2)]).astype(np.int64)
    x, y = np.empty(start[-1]), np.empty(start[-1])
    inner = np.ones(start[-1], dtype=bool)
    for at, node in ((start[:-1], network.tail[edges]), (start[1:] - 1, network.head[edges])):
        x[at], y[at] = network.x[node], network.y[node]
        inner[at] = False
    bend = expand(network.bend_start[edges], bends)
    x[inner], y[inner] = network.bend_x[bend], network.bend_y[bend]
    return start, x, y


def expand(starts: NDArray[np.integer], counts: NDArray[np.integer]) -> NDArray[np.int64]:
    """The numbers of many ranges in one array: `starts[i]`, … `counts[i]` of them, and so on."""
    total = int(counts.sum())
    before = np.cumsum(counts) - counts
    return np.repeat(starts - before, counts) + np.arange(total)


def least_rows(
    key: NDArray[np.int64], value: NDArray[np.float64], *, ordered: bool = False
) -> NDArray[np.int64]:
    """The row with the least value of every key, the first among equals, keys rising.

    Args:
        key: (k,) whole numbers.
        value: (k,) none of them NaN.
        ordered: Whether the keys rise already.
    """
    order = np.arange(len(key)) if ordered else np.argsort(key, kind="stable")
    ranked, sorted_key = value[order], key[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = sorted_key[1:] != sorted_key[:-1]
    start = np.flatnonzero(new)
    if len(start) == len(order):
        return order
    group = np.cumsum(new) - 1
    least = np.flatnonzero(ranked == np.minimum.reduceat(ranked, start)[group])
    first: NDArray[np.int64] = order[least[np.diff(group[least], prepend=-1) != 0]]
    return first


def _twins(network: RoadNetwork) -> NDArray[np.int64]:
    """The other direction of each directed edge, -1 where there is none."""
    twin = np.full(network.edge_count, -1, dtype=np.int64)
    order = np.argsort(network.edge_id, kind="stable")
    ids = network.edge_id[order]
    same = np.flatnonzero(ids[1:] == ids[:-1])
    alone = np.ones(len(same), dtype=bool)  # a number borne by three edges pairs none of them
    alone[1:] &= np.diff(same) > 1
    alone[:-1] &= np.diff(same) > 1
    one, two = order[same[alone]], order[same[alone] + 1]
    turned = (network.tail[one] == network.head[two]) & (network.head[one] == network.tail[two])
    one, two = one[turned], two[turned]
    twin[one], twin[two] = two, one
    return twin


def _allowed(
    network: RoadNetwork, profile: Profile, twin: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether each directed edge may be used along its direction, and against it."""
    bit = MODES[profile.mode]
    allowed = (network.modes & bit) != 0
    names = [i for i, name in enumerate(network.highway_names) if name in profile.exclude_classes]
    allowed &= ~np.isin(network.highway, names)
    if profile.ignore_oneway:
        allowed = allowed | ((twin >= 0) & allowed[twin])
        return allowed, allowed.copy()
    if bit == FOOT:
        # The way back along a one-way street is an edge only feet may use.
        against = (network.modes == FOOT) & (twin >= 0) & (network.modes[twin] != FOOT)
        allowed = allowed & ~against
    return allowed, (twin >= 0) & allowed[twin]


def _edge_seconds(
    network: RoadNetwork,
    profile: Profile,
    barriers: Sequence[Barrier],
    elevation: str | Path | NDArray[np.float64] | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Seconds of every directed edge along and against it, whoever may use it, no crossings."""
    speeds = dict(profile.class_speeds)
    by_class = np.array([speeds.get(name, profile.speed_mps) for name in network.highway_names])
    speed = by_class[network.highway] if network.edge_count else np.empty(0)
    if profile.maxspeed_factor is not None:
        signed = network.maxspeed_kmh.astype(np.float64) / 3.6 * profile.maxspeed_factor
        speed = np.where(signed > 0, np.minimum(speed, signed), speed)  # NaN compares false
    seconds = network.length_m / speed
    against = seconds
    if elevation is not None and profile.slope is not None:
        from coverage.travel.heights import grades

        grade = grades(network, elevation)
        against = seconds * slope_factor(-grade, profile.slope)
        seconds = seconds * slope_factor(grade, profile.slope)
    if barriers:
        from coverage.travel.barriers import slowdown

        factor = slowdown(network, barriers)
        closed = np.isinf(factor)  # 0 × inf would be NaN: a closed street of no length
        factor = np.where(closed, 1.0, factor)
        seconds = np.where(closed, np.inf, seconds * factor)
        against = np.where(closed, np.inf, against * factor)
    return seconds, against


def _crossings(nodes: int, tail: NDArray[np.int32], head: NDArray[np.int32]) -> NDArray[np.float64]:
    """1 at nodes where three or more usable street ends meet, else 0."""
    ends = np.bincount(tail, minlength=nodes) + np.bincount(head, minlength=nodes)
    return (ends >= _CROSSING_STREETS).astype(np.float64)


def _graph(
    a: NDArray[np.int32],
    b: NDArray[np.int32],
    forward: NDArray[np.float64],
    backward: NDArray[np.float64],
    nodes: int,
) -> Graph:
    """The least cost between every pair of neighbours, as CSR arrays."""
    tail, head = np.concatenate([a, b]), np.concatenate([b, a])
    seconds = np.concatenate([forward, backward])
    piece = np.concatenate([np.arange(len(a)), np.arange(len(a))]).astype(np.int32)
    use = np.flatnonzero(np.isfinite(seconds) & (tail != head))
    use = use[least_rows(tail[use] * np.int64(nodes) + head[use], seconds[use])]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(tail[use], minlength=nodes))])
    return Graph(indptr.astype(np.int32), head[use], seconds[use], piece[use])
