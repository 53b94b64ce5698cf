"""Travel times: to the nearest facility, within a limit, facility by facility.

All of them mean the same time (see the architecture): access leg, part of a
street, network, part of a street, access leg; or the same street without any
node between; or the direct way. Where times tie, the lower index wins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from scipy.sparse import csr_array

from coverage.arrays import Floats, Int32s, Ints, starts
from coverage.errors import InputError
from coverage.messages import Said
from coverage.travel._reached import Reached, point_seconds
from coverage.travel._search import Forest, Sources, forest, searches
from coverage.travel.access import Points

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike

    from coverage.travel.prepare import TravelNetwork

__all__ = [
    "Nearest",
    "Reach",
    "Reached",
    "checked_limit",
    "nearest",
    "node_times",
    "point_seconds",
    "reach",
    "reached_by_any",
]

_AT_ONCE = 50_000  # points, or ways to them: bounds memory
_DIRECT_NEIGHBOURS = 4  # sites at one place count once; more equally far ones are not met


@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest facility and its time; infinite and -1 where none is reached.

    Attributes:
        node_seconds: (n,) over the network to each node; legs off the road
            at the node's end do not enter (ask for the node's coordinates
            as demand to have them).
        node_facility: (n,) int32.
        seconds: (p,) to each demand point, empty if none was given.
        facility: (p,) int32.
        share_on_access: (p,) share of the time that is spent off the road,
            1 on a direct way, NaN where nothing is reached.
    """

    node_seconds: Floats
    node_facility: Int32s
    seconds: Floats
    facility: Int32s
    share_on_access: Floats


@dataclass(frozen=True, eq=False)
class Reach:
    """Which demand each facility reaches within the limit, and in how many seconds.

    Attributes:
        start: (f + 1,) int64; facility *i* owns rows `start[i]` to
            `start[i + 1]`.
        demand: (k,) int32, rising within a facility.
        seconds: (k,).
        points: How many demand points there were.
    """

    start: Ints
    demand: Int32s
    seconds: Floats
    points: int

    def to_csr(self) -> csr_array:
        """Facility × demand; a time of zero is stored, what is not stored is not reached.

        Pitfall: sparse sums, comparisons and `toarray` read what is not
        stored as zero; work on `.data` and `.indices`, and never call
        `eliminate_zeros`.
        """
        shape = (len(self.start) - 1, self.points)
        return csr_array((self.seconds, self.demand, self.start), shape=shape)


def nearest(
    tn: TravelNetwork,
    facilities_xy: ArrayLike,
    demand: ArrayLike | Points | None = None,
    *,
    limit_s: float | None = None,
) -> Nearest:
    """The nearest facility of every node, and of every demand point, in one pass.

    Args:
        tn: The travel network.
        facilities_xy: (f, 2) metres.
        demand: (p, 2) metres, or prepared `Points`.
        limit_s: Inclusive; None for no limit.

    Raises:
        InputError: If there is no facility, a coordinate is not finite, or
            the limit is not above zero.
    """
    limit = checked_limit(limit_s)
    sources = Sources.of(tn, facilities_xy)
    found = forest(tn, sources, limit)
    empty: Floats = np.empty(0)
    if demand is None:
        points = (empty, np.empty(0, dtype=np.int32), empty)
    else:
        points = _nearest_of_points(sources, found, Points.of(tn, demand), limit)
    seconds, at = tn.unfolded.least(found.seconds[tn.rank])
    return Nearest(seconds, found.facility[tn.rank][at], *points)


def node_times(
    tn: TravelNetwork,
    facilities_xy: ArrayLike,
    limit_s: float,
    *,
    chunk: int = 25,
) -> Iterator[Reached]:
    """What each facility reaches, one after the other, for circles and sums.

    Facilities come neighbourhood by neighbourhood, not in their own order:
    read `Reached.facility`. Neither the order nor the values depend on
    `chunk`.

    Args:
        tn: The travel network.
        facilities_xy: (f, 2) metres.
        limit_s: Inclusive; infinity for no limit.
        chunk: Most facilities searched at once; bounds memory.

    Raises:
        InputError: As `nearest`.
    """
    limit = checked_limit(limit_s)
    if chunk < 1:
        raise InputError(
            Said(f"chunk 须不小于 1，不能是 {chunk}", f"chunk must be 1 or more, not {chunk}")
        )
    sources = Sources.of(tn, facilities_xy)
    return (
        Reached(
            tn, facility, limit, nodes, seconds, sources, np.array([facility], dtype=np.int64)
        )
        for facility, nodes, seconds in searches(
            tn, sources, limit, chunk=chunk
        )
    )  # fmt: skip


def reached_by_any(tn: TravelNetwork, facilities_xy: ArrayLike, limit_s: float) -> Reached:
    """What is reached from the nearest of all facilities together; its facility is -1.

    Raises:
        InputError: As `nearest`.
    """
    limit = checked_limit(limit_s)
    sources = Sources.of(tn, facilities_xy)
    found = forest(tn, sources, limit)
    nodes = np.flatnonzero(found.seconds < np.inf)
    return Reached(
        tn, -1, limit, nodes, found.seconds[nodes], sources, np.arange(len(sources))
    )  # fmt: skip


def reach(
    tn: TravelNetwork,
    facilities_xy: ArrayLike,
    demand: ArrayLike | Points,
    limit_s: float,
    *,
    chunk: int = 25,
) -> Reach:
    """Which demand every facility reaches within the limit.

    Raises:
        InputError: As `nearest`.
    """
    answers = node_times(tn, facilities_xy, limit_s, chunk=chunk)
    points = Points.of(tn, demand)
    rows: dict[int, tuple[Int32s, Floats]] = {
        one.facility: point_seconds(one, points) for one in answers
    }
    counts = [len(rows[i][0]) for i in range(len(rows))]
    return Reach(
        starts(np.array(counts)),
        np.concatenate([rows[i][0] for i in range(len(rows))]),
        np.concatenate([rows[i][1] for i in range(len(rows))]),
        len(points),
    )


def checked_limit(limit_s: float | None) -> float:
    """A limit in seconds, infinite for None.

    Raises:
        InputError: If it is not above zero.
    """
    limit = math.inf if limit_s is None else limit_s
    if isinstance(limit, bool) or not limit > 0:
        raise InputError(
            Said(
                f"时限须大于 0 秒，不能是 {limit_s!r}",
                f"the limit must be above 0 seconds, not {limit_s!r}",
            )
        )
    return float(limit)


def _nearest_of_points(
    sources: Sources, found: Forest, points: Points, limit: float
) -> tuple[Floats, Int32s, Floats]:
    """Seconds, facility and share off the road of every point."""
    count, far = len(points), len(sources)
    best = np.full(count, np.inf)
    winner = np.full(count, far, dtype=np.int32)
    off_road = np.full(count, np.inf)
    ways: list[_Way] = []
    for way in _ways(sources, found, points):
        np.minimum.at(best, way[0], way[1])
        ways.append(_equal(way, best))  # the rest cannot win any more: let go of it
    best[best > limit] = np.inf
    # Among equal times the lower index wins, and then the way with the least off the road.
    ways = [_equal(way, best) for way in ways]
    for point, _, facility, _ in ways:
        np.minimum.at(winner, point, facility)
    for point, _, facility, access in ways:
        mine = facility == winner[point]
        np.minimum.at(off_road, point[mine], access[mine])
    winner[winner == far] = -1
    share = np.full(count, np.nan)
    reached = winner >= 0
    timed = reached & (best > 0)
    share[reached] = 1.0  # at the door: no time at all, and no road used
    share[timed] = np.minimum(off_road[timed] / best[timed], 1.0)
    return best, winner, share


_Way: TypeAlias = "tuple[Int32s, Floats, Int32s, Floats]"


def _equal(way: _Way, best: Floats) -> _Way:
    keep = (way[1] == best[way[0]]) & (way[1] < np.inf)
    return way[0][keep], way[1][keep], way[2][keep], way[3][keep]


def _ways(sources: Sources, found: Forest, points: Points) -> Iterator[_Way]:
    """Every way worth looking at: points, seconds, facilities, seconds off the road."""
    first_leg = _first_legs(sources, found)
    for mine in points.stub_parts():
        node = mine.node
        yield (
            mine.point,
            found.seconds[node] + mine.seconds,
            found.facility[node],
            first_leg[node] + mine.access_s,
        )
    everything = np.arange(len(sources.legs.piece))
    for point, leg, seconds, off in points.same_street(sources.legs, everything):
        yield point, seconds, sources.legs.point[leg], off
    if len(points):
        yield from _direct(sources, points)


def _first_legs(sources: Sources, found: Forest) -> Floats:
    """Seconds off the road at the facility's end of the way to each node."""
    stubs, count = sources.stubs, len(found.seconds)
    legs: Floats = np.zeros(count)
    starts = np.flatnonzero(found.before >= count)
    if len(starts):
        key = stubs.point * np.int64(count) + stubs.node
        row = np.searchsorted(key, found.facility[starts] * np.int64(count) + starts)
        legs[starts] = stubs.access_s[row]
    return np.asarray(legs[found.roots()])


def _direct(sources: Sources, points: Points) -> Iterator[_Way]:
    """The shortest direct ways of each point; sites at one place count once."""
    from scipy.spatial import KDTree

    profile = points.tn.profile
    # The nearest may stand behind a wall or up a hill: all are looked at.
    if points.tn.walls is not None or points.tn.ground is not None:
        for owner, (point, seconds) in enumerate(points.direct(sources.xy)):
            yield point, seconds, np.full(len(point), owner, np.int32), seconds
        return
    places, first = np.unique(sources.xy, axis=0, return_index=True)
    tree = KDTree(places)
    most = min(_DIRECT_NEIGHBOURS, len(places))
    bound = profile.max_direct_m * (1 + 1e-9) + 1e-6
    for i in range(0, len(points), _AT_ONCE):
        xy = points.xy[i : i + _AT_ONCE]
        _, hits = tree.query(xy, k=np.arange(1, most + 1), distance_upper_bound=bound)
        row, column = np.nonzero(np.asarray(hits) < len(places))
        facility = first[np.asarray(hits)[row, column]]
        away = xy[row] - sources.xy[facility]
        distance = np.hypot(away[:, 0], away[:, 1])
        keep = distance <= profile.max_direct_m
        seconds = profile.access_seconds(distance[keep])
        point = (row[keep] + i).astype(np.int32)
        yield point, seconds, facility[keep].astype(np.int32), seconds
