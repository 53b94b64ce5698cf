"""Things of OpenStreetMap inside an area, through osmnx, and what they mean here.

Questions are put by the rules of `coverage.download.http`: a fixed number of
tries with growing pauses, refusals met at once, a broken answer never kept.
osmnx first collects the answers and then builds geometries of them offline.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from coverage.download.http import MOST_OF_THINGS, named
from coverage.download.roads import PUBLIC_ENDPOINT, overpass
from coverage.errors import NetworkUnreachableError
from coverage.formats.nested import read_json
from coverage.kinds import ALIASES, KINDS
from coverage.messages import Said
from coverage.settings import cache_dir
from coverage.text import cleaned

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from shapely import MultiPolygon, Polygon
    from shapely.geometry.base import BaseGeometry

    from coverage.download.http import Server

LICENCE = "ODbL 1.0"
ATTRIBUTION = "© OpenStreetMap contributors"
FACILITY_TAGS: dict[str, Any] = {
    "amenity": [
        "social_facility",
        "nursing_home",
        "grave_yard",
        "crematorium",
        "funeral_hall",
        "community_centre",
        "social_centre",
    ],
    "social_facility": True,
    "landuse": ["cemetery"],
}
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_OLDER = re.compile("senior|elderly|aged")
_YOUNGER = re.compile("child|juvenile|orphan")


@dataclass(frozen=True)
class Thing:
    """One element of OpenStreetMap.

    Attributes:
        id: As ``way/123``.
        tags: Its tags.
        shape: Its geometry in degrees.
    """

    id: str
    tags: Mapping[str, str]
    shape: BaseGeometry


@dataclass(frozen=True)
class Answer:
    """What a server said.

    Attributes:
        things: The elements, in the order of their ids.
        server: Address of the server.
        date: Day of the question, ISO.
        data_date: Day of the server's data if it says so, else empty.
    """

    things: tuple[Thing, ...]
    server: str
    date: str
    data_date: str


def today() -> str:
    """The day, ISO, in UTC."""
    return datetime.now(UTC).date().isoformat()


def day_cache(cache: Path | None) -> Path:
    """Folder of today's answers; those of other days are thrown away, for they have aged."""
    folder = (cache or cache_dir()) / "fetch"
    day = folder / today()
    day.mkdir(parents=True, exist_ok=True)
    for other in folder.iterdir():
        if _DAY.fullmatch(other.name) and other != day:
            shutil.rmtree(other, ignore_errors=True)
    return day


def ask(area: Polygon | MultiPolygon, tags: Mapping[str, Any], how: Server) -> Answer:
    """Everything with one of `tags` that touches an area.

    Args:
        area: Polygon in lon, lat.
        tags: As osmnx takes them: values, lists of values or `True` by key.
        how: To ask an Overpass API; its answers are kept for the day.

    Raises:
        NetworkUnreachableError: If there is no way to the server, or it refuses, stays busy
            or silent, or answers nonsense.
    """
    server = (how.endpoint or PUBLIC_ENDPOINT).rstrip("/")
    name = named(server)
    key = hashlib.sha256(f"{name} {area.wkb_hex} {sorted(tags)}".encode()).hexdigest()
    answers = day_cache(how.cache) / key[:24]
    manners = overpass(
        server,
        answers,
        timeout_s=how.timeout_s,
        retries=how.retries,
        polite=how.endpoint is None,
        most=MOST_OF_THINGS,
    )
    with manners as put:
        import osmnx

        put(lambda: osmnx.features_from_polygon(area, dict(tags)))
        osmnx.settings.cache_only_mode = False  # every answer lies in the cache now
        things = _things(area, tags, name) if _holds_anything(answers) else ()
    return Answer(things, name, today(), _data_date(answers))


def _things(
    area: Polygon | MultiPolygon, tags: Mapping[str, Any], server: str
) -> tuple[Thing, ...]:
    import osmnx
    from osmnx._errors import InsufficientResponseError
    from shapely.errors import ShapelyError

    try:
        frame = osmnx.features_from_polygon(area, dict(tags))
    except InsufficientResponseError:
        return ()
    except (ValueError, KeyError, TypeError, AttributeError, ShapelyError) as error:
        raise NetworkUnreachableError(
            Said(
                f"{server} 的回答不是 Overpass 格式",
                f"{server}: the answer is not of the Overpass API",
            )
        ) from error
    found = {}  # by id: what lies on the line between two questions comes with both answers
    for (element, number), row in frame.iterrows():
        own = {k: cleaned(v) for k, v in row.items() if isinstance(v, str)}
        found[f"{element}/{number}"] = Thing(f"{element}/{number}", own, row["geometry"])
    return tuple(found[id_] for id_ in sorted(found))


def _contents(answers: Path) -> list[dict[str, Any]]:
    found = [read_json(path) for path in answers.glob("*.json")]
    return [said for said in found if isinstance(said, dict)]


def _holds_anything(answers: Path) -> bool:
    return any(said.get("elements") for said in _contents(answers))


def _data_date(answers: Path) -> str:
    """The oldest date of data among the answers."""
    stamps = (str((c.get("osm3s") or {}).get("timestamp_osm_base")) for c in _contents(answers))
    return min((day for stamp in stamps for day in _DAY.findall(stamp)), default="")


def name_of(tags: Mapping[str, str]) -> str:
    """The name, in Chinese where there is one."""
    keys = ("name:zh", "name:zh-Hans", "name", "official_name:zh", "official_name", "alt_name")
    return next((tags[k].strip() for k in keys if tags.get(k, "").strip()), "")


def kind_of(tags: Mapping[str, str]) -> str:
    """The kind of facility that tags mean: by the name if it says so, else by the tags.

    Returns:
        One of `coverage.kinds.KINDS`, empty where the tags do not tell.
    """
    name = name_of(tags)
    if "儿童福利" in name or "孤儿" in name:
        return "child_welfare"
    if "烈士" in name:
        return "memorial"
    if "婚姻登记" in name:
        return "marriage_registry"
    if "殡仪馆" in name or "火葬" in name:
        return "funeral_home"
    for alias in sorted(ALIASES, key=len, reverse=True):
        if alias in name:
            return ALIASES[alias]
    return _by_tags(tags)


def _by_tags(tags: Mapping[str, str]) -> str:
    amenity, social = tags.get("amenity", ""), tags.get("social_facility", "")
    clients = tags.get("social_facility:for", "")
    older, younger = bool(_OLDER.search(clients)), bool(_YOUNGER.search(clients))
    homes = {"nursing_home", "assisted_living"}
    # The first that holds; day centres and kitchens count for older people only.
    rules = (
        ("funeral_home", amenity in {"crematorium", "funeral_hall"}),
        ("cemetery", amenity == "grave_yard" or tags.get("landuse") == "cemetery"),
        ("child_welfare", younger and social in {"group_home", "nursing_home", ""}),
        ("", younger),
        ("day_care", older and (social == "day_care" or amenity == "social_centre")),
        ("meal_point", older and social in {"soup_kitchen", "food_bank"}),
        ("elder_care", amenity == "nursing_home" or social in homes or older),
        ("rescue_station", social == "shelter" and "homeless" in clients),
    )
    return next((kind for kind, holds in rules if holds), "")


def label_of(tags: Mapping[str, str], kind: str) -> str:
    """The name, or the kind where there is none."""
    return name_of(tags) or f"{KINDS[kind].zh}（未命名）"


def beds_of(tags: Mapping[str, str]) -> int | None:
    """Beds, as far as a tag states a plain number of them."""
    keys: Sequence[str] = ("capacity:beds", "beds", "capacity")
    stated = next((tags[k] for k in keys if tags.get(k)), "")
    return int(stated) if re.fullmatch(r"\d{1,5}", stated.strip()) else None
