"""The plan library: what a five-year plan promises, clause by clause, as data.

A plan is one TOML file (``data/plans/<city>.toml``): every row of its
indicator tables, every facility obligation of its text, the counts it states
for its baseline. Numbers are read as decimals and kept as fractions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coverage.clauses import (
    LEVELS,
    MEASURES,
    NO_SUM,
    OF_ONE_YEAR,
    Match,
    Target,
    each_year,
    match_of,
    target_of,
)
from coverage.errors import InputError, UnknownNameError
from coverage.fields import Fields, read_toml, unknown
from coverage.kinds import SYSTEMS
from coverage.messages import Said
from coverage.text import no_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction
    from pathlib import Path


# What needs no target, circles and scenarios, may be asked for so long after a plan.
LATER_YEARS = 50


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
    scope: str = ""

    @property
    def computed(self) -> bool:
        """Whether the value comes from a register and not from a report."""
        return self.measure != "reported"

    @property
    def cumulative(self) -> bool:
        """Whether its numbers are of the plan's years together."""
        numbers = [target for target in self.targets if target.judged]
        return bool(numbers) and all(target.sum for target in numbers)

    def due(self, year: int) -> tuple[Target, ...]:
        """Targets in force at the end of `year`; several if clauses differ.

        The last numbers stay in force until another number takes their place: words of a later
        year stand beside them and never hide them.
        """
        past = [t for t in self.targets if t.year <= year]
        number = max((t.year for t in past if t.judged), default=0)
        latest = max((t.year for t in past), default=0)
        return tuple(t for t in past if t.year == latest or (t.judged and t.year == number))


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
class Forecast:
    """People of a year as the plan itself foresees them, of the whole city."""

    group: str
    year: int
    count: int
    clause: str


@dataclass(frozen=True)
class Project:
    """A project that the plan names: what is built, how large, by when, and where.

    Attributes:
        name: As the plan names it.
        kind: One of `coverage.kinds.KINDS`.
        year: Last year of the work.
        clause: Where the plan says so.
        indicators: Ids by which it is measured.
        size: Its size as printed.
        place: Where, as printed.
        status: Of the plan's own words: 新建, 改扩建, 续建.
        name_en: `name` in English.
    """

    name: str
    kind: str
    year: int
    clause: str
    indicators: tuple[str, ...] = ()
    size: str = ""
    place: str = ""
    status: str = ""
    name_en: str = ""


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
    forecasts: tuple[Forecast, ...] = ()
    projects: tuple[Project, ...] = ()

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

    def chosen_year(self, year: int | None, *, later: int = 0) -> int:
        """The year that is meant, the plan's last if none is.

        Args:
            year: As asked for.
            later: How many years after the plan may be asked for: what needs no target may.

        Raises:
            InputError: If it lies outside the plan and these years, and is not its baseline nor
                the year of a target.
        """
        if year is None:
            return self.end
        stated = (t.year for i in self.indicators for t in i.targets)
        if not min(self.start, self.baseline_year, *stated) <= year <= self.end + later:
            listed = ", ".join(map(str, self.years))
            span = f"{self.start}-{self.end}"
            raise InputError(
                Said(
                    f"{year} 年不在规划期内" if not later else f"{year} 年早于规划期或太远",
                    f"the year {year} is outside the plan ({span}, targets for {listed})"
                    if not later
                    else f"the year {year} lies before the plan ({span}) or too far ahead",
                )
            )
        return year

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
        indicators=tuple(_indicator(one, head) for one in tables),
        units=tuple(
            UnitCount(**one.read(UnitCount, needed=("level", "clause")))
            for one in top.tables("units")
        ),
        stated=tuple(
            Stated(**one.read(Stated, needed=("kind", "clause"))) for one in top.tables("stated")
        ),
        forecasts=tuple(
            Forecast(**one.read(Forecast, needed=("group", "clause")))
            for one in top.tables("people")
        ),
        projects=tuple(
            Project(**one.read(Project, needed=("name", "clause"))) for one in top.tables("project")
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


def _indicator(fields: Fields, head: Mapping[str, Any]) -> PlanIndicator:
    values = fields.read(PlanIndicator, needed=("id", "name"))
    _check_id(fields, values["id"])
    for key, known, what in (
        ("system", SYSTEMS, Said("这个体系", "system")),
        ("level", LEVELS, Said("这一级", "level")),
        ("measure", MEASURES, Said("这种算法", "measure")),
    ):
        values[key] = fields.choice(key, known, what=what, needed=True)
    targets = [target_of(one) for one in fields.tables("target")]
    if values["measure"] in OF_ONE_YEAR and any(t.sum for t in targets):
        fields.bad("measure", NO_SUM, values["measure"])
    return PlanIndicator(
        **values,
        match=match_of(fields.table("match"), values["measure"]),
        baseline=_baseline(fields.table("baseline")) if fields.has("baseline") else None,
        targets=tuple(one for t in targets for one in each_year(t, head.get("start", t.year))),
    )


def _baseline(fields: Fields) -> Baseline:
    return Baseline(**fields.read(Baseline))
