"""What decides between answers that are equally good: goals in turn, each kept before the next.

First what was asked, then the most people, the least money, the fewest standing places shut or
moved, and last the sites that come first in the list, so that there is one answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, vstack

from coverage.siting._answer import Level
from coverage.siting._ask import TINY
from coverage.siting._rules import money
from coverage.siting._solver import WHOLE, Clock, solve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.siting._answer import Control, Result
    from coverage.siting._sites import Bools, Floats, Ints, Sites
    from coverage.siting._solver import Mip

LARGEST = 30_000  # entries of a model in which equals are told apart by HiGHS
NODES = 200  # of its tree, for one goal: a count, so that any machine finds the same
FLOWS = 1e-6  # of a sum of flows is rounding
BLOCK = 20  # sites whose places in the list are compared at once: powers of two that add up exactly


@dataclass(frozen=True, eq=False)
class Goal:
    """What is wanted of answers that are equal so far.

    Attributes:
        name: See `Level`.
        cost: (variables,) what is minimised; of sites alone, the first variables of every model.
        offset: Added to tell it.
    """

    name: str
    cost: Floats
    offset: float = 0.0

    @property
    def whole(self) -> bool:
        """Whether it only takes whole numbers where its variables do."""
        return bool((self.cost == np.round(self.cost)).all())

    def only(self, keep: Ints) -> Goal:
        """The same over some sites; the others are shut."""
        return replace(self, cost=self.cost[keep])

    def best(self, value: float, bound: float) -> Level:
        """What came of it; more people are better, of all else less is."""
        value, bound = value + self.offset, min(value, bound) + self.offset
        if abs(value - bound) <= TINY * max(1.0, abs(value)):
            bound = value
        if self.name == "people":
            return Level(self.name, -value, -bound)
        return Level(self.name, value, bound)


def site_goals(sites: Sites) -> list[Goal]:
    """The goals that hang on sites alone: money (new sites, where no costs are known), closings."""
    costs, paid = money(sites)
    goals = [Goal("money", costs, paid)]
    free = [*sites.closable, *sites.movable]
    if free:
        shut = np.zeros(sites.count)
        shut[free] = -1.0
        goals.append(Goal("closed", shut, float(len(free))))
    return goals


def slack_of(value: float, *, whole: bool) -> float:
    """By how much a kept goal may be missed: rounding only."""
    return 0.5 if whole else TINY * max(1.0, abs(value))


def flow_slack(cost: Floats, value: float) -> float:
    """The same where flows are added up: with less the solver may find none that are equal."""
    return FLOWS * max(1.0, abs(value), float(np.abs(cost).max(initial=0.0)))


def in_turn(
    model: Mip, values: Floats, goals: Sequence[Goal], sites: int, control: Control
) -> tuple[Floats, list[Level]]:
    """The best of equal answers by some goals, and last by their places in the list.

    Args:
        model: What all equal answers keep to: sites first, then other variables.
        values: One of them.
        goals: In turn.
        sites: How many candidates there are.
        control: How hard to try; what large models leave open is told as not proven.
    """
    levels, clock = [], control.later()
    sure = model.matrix.nnz <= LARGEST
    for goal in goals:
        cost = np.zeros(len(model.cost))
        cost[: len(goal.cost)] = goal.cost
        value = float(cost @ values)
        free = (cost != 0) & (model.lower < model.upper)
        if not free.any():
            levels.append(goal.best(value, value))
            continue
        whole = goal.whole and bool(model.whole[free].all())
        least = -np.inf
        if sure:
            found = solve(
                replace(model, cost=cost),
                clock=Clock.of(clock.left / 2),
                seed=control.seed,
                start=values,
                gap=WHOLE if whole else TINY * max(1.0, abs(value)),
                nodes=NODES,
            )
            least = float(np.ceil(found.bound - 5e-5)) if whole else found.bound
            if found.values is not None and cost @ found.values < value:
                values = rounded(model, found.values)
                value = float(cost @ values)
        levels.append(goal.best(value, least))
        sure &= levels[-1].proven  # what comes after an open goal is open, too
        model = kept(model, cost, value + (0.5 if whole else flow_slack(cost, value)))
    if not sure:
        return values, [*levels, Level("listed", 1.0, 0.0)]
    values, sure = _first_listed(model, values, sites, control, clock)
    return values, [*levels, Level("listed", 0.0 if sure else 1.0, 0.0)]


def rounded(model: Mip, values: Floats) -> Floats:
    """Values whose whole numbers are whole."""
    return np.where(model.whole, np.round(values), values)


def kept(model: Mip, cost: Floats, most: float) -> Mip:
    """The model with one more row: `cost @ x <= most`."""
    size = max(1.0, float(np.abs(cost).max(initial=0.0)))
    matrix = csr_array(vstack([model.matrix, csr_array(cost[None, :] / size)], format="csr"))
    return replace(
        model,
        matrix=matrix,
        low=np.append(model.low, -np.inf),
        high=np.append(model.high, most / size),
    )


def another(model: Mip, chosen: Bools) -> Mip:
    """The model of answers with other open sites."""
    differs = np.zeros(len(model.cost))
    differs[: len(chosen)] = np.where(chosen, 1.0, -1.0)
    return replace(kept(model, differs, float(chosen.sum()) - 1.0), cost=np.zeros(len(model.cost)))


def alone(model: Mip, chosen: Bools, clock: Clock, seed: int) -> bool:
    """Whether no other sites answer the model: proven."""
    found = solve(another(model, chosen), clock=clock, seed=seed, first=True, nodes=NODES)
    return found.done and found.values is None


def _first_listed(
    model: Mip, values: Floats, sites: int, control: Control, clock: Clock
) -> tuple[Floats, bool]:
    """Of all answers the one that opens the first site in which two differ; whether it is sure."""
    if alone(model, values[:sites] > 0.5, clock, control.seed):
        return values, True
    first = values
    free = np.flatnonzero(model.lower[:sites] < model.upper[:sites])
    for block in np.split(free, range(BLOCK, len(free), BLOCK)):
        cost = np.zeros(len(model.cost))
        cost[block] = -(2.0 ** np.arange(len(block) - 1, -1, -1))
        found = solve(
            replace(model, cost=cost),
            clock=clock,
            seed=control.seed,
            start=values,
            gap=WHOLE,
            nodes=NODES,
        )
        if found.values is None or not found.done:
            return first, False
        values = rounded(model, found.values)
        lower, upper = model.lower.copy(), model.upper.copy()
        lower[block] = upper[block] = values[block]
        model = replace(model, lower=lower, upper=upper)
    return values, True


def unsettled(goals: Sequence[Goal]) -> list[Level]:
    """What is told where a question is too large for equals to be told apart."""
    return [*(Level(goal.name, np.inf, -np.inf) for goal in goals), Level("listed", 1.0, 0.0)]


def ordered(result: Result, chosen: Bools, levels: Sequence[Level]) -> Result:
    """The result with the sites that the order of goals prefers, and what came of each goal."""
    asked = Level("asked", result.value, result.bound)
    return replace(result, chosen=chosen, order=(asked, *levels))
