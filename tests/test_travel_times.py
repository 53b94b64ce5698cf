from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from brute_travel import brute_times, line_of, seconds_at, street_costs
from coverage.errors import InputError
from coverage.profiles import Profile
from coverage.travel._search import Sources, searches
from coverage.travel.access import Points, Stubs, access_legs
from coverage.travel.prepare import prepare
from coverage.travel.times import (
    Reached,
    nearest,
    node_times,
    point_seconds,
    reach,
    reached_by_any,
)
from networks import Street, build, grid, random_network, random_streets

if TYPE_CHECKING:
    from coverage.roads.network import RoadNetwork
    from coverage.travel.prepare import TravelNetwork

WALK = Profile(
    "walk", "步行", "on foot", "foot", "test", 1.0, access_speed_mps=0.5,
    detour=1.25, max_access_m=90.0, max_direct_m=70.0, ignore_oneway=True,
)  # fmt: skip

profiles = st.builds(
    Profile,
    name=st.just("p"),
    zh=st.just("测"),
    en=st.just("test"),
    mode=st.sampled_from(["foot", "car", "bicycle"]),
    source=st.just("test"),
    speed_mps=st.sampled_from([0.8, 1.0, 5.0]),
    class_speeds=st.sampled_from([(), (("primary", 7.0),)]),
    access_speed_mps=st.sampled_from([0.8, 1.0]),
    detour=st.sampled_from([1.0, 1.3]),
    max_access_m=st.sampled_from([0.0, 40.0, 120.0, 400.0]),
    max_direct_m=st.sampled_from([0.0, 60.0, 200.0]),
    ignore_oneway=st.booleans(),
    exclude_classes=st.sampled_from([(), ("causeway",)]),
    no_access_classes=st.sampled_from([(), ("causeway",), ("primary",)]),
)
directions = st.sampled_from(["to_facility", "from_facility"])


def scatter(seed: int, net: RoadNetwork, count: int) -> np.ndarray:
    """Points anywhere, on nodes, and on the middle of streets."""
    rng = np.random.default_rng(seed)
    free = np.round(rng.uniform(-80, 720, (count, 2)), 1)
    node = rng.integers(0, net.node_count, count)
    middle = np.column_stack([net.x[net.tail] + net.x[net.head], net.y[net.tail] + net.y[net.head]])
    street = middle[rng.integers(0, net.edge_count, count)] / 2
    kind = rng.integers(0, 4, count)[:, None]
    on_node = np.column_stack([net.x[node], net.y[node]])
    return np.where(kind == 0, on_node, np.where(kind == 1, street, free))


def dense(tn: TravelNetwork, fac: np.ndarray, dem: np.ndarray, **how: int) -> np.ndarray:
    found = reach(tn, fac, dem, math.inf, **how)
    out = np.full((len(fac), len(dem)), np.inf)
    row = np.repeat(np.arange(len(fac)), np.diff(found.start))
    out[row, found.demand] = found.seconds
    return out


@given(st.integers(0, 10**6), profiles, directions)
@settings(max_examples=120)
def test_times_agree_with_a_graph_of_feet(seed: int, profile: Profile, direction: str) -> None:
    net = random_network(seed)
    fac, dem = scatter(seed + 1, net, 4), scatter(seed + 2, net, 12)
    tn = prepare(net, profile, direction=direction)  # type: ignore[arg-type]
    truth = brute_times(net, profile, direction, fac, dem)
    times = dense(tn, fac, dem)
    np.testing.assert_allclose(times, truth, rtol=1e-9, atol=1e-7)
    near = nearest(tn, fac, dem)
    np.testing.assert_allclose(near.seconds, truth.min(axis=0), rtol=1e-9, atol=1e-7)
    there = near.facility >= 0
    assert np.array_equal(there, np.isfinite(truth).any(axis=0))
    chosen = truth[near.facility[there], np.flatnonzero(there)]
    np.testing.assert_allclose(chosen, truth.min(axis=0)[there], rtol=1e-9, atol=1e-7)
    # T is one function: any way of asking gives the same number.
    assert np.array_equal(near.seconds, times.min(axis=0)) or np.allclose(
        near.seconds, times.min(axis=0), rtol=1e-13, atol=1e-10
    )


@given(st.integers(0, 10**6), profiles, st.floats(5, 900))
@settings(max_examples=60)
def test_a_limit_cuts_and_changes_nothing(seed: int, profile: Profile, limit: float) -> None:
    net = random_network(seed)
    fac, dem = scatter(seed + 1, net, 5), scatter(seed + 2, net, 15)
    tn = prepare(net, profile)
    full = dense(tn, fac, dem)
    found = reach(tn, fac, dem, limit)
    row = np.repeat(np.arange(len(fac)), np.diff(found.start))
    cut = np.full(full.shape, np.inf)
    cut[row, found.demand] = found.seconds
    assert np.array_equal(cut, np.where(full <= limit, full, np.inf))
    near, unlimited = nearest(tn, fac, dem, limit_s=limit), nearest(tn, fac, dem)
    assert np.array_equal(
        near.seconds, np.where(unlimited.seconds <= limit, unlimited.seconds, np.inf)
    )
    assert np.array_equal(near.facility >= 0, np.isfinite(near.seconds))


@given(st.integers(0, 10**6), profiles, st.sampled_from([1, 2, 7]))
@settings(max_examples=30)
def test_chunks_change_nothing(seed: int, profile: Profile, chunk: int) -> None:
    net = random_network(seed)
    fac, dem = scatter(seed + 1, net, 9), scatter(seed + 2, net, 9)
    tn = prepare(net, profile)
    one = reach(tn, fac, dem, 300.0).to_csr()
    two = reach(tn, fac, dem, 300.0, chunk=chunk).to_csr()
    assert np.array_equal(one.indptr, two.indptr)
    assert np.array_equal(one.indices, two.indices)
    assert np.array_equal(one.data, two.data)
    order = [r.facility for r in node_times(tn, fac, 300.0)]
    other = list(node_times(tn, fac, 300.0, chunk=chunk))
    assert order == [r.facility for r in other]
    assert sorted(order) == list(range(9))


def test_a_cut_of_a_large_grid_gives_what_the_whole_gives() -> None:
    net = grid(60, 50, 100.0)
    tn = prepare(net, replace(WALK, max_direct_m=0.0))
    rng = np.random.default_rng(5)
    fac = rng.uniform(0, 5000, (40, 2))
    limit = 700.0
    assert tn.reach_m(limit) < 800.0  # so the parts cut out are small
    full = {r.facility: r for r in node_times(tn, fac, math.inf)}
    for r in node_times(tn, fac, limit):
        whole = full[r.facility]
        inside = whole.seconds <= limit
        assert np.array_equal(r.nodes, whole.nodes[inside])
        assert np.array_equal(r.seconds, whole.seconds[inside])


@given(st.integers(0, 10**6), profiles, directions)
@settings(max_examples=40)
def test_node_times_agree_with_networkx(seed: int, profile: Profile, direction: str) -> None:
    net = random_network(seed)
    tn = prepare(net, replace(profile, max_access_m=0.0), direction=direction)  # type: ignore[arg-type]
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(net.node_count))
    for e, along, against in street_costs(net, profile).values():
        t, h = int(net.tail[e]), int(net.head[e])
        for u, v, s in ((t, h, along), (h, t, against)):
            if direction == "to_facility":
                u, v = v, u  # noqa: PLW2901
            if s < graph.get_edge_data(u, v, {"s": math.inf})["s"]:
                graph.add_edge(u, v, s=s)
    usable = sorted(graph.nodes)
    fac = np.column_stack([net.x[usable], net.y[usable]])
    for r in node_times(tn, fac, math.inf):
        legs = access_legs(tn, *r.xy.T)
        ends = np.concatenate([
            tn.piece_a[legs.piece[legs.fraction == 0]],
            tn.piece_b[legs.piece[legs.fraction == 1]],
        ])  # fmt: skip
        if len(set(ends.tolist())) != 1 or len(ends) != len(legs.fraction):
            continue  # several nodes or streets at this place
        truth = nx.single_source_dijkstra_path_length(graph, int(ends[0]), weight="s")
        found = dict(zip(r.nodes.tolist(), r.seconds.tolist(), strict=True))
        assert found.keys() == truth.keys()
        assert all(abs(found[k] - truth[k]) <= 1e-9 * max(1, truth[k]) for k in truth)


@given(st.integers(0, 10**6), profiles, directions, st.floats(20, 600))
@settings(max_examples=60)
def test_time_along_streets(seed: int, profile: Profile, direction: str, limit: float) -> None:
    """On a street, the time without an access leg is what a foot there with no leg would take."""
    net = random_network(seed)
    tn = prepare(net, profile, direction=direction)  # type: ignore[arg-type]
    fac = scatter(seed + 1, net, 3)
    rng = np.random.default_rng(seed)
    for r in [*node_times(tn, fac, limit), reached_by_any(tn, fac, limit)]:
        streets = r.streets
        if not len(streets.piece):
            continue
        row = rng.integers(0, len(streets.piece), 30)
        fraction = rng.choice([0.0, 1.0, 0.25, 0.6, 0.9], 30)
        seconds = seconds_at(streets, row, fraction)
        lines = [line_of(net, int(e)) for e in streets.edge[row]]
        at = shapely.line_interpolate_point(lines, fraction, normalized=True)
        points = Points.of(tn, shapely.get_coordinates(at))
        some, least = point_seconds(r, points)
        anywhere = np.full(30, np.inf)
        anywhere[some] = least
        within = seconds <= limit
        assert (anywhere[within] <= seconds[within] + 1e-6).all()
        begin_row, begin, end = streets.intervals()
        assert (begin <= end + 1e-12).all()
        for i, t, s in zip(row, fraction, seconds, strict=True):
            mine = begin_row == i
            inside = bool(((begin[mine] - 1e-9 <= t) & (t <= end[mine] + 1e-9)).any())
            assert inside or s > limit - 1e-6
            strictly = bool(((begin[mine] + 1e-9 <= t) & (t <= end[mine] - 1e-9)).any())
            assert not strictly or s <= limit + 1e-6


@given(st.integers(0, 10**6), profiles)
@settings(max_examples=40)
def test_more_never_takes_longer(seed: int, profile: Profile) -> None:
    xy, streets = random_streets(seed)
    net = build(xy, streets)
    fac, dem = scatter(seed + 1, net, 4), scatter(seed + 2, net, 12)
    before = nearest(prepare(net, profile), fac, dem)
    more = nearest(prepare(net, profile), np.vstack([fac, scatter(seed + 3, net, 1)]), dem)
    assert (more.seconds <= before.seconds).all()
    assert (more.node_seconds <= before.node_seconds).all()
    rng = np.random.default_rng(seed)
    a, b = (int(v) for v in rng.integers(0, len(xy), 2))
    road = nearest(prepare(build(xy, [*streets, Street(a, b)]), profile), fac, dem)
    assert (road.seconds <= before.seconds * (1 + 1e-12) + 1e-9).all()
    assert (road.node_seconds <= before.node_seconds * (1 + 1e-12) + 1e-9).all()


@given(st.integers(0, 10**6), profiles, directions)
@settings(max_examples=60)
def test_legs_left_out_never_served(seed: int, profile: Profile, direction: str) -> None:
    net = random_network(seed)
    tn = prepare(net, replace(profile, max_access_m=400.0), direction=direction)  # type: ignore[arg-type]
    fac, dem = scatter(seed + 1, net, 4), scatter(seed + 2, net, 12)
    every = Points(tn, dem, access_legs(tn, *dem.T))
    some = Points.of(tn, dem)
    assert len(some.legs.piece) <= len(every.legs.piece)
    assert set(some.legs.point.tolist()) == set(every.legs.point.tolist())
    legs = access_legs(tn, *fac.T)
    stubs = Stubs.of(tn, legs, source=True)
    counts = np.arange(len(fac) + 1)
    whole = Sources(
        fac, legs, np.searchsorted(legs.point, counts), stubs, np.searchsorted(stubs.point, counts)
    )
    found = searches(tn, whole, 700.0, chunk=25)
    for (i, rank, seconds), r in zip(found, node_times(tn, fac, 700.0), strict=True):
        assert (i, rank.tolist()) == (r.facility, r.rank.tolist())
        np.testing.assert_allclose(r.seconds, seconds, rtol=1e-12)
        full = Reached(tn, i, 700.0, rank, seconds, whole, np.array([i]))
        a, b = point_seconds(full, every), point_seconds(r, some)
        assert np.array_equal(a[0], b[0])
        np.testing.assert_allclose(b[1], a[1], rtol=1e-12, atol=1e-9)


def test_limits_are_inclusive() -> None:
    net = grid(4, 1, 100.0)
    tn = prepare(net, replace(WALK, max_access_m=10.0, max_direct_m=0.0))
    fac, dem = [(0.0, 0.0)], [(300.0, 0.0), (300.0, 10.0), (150.0, 10.0), (300.0, 10.001)]
    assert nearest(tn, fac, dem).seconds.tolist() == [300.0, 325.0, 175.0, math.inf]
    assert nearest(tn, fac, dem, limit_s=300.0).facility.tolist() == [0, -1, 0, -1]
    assert reach(tn, fac, dem, 325.0).demand.tolist() == [0, 1, 2]
    assert reach(tn, fac, dem, math.nextafter(325.0, 0)).demand.tolist() == [0, 2]
    direct = prepare(net, replace(WALK, max_access_m=0.0, max_direct_m=20.0))
    out = nearest(direct, [(0.0, 50.0)], [(0.0, 70.0), (0.0, 70.001)])
    assert out.seconds.tolist() == [50.0, math.inf]


def test_ties_go_to_the_lower_index() -> None:
    net = grid(7, 7, 100.0)
    tn = prepare(net, replace(WALK, max_direct_m=0.0))
    xy = np.column_stack([net.x, net.y])
    rng = np.random.default_rng(3)
    for _ in range(20):
        fac = xy[rng.choice(len(xy), 6)]
        out = nearest(tn, fac, xy)
        truth = dense(tn, fac, xy)
        assert np.array_equal(out.facility, truth.argmin(axis=0))
        assert np.array_equal(out.node_facility, truth.argmin(axis=0))


def test_both_feet_on_one_street_never_leave_it() -> None:
    net = build([(0, 0), (1000, 0)], [Street(0, 1, oneway=True)])
    car = replace(WALK, mode="car", ignore_oneway=False, max_direct_m=0.0)
    tn = prepare(net, car)
    fac = [(600.0, 0.0)]
    out = nearest(tn, fac, [(200.0, 0.0), (599.0, 0.0), (600.0, 0.0), (601.0, 0.0)])
    assert out.seconds.tolist() == pytest.approx([400.0, 1.0, 0.0, math.inf])
    assert out.share_on_access.tolist()[:3] == [0.0, 0.0, 1.0]
    back = nearest(prepare(net, car, direction="from_facility"), fac, [(200.0, 0), (601.0, 0)])
    assert back.seconds.tolist() == pytest.approx([math.inf, 1.0])


def test_parallel_and_zero_length_streets() -> None:
    net = build(
        [(0, 0), (100, 0), (100, 0), (200, 0)],
        [Street(0, 1, length_m=700), Street(0, 1, length_m=500), Street(1, 2), Street(2, 3)],
    )
    tn = prepare(net, replace(WALK, max_access_m=0.0, max_direct_m=0.0))
    out = nearest(tn, [(0.0, 0.0)])
    assert out.node_seconds.tolist() == [0.0, 500.0, 500.0, 600.0]
    found = reach(tn, [(0.0, 0.0)], [(0.0, 0.0), (200.0, 0.0)], 900.0).to_csr()
    assert found.nnz == 2
    assert found.data.tolist() == [0.0, 600.0]


def test_islands_and_points_without_a_road() -> None:
    net = build([(0, 0), (100, 0), (1000, 0), (1100, 0)], [Street(0, 1), Street(2, 3)])
    tn = prepare(net, WALK)
    out = nearest(tn, [(0.0, 0.0)], [(50.0, 0.0), (1050.0, 0.0), (50.0, 500.0)])
    assert out.facility.tolist() == [0, -1, -1]
    assert np.isnan(out.share_on_access[1:]).all()
    assert out.node_facility.tolist() == [0, 0, -1, -1]
    alone = nearest(tn, [(50.0, 500.0)], [(50.0, 520.0), (50.0, 0.0)])
    assert alone.seconds.tolist() == [50.0, math.inf]
    assert alone.share_on_access.tolist()[0] == 1.0


def test_share_off_the_road() -> None:
    net = grid(11, 1, 100.0)
    tn = prepare(net, WALK)
    out = nearest(tn, [(0.0, 20.0)], [(800.0, 40.0)])
    assert out.seconds.tolist() == [800 + 50 + 100]
    assert out.share_on_access.tolist() == pytest.approx([150 / 950])


def test_the_network_is_not_touched() -> None:
    net = random_network(11)
    before = {f.name: np.array(getattr(net, f.name), copy=True) for f in fields(net)}
    fac, dem = scatter(1, net, 4), scatter(2, net, 5)
    copies = fac.copy(), dem.copy()
    tn = prepare(net, WALK)
    nearest(tn, fac, dem)
    for r in node_times(tn, fac, 300.0):
        r.streets.intervals()
    reach(tn, fac, dem, 300.0)
    for name, value in before.items():
        assert np.array_equal(
            np.array(getattr(net, name)), value, equal_nan=value.dtype.kind == "f"
        )
    assert np.array_equal(fac, copies[0])
    assert np.array_equal(dem, copies[1])


def test_bad_input_is_told_clearly() -> None:
    tn = prepare(grid(3, 3), WALK)
    ok = [(0.0, 0.0)]
    with pytest.raises(InputError, match="facility 1 has a coordinate that is not a finite"):
        nearest(tn, [(0.0, 0.0), (math.nan, 1.0)])
    with pytest.raises(InputError, match="demand point 0"):
        reach(tn, ok, [(math.inf, 0.0)], 60.0)
    with pytest.raises(InputError, match="there is no facility"):
        nearest(tn, [])
    for limit in (0.0, -5.0, math.nan):
        with pytest.raises(InputError, match="the limit must be above 0 seconds"):
            nearest(tn, ok, limit_s=limit)
        with pytest.raises(InputError, match="the limit must be above 0 seconds"):
            node_times(tn, ok, limit)
    with pytest.raises(InputError, match="shape"):
        nearest(tn, [(0.0, 0.0, 0.0)])
    with pytest.raises(InputError, match="not numbers"):
        nearest(tn, [("a", "b")])
    with pytest.raises(InputError, match="chunk"):
        reach(tn, ok, ok, 60.0, chunk=0)
    with pytest.raises(InputError, match="another travel network"):
        nearest(prepare(grid(3, 3), WALK), ok, Points.of(tn, ok))
    with pytest.raises(InputError, match="unknown direction"):
        prepare(grid(2, 2), WALK, direction="sideways")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="longest access leg"):
        access_legs(tn, [0.0], [0.0], max_access_m=-1.0)


def test_what_was_not_searched_is_not_told() -> None:
    tn = prepare(grid(3, 3), WALK)
    (r,) = node_times(tn, [(0.0, 0.0)], 60.0)
    assert r.seconds_at_nodes(np.array([0, 1])).tolist() == [0.0, math.inf]
    with pytest.raises(InputError, match="went to 60 s only"):
        r.streets.intervals(61.0)
    with pytest.raises(InputError, match="another travel network"):
        point_seconds(r, Points.of(prepare(grid(3, 3), WALK), [(0.0, 0.0)]))


def test_nobody_to_serve_and_nowhere_to_go() -> None:
    tn = prepare(grid(3, 3), WALK)
    assert len(nearest(tn, [(0.0, 0.0)], np.empty((0, 2))).seconds) == 0
    assert reach(tn, [(0.0, 0.0)], [], 60.0).to_csr().shape == (1, 0)
    nothing = prepare(build([(0, 0), (9, 9)], []), WALK)
    out = nearest(nothing, [(0.0, 0.0)], [(0.0, 20.0), (0.0, 90.0)], limit_s=900.0)
    assert out.seconds.tolist() == [50.0, math.inf]
    assert reach(nothing, [(0.0, 0.0)], [(0.0, 20.0)], 900.0).seconds.tolist() == [50.0]
    assert prepare(build([], []), WALK).piece_count == 0
