"""Downloads, against an Overpass server of our own on the loopback interface."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
import shapely

from coverage.download import http
from coverage.download import roads as module
from coverage.download.roads import fetch
from coverage.errors import InputError, NetworkUnreachableError
from coverage.roads.convert import write_graphml
from coverage.roads.network import CAR, FOOT, OBSTACLES
from coverage.roads.sources import load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

osmnx = pytest.importorskip("osmnx")
AREA = (113.00, 23.70, 113.02, 23.72)
GOOD = {
    "version": 0.6,
    "elements": [
        {"type": "node", "id": 1, "lon": 113.005, "lat": 23.705},
        {"type": "node", "id": 2, "lon": 113.010, "lat": 23.705},
        {"type": "node", "id": 3, "lon": 113.015, "lat": 23.705},
        {"type": "node", "id": 4, "lon": 113.030, "lat": 23.705},
        {"type": "node", "id": 5, "lon": 113.040, "lat": 23.705},
        {"type": "way", "id": 10, "nodes": [1, 2, 3], "tags": {"highway": "residential"}},
        {
            "type": "way",
            "id": 11,
            "nodes": [2, 4],
            "tags": {"highway": "primary", "oneway": "yes", "maxspeed": "60"},
        },
        {"type": "way", "id": 12, "nodes": [4, 5], "tags": {"highway": "residential"}},
    ],
}


class Overpass:
    """Plays an Overpass endpoint: a status page, and answers from a list."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes, float]] = []
        self.queries: list[str] = []
        self.status_asked = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def _send(self, code: int, body: bytes) -> None:
                self.send_response(code)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                outer.status_asked += 1
                self._send(200, b"Connected\nTime\nRate limit: 2\n\n2 slots available now.\n")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.queries.append(parse_qs(body)["data"][0])
                code, answer, pause = outer.answers[min(len(outer.queries), len(outer.answers)) - 1]
                time.sleep(pause)
                with suppress(OSError):  # the client may have given up
                    self._send(code, answer)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/api"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def say(self, *answers: tuple[int, Any] | tuple[int, Any, float]) -> None:
        self.answers = [
            (a[0], a[1] if isinstance(a[1], bytes) else json.dumps(a[1]).encode(), (*a, 0.0)[2])
            for a in answers
        ]


@pytest.fixture
def overpass() -> Iterator[Overpass]:
    played = Overpass()
    yield played
    played.server.shutdown()
    played.server.server_close()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(http, "pause", slept.append)
    return slept


def test_a_good_answer(overpass: Overpass, tmp_path: Path) -> None:
    overpass.say((200, GOOD))
    before = dict(vars(osmnx.settings))
    lookup = socket.getaddrinfo
    network = fetch(AREA, endpoint=overpass.url, cache=tmp_path)
    # Way 12 lies outside; way 11 reaches in and is kept whole.
    assert network.node_id.tolist() == [1, 2, 3, 4]
    assert network.edge_count == 6
    assert network.origin["source"] == overpass.url
    assert "OpenStreetMap" in network.origin["attribution"]
    assert '"highway"' in overpass.queries[0]
    assert overpass.status_asked == 0
    assert dict(vars(osmnx.settings)) == before
    assert socket.getaddrinfo is lookup
    again = fetch(AREA, endpoint=overpass.url, cache=tmp_path)
    assert again.edge_count == 6
    assert len(overpass.queries) == 2
    # The raw answer stays: the network can be built anew for another traveller.
    cars = fetch(AREA, endpoint=overpass.url, cache=tmp_path, modes=["car"])
    assert cars.edge_count == 5
    assert len(overpass.queries) == 2


def test_turn_restrictions_come_too_and_are_kept(overpass: Overpass, tmp_path: Path) -> None:
    turn = {
        "type": "relation",
        "id": 7,
        "tags": {"type": "restriction", "restriction": "no_left_turn"},
        "members": [
            {"type": "way", "ref": 10, "role": "from"},
            {"type": "node", "ref": 3, "role": "via"},
            {"type": "way", "ref": 13, "role": "to"},
        ],
    }
    way = {"type": "way", "id": 13, "nodes": [3, 4], "tags": {"highway": "residential"}}
    overpass.say((200, {"elements": [*GOOD["elements"], way]}), (200, {"elements": [turn]}))  # type: ignore[misc]
    network = fetch(AREA, endpoint=overpass.url, cache=tmp_path)
    assert "relation['type'='restriction']" in overpass.queries[1]
    ((come, go, modes),) = network.no_turn.tolist()
    ends = [network.node_id[n] for n in (network.tail[come], network.head[come], network.head[go])]
    assert ends == [2, 3, 4]
    assert modes & FOOT == 0
    assert modes & CAR
    write_graphml(network, tmp_path / "r.graphml")
    assert len(load(tmp_path / "r.graphml", cache=False).no_turn) == 1


def _fords() -> list[dict[str, Any]]:
    """A river, a lake as a way and one as a relation of two shores, a railway, and a ferry."""
    places = {
        20: (113.001, 23.702), 21: (113.019, 23.702),
        30: (113.006, 23.707), 31: (113.008, 23.707), 32: (113.008, 23.709),
        40: (113.011, 23.711), 41: (113.014, 23.711), 42: (113.014, 23.714),
        50: (113.002, 23.716), 51: (113.018, 23.716),
    }  # fmt: skip
    ways: list[tuple[int, list[int], dict[str, str]]] = [
        (20, [20, 21], {"waterway": "river"}),
        (21, [20, 21], {"waterway": "stream"}),
        (22, [20, 21], {"waterway": "canal", "tunnel": "yes"}),
        (30, [30, 31, 32, 30], {"natural": "water"}),
        (31, [30, 31, 32], {"natural": "water"}),  # open: no area
        (40, [40, 41], {}),
        (41, [41, 42, 40], {"name": "北岸"}),
        (50, [50, 51], {"railway": "rail"}),
        (51, [50, 51], {"railway": "rail", "bridge": "yes"}),
        (60, [3, 40], {"route": "ferry", "duration": "6"}),
    ]
    shores = [{"type": "way", "ref": ref, "role": "outer"} for ref in (40, 41)]
    lake = {"natural": "water", "type": "multipolygon"}
    return [
        *({"type": "node", "id": n, "lon": lon, "lat": lat} for n, (lon, lat) in places.items()),
        *({"type": "way", "id": n, "nodes": refs, "tags": tags} for n, refs, tags in ways),
        {"type": "relation", "id": 9, "tags": lake, "members": shores},
    ]


def test_water_railways_and_ferries_come_too_as_from_a_file(
    overpass: Overpass, tmp_path: Path
) -> None:
    elements: list[Any] = [*GOOD["elements"], *_fords()]  # type: ignore[misc]
    overpass.say((200, GOOD), (200, {"elements": elements}))
    network = fetch(AREA, endpoint=overpass.url, cache=tmp_path)
    for asked in ("natural", "river", "canal", "riverbank", "reservoir", "rail", "ferry"):
        assert asked in overpass.queries[1]
    file = tmp_path / "same.osm"
    file.write_text(_as_xml(elements), "utf-8")
    area = shapely.box(*AREA)
    for one in (network, load(file, area=area, cache=False)):
        kinds = [OBSTACLES[kind] for kind in one.obstacle]
        assert Counter(kinds)["river"] == Counter(kinds)["rail"] == 1
        assert "ferry" in one.highway_names
    fetched, read = (
        shapely.union_all(one.obstacle_lines()) for one in (network, load(file, area=area))
    )
    assert fetched.length == pytest.approx(read.length)
    assert fetched.hausdorff_distance(read) < 0.01
    write_graphml(network, tmp_path / "r.graphml")
    assert len(load(tmp_path / "r.graphml", cache=False).obstacle) == len(network.obstacle)


def _as_xml(elements: list[Any]) -> str:
    """The same elements as a file of OpenStreetMap."""
    said = ['<osm version="0.6">']
    for kind in ("node", "way", "relation"):
        for one in (one for one in elements if one["type"] == kind):
            place = f' lon="{one["lon"]}" lat="{one["lat"]}"' if kind == "node" else ""
            said.append(f'<{kind} id="{one["id"]}" version="1"{place}>')
            said += [f'<nd ref="{ref}"/>' for ref in one.get("nodes", ())]
            members = one.get("members", ())
            said += [f'<member type="way" ref="{m["ref"]}" role="{m["role"]}"/>' for m in members]
            said += [f'<tag k="{k}" v="{v}"/>' for k, v in one.get("tags", {}).items()]
            said.append(f"</{kind}>")
    return "\n".join([*said, "</osm>"])


def test_a_second_call_needs_neither_network_nor_osmnx(overpass: Overpass, tmp_path: Path) -> None:
    overpass.say((200, GOOD))
    fetch(AREA, endpoint=overpass.url, cache=tmp_path)
    code = (
        "import sys, pathlib\nfrom coverage.download.roads import fetch\n"
        f"n = fetch({AREA}, endpoint={overpass.url!r}, cache=pathlib.Path({str(tmp_path)!r}))\n"
        "print(n.edge_count, 'osmnx' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["6", "False"]


@pytest.mark.parametrize("code", [429, 504, 503])
def test_busy_then_good(overpass: Overpass, tmp_path: Path, pauses: list[float], code: int) -> None:
    overpass.say((code, b"busy"), (code, b"busy"), (200, GOOD))
    assert fetch(AREA, endpoint=overpass.url, cache=tmp_path).edge_count == 6
    assert pauses == [5.0, 10.0]


def test_always_busy(overpass: Overpass, tmp_path: Path, pauses: list[float]) -> None:
    overpass.say((504, b"busy"))
    with pytest.raises(NetworkUnreachableError, match=r"asked 4 times .* busy \(504\)"):
        fetch(AREA, endpoint=overpass.url, cache=tmp_path)
    assert len(overpass.queries) == 4
    assert pauses == [5.0, 10.0, 20.0]
    overpass.say((200, GOOD))
    assert fetch(AREA, endpoint=overpass.url, cache=tmp_path).edge_count == 6


def test_too_slow(overpass: Overpass, tmp_path: Path, pauses: list[float]) -> None:
    overpass.say((200, GOOD, 1.0), (200, GOOD, 1.0), (200, GOOD))
    network = fetch(AREA, endpoint=overpass.url, cache=tmp_path, timeout_s=0.3)
    assert network.edge_count == 6
    assert len(pauses) == 2
    overpass.say((200, GOOD, 1.0))
    with pytest.raises(NetworkUnreachableError, match="no answer in time"):
        fetch(
            (113, 23.7, 113.03, 23.72),
            endpoint=overpass.url,
            cache=tmp_path,
            timeout_s=0.2,
            retries=1,
        )


@pytest.mark.parametrize("answer", [b"<html>hello</html>", b"[]", b"", b'{"elements": [{"ty'])
def test_nonsense(overpass: Overpass, tmp_path: Path, pauses: list[float], answer: bytes) -> None:
    overpass.say((200, answer))
    with pytest.raises(NetworkUnreachableError, match="not of the Overpass API"):
        fetch(AREA, endpoint=overpass.url, cache=tmp_path)
    assert not pauses
    assert not list(tmp_path.rglob("*.npz"))


@pytest.mark.parametrize("answer", [b"<html>bad request</html>", {"elements": []}])
def test_refused(overpass: Overpass, tmp_path: Path, pauses: list[float], answer: object) -> None:
    overpass.say((403, answer))
    with pytest.raises(NetworkUnreachableError, match="refused: 403"):
        fetch(AREA, endpoint=overpass.url, cache=tmp_path)
    assert not pauses


def test_the_public_server_is_asked_for_a_slot_first(
    overpass: Overpass, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    overpass.say((200, GOOD))
    monkeypatch.setattr(module, "PUBLIC_ENDPOINT", overpass.url)
    assert fetch(AREA, cache=tmp_path).edge_count == 6
    assert overpass.status_asked == 2


def test_a_query_broken_off_half_way(
    overpass: Overpass, tmp_path: Path, pauses: list[float]
) -> None:
    overpass.say((200, GOOD | {"remark": "runtime error: Query timed out"}))
    with pytest.raises(NetworkUnreachableError, match="Query timed out"):
        fetch(AREA, endpoint=overpass.url, cache=tmp_path, retries=1)
    assert len(pauses) == 1


def test_an_empty_answer(overpass: Overpass, tmp_path: Path) -> None:
    overpass.say((200, {"elements": []}))
    with pytest.raises(InputError, match="no roads"):
        fetch(AREA, endpoint=overpass.url, cache=tmp_path)


def test_no_network(tmp_path: Path, pauses: list[float]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(NetworkUnreachableError, match=f"http://127.0.0.1:{port}.*no connection"):
        fetch(AREA, endpoint=f"http://127.0.0.1:{port}/api", cache=tmp_path)
    assert not pauses


def test_a_half_written_answer_is_asked_for_again(overpass: Overpass, tmp_path: Path) -> None:
    overpass.say((200, GOOD))
    fetch(AREA, endpoint=overpass.url, cache=tmp_path)
    answer = next((tmp_path / "overpass").rglob("*.json"))
    answer.write_bytes(answer.read_bytes()[:100])
    for network in (tmp_path / "roads").iterdir():
        network.unlink()
    assert fetch(AREA, endpoint=overpass.url, cache=tmp_path).edge_count == 6
    assert len(overpass.queries) == 3


@pytest.mark.parametrize("area", [(113, 23, 112, 24), (23.7, 113.0, 23.8, 113.1), (0, 0, 0, 0)])
def test_bad_areas(area: tuple[float, float, float, float], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="west, south, east, north"):
        fetch(area, cache=tmp_path)
