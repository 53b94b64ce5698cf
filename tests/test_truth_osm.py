"""Right on real streets: times as networkx and osmnx have them, walks as Valhalla has them.

`docs/truth.md` shows the numbers; ``python -m pytest tests/test_truth_osm.py -s`` prints them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

import truth
from coverage.circles.polygons import service_circles
from coverage.circles.times import access_of
from coverage.profiles import load_profile
from coverage.roads.convert import to_networkx
from coverage.roads.network import OBSTACLES
from coverage.roads.sources import load
from coverage.travel.access import Points, access_legs
from coverage.travel.prepare import prepare
from coverage.travel.times import node_times, point_seconds, reach, reached_by_any

if TYPE_CHECKING:
    from pathlib import Path

    import networkx as nx

    from coverage.profiles import Profile
    from coverage.roads.network import RoadNetwork
    from coverage.travel.prepare import TravelNetwork
    from coverage.travel.times import Reached

pytestmark = pytest.mark.shared

PLACES = [truth.LIECHTENSTEIN, truth.PORTO_ALEGRE, truth.SHENZHEN]
# Valhalla's raster: a street marks the cells (0.001 degrees, 111 m by 96 m at 30° south) it runs
# through, and their centres are at most half a diagonal, 73 m, away from it.
ACCESS_M = 75.0
STEP_M = 25.0


@cache
def network_of(name: str) -> RoadNetwork:
    """For feet and cars; in the graph of Shenzhen, saved for cars, both may go anywhere."""
    return truth.edges_only(name, ["foot", "car"])


@cache
def graph_of(name: str) -> nx.MultiDiGraph[int]:
    return to_networkx(network_of(name))


def profiles() -> dict[str, Profile]:
    return {
        "walk": truth.on_node("adult_walk"),
        "walk, waiting at crossings": truth.on_node("older_walk", crossing_s=7.0),
        "walk, bound by one-way streets": truth.on_node("adult_walk", ignore_oneway=False),
        "drive": truth.on_node("drive"),
    }


# ---------------------------------------------------------------- networkx, osmnx


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("way", profiles())
def test_times_at_nodes_are_those_of_networkx(name: str, way: str) -> None:
    network, profile = network_of(name), profiles()[way]
    seconds = truth.hand_graph(graph_of(name), profile)
    nodes = network.node_id.tolist()
    sources = truth.starts(network, 3)
    there = truth.our_times(network, profile, sources, "from_facility")
    back = truth.our_times(network, profile, sources, "to_facility")
    turned = seconds.reverse(copy=False)
    for row, source in enumerate(sources):
        for ours, graph in ((there[row], seconds), (back[row], turned)):
            expected = truth.nx_times(graph, nodes[source], nodes)
            np.testing.assert_allclose(ours, expected, rtol=1e-6, atol=1e-6)
    if not profile.ignore_oneway:  # one-way streets were on the way
        both = np.isfinite(there) & np.isfinite(back)
        assert np.abs(there[both] - back[both]).max() > (10.0 if profile.mode == "car" else 0.0)
    assert np.isfinite(there).mean() > 0.8 * np.isin(nodes, list(_touched(seconds))).mean()


@pytest.mark.parametrize(
    "name",
    [
        truth.LIECHTENSTEIN,
        truth.PORTO_ALEGRE,
        truth.SHENZHEN,
    ],
)
def test_a_number_is_borne_by_one_piece_of_street(name: str) -> None:
    _, times = np.unique(network_of(name).edge_id, return_counts=True)
    assert times.max() <= 2


def _touched(graph: nx.DiGraph[int]) -> set[int]:
    return {node for edge in graph.edges() for node in edge}


@pytest.mark.parametrize("name", [truth.LIECHTENSTEIN, truth.PORTO_ALEGRE])
@pytest.mark.parametrize("way", ["walk", "drive"])
def test_times_at_nodes_are_those_of_osmnx(name: str, way: str, tmp_path: Path) -> None:
    """osmnx cuts every way at every point and decides itself which streets are one-way."""
    profile = profiles()[way]
    network = truth.edges_only(name, [profile.mode])
    graph = truth.osmnx_graph(
        truth.osm_file(name),
        truth.ways_of(network),
        tmp_path / "ways.osm",
        both_ways=profile.ignore_oneway,
    )
    if way == "drive":
        assert sum(bool(data["oneway"]) for _, _, data in graph.edges(data=True)) > 100
    _same_as_osmnx(network, graph, profile)


@pytest.mark.parametrize("way", ["walk", "drive"])
def test_times_in_shenzhen_are_those_of_osmnx(way: str) -> None:
    import osmnx

    graph = osmnx.load_graphml(truth.osm_file(truth.SHENZHEN))
    _same_as_osmnx(network_of(truth.SHENZHEN), graph, profiles()[way])


def _same_as_osmnx(
    network: RoadNetwork, graph: nx.MultiDiGraph[int], profile: Profile, *, sources: int = 3
) -> None:
    seconds = truth.osmnx_seconds(graph, profile)
    nodes = network.node_id.tolist()
    assert set(nodes) <= set(graph)
    home = network.highway_names.index("residential")
    tails = np.unique(network.tail[network.highway == home])
    chosen = np.random.default_rng(3).choice(tails, sources, replace=False).tolist()
    ours = truth.our_times(network, profile, chosen, "from_facility")
    for row, source in enumerate(chosen):
        expected = truth.nx_times(seconds, nodes[source], nodes)
        np.testing.assert_allclose(ours[row], expected, rtol=1e-6, atol=1e-5)
    assert np.isfinite(ours).mean() > 0.8


# ---------------------------------------------------------------- Valhalla


@pytest.fixture(scope="module")
def valhalla() -> truth.Valhalla:
    return truth.Valhalla.read()


def test_walks_take_as_long_as_valhalla_says(valhalla: truth.Valhalla) -> None:
    """50 × 50 walks through Porto Alegre, from street to street.

    Valhalla snaps every place to its nearest street for nothing, so both
    ends are put there and the walk begins at once (a metre of access, no
    choice of streets). Its seconds are those of the way of least *cost*,
    where an alley counts double, a driveway fivefold, a change of name five
    seconds, and crossings add seconds: ours may be shorter, not longer.
    """
    xy, _ = valhalla.on_street(valhalla.pair_xy)
    theirs = valhalla.pairs
    snapped = truth.pair_seconds(valhalla.network, truth.walker(1.0), xy)
    legs = truth.pair_seconds(valhalla.network, truth.walker(ACCESS_M), valhalla.pair_xy)
    slow = truth.walker(1.0, class_speeds=(("alley", 0.5),))
    avoiding = truth.pair_seconds(valhalla.with_alleys, slow, xy)
    truth.print_table(
        truth.PAIR_HEAD,
        [
            truth.pair_cells("from street to street", snapped, theirs),
            truth.pair_cells("… our seconds to its metres", snapped, valhalla.pairs_m),
            truth.pair_cells("… its seconds to its metres", theirs, valhalla.pairs_m),
            truth.pair_cells("… against its own shortest", snapped, valhalla.shortest),
            truth.pair_cells("… alleys at half speed", avoiding, theirs),
            truth.pair_cells("… alleys, own shortest", avoiding, valhalla.shortest),
            truth.pair_cells(f"with legs of {ACCESS_M:g} m", legs, theirs),
        ],
    )
    far = theirs > 0
    ratio = snapped[far] / theirs[far]
    assert len(ratio) == 2450
    assert abs(np.median(ratio) - 1) <= 0.01
    assert np.mean(np.abs(ratio - 1) <= 0.08) >= 0.9
    # Hardly ever longer: whatever Valhalla walks, our network has it, too.
    assert ratio.max() < 1.002
    # Valhalla contradicts itself: the way back is shorter, or the way by a third place.
    detour = theirs - valhalla.shortest
    print(f"{np.mean(detour[far] > 60):.1%} of Valhalla's walks are over a minute longer than its")
    print(
        f"own shortest, at most {detour.max():.0f} s; ours are {ratio.max() - 1:.2%} longer at most"
    )
    assert np.mean(detour[far] > 60) > 0.1
    honest = snapped[far] / valhalla.shortest[far]
    assert np.mean(np.abs(honest - 1) <= 0.08) > 0.985


def test_circles_are_those_of_valhalla(valhalla: truth.Valhalla) -> None:
    """15 minutes on foot from 20 places in Porto Alegre.

    Speed 1 m/s on the road and off it, no detour; access as explained at
    `ACCESS_M`; the origin on its nearest street, as Valhalla has it.
    """
    xy, away = valhalla.on_street(valhalla.origin_xy)
    network, walk = valhalla.network, truth.walker(ACCESS_M)
    ours = truth.drawn(network, walk, xy, 15, STEP_M)
    found = truth.Agreement.of("origin on its street, 75 m", valhalla, ours, 15)
    rows = [found]
    off = truth.drawn(network, walk, valhalla.origin_xy, 15, STEP_M)
    rows.append(truth.Agreement.of("origin where it is, 75 m", valhalla, off, 15))
    ships = truth.as_shipped("adult_walk")
    for name, places in (("on its street", xy), ("where it is", valhalla.origin_xy)):
        shapes = truth.drawn(network, ships, places, 15, ships.resolution_m)
        rows.append(truth.Agreement.of(f"origin {name}, as shipped", valhalla, shapes, 15))
    slow = truth.walker(ACCESS_M, class_speeds=(("alley", 0.5),))
    shapes = truth.drawn(valhalla.with_alleys, slow, xy, 15, STEP_M)
    rows.append(truth.Agreement.of("… alleys at half speed", valhalla, shapes, 15))
    for minutes in (10, 5):
        shapes = truth.drawn(network, walk, xy, minutes, STEP_M)
        rows.append(truth.Agreement.of(f"… {minutes} minutes", valhalla, shapes, minutes))
    truth.print_table(truth.AREA_HEAD, [row.cells() for row in rows])
    theirs = valhalla.areas[15]
    apart = shapely.symmetric_difference(ours, theirs)
    rim = shapely.intersection(apart, shapely.buffer(shapely.boundary(theirs), 100.0))
    share = shapely.area(rim).sum() / shapely.area(apart).sum()
    print(f"of the {shapely.area(apart).sum() / shapely.area(theirs).sum():.1%} of its area where")
    print(f"the two differ, {share:.1%} lies within 100 m of Valhalla's outline")
    for i in np.argsort(found.iou)[:5]:
        print(f"origin {i}: {away[i]:.0f} m off, IoU {found.iou[i]:.3f}, area {found.area[i]:.3f}")
    assert np.median(found.iou) >= 0.82
    assert abs(np.median(found.people) - 1) <= 0.05
    assert abs(found.people_sum - 1) <= 0.05
    assert abs(np.median(found.area) - 1) <= 0.05
    assert share > 0.75
    assert np.median(rows[1].iou) >= 0.82
    for shipped in rows[2:4]:
        assert np.median(shipped.iou) >= 0.86
        assert abs(shipped.area_sum - 1) <= 0.05
        assert abs(shipped.people_sum - 1) <= 0.03


def test_valhallas_outlines_lie_on_a_raster_of_a_thousandth_degree(
    valhalla: truth.Valhalla,
) -> None:
    """Why 75 m: a fifth of an outline's corners leave one remainder by 0.001 degrees."""
    steps = (0.0007, 0.001, 0.0013)
    share = [
        [_most_alike(degrees, step) for step in steps]
        for one in np.concatenate(list(valhalla.areas.values()))
        for degrees in valhalla.network.to_lonlat(*shapely.get_coordinates(one).T)
    ]
    other, its_own, another = np.mean(share, axis=0)
    print(f"\ncorners on grid lines: {other:.3f}, {its_own:.3f}, {another:.3f} by {steps}")
    assert its_own > 0.15 > 2 * max(other, another)


def _most_alike(degrees: truth.Floats, step: float) -> float:
    """Share of coordinates in the fullest of 2e-6 degrees of remainders by the step."""
    remainder = np.mod(np.round(degrees, 6), step)
    return float(np.bincount((remainder / 2e-6).astype(int)).max() / len(degrees))


# ---------------------------------------------------------------- the circle promise


@pytest.fixture(scope="module")
def liechtenstein() -> tuple[TravelNetwork, np.ndarray]:
    network = load(truth.osm_file(truth.LIECHTENSTEIN), modes=["foot"])
    profile = replace(load_profile("adult_walk"), max_access_m=120.0, max_direct_m=90.0)
    rng = np.random.default_rng(5)
    near = rng.choice(network.node_count, 5, replace=False)
    xy = np.column_stack([network.x[near], network.y[near]]) + rng.uniform(-60, 60, (5, 2))
    return prepare(network, profile), xy


def test_circles_on_real_streets_keep_their_promise(
    liechtenstein: tuple[TravelNetwork, np.ndarray],
) -> None:
    tn, xy = liechtenstein
    profile, step, minutes = tn.profile, 50.0, (5, 10, 15)
    rule = access_of(profile)
    slack = step * np.sqrt(2) * (1 / 0.60 + rule.cost_s_per_m)  # 0.60 m/s: stairs, the slowest
    found = list(node_times(tn, xy, 900.0 + slack))
    shapes = service_circles(tn, found, [60.0 * m for m in minutes], step_m=step)
    for one, circles in zip(found, shapes, strict=True):
        for limit, circle in zip(minutes, circles, strict=True):
            assert circle.is_valid
            _inside_is_reached(one, circle, 60.0 * limit + slack, step * np.sqrt(2))
            _reached_roads_are_inside(one, circle, 60.0 * limit)
        for small, large in pairwise(circles):
            assert shapely.difference(small, large).area < 1e-6


def _inside_is_reached(
    one: Reached, circle: shapely.MultiPolygon, limit: float, more: float
) -> None:
    """Points inside are reached within the limit and the tolerance of one cell."""
    tn, profile = one.tn, one.tn.profile
    west, south, east, north = circle.bounds
    rng = np.random.default_rng(11)
    points = rng.uniform((west, south), (east, north), (800, 2))
    points = points[shapely.contains_xy(circle, points)]
    assert len(points) > 100
    legs = access_legs(tn, points[:, 0], points[:, 1], max_access_m=profile.max_access_m + more)
    row, seconds = point_seconds(one, Points(tn, points, legs))
    reached = np.zeros(len(points), dtype=bool)
    reached[row[seconds <= limit]] = True
    straight = np.hypot(*(points - one.xy[0]).T)
    reached |= straight <= profile.max_direct_m + more
    # Cells are not cut at water and railways: there a circle may be a cell too wide.
    assert tn.walls is not None
    walls = shapely.STRtree(tn.walls.shapes)
    at_wall = walls.query(shapely.points(points), predicate="dwithin", distance=more)[0]
    reached[at_wall] = True
    assert reached.all()


def _reached_roads_are_inside(one: Reached, circle: shapely.MultiPolygon, limit: float) -> None:
    """Places on streets with their time along the street within the limit are inside."""
    tn, streets = one.tn, one.streets
    share = np.random.default_rng(12).random(len(streets.piece))
    ahead = streets.seconds_a + share * streets.forward
    behind = streets.seconds_b + (1 - share) * streets.backward
    within = np.flatnonzero(np.minimum(ahead, behind) <= limit)
    lines = np.array(
        [shapely.LineString(tn.unfolded.network.line(int(e))) for e in streets.edge[within]]
    )
    places = shapely.line_interpolate_point(lines, share[within], normalized=True)
    assert len(places) or not len(one.rank), "none only where obstacles bar all legs"
    assert shapely.distance(circle, places).max(initial=0) <= 1e-6


def test_one_more_facility_never_shrinks_what_is_served(
    liechtenstein: tuple[TravelNetwork, np.ndarray],
) -> None:
    tn, xy = liechtenstein
    served = [
        service_circles(
            tn, [reached_by_any(tn, xy[:count], 600.0)], [600.0], step_m=50.0, how="dissolve"
        )[0, 0]
        for count in range(1, len(xy) + 1)
    ]
    for fewer, more in pairwise(served):
        assert shapely.difference(fewer, more).area < 1e-6
    assert served[-1].area > served[0].area


def test_nobody_walks_across_the_rhine() -> None:
    """Opposite banks, over 1 km from a bridge: not reached in 15 minutes, whatever the legs."""
    network = load(truth.osm_file(truth.LIECHTENSTEIN), modes=["foot"])
    line = np.repeat(np.arange(len(network.obstacle)), np.diff(network.obstacle_start))
    points = np.column_stack([network.obstacle_x, network.obstacle_y])
    lines = np.asarray(shapely.linestrings(points, indices=line))
    river = lines[network.obstacle == OBSTACLES.index("river")]
    rhine = shapely.line_merge(shapely.union_all(river[shapely.length(river) > 5_000]))
    bridges = [shapely.LineString(network.line(int(e))) for e in np.flatnonzero(network.level == 1)]
    crossing = [bridge for bridge in bridges if bridge.intersects(rhine)]
    assert len(crossing) > 4
    main = max(shapely.get_parts(rhine), key=shapely.length)
    stations = np.arange(500.0, shapely.length(main) - 500, 250.0)
    here = shapely.line_interpolate_point(main, stations)
    far = shapely.distance(shapely.union_all(crossing), here) > 1_000
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(main, stations + 50.0))[far]
    here_xy = shapely.get_coordinates(here)[far]
    across = (ahead - here_xy)[:, ::-1] * [1, -1]
    across /= np.hypot(*across.T)[:, None]
    one, two = here_xy + 130 * across, here_xy - 130 * across
    assert len(one) > 20
    for name in ("adult_walk", "older_walk"):
        tn = prepare(network, load_profile(name))
        found = reach(tn, one, two, 900.0)
        facility = np.repeat(np.arange(len(one)), np.diff(found.start))
        assert not (facility == found.demand).any()
