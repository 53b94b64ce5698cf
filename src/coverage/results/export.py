"""A report as data: JSON by a published schema, CSV tables, Markdown, and a folder of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from coverage.results import words
from coverage.results.table import plain

if TYPE_CHECKING:
    from coverage.assessment import IndicatorResult, Report, TargetResult
    from coverage.messages import Lang


def schema() -> dict[str, Any]:
    """The JSON Schema of `to_dict`, as it ships in the package."""
    from coverage.settings import PACKAGE_DIR

    path = PACKAGE_DIR / "schemas" / "report.schema.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def to_dict(report: Report, lang: Lang = "zh") -> dict[str, Any]:
    """The report as plain data.

    Percentages are numbers (47.05…), `None` stands where nothing is computed,
    and lists of units are `None` where it is not known which ones.
    """
    plan = report.city.plan
    return {
        "city": {
            "code": report.city.code,
            "name": report.city.name,
            "english": report.city.label.english,
        },
        "year": report.year,
        "plan": {"id": plan.id, "title": plan.title, "start": plan.start, "end": plan.end},
        "illustrative": report.illustrative,
        "provenance": dict(sorted(report.provenance.items())),
        "notes": [note.to(lang) for note in report.notes],
        "indicators": [_indicator(result, lang) for result in report.results],
    }


def _indicator(result: IndicatorResult, lang: Lang) -> dict[str, Any]:
    indicator, found, base = result.indicator, result.measurement, result.indicator.baseline
    return {
        "id": indicator.id,
        "name": words.name(result, lang),
        "system": indicator.system,
        "level": indicator.level,
        "unit": indicator.unit,
        "nature": indicator.nature,
        "measure": indicator.measure,
        "clause": indicator.clause,
        "basis": found.basis,
        "numerator": plain(found.numerator),
        "denominator": plain(found.denominator),
        "value": plain(found.value),
        "baseline": None
        if base is None
        else {
            "year": base.year,
            "value": plain(base.value),
            "text": base.text,
            "numerator": base.numerator,
            "denominator": base.denominator,
            "clause": base.clause,
        },
        "plan_basis": None
        if result.plan_basis is None
        else {
            "denominator": result.plan_basis.denominator,
            "value": plain(result.plan_basis.value),
            "clause": result.plan_basis.clause,
            "targets": [target_dict(t) for t in result.plan_basis.targets],
        },
        "targets": [target_dict(t) for t in result.targets],
        "status": result.status,
        "provenance": dict(sorted(found.provenance.items())),
        "covered": None if found.covered is None else list(found.covered),
        "missing": None if found.missing is None else list(found.missing),
        "by_county": [
            {
                "code": c.code,
                "name": c.name,
                "numerator": c.numerator,
                "denominator": c.denominator,
                "value": plain(c.value),
                "missing": list(c.missing),
            }
            for c in result.counties
        ],
        "notes": [note.to(lang) for note in result.notes],
    }


def target_dict(t: TargetResult) -> dict[str, Any]:
    """A target and how it is met."""
    return {
        "year": t.target.year,
        "op": t.target.op,
        "value": plain(t.target.value),
        "text": t.target.text,
        "met": t.met,
        "gap_points": plain(t.gap_points),
        "gap_units": t.gap_units,
        "due": t.due,
        "clause": t.target.clause,
    }


def to_json(report: Report, lang: Lang = "zh") -> str:
    """The report as JSON text."""
    return json.dumps(to_dict(report, lang), ensure_ascii=False, indent=2) + "\n"
