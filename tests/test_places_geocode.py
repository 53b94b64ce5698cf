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
from coverage.errors import InputError, NetworkUnreachableError, UnknownNameError
from coverage.places import geocode as module
from coverage.places.geocode import Amap, Geocoder, QuotaError, Tianditu, open_geocoder

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "secret-key"
AMAP_GOOD = {
    "status": "1",
    "info": "OK",
    "infocode": "10000",
    "count": "1",
    "geocodes": [{"location": "113.0560349,23.6817695", "level": "门牌号"}],
}
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
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                outer.asked.append(parse_qs(urlsplit(self.path).query))
                status, body, wait = outer.answers.pop(0) if outer.answers else (500, b"", 0.0)
                time.sleep(wait)
                try:
                    self.send_response(status)
                    if status == 302:
                        self.send_header("Location", "/elsewhere")
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
    monkeypatch.setattr(module, "_pause", lambda _: None)
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


def test_tianditu_answers_stay_where_they_are(service: Service) -> None:
    service.say(TIANDITU_GOOD)
    place = Tianditu(KEY, url=service.url, city="清远市").geocode("源潭镇")
    assert place == (113.05, 23.68, "cgcs2000", "township")
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
