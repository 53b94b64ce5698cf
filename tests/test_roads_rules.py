"""Rules at nodes and ends of a way: turns, gates, residents, ferries, squares, edited files."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.maps.outlines import road_lines
from coverage.profiles import load_profile
from coverage.roads.access import duration_s, shut_at, turn_bound
from coverage.roads.clean import UNJOINED, clean
from coverage.roads.convert import from_networkx, to_networkx
from coverage.roads.network import BICYCLE, CAR, FOOT, MODES, OBSTACLES, RoadNetwork
from coverage.roads.osm import read_osm
from coverage.roads.sources import load
from coverage.roads.squares import lines_across
from coverage.roads.turns import unfold
from coverage.travel.prepare import prepare
from coverage.travel.times import reach
from networks import grid, random_network

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

pytest.importorskip("osmium")
STREET = {"highway": "residential"}
CROSSROADS = {1: (0, 0), 2: (1, 0), 3: (2, 0), 4: (1, 1), 5: (1, -1)}
ARMS = {10: ([1, 2], STREET), 11: ([2, 3], STREET), 12: ([2, 4], STREET), 13: ([2, 5], STREET)}
# Nobody is let off the road: times are those along the streets.
WALK, DRIVE = (
    replace(load_profile(name), max_access_m=1e-3, max_direct_m=0.0, max_single_leg_m=0.0)
    for name in ("adult_walk", "drive")
)


def osm(
    places: Mapping[int, tuple[float, float]],
    ways: Mapping[int, tuple[Sequence[int], Mapping[str, str]]],
    *,
    nodes: Mapping[int, Mapping[str, str]] | None = None,
    relations: Sequence[tuple[Mapping[str, str], Sequence[tuple[str, int, str]]]] = (),
) -> str:
    """An extract: places in hundreds of metres, tags of nodes, ways, relations."""

    def tags(of: Mapping[str, str]) -> str:
        return "".join(f"<tag k='{k}' v='{v}'/>" for k, v in of.items())

    lines = ["<osm version='0.6'>"]
    for ref, (x, y) in sorted(places.items()):
        at = f"lon='{113 + x * 1e-3:.7f}' lat='{23.7 + y * 1e-3:.7f}'"
        lines.append(f"<node id='{ref}' version='1' {at}>{tags((nodes or {}).get(ref, {}))}</node>")
    for way, (refs, of) in sorted(ways.items()):
        inner = "".join(f"<nd ref='{r}'/>" for r in refs)
        lines.append(f"<way id='{way}' version='1'>{inner}{tags(of)}</way>")
    for number, (of, members) in enumerate(relations, start=1):
        inner = "".join(f"<member type='{t}' ref='{r}' role='{role}'/>" for t, r, role in members)
        lines.append(f"<relation id='{number}' version='1'>{inner}{tags(of)}</relation>")
    return "\n".join([*lines, "</osm>"])


def network(tmp_path: Path, *about: Any, **more: Any) -> RoadNetwork:
    (tmp_path / "r.osm").write_text(osm(*about, **more), encoding="utf-8")
    return load(tmp_path / "r.osm", cache=False)


def seconds(net: RoadNetwork, profile: Any, start: int, end: int) -> float:
    """From node to node, by the engine."""
    xy = {i: [x, y] for i, x, y in zip(net.node_id.tolist(), net.x, net.y, strict=True)}
    ready = prepare(net, profile, direction="from_facility")
    found = reach(ready, np.array([xy[start]]), np.array([xy[end]]), np.inf).seconds
    return float(found[0]) if len(found) else np.inf


def turn(said: str, come: int, go: int, **more: str) -> tuple[dict[str, str], list[Any]]:
    members = [("way", come, "from"), ("node", 2, "via"), ("way", go, "to")]
    return {"type": "restriction", "restriction": said, **more}, members


@pytest.mark.parametrize(
    ("said", "shut"),
    [
        ([turn("no_left_turn", 10, 12)], {(1, 4)}),
        ([turn("only_straight_on", 10, 11)], {(1, 4), (1, 5)}),
        ([turn("no_left_turn", 10, 12), turn("no_right_turn", 10, 13)], {(1, 4), (1, 5)}),
        ([turn("no_left_turn", 10, 12), turn("no_straight_on", 11, 10)], {(1, 4), (3, 1)}),
        ([turn("no_left_turn", 10, 12, **{"except": "motorcar"})], set()),
        ([turn("no_left_turn", 99, 12)], set()),
    ],
)
def test_turns_that_cannot_be_made(tmp_path: Path, said: Any, shut: set[tuple[int, int]]) -> None:
    net = network(tmp_path, CROSSROADS, ARMS, relations=said)
    plain = network(tmp_path, CROSSROADS, ARMS)
    for pair in itertools.permutations((1, 3, 4, 5), 2):
        assert seconds(net, WALK, *pair) == pytest.approx(seconds(plain, WALK, *pair))
        there = seconds(net, DRIVE, *pair)
        if pair in shut:
            # Round by the end of another arm, where one turns back.
            assert there > 1.5 * seconds(plain, DRIVE, *pair)
        else:
            assert there == pytest.approx(seconds(plain, DRIVE, *pair))


def test_a_turn_that_is_not_simple_is_told(tmp_path: Path) -> None:
    by_way = ({"type": "restriction", "restriction": "no_u_turn"},
              [("way", 10, "from"), ("way", 11, "via"), ("way", 12, "to")])  # fmt: skip
    net = network(tmp_path, CROSSROADS, ARMS, relations=[by_way])
    assert net.origin["lost"]["turn_restriction"] == {"count": 1, "examples": [1]}
    assert net.origin["cleaning"]["turn_restriction"]["action"] == "lost"
    assert turn_bound({"restriction:hgv": "no_left_turn"})[0] == ""
    assert turn_bound({"restriction": "no_left_turn", "except": "bicycle"}) == ("no_left_turn", CAR)


LINE = {1: (0, 0), 2: (1, 0), 3: (2, 0), 4: (1, 1)}


@pytest.mark.parametrize(
    ("tags", "shut"),
    [
        ({"barrier": "bollard"}, CAR),
        ({"barrier": "block"}, CAR),
        ({"barrier": "bollard", "motor_vehicle": "yes"}, 0),
        ({"barrier": "gate"}, 0),
        ({"barrier": "gate", "access": "private"}, FOOT | BICYCLE | CAR),
        ({"barrier": "gate", "access": "no", "foot": "yes"}, BICYCLE | CAR),
        ({"barrier": "lift_gate", "motor_vehicle": "no"}, CAR),
        ({"barrier": "gate", "access": "destination"}, 0),
        ({"highway": "crossing", "access": "no"}, 0),
    ],
)
def test_what_stands_on_a_node_shuts_it(tmp_path: Path, tags: dict[str, str], shut: int) -> None:
    ways = {10: ([1, 2, 3], STREET), 11: ([2, 4], STREET)}
    net = network(tmp_path, LINE, ways, nodes={2: tags})
    if "barrier" in tags:
        assert shut_at(tags) == shut
    for profile in (WALK, DRIVE):
        barred = bool(MODES[profile.mode] & shut)
        assert np.isinf(seconds(net, profile, 1, 3)) == barred
        assert np.isinf(seconds(net, profile, 4, 1)) == barred
        assert np.isfinite(seconds(net, profile, 1, 2)), "one still gets to it"


def test_streets_for_residents_begin_and_end_a_way_only(tmp_path: Path) -> None:
    """1–2–3–4 with 2–3 for residents, and a long way round 2–5–3."""
    places = {1: (0, 0), 2: (1, 0), 3: (2, 0), 4: (3, 0), 5: (1.5, 3)}
    resident = STREET | {"access": "destination"}
    ways = {10: ([1, 2], STREET), 11: ([2, 3], resident), 12: ([3, 4], STREET),
            13: ([2, 5, 3], STREET)}  # fmt: skip
    plain = network(tmp_path, places, {**ways, 11: ([2, 3], STREET)})
    net = network(tmp_path, places, ways)
    without = network(tmp_path, places, {k: w for k, w in ways.items() if k != 11})
    for profile in (WALK, DRIVE):
        # Right through: as if the street were not there. Into it and out of it: as if it were open.
        assert seconds(net, profile, 1, 4) == pytest.approx(seconds(without, profile, 1, 4))
        assert seconds(net, profile, 1, 4) > seconds(plain, profile, 1, 4)
        for pair in ((1, 3), (2, 3), (3, 2), (2, 4)):
            assert seconds(net, profile, *pair) <= seconds(without, profile, *pair) + 1e-9
    middle = np.array([[net.x[net.node_id == 2][0], net.y[net.node_id == 2][0]]])
    far = np.array([[net.x[net.node_id == 3][0], net.y[net.node_id == 3][0]]])
    half = (middle + far) / 2
    ready = prepare(net, replace(DRIVE, max_access_m=1.0), direction="from_facility")
    assert len(reach(ready, half, far, np.inf).seconds) == 1, "a way may begin there"


@given(st.data())
def test_bans_against_a_search_over_edges(data: st.DataObject) -> None:
    """Random bans on a grid: the engine's network holds what a graph of edges holds."""
    net = grid(3, 3)
    pairs = [
        (a, b)
        for a in range(net.edge_count)
        for b in range(net.edge_count)
        if net.head[a] == net.tail[b]
    ]
    bans = data.draw(st.lists(st.sampled_from(pairs), max_size=12, unique=True))
    turns = np.array([(a, b, CAR) for a, b in bans], np.int64).reshape(-1, 3)
    net = replace(net, no_turn=turns)
    unfolded = unfold(net, CAR)
    ours: nx.DiGraph[int] = nx.DiGraph()
    ours.add_nodes_from(range(unfolded.network.node_count))
    for tail, head, metres in zip(
        unfolded.network.tail.tolist(),
        unfolded.network.head.tolist(),
        unfolded.network.length_m.tolist(),
        strict=True,
    ):
        ours.add_edge(tail, head, weight=metres)
    edges: nx.DiGraph[Any] = nx.DiGraph()
    for a, b in pairs:
        if (a, b) not in bans:
            edges.add_edge(a, b, weight=float(net.length_m[b]))
    for edge in range(net.edge_count):
        edges.add_edge(
            "start" if net.tail[edge] == 0 else "no", edge, weight=float(net.length_m[edge])
        )
    truth: Any = nx.single_source_dijkstra_path_length(edges, "start")
    found = nx.single_source_dijkstra_path_length(ours, 0)
    for node in range(1, net.node_count):
        into = [truth.get(e, np.inf) for e in range(net.edge_count) if net.head[e] == node]
        mine = [found.get(int(n), float("inf")) for n in np.flatnonzero(unfolded.node == node)]
        assert min(mine) == pytest.approx(min(into))
    assert unfold(net, FOOT).network is net


def test_a_ferry_takes_what_it_says(tmp_path: Path) -> None:
    places = {1: (0, 0), 2: (1, 0), 3: (9, 0), 4: (10, 0)}
    ways = {10: ([1, 2], STREET), 12: ([3, 4], STREET),
            11: ([2, 3], {"route": "ferry", "duration": "00:20", "vehicle": "no"})}  # fmt: skip
    net = network(tmp_path, places, ways)
    aboard = seconds(net, WALK, 1, 4) - seconds(net, WALK, 1, 2) - seconds(net, WALK, 3, 4)
    assert aboard == pytest.approx(1200, rel=1e-6)
    assert np.isinf(seconds(net, DRIVE, 1, 4))
    for text, right in (("90", 5400), ("1:05:30", 3930), ("PT1H", 3600)):
        assert duration_s(text) == right
    assert np.isnan(duration_s("morgens"))


def test_a_square_is_crossed_where_one_sees_the_other_side(tmp_path: Path) -> None:
    places = {1: (0, 0), 2: (2, 0), 3: (2, 2), 4: (0, 2), 5: (-1, 0), 6: (3, 2)}
    square = ([1, 2, 3, 4, 1], {"highway": "pedestrian", "area": "yes"})
    ways = {10: square, 11: ([5, 1], STREET), 12: ([3, 6], STREET)}
    net = network(tmp_path, places, ways)
    ring = network(tmp_path, places, {**ways, 10: (square[0], {"highway": "footway"})})
    at = {i: np.array([x, y]) for i, x, y in zip(net.node_id, net.x, net.y, strict=True)}
    across = np.hypot(*(at[1] - at[3])) / WALK.speed_mps
    gained = seconds(ring, WALK, 5, 6) - seconds(net, WALK, 5, 6)
    round_it = seconds(ring, WALK, 1, 3)
    assert seconds(net, WALK, 1, 3) == pytest.approx(across, rel=1e-3)
    assert gained == pytest.approx(round_it - seconds(net, WALK, 1, 3))


def test_lines_across_a_square_are_no_streets(tmp_path: Path) -> None:
    """Four streets meet a square: its six lines cross one another, which is no missing node."""
    places = {
        1: (0, 0),
        2: (2, 0),
        3: (2, 2),
        4: (0, 2),
        5: (-1, 0),
        6: (3, 2),
        7: (2, -1),
        8: (0, 3),
    }
    square = ([1, 2, 3, 4, 1], {"highway": "pedestrian", "area": "yes"})
    streets = {
        11: ([5, 1], STREET),
        12: ([3, 6], STREET),
        13: ([7, 2], STREET),
        14: ([4, 8], STREET),
    }
    net = network(tmp_path, places, {10: square, **streets})
    made, report = clean(net)
    assert made.across.sum() == 4  # two lines, both ways
    assert set(made.classes) == {"pedestrian", "residential"}
    assert report.count(UNJOINED) == 0
    assert len(road_lines(made)) == 8
    kept = from_networkx(to_networkx(made))
    assert kept.across.sum() == 4


def test_water_is_an_obstacle_and_a_square_is_none(tmp_path: Path) -> None:
    places = {1: (0, 0), 2: (2, 0), 3: (2, 2), 4: (0, 2), 5: (-1, 0), 6: (3, 2)}
    ring = [1, 2, 3, 4, 1]
    ways = {10: (ring, {"natural": "water"}), 11: ([5, 1], STREET),
            12: ([3, 6], {"railway": "rail"}), 13: ([2, 6], {"waterway": "river"}),
            14: ([4, 5], {"railway": "rail", "bridge": "yes"}),
            15: (ring, {"highway": "pedestrian", "area": "yes"}),
            16: ([1, 5, 4, 1], {"landuse": "reservoir"}),
            17: ([1, 5, 3, 1], {"landuse": "meadow"})}  # fmt: skip
    net = network(tmp_path, places, ways)
    assert sorted(OBSTACLES[kind] for kind in net.obstacle) == ["rail", "river", "water", "water"]


def test_around_the_corner_of_a_square() -> None:
    """An L: its two far ends do not see each other, and the way bends at the inner corner."""
    ell = np.array([[0, 0], [3, 0], [3, 1], [1, 1], [1, 3], [0, 3]], float)
    assert lines_across(ell, [1, 5]) == [(1, 3), (3, 5)]
    assert lines_across(ell, [1]) == []
    assert lines_across(np.array([[0, 0], [1, 1], [1, 0], [0, 1]], float), [0, 2]) is None


def test_what_an_editor_deleted_is_not_read(tmp_path: Path) -> None:
    text = """<osm version='0.6' generator='JOSM'>
    <node id='-3' lat='23.7' lon='113.02'/><node id='1' version='1' lat='23.7' lon='113.0'/>
    <node id='2' version='1' lat='23.7' lon='113.01'/>
    <node id='4' version='1' action='delete' lat='23.71' lon='113.01'/>
    <way id='-7'><nd ref='2'/><nd ref='-3'/><tag k='highway' v='residential'/></way>
    <way id='8' version='1'><nd ref='1'/><nd ref='2'/><tag k='highway' v='residential'/></way>
    <way id='9' version='1' action='delete'><nd ref='1'/><nd ref='-3'/>
      <tag k='highway' v='residential'/></way>
    <way id='10' version='1' visible='false'><nd ref='1'/><nd ref='2'/>
      <tag k='highway' v='primary'/></way>
    <way id='11' version='1'><nd ref='1'/><nd ref='2'/><nd ref='4'/>
      <tag k='highway' v='service'/></way></osm>"""
    path = tmp_path / "edited.osm"
    path.write_text(text, encoding="utf-8")
    net = read_osm(path)
    assert sorted({edge // 10_000 for edge in net.edge_id.tolist()}) == [-7, 8, 11]
    assert set(net.node_id.tolist()) == {-3, 1, 2}
    assert net.origin["lost"]["way_with_points_missing"] == {"count": 1, "examples": [11]}


def test_a_track_is_the_profiles_choice(tmp_path: Path) -> None:
    ways = {10: ([1, 2], STREET), 11: ([2, 3], {"highway": "track"})}
    net = network(tmp_path, LINE, ways)
    assert np.isinf(seconds(net, DRIVE, 1, 3))
    assert np.isfinite(seconds(net, replace(DRIVE, tracks=True), 1, 3))
    shut = network(tmp_path, LINE, {**ways, 11: ([2, 3], {"highway": "track", "vehicle": "no"})})
    assert np.isinf(seconds(shut, replace(DRIVE, tracks=True), 1, 3))


def test_streets_that_cross_without_a_node_are_found(tmp_path: Path) -> None:
    places = {1: (0, 0), 2: (2, 0), 3: (1, -1), 4: (1, 1), 5: (2, 0.5), 6: (2, -1)}
    ways = {10: ([1, 2], STREET), 11: ([3, 4], STREET), 12: ([2, 5], STREET)}
    net = network(tmp_path, places, ways)
    assert net.origin["cleaning"]["crossing_without_node"]["count"] == 1
    bridge = network(tmp_path, places, {**ways, 11: ([3, 4], STREET | {"bridge": "yes"})})
    assert "crossing_without_node" not in bridge.origin["cleaning"]


@given(seed=st.integers(0, 10_000), mode=st.sampled_from(["adult_walk", "drive"]))
def test_an_obstacle_or_a_street_less_never_shortens_a_time(seed: int, mode: str) -> None:
    rng = np.random.default_rng(seed)
    net = random_network(seed, 25)
    profile = replace(load_profile(mode), max_access_m=250.0, max_direct_m=150.0)
    profile = replace(profile, max_single_leg_m=0.0)  # one longer leg where the last street is gone
    low, high = (np.array([f(net.x), f(net.y)]) for f in (np.min, np.max))
    places = rng.uniform(low - 50, high + 50, (12, 2))
    line = rng.uniform(low, high, (3, 2))
    walled = replace(
        net,
        obstacle=np.array([OBSTACLES.index("rail")], np.uint8),
        obstacle_start=np.array([0, len(line)]),
        obstacle_x=line[:, 0],
        obstacle_y=line[:, 1],
    )
    gone = net.edge_id == rng.choice(net.edge_id)

    def table(network: RoadNetwork) -> np.ndarray:
        found = reach(prepare(network, profile), places[:4], places[4:], np.inf)
        times = np.full((4, 8), np.inf)
        times[np.repeat(np.arange(4), np.diff(found.start)), found.demand] = found.seconds
        return times

    before = table(net)
    for changed in (walled, net.select(~gone)):
        assert (table(changed) >= before - 1e-9 * (1 + np.where(np.isinf(before), 0, before))).all()
