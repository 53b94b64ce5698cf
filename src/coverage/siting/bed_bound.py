"""Quick bounds on questions with capacities, before any linear model is solved.

Two relaxations: everyone may go anywhere (only the beds count: a knapsack), and
every site has room for all (only the distance counts: a maximal cover).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from coverage.siting.bound import Knapsack, cover_bound

if TYPE_CHECKING:
    from coverage.siting.bed_model import BedAsk
    from coverage.siting.mip import Clock
    from coverage.siting.rows import Rows

ROUNDS = 200


def bed_bound(ask: BedAsk, clock: Clock) -> float:
    """What no answer is better than.

    Args:
        ask: The question.
        clock: Time left.
    """
    if ask.far is not None:
        return _nearest(ask)
    reach = csr_array(
        (np.ones(len(ask.i)), (ask.i, ask.j)), shape=(len(ask.beds), len(ask.weights))
    )
    if ask.cost is None:
        return _most_served(ask, reach, ask.rows, clock)
    least = np.where(ask.rows.lower > 0, ask.cost, np.minimum(ask.cost, 0.0))
    bound = float(least.sum()) + ask.offset
    if np.array_equal(ask.cost, ask.rows.places):
        needed = float(ask.weights.sum()) if ask.all else max(t.least for t in ask.targets)
        bound = max(bound, _fewest(ask, reach, needed, clock))
    return bound


def _nearest(ask: BedAsk) -> float:
    """Everyone at the nearest place that may be open."""
    open_to = ask.rows.upper[ask.i] > 0
    nearest = np.full(len(ask.weights), np.inf)
    if ask.far is not None:
        np.minimum.at(nearest, ask.j[open_to], ask.far[open_to])
    counted = ask.weights > 0
    return float((nearest[counted] * ask.weights[counted]).sum())


def _most_served(ask: BedAsk, reach: csr_array, rows: Rows, clock: Clock) -> float:
    """Most people that allowed sites serve."""
    bag = Knapsack.of(rows)
    use = np.minimum(ask.beds, reach @ ask.weights) * (rows.upper > 0)
    by_beds, _ = bag.ceiling(use, bag.price(use)[0])
    by_reach = cover_bound(
        reach, csr_array(reach.T), ask.weights, rows, known=0.0, clock=clock, rounds=ROUNDS
    ).bound
    return min(by_beds, by_reach, float(ask.weights.sum()))


def _fewest(ask: BedAsk, reach: csr_array, needed: float, clock: Clock) -> float:
    """Fewest new sites for which the bound leaves `needed` possible, by halving."""
    low = float(ask.rows.places @ ask.rows.lower) - ask.rows.taken - 1
    high = float(ask.rows.places.sum()) - ask.rows.taken
    while high - low > 1:
        middle = float((low + high) // 2)
        served = _most_served(ask, reach, ask.rows.new_sites(middle), clock)
        low, high = (middle, high) if served < needed * (1 - 1e-9) else (low, middle)
    return high
