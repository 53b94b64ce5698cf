"""County and township polygons of a city on its plane, and how far each can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import shapely

from coverage.datum import utm_crs
from coverage.demand.townships import onto, qualities, read_polygons
from coverage.settings import WGS84

if TYPE_CHECKING:
    from typing import Literal

    from numpy.typing import NDArray

    from coverage.city import City


@dataclass(frozen=True, eq=False)
class Outlines:
    """Polygons of one level.

    Attributes:
        codes: (n,) codes by order.
        shapes: (n,) polygons in metres.
        published: (n,) whether a polygon is a boundary that somebody publishes; the others
            are approximate cells around the seats.
    """

    codes: tuple[str, ...]
    shapes: NDArray[np.object_]
    published: NDArray[np.bool_]

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
    path = city.find(level)
    if path is None:
        return None
    codes, shapes = read_polygons(path)
    quality = qualities(path)
    known = [n for n, code in enumerate(codes) if code in city.units or code == city.code]
    order = sorted(known, key=codes.__getitem__)
    if not order:
        return None
    return Outlines(
        tuple(codes[n] for n in order),
        onto(shapes[order], WGS84, crs, densify=False),
        np.array([quality[codes[n]] != "approximate" for n in order]),
    )


def plane(city: City) -> str | None:
    """The city's UTM zone by its seats, `None` if no seat is known."""
    seats = [(u.lon, u.lat) for u in city.units.township_rows if u.lon is not None]
    if not seats:
        return None
    lon, lat = np.array(seats, dtype=np.float64).T
    return utm_crs(float(lon.mean()), float(lat.mean()))
