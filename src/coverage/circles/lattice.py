"""Which corners of a square lattice a segment can serve, prepared once for all facilities.

The lattice is global: its corners stand at whole multiples of the step in the
network's CRS, so that circles of different facilities, runs and tiles share
their corners. `LatticeIndex` holds, for every segment, the corners within the
access distance with the foot on the segment and the distance to it, and the
cells that the segment passes through. Drawing one facility's circle is then
a gather over the segments it reaches.

Measured on 331,000 segments (257,000 nodes, 66,700 km of road), step 50 m, access 150 m: 26
million corners, 360 MB, built once in 3 to 4 s. A circle of 15 minutes (3,400 segments, 230,000
corners) then takes 6 ms, a quarter each for gathering, laying, contouring and the rest; the
union of buffers takes 180 ms. Position and distance in single precision halve the memory and
err by less than a millimetre on a segment of 5 km.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.arrays import (
    Bools,
    Float32s,
    Floats,
    Int32s,
    Ints,
    Numbers,
    chunks,
    least_rows,
    starts,
)
from coverage.circles.frame import Frame, checked_step
from coverage.errors import InputError, Problem
from coverage.messages import Said
from coverage.travel.streets import over

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from coverage.circles.useful import Useful
    from coverage.travel.streets import Segments

    FloatLike = NDArray[np.floating[Any]]

# Candidate corners looked at in one go while the index is built: bounds the
# extra memory of the build to some 50 MB.
_CHUNK = 500_000
# Shares of a segment that can be told apart beside the number of a segment of one chunk.
# So short a piece needs no cell of its own: the outline around the cell before it runs
# at least 1e-6 of a step outside (see `contour`).
_APART = 1e-9
# Cells around the network that belong to its lattice, for the direct ways of
# facilities that stand at its edge.
_RIM = 40


def _runs(count: Ints) -> tuple[Ints, Ints]:
    """For counts 2, 0, 3: which one (0 0 2 2 2) and the how-manieth of it (0 1 0 1 2)."""
    owner = np.repeat(np.arange(len(count)), count)
    first = np.cumsum(count) - count
    return owner, np.arange(len(owner)) - np.repeat(first, count)


@dataclass(frozen=True, eq=False)
class LatticeIndex:
    """Corners and cells of every segment, grouped by segment (CSR).

    Attributes:
        frame: The lattice that the keys count in: row × columns + column.
        max_access_m: The access distance it was made for.
        reach_m: How far around a segment corners are kept; more than the
            access distance, because the corner just outside places the line.
        length_m: (k,) metres, the segments' own.
        corner_first: (k + 1,) where a segment's corners begin.
        corner: (n,) int32 keys of corners.
        along_m: (n,) float32 metres from the segment's start to the foot.
        off_m: (n,) float32 metres from the foot to the corner.
        cell_first: (k + 1,) where a segment's cells begin.
        cell: (c,) int32 keys of the cells' lower left corners.
        cell_from_m: (c,) float64 metres from the start, where it enters.
        cell_to_m: (c,) float64 metres from the start, where it leaves.
        climbed_m: (n,) float32 metres that the leg counts for by its slope; None over level ground.
    """

    frame: Frame
    max_access_m: float
    reach_m: float
    length_m: Floats
    corner_first: Ints
    corner: Int32s
    along_m: Float32s
    off_m: Float32s
    cell_first: Ints
    cell: Int32s
    cell_from_m: Floats
    cell_to_m: Floats
    climbed_m: Float32s | None = None

    @property
    def leg_m(self) -> Float32s:
        """(n,) metres that the way from the foot to the corner counts for."""
        return self.off_m if self.climbed_m is None else self.climbed_m

    @classmethod
    def build(
        cls,
        segments: Segments,
        step_m: float,
        max_access_m: float,
        *,
        frame: Frame | None = None,
        near_m: float = np.inf,
        useful: Useful | None = None,
    ) -> LatticeIndex:
        """Prepare all `segments` for circles of one step and access distance.

        Args:
            segments: Pieces of road; the network's own order is best, since
                neighbours in it should be neighbours on the ground.
            step_m: Side of a cell.
            max_access_m: Longest access leg.
            frame: The lattice to keep to; by default the one around the
                segments. What lies outside is left out.
            near_m: Keep only the corners as near as this.
            useful: Keep only the corners that matter.

        Raises:
            InputError: If the step or the distance cannot be used.
        """
        step_m = checked_step(step_m)
        if not (np.isfinite(max_access_m) and max_access_m >= 0):
            said = Said(
                "离路最远距离须为不小于 0 的米数",
                "the longest access leg must be a number of metres from 0 upwards",
            )
            raise InputError(Problem(said, value=str(max_access_m)))
        reach_m = reach_of(max_access_m, step_m)
        if frame is None:
            frame = frame_of(segments, step_m, reach_m)
        frame.check_size()
        corners = _corners(segments, frame, reach_m, min(near_m, reach_m), useful)
        corner_first, (*corner, leg_m) = _joined(corners, len(segments))
        cell_first, cell = _joined(_cells(segments, frame), len(segments))
        length = segments.length_m
        return cls(  # type: ignore[call-arg]  # the columns are counted by their generators
            frame,
            max_access_m,
            reach_m,
            length,
            corner_first,
            *corner,
            cell_first,
            *cell,
            leg_m if segments.slopes else None,
        )

    @property
    def nbytes(self) -> int:
        """Bytes that the index weighs."""
        return sum(value.nbytes for value in vars(self).values() if isinstance(value, np.ndarray))


def reach_of(max_access_m: float, step_m: float) -> float:
    """How far around a segment its corners matter.

    A corner outside that has a neighbour inside is at most a step farther; and
    the corners of a cell that is passed through lie within its diagonal.
    """
    return max(max_access_m + step_m, 1.5 * step_m)


def frame_of(segments: Segments, step_m: float, margin_m: float) -> Frame:
    """The lattice around all segments, with a rim of corners that stay outside."""
    if not len(segments):
        return Frame(step_m, 0, 0, 1, 1)
    margin = margin_m + _RIM * step_m
    return Frame.around(
        (
            min(segments.x0.min(), segments.x1.min()) - margin,
            min(segments.y0.min(), segments.y1.min()) - margin,
            max(segments.x0.max(), segments.x1.max()) + margin,
            max(segments.y0.max(), segments.y1.max()) + margin,
        ),
        step_m,
    )


def corner_count(length_m: Floats, step_m: float, reach_m: float) -> Floats:
    """(k,) about how many corners segments of these lengths have: the area around in cells."""
    return (np.pi * reach_m**2 + 2 * reach_m * length_m) / step_m**2


def _corners(
    segments: Segments, frame: Frame, reach_m: float, near_m: float, useful: Useful | None
) -> Iterator[tuple[Any, ...]]:
    """Chunks of (first segment, corners of each, their keys, metres along, metres off)."""
    step = frame.step_m
    low = np.ceil((np.minimum(segments.y0, segments.y1) - near_m) / step).astype(np.int64)
    high = np.floor((np.maximum(segments.y0, segments.y1) + near_m) / step).astype(np.int64)
    low, high = np.maximum(low, frame.row), np.minimum(high, frame.row + frame.rows - 1)
    rows = np.maximum(high - low + 1, 0)
    bent = _bent(segments)
    last_column = frame.column + frame.columns - 1
    # A row of a segment has at most about this many corners.
    wide = rows * (2 * near_m + np.abs(segments.dx) + step) / step
    for first, last in _piece_chunks(segments, wide):
        owner, nth = _runs(rows[first:last])
        owner += first
        row = low[owner] + nth
        left, right = _row_span(segments, owner, row * step, reach_m)
        start = np.ceil(left / step).astype(np.int64)
        begin = start
        if near_m < reach_m:
            left, right = _row_span(segments, owner, row * step, near_m)
            begin = np.ceil(left / step).astype(np.int64)
        # What lies outside the frame or farther off is skipped, but counted from the same
        # start: feet must not depend on what is asked for, not even by rounding.
        skip = np.maximum(np.maximum(frame.column, begin) - start, 0)
        end = np.minimum(np.floor(right / step).astype(np.int64), last_column)
        count = np.maximum(end - start - skip + 1, 0)
        west = frame.key(start, row)
        if useful is None:
            done = np.cumsum(count)
            east = np.arange(done[-1] if len(done) else 0, dtype=np.int32)
            east -= np.repeat((done - count - skip).astype(np.int32), count)
            key = np.repeat(west, count)
            key += east
        else:
            key, count = useful.among(west + skip, count)
            real = count > 0
            owner, row, start, count = (v[real] for v in (owner, row, start, count))
            west = west[real]
            done = np.cumsum(count)
            east = key - np.repeat(west, count)
        along, off = _feet(segments, owner, (start * step, row * step), step, count, east)
        close = off <= near_m
        near = np.flatnonzero(close)
        part = np.repeat(owner, np.diff(np.searchsorted(near, done), prepend=0))
        found = (part, key[near], along[near], off[near])
        part, key, along, off, leg = _sifted(segments, frame, useful, bent, found)
        yield first, np.bincount(part - first, minlength=last - first), key, along, off, leg


def _sifted(
    segments: Segments,
    frame: Frame,
    useful: Useful | None,
    bent: Bools | None,
    found: tuple[Ints, Int32s, Float32s, Float32s],
) -> tuple[Ints, Int32s, Float32s, Float32s, Float32s]:
    """Segments, keys, metres along and off, without those that do not count.

    The last are the metres that the legs count for by their slopes, none over level ground.
    """

    def only(one: Ints) -> tuple[Ints, Int32s, Float32s, Float32s]:
        part, key, along, off = found
        return part[one], key[one], along[one], off[one]

    part, key, _, off = found
    if bent is not None and bent[part].any():
        found = only(_nearest_part(segments.piece, bent, part, key, off))
        part, key, _, off = found
    if useful is not None:
        soon = useful.soonest_s[part] + off * useful.cost_s_per_m < useful.best_s[key]
        found = only(np.flatnonzero(soon))
    if segments.walls is not None:
        found = only(np.flatnonzero(~segments.barred(*_ways(segments, frame, found))))
    if segments.slopes is None:
        return *found, np.empty(0, np.float32)
    x, y, part, share = _ways(segments, frame, found)
    factor = segments.slopes.of(np.column_stack([x, y]), segments.places(part, share))
    return *found, (found[3] * factor).astype(np.float32)


def _ways(
    segments: Segments, frame: Frame, found: tuple[Ints, Int32s, Float32s, Float32s]
) -> tuple[FloatLike, FloatLike, Ints, Floats]:
    """The corners, and their feet: segments and shares of the way along."""
    part, key, along, _ = found
    x = (frame.column + key % frame.columns) * frame.step_m
    y = (frame.row + key // frame.columns) * frame.step_m
    return x, y, part, over(along.astype(np.float64), segments.length_m[part])


def _bent(segments: Segments) -> Bools | None:
    """Which segments are parts of a piece that has others; None if there is no such piece."""
    same = np.diff(segments.piece) == 0
    bent = np.zeros(len(segments), dtype=np.bool_)
    bent[1:] |= same
    bent[:-1] |= same
    return bent if same.any() else None


def _piece_chunks(segments: Segments, weight: Floats) -> Iterator[tuple[int, int]]:
    """Chunks of segments that do not part a street piece."""
    first = np.flatnonzero(np.diff(segments.piece, prepend=-1))
    ends = np.append(first, len(weight))
    whole = np.add.reduceat(weight, first) if len(first) else weight
    for one, last in chunks(whole, _CHUNK):
        yield int(ends[one]), int(ends[last])


def _nearest_part(
    piece: Numbers,
    bent: Bools,
    owner: Ints,
    key: Int32s,
    off: Float32s,
) -> Ints:
    """For every street piece and corner its nearest part only; of equals the first."""
    keep = np.ones(len(owner), dtype=np.bool_)
    rows = np.flatnonzero(bent[owner])
    if not len(rows):
        return np.arange(len(owner))
    # One number for piece and corner: sorting by it takes a fifth of sorting by three keys.
    number = piece[owner[rows]].astype(np.int64)
    both = (number - number[0]) * (int(key.max()) + 1) + key[rows]
    keep[rows] = False
    keep[rows[least_rows(both, off[rows])]] = True
    return np.flatnonzero(keep)


def _row_span(
    segments: Segments, owner: Ints, y: FloatLike, reach_m: float
) -> tuple[Floats, Floats]:
    """Leftmost and rightmost x at height `y` that may lie within reach of the segment."""
    x0, y0 = segments.x0[owner], segments.y0[owner]
    rise, run = segments.dy[owner], segments.dx[owner]
    level = rise == 0
    slope = np.divide(1.0, rise, out=np.zeros_like(rise), where=~level)
    one = np.where(level, 0.0, (y - reach_m - y0) * slope).clip(0, 1)
    two = np.where(level, 1.0, (y + reach_m - y0) * slope).clip(0, 1)
    one, two = x0 + one * run, x0 + two * run
    return np.minimum(one, two) - reach_m, np.maximum(one, two) + reach_m


def _feet(
    segments: Segments,
    owner: Ints,
    start: tuple[FloatLike, FloatLike],
    step: float,
    count: Ints,
    nth: Int32s,
) -> tuple[Float32s, Float32s]:
    """Metres from each segment's start to the point nearest to a corner, and from there to it.

    Corners come in rows: `count` of them for each of the segments `owner`,
    the `nth` east of `start`. Along a row both distances to the line grow
    evenly, so that what needs double precision is done once a row.
    """
    long = segments.length_m[owner]
    real = long > 0
    run, rise = segments.dx[owner], segments.dy[owner]
    ux = np.divide(run, long, out=np.ones_like(long), where=real)
    uy = np.divide(rise, long, out=np.zeros_like(long), where=real)
    dx, dy = start[0] - segments.x0[owner], start[1] - segments.y0[owner]
    steps = nth.astype(np.float32)

    def spread(values: Floats) -> Float32s:
        return np.repeat(values.astype(np.float32), count)

    along = spread(step * ux)
    along *= steps
    along += spread(dx * ux + dy * uy)
    off = spread(step * uy)
    off *= steps
    off += spread(dx * uy - dy * ux)
    beyond = along.copy()
    np.clip(along, 0.0, spread(long), out=along)
    beyond -= along
    off *= off
    beyond *= beyond
    off += beyond
    return along, np.sqrt(off, out=off)


def _cells(segments: Segments, frame: Frame) -> Iterator[tuple[Any, ...]]:
    """Chunks of (first segment, cells of each, their keys, metres where entered, where left)."""
    step = frame.step_m
    x0, x1, y0, y1 = (v / step for v in (segments.x0, segments.x1, segments.y0, segments.y1))
    length = segments.length_m
    crossings = np.abs(np.floor(x1) - np.floor(x0)) + np.abs(np.floor(y1) - np.floor(y0)) + 4
    for first, last in chunks(crossings, _CHUNK):
        part = slice(first, last)
        ends = np.arange(last - first)
        cuts = [(ends, np.zeros(len(ends))), (ends, np.ones(len(ends)))]
        cuts += [_crossed(a[part], b[part]) for a, b in ((x0, x1), (y0, y1))]
        owner = np.concatenate([cut[0] for cut in cuts])
        share = np.concatenate([cut[1] for cut in cuts])
        # What is all but an end is one, however the sum below rounds.
        share[share < _APART], share[share > 1 - _APART] = 0.0, 1.0
        order = np.argsort(2.0 * owner + share)  # a third of the time of sorting by two keys
        owner, share = owner[order], share[order]
        same = owner[1:] == owner[:-1]
        owner, enter, leave = owner[:-1][same] + first, share[:-1][same], share[1:][same]
        # No length: the segment crosses a corner. Nearer cuts than this may be out of order.
        real = leave - enter > _APART
        owner, enter, leave = owner[real], enter[real], leave[real]
        middle = (enter + leave) / 2
        column = np.floor(x0[owner] + middle * (x1 - x0)[owner]).astype(np.int64)
        row = np.floor(y0[owner] + middle * (y1 - y0)[owner]).astype(np.int64)
        inside = frame.cell_inside(column, row)
        owner, enter, leave = owner[inside], enter[inside], leave[inside]
        yield (
            first,
            np.bincount(owner - first, minlength=last - first),
            frame.key(column[inside], row[inside]),
            enter * length[owner],
            leave * length[owner],
        )


def _crossed(a: Floats, b: Floats) -> tuple[Ints, Floats]:
    """Where runs from `a` to `b` (in steps) cross whole numbers: (run, share of the way)."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    start = np.floor(low).astype(np.int64) + 1
    count = np.maximum(np.ceil(high).astype(np.int64) - start, 0)
    owner, nth = _runs(count)
    return owner, ((start[owner] + nth) - a[owner]) / (b - a)[owner]


def _joined(chunks: Iterator[tuple[Any, ...]], size: int) -> tuple[Ints, list[NDArray[Any]]]:
    """CSR starts and columns in one piece, of chunks (first segment, counts, columns …)."""
    count = np.zeros(size, np.int64)
    parts: list[list[Any]] = []
    for first, found, *columns in chunks:
        count[first : first + len(found)] = found
        parts.append(columns)
    if len(parts) == 1:
        return starts(count), parts[0]
    joined = []
    for number in range(len(parts[0])):
        joined.append(np.concatenate([part[number] for part in parts]))
        for part in parts:  # column by column, so that not everything is held twice
            part[number] = None
    return starts(count), joined
