"""Networks with pieces added, cut, or led to other nodes; and on another plane."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.arrays import Floats, Ints, Numbers, expand, gather, starts
from coverage.roads.build import onto_plane
from coverage.roads.network import EDGE_COLUMNS, RoadNetwork

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_NO_BENDS = (np.zeros(0), np.zeros(0))


def with_edges(
    network: RoadNetwork,
    columns: Mapping[str, Any],
    counts: Numbers | int = 0,
    bends: tuple[Floats, Floats] = _NO_BENDS,
) -> tuple[RoadNetwork, Ints]:
    """A network with k directed edges more.

    Args:
        network: The network; its nodes stay.
        columns: By name of `EDGE_COLUMNS` what each new edge is; what is left out is nought.
        counts: (k,) or one for all, how many bends each has.
        bends: Flat x and y of these.

    Returns:
        The network, and where the old edges and then the new ones stand in it.
    """
    k = len(np.asarray(columns["tail"]))
    whole: dict[str, Any] = {}
    for name in EDGE_COLUMNS:
        old = getattr(network, name)
        new = np.broadcast_to(np.asarray(columns.get(name, 0)), (k,)).astype(old.dtype)
        whole[name] = np.concatenate([old, new])
    order = np.lexsort((whole["edge_id"], whole["head"], whole["tail"]))
    counts = np.concatenate([np.diff(network.bend_start), np.broadcast_to(counts, (k,))])
    start, index = gather(starts(counts), order)
    x, y = np.concatenate([[network.bend_x, network.bend_y], bends], axis=1)
    place = np.argsort(order)
    turns = network.no_turn.copy()
    turns[:, :2] = place[turns[:, :2]]
    made = replace(
        network,
        **{name: column[order] for name, column in whole.items()},
        no_turn=turns,
        bend_start=start,
        bend_x=x[index],
        bend_y=y[index],
    )
    return made, place


def reprojected(network: RoadNetwork, crs: str) -> RoadNetwork:
    """The same network on another plane, itself if it lies there already.

    Raises:
        InputError: If the plane is none in metres.
    """
    if crs == network.crs:
        return network
    found: dict[str, Any] = {}
    for name in ("", "bend_", "obstacle_"):
        x, y = (f"{name}{axis}" for axis in "xy")
        lonlat = network.to_lonlat(getattr(network, x), getattr(network, y))
        found[x], found[y] = onto_plane(crs, *lonlat)
    return replace(network, crs=crs, **found)


def moved(network: RoadNetwork, to: Ints) -> RoadNetwork:
    """A network whose edges end at other nodes: for each node, the one that takes its place."""
    tail, head = to[network.tail].astype(np.int32), to[network.head].astype(np.int32)
    order = np.lexsort((network.edge_id, head, tail))
    blocked = network.blocked.copy()
    np.bitwise_or.at(blocked, to, network.blocked)
    columns = network.columns_of(order) | {"tail": tail[order], "head": head[order]}
    return replace(network, **columns, blocked=blocked)


def cut(network: RoadNetwork, edge: Ints, at_m: Floats) -> tuple[RoadNetwork, Ints]:
    """A network with new nodes inside pieces of street.

    Args:
        network: The network.
        edge: (c,) directed edges, of each piece always the same one.
        at_m: (c,) metres along the drawn line, strictly inside it.

    Returns:
        The network, and the (c,) new nodes, numbered behind the old ones.
    """
    twin = network.twin[edge]
    two_way = np.flatnonzero(twin >= 0)
    rows = np.unique(np.concatenate([edge, twin[two_way]]))
    ahead, behind = np.searchsorted(rows, edge), np.searchsorted(rows, twin[two_way])
    roomy, marked = _mark(network, rows, (ahead, at_m), (behind, two_way))
    row, node, metres, x, y = marked
    # A part runs from mark to mark.
    mark = np.flatnonzero(node >= 0)
    first = np.flatnonzero(row[mark[1:]] == row[mark[:-1]])
    a, b = mark[first], mark[first + 1]
    part = row[a]
    low, high = np.searchsorted(part, part), np.searchsorted(part, part, side="right") - 1
    forward = np.isin(np.arange(len(rows)), ahead)[part]
    number = np.where(forward, np.arange(len(a)) - low, high - np.arange(len(a)))
    columns: dict[str, NDArray[Any]] = {
        name: getattr(network, name)[rows[part]] for name in EDGE_COLUMNS
    }
    columns |= {"tail": node[a], "head": node[b]}
    columns["length_m"] = columns["length_m"] * (metres[b] - metres[a]) / metres[b[high]]
    columns["edge_id"] = _numbers(columns["edge_id"], number, network.edge_id.max(initial=0) + 1)
    inner = expand(a + 1, b - a - 1)
    made, place = with_edges(roomy, columns, b - a - 1, (x[inner], y[inner]))
    # A turn out of a street leaves its last part, a turn into one enters its first.
    turns = network.no_turn.copy()
    for column, which in ((0, high), (1, low)):
        now = np.arange(network.edge_count)
        now[rows[part]] = network.edge_count + which
        turns[:, column] = place[now[turns[:, column]]]
    left = np.ones(made.edge_count, bool)
    left[place[rows]] = False
    made = replace(made, no_turn=turns).select(left)
    return made, network.node_count + np.arange(len(edge))


def _mark(
    network: RoadNetwork,
    rows: Ints,
    cuts: tuple[Ints, Floats],
    again: tuple[Ints, Ints],
) -> tuple[RoadNetwork, tuple[NDArray[Any], ...]]:
    """The network with a node at every cut, and all points of some edges in order along them.

    Args:
        network: The network.
        rows: Edges.
        cuts: (c,) which of them each cuts, and the metres along it.
        again: Which of them are the other way along those, and by which of the cuts.

    Returns:
        The network, and of each point the edge (of `rows`), the node (-1 at bends), the metres
        along, x and y.
    """
    (ahead, at_m), (behind, cut_by) = cuts, again
    start, x, y = network.lines(rows)
    owner = np.repeat(np.arange(len(rows)), np.diff(start))
    along = _along(start, x, y)
    row = np.concatenate([owner, ahead, behind])
    metres = np.concatenate([along, at_m, along[start[1:] - 1][behind] - at_m[cut_by]])
    node = np.full(len(x), -1, np.int64)
    node[start[:-1]], node[start[1:] - 1] = network.tail[rows], network.head[rows]
    new = np.arange(len(at_m))
    node = np.concatenate([node, network.node_count + new, network.node_count + new[cut_by]])
    at_x, at_y = (_at(owner, along, line, ahead, at_m) for line in (x, y))
    roomy = replace(
        network,
        node_id=np.concatenate([network.node_id, network.node_id.max(initial=0) + 1 + new]),
        x=np.concatenate([network.x, at_x]),
        y=np.concatenate([network.y, at_y]),
        blocked=np.concatenate([network.blocked, np.zeros(len(new), np.uint8)]),
    )
    x, y = (np.concatenate([line, at, at[cut_by]]) for line, at in ((x, at_x), (y, at_y)))
    order = np.lexsort((metres, row))
    return roomy, tuple(column[order] for column in (row, node, metres, x, y))


def _along(start: Ints, x: Floats, y: Floats) -> Floats:
    """Metres along ragged lines to each of their points."""
    step = np.hypot(np.diff(x, prepend=x[:1]), np.diff(y, prepend=y[:1]))
    step[start[:-1]] = 0.0
    total = np.cumsum(step)
    return np.asarray(total - np.repeat(total[start[:-1]], np.diff(start)))


def _at(owner: Ints, along: Floats, line: Floats, row: Ints, at_m: Floats) -> Floats:
    """One coordinate of places along ragged lines."""
    # Lines laid end to end, a metre apart.
    begin = np.concatenate([[0.0], np.cumsum(along[np.flatnonzero(np.diff(owner))] + 1.0)])
    return np.interp(begin[row] + at_m, begin[owner] + along, line)


def _numbers(piece: Ints, number: Ints, free: int) -> Ints:
    """Numbers of pieces for their parts: the first keeps its own, the others get new ones."""
    more = np.flatnonzero(number)
    pair = np.stack([piece[more], number[more]])
    given = piece.copy()
    given[more] = free + np.unique(pair, axis=1, return_inverse=True)[1].ravel()
    return given
