"""Squares: areas that feet cross in a straight line wherever they see the other side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.arrays import Floats

_MOST = 100  # corners that are looked at, all with all
_ASIDE = 1e-8  # degrees (a millimetre) by which a line along the edge may stray


def lines_across(ring: Floats, ends: Sequence[int]) -> list[tuple[int, int]] | None:
    """Which corners of a square are joined by a line across it.

    Joined are the places where streets end at it, and the corners that a shortest way may bend
    at, wherever one sees the other; the shortest way between two ends is then among the lines
    and the edges, as in any visibility graph.

    Args:
        ring: (k, 2) lon and lat of its corners, the first one not repeated.
        ends: Indices of the corners at which streets end.

    Returns:
        Pairs of indices; None if the ring is no area, or has too many corners.

    Example:
        >>> import numpy as np
        >>> lines_across(np.array([[0, 0], [1, 0], [1, 1], [0, 1]]), [0, 2])
        [(0, 2)]
    """
    import shapely

    if len(ends) < 2:
        return []
    area = shapely.Polygon(ring)
    if not area.is_valid or area.area == 0:
        return None
    before, after = np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0)
    come, go = (ring - before).T, (after - ring).T
    turn = come[0] * go[1] - come[1] * go[0]
    inward = np.flatnonzero(turn < 0 if area.exterior.is_ccw else turn > 0)
    corners = np.union1d(inward, ends)
    if len(corners) > _MOST:
        return None
    one, two = (corners[i] for i in np.triu_indices(len(corners), 1))
    beside = (two - one == 1) | (two - one == len(ring) - 1)  # the edge itself
    one, two = one[~beside], two[~beside]
    lines = shapely.linestrings(np.stack([ring[one], ring[two]], axis=1))
    room = area.buffer(_ASIDE)
    shapely.prepare(room)
    seen = shapely.covers(room, lines)
    return list(zip(one[seen].tolist(), two[seen].tolist(), strict=True))
