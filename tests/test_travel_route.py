from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coverage.errors import InputError
from coverage.travel.prepare import prepare
from coverage.travel.route import route
from coverage.travel.times import nearest
from networks import Street, build, grid, random_network
from test_travel_times import WALK, directions, profiles, scatter

if TYPE_CHECKING:
    from coverage.profiles import Profile


@given(st.integers(0, 10**6), profiles, directions)
@settings(max_examples=80)
def test_a_route_adds_up_to_the_time(seed: int, profile: Profile, direction: str) -> None:
    net = random_network(seed)
    tn = prepare(net, profile, direction=direction)  # type: ignore[arg-type]
    fac, places = scatter(seed + 1, net, 4), scatter(seed + 2, net, 5)
    near = nearest(tn, fac, places)
    for place, seconds, facility, share in zip(
        places, near.seconds, near.facility, near.share_on_access, strict=True
    ):
        way = route(tn, place, fac)
        assert way.seconds == seconds
        assert way.facility == facility
        if facility < 0:
            assert way.status in {"no_road", "no_road_at_facilities", "island"}
            assert len(way.line) == 0
            continue
        assert way.status == "covered"
        parts = way.place_leg_s + way.road_s + way.facility_leg_s
        assert parts == pytest.approx(seconds, abs=1e-9)
        if seconds > 0:
            assert (way.place_leg_s + way.facility_leg_s) / seconds >= share - 1e-9
        ends = (place, fac[facility]) if direction == "to_facility" else (fac[facility], place)
        assert np.allclose(way.line[0], ends[0])
        assert np.allclose(way.line[-1], ends[1])
        drawn = float(np.hypot(*np.diff(way.line, axis=0).T).sum())
        slack = 1e-6 * (1 + drawn)
        if all(net.length_m[e] >= _drawn(net, int(e)) - 1e-9 for e in way.edges):
            assert drawn <= way.off_road_m + way.road_m + slack
        assert (way.off_road_m > drawn - slack) if way.direct else True


def _drawn(net, edge: int) -> float:  # type: ignore[no-untyped-def]  # noqa: ANN001
    from brute_travel import line_of

    return float(line_of(net, edge).length)


def test_parts_of_a_way_round_the_corner() -> None:
    tn = prepare(grid(3, 3, 100.0), WALK)
    way = route(tn, (50.0, -20.0), [(200.0, 150.0)])
    assert way.seconds == pytest.approx(50 + 300)
    assert (way.place_leg_s, way.road_s, way.facility_leg_s) == pytest.approx((50, 300, 0))
    assert way.road_m == pytest.approx(300)
    assert way.line.tolist()[:2] == [[50.0, -20.0], [50.0, 0.0]]
    assert way.nodes[0] == 1
    assert way.nodes[-1] in {4 + 1, 2 + 3}
    back = route(
        prepare(grid(3, 3, 100.0), WALK, direction="from_facility"), (50.0, -20.0), [(200.0, 150.0)]
    )
    assert back.line[-1].tolist() == [50.0, -20.0]
    assert back.seconds == way.seconds


def test_a_loop_is_left_by_the_quicker_end() -> None:
    net = build([(0, 0), (100, 0)], [Street(0, 1), Street(0, 0, bends=((-100, 0), (-100, 100)))])
    tn = prepare(net, replace(WALK, max_access_m=1.0, max_direct_m=0.0))
    assert route(tn, (-90.0, 0.0), [(100.0, 0.0)]).road_m == pytest.approx(190)
    way = route(tn, (-30.0, 30.0), [(100.0, 0.0)])
    assert way.road_m == pytest.approx(100 + math.hypot(30, 30))


def test_why_a_place_is_not_covered() -> None:
    net = build([(0, 0), (100, 0), (1000, 0), (1100, 0)], [Street(0, 1), Street(2, 3)])
    tn = prepare(net, WALK)
    far = route(tn, (50.0, 500.0), [(0.0, 0.0)])
    assert far.status == "no_road"
    assert far.nearest_road_m == 500.0
    assert far.why().en == "no street within 90 m of the place; the nearest is 500 m away"
    island = route(tn, (1050.0, 0.0), [(0.0, 0.0)])
    assert island.status == "island"
    assert "not connected" in island.why().en
    remote = route(tn, (50.0, 0.0), [(0.0, 900.0)])
    assert remote.status == "no_road_at_facilities"
    assert "no facility" in remote.why().en
    late = route(tn, (100.0, 0.0), [(0.0, 0.0)], limit_s=60.0)
    assert (late.status, late.over_s) == ("over_limit", 40.0)
    assert route(tn, (100.0, 0.0), [(0.0, 0.0)], limit_s=100.0).status == "covered"
    direct = route(tn, (300.0, 0.0), [(320.0, 0.0)])
    assert (direct.direct, direct.seconds, direct.road_m) == (True, 50.0, 0.0)
    assert route(prepare(build([], []), WALK), (0, 0), [(500, 0)]).nearest_road_m == math.inf


def test_bad_input() -> None:
    tn = prepare(grid(2, 2), WALK)
    with pytest.raises(InputError, match="place 0"):
        route(tn, (math.nan, 0.0), [(0.0, 0.0)])
    with pytest.raises(InputError, match="shape"):
        route(tn, (1.0, 2.0, 3.0), [(0.0, 0.0)])
    with pytest.raises(InputError, match="no facility"):
        route(tn, (1.0, 2.0), [])
    with pytest.raises(InputError, match="limit"):
        route(tn, (1.0, 2.0), [(0.0, 0.0)], limit_s=-1.0)
