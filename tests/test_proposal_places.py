"""Candidates: where they lie, how they are thinned, and which filters let them stay."""

from __future__ import annotations

import json
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coverage.city import City
from coverage.datum import unproject
from coverage.demand.townships import read_townships
from coverage.errors import InputError
from coverage.facilities import Facility, Register
from coverage.proposals import candidates as places
from coverage.proposals.filters import Away, Filters, filtered
from coverage.proposals.lists import read_candidates
from coverage.reach.ground import set_up_travel
from coverage.roads.network import LONGEST_STRAIGHT_M
from coverage.roads.sources import load
from demand_city import CODE, small_city
from helpers import run

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.proposals.candidates import Candidates
    from coverage.reach.ground import TravelSetup

QINGYUAN = City.load("清远")
GROUND = read_townships(QINGYUAN)


@pytest.fixture(scope="module")
def travel() -> TravelSetup:
    return set_up_travel(QINGYUAN, profile="drive")


@pytest.fixture(scope="module")
def grid() -> Candidates:
    return places.on_grid(QINGYUAN, GROUND, 10_000.0)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=60),
    st.sampled_from([1.0, 2.5, 7.0, 100.0]),
)
def test_thinned_points_keep_their_distance_and_none_can_be_added(
    points: list[tuple[int, int]], spacing: float
) -> None:
    xy = np.array(points, dtype=float)
    kept = places.thinned(xy, spacing)
    for a, b in combinations(kept, 2):
        assert np.hypot(*(a - b)) >= spacing
    for point in xy:
        assert np.hypot(*(kept - point).T).min() < spacing or (kept == point).all(axis=1).any()
    assert (places.thinned(xy[::-1], spacing) == kept).all()


def test_a_grid_is_the_lattice_inside_the_city(grid: Candidates) -> None:
    import shapely

    assert (grid.xy % 10_000 == 0).all()
    west, south, east, north = GROUND.city.bounds
    inside = {
        (x, y)
        for x in np.arange(np.ceil(west / 1e4), east / 1e4) * 1e4
        for y in np.arange(np.ceil(south / 1e4), north / 1e4) * 1e4
        if GROUND.city.contains(shapely.Point(x, y))
    }
    assert {tuple(p) for p in grid.xy.tolist()} == inside
    assert len(set(grid.names)) == len(grid)


def test_candidates_know_their_township(grid: Candidates) -> None:
    import shapely

    for xy, code in zip(grid.xy, grid.unit, strict=True):
        cells = [
            GROUND.unit_codes[i]
            for cell, i in zip(GROUND.cells, GROUND.cell_unit, strict=True)
            if cell.intersects(shapely.Point(*xy))
        ]
        assert not cells or code == min(cells)


def test_points_along_roads_lie_on_roads(travel: TravelSetup) -> None:
    import shapely

    found = places.along_roads(QINGYUAN, GROUND, load(QINGYUAN.code), 2000.0)
    network = load(QINGYUAN.code)
    lines = shapely.MultiLineString([network.line(e) for e in range(network.edge_count)])
    far = shapely.distance(shapely.points(found.xy), lines)
    assert float(np.max(far)) < 0.01
    near = np.array([np.hypot(*(found.xy - p).T) for p in found.xy])
    np.fill_diagonal(near, np.inf)
    assert near.min() >= 2000.0
    # Wherever a road runs inside the city, a candidate is not far.
    inside = shapely.intersection(lines, GROUND.city.buffer(-2500.0))
    some = [inside.interpolate(t, normalized=True) for t in np.linspace(0, 1, 50)]
    for point in some:
        assert np.hypot(*(found.xy - [point.x, point.y]).T).min() <= 4000.0
    assert travel.network.crs == found.crs


def test_townships_of_one_name_are_told_apart() -> None:
    found = places.townships(QINGYUAN, GROUND.crs)
    assert len(found) == len(set(found.names)) == 85
    assert {"佛冈县石角镇", "清城区石角镇"} <= set(found.names)


def _geojson(path: Path, *boxes: tuple[float, float, float, float]) -> Path:
    rings = [[[w, s], [e, s], [e, n], [w, n], [w, s]] for w, s, e, n in boxes]
    features = [
        {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [r]}}
        for r in rings
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


def _kept(grid: Candidates, travel: TravelSetup, register: Register, **filters: Any) -> Any:
    return filtered(
        grid,
        Filters(**filters),
        city=QINGYUAN,
        register=register,
        year=2025,
        network=travel.network,
    )


def test_areas_keep_in_and_out(grid: Candidates, travel: TravelSetup, tmp_path: Path) -> None:
    area = _geojson(tmp_path / "area.geojson", (113.0, 23.5, 113.4, 24.0))
    lon, lat = unproject(grid.xy[:, 0], grid.xy[:, 1], grid.crs)
    inside = (lon > 113.0) & (lon < 113.4) & (lat > 23.5) & (lat < 24.0)
    within, _ = _kept(grid, travel, Register(()), keep_in=(area,))
    without, _ = _kept(grid, travel, Register(()), keep_out=(area,))
    assert len(within) == inside.sum()
    assert len(within) + len(without) == len(grid)
    assert within.removed[0].count == len(grid) - len(within)


def test_distances_are_kept(grid: Candidates, travel: TravelSetup, tmp_path: Path) -> None:
    grave = Facility("g", "公墓", "cemetery", "441802", lon=113.2, lat=23.8)
    blind = Facility("h", "公墓二", "eco_burial", "441802008")
    register = Register((grave, blind))
    kept, notes = _kept(grid, travel, register, away=(Away("cemetery", 15_000.0),))
    from coverage.datum import project

    x, y = project(113.2, 23.8, grid.crs)
    far = np.hypot(grid.xy[:, 0] - float(x), grid.xy[:, 1] - float(y))
    assert len(kept) == (far >= 15_000).sum() < len(grid)
    assert "15000 m" in kept.removed[0].said.en
    assert notes[0].en.startswith("1 of the burial grounds have no coordinates")
    works = _geojson(tmp_path / "works.geojson", (113.1, 23.7, 113.2, 23.8))
    kept, _ = _kept(grid, travel, register, away=(Away(str(works), 5000.0),))
    assert len(kept) < len(grid)


def test_roads_must_be_near(grid: Candidates, travel: TravelSetup) -> None:
    import shapely

    network = travel.network.network
    ends = np.concatenate(
        [network.line(e).repeat(2, axis=0)[1:-1] for e in range(network.edge_count)]
    )
    steps = ends.reshape(-1, 2, 2)
    drawn = steps[np.hypot(*(steps[:, 1] - steps[:, 0]).T) <= LONGEST_STRAIGHT_M]
    places_of = shapely.GeometryCollection(
        [shapely.MultiPoint(ends), shapely.MultiLineString([*drawn])]
    )
    far = shapely.distance(shapely.points(grid.xy), places_of)
    for metres in (1500.0, 4000.0):  # nearer and farther than legs go
        kept, _ = _kept(grid, travel, Register(()), road_m=metres)
        assert len(kept) == (far <= metres).sum()


def test_steep_ground_is_left_out(grid: Candidates, travel: TravelSetup, tmp_path: Path) -> None:
    """A plane that rises 20 % to the east, west of the middle; flat east of it."""
    rasterio = pytest.importorskip("rasterio")
    west, south, east, north = GROUND.city.bounds
    cell = 500.0
    columns, rows = int((east - west) / cell) + 8, int((north - south) / cell) + 8
    x = west - 4 * cell + cell * (np.arange(columns) + 0.5)
    middle = (west + east) / 2
    heights = np.tile(np.minimum(x - middle, 0.0) * 0.2, (rows, 1)).astype("float32")
    path = tmp_path / "dem.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=columns, height=rows, count=1, dtype="float32",
        crs=grid.crs,
        transform=rasterio.Affine(cell, 0, x[0] - cell / 2, 0, -cell, north + 4 * cell),
    ) as raster:  # fmt: skip
        raster.write(heights, 1)
    kept, notes = _kept(grid, travel, Register(()), slope=10.0, heights=path)
    assert not notes
    assert (kept.xy[:, 0] > middle - 2 * cell).all()
    flat = grid.xy[:, 0] > middle + 2 * cell
    assert len(kept) >= flat.sum()
    everything, _ = _kept(grid, travel, Register(()), slope=25.0, heights=path)
    assert len(everything) == len(grid)


def test_no_candidate_left_says_which_filter_took_how_many(
    grid: Candidates, travel: TravelSetup, tmp_path: Path
) -> None:
    area = _geojson(tmp_path / "one.geojson", (113.0, 23.5, 113.4, 24.0))
    other = _geojson(tmp_path / "two.geojson", (112.0, 24.5, 112.4, 25.0))
    with pytest.raises(InputError) as caught:
        _kept(grid, travel, Register(()), keep_in=(area, other))
    (problem,) = caught.value.problems
    assert "not inside one.geojson" in str(problem.reason)
    assert "not inside two.geojson" in str(problem.reason)


def test_a_list_may_name_its_townships(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        '名称,经度,纬度,乡镇,造价\n甲地块,113.05,23.70,,"1,200"\n乙地块,,,源潭镇,800\n',
        encoding="utf-8",
    )
    found = read_candidates(path, QINGYUAN, GROUND, GROUND.crs)
    assert found.names == ("甲地块", "乙地块")
    assert found.costs.tolist() == [1200.0, 800.0]
    seat = QINGYUAN.units[found.unit[1]]
    assert seat.name == "源潭镇"
    assert found.lonlat[1] == pytest.approx([seat.lon, seat.lat])


def test_a_workbook_may_hold_the_list(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (["名称", "经度", "纬度"], ["甲地块", 113.05, 23.70], ["乙地块", 113.2, 23.8]):
        book.active.append(row)
    path = tmp_path / "list.xlsx"
    book.save(path)
    done = run(
        capsys, "site", "--city", "清远", "--kind", "meal_point", "--group", "60+",
        "--max-new", "1", "--candidates", str(path), "--format", "json",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert done.data["candidates"]["count"] == 2
    assert done.data["sites"][0]["name"] in {"甲地块", "乙地块"}


def test_villages_serve_where_the_list_places_them(tmp_path: Path) -> None:
    from coverage.proposals.candidates import villages

    made = small_city(tmp_path)
    path = tmp_path / "units" / f"{CODE}-villages.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    placed = [f"{lines[0]},lon,lat", f"{lines[1]},113.03,23.65", *(f"{x},," for x in lines[2:])]
    path.write_text("\n".join(placed), encoding="utf-8")
    found = villages(City(made.label, tmp_path), "EPSG:32649")
    assert np.isfinite(found.xy[:, 0]).sum() == 1
    assert found.lonlat[0] == pytest.approx([113.03, 23.65])
    path.write_text("\n".join([placed[0], f"{lines[1]},113.03,north"]), encoding="utf-8")
    with pytest.raises(InputError, match=r"row 2, column lat, value 'north': .*not a number"):
        villages(City(made.label, tmp_path), "EPSG:32649")
