"""The import of facilities as a report like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coverage.intake.aliases import FIELDS
from coverage.intake.findings import ImportReport, RowOutcome, Use, bilingual
from coverage.intake.parts import part_of
from coverage.kinds import KINDS
from coverage.text import Said

if TYPE_CHECKING:
    from coverage.intake.facilities import FacilityIntake, Judged, SheetJudged
    from coverage.intake.findings import Finding, Outcome, Part

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


def account(intake: FacilityIntake, findings: tuple[Finding, ...] = ()) -> ImportReport:
    """Every row of an import of facilities, its sheets, and `findings` about the whole."""
    number = {id(s.sheet): n for n, s in enumerate(intake.sheets)}
    files = "、".join(dict.fromkeys(s.sheet.file for s in intake.sheets))
    return ImportReport(
        "facilities",
        files,
        (),
        tuple(_outcome(row, number[id(row.sheet)]) for row in intake.rows),
        findings,
        {"register": float(len(intake.facilities))},
        parts=tuple(_part(sheet) for sheet in intake.sheets),
        heads=HEADS,
        keep_personal=intake.keep_personal,
    )


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
    )


def _part(judged: SheetJudged) -> Part:
    said = []
    if judged.detection is not None:
        sure, reason = f"{judged.detection.confidence:.0%}", judged.detection.reason
        said.append(
            Said(
                f"坐标系 {judged.datum or '无法判定'}（把握 {sure}：{reason.zh}）",
                f"datum {judged.datum or 'not to be told'} ({sure} sure: {reason.en})",
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
