"""GeoJSON, and plain arrays of objects as web services give them."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely.geometry import shape

from coverage.formats.encodings import decode
from coverage.formats.features import BROKEN, NOT_FINITE, Features, without_degenerate
from coverage.formats.grids import Cell, plain
from coverage.formats.nested import parse_json
from coverage.formats.safety import Meter, refuse
from coverage.messages import Said
from coverage.settings import WGS84

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def read_json(raw: bytes, file: str, meter: Meter, encoding: str | None = None) -> Features:
    """A GeoJSON feature collection, one feature, or a plain array of objects.

    Raises:
        InputError: If it is no JSON, or none of these.
    """
    text, found = decode(raw, file, encoding)
    content = parse_json(text, file)
    top = content if isinstance(content, dict) else {}
    crs: str | None = WGS84  # which is what GeoJSON means where it says nothing
    if isinstance(content, list):
        items = content
    elif isinstance(top.get("features"), list):
        items = top["features"]
    elif top.get("type") == "Feature":
        items = [content]
    else:
        refuse(
            file,
            "不是 GeoJSON 要素集，也不是对象数组",
            "the file is not a GeoJSON collection of features, nor an array of objects",
        )
    if "crs" in top:
        crs = _stated(top["crs"])
    meter.sheet()
    records = [_feature(item) for item in items]
    names = dict.fromkeys(str(name) for properties, _ in records for name in properties)
    meter.table(len(items), len(names))
    made = Features(file, "", {}, None, range(1, len(items) + 1), crs, encoding=found)
    made.columns = {
        name: [_cell(properties.get(name)) for properties, _ in records] for name in names
    }
    if any(geometry is not None for _, geometry in records):
        made.shapes = _shapes([geometry for _, geometry in records], made.bad, made.notes)
        if any(isinstance(g, dict) and ("rings" in g or "x" in g) for _, g in records):
            refuse(file, "这是 Esri JSON，请导出为 GeoJSON", "this is Esri JSON: export GeoJSON")
    for i, item in enumerate(items):
        own = item.get("crs") if isinstance(item, dict) and "geometry" in item else None
        if own is not None and own != top.get("crs"):
            made.bad[i] = Said(
                "要素的坐标系与文件的不同", "the feature has a CRS other than the file's"
            )
    return made


def _feature(item: object) -> tuple[dict[str, object], object]:
    """Properties and geometry of a feature; anything else is a row with what it has."""
    if not isinstance(item, dict):
        return {"": item} if item is not None else {}, None
    if item.get("type") == "Feature" or "properties" in item or "geometry" in item:
        properties = item.get("properties") or item.get("attributes")
        own = dict(properties) if isinstance(properties, dict) else {}
        if "id" in item:
            own.setdefault("id", item["id"])
        return own, item.get("geometry")
    return dict(item), None


def _stated(crs: object) -> str | None:
    """The CRS that a collection names, `None` if it speaks of one and names none."""
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str) or not name.strip():
        return None
    code = name.rpartition(":")[2]
    if "CRS84" in name.upper():
        return WGS84
    return f"EPSG:{code}" if code.isdigit() and "EPSG" in name.upper() else name


@np.errstate(invalid="ignore")  # whoever reads them finds out the numbers that are none
def _shapes(
    geometries: Sequence[Any], bad: dict[int, Said], notes: list[Said]
) -> NDArray[np.object_]:
    """Geometries of JSON; points, of which a file may hold many, are made together."""
    made = np.full(len(geometries), None, np.object_)
    points: dict[int, tuple[float, float]] = {}
    for i, geometry in enumerate(geometries):
        if isinstance(geometry, dict) and geometry.get("type") == "Point":
            place = _pair(geometry.get("coordinates"))
            if isinstance(place, Said):
                bad[i] = place
            else:
                points[i] = place
        elif geometry is not None:
            try:
                made[i] = shapely.force_2d(shape(without_degenerate(geometry, i + 1, notes)))
            except (
                ValueError,
                TypeError,
                LookupError,
                AttributeError,
                RecursionError,
                OverflowError,
                shapely.errors.ShapelyError,
            ):
                odd = any(word in json.dumps(geometry) for word in ("NaN", "Infinity"))
                bad[i] = NOT_FINITE if odd else BROKEN
    if points:
        made[list(points)] = shapely.points(list(points.values()))
    return made


def _pair(place: object) -> tuple[float, float] | Said:
    """The first two numbers of a list, or what is wrong with it."""
    if not isinstance(place, list) or len(place) < 2:
        return Said("点没有坐标", "the point has no coordinates")
    if all(isinstance(v, int | float) and not isinstance(v, bool) for v in place[:2]):
        try:
            x, y = float(place[0]), float(place[1])
        except OverflowError:
            x = y = math.inf
        if math.isfinite(x) and math.isfinite(y):
            return x, y
    return NOT_FINITE


def _cell(value: object) -> Cell:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return plain(value)
