"""Streets that end just before another: counted by how far, joined by choice."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.datum import unproject
from coverage.errors import InputError
from coverage.roads.clean import clean
from coverage.roads.edit import cut
from coverage.roads.gaps import JOINED, remedy
from coverage.roads.network import CAR, CleaningReport
from coverage.roads.sources import check, load
from helpers import run, small_workspace
from networks import CRS, Street, build, random_network

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.roads.network import RoadNetwork

# A street from west to east, bent, and one that ends 2 m before its middle.
GAP = build(
    [(0, 0), (100, 0), (60, 2), (60, 80)],
    [Street(0, 1, bends=((30.0, 0.0), (50.0, 0.0))), Street(2, 3)],
)


def _ways(network: RoadNetwork) -> dict[int, dict[int, float]]:
    """Metres from every node to every other."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(network.node_count))
    for tail, head, metres in zip(network.tail, network.head, network.length_m, strict=True):
        if metres < graph.get_edge_data(tail, head, {"metres": np.inf})["metres"]:
            graph.add_edge(int(tail), int(head), metres=float(metres))
    return dict(nx.all_pairs_dijkstra_path_length(graph, weight="metres"))


def _node(network: RoadNetwork, x: float, y: float) -> int:
    (found,) = np.flatnonzero(np.hypot(network.x - x, network.y - y) < 0.01)
    return int(found)


def test_an_end_is_joined_to_the_middle_of_a_street() -> None:
    assert len(clean(GAP)[1].islands["foot"]) == 4
    made, report = clean(GAP, snap_m=3)
    assert report.count(JOINED) == 1
    assert report.islands["foot"].max() == 0
    assert (made.node_count, made.edge_count) == (4, 6)
    ways = _ways(made)
    west, east, north = (_node(made, *at) for at in ((0, 0), (100, 0), (60, 80)))
    assert ways[west][east] == pytest.approx(100)
    assert ways[north][west] == pytest.approx(78 + 2 + 60)
    assert ways[east][north] == pytest.approx(40 + 2 + 78)
    assert made.plane_length() == pytest.approx(made.length_m)
    assert report.length_after_m == pytest.approx(report.length_before_m + 2 * 2)


def test_farther_away_nothing_is_joined_but_counted() -> None:
    made, report = clean(GAP, snap_m=1.9)
    assert report.count(JOINED) == 0
    assert made.node_count == 4
    found = check(GAP)
    assert [found.count(f"gap_to_{m}_m") for m in (1, 3, 10)] == [0, 1, 0]
    said = remedy(found)
    assert said is not None
    assert "3 米以内 1 处" in said.zh
    assert said.en.endswith("--snap 3")
    assert remedy(check(GAP, snap_m=3)) is None


def test_ends_are_joined_to_ends_once_each() -> None:
    """Four streets that end around a crossing, and a ring that does not close."""
    crossing = build(
        [(0, 1), (0, 90), (1, 0), (90, 0), (0, -1), (0, -90), (-1, 0), (-90, 0)],
        [Street(0, 1), Street(2, 3), Street(4, 5), Street(6, 7)],
    )
    made, report = clean(crossing, snap_m=2)
    assert report.islands["foot"].max() == 0
    assert made.node_count == 5
    assert [check(crossing).count(f"gap_to_{m}_m") for m in (1, 3, 10)] == [0, 3, 0]
    ring = build([(0, 0), (0, 2)], [Street(0, 1, bends=((80.0, 0.0), (80.0, 80.0), (0.0, 80.0)))])
    closed, report = clean(ring, snap_m=3)
    assert report.count(JOINED) == 1
    assert closed.node_count == 1


@pytest.mark.parametrize(
    "streets",
    [
        pytest.param([Street(0, 1), Street(0, 2)], id="a short stub beside its own street"),
        pytest.param([Street(0, 1, highway="motorway"), Street(3, 2)], id="the side of a motorway"),
    ],
)
def test_what_is_no_gap(streets: list[Street]) -> None:
    network = build([(0, 0), (100, 0), (5, 2), (5, 50)], streets)
    assert not any(clean(network, snap_m=3)[1].count(c) for c in (JOINED, "gap_to_3_m"))


def test_the_street_under_a_bridge_is_not_joined_to_it() -> None:
    bridge = replace(GAP, level=np.where(GAP.edge_id == 1000, 1, 0).astype(np.int8))
    assert clean(bridge, snap_m=3)[1].count(JOINED) == 0
    at_its_end = build([(0, 0), (100, 0), (101, 1), (160, 1)], [Street(0, 1), Street(2, 3)])
    raised = replace(at_its_end, level=np.where(at_its_end.edge_id == 1000, 1, 0).astype(np.int8))
    assert clean(raised, snap_m=3)[1].count(JOINED) == 1


def test_lines_that_cross_without_a_node_stay_as_they_are() -> None:
    cross = build([(0, 0), (100, 0), (50, -50), (50, 50)], [Street(0, 1), Street(2, 3)])
    made, report = clean(cross, snap_m=3)
    assert report.count("crossing_without_node") == 1
    assert made.node_count == 4


@pytest.mark.parametrize("far", [-1.0, 101.0, float("nan")])
def test_a_distance_that_is_none_of_a_gap_is_refused(far: float) -> None:
    with pytest.raises(InputError, match="0"):
        clean(GAP, snap_m=far)


@given(st.integers(0, 3000))
def test_cutting_a_street_changes_no_way(seed: int) -> None:
    network = random_network(seed)
    once = np.flatnonzero(network.one_way_each & (network.plane_length() > 1))
    rng = np.random.default_rng(seed)
    edge = rng.choice(once, 5)
    at_m = network.plane_length()[edge] * rng.uniform(0.1, 0.9, 5)
    made, nodes = cut(network, edge, at_m)
    assert nodes.tolist() == list(range(network.node_count, network.node_count + 5))
    assert made.length_m.sum() == pytest.approx(network.length_m.sum())
    assert made.plane_length().sum() == pytest.approx(network.plane_length().sum())
    assert np.unique(made.edge_id, return_counts=True)[1].max() <= 2
    assert (made.twin >= 0).sum() - (network.twin >= 0).sum() == 2 * (network.twin[edge] >= 0).sum()
    after = _ways(made)
    for start, ways in _ways(network).items():
        assert {k: after[start][k] for k in ways} == pytest.approx(ways)


def test_turns_keep_to_the_parts_that_meet() -> None:
    streets = [Street(0, 1), Street(1, 2), Street(1, 3)]
    plain = build([(0, 0), (100, 0), (200, 0), (100, 90)], streets)
    into, out = (
        int(np.flatnonzero((plain.tail == a) & (plain.head == b))[0]) for a, b in ((0, 1), (1, 3))
    )
    network = replace(plain, no_turn=np.array([[into, out, CAR]]))
    pieces = np.flatnonzero(network.one_way_each & (network.edge_id != 1001))
    made, nodes = cut(network, pieces, np.full(2, 40.0))
    ((come, go, modes),) = made.no_turn.tolist()
    assert (made.tail[come], made.head[come], modes) == (nodes[0], 1, CAR)
    assert (made.tail[go], made.head[go]) == (1, nodes[1])


def test_commands_say_it_and_keep_what_was_joined(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    space = tmp_path / "ws"
    small_workspace(space)
    x0, y0 = 705_000.0, 2_620_000.0  # near a seat of 清远
    file = tmp_path / "streets.geojson"
    rows = []
    for line in ([(0, 0), (900, 0)], [(400, 2), (400, 800)]):
        x, y = np.array(line, float).T
        rows.append(np.column_stack(unproject(x0 + x, y0 + y, CRS)).tolist())
    features = [
        {"type": "Feature", "properties": {}, "geometry": {"type": "LineString", "coordinates": r}}
        for r in rows
    ]
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    seen = run(capsys, "roads", "check", str(file))
    assert "gap_to_3_m" in seen.out
    assert "coverage import roads … --snap 3" in seen.err
    at = ("import", "roads", str(file), "--workspace", str(space), "--lang", "en")
    told = run(capsys, *at, "--dry-run")
    assert told.code == 0, told.err
    assert "--snap 3" in " ".join(told.out.split())
    done = run(capsys, *at, "--snap", "3")
    assert done.code == 0, done.err
    assert f"{JOINED} (merged) × 1" in " ".join(done.out.split())
    kept = load(space / "roads" / "roads.npz", cache=False)
    assert clean(kept, report=CleaningReport())[1].islands["foot"].max() == 0
