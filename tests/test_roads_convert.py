"""networkx graphs and GraphML: there and back again."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given
from shapely import LineString

from conftest import shared_file
from coverage.errors import InputError
from coverage.roads.clean import clean
from coverage.roads.convert import from_networkx, read_graphml, to_networkx, write_graphml
from coverage.roads.network import ALL_MODES, CAR, FOOT
from networks import Street, build
from test_roads_network import networks

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.roads.network import RoadNetwork


def assert_same(a: RoadNetwork, b: RoadNetwork) -> None:
    assert a.crs == b.crs
    for name in ("node_id", "tail", "head", "modes", "edge_id", "bend_start"):
        assert np.array_equal(getattr(a, name), getattr(b, name)), name
    assert np.array_equal(a.maxspeed_kmh, b.maxspeed_kmh, equal_nan=True)
    assert np.allclose(a.length_m, b.length_m, rtol=1e-9, atol=0)
    for name in ("x", "y", "bend_x", "bend_y"):
        assert np.allclose(getattr(a, name), getattr(b, name), rtol=0, atol=1e-6), name
    names = [[n.highway_names[i] for i in n.highway] for n in (a, b)]
    assert names[0] == names[1]


@given(network=networks())
def test_round_trip(network: RoadNetwork) -> None:
    assert_same(network, from_networkx(to_networkx(network)))


def test_turns_and_obstacles_come_through_graphml(tmp_path: Path) -> None:
    """A crossing where one way is barred, and a river beside it."""
    plain = build([(0, 0), (90, 0), (180, 0), (90, 80)], [Street(0, 1), Street(1, 2), Street(1, 3)])
    at = list(zip(plain.tail.tolist(), plain.head.tolist(), strict=True))
    come, back, go = (at.index(one) for one in ((0, 1), (3, 1), (1, 3)))
    turns = [(come, go, CAR), (back, go, CAR | FOOT)]
    network = replace(
        plain,
        no_turn=np.array(turns),
        obstacle=np.array([1, 0, 1], np.uint8),
        obstacle_start=np.array([0, 2, 5, 7]),
        obstacle_x=np.array([0.0, 9, 1, 2, 3, 50, 60]),
        obstacle_y=np.array([20.0, 29, 21, 22, 23, 50, 60]),
    )
    write_graphml(network, tmp_path / "r.graphml")
    read = read_graphml(tmp_path / "r.graphml", crs=network.crs)
    assert_same(network, read)
    assert read.no_turn.tolist() == sorted(map(list, turns))
    wanted = shapely.union_all(network.obstacle_lines())
    assert shapely.hausdorff_distance(wanted, shapely.union_all(read.obstacle_lines())) < 0.01
    assert np.bincount(read.obstacle).tolist() == [1, 2]
    text = (tmp_path / "r.graphml").read_text(encoding="utf-8")
    (tmp_path / "r.graphml").write_text(text.replace("MULTILINESTRING", "MULTI"), encoding="utf-8")
    with pytest.raises(InputError, match="obstacle_water"):
        read_graphml(tmp_path / "r.graphml")


def graph(**about: Any) -> nx.MultiDiGraph[Any]:
    g: nx.MultiDiGraph[Any] = nx.MultiDiGraph(crs="epsg:4326", **about)
    for node, x, y in [(11, 113.00, 23.70), (12, 113.01, 23.70), (13, 113.02, 23.70)]:
        g.add_node(node, x=x, y=y)
    return g


def who(network: RoadNetwork) -> dict[tuple[int, int], int]:
    tail, head = network.node_id[network.tail].tolist(), network.node_id[network.head].tolist()
    return dict(zip(zip(tail, head, strict=True), network.modes.tolist(), strict=True))


def test_attributes_of_osmnx() -> None:
    g = graph()
    line = LineString([(113.00, 23.70), (113.005, 23.705), (113.01, 23.70)])
    two = {"osmid": 5, "highway": "residential", "length": 1500.0, "oneway": False}
    g.add_edge(11, 12, geometry=line, maxspeed=["50", "30"], **two)
    g.add_edge(12, 11, geometry=line.reverse(), maxspeed="['50', '30']", **two)
    g.add_edge(12, 13, osmid=[6, 7], highway=["primary", "footway"], length=1030.0, oneway="True")
    g.add_edge(13, 12, osmid=8, highway="secondary", length=1030.0, oneway="yes")
    network = from_networkx(g)
    pairs = list(zip(network.node_id[network.tail], network.node_id[network.head], strict=True))
    assert pairs == [(11, 12), (12, 11), (12, 13), (12, 13), (13, 12), (13, 12)]
    assert network.modes.tolist() == [ALL_MODES, ALL_MODES, FOOT, FOOT, FOOT, ALL_MODES]
    assert network.edge_id.tolist() == [50000, 50000, 60000, 80000, 60000, 80000]
    assert network.maxspeed_kmh[:2].tolist() == [30.0, 30.0]
    assert network.bend_start.tolist() == [0, 1, 2, 2, 2, 2, 2]
    back = to_networkx(network)
    assert back.graph["crs"] == "EPSG:4326"
    assert back.edges[11, 12, 0]["osmid"] == 5
    assert back.edges[12, 13, 1]["oneway"] is True
    assert back.edges[12, 13, 1]["reversed"] is True
    assert back.edges[13, 12, 1]["reversed"] is False
    assert back.edges[11, 12, 0]["oneway"] is False
    assert back.edges[11, 12, 0]["geometry"].equals_exact(line, 1e-9)
    assert {k: type(v) for k, v in back.nodes[11].items()} == {"x": float, "y": float}
    assert to_networkx(network, mode="car").number_of_edges() == 3


def test_the_option_modes_decides_for_foreign_graphs() -> None:
    g = graph()
    g.add_edge(11, 12, length=1030.0, highway="motorway", oneway=True)
    g.add_edge(12, 13, length=1030.0, highway="没有这种路")
    assert who(from_networkx(g)) == {(11, 12): CAR, (12, 13): ALL_MODES}
    assert who(from_networkx(g, modes=["foot"])) == {(11, 12): FOOT, (12, 11): FOOT, (12, 13): FOOT}


def test_projected_undirected_and_unnumbered_graphs() -> None:
    geo: nx.Graph[Any] = nx.Graph(crs="EPSG:32649")
    geo.add_node("a", x=700_000.0, y=2_620_000.0)
    geo.add_node("b", x=701_000.0, y=2_620_000.0)
    line = LineString([(701_000, 2_620_000), (700_400, 2_620_100), (700_000, 2_620_000)])
    geo.add_edge("a", "b", length=1020.0, geometry=line)
    network = from_networkx(geo)
    assert network.crs == "EPSG:32649"
    assert network.node_id.tolist() == [0, 1]
    assert np.allclose(network.x, [700_000, 701_000], atol=1e-6)
    assert np.allclose(network.line(0)[:, 0], [700_000, 700_400, 701_000], atol=1e-6)
    assert np.allclose(network.line(1)[:, 0], [701_000, 700_400, 700_000], atol=1e-6)
    assert network.edge_id.tolist() == [0, 0]


@pytest.mark.parametrize("odd", [{"edge_id": 10**19}, {"edge_id": "1e9"}, {"osmid": "²"}])
def test_numbers_that_none_can_keep_are_counted_anew(odd: dict[str, Any]) -> None:
    g: Any = nx.MultiDiGraph(crs="EPSG:4326")
    g.add_node(1, x=113.0, y=23.7)
    g.add_node(2, x=113.01, y=23.7)
    g.add_edge(1, 2, **odd)
    assert from_networkx(g).edge_id.tolist() == [0]


def test_bad_graphs() -> None:
    g = graph()
    with pytest.raises(InputError, match="no road"):
        from_networkx(g)
    g.add_edge(11, 12, length="lang", geometry="KEINE LINIE")
    g.add_edge(12, 13, length=5.0)
    g.nodes[13]["x"] = "Ost"
    with pytest.raises(InputError) as caught:
        from_networkx(g)
    assert len(caught.value.problems) == 3
    assert caught.value.problems[1].value == "lang"
    del g.graph["crs"]
    with pytest.raises(InputError, match="coordinate system"):
        from_networkx(g)
    g.graph["crs"] = "EPSG:999999"
    with pytest.raises(InputError):
        from_networkx(g)
    with pytest.raises(InputError, match="no nodes"):
        from_networkx(nx.MultiDiGraph(crs="EPSG:4326"))


def test_graphml_of_futian() -> None:
    path = shared_file("testdata", "osm", "shenzhen-futian-2023.graphml")
    raw = nx.read_graphml(path)
    network = read_graphml(path)
    assert network.node_count == raw.number_of_nodes()
    assert raw.number_of_edges() == 4009
    shut = network.origin["closed_edges"]
    assert shut == sum(
        d.get("access") in {"no", "private", "bus"} for *_, d in raw.edges(data=True)
    )
    one = sum(d["oneway"] == "True" for *_, d in raw.edges(data=True))
    assert 4009 - shut < network.edge_count <= 4009 - shut + one
    # Our lengths of the drawn lines against what osmnx wrote (a sphere).
    ratio = network.plane_length() / network.length_m
    assert np.quantile(abs(ratio - 1), 0.99) < 0.005
    assert_same(network, from_networkx(to_networkx(network)))
    _, report = clean(network)
    assert report.count("shorter_than_straight") == 0


@pytest.mark.parametrize(
    "text", ["", "not xml", "<graphml/>", "<graphml><graph edgedefault='directed'><node/></graph>"]
)
def test_damaged_graphml(tmp_path: Path, text: str) -> None:
    path = tmp_path / "roads.graphml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"roads\.graphml"):
        read_graphml(path)
    with pytest.raises(InputError, match="does not exist"):
        read_graphml(tmp_path / "none.graphml")


def test_written_by_osmnx_read_without_it(tmp_path: Path) -> None:
    """A GraphML that osmnx wrote is read in a process that never imports osmnx."""
    osmnx = pytest.importorskip("osmnx")
    g = graph()
    line = LineString([(113.00, 23.70), (113.005, 23.705), (113.01, 23.70)])
    g.add_edge(11, 12, osmid=5, highway="residential", length=1500.0, oneway=False, geometry=line)
    path = tmp_path / "g.graphml"
    osmnx.save_graphml(g, path)
    code = (
        "import sys\nfrom coverage.roads.convert import read_graphml\n"
        f"n = read_graphml({str(path)!r})\n"
        "print(n.edge_count, len(n.bend_x), 'osmnx' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "1", "False"]
    # And what we make, osmnx can use.
    ours = to_networkx(read_graphml(path))
    nodes, edges = osmnx.graph_to_gdfs(ours)
    assert len(nodes) == 3
    assert edges["length"].tolist() == [1500.0]
