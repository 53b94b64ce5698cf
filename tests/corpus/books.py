"""The corpus's workbooks, disguises, layers and files that must be refused."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from typing import TYPE_CHECKING, Any

from corpus.make_corpus import PLACE, TWO, TWO_VALUES, Sheet, binary, made

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEAD = ["机构名称", "所属乡镇", "床位数"]
ROWS = [["太和镇敬老院", "太和镇", 80], ["石角镇敬老院", "石角镇", 60]]
_WHEN = dt.datetime(2024, 12, 31)  # noqa: DTZ001 - a workbook's properties have no zone


def book(fill: Callable[[Any], None]) -> bytes:
    """A workbook that is the same whenever it is made."""
    import openpyxl

    book = openpyxl.Workbook()
    book.properties.created = book.properties.modified = _WHEN
    fill(book)
    out = io.BytesIO()
    book.save(out)
    return _edited(out.getvalue())


def _edited(raw: bytes, edits: dict[str, Callable[[bytes], bytes]] | None = None) -> bytes:
    """A zip archive with fixed times and some of its entries changed."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(raw)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            if edits and name in edits:
                content = edits[name](content)
            new.writestr(zipfile.ZipInfo(name, (2024, 12, 31, 0, 0, 0)), content)
    return out.getvalue()


def _append(sheet: Any, rows: list[list[Any]]) -> None:
    for row in rows:
        sheet.append(row)


def add_workbooks() -> None:
    """Workbooks as bureaus make them."""
    binary(
        "merged_township.xlsx",
        "title merged over the table, townships merged down their rows, totals at the end",
        book(_merged_township),
        Sheet(
            "THAAAAS",
            {"乡镇": "township", "机构名称": "name", "床位数": "beds"},
            {
                3: {"township": "太和镇"},
                4: {"township": "太和镇", "beds": 30},
                6: {"township": "石角镇"},
            },
            name="台账",
        ),
    )
    binary(
        "merged_header.xlsx",
        "a header of two rows with cells merged across and down, a note below",
        book(_merged_header),
        Sheet(
            "THHAAN",
            {
                "机构名称": "name",
                "床位/总数": "beds",
                "床位/护理型": "nursing_beds",
                "位置/经度": "lon",
                "位置/纬度": "lat",
            },
            {4: {"beds": 80, "nursing_beds": 40, "lon": 112.97, "lat": 23.73}},
            name="Sheet",
        ),
    )
    binary(
        "merged_number.xlsx",
        "beds merged over two rows count once: they stand in the first row only",
        book(_merged_number),
        Sheet(
            "HAA",
            PLACE,
            {2: {"beds": 80}, 3: {"beds": None, "township": "太和镇"}},
            name="Sheet",
            note="first row only",
        ),
    )
    binary(
        "several_sheets.xlsx",
        "one sheet a county, an empty one, and a hidden one with old figures",
        book(_several_sheets),
        Sheet("HA", PLACE, {2: {"beds": 80}}, name="清新区"),
        Sheet("HA", PLACE, {2: {"beds": 60}}, name="清城区"),
        Sheet("", {}, name="Sheet3", header="none"),
        Sheet("HA", PLACE, {2: {"beds": 10}}, name="旧数据", hidden=True),
    )
    binary(
        "dates.xlsx",
        "real dates, a serial number without a format, a month typed as the number 2023.5, and "
        "2023.1, which may be January or October",
        book(_dates),
        Sheet(
            "HAAAR",
            {"名称": "name", "成立时间": "opened"},
            {
                2: {"opened": "2023-05-01"},
                3: {"opened": "2023-01-01"},
                4: {"opened": "2023-05-01"},
            },
            {5: "January or October"},
            name="Sheet",
        ),
    )
    binary(
        "formulas.xlsx",
        "formulas with stored values: the value is read, never the formula",
        _edited(book(_formulas), {"xl/worksheets/sheet1.xml": _store_values}),
        Sheet("HAAS", PLACE, {2: {"beds": 80}, 3: {"beds": 160}}, name="Sheet"),
    )
    binary(
        "formulas_without_values.xlsx",
        "formulas that no program has calculated have no value: said, and read as empty",
        book(_formulas),
        Sheet(
            "HAAS",
            PLACE,
            {2: {"beds": 80}, 3: {"beds": None}},
            name="Sheet",
            note="without a stored value",
        ),
    )
    binary(
        "wrong_dimension.xlsx",
        "an exporter that says the sheet is A1 only: cells beyond must not be lost",
        _edited(
            book(lambda book: _append(book.active, [HEAD, *ROWS])),
            {"xl/worksheets/sheet1.xml": lambda raw: raw.replace(b'ref="A1:C3"', b'ref="A1"')},
        ),
        Sheet("HAA", PLACE, TWO_VALUES, name="Sheet"),
    )
    binary(
        "formats_below.xlsx",
        "coloured empty cells down to row 400 and out to column Z are no rows",
        book(_formats_below),
        Sheet("HAA", PLACE, TWO_VALUES, name="Sheet"),
    )
    binary(
        "gap.xlsx",
        "rows that the file leaves out are blank rows with their numbers",
        book(_gap),
        Sheet("HABBBA", PLACE, {2: {"beds": 80}, 6: {"beds": 60}}, name="Sheet"),
    )
    binary(
        "shared_strings.xlsx",
        "as Excel itself writes it: shared strings, runs of rich text, phonetic hints that are no "
        "text, a stored formula result, truth and an error value",
        _packed(_SHARED),
        Sheet(
            "HAR",
            {"名称": "name", "床位数": "beds", "全托": "service:全托"},
            {2: {"name": "太和镇敬老院", "beds": 80, "services": ["全托"]}},
            {3: "formula"},
            name="名册",
        ),
    )
    binary(
        "id_as_number.xlsx",
        "ID numbers typed as numbers lose their last digits and are still personal",
        book(_id_numbers),
        Sheet("HA", {"机构名称": "name"}, personal=("附1", "附2"), name="Sheet"),
    )
    made(
        "old_excel.xls",
        "Excel 97: merged townships, a real date, whole numbers stored as floats, a total",
        _old_excel,
        Sheet(
            "THAAS",
            {"乡镇": "township", "机构名称": "name", "床位数": "beds", "开业日期": "opened"},
            {
                3: {"township": "太和镇", "beds": 80, "opened": "2015-06-01"},
                4: {"township": "太和镇", "beds": 30},
            },
            name="台账",
        ),
    )


_SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OPEN = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_SHARED = {
    "[Content_Types].xml": f"""<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels"
 ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override
 PartName="/xl/workbook.xml" ContentType="{_OPEN}.sheet.main+xml"/><Override
 PartName="/xl/worksheets/sheet1.xml" ContentType="{_OPEN}.worksheet+xml"/><Override
 PartName="/xl/sharedStrings.xml" ContentType="{_OPEN}.sharedStrings+xml"/></Types>""".encode(),
    "_rels/.rels": f"""<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1"
 Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>""".encode(),
    "xl/workbook.xml": f"""<workbook xmlns="{_SPREADSHEET}" xmlns:r="{_OFFICE}"><sheets><sheet
 name="名册" sheetId="1" r:id="rId1"/></sheets></workbook>""".encode(),
    "xl/_rels/workbook.xml.rels": f"""<Relationships xmlns="{_PACKAGE}/relationships"><Relationship
 Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2"
 Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>""".encode(),
    "xl/sharedStrings.xml": f"""<sst xmlns="{_SPREADSHEET}"><si><t>名称</t></si><si><t>床位数</t>
</si><si><t>全托</t></si><si><r><t>太和</t></r><r><rPr><b/></rPr><t>镇敬老院</t></r>
<rPh sb="0" eb="2"><t>taihe</t></rPh></si><si><t>石角镇敬老院</t></si></sst>""".encode(),
    "xl/worksheets/sheet1.xml": f"""<worksheet xmlns="{_SPREADSHEET}"><sheetData><row r="1">
<c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c></row>
<row r="2"><c r="A2" t="s"><v>3</v></c><c r="B2"><f>40+40</f><v>80</v></c>
<c r="C2" t="b"><v>1</v></c></row>
<row r="3"><c r="A3" t="s"><v>4</v></c><c r="B3" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>
</sheetData></worksheet>""".encode(),
}


def _merged_township(book: Any) -> None:
    sheet = book.active
    sheet.title = "台账"
    _append(
        sheet,
        [
            ["清远市养老机构台账"],
            ["乡镇", "机构名称", "床位数"],
            ["太和镇", "太和镇敬老院", 80],
            [None, "太和镇第二敬老院", 30],
            ["石角镇", "石角镇敬老院", 60],
            [None, "康乐养老院", 100],
            ["合计", None, 270],
        ],
    )
    for cells in ("A1:C1", "A3:A4", "A5:A6", "A7:B7"):
        sheet.merge_cells(cells)


def _merged_header(book: Any) -> None:
    sheet = book.active
    _append(
        sheet,
        [
            ["附件1 养老机构"],
            ["序号", "机构名称", "床位", None, "位置", None],
            [None, None, "总数", "护理型", "经度", "纬度"],
            [1, "太和镇敬老院", 80, 40, 112.97, 23.73],
            [2, "石角镇敬老院", 60, 20, 112.96, 23.55],
            ["说明：床位以备案数为准"],
        ],
    )
    for cells in ("A1:F1", "A2:A3", "B2:B3", "C2:D2", "E2:F2", "A6:F6"):
        sheet.merge_cells(cells)


def _merged_number(book: Any) -> None:
    sheet = book.active
    _append(sheet, [HEAD, ["甲敬老院", "太和镇", 80], ["乙敬老院", None, None]])
    sheet.merge_cells("B2:B3")
    sheet.merge_cells("C2:C3")


def _several_sheets(book: Any) -> None:
    first = book.active
    first.title = "清新区"
    _append(first, [HEAD, ROWS[0]])
    _append(book.create_sheet("清城区"), [HEAD, ROWS[1]])
    book.create_sheet("Sheet3")
    hidden = book.create_sheet("旧数据")
    _append(hidden, [HEAD, ["旧敬老院", "太和镇", 10]])
    hidden.sheet_state = "hidden"


def _dates(book: Any) -> None:
    _append(
        book.active,
        [
            ["名称", "成立时间"],
            ["太和镇甲敬老院", dt.date(2023, 5, 1)],
            ["太和镇乙敬老院", 44927],
            ["太和镇丙敬老院", 2023.5],
            ["太和镇丁敬老院", 2023.1],
        ],
    )


def _formulas(book: Any) -> None:
    _append(
        book.active,
        [
            HEAD,
            ROWS[0],
            ["石角镇敬老院", "石角镇", "=C2*2"],
            ["合计", None, "=SUM(C2:C3)"],
        ],
    )


def _store_values(raw: bytes) -> bytes:
    return raw.replace(b"<f>C2*2</f><v />", b"<f>C2*2</f><v>160</v>").replace(
        b"<f>SUM(C2:C3)</f><v />", b"<f>SUM(C2:C3)</f><v>240</v>"
    )


def _formats_below(book: Any) -> None:
    from openpyxl.styles import PatternFill

    sheet = book.active
    _append(sheet, [HEAD, *ROWS])
    for row in range(1, 401, 7):
        for column in range(1, 27):
            sheet.cell(row, column).fill = PatternFill("solid", fgColor="FFF2CC")


def _gap(book: Any) -> None:
    sheet = book.active
    _append(sheet, [HEAD, ROWS[0]])
    for column, value in enumerate(ROWS[1], start=1):
        sheet.cell(6, column, value)


def _id_numbers(book: Any) -> None:
    _append(
        book.active,
        [["机构名称", "附1", "附2"], ["太和镇敬老院", 110105194912310000, 13800138000]],
    )


def _old_excel(path: Path) -> None:
    import xlwt

    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("台账")
    day = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    sheet.write_merge(0, 0, 0, 3, "清远市养老机构台账")
    for column, name in enumerate(["乡镇", "机构名称", "床位数", "开业日期"]):
        sheet.write(1, column, name)
    sheet.write_merge(2, 3, 0, 0, "太和镇")
    sheet.write(2, 1, "太和镇敬老院")
    sheet.write(2, 2, 80)
    sheet.write(2, 3, dt.date(2015, 6, 1), day)
    sheet.write(3, 1, "太和镇第二敬老院")
    sheet.write(3, 2, 30)
    sheet.write(4, 0, "合计")
    sheet.write(4, 2, 110)
    book.save(str(path))


_HTML = """<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head>
<meta http-equiv="Content-Type" content="text/html; charset=gb2312"><style>td{color:red}</style>
</head><body><table><tr><td colspan=3><b>养老机构名册</b></td></tr>
<tr><th>所属乡镇</th><th>机构名称</th><th>床位数</th></tr>
<tr><td rowspan=2>太和镇</td><td>太和镇敬老院</td><td>80</td></tr>
<tr><td>太和镇第二<br>敬老院</td><td>30</td></tr>
<tr><td>合计</td><td></td><td>110</td></tr></table></body></html>"""

_XML = """<?xml version="1.0" encoding="UTF-8"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="名册"><Table>
<Row><Cell><Data ss:Type="String">机构名称</Data></Cell><Cell><Data ss:Type="String">所属乡镇</Data>
</Cell><Cell><Data ss:Type="String">床位数</Data></Cell></Row>
<Row ss:Index="3"><Cell><Data ss:Type="String">太和镇敬老院</Data></Cell>
<Cell ss:MergeDown="1"><Data ss:Type="String">太和镇</Data></Cell>
<Cell><Data ss:Type="Number">80</Data></Cell></Row>
<Row><Cell><Data ss:Type="String">石角镇敬老院</Data></Cell>
<Cell ss:Index="3"><Data ss:Type="Number">60</Data></Cell></Row>
</Table></Worksheet></Workbook>"""


def add_disguises() -> None:
    """Files whose ending is not what they are."""
    plain = book(lambda book: _append(book.active, [HEAD, *ROWS]))
    binary(
        "really_xlsx.xls",
        "an .xlsx renamed to .xls",
        plain,
        Sheet("HAA", PLACE, TWO_VALUES, name="Sheet"),
    )
    made(
        "really_xls.xlsx",
        "an .xls renamed to .xlsx",
        _old_excel,
        Sheet(
            "THAAS",
            {"乡镇": "township", "机构名称": "name", "床位数": "beds", "开业日期": "opened"},
            name="台账",
        ),
    )
    binary(
        "really_html.xls",
        "a web page called .xls, as portals export; GB 2312, spans, a line break in a cell",
        _HTML.encode("gb18030"),
        Sheet(
            "THAAS",
            PLACE,
            {3: {"township": "太和镇"}, 4: {"name": "太和镇第二敬老院", "township": "太和镇"}},
        ),
    )
    binary(
        "really_csv.xls",
        "tabs and GBK called .xls, as old systems export",
        TWO.replace(",", "\t").encode("gbk"),
        Sheet("HAA", PLACE, TWO_VALUES, encoding="gb18030"),
    )
    binary(
        "really_xml.xls",
        "XML Spreadsheet 2003 called .xls, with a skipped row and a cell merged down",
        _XML.encode(),
        Sheet("HBAA", PLACE, {3: {"beds": 80}, 4: {"township": "太和镇", "beds": 60}}, name="名册"),
    )
    binary(
        "really_xlsx.csv",
        "a workbook called .csv",
        plain,
        Sheet("HAA", PLACE, TWO_VALUES, name="Sheet"),
    )


_POINTS = """{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"名称":"太和镇敬老院","床位数":80,"服务":["全托","日托"]},
 "geometry":{"type":"Point","coordinates":[112.97,23.73]}},
{"type":"Feature","properties":{"名称":"石角镇敬老院","床位数":"约60张"},"geometry":null},
{"type":"Feature","properties":{"名称":"源潭镇敬老院"},"geometry":{"type":"Point","coordinates":[]}}]}"""

_AREA = """{"type":"FeatureCollection","crs":{"type":"name","properties":
{"name":"urn:ogc:def:crs:EPSG::4490"}},"features":[{"type":"Feature","properties":
{"名称":"太和公墓","经度":112.0},"geometry":{"type":"Polygon","coordinates":
[[[112,23],[113,23],[113,24],[112,24],[112,23]]]}}]}"""


def add_layers() -> None:
    """Layers with what is usually wrong with them."""
    point = {"geometry/lon": "lon", "geometry/lat": "lat"}
    binary(
        "points.geojson",
        "points, a feature without a geometry and one with an empty point: every one is a row",
        _POINTS.encode(),
        Sheet(
            "AAA",
            {"名称": "name", "床位数": "beds", "服务": "services", **point},
            {1: {"beds": 80, "lon": 112.97, "lat": 23.73}, 2: {"beds": 60, "lon": None}},
            crs="EPSG:4326",
        ),
    )
    binary(
        "area_4490.geojson",
        "an area in EPSG:4490: a point on it is taken, before the attribute that says otherwise",
        _AREA.encode(),
        Sheet(
            "A",
            {"名称": "name", **point},
            {1: {"lon": 112.5, "lat": 23.5}},
            crs="EPSG:4490",
            note="no points",
        ),
    )
    binary(
        "gbk.geojson",
        "GeoJSON must be UTF-8; this one is GBK",
        _POINTS.encode("gbk"),
        Sheet(
            "AAA",
            {"名称": "name", "床位数": "beds", "服务": "services", **point},
            encoding="gb18030",
            crs="EPSG:4326",
        ),
    )
    binary(
        "records.json",
        "an array of objects, as a web service gives it",
        '[{"name":"太和镇敬老院","lng":112.97,"lat":23.73,"beds":80},{"name":"石角镇敬老院"}]'.encode(),
        Sheet(
            "AA",
            {"name": "name", "lng": "lon", "lat": "lat", "beds": "beds"},
            {1: {"lon": 112.97}},
        ),
    )
    made(
        "shape_bare.zip",
        "a zipped shapefile with GBK attributes, without .cpg and without .prj",
        _shape_bare,
        Sheet(
            "AA",
            {"名称": "name", "床位数": "beds", "geometry/x": "x", "geometry/y": "y"},
            {1: {"name": "太和镇敬老院", "beds": 80, "x": 395112.7, "y": 2625712.3}},
            name="养老设施",
            encoding="gb18030",
            note="coordinate system is not stated",
        ),
    )
    made(
        "shape_wrong_cpg.zip",
        "a shapefile whose .cpg says UTF-8 and whose attributes are GBK; EPSG:4490",
        _shape_wrong_cpg,
        Sheet(
            "AA",
            {"名称": "name", "床位数": "beds", **point},
            {2: {"name": "石角镇敬老院", "lon": 112.96}},
            name="points",
            encoding="gb18030",
            crs="EPSG:4490",
            note="not what .cpg says",
        ),
    )
    made(
        "layers.gpkg",
        "a GeoPackage of two layers, the second a table without geometries",
        _layers,
        Sheet(
            "AA",
            {"名称": "name", "床位数": "beds", **point},
            {1: {"lon": 112.97, "beds": 80}, 2: {"beds": None}},
            name="设施",
            crs="EPSG:4326",
        ),
        Sheet(
            "AA", {"机构名称": "name", "乡镇": "township"}, {1: {"township": "太和镇"}}, name="名册"
        ),
    )


def _frame(crs: str | None, places: list[tuple[float, float]], beds: list[float | None]) -> Any:
    import geopandas as gpd
    import shapely

    return gpd.GeoDataFrame(
        {"名称": ["太和镇敬老院", "石角镇敬老院"], "床位数": beds},
        geometry=[shapely.Point(p) for p in places],
        crs=crs,
    )


_DEGREES = [(112.97, 23.73), (112.96, 23.55)]


def _zipped(path: Path, frame: Any, stem: str, leave: tuple[str, ...], cpg: str | None) -> None:
    import tempfile
    import warnings
    from pathlib import Path as File

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a shapefile without a CRS
        frame.to_file(File(folder) / "layer.shp", encoding="GBK")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in sorted(File(folder).iterdir()):
                if part.suffix in leave:
                    continue
                content = cpg.encode() if cpg and part.suffix == ".cpg" else part.read_bytes()
                info = zipfile.ZipInfo(f"数据/{stem}{part.suffix}", (2024, 12, 31, 0, 0, 0))
                archive.writestr(info, content)


def _shape_bare(path: Path) -> None:
    frame = _frame(None, [(395112.7, 2625712.3), (394200.1, 2605811.9)], [80, 60])
    _zipped(path, frame, "养老设施", (".cpg", ".prj"), None)


def _shape_wrong_cpg(path: Path) -> None:
    _zipped(path, _frame("EPSG:4490", _DEGREES, [80, 60]), "points", (), "UTF-8")


def _layers(path: Path) -> None:
    import pandas as pd
    import pyogrio

    path.unlink(missing_ok=True)
    pyogrio.write_dataframe(_frame("EPSG:4326", _DEGREES, [80, None]), path, layer="设施")
    table = pd.DataFrame({"机构名称": ["甲敬老院", "乙敬老院"], "乡镇": ["太和镇", "石角镇"]})
    pyogrio.write_dataframe(table, path, layer="名册", append=True)


def _archive(entries: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 12, 31, 0, 0, 0)), content)
    # writestr stores what ZipInfo says; a bomb must be packed
    return out.getvalue()


def _packed(entries: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in entries.items():
            info = zipfile.ZipInfo(name, (2024, 12, 31, 0, 0, 0))
            archive.writestr(info, content, compress_type=zipfile.ZIP_DEFLATED, compresslevel=9)
    return out.getvalue()


_ENTITY = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><sst>&e;</sst>'
)


def add_refused() -> None:
    """Files that are refused, each in one sentence."""
    plain = book(lambda book: _append(book.active, [HEAD, *ROWS]))
    binary("empty.csv", "nothing but line ends", b"\r\n\r\n", refused="the file is empty")
    binary(
        "bomb.xlsx",
        "a workbook whose sheet unpacks to a thousand times its size",
        _packed({"[Content_Types].xml": b"<x/>", "xl/worksheets/sheet1.xml": bytes(20 << 20)}),
        refused="zip bomb",
    )
    binary(
        "entity.xlsx",
        "a workbook whose text names an external file as an entity",
        _edited(plain, {"xl/styles.xml": lambda _: _ENTITY}),
        refused="entities",
    )
    binary(
        "entity.xls",
        "the same in XML Spreadsheet 2003",
        _XML.replace("<Workbook", '<!DOCTYPE Workbook [<!ENTITY e "x">]><Workbook', 1).encode(),
        refused="entities",
    )
    binary(
        "outside.zip",
        "an archive with an entry that points out of it",
        _archive({"../../evil.shp": b"x", "a.shp": b"x"}),
        refused="points outside",
    )
    binary(
        "zip_of_tables.zip",
        "an archive of tables: asked to be unpacked",
        _archive({"a.csv": TWO.encode()}),
        refused="unpack it",
    )
    binary(
        "cut.xlsx", "a workbook cut off in the middle", plain[: len(plain) // 2], refused="damaged"
    )
    binary(
        "locked.xlsx",
        "a workbook with a password is an OLE file with an encrypted package inside",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le"),
        refused="password",
    )
    binary(
        "word.xlsx",
        "a Word document renamed",
        _archive({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<x/>"}),
        refused="Word document",
    )
    binary("scan.csv", "a PDF renamed", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", refused="a PDF")
    binary(
        "noise.csv",
        "bytes that are no text",
        bytes((i * 37 + 11) % 256 for i in range(4000)),
        refused="not text",
    )
    binary("half.geojson", "GeoJSON cut off", _POINTS[:120].encode(), refused="damaged")
    binary(
        "place.kml",
        "KML, which is not read",
        b'<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"></kml>',
        refused="convert it",
    )
