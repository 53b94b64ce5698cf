"""The last step of an import: the report and what was made, whole or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from coverage.atomic import REPLACED, disk_errors, free, write_files
from coverage.city import City
from coverage.errors import InputError
from coverage.facilities import COLUMNS, register_rows
from coverage.formats.tables import csv_text
from coverage.intake.reportbook import workbook
from coverage.intake.reportpage import to_html
from coverage.lists.rows import Finding
from coverage.messages import Said
from coverage.workspace import OWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from coverage.atomic import Content
    from coverage.intake.facilities import FacilityImport
    from coverage.intake.outcomes import ImportReport
    from coverage.messages import Lang
    from coverage.workspace import Role


def deliver(
    report: ImportReport,
    folder: Path,
    files: Mapping[Path, Content],
    *,
    copies: Mapping[Path, Content] | None = None,
    aside: Iterable[Path] = (),
    now: datetime | None = None,
    lang: Lang = "zh",
) -> ImportReport:
    """Write what an import made, and the report of it, all together or not at all.

    The report goes into the folder ``intake``: a workbook and a page with every row, and the
    counts as JSON.

    Args:
        report: What became of the file.
        folder: The workspace.
        files: Content by goal; they are renamed into place after the report.
        copies: Copies of what is replaced, likewise; they are no files that the import made.
        aside: Files that the new ones take the place of, see `coverage.atomic.write_files`.
        now: Moment that names the report.
        lang: Language of the report.

    Returns:
        The report, which now names the files written.

    Raises:
        InputError: If a file cannot be written; everything is then as before.
    """
    stamp = (now or datetime.now(UTC)).strftime("%Y%m%d-%H%M%S")
    base = folder / "intake" / f"{stamp}-{report.role}"
    record = {
        "file": report.file,
        "rows": dict(report.counts),
        "to_check": report.to_check,
        "totals": dict(report.totals),
        "at": stamp,
        "changes": list(report.changes),
    }
    book = base.with_name(f"{base.name}.xlsx")
    with disk_errors(book):  # for the workbook is made in a temporary file
        content = workbook(report, lang)
    told: dict[Path, Content] = {
        book: content,
        base.with_name(f"{base.name}.html"): to_html(report, lang),
        base.with_name(f"{base.name}.json"): json.dumps(record, ensure_ascii=False, indent=1)
        + "\n",
    }
    write_files({**told, **(copies or {}), **files}, aside=aside)
    return replace(report, written=tuple(files), reports=tuple(told))


def commit(
    made: FacilityImport,
    folder: Path,
    *,
    now: datetime | None = None,
    lang: Lang = "zh",
) -> ImportReport:
    """Write the workspace's register of what was taken and what stays, and the report of it.

    The register of before is kept in the folder ``replaced``. Where no row was taken, the report
    alone is written and the register stays.
    """
    report: ImportReport = made
    files: dict[Path, Content] = {}
    copies: dict[Path, Content] = {}
    if made.facilities:
        text = csv_text(COLUMNS, register_rows(made.register), bom=True)
        goal = own_file(City.open(folder), "facilities")
        files[goal] = text
        if goal.is_file() and goal.read_bytes() != text.encode("utf-8"):
            now = now or datetime.now(UTC)
            name = f"{goal.stem}-{now:%Y%m%d-%H%M%S}{goal.suffix}"
            copy = free(goal.parent / REPLACED / name)
            copies[copy] = goal
            shown = copy.relative_to(folder).as_posix()
            said = Said(
                f"原登记册存为 {shown}；要恢复，把它复制为 {goal.name}",
                f"the register of before is kept as {shown}; copy it to {goal.name} to go back",
            )
            kept = Finding("previous.kept", "note", said)
            report = replace(report, findings=(*report.findings, kept))
    return deliver(report, folder, files, copies=copies, now=now, lang=lang)


def own_file(city: City, role: Role) -> Path:
    """Where a workspace keeps its own file of a role: as `city.toml` says, else the usual place.

    Raises:
        InputError: If the city has no workspace.
    """
    if city.workspace is None:
        raise InputError(
            Said("导入需要工作区", "an import needs a workspace: run 'coverage init' first")
        )
    return city.workspace.files.get(role) or city.workspace.folder / OWN[role][0]
