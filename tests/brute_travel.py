"""Travel times by another road: every foot a node of a networkx graph, every way an edge."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
import shapely

from coverage.arrays import expand
from coverage.roads.network import FOOT, MODES
from coverage.travel.streets import part

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coverage.profiles import Profile
    from coverage.roads.network import RoadNetwork
    from coverage.travel._reached import ReachedStreets


def street_costs(net: RoadNetwork, profile: Profile) -> dict[int, tuple[int, float, float]]:
    """By street number: an edge with its line, seconds along it and against it."""
    bit = MODES[profile.mode]
    speeds = dict(profile.class_speeds)
    by_id: dict[int, list[int]] = defaultdict(list)
    for e in range(net.edge_count):
        by_id[int(net.edge_id[e])].append(e)
    out = {}
    for number, edges in by_id.items():
        usable = []
        for e in edges:
            name = net.highway_names[net.highway[e]]
            ok = bool(net.modes[e] & bit) and name not in profile.exclude_classes
            others = [o for o in edges if o != e]
            if not profile.ignore_oneway and bit == FOOT and net.modes[e] == FOOT:
                ok = ok and not any(net.modes[o] != FOOT for o in others)
            usable.append(ok)
        if profile.ignore_oneway and any(usable):
            usable = [True] * len(edges)
        first = edges[0]
        cost = [np.inf, np.inf]
        for e, ok in zip(edges, usable, strict=True):
            name = net.highway_names[net.highway[e]]
            seconds = float(net.length_m[e]) / speeds.get(name, profile.speed_mps)
            if ok:
                cost[0 if e == first else 1] = seconds
                if profile.ignore_oneway and len(edges) == 1:
                    cost[1] = seconds
        if np.isfinite(cost).any():
            out[number] = (first, cost[0], cost[1])
    return out


def line_of(net: RoadNetwork, edge: int) -> shapely.LineString:
    some = slice(net.bend_start[edge], net.bend_start[edge + 1])
    t, h = net.tail[edge], net.head[edge]
    inner = list(zip(net.bend_x[some], net.bend_y[some], strict=True))
    return shapely.LineString([(net.x[t], net.y[t]), *inner, (net.x[h], net.y[h])])


class _Brute:
    """The graph of feet; places are ("f", i) for facilities and ("d", j) for homes."""

    def __init__(self, net: RoadNetwork, profile: Profile, direction: str) -> None:
        self.net, self.profile = net, profile
        self.out_of_home = direction == "to_facility"
        self.off = profile.detour / profile.access_speed_mps
        self.graph: nx.DiGraph[object] = nx.DiGraph()
        self.places: list[tuple[str, int, NDArray[np.float64]]] = []

    def add(self, u: object, v: object, seconds: float) -> None:
        known = self.graph.get_edge_data(u, v, {}).get("s", np.inf)
        if np.isfinite(seconds) and seconds < known:
            self.graph.add_edge(u, v, s=seconds)

    def leg(self, home_side: bool, place: object, stop: object, seconds: float) -> None:
        """Homes are left and sites entered, or the other way round."""
        if home_side == self.out_of_home:
            self.add(place, stop, seconds)
        else:
            self.add(stop, place, seconds)

    def feet(self, number: int, edge: int) -> list[tuple[float, object]]:
        line = line_of(self.net, edge)
        found: list[tuple[float, object]] = []
        for kind, i, p in self.places:
            point = shapely.Point(p)
            distance = line.distance(point)
            if distance > self.profile.max_access_m + 1e-6:
                continue
            at = line.project(point) / line.length if line.length > 0 else 0.0
            at = 0.0 if at < 1e-12 else 1.0 if at > 1 - 1e-12 else at
            found.append((at, (number, kind, i)))
            self.leg(kind == "d", (kind, i), (number, kind, i), distance * self.off)
        return found

    def street(self, number: int, edge: int, along: float, against: float) -> None:
        net = self.net
        stops: list[tuple[float, object]] = [(0.0, int(net.tail[edge])), (1.0, int(net.head[edge]))]
        if net.highway_names[net.highway[edge]] not in self.profile.no_access_classes:
            stops += self.feet(number, edge)
        stops.sort(key=lambda stop: stop[0])
        for (t0, u), (t1, v) in pairwise(stops):
            self.add(u, v, 0.0 if t1 - t0 < 1e-12 else (t1 - t0) * along)
            self.add(v, u, 0.0 if t1 - t0 < 1e-12 else (t1 - t0) * against)


def brute_times(
    net: RoadNetwork,
    profile: Profile,
    direction: str,
    facilities: NDArray[np.float64],
    demand: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(f, p) seconds, infinite where there is no way."""
    brute = _Brute(net, profile, direction)
    brute.places = [("f", i, p) for i, p in enumerate(facilities)]
    brute.places += [("d", j, p) for j, p in enumerate(demand)]
    brute.graph.add_nodes_from((kind, i) for kind, i, _ in brute.places)
    for number, (edge, along, against) in street_costs(net, profile).items():
        brute.street(number, edge, along, against)
    for i, f in enumerate(facilities):
        for j, p in enumerate(demand):
            distance = float(np.hypot(*(f - p)))
            if distance <= profile.max_direct_m:
                brute.leg(True, ("d", j), ("f", i), distance * brute.off)
    searched = brute.graph.reverse() if brute.out_of_home else brute.graph
    out = np.full((len(facilities), len(demand)), np.inf)
    for i in range(len(facilities)):
        found = nx.single_source_dijkstra_path_length(searched, ("f", i), weight="s")
        out[i] = [found.get(("d", j), np.inf) for j in range(len(demand))]
    return out


def seconds_at(streets: ReachedStreets, row: np.ndarray, fraction: np.ndarray) -> np.ndarray:
    """Seconds on the streets; exact up to the limit, too large or infinite beyond it.

    Args:
        row: (j,) rows of this table, not numbers of pieces.
        fraction: (j,) along each piece.
    """
    forward, backward = streets.forward[row], streets.backward[row]
    out = np.minimum(
        streets.seconds_a[row] + part(fraction, forward),
        streets.seconds_b[row] + part(1.0 - fraction, backward),
    )
    counts = streets.foot_start[row + 1] - streets.foot_start[row]
    one = np.repeat(np.arange(len(row)), counts)
    foot = expand(streets.foot_start[row], counts)
    along = fraction[one] - streets.foot_fraction[foot]
    street = np.where(
        along >= 0,
        part(np.maximum(along, 0.0), forward[one]),
        part(np.maximum(-along, 0.0), backward[one]),
    )
    np.minimum.at(out, one, streets.foot_seconds[foot] + street)
    return np.asarray(out)
