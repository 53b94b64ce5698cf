"""The plan library: what a five-year plan promises, clause by clause, as data.

A plan is one TOML file (``data/plans/<city>.toml``): every row of its
indicator tables, every facility obligation of its text, the counts it states
for its baseline. Numbers are read as decimals and kept as fractions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from coverage.errors import InputError, UnknownNameError
from coverage.fields import Fields, read_toml, unknown
from coverage.gaps import OPS, Op
from coverage.kinds import KINDS, SYSTEMS
from coverage.messages import Said
from coverage.text import no_id

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path


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
        text_en: `text` in English; as printed if empty.
    """

    year: int
    text: str = ""
    value: Fraction | None = None
    numerator: int | None = None
    denominator: int | None = None
    clause: str = ""
    text_en: str = ""

    @property
    def said(self) -> Said:
        """What the plan prints."""
        return Said(self.text, self.text_en or self.text)

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
    value: Fraction | None = None
    text: str = ""
    clause: str = ""
    nature: str = ""
    text_en: str = ""

    @property
    def said(self) -> Said:
        """The target in words, as the plan prints it."""
        return Said(self.text, self.text_en or self.text)


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
        what = Said(f"指标 {id_!r}", f"indicator {id_!r}")
        count = len(self.indicators)
        more = Said(
            f"（coverage plan --city {self.city} 列出全部 {count} 个）",
            f" ('coverage plan --city {self.city}' lists all {count})",
        )
        ids = [i.id for i in self.indicators]
        raise UnknownNameError(unknown(what, id_, ids).then(more))

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
    return plan_of(read_toml(path, loose=True))


def plan_of(top: Fields) -> Plan:
    """A plan from the fields of a plan file.

    Raises:
        InputError: With everything that is wrong with them.
    """
    tables = top.tables("indicator")
    about = top.table("plan")
    head = about.read(Plan, needed=("id", "city", "title"))
    _check_id(about, head["id"])
    plan = Plan(
        **head,
        indicators=tuple(_indicator(one) for one in tables),
        units=tuple(
            UnitCount(**one.read(UnitCount, needed=("level", "clause")))
            for one in top.tables("units")
        ),
        stated=tuple(
            Stated(**one.read(Stated, needed=("kind", "clause"))) for one in top.tables("stated")
        ),
    )
    first: dict[str, str] = {}
    for one, indicator in zip(tables, plan.indicators, strict=True):
        other = first.setdefault(indicator.id, one.label)
        if other != one.label:
            one.bad("id", Said(f"编号与 {other} 重复", f"{other} has the same id"))
    top.check()
    return plan


def _check_id(fields: Fields, id_: str) -> None:
    """Ids name files of results, so none may lead elsewhere; a missing one is said already."""
    if id_ and (reason := no_id(id_)):
        fields.bad("id", reason, id_)


def _indicator(fields: Fields) -> PlanIndicator:
    values = fields.read(PlanIndicator, needed=("id", "name"))
    _check_id(fields, values["id"])
    for key, known, what in (
        ("system", SYSTEMS, Said("这个体系", "system")),
        ("level", LEVELS, Said("这一级", "level")),
        ("measure", MEASURES, Said("这种算法", "measure")),
    ):
        values[key] = fields.choice(key, known, what=what, needed=True)
    match = fields.table("match")
    made = PlanIndicator(
        **values,
        match=Match(**match.read(Match)),
        baseline=_baseline(fields.table("baseline")) if fields.has("baseline") else None,
        targets=tuple(_target(one) for one in fields.tables("target")),
    )
    for kind in made.match.kinds:
        if kind not in KINDS:
            match.bad("kinds", unknown(Said("这种设施", "kind"), kind, KINDS), kind)
    if made.computed and not made.match.kinds:
        said = "a computed indicator needs kinds to match"
        match.bad("kinds", Said("要计算的指标须写明设施类别", said))
    return made


def _baseline(fields: Fields) -> Baseline:
    return Baseline(**fields.read(Baseline))


def _target(fields: Fields) -> Target:
    values = fields.read(Target, needed=("clause",))
    what = Said("这种比较", "comparison")
    op = fields.choice("op", (*OPS, "text"), what=what, needed=True)
    if op != "text" and not fields.has("value"):
        fields.bad("value", Said("有比较而没有数", "there is a comparison but no number"))
    return Target(**values, op=None if op == "text" else cast("Op", op))
