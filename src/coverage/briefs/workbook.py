"""The workbook: real numbers, and live formulas wherever a total or a ratio follows from rows.

Every indicator with a list behind it has a sheet of that list; its numerator,
denominator, value and gaps are formulas over the list, so that a planner who
changes a row sees what it does. Text from data is never a formula.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

from openpyxl import Workbook
from openpyxl.formatting.rule import CellIsRule, DataBarRule, FormulaRule
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from coverage.briefs.pages import Pages, describe, json_text, record_of
from coverage.formats.formulas import runs
from coverage.messages import Said
from coverage.results.document import HIDDEN, Aim, Indicator, known
from coverage.results.figures import ends
from coverage.results.table import STATUS_COLOURS, plain
from coverage.results.vocabulary import GROUPS, HEADS
from coverage.text import width

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


FONT = "微软雅黑"
RECORD_SHEET = Said("记录", "record")
SUMMARY = Said("汇总", "summary")
_TOWNSHIPS, _FACILITIES = Said("乡镇", "townships"), Said("设施", "facilities")
_METHOD = Said("方法与来源", "method")
# Tables of the brief that are sheets as they are.
_SHEETS = {
    "proposal": Said("方案", "proposal"),
    "before_after": Said("方案前后", "before and after"),
    "kinds": Said("设施类别", "kinds"),
    "reported": Said("填报指标", "reported"),
    "projects": Said("重大项目", "projects"),
}
_BOUNDS = Said("不作假定", "no assumption")
_DRAWN = Said("抽样 P5–P95", "draws, P5–P95")
_COVERED, _MISSING = Said("已覆盖", "covered"), Said("未覆盖", "missing")
_FORBIDDEN = re.compile(r"[\[\]:*?/\\'《》“”‘’]")
_HEAD, _LACKS = PatternFill("solid", fgColor="1F4E79"), PatternFill("solid", bgColor="FBE9E1")
_FIRST = 8  # row of the first unit or facility behind an indicator
_SUMMARY_HEADS = (
    *("indicator", "unit", "numerator", "denominator", "now", "year"),
    *("op", "target", "gap_points", "gap_units", "status", "clause", "low", "high", "range_of"),
)
_SUMMARY_WIDTHS = (44, 10, 11, 11, 10, 9, 7, 9, 14, 14, 10, 30, 9, 9, 16)
_COUNTED = ("id", "name", "unit_name", "provenance", "beds", "nursing_beds", "floor_area")
_REGISTER = (
    *("id", "name", "kind", "tier", "unit_name", "beds", "nursing_beds", "floor_area"),
    *("land_area", "capacity_total", "capacity_used", "grade", "ownership", "partner"),
    *("status", "closed", "lon", "lat", "provenance", "source"),
)
_NAMED = {"kind", "tier", "status", "provenance"}  # columns of which documents show the name


@dataclass(frozen=True)
class Formula:
    """A cell that is a formula on purpose; no other cell ever is."""

    text: str
    looks: str = "#,##0.##"


@cache
def _font(**looks: Any) -> Font:
    return Font(name=FONT, **looks)


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
    cell.value = str(text)
    cell.data_type = "s"
    if runs(text):
        cell.quotePrefix = True
    cell.font = _font(bold=bold, size=size, color=colour)
    if wrap or "\n" in text:
        cell.alignment = Alignment(wrap_text=True, vertical="top")


def put(cell: Any, value: Any, looks: str = "") -> None:
    """A number, a formula or a text, each in its own looks; `None` leaves the cell empty."""
    if value is None:
        return
    if isinstance(value, str):
        put_text(cell, value)
        return
    if isinstance(value, Formula):
        cell.value, cell.number_format = value.text, value.looks
    else:
        cell.value = plain(value)
        cell.number_format = "#,##0" if Fraction(value).denominator == 1 else "#,##0.0##"
    cell.number_format = looks or cell.number_format
    cell.font = _font()


def write(path: Path, pages: Pages) -> None:
    """Write the workbook."""
    _Book(pages).write(path)


class _Book:
    """One workbook under construction."""

    def __init__(self, pages: Pages) -> None:
        self.document, self.tables = pages.document, pages.tables
        self.lang = pages.document.lang
        self.book = Workbook()
        self.own: dict[str, str] = {}
        self.taken: set[str] = set()

    def write(self, path: Path) -> None:
        summary = self.book.active
        summary.title = self._name(SUMMARY.to(self.lang))
        for indicator in self.document.valued():
            self._indicator(indicator)
        self._summary(summary)
        self._townships()
        self._facilities()
        for name, said in _SHEETS.items():
            if name in self.tables:
                self._table(said, name)
        self._method()
        self._record()
        describe(self.book.properties, self.document)
        # Excel and LibreOffice compute on opening: no formula carries a stale result.
        self.book.calculation.fullCalcOnLoad = True
        self.book.save(path)

    # -- sheets -------------------------------------------------------------

    def _name(self, wanted: str) -> str:
        """A sheet name that Excel takes: at most 31 characters, no signs, not used yet."""
        base = _FORBIDDEN.sub("", wanted)[:28] or "sheet"
        name, serial = base, 2
        while name.lower() in self.taken:
            name, serial = f"{base}{serial}", serial + 1
        self.taken.add(name.lower())
        return name

    def _sheet(self, name: str | Said, title: str | Said) -> Any:
        sheet = self.book.create_sheet(self._name(self._text(name)))
        put_text(sheet["A1"], self._text(title), bold=True, size=14)
        return sheet

    def _text(self, text: str | Said) -> str:
        return text.to(self.lang) if isinstance(text, Said) else text

    def _heads(self, names: Sequence[str]) -> list[str]:
        return [HEADS[name].to(self.lang) for name in names]

    def _head(self, sheet: Any, row: int, heads: Sequence[str]) -> None:
        for column, name in enumerate(heads, start=1):
            cell = sheet.cell(row, column)
            put_text(cell, name, bold=True, colour="FFFFFF")
            cell.fill = _HEAD
            cell.alignment = Alignment(wrap_text=True, vertical="center")

    def _rows(
        self,
        sheet: Any,
        first: int,
        heads: Sequence[str],
        rows: Sequence[Sequence[Any]],
        looks: Mapping[int, str] | None = None,
    ) -> None:
        """A list under its heads, which stand in the row before `first`."""
        self._head(sheet, first - 1, heads)
        for number, row in enumerate(rows, start=first):
            for column, cell in enumerate(row, start=1):
                put(sheet.cell(number, column), cell, (looks or {}).get(column, ""))

    def _finish(
        self,
        sheet: Any,
        header: int,
        columns: int,
        widths: Sequence[float],
        *,
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

    def _widths(self, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[float]:
        made: list[float] = []
        for index, name in enumerate(heads):
            cells = (r[index] for r in rows[:200])
            texts = [width(str(plain(c))) for c in cells if not isinstance(c, Formula)]
            made.append(min(max([width(name) + 3, *(c + 2 for c in texts)]), 46))
        return made

    # -- one indicator ------------------------------------------------------

    def _indicator(self, indicator: Indicator) -> None:
        """The list behind an indicator and, above it, what follows from it."""
        mark = Said("（含示意数据）", " (illustrative)").to(self.lang) * indicator.illustrative
        sheet = self._sheet(indicator.short_name.rstrip("…"), indicator.name + mark)
        put_text(sheet["A2"], f"{indicator.id}　{indicator.clause}", colour="5B6775")
        heads, rows, formulas = self._list(indicator)
        labels = (
            *self._heads(("numerator", "denominator")),
            Said("值", "value").to(self.lang) + f"（{indicator.unit}）",
        )
        for row, label in enumerate(labels, start=3):
            put_text(sheet.cell(row, 1), label, bold=True)
        put(sheet["B3"], formulas.get("numerator", indicator.numerator))
        put(sheet["B4"], formulas.get("denominator", indicator.denominator))
        put(sheet["B5"], _ratio(indicator))
        self.own[indicator.id] = f"'{sheet.title}'"
        if rows:
            self._rows(sheet, _FIRST, heads, rows)
            last = _FIRST + len(rows) - 1
            self._colours(sheet, last, heads)
            sheet.auto_filter.ref = f"A{_FIRST - 1}:{get_column_letter(len(heads))}{last}"
        self._finish(sheet, _FIRST - 1, len(heads) or 4, self._widths(heads, rows))

    def _list(self, indicator: Indicator) -> tuple[list[str], list[Any], dict[str, Formula]]:
        """Heads and rows of an indicator's list, and the formulas over it."""
        if indicator.covered is not None and indicator.missing is not None:
            return self._units(indicator)
        if indicator.measure == "people_within" and indicator.by_county:
            return self._counties(indicator)
        if indicator.rows and indicator.basis == "register":
            return self._counted(indicator)
        return [], [], {}

    def _units(self, indicator: Indicator) -> tuple[list[str], list[Any], dict[str, Formula]]:
        units, group = self.document.unit_rows(), indicator.group
        heads = self._heads(("code", "name", "county", "status"))
        rows = []
        for said, codes in ((_MISSING, indicator.missing), (_COVERED, indicator.covered)):
            for code in codes or ():
                unit, county = units.get(code), units.get(code[:6])
                names = (unit.name if unit else code), (county.name if county else "")
                people = unit.people[group] if unit else None
                rows.append((code, *names, said.to(self.lang), people))
        span = f"$D${_FIRST}:$D${_FIRST - 1 + len(rows)}"
        formulas = {
            "numerator": Formula(f'=COUNTIF({span},"{_COVERED.to(self.lang)}")'),
            "denominator": Formula(f"=ROWS({span})"),
        }
        # A list known to be partial names fewer units than there are: then numbers, no formulas.
        whole = len(rows) == known(indicator.denominator)
        return [*heads, GROUPS[group].to(self.lang)], rows, formulas if whole else {}

    def _counties(self, indicator: Indicator) -> tuple[list[str], list[Any], dict[str, Formula]]:
        heads = [*self._heads(("code", "county", "reached", "people")), "%"]
        rows = []
        for row, c in enumerate(indicator.by_county, start=_FIRST):
            share: Any = c.value
            if known(c.numerator) is not None and known(c.denominator):
                share = Formula(f"=100*C{row}/D{row}", "#,##0.0")
            rows.append((c.code, c.name, c.numerator, c.denominator, share))
        formulas, last = {}, _FIRST - 1 + len(rows)
        for column, key in (("C", "numerator"), ("D", "denominator")):
            parts = [known(getattr(c, key)) for c in indicator.by_county]
            if sum(p or 0 for p in parts) == known(getattr(indicator, key)) and None not in parts:
                formulas[key] = Formula(f"=SUM({column}{_FIRST}:{column}{last})")
        return heads, rows, formulas

    def _counted(self, indicator: Indicator) -> tuple[list[str], list[Any], dict[str, Formula]]:
        register = {f.id: f for f in self.document.register}
        rows = [_cells(register[id_], _COUNTED) for id_ in indicator.rows if id_ in register]
        last = _FIRST - 1 + len(rows)
        count, sums = f"=ROWS(A{_FIRST}:A{last})", f"=SUM({{0}}{_FIRST}:{{0}}{last})"
        formulas = {
            "count": {"numerator": count},
            "bed_ratio": {"numerator": sums.format("E")},
            "area_per_100_households": {"numerator": sums.format("G")},
            "facility_share": {"denominator": count},
        }.get(indicator.measure, {})
        if indicator.measure == "bed_ratio" and indicator.scale == 100:
            formulas = {"numerator": sums.format("F"), "denominator": sums.format("E")}
        valued = {k: f for k, f in formulas.items() if known(getattr(indicator, k)) is not None}
        return self._heads(_COUNTED), rows, {k: Formula(f) for k, f in valued.items()}

    def _colours(self, sheet: Any, last: int, heads: Sequence[str]) -> None:
        area = f"A{_FIRST}:{get_column_letter(len(heads))}{last}"
        if HEADS["status"].to(self.lang) in heads:
            rule = f'$D{_FIRST}="{_MISSING.to(self.lang)}"'
            sheet.conditional_formatting.add(area, FormulaRule(formula=[rule], fill=_LACKS))
        column = get_column_letter(min(len(heads), 5))
        bars = DataBarRule(start_type="num", start_value=0, end_type="max", color="9DC3E6")
        sheet.conditional_formatting.add(f"{column}{_FIRST}:{column}{last}", bars)

    # -- the other sheets ---------------------------------------------------

    def _summary(self, sheet: Any) -> None:
        put_text(sheet["A1"], self.document.heading, bold=True, size=14)
        put_text(sheet["A2"], self.document.subheading, colour="5B6775")
        self._head(sheet, 4, self._heads(_SUMMARY_HEADS))
        values = self.document.valued()
        pairs = [(i, aim) for i in values for aim in i.targets or (None,)]
        for row, (indicator, aim) in enumerate(pairs, start=5):
            self._summary_row(sheet, row, indicator, aim)
        for status, colour in STATUS_COLOURS.items():
            said = next((i.status_text for i in values if i.status == status), None)
            if said is not None:
                font = Font(color=colour, bold=True)
                rule = CellIsRule(operator="equal", formula=[f'"{said}"'], font=font)
                sheet.conditional_formatting.add(f"K5:K{5 + len(pairs)}", rule)
        self._finish(sheet, 4, len(_SUMMARY_HEADS), _SUMMARY_WIDTHS, landscape=True)

    def _summary_row(self, sheet: Any, row: int, indicator: Indicator, aim: Aim | None) -> None:
        put_text(sheet.cell(row, 1), indicator.name)
        put_text(sheet.cell(row, 2), indicator.unit)
        figures = indicator.numerator, indicator.denominator, indicator.value
        for column, (figure, place) in enumerate(zip(figures, "345", strict=True), start=3):
            cell = sheet.cell(row, column)
            if known(figure) is None:
                put(cell, figure)
            else:
                cell.value = f"={self.own[indicator.id]}!$B${place}"
                cell.number_format = "#,##0.0" if column == 5 else "#,##0.##"
        put_text(sheet.cell(row, 11), indicator.status_text)
        put_text(sheet.cell(row, 12), indicator.clause if aim is None else aim.clause)
        for column, cell in enumerate(_between(indicator), start=13):
            put(sheet.cell(row, column), self._text(cell) if column == 15 else cell, "#,##0.0")
        if aim is None:
            return
        put(sheet.cell(row, 6), aim.year, "0")
        put_text(sheet.cell(row, 7), aim.op or "")
        put(sheet.cell(row, 8), aim.text if aim.value is None else aim.value)
        put(sheet.cell(row, 9), aim.gap_points)
        put(sheet.cell(row, 10), aim.gap_units)
        if known(aim.gap_points) is not None and aim.op in {">", "≥", "="}:
            sheet.cell(row, 9).value = f"=MAX(0,H{row}-E{row})"
            sheet.cell(row, 9).number_format = "#,##0.0"
        units = _gap_formula(row, indicator, aim)
        if units is not None:
            sheet.cell(row, 10).value = units

    def _townships(self) -> None:
        document, lang = self.document, self.lang
        sheet = self._sheet(_TOWNSHIPS, Said("乡镇（街道）与人口", "Townships"))
        names = {u.code: u.name for u in document.units if u.level == "county"}
        indicators = [
            i for i in document.valued() if i.level == "township" and i.covered is not None
        ]
        heads = [
            *self._heads(("code", "name", "county", "category")),
            *(said.to(lang) for said in GROUPS.values()),
            *self._heads(("modelled",)),
            *(i.short_name for i in indicators),
        ]
        held = {True: _COVERED.to(lang), False: _MISSING.to(lang), None: ""}
        rows = [
            (
                *(u.code, u.name, names.get(u.county or "", ""), u.category),
                *(u.people[group] for group in GROUPS),
                "、".join(GROUPS[group].to(lang) for group in u.modelled),
                *(held[i.holds(u.code)] for i in indicators),
            )
            for u in document.units
            if u.level == "township"
        ]
        self._rows(sheet, 4, heads, rows)
        last = 3 + len(rows)
        put_text(sheet.cell(last + 1, 2), Said("合计", "total").to(lang), bold=True)
        city = next((u for u in document.units if u.level == "city"), None)
        for column, group in enumerate(GROUPS, start=5):
            letter = get_column_letter(column)
            total = sheet.cell(last + 1, column)
            if rows and not {None, HIDDEN} & {row[column - 1] for row in rows}:
                put(total, Formula(f"=SUM({letter}4:{letter}{last})", "#,##0"))
            else:
                put(total, city.people[group] if city else None)
            total.font = Font(name=FONT, bold=True)
        sheet.auto_filter.ref = f"A3:{get_column_letter(len(heads))}{last}"
        marks = f"H4:{get_column_letter(max(len(heads), 9))}{last}"
        rule = CellIsRule(operator="equal", formula=[f'"{_MISSING.to(lang)}"'], fill=_LACKS)
        sheet.conditional_formatting.add(marks, rule)
        self._finish(sheet, 3, len(heads), self._widths(heads, rows), landscape=True)

    def _facilities(self) -> None:
        sheet = self._sheet(_FACILITIES, Said("登记册中的设施", "Facilities"))
        heads = self._heads(_REGISTER)
        rows = [_cells(f, _REGISTER) for f in self.document.register]
        self._rows(sheet, 4, heads, rows, dict.fromkeys((9, 10), "0.00000"))
        last = max(3 + len(rows), 4)
        sheet.auto_filter.ref = f"A3:{get_column_letter(len(heads))}{last}"
        example = Said("示意", "illustrative").to(self.lang)
        font = Font(color="8A6D3B", italic=True)
        rule = FormulaRule(formula=[f'$K4="{example}"'], font=font)
        sheet.conditional_formatting.add(f"A4:L{last}", rule)
        self._finish(sheet, 3, len(heads), self._widths(heads, rows), landscape=True)

    def _table(self, name: Said, table_name: str) -> None:
        table = self.tables[table_name]
        sheet = self._sheet(name, table.caption)
        rows = [[self._text(c) if isinstance(c, Said) else c for c in row] for row in table.rows]
        self._rows(sheet, 4, table.heads, rows)
        self._finish(sheet, 3, len(table.heads), self._widths(table.heads, rows))

    def _method(self) -> None:
        sheet = self._sheet(_METHOD, Said("方法、来源与局限", "Method"))
        lines = [*self.document.notes]
        lines += [f"{i.short_name}：{note}" for i in self.document.valued() for note in i.notes]
        for row, line in enumerate(lines, start=3):
            put_text(sheet.cell(row, 1), line, wrap=True)
        table = self.tables.get("inputs")
        if table is not None:
            self._rows(sheet, 5 + len(lines), table.heads, table.rows)
        self._finish(sheet, 2, 4, (92, 40, 14, 20), freeze=False)

    def _record(self) -> None:
        sheet = self.book.create_sheet(self._name(RECORD_SHEET.to(self.lang)))
        lines = json_text(record_of(self.document)).splitlines()
        for row, line in enumerate(lines, start=1):
            put_text(sheet.cell(row, 1), line)
        sheet.column_dimensions["A"].width = 110


def _cells(facility: Any, names: Sequence[str]) -> list[Any]:
    """A facility's fields as documents show them."""
    return [getattr(facility, f"{n}_name" if n in _NAMED else n) for n in names]


def _ratio(indicator: Indicator) -> Any:
    """The value as a formula over numerator and denominator, where they are known."""
    top, bottom = known(indicator.numerator), known(indicator.denominator)
    if top is not None and bottom is not None:
        return Formula(f'=IF(B4=0,"",{indicator.scale}*B3/B4)', "#,##0.0")
    if top is not None and indicator.denominator is None:
        return Formula("=B3", "#,##0.0##")
    return indicator.value


def _between(indicator: Indicator) -> tuple[Any, ...]:
    """Between what a value lies, and by what: bounds, or draws."""
    found = ends(indicator)
    if found is None:
        return ()
    return (*found, _DRAWN if indicator.draws is not None else _BOUNDS)


def _gap_formula(row: int, indicator: Indicator, aim: Aim) -> str | None:
    """Whole units still needed, as a formula, where the indicator is a share of units."""
    if known(aim.gap_units) is None or indicator.measure != "unit_share":
        return None
    needed = f"ROUND(H{row}*D{row}/100,9)"
    if aim.op == ">":
        return f"=MAX(0,INT({needed})+1-C{row})"
    if aim.op in {"≥", "="}:
        return f"=MAX(0,ROUNDUP({needed},0)-C{row})"
    return None
