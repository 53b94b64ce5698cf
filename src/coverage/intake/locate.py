"""Where a row belongs by its own words and numbers: its unit, and its coordinates in WGS84.

What the words fit equally well is not decided here: the row keeps all, and
its place may tell (`coverage.intake.ground`).

Which datum degrees are in is told by everything that a city's sources know.
The seats of the townships that rows state always speak. A planner's own
streets, official township polygons and facilities already placed speak where a
workspace has them. What ships (main roads rounded to 100 m, cells around the
seats) says little of places away from a road and is not asked.

A map service is asked only when the user names one. What it answers is marked
in the row, in the report and in the register, with its precision; an answer for
a whole township or more, or one outside the city, is not used, and the row
stays at its township's seat.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from coverage.datum import GEOGRAPHIC_DATUMS, check_datum_name, to_wgs84
from coverage.download.geocode import Geocoded, Geocoder, QuotaError
from coverage.errors import CoverageError, InputError
from coverage.intake.outcomes import FacilityRow, bilingual
from coverage.messages import Said
from coverage.places.coordinates import ParsedPlace, parse_coordinates
from coverage.places.detect import (
    KNOWN_PLACES,
    Anchors,
    Detection,
    datum_named,
    detect_datum,
    seat_anchors,
)
from coverage.places.find import Evidence, find_unit, unit_of_titles
from coverage.places.polygons import read_outlines
from coverage.roads.sources import load
from coverage.settings import CHINA, WGS84

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from coverage.city import City
    from coverage.facilities import Facility
    from coverage.lists.columns import Understanding
    from coverage.lists.sheets import RawSheet
    from coverage.roads.network import RoadNetwork

    Floats = NDArray[np.float64]
    Grounds = tuple[NDArray[np.int64], Sequence[Any]]

_NUMBERED = re.compile(r"^\s*[(（]?(?:[一二三四五六七八九十]{1,3}|\d{1,2})[)）、.．]\s*")
_BRACKETED = re.compile(r"[(（][^)）]*[)）]|[:：]\s*$")
AT_SEAT = Said("没有可用坐标，按乡镇驻地定位", "no usable coordinates: at its township's seat")
NO_TOWNSHIP = Said(
    "没有写明乡镇，不计入乡镇指标，请核对填写",
    "no township is stated, so it counts for none: fill it in",
)
# Answers that are a place; from a township on they are that of a whole area.
PRECISE = {
    "address": Said("门牌", "house number"),
    "poi": Said("地名", "named place"),
    "street": Said("道路", "street"),
    "village": Said("村居", "village"),
}


def find_units(sheet: RawSheet, rows: Sequence[FacilityRow], city: City) -> None:
    """The finest unit that the words of each row of a sheet name."""
    home = unit_of_titles((sheet.sheet, PurePath(sheet.file).stem), city.units)
    sections = _sections(sheet, city)
    for row in rows:
        if row.row in sections.alone:
            row.reject(Said("小标题，不是设施", "the heading of what is below it, no facility"))
        section = sections.above.get(row.row, "")
        cells = {name: str(cell) for name, cell in row.values.items() if cell}
        evidence = Evidence(
            cells.get("unit_code", ""),
            cells.get("county", ""),
            cells.get("township", ""),
            cells.get("village", ""),
            cells.get("name", ""),
            cells.get("address", ""),
            section or home,
            city=cells.get("city", ""),
        )
        found = row.found = find_unit(evidence, city.units)
        row.reject(*found.why)
        row.correct(*found.said)
        for said in found.doubts:
            row.check("name.elsewhere", said)
        if found.mark:
            row.remark(found.mark)


class _Sections(NamedTuple):
    """Rows of a list that name a unit alone: numbers of those, and by row the unit above it."""

    alone: set[int]
    above: dict[int, str]


def _sections(sheet: RawSheet, city: City) -> _Sections:
    """Headings between the rows of a list: 清城区, 二、佛冈县（4家）."""
    found, unit = _Sections(set(), {}), ""
    for row in sheet.rows:
        filled = [cell for cell in row.cells if cell not in {None, ""}]
        if row.role in {"data", "note", "title"} and len(filled) == 1 < len(sheet.columns):
            text = _NUMBERED.sub("", _BRACKETED.sub("", str(filled[0])))
            if own := unit_of_titles((text,), city.units):
                unit = own
                found.alone.add(row.number)
        if unit:
            found.above[row.number] = unit
    return found


def place(
    sheet: RawSheet, use: Understanding, rows: Sequence[FacilityRow], city: City, stated: str | None
) -> tuple[str | None, Detection | None]:
    """Coordinates of every row in WGS84, or the seat of its township, marked as such.

    Args:
        sheet: As read.
        use: What its columns mean.
        rows: Its rows of data, with their units.
        city: Whose units they are.
        stated: Datum of the coordinates, if the user states it.

    Returns:
        The datum of the sheet's degrees, if it is known, and how it was detected.
    """
    bounds = city.units.around
    parsed = [_coordinates(row, bounds) for row in rows]
    datum, detection = stated, None
    degrees = [
        (row, p) for row, p in zip(rows, parsed, strict=True) if p and p.placed and not p.datum
    ]
    headings = [c.name for c in use.columns if c.field in {"lon", "lat", "coordinates", "crs"}]
    if sheet.crs:
        datum = datum or "wgs84"
    if datum is None and degrees:
        lon = np.array([p.lon for _, p in degrees], dtype=np.float64)
        lat = np.array([p.lat for _, p in degrees], dtype=np.float64)
        seen = detected(
            lon,
            lat,
            codes=[row.unit_code for row, _ in degrees],
            names=[row.name for row, _ in degrees],
            headings=headings,
            city=city,
        )
        detection = _by_heading(seen, headings)
        datum = detection.datum
    shifted: dict[str, list[FacilityRow]] = defaultdict(list)
    for row, found in zip(rows, parsed, strict=True):
        own = _settle(row, found, datum, city)
        if own is not None:
            shifted[own].append(row)
    for name, moved in shifted.items():
        _to_wgs84(moved, name)
    return datum, detection


def _by_heading(detection: Detection, headings: Sequence[str]) -> Detection:
    """What a heading names holds unless the places speak against it: 高德经度 is a statement."""
    named = {found for found in map(datum_named, headings) if found}
    if detection.datum is not None or len(named) != 1:
        return detection
    (name,) = named
    if any(e.kind != "name" and e.tells and e.best != name for e in detection.evidence):
        return detection
    said = Said(f"表头写明是 {name}", f"the heading names {name}")
    return replace(detection, datum=name, reason=said)


def _coordinates(
    row: FacilityRow, bounds: tuple[float, float, float, float] | None
) -> ParsedPlace | None:
    fields = row.values
    zone = _zone(str(fields.get("crs") or ""))
    if fields.get("coordinates") is not None:
        return parse_coordinates(fields["coordinates"], bounds=bounds, zone=zone)
    first, second = fields.get("lon", fields.get("x")), fields.get("lat", fields.get("y"))
    if first is None and second is None:
        return None
    cells = ["" if cell is None else cell for cell in (first, second)]
    return parse_coordinates(cells[0], cells[1], bounds=bounds, zone=zone)


@cache
def _zone(text: str) -> str | None:
    """The zone of metres that a row's cell 坐标系 names, `None` for any other word."""
    try:
        name = check_datum_name(text)
    except InputError:
        return None
    return None if name in GEOGRAPHIC_DATUMS else name


def _settle(
    row: FacilityRow, found: ParsedPlace | None, datum: str | None, city: City
) -> str | None:
    """Write the row's place, its coordinates or a seat; the datum to move it from, if any."""
    if found is not None and found.problem is not None and not found.empty:
        row.reject(found.problem)
        return None
    placed = found is not None and found.placed
    if found is not None and found.lon is not None and found.lat is not None:
        row.correct(*found.corrections)
        own = datum_named(str(row.values.get("crs") or "")) or datum
        if found.datum is not None or own is not None:
            row.lon, row.lat, row.place = round(found.lon, 7), round(found.lat, 7), "coordinates"
            return own if found.datum is None and own != "wgs84" else None
        row.about = (found.lon, found.lat)
        row.correct(
            Said(
                "坐标系不明且无法判定，坐标未采用（请用 --datum 写明）",
                "the datum cannot be told and the coordinates were not used: state it with --datum",
            )
        )
    put_at_seat(row, city)
    if len(row.unit_code) == 6 and not row.reasons:
        row.check("township.unknown", NO_TOWNSHIP)
    if not (row.unit_code or row.reasons or row.found.maybe):
        no_datum = Said(
            "坐标系无法判定，又没有乡镇：请用 --datum 写明坐标系",
            "the datum cannot be told and no township is named: state it with --datum",
        )
        no_place = Said("既无坐标也无乡镇，无法定位", "neither coordinates nor a township")
        row.reject(no_datum if placed else no_place)
    return None


def put_at_seat(row: FacilityRow, city: City) -> None:
    """Place a row without coordinates at the seat of its township, and say so."""
    unit = city.units.get(row.unit_code[:9])
    if unit is not None and unit.placed:
        row.place = "seat"
        row.correct(AT_SEAT)


def _to_wgs84(rows: Sequence[FacilityRow], datum: str) -> None:
    """Move rows together: one call for a sheet costs what two calls for rows do."""
    lon, lat = to_wgs84(
        np.array([row.lon for row in rows]), np.array([row.lat for row in rows]), datum
    )
    said = Said(f"坐标由 {datum} 换算为 WGS84", f"turned from {datum} into WGS84")
    for row, x, y in zip(rows, lon.tolist(), lat.tolist(), strict=True):
        row.lon, row.lat = round(x, 7), round(y, 7)
        row.correct(said)  # one for all: a list may have 100,000 rows


def detected(
    lon: Floats,
    lat: Floats,
    *,
    codes: Sequence[str],
    names: Sequence[str],
    headings: Sequence[str],
    city: City,
) -> Detection:
    """Say which datum the degrees of rows are in, how sure that is, and why.

    A source that cannot be read is left out here: an import must not fail for the evidence.

    Args:
        lon: (n,) degrees as the sheet gives them.
        lat: As `lon`.
        codes: (n,) code of each row's unit, empty where it states none.
        names: (n,) what each row calls its facility, empty where it has no name.
        headings: Headings of the columns, and other words about the places.
        city: Whose sources are asked.
    """
    if city.units.ground != CHINA:
        abroad = Said("为 wgs84：本市在国外，地图不偏移", "is wgs84: maps are not shifted abroad")
        return Detection("wgs84", 1.0, "wgs84", (), abroad)
    anchors = [*seat_anchors(codes, city.units), *_known_places(names, codes, city)]
    return detect_datum(
        lon,
        lat,
        names=headings,
        anchors=anchors,
        roads=_streets(city),
        grounds=_grounds(codes, city),
    )


def _streets(city: City) -> RoadNetwork | None:
    if city.origin("roads") != "own":
        return None
    try:
        return load(city.roads)
    except (CoverageError, OSError):
        return None


def _grounds(codes: Sequence[str], city: City) -> Grounds | None:
    """Rows and the official polygons of the townships they state."""
    try:
        known = read_outlines(city, "townships", WGS84)
    except (CoverageError, OSError):
        return None
    index = {c: n for c, n in known.index.items() if known.official[n]} if known else {}
    rows = [n for n, code in enumerate(codes) if code[:9] in index]
    if known is None or not rows:
        return None
    return np.array(rows, dtype=np.int64), [known.shapes[index[codes[n][:9]]] for n in rows]


def _known_places(names: Sequence[str], codes: Sequence[str], city: City) -> list[Anchors]:
    """Facilities of the planner's own register, by names that one alone bears in the county."""
    if city.origin("facilities") != "own" or not any(names):
        return []
    try:
        facilities = city.register.facilities
    except (CoverageError, OSError):
        return []
    known: dict[str, list[Facility]] = defaultdict(list)
    for facility in facilities:
        if facility.placed and facility.provenance != "illustrative":
            known[facility.name].append(facility)
    found = [
        (row, known[name][0])
        for row, (name, code) in enumerate(zip(names, codes, strict=True))
        if len(known.get(name, ())) == 1 and known[name][0].unit_code.startswith(code[:6])
    ]
    if not found:
        return []
    return [
        Anchors(
            np.array([row for row, _ in found], dtype=np.int64),
            np.array([place.lon for _, place in found], dtype=np.float64),
            np.array([place.lat for _, place in found], dtype=np.float64),
            np.arange(len(found), dtype=np.int64),
            KNOWN_PLACES,
        )
    ]


def geocode(rows: Sequence[FacilityRow], city: City, geocoder: Geocoder) -> None:
    """Place rows that state an address and lack coordinates; each answer is asked for once.

    Once the quota of the key is used up the rest stay where they are, and say why.

    Args:
        rows: Accepted rows; those placed get their place, and a word in corrections and note.
        city: Answers outside of it are not used.
        geocoder: Whom to ask.

    Raises:
        NetworkUnreachableError: If the service refuses or cannot be reached.
    """
    bounds = city.units.around
    known: dict[str, Geocoded | None] = {}
    spent: Said | None = None
    for row in rows:
        address = str(row.values.get("address") or "").strip()
        if row.place == "coordinates" or not address:
            continue
        if spent is not None:
            row.correct(spent)
            continue
        question = _question(row, city, address)
        if question not in known:
            try:
                known[question] = geocoder.geocode(question)
            except QuotaError as error:
                why = bilingual(error.args[0])
                spent = Said(f"未地理编码：{why.zh}", f"not geocoded: {why.en}")
                row.correct(spent)
                continue
        _put(row, known[question], bounds)


def _question(row: FacilityRow, city: City, address: str) -> str:
    """The address with the city, county and township before it, as far as it does not say them."""
    names = [city.name, city.units.name(row.unit_code[:6]), city.units.name(row.unit_code[:9])]
    known = [n for n in names if not n.isdecimal() and n.rstrip("市县区镇乡") not in address]
    return "".join(dict.fromkeys([*known, address]))


def _put(
    row: FacilityRow, found: Geocoded | None, bounds: tuple[float, float, float, float] | None
) -> None:
    unused = None
    if found is None:
        unused = Said("地图服务不认识这个地址", "the map service does not know the address")
    elif found.precision not in PRECISE:
        unused = Said(
            f"地图服务只答到 {found.precision}，未采用",
            f"the map service answers for a whole {found.precision}: not used",
        )
    elif bounds and not (
        bounds[0] <= found.lon <= bounds[2] and bounds[1] <= found.lat <= bounds[3]
    ):
        place = f"{found.lon:.4f},{found.lat:.4f}"
        unused = Said(
            f"地图服务答在市外（{place}），未采用",
            f"the map service puts it outside the city ({place}): not used",
        )
    if unused is not None or found is None:
        row.correct(*filter(None, (unused,)))
        return
    score = "" if found.score is None else f"，得分 {found.score:g}"
    precision = PRECISE[found.precision]
    mark = f"地理编码（{found.service}，{precision.zh}{score}）"
    row.lon, row.lat, row.place = round(found.lon, 7), round(found.lat, 7), "geocoded"
    # It said that the row stands at the seat, which is no longer so.
    row.findings = [f for f in row.findings if f.said != AT_SEAT]
    row.correct(
        Said(
            f"按地址{mark}，{found.datum} 换算为 WGS84",
            f"placed by its address ({found.service}, {precision.en}), {found.datum} turned "
            "into WGS84",
        )
    )
    row.remark(mark)
