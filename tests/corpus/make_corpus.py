"""Make the corpus of awkward files, each with why it is there and what must come of every row.

Run ``python tests/corpus/make_corpus.py`` after changing a case. What is expected is written
here by hand beside the content, never taken from what the reader gives; what an import makes of
each row stands in ``outcomes.json``. Workbooks and layers are in ``books.py``, what only an
import judges (places, neighbours, sums) in ``places.py``. ``xlwt`` is needed to make the
``.xls`` files, not to read them.

Outcomes of rows, in the order of the file: ``T`` title, ``H`` header, ``B`` blank, ``S`` total,
``N`` note, ``A`` accepted, ``R`` rejected.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
OUTCOMES = {
    "T": "title",
    "H": "header",
    "B": "blank",
    "S": "total",
    "N": "note",
    "A": "accepted",
    "R": "rejected",
}


@dataclass(frozen=True)
class Sheet:
    """What is expected of a sheet: rows by letter, fields by column, values and reasons by row."""

    rows: str
    fields: dict[str, str]
    values: dict[int, dict[str, Any]] = field(default_factory=dict)
    because: dict[int, str] = field(default_factory=dict)
    personal: tuple[str, ...] = ()
    name: str = ""
    part: int = 1
    hidden: bool = False
    header: str = "names"
    first: int = 1
    encoding: str = ""
    crs: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Case:
    """A file: why it is awkward, how it is made, and what must come of it."""

    file: str
    why: str
    make: Callable[[Path], None]
    sheets: tuple[Sheet, ...] = ()
    refused: str = ""
    text: bool = False


CASES: list[Case] = []


def text(
    file: str, why: str, content: str, *sheets: Sheet, encoding: str = "utf-8", refused: str = ""
) -> None:
    """Add a text file of exactly this content."""
    raw = content.encode(encoding)
    CASES.append(Case(file, why, lambda path: _write(path, raw), sheets, refused, text=True))


def binary(file: str, why: str, raw: bytes, *sheets: Sheet, refused: str = "") -> None:
    """Add a file of exactly these bytes."""
    CASES.append(Case(file, why, lambda path: _write(path, raw), sheets, refused, text=True))


def made(
    file: str, why: str, make: Callable[[Path], None], *sheets: Sheet, refused: str = ""
) -> None:
    """Add a file that a library writes."""
    CASES.append(Case(file, why, make, sheets, refused))


def _write(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)


PLACE = {"机构名称": "name", "所属乡镇": "township", "床位数": "beds"}
TWO = "机构名称,所属乡镇,床位数\n太和镇敬老院,太和镇,80\n石角镇敬老院,石角镇,60\n"
TWO_VALUES = {
    2: {"name": "太和镇敬老院", "township": "太和镇", "beds": 80, "kind": "elder_care"},
    3: {"name": "石角镇敬老院", "beds": 60},
}


def add_encodings() -> None:
    """Encodings, with and without a mark."""
    two = Sheet("HAA", PLACE, TWO_VALUES, encoding="utf-8")
    text("utf8_plain.csv", "UTF-8 without a mark, as scripts write it", TWO, two)
    text(
        "utf8_bom.csv",
        "UTF-8 with a mark, as Excel's 'CSV UTF-8' writes it; the mark is no part of a name",
        TWO,
        Sheet("HAA", PLACE, TWO_VALUES, encoding="utf-8-sig"),
        encoding="utf-8-sig",
    )
    text(
        "gbk.csv",
        "GBK, as Excel's plain 'CSV' writes it on a Chinese system",
        TWO,
        Sheet("HAA", PLACE, TWO_VALUES, encoding="gb18030"),
        encoding="gbk",
    )
    text(
        "gb18030_rare.csv",
        "GB18030 with a character of four bytes in a place name",
        "名称,村居,床位\n㙟头村敬老院,㙟头村,12\n大塘镇敬老院,𠮷田村,30\n",
        Sheet(
            "HAA",
            {"名称": "name", "村居": "village", "床位": "beds"},
            {2: {"village": "㙟头村"}, 3: {"village": "𠮷田村"}},
            encoding="gb18030",
        ),
        encoding="gb18030",
    )
    text(
        "big5.csv",
        "Big5 with traditional names of columns, from a partner in Hong Kong",
        "機構名稱,所屬鄉鎮,床位數,備註\n太和鎮敬老院,太和鎮,80,公辦\n石角鎮敬老院,石角鎮,60,\n",
        Sheet(
            "HAA",
            {"機構名稱": "name", "所屬鄉鎮": "township", "床位數": "beds", "備註": "note"},
            {2: {"name": "太和鎮敬老院", "beds": 80}},
            encoding="big5hkscs",
        ),
        encoding="big5",
    )
    text(
        "utf16_tabs.txt",
        "Excel's 'Unicode text': UTF-16 with a mark, tabs, CR LF",
        TWO.replace(",", "\t").replace("\n", "\r\n"),
        Sheet("HAA", PLACE, TWO_VALUES, encoding="utf-16"),
        encoding="utf-16",
    )
    text(
        "utf16_be_bare.csv",
        "UTF-16 big-endian without a mark",
        TWO,
        Sheet("HAA", PLACE, TWO_VALUES, encoding="utf-16-be"),
        encoding="utf-16-be",
    )
    raw = (TWO + "源潭镇敬老院,源潭镇,50\n").encode()
    binary(
        "utf8_damaged.csv",
        "UTF-8 in which one byte was lost on the way: the row stays and the place is marked",
        raw.replace("源潭镇,".encode(), "源潭镇,".encode()[:2] + "潭镇,".encode(), 1),
        Sheet("HAAA", PLACE, {4: {"beds": 50}}, note="bytes that fit no character"),
    )


def add_separators() -> None:
    """Separators, line ends, quotes."""
    for file, mark, why in (
        ("tabs.txt", "\t", "tabs, as copied out of a spreadsheet"),
        ("semicolons.csv", ";", "semicolons, as a European Excel writes them"),
        ("pipes.txt", "|", "pipes, as a database exports them"),
        ("fullwidth_commas.txt", "，", "full-width commas, typed with a Chinese keyboard"),
    ):
        text(file, why, TWO.replace(",", mark), Sheet("HAA", PLACE, TWO_VALUES))
    text(
        "semicolons_in_cells.csv",
        "a comma file whose service cells hold more semicolons than the rows hold commas",
        "名称,服务内容\n太和镇敬老院,全托;日托;助餐;助浴\n石角镇敬老院,全托;送餐;洗浴;唱歌\n",
        Sheet(
            "HAA",
            {"名称": "name", "服务内容": "services"},
            {
                2: {"services": ["全托", "日托", "助餐", "助浴"]},
                3: {"services": ["全托", "助餐", "助浴", "唱歌"]},
            },
        ),
    )
    text(
        "bare_cr.csv",
        "bare CR line ends, as old Macs and some systems write them",
        TWO.replace("\n", "\r"),
        Sheet("HAA", PLACE, TWO_VALUES),
    )
    text(
        "quoted_newline.csv",
        "a line end and commas inside a quoted cell: one record, one row number",
        '机构名称,地址,床位数\n太和镇敬老院,"太和镇\n府前路1号,二楼","1,200"\n石角镇敬老院,石角镇,60\n',
        Sheet(
            "HAA",
            {"机构名称": "name", "地址": "address", "床位数": "beds"},
            {2: {"beds": 1200, "address": "太和镇 府前路1号,二楼"}, 3: {"beds": 60}},
        ),
    )
    text(
        "broken_quote.csv",
        "a quote that never ends must not swallow the rows below it",
        '机构名称,床位数\n"太和镇敬老院,80\n石角镇敬老院,60\n',
        Sheet(
            "HAA",
            {"机构名称": "name", "床位数": "beds"},
            {3: {"beds": 60}},
            note="quotes do not match",
        ),
    )
    text(
        "sep_line.csv",
        "Excel's 'sep=;' line, which Excel hides: it has number 0 and the header is row 1",
        "sep=;\n" + TWO.replace(",", ";"),
        Sheet("THAA", PLACE, TWO_VALUES, first=0),
    )
    text(
        "blank_rows.csv",
        "blank rows above the header, between and below the data",
        f"\n\n{TWO.splitlines()[0]}\n\n太和镇敬老院,太和镇,80\n,,\n石角镇敬老院,石角镇,60\n\n\n",
        Sheet("BBHBABA", PLACE, {5: {"beds": 80}, 7: {"beds": 60}}),
    )
    text(
        "ragged.csv",
        "rows shorter and longer than the header; a surplus cell stays in its row",
        "机构名称,所属乡镇,床位数\n太和镇敬老院\n石角镇敬老院,石角镇,60,多出一格\n",
        Sheet("HAA", PLACE, {2: {"name": "太和镇敬老院"}, 3: {"beds": 60}}),
    )


def add_layouts() -> None:
    """Titles, headers of several rows, totals, notes, several tables."""
    text(
        "title_totals_notes.csv",
        "title and reporting unit above, a header of two rows, total and notes below",
        "清远市养老机构一览表,,,,,,\n填报单位：清远市民政局,,,,,,2024年12月\n"
        "序号,机构名称,所属乡镇,床位,,坐标,\n,,,总数,其中：护理型,经度,纬度\n"
        "1,太和镇敬老院,太和镇,80,40,112.97,23.73\n2,石角镇敬老院,石角镇,60,20,112.96,23.55\n"
        "合计,,,140,60,,\n注：数据截至2024年底。,,,,,,\n填表人：某某,,审核人：某某,,,,\n",
        Sheet(
            "TTHHAASNN",
            {
                "机构名称": "name",
                "所属乡镇": "township",
                "床位/总数": "beds",
                "床位/其中：护理型": "nursing_beds",
                "坐标/经度": "lon",
                "坐标/纬度": "lat",
            },
            {5: {"beds": 80, "nursing_beds": 40, "lon": "112.97", "lat": "23.73"}},
        ),
        encoding="gb18030",
    )
    text(
        "grouped_above.csv",
        "the names stand in the second row of the header, groups in the first",
        "基本信息,,位置,\n机构名称,床位数,经度,纬度\n太和镇敬老院,80,112.97,23.73\n",
        Sheet(
            "HHA",
            {
                "基本信息/机构名称": "name",
                "基本信息/床位数": "beds",
                "位置/经度": "lon",
                "位置/纬度": "lat",
            },
            {3: {"beds": 80}},
        ),
    )
    text(
        "subtotals_between.csv",
        "subtotals after every county and a grand total with spaces inside the word",
        "县区,机构名称,床位数\n清城区,源潭镇敬老院,50\n清城区,石角镇敬老院,60\n清城区小计,2家,110\n"
        "清新区,太和镇敬老院,80\n小计,,80\n合  计,3家,190\n",
        Sheet(
            "HAASASS",
            {"县区": "county", "机构名称": "name", "床位数": "beds"},
            {2: {"county": "清城区"}, 5: {"county": "清新区"}},
        ),
    )
    text(
        "total_as_name.csv",
        "a facility in a township column that says 小计 keeps its row: only clear totals go",
        "所属乡镇,机构名称,床位数\n太和镇小计,太和镇敬老院,80\n太和镇小计,,80\n",
        Sheet("HAS", PLACE, {2: {"name": "太和镇敬老院"}}),
    )
    text(
        "exported_merge.csv",
        "a merged township exported to CSV is blank below its first row: not filled by guessing",
        "所属乡镇,机构名称,床位数\n太和镇,太和镇敬老院,80\n,太和镇第二敬老院,30\n石角镇,石角镇敬老院,60\n",
        Sheet("HAAA", PLACE, {2: {"township": "太和镇"}, 3: {"township": None, "beds": 30}}),
    )
    text(
        "repeated_header.csv",
        "a list printed page by page: title and header come again",
        "养老机构名册,,\n"
        + TWO
        + "养老机构名册,,\n机构名称,所属乡镇,床位数\n源潭镇敬老院,源潭镇,50\n",
        Sheet("THAATHA", PLACE, {7: {"beds": 50}}),
    )
    text(
        "two_tables.csv",
        "a second table with another header below the first becomes a part of its own",
        TWO + "\n附件2：长者饭堂\n名称,地址,经度,纬度\n太和长者饭堂,府前路,112.97,23.73\n",
        Sheet("HAAB", PLACE, TWO_VALUES),
        Sheet(
            "THA",
            {"名称": "name", "地址": "address", "经度": "lon", "纬度": "lat"},
            {7: {"kind": "meal_point"}},
            part=2,
            first=5,
        ),
    )
    text(
        "sections.csv",
        "section headings between the rows",
        "机构名称,所属乡镇,床位数\n一、公办养老机构,,\n太和镇敬老院,太和镇,80\n（二）民办养老机构,,\n"
        "康乐养老院,石角镇,100\n",
        Sheet("HNANA", PLACE, {5: {"beds": 100}}),
    )
    text(
        "no_header.csv",
        "no header at all: every row is data, columns are understood by what they hold",
        "太和镇敬老院,112.97012,23.73011,80\n石角镇敬老院,112.96533,23.55122,60\n"
        "源潭镇敬老院,113.19811,23.66733,50\n",
        Sheet("AAA", {}, {1: {"name": "太和镇敬老院", "lon": "112.97012"}}, header="none"),
    )
    text(
        "unknown_header.csv",
        "a header in which no name is known: guessed by its shape, nothing understood by name",
        "甲栏,乙栏\n太和镇敬老院,绿色\n石角镇敬老院,蓝色\n",
        Sheet("HAA", {"甲栏": "name"}, {2: {"name": "太和镇敬老院"}}, header="guessed"),
    )
    text(
        "header_only.csv",
        "a template that nobody filled in",
        "机构名称,所属乡镇,床位数\n",
        Sheet("H", PLACE),
    )


def add_columns() -> None:
    """Names of columns, personal columns, ledgers."""
    text(
        "english.csv",
        "an English list from a partner",
        "Facility Name,Type,Lng,Lat,Total Beds,Opened,Ownership,Remarks\n"
        "Taihe Home,elder_care,112.97,23.73,80,2015-06-01,public,fine\n",
        Sheet(
            "HA",
            {
                "Facility Name": "name",
                "Type": "kind",
                "Lng": "lon",
                "Lat": "lat",
                "Total Beds": "beds",
                "Opened": "opened",
                "Ownership": "ownership",
                "Remarks": "note",
            },
            {2: {"kind": "elder_care", "opened": "2015-06-01", "ownership": "公办"}},
        ),
    )
    text(
        "fuzzy_names.csv",
        "names of columns with units, stars, numbering, slips, and beds that are not the beds",
        "1.机构名称*,2.核定床位数（张）,3.护理型床位（张）,4.建筑面积(㎡),"
        "入住床位数,占地面积,经 度,纬　度\n"
        "太和镇敬老院,80,40,1200㎡,55,3000,112.97,23.73\n",
        Sheet(
            "HA",
            {
                "1.机构名称*": "name",
                "2.核定床位数（张）": "beds",
                "3.护理型床位（张）": "nursing_beds",
                "4.建筑面积(㎡)": "floor_area",
                "占地面积": "land_area",
                "经 度": "lon",
                "纬　度": "lat",
            },
            {2: {"beds": 80, "nursing_beds": 40, "floor_area": 1200.0, "land_area": 3000.0}},
        ),
    )
    text(
        "personal_names.csv",
        "columns that belong to persons by their names; the institution's own name does not",
        "机构名称,负责人,联系电话,老人姓名,身份证号,床位数,入住老人数\n"
        "太和镇敬老院,某甲,0763-5550000,某乙,,80,55\n",
        Sheet(
            "HA",
            {"机构名称": "name", "床位数": "beds"},
            {2: {"beds": 80}},
            personal=("负责人", "联系电话", "老人姓名", "身份证号"),
        ),
    )
    text(
        "personal_content.csv",
        "columns whose names say nothing and whose cells are ID and mobile numbers (invented, with "
        "valid check digits), and a number inside a remark, which is masked",
        "机构名称,附1,附2,备注\n太和镇敬老院,11010519491231002X,13800138000,找某甲 13900139000\n"
        "石角镇敬老院,440524188001010014,13800138001,\n",
        Sheet(
            "HAA",
            {"机构名称": "name", "备注": "note"},
            {2: {"note": "找某甲 ***********"}},
            personal=("附1", "附2"),
        ),
    )
    text(
        "credit_codes.csv",
        "unified social credit codes have 18 places as ID numbers have, and are kept",
        "名称,代码\n太和镇敬老院,91350100M000100Y43\n石角镇敬老院,91350100M000100Y43\n",
        Sheet("HAA", {"名称": "name", "代码": "credit_code"}, {}),
    )
    text(
        "one_cell.csv",
        "both coordinates in one cell, as phones copy them",
        '名称,坐标\n太和镇敬老院,"112.97,23.73"\n石角镇敬老院,"112.96，23.55"\n'
        '源潭镇敬老院,"113°11\'53""E 23°40\'3""N"\n',
        Sheet(
            "HAAA",
            {"名称": "name", "坐标": "coordinates"},
            {2: {"coordinates": "112.97,23.73"}, 4: {"coordinates": "113°11'53\"E 23°40'3\"N"}},
        ),
    )
    text(
        "one_cell_unnamed.csv",
        "coordinates under a name that says nothing are seen by what the cells hold",
        '名称,备用\n太和镇敬老院,"112.97,23.73"\n石角镇敬老院,"112.96,23.55"\n',
        Sheet("HAA", {"名称": "name", "备用": "coordinates"}, {}),
    )
    text(
        "gauss_krueger.csv",
        "X and Y in metres of a Gauss-Krüger zone: plane coordinates, not degrees",
        "名称,X坐标,Y坐标\n太和镇敬老院,2625712.3,38395112.7\n石角镇敬老院,2605811.9,38394200.1\n",
        Sheet(
            "HAA",
            {"名称": "name", "X坐标": "x", "Y坐标": "y"},
            {2: {"x": "2625712.3", "y": "38395112.7"}},
        ),
    )
    text(
        "xy_degrees.csv",
        "columns named x and y that hold degrees are longitude and latitude",
        "name,x,y\n太和镇敬老院,112.97,23.73\n石角镇敬老院,112.96,23.55\n",
        Sheet("HAA", {"name": "name", "x": "lon", "y": "lat"}, {2: {"lon": "112.97"}}),
    )
    text(
        "ledger.csv",
        "a ledger of townships by kinds for those who only know has, has not, or beds",
        "乡镇,敬老院,日间照料中心,长者饭堂\n太和镇,80,有,√\n石角镇,1,无,×\n合计,81,,\n",
        Sheet(
            "HAAS",
            {
                "乡镇": "township",
                "敬老院": "kind:elder_care",
                "日间照料中心": "kind:day_care",
                "长者饭堂": "kind:meal_point",
            },
            {
                2: {"kind:elder_care": 80, "kind:day_care": True, "kind:meal_point": True},
                3: {"kind:elder_care": 1, "kind:day_care": False, "kind:meal_point": False},
            },
        ),
    )


def add_values() -> None:
    """Cells as planners write them."""
    text(
        "numbers.csv",
        "beds as people write them, and what is refused: ranges, bounds, sums, rooms, decimals",
        '名称,床位数\n太和镇甲敬老院,约80张\n太和镇乙敬老院,"1,200"\n太和镇丙敬老院,８０\n太和镇丁敬老院,八十\n太和镇戊敬老院,一百二十张\n'
        "太和镇己敬老院,/\n太和镇庚敬老院,60-80\n太和镇辛敬老院,80以上\n太和镇壬敬老院,40+40\n太和镇癸敬老院,30间\n太和镇子敬老院,80.5\n"
        "太和镇丑敬老院,-5\n太和镇寅敬老院,80（护理型40）\n太和镇卯敬老院,很多\n太和镇辰敬老院,#REF!\n",
        Sheet(
            "HAAAAAARRRRRRRRR",
            {"名称": "name", "床位数": "beds"},
            {
                2: {"beds": 80},
                3: {"beds": 1200},
                4: {"beds": 80},
                5: {"beds": 80},
                6: {"beds": 120},
                7: {"beds": None},
            },
            {
                8: "a range",
                9: "a bound",
                10: "a sum",
                11: "another quantity",
                12: "not a whole number",
                13: "negative",
                14: "more than one number",
                15: "not a number",
                16: "formula",
            },
        ),
    )
    text(
        "dates.csv",
        "days as people write them; what can be read in two ways is refused",
        "名称,成立时间\n太和镇甲敬老院,2023.5.1\n太和镇乙敬老院,2023年5月\n太和镇丙敬老院,2023/5/1\n太和镇丁敬老院,44927\n"
        "太和镇戊敬老院,20230501\n太和镇己敬老院,2023\n太和镇庚敬老院,二〇二三年五月一日\n"
        "太和镇辛敬老院,2023-05-01 08:30:00\n"
        "太和镇壬敬老院,5/1/23\n太和镇癸敬老院,2023.2.30\n太和镇子敬老院,去年\n太和镇丑敬老院,待定\n",
        Sheet(
            "HAAAAAAAARRRA",
            {"名称": "name", "成立时间": "opened"},
            {
                2: {"opened": "2023-05-01"},
                3: {"opened": "2023-05-01"},
                4: {"opened": "2023-05-01"},
                5: {"opened": "2023-01-01"},
                6: {"opened": "2023-05-01"},
                7: {"opened": "2023-01-01"},
                8: {"opened": "2023-05-01"},
                9: {"opened": "2023-05-01"},
                13: {"opened": None},
            },
            {10: "four digits", 11: "no such day", 12: "not a date"},
        ),
    )
    text(
        "yes_no.csv",
        "services as columns of yes and no in every spelling",
        "名称,全托,日托,上门服务,助餐\n太和镇甲敬老院,有,无,√,×\n太和镇乙敬老院,是,否,1,0\n太和镇丙敬老院,Y,N,✓,\n太和镇丁敬老院,20,/,TRUE,可能\n",
        Sheet(
            "HAAAR",
            {
                "名称": "name",
                "全托": "service:全托",
                "日托": "service:日托",
                "上门服务": "service:上门",
                "助餐": "service:助餐",
            },
            {
                2: {"services": ["全托", "上门"]},
                3: {"services": ["全托", "上门"]},
                4: {"services": ["全托", "上门"]},
            },
            {5: "neither yes nor no"},
        ),
    )
    text(
        "statuses.csv",
        "statuses and ownership in the words of lists",
        "名称,运营状态,是否公办\n太和镇甲敬老院,正常运营,是\n太和镇乙敬老院,在建,否\n太和镇丙敬老院,拟建,公建民营\n太和镇丁敬老院,已注销,\n太和镇戊敬老院,看情况,是\n",
        Sheet(
            "HAAAAR",
            {"名称": "name", "运营状态": "status", "是否公办": "ownership"},
            {
                2: {"status": "open", "ownership": "公办"},
                3: {"status": "building", "ownership": "民办"},
                4: {"status": "planned", "ownership": "公建民营"},
                5: {"status": "closed"},
            },
            {6: "status is not known"},
        ),
    )
    text(
        "kinds.csv",
        "kinds by alias, in free text, by the name alone, and unknown",
        "名称,类型\n太和镇甲敬老院,敬老院\n太和社区之家,社区日间照料中心\n石角长者饭堂,\n太和驿站,\n,敬老院\n太和镇康乐园,养老服务机构(中心)\n",
        Sheet(
            "HAAARRA",
            {"名称": "name", "类型": "kind"},
            {
                2: {"kind": "elder_care", "category": "敬老院"},
                3: {"kind": "day_care"},
                4: {"kind": "meal_point"},
                7: {"kind": "elder_care"},
            },
            {5: "neither a column nor the name", 6: "no name"},
        ),
    )
    text(
        "formula_text.csv",
        "cells that a spreadsheet would run: read as text, marked, never written back bare",
        '名称,备注\n太和镇敬老院,"=HYPERLINK(""http://example.invalid"",""x"")"\n'
        "石角镇敬老院,+86 厅\n"
        "源潭镇敬老院,@SUM(A1)\n龙塘镇敬老院,-\n",
        Sheet(
            "HAAAA",
            {"名称": "name", "备注": "note"},
            {2: {"note": '=HYPERLINK("http://example.invalid","x")'}, 4: {"note": "@SUM(A1)"}},
        ),
    )
    text(
        "codes.csv",
        "codes of units that a spreadsheet turned into numbers cannot be got back",
        "名称,区划代码\n太和镇敬老院,441803102\n石角镇敬老院,4.41802E+11\n源潭镇敬老院,'441802103\n",
        Sheet(
            "HAAA",
            {"名称": "name", "区划代码": "unit_code"},
            {2: {"unit_code": "441803102"}, 4: {"unit_code": "441802103"}},
        ),
    )


def expected() -> dict[str, Any]:
    """What must come of every case, as it is written to ``expected.json``."""
    return {
        case.file: {"why": case.why}
        | ({"refused": case.refused} if case.refused else {})
        | ({"sheets": [_sheet(sheet) for sheet in case.sheets]} if case.sheets else {})
        for case in CASES
    }


def _sheet(sheet: Sheet) -> dict[str, Any]:
    rows = []
    for number, letter in enumerate(sheet.rows, start=sheet.first):
        row: dict[str, Any] = {"row": number, "outcome": OUTCOMES[letter]}
        if number in sheet.values:
            row["fields"] = sheet.values[number]
        if number in sheet.because:
            row["because"] = sheet.because[number]
        rows.append(row)
    found: dict[str, Any] = {
        "sheet": sheet.name,
        "part": sheet.part,
        "hidden": sheet.hidden,
        "header": sheet.header,
        "fields": sheet.fields,
        "personal": list(sheet.personal),
        "rows": rows,
    }
    for key in ("encoding", "crs", "note"):
        if getattr(sheet, key):
            found[key] = getattr(sheet, key)
    return found


def gather() -> list[Case]:
    """Every case, in order."""
    if not CASES:
        add_encodings()
        add_separators()
        add_layouts()
        add_columns()
        add_values()
        from corpus import books, places

        books.add_workbooks()
        books.add_disguises()
        books.add_layers()
        books.add_refused()
        places.add_places()
    return CASES


def main() -> None:
    """Write every file and what is expected."""
    for case in gather():
        case.make(HERE / case.file)
    content = json.dumps(expected(), ensure_ascii=False, indent=1)
    (HERE / "expected.json").write_text(content + "\n", encoding="utf-8")
    print(f"{len(CASES)} cases in {HERE}")


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent))
    from corpus.make_corpus import main as run  # the same module that books.py knows

    run()
