"""The commands around a workspace: start one, bring files in, see what they are fit for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conftest import ROOT
from coverage.city import City
from helpers import run

if TYPE_CHECKING:
    from pathlib import Path

openpyxl = pytest.importorskip("openpyxl")
SHIPPED = ROOT / "data" / "boundaries" / "441800-townships.geojson"


@pytest.fixture
def space(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A new workspace of 清远."""
    folder = tmp_path / "工作区"
    assert run(capsys, "init", str(folder), "--city", "清远").code == 0
    return folder


def test_boundaries_and_a_table_of_their_rows(
    space: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = run(capsys, "import", "boundaries", str(SHIPPED), "--workspace", str(space))
    assert done.code == 0, done.err
    assert "接受 85（其中更正 0），退回 0" in done.out
    (book,) = (space / "intake").glob("*-townships.xlsx")
    rows = list(openpyxl.load_workbook(book).worksheets[1].iter_rows(values_only=True))
    codes = {row[6] for row in rows[1:] if row[3] == "接受"}
    own = City.open(space)
    assert codes == {u.code for u in own.units.townships}
    assert own.origin("townships") == "own"


def test_population_and_plan_reach_the_report(
    space: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people, plan = ROOT / "docs" / "example-population.csv", ROOT / "docs" / "example-plan.csv"
    where = ("--workspace", str(space))
    assert "退回 0" in run(capsys, "import", "population", str(people), *where).out
    tried = run(capsys, "import", "plan", str(plan), *where, "--dry-run")
    assert tried.code == 0
    assert not (space / "plan.toml").exists()
    said = run(capsys, "import", "plan", str(plan), *where, "--lang", "en")
    assert "2 rows of data, 2 accepted" in said.out
    data = run(capsys, "report", *where, "--year", "2030", "--format", "json").data
    found = {i["id"]: i for i in data["indicators"]}
    stations = found["social_work.township_station"]
    assert [(t["year"], t["value"]) for t in stations["targets"]] == [(2030, 100)]
    assert stations["targets"][0]["gap_units"] == 85 - stations["numerator"]
    assert stations["clause"].startswith("example-plan.csv"), "the planner's own table is cited"


def test_check_names_sources_and_what_they_block(
    space: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = ROOT / "docs" / "example-population.csv"
    run(capsys, "import", "population", str(people), "--workspace", str(space))
    zh = run(capsys, "check", "--workspace", str(space))
    en = run(capsys, "check", "--workspace", str(space), "--lang", "en")
    assert zh.code == en.code == 0
    assert "人口表 [自有" in zh.out
    assert "road" in en.out
    assert len(zh.out.splitlines()) == len(en.out.splitlines())


def test_a_city_that_does_not_ship(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "新城"
    args = ("init", str(folder), "--name", "试验市", "--code", "441800")
    assert run(capsys, *args).code == 2, "it needs its townships"
    assert not folder.exists()
    done = run(capsys, *args, "--boundaries", str(SHIPPED))
    assert done.code == 0, done.err
    city = City.open(folder)
    assert len(city.units.townships) == 85
    assert city.origin("units") == "own"
    report = run(capsys, "report", "--workspace", str(folder))
    assert report.code == 2
    assert "plan.toml" in report.err, "what to bring next"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("import", "boundaries", "none.shp"), "none.shp"),
        (("import", "population", "none.csv"), "none.csv"),
        (("import", "roads", "none.osm"), "none.osm"),
        (("import", "plan", "none.xlsx"), "none.xlsx"),
        (("fetch", "roads", "--endpoint", "http://127.0.0.1:9/api", "--retries", "0"), "127.0.0.1"),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_read_is_one_sentence(
    args: tuple[str, ...],
    said: str,
    space: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = sorted(p.name for p in space.rglob("*"))
    done = run(capsys, *args, "--workspace", str(space))
    assert done.code == 2
    assert said in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert sorted(p.name for p in space.rglob("*")) == before


def test_both_ways_to_start_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ("init", str(tmp_path / "x"), "--city", "清远", "--name", "试验市")
    assert run(capsys, *args).code == 2
