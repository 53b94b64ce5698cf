"""Polygons of counties and townships: how far each can be trusted, and whether they tile a city.

Gaps, overlaps and areas are those of an equal-area projection (Albers, its
standard parallels at a sixth of the extent from either end), not of the
city's UTM zone, which is off by up to 0.08 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pyproj
import shapely

from coverage.datum import bd09_to_gcj02, gcj02_to_wgs84, utm_crs
from coverage.demand.townships import onto
from coverage.errors import InputError
from coverage.messages import Said
from coverage.settings import WGS84

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from coverage.city import City

_MOST_GAPS = 50_000
# Below either of these a gap or an overlap is a sliver: drawing, not ground.
SLIVER_KM2 = 0.01
SLIVER_WIDTH_M = 10.0


@dataclass(frozen=True, eq=False)
class Outlines:
    """Polygons of one level.

    Attributes:
        codes: (n,) codes by order.
        shapes: (n,) polygons in metres.
        official: (n,) whether a polygon is a border that somebody answers for; the others are
            approximate cells around the seats.
    """

    codes: tuple[str, ...]
    shapes: NDArray[np.object_]
    official: NDArray[np.bool_]

    @cached_property
    def index(self) -> dict[str, int]:
        """Position by code."""
        return {code: n for n, code in enumerate(self.codes)}

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Spatial index."""
        shapely.prepare(self.shapes)
        return shapely.STRtree(self.shapes)

    def at(self, points: NDArray[np.object_]) -> NDArray[np.int64]:
        """(p,) the polygon each point lies in, -1 for none; on a border the lower code."""
        found = np.full(len(points), len(self.codes), dtype=np.int64)
        point, shape = self.tree.query(points, predicate="intersects")
        np.minimum.at(found, point, shape)
        found[found == len(self.codes)] = -1
        return found

    def metres_from(self, points: NDArray[np.object_], codes: list[str]) -> NDArray[np.float64]:
        """(p,) distance of each point to the polygon of its code; NaN where there is none."""
        shape = np.array([self.index.get(code, -1) for code in codes], dtype=np.int64)
        distance = np.full(len(points), np.nan)
        known = shape >= 0
        distance[known] = shapely.distance(points[known], self.shapes[shape[known]])
        return distance


def read_outlines(city: City, level: Literal["counties", "townships"], crs: str) -> Outlines | None:
    """Polygons of a level on a plane, `None` if the city has none.

    Polygons of units that the city does not have are left out.

    Raises:
        InputError: If the file is no GeoJSON of polygons with codes.
    """
    if city.origin(level) == "missing":
        return None
    found = city.boundaries(level)
    codes, shapes = found.codes, found.shapes
    known = [n for n, code in enumerate(codes) if code in city.units or code == city.code]
    order = sorted(known, key=codes.__getitem__)
    if not order:
        return None
    return Outlines(
        tuple(codes[n] for n in order),
        onto(shapes[order], WGS84, crs, densify=False),
        ~np.array(found.approximate)[order],
    )


def plane(city: City) -> str | None:
    """The city's UTM zone by its seats, `None` if no seat is known."""
    seats = [(u.lon, u.lat) for u in city.units.township_rows if u.lon is not None]
    if not seats:
        return None
    lon, lat = np.array(seats, dtype=np.float64).T
    return utm_crs(float(lon.mean()), float(lat.mean()))


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


def onto_plane(
    shapes: Sequence[BaseGeometry] | NDArray[np.object_], plane: str
) -> NDArray[np.object_]:
    """Polygons in WGS84 on a plane, their straight borders kept straight in degrees."""
    return onto(np.array(shapes, np.object_), WGS84, plane)


def areas_km2(shapes: Sequence[BaseGeometry]) -> NDArray[np.float64]:
    """(n,) areas by equal-area projection."""
    return np.asarray(shapely.area(onto_plane(shapes, equal_area(shapes))) / 1e6, np.float64)


def overlaps(shapes: Sequence[BaseGeometry]) -> list[Piece]:
    """What two polygons both cover, the largest first."""
    plane = equal_area(shapes)
    # Only these can overlap; on the plane neighbours that fit may cross by a hair.
    torn = ~shapely.is_empty(shapely.coverage_invalid_edges(np.array(shapes, np.object_)))
    flat = shapely.make_valid(onto_plane(shapes, plane))
    one, other = shapely.STRtree(flat).query(flat, predicate="intersects")
    found = []
    for a, b in sorted(zip(one.tolist(), other.tolist(), strict=True)):
        both = _areal(flat[a].intersection(flat[b])) if a < b and torn[a] and torn[b] else None
        if both is not None:
            found.append(_piece(both, (a, b), plane))
    return sorted(found, key=lambda p: -p.km2)


def holes(shapes: Sequence[BaseGeometry]) -> list[Piece]:
    """What lies between polygons and belongs to none, closed in on all sides.

    Raises:
        InputError: If there are more than anybody drew: borders that cross all over.
    """
    own, plane = np.array(shapes, np.object_), equal_area(shapes)
    fits = shapely.coverage_is_valid(own)
    together = shapely.coverage_union_all(own) if fits else shapely.union_all(own)
    parts = shapely.get_parts(together)
    count = int(shapely.get_num_interior_rings(parts).sum())
    if count > _MOST_GAPS:
        said = f"the borders cross all over, with {count:,} gaps between them"
        raise InputError(Said(f"边界彼此反复相交，之间有 {count:,} 处空隙", said))
    rings = [shapely.Polygon(ring) for part in parts for ring in part.interiors]
    gaps = shapely.make_valid(np.array(rings, np.object_))
    # Of all that is covered only what stands in a gap like an island can take any of it away.
    inside: dict[int, list[BaseGeometry]] = {}
    for gap, island in shapely.STRtree(parts).query(gaps, predicate="contains").T.tolist():
        inside.setdefault(gap, []).append(parts[island])
    for gap, islands in inside.items():
        gaps[gap] = gaps[gap].difference(shapely.union_all(islands))
    flat = [gap for gap in map(_areal, shapely.make_valid(onto_plane(gaps, plane))) if gap]
    near = _near(flat, onto_plane(shapes, plane))
    found = [_piece(gap, between, plane) for gap, between in zip(flat, near, strict=True)]
    return sorted(found, key=lambda p: -p.km2)


def _near(gaps: Sequence[BaseGeometry], shapes: NDArray[np.object_]) -> list[tuple[int, ...]]:
    """Of each gap the polygons within a metre, by their indexes."""
    west, south, east, north = np.array(shapely.bounds(np.array(gaps, np.object_))).reshape(-1, 4).T
    boxes = shapely.box(west - 1, south - 1, east + 1, north + 1)
    gap, shape = shapely.STRtree(shapes).query(boxes)
    shapely.prepare(shapes)  # asked again and again, they are to know their own corners by place
    close = shapely.dwithin(shapes[shape], np.array(gaps, np.object_)[gap], 1.0)
    near: list[list[int]] = [[] for _ in gaps]
    for at, neighbour in sorted(zip(gap[close].tolist(), shape[close].tolist(), strict=True)):
        near[at].append(neighbour)
    return list(map(tuple, near))


def _areal(shape: BaseGeometry) -> BaseGeometry | None:
    parts = shapely.get_parts(shapely.get_parts(shape))
    parts = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    return shapely.multipolygons(parts) if shapely.area(parts).sum() > 0 else None


@cache
def _degrees(plane: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(plane, WGS84, always_xy=True)


def _piece(shape: BaseGeometry, between: tuple[int, ...], plane: str) -> Piece:
    point = shape.representative_point()
    if point.is_empty:  # of what is hardly wider than a number is exact
        point = shape.centroid
    lon, lat = _degrees(plane).transform(point.x, point.y)
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
