"""Where people are put whose township alone is known: along streets, round seats, or about."""

from __future__ import annotations

import math
import tracemalloc
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import shapely

import coverage as cov
from built_cities import KINDS, built_city
from coverage.demand.model import from_townships
from coverage.demand.sources import cached_from_townships
from coverage.demand.spread import ROADS_PART, TOWN_LAND_M2, TOWN_PART
from coverage.demand.townships import read_townships
from coverage.intake.coarse import spread_too_wide, stacked
from coverage.roads.edit import reprojected
from demand_city import EAST, MIDDLE, PEOPLE, SEATS, WEST, small_city

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.arrays import Floats
    from coverage.city import City
    from coverage.demand.demand import Demand
    from coverage.roads.network import RoadNetwork

CRS = "EPSG:32649"


def seat_of(code: str) -> Floats:
    """Metres of a seat on the plane."""
    point = gpd.GeoSeries(shapely.points([SEATS[code]]), crs=4326).to_crs(CRS)
    return np.array([point.x[0], point.y[0]])


def streets(*grids: tuple[Floats, int, float, str], crs: str = CRS) -> RoadNetwork:
    """Crossing streets: south-west corner, how many blocks either way, their side, their class."""
    graph: Any = nx.MultiDiGraph(crs=CRS)
    for corner, blocks, side, highway in grids:
        first = len(graph)
        wide = blocks + 1
        for n in range(wide**2):
            x, y = corner + np.array([n % wide, n // wide]) * side
            graph.add_node(first + n, x=float(x), y=float(y))
        for n in range(wide**2):
            for other, ends in ((n + 1, n % wide == blocks), (n + wide, n // wide == blocks)):
                if not ends:
                    for a, b in ((n, other), (other, n)):
                        graph.add_edge(first + a, first + b, length=side, highway=highway)
    return reprojected(cov.network(graph), crs)


def near(demand: Demand, code: str, at: Floats, metres: float) -> float:
    """Share of a township's people within some metres of a place."""
    mine = demand.unit == demand.unit_codes.index(code)
    away = np.hypot(demand.x[mine] - at[0], demand.y[mine] - at[1])
    people = demand.people["all"][mine]
    return float(people[away <= metres].sum() / people.sum())


def placed(demand: Demand) -> dict[str, int]:
    """People with a place by township."""
    found = np.bincount(demand.unit, demand.people["all"], minlength=len(demand.unit_codes))
    return {c: round(n) for c, n in zip(demand.unit_codes, found, strict=True) if n > 0}


def unlisted(folder: Path, **more: Any) -> City:
    return small_city(folder, committees={}, **more)


def test_where_streets_are_mapped_people_live_in_their_blocks(tmp_path: Path) -> None:
    away = seat_of(WEST) + np.array([1500.0, 800.0])
    demand = from_townships(unlisted(tmp_path), network=streets((away, 8, 100.0, "residential")))
    assert near(demand, WEST, away + 400, 400 * math.sqrt(2) + 60) == pytest.approx(1.0)
    assert near(demand, WEST, seat_of(WEST), 500) == 0
    assert placed(demand) == {code: PEOPLE[code] for code in (WEST, MIDDLE, EAST)}
    assert "1个乡镇：没有村居名单，沿街道放置" in demand.notes[0].zh
    assert "2个乡镇：没有村居名单，也没有街巷" in demand.notes[0].zh


def test_a_metre_of_street_has_more_people_where_streets_are_dense(tmp_path: Path) -> None:
    one, two = seat_of(WEST) + np.array([-1500.0, 0.0]), seat_of(WEST) + np.array([1500.0, 0.0])
    network = streets((one, 8, 100.0, "residential"), (two, 2, 400.0, "residential"))
    demand = from_townships(unlisted(tmp_path), network=network)
    dense, loose = near(demand, WEST, one + 400, 700), near(demand, WEST, two + 400, 700)
    assert dense + loose == pytest.approx(1.0)
    metres = 2 * 9 * 800 / (2 * 3 * 800)
    assert dense / loose > 1.2 * metres


def test_nobody_lives_along_motorways_and_field_tracks(tmp_path: Path) -> None:
    there, nowhere = seat_of(WEST), seat_of(WEST) + np.array([1500.0, 0.0])
    network = streets(
        (there, 4, 100.0, "residential"),
        (nowhere, 8, 100.0, "track"),
        (nowhere + 50, 4, 200.0, "motorway_link"),
    )
    demand = from_townships(unlisted(tmp_path), network=network)
    assert near(demand, WEST, nowhere + 400, 700) == 0


def test_with_main_roads_alone_a_town_lies_round_the_seat(tmp_path: Path) -> None:
    road = seat_of(WEST) + np.array([2000.0, -400.0])
    network = streets((road, 1, 800.0, "tertiary"))
    demand = from_townships(unlisted(tmp_path), network=network)
    radius = math.sqrt(TOWN_PART * PEOPLE[WEST] * TOWN_LAND_M2 / math.pi) + 5
    town = near(demand, WEST, seat_of(WEST), radius)
    assert TOWN_PART <= town < TOWN_PART + 0.02
    along = near(demand, WEST, road + 400, 700)
    assert along == pytest.approx((1 - TOWN_PART) * ROADS_PART, abs=0.04)
    assert near(demand, EAST, seat_of(EAST), radius) == pytest.approx(TOWN_PART, abs=0.03)
    assert near(demand, EAST, seat_of(EAST), 4000) < 0.9  # no road: the rest is all about


def test_listed_committees_say_how_many_and_streets_where(tmp_path: Path) -> None:
    close, far = seat_of(MIDDLE), seat_of(MIDDLE) + np.array([-1800.0, -1800.0])
    network = streets((close - 200, 4, 100.0, "residential"), (far, 4, 100.0, "residential"))
    city = small_city(tmp_path, committees={MIDDLE: (2, 10)})
    demand = from_townships(city, network=network)
    part = 2 * 3.45 / (2 * 3.45 + 10)
    assert near(demand, MIDDLE, close, 1000) == pytest.approx(part)
    assert near(demand, MIDDLE, far + 200, 400) == pytest.approx(1 - part)
    assert "社区部分放在驻地附近的街道" in demand.notes[0].zh


def test_a_cell_without_a_seat_and_without_roads_is_even(tmp_path: Path) -> None:
    seats = {code: at for code, at in SEATS.items() if code != WEST}
    demand = from_townships(unlisted(tmp_path, seats=seats))
    mine = demand.unit == demand.unit_codes.index(WEST)
    assert np.ptp(demand.people["all"][mine]) == 0
    assert "没有驻地点，也没有街巷" in demand.notes[0].zh


def test_a_point_inside_a_polygon_is_no_seat() -> None:
    """A frame without seats: nobody is put round the middle of its polygons."""
    cell = shapely.box(400_000, 2_500_000, 406_000, 2_506_000)
    frame = gpd.GeoDataFrame({"name": ["镇"], "people": [9_000]}, geometry=[cell], crs=CRS)
    city = cov.City.from_frames(frame, name="造市", year=2025)
    (unit,) = city.units.townships
    assert unit.placed
    assert not unit.seated
    demand = from_townships(city)
    assert np.ptp(demand.people["all"]) == 0
    told = frame.assign(lon=unit.lon, lat=unit.lat)
    seated = from_townships(cov.City.from_frames(told, name="造市", year=2025))
    assert np.ptp(seated.people["all"]) > 0


def test_roads_of_another_zone_lie_where_they_lie(tmp_path: Path) -> None:
    at = seat_of(WEST)
    grids = ((at, 6, 120.0, "residential"),)
    one = from_townships(unlisted(tmp_path / "a"), network=streets(*grids))
    two = from_townships(unlisted(tmp_path / "b"), network=streets(*grids, crs="EPSG:32650"))
    for code in (WEST, EAST):
        centre = []
        for demand in (one, two):
            mine = demand.unit == demand.unit_codes.index(code)
            people = demand.people["all"][mine]
            centre.append([np.average(v[mine], weights=people) for v in (demand.x, demand.y)])
        assert np.hypot(*(np.array(centre[0]) - centre[1])) < 15


def test_points_lie_in_their_own_cell(tmp_path: Path) -> None:
    """Blocks at a border belong to whom they lie in."""
    city = unlisted(tmp_path)
    ground = read_townships(city)
    corner = seat_of(WEST) - 3000
    demand = from_townships(city, network=streets((corner, 60, 150.0, "residential")))
    found = ground.unit_at(demand.x, demand.y)
    assert np.array_equal(found, demand.unit)
    assert placed(demand) == {code: PEOPLE[code] for code in (WEST, MIDDLE, EAST)}


def test_other_roads_make_another_entry_of_the_cache(tmp_path: Path) -> None:
    from coverage.roads.store import content

    city, cache = unlisted(tmp_path), tmp_path / "cache"
    files = []
    for n, side in enumerate((100.0, 150.0)):
        files.append(tmp_path / f"{n}.npz")
        files[n].write_bytes(content(streets((seat_of(WEST), 6, side, "residential"))))
    one, two, again = (cached_from_townships(city, folder=cache, roads=files[n]) for n in (0, 1, 0))
    assert len(list(cache.iterdir())) == 2
    assert np.array_equal(one.x, again.x)
    assert not (len(one) == len(two) and np.array_equal(one.x, two.x))


@pytest.mark.parametrize("kind", KINDS)
def test_shares_of_built_cities_are_near_the_truth(kind: str) -> None:
    """The line that the model is held to, on one city of each kind it was not chosen on."""
    made = built_city(2, kind)
    even = from_townships(made.unlisted)  # without roads, half the city is empty fields
    for profile, minutes in (("older_walk", 15), ("drive", 15)):
        how: dict[str, Any] = {"profile": profile, "minutes": minutes}
        truth, figure, plain = (
            cov.people_reached(times, group="all")[0].share or 0.0
            for times in (
                cov.travel_time(made.known, **how),
                cov.travel_time(made.unlisted, **how),
                cov.travel_time(made.unlisted, population=even, **how),
            )
        )
        assert abs(figure / truth - 1) <= 0.3
        assert abs(figure - truth) <= abs(plain - truth) + 0.5


def test_check_says_what_is_too_coarse_and_what_is_stacked() -> None:
    city = cov.City.load("清远")
    (wide,), (piled,) = spread_too_wide(city), stacked(city)
    assert "85 个乡镇既没有村居位置也没有街巷" in wide.zh
    assert "440 处设施没有坐标，都放在 85 个乡镇驻地" in piled.zh


def test_check_is_silent_where_places_are_known() -> None:
    made = built_city(1, "city")
    assert spread_too_wide(made.known) == ()
    assert spread_too_wide(made.unlisted) == ()  # its streets are mapped
    assert stacked(made.unlisted) == ()
    assert stacked(made.hidden)


def test_streets_far_away_and_lines_across_the_country_change_nothing(tmp_path: Path) -> None:
    """A road file of a whole country, or one with a slip in it, costs what its city does."""
    town, far = seat_of(WEST), np.array([3e6, 2e6])
    own = (town, 8, 100.0, "residential")
    strange = (town + far, 4, 100.0, "residential"), (town - far, 1, 4e6, "primary")
    found, most = [], []
    for name, network in (("a", streets(own)), ("b", streets(own, *strange))):
        city = unlisted(tmp_path / name)
        tracemalloc.start()
        found.append(from_townships(city, network=network))
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    one, two = found
    assert np.array_equal(one.x, two.x)
    assert np.array_equal(one.y, two.y)
    assert np.array_equal(one.people["all"], two.people["all"])
    assert most[1] < 1.2 * most[0]
