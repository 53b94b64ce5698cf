"""Addresses asked of a map service: optional, off by default, one small interface.

A geocoder sees the addresses it is asked about, so none is used unless the
caller opens one, and its key comes from the environment (`TIANDITU_KEY`,
`AMAP_KEY`) and appears in no message. Answers are WGS84 whatever the service
speaks; Amap's GCJ-02 is converted.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any, NamedTuple, NoReturn, Protocol, runtime_checkable
from urllib.parse import urlsplit

from coverage.datum import to_wgs84
from coverage.download import http
from coverage.errors import InputError, NetworkUnreachableError, UnknownNameError
from coverage.formats.nested import parse_json
from coverage.messages import Said

AMAP_URL = "https://restapi.amap.com/v3/geocode/geo"
TIANDITU_URL = "https://api.tianditu.gov.cn/geocoder"

_BUSY = http.BUSY | {418}  # with which Tianditu answers who asks too fast
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 8.0
_MOST_BYTES = 1_000_000
# Amap's own numbers: too fast (ask again), out of quota, key refused, nothing found.
_AMAP_TOO_FAST = {"10004", "10014", "10015", "10016", "10019", "10020", "10021", "10022", "10023"}
_AMAP_QUOTA = {"10003", "10010", "10044", "10045"}
_AMAP_KEY = {"10001", "10002", "10005", "10006", "10007", "10008", "10009", "10012", "10013"}
_AMAP_NOTHING = {"30001", "30002", "30003"}
_PRECISIONS = (
    ("address", "门|单元|楼|号"),
    ("poi", "兴趣点|poi|热点|公交|地铁|地名"),
    ("street", "道路|路口"),
    ("village", "村|社区"),
    ("township", "乡镇|街道|镇|乡"),
    ("county", "区县|开发区|县|区"),
    ("city", "市"),
    ("province", "省|国家"),
)


class Geocoded(NamedTuple):
    """Where a service puts an address.

    Attributes:
        lon: Degrees, WGS84.
        lat: As `lon`.
        datum: What the service answered in, before the conversion.
        precision: ``address``, ``poi``, ``street``, ``village``, ``township``,
            ``county``, ``city``, ``province`` or ``unknown``; from ``township``
            on the place is that of a whole area.
        score: The service's own score of the likeness, `None` where it gives none.
        service: Who answered.
    """

    lon: float
    lat: float
    datum: str
    precision: str
    score: float | None = None
    service: str = ""


@runtime_checkable
class Geocoder(Protocol):
    """Whatever can place an address."""

    def geocode(self, address: str) -> Geocoded | None:
        """Where `address` lies, `None` if the service does not know it."""
        ...


class QuotaError(NetworkUnreachableError):
    """The service answers no more under this key for now."""


def open_geocoder(name: str, **options: Any) -> Geocoder:
    """The geocoder called ``tianditu`` or ``amap``, with its key from the environment.

    Args:
        name: Which service; 天地图 and 高德 are understood.
        options: Passed on: `url`, `timeout_s`, `retries`, `city`.

    Raises:
        UnknownNameError: If there is no such service.
        InputError: If the environment holds no key for it.
    """
    kinds: dict[str, tuple[str, type[Tianditu | Amap]]] = {
        "tianditu": ("TIANDITU_KEY", Tianditu),
        "amap": ("AMAP_KEY", Amap),
    }
    plain = {"天地图": "tianditu", "高德": "amap"}.get(name, name.lower())
    if plain not in kinds:
        raise UnknownNameError(
            Said(
                f"没有地理编码服务 {name!r}，可用：{'、'.join(kinds)}",
                f"there is no geocoder {name!r}: choose from {', '.join(kinds)}",
            )
        )
    variable, kind = kinds[plain]
    key = os.environ.get(variable, "").strip()
    if not key:
        raise InputError(
            Said(
                f"使用{name}地理编码须在环境变量 {variable} 中给出密钥",
                f"set the environment variable {variable} to the key of the service",
            )
        )
    return kind(key, **options)


class _Service:
    """Asks a question over HTTP, again after a pause where that is of use."""

    title = ""

    def __init__(
        self,
        key: str,
        *,
        url: str,
        timeout_s: float = 10.0,
        retries: int = 3,
        city: str = "",
    ) -> None:
        if urlsplit(url).scheme not in {"http", "https"}:
            raise InputError(Said(f"地址须以 http 开头：{url}", f"{url} is no web address (http…)"))
        self._key, self._url, self._timeout_s = key, url, timeout_s
        self._retries, self._city = retries, city

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._url!r})"

    def _ask(self, **question: str) -> dict[str, Any]:
        """The answer as JSON.

        Raises:
            QuotaError: If the key's quota is used up.
            NetworkUnreachableError: If no usable answer came after all tries.
        """
        return http.persist(
            lambda: self._once(question),
            server=self.title,
            retries=self._retries,
            first_pause_s=_FIRST_PAUSE_S,
            longest_pause_s=_LONGEST_PAUSE_S,
        )

    def _once(self, question: dict[str, str]) -> dict[str, Any]:
        def read() -> bytes | bytearray:
            # The key stands in the address: it is not carried on to another server.
            with http.asked(
                self._url, self.title, busy=_BUSY, params=question, timeout_s=self._timeout_s
            ) as response:
                # A service may repeat the key: it is to stand in no message.
                return http.content(response, self.title, _MOST_BYTES).replace(
                    self._key.encode(), b"***"
                )

        try:
            answer = parse_json(http.once(read, self.title, self._timeout_s), self.title)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            self._refuse(Said("回答不是 JSON", "the answer is not JSON"))
        if too_fast := self._too_fast(answer):
            raise http.TryAgainError(too_fast)
        return answer

    def _too_fast(self, _answer: dict[str, Any]) -> Said | None:
        """Why to ask again, if the answer does not stand."""
        return None

    def _refuse(self, why: Said | str) -> NoReturn:
        zh, en = why if isinstance(why, Said) else (why, why)
        raise NetworkUnreachableError(
            Said(f"{self.title}拒绝了请求（{zh}）", f"{self.title}: the service refused ({en})")
        )


class Tianditu(_Service):
    """天地图, which answers in CGCS2000."""

    title = "天地图"

    def __init__(self, key: str, *, url: str = TIANDITU_URL, **options: Any) -> None:
        super().__init__(key, url=url, **options)

    def geocode(self, address: str) -> Geocoded | None:
        """See `Geocoder.geocode`.

        Raises:
            QuotaError: If the key's quota is used up.
            NetworkUnreachableError: If the service refuses or cannot be reached.
        """
        word = json.dumps({"keyWord": self._city + address}, ensure_ascii=False)
        answer = self._ask(ds=word, tk=self._key)
        status = str(answer.get("status", ""))
        if "code" in answer or status not in {"0", "101"}:
            said = " ".join(str(answer[k]) for k in ("msg", "resolve") if answer.get(k))
            if re.search("配额|超限|上限|次数|limit|quota", said, re.IGNORECASE):
                raise QuotaError(
                    Said(
                        f"天地图配额已用完（{said}）", f"the quota of Tianditu is used up ({said})"
                    )
                )
            self._refuse(said or f"status {status}")
        place = answer.get("location")
        if status == "101" or not isinstance(place, dict):
            return None
        found = _geocoded(place.get("lon"), place.get("lat"), "cgcs2000", place.get("level"))
        return found and found._replace(score=_number(place.get("score")), service=self.title)


class Amap(_Service):
    """高德, which answers in GCJ-02."""

    title = "高德"

    def __init__(self, key: str, *, url: str = AMAP_URL, **options: Any) -> None:
        super().__init__(key, url=url, **options)

    def geocode(self, address: str) -> Geocoded | None:
        """See `Geocoder.geocode`.

        Raises:
            QuotaError: If the key's quota is used up.
            NetworkUnreachableError: If the service refuses or cannot be reached.
        """
        question = {"address": address, "key": self._key, "output": "JSON"}
        answer = self._ask(**question, **({"city": self._city} if self._city else {}))
        if str(answer.get("status")) != "1":
            self._refused(answer)
            return None
        found = answer.get("geocodes")
        if not isinstance(found, list) or not found or not isinstance(found[0], dict):
            return None
        lon, _, lat = str(found[0].get("location", "")).partition(",")
        place = _geocoded(lon, lat, "gcj02", found[0].get("level"))
        return place and place._replace(service=self.title)

    def _refused(self, answer: dict[str, Any]) -> None:
        code, info = str(answer.get("infocode", "")), str(answer.get("info", ""))
        if code in _AMAP_NOTHING:
            return
        if code in _AMAP_QUOTA or "OVER_LIMIT" in info:
            raise QuotaError(
                Said(
                    f"高德今日配额已用完（{code} {info}）",
                    f"the quota of Amap is used up ({code} {info})",
                )
            )
        if code in _AMAP_KEY:
            self._refuse(
                Said(
                    f"密钥无效或无权限，{code} {info}", f"the key is not valid here, {code} {info}"
                )
            )
        self._refuse(f"{code} {info}")

    def _too_fast(self, answer: dict[str, Any]) -> Said | None:
        code = str(answer.get("infocode", ""))
        if code not in _AMAP_TOO_FAST:
            return None
        return Said(f"问得太快，{code}", f"too many questions a second, {code}")


def _geocoded(lon: object, lat: object, datum: str, level: object) -> Geocoded | None:
    try:
        x, y = to_wgs84(float(str(lon)), float(str(lat)), datum)
    except ValueError:
        return None
    if not (73 <= float(x) <= 136 and 3 <= float(y) <= 54):
        return None
    said = str(level or "").lower()
    precision = next((name for name, words in _PRECISIONS if re.search(words, said)), "unknown")
    return Geocoded(float(x), float(y), datum, precision)


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None
