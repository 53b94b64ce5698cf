"""What became of every row: on the terminal, as a page, and as a workbook to mend and send back."""

from __future__ import annotations

import html
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from coverage.intake.personal import redact
from coverage.intake.values import harmless
from coverage.kinds import KINDS
from coverage.reports.table import WIDTH
from coverage.text import wrap

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from coverage.intake.judged import FacilityIntake, Judged, SheetJudged
    from coverage.units import Units

OUTCOMES = {
    "accepted": "接受",
    "rejected": "退回",
    "title": "标题行",
    "header": "表头",
    "blank": "空行",
    "total": "合计行",
    "note": "说明行",
}
PLACES = {"coordinates": "坐标", "seat": "乡镇驻地", "none": "未定位"}
_HEAD = (
    "文件",
    "工作表",
    "行",
    "结果",
    "退回原因",
    "更正",
    "请核对",
    "识别为",
    "单元",
    "定位",
    "经度",
    "纬度",
    "修改后",
)
_SHOWN = 20
_PAGE = 5_000
_FILL = {"rejected": "F8CBAD", "accepted": "E2EFDA"}


def summary(intake: FacilityIntake) -> str:
    """One line: rows accepted and rejected, which add up, and rows that are no data."""
    counts = intake.counts
    data = counts["accepted"] + counts["rejected"]
    rest = sum(counts.values()) - data
    return (
        f"数据 {data:,} 行：接受 {counts['accepted']:,}，退回 {counts['rejected']:,}；"
        f"另有标题、合计、空行等 {rest:,} 行"
        + (f"；接受的有 {intake.to_check:,} 行请核对" if intake.to_check else "")
    )


def show(intake: FacilityIntake, to: Console, *, units: Units, columns: bool = False) -> None:
    """Print the summary, what to look at, what changed, and on request each column."""
    to.print(Text(summary(intake), style="bold"))
    for sheet in intake.sheets:
        to.print(Text(_sheet_line(sheet)), soft_wrap=True)
        if columns:
            to.print(_columns_table(sheet))
    corrected = sum(bool(r.corrections) and r.outcome == "accepted" for r in intake.rows)
    if corrected:
        to.print(Text(f" · {corrected:,} 行接受时有更正（见报告）"), soft_wrap=True)
    _list(to, [f.said.zh for f in intake.findings if f.weight == "warning"], "?", "yellow")
    _list(to, [f.said.zh for f in intake.findings if f.weight == "note"], "·", "")
    rejected = [r for r in intake.rows if r.outcome == "rejected"]
    _list(to, [f"{_where(r)}：{'；'.join(r.reasons)}" for r in rejected], "!", "red")
    odd = [r for r in intake.rows if r.findings and r.outcome == "accepted"]
    _list(to, [f"{_where(r)}：{_findings(r)}" for r in odd], "?", "yellow")
    _list(to, changes(intake, units), "Δ", "")


def _list(to: Console, lines: list[str], mark: str, style: str) -> None:
    """The first lines of a list, folded to the page, and how many there are."""
    for line in lines[:_SHOWN]:
        for number, part in enumerate(wrap(line, WIDTH - 4)):
            to.print(Text(f" {mark if number == 0 else ' '} {part}", style=style), soft_wrap=True)
    if len(lines) > _SHOWN:
        to.print(Text(f" … 共 {len(lines):,} 条，见报告"), soft_wrap=True)


def _where(row: Judged) -> str:
    return " ".join(
        filter(None, (row.sheet.file, row.sheet.sheet, f"第 {row.taken.row.number} 行"))
    )


def _findings(row: Judged) -> str:
    return "；".join(finding.said.zh for finding in row.findings)


def changes(intake: FacilityIntake, units: Units) -> list[str]:
    """What the import changes against the register of before, nothing without one."""
    if intake.compared is None:
        return []
    return [intake.compared.said.zh, *(line.said(units).zh for line in intake.compared.lines)]


def _sheet_line(sheet: SheetJudged) -> str:
    name = f"{sheet.sheet.file} {sheet.sheet.sheet}".strip()
    parts = [f" {name}"]
    if sheet.aside:
        return f" {name}：{'隐藏的工作表，' if sheet.sheet.hidden else ''}未导入"
    if sheet.sheet.encoding:
        parts.append(f"编码 {sheet.sheet.encoding}")
    if sheet.detection is not None:
        sure = f"{sheet.detection.confidence:.0%}"
        named = sheet.datum or "无法判定"
        parts.append(f"坐标系 {named}（把握 {sure}：{sheet.detection.reason.zh}）")
    elif sheet.datum:
        parts.append(f"坐标系 {sheet.datum}（已注明）")
    parts += sheet.sheet.notes
    if sheet.understanding.personal:
        parts.append(f"略去个人信息列 {'、'.join(sheet.understanding.personal)}")
    return "；".join(parts)


def _columns_table(sheet: SheetJudged) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name, width in (("列", 26), ("理解为", 20), ("方式", 10), ("把握", 6), ("说明", 30)):
        table.add_column(name, width=width, overflow="fold")
    for use in sheet.understanding.columns:
        table.add_row(use.name, use.field or "—", use.how, f"{use.score:.2f}", use.reason)
    return table


def write_workbook(intake: FacilityIntake, path: Path, units: Units) -> None:
    """One row per input row with its original cells, and a column to write the mended value in."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import PatternFill

    book = Workbook(write_only=True)
    rows = defaultdict(list)
    for row in intake.rows:
        rows[id(row.sheet)].append(row)
    for sheet in intake.sheets:
        made: Any = book.create_sheet(_sheet_name(sheet, len(book.worksheets)))
        made.freeze_panes = "A2"
        # One coloured cell an outcome, written again and again: a style is hashed for every cell.
        coloured = {}
        for outcome, colour in _FILL.items():
            coloured[outcome] = WriteOnlyCell(made, value=OUTCOMES[outcome])
            coloured[outcome].fill = PatternFill("solid", fgColor=colour)
        names = [harmless(c) or f"列{n}" for n, c in enumerate(sheet.sheet.columns, 1)]
        made.append([*_HEAD, *names])
        for row in rows[id(sheet.sheet)]:
            cells = [harmless(cell) for cell in (*_cells(row), *originals(row, intake))]
            cells[3] = coloured.get(row.outcome, cells[3])
            made.append(cells)
    lines = [*(f.said.zh for f in intake.findings), *changes(intake, units)]
    if lines:
        whole: Any = book.create_sheet("整体核对")
        for line in lines:
            whole.append([harmless(line)])
    book.save(path)


def _sheet_name(sheet: SheetJudged, number: int) -> str:
    name = "".join(c for c in (sheet.sheet.sheet or sheet.sheet.file) if c not in "[]:*?/\\'")
    return f"{number + 1} {name}"[:31]


def _cells(row: Judged) -> list[Any]:
    return [
        row.sheet.file,
        row.sheet.sheet,
        row.taken.row.number,
        OUTCOMES[row.outcome],
        "；".join(row.reasons),
        "；".join(row.corrections),
        _findings(row),
        "；".join(KINDS[f.kind].zh for f in row.facilities),
        row.unit_code,
        PLACES[row.place] if row.outcome == "accepted" else "",
        row.lon,
        row.lat,
        "",
    ]


def originals(row: Judged, intake: FacilityIntake) -> list[Any]:
    """The row's own cells; without `keep_personal`, none that belong to a person.

    A report is sent round more freely than the list it is made from: personal
    columns stay empty in it, and ID and mobile numbers anywhere are masked.
    """
    cells = list(row.taken.row.cells)
    if intake.keep_personal:
        return cells
    personal = intake.personal[id(row.sheet)]
    return [
        None if row.is_data and index in personal else _masked(cell)
        for index, cell in enumerate(cells)
    ]


def _masked(cell: Any) -> Any:
    whole = isinstance(cell, float) and cell.is_integer()
    shown, found = redact(f"{cell:.0f}" if whole else str(cell))
    return shown if found else cell


def _html_row(row: Judged, intake: FacilityIntake) -> str:
    original = " | ".join("" if c is None else str(c) for c in originals(row, intake))
    cells = ["" if c is None else str(c) for c in (*_cells(row)[:12], original)]
    return f"<tr class={row.outcome}>{''.join(f'<td>{html.escape(c)}</td>' for c in cells)}</tr>"


def _weight(row: Judged) -> int:
    """What a page shows first: what is rejected, then what is to be checked."""
    return 0 if row.outcome == "rejected" else 1 if row.findings else 2


def to_html(intake: FacilityIntake, units: Units) -> str:
    """A page of its own: summary, changes, and every row rejected, corrected or to look at."""
    told = [r for r in intake.rows if r.outcome == "rejected" or r.corrections or r.findings]
    # A page of a hundred thousand rows opens nowhere; the workbook has them all.
    rows = sorted(told, key=_weight)[:_PAGE]
    body = "".join(_html_row(row, intake) for row in rows)
    head = "".join(f"<th>{h}</th>" for h in (*_HEAD[:12], "原值"))
    lines = [_sheet_line(s) for s in intake.sheets]
    lines += [f.said.zh for f in intake.findings] + changes(intake, units)
    if len(told) > _PAGE:
        lines.append(f"本页只列 {_PAGE:,} 行，全部 {len(told):,} 行见同名 .xlsx")
    sheets = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return (
        "<!doctype html><html lang=zh><meta charset=utf-8><title>导入报告</title>"
        "<meta name=viewport content='width=device-width'><style>"
        "body{font:15px/1.5 sans-serif;margin:1.5em}table{border-collapse:collapse}"
        "td,th{border:1px solid #ccc;padding:.2em .5em;vertical-align:top;text-align:left}"
        "th,td:nth-child(4),td:nth-child(10){white-space:nowrap}"
        "tr.rejected td:nth-child(4){background:#f8cbad}"
        "tr.accepted td:nth-child(4){background:#e2efda}"
        "td:nth-child(7):not(:empty){background:#fff2cc}"
        f"</style><h1>导入报告</h1><p>{html.escape(summary(intake))}</p><ul>{sheets}</ul>"
        f"<table><tr>{head}</tr>{body}</table></html>\n"
    )
