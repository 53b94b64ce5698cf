"""Lists with a memory: what closed when, what changed when, graves, land, grades, partners."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from coverage.city import City
from coverage.facilities import Change, Facility, register_csv
from coverage.intake.commit import commit
from coverage.intake.facilities import FacilityImport, intake_facilities
from coverage.intake.setup import create
from coverage.intake.template import CHANGES, FACILITIES, write_template
from coverage.lists.values import parse_land

if TYPE_CHECKING:
    from pathlib import Path

HOMES = (
    "名称,类型,乡镇,床位数,状态,停业日期\n"
    "太和镇敬老院,敬老院,太和镇,80,,\n源潭镇敬老院,敬老院,源潭镇,60,停办,2024-03\n"
)
CHANGED = "名称,乡镇,变更日期,床位数,状态,服务内容\n太和镇敬老院,太和镇,2022-05,120,,全托、日托\n"


@pytest.fixture
def space(tmp_path: Path) -> Path:
    return create(tmp_path / "清远", city=City.load("清远"))


def _import(space: Path, *named: tuple[str, str], **how: Any) -> FacilityImport:
    paths = []
    for name, text in named:
        paths.append(space.parent / name)
        paths[-1].write_text(text, encoding="utf-8")
    return commit(intake_facilities(paths, City.open(space), **how), space)


def _said(made: FacilityImport) -> list[str]:
    return [s.zh for row in made.rows for s in (*row.reasons, *row.corrections, *row.checks)]


def test_a_home_that_closed_counts_before_and_changes_come_beside(space: Path) -> None:
    _import(space, ("名单.csv", HOMES))
    made = _import(space, ("变更.csv", CHANGED))
    assert made.accepted == 1
    register = City.open(space).register
    assert len(register) == 2
    assert [f.counts_in(2023) for f in register] == [True, True]
    assert [f.counts_in(2024) for f in register] == [True, False]
    beds = [register.as_of(year).facilities[0].beds for year in (2020, 2023)]
    assert beds == [80, 120]
    (change,) = register.facilities[0].changes
    assert change == Change(
        date(2022, 5, 1), (("services", frozenset({"全托", "日托"})), ("beds", 120)), "变更.csv"
    )
    _import(space, ("变更.csv", CHANGED))  # the same again is the same
    assert City.open(space).register.facilities == register.facilities


def test_list_and_changes_may_come_together(space: Path) -> None:
    made = _import(space, ("变更.csv", CHANGED), ("名单.csv", HOMES))
    assert made.accepted == 3
    assert [len(f.changes) for f in City.open(space).register] == [1, 0]


def test_a_list_that_comes_again_keeps_what_is_remembered(space: Path) -> None:
    _import(space, ("名单.csv", HOMES), ("变更.csv", CHANGED))
    _import(space, ("新名单.csv", HOMES.replace("太和镇,80", "太和镇,120")))
    home = City.open(space).register.facilities[0]
    assert [home.as_of(year).beds for year in (2020, 2023)] == [80, 120]
    made = _import(space, ("更新.csv", HOMES.replace("太和镇,80", "太和镇,150")))
    assert any("变更记录不同" in f.said.zh and "太和镇敬老院" in f.said.zh for f in made.findings)
    home = City.open(space).register.facilities[0]
    assert [home.as_of(year).beds for year in (2020, 2023)] == [150, 150]
    assert [len(home.as_of(year).services) for year in (2020, 2023)] == [0, 2]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("太和敬养院,太和镇,2022,120,,", "登记册和名单里没有“太和敬养院”"),
        ("太和镇敬老院,太和镇,去年,120,,", "不是日期"),
        ("太和镇敬老院,太和镇,2022,,,", "没有写变了什么"),
        ("太和镇敬老院,太和镇,2022,-1,,", "负"),
        ("太和镇敬老院,太和镇,2022,120,转型,", "状态不明"),
        ("幸福院,,2022,120,,", "有 2 处设施叫这个名称"),
    ],
)
def test_a_change_that_fits_no_facility_comes_back(space: Path, row: str, said: str) -> None:
    same = "幸福院,幸福院,太和镇,,,\n幸福院,幸福院,源潭镇,,,\n"
    _import(space, ("名单.csv", HOMES + same))
    before = (space / "facilities.csv").read_bytes()
    made = _import(space, ("变更.csv", CHANGED.partition("\n")[0] + "\n" + row + "\n"))
    assert any(said in sentence for sentence in _said(made)), _said(made)
    assert made.accepted == 0
    assert (space / "facilities.csv").read_bytes() == before


def test_more_nursing_beds_than_beds_from_a_day_on(space: Path) -> None:
    _import(space, ("名单.csv", HOMES))
    made = _import(
        space, ("变更.csv", "名称,乡镇,变更日期,护理型床位数\n太和镇敬老院,太和镇,2022,90\n")
    )
    assert "自 2022-01-01 起护理型床位 90 多于床位 80" in _said(made)[0]


def test_the_day_on_which_papers_changed_is_no_change_of_a_facility(space: Path) -> None:
    text = "名称,类型,乡镇,成立日期,变更日期\n太和镇敬老院,敬老院,太和镇,2010,2021-03-04\n"
    made = _import(space, ("登记.csv", text))
    assert [f.changes for f in made.facilities] == [()]
    (use,) = [c for c in made.sheets[0].understanding.columns if c.name == "变更日期"]
    assert (use.field, use.how) == (None, "left out")


def test_graves_land_grades_and_partners(space: Path) -> None:
    text = (
        "名称,类型,乡镇,占地面积（亩）,墓穴总数,剩余墓位,等级,签约医院,注销时间\n"
        "太和镇公益性公墓,公益性公墓,太和镇,15,1200穴,300,,,\n"
        "太和镇敬老院,敬老院,太和镇,2公顷,,,三星级,太和镇卫生院,已于2024年3月注销\n"
        "源潭镇公益性公墓,公益性公墓,源潭镇,3000平方米,100,,,,\n"
    )
    made = _import(space, ("名单.csv", text))
    graves, home, other = City.open(space).register.facilities
    assert (graves.land_area, graves.capacity_total, graves.capacity_used) == (10_000, 1200, 900)
    assert (home.land_area, home.grade, home.partner) == (20_000, "三星", "太和镇卫生院")
    assert home.closed == date(2024, 3, 1)
    assert (other.land_area, other.capacity_used) == (3000, None)
    said = " ".join(_said(made))
    assert "15 亩，按 10,000 平方米" in said
    assert "已用 900 = 总数 1,200 - 剩余 300" in said


def test_what_cannot_be_is_refused(space: Path) -> None:
    text = (
        "名称,类型,乡镇,墓穴总数,已用墓穴,成立时间,停业日期\n"
        "太和镇公益性公墓,公益性公墓,太和镇,100,200,,\n"
        "太和镇敬老院,敬老院,太和镇,,,2020,2019\n"
    )
    made = _import(space, ("名单.csv", text))
    assert made.accepted == 0
    assert "已用穴（格）位 200 多于总数 100" in _said(made)[0]
    assert "停业日期 2019-01-01 早于成立时间 2020-01-01" in " ".join(_said(made))


@pytest.mark.parametrize(
    ("cell", "column", "area"),
    [
        ("15亩", "占地面积", 10_000),
        ("1.5", "占地面积（亩）", 1000),
        (3, "用地/公顷", 30_000),
        ("1500㎡", "占地面积（亩）", 1500),
        ("0.6 ha", "占地", 6000),
        (2000, "占地面积", 2000),
        ("", "占地面积", None),
        ("-3亩", "占地面积", None),
    ],
)
def test_land_is_read_in_square_metres(cell: Any, column: str, area: float | None) -> None:
    read = parse_land(cell, column)
    assert read.value == area
    assert bool(read.changed) == (
        "亩" in f"{cell}{column}" or "公顷" in column or "ha" in str(cell)
    ) or area in {1500, None}


def test_the_template_is_filled_in_and_read(space: Path) -> None:
    path = space / "模板.xlsx"
    write_template(City.open(space), path)
    book = openpyxl.load_workbook(path)
    for sheet, cells in (
        (FACILITIES, {"名称": "太和镇敬老院", "类型": "养老服务机构（中心）", "层级": "镇级",
                      "乡镇（街道）": "太和镇", "床位数": 80, "占地面积": "15亩", "等级": "二星",
                      "医养协议机构": "太和镇卫生院", "停业日期": "2024-06-30"}),
        (CHANGES, {"名称": "太和镇敬老院", "乡镇（街道）": "太和镇", "变更日期": "2022-05-01",
                   "床位数": 120, "服务内容": "全托；助餐"}),
    ):  # fmt: skip
        head = {cell.value: cell.column for cell in book[sheet][1]}
        for name, value in cells.items():
            book[sheet].cell(2, head[name], value)
    book.save(path)
    made = commit(intake_facilities([path], City.open(space)), space)
    assert made.accepted == 2, _said(made)
    (home,) = City.open(space).register
    assert (home.tier, home.land_area, home.grade) == ("township", 10_000, "二星")
    assert [home.as_of(year).beds for year in (2020, 2023)] == [80, 120]
    assert [home.counts_in(year) for year in (2023, 2024)] == [True, False]


def test_what_is_exported_is_imported_again(space: Path) -> None:
    home = Facility(
        *("a-1", "太和镇敬老院", "elder_care", "441803102"),
        tier="township",
        beds=80,
        nursing_beds=20,
        floor_area=900.0,
        land_area=1500.5,
        capacity_total=10,
        capacity_used=0,
        grade="二星",
        partner="太和镇卫生院",
        opened=date(2010, 5, 1),
        closed=date(2024, 2, 3),
        services=frozenset({"全托"}),
        source="台账",
        note="备注一",
        changes=(
            Change(date(2021, 1, 1), (("beds", 90), ("status", "building")), "批复", "published"),
            Change(date(2022, 1, 1), (("services", frozenset({"全托", "助餐"})),), note="改"),
            Change(date(2022, 6, 1), (("status", "open"),)),
        ),
    )
    path = space.parent / "register.csv"
    path.write_text(register_csv([home]), encoding="utf-8")
    (again,) = intake_facilities([path], City.open(space)).register
    for name in ("source", "category"):  # an import names its file, and the kind's own word
        again = dataclasses.replace(again, **{name: getattr(home, name)})
    assert dataclasses.replace(again, changes=()) == dataclasses.replace(home, changes=())
    assert [(c.since, dict(c.values), c.provenance, c.note) for c in again.changes] == [
        (c.since, dict(c.values), c.provenance, c.note) for c in home.changes
    ]
