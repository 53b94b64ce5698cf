"""Amounts: beds, areas and other sizes of facilities, by themselves and for so many people."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from coverage.doubts import boundless, unstated, with_perhaps
from coverage.indicators import Matched, Measurement, matching
from coverage.messages import Said
from coverage.people_of_year import PeopleOfYear, people_of_year

if TYPE_CHECKING:
    from coverage.city import City
    from coverage.facilities import Register
    from coverage.plans import PlanIndicator

# Sizes.

_MU = Fraction(2000, 3)  # m²
_SIZES = {
    "beds": Said("张床位", "beds"),
    "nursing_beds": Said("张护理床", "nursing beds"),
    "floor_area": Said("平方米", "m²"),
    "land_area": Said("平方米", "m²"),
    "capacity_total": Said("个", "places"),
}


def size(city: City, register: Register, i: PlanIndicator, year: int) -> Measurement:
    """Sizes of facilities added up; nothing of the kind asked for is a size of 0."""
    found = matching(register, i.match, year, city)
    column = i.match.size
    known = tuple(f for f in found.rows if getattr(f, column) is not None)
    if found.rows and not known:
        return Measurement(notes=(_NO_SIZE,))
    per = _MU if i.unit == "亩" else 1
    total = sum((_exact(getattr(f, column)) for f in known), Fraction(0)) / per
    made = Measurement(
        numerator=total,
        scale=1,
        basis="register",
        rows=known,
        gap_unit=Said("亩", "mu") if i.unit == "亩" else _SIZES[column],
    )
    more = sum((_exact(getattr(f, column) or 0) for f in found.perhaps), Fraction(0)) / per
    left = sum(getattr(f, column) is None for f in (*found.rows, *found.perhaps))
    return boundless(with_perhaps(made, found, total + more), left, _OF_SIZE)


def _exact(size: float) -> Fraction:
    return Fraction(str(size))


_NO_SIZE = Said("登记册未写这项规模，未计算", "the register does not state this size: not computed")


_OF_SIZE, _OF_BEDS = Said("的规模", "their size"), Said("床位数", "their beds")
_OF_AREA = Said("建筑面积", "their floor area")


# Beds.


def bed_ratio(city: City, register: Register, i: PlanIndicator, year: int) -> Measurement:
    """Beds for so many people, or the nursing beds among them."""
    found = matching(register, i.match, year, city)
    if i.match.share == "nursing":
        return _nursing_share(found)
    known = tuple(f for f in found.rows if f.beds is not None)
    group = i.match.group if i.match.share == "per_person" else "60+"
    people = people_of_year(city, group, year)
    if people is None or not people.count or not known:
        return Measurement(notes=(_NO_BEDS if people else _no_people(group),))
    beds = sum(f.beds or 0 for f in known)
    made = Measurement(
        numerator=beds,
        denominator=people.count,
        scale=100 if i.match.share == "per_person" else 1000,
        basis="register",
        rows=known,
        gap_unit=Said("张床位", "beds"),
        notes=(_people_said(group, people),),
    )
    more = beds + sum(f.beds or 0 for f in found.perhaps)
    left = sum(f.beds is None for f in (*found.rows, *found.perhaps))
    made = with_perhaps(made, found, Fraction(made.scale * more, people.count))
    return _of_people(boundless(made, left, _OF_BEDS), people)


def _of_people(found: Measurement, people: PeopleOfYear) -> Measurement:
    """A ratio to people with the bounds that another year's figure leaves, and whose it is."""
    value = found.value
    if value is None:
        return found
    low, high = found.lowest or value, found.highest or value
    lowest = low * Fraction(people.count, people.highest)
    highest = high * Fraction(people.count, people.lowest) if people.lowest else None
    notes = (*found.notes, _DERIVED) if people.derived else found.notes
    other = Said(f"只知 {people.year} 年的人数", f"only the people of {people.year} are known")
    unsure = found.unsure if people.lowest == people.highest else (*found.unsure, other)
    return replace(
        found,
        lowest=lowest,
        highest=highest,
        own_figure=people.derived,
        whole_known=people.lowest == people.highest,
        unsure=unsure,
        notes=notes,
    )


def _people_said(group: str, people: PeopleOfYear) -> Said:
    who = {"60+": "60 岁及以上人口", "households": "户数"}.get(group, group)
    en = {"60+": "people aged 60 and over"}.get(group, group)
    return Said(
        f"{who} {people.count:,}{'' if group == 'households' else ' 人'}"
        f"（{people.year} 年，{people.how.zh}）",
        f"{en}: {people.count:,} ({people.year}, {people.how.en})",
    )


_DERIVED = Said(
    "人数由规划自身的这一比率反推，比率不作评判",
    "the people were derived from this very ratio of the plan: it is not judged",
)


def _nursing_share(found: Matched) -> Measurement:
    """Nursing beds of all beds that are known, and what it may be.

    Beds of which it is not known whether they are for nursing count as beds: none of them may be,
    or all. Nothing bounds the beds of a home that does not state them, nor the share then.
    """
    rows = found.rows
    known = tuple(f for f in rows if f.beds is not None)
    beds = sum(f.beds or 0 for f in known)
    if not beds or all(f.nursing_beds is None for f in known):
        return Measurement(notes=(_NO_BEDS,))
    nursing = sum(f.nursing_beds or 0 for f in known)
    unsaid = [f for f in known if f.nursing_beds is None]
    silent = [f for f in rows if f.beds is None]
    made = Measurement(
        numerator=nursing,
        denominator=beds,
        scale=100,
        ceiling=beds,
        basis="register",
        rows=known,
        gap_unit=Said("张护理床", "nursing beds"),
        notes=(_CONVERTED,),
    )
    most = nursing + sum(f.beds or 0 for f in unsaid)
    made = replace(made, lowest=made.value, highest=Fraction(100 * most, beds))
    if unsaid:
        made = unstated(made, len(unsaid), Said("护理型床位数", "their nursing beds"))
    made = _perhaps_nursing(made, found, nursing, most, beds)
    if silent:
        made = unstated(made, len(silent), _OF_BEDS)
        made = replace(made, lowest=Fraction(0), boundless=True, whole_known=False)
    return made


def _perhaps_nursing(
    made: Measurement, found: Matched, least: int, most: int, beds: int
) -> Measurement:
    """At worst only the other beds of homes in doubt count, at best only their nursing beds."""
    others = [(f.beds, f.nursing_beds) for f in found.perhaps]
    if not others:
        return made
    if any(all_ is None for all_, _ in others):
        made = with_perhaps(made, found, None)
        return replace(made, lowest=Fraction(0), boundless=True, whole_known=False)
    none = sum((all_ or 0) - (some or 0) for all_, some in others)
    some = sum((all_ or 0) if some is None else some for all_, some in others)
    return replace(
        with_perhaps(made, found, None),
        lowest=Fraction(100 * least, beds + none),
        highest=Fraction(100 * (most + some), beds + some),
        whole_known=False,
    )


_CONVERTED = Said(
    "缺口按把现有床位改造为护理型床位计", "the gap counts existing beds turned into nursing beds"
)
_NO_BEDS = Said("登记册未写床位，未计算", "the register states no beds: not computed")


def _no_people(group: str) -> Said:
    if group == "60+":
        return Said(
            "60 岁及以上人口未知，无法计算每千名老人床位",
            "the number of people aged 60 and over is not known: beds per 1,000 cannot be computed",
        )
    return Said(
        f"人口表中没有“{group}”的人数，未计算",
        f"the table of people has no figure for {group}: not computed",
    )


# Areas.

_NO_AREA = Said(
    "户数或建筑面积未知，未计算", "households or floor area are not known: not computed"
)
_BOUND = Said(
    "按全市面积和全部户数计，只是上下界：低于目标即未达标，高于目标不能说明已达标",
    "of all floor area and all households, which is a bound: below the target it is missed, "
    "above it nothing is proved",
)


def area(city: City, register: Register, i: PlanIndicator, year: int) -> Measurement:
    """Floor area for every hundred households."""
    found = matching(register, i.match, year, city)
    rows = tuple(f for f in found.rows if f.floor_area is not None)
    households = people_of_year(city, "households", year)
    if households is None or not households.count or not rows:
        return Measurement(notes=(_NO_AREA,))
    area = sum((_exact(f.floor_area or 0) for f in rows), Fraction(0))
    made = Measurement(
        numerator=area,
        denominator=households.count,
        scale=100,
        basis="register",
        rows=rows,
        gap_unit=Said("平方米", "m²"),
        notes=(*_year_said(households, year), *((_BOUND,) if i.match.bound else ())),
    )
    more = area + sum((_exact(f.floor_area or 0) for f in found.perhaps), Fraction(0))
    made = with_perhaps(made, found, 100 * more / households.count)
    left = sum(f.floor_area is None for f in (*found.rows, *found.perhaps))
    return _of_people(boundless(made, left, _OF_AREA), households)


def _year_said(people: PeopleOfYear, year: int) -> tuple[Said, ...]:
    return () if people.year == year else (_people_said("households", people),)
