"""What a search reached: nodes, streets, and the time at any point."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from coverage.arrays import Floats, Int32s, Ints, Numbers, expand, grouped
from coverage.errors import InputError
from coverage.messages import Said
from coverage.travel.access import OTHER_NETWORK, Points

if TYPE_CHECKING:
    from coverage.travel._search import Sources
    from coverage.travel.prepare import TravelNetwork

_DENSE = 8  # a scratch of all points pays where one candidate in so many falls on each


@dataclass(frozen=True, eq=False)
class Reached:
    """Everything one facility, or all together, reach within a limit.

    Attributes:
        tn: The travel network.
        facility: Index of the facility, -1 for all together.
        limit_s: The limit, inclusive.
        rank: (k,) int64, nodes reached by tile-sorted number, rising.
        seconds: (k,) at those nodes, over the network.
        sources: All facilities searched from, with their legs.
        rows: Which of them this search began at.
    """

    tn: TravelNetwork
    facility: int
    limit_s: float
    rank: Ints
    seconds: Floats
    sources: Sources
    rows: Ints

    @property
    def nodes(self) -> Int32s:
        """(k,) nodes of the road network, in the order of `seconds` (not sorted)."""
        return self.tn.order[self.rank]

    @property
    def xy(self) -> Floats:
        """(r, 2) where the search began."""
        return self.sources.xy[self.rows]

    @cached_property
    def leg_rows(self) -> Ints:
        """Rows of `sources.legs` that the search may begin with."""
        start = self.sources.leg_start
        rows = expand(start[self.rows], start[self.rows + 1] - start[self.rows])
        return rows[self.sources.legs.seconds[rows] <= self.limit_s]

    def seconds_at_nodes(self, nodes: Numbers) -> Floats:
        """Seconds at nodes of the road network, infinite where not reached."""
        if not len(self.rank):
            return np.full(len(nodes), np.inf)
        wanted = self.tn.rank[nodes]
        at = np.minimum(np.searchsorted(self.rank, wanted), len(self.rank) - 1)
        return np.where(self.rank[at] == wanted, self.seconds[at], np.inf)

    @cached_property
    def streets(self) -> ReachedStreets:
        """The open street pieces on which any point is reached."""
        tn = self.tn
        start, pieces = tn.incidence
        nodes = self.nodes
        touched = pieces[expand(start[nodes], start[nodes + 1] - start[nodes])]
        own = self.sources.legs.piece[self.leg_rows]
        piece = np.sort(np.concatenate([touched, own]))
        piece = piece[np.diff(piece, prepend=-1) != 0]  # np.unique hashes, and takes thrice as long
        foot_start, order = grouped(np.searchsorted(piece, own), len(piece))
        legs = self.leg_rows[order]
        return ReachedStreets(
            piece=piece,
            edge=tn.piece_edge[piece],
            seconds_a=self.seconds_at_nodes(tn.piece_a[piece]),
            seconds_b=self.seconds_at_nodes(tn.piece_b[piece]),
            forward=tn.forward[piece],
            backward=tn.backward[piece],
            limit_s=self.limit_s,
            foot_start=foot_start,
            foot_fraction=self.sources.legs.fraction[legs],
            foot_seconds=self.sources.legs.seconds[legs],
        )


@dataclass(frozen=True, eq=False)
class ReachedStreets:
    """Street pieces with the time along each: the least of up to three kinds of straight lines.

    Time runs up from `a` by `forward`, up from `b` by `backward`, and up
    both ways from every foot of the facility. The fraction 0 is at `a`.

    Attributes:
        piece: (k,) int32, rising.
        edge: (k,) int32, directed edge of the road network whose line runs from a to b.
        seconds_a: (k,) infinite where the end is not reached within the limit.
        seconds_b: (k,) likewise.
        forward: (k,) seconds from a to b, infinite where closed.
        backward: (k,) seconds from b to a.
        limit_s: The limit.
        foot_start: (k + 1,) first foot of each piece.
        foot_fraction: (j,) where facilities' own feet lie.
        foot_seconds: (j,) their access legs.
    """

    piece: Int32s
    edge: Int32s
    seconds_a: Floats
    seconds_b: Floats
    forward: Floats
    backward: Floats
    limit_s: float
    foot_start: Ints
    foot_fraction: Floats
    foot_seconds: Floats

    @property
    def foot_row(self) -> Ints:
        """(j,) row of the piece each foot is on."""
        return np.repeat(np.arange(len(self.piece)), np.diff(self.foot_start))

    def intervals(self, limit_s: float | None = None) -> tuple[Ints, Floats, Floats]:
        """Parts of the streets reached within a limit; parts of one street may overlap.

        Args:
            limit_s: Not above the limit searched with; that limit by default.

        Returns:
            Rows of this table, fractions at which a part begins and ends
            (equal where only a node is reached).

        Raises:
            InputError: If the limit is above the one searched with.
        """
        limit = self.limit_s if limit_s is None else limit_s
        if not limit <= self.limit_s:
            raise InputError(
                Said(
                    f"只搜索到 {self.limit_s:g} 秒，却问 {limit!r} 秒",
                    f"the search went to {self.limit_s:g} s only, {limit!r} s were asked",
                )
            )
        rows = np.arange(len(self.piece))
        foot = self.foot_row
        up = _span(limit, self.seconds_a, self.forward)
        down = _span(limit, self.seconds_b, self.backward)
        left = _span(limit, self.foot_seconds, self.backward[foot])
        right = _span(limit, self.foot_seconds, self.forward[foot])
        row = np.concatenate([rows[up >= 0], rows[down >= 0], foot[left >= 0]])
        begin = np.concatenate([
            np.zeros(int((up >= 0).sum())), 1.0 - down[down >= 0],
            np.maximum(self.foot_fraction - left, 0.0)[left >= 0],
        ])  # fmt: skip
        end = np.concatenate([
            up[up >= 0], np.ones(int((down >= 0).sum())),
            np.minimum(self.foot_fraction + right, 1.0)[left >= 0],
        ])  # fmt: skip
        return row, begin, end


def point_seconds(reached: Reached, points: Points) -> tuple[Int32s, Floats]:
    """Points reached within the limit, rising, and the seconds of each.

    This is T(p) of the architecture, for demand and lattice alike.

    Raises:
        InputError: If the points belong to another travel network.
    """
    if points.tn is not reached.tn:
        raise InputError(OTHER_NETWORK)
    start, at_node, stub_s = points.by_node
    counts = start[reached.rank + 1] - start[reached.rank]
    stub = expand(start[reached.rank], counts)
    found = [(at_node[stub], np.repeat(reached.seconds, counts) + stub_s[stub])]
    legs = reached.sources.legs
    found += [(p, s) for p, _, s, _ in points.same_street(legs, reached.leg_rows)]
    found += points.direct(reached.xy)
    point = np.concatenate([p for p, _ in found])
    seconds = np.concatenate([s for _, s in found])
    within = seconds <= reached.limit_s
    if reached.limit_s == np.inf:
        within &= seconds < np.inf
    return least_by_point(point[within], seconds[within], len(points))


def least_by_point(point: Int32s, seconds: Floats, count: int) -> tuple[Int32s, Floats]:
    """The least seconds of every point that occurs, points rising."""
    if len(point) * _DENSE > count:
        best = np.full(count, np.inf)
        np.minimum.at(best, point, seconds)
        there = np.flatnonzero(best < np.inf)
        return there.astype(np.int32), best[there]
    order = np.argsort(point, kind="stable")
    point = point[order]
    first = np.flatnonzero(np.diff(point, prepend=-1))
    return point[first], np.minimum.reduceat(seconds[order], first) if len(first) else seconds


def _span(limit: float, seconds: Floats, cost: Floats) -> Floats:
    """How far along a street one gets within a limit, as a fraction; negative for nowhere."""
    budget = np.where(seconds <= limit, limit - np.where(seconds <= limit, seconds, 0.0), -1.0)
    budget[~np.isfinite(seconds)] = -1.0
    far = (cost < np.inf).astype(np.float64)
    np.divide(budget, cost, out=far, where=(cost > 0) & (cost < np.inf) & (budget >= 0))
    return np.where(budget >= 0, np.minimum(far, 1.0), -1.0)
