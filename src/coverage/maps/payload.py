"""A view as the plain data that a page's script draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.datum import from_wgs84
from coverage.kinds import KINDS
from coverage.maps import styles
from coverage.maps.outlines import UNCROSSED
from coverage.messages import Lang, Said

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike

    from coverage.maps.view import Area, Crowd, Shading, Site, Stage, Theme, View

_DIGITS = 5  # about a metre
_WORDS = {
    "about": Said("说明", "About"),
    "approximate": Said("范围为近似格，不是行政界线", "An approximate cell, no official boundary"),
    "comma": Said("、", ", "),
    "county": Said("县（市、区）", "county"),
    "facilities": Said("设施", "Facilities"),
    "home": Said("全市", "Whole city"),
    "layers": Said("图层", "Layers"),
    "length": Said("长度", "length"),
    "loose": Said("只知所在县、未上图的设施：", "Known by county only, not drawn:"),
    "measure": Said("量距离（再按一次或 Esc 结束）", "Measure (press again or Esc to end)"),
    "measuring": Said("在图上逐点点击", "click point by point"),
    "more": Said("还有 {n} 项，请写得更具体", "{n} more: be more precise"),
    "names": Said("地名", "names"),
    "notes": Said("数据说明", "Notes"),
    "nothing": Said("没有找到", "nothing found"),
    "open": Said("图例与图层", "Legend and layers"),
    "close": Said("收起", "close"),
    "pale": Said(
        "实心：计入当前指标；空心：同类但不计入",
        "solid: counts towards the theme; hollow: does not",
    ),
    "print": Said("打印", "Print"),
    "proposals": Said("建议点（按顺序编号）", "proposed sites, in order"),
    "ring": Said("服务圈 ", "circle of "),
    "search": Said("查找乡镇、设施", "Find a township or facility"),
    "somewhere": Said("，具体位置不详", ", place not known"),
    "sources": Said("资料来源与许可", "Sources and licences"),
    "theme": Said("专题", "Theme"),
    "uncrossed": UNCROSSED,
    "unplaced": Said("无位置、未上图：", "without a place, not drawn: "),
}
_CHANGES = {
    "added": Said("情景新增", "added by the scenario"),
    "changed": Said("情景调整", "changed by the scenario"),
    "closed": Said("情景关停", "closed by the scenario"),
}
_LEVELS = {"township": Said("按乡镇", "by township"), "county": Said("按县", "by county")}


def payload(view: View, *, datum: str = "wgs84", tiles: dict[str, Any] | None = None) -> Any:
    """Everything that the page shows, as JSON can hold it.

    Args:
        view: What is shown.
        datum: Datum of the base map; every place is moved to it.
        tiles: ``url`` and ``options`` of a base map, `None` for none.
    """
    lang, maker = view.lang, _Places(datum)
    west, south, east, north = view.bounds
    used = {site.kind for stage in view.stages for site in stage.sites}
    zh = lang == "zh"
    return {
        "lang": lang,
        "words": words(lang) | {"roads": view.road_name},
        "title": view.title,
        "city": view.city,
        "subtitle": view.subtitle,
        "mark": view.mark,
        "facts": view.facts,
        "notes": view.notes,
        "sources": view.sources,
        "ink": styles.INK,
        "accent": styles.ACCENT,
        "blank": styles.FILLS["outside"].colour,
        "ground": styles.GROUND,
        "road": styles.ROAD,
        "water": styles.WATER,
        "uncrossed": [maker.line(line) for line in view.uncrossed],
        "ringEdge": styles.RINGS[0],
        "crowd": styles.CROWD,
        "crowdRadii": styles.CROWD_RADII,
        "tiles": tiles,
        "datum": "" if datum == "wgs84" else f" {datum.upper()}",
        "bounds": maker.line([[west, south], [east, north]]),
        "kinds": {
            id_: {
                "name": kind.zh if zh else kind.en,
                "symbol": styles.SYMBOLS.get(id_, "·"),
                "colour": styles.FIELDS[kind.system],
            }
            for id_, kind in KINDS.items()
            if id_ in used
        },
        "areas": [
            *(_area(a, "county", maker) for a in view.counties),
            *(_area(a, "township", maker) for a in view.townships),
        ],
        "roads": [maker.line(line) for line in view.roads],
        "stages": [_stage(stage, maker) for stage in view.stages],
    }


def words(lang: Lang) -> dict[str, Any]:
    """The words of the page's own buttons and headings."""
    return {
        **{key: said.to(lang) for key, said in _WORDS.items()},
        "changes": {key: said.to(lang) for key, said in _CHANGES.items()},
        "levels": {key: said.to(lang) for key, said in _LEVELS.items()},
    }


class _Places:
    """Degrees as Leaflet takes them, lat before lon, moved to the datum of the base map."""

    def __init__(self, datum: str) -> None:
        self.datum = datum

    def line(self, lonlat: ArrayLike) -> list[list[float]]:
        """Places of (n, 2) lon, lat."""
        given = np.asarray(lonlat, dtype=np.float64).reshape(-1, 2)
        lon, lat = from_wgs84(given[:, 0], given[:, 1], self.datum)
        found: list[list[float]] = np.column_stack([lat, lon]).round(_DIGITS).tolist()
        return found

    def point(self, lon: float, lat: float) -> list[float]:
        """One place."""
        return self.line([[lon, lat]])[0]

    def rings(self, shape: Any) -> list[list[list[list[float]]]]:
        """A polygon or several: outer ring, then holes, of each."""
        return [
            [self.line(ring.coords) for ring in (part.exterior, *part.interiors)]
            for part in getattr(shape, "geoms", [shape])
            if not part.is_empty
        ]


def _area(area: Area, level: str, places: _Places) -> dict[str, Any]:
    return {
        "code": area.code,
        "name": area.name,
        "county": area.county,
        "level": level,
        "approximate": area.approximate,
        "named": area.kind != "statistical",
        "seat": places.point(*area.seat),
        "rings": places.rings(area.outline),
    }


def _stage(stage: Stage, places: _Places) -> dict[str, Any]:
    return {
        "id": stage.id,
        "label": stage.label,
        "themes": [_theme(theme, stage.sites) for theme in stage.themes],
        "sites": [_site(site, places) for site in stage.sites],
        "rings": [
            {
                "label": ring.label + ring.mark,
                "text": ring.text,
                "colour": styles.RINGS[min(ring.rank, len(styles.RINGS) - 1)],
                "rings": places.rings(ring.shape),
            }
            for ring in stage.rings
        ],
        "crowd": _crowd(stage.crowd, places) if stage.crowd else None,
        "roads": None if stage.roads is None else [places.line(line) for line in stage.roads],
        "loose": {code: [name for _, name in rows] for code, rows in stage.loose.items()},
    }


def _site(site: Site, places: _Places) -> dict[str, Any]:
    lat, lon = places.point(site.lon, site.lat)
    return {
        "name": site.name,
        "kind": site.kind,
        "lat": lat,
        "lon": lon,
        "open": site.open,
        "change": site.change,
        "number": site.number,
        "facts": site.facts,
    }


def _crowd(crowd: Crowd, places: _Places) -> dict[str, Any]:
    spots = places.line(np.column_stack([crowd.lon, crowd.lat]))
    classes: Iterable[int] = crowd.class_.tolist()
    return {
        "title": crowd.title,
        "text": crowd.text,
        "labels": crowd.labels,
        "points": [[*spot, class_] for spot, class_ in zip(spots, classes, strict=True)],
    }


def _theme(theme: Theme, sites: tuple[Site, ...]) -> dict[str, Any]:
    counting = None
    if theme.counting is not None:
        counting = [n for n, site in enumerate(sites) if site.id in theme.counting]
    return {
        "id": theme.id,
        "title": theme.title,
        "headline": theme.headline,
        "kinds": theme.kinds,
        "counting": counting,
        "shadings": [_shading(shading) for shading in theme.shadings],
    }


def _shading(shading: Shading) -> dict[str, Any]:
    return {
        "level": shading.level,
        "title": shading.title,
        "classes": [
            {"id": c.id, "label": c.label, "count": c.count, "fill": page_fill(c.style)}
            for c in shading.classes
        ],
        "marks": {code: [mark.class_, mark.text] for code, mark in shading.marks.items()},
        "unplaced": shading.unplaced,
    }


def page_fill(style: str) -> str:
    """A fill as a page names it: a colour, or a pattern of `patterns`."""
    return f"url(#fill-{style})" if styles.fill(style).hatch else styles.fill(style).colour


def patterns() -> str:
    """The hatched fills as SVG patterns, which every shape of the page can name."""
    found = []
    for name, look in styles.FILLS.items():
        if look.hatch == "lines":
            mark = f'<path d="M0 0V7" stroke="{styles.HATCH_INK}" stroke-width="1.7"/>'
            turn = ' patternTransform="rotate(45)"'
        elif look.hatch == "dots":
            mark = f'<circle cx="3.5" cy="3.5" r="1" fill="{styles.QUIET}"/>'
            turn = ""
        else:
            continue
        found.append(
            f'<pattern id="fill-{name}" width="7" height="7" patternUnits="userSpaceOnUse"{turn}>'
            f'<rect width="7" height="7" fill="{look.colour}"/>{mark}</pattern>'
        )
    return (
        '<svg id="fills" width="0" height="0" aria-hidden="true"><defs>'
        + "".join(found)
        + "</defs></svg>"
    )
