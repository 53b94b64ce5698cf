"""The main job: every indicator of a city's plan against its targets, in one report.

`assess` is pure: it reads the city's sources, computes, and returns a
`Report` of exact numbers from which every table, file and page is made.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coverage.caveats import caveats
from coverage.download.licences import quoted
from coverage.errors import InputError, Problem, UnknownNameError, gathered
from coverage.formats.tables import read_table
from coverage.indicators import CountyShare, Measurement, by_county, people_affected
from coverage.measures import measure, measure_sum
from coverage.messages import Said
from coverage.nearest import nearest
from coverage.shown import Shown
from coverage.text import number, round_half_up
from coverage.travel.off_road import REMEDY
from coverage.verdicts import Status, TargetResult, judge, results_of, status_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from coverage.city import City, RegisterSource
    from coverage.clauses import Target
    from coverage.counts import Measure
    from coverage.draws.run import Progress
    from coverage.draws.summary import Draws
    from coverage.facilities import Register
    from coverage.plans import Baseline, PlanIndicator


@dataclass(frozen=True)
class PlanBasis:
    """The same numerator over the number of units that the plan itself counts, and its gaps."""

    denominator: int
    value: Fraction
    clause: str
    targets: tuple[TargetResult, ...]


@dataclass(frozen=True)
class IndicatorResult:
    """One row of the report."""

    indicator: PlanIndicator
    measurement: Measurement
    targets: tuple[TargetResult, ...]
    status: Status
    counties: tuple[CountyShare, ...] = ()
    plan_basis: PlanBasis | None = None
    people: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[Said, ...] = ()
    draws: Draws | None = None

    @property
    def value(self) -> Fraction | None:
        """The value in the indicator's unit, exact."""
        return self.measurement.value


@dataclass(frozen=True, repr=False)
class Report(Shown):
    """Everything that is known about one city and one year; indicators by id.

    ``len``, ``in`` (an id), iteration (results, in the order of the plan) and ``report[id]``
    do what they say.

    Attributes:
        city: The city.
        year: Targets in force at the end of this year are judged.
        results: In the order of the plan.
        register: The facilities counted, after the provenance filter.
        notes: What a reader must know about the whole page.

    Example:
        >>> import coverage as cov
        >>> report = cov.assess(cov.City.load("清远"))
        >>> "social_work.township_station" in report
        True
        >>> report["social_work.township_station"].value
        Fraction(660, 17)
    """

    city: City
    year: int
    results: tuple[IndicatorResult, ...]
    register: Register
    notes: tuple[Said, ...]

    @property
    def provenance(self) -> Counter[str]:
        """Rows of the register used, by provenance."""
        return self.register.provenance

    @property
    def illustrative(self) -> bool:
        """Whether any indicator shown counts an example row."""
        return any(r.measurement.provenance["illustrative"] for r in self.results)

    def __len__(self) -> int:
        return len(self.results)

    def __iter__(self) -> Iterator[IndicatorResult]:
        return iter(self.results)

    def __contains__(self, id_: object) -> bool:
        return any(r.indicator.id == id_ for r in self.results)

    def __getitem__(self, id_: str) -> IndicatorResult:
        found = next((r for r in self.results if r.indicator.id == id_), None)
        if found is None:
            near = ", ".join(nearest(id_, [r.indicator.id for r in self.results]))
            raise UnknownNameError(
                Said(
                    f"报告中没有指标 {id_!r}，相近的有 {near or '无'}",
                    f"the report has no indicator {id_!r}; near it: {near or 'none'}",
                )
            )
        return found

    def _headline(self) -> str:
        counts = Counter(r.status for r in self.results)
        said = ", ".join(f"{n} {status}" for status, n in counts.most_common())
        example = "; counts example rows" if self.illustrative else ""
        return f"{self.city.name} {self.year}: {len(self)} indicators ({said}){example}"

    def _rows(self) -> Iterator[dict[str, Any]]:
        """One row an indicator, with the target in force; Fractions become floats here."""
        for r in self.results:
            due = next((t for t in r.targets if t.due), None)
            number_ = None if due is None else due.target.value
            yield {
                "id": r.indicator.id,
                "name": r.indicator.name,
                "unit": r.indicator.unit,
                "value": None if r.value is None else float(r.value),
                "numerator": _plain(r.measurement.numerator),
                "denominator": _plain(r.measurement.denominator),
                "status": r.status,
                "target_year": None if due is None else due.target.year,
                "op": None if due is None else due.target.op,
                "target": None if number_ is None else float(number_),
                "gap_points": _plain(None if due is None else due.gap_points),
                "gap_units": None if due is None else due.gap_units,
            }


def _plain(value: Fraction | int | None) -> float | None:
    return None if value is None else float(value)


def assess(
    city: City,
    *,
    year: int | None = None,
    indicators: Sequence[str] = (),
    provenance: str | Sequence[str] = (),
    register: RegisterSource | None = None,
    values: Mapping[str, Fraction] | str | Path | None = None,
    people_within: Measure | None = None,
    any_year: bool = False,
) -> Report:
    """Measure a city against its plan.

    Args:
        city: The city.
        year: Judge the targets in force in this year; the plan's last by default.
        indicators: Ids to report; all of the plan if empty.
        provenance: Count only rows of these, as a list or separated by commas; all if empty.
        register: The user's own register, frame or file instead of the city's.
        values: Values that the user supplies where the register tells none, by id or in a file.
        people_within: Measures travel times, for those who have them at hand.
        any_year: Allow years outside the plan; the targets last in force are judged.

    Raises:
        InputError: If the year lies outside the plan, or a value's id is given twice or is of an
            indicator that the register counts.
        UnknownNameError: If an indicator is not in the plan.

    Example:
        >>> import coverage as cov
        >>> report = cov.assess(cov.City.load("清远"), provenance="published,surveyed")
        >>> report["social_work.township_station"].status
        'not_met'
    """
    with gathered() as gather:
        chosen = gather(check_request, city, None if any_year else year, indicators)
        facilities = gather(city.counted, register, provenance)
        given = gather(_values, values, city)
    year = city.plan.end if year is None else year
    within = people_within or _people_within
    results = tuple(_result(city, facilities, i, year, given.get(i.id), within) for i in chosen)
    report = Report(city, year, results, facilities.as_of(year), ())
    return replace(report, notes=_report_notes(report))


def _values(
    given: Mapping[str, Fraction] | str | Path | None, city: City
) -> Mapping[str, Fraction]:
    return read_values(Path(given), city) if isinstance(given, str | Path) else given or {}


def drawn(
    report: Report, n: int = 200, seed: int = 1, *, progress: Progress | None = None
) -> Report:
    """The same report with the likely range of every share of people by road.

    Args:
        report: Of `assess`.
        n: How many draws.
        seed: Of the random numbers; the same seed gives the same numbers.
        progress: Told how many draws of how many are done.

    Raises:
        InputError: If there are not at least two draws, or the seed is below 0.
    """
    # Imported here, as travel times are.
    from coverage.draws.measure import draws_for

    def of(result: IndicatorResult) -> Draws | None:
        if result.indicator.measure != "people_within" or result.value is None:
            return None
        due = [t.target for t in result.targets if t.due]
        asked = result.indicator, report.year, due
        return draws_for(report.city, report.register, *asked, n=n, seed=seed, progress=progress)

    def with_draws(result: IndicatorResult) -> IndicatorResult:
        found = of(result)
        if found is None:
            return result
        return replace(result, draws=found, notes=(found.said, *result.notes))

    return replace(report, results=tuple(map(with_draws, report.results)))


def check_request(city: City, year: int | None, ids: Sequence[str]) -> list[PlanIndicator]:
    """The indicators asked for, all of the plan and of national policy if none is named.

    Raises:
        InputError: Naming a wrong year and every wrong id together.
    """
    with gathered() as gather:
        gather(city.plan.chosen_year, year)
        found = [gather(city.indicator, id_) for id_ in dict.fromkeys(ids)]
    chosen = [indicator for indicator in found if indicator is not None]
    return chosen or [*city.plan.indicators, *city.references]


def _result(
    city: City,
    register: Register,
    indicator: PlanIndicator,
    year: int,
    supplied: Fraction | None,
    people_within: Measure,
) -> IndicatorResult:
    measured = partial(_measured, city, register, indicator, people_within)
    found = measured(year, added=indicator.cumulative)
    if supplied is not None:
        if found.basis == "register":
            raise InputError(Problem(_COMPUTED, column="id", value=indicator.id))
        found = Measurement(numerator=supplied, scale=1, basis="supplied")
    due = indicator.due(year)

    def of_year(target: Target) -> Measurement:
        """What a target is judged by: a yearly duty by its own year, a cumulative one by all."""
        if supplied is not None or not (target.every or target.sum):
            return found
        if target.sum:
            until = min(target.year, year)
            whole = indicator.cumulative and until == year
            return found if whole else measured(until, added=True)
        return Measurement() if target.year > year else measured(target.year)

    targets = tuple(
        judge(of_year(t), t, due=t in due, bound=indicator.match.bound) for t in indicator.targets
    )
    basis = _plan_basis(city, indicator, found, due)
    # Said once, on top of the page.
    notes = [note for note in found.notes if note != REMEDY]
    notes += _basis_notes(found, basis)
    difference = baseline_difference(found, indicator.baseline)
    if difference:
        notes.append(difference)
    if indicator.note:
        notes.append(Said(indicator.note, indicator.note_en or indicator.note))
    codes = [*(found.covered or ()), *(found.missing or ())]
    people = {c: n for c in codes if (n := people_affected(city, c, indicator)) is not None}
    return IndicatorResult(
        indicator=indicator,
        measurement=found,
        targets=targets,
        status=status_of(found, targets, computed=indicator.computed),
        counties=_counties(city, indicator, found),
        plan_basis=basis,
        people=people,
        notes=tuple(notes),
    )


def _measured(
    city: City,
    register: Register,
    indicator: PlanIndicator,
    people_within: Measure,
    year: int,
    *,
    added: bool = False,
) -> Measurement:
    """The value of a year, of a cumulative duty that of the plan's years until then."""
    if not indicator.computed:
        return results_of(indicator.baseline, year) or Measurement()
    if added:
        years = range(city.plan.start, max(city.plan.start, year) + 1)
        return measure_sum(city, register, indicator, years)
    return measure(city, register, indicator, year, people_within=people_within)


def _counties(city: City, indicator: PlanIndicator, found: Measurement) -> tuple[CountyShare, ...]:
    if found.counties:
        return found.counties
    if indicator.level not in {"township", "village"}:
        return ()
    return by_county(city.units, found, indicator.level, indicator.match.units)


def _people_within(
    city: City, register: Register, indicator: PlanIndicator, year: int
) -> Measurement:
    # Imported here: roads and travel times cost half a second that no other measure needs.
    from coverage.reach.measure import by_road

    return by_road(city, register, indicator, year)


def baseline_difference(found: Measurement, baseline: Baseline | None) -> Said | None:
    """A sentence where the register's value is not the one that the plan prints, or `None`.

    The comparison is made at the plan's own precision: 33 of 85 is 38.8 and
    agrees with a printed 39.
    """
    value = found.value
    if value is None or baseline is None or baseline.value is None or found.basis != "register":
        return None
    digits = _printed_digits(baseline)
    if round_half_up(value, digits) == baseline.value:
        return None
    count = f"，{baseline.numerator}/{baseline.denominator}" if baseline.stated else ""
    difference = value - baseline.value
    sign = "+" if difference > 0 else "−"
    apart = f"{sign}{number(abs(difference))}"
    return Said(
        f"规划基期 {number(baseline.value, digits)}（{baseline.year} 年{count}），"
        f"登记册算得 {number(value)}，相差 {apart}",
        f"the plan's baseline is {number(baseline.value, digits)} ({baseline.year}"
        f"{count.replace('，', ', ')}), the register gives {number(value)}: {apart}",
    )


def _printed_digits(baseline: Baseline) -> int:
    found = re.search(r"\d+\.(\d+)", baseline.text)
    if found:
        return len(found[1])
    value = baseline.value or Fraction(0)
    return next((d for d in range(5) if round_half_up(value, d) == value), 4)


def _plan_basis(
    city: City, indicator: PlanIndicator, found: Measurement, due: Sequence[Target]
) -> PlanBasis | None:
    own = city.plan.counted(indicator.level, indicator.match.units)
    if (
        indicator.measure != "unit_share"
        or found.basis != "register"
        or own is None
        or own.count == found.denominator
        or not isinstance(found.numerator, int)
        or found.numerator > own.count
    ):
        return None
    same = replace(found, denominator=own.count, ceiling=own.count)
    targets = tuple(judge(same, t, due=t in due) for t in indicator.targets)
    return PlanBasis(own.count, Fraction(100 * found.numerator, own.count), own.clause, targets)


def _basis_notes(found: Measurement, basis: PlanBasis | None) -> tuple[Said, ...]:
    if basis is None:
        return ()
    gaps = dict.fromkeys(t.gap_units for t in basis.targets if t.due and t.gap_units is not None)
    short = "、".join(map(str, gaps))
    pair = f"{found.numerator}/{basis.denominator}"
    return (
        Said(
            f"规划按 {basis.denominator} 个计（{basis.clause}），现行区划 {found.denominator} 个："
            f"按规划口径为 {pair} = {number(basis.value)}%" + (f"，差 {short} 个" if short else ""),
            f"the plan counts {basis.denominator} ({basis.clause}), there are {found.denominator} "
            f"today; by the plan's count it is {pair} = {number(basis.value)} %"
            + (f", {short} short" if short else ""),
        ),
    )


def _report_notes(report: Report) -> tuple[Said, ...]:
    city, notes = report.city, []
    if report.illustrative:
        count = report.provenance["illustrative"]
        said = Said(
            f"含示意数据：登记册中 {count:,} 行标为示意",
            f"ILLUSTRATIVE: {count:,} rows of the register are marked illustrative",
        )
        notes.append(
            said
            if not report.register.shipped
            else Said(
                f"含示意数据：登记册中 {count:,} 行由程序按规划总数生成，仅供试用；"
                "哪个乡镇有哪处设施并非事实。只看真实数据请加 --provenance published,surveyed",
                f"ILLUSTRATIVE: {count:,} rows of the register are generated to match the plan's "
                "totals, for trying the tool; which township has what is not fact. "
                "Add --provenance published,surveyed for real rows only",
            )
        )
    if any(REMEDY in r.measurement.notes for r in report.results):
        notes.append(REMEDY)
    notes += [*caveats(city), *quoted(city)]
    notes += report.register.notes
    return tuple(notes)


def read_values(path: Path, city: City) -> dict[str, Fraction]:
    """Values of indicators that no register tells, from a CSV file with the columns id and value.

    Raises:
        InputError: For ids that are not in the plan or given twice, and values
            that are not numbers.
    """
    table = read_table(path, required=("id", "value"))
    known = {i.id for i in city.plan.indicators}
    values: dict[str, Fraction] = {}
    problems: list[Problem] = []
    for record in table.records:
        id_ = record.get("id")
        if id_ in values or id_ not in known:
            reason = _TWICE if id_ in values else _NOT_PLANNED
            problems.append(table.problem(record, "id", reason))
        try:
            values[id_] = Fraction(record.get("value").rstrip("%％"))
        except (ValueError, ZeroDivisionError):
            problems.append(table.problem(record, "value", _NO_NUMBER))
    if problems:
        raise InputError(problems)
    return values


_COMPUTED = Said(
    "此项由登记册计算，不能填报", "the indicator is counted from the register and takes no value"
)
_NOT_PLANNED = Said("规划中没有这项指标", "the indicator is not in the plan")
_TWICE = Said("这项指标填了两次", "the indicator is given twice")
_NO_NUMBER = Said("不是数字", "the cell is not a number")
