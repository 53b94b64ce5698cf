"""The plan library: what a five-year plan promises, clause by clause, as data.

A plan is one TOML file (``data/plans/<city>.toml``): every row of its
indicator tables, every facility obligation of its text, the counts it states
for its baseline. Numbers are read as decimals and kept as fractions.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

from coverage.errors import InputError, Problem, UnknownNameError
from coverage.formats.tables import decode
from coverage.gaps import OPS
from coverage.kinds import KINDS, SYSTEMS
from coverage.messages import Said
from coverage.nearest import nearest

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.gaps import Op

MEASURES: dict[str, tuple[str, str]] = {
    "unit_share": ("有设施的单元占比", "share of units with at least n matching facilities"),
    "count": ("设施数量", "count of facilities"),
    "bed_ratio": ("床位比率", "ratio of beds"),
    "area_per_100_households": ("每百户建筑面积", "floor area per 100 households"),
    "facility_share": ("具备某服务的设施占比", "share of facilities that have a service"),
    "people_within": ("时间内可达人口占比", "share of people within a travel time"),
    "reported": ("填报", "reported, not computed"),
}
COMPUTED = tuple(m for m in MEASURES if m != "reported")
LEVELS = ("city", "county", "township", "village")


@dataclass(frozen=True)
class Match:
    """Which facilities count towards an indicator.

    Attributes:
        kinds: Any of these kinds.
        services: All of these services.
        categories: Any of these categories, if any are named.
        ownership: Any of these, if any are named.
        at_least: Facilities a unit needs to be covered.
        units: Categories of units counted, all of the level if empty.
        share: ``nursing`` or ``per_1000_60plus`` for `bed_ratio`.
        services_of: Services the numerator of `facility_share` needs.
        minutes: Travel-time limit of `people_within`.
        group: Population group of `people_within`.
    """

    kinds: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    ownership: tuple[str, ...] = ()
    at_least: int = 1
    units: tuple[str, ...] = ()
    share: str = ""
    services_of: tuple[str, ...] = ()
    minutes: float | None = None
    group: str = "all"


@dataclass(frozen=True)
class Baseline:
    """Where the plan says it starts.

    Attributes:
        year: Year of the figure.
        text: As printed.
        value: The number, in the indicator's unit.
        numerator: The count behind it, where the plan states it.
        denominator: As `numerator`.
        clause: Where the plan says so.
    """

    year: int
    text: str = ""
    value: Fraction | None = None
    numerator: int | None = None
    denominator: int | None = None
    clause: str = ""

    @property
    def stated(self) -> bool:
        """Whether the plan states the count itself, not only the ratio."""
        return self.numerator is not None and self.denominator is not None


@dataclass(frozen=True)
class Target:
    """One promise: a year, a comparison, a number, and the clause.

    `op` is `None` for a target in words (``text``), which is shown and never judged.
    """

    year: int
    op: Op | None
    value: Fraction | None
    text: str
    clause: str
    nature: str = ""


@dataclass(frozen=True)
class PlanIndicator:
    """A row of a plan: what is measured, how, and what is promised."""

    id: str
    name: str
    name_en: str
    system: str
    level: str
    unit: str
    nature: str
    measure: str
    clause: str
    match: Match
    baseline: Baseline | None
    targets: tuple[Target, ...]
    note: str = ""
    note_en: str = ""

    @property
    def computed(self) -> bool:
        """Whether the value comes from a register and not from a report."""
        return self.measure != "reported"

    def due(self, year: int) -> tuple[Target, ...]:
        """Targets of the latest year that is not after `year`; several if clauses differ."""
        years = [t.year for t in self.targets if t.year <= year]
        return tuple(t for t in self.targets if years and t.year == max(years))


@dataclass(frozen=True)
class UnitCount:
    """How many units of a level the plan itself counts."""

    level: str
    count: int
    clause: str
    categories: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Stated:
    """A count of facilities that the plan states for its baseline."""

    kind: str
    count: int
    year: int
    clause: str
    category: str = ""
    ownership: str = ""
    beds: int | None = None
    nursing_beds: int | None = None
    level: str = "city"
    distinct_units: bool = False
    note: str = ""


@dataclass(frozen=True)
class Plan:
    """A five-year plan as data."""

    id: str
    city: str
    title: str
    title_en: str
    start: int
    end: int
    baseline_year: int
    indicators: tuple[PlanIndicator, ...]
    units: tuple[UnitCount, ...] = ()
    stated: tuple[Stated, ...] = ()

    def __getitem__(self, id_: str) -> PlanIndicator:
        for indicator in self.indicators:
            if indicator.id == id_:
                return indicator
        near = nearest(id_, [i.id for i in self.indicators])
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise UnknownNameError(
            Said(
                f"规划中没有指标 {id_!r}",
                f"the indicator is not in the plan{hint} ('coverage plan --city "
                f"{self.city}' lists all {len(self.indicators)})",
            )
        )

    @property
    def years(self) -> tuple[int, ...]:
        """Years for which the plan sets targets within its own period."""
        years = {t.year for i in self.indicators for t in i.targets}
        return tuple(sorted(y for y in years if self.start <= y <= self.end))

    def check_year(self, year: int) -> None:
        """Raise `InputError` if `year` lies outside the plan's period."""
        if not self.start <= year <= self.end:
            listed = ", ".join(map(str, self.years))
            raise InputError(
                Said(
                    f"{year} 年不在规划期内",
                    f"the year {year} is outside the plan ({self.start}-{self.end}"
                    f", targets for {listed})",
                )
            )

    def counted(self, level: str, categories: tuple[str, ...] = ()) -> UnitCount | None:
        """The plan's own count of units of a level (and categories), where it states one."""
        wanted = frozenset(categories)
        for unit_count in self.units:
            if unit_count.level == level and frozenset(unit_count.categories) == wanted:
                return unit_count
        return None


def load_plan(path: Path) -> Plan:
    """Read one plan file.

    Raises:
        InputError: With everything that is wrong with the file.
    """
    try:
        data = tomllib.loads(decode(path), parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise InputError(Problem(f"the file is not valid TOML ({error})", path.name)) from error
    try:
        plan = _plan(data)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(Problem(f"the plan lacks or misstates {error}", path.name)) from error
    problems = _check(plan, path.name)
    if problems:
        raise InputError(problems)
    return plan


def _plan(data: dict[str, Any]) -> Plan:
    head = data["plan"]
    return Plan(
        id=str(head["id"]),
        city=str(head["city"]),
        title=str(head["title"]),
        title_en=str(head.get("title_en", "")),
        start=int(head["start"]),
        end=int(head["end"]),
        baseline_year=int(head["baseline_year"]),
        indicators=tuple(_indicator(row) for row in data.get("indicator", [])),
        units=tuple(
            UnitCount(
                row["level"],
                int(row["count"]),
                row["clause"],
                tuple(row.get("categories", ())),
                row.get("note", ""),
            )
            for row in data.get("units", [])
        ),
        stated=tuple(_stated(row) for row in data.get("stated", [])),
    )


def _fraction(value: Any) -> Fraction | None:
    return None if value is None else Fraction(value)


def _indicator(row: dict[str, Any]) -> PlanIndicator:
    match = dict(row.get("match", {}))
    for key in ("kinds", "services", "categories", "ownership", "units", "services_of"):
        match[key] = tuple(match.get(key, ()))
    return PlanIndicator(
        id=row["id"],
        name=row["name"],
        name_en=row.get("name_en", ""),
        system=row["system"],
        level=row["level"],
        unit=row.get("unit", ""),
        nature=row.get("nature", ""),
        measure=row["measure"],
        clause=row.get("clause", ""),
        match=Match(**match),
        baseline=_baseline(row["baseline"]) if "baseline" in row else None,
        targets=tuple(_target(t) for t in row.get("target", [])),
        note=row.get("note", ""),
        note_en=row.get("note_en", ""),
    )


def _baseline(row: dict[str, Any]) -> Baseline:
    return Baseline(
        int(row["year"]),
        str(row.get("text", "")),
        _fraction(row.get("value")),
        row.get("numerator"),
        row.get("denominator"),
        row.get("clause", ""),
    )


def _target(row: dict[str, Any]) -> Target:
    op = row["op"]
    if op not in OPS and op != "text":
        raise ValueError(f"the comparison {op!r}")
    return Target(
        int(row["year"]),
        None if op == "text" else cast("Op", op),
        _fraction(row.get("value")),
        str(row.get("text", "")),
        row["clause"],
        row.get("nature", ""),
    )


def _stated(row: dict[str, Any]) -> Stated:
    known = {f: row[f] for f in Stated.__dataclass_fields__ if f in row}
    return Stated(**known)


def _check(plan: Plan, file: str) -> list[Problem]:
    reasons = [
        f"the indicator {id_} stands {count} times"
        for id_, count in Counter(i.id for i in plan.indicators).items()
        if count > 1
    ]
    for i in plan.indicators:
        if i.system not in SYSTEMS:
            reasons.append(f"{i.id}: the system {i.system!r} is not one of {', '.join(SYSTEMS)}")
        if i.level not in LEVELS:
            reasons.append(f"{i.id}: the level {i.level!r} is not one of {', '.join(LEVELS)}")
        if i.measure not in MEASURES:
            reasons.append(f"{i.id}: the measure {i.measure!r} is not known")
        reasons += [f"{i.id}: the kind {k!r} is not known" for k in i.match.kinds if k not in KINDS]
        if i.computed and not i.match.kinds:
            reasons.append(f"{i.id}: a computed indicator needs kinds to match")
        reasons += [
            f"{i.id}: a target of {t.year} has a comparison but no number"
            for t in i.targets
            if t.op and t.value is None
        ]
    return [Problem(reason, file) for reason in reasons]
