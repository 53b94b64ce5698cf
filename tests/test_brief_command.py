"""`coverage brief` and `coverage replay` as a user meets them: bad input, records, templates."""

from __future__ import annotations

import json
import re
import resource
import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

import processes
from conftest import ROOT
from coverage.briefs.pages import BY
from coverage.briefs.request import FORMATS, Request, parse_formats
from coverage.briefs.texts import blocks, chinese
from coverage.city import City
from coverage.errors import InputError
from helpers import centre, run, write_register

if TYPE_CHECKING:
    from pathlib import Path

_CITY = ("--city", "清远")


def _brief(capsys: pytest.CaptureFixture[str], out: Path, *args: str, formats: str = "html"):  # type: ignore[no-untyped-def]  # noqa: ANN202
    return run(capsys, "brief", *_CITY, "--formats", formats, "--out", str(out), *args)


# -- bad input ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--formats", "odt"), "odt"),
        (("--formats", ","), "docx"),
        (("--year", "1999"), "1999"),
        (("--indicator", "no.such"), "no.such"),
        (("--provenance", "hearsay"), "hearsay"),
        (("--suppress-below", "1"), "2"),
        (("--template", "no-such.pptx"), "no-such.pptx"),
        (("--templates", "no-such-folder"), "no-such-folder"),
        (("--scenario", "no-such.toml"), "no-such.toml"),
        (("--facilities", "no-such.csv"), "no-such.csv"),
    ],
)
def test_bad_input_says_what_and_leaves_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, args: tuple[str, ...], said: str
) -> None:
    out = tmp_path / "out"
    formats = () if "--formats" in args else ("--formats", "html")
    done = run(capsys, "brief", *_CITY, *formats, "--out", str(out), *args)
    assert done.code == 2
    assert said in done.err
    assert done.err.count("错误 error") == 1
    assert "Traceback" not in done.err
    assert not out.exists()


def test_a_folder_that_cannot_be_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    done = _brief(capsys, tmp_path / "file" / "out")
    assert done.code == 2
    assert "写不进去" in done.err
    assert (tmp_path / "file").read_text(encoding="utf-8") == "x"


@pytest.mark.parametrize("formats", ["docx", "pptx", "xlsx", "html", "gpkg"])
def test_a_full_disk_leaves_the_previous_files(tmp_path: Path, formats: str) -> None:
    """The system itself refuses to write more than 30 kB into any file."""
    out = tmp_path / "out"
    out.mkdir()
    code = (
        "import resource, sys\n"
        "from coverage.cli.main import main\n"
        "from coverage.roads.sources import load\n"
        "load('441800')\n"
        "limit = (30_000, resource.RLIM_INFINITY)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, limit)\n"
        "main(sys.argv[1:])\n"
    )
    args = ["brief", *_CITY, "--formats", formats, "--out", str(out)]
    done = processes.run(*args, code=code)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert len(re.findall("错误 error", done.stderr)) == 1
    assert list(out.iterdir()) == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_files_of_others_are_not_replaced(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "brief.html").write_text("mine", encoding="utf-8")
    done = _brief(capsys, tmp_path)
    assert done.code == 2
    assert "brief.html" in done.err
    assert (tmp_path / "brief.html").read_text(encoding="utf-8") == "mine"


def test_a_second_run_replaces_its_own_and_leaves_what_it_does_not_write(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert _brief(capsys, tmp_path, formats="html,xlsx").code == 0
    assert (tmp_path / "brief.xlsx").exists()
    assert _brief(capsys, tmp_path, formats="html").code == 0
    assert {p.name for p in tmp_path.iterdir() if p.name[0] != "."} == {
        "brief.html",
        "brief.xlsx",
        "result.json",
        "record.json",
        "replaced",
    }


@pytest.mark.parametrize(
    ("library", "format_"),
    [("docx", "docx"), ("pptx", "pptx"), ("openpyxl", "xlsx"), ("jinja2", "html")],
)
def test_a_library_that_is_missing_is_named_in_one_sentence(
    tmp_path: Path, library: str, format_: str
) -> None:
    """A broken installation: the import itself fails, as it would there."""
    code = (
        "import sys\n"
        "sys.modules[sys.argv.pop(1)] = None\n"
        "from coverage.cli.main import main\n"
        "main(sys.argv[1:])\n"
    )
    out = tmp_path / "out"
    args = ["brief", *_CITY, "--formats", format_, "--out", str(out)]
    command = [sys.executable, "-c", code, library, *args]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert library in done.stderr
    assert len(re.findall("错误", done.stderr)) == 1
    assert not out.exists()


# -- templates ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{{ coverge }}", "coverge"),
        ("{{ lead.naem }}", "naem"),
        ("{{ table('nope') }}", "nope"),
        ("{{ figure('nope') }}", "nope"),
        ("{% if lead %}", "模板写法有误"),
        ("{{ 1 / 0 }}", "模板无法填写"),
        ("{{ ''.__class__.__mro__ }}", "__class__"),
    ],
)
def test_a_template_that_lacks_a_variable_is_named_with_its_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, line: str, said: str
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "report.zh.md.j2").write_text(f"# {{{{ city }}}}\n\n{line}\n", encoding="utf-8")
    out = tmp_path / "out"
    done = _brief(capsys, out, "--templates", str(own))
    assert done.code == 2
    assert "report.zh.md.j2" in done.err
    assert said in done.err
    if "%" not in line:
        assert "row 3" in done.err
    assert "此前已写好" not in done.err, "pictures for it are gone again"
    assert not out.exists()


def test_a_bureaus_own_text(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    text = "# {{ city }}简况\n## 覆盖\n**{{ lead.value }}**，缺{{ lead.missing_count }}个\n## 表\n"
    (own / "report.zh.md.j2").write_text(text + "{{ table('missing', 3) }}\n", encoding="utf-8")
    assert _brief(capsys, tmp_path / "o", "--templates", str(own)).code == 0
    page = (tmp_path / "o" / "brief.html").read_text(encoding="utf-8")
    assert "<h1>清远市简况</h1>" in page
    assert "一、覆盖" in page
    assert "二、表" in page
    assert "<b>47.1%</b>，缺45个" in page
    assert page.count("<tr>") == 4
    inputs = json.loads((tmp_path / "o" / "record.json").read_text(encoding="utf-8"))["inputs"]
    assert "report.zh.md.j2" in {i["file"] for i in inputs}


def test_a_broken_slide_template(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    bad = tmp_path / "本局.pptx"
    bad.write_bytes(b"PK\x03\x04 not a deck")
    done = _brief(capsys, tmp_path / "out", "--template", str(bad), formats="pptx")
    assert done.code == 2
    assert "本局.pptx" in done.err
    assert not (tmp_path / "out").exists()


def test_the_bureaus_own_slides_keep_their_looks(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from pptx import Presentation
    from pptx.util import Inches

    deck = Presentation()
    deck.slide_width, deck.slide_height = Inches(10), Inches(7.5)
    deck.slides.add_slide(deck.slide_layouts[0]).shapes.title.text = "旧的一页"
    deck.slide_layouts[5].name = "本局标题页"
    deck.save(str(tmp_path / "本局.pptx"))
    out = tmp_path / "out"
    done = _brief(capsys, out, "--template", str(tmp_path / "本局.pptx"), formats="pptx")
    assert done.code == 0
    made = Presentation(str(out / "brief.pptx"))
    assert made.slide_width == Inches(10)
    titles = [s.shapes.title.text_frame.text for s in made.slides]
    assert "旧的一页" not in titles
    assert made.slides[2].slide_layout.name == "本局标题页"
    for slide in made.slides:
        for shape in slide.shapes:
            assert shape.left >= 0
            assert shape.left + shape.width <= made.slide_width
            assert shape.top + shape.height <= made.slide_height


def test_nobody_who_made_a_template_is_named_in_what_is_made_of_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from pptx import Presentation
    from pptx.opc.package import Part
    from pptx.opc.packuri import PackURI
    from pptx.oxml.ns import qn

    deck, office = Presentation(), "http://schemas.openxmlformats.org/officeDocument/2006"
    for name in ("author", "last_modified_by", "keywords", "category", "comments"):
        setattr(deck.core_properties, name, "张三")
    deck.slides.add_slide(deck.slide_layouts[0]).notes_slide.notes_text_frame.text = "张三"
    listed = deck.element.makeelement(qn("p:extLst"), {})
    listed.append(listed.makeelement("section", {"name": "张三"}))
    deck.element.append(listed)
    package, words = deck.part.package, "<x>张三</x>".encode()

    def more(owner: Any, kind: str, name: str) -> None:
        part = Part(PackURI(name), "application/xml", package, words)
        owner.relate_to(part, f"{office}/relationships/{kind}")

    more(package, "custom-properties", "/docProps/custom.xml")
    for kind in ("commentAuthors", "authors", "changesInfo", "customXml", "tags"):
        more(deck.part, kind, f"/ppt/{kind}.xml")
    deck.save(str(tmp_path / "本局.pptx"))
    asked = ("--template", str(tmp_path / "本局.pptx"))
    assert _brief(capsys, tmp_path / "o", *asked, formats="pptx,docx,xlsx").code == 0
    for path in (tmp_path / "o").glob("brief.*"):
        with zipfile.ZipFile(path) as archive:
            everything = b"".join(archive.read(name) for name in archive.namelist())
            about = archive.read("docProps/core.xml").decode()
        assert "张三".encode() not in everything
        assert b"Steve Canny" not in everything
        found = re.findall(r"<(?:dc:creator|cp:lastModifiedBy)\b[^>]*>([^<]*)<", about)
        assert found == ["facility-coverage"] * 2, path.name


def test_an_earlier_brief_may_be_the_template(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    assert _brief(capsys, first, "--year", "2023", formats="pptx").code == 0
    template = str(first / "brief.pptx")
    assert _brief(capsys, second, "--template", template, formats="pptx").code == 0
    names = zipfile.ZipFile(second / "brief.pptx").namelist()
    assert len(names) == len(set(names))
    in_it = run(capsys, "replay", str(second / "brief.pptx"))
    assert in_it.code == 0, in_it
    assert in_it.out == run(capsys, "replay", str(second / "record.json")).out


def test_the_shipped_texts_use_every_kind_of_block() -> None:
    text = "# 题\n> 小\n## 甲\n### 乙\n### 丙\n#### 丁\n- 点\n[[table missing 5]]\n## 附件\n话"
    made = blocks(text, "zh")
    assert [b.text for b in made if b.kind == "heading"] == [
        "一、甲",
        "（一）乙",
        "（二）丙",
        "1. 丁",
        "附件",
    ]
    assert made[7].rows == 5
    assert [chinese(n) for n in (1, 10, 11, 20, 45, 110)] == [
        *("一", "十", "十一", "二十", "四十五", "110"),
    ]


def test_the_page_of_variables_is_complete(tmp_path: Path) -> None:
    from coverage.briefs.facts import facts
    from coverage.briefs.writing import write

    made = facts(write(Request(city="清远", formats=("html",)), tmp_path).document)
    page = (ROOT / "docs" / "brief.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_]+)`", page))
    assert set(made) <= named, set(made) - named
    for name in ("count", "lead"):
        assert set(made[name]) <= named, set(made[name]) - named
    assert set(made["lead"]["aims"][0]) <= named


# -- records ------------------------------------------------------------------------------


def test_every_output_replays(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    formats = "docx,pptx,xlsx,html,gpkg"
    assert _brief(capsys, tmp_path / "o", formats=formats).code == 0
    for name in ("record.json", *(f"brief.{f}" for f in formats.split(","))):
        done = run(capsys, "replay", str(tmp_path / "o" / name))
        assert done.code == 0, name
        count = len(City.load("清远").plan.indicators) + 1  # and the reference
        assert f"一致：10 个输入、{count} 项指标都相同" in done.out
    alone = tmp_path / "elsewhere" / "x.docx"
    alone.parent.mkdir()
    shutil.copy(tmp_path / "o" / "brief.docx", alone)
    assert run(capsys, "replay", str(alone), "--lang", "en").code == 0


def test_a_changed_input_is_named_and_so_is_what_it_changes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    register = write_register(tmp_path / "台账.csv", [centre(1, "441802006")])
    args = ("--facilities", str(register))
    assert _brief(capsys, tmp_path / "o", *args).code == 0
    record = json.loads((tmp_path / "o" / "record.json").read_text(encoding="utf-8"))
    assert record["parameters"]["facilities"] == "../台账.csv"
    assert str(tmp_path) not in json.dumps(record)
    write_register(register, [centre(1, "441802006"), centre(2, "441802103")])
    done = run(capsys, "replay", str(tmp_path / "o" / "record.json"), "--out", str(tmp_path / "p"))
    assert done.code == 1
    assert "输入已改动：台账.csv" in done.out
    assert re.search(r"elder_care.integrated_township：1/85 .* → 2/85", done.out)
    assert (tmp_path / "p" / "brief.html").exists()
    register.unlink()
    gone = run(capsys, "replay", str(tmp_path / "o" / "record.json"))
    assert gone.code == 2
    assert "台账.csv" in gone.err


@pytest.mark.parametrize("name", ["x.json", "x.docx", "x.xlsx", "x.html", "x.gpkg", "x.txt"])
@pytest.mark.parametrize("content", ["", "{}", '{"by": "facility-coverage"}', "PK\x03\x04junk"])
def test_a_file_without_a_record(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, content: str
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    done = run(capsys, "replay", str(path))
    assert done.code == 2
    assert name in done.err
    assert "Traceback" not in done.err
    assert run(capsys, "replay", str(tmp_path / "none.json")).code == 2


@pytest.mark.parametrize(
    "change",
    [
        {"by": 5},
        {"parameters": [["city", "清远"]] * 2 + [[]]},
        {"parameters": {"city": ["清远"]}},
        {"parameters": {"city": "清远", "year": 10**30}},
        {"inputs": [{"role": "plan"}]},
        {
            "inputs": [
                {key: [] for key in ("role", "name", "file", "origin", "origin_name", "sha256")}
            ]
        },
        {"results": {"a": {"numerator": [], "denominator": 1, "value": 1, "status": "met"}}},
        {"results": {"a": {"numerator": 1, "denominator": 1, "value": 1, "status": {}}}},
        {"results": {"a": {"numerator": 1, "denominator": 1, "value": 10**390, "status": "met"}}},
        {"result_sha256": None},
    ],
)
def test_a_record_of_the_wrong_shape_is_refused(
    change: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole: dict[str, object] = {
        "by": BY,
        "version": "1",
        "date": "2026-01-01",
        "result_sha256": "0",
    }
    whole |= {"parameters": {"city": "清远"}, "inputs": [], "results": {}}
    path = tmp_path / "record.json"
    path.write_text(json.dumps({**whole, **change}), encoding="utf-8")
    done = run(capsys, "replay", str(path))
    assert done.code == 2, done
    assert len(done.err.splitlines()) == 1


def test_parameters_come_back_as_they_were(tmp_path: Path) -> None:
    request = Request(
        city="清远",
        year=2023,
        indicators=("a", "b"),
        facilities=tmp_path / "data" / "f.csv",
        formats=("docx",),
        suppress_below=10,
        mask_sensitive=True,
    )
    data = json.loads(json.dumps(request.to_dict(tmp_path / "out")))
    again = Request.from_dict(data, tmp_path / "out")
    assert again.facilities is not None
    assert again.facilities.resolve() == request.facilities
    assert Request.from_dict({**data, "facilities": None}, tmp_path) == Request(
        **{**request.__dict__, "facilities": None}
    )
    for wrong in ({"year": "soon"}, {"formats": "docx"}, {"city": 5}, {"colour": "red"}):
        with pytest.raises(InputError):
            Request.from_dict({**data, **wrong}, tmp_path)
    assert parse_formats("DOCX， html,docx") == ("docx", "html")
    assert set(FORMATS) >= {"docx", "pptx", "xlsx", "html", "pdf", "gpkg"}


# -- texts that bite ----------------------------------------------------------------------


def test_names_are_neither_formulas_nor_markup(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from openpyxl import load_workbook

    monkeypatch.setattr("coverage.fields.unseen", lambda _: None)  # as if the door stood open
    names = ["=1+1", "+cmd|'/c calc'!A1", "@SUM(A1)", "</script><script>alert(1)</script>"]
    names += ["<b>粗</b> & \x07响铃", "{{ city }}", "-2+3"]
    rows = [centre(n, "441802006", name=name) for n, name in enumerate(names)]
    register = write_register(tmp_path / "f.csv", rows)
    formats = "docx,pptx,xlsx,html,gpkg"
    done = _brief(capsys, tmp_path / "o", "--facilities", str(register), formats=formats)
    assert done.code == 0, done.err
    book = load_workbook(tmp_path / "o" / "brief.xlsx")
    cells = {c.value: c for row in book["设施"].iter_rows() for c in row if c.value}
    for name in ("=1+1", "+cmd|'/c calc'!A1", "@SUM(A1)", "-2+3"):
        assert cells[name].data_type == "s"
        assert cells[name].quotePrefix
    page = (tmp_path / "o" / "brief.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert page.count("</script>") == 2


def test_other_cities_and_english(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    cities = {"中山": "Zhongshan", "珠山": "Zhushan", "阳江": "Yangjiang", "江门": "Jiangmen"}
    for city, english in cities.items():
        out = tmp_path / city
        args = ("--city", city, "--lang", "en", "--formats", "docx,pptx,xlsx,html,gpkg")
        done = run(capsys, "brief", *args, "--out", str(out))
        assert done.code == 0, done.err
        page = (out / "brief.html").read_text(encoding="utf-8")
        assert f"{english}: coverage of civil-affairs facilities" in page


def test_one_indicator_and_a_year(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    args = ("--indicator", "elder_care.nursing_bed_share", "--year", "2023")
    formats = "docx,pptx,xlsx,html,gpkg"
    assert _brief(capsys, tmp_path / "o", *args, formats=formats).code == 0
    page = (tmp_path / "o" / "brief.html").read_text(encoding="utf-8")
    assert "2023年目标“高于50%”" in page
    assert "待定：3 处设施床位数不详" in page
    assert "（0–100%）" in page


def test_real_rows_only(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    args = ("--provenance", "published,surveyed")
    formats = "docx,pptx,xlsx,html,gpkg"
    assert _brief(capsys, tmp_path / "o", *args, formats=formats).code == 0
    page = (tmp_path / "o" / "brief.html").read_text(encoding="utf-8")
    assert "本简报含示意数据" not in page


# -- a scenario ---------------------------------------------------------------------------

_SCENARIO = """name = "在洲心街道建一处"
city = "清远"

[[add]]
id = "new-1"
name = "洲心综合养老服务中心"
kind = "elder_care"
services = ["全托", "日托", "上门", "协调指导"]
township = "441802008"
beds = 60
opened = 2025
"""


def test_a_scenario_stands_before_and_after_in_every_output(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    import pyogrio
    from docx import Document
    from pptx import Presentation

    path = tmp_path / "s.toml"
    path.write_text(_SCENARIO, encoding="utf-8")
    out = tmp_path / "o"
    formats = "docx,pptx,xlsx,html,gpkg"
    done = _brief(capsys, out, "--scenario", str(path), formats=formats)
    assert done.code == 0, done.err
    result = json.loads((out / "result.json").read_text(encoding="utf-8"))
    after = {i["id"]: i for i in result["scenario"]["after"]["indicators"]}
    assert after["elder_care.integrated_township"]["numerator"] == 41
    document = Document(str(out / "brief.docx"))
    cells = [[c.text for c in r.cells] for t in document.tables for r in t.rows]
    assert ["综合养老", "40/85 47.1%", "41/85 48.2%", "+1.2"] in [row[:4] for row in cells]
    assert any(row[1:3] == ["新建", "洲心综合养老服务中心"] for row in cells)
    titles = [s.shapes.title.text_frame.text for s in Presentation(str(out / "brief.pptx")).slides]
    assert any(t.startswith("现状图") for t in titles)
    assert any(t.startswith("方案后") for t in titles)
    sites = pyogrio.read_dataframe(out / "brief.gpkg", layer="proposal")
    assert list(sites["name"]) == ["洲心综合养老服务中心"]
    page = (out / "brief.html").read_text(encoding="utf-8")
    for sentence in result["scenario"]["sentences"]:
        assert sentence.replace("“", "“") in page
    assert run(capsys, "replay", str(out / "brief.html")).code == 0
