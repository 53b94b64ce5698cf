"""Indicators: what a register says about each row of a plan.

Every measure keeps its numerator and denominator, the units it covers and
misses, and the provenance of the rows it counted. Nothing is rounded here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from coverage.text import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from coverage.city import City
    from coverage.facilities import Facility, Register
    from coverage.plans import Match, PlanIndicator
    from coverage.units import Unit, Units

Basis = Literal["register", "stated", "supplied", "none"]

_MORE = Said("个", "more")
_CODE_LENGTH = {"county": 6, "township": 9, "village": 12}


@dataclass(frozen=True)
class Measurement:
    """A value and what it is made of.

    Attributes:
        numerator: Exact, `None` where nothing is known.
        denominator: Exact, `None` for a plain count and where nothing is known.
        scale: 100 for percent, 1000 for per mille, 1 for counts and areas.
        ceiling: The numerator cannot exceed it (shares).
        basis: ``register`` (counted from rows), ``stated`` (the plan's own
            count; which units is not known), ``supplied`` (given by the
            user), ``none``.
        covered: Codes of covered units, `None` where not known or no units.
        missing: Codes of missing units, most people affected first; as above.
        rows: Facilities counted.
        holders: Facilities by the unit they cover.
        gap_unit: What a whole unit of the gap is.
        notes: What a reader must know about this value.
    """

    numerator: Fraction | int | None = None
    denominator: Fraction | int | None = None
    scale: int = 1
    ceiling: int | None = None
    basis: Basis = "none"
    covered: tuple[str, ...] | None = None
    missing: tuple[str, ...] | None = None
    rows: tuple[Facility, ...] = ()
    holders: dict[str, tuple[Facility, ...]] = field(default_factory=dict)
    gap_unit: Said = _MORE
    notes: tuple[Said, ...] = ()

    @property
    def value(self) -> Fraction | None:
        """``scale × numerator / denominator``, exact."""
        if self.numerator is None:
            return None
        if self.denominator is None:
            return Fraction(self.numerator) * self.scale
        if self.denominator == 0:
            return None
        return Fraction(self.numerator) * self.scale / Fraction(self.denominator)

    @property
    def provenance(self) -> Counter[str]:
        """Rows counted, by provenance; the plan's own counts as ``stated``."""
        if self.basis in {"stated", "supplied"}:
            return Counter({self.basis: 1})
        return Counter(f.provenance for f in self.rows)


def matching(register: Register, match: Match, year: int) -> tuple[Facility, ...]:
    """Facilities of the register that count towards `match`, open at the end of `year`."""
    kinds, needed = frozenset(match.kinds), frozenset(match.services)
    return tuple(
        f
        for f in register.facilities
        if f.kind in kinds
        and f.counts_in(year)
        and needed <= f.services
        and (not match.categories or f.category in match.categories)
        and (not match.ownership or f.ownership in match.ownership)
    )


def unit_share(
    rows: Iterable[Facility], units: Sequence[Unit], *, at_least: int = 1
) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, tuple[Facility, ...]]]:
    """Units that hold at least `at_least` of the facilities, and those that do not.

    A facility belongs to the unit whose code begins its own: a village's
    facility covers its township and county, a county's covers no township.

    Returns:
        Covered codes, missing codes, and the facilities by unit.
    """
    held: dict[str, list[Facility]] = {unit.code: [] for unit in units}
    lengths = {len(code) for code in held}
    city = next((unit.code for unit in units if unit.level == "city"), None)
    for row in rows:
        if city is not None:
            held[city].append(row)
            continue
        for length in lengths:
            code = row.unit_code[:length]
            if len(row.unit_code) >= length and code in held:
                held[code].append(row)
    covered = tuple(code for code, found in held.items() if len(found) >= at_least)
    missing = tuple(code for code, found in held.items() if len(found) < at_least)
    return covered, missing, {code: tuple(found) for code, found in held.items() if found}


def affected_group(indicator: PlanIndicator) -> str:
    """Population group whose members wait for this indicator."""
    return {"大养老": "60+", "大儿童保障": "0-14"}.get(indicator.system, "all")


def people_affected(city: City, code: str, indicator: PlanIndicator) -> int | None:
    """People of the indicator's group in a unit, all people where the group is not known.

    The group is the same for every unit of a city, so that ranks compare like
    with like; villages have no figures.
    """
    group = affected_group(indicator)
    population = city.population
    if population.base_year(group) is None:
        group = "all"
    found = population.people(code, group)
    return found.count if found else None


def rank_missing(city: City, codes: Iterable[str], indicator: PlanIndicator) -> tuple[str, ...]:
    """Codes with the most people affected first; units without a figure last, by code."""

    def key(code: str) -> tuple[int, str]:
        people = people_affected(city, code, indicator)
        if people is None and len(code) == _CODE_LENGTH["village"]:
            people = people_affected(city, code[:9], indicator)
        return (-(people if people is not None else -1), code)

    return tuple(sorted(codes, key=key))


def measure(city: City, register: Register, indicator: PlanIndicator, year: int) -> Measurement:
    """The value of one plan indicator from a register, or why there is none.

    A register that ships is known to be incomplete once its example rows are
    left out; then a count that the plan states itself stands in place of the
    register's, without lists of units. The two are never mixed.
    """
    if not indicator.computed:
        return Measurement()
    kinds = indicator.match.kinds
    gone = any(f.kind in kinds for f in register.left_out)
    known = any(f.kind in kinds for f in register.facilities)
    stated = indicator.baseline is not None and indicator.baseline.stated
    if register.shipped and stated and (gone or not known):
        return _stated(indicator)
    if not known:
        return Measurement(notes=(_NO_ROWS,))
    result = _MEASURES[indicator.measure](city, register, indicator, year)
    if register.shipped and result.numerator == 0:
        return Measurement(notes=(_NOT_MODELLED,))
    examples = result.provenance["illustrative"]
    if register.shipped and result.numerator is not None and not examples:
        return replace(result, notes=(*result.notes, _PARTIAL))
    return result


_NO_ROWS = Said(
    "登记册中没有这类设施的数据，未计算（不等于没有设施）",
    "the register holds no facility of this kind: not computed (which is not the same as none)",
)
_NOT_MODELLED = Said(
    "随附登记册未记录此项服务或类别，未计算（不等于没有）",
    "the shipped register does not record this service or category: not computed",
)
_PARTIAL = Said(
    "仅按公开发布的部分名录统计，实际数量只会更多",
    "counted from published lists that are known to be partial: the true number can only be higher",
)


def _stated(indicator: PlanIndicator) -> Measurement:
    base = indicator.baseline
    assert base is not None  # noqa: S101 -- the caller has seen that the count is stated
    scale, ceiling = (100, base.denominator) if indicator.measure == "unit_share" else (1, None)
    if indicator.match.share == "nursing":
        scale = 100
    elif indicator.match.share == "per_1000_60plus":
        scale = 1000
    return Measurement(
        numerator=base.numerator,
        denominator=base.denominator,
        scale=scale,
        ceiling=ceiling,
        basis="stated",
        gap_unit=_GAP_UNITS.get(indicator.level, _MORE),
        notes=(
            Said(
                f"数量取自规划（{base.clause}，{base.year} 年），具体是哪些单元：未知",
                f"the count is the plan's own ({base.clause}, {base.year}); which ones: not known",
            ),
        ),
    )


_GAP_UNITS = {
    "city": Said("个", "cities"),
    "county": Said("个县", "counties"),
    "township": Said("个乡镇", "townships"),
    "village": Said("个村居", "villages"),
}


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
        notes=_unit_notes(city, i, len(units), sum(f.id not in inside for f in rows)),
    )


def _unit_notes(city: City, i: PlanIndicator, count: int, outside: int) -> tuple[Said, ...]:
    level = _GAP_UNITS[i.level]
    notes = []
    if outside:
        notes.append(
            Said(
                f"{outside} 处设施只知上级单元或不在所计单元内，未计入",
                f"{outside} facilities are known only by a higher unit, or lie in none of the "
                "units counted: left out",
            )
        )
    own = city.plan.counted(i.level, i.match.units)
    if own and own.count != count:
        notes.append(
            Said(
                f"规划按 {own.count} {level.zh}计（{own.clause}），现行区划 {count} 个",
                f"the plan counts {own.count} {level.en} ({own.clause}), there are {count} today",
            )
        )
    return tuple(notes)


def _count(_city: City, register: Register, i: PlanIndicator, year: int) -> Measurement:
    rows = matching(register, i.match, year)
    return Measurement(
        numerator=len(rows), scale=1, basis="register", rows=rows, gap_unit=Said("处", "more")
    )


def _bed_ratio(city: City, register: Register, i: PlanIndicator, year: int) -> Measurement:
    rows = matching(register, i.match, year)
    if i.match.share == "nursing":
        known = tuple(f for f in rows if f.beds is not None and f.nursing_beds is not None)
        return Measurement(
            numerator=sum(f.nursing_beds or 0 for f in known),
            denominator=(beds := sum(f.beds or 0 for f in known)),
            scale=100,
            ceiling=beds,
            basis="register",
            rows=known,
            gap_unit=Said("张护理床", "nursing beds"),
            notes=_unknown_beds(len(rows) - len(known)),
        )
    known = tuple(f for f in rows if f.beds is not None)
    # The shipped register is the plan's baseline: its beds go with the people of that year.
    as_of = i.baseline.year if register.shipped and i.baseline else year
    older = city.population.near(city.code, "60+", as_of)
    if older is None:
        return Measurement(rows=known, notes=(_NO_OLDER,))
    label = "推算" if older.provenance == "modelled" else "公布"
    note = Said(
        f"60 岁及以上人口 {older.count:,} 人（{older.year} 年，{label}）",
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
        return Measurement(rows=rows, notes=(_NO_AREA,))
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


_MEASURES: dict[str, Callable[[City, Register, PlanIndicator, int], Measurement]] = {
    "unit_share": _unit_share,
    "count": _count,
    "bed_ratio": _bed_ratio,
    "area_per_100_households": _area,
    "facility_share": _facility_share,
    "people_within": _people_within,
}


@dataclass(frozen=True)
class CountyShare:
    """One county's part of a unit ratio."""

    code: str
    name: str
    numerator: int
    denominator: int
    missing: tuple[str, ...]

    @property
    def value(self) -> Fraction | None:
        """Percent, exact; `None` for a county without such units."""
        return Fraction(100 * self.numerator, self.denominator) if self.denominator else None


def by_county(units: Units, result: Measurement) -> tuple[CountyShare, ...]:
    """The breakdown of a township or village ratio by county, in code order."""
    if result.covered is None or result.missing is None:
        return ()
    covered = Counter(code[:6] for code in result.covered)
    missing: dict[str, list[str]] = {}
    for code in result.missing:
        missing.setdefault(code[:6], []).append(code)
    return tuple(
        CountyShare(
            county.code,
            county.name,
            covered[county.code],
            covered[county.code] + len(missing.get(county.code, ())),
            tuple(missing.get(county.code, ())),
        )
        for county in units.counties
    )
