"""Measures of a plan by road: people within a limit, hours to the farthest, as a `Measurement`."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from coverage.errors import InputError
from coverage.groups import label
from coverage.indicators import CountyShare, Measurement, matching
from coverage.messages import Lang, Said
from coverage.reach.bounds import people_between, vague_facilities
from coverage.reach.ground import DEFAULT_PROFILE, roads_in_words
from coverage.reach.people import PeopleReached, off_road_of, people_reached
from coverage.reach.service import ServiceTimes, travel_time
from coverage.text import spaced
from coverage.travel.off_road import said_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coverage.city import City
    from coverage.clauses import Match
    from coverage.facilities import Register
    from coverage.plans import PlanIndicator

DEFAULT_MINUTES = 15
_LANGS: tuple[Lang, ...] = ("zh", "en")


def by_road(city: City, register: Register, indicator: PlanIndicator, year: int) -> Measurement:
    """What a measure of `coverage.clauses.BY_ROAD` finds over the shipped roads.

    Whole people are reported; those without a known place stay in the
    denominator. The straight circle's figure stands in the notes beside it, unless the
    result is itself a straight-line estimate.
    """
    match = indicator.match
    try:
        times = times_for(city, register, match, year)
    except InputError as error:
        zh, en = ("；".join(p.to(lang) for p in error.problems) for lang in _LANGS)
        return Measurement(notes=(Said(f"未计算：{zh}", f"not computed: {en}"),))
    found = from_times(times, indicator)
    if found.value is None or indicator.measure != "people_within":
        return found
    (whole,) = people_reached(times, level="city", group=match.group)
    notes = _notes(times, whole, match.group, compared=not found.straight_estimate)
    return replace(found, notes=tuple(dict.fromkeys((*found.notes, *notes, *times.notes))))


def times_for(city: City, register: Register, match: Match, year: int) -> ServiceTimes:
    """Travel times to what a measure by road counts.

    Raises:
        InputError: As `travel_time`.
    """
    return travel_time(
        city,
        kind=match.kinds,
        services=match.services,
        profile=match.profile or DEFAULT_PROFILE,
        minutes=(match.minutes or DEFAULT_MINUTES,),
        year=year,
        register=counted_for(register, match, year, city),
    )


def counted_for(register: Register, match: Match, year: int, city: City) -> Register:
    """The register with those facilities of the kinds of a match that count towards it."""
    if match.plain:
        return register
    rows = {f.id for f in matching(register, match, year, city).rows}
    kept = tuple(f for f in register.facilities if f.kind not in match.kinds or f.id in rows)
    return replace(register, facilities=kept)


def from_times(times: ServiceTimes, indicator: PlanIndicator) -> Measurement:
    """What a measure by road says of some travel times.

    A figure of other people than the clause speaks of is none: where the group is not
    counted, nothing is reported.
    """
    group = indicator.match.group
    if group not in times.demand.people:
        who = label(group)
        said = Said(
            f"人口数据中没有{spaced(who.zh)}，未计算（不以全部人口代替）",
            f"the people are not counted by {who.en}: not computed, and everybody is not them",
        )
        return Measurement(notes=(said,))
    if indicator.measure == "hours_to_all":
        return _hours_to_all(times, group)
    return _share_of_people(times, group, indicator.match.units)


def _share_of_people(times: ServiceTimes, group: str, categories: tuple[str, ...]) -> Measurement:
    """The share of a group within the limit, of townships of some categories if any are named."""
    level = "township" if categories else "county"
    rows = [row for row in people_reached(times, level=level, group=group) if row.code]
    named: frozenset[str] | None = None
    if categories:
        units = times.city.units
        rows = [r for r in rows if (u := units.get(r.code)) and u.category in categories]
        total, reached = sum(r.total for r in rows), sum(r.reached for r in rows)
        named = frozenset(r.code for r in rows)
    else:
        (whole,) = people_reached(times, level="city", group=group)
        total, reached = whole.total, whole.reached
    off_road = off_road_of(times, group)
    between = people_between(times, group, named)
    lowest, highest = (
        Fraction(100 * min(total, end), total) if total and between.unsure else None
        for end in (between.lowest, between.highest)
    )
    return Measurement(
        numerator=reached,
        denominator=total,
        scale=100,
        ceiling=total,
        lowest=lowest,
        highest=highest,
        unsure=between.unsure,
        basis="register",
        rows=tuple(times.sites.facilities),
        gap_unit=Said("人", "people"),
        counties=tuple(_counties(rows, times.city)),
        off_road=off_road,
        notes=(*_scope(categories), *said_of(off_road)),
    )


def _scope(categories: tuple[str, ...]) -> tuple[Said, ...]:
    said = Said(
        f"只计{'、'.join(categories)}的人口", f"only people of {', '.join(categories)} are counted"
    )
    return (said,) if categories else ()


def _counties(rows: list[PeopleReached], city: City) -> Iterator[CountyShare]:
    by_county = sorted(rows, key=_county)
    for code, some in groupby(by_county, key=_county):
        own = list(some)
        reached, total = sum(row.reached for row in own), sum(row.total for row in own)
        yield CountyShare(code, city.units.name(code), reached, total, ())


def _county(row: PeopleReached) -> str:
    return row.code[:6]


def _hours_to_all(times: ServiceTimes, group: str) -> Measurement:
    """Hours to the people farthest away; without an upper bound where some have no known way."""
    lived = times.demand.people[group] > 0
    seconds = times.seconds[lived]
    known = seconds[np.isfinite(seconds)]
    if not known.size:
        return Measurement(notes=(_NOBODY,))
    left = int(lived.sum() - known.size)
    unplaced = sum(times.demand.not_placed.get(group, {}).values())
    hours = Fraction(round(float(known.max())), 3600)
    said = Said(
        f"出行方式 {times.profile.zh}；路网 {roads_in_words(times.roads).zh}"
        + (f"；{left} 处居住点无路可达，{unplaced:,.0f} 人位置不详" if left or unplaced else ""),
        f"{times.profile.en}; roads: {times.roads}"
        + (
            f"; {left} places are not reached, {unplaced:,.0f} people have no known place"
            if left or unplaced
            else ""
        ),
    )
    vague = vague_facilities(times)
    told = (
        (left, Said(f"{left} 处居住点无路可达", f"{left} places not reached")),
        (unplaced, Said(f"{unplaced:,.0f} 人位置不详", f"{unplaced:,.0f} people without a place")),
        (len(vague), Said(f"{len(vague)} 处设施位置不详", f"{len(vague)} facilities in doubt")),
    )
    doubts = tuple(said_ for count, said_ in told if count)
    return Measurement(
        numerator=hours,
        basis="register",
        rows=tuple(times.sites.facilities),
        countable=False,
        lowest=Fraction(0) if vague else None,
        partial=bool(left or unplaced or vague),
        unsure=doubts,
        notes=(said,),
    )


_NOBODY = Said("没有一处居住点可达，未计算", "no place where people live is reached: not computed")


def _notes(
    times: ServiceTimes, whole: PeopleReached, group: str, *, compared: bool
) -> tuple[Said, ...]:
    minutes = times.minutes[0]
    who = label(group)
    straight, share = whole.straight_share, whole.share
    notes = [
        Said(
            f"出行方式 {times.profile.zh}，{minutes:g} 分钟，{who.zh}；"
            f"路网 {roads_in_words(times.roads).zh}",
            f"{times.profile.en}, {minutes:g} minutes, {who.en}; roads: {times.roads}",
        )
    ]
    if straight is not None and share is not None and compared:
        radius = times.straight_radius_m(times.limits_s[0])
        notes.append(
            Said(
                f"同样时限画直线圆（半径 {radius:,.0f} 米）会得到 {straight:.1f}%，"
                f"沿路只有 {share:.1f}%",
                f"a straight circle of the same limit (radius {radius:,.0f} m) would claim "
                f"{straight:.1f} %, over roads it is {share:.1f} %",
            )
        )
    if whole.not_placed:
        notes.append(
            Said(
                f"{whole.not_placed:,.0f} 人所在乡镇位置不详，计入分母、不计入可达",
                f"{whole.not_placed:,.0f} people live in townships without a known place: "
                "in the denominator, not counted as reached",
            )
        )
    return tuple(notes)


__all__ = ["DEFAULT_PROFILE", "by_road"]
