"""The p-center: the longest way anybody has is as short as can be.

The least of the times within which everybody can be reached, found by halving over set covers
(Minieka 1970).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from coverage.siting._ask import Ask, cover_core, cover_model
from coverage.siting._most import enough_sites
from coverage.siting._relief import impossible
from coverage.siting._sites import Bools, Floats, opened
from coverage.siting._solver import solve

if TYPE_CHECKING:
    from coverage.siting._answer import Control
    from coverage.siting._rules import Rows


def longest(far: Floats, chosen: Bools) -> float:
    if not far.shape[1]:
        return 0.0
    return float(far[chosen].min(axis=0).max()) if chosen.any() else np.inf


def within(far: Floats, rows: Rows, limit: float) -> Ask:
    """Everybody within a limit, as a cover question."""
    return Ask.everyone(csr_array((far <= limit).astype(float)), rows, cost=rows.places)


def shortest(far: Floats, rows: Rows, control: Control) -> tuple[Bools, float, float]:
    """The best sites, their longest way, and what it cannot be shorter than."""
    allowed = far[rows.upper > 0]
    least = float(allowed.min(axis=0).max()) if far.shape[1] else 0.0
    steps = np.unique(allowed[np.isfinite(allowed)])
    steps = steps[steps >= least]
    low, high = -1, len(steps) - 1
    proven_low = 0
    if not len(steps):
        return rows.lower > 0, 0.0, 0.0
    best = _by_greedy(far, rows, steps)
    if best is not None:
        high = int(np.searchsorted(steps, longest(far, best)))
    while high - low > 1 or best is None:
        middle = (low + high) // 2 if best is not None else high
        # Near a known answer the gap to the next step is mostly small: look there first.
        if best is not None and high - low > 8:
            middle = high - max(1, (high - low) // 4)
        chosen, sure = _allowed(far, rows, float(steps[middle]), control)
        if chosen is not None:
            best, high = chosen, int(np.searchsorted(steps, longest(far, chosen)))
        elif best is None:
            raise impossible(within(far, rows, float(steps[-1])), control.clock, sure=sure)
        elif sure:
            low = proven_low = middle
        else:
            bound = float(steps[proven_low + 1]) if low >= 0 else float(steps[0])
            return best, float(steps[high]), bound
    return best, float(steps[high]), float(steps[high])


def _by_greedy(far: Floats, rows: Rows, steps: Floats) -> Bools | None:
    """Good sites by halving with the greedy cover alone, which is quick."""
    best: Bools | None = None
    left, right = 0, len(steps) - 1
    while left < right:
        middle = (left + right) // 2
        found = enough_sites(within(far, rows, float(steps[middle])))
        if found is None:
            left = middle + 1
        else:
            best, right = found, int(np.searchsorted(steps, longest(far, found)))
    return best


def _allowed(far: Floats, rows: Rows, limit: float, control: Control) -> tuple[Bools | None, bool]:
    """Sites that bring everybody within a limit, and whether it is sure that there are none."""
    ask = within(far, rows, limit).merged()
    keep, points = cover_core(ask.matrix, rows, np.zeros(len(rows.lower)))
    matrix = csr_array(ask.matrix[keep][:, points])
    small = Ask.everyone(matrix, rows.only(keep), cost=rows.places[keep])
    greedy = enough_sites(small)
    if greedy is not None:
        return opened(len(rows.lower), keep[greedy]), True
    found = solve(cover_model(small), clock=control.clock, seed=control.seed, first=True)
    if found.values is None:
        return None, found.done
    return opened(len(rows.lower), keep[found.values[: len(keep)] > 0.5]), True
