"""Measures: one function for each kind of measure a plan uses, from a register to a value."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from coverage.indicators import Measurement, matching, rank_missing, unit_share
from coverage.kinds import STATUSES
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Callable

    from coverage.city import City
    from coverage.facilities import Facility, Register
    from coverage.plans import Baseline, PlanIndicator

Measure: TypeAlias = "Callable[[City, Register, PlanIndicator, int], Measurement]"

_GAP_UNITS = {
    "city": Said("个", "cities"),
    "county": Said("个县", "counties"),
    "township": Said("个乡镇", "townships"),
    "village": Said("个村居", "villages"),
}
_NO_ROWS = Said(
    "登记册中没有这类设施的数据，未计算（不等于没有设施）",
    "the register holds no facility of this kind: not computed (which is not the same as none)",
)
_NOT_RECORDED = Said(
    "随附登记册未记录此项服务或类别，未计算（不等于没有）",
    "the shipped register does not record this service or category: not computed",
)
_EXAMPLES_GONE = Said(
    "只有示意行涉及此项，已按要求排除，未计算",
    "only example rows bear on this, and they are left out: not computed",
)
_PARTIAL = Said(
    "仅按公开发布的部分名录统计：实际数量只会更多，名录未提到的地方不等于没有",
    "counted from published lists that are known to be partial: the true number can only be "
    "higher, and a place they do not name is not known to be missing",
)


def measure(
    city: City,
    register: Register,
    indicator: PlanIndicator,
    year: int,
    *,
    people_within: Measure | None = None,
) -> Measurement:
    """The value of one plan indicator from a register, or why there is none.

    A register that ships is known to be incomplete once its example rows are
    left out; then what the plan states itself stands in place of the
    register's count, without lists of units. The two are never mixed.

    Args:
        city: The city.
        register: The facilities.
        indicator: The row of the plan.
        year: Facilities open at the end of this year count.
        people_within: Computes travel-time measures, which need roads and
            stand in a room above this one; without it they are not computed.
    """
    if not indicator.computed:
        return Measurement()
    kinds = indicator.match.kinds
    gone = any(f.kind in kinds for f in register.left_out)
    known = any(f.kind in kinds for f in register.facilities)
    if register.shipped and (gone or not known):
        stated = _stated(indicator)
        if stated is not None:
            return stated
    if not known:
        return Measurement(notes=(_EXAMPLES_GONE if gone else _NO_ROWS,))
    compute = _MEASURES[indicator.measure]
    if indicator.measure == "people_within" and people_within is not None:
        compute = people_within
    result = compute(city, register, indicator, year)
    if register.shipped and result.numerator == 0:
        return Measurement(notes=(_why_none(register, indicator, year),))
    if register.shipped and result.numerator and not result.provenance["illustrative"]:
        return _partial(result)
    return result


def _why_none(register: Register, indicator: PlanIndicator, year: int) -> Said:
    """Why a register known to be incomplete counts nothing: coming, left out, or not recorded."""
    match = indicator.match
    if matching(replace(register, facilities=register.left_out), match, year):
        return _EXAMPLES_GONE
    status = {f.id: f.status for f in register.facilities}
    opened = tuple(replace(f, status="open", opened=None) for f in register.facilities)
    coming = [
        f
        for f in matching(replace(register, facilities=opened), match, year)
        if f.provenance == "published" and status[f.id] != "open"
    ]
    if coming:
        words = "、".join(dict.fromkeys(STATUSES[status[f.id]] for f in coming))
        return Said(
            f"{len(coming)} 处为{words}，尚未投用，不计入",
            f"{len(coming)} are planned or being built and not yet in use: not counted",
        )
    return _NOT_RECORDED


def _partial(result: Measurement) -> Measurement:
    """Published lists name some places only: what is missing is known in their counties alone."""
    missing = result.missing
    if missing is not None:
        known = {row.unit_code[:6] for row in result.rows}
        missing = tuple(code for code in missing if code[:6] in known)
    return replace(result, partial=True, missing=missing, notes=(*result.notes, _PARTIAL))


def _stated(indicator: PlanIndicator) -> Measurement | None:
    """What the plan itself states, a count with its denominator or only a ratio."""
    base = indicator.baseline
    if base is None or (base.value is None and base.numerator is None):
        return None
    where = f"{base.clause}，{base.year} 年"
    unit = _GAP_UNITS.get(indicator.level, Said("个", "more"))
    if base.stated:
        note = Said(
            f"数量取自规划（{where}），具体是哪些：未知",
            f"the count is the plan's own ({base.clause}, {base.year}); which ones: not known",
        )
        shares = indicator.measure in {"unit_share", "facility_share"}
        return Measurement(
            numerator=base.numerator,
            denominator=base.denominator,
            scale=_scale(indicator),
            ceiling=base.denominator if shares else None,
            basis="stated",
            gap_unit=unit,
            notes=(note,),
        )
    if base.value is None:
        return None
    return _stated_value(indicator, base, where)


def _stated_value(indicator: PlanIndicator, base: Baseline, where: str) -> Measurement:
    counts = indicator.measure == "count" and Fraction(base.value or 0).denominator == 1
    note = Said(
        f"数值取自规划（{where}），具体是哪些：未知"
        if counts
        else f"比率取自规划（{where}），分子、分母未写",
        f"the value is the plan's own ({base.clause}, {base.year}); "
        + ("which ones: not known" if counts else "its numerator and denominator are not stated"),
    )
    return Measurement(
        numerator=base.value,
        basis="stated",
        countable=counts,
        gap_unit=Said("处", "more"),
        notes=(note,),
    )


def _scale(indicator: PlanIndicator) -> int:
    if indicator.match.share == "per_1000_60plus":
        return 1000
    return 1 if indicator.measure == "count" else 100


def _unit_share(city: City, register: Register, i: PlanIndicator, year: int) -> Measurement:
    units = city.units.at(i.level, i.match.units)
    rows = matching(register, i.match, year)
    covered, missing, holders = unit_share(rows, units, at_least=i.match.at_least)
    counted = {f.id: f for code in covered for f in holders.get(code, ())}
    inside = {f.id for found in holders.values() for f in found}
    return Measurement(
        numerator=len(covered),
        denominator=len(units),
        scale=100,
        ceiling=len(units),
        basis="register",
        covered=tuple(sorted(covered)),
        missing=rank_missing(city, missing, i),
        rows=tuple(counted.values()),
        holders=holders,
        gap_unit=_GAP_UNITS[i.level],
        notes=_outside(sum(f.id not in inside for f in rows)),
    )


def _outside(count: int) -> tuple[Said, ...]:
    said = Said(
        f"{count} 处设施只知上级单元或不在所计单元内，未计入",
        f"{count} facilities are known only by a higher unit, or lie in none of the units "
        "counted: left out",
    )
    return (said,) if count else ()


def _count(_city: City, register: Register, i: PlanIndicator, year: int) -> Measurement:
    rows = matching(register, i.match, year)
    return Measurement(
        numerator=len(rows), scale=1, basis="register", rows=rows, gap_unit=Said("处", "more")
    )


def _bed_ratio(city: City, register: Register, i: PlanIndicator, year: int) -> Measurement:
    rows = matching(register, i.match, year)
    if i.match.share == "nursing":
        return _nursing_share(rows)
    known = tuple(f for f in rows if f.beds is not None)
    # The shipped register is the plan's baseline: its beds go with the people of that year.
    as_of = i.baseline.year if register.shipped and i.baseline else year
    older = city.population.near(city.code, "60+", as_of)
    if older is None or not known:
        return Measurement(notes=(_NO_OLDER if older is None else _NO_BEDS,))
    how = (older.note or "推算") if older.provenance == "modelled" else "公布"
    note = Said(
        f"60 岁及以上人口 {older.count:,} 人（{older.year} 年，{how}）",
        f"people aged 60 and over: {older.count:,} ({older.year}, {older.provenance})",
    )
    return Measurement(
        numerator=sum(f.beds or 0 for f in known),
        denominator=older.count,
        scale=1000,
        basis="register",
        rows=known,
        gap_unit=Said("张床位", "beds"),
        notes=(note, *_unknown_beds(len(rows) - len(known))),
    )


def _nursing_share(rows: tuple[Facility, ...]) -> Measurement:
    known = tuple(f for f in rows if f.beds is not None and f.nursing_beds is not None)
    beds = sum(f.beds or 0 for f in known)
    if not beds:
        return Measurement(notes=(_NO_BEDS,))
    return Measurement(
        numerator=sum(f.nursing_beds or 0 for f in known),
        denominator=beds,
        scale=100,
        ceiling=beds,
        basis="register",
        rows=known,
        gap_unit=Said("张护理床", "nursing beds"),
        notes=(_CONVERTED, *_unknown_beds(len(rows) - len(known))),
    )


_CONVERTED = Said(
    "缺口按把现有床位改造为护理型床位计", "the gap counts existing beds turned into nursing beds"
)
_NO_BEDS = Said("登记册未写床位，未计算", "the register states no beds: not computed")
_NO_OLDER = Said(
    "60 岁及以上人口未知，无法计算每千名老人床位",
    "the number of people aged 60 and over is not known: beds per 1,000 cannot be computed",
)


def _unknown_beds(count: int) -> tuple[Said, ...]:
    said = Said(
        f"{count} 处设施床位数不详，未计入", f"{count} facilities do not state their beds: left out"
    )
    return (said,) if count else ()


_NO_AREA = Said(
    "户数或建筑面积未知，未计算", "households or floor area are not known: not computed"
)
_NO_TRAVEL = Said(
    "需要路网出行时间，本次未计算", "needs travel times over roads: not computed in this run"
)


def _area(city: City, register: Register, i: PlanIndicator, year: int) -> Measurement:
    rows = tuple(f for f in matching(register, i.match, year) if f.floor_area is not None)
    households = city.population.near(city.code, "households", year)
    if households is None or not rows:
        return Measurement(notes=(_NO_AREA,))
    return Measurement(
        numerator=sum((Fraction(f.floor_area or 0) for f in rows), Fraction(0)),
        denominator=households.count,
        scale=100,
        basis="register",
        rows=rows,
        gap_unit=Said("平方米", "m²"),
    )


def _facility_share(_city: City, register: Register, i: PlanIndicator, year: int) -> Measurement:
    rows = matching(register, i.match, year)
    if not rows:
        return Measurement(notes=(_NO_ROWS,))
    needed = frozenset(i.match.services_of)
    having = tuple(f for f in rows if needed <= f.services)
    return Measurement(
        numerator=len(having),
        denominator=len(rows),
        scale=100,
        ceiling=len(rows),
        basis="register",
        rows=rows,
        gap_unit=Said("处", "facilities"),
    )


def _people_within(_city: City, _register: Register, _i: PlanIndicator, _year: int) -> Measurement:
    return Measurement(notes=(_NO_TRAVEL,))


_MEASURES: dict[str, Measure] = {
    "unit_share": _unit_share,
    "count": _count,
    "bed_ratio": _bed_ratio,
    "area_per_100_households": _area,
    "facility_share": _facility_share,
    "people_within": _people_within,
}
