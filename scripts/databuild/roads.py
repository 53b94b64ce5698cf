"""Main roads: the cities' parts of a world network of OpenStreetMap highways.

The package holds Python literals. They are read as text: the nodes are JSON
as they stand, and of the 560,000 dictionaries only those of nodes near a city
are parsed.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .sources import SCGRAPH, BuildError
from .table import SourceRow, degrees, metres, write_csv
from .units import CITIES

if TYPE_CHECKING:
    from pathlib import Path

    import shapely
    from numpy.typing import NDArray

    from .sources import Sources
    from .units import City

MARGIN_DEGREES = 0.15
EARTH_RADIUS_M = 6_371_008.8
_PAIR = re.compile(r"(\d+): ([\d.eE+-]+)")


@dataclass(frozen=True)
class RoadFinding:
    """What cleaning one city's network did.

    Attributes:
        nodes: Nodes written.
        edges: Undirected edges written.
        duplicates: Listings of one pair with different lengths; the shorter was kept.
        zero: Edges dropped because their length is zero or both ends are one node.
        coincident: Nodes that share their rounded place with another.
        low: Least length divided by the great-circle distance.
        high: The same, greatest.
        short: Edges shorter than the great circle by more than one per cent.
        kilometres: Length of all edges.
    """

    nodes: int
    edges: int
    duplicates: int
    zero: int
    coincident: int
    low: float
    high: float
    short: int
    kilometres: float


class HighwayText:
    """The package's two literals, split but not evaluated."""

    def __init__(self, text: str) -> None:
        graph = re.search(r"^graph=\[\{(.*)\}\]$", text, re.MULTILINE)
        nodes = re.search(r"^nodes=(\[\[.*\]\])$", text, re.MULTILINE)
        if graph is None or nodes is None:
            raise BuildError(f"{SCGRAPH.title} no longer has the expected literals")
        latlon = np.array(json.loads(nodes[1]), dtype=np.float64)
        self.lonlat: NDArray[np.float64] = latlon[:, ::-1].copy()
        self._neighbours = graph[1].split("}, {")
        if len(self._neighbours) != len(self.lonlat):
            raise BuildError(f"{SCGRAPH.title} lists different numbers of nodes and neighbours")

    def neighbours(self, node: int) -> list[tuple[int, float]]:
        """Neighbours of a node and the kilometres to them."""
        pairs = _PAIR.findall(self._neighbours[node])
        return [(int(other), float(km)) for other, km in pairs]


def load_highways(sources: Sources) -> HighwayText:
    """Read the world network as text."""
    return HighwayText(sources.archive(SCGRAPH).text("scgraph_data/world_highways.py"))


def great_circle(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Metres between (n, 2) lon, lat places on a sphere."""
    p, q = np.radians(a), np.radians(b)
    half = (q - p) / 2
    root = np.sin(half[:, 1]) ** 2
    root += np.cos(p[:, 1]) * np.cos(q[:, 1]) * np.sin(half[:, 0]) ** 2
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(root)))


def _inside(
    lonlat: NDArray[np.float64], bounds: tuple[float, float, float, float]
) -> NDArray[np.bool_]:
    west, south, east, north = bounds
    lon, lat = lonlat[:, 0], lonlat[:, 1]
    inside = (lon >= west - MARGIN_DEGREES) & (lon <= east + MARGIN_DEGREES)
    inside &= (lat >= south - MARGIN_DEGREES) & (lat <= north + MARGIN_DEGREES)
    return np.asarray(inside)


def city_edges(
    highways: HighwayText, bounds: tuple[float, float, float, float]
) -> tuple[dict[tuple[int, int], float], int, int]:
    """Undirected edges with an end inside the enlarged box: (u, v) to metres.

    Returns:
        The edges with u < v, the number of pairs listed with differing
        lengths, and the number of edges dropped because they have no length.
    """
    edges: dict[tuple[int, int], float] = {}
    duplicates: set[tuple[int, int]] = set()
    zero: set[tuple[int, int]] = set()
    for node in np.flatnonzero(_inside(highways.lonlat, bounds)).tolist():
        for other, km in highways.neighbours(node):
            pair = (min(node, other), max(node, other))
            length = km * 1000.0
            if length <= 0 or node == other:
                zero.add(pair)
                continue
            if pair in edges and edges[pair] != length:
                duplicates.add(pair)
            edges[pair] = min(length, edges.get(pair, length))
    return edges, len(duplicates), len(zero)


def write_city(
    out: Path, city: City, highways: HighwayText, bounds: tuple[float, ...]
) -> RoadFinding:
    """Write the nodes and edges of one city and report what was found."""
    west, south, east, north = bounds
    edges, duplicates, zero = city_edges(highways, (west, south, east, north))
    nodes = sorted({node for pair in edges for node in pair})
    places = highways.lonlat[nodes]
    write_csv(
        out / "roads" / f"{city.code}-nodes.csv",
        ["node", "lon", "lat"],
        ((n, degrees(x), degrees(y)) for n, (x, y) in zip(nodes, places.tolist(), strict=True)),
    )
    write_csv(
        out / "roads" / f"{city.code}-edges.csv",
        ["u", "v", "length_m"],
        ((u, v, metres(edges[u, v])) for u, v in sorted(edges)),
    )
    pairs = np.array(sorted(edges), dtype=np.int64)
    lengths = np.array([edges[u, v] for u, v in sorted(edges)])
    straight = great_circle(highways.lonlat[pairs[:, 0]], highways.lonlat[pairs[:, 1]])
    apart = straight > 0
    ratio = lengths[apart] / straight[apart]
    return RoadFinding(
        nodes=len(nodes),
        edges=len(edges),
        duplicates=duplicates,
        zero=zero,
        coincident=len(nodes) - len(np.unique(places, axis=0)),
        low=float(ratio.min()),
        high=float(ratio.max()),
        short=int((ratio < 0.99).sum()),
        kilometres=float(lengths.sum() / 1000),
    )


def write_roads(
    out: Path, sources: Sources, counties: dict[str, shapely.MultiPolygon]
) -> tuple[list[SourceRow], dict[str, RoadFinding]]:
    """Write ``roads/`` for every city."""
    highways = load_highways(sources)
    rows: list[SourceRow] = []
    findings: dict[str, RoadFinding] = {}
    for city in CITIES:
        boxes = np.array([g.bounds for code, g in counties.items() if city.holds(code)])
        bounds = (*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist())
        finding = findings[city.code] = write_city(out, city, highways, bounds)
        for part, title in (("nodes", "节点"), ("edges", "路段")):
            rows.append(
                SourceRow(
                    f"roads/{city.code}-{part}.csv",
                    f"{city.name}主要公路{title}（概略）",
                    f"OpenStreetMap（{SCGRAPH.title}，world_highways）",
                    "ODbL 1.0",
                    "© OpenStreetMap contributors",
                    "2024-04",
                    f"本市范围外扩{MARGIN_DEGREES}°内的路段，至少一端在内；公里乘1000；无向；"
                    f"节点约取整到100米；{finding.nodes}个节点、{finding.edges}条路段；"
                    f"长度与大圆距离之比{finding.low:.2f}至{finding.high:.2f}",
                )
            )
    return rows, findings
