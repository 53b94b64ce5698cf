"""Service circles as polygons: circles that overlap, areas split by nearest facility, one area.

Every circle is drawn on a lattice, and no point inside is promised nearer than
one cell.

Split circles share the dissolved one: every corner is labelled with the
facility of least time; it speaks for the square of one cell around it. A
facility's part is the dissolved circle cut with the squares that carry its
label, so that parts never overlap and leave nothing out; the line between two
parts is true to half a cell's diagonal.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from coverage.circles.contour import OUTSIDE, Marks, multi, outline
from coverage.circles.drawing import (
    Plan,
    canvases,
    dissolved_levels,
    draw_dissolved,
    draw_each,
    together_apart,
)
from coverage.circles.frame import MAX_HELD, Frame, checked_step
from coverage.circles.times import AccessRule, SegmentTimes, access_of, times_of
from coverage.errors import InputError, Problem
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely import MultiPolygon

    from coverage.arrays import Bools, Float32s, Int32s, Objects
    from coverage.circles.lattice import LatticeIndex
    from coverage.travel._reached import Reached
    from coverage.travel.prepare import TravelNetwork
    from coverage.travel.streets import Segments

How = Literal["each", "split", "dissolve"]

# Added to a time over the limit or with a longer access leg than allowed: it
# labels a corner only if there is no proper one.
_BEYOND_S = np.float32(1e6)
_NOBODY = -1


def service_circles(
    tn: TravelNetwork,
    reached: Sequence[Reached],
    limits_s: Sequence[float],
    *,
    step_m: float,
    how: How = "each",
    index: LatticeIndex | None = None,
    plain: bool = False,
) -> Objects:
    """Circles of what searches reached, as `circle_shapes` draws them.

    Args:
        tn: The travel network that was searched.
        reached: What each facility reaches, up to the largest limit at least.
        limits_s: Limits, inclusive, as the profile measures them.
        step_m: Side of a lattice cell in metres.
        how: ``each``, ``split`` or ``dissolve``.
        index: Of `tn.segments`; see `circle_shapes`.
        plain: Whether to leave out corners that no map shows; see `circle_shapes`.

    Raises:
        InputError: As `circle_shapes`.
    """
    return circle_shapes(
        tn.segments,
        [times_of(one) for one in reached],
        access_of(tn.profile),
        limits_s=limits_s,
        step_m=step_m,
        how=how,
        index=index,
        plain=plain,
    )


def circle_shapes(
    segments: Segments,
    facilities: Sequence[SegmentTimes],
    access: AccessRule,
    *,
    limits_s: Sequence[float],
    step_m: float,
    how: How = "each",
    index: LatticeIndex | None = None,
    plain: bool = False,
) -> Objects:
    """Circles as bare shapely multi-polygons in the network's CRS.

    Args:
        segments: Straight segments of the travel network's streets.
        facilities: Each facility's seconds on them, reached at least up to
            the largest limit.
        access: How one gets to the road, and straight to the facility.
        limits_s: Limits, inclusive.
        step_m: Side of a lattice cell in metres.
        how: ``each`` for circles that may overlap, ``split`` for each point
            to its nearest facility, ``dissolve`` for one area a limit.
        index: `LatticeIndex.build(segments, step_m, access.max_access_m)`,
            worth its while from some 50 facilities; without it the lattice is
            prepared around the facilities, in batches of bounded memory.
        plain: Whether to leave out corners that no map shows (see `coverage.circles.plain`);
            never of `split` circles, which share their borders.

    Returns:
        (facilities, limits) multi-polygons, in the order given; (1, limits)
        if dissolved. Valid, with holes; empty where nothing is reached.

    Raises:
        InputError: If a limit or the step is not a positive number, `how` is
            unknown, times name segments that do not exist, or the index does
            not belong to this request.
    """
    plan = Plan(segments, access, _checked_limits(limits_s), checked_step(step_m), plain)
    _check(plan, facilities, how, index)
    if how == "each":
        return draw_each(plan, facilities, index)
    if how == "split":
        return _draw_split(plan, facilities, index)
    return draw_dissolved(plan, facilities, index)[None, :]


def _checked_limits(limits_s: Sequence[float]) -> tuple[float, ...]:
    problems = [
        Problem(Said("时限须大于 0", "a limit must be more than 0"), value=str(one))
        for one in limits_s
        if not (np.isfinite(one) and one > 0)
    ]
    if not len(limits_s):
        problems.append(Problem(Said("至少要有一个时限", "there must be at least one limit")))
    if problems:
        raise InputError(problems)
    return tuple(map(float, limits_s))


def _check(
    plan: Plan, facilities: Sequence[SegmentTimes], how: str, index: LatticeIndex | None
) -> None:
    problems = []
    if how not in {"each", "split", "dissolve"}:
        said = Said(
            "服务圈画法可用 each、split、dissolve", "circles are drawn each, split or dissolve"
        )
        problems.append(Problem(said, value=str(how)))
    if not facilities and how == "dissolve":
        said = Said("没有设施可画服务圈", "there is no facility to draw a circle around")
        problems.append(Problem(said))
    if index is not None and (
        index.frame.step_m != plan.step_m
        or index.max_access_m != plan.access.max_access_m
        or not np.array_equal(index.length_m, plan.segments.length_m)
    ):
        said = Said(
            "备好的格网属于另一个步长、离路距离或路网",
            "the prepared lattice is for another step, access distance or road network",
        )
        problems.append(Problem(said))
    if problems:
        raise InputError(problems)
    for times in facilities:
        times.check_against(plan.segments)


def _draw_split(
    plan: Plan, many: Sequence[SegmentTimes], index: LatticeIndex | None = None
) -> Objects:
    """(facilities, limits) multi-polygons without overlap.

    Of facilities equally near the first has the corner; one that is nowhere
    the nearest has an empty shape.
    """
    import shapely

    many = [times.within(plan.most_s) for times in many]
    shapes = np.empty((len(many), len(plan.limits_s)), dtype=np.object_)
    shapes[...] = shapely.MultiPolygon()
    if not many:
        return shapes
    frame = Frame.hull([plan.window(times) for times in many])
    frame.check_size(MAX_HELD)
    labels = _labels(plan, many, index, frame)
    levels = [np.full((frame.rows, frame.columns), OUTSIDE, np.float32) for _ in plan.limits_s]
    for together in together_apart(plan, many):
        for window, found in dissolved_levels(plan, together, index):
            for whole, band in zip(levels, found, strict=True):
                whole[frame.window(window)] = band
    for column, (whole, label) in enumerate(zip(levels, labels, strict=True)):
        for number, part in _parts(whole, label, frame, len(many)):
            shapes[number, column] = part
    return shapes


def _labels(
    plan: Plan, many: Sequence[SegmentTimes], index: LatticeIndex | None, frame: Frame
) -> list[Int32s]:
    """For every limit (rows, columns): the facility of least time, or `_NOBODY`."""
    shape = (frame.rows, frame.columns)
    best = [np.full(shape, np.inf, dtype=np.float32) for _ in plan.limits_s]
    label = [np.full(shape, _NOBODY, dtype=np.int32) for _ in plan.limits_s]
    access_m = np.float32(plan.access.max_access_m)
    for canvas, numbers, windows in canvases(plan, many, index):
        flat = [np.full(canvas.frame.size, np.inf, dtype=np.float32) for _ in plan.limits_s]
        # In their order: of equally near facilities the first has the corner.
        for number, window in sorted(zip(numbers, windows, strict=True), key=lambda pair: pair[0]):
            for marks in canvas.marks(many[number]):
                for one, limit_s in zip(flat, plan.limits_s, strict=True):
                    beyond = (marks.off_m > access_m) | (marks.time_s > np.float32(limit_s))
                    np.minimum.at(one, marks.corner, marks.time_s + _BEYOND_S * beyond)
                    _claim_visited(one, marks, limit_s, canvas.frame.columns)
            place = frame.window(window)
            for one, least, name in zip(flat, best, label, strict=True):
                own = one.reshape(canvas.frame.rows, -1)[canvas.frame.window(window)]
                nearer = own < least[place]
                # Groups of neighbours do not come in the facilities' order.
                nearer |= (own == least[place]) & (number < name[place])
                np.copyto(least[place], own, where=nearer)
                np.copyto(name[place], np.int32(number), where=nearer)
                own[...] = np.inf
    return label


def _claim_visited(time_s: Float32s, marks: Marks, limit_s: float, columns: int) -> None:
    """The corners of visited cells are somebody's, even where no access leg leads to them."""
    seen = marks.cell_s <= limit_s
    cell, cell_s = marks.cell[seen], marks.cell_s[seen].astype(np.float32) + _BEYOND_S
    for shift in (0, 1, columns, columns + 1):
        np.minimum.at(time_s, cell + shift, cell_s)


def _parts(
    levels: Float32s, label: Int32s, frame: Frame, size: int
) -> list[tuple[int, MultiPolygon]]:
    """Every facility's part of the area where `levels` is below nought."""
    import shapely
    from scipy import ndimage

    # An outline leaves a corner that is in by less than a step.
    near = ndimage.binary_dilation(levels < 0, np.ones((3, 3), dtype=np.bool_))
    own = np.where(near, _with_neighbours(label, near) + 1, 0)
    found: list[tuple[int, MultiPolygon]] = []
    places: list[Any] = ndimage.find_objects(own, max_label=size)
    for number, place in enumerate(places):
        if place is None:
            continue
        row, column = (max(one.start - 1, 0) for one in place)
        rows, columns = (one.stop + 1 for one in place)
        here = levels[row:rows, column:columns]
        window = replace(
            frame,
            column=frame.column + column,
            row=frame.row + row,
            columns=here.shape[1],
            rows=here.shape[0],
        )
        area = outline(here, window)
        labels = own[row:rows, column:columns]
        if (labels[near[row:rows, column:columns]] != number + 1).any():
            area = multi(shapely.intersection(area, _squares(labels == number + 1, window)))
        if not area.is_empty:
            found.append((number, area))
    return found


def _with_neighbours(label: Int32s, near: Bools) -> Int32s:
    """Labels, where a corner `near` the area has none by its own that of a neighbour.

    Such a corner's street is not reached where its foot would be, yet a bit of
    its square is inside, because the outline runs between it and a neighbour.
    """
    row, column = np.nonzero(near & (label == _NOBODY))
    if not len(row):
        return label
    found = np.full(len(row), _NOBODY, dtype=np.int32)
    for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, -1), (-1, 1)):
        beside = label[
            np.clip(row + down, 0, label.shape[0] - 1),
            np.clip(column + right, 0, label.shape[1] - 1),
        ]
        found = np.where(found == _NOBODY, beside, found)
    label = label.copy()
    label[row, column] = found
    return label


def _squares(mine: Bools, window: Frame) -> MultiPolygon:
    """The cells around the corners `mine`, from the sides that part them from others.

    Half the time of a union of boxes, which grows with the area and not with
    its outline.
    """
    import shapely

    inside = np.pad(mine, 1)
    row, column = np.nonzero(inside[1:, 1:-1] != inside[:-1, 1:-1])
    below = [np.column_stack([column + side, row]) for side in (0, 1)]
    row, column = np.nonzero(inside[1:-1, 1:] != inside[1:-1, :-1])
    left = [np.column_stack([column, row + side]) for side in (0, 1)]
    sides = np.concatenate([np.stack(below, axis=1), np.stack(left, axis=1)])
    corner = np.array([window.column, window.row]) - 0.5
    lines: Any = shapely.linestrings((sides + corner) * window.step_m)
    faces = shapely.get_parts(shapely.polygonize(lines))
    # All cells of a face are alike: ask the one that some inner point of it lies in.
    some = shapely.get_coordinates(shapely.point_on_surface(faces)) / window.step_m
    column, row = np.rint(some - np.array([window.column, window.row])).astype(np.int64).T + 1
    return multi(shapely.multipolygons(faces[inside[row, column]]))
