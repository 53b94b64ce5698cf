"""Road networks as networkx graphs with osmnx's attributes, and back.

GraphML files as osmnx writes them are read with networkx alone; osmnx, which
takes seconds to import, is not needed.
"""

from __future__ import annotations

import ast
import io
from collections import defaultdict
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.arrays import Floats, Ints, starts
from coverage.atomic import write_text
from coverage.datum import known_crs, unproject
from coverage.errors import InputError, Problem
from coverage.formats.safety import check_xml, read_bytes
from coverage.messages import Said
from coverage.roads.access import level_of, speed_kmh, use_of
from coverage.roads.build import Turn, build
from coverage.roads.network import (
    ALL_MODES,
    FLAGS,
    FOOT,
    OBSTACLES,
    CleaningReport,
    RoadNetwork,
    mode_flags,
    whole_numbers,
)
from coverage.roads.ways import EDGE_NUMBERS, PIECES_PER_WAY
from coverage.settings import WGS84

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import networkx as nx


_YES = {"true", "yes", "1", "-1", "reverse"}
_SAME_LENGTH_M = 0.01


def to_networkx(network: RoadNetwork, *, mode: str | None = None) -> nx.MultiDiGraph[int]:
    """The network as osmnx would hold it.

    Nodes carry ``x`` and ``y`` (lon, lat); edges ``osmid``, ``highway``,
    ``length`` (m), ``maxspeed`` (text, where posted), ``oneway``,
    ``reversed`` and, where bent, ``geometry`` (lon, lat). Others are ours,
    ``edge_id``, ``modes`` and ``ends_only`` (names joined by blanks),
    ``level``, ``no_turn`` (``edge_id:modes`` of what cannot be taken next),
    ``blocked`` of nodes, and of the graph ``obstacle_water`` and the like (WKT
    in lon, lat): with them, `from_networkx` gives the same network again.

    Args:
        network: The network.
        mode: Keep only the edges this mode may use; by default all, also
            the ways back along one-way streets that only feet may use.
    """
    import networkx as nx
    from shapely import LineString

    if mode is not None:
        network = network.select((network.modes & mode_flags([mode])) > 0)
    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph(crs=WGS84, created_with="facility-coverage")
    graph.graph |= _obstacles(network)
    barred: defaultdict[int, list[str]] = defaultdict(list)
    for come, go, flags in network.no_turn.tolist():
        barred[come].append(f"{network.edge_id[go]}:{_names(flags).replace(' ', '+')}")
    lon, lat = network.to_lonlat(network.x, network.y)
    columns = (network.node_id, lon, lat, network.blocked)
    for node, x, y, shut in zip(*(column.tolist() for column in columns), strict=True):
        graph.add_node(node, x=x, y=y, **({"blocked": _names(shut)} if shut else {}))
    start, x, y = network.lines()
    points = np.column_stack(network.to_lonlat(x, y))
    of_osm = network.origin.get("edge_numbers") == EDGE_NUMBERS
    keys: defaultdict[tuple[int, int], int] = defaultdict(int)
    for edge in range(network.edge_count):
        u = int(network.node_id[network.tail[edge]])
        v = int(network.node_id[network.head[edge]])
        number, twin = int(network.edge_id[edge]), int(network.twin[edge])
        flags = int(network.modes[edge])
        same = twin >= 0 and int(network.modes[twin]) == flags
        data: dict[str, Any] = {
            "osmid": number // PIECES_PER_WAY if of_osm else number,
            "highway": network.highway_names[network.highway[edge]],
            "length": float(network.length_m[edge]),
            "oneway": not same,
            "reversed": twin >= 0 and (twin < edge if same else flags < int(network.modes[twin])),
            "edge_id": number,
            "modes": _names(flags),
        }
        if edge in barred:
            data["no_turn"] = " ".join(barred[edge])
        if network.ends_only[edge]:
            data["ends_only"] = _names(int(network.ends_only[edge]))
        if network.level[edge]:
            data["level"] = int(network.level[edge])
        if not np.isnan(network.maxspeed_kmh[edge]):
            data["maxspeed"] = f"{float(network.maxspeed_kmh[edge]):g}"
        if start[edge + 1] - start[edge] > 2:
            data["geometry"] = LineString(points[start[edge] : start[edge + 1]])
        graph.add_edge(u, v, key=keys[u, v], **data)
        keys[u, v] += 1
    return graph


def _obstacles(network: RoadNetwork) -> dict[str, str]:
    """Lines of every kind of obstacle as WKT in lon, lat."""
    import shapely

    lines = shapely.transform(
        network.obstacle_lines(), lambda xy: np.column_stack(network.to_lonlat(*xy.T))
    )
    return {
        f"obstacle_{name}": shapely.to_wkt(shapely.multilinestrings(own), rounding_precision=8)
        for kind, name in enumerate(OBSTACLES)
        if len(own := lines[network.obstacle == kind])
    }


def _blocked_by(about: Mapping[str, Any], file: str | None) -> list[tuple[int, Floats]]:
    """The obstacles that a graph names, as `build` takes them."""
    import shapely

    found = []
    for kind, name in enumerate(OBSTACLES):
        text = about.get(f"obstacle_{name}", "MULTILINESTRING EMPTY")
        try:
            lines = shapely.get_parts(shapely.from_wkt(str(text)))
        except shapely.errors.ShapelyError as error:
            reason = Said("障碍不是 WKT 线", "obstacles are WKT of lines")
            raise InputError(Problem(reason, file, None, f"obstacle_{name}")) from error
        found += [(kind, shapely.get_coordinates(one)) for one in lines]
    return [(kind, at) for kind, at in found if len(at) > 1 and np.isfinite(at).all()]


def _turns(edges: list[_Edge], ids: list[int], number: Mapping[Any, int]) -> list[Turn]:
    """The turns that edges say cannot be taken; what names no edge is passed over."""
    if not any(edge.no_turn for edge in edges):
        return []
    leaving = {(edge.u, one): i for i, (edge, one) in enumerate(zip(edges, ids, strict=True))}
    found = []
    for i, edge in enumerate(edges):
        for word in edge.no_turn.split():
            to, _, modes = word.partition(":")
            go = leaving.get((edge.v, int(to))) if to.isdecimal() else None
            if go is not None:
                flags = _flags(modes.replace("+", " "))
                found.append(Turn(i, number[edge.v], go, only=False, modes=flags))
    return found


def _names(flags: int) -> str:
    return " ".join(name for name, flag in FLAGS.items() if flags & flag)


def _flags(names: object) -> int:
    """Bits of names joined by blanks.

    Raises:
        InputError: If one is not known.
    """
    words = str(names or "").split()
    return mode_flags(words, FLAGS) if words else 0


def graphml_text(network: RoadNetwork) -> str:
    """A network as GraphML, which osmnx and `load` read."""
    import networkx as nx

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
    write_text(path, graphml_text(network))


def read_graphml(
    path: str | Path,
    *,
    modes: Iterable[str] | None = None,
    crs: str | None = None,
    report: CleaningReport | None = None,
) -> RoadNetwork:
    """Read a GraphML file as osmnx writes it; options as in `from_networkx`.

    Raises:
        InputError: If the file is missing, is no GraphML or holds no roads.
    """
    from xml.etree.ElementTree import ParseError

    import networkx as nx

    path = Path(path)
    raw = read_bytes(path)
    check_xml(io.BytesIO(raw), path.name)
    try:
        graph = nx.read_graphml(io.BytesIO(raw))
    except (ParseError, nx.NetworkXError, KeyError, ValueError, StopIteration) as error:
        raise InputError(
            Problem(
                Said(
                    "文件已损坏，或不是 GraphML",
                    f"the file is damaged or no GraphML ({str(error) or 'no graph in it'})",
                ),
                path.name,
            )
        ) from error
    origin = {"source": path.name}
    return from_networkx(graph, modes=modes, crs=crs, origin=origin, report=report)


def from_networkx(
    graph: nx.Graph[Any],
    *,
    modes: Iterable[str] | None = None,
    crs: str | None = None,
    origin: dict[str, Any] | None = None,
    report: CleaningReport | None = None,
) -> RoadNetwork:
    """A network from an osmnx graph, projected or not, or any graph with x, y and length.

    Who may use an edge is, in this order: what ``modes`` of the edge says
    (graphs of `to_networkx`); the option `modes`; the road class and access
    tags (`coverage.roads.access`; of several merged classes, what all of them
    allow; classes unknown there are open to all). A one-way street that has
    no way back in the graph gets one for feet, if feet may use it.

    A graph that osmnx loaded for walking has an edge back along every
    one-way street and does not say so: give ``modes=["foot"]`` for it.

    Args:
        graph: Directed or not; undirected edges go both ways.
        modes: What the graph was made for, if its classes should not decide.
        crs: Projected CRS; by default the UTM zone of the middle.
        origin: What to remember of the source.
        report: Where given, edges with impossible places are left out and
            noted there instead of refused.

    Raises:
        InputError: If the graph has no CRS, no nodes with places, no edges,
            or an attribute that cannot be read; every bad one is named.
    """
    origin = dict(origin or {})
    file = origin.get("source")
    problems: list[Problem] = []
    nodes = list(graph.nodes)
    number = {node: i for i, node in enumerate(nodes)}
    lon, lat = _places(graph, nodes, file, problems)
    if not graph.is_directed():
        graph = graph.to_directed()
    asked = None if modes is None else mode_flags(modes)
    edges = [_Edge(u, v, data, asked, file, problems) for u, v, data in graph.edges(data=True)]
    if problems:
        raise InputError(problems)
    edges = [edge for edge in edges if edge.flags]
    if not edges:
        said = Said("图里没有可走的道路", "the graph holds no road that anyone may use")
        raise InputError(Problem(said, file))
    closed = graph.number_of_edges() - len(edges)
    ids, numbering = _edge_ids(edges, number)
    back = _ways_back(edges, ids)
    bends = _bends(edges, graph.graph, lon, lat, number)
    return build(
        lon,
        lat,
        [number[edge.u] for edge in edges],
        [number[edge.v] for edge in edges],
        [edge.flags for edge in edges],
        modes_back=back,
        length_m=[edge.length for edge in edges],
        highway=[edge.highway for edge in edges],
        maxspeed_kmh=[edge.speed for edge in edges],
        ends_only=[edge.ends for edge in edges],
        level=[edge.level for edge in edges],
        blocked=[_flags(graph.nodes[node].get("blocked")) for node in nodes],
        edge_id=ids,
        node_id=whole_numbers(nodes),
        bends=bends,
        turns=_turns(edges, ids, number),
        obstacles=_blocked_by(graph.graph, file),
        crs=crs,
        origin=origin | {"edge_numbers": numbering} | ({"closed_edges": closed} if closed else {}),
        report=report,
    )


class _Edge:
    """One directed edge of a graph, its attributes read."""

    def __init__(
        self,
        u: Any,
        v: Any,
        data: Mapping[str, Any],
        asked: int | None,
        file: str | None,
        problems: list[Problem],
    ) -> None:
        self.u, self.v = u, v
        values = {key: _values(value) for key, value in data.items() if key != "geometry"}
        self.highway = str(next(iter(values.get("highway", [])), "road"))
        self.oneway = any(str(one).lower() in _YES for one in values.get("oneway", []))
        self.ways = frozenset(str(way) for way in values.get("osmid", []))
        self.edge_id = data.get("edge_id")
        self.no_turn = str(data.get("no_turn", ""))
        self.ends = 0
        self.flags = self._who(values, data, asked)
        first = {key: str(v[0]) for key, v in values.items() if v}
        level = str(data.get("level", level_of(first)))
        self.level = int(level) if level in {"-1", "0", "1"} else 0
        posted = [speed_kmh(str(text))[0] for text in values.get("maxspeed", [])]
        self.speed = min((speed for speed in posted if speed == speed), default=nan)  # noqa: PLR0124
        where = Said(f"路段 {u} → {v}", f"edge {u} → {v}")
        self.length = _number(data.get("length", nan), "length", where, file, problems)
        self.line = _line(data.get("geometry"), where, file, problems)

    def _who(
        self, values: Mapping[str, list[Any]], data: Mapping[str, Any], asked: int | None
    ) -> int:
        if "modes" in data:
            self.ends = _flags(data.get("ends_only"))
            return _flags(data["modes"])
        if asked is not None:
            return asked
        flags = ALL_MODES
        tags = {k: str(v[0]) for k, v in values.items() if v and k not in {"oneway", "maxspeed"}}
        for highway in values.get("highway", []):
            use = use_of({**tags, "highway": str(highway)}, unknown_class=ALL_MODES)
            # Each directed edge stands for its own direction.
            flags &= use.forward | (use.back & FOOT) if use else 0
            self.ends |= use.ends if use else 0
        if any(str(value) in {"no", "private"} for value in values.get("access", [])[1:]):
            flags = 0
        return flags


def _values(value: Any) -> list[Any]:
    """The values of an attribute that may be one, a list, or a list written as text."""
    if isinstance(value, str) and value.startswith("[") and value.endswith("]"):
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            return [value]
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value)
    return [] if value is None or value == "" else [value]


def _number(
    value: Any, column: str, where: Said, file: str | None, problems: list[Problem]
) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        reason = where.then(Said(f" 的 {column} 不是数字", f" has a {column} that is not a number"))
        problems.append(Problem(reason, file, None, column, str(value)))
        return nan


def _line(value: Any, where: Said, file: str | None, problems: list[Problem]) -> Floats | None:
    import shapely

    if value is None or (isinstance(value, float) and value != value):  # noqa: PLR0124 - NaN
        return None
    try:
        line = shapely.from_wkt(value) if isinstance(value, str) else value
        points = shapely.get_coordinates(line)
    except (shapely.errors.ShapelyError, TypeError):
        line = None
    if line is None or line.geom_type != "LineString":
        reason = where.then(Said(" 的几何不是线", " has a geometry that is no line"))
        problems.append(Problem(reason, file, None, "geometry", str(value)[:60]))
        return None
    return points


def _places(
    graph: nx.Graph[Any], nodes: list[Any], file: str | None, problems: list[Problem]
) -> tuple[Floats, Floats]:
    """Lon and lat of the nodes, whatever CRS the graph is in."""
    if not nodes:
        raise InputError(Problem(Said("图里没有节点", "the graph holds no nodes"), file))
    if "crs" not in graph.graph:
        said = Said("图没有写明坐标系（crs）", "the graph does not say its coordinate system (crs)")
        raise InputError(Problem(said, file))
    columns = []
    for axis in ("x", "y"):
        column = [
            _number(graph.nodes[n].get(axis), axis, Said(f"节点 {n}", f"node {n}"), file, problems)
            for n in nodes
        ]
        columns.append(np.asarray(column))
    return unproject(columns[0], columns[1], known_crs(graph.graph["crs"], file))


def _edge_ids(edges: list[_Edge], number: Mapping[Any, int]) -> tuple[list[int], str]:
    """A number for every edge that the two directions of a piece share."""
    if all(edge.edge_id is not None for edge in edges):
        try:
            named = [int(edge.edge_id) for edge in edges if edge.edge_id is not None]
            own = np.asarray(named, np.int64).tolist()
        except (TypeError, ValueError, OverflowError):
            own = []
        if own:
            banded = all(
                {str(i // PIECES_PER_WAY)} == e.ways for i, e in zip(own, edges, strict=True)
            )
            return own, EDGE_NUMBERS if banded else "source"
    # Pair the directions: same ends, same ways of OpenStreetMap, same length.
    waiting: defaultdict[Any, list[int]] = defaultdict(list)
    ids = [-1] * len(edges)
    pieces: defaultdict[str, int] = defaultdict(int)
    running = 0
    whole = all(len(way) < 14 and way.isdecimal() for edge in edges for way in edge.ways)
    whole = whole and all(edge.ways for edge in edges)
    for i, edge in enumerate(edges):
        u, v = number[edge.u], number[edge.v]
        mates = waiting[v, u, edge.ways]
        # "not more than" pairs also what states no length (NaN); of two parallel pieces of nearly
        # one length the closest is the mate, or the pairs would cross.
        fit = [j for j in mates if not abs(edges[j].length - edge.length) > _SAME_LENGTH_M]
        mate = min(
            fit, key=lambda j: np.nan_to_num(abs(edges[j].length - edge.length)), default=None
        )
        if mate is not None:
            mates.remove(mate)
            ids[i] = ids[mate]
            continue
        waiting[u, v, edge.ways].append(i)
        if whole:
            way = min(edge.ways, key=int)
            ids[i] = int(way) * PIECES_PER_WAY + pieces[way]
            pieces[way] += 1
        else:
            ids[i] = running
            running += 1
    if whole and max(pieces.values(), default=0) > PIECES_PER_WAY:
        _, inverse = np.unique(ids, return_inverse=True)
        return inverse.tolist(), "running"
    return ids, EDGE_NUMBERS if whole else "running"


def _ways_back(edges: list[_Edge], ids: list[int]) -> list[int]:
    """Feet may go back along a one-way street; the graph has no edge for that."""
    times: defaultdict[int, int] = defaultdict(int)
    for i in ids:
        times[i] += 1
    return [
        edge.flags & FOOT if edge.oneway and times[i] == 1 and edge.edge_id is None else 0
        for edge, i in zip(edges, ids, strict=True)
    ]


def _bends(
    edges: list[_Edge],
    about: Mapping[str, Any],
    lon: Floats,
    lat: Floats,
    number: Mapping[Any, int],
) -> tuple[Ints, Floats, Floats]:
    """Bends of every edge from its u to its v, in lon and lat."""
    counts = [0 if edge.line is None else max(len(edge.line) - 2, 0) for edge in edges]
    start = starts(np.array(counts))
    lines = [edge.line for edge in edges if edge.line is not None and len(edge.line) > 2]
    if not lines:
        return start, np.zeros(0), np.zeros(0)
    first = np.cumsum([0] + [len(line) for line in lines])
    flat = np.concatenate(lines)
    x, y = unproject(flat[:, 0], flat[:, 1], known_crs(about["crs"]))
    bent = [edge for edge, count in zip(edges, counts, strict=True) if count]
    pieces_x, pieces_y = [], []
    for i, edge in enumerate(bent):
        px, py = x[first[i] : first[i + 1]], y[first[i] : first[i + 1]]
        u, v = number[edge.u], number[edge.v]
        # Undirected graphs keep one geometry for both directions.
        as_is = abs(px[0] - lon[u]) + abs(py[0] - lat[u])
        turned = abs(px[0] - lon[v]) + abs(py[0] - lat[v])
        step = -1 if turned < as_is else 1
        pieces_x.append(px[1:-1][::step])
        pieces_y.append(py[1:-1][::step])
    return start, np.concatenate(pieces_x), np.concatenate(pieces_y)
