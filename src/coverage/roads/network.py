"""`RoadNetwork`: a directed road network as flat arrays; `CleaningReport`: what was wrong with it.

Arrays and not objects, because every engine above (SciPy, the lattice, the
snap to edges) reads whole columns at a time: 650,000 directed edges weigh
some 30 MB and load in a few hundredths of a second.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.arrays import (
    Bools,
    Float32s,
    Floats,
    Int32s,
    Ints,
    Numbers,
    Objects,
    gather,
    with_ends,
)
from coverage.datum import unproject
from coverage.errors import InputError
from coverage.messages import Lang, Said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray


FOOT, BICYCLE, CAR = 1, 2, 4
MODES: dict[str, int] = {"foot": FOOT, "bicycle": BICYCLE, "car": CAR}
ALL_MODES = FOOT | BICYCLE | CAR
CAR_ON_TRACKS = 8  # a car whose profile uses field tracks that no tag closes
FERRY = "ferry"  # the class of a way whose maxspeed_kmh is how fast it goes, for everybody
ACROSS = "_square"  # behind the class of a line across a square, which is walked and no street
OBSTACLES = ("water", "river", "rail")  # what nobody crosses off the road
MAIN_ROAD = "main_road"  # the class of the roads that ship, which are nothing else
MAIN = ("motorway", "trunk", "primary", "secondary", "tertiary", MAIN_ROAD)
LEAST_STREETS = 0.1  # of the length: with less, people live beside streets that are not there
# No street runs straight for so long: who drew one left out where it goes.
LONGEST_STRAIGHT_M = 5_000.0
FLAGS = {**MODES, "car_on_tracks": CAR_ON_TRACKS}
LONGEST_M = 40_100_000.0  # once round the earth: no piece of street is longer
_EXAMPLES = 5


def mode_flags(modes: Iterable[str], known_modes: Mapping[str, int] = MODES) -> int:
    """Bits of the named modes, such as ``FOOT | CAR`` for ``("foot", "car")``.

    Raises:
        InputError: If a mode is not one of those known, or none is named.
    """
    names = (modes,) if isinstance(modes, str) else tuple(modes)
    unknown = [name for name in names if name not in known_modes]
    if unknown or not names:
        named, known = ", ".join(map(repr, unknown)), ", ".join(known_modes)
        raise InputError(
            Said(
                f"不认识出行方式 {named or '（无）'}，可用 {known}",
                f"unknown mode of travel: {named or 'none'}; choose from {known}",
            )
        )
    return sum({known_modes[name] for name in names})


def whole_numbers(names: list[Any]) -> Ints:
    """The names as numbers if all of them are whole numbers, else a running count."""
    try:
        ids = np.asarray([int(name) for name in names], np.int64)
    except (TypeError, ValueError, OverflowError):
        return np.arange(len(names))
    return ids if len(np.unique(ids)) == len(ids) else np.arange(len(names))


# One value an edge, whatever its order.
EDGE_COLUMNS = (
    "tail", "head", "length_m", "highway", "maxspeed_kmh", "modes", "edge_id", "ends_only", "level",
)  # fmt: skip


def _nothing(kind: type[np.generic], *wide: int) -> Callable[[], NDArray[Any]]:
    return lambda: np.zeros((0, *wide), kind)


@dataclass(frozen=True, eq=False)
class RoadNetwork:
    """Directed edges between projected nodes, in CSR order (sorted by tail).

    Attributes:
        crs: Projected CRS in metres, such as ``EPSG:32649``.
        node_id: (n,) int64, the source's own node numbers.
        x: (n,) float64 metres.
        y: (n,) float64 metres.
        tail: (m,) int32, index of the node an edge leaves.
        head: (m,) int32, index of the node an edge reaches.
        length_m: (m,) float64, length on the ground in metres.
        highway: (m,) int16, index into `highway_names`.
        highway_names: Road classes as the source names them.
        maxspeed_kmh: (m,) float32, NaN where the source gives none.
        modes: (m,) uint8, who may use the edge in this direction
            (`FOOT` | `BICYCLE` | `CAR`). The way back along a one-way street
            is an edge of its own that only feet may use.
        edge_id: (m,) int64, the source's number of the street piece; the two
            directions of one piece share it, and no other edge does.
        bend_start: (m + 1,) int64, where an edge's bends begin in `bend_x`
            and `bend_y`; a straight edge has none. Bends run from tail to
            head and leave out both ends.
        bend_x: Float64 metres.
        bend_y: Float64 metres.
        origin: What the network was built from, for reports: source,
            licence, counts of what cleaning did.
        ends_only: (m,) uint8, which of `modes` may use the edge only where
            their way begins or ends (``access=destination``).
        level: (m,) int8, 0 on the ground, above it (bridges) 1, below (tunnels) -1.
        blocked: (n,) uint8, modes that cannot pass through a node (a bollard).
        no_turn: (t, 3) int64, an edge, one that cannot be taken next, and the
            modes for which that holds.
        obstacle: (k,) uint8, index into `OBSTACLES` of lines that the source knows.
        obstacle_start: (k + 1,) int64, where each begins in `obstacle_x` and `obstacle_y`.
        obstacle_x: Float64 metres.
        obstacle_y: Float64 metres.
    """

    crs: str
    node_id: Ints
    x: Floats
    y: Floats
    tail: Int32s
    head: Int32s
    length_m: Floats
    highway: NDArray[np.int16]
    highway_names: tuple[str, ...]
    maxspeed_kmh: Float32s
    modes: NDArray[np.uint8]
    edge_id: Ints
    bend_start: Ints
    bend_x: Floats
    bend_y: Floats
    origin: dict[str, Any] = field(default_factory=dict)
    ends_only: NDArray[np.uint8] = field(default_factory=_nothing(np.uint8))
    level: NDArray[np.int8] = field(default_factory=_nothing(np.int8))
    blocked: NDArray[np.uint8] = field(default_factory=_nothing(np.uint8))
    no_turn: Ints = field(default_factory=_nothing(np.int64, 3))
    obstacle: NDArray[np.uint8] = field(default_factory=_nothing(np.uint8))
    obstacle_start: Ints = field(default_factory=lambda: np.zeros(1, np.int64))
    obstacle_x: Floats = field(default_factory=_nothing(np.float64))
    obstacle_y: Floats = field(default_factory=_nothing(np.float64))

    def __post_init__(self) -> None:
        n, m = len(self.node_id), len(self.tail)
        for name, size in (("ends_only", m), ("level", m), ("blocked", n)):
            if size and not len(column := getattr(self, name)):
                object.__setattr__(self, name, np.zeros(size, column.dtype))
        sizes = {len(a) for a in (self.head, self.length_m, self.highway, self.maxspeed_kmh)}
        sizes |= {len(self.modes), len(self.edge_id), len(self.bend_start) - 1, m}
        sizes |= {len(self.ends_only), len(self.level)}
        if sizes != {m} or {len(self.x), len(self.y), len(self.blocked)} != {n}:
            raise InputError(
                Said("路网各列长短不一", "the columns of a road network do not have one length")
            )
        ends = np.concatenate([self.tail, self.head])
        if m and (ends.min() < 0 or ends.max() >= n):
            raise InputError(
                Said(
                    "路段的端点不存在",
                    "an edge of the road network has no such node",
                )
            )
        if m and np.any(np.diff(self.tail) < 0):
            raise InputError(
                Said("路段须按起点排序", "the edges of a road network must be sorted by tail")
            )
        for name in ("x", "y", "length_m"):
            if not np.isfinite(getattr(self, name)).all():
                raise InputError(
                    Said(
                        f"路网的 {name} 列有不是有限数的值",
                        f"the road network holds a {name} that is not a finite number",
                    )
                )
        if m and self.length_m.min() < 0:
            raise InputError(
                Said("路段长度为负", "an edge of the road network has a negative length")
            )

    @property
    def node_count(self) -> int:
        """Number of nodes."""
        return len(self.node_id)

    @property
    def edge_count(self) -> int:
        """Number of directed edges."""
        return len(self.tail)

    @cached_property
    def twin(self) -> Ints:
        """(m,) int64, the edge that runs the other way along the same piece; -1 if none does."""
        twin = np.full(self.edge_count, -1, np.int64)
        order = np.argsort(self.edge_id, kind="stable")
        same = np.flatnonzero(np.diff(self.edge_id[order]) == 0)
        alone = np.ones(len(same), bool)  # a number borne by three edges pairs none of them
        alone[1:] &= np.diff(same) > 1
        alone[:-1] &= np.diff(same) > 1
        one, two = order[same[alone]], order[same[alone] + 1]
        turned = (self.tail[one] == self.head[two]) & (self.head[one] == self.tail[two])
        one, two = one[turned], two[turned]
        twin[one], twin[two] = two, one
        return twin

    @cached_property
    def one_way_each(self) -> NDArray[np.bool_]:
        """(m,) True for one directed edge of every piece: the first of the two, or the only one."""
        return np.asarray((self.twin < 0) | (np.arange(self.edge_count) < self.twin))

    @property
    def across(self) -> Bools:
        """(m,) True for lines across squares."""
        names = [i for i, name in enumerate(self.highway_names) if name.endswith(ACROSS)]
        return np.isin(self.highway, names)

    @property
    def classes(self) -> tuple[str, ...]:
        """The road classes by whose rules `highway_names` are used."""
        return tuple(name.removesuffix(ACROSS) for name in self.highway_names)

    @cached_property
    def main_roads_only(self) -> bool:
        """Whether it leaves out the streets that people live on, which decides how far legs go.

        By its classes: a full network has more than a tenth of its length in lesser ones than
        county roads (``tertiary``). Roads of no known class count as streets.
        """
        main = [
            n for n, name in enumerate(self.highway_names) if name.removesuffix("_link") in MAIN
        ]
        streets = self.length_m[~np.isin(self.highway, main)].sum()
        return bool(streets < LEAST_STREETS * self.length_m.sum())

    def line(self, edge: int) -> Floats:
        """(k, 2) x and y of one edge from tail to head, both ends and the bends between."""
        return np.column_stack(self.lines(np.array([edge]))[1:])

    def lines(self, edges: Numbers | None = None) -> tuple[Ints, Floats, Floats]:
        """Points of edges, all by default, ends included: (k + 1,) starts, and flat x and y."""
        rows = np.arange(self.edge_count) if edges is None else edges
        start, bend = gather(self.bend_start, rows)
        tail, head = self.tail[rows], self.head[rows]
        longer, x = with_ends(start, self.bend_x[bend], self.x[tail], self.x[head])
        return longer, x, with_ends(start, self.bend_y[bend], self.y[tail], self.y[head])[1]

    def obstacle_lines(self) -> Objects:
        """(k,) the lines that nobody crosses off the road, on the plane."""
        import shapely

        if not len(self.obstacle):
            return np.empty(0, dtype=np.object_)
        line = np.repeat(np.arange(len(self.obstacle)), np.diff(self.obstacle_start))
        points = np.column_stack([self.obstacle_x, self.obstacle_y])
        return np.asarray(shapely.linestrings(points, indices=line))

    def plane_length(self) -> Floats:
        """(m,) metres of the drawn lines on the plane, which is not quite `length_m`.

        UTM shrinks and stretches by up to a thousandth inside its zone.
        """
        start, x, y = self.lines()
        if not self.edge_count:
            return np.zeros(0)
        steps = np.hypot(np.diff(x, append=x[-1:]), np.diff(y, append=y[-1:]))
        steps[start[1:] - 1] = 0.0
        return np.add.reduceat(steps, start[:-1])

    def to_lonlat(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Degrees (WGS84) of points given in this network's metres."""
        return unproject(x, y, self.crs)

    def select(self, edges: NDArray[Any]) -> RoadNetwork:
        """The same nodes with some of the edges only.

        Args:
            edges: (m,) bool, True for an edge to keep, or increasing indices.
        """
        rows = np.flatnonzero(edges) if edges.dtype == bool else edges.astype(np.int64)
        return replace(self, **self.columns_of(rows))

    def columns_of(self, rows: NDArray[Any]) -> dict[str, Any]:
        """The columns of some edges, in any order, and the turns between them."""
        start, index = gather(self.bend_start, rows)
        number = np.full(self.edge_count, -1, np.int64)
        number[rows] = np.arange(len(rows))
        turns = self.no_turn.copy()
        turns[:, :2] = number[turns[:, :2]]
        return {
            **{name: getattr(self, name)[rows] for name in EDGE_COLUMNS},
            "no_turn": turns[(turns[:, :2] >= 0).all(axis=1)],
            "bend_start": start,
            "bend_x": self.bend_x[index],
            "bend_y": self.bend_y[index],
        }

    def compact(self) -> RoadNetwork:
        """The same edges without the nodes that none of them touches."""
        used = np.zeros(self.node_count, bool)
        used[self.tail] = used[self.head] = True
        if used.all():
            return self
        number = (np.cumsum(used) - 1).astype(np.int32)
        return replace(
            self,
            node_id=self.node_id[used],
            x=self.x[used],
            y=self.y[used],
            blocked=self.blocked[used],
            tail=number[self.tail],
            head=number[self.head],
        )


@dataclass(frozen=True)
class Finding:
    """One kind of flaw.

    Attributes:
        check: What was looked for, such as ``duplicate_edge``.
        action: ``dropped``, ``changed``, ``merged``, ``kept``, or ``lost`` in reading.
        count: How many times it was found.
        metres: By how much the sum of `length_m` over all directed edges
            changed; negative where something was dropped.
        examples: The first few, in words.
    """

    check: str
    action: str
    count: int
    metres: float = 0.0
    examples: tuple[Said, ...] = ()


@dataclass
class CleaningReport:
    """Everything that reading and cleaning found, in the order it was met.

    Attributes:
        findings: The flaws, each with its count; a check that found nothing
            is listed with a count of zero.
        islands: For each mode (n,) int32: the number of the island a node
            lies on, 0 for the largest, -1 where no edge of that mode ends.
            An island is a strongly connected component: inside it, everyone
            can get from everywhere to everywhere.
        length_before_m: Sum over all directed edges before cleaning.
        length_after_m: The same afterwards.
    """

    findings: list[Finding] = field(default_factory=list)
    islands: dict[str, Int32s] = field(default_factory=dict)
    length_before_m: float = 0.0
    length_after_m: float = 0.0

    def add(
        self,
        check: str,
        action: str,
        examples: Iterable[Said] = (),
        *,
        count: int | None = None,
        metres: float = 0.0,
    ) -> None:
        """Note a finding; `count` is the number of examples unless told."""
        words = tuple(examples)
        found = len(words) if count is None else count
        self.findings.append(Finding(check, action, found, float(metres) + 0.0, words[:_EXAMPLES]))

    def count(self, check: str) -> int:
        """How many times a check found its flaw."""
        return sum(found.count for found in self.findings if found.check == check)

    @property
    def clean(self) -> bool:
        """True if no check found anything."""
        return not any(found.count for found in self.findings)

    def rows(self, lang: Lang) -> list[dict[str, Any]]:
        """One row a finding, for a table: check, action, count, metres, examples."""
        between = "；" if lang == "zh" else "; "
        return [
            {
                "check": found.check,
                "action": found.action,
                "count": found.count,
                "metres": round(found.metres, 1),
                "examples": between.join(one.to(lang) for one in found.examples),
            }
            for found in self.findings
        ]

    def summary(self) -> dict[str, dict[str, Any]]:
        """Counts and actions of what was found, for a network's `origin`."""
        return {
            f.check: {"action": f.action, "count": f.count, "metres": round(f.metres, 3)}
            for f in self.findings
            if f.count
        }
