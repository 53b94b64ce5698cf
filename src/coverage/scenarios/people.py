"""Who gains and who loses by a scenario, in whole people that add up with those reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from coverage.reach.people import unit_name, units_of
from coverage.reach.whole import WholePeople
from coverage.scenarios.outcome import PeopleChange

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coverage.arrays import Bools, Floats, Ints
    from coverage.reach.service import ServiceTimes
    from coverage.scenarios.outcome import Access

NOISE = 1e-6  # of a person, from adding up fractions
_LESS_THAN_ONE = 0.4
_COUNTS = ("total_before", "total", "reached_before", "reached")


def changes(
    before: ServiceTimes, after: ServiceTimes, level: str, group: str
) -> list[PeopleChange]:
    """People by unit, before and after; the whole city is one unit."""
    had, has = (WholePeople.of_demand(times.demand, group) for times in (before, after))
    codes, of_unit = units_of(after.city, level, has.codes)

    def by_unit(people: Ints | Floats) -> list[float]:
        return [float(n) for n in np.bincount(of_unit, people, len(codes))]

    masks = _moved(before, after)
    whole = {name: by_unit(n) for name, n in _whole(before, after, had, has, masks).items()}
    exact = {name: by_unit(has.exactly(mask)) for name, mask in masks.items()}
    return [
        PeopleChange(
            code,
            unit_name(after.city, code),
            group,
            *(round(whole[name][n]) for name in _COUNTS),
            *(_or_less(round(whole[name][n]), some[n]) for name, some in exact.items()),
        )
        for n, code in enumerate(codes)
        if (code if level == "city" else whole["total"][n])
    ]


def crossed(before: ServiceTimes, after: ServiceTimes) -> tuple[Bools, Bools]:
    """Points that come within the limit, and those that no longer are."""
    was, is_ = (times.seconds <= times.limits_s[0] for times in (before, after))
    return ~was & is_, was & ~is_


def in_any_question(access: Sequence[Access]) -> tuple[float, float]:
    """People who gain, and who lose, in at least one question.

    Questions of different groups overlap; a point's people are those of the
    largest group among the questions that move it.
    """
    if len(access) < 2:
        return (access[0].main.gained, access[0].main.lost) if access else (0, 0)
    found: list[float] = []
    for which, name in enumerate(("gained", "lost")):
        people = np.zeros(len(access[0].after.seconds))
        for one in access:
            weight = one.after.demand.people[one.main.group]
            people = np.maximum(people, weight * crossed(one.before, one.after)[which])
        most = max(getattr(one.main, name) for one in access)
        found.append(max(most, _or_less(round(float(people.sum())), float(people.sum()))))
    return found[0], found[1]


def _moved(before: ServiceTimes, after: ServiceTimes) -> dict[str, Bools]:
    """Which points are moved, and how."""
    gained, lost = crossed(before, after)
    nearer, farther = after.seconds < before.seconds, after.seconds > before.seconds
    return {"gained": gained, "lost": lost, "nearer": nearer, "farther": farther}


def _whole(
    before: ServiceTimes,
    after: ServiceTimes,
    had: WholePeople,
    has: WholePeople,
    masks: Mapping[str, Bools],
) -> dict[str, Ints]:
    """(townships,) whole people by field of `PeopleChange`.

    Where the same people live afterwards, those reached before and those who gain, less those
    who lose, are those reached afterwards.
    """
    was, is_ = (times.seconds <= times.limits_s[0] for times in (before, after))
    same = has.same_people(had)
    start, end = had.counted(was), has.counted(is_, after=was if same else None)
    gained, lost = has.counted(masks["gained"]), has.counted(masks["lost"])
    if same:
        fewer = np.maximum(start - end, 0)
        lost = np.where(has.some(masks["gained"]), np.clip(lost, fewer, start), fewer)
        lost[~has.some(masks["lost"])] = 0
        gained = end - start + lost
    return {
        "total_before": had.total,
        "total": has.total,
        "reached_before": start,
        "reached": end,
        "gained": gained,
        "lost": lost,
        "nearer": gained + has.counted(masks["nearer"] & ~masks["gained"]),
        "farther": lost + has.counted(masks["farther"] & ~masks["lost"]),
    }


def _or_less(whole: int, exact: float) -> float:
    """Whole people; a fraction where there are some and fewer than one."""
    if whole or exact < NOISE:
        return whole
    return min(exact, _LESS_THAN_ONE)
