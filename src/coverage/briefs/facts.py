"""The variables that the texts of a brief may use, derived from the result object alone.

`docs/brief.md` lists them; a test holds the list against `facts`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coverage.briefs.tables import computed, due, label, lead, plain, shown
from coverage.messages import Said
from coverage.results.discretion import hidden
from coverage.results.document import GROUPS
from coverage.text import precise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coverage.messages import Lang

_OPS: dict[str, Said] = {
    ">": Said("高于", "more than "),
    "≥": Said("不低于", "at least "),
    "=": Said("达到", ""),
    "≤": Said("不高于", "at most "),
    "<": Said("低于", "less than "),
}


def facts(document: Mapping[str, Any]) -> dict[str, Any]:
    """Every variable of the templates, by name."""
    lang: Lang = document["lang"]
    values = computed(document)
    by_status = {
        status: [_indicator(document, i) for i in values if i["status"] == status]
        for status in ("met", "not_met", "contested")
    }
    first = lead(document)
    record = document["record"]
    return {
        "city": document["city"]["name" if lang == "zh" else "english"],
        "year": document["year"],
        "plan": document["plan"]["title"],
        "heading": document["heading"],
        "subheading": document["subheading"],
        "date": _date(record["date"], lang),
        "version": record["version"],
        "illustrative": document["illustrative"],
        "suppressed": document.get("suppressed"),
        "masked": document.get("masked"),
        "provenance": document["provenance"],
        "count": {
            "all": len(document["indicators"]),
            "computed": len(values),
            "others": len(document["indicators"]) - len(values),
            **{status: len(found) for status, found in by_status.items()},
            "undecided": len(values) - sum(map(len, by_status.values())),
            "facilities": len(document["register"]),
            "townships": sum(
                u["level"] == "township" and u["category"] != "统计单元" for u in document["units"]
            ),
            "counties": sum(u["level"] == "county" for u in document["units"]),
        },
        "met": by_status["met"],
        "not_met": by_status["not_met"],
        "contested": by_status["contested"],
        "indicators": [_indicator(document, i) for i in values],
        "lead": _lead(document, first) if first is not None else None,
        "notes": document["notes"],
        "scenario": _scenario(document),
    }


def _scenario(document: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a sentence says of a scenario, `None` without one."""
    found = document.get("scenario")
    if found is None:
        return None
    changes = list(found["changes"].values())
    return {
        **{key: found[key] for key in ("name", "note", "file", "sentences", "notes")},
        "added": changes.count("added"),
        "changed": changes.count("changed"),
        "closed": changes.count("closed"),
        "indicators": [_indicator(found["after"], i) for i in computed(found["after"])],
    }


def _date(stamp: str, lang: Lang) -> str:
    year, month, day = (int(part) for part in stamp[:10].split("-"))
    return f"{year}年{month}月{day}日" if lang == "zh" else f"{year}-{month:02}-{day:02}"


def _indicator(document: Mapping[str, Any], indicator: Mapping[str, Any]) -> dict[str, Any]:
    """What a sentence says of one indicator."""
    lang: Lang = document["lang"]
    percent = indicator["unit"].strip() in {"%", "％"}
    aims = [_aim(indicator, t, said, lang, percent=percent) for t, said in due(indicator)]
    value = indicator["value"]
    return {
        "id": indicator["id"],
        "name": indicator["name"],
        "short_name": label(indicator),
        "system": indicator["system"],
        "unit": indicator["unit"],
        "value": shown(value, "percent" if percent else "count"),
        "numerator": shown(indicator["numerator"], "count"),
        "denominator": shown(indicator["denominator"], "count"),
        "said": indicator["shown"]["value"],
        "status": indicator["status"],
        "status_text": indicator["status_text"],
        "illustrative": indicator["illustrative"],
        "aims": aims,
        "gap": next((a["gap"] for a in aims if a["met"] is False), ""),
        "clause": indicator["clause"],
        "notes": indicator["notes"],
    }


def _aim(
    indicator: Mapping[str, Any],
    target: Mapping[str, Any],
    said: Mapping[str, str],
    lang: Lang,
    *,
    percent: bool,
) -> dict[str, Any]:
    op, value = target["op"], target["value"]
    words = target["text"]
    if op is not None and value is not None:
        words = f"{_OPS[op].to(lang)}{precise(value)}{'%' if percent else ''}"
    return {
        "year": target["year"],
        "said": words,
        "text": said["target"] or target["text"],
        "gap": _gap(indicator, target, lang, percent=percent),
        "gap_units": shown(target["gap_units"], "count"),
        "gap_points": shown(target["gap_points"], "count"),
        "met": target["met"],
        "clause": target["clause"],
    }


def _gap(
    indicator: Mapping[str, Any], target: Mapping[str, Any], lang: Lang, *, percent: bool
) -> str:
    """What is missing to a target, as a sentence says it; empty once met or where not known."""
    if target["met"] is not False:
        return ""
    points = shown(target["gap_points"], "count")
    if percent:
        points += Said("个百分点", " percentage points").to(lang)
    else:
        points += Said(indicator["unit"], f" {indicator['unit']}").to(lang)
    if target["gap_units"] is None:
        return Said(f"差{points}", points).to(lang)
    whole = shown(target["gap_units"], "count")
    units = Said(f"差{whole}{indicator['gap_unit']}", f"{whole} {indicator['gap_unit']}").to(lang)
    return units + (Said(f"（{points}）", f" ({points})").to(lang) if percent else "")


def _lead(document: Mapping[str, Any], indicator: Mapping[str, Any]) -> dict[str, Any]:
    """The indicator that the brief speaks of first, with its units and counties."""
    lang: Lang = document["lang"]
    units = {u["code"]: u for u in document["units"] if u["level"] != "city"}
    missing = [
        {
            "name": units[code]["full_name"],
            "county": units[units[code]["county"]]["name"],
            "people": shown(units[code]["people"][indicator["group"]], "count"),
            "modelled": indicator["group"] in units[code]["modelled"],
        }
        for code in indicator["missing"] or ()
        if code in units
    ]
    return {
        **_indicator(document, indicator),
        "level": indicator["level"],
        "group": GROUPS[indicator["group"]].to(lang),
        "missing": missing,
        "missing_count": None if indicator["missing"] is None else len(indicator["missing"]),
        "missing_people": _people(indicator["missing_people"]),
        "modelled": any(m["modelled"] for m in missing),
        "lagging": _lagging(indicator),
    }


def _people(count: Any) -> str | None:
    return None if count is None else shown(count, "count")


def _lagging(indicator: Mapping[str, Any]) -> list[dict[str, str]]:
    """Counties below the whole city's value, the lowest first; none if values are kept back."""
    whole = plain(indicator["value"])
    pairs: Sequence[tuple[dict[str, Any], str]] = list(
        zip(indicator["by_county"], indicator["shown"]["counties"], strict=True)
    )
    if whole is None or any(hidden(county["value"]) for county, _ in pairs):
        return []
    below = [c for c, _ in pairs if (value := plain(c["value"])) is not None and value < whole]
    return [
        {
            "name": c["name"],
            "value": shown(c["value"], "percent"),
            "numerator": shown(c["numerator"], "count"),
            "denominator": shown(c["denominator"], "count"),
        }
        for c in sorted(below, key=lambda c: (c["value"], c["code"]))
    ]
