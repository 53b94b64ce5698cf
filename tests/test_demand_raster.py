"""Grids of people: compared with an overlay of cell rectangles by shapely, cell by cell."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import pytest
import rasterio
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine
from shapely.geometry import Polygon

from coverage.demand.raster import from_raster
from coverage.demand.sources import demand_of
from coverage.demand.townships import onto, read_townships
from coverage.errors import InputError
from coverage.formats.rasters import open_raster
from coverage.intake.peoplegrid import prepared
from demand_city import (
    CELLS,
    COUNTIES,
    EAST,
    FARM,
    MIDDLE,
    NO_SEAT,
    PEOPLE,
    WEST,
    people_in_polygons,
    small_city,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from coverage.city import City
    from coverage.demand.demand import Demand

# Corner and cell sizes of a grid that holds the whole city, in several CRSs.
GRIDS = {
    "EPSG:4326": (112.9871, 23.7133, 0.00337, 0.00291),
    "EPSG:4490": (112.9871, 23.7133, 0.00337, 0.00337),
    "EPSG:32649": (702_300.0, 2_624_900.0, 411.0, 297.0),
    "EPSG:32650": (84_000.0, 2_638_000.0, 450.0, 450.0),  # the neighbouring zone
    "EPSG:4547": (397_400.0, 2_623_000.0, 430.0, 430.0),  # CGCS2000, 114° E
    "ESRI:54009": (10_723_900.0, 2_899_100.0, 500.0, 500.0),  # Mollweide, as GHS-POP
}


@pytest.fixture
def city(tmp_path: Path) -> City:
    return small_city(tmp_path / "city")


def test_one_cell_of_a_county_of_many_units_is_shared_as_the_table_says(tmp_path: Path) -> None:
    """乙区 has one cell; most of its people live in a township whose place nobody knows."""
    people = PEOPLE | {EAST: 1000, NO_SEAT: 3000}
    place = small_city(tmp_path / "city", people=people)
    rows = ["lon,lat,people,60+", "113.15,23.65,40,8", "113.03,23.65,100,10"]
    points = tmp_path / "p.csv"
    points.write_text("\n".join(rows), encoding="utf-8")
    grid = write_grid(tmp_path / "g.tif", people_grid("EPSG:4326"))
    for source, older in ((points, 8.0), (grid, None)):
        demand, _ = demand_of(place, source)
        codes = demand.unit_codes
        found = {c: demand.people["all"][demand.unit == codes.index(c)].sum() for c in people}
        assert found[NO_SEAT] / found[EAST] == pytest.approx(3)
        assert found[FARM] / found[EAST] == pytest.approx(PEOPLE[FARM] / 1000)
        assert found[WEST] > 0
        where = {c: np.unique(demand.x[demand.unit == codes.index(c)]) for c in (EAST, NO_SEAT)}
        assert np.array_equal(where[EAST], where[NO_SEAT])
        assert any("按人口表的比例" in note.zh for note in demand.notes)
        if older:
            assert demand.total("60+") == pytest.approx(18)
            assert demand.total("all") == pytest.approx(140)


def write_grid(
    path: Path,
    values: NDArray[Any],
    *,
    crs: str | None = "EPSG:4326",
    grid: tuple[float, float, float, float] | None = None,
    **options: Any,
) -> Path:
    west, north, dx, dy = grid or GRIDS[crs or "EPSG:4326"]
    bands = values if values.ndim == 3 else values[None]
    profile: dict[str, Any] = {
        "driver": "GTiff",
        "count": len(bands),
        "height": bands.shape[1],
        "width": bands.shape[2],
        "dtype": bands.dtype,
        "crs": crs,
        "transform": Affine(dx, 0, west, 0, -dy, north),
    }
    with rasterio.open(path, "w", **{**profile, **options}) as target:
        target.write(bands)
    return path


def people_grid(crs: str, *, seed: int = 1) -> NDArray[np.float32]:
    """Random people on a grid that covers the whole city, a third of the cells empty."""
    west, north, dx, dy = GRIDS[crs]
    to = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    _, south, east, _ = to.transform_bounds(113.0, 23.6, 113.2, 23.7, densify_pts=21)
    shape = (math.ceil((north - south) / dy) + 3, math.ceil((east - west) / dx) + 3)
    random = np.random.default_rng(seed)
    values = random.gamma(0.5, 30, shape) * (random.random(shape) < 2 / 3)
    return values.astype(np.float32)


def on_plane(shape: Any, crs: str) -> Any:
    """A polygon in degrees on the plane of the city, then, corner by corner, on another."""
    there = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32649", always_xy=True)
    away = pyproj.Transformer.from_crs("EPSG:32649", crs, always_xy=True)
    plane = shapely.transform(shape, lambda c: np.column_stack(there.transform(*c.T)))
    fine = shapely.segmentize(plane, 250.0)
    return shapely.transform(fine, lambda c: np.column_stack(away.transform(*c.T)))


def overlay(values: NDArray[Any], crs: str) -> dict[str, float]:
    """People of each township, of none, and of the city, by intersecting rectangles."""
    west, north, dx, dy = GRIDS[crs]
    row, column = np.indices(values.shape)
    x, y = west + column * dx, north - row * dy
    cells = shapely.box(x, y - dy, x + dx, y)

    def people(shape: Any) -> float:
        return float((shapely.area(shapely.intersection(cells, shape)) / (dx * dy) * values).sum())

    whole = on_plane(shapely.union_all(list(COUNTIES.values())), crs)
    towns = {code: on_plane(cell, crs) for code, cell in CELLS.items()}
    rest = shapely.difference(whole, shapely.union_all(list(towns.values())))
    found = {code: people(town) for code, town in towns.items()}
    return {**found, "": people(rest), "city": people(whole)}


def by_unit(demand: Demand, group: str = "all") -> dict[str, float]:
    found: dict[str, float] = {}
    for unit, people in zip(demand.unit.tolist(), demand.people[group].tolist(), strict=True):
        code = demand.unit_codes[unit] if unit >= 0 else ""
        found[code] = found.get(code, 0.0) + people
    return found


@pytest.mark.parametrize("crs", GRIDS)
def test_townships_agree_with_an_overlay(tmp_path: Path, city: City, crs: str) -> None:
    values = people_grid(crs)
    path = write_grid(tmp_path / "people.tif", values, crs=crs)
    demand, problems = demand_of(city, path)
    truth, found = overlay(values.astype(float), crs), by_unit(demand)
    assert problems == []
    assert set(found) == {WEST, MIDDLE, EAST, ""}
    for code, people in found.items():
        assert people == pytest.approx(truth[code], rel=1e-5)
    assert demand.total("all") == pytest.approx(truth["city"], rel=1e-6)
    assert demand.crs == "EPSG:32649"
    assert (demand.provenance, demand.source) == ("modelled", "people.tif")
    assert "界线范围" in demand.notes[0].zh  # its borders are official: nothing is approximate
    assert not any("盖住" in note.zh or "无数据" in note.zh for note in demand.notes)


@pytest.mark.parametrize("crs", GRIDS)
def test_totals_reconcile_with_the_grid(tmp_path: Path, city: City, crs: str) -> None:
    path = write_grid(tmp_path / "people.tif", people_grid(crs), crs=crs)
    demand, ground = from_raster(path, city), read_townships(city)
    areas = np.array([ground.city, *ground.cells], object)
    whole, *towns = people_in_polygons(path, areas, ground.crs)
    assert demand.total("all") == pytest.approx(whole, rel=1e-9)
    found = by_unit(demand)
    for unit, people in zip(ground.cell_unit, towns, strict=True):
        assert found[ground.unit_codes[unit]] == pytest.approx(people, rel=1e-5)


def test_points_stand_at_the_centres_of_cells(tmp_path: Path, city: City) -> None:
    values = np.zeros((40, 80), np.float32)
    values[15, 10], values[15, 24] = 7, 5  # inside 西镇; on its border with 中街道
    west, north, dx, dy = grid = (112.99, 23.71, 0.003, 0.003)
    demand = from_raster(write_grid(tmp_path / "a.tif", values, grid=grid), city)
    to = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32649", always_xy=True)
    centres = [to.transform(west + (c + 0.5) * dx, north - 15.5 * dy) for c in (10, 24)]
    assert 7 < by_unit(demand)[WEST] < 12
    assert demand.people["all"].sum() == pytest.approx(12, rel=1e-12)
    places = {(round(x, 4), round(y, 4)) for x, y in zip(demand.x, demand.y, strict=True)}
    assert places == {(round(x, 4), round(y, 4)) for x, y in centres}
    border = np.abs(demand.x - centres[1][0]) < 1
    assert sorted(demand.unit_codes[i] for i in demand.unit[border]) == [WEST, MIDDLE]
    assert demand.people["all"][border].sum() == pytest.approx(5, rel=1e-12)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_nobody_is_lost_on_any_grid(tmp_path: Path, data: st.DataObject) -> None:
    city = small_city(tmp_path / "city")
    size = data.draw(st.floats(0.002, 0.15))
    grid = (
        data.draw(st.floats(112.9, 113.15)),
        data.draw(st.floats(23.62, 23.8)),
        size,
        size * data.draw(st.floats(0.5, 2)),
    )
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    values = random.gamma(0.3, 100, data.draw(st.tuples(st.integers(3, 60), st.integers(3, 60))))
    values[random.random(values.shape) < 0.2] = -9999
    path = write_grid(tmp_path / "a.tif", values, grid=grid, nodata=-9999)
    ground = read_townships(city)
    try:
        demand = from_raster(path, city)
    except InputError as error:
        assert "does not overlap" in str(error)  # noqa: PT017
        return
    (whole,) = people_in_polygons(path, np.array([ground.city], object), ground.crs)
    assert demand.total("all") == pytest.approx(whole, rel=1e-9, abs=1e-9)
    assert (demand.people["all"] > 0).all()
    assert demand.total("all") <= values[values >= 0].sum() * (1 + 1e-6)


def test_two_townships_that_overlap_count_nobody_twice(tmp_path: Path) -> None:
    wide = Polygon([(113.05, 23.6), (113.14, 23.6), (113.14, 23.7), (113.07, 23.7)])
    city = small_city(tmp_path, cells={**CELLS, MIDDLE: wide})
    path = write_grid(tmp_path / "a.tif", people_grid("EPSG:4326"))
    ground = read_townships(city)
    (whole,) = people_in_polygons(path, np.array([ground.city], object), ground.crs)
    assert from_raster(path, city).total("all") == pytest.approx(whole, rel=1e-9)


def test_no_data_counts_nobody_and_is_said(tmp_path: Path, city: City) -> None:
    values = people_grid("EPSG:4326")
    full = from_raster(write_grid(tmp_path / "a.tif", values), city)
    empty = values == 0
    for name, mark in (("b.tif", -99999.0), ("c.tif", math.nan)):
        marked = np.where(empty, np.float32(mark), values)
        demand = from_raster(write_grid(tmp_path / name, marked, nodata=mark), city)
        np.testing.assert_array_equal(demand.people["all"], full.people["all"])
        assert any("无数据" in note.zh and "without data" in note.en for note in demand.notes)


def test_whole_numbers_scales_and_offsets(tmp_path: Path, city: City) -> None:
    values = np.full((60, 80), 10, np.uint16)
    plain = from_raster(write_grid(tmp_path / "a.tif", values), city)
    path = write_grid(tmp_path / "b.tif", values)
    with rasterio.open(path, "r+") as target:
        target.scales, target.offsets = (0.5,), (2.0,)
    assert from_raster(path, city).total("all") == pytest.approx(plain.total("all") * 0.7)


def test_a_grid_that_covers_a_part_says_so(tmp_path: Path, city: City) -> None:
    values = np.ones((100, 100), np.float32)
    grid = (113.0, 23.7, 0.001, 0.001)  # the western half
    demand = from_raster(write_grid(tmp_path / "a.tif", values, grid=grid), city)
    assert demand.total("all") == pytest.approx(10_000, rel=1e-3)
    note = next(note for note in demand.notes if "盖住" in note.zh)
    assert "50.0%" in note.zh
    assert "50.0%" in note.en


def test_a_grid_of_the_whole_country_is_read_in_a_window(tmp_path: Path, city: City) -> None:
    values = np.zeros((3500, 6300), np.uint8)
    values[3034:3040, 3951:3970] = 3
    path = write_grid(
        tmp_path / "a.tif", values, grid=(73.5, 54.0, 0.01, 0.01), compress="deflate", tiled=True
    )
    demand = from_raster(path, city)
    assert demand.total("all") == pytest.approx(6 * 19 * 3, rel=1e-3)


def test_other_groups_follow_the_table(tmp_path: Path) -> None:
    older = {WEST: 1000, MIDDLE: 4000, EAST: 0, NO_SEAT: 300, FARM: 5}
    city = small_city(tmp_path, older=older)
    path = write_grid(tmp_path / "a.tif", people_grid("EPSG:4326"))
    demand = from_raster(path, city)
    everyone, old = by_unit(demand), by_unit(demand, "60+")
    for code in (WEST, MIDDLE, EAST):
        assert old[code] == pytest.approx(everyone[code] * older[code] / PEOPLE[code], rel=1e-12)
    overall = sum(older.values()) / sum(PEOPLE.values())
    assert old[""] == pytest.approx(everyone[""] * overall, rel=1e-12)
    assert any("60+" in note.zh and "推算" in note.zh for note in demand.notes)
    assert any(f"{sum(PEOPLE.values()):,}" in note.zh for note in demand.notes)


def test_shares_may_be_given(tmp_path: Path, city: City) -> None:
    path = write_grid(tmp_path / "a.tif", people_grid("EPSG:4326"))
    demand = from_raster(path, city, shares={"65+": {WEST: 0.1, MIDDLE: 0.3}})
    assert demand.groups == ("all", "65+")
    everyone, old = by_unit(demand), by_unit(demand, "65+")
    expected = {WEST: 0.1, MIDDLE: 0.3, EAST: 0.2, "": 0.2}
    for code, part in expected.items():
        assert old[code] == pytest.approx(everyone[code] * part, rel=1e-12)
    assert from_raster(path, city, shares={}).groups == ("all",)
    with pytest.raises(InputError) as caught:
        from_raster(path, city, shares={"65+": {WEST: 1.5, "1": 0.5}, "60+": {}})
    assert len(caught.value.problems) == 2
    with pytest.raises(InputError, match="empty"):
        from_raster(path, city, shares={"60+": {}})


def test_a_share_above_one_is_capped_and_said(tmp_path: Path) -> None:
    city = small_city(tmp_path, older=dict.fromkeys(PEOPLE, 15_000))
    demand = from_raster(write_grid(tmp_path / "a.tif", people_grid("EPSG:4326")), city)
    everyone, old = by_unit(demand), by_unit(demand, "60+")
    assert old[WEST] == pytest.approx(everyone[WEST], rel=1e-12)
    assert any("按1计" in note.zh for note in demand.notes)


def test_a_grid_of_another_group_has_only_it(tmp_path: Path, city: City) -> None:
    path = write_grid(tmp_path / "a.tif", people_grid("EPSG:4326"))
    demand = from_raster(path, city, group="60+")
    assert demand.groups == ("60+",)
    assert demand.not_placed == {"60+": {}}


def test_a_city_without_a_table_still_has_its_grid(tmp_path: Path) -> None:
    path = write_grid(tmp_path / "a.tif", people_grid("EPSG:4326"))
    assert from_raster(path, small_city(tmp_path, people={})).groups == ("all",)


def test_people_in_polygons_outside_and_inside(tmp_path: Path) -> None:
    values = np.arange(100, dtype=np.float64).reshape(10, 10)
    values[0, 0] = -1
    path = write_grid(tmp_path / "a.tif", values, grid=(0, 10, 1, 1), nodata=-1)
    shapes = [
        shapely.box(2, 2, 4, 4),
        shapely.box(2.5, 2, 4, 4),
        shapely.box(0, 9, 1.5, 10),
        shapely.box(50, 50, 51, 51),
    ]
    found = people_in_polygons(path, np.array(shapes, object), "EPSG:4326")
    assert found == pytest.approx([62 + 63 + 72 + 73, 31 + 63 + 36 + 73, 0.5, 0])


def one_problem(path: Path, city: City) -> str:
    with pytest.raises(InputError) as caught:
        from_raster(path, city)
    (problem,) = caught.value.problems
    assert "\n" not in str(problem)
    return str(problem)


def test_cells_below_zero_are_counted_and_the_first_named(tmp_path: Path, city: City) -> None:
    values = people_grid("EPSG:4326")
    values[10, 12] = values[11, 5] = -4
    values[0, 0] = -4  # outside the city, and nobody's business
    said = one_problem(write_grid(tmp_path / "a.tif", values), city)
    assert "2 cells of the city are below zero, the first in row 11, column 13" in said
    assert "'-4'" in said
    values[10, 12] = values[11, 5] = np.inf
    assert "2 cells of the city are infinite" in one_problem(
        write_grid(tmp_path / "a.tif", values), city
    )
    values[10, 12] = values[11, 5] = 3e9
    assert "2 cells of the city are more than any city has" in one_problem(
        write_grid(tmp_path / "a.tif", values), city
    )


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")  # on writing
def test_what_is_no_grid_of_the_city_is_refused(tmp_path: Path, city: City) -> None:
    values = people_grid("EPSG:4326")
    path = tmp_path / "a.tif"
    turned = Affine(0.01, 0.002, 113, 0.002, -0.01, 23.7)
    upside = Affine(0.01, 0, 113, 0, 0.01, 23.6)
    cases: dict[str, dict[str, Any]] = {
        "does not say its CRS": {"crs": None},
        "does not say where it lies": {"transform": Affine.identity()},
        "does not overlap the city: it spans": {"grid": (10.0, 50.0, 0.01, 0.01)},
        "turned or upside down": {"transform": turned},
        "turned or upside": {"transform": upside},
        "say where it lies": {"transform": Affine(0.01, 0.02, 113, 0.01, 0.02, 23.6)},
        "where it lies": {"transform": Affine(1e-200, 0, 113, 0, -1e-200, 23.6)},
        "it lies": {"transform": Affine(1e300, 0, 113, 0, -1e-310, 23.6)},
        "lies": {"transform": Affine(0.01, 0, 113, 0, -0.01, 1e250)},
        "complex numbers": {"dtype": "complex64"},
        "hold complex": {"dtype": "complex_int16"},
        "nobody in": {"nodata": math.nan, "dtype": "float64"},
    }
    for reason, options in cases.items():
        held = np.full_like(values, math.nan) if "nobody" in reason else values
        assert reason in one_problem(write_grid(path, held, **options), city)
    two = np.stack([values, values])
    assert "2 bands" in one_problem(write_grid(path, two), city)
    # Inside the city's bounds and beside the city itself there is no overlap either.
    corner = small_city(tmp_path / "corner")
    west, south, _, _ = shapely.total_bounds(read_townships(corner).city)
    plane = (west + 1, south + 2, 1.0, 1.0)
    path = write_grid(path, np.ones((1, 1)), crs="EPSG:32649", grid=plane)
    assert "does not overlap" in one_problem(path, corner)


def test_damaged_files_are_refused(tmp_path: Path, city: City) -> None:
    path = write_grid(tmp_path / "a.tif", people_grid("EPSG:4326"), compress="deflate")
    raw = path.read_bytes()
    for damaged in (raw[: len(raw) // 2], raw[:50], b"", b"no grid at all" * 99):
        path.write_bytes(damaged)
        assert "cut short, damaged" in one_problem(path, city)
    path.unlink()
    assert "does not exist" in one_problem(path, city)


def test_the_same_grid_gives_the_same_points_and_stays_as_it_is(tmp_path: Path, city: City) -> None:
    path = write_grid(tmp_path / "a.tif", people_grid("EPSG:4326"))
    before = path.read_bytes()
    one, two = from_raster(path, city), from_raster(path, city)
    np.testing.assert_array_equal(one.x, two.x)
    np.testing.assert_array_equal(one.people["60+"], two.people["60+"])
    np.testing.assert_array_equal(one.unit, two.unit)
    assert path.read_bytes() == before


def test_a_raster_that_lies_nowhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.tif"
    nowhere = Affine(math.nan, 0.0, 113.0, 0.0, -0.01, 23.7)
    with rasterio.open(
        path, "w", driver="GTiff", width=2, height=2, count=1, dtype="float32", crs="EPSG:4326",
        transform=nowhere,
    ) as file:  # fmt: skip
        file.write(np.ones((2, 2), np.float32), 1)
    with pytest.raises(InputError, match="where it lies"), open_raster(path):
        pass


def test_an_import_takes_no_grid_that_is_all_but_flat_or_adds_up_to_nothing(tmp_path: Path) -> None:
    flat = Affine(0.01, 0.01, 113, 0.01, 0.010000001, 23.6)
    path = write_grid(tmp_path / "flat.tif", np.ones((200, 200)), transform=flat)
    with pytest.raises(InputError, match="too large to be rewritten"), prepared(path, None):
        pass
    path = write_grid(tmp_path / "sum.tif", np.full((20, 20), 1.7e308))
    with pytest.raises(InputError, match="add up to no number"), prepared(path, None):
        pass


@pytest.mark.parametrize(
    ("grid", "size"),
    [
        ((-180.0, 90.0, 360.0, 180.0), (1, 1)),  # the world in one cell
        ((112.0, 25.0, 2.0, 2.0), (1, 1)),
        ((112.9, 23.8, 0.5, 0.5), (2, 2)),
    ],
)
def test_a_cell_larger_than_the_city_tells_nothing_and_is_refused(
    tmp_path: Path, city: City, grid: tuple[float, float, float, float], size: tuple[int, int]
) -> None:
    path = write_grid(tmp_path / "w.tif", np.full(size, 9e5, np.float32), grid=grid)
    with pytest.raises(InputError, match="one cell of the grid is larger than the city") as caught:
        from_raster(path, city)
    (problem,) = caught.value.problems
    assert problem.file == "w.tif"


def test_cells_up_to_the_size_of_the_city_are_read(tmp_path: Path, city: City) -> None:
    west, south, east, north = shapely.total_bounds(
        onto(np.array([read_townships(city).city]), read_townships(city).crs, "EPSG:4326")
    )
    wide, high = east - west, north - south
    values = np.full((1, 1), 500, np.float32)
    path = write_grid(tmp_path / "w.tif", values, grid=(west, north, wide * 0.999, high))
    assert from_raster(path, city).people["all"].sum() > 0
    path = write_grid(tmp_path / "x.tif", values, grid=(west, north, wide * 1.002, high))
    with pytest.raises(InputError, match="larger than the city"):
        from_raster(path, city)
