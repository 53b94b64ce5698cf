"""The report of every importer: rows that add up, nothing personal, a workbook that comes back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from coverage.city import City
from coverage.formats.files import MOST_CHARACTERS
from coverage.intake.outcomes import ImportReport, Part, RowOutcome
from coverage.intake.people import import_population
from coverage.intake.reportbook import workbook
from coverage.intake.reportpage import to_html
from coverage.intake.setup import create
from coverage.lists.reading import read_file
from coverage.lists.rows import DATA, Finding
from coverage.messages import Said
from helpers import run, told

if TYPE_CHECKING:
    from pathlib import Path

openpyxl = pytest.importorskip("openpyxl")
DOCS = ROOT / "docs"
TOWNSHIPS = ROOT / "data" / "boundaries" / "441800-townships.geojson"


def test_the_console_tells_rows_apart_and_each_reason_once(
    space: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        "机构名称,县区,乡镇,类型,床位,备用栏",
        "甲敬老院,清城,凤城街道,敬老院,10,",
        "乙敬老院,清城区,,敬老院,10,",
        "丙敬老院,,,敬老院,10,",
        "丁,清城区,凤城街道,,10,",
        "戊,清城区,凤城街道,,10,",
        "己,清城区,凤城街道,,10,",
        "庚敬老院,,太平镇,敬老院,10,",
    ]
    file = tmp_path / "台账.csv"
    file.write_text("\n".join(rows), encoding="utf-8")
    args = ("import", "facilities", str(file), "--workspace", str(space))
    first = run(capsys, *args)
    zh = "".join(first.out.split())
    assert "接受的有1行只知到县" in zh
    assert zh.count("类型不明") == 1
    assert "可用--kind写明" in zh
    assert "（同样的还有2行：6,7）" in zh
    assert "机构名称→名称" in zh
    assert "未用：备用栏" in zh
    tried = run(capsys, *args, "--dry-run", "--lang", "en")
    assert "known to their county only" in " ".join(tried.out.split())
    assert "(and 2 more: 6, 7)" in " ".join(tried.out.split())
    assert "与上次" not in tried.out  # nothing is compared with the register of before
    assert "register of before" not in tried.out


@pytest.fixture
def space(tmp_path: Path) -> Path:
    return create(tmp_path / "清远工作区", city=City.load("清远"))


def _tiff(path: Path) -> Path:
    rasterio = pytest.importorskip("rasterio")
    import numpy as np
    from rasterio.transform import Affine

    values = np.full((4, 5), 2.5)
    values[0, 0] = np.nan
    profile = {"driver": "GTiff", "count": 1, "dtype": "float64", "nodata": float("nan")}
    place = {"width": 5, "height": 4, "transform": Affine(0.01, 0, 113.0, 0, -0.01, 23.7)}
    with rasterio.open(path, "w", crs="EPSG:4326", **profile, **place) as out:
        out.write(values, 1)
    return path


def _roads(path: Path) -> Path:
    from coverage.roads.convert import write_graphml
    from coverage.roads.sources import load

    write_graphml(load("441800"), path)
    return path


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, tuple[str, Path, int]]:
    """For each importer a file, and how many rows (features, cells) of it are data."""
    roads = _roads(tmp_path / "roads.graphml")
    from coverage.roads.sources import load

    pieces = len(set(load(roads, cache=False).edge_id.tolist()))
    return {
        "facilities": ("facilities", DOCS / "example-messy.csv", 3),
        "townships": ("boundaries", TOWNSHIPS, 85),
        "population": ("population", DOCS / "example-population.csv", 2),
        "people": ("population", DOCS / "example-villages.csv", 3),
        "grid": ("population", _tiff(tmp_path / "people.tif"), 19),
        "plan": ("plan", DOCS / "example-plan.csv", 2),
        "roads": ("roads", roads, pieces),
    }


ROLES = ("facilities", "townships", "population", "people", "grid", "plan", "roads")


@pytest.mark.parametrize("role", ROLES)
def test_each_importer_reports_alike(
    role: str,
    space: Path,
    sources: dict[str, tuple[str, Path, int]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    command, path, count = sources[role]
    where = ("--workspace", str(space))
    before = sorted(space.rglob("*"))
    tried = run(capsys, "import", command, str(path), *where, "--dry-run")
    assert tried.code == 0, tried.err
    assert "只是试读" in tried.err
    assert sorted(space.rglob("*")) == before, "a trial writes nothing"
    done = run(capsys, "import", command, str(path), *where, "--lang", "en")
    assert done.code == 0, done.err
    name = {"grid": "people"}.get(role, role)
    made = {p.suffix: p for p in (space / "intake").iterdir()}
    assert set(made) == {".xlsx", ".html", ".json"}
    assert all(p.stem.endswith(f"-{name}") for p in made.values())
    record = json.loads(made[".json"].read_text(encoding="utf-8"))
    assert sum(record["rows"].get(outcome, 0) for outcome in DATA) == count
    assert record["file"] == path.name
    assert f"{count:,}" in done.out
    page = made[".html"].read_text(encoding="utf-8")
    assert path.name in page
    assert "viewport" in page
    book = openpyxl.load_workbook(made[".xlsx"])
    listed = sum(sheet.max_row - 1 for sheet in book.worksheets[1:])
    assert listed == (0 if role in {"grid", "roads"} else sum(record["rows"].values()))


def test_a_mended_workbook_is_imported_again(
    space: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--workspace", str(space))
    done = run(capsys, "import", "facilities", str(DOCS / "example-messy.csv"), *where)
    assert "接受 2" in done.out
    (path,) = (space / "intake").glob("*.xlsx")
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[1]
    head = [cell.value for cell in sheet[1]]
    for row in sheet.iter_rows(min_row=2):
        if row[3].value == "退回":
            assert "石角镇" in row[head.index("原值（改右边各列后可再导入）")].value
            row[head.index("所属县区")].value = "佛冈县"
    mended = space / "intake" / "改.xlsx"
    book.save(mended)
    again = run(capsys, "import", "facilities", str(mended), *where)
    assert "数据 3 行，接受 3" in again.out
    assert "退回 0" in again.out
    codes = [f.unit_code for f in City.open(space).register.facilities]
    assert codes == ["441802008", "441803102", "441821100"]


def test_a_mended_sheet_of_people_is_imported_again(space: Path, tmp_path: Path) -> None:
    path = tmp_path / "人口.csv"
    path.write_text("镇街,县,年份,总人口\n石角镇,,2024,100\n太和镇,清新区,2024,50\n合计,,,150\n")
    first = import_population(path, space)
    assert (first.accepted, first.rejected) == (1, 1)
    book = openpyxl.load_workbook(next(p for p in first.reports if p.suffix == ".xlsx"))
    sheet = book.worksheets[1]
    head = [cell.value for cell in sheet[1]]
    row = next(r for r in sheet.iter_rows(min_row=2) if r[3].value == "退回")
    row[head.index("县")].value = "佛冈县"
    book.save(tmp_path / "改.xlsx")
    again = import_population(tmp_path / "改.xlsx", space)
    assert (again.accepted, again.rejected) == (2, 0)
    assert again.totals["people_taken"] == 150


_LONG = "x" * MOST_CHARACTERS
_CELL = st.one_of(
    st.none(),
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(
        ["=1+1", "@SUM(A1)", "-x", "\x00\x0b", "<b>&'", "13812345678", _LONG, f"={_LONG[1:]}"]
    ),
)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["accepted", "corrected", "rejected", "total", "blank"]),
            st.lists(_CELL, max_size=4),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_whatever_the_cells_hold_the_report_is_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, list[Any]]]
) -> None:
    outcomes = tuple(
        RowOutcome(n, "表", "", "名", outcome, (Said("因为", "because"),), tuple(cells))
        for n, (outcome, cells) in enumerate(rows, start=2)
    )
    parts = (Part("某.xlsx", "表/[一]", ("甲", "", "=乙", "丙")),)
    found = (Finding("x", "warning", Said("<script>", "<script>")),)
    report = ImportReport("facilities", "某.xlsx", (), outcomes, found, {}, parts=parts)
    path = tmp_path_factory.mktemp("book") / "r.xlsx"
    path.write_bytes(workbook(report))
    sheet = openpyxl.load_workbook(path).worksheets[1]
    assert sheet.max_row == len(rows) + 1
    assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
    page = to_html(report)
    assert "<script>" not in page
    assert "13812345678" not in page
    assert "因为" in told(report) or not report.rejected
    data = sum(outcome in DATA for outcome, _ in rows)
    filled = (str(cell or "") for o, cells in rows if o in DATA for cell in cells)
    if any(character.isalnum() for text in filled for character in text):
        again = [row for sheet_ in read_file(path) for row in sheet_.rows]
        assert len(again) <= data, "rows that are no data do not come back"


def test_what_the_report_guards_comes_back_as_it_was(space: Path, tmp_path: Path) -> None:
    path = tmp_path / "人口.csv"
    longest = "=1" + "+1" * (MOST_CHARACTERS // 2 - 1)  # its guard is one more than a cell may hold
    path.write_text(
        f"镇街,年份,总人口,备注\n石角,2024,100,{longest}\n=太和镇,2024,50,'=太和\n三坑镇,2024,9,\n"
    )
    first = import_population(path, space)
    again = import_population(next(p for p in first.reports if p.suffix == ".xlsx"), space)
    assert first.rejected == again.rejected == 2
    rows = [row for row in again.outcomes if row.outcome in DATA]
    assert [row.name for row in rows] == ["石角", "=太和镇", "三坑镇"]
    assert [row.cells[3] for row in rows[:2]] == [longest, "=太和"]


def test_any_other_workbook_is_left_as_it_is(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["文件", "工作表", "行", "结果"])
    book.active.append(["甲", "乙", 1, "接受"])
    book.save(tmp_path / "x.xlsx")
    (sheet,) = read_file(tmp_path / "x.xlsx")
    assert len(sheet.rows) == 2
