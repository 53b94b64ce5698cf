"""Counts: one function for each kind of measure that a register alone answers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, TypeAlias

from coverage.clauses import LEVELS
from coverage.indicators import (
    CODE_LENGTH,
    Matched,
    Measurement,
    level_of,
    matching,
    rank_missing,
    unit_share,
)
from coverage.messages import Said
from coverage.people_of_year import PeopleOfYear, people_of_year
from coverage.places.tiers import tier_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from coverage.city import City
    from coverage.facilities import Facility, Register
    from coverage.plans import PlanIndicator
    from coverage.units import Unit

Measure: TypeAlias = "Callable[[City, Register, PlanIndicator, int], Measurement]"

GAP_UNITS = {
    "city": Said("个", "cities"),
    "county": Said("个县", "counties"),
    "township": Said("个乡镇", "townships"),
    "village": Said("个村居", "villages"),
}
_TIERS = {"city": "市级", "county": "县级", "township": "镇级", "village": "村级"}
_SITES, _FACILITIES = Said("处", "more"), Said("处", "facilities")
NO_ROWS = Said(
    "登记册中没有这类设施的数据，未计算（不等于没有设施）",
    "the register holds no facility of this kind: not computed (which is not the same as none)",
)


def _unit_share(city: City, register: Register, i: PlanIndicator, year: int) -> Measurement:
    units, notes = units_bound(city, i, year)
    if not units:
        return Measurement(notes=notes or (_NO_UNITS,))
    found = matching(register, i.match, year, city)
    least = i.match.at_least
    covered, missing, holders = unit_share(found.rows, units, city, at_least=least)
    with_perhaps, _, _ = unit_share((*found.rows, *found.perhaps), units, city, at_least=least)
    counted = {f.id: f for code in covered for f in holders.get(code, ())}
    inside = {f.id for held in holders.values() for f in held}
    made = Measurement(
        numerator=len(covered),
        denominator=len(units),
        scale=100,
        ceiling=len(units),
        basis="register",
        covered=tuple(sorted(covered)),
        missing=rank_missing(city, missing, i),
        rows=tuple(counted.values()),
        holders=holders,
        gap_unit=GAP_UNITS[i.level],
        notes=(*notes, *_outside(sum(f.id not in inside for f in found.rows))),
    )
    return _unsure(made, found, Fraction(100 * len(with_perhaps), len(units)))


def units_bound(
    city: City, i: PlanIndicator, year: int
) -> tuple[tuple[Unit, ...], tuple[Said, ...]]:
    """The units that a clause binds, by category and condition, and what is to be said of them."""
    units = city.units.at(i.level, i.match.units)
    condition = i.match.condition
    if condition is None:
        return units, ()
    people = {u.code: people_of_year(city, condition.group, year, unit=u.code) for u in units}
    bound = tuple(u for u in units if (p := people[u.code]) and condition.holds(p.count))
    if not any(people.values()):
        return (), (_NO_CONDITION,)
    named = "、".join(f"{u.name}（{p.count:,} 人）" for u in bound if (p := people[u.code]))
    unknown = [u.name for u in units if people[u.code] is None]
    said = Said(
        f"只约束符合条件的（{i.match.when}）：{named or '无'}"
        + (f"；人数未知：{'、'.join(unknown)}" if unknown else ""),
        f"binds only where {i.match.when}: "
        + (", ".join(f"{u.name} ({p.count:,})" for u in bound if (p := people[u.code])) or "none")
        + (f"; people not known: {', '.join(unknown)}" if unknown else ""),
    )
    return bound, (said,)


_NO_UNITS = Said("没有这类单元，未计算", "there are no such units: not computed")
_NO_CONDITION = Said(
    "条件所问的人数未知，未计算", "the people that the condition asks for are not known"
)


def _unsure(found: Measurement, matched: Matched, other: Fraction | None) -> Measurement:
    """The measurement with the other value it has if what is not known of rows is as asked."""
    value, count = found.value, len(matched.perhaps)
    if not count or value is None:
        return found
    other = value if other is None else other
    said = Said(
        f"{count} 处设施的层级、位置或开办时间不详，未计入",
        f"of {count} facilities the tier, the place or the first day is not known: left out",
    )
    lowest, highest = min(value, other), max(value, other)
    return replace(found, lowest=lowest, highest=highest, notes=(*found.notes, said))


def _outside(count: int) -> tuple[Said, ...]:
    said = Said(
        f"{count} 处设施只知上级单元或不在所计单元内，未计入",
        f"{count} facilities are known only by a higher unit, or lie in none of the units "
        "counted: left out",
    )
    return (said,) if count else ()


def _count(city: City, register: Register, i: PlanIndicator, year: int) -> Measurement:
    found = matching(register, i.match, year, city)
    rows = found.rows
    made = Measurement(
        numerator=len(rows),
        denominator=_TEN_THOUSAND if i.unit == "万个" else None,
        scale=1,
        basis="register",
        rows=rows,
        gap_unit=_SITES,
    )
    every = Fraction(len(rows) + len(found.perhaps)) / (made.denominator or 1)
    return _unsure(made, found, every)


_TEN_THOUSAND = 10_000


# Sizes.

_MU = Fraction(2000, 3)  # m²
_SIZES = {
    "beds": Said("张床位", "beds"),
    "nursing_beds": Said("张护理床", "nursing beds"),
    "floor_area": Said("平方米", "m²"),
    "land_area": Said("平方米", "m²"),
    "capacity_total": Said("个", "places"),
}


def _size(city: City, register: Register, i: PlanIndicator, year: int) -> Measurement:
    found = matching(register, i.match, year, city)
    column = i.match.size
    known = tuple(f for f in found.rows if getattr(f, column) is not None)
    if not known:
        return Measurement(notes=(_NO_SIZE if found.rows else NO_ROWS,))
    per = _MU if i.unit == "亩" else 1
    total = sum((_exact(getattr(f, column)) for f in known), Fraction(0)) / per
    made = Measurement(
        numerator=total,
        scale=1,
        basis="register",
        rows=known,
        gap_unit=Said("亩", "mu") if i.unit == "亩" else _SIZES[column],
        notes=_unknown(len(found.rows) - len(known)),
    )
    more = sum((_exact(getattr(f, column) or 0) for f in found.perhaps), Fraction(0)) / per
    return _unsure(made, found, total + more)


def _exact(size: float) -> Fraction:
    return Fraction(str(size))


_NO_SIZE = Said("登记册未写这项规模，未计算", "the register does not state this size: not computed")


def _unknown(count: int) -> tuple[Said, ...]:
    said = Said(
        f"{count} 处设施的规模不详，未计入", f"{count} facilities do not state their size: left out"
    )
    return (said,) if count else ()


# Beds.


def _bed_ratio(city: City, register: Register, i: PlanIndicator, year: int) -> Measurement:
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
        notes=(_people_said(group, people), *_unknown_beds(len(found.rows) - len(known))),
    )
    more = beds + sum(f.beds or 0 for f in found.perhaps)
    made = _unsure(made, found, Fraction(made.scale * more, people.count))
    return _of_people(made, people)


def _of_people(found: Measurement, people: PeopleOfYear) -> Measurement:
    """A ratio to people with the bounds that another year's figure leaves, and whose it is."""
    value = found.value
    if value is None:
        return found
    low, high = found.lowest or value, found.highest or value
    lowest = low * Fraction(people.count, people.highest)
    highest = high * Fraction(people.count, people.lowest) if people.lowest else None
    notes = (*found.notes, _DERIVED) if people.derived else found.notes
    return replace(found, lowest=lowest, highest=highest, own_figure=people.derived, notes=notes)


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
    rows = found.rows
    known = tuple(f for f in rows if f.beds is not None and f.nursing_beds is not None)
    beds = sum(f.beds or 0 for f in known)
    if not beds:
        return Measurement(notes=(_NO_BEDS,))
    nursing = sum(f.nursing_beds or 0 for f in known)
    made = Measurement(
        numerator=nursing,
        denominator=beds,
        scale=100,
        ceiling=beds,
        basis="register",
        rows=known,
        gap_unit=Said("张护理床", "nursing beds"),
        notes=(_CONVERTED, *_unknown_beds(len(rows) - len(known))),
    )
    if not found.perhaps:
        return made
    others = [f for f in found.perhaps if f.beds is not None and f.nursing_beds is not None]
    none = sum((f.beds or 0) - (f.nursing_beds or 0) for f in others)
    all_ = sum(f.nursing_beds or 0 for f in others)
    made = _unsure(made, found, None)
    # At worst only their other beds count, at best only their nursing beds.
    lowest, highest = (
        Fraction(100 * nursing, beds + none),
        Fraction(100 * (nursing + all_), beds + all_),
    )
    return replace(made, lowest=lowest, highest=highest)


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


def _unknown_beds(count: int) -> tuple[Said, ...]:
    said = Said(
        f"{count} 处设施床位数不详，未计入", f"{count} facilities do not state their beds: left out"
    )
    return (said,) if count else ()


# Areas.

_NO_AREA = Said(
    "户数或建筑面积未知，未计算", "households or floor area are not known: not computed"
)
_BOUND = Said(
    "按全市面积和全部户数计，只是上下界：低于目标即未达标，高于目标不能说明已达标",
    "of all floor area and all households, which is a bound: below the target it is missed, "
    "above it nothing is proved",
)


def _area(city: City, register: Register, i: PlanIndicator, year: int) -> Measurement:
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
    made = _unsure(made, found, 100 * more / households.count)
    return _of_people(made, households)


def _year_said(people: PeopleOfYear, year: int) -> tuple[Said, ...]:
    return () if people.year == year else (_people_said("households", people),)


# Shares of facilities.


def _facility_share(city: City, register: Register, i: PlanIndicator, year: int) -> Measurement:
    found = matching(register, i.match, year, city)
    rows = found.rows
    if not rows:
        return Measurement(notes=(NO_ROWS,))
    match = i.match
    needed = frozenset(match.services_of)
    beside = _beside(city, register, i, year) if match.beside else None
    having = tuple(
        f
        for f in rows
        if needed <= f.services
        and (not match.ownership_of or f.ownership in match.ownership_of)
        and (not match.grades_of or f.grade in match.grades_of)
        and (not match.paired or bool(f.partner))
        and (beside is None or beside(f))
    )
    made = Measurement(
        numerator=len(having),
        denominator=len(rows),
        scale=100,
        ceiling=len(rows),
        basis="register",
        rows=rows,
        gap_unit=_FACILITIES,
        notes=_pairs(city, register, rows) if match.paired else (),
    )
    if not found.perhaps:
        return made
    more = len(rows) + len(found.perhaps)
    made = _unsure(made, found, None)
    highest = Fraction(100 * (len(having) + len(found.perhaps)), more)
    return replace(made, lowest=Fraction(100 * len(having), more), highest=highest)


def _beside(
    city: City, register: Register, i: PlanIndicator, year: int
) -> Callable[[Facility], bool]:
    """Whether one of the kinds of `beside` stands in the same village, or within the metres."""
    kinds, metres = frozenset(i.match.beside), i.match.metres
    others = [f for f in register.facilities if f.kind in kinds and f.counts_in(year)]
    villages = {f.unit_code for f in others if level_of(f.unit_code, city) == "village"}
    placed = [f for f in others if f.placed]

    def stands(f: Facility) -> bool:
        if metres is None:
            return f.unit_code in villages
        return f.placed and any(straight_m(f, other) <= metres for other in placed)

    return stands


def _pairs(city: City, register: Register, rows: Sequence[Facility]) -> tuple[Said, ...]:
    """How far the partner institutions are that stand in the register themselves."""
    del city
    by_name = {key: f for f in register.facilities if f.placed for key in (f.id, f.name)}
    far = [straight_m(f, by_name[f.partner]) for f in rows if f.placed and f.partner in by_name]
    if not far:
        return ()
    return (
        Said(
            f"{len(far)} 家与签约医疗机构的直线距离：中位 {median(far):,.0f} 米，"
            f"最远 {max(far):,.0f} 米",
            f"straight distance to the partner institution, of {len(far)}: median "
            f"{median(far):,.0f} m, farthest {max(far):,.0f} m",
        ),
    )


def straight_m(one: Facility, other: Facility) -> float:
    """Metres between two facilities with a place, on a straight line."""
    from pyproj import Geod

    return float(Geod(ellps="WGS84").inv(one.lon, one.lat, other.lon, other.lat)[2])


# Networks.


def _network(city: City, register: Register, i: PlanIndicator, year: int) -> Measurement:
    """Units of the level whose facility stands under one of each tier above."""
    found = matching(register, replace(i.match, tiers=()), year, city)
    rows: dict[str, list[Facility]] = {tier: [] for tier in i.match.tiers}
    for f in found.rows:
        tier = tier_of(f, city.units) or level_of(f.unit_code, city)
        if tier in rows:
            rows[tier].append(f)
    units = city.units.at(i.level, i.match.units)
    if not units:
        return Measurement(notes=(_NO_UNITS,))
    held = {tier: {_own(f, tier, city) for f in rows[tier]} for tier in rows}
    whole = {
        u.code
        for u in units
        if all((u.code[: CODE_LENGTH[t]] if t != "city" else city.code) in held[t] for t in held)
    }
    covered = tuple(u.code for u in units if u.code in whole)
    missing = tuple(u.code for u in units if u.code not in whole)
    return Measurement(
        numerator=len(covered),
        denominator=len(units),
        scale=100,
        ceiling=len(units),
        basis="register",
        covered=covered,
        missing=rank_missing(city, missing, i),
        rows=tuple(f for found_ in rows.values() for f in found_),
        gap_unit=GAP_UNITS[i.level],
        notes=tuple(_steps(rows, city)),
    )


def _own(f: Facility, tier: str, city: City) -> str:
    return city.code if tier == "city" else f.unit_code[: CODE_LENGTH[tier]]


def _steps(rows: dict[str, list[Facility]], city: City) -> Iterable[Said]:
    """How many facilities each tier has, and how far each tier is from the one above."""
    counts = "，".join(f"{_TIERS[t]} {len(found)} 处" for t, found in rows.items())
    yield Said(counts, ", ".join(f"{t} {len(found)}" for t, found in rows.items()))
    tiers = sorted(rows, key=list(LEVELS).index)
    for above, below in pairwise(tiers):
        upper = [f for f in rows[above] if f.placed]
        far = []
        for f in (f for f in rows[below] if f.placed):
            near = [g for g in upper if _own(g, above, city) == _own(f, above, city)]
            if near:
                far.append(min(straight_m(f, g) for g in near))
        if far:
            yield Said(
                f"{_TIERS[below]}到{_TIERS[above]}的直线距离：中位 {median(far) / 1000:.1f} 公里，"
                f"最远 {max(far) / 1000:.1f} 公里（{len(far)} 处有位置）",
                f"straight distance from {below} to {above}: median {median(far) / 1000:.1f} km, "
                f"farthest {max(far) / 1000:.1f} km ({len(far)} with a place)",
            )


_NO_TRAVEL = Said(
    "需要路网出行时间，本次未计算", "needs travel times over roads: not computed in this run"
)


def _by_road(_city: City, _register: Register, _i: PlanIndicator, _year: int) -> Measurement:
    return Measurement(notes=(_NO_TRAVEL,))


COUNTED: dict[str, Measure] = {
    "unit_share": _unit_share,
    "count": _count,
    "bed_ratio": _bed_ratio,
    "area_per_100_households": _area,
    "facility_share": _facility_share,
    "size": _size,
    "network": _network,
    "people_within": _by_road,
    "hours_to_all": _by_road,
}
