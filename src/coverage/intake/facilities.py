"""From a bureau's files to a register: every row judged, placed, and accounted for.

`coverage.intake.rows` says what each row means by itself; here rows get a
unit and a place, are held against one another and against the last register,
and become facilities. Nothing is guessed in silence: a datum that is not
stated is detected with a confidence, a name that fits two places is refused
with both.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.datum import to_wgs84
from coverage.errors import InputError
from coverage.facilities import Facility
from coverage.intake.columns import understand
from coverage.intake.geocoding import city_bounds, geocode
from coverage.intake.ledger import is_ledger, read_ledger_row
from coverage.intake.reading import read_file
from coverage.intake.rebase import today_of
from coverage.intake.rows import TakenRow, take_rows
from coverage.places.changes import load_changes
from coverage.places.coordinates import parse_coordinates
from coverage.places.detect import datum_named, detect_datum, seat_anchors
from coverage.places.names import match_unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from coverage.city import City
    from coverage.facilities import Register
    from coverage.intake.columns import Understanding
    from coverage.intake.sheets import RawSheet
    from coverage.places.coordinates import ParsedPlace
    from coverage.places.detect import Detection
    from coverage.places.geocode import Geocoder

ASIDE = frozenset({"说明", "词表", "人口"})
_SURE = 0.75  # a name that fits a unit less well is asked back
_NEAR_M = 200.0
_FAR_FROM_SEAT_KM = 60.0


@dataclass(slots=True)
class Judged:
    """One row of the input and what became of it.

    Attributes:
        sheet: The sheet it stands on.
        taken: What it says by itself.
        facilities: What it became: one facility, several for a row of a
            ledger, none if it is rejected or no data.
        reasons: Why it is rejected.
        corrections: What was changed on the way.
        unit_code: Finest unit found.
        place: How it was placed: ``coordinates``, ``geocoded``, ``seat``, ``none``.
        lon: EPSG:4326 degrees.
        lat: As `lon`.
        ledger: Fields of each facility, for a row of a ledger.
    """

    sheet: RawSheet
    taken: TakenRow
    facilities: list[Facility] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    corrections: list[str] = field(default_factory=list)
    unit_code: str = ""
    place: str = "none"
    lon: float | None = None
    lat: float | None = None
    ledger: list[dict[str, object]] | None = None

    @property
    def outcome(self) -> str:
        """``accepted``, ``rejected``, or the role of a row that is no data."""
        if self.taken.outcome not in {"accepted", "rejected"}:
            return self.taken.outcome
        return "rejected" if self.reasons else "accepted"


@dataclass(frozen=True)
class SheetJudged:
    """One sheet: how its columns were understood and which datum its places are in."""

    sheet: RawSheet
    understanding: Understanding
    datum: str | None
    detection: Detection | None


@dataclass(frozen=True)
class FacilityIntake:
    """The whole import.

    Attributes:
        rows: Every row of every file, in order.
        sheets: What was understood of each sheet.
        keep_personal: Whether the user wants personal data kept.
    """

    rows: tuple[Judged, ...]
    sheets: tuple[SheetJudged, ...]
    keep_personal: bool = False

    @property
    def facilities(self) -> tuple[Facility, ...]:
        """Accepted facilities in order."""
        return tuple(f for r in self.rows for f in r.facilities)

    @property
    def counts(self) -> Counter[str]:
        """Rows by outcome; accepted and rejected make up all rows of data."""
        return Counter(row.outcome for row in self.rows)


def intake_facilities(
    paths: Sequence[Path],
    city: City,
    *,
    datum: str | None = None,
    mapping: Mapping[str, str] | None = None,
    kind: str | None = None,
    keep_personal: bool = False,
    today: datetime | None = None,
    geocoder: Geocoder | None = None,
) -> FacilityIntake:
    """Judge every row of the files.

    Args:
        paths: The planner's files.
        city: Whose units the rows belong to.
        datum: Datum of all coordinates, if the user states it.
        mapping: Column names to fields, before any alias.
        kind: Kind of rows that state none.
        keep_personal: Keep personal columns.
        today: For dates that lie ahead.
        geocoder: Asked for rows that have an address and no usable coordinates; nobody by default.

    Raises:
        InputError: If a file cannot be read at all.
    """
    rows: list[Judged] = []
    sheets: list[SheetJudged] = []
    for path in paths:
        for sheet in read_file(path):
            judged, mine = _judge_sheet(sheet, city, datum, mapping or {}, kind, keep_personal)
            sheets.append(judged)
            rows += mine
    if not any(row.taken.outcome in {"accepted", "rejected"} for row in rows):
        raise InputError("文件中没有数据行 · the files hold no row of data")
    good = [row for row in rows if row.outcome == "accepted" and row.ledger is None]
    if geocoder is not None:
        geocode(good, city, geocoder)
    _same_place_twice(good)
    _judge_values(good, today or datetime.now(UTC))
    _make(rows)
    return FacilityIntake(tuple(rows), tuple(sheets), keep_personal)


def _judge_sheet(
    sheet: RawSheet,
    city: City,
    datum: str | None,
    mapping: Mapping[str, str],
    kind: str | None,
    keep_personal: bool,
) -> tuple[SheetJudged, list[Judged]]:
    use = understand(sheet, mapping=mapping)
    if sheet.hidden or sheet.sheet in ASIDE:
        # Guides and lists of the template, and what a workbook hides: told, never imported.
        aside = [Judged(sheet, TakenRow(row, "note")) for row in sheet.rows]
        return SheetJudged(sheet, use, None, None), aside
    if is_ledger(sheet):
        return SheetJudged(sheet, use, None, None), _ledger_rows(sheet, city)
    mine = [
        Judged(sheet, taken)
        for taken in take_rows(sheet, use, kind=kind, keep_personal=keep_personal)
    ]
    for row in mine:
        row.reasons += [p.reason for p in row.taken.problems]
        row.corrections += row.taken.corrections
    data = [row for row in mine if row.taken.outcome in {"accepted", "rejected"}]
    _find_units(data, city)
    return _place(sheet, use, data, city, datum), mine


def _ledger_rows(sheet: RawSheet, city: City) -> list[Judged]:
    """Rows of a ledger: each township's facilities, placed at its seat."""
    columns = {name: n for n, name in enumerate(sheet.columns)}
    rows = []
    for raw in sheet.rows:
        if raw.role != "data":
            rows.append(Judged(sheet, TakenRow(raw, raw.role)))
            continue
        names = {"代码": "unit_code", "县（市、区）": "county", "乡镇（街道）": "township"}
        fields = {
            f: str(raw.get(columns[n]) or "").strip() for n, f in names.items() if n in columns
        }
        row = Judged(sheet, TakenRow(raw, "accepted", fields=dict(fields)))
        row.ledger, row.reasons = read_ledger_row(sheet, raw)
        if not row.ledger and not row.reasons:
            row.taken.outcome = "blank"  # a township of the template that nobody filled in
        else:
            _find_units([row], city)
            row.place = "seat"
        rows.append(row)
    return rows


def _find_units(rows: Sequence[Judged], city: City) -> None:
    """The finest unit of every row: its code, else its names, else its address."""
    changes = load_changes()
    for row in rows:
        fields = row.taken.fields
        code = str(fields.get("unit_code") or "")
        if code:
            if code == city.code or code in city.units:
                row.unit_code = code
                continue
            today, said, mark = today_of(code, city.units, changes)
            if not today:
                none = f"本市没有代码 {code} · no unit of the city has this code"
                row.reasons.append(said or none)
                continue
            row.unit_code = today
            row.corrections.append(said)
            fields["note"] = "；".join(filter(None, (str(fields.get("note") or ""), mark)))
            continue
        county = _unit(row, city, str(fields.get("county") or ""), None, "county")
        township = _unit(row, city, str(fields.get("township") or ""), county, "township")
        village = _unit(row, city, str(fields.get("village") or ""), township or county, "village")
        found = village or township or county
        if not found and fields.get("address"):
            found = _unit(row, city, str(fields["address"]), None, None)
        row.unit_code = found or ""


def _unit(row: Judged, city: City, text: str, above: str | None, level: str | None) -> str | None:
    """Code of the unit that a name means, or `None` with the reason on the row."""
    if not text:
        return None
    found = match_unit(text, city.units, county=above[:6] if above else None, level=level)
    if above and len(above) > 6:
        found = [m for m in found if m.code.startswith(above)] or found
    best = [m for m in found if m.score == found[0].score] if found else []
    if not best or best[0].score < _SURE:
        if level == "village" and above:
            row.corrections.append(f"找不到村（社区）“{text}”，按乡镇定位")
            return None
        near = f"，最近似的是 {city.units.name(best[0].code)}" if best else ""
        row.reasons.append(f"找不到“{text}”{near} · no unit of that name")
        return None
    if len(best) > 1:
        names = "、".join(
            f"{city.units.name(m.code[:6])}{city.units.name(m.code)}" for m in best[:4]
        )
        row.reasons.append(f"“{text}”有 {len(best)} 处：{names}，请写明县区 · name the county")
        return None
    if best[0].score < 1:
        row.corrections.append(f"“{text}”按 {city.units.name(best[0].code)} 理解")
    return best[0].code


def _place(
    sheet: RawSheet, use: Understanding, rows: Sequence[Judged], city: City, stated: str | None
) -> SheetJudged:
    """Coordinates of every row in WGS84, or the seat of its township, marked as such."""
    bounds = city_bounds(city)
    parsed = [_coordinates(row, bounds) for row in rows]
    datum, detection = stated, None
    degrees = [n for n, p in enumerate(parsed) if p is not None and p.placed and p.datum is None]
    headings = [c.name for c in use.columns if c.field in {"lon", "lat", "coordinates", "crs"}]
    if sheet.crs:
        datum = datum or "wgs84"
    if datum is None and degrees:
        lon = np.array([parsed[n].lon for n in degrees], dtype=np.float64)  # type: ignore[union-attr]
        lat = np.array([parsed[n].lat for n in degrees], dtype=np.float64)  # type: ignore[union-attr]
        detection = detect_datum(
            lon,
            lat,
            names=headings,
            anchors=seat_anchors([rows[n].unit_code for n in degrees], city.units),
        )
        datum = detection.datum
    for n, place in enumerate(parsed):
        _settle(rows[n], place, datum, city)
    return SheetJudged(sheet, use, datum, detection)


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


def _settle(row: Judged, place: ParsedPlace | None, datum: str | None, city: City) -> None:
    """Write the row's place: its coordinates, else the seat of its township."""
    if place is not None and place.problem is not None and not place.empty:
        row.reasons.append(f"{place.problem.zh} · {place.problem.en}")
        return
    if place is not None and place.placed:
        row.corrections += [said.zh for said in place.corrections]
        own = datum_named(str(row.taken.fields.get("crs") or "")) or datum
        if place.datum is not None or own is not None:
            assert place.lon is not None and place.lat is not None  # noqa: PT018, S101 -- placed
            lon, lat = place.lon, place.lat
            if place.datum is None and own != "wgs84":
                moved = to_wgs84(np.array([lon]), np.array([lat]), str(own))
                lon, lat = float(moved[0][0]), float(moved[1][0])
                row.corrections.append(f"坐标由 {own} 换算为 WGS84")
            row.lon, row.lat, row.place = round(lon, 7), round(lat, 7), "coordinates"
            _check_place(row, city)
            return
        row.corrections.append("坐标系不明且无法判定，坐标未采用（请用 --datum 写明）")
    unit = city.units.get(row.unit_code[:9]) if row.unit_code else None
    if unit is not None and unit.placed:
        row.place = "seat"
        row.corrections.append("没有可用坐标，按乡镇驻地定位")
    if not row.unit_code and not row.reasons:
        row.reasons.append("既无坐标也无乡镇，无法定位 · neither coordinates nor a township")


def _check_place(row: Judged, city: City) -> None:
    bounds = city_bounds(city)
    if bounds is None or row.lon is None or row.lat is None:
        return
    west, south, east, north = bounds
    if not (west <= row.lon <= east and south <= row.lat <= north):
        row.reasons.append(f"位置 {row.lon},{row.lat} 不在本市范围 · outside the city")
        return
    unit = city.units.get(row.unit_code[:9])
    if unit is None or unit.lon is None or unit.lat is None:
        return
    east_km = (row.lon - unit.lon) * 111.32 * np.cos(np.radians(row.lat))
    north_km = (row.lat - unit.lat) * 110.57
    distance = float(np.hypot(east_km, north_km))
    if distance > _FAR_FROM_SEAT_KM:
        row.reasons.append(
            f"位置距所填乡镇 {unit.name} 驻地 {distance:.0f} 公里 · far from the stated township"
        )


def _same_place_twice(rows: Sequence[Judged]) -> None:
    """The same name and kind in one unit, or within 200 m, is one facility entered twice."""
    seen: dict[tuple[str, str], list[Judged]] = defaultdict(list)
    for row in rows:
        key = (str(row.taken.fields.get("name") or "").strip(), str(row.taken.fields.get("kind")))
        for other in seen[key]:
            if _one_place(row, other):
                where = f"第 {other.taken.row.number} 行"
                if other.sheet is not row.sheet:
                    where = f"{other.sheet.file} {other.sheet.sheet} {where}"
                row.reasons.append(f"与{where}重复 · a duplicate of row {other.taken.row.number}")
                break
        else:
            seen[key].append(row)


def _one_place(a: Judged, b: Judged) -> bool:
    if a.lon is None or b.lon is None or a.lat is None or b.lat is None:
        return a.unit_code == b.unit_code
    east = (a.lon - b.lon) * 111_320 * np.cos(np.radians(a.lat))
    return bool(np.hypot(east, (a.lat - b.lat) * 110_570) <= _NEAR_M)


def _judge_values(rows: Sequence[Judged], today: datetime) -> None:
    for row in rows:
        fields = row.taken.fields
        beds, nursing = fields.get("beds"), fields.get("nursing_beds")
        if isinstance(beds, int) and isinstance(nursing, int) and nursing > beds:
            reason = f"护理型床位 {nursing} 多于床位 {beds} · more nursing beds than beds"
            row.reasons.append(reason)
        opened = fields.get("opened")
        if opened is not None and opened > today.date():  # type: ignore[operator]
            row.reasons.append(f"日期 {opened} 在将来 · the date lies ahead")


def _make(rows: Sequence[Judged]) -> None:
    """Facilities of the accepted rows, each with an id of its own."""
    used: Counter[str] = Counter()
    for number, row in enumerate(rows, start=1):
        if row.outcome != "accepted":
            continue
        for f in row.ledger if row.ledger is not None else [row.taken.fields]:
            id_ = str(f.get("id") or f"imp-{number:05d}")
            used[id_] += 1
            if used[id_] > 1:
                if row.ledger is None:
                    row.corrections.append(f"编号 {id_} 重复，改为 {id_}-{used[id_]}")
                id_ = f"{id_}-{used[id_]}"
            row.facilities.append(_facility(row, id_, f))


def _facility(row: Judged, id_: str, f: Mapping[str, Any]) -> Facility:
    return Facility(
        id=id_,
        name=str(f.get("name") or ""),
        kind=str(f.get("kind") or ""),
        unit_code=row.unit_code,
        category=str(f.get("category") or ""),
        services=frozenset(f.get("services") or ()),
        beds=f.get("beds"),
        nursing_beds=f.get("nursing_beds"),
        floor_area=f.get("floor_area"),
        ownership=str(f.get("ownership") or ""),
        lon=row.lon,
        lat=row.lat,
        status=str(f.get("status") or "open"),
        opened=f.get("opened"),
        source=str(f.get("source") or f"{row.sheet.file} {row.sheet.sheet}".strip()),
        provenance=str(f.get("provenance") or "surveyed"),
        note=str(f.get("note") or ""),
    )


def compare(old: Register, new: Sequence[Facility]) -> Counter[str]:
    """Difference in the number of facilities by kind, new less old, zero left out."""
    counts = Counter(f.kind for f in new)
    counts.subtract(Counter(f.kind for f in old.facilities))
    return Counter({kind: n for kind, n in counts.items() if n})
