"""Service circles as tables: one row for every facility and limit.

`projected_circles` keeps the network's own metres, `circles` gives longitude
and latitude. Both say on every row how fine the lattice was that they were
drawn on, because no point inside is promised nearer than one cell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from coverage.circles.drawing import Plan, draw_dissolved, draw_each
from coverage.circles.lattice import checked_step
from coverage.circles.sharing import draw_split
from coverage.errors import InputError, Problem
from coverage.settings import WGS84

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    import geopandas as gpd

    from coverage.circles.drawing import Shapes
    from coverage.circles.lattice import LatticeIndex
    from coverage.circles.pieces import AccessRule, Segments, SegmentTimes

How = Literal["each", "split", "dissolve"]

# Lambert's cylindrical equal-area projection on the WGS84 ellipsoid.
_EQUAL_AREA = "EPSG:6933"


def circle_shapes(
    segments: Segments,
    facilities: Sequence[SegmentTimes],
    access: AccessRule,
    *,
    minutes: Sequence[float] = (5, 10, 15),
    step_m: float = 50.0,
    how: How = "each",
    index: LatticeIndex | None = None,
) -> Shapes:
    """Circles as bare shapely multi-polygons in the network's CRS.

    Args:
        segments: Straight pieces of road of the travel network.
        facilities: Each facility's seconds on them, reached at least up to
            the largest limit.
        access: How one gets to the road, and straight to the facility.
        minutes: Limits, inclusive.
        step_m: Side of a lattice cell in metres.
        how: ``each`` for circles that may overlap, ``split`` for each point
            to its nearest facility, ``dissolve`` for one area a limit.
        index: `LatticeIndex.build(segments, step_m, access.max_access_m)`,
            worth its while from some 50 facilities; without it the lattice is
            prepared around the facilities, in batches of bounded memory.

    Returns:
        (facilities, limits) multi-polygons, in the order given; (1, limits)
        if dissolved. Valid, with holes; empty where nothing is reached.

    Raises:
        InputError: If a limit or the step is not a positive number, `how` is
            unknown, times name segments that do not exist, or the index does
            not belong to this request.
    """
    limits_s = _limits(minutes)
    plan = Plan(segments, access, limits_s, checked_step(step_m))
    _check(plan, facilities, how, index)
    if how == "each":
        return draw_each(plan, facilities, index)
    if how == "split":
        return draw_split(plan, facilities, index)
    return draw_dissolved(plan, facilities, index)[None, :]


def projected_circles(
    segments: Segments,
    facilities: Sequence[SegmentTimes],
    access: AccessRule,
    *,
    names: Sequence[Hashable] | None = None,
    minutes: Sequence[float] = (5, 10, 15),
    step_m: float = 50.0,
    how: How = "each",
    index: LatticeIndex | None = None,
) -> gpd.GeoDataFrame:
    """Circles in the network's CRS, as a table.

    The arguments are those of `circle_shapes`, and `names` for the
    facilities (by default 0, 1, 2 …).

    Returns:
        Columns ``facility`` (None if dissolved), ``minutes``, ``step_m`` and
        ``geometry``, ordered by facility, then by limit as given.
    """
    import geopandas as gpd

    if names is not None and len(names) != len(facilities):
        raise InputError("there must be as many names as facilities")
    shapes = circle_shapes(
        segments, facilities, access, minutes=minutes, step_m=step_m, how=how, index=index
    )
    labels: list[Any] = list(range(len(facilities)) if names is None else names)
    if how == "dissolve":
        labels = [None]
    columns = {
        "facility": [label for label in labels for _ in minutes],
        "minutes": list(minutes) * len(labels),
        "step_m": float(step_m),
    }
    return gpd.GeoDataFrame(columns, geometry=shapes.ravel(), crs=segments.crs)


def circles(
    segments: Segments,
    facilities: Sequence[SegmentTimes],
    access: AccessRule,
    *,
    names: Sequence[Hashable] | None = None,
    minutes: Sequence[float] = (5, 10, 15),
    step_m: float = 50.0,
    how: How = "each",
    index: LatticeIndex | None = None,
) -> gpd.GeoDataFrame:
    """Circles in longitude and latitude (EPSG:4326), as a table.

    The arguments are those of `projected_circles`.

    Returns:
        As `projected_circles`, and ``area_km2`` measured on an equal-area
        projection.
    """
    projected = projected_circles(
        segments,
        facilities,
        access,
        names=names,
        minutes=minutes,
        step_m=step_m,
        how=how,
        index=index,
    )
    return in_degrees(projected)


def in_degrees(projected: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """`projected_circles` in EPSG:4326, with ``area_km2``."""
    frame = projected.to_crs(WGS84)
    area_m2 = frame.geometry.to_crs(_EQUAL_AREA).area.to_numpy()
    frame.insert(2, "area_km2", area_m2 / 1e6)
    return frame


def _limits(minutes: Sequence[float]) -> tuple[float, ...]:
    problems = [
        Problem("a limit must be more than 0 minutes", value=str(one))
        for one in minutes
        if not (np.isfinite(one) and one > 0)
    ]
    if not len(minutes):
        problems.append(Problem("there must be at least one limit in minutes"))
    if problems:
        raise InputError(problems)
    return tuple(60.0 * one for one in minutes)


def _check(
    plan: Plan, facilities: Sequence[SegmentTimes], how: str, index: LatticeIndex | None
) -> None:
    problems = []
    if how not in {"each", "split", "dissolve"}:
        problems.append(Problem("circles are drawn each, split or dissolve", value=str(how)))
    if not facilities and how == "dissolve":
        problems.append(Problem("there is no facility to draw a circle around"))
    if index is not None and (
        index.frame.step_m != plan.step_m
        or index.max_access_m != plan.access.max_access_m
        or not np.array_equal(index.length_m, plan.segments.length_m)
    ):
        reason = "the prepared lattice is for another step, access distance or road network"
        problems.append(Problem(reason))
    if problems:
        raise InputError(problems)
    for times in facilities:
        times.check_against(plan.segments)
