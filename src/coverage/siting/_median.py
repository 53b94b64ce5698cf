"""The p-median: least total travel time, people to their nearest open site.

Greedy, swaps and iterated local search, a Lagrangian bound that settles most sites, branch and
bound where few are open, HiGHS for the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from coverage.siting._answer import WITHIN, Control, Result
from coverage.siting._ask import TINY, Ask
from coverage.siting._bound import Bound, branch, median_bound
from coverage.siting._inputs import whole
from coverage.siting._order import LARGEST, in_turn, ordered, slack_of, unsettled
from coverage.siting._relief import impossible
from coverage.siting._search import EPS, Climb, Pool, Walk, beginning, simple_rules
from coverage.siting._sites import Bools, Floats, Ints, opened
from coverage.siting._solver import WHOLE, Clock, Mip, Stack, solve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.siting._order import Goal
    from coverage.siting._rules import Rows

STAGES = ((8, 250), (30, 500), (60, 900), (60, 900))  # kicks of the search, steps of the bound
FEW_SITES = 25  # for which branching on the Lagrangian bound beats HiGHS
EASY = 6_000  # pairs that HiGHS may be given before the bound has been tried hard
BLOCK = 4_000_000  # numbers that are worked on at once


def least_travel(
    cost: Floats, people: Floats, rows: Rows, control: Control, goals: Sequence[Goal] = ()
) -> Result:
    """Sites with the least total cost: search, bound, HiGHS; of equals the first by some goals.

    Args:
        cost: (candidates, points), infinite where there is no way.
        people: (points,) only for messages.
        rows: Rules.
        control: How hard to try.
        goals: What decides between equals, see `_order`.

    Raises:
        InfeasibleError: If not everyone can be served.
    """
    work = Least(cost, rows, control)
    work.run()
    if work.best is None:  # a cover question: who can be reached at all?
        everyone = Ask.everyone(csr_array(np.isfinite(cost).astype(float)), rows, once=people)
        raise impossible(everyone, control.clock, sure=not control.clock.over)
    met = [opened(len(rows.upper), list(found)) for found, _ in work.pool.ranked()]
    near = [(one, work.cost_of(one)) for one in met]
    near = [one for one in near if one[1] <= work.value * (1 + WITHIN) + TINY]
    near.sort(key=lambda choice: choice[1])
    result = Result(work.best, work.value, min(work.bound, work.value), near)
    return work.first_of_equals(result, goals) if goals else result


class Least:
    """The search for the least cost; `best`, `value` and `bound` always hold."""

    def __init__(self, cost: Floats, rows: Rows, control: Control) -> None:
        self.cost, self.rows, self.control = cost, rows, control
        known = np.where(np.isfinite(cost), cost, 0.0)
        greatest = known.max(axis=0)
        self.step = float(whole(greatest) and (known == np.round(known)).all())
        self.far = 2.0 * float(greatest.sum()) + 1.0
        self.finite = np.where(np.isfinite(cost), cost, self.far)
        self.pool = Pool(1.0 + WITHIN)  # values are below 0: the share of the best is more of it
        self.best: Bools | None = None
        self.value = np.inf
        self.bound = -np.inf
        self.settled: Bound | None = None

    def cost_of(self, chosen: Bools) -> float:
        """Total cost of open sites, infinite if somebody is not served."""
        if not chosen.any():
            return 0.0 if self.cost.shape[1] == 0 else np.inf
        return float(self.cost[chosen].min(axis=0).sum())

    def first_of_equals(self, result: Result, goals: Sequence[Goal]) -> Result:
        """Of all answers that cost as little the first by some goals.

        The bound is asked again which sites and pairs answers as good may use: mostly few.
        """
        limit = self.value + slack_of(self.value, whole=bool(self.step))
        live, must = np.flatnonzero(self.rows.upper > 0), self.rows.lower > 0
        pairs = np.isfinite(self.cost[live])
        if self.settled is not None:
            again = median_bound(
                self.cost, self.rows, self.settled.u, known=limit, clock=Clock.of(None), rounds=1
            )
            live, must, pairs = np.flatnonzero(~again.shut), again.must, self._pairs(again, limit)
        if pairs.sum() > LARGEST:
            return ordered(result, result.chosen, unsettled(goals))
        model, (i, j) = median_model(
            self.cost[live], pairs, self.rows.narrowed(live, must), at_most=limit
        )
        values = assignment(self.cost[live], i, j, result.chosen[live])
        if values is None or (must & ~result.chosen).any():
            return ordered(result, result.chosen, unsettled(goals))
        some = [goal.only(live) for goal in goals]
        values, levels = in_turn(model, values, some, len(live), self.control)
        chosen = opened(len(self.rows.upper), live[values[: len(live)] > 0.5])
        fine = self.rows.hold(chosen) and self.cost_of(chosen) <= limit
        return ordered(result, chosen if fine else result.chosen, levels)

    @property
    def known(self) -> float:
        """Only answers of less than this are of interest."""
        if not np.isfinite(self.value):
            return float(self.far * self.cost.shape[1])
        return self.value - self._gap

    @property
    def _gap(self) -> float:
        """By how much a better answer is better at least."""
        return WHOLE if self.step else TINY * max(1.0, abs(self.value))

    @property
    def _over(self) -> bool:
        """Whether nothing is left to be done, or no time to do it."""
        return self.closed or self.control.clock.over

    @property
    def closed(self) -> bool:
        """Whether nothing better can exist, or what was found is good enough."""
        if self.best is None:
            return False
        near = self.value - self.bound <= self.control.gap * abs(self.value)
        return self.bound >= self.known or near

    def take(self, chosen: Bools) -> None:
        """Keep an answer if it is the best one."""
        value = self.cost_of(chosen)
        if value < self.value and self.rows.hold(chosen):
            self.best, self.value = chosen.copy(), value

    def run(self) -> None:
        """Search and bound by turns, then HiGHS."""
        if not self.cost.shape[1]:
            self._nobody()
            return
        start = beginning(Ask.rules_only(self.rows))
        for kicks, rounds in STAGES:
            if start is not None:
                start = iterate_median(
                    self.finite,
                    self.rows,
                    start if self.best is None else self.best,
                    far=self.far,
                    kicks=kicks,
                    seed=self.control.seed + kicks,
                    clock=self.control.clock,
                    pool=self.pool,
                    enough=self.bound,
                )
                self.take(start)
            self._bound(rounds, start)
            self._from_prices()
            if self._over:
                break
            if self._may_pairs().sum() <= EASY or (rounds > STAGES[0][1] and self._few()):
                break
        if not self._over:
            self._branch()
        if not self._over:
            self._exact()
        if self.step and np.isfinite(self.bound):
            self.bound = float(np.ceil(self.bound - 5e-5))
        self.bound = min(self.bound, self.value)

    def _nobody(self) -> None:
        """Without anybody to serve any allowed sites do."""
        done = solve(
            median_model(self.cost, np.zeros(self.cost.shape, dtype=bool), self.rows)[0],
            clock=self.control.clock,
        )
        if done.values is not None:
            self.take(done.values[: len(self.rows.upper)] > 0.5)
            self.bound = self.value

    def _bound(self, rounds: int, start: Bools | None) -> None:
        if self.settled is not None:
            u = self.settled.u
        elif start is not None:
            walk = MedianWalk(self.finite, self.rows, start, self.far)
            u = np.minimum(walk.second, 3.0 * walk.first + float(walk.first.mean()))
        else:
            u = np.where(np.isfinite(self.cost), self.cost, 0.0).max(axis=0)
        self.settled = median_bound(
            self.cost,
            self.rows,
            u,
            known=self.known,
            clock=self.control.clock,
            rounds=rounds,
            before=self.settled,
        )
        self.bound = max(self.bound, self.settled.bound)

    def _from_prices(self) -> None:
        """Climb from the sites that the prices like: better starts than the greedy one."""
        found = self.settled
        if found is None or self.closed:
            return
        order = np.argsort(-found.share, kind="stable")
        likely = opened(len(order), order[: int(found.chosen.sum())])
        for chosen in (found.chosen, likely):
            if not chosen.any() or not self.rows.hold(chosen) or self.control.clock.over:
                continue
            walk = MedianWalk(self.finite, self.rows, chosen, self.far)
            walk.climb(self.pool, self.control.clock)
            self.take(walk.chosen)

    def _few(self) -> bool:
        """Whether a number of sites, a small one, is the only rule."""
        alone = len(self.rows.high) == 1 and simple_rules(self.rows)
        return alone and bool(self.rows.high[0] <= FEW_SITES)

    def _branch(self) -> None:
        """Branch and bound where a number of sites, a small one, is the only rule."""
        if self.settled is None or self.best is None or not self._few():
            return
        if (self.settled.shut & self.settled.must).any():
            self.bound = max(self.bound, self.known)
            return
        floor = branch(
            self.cost,
            self.rows,
            self.settled,
            known=lambda: self.known,
            take=self.take,
            clock=self.control.clock,
        )
        self.bound = max(self.bound, min(floor, self.known))

    def _may_pairs(self) -> Any:
        """(live, points) pairs that a better answer may use."""
        if self.settled is None:
            return np.isfinite(self.cost)
        return self._pairs(self.settled, self.known)

    def _pairs(self, found: Bound, known: float) -> Any:
        """(live, points) pairs that an answer of less than `known` may use."""
        live = ~found.shut
        cost = self.cost[live]
        dear = np.where(found.must[live], 0.0, np.maximum(-found.reduced[live], 0.0))  # else paid
        extra = dear[:, None] + np.maximum(cost - found.u, 0.0)
        pairs = np.isfinite(cost) & (found.bound + extra < known)
        must = found.must[live]
        if must.any():  # nobody goes farther than to a site that is open anyway
            nearest = cost[must].min(axis=0)
            pairs &= cost <= nearest
        return pairs

    def _exact(self) -> None:
        """HiGHS over the sites and pairs that are not settled."""
        found, pairs = self.settled, self._may_pairs()
        if found is None or (found.shut & found.must).any() or not pairs.any(axis=0).all():
            self.bound = max(self.bound, self.known)
            return
        live = np.flatnonzero(~found.shut)
        model, (i, j) = median_model(self.cost[live], pairs, self.rows.narrowed(live, found.must))
        start = None
        if self.best is not None and self.best[live].sum() == self.best.sum():
            start = assignment(self.cost[live], i, j, self.best[live])
        done = solve(
            model,
            clock=self.control.clock,
            seed=self.control.seed,
            start=start,
            cutoff=self.known if np.isfinite(self.value) and start is None else np.inf,
            gap=self._gap,
            relative=self.control.gap,
        )
        if done.values is not None:
            chosen = opened(len(self.rows.upper), live[done.values[: len(live)] > 0.5])
            self.take(chosen)
            self.pool.add(np.flatnonzero(chosen), -self.cost_of(chosen))
        floor = done.bound
        if np.isfinite(self.value):
            floor = min(floor, self.value)
        self.bound = max(self.bound, floor)


def median_model(
    cost: Floats,
    pairs: Any,
    rows: Rows,
    *,
    without: Sequence[Bools] = (),
    at_most: float | None = None,
) -> tuple[Mip, tuple[Ints, Ints]]:
    """The p-median over some pairs of sites and points; sites come first, then the pairs."""
    sites, points = cost.shape
    i, j = np.nonzero(pairs)
    count = len(i)
    stack = Stack(size=sites + count)
    every = np.arange(count)
    ones = np.ones(count)
    stack.add([(sites, csr_array((ones, (j, every)), shape=(points, count)))], 1.0, 1.0)
    site = csr_array((ones, (every, i)), shape=(count, sites))
    used = csr_array((-ones, (every, every)), shape=(count, count))
    stack.add([(0, site), (sites, used)], 0.0, np.inf)
    stack.under(rows, without)
    goal = np.concatenate([np.zeros(sites), cost[i, j]])
    return stack.model(goal, rows, np.arange(stack.size) < sites, at_most), (i, j)


def assignment(cost: Floats, i: Ints, j: Ints, chosen: Bools) -> Floats | None:
    """All variables of `median_model` at open sites; None if the pairs do not hold it."""
    open_pair = chosen[i]
    paid = np.where(open_pair, cost[i, j], np.inf)
    best = np.full(cost.shape[1], np.inf)
    np.minimum.at(best, j, paid)
    if not np.isfinite(best).all():
        return None
    use = np.flatnonzero(paid <= best[j])
    _, first = np.unique(j[use], return_index=True)
    x = np.zeros(len(i))
    x[use[first]] = 1.0
    return np.concatenate([chosen.astype(float), x])


# Search.


class MedianWalk(Climb):
    """Open sites and, for every point, its nearest and second nearest."""

    def __init__(self, cost: Floats, rows: Rows, chosen: Bools, far: float) -> None:
        self.cost, self.rows, self.far = cost, rows, far
        self.simple = simple_rules(rows) and bool((rows.places > 0)[rows.lower < rows.upper].all())
        self.rule = Walk(Ask.rules_only(rows), rows.lower > 0)
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
        """Total cost, below 0; a point that nobody reaches costs `far`."""
        return -float(self.first.sum())

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
                saves[k, ~self.addable(int(site))] = -np.inf
        return out, saves

    def addable(self, without: int = -1) -> Bools:
        """As `Climb.addable`."""
        self.rule.chosen = self.chosen
        self.rule.load = self.rows.matrix @ self.chosen.astype(float)
        return self.rule.addable(without)

    def flip(self, *sites: int) -> None:
        """Open or shut some sites."""
        self.chosen[list(sites)] = ~self.chosen[list(sites)]
        self.refresh()

    def good(self, gain: Floats, top: int) -> Ints:
        """As `Climb.good`, the best first."""
        some = np.argsort(-gain, kind="stable")[:top]
        return np.asarray(some[gain[some] > EPS])


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
        pool: Where answers are remembered, by cost below 0.
        enough: Stop at this cost.
    """
    rng = np.random.default_rng(seed)
    walk = MedianWalk(cost, rows, start, far)
    best = walk.climb(pool, clock)
    kept = walk.chosen.copy()
    for kick in range(kicks):
        if clock.over or -best <= enough + EPS:
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
        if value > best + EPS * max(1.0, abs(best)):
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
