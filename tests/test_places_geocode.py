"""Geocoders, against servers of our own on the loopback interface."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from coverage import datum
from coverage.city import City
from coverage.download import http
from coverage.download.geocode import Amap, Geocoded, Geocoder, QuotaError, Tianditu, open_geocoder
from coverage.errors import InputError, NetworkUnreachableError, UnknownNameError
from coverage.intake.setup import create
from helpers import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from helpers import Run

KEY = "secret-key"
AMAP_GOOD = {
    "status": "1",
    "info": "OK",
    "infocode": "10000",
    "count": "1",
    "geocodes": [{"location": "113.0560349,23.6817695", "level": "门牌号"}],
}
LIST = (
    "机构名称,类型,县区,乡镇,地址,床位数\n"
    "甲敬老院,敬老院,清城区,源潭镇,源潭镇建设路1号,10\n"
    "乙敬老院,敬老院,清城区,源潭镇,,10\n"
    "丙敬老院,敬老院,清城区,源潭镇,某路3号,10\n"
)
TIANDITU_GOOD = {
    "msg": "ok",
    "location": {"score": 100, "level": "乡镇", "lon": "113.05", "lat": "23.68"},
    "status": "0",
}


class Service:
    """Answers from a list, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes, float]] = []
        self.asked: list[dict[str, list[str]]] = []
        self.pieces = False  # whether answers are sent byte by byte, without their length
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.asked.append(parse_qs(urlsplit(self.path).query))
                status, body, wait = outer.answers.pop(0) if outer.answers else (500, b"", 0.0)
                time.sleep(wait)
                try:
                    self.send_response(status)
                    if status == 302:
                        self.send_header("Location", "/elsewhere")
                    if outer.pieces:
                        self.send_header("Transfer-Encoding", "chunked")
                        body = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
                    else:
                        self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    pass  # the client gave up waiting

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/geo"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def say(self, answer: object, status: int = 200, wait: float = 0.0) -> None:
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.answers.append((status, body, wait))


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setattr(http, "pause", lambda _: None)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    playing = Service()
    yield playing
    playing.server.shutdown()
    playing.server.server_close()


def test_amap_answers_are_turned_into_wgs84(service: Service) -> None:
    service.say(AMAP_GOOD)
    place = Amap(KEY, url=service.url, city="清远").geocode("清城区源潭镇")
    assert place is not None
    x, y = datum.gcj02_to_wgs84(113.0560349, 23.6817695)
    assert (place.lon, place.lat) == (float(x), float(y))
    assert (place.datum, place.precision) == ("gcj02", "address")
    (asked,) = service.asked
    assert asked["address"] == ["清城区源潭镇"]
    assert asked["city"] == ["清远"]
    assert asked["key"] == [KEY]


def test_an_answer_in_pieces_is_read_whole(service: Service) -> None:
    service.pieces = True
    service.say(TIANDITU_GOOD)
    assert Tianditu(KEY, url=service.url).geocode("源潭镇") is not None


def test_tianditu_answers_stay_where_they_are(service: Service) -> None:
    service.say(TIANDITU_GOOD)
    place = Tianditu(KEY, url=service.url, city="清远市").geocode("源潭镇")
    assert place == Geocoded(113.05, 23.68, "cgcs2000", "township", 100, "天地图")
    (asked,) = service.asked
    assert json.loads(asked["ds"][0]) == {"keyWord": "清远市源潭镇"}
    assert asked["tk"] == [KEY]


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (Amap, {"status": "1", "infocode": "10000", "geocodes": []}),
        (Amap, {"status": "0", "infocode": "30001", "info": "ENGINE_RESPONSE_DATA_ERROR"}),
        (Amap, {"status": "1", "geocodes": [{"location": []}]}),
        (Amap, {"status": "1", "geocodes": [{"location": "2.35,48.85", "level": "市"}]}),
        (Tianditu, {"status": "101", "msg": "无结果"}),
        (Tianditu, {"status": "0", "location": {}}),
        (Tianditu, {"status": "0", "location": {"lon": "nan", "lat": "nan"}}),
    ],
)
def test_an_unknown_address_is_none(
    service: Service, kind: type[Amap | Tianditu], answer: object
) -> None:
    service.say(answer)
    assert kind(KEY, url=service.url).geocode("没有这个地方") is None


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (Amap, {"status": "0", "infocode": "10003", "info": "DAILY_QUERY_OVER_LIMIT"}),
        (Amap, {"status": "0", "infocode": "10044", "info": "USER_DAILY_QUERY_OVER_LIMIT"}),
        (Tianditu, {"code": 301013, "msg": "访问次数超限", "resolve": "请明日再试"}),
    ],
)
def test_a_used_up_quota_is_said_in_words(
    service: Service, kind: type[Amap | Tianditu], answer: object
) -> None:
    service.say(answer)
    with pytest.raises(QuotaError, match=r"配额已用完.*quota"):
        kind(KEY, url=service.url).geocode("源潭镇")
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    ("kind", "answer", "words"),
    [
        (Amap, {"status": "0", "infocode": "10001", "info": "INVALID_USER_KEY"}, "密钥"),
        (Amap, {"status": "0", "infocode": "20000", "info": "INVALID_PARAMS"}, "INVALID_PARAMS"),
        (Tianditu, {"code": 301012, "msg": "权限类型错误"}, "权限类型错误"),
        (Tianditu, {"status": "404", "msg": "系统错误"}, "系统错误"),
        (Tianditu, b"<html>busy</html>", "JSON"),
        (Amap, b"[1]", "JSON"),
    ],
)
def test_refusals_are_said_and_not_asked_again(
    service: Service, kind: type[Amap | Tianditu], answer: object, words: str
) -> None:
    service.say(answer)
    with pytest.raises(NetworkUnreachableError, match=words) as caught:
        kind(KEY, url=service.url).geocode("源潭镇")
    assert KEY not in str(caught.value)
    assert len(service.asked) == 1


def test_busy_servers_are_asked_again(service: Service) -> None:
    service.say(b"", status=503)
    service.say({"status": "0", "infocode": "10021", "info": "CUQPS_HAS_EXCEEDED_THE_LIMIT"})
    service.say(AMAP_GOOD)
    assert Amap(KEY, url=service.url).geocode("源潭镇") is not None
    assert len(service.asked) == 3


def test_after_all_tries_the_reason_is_said(service: Service) -> None:
    for _ in range(3):
        service.say(b"", status=429)
    with pytest.raises(NetworkUnreachableError, match="3 次没有结果（HTTP 429）"):
        Tianditu(KEY, url=service.url, retries=2).geocode("源潭镇")


def test_a_slow_server_runs_into_the_timeout(service: Service) -> None:
    service.say(AMAP_GOOD, wait=2.0)
    with pytest.raises(NetworkUnreachableError, match="超时"):
        Amap(KEY, url=service.url, retries=0, timeout_s=0.2).geocode("源潭镇")


def test_a_redirect_does_not_carry_the_key_on(service: Service) -> None:
    service.say(b"", status=302)
    with pytest.raises(NetworkUnreachableError, match="302"):
        Amap(KEY, url=service.url).geocode("源潭镇")
    assert len(service.asked) == 1


def test_no_server_at_all() -> None:
    with pytest.raises(NetworkUnreachableError) as caught:
        Amap(KEY, url="http://127.0.0.1:9/geo", retries=0).geocode("源潭镇")
    assert KEY not in str(caught.value)


def test_geocoders_are_opened_by_name_with_a_key_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AMAP_KEY", raising=False)
    with pytest.raises(InputError, match="AMAP_KEY"):
        open_geocoder("amap")
    monkeypatch.setenv("AMAP_KEY", KEY)
    monkeypatch.setenv("TIANDITU_KEY", KEY)
    assert isinstance(open_geocoder("高德"), Amap)
    opened = open_geocoder("tianditu", timeout_s=1.0)
    assert isinstance(opened, Geocoder)
    assert KEY not in repr(opened)
    with pytest.raises(UnknownNameError):
        open_geocoder("google")
    with pytest.raises(InputError, match="http"):
        open_geocoder("amap", url="file:///etc/passwd")


@pytest.fixture
def space(tmp_path: Path) -> Path:
    pytest.importorskip("openpyxl")
    made = create(tmp_path / "w", city=City.load("清远"))
    (tmp_path / "list.csv").write_text(LIST, encoding="utf-8")
    return made


def _import(
    capsys: pytest.CaptureFixture[str], space: Path, service: Service, name: str, *more: str
) -> Run:
    source = str(space.parent / "list.csv")
    where = ("--workspace", str(space), "--geocoder", name, "--geocoder-url", service.url)
    return run(capsys, "import", "facilities", source, *where, *more)


def _amap(lon: float, lat: float, level: str = "门牌号") -> dict[str, Any]:
    return AMAP_GOOD | {"geocodes": [{"location": f"{lon},{lat}", "level": level}]}


def test_an_import_asks_for_addresses_without_coordinates(
    space: Path,
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AMAP_KEY", KEY)
    x, y = datum.wgs84_to_gcj02(113.15, 23.66)
    service.say(_amap(float(x), float(y)))
    service.say(_amap(116.4, 39.9))
    done = _import(capsys, space, service, "amap")
    assert done.code == 0, done.err
    assert [q["address"][0] for q in service.asked] == [
        "清远市清城区源潭镇建设路1号",
        "清远市清城区源潭镇某路3号",
    ]
    first, second, third = City.open(space).register.facilities
    assert (first.lon, first.lat) == pytest.approx((113.15, 23.66), abs=1e-6)
    assert first.note == "地理编码（高德，门牌）"
    assert (second.lon, second.note) == (None, "")
    assert third.lon is None
    page = next((space / "intake").glob("*.html")).read_text(encoding="utf-8")
    assert "答在市外" in page
    assert "gcj02 换算为 WGS84" in page
    for path in space.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()


def test_tianditu_is_wgs84_and_gives_a_score(
    space: Path,
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TIANDITU_KEY", KEY)
    place = {"score": 92, "level": "门址", "lon": "113.15", "lat": "23.66"}
    service.say({"msg": "ok", "status": "0", "location": place | {"level": "门牌号"}})
    service.say({"msg": "ok", "status": "0", "location": place | {"level": "乡镇"}})
    assert _import(capsys, space, service, "tianditu").code == 0
    first, _, third = City.open(space).register.facilities
    assert (first.lon, first.lat) == (113.15, 23.66)
    assert first.note == "地理编码（天地图，门牌，得分 92）"
    assert third.lon is None, "a place of a whole township is no place of a facility"


def test_what_may_go_wrong_is_one_sentence(
    space: Path,
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("AMAP_KEY", raising=False)
    done = _import(capsys, space, service, "amap")
    assert (done.code, "AMAP_KEY" in done.err) == (2, True)
    monkeypatch.setenv("AMAP_KEY", KEY)
    for _ in range(8):
        service.say(b"", 503)
    done = _import(capsys, space, service, "amap")
    assert done.code == 2
    assert "高德问了 4 次没有结果" in done.err
    assert KEY not in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert not (space / "facilities.csv").exists()
    service.answers.clear()
    service.say({"status": "0", "info": "DAILY_QUERY_OVER_LIMIT", "infocode": "10003"})
    done = _import(capsys, space, service, "amap", "--dry-run")
    assert done.code == 0, "the rest stays at the seats of its townships"
    assert done.out.replace("\n   ", "").count("配额已用完") == 2
    assert (
        run(
            capsys,
            "import",
            "facilities",
            str(space.parent / "list.csv"),
            "--workspace",
            str(space),
        ).code
        == 0
    )
    assert len(service.asked) == 5, "nobody is asked unless a service is named"
