"""The variables that the texts of a brief may use, derived from the result alone.

`docs/brief.md` lists them; a test holds the list against `facts`.
"""

from __future__ import annotations

from typing import Any

from coverage.briefs.tables import label
from coverage.messages import Lang, Said
from coverage.results.document import HIDDEN, Aim, AimWords, Document, Indicator, known
from coverage.results.ranges import printed_gap
from coverage.results.table import shown
from coverage.results.vocabulary import GROUPS
from coverage.text import precise

_OPS: dict[str, Said] = {
    ">": Said("高于", "more than "),
    "≥": Said("不低于", "at least "),
    "=": Said("达到", ""),
    "≤": Said("不高于", "at most "),
    "<": Said("低于", "less than "),
}
_COPIED = (
    *("id", "name", "system", "unit", "status", "status_text"),
    *("illustrative", "clause", "notes"),
)
_Variables = dict[str, Any]  # what Jinja2 takes: names of a template's variables


def facts(document: Document) -> _Variables:
    """Every variable of the templates, by name."""
    lang, units = document.lang, document.units
    values = document.valued()
    judged = {
        status: [_indicator(i, lang) for i in values if i.status == status]
        for status in ("met", "not_met", "contested")
    }
    first, record = document.lead(), document.record
    return {
        "city": document.city.name if lang == "zh" else document.city.english,
        "year": document.year,
        "plan": document.plan.title,
        "heading": document.heading,
        "subheading": document.subheading,
        "date": _date(record.date if record else "", lang),
        "version": record.version if record else "",
        "illustrative": document.illustrative,
        "suppressed": document.suppressed,
        "masked": document.masked,
        "provenance": document.provenance,
        "count": {
            "all": len(document.indicators),
            "computed": len(values),
            "others": len(document.indicators) - len(values),
            **{status: len(found) for status, found in judged.items()},
            "undecided": len(values) - sum(map(len, judged.values())),
            "facilities": len(document.register),
            "townships": sum(u.level == "township" and u.category != "统计单元" for u in units),
            "counties": sum(u.level == "county" for u in units),
            "projects": len(document.projects),
        },
        **judged,
        "indicators": [_indicator(i, lang) for i in values],
        "lead": None if first is None else _lead(document, first),
        "notes": document.notes,
        "scenario": _scenario(document),
    }


def _scenario(document: Document) -> _Variables | None:
    """What a sentence says of a scenario, `None` without one."""
    change = document.scenario
    if change is None:
        return None
    acts = list(change.changes.values())
    return {
        **{key: getattr(change, key) for key in ("name", "note", "file", "sentences", "notes")},
        **{act: acts.count(act) for act in ("added", "changed", "closed")},
        "indicators": [_indicator(i, document.lang) for i in change.after.valued()],
    }


def _date(stamp: str, lang: Lang) -> str:
    if not stamp:
        return ""
    year, month, day = (int(part) for part in stamp[:10].split("-"))
    return f"{year}年{month}月{day}日" if lang == "zh" else f"{year}-{month:02}-{day:02}"


def _indicator(indicator: Indicator, lang: Lang) -> _Variables:
    """What a sentence says of one indicator."""
    aims = [_aim(indicator, aim, said, lang) for aim, said in indicator.due()]
    return {
        **{key: getattr(indicator, key) for key in _COPIED},
        "short_name": label(indicator),
        "value": shown(indicator.value, "percent" if indicator.percent else "count"),
        "numerator": shown(indicator.numerator, "count"),
        "denominator": shown(indicator.denominator, "count"),
        "said": indicator.shown.value,
        "aims": aims,
        "gap": next((aim["gap"] for aim in aims if aim["met"] is False), ""),
    }


def _aim(indicator: Indicator, aim: Aim, said: AimWords, lang: Lang) -> _Variables:
    text = aim.text
    if aim.op is not None and aim.value is not None:
        text = f"{_OPS[aim.op].to(lang)}{precise(aim.value)}{'%' * indicator.percent}"
    return {
        "year": aim.year,
        "said": text,
        "text": said.target or aim.text,
        "gap": _gap(indicator, aim, lang),
        "gap_units": shown(aim.gap_units, "count"),
        "gap_points": shown(aim.gap_points, "count"),
        "met": aim.met,
        "because": aim.undecided_because or "",
        "clause": aim.clause,
    }


def _gap(indicator: Indicator, aim: Aim, lang: Lang) -> str:
    """What is missing to a target, as a sentence says it; empty once met or where not known."""
    if aim.met is not False:
        return ""
    percent, unit = indicator.percent, indicator.unit
    points = shown(aim.gap_points, "count")
    if aim.gap_range is not None:
        said = printed_gap(None, aim.gap_range.ends, indicator.gap_unit, lang)
        return said.replace(" ", "") if lang == "zh" else said
    named = Said("个百分点", " percentage points") if percent else Said(unit, f" {unit}")
    points += named.to(lang)
    if aim.gap_units is None:
        return Said(f"差{points}", points).to(lang)
    whole = shown(aim.gap_units, "count")
    units = Said(f"差{whole}{indicator.gap_unit}", f"{whole} {indicator.gap_unit}").to(lang)
    return units + (Said(f"（{points}）", f" ({points})").to(lang) if percent else "")


def _lead(document: Document, indicator: Indicator) -> _Variables:
    """The indicator that the brief speaks of first, with its units and counties."""
    units, group = document.unit_rows(), indicator.group
    missing = [
        {
            "name": unit.full_name,
            "county": units[unit.county or ""].name,
            "people": shown(unit.people[group], "count"),
            "modelled": group in unit.modelled,
        }
        for code in indicator.missing or ()
        if (unit := units.get(code)) is not None
    ]
    waiting = indicator.missing_people
    return {
        **_indicator(indicator, document.lang),
        "level": indicator.level,
        "group": GROUPS[group].to(document.lang),
        "missing": missing,
        "missing_count": None if indicator.missing is None else len(indicator.missing),
        "missing_people": None if waiting is None else shown(waiting, "count"),
        "modelled": any(m["modelled"] for m in missing),
        "lagging": _lagging(indicator),
    }


def _lagging(indicator: Indicator) -> list[dict[str, str]]:
    """Counties below the whole city's value, the lowest first; none if values are kept back."""
    whole = known(indicator.value)
    if whole is None or any(county.value == HIDDEN for county in indicator.by_county):
        return []
    valued = [(v, c.code, c) for c in indicator.by_county if (v := known(c.value)) is not None]
    return [
        {
            "name": county.name,
            "value": shown(county.value, "percent"),
            "numerator": shown(county.numerator, "count"),
            "denominator": shown(county.denominator, "count"),
        }
        for value, _, county in sorted(valued, key=lambda row: row[:2])
        if value < whole
    ]
