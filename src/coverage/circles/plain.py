"""Outlines as plain as a map can show: fewer corners, and nothing taken away.

Marching squares sets a corner wherever an outline crosses the lattice, mostly on straight lines
and at steps that no map shows. Libraries that simplify move an outline to either side, and a
street at the rim would lie out. So only corners that point inwards, or lie on a straight line,
are left out: every one of them adds a triangle. What is added at any place is at most `rim_m`
deep, counted from the outline as it was drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.arrays import starts
from coverage.travel.streets import over

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coverage.arrays import Floats, Ints, Objects

# In steps of the lattice. A point inside is drawn at most 1.12 steps from a corner that is in, so
# that with the rim it is still nearer than the diagonal of a cell, which is what is promised.
_RIM = 0.2
# How far inwards an outline may move, for corners on straight lines that do not lie there to the
# last bit.
_STRAIGHT = 1e-6
_FEWEST = 4
# Rounds in which corners are left out, about every other of those that may be; by then the next
# would find one in fifty.
_ROUNDS = 6
# The golden section spreads numbers evenly, and so parts corners that are alike.
_GOLDEN = 0.6180339887498949


def plainer(shapes: Objects, step_m: float) -> Objects:
    """Circles with fewer corners, each of which holds the circle and a rim of it at most.

    The rim is a fifth of the lattice's step. Parts and holes stay: where one would be touched
    the circle is returned as it is.

    Args:
        shapes: Valid multi-polygons, in metres.
        step_m: Of the lattice on which they were drawn.
    """
    import shapely

    polygons, owner = shapely.get_parts(shapes.ravel(), return_index=True)
    if not len(polygons):
        return shapes
    polygons = shapely.orient_polygons(polygons)
    kind, corners, (ring_first, polygon_first) = shapely.to_ragged_array(polygons)
    own = np.ones(len(corners), dtype=np.bool_)
    own[ring_first[1:] - 1] = False  # every ring ends where it begins
    size = np.diff(ring_first) - 1
    keep, size = _kept(corners[own], size, _RIM * step_m, _STRAIGHT * step_m)
    first = starts(size)
    at = np.insert(np.flatnonzero(own)[keep], first[1:], np.flatnonzero(own)[keep[first[:-1]]])
    rings = (first + np.arange(len(first)), polygon_first)
    plain = shapely.from_ragged_array(kind, corners[at], rings)
    whole = shapes.copy()
    found = np.asarray(shapely.multipolygons(plain, indices=owner, out=whole.reshape(-1)))
    return np.where(shapely.is_valid(found), found, shapes.ravel()).reshape(shapes.shape)


def _kept(xy: Floats, size: Ints, rim_m: float, straight_m: float) -> tuple[Ints, Ints]:
    """Which corners stay, and how many a ring. Rings of `size` corners have the area left."""
    at = np.arange(len(xy))
    ring = np.repeat(np.arange(len(size)), size)
    # The same for a ring whatever others there are.
    turns = straight_m * (_GOLDEN * (at - starts(size)[ring]) % 1.0)
    columns: list[NDArray[Any]] = [*np.ascontiguousarray(xy.T), np.zeros(len(xy)), turns]
    for _ in range(_ROUNDS):
        # `off`: how far the outline as drawn may lie from the line to the next corner.
        x, y, off, turn = columns
        rings = _Rings(ring)
        west, south = rings.before(x), rings.before(y)
        run, rise = rings.after(x) - west, rings.after(y) - south
        dx, dy = x - west, y - south
        square = run * run + rise * rise
        depth = over(run * dy - rise * dx, np.sqrt(square))
        along = run * dx + rise * dy
        total = np.maximum(rings.before(off), off) + np.maximum(depth, 0.0)
        may = (depth >= -straight_m) & (total <= rim_m) & (size > _FEWEST)[ring]
        may &= (along > 0) & (along < square)  # else it is farther from the line's end
        order = np.where(may, total + turn, np.inf)
        out = may & (order < rings.before(order)) & (order < rings.after(order))
        if not out.any():
            break
        # What lies before a corner that goes answers for it.
        gone = rings.after(np.where(out, total, -1.0))
        np.copyto(off, gone, where=gone >= 0)
        stay = ~out
        at, ring = at[stay], ring[stay]
        columns = [column[stay] for column in columns]
        size = np.bincount(ring, minlength=len(size))
    return at, size


class _Rings:
    """Corners one after the other, ring by ring, and what stands before and after each."""

    def __init__(self, ring: Ints) -> None:
        self._first = np.flatnonzero(np.diff(ring, prepend=-1))
        self._last = np.append(self._first[1:], len(ring)) - 1

    def before(self, values: NDArray[Any]) -> Floats:
        """The value of the corner before each."""
        out = np.empty_like(values)
        out[1:] = values[:-1]
        out[self._first] = values[self._last]
        return out

    def after(self, values: NDArray[Any]) -> Floats:
        """The value of the corner after each."""
        out = np.empty_like(values)
        out[:-1] = values[1:]
        out[self._last] = values[self._first]
        return out
