"""Which demand a city has: the user's own file, or the model where there is none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from coverage.atomic import file_digest
from coverage.demand.demand import CACHE, Demand, model_files
from coverage.errors import InputError, Problem
from coverage.frames import table_of
from coverage.messages import Said
from coverage.roads.sources import file_parts, load

if TYPE_CHECKING:
    import pandas as pd

    from coverage.city import City
    from coverage.roads.sources import RoadSource

    # Points or a raster of people: in memory, in a frame, or in a file.
    PeopleSource = Demand | pd.DataFrame | str | Path

RASTERS = (".tif", ".tiff")
POINTS = (".csv", ".geojson", ".json", ".gpkg")


def demand_of(
    city: City,
    source: PeopleSource | None = None,
    *,
    skip_bad: bool = False,
    roads: RoadSource | None = None,
) -> tuple[Demand, list[Problem]]:
    """People of a city from a file, or from the cached model if there is none.

    Args:
        city: The city.
        source: A GeoTIFF of people per cell (.tif, .tiff), or a list of places with people
            (.csv, .geojson, .json, .gpkg, a frame with ``lon``, ``lat`` or points, and
            ``people``), or a demand. `None` takes the model of the township figures.
        skip_bad: Leave bad rows of a list out instead of refusing the list.
        roads: Streets and roads that the model lets people live along, if any.

    Returns:
        The demand, and the rows left out.

    Raises:
        InputError: If the file cannot be used, or is of another kind.
    """
    if source is None:
        return cached_from_townships(city, roads=roads), []
    if isinstance(source, Demand):
        return source, []
    if not isinstance(source, str | Path):
        from coverage.demand.points import from_points

        return from_points(table_of(source, "people"), city, skip_bad=skip_bad)
    path = Path(source)
    suffix = path.suffix.lower()
    if suffix in RASTERS:
        from coverage.demand.raster import from_raster

        return from_raster(path, city), []
    if suffix in POINTS:
        from coverage.demand.points import from_points

        return from_points(path, city, skip_bad=skip_bad)
    known = ", ".join(RASTERS + POINTS)
    said = Said(
        f"人口文件须为 {known}", f"people are read from {known}, and this file is none of them"
    )
    raise InputError(Problem(said, path.name))


def cached_from_townships(
    city: City,
    *,
    step_m: float = 500.0,
    folder: Path | None = None,
    roads: RoadSource | None = None,
) -> Demand:
    """`model.from_townships`, from the cache where it is there.

    Args:
        city: The city.
        step_m: Distance of points that lie evenly over a cell, metres.
        folder: Where the cache lies, by default below the user's own.
        roads: Streets and roads that people may live along.

    Raises:
        InputError: As `model.from_townships`.
    """

    def make() -> Demand:
        from coverage.demand.model import from_townships

        network = None if roads is None else load(roads)
        return from_townships(city, step_m=step_m, network=network)

    network_of = {} if roads is None else file_parts(roads)
    if city.held is not None or network_of is None:  # what is in memory has no file to know it by
        return make()
    parts = {
        "city": (city.code, city.name),
        "files": [file_digest(path) for path in model_files(city)],
        "step": step_m,
        "roads": network_of,
    }
    return CACHE.get(parts, make, folder=folder)
