"""Circles as projected polygons: each facility's own, or all melted into one.

Both run through the same two steps, marks on a sheet and the outline of the
sheet; what differs is whose marks are laid before it is lifted.

- each: one facility's marks, in a window around what it reaches;
- dissolved: the least seconds over all facilities first, segment by segment,
  then one sheet, in bands of rows where the area is large.

Memory is bounded where no index is given: facilities are taken in batches of
neighbours, and the index is built only around what a batch reaches.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from coverage.circles.contour import (
    Marks,
    Sheet,
    direct_marks,
    marks_from_feet,
    marks_of,
    multi,
    outline,
)
from coverage.circles.lattice import Frame, LatticeIndex, chunks, corner_count, reach_of
from coverage.circles.times import AccessRule, SegmentTimes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shapely import MultiPolygon

    from coverage.arrays import Float32s, Floats, Ints, Objects
    from coverage.travel.streets import Segments


# Corners of segments in one index (12 bytes each), or laid in one go (some 40).
_BATCH_ENTRIES = 8_000_000
_CHUNK_ENTRIES = 4_000_000
# Corners of a sheet (4 bytes each, for every limit).
_BATCH_CORNERS = 20_000_000
_BAND_CORNERS = 20_000_000
# Facilities whose straight ways are laid in one go.
_CHUNK_FACILITIES = 100


@dataclass(frozen=True, eq=False)
class Plan:
    """What all circles of one request share.

    Attributes:
        segments: Pieces of road of the travel network.
        access: How one gets to the road.
        limits_s: Limits in seconds.
        step_m: Side of a lattice cell.
    """

    segments: Segments
    access: AccessRule
    limits_s: tuple[float, ...]
    step_m: float

    @property
    def most_s(self) -> float:
        """The largest limit."""
        return max(self.limits_s)

    def corners(self, part: Ints) -> Floats:
        """About how many corners of the lattice each of the segments `part` has."""
        length = self.segments.length_m[part]
        return corner_count(length, self.step_m, self.access.max_access_m)

    def window(self, times: SegmentTimes) -> Frame:
        """The part of the lattice that a circle of `times` can touch, with a rim outside."""
        segments, access = self.segments, self.access
        part = np.concatenate([times.segment, times.foot_segment])
        road = reach_of(access.max_access_m, self.step_m) + 2 * self.step_m
        straight = access.max_direct_m
        if access.cost_s_per_m > 0:
            straight = min(straight, self.most_s / access.cost_s_per_m)
        straight += 3 * self.step_m
        bounds = []
        for first, last, place in (
            (segments.x0, segments.x1, times.x),
            (segments.y0, segments.y1, times.y),
        ):
            ends = np.concatenate([first[part], last[part]])
            low = min(ends.min(initial=np.inf) - road, place.min(initial=np.inf) - straight)
            high = max(ends.max(initial=-np.inf) + road, place.max(initial=-np.inf) + straight)
            bounds.append((low, high))
        (west, east), (south, north) = bounds
        return Frame.around((west, south, east, north), self.step_m)


@dataclass(frozen=True, eq=False)
class Canvas:
    """A piece of lattice to draw on, with an index of the segments in it or without.

    Attributes:
        plan: What is asked.
        frame: The piece of lattice.
        index: Prepared corners and cells; None to make them as they come.
        held: Segments in the index, rising; None if it holds all.
    """

    plan: Plan
    frame: Frame
    index: LatticeIndex | None = None
    held: Ints | None = None

    def lay(self, times: SegmentTimes, sheets: Sequence[Sheet]) -> None:
        """Lay a facility's marks on the sheets of all limits.

        Most of what a facility reaches it reaches long before the limit, and
        only the distance to the road matters: no times are worked out there.
        """
        if self.index is None:  # would be made anew for every limit
            for marks in self.marks(times):
                for sheet, limit_s in zip(sheets, self.plan.limits_s, strict=True):
                    sheet.lay(marks, limit_s)
            return
        latest, soonest = self._latest(times), np.minimum(times.start_s, times.end_s)
        for sheet, limit_s in zip(sheets, self.plan.limits_s, strict=True):
            sure = latest <= limit_s - sheet.spare_s
            for index, place, _, _ in self._looked_up(times.segment[sure]):
                sheet.lay_reached(index, place)
            rim = np.flatnonzero(~sure & (soonest <= limit_s + sheet.beyond_s))
            for marks in self.marks(times.only(rim)):
                sheet.lay(marks, limit_s)

    def _latest(self, times: SegmentTimes) -> Floats:
        """(j,) seconds by which all of a segment is reached from one of its ends."""
        segments, part = self.plan.segments, times.segment
        length = segments.length_m[part]
        latest = np.full(len(part), np.inf)
        for start_s, slowness in (
            (times.start_s, segments.to_start_s_per_m[part]),
            (times.end_s, segments.to_end_s_per_m[part]),
        ):
            way = np.multiply(length, slowness, out=np.zeros(len(part)), where=length > 0)
            np.minimum(latest, start_s + way, out=latest)
        return latest

    def marks(self, times: SegmentTimes) -> Iterator[Marks]:
        """All marks of a facility's times, at most some millions at a time."""
        cost = self.plan.access.cost_s_per_m
        ends = (times.start_s, times.end_s)
        for index, place, some, slowness in self._looked_up(times.segment):
            yield marks_of(index, place, (ends[0][some], ends[1][some]), slowness, cost)
        feet = (times.foot_m, times.foot_s)
        for index, place, some, slowness in self._looked_up(times.foot_segment):
            yield marks_from_feet(index, place, (feet[0][some], feet[1][some]), slowness, cost)
        for first in range(0, len(times.x), _CHUNK_FACILITIES):
            x, y = (place[first : first + _CHUNK_FACILITIES] for place in (times.x, times.y))
            plan = self.plan
            yield direct_marks(self.frame, x, y, plan.access, plan.most_s, plan.segments.walls)

    def _looked_up(
        self, segment: Ints
    ) -> Iterator[tuple[LatticeIndex, Ints, slice, tuple[Floats, Floats]]]:
        """Chunks of `segment`: index, places in it, which ones, slowness both ways."""
        plan, segments = self.plan, self.plan.segments
        place = segment if self.held is None else np.searchsorted(self.held, segment)
        for first, last in chunks(plan.corners(segment), _CHUNK_ENTRIES):
            some = slice(first, last)
            part = segment[some]
            slowness = (segments.to_start_s_per_m[part], segments.to_end_s_per_m[part])
            if self.index is None:
                index, held = _index_of(plan, self.frame, part)
                yield index, np.searchsorted(held, part), some, slowness
            else:
                yield self.index, place[some], some, slowness


def _index_of(plan: Plan, frame: Frame, part: Ints) -> tuple[LatticeIndex, Ints]:
    """An index of the segments `part` only, and the segments in it, rising."""
    # A place's foot is on the nearest part of a street: all parts must be there to tell.
    part = plan.segments.with_siblings(part)
    step_m, max_access_m = plan.step_m, plan.access.max_access_m
    index = LatticeIndex.build(plan.segments.take(part), step_m, max_access_m, frame=frame)
    return index, part


def canvases(
    plan: Plan, many: Sequence[SegmentTimes], index: LatticeIndex | None
) -> Iterator[tuple[Canvas, list[int], list[Frame]]]:
    """Facilities in groups that share a canvas, each with its window.

    With an `index` all facilities whose windows lie in it are one group.
    The others are taken from west to east in strips, as many as fit.
    """
    windows = [plan.window(times) for times in many]
    left = list(range(len(many)))
    if index is not None:
        near = [number for number in left if index.frame.holds(windows[number])]
        if near:
            yield Canvas(plan, index.frame, index), near, [windows[number] for number in near]
        left = [number for number in left if not index.frame.holds(windows[number])]
    strip = max((max(one.columns, one.rows) for one in windows), default=1)
    left.sort(key=lambda one: (windows[one].column // strip, windows[one].row))
    while left:
        group, part = _group(plan, left, windows, many)
        left = left[len(group) :]
        own = [windows[number] for number in group]
        frame = Frame.hull(own)
        if plan.corners(part).sum() > _BATCH_ENTRIES:  # one facility that reaches very far
            yield Canvas(plan, frame), group, own
        else:
            yield Canvas(plan, frame, *_index_of(plan, frame, part)), group, own


def _group(
    plan: Plan, order: list[int], windows: list[Frame], many: Sequence[SegmentTimes]
) -> tuple[list[int], Ints]:
    """The first of `order` and those after it that fit, and the segments they reach."""
    chosen = np.zeros(len(plan.segments), dtype=np.bool_)
    group: list[int] = []
    entries, hull = 0.0, windows[order[0]]
    for number in order:
        hull = Frame.hull([hull, windows[number]])
        times = many[number]
        fresh = np.concatenate([times.segment, times.foot_segment])
        fresh = fresh[~chosen[fresh]]  # a few twice, which only ends a batch a little sooner
        entries += plan.corners(fresh).sum()
        if group and (entries > _BATCH_ENTRIES or hull.size > _BATCH_CORNERS):
            break
        group.append(number)
        chosen[fresh] = True
    return group, np.flatnonzero(chosen)


def draw_each(
    plan: Plan, many: Sequence[SegmentTimes], index: LatticeIndex | None = None
) -> Objects:
    """(facilities, limits) multi-polygons, which may overlap."""
    many = [times.within(plan.most_s) for times in many]
    shapes = np.empty((len(many), len(plan.limits_s)), dtype=np.object_)
    for canvas, numbers, windows in canvases(plan, many, index):
        sheets = [Sheet(canvas.frame, plan.access) for _ in plan.limits_s]
        for number, window in zip(numbers, windows, strict=True):
            canvas.lay(many[number], sheets)
            for column, sheet in enumerate(sheets):
                shapes[number, column] = outline(sheet.lift(window), window)
    return shapes


def draw_dissolved(
    plan: Plan, many: Sequence[SegmentTimes], index: LatticeIndex | None = None
) -> Objects:
    """(limits,) multi-polygons: where some facility is reached."""
    import shapely

    together = SegmentTimes.merged([times.within(plan.most_s) for times in many])
    parts: list[list[MultiPolygon]] = [[] for _ in plan.limits_s]
    for window, levels in dissolved_levels(plan, together, index):
        for part, one in zip(parts, levels, strict=True):
            part.append(outline(one, window))
    shapes = np.empty(len(plan.limits_s), dtype=np.object_)
    for number, part in enumerate(parts):
        shapes[number] = part[0] if len(part) == 1 else multi(shapely.union_all(part))
    return shapes


def dissolved_levels(
    plan: Plan, together: SegmentTimes, index: LatticeIndex | None = None
) -> Iterator[tuple[Frame, list[Float32s]]]:
    """Levels for every limit, in bands of rows that share their outermost row."""
    whole = plan.window(together)
    if index is not None and index.frame.holds(whole):
        canvas = Canvas(plan, index.frame, index)
        yield whole, _lifted(canvas, together, whole)
        return
    high = max(_BAND_CORNERS // whole.columns, 2)
    part, segments = together.segment, plan.segments
    reach = reach_of(plan.access.max_access_m, plan.step_m)
    low_y = np.minimum(segments.y0[part], segments.y1[part]) - reach
    high_y = np.maximum(segments.y0[part], segments.y1[part]) + reach
    for first in range(0, whole.rows - 1, high):
        rows = min(high, whole.rows - 1 - first) + 1
        window = replace(whole, row=whole.row + first, rows=rows)
        # A visited cell beyond the last row touches corners in it: one row more all round.
        frame = Frame(whole.step_m, whole.column, window.row - 1, whole.columns, rows + 2)
        south, north = frame.row * plan.step_m, (frame.row + frame.rows) * plan.step_m
        near = np.flatnonzero((high_y >= south) & (low_y <= north))
        yield window, _lifted(Canvas(plan, frame), together.only(near), window)


def _lifted(canvas: Canvas, times: SegmentTimes, window: Frame) -> list[Float32s]:
    plan = canvas.plan
    sheets = [Sheet(canvas.frame, plan.access) for _ in plan.limits_s]
    canvas.lay(times, sheets)
    return [sheet.lift(window) for sheet in sheets]
