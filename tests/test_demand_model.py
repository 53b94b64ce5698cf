"""The model of demand keeps the table's totals and puts people where it says."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coverage.city import City
from coverage.demand.demand import CACHE, model_files
from coverage.demand.model import from_townships
from coverage.demand.sources import cached_from_townships, demand_of
from coverage.demand.townships import onto, people_by_township, read_townships
from coverage.errors import InputError, UnknownNameError
from coverage.formats import archives
from demand_city import (
    CELLS,
    CODE,
    COUNTIES,
    EAST,
    FARM,
    MIDDLE,
    NO_SEAT,
    PEOPLE,
    SEATS,
    WEST,
    small_city,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from coverage.demand.demand import Demand

CITIES = ("清远", "中山", "阳江", "江门", "珠山")


def by_unit(demand: Demand, group: str = "all") -> dict[str, float]:
    """People by township, those without a place included."""
    found = dict(demand.not_placed[group])
    for i, code in enumerate(demand.unit_codes):
        here = demand.unit == i
        if here.any():
            found[code] = found.get(code, 0.0) + float(demand.people[group][here].sum())
    return found


def seat_distance(demand: Demand, code: str, seat: tuple[float, float]) -> NDArray[np.float64]:
    """Metres from each point of a township to a seat, by pyproj alone."""
    to_plane = pyproj.Transformer.from_crs("EPSG:4326", demand.crs, always_xy=True)
    x, y = to_plane.transform(*seat)
    mine = demand.unit == demand.unit_codes.index(code)
    return np.asarray(np.hypot(demand.x[mine] - x, demand.y[mine] - y))


def weights(demand: Demand, code: str) -> NDArray[np.float64]:
    return np.asarray(demand.people["all"][demand.unit == demand.unit_codes.index(code)])


@pytest.mark.parametrize("name", CITIES)
def test_every_township_keeps_its_people(name: str) -> None:
    city = City.load(name)
    demand = from_townships(city)
    for group in demand.groups:
        year = city.population.base_year(group)
        table = {
            r.unit_code: r.count
            for r in city.population.rows
            if (r.level, r.group, r.year) == ("township", group, year) and r.count
        }
        found = by_unit(demand, group)
        assert found.keys() == table.keys()
        for code, count in table.items():
            assert found[code] == pytest.approx(count, rel=1e-9)
        assert demand.total(group) == pytest.approx(sum(table.values()), rel=1e-9)


@pytest.mark.parametrize("name", CITIES)
def test_structure_of_a_shipped_city(name: str) -> None:
    demand = from_townships(City.load(name))
    assert demand.crs == ("EPSG:32650" if name == "珠山" else "EPSG:32649")
    assert demand.groups == (("all",) if name == "珠山" else ("all", "60+"))
    assert demand.provenance == "modelled"
    arrays: list[NDArray[Any]] = [demand.x, demand.y, demand.unit, *demand.people.values()]
    assert {array.shape for array in arrays} == {(len(demand),)}
    assert demand.unit.dtype == np.int32
    assert demand.unit.min() >= 0
    assert all((people >= 0).all() for people in demand.people.values())
    assert all(note.zh and note.en for note in demand.notes)
    assert "模型" in demand.notes[0].zh
    assert "model" in demand.notes[0].en


def test_qingyuan_has_only_its_farms_without_a_place() -> None:
    city = City.load("清远")
    demand = from_townships(city)
    assert len(demand.not_placed["all"]) == 7
    assert all(city.units[code].category == "统计单元" for code in demand.not_placed["all"])
    note = next(note for note in demand.notes if "大坪镇" in note.zh)
    assert "disc" in note.en


def test_qingyuan_is_quick() -> None:
    took = []
    for _ in range(3):
        city = City.load("清远")
        start = time.process_time()
        from_townships(city)
        took.append(time.process_time() - start)
    assert min(took) < 0.5  # of the processor: 0.06 was seen


def test_residents_live_near_the_seat_and_the_rest_everywhere(tmp_path: Path) -> None:
    demand = from_townships(small_city(tmp_path))
    near = 3.45 * 2 / (3.45 * 2 + 10)
    distance, people = seat_distance(demand, WEST, SEATS[WEST]), weights(demand, WEST)
    heavy = np.isclose(people, PEOPLE[WEST] * near / 317)  # points with x² + y² ≤ 10² in Z²
    assert int(heavy.sum()) == 317
    assert distance[heavy].max() <= 1000 + 1e-6
    assert people[heavy].sum() == pytest.approx(PEOPLE[WEST] * near, rel=1e-12)
    assert np.ptp(people[~heavy]) == 0
    ground = read_townships(small_city(tmp_path))
    # One point stands for step² of ground: their number tells the area, border aside.
    cell = ground.cells[0]
    assert abs((~heavy).sum() * 500.0**2 / cell.area - 1) < 0.1


def test_every_lattice_point_is_in_its_cell_and_all_are(tmp_path: Path) -> None:
    city = small_city(tmp_path, committees=dict.fromkeys(CELLS, (0, 1)))
    ground, demand = read_townships(city), from_townships(city, step_m=400)
    for i, cell in zip(ground.cell_unit, ground.cells, strict=True):
        mine = demand.unit == i
        points = shapely.points(demand.x[mine], demand.y[mine])
        assert shapely.contains(cell, points).all()
    west, south, east, north = shapely.total_bounds(ground.cells)
    steps = [np.arange(np.ceil(a / 400), b / 400) * 400 for a, b in ((west, east), (south, north))]
    lattice = shapely.points(*(grid.ravel() for grid in np.meshgrid(*steps)))
    expected = sum(int(shapely.contains(cell, lattice).sum()) for cell in ground.cells)
    assert len(demand) == expected
    assert len(np.unique(np.column_stack([demand.x, demand.y]), axis=0)) == len(demand)


def test_only_residents_committees_means_only_the_disc(tmp_path: Path) -> None:
    demand = from_townships(small_city(tmp_path))
    assert seat_distance(demand, MIDDLE, SEATS[MIDDLE]).max() <= 1000 + 1e-6
    assert np.ptp(weights(demand, EAST)) == 0
    assert seat_distance(demand, EAST, SEATS[EAST]).max() > 3000


def test_the_disc_is_clipped_to_the_cell(tmp_path: Path) -> None:
    city = small_city(tmp_path, seats={**SEATS, MIDDLE: (113.119, 23.65)})
    demand, ground = from_townships(city), read_townships(city)
    mine = demand.unit == demand.unit_codes.index(MIDDLE)
    assert shapely.contains_xy(ground.cells[1], demand.x[mine], demand.y[mine]).all()
    assert 140 < mine.sum() < 220


def test_a_seat_outside_its_cell_keeps_the_whole_disc_and_says_so(tmp_path: Path) -> None:
    demand = from_townships(small_city(tmp_path, seats={**SEATS, MIDDLE: (113.13, 23.65)}))
    mine = demand.unit == demand.unit_codes.index(MIDDLE)
    assert mine.sum() == 317
    assert any("中街道" in note.zh and "未裁剪" in note.zh for note in demand.notes)
    assert by_unit(demand)[MIDDLE] == pytest.approx(PEOPLE[MIDDLE], rel=1e-12)


def test_a_cell_smaller_than_the_lattice_lives_at_its_seat(tmp_path: Path) -> None:
    lon, lat = SEATS[EAST]
    tiny = shapely.box(lon - 1e-4, lat - 1e-4, lon + 1e-4, lat + 1e-4)
    demand = from_townships(small_city(tmp_path, cells={**CELLS, EAST: tiny}))
    assert seat_distance(demand, EAST, SEATS[EAST]).tolist() == pytest.approx([0.0], abs=1e-6)
    assert weights(demand, EAST).tolist() == [PEOPLE[EAST]]


def test_people_without_a_place_are_not_dropped(tmp_path: Path) -> None:
    demand = from_townships(small_city(tmp_path))
    assert demand.not_placed["all"] == {NO_SEAT: 3000.0, FARM: 50.0}
    assert demand.not_placed["60+"] == {NO_SEAT: 600.0, FARM: 10.0}
    assert demand.total("all") == pytest.approx(sum(PEOPLE.values()), rel=1e-12)
    assert any("3,050" in note.zh and "3,050" in note.en for note in demand.notes)


def test_most_of_a_county_with_one_cell_is_spread_over_the_county(tmp_path: Path) -> None:
    """Nothing tells where in it the units without a seat lie: not in the one that has a seat."""
    people = {**PEOPLE, NO_SEAT: 9_000}
    demand = from_townships(small_city(tmp_path, people=people))
    assert demand.not_placed["all"] == {}
    assert by_unit(demand) == pytest.approx(people, rel=1e-12)
    here = demand.unit == demand.unit_codes.index(NO_SEAT)
    townships = read_townships(small_city(tmp_path, people=people))
    county = onto(np.array([COUNTIES["900200"]]), "EPSG:4326", townships.crs, densify=False)[0]
    assert shapely.contains_xy(county, demand.x[here], demand.y[here]).all()
    east = townships.cells[townships.cell_unit.tolist().index(demand.unit_codes.index(EAST))]
    assert not shapely.contains_xy(east, demand.x[here], demand.y[here]).all()
    assert len(set(weights(demand, NO_SEAT).tolist())) == 1
    assert any("9,050" in note.zh and "9,050" in note.en for note in demand.notes)


def test_the_people_of_zhushan_are_spread_over_the_district() -> None:
    demand = from_townships(City.load("珠山"))
    assert demand.not_placed["all"] == {}
    assert len(set(demand.unit.tolist())) == 11
    assert demand.total("all") == pytest.approx(383_500, abs=1e-6)


def test_a_seat_without_a_cell_has_no_place_and_a_cell_without_a_seat_has(tmp_path: Path) -> None:
    seats = {code: place for code, place in SEATS.items() if code != EAST}
    cells = {code: cell for code, cell in CELLS.items() if code != WEST}
    demand = from_townships(small_city(tmp_path, seats=seats, cells=cells))
    assert set(demand.not_placed["all"]) == {WEST, NO_SEAT, FARM}
    assert {demand.unit_codes[i] for i in demand.unit} == {MIDDLE, EAST}
    assert np.ptp(weights(demand, EAST)) == 0  # nothing tells where in it they live


def test_a_group_that_some_township_lacks_is_left_out(tmp_path: Path) -> None:
    city = small_city(tmp_path, older={WEST: 100, MIDDLE: 200})
    demand = from_townships(city)
    assert demand.groups == ("all",)
    assert any("60+" in note.zh and "未采用" in note.zh for note in demand.notes)
    assert people_by_township(city)[1] == ("60+",)


def test_a_township_without_a_figure_is_named(tmp_path: Path) -> None:
    known = {code: count for code, count in PEOPLE.items() if code != EAST}
    demand = from_townships(small_city(tmp_path, people=known))
    assert any("东乡" in note.zh and "未计" in note.zh for note in demand.notes)


def test_the_same_input_gives_the_same_points() -> None:
    one, two = (from_townships(City.load("中山")) for _ in range(2))
    assert_same(one, two)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=st.fixed_dictionaries({code: st.integers(0, 10**7) for code in PEOPLE}),
    committees=st.fixed_dictionaries(
        {code: st.tuples(st.integers(0, 9), st.integers(0, 9)) for code in PEOPLE}
    ),
    step=st.floats(150, 30_000),
)
def test_totals_are_kept_whatever_the_table(
    tmp_path: Path,
    people: dict[str, int],
    committees: dict[str, tuple[int, int]],
    step: float,
) -> None:
    demand = from_townships(small_city(tmp_path, people=people, committees=committees), step_m=step)
    found = by_unit(demand)
    for code, count in people.items():
        assert found.get(code, 0.0) == pytest.approx(count, rel=1e-9)


@pytest.mark.parametrize("step", [0, -5, float("nan"), float("inf"), 0.5])
def test_a_step_that_is_none_is_refused(tmp_path: Path, step: float) -> None:
    with pytest.raises(InputError, match="step_m"):
        from_townships(small_city(tmp_path), step_m=step)


def test_no_figures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no township figures"):
        from_townships(small_city(tmp_path, people={}))


def test_bad_boundaries_are_refused(tmp_path: Path) -> None:
    city = small_city(tmp_path)
    path = tmp_path / "boundaries" / f"{CODE}-townships.geojson"
    good = json.loads(path.read_text(encoding="utf-8"))
    point = {"type": "Feature", "properties": {"code": WEST}}
    point["geometry"] = {"type": "Point", "coordinates": [113, 23]}
    bad = {
        "the JSON is damaged": ["{"],
        "no features": ["[]", '{"features": [1]}', '{"features": [{"properties": {}}]}'],
        "layer has no features": ['{"features": []}'],
        "must be a polygon": [json.dumps({"features": [point]})],
        "no such township": [path.read_text(encoding="utf-8").replace(WEST, "123456789")],
        "two polygons": [json.dumps({"features": good["features"] * 2})],
    }
    for reason, texts in bad.items():
        for text in texts:
            path.write_text(text, encoding="utf-8")
            with pytest.raises(InputError, match=reason):
                from_townships(city)
    path.unlink()
    with pytest.raises(InputError, match="no township boundaries"):
        from_townships(city)


def test_a_point_on_a_border_has_the_lower_code(tmp_path: Path) -> None:
    ground = read_townships(small_city(tmp_path))
    shared = shapely.intersection(ground.cells[1], ground.cells[2])
    x, y = (
        np.array([shapely.get_x(shapely.get_point(shared, 0))]),
        np.array([shapely.get_y(shapely.get_point(shared, 0))]),
    )
    assert ground.unit_at(x, y).tolist() == [ground.unit_codes.index(MIDDLE)]
    assert ground.unit_at(x + 1e6, y, tolerance_m=500).tolist() == [-1]


def test_densified_borders_stay_where_they_are() -> None:
    square = np.array([shapely.box(500_000, 2_600_000, 560_000, 2_640_000)], np.object_)
    there = onto(square, "EPSG:32649", "EPSG:4326")
    back = onto(there, "EPSG:4326", "EPSG:32649")
    assert shapely.hausdorff_distance(back[0], square[0]) < 0.05
    assert shapely.symmetric_difference(back[0], square[0]).area < 2000  # a centimetre of border


def test_an_unknown_group_is_named(tmp_path: Path) -> None:
    demand = from_townships(small_city(tmp_path))
    with pytest.raises(UnknownNameError, match="'80\\+'; it has all, 60\\+"):
        demand.total("80+")


def assert_same(one: Demand, two: Demand) -> None:
    for name in ("x", "y", "unit"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name), strict=True)
    assert one.groups == two.groups
    for group in one.groups:
        np.testing.assert_array_equal(one.people[group], two.people[group], strict=True)
    for name in ("crs", "unit_codes", "not_placed", "provenance", "source", "notes"):
        assert getattr(one, name) == getattr(two, name)
    assert {type(note) for note in one.notes} == {type(note) for note in two.notes}


def test_the_cache_gives_back_what_was_made(tmp_path: Path) -> None:
    city = small_city(tmp_path / "city")
    made = cached_from_townships(city, folder=tmp_path / "cache")
    (entry,) = (tmp_path / "cache").iterdir()
    read = CACHE.read(entry)
    assert read is not None
    assert_same(made, read)
    assert_same(made, cached_from_townships(city, folder=tmp_path / "cache"))
    assert_same(made, from_townships(city))


@pytest.mark.parametrize("harm", ["cut", "empty", "flip", "other"])
def test_a_spoilt_cache_is_made_anew(tmp_path: Path, harm: str) -> None:
    city = small_city(tmp_path / "city")
    made = cached_from_townships(city, folder=tmp_path / "cache")
    (entry,) = (tmp_path / "cache").iterdir()
    raw = bytearray(entry.read_bytes())
    raw[len(raw) // 2] ^= 1
    spoilt = {"cut": raw[:-100], "empty": b"", "flip": raw, "other": b"x" * 200}[harm]
    entry.write_bytes(bytes(spoilt))
    assert CACHE.read(entry) is None
    assert_same(made, cached_from_townships(city, folder=tmp_path / "cache"))
    assert CACHE.read(entry) is not None


def test_the_cache_follows_every_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    city, cache = small_city(tmp_path / "city"), tmp_path / "cache"
    cached_from_townships(city, folder=cache)
    cached_from_townships(city, folder=cache, step_m=250)
    assert len(list(cache.iterdir())) == 2
    for count, path in enumerate(model_files(city), start=3):
        path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        cached_from_townships(city, folder=cache)
        assert len(list(cache.iterdir())) == count
    monkeypatch.setattr(archives, "__version__", "999")
    cached_from_townships(city, folder=cache)
    assert len(list(cache.iterdir())) == len(model_files(city)) + 3


def test_a_cache_that_cannot_be_written_costs_no_answer(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way", encoding="utf-8")
    demand = cached_from_townships(small_city(tmp_path), folder=blocked)
    assert len(demand) > 0


def test_a_missing_input_is_said(tmp_path: Path) -> None:
    city = small_city(tmp_path)
    model_files(city)[0].unlink()
    with pytest.raises(InputError, match="no population table"):
        cached_from_townships(city)


def test_no_file_means_the_model(tmp_path: Path) -> None:
    city = small_city(tmp_path)
    demand, problems = demand_of(city)
    assert problems == []
    assert_same(demand, from_townships(city))
    with pytest.raises(InputError, match=r"people\.xls: .*people are read from \.tif"):
        demand_of(city, tmp_path / "people.xls")


def test_the_model_needs_no_geopandas_and_the_cache_no_shapely() -> None:
    code = (
        "import sys\n"
        "from coverage.city import City\n"
        "from coverage.demand.sources import demand_of\n"
        "demand_of(City.load('珠山'))\n"
        "print(*sorted({'geopandas', 'pandas', 'shapely', 'pyproj'} & set(sys.modules)))\n"
    )
    first, second = (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(2)
    )
    assert not {"geopandas", "pandas"} & set(first)
    assert second == []
