"""A comparison of scenarios as data: JSON, CSV tables, and a folder of them."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from coverage.formats.tables import csv_text
from coverage.outputs import on_stderr
from coverage.reach.people import PERCENTILES
from coverage.results import words
from coverage.results.report import write_files
from coverage.results.scenario import illustrative, outcome_notes, to_markdown, to_text
from coverage.results.table import plain
from coverage.scenarios.file import to_toml
from coverage.scenarios.ranking import CRITERIA
from coverage.scenarios.words import paragraph

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.messages import Lang
    from coverage.outputs import Tell
    from coverage.reach.people import NearestTime
    from coverage.scenarios.outcome import (
        Access,
        Comparison,
        IndicatorChange,
        Outcome,
        PeopleChange,
    )

SUMMARY = (
    "rank",
    "scenario",
    "year",
    "gained",
    "lost",
    "uncertain",
    "beds_gained",
    "beds_lost",
    "units_covered",
    "units_lost",
    "met_before",
    "met",
    "cost",
    "cost_unknown",
    "dominated_by",
)
INDICATORS = (
    "scenario",
    "id",
    "name",
    "value_before",
    "value",
    "status_before",
    "status",
    "newly_covered",
    "no_longer_covered",
    "provenance",
)
PEOPLE = (
    "scenario",
    "question",
    "level",
    "code",
    "name",
    "group",
    "total_before",
    "total",
    "reached_before",
    "reached",
    "gained",
    "lost",
    "nearer",
    "farther",
)


def to_dict(comparison: Comparison, lang: Lang = "zh") -> dict[str, Any]:
    """Everything as plain data; people keep their fractions, `null` stands for not known."""
    city = comparison.city
    return {
        "city": {"code": city.code, "name": city.name},
        "year": comparison.year,
        "illustrative": illustrative(comparison),
        "rank_by": comparison.criterion,
        "criterion": CRITERIA[comparison.criterion].to(lang),
        "notes": [note.to(lang) for note in comparison.notes],
        "scenarios": [
            _outcome(comparison, outcome, rank, lang)
            for rank, outcome in enumerate(comparison.outcomes, start=1)
        ],
    }


def _outcome(comparison: Comparison, outcome: Outcome, rank: int, lang: Lang) -> dict[str, Any]:
    name = outcome.scenario.name
    cost = outcome.cost
    return {
        "rank": rank,
        "name": name,
        "file": outcome.scenario.file,
        "paragraph": paragraph(outcome, lang),
        "gained": round(outcome.gained, 6),
        "lost": round(outcome.lost, 6),
        "uncertain": outcome.uncertain,
        "beds_gained": outcome.beds_gained,
        "beds_lost": outcome.beds_lost,
        "met_before": outcome.met_before,
        "met": outcome.met,
        "edits_dated_later": outcome.later,
        "dominated": name in comparison.dominated,
        "dominated_by": comparison.dominated.get(name),
        "cost": {
            "total": plain(cost.total),
            "known": plain(cost.known),
            "items": [{"edit": i.label, "amount": plain(i.amount)} for i in cost.items],
        },
        "indicators": [_indicator(change, lang) for change in outcome.indicators],
        "access": [_access(access, lang) for access in outcome.access],
        "notes": outcome_notes(outcome, lang),
    }


def _indicator(change: IndicatorChange, lang: Lang) -> dict[str, Any]:
    before, after = change.before, change.after
    return {
        "id": after.indicator.id,
        "name": words.name(after, lang),
        "level": after.indicator.level,
        "changed": change.changed,
        "before": _value(before),
        "after": _value(after),
        "newly_covered": list(change.newly_covered),
        "no_longer_covered": list(change.no_longer_covered),
        "provenance": dict(sorted(after.measurement.provenance.items())),
    }


def _value(result: Any) -> dict[str, Any]:
    found = result.measurement
    return {
        "numerator": plain(found.numerator),
        "denominator": plain(found.denominator),
        "value": plain(found.value),
        "basis": found.basis,
        "status": result.status,
        "targets": [
            {
                "year": t.target.year,
                "op": t.target.op,
                "value": plain(t.target.value),
                "met": t.met,
                "gap_points": plain(t.gap_points),
                "gap_units": t.gap_units,
                "due": t.due,
                "clause": t.target.clause,
            }
            for t in result.targets
        ],
    }


def _access(access: Access, lang: Lang) -> dict[str, Any]:
    question = access.question
    return {
        "question": question.name.to(lang),
        "kinds": list(question.kinds),
        "services": list(question.services),
        "group": access.main.group,
        "indicators": list(question.indicators),
        "before": _travel(access, after=False),
        "after": _travel(access, after=True),
        "people": [_people(row) for row in access.people],
        "by_county": [_people(row) for row in access.counties],
        "nearest": [_times(*pair) for pair in access.times],
        "worst": [_times(*pair) for pair in access.worst],
        "new_without_place": list(access.unplaced_new),
        "gone_without_place": list(access.unplaced_gone),
    }


def _travel(access: Access, *, after: bool) -> dict[str, Any]:
    times = access.after if after else access.before
    return {
        "profile": times.profile.name,
        "limit": times.limits_s[0],
        "unit": "m" if times.profile.measure == "distance" else "s",
        "facilities": len(times.sites.facilities),
        "roads": times.roads,
    }


def _people(row: PeopleChange) -> dict[str, Any]:
    values = vars(row)
    return {key: round(v, 6) if isinstance(v, float) else v for key, v in values.items()}


def _times(before: NearestTime | None, after: NearestTime) -> dict[str, Any]:
    return {
        "code": after.code,
        "name": after.name,
        "before": None if before is None else _percentiles(before),
        "after": _percentiles(after),
        "beyond_percent": round(after.beyond, 3),
    }


def _percentiles(one: NearestTime) -> dict[str, float | None]:
    pairs = zip(PERCENTILES, one.seconds, strict=True)
    return {str(p): None if math.isinf(s) else round(s, 3) for p, s in pairs}


def to_json(comparison: Comparison, lang: Lang = "zh") -> str:
    """The comparison as JSON text."""
    return json.dumps(to_dict(comparison, lang), ensure_ascii=False, indent=2) + "\n"


def to_csv(comparison: Comparison, lang: Lang = "zh", *, bom: bool = False) -> str:
    """One row a scenario."""
    made = to_dict(comparison, lang)
    rows = []
    for outcome, one in zip(comparison.outcomes, made["scenarios"], strict=True):
        more = {
            "scenario": one["name"],
            "year": comparison.year,
            "units_covered": len(outcome.newly_covered),
            "units_lost": len(outcome.no_longer_covered),
            "cost": one["cost"]["known"],
            "cost_unknown": len(outcome.cost.unknown),
        }
        rows.append([{**one, **more}[column] for column in SUMMARY])
    return csv_text(_marked(comparison, SUMMARY), rows, bom=bom)


def indicators_csv(comparison: Comparison, lang: Lang = "zh") -> str:
    """One row a scenario and indicator."""
    rows: list[list[object]] = []
    for outcome in comparison.outcomes:
        for change in outcome.indicators:
            before, after = change.before, change.after
            rows.append(
                [
                    outcome.scenario.name,
                    after.indicator.id,
                    words.name(after, lang),
                    plain(before.value),
                    plain(after.value),
                    before.status,
                    after.status,
                    ";".join(change.newly_covered),
                    ";".join(change.no_longer_covered),
                    ";".join(f"{k}:{v}" for k, v in after.measurement.provenance.items()),
                ]
            )
    return csv_text(_marked(comparison, INDICATORS), rows, bom=True)


def people_csv(comparison: Comparison, lang: Lang = "zh") -> str:
    """One row a scenario, question, unit and group."""
    rows: list[list[object]] = []
    for outcome in comparison.outcomes:
        for access in outcome.access:
            start = [outcome.scenario.name, access.question.name.to(lang)]
            for level, changes in (("city", access.people), ("county", access.counties)):
                for row in changes:
                    values = _people(row)
                    rows.append([*start, level, *(values[c] for c in PEOPLE[3:])])
    return csv_text(_marked(comparison, PEOPLE), rows, bom=True)


def _marked(comparison: Comparison, columns: tuple[str, ...]) -> list[str]:
    """A header whose last cell says so where example rows are counted."""
    head = list(columns)
    if illustrative(comparison):
        head[-1] += f"（{words.ILLUSTRATIVE.zh} {words.ILLUSTRATIVE.en}）"
    return head


def files(comparison: Comparison, lang: Lang = "zh") -> dict[str, str]:
    """The files of a folder by name: page, data, tables, and the scenarios that were run."""
    found = {
        "scenarios.txt": to_text(comparison, lang),
        "scenarios.md": to_markdown(comparison, lang),
        "scenarios.json": to_json(comparison, lang),
        "summary.csv": to_csv(comparison, lang, bom=True),
        "indicators.csv": indicators_csv(comparison, lang),
        "people.csv": people_csv(comparison, lang),
    }
    for rank, outcome in enumerate(comparison.outcomes, start=1):
        found[f"{rank}-{outcome.scenario.file or 'scenario.toml'}"] = to_toml(outcome.scenario)
    return found


def write_folder(
    comparison: Comparison, folder: Path, lang: Lang = "zh", tell: Tell = on_stderr
) -> list[Path]:
    """Write a comparison's files into `folder`; the scenarios among them replay the run.

    Raises:
        InputError: If a file that the tool did not write would be replaced, or
            the folder cannot be written to.
    """
    return write_files(files(comparison, lang), folder, "scenario", tell)
