"""Ways of OpenStreetMap, collected one by one and cut where they meet.

A graph node is a way's end, a point that ways share (or that one way passes twice), or one with
a barrier; the points between are bends. A piece is numbered ``way * 10000 + position``:
OpenStreetMap allows 2000 points in a way, so the way's own number can be read off a piece's
number.

Lengths are measured on the WGS84 ellipsoid (see `coverage.roads.build`), who may use a road is
judged by `coverage.roads.access`. Beside the roads stands what nobody crosses off them: water,
rivers and railways on the ground.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from coverage.arrays import Bools, Floats, Ints, expand, starts
from coverage.errors import InputError, Problem
from coverage.messages import Said
from coverage.roads.access import (
    duration_s,
    level_of,
    road_class,
    rules,
    shut_at,
    turn_bound,
    use_of,
)
from coverage.roads.build import Turn, build, ground_steps
from coverage.roads.network import (
    ACROSS,
    BICYCLE,
    CAR,
    CAR_ON_TRACKS,
    FOOT,
    OBSTACLES,
    RoadNetwork,
    mode_flags,
)
from coverage.roads.squares import lines_across

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray
    from shapely import Geometry


LICENCE = "ODbL 1.0"
ATTRIBUTION = "© OpenStreetMap contributors"
PIECES_PER_WAY = 10_000
EDGE_NUMBERS = "osm way * 10000 + piece"
NOWHERE = 2_147_483_647  # osmium's own mark of a point whose place is not in the file
_DEGREES = 1e7
RIVERS = ("river", "canal")
RAILWAYS = ("rail", "light_rail", "subway", "narrow_gauge", "monorail")
WATER = (("natural", "water"), ("waterway", "riverbank"), ("landuse", "reservoir"))
_SHOWN = 5


def obstacle_of(tags: Mapping[str, str]) -> str:
    """``river`` or ``rail`` for a line on the ground that nobody crosses, else empty."""
    if level_of(tags):
        return ""
    if tags.get("waterway") in RIVERS:
        return "river"
    return "rail" if tags.get("railway") in RAILWAYS else ""


def is_water(tags: Mapping[str, str]) -> bool:
    """Whether tags are those of an area of water."""
    return any(tags.get(key) == value for key, value in WATER)


class _Kind(NamedTuple):
    """What the tags of a way say of all its pieces."""

    highway: str
    forward: int
    back: int
    ends: int
    level: int
    speed: float
    speed_back: float


class _Ban(NamedTuple):
    number: int
    come: int
    node: int
    go: int
    only: bool
    modes: int


class Ways:
    """Collects ways and makes a `RoadNetwork` of them.

    Args:
        name: The file or server the ways come from, for complaints.
        modes: Keep what at least one of these may use.
    """

    def __init__(self, name: str, modes: Iterable[str]) -> None:
        self.name = name
        self.modes = tuple(modes)
        self._mask = mode_flags(self.modes)
        self._mask |= CAR_ON_TRACKS if self._mask & CAR else 0
        self._way, self._kind, self._start = array("q"), array("i"), array("q", [0])
        self._kinds: dict[_Kind, int] = {}  # few, whatever the number of ways
        self._points = array("q")  # ref, x, y of one after the other
        self._shut: dict[int, int] = {}
        self._bans: list[_Ban] = []
        self._squares: list[int] = []
        self._obstacles: list[tuple[int, NDArray[Any]]] = []
        self.seen = 0
        self.closed = 0
        self.no_road: Counter[str] = Counter()
        self.odd_speeds: Counter[str] = Counter()
        self.lost: dict[str, list[int]] = defaultdict(list)

    def add(
        self, way: int, tags: Mapping[str, str], points: Sequence[tuple[int, int, int]]
    ) -> None:
        """Take a way: its number, its tags, and (ref, lon × 1e7, lat × 1e7) of its points."""
        self.seen += 1
        kind, odd_speed, square = _judged(frozenset(tags.items()))
        if kind is None:
            self.no_road[road_class(tags)] += 1
            return
        if not (kind.forward | kind.back) & self._mask:
            self.closed += 1
            return
        if odd_speed is not None:
            self.odd_speeds[odd_speed] += 1
        if square and len(points) > 3 and points[0][0] == points[-1][0]:
            self._squares.append(len(self._way))
        if kind.highway == "ferry":
            speed = _ferry_kmh(tags, points)
            kind = kind._replace(speed=speed, speed_back=speed)
        self._append(way, kind, points)

    def _append(self, way: int, kind: _Kind, points: Iterable[Iterable[int]]) -> None:
        self._points.extend(chain.from_iterable(points))
        self._start.append(len(self._points) // 3)
        self._way.append(way)
        self._kind.append(self._kinds.setdefault(kind, len(self._kinds)))

    def bar(self, node: int, tags: Mapping[str, str]) -> None:
        """Take a node: what stands there may shut the way to some."""
        if "barrier" in tags and (shut := shut_at(tags)):
            self._shut[node] = shut

    def turn(
        self, number: int, tags: Mapping[str, str], members: Iterable[tuple[str, int, str]]
    ) -> None:
        """Take a relation: a turn restriction over one node; others count as lost."""
        if tags.get("type") != "restriction":
            return
        by_role: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        for kind, ref, role in members:
            by_role[role].append((kind[:1], ref))
        said, modes = turn_bound(tags)
        if not modes & self._mask or (not said and "restriction:conditional" not in tags):
            return  # binds nobody here
        word, _, _ = said.partition("_")
        via, come, go = by_role["via"], by_role["from"], by_role["to"]
        simple = len(via) == 1 and via[0][0] == "n" and come and go
        if word not in {"no", "only"} or not simple or (word == "only" and len(come + go) > 2):
            self.lost["turn_restriction"].append(number)
            return
        self._bans += [
            _Ban(number, a, via[0][1], b, word == "only", modes) for _, a in come for _, b in go
        ]

    def block(self, kind: str, lines: Iterable[Sequence[tuple[int, int]]]) -> None:
        """Take lines that nobody crosses off the road: (lon × 1e7, lat × 1e7) of their points."""
        for line in lines:
            points = np.array([at for at in line if NOWHERE not in at]).reshape(-1, 2)
            if len(points) > 1:
                self._obstacles.append((OBSTACLES.index(kind), points / _DEGREES))

    def network(
        self,
        *,
        area: Geometry | None = None,
        crs: str | None = None,
        origin: dict[str, Any] | None = None,
    ) -> RoadNetwork:
        """Cut the ways into pieces and build the network.

        Args:
            area: Polygon in lon, lat: keep the pieces that touch it.
            crs: Projected CRS; by default the UTM zone of the middle.
            origin: What to remember of the source.

        Raises:
            InputError: If no road is left.
        """
        self._cross_squares()
        start = np.frombuffer(self._start, np.int64)
        ref, x, y = np.frombuffer(self._points, np.int64).reshape(-1, 3).T
        owner = np.repeat(np.arange(len(start) - 1), np.diff(start))
        known = (x != NOWHERE) & (y != NOWHERE)
        self.lost["way_with_points_missing"] += [self._way[i] for i in np.unique(owner[~known])]
        keep = known.copy()  # and a point named twice in a row counts once
        keep[1:] &= ~((ref[1:] == ref[:-1]) & (owner[1:] == owner[:-1]) & known[:-1])
        # A gap left by a missing point must not be bridged by a straight line.
        run = owner + np.cumsum(~known)
        ref, x, y, owner, run = ref[keep], x[keep], y[keep], owner[keep], run[keep]
        first, last = _pieces(ref, run, np.fromiter(self._shut, np.int64, len(self._shut)))
        lon, lat = x / _DEGREES, y / _DEGREES
        if area is not None and len(first):
            touching = _touching(area, first, last, lon, lat)
            first, last = first[touching], last[touching]
        if not len(first):
            raise InputError(Problem(self._nothing(area), self.name))
        return self._build((first, last), (ref, lon, lat, owner), area, crs, origin or {})

    def _cross_squares(self) -> None:
        """Add the lines along which feet cross squares, from one street to the next."""
        squares, self._squares = self._squares, []
        if not squares:
            return
        points = np.array(self._points).reshape(-1, 3)
        named, counts = np.unique(points[:, 0], return_counts=True)
        kinds = list(self._kinds)
        for row in squares:
            here = points[self._start[row] : self._start[row + 1] - 1]
            refs, ring = here[:, 0], here[:, 1:]
            times = counts[np.searchsorted(named, refs)]
            times[0] -= 1  # a ring names its first point twice
            ends = np.flatnonzero(times > 1).tolist()
            across = None if NOWHERE in ring else lines_across(ring / _DEGREES, ends)
            way, kind = self._way[row], kinds[self._kind[row]]
            if across is None:
                self.lost["square"].append(way)
                continue
            feet = (FOOT | BICYCLE) & kind.forward
            kind = kind._replace(highway=kind.highway + ACROSS, forward=feet, back=feet)
            for a, b in across:
                self._append(way, kind, here[[a, b]].tolist())

    def _build(
        self,
        cut: tuple[Ints, Ints],
        points: tuple[NDArray[Any], ...],
        area: Geometry | None,
        crs: str | None,
        origin: dict[str, Any],
    ) -> RoadNetwork:
        from shapely import LineString, intersects

        first, last = cut
        ref, lon, lat, owner = points
        row = owner[first]
        ends, index = np.unique(np.concatenate([ref[first], ref[last]]), return_index=True)
        at = np.concatenate([first, last])[index]
        bend = expand(first + 1, last - first - 1)
        way, number = (np.array(one)[row] for one in (self._way, self._kind))
        values = zip(_Kind._fields, zip(*self._kinds, strict=True), strict=True)
        column = {name: np.asarray(of_kinds)[number] for name, of_kinds in values}
        u, v = np.searchsorted(ends, ref[first]), np.searchsorted(ends, ref[last])
        turns = self._turns(way, ends, u, v)
        obstacles = self._obstacles
        if area is not None:
            obstacles = [one for one in obstacles if intersects(area, LineString(one[1]))]
        return build(
            lon[at],
            lat[at],
            u,
            v,
            column["forward"] & self._mask,
            modes_back=column["back"] & self._mask,
            highway=column["highway"].tolist(),
            maxspeed_kmh=column["speed"],
            maxspeed_back_kmh=column["speed_back"],
            edge_id=way * PIECES_PER_WAY + _positions(way),
            node_id=ends,
            bends=(starts(last - first - 1), lon[bend], lat[bend]),
            ends_only=column["ends"],
            level=column["level"],
            blocked=[self._shut.get(one, 0) for one in ends.tolist()],
            turns=turns,
            obstacles=obstacles,
            crs=crs,
            origin={**origin, **self._counts()},
        )

    def _turns(self, way: Ints, nodes: Ints, u: Ints, v: Ints) -> list[Turn]:
        """The restrictions between pieces; one that could mean several of them is lost."""
        found = []
        via = np.array([ban.node for ban in self._bans], np.int64)
        at_via = np.flatnonzero(np.isin(nodes[u], via) | np.isin(nodes[v], via))
        pieces: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        for piece in at_via.tolist():
            for node in {int(nodes[u[piece]]), int(nodes[v[piece]])}:
                pieces[int(way[piece]), node].append(piece)
        for ban in self._bans:
            come, go = (pieces.get((one, ban.node), []) for one in (ban.come, ban.go))
            if len(come) == len(go) == 1:
                node = int(np.searchsorted(nodes, ban.node))
                found.append(Turn(come[0], node, go[0], ban.only, ban.modes & self._mask))
            elif come and go:
                self.lost["turn_restriction"].append(ban.number)
        return found

    def _counts(self) -> dict[str, Any]:
        lost = {what: {"count": len(n), "examples": n[:_SHOWN]} for what, n in self.lost.items()}
        kinds = [name for name, _ in self.no_road.most_common(_SHOWN)]
        lost["way_of_no_road_class"] = {"count": self.no_road.total(), "examples": kinds}
        return {
            "modes": list(self.modes),
            "edge_numbers": EDGE_NUMBERS,
            "ways": self.seen,
            "ways_used": self.seen - self.closed - sum(self.no_road.values()),
            "ways_closed": self.closed,
            "ways_no_road": dict(self.no_road.most_common()),
            "odd_speeds": dict(self.odd_speeds.most_common()),
            "lost": {what: found for what, found in lost.items() if found["count"]},
        }

    def _nothing(self, area: Geometry | None) -> Said:
        names, who = "、".join(self.modes), " or ".join(self.modes)
        if not self.seen:
            return Said("文件里没有道路", "there are no roads at all in it")
        if area is not None and len(self._start) > 1:
            return Said(
                f"{names} 可走的道路都不在所要的范围内",
                f"none of its roads for {who} touches the area asked for",
            )
        return Said(
            f"{self.seen} 条路都不供 {names} 使用",
            f"none of its {self.seen} ways is a road for {who}",
        )


@lru_cache(maxsize=4096)
def _judged(said: frozenset[tuple[str, str]]) -> tuple[_Kind | None, str | None, bool]:
    """What tags say of a way, once for all that say the same.

    Returns:
        The kind, `None` if it is no road; a posted speed that is no number; and whether a ring is
        the edge of an area that is crossed in any direction.
    """
    tags = dict(said)
    use, area = use_of(tags), tags.get("area", "")
    if use is None:
        return None, None, False
    highway, level = road_class(tags), level_of(tags)
    kind = _Kind(highway, use.forward, use.back, use.ends, level, use.speed, use.speed_back)
    square = area == "yes" or (highway == "pedestrian" and area != "no")
    return kind, use.odd_speed, square


def _ferry_kmh(tags: Mapping[str, str], points: Sequence[tuple[int, int, int]]) -> float:
    """How fast a ferry goes by its ``duration``; as assumed where it states none."""
    seconds = duration_s(tags.get("duration"))
    at = np.array([p[1:] for p in points if NOWHERE not in p]).reshape(-1, 2) / _DEGREES
    metres = float(ground_steps(at[:, 0], at[:, 1]).sum()) if len(at) else 0.0
    return metres / seconds * 3.6 if seconds > 0 else float(rules()["ferry"]["kmh"])


def _positions(way: Ints) -> Ints:
    """(k,) which piece of its way each is, counted from 0."""
    order = np.argsort(way, kind="stable")
    place = np.empty(len(way), np.int64)
    place[order] = np.arange(len(way)) - np.searchsorted(way[order], way[order])
    return place


def _pieces(ref: Ints, run: Ints, more: Ints) -> tuple[Ints, Ints]:
    """First and last point of every piece; points of `more` are ends as well."""
    _, number, times = np.unique(ref, return_inverse=True, return_counts=True)
    same_next = run[1:] == run[:-1]
    begins, ends = np.append(True, ~same_next), np.append(~same_next, True)
    node = begins | ends | (times[number] > 1) if len(ref) else np.zeros(0, bool)
    node |= np.isin(ref, more)
    at = np.flatnonzero(node)
    joined = run[at[1:]] == run[at[:-1]]
    return at[:-1][joined], at[1:][joined]


def _touching(
    area: Geometry,
    first: Ints,
    last: Ints,
    lon: Floats,
    lat: Floats,
) -> Bools:
    """(k,) True for the pieces that touch the area."""
    import shapely

    counts = last - first + 1
    line = np.repeat(np.arange(len(first)), counts)
    index = expand(first, counts)
    lines = shapely.linestrings(lon[index], lat[index], indices=line)
    shapely.prepare(area)
    return np.asarray(shapely.intersects(area, lines))
