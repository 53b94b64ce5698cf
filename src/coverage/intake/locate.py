"""Where a row belongs by its own words and numbers: its unit, and its coordinates in WGS84.

A unit is looked for in the code, the names of county, township and village,
the address, and last in the facility's own name (太和镇敬老院) and the name of
the sheet. What fits several units is not decided here: the row keeps them
all, and its place may tell (`coverage.intake.ground`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np

from coverage.datum import to_wgs84
from coverage.intake.datums import detected
from coverage.messages import Said
from coverage.places.coordinates import parse_coordinates
from coverage.places.detect import datum_named
from coverage.places.find import Evidence, find_unit, unit_of_titles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.city import City
    from coverage.intake.outcomes import FacilityRow
    from coverage.lists.columns import Understanding
    from coverage.lists.sheets import RawSheet
    from coverage.places.coordinates import ParsedPlace
    from coverage.places.detect import Detection

_MARGIN_DEGREES = 0.5
AT_SEAT = Said("没有可用坐标，按乡镇驻地定位", "no usable coordinates: at its township's seat")


def find_units(sheet: RawSheet, rows: Sequence[FacilityRow], city: City) -> None:
    """The finest unit that the words of each row of a sheet name."""
    home = unit_of_titles((sheet.sheet, PurePath(sheet.file).stem), city.units)
    for row in rows:
        cells = {name: str(cell) for name, cell in row.taken.fields.items() if cell}
        evidence = Evidence(
            cells.get("unit_code", ""),
            cells.get("county", ""),
            cells.get("township", ""),
            cells.get("village", ""),
            cells.get("name", ""),
            cells.get("address", ""),
            home,
        )
        found = row.found = find_unit(evidence, city.units)
        row.reject(*found.why)
        row.correct(*found.said)
        for said in found.doubts:
            row.check("name.elsewhere", said)
        if found.mark:
            row.remark(found.mark)


def city_bounds(city: City) -> tuple[float, float, float, float] | None:
    """West, south, east and north of the township seats with a margin, in degrees."""
    seats = [(u.lon, u.lat) for u in city.units.township_rows if u.lon is not None]
    if not seats:
        return None
    lon, lat = np.array(seats, dtype=np.float64).T
    margin = _MARGIN_DEGREES
    return lon.min() - margin, lat.min() - margin, lon.max() + margin, lat.max() + margin


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
    bounds = city_bounds(city)
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
    fields = row.taken.fields
    if fields.get("coordinates") is not None:
        return parse_coordinates(fields["coordinates"], bounds=bounds)
    first, second = fields.get("lon", fields.get("x")), fields.get("lat", fields.get("y"))
    if first is None and second is None:
        return None
    cells = ["" if cell is None else cell for cell in (first, second)]
    return parse_coordinates(cells[0], cells[1], bounds=bounds)


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
        own = datum_named(str(row.taken.fields.get("crs") or "")) or datum
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
    for row, x, y in zip(rows, lon.tolist(), lat.tolist(), strict=True):
        row.lon, row.lat = round(x, 7), round(y, 7)
        row.correct(Said(f"坐标由 {datum} 换算为 WGS84", f"turned from {datum} into WGS84"))
