"""From a report to the result that documents are written from, and to its published JSON."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from coverage.indicators import affected_group
from coverage.kinds import KINDS, PROVENANCES, STATUSES, TIERS
from coverage.places.tiers import tier_of
from coverage.results import words
from coverage.results.document import (
    Aim,
    AimWords,
    Base,
    Basis,
    CityName,
    County,
    Document,
    FacilityRow,
    Figures,
    Indicator,
    KindRow,
    PlanName,
    Summary,
    UnitRow,
    Words,
    as_json,
)
from coverage.results.projects import project_rows
from coverage.results.ranges import Range
from coverage.results.vocabulary import GROUPS, STATUS
from coverage.settings import PACKAGE_DIR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from coverage.assessment import IndicatorResult, Report
    from coverage.facilities import Facility
    from coverage.messages import Lang
    from coverage.plans import Baseline
    from coverage.units import Unit
    from coverage.verdicts import TargetResult


def build(report: Report, lang: Lang = "zh") -> Document:
    """The result of one report.

    Args:
        report: What was assessed.
        lang: Language of names and words.
    """
    city, plan, register = report.city, report.city.plan, report.register
    return Document(
        city=CityName(city.code, city.name, city.label.english),
        year=report.year,
        plan=PlanName(plan.id, plan.title, plan.start, plan.end),
        illustrative=report.illustrative,
        provenance=dict(sorted(report.provenance.items())),
        notes=tuple(note.to(lang) for note in report.notes),
        indicators=tuple(_indicator(report, result, lang) for result in report.results),
        projects=project_rows(report, lang),
        lang=lang,
        heading=words.heading(report, lang),
        subheading=words.subheading(report, lang),
        units=units(report),
        register=tuple(_facility(report, f, lang) for f in register.facilities),
        kinds=tuple(_kinds(register.facilities, lang)),
    )


def _indicator(report: Report, result: IndicatorResult, lang: Lang) -> Indicator:
    i, found, basis = result.indicator, result.measurement, result.plan_basis
    group = affected_group(i)
    if report.city.population.base_year(group) is None:
        group = "all"
    people = [n for c in found.missing or () if (n := result.people.get(c)) is not None]
    return Indicator(
        id=i.id,
        name=words.name(result, lang),
        system=i.system,
        level=i.level,
        unit=i.unit,
        nature=i.nature,
        measure=i.measure,
        clause=i.clause,
        basis=found.basis,
        numerator=found.numerator,
        denominator=found.denominator,
        value=found.value,
        range=None if found.range is None else Range(*found.range),
        straight_estimate=found.straight_estimate,
        wholly_off_road=round(found.off_road.alone, 3) if found.off_road else None,
        baseline=_base(i.baseline, lang),
        plan_basis=None
        if basis is None
        else Basis(basis.denominator, basis.value, basis.clause, aims(basis.targets, lang)),
        targets=aims(result.targets, lang),
        status=result.status,
        provenance=dict(sorted(found.provenance.items())),
        covered=found.covered,
        missing=found.missing,
        by_county=tuple(
            County(c.code, c.name, c.numerator, c.denominator, c.value, c.missing)
            for c in result.counties
        ),
        notes=tuple(note.to(lang) for note in result.notes),
        draws=None if result.draws is None else result.draws.to_dict(),
        short_name=words.short_name(result, lang),
        status_text=STATUS[result.status].to(lang),
        computed=i.computed,
        kinds=i.match.kinds,
        rows=tuple(f.id for f in found.rows),
        scale=found.scale,
        group=group,
        gap_unit=found.gap_unit.to(lang),
        missing_people=sum(people) if people else None,
        in_doubt=found.in_doubt,
        illustrative=words.illustrative(result),
        shown=_words(result, lang),
    )


def _base(base: Baseline | None, lang: Lang) -> Base | None:
    if base is None:
        return None
    stated = base.numerator, base.denominator
    return Base(base.year, base.value, base.said.to(lang), *stated, base.clause)


def aims(targets: Sequence[TargetResult], lang: Lang = "zh") -> tuple[Aim, ...]:
    """Targets of a report with what the value is from each."""
    return tuple(
        Aim(
            *(t.year, t.op, t.value, t.said.to(lang), r.met, r.gap_points, r.gap_units, r.due),
            clause=t.clause,
            gap_range=None if r.gap_range is None else Range(*r.gap_range),
            undecided_because=None if r.undecided is None else r.undecided.to(lang),
        )
        for r in targets
        for t in (r.target,)
    )


def _words(result: IndicatorResult, lang: Lang) -> Words:
    return Words(
        words.current(result, lang),
        words.baseline(result.indicator.baseline, lang),
        tuple(
            AimWords(words.target(result, t, lang), words.gap(result, t, lang))
            for t in result.targets
        ),
        {c.code: " ".join(words.county_share(c, lang).split()) for c in result.counties},
    )


def units(report: Report) -> tuple[UnitRow, ...]:
    """The city, its counties and its township-level rows with their people."""
    listed = report.city.units
    own = () if listed.city is None else (listed.city,)
    return tuple(_unit(report, u) for u in (*own, *listed.counties, *listed.township_rows))


def _unit(report: Report, unit: Unit) -> UnitRow:
    found = {group: report.city.population.people(unit.code, group) for group in GROUPS}
    city = unit.level == "city"
    return UnitRow(
        code=unit.code,
        level=unit.level,
        name=unit.name,
        full_name=unit.name if city else words.unit_name(report, unit.code),
        category=unit.category,
        county=None if city else unit.code[:6],
        lon=unit.lon,
        lat=unit.lat,
        people={group: p.count if p else None for group, p in found.items()},
        modelled=tuple(g for g, p in found.items() if p and p.provenance == "modelled"),
    )


def _facility(report: Report, facility: Facility, lang: Lang) -> FacilityRow:
    f, kind, zh = facility, KINDS[facility.kind], lang == "zh"
    tier = tier_of(f, report.city.units)
    return FacilityRow(
        id=f.id,
        name=f.name,
        kind=f.kind,
        kind_name=kind.zh if zh else kind.en,
        system=kind.system,
        category=f.category,
        tier=tier,
        tier_name=TIERS[tier][not zh] if tier else "",
        services=tuple(sorted(f.services)),
        beds=f.beds,
        nursing_beds=f.nursing_beds,
        floor_area=f.floor_area,
        land_area=f.land_area,
        capacity_total=f.capacity_total,
        capacity_used=f.capacity_used,
        grade=f.grade,
        ownership=f.ownership,
        partner=f.partner,
        unit=f.unit_code,
        unit_name=report.city.name
        if f.unit_code == report.city.code
        else words.unit_name(report, f.unit_code),
        lon=f.lon,
        lat=f.lat,
        status=f.status,
        status_name=STATUSES[f.status] if zh else f.status,
        counted=f.counts_in(report.year),
        closed=None if f.closed is None else f.closed.isoformat(),
        provenance=f.provenance,
        provenance_name=PROVENANCES[f.provenance] if zh else f.provenance,
        source=f.source,
        note=f.note,
        masked=False,
    )


def _kinds(rows: Sequence[Facility], lang: Lang) -> Iterator[KindRow]:
    for id_, kind in KINDS.items():
        own = [f for f in rows if f.kind == id_]
        if not own:
            continue
        beds = [f.beds for f in own if f.beds is not None]
        nursing = [f.nursing_beds for f in own if f.nursing_beds is not None]
        yield KindRow(
            id_,
            kind.zh if lang == "zh" else kind.en,
            kind.system,
            len(own),
            sum(beds) if beds else None,
            sum(nursing) if nursing else None,
            dict(sorted(Counter(f.provenance for f in own).items())),
        )


def to_dict(report: Report, lang: Lang = "zh") -> dict[str, Any]:
    """The report by its published schema.

    Percentages are numbers (47.05…), `None` stands where nothing is computed,
    and lists of units are `None` where it is not known which ones.
    """
    document = build(report, lang)
    made = {f.name: as_json(getattr(document, f.name)) for f in fields(Summary)}
    made["indicators"] = [
        {f.name: as_json(getattr(i, f.name)) for f in fields(Figures)} for i in document.indicators
    ]
    return made


def to_json(report: Report, lang: Lang = "zh") -> str:
    """The report as JSON text."""
    return json.dumps(to_dict(report, lang), ensure_ascii=False, indent=2) + "\n"


def schema(name: str = "report") -> dict[str, Any]:
    """A JSON Schema that ships in the package: of what a command prints with ``--format json``."""
    path = PACKAGE_DIR / "schemas" / f"{name}.schema.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded
