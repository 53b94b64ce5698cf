"""Reports as moments of a map: now, or before and after a scenario, and what may be shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from coverage.assessment import drawn
from coverage.maps.compose import Moment, chosen_indicators
from coverage.reach.ground import DEFAULT_PROFILE
from coverage.reach.service import ServiceTimes, kinds_of, travel_time
from coverage.results.change import facility_changes
from coverage.results.circles import build as build_circles
from coverage.results.disclosure import (
    SENSITIVE_KINDS,
    check_drawn,
    mask,
    suppress_circles,
    suppress_together,
)
from coverage.results.from_report import build as build_document

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from coverage.assessment import Report
    from coverage.draws.run import Progress
    from coverage.messages import Lang
    from coverage.scenarios.outcome import Access, Outcome

MINUTES = (5.0, 10.0, 15.0)


@dataclass(frozen=True)
class Wanted:
    """What a map is asked to show, whatever the moment.

    Attributes:
        lang: Language of names and words.
        indicators: Ids, of which the first says whose circles are drawn.
        kinds: Kinds of facility to draw circles of instead.
        profile: How people travel.
        minutes: Limits.
        roads: Road source; the city's own by default.
        population: People as a raster or points; the township model by default.
        masked: Withhold names and places of the facilities that protect
            children and people in need, and circles around them.
        below: Withhold counts of people smaller than this.
        draws: How many draws of likely ranges; none if `None`.
        seed: Of the draws.
    """

    lang: Lang = "zh"
    indicators: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    profile: str | Path = DEFAULT_PROFILE
    minutes: tuple[float, ...] = MINUTES
    roads: Path | None = None
    population: Path | None = None
    masked: bool = False
    below: int | None = None
    draws: int | None = None
    seed: int = 1


def with_draws(report: Report, wanted: Wanted, progress: Progress | None = None) -> Report:
    """The same report with likely ranges, if they are wanted.

    Raises:
        InputError: If something of it is to be kept back, or they cannot be drawn.
    """
    check_drawn(wanted.draws, protected=wanted.masked or wanted.below is not None)
    if wanted.draws is None:
        return report
    return drawn(report, wanted.draws, wanted.seed, progress=progress)


def circles_of(report: Report, wanted: Wanted) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Kinds and services whose circles a map of a report draws.

    Raises:
        InputError: If a kind is not known, or no indicator can be shown.
    """
    if wanted.kinds:
        return kinds_of(wanted.kinds), ()
    document = build_document(report, wanted.lang)
    match = report.city.indicator(chosen_indicators([document], wanted.indicators)[0]).match
    return tuple(match.kinds), tuple(match.services)


def now(report: Report, wanted: Wanted) -> tuple[Moment, ...]:
    """What a map shows of a report.

    Raises:
        InputError: If no indicator can be shown, a kind is not known, or a
            source cannot be used.
    """
    kinds, services = circles_of(report, wanted)
    times: ServiceTimes | None = None
    known = wanted.roads is not None or report.city.origin("roads") != "missing"
    known &= wanted.population is not None or _has_people(report)
    if known and _placeable(report, kinds, services):
        times = travel_time(
            report.city,
            kind=kinds,
            services=services,
            profile=wanted.profile,
            minutes=wanted.minutes,
            year=report.year,
            register=report.register,
            roads=wanted.roads,
            population=wanted.population,
        )
    return _disclosed((_moment("now", report, wanted, times, services),), wanted)


def before_after(outcome: Outcome, wanted: Wanted) -> tuple[Moment, ...]:
    """What a map shows of a scenario: before and after, with circles of its first question.

    Raises:
        InputError: If a limit is not above 0.
    """
    access = _shown_access(outcome, wanted)
    services = access.question.services if access else ()
    before, after = (access.before, access.after) if access else (None, None)
    changes = facility_changes(outcome.scenario)
    first = _moment("before", outcome.before, wanted, _within(before, wanted.minutes), services)
    second = _moment("after", outcome.after, wanted, _within(after, wanted.minutes), services)
    roads = after.network.network if after is not None and outcome.scenario.roads else None
    # An addition dated later than the year is in neither report.
    second = replace(second, scenario=outcome.scenario.name, changes=changes, roads=roads)
    return _disclosed((first, second), wanted)


def _shown_access(outcome: Outcome, wanted: Wanted) -> Access | None:
    """Of the scenario's questions the one that the first indicator asks, else the first."""
    documents = [build_document(report, wanted.lang) for report in (outcome.before, outcome.after)]
    first = chosen_indicators(documents, wanted.indicators)[0]
    match = outcome.before.city.indicator(first).match
    asked = (tuple(match.kinds), tuple(match.services))
    found = [a for a in outcome.access if (a.question.kinds, a.question.services) == asked]
    return next(iter([*found, *outcome.access]), None)


def _within(times: ServiceTimes | None, minutes: Sequence[float]) -> ServiceTimes | None:
    """The same travel times against the limits of the map."""
    return None if times is None or not times.sites.facilities else times.against(minutes)


def _moment(
    id_: str,
    report: Report,
    wanted: Wanted,
    times: ServiceTimes | None,
    services: tuple[str, ...],
) -> Moment:
    """A report and its travel times, less the places that may not be shown."""
    document = build_document(report, wanted.lang)
    reach = None
    if times is not None and not (wanted.masked and SENSITIVE_KINDS & set(times.kinds)):
        reach = build_circles(times, wanted.lang)
    if wanted.masked:
        document = mask(document)
    return Moment(id_, document, times=times if reach else None, reach=reach, services=services)


def _disclosed(moments: tuple[Moment, ...], wanted: Wanted) -> tuple[Moment, ...]:
    """The moments of one map without small counts, none of which gives away another's."""
    if wanted.below is None:
        return moments
    documents = suppress_together([m.document for m in moments], wanted.below)
    known = [m.reach for m in moments if m.reach is not None]
    hidden = iter(suppress_circles(known, wanted.below))
    return tuple(
        replace(moment, document=document, reach=moment.reach and next(hidden))
        for moment, document in zip(moments, documents, strict=True)
    )


def _has_people(report: Report) -> bool:
    """Whether anything says where people live."""
    city = report.city
    return {city.origin("people"), city.origin("population")} != {"missing"}


def _placeable(report: Report, kinds: Sequence[str], services: Sequence[str]) -> bool:
    """Whether any open facility of the kinds has a place, or a seat to stand at."""
    units = report.city.units
    return any(
        facility.kind in kinds
        and facility.counts_in(report.year)
        and set(services) <= facility.services
        and (facility.placed or ((u := units.get(facility.unit_code[:9])) and u.placed))
        for facility in report.register.facilities
    )
