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

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from coverage.arrays import Bools, Floats, Int32s, Ints, grouped, least_rows, starts
from coverage.errors import InputError
from coverage.messages import Said
from coverage.roads.network import CAR, CAR_ON_TRACKS, FERRY, FOOT, MODES, RoadNetwork
from coverage.roads.turns import Unfolded, unfold
from coverage.travel.barriers import Barrier, slowdown
from coverage.travel.heights import Ground, Slopes, slope_factors
from coverage.travel.streets import Segments
from coverage.travel.walls import Walls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.profiles import Profile


Direction: TypeAlias = Literal["to_facility", "from_facility"]
_CROSSING_STREETS = 3
_NODES_A_TILE = 64
_MOST_TILES = 1024  # along one side


@dataclass(frozen=True, eq=False)
class Graph:
    """CSR arrays of the search graph over tile-sorted nodes.

    Attributes:
        indptr: (n + 1,) int32.
        indices: (e,) int32, heads; no pair of nodes twice.
        seconds: (e,) float64, zero allowed, never NaN or infinite.
        piece: (e,) int32, the street piece the least cost comes from.
    """

    indptr: Int32s
    indices: Int32s
    seconds: Floats
    piece: Int32s

    @cached_property
    def tails(self) -> Int32s:
        """(e,) int32, the node each edge leaves."""
        return np.repeat(
            np.arange(len(self.indptr) - 1, dtype=np.int32), np.diff(self.indptr)
        ).astype(np.int32)


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
    start: Ints

    @classmethod
    def of(cls, x: Floats, y: Floats) -> tuple[Tiles, Int32s]:
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
        start, order = grouped(tile, rows * columns)
        return cls(x0, y0, float(side), columns, rows, start), order.astype(np.int32)

    def near(self, x: Floats, y: Floats, radius: float) -> list[tuple[int, int]]:
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


@dataclass(frozen=True, eq=False)
class TravelNetwork:
    """A road network with the seconds of one profile in one direction.

    Attributes:
        network: The road network, unchanged.
        unfolded: The network that is searched, to which all nodes and edges below belong: with
            copies of them where turns, barriers and streets for residents bind the profile's
            mode (`coverage.roads.turns`).
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
        walls: What no way off the road crosses.
        ground: Heights under ways off the road; None where the ground counts as level.
    """

    network: RoadNetwork
    unfolded: Unfolded
    profile: Profile
    direction: Direction
    edge_seconds: Floats
    piece_edge: Int32s
    piece_a: Int32s
    piece_b: Int32s
    forward: Floats
    backward: Floats
    open: Bools
    order: Int32s
    rank: Int32s
    graph: Graph
    tiles: Tiles
    walls: Walls | None = None
    ground: Ground | None = None

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
        piece = np.flatnonzero(self.open).astype(np.int32)
        forward, backward = self.forward[piece], self.backward[piece]
        edge = self.piece_edge[piece]
        parts = Segments.of(self.unfolded.network, edge, piece, forward, backward, self.walls)
        return replace(parts, slopes=self._slopes(source=False))

    def _slopes(self, *, source: bool) -> Slopes | None:
        if self.ground is None:
            return None
        return Slopes(self.ground, from_feet=(self.direction == "to_facility") == source)

    @cached_property
    def incidence(self) -> tuple[Ints, Int32s]:
        """Open pieces at each node: (n + 1,) starts by node of the network, and the pieces."""
        pieces = np.flatnonzero(self.open).astype(np.int32)
        ends = np.concatenate([self.piece_a[pieces], self.piece_b[pieces]])
        both = np.concatenate([pieces, pieces])
        start, by_node = grouped(ends, self.unfolded.network.node_count)
        return start, both[by_node]

    def leg_seconds(
        self, distance_m: Floats, place: Floats, foot: Floats, *, source: bool
    ) -> Floats:
        """Seconds of straight ways off the road, their slopes in the direction of travel.

        Args:
            distance_m: (k,) how long they are.
            place: (k, 2) where they begin on the map.
            foot: (k, 2) where they end: at a street, or of a direct way at the facility.
            source: Whether the places are those that searches start at.
        """
        flat, slopes = self.profile.access_seconds(distance_m), self._slopes(source=source)
        return flat if slopes is None else flat * slopes.of(place, foot)

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
        leg_m /= self.ground.least if self.ground else 1.0
        leg_m = min(max(self.profile.max_access_m, self.profile.max_single_leg_m), leg_m)
        chord, seconds, speeds = self._moves
        jumps = [np.maximum(chord - v * seconds, 0.0).sum() + v * limit_s for v in speeds]
        return float(leg_m + min(jumps)) * (1 + 1e-9) + 1e-3

    @cached_property
    def _moves(self) -> tuple[Floats, Floats, Floats]:
        net = self.unfolded.network
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
    elevation: str | Path | Floats | None = None,
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
            raster to sample along the streets and the ways off them. Used only
            if the profile has a slope model. Where a height is missing the
            ground counts as level.

    Raises:
        InputError: If the direction, a barrier or the heights cannot be used.
    """
    if direction not in {"to_facility", "from_facility"}:
        raise InputError(
            Said(
                f"不认识方向 {direction!r}，可用 to_facility、from_facility",
                f"unknown direction {direction!r}: to_facility or from_facility",
            )
        )
    walk, against = _edge_seconds(network, profile, barriers, elevation)
    walls = Walls.of(network, barriers, np.isinf(walk))
    unfolded = unfold(network, MODES[profile.mode], turns=not profile.ignore_oneway)
    extra = _crossings(network, profile)[unfolded.node]
    searched, link = unfolded.network, unfolded.edge < 0
    seconds, against = (np.where(link, 0.0, s[unfolded.edge]) for s in (walk, against))
    twin = searched.twin
    allowed, back = _allowed(searched, profile, twin)
    both = np.where(twin >= 0, seconds[twin], against)
    there = np.where(allowed, seconds, np.inf)
    again = np.where(back & ~link, both, np.inf)
    keep = np.flatnonzero(searched.one_way_each & (np.isfinite(there) | np.isfinite(again)))
    ends = (searched.tail[keep], searched.head[keep])
    extra_s = np.where(link[keep], 0.0, extra[ends[0]] + extra[ends[1]])
    travel = (there[keep] + extra_s, again[keep] + extra_s)
    forward, backward = travel if direction == "from_facility" else travel[::-1]
    edge_seconds = np.where(allowed, seconds, np.inf)
    edge_seconds[keep] = travel[0]
    paired = twin[keep] >= 0
    edge_seconds[twin[keep[paired]]] = travel[1][paired]
    tiles, order = Tiles.of(searched.x, searched.y)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order), dtype=order.dtype)
    return TravelNetwork(
        network=network,
        unfolded=unfolded,
        profile=profile,
        direction=direction,
        edge_seconds=edge_seconds,
        piece_edge=keep.astype(np.int32),
        piece_a=ends[0],
        piece_b=ends[1],
        forward=forward,
        backward=backward,
        open=_may_be_entered(searched, profile)[keep] & ~link[keep],
        order=order,
        rank=rank,
        graph=_graph(rank[ends[0]], rank[ends[1]], forward, backward, searched.node_count),
        tiles=tiles,
        walls=walls,
        ground=Ground(Path(elevation), network.crs, profile.slope)
        if isinstance(elevation, str | Path) and profile.slope is not None
        else None,
    )


def _allowed(network: RoadNetwork, profile: Profile, twin: Ints) -> tuple[Bools, Bools]:
    """Whether each directed edge may be used along its direction, and against it."""
    bit = MODES[profile.mode]
    bit |= CAR_ON_TRACKS if bit == CAR and profile.tracks else 0
    allowed = (network.modes & bit) != 0
    names = [i for i, name in enumerate(network.classes) if name in profile.exclude_classes]
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
    elevation: str | Path | Floats | None,
) -> tuple[Floats, Floats]:
    """Seconds of every directed edge along and against it, whoever may use it, no crossings."""
    speeds = dict(profile.class_speeds)
    by_class = np.array([speeds.get(name, profile.speed_mps) for name in network.classes])
    speed = by_class[network.highway] if network.edge_count else np.empty(0)
    if profile.maxspeed_factor is not None:
        signed = network.maxspeed_kmh.astype(np.float64) / 3.6 * profile.maxspeed_factor
        speed = np.where(signed > 0, np.minimum(speed, signed), speed)  # NaN compares false
    if FERRY in network.highway_names and profile.measure == "time":
        aboard = network.highway == network.highway_names.index(FERRY)
        speed = np.where(aboard & (network.maxspeed_kmh > 0), network.maxspeed_kmh / 3.6, speed)
    seconds = network.length_m / speed
    against = seconds
    if elevation is not None and profile.slope is not None:
        ahead, behind = slope_factors(network, elevation, profile.slope)
        seconds, against = seconds * ahead, seconds * behind
    if barriers:
        factor = slowdown(network, barriers)
        closed = np.isinf(factor)  # 0 × inf would be NaN: a closed street of no length
        factor = np.where(closed, 1.0, factor)
        seconds = np.where(closed, np.inf, seconds * factor)
        against = np.where(closed, np.inf, against * factor)
    return seconds, against


def _may_be_entered(network: RoadNetwork, profile: Profile) -> Bools:
    """(m,) whether legs may join an edge between its ends: no bridge, tunnel, motorway, ferry."""
    shut = {*profile.no_access_classes, FERRY}
    closed = [i for i, name in enumerate(network.classes) if name in shut]
    return np.asarray(~np.isin(network.highway, closed) & (network.level == 0))


def _crossings(network: RoadNetwork, profile: Profile) -> Floats:
    """(n,) seconds at nodes where three or more usable street ends meet: half at each end."""
    if not profile.crossing_s:
        return np.zeros(network.node_count)
    allowed, back = _allowed(network, profile, network.twin)
    piece = network.one_way_each & (allowed | back)
    ends = np.concatenate([network.tail[piece], network.head[piece]])
    many = np.bincount(ends, minlength=network.node_count) >= _CROSSING_STREETS
    return np.where(many, profile.crossing_s / 2, 0.0)


def _graph(
    a: Int32s,
    b: Int32s,
    forward: Floats,
    backward: Floats,
    nodes: int,
) -> Graph:
    """The least cost between every pair of neighbours, as CSR arrays."""
    tail, head = np.concatenate([a, b]), np.concatenate([b, a])
    seconds = np.concatenate([forward, backward])
    piece = np.concatenate([np.arange(len(a)), np.arange(len(a))]).astype(np.int32)
    use = np.flatnonzero(np.isfinite(seconds) & (tail != head))
    use = use[least_rows(tail[use] * np.int64(nodes) + head[use], seconds[use])]
    indptr = starts(np.bincount(tail[use], minlength=nodes))
    return Graph(indptr.astype(np.int32), head[use], seconds[use], piece[use])
