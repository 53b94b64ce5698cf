"""Road networks from tables: CSV, GeoPackage and GeoParquet, read strictly.

CSV: one table of nodes (``node,lon,lat``, or ``node,x,y`` with a CRS) and
one of edges (``u,v,length_m`` and, if wanted, ``highway``, ``maxspeed``,
``oneway``, ``modes``, ``geometry`` as WKT). GeoPackage and GeoParquet: either
layers ``nodes`` and ``edges`` as osmnx saves them, or one layer of lines,
whose ends are matched. A line that merely crosses another, or ends at its
middle, is not joined to it there.

Every row of a table stands for both directions; a one-way street is open to
feet both ways.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from coverage.datum import unproject
from coverage.errors import InputError, Problem
from coverage.formats.layers import read_features, same_crs, short_name
from coverage.formats.parquet import read_parquet
from coverage.formats.tables import read_table
from coverage.messages import Said
from coverage.roads.build import build
from coverage.roads.network import RoadNetwork, whole_numbers
from coverage.roads.rows import Pieces, Row, coordinate
from coverage.settings import WGS84

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coverage.arrays import Floats, Ints
    from coverage.formats.features import Features

_END_M = 1.0  # a drawn line may miss its node by this much
_FAR_M = 1e8  # no projected plane of the earth is wider
_PARQUET = (".parquet", ".geoparquet", ".pq")


def read_tables(
    nodes: str | Path,
    edges: str | Path | None = None,
    *,
    modes: Iterable[str] | None = None,
    crs: str | None = None,
    source_crs: str | None = None,
    highway: str = "road",
    layer: str | None = None,
    snap_m: float = 0.1,
    skip_bad: bool = False,
) -> tuple[RoadNetwork, list[Problem]]:
    """Read a network from two CSV tables, or from one file of lines.

    Args:
        nodes: Table of nodes, or the GeoPackage or GeoParquet itself.
        edges: Table of edges, with CSV.
        modes: Who may use every edge; by default its ``modes`` cell, its
            road class and access tags decide, and unknown classes are open
            to all.
        crs: Projected CRS of the network; by default its UTM zone.
        source_crs: CRS of a CSV's ``x,y``. A file that knows its own CRS is
            held to it: another one here is an error.
        highway: Road class where a row names none.
        layer: Name of the line layer, where a file has several.
        snap_m: Ends of lines this near to one another are one node.
        skip_bad: Leave bad rows out instead of refusing the file.

    Returns:
        The network, whose `edge_id` is the row (CSV) or feature number, and
        the bad rows left out: empty unless `skip_bad`.

    Raises:
        InputError: Naming every bad row by file, row, column and value; or
            if a CRS is missing, CRSs are mixed, or nothing is left.
        MissingDependencyError: If GeoParquet is asked for without pyarrow.
    """
    how = _How(None if modes is None else tuple(modes), highway)
    problems: list[Problem] = []
    first = Path(nodes)
    if edges is not None:
        data = _from_csv(first, Path(edges), how, source_crs, problems)
        name = Path(edges).name
    else:
        data = _from_layers(first, how, layer, snap_m, source_crs, problems)
        name = first.name
    if problems and not skip_bad:
        raise InputError(problems)
    lon, lat, numbers, pieces, bends = data
    if not pieces.u:
        raise InputError(
            [*problems, Problem(Said("表中没有可用的道路", "the table holds no usable road"), name)]
        )
    network = build(
        lon,
        lat,
        pieces.u,
        pieces.v,
        pieces.forward,
        modes_back=pieces.back,
        length_m=pieces.length,
        highway=pieces.highway,
        maxspeed_kmh=pieces.speed,
        ends_only=pieces.ends,
        level=pieces.level,
        edge_id=pieces.row,
        node_id=numbers,
        bends=bends,
        crs=crs,
        origin={"source": name, "edge_numbers": "row", "bad_rows": len(problems)},
    )
    return network, problems


# Lon and lat of the nodes, their numbers, the pieces, and their bends in lon and lat.
_Data = tuple[Any, Any, Any, Pieces, Any]


@dataclass(frozen=True)
class _How:
    """Who may use every row's road, and its class where the row names none."""

    modes: tuple[str, ...] | None
    highway: str


def _from_csv(
    nodes: Path,
    edges: Path,
    how: _How,
    source_crs: str | None,
    problems: list[Problem],
) -> _Data:
    place = read_table(nodes, required=["node"])
    lonlat = {"lon", "lat"} <= set(place.columns)
    if not lonlat and not {"x", "y"} <= set(place.columns):
        raise InputError(
            Problem(
                Said("缺 lon、lat 列", "the columns 'lon' and 'lat' are missing"), place.file, 1
            )
        )
    if lonlat and source_crs is not None and not same_crs(WGS84, source_crs, place.file):
        reason = _mixed(f"{WGS84} (lon, lat)", source_crs)
        raise InputError(Problem(reason, place.file, 1))
    if not lonlat and source_crs is None:
        reason = Said(
            "x、y 须写明坐标系（source_crs），或改给 lon、lat",
            "x and y need their coordinate system named (source_crs), or give lon and lat",
        )
        raise InputError(Problem(reason, place.file, 1))
    axes = (("lon", 180.0), ("lat", 90.0)) if lonlat else (("x", _FAR_M), ("y", _FAR_M))
    index: dict[str, int] = {}
    points: list[tuple[float, ...]] = []
    for record in place.records:
        name = record.get("node")
        values = [coordinate(record.get(axis), limit) for axis, limit in axes]
        bad = [axis for (axis, _), value in zip(axes, values, strict=True) if value is None]
        problems += [
            place.problem(record, axis, Said("位置须为数字", "the place must be a number"))
            for axis in bad
        ]
        if not name:
            problems.append(
                place.problem(record, "node", Said("节点没有名称", "the node has no name"))
            )
        elif name in index:
            problems.append(
                place.problem(record, "node", Said("节点重名", "the node is named twice"))
            )
        elif not bad:
            index[name] = len(points)
            points.append(tuple(value for value in values if value is not None))
    xy = np.asarray(points, np.float64).reshape(-1, 2)
    pieces = _csv_edges(edges, index, xy, 1e-5 if lonlat else _END_M, how, problems)
    start, bx, by = pieces.flat_bends()
    x, y = xy[:, 0], xy[:, 1]
    if not lonlat:
        x, y = unproject(x, y, source_crs)
        bx, by = unproject(bx, by, source_crs)
    return x, y, whole_numbers(list(index)), pieces, (start, bx, by)


def _csv_edges(
    path: Path,
    index: dict[str, int],
    xy: Floats,
    tolerance: float,
    how: _How,
    problems: list[Problem],
) -> Pieces:
    table = read_table(path, required=["u", "v", "length_m"])
    pieces = Pieces()
    for record in table.records:
        row = Row(table.file, record.row, record.get, how.modes, highway=how.highway)
        for end in ("u", "v"):
            if record.get(end) not in index:
                row.complain(
                    end, Said("节点表里没有这个节点", "the node is not in the table of nodes")
                )
        bends = np.zeros((0, 2))
        if not row.problems:
            ends = index[record.get("u")], index[record.get("v")]
            if text := row.text("geometry"):
                bends = _wkt_bends(row, text, xy[list(ends)], tolerance)
        if row.problems:
            problems += row.problems
        else:
            pieces.add(ends, row, bends)
    return pieces


def _wkt_bends(row: Row, text: str, ends: Floats, tolerance: float) -> Floats:
    """Bends of a drawn line, turned to run from u to v."""
    none = np.zeros((0, 2))
    try:
        line = shapely.from_wkt(text)
    except shapely.errors.ShapelyError:
        row.complain("geometry", Said("几何不是 WKT", "the geometry is not WKT"))
        return none
    points = shapely.get_coordinates(line)
    if line.geom_type != "LineString" or not len(points):
        row.complain("geometry", Said("几何不是线", "the geometry is not a line"))
        return none
    if not (np.abs(points) <= _FAR_M).all():
        row.complain(
            "geometry",
            Said("几何里有不是数字的坐标", "the geometry holds a coordinate that is not a number"),
        )
        return none
    for ordered in (points, points[::-1]):
        if np.abs(ordered[[0, -1]] - ends).max() <= tolerance:
            return np.asarray(ordered[1:-1])
    row.complain(
        "geometry",
        Said("线的两端不在节点 u、v 上", "the line does not begin and end at its nodes u and v"),
    )
    return none


def _from_layers(
    path: Path,
    how: _How,
    layer: str | None,
    snap_m: float,
    source_crs: str | None,
    problems: list[Problem],
) -> _Data:
    layers = {own.name: own for own in _read_layers(path, layer)}
    for name, own in layers.items():
        if own.crs is None:
            said = Said(
                f"图层 {name} 没有写明坐标系",
                f"the layer '{name}' does not say its coordinate system",
            )
            raise InputError(Problem(said, path.name))
    named = [str(own.crs) for own in layers.values()] + ([source_crs] if source_crs else [])
    if not all(same_crs(named[0], one, path.name) for one in named[1:]):
        raise InputError(Problem(_mixed(*map(short_name, named)), path.name))
    if "nodes" in layers:
        return _nodes_and_edges(path.name, layers["nodes"], layers["edges"], how, problems)
    return _lines(path.name, next(iter(layers.values())), how, snap_m, problems)


def _mixed(*names: str) -> Said:
    return Said(f"坐标系不一：{'、'.join(names)}", f"mixed coordinate systems: {', '.join(names)}")


def _read_layers(path: Path, layer: str | None) -> list[Features]:
    """The layers needed: nodes and edges, or one of lines."""
    if path.suffix.lower() in _PARQUET:
        return [read_parquet(path)]
    found = [own for own in read_features(path) if own.shapes is not None]
    pair = [own for own in found if own.name in {"nodes", "edges"}]
    if layer is None and len(pair) == 2:
        return pair
    chosen = [own for own in found if layer in {None, own.name}]
    if len(chosen) == 1:
        return chosen
    names = [own.name for own in found]
    zh, en = "、".join(names) or "无", ", ".join(names) or "none"
    said = (
        Said(f"请指明道路图层，有：{zh}", f"name the layer of roads; the file holds {en}")
        if layer is None
        else Said(
            f"没有图层 {layer}，有：{zh}", f"there is no layer '{layer}'; the file holds {en}"
        )
    )
    raise InputError(Problem(said, path.name))


def _features(name: str, layer: Features, how: _How) -> Iterable[tuple[Row, Any]]:
    """Each feature's judged row and its geometry."""
    columns = {column.lower(): cells for column, cells in layer.columns.items()}
    if "length_m" not in columns and {"u", "v", "length"} <= set(columns):
        columns["length_m"] = columns["length"]  # osmnx: metres
    assert layer.shapes is not None  # noqa: S101 -- the caller has looked
    for i, (number, geometry) in enumerate(zip(layer.numbers, layer.shapes, strict=True)):

        def cell(column: str, i: int = i) -> str:
            value = columns[column][i] if column in columns else None
            return "" if value is None else str(value)

        row = Row(name, number, cell, how.modes, highway=how.highway, need_length=False)
        yield row, geometry


def _line(row: Row, geometry: Any) -> Floats:
    if geometry is not None and geometry.geom_type == "MultiLineString":
        geometry = shapely.line_merge(geometry)
    points = np.asarray(shapely.get_coordinates(geometry))
    said = None
    if geometry is None or geometry.is_empty:
        said = Said("要素没有线", "the feature has no line")
    elif geometry.geom_type != "LineString":
        kind = geometry.geom_type
        said = Said(f"要素是 {kind}，不是一条线", f"the feature is a {kind}, not one line")
    elif not (np.abs(points) <= _FAR_M).all():
        said = Said("线里有不是数字的坐标", "the line holds a coordinate that is not a number")
    if said is not None:
        row.problems.append(Problem(said, row.file, row.number, "geometry"))
    return points


def _nodes_and_edges(
    name: str, nodes: Features, edges: Features, how: _How, problems: list[Problem]
) -> _Data:
    key = next((c for c in nodes.columns if c.lower() in {"node", "osmid", "id"}), None)
    if key is None or not {"u", "v"} <= set(edges.columns):
        said = Said(
            "图层 nodes 须有 node 或 osmid 列，edges 须有 u、v 列",
            "the layer 'nodes' needs a column node or osmid, and 'edges' columns u and v",
        )
        raise InputError(Problem(said, name))
    index = {node: i for i, node in enumerate(nodes.columns[key])}
    x, y = (np.asarray(axis(nodes.shapes), np.float64) for axis in (shapely.get_x, shapely.get_y))
    pieces = Pieces()
    ends = list(zip(edges.columns["u"], edges.columns["v"], strict=True))
    for (u, v), (row, geometry) in zip(ends, _features(name, edges, how), strict=True):
        points = _line(row, geometry)
        for column, node in (("u", u), ("v", v)):
            if node not in index:
                row.complain(
                    column,
                    Said("图层 nodes 里没有这个节点", "the node is not in the layer 'nodes'"),
                )
        if row.problems:
            problems += row.problems
            continue
        i, j = index[u], index[v]
        here = np.abs(points[0] - (x[i], y[i])).sum()
        there = np.abs(points[0] - (x[j], y[j])).sum()
        pieces.add((i, j), row, points[1:-1] if here <= there else points[1:-1][::-1])
    start, bx, by = pieces.flat_bends()
    lon, lat = unproject(x, y, nodes.crs)
    return lon, lat, whole_numbers(list(index)), pieces, (start, *unproject(bx, by, nodes.crs))


def _lines(
    name: str,
    layer: Features,
    how: _How,
    snap_m: float,
    problems: list[Problem],
) -> _Data:
    pieces = Pieces()
    ends: list[Floats] = []
    for row, geometry in _features(name, layer, how):
        points = _line(row, geometry)
        if row.problems:
            problems += row.problems
            continue
        ends.append(points[[0, -1]])
        pieces.add((0, 0), row, points[1:-1])
    flat = np.concatenate([np.zeros((0, 2)), *ends])
    lon, lat = unproject(flat[:, 0], flat[:, 1], layer.crs)
    node, first = _matched(lon, lat, snap_m)
    pieces.u, pieces.v = node[0::2].tolist(), node[1::2].tolist()
    start, bx, by = pieces.flat_bends()
    bends = (start, *unproject(bx, by, layer.crs))
    return lon[first], lat[first], np.arange(len(first)), pieces, bends


def _matched(lon: Floats, lat: Floats, snap_m: float) -> tuple[Ints, Ints]:
    """Which node each end is, and one end for each node."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    if not len(lon):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    middle = np.radians(np.nanmedian(lat))
    # Degrees to metres well enough to compare places some decimetres apart.
    plane = np.column_stack([lon * 111_320 * np.cos(middle), lat * 111_320])
    places, same = np.unique(plane, axis=0, return_inverse=True)
    near = cKDTree(places).query_pairs(snap_m, output_type="ndarray")
    shape = (len(places), len(places))
    graph = coo_array((np.ones(len(near)), (near[:, 0], near[:, 1])), shape=shape)
    _, label = connected_components(graph, directed=False)
    node = label[same.reshape(-1)].astype(np.int64)
    return node, np.unique(node, return_index=True)[1].astype(np.int64)
