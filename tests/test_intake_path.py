"""The whole path as a new user walks it: init, fill in, import, report; and what may go wrong."""

from __future__ import annotations

import shutil
import subprocess
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import processes
from conftest import ROOT
from coverage.city import City
from coverage.facilities import read_register
from coverage.intake.facilities import intake_facilities
from coverage.intake.setup import TEMPLATE, create
from coverage.kinds import KINDS
from helpers import run

if TYPE_CHECKING:
    from pathlib import Path

openpyxl = pytest.importorskip("openpyxl")
QINGYUAN = City.load("清远")


@pytest.fixture
def space(tmp_path: Path) -> Path:
    return create(tmp_path / "清远工作区", city=City.load("清远"))


def _fill(space: Path, sheet: str, rows: list[dict[str, Any]], first: int = 2) -> Path:
    path = space / TEMPLATE
    book = openpyxl.load_workbook(path)
    page = book[sheet]
    head = [cell.value for cell in page[1]]
    for number, row in enumerate(rows, start=first):
        for name, value in row.items():
            page.cell(number, head.index(name) + 1, value)
    book.save(path)
    return path


CENTRE = {
    "名称": "洲心街道综合养老服务中心",
    "类型": "养老服务机构（中心）",
    "县（市、区）": "清城区",
    "乡镇（街道）": "洲心街道",
    **dict.fromkeys(("全托", "日托", "上门", "协调指导"), "是"),
    "床位数": 80,
    "护理型床位数": 50,
    "状态": "在营",
}


def test_init_fill_import_report(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    space = tmp_path / "清远工作区"
    assert run(capsys, "init", str(space), "--city", "清远").code == 0
    rows: list[dict[str, Any]] = [
        CENTRE,
        {"名称": "石角镇敬老院", "乡镇（街道）": "石角镇", "床位数": "约40张"},
        {"名称": "太和镇社工站", "类型": "社会工作服务站", "乡镇（街道）": "太和"},
        {"名称": "合计", "床位数": 120},
    ]
    path = _fill(space, "设施", rows)
    done = run(capsys, "import", "facilities", str(path), "--workspace", str(space), "--dry-run")
    assert done.code == 0
    assert not (space / "facilities.csv").exists()
    done = run(capsys, "import", "facilities", str(path), "--workspace", str(space))
    assert done.code == 0
    assert "数据 3 行，接受 2（其中更正 2），退回 1" in done.out
    assert "清城区石角镇、佛冈县石角镇" in done.out, "the same name in two counties is asked back"
    report = run(capsys, "report", "--workspace", str(space), "--format", "json")
    found = {i["id"]: i for i in report.data["indicators"]}
    assert found["elder_care.integrated_township"]["numerator"] == 1
    assert found["social_work.township_station"]["numerator"] == 1
    assert report.data["provenance"] == {"surveyed": 2}
    assert any("自有 设施登记册" in note for note in report.data["notes"])


def test_the_whole_path(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a person would: init, three sheets filled in, import, check, report, mend, import."""
    space = tmp_path / "清远工作区"
    assert run(capsys, "init", str(space), "--city", "清远").code == 0
    before = run(capsys, "check", "--workspace", str(space)).out
    assert "设施登记册 [随附" in before
    _fill(space, "设施", [CENTRE, {"名称": "石角镇敬老院", "乡镇（街道）": "石角镇", "床位数": 40}])
    first, second = QINGYUAN.units.townships[:2]
    _fill(space, "台账", [{KINDS["social_work_station"].zh: "有"}])
    figures = {"年份": 2024, "总人口": 50_000, "60岁及以上": 9_000, "65岁及以上": 6_000}
    _fill(space, "人口", [figures, {**figures, "总人口": 5, "60岁及以上": 9}])
    monkeypatch.chdir(space)
    done = run(capsys, "import", "facilities", TEMPLATE)
    assert "数据 3 行，接受 2" in done.out
    assert "退回 1" in done.out
    done = run(capsys, "import", "population", TEMPLATE)
    assert "数据 2 行，接受 1（其中更正 0），退回 1" in done.out
    assert f"{second.name}" in done.out
    assert "多于 all" in done.out
    city = City.open(space)
    kinds = {(f.unit_code, f.kind) for f in city.register.facilities}
    assert kinds == {("441802008", "elder_care"), (first.code, "social_work_station")}
    people = city.population.people(first.code, "all", 2024)
    assert people is not None
    assert people.count == 50_000
    checked = run(capsys, "check").out
    assert "设施登记册 [自有" in checked
    assert "人口表 [自有" in checked
    report = run(capsys, "report", "--format", "json").data
    assert report["provenance"] == {"surveyed": 2}
    (book,) = (space / "intake").glob("*-facilities.xlsx")
    mended = openpyxl.load_workbook(book)
    page = next(s for s in mended.worksheets if s.title.endswith("设施"))
    head = [cell.value for cell in page[1]]
    for row in page.iter_rows(min_row=2):
        if row[3].value == "退回":
            row[head.index("县（市、区）")].value = "佛冈县"
    mended.save(space / "改.xlsx")
    again = run(capsys, "import", "facilities", "改.xlsx")
    assert "数据 3 行，接受 3" in again.out
    assert len(City.open(space).register.facilities) == 3


def test_the_whole_path_of_a_city_that_does_not_ship(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    import json

    def town(number: int, west: float) -> dict[str, Any]:
        ring = [[west, 24.0], [west + 0.1, 24.0], [west + 0.1, 24.1], [west, 24.1], [west, 24.0]]
        named = {"XZQDM": f"44020310{number}", "XZQMC": f"示例{'甲乙'[number]}镇"}
        geometry = {"type": "Polygon", "coordinates": [ring]}
        return {"type": "Feature", "properties": named, "geometry": geometry}

    towns = {"type": "FeatureCollection", "features": [town(0, 113.5), town(1, 113.6)]}
    polygons = tmp_path / "乡镇界.geojson"
    polygons.write_text(json.dumps(towns, ensure_ascii=False), encoding="utf-8")
    space = tmp_path / "韶关"
    where = ("--workspace", str(space))
    made = run(
        capsys, "init", str(space), "--name", "某市", "--code", "440200", "--boundaries",
        str(polygons), "--crs", "EPSG:4490",
    )  # fmt: skip
    assert made.code == 0, made.err
    assert {p.suffix for p in (space / "intake").iterdir()} == {".xlsx", ".html", ".json"}
    _fill(space, "设施", [{**CENTRE, "县（市、区）": None, "乡镇（街道）": "示例甲镇"}])
    _fill(space, "人口", [{"年份": 2024, "总人口": 900, "60岁及以上": 200}] * 2)
    done = run(capsys, "import", "facilities", str(space / TEMPLATE), *where)
    assert "接受 1" in done.out, done.err
    assert "接受 2" in run(capsys, "import", "population", str(space / TEMPLATE), *where).out
    plan = ROOT / "docs" / "example-plan.csv"
    assert run(capsys, "import", "plan", str(plan), *where).code == 0
    checked = run(capsys, "check", *where)
    assert "规划指标 [自有" in checked.out
    assert "路网 [缺" in checked.out
    report = run(capsys, "report", *where, "--format", "json").data
    found = {i["id"]: (i["numerator"], i["denominator"]) for i in report["indicators"]}
    assert (50, 80) in found.values(), "nursing beds of all beds"


def test_inside_a_workspace_no_city_is_named(
    capsys: pytest.CaptureFixture[str], space: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(space / "roads")
    assert run(capsys, "report").out.startswith("清远市")
    assert run(capsys, "report", "--city", "中山").out.startswith("中山市")


def test_a_ledger_of_has_and_has_not(space: Path) -> None:
    kinds = {KINDS[k].zh: "有" for k in ("elder_care", "social_work_station")}
    full = "综合功能（全托日托上门协调指导）"
    path = _fill(
        space, "台账", [{**kinds, full: "有", "养老床位数": 30}, {KINDS["rehab_centre"].zh: "也许"}]
    )
    made = intake_facilities([path], QINGYUAN)
    assert made.accepted == 1
    assert made.rejected == 1
    elder, social = made.facilities
    assert elder.services == {"全托", "日托", "上门", "协调指导"}
    assert elder.beds == 30
    assert social.kind == "social_work_station"
    assert elder.unit_code == QINGYUAN.units.townships[0].code


def test_an_own_datum_is_converted_and_said(space: Path) -> None:
    place = {"经度": 113.045, "纬度": 23.69, "坐标系": "GCJ-02（高德、腾讯）"}
    made = intake_facilities([_fill(space, "设施", [{**CENTRE, **place}])], QINGYUAN)
    (facility,) = made.facilities
    assert facility.lon is not None
    assert 300 < abs(facility.lon - 113.045) * 102_000 < 800
    assert any("gcj02" in c.zh for row in made.rows for c in row.corrections)


def test_the_report_comes_back_as_files(capsys: pytest.CaptureFixture[str], space: Path) -> None:
    path = _fill(
        space, "设施", [CENTRE, {"名称": "=1+1", "乡镇（街道）": "没有这个镇", "类型": "敬老院"}]
    )
    assert run(capsys, "import", "facilities", str(path), "--workspace", str(space)).code == 0
    (book,) = (space / "intake").glob("*.xlsx")
    page = openpyxl.load_workbook(book)["2 设施"]
    table = list(page.iter_rows(values_only=True))
    assert [row[3] for row in table[1:3]] == ["表头", "更正后接受"]
    assert not any(isinstance(c, str) and c.startswith("=") for row in table for c in row)
    (html,) = (space / "intake").glob("*.html")
    assert "没有这个镇" in html.read_text(encoding="utf-8")


def test_duplicates_and_far_places_are_returned(space: Path) -> None:
    seat = QINGYUAN.units["441802008"]
    near = {"经度": seat.lon, "纬度": seat.lat, "坐标系": "WGS84"}
    rows = [
        {**CENTRE, **near},
        {**CENTRE, **near},
        {**CENTRE, "名称": "别处", "经度": 116.4, "纬度": 39.9, "坐标系": "WGS84"},
        {**CENTRE, "名称": "多床", "床位数": 5},
        {**CENTRE, "名称": "将来", "开业日期": f"{datetime.now(UTC).year + 2}-01-01"},
    ]
    made = intake_facilities([_fill(space, "设施", rows)], QINGYUAN)
    assert made.accepted == 2
    said = " ".join(str(r) for row in made.rows for r in row.reasons)
    for word in ("重复", "不在本市范围", "多于床位"):
        assert word in said
    (future,) = (f for row in made.rows for f in row.findings if f.id == "future")
    assert "将来" in future.said.zh, "a day ahead is kept and noted"


_WORDS = st.sampled_from(
    [
        "",
        "洲心街道",
        "石角镇",
        "敬老院",
        "有",
        "80",
        "-3",
        "113.05,23.68",
        "合计",
        "=A1",
        "没有",
        "2023.5",
    ]
)


@given(st.lists(st.lists(_WORDS, min_size=1, max_size=6), min_size=1, max_size=12))
def test_every_row_of_any_table_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    import csv

    path = tmp_path_factory.mktemp("any") / "t.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["机构名称", "类型", "乡镇", "床位数", "坐标", "备注"], *rows])
    from coverage.errors import InputError

    try:
        made = intake_facilities([path], QINGYUAN)
    except InputError:
        return
    while rows and not any(rows[-1]):  # blank lines at the end of a file are no rows
        rows = rows[:-1]
    assert len(made.rows) >= len(rows) + 1
    data = made.accepted + made.rejected
    rest = sum(made.counts[k] for k in ("title", "header", "blank", "total", "note"))
    assert data + rest == len(made.rows)
    for row in made.rows:
        assert bool(row.facilities) == row.accepted
        assert (row.outcome == "rejected") == bool(row.reasons) or row.outcome in {"total", "note"}


def test_a_killed_import_leaves_the_old_register_whole(
    capsys: pytest.CaptureFixture[str], space: Path
) -> None:
    """Kill the process at random moments: the register is the old one or the new one."""
    path = _fill(space, "设施", [CENTRE])
    assert run(capsys, "import", "facilities", str(path), "--workspace", str(space)).code == 0
    register = space / "facilities.csv"
    old = register.read_bytes()
    many = [{**CENTRE, "名称": f"中心{n}"} for n in range(1500)]
    _fill(space, "设施", many)
    for wait in (0.05, 0.1, 0.2, 0.4, 0.6, 0.9, 1.2):
        process = processes.start("import", "facilities", str(path), "--workspace", str(space))
        time.sleep(wait)
        process.kill()
        process.wait()
        content = register.read_bytes()
        if content != old:
            city = City.open(space)
            assert len(read_register(register, city.units, city_code="441800").facilities) == 1500
            register.write_bytes(old)
    assert City.open(space).register.facilities


def test_a_workspace_is_made_whole_or_not_at_all(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine.txt").write_text("keep", encoding="utf-8")
    assert run(capsys, "init", str(taken), "--city", "清远").code == 2
    assert [p.name for p in taken.iterdir()] == ["mine.txt"]
    assert run(capsys, "init", str(tmp_path / "new"), "--city", "广州").code == 2
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[city]\ncode = '44'\nname = 'x'\n", "six digits"),
        ("[city]\ncode = '441800'\n", "name is missing"),
        ("[city", "not valid TOML"),
        (
            "[city]\ncode='441800'\nname='x'\nbase='441800'\n[files]\nroads='../../etc/passwd'\n",
            "outside",
        ),
        (
            "[city]\ncode='441800'\nname='x'\nbase='441800'\n[files]\nmoney='a'\n",
            "role is not known",
        ),
    ],
)
def test_a_bad_city_toml(
    capsys: pytest.CaptureFixture[str], space: Path, text: str, said: str
) -> None:
    (space / "city.toml").write_text(text, encoding="utf-8")
    done = run(capsys, "report", "--workspace", str(space))
    assert done.code == 2
    assert said in done.err


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_opens_the_workbook(space: Path, tmp_path: Path) -> None:
    path = _fill(space, "设施", [CENTRE])
    command = ["soffice", "--headless", "--convert-to", "csv", "--outdir", str(tmp_path), str(path)]
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    subprocess.run([*command, profile], check=True, capture_output=True, timeout=180)
    (made,) = tmp_path.glob("*.csv")
    assert made.stat().st_size > 0
    again = tmp_path / "again"
    command[3] = "xlsx"
    command[5] = str(again)
    subprocess.run([*command, profile], check=True, capture_output=True, timeout=180)
    page = openpyxl.load_workbook(again / path.name)["设施"]
    assert len(page.data_validations.dataValidation) >= 10, "drop-downs survive LibreOffice"


def test_reports_hold_nothing_personal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from openpyxl import load_workbook

    space, source = tmp_path / "w", tmp_path / "台账.csv"
    run(capsys, "init", str(space), "--city", "清远")
    source.write_text(
        "联系电话 13912345678\n机构名称,所属县区,镇街,老人姓名,联系方式,备注\n"
        "甲敬老院,清新区,太和镇,张三丰,13812345678,电话13712345678\n"
        "乙敬老院,,石角镇,李四光,13612345678,\n",
        encoding="utf-8",
    )

    def written(*more: str) -> str:
        done = run(capsys, "import", "facilities", str(source), "--workspace", str(space), *more)
        assert done.code == 0, done.err
        text = "".join(
            p.read_text(encoding="utf-8") for p in space.rglob("*.[hjc]*") if p.is_file()
        )
        for book in (space / "intake").glob("*.xlsx"):
            for sheet in load_workbook(book).worksheets:
                text += str(list(sheet.iter_rows(values_only=True)))
        return text + done.out

    text = written()
    for secret in ("张三丰", "李四光", "13812345678", "13712345678", "13612345678", "13912345678"):
        assert secret not in text
    assert "甲敬老院" in text
    assert "13612345678" in written("--keep-personal"), "unless the user says so"
