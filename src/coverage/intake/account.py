"""The import of facilities as a report like any other."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from coverage.intake.aliases import FIELDS
from coverage.intake.findings import Finding, ImportReport, RowOutcome, Use, bilingual
from coverage.intake.parts import part_of
from coverage.kinds import KINDS
from coverage.messages import Said

if TYPE_CHECKING:
    from coverage.intake.findings import Outcome, Part
    from coverage.intake.judged import FacilityIntake, Judged, SheetJudged
    from coverage.units import Units

PLACES = {
    "coordinates": Said("坐标", "coordinates"),
    "geocoded": Said("地理编码", "geocoded"),
    "seat": Said("乡镇驻地", "township seat"),
    "none": Said("未定位", "not placed"),
}
HEADS = (
    Said("识别为", "kind"),
    Said("定位", "placed by"),
    Said("经度", "lon"),
    Said("纬度", "lat"),
)


def account(intake: FacilityIntake, units: Units) -> ImportReport:
    """Every row of an import of facilities, its sheets, and what was found about the whole."""
    number = {id(s.sheet): n for n, s in enumerate(intake.sheets)}
    files = "、".join(dict.fromkeys(s.sheet.file for s in intake.sheets))
    return ImportReport(
        "facilities",
        files,
        (),
        tuple(_outcome(row, number[id(row.sheet)]) for row in intake.rows),
        (*intake.findings, *_changes(intake, units)),
        _totals(intake),
        parts=tuple(_part(sheet) for sheet in intake.sheets),
        heads=HEADS,
        changes=tuple(map(asdict, intake.compared.lines)) if intake.compared else (),
        keep_personal=intake.keep_personal,
    )


def _totals(intake: FacilityIntake) -> dict[str, float]:
    """How many facilities the register holds, and what they are beside one of before."""
    totals = {"register": float(len(intake.register))}
    if intake.before:
        kept = float(len(intake.kept))
        totals |= {
            "added": float(len(intake.facilities)),
            "replaced": len(intake.before) - kept,
            "kept": kept,
        }
    return totals


def _changes(intake: FacilityIntake, units: Units) -> list[Finding]:
    """What differs from the register of before, nothing without one."""
    if intake.compared is None:
        return []
    lines = [intake.compared.said, *(line.said(units) for line in intake.compared.lines)]
    if intake.kept:
        kinds = Counter(KINDS[f.kind] for f in intake.kept).most_common()
        zh = "、".join(f"{kind.zh} {n:,}" for kind, n in kinds)
        en = ", ".join(f"{kind.en} {n:,}" for kind, n in kinds)
        lines.append(
            Said(
                f"登记册中其他名录的设施保留：{zh}（全部换掉用 --replace-all）",
                f"facilities of other lists are kept: {en} (--replace-all would take them out)",
            )
        )
    return [Finding("previous", "note", said) for said in lines]


def _outcome(row: Judged, part: int) -> RowOutcome:
    outcome: Outcome = row.outcome  # type: ignore[assignment]
    if outcome == "accepted" and row.corrections:
        outcome = "corrected"
    taken = row.outcome == "accepted"
    return RowOutcome(
        row.taken.row.number,
        row.sheet.sheet,
        row.unit_code,
        str(row.taken.fields.get("name") or ""),
        outcome,
        tuple(map(bilingual, (*row.reasons, *row.corrections))),
        tuple(row.taken.row.cells),
        (
            "；".join(KINDS[f.kind].zh for f in row.facilities),
            PLACES[row.place].zh if taken else "",
            row.lon,
            row.lat,
        ),
        part,
        tuple(finding.said for finding in row.findings),
    )


def _part(judged: SheetJudged) -> Part:
    said = [Said(note, note) for note in judged.sheet.notes]
    if judged.aside and judged.sheet.hidden:
        said.append(Said("隐藏的工作表，未导入", "a hidden sheet: not imported"))
    if judged.detection is not None:
        sure, reason = f"{judged.detection.confidence:.0%}", judged.detection.reason
        said.append(
            Said(
                f"坐标系 {judged.datum}（把握 {sure}：{reason.zh}）",
                f"datum {judged.datum} ({sure} sure: {reason.en})",
            )
            if judged.datum
            else Said(
                f"坐标系无法判定，坐标未采用，请用 --datum 写明（把握 {sure}：{reason.zh}）",
                f"the datum cannot be told and coordinates were not used: state it with --datum "
                f"({sure} sure: {reason.en})",
            )
        )
    elif judged.datum:
        said.append(Said(f"坐标系 {judged.datum}（已注明）", f"datum {judged.datum}, as is stated"))
    columns = judged.understanding.columns
    uses = [Use(u.name, _meaning(u.field), u.how, u.score, u.reason) for u in columns]
    return part_of(judged.sheet, uses, said, judged.understanding)


def _meaning(field: str | None) -> str:
    """A field in both languages; a column of one service or one kind by the name of that."""
    head, _, tail = (field or "").partition(":")
    if tail:
        kind = KINDS.get(tail)
        return f"{kind.zh} {kind.en}" if kind else f"服务 service {tail}"
    return " ".join(FIELDS.get(head, (head,)))
