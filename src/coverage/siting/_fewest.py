"""The fewest that are needed: the engine of cover models that minimise."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from scipy.sparse import csr_array

from coverage.siting._answer import WITHIN, Choice, Control, Result
from coverage.siting._ask import TINY, Ask, cover_core, cover_model, full_values, undominated
from coverage.siting._bound import cover_bound, least_whole
from coverage.siting._inputs import scale_of
from coverage.siting._most import Most, enough_sites
from coverage.siting._relief import impossible
from coverage.siting._search import EPS, Pool, Walk
from coverage.siting._sites import Bools, Floats, Ints, opened
from coverage.siting._solver import WHOLE, Clock, solve

if TYPE_CHECKING:
    from coverage.siting._rules import Rows

PART = 0.3  # of the time left, for all questions of one target each
NEAR = 200  # swaps that are looked at for alternatives
STEPS = 150  # of the tabu search without getting nearer to the targets
TENURE = 6  # steps for which a move is not taken back
LARGEST = 20_000_000  # numbers in the table of all swaps; beyond, the search is left out


def fewest(ask: Ask, control: Control, start: Bools | None = None) -> Result:
    """Sites that meet all targets at the least cost.

    One target and sites that cost the same: is one site less enough? — asked of
    `most` with its bound until the answer is no. Else reductions and HiGHS.

    Args:
        ask: The question.
        control: How hard to try.
        start: Sites that answer it, if some are known.

    Raises:
        InfeasibleError: If the targets or rules cannot be met.
    """
    if ask.cost is None:
        raise TypeError("the fewest of what?")
    ask = ask.merged()
    known = [one for one in (start, _greedy(ask)) if one is not None]
    start = min(known, key=ask.value) if known else None
    one = len(ask.targets) == 1 and ask.must is None
    if one and _alike(ask) and start is not None:
        best, bound = _one_less(ask, start, control)
    else:
        best, bound = _least_cost(ask, start, control)
    value = ask.value(best)
    return Result(best, value, min(bound, value), neighbours(ask, best))


def _alike(ask: Ask) -> bool:
    """Whether it is the number of new sites that is minimised."""
    return np.array_equal(cast("Any", ask.cost), ask.rows.places)


def _greedy(ask: Ask) -> Bools | None:
    """Enough sites, less those that are not needed; None if greed finds none."""
    found = enough_sites(ask)
    return None if found is None else prune(ask, found)


def _needed_alone(ask: Ask, control: Control) -> tuple[tuple[Floats, float], ...]:
    """What every target costs on its own: a small question each, and a cut for all of them.

    Sums of such whole numbers are far above the linear relaxation where every
    county needs a site or two.
    """
    if ask.cost is None or len(ask.targets) < 2 or (ask.cost < 0).any():
        return ()
    cuts = []
    for number, target in enumerate(ask.targets):
        touched = ask.matrix @ (target.weights > 0).astype(float) > 0
        candidates = np.flatnonzero(touched & (ask.rows.upper > 0))
        once, rows = np.zeros(len(ask.once)), ask.rows.bounds()
        part = Ask(ask.matrix, once, rows, targets=(target,), cost=ask.cost).only(candidates)
        left = PART * control.clock.left / (len(ask.targets) - number)
        clock = Clock(min(control.clock.end, time.perf_counter() + left))
        least = fewest(part, Control(clock, control.seed)).bound
        if least > 0:
            cost = np.zeros(len(ask.cost))
            cost[candidates] = ask.cost[candidates]
            cuts.append((cost, least))
    return tuple(cuts)


def prune(ask: Ask, chosen: Bools) -> Bools:
    """Shut what is not needed, the dearest first."""
    if ask.cost is None:
        return chosen
    chosen = chosen.copy()
    free = np.flatnonzero(chosen & (ask.rows.lower == 0) & (ask.cost > 0))
    count = ask.reached(chosen)
    must = np.zeros(len(count), dtype=bool) if ask.must is None else ask.must
    for i in free[np.argsort(-ask.cost[free], kind="stable")]:
        left = count.copy()
        a = ask.matrix
        left[a.indices[a.indptr[i] : a.indptr[i + 1]]] -= 1
        chosen[i] = False
        open_to = left > 0.5
        fine = open_to[must].all() and all(t.met(float(t.weights @ open_to)) for t in ask.targets)
        if fine and ask.rows.hold(chosen):
            count = left
        else:
            chosen[i] = True
    return chosen


def _one_less(ask: Ask, start: Bools, control: Control) -> tuple[Bools, float]:
    """Ask for one site less until there is none."""
    target = ask.targets[0]
    best = start
    scale = scale_of(target.weights)
    least = target.least * scale
    inner = replace(ask, once=target.weights * scale, targets=(), cost=None)
    while True:
        value = ask.value(best)
        rows = fewer(ask.rows, value - 1.0) if value >= 1.0 else None
        if rows is None:
            return best, value
        work = Most(replace(inner, rows=rows), control, Pool(), floor=least)
        work.run()
        if work.best is None and work.done:
            return best, value
        # What meets the target by less than rounding is no answer: the known one stays.
        if work.best is None or not ask.fits(work.best):
            return best, _least_count(inner, value, least)
        best = prune(ask, work.best)


def fewer(rows: Rows, sites: float) -> Rows | None:
    """The rules with fewer new sites, or None if more must be open."""
    least = float(rows.places @ rows.lower)
    return rows.new_sites(sites) if sites + rows.taken >= least - 1e-9 else None


def _least_count(ask: Ask, value: float, needed: float) -> float:
    """Fewest sites for which the bound leaves the target possible; used when time is up."""
    late, low = Clock.of(3.0), float(ask.rows.places @ ask.rows.lower) - ask.rows.taken

    def possible(sites: float) -> bool:
        rows = ask.rows.new_sites(sites)
        return cover_bound(ask, known=needed, clock=late, rounds=150, rows=rows).bound >= needed

    return least_whole(max(0.0, low) - 1, value, possible)


def _reduced(ask: Ask) -> tuple[Ask, Ints]:
    """A smaller question with the same least cost, and its candidates."""
    every = np.arange(ask.matrix.shape[0])
    if ask.cost is None or (ask.cost < 0).any():  # of two that save money both are worth keeping
        return ask, every
    if ask.targets or ask.must is None:
        keep = undominated(ask.matrix, ask.rows, ask.cost)
        return ask.only(keep).merged(), keep
    keep, points = cover_core(ask.matrix[:, ask.must], ask.rows, ask.cost)
    wanted = np.flatnonzero(ask.must)[points]
    small = ask.only(keep)
    matrix = csr_array(small.matrix[:, wanted])
    return Ask.everyone(matrix, small.rows, cost=small.cost, offset=small.offset), keep


def _least_cost(ask: Ask, start: Bools | None, control: Control) -> tuple[Bools, float]:
    """Reductions, a start, cuts, and HiGHS."""
    small, keep = _reduced(ask)
    found_start = _greedy(small)
    if found_start is not None and len(small.targets) > 1 and _alike(small):
        found_start = with_fewer(small, found_start, control)
    small = replace(small, cuts=_needed_alone(small, control))
    found = solve(
        cover_model(small),
        clock=control.clock,
        seed=control.seed,
        start=None if found_start is None else full_values(small, found_start),
        gap=WHOLE if small.step else TINY,
        relative=control.gap,
    )
    parts = (found_start, None if found.values is None else found.values[: len(keep)] > 0.5)
    wide = [opened(ask.matrix.shape[0], keep[part]) for part in parts if part is not None]
    answers = [one for one in (start, *wide) if one is not None and ask.fits(one)]
    if not answers:
        raise impossible(ask, control.clock, sure=found.done and found.values is None)
    best = min(answers, key=ask.value)
    bound = found.bound + ask.offset
    if small.step and np.isfinite(bound):
        bound = float(np.ceil(bound - 5e-5))
    return best, bound


def neighbours(ask: Ask, best: Bools) -> list[Choice]:
    """Answers that cost about the same and differ in one site, with their value."""
    if ask.cost is None:
        return []
    once = sum((t.weights / max(t.least, 1.0) for t in ask.targets), np.zeros(ask.matrix.shape[1]))
    if ask.must is not None:
        once = once + ask.must
    walk = Walk(replace(ask, once=once), best)
    value = ask.value(best)
    out, brings = walk.swaps()
    if not brings.size:
        return []
    dear = ask.cost[None, :] - ask.cost[out][:, None] > WITHIN * abs(value) + TINY
    flat = np.where(dear, -np.inf, brings).ravel()
    found = []
    for at in np.argsort(-flat, kind="stable")[:NEAR]:
        if not np.isfinite(flat[at]):
            break
        k, i = divmod(int(at), brings.shape[1])
        chosen = best.copy()
        chosen[out[k]], chosen[i] = False, True
        if ask.fits(chosen):
            found.append((chosen, ask.value(chosen)))
    return sorted(found, key=lambda choice: choice[1])


# Tabu search for threshold cover: the same targets met with one site less, again and again. A
# site is shut and swaps lower what the targets are short of, the worst swap included where none
# is better, until nothing is short any more. What was just shut or opened stays so for a few steps.


class TargetWalk:
    """Open sites and how far each target is from being met, as shares of what it needs."""

    def __init__(self, ask: Ask, chosen: Bools) -> None:
        self.walk = Walk(ask, chosen)
        layers = [target.weights / target.least for target in ask.targets if target.least > 0]
        if ask.must is not None and ask.must.any():
            layers.append(ask.must / ask.must.sum())
        self.weights: Floats = np.column_stack([np.zeros(ask.matrix.shape[1]), *layers])

    @property
    def reached(self) -> Floats:
        """(targets,) share of what is needed that is reached."""
        return np.asarray(self.weights.T @ (self.walk.count > 0.5))

    def shortage(self, reached: Floats) -> Floats:
        """What is short in all, over the last axis; the first layer is no target."""
        short: Floats = np.maximum(0.0, 1.0 - reached[..., 1:]).sum(axis=-1)
        return np.where(short < EPS, 0.0, short)

    def closing(self) -> tuple[Ints, Floats]:
        """Sites that may be shut, and what would be short then."""
        out = np.flatnonzero(self.walk.chosen & (self.walk.rows.lower == 0))
        loss = self.walk.ask.matrix[out] @ (self.weights * self._sole()[:, None])
        return out, self.shortage(self.reached - loss)

    def swaps(self) -> tuple[Ints, Floats]:
        """Sites that may be shut, and (sites, candidates) what is short after each swap."""
        ask, count = self.walk.ask, self.walk.count
        sole = self._sole()
        out = np.flatnonzero(self.walk.chosen & (self.walk.rows.lower == 0))
        part = ask.matrix[out]
        gain = ask.matrix @ (self.weights * (count < 0.5)[:, None])
        loss = part @ (self.weights * sole[:, None])
        after = self.reached + gain[None] - loss[:, None]
        for layer in range(1, self.weights.shape[1]):
            worth = self.weights[:, layer] * sole
            inner = csr_array((worth[part.indices], part.indices, part.indptr), shape=part.shape)
            after[:, :, layer] += (inner @ ask.by_point).toarray()
        short = self.shortage(after)
        for k, site in enumerate(out):
            short[k, ~self.walk.addable(int(site))] = np.inf
        return out, short

    def _sole(self) -> Bools:
        count = self.walk.count
        return np.asarray((count > 0.5) & (count < 1.5))


def with_fewer(ask: Ask, start: Bools, control: Control) -> Bools:
    """The fewest sites met that keep all targets, from `start` down.

    Args:
        ask: Fewest sites for some targets.
        start: Open sites that meet them.
        control: How hard to try.
    """
    best = start
    layers = len(ask.targets) + 2
    while best.sum() * ask.matrix.shape[0] * layers <= LARGEST and not control.clock.over:
        walk = TargetWalk(ask, best)
        out, short = walk.closing()
        order = [
            int(site)
            for site in out[np.argsort(short, kind="stable")]
            if ask.rows.places[site] and ask.rows.hold(best & (np.arange(len(best)) != site))
        ]
        if not order:
            break
        walk.walk.flip(order[0])
        found = _tabu(walk, control)
        if found is None or not ask.fits(found):
            break
        best = prune(ask, found)
    return best


def _tabu(walk: TargetWalk, control: Control) -> Bools | None:
    """Swap until nothing is short; None if that does not come about."""
    rng = np.random.default_rng(control.seed)
    inner = walk.walk
    barred = np.zeros(len(inner.chosen), dtype=np.int64)  # until that step
    best, since, step = np.inf, 0, 0
    while since < STEPS and not control.clock.over:
        step, since = step + 1, since + 1
        out, short = walk.swaps()
        if not short.size:
            return None
        held = barred > step
        free = np.where(held[out][:, None] | held[None, :], np.inf, short)
        if short.min() < best - EPS:  # better than ever: nothing is barred
            free = short
        if not np.isfinite(free.min()):
            continue
        ties = np.argwhere(free <= free.min() + EPS)
        k, i = ties[int(rng.integers(len(ties)))]
        inner.flip(int(out[k]), int(i))
        barred[out[k]] = step + TENURE + int(rng.integers(TENURE))
        barred[i] = step + TENURE // 2 + int(rng.integers(TENURE))
        if free[k, i] <= 0.0:
            return inner.chosen.copy()
        if free[k, i] < best - EPS:
            best, since = float(free[k, i]), 0
    return None
