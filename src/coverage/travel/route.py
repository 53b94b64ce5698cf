"""One answer explained: which facility, which way, what each part costs, or why not."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from coverage.messages import Said
from coverage.travel._search import Forest, Sources, forest
from coverage.travel.access import Points, longest_leg_m, nearest_streets
from coverage.travel.streets import part
from coverage.travel.times import checked_limit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike

    from coverage.arrays import Floats, Int32s, Ints
    from coverage.travel.prepare import TravelNetwork

Status: TypeAlias = Literal["covered", "over_limit", "no_road", "no_road_at_facilities", "island"]
_Piece: TypeAlias = tuple[int, float, float]  # street piece, fraction begun at, fraction ended at


@dataclass(frozen=True, eq=False)
class Route:
    """The quickest way between a place and its nearest facility, in the order of travel.

    Attributes:
        status: ``covered``; ``over_limit``; ``no_road`` (no street within
            the longest access leg of the place); ``no_road_at_facilities``
            (none at any facility); ``island`` (streets on both sides, but
            no way between them).
        facility: Index of the facility, -1 if none can be reached at all.
        seconds: Of the whole way, infinite if there is none.
        over_s: Seconds above the limit, 0 if covered, infinite if there is no way.
        direct: Whether the way uses no road.
        place_leg_s: Seconds off the road at the place; the whole of a direct way.
        road_s: Seconds on streets.
        facility_leg_s: Seconds off the road at the facility.
        off_road_m: Straight metres off the road, both legs.
        road_m: Metres on streets, as the network gives them.
        nodes: Nodes of the road network passed.
        edges: Directed edges whose streets are used, whole or in part, one
            a street; which of its two directions is not said.
        line: (k, 2) the way on the map, from start to end, legs included.
        nearest_road_m: From the place to the nearest usable street, however
            far; infinite if there is none.
        max_access_m: Longest leg of the profile, where there is no other.
    """

    status: Status
    facility: int = -1
    seconds: float = math.inf
    over_s: float = math.inf
    direct: bool = False
    place_leg_s: float = math.inf
    road_s: float = math.inf
    facility_leg_s: float = math.inf
    off_road_m: float = math.inf
    road_m: float = math.inf
    nodes: Int32s = field(default_factory=lambda: np.empty(0, np.int32))
    edges: Int32s = field(default_factory=lambda: np.empty(0, np.int32))
    line: Floats = field(default_factory=lambda: np.empty((0, 2)))
    nearest_road_m: float = math.inf
    max_access_m: float = math.inf

    def why(self) -> Said:
        """Why there is no way, in a sentence for a planner."""
        longest = f"{self.max_access_m:,.0f}"
        if self.status == "no_road":
            near = f"{self.nearest_road_m:,.0f}"
            return Said(
                f"{longest} 米内没有可走的道路（最近的在 {near} 米外），到不了任何设施",
                f"no street within {longest} m of the place; the nearest is {near} m away",
            )
        if self.status == "no_road_at_facilities":
            return Said(
                f"没有一处设施在 {longest} 米内有道路",
                f"no facility has a street within {longest} m",
            )
        return Said(
            "这里的道路与任何设施都不连通",
            "the streets at the place are not connected with those of any facility",
        )


def route(
    tn: TravelNetwork,
    from_xy: ArrayLike,
    facilities_xy: ArrayLike,
    *,
    limit_s: float | None = None,
) -> Route:
    """Explain the nearest facility of one place.

    The time is that of `times.nearest`. With direction ``from_facility``
    the way begins at the facility and ends at the place.

    Args:
        tn: The travel network.
        from_xy: The place, (x, y) in metres.
        facilities_xy: (f, 2) metres.
        limit_s: Inclusive; None for no limit. The way is found however long it is.

    Raises:
        InputError: If a coordinate is not finite, there is no facility, or
            the limit is not above zero.
    """
    limit = checked_limit(limit_s)
    place = Points.of(
        tn, np.asarray(from_xy, dtype=np.float64).reshape(1, -1), Said("地点", "place")
    )
    sources = Sources.of(tn, facilities_xy)
    found = forest(tn, sources, math.inf)
    ways = [way for way in _ways(sources, found, place) if way.seconds < math.inf]
    road = float(nearest_streets(tn, place.xy)[1][0])
    if not ways:
        return Route(
            _why(sources, place), nearest_road_m=road, max_access_m=longest_leg_m(tn.profile)
        )
    best = min(ways, key=lambda way: (way.seconds, way.facility, way.rank))
    pieces, nodes = _track(tn, sources, found, place, best)
    line = [sources.xy[[best.facility]], *(_line(tn, one) for one in pieces), place.xy]
    used = np.array([piece for piece, _, _ in pieces], dtype=np.int64)
    share = np.array([abs(end - begin) for _, begin, end in pieces])
    edges, passed = tn.unfolded.edge[tn.piece_edge[used]], tn.unfolded.node[tn.order[nodes]]
    edges = edges[edges >= 0]  # without links between copies of a node
    passed = passed[np.diff(passed, prepend=-1) != 0]
    coordinates = np.concatenate(line)
    if tn.direction == "to_facility":
        edges, passed, coordinates = edges[::-1], passed[::-1], coordinates[::-1]
    moved = np.ones(len(coordinates), dtype=bool)
    moved[1:] = (np.diff(coordinates, axis=0) != 0).any(axis=1)
    moved[-1] |= moved.sum() < 2
    over = max(0.0, best.seconds - limit)
    return Route(
        status="over_limit" if over > 0 else "covered",
        facility=best.facility,
        seconds=best.seconds,
        over_s=over,
        direct=best.rank == _DIRECT,
        place_leg_s=best.place_leg_s,
        road_s=max(0.0, best.seconds - best.place_leg_s - best.facility_leg_s),
        facility_leg_s=best.facility_leg_s,
        off_road_m=best.off_road_m,
        road_m=float((share * tn.unfolded.network.length_m[tn.piece_edge[used]]).sum()),
        nodes=passed.astype(np.int32),
        edges=edges.astype(np.int32),
        line=coordinates[moved],
        nearest_road_m=road,
        max_access_m=longest_leg_m(tn.profile),
    )


_NETWORK, _STREET, _DIRECT = 0, 1, 2


@dataclass(frozen=True)
class _Way:
    """One way of getting there: `rank` says which kind, `row` and `leg` where it runs."""

    seconds: float
    facility: int
    rank: int
    off_road_m: float
    place_leg_s: float
    facility_leg_s: float
    leg: int = -1  # row of the place's legs
    row: int = -1  # network: last node; same street: row of the facility's legs


def _ways(sources: Sources, found: Forest, place: Points) -> Iterator[_Way]:
    """Every way worth looking at, as in `times.nearest`, with what is needed to draw it."""
    stubs = place.stubs
    total = found.seconds[stubs.node] + stubs.seconds
    if len(total) and np.isfinite(total).any():
        facility = found.facility[stubs.node]
        best = int(np.lexsort((facility, total))[0])
        node, leg = int(stubs.node[best]), int(stubs.leg[best])
        other = int(sources.stubs.leg[_root_stub(sources, found, node)])
        off = _off_road(sources, place, leg, other)
        yield _Way(float(total[best]), int(facility[best]), _NETWORK, *off, leg, node)
    for _, rows, seconds, _ in place.same_street(sources.legs, np.arange(len(sources.legs.piece))):
        best = int(np.lexsort((sources.legs.point[rows], seconds))[0])
        row = int(rows[best])
        leg = int(np.searchsorted(place.legs.piece, sources.legs.piece[row]))
        off = _off_road(sources, place, leg, row)
        yield _Way(float(seconds[best]), int(sources.legs.point[row]), _STREET, *off, leg, row)
    direct = [(float(s[0]), n) for n, (p, s) in enumerate(place.direct(sources.xy)) if len(p)]
    if direct:
        taken, nearest = min(direct)
        metres = float(np.hypot(*(sources.xy[nearest] - place.xy[0])))
        yield _Way(taken, nearest, _DIRECT, metres, taken, 0.0)


def _off_road(sources: Sources, place: Points, leg: int, other: int) -> tuple[float, float, float]:
    """Metres of a leg of the place and one of a facility, and the seconds of each."""
    ours, theirs = place.legs, sources.legs
    metres = float(ours.distance_m[leg] + theirs.distance_m[other])
    return metres, float(ours.seconds[leg]), float(theirs.seconds[other])


def _root_stub(sources: Sources, found: Forest, node: int) -> int:
    """The row of the facility's stub with which the way to a node begins."""
    count = len(found.before)
    while found.before[node] < count:
        node = int(found.before[node])
    facility = int(found.before[node]) - count
    rows = np.arange(sources.stub_start[facility], sources.stub_start[facility + 1])
    return int(rows[np.searchsorted(sources.stubs.node[rows], node)])


def _track(
    tn: TravelNetwork, sources: Sources, found: Forest, place: Points, way: _Way
) -> tuple[list[_Piece], Ints]:
    """Streets from the facility to the place, and the tile-sorted numbers of the nodes passed."""
    if way.rank == _DIRECT:
        return [], np.empty(0, dtype=np.int64)
    legs = place.legs
    last = (int(legs.piece[way.leg]), float(legs.fraction[way.leg]))
    if way.rank == _STREET:
        begin = float(sources.legs.fraction[way.row])
        return [(last[0], begin, last[1])], np.empty(0, dtype=np.int64)
    chain = [way.row]
    while found.before[chain[-1]] < len(found.before):
        chain.append(int(found.before[chain[-1]]))
    nodes = np.array(chain[::-1], dtype=np.int64)
    leg = int(sources.stubs.leg[_root_stub(sources, found, way.row)])
    first = (int(sources.legs.piece[leg]), float(sources.legs.fraction[leg]))
    pieces = [(first[0], first[1], _end(tn, *first, int(nodes[0]), source=True))]
    for u, v in itertools.pairwise(nodes):
        start = tn.graph.indptr[u]
        row = tn.graph.indices[start : tn.graph.indptr[u + 1]]
        piece = int(tn.graph.piece[start + np.searchsorted(row, v)])
        up = tn.rank[tn.piece_a[piece]] == u
        pieces.append((piece, 0.0 if up else 1.0, 1.0 if up else 0.0))
    pieces.append((last[0], _end(tn, *last, int(nodes[-1]), source=False), last[1]))
    return pieces, nodes


def _end(tn: TravelNetwork, piece: int, fraction: float, node: int, *, source: bool) -> float:
    """At which end of a street a node lies; of a loop, the end that is quicker."""
    at_a, at_b = (tn.rank[end[piece]] == node for end in (tn.piece_a, tn.piece_b))
    if not (at_a and at_b):
        return 0.0 if at_a else 1.0
    forward, backward = tn.forward[[piece]], tn.backward[[piece]]
    if not source:
        forward, backward = backward, forward
    to_a = part(np.array([fraction]), backward)
    return 0.0 if to_a[0] <= part(np.array([1.0 - fraction]), forward)[0] else 1.0


def _line(tn: TravelNetwork, piece: _Piece) -> Floats:
    """Coordinates of part of a street."""
    _, x, y = tn.unfolded.network.lines(tn.piece_edge[[piece[0]]])
    steps = np.hypot(np.diff(x), np.diff(y))
    at = np.concatenate([[0.0], np.cumsum(steps)])
    at = at / at[-1] if at[-1] > 0 else np.linspace(0.0, 1.0, len(at))
    low, high = sorted(piece[1:])
    inner = at[(at > low) & (at < high)]
    wanted = np.concatenate([[low], inner, [high]])
    line = np.column_stack([np.interp(wanted, at, x), np.interp(wanted, at, y)])
    return line if piece[1] <= piece[2] else line[::-1]


def _why(sources: Sources, place: Points) -> Status:
    if not len(place.legs.piece):
        return "no_road"
    return "island" if len(sources.legs.piece) else "no_road_at_facilities"
