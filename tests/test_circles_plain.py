"""Outlines with fewer corners: nothing is lost, and little is added."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings

from coverage.circles.plain import plainer
from coverage.circles.polygons import circle_shapes
from test_circles_promise import assert_holds, make, minutes, places, road_samples, seeds, steps

RIM = 0.2


def one(shape: shapely.MultiPolygon, step: float) -> shapely.MultiPolygon:
    found: shapely.MultiPolygon = plainer(np.array([shape], dtype=np.object_), step)[0]
    return found


def holes(shape: shapely.MultiPolygon) -> list[int]:
    return [len(part.interiors) for part in shape.geoms]


@settings(max_examples=40)
@given(seed=seeds, step=steps, limit=minutes)
def test_the_promise_is_kept(seed: int, step: float, limit: float) -> None:
    world = make(seed)
    facilities = [world.reach(place) for place in places(world, seed, 3)]
    limits = [60 * limit, 90 * limit]
    plain, drawn = (
        circle_shapes(
            world.segments,
            facilities,
            world.access,
            limits_s=limits,
            step_m=step,
            plain=yes,
        )
        for yes in (True, False)
    )
    assert shapely.is_valid(plain).all()
    count = shapely.get_num_coordinates
    assert (count(plain) <= count(drawn)).all()
    rng = np.random.default_rng(seed)
    for facility, small, fine in zip(facilities, plain[:, 0], drawn[:, 0], strict=True):
        assert holes(small) == holes(fine)
        # Nothing is lost, and nothing is farther outside than the rim.
        assert fine.difference(small.buffer(1e-5 * step)).is_empty
        assert shapely.hausdorff_distance(small.boundary, fine.boundary, 0.3) <= 1.001 * RIM * step
        # Streets reached are inside, and whatever is inside is reachable, one cell allowed.
        segment, s, xy = road_samples(world, step)
        reached = world.on_road(facility, segment, s) <= limits[0]
        outside = np.nan_to_num(shapely.distance(small, shapely.points(xy[reached])), nan=np.inf)
        assert outside.max(initial=0) <= 1e-5 * step
        outline = rng.permutation(shapely.get_coordinates(shapely.segmentize(small, step)))[:300]
        time = world.walk(facility, outline, step)
        assert time.max(initial=0) <= limits[0] + world.slack(step)
    for row in plain:
        for small, large in pairwise(row):
            assert_holds(large, small, 1e-4 * step)
    together, _ = circle_shapes(
        world.segments,
        facilities,
        world.access,
        limits_s=limits,
        step_m=step,
        how="dissolve",
        plain=True,
    )[0]
    assert together.is_valid
    for each in drawn[:, 0]:
        assert each.difference(together.buffer(1e-4 * step)).is_empty


def test_corners_on_a_straight_line_go_and_others_stay() -> None:
    many = [(x, 0.0) for x in range(0, 100, 10)] + [(100.0, 0.0), (100.0, 50.0), (0.0, 50.0)]
    hole = [(20.0, 20.0), (40.0, 20.0), (40.0, 30.0), (30.0, 30.0), (20.0, 30.0)]
    shape = shapely.MultiPolygon([(many, [hole])])
    found = one(shape, 10.0)
    assert found.equals(shape)
    assert shapely.get_num_coordinates(found) == 10


def test_a_notch_is_filled_and_a_tooth_is_kept() -> None:
    square = [(0.0, 0.0), (50.0, 0.0), (52.0, -1.0), (54.0, 0.0), (100.0, 0.0)]
    notch = [(100.0, 60.0), (60.0, 60.0), (58.0, 59.0), (56.0, 60.0), (0.0, 60.0)]
    found = one(shapely.MultiPolygon([(square + notch, [])]), 10.0)
    assert found.covers(shapely.Point(58.0, 59.5))
    assert found.bounds == (0.0, -1.0, 100.0, 60.0)


@pytest.mark.parametrize("gap", [0.5, 1.5])
def test_what_would_touch_stays_as_it_is(gap: float) -> None:
    """A part stands in the notch of another, which may not be filled."""
    tongue = [(40.0, 1.8), (45.0, 1.2 - gap / 10), (50.0, 1.8)]
    whole = shapely.MultiPolygon(
        [
            ([(0.0, -50.0), (100.0, -50.0), (100.0, 2.0), (45.0, 0.5), (0.0, 2.0)], []),
            (tongue, []),
        ]
    )
    assert whole.is_valid
    found = one(whole, 10.0)
    assert found.is_valid
    assert len(found.geoms) == 2
    assert found.equals(whole)


def test_nothing_and_empty_shapes_pass() -> None:
    empty = np.array([[shapely.MultiPolygon()], [shapely.MultiPolygon()]], dtype=np.object_)
    assert plainer(empty, 50.0).shape == (2, 1)
    box = shapely.MultiPolygon([shapely.box(0, 0, 1, 1)])
    mixed = np.array([empty[0, 0], box], dtype=np.object_)
    found = plainer(mixed, 50.0)
    assert found[0].is_empty
    assert found[1].equals(box)
    assert plainer(np.empty((0, 2), dtype=np.object_), 50.0).shape == (0, 2)


def test_a_circle_does_not_depend_on_its_company() -> None:
    world = make(11)
    facilities = [world.reach(place) for place in places(world, 11, 5)]
    access, limits = world.access, [120.0, 480.0]
    drawn = circle_shapes(world.segments, facilities, access, limits_s=limits, step_m=17.3)
    together = plainer(drawn, 17.3)
    assert shapely.get_num_coordinates(together).sum() < shapely.get_num_coordinates(drawn).sum()
    for shape, company in zip(drawn.ravel(), together.ravel(), strict=True):
        assert shapely.to_wkb(one(shape, 17.3)) == shapely.to_wkb(company)
