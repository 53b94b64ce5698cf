"""A file of roads put into a workspace: checked, held against the city, replaced whole."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from coverage.city import City
from coverage.datum import project
from coverage.errors import InputError
from coverage.intake.roads import fit_to_city, import_roads
from coverage.roads.convert import write_graphml
from coverage.roads.network import CleaningReport
from coverage.roads.sources import load
from coverage.settings import data_dir
from helpers import told
from networks import Street, build

if TYPE_CHECKING:
    from pathlib import Path

CITY = """[city]
code = "360203"
name = "珠山区"
base = "360203"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "ws"
    place.mkdir()
    (place / "city.toml").write_text(CITY, encoding="utf-8")
    return place


@pytest.fixture
def graphml(tmp_path: Path) -> Path:
    path = tmp_path / "珠山.graphml"
    write_graphml(load("360203"), path)
    return path


def lines(path: Path, *coordinates: list[tuple[float, float]]) -> Path:
    geopandas = pytest.importorskip("geopandas")
    from shapely import LineString

    shapes = [LineString(c) for c in coordinates]
    frame = geopandas.GeoDataFrame(
        {"highway": ["residential"] * len(shapes)}, geometry=shapes, crs="EPSG:4326"
    )
    frame.to_file(path)
    return path


def test_a_good_file_is_copied_and_used(folder: Path, graphml: Path) -> None:
    found = import_roads(graphml, folder)
    assert found.written == (folder / "roads" / "roads.graphml",)
    assert found.written[0].read_bytes() == graphml.read_bytes()
    city = City.open(folder)
    assert city.origin("roads") == "own"
    assert load(city.roads, cache=False).node_count == load("360203").node_count
    seats = [u for u in city.units.townships if u.placed]
    assert found.fit.seats == len(seats)
    assert found.fit.near + len(found.fit.far) == len(seats)
    assert found.fit.near > 0
    assert found.fit.inside_share is not None
    assert 0 < found.fit.inside_share <= 1
    assert set(found.fit.largest) >= {"foot", "car"}
    text = told(found)
    assert "乡镇驻地" in text
    assert "连通片" in text
    assert "islands" in told(found, "en")
    assert sorted(p.name for p in (folder / "roads").iterdir()) == ["roads.graphml"]


def test_the_length_counts_every_street_once(folder: Path, graphml: Path) -> None:
    network = load("360203")
    found = import_roads(graphml, folder, dry_run=True)
    assert not found.written
    assert not (folder / "roads").exists()
    assert found.fit.length_km == pytest.approx(network.length_m.sum() / 2000, rel=0.02)


def test_parallel_streets_count_each_and_both_ways_of_one_street_once() -> None:
    """Three of equal length between two junctions, one of them one way: 100 + 100 + 100 m."""
    aside = [((50.0, y),) for y in (5.0, -5.0)]
    streets = [Street(0, 1, 100.0, aside[0]), Street(0, 1, 100.0, aside[1])]
    network = build([(0, 0), (99, 0)], [*streets, Street(0, 1, 100.0, oneway=True)])
    fit = fit_to_city(network, City.load("珠山"), CleaningReport())
    assert fit.length_km == pytest.approx(0.3)


def test_a_seat_is_near_a_street_that_passes_it_far_from_both_ends() -> None:
    city, crs = City.load("珠山"), load("360203").crs
    seat = next(unit for unit in city.units.townships if unit.placed)
    (x,), (y,) = project([seat.lon or 0.0], [seat.lat or 0.0], crs)
    for aside, near in ((1_900.0, 1), (2_100.0, 0)):
        ends = [(x - 9_000.0, y - aside), (x + 9_000.0, y - aside)]
        network = replace(build(ends, [Street(0, 1, 18_000.0)]), crs=crs)
        fit = fit_to_city(network, city, CleaningReport())
        assert (fit.near, fit.seats) == (near, 1)
        assert (seat.name in fit.far) is not bool(near)


def test_only_the_roads_replaced_are_removed(folder: Path, graphml: Path) -> None:
    place = folder / "roads"
    place.mkdir()
    for name in ("roads.osm.pbf", "roads.gpkg", "roads.txt", "notes.md", "old.graphml"):
        (place / name).write_bytes(b"previous")
    found = import_roads(graphml, folder)
    assert set(found.replaced) == {"roads.osm.pbf", "roads.gpkg"}
    left = sorted(p.name for p in place.iterdir() if p.is_file())
    assert left == ["notes.md", "old.graphml", "roads.graphml", "roads.txt"]
    kept = sorted(p.name for p in (place / "replaced").iterdir())
    assert kept == ["roads.gpkg", "roads.osm.pbf"], "a planner's file is moved and never deleted"


def test_other_formats_become_arrays(folder: Path, tmp_path: Path) -> None:
    units = City.open(folder).units.townships
    lon, lat = next((u.lon, u.lat) for u in units if u.placed and u.lon and u.lat)
    path = lines(
        tmp_path / "r.geojson",
        [(lon, lat), (lon + 0.01, lat)],
        [(lon + 0.01, lat), (lon + 0.01, lat + 0.01)],
        [(lon + 0.2, lat), (lon + 0.21, lat)],
    )
    found = import_roads(path, folder)
    assert found.written[0].name == "roads.npz"
    assert load(City.open(folder).roads, cache=False).edge_count > 0
    assert found.fit.islands["foot"] == 2
    assert "断成多片" in told(found)


def test_gpkg_and_its_other_names_are_copied(folder: Path, tmp_path: Path) -> None:
    unit = next(u for u in City.open(folder).units.townships if u.placed)
    assert unit.lon is not None
    assert unit.lat is not None
    path = lines(tmp_path / "r.gpkg", [(unit.lon, unit.lat), (unit.lon + 0.01, unit.lat)])
    found = import_roads(path, folder)
    assert found.written == (folder / "roads" / "roads.gpkg",)
    assert found.written[0].read_bytes() == path.read_bytes()


def test_tables_of_nodes_and_edges(folder: Path, tmp_path: Path) -> None:
    nodes, edges = tmp_path / "n.csv", tmp_path / "e.csv"
    shutil.copy(data_dir() / "roads" / "360203-nodes.csv", nodes)
    text = (data_dir() / "roads" / "360203-edges.csv").read_text(encoding="utf-8")
    edges.write_text(text + "999999999,1,5\n", encoding="utf-8")
    with pytest.raises(InputError, match="edges"):
        import_roads(nodes, folder)
    found = import_roads(nodes, folder, edges=edges)
    assert found.written == (folder / "roads" / "roads.npz",)
    assert found.cleaning.count("bad_row") == 2  # neither its end nor its beginning is known
    assert "坏行" in told(found)
    assert load(City.open(folder).roads, cache=False).edge_count > 0


def test_roads_of_elsewhere_are_refused(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "elsewhere.graphml"
    write_graphml(load("441800"), path)
    with pytest.raises(InputError, match="路网不在"):
        import_roads(path, folder)
    assert not (folder / "roads").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.graphml", b"<html>no</html>"),
        ("x.graphml", b""),
        ("x.gpkg", b"SQLite format 3\x00 cut"),
        ("x.osm.pbf", b"\x00\x01"),
        ("x.parquet", b"PAR1"),
        ("x.docx", b"PK"),
    ],
)
def test_what_cannot_be_read_is_refused(
    folder: Path, tmp_path: Path, graphml: Path, name: str, content: bytes
) -> None:
    before = import_roads(graphml, folder).written[0]
    assert before is not None
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError):
        import_roads(path, folder)
    assert before.read_bytes() == graphml.read_bytes()
    assert [p.name for p in (folder / "roads").iterdir()] == ["roads.graphml"]


def test_a_full_disk_leaves_the_previous_roads(
    folder: Path, graphml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = folder / "roads"
    place.mkdir()
    (place / "roads.gpkg").write_bytes(b"previous")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space"):
        import_roads(graphml, folder)
    assert [p.name for p in place.iterdir()] == ["roads.gpkg"]


def test_the_settings_may_name_another_file(folder: Path, graphml: Path) -> None:
    (folder / "my.graphml").write_bytes(graphml.read_bytes())
    (folder / "city.toml").write_text(CITY + '[files]\nroads = "my.graphml"\n', encoding="utf-8")
    found = import_roads(graphml, folder)
    assert "city.toml" in told(found)
    assert (folder / "my.graphml").exists()


def test_missing_things(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(InputError, match="coverage init"):
        import_roads(tmp_path / "x.graphml", tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        import_roads(tmp_path / "x.graphml", folder)
