"""The seam to the travel room: its searches as seconds on straight segments.

The travel room knows street pieces, bent lines with a time at both ends and
feet in between, told by fractions; circles know straight segments. Nothing is
computed anew: at a bend the time is that of the piece's end and the fraction
between, as `ReachedStreets.seconds_at` has it, so that the time at a corner
of the lattice is `point_seconds` of that corner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from coverage.circles.pieces import AccessRule, Segments, SegmentTimes
from coverage.travel.access import part
from coverage.travel.prepare import expand

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coverage.profiles import Profile
    from coverage.travel._reached import Reached
    from coverage.travel.prepare import TravelNetwork


def access_of(profile: Profile) -> AccessRule:
    """The access legs of a profile."""
    return AccessRule(
        max_access_m=profile.max_access_m,
        cost_s_per_m=profile.detour / profile.access_speed_mps,
        max_direct_m=profile.max_direct_m,
    )


def segments_of(tn: TravelNetwork) -> Segments:
    """The straight parts of a travel network's open pieces, in the order of `tn.segments`.

    Pitfall: a search's time rises from `a` by `tn.forward`; who travels goes
    towards `a` then, whatever the direction of the search.
    """
    parts = tn.segments
    return Segments(
        tn.crs,
        parts.x,
        parts.y,
        parts.x + parts.dx,
        parts.y + parts.dy,
        to_start_s_per_m=_over(tn.forward[parts.piece], parts.whole_m),
        to_end_s_per_m=_over(tn.backward[parts.piece], parts.whole_m),
        street=parts.piece.astype(np.int64),
    )


def times_of(reached: Reached) -> SegmentTimes:
    """What one search reached, on the segments of `segments_of(reached.tn)`."""
    parts, streets = reached.tn.segments, reached.streets
    first = np.searchsorted(parts.piece, streets.piece)
    count = np.searchsorted(parts.piece, streets.piece, side="right") - first
    segment = expand(first, count)
    row = np.repeat(np.arange(len(count)), count)
    whole = parts.whole_m[segment]
    begin = _over(parts.offset_m[segment], whole)
    end = _over(parts.offset_m[segment] + parts.length_m[segment], whole)
    start_s = streets.seconds_a[row] + part(begin, streets.forward[row])
    end_s = streets.seconds_b[row] + part(1.0 - end, streets.backward[row])

    # From a foot the time also runs on over the bends of its piece.
    own = streets.foot_row
    many = count[own]
    foot = np.repeat(np.arange(len(own)), many)
    at = expand((np.cumsum(count) - count)[own], many)
    fraction, seconds = streets.foot_fraction[foot], streets.foot_seconds[foot]
    up, down = begin[at] - fraction, fraction - end[at]
    away = seconds + part(np.maximum(up, 0.0), streets.forward[own[foot]])
    back = seconds + part(np.maximum(down, 0.0), streets.backward[own[foot]])
    np.minimum.at(start_s, at[up >= 0], away[up >= 0])
    np.minimum.at(end_s, at[down >= 0], back[down >= 0])
    on = (up <= 0) & (down <= 0)
    metres = fraction[on] * whole[at[on]] - parts.offset_m[segment[at[on]]]
    return SegmentTimes(
        reached.xy[:, 0],
        reached.xy[:, 1],
        segment,
        start_s,
        end_s,
        segment[at[on]],
        np.clip(metres, 0.0, parts.length_m[segment[at[on]]]),
        seconds[on],
    )


def _over(amount: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """`amount` by `whole`, nought where the whole is nothing."""
    return np.divide(amount, whole, out=np.zeros(len(whole)), where=whole > 0)
