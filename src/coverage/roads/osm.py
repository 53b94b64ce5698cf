"""OpenStreetMap: extracts on disk, and ways collected one by one and cut where they meet.

A graph node is a way's end or a point that ways share (or that one way
passes twice); the points between are bends. A piece is numbered
``way * 10000 + position``: OpenStreetMap allows 2000 points in a way, so the
way's own number can be read off a piece's number.

Extracts are ``.osm.pbf``, ``.osm``, ``.osm.bz2`` and ``.osm.gz``. Lengths are
measured on the WGS84 ellipsoid (see `coverage.roads.build`), who may use a road
is judged by `coverage.roads.access`.
"""

from __future__ import annotations

from array import array
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.arrays import Bools, Floats, Ints, expand, starts
from coverage.errors import InputError, Problem
from coverage.formats.safety import check_packed
from coverage.messages import Said
from coverage.roads.access import use_of
from coverage.roads.build import build
from coverage.roads.network import RoadNetwork, mode_flags

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray
    from shapely import Geometry


SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.bz2", ".osm.gz")
LICENCE = "ODbL 1.0"
ATTRIBUTION = "© OpenStreetMap contributors"
PIECES_PER_WAY = 10_000
EDGE_NUMBERS = "osm way * 10000 + piece"
NOWHERE = 2_147_483_647  # osmium's own mark of a point whose place is not in the file
_DEGREES = 1e7


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
        self._columns: dict[str, list[Any]] = {
            key: [] for key in ("way", "highway", "forward", "back", "speed", "speed_back")
        }
        self._start = array("q", [0])
        self._ref, self._x, self._y = array("q"), array("q"), array("q")
        self.seen = 0
        self.no_road: Counter[str] = Counter()
        self.closed = 0
        self.odd_speeds: Counter[str] = Counter()

    def add(
        self, way: int, tags: Mapping[str, str], points: Iterable[tuple[int, int, int]]
    ) -> None:
        """Take a way: its number, its tags, and (ref, lon × 1e7, lat × 1e7) of its points."""
        self.seen += 1
        use = use_of(tags)
        if use is None:
            self.no_road[tags["highway"]] += 1
            return
        if not (use.forward | use.back) & self._mask:
            self.closed += 1
            return
        if use.odd_speed is not None:
            self.odd_speeds[use.odd_speed] += 1
        for ref, x, y in points:
            self._ref.append(ref)
            self._x.append(x)
            self._y.append(y)
        self._start.append(len(self._ref))
        row = (way, tags["highway"], use.forward, use.back, use.speed, use.speed_back)
        for column, value in zip(self._columns.values(), row, strict=True):
            column.append(value)

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
        start = np.frombuffer(self._start, np.int64)
        ref, x, y = (np.frombuffer(a, np.int64) for a in (self._ref, self._x, self._y))
        owner = np.repeat(np.arange(len(start) - 1), np.diff(start))
        known = (x != NOWHERE) & (y != NOWHERE)
        keep = known.copy()  # and a point named twice in a row counts once
        keep[1:] &= ~((ref[1:] == ref[:-1]) & (owner[1:] == owner[:-1]) & known[:-1])
        # A gap left by a missing point must not be bridged by a straight line.
        run = owner + np.cumsum(~known)
        ref, x, y, owner, run = ref[keep], x[keep], y[keep], owner[keep], run[keep]
        first, last = _pieces(ref, run)
        lon, lat = x / _DEGREES, y / _DEGREES
        if area is not None and len(first):
            touching = _touching(area, first, last, lon, lat)
            first, last = first[touching], last[touching]
        if not len(first):
            raise InputError(Problem(self._nothing(area), self.name))
        return self._build((first, last), (ref, lon, lat, owner), crs, origin or {}, ~known)

    def _build(
        self,
        cut: tuple[Ints, Ints],
        points: tuple[NDArray[Any], ...],
        crs: str | None,
        origin: dict[str, Any],
        missing: Bools,
    ) -> RoadNetwork:
        first, last = cut
        ref, lon, lat, owner = points
        way = owner[first]
        ends, index = np.unique(np.concatenate([ref[first], ref[last]]), return_index=True)
        at = np.concatenate([first, last])[index]
        bend = expand(first + 1, last - first - 1)
        column = {key: np.asarray(values) for key, values in self._columns.items()}
        position = np.arange(len(way)) - np.searchsorted(way, way)
        return build(
            lon[at],
            lat[at],
            np.searchsorted(ends, ref[first]),
            np.searchsorted(ends, ref[last]),
            column["forward"][way] & self._mask,
            modes_back=column["back"][way] & self._mask,
            highway=[self._columns["highway"][i] for i in way],
            maxspeed_kmh=column["speed"][way],
            maxspeed_back_kmh=column["speed_back"][way],
            edge_id=column["way"][way] * PIECES_PER_WAY + position,
            node_id=ends,
            bends=(starts(last - first - 1), lon[bend], lat[bend]),
            crs=crs,
            origin={**origin, **self._counts(), "missing_points": int(missing.sum())},
        )

    def _counts(self) -> dict[str, Any]:
        return {
            "modes": list(self.modes),
            "edge_numbers": EDGE_NUMBERS,
            "ways": self.seen,
            "ways_used": len(self._start) - 1,
            "ways_closed": self.closed,
            "ways_no_road": dict(self.no_road.most_common()),
            "odd_speeds": dict(self.odd_speeds.most_common()),
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


def _pieces(ref: Ints, run: Ints) -> tuple[Ints, Ints]:
    """First and last point of every piece."""
    _, number, times = np.unique(ref, return_inverse=True, return_counts=True)
    same_next = run[1:] == run[:-1]
    begins, ends = np.append(True, ~same_next), np.append(~same_next, True)
    node = begins | ends | (times[number] > 1) if len(ref) else np.zeros(0, bool)
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


def read_osm(
    path: str | Path,
    *,
    modes: Iterable[str] = ("foot",),
    area: Geometry | None = None,
    crs: str | None = None,
) -> RoadNetwork:
    """Read the roads of an OpenStreetMap extract.

    One pass: osmium indexes the places of all points, and only ways with a
    ``highway`` tag come up into Python. The points of a file must stand
    before its ways, as they do in every published extract.

    Args:
        path: The file.
        modes: Keep what at least one of these may use.
        area: Polygon in lon, lat: keep the pieces of road that touch it.
        crs: Projected CRS in metres; by default the UTM zone of the middle.

    Raises:
        InputError: If the file is missing, empty, cut short or no such file,
            or if no road is left.
    """
    path = Path(path)
    check_packed(path)
    if not path.name.endswith(SUFFIXES):
        raise InputError(
            Problem(
                Said(
                    f"OpenStreetMap 数据文件须以 {'、'.join(SUFFIXES)} 结尾",
                    f"an OpenStreetMap extract ends in {', '.join(SUFFIXES)}",
                ),
                path.name,
            )
        )
    ways = Ways(path.name, modes)
    try:
        _collect(path, ways)
    except Exception as error:  # osmium's errors are of several families
        raise InputError(
            Problem(
                Said(
                    "文件已损坏，或不是 OpenStreetMap 数据",
                    f"the file is damaged or no OpenStreetMap extract ({str(error)[:80]})",
                ),
                path.name,
            )
        ) from error
    origin = {"source": path.name, "licence": LICENCE, "attribution": ATTRIBUTION}
    return ways.network(area=area, crs=crs, origin=origin)


def _collect(path: Path, ways: Ways) -> None:
    from osmium import FileProcessor
    from osmium.filter import EntityFilter, KeyFilter
    from osmium.osm import WAY

    found: Any = FileProcessor(str(path)).with_locations()
    for way in found.with_filter(EntityFilter(WAY)).with_filter(KeyFilter("highway")):
        tags = {tag.k: tag.v for tag in way.tags}
        # x and y are whole numbers (1e-7 degrees) and need no test of validity.
        ways.add(way.id, tags, [(n.ref, n.x, n.y) for n in way.nodes])
