"""Heuristic concentration (Rosing and ReVelle 1997) for large cover models.

The linear relaxation (interior point, no crossover) gives multipliers for a
sharp bound and a share for every site. Annealing among the sites with a share
gives good answers that differ; HiGHS finds the best answer made of the sites
of several of them, which is a small model. This is repeated from the best.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from coverage.siting.anneal import anneal, rounded, temperature
from coverage.siting.cover_mip import cover_model, full_values
from coverage.siting.mip import WHOLE, Mip, relax, solve
from coverage.siting.search import Landscape, Walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from coverage.siting.cover_mip import Ask
    from coverage.siting.mip import Clock
    from coverage.siting.problem import Bools, Floats, Ints
    from coverage.siting.search import Pool

GENERATIONS = 14
LITTER = 3
NODES = 300
MOST_MIXED = 220  # sites of several answers that are recombined at once
MOVES = 40_000


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
    value = ask.value(best)
    room = round(float(ask.rows.high[0])) if len(ask.rows.high) else ask.matrix.shape[0]
    idle = 0
    last: list[Bools] = []
    for generation in range(GENERATIONS):
        if clock.over or idle > 4:
            break
        core = _core(ask, relaxed, best, wide=generation % 2 == 1)
        small = ask.only(core).merged()
        land = Landscape.of(small.matrix, small.once, small.rows)
        hot, cold = temperature(value, room)
        forced = small.rows.lower > 0
        answers = [best[core]]
        for child in range(LITTER):
            from_best = child == LITTER - 1
            start = (
                best[core]
                if from_best
                else rounded(
                    relaxed.share[core], small.rows.upper, forced, room - int(forced.sum())
                )
            )
            found = anneal(
                land,
                start,
                moves=MOVES * (2 + generation % 3) // 2,
                seed=seed + 31 * generation + child,
                hot=hot * (0.3 if from_best else 1.0 + 0.7 * (idle % 3)),
                cold=cold,
                clock=clock,
            )
            answers.append(found)
            pool.add(core[found], land.value(found))
        grown_up = [_spread_out(core, one, len(best)) for one in answers]
        before = [
            one[core] for one in last if not (one & ~_spread_out(core, None, len(best))).any()
        ]
        if np.any([*answers, *before], axis=0).sum() <= max(MOST_MIXED, 3 * room // 2):
            answers += before
        last = grown_up[1:]
        better = _recombine(small, answers, seed, clock, whole=whole)
        walk = Walk(land, better)
        walk.climb(pool, clock)
        grown = np.zeros(len(best), dtype=bool)
        grown[core[walk.chosen]] = True
        new = ask.value(grown)
        pool.add(np.flatnonzero(grown), new)
        idle = 0 if new > value + 1e-9 else idle + 1
        if new > value:
            best, value = grown, new
            if enough(best):
                break
    return best


def _spread_out(core: Ints, chosen: Bools | None, size: int) -> Bools:
    """Sites of the core among all candidates; all of the core for None."""
    out = np.zeros(size, dtype=bool)
    out[core if chosen is None else core[chosen]] = True
    return out


def _core(ask: Ask, relaxed: Relaxed, best: Bools, *, wide: bool) -> Ints:
    """Sites with a share in the relaxation; if `wide` as many again that come next."""
    keep = (relaxed.share > 1e-3) | best | (ask.rows.lower > 0)
    keep &= ask.rows.upper > 0
    if wide:
        value = np.asarray(ask.matrix @ relaxed.u)
        value[(ask.rows.upper == 0) | keep] = -np.inf
        more = max(200, 2 * int(keep.sum()))
        order = np.argsort(-value, kind="stable")[:more]
        keep[order[np.isfinite(value[order])]] = True
    return np.flatnonzero(keep)


def _recombine(ask: Ask, answers: list[Bools], seed: int, clock: Clock, *, whole: bool) -> Bools:
    """The best answer made of the sites of several answers."""
    best = max(answers, key=ask.value)
    some = np.flatnonzero(np.any(answers, axis=0))
    part = replace(ask.only(some)).merged()
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
