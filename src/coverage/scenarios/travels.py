"""The travels of a comparison: grounds made ready once, cities in memory that follow the edits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.errors import InputError, Problem
from coverage.indicators import Measurement
from coverage.messages import Said, joined
from coverage.profiles import load_profile
from coverage.reach.ground import DEFAULT_PROFILE, TravelSetup, roads_in_words, set_up_travel
from coverage.reach.measure import DEFAULT_MINUTES, counted_for, from_times
from coverage.scenarios.apply import Growths, due, growths_of
from coverage.scenarios.edits import Limit, Measured
from coverage.scenarios.live import LiveCity, Question

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from coverage.city import City
    from coverage.clauses import Match
    from coverage.counts import Measure
    from coverage.demand.demand import Demand
    from coverage.demand.sources import PeopleSource
    from coverage.facilities import Register
    from coverage.plans import PlanIndicator
    from coverage.reach.service import ServiceTimes
    from coverage.roads.sources import RoadSource
    from coverage.scenarios.edits import Road, Scenario

_Key = tuple[str, "tuple[Road, ...]"]
_NO_SITES = Said("没有一处设施有位置，未计算", "no facility has a place: not computed")


def measured_by(
    scenarios: Sequence[Scenario], minutes: float | None, profile: str | Path | None
) -> Measured:
    """By what scenarios are held against one another.

    Args:
        scenarios: What they say of it themselves counts where nothing else was asked for.
        minutes: As asked for.
        profile: As asked for.

    Raises:
        InputError: If they say different things.
    """
    asked = {"minutes": minutes, "profile": None if profile is None else str(profile)}
    usual: dict[str, Any] = {"minutes": DEFAULT_MINUTES, "profile": DEFAULT_PROFILE}
    said: dict[str, set[Any]] = {
        name: {getattr(one.measured, name) or usual[name] for one in scenarios}
        if value is None
        else {value}
        for name, value in asked.items()
    }
    problems = [
        Problem(
            Said(
                f"各情景的测算口径不同，不能并排比较；用 --{name} 统一",
                f"the scenarios are measured by different ones: give --{name} for all",
            ),
            column=name,
            value="、".join(map(str, sorted(found))),
        )
        for name, found in said.items()
        if len(found) > 1
    ]
    if problems:
        raise InputError(problems)
    limit = {name: found.pop() if found else usual[name] for name, found in said.items()}
    return replace(stated_in(scenarios), **limit)


def stated_in(scenarios: Sequence[Scenario]) -> Measured:
    """By what scenarios themselves say that they are measured, where all say the same."""
    found = {one.measured for one in scenarios}
    return found.pop() if len(found) == 1 else Measured()


class Travels:
    """Travel times before and after each scenario.

    The arguments are those of `coverage.scenarios.compare.compare`.

    Raises:
        InputError: If the limit or a profile cannot be used.
    """

    def __init__(
        self,
        city: City,
        scenarios: Sequence[Scenario],
        year: int,
        *,
        register: Register,
        measured: Measured,
        roads: RoadSource | None,
        population: PeopleSource | None,
    ) -> None:
        self.city, self.year, self.register = city, year, register
        minutes = DEFAULT_MINUTES if measured.minutes is None else measured.minutes
        self.minutes, self.profile = minutes, measured.profile
        self.roads, self.population = roads, population
        own = [s.limit.minutes for s in scenarios if s.limit.minutes is not None]
        asked = [i.match.minutes for i in (*city.plan.indicators, *city.references)]
        self.stated = stated_in(scenarios)
        own += [self.stated.minutes] if self.stated.minutes else []
        every = {minutes, *own, *(m for m in asked if m), DEFAULT_MINUTES}
        load_profile(self.profile).limit_s(minutes)
        self._minutes = tuple(sorted(every))
        self._grounds: dict[_Key, TravelSetup] = {}
        self._cities: dict[tuple[_Key, Question, Match | None], LiveCity] = {}
        self._road_notes: dict[_Key, tuple[Said, ...]] = {}
        self.notes: tuple[Said, ...] = ()
        self._broken = False
        try:
            ground = self._ground(self._key(None))
        except InputError as error:
            self._broken = True
            why = joined(p.reason for p in error.problems)
            self.notes = (Said("未计算出行时间：", "travel times are not computed: ").then(why),)
        else:
            self.notes = (
                Said(
                    f"出行时间：{ground.profile.zh}，{minutes:g} 分钟，"
                    f"路网 {roads_in_words(ground.roads).zh}",
                    f"travel times: {ground.profile.en}, {minutes:g} minutes, roads {ground.roads}",
                ),
                *ground.notes,
                *ground.demand.notes,
            )

    def check_group(self, group: str) -> None:
        """Refuse a group that nobody has counted.

        Raises:
            InputError: If the demand has no such group.
        """
        if not self._broken:
            self._ground(self._key(None)).demand.total(group)

    def _key(self, scenario: Scenario | None, profile: str | None = None) -> _Key:
        """What a ground depends on: how people travel, and which roads are edited."""
        if scenario is None:
            return profile or self.profile, ()
        roads = tuple(r for r in scenario.roads if due(r.on, self.year))
        return profile or scenario.limit.profile or self.profile, roads

    def _ground(self, key: _Key, scenario: Scenario | None = None) -> TravelSetup:
        if key in self._grounds:
            return self._grounds[key]
        profile, edits = key
        roads, plain = self.roads, None
        if edits and scenario is not None:
            from coverage.scenarios.roads import edited_roads

            plain = self._ground((profile, ()))
            roads, self._road_notes[key] = edited_roads(plain.network.network, scenario, self.year)
        made = set_up_travel(
            self.city,
            profile=profile,
            minutes=self._minutes,
            roads=roads,
            population=self.population,
        )
        if plain is not None:
            made = replace(made, roads=plain.roads)
        self._grounds[key] = made
        return made

    def _times(
        self,
        key: _Key,
        question: Question,
        register: Register,
        scenario: Scenario | None,
        minutes: float,
        match: Match | None = None,
    ) -> ServiceTimes:
        """Travel times to the facilities of a register, with the one limit asked for.

        With a match only those that count towards its clause are facilities.
        """
        ground = self._ground(key, scenario)
        match = None if match is None or match.plain else match
        at = (key, Question(question.kinds, question.services), match)
        own = self.register
        if match is not None:
            own = counted_for(own, match, self.year, self.city)
            register = counted_for(register, match, self.year, self.city)
        if at not in self._cities:
            # Numbered by the unedited register, so that every scenario decides ties alike.
            self._cities[at] = LiveCity(self.city, ground, question, own, self.year)
        live = self._cities[at]
        live.follow(register, self.year)
        times = live.times().against((minutes,))
        growths = None if scenario is None else growths_of(self.city, scenario, self.year)
        if not growths:
            return times
        return replace(times, setup=replace(times.setup, demand=grown(times.demand, growths)))

    def pair(
        self, question: Question, scenario: Scenario, register: Register
    ) -> tuple[ServiceTimes, ServiceTimes] | None:
        """Travel times before and after a scenario; `None` where there are none.

        Raises:
            InputError: If a road edit cannot be made, or a facility lies
                outside the city.
        """
        if self._broken:
            return None
        before = self._times(self._key(None), question, self.register, None, self.minutes)
        minutes = self.minutes if scenario.limit.minutes is None else scenario.limit.minutes
        after = self._times(self._key(scenario), question, register, scenario, minutes)
        return before, after

    def measure(self, scenario: Scenario | None, register: Register) -> Measure:
        """The measure of people within a limit, for `assess`, before or after a scenario.

        An indicator keeps its own way of travelling (the profile of `coverage report`) unless the
        scenarios are measured by its facilities in another, or one sets another for afterwards.
        """

        def within(
            _city: City, _register: Register, indicator: PlanIndicator, _year: int
        ) -> Measurement:
            if self._broken:
                return Measurement(notes=self.notes)
            match = indicator.match
            limit = scenario.limit if scenario is not None else Limit()
            alike = (match.kinds, match.services) == (self.stated.kinds, self.stated.services)
            stated = self.stated if alike else Limit()
            profile = limit.profile or stated.profile or match.profile or DEFAULT_PROFILE
            key = self._key(scenario, profile)
            times = self._times(
                key,
                Question(match.kinds, match.services),
                register,
                scenario,
                limit.minutes or stated.minutes or match.minutes or DEFAULT_MINUTES,
                match,
            )
            if not times.sites.facilities:
                return Measurement(notes=(_NO_SITES,))
            return from_times(times, indicator)

        return within

    def road_notes(self, scenario: Scenario) -> tuple[Said, ...]:
        """What the road edits of a scenario did."""
        return self._road_notes.get(self._key(scenario), ())


def grown(demand: Demand, growths: Growths) -> Demand:
    """The same places with more or fewer people."""
    counties = [code[:6] for code in demand.unit_codes]
    people, not_placed = {}, {}
    for group, weight in demand.people.items():
        factors = np.array([float(growths.factor(c, group)) for c in [*counties, ""]])
        people[group] = weight * factors[demand.unit]
        not_placed[group] = {
            code: count * float(growths.factor(code[:6], group))
            for code, count in demand.not_placed.get(group, {}).items()
        }
    return replace(demand, people=people, not_placed=not_placed)
