"""The best floor: the greatest share that can be promised to every group at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array, eye_array

from coverage.siting._answer import EXACTLY, Search
from coverage.siting._ask import Ask
from coverage.siting._inputs import covering, group_targets, people_of
from coverage.siting._rules import Rows
from coverage.siting._solver import Clock, Stack, solve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.siting._sites import Sites

SAME = 1e-7  # shares that differ by less are one: the solver's tolerance


@dataclass(frozen=True)
class Floor:
    """A share that every group is reached to.

    Attributes:
        share: Of the group that is worst off, from 0 to 1; 0 where no answer was found.
        bound: No allowed sites promise every group more: proven.
        chosen: Open sites that keep it.
    """

    share: float
    bound: float
    chosen: tuple[int, ...]


def best_floor(
    coverage: Any,
    people: Any,
    sites: Sites,
    *,
    groups: Sequence[Any] | None = None,
    search: Search = EXACTLY,
) -> Floor:
    """The greatest share of its people that every group can be promised (maximin; Rawls 1971).

    `max t` with `sum_{j in g} w_j z_j >= t sum_{j in g} w_j` for every group `g`,
    `z_j <= sum_i a_ij y_i`, `y` in `Y`.

    Args:
        coverage: (candidates, points), dense or sparse; not 0 where reached.
        people: (points,).
        sites: The candidates and their rules.
        groups: Group of every demand point; groups of nobody are left out. Without any, all
            are one.
        search: How hard to try; its alternatives are not used.
    """
    matrix = covering(coverage, sites)
    weights, rows = people_of(people, matrix.shape[1]), Rows.of(sites)
    targets = group_targets(weights, None if groups is None else list(groups), 0)
    ask = Ask(matrix, np.zeros(len(weights)), rows, targets=targets).merged()
    count, points = ask.matrix.shape
    stack = Stack(count + points + 1)
    stack.add([(0, ask.by_point), (count, -eye_array(points, format="csr"))], 0.0, np.inf)
    totals = [float(target.weights.sum()) for target in targets]
    for target, total in zip(ask.targets, totals, strict=True):
        part = csr_array(target.weights[None, :] / total)
        stack.add([(count, part), (count + points, csr_array([[-1.0]]))], 0.0, np.inf)
    stack.under(rows)
    cost = np.zeros(stack.size)
    cost[-1] = -1.0
    model = stack.model(cost, rows, np.arange(stack.size) < count)
    found = solve(model, clock=Clock.of(search.seconds), seed=search.seed, relative=search.gap)
    if found.values is None:
        return Floor(0.0, 0.0 if found.done else min(1.0, -found.bound), ())
    chosen = found.values[:count] > 0.5
    reached = ask.reached(chosen) > 0
    worst = [
        float(target.weights @ reached) / total
        for target, total in zip(ask.targets, totals, strict=True)
    ]
    share = min(worst, default=1.0)
    bound = min(1.0, max(share, -found.bound))
    bound = share if bound - share < SAME else bound
    return Floor(share, bound, tuple(np.flatnonzero(chosen).tolist()))
