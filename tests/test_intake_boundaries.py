"""The bureau's polygons into a workspace: matched, checked, never half-written."""

from __future__ import annotations

import json
import struct
import time
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely
import shapely.affinity
from shapely.geometry import Polygon, box, mapping

from coverage import atomic
from coverage.city import City
from coverage.datum import wgs84_to_gcj02
from coverage.demand.townships import read_townships
from coverage.errors import InputError
from coverage.formats.tables import read_table
from coverage.intake.boundaries import import_boundaries
from coverage.intake.newcity import UNIT_COLUMNS, category_of, city_code
from coverage.intake.setup import create
from coverage.places import polygons as topology
from coverage.places.find import code_in
from helpers import run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

    from coverage.intake.outcomes import ImportReport

# A new city of two counties; the towns tile a rectangle of 0.2° by 0.1°.
TOWNS: list[tuple[str, str, str, BaseGeometry]] = [
    ("990102001", "东街道", "甲区", box(113.0, 23.6, 113.05, 23.7)),
    ("990102100", "西镇", "甲区", box(113.05, 23.6, 113.1, 23.7)),
    ("990121100", "西镇", "乙县", box(113.1, 23.6, 113.15, 23.7)),
    ("990121450", "红旗林场", "乙县", box(113.15, 23.6, 113.2, 23.7)),
]


def geojson(path: Path, rows: Sequence[tuple[dict[str, object], Any]], crs: str = "") -> Path:
    features = [
        {"type": "Feature", "properties": p, "geometry": mapping(g) if g is not None else None}
        for p, g in rows
    ]
    content: dict[str, object] = {"type": "FeatureCollection", "features": features}
    if crs:
        content["crs"] = {"type": "name", "properties": {"name": crs}}
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


def towns(shapes: Sequence[BaseGeometry] | None = None) -> list[tuple[dict[str, object], Any]]:
    own = shapes if shapes is not None else [t[3] for t in TOWNS]
    return [
        ({"XZQDM": f"{c}000", "XZQMC": n, "县名称": k}, g)
        for (c, n, k, _), g in zip(TOWNS, own, strict=True)
    ]


def new_city(folder: Path, file: Path, **options: Any) -> tuple[City, ImportReport]:
    reports = []

    def fill(half: Path) -> City:
        reports.append(import_boundaries(file, half, **options))
        return City.open(half)

    create(folder, name="新市", code="990100", fill=fill)
    return City.open(folder), reports[0]


def shipped(name: str, folder: Path) -> tuple[City, list[dict[str, Any]]]:
    city = City.load(name)
    create(folder, city=city)
    features = json.loads(city.file("townships").read_text(encoding="utf-8"))["features"]
    return city, features


def rows_of(features: Sequence[dict[str, Any]], **more: object) -> list[tuple[dict[str, Any], Any]]:
    return [
        (
            {"代码": f["properties"]["code"], "名称": f["properties"]["name"], **more},
            shapely.geometry.shape(f["geometry"]),
        )
        for f in features
    ]


def ids(report: ImportReport, weight: str = "warning") -> list[str]:
    return [f.id for f in report.findings if f.weight == weight]


def test_a_new_city_gets_units_counties_and_townships(tmp_path: Path) -> None:
    city, report = new_city(tmp_path / "w", geojson(tmp_path / "t.geojson", towns()))
    assert report.counts == {"accepted": 4}
    assert ids(report) == []
    assert [p.name for p in report.written] == [
        "units.csv",
        "counties.geojson",
        "townships.geojson",
    ]
    assert [(u.name, u.category) for u in city.units.counties] == [
        ("甲区", "市辖区"),
        ("乙县", "县"),
    ]
    assert [u.category for u in city.units.township_rows] == ["街道", "镇", "镇", "统计单元"]
    assert len(city.units.townships) == 3
    table = read_table(tmp_path / "w" / "units.csv")
    assert table.columns == UNIT_COLUMNS
    assert read_table(City.load("清远").file("units")).columns == UNIT_COLUMNS
    seat = table.records[2]
    assert seat.get("place_precision") == "representative"
    assert "不是驻地" in seat.get("place_note")
    assert TOWNS[0][3].contains(shapely.Point(float(seat.get("lon")), float(seat.get("lat"))))
    ground = read_townships(city)
    assert ground.city.area == pytest.approx(sum(c.area for c in ground.cells), rel=1e-6)
    counties = json.loads(city.file("counties").read_text(encoding="utf-8"))["features"]
    assert [f["properties"]["quality"] for f in counties] == ["surveyed"] * 2
    assert "dissolved" in counties[0]["properties"]["source"]
    again = import_boundaries(geojson(tmp_path / "t2.geojson", towns()), tmp_path / "w")
    assert [p.name for p in again.written] == ["counties.geojson", "townships.geojson"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"XZQDM": ""}, "九位代码"),
        ({"XZQDM": "990301001"}, "9901 开头"),
        ({"XZQMC": ""}, "缺名称"),
        ({"XZQDM": "990102100", "XZQMC": "别镇"}, "两个名称"),
    ],
)
def test_a_new_city_needs_codes_and_names(
    tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    rows = towns()
    rows[2][0].update(change)
    with pytest.raises(InputError, match=reason):
        new_city(tmp_path / "w", geojson(tmp_path / "t.geojson", rows))
    assert not (tmp_path / "w").exists()


def test_gaps_and_overlaps_are_measured_and_named(tmp_path: Path) -> None:
    shapes = [t[3] for t in TOWNS]
    shapes[0] = box(113.0, 23.6, 113.06, 23.7)  # 0.01° into 西镇
    shapes[2] = shapes[2].difference(box(113.11, 23.64, 113.12, 23.65))  # a hole
    shapes[3] = box(113.149999, 23.6, 113.2, 23.7)  # a sliver
    _, report = new_city(tmp_path / "w", geojson(tmp_path / "t.geojson", towns(shapes)))
    overlap = next(f for f in report.findings if f.id == "overlap")
    assert set(overlap.units) == {"990102001", "990102100"}
    from pyproj import Geod

    geod = Geod(ellps="WGS84")
    both = abs(geod.geometry_area_perimeter(box(113.05, 23.6, 113.06, 23.7).segmentize(0.001))[0])
    assert overlap.km2 == pytest.approx(both / 1e6, rel=1e-3)
    gap = next(f for f in report.findings if f.id == "gap")
    hole = abs(geod.geometry_area_perimeter(box(113.11, 23.64, 113.12, 23.65))[0])
    assert gap.km2 == pytest.approx(hole / 1e6, rel=1e-3)
    assert gap.units == ("990121100",)
    assert ids(report, "note").count("overlap-slivers") == 1
    assert report.findings[-1].weight == "note"


def test_equal_area_is_equal_area() -> None:
    from pyproj import Geod

    geod = Geod(ellps="WGS84")
    shape = box(112.0, 23.5, 114.0, 25.0).segmentize(0.01)
    true = abs(geod.geometry_area_perimeter(shape)[0]) / 1e6
    assert topology.areas_km2([shape])[0] == pytest.approx(true, rel=1e-5)


def test_invalid_rings_are_repaired_and_said(tmp_path: Path) -> None:
    shapes = [t[3] for t in TOWNS]
    shapes[0] = Polygon(
        [(113, 23.6), (113.05, 23.6), (113.05, 23.7), (113, 23.7), (113.0005, 23.6999), (113, 23.7)]
    )
    shapes[1] = Polygon([(113.05, 23.6), (113.1, 23.7), (113.1, 23.6), (113.05, 23.7)])  # a bow
    _, report = new_city(tmp_path / "w", geojson(tmp_path / "t.geojson", towns(shapes)))
    bow = report.outcomes[1]
    assert bow.outcome == "corrected"
    assert "已修复" in bow.said[-1].zh
    assert "Self-intersection" in bow.said[-1].en


def test_one_town_in_two_features_is_joined(tmp_path: Path) -> None:
    rows = towns()
    west, east = box(113.0, 23.6, 113.02, 23.7), box(113.02, 23.6, 113.05, 23.7)
    rows[0] = (rows[0][0], west)
    rows.append((rows[0][0], east))
    city, report = new_city(tmp_path / "w", geojson(tmp_path / "t.geojson", rows))
    assert report.outcomes[4].said[0].zh == "并入第 1 个要素"
    assert (report.accepted, report.rejected) == (5, 0)
    assert len(read_townships(city).cells) == 4


def test_gbk_shapefiles_alone_and_zipped(tmp_path: Path) -> None:
    import geopandas as gpd

    frame = gpd.GeoDataFrame(
        {"乡镇代码": [t[0] for t in TOWNS], "乡镇名称": [t[1] for t in TOWNS]},
        geometry=[t[3] for t in TOWNS],
        crs="EPSG:4490",
    ).to_crs("EPSG:4547")
    frame.to_file(tmp_path / "乡镇.shp", encoding="GB18030")
    (tmp_path / "乡镇.cpg").unlink()
    city, report = new_city(tmp_path / "a", tmp_path / "乡镇.shp")
    assert [u.name for u in city.units.township_rows] == [t[1] for t in TOWNS]
    assert any("gb18030" in f.said.zh for f in report.findings)
    with zipfile.ZipFile(tmp_path / "乡镇.zip", "w") as archive:
        for part in ("shp", "shx", "dbf", "prj"):
            archive.write(tmp_path / f"乡镇.{part}", f"数据/乡镇.{part}")
        archive.writestr("说明.txt", "x")
    zipped, _ = new_city(tmp_path / "b", tmp_path / "乡镇.zip")
    for one, other in zip(read_townships(city).cells, read_townships(zipped).cells, strict=True):
        assert one.symmetric_difference(other).area < 1.0
    ground = read_townships(city)
    own = shapely.transform(TOWNS[0][3], lambda c: np.column_stack(ground.project(*c.T)))
    assert ground.cells[0].hausdorff_distance(own) < 0.5
    # A code page that lies.
    (tmp_path / "乡镇.cpg").write_text("UTF-8")
    liar, report = new_city(tmp_path / "c", tmp_path / "乡镇.shp")
    assert [u.name for u in liar.units.township_rows] == [t[1] for t in TOWNS]
    assert any("自称 UTF-8" in f.said.zh for f in report.findings)


def test_a_missing_crs_is_asked_for(tmp_path: Path) -> None:
    import geopandas as gpd

    frame = gpd.GeoDataFrame(
        {"code": [t[0] for t in TOWNS], "name": [t[1] for t in TOWNS]},
        geometry=[t[3] for t in TOWNS],
        crs="EPSG:4490",
    ).to_crs("EPSG:4547")
    frame.to_file(tmp_path / "t.shp", encoding="UTF-8")
    (tmp_path / "t.prj").unlink()
    with pytest.raises(InputError, match="没有坐标系"):
        new_city(tmp_path / "w", tmp_path / "t.shp")
    city, _ = new_city(tmp_path / "w", tmp_path / "t.shp", crs="gk3-38")
    assert shapely.total_bounds(read_townships(city).cells)[0] > 0
    with pytest.raises(InputError, match="度写成米"):
        new_city(tmp_path / "v", tmp_path / "t.shp", crs="EPSG:4326")
    with pytest.raises(InputError, match="坐标系不认识"):
        new_city(tmp_path / "u", tmp_path / "t.shp", crs="EPSG:1")


def test_mixed_coordinates_and_layers(tmp_path: Path) -> None:
    import geopandas as gpd

    rows = towns()
    rows.append(
        ({"XZQDM": "990121101000", "XZQMC": "丙镇", "县名称": "乙县"}, box(5e5, 2e6, 6e5, 3e6))
    )
    rows.append(({"XZQDM": "990121102000", "XZQMC": "丁镇", "县名称": "乙县"}, None))
    _, report = new_city(tmp_path / "w", geojson(tmp_path / "t.geojson", rows))
    assert [o.outcome for o in report.outcomes[4:]] == ["rejected", "rejected"]
    assert "度与米混用" in report.outcomes[4].said[0].zh
    frame = gpd.GeoDataFrame(
        {"code": [t[0] for t in TOWNS], "name": [t[1] for t in TOWNS]},
        geometry=[t[3] for t in TOWNS],
        crs="EPSG:4326",
    )
    frame.to_file(tmp_path / "t.gpkg", layer="乡镇")
    frame.to_crs("EPSG:4547").to_file(tmp_path / "t.gpkg", layer="旧乡镇")
    with pytest.raises(InputError, match="坐标系不一"):
        new_city(tmp_path / "v", tmp_path / "t.gpkg")
    city, _ = new_city(tmp_path / "v", tmp_path / "t.gpkg", layer="旧乡镇")
    assert len(city.units.townships) == 3


def test_gcj02_is_suspected_and_never_assumed(tmp_path: Path) -> None:
    city, features = shipped("清远", tmp_path / "w")
    rows = rows_of(features)
    shifted = [
        (p, shapely.transform(g, lambda c: np.column_stack(wgs84_to_gcj02(*c.T)))) for p, g in rows
    ]
    file = geojson(tmp_path / "t.geojson", shifted)
    with pytest.raises(InputError, match=r"疑为 gcj02.*--crs gcj02.*--crs EPSG:4326"):
        import_boundaries(file, tmp_path / "w")
    assert not (tmp_path / "w/boundaries/townships.geojson").exists()
    report = import_boundaries(file, tmp_path / "w", crs="EPSG:4326")
    datum = next(f for f in report.findings if f.id == "datum")
    assert datum.weight == "warning"
    assert "疑为 gcj02" in datum.said.zh
    own = json.loads((tmp_path / "w/boundaries/townships.geojson").read_text(encoding="utf-8"))
    first = shapely.geometry.shape(own["features"][0]["geometry"])
    truth = shapely.geometry.shape(features[0]["geometry"])
    assert first.centroid.distance(truth.centroid) > 0.003  # as given
    report = import_boundaries(file, tmp_path / "w", crs="gcj02")
    assert "datum" in ids(report, "note")
    own = json.loads((tmp_path / "w/boundaries/townships.geojson").read_text(encoding="utf-8"))
    first = shapely.geometry.shape(own["features"][0]["geometry"])
    assert first.hausdorff_distance(truth) < 5e-6
    assert City.open(tmp_path / "w").origin("counties") == "shipped"
    assert len(city.units.townships) == 85


def test_units_are_matched_by_code_then_name_and_asked_back(tmp_path: Path) -> None:
    city, features = shipped("清远", tmp_path / "w")
    rows = rows_of(features)
    names = [u.name for u in city.units.townships]
    twice = {n for n in names if names.count(n) > 1}
    assert twice, "清远 has townships of one name in two counties"
    for own, _ in rows:
        own["代码"] = ""
    report = import_boundaries(geojson(tmp_path / "t.geojson", rows), tmp_path / "w")
    asked = [o for o in report.outcomes if o.outcome == "rejected"]
    assert {o.name for o in asked} == twice
    assert all("请写明代码或县" in o.said[0].zh for o in asked)
    assert report.accepted + report.rejected == len(rows)
    assert "missing" in ids(report)
    for (own, _), feature in zip(rows, features, strict=True):
        own["县"] = city.units[feature["properties"]["parent"]].name
    report = import_boundaries(geojson(tmp_path / "t.geojson", rows), tmp_path / "w")
    assert report.rejected == 0


def test_wrong_codes_outside_and_missing(tmp_path: Path) -> None:
    city, features = shipped("清远", tmp_path / "w")
    rows = rows_of(features)
    rows[0][0]["代码"] = rows[1][0]["代码"]  # the code of another
    rows[2] = (rows[2][0], shapely.affinity.translate(rows[2][1], 5.0, 0.0))
    rows[3][0].update({"代码": "110101001", "名称": "东华门街道"})
    rows[4][0]["代码"] = f"{rows[4][0]['代码']}001"
    report = import_boundaries(geojson(tmp_path / "t.geojson", rows), tmp_path / "w")
    said = ["；".join(s.zh for s in o.said) for o in report.outcomes]
    assert "哪个对" in said[0]
    assert "市外" in said[2]
    assert "不在本市名录" in said[3]
    assert "村级代码" in said[4]
    assert report.rejected == 4
    missing = next(f for f in report.findings if f.id == "missing")
    assert len(missing.units) == len(city.units.townships) - len(rows) + 4
    assert len(read_townships(City.open(tmp_path / "w")).cells) == len(rows) - 4


def test_an_old_code_is_followed_to_today(tmp_path: Path) -> None:
    _, features = shipped("中山", tmp_path / "w")
    rows = rows_of(features)
    place = next(i for i, (p, _) in enumerate(rows) if p["代码"] == "442000118")
    shape = rows[place][1]
    west, south, east, north = shape.bounds
    middle = (west + east) / 2
    rows[place] = (
        {"代码": "442000100", "名称": "小榄镇"},
        shape.intersection(box(west, south, middle, north)),
    )
    rows.append(
        (
            {"代码": "442000104", "名称": "东升镇"},
            shape.intersection(box(middle, south, east, north)),
        )
    )
    report = import_boundaries(geojson(tmp_path / "t.geojson", rows), tmp_path / "w")
    assert report.rejected == 0
    assert report.outcomes[-1].unit_code == "442000118"
    assert "今为 442000118小榄镇" in report.outcomes[-1].said[0].zh
    own = json.loads((tmp_path / "w/boundaries/townships.geojson").read_text(encoding="utf-8"))
    joined = next(f for f in own["features"] if f["properties"]["code"] == "442000118")
    area = shapely.geometry.shape(joined["geometry"]).area
    assert area == pytest.approx(shape.area, rel=1e-4)


def test_counties_too(tmp_path: Path) -> None:
    city, _ = shipped("清远", tmp_path / "w")
    features = json.loads(city.file("counties").read_text(encoding="utf-8"))["features"]
    file = geojson(tmp_path / "t.geojson", rows_of(features))
    report = import_boundaries(file, tmp_path / "w", level="county")
    assert (report.role, report.accepted) == ("counties", 8)
    assert City.open(tmp_path / "w").origin("counties") == "own"


@pytest.mark.parametrize("content", ["", "{", '{"type":"FeatureCollection","features":[]}', "[1]"])
def test_damaged_files_are_refused(tmp_path: Path, content: str) -> None:
    shipped("清远", tmp_path / "w")
    path = tmp_path / "t.geojson"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError):
        import_boundaries(path, tmp_path / "w")
    (tmp_path / "t.zip").write_bytes(b"PK\x03\x04 no zip")
    with pytest.raises(InputError):
        import_boundaries(tmp_path / "t.zip", tmp_path / "w")
    with pytest.raises(InputError, match="图层文件须为"):
        import_boundaries(_text(tmp_path / "t.kml"), tmp_path / "w")


def _text(path: Path) -> Path:
    path.write_text("<kml/>", encoding="utf-8")
    return path


def test_no_polygon_that_fits_leaves_the_workspace_alone(tmp_path: Path) -> None:
    shipped("清远", tmp_path / "w")
    file = geojson(tmp_path / "t.geojson", [({"名称": "无此镇"}, box(113, 23.6, 113.1, 23.7))])
    with pytest.raises(InputError, match="没有一个面可用"):
        import_boundaries(file, tmp_path / "w")
    assert not (tmp_path / "w/boundaries/townships.geojson").exists()
    with pytest.raises(InputError, match="没有列 Q"):
        import_boundaries(file, tmp_path / "w", code_column="Q")


def test_a_failure_on_the_way_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    city, _ = new_city(tmp_path / "w", geojson(tmp_path / "t.geojson", towns()))
    before = {p: p.read_bytes() for p in (tmp_path / "w").rglob("*") if p.is_file()}
    assert city.workspace is not None
    real = atomic._second_name
    calls = []

    def full_disk(goal: Path, stage: Path) -> Path | None:
        calls.append(goal)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return real(goal, stage)

    monkeypatch.setattr(atomic, "_second_name", full_disk)
    shapes = [shapely.affinity.scale(t[3], 0.9, 0.9) for t in TOWNS]
    with pytest.raises(InputError, match="No space"):
        import_boundaries(geojson(tmp_path / "t2.geojson", towns(shapes)), tmp_path / "w")
    after = {p: p.read_bytes() for p in (tmp_path / "w").rglob("*") if p.is_file()}
    assert after == before


def test_counties_in_another_datum_are_suspected_too(tmp_path: Path) -> None:
    city = City.load("清远")
    features = json.loads(city.file("counties").read_text(encoding="utf-8"))["features"]
    rows = [
        (
            {"adcode": f["properties"]["code"], "name": f["properties"]["name"]},
            shapely.transform(
                shapely.geometry.shape(f["geometry"]),
                lambda c: np.column_stack(wgs84_to_gcj02(c[:, 0], c[:, 1])),
            ),
        )
        for f in features
    ]
    file = geojson(tmp_path / "县.geojson", rows)
    create(tmp_path / "w", city=city)
    with pytest.raises(InputError, match="--crs gcj02"):
        import_boundaries(file, tmp_path / "w", level="county", dry_run=True)
    right = import_boundaries(file, tmp_path / "w", level="county", crs="gcj02", dry_run=True)
    assert not [f for f in right.warnings if f.id == "datum"]


@pytest.mark.parametrize("ring", [[[1, 1], [1, 1]], [[113.3, 23.7]], []])
def test_degenerate_rings_go_and_the_unit_stays(tmp_path: Path, ring: list[list[float]]) -> None:
    file = geojson(tmp_path / "t.geojson", towns())
    content = json.loads(file.read_text(encoding="utf-8"))
    shape = content["features"][0]["geometry"]
    whole = shape["coordinates"]
    shape |= {"type": "MultiPolygon", "coordinates": [[ring], whole, [ring, *whole]]}
    content["features"][1]["geometry"]["coordinates"].append(ring)
    file.write_text(json.dumps(content), encoding="utf-8")
    city, report = new_city(tmp_path / "w", file)
    assert len(city.units.township_rows) == len(city.boundaries("townships").codes) == 4
    assert sum("不足四点" in f.said.zh for f in report.findings) == 2


@pytest.mark.parametrize(
    ("name", "code", "category"),
    [
        ("嘎查苏木", "990102201", "乡"),
        ("鄂温克民族苏木", "990102202", "民族乡"),
        ("太平鄉", "990102203", "乡"),
        ("太平鎮", "990102103", "镇"),
        ("城关", "990102001", "街道"),
        ("城关", "990102100", "镇"),
        ("城关", "990102200", "乡"),
        ("城关", "990102400", "统计单元"),
        ("红旗林场", "990102100", "统计单元"),
    ],
)
def test_a_bare_name_has_the_level_of_its_code(name: str, code: str, category: str) -> None:
    assert category_of(name, code) == category


def _wkb(polygons: list[list[list[tuple[float, float]]]]) -> bytes:
    """A multipolygon as a program writes it that does not look at its rings."""
    parts = b""
    for rings in polygons:
        parts += struct.pack("<BII", 1, 3, len(rings))
        for ring in rings:
            parts += struct.pack("<I", len(ring))
            parts += b"".join(struct.pack("<2d", *corner) for corner in ring)
    return struct.pack("<BII", 1, 6, len(polygons)) + parts


@pytest.mark.parametrize("ending", ["gpkg", "shp"])
def test_degenerate_rings_of_databases_and_shapefiles_go_too(tmp_path: Path, ending: str) -> None:
    import pyogrio

    def square(west: float) -> list[tuple[float, float]]:
        corners = box(west, 21.0, west + 0.1, 21.1).exterior.coords
        return [(x, y) for x, y, *_ in corners]

    dot = [(113.2, 21.3), (113.2, 21.3)]
    shapes = [[[square(113.0)], [dot]], [[square(113.1), [(113.15, 21.05)]]], [[dot]]]
    codes, names = zip(*[(c, n) for c, n, _, _ in TOWNS[:3]], strict=True)
    pyogrio.raw.write(
        tmp_path / f"t.{ending}",
        np.array([_wkb(own) for own in shapes], object),
        [np.array(codes, object), np.array(names, object)],
        ["code", "name"],
        geometry_type="MultiPolygon" if ending == "gpkg" else "Polygon",
        crs="EPSG:4326",
        driver="GPKG" if ending == "gpkg" else "ESRI Shapefile",
    )
    city, report = new_city(tmp_path / "w", tmp_path / f"t.{ending}")
    assert len(city.units.township_rows) == 3
    assert report.counts == {"accepted": 2, "rejected": 1}
    told = [f.said.zh for f in report.findings if f.id == "file" and "略去" in f.said.zh]
    assert len(told) == 2
    assert "几何已损坏" in report.outcomes[2].said[0].zh
    whole = json.loads((tmp_path / "w/boundaries/townships.geojson").read_text(encoding="utf-8"))
    assert len(whole["features"]) == 2


def test_the_code_of_a_new_city_is_told_by_those_of_its_units() -> None:
    assert city_code(["990101001", "990101002", ""]) == "990101"
    assert city_code(["990101001", "990102002"]) == "990100"
    assert city_code(["990101001", "980102002"]) == city_code([]) == ""


def test_init_says_what_it_read_and_what_is_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [({"甲": p["XZQDM"], "乙": p["XZQMC"]}, g) for p, g in towns()]
    file = geojson(tmp_path / "t.geojson", rows)
    how = ("--name", "新市", "--code", "990100", "--boundaries", str(file))
    columns = ("--code-column", "甲", "--name-column", "乙")
    made = run(capsys, "init", str(tmp_path / "w"), *how, *columns)
    assert made.code == 0
    assert "2 个县" in made.err + made.out
    assert "3 个乡镇（街道），统计单元 1 个" in made.err + made.out
    for command in ("import facilities", "import population", "check"):
        assert f"coverage {command}" in made.err + made.out
    west = geojson(
        tmp_path / "west.geojson", [(p, shapely.affinity.translate(g, -114)) for p, g in towns()]
    )
    how = ("--name", "西市", "--code", "990100", "--boundaries", str(west))
    assert run(capsys, "init", str(tmp_path / "x"), *how).code == 0
    seats = [u.lon for u in City.open(tmp_path / "x").units.townships]
    assert all(lon is not None and lon < 0 for lon in seats)


def test_small_readings() -> None:
    assert [
        code_in(c) for c in ("441802103000", "4418021030000000000", "441802103.0", "'441802")
    ] == [
        "441802103",
        "441802103",
        "441802103",
        "441802",
    ]
    assert [code_in(c) for c in ("", "4418", "西镇", "44180210300a")] == [""] * 4
    assert [category_of(n) for n in ("东街道办事处", "瑶族民族乡", "某乡", "西镇", "林场")] == [
        "街道",
        "民族乡",
        "乡",
        "镇",
        "统计单元",
    ]


def _comb(teeth: int, *, turned: bool) -> shapely.Polygon:
    """Thin fingers across half a degree, held together at one side."""
    heights = np.arange(teeth) / teeth
    corners = [(x, y + (0.5 / teeth) * up) for y in heights for x, up in _FINGER]
    xy = np.array([*corners, (-0.05, 1.0), (-0.05, 0.0)])
    return shapely.Polygon((xy[:, ::-1] if turned else xy) * 0.5 + (113.0, 23.0))


_FINGER = ((0.0, 0), (1.0, 0), (1.0, 1), (0.0, 1))


def test_borders_that_cross_all_over_end_in_time() -> None:
    begun = time.process_time()
    few = topology.holes([_comb(40, turned=False), _comb(40, turned=True)])
    assert len(few) == 39 * 39
    assert all(piece.between == (0, 1) for piece in few)
    with pytest.raises(InputError, match="反复相交"):
        topology.holes([_comb(240, turned=False), _comb(240, turned=True)])
    assert time.process_time() - begun < 10


def test_an_island_in_a_gap_takes_its_ground_away() -> None:
    ring = shapely.box(113.0, 23.0, 113.3, 23.3) - shapely.box(113.1, 23.1, 113.2, 23.2)
    island = shapely.box(113.12, 23.12, 113.14, 23.14)
    far = shapely.box(113.4, 23.0, 113.5, 23.1)
    (gap,) = topology.holes([ring, island, far])
    alone, whole = topology.areas_km2([island, shapely.box(113.1, 23.1, 113.2, 23.2)])
    assert gap.km2 == pytest.approx(whole - alone, rel=1e-9)
    assert gap.between == (0, 1)
