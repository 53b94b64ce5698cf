"""Which datum: synthetic points about the shipped seats and on the shipped roads, shifted."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from coverage.city import City
from coverage.datum import from_wgs84, unproject
from coverage.errors import InputError
from coverage.places.detect import (
    CONFIDENT,
    HYPOTHESES,
    Anchors,
    Detection,
    datum_named,
    detect_datum,
)
from coverage.roads.sources import load

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@cache
def seats() -> Floats:
    units = City.load("清远").units.townships
    return np.array([(u.lon, u.lat) for u in units if u.placed], dtype=np.float64)


def about_seats(
    n: int, scatter_m: float, datum: str, seed: int = 0
) -> tuple[Floats, Floats, Anchors]:
    """Rows scattered about seats of 清远, written in a datum."""
    rng = np.random.default_rng(seed)
    which = rng.integers(0, len(seats()), n)
    true = seats()[which] + rng.normal(0, scatter_m, (n, 2)) / (102_000, 110_950)
    lon, lat = from_wgs84(true[:, 0], true[:, 1], datum)
    anchors = Anchors(np.arange(n), seats()[which, 0], seats()[which, 1], which)
    return lon, lat, anchors


def by_roads(n: int, off_m: float, datum: str, seed: int = 0) -> tuple[Floats, Floats]:
    """Rows near the main roads of 清远, written in a datum."""
    roads, rng = load("441800"), np.random.default_rng(seed)
    edge, part = rng.integers(0, roads.edge_count, n), rng.random(n)
    tail, head = roads.tail[edge], roads.head[edge]
    x = roads.x[tail] * (1 - part) + roads.x[head] * part + rng.normal(0, off_m, n)
    y = roads.y[tail] * (1 - part) + roads.y[head] * part + rng.normal(0, off_m, n)
    return from_wgs84(*unproject(x, y, roads.crs), datum)


@pytest.mark.parametrize("datum", HYPOTHESES)
def test_known_places_settle_it_with_ten_points(datum: str) -> None:
    lon, lat, anchors = about_seats(10, 50, datum)
    found = detect_datum(lon, lat, anchors=[anchors])
    assert found.datum == datum
    assert found.confidence > 0.99
    (evidence,) = found.evidence
    assert evidence.best == datum
    assert evidence.metres[datum] < 60
    assert all(m > 400 for name, m in evidence.metres.items() if name != datum)


@pytest.mark.parametrize("datum", HYPOTHESES)
def test_points_by_roads_settle_it(datum: str) -> None:
    lon, lat = by_roads(60, 50, datum)
    found = detect_datum(lon, lat, roads=load("441800"))
    assert found.datum == datum
    assert found.evidence[0].kind == "roads"


@pytest.mark.parametrize("datum", HYPOTHESES)
def test_main_roads_say_nothing_of_places_away_from_them(datum: str) -> None:
    lon, lat = by_roads(200, 3_000, datum, seed=4)
    found = detect_datum(lon, lat, roads=load("441800"))
    assert found.datum is None
    assert found.evidence[0].note is not None
    assert "误差" in found.reason.zh


def test_scattered_rows_are_undecided_and_the_number_needed_is_said() -> None:
    lon, lat, anchors = about_seats(12, 2_500, "gcj02", seed=2)
    found = detect_datum(lon, lat, anchors=[anchors])
    assert found.datum is None
    assert found.needed is not None
    assert found.needed > 12


def test_wrong_answers_are_rarer_than_the_confidence_allows() -> None:
    counts: Counter[str] = Counter()
    for seed in range(120):
        truth = HYPOTHESES[seed % 3]
        lon, lat, anchors = about_seats(60, 600 if seed % 2 else 1_500, truth, seed)
        found = detect_datum(lon, lat, anchors=[anchors]).datum
        counts["right" if found == truth else "undecided" if found is None else "wrong"] += 1
    assert counts["wrong"] <= (1 - CONFIDENT) * 120
    assert counts["right"] >= 60


def test_rows_of_one_badly_placed_seat_are_one_voice() -> None:
    """Two hundred rows about one seat that lies 600 m off say no more than one row."""
    one = np.zeros(200, dtype=np.int64)
    lon, lat = np.full(200, 113.0055), np.full(200, 23.697)
    found = detect_datum(
        lon, lat, anchors=[Anchors(np.arange(200), np.full(200, 113.0), np.full(200, 23.7), one)]
    )
    assert found.datum is None
    assert found.evidence[0].points == 1


def test_rows_that_fit_no_datum_are_refused() -> None:
    lon, lat, anchors = about_seats(60, 100, "wgs84")
    found = detect_datum(lon + 0.05, lat, anchors=[anchors])
    assert found.datum is None
    assert "不吻合" in found.reason.zh


def test_a_heading_alone_is_not_enough_and_fit_confirms_it() -> None:
    lon, lat, anchors = about_seats(40, 700, "gcj02", seed=5)
    alone = detect_datum(lon, lat, names=["高德经度"])
    assert (alone.datum, alone.likeliest) == (None, "gcj02")
    assert alone.confidence == pytest.approx(0.9)
    both = detect_datum(lon, lat, names=["高德经度", "高德纬度"], anchors=[anchors])
    assert both.datum == "gcj02"
    assert both.confidence > alone.confidence


def test_a_heading_that_the_points_contradict_leaves_it_open() -> None:
    lon, lat, anchors = about_seats(60, 100, "gcj02")
    found = detect_datum(lon, lat, names=["WGS84经度"], anchors=[anchors])
    assert found.datum is None
    assert "矛盾" in found.reason.zh


def test_stated_grounds_count() -> None:
    lon, lat, anchors = about_seats(80, 200, "bd09")
    squares = [shapely.box(*(c - 0.004), *(c + 0.004)) for c in seats()]
    rows = np.arange(80)
    found = detect_datum(lon, lat, grounds=(rows, [squares[g] for g in anchors.group]))
    assert found.datum == "bd09"
    assert found.evidence[0].metres["bd09"] < 100


@pytest.mark.parametrize(
    ("heading", "datum"),
    [
        ("高德经度", "gcj02"),
        ("火星坐标", "gcj02"),
        ("GCJ02_lng", "gcj02"),
        ("腾讯地图坐标", "gcj02"),
        ("百度坐标", "bd09"),
        ("BD-09 X", "bd09"),
        ("bd09ll", "bd09"),
        ("GPS经度", "wgs84"),
        ("CGCS2000", "wgs84"),
        ("天地图经度", "wgs84"),
        ("经度", None),
        ("高德转WGS84", None),
    ],
)
def test_headings(heading: str, datum: str | None) -> None:
    assert datum_named(heading) == datum


def test_nothing_to_go_by_and_bad_input() -> None:
    empty: list[float] = []
    found = detect_datum([113.0, 112.9], [23.7, 23.8])
    assert (found.datum, found.confidence, found.evidence) == (None, 0.0, ())
    assert isinstance(detect_datum(empty, empty, roads=load("441800")), Detection)
    with pytest.raises(InputError):
        detect_datum([113.0], [23.0, 24.0])


def test_missing_places_are_left_out_and_inputs_unchanged() -> None:
    lon, lat, anchors = about_seats(40, 80, "gcj02")
    lon[::4] = np.nan
    before = lon.copy()
    found = detect_datum(lon, lat, anchors=[anchors], roads=load("441800"))
    assert found.datum == "gcj02"
    assert np.array_equal(lon, before, equal_nan=True)
