"""The machine's view of a plan: every indicator with its match, targets, rules and clauses."""

from __future__ import annotations

from dataclasses import fields
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coverage.plans import Plan, PlanIndicator

_ALWAYS = {"tiers", "kinds", "year", "op", "value", "rule", "clause", "text"}


def plan_data(plan: Plan) -> dict[str, Any]:
    """A plan as JSON: numbers as the plan prints them, texts in both languages.

    What a plan's file leaves out stands in no match, target or baseline, but for the tiers and
    kinds of a match and year, comparison, number, rule, text and clause of a target.
    """
    head = ("id", "city", "title", "title_en", "start", "end", "baseline_year")
    return {
        **{name: getattr(plan, name) for name in head},
        "people": [_given(f) for f in plan.forecasts],
        "projects": [_given(p) for p in plan.projects],
        "indicators": [_indicator(i) for i in plan.indicators],
    }


def _indicator(i: PlanIndicator) -> dict[str, Any]:
    head = ("id", "name", "name_en", "system", "level", "unit", "nature", "measure", "scope")
    return {
        **{name: getattr(i, name) for name in (*head, "clause", "note", "note_en")},
        "computed": i.computed,
        "match": _given(i.match) if i.computed else None,
        "baseline": _given(i.baseline) if i.baseline else None,
        "targets": [_given(t) for t in i.targets],
    }


def _given(one: Any) -> dict[str, Any]:
    """The fields of a dataclass that say something."""
    found = {f.name: (getattr(one, f.name), f.default) for f in fields(one)}
    return {
        name: _plain(value)
        for name, (value, default) in found.items()
        if name in _ALWAYS or value != default
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else float(value)
    return list(value) if isinstance(value, tuple) else value
