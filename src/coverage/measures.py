"""Measures: one function for each kind of measure a plan uses, from a register to a value."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from coverage.clauses import BY_ROAD
from coverage.counts import COUNTED, GAP_UNITS, Measure
from coverage.indicators import NO_ROWS, Measurement, matching
from coverage.kinds import STATUSES
from coverage.messages import Said
from coverage.text import number

if TYPE_CHECKING:
    from coverage.city import City
    from coverage.facilities import Register
    from coverage.plans import Baseline, PlanIndicator

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


_INCOMPLETE = Said("只有部分名录", "the lists are partial")


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
        return Measurement(notes=(_EXAMPLES_GONE if gone else NO_ROWS,))
    compute = COUNTED[indicator.measure]
    if indicator.measure in BY_ROAD and people_within is not None:
        compute = people_within
    result = compute(city, register, indicator, year)
    if register.shipped and result.numerator == 0:
        return Measurement(notes=(_why_none(city, register, indicator, year),))
    if register.shipped and result.numerator and not result.provenance["illustrative"]:
        return _partial(result)
    return result


def measure_sum(
    city: City, register: Register, indicator: PlanIndicator, years: range
) -> Measurement:
    """What a cumulative duty (五年累计) has brought: what each of some years added, together.

    A facility that has closed again was brought all the same. One whose first day is not known
    may be of these years, once.

    Args:
        city: The city.
        register: The facilities.
        indicator: A count or a size.
        years: In order, the last one that of the report or of the target.
    """
    yearly = replace(indicator, match=replace(indicator.match, opened="year"))
    each = [measure(city, register, yearly, year) for year in years]
    known = [found for found in each if found.value is not None]
    if not known:
        return each[-1]
    last = known[-1]
    lowest, highest = last.bounds
    assert last.value is not None  # noqa: S101 -- kept for it
    total = sum((found.value or Fraction(0) for found in known), Fraction(0))
    more = None if highest is None else total + (highest - last.value)
    rows = {f.id: f for found in known for f in found.rows}
    by_year = [(y, number(f.value or 0)) for y, f in zip(years, each, strict=True)]
    said = Said(
        f"{years[0]}—{years[-1]} 年合计（{'、'.join(f'{y} 年 {n}' for y, n in by_year)}）",
        f"{years[0]} to {years[-1]} together ({', '.join(f'{y}: {n}' for y, n in by_year)})",
    )
    return replace(
        last,
        numerator=total * (last.denominator or 1),
        lowest=total - (last.value - lowest),
        highest=more,
        rows=tuple(rows.values()),
        notes=tuple(dict.fromkeys((said, *(n for found in known for n in found.notes)))),
    )


def _why_none(city: City, register: Register, indicator: PlanIndicator, year: int) -> Said:
    """Why a register known to be incomplete counts nothing: coming, left out, or not recorded."""
    match = indicator.match
    if matching(replace(register, facilities=register.left_out), match, year, city).rows:
        return _EXAMPLES_GONE
    awaited = [f for f in register.facilities if f.provenance == "published" and f.status != "open"]
    status = {f.id: f.status for f in awaited}
    opened = tuple(replace(f, status="open", opened=None) for f in awaited)
    coming = matching(replace(register, facilities=opened), match, year, city).rows
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
    unsure = (*result.unsure, _INCOMPLETE)
    return replace(
        result, partial=True, missing=missing, unsure=unsure, notes=(*result.notes, _PARTIAL)
    )


def _stated(indicator: PlanIndicator) -> Measurement | None:
    """What the plan itself states, a count with its denominator or only a ratio."""
    base = indicator.baseline
    if base is None or (base.value is None and base.numerator is None):
        return None
    where = f"{base.clause}，{base.year} 年"
    unit = GAP_UNITS.get(indicator.level, Said("个", "more"))
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
