"""Servers that answer badly: one sentence each, in time, and nothing of it kept."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
import time
import tracemalloc
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import shapely

from coverage.download import http
from coverage.download.geocode import Amap, Tianditu
from coverage.download.osm import ask
from coverage.download.roads import fetch
from coverage.download.worldpop import read_window
from coverage.errors import InputError, NetworkUnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

AREA = (113.0, 23.7, 113.03, 23.72)
KEY = "0123456789abcdef-key"
GOOD = {"status": "1", "geocodes": [{"location": "113.05,23.68", "level": "门牌号"}]}


class Scripted:
    """A server on the loopback that does with each connection what the next script says."""

    def __init__(self) -> None:
        self.scripts: list[Callable[[socket.socket], None]] = []
        self.asked: list[bytes] = []
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}/api"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listening.accept()
                threading.Thread(target=self._meet, args=(connection,), daemon=True).start()

    def _meet(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            self.asked.append(_question(connection))
            script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
            script(connection)

    def say(self, *scripts: Callable[[socket.socket], None]) -> None:
        self.scripts = list(scripts)


def _question(connection: socket.socket) -> bytes:
    read = b""
    while b"\r\n\r\n" not in read:
        read += connection.recv(65536)
    head, _, body = read.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            while len(body) < int(line.split(b":")[1]):
                body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answer(
    content: Any, code: str = "200 OK", length: int | None = None, **heads: Any
) -> Callable[[socket.socket], None]:
    """An answer in one piece; `length` is what it says of itself."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()

    def script(connection: socket.socket) -> None:
        lines = [f"HTTP/1.1 {code}", f"Content-Length: {len(body) if length is None else length}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in heads.items()]
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    return script


def drip(text: bytes) -> Callable[[socket.socket], None]:
    """A byte now and then, without end."""

    def script(connection: socket.socket) -> None:
        connection.sendall(text)
        for _ in range(400):
            connection.sendall(b" ")
            time.sleep(0.05)

    return script


def reset(connection: socket.socket) -> None:
    """Break the connection in the middle of an answer."""
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"ele')
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    made = Scripted()
    yield made
    made.listening.close()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(http, "pause", slept.append)
    return slept


def _amap(server: Scripted, **how: Any) -> Amap:
    return Amap(KEY, url=server.url, **{"timeout_s": 0.3, "retries": 0} | how)


NODE = {"type": "node", "id": 1, "lon": 113.0, "lat": 23.7}
SHAPES: list[Any] = [
    None,
    "x",
    7,
    [],
    [{"elements": []}],
    {"elements": {"a": 1}},
    {"elements": [1]},
    {"elements": [None]},
    {"elements": [NODE | {"id": "1"}]},
    {"elements": [NODE | {"id": True}]},
    {"elements": [NODE | {"lat": None}]},
    {"elements": [NODE | {"lat": "23.7"}]},
    {"elements": [NODE | {"lat": 154}]},
    {"elements": [{"type": "node", "id": 1}]},
    {"elements": [{"type": "way", "id": 2, "nodes": ["1", "2"], "tags": {}}]},
    {"elements": [{"type": "way", "id": 2, "nodes": 3}]},
    {"elements": [{"type": "way", "id": 2, "nodes": [1], "tags": ["highway"]}]},
    {"elements": [{"type": "way", "id": 2, "nodes": [1], "tags": {"highway": 5}}]},
    {"elements": [{"type": "relation", "id": 2, "members": [{"ref": "x", "type": "way"}]}]},
    {"elements": [{"type": "spaceship", "id": 2}]},
    {"elements": [{"id": 2}]},
]


@pytest.mark.parametrize("shape", SHAPES)
def test_json_of_the_wrong_shape(
    server: Scripted, tmp_path: Path, pauses: list[float], shape: Any
) -> None:
    server.say(answer(shape))
    with pytest.raises(NetworkUnreachableError, match="not of the Overpass API"):
        fetch(AREA, endpoint=server.url, cache=tmp_path)
    assert not pauses
    assert not list(tmp_path.rglob("*.json")), "what is nonsense is not kept"


@pytest.mark.parametrize(
    "shape",
    [
        *SHAPES,
        {"status": ["1"]},
        {"status": "1", "geocodes": {"0": 1}},
        {"status": "1", "geocodes": [1]},
        {"status": "1", "geocodes": [{"location": None}]},
        {"status": "1", "geocodes": [{"location": ["113", "23"], "level": {}}]},
        {"status": "1", "geocodes": [{"location": "1e999,nan"}]},
        {"status": "0", "location": {"lon": {}, "lat": []}},
        {"status": 0, "location": {"lon": "113", "lat": "23", "level": ["x"], "score": {}}},
    ],
)
@pytest.mark.parametrize("kind", [Amap, Tianditu])
def test_a_geocoder_of_the_wrong_shape(server: Scripted, kind: Any, shape: Any) -> None:
    server.say(answer(shape))
    with suppress(NetworkUnreachableError):
        found = kind(KEY, url=server.url, timeout_s=1.0, retries=0).geocode("太和镇")
        assert found is None or 73 <= found.lon <= 136


def test_thousands_of_brackets(server: Scripted, tmp_path: Path) -> None:
    server.say(answer(b'{"elements": ' + b"[" * 5000 + b"]" * 5000 + b"}"))
    with pytest.raises((NetworkUnreachableError, ValueError), match=r"."):
        fetch(AREA, endpoint=server.url, cache=tmp_path)


def test_a_small_answer_that_unpacks_into_a_large_one(server: Scripted) -> None:
    bomb = gzip.compress(b"[" + b" " * 200_000_000)
    assert len(bomb) < 250_000
    server.say(answer(bomb, Content_Encoding="gzip"))
    tracemalloc.start()
    with pytest.raises(NetworkUnreachableError, match="larger than"):
        _amap(server, timeout_s=20.0).geocode("太和镇")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40_000_000


def test_roads_that_unpack_to_far_more_than_came(server: Scripted, tmp_path: Path) -> None:
    """400 kB were 400 MB of blanks, and those 1.7 GB by the time they were no JSON."""
    server.say(answer(gzip.compress(b"[" + b" " * 100_000_000 + b"]"), Content_Encoding="gzip"))
    tracemalloc.start()
    with pytest.raises(NetworkUnreachableError, match="larger than"):
        fetch(AREA, endpoint=server.url, cache=tmp_path, timeout_s=20.0, retries=0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60_000_000


def endless(head: bytes, part: bytes) -> Callable[[socket.socket], None]:
    """An answer that goes on as long as it is read."""

    def script(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + head)
        while True:
            connection.sendall(part)

    return script


NODES = b'{"type":"node","id":1,"lat":23.7,"lon":113.0},' * 20_000


def test_roads_without_end_cost_what_is_borne_and_no_more(
    server: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They cost 543 MB: all of it, and a copy."""
    assert http.MOST_OF_ROADS <= 200 << 20
    monkeypatch.setattr(http, "MOST_OF_ROADS", 24 << 20)
    server.say(endless(b'{"elements":[', NODES))
    tracemalloc.start()
    with pytest.raises(NetworkUnreachableError, match="larger than 24 MiB"):
        fetch(AREA, endpoint=server.url, cache=tmp_path, timeout_s=20.0, retries=0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40 << 20


def test_things_without_end_are_borne_less_than_roads(server: Scripted, tmp_path: Path) -> None:
    server.say(endless(b'{"elements":[', NODES))
    how = http.Server(server.url, tmp_path, timeout_s=20.0, retries=0)
    with pytest.raises(NetworkUnreachableError, match="larger than 32 MiB"):
        ask(shapely.box(*AREA), {"amenity": True}, how)


@pytest.mark.parametrize("part", [b" ", b"x", b"<p>", b"\x00", b"\xff"])
def test_what_does_not_begin_as_json_is_read_no_further(
    server: Scripted, tmp_path: Path, part: bytes
) -> None:
    server.say(endless(b"", part * 100_000))
    tracemalloc.start()
    with pytest.raises(NetworkUnreachableError, match="not of the Overpass API"):
        fetch(AREA, endpoint=server.url, cache=tmp_path, timeout_s=20.0, retries=0)
    with pytest.raises(NetworkUnreachableError, match="not JSON"):
        _amap(server, timeout_s=20.0).geocode("太和镇")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8_000_000


@pytest.mark.parametrize("size", [10, 1 << 20, (1 << 20) + 1, 3 << 20])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_long_text_is_what_it_was(server: Scripted, size: int, encoding: str) -> None:
    """Characters on the border of two pieces, too."""
    text = "[" + "镇" * (size // 3) + "]"
    server.say(answer(text.encode(encoding)))
    with http.asked(server.url, "x", timeout_s=5.0) as response:
        assert http.content(response, "x", 1 << 24).decode() == text
        assert response.text == text


@pytest.mark.parametrize(
    "start",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{", b"HTTP/1.1 200 OK\r\nX-Long:"],
    ids=["body", "heads"],
)
def test_a_byte_at_a_time(server: Scripted, tmp_path: Path, start: bytes) -> None:
    server.say(drip(start))
    before = time.monotonic()
    with pytest.raises(NetworkUnreachableError, match="did not come to an end in time"):
        _amap(server).geocode("太和镇")
    with pytest.raises(NetworkUnreachableError, match="did not come to an end in time"):
        fetch(AREA, endpoint=server.url, cache=tmp_path, timeout_s=0.3, retries=0)
    assert time.monotonic() - before < 15, "20 seconds and more were to come"


@pytest.mark.parametrize(
    "broken",
    [answer(b'{"elements": [', length=5000), reset, answer(b"\x1f\x8bxx", Content_Encoding="gzip")],
    ids=["truncated", "reset", "not what it says"],
)
def test_an_answer_that_breaks_off_is_asked_for_again(
    server: Scripted, pauses: list[float], broken: Callable[[socket.socket], None]
) -> None:
    server.say(broken, answer(GOOD))
    found = _amap(server, retries=1, timeout_s=3.0).geocode("太和镇")
    assert found is not None
    assert len(pauses) == 1


def test_roads_that_break_off_say_so(server: Scripted, tmp_path: Path, pauses: list[float]) -> None:
    server.say(answer(b'{"elements": [', length=5000))
    with pytest.raises(NetworkUnreachableError, match="broke off"):
        fetch(AREA, endpoint=server.url, cache=tmp_path, retries=2)
    assert len(pauses) == 2


@pytest.mark.parametrize("stated", ["application/json", "text/html; charset=GBK", "text/json"])
@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "gb18030"])
def test_text_in_any_encoding(server: Scripted, stated: str, encoding: str) -> None:
    text = json.dumps({"name": "太和镇颐养院"}, ensure_ascii=False)
    server.say(answer(text.encode(encoding), Content_Type=stated))
    with http.asked(server.url, "x", timeout_s=2.0) as response:
        assert json.loads(http.content(response, "x", 1000)) == {"name": "太和镇颐养院"}
        assert response.json() == {"name": "太和镇颐养院"}


@pytest.mark.parametrize(
    "said",
    [
        {"status": "0", "info": f"INVALID {KEY}", "infocode": "99999"},
        {"status": "0", "info": KEY, "infocode": "10001"},
        {"status": "0", "info": KEY, "infocode": "10003"},
        {"code": 1, "msg": KEY, "resolve": f"key {KEY} 配额"},
    ],
)
@pytest.mark.parametrize("kind", [Amap, Tianditu])
def test_a_key_that_is_sent_back_stands_in_no_message(
    server: Scripted, kind: Any, said: Any
) -> None:
    server.say(answer(said))
    told = ""
    try:
        kind(KEY, url=server.url, timeout_s=1.0, retries=0).geocode("太和镇")
    except NetworkUnreachableError as error:
        told = f"{error} {error!r} {error.__cause__}"
    assert KEY not in told
    assert told or kind is Tianditu, "another service's refusal means nothing to it"


def test_another_host_is_not_asked(server: Scripted, tmp_path: Path) -> None:
    other = Scripted()
    other.say(answer({"elements": []}))
    server.say(answer(b"", code="302 Found", Location=other.url))
    with pytest.raises(NetworkUnreachableError, match="302"):
        _amap(server).geocode("太和镇")
    with pytest.raises(NetworkUnreachableError, match="302"):
        fetch(AREA, endpoint=server.url, cache=tmp_path)
    with pytest.raises(NetworkUnreachableError, match="302"):
        http.get(server.url, timeout_s=1.0, retries=0)
    assert other.asked == []
    other.listening.close()


def test_another_page_of_the_same_host_is(server: Scripted) -> None:
    server.say(answer(b"", code="301 Moved", Location="/new"), answer(b"here"))
    with http.get(server.url, timeout_s=1.0, retries=0) as response:
        assert http.content(response, "x", 1000) == b"here"
    server.say(answer(b"", code="301 Moved", Location="/round"))
    with pytest.raises(NetworkUnreachableError, match="301"):
        http.get(server.url, timeout_s=1.0, retries=0)


@pytest.mark.parametrize("to", ["http://[x", "//[", "http://a]b/", "\\\\[::"])
def test_a_way_on_that_is_no_address(server: Scripted, to: str) -> None:
    server.say(answer(b"", code="302 Found", Location=to))
    with pytest.raises(NetworkUnreachableError, match=r"302|no good"):
        http.get(server.url, timeout_s=1.0, retries=0)


@pytest.mark.parametrize("size", ["9" * 5000, "-1", "x", "٣"])
def test_a_size_that_no_file_has_is_unknown(server: Scripted, size: str) -> None:
    server.say(answer(b"x" * 16, code="206 Partial", Content_Range=f"bytes 0-15/{size}"))
    with pytest.raises(NetworkUnreachableError, match="no GeoTIFF"):
        read_window(server.url, shapely.box(*AREA), http.Server(timeout_s=1.0, retries=0))


SECRET = "s3cret"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"http://me:{SECRET}@a.example:80/x?key={SECRET}#{SECRET}", "http://a.example:80/x"),
        (f"https://{SECRET}@a.example/", "https://a.example/"),
        (f"https://a.example/x.tif?sig={SECRET}@", "https://a.example/x.tif"),
        (f"http://me:{SECRET}@[x?{SECRET}", "[x"),
        ("http://localhost/api", "http://localhost/api"),
    ],
)
def test_an_address_is_named_without_its_secrets(url: str, shown: str) -> None:
    assert http.named(url) == shown


def test_a_password_in_an_address_is_told_to_nobody(server: Scripted, tmp_path: Path) -> None:
    """It stood in the note of where roads come from, in the cache, and in complaints."""
    ways = [{"type": "node", "id": n, "lat": 23.7 + n / 1e3, "lon": 113.01} for n in range(1, 6)]
    street = {"type": "way", "id": 9, "nodes": [1, 2, 3, 4, 5], "tags": {"highway": "residential"}}
    at = server.url.replace("http://", f"http://me:{SECRET}@")
    server.say(answer({"elements": [*ways, street]}))
    network = fetch(AREA, endpoint=at, cache=tmp_path, timeout_s=5.0, retries=0)
    assert b"bWU6czNjcmV0" in server.asked[-1]  # to the server itself it is, in base64
    assert network.origin["source"] == server.url
    how = http.Server(at, tmp_path, timeout_s=5.0, retries=0)
    assert ask(shapely.box(*AREA), {"highway": True}, how).server == server.url
    for path in tmp_path.rglob("*"):
        assert SECRET not in path.name
        assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path
    for bad in (answer(b"x"), answer(b"", code="403 No"), answer(b"", code="302 Found")):
        server.say(bad)
        how = http.Server(at, tmp_path / "new", timeout_s=5.0, retries=0)
        for question in (
            lambda: fetch(AREA, endpoint=at, cache=tmp_path / "new", timeout_s=5.0, retries=0),
            lambda how=how: ask(shapely.box(*AREA), {"highway": True}, how),
            lambda how=how: read_window(f"{at}/x.tif?key={SECRET}", shapely.box(*AREA), how),
        ):
            with pytest.raises((NetworkUnreachableError, InputError)) as caught:
                question()
            assert SECRET not in str(caught.value)
            assert server.url in str(caught.value)


@pytest.mark.parametrize(("asked", "waited"), [("3", 3.0), ("99999999", 0.5), ("soon", 0.5)])
def test_a_server_may_say_how_long_to_wait(
    server: Scripted, pauses: list[float], asked: str, waited: float
) -> None:
    server.say(answer(b"", code="429 Too Many", Retry_After=asked), answer(GOOD))
    assert _amap(server, retries=1, timeout_s=2.0).geocode("太和镇") is not None
    assert pauses == [waited]


@pytest.mark.parametrize(
    "bad",
    [
        answer(b"<html>502</html>", Content_Type="text/html"),
        answer(b"", code="204 No Content"),
        answer(b""),
        lambda connection: connection.sendall(b"garbage\r\n\r\n"),
        lambda _: None,
        answer(b"{}", "200 OK", 2, **{f"X{n}": "y" * 60_000 for n in range(3)}),
        answer(b"{}", "200 OK", 2, **{f"X{n}": "y" for n in range(500)}),
    ],
)
def test_what_is_no_answer_at_all(
    server: Scripted, tmp_path: Path, pauses: list[float], bad: Any
) -> None:
    server.say(bad)
    with pytest.raises(NetworkUnreachableError):
        _amap(server, timeout_s=2.0).geocode("太和镇")
    with pytest.raises(NetworkUnreachableError):
        fetch(AREA, endpoint=server.url, cache=tmp_path, retries=1)
    assert len(pauses) <= 1
