"""Rows of a table of roads, judged cell by cell: what `coverage.roads.tables` builds on."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite, nan
from typing import TYPE_CHECKING

import numpy as np

from coverage.errors import InputError, Problem
from coverage.messages import Said
from coverage.roads.access import level_of, speed_kmh, use_of
from coverage.roads.network import ALL_MODES, LONGEST_M, mode_flags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from coverage.arrays import Floats, Ints


_FORWARD = {"yes", "true", "1", "f", "ft", "forward"}
_BACKWARD = {"-1", "reverse", "t", "tf", "backward"}
_BOTH = {"", "no", "false", "0", "b", "both", "none", "nan"}
_ACCESS = ("access", "foot", "bicycle", "vehicle", "motor_vehicle", "motorcar", "motorroad")
_NOT_STATED = {"", "none", "nan", "<na>"}


@dataclass
class Pieces:
    """Columns of street pieces as they are read, and the rows that could not be."""

    u: list[int] = field(default_factory=list)
    v: list[int] = field(default_factory=list)
    length: list[float] = field(default_factory=list)
    highway: list[str] = field(default_factory=list)
    forward: list[int] = field(default_factory=list)
    back: list[int] = field(default_factory=list)
    speed: list[float] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    level: list[int] = field(default_factory=list)
    row: list[int] = field(default_factory=list)
    bends: list[Floats] = field(default_factory=list)

    def add(self, ends: tuple[int, int], row: Row, bends: Floats) -> None:
        """Take a row that has been judged good."""
        self.u.append(ends[0])
        self.v.append(ends[1])
        self.row.append(row.number)
        self.bends.append(bends)
        self.length.append(row.length)
        self.highway.append(row.highway)
        self.speed.append(row.speed)
        self.ends.append(row.ends)
        self.level.append(row.level)
        self.forward.append(row.forward)
        self.back.append(row.back)

    def flat_bends(self) -> tuple[Ints, Floats, Floats]:
        """Starts, and flat x and y, in the coordinates they were given in."""
        counts = [len(points) for points in self.bends]
        start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        flat = np.concatenate([np.zeros((0, 2)), *self.bends])
        return start, flat[:, 0], flat[:, 1]


class Row:
    """One row of roads: cells to numbers and flags, complaints to `problems`."""

    def __init__(
        self,
        file: str,
        number: int,
        cell: Callable[[str], str],
        modes: Iterable[str] | None,
        *,
        highway: str = "road",
        need_length: bool = True,
    ) -> None:
        self.file, self.number, self._cell = file, number, cell
        self.problems: list[Problem] = []
        self.highway = self.text("highway") or self.text("fclass") or highway
        self.length = self._length(need_length)
        self.speed, odd = speed_kmh(self.text("maxspeed") or None)
        if odd is not None:
            self.complain(
                "maxspeed", Said("限速不是 km/h 的数字", "the speed is not a number of km/h")
            )
        self.ends = 0
        self.level = level_of({key: self.text(key) for key in ("bridge", "tunnel", "layer")})
        flags = self._who(modes)
        self.forward, self.back = self._directions(flags)

    def text(self, column: str) -> str:
        """A cell, empty where the source writes that it has no value."""
        value = self._cell(column).strip()
        return "" if value.lower() in _NOT_STATED else value

    def complain(self, column: str | None, reason: Said) -> None:
        """Note what is wrong with a cell of this row."""
        value = self._cell(column) if column else None
        shown = value[:60] if value else value
        self.problems.append(Problem(reason, self.file, self.number, column, shown))

    def _length(self, needed: bool) -> float:
        text = self.text("length_m")
        if not text:
            if needed:
                self.complain("length_m", Said("缺长度", "the length is missing"))
            return nan
        try:
            metres = float(text)
        except ValueError:
            self.complain(
                "length_m", Said("长度不是以米计的数字", "the length is not a number of metres")
            )
            return nan
        if not 0 <= metres <= LONGEST_M:
            self.complain(
                "length_m",
                Said(
                    "长度须为非负数，至多地球一周", "the length must be 0 to once round the earth"
                ),
            )
        return metres

    def _who(self, modes: Iterable[str] | None) -> int:
        named = self.text("modes").replace(";", " ").split()
        if named or modes is not None:
            try:
                return mode_flags(named or modes or ())
            except InputError as error:
                self.complain("modes" if named else None, error.problems[0].reason)
                return 0
        tags = {key: self.text(key) for key in _ACCESS}
        tags = {key: value for key, value in tags.items() if value} | {"highway": self.highway}
        use = use_of(tags, unknown_class=ALL_MODES)
        self.ends = use.ends if use else 0
        return use.forward | use.back if use else 0

    def _directions(self, flags: int) -> tuple[int, int]:
        text = self.text("oneway").lower().removesuffix(".0")
        feet = flags & mode_flags(["foot"])
        if text in _FORWARD:
            return flags, feet
        if text in _BACKWARD:
            return feet, flags
        if text not in _BOTH:
            self.complain(
                "oneway", Said("方向须为 yes、no 或 -1", "the direction must be yes, no or -1")
            )
        return flags, flags


def coordinate(text: str, limit: float) -> float | None:
    """A number within ± `limit`, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) and abs(value) <= limit else None
