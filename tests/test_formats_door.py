"""The one door to files of strangers: what is no plain file of its kind is refused, and soon.

Files say that they are one thing and are another, name addresses, promise more than a machine
holds, or are no files at all. Every command that reads one is run as a process with limits, while
a port is listened on that nothing may ask.
"""

from __future__ import annotations

import bz2
import gzip
import io
import os
import socket
import sqlite3
import zipfile
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from bounded import commands
from coverage.city import City
from coverage.errors import InputError
from coverage.formats.layers import read_features
from coverage.formats.rasters import open_raster
from coverage.formats.safety import Limits, read_bytes
from coverage.intake.setup import create

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

pytest.importorskip("resource")

_PLACE = ["--city", "清远", "--kind", "elder_care"]
_TRIP = ["route", *_PLACE, "--from", "113.05,23.68"]
_SITE = ["site", *_PLACE, "--target", ">=60"]


def _import(what: str) -> list[str]:
    return ["import", what, "{}", "--workspace", "w", "--dry-run"]


# What reads a file of the user's, and the endings it takes; {} is the file.
READERS: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "import facilities": (_import("facilities"), (".gpkg", ".xlsx")),
    "import population": (_import("population"), (".tif", ".geojson")),
    "import boundaries": (_import("boundaries"), (".geojson", ".gpkg", ".fgb")),
    "import roads": (_import("roads"), (".osm", ".graphml", ".parquet")),
    "--elevation": ([*_TRIP, "--elevation", "{}"], (".tif",)),
    "--max-slope": ([*_SITE, "--max-slope", "10", "--elevation", "{}"], (".tif",)),
    "--barriers": ([*_TRIP, "--barriers", "{}"], (".geojson",)),
    "--population": (["circle", *_PLACE, "--population", "{}"], (".tif",)),
    "--keep-in": ([*_SITE, "--keep-in", "{}"], (".geojson",)),
    "--template": (["brief", "--city", "清远", "--out", "b", "--template", "{}"], (".pptx",)),
    "replay": (["replay", "{}"], (".json", ".docx", ".gpkg")),
}
_BEACON = "http://127.0.0.1:{port}/beacon"


@pytest.fixture(scope="module")
def port() -> Iterator[tuple[int, list[str]]]:
    """A port that is listened on, and who came."""
    listening, came = socket.create_server(("127.0.0.1", 0)), list[str]()

    def listen() -> None:
        while True:
            try:
                guest, _ = listening.accept()
            except OSError:
                return
            came.append(guest.recv(100).decode(errors="replace"))
            guest.close()

    Thread(target=listen, daemon=True).start()
    yield listening.getsockname()[1], came
    listening.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("door")
    create(made / "w", city=City.load("清远"))
    return made


def _vrt(port: int) -> str:
    """A raster that is a list of addresses."""
    return (
        '<VRTDataset rasterXSize="9" rasterYSize="9"><SRS>EPSG:4326</SRS><GeoTransform>112,.1,0,24,'
        '0,-.1</GeoTransform><VRTRasterBand dataType="Float32" band="1"><SimpleSource>'
        f"<SourceFilename>/vsicurl/{_BEACON.format(port=port)}.tif</SourceFilename><SourceBand>1"
        "</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
    )


def _disguised(port: int) -> dict[str, bytes]:
    """Files that name an address or somebody's file."""
    url = _BEACON.format(port=port)
    layer = (
        '<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>{}</SrcDataSource></OGRVRTLayer>'
        "</OGRVRTDataSource>"
    )
    entities = f'<!ENTITY % e SYSTEM "{url}"> %e;<!ENTITY a SYSTEM "file:///etc/passwd">'
    osm = f'<!DOCTYPE osm [{entities}]><osm version="0.6">&a;</osm>'
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("a.geojson", "b.gpkg", "c.shp", "ppt/presentation.xml", "xl/workbook.xml"):
            archive.writestr(name, layer.format(f"/vsicurl/{url}"))
    return {
        "layer": layer.format(f"/vsicurl/{url}.geojson").encode(),
        "file": layer.format("/etc/passwd").encode(),
        "raster": _vrt(port).encode(),
        "wms": f"<GDAL_WMS><ServerUrl>{url}</ServerUrl></GDAL_WMS>".encode(),
        "xml": f'<?xml version="1.0"?>{osm}'.encode(),
        "zip": packed.getvalue(),
    }


def _refused(folder: Path, made: dict[str, bytes | Callable[[Path], object]]) -> list[str]:
    """What was not refused as it should be, of all files for all readers."""
    wanted, names = list[list[str]](), list[str]()
    for args, endings in READERS.values():
        for ending in endings:
            for what, content in made.items():
                path = folder / f"{what}{len(names)}{ending}"
                if callable(content):
                    content(path)
                else:
                    path.write_bytes(content)
                names.append(path.name)
                given = {"{}": str(path), "w": str(folder / "w"), "b": str(folder / "b")}
                wanted.append([given.get(arg, arg) for arg in args])
    assert len(names) == len(made) * sum(len(endings) for _, endings in READERS.values())
    return [
        f"{ended.args[:2]} {name}: {ended.code}, {ended.seconds:.1f} s, {ended.megabytes:.0f} MB, "
        f"{ended.said[-300:]}"
        for name, ended in zip(names, commands(wanted), strict=True)
        if not ended.refused(name)
    ]


def test_what_names_an_address_is_refused_and_asks_nobody(
    folder: Path, port: tuple[int, list[str]]
) -> None:
    odd = _refused(folder, dict(_disguised(port[0])))
    # A list may be any text: what is no layer is read as rows, none of which is a facility.
    odd = [one for one in odd if "'facilities'" not in one or "登记册未改动" not in one]
    assert odd == []
    assert port[1] == []
    assert not (folder / "b").exists()


def test_what_is_no_file_is_refused(folder: Path) -> None:
    def endless(path: Path) -> None:
        path.symlink_to("/dev/zero")

    assert _refused(folder, {"pipe": os.mkfifo, "zero": endless, "folder": os.mkdir}) == []


def test_what_explodes_or_is_cut_short_is_refused(folder: Path) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("xl/workbook.xml", "ppt/presentation.xml", "docProps/record.xml"):
            archive.writestr(name, b" " * (15 << 20))
    cut = bomb.getvalue()[:4000]
    made = {"bomb": bomb.getvalue(), "cut": cut, "noise": bytes(range(256)) * 9, "nul": bytes(9999)}
    odd = _refused(folder, dict(made))
    assert [one for one in odd if "登记册未改动" not in one] == []


def test_a_path_of_thousands_of_characters_is_one_sentence() -> None:
    wanted = [[arg.replace("{}", "x" * 5000 + e) for arg in a] for a, (e, *_) in READERS.values()]
    for ended in commands(wanted):
        assert (ended.code, "x" * 50 in ended.said, len(ended.said) < 2000) == (2, True, True)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_a_packed_extract_that_explodes_is_refused(
    pack: Callable[[bytes], bytes], folder: Path
) -> None:
    suffix = {gzip.compress: ".gz", bz2.compress: ".bz2"}[pack]
    path = folder / f"bomb.osm{suffix}"
    path.write_bytes(pack(b"<osm>" + b" " * 40_000_000))
    (ended,) = commands([["roads", "check", str(path)]])
    assert ended.refused(path.name)
    assert "压缩炸弹" in ended.said


def _gpkg(path: Path, script: str) -> Path:
    gpd, shapely = pytest.importorskip("geopandas"), pytest.importorskip("shapely")
    frame = gpd.GeoDataFrame({"code": ["441802"]}, geometry=[shapely.box(112, 23, 113, 24)])
    frame.set_crs(4326).to_file(path, layer="layer", driver="GPKG")
    base = sqlite3.connect(path)
    base.executescript(script)
    base.close()
    return path


_ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c"
_COMPUTED = {
    "view": f"CREATE VIEW v AS {_ENDLESS}",
    "record": f"CREATE VIEW gpkg_metadata AS SELECT x AS metadata FROM ({_ENDLESS})",
    "column": "CREATE TABLE g(fid INTEGER PRIMARY KEY, y AS (zeroblob(900000000)) VIRTUAL);"
    "INSERT INTO g(fid) VALUES (1), (2)",
    "module": "CREATE VIRTUAL TABLE v USING dbstat",
}


@pytest.mark.parametrize("what", _COMPUTED)
def test_a_database_that_computes_what_it_holds_is_refused(what: str, folder: Path) -> None:
    try:
        path = _gpkg(folder / f"{what}.gpkg", _COMPUTED[what])
    except sqlite3.OperationalError as error:
        pytest.skip(f"this SQLite cannot make one: {error}")
    wanted = [_import("boundaries"), _import("roads"), ["replay", "{}"]]
    given = {"{}": str(path), "w": str(folder / "w")}
    for ended in commands([given.get(arg, arg) for arg in args] for args in wanted):
        assert ended.refused(path.name)


def test_an_ordinary_geopackage_passes_with_its_indexes_and_triggers(tmp_path: Path) -> None:
    script = "CREATE TRIGGER t AFTER INSERT ON layer BEGIN DELETE FROM layer; END"
    (own,) = read_features(_gpkg(tmp_path / "a.gpkg", script))
    assert own.columns["code"] == ["441802"]


def _tif(path: Path, side: int = 40, **how: Any) -> Path:
    rasterio = pytest.importorskip("rasterio")
    size = {"width": side, "height": side, "count": 1, "dtype": "float32", "crs": "EPSG:4326"}
    place = rasterio.Affine(3 / side, 0, 112, 0, -3 / side, 25)
    with rasterio.open(path, "w", driver="GTiff", transform=place, **size, **how) as out:
        if side < 1000:
            out.write(np.ones((1, side, side), np.float32))
    return path


def test_a_grid_of_forty_billion_cells_in_four_kilobytes_is_refused(folder: Path) -> None:
    tiles = {"tiled": True, "blockxsize": 4096, "blockysize": 4096, "BIGTIFF": "YES"}
    path = _tif(folder / "giant.tif", 200_000, SPARSE_OK=True, **tiles)
    readers = ("import population", "--elevation", "--max-slope", "--population")
    given = {"{}": str(path), "w": str(folder / "w")}
    for ended in commands([given.get(a, a) for a in READERS[one][0]] for one in readers):
        assert ended.refused(path.name), ended
        assert "40,000,000,000" in ended.said


def test_nothing_beside_a_raster_or_named_in_it_is_opened(
    tmp_path: Path, port: tuple[int, list[str]]
) -> None:
    rasterio = pytest.importorskip("rasterio")
    path, url = _tif(tmp_path / "a.tif"), f"/vsicurl/{_BEACON.format(port=port[0])}.tif"
    for ending in (".msk", ".ovr"):
        path.with_name(f"a.tif{ending}").write_text(_vrt(port[0]), encoding="utf-8")
    pam = f'<Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">{url}</MDI></Metadata>'
    aux = path.with_name("a.tif.aux.xml")
    aux.write_text(f"<PAMDataset>{pam}</PAMDataset>", encoding="utf-8")
    with open_raster(path) as raster:
        assert raster.read(1, masked=True).sum() == 1600
        assert raster.dataset_mask().all()
        assert raster.overviews(1) == []
    aux.unlink()
    with rasterio.open(_tif(tmp_path / "b.tif"), "r+") as raster:
        raster.update_tags(ns="OVERVIEWS", OVERVIEW_FILE=url)
    with pytest.raises(InputError, match="names another file"), open_raster(tmp_path / "b.tif"):
        pass
    assert port[1] == []


def test_never_more_than_one_byte_beyond_the_limit_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"x" * 1000)
    assert len(read_bytes(path, Limits(file_bytes=1000))) == 1000
    with pytest.raises(InputError, match="larger than"):
        read_bytes(path, Limits(file_bytes=999))


def test_a_file_that_may_not_be_read_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"x")
    path.chmod(0)
    all_powerful = os.geteuid() == 0
    if all_powerful:
        os.seteuid(65534)  # who may read nothing of root's
    try:
        with pytest.raises(InputError, match=r"a\.csv.*Permission denied"):
            read_bytes(path)
    finally:
        if all_powerful:
            os.seteuid(0)


def test_many_repeated_values_of_parquet_are_weighed_unpacked(folder: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = folder / "bomb.parquet"
    text = arrow.DictionaryArray.from_arrays(np.zeros(100_000, np.int32), ["x" * 3000])
    parquet.write_table(arrow.table({"name": text}), path, compression="zstd", store_schema=False)
    assert path.stat().st_size < 50_000
    (ended,) = commands([["roads", "check", str(path)]])
    assert ended.refused(path.name)
    assert "压缩炸弹" in ended.said
