"""The straight segments of streets: where feet stand, and what circles are drawn from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.arrays import Bools, Floats, Ints, Numbers, expand
from coverage.errors import InputError
from coverage.messages import Said
from coverage.roads.network import LONGEST_STRAIGHT_M

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely import STRtree

    from coverage.roads.network import RoadNetwork
    from coverage.travel.heights import Slopes
    from coverage.travel.walls import Walls

    FloatLike = NDArray[np.floating[Any]]


_COLUMNS = ("x0", "y0", "x1", "y1", "offset_m", "whole_m", "to_start_s_per_m", "to_end_s_per_m")
LENGTH = Said("{} 与其他各列长短不一", "{} does not have the length that its fellows have")
NO_NUMBER = Said("{} 有不是数字的值", "{} holds a value that is not a number")
_NONE = 1e-12
_MAY_BE_INFINITE = ("to_start_s_per_m", "to_end_s_per_m")


@dataclass(frozen=True, eq=False)
class Segments:
    """The straight parts of street pieces, each both ways, in the order of the pieces.

    A place has one foot a piece, the nearest point of all its parts.

    Attributes:
        piece: (s,) rising numbers of the street pieces that the segments are parts of.
        x0: (s,) metres, where a segment starts; it runs as the line of the piece does.
        y0: (s,) metres.
        x1: (s,) metres, where it ends.
        y1: (s,) metres.
        offset_m: (s,) metres along the piece at which it starts.
        whole_m: (s,) metres of the whole piece.
        to_start_s_per_m: (s,) seconds of travel for every metre towards the start;
            infinite where that is not allowed.
        to_end_s_per_m: (s,) likewise towards the end.
        walls: What no leg to them crosses.
        slopes: What the slopes of legs to places beside them take; None over level ground.

    Raises:
        InputError: If lengths differ, a coordinate is not finite, a slowness is negative or
            NaN, or the pieces do not rise.
    """

    piece: Numbers
    x0: Floats
    y0: Floats
    x1: Floats
    y1: Floats
    offset_m: Floats
    whole_m: Floats
    to_start_s_per_m: Floats
    to_end_s_per_m: Floats
    walls: Walls | None = None
    slopes: Slopes | None = None

    def __post_init__(self) -> None:
        for name in _COLUMNS:
            values = getattr(self, name)
            if values.shape != self.piece.shape:
                raise InputError(LENGTH.fill(name))
            endless = name in _MAY_BE_INFINITE
            if np.isnan(values).any() or not (endless or np.isfinite(values).all()):
                raise InputError(NO_NUMBER.fill(name))
            if endless and values.min(initial=0) < 0:
                raise InputError(
                    Said(f"路段的 {name} 有负值", f"{name} of the segments is negative somewhere")
                )
        if np.any(np.diff(self.piece) < 0):
            raise InputError(
                Said("路段的街道编号须递增", "the street pieces of the segments must rise")
            )

    @classmethod
    def of(
        cls,
        network: RoadNetwork,
        edge: Numbers,
        piece: Numbers,
        forward: Floats,
        backward: Floats,
        walls: Walls | None = None,
    ) -> Segments:
        """Cut streets at their bends.

        Of a stretch that is one straight line for more than `LONGEST_STRAIGHT_M` only the two
        ends are kept, because nobody knows where it runs: it is travelled from end to end, and
        no foot stands and no circle runs along it.

        Args:
            network: The road network.
            edge: (q,) directed edges whose lines are the streets.
            piece: (q,) numbers of the street pieces, rising.
            forward: (q,) seconds of a search from the beginning of each line to its end, which
                is what travel towards the beginning takes.
            backward: (q,) likewise from the end to the beginning.
            walls: What no leg crosses.
        """
        start, x, y = network.lines(edge)
        counts = np.diff(start) - 1
        first = expand(start[:-1], counts)
        owner = np.repeat(np.arange(len(edge)), counts)
        x0, y0, x1, y1 = x[first], y[first], x[first + 1], y[first + 1]
        length = np.hypot(x1 - x0, y1 - y0)
        before = np.cumsum(length) - length
        at = np.cumsum(counts) - counts  # first segment of each piece
        offset = before - before[at][owner] if len(at) else before
        # The end of the last segment is the whole by construction: the far
        # end of a piece is then exactly the fraction 1, and is its node.
        last = at + counts - 1
        whole = (offset + length)[last][owner] if len(at) else length
        there, back = (over(seconds[owner], whole) for seconds in (forward, backward))
        guessed = length > LONGEST_STRAIGHT_M
        part = np.repeat(np.arange(len(length)), 1 + guessed)
        far = np.diff(part, prepend=-1) == 0  # the second of two: the far end of a stretch
        near = guessed[part] & ~far
        return cls(
            piece[owner][part],
            np.where(far, x1[part], x0[part]),
            np.where(far, y1[part], y0[part]),
            np.where(near, x0[part], x1[part]),
            np.where(near, y0[part], y1[part]),
            offset[part] + np.where(far, length[part], 0.0),
            whole[part],
            there[part],
            back[part],
            walls,
        )

    def barred(self, x: FloatLike, y: FloatLike, segment: Ints, along: Floats) -> Bools:
        """Whether a wall lies between points and the places `along` (0 to 1) segments."""
        if self.walls is None:
            return np.zeros(len(segment), dtype=np.bool_)
        return self.walls.bar(x, y, *self.places(segment, along).T)

    def places(self, segment: Ints, along: Floats) -> Floats:
        """(k, 2) the places `along` (0 to 1) segments."""
        x = self.x0[segment] + along * self.dx[segment]
        return np.column_stack([x, self.y0[segment] + along * self.dy[segment]])

    def __len__(self) -> int:
        return len(self.piece)

    def take(self, part: Ints) -> Segments:
        """Only the segments `part`, which must rise."""
        columns = {name: getattr(self, name)[part] for name in ("piece", *_COLUMNS)}
        return replace(self, **columns)

    def with_siblings(self, part: Ints) -> Ints:
        """The segments `part` and all others of their pieces, rising."""
        chosen = np.zeros(len(self), dtype=np.bool_)  # much faster than sorting them
        chosen[part] = True
        piece = self.piece[chosen]
        return expand(*self.rows_of(piece[np.diff(piece, prepend=-1) != 0]))

    def rows_of(self, piece: Numbers) -> tuple[Ints, Ints]:
        """The first segment of each of some pieces, and how many it has."""
        first = np.searchsorted(self.piece, piece)
        return first, np.searchsorted(self.piece, piece, side="right") - first

    @cached_property
    def dx(self) -> Floats:
        """(s,) metres east from start to end."""
        return self.x1 - self.x0

    @cached_property
    def dy(self) -> Floats:
        """(s,) metres north from start to end."""
        return self.y1 - self.y0

    @cached_property
    def length_m(self) -> Floats:
        """(s,) metres on the plane."""
        return np.hypot(self.dx, self.dy)

    @cached_property
    def tree(self) -> STRtree:
        """Spatial index over the segments."""
        import shapely

        ends = np.stack([self.x0, self.y0, self.x1, self.y1], axis=1)
        return shapely.STRtree(np.asarray(shapely.linestrings(ends.reshape(-1, 2, 2))))

    def feet(self, x: Floats, y: Floats, segment: Ints) -> tuple[Floats, Floats]:
        """Fraction along the piece and distance of each point's foot on a segment."""
        px, py = x - self.x0[segment], y - self.y0[segment]
        dx, dy = self.dx[segment], self.dy[segment]
        along = np.clip(over(px * dx + py * dy, dx * dx + dy * dy), 0.0, 1.0)
        distance = np.hypot(px - along * dx, py - along * dy)
        metres = self.offset_m[segment] + along * self.length_m[segment]
        return np.clip(over(metres, self.whole_m[segment]), 0.0, 1.0), distance


def over(amount: Floats, whole: Floats) -> Floats:
    """`amount` by `whole`, nought where the whole is nothing."""
    return np.divide(amount, whole, out=np.zeros(len(whole)), where=whole > 0)


def part(fraction: Floats, seconds: Floats) -> Floats:
    """A fraction of an edge's seconds; none of a closed edge takes no time, more is infinite.

    Fractions that are rounding errors are none: on a one-way street they
    would otherwise turn two feet at one place into a way round the block.
    """
    out: Floats = np.zeros(np.broadcast(fraction, seconds).shape)
    return np.multiply(fraction, seconds, out=out, where=np.asarray(fraction) > _NONE)
