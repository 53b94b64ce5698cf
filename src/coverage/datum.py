"""Coordinates: projected planes, and the datums that Chinese sheets and maps come in.

Degrees are always lon first. The names of datums that `to_wgs84` and
`from_wgs84` understand:

- ``wgs84``: EPSG:4326, what this toolkit works in.
- ``cgcs2000``: EPSG:4490, taken as WGS84. The ellipsoids differ in flattening
  alone, which moves a point by 0.1 mm. The frames differ by epoch: CGCS2000
  stays at 2000.0 while WGS84 follows the moving plate by some 3 cm a year, so
  up to about a metre today. No map of a bureau resolves that, and EPSG itself
  gives no better transformation.
- ``gcj02``: the shift of Amap, Tencent and Google's map of China; 300–700 m.
- ``bd09``: Baidu's further shift on top of GCJ-02; 700–1,300 m from WGS84.
- ``gk3-<zone>`` and ``gk6-<zone>``: Gauss-Krüger metres on CGCS2000 in 3° zones
  25–45 (central meridian 3 × zone) and 6° zones 13–23 (6 × zone - 3), EPSG
  4491–4554.
- ``utm-<zone>``: UTM metres on WGS84 in the zones 43–53 north. They have the meridians of the
  6° zones and lie 0.4 ‰ of the northing, about a kilometre, away from them.

The GCJ-02 formula is not published by its maker; what everyone uses was
recovered by others and agrees with the maps' own servers to about a metre.
Here it is vectorised, and inverted by iteration instead of approximation.
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from coverage.errors import InputError, Problem
from coverage.messages import Said
from coverage.settings import WGS84

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike
    from pyproj import CRS, Transformer

    from coverage.arrays import Bools, Floats


GEOGRAPHIC_DATUMS = ("wgs84", "cgcs2000", "gcj02", "bd09")
GK_ZONES = {"gk3": range(25, 46), "gk6": range(13, 24)}
UTM_ZONES = range(43, 54)

# Krasovsky 1940, on which the GCJ-02 formula computes its metres.
_AXIS = 6378245.0
_ECCENTRICITY2 = 0.00669342162296594323
_BAIDU = math.pi * 3000.0 / 180.0
_INVERSE_ROUNDS = 30
_INVERSE_DEGREES = 1e-12

# West, south, east, north. Coarse ground of the mainland, as given in the implementations that
# circulate (on4wp7; PRCoords, CC0); inside these and not inside those below, GCJ-02 applies.
_MAINLAND = (
    (79.4462, 42.8899, 96.33, 49.2204),
    (109.6872, 39.3742, 135.0002, 54.1415),
    (73.1246, 29.5297, 124.143255, 42.8899),
    (82.9684, 26.7186, 97.0352, 29.5297),
    (97.0253, 20.414096, 124.367395, 29.5297),
    (107.975793, 17.871542, 111.744104, 20.414096),
)
_NOT_MAINLAND = (
    (119.921265, 21.785006, 122.497559, 25.398623),
    (101.8652, 20.0988, 106.665, 22.284),
    (106.4525, 20.4878, 108.051, 21.5422),
    (109.0323, 50.3257, 119.127, 55.8175),
    (127.4568, 49.5574, 137.0227, 55.8175),
    (131.2662, 42.5692, 137.0227, 44.8922),
)


def utm_crs(lon: float, lat: float) -> str:
    """Name of the UTM zone a place lies in, such as ``EPSG:32649``.

    Args:
        lon: Degrees east, WGS84.
        lat: Degrees north, WGS84; south of the equator gives ``EPSG:327xx``.

    Raises:
        InputError: If the place is not on the globe, or is nearer to a pole
            than UTM reaches (84° N, 80° S).
    """
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and -80 <= lat <= 84):
        raise InputError(
            Said(
                f"经度 {lon}、纬度 {lat} 不在任何 UTM 带内：须为度，经度在前",
                f"no UTM zone holds lon {lon}, lat {lat}: expected degrees, lon first",
            )
        )
    zone = min(int((lon + 180) // 6) + 1, 60)
    return f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"


def project(lon: ArrayLike, lat: ArrayLike, crs: str) -> tuple[Floats, Floats]:
    """Degrees (EPSG:4326, lon first) to metres of a projected CRS."""
    return transform(WGS84, crs, lon, lat)


def unproject(x: ArrayLike, y: ArrayLike, crs: Any) -> tuple[Floats, Floats]:
    """Coordinates of a CRS to degrees (EPSG:4326, lon first)."""
    return transform(crs, WGS84, x, y)


def known_crs(crs: Any, file: str | None = None) -> CRS:
    """A CRS by any name that pyproj understands.

    Raises:
        InputError: If it is not known.
    """
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        return CRS.from_user_input(crs)
    except CRSError as error:
        text = str(crs)
        shown = text if len(text) < _LONG else f"{text[:_LONG]}…"
        said = Said(f"坐标系不认识：{shown!r}", f"the CRS {shown!r} is not known")
        raise InputError(Problem(said, file)) from error


@cache
def _transformer(source: Any, goal: Any) -> Transformer:
    """Building one costs a thousand times what moving a point does."""
    from pyproj import Transformer
    from pyproj.exceptions import ProjError

    try:
        return Transformer.from_crs(source, goal, always_xy=True)
    except ProjError as error:  # known, but of heights, or of a plane that lies nowhere
        names = " → ".join(str(getattr(one, "name", one)) for one in (source, goal))
        said = Said(
            f"坐标系之间不能换算：{names}", f"no way leads from one CRS to the other: {names}"
        )
        raise InputError(said) from error


def transform(source: Any, goal: Any, a: ArrayLike, b: ArrayLike) -> tuple[Floats, Floats]:
    """Coordinates of one CRS in another, east before north; infinite where that is impossible."""
    moved = _transformer(source, goal).transform(
        np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    )
    return np.asarray(moved[0], dtype=np.float64), np.asarray(moved[1], dtype=np.float64)


def to_wgs84(a: ArrayLike, b: ArrayLike, datum: str) -> tuple[Floats, Floats]:
    """Coordinates of a named datum as lon, lat in EPSG:4326.

    Args:
        a: Lon in degrees, or the easting in metres of a Gauss-Krüger zone,
            with the zone's two digits before it or without.
        b: Lat in degrees, or the northing in metres. A sheet's ``X`` is often
            the northing: `gauss_kruger_order` tells by magnitude.
        datum: A name of this module's list, in any case.

    Returns:
        Two float64 arrays of the common shape of `a` and `b`; NaN stays NaN.

    Raises:
        InputError: If the datum is not known, or metres do not belong to its zone.
    """
    name = check_datum_name(datum)
    first, second = _pair(a, b)
    if name.startswith("utm"):
        return transform(f"EPSG:{32600 + _zone(name)}", WGS84, first, second)
    if name.startswith("gk"):
        plain = _without_prefix(first, second, name)
        return transform(gauss_kruger_crs(name), WGS84, plain, second)
    if name == "bd09":
        return gcj02_to_wgs84(*bd09_to_gcj02(first, second))
    return gcj02_to_wgs84(first, second) if name == "gcj02" else (first, second)


def from_wgs84(
    lon: ArrayLike, lat: ArrayLike, datum: str, *, prefix: bool = False
) -> tuple[Floats, Floats]:
    """The way back of `to_wgs84`; `prefix` puts the zone before a Gauss-Krüger easting.

    Raises:
        InputError: If the datum is not known.
    """
    name = check_datum_name(datum)
    first, second = _pair(lon, lat)
    if name.startswith("utm"):
        return transform(WGS84, f"EPSG:{32600 + _zone(name)}", first, second)
    if name.startswith("gk"):
        east, north = transform(WGS84, gauss_kruger_crs(name), first, second)
        return east + (1e6 * _zone(name) if prefix else 0.0), north
    if name == "bd09":
        return gcj02_to_bd09(*wgs84_to_gcj02(first, second))
    return wgs84_to_gcj02(first, second) if name == "gcj02" else (first, second)


def check_datum_name(datum: str) -> str:
    """The datum's name as this module spells it: ``GCJ-02`` and ``EPSG:4490`` are understood.

    Raises:
        InputError: If nothing is known by that name, or a zone does not exist.
    """
    text = datum.strip().lower().replace("_", "-")
    epsg = re.fullmatch(r"epsg:?\s*(\d{4,5})", text)
    if epsg:
        text = _name_of_epsg(int(epsg[1]))
    plain = text.replace("-", "").replace(" ", "")
    if plain in GEOGRAPHIC_DATUMS:
        return plain
    zoned = re.fullmatch(r"(gk[36])-?(\d{2})", text)
    if zoned and int(zoned[2]) in GK_ZONES[zoned[1]]:
        return f"{zoned[1]}-{zoned[2]}"
    utm = re.fullmatch(r"(?:wgs-?84\W*)?utm(?:\W*zone)?\W*(\d{2})\s*n?", text)
    if utm and int(utm[1]) in UTM_ZONES:
        return f"utm-{utm[1]}"
    raise InputError(
        Said(
            f"不认识坐标系 {datum!r}，可用 wgs84、cgcs2000、gcj02、bd09、gk3-25…45、gk6-13…23、"
            "utm-43…53",
            "the datum is not known",
        )
    )


def _name_of_epsg(code: int) -> str:
    if code in {4326, 4490}:
        return "wgs84" if code == 4326 else "cgcs2000"
    # Four runs of codes: 6° zones with prefix and by meridian, then the same for 3° zones.
    for start, size, kind, first in (
        (4491, 11, "gk6", 13),
        (4502, 11, "gk6", 13),
        (4513, 21, "gk3", 25),
        (4534, 21, "gk3", 25),
    ):
        if start <= code < start + size:
            return f"{kind}-{first + code - start}"
    return f"utm-{code - 32600}" if code - 32600 in UTM_ZONES else f"epsg:{code}"


_NO_ANGLE, _LONG = 1e12, 60


def _pair(a: ArrayLike, b: ArrayLike) -> tuple[Floats, Floats]:
    first, second = np.broadcast_arrays(
        np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    )
    # What is no angle is no place, and has no sine.
    return _finite(first), _finite(second)


def _finite(values: Floats) -> Floats:
    return np.where(np.abs(values) < _NO_ANGLE, values, np.nan)


def in_mainland(lon: ArrayLike, lat: ArrayLike) -> Bools:
    """Whether a WGS84 place lies where maps are shifted: mainland China, coarsely.

    Rectangles, good to some tens of kilometres along the land border, and
    Taiwan is left out. Hong Kong and Macau lie inside: maps disagree there, so
    nothing should be concluded from a shift of their places.
    """
    x, y = _pair(lon, lat)

    def within(boxes: tuple[tuple[float, float, float, float], ...]) -> Bools:
        hit = np.zeros(x.shape, dtype=np.bool_)
        for west, south, east, north in boxes:
            hit |= (x >= west) & (x <= east) & (y >= south) & (y <= north)
        return hit

    return np.asarray(within(_MAINLAND) & ~within(_NOT_MAINLAND), dtype=np.bool_)


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """WGS84 degrees to GCJ-02 degrees; places outside the mainland stay as they are."""
    x, y = _pair(lon, lat)
    east, north = _gcj_shift(x, y)
    shifted = in_mainland(x, y)
    return np.where(shifted, x + east, x), np.where(shifted, y + north, y)


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """GCJ-02 degrees to WGS84 degrees, exact to well below a millimetre.

    A place is unshifted if where it comes from lies in the mainland. Within
    one shift (some 600 m) of the coarse border the answer is not unique.
    """
    x, y = _pair(lon, lat)

    def shifted(u: Floats, v: Floats) -> tuple[Floats, Floats]:
        east, north = _gcj_shift(u, v)
        return u + east, v + north

    u, v = _inverted(shifted, x, y)
    inside = in_mainland(u, v)
    return np.where(inside, u, x), np.where(inside, v, y)


def gcj02_to_bd09(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """GCJ-02 degrees to Baidu's BD-09 degrees; outside the mainland nothing moves."""
    x, y = _pair(lon, lat)
    u, v = _baidu(x, y)
    inside = in_mainland(x, y)
    return np.where(inside, u, x), np.where(inside, v, y)


def bd09_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Floats, Floats]:
    """BD-09 degrees to GCJ-02 degrees, by iteration to below 1e-9 degrees.

    The closed formula that circulates as the inverse is none: it is off by up
    to half a metre.
    """
    x, y = _pair(lon, lat)
    u, v = _inverted(_baidu, x, y)
    inside = in_mainland(u, v)
    return np.where(inside, u, x), np.where(inside, v, y)


def _baidu(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BAIDU)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BAIDU)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def _inverted(
    forward: Callable[[Floats, Floats], tuple[Floats, Floats]], x: Floats, y: Floats
) -> tuple[Floats, Floats]:
    """Where `forward` comes from, by fixed-point iteration.

    Both shifts change by less than 3 % of a step, so every round wins more
    than one digit; far outside China the formula is wild, and whatever comes
    out is thrown away by the callers.
    """
    u, v = x.copy(), y.copy()
    for _ in range(_INVERSE_ROUNDS):
        there_u, there_v = forward(u, v)
        off_u, off_v = there_u - x, there_v - y
        u, v = u - off_u, v - off_v
        size = np.hypot(off_u, off_v)
        if not np.any(size[np.isfinite(size)] > _INVERSE_DEGREES):
            break
    return u, v


@np.errstate(over="ignore", invalid="ignore")  # places beyond the Earth come out as no place
def _gcj_shift(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """GCJ-02 minus WGS84 in degrees at WGS84 places."""
    x, y = lon - 105.0, lat - 35.0

    def wave(amplitude: float, frequency: float, value: Floats) -> Floats:
        return np.asarray(amplitude * np.sin(frequency * np.pi * value))

    common = (wave(20, 6, x) + wave(20, 2, x)) * 2 / 3
    root = np.sqrt(np.abs(x))
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + common
    north = north + (wave(20, 1, y) + wave(40, 1 / 3, y)) * 2 / 3
    north = north + (wave(160, 1 / 12, y) + wave(320, 1 / 30, y)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + common
    east = east + (wave(20, 1, x) + wave(40, 1 / 3, x)) * 2 / 3
    east = east + (wave(150, 1 / 12, x) + wave(300, 1 / 30, x)) * 2 / 3
    latitude = np.radians(lat)
    magic = 1 - _ECCENTRICITY2 * np.sin(latitude) ** 2
    per_east = _AXIS / np.sqrt(magic) * np.cos(latitude) * np.pi / 180
    per_north = _AXIS * (1 - _ECCENTRICITY2) / (magic * np.sqrt(magic)) * np.pi / 180
    return east / per_east, north / per_north


class GaussKruger(NamedTuple):
    """Metres of a Gauss-Krüger plane, put in order by their magnitude.

    Attributes:
        east: Easting in metres, without the zone's digits.
        north: Northing in metres.
        datum: ``gk3-<zone>`` or ``gk6-<zone>`` by the digits before the
            easting, `None` where there are none.
        swapped: Whether the northing was given first, as surveyors do.
    """

    east: float
    north: float
    datum: str | None
    swapped: bool


def gauss_kruger_order(a: float, b: float) -> GaussKruger | None:
    """Which of two numbers is the easting, and in which zone, or `None` if neither fits.

    In China a northing has seven digits (1,900,000–6,000,000 m), an easting
    six (166,000–834,000 m) or eight with the zone before it, so the order
    needs no guess.
    """
    for east, north, swapped in ((a, b, False), (b, a, True)):
        zone, plain = divmod(east, 1e6)
        if not (166_000 <= plain <= 834_000 and 1_900_000 <= north <= 6_000_000):
            continue
        if zone == 0:
            return GaussKruger(plain, north, None, swapped)
        for kind, zones in GK_ZONES.items():
            if zone in zones:
                return GaussKruger(plain, north, f"{kind}-{int(zone)}", swapped)
    return None


def zones_at(lon: float) -> tuple[str, str, str]:
    """The 3° and the 6° zone and the UTM zone that hold a longitude, in this order.

    Raises:
        InputError: If no zone of China does.
    """
    three, six = math.floor(lon / 3 + 0.5), math.floor(lon / 6) + 1
    if three not in GK_ZONES["gk3"] or six not in GK_ZONES["gk6"]:
        raise InputError(Said("没有高斯带", f"no Gauss-Krüger zone of China holds lon {lon}"))
    return f"gk3-{three}", f"gk6-{six}", f"utm-{six + 30}"


def gauss_kruger_crs(datum: str) -> str:
    """EPSG name of the zone's plane without prefix, such as ``EPSG:4547`` for ``gk3-38``.

    Raises:
        InputError: If the datum is no Gauss-Krüger zone.
    """
    name = check_datum_name(datum)
    if not name.startswith("gk"):
        raise InputError(Said(f"不是高斯-克吕格带 {datum!r}", "the datum is no Gauss-Krüger zone"))
    first = 4534 - 25 if name.startswith("gk3") else 4502 - 13
    return f"EPSG:{first + _zone(name)}"


def _zone(name: str) -> int:
    return int(name.partition("-")[2])


def _without_prefix(east: Floats, north: Floats, name: str) -> Floats:
    """Eastings without the zone's digits, checked against the zone and for swapped columns."""
    known = np.isfinite(east) & np.isfinite(north)
    if np.any(known & (np.abs(north) > 1e7)):
        raise InputError(
            Said(
                "纵坐标超过一千万米，是否东、北坐标颠倒",
                "the northing has eight digits: are easting and northing swapped?",
            )
        )
    zones = np.floor(east / 1e6)
    prefixed = known & (zones >= 10)
    wrong = prefixed & (zones != _zone(name))
    if np.any(wrong):
        found = int(zones[wrong].flat[0])
        raise InputError(
            Said(f"带号 {found} 与 {name} 不符", f"the easting belongs to zone {found}")
        )
    if np.any(known & ~prefixed & (east >= 1_900_000) & (np.abs(north) < 1e6)):
        raise InputError(
            Said(
                "东坐标像北坐标，是否东、北坐标颠倒",
                "the easting looks like a northing: are the two swapped?",
            )
        )
    return np.where(prefixed, east - 1e6 * zones, east)
