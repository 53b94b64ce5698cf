"""The pictures of a brief, drawn from the result object by the room of maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coverage.briefs.tables import computed, lead, plain
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from coverage.assessment import Report
    from coverage.maps.compose import Moment
    from coverage.messages import Lang

_DPI = 200


@dataclass(frozen=True)
class Figure:
    """A picture of a brief.

    Attributes:
        path: A PNG file.
        caption: What it shows.
        width_mm: Width on a page of A4.
    """

    path: Path
    caption: str
    width_mm: float = 156


def draw(report: Report, document: Mapping[str, Any], folder: Path) -> dict[str, Figure]:
    """Every picture that a result has, by the name that templates use.

    What there is nothing to draw of (no indicator by township, say) is left out.

    Args:
        report: Its city's outlines and roads are drawn; every number comes
            from `document`.
        document: The result object, as it may be published.
        folder: Where the pictures go.

    Raises:
        InputError: If no Chinese font is found, saying how to get one.
    """
    from coverage.maps import charts
    from coverage.maps.compose import Moment
    from coverage.maps.themes import mappable

    lang: Lang = document["lang"]
    data = dict(document)
    made: dict[str, Figure] = {}
    if any(_judged(i) for i in document["indicators"]):
        path = folder / "targets.png"
        charts.targets(data, path, lang=lang, dpi=_DPI)
        made["targets"] = Figure(path, _CAPTIONS["targets"].to(lang))
    first = lead(document)
    if first is None:
        return made
    if any(plain(c["value"]) is not None for c in first["by_county"]):
        path = folder / "counties.png"
        charts.counties(data, path, indicator=first["id"], lang=lang, dpi=_DPI)
        made["counties"] = Figure(path, _CAPTIONS["counties"].to(lang) + first["name"])
    scenario = document.get("scenario")
    if mappable(first):
        path = folder / "map.png"
        _map(report, [Moment("now", data)], first["id"], path)
        made["map"] = Figure(path, _CAPTIONS["map"].to(lang) + first["name"])
    if scenario is None:
        return made
    after = scenario["after"]
    changed = changed_first(document, mappable) or (first if mappable(first) else None)
    if changed is not None:
        path = folder / "map_after.png"
        moments = [
            Moment("before", data),
            Moment("after", after, scenario=scenario["name"], changes=scenario["changes"]),
        ]
        _map(report, moments, changed["id"], path, stage="after")
        made["map_after"] = Figure(path, _CAPTIONS["map_after"].to(lang) + changed["name"])
    both = {i["id"] for d in (data, after) for i in d["indicators"] if _judged(i)}
    if both:
        path = folder / "before_after.png"
        charts.before_after(data, after, path, lang=lang, dpi=_DPI)
        made["before_after"] = Figure(path, _CAPTIONS["before_after"].to(lang))
    return made


def _judged(indicator: Mapping[str, Any]) -> bool:
    """Whether an indicator has a value and a number to hold it against."""
    numbers = [t for t in indicator["targets"] if t["op"] in {">", "≥", "="} and t["value"]]
    aims = [t for t in numbers if t["due"]] or numbers
    judged = indicator["status"] not in {"reported", "unknown"}
    return plain(indicator["value"]) is not None and judged and bool(aims)


_CAPTIONS = {
    "targets": Said("各项指标现状与目标", "Indicators against their targets"),
    "counties": Said("分县（市、区）：", "By county: "),
    "map": Said("现状图：", "Map: "),
    "map_after": Said("方案后：", "After: "),
    "before_after": Said("方案前后对比", "Before and after"),
}


def changed_first(
    document: Mapping[str, Any], shows: Callable[[Mapping[str, Any]], bool]
) -> dict[str, Any] | None:
    """The first indicator that a scenario changes and a map can show."""
    after = {i["id"]: i for i in document["scenario"]["after"]["indicators"]}
    for indicator in computed(document):
        later = after[indicator["id"]]
        if shows(indicator) and (later["value"], later["missing"]) != (
            indicator["value"],
            indicator["missing"],
        ):
            return indicator
    return None


def _map(
    report: Report,
    moments: Sequence[Moment],
    indicator: str,
    path: Path,
    *,
    stage: str | None = None,
) -> None:
    from coverage.maps import prints
    from coverage.maps.compose import build

    lang: Lang = moments[0].document["lang"]
    view = build(report.city, moments, lang=lang, indicators=[indicator])
    prints.draw(view, path, dpi=_DPI, stage=stage)
