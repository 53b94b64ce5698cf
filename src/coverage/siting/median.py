"""The p-median: least total travel time, people to their nearest open site."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from coverage.siting.answer import WITHIN, Result, choose_alternatives, parameters, told
from coverage.siting.branch import branch
from coverage.siting.control import NODES, TINY, Control, limited, scale_of
from coverage.siting.cover_mip import exclusions, rules
from coverage.siting.explain import InfeasibleError, out_of_reach
from coverage.siting.median_search import (
    MedianWalk,
    iterate_median,
    median_bound,
)
from coverage.siting.mip import WHOLE, Stack, solve
from coverage.siting.problem import people_of, times_of
from coverage.siting.rows import Rows
from coverage.siting.search import Landscape, Pool, beginning, simple_rules
from coverage.siting.targets import whole

if TYPE_CHECKING:
    from coverage.siting.answer import Answer
    from coverage.siting.median_search import (
        MedianBound,
    )
    from coverage.siting.mip import Clock, Mip
    from coverage.siting.problem import Bools, Floats, Ints, Sites

STAGES = ((8, 250), (30, 500), (60, 900), (60, 900))  # kicks of the search, steps of the bound
FEW_SITES = 25  # for which branching on the Lagrangian bound beats HiGHS
EASY = 6_000  # pairs that HiGHS may be given before the bound has been tried hard


def p_median(
    times: Any,
    people: Any,
    sites: Sites,
    *,
    seconds: float | None = None,
    seed: int = 0,
    gap: float = 0.0,
    alternatives: int = 3,
) -> Answer:
    """The p-median problem (Hakimi 1964): `sites.max_new` sites, the least total travel time.

    `min sum_ij w_j t_ij x_ij` with `sum_i x_ij = 1`, `x_ij <= y_i`, `y` in `Y` (the rules,
    at most `p = sites.max_new` new sites among them). Everyone goes to the nearest open site.
    Vertex interchange (Teitz and Bart 1968) in an iterated local search, a Lagrangian bound
    (Cornuéjols, Fisher and Nemhauser 1977) that settles most sites, HiGHS for the rest.

    Args:
        times: (candidates, points) times or distances, dense or sparse; what is not
            stored, or infinite, is out of reach.
        people: (points,).
        sites: The candidates and their rules.
        seconds: Time limit; the best found and its bound are given then.
        seed: The same seed gives the same answer.
        gap: Relative gap that is good enough.
        alternatives: How many others within 1 % to look for.

    Raises:
        InputError: If the input cannot be meant.
        InfeasibleError: If not everyone can be served, with the reasons.
    """
    begun = time.perf_counter()
    far = times_of(times, sites)
    weights = people_of(people, far.shape[1])
    rows = Rows.of(sites)
    control = Control(limited(seconds, begun), seed, gap)
    counted = np.flatnonzero(weights > 0)
    lost = counted[~np.isfinite(far[np.ix_(rows.upper > 0, counted)]).any(axis=0)]
    if len(lost):
        raise InfeasibleError([out_of_reach(lost, float(weights[lost].sum()))])
    cost = far[:, counted] * weights[counted]
    scale = scale_of(np.where(np.isfinite(cost), cost, 0.0))
    cost *= scale
    pool = Pool(1.0)
    result = _solve(cost, weights[counted], rows, control, pool)
    proven = time.perf_counter() - begun
    others = choose_alternatives(
        result.chosen,
        result.near,
        lambda known, left: _another(cost, rows, result.value, known, left),
        want=alternatives,
        clock=control.later(),
    )
    assigned = np.where(result.chosen[:, None], far, np.inf).argmin(axis=0)
    served = np.isfinite(far[assigned, np.arange(len(assigned))])
    assigned[~served] = -1
    total = float(weights.sum())
    return told(
        "p_median",
        result,
        sites,
        people=weights,
        reached=served,
        alternatives=others,
        parameters=parameters(
            "p_median", sites, (seconds, seed, gap, alternatives), {}, (times, people)
        ),
        seconds=(proven, time.perf_counter() - begun),
        assigned=assigned,
        details={"mean": result.value / scale / total if total else 0.0},
        scale=scale,
    )


def _solve(cost: Floats, weights: Floats, rows: Rows, control: Control, pool: Pool) -> Result:
    """Search, bound, HiGHS."""
    finite = np.isfinite(cost)
    step = 1.0 if whole(np.where(finite, cost, 0.0).max(axis=0)) and _whole(cost, finite) else 0.0
    work = _Median(cost, rows, control, pool, step)
    work.run()
    if work.best is None:
        raise InfeasibleError(_why(cost, weights, rows, control))
    near = []
    size = len(rows.upper)
    for found, _ in sorted(pool.found.items(), key=lambda item: (-item[1], item[0])):
        chosen = np.zeros(size, dtype=bool)
        chosen[list(found)] = True
        value = work.cost_of(chosen)
        if value <= work.value * (1 + WITHIN) + TINY:
            near.append((chosen, value))
    near.sort(key=lambda item: item[1])
    return Result(work.best, work.value, min(work.bound, work.value), tuple(near))


def _whole(cost: Floats, finite: Any) -> bool:
    return bool((np.where(finite, cost, 0.0) == np.round(np.where(finite, cost, 0.0))).all())


class _Median:
    """The search for the least cost; `best`, `value` and `bound` always hold."""

    def __init__(self, cost: Floats, rows: Rows, control: Control, pool: Pool, step: float) -> None:
        self.cost, self.rows, self.control, self.pool = cost, rows, control, pool
        self.step = step
        greatest = np.where(np.isfinite(cost), cost, 0.0).max(axis=0)
        self.far = 2.0 * float(greatest.sum()) + 1.0
        self.finite = np.where(np.isfinite(cost), cost, self.far)
        pool.share = 1.0 + WITHIN  # values are negative: the share of the best is more of it
        self.best: Bools | None = None
        self.value = np.inf
        self.bound = -np.inf
        self.settled: MedianBound | None = None

    def cost_of(self, chosen: Bools) -> float:
        """Total cost of open sites, infinite if somebody is not served."""
        if not chosen.any():
            return 0.0 if self.cost.shape[1] == 0 else np.inf
        return float(self.cost[chosen].min(axis=0).sum())

    @property
    def known(self) -> float:
        """Only answers of less than this are of interest."""
        if not np.isfinite(self.value):
            return float(self.far * self.cost.shape[1])
        step: float = WHOLE if self.step else TINY * max(1.0, self.value)
        known: float = self.value - step
        return known

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
        nothing = csr_array((len(self.rows.upper), 1))
        if not self.cost.shape[1]:
            self._nobody()
            return
        start = beginning(Landscape.of(nothing, np.zeros(1), self.rows))
        done = False
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
            if self.closed or self.control.clock.over:
                done = self.closed
                break
            if self._pairs().sum() <= EASY or (rounds > STAGES[0][1] and self._few()):
                break
        if not done and not self.control.clock.over:
            self._branch()
        if not self.closed and not self.control.clock.over:
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
        likely = np.zeros(len(self.rows.upper), dtype=bool)
        likely[np.argsort(-found.share, kind="stable")[: int(found.chosen.sum())]] = True
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

    def _pairs(self) -> Any:
        """(live, points) pairs that a better answer may use."""
        found = self.settled
        if found is None:
            return np.isfinite(self.cost)
        live = ~found.shut
        cost = self.cost[live]
        extra = np.maximum(-found.reduced[live], 0.0)[:, None] + np.maximum(cost - found.u, 0.0)
        pairs = np.isfinite(cost) & (found.bound + extra < self.known)
        must = found.must[live]
        if must.any():  # nobody goes farther than to a site that is open anyway
            nearest = cost[must].min(axis=0)
            pairs &= cost <= nearest
        return pairs

    def _exact(self) -> None:
        """HiGHS over the sites and pairs that are not settled."""
        found = self.settled
        if found is None or (found.shut & found.must).any():
            self.bound = max(self.bound, self.known)
            return
        live = np.flatnonzero(~found.shut)
        pairs = self._pairs()
        if not pairs.any(axis=0).all():
            self.bound = max(self.bound, self.known)
            return
        rows = replace(self.rows.only(live), lower=found.must[live].astype(float))
        model, (i, j) = median_model(self.cost[live], pairs, rows)
        start = None
        if self.best is not None and self.best[live].sum() == self.best.sum():
            inside = self.best[live]
            start = assignment(self.cost[live], i, j, inside)
        known = self.known
        done = solve(
            model,
            clock=self.control.clock,
            seed=self.control.seed,
            start=start,
            cutoff=known if np.isfinite(self.value) and start is None else np.inf,
            gap=WHOLE if self.step else TINY * max(1.0, abs(self.value)),
            relative=self.control.gap,
        )
        if done.values is not None:
            chosen = np.zeros(len(self.rows.upper), dtype=bool)
            chosen[live[done.values[: len(live)] > 0.5]] = True
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
    without: list[Bools] | None = None,
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
    opened = csr_array((ones, (every, i)), shape=(count, sites))
    used = csr_array((-ones, (every, every)), shape=(count, count))
    stack.add([(0, opened), (sites, used)], 0.0, np.inf)
    rules(stack, rows)
    exclusions(stack, rows, without or [])
    goal = np.concatenate([np.zeros(sites), cost[i, j]])
    if at_most is not None:
        size = max(1.0, float(goal.max(initial=0.0)))
        stack.add([(0, csr_array(goal[None, :] / size))], -np.inf, at_most / size)
    lower, upper = np.zeros(stack.size), np.ones(stack.size)
    lower[:sites], upper[:sites] = rows.lower, rows.upper
    return stack.model(goal, lower, upper, np.arange(stack.size) < sites), (i, j)


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


def _another(
    cost: Floats, rows: Rows, value: float, known: list[Bools], clock: Clock
) -> tuple[Bools, float] | bool | None:
    """A further answer within 1 %."""
    if cost.size > 2_000_000:
        return False
    model, _ = median_model(
        cost, np.isfinite(cost), rows, without=known, at_most=value * (1 + WITHIN) + TINY
    )
    found = solve(model, clock=clock, first=True, nodes=NODES)
    if found.values is None:
        return None if found.done else False
    chosen = found.values[: cost.shape[0]] > 0.5
    paid = cost[chosen].min(axis=0).sum() if chosen.any() else 0.0
    return chosen, float(paid)


def _why(cost: Floats, weights: Floats, rows: Rows, control: Control) -> Any:
    """Why not everyone can be served: a cover question."""
    from coverage.siting.cover_mip import Ask
    from coverage.siting.shortage import explain_cover

    reach = csr_array(np.isfinite(cost).astype(float))
    must = np.ones(cost.shape[1], dtype=bool)
    return explain_cover(Ask(reach, weights, None, must, (), rows), control.clock)
