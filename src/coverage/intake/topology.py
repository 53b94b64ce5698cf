"""Polygons that should tile a city: gaps, overlaps, areas, and whether a whole map is shifted.

Areas are those of an equal-area projection (Albers, its standard parallels
at a sixth of the extent from either end), not of the city's UTM zone, which
is off by up to 0.08 %.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyproj
import shapely

from coverage.datum import bd09_to_gcj02, gcj02_to_wgs84, utm_crs
from coverage.settings import WGS84

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

# Below either of these a gap or an overlap is a sliver: drawing, not ground.
SLIVER_KM2 = 0.01
SLIVER_WIDTH_M = 10.0
_STEP_DEGREES = 0.01


class Piece(NamedTuple):
    """A gap or an overlap.

    Attributes:
        km2: Its area.
        between: Indexes of the polygons that overlap, or that the gap lies between.
        place: A point of it, lon and lat.
        sliver: Whether it is one.
    """

    km2: float
    between: tuple[int, ...]
    place: tuple[float, float]
    sliver: bool


class Shift(NamedTuple):
    """How far outlines lie from those that are known, in metres (medians).

    Attributes:
        as_is: As given.
        gcj02: If they were GCJ-02 and turned into WGS84.
        bd09: If they were BD-09.
    """

    as_is: float
    gcj02: float
    bd09: float

    @property
    def suspect(self) -> str:
        """``gcj02`` or ``bd09`` if that explains most of the offset, else an empty string."""
        best = min(("gcj02", "bd09"), key=lambda name: getattr(self, name))
        least = getattr(self, best)
        return best if self.as_is > 200 and least < 0.5 * self.as_is else ""


def repaired(shape: BaseGeometry) -> tuple[BaseGeometry | None, str, float]:
    """A valid polygon or multipolygon, what was wrong, and how the area (degrees²) changed.

    Lines and points that `make_valid` leaves over are dropped. `None` if no area is left.
    """
    why = "" if shape.is_valid else str(shapely.is_valid_reason(shape))
    if why:
        before = shape.area
        shape = shapely.make_valid(shape)
    parts = [p for p in shapely.get_parts(shapely.get_parts(shape)) if p.geom_type == "Polygon"]
    parts = [p for p in parts if p.area > 0]
    if not parts:
        return None, why, 0.0
    own = parts[0] if len(parts) == 1 else shapely.multipolygons(parts)
    return own, why, (own.area / before - 1 if why and before else 0.0)


def equal_area(shapes: Sequence[BaseGeometry]) -> str:
    """An equal-area projection for polygons in WGS84, as a PROJ string."""
    west, south, east, north = shapely.total_bounds(np.array(shapes, np.object_))
    sixth = (north - south) / 6
    return (
        f"+proj=aea +lat_1={south + sixth:.4f} +lat_2={north - sixth + 1e-3:.4f} "
        f"+lat_0={(south + north) / 2:.4f} +lon_0={(west + east) / 2:.4f} +datum=WGS84 +units=m"
    )


def onto_plane(shapes: Sequence[BaseGeometry], plane: str) -> NDArray[np.object_]:
    """Polygons in WGS84 on a plane, their straight borders kept straight in degrees."""
    transformer = pyproj.Transformer.from_crs(WGS84, plane, always_xy=True)

    def move(corners: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transformer.transform(corners[:, 0], corners[:, 1]))

    dense = shapely.segmentize(np.array(shapes, np.object_), _STEP_DEGREES)
    return np.asarray(shapely.transform(dense, move), np.object_)


def areas_km2(shapes: Sequence[BaseGeometry]) -> NDArray[np.float64]:
    """(n,) areas by equal-area projection."""
    return np.asarray(shapely.area(onto_plane(shapes, equal_area(shapes))) / 1e6, np.float64)


def overlaps(shapes: Sequence[BaseGeometry]) -> list[Piece]:
    """What two polygons both cover, the largest first."""
    plane = equal_area(shapes)
    flat = onto_plane(shapes, plane)
    one, other = shapely.STRtree(flat).query(flat, predicate="intersects")
    pairs = [(int(a), int(b)) for a, b in zip(one, other, strict=True) if a < b]
    found = []
    for a, b in sorted(pairs):
        both = _areal(_safe_intersection(flat[a], flat[b]))
        if both is not None:
            found.append(_piece(both, (a, b), plane))
    return sorted(found, key=lambda p: -p.km2)


def holes(shapes: Sequence[BaseGeometry]) -> list[Piece]:
    """What lies between polygons and belongs to none, closed in on all sides."""
    plane = equal_area(shapes)
    flat = onto_plane(shapes, plane)
    together = shapely.union_all(flat)
    tree = shapely.STRtree(flat)
    found = []
    for part in shapely.get_parts(together):
        for ring in part.interiors:
            hole = _areal(shapely.make_valid(shapely.Polygon(ring)).difference(together))
            if hole is None:
                continue
            near = tree.query(hole, predicate="dwithin", distance=1.0)
            found.append(_piece(hole, tuple(sorted(int(i) for i in near)), plane))
    return sorted(found, key=lambda p: -p.km2)


def _safe_intersection(a: BaseGeometry, b: BaseGeometry) -> BaseGeometry:
    try:
        return a.intersection(b)
    except shapely.errors.GEOSException:
        # Projecting may cross two borders by a hair.
        return shapely.make_valid(a).intersection(shapely.make_valid(b))


def _areal(shape: BaseGeometry) -> BaseGeometry | None:
    parts = [p for p in shapely.get_parts(shapely.get_parts(shape)) if p.geom_type == "Polygon"]
    return shapely.multipolygons(parts) if parts and sum(p.area for p in parts) > 0 else None


def _piece(shape: BaseGeometry, between: tuple[int, ...], plane: str) -> Piece:
    point = shape.representative_point()
    back = pyproj.Transformer.from_crs(plane, WGS84, always_xy=True)
    lon, lat = back.transform(point.x, point.y)
    width = 2 * shape.area / shape.length if shape.length else 0.0
    thin = shape.area / 1e6 < SLIVER_KM2 or width < SLIVER_WIDTH_M
    return Piece(shape.area / 1e6, between, (round(lon, 6), round(lat, 6)), thin)


def share_inside(shapes: Sequence[BaseGeometry], city: BaseGeometry) -> NDArray[np.float64]:
    """(n,) part of each polygon's area that lies in the city."""
    plane = equal_area([*shapes, city])
    flat, (ground,) = onto_plane(shapes, plane), onto_plane([city], plane)
    ground = shapely.make_valid(ground)
    shapely.prepare(ground)
    inside = shapely.area(shapely.intersection(shapely.make_valid(flat), ground))
    return np.asarray(inside / shapely.area(flat), np.float64)


def outline_shift(own: Sequence[BaseGeometry], known: Sequence[BaseGeometry]) -> Shift:
    """How far the outlines of areas lie from known outlines of the same areas.

    Args:
        own: The user's areas, as they stand.
        known: The same areas as they are known in WGS84.
    """
    corners = shapely.get_coordinates(shapely.segmentize(np.array(own, np.object_), 0.005))
    lon, lat = corners[:, 0], corners[:, 1]
    centre = shapely.union_all(np.array(known, np.object_)).centroid
    plane = utm_crs(centre.x, centre.y)
    lines = shapely.union_all([shapely.boundary(s) for s in onto_plane(known, plane)])
    shapely.prepare(lines)
    transformer = pyproj.Transformer.from_crs(WGS84, plane, always_xy=True)

    def away(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
        east, north = transformer.transform(x, y)
        return float(np.median(shapely.distance(lines, shapely.points(east, north))))

    return Shift(
        away(lon, lat),
        away(*gcj02_to_wgs84(lon, lat)),
        away(*gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))),
    )
