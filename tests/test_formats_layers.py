"""The one reader of layers: stated CRSs, places on earth, finite, near the city."""

from __future__ import annotations

import json
import math
import sqlite3
import time
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely.geometry import box, mapping

import processes
from coverage.city import City
from coverage.errors import InputError
from coverage.formats.layers import read_areas, read_features, read_layer
from coverage.reach.sites import areas_near, read_barriers

if TYPE_CHECKING:
    from pathlib import Path

HERE = box(113.0, 23.66, 113.04, 23.70)  # in the middle of 清远
NEAR = (112.0, 23.5, 113.5, 25.0)


def written(path: Path, *shapes: Any, crs: str | None = None, **properties: object) -> Path:
    features = [
        {"type": "Feature", "properties": properties, "geometry": s if s is None else mapping(s)}
        for s in shapes
    ]
    top = {"crs": {"type": "name", "properties": {"name": crs}}} if crs else {}
    content = {"type": "FeatureCollection", **top, "features": features}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def moved(shape: Any, crs: str) -> Any:
    made: Any = gpd.GeoSeries([shape], crs="EPSG:4326").to_crs(crs).iloc[0]
    return made


def swapped(shape: Any) -> Any:
    return shapely.transform(shape, lambda xy: xy[:, ::-1])


@pytest.mark.parametrize("format_", ["geojson", "gpkg", "shp", "zip", "fgb"])
@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:4490", "EPSG:4547", "EPSG:3857"])
def test_every_format_says_its_crs_and_is_believed(tmp_path: Path, format_: str, crs: str) -> None:
    frame = gpd.GeoDataFrame({"名称": ["甲"]}, geometry=[moved(HERE, crs)], crs=crs)
    path = tmp_path / f"区域.{format_}"
    if format_ == "geojson":
        name = f"urn:ogc:def:crs:EPSG::{crs[5:]}"
        written(path, moved(HERE, crs), crs=name, 名称="甲")
    elif format_ == "zip":
        frame.to_file(tmp_path / "区域.shp", encoding="GB18030")
        with zipfile.ZipFile(path, "w") as archive:
            for part in ("shp", "shx", "dbf", "prj"):
                archive.write(tmp_path / f"区域.{part}", f"数据/区域.{part}")
    else:
        frame.to_file(path, encoding="UTF-8" if format_ == "shp" else None)
    made = read_areas(path, near=NEAR)
    assert made.shapes[0].hausdorff_distance(HERE) < 2e-5
    assert made.columns["名称"] == ["甲"]
    assert len(made) == 1


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (moved(HERE, "EPSG:4547"), "度写成米"),  # metres that say nothing of their CRS
        (swapped(HERE), "经纬度写反"),
        (box(113.0, 91.0, 113.1, 92.0), "不在地球上"),
        (box(-73.0, 40.0, -72.0, 41.0), "本市"),
    ],
)
def test_what_lies_nowhere_near_is_refused_in_one_sentence(
    tmp_path: Path, shape: Any, said: str
) -> None:
    path = written(tmp_path / "a.geojson", shape)
    with pytest.raises(InputError, match=said) as caught:
        read_areas(path, near=NEAR)
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].file == "a.geojson"


def test_coordinates_that_are_not_finite(tmp_path: Path) -> None:
    path = written(tmp_path / "a.geojson", HERE)
    text = path.read_text(encoding="utf-8").replace("113.04", "NaN")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="不是有限的数字"):
        read_areas(path)
    with pytest.raises(InputError, match="不是有限的数字"):
        read_layer(path)


def test_a_feature_astray_is_named(tmp_path: Path) -> None:
    """One feature far away is a province's; one that fits the other way round is a slip."""
    far = box(110.0, 20.0, 111.0, 21.0)
    made = read_areas(written(tmp_path / "a.geojson", HERE, far), near=NEAR)
    assert len(made) == 2
    with pytest.raises(InputError, match="经纬度写反") as caught:
        read_areas(written(tmp_path / "b.geojson", HERE, far, swapped(HERE)), near=NEAR)
    assert [p.row for p in caught.value.problems] == [3]
    with pytest.raises(InputError, match="多边形") as caught:
        read_areas(written(tmp_path / "c.geojson", HERE, HERE.centroid, None), near=NEAR)
    assert [p.row for p in caught.value.problems] == [2, 3]


def test_invalid_rings_are_mended(tmp_path: Path) -> None:
    bow = shapely.Polygon([(113, 23.6), (113.1, 23.7), (113.1, 23.6), (113, 23.7)])
    made = read_areas(written(tmp_path / "a.geojson", bow), near=NEAR)
    assert shapely.is_valid(made.shapes).all()
    assert shapely.area(made.shapes).sum() > 0


def test_borders_that_cross_all_over_are_refused_and_not_mended(tmp_path: Path) -> None:
    """A few hundred random corners take GEOS minutes, copies of one square gigabytes."""
    chance = np.random.default_rng(4)
    tangle = shapely.Polygon(np.array([113.0, 23.66]) + 0.04 * chance.random((1200, 2)))
    pile = shapely.multipolygons([HERE] * 2000)
    for shape in (tangle, pile):
        path = written(tmp_path / "a.geojson", HERE, shape)
        began = time.process_time()
        with pytest.raises(InputError, match="cross all over"):
            read_areas(path, near=NEAR)
        assert time.process_time() - began < 5
    rough = np.linspace(0, 2 * np.pi, 5000, endpoint=False)
    coast = np.stack([np.cos(rough), np.sin(rough)], 1) * (1 + 0.001 * chance.random((5000, 1)))
    torn = np.concatenate([coast, coast[:2] + 0.0005])  # drawn a little beyond its own start
    made = read_areas(written(tmp_path / "b.geojson", shapely.Polygon(torn * 0.02 + [113, 23.68])))
    assert shapely.is_valid(made.shapes).all()


def test_more_columns_or_layers_than_any_list_are_refused(tmp_path: Path) -> None:
    many: dict[str, Any] = {f"k{i}": i for i in range(2_000)}
    path = written(tmp_path / "a.geojson", HERE, **many)
    with pytest.raises(InputError, match="more than 1,024 columns"):
        read_layer(path)
    wide = gpd.GeoDataFrame({f"k{i}": [i] for i in range(1_100)}, geometry=[HERE], crs=4326)
    wide.to_file(tmp_path / "a.gpkg")
    with pytest.raises(InputError, match="more than 1,024 columns"):
        read_layer(tmp_path / "a.gpkg")
    wide[["k1", "geometry"]].to_file(tmp_path / "b.gpkg")
    with closing(sqlite3.connect(tmp_path / "b.gpkg")) as base:
        for i in range(600):
            base.execute(f"CREATE TABLE l{i} (fid INTEGER PRIMARY KEY)")
            base.execute(
                "INSERT INTO gpkg_contents (table_name, data_type, identifier) "
                f"VALUES ('l{i}', 'attributes', 'l{i}')"
            )
        base.commit()
    with pytest.raises(InputError, match="more than 500 sheets"):
        read_layer(tmp_path / "b.gpkg")


def test_what_the_user_states_goes_before_what_the_file_says(tmp_path: Path) -> None:
    path = written(tmp_path / "a.geojson", HERE)
    as_is, shifted = read_layer(path), read_layer(path, crs="gcj02")
    assert 0.003 < as_is.shapes[0].centroid.distance(shifted.shapes[0].centroid) < 0.01
    assert any("gcj02" in said.zh for said in shifted.said)


def test_a_point_is_a_point_and_a_row_has_its_cells(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(
        '{"type":"FeatureCollection","features":['
        '{"type":"Feature","id":7,"properties":{"n":1,"x":[1]},'
        '"geometry":{"type":"Point","coordinates":[113,23,5]}},'
        '{"type":"Feature","properties":{"n":"二"},"geometry":null},'
        '{"type":"Feature","properties":{},'
        '"geometry":{"type":"Point","coordinates":["113",23]}}]}',
        encoding="utf-8",
    )
    (own,) = read_features(path)
    assert own.columns == {"n": [1, "二", None], "x": ["[1]", None, None], "id": [7, None, None]}
    assert own.shapes is not None
    assert own.shapes[0].equals(shapely.Point(113, 23))
    assert own.shapes[1] is None
    assert list(own.bad) == [2]


def test_barriers_and_areas_lie_on_the_plane_of_the_roads(tmp_path: Path) -> None:
    city = City.load("清远")
    crs = "EPSG:32649"
    metres = written(tmp_path / "m.geojson", moved(HERE, "EPSG:4547"), crs="EPSG:4547", factor=3)
    (barrier,) = read_barriers(metres, city, crs)
    assert barrier.factor == 3.0
    degrees = written(tmp_path / "d.geojson", HERE)
    (area,) = areas_near(degrees, city, crs).shapes
    assert shapely.hausdorff_distance(barrier.area, area) < 1.0
    (closed,) = read_barriers(degrees, city, crs)
    assert math.isinf(closed.factor)
    with pytest.raises(InputError, match="factor"):
        read_barriers(written(tmp_path / "f.geojson", HERE, factor=0.5), city, crs)
    assert np.isfinite(shapely.bounds(area)).all()


COMMAND = (
    *("site", "--city", "清远", "--indicator", "elder_care.integrated_township", "--max-new", "1"),
    *("--time-limit", "5", "--lang", "zh"),
)


def test_a_map_of_another_planet_is_refused(tmp_path: Path) -> None:
    """A CRS of the moon or of Mars is known, and no way leads from it to the earth."""
    frame = gpd.GeoDataFrame({"名称": ["甲"]}, geometry=[HERE], crs="EPSG:4326")
    frame.to_file(tmp_path / "m.shp")
    for radius in (1_737_400, 3_396_190):
        wkt = (
            f'GEOGCS["other",DATUM["d",SPHEROID["s",{radius},0]],PRIMEM["p",0],'
            'UNIT["Degree",0.0174532925199433]]'
        )
        (tmp_path / "m.prj").write_text(wkt, encoding="ascii")
        with pytest.raises(InputError, match="坐标系"):
            read_layer(tmp_path / "m.shp")


@pytest.mark.parametrize("option", ["--keep-out", "--keep-in"])
def test_areas_of_siting_respect_their_crs(tmp_path: Path, option: str) -> None:
    """The same box in degrees and in metres takes the same candidates away."""
    away = []
    for name, shape, crs in (
        ("d", HERE.buffer(0.3), None),
        ("m", moved(HERE.buffer(0.3), "EPSG:4547"), "urn:ogc:def:crs:EPSG::4547"),
    ):
        path = written(tmp_path / f"{name}.geojson", shape, crs=crs)
        done = processes.run(*COMMAND, option, str(path))
        assert done.returncode == 0, done.stderr
        lines = [one for one in done.stdout.splitlines() if "去掉" in one or "候选" in one]
        away.append([line.replace(path.name, "") for line in lines])
    assert away[0] == away[1]
    assert away[0]
    for shape in (moved(HERE, "EPSG:4547"), swapped(HERE)):
        done = processes.run(*COMMAND, option, str(written(tmp_path / "x.geojson", shape)))
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert "x.geojson" in done.stderr


@pytest.mark.parametrize("what", ["swapped", "beyond", "nan", "spike"])
def test_boundaries_that_lie_nowhere_are_one_sentence(tmp_path: Path, what: str) -> None:
    town = {"XZQMC": "凤城街道", "XZQDM": "441802006"}
    shapes = {"swapped": swapped(HERE), "beyond": box(113, 91, 114, 92)}
    # One slip in one corner: what is laid over such an outline fills any memory.
    shapes["spike"] = shapely.Polygon([*HERE.exterior.coords[:-1], (13.04, -23.7)])
    shape = shapes.get(what, HERE)
    path = written(tmp_path / "a.geojson", shape, **town)
    if what == "nan":
        text = path.read_text(encoding="utf-8").replace("113.04", "NaN")
        path.write_text(text, encoding="utf-8")
    space = str(tmp_path / "w")
    assert processes.run("init", space, "--city", "清远").returncode == 0
    done = processes.run("import", "boundaries", str(path), "--workspace", space)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
