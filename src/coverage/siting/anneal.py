"""Annealing for covering: tens of thousands of swaps a second, kept up to date point by point.

What every candidate would add, and what every open site alone reaches, change
only around the two sites of a swap; nothing is ever computed anew. For rules
that are no more than a number of sites.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from coverage.siting.mip import Clock
    from coverage.siting.problem import Bools, Floats, Ints
    from coverage.siting.search import Landscape

EPS = 1e-9


class Ledger:
    """Open sites with, for every candidate, what it adds and what it alone reaches."""

    def __init__(self, land: Landscape, chosen: Bools) -> None:
        a, t = land.matrix, land.by_point
        self.worth = land.once
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


def anneal(
    land: Landscape,
    start: Bools,
    *,
    moves: int,
    seed: int,
    hot: float,
    cold: float,
    clock: Clock,
) -> Bools:
    """Swap a random candidate with the open site that is missed least, more and more strictly.

    Args:
        land: The model; its only rule is a number of sites.
        start: Open sites, as many as are allowed.
        moves: How many swaps are looked at.
        seed: Of the chances taken.
        hot: Loss that is taken lightly at first.
        cold: The same at last.
        clock: Time left.

    Returns:
        The best open sites met.
    """
    rng = np.random.default_rng(seed)
    book = Ledger(land, start)
    fixed = land.rows.lower > 0
    inside = np.flatnonzero(start & ~fixed)
    open_to = np.flatnonzero((land.rows.upper > 0) & ~fixed)
    best, kept = book.value, book.chosen.copy()
    if not len(inside) or not len(open_to):
        return kept
    picks = open_to[rng.integers(0, len(open_to), moves)].tolist()
    chances = np.log(rng.random(moves) + 1e-300).tolist()
    heat, cool = hot, (cold / hot) ** (1.0 / moves)
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


def temperature(value: float, sites: int) -> tuple[float, float]:
    """Hot and cold for a value that so many sites reach together."""
    hot = max(0.025 * value / max(1, sites), 1e-9)
    return hot, hot / 50.0


def rounded(share: Floats, rows_upper: Floats, forced: Bools, room: int) -> Bools:
    """Open sites by the shares of a relaxed answer, the largest first."""
    order = np.argsort(-np.where(rows_upper > 0, share, -math.inf) - forced, kind="stable")
    chosen = forced.copy()
    for i in order:
        if room <= 0:
            break
        if not chosen[i] and rows_upper[i] > 0:
            chosen[i] = True
            room -= 1
    return chosen
