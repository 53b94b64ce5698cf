"""Times kept up to date equal times computed anew: bit for bit, after any edits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import shared_file
from coverage.errors import InputError
from coverage.profiles import Profile, load_profile
from coverage.roads.sources import load
from coverage.travel.access import Points
from coverage.travel.live import LiveTimes
from coverage.travel.prepare import prepare
from coverage.travel.times import nearest
from networks import Street, build, grid, random_network

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
    mode=st.sampled_from(["foot", "car"]),
    source=st.just("test"),
    speed_mps=st.sampled_from([0.8, 1.0, 5.0]),
    access_speed_mps=st.sampled_from([0.8, 1.0]),
    detour=st.sampled_from([1.0, 1.3]),
    max_access_m=st.sampled_from([0.0, 40.0, 120.0, 400.0]),
    max_direct_m=st.sampled_from([0.0, 60.0, 200.0]),
    ignore_oneway=st.booleans(),
)


def agree(live: LiveTimes, xy: dict[int, np.ndarray]) -> None:
    """Everything equals `nearest` over the same facilities, in the order of their slots."""
    assert live.slots == tuple(sorted(xy))
    if not xy:
        assert np.isinf(live.seconds).all()
        assert np.isinf(live.node_seconds).all()
        assert (live.facility == -1).all()
        assert (live.node_facility == -1).all()
        return
    fresh = nearest(live.tn, np.array([xy[s] for s in sorted(xy)]), live.points)
    assert np.array_equal(live.node_seconds, fresh.node_seconds)
    assert np.array_equal(live.node_facility, fresh.node_facility)
    assert np.array_equal(live.seconds, fresh.seconds)
    assert np.array_equal(live.facility, fresh.facility)


def edit_at_random(
    live: LiveTimes, xy: dict[int, np.ndarray], rng: np.random.Generator, places: np.ndarray
) -> None:
    """One edit: a facility more, less, or elsewhere; sometimes where another one stands."""
    what = rng.random()
    place = places[rng.integers(len(places))]
    if xy and rng.random() < 0.15:
        place = xy[int(rng.choice(list(xy)))]
    if not xy or what < 0.4:
        free = [s for s in range(max(xy, default=0)) if s not in xy]
        slot = int(rng.choice(free)) if free and rng.random() < 0.5 else None
        xy[live.add(place, slot=slot)] = place
    elif what < 0.75:
        slot = int(rng.choice(list(xy)))
        live.remove(slot)
        del xy[slot]
    else:
        slot = int(rng.choice(list(xy)))
        live.move(slot, place)
        xy[slot] = place


def follow(
    tn: TravelNetwork, places: np.ndarray, demand: np.ndarray, seed: int, edits: int
) -> None:
    rng = np.random.default_rng(seed)
    first = places[rng.integers(0, len(places), int(rng.integers(1, 5)))]
    live = LiveTimes(tn, first, demand)
    xy = dict(enumerate(first))
    agree(live, xy)
    for _ in range(edits):
        edit_at_random(live, xy, rng, places)
        agree(live, xy)


def scatter(seed: int, net: RoadNetwork, count: int) -> np.ndarray:
    """Points anywhere, and on nodes."""
    rng = np.random.default_rng(seed)
    free = np.round(rng.uniform(-80, 720, (count, 2)), 1)
    node = rng.integers(0, net.node_count, count)
    on_node = np.column_stack([net.x[node], net.y[node]])
    return np.where(rng.random(count)[:, None] < 0.5, on_node, free)


@given(st.integers(0, 10**6), profiles, st.sampled_from(["to_facility", "from_facility"]))
@settings(max_examples=120)
def test_any_edits_on_any_network(seed: int, profile: Profile, direction: str) -> None:
    net = random_network(seed)
    tn = prepare(net, profile, direction=direction)  # type: ignore[arg-type]
    follow(tn, scatter(seed + 1, net, 12), scatter(seed + 2, net, 14), seed, 10)


@given(st.integers(0, 10**6), st.integers(2, 7), st.integers(2, 7))
@settings(max_examples=60)
def test_ties_on_a_grid(seed: int, columns: int, rows: int) -> None:
    """Every time ties with others: the lowest of the facilities that are left wins."""
    net = grid(columns, rows)
    nodes = np.column_stack([net.x, net.y])
    beside = nodes + np.array([10.0, 0.0])
    follow(prepare(net, WALK), nodes, np.vstack([nodes, beside]), seed, 12)


@st.composite
def rounding_networks(draw: st.DrawFn) -> RoadNetwork:
    """Streets from a thousandth to ten billion kilometres: sums swallow what is added to them."""
    nodes = draw(st.integers(4, 12))
    lengths = st.sampled_from([0.0, 1e-3, 0.1, 0.3, 1.0, 3.0, 1e13, 3e13, 2.0**53])
    pair = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1), lengths, st.booleans())
    pairs = draw(st.lists(pair, min_size=nodes, max_size=4 * nodes))
    xy = [(float(200 * n), float(200 * (n * n % 7))) for n in range(nodes)]
    return build(xy, [Street(a, b, length_m=m, oneway=o) for a, b, m, o in pairs if a != b])


@given(rounding_networks(), st.integers(0, 10**6), st.booleans())
@settings(max_examples=250)
def test_where_rounding_swallows_a_difference(net: RoadNetwork, seed: int, oneway: bool) -> None:
    profile = replace(WALK, mode="car", ignore_oneway=not oneway, max_access_m=60.0)
    nodes = np.column_stack([net.x, net.y])
    places = np.vstack([nodes, nodes + np.array([0.1, 0.2]), nodes + np.array([3.0, 4.0])])
    follow(prepare(net, profile), places, nodes, seed, 12)


def test_liechtenstein() -> None:
    net = load(shared_file("testdata", "osm", "liechtenstein-2021.osm.pbf"))
    tn = prepare(net, load_profile("older_walk"))
    rng = np.random.default_rng(7)
    nodes = np.column_stack([net.x, net.y])
    demand = Points.of(tn, nodes[rng.integers(0, len(nodes), 3000)] + rng.normal(0, 60, (3000, 2)))
    places = nodes[rng.integers(0, len(nodes), 60)] + rng.normal(0, 20, (60, 2))
    live = LiveTimes(tn, places[:25], demand)
    xy = dict(enumerate(places[:25]))
    for _ in range(25):
        edit_at_random(live, xy, rng, places)
        agree(live, xy)


def test_the_last_facility_goes_and_one_comes_back() -> None:
    net = grid(4, 3)
    nodes = np.column_stack([net.x, net.y])
    live = LiveTimes(prepare(net, WALK), nodes[:1], nodes)
    live.remove(0)
    agree(live, {})
    assert live.add(nodes[5]) == 0
    agree(live, {0: nodes[5]})
    empty = LiveTimes(live.tn, [], live.points)
    agree(empty, {})
    empty.add(nodes[2])
    agree(empty, {0: nodes[2]})


def test_what_it_gives_out_is_the_readers_own() -> None:
    net = grid(4, 3)
    nodes = np.column_stack([net.x, net.y])
    live = LiveTimes(prepare(net, WALK), nodes[:2], nodes)
    live.seconds[:] = 0
    live.facility[:] = 0
    live.node_seconds[:] = 0
    agree(live, {0: nodes[0], 1: nodes[1]})


@pytest.mark.parametrize("slot", [0, -1, 2**31])
def test_a_slot_that_is_taken_or_none(slot: int) -> None:
    live = LiveTimes(prepare(grid(3, 3), WALK), [[0.0, 0.0]], [[50.0, 0.0]])
    with pytest.raises(InputError, match="slot"):
        live.add((100.0, 0.0), slot=slot)
    agree(live, {0: np.zeros(2)})


@given(st.integers(0, 10**6))
@settings(max_examples=30)
def test_many_at_few_places(seed: int) -> None:
    """Most facilities share their place with others: the lowest there is the one named."""
    net = grid(4, 4)
    nodes = np.column_stack([net.x, net.y])
    follow(prepare(net, WALK), nodes[[0, 5, 10]], nodes + np.array([7.0, 3.0]), seed, 14)


def test_nothing_to_remove() -> None:
    live = LiveTimes(prepare(grid(3, 3), WALK), [[0.0, 0.0]], [[50.0, 0.0]])
    with pytest.raises(InputError, match="no facility"):
        live.remove(3)
    with pytest.raises(InputError, match="finite"):
        live.add((np.nan, 0.0))
    agree(live, {0: np.zeros(2)})
