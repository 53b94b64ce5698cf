"""Nearest times that follow edits: a facility more or less changes only what it touches.

`LiveTimes` holds the time to the nearest facility of every node and of every
demand point. After any edits it equals `coverage.travel.times.nearest` over
the facilities that are left, in their order: the seconds bit for bit, and the
facility by the same rule for ties.

Why that can be exact. Adding floats that are not negative never turns an
order round, so that the least time of a node is the least over all ways of
their sums taken from the facility on, and a search may stop wherever it is no
better than what stands there. So

- **adding**: relax from the new site on, through the nodes it improves;
- **removing**: the nodes of its own cell forget their times, and are searched
  anew from the rim of the cell and from other sites within it. Every other
  node has a way from its own facility that never enters the cell.

The facility of a node is the lowest index from which a way of *tight* edges
leads to it (``seconds[u] + w == seconds[v]``), as in `times`. Where sums are
rounded, a node may keep its time while the node before it on that way loses
its own; such nodes, and those behind them, are labelled anew as well.

Of several facilities at one place only the lowest is searched from; the
others wait until it goes.

A point is asked again if a node it hangs on changed, or if the facility has a
way to it that never meets a node. Ties of more than four sites in a direct
line are met here in full, where `nearest` looks at four of them.

Measured on a synthetic prefecture (257,300 nodes, 300 facilities, 20,000
demand points, by car): see ``benchmarks/scenario.py`` and ``docs/benchmarks.md``.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from coverage.arrays import Floats, Int32s, Ints, Numbers, expand
from coverage.errors import InputError
from coverage.messages import Said
from coverage.travel._live_tables import Rows, Streets
from coverage.travel._search import Sources, first_nodes, forest
from coverage.travel.access import FACILITY, AccessLegs, Points, Stubs, access_legs, checked_xy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike

    from coverage.travel.prepare import TravelNetwork


_NOBODY = np.iinfo(np.int32).max  # above every facility, so that the lowest index wins


class LiveTimes:
    """Times to the nearest facility, kept up to date.

    A facility has a **slot**, a whole number that stays its own while others
    come and go; a lower slot wins a tie.

    Args:
        tn: The travel network.
        facilities_xy: (f, 2) metres; there may be none.
        demand: (p, 2) metres, or prepared `Points`.
        slots: (f,) slots of the facilities, rising; 0, 1, 2 … by default.

    Raises:
        InputError: If a coordinate is not finite, or the slots do not rise.
    """

    def __init__(
        self,
        tn: TravelNetwork,
        facilities_xy: ArrayLike,
        demand: ArrayLike | Points,
        *,
        slots: ArrayLike | None = None,
    ) -> None:
        self.tn = tn
        self.points = Points.of(tn, demand)
        self._known: Floats = np.full(len(tn.order), np.inf)
        self._label: Int32s = np.full(len(tn.order), _NOBODY, dtype=np.int32)
        self._stubs, self._ways = Rows.none(), Rows.none()
        self._there: dict[int, tuple[float, float]] = {}
        self._at: dict[tuple[float, float], list[int]] = {}
        self._seconds: Floats = np.full(len(self.points), np.inf)
        self._nearest: Int32s = np.full(len(self.points), _NOBODY, dtype=np.int32)
        xy = checked_xy(facilities_xy, FACILITY)
        own = np.arange(len(xy)) if slots is None else np.asarray(slots)
        if own.shape != (len(xy),) or (np.diff(own, prepend=-1) <= 0).any():
            raise InputError(
                Said(
                    f"须有 {len(xy)} 个递增的编号，不能是 {slots!r}",
                    f"there must be {len(xy)} slots, rising, not {slots!r}",
                )
            )
        for slot, x, y in zip(own.tolist(), *xy.T.tolist(), strict=True):
            self._there[slot] = (x, y)
            self._at.setdefault((x, y), []).append(slot)
        if len(xy):
            first = np.array([some[0] for some in self._at.values()], dtype=np.int32)
            self._begin(Sources.of(tn, np.array(list(self._at))), first)
        self._before = self._known.copy()  # the same between edits

    def _begin(self, sources: Sources, slots: Int32s) -> None:
        """All first places at once, by one search; their slots rise."""
        found, stubs = forest(self.tn, sources, np.inf), sources.stubs
        self._known = found.seconds.copy()
        # A facility of -1, nobody, takes the last.
        self._label = np.append(slots, np.int32(_NOBODY))[found.facility]
        self._stubs = Rows.of(stubs.node, stubs.seconds, slots[stubs.point])
        self._ways = _private_ways(self.points, sources.xy, sources.legs, slots)
        self._ask(np.arange(len(self.points)))

    # What is known.

    @property
    def slots(self) -> tuple[int, ...]:
        """Int32s of the facilities that are there, rising: the order of the indices."""
        return tuple(sorted(self._there))

    @property
    def seconds(self) -> Floats:
        """(p,) to each demand point, infinite where nothing is reached."""
        return self._seconds.copy()

    @property
    def slot(self) -> Int32s:
        """(p,) int32 slot of the nearest facility, -1 for none."""
        return np.where(self._nearest == _NOBODY, np.int32(-1), self._nearest)

    @property
    def facility(self) -> Int32s:
        """(p,) int32 index of the nearest among the facilities that are there, -1 for none."""
        return self._index(self._nearest)

    @property
    def node_seconds(self) -> Floats:
        """(n,) over the network to each node, as in `times.Nearest`."""
        return self.tn.unfolded.least(self._known[self.tn.rank])[0]

    @property
    def node_facility(self) -> Int32s:
        """(n,) int32 index of the facility nearest to each node, -1 for none."""
        at = self.tn.unfolded.least(self._known[self.tn.rank])[1]
        return self._index(self._label)[self.tn.rank][at]

    def _index(self, slot: Int32s) -> Int32s:
        index = np.searchsorted(np.array(self.slots, dtype=np.int32), slot).astype(np.int32)
        return np.where(slot == _NOBODY, np.int32(-1), index)

    # Edits.

    def add(self, xy: ArrayLike, *, slot: int | None = None) -> int:
        """Add one facility.

        Args:
            xy: (2,) metres.
            slot: Its number; above all others by default.

        Returns:
            The slot.

        Raises:
            InputError: If the slot is taken or the place is not finite.
        """
        number = max(self._there, default=-1) + 1 if slot is None else slot
        if number in self._there or not 0 <= number < _NOBODY:
            raise InputError(
                Said(
                    f"编号 {number} 已被占用或不可用", f"the slot {number} is taken, or is no slot"
                )
            )
        place = _place(xy)
        key = (float(place[0, 0]), float(place[0, 1]))
        others = self._at.setdefault(key, [])
        if not others or number < others[0]:
            if others:
                self._leave(others[0])
            self._enter(number, place)
        others.append(number)
        others.sort()
        self._there[number] = key
        return number

    def remove(self, slot: int) -> None:
        """Remove one facility.

        Raises:
            InputError: If there is no such facility.
        """
        if slot not in self._there:
            raise InputError(
                Said(f"编号 {slot} 没有设施", f"there is no facility in the slot {slot}")
            )
        key = self._there.pop(slot)
        others = self._at[key]
        first = others[0] == slot
        others.remove(slot)
        if first:
            self._leave(slot)
            if others:
                self._enter(others[0], np.array([key]))
        if not others:
            del self._at[key]

    def move(self, slot: int, xy: ArrayLike) -> None:
        """Move one facility, which keeps its slot.

        Raises:
            InputError: As `remove` and `add`.
        """
        _place(xy)
        self.remove(slot)
        self.add(xy, slot=slot)

    def _enter(self, number: int, place: Floats) -> None:
        """Let a facility serve at a place where none does."""
        # All legs: to tell which of them are of use takes longer than to follow them.
        legs = access_legs(self.tn, place[:, 0], place[:, 1], alone=True, source=True)
        stubs = Stubs.of(self.tn, legs, source=True)
        node, seconds = stubs.node, stubs.seconds
        own = np.array([number], dtype=np.int32)
        self._stubs = self._stubs.merged(Rows.of(node, seconds, np.repeat(own, len(node))))
        changed = self._relax(node, seconds)
        lost = self._unsupported(changed)
        self._label[changed] = number
        tie = node[(seconds == self._known[node]) & (number < self._label[node])]
        self._label[tie] = number
        self._support(lost)
        self._before[changed] = self._known[changed]
        touched = self._hand_on(np.concatenate([changed, tie, lost]))
        ways = _private_ways(self.points, place, legs, own)
        self._ways = self._ways.merged(ways)
        self._ask(self._hanging_on(touched, ways.at))

    def _leave(self, slot: int) -> None:
        """Let the facility that serves at a place serve no more."""
        self._stubs, self._ways = self._stubs.without(slot), self._ways.without(slot)
        cell = np.flatnonzero(self._label == slot)
        self._search_cell(cell)
        self._before[cell] = self._known[cell]
        touched = self._hand_on(cell)
        self._ask(self._hanging_on(touched, np.flatnonzero(self._nearest == slot)))

    # Nodes.

    @cached_property
    def _streets(self) -> Streets:
        return Streets.of(self.tn.graph)

    @cached_property
    def _scratch(self) -> Ints:
        return np.full(len(self.tn.order), -1, dtype=np.int64)

    def _first(self, node: Numbers) -> Ints:
        """Each node once; a few writes are cheaper than a sort."""
        position = np.arange(len(node))
        self._scratch[node] = position
        return np.asarray(node[self._scratch[node] == position])

    def _relax(self, node: Numbers, seconds: Floats) -> Ints:
        """Offer times to nodes and hand on what is better; the nodes changed."""
        streets, known = self._streets, self._known
        better = seconds < known[node]
        head, offer = node[better], seconds[better]
        changed = [head]
        # A round is so short that the calls are what it costs: `take` is the quicker way to index.
        while len(head):
            np.minimum.at(known, head, offer)
            tail = head[offer == known.take(head)]  # the best offers; equal ones do no harm
            changed.append(tail)
            heads = streets.head.take(tail, axis=0)
            offers = streets.seconds.take(tail, axis=0)
            offers += known.take(tail)[:, None]
            use = offers < known.take(heads)
            head, offer = heads[use], offers[use]
        return self._first(np.concatenate(changed))

    def _search_cell(self, cell: Ints) -> None:
        """Times and labels of the nodes of a cell that lost its facility."""
        count = len(cell)
        self._known[cell] = np.inf
        at, offer, slot = self._offers(cell)
        seconds, root = _searched(self._inside(cell, at, offer), count)
        self._known[cell] = seconds
        labels = np.full(count, _NOBODY, dtype=np.int32)
        tight = (offer == seconds[at]) & (offer < np.inf)
        np.minimum.at(labels, at[tight], slot[tight])
        self._label[cell] = np.minimum(labels, labels[root])

    def _inside(self, cell: Ints, at: Ints, offer: Floats) -> csr_array:
        """The streets inside a cell, and a node more from which the offers come."""
        streets, count = self._streets, len(cell)
        rim = np.full(count, np.inf)
        np.minimum.at(rim, at, offer)
        offered = np.flatnonzero(rim < np.inf)
        heads, seconds = streets.head.take(cell, axis=0), streets.seconds.take(cell, axis=0)
        self._scratch[heads] = -1
        self._scratch[cell] = np.arange(count)
        local = self._scratch.take(heads)
        inside = (local >= 0) & (seconds < np.inf)
        ends = np.cumsum(inside.sum(axis=1))
        indptr = np.concatenate([[0], ends, [int(inside.sum()) + len(offered)]])
        return csr_array(
            (
                np.concatenate([seconds[inside], rim[offered]]),
                np.concatenate([local[inside], offered]).astype(np.int32),
                indptr.astype(np.int32),
            ),
            shape=(count + 1, count + 1),
        )

    def _offers(self, node: Ints) -> tuple[Ints, Floats, Int32s]:
        """What nodes are offered by their neighbours and by sites beside them.

        Returns:
            Positions in the list of nodes, seconds, slots.
        """
        graph, streets = self.tn.graph, self._streets
        start = streets.into_start[node]
        counts = streets.into_start[node + 1] - start
        edge = streets.into[expand(start, counts)]
        tail = graph.tails[edge]
        row, at = self._stubs.found(node)
        return (
            np.concatenate([np.repeat(np.arange(len(node)), counts), at]),
            np.concatenate([self._known[tail] + graph.seconds[edge], self._stubs.seconds[row]]),
            np.concatenate([self._label[tail], self._stubs.slot[row]]),
        )

    def _unsupported(self, changed: Ints) -> Ints:
        """Nodes that keep their time, and whose label may have rested on a changed node."""
        streets, known, before, label = self._streets, self._known, self._before, self._label
        lost: list[Ints] = []
        tail = changed
        inside: set[int] = set()
        while len(tail):
            heads = streets.head.take(tail, axis=0)
            rested = before.take(tail)[:, None] + streets.seconds.take(tail, axis=0)
            earlier = before.take(heads)
            same = (rested == earlier) & (earlier < np.inf)
            same &= known.take(heads) == earlier
            same &= label.take(heads) == label.take(tail)[:, None]
            reached = heads[same].tolist()
            tail = np.array(sorted(set(reached) - inside), dtype=np.int64)
            inside.update(reached)
            lost.append(tail)
        return np.concatenate(lost) if lost else changed

    def _support(self, lost: Ints) -> None:
        """Label nodes anew by neighbours that keep their labels, and by sites beside them."""
        if not len(lost):
            return
        self._label[lost] = _NOBODY
        at, offer, slot = self._offers(lost)
        tight = offer == self._known[lost[at]]
        np.minimum.at(self._label, lost[at[tight]], slot[tight])

    def _hand_on(self, node: Numbers) -> Ints:
        """Hand lower labels on along tight edges; these nodes, and those they were handed to."""
        streets, known, label = self._streets, self._known, self._label
        touched = [node]
        tail = node
        while len(tail):
            heads = streets.head.take(tail, axis=0)
            lower = label.take(tail)[:, None] < label.take(heads)
            if not lower.any():
                break
            times = known.take(tail)[:, None] + streets.seconds.take(tail, axis=0)
            lower &= times == known.take(heads)
            if not lower.any():
                break
            row, column = np.nonzero(lower)
            head = heads[row, column]
            np.minimum.at(label, head, label[tail[row]])
            tail = self._first(head)
            touched.append(tail)
        return np.concatenate(touched)

    # Points.

    @cached_property
    def _stub_start(self) -> Ints:
        return np.searchsorted(self.points.stubs.point, np.arange(len(self.points) + 1))

    def _hanging_on(self, node: Numbers, also: Ints) -> Ints:
        """Points with a stub at one of the nodes, and others; each once, rising."""
        start, point, _ = self.points.by_node
        first = start[node]
        hit = point[expand(first, start[node + 1] - first)]
        return np.unique(np.concatenate([hit, also]))

    def _ask(self, point: Ints) -> None:
        """Take the nearest of some points, rising, anew from their nodes and their own ways."""
        stubs, ways = self.points.stubs, self._ways
        start = self._stub_start[point]
        counts = self._stub_start[point + 1] - start
        row = expand(start, counts)
        way, way_at = ways.found(point)
        node = stubs.node[row]
        at = np.concatenate([np.repeat(np.arange(len(point)), counts), way_at])
        seconds = np.concatenate([self._known[node] + stubs.seconds[row], ways.seconds[way]])
        slot = np.concatenate([self._label[node], ways.slot[way]])
        best = np.full(len(point), np.inf)
        np.minimum.at(best, at, seconds)
        winner = np.full(len(point), _NOBODY, dtype=np.int32)
        equal = np.flatnonzero((seconds == best[at]) & (seconds < np.inf))
        np.minimum.at(winner, at[equal], slot[equal])
        self._seconds[point], self._nearest[point] = best, winner


def _place(xy: ArrayLike) -> Floats:
    """(1, 2) the coordinates of one facility, checked."""
    return checked_xy(np.asarray(xy, dtype=np.float64).reshape(-1, 2), FACILITY, some=True)


def _searched(matrix: csr_array, source: int) -> tuple[Floats, Ints]:
    """Seconds from the source, the last node, to every other, and the first node of each way."""
    seconds, before, _ = dijkstra(
        matrix, indices=np.array([source]), min_only=True, return_predecessors=True
    )
    return seconds[:source], first_nodes(before[:source])


def _private_ways(points: Points, xy: Floats, legs: AccessLegs, slots: Int32s) -> Rows:
    """Every way of some facilities that never meets a node."""
    point, seconds, facility = zip(*_parts(points, xy, legs), strict=True)
    slot = slots[np.concatenate(facility)]
    return Rows.of(np.concatenate(point), np.concatenate(seconds), slot)


def _parts(
    points: Points, xy: Floats, legs: AccessLegs
) -> Iterator[tuple[Int32s, Floats, Numbers]]:
    for point, leg, seconds, _ in points.same_street(legs, np.arange(len(legs.piece))):
        yield point, seconds, legs.point[leg]
    for facility, (point, seconds) in enumerate(points.direct(xy)):
        yield point, seconds, np.full(len(seconds), facility)
