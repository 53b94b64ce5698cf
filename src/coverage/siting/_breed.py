"""Heuristic concentration (Rosing and ReVelle 1997) for large cover models.

The linear relaxation (interior point, no crossover) gives multipliers for a
sharp bound and a share for every site. Annealing among the sites with a share
gives good answers that differ; HiGHS finds the best answer made of the sites
of several of them, which is a small model. Large neighbourhood search polishes it:
one area after another is solved anew, exactly. This is repeated from the best.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from coverage.siting._ask import Ask, cover_model, full_values, undominated, worth_beating
from coverage.siting._bound import cover_bound
from coverage.siting._search import EPS, Pool, Walk
from coverage.siting._sites import Bools, Floats, Ints, opened
from coverage.siting._solver import WHOLE, Clock, relax, solve

if TYPE_CHECKING:
    from collections.abc import Callable


GENERATIONS = 14
LITTER = 4
NODES = 100
MOST_MIXED = 220  # sites of several answers that are recombined at once
MOVES = 60_000  # of one annealing
COLD = 50.0  # how much less a loss is allowed at its end
KEPT = 12  # answers that are recombined
AROUND = (6, 8, 10)  # open sites that polishing takes out at once, more where it brought nothing
HOPS = 6  # from a site over shared points to its neighbours' neighbours
ROUNDS = 200  # of the bound on one area


def relaxation(ask: Ask, clock: Clock) -> tuple[Floats, Floats] | None:
    """Share of every site and multiplier of every point; None if that does not succeed.

    Args:
        ask: A question whose only goal is to reach the most.
        clock: Time left.
    """
    model = cover_model(ask)
    found = relax(replace(model, whole=np.zeros_like(model.whole)), clock=clock)
    if found is None:
        return None
    sites, points = ask.matrix.shape
    return np.clip(found[0][:sites], 0.0, 1.0), np.clip(np.abs(found[1][:points]), 0, ask.once)


def breed(
    ask: Ask,
    share: Floats,
    best: Bools,
    *,
    seed: int,
    clock: Clock,
    pool: Pool,
    enough: Callable[[Bools], bool],
) -> Bools:
    """Better open sites from good ones.

    Args:
        ask: A model whose only rule is a number of sites.
        share: (candidates,) how much of each site its relaxation opens.
        best: Open sites.
        seed: Of all chances.
        clock: Time left.
        pool: Where good answers are remembered.
        enough: Told every better answer; whether to stop.
    """
    value, idle = ask.value(best), 0
    met: list[Bools] = []
    for generation in range(GENERATIONS):
        if clock.over or idle >= len(AROUND):
            break
        met = [*met, *_litter(ask, share, best, seed + 31 * generation, clock)]
        met.sort(key=lambda one: -ask.value(one))
        met = met[:KEPT]
        walk = Walk(ask, _recombine(ask, [best, *met], seed, clock))
        walk.climb(pool, clock)
        new = polish(ask, walk.chosen, around=AROUND[idle], seed=seed + generation, clock=clock)
        reached = ask.value(new)
        pool.add(np.flatnonzero(new), reached)
        idle = 0 if reached > value + EPS else idle + 1
        if reached > value:
            best, value = new, reached
            if enough(best):
                break
    return best


def _litter(ask: Ask, share: Floats, best: Bools, seed: int, clock: Clock) -> list[Bools]:
    """Good answers that differ: annealed among the sites that the relaxation likes."""
    liked = (share > 1e-3) | best | (ask.rows.lower > 0)
    core = np.flatnonzero(liked & (ask.rows.upper > 0))
    small = ask.only(core).merged()
    room = round(float(ask.rows.high[0])) if len(ask.rows.high) else len(core)
    start = small.rows.lower > 0
    order = np.argsort(-np.where(small.rows.upper > 0, share[core], -np.inf) - start, kind="stable")
    free = order[~start[order] & (small.rows.upper[order] > 0)]
    start[free[: max(0, room - int(start.sum()))]] = True
    hot = max(0.025 * ask.value(best) / max(1, room), EPS)
    return [
        opened(len(best), core[anneal(small, start, seed=seed + n, hot=hot, clock=clock)])
        for n in range(LITTER)
    ]


def _recombine(ask: Ask, answers: list[Bools], seed: int, clock: Clock) -> Bools:
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
        gap=WHOLE if ask.step else 1e-9,
        nodes=NODES,
    )
    if found.values is None:
        return best
    chosen = opened(len(best), some[found.values[: len(some)] > 0.5])
    return chosen if ask.value(chosen) > ask.value(best) and ask.rows.hold(chosen) else best


# Annealing: tens of thousands of swaps a second, kept up to date point by point. What every
# candidate would add, and what every open site alone reaches, change only around the two sites
# of a swap; nothing is ever computed anew.


class Ledger:
    """Open sites with, for every candidate, what it adds and what it alone reaches."""

    def __init__(self, ask: Ask, chosen: Bools) -> None:
        a, t = ask.matrix, ask.by_point
        self.worth = ask.once
        self.rows: list[Ints] = [
            a.indices[a.indptr[i] : a.indptr[i + 1]].astype(np.int64) for i in range(a.shape[0])
        ]
        self._degree = np.diff(t.indptr).astype(np.int64)
        self._start = t.indptr[:-1].astype(np.int64)
        self._sites = t.indices
        self.chosen = chosen.copy()
        self.count = np.asarray(t @ chosen.astype(float)).astype(np.int64)
        # The sum of the open sites' positions: with one open site it is that site.
        self.owner = np.asarray(t @ (chosen * np.arange(a.shape[0], dtype=float))).astype(np.int64)
        self.gain: Floats = np.asarray(a @ (self.worth * (self.count == 0)))
        self.alone: Floats = np.asarray(a @ (self.worth * (self.count == 1)))
        self.value = float(self.worth @ (self.count > 0))

    def flip(self, i: int) -> None:
        """Open or shut a site."""
        points = self.rows[i]
        before = self.count[points]
        shut = bool(self.chosen[i])
        step = -1 if shut else 1
        self.count[points] = before + step
        self.owner[points] += step * i
        self.chosen[i] = not shut
        first = self._spread(points[before == (1 if shut else 0)])
        other = self._spread(points[before == (2 if shut else 1)])
        if first is not None:
            self.gain -= step * first
            self.alone += step * first
            self.value += step * float(first[i])
        if other is not None:
            self.alone -= step * other

    def _spread(self, points: Ints) -> Floats | None:
        """(candidates,) worth of some points by who reaches them."""
        if not len(points):
            return None
        size = self._degree[points]
        ends = size.cumsum()
        at = np.arange(ends[-1]) + np.repeat(self._start[points] - ends + size, size)
        paid = np.repeat(self.worth[points], size)
        sums = np.bincount(self._sites[at], weights=paid, minlength=len(self.rows))
        return np.asarray(sums, dtype=np.float64)


def anneal(ask: Ask, start: Bools, *, seed: int, hot: float, clock: Clock) -> Bools:
    """Swap a random candidate with the open site that is missed least, more and more strictly.

    Args:
        ask: The question; its only rule is a number of sites.
        start: Open sites, as many as are allowed.
        seed: Of the chances taken.
        hot: Loss that is taken lightly at first; at last a fiftieth of it.
        clock: Time left.

    Returns:
        The best open sites met.
    """
    rng = np.random.default_rng(seed)
    book = Ledger(ask, start)
    fixed = ask.rows.lower > 0
    inside = np.flatnonzero(start & ~fixed)
    open_to = np.flatnonzero((ask.rows.upper > 0) & ~fixed)
    best, kept = book.value, book.chosen.copy()
    if not len(inside) or not len(open_to):
        return kept
    picks = open_to[rng.integers(0, len(open_to), MOVES)].tolist()
    chances = np.log(rng.random(MOVES) + 1e-300).tolist()
    heat, cool = hot, (hot / COLD / hot) ** (1.0 / MOVES)
    worth, count, owner, size = book.worth, book.count, book.owner, len(book.rows)
    for move, i in enumerate(picks):
        heat *= cool
        if book.chosen[i]:
            continue
        if move % 256 == 0 and clock.over:
            break
        points = book.rows[i]
        single = points[count[points] == 1]
        loss = book.alone[inside]
        if len(single):
            loss = loss - np.bincount(owner[single], weights=worth[single], minlength=size)[inside]
        at = int(loss.argmin())
        change = book.gain[i] - loss[at]
        if change >= 0 or chances[move] * heat < change:
            book.flip(int(inside[at]))
            book.flip(i)
            inside[at] = i
            if book.value > best + EPS * max(1.0, abs(best)):
                best, kept = book.value, book.chosen.copy()
    return kept


# Polishing: the open sites around one of them are taken out, the others stay; what they leave
# unreached is a small question of the same kind. Its Lagrangian bound says mostly within
# milliseconds that nothing better is there, or leaves few sites for HiGHS.


def polish(ask: Ask, best: Bools, *, around: int, seed: int, clock: Clock) -> Bools:
    """Better open sites, or the same ones.

    Args:
        ask: A question that maximises once-reached value, without targets.
        best: Open sites that keep its rules.
        around: How many open sites are taken out at once.
        seed: Of the order of the areas.
        clock: Time left.
    """
    rng = np.random.default_rng(seed)
    best = best.copy()
    fresh = best & (ask.rows.lower == 0)
    while fresh.any() and not clock.over:
        middle = int(rng.choice(np.flatnonzero(fresh)))
        fresh[middle] = False
        out = _neighbours(ask, best & (ask.rows.lower == 0), middle, around)
        found = _anew(ask, best, out, seed, clock)
        if found is None:
            continue
        new = best.copy()
        new[out] = False
        new[found] = True
        if ask.value(new) > ask.value(best) and ask.rows.hold(new):
            changed = ask.reached(new != best) > 0
            best = new
            fresh |= ask.matrix @ changed.astype(float) > 0  # what lies near is worth a new look
            fresh &= best & (ask.rows.lower == 0)
    return best


def _neighbours(ask: Ask, open_to: Bools, middle: int, around: int) -> Ints:
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
        near = np.asarray(ask.by_point @ shared)
        near /= float(near.max())
    inside = np.flatnonzero(open_to)
    return inside[np.argsort(-score[inside], kind="stable")[:around]]


def _anew(ask: Ask, best: Bools, out: Ints, seed: int, clock: Clock) -> Ints | None:
    """Sites that reach more in the place of some open ones, or None."""
    stays = best.copy()
    stays[out] = False
    reached = ask.reached(stays) > 0
    lost = (ask.reached(best) > 0) & ~reached
    near = (ask.matrix @ lost.astype(float) > 0) & ~stays & (ask.rows.upper > 0)
    near[out] = True
    candidates = np.flatnonzero(near)
    load = ask.rows.matrix @ stays.astype(float)
    rows = ask.rows.only(candidates)
    rows = replace(rows, low=rows.low - load, high=rows.high - load)
    matrix = csr_array(ask.matrix[candidates][:, ~reached])
    keep = undominated(matrix, rows, np.zeros(len(candidates)))
    small = Ask(matrix, ask.once[~reached], rows).only(keep).merged()
    known = worth_beating(float(ask.once @ lost), ask.step)
    bound = cover_bound(small, known=known, clock=clock, rounds=ROUNDS)
    if bound.bound <= known or (bound.shut & bound.must).any():
        return None
    live = np.flatnonzero(~bound.shut)
    found = solve(
        cover_model(small.only(live, bound.must).merged()),
        clock=clock,
        seed=seed,
        cutoff=-known,
        gap=WHOLE if ask.step else 0.0,
        nodes=NODES,
    )
    if found.values is None:
        return None
    return candidates[keep][live[found.values[: len(live)] > 0.5]]
