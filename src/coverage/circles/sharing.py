"""Circles without overlap: every point of the dissolved circle to its nearest facility.

Every corner is labelled with the facility of least time; it speaks for the
square of one cell around it. A facility's part is the dissolved circle cut
with the squares that carry its label, so that parts never overlap and leave
nothing out; the line between two parts is true to half a cell's diagonal.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.circles.contour import multi, outline
from coverage.circles.drawing import dissolved_levels, grounds
from coverage.circles.pieces import SegmentTimes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from shapely import MultiPolygon

    from coverage.circles.contour import Marks
    from coverage.circles.drawing import Plan, Shapes
    from coverage.circles.lattice import Frame, LatticeIndex

# Added to a time over the limit or with a longer access leg than allowed: it
# labels a corner only if there is no proper one.
_BEYOND_S = np.float32(1e6)
_NOBODY = -1


def draw_split(
    plan: Plan, many: Sequence[SegmentTimes], index: LatticeIndex | None = None
) -> Shapes:
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
    together = SegmentTimes.merged(many)
    frame = plan.window(together)
    frame.check_size()
    labels = _labels(plan, many, index, frame)
    levels = [np.empty((frame.rows, frame.columns), np.float32) for _ in plan.limits_s]
    for window, found in dissolved_levels(plan, together, index):
        for whole, band in zip(levels, found, strict=True):
            whole[frame.window(window)] = band
    for column, (whole, label) in enumerate(zip(levels, labels, strict=True)):
        for number, part in _parts(whole, label, frame, len(many)):
            shapes[number, column] = part
    return shapes


def _labels(
    plan: Plan, many: Sequence[SegmentTimes], index: LatticeIndex | None, frame: Frame
) -> list[NDArray[np.int32]]:
    """For every limit (rows, columns): the facility of least time, or `_NOBODY`."""
    shape = (frame.rows, frame.columns)
    best = [np.full(shape, np.inf, dtype=np.float32) for _ in plan.limits_s]
    label = [np.full(shape, _NOBODY, dtype=np.int32) for _ in plan.limits_s]
    access_m = np.float32(plan.access.max_access_m)
    for ground, numbers, windows in grounds(plan, many, index):
        flat = [np.full(ground.frame.size, np.inf, dtype=np.float32) for _ in plan.limits_s]
        # In their order: of equally near facilities the first has the corner.
        for number, window in sorted(zip(numbers, windows, strict=True), key=lambda pair: pair[0]):
            for marks in ground.marks(many[number]):
                for one, limit_s in zip(flat, plan.limits_s, strict=True):
                    beyond = (marks.off_m > access_m) | (marks.time_s > np.float32(limit_s))
                    np.minimum.at(one, marks.corner, marks.time_s + _BEYOND_S * beyond)
                    _claim_visited(one, marks, limit_s, ground.frame.columns)
            place = frame.window(window)
            for one, least, name in zip(flat, best, label, strict=True):
                own = one.reshape(ground.frame.rows, -1)[ground.frame.window(window)]
                nearer = own < least[place]
                # Groups of neighbours do not come in the facilities' order.
                nearer |= (own == least[place]) & (number < name[place])
                np.copyto(least[place], own, where=nearer)
                np.copyto(name[place], np.int32(number), where=nearer)
                own[...] = np.inf
    return label


def _claim_visited(time_s: NDArray[np.float32], marks: Marks, limit_s: float, columns: int) -> None:
    """The corners of visited cells are somebody's, even where no access leg leads to them."""
    seen = marks.cell_s <= limit_s
    cell, cell_s = marks.cell[seen], marks.cell_s[seen].astype(np.float32) + _BEYOND_S
    for shift in (0, 1, columns, columns + 1):
        np.minimum.at(time_s, cell + shift, cell_s)


def _parts(
    levels: NDArray[np.float32], label: NDArray[np.int32], frame: Frame, size: int
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


def _with_neighbours(label: NDArray[np.int32], near: NDArray[np.bool_]) -> NDArray[np.int32]:
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


def _squares(mine: NDArray[np.bool_], window: Frame) -> MultiPolygon:
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
