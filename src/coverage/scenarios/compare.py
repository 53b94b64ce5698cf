"""Scenarios run on a city: before and after, for indicators, townships, people and times.

The city is made ready once. Each scenario then goes over to its own
facilities by single edits of the travel times in memory
(`coverage.scenarios.live`); only another road network or another way of
travelling is made ready anew.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from coverage.assessment import Report, assess
from coverage.errors import InputError
from coverage.messages import Said
from coverage.plans import LATER_YEARS
from coverage.reach.people import NearestTime, nearest_times
from coverage.reach.sites import off_road_notes
from coverage.scenarios.apply import due, edited_city, edited_register, growths_of
from coverage.scenarios.costs import cost_of
from coverage.scenarios.edits import Scenario
from coverage.scenarios.file import read_all
from coverage.scenarios.live import Question, question_of, questions_of
from coverage.scenarios.outcome import (
    Access,
    Comparison,
    IndicatorChange,
    Outcome,
)
from coverage.scenarios.people import changes, in_any_question
from coverage.scenarios.ranking import dominated, ranked
from coverage.scenarios.shipped import find_scenario
from coverage.scenarios.travels import Travels, measured_by
from coverage.travel.off_road import REMEDY, mark_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from coverage.city import City, RegisterSource
    from coverage.demand.sources import PeopleSource
    from coverage.facilities import Register
    from coverage.reach.service import ServiceTimes
    from coverage.roads.sources import RoadSource
    from coverage.scenarios.edits import Growth

_WORST = 10
_MEDIAN = 2  # place of the median among `PERCENTILES`


def compare(
    city: City,
    scenarios: Scenario | str | Path | Sequence[Scenario | str | Path],
    *,
    year: int | None = None,
    register: RegisterSource | None = None,
    provenance: str | Sequence[str] = (),
    kind: str | Sequence[str] = (),
    services: Sequence[str] = (),
    group: str = "60+",
    question: Question | None = None,
    minutes: float | None = None,
    profile: str | Path | None = None,
    roads: RoadSource | None = None,
    population: PeopleSource | None = None,
    rank_by: str = "people",
) -> Comparison:
    """Run scenarios on a city and put them side by side.

    Args:
        city: The city.
        scenarios: Edits, as `coverage.scenarios.file.read` reads them, or their files, or the
            names of those that ship; one or several.
        year: What holds at the end of this year; the plan's last by default,
            and a later one is allowed (the targets last in force are judged).
        register: The user's own register, frame or file instead of the city's.
        provenance: Count only registered rows of these, as a list or separated by commas; new
            facilities always count.
        kind: Kinds of facility that people travel to; those by which the scenarios are
            `measured`, else what the edits bear on.
        services: Only facilities that have these services.
        group: Whose travel times, with `kind` or `services`.
        question: The same three as one.
        minutes: Limit in minutes, where a scenario sets no other for afterwards; as the scenarios
            are `measured` by default, else 15.
        profile: How people travel, likewise; else older people on foot.
        roads: A road file, graph or network instead of the city's.
        population: People as a raster, a table or a frame instead of the city's.
        rank_by: One of `coverage.scenarios.ranking.CRITERIA`.

    Raises:
        InputError: If an option is not known, a year makes no sense, an edit cannot be made on
            these roads, or scenarios are measured by different limits.

    Example:
        >>> import coverage as cov
        >>> made = cov.compare(cov.City.load("阳江"), "441700-home")
        >>> [len(outcome.scenario.edits) for outcome in made.outcomes]
        [1]
    """
    ranked((), rank_by)
    year = city.plan.chosen_year(year, later=LATER_YEARS)
    given = city.counted(register)
    rows = city.counted(given, provenance).as_of(year)
    scenarios = _read(scenarios, city, given)
    measured = measured_by(scenarios, minutes, profile)
    question = (
        question
        or question_of(kind, services, group)
        or question_of(measured.kinds, measured.services, measured.group or group)
    )
    _check_present(rows, scenarios)
    edited = [edited_register(rows, one, year) for one in scenarios]
    listed = (*city.plan.indicators, *city.references)
    questions = (question,) if question else questions_of(listed, rows, edited, year)
    travels = Travels(
        city,
        scenarios,
        year,
        register=rows,
        measured=measured,
        roads=roads,
        population=population,
    )
    if question is not None:
        travels.check_group(question.group)
    before = assess(
        city,
        year=year,
        register=rows,
        people_within=travels.measure(None, rows),
        any_year=True,
    )
    outcomes = [_outcome(city, before, one, rows, year, questions, travels) for one in scenarios]
    return Comparison(
        city=city,
        year=year,
        before=before,
        outcomes=ranked(outcomes, rank_by),
        criterion=rank_by,
        dominated=dominated(outcomes),
        notes=tuple(dict.fromkeys((*before.notes, *travels.notes, *_remedy(outcomes)))),
    )


def _read(
    given: Scenario | str | Path | Sequence[Scenario | str | Path], city: City, register: Register
) -> list[Scenario]:
    each = [given] if isinstance(given, Scenario | str | Path) else list(given)
    files = [find_scenario(str(one)) for one in each if not isinstance(one, Scenario)]
    read = iter(read_all(files, city, register=register))
    return [one if isinstance(one, Scenario) else next(read) for one in each]


def _check_present(rows: Register, scenarios: Sequence[Scenario]) -> None:
    """A filter by provenance must not take away what a scenario edits."""
    known = {f.id for f in rows.facilities}
    lost = [
        f"{one.file} {edit.facility}"
        for one in scenarios
        for edit in one.of_facilities
        if edit.facility not in known
    ]
    if lost:
        raise InputError(
            Said(
                f"按来源筛选后登记册中没有情景要改的设施（{'、'.join(lost)}）",
                "the filter by provenance leaves out facilities that the scenario edits",
            )
        )


def _outcome(
    city: City,
    before: Report,
    scenario: Scenario,
    rows: Register,
    year: int,
    questions: Sequence[Question],
    travels: Travels,
) -> Outcome:
    after_city = edited_city(city, scenario, year, register=rows)
    after = assess(
        after_city,
        year=year,
        register=after_city.register,
        people_within=travels.measure(scenario, after_city.register),
        any_year=True,
    )
    asked = [
        (question, pair)
        for question in questions
        if (pair := travels.pair(question, scenario, after_city.register)) is not None
    ]
    names = _edited_names(scenario)
    access = _distinct(access_of(question, *pair, names=names) for question, pair in asked)
    off_road = (note for _, (_, then) in asked for note in off_road_notes(then.sites))
    more, fewer = _beds(rows, after_city.register, year)
    gained, lost = in_any_question(access)
    then = {result.indicator.id: result for result in after.results}
    return Outcome(
        scenario=scenario,
        year=year,
        before=before,
        after=after,
        indicators=tuple(
            IndicatorChange(result, then[result.indicator.id])
            for result in before.results
            if result.indicator.computed or result.targets
        ),
        access=access,
        gained=gained,
        lost=lost,
        beds_gained=more,
        beds_lost=fewer,
        cost=cost_of(scenario, rows, year),
        later=sum(
            not due(getattr(edit, "on", getattr(edit, "opened", None)), year)
            for edit in scenario.edits
        )
        + sum(g.year is not None and g.year > year for g in scenario.growths),
        notes=(
            *(
                Said(f"到“{name.zh}”：", f"travelling to “{name.en}”: ").then(one.off_road.said())
                for one in access
                if one.off_road is not None
                for name in [one.question.name.then(mark_of(one.off_road))]
            ),
            *_notes(city, scenario, year, after_city.register),
            *travels.road_notes(scenario),
            *dict.fromkeys(off_road),
        ),
    )


def _remedy(outcomes: Sequence[Outcome]) -> tuple[Said, ...]:
    """What would make real travel times of straight-line estimates."""
    every = (one.off_road for outcome in outcomes for one in outcome.access)
    return (REMEDY,) if any(one is not None and one.straight_estimate for one in every) else ()


def _distinct(every: Iterable[Access]) -> tuple[Access, ...]:
    """Questions whose facilities turn out to be the same places are one, the first."""
    found: list[Access] = []
    for one in every:
        same = [
            n
            for n, other in enumerate(found)
            if one.question.group == other.question.group
            and np.array_equal(one.before.seconds, other.before.seconds)
            and np.array_equal(one.after.seconds, other.after.seconds)
            and one.unplaced_new == other.unplaced_new
            and one.unplaced_gone == other.unplaced_gone
        ]
        if not same:
            found.append(one)
            continue
        first = found[same[0]]
        ids = (*first.question.indicators, *one.question.indicators)
        found[same[0]] = replace(first, question=replace(first.question, indicators=ids))
    return tuple(found)


def _beds(before: Register, after: Register, year: int) -> tuple[int, int]:
    """Beds added and beds lost, facility by facility."""
    old, new = (
        {f.id: f.beds or 0 for f in one.facilities if f.counts_in(year)} for one in (before, after)
    )
    changes = [new.get(id_, 0) - old.get(id_, 0) for id_ in {*old, *new}]
    return sum(c for c in changes if c > 0), -sum(c for c in changes if c < 0)


def _edited_names(scenario: Scenario) -> dict[str, str]:
    named = {add.id: add.name for add in scenario.adds}
    return named | {e.facility: e.name or e.facility for e in scenario.of_facilities}


def _growth_named(growth: Growth) -> str:
    many = f"×{float(growth.growth):g}" if growth.growth is not None else f"{growth.people:,}"
    parts = (growth.name or growth.unit_code, growth.group, str(growth.year or ""), many)
    return " ".join(part for part in parts if part)


def _notes(city: City, scenario: Scenario, year: int, after: Register) -> tuple[Said, ...]:
    """What was assumed about people and places."""
    notes = []
    growths = growths_of(city, scenario, year)
    if growths:
        notes.append(
            Said(
                "人口按情景放大或缩小，人口的分布不变；获益、受损的人数按情景后的人口计",
                "people grow as the scenario says and live where they did; gains and losses are "
                "counted in people after the growth",
            )
        )
    if growths.overruled:
        listed = "、".join(_growth_named(g) for g in growths.overruled)
        notes.append(
            Said(
                f"人口变化有 {len(growths.overruled)} 条让位于更晚或更具体的一条：{listed}",
                "rules of growth that gave way to a later or more specific one: "
                f"{len(growths.overruled)} ({listed})",
            )
        )
    supposed = sum(add.provenance == "modelled" for add in scenario.adds)
    if supposed:
        notes.append(
            Said(
                f"新建的 {supposed} 处是情景的假设，不是登记册里的设施",
                f"{supposed} new facilities are suppositions of the scenario and stand in no "
                "register",
            )
        )
    edited = {add.id for add in scenario.adds} | {e.facility for e in scenario.of_facilities}
    at_county = [
        f.name
        for f in after.facilities
        if f.id in edited
        and f.counts_in(year)
        and len(f.unit_code) == len(city.code)
        and not f.placed
    ]
    if at_county:
        names = "、".join(at_county)
        notes.append(
            Said(
                f"{len(at_county)} 处只知到市或县：计入市、县级指标，不计入乡镇覆盖和出行时间"
                f"（{names}）",
                f"{len(at_county)} facilities are known by city or county only: they count for "
                f"those, and neither for townships nor in travel times ({names})",
            )
        )
    return tuple(notes)


# Travel times.


def access_of(
    question: Question, before: ServiceTimes, after: ServiceTimes, *, names: dict[str, str]
) -> Access:
    """People, times and places of one question before and after.

    Args:
        question: Which facilities.
        before: Travel times before, with one limit.
        after: Travel times at the same points afterwards, with one limit.
        names: Names of edited facilities by id.
    """
    groups = list(before.demand.people)
    main = question.group if question.group in groups else "all"
    groups.sort(key=lambda group: group != main)
    city = [changes(before, after, "city", group)[0] for group in groups]
    worst = sorted(
        nearest_times(after, level="township", group=main),
        key=lambda one: (-one.seconds[_MEDIAN], -one.beyond, one.code),
    )
    worst = [one for one in worst if one.code][:_WORST]
    units = [
        *nearest_times(after, level="city", group=main),
        *nearest_times(after, level="county", group=main),
    ]
    earlier = {
        one.code: one
        for level in ("township", "county", "city")
        for one in nearest_times(before, level=level, group=main)
    }
    was, is_ = ({f.id for f in times.sites.not_placed} for times in (before, after))
    return Access(
        question=question,
        before=before,
        after=after,
        people=tuple(city),
        counties=tuple(changes(before, after, "county", main)),
        times=tuple((earlier.get(one.code), one) for one in _once(units) if one.code),
        worst=tuple((earlier.get(one.code), one) for one in worst),
        unplaced_new=tuple(name for id_, name in names.items() if id_ in is_ - was),
        unplaced_gone=tuple(name for id_, name in names.items() if id_ in was - is_),
    )


def _once(units: list[NearestTime]) -> list[NearestTime]:
    """Each unit once: the only county of a city may bear the city's own code."""
    return list({one.code: one for one in reversed(units)}.values())[::-1]
