"""Circles and the travel room mean the same time: a corner is in if its travel time is within."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coverage.circles.contour import CLEARANCE, Sheet
from coverage.circles.drawing import Canvas, Plan
from coverage.circles.polygons import service_circles
from coverage.circles.times import access_of, times_of
from coverage.profiles import Profile
from coverage.travel.access import Points
from coverage.travel.prepare import TravelNetwork, prepare
from coverage.travel.times import nearest, node_times, point_seconds, reached_by_any
from networks import Street, build, random_network
from test_travel_times import directions, profiles, scatter

AT_ONE_BEND = Profile(
    name="p", zh="测", en="test", mode="foot", source="test",
    speed_mps=0.8, access_speed_mps=0.8, max_access_m=400.0, max_direct_m=0.0, detour=1.0,
)  # fmt: skip


@settings(max_examples=80)
@given(seed=st.integers(0, 10**6), profile=profiles, direction=directions)
@example(seed=11944, profile=AT_ONE_BEND, direction="to_facility")
def test_a_corner_is_in_if_travel_says_so(seed: int, profile: Profile, direction: str) -> None:
    net = random_network(seed)
    tn = prepare(net, profile, direction=direction)  # type: ignore[arg-type]
    check_corners(tn, scatter(seed, net, 3), 240.0)


def check_corners(tn: TravelNetwork, places: np.ndarray, limit: float) -> None:
    """Each corner around each place is in if travel says so."""
    access = access_of(tn.profile)
    # Off the round metres of the test's networks: a step that meets no tie.
    plan = Plan(tn.segments, access, (limit,), 23.456789)
    for reached in node_times(tn, places, limit):
        times = times_of(reached).within(limit)
        frame = plan.window(times)
        sheet = Sheet(frame, access)
        for marks in Canvas(plan, frame).marks(times):
            sheet.lay(marks, limit)
        levels = sheet.lift(frame)
        row, column = np.divmod(np.arange(frame.size), frame.columns)
        corners = np.column_stack([column + frame.column, row + frame.row]) * frame.step_m
        point, seconds = point_seconds(reached, Points.of(tn, corners))
        expected = np.zeros(frame.size, dtype=bool)
        expected[point] = True
        tie = np.zeros(frame.size, dtype=bool)
        tie[point] = seconds > limit - 1e-3
        found = levels.ravel() <= -CLEARANCE
        # Single precision may turn a corner on the very limit, so far as there is one.
        assert not (found ^ expected)[~tie].any()


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), profile=profiles)
def test_demand_reached_on_the_road_is_inside(seed: int, profile: Profile) -> None:
    net = random_network(seed)
    tn = prepare(net, profile)
    facilities = scatter(seed, net, 4)
    row = np.arange(net.edge_count)
    share = np.random.default_rng(seed).random(len(row))
    edge = tn.piece_edge[tn.open]
    straight = edge[np.diff(net.bend_start)[edge] == 0]
    a = np.column_stack([net.x[net.tail], net.y[net.tail]])[straight]
    b = np.column_stack([net.x[net.head], net.y[net.head]])[straight]
    demand = a + (b - a) * share[: len(a), None]
    if not len(demand):
        return
    reached = [reached_by_any(tn, facilities, 180)]
    shape = service_circles(tn, reached, [180.0], step_m=31.0, how="dissolve")[0, 0]
    # Off-road legs lead to other streets; a way wholly on the road is promised to be inside.
    found = nearest(tn, facilities, demand, limit_s=180 - 1e-6)
    direct = found.share_on_access == 0
    far = shapely.distance(shape, shapely.points(demand[direct]))
    assert np.nan_to_num(far, nan=np.inf).max(initial=0) <= 1e-6


def test_nothing_joins_or_runs_along_a_street_drawn_straight_for_too_long() -> None:
    """Six kilometres without a bend: its ends are known, and the way between them is not."""
    xy = [(0.0, 0.0), (6_000.0, 0.0), (6_000.0, 4_000.0)]
    net = build(xy, [Street(0, 1), Street(1, 2)])
    tn = prepare(net, AT_ONE_BEND)
    places = [(3_000.0, 10.0), (10.0, 10.0), (6_010.0, 2_000.0)]
    found = nearest(tn, [(6_000.0, 5.0)], places)
    assert found.seconds.tolist()[0] == np.inf  # beside the long line, with no end near
    assert np.isfinite(found.seconds[1:]).all()
    assert found.seconds[1] > 6_000 / AT_ONE_BEND.speed_mps  # from end to end
    (reached,) = node_times(tn, [(6_000.0, 5.0)], 2_400.0)
    ((shape,),) = service_circles(tn, [reached], [2_400.0], step_m=25.0)
    assert shape.contains(shapely.Point(6_000, 1_800))
    middle = shapely.box(1_000, -1_000, 5_000, 1_000)
    assert shape.intersection(middle).is_empty


def test_a_long_straight_stretch_between_bends_is_closed_alone() -> None:
    bends = ((1_000.0, 0.0), (1_000.0, 7_000.0))
    net = build([(0.0, 0.0), (2_000.0, 7_000.0)], [Street(0, 1, bends=bends)])
    tn = prepare(net, AT_ONE_BEND)
    near = nearest(tn, [(500.0, 10.0)], [(1_010.0, 3_500.0), (1_500.0, 7_010.0), (900.0, 10.0)])
    assert np.isfinite(near.seconds).tolist() == [False, True, True]
    assert near.seconds[1] == ((500 + 7_000 + 500) + 20) / AT_ONE_BEND.speed_mps
