"""Cells and sheets of a workbook: text stays text, numbers stay numbers, pages print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

if TYPE_CHECKING:
    from collections.abc import Sequence

FONT = "微软雅黑"
_HEAD = PatternFill("solid", fgColor="1F4E79")


@dataclass(frozen=True)
class Formula:
    """A cell that is a formula on purpose; no other cell ever is."""

    text: str
    looks: str = "#,##0.##"

    def __str__(self) -> str:
        return self.text


def put_text(
    cell: Any,
    text: str,
    *,
    bold: bool = False,
    size: int = 11,
    colour: str = "1D2733",
    wrap: bool = False,
) -> None:
    """Text that stays text: a name such as =1+1 is neither run nor offered to be run."""
    cell.value = text
    cell.data_type = "s"
    if text[:1] in {"=", "+", "-", "@"}:
        cell.quotePrefix = True
    cell.font = Font(name=FONT, bold=bold, size=size, color=colour)
    if wrap or "\n" in text:
        cell.alignment = Alignment(wrap_text=True, vertical="top")


def put(cell: Any, value: Any, *, plain_year: bool = False, place: bool = False) -> None:
    """A number, a formula or a text, each in its own looks; `None` leaves the cell empty."""
    if value is None:
        return
    if isinstance(value, Formula):
        cell.value = str(value)
        cell.number_format = value.looks
    elif isinstance(value, str):
        put_text(cell, value)
        return
    else:
        cell.value = value
        whole = float(value).is_integer()
        cell.number_format = "0.00000" if place else "#,##0" if whole else "#,##0.0##"
        if plain_year:
            cell.number_format = "0"
    cell.font = Font(name=FONT)


def put_header(sheet: Any, row: int, head: Sequence[str]) -> None:
    """The heads of a list's columns."""
    for column, name in enumerate(head, start=1):
        cell = sheet.cell(row, column)
        put_text(cell, name, bold=True, colour="FFFFFF")
        cell.fill = _HEAD
        cell.alignment = Alignment(wrap_text=True, vertical="center")


def finish(
    sheet: Any,
    header: int,
    columns: int,
    *,
    widths: Sequence[float],
    landscape: bool = False,
    freeze: bool = True,
) -> None:
    """Frozen header, print area on as many pages as needed, one page wide, header on each."""
    for index, size in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = size
    if freeze:
        sheet.freeze_panes = sheet.cell(header + 1, 1)
        sheet.print_title_rows = f"{header}:{header}"
    last = max(columns, sheet.max_column)
    sheet.print_area = f"A1:{get_column_letter(last)}{sheet.max_row}"
    sheet.page_setup.orientation = "landscape" if landscape else "portrait"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.oddFooter.center.text = "— &P —"
