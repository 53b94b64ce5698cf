"""Which demand a city has: the user's own file, or the model where there is none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from coverage.errors import InputError, Problem

if TYPE_CHECKING:
    from coverage.city import City
    from coverage.demand.people import Demand
    from coverage.workspace import Role

RASTERS = (".tif", ".tiff")
POINTS = (".csv", ".geojson", ".json", ".gpkg")


def demand_of(
    city: City, source: str | Path | None = None, *, skip_bad: bool = False
) -> tuple[Demand, list[Problem]]:
    """People of a city from a file, or from the cached model if there is none.

    Args:
        city: The city.
        source: A GeoTIFF of people per cell (.tif, .tiff), or a list of places with people
            (.csv, .geojson, .json, .gpkg). `None` takes the model of the township figures.
        skip_bad: Leave bad rows of a list out instead of refusing the list.

    Returns:
        The demand, and the rows left out.

    Raises:
        InputError: If the file cannot be used, or is of another kind.
        MissingDependencyError: If a raster is given and the extra ``raster`` is not installed.
    """
    if source is None:
        from coverage.demand.store import cached_from_townships

        return cached_from_townships(city), []
    path = Path(source)
    suffix = path.suffix.lower()
    if suffix in RASTERS:
        from coverage.demand.raster import from_raster

        return from_raster(path, city), []
    if suffix in POINTS:
        from coverage.demand.points import from_points

        return from_points(path, city, skip_bad=skip_bad)
    known = ", ".join(RASTERS + POINTS)
    reason = f"people are read from {known}, and this file is none of them"
    raise InputError(Problem(reason, path.name))


def model_files(city: City) -> tuple[Path, ...]:
    """Every file that the model of a city is made from."""
    roles: tuple[Role, ...] = ("population", "units", "villages", "counties", "townships")
    found = [city.find(role) if role == "villages" else city.file(role) for role in roles]
    return tuple(path for path in found if path is not None)
