"""What a circle is drawn from: straight pieces of road, and one facility's seconds on them.

A road is cut at its bends into straight `Segments`, once per travel network;
a facility then says, segment by segment, in how many seconds it is reached
from both ends (`SegmentTimes`). Between the ends the time follows: someone
who stands ``s`` metres behind the start needs

    min( start_s + s × to_start,  end_s + (length − s) × to_end )

which is a tent where both ends are reached, a slope on a one-way street.
Where the facility's own access leg ends on a segment, that foot is a third way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


def _no_floats() -> Floats:
    return np.empty(0, dtype=np.float64)


def _no_ints() -> Ints:
    return np.empty(0, dtype=np.int64)


def _checked(values: Any, name: str, *, size: int | None = None, finite: bool = False) -> Floats:
    """`values` as float64, without NaN or negative numbers; infinite ones only if allowed."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or (size is not None and len(array) != size):
        raise InputError(f"{name} does not have the length that its fellows have")
    if np.isnan(array).any() or (finite and not np.isfinite(array).all()):
        raise InputError(f"{name} holds a value that is not a number")
    return array


@dataclass(frozen=True, eq=False)
class Segments:
    """Straight pieces of street of one travel network, each both ways.

    Attributes:
        crs: Projected CRS in metres.
        x0: (k,) metres, where a segment starts.
        y0: (k,) metres.
        x1: (k,) metres, where it ends.
        y1: (k,) metres.
        to_start_s_per_m: (k,) seconds for every metre on the plane when going
            towards the start; inf where that is not allowed.
        to_end_s_per_m: (k,) likewise towards the end.
        street: (k,) rising numbers of the bent streets that the segments are
            parts of; a place then has one foot a street, the nearest point of
            all its parts. By default every segment is a street.

    Raises:
        InputError: If lengths differ, a coordinate is not finite, a slowness
            is negative or NaN, or the streets do not rise.
    """

    crs: str
    x0: Floats
    y0: Floats
    x1: Floats
    y1: Floats
    to_start_s_per_m: Floats
    to_end_s_per_m: Floats
    street: Ints | None = None

    def __post_init__(self) -> None:
        size = len(self.x0)
        for name in ("x0", "y0", "x1", "y1"):
            values = _checked(
                getattr(self, name), f"{name} of the segments", size=size, finite=True
            )
            object.__setattr__(self, name, values)
        for name in ("to_start_s_per_m", "to_end_s_per_m"):
            values = _checked(getattr(self, name), f"{name} of the segments", size=size)
            if size and values.min() < 0:
                raise InputError(f"{name} of the segments holds a negative value")
            object.__setattr__(self, name, values)
        if self.street is not None:
            street = np.asarray(self.street, dtype=np.int64)
            if street.shape != (size,) or np.any(np.diff(street) < 0):
                raise InputError("the streets of the segments must be one each, and rising")
            object.__setattr__(self, "street", street)

    def __len__(self) -> int:
        return len(self.x0)

    def take(self, part: Ints) -> Segments:
        """Only the segments `part`, which must rise where there are streets."""
        return Segments(
            self.crs,
            self.x0[part],
            self.y0[part],
            self.x1[part],
            self.y1[part],
            self.to_start_s_per_m[part],
            self.to_end_s_per_m[part],
            None if self.street is None else self.street[part],
        )

    def with_siblings(self, part: Ints) -> Ints:
        """The segments `part` and all others of their streets, rising."""
        chosen = np.zeros(len(self), dtype=np.bool_)  # much faster than sorting them
        chosen[part] = True
        part = np.flatnonzero(chosen)
        if self.street is None:
            return part
        street = self.street[part]
        street = street[np.diff(street, prepend=-1) != 0]
        first = np.searchsorted(self.street, street)
        count = np.searchsorted(self.street, street, side="right") - first
        done = np.cumsum(count)
        total = int(done[-1]) if len(done) else 0
        return np.repeat(first - done + count, count) + np.arange(total)

    @cached_property
    def length_m(self) -> Floats:
        """(k,) metres on the plane."""
        return np.hypot(self.x1 - self.x0, self.y1 - self.y0)


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
            raise InputError("a facility has a different number of x and y")
        for name in ("segment", "foot_segment"):
            numbers = np.asarray(getattr(self, name))
            if numbers.size and numbers.dtype.kind not in "iu":
                raise InputError(f"{name} must hold whole numbers")
            object.__setattr__(self, name, numbers.astype(np.int64, copy=False))
        for name, size in (
            ("start_s", "segment"),
            ("end_s", "segment"),
            ("foot_s", "foot_segment"),
        ):
            values = _checked(getattr(self, name), name, size=len(getattr(self, size)))
            if len(values) and values.min() < 0:
                raise InputError(f"{name} holds a negative time")
            object.__setattr__(self, name, values)
        metres = _checked(self.foot_m, "foot_m", size=len(self.foot_segment), finite=True)
        object.__setattr__(self, "foot_m", metres)

    def check_against(self, segments: Segments) -> None:
        """Raise `InputError` if a segment is named that does not exist."""
        for numbers in (self.segment, self.foot_segment):
            if len(numbers) and (numbers.min() < 0 or numbers.max() >= len(segments)):
                raise InputError("a facility's times name a segment that does not exist")

    def within(self, limit_s: float) -> SegmentTimes:
        """Without the segments and feet that are not reached within the limit."""
        near = (self.start_s <= limit_s) | (self.end_s <= limit_s)
        foot = self.foot_s <= limit_s
        return SegmentTimes(
            self.x,
            self.y,
            self.segment[near],
            self.start_s[near],
            self.end_s[near],
            self.foot_segment[foot],
            self.foot_m[foot],
            self.foot_s[foot],
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
            Problem(f"{name} must be a number from 0 upwards", value=str(value))
            for name, value in (
                ("the longest access leg in metres", self.max_access_m),
                ("the access leg's seconds for a metre", self.cost_s_per_m),
                ("the longest direct way in metres", self.max_direct_m),
            )
            if not (np.isfinite(value) and value >= 0)
        ]
        if problems:
            raise InputError(problems)
