"""A city's outlines, seats and roads in degrees, as maps draw them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from coverage.datum import unproject, utm_crs
from coverage.maps.view import Area
from coverage.messages import Said
from coverage.reach.sites import own_obstacles
from coverage.units import TOWNSHIP_CATEGORIES

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from coverage.city import City
    from coverage.roads.network import RoadNetwork
    from coverage.workspace import Role

# Official outlines can have a hundred times the corners that a page of 5 MB can hold.
_MOST_CORNERS = 60_000
UNCROSSED = Said("水面、铁路等（路外不穿越）", "water, railways: not crossed off the road")
_SHORE_M, _POND_M = 5.0, 300.0  # how finely water is drawn, and the least shore that is
_COARSER_DEGREES = 0.0003  # some 30 m


def read_areas(city: City) -> tuple[tuple[Area, ...], tuple[Area, ...]]:
    """Counties and townships of a city with an outline.

    Raises:
        InputError: If a boundary file is missing or no GeoJSON of polygons.
    """
    return _areas(city, "counties"), _areas(city, "townships")


def _areas(city: City, level: Role) -> tuple[Area, ...]:
    found = city.boundaries(level)
    outlines = found.shapes
    if shapely.get_num_coordinates(outlines).sum() > _MOST_CORNERS:
        outlines = shapely.simplify(outlines, _COARSER_DEGREES)
    return tuple(
        _area(city, code, outline, approximate=approximate)
        for code, outline, approximate in zip(found.codes, outlines, found.approximate, strict=True)
    )


def _area(city: City, code: str, outline: BaseGeometry, *, approximate: bool) -> Area:
    unit, county = city.units.get(code), city.units.county_of(code)
    level = unit.level if unit else "county" if len(code) == 6 else "township"
    middle = outline.representative_point()
    seat = (middle.x, middle.y)
    if level == "township" and unit and unit.lon is not None and unit.lat is not None:
        seat = (unit.lon, unit.lat)
    statistical = level == "township" and unit and unit.category not in TOWNSHIP_CATEGORIES
    return Area(
        code=code,
        name=city.units.name(code) if unit else city.name,
        county=county.name if county and level == "township" else "",
        outline=outline,
        seat=seat,
        approximate=approximate,
        kind="statistical" if statistical else level,
    )


def plane_of(areas: tuple[Area, ...]) -> str:
    """The UTM zone that the middle of the areas lies in."""
    west, south, east, north = shapely.total_bounds([area.outline for area in areas])
    return utm_crs((west + east) / 2, (south + north) / 2)


def road_lines(network: RoadNetwork, *, most: int = 40_000) -> tuple[NDArray[np.float64], ...]:
    """The streets of a network once each, as (n, 2) lon, lat.

    Args:
        network: The roads.
        most: Where there are more pieces than this, only those of the larger
            classes are drawn: a city's every alley is grey mud on a map.
    """
    first = _streets(network)
    if len(first) > most:
        first = _larger(network, first, most)
    start, x, y = network.lines()
    lon, lat = unproject(x, y, network.crs)
    points = np.column_stack([lon, lat])
    return tuple(points[start[n] : start[n + 1]] for n in first)


def _streets(network: RoadNetwork) -> NDArray[np.int64]:
    """One edge of every street; lines across squares are none."""
    return np.flatnonzero(network.one_way_each & ~network.across)


def road_name(network: RoadNetwork, drawn: int) -> Said:
    """What so many of a network's streets are called in a legend."""
    if "shipped" in network.origin or drawn < len(_streets(network)):
        return Said("主要道路", "main roads")
    return Said("街道", "streets")


def uncrossed_lines(network: RoadNetwork, city: City) -> tuple[NDArray[np.float64], ...]:
    """Water, railways and the workspace's own obstacles, as (n, 2) lon, lat; ponds left out."""
    own = [one.area for one in own_obstacles(city, network.crs)]
    shapes = np.array([*network.obstacle_lines(), *own], dtype=np.object_)
    areas = shapely.get_dimensions(shapes) == 2
    shapes[areas] = shapely.boundary(shapes[areas])
    lines = shapely.get_parts(shapely.simplify(shapes, _SHORE_M))
    found = [shapely.get_coordinates(one) for one in lines[shapely.length(lines) > _POND_M]]
    return tuple(np.column_stack(unproject(xy[:, 0], xy[:, 1], network.crs)) for xy in found)


_CLASSES = ("motorway", "trunk", "primary", "main_road", "secondary", "tertiary")


def _larger(network: RoadNetwork, pieces: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    names = [name.removesuffix("_link") for name in network.highway_names]
    rank = np.array([_CLASSES.index(n) if n in _CLASSES else len(_CLASSES) for n in names])
    order = rank[network.highway[pieces]]
    for last in range(len(_CLASSES), 0, -1):
        kept = pieces[order < last]
        if len(kept) <= most:
            return np.asarray(kept, np.int64)
    return np.asarray(pieces[order == 0], np.int64)
