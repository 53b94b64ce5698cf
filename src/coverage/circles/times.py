"""What a circle is drawn from: one facility's seconds on the straight segments of streets.

The travel room knows street pieces, bent lines with a time at both ends and
feet in between, told by fractions. They are cut at their bends into straight
segments (`coverage.travel.streets.Segments`), once per travel network; a
facility then says, segment by segment, in how many seconds it is reached from
both ends (`SegmentTimes`). Between the ends the time follows: someone who
stands ``s`` metres behind the start needs

    min( start_s + s × to_start,  end_s + (length − s) × to_end )

which is a tent where both ends are reached, a slope on a one-way street.
Where the facility's own access leg ends on a segment, that foot is a third way.

Nothing is computed anew: at a bend the time is that of the piece's end and the
fraction between, so that the time at a corner of the lattice is
`point_seconds` of that corner.

Where the profile is limited in metres, its metres stand in the place of the seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.arrays import Floats, Ints, expand
from coverage.errors import InputError, Problem
from coverage.messages import Said
from coverage.travel.streets import LENGTH, NO_NUMBER, Segments, over, part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from coverage.profiles import Profile
    from coverage.travel._reached import Reached


def _no_floats() -> Floats:
    return np.empty(0, dtype=np.float64)


def _no_ints() -> Ints:
    return np.empty(0, dtype=np.int64)


def _checked(values: Any, name: str, *, size: int | None = None, finite: bool = False) -> Floats:
    """`values` as float64, without NaN or negative numbers; infinite ones only if allowed."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or (size is not None and len(array) != size):
        raise InputError(LENGTH.fill(name))
    if np.isnan(array).any() or (finite and not np.isfinite(array).all()):
        raise InputError(NO_NUMBER.fill(name))
    return array


@dataclass(frozen=True, eq=False)
class SegmentTimes:
    """Seconds from places on segments to one facility (or to the nearest of several).

    Only segments that are reached need be named, each at most once for a
    facility; naming more is slower, not wrong. A segment that the caller
    leaves out cannot be inside the circle.

    Attributes:
        x: (q,) metres, the facility's place; several for a dissolved field.
        y: (q,) metres.
        segment: (j,) numbers of segments.
        start_s: (j,) seconds from the segment's start to the facility,
            facility's access leg included; inf if not reached.
        end_s: (j,) likewise from its end.
        foot_segment: (f,) segments that the facility itself walks to.
        foot_m: (f,) metres from that segment's start to the foot.
        foot_s: (f,) seconds from the foot to the facility.
    """

    x: Floats
    y: Floats
    segment: Ints
    start_s: Floats
    end_s: Floats
    foot_segment: Ints = field(default_factory=_no_ints)
    foot_m: Floats = field(default_factory=_no_floats)
    foot_s: Floats = field(default_factory=_no_floats)

    def __post_init__(self) -> None:
        for name in ("x", "y"):
            values = np.atleast_1d(np.asarray(getattr(self, name), dtype=np.float64))
            object.__setattr__(self, name, _checked(values, f"{name} of a facility", finite=True))
        if len(self.x) != len(self.y):
            raise InputError(LENGTH.fill("y"))
        for name in ("segment", "foot_segment"):
            numbers = np.asarray(getattr(self, name))
            if numbers.size and numbers.dtype.kind not in "iu":
                raise InputError(Said(f"{name} 须为整数", f"{name} must hold whole numbers"))
            object.__setattr__(self, name, numbers.astype(np.int64, copy=False))
        for name, size in (
            ("start_s", "segment"),
            ("end_s", "segment"),
            ("foot_s", "foot_segment"),
        ):
            values = _checked(getattr(self, name), name, size=len(getattr(self, size)))
            if len(values) and values.min() < 0:
                raise InputError(Said(f"{name} 有负的时间", f"{name} holds a negative time"))
            object.__setattr__(self, name, values)
        metres = _checked(self.foot_m, "foot_m", size=len(self.foot_segment), finite=True)
        object.__setattr__(self, "foot_m", metres)

    def check_against(self, segments: Segments) -> None:
        """Raise `InputError` if a segment is named that does not exist."""
        for numbers in (self.segment, self.foot_segment):
            if len(numbers) and (numbers.min() < 0 or numbers.max() >= len(segments)):
                raise InputError(
                    Said(
                        "设施的时间提到不存在的路段",
                        "a facility's times name a segment that does not exist",
                    )
                )

    def within(self, limit_s: float) -> SegmentTimes:
        """Without the segments and feet that are not reached within the limit."""
        near = (self.start_s <= limit_s) | (self.end_s <= limit_s)
        foot = self.foot_s <= limit_s
        return replace(
            self.only(near),
            foot_segment=self.foot_segment[foot],
            foot_m=self.foot_m[foot],
            foot_s=self.foot_s[foot],
        )

    def only(self, rows: NDArray[Any]) -> SegmentTimes:
        """With some of the segments, told by number or by True, and with all feet."""
        return replace(
            self,
            segment=self.segment[rows],
            start_s=self.start_s[rows],
            end_s=self.end_s[rows],
        )

    @classmethod
    def merged(cls, many: Sequence[SegmentTimes]) -> SegmentTimes:
        """The least seconds to any of several facilities, each segment once."""
        if len(many) == 1:
            return many[0]
        columns = {
            name: np.concatenate([getattr(one, name) for one in many])
            for name in cls.__dataclass_fields__
        }
        segment, place = np.unique(columns["segment"], return_inverse=True)
        for name in ("start_s", "end_s"):
            least = np.full(len(segment), np.inf)
            np.minimum.at(least, place, columns[name])
            columns[name] = least
        return cls(**{**columns, "segment": segment})


@dataclass(frozen=True)
class AccessRule:
    """How someone gets from a place to the road, and straight to the facility.

    Attributes:
        max_access_m: Longest access leg.
        cost_s_per_m: Seconds for a metre of it: detour / access speed.
        max_direct_m: Longest direct way to the facility, off the network.
    """

    max_access_m: float
    cost_s_per_m: float
    max_direct_m: float = 0.0

    def __post_init__(self) -> None:
        problems = [
            Problem(Said(f"{name} 须不小于 0", f"{name} must be 0 or more"), value=str(value))
            for name, value in vars(self).items()
            if not (np.isfinite(value) and value >= 0)
        ]
        if problems:
            raise InputError(problems)


def access_of(profile: Profile) -> AccessRule:
    """The access legs of a profile."""
    return AccessRule(
        max_access_m=profile.max_access_m,
        cost_s_per_m=profile.detour / profile.access_speed_mps,
        max_direct_m=profile.max_direct_m,
    )


def times_of(reached: Reached) -> SegmentTimes:
    """What one search reached, on the segments of its travel network."""
    parts, streets = reached.tn.segments, reached.streets
    first, count = parts.rows_of(streets.piece)
    segment = expand(first, count)
    row = np.repeat(np.arange(len(count)), count)
    whole = parts.whole_m[segment]
    begin = over(parts.offset_m[segment], whole)
    end = over(parts.offset_m[segment] + parts.length_m[segment], whole)
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
