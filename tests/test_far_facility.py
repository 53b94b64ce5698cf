"""A facility far from every road: it stops nothing, is joined or named, alike everywhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from coverage.city import City
from coverage.profiles import load_profile
from coverage.reach.service import far_facilities, travel_time
from coverage.reach.sites import off_road_notes
from coverage.roads.convert import write_graphml
from coverage.roads.sources import load
from coverage.travel.access import Points, RoadDistance, access_legs, longest_leg_m
from coverage.travel.live import LiveTimes
from coverage.travel.off_road import fit_to_roads
from coverage.travel.prepare import prepare
from coverage.travel.route import route
from coverage.travel.times import nearest, reach
from helpers import centre, run, small_workspace, write_register
from networks import Street, build, random_network

if TYPE_CHECKING:
    from pathlib import Path

WALK = load_profile("older_walk")
STREET = build([(0, 0), (1000, 0)], [Street(0, 1)])
HOMES = [(0.0, 0.0), (600.0, 10.0), (1000.0, 0.0)]


def test_one_longer_leg_joins_it_and_every_answer_agrees() -> None:
    tn = prepare(STREET, WALK)
    place = [(500.0, 700.0)]
    leg, pace = 700 * 1.3 / 0.8, 1 / 0.8
    found = nearest(tn, place, HOMES)
    expected = [leg + 500 * pace, leg + 100 * pace + 10 * 1.3 / 0.8, leg + 500 * pace]
    assert found.seconds == pytest.approx(expected)
    matrix = reach(tn, place, HOMES, 3000.0).to_csr().toarray()[0]
    assert matrix == pytest.approx(expected)
    assert route(tn, HOMES[1], place).seconds == pytest.approx(expected[1])
    live = LiveTimes(tn, np.empty((0, 2)), HOMES)
    live.add(place[0], slot=0)
    assert np.array_equal(live.seconds, found.seconds)


def test_a_home_that_stands_alone_has_one_longer_leg_too() -> None:
    tn = prepare(STREET, WALK)
    homes = [(500.0, 90.0), (500.0, 700.0), (500.0, 1000.1)]
    found = nearest(tn, [(0.0, 0.0)], homes)
    expected = [(500 + 90 * 1.3) / 0.8, (500 + 700 * 1.3) / 0.8, np.inf]
    assert found.seconds == pytest.approx(expected)
    assert Points.of(tn, homes).lone.tolist() == [False, True, False]
    assert route(tn, homes[1], [(0.0, 0.0)]).seconds == found.seconds[1]
    assert "no street within 1,000 m" in route(tn, homes[2], [(0.0, 0.0)]).why().en


@pytest.mark.parametrize("seed", range(5))
def test_longer_legs_are_the_same_whatever_limit_is_asked(seed: int) -> None:
    rng, tn = np.random.default_rng(seed), prepare(random_network(seed, 25), WALK)
    homes, sites = rng.uniform(-500, 1100, (40, 2)), rng.uniform(-500, 1100, (6, 2))
    assert Points.of(tn, homes).lone.any()
    every = reach(tn, sites, homes, np.inf).to_csr()
    for limit in (60.0, 600.0, 2400.0):
        found = reach(tn, sites, homes, limit).to_csr()
        within = every.data <= limit
        assert np.array_equal(found.data, every.data[within])
        assert np.array_equal(found.indices, every.indices[within])


@pytest.mark.parametrize(
    ("classes", "main"),
    [
        ({"trunk": 1000.0, "secondary_link": 500.0}, True),
        ({"primary": 1000.0, "residential": 100.0}, True),
        ({"primary": 1000.0, "residential": 120.0}, False),
        ({"road": 1000.0}, False),
        ({"main_road": 1000.0}, True),
    ],
)
def test_legs_go_farther_where_the_classes_leave_out_the_streets(
    classes: dict[str, float], main: bool
) -> None:
    ends = [(0.0, 0.0), *((metres, 0.0) for metres in classes.values())]
    streets = [Street(0, n, highway=name) for n, name in enumerate(classes, start=1)]
    net = build(ends, streets)
    assert net.main_roads_only == main
    profile, notes = fit_to_roads(WALK, net)
    longest = 3000.0 if main else 100.0
    assert (profile.max_access_m, profile.max_direct_m) == (longest, longest)
    assert f"{longest:,.0f} m off the road" in notes[0].en


def test_farther_than_the_profile_goes_it_is_not_connected() -> None:
    tn = prepare(STREET, WALK)
    assert np.isinf(nearest(tn, [(500.0, 1000.1)], HOMES).seconds).all()
    assert np.isfinite(nearest(tn, [(500.0, 1000.0)], HOMES).seconds).all()


def test_a_street_within_the_usual_leg_leaves_it_at_that() -> None:
    tn = prepare(
        build([(0, 0), (100, 0), (0, 900), (100, 900)], [Street(0, 1), Street(2, 3)]), WALK
    )
    found = nearest(tn, [(50.0, 90.0)], [(0.0, 0.0), (0.0, 900.0)])
    assert np.isfinite(found.seconds).tolist() == [True, False]


FAR = {"lon": 112.80, "lat": 24.30}  # in the mountains, 11 km from any main road
CIRCLE = ("--indicator", "elder_care.circle_15min")


@pytest.mark.parametrize(
    "args",
    [
        ("circle", "--kind", "elder_care", "--format", "json"),
        ("report", *CIRCLE, "--format", "json"),
        ("site", *CIRCLE, "--max-new", "1", "--profile", "drive", "--format", "json"),
    ],
    ids=lambda args: args[0],
)
def test_commands_compute_all_else_and_name_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, args: tuple[str, ...]
) -> None:
    path = write_register(
        tmp_path / "r.csv", [centre(1, "441802008"), centre(2, "441802008", **FAR)]
    )
    command, *rest = args
    done = run(capsys, command, "--city", "清远", "--facilities", str(path), *rest, "--lang", "en")
    assert done.code == 0, done.err
    told = json.dumps(done.data)
    assert "not connected (no road within 3,000 m)" in told
    assert "t-2" in told
    assert "max_single_leg_m" in told


@pytest.mark.parametrize("command", ["scenario", "map"])
def test_scenarios_and_their_maps_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str
) -> None:
    path = write_register(
        tmp_path / "r.csv", [centre(1, "441802008"), centre(2, "441802008", **FAR)]
    )
    wish = tmp_path / "s.toml"
    wish.write_text(
        'name = "一处"\ncity = "清远"\n[[add]]\nid = "x-1"\nname = "新中心"\n'
        'kind = "elder_care"\ntownship = "441802103"\nservices = ["全托"]\n'
        'opened = 2022-01-01\nprovenance = "modelled"\n',
        encoding="utf-8",
    )
    out = tmp_path / "m.html"
    args = {
        "scenario": ("scenario", "run", str(wish), "--format", "json"),
        "map": ("map", "--scenario", str(wish), "--out", str(out)),
    }[command]
    done = run(capsys, *args, "--city", "清远", "--facilities", str(path), "--lang", "en")
    assert done.code == 0, done.err
    if command == "scenario":
        assert "not connected (no road within 3,000 m)" in done.out


@pytest.mark.parametrize("profile", ["older_walk", "drive", "standard_1000m"])
def test_a_time_is_the_same_number_whatever_limit_is_asked(profile: str) -> None:
    city = City.load("珠山")
    times = [travel_time(city, profile=profile, minutes=m).seconds for m in (1, 15, 300)]
    assert np.isfinite(times[0]).any()
    for other in times[1:]:
        assert np.array_equal(times[0], other)


AWAY_M = [
    0.0,
    9000.0,
    *(m + more for m in (100.0, 300.0, 1000.0) for more in (-0.1, 0.0, 5e-7, 0.1)),
]


@pytest.mark.parametrize("profile", ["older_walk", "drive", "standard_1000m"])
def test_what_is_called_far_is_what_the_engine_does(profile: str) -> None:
    tn = prepare(STREET, load_profile(profile))
    places = [(500.0, y) for y in [*AWAY_M, longest_leg_m(tn.profile), 30_000.0]]
    away = RoadDistance.of(tn, np.array(places))
    for place, far, cut_off in zip(places, away.far, away.cut_off, strict=True):
        usual = access_legs(tn, *place).point.size > 0
        joined = access_legs(tn, *place, alone=True).point.size > 0
        assert far == (not usual)
        assert cut_off == (not joined)


def _workspace(folder: Path) -> Path:
    """清远 with main roads, one facility near them and one in the mountains."""
    small_workspace(folder)
    write_register(
        folder / "facilities.csv",
        [centre(1, "441802008", lon=113.02, lat=23.70), centre(2, "441802008", **FAR)],
    )
    return folder


CUT_OFF = "not connected (no road within 3,000 m), all else is computed: t-2"


def test_check_lists_it_with_its_remedy(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    space = _workspace(tmp_path / "ws")
    done = run(capsys, "check", "--workspace", str(space), "--lang", "en")
    assert done.code == 0, done.err
    told = " ".join(done.out.split())
    assert CUT_OFF in told
    assert "max_single_leg_m" in told
    assert "t-1" not in told


def test_check_and_circles_name_the_same_with_the_same_metres(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    space = _workspace(tmp_path / "ws")
    city = City.open(space)
    (said,) = off_road_notes(far_facilities(city, city.register.facilities))
    at = ("circle", "--kind", "elder_care", "--workspace", str(space))
    done = run(capsys, *at, "--format", "json", "--lang", "en")
    assert said.en in done.data["notes"]


def test_importing_roads_says_it_of_the_facilities_already_there(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    space = _workspace(tmp_path / "ws")
    roads = tmp_path / "roads.graphml"
    write_graphml(load("441800"), roads)
    done = run(capsys, "import", "roads", str(roads), "--workspace", str(space), "--lang", "en")
    assert done.code == 0, done.err
    told = " ".join(done.out.split())
    assert "all else is computed" in told
    assert "t-2" in told
    assert "max_single_leg_m" in told


@pytest.mark.parametrize("far", [True, False], ids=["far", "near"])
def test_importing_facilities_says_what_becomes_of_each(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, far: bool
) -> None:
    space = tmp_path / "ws"
    small_workspace(space)
    row = centre(1, "441802008", lon=113.02, lat=23.70)
    if far:  # the Nanling nature reserve
        row = centre(1, "441823201", lon=112.87, lat=24.85)
    path = write_register(tmp_path / "r.csv", [row])
    at = ("--workspace", str(space), "--datum", "wgs84", "--lang", "en")
    done = run(capsys, "import", "facilities", str(path), *at)
    assert done.code == 0, done.err
    told = " ".join(done.out.split())
    assert ("it will not be connected (at most 3,000 m)" in told) == far
    assert ("max_single_leg_m" in told) == far
