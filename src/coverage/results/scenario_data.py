"""A comparison of scenarios as data: JSON, CSV tables, and a folder of them."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from coverage.formats.tables import csv_text
from coverage.messages import Lang, Said
from coverage.outputs import Tell, on_stderr
from coverage.reach.people import PERCENTILES, NearestTime
from coverage.results import words
from coverage.results.document import as_json
from coverage.results.from_report import aims
from coverage.results.report import write_files
from coverage.results.scenario import illustrative, outcome_notes, to_markdown, to_text
from coverage.results.scenario_words import paragraph
from coverage.results.table import plain
from coverage.scenarios.file import to_toml
from coverage.scenarios.outcome import Access, Comparison, IndicatorChange, Outcome, PeopleChange
from coverage.scenarios.ranking import CRITERIA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from coverage.draws.summary import Draws


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
        "before": _value(before, lang),
        "after": _value(after, lang),
        "newly_covered": list(change.newly_covered),
        "no_longer_covered": list(change.no_longer_covered),
        "provenance": dict(sorted(after.measurement.provenance.items())),
    }


def _value(result: Any, lang: Lang) -> dict[str, Any]:
    found = result.measurement
    return {
        "numerator": plain(found.numerator),
        "denominator": plain(found.denominator),
        "value": plain(found.value),
        "basis": found.basis,
        "status": result.status,
        "targets": [
            {key: value for key, value in as_json(t).items() if key != "text"}
            for t in aims(result.targets, lang)
        ],
    }


def _access(access: Access, lang: Lang) -> dict[str, Any]:
    question, off = access.question, access.off_road
    return {
        "question": question.name.to(lang),
        "kinds": list(question.kinds),
        "services": list(question.services),
        "group": access.main.group,
        "indicators": list(question.indicators),
        "before": _travel(access, after=False),
        "after": _travel(access, after=True),
        "straight_estimate": off is not None and off.straight_estimate,
        "wholly_off_road": round(off.alone, 3) if off else None,
        "draws": None if access.draws is None else _drawn(*access.draws),
        "people": [_people(row) for row in access.people],
        "by_county": [_people(row) for row in access.counties],
        "nearest": [_times(*pair) for pair in access.times],
        "worst": [_times(*pair) for pair in access.worst],
        "new_without_place": list(access.unplaced_new),
        "gone_without_place": list(access.unplaced_gone),
    }


def _drawn(before: Draws, after: Draws) -> dict[str, Any]:
    return {"before": before.to_dict(), "after": after.to_dict()}


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
    made = to_dict(comparison, lang)["scenarios"]
    rows = [
        {
            "rank": one["rank"],
            "scenario": one["name"],
            "year": comparison.year,
            **{
                key: one[key] for key in ("gained", "lost", "uncertain", "beds_gained", "beds_lost")
            },
            "units_covered": len(outcome.newly_covered),
            "units_lost": len(outcome.no_longer_covered),
            "met_before": one["met_before"],
            "met": one["met"],
            "cost": one["cost"]["known"],
            "cost_unknown": len(outcome.cost.unknown),
            "dominated_by": one["dominated_by"],
        }
        for outcome, one in zip(comparison.outcomes, made, strict=True)
    ]
    return _csv(comparison, lang, rows[0], [list(row.values()) for row in rows], bom=bom)


_INDICATOR: dict[str, Callable[[Outcome, IndicatorChange, Lang], object]] = {
    "scenario": lambda outcome, *_: outcome.scenario.name,
    "id": lambda _, change, __: change.after.indicator.id,
    "name": lambda _, change, lang: words.name(change.after, lang),
    "value_before": lambda _, change, __: plain(change.before.value),
    "value": lambda _, change, __: plain(change.after.value),
    "status_before": lambda _, change, __: change.before.status,
    "status": lambda _, change, __: change.after.status,
    "newly_covered": lambda _, change, __: ";".join(change.newly_covered),
    "no_longer_covered": lambda _, change, __: ";".join(change.no_longer_covered),
    "provenance": lambda _, change, __: ";".join(
        f"{k}:{v}" for k, v in change.after.measurement.provenance.items()
    ),
}


def indicators_csv(comparison: Comparison, lang: Lang = "zh") -> str:
    """One row a scenario and indicator."""
    rows = [
        [cell(outcome, change, lang) for cell in _INDICATOR.values()]
        for outcome in comparison.outcomes
        for change in outcome.indicators
    ]
    return _csv(comparison, lang, _INDICATOR, rows)


def people_csv(comparison: Comparison, lang: Lang = "zh") -> str:
    """One row a scenario, question, unit and group."""
    columns = ("scenario", "question", "level", *(field.name for field in fields(PeopleChange)))
    rows = [
        [outcome.scenario.name, access.question.name.to(lang), level, *_people(row).values()]
        for outcome in comparison.outcomes
        for access in outcome.access
        for level, changes in (("city", access.people), ("county", access.counties))
        for row in changes
    ]
    return _csv(comparison, lang, columns, rows)


def _csv(
    comparison: Comparison,
    lang: Lang,
    columns: Iterable[str],
    rows: Iterable[Sequence[object]],
    *,
    bom: bool = True,
) -> str:
    """A table whose last heading says so where example rows are counted."""
    *head, last = columns
    zh, en = words.ILLUSTRATIVE
    mark = Said(f"（{zh}）", f" ({en})").to(lang) if illustrative(comparison) else ""
    return csv_text([*head, last + mark], rows, bom=bom)


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
