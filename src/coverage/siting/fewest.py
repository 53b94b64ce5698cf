"""The fewest that are needed: the engine of cover models that minimise."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from coverage.siting.answer import WITHIN, Result
from coverage.siting.bound import cover_bound
from coverage.siting.control import TINY, scale_of, step_of
from coverage.siting.cover_mip import cover_model, full_values
from coverage.siting.explain import InfeasibleError
from coverage.siting.mip import WHOLE, Clock, solve
from coverage.siting.most import Most, enough_sites
from coverage.siting.reduce import cover_core, undominated
from coverage.siting.search import Landscape, Pool, Walk
from coverage.siting.shortage import explain_cover

if TYPE_CHECKING:
    from coverage.siting.control import Control
    from coverage.siting.cover_mip import Ask
    from coverage.siting.problem import Bools
    from coverage.siting.rows import Rows


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
    start = prune(ask, enough_sites(ask))
    alike = ask.cost is not None and np.array_equal(ask.cost, ask.rows.places)
    one = len(ask.targets) == 1 and ask.must is None
    if one and alike and start is not None:
        best, bound = _one_less(ask, start, control)
    else:
        best, bound = _least_cost(ask, start, control)
    value = ask.value(best)
    near = tuple((chosen, ask.value(chosen)) for chosen in neighbours(ask, best))
    return Result(best, value, min(bound, value), near)


def prune(ask: Ask, chosen: Bools | None) -> Bools | None:
    """Shut what is not needed, the dearest first."""
    if chosen is None or ask.cost is None:
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
            pruned = prune(ask, work.best)
            best = work.best if pruned is None else pruned
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


def _least_cost(ask: Ask, start: Bools | None, control: Control) -> tuple[Bools, float]:
    """Reductions, a start, and HiGHS."""
    if ask.cost is None:
        raise TypeError("the least cost of what?")
    keep = np.arange(ask.matrix.shape[0])
    small = ask
    if not ask.targets and ask.must is not None:
        keep, points = cover_core(ask.matrix[:, ask.must], ask.rows, ask.cost)
        wanted = np.flatnonzero(ask.must)[points]
        small = ask.only(keep)
        small = replace(
            small,
            matrix=csr_array(small.matrix[:, wanted]),
            once=np.zeros(len(wanted)),
            must=np.ones(len(wanted), dtype=bool),
        )
    elif (ask.cost >= 0).all():
        keep = undominated(ask.matrix, ask.rows, ask.cost)
        small = ask.only(keep).merged()
    found_start = prune(small, enough_sites(small))
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
