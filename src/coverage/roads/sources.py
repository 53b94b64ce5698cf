"""One door to all road networks: a file, a city, a graph."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coverage.archives import file_digest
from coverage.errors import InputError, Problem
from coverage.roads.clean import clean
from coverage.roads.network import MODES, RoadNetwork
from coverage.roads.report import CleaningReport
from coverage.roads.store import cached

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shapely.geometry.base import BaseGeometry

_OSM = (".pbf", ".osm", ".osm.bz2", ".osm.gz")
_LINES = (".gpkg", ".parquet", ".geoparquet", ".pq", ".shp", ".geojson", ".fgb")
_KNOWN = (*_OSM, ".graphml", ".csv", *_LINES)


def load(
    source: Any,
    *,
    edges: str | Path | None = None,
    modes: Iterable[str] | None = None,
    area: BaseGeometry | None = None,
    crs: str | None = None,
    cache: bool = True,
) -> RoadNetwork:
    """A cleaned network from whatever describes one.

    Args:
        source: A file (``.osm.pbf``, ``.osm``, ``.graphml``, ``.gpkg``,
            ``.parquet``, or ``.csv`` of nodes with `edges`), a city's code or
            name for the roads that ship, a networkx graph, or a network.
        edges: The table of edges beside a CSV of nodes.
        modes: From an extract, keep what at least one of these may use (by
            default any of them); of other sources, who may use every edge
            (by default its class decides).
        area: Polygon in lon, lat; for extracts of OpenStreetMap only.
        crs: Projected CRS in metres; by default the UTM zone of the middle.
        cache: Keep the built network of a file and read it back next time.

    Raises:
        InputError: If the source cannot be used, with every reason.
    """
    if isinstance(source, RoadNetwork):
        return source
    options = {
        "modes": None if modes is None else tuple(modes),
        "area": area,
        "crs": crs,
        "edges": edges,
    }
    if not isinstance(source, (str, Path)):
        return clean(_from_graph(source, options, CleaningReport()))[0]
    path, edges = _files(source, edges)
    options["edges"] = edges
    if area is not None and not path.name.endswith(_OSM):
        raise InputError(Problem("an area can only be cut out of an OSM extract", path.name))
    if not cache:
        return clean(_read(path, options, None))[0]
    key = {
        "file": file_digest(path),
        "name": path.name,
        "edges": file_digest(edges) if edges else None,
        "modes": options["modes"],
        "area": area.wkb_hex if area is not None else None,
        "crs": crs,
        "ships": _ships(path),
    }
    return cached(key, lambda: clean(_read(path, options, None))[0])


@dataclass(frozen=True)
class Checked:
    """A network and what was wrong with its source.

    Attributes:
        network: Cleaned, without what could not be used.
        report: What reading and cleaning found.
        pieces: Pieces of street that were read and could be used, before cleaning.
        bad: What is wrong with each row that was left out.
    """

    network: RoadNetwork
    report: CleaningReport
    pieces: int
    bad: tuple[Problem, ...]


def load_checked(
    source: Any,
    *,
    edges: str | Path | None = None,
    modes: Iterable[str] | None = None,
    area: BaseGeometry | None = None,
    crs: str | None = None,
) -> Checked:
    """A cleaned network and what is wrong with its source, which is not refused for bad rows.

    Arguments as in `load`; nothing is cached.

    Raises:
        InputError: If the source cannot be read at all.
    """
    report = CleaningReport()
    options = {
        "modes": None if modes is None else tuple(modes),
        "area": area,
        "crs": crs,
        "edges": edges,
    }
    bad: list[Problem] = []
    if isinstance(source, RoadNetwork):
        network = source
    elif isinstance(source, (str, Path)):
        path, options["edges"] = _files(source, edges)
        network = _read(path, options, report, bad)
    else:
        network = _from_graph(source, options, report)
    pieces = len(set(network.edge_id.tolist()))
    return Checked(*clean(network, report=report), pieces, tuple(bad))


def check(source: Any, **options: Any) -> CleaningReport:
    """What is wrong with a source; arguments and errors as in `load_checked`."""
    return load_checked(source, **options).report


def _files(source: str | Path, edges: str | Path | None) -> tuple[Path, Path | None]:
    """The file or files meant: a path, or the shipped tables of a city."""
    path = Path(source)
    if path.suffix or path.exists():
        if path.suffix == ".csv" and edges is None:
            raise InputError(Problem("a table of nodes needs its table of edges", path.name))
        if not path.name.endswith(_KNOWN):
            raise InputError(
                Problem(f"roads are read from files ending in {', '.join(_KNOWN)}", path.name)
            )
        if not path.is_file():
            raise InputError(Problem("the file does not exist", str(path)))
        return path, None if edges is None else Path(edges)
    from coverage.roads.shipped import shipped_files
    from coverage.units import find_city

    return shipped_files(find_city(str(source)).code)


def _ships(path: Path) -> bool:
    from coverage.settings import data_dir

    try:
        return path.parent == data_dir() / "roads"
    except FileNotFoundError:
        return False


def _from_graph(graph: Any, options: dict[str, Any], report: CleaningReport) -> RoadNetwork:
    from coverage.roads.convert import from_networkx

    if not hasattr(graph, "edges") or not hasattr(graph, "graph"):
        raise InputError(f"a {type(graph).__name__} is no source of roads")
    return from_networkx(graph, modes=options["modes"], crs=options["crs"], report=report)


def _read(
    path: Path,
    options: dict[str, Any],
    report: CleaningReport | None,
    bad: list[Problem] | None = None,
) -> RoadNetwork:
    """Read a file by its suffix; with a report, bad rows are noted there (and in `bad`)."""
    modes, crs = options["modes"], options["crs"]
    if path.name.endswith(_OSM):
        from coverage.roads.osmfile import read_osm

        return read_osm(path, modes=modes or tuple(MODES), area=options["area"], crs=crs)
    if path.suffix == ".graphml":
        from coverage.roads.convert import read_graphml

        return read_graphml(path, modes=modes, crs=crs, report=report)
    from coverage.roads.shipped import HIGHWAY
    from coverage.roads.tables import read_tables

    ships = _ships(path)
    network, problems = read_tables(
        path,
        options["edges"],
        modes=tuple(MODES) if ships and modes is None else modes,
        highway=HIGHWAY if ships else "road",
        crs=crs,
        skip_bad=report is not None,
    )
    if report is not None:
        report.add("bad_row", "dropped", map(str, problems))
    if bad is not None:
        bad += problems
    if ships:
        network = replace(network, origin={**network.origin, "shipped": path.name[:6]})
    return network


def graphml_text(network: RoadNetwork) -> str:
    """A network as GraphML, which osmnx and `load` read."""
    import networkx as nx

    from coverage.roads.convert import to_networkx

    graph = to_networkx(network)
    for _, _, attributes in graph.edges(data=True):
        for key, value in attributes.items():
            if not isinstance(value, (str, int, float)):
                attributes[key] = getattr(value, "wkt", None) or str(value)
            elif isinstance(value, bool):
                attributes[key] = str(value)
    return "\n".join(nx.generate_graphml(graph)) + "\n"


def write_graphml(network: RoadNetwork, path: Path) -> None:
    """Write a network as GraphML; all at once or not at all.

    Raises:
        InputError: If the file cannot be written.
    """
    from coverage.tables import write_text

    try:
        write_text(path, graphml_text(network))
    except OSError as error:
        reason = f"the file cannot be written ({error.strerror or type(error).__name__})"
        raise InputError(Problem(reason, str(path))) from error
