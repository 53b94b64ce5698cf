"""A report as one moment of a map: which circles belong to it, and what may be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coverage.maps.compose import Moment, chosen_indicators
from coverage.maps.discreet import suppress_reach
from coverage.reach.service import DEFAULT_PROFILE, kinds_of, travel_time
from coverage.reports.circles import to_dict
from coverage.reports.discretion import SENSITIVE_KINDS, mask, suppress
from coverage.reports.document import build as build_document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from coverage.assessment import Report
    from coverage.reach.service import ServiceTimes
    from coverage.text import Lang

MINUTES = (5.0, 10.0, 15.0)


def moment(
    report: Report,
    *,
    lang: Lang = "zh",
    id_: str = "now",
    indicators: Sequence[str] = (),
    kinds: Sequence[str] = (),
    profile: str | Path = DEFAULT_PROFILE,
    minutes: Sequence[float] = MINUTES,
    roads: str | Path | None = None,
    population: Path | None = None,
    masked: bool = False,
    below: int | None = None,
) -> Moment:
    """What a map shows of a report, with the service circles of its first indicator.

    Args:
        report: What was assessed.
        lang: Language of names and words.
        id_: ``now``, ``before`` or ``after``.
        indicators: Ids, of which the first says whose circles are drawn.
        kinds: Kinds of facility to draw circles of instead.
        profile: How people travel.
        minutes: Limits.
        roads: Road source; the city's own by default.
        population: People as a raster or points; the township model by default.
        masked: Withhold names and places of the facilities that protect
            children and people in need, and circles around them.
        below: Withhold counts of people smaller than this.

    Raises:
        InputError: If no indicator can be shown, a kind is not known, or a
            source cannot be used.
    """
    document = build_document(report, lang)
    services: tuple[str, ...] = ()
    wanted = kinds_of(kinds) if kinds else ()
    if not wanted:
        match = report.city.indicator(chosen_indicators(document, indicators)[0]).match
        wanted, services = tuple(match.kinds), tuple(match.services)
    times: ServiceTimes | None = None
    if _placeable(document, wanted, services) and not (masked and SENSITIVE_KINDS & set(wanted)):
        times = travel_time(
            report.city,
            kind=wanted,
            services=services,
            profile=profile,
            minutes=minutes,
            year=report.year,
            register=report.register,
            roads=roads,
            population=population,
        )
    if masked:
        document = mask(document)
    if below is not None:
        document = suppress(document, below)
    reach = None if times is None else to_dict(times, lang)
    if reach is not None and below is not None:
        reach = suppress_reach(reach, below)
    return Moment(id_, document, times=times, reach=reach, services=services)


def _placeable(document: Mapping[str, Any], kinds: Sequence[str], services: Sequence[str]) -> bool:
    """Whether any open facility of the kinds has a place, or a seat to stand at."""
    seats = {unit["code"] for unit in document["units"] if unit["lon"] is not None}
    return any(
        row["kind"] in kinds
        and row["counted"]
        and set(services) <= set(row["services"])
        and (row["lon"] is not None or row["unit"][:9] in seats)
        for row in document["register"]
    )
