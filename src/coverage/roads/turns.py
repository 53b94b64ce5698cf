"""What happens at nodes and at the ends of a way, as plain edges that any search can follow.

Three rules bind a mode and are no property of a single edge: a node that it cannot pass (a
bollard), a turn that it cannot make, and a street that it may only begin or end on
(``access=destination``). Each becomes a few more nodes and edges just where it holds; everywhere
else the network stays as it is, and searches, legs and circles need to know nothing of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from coverage.arrays import Floats, Ints, Numbers
    from coverage.roads.network import RoadNetwork

_LINK = -1


@dataclass(frozen=True, eq=False)
class Unfolded:
    """A network in which one mode may follow any edges that meet.

    Attributes:
        network: The nodes of the one it came from come first; copies lie where they lie.
        edge: (m',) int64, the edge that each was; -1 for a link of no length between copies.
        node: (n',) int64, the node that each was.
    """

    network: RoadNetwork
    edge: Ints
    node: Ints

    def least(self, values: Floats) -> tuple[Floats, Ints]:
        """(n,) the least at any copy of each node, and at which (the node itself, of equals)."""
        if not len(values) or self.node[-1] == len(values) - 1:
            return values, np.arange(len(values))
        order = np.lexsort((np.arange(len(values)), values, self.node))
        first = order[np.diff(self.node[order], prepend=-1) != 0]
        return values[first], first


def unfold(network: RoadNetwork, flag: int, *, turns: bool = True) -> Unfolded:
    """The network as one mode may use it; the same one where nothing but edges bind it.

    Args:
        network: The road network; it is not changed.
        flag: The mode: `FOOT`, `BICYCLE` or `CAR`.
        turns: Whether turns that are barred bind it.
    """
    rows = Unfolded(network, np.arange(network.edge_count), np.arange(network.node_count))
    rows = _split_blocked(rows, flag)
    return _keep_to_ends(_bar_turns(rows, flag) if turns else rows, flag)


def _split_blocked(rows: Unfolded, flag: int) -> Unfolded:
    """Every street that ends at a node nobody passes gets an end of its own there."""
    net = rows.network
    shut = (net.blocked & flag) > 0
    if not shut.any():
        return rows
    edge = np.arange(net.edge_count)
    piece = np.where(net.twin >= 0, np.minimum(net.twin, edge), edge)
    ends = [net.tail.astype(np.int64), net.head.astype(np.int64)]
    stub = [shut[end] for end in ends]
    keys = [
        end[at] * np.int64(net.edge_count) + piece[at] for end, at in zip(ends, stub, strict=True)
    ]
    own, number = np.unique(np.concatenate(keys), return_inverse=True)
    number = number.reshape(-1) + net.node_count
    ends[0][stub[0]], ends[1][stub[1]] = number[: len(keys[0])], number[len(keys[0]) :]
    return _rebuilt(rows, flag, ends[0], ends[1], edge, own // net.edge_count)


def _bar_turns(rows: Unfolded, flag: int) -> Unfolded:
    """An edge with a turn it cannot make ends at a copy of the node, which the others leave."""
    net = rows.network
    turns = net.no_turn[(net.no_turn[:, 2] & flag) > 0]
    turns = turns[net.head[turns[:, 0]] == net.tail[turns[:, 1]]]
    if not len(turns):
        return rows
    bound = np.unique(turns[:, 0])
    copy_of = net.head[bound].astype(np.int64)
    tail, head = net.tail.astype(np.int64), net.head.astype(np.int64)
    head[bound] = net.node_count + np.arange(len(bound))
    first = np.searchsorted(net.tail, copy_of)
    last = np.searchsorted(net.tail, copy_of, side="right")
    barred = set(map(tuple, turns[:, :2].tolist()))
    more = [
        (edge, net.node_count + i)
        for i, (come, a, b) in enumerate(
            zip(bound.tolist(), first.tolist(), last.tolist(), strict=True)
        )
        for edge in range(a, b)
        if (come, edge) not in barred and net.modes[edge] & flag
    ]
    extra = np.array(more, np.int64).reshape(-1, 2)
    edges = np.concatenate([np.arange(net.edge_count), extra[:, 0]])
    tail, head = np.concatenate([tail, extra[:, 1]]), np.concatenate([head, head[extra[:, 0]]])
    return _rebuilt(rows, flag, tail, head, edges, copy_of)


def _keep_to_ends(rows: Unfolded, flag: int) -> Unfolded:
    """Streets to begin or end on lie twice: one lying leads out of them only, one only in."""
    net = rows.network
    bound = np.flatnonzero((net.ends_only & net.modes & flag) > 0)
    if not len(bound):
        return rows
    n = net.node_count
    touched, place = np.unique(
        np.concatenate([net.tail[bound], net.head[bound]]), return_inverse=True
    )
    out, into = n + np.arange(len(touched)), n + len(touched) + np.arange(len(touched))
    ends = place.reshape(2, -1)
    tail, head = net.tail.astype(np.int64), net.head.astype(np.int64)
    tail[bound], head[bound] = out[ends[0]], out[ends[1]]
    link = np.full(len(touched), _LINK)
    return _rebuilt(
        rows,
        flag,
        np.concatenate([tail, into[ends[0]], out, touched]),
        np.concatenate([head, into[ends[1]], touched, into]),
        np.concatenate([np.arange(net.edge_count), bound, link, link]),
        np.concatenate([touched, touched]),
    )


def _rebuilt(
    rows: Unfolded, flag: int, tail: Ints, head: Ints, edge: Ints, copies: Numbers
) -> Unfolded:
    """A network of edges that end at other nodes.

    Args:
        rows: What it is made of.
        flag: The mode.
        tail: (j,) the node that each edge leaves; copies are numbered after all nodes.
        head: (j,) the node that each reaches.
        edge: (j,) the edge that each is; one may be there twice, and a link is none.
        copies: The nodes that are copied.
    """
    net = rows.network
    node = np.concatenate([np.arange(net.node_count), copies])
    order = np.lexsort((edge, head, tail))
    tail, head, edge = tail[order], head[order], edge[order]
    links = edge == _LINK
    columns = net.columns_of(np.maximum(edge, 0))
    drawn = ~np.repeat(links, np.diff(columns["bend_start"]))
    start = np.append(0, np.cumsum(drawn))[columns["bend_start"]]
    unfolded = replace(
        net,
        **columns
        | {
            "tail": tail.astype(np.int32),
            "head": head.astype(np.int32),
            "edge_id": _pieces(columns["edge_id"], tail, head),
            "length_m": np.where(links, 0.0, columns["length_m"]),
            "modes": np.where(links, flag, columns["modes"]).astype(np.uint8),
            "ends_only": np.where(links, 0, columns["ends_only"]).astype(np.uint8),
            "bend_start": start,
            "bend_x": columns["bend_x"][drawn],
            "bend_y": columns["bend_y"][drawn],
        },
        node_id=net.node_id[node],
        x=net.x[node],
        y=net.y[node],
        blocked=np.zeros(len(node), np.uint8),
    )
    return Unfolded(unfolded, np.where(links, _LINK, rows.edge[edge]), rows.node[node])


def _pieces(edge_id: Ints, tail: Ints, head: Ints) -> Ints:
    """(j,) a number for each piece: the two directions share it while they have the same ends."""
    low, high = np.minimum(tail, head), np.maximum(tail, head)
    order = np.lexsort((high, low, edge_id))
    new = np.ones(len(order), np.bool_)
    new[1:] = False
    for column in (edge_id, low, high):
        new[1:] |= np.diff(column[order]) != 0
    number = np.empty(len(order), np.int64)
    number[order] = np.cumsum(new)
    return number
