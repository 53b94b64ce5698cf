"""Mend a road network and say what was mended.

Every check is listed in the report, also those that found nothing. What is
dropped or changed is counted with its metres, so that

    length_after_m = length_before_m + sum of the findings' metres.

Islands are kept and numbered, not dropped: a village cut off by a gap in the
map is a finding for the planner, not a mistake to hide.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.arrays import Bools, Floats, Int32s, Ints, gather
from coverage.messages import Said
from coverage.roads.build import line_lengths
from coverage.roads.edit import moved
from coverage.roads.gaps import join
from coverage.roads.network import MODES, CleaningReport, RoadNetwork

if TYPE_CHECKING:
    from numpy.typing import NDArray


MAX_SPEED_KMH = 150.0
UNJOINED = "crossing_without_node"
# A stated length may undercut the straight line by rounding and by the plane's
# own scale (a thousandth), not by more.
_SHORT_SHARE, _SHORT_M = 0.01, 1.0
# Longer than the drawn line by this much is worth a look, no more: mountain
# roads are often drawn straight and stated at their true length.
_LONG_TIMES, _LONG_M = 2.0, 100.0
_SAME_PLACE_M = 0.01
_CM = 100.0
_SHOWN = 5
_AS_IT_IS = Said("", "")
_EDGE = Said("路段 {}（{} → {}）", "edge {} ({} → {})")


def clean(
    network: RoadNetwork, *, snap_m: float = 0.0, report: CleaningReport | None = None
) -> tuple[RoadNetwork, CleaningReport]:
    """Mend a network; the one given is left as it is.

    Args:
        network: As built.
        snap_m: Ends of streets within this distance of another street are
            joined to it (`coverage.roads.gaps`); none with 0.
        report: A report begun while reading, to go on with.

    Returns:
        The mended network, whose `origin["cleaning"]` and
        `origin["islands"]` sum up the report, and the report.
    """
    report = report or CleaningReport()
    report.length_before_m = float(network.length_m.sum())
    _lost(network, report)
    for step in (_speeds, _bends):
        network = step(network, report)
    if snap_m:
        network = join(network, snap_m, report)
    network = _short(network, report)
    network = _merge(network, report)
    network = _pointless(network, report)
    network = _duplicates(network, report)
    network = _lone(network, report)
    _long(network, report)
    _same_place(network, report)
    _unjoined(network, report)
    islands = _islands(network, report)
    report.length_after_m = float(network.length_m.sum())
    origin = {**network.origin, "cleaning": report.summary(), "islands": islands}
    return replace(network, origin=origin), report


def _words(
    network: RoadNetwork, edges: NDArray[Any], what: Said = _AS_IT_IS, *columns: NDArray[Any]
) -> list[Said]:
    """The first few edges in words, each with what is odd about it, a value of every column."""
    some = edges[:_SHOWN]
    tail, head = network.node_id[network.tail[some]], network.node_id[network.head[some]]
    rows = zip(network.edge_id[some], tail, head, *(c[:_SHOWN] for c in columns), strict=True)
    return [_EDGE.fill(i, t, h).then(what.fill(*values)) for i, t, h, *values in rows]


def _lost(network: RoadNetwork, report: CleaningReport) -> None:
    """What reading could not use, by the numbers that it has in the source."""
    lost: dict[str, dict[str, Any]] = network.origin.get("lost", {})
    for check, found in lost.items():
        words = (Said(str(one), str(one)) for one in found["examples"])
        report.add(check, "lost", words, count=found["count"])


def _speeds(network: RoadNetwork, report: CleaningReport) -> RoadNetwork:
    speed = network.maxspeed_kmh
    bad = np.flatnonzero((speed <= 0) | (speed > MAX_SPEED_KMH))
    words = _words(network, bad, Said("：{:g} km/h", ": {:g} km/h"), speed[bad])
    report.add("speed_impossible", "changed", words, count=len(bad))
    odd: dict[str, int] = network.origin.get("odd_speeds", {})
    words = [Said(repr(one), repr(one)) for one in odd]
    report.add("speed_not_a_number", "changed", words, count=sum(odd.values()))
    if not len(bad):
        return network
    mended = speed.copy()
    mended[bad] = np.nan
    return replace(network, maxspeed_kmh=mended)


def _bends(network: RoadNetwork, report: CleaningReport) -> RoadNetwork:
    good = np.isfinite(network.bend_x) & np.isfinite(network.bend_y)
    owner = np.repeat(np.arange(network.edge_count), np.diff(network.bend_start))
    touched = np.unique(owner[~good])
    report.add("bend_not_finite", "dropped", _words(network, touched), count=int((~good).sum()))
    if good.all():
        return network
    before = np.concatenate([[0], np.cumsum(good)])
    return replace(
        network,
        bend_start=before[network.bend_start],
        bend_x=network.bend_x[good],
        bend_y=network.bend_y[good],
    )


def _short(network: RoadNetwork, report: CleaningReport) -> RoadNetwork:
    """A way cannot be shorter than the straight line between its ends, nor of no length."""
    across = np.hypot(
        network.x[network.head] - network.x[network.tail],
        network.y[network.head] - network.y[network.tail],
    )
    short = network.length_m < across * (1 - _SHORT_SHARE) - _SHORT_M
    none = (network.length_m <= 0) & (network.plane_length() > 0)
    bad = np.flatnonzero(short | none)
    measured = ground_length(network, bad)
    what = Said("：标明 {:.1f} 米，画出 {:.1f} 米", ": stated {:.1f} m, drawn {:.1f} m")
    words = _words(network, bad, what, network.length_m[bad], measured)
    change = float((measured - network.length_m[bad]).sum())
    report.add("shorter_than_straight", "changed", words, count=len(bad), metres=change)
    if not len(bad):
        return network
    mended = network.length_m.copy()
    mended[bad] = measured
    return replace(network, length_m=mended)


def ground_length(network: RoadNetwork, edges: NDArray[Any]) -> Floats:
    """(k,) metres on the ground along the drawn lines of some edges."""
    start, x, y = network.lines(edges)
    return line_lengths(start, *network.to_lonlat(x, y))


def _merge(network: RoadNetwork, report: CleaningReport) -> RoadNetwork:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = network.node_count
    # Only where both ends are one place: a loop of no stated length is not it.
    nothing = (network.length_m <= 0) & (network.plane_length() <= 0)
    pairs = np.column_stack([network.tail, network.head])[nothing].astype(np.int64)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    if not len(pairs):
        report.add("nodes_together", "merged")
        return network
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    _, first = np.unique(label, return_index=True)
    to = first[label]
    gone = np.flatnonzero(to != np.arange(n))
    ids = network.node_id
    words = [Said("节点 {} 并入 {}", "node {} into {}").fill(ids[g], ids[to[g]]) for g in gone[:5]]
    report.add("nodes_together", "merged", words, count=len(gone))
    return moved(network, to)


def _pointless(network: RoadNetwork, report: CleaningReport) -> RoadNetwork:
    """Edges from a node to itself that never leave it."""
    still = network.plane_length() <= 0
    return _drop(network, report, "leads_nowhere", (network.tail == network.head) & still)


def _drop(network: RoadNetwork, report: CleaningReport, check: str, bad: Bools) -> RoadNetwork:
    edges = np.flatnonzero(bad)
    metres = -float(network.length_m[edges].sum())
    report.add(check, "dropped", _words(network, edges), count=len(edges), metres=metres)
    return network.select(~bad) if len(edges) else network


def _duplicates(network: RoadNetwork, report: CleaningReport) -> RoadNetwork:
    """The same street recorded again goes; the record with the smallest number stays.

    The same are two that agree in all: nodes, drawn line and length (to the centimetre), class,
    who may use them and how fast. What differs in anything stays, and each takes its own best.
    """
    m = network.edge_count
    turned = _turned(network)
    start, index = gather(network.bend_start, np.arange(m), turned)
    columns: list[NDArray[Any]] = [
        network.tail,
        network.head,
        np.rint(network.length_m * _CM).astype(np.int64),
        network.highway,
        network.modes,
        network.ends_only,
        network.level,
        network.maxspeed_kmh.view(np.int32),
        np.diff(start),
        turned,  # of loops, which have no other direction
        _signature(start, network.bend_x[index], network.bend_y[index]),
    ]
    order = np.lexsort((network.edge_id, *columns))
    same = np.arange(m) > 0
    for column in columns:
        same[1:] &= column[order][1:] == column[order][:-1]
    again = np.zeros(m, bool)
    again[order[same]] = True
    # A piece goes whole or not at all: what is left of half a piece would pair with nothing.
    twin = network.twin
    again &= (twin < 0) | again[twin]
    twice = np.flatnonzero(again)
    stays = np.empty(m, np.int64)
    stays[order] = order[np.flatnonzero(~same)][np.cumsum(~same) - 1]
    words = _words(network, twice, Said(" 即路段 {}", " is edge {}"), network.edge_id[stays[twice]])
    left = network.select(~again) if len(twice) else network
    metres = float(left.length_m.sum() - network.length_m.sum())
    report.add("duplicate_edge", "dropped", words, count=len(twice), metres=metres)
    return left


def _turned(network: RoadNetwork) -> Bools:
    """(m,) True where an edge must be read backwards to compare it with its twin."""
    turned = network.tail > network.head
    loops = np.flatnonzero(network.tail == network.head)
    start, x, y = network.bend_start, network.bend_x, network.bend_y
    some = loops[np.diff(start)[loops] > 0]
    a, b = start[some], start[some + 1] - 1
    turned[some] = (x[a] > x[b]) | ((x[a] == x[b]) & (y[a] > y[b]))
    return np.asarray(turned)


def _signature(start: Ints, x: Floats, y: Floats) -> Ints:
    """(m,) a number that differs for different lines: bends in centimetres, mixed."""
    place = np.arange(len(x)) - np.repeat(start[:-1], np.diff(start))
    mixed = _mix(np.rint(x * _CM).astype(np.int64).astype(np.uint64) + _mix(place))
    mixed = _mix(mixed + np.rint(y * _CM).astype(np.int64).astype(np.uint64))
    total = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed)])  # wraps, which is harmless
    return np.asarray(total[start[1:]] - total[start[:-1]]).astype(np.int64)


def _mix(numbers: NDArray[Any]) -> NDArray[np.uint64]:
    """SplitMix64: neighbouring numbers become unrelated ones."""
    z = numbers.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))


def _lone(network: RoadNetwork, report: CleaningReport) -> RoadNetwork:
    used = np.zeros(network.node_count, bool)
    used[network.tail] = used[network.head] = True
    lone = network.node_id[~used]
    words = [Said(f"节点 {i}", f"node {i}") for i in lone[:_SHOWN]]
    report.add("node_without_edge", "dropped", words, count=len(lone))
    return network.compact()


def _long(network: RoadNetwork, report: CleaningReport) -> None:
    drawn = network.plane_length()
    odd = np.flatnonzero(network.length_m > drawn * _LONG_TIMES + _LONG_M)
    what = Said("：标明 {:.0f} 米，画出 {:.0f} 米", ": stated {:.0f} m, drawn {:.0f} m")
    words = _words(network, odd, what, network.length_m[odd], drawn[odd])
    report.add("much_longer_than_drawn", "kept", words, count=len(odd))


def _same_place(network: RoadNetwork, report: CleaningReport) -> None:
    from scipy.spatial import cKDTree

    pairs = np.zeros((0, 2), np.int64)
    if network.node_count:
        tree = cKDTree(np.column_stack([network.x, network.y]))
        pairs = tree.query_pairs(_SAME_PLACE_M, output_type="ndarray")
    ids = network.node_id
    words = [Said("节点 {} 与 {}", "nodes {} and {}").fill(ids[a], ids[b]) for a, b in pairs[:5]]
    report.add("nodes_at_one_place", "kept", words, count=len(pairs))


def _unjoined(network: RoadNetwork, report: CleaningReport) -> None:
    """Streets on the ground that cross, or end on another, where neither has a node."""
    import shapely

    streets = network.one_way_each & (network.level == 0) & ~network.across
    edges = np.flatnonzero(streets & (network.plane_length() > 0))
    start, x, y = network.lines(edges)
    owner = np.repeat(np.arange(len(edges)), np.diff(start))
    lines = np.asarray(shapely.linestrings(np.column_stack([x, y]), indices=owner), np.object_)
    one, two = shapely.STRtree(lines).query(lines)
    one, two = one[one < two], two[one < two]
    ends = np.column_stack([network.tail, network.head])[edges]
    share = (ends[one][:, :, None] == ends[two][:, None, :]).any(axis=(1, 2))
    # What shares an end may cross elsewhere, but for two straight lines.
    bent = np.diff(start) > 2
    again = share & (bent[one] | bent[two])
    meet = np.zeros(len(one), bool)
    meet[~share] = shapely.intersects(lines[one[~share]], lines[two[~share]])
    meet[again] = shapely.crosses(lines[one[again]], lines[two[again]])
    one, two = network.edge_id[edges[np.stack([one[meet], two[meet]])]]
    what = Said("路段 {} 与 {}", "edges {} and {}")
    words = [what.fill(a, b) for a, b in zip(one[:_SHOWN], two[:_SHOWN], strict=True)]
    report.add(UNJOINED, "kept", words, count=len(one))


def island_numbers(network: RoadNetwork, flag: int) -> Int32s:
    """(n,) island of each node for one mode, by falling size; -1 where it has no edge."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = network.node_count
    use = (network.modes & flag) > 0
    tail, head = network.tail[use], network.head[use]
    number = np.full(n, -1, np.int32)
    on = np.zeros(n, bool)
    on[tail] = on[head] = True
    if not on.any():
        return number
    graph = coo_array((np.ones(len(tail)), (tail, head)), shape=(n, n)).tocsr()
    _, label = connected_components(graph, directed=True, connection="strong")
    found, first, inverse, size = np.unique(
        label[on], return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(len(found), np.int32)
    rank[np.lexsort((first, -size))] = np.arange(len(found))
    number[on] = rank[inverse]
    return number


def _islands(network: RoadNetwork, report: CleaningReport) -> dict[str, dict[str, int]]:
    summary = {}
    for mode, flag in MODES.items():
        number = island_numbers(network, flag)
        report.islands[mode] = number
        sizes = np.bincount(number[number >= 0])
        if not len(sizes):
            continue
        off = int(sizes[1:].sum())
        summary[mode] = {"islands": len(sizes), "largest": int(sizes[0]), "nodes_off": off}
        what = Said("{} 个节点（共 {} 个）不在最大的一片", "{} of {} nodes are off the largest")
        words = [what.fill(off, int(sizes.sum()))] if off else []
        report.add(f"islands_{mode}", "kept", words, count=len(sizes) - 1)
    return summary
