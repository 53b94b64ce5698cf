"""Circles on networks made on purpose: known areas, holes, fineness, tables, bad input."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from coverage.circles import lattice
from coverage.circles.contour import outline
from coverage.circles.frame import Frame
from coverage.circles.lattice import LatticeIndex
from coverage.circles.polygons import circle_shapes
from coverage.circles.times import AccessRule, SegmentTimes
from coverage.errors import InputError
from coverage.reach.draw import in_degrees
from networks import straight

if TYPE_CHECKING:
    from coverage.travel.streets import Segments

CRS = "EPSG:32649"
X, Y = 480_000.0, 2_600_000.0


def polyline(xy: list[tuple[float, float]], slow: float = 0.1) -> Segments:
    x, y = (
        np.array(column) + base for column, base in zip(zip(*xy, strict=True), (X, Y), strict=True)
    )
    same = np.full(len(x) - 1, slow)
    return straight(x[:-1], y[:-1], x[1:], y[1:], same, same)


def times(x: Any, y: Any, *columns: Any) -> SegmentTimes:
    """`SegmentTimes` from lists."""
    return SegmentTimes(x, y, *columns)


def everywhere(segments: Segments, seconds: float = 0.0) -> SegmentTimes:
    """A facility at the first segment's start from which all is as near."""
    every = np.arange(len(segments))
    time = np.full(len(segments), seconds)
    return SegmentTimes(segments.x0[:1], segments.y0[:1], every, time, time)


def ring(radius: float, parts: int = 90) -> Segments:
    turn = np.linspace(0, 2 * np.pi, parts + 1)
    return polyline([(radius * np.cos(t), radius * np.sin(t)) for t in turn])


def draw(segments: Segments, times: SegmentTimes, access: AccessRule, **more: Any) -> Any:
    return circles(segments, [times], access, **{"limits_s": [300.0], **more})[0, 0]


def circles(segments: Segments, many: list[SegmentTimes], access: AccessRule, **more: Any) -> Any:
    return circle_shapes(segments, many, access, **{"step_m": 50.0, **more})


@pytest.mark.parametrize("step", [50.0, 25.0, 10.0])
def test_a_ring_road_keeps_its_hole(step: float) -> None:
    roads = ring(1000)
    shape = draw(roads, everywhere(roads), AccessRule(100, 0.1), step_m=step)
    (part,) = shape.geoms
    (hole,) = part.interiors
    assert shapely.Polygon(hole).area == pytest.approx(math.pi * 900**2, rel=0.01)
    assert part.exterior.minimum_clearance > 0
    assert shapely.Polygon(part.exterior).area == pytest.approx(math.pi * 1100**2, rel=0.01)
    assert not shapely.intersects_xy(shape, X, Y)


def test_a_road_alone_is_the_cells_it_runs_through() -> None:
    roads = polyline([(5, 5), (995, 5)])
    shape = draw(roads, everywhere(roads), AccessRule(0, 1.0), step_m=10)
    box = shapely.box(X, Y, X + 1000, Y + 10)
    assert shape.symmetric_difference(box).area < 0.1


def test_only_the_reached_part_counts() -> None:
    roads = polyline([(0, 5), (1000, 5)], slow=1.0)
    reached = times([X], [Y + 5], [0], [0.0], [np.inf])
    shape = draw(roads, reached, AccessRule(0, 1.0), step_m=10)
    assert shape.symmetric_difference(shapely.box(X, Y, X + 310, Y + 10)).area <= 101
    assert shape.covers(shapely.LineString([(X, Y + 5), (X + 300, Y + 5)]))
    assert not shapely.intersects_xy(shape, X + 311, Y + 5)


def test_a_one_way_street_is_reached_from_behind_the_foot_only() -> None:
    roads = polyline([(0, 5), (1000, 5)], slow=1.0)
    one_way = replace(roads, to_start_s_per_m=np.array([np.inf]))
    nothing = np.empty(0)
    reached = times([X + 500], [Y + 5], [], nothing, nothing, [0], [500.0], [0.0])
    shape = draw(one_way, reached, AccessRule(0, 1.0), step_m=10)
    west, _, east, _ = shape.bounds
    # Reached from 200 m on, where a cell ends: it may count as visited.
    assert X + 189.9 < west < X + 200.1
    assert east == pytest.approx(X + 510, abs=0.1)


def test_the_direct_way_needs_no_road() -> None:
    roads = polyline([(5000, 0), (6000, 0)])
    reached = times([X], [Y], [], [], [])
    shape = draw(roads, reached, AccessRule(100, 0.5, 400), step_m=10)
    assert shape.area == pytest.approx(math.pi * 400**2, rel=0.01)
    shape = draw(roads, reached, AccessRule(100, 1.0, 400), step_m=10)
    assert shape.area == pytest.approx(math.pi * 300**2, rel=0.01)
    # Nothing but the facility's own cell.
    shape = draw(roads, reached, AccessRule(100, 1.0), step_m=10)
    assert shape.area == pytest.approx(100, abs=1)


def test_the_area_settles_as_the_lattice_gets_finer() -> None:
    rng = np.random.default_rng(3)
    turns = rng.normal(0, 1, 40).cumsum()
    path = np.column_stack([np.cos(turns), np.sin(turns)]).cumsum(axis=0) * 120
    roads = polyline([(float(a), float(b)) for a, b in path], slow=0.2)
    x = np.arange(len(roads))
    reached = times(roads.x0[:1], roads.y0[:1], x, x * 24.0, x * 24.0 + 24)
    access = AccessRule(150, 0.9)
    areas = [
        draw(roads, reached, access, limits_s=[540.0], step_m=step).area
        for step in (60, 30, 15, 7.5, 2)
    ]
    error = np.abs(np.array(areas[:-1]) / areas[-1] - 1)
    assert error[0] < 0.15
    assert error[1] < 0.08
    assert error[2] < 0.04
    assert error[3] < 0.02


def test_circles_lie_on_one_global_lattice() -> None:
    roads = ring(500)
    reached, access = everywhere(roads), AccessRule(80, 1.0)
    near = draw(roads, reached, access, step_m=50)
    moved = replace(
        roads, x0=roads.x0 + 350, y0=roads.y0 + 150, x1=roads.x1 + 350, y1=roads.y1 + 150
    )
    far = draw(moved, everywhere(moved), access, step_m=50)
    shifted = shapely.transform(near, lambda xy: xy + np.array([350, 150]))
    assert far.symmetric_difference(shifted).area < 1e-3 * near.area


def test_shapes_come_by_facility_and_limit_with_areas_in_degrees() -> None:
    roads = ring(1000)
    two = [everywhere(roads), everywhere(roads, 400)]
    access, limits = AccessRule(100, 0.1), [300.0, 600.0]
    shapes = circles(roads, two, access, limits_s=limits)
    assert shapes.shape == (2, 2)
    assert shapes[1, 0].is_empty or shapes[1, 0].area < shapes[1, 1].area
    flat = gpd.GeoDataFrame({"a": range(4), "b": 0}, geometry=shapes.ravel(), crs=CRS)
    table = in_degrees(flat)
    assert table.crs == "EPSG:4326"
    assert list(table.columns) == ["a", "b", "area_km2", "geometry"]
    assert table.geometry.is_valid.all()
    # UTM near its central meridian is 0.04 % short each way.
    assert table["area_km2"].to_numpy() == pytest.approx(flat.area / 1e6 / 0.9996**2, rel=2e-4)
    assert circles(roads, two, access, limits_s=limits, how="dissolve").shape == (1, 2)
    parts = circles(roads, two, access, limits_s=limits, how="split")
    assert shapely.area(parts[1]).tolist() == pytest.approx([0, 0], abs=1e4)
    assert circles(roads, [], access, limits_s=limits).shape == (0, 2)


def test_a_facility_that_reaches_nothing_has_an_empty_part() -> None:
    roads = ring(1000)
    many = [everywhere(roads), everywhere(roads)]
    parts = circles(roads, many, AccessRule(100, 1), limits_s=[300.0, 600.0, 900.0], how="split")
    assert shapely.is_empty(parts).tolist() == [[False] * 3, [True] * 3]
    assert (shapely.area(parts) >= 0).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"limits_s": [0]},
        {"limits_s": [-1, 5]},
        {"limits_s": [math.nan]},
        {"limits_s": [math.inf]},
        {"limits_s": []},
        {"step_m": 0},
        {"step_m": -5},
        {"step_m": math.nan},
        {"step_m": 1e-4},
        {"how": "round"},
    ],
)
def test_bad_requests_are_refused(wrong: dict[str, Any]) -> None:
    roads = ring(1000)
    with pytest.raises(InputError):
        draw(roads, everywhere(roads), AccessRule(100, 0.1), **wrong)


def test_bad_pieces_are_refused() -> None:
    one, nan = np.zeros(1), np.array([np.nan])
    bad: list[Any] = [
        lambda: straight(nan, one, one, one, one, one),
        lambda: straight(one, one, one, one, one, nan),
        lambda: straight(one, one, one, one, one, -one - 1),
        lambda: straight(one, one, one, one, one, np.zeros(2)),
        lambda: replace(ring(1, 2), piece=np.array([1, 0])),
        lambda: times(0.0, 0.0, [0], nan, one),
        lambda: times(0.0, 0.0, [0], one, -one - 1),
        lambda: times(0.0, 0.0, [0, 1], one, one),
        lambda: times(math.nan, 0.0, [0], one, one),
        lambda: times(0.0, [0.0, 1.0], [0], one, one),
        lambda: times(0.0, 0.0, [0.5], one, one),
        lambda: AccessRule(-1, 1),
        lambda: AccessRule(1, math.nan),
        lambda: AccessRule(1, 1, math.inf),
    ]
    for make in bad:
        with pytest.raises(InputError):
            make()
    roads = ring(100)
    with pytest.raises(InputError, match="does not exist"):
        draw(roads, times(X, Y, [90], one, one), AccessRule(1, 1))
    with pytest.raises(InputError, match="no facility"):
        circles(roads, [], AccessRule(1, 1), limits_s=[300.0], how="dissolve")
    with pytest.raises(InputError, match="longest access leg"):
        LatticeIndex.build(roads, 50, math.nan)
    index = LatticeIndex.build(roads, 25, 1)
    with pytest.raises(InputError, match="another step"):
        draw(roads, everywhere(roads), AccessRule(1, 1), index=index)


def test_inputs_stay_as_they_were() -> None:
    roads = ring(1000)
    reached = everywhere(roads)
    before = [reached.start_s.copy(), roads.x0.copy()]
    for how in ("each", "split", "dissolve"):
        draw(roads, reached, AccessRule(100, 0.1), how=how)
    assert np.array_equal(reached.start_s, before[0])
    assert np.array_equal(roads.x0, before[1])


def test_the_index_is_the_same_in_small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    roads = ring(1000)
    whole = LatticeIndex.build(roads, 50, 150)
    monkeypatch.setattr(lattice, "_CHUNK", 100)
    small = LatticeIndex.build(roads, 50, 150)
    for name, value in vars(whole).items():
        assert np.array_equal(value, getattr(small, name)), name
    assert whole.nbytes > 0
    # Each segment's cells follow one another without a gap.
    for k in range(len(roads)):
        cells = slice(whole.cell_first[k], whole.cell_first[k + 1])
        assert whole.cell_from_m[cells][0] == 0
        assert whole.cell_to_m[cells][-1] == pytest.approx(roads.length_m[k])
        assert np.array_equal(whole.cell_from_m[cells][1:], whole.cell_to_m[cells][:-1])


def test_touching_outlines_are_mended() -> None:
    # Levels that do not keep clear of nought, as no sheet lifts them.
    levels = np.ones((5, 5), dtype=np.float32)
    levels[1, 1] = levels[2, 2] = -1e-20
    levels[3, 3] = -1
    shape = outline(levels, Frame(1.0, 0, 0, 5, 5))
    assert shape.is_valid
    assert all(part.area > 0 for part in shape.geoms)
