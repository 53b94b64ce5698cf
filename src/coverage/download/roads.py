"""Roads of an area from an Overpass server, through osmnx.

osmnx asks (it cuts large areas into several questions, minds the server's
rate limit, and keeps every answer); the answers are then read by the same
rules as an extract on disk, so that a downloaded city and a city from a file
mean the same. osmnx's own habit of waiting and asking again without end is
replaced by a fixed number of tries.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from coverage.download import http
from coverage.errors import InputError, NetworkUnreachableError
from coverage.formats.nested import parse_json, read_json
from coverage.messages import Said
from coverage.roads.access import road_class
from coverage.roads.network import MODES, RoadNetwork
from coverage.roads.store import cached
from coverage.roads.ways import (
    ATTRIBUTION,
    LICENCE,
    RAILWAYS,
    RIVERS,
    WATER,
    Ways,
    is_water,
    obstacle_of,
)
from coverage.settings import cache_dir
from coverage.text import cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry


PUBLIC_ENDPOINT = "https://overpass-api.de/api"
_SERVER_TIMEOUT_S = 180
_NOT_OVERPASS = "the answer is not of the Overpass API"
# What is asked for beside streets: ferries, turns, and what nobody crosses off them.
_BESIDE: dict[str, str | list[str]] = {
    **dict(WATER),
    "waterway": [*RIVERS, *(value for key, value in WATER if key == "waterway")],
    "railway": list(RAILWAYS),
    "route": "ferry",
    "type": "restriction",
}
_KINDS = {"node", "way", "relation"}


def fetch(
    area: BaseGeometry | tuple[float, float, float, float],
    *,
    endpoint: str | None = None,
    cache: Path | None = None,
    timeout_s: float = 180.0,
    retries: int = 3,
    modes: Iterable[str] = tuple(MODES),
    crs: str | None = None,
) -> RoadNetwork:
    """Download the roads that touch an area, and the water and railways beside them.

    The server's raw answers and the built network both stay in the cache: a
    second call needs no network and does not import osmnx.

    Args:
        area: Polygon in lon, lat, or (west, south, east, north).
        endpoint: Overpass API, such as ``http://localhost/api``; by default
            the public one. The rate limit is minded there only.
        cache: Folder for answers and networks, by default the user's own.
        timeout_s: Longest silence of the server that is borne.
        retries: How often to ask again when the server is busy or silent,
            each time after a pause twice as long.
        modes: Keep what at least one of these may use.
        crs: Projected CRS in metres; by default the UTM zone of the middle.

    Raises:
        NetworkUnreachableError: If there is no way to the server, or it
            stays busy, silent or answers nonsense.
        InputError: If the area is no polygon, or no road touches it.
    """
    polygon = _polygon(area)
    modes = tuple(modes)
    folder = cache or cache_dir()
    server = (endpoint or PUBLIC_ENDPOINT).rstrip("/")
    asked = f"{http.named(server)} {polygon.wkb_hex} {_BESIDE}"
    answers = folder / "overpass" / hashlib.sha256(asked.encode()).hexdigest()[:24]

    def download() -> RoadNetwork:
        manners = overpass(
            server,
            answers,
            timeout_s=timeout_s,
            retries=retries,
            polite=endpoint is None,
            most=http.MOST_OF_ROADS,
        )
        with manners as ask:
            import osmnx

            for question in (
                lambda: osmnx.graph_from_polygon(
                    polygon, retain_all=True, custom_filter='["highway"]'
                ),
                lambda: osmnx.features_from_polygon(polygon, dict(_BESIDE)),
            ):
                ask(question)
        return _read(answers, http.named(server), polygon, modes, crs)

    key = {"overpass": asked, "modes": modes, "crs": crs}
    return cached(key, download, folder=folder / "roads")


def _polygon(area: BaseGeometry | tuple[float, float, float, float]) -> Any:
    import shapely

    if isinstance(area, tuple):
        west, south, east, north = area
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            raise InputError(
                Said(
                    f"范围须为度数（西，南，东，北），不是 {area}",
                    f"expected (west, south, east, north) in degrees, not {area}",
                )
            )
        return shapely.box(west, south, east, north)
    if area.geom_type not in {"Polygon", "MultiPolygon"} or area.is_empty or not area.is_valid:
        raise InputError(
            Said(
                "下载范围须为有效的经纬度多边形",
                "the area to download must be a valid polygon in lon, lat",
            )
        )
    return area


@contextmanager
def overpass(
    server: str, answers: Path, *, timeout_s: float, retries: int, polite: bool, most: int
) -> Iterator[Callable[[Callable[[], object]], None]]:
    """Osmnx with our manners towards a server, its settings put back afterwards.

    What is yielded puts a question of osmnx until every answer lies in `answers`; the questions
    themselves are then answered from there, without a network, once
    ``osmnx.settings.cache_only_mode`` is off.

    Args:
        server: Address of the Overpass API.
        answers: Folder of raw answers, kept by osmnx; damaged ones are thrown away first.
        timeout_s: Longest silence that is borne.
        retries: How often to ask again.
        polite: Mind the rate limit of the public server.
        most: Bytes of an answer that are borne.

    Raises:
        NetworkUnreachableError: From the question, if there is no way to the server, or it
            refuses, stays busy or silent, or answers nonsense.
    """
    import osmnx
    from osmnx._errors import CacheOnlyInterruptError, InsufficientResponseError

    name = http.named(server)

    def put(question: Callable[[], object]) -> None:
        try:
            http.once(question, name, timeout_s)
        except CacheOnlyInterruptError:
            return  # every answer lies in the cache
        except (InsufficientResponseError, ValueError) as error:
            raise NetworkUnreachableError(
                Said(f"{name} 的回答不是 Overpass 格式", f"{name}: {_NOT_OVERPASS}")
            ) from error
        raise http.TryAgainError(Said("没有问成", "nothing was asked"))

    answers.mkdir(parents=True, exist_ok=True)
    _discard_damaged(answers)
    with _settings(osmnx.settings, server, answers, timeout_s, polite=polite, most=most):
        yield lambda question: http.persist(lambda: put(question), server=name, retries=retries)


def _discard_damaged(answers: Path) -> None:
    """Osmnx does not write its cache in one go: what a crash left must not be read."""
    for path in answers.glob("*.json"):
        try:
            read_json(path)
        except ValueError:
            path.unlink()


def _judge_answer(response: Any, server: str, most: int) -> None:
    """Meet a refusal before osmnx does, which would wait and ask without end."""
    http.judge(response, server)
    raw = http.content(response, server, most)
    if response.request.method != "POST":
        return  # whether there is a free slot, which osmnx reads
    nonsense = NetworkUnreachableError(
        Said(f"{server} 的回答不是 Overpass 格式", f"{server}: {_NOT_OVERPASS}")
    )
    try:
        answer = parse_json(raw, server)
    except ValueError as error:
        raise nonsense from error
    # A query that broke off half-way is answered with 200 and a remark at its end.
    remark = cut(str(answer.get("remark") or ""), 80) if isinstance(answer, dict) else ""
    if remark:
        raise http.TryAgainError(Said(f"服务器说：{remark}", f"the server says: {remark}"))
    elements = answer.get("elements") if isinstance(answer, dict) else None
    if not isinstance(elements, list) or not all(map(_is_element, elements)):
        raise nonsense


def _is_element(one: Any) -> bool:
    """Whether something has the parts that an element of OpenStreetMap must have."""
    if not isinstance(one, dict) or type(one.get("id")) is not int:
        return False
    tags = one.get("tags", {})
    if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
        return False
    match one.get("type"):
        case "node":
            lon, lat = one.get("lon"), one.get("lat")
            return _within(lon, 180) and _within(lat, 90)
        case "way":
            nodes = one.get("nodes", [])
            return isinstance(nodes, list) and all(type(ref) is int for ref in nodes)
        case "relation":
            members = one.get("members", [])
            return isinstance(members, list) and all(
                isinstance(m, dict) and type(m.get("ref")) is int and m.get("type") in _KINDS
                for m in members
            )
    return one.get("type") in {"area", "count", "timeline"}


def _within(degrees: object, limit: float) -> bool:
    return type(degrees) in {int, float} and abs(degrees) <= limit  # type: ignore[arg-type]


@contextmanager
def _settings(
    settings: Any, server: str, answers: Path, timeout_s: float, *, polite: bool, most: int
) -> Iterator[None]:
    """Osmnx's global settings for one download, put back afterwards."""
    import socket

    def judge(response: Any, *_: Any, **__: Any) -> None:
        try:
            _judge_answer(response, http.named(server), most)
        except BaseException:
            response.close()
            raise

    wanted = {
        "overpass_url": server,
        "overpass_rate_limit": polite,
        "overpass_settings": f"[out:json][timeout:{_SERVER_TIMEOUT_S}]{{maxsize}}",
        "requests_timeout": timeout_s,
        "requests_kwargs": {"hooks": {"response": judge}},
        "cache_folder": answers,
        "use_cache": True,
        "cache_only_mode": True,
        # No third party is to be asked for the server's address.
        "doh_url_template": None,
    }
    before = {name: getattr(settings, name) for name in wanted}
    lookup = socket.getaddrinfo  # which osmnx replaces
    try:
        for name, value in wanted.items():
            setattr(settings, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(settings, name, value)
        socket.getaddrinfo = lookup


def _read(
    answers: Path, server: str, polygon: Any, modes: tuple[str, ...], crs: str | None
) -> RoadNetwork:
    """Build a network of the answers, by the rules for extracts on disk."""
    ways = Ways(server, modes)
    places: dict[int, tuple[int, int, int]] = {}
    lines: dict[int, dict[str, Any]] = {}
    relations: dict[int, dict[str, Any]] = {}
    for path in sorted(answers.glob("*.json")):
        for element in read_json(path).get("elements", []):
            number = element["id"]
            if element["type"] == "node":
                x, y = round(element["lon"] * 1e7), round(element["lat"] * 1e7)
                places[number] = (number, x, y)
                ways.bar(number, element.get("tags", {}))
            elif element["type"] == "way":
                lines[number] = element
            elif element["type"] == "relation":
                relations[number] = element
    shores = set[int]()
    for number, relation in sorted(relations.items()):
        members = [(m["type"], m["ref"], m.get("role", "")) for m in relation.get("members", ())]
        tags = relation.get("tags", {})
        ways.turn(number, tags, members)
        if tags.get("type") == "multipolygon" and is_water(tags):
            shores |= {ref for kind, ref, _ in members if kind == "way"}
    for number, line in sorted(lines.items()):
        points = [places[ref] for ref in line.get("nodes", ()) if ref in places]
        _take(ways, number, line.get("tags", {}), points, shore=number in shores)
    origin = {"source": server, "licence": LICENCE, "attribution": ATTRIBUTION}
    return ways.network(area=polygon, crs=crs, origin=origin)


def _take(
    ways: Ways,
    number: int,
    tags: dict[str, str],
    points: list[tuple[int, int, int]],
    *,
    shore: bool,
) -> None:
    """A way as a road, or as what nobody crosses; the shore of an area of water may be both."""
    line = [(x, y) for _, x, y in points]
    if road_class(tags):
        ways.add(number, tags, points)
    elif what := obstacle_of(tags):
        ways.block(what, [line])
    if shore or (is_water(tags) and points[:1] == points[-1:]):
        ways.block("water", [line])
