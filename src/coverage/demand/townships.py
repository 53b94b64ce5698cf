"""The townships of a city on its own plane: their cells in metres, the counties' outline, people.

The polygons of ``boundaries/`` are read with the standard library and
shapely; geopandas would take longer to import than all the rest takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import shapely

from coverage.datum import project, transform, utm_crs
from coverage.errors import InputError, Problem
from coverage.messages import Said
from coverage.settings import WGS84

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shapely.geometry.base import BaseGeometry

    from coverage.arrays import Bools, Floats, Int32s, Objects
    from coverage.city import City

# Straight lines of one CRS are bent in another: a new corner at least this often keeps a
# border within a centimetre of itself.
_STEP_M = 1_000.0
_STEP_DEGREES = 0.01


@dataclass(frozen=True, eq=False)
class Townships:
    """Polygons of a city.

    Attributes:
        crs: The city's UTM zone.
        unit_codes: Every township-level row of the city by code.
        cells: (c,) township polygons on the plane, in the order of their codes.
        cell_unit: (c,) index of each into `unit_codes`.
        approximate: (c,) whether a polygon is a cell around a seat and no border.
        city: All counties together.
    """

    crs: str
    unit_codes: tuple[str, ...]
    cells: Objects
    cell_unit: Int32s
    approximate: Bools
    city: BaseGeometry

    @property
    def called(self) -> Said:
        """What the polygons are called in a sentence; not all of them need be borders."""
        if self.approximate.all():
            return Said("近似格", "approximate cell")
        if not self.approximate.any():
            return Said("界线范围", "territory")
        count = int(self.approximate.sum())
        return Said(f"范围（其中{count}个为近似格）", f"area (approximate for {count} of them)")

    def project(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """Degrees (WGS84) to metres on the city's plane; infinite where that is impossible."""
        return project(lon, lat, self.crs)

    def unit_at(self, x: Floats, y: Floats, *, tolerance_m: float = 0.0) -> Int32s:
        """Township of each point: the cell it is in, else the nearest one within the tolerance.

        Returns:
            (p,) index into `unit_codes`, -1 where no cell is near enough. A point on a
            border belongs to the lower code, so that the answer never changes.
        """
        tree = shapely.STRtree(self.cells)
        points = np.asarray(shapely.points(x, y), np.object_)
        found = np.full(len(x), len(self.cells), np.int64)
        point, cell = tree.query(points, predicate="intersects")
        np.minimum.at(found, point, cell)
        lost = np.flatnonzero(found == len(self.cells))
        if tolerance_m > 0 and len(lost):
            point, cell = tree.query_nearest(points[lost], max_distance=tolerance_m)
            np.minimum.at(found, lost[point], cell)
        return np.append(self.cell_unit, np.int32(-1))[found]


def read_townships(city: City) -> Townships:
    """The counties and township cells of a city, projected.

    Raises:
        InputError: If a file of boundaries is missing, is no GeoJSON of polygons, or names a
            township that the code list does not have.
    """
    counties = city.boundaries("counties").shapes
    townships = city.boundaries("townships")
    codes = townships.codes
    unit_codes = tuple(unit.code for unit in city.units.township_rows)
    index = {code: position for position, code in enumerate(unit_codes)}
    unknown = Said("名录没有这个乡镇", "the code list has no such township")
    twice = Said("两个多边形用同一代码", "two polygons have this code")
    wrong = {code: unknown for code in codes if code not in index}
    wrong |= {code: twice for code in codes if codes.count(code) > 1}
    if wrong:
        raise InputError(
            Problem(reason, townships.file, None, "code", code) for code, reason in wrong.items()
        )
    west, south, east, north = shapely.total_bounds(counties)
    crs = utm_crs((west + east) / 2, (south + north) / 2)
    order = np.argsort(np.array(codes))
    return Townships(
        crs=crs,
        unit_codes=unit_codes,
        cells=onto(townships.shapes[order], WGS84, crs, densify=False),
        cell_unit=np.array([index[codes[i]] for i in order], np.int32),
        approximate=np.array(townships.approximate, bool)[order],
        city=shapely.union_all(onto(counties, WGS84, crs, densify=False)),
    )


def onto(polygons: Objects, source: Any, target: Any, *, densify: bool = True) -> Objects:
    """Polygons of one CRS in another.

    Args:
        polygons: (n,) shapely polygons.
        source: Their CRS, as anything that pyproj understands.
        target: The CRS wanted.
        densify: Keep straight borders where they are, by extra corners. Without it only the
            given corners move, and neighbours may part by metres on long borders.
    """
    source, target = pyproj.CRS.from_user_input(source), pyproj.CRS.from_user_input(target)
    if source == target:
        return polygons
    if densify:
        step = _STEP_DEGREES if source.is_geographic else _STEP_M
        polygons = shapely.segmentize(polygons, step)

    def move(corners: Floats) -> Floats:
        return np.column_stack(transform(source, target, corners[:, 0], corners[:, 1]))

    return np.asarray(shapely.transform(polygons, move), np.object_)


def people_by_township(city: City) -> tuple[dict[str, dict[str, int]], tuple[str, ...]]:
    """Figures by group and township-level code in each group's base year, ``all`` first.

    Returns:
        The figures, and the groups left out because some township that has ``all`` has no
        figure of theirs: nobody may be taken for none.

    Raises:
        InputError: If no township has a figure of ``all``.
    """
    rows = [row for row in city.population.rows if row.level == "township"]
    found: dict[str, dict[str, int]] = {}
    for group in ("all", *sorted({row.group for row in rows} - {"all"})):
        year = city.population.base_year(group)
        found[group] = {r.unit_code: r.count for r in rows if (r.group, r.year) == (group, year)}
    everyone = found["all"]
    if not everyone:
        raise InputError(
            Said(
                f"{city.name}的人口表没有乡镇人口",
                f"the population table of {city.name} has no township figures",
            )
        )
    kept = {group: by_code for group, by_code in found.items() if everyone.keys() <= by_code.keys()}
    return kept, tuple(group for group in found if group not in kept)


def named(city: City, codes: Iterable[str]) -> str:
    """Names of units, the first ten of them."""
    names = [city.units.name(code) for code in codes]
    return "、".join(names[:10]) + ("…" if len(names) > 10 else "")
