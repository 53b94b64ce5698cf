"""The workbook: real numbers, and live formulas wherever a total or a ratio follows from rows.

Every indicator with a list behind it has a sheet of that list; its numerator,
denominator, value and gaps are formulas over the list, so that a planner who
changes a row sees what it does. Text from data is never a formula.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from openpyxl import Workbook
from openpyxl.formatting.rule import CellIsRule, DataBarRule, FormulaRule
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter

from coverage.briefs import record
from coverage.briefs.cells import FONT, Formula, finish, put, put_header, put_text
from coverage.briefs.office import describe
from coverage.briefs.tables import STATUS_COLOURS, computed, plain
from coverage.messages import Said
from coverage.results.document import GROUPS
from coverage.text import width

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from coverage.briefs.tables import Table
    from coverage.messages import Lang

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
}
_COVERED, _MISSING = Said("已覆盖", "covered"), Said("未覆盖", "missing")
_FORBIDDEN = re.compile(r"[\[\]:*?/\\'《》“”‘’]")


def write(path: Path, document: Mapping[str, Any], tables: Mapping[str, Table]) -> None:
    """Write the workbook.

    Args:
        path: The ``.xlsx``.
        document: The result object.
        tables: The tables of the brief, of which method and reported ones are used.
    """
    _Book(document, tables).write(path)


class _Book:
    """One workbook under construction."""

    def __init__(self, document: Mapping[str, Any], tables: Mapping[str, Table]) -> None:
        self.document, self.tables = document, tables
        self.lang: Lang = document["lang"]
        self.book = Workbook()
        self.cells: dict[str, dict[str, str]] = {}
        self.taken: set[str] = set()

    def write(self, path: Path) -> None:
        summary = self.book.active
        summary.title = self._name(SUMMARY.to(self.lang))
        for indicator in computed(self.document):
            self._indicator(indicator)
        self._summary(summary)
        self._townships()
        self._facilities()
        for name, said in _SHEETS.items():
            if name in self.tables:
                self._table(said.to(self.lang), self.tables[name])
        self._method()
        self._record()
        describe(self.book.properties, self.document)
        # Excel and LibreOffice compute on opening: no formula carries a stale result.
        self.book.calculation.fullCalcOnLoad = True
        self.book.save(path)

    def _name(self, wanted: str) -> str:
        """A sheet name that Excel takes: at most 31 characters, no signs, not used yet."""
        base = _FORBIDDEN.sub("", wanted)[:28] or "sheet"
        name, serial = base, 2
        while name.lower() in self.taken:
            name, serial = f"{base}{serial}", serial + 1
        self.taken.add(name.lower())
        return name

    def _say(self, zh: str, en: str) -> str:
        return zh if self.lang == "zh" else en

    def _sheet(self, name: str, title: str) -> Any:
        sheet = self.book.create_sheet(self._name(name))
        put_text(sheet["A1"], title, bold=True, size=14)
        return sheet

    # -- one indicator ------------------------------------------------------

    def _indicator(self, indicator: Mapping[str, Any]) -> None:
        """The list behind an indicator and, above it, what follows from it."""
        mark = self._say("（含示意数据）", " (illustrative)") if indicator["illustrative"] else ""
        sheet = self._sheet(indicator["short_name"].rstrip("…"), indicator["name"] + mark)
        put_text(sheet["A2"], f"{indicator['id']}　{indicator['clause']}", colour="5B6775")
        head, rows, formulas = self._list(indicator)
        labels = (
            self._say("分子", "numerator"),
            self._say("分母", "denominator"),
            self._say("值", "value") + f"（{indicator['unit']}）",
        )
        for row, label in enumerate(labels, start=3):
            put_text(sheet.cell(row, 1), label, bold=True)
        put(sheet["B3"], formulas.get("numerator", indicator["numerator"]))
        put(sheet["B4"], formulas.get("denominator", indicator["denominator"]))
        self._ratio(sheet, indicator)
        own = f"'{sheet.title}'"
        self.cells[indicator["id"]] = {
            "numerator": f"{own}!$B$3",
            "denominator": f"{own}!$B$4",
            "value": f"{own}!$B$5",
        }
        first = 8
        if rows:
            put_header(sheet, first - 1, head)
            for offset, cells in enumerate(rows):
                for column, cell in enumerate(cells, start=1):
                    put(sheet.cell(first + offset, column), cell)
            last = first + len(rows) - 1
            self._colours(sheet, first, last, head)
            sheet.auto_filter.ref = f"A{first - 1}:{get_column_letter(len(head))}{last}"
        finish(sheet, first - 1, len(head) or 4, widths=self._widths(head, rows))

    def _ratio(self, sheet: Any, indicator: Mapping[str, Any]) -> None:
        number = plain(indicator["numerator"]), plain(indicator["denominator"])
        if None not in number:
            sheet["B5"] = f'=IF(B4=0,"",{indicator["scale"]}*B3/B4)'
            sheet["B5"].number_format = "#,##0.0"
        elif indicator["denominator"] is None and number[0] is not None:
            sheet["B5"] = "=B3"
            sheet["B5"].number_format = "#,##0.0##"
        else:
            put(sheet["B5"], indicator["value"])

    def _list(
        self, indicator: Mapping[str, Any]
    ) -> tuple[list[str], list[list[Any]], dict[str, Formula]]:
        """Heads and rows of an indicator's list, and the formulas over it (rows from 8)."""
        if indicator["covered"] is not None and indicator["missing"] is not None:
            return self._units(indicator)
        if indicator["measure"] == "people_within" and indicator["by_county"]:
            return self._counties(indicator)
        if indicator["rows"] and indicator["basis"] == "register":
            return self._counted(indicator)
        return [], [], {}

    def _units(
        self, indicator: Mapping[str, Any]
    ) -> tuple[list[str], list[list[Any]], dict[str, Formula]]:
        units = {u["code"]: u for u in self.document["units"] if u["level"] != "city"}
        group = indicator["group"]
        head = [
            self._say("代码", "code"),
            self._say("名称", "name"),
            self._say("县（市、区）", "county"),
            self._say("状态", "status"),
            GROUPS[group].to(self.lang),
        ]
        rows = []
        for said, codes in ((_MISSING, indicator["missing"]), (_COVERED, indicator["covered"])):
            for code in codes:
                unit = units.get(code)
                county = units.get(code[:6])
                rows.append(
                    [
                        code,
                        unit["name"] if unit else code,
                        county["name"] if county else "",
                        said.to(self.lang),
                        unit["people"][group] if unit else None,
                    ]
                )
        span = f"$D$8:$D${7 + len(rows)}"
        whole = len(rows) == plain(indicator["denominator"])
        # A list known to be partial names fewer units than there are: then numbers, no formulas.
        formulas = {
            "numerator": Formula(f'=COUNTIF({span},"{_COVERED.to(self.lang)}")'),
            "denominator": Formula(f"=ROWS({span})"),
        }
        return head, rows, formulas if whole else {}

    def _counties(
        self, indicator: Mapping[str, Any]
    ) -> tuple[list[str], list[list[Any]], dict[str, Formula]]:
        head = [
            self._say("代码", "code"),
            self._say("县（市、区）", "county"),
            self._say("可达人数", "reached"),
            self._say("总人数", "people"),
            "%",
        ]
        rows = []
        for offset, c in enumerate(indicator["by_county"]):
            share: Any = c["value"]
            if plain(c["numerator"]) is not None and plain(c["denominator"]):
                share = Formula(f"=100*C{8 + offset}/D{8 + offset}", "#,##0.0")
            rows.append([c["code"], c["name"], c["numerator"], c["denominator"], share])
        formulas = {}
        last = 7 + len(rows)
        for column, key in (("C", "numerator"), ("D", "denominator")):
            known = [plain(c[key]) for c in indicator["by_county"]]
            if None not in known and sum(known) == plain(indicator[key]):  # type: ignore[arg-type]
                formulas[key] = Formula(f"=SUM({column}8:{column}{last})")
        return head, rows, formulas

    def _counted(
        self, indicator: Mapping[str, Any]
    ) -> tuple[list[str], list[list[Any]], dict[str, Formula]]:
        known = {f["id"]: f for f in self.document["register"]}
        head = [
            self._say("编号", "id"),
            self._say("名称", "name"),
            self._say("所在单元", "unit"),
            self._say("来源", "provenance"),
            self._say("床位", "beds"),
            self._say("护理型床位", "nursing beds"),
            self._say("建筑面积（平方米）", "floor area (m²)"),
        ]
        rows = [
            [
                f["id"],
                f["name"],
                f["unit_name"],
                f["provenance_name"],
                f["beds"],
                f["nursing_beds"],
                f["floor_area"],
            ]
            for f in (known[id_] for id_ in indicator["rows"] if id_ in known)
        ]
        last = 7 + len(rows)
        sums = {
            "count": {"numerator": f"=ROWS(A8:A{last})"},
            "bed_ratio": {"numerator": f"=SUM(E8:E{last})"},
            "area_per_100_households": {"numerator": f"=SUM(G8:G{last})"},
            "facility_share": {"denominator": f"=ROWS(A8:A{last})"},
        }.get(indicator["measure"], {})
        if indicator["measure"] == "bed_ratio" and indicator["scale"] == 100:
            sums = {"numerator": f"=SUM(F8:F{last})", "denominator": f"=SUM(E8:E{last})"}
        known_sums = {k: f for k, f in sums.items() if plain(indicator[k]) is not None}
        return head, rows, {k: Formula(f) for k, f in known_sums.items()}

    def _colours(self, sheet: Any, first: int, last: int, head: Sequence[str]) -> None:
        if self._say("状态", "status") in head:
            area = f"A{first}:{get_column_letter(len(head))}{last}"
            rule = f'$D{first}="{_MISSING.to(self.lang)}"'
            sheet.conditional_formatting.add(
                area, FormulaRule(formula=[rule], fill=PatternFill("solid", bgColor="FBE9E1"))
            )
        column = get_column_letter(min(len(head), 5))
        sheet.conditional_formatting.add(
            f"{column}{first}:{column}{last}",
            DataBarRule(start_type="num", start_value=0, end_type="max", color="9DC3E6"),
        )

    # -- the other sheets ---------------------------------------------------

    def _summary(self, sheet: Any) -> None:
        put_text(sheet["A1"], self.document["heading"], bold=True, size=14)
        put_text(sheet["A2"], self.document["subheading"], colour="5B6775")
        head = [
            self._say("指标", "indicator"),
            self._say("单位", "unit"),
            self._say("分子", "numerator"),
            self._say("分母", "denominator"),
            self._say("现状", "now"),
            self._say("目标年", "year"),
            self._say("比较", "op"),
            self._say("目标", "target"),
            self._say("缺口（单位同指标）", "gap (unit of the indicator)"),
            self._say("缺口（整数个）", "gap (whole units)"),
            self._say("状态", "status"),
            self._say("条款", "clause"),
        ]
        put_header(sheet, 4, head)
        row = 5
        for indicator in computed(self.document):
            for target in indicator["targets"] or [None]:
                self._summary_row(sheet, row, indicator, target)
                row += 1
        for status, colour in STATUS_COLOURS.items():
            said = next(
                (i["status_text"] for i in computed(self.document) if i["status"] == status), None
            )
            if said is not None:
                rule = CellIsRule(
                    operator="equal", formula=[f'"{said}"'], font=Font(color=colour, bold=True)
                )
                sheet.conditional_formatting.add(f"K5:K{row}", rule)
        widths = [44, 10, 11, 11, 10, 9, 7, 9, 14, 14, 10, 30]
        finish(sheet, 4, len(head), widths=widths, landscape=True)

    def _summary_row(
        self, sheet: Any, row: int, indicator: Mapping[str, Any], target: Mapping[str, Any] | None
    ) -> None:
        cells = self.cells[indicator["id"]]
        put_text(sheet.cell(row, 1), indicator["name"])
        put_text(sheet.cell(row, 2), indicator["unit"])
        for column, key in ((3, "numerator"), (4, "denominator"), (5, "value")):
            number = plain(indicator[key])
            cell = sheet.cell(row, column)
            if number is None:
                put(cell, indicator[key])
            else:
                cell.value = f"={cells[key]}"
                cell.number_format = "#,##0.0" if key == "value" else "#,##0.##"
        put_text(sheet.cell(row, 11), indicator["status_text"])
        if target is None:
            put_text(sheet.cell(row, 12), indicator["clause"])
            return
        put(sheet.cell(row, 6), target["year"], plain_year=True)
        put_text(sheet.cell(row, 7), target["op"] or "")
        if target["value"] is None:
            put_text(sheet.cell(row, 8), target["text"])
        else:
            put(sheet.cell(row, 8), target["value"])
        put(sheet.cell(row, 9), target["gap_points"])
        put(sheet.cell(row, 10), target["gap_units"])
        if plain(target["gap_points"]) is not None and target["op"] in {">", "≥", "="}:
            sheet.cell(row, 9).value = f"=MAX(0,H{row}-E{row})"
            sheet.cell(row, 9).number_format = "#,##0.0"
        units = _gap_formula(row, indicator, target)
        if units is not None:
            sheet.cell(row, 10).value = units
        put_text(sheet.cell(row, 12), target["clause"])

    def _townships(self) -> None:
        lang = self.lang
        sheet = self._sheet(_TOWNSHIPS.to(lang), self._say("乡镇（街道）与人口", "Townships"))
        head = [
            self._say("代码", "code"),
            self._say("名称", "name"),
            self._say("县（市、区）", "county"),
            self._say("类别", "category"),
            *(said.to(lang) for said in GROUPS.values()),
            self._say("推算的数", "modelled"),
            *(i["short_name"] for i in self._township_indicators()),
        ]
        counties = {u["code"]: u["name"] for u in self.document["units"] if u["level"] == "county"}
        rows = [
            [
                u["code"],
                u["name"],
                counties.get(u["county"], ""),
                u["category"],
                *(u["people"][g] for g in GROUPS),
                "、".join(GROUPS[g].to(lang) for g in u["modelled"]),
                *(self._held(i, u["code"]) for i in self._township_indicators()),
            ]
            for u in self.document["units"]
            if u["level"] == "township"
        ]
        put_header(sheet, 3, head)
        for offset, row in enumerate(rows):
            for column, cell in enumerate(row, start=1):
                put(sheet.cell(4 + offset, column), cell)
        last = 3 + len(rows)
        put_text(sheet.cell(last + 1, 2), self._say("合计", "total"), bold=True)
        city = next((u for u in self.document["units"] if u["level"] == "city"), None)
        for column, group in enumerate(GROUPS, start=5):
            letter = get_column_letter(column)
            known = [plain(r[column - 1]) for r in rows]
            total = sheet.cell(last + 1, column)
            if rows and None not in known:
                total.value = f"=SUM({letter}4:{letter}{last})"
                total.number_format = "#,##0"
            else:
                put(total, city["people"][group] if city else None)
            total.font = Font(name=FONT, bold=True)
        sheet.auto_filter.ref = f"A3:{get_column_letter(len(head))}{last}"
        marks = f"H4:{get_column_letter(max(len(head), 9))}{last}"
        sheet.conditional_formatting.add(
            marks,
            CellIsRule(
                operator="equal",
                formula=[f'"{_MISSING.to(lang)}"'],
                fill=PatternFill("solid", bgColor="FBE9E1"),
            ),
        )
        finish(sheet, 3, len(head), widths=self._widths(head, rows), landscape=True)

    def _township_indicators(self) -> list[dict[str, Any]]:
        return [
            i
            for i in computed(self.document)
            if i["level"] == "township" and i["covered"] is not None
        ]

    def _held(self, indicator: Mapping[str, Any], code: str) -> str:
        if code in indicator["covered"]:
            return _COVERED.to(self.lang)
        return _MISSING.to(self.lang) if code in (indicator["missing"] or ()) else ""

    def _facilities(self) -> None:
        sheet = self._sheet(_FACILITIES.to(self.lang), self._say("登记册中的设施", "Facilities"))
        columns = (
            ("id", "编号", "id"),
            ("name", "名称", "name"),
            ("kind_name", "类别", "kind"),
            ("unit_name", "所在单元", "unit"),
            ("beds", "床位", "beds"),
            ("nursing_beds", "护理型床位", "nursing beds"),
            ("ownership", "性质", "ownership"),
            ("status_name", "状态", "status"),
            ("lon", "经度", "lon"),
            ("lat", "纬度", "lat"),
            ("provenance_name", "来源", "provenance"),
            ("source", "出处", "source"),
        )
        head = [self._say(zh, en) for _, zh, en in columns]
        rows = [[f[key] for key, _, _ in columns] for f in self.document["register"]]
        put_header(sheet, 3, head)
        for offset, row in enumerate(rows):
            for column, cell in enumerate(row, start=1):
                put(sheet.cell(4 + offset, column), cell, place=column in {9, 10})
        last = max(3 + len(rows), 4)
        sheet.auto_filter.ref = f"A3:{get_column_letter(len(head))}{last}"
        example = self._say("示意", "illustrative")
        sheet.conditional_formatting.add(
            f"A4:L{last}",
            FormulaRule(formula=[f'$K4="{example}"'], font=Font(color="8A6D3B", italic=True)),
        )
        finish(sheet, 3, len(head), widths=self._widths(head, rows), landscape=True)

    def _table(self, name: str, table: Table) -> None:
        sheet = self._sheet(name, table.title)
        head = [column.head for column in table.columns]
        put_header(sheet, 3, head)
        for offset, row in enumerate(table.rows):
            for column, cell in enumerate(row, start=1):
                put(sheet.cell(4 + offset, column), cell)
        widths = self._widths(head, [list(row) for row in table.rows])
        finish(sheet, 3, len(head), widths=widths)

    def _method(self) -> None:
        sheet = self._sheet(_METHOD.to(self.lang), self._say("方法、来源与局限", "Method"))
        lines = [*self.document["notes"]]
        for i in computed(self.document):
            lines += [f"{i['short_name']}：{note}" for note in i["notes"]]
        for row, line in enumerate(lines, start=3):
            put_text(sheet.cell(row, 1), line, wrap=True)
        table = self.tables.get("inputs")
        start = 4 + len(lines)
        if table is not None:
            put_header(sheet, start, [column.head for column in table.columns])
            for offset, cells in enumerate(table.rows, start=1):
                for column, cell in enumerate(cells, start=1):
                    put(sheet.cell(start + offset, column), cell)
        finish(sheet, 2, 4, widths=[92, 40, 14, 20], freeze=False)

    def _record(self) -> None:
        sheet = self.book.create_sheet(self._name(RECORD_SHEET.to(self.lang)))
        for row, line in enumerate(record.text(self.document["record"]).splitlines(), start=1):
            put_text(sheet.cell(row, 1), line)
        sheet.column_dimensions["A"].width = 110

    def _widths(self, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[float]:
        made: list[float] = []
        for index, name in enumerate(head):
            cells = [width(str(r[index])) for r in rows[:200] if not isinstance(r[index], Formula)]
            made.append(min(max([width(name) + 3, *(c + 2 for c in cells)]), 46))
        return made


def _gap_formula(row: int, indicator: Mapping[str, Any], target: Mapping[str, Any]) -> str | None:
    """Whole units still needed, as a formula, where the indicator is a share of units."""
    if plain(target["gap_units"]) is None or indicator["measure"] != "unit_share":
        return None
    needed = f"ROUND(H{row}*D{row}/100,9)"
    if target["op"] == ">":
        return f"=MAX(0,INT({needed})+1-C{row})"
    if target["op"] in {"≥", "="}:
        return f"=MAX(0,ROUNDUP({needed},0)-C{row})"
    return None
