"""Where a row belongs by its own words and numbers: its unit, and its coordinates in WGS84.

A unit is looked for in the code, the names of county, township and village,
the address, and last in the facility's own name (太和镇敬老院) and the name of
the sheet. What fits several units is not decided here: the row keeps them
all, and its place may tell (`coverage.intake.ground`).
"""

from __future__ import annotations

import re
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
from coverage.intake.rebase import today_of
from coverage.messages import Said
from coverage.places.changes import load_changes
from coverage.places.coordinates import parse_coordinates
from coverage.places.detect import datum_named
from coverage.places.names import match_unit, plain_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.city import City
    from coverage.intake.columns import Understanding
    from coverage.intake.judged import Judged
    from coverage.intake.sheets import RawSheet
    from coverage.places.changes import Changes
    from coverage.places.coordinates import ParsedPlace
    from coverage.places.detect import Detection
    from coverage.places.names import Match

_TOWNSHIP = re.compile("镇|乡|街道|鎮|鄉")
_SURE = 0.75  # a name that fits a unit less well is asked back


def find_units(sheet: RawSheet, rows: Sequence[Judged], city: City) -> None:
    """The finest unit that the words of each row of a sheet name."""
    home = _home(sheet, city)
    changes = load_changes()
    for row in rows:
        if row.taken.fields.get("unit_code"):
            _by_code(row, city, changes)
        else:
            _by_names(row, city, home)


def _home(sheet: RawSheet, city: City) -> str:
    """The unit after which a sheet or its file is named: one sheet a county is common."""
    for name in (sheet.sheet, PurePath(sheet.file).stem):
        found = [
            m
            for level in ("county", "township")
            for m in match_unit(name, city.units, level=level)
            if m.how == "exact"
        ]
        if len(found) == 1:
            return found[0].code
    return ""


def _by_code(row: Judged, city: City, changes: Changes) -> None:
    """The unit whose code a row states; a code of former times is taken for today's unit."""
    fields = row.taken.fields
    code = str(fields["unit_code"])
    if code == city.code or code in city.units:
        row.unit_code = code
        return
    today, said, mark = today_of(code, city.units, changes)
    if not today:
        row.reasons.append(said or f"本市没有代码 {code} · no unit of the city has this code")
        return
    row.unit_code = today
    row.corrections.append(said)
    fields["note"] = "；".join(filter(None, (str(fields.get("note") or ""), mark)))


def _by_names(row: Judged, city: City, home: str) -> None:
    finder = _Finder(row, city, home)
    before = len(row.reasons)
    county = finder.named("county", None)
    township = finder.named("township", county)
    village = finder.named("village", township or county)
    row.unit_code = village or township or county or ""
    if len(row.unit_code) > 6:
        finder.check_own_name()
    if row.maybe or len(row.reasons) > before:
        return
    if not row.unit_code:
        finder.by_address()
    if len(row.unit_code) <= 6 and not row.maybe:
        finder.by_own_name()
    if not row.unit_code and not row.maybe and home:
        row.unit_code = home
        row.corrections.append(f"单元由表名得出：{city.units.name(home)}")


class _Finder:
    """The words of one row held against the city's names."""

    def __init__(self, row: Judged, city: City, home: str) -> None:
        self.row, self.city, self.units, self.home = row, city, city.units, home

    def named(self, level: str, above: str | None) -> str | None:
        """Code of the unit that the cell of a level names; reasons and doubts go to the row."""
        text = str(self.row.taken.fields.get(level) or "")
        if not text:
            return None
        found = match_unit(text, self.units, county=above[:6] if above else None, level=level)
        if above and len(above) > 6:
            found = [m for m in found if m.code.startswith(above)] or found
        best = _best(found)
        if not best or best[0].score < _SURE:
            if level == "village" and above:
                self.row.corrections.append(f"找不到村（社区）“{text}”，按乡镇定位")
                return None
            near = f"，最近似的是 {self.units.name(best[0].code)}" if best else ""
            self.row.reasons.append(f"找不到“{text}”{near} · no unit of that name")
            return None
        return self._one(text, best)

    def by_address(self) -> None:
        """The unit that an address names; an address that names none says nothing wrong."""
        text = str(self.row.taken.fields.get("address") or "")
        best = _best(match_unit(text, self.units)) if text else []
        if best and best[0].score >= _SURE:
            self.row.unit_code = self._one(text, best) or ""

    def by_own_name(self) -> None:
        """太和镇敬老院 lies in 太和镇: only names written in full, in the county that is known."""
        best = self._in_own_name(self.row.unit_code[:6] or None)
        if best:
            code = self._one(self.units.name(best[0].code), best, quiet=True)
            if code:
                self.row.unit_code = code
                self.row.corrections.append(f"乡镇由名称得出：{self.units.name(code)}")

    def check_own_name(self) -> None:
        """Note a facility that is named after another township than the one it is put in."""
        name = str(self.row.taken.fields.get("name") or "")
        own = self.units.name(self.row.unit_code[:9])
        if own[:2] in name or not _TOWNSHIP.search(name):
            return
        found = self._in_own_name(None)
        if found and not any(m.code == self.row.unit_code[:9] for m in found):
            other = self.units.name(found[0].code)
            said = Said(
                f"名称说是{other}，所填乡镇是{own}，请核对",
                f"it is named after {other} and put in {own}",
            )
            self.row.findings.append(Finding("name.elsewhere", "warning", said))

    def _in_own_name(self, county: str | None) -> list[Match]:
        """Townships whose full name the facility's name begins with, after city and county."""
        text = str(self.row.taken.fields.get("name") or "")
        whole = plain_name(text)
        return [
            m
            for m in _best(match_unit(text, self.units, county=county, level="township"))
            if m.score >= _SURE and plain_name(self.units.name(m.code)) in whole
        ]

    def _one(self, text: str, best: list[Match], *, quiet: bool = False) -> str | None:
        """The one unit of several that fit, by the sheet's name if that tells."""
        if len(best) > 1:
            here = [m for m in best if self.home and m.code.startswith(self.home[:6])]
            if len(here) == 1:
                county = self.units.name(self.home[:6])
                self.row.corrections.append(f"“{text}”按表名取 {county}的")
                return here[0].code
            self._doubt(text, best)
            return None
        if best[0].score < 1 and not quiet:
            name = self.units.name(best[0].code)
            self.row.corrections.append(f"“{text}”按 {name} 理解")
        return best[0].code

    def _doubt(self, text: str, best: list[Match]) -> None:
        names = "、".join(
            f"{self.units.name(m.code[:6])}{self.units.name(m.code)}" for m in best[:4]
        )
        self.row.maybe = tuple(m.code for m in best)
        self.row.question = f"“{text}”有 {len(best)} 处：{names}，请写明县区 · name the county"


def _best(found: list[Match]) -> list[Match]:
    return [m for m in found if m.score == found[0].score] if found else []


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
    if not row.unit_code and not row.reasons and not row.maybe:
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
