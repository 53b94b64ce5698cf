"""Made cities as they are built: streets are dense in towns, roads are few between them.

Unlike `synthetic_cities`, nothing here is drawn as the models draw it. Townships are cells of
random points and lie round no seat; their towns are lopsided, lie off their middle, and may have a
quarter of works where nobody lives; villages lie along roads or at the end of one, with lanes that
the map has or lacks; the office that is the seat may stand at the edge of its town; facilities
stand among people, on cheap land at the edge, or in a village.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import shapely

from synthetic_cities import CRS, SOUTH, WEST, MadeCity, tell

if TYPE_CHECKING:
    from numpy.random import Generator

    from coverage.arrays import Floats

TOWNSHIPS = 20
_SPACING_M = 60.0  # along a street, between two places where people live


@dataclass(frozen=True)
class Kind:
    """What is usual in cities of one kind; pairs are a least and a most.

    Attributes:
        side_m: Of a township, were it square.
        people: Of a township.
        town: Share of its people in its town.
        land_m2: Of the town, a head.
        block_m: Between its streets.
        village: People of a village.
        lanes: Share of the villages whose lanes are mapped.
        facilities: How many.
    """

    side_m: tuple[float, float]
    people: tuple[float, float]
    town: tuple[float, float]
    land_m2: tuple[float, float]
    block_m: tuple[float, float]
    village: tuple[float, float]
    lanes: float
    facilities: tuple[int, int]


KINDS: dict[str, Kind] = {
    "city": Kind(
        side_m=(2000, 3000), people=(2e4, 9e4), town=(0.8, 1.0), land_m2=(45, 90),
        block_m=(90, 220), village=(500, 3000), lanes=0.9, facilities=(14, 30),
    ),
    "plain": Kind(
        side_m=(4000, 6000), people=(1e4, 6e4), town=(0.2, 0.7), land_m2=(70, 150),
        block_m=(90, 200), village=(300, 2500), lanes=0.7, facilities=(10, 24),
    ),
    "hills": Kind(
        side_m=(7000, 11000), people=(4e3, 3e4), town=(0.1, 0.5), land_m2=(80, 180),
        block_m=(80, 180), village=(150, 1200), lanes=0.3, facilities=(8, 20),
    ),
}  # fmt: skip


class _Ground:
    """The streets of a city and the places of its people while they are laid out."""

    def __init__(self, rng: Generator, kind: Kind) -> None:
        self.rng, self.kind = rng, kind
        self.graph: Any = nx.MultiDiGraph(crs=CRS)
        self.nodes: list[Floats] = []

    def between(self, ends: tuple[float, float]) -> float:
        """A number between two, both as likely on a scale of ratios."""
        return float(np.exp(self.rng.uniform(*np.log(ends))))

    def node(self, at: Floats) -> int:
        self.nodes.append(np.asarray(at, float))
        self.graph.add_node(len(self.nodes) - 1, x=float(at[0]), y=float(at[1]))
        return len(self.nodes) - 1

    def join(self, one: int, two: int, highway: str) -> None:
        length = float(np.hypot(*(self.nodes[one] - self.nodes[two])))
        for a, b in ((one, two), (two, one)):
            self.graph.add_edge(a, b, length=length, highway=highway)

    def road(self, one: int, two: int, highway: str) -> list[int]:
        """A road that bends, with a node every few hundred metres; its nodes."""
        line = [self.nodes[one], self.nodes[two]]
        while np.hypot(*(line[1] - line[0])) > 350:
            halves = []
            for a, b in pairwise(line):
                aside = np.array([-(b - a)[1], (b - a)[0]]) * self.rng.normal(0, 0.07)
                halves += [a, (a + b) / 2 + aside]
            line = [*halves, line[-1]]
        ids = [one, *(self.node(at) for at in line[1:-1]), two]
        for before, after in pairwise(ids):
            self.join(before, after, highway)
        return ids

    def nearest(self, at: Floats, among: list[int]) -> int:
        away = np.hypot(*(np.array([self.nodes[n] for n in among]) - at).T)
        return among[int(away.argmin())]

    def mesh(self, area: shapely.Polygon, block: float, kept: float) -> list[tuple[int, int]]:
        """Crossing streets inside an area, some of them missing; their pieces."""
        middle, turn = np.array(area.centroid.coords[0]), self.rng.uniform(0, np.pi / 2)
        reach = np.hypot(*(np.array(area.bounds[2:]) - area.bounds[:2])) / 2
        count = int(reach / block) + 1
        steps = np.arange(-count, count + 1) * block
        axis = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        corners: dict[tuple[int, int], int] = {}
        shapely.prepare(area)
        for i, u in enumerate(steps):
            for j, v in enumerate(steps):
                at = middle + np.array([u, v]) @ axis + self.rng.normal(0, block / 10, 2)
                if shapely.intersects_xy(area, *at):
                    corners[i, j] = self.node(at)
        pieces = []
        for (i, j), one in corners.items():
            for other in ((i + 1, j), (i, j + 1)):
                if other in corners and self.rng.random() < kept:
                    self.join(one, corners[other], "residential")
                    pieces.append((one, corners[other]))
        return pieces

    def along(self, pieces: list[tuple[int, int]]) -> Floats:
        """(n, 2) places beside some streets."""
        found = [np.empty((0, 2))]
        for one, two in pieces:
            a, b = self.nodes[one], self.nodes[two]
            part = self.rng.random(max(int(np.hypot(*(b - a)) / _SPACING_M), 1))
            found.append(a + part[:, None] * (b - a))
        places = np.vstack(found)
        return np.asarray(places + self.rng.normal(0, 15, places.shape))


@dataclass(frozen=True)
class _Settled:
    """Where the people of a town or village live, and its own ground."""

    where: Floats
    count: Floats
    area: shapely.Polygon


def built_city(seed: int, kind: str = "") -> MadeCity:
    """A city of 20 townships, of a kind by its seed where none is named."""
    rng = np.random.default_rng((seed, 15))
    kind = kind or list(KINDS)[seed % len(KINDS)]
    made = _Ground(rng, KINDS[kind])
    cells = _cells(rng, made.between(made.kind.side_m))
    people = np.array([round(made.between(made.kind.people)) for _ in cells])
    centres = [_off_middle(rng, cell) for cell in cells]
    main = _main_roads(made, cells, centres)
    where, count, seats, stand, unit = [], [], [], [], []
    towns, villages = [], []
    for cell, centre, total in zip(cells, centres, people, strict=True):
        share = rng.uniform(*made.kind.town)
        town = _town(made, cell, centre, share * total, main)
        mine = _villages(made, cell, total - town.count.sum(), main, town.area)
        towns.append(town)
        villages.append(mine)
        seats.append(_seat(rng, cell, centre, town.area))
        for place in (town, *mine):
            where.append(place.where)
            count.append(place.count)
    for n in rng.choice(len(cells), rng.integers(*made.kind.facilities)):
        unit.append(int(n))
        stand.append(_stand(rng, cells[n], towns[n], villages[n]))
    graph = _whole(made.graph)
    return tell(
        cells, people, np.vstack(where), np.concatenate(count), np.array(seats), np.array(stand),
        unit, graph,
    )  # fmt: skip


def _cells(rng: Generator, side: float) -> list[shapely.Polygon]:
    """Townships: what is nearest to random points of a rectangle, none of them tiny."""
    wide, high = 5 * side, 4 * side
    points = (np.indices((5, 4)).reshape(2, -1).T + rng.uniform(0.1, 0.9, (TOWNSHIPS, 2))) * side
    frame = shapely.box(0, 0, wide, high)
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(points), extend_to=frame)
    )
    moved = [shapely.intersection(cell, frame) for cell in cells]
    return [shapely.transform(cell, lambda xy: xy + np.array([WEST, SOUTH])) for cell in moved]


def _inside(rng: Generator, cell: shapely.Polygon) -> Floats:
    west, south, east, north = cell.bounds
    while True:
        at = rng.uniform([west, south], [east, north])
        if shapely.intersects_xy(cell, *at):
            return np.asarray(at)


def _off_middle(rng: Generator, cell: shapely.Polygon) -> Floats:
    """Where a town lies: anywhere but at the very border."""
    return np.asarray(0.8 * _inside(rng, cell) + 0.2 * np.array(cell.centroid.coords[0]))


def _main_roads(made: _Ground, cells: list[shapely.Polygon], centres: list[Floats]) -> list[int]:
    """Roads from town to town, each to its neighbours; their nodes."""
    ids = [made.node(centre) for centre in centres]
    pairs = set()
    for i, cell in enumerate(cells):
        touching = [j for j in range(len(cells)) if j > i and cells[j].distance(cell) < 1]
        pairs |= {(i, j) for j in touching if made.rng.random() < 0.75}
    found: list[int] = []
    for i, j in sorted(pairs):
        highway = "secondary" if made.rng.random() < 0.4 else "tertiary"
        found += made.road(ids[i], ids[j], highway)
    return sorted(set(found) | set(ids))


def _blob(made: _Ground, centre: Floats, area_m2: float) -> shapely.Polygon:
    """A lopsided area."""
    turns = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    wave = sum(
        made.rng.normal(0, 0.25 / k) * np.cos(k * turns + made.rng.uniform(0, 2 * np.pi))
        for k in (1, 2, 3, 4)
    )
    away = np.clip(1 + wave, 0.35, 2.0)
    stretch, lean = made.rng.uniform(1, 1.6), made.rng.uniform(0, np.pi)
    xy = np.column_stack([away * np.cos(turns) * stretch, away * np.sin(turns) / stretch])
    turn = np.array([[np.cos(lean), np.sin(lean)], [-np.sin(lean), np.cos(lean)]])
    shape = shapely.Polygon(xy @ turn)
    size = np.sqrt(area_m2 / shape.area)
    return shapely.transform(shape, lambda p: centre + p * size)


def _linked(made: _Ground, pieces: list[tuple[int, int]], main: list[int], at: Floats) -> None:
    """Streets tied to the road by their nearest corner."""
    corners = sorted({n for piece in pieces for n in piece})
    near = made.nearest(at, main)
    made.road(made.nearest(made.nodes[near], corners), near, "unclassified")


def _town(
    made: _Ground, cell: shapely.Polygon, centre: Floats, people: float, main: list[int]
) -> _Settled:
    """A town: denser in its middle, with shops and works where nobody lives."""
    rng = made.rng
    area = _blob(made, centre, people * made.between(made.kind.land_m2))
    area = max(shapely.get_parts(shapely.intersection(area, cell)), key=shapely.area)
    pieces = made.mesh(area, made.between(made.kind.block_m), rng.uniform(0.75, 0.95))
    if not pieces:
        where = centre + rng.normal(0, 60, (6, 2))
        return _Settled(where, np.full(6, people / 6), area)
    for _ in range(3):  # several ways lead into a town
        _linked(made, pieces, main, _inside(rng, area))
    where = made.along(pieces)
    scale = np.sqrt(area.area / np.pi)
    away = np.hypot(*(where - centre).T) / scale
    weight = np.exp(-away * rng.uniform(0.3, 1.5)) * np.exp(rng.normal(0, 0.5, len(where)))
    if rng.random() < 0.4:  # a quarter of works
        side = rng.uniform(0, 2 * np.pi)
        beyond = (where - centre) @ np.array([np.cos(side), np.sin(side)]) > 0.35 * scale
        weight[beyond] *= 0.05
    return _Settled(where, people * weight / weight.sum(), area)


def _villages(
    made: _Ground, cell: shapely.Polygon, people: float, main: list[int], town: shapely.Polygon
) -> list[_Settled]:
    """Villages along the roads or at the end of one, outside the town."""
    rng, found, left = made.rng, [], people
    roads = [n for n in main if shapely.intersects_xy(cell, *made.nodes[n])]
    roads = [n for n in roads if not shapely.intersects_xy(town, *made.nodes[n])]
    while left > 0:
        size = min(made.between(made.kind.village), left)
        left -= size
        for _ in range(20):
            beside = bool(roads) and rng.random() < 0.6
            at = _inside(rng, cell)
            if beside:
                at = made.nodes[roads[rng.integers(len(roads))]] + rng.normal(0, 180, 2)
            if shapely.intersects_xy(cell, *at) and not shapely.intersects_xy(town, *at):
                break
        area = _blob(made, at, size * rng.uniform(90, 220))
        pieces = (
            made.mesh(area, rng.uniform(50, 100), 0.8) if rng.random() < made.kind.lanes else []
        )
        if pieces:
            _linked(made, pieces, main, at)
        elif rng.random() < 0.7:
            made.road(made.node(at), made.nearest(at, main), "unclassified")
        where = at + rng.normal(0, np.sqrt(area.area / np.pi) / 2, (8, 2))
        where = where[shapely.intersects_xy(cell, *where.T)]
        where = where if len(where) else np.array([at])
        part = rng.dirichlet(np.full(len(where), 4.0))
        found.append(_Settled(where, size * part, area))
    return found


def _seat(rng: Generator, cell: shapely.Polygon, centre: Floats, town: shapely.Polygon) -> Floats:
    """The office: in the middle of the town, or out where it was built anew."""
    scale = np.sqrt(town.area / np.pi) * (rng.uniform(0, 0.35) if rng.random() < 0.75 else 1.0)
    turn = rng.uniform(0, 2 * np.pi)
    at = centre + scale * np.array([np.cos(turn), np.sin(turn)])
    return np.asarray(at if shapely.intersects_xy(cell, *at) else centre)


def _stand(
    rng: Generator, cell: shapely.Polygon, town: _Settled, villages: list[_Settled]
) -> Floats:
    """Where a facility is built: among people, on cheap land at the edge, or in a village."""
    chance = rng.random()
    if chance < 0.25 and villages:
        village = villages[rng.integers(len(villages))]
        at = village.where[0]
    elif chance < 0.5:
        ring = np.array(town.area.exterior.coords)
        at = ring[rng.integers(len(ring))]
    else:
        at = town.where[rng.choice(len(town.where), p=town.count / town.count.sum())]
    at = at + rng.normal(0, 60, 2)
    return np.asarray(at if shapely.intersects_xy(cell, *at) else town.where[0])


def _whole(graph: Any) -> Any:
    """The streets that hang together."""
    largest = max(nx.weakly_connected_components(graph), key=len)
    return nx.convert_node_labels_to_integers(graph.subgraph(largest).copy())
