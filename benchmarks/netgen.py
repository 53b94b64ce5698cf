"""Made-up road networks of the size of a prefecture and of a province, and a dense city.

    python benchmarks/netgen.py [prefecture] [province] [city]

Towns of very unequal size, villages around them and lone junctions are strewn
over a plane. Roads are those sides of the Delaunay triangles that are not
much of a detour to leave out, so that nothing crosses and a junction has 2.6
streets on average. Classes come from use: roads from villages to their town
are tertiary, between neighbouring towns secondary, between larger ones
primary and trunk. Of the local streets in towns 8 % are one-way. What the
largest strong component does not hold is left out.

The city is one close net of short, bent streets: lengths (half of them between
32 and 96 m), 2.9 streets a junction, two straight parts a street and the shares
of classes are about those of Porto Alegre and Shenzhen in OpenStreetMap.

The same size and seed give the same network. It is kept in a cache folder
(that of the toolkit, `COVERAGE_CACHE`) and read back in a second.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import Delaunay, KDTree

from coverage.datum import unproject
from coverage.roads.build import build
from coverage.roads.network import ALL_MODES, CAR, FOOT
from coverage.roads.store import cached

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coverage.roads.network import RoadNetwork

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

VERSION = 1  # of this generator; part of the cache's key
CRS = "EPSG:32649"
MIDDLE = (500_000.0, 2_650_000.0)  # of the area, metres: the middle of the zone, about 24° N
DEGREE = 2.6
CROOKED = 1.12  # streets are drawn straight and are this much longer
ONE_WAY = 0.08
TOWN_CORE = 90.0  # junctions a square kilometre in the middle of a town
CLASSES = ("residential", "unclassified", "tertiary", "secondary", "primary", "trunk")
# Which towns a class ties together, as a share of all by size, and how much
# dearer a metre is than on the roads of the class below that exist already.
TIES = (("secondary", 1.0, 0.8), ("primary", 0.45, 0.7), ("trunk", 0.2, 0.6))
NEIGHBOURS = 3
SCATTERED, VILLAGE, TOWN = 0, 1, 2


@dataclass(frozen=True)
class Size:
    """How large an area is."""

    name: str
    nodes: int
    width_m: float
    height_m: float
    towns: int


SIZES = {
    "prefecture": Size("prefecture", 250_000, 150_000.0, 130_000.0, 85),
    "province": Size("province", 1_500_000, 520_000.0, 480_000.0, 900),
    "city": Size("city", 78_000, 18_500.0, 18_500.0, 60),
}
# Of the city: streets a junction, how many of its small streets are of other classes than
# residential, and how far a junction stands beside a square net, as a share of its spacing.
CITY_DEGREE = 2.93
CITY_CLASSES = {"residential": 0.52, "service": 0.28, "footway": 0.2}
CITY_SHAKEN = 0.42


@dataclass(frozen=True, eq=False)
class Case:
    """A network with places on it.

    Attributes:
        network: The roads.
        facilities: (f, 2) metres, half of them in the middle of towns.
        demand: (p, 2) metres.
        people: (p,) at each demand point.
    """

    network: RoadNetwork
    facilities: Floats
    demand: Floats
    people: Floats


def load(name: str, *, seed: int = 1, facilities: int = 300, demand: int = 20_000) -> Case:
    """A network of one of `SIZES`, from the cache or made, with seeded places.

    Args:
        name: Key of `SIZES`.
        seed: Another seed is another country.
        facilities: How many; the first of many are the same as of a few.
        demand: How many demand points.
    """
    size = SIZES[name]
    parts = {"netgen": VERSION, "seed": seed, **vars(size)}
    network = cached(parts, lambda: generate(size, seed=seed))
    return Case(network, *places(network, seed, facilities, demand))


def places(
    network: RoadNetwork, seed: int, facilities: int, demand: int
) -> tuple[Floats, Floats, Floats]:
    """Facilities and demand points some steps beside junctions, and people at the latter."""
    homes_rng, rng = (np.random.default_rng([seed, some]) for some in (2, 3))
    towns = np.asarray(network.origin["town_nodes"], dtype=np.int64)
    anywhere = rng.permutation(network.node_count)
    # By turns in the middle of a town, while there are any, and anywhere.
    turns = min(len(towns), (facilities + 1) // 2)
    both = np.column_stack([towns[:turns], anywhere[:turns]]).ravel()
    at = np.concatenate([both, anywhere[turns:]])[:facilities]
    xy = np.column_stack([network.x, network.y])
    homes = homes_rng.choice(network.node_count, demand, replace=False)
    return (
        xy[at] + rng.uniform(-20.0, 20.0, (facilities, 2)),
        xy[homes] + homes_rng.uniform(-60.0, 60.0, (demand, 2)),
        homes_rng.gamma(2.0, 150.0, demand),
    )


def generate(size: Size, *, seed: int) -> RoadNetwork:
    """Make the network of an area."""
    if size.name == "city":
        return _city(size, seed)
    rng = np.random.default_rng([seed, 1])
    towns = _town_places(rng, size)
    xy, kind, centres = _junctions(rng, size, towns)
    u, v = _streets(xy)
    length = np.hypot(*(xy[u] - xy[v]).T) * CROOKED
    nearest = KDTree(xy)
    town_nodes = np.asarray(nearest.query(towns)[1], dtype=np.int64)
    village_nodes = np.unique(nearest.query(centres)[1])
    urban = (kind[u] == TOWN) & (kind[v] == TOWN)
    level = _classes(xy, (u, v, length), town_nodes, village_nodes)
    level = np.where((level == 0) & ~urban, 1, np.where(level > 0, level + 1, 0))
    oneway = (level == 0) & (rng.random(len(u)) < ONE_WAY)
    turned = rng.random(len(u)) < 0.5
    u, v = np.where(turned, v, u), np.where(turned, u, v)

    number, keep = _kept(xy, u, v, oneway)
    used = np.flatnonzero((number[u] >= 0) & (number[v] >= 0))
    lon, lat = unproject(xy[keep, 0], xy[keep, 1], CRS)
    return build(
        lon,
        lat,
        number[u[used]],
        number[v[used]],
        ALL_MODES,
        modes_back=np.where(oneway[used], FOOT, ALL_MODES),
        length_m=length[used],
        highway=np.asarray(CLASSES)[level[used]].tolist(),
        crs=CRS,
        origin=_origin(size, seed, number[town_nodes]),
    )


def _origin(size: Size, seed: int, towns: Ints) -> dict[str, object]:
    """How a network was made, and where the middles of its towns are; -1 is left out."""
    generator = f"netgen {VERSION}, {size.name}, seed {seed}"
    return {"generator": generator, "town_nodes": towns[towns >= 0].tolist()}


def _city(size: Size, seed: int) -> RoadNetwork:
    """A close net of bent streets, some of them for feet only, with wider ones between centres."""
    rng = np.random.default_rng([seed, 4])
    side = int(np.sqrt(size.nodes))
    spacing = size.width_m / side
    xy = np.indices((side, side)).reshape(2, -1).T.astype(np.float64) * spacing
    xy += rng.uniform(-CITY_SHAKEN, CITY_SHAKEN, xy.shape) * spacing
    xy = xy[np.argsort(_z_order(xy))] + np.array(MIDDLE) - size.width_m / 2
    u, v = _streets(xy, CITY_DEGREE)
    length = np.hypot(*(xy[u] - xy[v]).T)
    centres, ends = (rng.permutation(len(xy))[:many] for many in (size.towns, 20 * size.towns))
    level = _classes(xy, (u, v, length), centres, ends)
    small = rng.choice(list(CITY_CLASSES), len(u), p=list(CITY_CLASSES.values()))
    classes = np.where(level > 0, np.array(CLASSES)[level + 1], small)
    oneway = rng.random(len(u)) < np.where(level > 2, 0.5, 0.15)
    number, keep = _kept(xy, u, v, oneway)
    used = np.flatnonzero((number[u] >= 0) & (number[v] >= 0))
    feet = classes[used] == "footway"
    bends = rng.integers(0, 3, len(used))
    row = np.repeat(np.arange(len(used)), bends)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(bends) - bends, bends)
    share = (nth + rng.uniform(0.7, 1.3, len(row))) / (bends[row] + 1)
    way = (xy[v] - xy[u])[used][row]
    aside = rng.normal(0.0, 0.06, len(row))
    at = xy[u][used][row] + way * share[:, None] + way[:, ::-1] * [-1, 1] * aside[:, None]
    lon, lat = unproject(xy[keep, 0], xy[keep, 1], CRS)
    return build(
        lon,
        lat,
        number[u[used]],
        number[v[used]],
        np.where(feet, FOOT, ALL_MODES),
        modes_back=np.where(oneway[used] | feet, FOOT, ALL_MODES),
        highway=classes[used].tolist(),
        bends=(np.append(0, np.cumsum(bends)), *unproject(at[:, 0], at[:, 1], CRS)),
        crs=CRS,
        origin=_origin(size, seed, number[centres]),
    )


def _town_places(rng: np.random.Generator, size: Size) -> Floats:
    """(t, 2) metres, the largest first; on a shaken grid, since towns keep a distance."""
    side = np.sqrt(size.width_m * size.height_m / (2.0 * size.towns))
    columns, rows = int(size.width_m // side), int(size.height_m // side)
    cells = rng.permutation(columns * rows)[: size.towns]
    at = np.column_stack([cells % columns, cells // columns]) + rng.uniform(
        0.1, 0.9, (len(cells), 2)
    )
    corner = np.array(MIDDLE) - np.array([size.width_m, size.height_m]) / 2
    return np.asarray(corner + at * np.array([size.width_m / columns, size.height_m / rows]))


def _junctions(
    rng: np.random.Generator, size: Size, towns: Floats
) -> tuple[Floats, NDArray[np.int8], Floats]:
    """(n, 2) metres of all junctions, what they belong to, and the middles of villages."""
    in_towns, in_villages = int(size.nodes * 0.45), int(size.nodes * 0.35)
    alone = size.nodes - in_towns - in_villages
    half = np.array([size.width_m, size.height_m]) / 2
    low, high = np.array(MIDDLE) - half, np.array(MIDDLE) + half

    weight = 1.0 / np.arange(1, len(towns) + 1) ** 0.8
    weight /= weight.sum()
    town = rng.choice(len(towns), in_towns, p=weight)
    spread = np.sqrt(weight * in_towns / (2 * np.pi * TOWN_CORE)) * 1000.0
    spread = np.clip(spread, 600.0, 5_500.0)
    parts = [towns[town] + rng.normal(size=(in_towns, 2)) * spread[town, None]]

    # Villages: half of them anywhere, half drawn to a town.
    villages = len(towns) * 14
    centres = rng.uniform(low, high, (villages, 2))
    drawn = np.arange(villages) % 2 == 0
    away = rng.exponential(7_000.0, villages) + 2_000.0
    angle = rng.uniform(0, 2 * np.pi, villages)
    beside = towns[rng.integers(0, len(towns), villages)]
    beside = beside + np.column_stack([np.cos(angle), np.sin(angle)]) * away[:, None]
    centres = np.clip(np.where(drawn[:, None], beside, centres), low, high)
    village = rng.integers(0, villages, in_villages)
    parts.append(centres[village] + rng.normal(size=(in_villages, 2)) * 350.0)
    parts.append(rng.uniform(low, high, (alone, 2)))

    kind = np.repeat([TOWN, VILLAGE, SCATTERED], [in_towns, in_villages, alone]).astype(np.int8)
    xy = np.round(np.concatenate(parts))  # to the metre: no two junctions nearer than that
    _, first = np.unique(xy, axis=0, return_index=True)
    first = first[np.argsort(_z_order(xy[first]))]
    return xy[first], kind[first], centres


def _z_order(xy: Floats) -> Ints:
    """A number that is near for near points, as in extracts of real maps."""
    at = ((xy - xy.min(axis=0)) / np.ptp(xy, axis=0).max() * 65_535).astype(np.int64)
    key = np.zeros(len(xy), dtype=np.int64)
    for bit in range(16):
        key |= ((at[:, 0] >> bit) & 1) << (2 * bit)
        key |= ((at[:, 1] >> bit) & 1) << (2 * bit + 1)
    return key


def _streets(xy: Floats, degree: float = DEGREE) -> tuple[Ints, Ints]:
    """Sides of triangles, best first until the degree is reached.

    A side is the worse the longer it is against the longer of the two other
    sides of a triangle: those stand in for it with the smaller detour. All
    sides that are longest in neither of their triangles hold the shortest
    tree, so the network hangs together.
    """
    corners = Delaunay(xy).simplices
    sides = np.stack([corners[:, [1, 2]], corners[:, [2, 0]], corners[:, [0, 1]]])
    sides.sort(axis=2)
    length = np.hypot(*np.moveaxis(xy[sides[..., 0]] - xy[sides[..., 1]], 2, 0))
    other = np.stack([np.maximum(length[i - 2], length[i - 1]) for i in range(3)])
    key = (sides[..., 0].astype(np.int64) * len(xy) + sides[..., 1]).ravel()
    worse = (length / other).ravel()
    order = np.lexsort((worse, key))
    last = np.flatnonzero(np.diff(key[order], append=-1))  # a side's worse triangle
    key, worse = key[order][last], worse[order][last]
    wanted = round(degree / 2 * len(xy))
    best = np.sort(np.argsort(worse, kind="stable")[:wanted])
    return key[best] // len(xy), key[best] % len(xy)


def _classes(
    xy: Floats, streets: tuple[Ints, Ints, Floats], towns: Ints, villages: Ints
) -> NDArray[np.int64]:
    """(k,) 0 for local streets, 1 tertiary, 2 secondary, 3 primary, 4 trunk."""
    u, v, length = streets
    count = len(xy)
    level = np.zeros(len(u), dtype=np.int64)
    key = np.minimum(u, v) * count + np.maximum(u, v)  # rises: see `_streets`

    def graph(metres: Floats) -> csr_array:
        ends = (np.concatenate([u, v]), np.concatenate([v, u]))
        return csr_array((np.concatenate([metres, metres]), ends), shape=(count, count))

    def mark(before: NDArray[np.int32], ends: Ints, grade: int) -> None:
        """Raise the streets on the ways back from `ends`, as far as they are not yet marked."""
        while len(ends):
            ends = ends[before[ends] >= 0]
            a, b = before[ends].astype(np.int64), ends
            street = np.searchsorted(key, np.minimum(a, b) * count + np.maximum(a, b))
            fresh = level[street] < grade
            level[street] = np.maximum(level[street], grade)
            ends = np.unique(a[fresh] if grade == 1 else a)

    _, before, _ = dijkstra(graph(length), indices=towns, min_only=True, return_predecessors=True)
    mark(before, villages, 1)
    for grade, (_, share, cheaper) in enumerate(TIES, start=2):
        some = towns[: max(int(len(towns) * share), NEIGHBOURS + 1)]
        matrix = graph(np.where(level >= grade - 1, length * cheaper, length))
        apart, near = map(np.asarray, KDTree(xy[some]).query(xy[some], k=NEIGHBOURS + 1))
        for row in range(len(some)):
            _, ways = dijkstra(
                matrix,
                indices=some[row : row + 1],
                limit=float(2.2 * apart[row].max()),
                return_predecessors=True,
            )
            mark(ways[0], some[near[row, 1:]], grade)
    return level


def _kept(xy: Floats, u: Ints, v: Ints, oneway: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """New numbers of the nodes in the largest strong component (else -1), and those nodes."""
    tail, head = np.concatenate([u, v[~oneway]]), np.concatenate([v, u[~oneway]])
    graph = csr_array((np.ones(len(tail)), (tail, head)), shape=(len(xy), len(xy)))
    _, label = connected_components(graph, directed=True, connection="strong")
    keep = np.flatnonzero(label == np.bincount(label).argmax())
    number = np.full(len(xy), -1, dtype=np.int64)
    number[keep] = np.arange(len(keep))
    return number, keep


def describe(case: Case) -> str:
    """What the network is like, in one line."""
    net = case.network
    pieces = len(np.unique(net.edge_id))
    by_car = (net.modes & CAR) > 0
    kinds = np.bincount(net.highway[by_car], net.length_m[by_car], len(net.highway_names))
    shares = ", ".join(
        f"{name} {share:.1%}"
        for name, share in zip(net.highway_names, kinds / kinds.sum(), strict=True)
    )
    both = net.twin >= 0
    single = int((~by_car).sum())
    return (
        f"{net.node_count:,} nodes, {int(by_car.sum()):,} directed edges, {pieces:,} streets, "
        f"degree {2 * pieces / net.node_count:.2f}, {net.length_m.sum() / 2000:,.0f} km, "
        f"{single:,} one-way ({single / pieces:.1%} of all, {both.mean():.0%} paired); {shares}"
    )


def main() -> None:
    """Make the networks named, and describe them."""
    for name in sys.argv[1:] or SIZES:
        start = time.perf_counter()
        case = load(name)
        print(f"{name} ({time.perf_counter() - start:.1f} s): {describe(case)}", flush=True)


if __name__ == "__main__":
    main()
