"""A small city with hand-made ground for the tests of demand: five units, three with a place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely.geometry import Polygon, mapping

from coverage.city import City
from coverage.demand.raster import _extract, read_grid
from coverage.demand.townships import onto
from coverage.units import CityName

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CODE = "900000"
WEST, MIDDLE, EAST, NO_SEAT, FARM = (
    "900100101",
    "900100102",
    "900200101",
    "900200102",
    "900200400",
)

# 甲县 is two towns with a slanting border; 乙区 has ground in the east that is no township's.
CELLS = {
    WEST: Polygon([(113.0, 23.6), (113.05, 23.6), (113.07, 23.7), (113.0, 23.7)]),
    MIDDLE: Polygon([(113.05, 23.6), (113.12, 23.6), (113.12, 23.7), (113.07, 23.7)]),
    EAST: Polygon(
        [(113.12, 23.6), (113.17, 23.6), (113.165, 23.65), (113.17, 23.7), (113.12, 23.7)]
    ),
}
# With the corners of the towns on their edges: a straight border in degrees bends on the plane.
COUNTIES = {
    "900100": Polygon(
        [(113.0, 23.6), (113.05, 23.6), (113.12, 23.6), (113.12, 23.7), (113.07, 23.7), (113, 23.7)]
    ),
    "900200": Polygon(
        [(x, 23.6) for x in (113.12, 113.17, 113.2)] + [(x, 23.7) for x in (113.2, 113.17, 113.12)]
    ),
}
SEATS = {WEST: (113.03, 23.65), MIDDLE: (113.1, 23.65), EAST: (113.15, 23.65)}
PEOPLE = {WEST: 10_001, MIDDLE: 20_003, EAST: 7_007, NO_SEAT: 3_000, FARM: 50}
COMMITTEES = {WEST: (2, 10), MIDDLE: (5, 0), EAST: (0, 4), NO_SEAT: (1, 1)}


def small_city(
    folder: Path,
    *,
    seats: Mapping[str, tuple[float, float]] = SEATS,
    cells: Mapping[str, Polygon] = CELLS,
    people: Mapping[str, int] = PEOPLE,
    older: Mapping[str, int] | None = None,
    committees: Mapping[str, tuple[int, int]] = COMMITTEES,
) -> City:
    """Write the sources of the city below `folder` and load it; `older` defaults to a fifth."""
    older = {code: count // 5 for code, count in people.items()} if older is None else older
    names = {WEST: "西镇", MIDDLE: "中街道", EAST: "东乡", NO_SEAT: "无址镇", FARM: "林场"}
    kinds = {WEST: "镇", MIDDLE: "街道", EAST: "乡", NO_SEAT: "镇", FARM: "统计单元"}
    units = ["code,name,level,category,parent,committees,lon,lat,place_note"]
    units += ["900100,甲县,county,县,900000,,,,", "900200,乙区,county,市辖区,900000,,,,"]
    for code, name in names.items():
        lon, lat = seats.get(code, ("", ""))
        units.append(f"{code},{name},township,{kinds[code]},{code[:6]},,{lon},{lat},")
    villages = ["code,name,category,parent,source"]
    for code, (residents, rural) in committees.items():
        villages += [f"{code}{i + 1:03},社区{i},社区,{code}," for i in range(residents)]
        villages += [f"{code}{i + 200:03},村{i},村,{code}," for i in range(rural)]
    rows = ["unit_code,unit_name,level,group,year,people,provenance,source,note"]
    for group, figures in (("all", people), ("60+", older)):
        rows += [f"{c},,township,{group},2020,{n},modelled,," for c, n in figures.items()]
    _write(folder / "units" / f"{CODE}.csv", "\n".join(units))
    _write(folder / "units" / f"{CODE}-villages.csv", "\n".join(villages))
    _write(folder / "population" / f"{CODE}.csv", "\n".join(rows))
    for level, shapes in (("counties", COUNTIES), ("townships", cells)):
        _write(folder / "boundaries" / f"{CODE}-{level}.geojson", _geojson(shapes))
    return City(CityName(CODE, "小城市", "小城", "Smallville", "", ()), folder)


def _geojson(shapes: Mapping[str, Polygon]) -> str:
    features = [
        {"type": "Feature", "properties": {"code": code}, "geometry": mapping(shape)}
        for code, shape in shapes.items()
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def people_in_polygons(path: Path, polygons: np.ndarray, crs: str) -> np.ndarray:
    """(n,) people of a grid inside each polygon, cells on the border by the exact part inside."""
    polygons = np.asarray(polygons, np.object_)
    grid = read_grid(path, lambda own: tuple(shapely.total_bounds(onto(polygons, crs, own))))
    sums = _extract(grid.values, grid, onto(polygons, crs, grid.crs), ["sum"])
    return np.array([found["sum"] or 0.0 for found in sums], np.float64)
