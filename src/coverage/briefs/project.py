"""A QGIS project beside the GeoPackage, which it names by a relative path.

It opens with every layer styled and labelled, in the city's own UTM zone.
"""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from coverage.briefs import record
from coverage.briefs.styling import VERSION
from coverage.datum import project as to_plane
from coverage.settings import WGS84

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from coverage.briefs.layers import Layer, Written


def write(path: Path, source: str, written: Written, document: Mapping[str, Any]) -> None:
    """Write the project.

    Args:
        path: The ``.qgz``.
        source: File name of the GeoPackage beside it.
        written: Its layers.
        document: The result object: title and record.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{path.stem}.qgs", to_xml(source, written, document))


def to_xml(source: str, written: Written, document: Mapping[str, Any]) -> str:
    """The project as XML."""
    title = escape(document["heading"])
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
        f"<abstract>{escape(record.summary(document['record']))}</abstract></projectMetadata>"
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
