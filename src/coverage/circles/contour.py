"""From times on the lattice to the outline of a circle.

A corner of the lattice is in if its travel time is within the limit and out if
not. Where the outline crosses between an in corner and an out corner is
free, and chosen so that the outline is smooth and can only grow:

    level = max( (time − limit) / pace, distance − longest access leg )

in metres, the least over all roads near the corner: below nought exactly where
the time is within the limit, and lower for a larger limit, one more road or
one more facility. Marching squares over it inherits that: a crossing moves
outwards when either of its corners falls. A plain contour of the time could
not be drawn at the end of the access distance, where time leaps to infinity.

Three touches keep the geometry sound. Levels are clipped to one step, so that
a corner deep inside does not outweigh its neighbour. They keep clear of nought
by a hundredth of a step, so that the outline never runs through a corner
(where it would touch itself). And all four corners of a visited cell are
in, but only just: the whole cell belongs to the circle, and of the cells
next to it no more than 1e-4 of a step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from coverage.arrays import Float32s, Floats, Int32s, Ints, expand
from coverage.circles.frame import MAX_HELD, Frame
from coverage.circles.lattice import LatticeIndex, reach_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely import MultiPolygon

    from coverage.circles.times import AccessRule
    from coverage.travel.heights import Slopes
    from coverage.travel.walls import Walls

Real = TypeVar("Real", np.float32, np.float64)

# In steps of the lattice.
OUTSIDE = np.float32(1.0)
CLEARANCE = np.float32(0.01)
JUST_INSIDE = np.float32(-1e-6)
# Seconds that count as a metre where access costs (next to) nothing. It must not
# depend on the roads, or a new road could move the outline of an old one.
_LEAST_PACE = 0.05
# Of times in single precision, for limits up to a day.
_ROUNDING_S = 0.02
# Feet so near are one place: a micrometre, as for the longest leg in the travel room.
_SAME_FOOT_M = np.float32(1e-6)
# Rows contoured in one go; bounds the memory of a very large area.
_BAND_CORNERS = 16_000_000


@dataclass(frozen=True, eq=False)
class Marks:
    """Corners with times, and the cells that are visited within a limit.

    Attributes:
        corner: (n,) keys in the frame of the lattice, repeated for every road.
        time_s: (n,) float32 travel time by way of one road, access leg included.
        off_m: (n,) float32 distance to it.
        cell: (c,) keys of cells with a piece of road in them.
        cell_s: (c,) float64, least time on that piece.
    """

    corner: Int32s
    time_s: Float32s
    off_m: Float32s
    cell: Int32s
    cell_s: Floats


def marks_of(
    index: LatticeIndex,
    part: Ints,
    seconds: tuple[Floats, Floats],
    slowness: tuple[Floats, Floats],
    cost_s_per_m: float,
) -> Marks:
    """Times by way of the index's segments `part`, at their corners and in their cells.

    Args:
        index: The prepared lattice.
        part: (j,) segments of it.
        seconds: (j,) from their starts and (j,) from their ends; inf if not reached.
        slowness: (j,) seconds for a metre towards their starts, and (j,)
            towards their ends; inf if barred.
        cost_s_per_m: Seconds for a metre of access leg.
    """
    take, count = _taken(index.corner_first, part)
    along = index.along_m[take]
    time_s = _ramp(along, slowness[0], count)
    time_s += _repeated(seconds[0], count)
    np.subtract(_repeated(index.length_m[part], count), along, out=along)
    other_s = _ramp(along, slowness[1], count)
    other_s += _repeated(seconds[1], count)
    np.minimum(time_s, other_s, out=time_s)
    off = index.off_m[take]
    time_s += index.leg_m[take] * np.float32(cost_s_per_m)
    corner = index.corner[take]

    take, count = _taken(index.cell_first, part)
    rest = np.repeat(index.length_m[part], count) - index.cell_to_m[take]
    cell_s = np.minimum(
        np.repeat(seconds[0], count) + _ramp(index.cell_from_m[take], slowness[0], count),
        np.repeat(seconds[1], count) + _ramp(rest, slowness[1], count),
    )
    return Marks(corner, time_s, off, index.cell[take], cell_s)


def marks_from_feet(
    index: LatticeIndex,
    part: Ints,
    feet: tuple[Floats, Floats],
    slowness: tuple[Floats, Floats],
    cost_s_per_m: float,
) -> Marks:
    """Times by way of a facility's own feet on the index's segments `part`.

    Args:
        index: The prepared lattice.
        part: (j,) segments of it.
        feet: (j,) metres from the segments' starts, (j,) seconds.
        slowness: As in `marks_of`.
        cost_s_per_m: Seconds for a metre of access leg.
    """
    metres, seconds = feet
    take, count = _taken(index.corner_first, part)
    at_foot = _repeated(metres, count)
    past = index.along_m[take] - at_foot
    # A corner and the facility may both step onto the road at one bend. That
    # is no step back against a one-way street, whatever the last bit says.
    np.copyto(past, 0, where=np.abs(past) <= _SAME_FOOT_M + 4 * np.spacing(at_foot))
    time_s = _ramp(np.maximum(past, 0), slowness[0], count)
    time_s += _ramp(np.maximum(-past, 0), slowness[1], count)
    time_s += _repeated(seconds, count)
    off = index.off_m[take]
    time_s += index.leg_m[take] * np.float32(cost_s_per_m)
    corner = index.corner[take]

    take, count = _taken(index.cell_first, part)
    at = np.repeat(metres, count)
    cell_s = np.repeat(seconds, count)
    cell_s += _ramp(np.maximum(index.cell_from_m[take] - at, 0), slowness[0], count)
    cell_s += _ramp(np.maximum(at - index.cell_to_m[take], 0), slowness[1], count)
    return Marks(corner, time_s, off, index.cell[take], cell_s)


def _ramp(metres: NDArray[Real], slowness: Floats, count: Ints) -> NDArray[Real]:
    """Seconds for metres; none for no metres, even where the way is barred."""
    rise = np.repeat(slowness.astype(metres.dtype), count)
    if np.isinf(slowness).any():
        np.copyto(rise, 0, where=metres <= 0)
    rise *= metres
    return rise


def _repeated(values: Floats, count: Ints) -> Float32s:
    return np.repeat(values.astype(np.float32), count)


def _taken(first: Ints, part: Ints) -> tuple[Ints, Ints]:
    """Positions of all entries of the groups `part` of a CSR, and how many each has."""
    count = first[part + 1] - first[part]
    return expand(first[part], count), count


def _joined_runs(values: NDArray[Any], first: Ints, part: Ints) -> NDArray[Any]:
    """The entries of the groups `part` of a CSR; neighbouring groups are copied in one go."""
    if not len(part):
        return values[:0].copy()
    gap = np.flatnonzero(np.diff(part) != 1)
    start = first[part[np.concatenate([[0], gap + 1])]].tolist()
    end = first[part[np.concatenate([gap, [len(part) - 1]])] + 1].tolist()
    return np.concatenate([values[a:b] for a, b in zip(start, end, strict=True)])


def direct_marks(
    frame: Frame,
    x: Floats,
    y: Floats,
    access: AccessRule,
    most_s: float,
    walls: Walls | None = None,
    slopes: Slopes | None = None,
) -> Marks:
    """The way straight to facilities at (x, y), and the cells that they stand in.

    A corner's distance is told as if the longest direct way were the longest
    access leg, so that `Sheet` need not tell the two apart.
    """
    step, cost = frame.step_m, access.cost_s_per_m
    far = access.max_direct_m
    if cost > 0:
        far = min(far, most_s / cost / (slopes.ground.least if slopes else 1.0))
    far = reach_of(far, step)
    side = np.arange(-int(far // step) - 1, int(far // step) + 2)
    down, right = (grid.ravel() for grid in np.meshgrid(side, side, indexing="ij"))
    keep = np.hypot(down, right) * step <= far + 1.5 * step
    column, row = np.floor(x / step).astype(np.int64), np.floor(y / step).astype(np.int64)
    columns, rows = column[:, None] + right[keep], row[:, None] + down[keep]
    off = np.hypot(columns * step - x[:, None], rows * step - y[:, None]).ravel()
    near = off <= far
    near &= frame.corner_inside(columns.ravel(), rows.ravel())
    if walls is not None:
        many = columns.shape[1]
        ends = (np.repeat(x, many), np.repeat(y, many), columns.ravel() * step, rows.ravel() * step)
        near[near] = ~walls.bar(*(end[near] for end in ends))
    key = frame.key(columns.ravel()[near], rows.ravel()[near])
    home = frame.key(column, row)[frame.cell_inside(column, row)]
    off = off[near]
    leg = off
    if slopes is not None:
        owner = np.flatnonzero(near) // columns.shape[1]
        corner = np.column_stack([columns.ravel()[near], rows.ravel()[near]]) * step
        leg = off * slopes.of(corner, np.column_stack([x, y])[owner])
    return Marks(
        key,
        (leg * cost).astype(np.float32),
        (off + (access.max_access_m - access.max_direct_m)).astype(np.float32),
        home,
        np.zeros(len(home)),
    )


class Sheet:
    """A lattice to lay marks on, for one limit at a time; wiped when it is lifted."""

    def __init__(self, frame: Frame, access: AccessRule) -> None:
        frame.check_size(MAX_HELD)
        self.frame = frame
        self.access = access
        self._values = np.full(frame.size, OUTSIDE, dtype=np.float32)
        self._visited: list[Int32s] = []

    def lay(self, marks: Marks, limit_s: float) -> None:
        """Lower the corners to the least of their levels, and note the visited cells."""
        level = marks.time_s - np.float32(limit_s)
        level /= np.float32(self._pace * self.frame.step_m)
        off = marks.off_m - np.float32(self.access.max_access_m)
        off /= np.float32(self.frame.step_m)
        np.maximum(level, off, out=level)
        np.minimum.at(self._values, marks.corner, level)
        self._visited.append(marks.cell[marks.cell_s <= limit_s])

    def lay_reached(self, index: LatticeIndex, part: Ints) -> None:
        """Lay segments of the index that are reached so soon that their times do not matter.

        The same as `lay` with their marks: see `spare_s`.
        """
        corner = _joined_runs(index.corner, index.corner_first, part)
        level = _joined_runs(index.off_m, index.corner_first, part)
        level -= np.float32(self.access.max_access_m)
        level /= np.float32(self.frame.step_m)
        np.minimum.at(self._values, corner, level)
        self._visited.append(_joined_runs(index.cell, index.cell_first, part))

    def lay_field(self, window: Frame, time_s: Float32s, visit_s: Floats, limit_s: float) -> None:
        """Lay least times at a window's corners and cells.

        All of them are by streets so well within the access leg that the distance says nothing.
        """
        level = time_s - np.float32(limit_s)
        level /= np.float32(self._pace * self.frame.step_m)
        view = self._values.reshape(-1, self.frame.columns)[self.frame.window(window)]
        np.minimum(view, level, out=view)
        row, column = np.nonzero(visit_s <= limit_s)
        self._visited.append(self.frame.key(column + window.column, row + window.row))

    @property
    def spare_s(self) -> float:
        """Seconds before the limit from which on the distance alone places the outline.

        Of the two parts of a level the time's then is the lesser, or both are
        below minus one step, where levels are clipped. It is enough to look
        at the least distance that is not clipped: outwards the time's part
        rises by `cost / pace` for every metre, the distance's by one.
        """
        step, far, cost = self.frame.step_m, self.access.max_access_m, self.access.cost_s_per_m
        return cost * max(far - step, 0.0) + self._pace * min(step, far) + _ROUNDING_S

    @property
    def beyond_s(self) -> float:
        """Seconds after the limit from which on corners have the level of those never reached."""
        return self._pace * self.frame.step_m + _ROUNDING_S

    @property
    def _pace(self) -> float:
        return max(self.access.cost_s_per_m, _LEAST_PACE)

    def lift(self, window: Frame) -> Float32s:
        """(rows, columns) of `window`, in steps: below nought where a corner is in.

        All marks laid since the last time must lie inside the window.
        """
        values, columns = self._values, self.frame.columns
        view = values.reshape(-1, columns)[self.frame.window(window)]
        inside = view <= 0
        np.clip(view, -OUTSIDE, OUTSIDE, out=view)
        np.copyto(view, -CLEARANCE, where=inside & (view > -CLEARANCE))
        np.copyto(view, CLEARANCE, where=~inside & (view < CLEARANCE))
        for cell in self._visited:
            for shift in (0, 1, columns, columns + 1):
                corner = cell + shift
                values[corner] = np.minimum(values[corner], JUST_INSIDE)
        levels = view.copy()
        view[...] = OUTSIDE
        self._visited.clear()
        return levels


def outline(levels: Float32s, window: Frame) -> MultiPolygon:
    """The area below nought as one valid multi-polygon in the CRS of the lattice.

    Where the area runs over the edge of the window it ends there.
    """
    import shapely

    band = max(_BAND_CORNERS // max(window.columns, 1), 2)
    parts, sound = [], window.rows <= band + 1
    for first in range(0, max(window.rows - 1, 1), band):
        rings = _rings(levels[first : first + band + 1])
        if rings is None:
            continue
        points, starts, outers = rings
        sound = sound and _keeps_clear(points, window)
        points = (points + np.array([window.column, window.row + first])) * window.step_m
        parts.append(
            shapely.from_ragged_array(shapely.GeometryType.POLYGON, points, (starts, outers))
        )
    polygons = np.concatenate(parts) if parts else np.empty(0, dtype=np.object_)
    if len(parts) > 1:
        polygons = shapely.get_parts(shapely.union_all(polygons))
    whole: MultiPolygon = shapely.multipolygons(polygons)  # type: ignore[assignment]
    if sound or shapely.is_valid(whole):
        return whole
    return multi(shapely.union_all(shapely.make_valid(polygons[shapely.area(polygons) > 0])))


def multi(shape: Any) -> MultiPolygon:
    """The polygons in `shape` that have an area, as one multi-polygon."""
    import shapely

    parts = shapely.get_parts(shapely.get_parts(shape))
    whole: MultiPolygon = shapely.multipolygons(parts[shapely.area(parts) > 0])  # type: ignore[assignment]
    return whole


def _rings(levels: Float32s) -> tuple[Floats, Ints, Ints] | None:
    """Vertices in steps, where rings start, and which rings start a polygon."""
    import contourpy

    if min(levels.shape) < 2 or not (levels < 0).any():  # not one cell
        return None
    generator = contourpy.contour_generator(
        z=levels.astype(np.float64), fill_type=contourpy.FillType.ChunkCombinedOffsetOffset
    )
    filled: Any = generator.filled(-2.0, 0.0)
    (points,), (starts,), (outers,) = filled
    return points, starts, outers


def _keeps_clear(points: Floats, window: Frame) -> bool:
    """Whether no vertex is so near a corner of the lattice that an outline may touch itself.

    Every piece of outline crosses one cell from side to side, and a side is
    crossed once at most; so outlines can meet at corners only. Where all
    vertices keep clear of them the geometry is valid, which this says in a
    twentieth of the time that asking GEOS takes.
    """
    aside = np.abs(points - np.rint(points))
    gap = np.maximum(aside[:, 0], aside[:, 1]).min()
    far = max(abs(window.column), abs(window.row)) + max(window.columns, window.rows)
    return bool(gap > 1e4 * np.spacing(float(far)))
