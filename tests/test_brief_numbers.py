"""Every output of a brief says the same numbers as its JSON, and opens where it should."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import warnings
import zipfile
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from coverage.briefs import slides
from coverage.briefs.charts import progress
from coverage.briefs.pages import Pages
from coverage.briefs.request import Request
from coverage.briefs.tables import tables
from coverage.briefs.texts import Block
from coverage.briefs.writing import write
from coverage.city import City
from coverage.results.document import as_json, known
from coverage.results.table import Column, Table
from coverage.text import number
from coverage.travel.off_road import REMEDY, STRAIGHT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coverage.briefs.writing import Brief
    from coverage.results.document import Document as Result

pytestmark = pytest.mark.slow
_LOOSE = re.compile(r"\d[\d,]*(?:\.\d+)?")

TABLES = ("targets", "counties", "missing", "kinds", "inputs", "reported", "projects")


@pytest.fixture(scope="module")
def brief(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brief]:
    """A brief of 清远 in every format that this machine can make."""
    with pytest.MonkeyPatch.context() as patch:
        if "COVERAGE_CACHE" not in os.environ:
            patch.setenv("COVERAGE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield write(Request(city="清远"), tmp_path_factory.mktemp("brief") / "out")


@pytest.fixture(scope="module")
def folder(brief: Brief) -> Path:
    """Where its documents stand."""
    return brief.files[0].parent


@pytest.fixture(scope="module")
def document(brief: Brief) -> Result:
    """The result that they were written from."""
    return brief.document


@pytest.fixture(scope="module")
def result(folder: Path) -> dict[str, Any]:
    """The same as its JSON says it."""
    data: dict[str, Any] = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    return data


def computed(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Indicators of the JSON that a register or the plan gives a value to."""
    return [i for i in result["indicators"] if i["computed"] and i["basis"] != "none"]


def lead(result: dict[str, Any]) -> dict[str, Any]:
    """The first of them that lacks townships and is not met."""
    return next(
        i
        for i in computed(result)
        if i["missing"] and i["level"] == "township" and i["status"] in {"not_met", "contested"}
    )


def _clean(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _grids(document: Result) -> dict[str, list[list[str]]]:
    """Every table of the brief as printed cells."""
    return {
        name: [[_clean(cell) for cell in row] for row in [table.heads, *table.texts()]]
        for name, table in tables(document).items()
    }


# -- the JSON itself against the report ---------------------------------------------------


def test_the_result_is_the_report(
    result: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    from helpers import run

    plain = run(capsys, "report", "--city", "清远", "--format", "json").data
    for key, value in plain.items():
        if key != "indicators":
            assert result[key] == value, key
    for ours, theirs in zip(result["indicators"], plain["indicators"], strict=True):
        assert {k: ours[k] for k in theirs} == theirs


def test_the_json_is_the_result_that_every_document_was_written_from(
    document: Result, result: dict[str, Any]
) -> None:
    assert as_json(document) == result
    for indicator in document.valued():
        top, bottom = known(indicator.numerator), known(indicator.denominator)
        if top is not None and bottom is not None:
            assert indicator.value == Fraction(top) * indicator.scale / Fraction(bottom)


def test_the_published_figures_of_qingyuan(result: dict[str, Any]) -> None:
    """40 of 85 townships, >60 % needs 52: 12 short (the plan's own numbers)."""
    first = lead(result)
    assert first["id"] == "elder_care.integrated_township"
    assert (first["numerator"], first["denominator"]) == (40, 85)
    assert len(first["missing"]) == 45
    by_code = {u["code"]: u for u in result["units"] if u["level"] == "township"}
    people = sum(by_code[c]["people"]["60+"] for c in first["missing"])
    assert first["missing_people"] == people


# -- Word ---------------------------------------------------------------------------------


def test_word_says_the_same_numbers(folder: Path, document: Result) -> None:
    from docx import Document

    made = Document(str(folder / "brief.docx"))
    found = [[[_clean(c.text) for c in row.cells] for row in t.rows] for t in made.tables]
    grids = _grids(document)
    wanted = [grids[n] for n in TABLES]
    assert found == wanted
    words = "\n".join(paragraph.text for paragraph in made.paragraphs)
    assert f"（{STRAIGHT.zh}）：可达者中" in words
    assert REMEDY.zh in words


def test_words_outline_header_rows_and_page_numbers(folder: Path) -> None:
    from docx import Document
    from docx.oxml.ns import qn

    document: Any = Document(str(folder / "brief.docx"))
    outline = [
        (p.style.name, p.text) for p in document.paragraphs if p.style.name.startswith("Heading")
    ]
    firsts = [text for style, text in outline if style == "Heading 1"]
    assert [t[:2] for t in firsts[:4]] == ["一、", "二、", "三、", "四、"]
    assert firsts[-1].startswith("附件")
    assert ("Heading 2", "（一）覆盖与缺口") in outline
    for table in document.tables:
        properties = table.rows[0]._tr.trPr
        assert properties.find(qn("w:tblHeader")) is not None
    footer = document.sections[0].footer._element.xml
    assert "PAGE" in footer
    normal = document.styles["Normal"].element.xml
    assert 'w:eastAsia="仿宋"' in normal
    captions = [p.text for p in document.paragraphs if p.style.name == "Caption"]
    assert sum(c.startswith("图") for c in captions) == len(document.inline_shapes) == 3


def _numbers(value: Any) -> Iterator[str]:
    """Every number of the JSON as it may be printed, and those inside its texts."""
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, (int, float)):
        yield number(Fraction(value).limit_denominator(10**6))
        yield str(value)
    elif isinstance(value, str):
        yield from _LOOSE.findall(value)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _numbers(key)
            yield from _numbers(part)
    else:
        yield str(len(value))
        for part in value:
            yield from _numbers(part)


def test_no_number_of_the_prose_comes_from_nowhere(folder: Path, result: dict[str, Any]) -> None:
    from docx import Document

    values = computed(result)
    judged = [sum(i["status"] == s for i in values) for s in ("met", "not_met", "contested")]
    first = lead(result)
    lagging = sum(c["value"] < first["value"] for c in first["by_county"])
    proper = [u for u in result["units"] if u["category"] != "统计单元"]
    known = {*_numbers(result), *map(str, judged), str(lagging), str(len(values))}
    known |= {str(len(result["indicators"]) - len(values)), str(len(values) - sum(judged))}
    known |= {str(sum(u["level"] == level for u in proper)) for level in ("county", "township")}
    known |= {str(int(p)) for p in re.findall(r"\d+", result["record"]["date"][:10])}
    said = [p.text for p in Document(str(folder / "brief.docx")).paragraphs]
    # Numbers of headings, tables and figures count themselves.
    body = [t for t in said if not re.match(r"(附\d|[图表]\d+|由 facility)", t)]
    loose = {n for text in body for n in _LOOSE.findall(text)}
    assert len(loose) > 60
    assert loose <= known, sorted(loose - known)


# -- slides -------------------------------------------------------------------------------


def _joined(grid: list[list[str]], found: list[list[str]]) -> None:
    """Cells of a slide are those of the table, cut where they are too long."""
    for ours, theirs in zip(grid, found, strict=False):
        for cell, cut in zip(ours, theirs, strict=True):
            whole = cell.replace(" ", "")
            short = cut.replace(" ", "").replace("；", "")
            assert whole == short or whole.startswith(short.removesuffix("…")), (cell, cut)


def test_slides_say_the_same_numbers(
    folder: Path, document: Result, result: dict[str, Any]
) -> None:
    from pptx import Presentation

    deck = Presentation(str(folder / "brief.pptx"))
    grids = _grids(document)
    titles = [slide.shapes.title.text_frame.text for slide in deck.slides]
    assert titles[0].startswith("清远市")
    assert len(titles) >= 8
    assert all(titles)
    found = [
        [[_clean(c.text) for c in row.cells] for row in shape.table.rows]
        for slide in deck.slides
        for shape in slide.shapes
        if shape.has_table
    ]
    overview, left, right = found
    _joined(grids["overview"], overview)
    _joined(grids["missing"][:9], left)
    _joined([grids["missing"][0], *grids["missing"][9:17]], right)
    _charts(deck, document, result)
    cards = [
        shape.text_frame.text.split("\n")
        for shape in deck.slides[1].shapes
        if shape.has_text_frame and "\n" in shape.text_frame.text
    ]
    first = lead(result)
    share = number(Fraction(100 * first["numerator"], first["denominator"]))
    assert f"{share}%" in [card[0] for card in cards]


def _charts(deck: Any, document: Result, result: dict[str, Any]) -> None:
    charts = [s.chart for slide in deck.slides for s in slide.shapes if s.has_chart]
    targets, counties = charts
    rows = progress(document)[::-1]
    by_id = {i["short_name"]: i for i in computed(result)}
    assert list(targets.plots[0].categories) == [row.name for row in rows]
    aims, values, *_ = (list(series.values) for series in targets.plots[0].series)
    assert values == pytest.approx(
        [by_id[row.name.split(" ")[0]]["value"] for row in rows], abs=1e-4
    )
    assert aims == [row.aim for row in rows]
    first = lead(result)
    shares = {c["name"]: c for c in first["by_county"]}
    names = list(counties.plots[0].categories)
    assert set(names) == set(shares)
    done, rest = (list(series.values) for series in counties.plots[0].series)
    assert done == [shares[n]["numerator"] for n in names]
    assert rest == [shares[n]["denominator"] - shares[n]["numerator"] for n in names]


# -- workbook -----------------------------------------------------------------------------


def _soffice() -> str:
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("LibreOffice is not installed")
    return program


def _opened(path: Path, *, data_only: bool = False) -> Any:
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*extension is not supported")  # LibreOffice's own
        # From memory: openpyxl leaves files open when it is done with them.
        return load_workbook(io.BytesIO(path.read_bytes()), data_only=data_only)


def _recalculated(path: Path, tmp_path: Path) -> Any:
    command = [_soffice(), f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"]
    command += ["--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir"]
    command += [str(tmp_path / "again"), str(path)]
    subprocess.run(command, capture_output=True, check=True, timeout=180)
    return _opened(tmp_path / "again" / path.name, data_only=True)


def test_slides_put_the_remedy_beside_a_straight_line_estimate(
    document: Result, tmp_path: Path
) -> None:
    from pptx import Presentation

    mark = f"15分钟圈（{STRAIGHT.zh}）"
    table = Table("t", (Column("指标"),), ((mark,),))
    blocks = [
        Block("title", "首页"),
        Block("title", mark),
        Block("title", "表"),
        Block("table", "t"),
    ]
    blocks += [
        Block("title", "点"),
        Block("point", mark),
        Block("title", "别的"),
        Block("point", "无"),
    ]
    slides.write(
        tmp_path / "s.pptx", Pages(document, City.load("清远"), {"t": table}, slides=blocks)
    )
    told = [
        "\n".join(shape.text_frame.text for shape in slide.shapes if shape.has_text_frame)
        for slide in Presentation(str(tmp_path / "s.pptx")).slides
    ]
    assert [REMEDY.zh in text for text in told] == [False, True, True, True, False]


def test_the_workbook_recalculates_to_the_same_numbers(
    folder: Path, result: dict[str, Any], tmp_path: Path
) -> None:
    book = _recalculated(folder / "brief.xlsx", tmp_path)
    rows = [[cell.value for cell in row] for row in book["汇总"].iter_rows(min_row=5)]
    wanted = [(i, t) for i in computed(result) for t in i["targets"] or [None]]
    assert len(rows) == len(wanted)
    for row, (indicator, target) in zip(rows, wanted, strict=True):
        assert row[0] == indicator["name"]
        for cell, key in zip(row[2:5], ("numerator", "denominator", "value"), strict=True):
            assert cell == (None if indicator[key] is None else pytest.approx(indicator[key])), row
        if target is not None and target["gap_points"] is not None:
            assert row[8] == pytest.approx(target["gap_points"], abs=1e-9), row
            assert row[9] == target["gap_units"], row
    errors = [
        (sheet.title, cell.coordinate, cell.value)
        for sheet in book
        for line in sheet.iter_rows()
        for cell in line
        if isinstance(cell.value, str) and cell.value.startswith("#")
    ]
    assert errors == []


def test_the_workbook_is_live_frozen_and_prints(folder: Path, result: dict[str, Any]) -> None:
    book = _opened(folder / "brief.xlsx")
    formulas = [
        str(cell.value)
        for sheet in book
        for line in sheet.iter_rows()
        for cell in line
        if cell.data_type == "f"
    ]
    assert sum("COUNTIF" in f for f in formulas) >= 5
    assert sum("MAX(0" in f for f in formulas) >= 10
    assert any(f.startswith("=SUM(") for f in formulas)
    # One sheet for each computed indicator besides the common ones.
    assert len(book.sheetnames) == len(computed(result)) + 8
    for name in ("汇总", "乡镇", "设施", "综合养老"):
        assert book[name].freeze_panes is not None
        assert book[name].print_area
        assert book[name].conditional_formatting
    townships = book["乡镇"]
    people = {u["code"]: u["people"] for u in result["units"] if u["level"] == "township"}
    seen = 0
    for row in townships.iter_rows(min_row=4, values_only=True):
        if row[0] in people:
            assert row[4:6] == (people[row[0]]["all"], people[row[0]]["60+"])
            seen += 1
    assert seen == len(people)


# -- the page -----------------------------------------------------------------------------


def test_the_page_says_the_same_numbers_and_fetches_nothing(
    folder: Path, document: Result, result: dict[str, Any]
) -> None:
    from lxml import html

    text = (folder / "brief.html").read_text(encoding="utf-8")
    tree = html.fromstring(text)
    grids = _grids(document)
    found = {t.get("id")[2:]: t for t in tree.findall(".//table")}
    assert set(found) == set(TABLES)
    for name, table in found.items():
        cells = [[_clean(c.text_content()) for c in tr] for tr in table.iter("tr")]
        assert cells == grids[name], name
    links = [e.get(a) for e in tree.iter() for a in ("src", "href") if e.get(a)]
    assert all(link.startswith(("data:", "#")) for link in links)
    assert len(text) < 5_000_000
    embedded = json.loads(tree.xpath("//script[@id='result']")[0].text)
    assert {k: v for k, v in result.items() if k != "record"} == embedded


def test_the_page_is_readable_on_a_phone(folder: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 844})
        asked: list[str] = []
        said: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.goto((folder / "brief.html").as_uri())
        wide = page.evaluate("document.documentElement.scrollWidth")
        title = page.inner_text("h1")
        browser.close()
    assert wide <= 390, "the page must not scroll sideways; its tables do within themselves"
    assert title == "清远市民政设施覆盖情况简报"
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert said == []


# -- PDF ----------------------------------------------------------------------------------


def test_the_pdf_has_every_row_of_every_table(folder: Path, document: Result) -> None:
    """LibreOffice can lose the rest of a table at a page's end: each name must be there."""
    _soffice()
    program = shutil.which("pdftotext")
    if program is None or not (folder / "brief.pdf").exists():
        pytest.skip("needs pdftotext and a LibreOffice that reads Word")
    path = str(folder / "brief.pdf")
    done = subprocess.run([program, path, "-"], capture_output=True, text=True, check=True)
    text = re.sub(r"\s", "", done.stdout)
    for name, table in tables(document).items():
        if name == "overview":
            continue
        for row in range(len(table.rows)):
            assert _first_words(table, row) in text, (name, row)


def _first_words(table: Table, row: int) -> str:
    column = next(c for c, col in enumerate(table.columns) if col.kind == "text")
    return re.sub(r"\s", "", table.shown(row, column))[:5]


# -- layers -------------------------------------------------------------------------------


def test_the_layers_say_the_same_numbers(folder: Path, result: dict[str, Any]) -> None:
    import pyogrio

    path = folder / "brief.gpkg"
    names = {name for name, _ in pyogrio.list_layers(path)}
    assert {"counties", "townships", "missing", "facilities", "roads"} <= names
    first = lead(result)
    townships = pyogrio.read_dataframe(path, layer="townships")
    assert townships.crs == "EPSG:4326"
    column = "elder_care_integrated_township"
    has = townships.dropna(subset=[column])
    assert set(has.loc[has[column] == 1, "code"]) == set(first["covered"])
    assert set(has.loc[has[column] == 0, "code"]) == set(first["missing"])
    missing = pyogrio.read_dataframe(path, layer="missing")
    people = {u["code"]: u["people"]["60+"] for u in result["units"] if u["level"] == "township"}
    assert dict(zip(missing["code"], missing["people"], strict=True)) == {
        c: people[c] for c in first["missing"]
    }
    assert len(pyogrio.read_dataframe(path, layer="facilities")) == len(result["register"])
    with sqlite3.connect(path) as base:
        rows = base.execute("SELECT id, numerator, denominator, value FROM indicators").fetchall()
        gaps = base.execute("SELECT count(*), sum(gap_units) FROM targets").fetchone()
        styled = {r[0] for r in base.execute("SELECT f_table_name FROM layer_styles")}
    base.close()
    assert rows == [
        (i["id"], i["numerator"], i["denominator"], i["value"]) for i in result["indicators"]
    ]
    every = [t for i in result["indicators"] for t in i["targets"]]
    assert gaps == (len(every), sum(t["gap_units"] or 0 for t in every))
    assert styled == {"counties", "townships", "missing", "facilities", "roads"}


def test_the_project_names_the_layers_by_a_relative_path(folder: Path) -> None:
    from lxml import etree

    with zipfile.ZipFile(folder / "brief.qgz") as archive:
        root = etree.fromstring(archive.read("brief.qgs"))
    sources = [e.text for e in root.iter("datasource")]
    assert len(sources) == 5
    assert all(s.startswith("./brief.gpkg|layername=") for s in sources)
    ids = {e.text for e in root.iterfind("projectlayers/maplayer/id")}
    assert ids == {e.get("id") for e in root.iter("layer-tree-layer")}
    assert all(len(id_) > 10 for id_ in ids)


_QGIS = """
import json, os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from qgis.core import QgsApplication, QgsProject
app = QgsApplication([], False)
app.initQgis()
project = QgsProject.instance()
read = project.read(sys.argv[1])
layers = [node.layer() for node in project.layerTreeRoot().findLayers()]
found = {l.name(): [l.isValid(), l.featureCount(), l.renderer().type(), l.labelsEnabled()]
         for l in layers if l is not None}
print("FOUND" + json.dumps([read, project.crs().authid(), found]), flush=True)
os._exit(0)
"""


def test_qgis_opens_the_project(folder: Path, result: dict[str, Any]) -> None:
    python = shutil.which("python3", path="/usr/bin")
    ask = [python or "", "-c", "import qgis.core"]
    if python is None or subprocess.run(ask, capture_output=True, check=False).returncode:
        pytest.skip("QGIS (python3-qgis) is not installed")
    command = [python, "-c", _QGIS, str(folder / "brief.qgz")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    line = next(part for part in done.stdout.splitlines() if part.startswith("FOUND"))
    read, crs, layers = json.loads(line.removeprefix("FOUND"))
    assert read
    assert crs == "EPSG:32649"
    assert set(layers) == {"县（市、区）", "乡镇（街道）", "尚未覆盖的乡镇", "设施", "道路"}
    assert all(valid for valid, *_ in layers.values())
    assert layers["乡镇（街道）"][2:] == ["categorizedSymbol", True]
    assert layers["设施"][1] == len(result["register"])
