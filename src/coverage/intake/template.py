"""The workbook of templates: facilities, a ledger of who has what, population.

Drop-downs and checks are Excel's own data validation, which LibreOffice reads
too. Every column name is one that the importer understands without a mapping.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coverage.alike import settle, today
from coverage.kinds import KINDS, STATUSES, TIERS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from coverage.city import City

FACILITIES, CHANGES, LEDGER, POPULATION = "设施", "变更", "台账", "人口"
LISTS, GUIDE = "词表", "说明"
ROWS = 2000
SERVICE_COLUMNS = ("全托", "日托", "上门", "协调指导", "助餐")
FACILITY_COLUMNS: tuple[tuple[str, int], ...] = (
    ("名称", 30),
    ("类型", 22),
    ("层级", 9),
    ("县（市、区）", 16),
    ("乡镇（街道）", 18),
    ("村（社区）", 16),
    *((name, 9) for name in SERVICE_COLUMNS),
    ("床位数", 9),
    ("护理型床位数", 13),
    ("建筑面积", 11),
    ("占地面积", 11),
    ("穴（格）位总数", 11),
    ("已用穴（格）位", 11),
    ("等级", 9),
    ("性质", 10),
    ("医养协议机构", 18),
    ("经度", 12),
    ("纬度", 12),
    ("坐标系", 12),
    ("状态", 9),
    ("开业日期", 12),
    ("停业日期", 12),
    ("来源", 20),
    ("备注", 24),
)
CHANGE_COLUMNS: tuple[tuple[str, int], ...] = (
    ("名称", 30),
    ("县（市、区）", 16),
    ("乡镇（街道）", 18),
    ("变更日期", 12),
    ("状态", 9),
    ("床位数", 9),
    ("护理型床位数", 13),
    ("服务内容", 26),
    ("建筑面积", 11),
    ("等级", 9),
    ("来源", 20),
    ("备注", 24),
)
# Counts and areas, and the words for what else is chosen from a list.
_NUMBERS = ("床位数", "护理型床位数", "建筑面积", "占地面积", "穴（格）位总数", "已用穴（格）位")
_CHOSEN = ("类型", "层级", "县（市、区）", "乡镇（街道）", "性质", "坐标系", "状态")
# The kinds that a township has or has not.
LEDGER_KINDS = (
    "elder_care",
    "day_care",
    "meal_point",
    "social_work_station",
    "child_protection_station",
    "columbarium",
    "public_cemetery",
    "rehab_centre",
)
LEDGER_TAIL = ("综合功能（全托日托上门协调指导）", "养老床位数", "护理型床位数")
POPULATION_GROUPS = ("总人口", "0-14岁", "15-59岁", "60岁及以上", "65岁及以上")
DATUMS = ("WGS84", "CGCS2000", "GCJ-02（高德、腾讯）", "BD-09（百度）", "不清楚")
OWNERSHIPS = ("公办", "民办", "公建民营", "公益性", "经营性")


def write_template(city: City, path: Path) -> None:
    """Write the workbook for a city, its townships filled in."""
    from openpyxl import Workbook

    book = Workbook()
    guide = book.active
    assert guide is not None  # noqa: S101 -- a new workbook has a sheet
    guide.title = GUIDE
    _guide(guide, city)
    lists = book.create_sheet(LISTS)
    ranges = _lists(lists, city)
    _facilities(book.create_sheet(FACILITIES, 1), FACILITY_COLUMNS, ranges, city.units.ground)
    _facilities(book.create_sheet(CHANGES, 2), CHANGE_COLUMNS, ranges, city.units.ground)
    _ledger(book.create_sheet(LEDGER, 3), city)
    _population(book.create_sheet(POPULATION, 4), city)
    lists.sheet_state = "hidden"
    book.active = 1
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    settle(path, today())


def _guide(sheet: Any, city: City) -> None:
    lines = (
        f"{city.name}设施数据模板",
        "",
        "一、只需填一张表：知道每处设施的，填“设施”；只知道各乡镇有没有的，填“台账”。",
        "二、“设施”表一行一处。类型、乡镇、状态等从下拉框选；服务填“是”或“否”。",
        "　　层级指设施归哪一级，不是设在哪里。",
        "　　例：阳光镇敬老院｜养老服务机构（中心）｜镇级｜…｜床位数 80｜开业日期 2018",
        "　　占地面积按平方米填；按亩填的写“15亩”，导入时换算并说明。",
        "　　已停业的填停业日期：停业以前的年份照样计入。",
        "　　“变更”表记某一天起变了什么，只填变了的格；“设施”表填变更以前的情况。没有变更可不填。",
        "　　例：阳光镇敬老院｜…｜2022-05-01｜床位数 120｜护理型床位数 70",
        "　　　　（2020 年仍按 80 张，2023 年按 120 张）",
        "三、经纬度不清楚就留空，按乡镇（村居）定位并注明。请在“坐标系”列写明来自哪种地图。",
        "四、“人口”表按乡镇填写，没有的年龄段留空。",
        "五、不要填写老人姓名、身份证号、电话：导入时会自动略去。",
        "",
        "填好后，在本文件夹中依次运行：",
        "    coverage import facilities 模板.xlsx     设施、变更、台账三表",
        "    coverage import population 模板.xlsx     人口表（填了才运行）",
        "    coverage check                           还缺什么、影响哪些指标",
        "    coverage report                          各项指标",
        "每次导入后，intake 文件夹里有逐行结果：退回的行可在那里改好再导入。",
    )
    from openpyxl.styles import Alignment

    for number, line in enumerate(lines, start=1):
        cell = sheet.cell(number, 1, line)
        cell.alignment = Alignment(wrap_text=True, vertical="center")
        sheet.row_dimensions[number].height = 22
    sheet.column_dimensions["A"].width = 90
    sheet.sheet_view.showGridLines = False
    _bold(sheet["A1"], 14)


def _lists(sheet: Any, city: City) -> dict[str, str]:
    """Write the drop-down lists and return the range of each."""
    columns: dict[str, Sequence[str]] = {
        "类型": [kind.zh for kind in KINDS.values()],
        "层级": [zh for zh, _ in TIERS.values()],
        "县（市、区）": [u.name for u in city.units.counties],
        "乡镇（街道）": list(dict.fromkeys(u.name for u in city.units.townships)),
        "是否": ("是", "否"),
        "性质": OWNERSHIPS,
        "坐标系": DATUMS,
        "状态": tuple(STATUSES.values()),
    }
    ranges = {}
    for index, (name, values) in enumerate(columns.items(), start=1):
        sheet.cell(1, index, name)
        for row, value in enumerate(values, start=2):
            sheet.cell(row, index, value)
        letter = sheet.cell(1, index).column_letter
        ranges[name] = f"={LISTS}!${letter}$2:${letter}${max(2, len(values) + 1)}"
    return ranges


def _facilities(
    sheet: Any,
    columns: Sequence[tuple[str, int]],
    ranges: dict[str, str],
    ground: tuple[float, float, float, float],
) -> None:
    """A sheet of facilities, or of what changed of them, with a check on every column it has."""
    from openpyxl.worksheet.datavalidation import DataValidation

    names = [name for name, _ in columns]
    _header(sheet, columns)
    lists = {n: ranges[n] for n in _CHOSEN} | dict.fromkeys(SERVICE_COLUMNS, ranges["是否"])
    checks = {}
    for name, source in lists.items():
        check = checks[name] = DataValidation(type="list", formula1=source, allow_blank=True)
        check.errorTitle, check.error = "不在词表中", f"“{name}”请从下拉框选择"
        # A township may be new, a kind may be called otherwise: the importer asks back.
        check.errorStyle = "warning"
    for name in _NUMBERS:
        check = checks[name] = DataValidation(
            type="decimal" if name.endswith("面积") else "whole",
            operator="greaterThanOrEqual",
            formula1="0",
            allow_blank=True,
        )
        check.errorTitle, check.error = "不是数字", f"“{name}”请填不小于 0 的数字"
    checks["占地面积"].errorStyle = "warning"  # 15亩 is read too
    west, south, east, north = ground
    for name, low, high in (("经度", west, east), ("纬度", south, north)):
        check = checks[name] = DataValidation(
            type="decimal",
            operator="between",
            formula1=f"{low:g}",
            formula2=f"{high:g}",
            allow_blank=True,
        )
        check.errorTitle, check.error = "位置不对", f"{name}应在 {low:g} 与 {high:g} 度之间"
    for name, check in checks.items():
        if name in names:
            _apply(sheet, check, names.index(name) + 1)


def _apply(sheet: Any, check: Any, column: int) -> None:
    letter = sheet.cell(1, column).column_letter
    sheet.add_data_validation(check)
    check.add(f"{letter}2:{letter}{ROWS + 1}")


def _ledger(sheet: Any, city: City) -> None:
    from openpyxl.worksheet.datavalidation import DataValidation

    kinds = [KINDS[k].zh for k in LEDGER_KINDS]
    head = [("代码", 12), ("县（市、区）", 18), ("乡镇（街道）", 18)]
    head += [(name, 17 + 2 * (len(name) > 12)) for name in (*kinds, *LEDGER_TAIL)]
    _header(sheet, head)
    last = _townships(sheet, city, len(head))
    has = DataValidation(type="list", formula1='"有,无"', allow_blank=True)
    number = DataValidation(
        type="whole", operator="greaterThanOrEqual", formula1="0", allow_blank=True
    )
    for check, first, count in ((has, 4, len(kinds) + 1), (number, 5 + len(kinds), 2)):
        sheet.add_data_validation(check)
        start = sheet.cell(1, first).column_letter
        end = sheet.cell(1, first + count - 1).column_letter
        check.add(f"{start}2:{end}{last}")


def _population(sheet: Any, city: City) -> None:
    from openpyxl.worksheet.datavalidation import DataValidation

    head = [("代码", 12), ("县（市、区）", 18), ("乡镇（街道）", 18), ("年份", 8)]
    _header(sheet, [*head, *((name, 13) for name in POPULATION_GROUPS)])
    last = _townships(sheet, city, len(head) + len(POPULATION_GROUPS))
    check = DataValidation(
        type="whole", operator="greaterThanOrEqual", formula1="0", allow_blank=True
    )
    check.errorTitle, check.error = "不是人数", "请填不小于 0 的整数"
    sheet.add_data_validation(check)
    check.add(f"D2:{sheet.cell(1, 4 + len(POPULATION_GROUPS)).column_letter}{last}")


def _townships(sheet: Any, city: City, columns: int) -> int:
    """Fill in code, county and township of every township; returns the last row."""
    from openpyxl.styles import Border, PatternFill, Side

    line = Side(style="hair", color="9AA9B5")
    given = PatternFill("solid", fgColor="F3F6F8")
    for row, unit in enumerate(city.units.townships, start=2):
        county = city.units.county_of(unit.code)
        cells = (unit.code, county.name if county else "", unit.name)
        for column, value in enumerate(cells, start=1):
            cell = sheet.cell(row, column, value)
            cell.number_format, cell.fill = "@", given
        for column in range(1, columns + 1):
            sheet.cell(row, column).border = Border(bottom=line, right=line)
    # A list without townships still has a row to fill in, which the checks stand on.
    return max(len(city.units.townships) + 1, 2)


def _header(sheet: Any, columns: Sequence[tuple[str, int]]) -> None:
    from openpyxl.styles import Alignment, PatternFill

    for index, (name, width) in enumerate(columns, start=1):
        cell = sheet.cell(1, index, name)
        _bold(cell, 11)
        cell.fill = PatternFill("solid", fgColor="DCE6F1")
        cell.alignment = Alignment(wrap_text=True, vertical="center", horizontal="center")
        sheet.column_dimensions[cell.column_letter].width = width
    sheet.row_dimensions[1].height = 36
    sheet.freeze_panes = "D2" if columns[0][0] == "代码" else "B2"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_setup.fitToHeight = 0
    sheet.print_title_rows = "1:1"
    sheet.auto_filter.ref = f"A1:{sheet.cell(1, len(columns)).column_letter}1"


def _bold(cell: Any, size: int) -> None:
    from openpyxl.styles import Font

    cell.font = Font(name="Calibri", bold=True, size=size)
