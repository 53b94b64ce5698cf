"""OpenStreetMap extracts on disk: ``.osm.pbf``, ``.osm``, ``.osm.bz2``, ``.osm.gz``.

Lengths are measured on the WGS84 ellipsoid (see `coverage.roads.build`), who
may use a road is judged by `coverage.roads.access`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from coverage.errors import InputError, MissingDependencyError, Problem
from coverage.roads.ways import Ways

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shapely import Geometry

    from coverage.roads.network import RoadNetwork

SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.bz2", ".osm.gz")
LICENCE = "ODbL 1.0"
ATTRIBUTION = "© OpenStreetMap contributors"


def read_osm(
    path: str | Path,
    *,
    modes: Iterable[str] = ("foot",),
    area: Geometry | None = None,
    crs: str | None = None,
) -> RoadNetwork:
    """Read the roads of an OpenStreetMap extract.

    One pass: osmium indexes the places of all points, and only ways with a
    ``highway`` tag come up into Python. The points of a file must stand
    before its ways, as they do in every published extract.

    Args:
        path: The file.
        modes: Keep what at least one of these may use.
        area: Polygon in lon, lat: keep the pieces of road that touch it.
        crs: Projected CRS in metres; by default the UTM zone of the middle.

    Raises:
        InputError: If the file is missing, empty, cut short or no such file,
            or if no road is left.
        MissingDependencyError: If osmium is not installed.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(Problem("the file does not exist", str(path)))
    if not path.stat().st_size:
        raise InputError(Problem("the file is empty", path.name))
    if not path.name.endswith(SUFFIXES):
        raise InputError(
            Problem(f"an OpenStreetMap extract ends in {', '.join(SUFFIXES)}", path.name)
        )
    try:
        import osmium  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(
            "reading OpenStreetMap extracts needs osmium: pip install 'facility-coverage[osm]'"
        ) from error
    ways = Ways(path.name, modes)
    try:
        _collect(path, ways)
    except RuntimeError as error:
        raise InputError(
            Problem(f"the file is damaged or no OpenStreetMap extract ({error})", path.name)
        ) from error
    origin = {"source": path.name, "licence": LICENCE, "attribution": ATTRIBUTION}
    return ways.network(area=area, crs=crs, origin=origin)


def _collect(path: Path, ways: Ways) -> None:
    from osmium import FileProcessor
    from osmium.filter import EntityFilter, KeyFilter
    from osmium.osm import WAY

    found: Any = FileProcessor(str(path)).with_locations()
    for way in found.with_filter(EntityFilter(WAY)).with_filter(KeyFilter("highway")):
        tags = {tag.k: tag.v for tag in way.tags}
        # x and y are whole numbers (1e-7 degrees) and need no test of validity.
        ways.add(way.id, tags, [(n.ref, n.x, n.y) for n in way.nodes])
