"""The two sides of `travel.py`: this toolkit, and networkx, SciPy and shapely on the same input."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import networkx as nx
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    import netgen
    from coverage.circles.lattice import LatticeIndex
    from coverage.profiles import Profile
    from coverage.roads.network import RoadNetwork
    from coverage.travel._search import Sources
    from coverage.travel.prepare import TravelNetwork
    from coverage.travel.streets import Segments
    from coverage.travel.times import Nearest, Reached

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MINUTES = 15
LIMIT_S = 60.0 * MINUTES
STEP_M = 50.0
AROUND_M = 150.0
CHUNK = 25
PROFILE = "drive"


def with_rivers(network: RoadNetwork, count: int = 100) -> RoadNetwork:
    """A network with rivers from west to east that wind, which nobody crosses off the road."""
    import numpy as np

    from coverage.roads.network import OBSTACLES

    rng = np.random.default_rng(11)
    along = np.linspace(network.x.min(), network.x.max(), 1_000)
    middle = rng.uniform(network.y.min(), network.y.max(), (count, 1))
    bends = rng.normal(0.0, 300.0, (count, len(along))).cumsum(axis=1)
    return replace(
        network,
        obstacle=np.full(count, OBSTACLES.index("river"), np.uint8),
        obstacle_start=np.arange(count + 1) * len(along),
        obstacle_x=np.tile(along, count),
        obstacle_y=(middle + bends).ravel(),
    )


class Bench:
    """One size of network with everything prepared on first use."""

    def __init__(self, size: str) -> None:
        import netgen

        self.size = size
        self.case: netgen.Case = netgen.load(size)

    @cached_property
    def tn(self) -> TravelNetwork:
        """The network by car, with rivers that no leg crosses, and its spatial index."""
        from coverage.profiles import load_profile

        return prepared(with_rivers(self.case.network), load_profile(PROFILE))

    @cached_property
    def sources(self) -> Sources:
        """The facilities with their ways to the nodes near them."""
        from coverage.travel._search import Sources

        return Sources.of(self.tn, self.case.facilities)

    @cached_property
    def around(self) -> TravelNetwork:
        """By car, and free within 150 m of a road: the circles that a buffer draws too."""
        from coverage.profiles import load_profile

        profile = replace(
            load_profile(PROFILE),
            max_access_m=AROUND_M,
            max_direct_m=AROUND_M,
            access_speed_mps=1e6,
            detour=1.0,
        )
        return prepared(self.case.network, profile)

    @cached_property
    def segments(self) -> Segments:
        """The straight parts of the streets."""
        return self.around.segments

    # Reach sets.

    def reach(self) -> list[tuple[Ints, Floats]]:
        """Ours, from coordinates on: nodes and seconds of every facility."""
        from coverage.travel.times import node_times

        places = self.case.facilities
        found = {
            one.facility: (one.rank, one.seconds) for one in node_times(self.tn, places, LIMIT_S)
        }
        return [found[i] for i in range(len(found))]

    @cached_property
    def matrix(self) -> csr_array:
        """The graph with a node for every facility, for SciPy."""
        from coverage.travel._search import _with_sources

        graph, start = self.tn.graph, self.sources
        return _with_sources(
            graph.indptr,
            graph.indices,
            graph.seconds,
            start.stub_start,
            start.stubs.node,
            start.stubs.seconds,
        )

    def scipy_reach(self, *, read: bool = True) -> list[tuple[Ints, Floats]]:
        """SciPy on the whole graph: dense rows, and what is reached read from them."""
        import numpy as np
        from scipy.sparse.csgraph import dijkstra

        nodes, out = len(self.tn.order), []
        for first in range(nodes, self.matrix.shape[0], CHUNK):
            last = min(first + CHUNK, self.matrix.shape[0])
            rows = dijkstra(self.matrix, indices=np.arange(first, last), limit=LIMIT_S)
            for row in rows[:, :nodes] if read else ():
                reached = np.flatnonzero(row < np.inf)
                out.append((reached, row[reached]))
        return out

    @cached_property
    def graph(self) -> nx.DiGraph[int]:
        """The same for networkx."""
        import networkx as nx

        matrix = self.matrix.tocoo()
        graph: nx.DiGraph[int] = nx.DiGraph()
        graph.add_nodes_from(range(self.matrix.shape[0]))
        tail, head = matrix.coords
        edges = zip(tail.tolist(), head.tolist(), matrix.data.tolist(), strict=True)
        graph.add_weighted_edges_from(edges)
        return graph

    def networkx_reach(self, facilities: Ints) -> list[dict[int, float]]:
        """Networkx, for some of the facilities."""
        import networkx as nx

        first = len(self.tn.order)
        return [
            nx.single_source_dijkstra_path_length(self.graph, first + int(one), cutoff=LIMIT_S)
            for one in facilities
        ]

    # The nearest facility of every node.

    def nearest(self) -> Nearest:
        """Ours, from coordinates on."""
        from coverage.travel.times import nearest

        return nearest(self.tn, self.case.facilities)

    def networkx_nearest(self, *, paths: bool) -> Any:
        """Networkx; only the paths tell which facility it is."""
        import networkx as nx

        starts = set(range(len(self.tn.order), self.matrix.shape[0]))
        if paths:
            return nx.multi_source_dijkstra(self.graph, starts)
        return nx.multi_source_dijkstra_path_length(self.graph, starts)

    # Circles.

    def reached(self, facilities: Floats | None = None) -> list[Reached]:
        """What every facility reaches, in their order."""
        from coverage.travel.times import node_times

        places = self.case.facilities if facilities is None else facilities
        return sorted(node_times(self.around, places, LIMIT_S), key=lambda one: one.facility)

    def circles(
        self, reached: Sequence[Reached], *, index: LatticeIndex | None = None
    ) -> NDArray[np.object_]:
        """Ours: from what is reached to polygons."""
        from coverage.circles.polygons import service_circles

        found = service_circles(self.around, reached, [LIMIT_S], step_m=STEP_M, index=index)
        return found[:, 0]

    @cached_property
    def index(self) -> LatticeIndex:
        """The lattice of the whole network, prepared."""
        from coverage.circles.lattice import LatticeIndex

        return LatticeIndex.build(self.segments, STEP_M, AROUND_M)

    def unions(self, reached: Sequence[Reached]) -> list[Any]:
        """Shapely: the union of the buffers around every reached part of a street."""
        import shapely

        return [
            shapely.union_all(shapely.buffer(reached_lines(one), AROUND_M, quad_segs=8))
            for one in reached
        ]


def prepared(network: RoadNetwork, profile: Profile) -> TravelNetwork:
    """A travel network with all that it would otherwise make on first use."""
    from coverage.travel.prepare import prepare

    tn = prepare(network, profile)
    _ = tn.segments.tree, tn.incidence, tn.reach_m(LIMIT_S)
    return tn


def reached_lines(reached: Reached) -> NDArray[np.object_]:
    """Straight lines of the parts of streets that are reached (streets here have no bends).

    No part twice: a street reached from both ends is one line, or two with a
    gap between.
    """
    import numpy as np
    import shapely

    net, streets = reached.tn.network, reached.streets
    row, begin, end = streets.intervals()
    order = np.lexsort((begin, row))
    row, begin, end = row[order], begin[order], end[order]
    so_far = np.maximum.accumulate(2.0 * row + end)
    fresh = np.ones(len(row), dtype=bool)
    fresh[1:] = 2.0 * row[1:] + begin[1:] > so_far[:-1]
    last = np.flatnonzero(np.append(fresh[1:], True))
    row, begin, end = row[fresh], begin[fresh], so_far[last] - 2.0 * row[last]
    edge = streets.edge[row]
    ends = np.stack([net.x[net.tail[edge]], net.y[net.tail[edge]]], axis=1)
    way = np.stack([net.x[net.head[edge]], net.y[net.head[edge]]], axis=1) - ends
    points = np.stack([ends + begin[:, None] * way, ends + end[:, None] * way], axis=1)
    return np.asarray(shapely.linestrings(points))


def same_answers(bench: Bench, sample: Ints) -> None:
    """Stop if the rivals do not reach the same nodes in the same seconds."""
    import numpy as np

    ours = bench.reach()
    for (nodes, seconds), (their_nodes, theirs) in zip(ours, bench.scipy_reach(), strict=True):
        if not (np.array_equal(nodes, their_nodes) and np.allclose(seconds, theirs, rtol=1e-9)):
            raise SystemExit("SciPy reaches other nodes, or in other seconds")
    first = len(bench.tn.order)
    for one, found in zip(sample, bench.networkx_reach(sample), strict=True):
        nodes, seconds = ours[one]
        found.pop(first + int(one))
        theirs = np.array([found.get(int(node), np.inf) for node in nodes])
        if len(found) != len(nodes) or not np.allclose(seconds, theirs, rtol=1e-9):
            raise SystemExit("networkx reaches other nodes, or in other seconds")
    lengths = bench.networkx_nearest(paths=False)
    theirs = np.array([lengths.get(int(rank), np.inf) for rank in bench.tn.rank])
    if not np.allclose(bench.nearest().node_seconds, theirs, rtol=1e-9):
        raise SystemExit("networkx has another time to the nearest facility")
