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
from coverage.intake.findings import Finding
from coverage.intake.geocoding import city_bounds
from coverage.intake.judged import SheetJudged
from coverage.messages import Said
from coverage.places.coordinates import parse_coordinates
from coverage.places.detect import datum_named
from coverage.places.find import Evidence, find_unit, unit_of_titles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.city import City
    from coverage.intake.columns import Understanding
    from coverage.intake.judged import Judged
    from coverage.intake.sheets import RawSheet
    from coverage.places.coordinates import ParsedPlace
    from coverage.places.detect import Detection


def find_units(sheet: RawSheet, rows: Sequence[Judged], city: City) -> None:
    """The finest unit that the words of each row of a sheet name."""
    home = unit_of_titles((sheet.sheet, PurePath(sheet.file).stem), city.units)
    for row in rows:
        fields = row.taken.fields
        cells = {name: str(cell) for name, cell in fields.items() if cell}
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
        row.reasons += [f"{said.zh} · {said.en}" for said in found.why]
        row.corrections += [f"{said.zh} · {said.en}" for said in found.said]
        row.findings += [Finding("name.elsewhere", "warning", said) for said in found.doubts]
        if found.mark:
            fields["note"] = "；".join(filter(None, (str(fields.get("note") or ""), found.mark)))


def place(
    sheet: RawSheet, use: Understanding, rows: Sequence[Judged], city: City, stated: str | None
) -> SheetJudged:
    """Coordinates of every row in WGS84, or the seat of its township, marked as such.

    Args:
        sheet: As read.
        use: What its columns mean.
        rows: Its rows of data, with their units.
        city: Whose units they are.
        stated: Datum of the coordinates, if the user states it.
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
            names=[str(row.taken.fields.get("name") or "") for row, _ in degrees],
            headings=headings,
            city=city,
        )
        detection = _by_heading(seen, headings)
        datum = detection.datum
    shifted: dict[str, list[Judged]] = defaultdict(list)
    for row, found in zip(rows, parsed, strict=True):
        own = _settle(row, found, datum, city)
        if own is not None:
            shifted[own].append(row)
    for name, moved in shifted.items():
        _to_wgs84(moved, name)
    return SheetJudged(sheet, use, datum, detection)


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
    row: Judged, bounds: tuple[float, float, float, float] | None
) -> ParsedPlace | None:
    fields = row.taken.fields
    if fields.get("coordinates") is not None:
        return parse_coordinates(fields["coordinates"], bounds=bounds)
    first, second = fields.get("lon", fields.get("x")), fields.get("lat", fields.get("y"))
    if first is None and second is None:
        return None
    cells = ["" if cell is None else cell for cell in (first, second)]
    return parse_coordinates(cells[0], cells[1], bounds=bounds)


def _settle(row: Judged, found: ParsedPlace | None, datum: str | None, city: City) -> str | None:
    """Write the row's place, its coordinates or a seat; the datum to move it from, if any."""
    if found is not None and found.problem is not None and not found.empty:
        row.reasons.append(f"{found.problem.zh} · {found.problem.en}")
        return None
    if found is not None and found.placed:
        row.corrections += [said.zh for said in found.corrections]
        own = datum_named(str(row.taken.fields.get("crs") or "")) or datum
        if found.datum is not None or own is not None:
            assert found.lon is not None and found.lat is not None  # noqa: PT018, S101 -- placed
            row.lon, row.lat, row.place = round(found.lon, 7), round(found.lat, 7), "coordinates"
            return own if found.datum is None and own != "wgs84" else None
        row.corrections.append("坐标系不明且无法判定，坐标未采用（请用 --datum 写明）")
        assert found.lon is not None and found.lat is not None  # noqa: PT018, S101 -- placed
        row.about = (found.lon, found.lat)
    put_at_seat(row, city)
    if not row.unit_code and not row.reasons and not row.found.maybe:
        row.reasons.append(
            "坐标系无法判定，又没有乡镇：请用 --datum 写明坐标系 · the datum cannot be told and no "
            "township is named: state it with --datum"
            if found is not None and found.placed
            else "既无坐标也无乡镇，无法定位 · neither coordinates nor a township"
        )
    return None


def put_at_seat(row: Judged, city: City) -> None:
    """Place a row without coordinates at the seat of its township, and say so."""
    unit = city.units.get(row.unit_code[:9])
    if unit is not None and unit.placed:
        row.place = "seat"
        row.corrections.append("没有可用坐标，按乡镇驻地定位")


def _to_wgs84(rows: Sequence[Judged], datum: str) -> None:
    """Move rows together: one call for a sheet costs what two calls for rows do."""
    lon, lat = to_wgs84(
        np.array([row.lon for row in rows]), np.array([row.lat for row in rows]), datum
    )
    for row, x, y in zip(rows, lon.tolist(), lat.tolist(), strict=True):
        row.lon, row.lat = round(x, 7), round(y, 7)
        row.corrections.append(f"坐标由 {datum} 换算为 WGS84")
