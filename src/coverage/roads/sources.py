"""One door to all road networks: a file, a city, a graph; read once and kept in a cache.

The roads that ship are coarse: main roads only, nodes rounded, no road classes,
no speeds, no one-way streets. Good enough to try the toolkit with; for a
decision, load an extract of OpenStreetMap.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coverage.atomic import file_digest
from coverage.errors import InputError, Problem, UnknownNameError
from coverage.messages import Said
from coverage.roads.clean import clean
from coverage.roads.edit import reprojected
from coverage.roads.gaps import count
from coverage.roads.network import MAIN_ROAD, MODES, CleaningReport, RoadNetwork
from coverage.roads.store import ENDING, cached, put, read
from coverage.settings import data_dir

if TYPE_CHECKING:
    from collections.abc import Iterable

    import networkx as nx
    from shapely.geometry.base import BaseGeometry

    # A network, a networkx or osmnx graph, a file, or a shipped city's code or name.
    RoadSource = RoadNetwork | nx.Graph[Any] | str | Path

_OSM = (".pbf", ".osm", ".osm.bz2", ".osm.gz")
_LINES = (".gpkg", ".parquet", ".geoparquet", ".pq", ".shp", ".geojson", ".fgb")
_KNOWN = (*_OSM, ".graphml", ".csv", *_LINES, ENDING)


def load(
    source: RoadSource,
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
            (by default its class decides); of a network kept as arrays
            (``.npz``), which says it of every edge, none can be given.
        area: Polygon in lon, lat; for extracts of OpenStreetMap only.
        crs: Projected CRS in metres; by default the UTM zone of the middle.
        cache: Keep the built network of a file and read it back next time.

    Raises:
        InputError: If the source cannot be used, with every reason.

    Example:
        >>> import networkx as nx
        >>> import coverage as cov
        >>> streets = nx.MultiDiGraph(crs="EPSG:4326")
        >>> streets.add_node(1, x=113.00, y=23.00)
        >>> streets.add_node(2, x=113.01, y=23.00)
        >>> _ = streets.add_edge(1, 2, highway="residential")
        >>> cov.network(streets).node_count
        2
    """
    if isinstance(source, RoadNetwork):
        return source
    modes = None if modes is None else tuple(modes)
    if not isinstance(source, (str, Path)):
        return clean(_from_graph(source, modes, crs, CleaningReport()))[0]
    path, edges = _files(source, edges)

    def build() -> RoadNetwork:
        return clean(_read(path, edges, modes, area, None))[0]

    # The network is kept on its own plane: one entry, whoever asks.
    if path.suffix == ENDING and modes is None and area is None:
        network = read(path)
    elif cache:
        network = cached(_key(path, edges, modes, area), build)
    else:
        network = build()
    return network if crs is None else reprojected(network, crs)


def keep(network: RoadNetwork, path: Path) -> None:
    """Put a file's network, just read and cleaned, where `load` looks for it."""
    put(_key(path, None, None, None), network)


def _key(
    path: Path, edges: Path | None, modes: tuple[str, ...] | None, area: BaseGeometry | None
) -> dict[str, Any]:
    """All that the network of a file depends on."""
    return {
        "file": file_digest(path),
        "name": path.name,
        "edges": file_digest(edges) if edges else None,
        "modes": modes,
        "area": area.wkb_hex if area is not None else None,
        "ships": _ships(path),
    }


def file_parts(source: RoadSource) -> dict[str, Any] | None:
    """All that the network of a file depends on, `None` where the source is no file.

    Raises:
        InputError: If there is no such file.
    """
    if not isinstance(source, str | Path):
        return None
    path, edges = _files(source, None)
    return _key(path, edges, None, None)


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
    source: RoadSource,
    *,
    edges: str | Path | None = None,
    modes: Iterable[str] | None = None,
    area: BaseGeometry | None = None,
    crs: str | None = None,
    snap_m: float = 0.0,
) -> Checked:
    """A cleaned network and what is wrong with its source, which is not refused for bad rows.

    Arguments as in `load` and `coverage.roads.clean.clean`; nothing is cached. Gaps are counted.

    Raises:
        InputError: If the source cannot be read at all.
    """
    report, bad = CleaningReport(), list[Problem]()
    modes = None if modes is None else tuple(modes)
    if isinstance(source, RoadNetwork):
        network = source
    elif isinstance(source, (str, Path)):
        network = _read(*_files(source, edges), modes, area, crs, report, bad)
    else:
        network = _from_graph(source, modes, crs, report)
    pieces = len(set(network.edge_id.tolist()))
    cleaned, report = clean(network, snap_m=snap_m, report=report)
    count(cleaned, report)
    return Checked(cleaned, report, pieces, tuple(bad))


def check(source: RoadSource, **options: Any) -> CleaningReport:
    """What is wrong with a source; arguments and errors as in `load_checked`."""
    return load_checked(source, **options).report


def shipped_files(city_code: str) -> tuple[Path, Path]:
    """The tables of nodes and edges of a city.

    Raises:
        UnknownNameError: If no roads ship for the city.
    """
    folder = data_dir() / "roads"
    nodes, edges = folder / f"{city_code}-nodes.csv", folder / f"{city_code}-edges.csv"
    if not (nodes.is_file() and edges.is_file()):
        codes = sorted(path.name[:-10] for path in folder.glob("*-nodes.csv"))
        known = ", ".join(codes) or "none"
        raise UnknownNameError(
            Said(
                f"没有 {city_code} 的随附路网，有路网的：{known}",
                f"no roads ship for city {city_code!r}; there are roads for {known}",
            )
        )
    return nodes, edges


def _files(source: str | Path, edges: str | Path | None) -> tuple[Path, Path | None]:
    """The file or files meant: a path, or the shipped tables of a city."""
    path = Path(source)
    if path.suffix or path.exists():
        if path.suffix == ".csv" and edges is None:
            said = Said("节点表还须有路段表 --edges", "a table of nodes needs its table of edges")
            raise InputError(Problem(said, path.name))
        if not path.name.endswith(_KNOWN):
            said = Said(
                f"路网文件须以 {'、'.join(_KNOWN)} 结尾",
                f"roads are read from files ending in {', '.join(_KNOWN)}",
            )
            raise InputError(Problem(said, path.name))
        return path, None if edges is None else Path(edges)
    from coverage.units import find_city

    return shipped_files(find_city(str(source)).code)


def _ships(path: Path) -> bool:
    try:
        return path.parent == data_dir() / "roads"
    except FileNotFoundError:
        return False


def _from_graph(
    graph: Any, modes: Iterable[str] | None, crs: str | None, report: CleaningReport
) -> RoadNetwork:
    from coverage.roads.convert import from_networkx

    if not hasattr(graph, "edges") or not hasattr(graph, "graph"):
        kind = type(graph).__name__
        raise InputError(Said(f"{kind} 不能作路网", f"a {kind} is no source of roads"))
    return from_networkx(graph, modes=modes, crs=crs, report=report)


def _read(
    path: Path,
    edges: Path | None,
    modes: tuple[str, ...] | None,
    area: BaseGeometry | None,
    crs: str | None,
    report: CleaningReport | None = None,
    bad: list[Problem] | None = None,
) -> RoadNetwork:
    """Read a file by its suffix; with a report, bad rows are noted there (and in `bad`)."""
    if path.name.endswith(_OSM):
        from coverage.roads.osm import read_osm

        return read_osm(path, modes=modes or tuple(MODES), area=area, crs=crs)
    if area is not None:
        said = Said(
            "只有 OpenStreetMap 数据可以按范围截取", "an area can only be cut out of an OSM extract"
        )
        raise InputError(Problem(said, path.name))
    if path.suffix == ENDING:
        if modes is not None:
            said = Said(
                "这是存好的路网，谁能走哪条路已经写定，不能再指定出行方式；请改用原来的路网文件",
                "a network kept by this tool says who may use each street: give modes with the "
                "file that it was made of instead",
            )
            raise InputError(Problem(said, path.name))
        return read(path)
    if path.suffix == ".graphml":
        from coverage.roads.convert import read_graphml

        return read_graphml(path, modes=modes, crs=crs, report=report)
    from coverage.roads.tables import read_tables

    ships = _ships(path)
    network, problems = read_tables(
        path,
        edges,
        modes=tuple(MODES) if ships and modes is None else modes,
        highway=MAIN_ROAD if ships else "road",
        crs=crs,
        skip_bad=report is not None,
    )
    if report is not None:
        words = (Said(one.to("zh"), one.to("en")) for one in problems)
        report.add("bad_row", "dropped", words)
    if bad is not None:
        bad += problems
    if ships:
        network = replace(network, origin={**network.origin, "shipped": path.name[:6]})
    return network
