"""The order of goals in questions of cover, by the engines of cover: any size that they take."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from coverage.siting._ask import Ask, cover_model, full_values
from coverage.siting._fewest import fewest
from coverage.siting._inputs import Target, scale_of, whole
from coverage.siting._most import most
from coverage.siting._order import Goal, in_turn, ordered, site_goals, slack_of
from coverage.siting._sites import opened
from coverage.siting._solver import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from coverage.siting._answer import Answer, Control, Level, Result
    from coverage.siting._rules import Rows
    from coverage.siting._sites import Bools, Floats, Sites


def best_of_equals(
    ask: Ask, result: Result, sites: Sites, people: Floats | None, control: Control
) -> Result:
    """Of all answers as good as the result, the one that the order of goals prefers.

    Args:
        ask: The question.
        result: Its answer.
        sites: The candidates and their rules.
        people: (points,) who decide between equals; None where all answers reach as many.
        control: How hard to try.
    """
    if ask.twice is not None:
        return _twice(ask, result, sites, people, control)
    prefers = _preference(ask, sites, people)
    met = [one for one, value in result.near if value == result.value]
    best, levels = min([result.chosen, *met], key=prefers), []
    ask = _kept(ask, result.value)
    late = control.later()

    def part() -> Control:
        return replace(control, clock=Clock.of(late.left / 2), gap=0.0)

    if people is not None and not (ask.must is not None and ask.must.all()):
        ask, best, level = _most_people(ask, best, people, part())
        levels.append(level)
    for goal in site_goals(sites):
        ask, best, level = _least(ask, best, goal, part())
        levels.append(level)
    merged = replace(ask, cost=None).merged()
    values, last = in_turn(cover_model(merged), full_values(merged, best), [], sites.count, part())
    chosen = values[: sites.count] > 0.5
    if ask.fits(chosen):
        best = chosen
    return ordered(result, best, [*levels, *last])


def _preference(
    ask: Ask, sites: Sites, people: Floats | None
) -> Callable[[Bools], tuple[float, ...]]:
    """What orders answers that are as good in what was asked: the least comes first."""
    goals = site_goals(sites)

    def key(chosen: Bools) -> tuple[float, ...]:
        reached = 0.0 if people is None else float(people @ (ask.reached(chosen) > 0))
        return (-reached, *(float(goal.cost @ chosen) for goal in goals), *(~chosen).tolist())

    return key


def preferred(
    ask: Ask, result: Result, answer: Answer, sites: Sites, people: Floats | None
) -> Result | None:
    """The result with the best of its alternatives instead, where this is better and as good.

    So much can be, where there was no time to prove the order of goals.
    """
    prefers = _preference(ask, sites, people)
    others = [opened(sites.count, list(one.chosen)) for one in answer.alternatives]
    equals = [one for one in others if ask.value(one) == result.value and ask.fits(one)]
    best = min([result.chosen, *equals], key=prefers)
    if np.array_equal(best, result.chosen):
        return None
    now = {"people": -prefers(best)[0]}
    now |= {g.name: float(g.cost @ best) + g.offset for g in site_goals(sites)}
    asked, *rest = result.order
    levels = [replace(one, value=now.get(one.goal, one.value)) for one in rest]
    near = [(one, ask.value(one)) for one in [result.chosen, *others]]
    return replace(result, chosen=best, near=near, order=(asked, *levels))


def _kept(ask: Ask, value: float) -> Ask:
    """The question of all answers that are as good, with no goal of its own."""
    nothing = np.zeros(len(ask.once))
    if ask.cost is None:
        least = value - slack_of(value, whole=bool(ask.step))
        target = Target(ask.once, value, least)
        return replace(ask, once=nothing, targets=(*_not_of(ask, ask.once), target))
    rows = _no_more(ask.rows, ask.cost, value - ask.offset, whole=bool(ask.step))
    return replace(ask, once=nothing, rows=rows, cost=None, offset=0.0)


def _no_more(rows: Rows, cost: Floats, most_cost: float, *, whole: bool) -> Rows:
    """The rules and no more than that cost, told as the rule it is: the engines know these."""
    if np.array_equal(cost, rows.places):
        return rows.new_sites(round(most_cost) - rows.taken)
    most_cost = round(most_cost) if whole else most_cost + slack_of(most_cost, whole=False)
    if (cost < 0).any():
        return rows.at_most("kept", cost, most_cost)
    return rows.at_most("budget", cost, most_cost)


def _not_of(ask: Ask, weights: Floats) -> tuple[Target, ...]:
    """The targets less those that count the same weights: what comes to more meets them too."""
    return tuple(t for t in ask.targets if not np.array_equal(t.weights, weights))


def _most_people(
    ask: Ask, best: Bools, people: Floats, control: Control
) -> tuple[Ask, Bools, Level]:
    scale = scale_of(people)
    once = people * scale
    stage = replace(ask, once=once, targets=_not_of(ask, people))
    found = most(stage, control, start=best)
    best = found.chosen if ask.fits(found.chosen) else best
    value = stage.value(best)
    target = Target(once, value, value - slack_of(value, whole=whole(once)))
    asked = replace(ask, targets=(*stage.targets, target))
    level = Goal("people", once).best(-value / scale, -max(found.bound, value) / scale)
    return asked, best, level


def _least(ask: Ask, best: Bools, goal: Goal, control: Control) -> tuple[Ask, Bools, Level]:
    value = float(goal.cost @ best)
    free = ask.rows.lower < ask.rows.upper
    if not (goal.cost[free] != 0).any():
        return ask, best, goal.best(value, value)
    scale = _scale(ask, goal)
    stage = replace(ask, cost=goal.cost * scale)
    found = fewest(stage, control, start=best)
    best = found.chosen if ask.fits(found.chosen) else best
    value = float((goal.cost * scale) @ best)
    rows = _no_more(ask.rows, goal.cost * scale, value, whole=bool(stage.step))
    level = goal.best(value / scale, min(found.bound, value) / scale)
    return replace(ask, rows=rows), best, level


def _scale(ask: Ask, goal: Goal) -> float:
    """What makes costs that are all alike a number of sites, which has an engine of its own."""
    top = float(goal.cost.max(initial=0.0))
    if top > 0 and np.array_equal(goal.cost, ask.rows.places * top):
        return 1.0 / top
    return scale_of(goal.cost)


def _twice(
    ask: Ask, result: Result, sites: Sites, people: Floats | None, control: Control
) -> Result:
    """The same where a second site counts: what is asked is no sum over reached points."""
    goals, carried = site_goals(sites), ask
    if people is not None:  # carried along as a target of nothing, so that points may be merged
        carried = replace(ask, targets=(*ask.targets, Target(people, 0.0, -np.inf, "people")))
    merged = carried.merged()
    if people is not None:
        weights = merged.targets[-1].weights
        goals.insert(0, Goal("people", np.concatenate([np.zeros(sites.count), -weights])))
    least = result.value - slack_of(result.value, whole=bool(ask.step))
    model = cover_model(merged, at_least=least)
    start = full_values(merged, result.chosen)
    values, levels = in_turn(model, start, goals, sites.count, control)
    chosen = values[: sites.count] > 0.5
    if not ask.fits(chosen) or ask.value(chosen) < least:
        chosen = result.chosen
    return ordered(result, chosen, levels)
