"""Tables of people as statistical books and bureaus lay them out: what each says of whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from coverage.city import City
from coverage.errors import InputError
from coverage.intake.people import import_population
from coverage.intake.setup import create
from coverage.population import load_population

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from coverage.intake.outcomes import ImportReport

    Figures = dict[tuple[str, int], dict[str, int]]

ONE, TWO = "洲心街道", "源潭镇"
FIVES = [f"{n}～{n + 4}岁" for n in range(0, 85, 5)]


def _import(
    folder: Path,
    rows: Sequence[Any],
    *,
    merges: Sequence[str] = (),
    title: str = "Sheet1",
    year: int | None = None,
) -> tuple[ImportReport, Figures]:
    """What a sheet says itself, by unit and year; the city is 清远."""
    from openpyxl import Workbook

    create(folder / "w", city=City.load("清远"))
    book = Workbook()
    page = book.active
    assert page is not None
    page.title = title
    for row in rows:
        page.append(list(row))
    for merge in merges:
        page.merge_cells(merge)
    book.save(folder / "表.xlsx")
    report = import_population(folder / "表.xlsx", folder / "w", year=year)
    units = City.open(folder / "w").units
    found: Figures = {}
    for row in load_population(folder / "w/population/population.csv").rows:
        if row.provenance == "surveyed" and row.note != "相加":
            by_group = found.setdefault((units.name(row.unit_code), row.year), {})
            by_group[row.group] = row.count
    return report, found


@pytest.mark.parametrize(
    ("heads", "line", "figures"),
    [
        (["乡镇", "男性人口", "女性人口"], [450, 460], {"all": 910}),
        (["乡镇", "人口", "男", "女"], [910, 450, 460], {"all": 910}),
        (["乡镇", "60岁及以上/男", "60岁及以上/女"], [40, 60], {"60+": 100}),
        (["镇街", "年末常住人口", "14岁及以下", "年满60周岁"], [910, 90, 200], None),
        (["镇街", "总人口", "不满15周岁", "60岁（含）以上"], [910, 90, 200], None),
        (["街镇", "人口（人）", "0-14周岁", "60周岁及以上"], [910, 90, 200], None),
    ],
)
def test_sexes_are_added_up_and_ages_read_in_many_words(
    tmp_path: Path, heads: list[str], line: list[int], figures: dict[str, int] | None
) -> None:
    _, found = _import(tmp_path, [heads, [ONE, *line]], year=2020)
    assert found == {(ONE, 2020): figures or {"all": 910, "0-14": 90, "60+": 200}}


def test_men_without_women_are_not_everybody(tmp_path: Path) -> None:
    rows: list[Any] = [["乡镇", "男性人口", "女性人口"], [ONE, 450, None], [TWO, 310, 290]]
    report, found = _import(tmp_path, rows, year=2020)
    assert found == {(TWO, 2020): {"all": 600}}
    assert "男女只填了一个" in report.data[0].said[0].zh


def test_two_levels_of_headings_without_a_total(tmp_path: Path) -> None:
    rows: list[Any] = [
        ["乡镇", "人口数", None, "60岁及以上", None],
        [None, "男", "女", "男", "女"],
        [ONE, 450, 460, 40, 60],
    ]
    _, found = _import(tmp_path, rows, merges=["A1:A2", "B1:C1", "D1:E1"], year=2020)
    assert found == {(ONE, 2020): {"all": 910, "60+": 100}}


@pytest.mark.parametrize(
    "heads",
    [["第六次普查（2010年）", "第七次普查（2020年）"], ["六普", "七普"], ["2010年", "2020年"]],
)
def test_censuses_are_years(tmp_path: Path, heads: list[str]) -> None:
    rows: list[Any] = [["各乡镇人口"], ["乡镇", *heads], [ONE, 900, 1000]]
    _, found = _import(tmp_path, rows)
    assert found == {(ONE, 2010): {"all": 900}, (ONE, 2020): {"all": 1000}}


def test_a_title_names_the_census(tmp_path: Path) -> None:
    rows: list[Any] = [
        ["清远市第七次全国人口普查分乡镇人口"],
        ["地区", "常住人口", "65+"],
        [ONE, 1000, 100],
    ]
    assert _import(tmp_path, rows)[1] == {(ONE, 2020): {"all": 1000, "65+": 100}}
    with pytest.raises(InputError, match="年份"):
        _import(tmp_path / "x", [["第七次全国农业普查"], *rows[1:]])


def test_counties_by_their_short_names_alone(tmp_path: Path) -> None:
    short = ["清城", "清新", "英德", "连州", "佛冈", "阳山", "连山", "连南"]
    rows: list[Any] = [
        ["地区", "人口数"],
        *([name, 100 + n] for n, name in enumerate(short)),
        ["清远", 828],
    ]
    report, found = _import(tmp_path, rows, year=2020)
    assert len(found) == 8
    assert found["连州市", 2020] == {"all": 103}
    assert report.accepted == 8
    assert not [f for f in report.warnings if f.id == "total"]


def test_a_name_of_a_county_and_of_its_town_is_asked_back(tmp_path: Path) -> None:
    rows: list[Any] = [
        ["地区", "人口数"],
        ["英德", 900],
        ["英城街道", 500],
        ["连州", 300],
        ["连州镇", 200],
    ]
    report, found = _import(tmp_path, rows, year=2020)
    assert set(found) == {("英城街道", 2020), ("连州镇", 2020)}
    (asked,) = [row for row in report.data if row.outcome == "rejected"]
    assert "连州市、连州市连州镇" in asked.said[0].zh


def test_below_its_county_the_short_name_is_the_town(tmp_path: Path) -> None:
    rows: list[Any] = [["地区", "人口数"], ["连州市", 500], ["连州", 300], ["星子", 200]]
    assert set(_import(tmp_path, rows, year=2020)[1]) == {("连州镇", 2020), ("星子镇", 2020)}


@pytest.mark.parametrize("county", [True, False])
def test_units_across_and_groups_down(tmp_path: Path, county: bool) -> None:
    rows: list[Any] = [
        ["2020年人口年龄构成"],
        ["县区", "清城区", None, "清新区", None],
        ["年龄组", ONE, TWO, "太和镇", "合计"],
        ["合计", 1000, 600, 700, 2300],
        ["0-14岁", 100, 60, 70, 230],
        ["15-59岁", 700, 440, 500, 1640],
        ["60岁及以上", 200, 100, 130, 430],
    ]
    if not county:
        del rows[1]
    merges = ["B2:C2", "D2:E2"] if county else []
    report, found = _import(tmp_path, rows, merges=merges)
    assert found["太和镇", 2020] == {"all": 700, "0-14": 70, "15-59": 500, "60+": 130}
    assert [row.row for row in report.data] == [2, 3, 4]
    assert any("已转置" in said.zh for part in report.parts for said in part.said)


def test_of_two_towns_of_one_name_the_county_above_tells(tmp_path: Path) -> None:
    rows: list[Any] = [
        ["县区", "清城区", "佛冈县"],
        ["指标", "石角镇", "石角镇"],
        ["常住人口", 10, 20],
    ]
    report, _ = _import(tmp_path, rows, year=2020)
    assert [row.unit_code for row in report.data] == ["441802106", "441821100"]


def test_years_down_and_units_across(tmp_path: Path) -> None:
    rows: list[Any] = [["年份", ONE, TWO], ["2020年", 1000, 600], ["2021年", 1010, 610]]
    _, found = _import(tmp_path, rows, title="常住人口")
    assert found[ONE, 2021] == {"all": 1010}
    assert found[TWO, 2020] == {"all": 600}


def test_groups_of_five_years_make_all_that_they_tile(tmp_path: Path) -> None:
    rows: list[Any] = [["街镇", *FIVES, "85岁及以上"], [ONE, *[10] * 18]]
    _, found = _import(tmp_path, rows, year=2020)
    own = found[ONE, 2020]
    wanted = {"all": 180, "0-14": 30, "60+": 60, "65+": 50, "80+": 20}
    assert {g: own[g] for g in wanted} == wanted


def test_villages_below_a_name_that_is_written_once(tmp_path: Path) -> None:
    rows: list[Any] = [
        ["镇街", "村（居）委会", "总人口"],
        [ONE, "小计", 1000],
        [None, "洲心居委会", 400],
        [None, "新基社区", 600],
        [TWO, "源潭居委会", 600],
    ]
    report, found = _import(tmp_path, rows, year=2020)
    assert found == {(ONE, 2020): {"all": 1000}, (TWO, 2020): {"all": 600}}
    assert f"乡镇同上：{ONE}" in report.data[0].said[0].zh


def test_a_subtotal_without_its_township_is_held_against_the_rows_above(tmp_path: Path) -> None:
    rows: list[Any] = [
        ["乡镇", "村（居）委", "总人口"],
        [ONE, "洲心居委会", 400],
        ["", "新基社区", 600],
        ["", "小计", 1000],
        [TWO, "源潭居委会", 600],
        ["", "小计", 700],
    ]
    report, found = _import(tmp_path, rows, year=2020)
    assert found == {(ONE, 2020): {"all": 1000}, (TWO, 2020): {"all": 600}}
    told = [f.said.zh for f in report.warnings if f.id == "total"]
    assert len(told) == 1
    assert "700" in told[0]
    assert "600" in told[0]


def test_titles_hold_for_every_block_beside_each_other(tmp_path: Path) -> None:
    rows: list[Any] = [
        ["第七次全国人口普查分性别人口", None, None, None, None, None],
        ["地区", "男", "女", "地区", "男", "女"],
        [ONE, 450, 460, TWO, 310, 290],
    ]
    _, found = _import(tmp_path, rows)
    assert found == {(ONE, 2020): {"all": 910}, (TWO, 2020): {"all": 600}}


@pytest.mark.parametrize("title", ["各镇街残疾人口统计表", "特困人员情况", "出生死亡人口"])
def test_a_table_of_some_people_is_none_of_everybody(tmp_path: Path, title: str) -> None:
    rows: list[Any] = [[title, None, None], ["乡镇", "合计", "男", "女"], [ONE, 10, 5, 5]]
    with pytest.raises(InputError, match="没有人口表"):
        _import(tmp_path, rows, year=2020)
    rows[1] = ["乡镇", "年末总人口", "出生人口", "死亡人口"]
    assert _import(tmp_path / "x", rows, year=2020)[1] == {(ONE, 2020): {"all": 10}}


def test_sheets_that_are_not_read_are_said(tmp_path: Path) -> None:
    from openpyxl import Workbook

    create(tmp_path / "w", city=City.load("清远"))
    book = Workbook()
    page = book.active
    assert page is not None
    page.title = "人口表"
    page.append(["乡镇", "2020年总人口"])
    page.append([ONE, 900])
    book.create_sheet("低保").append(["乡镇", "低保户数"])
    book.save(tmp_path / "表.xlsx")
    report = import_population(tmp_path / "表.xlsx", tmp_path / "w")
    assert [f.said.zh for f in report.findings if f.id == "unread"] == [
        "这些工作表不是人口表，未读：低保。"
    ]
