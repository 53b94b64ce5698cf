"""From flat arrays in degrees to a `RoadNetwork` in metres.

Every source ends here: pieces of street with two ends, bends, and who may
use them forward and back. Lengths that the source does not state are
measured on the WGS84 ellipsoid, with the radii of curvature at the middle of
each step; that is within a millionth of the geodesic for steps below 10 km,
and longer steps are measured by the geodesic itself. (A sphere of the mean
radius would be off by up to 0.5 %.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from coverage.arrays import Bools, Floats, Ints, gather, starts, with_ends
from coverage.datum import known_crs, project, utm_crs
from coverage.errors import InputError, Problem
from coverage.messages import Said
from coverage.roads.network import LONGEST_M, CleaningReport, RoadNetwork

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


_A, _E2 = 6_378_137.0, 0.006_694_379_990_141_317  # WGS84: equatorial radius, eccentricity squared
_LONG_STEP_M = 10_000.0
_NODE, _EDGE = Said("节点 {}", "node {}"), Said("路段 {}", "edge {}")
_NOT_ON_EARTH = Said(" 不在地球上（经纬度须为度）", " has no place on earth (lon, lat in degrees)")
_WITHOUT_PLACE = Said(" 的端点或折点不在地球上", " has an end or a bend without a place on earth")
_IMPOSSIBLE = Said(
    " 的长度为负，或大于地球一周", " has a length below 0 or beyond the earth's round"
)


class Turn(NamedTuple):
    """A turn that is barred, or the only one that is not.

    Attributes:
        come: Index of the piece that leads to the node.
        node: Index of the node.
        go: Index of the piece that leads on.
        only: Whether all others are barred instead.
        modes: Flags of those it binds.
    """

    come: int
    node: int
    go: int
    only: bool
    modes: int


def ground_steps(lon: Floats, lat: Floats) -> Floats:
    """(k - 1,) metres on the ellipsoid between neighbouring points of a flat array."""
    middle = np.radians((lat[1:] + lat[:-1]) / 2)
    w2 = 1 - _E2 * np.sin(middle) ** 2
    across = np.radians((np.diff(lon) + 180) % 360 - 180) * _A / np.sqrt(w2) * np.cos(middle)
    along = np.radians(np.diff(lat)) * _A * (1 - _E2) / w2**1.5
    metres = np.hypot(across, along)
    far = np.flatnonzero(metres > _LONG_STEP_M)
    if len(far):
        from pyproj import Geod

        geod = Geod(ellps="WGS84")
        metres[far] = geod.inv(lon[far], lat[far], lon[far + 1], lat[far + 1])[2]
    return np.asarray(metres)


def line_lengths(start: Ints, lon: Floats, lat: Floats) -> Floats:
    """(k,) metres on the ground of ragged lines with at least two points each."""
    if len(start) < 2:
        return np.zeros(0)
    steps = np.append(ground_steps(lon, lat), 0.0)
    steps[start[1:] - 1] = 0.0
    return np.add.reduceat(steps, start[:-1])


def build(
    lon: ArrayLike,
    lat: ArrayLike,
    u: ArrayLike,
    v: ArrayLike,
    modes: ArrayLike,
    *,
    modes_back: ArrayLike | None = None,
    length_m: ArrayLike | None = None,
    highway: Sequence[str] | None = None,
    maxspeed_kmh: ArrayLike | None = None,
    maxspeed_back_kmh: ArrayLike | None = None,
    edge_id: ArrayLike | None = None,
    node_id: ArrayLike | None = None,
    bends: tuple[ArrayLike, ArrayLike, ArrayLike] | None = None,
    ends_only: ArrayLike = 0,
    level: ArrayLike = 0,
    blocked: ArrayLike = 0,
    turns: Sequence[Turn] = (),
    obstacles: Sequence[tuple[int, Floats]] = (),
    crs: str | None = None,
    origin: dict[str, Any] | None = None,
    report: CleaningReport | None = None,
) -> RoadNetwork:
    """Build a network from k pieces of street between n nodes.

    Each piece becomes one edge, or two that share its `edge_id`: forward for
    `modes`, back for `modes_back`. A direction that nobody may use is no
    edge; `origin["closed_pieces"]` counts the pieces closed both ways.

    Args:
        lon: (n,) degrees east, WGS84.
        lat: (n,) degrees north, WGS84.
        u: (k,) index of the node a piece begins at.
        v: (k,) index of the node it ends at.
        modes: (k,) or one for all, who may use it forward.
        modes_back: The same for the way back; by default `modes`.
        length_m: (k,) metres as the source states them; NaN is measured.
        highway: (k,) road class, by default ``road``.
        maxspeed_kmh: (k,) NaN where the source gives none.
        maxspeed_back_kmh: The same for the way back.
        edge_id: (k,) the source's number of each piece, by default 0, 1, …
        node_id: (n,) the source's number of each node, by default 0, 1, …
        bends: (k + 1,) starts, and flat lon and lat of the bends.
        ends_only: (k,) who may only begin or end a way there.
        level: (k,) 1 for bridges, -1 for tunnels.
        blocked: (n,) who cannot pass a node.
        turns: Turns that are barred or prescribed.
        obstacles: Indices into `coverage.roads.network.OBSTACLES`, each with (j, 2) lon, lat.
        crs: Projected CRS in metres; by default the UTM zone of the middle.
        origin: What to remember of the source.
        report: Where given, pieces with impossible coordinates or lengths
            are left out (or measured) and noted there instead of refused.

    Raises:
        InputError: If a coordinate is not a place on earth, a piece names a
            node that is not there, or a length is negative or beyond `LONGEST_M`.
    """
    lon, lat = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    u, v = np.asarray(u, np.int64), np.asarray(v, np.int64)
    k = len(u)
    if bends is None:
        bends = (np.zeros(k + 1, np.int64), np.zeros(0), np.zeros(0))
    start = np.asarray(bends[0], np.int64)
    bend_lon, bend_lat = np.asarray(bends[1], np.float64), np.asarray(bends[2], np.float64)
    forward = _column(modes, k, np.uint8, 0)
    back = forward if modes_back is None else _column(modes_back, k, np.uint8, 0)
    ids = np.arange(k) if edge_id is None else np.asarray(edge_id, np.int64)
    numbers = np.arange(len(lon)) if node_id is None else np.asarray(node_id, np.int64)
    stated = _column(length_m, k, np.float64, np.nan)
    codes, names = _classes(highway, k)
    speed = _column(maxspeed_kmh, k, np.float32, np.nan)
    speed_back = speed if maxspeed_back_kmh is None else _column(maxspeed_back_kmh, k, np.float32)

    good_node = _on_earth(lon, lat)
    usable = _usable(good_node, u, v, start, _on_earth(bend_lon, bend_lat))
    wrong = (stated < 0) | (stated > LONGEST_M)
    _judge(numbers, good_node, ids, usable, wrong, report)
    stated = np.where(wrong, np.nan, stated)

    kept = np.flatnonzero(usable & ((forward | back) > 0))
    start, index = gather(start, kept)
    bend_lon, bend_lat, u, v = bend_lon[index], bend_lat[index], u[kept], v[kept]
    length = stated[kept]
    if np.isnan(length).any():
        whole, along = with_ends(start, bend_lon, lon[u], lon[v])
        _, up = with_ends(start, bend_lat, lat[u], lat[v])
        length = np.where(np.isnan(length), line_lengths(whole, along, up), length)
    keep_node = np.flatnonzero(good_node)
    renumber = np.cumsum(good_node) - 1
    crs = crs or _own_zone(lon[keep_node], lat[keep_node])
    x, y = onto_plane(crs, lon[keep_node], lat[keep_node])
    bend_x, bend_y = onto_plane(crs, bend_lon, bend_lat)

    piece, reverse = _directions(renumber[u], renumber[v], forward[kept], back[kept], ids[kept])
    tail, head = np.where(reverse, v[piece], u[piece]), np.where(reverse, u[piece], v[piece])
    both = np.where(reverse, back[kept][piece], forward[kept][piece])
    bend_start, index = gather(start, piece, reverse)
    shore = np.concatenate([np.zeros((0, 2)), *(line for _, line in obstacles)])
    obstacle_x, obstacle_y = onto_plane(crs, shore[:, 0], shore[:, 1])
    closed = int(np.count_nonzero(usable & ((forward | back) == 0)))
    return RoadNetwork(
        crs=crs,
        node_id=numbers[keep_node].astype(np.int64),
        x=x,
        y=y,
        tail=renumber[tail].astype(np.int32),
        head=renumber[head].astype(np.int32),
        length_m=length[piece],
        highway=codes[kept][piece],
        highway_names=names,
        maxspeed_kmh=np.where(reverse, speed_back[kept][piece], speed[kept][piece]),
        modes=both,
        ends_only=(_column(ends_only, k, np.uint8)[kept][piece] & both).astype(np.uint8),
        level=_column(level, k, np.int8)[kept][piece],
        blocked=_column(blocked, len(lon), np.uint8)[keep_node],
        no_turn=_barred(turns, kept[piece], tail, head),
        obstacle=np.array([kind for kind, _ in obstacles], np.uint8),
        obstacle_start=starts(np.array([len(line) for _, line in obstacles], np.int64)),
        obstacle_x=obstacle_x,
        obstacle_y=obstacle_y,
        edge_id=ids[kept][piece].astype(np.int64),
        bend_start=bend_start,
        bend_x=bend_x[index],
        bend_y=bend_y[index],
        origin={**(origin or {}), **({"closed_pieces": closed} if closed else {})},
    )


def _barred(turns: Sequence[Turn], piece: Ints, tail: Ints, head: Ints) -> Ints:
    """(t, 3) what the turns bar: an edge, the one that cannot follow it, for whom."""
    via = [turn.node for turn in turns]
    into, out = (np.flatnonzero(np.isin(end, via)) for end in (head, tail))
    found: list[tuple[int, int, int]] = []
    for turn in turns:
        arriving = into[(head[into] == turn.node) & (piece[into] == turn.come)]
        leaving = out[tail[out] == turn.node]
        meant = piece[leaving] == turn.go
        if meant.any():
            barred = leaving[meant != turn.only]
            found += [(int(a), int(b), turn.modes) for a in arriving for b in barred]
    return np.unique(np.array(found, np.int64).reshape(-1, 3), axis=0)


def _column(
    values: ArrayLike | None, k: int, dtype: type[np.generic], default: float = 0
) -> NDArray[Any]:
    """(k,) array of a column given as an array, as one value for all, or not at all."""
    array = np.asarray(default if values is None else values).astype(dtype)
    return np.broadcast_to(array, (k,)) if array.ndim == 0 else array


def _classes(highway: Sequence[str] | None, k: int) -> tuple[NDArray[np.int16], tuple[str, ...]]:
    number: dict[str, int] = {}
    names = ["road"] * k if highway is None else highway
    codes = np.fromiter((number.setdefault(n, len(number)) for n in names), np.int64, len(names))
    if len(number) > np.iinfo(np.int16).max:
        count = len(number)
        raise InputError(
            Said(f"路网有 {count} 种道路等级，是否读错了列", f"{count} road classes: is it a name?")
        )
    return codes.astype(np.int16), tuple(number)


def _on_earth(lon: Floats, lat: Floats) -> Bools:
    # A NaN compares false, so this is also the test for finite numbers.
    return np.asarray((np.abs(lon) <= 180) & (np.abs(lat) <= 90))


def _usable(good_node: Bools, u: Ints, v: Ints, start: Ints, good_bend: Bools) -> Bools:
    """(k,) True where both ends exist and every point of the piece is on earth."""
    n = len(good_node)
    known = (u >= 0) & (u < n) & (v >= 0) & (v < n)
    usable = known.copy()
    usable[known] = good_node[u[known]] & good_node[v[known]]
    bad = starts(~good_bend)
    return np.asarray(usable & (bad[start[1:]] == bad[start[:-1]]))


def _judge(
    numbers: NDArray[Any],
    good_node: Bools,
    ids: NDArray[Any],
    usable: Bools,
    wrong_length: Bools,
    report: CleaningReport | None,
) -> None:
    """Refuse what cannot be, or note it where a report is kept."""
    problems: list[Problem] = []
    for check, action, bad, own, thing, what in (
        ("node_not_on_earth", "dropped", ~good_node, numbers, _NODE, _NOT_ON_EARTH),
        ("edge_without_place", "dropped", ~usable, ids, _EDGE, _WITHOUT_PLACE),
        ("length_impossible", "changed", wrong_length, ids, _EDGE, _IMPOSSIBLE),
    ):
        found = [thing.fill(own[i]) for i in np.flatnonzero(bad)]
        if report is not None:
            report.add(check, action, found)
        problems += [Problem(one.then(what)) for one in found]
    if problems and report is None:
        raise InputError(problems)


def _own_zone(lon: Floats, lat: Floats) -> str:
    # The median: a single node far away must not move a city into another zone.
    return utm_crs(float(np.median(lon)), float(np.median(lat))) if len(lon) else "EPSG:32649"


def onto_plane(crs: str, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Metres on a projected plane.

    Raises:
        InputError: If the plane is none in metres.
    """
    plane = known_crs(crs)
    if not plane.is_projected or any(axis.unit_conversion_factor != 1 for axis in plane.axis_info):
        raise InputError(
            Said(
                f"路网须用以米为单位的投影坐标系，{crs} 不是",
                f"a road network needs a projected plane in metres; {crs} is not one",
            )
        )
    return project(lon, lat, crs)


def _directions(
    u: Ints,
    v: Ints,
    forward: NDArray[np.uint8],
    back: NDArray[np.uint8],
    ids: NDArray[Any],
) -> tuple[Ints, Bools]:
    """Which piece each directed edge runs along, and whether backwards, sorted by tail."""
    ahead, behind = np.flatnonzero(forward), np.flatnonzero(back)
    piece = np.concatenate([ahead, behind])
    reverse = np.concatenate([np.zeros(len(ahead), bool), np.ones(len(behind), bool)])
    tail, head = np.where(reverse, v[piece], u[piece]), np.where(reverse, u[piece], v[piece])
    order = np.lexsort((reverse, ids[piece], head, tail))
    return piece[order], reverse[order]
