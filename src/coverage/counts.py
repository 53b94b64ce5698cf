"""Counts: one function for each kind of measure that a register alone answers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, TypeAlias

from coverage.amounts import area, bed_ratio, size
from coverage.clauses import LEVELS
from coverage.doubts import unstated, with_perhaps
from coverage.indicators import (
    CODE_LENGTH,
    NO_ROWS,
    Matched,
    Measurement,
    coverable,
    level_of,
    matching,
    most_covered,
    rank_missing,
    unit_share,
)
from coverage.messages import Said
from coverage.people_of_year import people_of_year
from coverage.places.tiers import tier_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

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
_OF_LEVEL = {
    "city": "个市",
    "county": "个县（市、区）",
    "township": "个乡镇（街道）",
    "village": "个村居",
}
_TIERS = {"city": "市级", "county": "县级", "township": "镇级", "village": "村级"}
_SITES, _FACILITIES = Said("处", "more"), Said("处", "facilities")


def _unit_share(city: City, register: Register, i: PlanIndicator, year: int) -> Measurement:
    units, notes = units_bound(city, i, year)
    if not units:
        return Measurement(notes=notes or (_NO_UNITS,))
    found = matching(register, i.match, year, city)
    least = i.match.at_least
    covered, missing, holders = unit_share(found.rows, units, city, at_least=least)
    sure = {code: len(rows) for code, rows in holders.items()}
    most, in_doubt = _most_units(found, units, city, least, sure=sure)
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
        in_doubt=in_doubt,
        notes=(*notes, *_outside(sum(f.id not in inside for f in found.rows))),
    )
    highest = Fraction(100 * most, len(units))
    made = with_perhaps(made, found, highest)
    if not in_doubt:
        return made
    doubt = Said(f"{len(in_doubt)} {_OF_LEVEL[i.level]}情况不明", f"{len(in_doubt)} units in doubt")
    return replace(made, highest=highest, unsure=(doubt,))


def _most_units(
    found: Matched, units: Sequence[Unit], city: City, least: int, *, sure: Mapping[str, int]
) -> tuple[int, tuple[str, ...]]:
    """Units that may be covered at most, and those of which it is not known.

    `sure` says how many facilities each unit holds for certain.
    """
    _, _, perhaps = unit_share(found.perhaps, units, city)
    held = {u.code: sure.get(u.code, 0) + len(perhaps.get(u.code, ())) for u in units}
    covered = {code for code, count in held.items() if count >= least}
    doubted = {code for code in covered if sure.get(code, 0) < least}
    roaming = coverable((*found.rows, *found.perhaps), units, city, held=held)
    more, others = most_covered(roaming, units, city, held=held, at_least=least)
    return len(covered) + more, tuple(sorted({*doubted, *others}))


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
    return with_perhaps(made, found, every)


_TEN_THOUSAND = 10_000


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
    doubted = sum(not f.ownership for f in rows) if match.ownership_of else 0
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
    made = unstated(made, doubted, _OWNERSHIP)
    made = with_perhaps(made, found, None)
    more, most = len(rows) + len(found.perhaps), len(having) + len(found.perhaps) + doubted
    return replace(
        made,
        lowest=Fraction(100 * len(having), more),
        highest=Fraction(100 * most, more),
        whole_known=not found.perhaps,
    )


_OWNERSHIP = Said("的性质", "their ownership")


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
    made = Measurement(
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
    # Wherever these stand, they may make any unit's network whole.
    astray = [f for t, own in rows.items() for f in own if len(f.unit_code) < CODE_LENGTH.get(t, 0)]
    made = with_perhaps(unstated(made, len(astray), _PLACE), found, None)
    return replace(made, highest=Fraction(100)) if made.unsure else made


_PLACE = Said("所在单元", "their unit")


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
    "bed_ratio": bed_ratio,
    "area_per_100_households": area,
    "facility_share": _facility_share,
    "size": size,
    "network": _network,
    "people_within": _by_road,
    "hours_to_all": _by_road,
}
