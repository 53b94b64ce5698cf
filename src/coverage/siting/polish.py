"""Large neighbourhood search for cover models: one area after another is solved anew, exactly.

The open sites around one of them are taken out, the others stay; what they leave
unreached is a small question of the same kind. Its Lagrangian bound says mostly
within milliseconds that nothing better is there, or leaves few sites for HiGHS.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from coverage.siting.bound import cover_bound
from coverage.siting.control import step_of, worth_beating
from coverage.siting.cover_mip import cover_model
from coverage.siting.mip import WHOLE, solve
from coverage.siting.reduce import undominated

if TYPE_CHECKING:
    from coverage.siting.cover_mip import Ask
    from coverage.siting.mip import Clock
    from coverage.siting.problem import Bools, Floats, Ints

HOPS = 6  # from a site over shared points to its neighbours' neighbours
ROUNDS = 200  # of the bound
NODES = 100


@dataclass(frozen=True, eq=False)
class _Area:
    """What is asked anew: candidates, the question over them, and what is to be beaten."""

    candidates: Ints
    ask: Ask
    have: float


def polish(
    ask: Ask, best: Bools, *, around: int, seed: int, clock: Clock, by_point: csr_array
) -> Bools:
    """Better open sites, or the same ones.

    Args:
        ask: A question that maximises once-reached value, without targets.
        best: Open sites that keep its rules.
        around: How many open sites are taken out at once.
        seed: Of the order of the areas.
        clock: Time left.
        by_point: The question's matrix, transposed.
    """
    rng = np.random.default_rng(seed)
    best, step = best.copy(), step_of(ask)
    fresh = best & (ask.rows.lower == 0)
    while fresh.any() and not clock.over:
        middle = int(rng.choice(np.flatnonzero(fresh)))
        fresh[middle] = False
        out = _neighbours(ask, by_point, best & (ask.rows.lower == 0), middle, around)
        area = _area(ask, by_point, best, out)
        found = _solved(area, step, seed, clock)
        if found is None:
            continue
        new = best.copy()
        new[out] = False
        new[area.candidates[found]] = True
        if ask.value(new) > ask.value(best) and ask.rows.hold(new):
            changed = by_point @ (new != best).astype(float) > 0
            best = new
            fresh |= ask.matrix @ changed.astype(float) > 0  # what lies near is worth a new look
            fresh &= best & (ask.rows.lower == 0)
    return best


def _neighbours(ask: Ask, by_point: csr_array, open_to: Bools, middle: int, around: int) -> Ints:
    """Open sites next to one, by the points that they and candidates between them share."""
    a = ask.matrix
    near: Floats = np.zeros(a.shape[1])
    near[a.indices[a.indptr[middle] : a.indptr[middle + 1]]] = 1.0
    score = np.zeros(a.shape[0])
    for _ in range(HOPS):
        shared = np.asarray(a @ near)
        most = float(shared.max(initial=0.0))
        if most <= 0:
            break
        score += shared / most
        if (open_to & (shared > 0)).sum() >= around:
            break
        near = np.asarray(by_point @ shared)
        near /= float(near.max())
    inside = np.flatnonzero(open_to)
    return inside[np.argsort(-score[inside], kind="stable")[:around]]


def _area(ask: Ask, by_point: csr_array, best: Bools, out: Ints) -> _Area:
    """The question that is left when some open sites are taken out."""
    stays = best.copy()
    stays[out] = False
    reached = by_point @ stays.astype(float) > 0
    lost = (by_point @ best.astype(float) > 0) & ~reached
    near = (ask.matrix @ lost.astype(float) > 0) & ~stays & (ask.rows.upper > 0)
    near[out] = True
    candidates = np.flatnonzero(near)
    load = ask.rows.matrix @ stays.astype(float)
    rows = ask.rows.only(candidates)
    rows = replace(rows, low=rows.low - load, high=rows.high - load)
    matrix = csr_array(ask.matrix[candidates][:, ~reached])
    keep = undominated(matrix, rows, np.zeros(len(candidates)))
    small = replace(ask, matrix=matrix, once=ask.once[~reached], rows=rows).only(keep).merged()
    return _Area(candidates[keep], small, float(ask.once @ lost))


def _solved(area: _Area, step: float, seed: int, clock: Clock) -> Ints | None:
    """Positions among the area's candidates that reach more than is reached now, or None."""
    known = worth_beating(area.have, step)
    small = area.ask
    bound = cover_bound(
        small.matrix,
        csr_array(small.matrix.T),
        small.once,
        small.rows,
        known=known,
        clock=clock,
        rounds=ROUNDS,
    )
    if bound.bound <= known or (bound.shut & bound.must).any():
        return None
    live = np.flatnonzero(~bound.shut)
    rows = replace(small.rows.only(live), lower=bound.must[live].astype(float))
    part = small.only(live, rows).merged()
    found = solve(
        cover_model(part),
        clock=clock,
        seed=seed,
        cutoff=-known,
        gap=WHOLE if step else 0.0,
        nodes=NODES,
    )
    return None if found.values is None else live[found.values[: len(live)] > 0.5]
