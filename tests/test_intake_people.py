"""People into a workspace: rasters, places, grids, tables; nobody is lost without being named."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import box, mapping

from coverage.city import City
from coverage.datum import wgs84_to_gcj02
from coverage.demand.sources import demand_of
from coverage.demand.townships import read_townships
from coverage.errors import InputError
from coverage.formats.tables import read_table
from coverage.intake.people import import_population
from coverage.intake.peoplecells import meaning_of
from coverage.intake.peoplegrid import prepared
from coverage.intake.setup import create
from coverage.population import load_population
from demand_city import people_in_polygons

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

rasterio = pytest.importorskip("rasterio", reason="needs the extra raster")
Affine = pytest.importorskip("affine", reason="comes with rasterio").Affine


@pytest.fixture
def space(tmp_path: Path) -> Path:
    """A workspace of 中山, whose tree has one county with the city's own code."""
    return create(tmp_path / "w", city=City.load("中山"))


@pytest.fixture
def qingyuan(tmp_path: Path) -> Path:
    return create(tmp_path / "q", city=City.load("清远"))


def sheet(path: Path, rows: Sequence[Any], title: str = "Sheet1") -> Path:
    from openpyxl import Workbook

    book = Workbook()
    active = book.active
    assert active is not None
    active.title = title
    for row in rows:
        active.append(list(row))
    book.save(path)
    return path


def tif(
    path: Path, values: Any, transform: Any, crs: str | None = "EPSG:4326", nodata: Any = None
) -> Path:
    values = np.asarray(values)
    rows, columns = values.shape
    profile = {"driver": "GTiff", "width": columns, "height": rows, "count": 1}
    with rasterio.open(
        path, "w", **profile, dtype=values.dtype, crs=crs, transform=transform, nodata=nodata
    ) as out:
        out.write(values, 1)
    return path


def figures(folder: Path) -> dict[tuple[str, str, int], int]:
    rows = load_population(folder / "population/population.csv").rows
    return {(r.unit_code, r.group, r.year): r.count for r in rows}


# --- tables -------------------------------------------------------------------


def test_the_template_filled_in_comes_back(space: Path) -> None:
    from openpyxl import load_workbook

    book = load_workbook(space / "模板.xlsx")
    page = book["人口"]
    city = City.open(space)
    for row in range(2, page.max_row + 1):
        for column, value in enumerate((2023, 1000 * row, 150 * row, 650 * row, 200 * row, 90), 4):
            page.cell(row, column, value)
    book.save(space / "模板.xlsx")
    report = import_population(space / "模板.xlsx", space)
    assert report.accepted == len(city.units.townships) == 23
    assert report.rejected == 0
    own = figures(space)
    total = sum(1000 * row for row in range(2, 25))
    assert own["442000", "all", 2023] == total == report.totals["people_taken"]
    table = read_table(space / "population/population.csv")
    shipped = read_table(City.load("中山").file("population"))
    assert table.columns == shipped.columns
    top = next(r for r in table.records if r.get("unit_code") == "442000")
    assert (top.get("level"), top.get("note"), top.get("provenance")) == (
        "city",
        "相加",
        "surveyed",
    )
    assert City.open(space).population.people("442000118", "60+", 2023) is not None
    assert City.open(space).origin("population") == "own"


def test_every_row_has_its_outcome(qingyuan: Path) -> None:
    rows = [
        ["清远市2023年人口情况表"],
        [
            "县（市、区）",
            "乡镇（街道）",
            "常住人口",
            "60岁及以上",
            "65岁及以上人口",
            "60岁以上占比",
        ],
        ["清城区", "凤城街道", "12,345", 2000, 1500, "16%"],
        ["清城区", "东城", "1.5万", 3000, None, ""],
        ["清新区", "无此镇", 1, 1, 1, ""],
        ["清城区", "洲心街道", 100, 200, 10, ""],
        ["清城区", "横荷街道", -5, 1, 1, ""],
        ["清城区", "源潭镇", "若干", 1, 1, ""],
        ["清城区", "龙塘镇", 10.5, 1, 1, ""],
        ["清城区", "凤城街道", 12345, 2000, 1500, ""],
        ["清城区", "石角镇", None, None, None, ""],
        ["清城区小计", "", 27345, 5000, 1500, ""],
        ["合计", "", 99999, 5000, 1500, ""],
    ]
    path = sheet(qingyuan.parent / "人口.xlsx", rows)
    bare = sheet(qingyuan.parent / "无年份.xlsx", rows[1:])
    with pytest.raises(InputError, match="年份"):
        import_population(bare, qingyuan)
    assert not (qingyuan / "population/population.csv").exists()
    report = import_population(path, qingyuan)  # the title says the year
    found = {o.row: (o.outcome, "；".join(s.zh for s in o.said)) for o in report.data}
    assert found[3][0] == "corrected"
    assert "12345" in found[3][1]
    assert found[4][0] == "corrected"
    assert "15,000" in found[4][1]
    for row, why in (
        (5, "没有 清新区 无此镇"),
        (6, "多于 all"),
        (7, "为负"),
        (8, "不是人数"),
        (9, "不是整数"),
        (10, "与第 3 行重复"),
        (11, "没有填"),
    ):
        assert found[row][0] == "rejected", row
        assert why in found[row][1], row
    assert set(found) == set(range(3, 12))
    assert report.accepted + report.rejected == 9
    own = figures(qingyuan)
    assert own["441802006", "all", 2023] == 12345
    assert own["441802007", "all", 2023] == 15000
    assert ("441802", "all", 2023) not in own  # townships are missing, so there is no sum
    warned = [f.id for f in report.warnings]
    assert "no-sum" in warned
    assert sum("99,999" in f.said.zh for f in report.warnings) == 1


def test_names_of_two_counties_are_asked_back(qingyuan: Path) -> None:
    names = [u.name for u in City.load("清远").units.townships]
    twice = next(n for n in names if names.count(n) > 1)
    path = sheet(qingyuan.parent / "p.xlsx", [["乡镇", "总人口"], [twice, 5], ["凤城街道", 6]])
    report = import_population(path, qingyuan, year=2023)
    assert [o.outcome for o in report.data] == ["rejected", "accepted"]
    assert "请写明代码或县" in report.data[0].said[0].zh


def test_merged_townships_are_added_up(space: Path) -> None:
    rows = [["镇街", "总人口"], ["小榄镇", 300], ["东升镇", 200], ["民众镇", 50], ["古镇镇", 7]]
    path = sheet(space.parent / "p.xlsx", rows)
    report = import_population(path, space, year=2020)
    own = figures(space)
    assert own["442000118", "all", 2020] == 500
    assert own["442000007", "all", 2020] == 50
    assert [o.outcome for o in report.data] == [
        "corrected",
        "corrected",
        "corrected",
        "accepted",
    ]
    assert report.totals["people_taken"] == report.totals["people_in_file"] == 557
    assert not any(f.id == "part" for f in report.findings)
    part = import_population(sheet(space.parent / "q.xlsx", rows[:2]), space, year=2020)
    assert any(f.id == "part" for f in part.warnings)
    later = import_population(sheet(space.parent / "r.xlsx", rows[:2]), space, year=2022)
    assert not any(f.id == "part" for f in later.warnings)


def test_other_years_stay_beside(space: Path) -> None:
    codes = [u.code for u in City.load("中山").units.townships]
    for year, people in ((2020, 10), (2023, 20)):
        rows: list[list[object]] = [["区划代码", "年份", "总人口"]]
        rows += [[code, year, people] for code in codes]
        import_population(sheet(space.parent / f"{year}.xlsx", rows), space)
    own = figures(space)
    assert own["442000", "all", 2020] == 230
    assert own["442000", "all", 2023] == 460
    again = [["区划代码", "年份", "总人口"], [codes[0], 2020, 11]]
    import_population(sheet(space.parent / "again.xlsx", again), space)
    assert figures(space)["442000", "all", 2020] == 231


def test_counties_and_the_city_are_summed(qingyuan: Path) -> None:
    units = City.load("清远").units
    text = "代码,年份,总人口,60岁及以上\n"
    text += "".join(f"{u.code},2023年,{i * 10},{i}\n" for i, u in enumerate(units.townships, 1))
    path = qingyuan.parent / "人口.csv"
    path.write_bytes(text.encode("gb18030"))
    report = import_population(path, qingyuan)
    assert report.counts == {"header": 1, "accepted": 85}
    own = figures(qingyuan)
    for county in units.counties:
        inside = [u.code for u in units.townships if u.parent == county.code]
        assert own[county.code, "60+", 2023] == sum(own[c, "60+", 2023] for c in inside)
    assert own["441800", "all", 2023] == sum(range(1, 86)) * 10
    assert [f.id for f in report.warnings] == []


@pytest.mark.parametrize(
    ("header", "group"),
    [
        ("总人口", ("all", 1)),
        ("常住人口（万人）", ("all", 10_000)),
        ("人口数", ("all", 1)),
        ("60岁及以上", ("60+", 1)),
        ("６０周岁及以上人口", ("60+", 1)),
        ("65+", ("65+", 1)),
        ("老年人口（60岁以上）", ("60+", 1)),
        ("0-14岁", ("0-14", 1)),
        ("15～59岁", ("15-59", 1)),
        ("2023年/总人口", ("all", 1)),
        ("60岁以上占比", None),
        ("人口密度", None),
        ("男性人口", None),
        ("备注", None),
        ("户数", None),
        ("序号", None),
    ],
)
def test_headers(header: str, group: tuple[str, int] | None) -> None:
    assert (meaning_of(header) or (None,))[:2] == (group or (None,))


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["古镇镇", "小榄", "442000101", "东升镇", "无此镇", "", "合计"]),
            st.one_of(
                st.integers(-5, 10**7),
                st.floats(allow_nan=False, allow_infinity=False, width=32),
                st.text("0123456789,.万人 -=", max_size=8),
                st.none(),
            ),
            st.one_of(st.integers(1900, 2100), st.text("0123456789年", max_size=6), st.none()),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_no_row_is_lost(tmp_path_factory: pytest.TempPathFactory, rows: list[Any]) -> None:
    folder = tmp_path_factory.mktemp("f")
    space = create(folder / "w", city=City.load("中山"))
    path = sheet(folder / "p.xlsx", [["镇街", "总人口", "年份"], *rows])
    try:
        report = import_population(path, space, year=2020)
    except InputError:
        assert not (space / "population/population.csv").exists()
        return
    assert report.accepted + report.rejected == len(report.data)
    assert len({(o.sheet, o.row) for o in report.data}) == len(report.data)
    own = [n for (code, _, _), n in figures(space).items() if code != "442000"]
    assert sum(own) == report.totals["people_taken"]
    data = [r for r in rows if any(c not in (None, "") for c in r) and r[0] != "合计"]
    assert len(report.data) <= len(data)


# --- places and grids -----------------------------------------------------------


def test_places_of_a_sheet(space: Path) -> None:
    rows = [
        ["村", "经度", "纬度", "人口", "60岁及以上"],
        ["甲", 113.38, 22.52, "1,200", 200],
        ["乙", 22.52, 113.38, 10, 1],
        ["丙", 120.0, 30.0, 5, 1],
        ["丁", 113.39, 22.53, -1, 0],
        ["戊", 113.40, 22.53, 30.5, 2],
    ]
    report = import_population(sheet(space.parent / "p.xlsx", rows), space)
    assert [o.outcome for o in report.data] == [
        "corrected",
        "rejected",
        "rejected",
        "rejected",
        "accepted",
    ]
    assert [o.row for o in report.data] == [2, 3, 4, 5, 6]
    assert "swapped" in report.data[1].said[-1].en
    assert [f.id for f in report.warnings] == ["datum"]
    assert report.totals["people_taken"] == 1230.5
    assert report.totals["people_placed"] == pytest.approx(1230.5, rel=1e-12)
    city = City.open(space)
    demand, _ = demand_of(city, city.file("people"))
    assert demand.total("60+") == 202
    nothing = [rows[0], ["丙", 120.0, 30.0, 5, 1]]
    with pytest.raises(InputError) as caught:
        import_population(sheet(space.parent / "n.xlsx", nothing), space)
    assert caught.value.problems[0].row == 2
    assert demand_of(city, city.file("people"))[0].total() == 1230.5


def test_a_datum_that_nobody_states_is_told_by_the_townships(space: Path) -> None:
    """Villages at their townships' seats, as a phone map shows them: 500 m off if not seen."""
    units = [u for u in City.open(space).units.townships if u.lon is not None]
    lon = np.array([u.lon for u in units], np.float64)
    lat = np.array([u.lat for u in units], np.float64)
    x, y = wgs84_to_gcj02(lon, lat)
    head = ["镇街", "经度", "纬度", "人口"]
    rows = [[u.name, float(a), float(b), 10] for u, a, b in zip(units, x, y, strict=True)]
    report = import_population(sheet(space.parent / "p.xlsx", [head, *rows]), space)
    (told,) = [f for f in report.findings if f.id == "datum"]
    assert told.weight == "note"
    assert "gcj02" in told.said.zh
    assert "把握" in told.said.zh
    table = read_table(space / "population/people.csv").records
    placed = [(float(r.get("lon")), float(r.get("lat"))) for r in table]
    assert np.abs(np.array(placed) - np.column_stack([lon, lat])).max() < 1e-5
    assert report.totals["people_placed"] == pytest.approx(10 * len(units), rel=1e-9)


@pytest.mark.parametrize("kind", ["points", "grid", "table"])
def test_totals_before_and_after_agree(space: Path, kind: str) -> None:
    """As for rasters below: people in the file, people taken, people in the demand made of them."""
    counts = np.random.default_rng(7).gamma(2.0, 50.0, 20)
    lon = np.linspace(113.3, 113.45, 20)
    if kind == "table":
        units = City.open(space).units.townships[:20]
        rows = [[u.code, int(n), 2020] for u, n in zip(units, counts, strict=True)]
        path = sheet(space.parent / "t.xlsx", [["代码", "总人口", "年份"], *rows])
        report = import_population(path, space)
        whole = sum(int(n) for n in counts)
        own = City.open(space).population.rows
        assert sum(r.count for r in own if r.level == "township") == whole
        assert report.totals == {"people_in_file": whole, "people_taken": whole}
        return
    features = []
    for x, n in zip(lon, counts, strict=True):
        ring = [[x, 22.5], [x + 0.01, 22.5], [x + 0.01, 22.51], [x, 22.51], [x, 22.5]]
        shape: dict[str, Any] = {"type": "Polygon", "coordinates": [ring]}
        if kind == "points":
            shape = {"type": "Point", "coordinates": [x, 22.5]}
        features.append({"type": "Feature", "properties": {"人口": n}, "geometry": shape})
    path = space.parent / "g.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    report = import_population(path, space)
    assert report.rejected == 0
    for name in ("people_in_file", "people_taken", "people_placed"):
        assert report.totals[name] == pytest.approx(counts.sum(), rel=1e-9), name
    city = City.open(space)
    assert demand_of(city, city.file("people"))[0].total() == pytest.approx(counts.sum(), rel=1e-9)


def test_stated_datums_are_turned(space: Path) -> None:
    lon, lat = wgs84_to_gcj02(113.38, 22.52)
    rows = [["lng", "lat", "people"], [float(lon), float(lat), 9]]
    report = import_population(sheet(space.parent / "p.xlsx", rows), space, crs="gcj02")
    assert report.warnings == ()
    record = read_table(space / "population/people.csv").records[0]
    assert float(record.get("lon")) == pytest.approx(113.38, abs=1e-7)
    assert float(record.get("lat")) == pytest.approx(22.52, abs=1e-7)
    flat = [["x", "y", "people"], [5e5, 2.5e6, 9]]
    with pytest.raises(InputError, match="写明坐标系"):
        import_population(sheet(space.parent / "q.xlsx", flat), space)


def test_a_grid_of_polygons(space: Path) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {"pop": i, "name": "x"},
            "geometry": mapping(box(113.3 + i / 100, 22.5, 113.31 + i / 100, 22.51)),
        }
        for i in range(5)
    ]
    path = space.parent / "grid.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    report = import_population(path, space)
    assert report.accepted == 5
    assert report.totals["people_placed"] == 10
    assert any(f.id == "grid" for f in report.findings)


def test_a_new_kind_moves_the_old_file_aside(space: Path) -> None:
    places = [["lon", "lat", "people"], [113.38, 22.52, 9]]
    import_population(sheet(space.parent / "p.xlsx", places), space)
    to = Affine(0.05, 0.0, 113.0, 0.0, -0.05, 23.0)
    import_population(tif(space.parent / "g.tif", np.ones((20, 20)), to), space)
    assert City.open(space).file("people").suffix == ".tif"
    assert not (space / "population/people.csv").exists()
    assert (space / "population/replaced/people.csv").is_file()
    import_population(sheet(space.parent / "p.xlsx", places), space)
    assert City.open(space).file("people").suffix == ".csv"


# --- rasters ----------------------------------------------------------------------


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32650", "EPSG:4547", "EPSG:3857"])
def test_nobody_is_lost_whatever_the_crs(space: Path, crs: str) -> None:
    """Totals before (on the grid's plane) and after (as demand) agree to 1e-9."""
    from rasterio.warp import transform_bounds

    west, south, east, north = transform_bounds("EPSG:4326", crs, 113.0, 22.0, 113.8, 23.0)
    to = Affine((east - west) / 160, 0.0, west, 0.0, (south - north) / 200, north)
    values = np.random.default_rng(4).gamma(0.5, 40.0, (200, 160))
    path = tif(space.parent / "g.tif", values, to, crs)
    report = import_population(path, space)
    assert report.totals["people_in_file"] == pytest.approx(values.sum(), rel=1e-12)
    assert report.totals["people_written"] == report.totals["people_in_file"]
    city = City.open(space)
    ground = read_townships(city)
    shape = np.array([ground.city], np.object_)
    inside = people_in_polygons(city.file("people"), shape, ground.crs)[0]
    demand, _ = demand_of(city, city.file("people"))
    assert abs(demand.total() - inside) <= 1e-9 * inside
    assert (space / "population/people.tif").read_bytes() == path.read_bytes()


def test_turned_and_upside_down_grids_keep_their_sum(space: Path) -> None:
    values = np.random.default_rng(5).gamma(0.5, 40.0, (100, 80))
    down = Affine(0.01, 0, 113.0, 0, 0.01, 22.0)
    report = import_population(tif(space.parent / "d.tif", values, down), space)
    assert report.totals["people_written"] == pytest.approx(values.sum(), rel=1e-9)
    upright = tif(space.parent / "u.tif", values[::-1].copy(), Affine(0.01, 0, 113, 0, -0.01, 23))
    city = City.open(space)
    expected = demand_of(city, upright)[0].total()
    assert demand_of(city, city.file("people"))[0].total() == pytest.approx(expected, rel=1e-12)
    along, across = 0.01 * np.cos(0.35), 0.01 * np.sin(0.35)
    turned = Affine(along, -across, 113.0, -across, -along, 22.8)
    report = import_population(tif(space.parent / "t.tif", values, turned), space)
    assert abs(report.totals["people_written"] - values.sum()) <= 1e-9 * values.sum()
    assert any("重新落格" in f.said.zh for f in report.findings)


def test_a_missing_crs_is_stated_or_refused(space: Path) -> None:
    to = Affine(0.05, 0.0, 113.0, 0.0, -0.05, 23.0)
    path = tif(space.parent / "g.tif", np.ones((20, 20), np.float32), to, None)
    down = Affine(0.05, 0.0, 113.0, 0.0, 0.05, 22.0)  # rewritten upright, and without a CRS too
    for one in (path, tif(space.parent / "d.tif", np.ones((20, 20), np.float32), down, None)):
        with pytest.raises(InputError, match="CRS"):
            import_population(one, space)
    with pytest.raises(InputError, match="GCJ-02"):
        import_population(path, space, crs="gcj02")
    with pytest.raises(InputError, match="不认识"):
        import_population(path, space, crs="EPSG:1")
    report = import_population(path, space, crs="EPSG:4490")
    assert report.totals["people_in_city"] > 0
    with rasterio.open(space / "population/people.tif") as own:
        assert own.crs.to_epsg() == 4490


def test_bad_rasters_leave_the_old_one(space: Path) -> None:
    to = Affine(0.05, 0.0, 113.0, 0.0, -0.05, 23.0)
    import_population(tif(space.parent / "g.tif", np.ones((20, 20)), to), space)
    before = (space / "population/people.tif").read_bytes()
    cut = space.parent / "cut.tif"
    cut.write_bytes(before[: len(before) // 3])
    away = Affine(0.05, 0.0, 10.0, 0.0, -0.05, 50.0)
    for path in (
        tif(space.parent / "n.tif", np.full((20, 20), -9999.0), to),
        tif(space.parent / "a.tif", np.ones((20, 20)), away),
        cut,
        space.parent / "absent.tif",
    ):
        with pytest.raises(InputError):
            import_population(path, space)
    assert (space / "population/people.tif").read_bytes() == before
    assert not [p for p in (space / "population").iterdir() if p.name.startswith(".")]


def test_no_data_is_nobody(space: Path) -> None:
    values = np.full((20, 20), -9999.0)
    values[5:15, 5:15] = 3.0
    to = Affine(0.05, 0.0, 113.0, 0.0, -0.05, 23.0)
    path = tif(space.parent / "g.tif", values, to, nodata=-9999.0)
    with prepared(path, None) as grid:
        assert grid.before == grid.after == 300.0
        assert grid.path == path
    assert import_population(path, space).totals["people_in_file"] == 300.0


def test_what_is_no_population_is_refused(space: Path) -> None:
    path = sheet(space.parent / "p.xlsx", [["名称", "床位数"], ["某院", 5]])
    with pytest.raises(InputError, match="没有人口表"):
        import_population(path, space, year=2020)
    file = space.parent / "g.geojson"
    point = mapping(shapely.Point(113.38, 22.52))
    feature = {"type": "Feature", "properties": {"name": "x"}, "geometry": point}
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    with pytest.raises(InputError, match="没有人数列"):
        import_population(file, space)


def test_two_numbers_for_one_township_are_asked_back_with_both(qingyuan: Path) -> None:
    rows = [
        ["乡镇", "2020年总人口", "2020年60岁及以上"],
        ["凤城街道", 12345, 2000],
        ["源潭镇", 600, 90],
        ["凤城街道", 7, 1],
        ["源潭镇", 600, 90],
    ]
    report = import_population(sheet(qingyuan.parent / "人口.xlsx", rows), qingyuan)
    said = {o.row: "".join(s.zh for s in o.said) for o in report.data if o.outcome == "rejected"}
    assert set(said) == {2, 4, 5}
    assert said[2] == said[4]
    assert "第 2 行 12,345、第 4 行 7" in said[2]
    assert "与第 3 行重复" in said[5]
    assert report.totals["people_taken"] == 600
    own = figures(qingyuan)
    assert own["441802103", "60+", 2020] == 90
    assert not any(code == "441802006" for code, _, _ in own)


def test_of_two_sheets_the_first_number_stays_and_the_other_is_asked_about(qingyuan: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    for name, count in (("常住", 900), ("户籍", 950)):
        page = book.create_sheet(name)
        page.append(["乡镇", "2020年总人口"])
        page.append(["洲心街道", count])
    book.remove(book.worksheets[0])
    book.save(qingyuan.parent / "两页.xlsx")
    report = import_population(qingyuan.parent / "两页.xlsx", qingyuan)
    first, second = report.data
    assert (first.outcome, second.outcome) == ("accepted", "rejected")
    assert "“常住”第 2 行 900、第 2 行 950" in second.said[0].zh
    assert figures(qingyuan)["441802008", "all", 2020] == 900
