"""The last step of an import: reports first, then the register, whole or not at all."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from coverage.facilities import COLUMNS
from coverage.intake.report import to_html, write_workbook
from coverage.tables import csv_text, write_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from coverage.facilities import Facility
    from coverage.intake.judged import FacilityIntake
    from coverage.units import Units

REGISTER = "facilities.csv"


def register_rows(facilities: Iterable[Facility]) -> list[list[object]]:
    """Facilities as rows of a register, in the order of `COLUMNS`."""
    return [
        [
            f.id,
            f.name,
            f.kind,
            f.category,
            ";".join(sorted(f.services)),
            f.beds,
            f.nursing_beds,
            f.floor_area,
            f.ownership,
            f.unit_code,
            f.lon,
            f.lat,
            f.status,
            f.opened.isoformat() if f.opened else None,
            f.source,
            f.provenance,
            f.note,
        ]
        for f in facilities
    ]


def commit(
    intake: FacilityIntake, folder: Path, *, units: Units, now: datetime | None = None
) -> list[Path]:
    """Write the reports, then replace the workspace's register.

    A crash before the last step leaves the previous register as it was: it is
    written beside its goal and renamed. So does an import of which no row is accepted: an
    empty register is no register.

    Returns:
        The files written, the register last.
    """
    stamp = (now or datetime.now(UTC)).strftime("%Y%m%d-%H%M%S")
    reports = folder / "intake"
    reports.mkdir(parents=True, exist_ok=True)
    book = reports / f"{stamp}-facilities.xlsx"
    half = reports / f".{book.name}"
    write_workbook(intake, half, units)
    half.replace(book)
    page = reports / f"{stamp}-facilities.html"
    write_text(page, to_html(intake, units))
    counts: dict[str, object] = {
        "rows": dict(intake.counts),
        "to_check": intake.to_check,
        "register": len(intake.facilities),
        "at": stamp,
    }
    if intake.compared is not None:
        counts["changes"] = [asdict(line) for line in intake.compared.lines]
    record = reports / f"{stamp}-facilities.json"
    write_text(record, json.dumps(counts, ensure_ascii=False, indent=1) + "\n")
    if not intake.facilities:
        return [book, page, record]
    register = folder / REGISTER
    write_text(register, csv_text(COLUMNS, register_rows(intake.facilities), bom=True))
    return [book, page, record, register]
