"""How QGIS draws and labels the layers, and a project that opens with them all.

The same styles stand in a style file (QML) and in the project, which names the
GeoPackage beside it by a relative path, every layer styled and labelled, in
the city's own UTM zone. `templates/qgis.xml.j2` says how QGIS writes them.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coverage.briefs.pages import record_of, summary
from coverage.briefs.rendering import FOLDER
from coverage.datum import project as to_plane
from coverage.settings import WGS84

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import geopandas as gpd

    from coverage.messages import Lang
    from coverage.results.document import Document

VERSION = "3.22.0"
FONT = "Noto Sans CJK SC"
_PALETTE = (
    *("31,78,121,255", "200,121,43,255", "27,127,92,255", "150,84,160,255", "179,64,31,255"),
    *("90,140,190,255", "122,122,122,255", "214,170,60,255", "70,70,130,255", "160,190,90,255"),
)
_CHANGES = {"added": "214,39,40,255", "changed": "255,152,0,255", "closed": "90,90,90,255"}
_STATUS = {"已覆盖": "157,195,230,190", "未覆盖": "240,178,122,200", "": "230,230,230,140"}
_STATUS_EN = {"covered": _STATUS["已覆盖"], "missing": _STATUS["未覆盖"], "": _STATUS[""]}
_NUMBERED = '"{}" || \' \' || "name"'  # an expression of QGIS: a number before the name


@dataclass(frozen=True)
class Symbol:
    """A symbol of QGIS: its kind, the class of its layer, and that one's options."""

    kind: str
    layer: str
    options: Mapping[str, object]


@dataclass(frozen=True)
class Label:
    """Labels of a layer: over areas, beside points; from 1 : `scale` upwards if one is given."""

    text: str
    size: int
    bold: bool = False
    expression: bool = False
    scale: int = 0
    beside: bool = False


@dataclass(frozen=True)
class Style:
    """How a layer is drawn.

    Attributes:
        geometry: ``Point``, ``Line`` or ``Polygon``.
        symbols: By class, a value of `field`; one alone without a field.
        field: Column that says which class a row has.
        label: Its labels, `None` for none.
    """

    geometry: str
    symbols: Mapping[str, Symbol] = field(default_factory=dict)
    field: str = ""
    label: Label | None = None


@dataclass(frozen=True)
class Layer:
    """A layer that was written: its name in the GeoPackage, in the legend, and its style."""

    name: str
    title: str
    style: Style

    @property
    def id(self) -> str:
        """Id of a layer; QGIS makes up another where it has no more than ten characters."""
        return f"coverage_layer_{self.name}"


@dataclass(frozen=True)
class Written:
    """The layers of a GeoPackage, from top to bottom, and what a map of them needs."""

    layers: tuple[Layer, ...]
    bounds: tuple[float, float, float, float]
    crs: str


def style_of(name: str, frame: gpd.GeoDataFrame, lang: Lang) -> Style:
    """The style of a layer.

    Args:
        name: ``proposal``, ``counties``, ``townships``, ``missing``, ``facilities`` or ``roads``.
        frame: Its rows, whose values become classes.
        lang: Language of the classes.
    """
    match name:
        case "counties":
            outline = _fill("0,0,0,0", "60,70,85,255", 0.7)
            return Style("Polygon", {"": outline}, label=Label("name", 12, bold=True))
        case "townships":
            colours = _STATUS if lang == "zh" else _STATUS_EN
            fills = {v: _fill(c, "255,255,255,255", 0.2) for v, c in colours.items()}
            return Style("Polygon", _present(fills, frame["status"]), "status", Label("name", 7))
        case "proposal":
            stars = {change: _marker("star", colour, 5) for change, colour in _CHANGES.items()}
            label = Label(_NUMBERED.format("number"), 9, bold=True, expression=True, beside=True)
            return Style("Point", _present(stars, frame["change"]), "change", label)
        case "missing":
            label = Label(_NUMBERED.format("rank"), 8, bold=True, expression=True, beside=True)
            return Style("Point", {"": _marker("triangle", "179,64,31,255", 3.4)}, label=label)
        case "facilities":
            discs = {
                kind: _marker("circle", _PALETTE[n % len(_PALETTE)], 2.2)
                for n, kind in enumerate(dict.fromkeys(frame["kind_name"]))
            }
            label = Label("name", 6, scale=60_000, beside=True)
            return Style("Point", discs, "kind_name", label)
    thin = {"line_color": "150,150,150,255", "line_width": 0.3, "line_width_unit": "MM"}
    return Style("Line", {"": Symbol("line", "SimpleLine", {**thin, "line_style": "solid"})})


def _present(symbols: Mapping[str, Symbol], values: gpd.GeoSeries) -> dict[str, Symbol]:
    """The classes that a layer has rows of."""
    there = set(values)
    return {value: symbol for value, symbol in symbols.items() if value in there}


def _outline(colour: str, width: float) -> dict[str, object]:
    return {
        "outline_color": colour,
        "outline_style": "solid",
        "outline_width": width,
        "outline_width_unit": "MM",
    }


def _fill(colour: str, outline: str, width: float) -> Symbol:
    options = {"color": colour, "style": "solid", **_outline(outline, width)}
    return Symbol("fill", "SimpleFill", options)


def _marker(shape: str, colour: str, size: float) -> Symbol:
    options = {"name": shape, "color": colour, "size": size, "size_unit": "MM"}
    return Symbol("marker", "SimpleMarker", options | _outline("255,255,255,255", 0.2))


def qml(style: Style) -> str:
    """A style file of QGIS."""
    return _filled_in(shown=style)


def write_project(path: Path, source: str, written: Written, document: Document) -> None:
    """Write a project of the layers of a GeoPackage.

    Args:
        path: The ``.qgz``.
        source: File name of the GeoPackage beside it.
        written: Its layers.
        document: The result: title and record.
    """
    from pyproj import CRS

    west, south, east, north = written.bounds
    x, y = to_plane([west, east], [south, north], written.crs)
    text = _filled_in(
        title=document.heading,
        abstract=summary(record_of(document)),
        source=source,
        layers=written.layers,
        plane=CRS(written.crs),
        degrees=CRS(WGS84),
        x=x,
        y=y,
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{path.stem}.qgs", text)


def _filled_in(**values: object) -> str:
    """The template's XML, with nothing between its elements."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER), autoescape=True, trim_blocks=True
    )
    template = environment.get_template("qgis.xml.j2")
    text = template.render(version=VERSION, font=FONT, **values)
    return re.sub(r">\n+", ">", text).strip()
