"""GeoJSON, and plain arrays of objects as web services give them."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from coverage.errors import InputError, Problem
from coverage.formats.encodings import decode
from coverage.formats.geofiles import name_geometry, point_on
from coverage.formats.grids import Grid, plain, trimmed
from coverage.formats.safety import refuse
from coverage.messages import Said
from coverage.settings import WGS84

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.formats.grids import Cell
    from coverage.formats.safety import Meter


def read_json(raw: bytes, file: str, meter: Meter, encoding: str | None = None) -> list[Grid]:
    """A GeoJSON feature collection, or a plain array of objects.

    Raises:
        InputError: If it is no JSON, or neither of the two.
    """
    text, found = decode(raw, file, encoding)
    try:
        content = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        where = getattr(error, "lineno", None)
        raise InputError(
            Problem(Said("JSON 已损坏", "the JSON is damaged or nested too deeply"), file, where)
        ) from error
    crs: str | None = None
    if isinstance(content, dict) and isinstance(content.get("features"), list):
        items = content["features"]
        records = [_feature(item) for item in items]
        crs = _json_crs(content)
        if any("rings" in g or "x" in g for _, g in records if isinstance(g, dict)):
            refuse(file, "这是 Esri JSON，请导出为 GeoJSON", "this is Esri JSON: export GeoJSON")
    elif isinstance(content, dict) and content.get("type") == "Feature":
        records = [_feature(content)]
        crs = _json_crs(content)
    elif isinstance(content, list):
        records = [_feature(item) for item in content]
    else:
        refuse(
            file,
            "JSON 里没有要素（features）也不是对象数组",
            "the JSON is neither GeoJSON nor an array of objects",
        )
    grid = _features(records, meter, crs)
    grid.encoding = str(found)
    return [grid]


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


def _json_crs(content: dict[str, Any]) -> str:
    """The CRS a collection names; without one GeoJSON is WGS84."""
    crs = content.get("crs")
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str) or "CRS84" in name.upper():
        return WGS84
    code = name.rpartition(":")[2]
    return f"EPSG:{code}" if code.isdigit() and "EPSG" in name.upper() else name


def _features(
    records: Sequence[tuple[dict[str, object], object]], meter: Meter, crs: str | None
) -> Grid:
    meter.sheet()
    names: dict[str, int] = {}
    for properties, _ in records:
        for name in properties:
            names.setdefault(str(name), len(names))
    shaped = any(geometry is not None for _, geometry in records)
    points: list[tuple[float, float] | None] = []
    odd = 0
    for _, geometry in records:
        point, exact = _json_point(geometry)
        points.append(point)
        odd += geometry is not None and not exact
    rows: list[tuple[int, list[Cell]]] = []
    for number, (properties, _) in enumerate(records, start=1):
        cells: list[Cell] = [None] * len(names)
        for name, value in properties.items():
            cells[names[str(name)]] = _json_cell(value)
        point = points[number - 1]
        cells += list(point) if point else []
        if not point:
            trimmed(cells)
        meter.row(len(cells))
        rows.append((number, cells))
    grid = Grid("", rows, columns=tuple(names))
    if shaped:
        name_geometry(grid, points, crs)
    if odd:
        grid.notes.append(
            f"{odd} 个要素不是点或几何无效 · features that are no points: a point on them "
            "was taken, or none where the geometry is broken"
        )
    return grid


def _json_cell(value: object) -> Cell:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return plain(value)


def _json_point(geometry: object) -> tuple[tuple[float, float] | None, bool]:
    """A point of a geometry, and whether the geometry is that point."""
    if not isinstance(geometry, dict):
        return None, geometry is None
    if geometry.get("type") == "Point":
        point = _pair(geometry.get("coordinates"))
        return point, point is not None
    import shapely
    from shapely.geometry import shape

    try:
        found = shape(geometry)
        return point_on(found), False
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, OverflowError):
        return None, False
    except shapely.errors.ShapelyError:
        return None, False


def _pair(place: object) -> tuple[float, float] | None:
    """The first two finite numbers of a list."""
    if not isinstance(place, list) or len(place) < 2:
        return None
    try:
        x, y = float(place[0]), float(place[1])
    except (TypeError, ValueError, OverflowError):
        return None
    return (x, y) if math.isfinite(x) and math.isfinite(y) else None
