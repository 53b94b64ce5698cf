"""Circles as projected polygons: each facility's own, or all melted into one.

Both run through the same two steps, marks on a sheet and the outline of the
sheet; what differs is whose marks are laid before it is lifted.

- each: one facility's marks, in a window around what it reaches;
- dissolved: the least seconds over all facilities first, segment by segment,
  then one sheet, in bands of rows where the area is large.

Where a leg costs much more than the road and many streets serve a corner, near corners are laid
first, and of the others only those that may be bettered (see `field`): in a dense city a tenth of
all. Where streets are few that would take twice as long.

Memory is bounded where no index is given: facilities are taken in batches of
neighbours, and the index is built only around what a batch reaches.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from coverage.arrays import chunks
from coverage.circles.contour import (
    Marks,
    Sheet,
    direct_marks,
    marks_from_feet,
    marks_of,
    multi,
    outline,
)
from coverage.circles.field import Field, near_m
from coverage.circles.frame import Frame, apart
from coverage.circles.lattice import LatticeIndex, corner_count, reach_of
from coverage.circles.plain import plainer
from coverage.circles.times import AccessRule, SegmentTimes
from coverage.circles.useful import Useful

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from shapely import MultiPolygon

    from coverage.arrays import Bools, Float32s, Floats, Ints, Objects
    from coverage.travel.streets import Segments


# Corners of segments in one index (12 bytes each), or laid in one go (some 40).
_BATCH_ENTRIES = 3_000_000
_CHUNK_ENTRIES = 1_000_000
# Corners of a sheet (4 bytes each, for every limit).
_BATCH_CORNERS = 20_000_000
_BAND_CORNERS = 20_000_000
# Facilities whose straight ways are laid in one go.
_CHUNK_FACILITIES = 100
# Corners of segments for one of the window from which on it pays to lay near ones first: a dense
# city has 18 on foot and 110 by car, a prefecture of towns and villages 2 and 11.
_CROWDED = 15.0


@dataclass(frozen=True, eq=False)
class Plan:
    """What all circles of one request share.

    Attributes:
        segments: Pieces of road of the travel network.
        access: How one gets to the road.
        limits_s: Limits in seconds.
        step_m: Side of a lattice cell.
        plain: Whether outlines are drawn no finer than a map can show.
    """

    segments: Segments
    access: AccessRule
    limits_s: tuple[float, ...]
    step_m: float
    plain: bool = False

    def drawn(self, shapes: Objects) -> Objects:
        """(n, limits) shapes as they are handed out: plain ones still lie in each other."""
        import shapely

        if not self.plain:
            return shapes
        plain = plainer(shapes, self.step_m)
        order = np.argsort(self.limits_s, kind="stable")[::-1].tolist()
        for large, small in pairwise(order):
            both = shapely.intersection(plain[:, large], plain[:, small])
            plain[:, small] = [multi(one) for one in both]
        return plain

    @property
    def most_s(self) -> float:
        """The largest limit."""
        return max(self.limits_s)

    @property
    def reach_m(self) -> float:
        """How far around a segment its corners matter."""
        return reach_of(self.access.max_access_m, self.step_m)

    @property
    def near_m(self) -> float | None:
        """How far around a segment corners are laid first; None where all are."""
        # What is sooner is told from the distance alone, which slopes forbid.
        return None if self.segments.slopes else near_m(self.access, self.step_m)

    def crowded(self, times: SegmentTimes, window: Frame) -> bool:
        """Whether it pays to lay near corners first."""
        if self.near_m is None:
            return False
        corners = self.corners(times.segment, self.reach_m).sum()
        return bool(corners >= _CROWDED * window.size)

    def corners(self, part: Ints, within_m: float) -> Floats:
        """About how many corners of the lattice each of the segments `part` has so near."""
        return corner_count(self.segments.length_m[part], self.step_m, within_m)

    def window(self, times: SegmentTimes) -> Frame:
        """The part of the lattice that a circle of `times` can touch, with a rim outside."""
        segments, access = self.segments, self.access
        part = np.concatenate([times.segment, times.foot_segment])
        road = self.reach_m + 2 * self.step_m
        straight = access.max_direct_m
        if access.cost_s_per_m > 0:
            least = segments.slopes.ground.least if segments.slopes else 1.0
            straight = min(straight, self.most_s / access.cost_s_per_m / least)
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
        near: Whether near corners are laid first (see `coverage.circles.field`); the index
            holds no others then, and may be of a larger frame.
    """

    plan: Plan
    frame: Frame
    index: LatticeIndex | None = None
    held: Ints | None = None
    near: bool = False

    def levels(self, times: SegmentTimes, window: Frame) -> list[Float32s]:
        """What a facility's marks, all within the window, come to for every limit."""
        if self.near:
            self._lay_near(times, self._sheets)
        else:
            self._lay(times, self._sheets)
        return [sheet.lift(window) for sheet in self._sheets]

    @cached_property
    def _sheets(self) -> list[Sheet]:
        return [Sheet(self.frame, self.plan.access) for _ in self.plan.limits_s]

    def _lay(self, times: SegmentTimes, sheets: Sequence[Sheet]) -> None:
        """Lay marks on the sheets of all limits.

        Most of what a facility reaches it reaches long before the limit, and
        only the distance to the road matters: no times are worked out there.
        """
        if self.index is None:  # would be made anew for every limit
            self._lay_all(self.marks(times), sheets)
            return
        latest, soonest = self._latest(times), np.minimum(times.start_s, times.end_s)
        for sheet, limit_s in zip(sheets, self.plan.limits_s, strict=True):
            # How much a steep leg takes is not known before it is looked at.
            spare_s = np.inf if self.plan.segments.slopes else sheet.spare_s
            sure = latest <= limit_s - spare_s
            for index, place, _, _ in self._looked_up(times.segment[sure]):
                sheet.lay_reached(index, place)
            rim = np.flatnonzero(~sure & (soonest <= limit_s + sheet.beyond_s))
            for marks in self.marks(times.only(rim)):
                sheet.lay(marks, limit_s)

    def _lay_all(self, found: Iterable[Marks], sheets: Sequence[Sheet]) -> None:
        for marks in found:
            for sheet, limit_s in zip(sheets, self.plan.limits_s, strict=True):
                sheet.lay(marks, limit_s)

    def _lay_near(self, times: SegmentTimes, sheets: Sequence[Sheet]) -> None:
        """Lay the near corners, and what may better others."""
        plan, field, laid = self.plan, Field.empty(self.frame), []
        for index, place, some, slowness in self._looked_up(times.segment):
            seconds = (times.start_s[some], times.end_s[some])
            marks = marks_of(index, place, seconds, slowness, plan.access.cost_s_per_m)
            cells = index.cell_first[place + 1] - index.cell_first[place]
            laid.append((field.lay(marks, index.frame), marks.cell_s, cells))
        for sheet, limit_s in zip(sheets, plan.limits_s, strict=True):
            sheet.lay_field(self.frame, field.time_s, field.visit_s, limit_s)
        wanted, best_s = field.wanted(
            plan.access,
            near=self.laid_m,
            reach=plan.reach_m,
            limits_s=plan.limits_s,
            beyond_s=sheets[0].beyond_s,
        )
        better = [_any(cell_s < wanted[at], many) for at, cell_s, many in laid]
        rest = times.only(np.concatenate([np.zeros(0, np.bool_), *better]))
        far = Canvas(plan, self.frame)
        self._lay_all(far._along(rest, best_s), sheets)
        self._lay_all(far._from_places(times), sheets)

    @property
    def laid_m(self) -> float:
        """How far around a segment its corners are looked up."""
        return (self.near and self.plan.near_m) or self.plan.reach_m

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
        yield from self._along(times)
        yield from self._from_places(times)

    def _along(self, times: SegmentTimes, best_s: Floats | None = None) -> Iterator[Marks]:
        ends, cost = (times.start_s, times.end_s), self.plan.access.cost_s_per_m
        useful = None if best_s is None else Useful(best_s, np.minimum(*ends), cost)
        for index, place, some, slowness in self._looked_up(times.segment, useful):
            yield marks_of(index, place, (ends[0][some], ends[1][some]), slowness, cost)

    def _from_places(self, times: SegmentTimes) -> Iterator[Marks]:
        cost, feet = self.plan.access.cost_s_per_m, (times.foot_m, times.foot_s)
        for index, place, some, slowness in self._looked_up(times.foot_segment):
            yield marks_from_feet(index, place, (feet[0][some], feet[1][some]), slowness, cost)
        for first in range(0, len(times.x), _CHUNK_FACILITIES):
            x, y = (place[first : first + _CHUNK_FACILITIES] for place in (times.x, times.y))
            plan = self.plan
            barred, slopes = plan.segments.walls, plan.segments.slopes
            yield direct_marks(self.frame, x, y, plan.access, plan.most_s, barred, slopes)

    def _looked_up(
        self, segment: Ints, useful: Useful | None = None
    ) -> Iterator[tuple[LatticeIndex, Ints, slice, tuple[Floats, Floats]]]:
        """Chunks of `segment`: index, places in it, which ones, slowness both ways."""
        plan, segments = self.plan, self.plan.segments
        place = segment if self.held is None else np.searchsorted(self.held, segment)
        for first, last in chunks(plan.corners(segment, self.laid_m), _CHUNK_ENTRIES):
            some = slice(first, last)
            part = segment[some]
            slowness = (segments.to_start_s_per_m[part], segments.to_end_s_per_m[part])
            if self.index is not None:
                yield self.index, place[some], some, slowness
                continue
            held = segments.with_siblings(part)
            own = np.searchsorted(held, part)
            use = useful and useful.of(len(held), own, some)
            yield _index_of(plan, self.frame, held, self.laid_m, use), own, some, slowness


def _any(yes: Bools, count: Ints) -> Bools:
    """For groups of so many each, whether any of them is True."""
    owner = np.repeat(np.arange(len(count)), count)
    return np.bincount(owner[yes], minlength=len(count)) > 0


def _index_of(
    plan: Plan, frame: Frame, part: Ints, near_m: float, useful: Useful | None = None
) -> LatticeIndex:
    """An index of the segments `part` only.

    A place's foot is on the nearest part of a street: all parts must be there to tell.
    """
    few, access_m = plan.segments.take(part), plan.access.max_access_m
    return LatticeIndex.build(few, plan.step_m, access_m, frame=frame, near_m=near_m, useful=useful)


def canvases(
    plan: Plan, many: Sequence[SegmentTimes], index: LatticeIndex | None, *, near: bool = False
) -> Iterator[tuple[Canvas, list[int], list[Frame]]]:
    """Facilities in groups that share a canvas, each with its window.

    With an `index` all facilities whose windows lie in it are one group.
    The others are taken from west to east in strips, as many as fit.
    With `near` those in dense streets have their near corners prepared only.
    """
    windows = [plan.window(times) for times in many]
    left = list(range(len(many)))
    if index is not None:
        held_all = [number for number in left if index.frame.holds(windows[number])]
        if held_all:
            own = [windows[number] for number in held_all]
            yield Canvas(plan, index.frame, index), held_all, own
        left = [number for number in left if not index.frame.holds(windows[number])]
    strip = max((max(one.columns, one.rows) for one in windows), default=1)
    left.sort(key=lambda one: (windows[one].column // strip, windows[one].row))
    crowded = {number for number in left if near and plan.crowded(many[number], windows[number])}
    for dense in (False, True):
        some = [number for number in left if (number in crowded) == dense]
        yield from _strips(plan, some, windows, many, near=dense)


def _strips(
    plan: Plan, left: list[int], windows: list[Frame], many: Sequence[SegmentTimes], *, near: bool
) -> Iterator[tuple[Canvas, list[int], list[Frame]]]:
    """As `canvases`, in groups of neighbours that fit; `left` are in order."""
    within_m = (near and plan.near_m) or plan.reach_m
    while left:
        group, part = _group(plan, left, windows, many, within_m)
        left = left[len(group) :]
        own = [windows[number] for number in group]
        frame = Frame.hull(own)
        if plan.corners(part, within_m).sum() > _BATCH_ENTRIES:  # one that reaches very far
            yield Canvas(plan, frame, near=near), group, own
        else:
            held = plan.segments.with_siblings(part)
            index = _index_of(plan, frame, held, within_m)
            yield Canvas(plan, frame, index, held, near), group, own


def _group(
    plan: Plan,
    order: list[int],
    windows: list[Frame],
    many: Sequence[SegmentTimes],
    within_m: float,
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
        entries += plan.corners(fresh, within_m).sum()
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
    for canvas, numbers, windows in canvases(plan, many, index, near=True):
        for number, window in zip(numbers, windows, strict=True):
            one = replace(canvas, frame=window) if canvas.near else canvas
            for column, levels in enumerate(one.levels(many[number], window)):
                shapes[number, column] = outline(levels, window)
        shapes[numbers] = plan.drawn(shapes[numbers])
    return shapes


def draw_dissolved(
    plan: Plan, many: Sequence[SegmentTimes], index: LatticeIndex | None = None
) -> Objects:
    """(limits,) multi-polygons: where some facility is reached."""
    import shapely

    parts: list[list[MultiPolygon]] = [[] for _ in plan.limits_s]
    for together in together_apart(plan, many):
        bands: list[list[MultiPolygon]] = [[] for _ in plan.limits_s]
        for window, levels in dissolved_levels(plan, together, index):
            for band, one in zip(bands, levels, strict=True):
                band.append(outline(one, window))
        for part, band in zip(parts, bands, strict=True):
            part.append(band[0] if len(band) == 1 else multi(shapely.union_all(band)))
    shapes = np.empty(len(plan.limits_s), dtype=np.object_)
    shapes[:] = [multi(np.array(part)) for part in parts]
    (whole,) = plan.drawn(shapes[None])
    return np.asarray(whole)


def together_apart(plan: Plan, many: Sequence[SegmentTimes]) -> Iterator[SegmentTimes]:
    """The least times of facilities that may meet, group by group: no two groups share a corner."""
    many = [times.within(plan.most_s) for times in many]
    for group in apart([plan.window(times) for times in many]):
        yield SegmentTimes.merged([many[number] for number in group])


def dissolved_levels(
    plan: Plan, together: SegmentTimes, index: LatticeIndex | None = None
) -> Iterator[tuple[Frame, list[Float32s]]]:
    """Levels for every limit, in bands of rows that share their outermost row."""
    whole = plan.window(together)
    if index is not None and index.frame.holds(whole):
        canvas = Canvas(plan, index.frame, index)
        yield whole, canvas.levels(together, whole)
        return
    high = max(_BAND_CORNERS // whole.columns, 2)
    part, segments = together.segment, plan.segments
    reach, near = plan.reach_m, plan.crowded(together, whole)
    rim = int(reach // plan.step_m) + 3 if near else 1
    low_y = np.minimum(segments.y0[part], segments.y1[part]) - reach
    high_y = np.maximum(segments.y0[part], segments.y1[part]) + reach
    for first in range(0, whole.rows - 1, high):
        rows = min(high, whole.rows - 1 - first) + 1
        window = replace(whole, row=whole.row + first, rows=rows)
        # A visited cell beyond the last row touches corners in it: one row more all round. To
        # tell which streets may better a corner all those must be seen that serve it.
        frame = replace(whole, row=window.row - rim, rows=rows + 2 * rim)
        south, north = frame.row * plan.step_m, (frame.row + frame.rows) * plan.step_m
        some = np.flatnonzero((high_y >= south) & (low_y <= north))
        yield window, Canvas(plan, frame, near=near).levels(together.only(some), window)
