"""Tables of roads: CSV, GeoPackage, GeoParquet; the roads that ship."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from coverage.errors import InputError, UnknownNameError
from coverage.roads.network import ALL_MODES, CAR, FOOT
from coverage.roads.sources import load, load_checked, shipped_files
from coverage.roads.tables import read_tables

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.roads.network import RoadNetwork

NODES = "node,lon,lat\n1,113.00,23.70\n2,113.01,23.70\n3,113.02,23.70\n"
EDGES = "u,v,length_m\n1,2,1020\n2,3,1020\n"


def csv(tmp_path: Path, nodes: str = NODES, edges: str = EDGES) -> tuple[Path, Path]:
    a, b = tmp_path / "nodes.csv", tmp_path / "edges.csv"
    a.write_text(nodes, encoding="utf-8-sig")
    b.write_text(edges, encoding="utf-8")
    return a, b


def table(network: RoadNetwork) -> dict[tuple[int, int], int]:
    tail, head = network.node_id[network.tail].tolist(), network.node_id[network.head].tolist()
    return dict(zip(zip(tail, head, strict=True), network.modes.tolist(), strict=True))


def test_plain_tables(tmp_path: Path) -> None:
    network, bad = read_tables(*csv(tmp_path))
    assert not bad
    assert set(table(network).values()) == {ALL_MODES}
    assert network.length_m.tolist() == [1020.0] * 4
    assert sorted(set(network.edge_id.tolist())) == [2, 3]  # rows as a spreadsheet shows them
    assert network.highway_names == ("road",)
    assert network.crs == "EPSG:32649"


def test_optional_columns(tmp_path: Path) -> None:
    edges = (
        "u,v,length_m,highway,maxspeed,oneway,modes,geometry\n"
        '2,1,1500,primary,60,-1,,"LINESTRING (113 23.7, 113.005 23.705, 113.01 23.7)"\n'
        "2,3,1020,motorway,,yes,,\n"
        "1,3,2100,村道,30,,foot;car,\n"
    )
    network, _ = read_tables(*csv(tmp_path, edges=edges))
    assert table(network) == {
        (1, 2): ALL_MODES,
        (2, 1): FOOT,
        (2, 3): CAR,
        (1, 3): FOOT | CAR,
        (3, 1): FOOT | CAR,
    }
    assert set(network.highway_names) == {"primary", "motorway", "村道"}
    assert network.bend_start[-1] == 2
    feet, _ = read_tables(*csv(tmp_path, edges=EDGES), modes=["foot"], highway="main_road")
    assert set(feet.modes) == {FOOT}
    assert feet.highway_names == ("main_road",)


def test_every_bad_row_is_named(tmp_path: Path) -> None:
    nodes = NODES + "3,113.0,23.7\n4,东经,23.7\n5,23.70,113.02\n,113,23\n6,nan,23\n"
    edges = EDGES + (
        "1,9,10\n2,3,\n2,3,long\n2,3,-5\n2,3,1e33\n"
        "2,3,10,,fast\n2,3,10,,,maybe\n2,3,10,,,,LINESTRING(0 0)\n"
        "2,3,10,,,,'LINESTRING (0 0,1 1)'\n"
    )
    edges = edges.replace("length_m\n", "length_m,highway,maxspeed,oneway,geometry\n")
    edges = edges.replace("'LINESTRING (0 0,1 1)'", '"LINESTRING (0 0,1 1)"')
    files = csv(tmp_path, nodes, edges)
    with pytest.raises(InputError) as caught:
        read_tables(*files)
    places = [(p.file, p.row, p.column) for p in caught.value.problems]
    assert places == [
        ("nodes.csv", 5, "node"),
        ("nodes.csv", 6, "lon"),
        ("nodes.csv", 7, "lat"),
        ("nodes.csv", 8, "node"),
        ("nodes.csv", 9, "lon"),
        ("edges.csv", 4, "v"),
        ("edges.csv", 5, "length_m"),
        ("edges.csv", 6, "length_m"),
        ("edges.csv", 7, "length_m"),
        ("edges.csv", 8, "length_m"),
        ("edges.csv", 9, "maxspeed"),
        ("edges.csv", 10, "oneway"),
        ("edges.csv", 11, "geometry"),
        ("edges.csv", 12, "geometry"),
    ]
    assert caught.value.problems[1].value == "东经"
    network, bad = read_tables(*files, skip_bad=True)
    assert [str(p) for p in bad] == [str(p) for p in caught.value.problems]
    assert network.edge_count == 4
    assert network.origin["bad_rows"] == 14


def test_csv_needs_its_coordinate_system(tmp_path: Path) -> None:
    nodes = "node,x,y\n1,700000,2620000\n2,701000,2620000\n"
    files = csv(tmp_path, nodes, "u,v,length_m\n1,2,1000\n")
    with pytest.raises(InputError, match="coordinate system"):
        read_tables(*files)
    network, _ = read_tables(*files, source_crs="EPSG:32649")
    assert np.allclose(network.x, [700_000, 701_000], atol=1e-6)
    with pytest.raises(InputError, match="mixed coordinate systems"):
        read_tables(*csv(tmp_path), source_crs="EPSG:32649")
    with pytest.raises(InputError, match="the CRS 'EPSG:0' is not known"):
        read_tables(*csv(tmp_path), source_crs="EPSG:0")
    with pytest.raises(InputError, match="'lon' and 'lat' are missing"):
        read_tables(*csv(tmp_path, "node,name\n1,a\n"))
    with pytest.raises(InputError, match="no usable road"):
        read_tables(*csv(tmp_path, edges="u,v,length_m\n"))


def frame(crs: str | None = "EPSG:4326", **columns: Any) -> Any:
    gpd = pytest.importorskip("geopandas")
    lines = gpd.GeoSeries.from_wkt(
        [
            "LINESTRING (113 23.7, 113.005 23.705, 113.01 23.7)",
            "LINESTRING (113.0100001 23.7, 113.02 23.7)",
            "MULTILINESTRING ((113.02 23.7, 113.02 23.71), (113.02 23.71, 113.02 23.72))",
        ],
        crs=crs,
    )
    return gpd.GeoDataFrame(columns, geometry=lines)


@pytest.mark.parametrize("suffix", [".gpkg", ".parquet"])
def test_one_layer_of_lines(tmp_path: Path, suffix: str) -> None:
    data = frame(
        highway=["primary", None, "steps"],
        oneway=["F", "B", None],
        maxspeed=[60.0, float("nan"), None],
    ).to_crs("EPSG:32649")
    path = tmp_path / f"roads{suffix}"
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
        data.to_parquet(path)
    else:
        data.to_file(path, layer="streets")
    network, bad = read_tables(path)
    assert not bad
    assert network.node_count == 4
    assert network.edge_count == 6
    assert network.node_id[network.tail[network.highway_names.index("primary")]] == 0
    assert sorted(network.modes.tolist()) == [FOOT, FOOT, FOOT, ALL_MODES, ALL_MODES, ALL_MODES]
    assert set(np.unique(network.edge_id)) == {1, 2, 3}
    assert np.nanmax(network.maxspeed_kmh) == 60
    ratio = network.plane_length() / network.length_m
    assert np.all(abs(ratio - 1) < 0.001)
    far, _ = read_tables(path, snap_m=0.001)
    assert far.node_count == 5


def test_layers_of_nodes_and_edges_as_osmnx_saves_them(tmp_path: Path) -> None:
    osmnx = pytest.importorskip("osmnx")
    import networkx as nx
    from shapely import LineString

    g: Any = nx.MultiDiGraph(crs="epsg:4326")
    g.add_node(11, x=113.0, y=23.70)
    g.add_node(12, x=113.01, y=23.70)
    line = LineString([(113.0, 23.7), (113.005, 23.705), (113.01, 23.7)])
    g.add_edge(12, 11, osmid=5, highway="primary", length=1500.0, geometry=line.reverse())
    path = tmp_path / "g.gpkg"
    osmnx.save_graph_geopackage(g, path)
    network, _ = read_tables(path)
    assert network.node_id.tolist() == [11, 12]
    assert network.length_m.tolist() == [1500.0, 1500.0]
    assert len(network.bend_x) == 2


def test_bad_layers(tmp_path: Path) -> None:
    gpd = pytest.importorskip("geopandas")
    bare = tmp_path / "bare.parquet"
    pytest.importorskip("pyarrow")
    frame(None).to_parquet(bare)
    with pytest.raises(InputError, match=r"bare\.parquet.*coordinate system"):
        read_tables(bare)
    path = tmp_path / "two.gpkg"
    frame().to_file(path, layer="a")
    with pytest.raises(InputError, match="mixed coordinate systems: EPSG:4326, EPSG:32649"):
        read_tables(path, source_crs="EPSG:32649")
    frame().to_file(path, layer="b")
    with pytest.raises(InputError, match="name the layer of roads; the file holds a, b"):
        read_tables(path)
    assert read_tables(path, layer="b")[0].edge_count == 6
    with pytest.raises(InputError, match="no layer 'c'"):
        read_tables(path, layer="c")
    mixed = tmp_path / "mixed.gpkg"
    points = gpd.GeoDataFrame(
        {"node": [1, 2]}, geometry=gpd.points_from_xy([113.0, 113.01], [23.7, 23.7]), crs=4326
    )
    points.to_file(mixed, layer="nodes")
    frame(u=[1, 1, 1], v=[2, 2, 3]).to_crs(32649).to_file(mixed, layer="edges")
    with pytest.raises(InputError, match="mixed coordinate systems"):
        read_tables(mixed)
    for name in ("garbage.gpkg", "garbage.parquet"):
        (tmp_path / name).write_bytes(b"nothing of the kind" * 50)
    gbk = tmp_path / "gbk.parquet"
    frame(u=[1, 1, 1], v=[2, 2, 3], highway="路").to_parquet(gbk, compression=None)
    gbk.write_bytes(gbk.read_bytes().replace("路".encode(), b"\xff\xfe\xff"))
    far = tmp_path / "far.geojson"
    frame().to_file(far)
    far.write_text(far.read_text("utf-8").replace("113.0,", "1e308,"), encoding="utf-8")
    for name in ("garbage.gpkg", "garbage.parquet", "gbk.parquet", "far.geojson"):
        with pytest.raises(InputError, match=name):
            read_tables(tmp_path / name)
    with pytest.raises(InputError, match="does not exist"):
        read_tables(tmp_path / "none.gpkg")


def test_bad_features_are_named(tmp_path: Path) -> None:
    gpd = pytest.importorskip("geopandas")
    lines = gpd.GeoSeries.from_wkt(
        [
            "LINESTRING (113 23.7, 113.01 23.7)",
            "POINT (113 23)",
            None,
            "MULTILINESTRING ((113 23, 113 24), (114 23, 114 24))",
        ],
        crs=4326,
    )
    path = tmp_path / "bad.gpkg"
    gpd.GeoDataFrame({"maxspeed": ["50", "50", "50", "50"]}, geometry=lines).to_file(path)
    with pytest.raises(InputError) as caught:
        read_tables(path)
    assert [(p.row, p.column) for p in caught.value.problems] == [
        (2, "geometry"),
        (3, "geometry"),
        (4, "geometry"),
    ]
    network, bad = read_tables(path, skip_bad=True)
    assert (network.edge_count, len(bad)) == (2, 3)


def test_shipped_roads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from coverage import settings

    folder = tmp_path / "roads"
    folder.mkdir()
    (tmp_path / "cities.csv").touch()
    (folder / "441800-nodes.csv").write_text(NODES, encoding="utf-8")
    (folder / "441800-edges.csv").write_text(EDGES, encoding="utf-8")
    monkeypatch.setenv("COVERAGE_DATA", str(tmp_path))
    settings.data_dir.cache_clear()
    try:
        nodes, edges = shipped_files("441800")
        network = load(nodes, edges=edges, cache=False)
        assert network.origin["shipped"] == "441800"
        assert network.highway_names == ("main_road",)
        assert set(network.modes) == {ALL_MODES}
        assert network.edge_count == 4
        with pytest.raises(UnknownNameError, match="roads for 441800"):
            shipped_files("000000")
    finally:
        settings.data_dir.cache_clear()


@pytest.mark.parametrize("code", ["360203", "440700", "441700", "441800", "442000"])
def test_roads_of_the_five_cities(code: str) -> None:
    from coverage.settings import data_dir

    if not (data_dir() / "roads" / f"{code}-nodes.csv").is_file():
        pytest.skip(f"no roads ship for {code} yet")
    found = load_checked(code)
    rows = (data_dir() / "roads" / f"{code}-edges.csv").read_text(encoding="utf-8").splitlines()
    assert found.pieces == len(rows) - 1
    # Nothing to mend: only remarks (islands, lengths far above the drawn line).
    assert {flaw.action for flaw in found.report.findings if flaw.count} <= {"kept"}
    assert found.network.edge_count == 2 * found.pieces
