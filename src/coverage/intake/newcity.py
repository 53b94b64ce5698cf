"""Units of a city that does not ship, made from its township polygons, and counties from townships.

What the polygons cannot tell (committees, where the seat lies) stays empty
or is marked: a point inside the polygon is no seat.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
import shapely.geometry

from coverage.errors import InputError, Problem
from coverage.formats.tables import csv_text
from coverage.messages import Said
from coverage.places.names import simplified
from coverage.units import INSIDE, Unit, Units

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from shapely.geometry.base import BaseGeometry

UNIT_COLUMNS = (
    "code",
    "name",
    "level",
    "category",
    "parent",
    "committees",
    "residents_committees",
    "villagers_committees",
    "in_plan_count",
    "lon",
    "lat",
    "place_source",
    "place_precision",
    "place_note",
    "source",
)
DISSOLVED = "由乡镇界合并 dissolved from township polygons"
STATISTICAL = "统计单元"
DECIMALS = 6


class Named(NamedTuple):
    """One row of the file: its number, code, name and the county it names."""

    row: int
    code: str
    name: str
    county: str


def city_code(codes: Iterable[str]) -> str:
    """The code of the city in which units lie: of a county, of a prefecture, or none if it is open.

    Args:
        codes: Of its units, of any length; what is no code is empty.
    """
    starts = {code[:6] for code in codes if code}
    if len(starts) == 1:
        return starts.pop()
    above = {start[:4] for start in starts}
    return f"{above.pop()}00" if len(above) == 1 else ""


def belongs(code: str, city: str) -> bool:
    """Whether a unit's code lies in a city: 441802103 in 441800, 360203001 in 360203."""
    return code.startswith(city[:4] if city.endswith("00") else city)


# What is no township whatever its code says; and what a code says: the last three digits of
# 街道, 镇 and 乡 lie below these in the statistical code list.
_NO_TOWNSHIP = re.compile(
    r"(场|园|园区|开发区|新区|示范区|保护区|管委会|管理区|基地|监狱|社区|水库)$"
)
_BY_CODE = ((100, "街道"), (200, "镇"), (400, "乡"))
_SAME_LEVEL = {"民族苏木": "民族乡", "苏木": "乡", "区公所": "乡"}


def category_of(name: str, code: str = "") -> str:
    """Category of a township-level unit by its name, and where that has no suffix by its code.

    What is no township is a statistical unit.
    """
    text = re.sub(r"(街道)(办事处|办)$", r"\1", simplified(name.strip()))
    found = re.search(r"(民族乡|民族苏木|苏木|区公所|街道|镇|乡)$", text)
    if found:
        return _SAME_LEVEL.get(found[1], found[1])
    if not code or _NO_TOWNSHIP.search(text):
        return STATISTICAL
    return next((kind for below, kind in _BY_CODE if int(code[6:9]) < below), STATISTICAL)


def new_units(rows: Iterable[Named], city: str, city_name: str, file: str) -> Units:
    """Counties and townships of a city by the codes and names of its polygons.

    Raises:
        InputError: If a row has no nine-digit code of this city or no name, or two rows with
            one code have different names.
    """
    problems = []
    names: dict[str, str] = {}
    counties: dict[str, str] = {}
    for row, code, name, county in rows:
        if len(code) != 9 or not belongs(code, city):
            reason = Said(
                f"新城市的每个面须有 {(city[:4] if city.endswith('00') else city)} 开头的九位代码",
                "every polygon of a new city needs a nine-digit code of the city",
            )
            problems.append(Problem(reason, file, row, value=code or name))
        elif not name.strip():
            problems.append(Problem(Said("缺名称", "the name is missing"), file, row, value=code))
        elif names.setdefault(code, name.strip()) != name.strip():
            reason = Said(f"同一代码有两个名称（{names[code]}）", "one code has two names")
            problems.append(Problem(reason, file, row, value=name))
        else:
            own = city_name if code[:6] == city else county.strip()
            counties[code[:6]] = counties.get(code[:6]) or own
    if problems:
        raise InputError(problems)
    upper = [
        Unit(code, name or code, "county", _county_category(name), "" if code == city else city)
        for code, name in sorted(counties.items())
    ]
    lower = [
        Unit(code, name, "township", category_of(name, code), code[:6])
        for code, name in sorted(names.items())
    ]
    return Units([*upper, *lower], city=Unit(city, city_name, "city", "", ""))


def _county_category(name: str) -> str:
    found = re.search(r"(自治县|自治旗|旗|县|区|市)$", simplified(name))
    words = {"区": "市辖区", "市": "县级市"}
    return words.get(found[1], found[1]) if found else ""


def units_text(units: Units, shapes: Mapping[str, BaseGeometry], source: str) -> str:
    """The table of units as it stands in a workspace."""
    rows: list[list[object]] = []
    for unit in (*units.counties, *units.township_rows):
        place: list[object] = ["", "", "", "", ""]
        if unit.code in shapes and unit.level == "township":
            point = shapes[unit.code].representative_point()
            place = [f"{point.x:.6f}", f"{point.y:.6f}", source, "representative", INSIDE]
        counted = "no" if unit.category == STATISTICAL else "yes"
        rows.append(
            [
                *(unit.code, unit.name, unit.level, unit.category, unit.parent),
                *("", "", "", counted, *place, source),
            ]
        )
    return csv_text(UNIT_COLUMNS, rows)


def dissolved(units: Units, shapes: Mapping[str, BaseGeometry]) -> dict[str, BaseGeometry]:
    """Counties by code, each all of its townships together."""
    parts: dict[str, list[BaseGeometry]] = {}
    for code, shape in shapes.items():
        parts.setdefault(code[:6], []).append(shape)
    return {
        code: shapely.union_all(np.array(own, np.object_))
        for code, own in sorted(parts.items())
        if code in units
    }


def geojson_text(units: Sequence[Unit], shapes: Mapping[str, BaseGeometry], **more: str) -> str:
    """Polygons in the form of the shipped boundaries, one feature a line.

    Args:
        units: What to write, in order; those without a shape are left out.
        shapes: By code, in WGS84.
        more: Further properties of every feature, ``quality`` and ``source``.
    """
    lines = []
    for unit in units:
        if unit.code not in shapes:
            continue
        properties = {"code": unit.code, "name": unit.name, "parent": unit.parent, **more}
        parts = [p for p in shapely.get_parts(shapes[unit.code]) if p.geom_type == "Polygon"]
        shape = shapely.geometry.mapping(shapely.multipolygons(parts))
        geometry = {"type": shape["type"], "coordinates": _rounded(shape["coordinates"])}
        feature = {"type": "Feature", "properties": properties, "geometry": geometry}
        lines.append(json.dumps(feature, ensure_ascii=False, separators=(",", ":")))
    return '{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n"


def _rounded(coordinates: object) -> object:
    if isinstance(coordinates, (tuple, list)):
        return [_rounded(part) for part in coordinates]
    return round(float(coordinates), DECIMALS)  # type: ignore[arg-type]
