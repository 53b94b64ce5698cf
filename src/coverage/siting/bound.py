"""Lagrangian relaxation of covering (Galvão and ReVelle 1996), and the sites its bound settles.

With `z` relaxed by multipliers `u` in [0, w], the most that can be reached is
at most `sum (w - u) + max over sites of sum over i of (A u)_i y_i`; the inner
part is a knapsack on one rule (the number of sites, or the budget), solved
with its dual price. The other rules are left out, which keeps the bound true.
A site whose reduced value would bring the bound below a known answer is shut
for good, one that cannot be missed is open for good.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

if TYPE_CHECKING:
    from coverage.siting.mip import Clock
    from coverage.siting.problem import Bools, Floats
    from coverage.siting.rows import Rows


# Of the subgradient method: found by trying, on census blocks and a prefecture.
BEYOND, ABOVE = 0.1, 5e-5  # what is aimed at: beyond the known value, of the gap, of the value
DEFLECTION = 0.85
PATIENCE = 20
SHRINK = 0.7
NEARER = 1e-5
LEAST_SCALE = 1e-3
LATELY = 0.02
FEWER = 0.8  # of the sites worked on: with fewer left the matrix is cut down to them


@dataclass(frozen=True, eq=False)
class Knapsack:
    """One rule "weight @ y <= room" and bounds on `y`; the rest of the rules relaxed.

    Attributes:
        weight: (candidates,) at least 0.
        room: What is left for free candidates.
        free: (candidates,) may be open and need not.
        forced: (candidates,) must be open.
    """

    weight: Floats
    room: float
    free: Bools
    forced: Bools

    @classmethod
    def of(cls, rows: Rows) -> Knapsack:
        """The rule that binds most of some rules: the number of new sites before the budget."""
        forced = rows.lower > 0
        free = (rows.upper > 0) & ~forced
        best = cls(np.zeros(len(free)), np.inf, free, forced)
        order = {"new": 0, "open": 1, "budget": 2}
        found = sorted((order[name], k) for k, name in enumerate(rows.names) if name in order)
        for _, k in found:
            row = rows.matrix[[k]].toarray().ravel()
            if (row >= 0).all():
                room = rows.high[k] - float(row[forced].sum())
                return cls(row, room, free, forced)
        return best

    def price(self, value: Floats) -> tuple[float, Bools]:
        """Dual price of the rule at `value` a site, and an answer of the relaxed knapsack."""
        use = self.free & (value > 0)
        if not np.isfinite(self.room) or self.weight[use].sum() <= self.room:
            return 0.0, use | self.forced
        held = np.flatnonzero(use & (self.weight > 0))
        ratio = value[held] / self.weight[held]
        order = held[np.argsort(-ratio, kind="stable")]
        filled = np.cumsum(self.weight[order])
        last = int(np.searchsorted(filled, self.room * (1 + 1e-12), side="right"))
        chosen = use & (self.weight == 0)
        chosen[order[:last]] = True
        price = value[order[last]] / self.weight[order[last]] if last < len(order) else 0.0
        return float(price), chosen | self.forced

    def ceiling(self, value: Floats, price: float) -> tuple[float, Floats]:
        """Upper bound on the value of allowed sites, and the reduced value of every site."""
        reduced = value - price * self.weight
        room = price * self.room if price > 0 else 0.0
        total = float(np.maximum(reduced[self.free], 0.0).sum())
        return total + room + float(value[self.forced].sum()), reduced


@dataclass(eq=False)
class CoverBound:
    """A bound on what can be reached, and what it settles.

    Attributes:
        bound: No allowed sites reach more, if any reach more than what is known already.
        u: (points,) its multipliers.
        shut: (candidates,) in no better answer.
        must: (candidates,) in every better answer.
        rounds: Steps taken.
        share: (candidates,) how often each was open lately: nearly a relaxed answer.
    """

    bound: float
    u: Floats
    shut: Bools
    must: Bools
    rounds: int
    share: Floats


def cover_bound(
    matrix: csr_array,
    by_point: csr_array,
    worth: Floats,
    rows: Rows,
    *,
    known: float,
    clock: Clock,
    rounds: int = 400,
    u: Floats | None = None,
    first_scale: float = 1.0,
) -> CoverBound:
    """Bound the value of the best cover by the deflected subgradient method.

    Prices of points with many people move in larger steps (by the root of
    their worth), which brings the bound to that of the linear relaxation
    several times sooner.

    Args:
        matrix: (candidates, points).
        by_point: Its transpose.
        worth: (points,) at least 0.
        rows: Rules.
        known: Only answers of more than this are of interest.
        clock: Time left.
        rounds: Most steps.
        u: Multipliers to begin with.
        first_scale: Of the steps at first; small where `u` is good already.
    """
    bag, whole = Knapsack.of(rows), matrix
    if u is None:
        degree = np.maximum(1.0, np.diff(by_point.indptr))
        u = worth / np.sqrt(degree)
    best = CoverBound(np.inf, u, rows.upper == 0, bag.forced.copy(), 0, np.zeros(len(rows.upper)))
    root = np.sqrt(worth)
    scale, since = first_scale, 0
    direction = np.zeros_like(worth)
    aim = np.inf
    live = np.arange(len(best.shut))
    for step in range(rounds):
        left = np.flatnonzero(~best.shut)
        if len(left) < FEWER * len(live):  # what is settled is no longer worked on
            live = left
            matrix = csr_array(whole[live])
            by_point = csr_array(matrix.T)
            bag = replace(bag, free=bag.free & ~best.shut)
        value = np.zeros(len(best.shut))
        value[live] = matrix @ u
        price, chosen = bag.price(value)
        inner, reduced = bag.ceiling(value, price)
        bound = float((worth - u).sum()) + inner
        if not np.isfinite(aim):  # beyond what is to be reached, or the last steps would be nothing
            aim = known - BEYOND * max(bound - known, 0.0) - ABOVE * abs(known)
        _settle(best, bag, bound, reduced, known)
        since = 0 if bound < best.bound - NEARER * abs(best.bound - known) else since + 1
        if bound < best.bound:
            best.bound, best.u = bound, u.copy()
        best.rounds = step + 1
        best.share += LATELY * (chosen - best.share)
        if best.bound <= known or clock.over or scale < LEAST_SCALE:
            break
        if since >= PATIENCE:
            scale, since, u = scale * SHRINK, 0, best.u.copy()
            direction[:] = 0.0
            continue
        slope = np.asarray(by_point @ chosen[live].astype(float)) - 1.0  # of the bound, by u
        slope[(u <= 0) & (slope > 0)] = 0.0
        slope[(u >= worth) & (slope < 0)] = 0.0
        direction = slope * root + DEFLECTION * direction
        norm = float(direction @ direction)
        if norm == 0.0:
            break
        u = np.clip(u - scale * (bound - aim) / norm * direction * root, 0.0, worth)
    return best


def _settle(best: CoverBound, bag: Knapsack, bound: float, reduced: Floats, known: float) -> None:
    """Sites that no better answer has, or that every one has."""
    best.shut |= bag.free & (reduced < 0) & (bound + reduced <= known)
    best.must |= bag.free & (reduced > 0) & (bound - reduced <= known)
