"""Downloads into a workspace, against servers of our own that play Overpass and a file server."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
import tomllib
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import numpy as np
import pytest
from shapely.geometry import shape

from coverage.city import City
from coverage.demand.sources import demand_of
from coverage.download import http, osm
from coverage.download.fetch import fetch
from coverage.download.http import Server
from coverage.download.licences import read_origins
from coverage.errors import InputError, NetworkUnreachableError
from coverage.roads.sources import load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

osmnx = pytest.importorskip("osmnx")
rasterio = pytest.importorskip("rasterio")

CITY = '[city]\ncode = "360203"\nname = "珠山区"\nbase = "360203"\n'
W, S, E, N = 117.20, 29.28, 117.24, 29.30  # inside the district


class Player:
    """A loopback server; what it says is set by the test."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes, float]] = []
        self.questions: list[str] = []
        self.file = b""
        self.ranges = True
        self.cut: int | None = None
        self.says_length = True
        self.refusals: list[int] = []
        self.slow_s = 0.0
        self.sent = 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.questions.append(parse_qs(body)["data"][0])
                at = min(len(outer.questions), len(outer.answers)) - 1
                code, answer, pause = outer.answers[at]
                time.sleep(pause)
                with suppress(OSError):
                    self.send_response(code)
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)

            def do_HEAD(self) -> None:
                with suppress(OSError):
                    outer._send_file(self, head=True)

            def do_GET(self) -> None:
                with suppress(OSError):
                    outer._send_file(self)

        return Handler

    def _send_file(self, handler: BaseHTTPRequestHandler, *, head: bool = False) -> None:
        time.sleep(self.slow_s)
        if self.refusals:
            handler.send_error(self.refusals.pop(0))
            return
        first, last, code = 0, len(self.file) - 1, 200
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", handler.headers.get("Range") or "")
        if asked and self.ranges:
            first, last = int(asked[1]), min(int(asked[2] or last), last)
            code = 206
        body = self.file[first : last + 1]
        handler.send_response(code)
        if code == 206:
            handler.send_header("Content-Range", f"bytes {first}-{last}/{len(self.file)}")
        if self.says_length:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if self.cut is not None and len(body) > 100:
            body = body[: self.cut]
        for at in range(0, 0 if head else len(body), 1 << 14):
            handler.wfile.write(body[at : at + (1 << 14)])
            self.sent += 1 << 14

    def say(self, *answers: Any) -> None:
        self.questions.clear()
        self.answers = [
            (code, body if isinstance(body, bytes) else json.dumps(body).encode(), pause)
            for code, body, pause in ((*a, 0.0)[:3] for a in answers)
        ]


@pytest.fixture
def player() -> Iterator[Player]:
    played = Player()
    yield played
    played.server.shutdown()
    played.server.server_close()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(http, "pause", slept.append)
    return slept


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "ws"
    place.mkdir()
    (place / "city.toml").write_text(CITY, encoding="utf-8")
    return place


def served(player: Player, tmp_path: Path, **options: Any) -> Server:
    return Server(f"{player.base}/api", tmp_path / "cache", **options)


Box = tuple[float, float, float, float]


def square(number: int, box: Box, **tags: str) -> list[Any]:
    """A closed way with its nodes."""
    w, s, e, n = box
    ids = [number * 10 + i for i in range(4)]
    corners = zip(ids, ((w, s), (e, s), (e, n), (w, n)), strict=True)
    nodes = [{"type": "node", "id": i, "lon": x, "lat": y} for i, (x, y) in corners]
    return [*nodes, {"type": "way", "id": number, "nodes": [*ids, ids[0]], "tags": tags}]


def town(number: int, name: str, *box: float) -> list[Any]:
    w, s, e, n = box
    tags = {"boundary": "administrative", "admin_level": "8", "name": name}
    return square(number, (w, s, e, n), **tags)


def relation(number: int, name: str, way: int) -> dict[str, Any]:
    return {
        "type": "relation",
        "id": number,
        "members": [{"type": "way", "ref": way, "role": "outer"}],
        "tags": {
            "type": "boundary",
            "boundary": "administrative",
            "admin_level": "8",
            "name": name,
        },
    }


def overpass(*parts: Any) -> dict[str, Any]:
    elements: list[Any] = []
    for part in parts:
        elements += part if isinstance(part, list) else [part]
    return {
        "version": 0.6,
        "osm3s": {"timestamp_osm_base": "2026-03-01T00:00:00Z"},
        "elements": elements,
    }


MIDDLE = (W + E) / 2
BOUNDS = overpass(
    town(1, "竟成街道办事处", W, S, MIDDLE, N),
    square(2, (MIDDLE, S, E, N), admin_level="8"),
    relation(20, "新厂街道", 2),
    town(3, "没有这个街道", W, N, MIDDLE, N + 0.02),
    town(4, "别处街道", 118.0, 29.2, 118.1, 29.3),
    town(5, "竟成街道", MIDDLE, N, E, N + 0.02),
    {
        "type": "node",
        "id": 9,
        "lon": W + 0.001,
        "lat": S + 0.001,
        "tags": {"admin_level": "8", "place": "town", "name": "x"},
    },
)


def test_boundaries(player: Player, folder: Path, tmp_path: Path) -> None:
    player.say((200, BOUNDS))
    before = dict(vars(osmnx.settings))
    found = fetch("boundaries", folder, server=served(player, tmp_path))
    assert dict(vars(osmnx.settings)) == before
    goal = folder / "boundaries" / "townships.geojson"
    assert found.written == (goal, goal.parent / "origin.toml")
    features = {
        f["properties"]["name"]: f for f in json.loads(goal.read_text(encoding="utf-8"))["features"]
    }
    assert features["新厂街道"]["properties"]["quality"] == "published"
    assert features["新厂街道"]["properties"]["source"] == "OpenStreetMap relation/20"
    assert shape(features["新厂街道"]["geometry"]).bounds == pytest.approx((MIDDLE, S, E, N))
    # By the order of ids the first of two polygons of one township is taken, the other is told.
    assert features["竟成街道"]["properties"]["source"] == "OpenStreetMap way/1"
    text = "\n".join(found.lines("zh"))
    assert "没有这个街道" in text
    assert "已有另一个多边形" in text
    assert "别处街道" not in text
    assert "ODbL" in text
    assert "2 个取自 OSM（共 10 个乡镇）" in text
    record = tomllib.loads((goal.parent / "origin.toml").read_text(encoding="utf-8"))
    assert record["townships.geojson"]["licence"] == "ODbL 1.0"
    assert record["townships.geojson"]["data_date"] == "2026-03-01"
    assert record["townships.geojson"]["date"] == osm.today()
    assert record["townships.geojson"]["source"] == f"{player.base}/api"
    city = City.open(folder)
    assert city.origin("townships") == "own"
    assert demand_of(city)[0].total() > 0


def test_a_second_download_asks_nothing_the_same_day(
    player: Player, folder: Path, tmp_path: Path
) -> None:
    player.say((200, BOUNDS))
    old = tmp_path / "cache" / "fetch" / "2020-01-01"
    old.mkdir(parents=True)
    fetch("boundaries", folder, server=served(player, tmp_path))
    fetch("boundaries", folder, server=served(player, tmp_path))
    assert len(player.questions) == 1
    assert not old.exists()


def test_ones_own_file_is_not_replaced_unasked(
    player: Player, folder: Path, tmp_path: Path
) -> None:
    player.say((200, BOUNDS))
    server = served(player, tmp_path)
    fetch("boundaries", folder, server=server)
    fetch("boundaries", folder, server=server)  # as downloaded: may be downloaded again
    goal = folder / "boundaries" / "townships.geojson"
    goal.write_text(goal.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    edited = goal.read_bytes()
    with pytest.raises(InputError, match="--replace"):
        fetch("boundaries", folder, server=server)
    assert goal.read_bytes() == edited
    found = fetch("boundaries", folder, server=server, replace=True)
    assert goal.read_bytes() != edited
    (kept,) = (goal.parent / "replaced").iterdir()
    assert kept.read_bytes() == edited
    assert str(kept) in "\n".join(found.lines("zh"))


def test_no_boundaries_at_all(player: Player, folder: Path, tmp_path: Path) -> None:
    for answer in (overpass(), overpass(town(1, "没有", W, S, E, N))):
        player.say((200, answer))
        with pytest.raises(InputError, match="没有景德镇市珠山区的乡镇界"):
            fetch(
                "boundaries",
                folder,
                server=Server(f"{player.base}/api", tmp_path / str(id(answer))),
            )
    assert not (folder / "boundaries").exists()


FACILITIES = overpass(
    {
        "type": "node",
        "id": 101,
        "lon": 117.218,
        "lat": 29.284,
        "tags": {
            "amenity": "social_facility",
            "social_facility": "nursing_home",
            "social_facility:for": "senior",
            "name": "竟成敬老院",
            "capacity": "60",
            "operator:type": "public",
        },
    },
    square(102, (117.22, 29.28, 117.221, 29.281), landuse="cemetery", name="某公墓"),
    {
        "type": "node",
        "id": 103,
        "lon": 117.21,
        "lat": 29.285,
        "tags": {"amenity": "community_centre", "name": "某俱乐部"},
    },
    {
        "type": "node",
        "id": 104,
        "lon": 117.21,
        "lat": 29.285,
        "tags": {"amenity": "crematorium"},
    },
    {
        "type": "node",
        "id": 105,
        "lon": 117.21,
        "lat": 29.285,
        "tags": {"amenity": "nursing_home", "name": "=1+1"},
    },
)


def test_facilities_stand_beside_the_register(player: Player, folder: Path, tmp_path: Path) -> None:
    player.say((200, FACILITIES))
    found = fetch("facilities", folder, server=served(player, tmp_path))
    city = City.open(folder)
    assert city.origin("facilities") == "shipped"
    register = city.read_register(folder / "intake" / "osm-facilities.csv")
    rows = {f.id: f for f in register.facilities}
    assert set(rows) == {"osm-n101", "osm-w102", "osm-n104", "osm-n105"}
    home = rows["osm-n101"]
    assert (home.kind, home.beds, home.ownership) == ("elder_care", 60, "公办")
    assert home.provenance == "published"
    assert "node/101" in home.source
    assert rows["osm-w102"].kind == "cemetery"
    assert rows["osm-n104"].name.endswith("（未命名）")
    assert rows["osm-n105"].name == "=1+1"
    assert ",'=1+1," in (folder / "intake" / "osm-facilities.csv").read_text("utf-8")
    assert all(
        f.unit_code in {*map(str, [city.code])} or f.unit_code in city.units for f in rows.values()
    )
    assert "类型不明略去 1 处" in "\n".join(found.lines("zh"))
    assert read_origins(folder / "intake")["osm-facilities.csv"].licence == "ODbL 1.0"


def test_no_facilities(player: Player, folder: Path, tmp_path: Path) -> None:
    player.say((200, overpass()))
    with pytest.raises(InputError, match="没有景德镇市珠山区的民政设施"):
        fetch("facilities", folder, server=served(player, tmp_path))


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"name": "石狮埠儿童福利院"}, "child_welfare"),
        ({"name": "市福利院", "amenity": "social_facility"}, "elder_care"),
        ({"name": "某街道社工站"}, "social_work_station"),
        ({"name": "区救助管理站"}, "rescue_station"),
        ({"name": "烈士陵园", "landuse": "cemetery"}, "memorial"),
        ({"name": "某殡仪馆", "amenity": "funeral_hall"}, "funeral_home"),
        ({"amenity": "grave_yard"}, "cemetery"),
        ({"amenity": "social_facility", "social_facility:for": "senior"}, "elder_care"),
        (
            {"social_facility": "day_care", "social_facility:for": "senior;disabled"},
            "day_care",
        ),
        ({"social_facility": "soup_kitchen", "social_facility:for": "senior"}, "meal_point"),
        ({"social_facility": "soup_kitchen"}, ""),
        ({"social_facility": "group_home", "social_facility:for": "orphan"}, "child_welfare"),
        ({"social_facility": "shelter", "social_facility:for": "homeless"}, "rescue_station"),
        ({"amenity": "community_centre"}, ""),
        ({}, ""),
    ],
)
def test_what_tags_mean(tags: dict[str, str], kind: str) -> None:
    assert osm.kind_of(tags) == kind


@pytest.mark.parametrize("code", [429, 503, 504])
def test_busy_then_good(
    player: Player, folder: Path, tmp_path: Path, pauses: list[float], code: int
) -> None:
    player.say((code, b"busy"), (code, b"busy"), (200, BOUNDS))
    fetch("boundaries", folder, server=served(player, tmp_path))
    assert pauses == [5.0, 10.0]


def test_always_busy_refused_or_nonsense(
    player: Player, folder: Path, tmp_path: Path, pauses: list[float]
) -> None:
    cut = json.dumps(BOUNDS).encode()[:300]
    for answer, match in (
        ((504, b"busy"), "asked 3 times"),
        ((403, b"no"), "refused: 403"),
        ((200, b"<html>"), "not of the Overpass API"),
        ((200, cut), "not of the Overpass API"),
        ((200, b"[]"), "not of the Overpass API"),
        ((200, {"remark": "runtime error: timed out", "elements": []}), "timed out"),
        ((200, {"elements": [{"type": "way"}]}), "not of the Overpass API"),
    ):
        player.say(answer)
        server = Server(f"{player.base}/api", tmp_path / match, retries=2)
        with pytest.raises(NetworkUnreachableError, match=match):
            fetch("boundaries", folder, server=server)
    assert not (folder / "boundaries").exists()
    assert pauses


def test_too_slow(player: Player, folder: Path, tmp_path: Path, pauses: list[float]) -> None:
    player.say((200, BOUNDS, 1.0), (200, BOUNDS))
    fetch("boundaries", folder, server=served(player, tmp_path, timeout_s=0.3))
    assert len(pauses) == 1


def test_no_network(folder: Path, tmp_path: Path, pauses: list[float]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for subject in ("boundaries", "roads", "facilities", "population"):
        with pytest.raises(NetworkUnreachableError, match="no connection"):
            fetch(subject, folder, server=Server(f"http://127.0.0.1:{port}/a.tif", tmp_path / "c"))
    assert not pauses


ROADS = overpass(
    {"type": "node", "id": 1, "lon": W, "lat": S},
    {"type": "node", "id": 2, "lon": MIDDLE, "lat": S},
    {"type": "node", "id": 3, "lon": MIDDLE, "lat": N},
    {"type": "way", "id": 10, "nodes": [1, 2, 3], "tags": {"highway": "residential"}},
    {"type": "way", "id": 11, "nodes": [1, 3], "tags": {"highway": "primary"}},
)


def test_roads_replace_what_would_be_read_first(
    player: Player, folder: Path, tmp_path: Path
) -> None:
    player.say((200, ROADS))
    place = folder / "roads"
    place.mkdir()
    (place / "roads.osm.pbf").write_bytes(b"own")
    server = served(player, tmp_path)
    with pytest.raises(InputError, match="--replace"):
        fetch("roads", folder, server=server)
    found = fetch("roads", folder, server=server, replace=True)
    assert sorted(p.name for p in place.iterdir()) == ["origin.toml", "replaced", "roads.graphml"]
    assert (place / "replaced" / "roads.osm.pbf").read_bytes() == b"own"
    assert load(City.open(folder).roads, cache=False).edge_count >= 4
    assert "roads.osm.pbf" in "\n".join(found.lines("zh"))
    fetch("roads", folder, server=server)
    assert read_origins(place)["roads.graphml"].attribution.startswith("©")


def test_an_unknown_subject_and_no_workspace(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="boundaries, roads"):
        fetch("weather", folder)
    with pytest.raises(InputError, match="coverage init"):
        fetch("roads", tmp_path)


_COUNTRIES: dict[tuple[bool, float], bytes] = {}


def country(tmp_path: Path, *, tiled: bool = False, people: float = 2.0) -> bytes:
    """A grid of 20 by 20 degrees with so many people a cell."""
    if (tiled, people) not in _COUNTRIES:
        _COUNTRIES[tiled, people] = _country(tmp_path / "country.tif", tiled, people)
    return _COUNTRIES[tiled, people]


def _country(path: Path, tiled: bool, people: float) -> bytes:
    from rasterio.transform import Affine

    values = np.full((2000, 2000), people, np.float32)
    values[:, ::7] = -99999
    rng = np.random.default_rng(1)
    values += rng.random(values.shape, np.float32) * (values > 0) * 1e-3  # not too easily packed
    options: dict[str, Any] = {"tiled": True, "blockxsize": 256, "blockysize": 256} if tiled else {}
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=2000,
        height=2000,
        count=1,
        dtype="float32",
        crs="EPSG:4326",
        nodata=-99999,
        transform=Affine(0.01, 0, 110, 0, -0.01, 40),
        compress="lzw",
        **options,
    ) as out:
        out.write(values, 1)
    return path.read_bytes()


def grid_at(player: Player) -> Server:
    # Another address each time: GDAL remembers what it has seen of one.
    return Server(f"{player.base}/{time.monotonic_ns()}.tif", timeout_s=5, retries=1)


@pytest.mark.parametrize("tiled", [False, True])
def test_only_the_window_of_the_city_is_read(
    player: Player, folder: Path, tmp_path: Path, tiled: bool
) -> None:
    player.file = country(tmp_path, tiled=tiled)
    found = fetch("population", folder, server=grid_at(player))
    goal = folder / "population" / "people.tif"
    assert sorted(p.name for p in goal.parent.iterdir()) == ["origin.toml", "people.tif"]
    assert player.sent < len(player.file) / 4
    with rasterio.open(goal) as out:
        assert out.width < 50
        assert out.height < 50
        assert out.nodata == -99999
    city = City.open(folder)
    demand, _ = demand_of(city, goal)
    assert demand.total() > 0
    text = "\n".join(found.lines("zh"))
    assert "CC BY 4.0" in text
    assert "人口表" in text
    assert read_origins(goal.parent)["people.tif"].source.startswith(player.base)


def test_without_ranges_a_small_file_is_taken_whole(
    player: Player, folder: Path, tmp_path: Path
) -> None:
    player.file, player.ranges = country(tmp_path), False
    fetch("population", folder, server=grid_at(player))
    assert sorted(p.name for p in (folder / "population").iterdir()) == [
        "origin.toml",
        "people.tif",
    ]


@pytest.mark.parametrize("says_length", [True, False])
def test_without_ranges_a_large_file_is_refused_with_the_reason(
    player: Player, folder: Path, tmp_path: Path, says_length: bool
) -> None:
    player.file, player.ranges, player.says_length = country(tmp_path), False, says_length
    with pytest.raises(InputError, match="import population"):
        fetch("population", folder, server=grid_at(player), most_mb=1)
    assert not (folder / "population").exists()


def test_too_much_to_read_is_refused(player: Player, folder: Path, tmp_path: Path) -> None:
    player.file = country(tmp_path)
    with pytest.raises(InputError, match="would be read"):
        fetch("population", folder, server=grid_at(player), most_mb=0.01)


@pytest.mark.usefixtures("pauses")
@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_transfer_leaves_the_previous_grid(
    player: Player, folder: Path, tmp_path: Path, ranges: bool
) -> None:
    player.file = country(tmp_path)
    fetch("population", folder, server=grid_at(player))
    goal = folder / "population" / "people.tif"
    before = goal.read_bytes()
    player.ranges, player.cut = ranges, 5000
    with pytest.raises(NetworkUnreachableError, match="broke off"):
        fetch("population", folder, server=grid_at(player))
    assert goal.read_bytes() == before
    assert sorted(p.name for p in goal.parent.iterdir()) == ["origin.toml", "people.tif"]


def test_file_servers_that_refuse_are_busy_or_slow(
    player: Player, folder: Path, tmp_path: Path, pauses: list[float]
) -> None:
    player.file = country(tmp_path)
    player.refusals = [404]
    with pytest.raises(NetworkUnreachableError, match="refused: 404"):
        fetch("population", folder, server=grid_at(player))
    player.refusals = [503, 503]
    with pytest.raises(NetworkUnreachableError, match=r"busy \(503\)"):
        fetch("population", folder, server=grid_at(player))
    player.refusals = [503]
    fetch("population", folder, server=grid_at(player))
    assert pauses == [5.0, 5.0]
    player.slow_s = 1.0
    slow = Server(f"{player.base}/slow.tif", timeout_s=0.2, retries=0)
    with pytest.raises(NetworkUnreachableError, match="no answer in time"):
        fetch("population", folder, server=slow)


def test_files_that_are_no_grid_of_the_city(player: Player, folder: Path, tmp_path: Path) -> None:
    player.file = b"<html>not found, but politely</html>" * 20
    with pytest.raises(NetworkUnreachableError, match="no GeoTIFF"):
        fetch("population", folder, server=grid_at(player))
    player.file = country(tmp_path, people=0.0)
    with pytest.raises(InputError, match="nobody"):
        fetch("population", folder, server=grid_at(player))
    with pytest.raises(InputError, match="2015 至 2030"):
        fetch("population", folder, year=1990)
    assert not (folder / "population").exists()


def test_ones_own_points_are_not_put_behind_a_grid(
    player: Player, folder: Path, tmp_path: Path
) -> None:
    player.file = country(tmp_path)
    place = folder / "population"
    place.mkdir()
    (place / "people.csv").write_text("lon,lat,people\n", encoding="utf-8")
    with pytest.raises(InputError, match="--replace"):
        fetch("population", folder, server=grid_at(player))
