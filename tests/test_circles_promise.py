"""What circles promise, on many random networks, against brute force.

A world is a random road network cut into segments, with times from exact
shortest paths (SciPy) and a travel time `T(p)` computed for each point from
its definition, without any lattice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from hypothesis import event, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import Delaunay

from coverage.circles import drawing
from coverage.circles.contour import CLEARANCE, Sheet
from coverage.circles.drawing import Canvas, Plan
from coverage.circles.frame import Frame, apart
from coverage.circles.lattice import LatticeIndex
from coverage.circles.polygons import circle_shapes
from coverage.circles.times import AccessRule, SegmentTimes
from networks import straight

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coverage.travel.streets import Segments

Floats = NDArray[np.float64]
EXAMPLES = 60


@dataclass(frozen=True)
class World:
    """A network as vertices (junctions and bends) and the segments between them."""

    xy: Floats
    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    to_start: Floats
    to_end: Floats
    access: AccessRule
    street: NDArray[np.int64] | None

    @property
    def segments(self) -> Segments:
        a, b = self.xy[self.tail].T, self.xy[self.head].T
        return straight(a[0], a[1], b[0], b[1], self.to_start, self.to_end, piece=self.street)

    @property
    def length(self) -> Floats:
        return self.segments.length_m

    def foot(self, p: NDArray[np.floating]) -> tuple[Floats, Floats]:
        """(points, segments) metres along and off."""
        a, v = self.xy[self.tail], self.xy[self.head] - self.xy[self.tail]
        share = ((p[:, None, :] - a) * v).sum(2) / np.maximum((v**2).sum(1), 1e-300)
        share = share.clip(0, 1)
        return share * self.length, np.hypot(
            *np.moveaxis(p[:, None] - a - share[..., None] * v, 2, 0)
        )

    def reach(self, place: Floats) -> SegmentTimes:
        """A facility's times, by exact shortest paths from every vertex to it."""
        along, off = (value[0] for value in self.foot(place[None]))
        feet = np.flatnonzero(off <= self.access.max_access_m)
        seconds = off[feet] * self.access.cost_s_per_m
        n, length = len(self.xy), self.length
        # Edges of the reversed graph; the facility is vertex n. SciPy adds parallel
        # edges up, so each pair is given its least weight first.
        rows = [self.head, self.tail, np.full(2 * len(feet), n)]
        columns = [self.tail, self.head, np.concatenate([self.tail[feet], self.head[feet]])]
        weights = [
            _slope(np.zeros(len(length)), self.to_end, length),
            _slope(np.zeros(len(length)), self.to_start, length),
            np.concatenate(
                [
                    _slope(seconds, self.to_end[feet], along[feet]),
                    _slope(seconds, self.to_start[feet], (length - along)[feet]),
                ]
            ),
        ]
        row, column, weight = (np.concatenate(part) for part in (rows, columns, weights))
        order = np.lexsort((weight, column, row))
        row, column, weight = row[order], column[order], weight[order]
        keep = np.isfinite(weight)
        keep[1:] &= (row[1:] != row[:-1]) | (column[1:] != column[:-1])
        graph = coo_array((weight[keep], (row[keep], column[keep])), shape=(n + 1, n + 1)).tocsr()
        best = np.ravel(dijkstra(graph, indices=np.array([n])))[:n]
        return SegmentTimes(
            place[:1],
            place[1:],
            np.arange(len(self.tail)),
            best[self.tail],
            best[self.head],
            feet,
            along[feet],
            seconds,
        )

    def on_road(self, times: SegmentTimes, segment: NDArray[np.int64], s: Floats) -> Floats:
        """Seconds from points `s` metres along segments."""
        start, end = times.start_s[segment], times.end_s[segment]
        rest = self.length[segment] - s
        best = np.minimum(
            _slope(start, self.to_start[segment], s), _slope(end, self.to_end[segment], rest)
        )
        for foot, metres, seconds in zip(
            times.foot_segment, times.foot_m, times.foot_s, strict=True
        ):
            ahead = np.where(s <= metres, self.to_end[segment], self.to_start[segment])
            way = _slope(np.full(len(s), seconds), ahead, np.abs(s - metres))
            best = np.where(segment == foot, np.minimum(best, way), best)
        return best

    def time(self, times: SegmentTimes, p: NDArray[np.floating], access_m: float) -> Floats:
        """T(p): by the nearest point of every street within `access_m`, and directly."""
        along, off = self.foot(p)
        street = np.arange(len(self.tail)) if self.street is None else self.street
        first = np.flatnonzero(np.diff(street, prepend=-1))
        least = np.minimum.reduceat(off, first, axis=1)[:, np.searchsorted(street[first], street)]
        # Of equally near parts the first, as a bend belongs to two.
        nearest = off == least
        count = np.add.reduceat(nearest, first, axis=1)
        nearest &= (count[:, np.searchsorted(street[first], street)] == 1) | (
            np.diff(np.maximum.accumulate(np.where(nearest, street, -1), axis=1), prepend=-2) > 0
        )
        segment = np.broadcast_to(np.arange(len(self.tail)), along.shape)
        road = self.on_road(times, segment.ravel(), along.ravel()).reshape(along.shape)
        cost = self.access.cost_s_per_m
        by_road = np.where((off <= access_m) & nearest, road + cost * off, np.inf)
        gap = np.hypot(p[:, 0] - times.x[0], p[:, 1] - times.y[0])
        direct = np.where(gap <= self.access.max_direct_m, gap * cost, np.inf)
        best: Floats = np.minimum(by_road.min(axis=1, initial=np.inf), direct)
        return best

    def walk(self, times: SegmentTimes, p: Floats, step: float) -> Floats:
        """Least seconds from `p` by any point of any street one cell beyond the access distance."""
        segment, s, xy = road_samples(self, step)
        road = self.on_road(times, segment, s)
        more, cost = step * 2**0.5 * 1.0002, self.access.cost_s_per_m
        gap = np.hypot(*np.moveaxis(p[:, None] - xy, 2, 0))
        # The nearest sample is up to half their spacing off.
        near = np.maximum(gap - step / 10, 0)
        by_road = np.where(near <= self.access.max_access_m + more, road + cost * near, np.inf)
        gap = np.hypot(p[:, 0] - times.x[0], p[:, 1] - times.y[0])
        direct = np.where(gap <= self.access.max_direct_m + more, gap * cost, np.inf)
        best: Floats = np.minimum(by_road.min(axis=1, initial=np.inf), direct)
        return best

    def slack(self, step: float) -> float:
        """Seconds that one cell may add."""
        slow = np.concatenate([self.to_start, self.to_end])
        most = float(slow[np.isfinite(slow)].max())
        return step * 2**0.5 * (most + self.access.cost_s_per_m) * 1.0002 + 1e-2


def _slope(seconds: Floats, slowness: Floats, metres: Floats) -> Floats:
    """No metres take no time, even where the way is barred."""
    rise = np.zeros(np.broadcast(seconds, metres).shape)
    rise = np.multiply(slowness, metres, out=rise, where=metres > 0)
    return seconds + rise


def make(seed: int, *, size: int = 14, access: AccessRule | None = None) -> World:
    """A random network with bends, one-way streets and junctions on lattice lines."""
    rng = np.random.default_rng(seed)
    spread = rng.uniform(600, 2500)
    node = rng.uniform(0, spread, (size, 2)) + rng.integers(-2000, 2000, 2)
    if rng.random() < 0.3:
        node = np.round(node / 50) * 50 + rng.uniform(0, 1e-3, node.shape) * rng.integers(0, 2)
    corners = Delaunay(node, qhull_options="QJ").simplices
    edges = np.unique(np.sort(np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]]]), 1), axis=0)
    edges = edges[rng.random(len(edges)) < 0.7]
    xy, tail, head, street = [node], [], [], []
    slow_start, slow_end = [], []
    count = size
    for a, b in edges:
        bends = int(rng.integers(0, 4))
        share = np.sort(rng.random(bends))[:, None]
        xy.append(node[a] + share * (node[b] - node[a]) + rng.normal(0, 40, (bends, 2)))
        chain = [a, *range(count, count + bends), b]
        count += bends
        one = rng.uniform(0.05, 1.2)
        kind = rng.random()
        for u, v in pairwise(chain):
            tail.append(u)
            street.append(len(xy))
            head.append(v)
            slow_end.append(np.inf if kind < 0.1 else one)
            slow_start.append(np.inf if kind > 0.85 else one * rng.choice([1.0, 1.3]))
    if access is None:
        access = AccessRule(
            float(rng.choice([0.0, 20.0, 80.0, 150.0, 400.0])),
            float(rng.choice([0.0, 1e-4, 0.3, 1.2])),
            float(rng.choice([0.0, 60.0, 500.0])),
        )
    return World(
        np.concatenate(xy),
        np.array(tail, dtype=np.int64),
        np.array(head, dtype=np.int64),
        np.array(slow_start),
        np.array(slow_end),
        access,
        np.array(street, dtype=np.int64) if rng.random() < 0.5 else None,
    )


def places(world: World, seed: int, count: int) -> list[Floats]:
    """Facilities: beside the road, on it, and on a junction."""
    rng = np.random.default_rng(seed + 1)
    found = []
    for number in range(count):
        k = int(rng.integers(len(world.tail)))
        a, b = world.xy[world.tail[k]], world.xy[world.head[k]]
        aside = [0.0, 30.0, 200.0][int(rng.integers(3))]
        found.append(a + (b - a) * [rng.random(), 0.0][number % 2] + rng.normal(0, 1, 2) * aside)
    return found


seeds = st.integers(0, 2**32 - 1)
steps = st.sampled_from([17.3, 50.0, 100.0])
minutes = st.sampled_from([0.5, 2.0, 5.0, 12.0])


def drawn(world: World, facility: SegmentTimes, step: float, limit: float) -> shapely.MultiPolygon:
    limits = [60 * limit]
    shape = circle_shapes(world.segments, [facility], world.access, limits_s=limits, step_m=step)
    one: shapely.MultiPolygon = shape[0, 0]
    return one


def road_samples(world: World, step: float) -> tuple[NDArray[np.int64], Floats, Floats]:
    """(segment, metres along, xy) densely along all segments, ends included."""
    count = np.ceil(world.length / step * 5).astype(int) + 2
    segment = np.repeat(np.arange(len(count)), count)
    share = np.concatenate([np.linspace(0, 1, one) for one in count])
    a, b = world.xy[world.tail[segment]], world.xy[world.head[segment]]
    return segment, share * world.length[segment], a + share[:, None] * (b - a)


@settings(max_examples=EXAMPLES)
@given(seed=seeds, step=steps, limit=minutes)
def test_inside_is_reachable_and_reached_roads_are_inside(
    seed: int, step: float, limit: float
) -> None:
    world = make(seed)
    facility = world.reach(places(world, seed, 1)[0])
    shape = drawn(world, facility, step, limit)
    assert shape.is_valid
    assert isinstance(shape, shapely.MultiPolygon)
    assert all(part.area > 0 for part in shape.geoms)
    # (b) whatever road is reached is inside
    segment, s, xy = road_samples(world, step)
    reached = world.on_road(facility, segment, s) <= 60 * limit
    outside = shapely.distance(shape, shapely.points(xy[reached]))
    assert np.nan_to_num(outside, nan=np.inf).max(initial=0) <= 1e-6
    # (a) whatever is inside is reachable, one cell allowed
    rng = np.random.default_rng(seed)
    low, high = np.array(shape.bounds).reshape(2, 2)
    points = rng.uniform(low, high, (600, 2))
    points = points[shapely.contains_xy(shape, points)]
    outline = rng.permutation(shapely.get_coordinates(shape))[:400]
    points = np.concatenate([points, outline])
    time = world.walk(facility, points, step)
    assert time.max(initial=0) <= 60 * limit + world.slack(step)
    assert shapely.intersects_xy(shape, facility.x, facility.y).all()


@settings(max_examples=EXAMPLES)
@given(seed=seeds, step=steps, limit=minutes)
def test_a_corner_is_in_exactly_if_its_time_is_within_the_limit(
    seed: int, step: float, limit: float
) -> None:
    world = make(seed)
    facility = world.reach(places(world, seed, 1)[0])
    plan = Plan(world.segments, world.access, (60 * limit,), step)
    near = facility.within(plan.most_s)
    frame = plan.window(near)
    sheet = Sheet(frame, world.access)
    for marks in Canvas(plan, frame).marks(near):
        sheet.lay(marks, plan.most_s)
    levels = sheet.lift(frame)
    column, row = np.meshgrid(np.arange(frame.columns), np.arange(frame.rows))
    corners = np.column_stack([column.ravel() + frame.column, row.ravel() + frame.row]) * step
    longest = world.access.max_access_m
    time = world.time(facility, corners, longest)
    # A tie may fall either way: times and distances are laid in single precision.
    sure = np.abs(time - plan.most_s) > 1e-2
    for other in (longest + 1e-3, longest - 1e-3):
        sure &= np.isclose(world.time(facility, corners, other), time)
    assert sure.mean() > 0.9
    proper = levels.ravel() <= -CLEARANCE
    assert np.array_equal(proper[sure], (time <= plan.most_s)[sure])
    assert (levels[[0, -1]] > 0).all()
    assert (levels[:, [0, -1]] > 0).all()


@settings(max_examples=EXAMPLES)
@given(seed=seeds, step=steps)
def test_larger_limits_contain_smaller_ones(seed: int, step: float) -> None:
    world = make(seed)
    facility = world.reach(places(world, seed, 1)[0])
    limits = [30.0, 60.0, 60.6, 180.0, 480.0, 1200.0]
    shapes = circle_shapes(world.segments, [facility], world.access, limits_s=limits, step_m=step)
    for small, large in pairwise(shapes[0]):
        assert_holds(large, small, step)


def assert_holds(large: shapely.MultiPolygon, small: shapely.MultiPolygon, step: float) -> None:
    """`large` contains `small`, but for rounding."""
    assert small.difference(large.buffer(1e-4 * step)).is_empty


@settings(max_examples=EXAMPLES)
@given(seed=seeds, step=steps, limit=minutes)
def test_more_roads_never_shrink_a_circle(seed: int, step: float, limit: float) -> None:
    world = make(seed)
    rng = np.random.default_rng(seed)
    keep = rng.random(len(world.tail)) < 0.8
    if world.street is not None:  # a street without a part would be another street
        keep = keep[world.street]
    less = replace(
        world,
        tail=world.tail[keep],
        head=world.head[keep],
        to_start=world.to_start[keep],
        to_end=world.to_end[keep],
        street=None if world.street is None else world.street[keep],
    )
    if not keep.any():
        return
    place = places(less, seed, 1)[0]
    before = drawn(less, less.reach(place), step, limit)
    after = drawn(world, world.reach(place), step, limit)
    assert_holds(after, before, step)


@settings(max_examples=EXAMPLES)
@given(seed=seeds, step=steps, limit=minutes)
def test_dissolved_circles_hold_each_and_no_more(seed: int, step: float, limit: float) -> None:
    world = make(seed)
    facilities = [world.reach(place) for place in places(world, seed, 4)]

    def shapes(count: int, how: str) -> NDArray[np.object_]:
        return circle_shapes(
            world.segments,
            facilities[:count],
            world.access,
            limits_s=[60 * limit],
            step_m=step,
            how=how,  # type: ignore[arg-type]
        )

    each = shapes(4, "each")[:, 0]
    (dissolved,) = shapes(4, "dissolve")[0]
    assert dissolved.is_valid
    for one in each:
        assert_holds(dissolved, one, step)
    # The same corners are in; only crossings between in and out may differ.
    over = dissolved.difference(shapely.union_all(each))
    assert over.buffer(-step).is_empty
    # One more facility never shrinks.
    assert_holds(dissolved, shapes(3, "dissolve")[0, 0], step)


@settings(max_examples=EXAMPLES)
@given(seed=seeds, step=steps, limit=minutes)
def test_split_circles_share_the_dissolved_one(seed: int, step: float, limit: float) -> None:
    world = make(seed)
    facilities = [world.reach(place) for place in places(world, seed, 4)]
    roads, access = world.segments, world.access
    options = {"limits_s": [60 * limit], "step_m": step}
    parts = circle_shapes(roads, facilities, access, how="split", **options)[:, 0]  # type: ignore[arg-type]
    whole = circle_shapes(roads, facilities, access, how="dissolve", **options)[0, 0]  # type: ignore[arg-type]
    assert shapely.is_valid(parts).all()
    assert shapely.area(parts).sum() == pytest.approx(whole.area, rel=1e-9, abs=1e-6)
    assert shapely.union_all(parts).symmetric_difference(whole).area <= 1e-6 * step**2
    # Who has a corner needs the least time to it; rounding and ties of distance allowed.
    low, high = (np.array(whole.bounds).reshape(2, 2) / step).round().astype(int)
    grid = np.mgrid[low[0] : high[0] + 1, low[1] : high[1] + 1].reshape(2, -1).T * step
    rng = np.random.default_rng(seed)
    corners = rng.permutation(grid[shapely.contains_xy(whole, grid)])[:400]
    longest = access.max_access_m
    least = np.min([world.time(one, corners, longest - 1e-3) for one in facilities], axis=0)
    for one, part in zip(facilities, parts, strict=True):
        mine = shapely.contains_xy(part, corners) & (least <= 60 * limit - 1e-2)
        assert (world.time(one, corners[mine], longest + 1e-3) <= least[mine] + 1e-2).all()


@pytest.fixture(scope="module", autouse=True)
def _as_in_a_dense_city() -> Iterator[None]:
    """Near corners are laid first, as few as the streets of these worlds are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing, "_CROWDED", 0.0)
        yield


@settings(max_examples=20)
@given(seed=seeds)
def test_batches_bands_chunks_and_the_index_draw_the_same(seed: int) -> None:
    world = make(seed)
    facilities = [world.reach(place) for place in places(world, seed, 5)]
    roads, access = world.segments, world.access
    index = LatticeIndex.build(roads, 50.0, access.max_access_m)
    plan = Plan(roads, access, (60.0, 300.0), 50.0)
    first = drawing.draw_each(plan, facilities), drawing.draw_dissolved(plan, facilities)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (
            ("_BATCH_ENTRIES", 300),
            ("_BATCH_CORNERS", 900),
            ("_CHUNK_ENTRIES", 100),
            ("_BAND_CORNERS", 400),
            ("_CHUNK_FACILITIES", 2),
        ):
            patch.setattr(drawing, name, value)
        second = drawing.draw_each(plan, facilities), drawing.draw_dissolved(plan, facilities)
    third = (
        drawing.draw_each(plan, facilities, index),
        drawing.draw_dissolved(plan, facilities, index),
    )
    for other in (second, third):
        for one, two in zip(first, other, strict=True):
            gap = shapely.area(shapely.symmetric_difference(one, two))
            assert gap.max() <= 1e-3
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing, "near_m", lambda *_: None)  # all corners at once
        whole = drawing.draw_each(plan, facilities), drawing.draw_dissolved(plan, facilities)
    for one, two in zip(first, whole, strict=True):
        assert shapely.to_wkb(one).tolist() == shapely.to_wkb(two).tolist()


def test_cells_do_not_depend_on_the_company_a_segment_keeps() -> None:
    """It starts a hair beside a line of the lattice, where sums of many segments round."""
    count = 40_000
    ends = (np.full(count, end) for end in (405.0, 649.9999999995, 382.0, 684.0))
    segments = straight(*ends, np.full(count, np.inf), np.zeros(count))
    index = LatticeIndex.build(segments, 50.0, 0.0)
    parts = np.split(index.cell_from_m, index.cell_first[1:-1])
    first, last = parts[0], parts[-1]
    assert first[0] == 0
    assert np.array_equal(first, last)


@settings(max_examples=20)
@given(seed=seeds)
def test_towns_far_apart_are_drawn_as_in_one_sheet(seed: int) -> None:
    """A group of its own for each town that meets no other, and no other outline by it."""
    world = make(seed, access=AccessRule(40.0, 0.3, 60.0))
    facilities = [world.reach(place) for place in places(world, seed, 6)]
    plan = Plan(world.segments, world.access, (10.0, 20.0), 20.0)
    apart = drawing.draw_dissolved(plan, facilities)
    groups = list(drawing.together_apart(plan, facilities))
    event(f"{len(groups)} groups")
    assert sum(len(group.x) for group in groups) == len(facilities)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing, "apart", lambda frames: [list(range(len(frames)))])
        whole = drawing.draw_dissolved(plan, facilities)
    assert shapely.area(shapely.symmetric_difference(apart, whole)).max() <= 1e-3


def test_groups_are_cut_where_no_window_lies() -> None:
    """By rows and columns, as often as there are free ones; those that share a corner stay."""

    def window(column: int, row: int, columns: int = 3, rows: int = 3) -> Frame:
        return Frame(50.0, column, row, columns, rows)

    near = [window(0, 0), window(2, 2)]  # share the corner (2, 2)
    assert apart(near) == [[0, 1]]
    assert apart([window(0, 0), window(3, 0)]) == [[0], [1]]
    assert apart([window(0, 0), window(10, 0), window(1, 20), window(11, 20)]) == [
        *([one] for one in range(4))
    ]
    # A wheel has no free row or column: one group, though no two meet.
    wheel = [window(0, 0, 6, 2), window(7, 0, 2, 6), window(3, 7, 6, 2), window(0, 3, 2, 6)]
    assert apart(wheel) == [[0, 1, 2, 3]]
