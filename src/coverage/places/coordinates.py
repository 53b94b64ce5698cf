"""Coordinates as they stand in cells, read with everything that was put right said aloud.

Degrees with decimals, degrees-minutes-seconds in any of the usual spellings,
two values in one cell, swapped columns, decimal commas, units, hemisphere
marks and projected metres. What cannot be read without a guess is refused
with its reason.

Degrees carry no datum; `ParsedPlace.datum` is `None` for them and
`coverage.places.detect` has the word. Metres are taken as Gauss-Krüger on
CGCS2000 or as UTM; where both put them near the city, the zone is asked for.
Sheets on the older Xi'an 1980 or Beijing 1954 have numbers of the same kind and
lie some 50–130 m off; no reader can tell from the numbers, so this is said in
the correction.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from coverage.datum import gauss_kruger_order, to_wgs84, zones_at
from coverage.errors import InputError
from coverage.messages import Said
from coverage.settings import CHINA
from coverage.units import ground_around

Bounds: TypeAlias = tuple[float, float, float, float]

_EMPTY = {"", "-", "--", "/", "无", "暂无", "none", "null", "nan", "n/a", "#n/a"}
_NUMBER = r"\d+(?:\.\d+)?"
_EAST = r"东经|東經|经度|經度|longitude|long|lng|lon"
_NORTH = r"北纬|北緯|纬度|緯度|latitude|lat"
# An angle that says so: degrees, and perhaps minutes and seconds, each with its sign.
_SIGNED_ANGLE = re.compile(
    rf"(?P<d>{_NUMBER})°\s*(?:(?P<m>{_NUMBER})(?:'|(?=\s*$))\s*)?(?:(?P<s>{_NUMBER})(?:\"|(?=\s*$)))?"
)
_DASHED_ANGLE = re.compile(
    r"(?P<d>\d{1,3})(?P<by>[-:])(?P<m>\d{1,2})(?P=by)(?P<s>\d{1,2}(?:\.\d+)?)"
)
_DECIMAL = re.compile(r"[0-9]{1,3}\.[0-9]+")
_PLAIN = re.compile(rf"[-+]?{_NUMBER}(?:e[-+]?\d+)?")
# An e between digits is an exponent and no mark.
_MARK = re.compile(
    rf"(?P<lon>{_EAST}|(?<![a-z\d])e(?![a-z])|(?<=[\d\s])e(?![a-z\d+-]))"
    rf"|(?P<lat>{_NORTH}|(?<![a-z])n(?![a-z]))"
)
_WRONG_SIDE = re.compile(r"西经|西經|南纬|南緯|(?<![a-z])[ws](?![a-z])")
_LEFT_OVER = re.compile(r"[\s,;:=/|、()\[\]{}<>。]*(?:[xy])?[\s,;:=/|、()\[\]{}<>。]*")
_UNITS = re.compile(r"(?<=\d)\s*(?:度|degrees?|deg|米|公尺|meters?|metres?|m)(?![a-z\d])")
_THOUSANDS = re.compile(r"(?<![\d.])\d{1,3}(?:(?:,\d{3}){2,}(?:\.\d+)?|(?:,\d{3})+\.\d+)")
_WKT_POINT = re.compile(r"(?:srid=\d+;)?\s*point\s*(?:z|m|zm)?\s*\((\s*\S+\s+\S+)[^()]*\)")
_DECIMAL_COMMA = re.compile(r"\d{1,3},\d+")

SWAPPED = Said("经纬度颠倒，已对调", "lon and lat were swapped")
LAT_FIRST = Said("纬度写在前，已对调", "the latitude stood first")
FROM_DMS = Said("度分秒换算为度", "degrees-minutes-seconds turned into degrees")
COMMA = Said("小数逗号改为小数点", "a decimal comma was read as a point")
THOUSANDS = Said("去掉千位分隔符", "thousands separators were taken out")
NORTH_FIRST = Said("北坐标（X）写在前，已对调", "the northing (X) stood first")


@dataclass(frozen=True, slots=True)
class ParsedPlace:
    """What one or two cells say about a place.

    Attributes:
        text: The cells as they stood, two of them joined by `` | ``.
        lon: Degrees, in the cell's own datum if `datum` is `None`, else WGS84.
        lat: As `lon`.
        datum: The zone (Gauss-Krüger or UTM) that metres were in, `None` for degrees.
        corrections: What was put right, in order.
        problem: Why nothing could be read; `None` where something was.
        empty: Whether the cells hold nothing at all, which is no mistake.
    """

    text: str
    lon: float | None = None
    lat: float | None = None
    datum: str | None = None
    corrections: tuple[Said, ...] = ()
    problem: Said | None = None
    empty: bool = False

    @property
    def placed(self) -> bool:
        """Whether a place was read."""
        return self.lon is not None


class _RefusedError(Exception):
    """Why a cell is not read; never leaves this module."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.said = Said(zh, en)


_LONGEST = 400  # characters of any way to write two values


@dataclass(frozen=True, slots=True)
class _Value:
    number: float
    axis: str | None  # lon, lat, or None where the cell does not say
    corrections: tuple[Said, ...] = ()


def parse_coordinates(
    first: object,
    second: object = None,
    *,
    bounds: Bounds | None = None,
    zone: str | None = None,
) -> ParsedPlace:
    """Read a place from one cell, or from a lon cell and a lat cell.

    Args:
        first: The cell that holds both, or the one of the longitude or easting.
        second: The cell of the latitude or northing, `None` if there is one cell.
        bounds: West, south, east, north in degrees of the city; finds the zone
            of metres that do not carry it, and says where a city abroad lies.
        zone: The zone of metres, where it is known (``gk3-38``, ``utm-49``).

    Returns:
        The place, or the reason there is none; never an exception for bad text.
    """
    one = _cell_text(first)
    if second is None:
        return _parse(one, None, bounds, zone)
    return _parse(one, _cell_text(second), bounds, zone)


def _cell_text(cell: object) -> str:
    if cell is None or (isinstance(cell, float) and cell != cell):  # noqa: PLR0124 NaN is no text
        return ""
    return str(cell)


@lru_cache(maxsize=4_096)
def _parse(first: str, second: str | None, bounds: Bounds | None, zone: str | None) -> ParsedPlace:
    text = first if second is None else f"{first} | {second}"
    if second is not None and _DECIMAL.fullmatch(first) and _DECIMAL.fullmatch(second):
        # What nearly every row is; the long way gives the same.
        lon, lat = float(first), float(second)
        if _within(lon, lat, ground_around(bounds)):
            return ParsedPlace(text, lon, lat)
    blank = [cell.strip().lower() in _EMPTY for cell in (first, second) if cell is not None]
    if all(blank):
        return ParsedPlace(text, empty=True)
    try:
        if any(blank):
            raise _RefusedError("经纬度缺一不可", "a place needs both lon and lat")  # noqa: TRY301
        if len(text) > _LONGEST:
            raise _RefusedError("文字太长，不是坐标", "a text too long for a place")  # noqa: TRY301
        one, two, single = _two_values(first, second)
        return _place(text, one, two, single=single, bounds=bounds, zone=zone)
    except _RefusedError as refused:
        return ParsedPlace(text, problem=refused.said)


def _two_values(first: str, second: str | None) -> tuple[_Value, _Value, bool]:
    """Both values, and whether they stood in one cell, where either order is as good."""
    if second is None:
        values = _values(first, pair=True)
        if len(values) != 2:
            raise _RefusedError(
                f"格中应有经度和纬度两个数，读到 {len(values)} 个",
                f"two values were expected in the cell, {len(values)} were read",
            )
        return values[0], values[1], True
    columns = [_values(cell, pair=False) for cell in (first, second)]
    if [len(values) for values in columns] == [2, 2] and first.strip() == second.strip():
        # Someone pasted the whole pair into both columns.
        return columns[0][0], columns[0][1], True
    for values, cell in zip(columns, (first, second), strict=True):
        if len(values) != 1:
            raise _RefusedError(f"读不出一个数：{cell}", f"not one number: {cell}")
    return columns[0][0], columns[1][0], False


def _normal(text: str) -> str:
    """One spelling for the many: half width, lower case, one sign for each of ° ' "."""
    text = re.sub("[º˚∘⁰]", "°", text)
    text = unicodedata.normalize("NFKC", text).lower().strip()
    text = _WKT_POINT.sub(r"\1", text)
    text = re.sub("[′‘’`´＇ʹ]", "'", text)
    text = re.sub("[″“”〞＂ʺ]", '"', text).replace("''", '"')
    text = re.sub("[－–—−‐‑]", "-", text)
    text = re.sub(r"(?<=\d)\s*[°度](?=\s*\d)", "°", text)
    text = re.sub(r"(?<=\d)\s*分(?!钟)", "'", text)
    return re.sub(r"(?<=\d)\s*秒", '"', text)


def _values(text: str, *, pair: bool) -> list[_Value]:
    """Every value of a cell in order; `pair` says that two are expected in it."""
    text = _normal(text)
    if _WRONG_SIDE.search(text):
        raise _RefusedError("写的是西经或南纬，不在中国境内", "west or south: not in China")
    for pattern in (_SIGNED_ANGLE, _DASHED_ANGLE):
        if pattern.search(text):
            return _angles(text, pattern)
    text = _UNITS.sub(" ", text).replace("°", " ")
    notes: tuple[Said, ...] = ()
    if _THOUSANDS.search(text):
        text, notes = _THOUSANDS.sub(lambda m: m[0].replace(",", ""), text), (THOUSANDS,)
    elif not pair and re.fullmatch(r"\D*\d{3},\d{3}\D*", text) and int(_digits(text)[:3]) > 180:
        text, notes = text.replace(",", ""), (THOUSANDS,)
    elif _has_decimal_commas(text, pair=pair):
        text, notes = _DECIMAL_COMMA.sub(lambda m: m[0].replace(",", "."), text), (COMMA,)
    found = list(_PLAIN.finditer(text))
    _check_rest(text, [match.span() for match in found])
    numbers = [float(match[0]) for match in found]
    grouped = _grouped(numbers, pair=pair)
    if grouped is not None:
        axes = _axes(
            text, [found[i * len(found) // len(grouped)].start() for i in range(len(grouped))]
        )
        return [
            _Value(_degrees(*parts), axis, (*notes, FROM_DMS))
            for parts, axis in zip(grouped, axes, strict=False)
        ]
    axes = _axes(text, [match.start() for match in found])
    return [_Value(n, axis, notes) for n, axis in zip(numbers, axes, strict=True)]


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _has_decimal_commas(text: str, *, pair: bool) -> bool:
    """Whether commas stand for points: never where one may separate two values."""
    commas = len(_DECIMAL_COMMA.findall(text))
    if "." in text or not commas or not _digits(text).strip("0"):
        return False
    if not pair:
        return commas == 1
    if re.search(r"\d,\d+(\s+|\s*[;/|、]\s*)\D*\d+,\d", text):
        return True
    raise _RefusedError(
        "分不清逗号是小数点还是分隔符", "a comma may be a decimal point or a separator"
    )


def _grouped(numbers: list[float], *, pair: bool) -> list[list[float]] | None:
    """Numbers set apart by blanks as degrees, minutes and seconds: 23 40 48."""
    each = len(numbers) // (2 if pair else 1)
    if each not in {2, 3} or len(numbers) != each * (2 if pair else 1):
        return None
    groups = [numbers[i : i + each] for i in range(0, len(numbers), each)]
    whole = all(n == int(n) for group in groups for n in group[:-1])
    return groups if whole and all(0 <= n < 60 for g in groups for n in g[1:]) else None


def _angles(text: str, pattern: re.Pattern[str]) -> list[_Value]:
    found = list(pattern.finditer(text))
    _check_rest(text, [match.span() for match in found])
    axes = _axes(text, [match.start() for match in found])
    values = []
    for match, axis in zip(found, axes, strict=True):
        parts = [float(match[name]) for name in ("d", "m", "s") if match[name]]
        plain = len(parts) == 1
        values.append(_Value(_degrees(*parts), axis, () if plain else (FROM_DMS,)))
    return values


def _degrees(degrees: float, minutes: float = 0.0, seconds: float = 0.0) -> float:
    if minutes >= 60 or seconds >= 60:
        raise _RefusedError("分或秒不小于 60", "minutes or seconds are not below 60")
    return degrees + minutes / 60 + seconds / 3600


def _check_rest(text: str, spans: list[tuple[int, int]]) -> None:
    """Refuse a cell with words in it that are no part of a coordinate."""
    rest = [text[a:b] for (_, a), (b, _) in zip([(0, 0), *spans], [*spans, (len(text), 0)])]  # noqa: B905
    for piece in rest:
        left = _MARK.sub("", piece)
        if not _LEFT_OVER.fullmatch(left):
            raise _RefusedError(f"不是坐标：{left.strip()}", f"not a coordinate: {left.strip()}")
    if not spans:
        raise _RefusedError("格中没有数字", "there is no number in the cell")


def _axes(text: str, starts: list[int]) -> list[str | None]:
    """The axis that each number says it is, by the mark before or right behind it."""
    marks = [(m.start(), "lon" if m["lon"] else "lat") for m in _MARK.finditer(text)]
    if len(marks) != len(starts):
        return [None] * len(starts) if len(starts) > 1 or not marks else [marks[0][1]]
    axes: list[str | None] = [axis for _, axis in marks]
    if len(starts) > 1 and len(set(axes)) != len(axes):
        raise _RefusedError("两个数标了同一个方向", "both values are marked as the same axis")
    return axes


def _within(lon: float, lat: float, bounds: Bounds) -> bool:
    return bounds[0] <= lon <= bounds[2] and bounds[1] <= lat <= bounds[3]


def _place(
    text: str, one: _Value, two: _Value, *, single: bool, bounds: Bounds | None, zone: str | None
) -> ParsedPlace:
    corrections = dict.fromkeys((*one.corrections, *two.corrections))
    a, b = one.number, two.number
    if one.axis == two.axis and one.axis is not None:
        raise _RefusedError("两个数标了同一个方向", "both values are marked as the same axis")
    marked = one.axis == "lat" or two.axis == "lon"
    if marked:
        a, b = b, a
    home = ground_around(bounds)
    if _within(a, b, home):
        if marked and not single:
            corrections[SWAPPED] = None
        return ParsedPlace(text, a, b, corrections=tuple(corrections))
    if _within(b, a, home):
        if marked:
            raise _RefusedError(
                "方向标记与数值不符", "the marks of direction contradict the values"
            )
        corrections[LAT_FIRST if single else SWAPPED] = None
        return ParsedPlace(text, b, a, corrections=tuple(corrections))
    return _projected(text, a, b, tuple(corrections), bounds, zone)


def _projected(
    text: str,
    a: float,
    b: float,
    corrections: tuple[Said, ...],
    bounds: Bounds | None,
    zone: str | None,
) -> ParsedPlace:
    metres = gauss_kruger_order(a, b)
    if metres is None:
        raise _RefusedError(*_why_not(a, b, ground_around(bounds)))
    if metres.datum and zone and metres.datum.partition("-")[2] != zone.partition("-")[2]:
        raise _RefusedError(
            f"带号与给定的 {zone} 不符", f"the zone contradicts the {zone} that was given"
        )
    datum, lon, lat = _in_zone(
        metres.east, metres.north, zone or metres.datum, bounds, stated=bool(zone or metres.datum)
    )
    said = Said(f"按 {datum} 换算", f"turned from {datum}")
    if datum.startswith("gk"):
        said = _gauss_kruger_said(datum)
    notes = (*corrections, *((NORTH_FIRST,) if metres.swapped else ()), said)
    return ParsedPlace(text, lon, lat, datum, notes)


def _gauss_kruger_said(datum: str) -> Said:
    return Said(
        f"按高斯-克吕格 {datum}（CGCS2000）换算；若为北京54或西安80坐标会偏几十至百余米",
        f"turned from Gauss-Krüger {datum} on CGCS2000; older datums would be off by 50–130 m",
    )


def _in_zone(
    east: float, north: float, datum: str | None, bounds: Bounds | None, *, stated: bool
) -> tuple[str, float, float]:
    """The place in its zone; without one, in the only zone that puts it near the city."""
    if stated and datum:
        x, y = to_wgs84(east, north, datum)
        return datum, float(x), float(y)
    if bounds is None:
        raise _RefusedError(
            "米制坐标没有带号，请注明分带", "projected metres without a zone: state the zone"
        )
    near = (bounds[0] - 0.3, bounds[1] - 0.3, bounds[2] + 0.3, bounds[3] + 0.3)
    fits: dict[tuple[float, float], str] = {}
    for step in range(-1, 2):
        middle = (bounds[0] + bounds[2]) / 2 + step * 3
        try:
            candidates = zones_at(middle)
        except InputError:
            continue
        for candidate in candidates:
            x, y = to_wgs84(east, north, candidate)
            if _within(float(x), float(y), near):
                # A 3° and a 6° zone may share their meridian; then they are one plane.
                fits.setdefault((round(float(x), 7), round(float(y), 7)), candidate)
    if not fits:
        raise _RefusedError(
            "米制坐标没有带号，没有分带能落在本市附近",
            "projected metres without a zone: no zone puts them near the city",
        )
    if len(fits) > 1:
        zh, en = "、".join(fits.values()), ", ".join(fits.values())
        raise _RefusedError(
            f"米制坐标没有带号，{zh} 都能落在本市附近：请加一列“坐标系”写明是哪个",
            f"projected metres without a zone, and {en} all put them near the city: "
            "say which in a column 坐标系",
        )
    ((lon, lat), name) = next(iter(fits.items()))
    return name, lon, lat


def _why_not(a: float, b: float, home: Bounds) -> tuple[str, str]:
    if a == 0 and b == 0:
        return "坐标为零", "the coordinates are zero"
    if home != CHINA and abs(a) <= 180 and abs(b) <= 180:
        return f"不在本市附近（{a:g}, {b:g}）", f"the place is not near the city ({a:g}, {b:g})"
    if a < 0 or b < 0:
        return "坐标为负，不在中国境内", "negative coordinates: not in China"
    if abs(a) <= 180 and abs(b) <= 180:
        return f"不在中国境内（{a:g}, {b:g}）", f"the place does not lie in China ({a:g}, {b:g})"
    return (
        f"既不像经纬度也不像高斯坐标（{a:g}, {b:g}）",
        f"neither degrees nor Gauss-Krüger metres ({a:g}, {b:g})",
    )
