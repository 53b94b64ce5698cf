"""Figures of a report's data in words, as maps and charts print them.

They take the plain data and not the report, because what may be shown of it
can be less than what was computed: a figure left out reads as unknown, and a
range put in its place (``<10``) is printed as it stands.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from coverage.messages import Said
from coverage.text import number, precise

if TYPE_CHECKING:
    from coverage.messages import Lang

NOT_KNOWN = Said("未知", "not known")
_UNITS = {
    "county": Said("个县", "counties"),
    "township": Said("个乡镇", "townships"),
    "village": Said("个村居", "villages"),
}


def exact(value: Any) -> Fraction | None:
    """A JSON number as the fraction it came from, `None` for what is no number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    # Denominators here are counts of units, people or beds: far below this.
    return Fraction(value).limit_denominator(10**8)


def shown(value: Any, lang: Lang, *, percent: bool = False) -> str:
    """A figure as printed: 47.1%, 7,824, the words of a range, or that it is not known."""
    if isinstance(value, str):
        return value
    found = exact(value)
    if found is None:
        return NOT_KNOWN.to(lang)
    return f"{number(found)}%" if percent else number(found)


def is_percent(indicator: dict[str, Any]) -> bool:
    """Whether an indicator's unit is percent."""
    return str(indicator["unit"]).strip() in {"%", "％"}


def share(row: dict[str, Any]) -> Fraction | None:
    """Percent of a row with ``numerator`` and ``denominator``, exact; else its ``value``."""
    upper, lower = row.get("numerator"), row.get("denominator")
    if isinstance(upper, int) and isinstance(lower, int) and lower:
        return Fraction(100 * upper, lower)
    return exact(row.get("value"))


def pair(row: dict[str, Any], lang: Lang, *, percent: bool = True) -> str:
    """Numerator, denominator and value of a row: ``40/85 47.1%``."""
    value = shown(row.get("value"), lang, percent=percent)
    upper, lower = row.get("numerator"), row.get("denominator")
    if lower is None or upper is None:
        return value
    return f"{shown(upper, lang)}/{shown(lower, lang)} {value}"


def target(indicator: dict[str, Any], one: dict[str, Any]) -> str:
    """A target with its comparison: ``>60%``; its words where it has no number."""
    aim = exact(one["value"])
    if one["op"] is None or aim is None:
        return str(one["text"])
    return f"{one['op']}{precise(aim)}{'%' if is_percent(indicator) else ''}"


def gap(indicator: dict[str, Any], one: dict[str, Any], lang: Lang) -> str:
    """What is missing to a target, in whole units if it has them, else in points; empty if met."""
    if one["met"] is not False:
        return ""
    units, points = one.get("gap_units"), one.get("gap_points")
    if units is not None:
        what = _UNITS.get(indicator["level"], Said("", "")).to(lang)
        text = shown(units, lang)
        return f"差 {text} {what}".rstrip() if lang == "zh" else f"{text} {what} short".strip()
    text = shown(points, lang)
    return f"差 {text} 点" if lang == "zh" else f"{text} points short"


def due_targets(indicator: dict[str, Any]) -> list[dict[str, Any]]:
    """Targets in force that have a number, else all that have one."""
    numbers = [t for t in indicator["targets"] if t["op"] is not None and t["value"] is not None]
    return [t for t in numbers if t["due"]] or numbers


def headline(indicator: dict[str, Any], lang: Lang) -> str:
    """Value, targets and gaps in one line: ``40/85 47.1%，目标 >60%，差 12 个乡镇``."""
    parts = [pair(indicator, lang, percent=is_percent(indicator))]
    for one in due_targets(indicator):
        word = "目标" if lang == "zh" else "target"
        parts.append(f"{word} {target(indicator, one)}")
        missing = gap(indicator, one, lang)
        if missing:
            parts.append(missing)
    return ("，" if lang == "zh" else ", ").join(dict.fromkeys(parts))
