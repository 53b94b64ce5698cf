"""Slopes along streets, held against what Tobler's function says of known grounds."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely

from coverage.circles.lattice import LatticeIndex
from coverage.circles.polygons import service_circles
from coverage.errors import InputError
from coverage.profiles import load_profile, slope_factor
from coverage.travel.access import Points
from coverage.travel.heights import slopes_at
from coverage.travel.live import LiveTimes
from coverage.travel.prepare import prepare
from coverage.travel.route import route
from coverage.travel.times import nearest, node_times, point_seconds, reach
from networks import CRS, Street, build, random_network
from test_circles_travel import check_corners

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from coverage.roads.network import RoadNetwork
    from coverage.travel.prepare import Direction

rasterio = pytest.importorskip("rasterio")
EAST, NORTH, CELL = 500_000.0, 2_600_000.0, 30.0
WALK = replace(load_profile("adult_walk"), slope="tobler")


def write(path: Path, ground: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Path:
    """A raster of 100 × 100 cells; `ground` takes metres east and south of its corner."""
    at = (np.arange(100) + 0.5) * CELL
    heights = ground(*np.meshgrid(at, at)).astype("float32")
    where = rasterio.Affine(CELL, 0, EAST, 0, -CELL, NORTH)
    about = {"width": 100, "height": 100, "count": 1, "dtype": "float32", "crs": CRS}
    with rasterio.open(path, "w", driver="GTiff", transform=where, nodata=-9999, **about) as file:
        file.write(heights, 1)
    return path


def street(*metres_east: float, bends: tuple[tuple[float, float], ...] = ()) -> RoadNetwork:
    """A street eastwards in pieces, 1,500 m south of the raster's corner."""
    xy = [(EAST + at, NORTH - 1500.0) for at in metres_east]
    bent = tuple((EAST + x, NORTH - y) for x, y in bends)
    pieces = [Street(i, i + 1, bends=bent) for i in range(len(xy) - 1)]
    return build(xy, pieces)


def factors(net: RoadNetwork, path: Path) -> tuple[float, float]:
    """How many times longer the whole street takes, eastwards and westwards."""
    hilly, flat = prepare(net, WALK, elevation=path), prepare(net, WALK)
    return tuple(
        float(getattr(hilly, way).sum() / getattr(flat, way).sum())
        for way in ("backward", "forward")
    )  # type: ignore[return-value]


@pytest.mark.parametrize("pieces", [[600, 1200], [*range(600, 1201, 5)], [*range(600, 1201, 75)]])
@pytest.mark.parametrize(("grade", "right"), [(0.10, 1.419), (-0.05, 0.840)])
def test_an_even_slope(tmp_path: Path, pieces: list[float], grade: float, right: float) -> None:
    path = write(tmp_path / "g.tif", lambda x, _: 500 + grade * x)
    up, down = factors(street(*pieces), path)
    assert up == pytest.approx(right, rel=0.02 if len(pieces) > 20 else 1e-3)
    assert down == pytest.approx(float(slope_factor(-grade)), rel=0.02)


def test_a_hill_within_one_edge(tmp_path: Path) -> None:
    path = write(tmp_path / "g.tif", lambda x, _: 500 - 0.2 * np.abs(x - 1515))
    there, back = factors(street(915, 2115), path)
    assert there == pytest.approx(1.716, rel=2e-3)
    assert back == pytest.approx(there, rel=1e-9), "a hill is the same from both sides"


def test_a_flat_raster_changes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "g.tif", lambda x, _: np.full_like(x, 77.0))
    assert factors(street(600, 700, 1300), path) == pytest.approx((1, 1), rel=1e-12)


def test_a_bent_street_by_hand(tmp_path: Path) -> None:
    """A street that climbs a plane and comes back, recomputed piece by piece."""
    path = write(tmp_path / "g.tif", lambda x, y: 0.05 * x + 0.1 * y)
    points = [(900.0, 1500.0), (1100.0, 1700.0), (1300.0, 1400.0), (1500.0, 1500.0)]
    net = street(900, 1500, bends=tuple(points[1:-1]))
    along = whole = 0.0
    for (x0, y0), (x1, y1) in pairwise(points):
        metres = float(np.hypot(x1 - x0, y1 - y0))
        rise = 0.05 * (x1 - x0) + 0.1 * (y1 - y0)
        along, whole = along + metres * float(slope_factor(rise / metres)), whole + metres
    assert factors(net, path)[0] == pytest.approx(along / whole, rel=1e-4)


def test_beyond_the_raster_the_ground_counts_as_level(tmp_path: Path) -> None:
    path = write(tmp_path / "g.tif", lambda x, _: np.where(x < 1500, 0.1 * x, -9999))
    up, _ = factors(street(900, 1500, 2100), path)
    assert 1.0 < up < 1.419


def test_reading_in_strips_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "g.tif", lambda x, y: 50 * np.sin(x / 200) * np.cos(y / 300))
    net = street(600, 1500, bends=((800.0, 500.0), (1200.0, 2500.0)))
    at_once = factors(net, path)
    monkeypatch.setattr("coverage.travel.heights._CELLS_AT_ONCE", 700)
    assert factors(net, path) == at_once


def moved(net: RoadNetwork) -> RoadNetwork:
    """A network onto the raster."""
    x, y = EAST + 1000, NORTH - 2000
    at: dict[str, Any] = {
        "x": net.x + x,
        "y": net.y + y,
        "bend_x": net.bend_x + x,
        "bend_y": net.bend_y + y,
    }
    return replace(net, **at)


def even(tmp_path: Path, grade: float = 0.10) -> Path:
    """A plane that rises to the north: a street eastwards is level, and legs are not."""
    return write(tmp_path / "g.tif", lambda _, y: 500 - grade * y)


@pytest.mark.parametrize("direction", ["to_facility", "from_facility"])
def test_legs_and_direct_ways_have_slopes(tmp_path: Path, direction: Direction) -> None:
    """A home 80 m uphill of the street, another beside the facility 60 m uphill of it."""
    net, pace = street(600, 1200), 1.3 / 1.2
    facility = np.array([(EAST + 700.0, NORTH - 1500.0), (EAST + 1500.0, NORTH - 1500.0)])
    homes = np.array([(EAST + 1100.0, NORTH - 1420.0), (EAST + 1500.0, NORTH - 1440.0)])
    hilly = prepare(net, WALK, elevation=even(tmp_path), direction=direction)
    away = -0.10 if direction == "to_facility" else 0.10
    expected = [400 / 1.2 + 80 * pace * float(slope_factor(away))]
    expected += [60 * pace * float(slope_factor(away))]
    found = nearest(hilly, facility, homes)
    assert found.seconds == pytest.approx(expected, rel=1e-4)
    every = reach(hilly, facility, homes, 9000.0).to_csr().toarray()
    assert np.array_equal(every.min(axis=0), found.seconds)
    live = LiveTimes(hilly, facility, homes)
    live.move(1, facility[1])
    assert np.array_equal(live.seconds, found.seconds)
    for home, seconds in zip(homes, found.seconds, strict=True):
        way = route(hilly, home, facility)
        assert way.seconds == seconds
        assert way.place_leg_s + way.road_s + way.facility_leg_s == pytest.approx(seconds)


def test_a_leg_of_a_facility_is_climbed_by_who_comes(tmp_path: Path) -> None:
    facility, home = [(EAST + 700.0, NORTH - 1420.0)], [(EAST + 1100.0, NORTH - 1500.0)]
    tn = prepare(street(600, 1200), WALK, elevation=even(tmp_path))
    seconds = nearest(tn, facility, home).seconds[0]
    assert seconds == pytest.approx(400 / 1.2 + 80 * 1.3 / 1.2 * 1.419, rel=1e-3)


def test_over_flat_ground_no_time_changes(tmp_path: Path) -> None:
    net = moved(random_network(7, 25))
    flat = write(tmp_path / "g.tif", lambda x, _: np.full_like(x, 77.0))
    rng = np.random.default_rng(7)
    places = rng.uniform((EAST + 900, NORTH - 2100), (EAST + 1700, NORTH - 1300), (30, 2))
    plain, over = (
        reach(prepare(net, WALK, elevation=ground), places[:6], places[6:], 900.0)
        for ground in (None, flat)
    )
    assert len(plain.demand) > 6
    assert np.array_equal(plain.demand, over.demand)
    np.testing.assert_allclose(over.seconds, plain.seconds, rtol=1e-12)


HILLS = replace(WALK, max_access_m=150.0, max_direct_m=250.0, max_single_leg_m=0.0)


@pytest.mark.parametrize("direction", ["to_facility", "from_facility"])
@pytest.mark.parametrize("seed", range(4))
def test_circles_mean_the_same_slopes_as_legs(
    tmp_path: Path, direction: Direction, seed: int
) -> None:
    """A corner of the lattice is inside if somebody who lives there comes in time."""
    hilly = write(tmp_path / "g.tif", lambda x, y: 60 * np.sin(x / 90) * np.cos(y / 130))
    net = moved(random_network(seed, 25))
    tn = prepare(net, HILLS, elevation=hilly, direction=direction)
    limits, step = [150.0, 300.0], 23.456789
    west, south, east, north = (EAST + 700, NORTH - 2300, EAST + 1900, NORTH - 1100)
    column, row = np.meshgrid(
        np.arange(int(west // step), int(east // step)),
        np.arange(int(south // step), int(north // step)),
    )
    corners = np.column_stack([column.ravel(), row.ravel()]) * step
    places = np.random.default_rng(seed).uniform(
        (EAST + 1000, NORTH - 2000), (EAST + 1600, NORTH - 1400), (3, 2)
    )
    check_corners(tn, places, limits[-1])
    reached = sorted(node_times(tn, places, limits[-1]), key=lambda one: one.facility)
    index = LatticeIndex.build(tn.segments, step, HILLS.max_access_m)
    each, same = (
        service_circles(tn, reached, limits, step_m=step, index=use) for use in (None, index)
    )
    together = service_circles(tn, reached, limits, step_m=step, how="dissolve")[0]
    times = np.full((len(places), len(corners)), np.inf)
    for own, one in zip(times, reached, strict=True):
        point, seconds = point_seconds(one, Points.of(tn, corners))
        own[point] = seconds
    flat = prepare(net, HILLS, direction=direction)
    level = service_circles(flat, list(node_times(flat, places, limits[-1])), limits, step_m=step)
    for number, limit in enumerate(limits):
        for shape, again, own in zip(each[:, number], same[:, number], times, strict=True):
            assert shape.symmetric_difference(again).area <= 1e-3
            sure = np.abs(own - limit) > 1e-2
            held = shapely.contains_xy(shape.buffer(1e-3), corners)
            assert held[sure & (own <= limit)].all()
            assert shape.difference(together[number].buffer(1e-3 * step)).is_empty
    assert shapely.area(shapely.symmetric_difference(each, level)).min() > 100


@pytest.mark.parametrize(
    ("crs", "where", "metres"),
    [
        ("EPSG:4326", (-180.0, 90.0, 360.0), "40,075,200"),
        ("EPSG:4326", (110.0, 25.0, 1.0), "111,320"),
        (CRS, (EAST - 5_000, NORTH + 5_000, 2_001.0), "2,001"),
    ],
)
def test_heights_of_cells_too_wide_for_a_slope_are_refused(
    tmp_path: Path, crs: str, where: tuple[float, float, float], metres: str
) -> None:
    west, north, cell = where
    about = {"width": 10, "height": 10, "count": 1, "dtype": "float32", "crs": crs}
    at = rasterio.Affine(cell, 0, west, 0, -cell, north)
    with rasterio.open(tmp_path / "g.tif", "w", driver="GTiff", transform=at, **about) as file:
        file.write(np.ones((10, 10), np.float32), 1)
    for ask in (
        lambda: factors(street(300, 600), tmp_path / "g.tif"),
        lambda: slopes_at(np.array([[EAST + 50, NORTH - 50]]), CRS, tmp_path / "g.tif"),
    ):
        with pytest.raises(InputError, match=f"about {metres} m wide.*2,000 m at most") as caught:
            ask()
        assert caught.value.problems[0].file == "g.tif"
