"""A city, registers, people and plans from frames that never touched a folder of ours."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import networkx as nx
import pandas as pd
import pytest
from shapely import Point, box

import coverage as cov
from coverage.errors import InputError
from coverage.results.from_report import to_dict

PLANE = "EPSG:32648"
WEST, SOUTH, SIDE = 500_000, 3_300_000, 2_000


def towns(**columns: Any) -> gpd.GeoDataFrame:
    """Nine square towns of 2 km, three by three."""
    at = [(i, j) for i in range(3) for j in range(3)]
    cells = [
        box(WEST + SIDE * i, SOUTH + SIDE * j, WEST + SIDE * (i + 1), SOUTH + SIDE * (j + 1))
        for i, j in at
    ]
    data = {"name": [f"T{i}{j}" for i, j in at], "people": [1000.0] * 9, "60+": [200] * 9}
    return gpd.GeoDataFrame(data | columns, geometry=cells, crs=PLANE)


def grid() -> nx.MultiDiGraph[Any]:
    """Streets every 500 m."""
    graph: nx.MultiDiGraph[Any] = nx.MultiDiGraph(crs=PLANE)
    for i in range(13):
        for j in range(13):
            graph.add_node((i, j), x=WEST + 500 * i, y=SOUTH + 500 * j)
    for i, j in list(graph):
        for other in ((i + 1, j), (i, j + 1)):
            if other in graph:
                graph.add_edge((i, j), other, length=500.0, highway="residential")
                graph.add_edge(other, (i, j), length=500.0, highway="residential")
    return graph


def facilities(**columns: Any) -> gpd.GeoDataFrame:
    places = gpd.points_from_xy([WEST + 1000, WEST + 5000], [SOUTH + 1000, SOUTH + 5000])
    data = {"name": ["甲", "乙"], "kind": ["elder_care", "养老机构"]}
    return gpd.GeoDataFrame(data | columns, geometry=places, crs=PLANE)


PLAN = pd.DataFrame({"name": ["centres"], "kind": ["elder_care"], "target": [">=60"]})


@pytest.fixture(scope="module")
def city() -> cov.City:
    return cov.City.from_frames(
        towns(), name="Made", facilities=facilities(), roads=grid(), plan=PLAN, year=2030
    )


def test_frames_are_left_as_they_were() -> None:
    units, rows, plan = towns(), facilities(), PLAN.copy()
    before = units.copy(), rows.copy()
    cov.City.from_frames(units, facilities=rows, plan=plan)
    assert units.equals(before[0])
    assert rows.equals(before[1])
    assert plan.equals(PLAN)


def test_a_city_of_ones_own_reports(city: cov.City) -> None:
    report = cov.assess(city)
    (found,) = report
    assert (found.measurement.numerator, found.measurement.denominator) == (2, 9)
    assert found.targets[0].gap_units == 4
    assert report.year == 2030
    assert "Made" in repr(city)
    assert set(city.to_frame().query("origin == 'own'")["data"]) >= {"units", "roads", "facilities"}
    assert to_dict(report, "en")["city"]["name"] == "Made"


def test_times_circles_and_siting(city: cov.City) -> None:
    times = cov.travel_time(city, minutes=15)
    assert times.demand.total() == pytest.approx(9000)
    assert times.demand.total("60+") == pytest.approx(1800)
    assert len(cov.draw(times)) == 2
    proposal = cov.site(city, kind="elder_care", minutes=15, max_new=2)
    assert len(proposal.to_frame()) == 2
    units = cov.site(city, indicator="own.1")
    assert len(units.sites) == 4


def test_each_kind_of_population(city: cov.City) -> None:
    points = gpd.GeoDataFrame(
        {"people": [10, 20]},
        geometry=[Point(WEST + 900, SOUTH + 900), Point(WEST + 9, SOUTH + 9)],
        crs=PLANE,
    )
    assert cov.travel_time(city, minutes=15, population=points).demand.total() == 30
    bare = towns().drop(columns=["people", "60+"])
    own = cov.City.from_frames(bare, facilities=facilities(), roads=grid(), population=points)
    assert cov.travel_time(own, minutes=15).demand.total() == 30
    table = pd.DataFrame({"unit": bare["name"], "people": range(1, 10)})
    by_name = cov.City.from_frames(bare, population=table, year=2024)
    whole = by_name.population.latest(by_name.code, "all")
    assert whole is not None
    assert (whole.count, whole.year) == (45, 2024)


def test_counties_are_made_of_their_towns() -> None:
    county = ["North" if n % 3 else "South" for n in range(9)]
    made = cov.City.from_frames(towns(county=county), name="Made")
    assert [u.name for u in made.units.counties] == ["South", "North"]
    assert made.boundaries("counties").shapes[0].area == pytest.approx(
        sum(p.area for c, p in zip(*_outlines(made), strict=True) if c.startswith("990001"))
    )
    sums = {r.unit_code: r.count for r in made.population.rows if r.group == "all"}
    assert sums["990002"] == 6000
    assert sums[made.code] == 9000


def _outlines(city: cov.City) -> tuple[list[str], Any]:
    found = city.boundaries("townships")
    return found.codes, found.shapes


def test_codes_of_the_users_own_are_kept() -> None:
    codes = [f"4418021{n:02}000" for n in range(9)]
    made = cov.City.from_frames(towns(code=codes), name="清远")
    assert made.code == "441800"
    assert [u.code for u in made.units.townships] == [c[:9] for c in codes]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.set_crs(None, allow_override=True), "CRS"),
        (lambda t: pd.DataFrame(t.drop(columns="geometry")), "GeoDataFrame"),
        (lambda t: t.assign(geometry=t.geometry.centroid), "no polygon"),
        (lambda t: t.assign(code=["441802001"] * 9), "nine digits"),
        (lambda t: t.assign(category="城"), "choose from"),
        (lambda t: t.assign(people=["many", *[1] * 8]), "no number of people"),
        (lambda t: t.iloc[:0], "GeoDataFrame"),
    ],
)
def test_bad_units_are_refused_in_one_sentence(change: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        cov.City.from_frames(change(towns()))


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (PLAN.assign(kind="castle"), "no such kind"),
        (PLAN.assign(target="most"), "such as >=60"),
        ({"plan": {}}, "this is missing"),
    ],
)
def test_bad_plans_are_refused(plan: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        cov.City.from_frames(towns(), plan=plan)


def test_a_city_without_roads_says_so() -> None:
    made = cov.City.from_frames(towns(), name="Made", facilities=facilities())
    with pytest.raises(InputError, match="Made has no roads"):
        cov.travel_time(made)
    assert len(cov.assess(made)) == 0, "no plan, no indicators"


def test_a_register_from_a_frame_finds_its_units() -> None:
    city = cov.City.load("珠山")
    place = city.units.get("360203006")
    assert place is not None
    frame = pd.DataFrame(
        {
            "name": ["a", "b", "c"],
            "unit": [None, place.name, None],
            "unit_code": [None, None, "360203007"],
            "lon": [117.21, None, None],
            "lat": [29.29, None, None],
            "beds": [20.0, None, 8],
        }
    )
    found = cov.register(frame, city, kind="elder_care")
    assert [f.unit_code for f in found] == ["360203011", "360203006", "360203007"]
    assert [f.beds for f in found] == [20, None, 8]
    assert {f.provenance for f in found} == {"surveyed"}


def test_a_register_goes_out_and_comes_back_the_same() -> None:
    city = cov.City.load("江门")
    again = cov.register(city.register.to_frame(), city)
    assert again.facilities == city.register.facilities


def test_bad_rows_are_named_by_number_and_column() -> None:
    city = cov.City.load("珠山")
    frame = pd.DataFrame({"name": ["a", ""], "kind": ["castle", "elder_care"], "beds": [-1, 3]})
    with pytest.raises(InputError) as raised:
        cov.register(frame, city)
    places = {(p.row, p.column) for p in raised.value.problems}
    assert places == {(0, "kind"), (0, "beds"), (1, "name")}


def test_a_graph_a_file_and_a_network_are_roads(city: cov.City) -> None:
    network = cov.network(grid())
    assert network.node_count == 169
    times = [cov.travel_time(city, minutes=15, roads=r) for r in (grid(), network, None)]
    assert len({float(t.seconds.sum()) for t in times}) == 1
