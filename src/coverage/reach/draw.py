"""Circles of a city's facilities as a table, and as a file that others open."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from coverage.atomic import replacing
from coverage.circles.polygons import How, service_circles
from coverage.errors import InputError
from coverage.messages import Said
from coverage.outputs import LAYERS, check_ending
from coverage.reach.people import off_road_of
from coverage.settings import WGS84
from coverage.travel.times import node_times

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import geopandas as gpd

    from coverage.arrays import Floats, Ints, Objects
    from coverage.reach.service import ServiceTimes

# Lambert's cylindrical equal-area projection on the WGS84 ellipsoid.
_EQUAL_AREA = "EPSG:6933"
# Facilities whose circles are drawn together, of a strip so wide.
_TOGETHER = 100
_STRIP_M = 20_000.0


def draw(
    times: ServiceTimes, *, how: str = "each", step_m: float | None = None
) -> gpd.GeoDataFrame:
    """Service circles in EPSG:4326.

    Args:
        times: Travel times; their facilities and limits are drawn.
        how: ``each``, ``split`` or ``dissolve``.
        step_m: Cell of the lattice; the profile's own by default.

    Returns:
        Columns ``facility_id``, ``name``, ``kind``, ``provenance`` (empty if
        dissolved), ``limit`` (minutes, or metres for a limit in metres),
        ``step_m``, ``straight_estimate``, ``area_km2``, ``geometry``.

    Raises:
        InputError: If the step is not above 0.

    Example:
        >>> import coverage as cov
        >>> circles = cov.draw(cov.travel_time(cov.City.load("珠山"), minutes=15))
        >>> circles.crs.to_string(), len(circles)
        ('EPSG:4326', 1)
    """
    import geopandas as gpd

    step = times.profile.resolution_m if step_m is None else step_m
    shapes = shapes_of(times, how=how, step_m=step)
    rows = _rows(times, step, dissolved=how == "dissolve")
    frame = gpd.GeoDataFrame(rows, geometry=shapes.ravel(), crs=times.network.crs)
    frame = frame[~frame.geometry.is_empty].reset_index(drop=True)
    return in_degrees(frame)


def in_degrees(projected: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """A table of circles in EPSG:4326, with ``area_km2`` measured on an equal-area projection."""
    frame = projected.to_crs(WGS84)
    area_m2 = frame.geometry.to_crs(_EQUAL_AREA).area.to_numpy()
    frame.insert(2, "area_km2", area_m2 / 1e6)
    return frame


def shapes_of(times: ServiceTimes, *, how: str, step_m: float) -> Objects:
    """Circles on the plane of the network: a row a facility (one if dissolved), a column a limit.

    Raises:
        InputError: If the step is not above 0.
    """
    network, sites = times.network, times.sites
    if not (math.isfinite(step_m) and step_m > 0):
        raise InputError(
            Said(
                f"格网须为大于 0 的米数，不能是 {step_m!r}",
                f"the resolution must be a number of metres above 0, not {step_m!r}",
            )
        )

    def drawn(rows: Ints) -> Objects:
        found = node_times(network, sites.xy[rows], max(times.limits_s))
        reached = sorted(found, key=lambda one: one.facility)
        # The one place where shapes are made for files and maps, which show no finer than this.
        return service_circles(
            network, reached, times.limits_s, step_m=step_m, how=cast("How", how), plain=True
        )

    if how != "each":
        return drawn(np.arange(len(sites.xy)))
    shapes = np.empty((len(sites.xy), len(times.limits_s)), dtype=np.object_)
    for rows in _watched(_neighbours(sites.xy)):
        shapes[rows] = drawn(rows)
    return shapes


def _neighbours(xy: Floats) -> list[Ints]:
    """Rows of facilities in groups of neighbours, whose circles are held together."""
    order = np.lexsort((xy[:, 1], xy[:, 0] // _STRIP_M))
    return [order[first : first + _TOGETHER] for first in range(0, len(order), _TOGETHER)]


def _rows(times: ServiceTimes, step: float, *, dissolved: bool) -> list[dict[str, Any]]:
    metres = times.profile.measure == "distance"
    off_road = off_road_of(times)
    limits = [limit if metres else limit / 60 for limit in times.limits_s]
    shared = {
        "limit_unit": "m" if metres else "min",
        "profile": times.profile.name,
        "roads": times.roads,
        "step_m": step,
        "straight_estimate": off_road is not None and off_road.straight_estimate,
    }
    if dissolved:
        return [{"facility_id": "", "limit": limit, **shared} for limit in limits]
    return [
        {
            "facility_id": f.id,
            "name": f.name,
            "kind": f.kind,
            "provenance": f.provenance,
            "at_seat": not f.placed,
            "limit": limit,
            **shared,
        }
        for f in times.sites.facilities
        for limit in limits
    ]


def _watched(groups: Sequence[Ints]) -> Iterator[Ints]:
    """Show a progress bar on a terminal while many circles are drawn."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal or len(groups) < 2:
        yield from groups
        return
    from rich.progress import track

    yield from track(groups, "服务圈 circles", console=console, transient=True)


def write(frame: gpd.GeoDataFrame, path: Path) -> int:
    """Write circles to a GeoPackage or GeoJSON file, all at once, and say how many.

    Raises:
        InputError: If the suffix is not known or the file cannot be written.
    """
    check_ending(path, LAYERS)
    driver = LAYERS[path.suffix.lower()]
    with replacing(path) as half:
        frame.to_file(half, driver=driver, engine="pyogrio", layer=path.stem)
    return len(frame)
