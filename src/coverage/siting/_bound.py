"""Lagrangian relaxation of covering and of the p-median, and the sites that its bound settles.

Covering (Galvão and ReVelle 1996): with `z` relaxed by multipliers `u` in [0, w], the most
that can be reached is at most `sum (w - u) + max over sites of sum over i of (A u)_i y_i`.
The p-median (Cornuéjols, Fisher and Nemhauser 1977): every point is served once, relaxed by
prices `u`, and no answer costs less than
`sum u - max over sites of sum over i of y_i sum over j of max(0, u_j - c_ij)`.

The inner part is a knapsack on one rule (the number of sites, or the budget), solved
with its dual price. The other rules are left out, which keeps the bound true.
A site whose reduced value would bring the bound beyond a known answer is shut
for good, one that cannot be missed is open for good.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from collections.abc import Callable

    from coverage.siting._ask import Ask
    from coverage.siting._rules import Rows
    from coverage.siting._sites import Bools, Floats, Ints
    from coverage.siting._solver import Clock

# Of the subgradient method: found by trying, on census blocks and a prefecture.
BEYOND, ABOVE = 0.1, 5e-5  # what is aimed at: beyond the known value, of the gap, of the value
DEFLECTION = 0.85
PATIENCE = 20
SHRINK = 0.7
NEARER = 1e-5
LEAST_SCALE = 1e-3
LATELY = 0.02
STEPS = 70  # in one node of branch and bound
MOST_NODES = 20_000


@dataclass(frozen=True, eq=False)
class Knapsack:
    """One rule "weight @ y <= room" and bounds on `y`; the rest of the rules relaxed.

    Attributes:
        weight: (candidates,) at least 0.
        room: What is left for free candidates.
        free: (candidates,) may be open and need not.
        forced: (candidates,) must be open.
    """

    weight: Floats
    room: float
    free: Bools
    forced: Bools

    @classmethod
    def of(cls, rows: Rows) -> Knapsack:
        """The rule that binds most of some rules: the number of new sites before the budget."""
        forced = rows.lower > 0
        free = (rows.upper > 0) & ~forced
        best = cls(np.zeros(len(free)), np.inf, free, forced)
        order = {"new": 0, "open": 1, "budget": 2}
        found = sorted((order[name], k) for k, name in enumerate(rows.names) if name in order)
        for _, k in found:
            row = rows.matrix[[k]].toarray().ravel()
            if (row >= 0).all():
                room = rows.high[k] - float(row[forced].sum())
                return cls(row, room, free, forced)
        return best

    def price(self, value: Floats) -> tuple[float, Bools]:
        """Dual price of the rule at `value` a site, and an answer of the relaxed knapsack."""
        use = self.free & (value > 0)
        if not np.isfinite(self.room) or self.weight[use].sum() <= self.room:
            return 0.0, use | self.forced
        held = np.flatnonzero(use & (self.weight > 0))
        ratio = value[held] / self.weight[held]
        order = held[np.argsort(-ratio, kind="stable")]
        filled = np.cumsum(self.weight[order])
        last = int(np.searchsorted(filled, self.room * (1 + 1e-12), side="right"))
        chosen = use & (self.weight == 0)
        chosen[order[:last]] = True
        price = value[order[last]] / self.weight[order[last]] if last < len(order) else 0.0
        return float(price), chosen | self.forced

    def ceiling(self, value: Floats, price: float) -> tuple[float, Floats]:
        """Upper bound on the value of allowed sites, and the reduced value of every site."""
        reduced = value - price * self.weight
        room = price * self.room if price > 0 else 0.0
        total = float(np.maximum(reduced[self.free], 0.0).sum())
        return total + room + float(value[self.forced].sum()), reduced


@dataclass(eq=False)
class Bound:
    """A bound on the goal, and what it settles.

    Attributes:
        bound: No allowed sites are better, if any are better than what is known already.
        u: (points,) its multipliers.
        shut: (candidates,) in no better answer.
        must: (candidates,) in every better answer.
        reduced: (candidates,) reduced value at the best multipliers.
        share: (candidates,) how often each was open lately: nearly a relaxed answer.
        chosen: (candidates,) open at the best multipliers.
    """

    bound: float
    u: Floats
    shut: Bools
    must: Bools
    reduced: Floats
    share: Floats
    chosen: Bools

    @classmethod
    def none(cls, rows: Rows, bag: Knapsack, u: Floats) -> Bound:
        """Nothing but what the rules settle."""
        zero = np.zeros(len(rows.upper))
        return cls(-np.inf, u, rows.upper == 0, bag.forced.copy(), zero, zero.copy(), bag.forced)


class _Cover:
    """Covering, relaxed, as a cost: what is reached counts below 0.

    Multipliers of points with many people move in larger steps (by the root of
    their worth), which brings the bound to that of the linear relaxation
    several times sooner.

    Attributes:
        root: By which the steps of the multipliers are multiplied.
        top: What no multiplier exceeds.
        fewer: By how many times fewer sites must be left for the arrays to be cut down.
    """

    fewer = 1.25

    def __init__(self, ask: Ask) -> None:
        self.ask, self.matrix, self.by_point = ask, ask.matrix, ask.by_point
        self.root, self.top = np.sqrt(ask.once), ask.once
        self.live = np.arange(ask.matrix.shape[0])

    def only(self, live: Ints) -> None:
        """Work on some sites only."""
        if len(live) < len(self.live):
            self.live, self.matrix = live, csr_array(self.ask.matrix[live])
            self.by_point = csr_array(self.matrix.T)

    def value(self, u: Floats) -> Floats:
        """Value of each of these sites."""
        return np.asarray(self.matrix @ u)

    def outside(self, u: Floats) -> float:
        """What the multipliers alone come to."""
        return -float((self.top - u).sum())

    def missed(self, u: Floats, chosen: Bools) -> Floats:  # noqa: ARG002 alike at all u
        """1 less how often open sites serve each point."""
        return 1.0 - np.asarray(self.by_point @ chosen[self.live].astype(float))


class _Median:
    """The p-median, relaxed, as `_Cover`; (candidates, points) costs, infinite for no way."""

    root, top, fewer = 1.0, np.inf, 1.3

    def __init__(self, cost: Floats) -> None:
        self.cost = self.live = cost

    def only(self, live: Ints) -> None:
        self.live = self.cost[live]

    def value(self, u: Floats) -> Floats:
        return np.asarray(np.maximum(u - self.live, 0.0).sum(axis=1))

    def outside(self, u: Floats) -> float:
        return float(u.sum())

    def missed(self, u: Floats, chosen: Bools) -> Floats:
        return np.asarray(1.0 - (self.cost[np.flatnonzero(chosen)] < u).sum(axis=0))


def _descend(
    asked: _Cover | _Median,
    rows: Rows,
    best: Bound,
    bag: Knapsack,
    *,
    known: float,
    clock: Clock,
    rounds: int,
    scale: float,
) -> Bound:
    """Raise the bound by the deflected subgradient method.

    Args:
        asked: The relaxed question.
        rows: Rules; one of them is kept.
        best: What is known already.
        bag: The rule that is kept.
        known: Only answers of less than this are of interest.
        clock: Time left.
        rounds: Most steps.
        scale: Of the steps at first; small where the multipliers are good already.
    """
    u, since, aim = best.u, 0, np.inf
    direction = np.zeros_like(u)
    live = np.flatnonzero(~best.shut)
    asked.only(live)
    for _ in range(rounds):
        left = np.flatnonzero(~best.shut)
        if len(live) > asked.fewer * len(left):  # what is settled is no longer worked on
            live = left
            asked.only(live)
        value = np.zeros(len(rows.upper))
        value[live] = asked.value(u)
        price, chosen = bag.price(value)
        inner, reduced = bag.ceiling(value, price)
        bound = asked.outside(u) - inner
        if not np.isfinite(aim):  # beyond what is to be reached, or the last steps would be nothing
            aim = known + BEYOND * max(known - bound, 0.0) + ABOVE * abs(known)
        best.shut |= bag.free & (reduced < 0) & (bound - reduced >= known)
        best.must |= bag.free & (reduced > 0) & (bound + reduced >= known)
        since = 0 if bound > best.bound + NEARER * abs(known - best.bound) else since + 1
        if bound > best.bound:
            best.bound, best.u, best.reduced, best.chosen = bound, u.copy(), reduced, chosen
        best.share += LATELY * (chosen - best.share)
        if best.bound >= known or clock.over or scale < LEAST_SCALE:
            break
        if since >= PATIENCE:
            scale, since, u = scale * SHRINK, 0, best.u.copy()
            direction[:] = 0.0
            continue
        slope = asked.missed(u, chosen)
        slope[(u <= 0) & (slope < 0)] = 0.0
        slope[(u >= asked.top) & (slope > 0)] = 0.0
        direction = slope * asked.root + DEFLECTION * direction
        norm = float(direction @ direction)
        if norm == 0.0:
            break
        u = np.clip(u + scale * (aim - bound) / norm * direction * asked.root, 0.0, asked.top)
    return best


def cover_bound(
    ask: Ask,
    *,
    known: float,
    clock: Clock,
    rounds: int = 400,
    u: Floats | None = None,
    scale: float = 1.0,
    rows: Rows | None = None,
) -> Bound:
    """Bound the value of the best cover from above.

    Args:
        ask: The question; only what is reached once counts.
        known: Only answers of more than this are of interest.
        clock: Time left.
        rounds: Most steps.
        u: Multipliers to begin with.
        scale: Of the steps at first; small where `u` is good already.
        rows: Rules in the place of the question's own.
    """
    rows = ask.rows if rows is None else rows
    bag = Knapsack.of(rows)
    if u is None:
        u = ask.once / np.sqrt(np.maximum(1.0, np.diff(ask.by_point.indptr)))
    best = _descend(
        _Cover(ask),
        rows,
        Bound.none(rows, bag, u),
        bag,
        known=-known,
        clock=clock,
        rounds=rounds,
        scale=scale,
    )
    best.bound = -best.bound
    return best


def least_whole(low: float, high: float, possible: Callable[[float], bool]) -> float:
    """The least whole number above `low` that is possible, by halving; `high` is."""
    while high - low > 1:
        middle = float((low + high) // 2)
        low, high = (low, middle) if possible(middle) else (middle, high)
    return high


def median_bound(
    cost: Floats,
    rows: Rows,
    u: Floats,
    *,
    known: float,
    clock: Clock,
    rounds: int,
    before: Bound | None = None,
    scale: float = 1.0,
) -> Bound:
    """Bound the least total cost from below.

    Args:
        cost: (candidates, points), infinite where there is no way.
        rows: Rules.
        u: Prices to begin with.
        known: Only answers of less than this are of interest.
        clock: Time left.
        rounds: Most steps.
        before: What was settled already.
        scale: Of the steps at first; small where `u` is good already.
    """
    bag = Knapsack.of(rows)
    best = before or Bound.none(rows, bag, u)
    return _descend(
        _Median(cost), rows, best, bag, known=known, clock=clock, rounds=rounds, scale=scale
    )


def branch(
    cost: Floats,
    rows: Rows,
    root: Bound,
    *,
    known: Callable[[], float],
    take: Callable[[Bools], None],
    clock: Clock,
) -> float:
    """Close the gap of a p-median with few sites; what no answer can cost less than.

    With few sites the relaxation leaves a gap that HiGHS closes slowly, node by
    node of a large linear model. Here a node is a few dozen steps of the
    subgradient method from its parent's prices, a few milliseconds.

    Args:
        cost: (candidates, points), infinite where there is no way.
        rows: Rules; a number of sites is the only one.
        root: The bound found so far, with what is settled.
        known: Only answers of less than this are of interest.
        take: Told every answer met.
        clock: Time left.
    """
    heap = [(root.bound, 0, root)]
    room = rows.high[0] if len(rows.high) else np.inf
    number = 0
    while heap:
        bound, _, state = heapq.heappop(heap)
        if bound >= known():
            return known()
        if clock.over or number >= MOST_NODES:
            return bound
        free = np.flatnonzero(~state.shut & ~state.must)
        if not len(free) or state.must.sum() >= room:
            chosen = state.must if state.must.sum() >= room else ~state.shut
            take(chosen)
            continue
        at = int(free[np.abs(state.share[free] - 0.5).argmin()])
        for opened in (True, False):
            lower, upper = state.must.astype(float), (~state.shut).astype(float)
            lower[at], upper[at] = (1.0, 1.0) if opened else (0.0, 0.0)
            if lower.sum() > room:
                continue
            child = median_bound(
                cost,
                replace(rows, lower=lower, upper=upper),
                state.u.copy(),
                known=known(),
                clock=clock,
                rounds=STEPS,
                scale=0.5,
            )
            number += 1
            if child.chosen.any():
                take(child.chosen)
            if (child.shut & child.must).any() or child.bound >= known():
                continue
            child.bound = max(child.bound, state.bound)
            heapq.heappush(heap, (child.bound, number, child))
    return known()
