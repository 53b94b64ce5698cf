"""Greedy, swaps, iterated local search and the Lagrangian bound for the p-median."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coverage.siting.bound import (
    ABOVE,
    BEYOND,
    DEFLECTION,
    LATELY,
    LEAST_SCALE,
    NEARER,
    PATIENCE,
    SHRINK,
    Knapsack,
)
from coverage.siting.search import EPS, Walk, simple_rules

if TYPE_CHECKING:
    from coverage.siting.mip import Clock
    from coverage.siting.problem import Bools, Floats, Ints
    from coverage.siting.rows import Rows
    from coverage.siting.search import Pool

BLOCK = 4_000_000  # numbers that are worked on at once


class MedianWalk:
    """Open sites and, for every point, its nearest and second nearest."""

    def __init__(self, cost: Floats, rows: Rows, chosen: Bools, far: float) -> None:
        self.cost, self.rows, self.far = cost, rows, far
        self.simple = simple_rules(rows) and bool((rows.places > 0)[rows.lower < rows.upper].all())
        self.rule = _RuleBook(rows)
        self.chosen = chosen.copy()
        self.refresh()

    def refresh(self) -> None:
        """Find the nearest two of every point anew."""
        self.inside = np.flatnonzero(self.chosen)
        points = self.cost.shape[1]
        if len(self.inside) == 0:
            self.owner = np.full(points, -1)
            self.first, self.second = np.full(points, self.far), np.full(points, self.far)
            return
        part = self.cost[self.inside]
        at = part.argmin(axis=0)
        self.owner = self.inside[at]
        self.first = part[at, np.arange(points)]
        if len(self.inside) > 1:
            part[at, np.arange(points)] = self.far
            self.second = np.minimum(part.min(axis=0), self.far)
        else:
            self.second = np.full(points, self.far)

    @property
    def value(self) -> float:
        """Total cost; a point that nobody reaches costs `far`."""
        return float(self.first.sum())

    def gains(self) -> Floats:
        """(candidates,) what opening each would save."""
        out = np.empty(len(self.chosen))
        for part in self._blocks():
            out[part] = np.maximum(self.first - self.cost[part], 0.0).sum(axis=1)
        return out

    def _blocks(self) -> list[slice]:
        step = max(1, BLOCK // max(1, self.cost.shape[1]))
        return [slice(k, k + step) for k in range(0, len(self.chosen), step)]

    def swaps(self) -> tuple[Ints, Floats]:
        """Sites that may be shut, and (sites, candidates) what each swap saves; -inf if barred."""
        free = self.chosen & (self.rows.lower == 0)
        out = np.flatnonzero(free)
        order = np.argsort(self.owner, kind="stable")
        owners, starts = np.unique(self.owner[order], return_index=True)
        saves = np.empty((len(out), len(self.chosen)))
        at = np.searchsorted(out, owners)
        mine = (
            (at < len(out)) & (out[np.minimum(at, len(out) - 1)] == owners) if len(out) else at < 0
        )
        first, second = self.first[order], self.second[order]
        for part in self._blocks():
            cost = self.cost[part][:, order]
            change = first - cost
            gain = np.maximum(change, 0.0).sum(axis=1)
            saves[:, part] = gain[None, :]
            lost = np.minimum(np.maximum(change, first - second), 0.0)
            by_owner = np.add.reduceat(lost, starts, axis=1)
            saves[at[mine], part] += by_owner[:, mine].T
        saves[:, self.chosen | (self.rows.upper == 0)] = -np.inf
        if not self.simple:
            for k, site in enumerate(out):
                saves[k, ~self.rule.addable(self.chosen, int(site))] = -np.inf
        return out, saves

    def open_best(self, rng: np.random.Generator | None = None, top: int = 1) -> bool:
        """Open the site that saves most (or one of the `top`); whether there was one."""
        may = self.rule.addable(self.chosen)
        gain = np.where(may, self.gains(), -np.inf)
        best = int(gain.argmax())
        if not gain[best] > EPS:
            return False
        if rng is not None and top > 1:
            some = np.argsort(-gain, kind="stable")[:top]
            best = int(rng.choice(some[gain[some] > EPS]))
        self.chosen[best] = True
        self.refresh()
        return True

    def climb(self, pool: Pool, clock: Clock) -> float:
        """Open and swap while that saves anything; the cost reached."""
        while self.open_best():
            pass
        while not clock.over:
            out, saves = self.swaps()
            if not saves.size:
                break
            value = self.value
            _remember(pool, self, out, saves, value)
            k, i = np.unravel_index(int(saves.argmax()), saves.shape)
            if not saves[k, i] > EPS * max(1.0, value):
                break
            self.chosen[out[k]], self.chosen[i] = False, True
            self.refresh()
            while self.open_best():
                pass
        pool.add(np.flatnonzero(self.chosen), -self.value)
        return self.value


class _RuleBook:
    """What the rules allow; a cover walk over no points."""

    def __init__(self, rows: Rows) -> None:
        from scipy.sparse import csr_array

        from coverage.siting.search import Landscape

        count = len(rows.lower)
        nothing = csr_array((count, 1))
        self.rows = rows
        self.walk = Walk(Landscape.of(nothing, np.zeros(1), rows), rows.lower > 0)

    def addable(self, chosen: Bools, without: int = -1) -> Bools:
        self.walk.chosen = chosen
        self.walk.load = self.rows.matrix @ chosen.astype(float)
        return self.walk.addable(without)


def _remember(pool: Pool, walk: MedianWalk, out: Ints, saves: Floats, value: float) -> None:
    if -value < pool.best - EPS:
        return
    pool.best = max(pool.best, -value)
    flat = saves.ravel()
    some = min(60, flat.size)
    for at in np.argpartition(-flat, some - 1)[:some]:
        if np.isfinite(flat[at]):
            k, i = divmod(int(at), saves.shape[1])
            inside = walk.inside
            pool.add(np.append(inside[inside != out[k]], i), float(flat[at]) - value)


def iterate_median(
    cost: Floats,
    rows: Rows,
    start: Bools,
    *,
    far: float,
    kicks: int,
    seed: int,
    clock: Clock,
    pool: Pool,
    enough: float = -np.inf,
) -> Bools:
    """Iterated local search from open sites that keep the rules; the best met.

    Args:
        cost: (candidates, points) finite.
        rows: Rules.
        start: Open sites.
        far: Cost of a point that nobody reaches.
        kicks: How often to shake.
        seed: Of the shaking.
        clock: Time left.
        pool: Where answers are remembered (values negated).
        enough: Stop at this cost.
    """
    rng = np.random.default_rng(seed)
    walk = MedianWalk(cost, rows, start, far)
    best = walk.climb(pool, clock)
    kept = walk.chosen.copy()
    for kick in range(kicks):
        if clock.over or best <= enough + EPS:
            break
        walk.chosen = kept.copy()
        inside = np.flatnonzero(walk.chosen & (rows.lower == 0))
        if not len(inside):
            break
        size = min(len(inside), 2 + kick % 3)
        some = _some(walk, inside, size, rng, near=kick % 2 == 1)
        for site in some:
            walk.chosen[site] = False
            if not walk.simple and not rows.hold(walk.chosen):
                walk.chosen[site] = True
        walk.refresh()
        if not walk.open_best(rng, top=8 + 4 * size):
            continue
        value = walk.climb(pool, clock)
        if value < best - EPS * max(1.0, best):
            best, kept = value, walk.chosen.copy()
    return kept


def _some(
    walk: MedianWalk, inside: Ints, size: int, rng: np.random.Generator, *, near: bool
) -> Ints:
    """Random open sites, or one and those that serve the points next to its own."""
    if not near:
        return np.asarray(rng.choice(inside, size, replace=False))
    middle = int(rng.choice(inside))
    walk.refresh()
    points = walk.owner == middle
    if not points.any():
        return np.asarray(rng.choice(inside, size, replace=False))
    far = walk.cost[inside][:, points].sum(axis=1)
    return inside[np.argsort(far, kind="stable")[:size]]


@dataclass(eq=False)
class MedianBound:
    """A bound on the total cost, and what it settles.

    Attributes:
        bound: No allowed sites cost less.
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


def median_bound(
    cost: Floats,
    rows: Rows,
    u: Floats,
    *,
    known: float,
    clock: Clock,
    rounds: int,
    before: MedianBound | None = None,
    first_scale: float = 1.0,
) -> MedianBound:
    """Bound the least total cost: every point is served once, relaxed by prices `u`.

    `L(u) = sum_j u_j - max over allowed y of sum_i y_i sum_j max(0, u_j - c_ij)`.

    Args:
        cost: (candidates, points), infinite where there is no way.
        rows: Rules; one of them is kept, see `bound.Knapsack`.
        u: Prices to begin with.
        known: Only answers of less than this are of interest.
        clock: Time left.
        rounds: Most steps.
        before: What was settled already.
        first_scale: Of the steps at first; small where `u` is good already.
    """
    bag = Knapsack.of(rows)
    best = before or MedianBound(
        -np.inf,
        u,
        rows.upper == 0,
        bag.forced.copy(),
        np.zeros(len(rows.upper)),
        np.zeros(len(rows.upper)),
        bag.forced,
    )
    scale, since = first_scale, 0
    direction = np.zeros_like(u)
    live = np.flatnonzero(~best.shut)
    inner_cost = cost[live]
    aim = np.inf
    for _ in range(rounds):
        if len(live) > 1.3 * (~best.shut).sum():
            live = np.flatnonzero(~best.shut)
            inner_cost = cost[live]
        value = np.zeros(len(best.shut))
        value[live] = np.maximum(u - inner_cost, 0.0).sum(axis=1)
        price, chosen = bag.price(value)
        inner, reduced = bag.ceiling(value, price)
        bound = float(u.sum()) - inner
        if not np.isfinite(aim):  # beyond what is to be reached, or the last steps would be nothing
            aim = known + BEYOND * max(known - bound, 0.0) + ABOVE * abs(known)
        out = bag.free & (reduced < 0) & (bound - reduced >= known)
        best.shut |= out
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
        slope = 1.0 - (cost[np.flatnonzero(chosen)] < u).sum(axis=0)
        direction = slope + DEFLECTION * direction
        norm = float(direction @ direction)
        if norm == 0.0:
            break
        u = np.maximum(u + scale * (aim - bound) / norm * direction, 0.0)
    return best
