"""Ways off the road cross no closed area, on the lattice as for people."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, box

from coverage.circles.polygons import service_circles
from coverage.profiles import load_profile
from coverage.travel.barriers import Barrier
from coverage.travel.live import LiveTimes
from coverage.travel.prepare import prepare
from coverage.travel.route import route
from coverage.travel.times import nearest, node_times, reach
from coverage.travel.walls import Walls
from networks import Street, build, random_network

if TYPE_CHECKING:
    from coverage.roads.network import RoadNetwork

WALK = replace(load_profile("older_walk"), max_access_m=300.0, max_direct_m=300.0)
SOUTH, NORTH = [(0, 0), (1000, 0)], [(0, 250), (1000, 250)]
HOME = [(500.0, 250.0)]
NONE = np.empty(0, dtype=object)
PEOPLE = [(500.0, 0.0), (200.0, 250.0), (500.0, 240.0)]


def _banks(*more: Street, **points: list[tuple[float, float]]) -> RoadNetwork:
    nodes = [*SOUTH, *NORTH, *points.get("nodes", [])]
    return build(nodes, [Street(0, 1), Street(2, 3), *more])


RIVER = Barrier(area=box(-500, 50, 1500, 200))


def test_nobody_crosses_a_river_and_every_answer_says_so() -> None:
    dry, wet = prepare(_banks(), WALK), prepare(_banks(), WALK, barriers=[RIVER])
    assert np.isfinite(nearest(dry, HOME, PEOPLE).seconds).all()
    found = nearest(wet, HOME, PEOPLE).seconds
    assert np.isfinite(found).tolist() == [False, True, True]
    matrix = reach(wet, HOME, PEOPLE, 900.0).to_csr()
    assert matrix.indices.tolist() == [1, 2]
    assert route(wet, PEOPLE[0], HOME).status == "island"
    live = LiveTimes(wet, np.empty((0, 2)), PEOPLE)
    live.add(HOME[0], slot=0)
    assert np.array_equal(live.seconds, found)


def test_the_circle_stays_on_its_bank() -> None:
    tn = prepare(_banks(), WALK, barriers=[RIVER])
    step = WALK.resolution_m
    circle = service_circles(tn, list(node_times(tn, HOME, 900.0)), [900.0], step_m=step)[0, 0]
    assert circle.contains(Point(500, 260))
    assert circle.bounds[1] >= 200 - step  # contoured between corners: a cell at most
    dry = prepare(_banks(), WALK)
    assert (
        service_circles(dry, list(node_times(dry, HOME, 900.0)), [900.0], step_m=step)[0, 0].bounds[
            1
        ]
        < 0
    )


def test_a_slowed_area_is_no_wall() -> None:
    slow = Barrier(area=RIVER.area, factor=2.0)
    tn = prepare(_banks(), WALK, barriers=[slow])
    assert np.isfinite(nearest(tn, HOME, PEOPLE).seconds).all()


def test_a_wall_may_be_walked_up_to() -> None:
    walls = Walls(np.array([shapely.LineString([(0, 0), (100, 0)])], dtype=object), NONE)
    ends = np.array([[50, 30, 50, 0], [50, 30, 50, -0.5], [0, 30, 300, 30], [50, 0, 50, 0.0]])
    assert walls.bar(*ends.T).tolist() == [False, True, False, True]


@given(st.integers(0, 10_000))
@settings(max_examples=150, deadline=None)
def test_looking_only_near_walls_finds_what_looking_at_all_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shapes = list(np.asarray(shapely.linestrings(rng.uniform(0, 5000, (4, 2, 2)))))
    squares = rng.uniform(0, 900, (3, 3)) * (5, 5, 1)
    shapes += [box(x, y, x + w, y + w) for x, y, w in squares.tolist()]
    ends = rng.uniform(-500, 5500, (200, 4))
    ends[::2, 2:] = ends[::2, :2] + rng.normal(0, 150, (100, 2))
    found = Walls(np.array(shapes, dtype=object), NONE).bar(*ends.T)
    lines = shapely.linestrings(ends.reshape(-1, 2, 2))
    assert np.array_equal(found, shapely.intersects(shapely.union_all(shapes), lines))


@given(st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_a_long_river_bars_what_its_whole_line_meets(seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.choice([2, 3, 16, 17, 18, 33, 200], 6)
    lines = [rng.uniform(0, 4000, 2) + rng.normal(0, 60, (n, 2)).cumsum(axis=0) for n in counts]
    net = build([*SOUTH, *NORTH], [Street(0, 1), Street(2, 3)])
    x, y = np.concatenate(lines).T
    rivers = replace(
        net,
        obstacle=np.zeros(len(lines), np.uint8),
        obstacle_start=np.concatenate([[0], np.cumsum(counts)]),
        obstacle_x=x,
        obstacle_y=y,
    )
    walls = Walls.of(rivers, (), np.zeros(net.edge_count, bool))
    assert walls is not None
    ends = rng.uniform(-500, 4500, (300, 4))
    ends[::2, 2:] = ends[::2, :2] + rng.normal(0, 150, (150, 2))
    whole = shapely.MultiLineString([one.tolist() for one in lines])
    ways = shapely.linestrings(ends.reshape(-1, 2, 2))
    assert np.array_equal(walls.bar(*ends.T), shapely.intersects(whole, ways))


@given(st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_adding_a_wall_never_shortens_a_time(seed: int) -> None:
    rng = np.random.default_rng(seed)
    net = random_network(seed)
    homes, people = rng.uniform(-100, 700, (3, 2)), rng.uniform(-100, 700, (40, 2))
    corner = rng.uniform(0, 500, 2)
    more = [Barrier(area=box(*corner, *(corner + rng.uniform(5, 200, 2)))) for _ in range(2)]
    seconds = [
        nearest(prepare(net, WALK, barriers=more[:n]), homes, people).seconds for n in (0, 1, 2)
    ]
    assert (seconds[0] <= seconds[1] + 1e-9).all()
    assert (seconds[1] <= seconds[2] + 1e-9).all()
