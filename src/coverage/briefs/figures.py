"""The pictures of a brief, drawn from the result by the room of maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coverage.briefs.pages import Figure
from coverage.messages import Said
from coverage.results.document import Document, Indicator, known

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from coverage.city import City
    from coverage.maps.compose import Moment

_DPI = 200
_CAPTIONS = {
    "targets": Said("各项指标现状与目标", "Indicators against their targets"),
    "counties": Said("分县（市、区）：", "By county: "),
    "map": Said("现状图：", "Map: "),
    "map_after": Said("方案后：", "After: "),
    "before_after": Said("方案前后对比", "Before and after"),
}


def draw(city: City, document: Document, folder: Path) -> dict[str, Figure]:
    """Every picture that a result has, by the name that templates use.

    What there is nothing to draw of (no indicator by township, say) is left out.

    Args:
        city: Its outlines and roads are drawn; every number comes from `document`.
        document: The result, as it may be published.
        folder: Where the pictures go.

    Raises:
        InputError: If no Chinese font is found, saying how to get one.
    """
    from coverage.maps import charts
    from coverage.maps.bars import bars
    from coverage.maps.compose import Moment
    from coverage.maps.themes import mappable

    lang, first, change = document.lang, document.lead(), document.scenario
    made: dict[str, Figure] = {}

    def add(name: str, of: Indicator | None = None) -> Path:
        caption = _CAPTIONS[name].to(lang) + (of.name if of else "")
        made[name] = Figure(folder / f"{name}.png", caption)
        return made[name].path

    if bars(document, lang):
        charts.targets(document, add("targets"), lang=lang, dpi=_DPI)
    if first is None:
        return made
    if any(known(county.value) is not None for county in first.by_county):
        path = add("counties", first)
        charts.counties(document, path, indicator=first.id, lang=lang, dpi=_DPI)
    if mappable(first):
        _map(city, [Moment("now", document)], first.id, add("map", first))
    if change is None:
        return made
    shown = _changed_first(document, change.after) or (first if mappable(first) else None)
    if shown is not None:
        after = Moment("after", change.after, scenario=change.name, changes=change.changes)
        moments = [Moment("before", document), after]
        _map(city, moments, shown.id, add("map_after", shown), stage="after")
    if charts.pairs(document, change.after):
        path = add("before_after")
        charts.before_after(document, change.after, path, lang=lang, dpi=_DPI)
    return made


def _changed_first(document: Document, after: Document) -> Indicator | None:
    """The first indicator that a scenario changes and a map can show."""
    from coverage.maps.themes import mappable

    for indicator in document.valued():
        later = after.indicator(indicator.id)
        same = (later.value, later.missing) == (indicator.value, indicator.missing)
        if mappable(indicator) and not same:
            return indicator
    return None


def _map(
    city: City, moments: Sequence[Moment], indicator: str, path: Path, *, stage: str | None = None
) -> None:
    from coverage.maps import prints
    from coverage.maps.compose import build

    view = build(city, moments, lang=moments[0].document.lang, indicators=[indicator])
    prints.draw(view, path, dpi=_DPI, stage=stage)
