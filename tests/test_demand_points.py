"""Lists of places: three formats, one meaning, and every bad row said at once."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio.raw
import pyproj
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coverage.demand.points import from_points
from coverage.demand.sources import demand_of
from coverage.demand.townships import read_townships
from coverage.errors import InputError
from coverage.groups import group_in
from demand_city import CELLS, EAST, MIDDLE, WEST, small_city

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from coverage.city import City
    from coverage.errors import Problem

PLACES: list[tuple[float, float, float, float]] = [
    (113.02, 23.65, 120, 30),
    (113.03, 23.62, 80.5, 80.5),
    (113.10, 23.65, 999, 0),
    (113.14, 23.69, 0, 0),
]


@pytest.fixture
def city(tmp_path: Path) -> City:
    return small_city(tmp_path / "city")


def write_csv(path: Path, rows: Sequence[Sequence[object]], header: str = "") -> Path:
    lines = [header or "name,lon,lat,people,60+"]
    lines += [",".join(map(str, row)) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def good_csv(path: Path) -> Path:
    return write_csv(path, [(f"村{i}", *place) for i, place in enumerate(PLACES)])


def features(places: Sequence[tuple[float, float, object, object]]) -> list[dict[str, Any]]:
    return [
        {
            "type": "Feature",
            "properties": {"people": people, "60+": older},
            "geometry": {"type": "Point", "coordinates": [lon, lat]},
        }
        for lon, lat, people, older in places
    ]


def write_geojson(path: Path, found: list[dict[str, Any]], **top: Any) -> Path:
    whole = {"type": "FeatureCollection", "features": found, **top}
    path.write_text(json.dumps(whole), encoding="utf-8")
    return path


def write_gpkg(
    path: Path,
    geometry: Sequence[shapely.Geometry | None],
    people: Sequence[float | None],
    *,
    crs: str | None = "EPSG:4326",
    kind: str = "Point",
    **options: Any,
) -> Path:
    pyogrio.raw.write(
        path,
        shapely.to_wkb(np.array(geometry, object)),
        [np.array([np.nan if p is None else p for p in people], float)],
        ["people"],
        geometry_type=kind,
        crs=crs,
        **options,
    )
    return path


def said(problems: Sequence[Problem]) -> list[tuple[int | None, str | None, str | None]]:
    return [(p.row, p.column, p.value) for p in problems]


def refused(path: Path, city: City) -> tuple[Problem, ...]:
    with pytest.raises(InputError) as caught:
        from_points(path, city)
    return caught.value.problems


def test_a_table_becomes_points(tmp_path: Path, city: City) -> None:
    demand, problems = from_points(good_csv(tmp_path / "villages.csv"), city)
    assert problems == []
    assert demand.groups == ("all", "60+")
    assert demand.people["all"].tolist() == [120, 80.5, 999, 0]
    assert demand.people["60+"].tolist() == [30, 80.5, 0, 0]
    assert [demand.unit_codes[i] for i in demand.unit] == [WEST, WEST, MIDDLE, EAST]
    to_plane = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32649", always_xy=True)
    x, y = to_plane.transform([p[0] for p in PLACES], [p[1] for p in PLACES])
    np.testing.assert_allclose(demand.x, x, atol=1e-6)
    np.testing.assert_allclose(demand.y, y, atol=1e-6)
    assert demand.crs == "EPSG:32649"
    assert (demand.provenance, demand.source) == ("surveyed", "villages.csv")
    assert demand.not_placed == {"all": {}, "60+": {}}
    assert demand.total("all") == pytest.approx(1199.5)
    assert "WGS84" in demand.notes[0].zh
    assert "villages.csv" in demand.notes[0].en


def test_all_formats_mean_the_same(tmp_path: Path, city: City) -> None:
    table, _ = from_points(good_csv(tmp_path / "a.csv"), city)
    plane = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:4547", always_xy=True)
    degrees = [shapely.Point(p[:2]) for p in PLACES]
    metres = [shapely.Point(plane.transform(*p[:2])) for p in PLACES]
    several = [shapely.MultiPoint([p]) for p in degrees]
    people = [p[2] for p in PLACES]
    cgcs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4547"}}
    moved = [(m.x, m.y, *p[2:]) for m, p in zip(metres, PLACES, strict=True)]
    files = [
        write_geojson(tmp_path / "b.geojson", features(PLACES)),
        write_geojson(tmp_path / "c.json", features(moved), crs=cgcs),
        write_gpkg(tmp_path / "d.gpkg", degrees, people),
        write_gpkg(tmp_path / "e.gpkg", metres, people, crs="EPSG:4547"),
        write_gpkg(tmp_path / "f.gpkg", several, people, kind="MultiPoint"),
    ]
    for path in files:
        demand, problems = demand_of(city, path)
        assert problems == []
        np.testing.assert_allclose(demand.x, table.x, atol=1e-3)
        np.testing.assert_allclose(demand.y, table.y, atol=1e-3)
        np.testing.assert_array_equal(demand.people["all"], table.people["all"])
        np.testing.assert_array_equal(demand.unit, table.unit)
        assert demand.source == path.name


BAD_ROWS = [
    ("好", 113.02, 23.65, 10, 1),  # row 2
    ("非数", 113.02, 23.65, "NaN", 1),
    ("负", 113.02, 23.65, -3, -4),
    ("反", 23.65, 113.02, 5, 1),
    ("远", 110.0, 23.65, 5, 1),
    ("缺", "", 23.65, 5, ""),
    ("无穷", 113.02, "inf", 5, 1),
    ("多", 113.02, 23.65, 5, 6),
    ("度", 1113.02, 23.65, 5, 1),
    ("纬", 113.02, 95, 5, 1),
    ("字", 113.02, 23.65, "1_000", 1),
    ("好", 113.10, 23.65, 20, 2),  # row 13
]
SAID = [
    (3, "people", "NaN", "not a finite number"),
    (4, "people", "-3", "cannot be negative"),
    (4, "60+", "-4", "cannot be negative"),
    (5, "lon", "23.65", "swapped"),
    (6, "lon", "110.0", "km outside 小城市"),
    (7, "lon", "", "is missing"),
    (7, "60+", "", "is missing"),
    (8, "lat", "inf", "not a finite number"),
    (9, "60+", "6", "more people of 60\\+ than people"),
    (10, "lon", "1113.02", "no longitude"),
    (11, "lat", "95", "no latitude"),
    (12, "people", "1_000", "not a finite number"),
]


def test_every_bad_row_is_said_at_once(tmp_path: Path, city: City) -> None:
    path = write_csv(tmp_path / "bad.csv", BAD_ROWS)
    problems = refused(path, city)
    assert said(problems) == [found[:3] for found in SAID]
    for problem, (*_, reason) in zip(problems, SAID, strict=True):
        assert problem.file == "bad.csv"
        assert re.search(reason, str(problem.reason)), (problem, reason)


def test_bad_rows_can_be_left_out(tmp_path: Path, city: City) -> None:
    path = write_csv(tmp_path / "bad.csv", BAD_ROWS)
    demand, problems = from_points(path, city, skip_bad=True)
    assert said(problems) == [found[:3] for found in SAID]
    assert demand.people["all"].tolist() == [10, 20]
    assert [demand.unit_codes[i] for i in demand.unit] == [WEST, MIDDLE]
    assert any("10行有错" in note.zh and "10" in note.en for note in demand.notes)
    assert demand_of(city, path, skip_bad=True)[1] == problems


def test_a_list_without_a_good_row_is_refused(tmp_path: Path, city: City) -> None:
    path = write_csv(tmp_path / "bad.csv", BAD_ROWS[1:4])
    with pytest.raises(InputError, match="no row that can be used"):
        from_points(path, city, skip_bad=True)
    with pytest.raises(InputError, match="the list has no row"):
        from_points(write_csv(tmp_path / "none.csv", []), city, skip_bad=True)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("lon,lat,60+", "'people' is missing"),
        ("lat,people,60+", "'lon' is missing"),
        ("lon,lon,lat,people", "named twice"),
        ("lon,lat,people,60+,60 +", "counts the same people as '60\\+'"),
    ],
)
def test_columns_must_be_there_once(tmp_path: Path, city: City, header: str, reason: str) -> None:
    path = write_csv(tmp_path / "bad.csv", [(113.02, 23.65, 1, 1)], header)
    with pytest.raises(InputError, match=reason):
        from_points(path, city, skip_bad=True)


def test_a_geojson_without_people_is_refused(tmp_path: Path, city: City) -> None:
    found = features(PLACES)
    for feature in found:
        feature["properties"] = {"name": "村"}
    problems = refused(write_geojson(tmp_path / "a.geojson", found), city)
    assert "'people' is missing (the file has: name)" in str(problems[0].reason)


@pytest.mark.parametrize(
    ("column", "group"),
    [
        ("people", "all"),
        ("60+", "60+"),
        ("65 +", "65+"),
        ("0-14", "0-14"),
        ("0_14", "0-14"),
        ("15 – 59", "15-59"),
        ("14-0", None),
        ("name", None),
        ("60", None),
        ("", None),
    ],
)
def test_columns_of_groups(column: str, group: str | None) -> None:
    assert group_in(column, whole=True) == group


def test_groups_with_a_hyphen_and_columns_not_used(tmp_path: Path, city: City) -> None:
    path = write_csv(tmp_path / "a.csv", [(113.02, 23.65, 9, 2, "x")], "lon,lat,people,0-14,remark")
    demand, _ = from_points(path, city)
    assert demand.groups == ("all", "0-14")
    assert any("remark" in note.zh for note in demand.notes)


def test_places_near_a_border(tmp_path: Path, city: City) -> None:
    """400 m outside the city is inside its approximate border, 600 m is not."""
    step = 1 / 101_900  # a degree of longitude is about 101.9 km here
    rows = [(113.0 - 400 * step, 23.65, 1), (113.0 - 600 * step, 23.65, 1)]
    path = write_csv(tmp_path / "a.csv", rows, "lon,lat,people")
    demand, problems = from_points(path, city, skip_bad=True)
    assert [demand.unit_codes[i] for i in demand.unit] == [WEST]
    assert [p.row for p in problems] == [3]
    assert "0.6 km outside" in str(problems[0].reason)


def test_places_in_a_county_and_no_township_count(tmp_path: Path, city: City) -> None:
    rows = [(113.19, 23.65, 7), (113.1665, 23.66, 5)]
    demand, _ = from_points(write_csv(tmp_path / "a.csv", rows, "lon,lat,people"), city)
    assert demand.unit.tolist() == [-1, demand.unit_codes.index(EAST)]
    assert demand.total("all") == 12
    assert any("不属任何乡镇" in note.zh for note in demand.notes)


def test_geojson_rows_are_checked(tmp_path: Path, city: City) -> None:
    found = features([(113.02, 23.65, "12", 1)] * 10)
    found[1]["geometry"] = None
    found[2]["geometry"] = {"type": "Polygon", "coordinates": []}
    found[3]["geometry"]["coordinates"] = [113.02]
    found[4]["geometry"]["coordinates"] = ["113.02", 23.65]
    found[5]["properties"]["people"] = None
    found[6]["properties"]["people"] = True
    found[7]["geometry"]["coordinates"] = [23.65, 113.02]
    found[8]["crs"] = {"type": "name", "properties": {"name": "EPSG:3857"}}
    del found[9]["properties"]["people"]
    demand, problems = from_points(
        write_geojson(tmp_path / "a.geojson", found), city, skip_bad=True
    )
    assert demand.people["all"].tolist() == [12]
    assert [p.row for p in problems] == [2, 3, 4, 5, 6, 7, 8, 9, 10]
    reasons = ["no place", "Polygon", "no coord", "finite", "missing", "finite", "swapped", "CRS"]
    for problem, reason in zip(problems, [*reasons, "missing"], strict=True):
        assert reason in str(problem.reason)


@pytest.mark.parametrize(
    ("crs", "reason"),
    [
        (None, "does not say its CRS"),
        ({"type": "name"}, "does not say its CRS"),
        ({"type": "name", "properties": {"name": "EPSG:1"}}, "'EPSG:1' is not known"),
    ],
)
def test_a_geojson_must_say_its_crs_if_it_speaks_of_it(
    tmp_path: Path, city: City, crs: Any, reason: str
) -> None:
    path = write_geojson(tmp_path / "a.geojson", features(PLACES), crs=crs)
    with pytest.raises(InputError, match=reason):
        from_points(path, city, skip_bad=True)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"features": 3}', '{"features": [1]}', "null"])
def test_what_is_no_geojson_is_refused(tmp_path: Path, city: City, text: str) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"a\.geojson"):
        from_points(path, city)


def test_geopackage_rows_are_checked(tmp_path: Path, city: City) -> None:
    here = shapely.Point(113.02, 23.65)
    geometry = [here, None, shapely.Point(), shapely.box(113, 23, 114, 24), here, here]
    path = write_gpkg(tmp_path / "a.gpkg", geometry, [1, 1, 1, 1, None, -1], kind="Unknown")
    demand, problems = from_points(path, city, skip_bad=True)
    assert demand.people["all"].tolist() == [1]
    assert [p.row for p in problems] == [2, 3, 4, 5, 6]
    reasons = ["no place", "no place", "Polygon", "missing", "negative"]
    for problem, reason in zip(problems, reasons, strict=True):
        assert reason in str(problem.reason)


def test_a_geopackage_must_say_its_crs(tmp_path: Path, city: City) -> None:
    with pytest.warns(UserWarning, match="crs"):
        path = write_gpkg(tmp_path / "a.gpkg", [shapely.Point(113.02, 23.65)], [1], crs=None)
    with pytest.raises(InputError, match="does not say its CRS"):
        from_points(path, city)


def test_a_geopackage_of_mixed_layers_is_refused(tmp_path: Path, city: City) -> None:
    path = write_gpkg(tmp_path / "a.gpkg", [shapely.Point(113.02, 23.65)], [1], layer="one")
    plane = [shapely.Point(700_000, 2_616_000)]
    write_gpkg(path, plane, [1], crs="EPSG:32649", layer="two", append=True)
    reason = r"2 layers of different CRSs, expected one: one \(EPSG:4326\), two \(EPSG:32649\)"
    with pytest.raises(InputError, match=reason):
        from_points(path, city)


def test_a_damaged_geopackage_is_refused(tmp_path: Path, city: City) -> None:
    path = tmp_path / "a.gpkg"
    path.write_bytes(b"SQLite format 3\x00" + b"x" * 100)
    with pytest.raises(InputError, match="cannot be read as a GeoPackage"):
        from_points(path, city)


@pytest.mark.parametrize("name", ["a.csv", "a.geojson", "a.gpkg", "a.shp"])
def test_a_file_that_is_not_there_is_refused(tmp_path: Path, city: City, name: str) -> None:
    with pytest.raises(InputError):
        from_points(tmp_path / name, city)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.floats(113.0, 113.2), st.floats(23.6, 23.7), st.floats(0, 1e6)), min_size=1
    )
)
def test_nobody_is_lost(tmp_path: Path, places: list[tuple[float, float, float]]) -> None:
    city = small_city(tmp_path / "city")
    path = write_csv(tmp_path / "a.csv", places, "lon,lat,people")
    demand, _ = from_points(path, city)
    assert demand.people["all"].tolist() == [people for *_, people in places]
    # Truth from outside: the polygons in degrees. On the plane their long borders differ by
    # a metre, so places next to one are not asked.
    for (lon, lat, _), unit in zip(places, demand.unit, strict=True):
        place = shapely.Point(lon, lat)
        for code, cell in CELLS.items():
            if shapely.contains(cell, place) and shapely.distance(cell.boundary, place) > 1e-4:
                assert demand.unit_codes[unit] == code


def test_points_are_placed_on_the_same_ground_as_the_model(city: City) -> None:
    ground = read_townships(city)
    centres = shapely.centroid(ground.cells)
    found = ground.unit_at(shapely.get_x(centres), shapely.get_y(centres))
    assert found.tolist() == ground.cell_unit.tolist()
