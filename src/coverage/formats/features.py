"""Features as they stand in a file, and as rows of a grid.

Nothing is moved or judged: attributes are cells, geometries are in the coordinates of the file,
and what the file says of its CRS is kept (`coverage.formats.layers` makes places of it).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from coverage.formats.grids import Cell, Grid, trimmed
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from coverage.formats.encodings import Encoding
    from coverage.formats.safety import Meter

BROKEN = Said("几何已损坏", "the geometry is broken")
NOT_FINITE = Said("坐标不是有限的数字", "the coordinates are not finite numbers")


_LEAST = 4  # corners of a ring, the first again at its end


@dataclass(eq=False)
class Features:
    """Features of one layer.

    Attributes:
        file: Name of the user's file.
        name: Of the layer, empty where the format has none.
        columns: By name the (n,) cells as they stand.
        shapes: (n,) shapely geometries, two-dimensional, in the file's own coordinates; `None`
            where there is none. `None` altogether for a table without geometries.
        numbers: Number of each feature as the user finds it.
        crs: What the file says: an authority code or WKT; `None` if it says nothing.
        bad: By position why a geometry cannot be read.
        encoding: How the text was decoded, where it is not certain from the format.
        notes: What was odd and not an error.
    """

    file: str
    name: str
    columns: dict[str, list[Cell]]
    shapes: NDArray[np.object_] | None
    numbers: Sequence[int]
    crs: str | None
    bad: dict[int, Said] = field(default_factory=dict)
    encoding: Encoding | None = None
    notes: list[Said] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.numbers)


def without_degenerate(geometry: Any, number: int, notes: list[Said]) -> Any:
    """A geometry of JSON without rings that enclose nothing, as drawing programs leave them.

    A multipolygon keeps its other parts; where nothing is left the geometry stays as it was.

    Args:
        geometry: ``{"type": …, "coordinates": …}``.
        number: Of the feature.
        notes: Where it is said how many were dropped.
    """
    kind, parts = geometry.get("type"), geometry.get("coordinates")
    if kind not in {"Polygon", "MultiPolygon"} or not isinstance(parts, list):
        return geometry
    polygons = [parts] if kind == "Polygon" else parts
    rings = sum(len(polygon) for polygon in polygons)
    kept = [
        [polygon[0], *(ring for ring in polygon[1:] if len(ring) >= _LEAST)]
        for polygon in polygons
        if polygon and len(polygon[0]) >= _LEAST
    ]
    dropped = rings - sum(len(polygon) for polygon in kept)
    if not kept or not dropped:
        return geometry
    zh = f"第 {number} 个要素有 {dropped} 个环不足四点，已略去"
    en = f"feature {number}: {dropped} rings of fewer than four corners were dropped"
    notes.append(Said(zh, en))
    return {"type": kind, "coordinates": kept[0] if kind == "Polygon" else kept}


def grid_of(own: Features, meter: Meter) -> Grid:
    """Features as rows: a geometry is two columns with a point on it.

    They are ``geometry/lon`` and ``geometry/lat``, or ``geometry/x`` and ``geometry/y`` where
    the CRS is projected, or is not stated and the numbers are no degrees.
    """
    points = [] if own.shapes is None else [_point_on(one) for one in own.shapes]
    columns = list(own.columns.values())
    grid = Grid(own.name, [], columns=tuple(own.columns), notes=list(own.notes))
    grid.encoding = str(own.encoding or "")
    for i in range(len(own)):
        cells = [column[i] for column in columns]
        point = points[i] if points else None
        if point:
            cells += point
        trimmed(cells)
        meter.row(len(cells))
        grid.rows.append((i + 1, cells))
    if own.shapes is not None:
        _name_geometry(grid, [p for p in points if p], own.crs)
        plain_points = int(np.sum(shapely.get_type_id(own.shapes) == 0))
        odd = len(own) - plain_points - sum(i not in own.bad for i in _empty(own.shapes))
        if odd:
            grid.notes.append(
                Said(
                    f"{odd} 个要素不是点，取其上一点（几何损坏的没有）",
                    f"{odd} features that are no points: a point on them was taken, or none where "
                    "the geometry is broken",
                )
            )
    return grid


def _empty(shapes: NDArray[np.object_]) -> list[int]:
    return np.flatnonzero(shapely.is_missing(shapes)).tolist()


def _point_on(geometry: Any) -> tuple[float, float] | None:
    if geometry is None or geometry.is_empty:
        return None
    point = geometry if geometry.geom_type == "Point" else geometry.representative_point()
    if point.is_empty or not (math.isfinite(point.x) and math.isfinite(point.y)):
        return None
    return float(point.x), float(point.y)


def _name_geometry(grid: Grid, points: Sequence[tuple[float, float]], crs: str | None) -> None:
    """Name the two columns that were added, by the CRS or else by the numbers."""
    first = len(grid.columns or ())
    degrees = all(abs(x) <= 180 and abs(y) <= 90 for x, y in points)
    geographic = crs is not None and _is_geographic(crs)
    if crs is None and points:
        grid.notes.append(Said("没有坐标系说明（缺 .prj）", "the coordinate system is not stated"))
    elif geographic and not degrees:
        grid.notes.append(
            Said(
                f"坐标不是度，与声明的 {crs} 不符",
                f"the numbers are no degrees, against the stated CRS {crs}",
            )
        )
    axes = ("lon", "lat") if degrees and (crs is None or geographic) else ("x", "y")
    grid.columns = (*(grid.columns or ()), *(f"geometry/{axis}" for axis in axes))
    grid.geometry = (first, first + 1)
    grid.crs = crs


def _is_geographic(crs: str) -> bool:
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        return bool(CRS.from_user_input(crs).is_geographic)
    except CRSError:
        return False
