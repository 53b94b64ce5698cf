"""Access legs: from a point to the nearest point of every street around it.

Every street piece within `max_access_m` is a way in, not only the nearest:
the nearest may lead to a dead end, or away from where one wants to go. A
piece gives one foot a point, the nearest point of its bent line.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from coverage.arrays import Bools, Columns, Floats, Int32s, Ints, expand, grouped, least_rows
from coverage.errors import InputError, Problem
from coverage.messages import Said
from coverage.travel.streets import over, part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike
    from scipy.spatial import KDTree

    from coverage.profiles import Profile
    from coverage.travel.prepare import TravelNetwork

FACILITY = Said("设施", "facility")
OTHER_NETWORK = Said(
    "这些点是为另一个路网准备的", "the points were prepared for another travel network"
)
DEMAND = Said("需求点", "demand point")
_NOT_FINITE = Said(
    "{0} {2} 的坐标不是有限数", "{1} {2} has a coordinate that is not a finite number"
)
_MORE = Said("另有 {} 个", "and {} more")
_SHOWN = 5
_CLEARLY = 1e-9
_TOUCH_M = 1e-6  # a point on a slanting street lies a rounding error beside it


def checked_xy(xy: ArrayLike, what: Said, *, some: bool = False) -> Floats:
    """Coordinates as a (k, 2) float array.

    Args:
        xy: Metres in the CRS of the network.
        what: What the points are, for messages.
        some: Whether there must be at least one.

    Raises:
        InputError: If the shape is wrong, a coordinate is not finite, or
            there is no point where some are needed.
    """
    try:
        points = np.ascontiguousarray(xy, dtype=np.float64)
    except (TypeError, ValueError) as error:
        said = Said(f"{what.zh}的坐标不是数字", f"the coordinates of {what.en} are not numbers")
        raise InputError(said) from error
    if points.size == 0:
        points = points.reshape(0, 2)
    if points.ndim != 2 or points.shape[1] != 2:
        shape = points.shape
        raise InputError(
            Said(
                f"{what.zh}：坐标的形状是 {shape}，须为 (k, 2)",
                f"{what.en}: coordinates have shape {shape}, (k, 2) is needed",
            )
        )
    if some and not len(points):
        raise InputError(Said(f"没有{what.zh}", f"there is no {what.en}"))
    bad = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if bad.size:
        raise InputError(
            [
                Problem(
                    _NOT_FINITE.fill(what.zh, what.en, i), value=f"{points[i, 0]}, {points[i, 1]}"
                )
                for i in bad[:_SHOWN]
            ]
            + [Problem(_MORE.fill(bad.size - _SHOWN)) for _ in bad[_SHOWN : _SHOWN + 1]]
        )
    return points


@dataclass(frozen=True, eq=False)
class AccessLegs(Columns):
    """Ways between points and streets, sorted by point and then by piece.

    Attributes:
        point: (k,) int32.
        piece: (k,) int32, street piece of the `TravelNetwork`.
        fraction: (k,) where the foot lies on the line of the piece, 0 at
            `piece_a`, 1 at `piece_b`.
        distance_m: (k,) straight distance from the point to its foot.
        seconds: (k,) of the leg in the direction of travel.
    """

    point: Int32s
    piece: Int32s
    fraction: Floats
    distance_m: Floats
    seconds: Floats

    @classmethod
    def none(cls) -> AccessLegs:
        """No legs."""
        return cls(*(np.empty(0, np.int32),) * 2, *(np.empty(0),) * 3)


def access_legs(
    tn: TravelNetwork,
    x: ArrayLike,
    y: ArrayLike,
    *,
    max_access_m: float | None = None,
    alone: bool = False,
    source: bool = False,
    chunk: int = 20_000,
) -> AccessLegs:
    """Legs from points to every open street piece within reach.

    Args:
        tn: The travel network.
        x: (p,) metres.
        y: (p,) metres.
        max_access_m: Longest leg, inclusive to the micrometre; the profile's own by default.
        alone: Whether a point with no street so near has one leg to the nearest, up to the
            profile's `max_single_leg_m`: facilities and homes, which nobody builds out of reach.
        source: Whether searches start at these points, or end: which way legs are travelled.
        chunk: Points a step; bounds memory, changes nothing else.

    Raises:
        InputError: If a coordinate is not finite or the distance is negative.
    """
    xy = checked_xy(np.column_stack([np.atleast_1d(x), np.atleast_1d(y)]), Said("点", "point"))
    longest = tn.profile.max_access_m if max_access_m is None else max_access_m
    if not (np.isfinite(longest) and longest >= 0):
        raise InputError(
            Said(
                f"离路最远距离须为 0 米或以上，不能是 {longest!r}",
                f"the longest access leg must be 0 m or more, not {longest!r}",
            )
        )
    parts = [
        _legs_of(tn, xy[i : i + chunk], i, float(longest), source=source)
        for i in range(0, len(xy), max(chunk, 1))
    ]
    legs = AccessLegs.joined([AccessLegs.none(), *parts])
    return _with_lone(tn, xy, legs, source=source) if alone else legs


def nearest_streets(
    tn: TravelNetwork, xy: Floats, most_m: float | None = None
) -> tuple[Ints, Floats]:
    """The segment nearest to each point, of equals the first, and how far away it is.

    Where no street is open, or none within `most_m`: -1, and infinite.
    """
    import shapely

    segment, metres = np.full(len(xy), -1), np.full(len(xy), np.inf)
    if len(xy) and len(tn.segments):
        (point, found), away = tn.segments.tree.query_nearest(
            shapely.points(xy), max_distance=most_m, return_distance=True
        )
        first = least_rows(point, found.astype(np.float64))
        segment[point[first]], metres[point[first]] = found[first], away[first]
    return segment, metres


@dataclass(frozen=True, eq=False)
class RoadDistance:
    """How far places are from the nearest usable street, and what that makes of them.

    Attributes:
        metres: (p,) infinite where no street is open.
        far: (p,) farther than the usual legs go: one longer leg joins it, if any.
        cut_off: (p,) farther than that leg goes too: not connected.
    """

    metres: Floats
    far: Bools
    cut_off: Bools

    @classmethod
    def of(cls, tn: TravelNetwork, xy: Floats) -> RoadDistance:
        """The one place that decides it, with the hair's breadth that legs are given."""
        _, metres = nearest_streets(tn, xy)
        usual, longest = tn.profile.max_access_m, longest_leg_m(tn.profile)
        return cls(metres, metres > usual + _TOUCH_M, metres > longest + _TOUCH_M)


def longest_leg_m(profile: Profile) -> float:
    """The longest leg of a place that has no other."""
    return max(profile.max_access_m, profile.max_single_leg_m)


def _with_lone(tn: TravelNetwork, xy: Floats, legs: AccessLegs, *, source: bool) -> AccessLegs:
    """The legs, and one leg to the nearest street of each point that has none."""
    if not tn.profile.max_single_leg_m:
        return legs
    alone = np.setdiff1d(np.arange(len(xy)), legs.point)
    segment, metres = nearest_streets(tn, xy[alone], tn.profile.max_single_leg_m + _TOUCH_M)
    near = segment >= 0
    if tn.walls is not None:  # closing the nearest street opens no way to another
        near &= metres <= tn.walls.shut_m(xy[alone])
    alone, segment = alone[near], segment[near]
    if not len(alone):
        return legs
    x, y = xy[alone].T
    lone = _made(tn, xy, alone, segment, *tn.segments.feet(x, y, segment), source=source)
    both = AccessLegs.joined([legs, lone])
    return both.take(np.argsort(both.point, kind="stable"))


def _legs_of(
    tn: TravelNetwork, xy: Floats, first: int, longest: float, *, source: bool
) -> AccessLegs:
    import shapely

    segments = tn.segments
    # A hair more than asked for: the decision is ours, in one arithmetic.
    radius = longest * (1 + 1e-9) + 2 * _TOUCH_M
    # Boxes, because GEOS takes twenty times as long to tell distances as `feet` does.
    x, y = xy.T
    boxes = np.asarray(shapely.box(x - radius, y - radius, x + radius, y + radius))
    point, segment = segments.tree.query(boxes)
    # Segments are numbered along their pieces: sorted like this, those of one
    # piece stand together, and of equally near feet the first along it wins.
    order = np.argsort(point * np.int64(max(len(segments), 1)) + segment)
    point, segment = point[order], segment[order]
    fraction, distance = segments.feet(xy[point, 0], xy[point, 1], segment)
    near = np.flatnonzero(distance <= longest + _TOUCH_M)
    point, piece = point[near], segments.piece[segment[near]]
    key = point * np.int64(max(tn.piece_count, 1)) + piece
    best = least_rows(key, distance[near], ordered=True)
    at = near[best]
    legs = _made(tn, xy, point[best], segment[at], fraction[at], distance[at], source=source)
    return replace(legs, point=legs.point + np.int32(first))


def _made(
    tn: TravelNetwork,
    xy: Floats,
    point: Ints,
    segment: Ints,
    fraction: Floats,
    distance: Floats,
    *,
    source: bool,
) -> AccessLegs:
    """Legs from points to feet at fractions of their pieces, without those that a wall bars.

    The nearest foot of a piece is its foot, and where a wall bars it there is no leg.
    """
    parts = tn.segments
    metres = fraction * parts.whole_m[segment] - parts.offset_m[segment]
    along = np.clip(over(metres, parts.length_m[segment]), 0.0, 1.0)
    x, y = xy[point].T
    free = np.flatnonzero(~parts.barred(x, y, segment, along))
    point, segment, distance = point[free], segment[free], distance[free]
    feet = parts.places(segment, along[free])
    seconds = tn.leg_seconds(distance, xy[point], feet, source=source)
    piece = parts.piece[segment].astype(np.int32)
    return AccessLegs(point.astype(np.int32), piece, fraction[free], distance, seconds)


@dataclass(frozen=True, eq=False)
class Stubs(Columns):
    """What it costs to get between points and the nodes at the ends of their streets.

    One row a point and node, the least over the streets between them.

    Attributes:
        point: (k,) int32, sorted; within a point sorted by node.
        node: (k,) int32, tile-sorted number.
        seconds: (k,) leg and part of the street.
        access_s: (k,) the leg alone.
        leg: (k,) int64, row of the `AccessLegs`.
    """

    point: Int32s
    node: Int32s
    seconds: Floats
    access_s: Floats
    leg: Ints

    @classmethod
    def of(cls, tn: TravelNetwork, legs: AccessLegs, *, source: bool) -> Stubs:
        """Stubs of points at which searches start (`source`), or end."""
        return cls.joined(list(cls.parts(tn, legs, source=source)))

    @classmethod
    def parts(
        cls, tn: TravelNetwork, legs: AccessLegs, *, source: bool, chunk: int = 50_000
    ) -> Iterator[Stubs]:
        """The same in parts of about so many legs, of whole points; there is one at least."""
        cut = np.searchsorted(legs.point, legs.point[chunk::chunk])
        for a, b in itertools.pairwise([0, *cut.tolist(), len(legs.point)]):
            yield cls._of(tn, legs.take(slice(a, b)), a, source=source)

    @classmethod
    def _of(cls, tn: TravelNetwork, legs: AccessLegs, first: int, *, source: bool) -> Stubs:
        forward, backward = tn.forward[legs.piece], tn.backward[legs.piece]
        if not source:  # from the node to the foot, not from the foot to the node
            forward, backward = backward, forward
        to_a = part(legs.fraction, backward)
        to_b = part(1.0 - legs.fraction, forward)
        leg_s = legs.seconds
        count = len(leg_s)
        point = np.concatenate([legs.point, legs.point])
        node = tn.rank[np.concatenate([tn.piece_a[legs.piece], tn.piece_b[legs.piece]])]
        seconds = np.concatenate([leg_s + to_a, leg_s + to_b])
        leg = np.concatenate([np.arange(count), np.arange(count)])
        key = point * np.int64(max(len(tn.order), 1)) + node
        use = np.flatnonzero(np.isfinite(seconds))
        use = use[least_rows(key[use], seconds[use])]
        return cls(point[use], node[use], seconds[use], leg_s[leg[use]], first + leg[use])


def useful_legs(tn: TravelNetwork, xy: Floats, *, source: bool, chunk: int = 2_000) -> AccessLegs:
    """Legs without those that are never the best, whatever the way.

    A leg is of no use if its foot is reached clearly sooner by another leg
    and the streets: every way over it is then beaten by a way over the
    other. No time changes by a bit; but where streets are fast and legs may
    be long, a car among the streets of a city, a few in a hundred remain.

    Args:
        tn: The travel network.
        xy: (p, 2) metres, checked.
        source: Whether searches start at these points, or end.
        chunk: Points a step; bounds memory.
    """
    parts = [AccessLegs.none()]
    for i in range(0, len(xy), chunk):
        some = xy[i : i + chunk]
        legs = access_legs(tn, *some.T, alone=True, source=source)
        legs = legs.take(np.flatnonzero(_useful(tn, legs, source=source)))
        parts.append(replace(legs, point=legs.point + np.int32(i)))
    return AccessLegs.joined(parts)


def _useful(tn: TravelNetwork, legs: AccessLegs, *, source: bool) -> Bools:
    stubs, count = Stubs.of(tn, legs, source=source), np.int64(max(len(tn.order), 1))
    forward, backward = tn.forward[legs.piece], tn.backward[legs.piece]
    if not source:  # from the foot to the node, and on by another leg
        forward, backward = backward, forward
    leg_s = legs.seconds
    useful = np.ones(len(leg_s), dtype=bool)
    if not len(stubs.node):
        return useful
    key = stubs.point * count + stubs.node
    for end, street in (
        (tn.piece_a, part(legs.fraction, forward)),
        (tn.piece_b, part(1.0 - legs.fraction, backward)),
    ):
        wanted = legs.point * count + tn.rank[end[legs.piece]]
        at = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
        other = np.where(key[at] == wanted, stubs.seconds[at], np.inf) + street
        # Clearly, so that no rounding decides: a leg never beats itself.
        useful &= ~(other < leg_s - _CLEARLY * (1.0 + leg_s))
    return useful


@dataclass(frozen=True, eq=False)
class Points:
    """Places that searches end at, ready to be asked again and again.

    Attributes:
        tn: The travel network.
        xy: (p, 2) metres.
        legs: Their access legs, those left out that never serve.
    """

    tn: TravelNetwork
    xy: Floats
    legs: AccessLegs

    @classmethod
    def of(cls, tn: TravelNetwork, xy: ArrayLike | Points, what: Said = DEMAND) -> Points:
        """Points with their legs; `Points` of the same network are returned as they are.

        Raises:
            InputError: If a coordinate is not finite, or the points belong to another network.
        """
        if isinstance(xy, Points):
            if xy.tn is not tn:
                raise InputError(OTHER_NETWORK)
            return xy
        points = checked_xy(xy, what)
        return cls(tn, points, useful_legs(tn, points, source=False))

    def __len__(self) -> int:
        return len(self.xy)

    @cached_property
    def lone(self) -> Bools:
        """(p,) which are joined by one longer leg, because no street is as near as legs go."""
        longer = self.legs.distance_m > self.tn.profile.max_access_m + _TOUCH_M
        return np.isin(np.arange(len(self.xy)), self.legs.point[longer])

    @cached_property
    def stubs(self) -> Stubs:
        """Ways from nodes to the points."""
        return Stubs.of(self.tn, self.legs, source=False)

    def stub_parts(self) -> Iterator[Stubs]:
        """The same, some points at a time; worked out anew and not kept, if they are not there."""
        known = self.__dict__.get("stubs")
        yield from (known,) if known is not None else Stubs.parts(self.tn, self.legs, source=False)

    @cached_property
    def by_node(self) -> tuple[Ints, Int32s, Floats]:
        """Stubs by tile-sorted node: (n + 1,) starts, points, seconds."""
        start, order = grouped(self.stubs.node, len(self.tn.order))
        return start, self.stubs.point[order], self.stubs.seconds[order]

    @cached_property
    def by_piece(self) -> tuple[Ints, Ints]:
        """Legs by street piece: (q + 1,) starts, rows of the legs."""
        return grouped(self.legs.piece, self.tn.piece_count)

    @cached_property
    def tree(self) -> KDTree:
        """Index for direct ways."""
        from scipy.spatial import KDTree

        return KDTree(self.xy)

    def direct(self, xy: Floats) -> Iterator[tuple[Int32s, Floats]]:
        """For each of some facilities the points near enough to walk to without any road.

        Args:
            xy: (f, 2) metres.

        Yields:
            Points, and the seconds straight to them.
        """
        longest = self.tn.profile.max_direct_m
        bound = longest * (1 + 1e-9) + 1e-6
        near = self.tree.query_ball_point(xy, bound) if len(self) else [()] * len(xy)
        for place, some in zip(xy, near, strict=True):
            point = np.asarray(some, dtype=np.int32)
            away = self.xy[point] - place
            distance = np.hypot(away[:, 0], away[:, 1])
            keep = distance <= longest
            if self.tn.walls is not None:
                here = np.broadcast_to(place, away.shape)
                keep &= ~self.tn.walls.bar(*here.T, *self.xy[point].T)
            here = np.broadcast_to(place, away.shape)[keep]
            ends = self.xy[point[keep]], here
            yield point[keep], self.tn.leg_seconds(distance[keep], *ends, source=False)

    def same_street(
        self, sources: AccessLegs, rows: Ints, *, most: int = 2_000_000
    ) -> Iterator[tuple[Int32s, Ints, Floats, Floats]]:
        """Ways that never reach a node, because both feet stand on one street.

        Args:
            sources: Legs of the facilities.
            rows: Which of those legs.
            most: About how many pairs to hold at once.

        Yields:
            Points, rows of the facility's legs, seconds of the whole way,
            seconds of it off the road.
        """
        tn, (start, by_piece) = self.tn, self.by_piece
        counts = start[sources.piece[rows] + 1] - start[sources.piece[rows]]
        rows, counts = rows[counts > 0], counts[counts > 0]
        cut = np.flatnonzero(np.diff(np.cumsum(counts) // most)) + 1
        for some, pairs in zip(np.split(rows, cut), np.split(counts, cut), strict=True):
            if not len(some):
                continue
            source = np.repeat(some, pairs)
            mine = by_piece[expand(start[sources.piece[some]], pairs)]
            piece = sources.piece[source]
            along = self.legs.fraction[mine] - sources.fraction[source]
            street = np.where(
                along >= 0,
                part(np.maximum(along, 0), tn.forward[piece]),
                part(np.maximum(-along, 0), tn.backward[piece]),
            )
            off = self.legs.seconds[mine] + sources.seconds[source]
            yield self.legs.point[mine], source, off + street, off
