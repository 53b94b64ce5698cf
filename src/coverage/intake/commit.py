"""The last step of an import: the report and what was made, whole or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from coverage.atomic import REPLACED, Content, disk_errors, file_digest, free, locked, write_files
from coverage.city import City
from coverage.download.licences import forgotten
from coverage.errors import InputError
from coverage.facilities import register_csv
from coverage.intake.outcomes import Findings, ImportReport
from coverage.intake.reportbook import workbook
from coverage.intake.reportpage import to_html
from coverage.messages import Lang, Said
from coverage.workspace import OWN, Role, check_inside

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coverage.intake.facilities import FacilityImport

Report = TypeVar("Report", bound=ImportReport)


def deliver(
    report: Report,
    folder: Path,
    files: Mapping[Path, Content],
    *,
    aside: Iterable[Path] = (),
    now: datetime | None = None,
    lang: Lang = "zh",
) -> Report:
    """Write what an import made, and the report of it, all together or not at all.

    The report goes into the folder ``intake``: a workbook and a page with every row, and the
    counts as JSON. What the files replace is kept in a folder ``replaced`` beside them.

    Args:
        report: What became of the file.
        folder: The workspace.
        files: Content by goal; they are renamed into place after the report.
        aside: Files that the new ones take the place of, see `coverage.atomic.write_files`.
        now: Moment that names the report.
        lang: Language of the report.

    Returns:
        The report, which now names the files written.

    Raises:
        InputError: If a file cannot be written; everything is then as before.
    """
    check_inside(folder, *(goal.parent for goal in files), folder / "intake")
    stamp = (now or datetime.now(UTC)).strftime("%Y%m%d-%H%M%S")
    base = folder / "intake" / f"{stamp}-{report.role}"
    copies: dict[Path, Content] = {}
    findings = Findings(report.findings)
    # What comes now is not what was downloaded, and must not be quoted as that.
    aside = tuple(aside)
    new = [goal for goal, content in files.items() if goal.is_file() and not _same(goal, content)]
    records = forgotten(*new, *aside)
    for goal in new:
        kept = free(goal.parent / REPLACED / f"{goal.stem}-{stamp}{goal.suffix}")
        copies[kept] = goal
        shown = kept.relative_to(folder).as_posix()
        findings.note(
            "replaced",
            f"原 {goal.name} 存为 {shown}；要恢复，把它复制为 {goal.name}",
            f"{goal.name} as it was is kept as {shown}; copy it to {goal.name} to go back",
        )
    report = replace(report, findings=tuple(findings))
    record = {
        "file": report.file,
        "rows": dict(report.counts),
        "to_check": report.to_check,
        "totals": dict(report.totals),
        "at": stamp,
        "changes": list(report.changes),
    }
    with locked(folder):  # imports of the same second, side by side, keep their reports apart
        book = free(base.with_name(f"{base.name}.xlsx"))
        with disk_errors(book):  # for the workbook is made in a temporary file
            content = workbook(report, lang)
        told: dict[Path, Content] = {
            book: content,
            book.with_suffix(".html"): to_html(report, lang),
            book.with_suffix(".json"): json.dumps(record, ensure_ascii=False, indent=1) + "\n",
        }
        write_files({**told, **copies, **records, **files}, aside=aside)
    return replace(report, written=tuple(files), reports=tuple(told))


def _same(path: Path, content: Content) -> bool:
    """Whether a file holds that content already."""
    if isinstance(content, Path):
        return file_digest(path) == file_digest(content)
    return path.read_bytes() == (content.encode() if isinstance(content, str) else content)


def commit(
    made: FacilityImport, folder: Path, *, now: datetime | None = None, lang: Lang = "zh"
) -> FacilityImport:
    """Write the workspace's register of what was taken and what stays, and the report of it.

    Where no row was taken, the report alone is written and the register stays.
    """
    files: dict[Path, Content] = {}
    if made.taken:
        goal = own_file(City.open(folder), "facilities")
        files[goal] = register_csv(made.register)
    return deliver(made, folder, files, now=now, lang=lang)


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
