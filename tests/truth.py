"""Others' answers on real streets, and ours beside them: what `test_truth_osm.py` compares."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias
from unittest import mock

import networkx as nx
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod, Transformer

from conftest import shared_file
from coverage.circles.polygons import service_circles
from coverage.profiles import load_profile
from coverage.roads.network import ACROSS, mode_flags
from coverage.roads.sources import load
from coverage.roads.ways import Ways
from coverage.travel.prepare import prepare
from coverage.travel.times import node_times, reach

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from coverage.profiles import Profile
    from coverage.roads.network import RoadNetwork

Floats: TypeAlias = NDArray[np.float64]
Shapes: TypeAlias = NDArray[np.object_]

LIECHTENSTEIN = "liechtenstein-2021.osm.pbf"
PORTO_ALEGRE = "porto-alegre-2020.osm.pbf"
SHENZHEN = "shenzhen-futian-2023.graphml"
_PIECES_PER_WAY = 10_000
_KMH = 3.6


def osm_file(*parts: str) -> Path:
    """A file of the shared OpenStreetMap data, or skip."""
    return shared_file("testdata", "osm", *parts)


def edges_only(name: str, modes: Iterable[str]) -> RoadNetwork:
    """A network without what networkx and osmnx do not know: rules at nodes and ends, squares.

    Those have tests of their own; what is left must agree to rounding.
    """
    with mock.patch.object(Ways, "_cross_squares"), mock.patch.object(Ways, "bar"):
        network = load(osm_file(name), modes=modes, cache=False)
    network = network.select((network.modes & mode_flags(modes)) > 0).compact()  # no tracks
    nobody = np.zeros(network.edge_count, np.uint8)
    return replace(network, ends_only=nobody, no_turn=np.zeros((0, 3), np.int64))


# ---------------------------------------------------------------- times by hand


def hand_speed(profile: Profile, highway: str, maxspeed: str | None) -> float:
    """Metres per second as the profile's text says: the class's speed, capped by the sign."""
    speed = dict(profile.class_speeds).get(highway.removesuffix(ACROSS), profile.speed_mps)
    if profile.maxspeed_factor is not None and maxspeed is not None:
        speed = min(speed, float(maxspeed) / _KMH * profile.maxspeed_factor)
    return speed


def hand_graph(graph: nx.MultiDiGraph[int], profile: Profile) -> nx.DiGraph[int]:
    """Seconds `s` between neighbours, from the attributes that `to_networkx` writes."""
    usable = [
        (u, v, data)
        for u, v, data in graph.edges(data=True)
        if profile.mode in data["modes"].split() and data["highway"] not in profile.exclude_classes
    ]
    # The way back along a one-way street is for feet alone, and its twin is not.
    wheels = {data["edge_id"] for _, _, data in usable if data["modes"] != "foot"}
    # Two edges are the two ways along one piece, and four that share a number are two pieces.
    edges = Counter(data["edge_id"] for _, _, data in usable)
    pieces = {data["edge_id"]: (u, v) for u, v, data in usable}
    ends: Counter[int] = Counter()
    for number, pair in pieces.items():
        for node in pair:
            ends[node] += -(-edges[number] // 2)
    wait = {node: profile.crossing_s / 2 for node, count in ends.items() if count >= 3}
    seconds: nx.DiGraph[int] = nx.DiGraph()
    seconds.add_nodes_from(graph)
    for u, v, data in usable:
        if not profile.ignore_oneway and data["modes"] == "foot" and data["edge_id"] in wheels:
            continue
        s = data["length"] / hand_speed(profile, data["highway"], data.get("maxspeed"))
        s += wait.get(u, 0.0) + wait.get(v, 0.0)
        for a, b in [(u, v), (v, u)] if profile.ignore_oneway else [(u, v)]:
            if s < seconds.get_edge_data(a, b, {"s": np.inf})["s"]:
                seconds.add_edge(a, b, s=s)
    return seconds


def nx_times(graph: nx.DiGraph[int], source: int, nodes: Iterable[int]) -> Floats:
    """Seconds from a node to others by networkx, infinite where there is no way."""
    found = nx.single_source_dijkstra_path_length(graph, source, weight="s")
    return np.array([found.get(node, np.inf) for node in nodes])


def our_times(network: RoadNetwork, profile: Profile, sources: list[int], direction: Any) -> Floats:
    """(sources, nodes) seconds by the toolkit; the profile must stand on the node it starts at."""
    tn = prepare(network, profile, direction=direction)
    xy = np.column_stack([network.x[sources], network.y[sources]])
    times = np.empty((len(sources), network.node_count))
    for one in node_times(tn, xy, np.inf):
        times[one.facility] = one.seconds_at_nodes(np.arange(network.node_count))
    return times


def on_node(name: str, **change: Any) -> Profile:
    """A profile that ships, without any way off the road."""
    return replace(load_profile(name), max_access_m=0.0, max_direct_m=0.0, **change)


def starts(network: RoadNetwork, count: int) -> list[int]:
    """Nodes of residential streets that anyone may leave, drawn by lot."""
    home = network.highway_names.index("residential")
    tails = np.unique(network.tail[(network.highway == home) & ((network.modes & 5) == 5)])
    return [int(i) for i in np.random.default_rng(8).choice(tails, count, replace=False)]


# ---------------------------------------------------------------- osmnx


def osmnx_graph(pbf: Path, ways: set[int], out: Path, *, both_ways: bool) -> nx.MultiDiGraph[int]:
    """Some ways of an extract as osmnx cuts them, with lengths on the ellipsoid.

    Only who may use a way is taken from us. osmnx measures on a sphere, up to
    half a per cent off; pyproj's geodesics stand in for that.
    """
    import osmium
    import osmnx
    from osmium.filter import EntityFilter, IdFilter
    from osmium.osm import NODE, WAY

    def read(kind: Any, ids: Iterable[int]) -> Any:
        found: Any = osmium.FileProcessor(str(pbf))
        return found.with_filter(EntityFilter(kind)).with_filter(IdFilter(ids))

    signs = ["maxspeed", "maxspeed:forward", "maxspeed:backward"]
    kept = ["highway", "oneway", "junction", *signs]
    needed = {node.ref for way in read(WAY, ways) for node in way.nodes}
    with osmium.SimpleWriter(str(out)) as writer:
        for node in read(NODE, needed):
            writer.add_node(node.replace(tags={}))
        for way in read(WAY, ways):
            tags = {key: way.tags[key] for key in kept if key in way.tags}
            writer.add_way(way.replace(tags=tags))
    asked = osmnx.settings.useful_tags_way
    osmnx.settings.useful_tags_way = kept
    try:
        graph: nx.MultiDiGraph[int] = osmnx.graph_from_xml(
            out, simplify=False, retain_all=True, bidirectional=both_ways
        )
    finally:
        osmnx.settings.useful_tags_way = asked
    ends = np.array([(u, v) for u, v in graph.edges()])
    lon, lat = (np.array([graph.nodes[n][axis] for n in ends.ravel()]) for axis in "xy")
    lon, lat = lon.reshape(-1, 2), lat.reshape(-1, 2)
    metres = Geod(ellps="WGS84").inv(lon[:, 0], lat[:, 0], lon[:, 1], lat[:, 1])[2]
    for (_, _, data), length in zip(graph.edges(data=True), metres, strict=True):
        data["length"] = float(length)
    return graph


def osmnx_seconds(graph: nx.MultiDiGraph[int], profile: Profile) -> nx.DiGraph[int]:
    """Seconds `s` between neighbours, from osmnx's own attributes."""
    seconds: nx.DiGraph[int] = nx.DiGraph()
    seconds.add_nodes_from(graph)
    for u, v, data in graph.edges(data=True):
        side = "maxspeed:backward" if data["reversed"] is True else "maxspeed:forward"
        signs = [str(sign) for sign in _values(data.get(side, data.get("maxspeed")))]
        sign = min((sign for sign in signs if sign.isdigit()), key=float, default=None)
        highway = str(_values(data["highway"])[0])
        s = data["length"] / hand_speed(profile, highway, sign)
        for a, b in [(u, v), (v, u)] if profile.ignore_oneway else [(u, v)]:
            if s < seconds.get_edge_data(a, b, {"s": np.inf})["s"]:
                seconds.add_edge(a, b, s=s)
    return seconds


def _values(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def ways_of(network: RoadNetwork) -> set[int]:
    """Numbers of the ways a network was cut from."""
    return set((network.edge_id // _PIECES_PER_WAY).tolist())


# ---------------------------------------------------------------- Valhalla


@dataclass(frozen=True)
class Valhalla:
    """Valhalla 3.9.1 on Porto Alegre, on foot at 3.6 km/h, everything else as it comes.

    Attributes:
        network: Our network of the same extract, for feet.
        pairs: (50, 50) seconds from row to column.
        pairs_m: (50, 50) metres of the same ways.
        pair_xy: (50, 2) cell centres.
        origin_xy: (20, 2) cell centres from which areas were drawn.
        areas: Areas by minutes, (20,) polygons.
        cells: (c,) hexagons of the population grid.
        people: (c,) in them.
    """

    network: RoadNetwork
    pairs: Floats
    pairs_m: Floats
    pair_xy: Floats
    origin_xy: Floats
    areas: Mapping[int, Shapes]
    cells: Shapes
    cell_xy: Floats
    people: Floats

    @classmethod
    def read(cls) -> Valhalla:
        """Everything from the shared files, in the network's metres."""
        network = load(osm_file(PORTO_ALEGRE), modes=["foot"])
        project = Transformer.from_crs("EPSG:4326", network.crs, always_xy=True)

        def plane(lonlat: Floats) -> Floats:
            return np.column_stack(project.transform(lonlat[:, 0], lonlat[:, 1]))

        with osm_file("porto-alegre-hexgrid.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        place = {row["id"]: i for i, row in enumerate(rows)}
        xy = plane(np.array([(float(row["lon"]), float(row["lat"])) for row in rows]))
        times = _oracle("oracle_valhalla391_poa_walk_matrix_50x50.json")
        shapes = _oracle("oracle_valhalla391_poa_walk_isochrones_20.json")
        areas: dict[int, list[Any]] = {5: [], 10: [], 15: []}
        for one in shapes.values():
            for feature in one["features"]:
                shape = shapely.from_geojson(json.dumps(feature["geometry"]))
                minutes = int(feature["properties"]["contour"])
                areas[minutes].append(shapely.make_valid(shapely.transform(shape, plane)))
        return cls(
            network,
            np.array(times["seconds_walk_3.6kmh"], dtype=float),
            np.array(times["km"], dtype=float) * 1000.0,
            xy[[place[i] for i in times["ids"]]],
            xy[[place[i] for i in shapes]],
            {minutes: np.array(some, dtype=object) for minutes, some in areas.items()},
            _hexagons(xy),
            xy,
            np.array([float(row["population"]) for row in rows]),
        )

    @cached_property
    def shortest(self) -> Floats:
        """(50, 50) least of Valhalla's own answers: by way of other places, or walked back."""
        best = np.minimum(self.pairs, self.pairs.T)
        for k in range(len(best)):
            best = np.minimum(best, best[:, k : k + 1] + best[k])
        return best

    @cached_property
    def with_alleys(self) -> RoadNetwork:
        """The network with a class of its own, ``alley``, for alleys and driveways."""
        import osmium
        from osmium.filter import EntityFilter, KeyFilter
        from osmium.osm import WAY

        found: Any = osmium.FileProcessor(str(osm_file(PORTO_ALEGRE)))
        found = found.with_filter(EntityFilter(WAY)).with_filter(KeyFilter("service"))
        ways = [w.id for w in found if w.tags["service"] in {"alley", "driveway"}]
        names = self.network.highway_names
        highway = self.network.highway.copy()
        highway[np.isin(self.network.edge_id // _PIECES_PER_WAY, ways)] = len(names)
        return replace(self.network, highway=highway, highway_names=(*names, "alley"))

    def on_street(self, xy: Floats) -> tuple[Floats, Floats]:
        """The nearest place of any street, where Valhalla begins for nothing; and how far."""
        edges = range(self.network.edge_count)
        lines = np.array([shapely.LineString(self.network.line(e)) for e in edges])
        points = shapely.points(xy)
        (_, row), _ = shapely.STRtree(lines).query_nearest(
            points, return_distance=True, all_matches=False
        )
        feet = shapely.line_interpolate_point(
            lines[row], shapely.line_locate_point(lines[row], points)
        )
        return shapely.get_coordinates(feet), np.asarray(shapely.distance(feet, points))

    def people_in(self, shapes: Shapes) -> Floats:
        """People in each shape, by the exact share of every hexagon."""
        area = shapely.area(self.cells)
        inside = [shapely.area(shapely.intersection(self.cells, one)) / area for one in shapes]
        return np.array([(self.people * share).sum() for share in inside])

    def centres_in(self, shapes: Shapes) -> Floats:
        """People in each shape, by the centres of hexagons."""
        x, y = self.cell_xy.T
        return np.array([self.people[shapely.contains_xy(one, x, y)].sum() for one in shapes])


def _oracle(name: str) -> Any:
    return json.loads(osm_file("valhalla-oracle", name).read_text(encoding="utf-8"))


def _hexagons(xy: Floats) -> Shapes:
    """The grid's hexagons: what is nearest to each centre, at the rim no larger than others."""
    nearest = np.array(shapely.voronoi_polygons(shapely.MultiPoint(xy), ordered=True).geoms)
    return np.asarray(shapely.intersection(nearest, shapely.buffer(shapely.points(xy), 210.0)))


def walker(max_access_m: float, **change: Any) -> Profile:
    """Valhalla's walker: 3.6 km/h on every street and off it, stairs not slower."""
    plain = replace(
        load_profile("adult_walk"),
        speed_mps=1.0,
        class_speeds=(),
        access_speed_mps=1.0,
        detour=1.0,
        max_access_m=max_access_m,
        max_direct_m=0.0,
    )
    return replace(plain, **change)


def as_shipped(name: str) -> Profile:
    """A profile that ships at Valhalla's pace; its legs, caps and detour are its own."""
    pace = {"speed_mps": 1.0, "class_speeds": (), "access_speed_mps": 1.0}
    return replace(load_profile(name), **pace)  # type: ignore[arg-type]


def pair_seconds(network: RoadNetwork, profile: Profile, xy: Floats) -> Floats:
    """(p, p) seconds from row to column by the toolkit, NaN where there is no way."""
    found = reach(prepare(network, profile), xy, xy, np.inf)
    seconds = np.full((len(xy), len(xy)), np.nan)
    facility = np.repeat(np.arange(len(xy)), np.diff(found.start))
    seconds[found.demand, facility] = found.seconds
    return seconds


def drawn(
    network: RoadNetwork, profile: Profile, xy: Floats, minutes: int, step_m: float
) -> Shapes:
    """(p,) service circles by the toolkit."""
    tn = prepare(network, profile)
    found = sorted(node_times(tn, xy, 60.0 * minutes), key=lambda one: one.facility)
    return np.asarray(service_circles(tn, found, [60.0 * minutes], step_m=step_m)[:, 0])


@dataclass(frozen=True)
class Agreement:
    """How alike two sets of areas are."""

    name: str
    iou: Floats
    area: Floats
    area_sum: float
    people: Floats
    people_sum: float
    centres_sum: float

    @classmethod
    def of(cls, name: str, oracle: Valhalla, ours: Shapes, minutes: int) -> Agreement:
        theirs = oracle.areas[minutes]
        both = shapely.area(shapely.intersection(ours, theirs))
        area = shapely.area(ours), shapely.area(theirs)
        people = oracle.people_in(ours), oracle.people_in(theirs)
        centres = oracle.centres_in(ours), oracle.centres_in(theirs)
        return cls(
            name,
            both / (area[0] + area[1] - both),
            area[0] / area[1],
            area[0].sum() / area[1].sum(),
            people[0] / people[1],
            people[0].sum() / people[1].sum(),
            centres[0].sum() / centres[1].sum(),
        )

    def cells(self) -> list[str]:
        """One row of the table."""
        numbers = (
            np.median(self.iou),
            self.iou.min(),
            np.median(self.area),
            self.area_sum,
            np.median(self.people),
            self.people_sum,
            self.centres_sum,
        )
        return [self.name, *(f"{number:.3f}" for number in numbers)]


AREA_HEAD = [
    "areas", "IoU median", "IoU least", "area median", "area sum", "people median", "people sum",
    "people by centres",
]  # fmt: skip
PAIR_HEAD = ["walking times", "pairs", "median", "5 %", "95 %", "within 8 %", "within 1 %"]


def pair_cells(name: str, ours: Floats, theirs: Floats) -> list[str]:
    """One row of the table: our seconds over theirs."""
    ratio = ours[theirs > 0] / theirs[theirs > 0]
    ratio = ratio[np.isfinite(ratio)]
    low, middle, high = np.quantile(ratio, [0.05, 0.5, 0.95])
    near = [np.mean(np.abs(ratio - 1) <= share) for share in (0.08, 0.01)]
    shown = [f"{number:.4f}" for number in (middle, low, high)]
    return [name, str(len(ratio)), *shown, *(f"{share:.1%}" for share in near)]


def print_table(head: list[str], rows: list[list[str]]) -> None:
    """A table as Markdown, to be read with ``pytest -s`` and pasted into the docs."""
    print()
    for row in (head, ["---"] * len(head), *rows):
        print("| " + " | ".join(row) + " |")
