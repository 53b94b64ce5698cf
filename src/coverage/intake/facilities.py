"""From a bureau's files to a register: every row judged, placed, and accounted for.

`coverage.intake.rows` says what each row means by itself; here rows get a
unit and a place, are held against the ground, one another and the last
register, and become facilities. Nothing is guessed in silence: a datum that
is not stated is detected with a confidence, a name that fits two places is
refused with both. What is odd but can be used is kept and noted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

from coverage.errors import InputError, Problem
from coverage.facilities import Facility
from coverage.intake.columns import understand
from coverage.intake.findings import Finding, ordered
from coverage.intake.geocoding import geocode
from coverage.intake.ground import judge_places
from coverage.intake.judged import FacilityIntake, Judged, SheetJudged
from coverage.intake.ledger import is_filled, is_ledger, read_ledger_row
from coverage.intake.locate import find_units, place
from coverage.intake.nearby import judge_neighbours
from coverage.intake.previous import MADE, compare, kept_beside
from coverage.intake.reading import read_file
from coverage.intake.rows import TakenRow, take_rows
from coverage.intake.sums import judge_totals, judge_values
from coverage.intake.values import clean_text
from coverage.kinds import KINDS
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from coverage.city import City
    from coverage.download.geocode import Geocoder
    from coverage.intake.columns import Understanding
    from coverage.intake.previous import Replace
    from coverage.intake.sheets import RawSheet


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
    replacing: Replace = "kinds",
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
        replacing: What of the register of before goes, see `coverage.intake.previous.kept_beside`.

    Raises:
        InputError: If a file cannot be read at all, or the workspace's own register cannot and
            something of it would stay.
    """
    rows: list[Judged] = []
    sheets: list[SheetJudged] = []
    findings: list[Finding] = []
    for path in paths:
        for sheet in read_file(path):
            judged, mine = _judge_sheet(sheet, city, datum, mapping or {}, kind, keep_personal)
            sheets.append(judged)
            rows += mine
            if not judged.aside:
                findings += judge_totals(mine, judged.understanding)
    data = [row for row in rows if row.is_data]
    if not data:
        raise InputError(Said("文件中没有数据行", "the files hold no row of data"))
    if geocoder is not None:
        geocode([r for r in data if r.outcome == "accepted" and r.ledger is None], city, geocoder)
    findings += judge_places(data, city)
    judge_values(data, (today or datetime.now(UTC)).date())
    judge_neighbours([r for r in data if r.outcome == "accepted" and r.ledger is None], city)
    _make(rows)
    made = FacilityIntake(tuple(rows), tuple(sheets), keep_personal, ordered(findings))
    return _beside_before(made, city, replacing)


def _beside_before(made: FacilityIntake, city: City, replacing: Replace) -> FacilityIntake:
    """The import beside what stays of the workspace's own register, where there is one."""
    if city.origin("facilities") != "own":
        return made
    try:
        before = city.register.facilities
    except InputError as error:
        if replacing != "all":
            reason = (
                "登记册读不出来，无从合并：改好它，或用 --replace-all 整个换掉 · the register "
                "cannot be read and added to: mend it, or replace it whole with --replace-all"
            )
            raise InputError(
                [*error.problems, Problem(reason, city.file("facilities").name)]
            ) from error
        said = Said(
            f"上次的登记册读不出来，没有对比：{error.problems[0]}",
            f"the register of before cannot be read and was not compared: {error.problems[0]}",
        )
        broken = Finding("previous.broken", "warning", said)
        return replace(made, findings=ordered([*made.findings, broken]))
    files = {sheet.sheet.file for sheet in made.sheets}
    kept = kept_beside(before, made.facilities, files, city.units, replace=replacing)
    _own_ids(made.rows, {f.id for f in kept})
    made = replace(made, before=before, kept=kept)
    return replace(made, compared=compare(before, made.register, city.units))


def _judge_sheet(
    sheet: RawSheet,
    city: City,
    datum: str | None,
    mapping: Mapping[str, str],
    kind: str | None,
    keep_personal: bool,
) -> tuple[SheetJudged, list[Judged]]:
    use = understand(sheet, mapping=mapping)
    judged = SheetJudged(sheet, use, None, None)
    if judged.aside:
        return judged, [Judged(sheet, TakenRow(row, "note")) for row in sheet.rows]
    if is_ledger(use):
        return judged, _ledger_rows(sheet, use, city)
    mine = [
        Judged(sheet, taken)
        for taken in take_rows(sheet, use, kind=kind, keep_personal=keep_personal)
    ]
    for row in mine:
        row.reasons += [str(p.reason) for p in row.taken.problems]
        row.corrections += row.taken.corrections
    data = [row for row in mine if row.is_data]
    find_units(sheet, data, city)
    judged = place(sheet, use, data, city, datum)
    _name([row for row in data if not (row.taken.fields.get("name") or row.reasons)], city)
    return judged, mine


def _name(rows: Sequence[Judged], city: City) -> None:
    """Names for the rows of a list that has no column of names, by unit and kind, numbered."""
    made: Counter[str] = Counter()
    for row in rows:
        kind = KINDS.get(str(row.taken.fields.get("kind")))
        if kind is None:
            row.reasons.append("没有名称也没有类型 · neither a name nor a kind")
            continue
        name = f"{city.units.name(row.unit_code)}{kind.zh}"
        made[name] += 1
        row.taken.fields["name"] = f"{name}{made[name]}" if made[name] > 1 else name
        row.corrections.append("没有名称，按单元和类型命名 · named by its unit and kind")


def _ledger_rows(sheet: RawSheet, use: Understanding, city: City) -> list[Judged]:
    """Rows of a ledger: each township's facilities, placed at its seat."""
    names = {
        column.index: str(column.field)
        for column in use.columns
        if column.field in {"unit_code", "county", "township", "village"}
    }
    rows = []
    filled = []
    for raw in sheet.rows:
        role = raw.role if raw.role != "data" or is_filled(use, raw) else "blank"
        if role != "data":
            rows.append(Judged(sheet, TakenRow(raw, role)))
            continue
        fields: dict[str, object] = {f: clean_text(raw.get(n)) for n, f in names.items()}
        row = Judged(sheet, TakenRow(raw, "accepted", fields=fields))
        row.ledger, row.reasons, row.corrections = read_ledger_row(use, raw)
        if not row.ledger and not row.reasons:
            row.corrections.append("该单元没有所列设施 · it has none of these")
        rows.append(row)
        filled.append(row)
    find_units(sheet, filled, city)
    for row in filled:
        unit = city.units.get(row.unit_code[:9])
        if unit is not None and unit.placed:
            row.place = "seat"
        if not (row.unit_code or row.found.maybe or row.reasons):
            row.reasons.append("没有写明乡镇 · no township is stated")
    return rows


def _make(rows: Sequence[Judged]) -> None:
    """Facilities of the accepted rows, each with an id of its own."""
    accepted = [row for row in rows if row.outcome == "accepted"]
    used: set[str] = set()
    stated = {str(row.taken.fields["id"]) for row in accepted if row.taken.fields.get("id")}
    for number, row in enumerate(accepted, start=1):
        for f in row.ledger if row.ledger is not None else [row.taken.fields]:
            wanted = str(f.get("id") or f"{MADE}{number:05d}")
            id_ = _free_id(wanted, used, stated)
            if id_ != wanted and row.ledger is None:
                row.corrections.append(f"编号 {wanted} 重复，改为 {id_}")
            used.add(id_)
            row.facilities.append(_facility(row, id_, f))


def _free_id(wanted: str, used: Collection[str], stated: Collection[str] = ()) -> str:
    """The id itself if it is free, else with the first number that makes it so."""
    id_, again = wanted, 1
    while id_ in used or (again > 1 and id_ in stated):
        again += 1
        id_ = f"{wanted}-{again}"
    return id_


def _own_ids(rows: Sequence[Judged], kept: set[str]) -> None:
    """Other ids for new facilities whose ids stand in the register already."""
    used = kept | {f.id for row in rows for f in row.facilities}
    numbers = (id_ for n in count(1) if (id_ := f"{MADE}{n:05d}") not in used)
    for row in rows:
        for n, facility in enumerate(row.facilities):
            if facility.id not in kept:
                continue
            made = facility.id.startswith(MADE)
            id_ = next(numbers) if made else _free_id(facility.id, used)
            if not made:
                row.corrections.append(f"编号 {facility.id} 在登记册中已有，改为 {id_}")
            used.add(id_)
            row.facilities[n] = replace(facility, id=id_)


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
