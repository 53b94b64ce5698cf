"""What `live` keeps: the offers of facilities by place, and the search graph for short rounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coverage.arrays import Floats, Int32s, Ints, Numbers, expand, grouped

if TYPE_CHECKING:
    from coverage.travel.prepare import Graph


@dataclass(frozen=True, eq=False)
class Rows:
    """What facilities offer: stubs by node, or ways by point; sorted by where.

    Attributes:
        at: (k,) int64, node or point.
        seconds: (k,).
        slot: (k,) int32, the facility's own number.
    """

    at: Ints
    seconds: Floats
    slot: Int32s

    @classmethod
    def none(cls) -> Rows:
        """No rows."""
        return cls(np.empty(0, np.int64), np.empty(0), np.empty(0, np.int32))

    @classmethod
    def of(cls, at: Numbers, seconds: Floats, slot: Numbers) -> Rows:
        """Rows given in any order."""
        order = np.argsort(at, kind="stable")
        return cls(at[order].astype(np.int64), seconds[order], slot[order].astype(np.int32))

    def merged(self, more: Rows) -> Rows:
        """These and others."""
        place = np.searchsorted(self.at, more.at)
        return Rows(
            np.insert(self.at, place, more.at),
            np.insert(self.seconds, place, more.seconds),
            np.insert(self.slot, place, more.slot),
        )

    def without(self, slot: int) -> Rows:
        """These without one facility's."""
        keep = self.slot != slot
        return Rows(self.at[keep], self.seconds[keep], self.slot[keep])

    def found(self, at: Numbers) -> tuple[Ints, Ints]:
        """Rows at some places, and of each row the position of its place in the list."""
        first = np.searchsorted(self.at, at)
        counts = np.searchsorted(self.at, at, side="right") - first
        return expand(first, counts), np.repeat(np.arange(len(at)), counts)


@dataclass(frozen=True, eq=False)
class Streets:
    """The search graph as a search of short rounds wants it.

    Attributes:
        head: (n, d) int32, where the edges of each node lead, as wide as the
            node with the most of them; to the node itself where it has no more.
        seconds: (n, d), infinite where there is no edge.
        into_start: (n + 1,) first of the edges that lead to each node.
        into: (e,) those edges of the graph.
    """

    head: Int32s
    seconds: Floats
    into_start: Ints
    into: Ints

    @classmethod
    def of(cls, graph: Graph) -> Streets:
        """Lay out a search graph."""
        nodes = len(graph.indptr) - 1
        degree = np.diff(graph.indptr)
        width = int(degree.max(initial=0))
        head = np.repeat(np.arange(nodes, dtype=np.int32)[:, None], width, axis=1)
        seconds = np.full((nodes, width), np.inf)
        column = np.arange(len(graph.indices)) - graph.indptr[graph.tails]
        head[graph.tails, column] = graph.indices
        seconds[graph.tails, column] = graph.seconds
        return cls(head, seconds, *grouped(graph.indices, nodes))
