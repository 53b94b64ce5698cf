"""How QGIS draws and labels the layers, and a project that opens with them all.

The elements of the styles are written by hand; the same stand in a style file
(QML) and in the project, which names the GeoPackage beside it by a relative
path, every layer styled and labelled, in the city's own UTM zone.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from coverage.briefs.pages import record_of, summary
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
_INK, _HALO = "29,39,51,255", "255,255,255,220"
_PALETTE = (
    "31,78,121,255",
    "200,121,43,255",
    "27,127,92,255",
    "150,84,160,255",
    "179,64,31,255",
    "90,140,190,255",
    "122,122,122,255",
    "214,170,60,255",
    "70,70,130,255",
    "160,190,90,255",
)
_CHANGES = {
    "added": "214,39,40,255",
    "changed": "255,152,0,255",
    "closed": "90,90,90,255",
}
_STATUS = {"已覆盖": "157,195,230,190", "未覆盖": "240,178,122,200", "": "230,230,230,140"}
_STATUS_EN = {"covered": _STATUS["已覆盖"], "missing": _STATUS["未覆盖"], "": _STATUS[""]}


@dataclass(frozen=True)
class Layer:
    """A layer that was written.

    Attributes:
        name: In the GeoPackage.
        title: In the legend of the project.
        geometry: ``Point``, ``Line`` or ``Polygon``.
        style: The elements of its QGIS style.
    """

    name: str
    title: str
    geometry: str
    style: str


@dataclass(frozen=True)
class Written:
    """The layers of a GeoPackage, from top to bottom, and what a map of them needs."""

    layers: tuple[Layer, ...]
    bounds: tuple[float, float, float, float]
    crs: str


def qml(style: str) -> str:
    """A style file of QGIS."""
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
        f'<qgis version="{VERSION}" styleCategories="Symbology|Labeling" labelsEnabled="1">'
        f"{style}</qgis>"
    )


def styles(name: str, frame: gpd.GeoDataFrame, lang: Lang) -> tuple[str, str]:
    """Geometry and style elements of a layer.

    Args:
        name: ``proposal``, ``counties``, ``townships``, ``missing``, ``facilities`` or ``roads``.
        frame: Its rows, whose values become classes.
        lang: Language of the classes.
    """
    if name == "counties":
        line = _fill("0,0,0,0", "60,70,85,255", 0.7)
        return "Polygon", _single(line) + _label("name", 12, bold=True)
    if name == "townships":
        classes = _STATUS if lang == "zh" else _STATUS_EN
        present = {v: c for v, c in classes.items() if v in set(frame["status"])}
        symbols = {v: _fill(c, "255,255,255,255", 0.2) for v, c in present.items()}
        return "Polygon", _categories("status", symbols) + _label("name", 7)
    if name == "proposal":
        symbols = {
            change: _marker("star", colour, 5)
            for change, colour in _CHANGES.items()
            if change in set(frame["change"])
        }
        words = '"number" || \' \' || "name"'
        return "Point", _categories("change", symbols) + _label(
            words, 9, bold=True, expression=True, beside=True
        )
    if name == "missing":
        symbol = _marker("triangle", "179,64,31,255", 3.4)
        words = '"rank" || \' \' || "name"'
        return "Point", _single(symbol) + _label(words, 8, bold=True, expression=True, beside=True)
    if name == "facilities":
        kinds = list(dict.fromkeys(frame["kind_name"]))
        symbols = {
            kind: _marker("circle", _PALETTE[n % len(_PALETTE)], 2.2)
            for n, kind in enumerate(kinds)
        }
        return "Point", _categories("kind_name", symbols) + _label(
            "name", 6, scale=60_000, beside=True
        )
    return "Line", _single(_line("150,150,150,255", 0.3)) + _no_label()


def _option(**values: object) -> str:
    entries = "".join(
        f'<Option type="QString" name={quoteattr(k)} value={quoteattr(str(v))}/>'
        for k, v in values.items()
    )
    return f'<Option type="Map">{entries}</Option>'


def _symbol(kind: str, layer: str, options: str) -> str:
    return (
        f'<symbol type="{kind}" name="{{name}}" alpha="1" clip_to_extent="1" '
        f'force_rhr="0"><layer class="{layer}" enabled="1" locked="0" pass="0">{options}'
        "</layer></symbol>"
    )


def _fill(colour: str, outline: str, width: float) -> str:
    options = _option(
        color=colour,
        style="solid",
        outline_color=outline,
        outline_style="solid",
        outline_width=width,
        outline_width_unit="MM",
    )
    return _symbol("fill", "SimpleFill", options)


def _line(colour: str, width: float) -> str:
    options = _option(line_color=colour, line_width=width, line_width_unit="MM", line_style="solid")
    return _symbol("line", "SimpleLine", options)


def _marker(shape: str, colour: str, size: float) -> str:
    options = _option(
        name=shape,
        color=colour,
        size=size,
        size_unit="MM",
        outline_color="255,255,255,255",
        outline_style="solid",
        outline_width=0.2,
        outline_width_unit="MM",
    )
    return _symbol("marker", "SimpleMarker", options)


def _single(symbol: str) -> str:
    drawn = symbol.replace("{name}", "0")
    return (
        '<renderer-v2 type="singleSymbol" symbollevels="0" enableorderby="0" '
        f'forceraster="0"><symbols>{drawn}</symbols></renderer-v2>'
    )


def _categories(field: str, symbols: Mapping[str, str]) -> str:
    categories = "".join(
        f'<category render="true" value={quoteattr(value)} symbol="{n}" '
        f'label={quoteattr(value or "—")} type="string"/>'
        for n, value in enumerate(symbols)
    )
    drawn = "".join(s.replace("{name}", str(n)) for n, s in enumerate(symbols.values()))
    return (
        f'<renderer-v2 type="categorizedSymbol" attr="{field}" symbollevels="0" '
        f'enableorderby="0" forceraster="0"><categories>{categories}</categories>'
        f"<symbols>{drawn}</symbols></renderer-v2>"
    )


def _label(
    field: str,
    size: float,
    *,
    bold: bool = False,
    expression: bool = False,
    scale: int = 0,
    beside: bool = False,
) -> str:
    """Labels of a layer: over areas, beside points; from 1 : `scale` upwards if one is given."""
    shown = (
        f'scaleVisibility="1" scaleMin="{scale}" scaleMax="1"' if scale else ('scaleVisibility="0"')
    )
    return (
        '<labeling type="simple"><settings calloutType="simple">'
        f'<text-style fieldName={quoteattr(field)} isExpression="{int(expression)}" '
        f'fontFamily="{FONT}" fontSize="{size}" fontSizeUnit="Point" fontWeight='
        f'"{75 if bold else 50}" textColor="{_INK}" textOpacity="1" namedStyle="">'
        f'<text-buffer bufferDraw="1" bufferSize="0.8" bufferSizeUnits="MM" '
        f'bufferColor="{_HALO}" bufferOpacity="1"/></text-style>'
        f'<placement placement="{0 if beside else 1}" dist="{0.8 if beside else 0}" '
        'distUnits="MM" priority="5"/>'
        f'<rendering {shown} obstacle="1" drawLabels="1"/></settings></labeling>'
    )


def _no_label() -> str:
    return '<labeling type="simple"/>'


def write_project(path: Path, source: str, written: Written, document: Document) -> None:
    """Write a project of the layers of a GeoPackage.

    Args:
        path: The ``.qgz``.
        source: File name of the GeoPackage beside it.
        written: Its layers.
        document: The result: title and record.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{path.stem}.qgs", to_xml(source, written, document))


def to_xml(source: str, written: Written, document: Document) -> str:
    """The project as XML."""
    title = escape(document.heading)
    tree = "".join(
        f'<layer-tree-layer id="{_id(layer)}" name={quoteattr(layer.title)} providerKey="ogr" '
        f'source="./{source}|layername={layer.name}" checked="Qt::Checked" expanded="0"/>'
        for layer in written.layers
    )
    order = "".join(f'<layer id="{_id(layer)}"/>' for layer in written.layers)
    maps = "".join(_layer(layer, source) for layer in written.layers)
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
        f'<qgis projectname="{title}" version="{VERSION}"><title>{title}</title>'
        f"<projectCrs>{_crs(written.crs)}</projectCrs>"
        f"<layer-tree-group>{tree}</layer-tree-group>"
        f'<mapcanvas name="theMapCanvas" annotationsVisible="1"><units>meters</units>'
        f"{_extent(written)}<destinationsrs>{_crs(written.crs)}</destinationsrs></mapcanvas>"
        f"<layerorder>{order}</layerorder><projectlayers>{maps}</projectlayers>"
        '<properties><Paths><Absolute type="bool">false</Absolute></Paths>'
        '<SpatialRefSys><ProjectionsEnabled type="int">1</ProjectionsEnabled></SpatialRefSys>'
        "</properties>"
        f"<projectMetadata><title>{title}</title>"
        f"<abstract>{escape(summary(record_of(document)))}</abstract></projectMetadata>"
        "</qgis>"
    )


def _layer(layer: Layer, source: str) -> str:
    labels = int("<text-style" in layer.style)
    return (
        f'<maplayer type="vector" geometry="{layer.geometry}" labelsEnabled="{labels}" '
        'hasScaleBasedVisibilityFlag="0" autoRefreshEnabled="0">'
        f"<id>{_id(layer)}</id><datasource>./{source}|layername={layer.name}</datasource>"
        f"<layername>{escape(layer.title)}</layername><srs>{_crs(WGS84)}</srs>"
        f'<provider encoding="UTF-8">ogr</provider>{layer.style}</maplayer>'
    )


def _id(layer: Layer) -> str:
    """Id of a layer; QGIS makes up another where it has no more than ten characters."""
    return f"coverage_layer_{layer.name}"


def _crs(authority: str) -> str:
    from pyproj import CRS

    crs = CRS(authority)
    # QGIS goes by the authority's name, and only if a number of its own stands before it.
    return (
        f'<spatialrefsys nativeFormat="Wkt"><wkt>{escape(crs.to_wkt())}</wkt>'
        f"<srsid>{crs.to_epsg()}</srsid><srid>{crs.to_epsg()}</srid><authid>{authority}</authid>"
        f"<description>{escape(crs.name)}</description>"
        f"<geographicflag>{str(crs.is_geographic).lower()}</geographicflag></spatialrefsys>"
    )


def _extent(written: Written) -> str:
    west, south, east, north = written.bounds
    x, y = to_plane([west, east], [south, north], written.crs)
    return (
        f"<extent><xmin>{x[0]}</xmin><ymin>{y[0]}</ymin><xmax>{x[1]}</xmax>"
        f"<ymax>{y[1]}</ymax></extent>"
    )
