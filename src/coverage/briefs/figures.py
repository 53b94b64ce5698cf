"""The pictures of a brief, drawn from the result object by the room of maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coverage.briefs.tables import lead, plain
from coverage.errors import InputError
from coverage.text import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from coverage.assessment import Report
    from coverage.text import Lang

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

    What there is nothing to draw of (no indicator by township, say) is left
    out; so is every picture where no Chinese font is found, with a note.

    Args:
        report: Its city's outlines and roads, and the register, are drawn; every
            number comes from `document`.
        document: The result object, as it may be published.
        folder: Where the pictures go.

    Raises:
        MissingDependencyError: If matplotlib is not installed.
    """
    from coverage.maps import charts

    lang: Lang = document["lang"]
    first = lead(document)
    name = first["name"] if first else ""
    data = dict(document)
    made: dict[str, Figure] = {}
    _try(
        made,
        "targets",
        Figure(folder / "targets.png", _CAPTIONS["targets"].to(lang)),
        lambda path: charts.targets(data, path, lang=lang, dpi=_DPI),
    )
    if first is not None:
        if any(plain(c["value"]) is not None for c in first["by_county"]):
            _try(
                made,
                "counties",
                Figure(folder / "counties.png", f"{_CAPTIONS['counties'].to(lang)}{name}"),
                lambda path: charts.counties(
                    data, path, indicator=first["id"], lang=lang, dpi=_DPI
                ),
            )
        _try(
            made,
            "map",
            Figure(folder / "map.png", f"{_CAPTIONS['map'].to(lang)}{name}"),
            lambda path: _map(report, data, first["id"], path),
        )
    return made


_CAPTIONS = {
    "targets": Said("各项指标现状与目标", "Indicators against their targets"),
    "counties": Said("分县（市、区）：", "By county: "),
    "map": Said("现状图：", "Map: "),
}


def _try(made: dict[str, Figure], name: str, figure: Figure, paint: Callable[[Path], None]) -> None:
    """Draw one picture, and do without it where there is nothing to draw."""
    try:
        paint(figure.path)
    except InputError:
        return
    made[name] = figure


def _map(report: Report, document: dict[str, Any], indicator: str, path: Path) -> None:
    from coverage.maps import prints
    from coverage.maps.compose import Moment, build

    view = build(
        report.city,
        [Moment("now", document)],
        lang=document["lang"],
        indicators=[indicator],
    )
    prints.draw(view, path, dpi=_DPI)
