"""The fewest that are needed: the engine of cover models that minimise."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from scipy.sparse import csr_array

from coverage.siting.answer import WITHIN, Result
from coverage.siting.bound import cover_bound
from coverage.siting.control import TINY, Control, scale_of, step_of
from coverage.siting.cover_mip import Cut, cover_model, full_values
from coverage.siting.explain import InfeasibleError
from coverage.siting.mip import WHOLE, Clock, solve
from coverage.siting.most import Most, enough_sites
from coverage.siting.reduce import cover_core, undominated
from coverage.siting.search import Landscape, Pool, Walk
from coverage.siting.shortage import explain_cover
from coverage.siting.target_search import with_fewer

if TYPE_CHECKING:
    from coverage.siting.cover_mip import Ask
    from coverage.siting.problem import Bools, Ints
    from coverage.siting.rows import Rows

PART = 0.3  # of the time left, for all questions of one target each


def fewest(ask: Ask, control: Control) -> Result:
    """Sites that meet all targets at the least cost.

    One target and sites that cost the same: is one site less enough? — asked of
    `most` with its bound until the answer is no. Else reductions and HiGHS.

    Raises:
        InfeasibleError: If the targets or rules cannot be met.
    """
    if ask.cost is None:
        raise TypeError("the fewest of what?")
    ask = ask.merged()
    start = _greedy(ask)
    one = len(ask.targets) == 1 and ask.must is None
    if one and _alike(ask) and start is not None:
        best, bound = _one_less(ask, start, control)
    else:
        best, bound = _least_cost(ask, start, control)
    value = ask.value(best)
    near = tuple((chosen, ask.value(chosen)) for chosen in neighbours(ask, best))
    return Result(best, value, min(bound, value), near)


def _alike(ask: Ask) -> bool:
    """Whether it is the number of new sites that is minimised."""
    return np.array_equal(cast("Any", ask.cost), ask.rows.places)


def _greedy(ask: Ask) -> Bools | None:
    """Enough sites, less those that are not needed; None if greed finds none."""
    found = enough_sites(ask)
    return None if found is None else prune(ask, found)


def _needed_alone(ask: Ask, control: Control) -> tuple[Cut, ...]:
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
        part = replace(
            ask,
            once=np.zeros(len(ask.once)),
            targets=(target,),
            must=None,
            rows=ask.rows.bounds(),
            offset=0.0,
        ).only(candidates)
        left = PART * control.clock.left / (len(ask.targets) - number)
        clock = Clock(min(control.clock.end, time.perf_counter() + left))
        least = fewest(part, Control(clock, control.seed)).bound
        if least > 0:
            cost = np.zeros(len(ask.cost))
            cost[candidates] = ask.cost[candidates]
            cuts.append(Cut(cost, least))
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
        goal = value - 1.0
        if goal < 0:
            return best, value
        rows = fewer(ask.rows, goal)
        if rows is None:
            return best, value
        work = Most(replace(inner, rows=rows), control, Pool(), floor=least)
        work.run()
        if work.best is not None:
            if not ask.fits(work.best):  # by less than rounding: the known one stays
                return best, _least_count(inner, value, least)
            best = prune(ask, work.best)
            continue
        if work.done:
            return best, value
        return best, _least_count(inner, value, least)


def fewer(rows: Rows, sites: float) -> Rows | None:
    """The rules with fewer new sites, or None if more must be open."""
    least = float(rows.places @ rows.lower)
    return rows.new_sites(sites) if sites + rows.taken >= least - 1e-9 else None


def _least_count(ask: Ask, value: float, needed: float) -> float:
    """Fewest sites for which the bound leaves the target possible; used when time is up."""
    land = Landscape.of(ask.matrix, ask.once, ask.rows)
    low, high = max(0.0, float(ask.rows.places @ ask.rows.lower) - ask.rows.taken) - 1, value
    late = Clock.of(3.0)
    while high - low > 1:
        middle = float((low + high) // 2)
        found = cover_bound(
            land.matrix,
            land.by_point,
            ask.once,
            ask.rows.new_sites(middle),
            known=needed,
            clock=late,
            rounds=150,
        )
        low, high = (middle, high) if found.bound < needed else (low, middle)
    return high


def _reduced(ask: Ask) -> tuple[Ask, Ints]:
    """A smaller question with the same least cost, and its candidates."""
    every = np.arange(ask.matrix.shape[0])
    if ask.cost is None or (ask.targets and (ask.cost < 0).any()):
        return ask, every
    if ask.targets or ask.must is None:
        keep = undominated(ask.matrix, ask.rows, ask.cost)
        return ask.only(keep).merged(), keep
    keep, points = cover_core(ask.matrix[:, ask.must], ask.rows, ask.cost)
    wanted = np.flatnonzero(ask.must)[points]
    small = ask.only(keep)
    small = replace(
        small,
        matrix=csr_array(small.matrix[:, wanted]),
        once=np.zeros(len(wanted)),
        must=np.ones(len(wanted), dtype=bool),
    )
    return small, keep


def _least_cost(ask: Ask, start: Bools | None, control: Control) -> tuple[Bools, float]:
    """Reductions, a start, cuts, and HiGHS."""
    small, keep = _reduced(ask)
    found_start = _greedy(small)
    if found_start is not None and len(small.targets) > 1 and _alike(small):
        found_start = with_fewer(small, found_start, prune, control)
    small = replace(small, cuts=_needed_alone(small, control))
    found = solve(
        cover_model(small),
        clock=control.clock,
        seed=control.seed,
        start=None if found_start is None else full_values(small, found_start),
        gap=WHOLE if step_of(small) else TINY,
        relative=control.gap,
    )
    answers = [start] if start is not None else []
    for part in (found_start, None if found.values is None else found.values[: len(keep)] > 0.5):
        if part is not None:
            chosen = np.zeros(ask.matrix.shape[0], dtype=bool)
            chosen[keep[part]] = True
            answers.append(chosen)
    answers = [one for one in answers if ask.fits(one)]
    if not answers:
        if found.done and found.values is None:
            raise InfeasibleError(explain_cover(ask, control.clock))
        raise InfeasibleError(explain_cover(ask, Clock.of(20.0), unsure=True))
    best = min(answers, key=ask.value)
    bound = found.bound + ask.offset
    if step_of(small) and np.isfinite(bound):
        bound = float(np.ceil(bound - 5e-5))
    return best, bound


def neighbours(ask: Ask, best: Bools) -> list[Bools]:
    """Answers that cost about the same and differ in one site."""
    if ask.cost is None:
        return []
    once = sum((t.weights / max(t.least, 1.0) for t in ask.targets), np.zeros(ask.matrix.shape[1]))
    if ask.must is not None:
        once = once + ask.must
    walk = Walk(Landscape.of(ask.matrix, once, ask.rows), best)
    value = ask.value(best)
    out, brings = walk.swaps()
    if not brings.size:
        return []
    dear = ask.cost[None, :] - ask.cost[out][:, None] > WITHIN * abs(value) + TINY
    flat = np.where(dear, -np.inf, brings).ravel()
    found = []
    for at in np.argsort(-flat, kind="stable")[:200]:
        if not np.isfinite(flat[at]):
            break
        k, i = divmod(int(at), brings.shape[1])
        chosen = best.copy()
        chosen[out[k]], chosen[i] = False, True
        if ask.fits(chosen):
            found.append(chosen)
    return sorted(found, key=ask.value)
