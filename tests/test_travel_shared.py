"""Against networkx on real streets and on a large grid of awkward ones."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from pyproj import Transformer

from conftest import shared_file
from coverage.profiles import load_profile
from coverage.roads.network import RoadNetwork
from coverage.roads.osm import read_osm
from coverage.travel.prepare import prepare
from coverage.travel.times import nearest, node_times, reach

CAR = 4


def shenzhen() -> tuple[RoadNetwork, nx.DiGraph[int]]:
    """Futian as OSMnx saved it, and the same with the shorter of parallel streets."""
    raw = nx.read_graphml(shared_file("testdata", "osm", "shenzhen-futian-2023.graphml"))
    number = {node: i for i, node in enumerate(raw.nodes)}
    lon = [float(raw.nodes[node]["x"]) for node in raw.nodes]
    lat = [float(raw.nodes[node]["y"]) for node in raw.nodes]
    project = Transformer.from_crs("EPSG:4326", "EPSG:32650", always_xy=True)
    x, y = (np.asarray(column) for column in project.transform(lon, lat))
    rows = sorted(
        (number[u], number[v], float(d["length"]), bool(d["oneway"] == "True"))
        for u, v, d in raw.edges(data=True)
    )
    tail, head, length, _ = (np.array(column) for column in zip(*rows, strict=True))
    m = len(rows)
    net = RoadNetwork(
        crs="EPSG:32650",
        node_id=np.arange(len(x), dtype=np.int64),
        x=x,
        y=y,
        tail=tail.astype(np.int32),
        head=head.astype(np.int32),
        length_m=length.astype(np.float64),
        highway=np.zeros(m, dtype=np.int16),
        highway_names=("road",),
        maxspeed_kmh=np.full(m, np.nan, dtype=np.float32),
        modes=np.full(m, CAR, dtype=np.uint8),
        edge_id=np.arange(m, dtype=np.int64),
        bend_start=np.zeros(m + 1, dtype=np.int64),
        bend_x=np.empty(0),
        bend_y=np.empty(0),
    )
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(len(x)))
    for u, v, metres, _ in rows:
        if metres < graph.get_edge_data(u, v, {"s": np.inf})["s"]:
            graph.add_edge(u, v, s=metres)
    return net, graph


@pytest.mark.shared
def test_shenzhen_as_networkx_has_it() -> None:
    net, graph = shenzhen()
    drive = load_profile("drive")
    metres = replace(
        drive, speed_mps=1.0, class_speeds=(), maxspeed_factor=None, max_access_m=0.0,
        max_direct_m=0.0,
    )  # fmt: skip
    tn = prepare(net, metres, direction="from_facility")
    rng = np.random.default_rng(20)
    start = rng.choice(net.node_count, 20, replace=False)
    fac = np.column_stack([net.x[start], net.y[start]])
    for limit in (1500.0, 1e9):
        for r in node_times(tn, fac, limit):
            truth = nx.single_source_dijkstra_path_length(
                graph, int(start[r.facility]), cutoff=limit, weight="s"
            )
            found = dict(zip(r.nodes.tolist(), r.seconds.tolist(), strict=True))
            assert found.keys() == truth.keys()
            assert all(found[k] == pytest.approx(truth[k], rel=1e-6, abs=1e-6) for k in truth)
    near = nearest(tn, fac)
    all_at_once = nx.multi_source_dijkstra_path_length(graph, set(start.tolist()), weight="s")
    expected = np.array([all_at_once.get(i, np.inf) for i in range(net.node_count)])
    np.testing.assert_allclose(near.node_seconds, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.shared
def test_a_real_city_is_the_same_however_it_is_asked() -> None:
    net, _ = shenzhen()
    tn = prepare(net, replace(load_profile("drive"), max_access_m=150.0, max_direct_m=100.0))
    rng = np.random.default_rng(1)
    low, high = [net.x.min(), net.y.min()], [net.x.max(), net.y.max()]
    fac, dem = rng.uniform(low, high, (60, 2)), rng.uniform(low, high, (500, 2))
    found = reach(tn, fac, dem, 420.0, chunk=7)
    near = nearest(tn, fac, dem, limit_s=420.0)
    assert np.isfinite(near.seconds).sum() > 200
    least = np.full(500, np.inf)
    np.minimum.at(least, found.demand, found.seconds)
    np.testing.assert_allclose(least, near.seconds, rtol=1e-12)
    share = near.share_on_access[near.facility >= 0]
    assert ((share >= 0) & (share <= 1)).all()


@pytest.mark.shared
def test_walks_in_porto_alegre_take_as_long_as_valhalla_says() -> None:
    """Valhalla snaps to a street for nothing and knows no short cuts off it: compare long walks."""
    folder = ("testdata", "osm")
    answers = shared_file(
        *folder, "valhalla-oracle", "oracle_valhalla391_poa_walk_matrix_50x50.json"
    )
    oracle = json.loads(answers.read_text(encoding="utf-8"))
    truth = np.array(oracle["seconds_walk_3.6kmh"], dtype=float)
    with shared_file(*folder, "porto-alegre-hexgrid.csv").open(encoding="utf-8") as file:
        place = {row["id"]: (float(row["lon"]), float(row["lat"])) for row in csv.DictReader(file)}
    net = read_osm(shared_file(*folder, "porto-alegre-2020.osm.pbf"))
    project = Transformer.from_crs("EPSG:4326", net.crs, always_xy=True)
    lonlat = np.array([place[i] for i in oracle["ids"]])
    xy = np.column_stack(project.transform(lonlat[:, 0], lonlat[:, 1]))
    walk = replace(
        load_profile("adult_walk"), speed_mps=1.0, class_speeds=(), access_speed_mps=1.0,
        detour=1.0, max_access_m=50.0, max_direct_m=0.0,
    )  # fmt: skip
    found = reach(prepare(net, walk), xy, xy, np.inf).to_csr().tocoo()
    ratio = found.data / np.maximum(truth[found.col, found.row], 1.0)
    ratio = ratio[truth[found.col, found.row] > 1200]
    assert len(ratio) > 1500
    assert 0.97 < np.median(ratio) < 1.01
    assert np.quantile(ratio, 0.95) < 1.03
