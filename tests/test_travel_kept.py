"""Legs kept for every later command, one ground a run, and points in parts: always one answer."""

from __future__ import annotations

import gc
import shutil
import struct
import weakref
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely

from coverage.assessment import assess
from coverage.city import City
from coverage.maps import before_after
from coverage.profiles import load_profile
from coverage.reach import ground
from coverage.reach.ground import set_up_travel
from coverage.reach.service import travel_time
from coverage.travel import kept, times
from coverage.travel.access import Points, Stubs, useful_legs
from coverage.travel.barriers import Barrier
from coverage.travel.prepare import prepare
from coverage.travel.times import nearest
from networks import grid, random_network

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from coverage.travel.prepare import TravelNetwork

WALK = load_profile("adult_walk")
PLACES = np.random.default_rng(3).uniform(-150, 650, (60, 2))


class Counted:
    """A function that is called as before, and what it was called with."""

    def __init__(self, plain: Callable[..., Any]) -> None:
        self.plain, self.calls = plain, list[tuple[Any, ...]]()

    def __call__(self, *args: Any, **options: Any) -> Any:
        self.calls.append(args)
        return self.plain(*args, **options)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many points have had their legs worked out since the last time of asking."""
    counted = Counted(useful_legs)
    monkeypatch.setattr(kept, "useful_legs", counted)

    def points() -> int:
        found = sum(len(args[1]) for args in counted.calls)
        counted.calls.clear()
        return found

    return points


def streets(seed: int = 1, **options: Any) -> TravelNetwork:
    return prepare(random_network(seed), options.pop("profile", WALK), **options)


def assert_same(one: Points, other: Points) -> None:
    for part in ("legs", "stubs"):
        for field in fields(getattr(one, part)):
            a, b = (getattr(getattr(points, part), field.name) for points in (one, other))
            assert a.dtype == b.dtype
            assert np.array_equal(a, b), field.name


@pytest.mark.parametrize("seed", range(5))
def test_kept_legs_are_those_of_the_points(seed: int, asked: Callable[[], int]) -> None:
    right = Points.of(streets(seed), PLACES)
    for count in (len(PLACES), 0, 0):  # the network is another object each time
        assert_same(kept.kept_points(streets(seed), PLACES), right)
        assert asked() == count


def _moved() -> TravelNetwork:
    network = random_network(1)
    x = network.x.copy()
    x[0] += 0.001
    return prepare(replace(network, x=x), WALK)


def _slower() -> TravelNetwork:
    return prepare(random_network(1), replace(WALK, access_speed_mps=WALK.access_speed_mps * 1.01))


OTHERS: dict[str, Callable[[], TravelNetwork]] = {
    "other roads": lambda: streets(2),
    "a node a millimetre away": _moved,
    "another profile": lambda: streets(profile=load_profile("drive")),
    "a profile with one number changed": _slower,
    "the other direction": lambda: streets(direction="from_facility"),
    "a wall": lambda: streets(
        barriers=[Barrier(area=shapely.box(100, 100, 140, 500), streets=False)]
    ),
    "the wall a metre on": lambda: streets(
        barriers=[Barrier(area=shapely.box(101, 100, 141, 500), streets=False)]
    ),
    "a street slowed": lambda: streets(barriers=[Barrier(edge_ids=(1000,), factor=2.0)]),
    "a street closed": lambda: streets(barriers=[Barrier(edge_ids=(1000,))]),
}


def test_what_differs_in_anything_has_legs_of_its_own(asked: Callable[[], int]) -> None:
    made = {"the first": lambda: streets(1), **OTHERS}
    for name, make in made.items():
        assert_same(kept.kept_points(make(), PLACES), Points.of(make(), PLACES))
        assert asked() == len(PLACES), name
    elsewhere = PLACES + np.array([0.0, 1e-9])
    for xy in (elsewhere, PLACES[::-1], PLACES[:-1]):
        assert_same(kept.kept_points(streets(1), xy), Points.of(streets(1), xy))
        assert asked() == len(xy)
    for name, make in made.items():
        kept.kept_points(make(), PLACES)
        assert asked() == 0, name


def test_heights_are_told_by_their_raster(tmp_path: Path, asked: Callable[[], int]) -> None:
    from test_slopes import EAST, NORTH, street, write

    steep, network = replace(WALK, slope="tobler"), street(600, 900, 1200)
    xy = np.array([[EAST + 700, NORTH - 1460], [EAST + 1000, NORTH - 1530]])
    for high in (0.1, 0.1, 0.2):

        def hill(x: np.ndarray, y: np.ndarray, high: float = high) -> np.ndarray:
            return np.asarray((x + y) * high)

        raster = write(tmp_path / "h.tif", hill)
        tn = prepare(network, steep, elevation=raster)
        assert_same(kept.kept_points(tn, xy), Points.of(tn, xy))
    assert asked() == 2 * len(xy)


def test_only_the_newest_are_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "CACHE", replace(kept.CACHE, most=2))
    for seed in range(4):
        kept.kept_points(streets(seed), PLACES)
    there = set((cache / "legs").iterdir())
    assert len(there) == 2
    for seed in (2, 3):
        assert_same(kept.kept_points(streets(seed), PLACES), Points.of(streets(seed), PLACES))
    assert set((cache / "legs").iterdir()) == there


def test_a_spoilt_entry_is_made_anew(cache: Path, asked: Callable[[], int]) -> None:
    right = kept.kept_points(streets(1), PLACES)
    kept.kept_points(streets(2), PLACES)
    entry, another = sorted((cache / "legs").iterdir(), key=lambda p: p.stat().st_mtime_ns)
    whole = entry.read_bytes()
    later = struct.pack("<I", kept.CACHE.archive.version + 1)
    at = (0, 200, len(whole) // 2, len(whole) - 1)
    flipped = [whole[:n] + bytes([whole[n] ^ 1]) + whole[n + 1 :] for n in at]
    spoilt = [b"", whole[:-1], whole + b"\0", whole[:-36] + later + whole[-32:], *flipped]
    assert asked() == 2 * len(PLACES)
    for content in [*spoilt, another.read_bytes()]:  # another's is whole, and not this one
        entry.write_bytes(content)
        assert_same(kept.kept_points(streets(1), PLACES), right)
        assert asked() == len(PLACES)
        assert entry.read_bytes() == whole
    entry.unlink()
    entry.mkdir()  # nothing can be written there
    assert_same(kept.kept_points(streets(1), PLACES), right)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("wall", [False, True])
def test_parts_change_nothing(seed: int, wall: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    barriers = [Barrier(area=shapely.box(200, 100, 230, 400), streets=False)] if wall else []
    tn = streets(seed, barriers=barriers)
    sites = np.array([[50.0, 80.0], [400.0, 300.0], [50.0, 80.0]])
    xy = np.repeat(PLACES, 2, axis=0)
    right, points = nearest(tn, sites, Points.of(tn, xy)), Points.of(tn, xy)
    for chunk in (1, 2, 7, 10_000):
        parts = list(Stubs.parts(tn, points.legs, source=False, chunk=chunk))
        assert chunk > 7 or len(parts) > 3
        for field in fields(Stubs):
            joined = np.concatenate([getattr(part, field.name) for part in parts])
            assert np.array_equal(joined, getattr(points.stubs, field.name))
    monkeypatch.setattr(times, "_AT_ONCE", 7)
    options = Stubs.parts.__func__.__kwdefaults__  # type: ignore[attr-defined]
    monkeypatch.setitem(options, "chunk", 5)
    found = nearest(tn, sites, Points.of(tn, xy))
    for field in fields(right):
        a, b = getattr(right, field.name), getattr(found, field.name)
        assert np.array_equal(a, b, equal_nan=True), field.name


def test_no_points_have_no_legs() -> None:
    tn = prepare(grid(2, 2), WALK)
    none = kept.kept_points(tn, np.empty((0, 2)))
    assert len(none) == len(none.legs.piece) == len(none.stubs.node) == 0
    assert len(kept.kept_points(tn, np.empty((0, 2))).legs.piece) == 0


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> dict[str, Counted]:
    """How often roads were read and prepared, and legs taken."""
    counted = {}
    for name in ("load", "prepare", "kept_points"):
        counted[name] = Counted(getattr(ground, name))
        monkeypatch.setattr(ground, name, counted[name])
    return counted


def counts(made: dict[str, Counted]) -> list[int]:
    return [len(one.calls) for one in made.values()]


def test_a_report_and_its_map_stand_on_one_ground(made: dict[str, Counted]) -> None:
    report = assess(City.load("阳江"))
    assert counts(made) == [1, 1, 1]
    moments = before_after.now(report, before_after.Wanted())
    assert moments[0].times is not None
    assert counts(made) == [1, 1, 1]
    travel_time(report.city, minutes=(5, 20))
    assert counts(made) == [1, 1, 1]
    travel_time(report.city, profile="drive")
    assert counts(made) == [1, 2, 2]  # the streets are the same


def test_one_ground_has_the_limits_that_each_asks_for() -> None:
    city = City.load("珠山")
    first, second = (set_up_travel(city, minutes=minutes) for minutes in ((5, 10), (15,)))
    assert first.limits_s == (300.0, 600.0)
    assert second.limits_s == (900.0,)
    assert first.points is second.points
    alone = travel_time(City.load("珠山"), minutes=15)
    assert np.array_equal(travel_time(city, minutes=15).seconds, alone.seconds)


def test_a_file_that_changes_is_read_again(tmp_path: Path, made: dict[str, Counted]) -> None:
    city, people = City.load("珠山"), tmp_path / "people.csv"
    for count in (10, 10, 20):
        people.write_text(f"lon,lat,people\n117.2,29.29,{count}\n117.21,29.3,5\n", "utf-8")
        assert set_up_travel(city, population=people).demand.total() == pytest.approx(count + 5)
    assert counts(made) == [1, 2, 2]
    copy = shutil.copy(people, tmp_path / "again.csv")
    assert set_up_travel(city, population=copy).demand.source == "again.csv"


def test_what_may_have_changed_in_memory_is_not_taken_for_the_same() -> None:
    import pandas as pd

    city = City.load("珠山")
    frame = pd.DataFrame({"lon": [117.2], "lat": [29.29], "people": [10.0]})
    assert set_up_travel(city, population=frame).demand.total() == pytest.approx(10)
    frame.loc[0, "people"] = 30.0
    assert set_up_travel(city, population=frame).demand.total() == pytest.approx(30)


def test_a_ground_goes_with_its_city() -> None:
    city = City.load("珠山")
    network = weakref.ref(set_up_travel(city).network)
    gc.collect()
    assert network() is not None
    del city
    gc.collect()
    assert network() is None
