"""The workbook of an import: every row with its outcome, to mend and to import again.

The cells at the right are the user's own and may be edited in place; what
stood there before is kept in the column before them. `coverage.intake.reimport`
finds such a workbook when it comes back.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from coverage.alike import archive, today
from coverage.formats.files import MOST_CHARACTERS
from coverage.formats.formulas import guarded
from coverage.formats.sheetxml import Line, Look, date_looks, look_of, rows_xml
from coverage.intake.report import View
from coverage.lists.reimport import BEFORE, FIRST
from coverage.lists.rows import OUTCOMES
from coverage.messages import Lang, Said
from coverage.text import width

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from coverage.intake.outcomes import ImportReport, Part, Row

SUMMARY = Said("汇总", "summary")
_FILL = {"rejected": "F8CBAD", "corrected": "FFF2CC", "accepted": "E2EFDA"}
_WHY_COLUMNS, _MOST_LINES, _LINE_POINTS = 42, 8, 15
_A4 = "9"
_NOT_IN_SHEETS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NOT_IN_NAMES = "[]:*?/\\'"


def workbook(report: ImportReport, lang: Lang = "zh") -> bytes:
    """The workbook as the content of an ``.xlsx`` file."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    view = View(report, lang)
    _summary(book.create_sheet(SUMMARY.to(lang)), view)
    by_part: dict[int, list[Row]] = {}
    rows: dict[str, Iterable[bytes]] = {}
    for row in report.outcomes:
        by_part.setdefault(row.part, []).append(row)
    for number, part in enumerate(report.parts):
        if number in by_part:
            sheet = book.create_sheet(_sheet_name(part, number + 1))
            lines = _rows(sheet, part, by_part[number], view)
            rows[f"xl/worksheets/sheet{len(book.worksheets)}.xml"] = lines
    out = io.BytesIO()
    book.save(out)
    return archive(out.getvalue(), today(), rows)


def _sheet_name(part: Part, number: int) -> str:
    name = "".join(c for c in (part.sheet or part.file) if c not in _NOT_IN_NAMES)
    return f"{number} {_NOT_IN_SHEETS.sub('', name)}"[:31].strip()


def _summary(sheet: Any, view: View) -> None:
    """What became of the whole: counts, findings, how each column was understood."""
    report, lang = view.report, view.lang
    sheet.column_dimensions["A"].width = 26
    sheet.column_dimensions["B"].width = 100
    _for_paper(sheet)
    head, plain = _styled(sheet, bold=True, size=14), _styled(sheet)
    sheet.append([head(view.summary)])
    sheet.append([])
    for outcome, count in report.counts.items():
        sheet.append([plain(OUTCOMES[outcome].to(lang)), plain(f"{count:,}")])  # type: ignore[index]
    for name, value in view.totals:
        sheet.append([plain(name), plain(value)])
    sheet.append([])
    bold = _styled(sheet, bold=True)
    marks = {"warning": Said("请看", "look"), "note": Said("说明", "note")}
    for finding in report.findings:
        sheet.append([bold(marks[finding.weight].to(lang)), plain(finding.said.to(lang))])
    for part in report.parts:
        sheet.append([])
        sheet.append([bold(view.part(part))])
        for use in part.uses:
            told = filter(None, (use.meaning.to(lang) or "—", use.why.to(lang)))
            sheet.append([plain(use.name), plain(("，" if lang == "zh" else ", ").join(told))])


def _styled(sheet: Any, *, bold: bool = False, size: int = 11, fill: str = "") -> Any:
    """A maker of cells of one look."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font, PatternFill

    font = Font(name="Calibri", bold=bold, size=size)
    wrapped = Alignment(wrap_text=not bold or bool(fill), vertical="top")
    ground = PatternFill("solid", fgColor=fill) if fill else None

    def make(value: object) -> Any:
        cell = WriteOnlyCell(sheet, value=_cell(value))
        cell.font, cell.alignment = font, wrapped
        if ground is not None:
            cell.fill = ground
        return cell

    return make


def _rows(sheet: Any, part: Part, rows: Iterable[Row], view: View) -> Iterator[bytes]:
    """Make the head of the sheet of a part, and say what its rows are in XML."""
    from openpyxl.utils import get_column_letter

    lang = view.lang
    first = [*FIRST, *((head, 12) for head in view.report.heads), (BEFORE, 30)]
    widths = [columns for _, columns in first] + [14] * len(part.columns)
    for index, columns in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = columns
    _for_paper(sheet)
    sheet.freeze_panes = "E2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(widths))}1"
    ours, theirs = (_styled(sheet, bold=True, fill=fill) for fill in ("DCE6F1", "FFF2CC"))
    names = [
        name or Said(f"列{n}", f"column {n}").to(lang) for n, name in enumerate(part.columns, 1)
    ]
    sheet.append([*(ours(h.to(lang)) for h, _ in first), *map(theirs, names)])
    looks = {outcome: look_of(_styled(sheet, fill=fill)("")) for outcome, fill in _FILL.items()}
    looks[""] = look_of(_styled(sheet)(""))
    return rows_xml(_lines(part, rows, view, looks), date_looks(sheet), first=2)


def _lines(part: Part, rows: Iterable[Row], view: View, looks: Mapping[str, int]) -> Iterator[Line]:
    """The rows of a part: where each stands, what became of it, and its cells."""
    for row in rows:
        outcome, told = row.outcome, view.joined(row.said)
        # Not every program makes room for text that it breaks into lines.
        lines = min(-(-width(told) // _WHY_COLUMNS), _MOST_LINES)
        # What stood there is said again only where the planner is likely to edit it.
        cells = view.cells(row)
        before = view.raw(cells) if outcome in {"rejected", "corrected"} else ""
        yield Line(
            [
                *(_cell(part.file), _cell(part.sheet), row.row),
                Look(view.outcome(row), looks.get(outcome, 0)),
                Look(_cell(told), looks[""]) if told else None,
                _cell(view.joined(row.checks)) if row.checks else None,
                _cell(row.unit_code),
                *map(_cell, view.became(row)),
                _cell(before),
                *map(_cell, cells),
            ],
            _LINE_POINTS * lines if lines > 1 else None,
        )


def _for_paper(sheet: Any) -> None:
    """Landscape, as wide as one page, the head on every page."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = _A4
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_setup.fitToHeight = 0
    sheet.print_title_rows = "1:1"


def _cell(value: Any) -> Any:
    """A value as a sheet can hold it: no formula, no control character, not too long."""
    if not isinstance(value, str):
        return value
    return guarded(_NOT_IN_SHEETS.sub("", value)[:MOST_CHARACTERS])
