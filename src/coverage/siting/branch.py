"""Branch and bound for the p-median with few sites, on the Lagrangian bound.

With few sites the relaxation leaves a gap that HiGHS closes slowly, node by
node of a large linear model. Here a node is a few dozen steps of the
subgradient method from its parent's prices, a few milliseconds.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from coverage.siting.median_search import median_bound

if TYPE_CHECKING:
    from collections.abc import Callable

    from coverage.siting.median_search import MedianBound
    from coverage.siting.mip import Clock
    from coverage.siting.problem import Bools, Floats
    from coverage.siting.rows import Rows

STEPS = 70
MOST_NODES = 20_000


@dataclass(order=True)
class _Node:
    bound: float
    number: int
    state: MedianBound = field(compare=False)


def branch(
    cost: Floats,
    rows: Rows,
    root: MedianBound,
    *,
    known: Callable[[], float],
    take: Callable[[Bools], None],
    clock: Clock,
) -> float:
    """Close the gap; what no answer can cost less than.

    Args:
        cost: (candidates, points), infinite where there is no way.
        rows: Rules; a number of sites is the only one.
        root: The bound found so far, with what is settled.
        known: Only answers of less than this are of interest.
        take: Told every answer met.
        clock: Time left.
    """
    heap = [_Node(root.bound, 0, root)]
    room = rows.high[0] if len(rows.high) else np.inf
    number = 0
    while heap:
        node = heapq.heappop(heap)
        if node.bound >= known():
            return known()
        if clock.over or number >= MOST_NODES:
            return node.bound
        state = node.state
        free = np.flatnonzero(~state.shut & ~state.must)
        if not len(free) or state.must.sum() >= room:
            chosen = state.must if state.must.sum() >= room else ~state.shut
            take(chosen)
            continue
        at = int(free[np.abs(state.share[free] - 0.5).argmin()])
        for opened in (True, False):
            lower, upper = state.must.astype(float), (~state.shut).astype(float)
            lower[at], upper[at] = (1.0, 1.0) if opened else (0.0, 0.0)
            if lower.sum() > room:
                continue
            child = median_bound(
                cost,
                replace(rows, lower=lower, upper=upper),
                state.u.copy(),
                known=known(),
                clock=clock,
                rounds=STEPS,
                first_scale=0.5,
            )
            number += 1
            if child.chosen.any():
                take(child.chosen)
            if (child.shut & child.must).any() or child.bound >= known():
                continue
            child.bound = max(child.bound, state.bound)
            heapq.heappush(heap, _Node(child.bound, number, child))
    return known()
