"""Travel-time measures of a plan: the share of people within a limit, as a `Measurement`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coverage.errors import InputError
from coverage.groups import label
from coverage.indicators import CountyShare, Measurement
from coverage.messages import Lang, Said
from coverage.reach.people import PeopleReached, off_road_of, people_reached
from coverage.reach.service import DEFAULT_PROFILE, ServiceTimes, roads_in_words, travel_time
from coverage.travel.off_road import said_of

if TYPE_CHECKING:
    from coverage.city import City
    from coverage.facilities import Register
    from coverage.plans import PlanIndicator

DEFAULT_MINUTES = 15
_LANGS: tuple[Lang, ...] = ("zh", "en")


def people_within(
    city: City, register: Register, indicator: PlanIndicator, year: int
) -> Measurement:
    """People of the indicator's group within its minutes of a facility, over the shipped roads.

    Whole people are reported; those without a known place stay in the
    denominator. The straight circle's figure stands in the notes beside it, unless the
    result is itself a straight-line estimate.
    """
    match = indicator.match
    try:
        times = travel_time(
            city,
            kind=match.kinds,
            services=match.services,
            minutes=(match.minutes or DEFAULT_MINUTES,),
            year=year,
            register=register,
        )
    except InputError as error:
        zh, en = ("；".join(p.to(lang) for p in error.problems) for lang in _LANGS)
        return Measurement(notes=(Said(f"未计算：{zh}", f"not computed: {en}"),))
    group, (whole,) = _whole(times, match.group)
    found = share_of_people(times, match.group)
    notes = _notes(times, whole, group, compared=not found.straight_estimate)
    return replace(found, notes=tuple(dict.fromkeys((*found.notes, *notes, *times.notes))))


def share_of_people(times: ServiceTimes, group: str) -> Measurement:
    """The share of a group within the limit of some travel times; all people without the group."""
    group, (whole,) = _whole(times, group)
    counties = people_reached(times, level="county", group=group)
    off_road = off_road_of(times, group)
    return Measurement(
        numerator=round(whole.reached),
        denominator=round(whole.total),
        scale=100,
        ceiling=round(whole.total),
        basis="register",
        rows=tuple(times.sites.facilities),
        gap_unit=Said("人", "people"),
        counties=tuple(_county(row) for row in counties if row.code),
        off_road=off_road,
        notes=said_of(off_road),
    )


def _whole(times: ServiceTimes, group: str) -> tuple[str, list[PeopleReached]]:
    known = group if group in times.demand.people else "all"
    return known, people_reached(times, level="city", group=known)


def _county(row: PeopleReached) -> CountyShare:
    return CountyShare(row.code, row.name, round(row.reached), round(row.total), ())


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


__all__ = ["DEFAULT_PROFILE", "people_within"]
