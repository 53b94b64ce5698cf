"""Heuristic concentration (Rosing and ReVelle 1997) for large cover models.

The linear relaxation (interior point, no crossover) gives multipliers for a
sharp bound and a share for every site. Annealing among the sites with a share
gives good answers that differ; HiGHS finds the best answer made of the sites
of several of them, which is a small model. This is repeated from the best.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from coverage.siting.anneal import anneal, rounded, temperature
from coverage.siting.cover_mip import cover_model, full_values
from coverage.siting.mip import WHOLE, Mip, relax, solve
from coverage.siting.polish import polish
from coverage.siting.search import Landscape, Walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from coverage.siting.cover_mip import Ask
    from coverage.siting.mip import Clock
    from coverage.siting.problem import Bools, Floats, Ints
    from coverage.siting.search import Pool

GENERATIONS = 14
LITTER = 4
NODES = 100
MOST_MIXED = 220  # sites of several answers that are recombined at once
MOVES = 60_000
KEPT = 12  # answers that are recombined
AROUND = (6, 8, 10)  # open sites that polishing takes out at once, more where it brought nothing


@dataclass(frozen=True, eq=False)
class Relaxed:
    """The linear relaxation.

    Attributes:
        share: (candidates,) how much of each site it opens.
        u: (points,) multipliers.
    """

    share: Floats
    u: Floats


def relaxation(ask: Ask, clock: Clock) -> Relaxed | None:
    """Relax a model whose only goal is to reach the most; None if that does not succeed."""
    model = cover_model(ask)
    free = np.zeros(len(model.cost), dtype=bool)
    loose = Mip(model.cost, model.lower, model.upper, free, model.matrix, model.low, model.high)
    found = relax(loose, clock=clock)
    if found is None:
        return None
    values, duals = found
    sites, points = ask.matrix.shape
    return Relaxed(np.clip(values[:sites], 0.0, 1.0), np.clip(np.abs(duals[:points]), 0, ask.once))


def breed(
    ask: Ask,
    relaxed: Relaxed,
    best: Bools,
    *,
    seed: int,
    clock: Clock,
    pool: Pool,
    enough: Callable[[Bools], bool],
    whole: bool,
) -> Bools:
    """Better open sites from good ones.

    Args:
        ask: A model whose only rule is a number of sites.
        relaxed: Its relaxation.
        best: Open sites.
        seed: Of all chances.
        clock: Time left.
        pool: Where good answers are remembered.
        enough: Told every better answer; whether to stop.
        whole: Whether all values are whole numbers.
    """
    by_point = csr_array(ask.matrix.T)
    value, idle = ask.value(best), 0
    met: list[Bools] = []
    for generation in range(GENERATIONS):
        if clock.over or idle >= len(AROUND):
            break
        met = [*met, *_litter(ask, relaxed, best, seed + 31 * generation, clock)]
        met.sort(key=lambda one: -ask.value(one))
        met = met[:KEPT]
        new = _recombine(ask, [best, *met], seed, clock, whole=whole)
        walk = Walk(Landscape(ask.matrix, by_point, ask.once, None, ask.rows), new)
        walk.climb(pool, clock)
        new = polish(
            ask,
            walk.chosen,
            around=AROUND[idle],
            seed=seed + generation,
            clock=clock,
            by_point=by_point,
        )
        pool.add(np.flatnonzero(new), ask.value(new))
        idle = 0 if ask.value(new) > value + 1e-9 else idle + 1
        if ask.value(new) > value:
            best, value = new, ask.value(new)
            if enough(best):
                break
    return best


def _litter(ask: Ask, relaxed: Relaxed, best: Bools, seed: int, clock: Clock) -> list[Bools]:
    """Good answers that differ: annealed among the sites that the relaxation likes."""
    core = _core(ask, relaxed, best)
    small = ask.only(core).merged()
    land = Landscape.of(small.matrix, small.once, small.rows)
    room = round(float(ask.rows.high[0])) if len(ask.rows.high) else len(core)
    forced = small.rows.lower > 0
    start = rounded(relaxed.share[core], small.rows.upper, forced, room - int(forced.sum()))
    hot, cold = temperature(ask.value(best), room)
    out = []
    for child in range(LITTER):
        found = anneal(land, start, moves=MOVES, seed=seed + child, hot=hot, cold=cold, clock=clock)
        chosen = np.zeros(len(best), dtype=bool)
        chosen[core[found]] = True
        out.append(chosen)
    return out


def _core(ask: Ask, relaxed: Relaxed, best: Bools) -> Ints:
    """Sites with a share in the relaxation, those of the best answer, those that must be open."""
    keep = (relaxed.share > 1e-3) | best | (ask.rows.lower > 0)
    return np.flatnonzero(keep & (ask.rows.upper > 0))


def _recombine(ask: Ask, answers: list[Bools], seed: int, clock: Clock, *, whole: bool) -> Bools:
    """The best answer made of the sites of several answers, the better ones first."""
    best = max(answers, key=ask.value)
    union = best.copy()
    for one in answers:
        if (union | one).sum() <= max(MOST_MIXED, 3 * best.sum() // 2):
            union |= one
    some = np.flatnonzero(union)
    part = ask.only(some).merged()
    found = solve(
        cover_model(part),
        clock=clock,
        seed=seed,
        start=full_values(part, best[some]),
        gap=WHOLE if whole else 1e-9,
        nodes=NODES,
    )
    if found.values is None:
        return best
    chosen = np.zeros(len(best), dtype=bool)
    chosen[some[found.values[: len(some)] > 0.5]] = True
    return chosen if ask.value(chosen) > ask.value(best) and ask.rows.hold(chosen) else best
