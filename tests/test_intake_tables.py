"""Layouts of tables of people: levels of headings, blocks, villages, counties, years, ages.

The sheets are made here, as offices of statistics print them, and every figure of them is known.
"""

from __future__ import annotations

import csv
import random
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from coverage.city import City
from coverage.errors import InputError
from coverage.intake.peoplecells import PEOPLE, meaning_of, people_columns
from coverage.intake.peoplecounties import SUMMED, with_sums
from coverage.intake.peopletable import is_people_table, read_people
from coverage.lists.reading import read_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

Rows = list[list[Any]]
Truth = dict[tuple[str, str, int], int]


class Taken(NamedTuple):
    """What was read of a sheet: rows by outcome, warnings by id, figures but those summed here."""

    rows: Sequence[tuple[int, str]]
    warned: dict[str, tuple[str, ...]]
    own: Truth
    modelled: Truth

    @property
    def rejected(self) -> list[int]:
        return [row for row, outcome in self.rows if outcome == "rejected"]

    @property
    def accepted(self) -> int:
        return sum(outcome in {"accepted", "corrected"} for _, outcome in self.rows)


@pytest.fixture
def take(tmp_path: Path) -> Callable[..., Taken]:
    """Read a made sheet as an import does."""
    units = City.load("清远").units

    def taken(
        rows: Rows, name: str = "表", *, merges: Sequence[str] = (), year: int | None = None
    ) -> Taken:
        path = tmp_path / (name if "." in name else f"{name}.xlsx")
        if path.suffix == ".csv":
            with path.open("w", encoding="gb18030", newline="") as out:
                csv.writer(out).writerows(rows)
        else:
            _book(path, rows, merges)
        fit = [sheet for sheet in read_file(path, spec=PEOPLE) if is_people_table(sheet)]
        table = read_people(fit, units, year=year)
        made, _ = with_sums(table.people, units, "", table.counties)
        by = {
            kind: {
                (r.unit_code, r.group, r.year): r.count
                for r in made
                if r.note != SUMMED and r.provenance == kind
            }
            for kind in ("surveyed", "modelled")
        }
        warned = {f.id: f.units for f in table.findings if f.weight == "warning"}
        outcomes = [(o.row, o.outcome) for o in table.outcomes]
        return Taken(outcomes, warned, by["surveyed"], by["modelled"])

    return taken


def _book(path: Path, rows: Rows, merges: Sequence[str]) -> None:
    from openpyxl import Workbook

    book = Workbook()
    page = book.active
    assert page is not None
    for row in rows:
        page.append(row)
    for merge in merges:
        page.merge_cells(merge)
    book.save(path)


def townships(count: int) -> list[tuple[str, str]]:
    """Code and name of townships of 清城区, whose names no other county has."""
    units = City.load("清远").units
    names = [u.name for u in units.townships]
    own = [u for u in units.townships if u.parent == "441802" and names.count(u.name) == 1]
    return [(u.code, u.name) for u in own[:count]]


# -- the official layout of a census by township ----------------------------------------------

_AGES = (("0-14岁", "0-14"), ("15-59岁", "15-59"), ("60岁及以上", "60+"), ("65岁及以上", "65+"))
_TOTALS = ("合计", "小计", "总计", "计", "")


def _census(seed: int) -> tuple[Rows, list[str], Truth]:
    """A census table with two to four rows of headings, with or without merged cells."""
    by = random.Random(seed)
    levels, merged = by.randint(2, 4), by.random() < 0.5
    rows: Rows = []
    rows.append([f"表{by.randint(1, 9)}-{by.randint(1, 9)} 各乡镇（街道）人口"])
    if by.random() < 0.5:
        rows.append(["单位：户、人"])
    total = by.choice(_TOTALS[:4])
    paths: list[tuple[str, ...]] = [("地区",)]
    if levels == 4:
        paths += [(total, "户数"), (total, "人口数", by.choice(_TOTALS), "")]
        paths += [(total, "人口数", "男"), ("家庭户", "户数"), ("家庭户", "人口数", "合计")]
    else:
        paths += [("户数",), ("总人口", by.choice(_TOTALS)), ("总人口", "男"), ("总人口", "女")]
    for head, _ in _AGES:
        leaf = by.choice(_TOTALS)
        more = ("其中", leaf) if levels == 3 and leaf else (leaf,)
        paths += [("年龄", head, *more), ("年龄", head, "男")] if levels > 2 else [(head,)]
    top = len(rows)
    for level in range(levels):
        names = [p[level] if level < len(p) else "" for p in paths]
        shown = [
            n if n and (i == 0 or paths[i][: level + 1] != paths[i - 1][: level + 1]) else None
            for i, n in enumerate(names)
        ]
        rows.append(shown)
    merges = _merged(paths, top, levels) if merged else []
    if by.random() < 0.4:
        rows.append(["甲", *range(1, len(paths))])
    truth: Truth = {}
    units = townships(6)
    whole = [0] * len(paths)
    at = len(rows)
    for code, name in units:
        ages = [by.randint(100, 900) for _ in range(3)]
        figures = {"all": sum(ages), "0-14": ages[0], "15-59": ages[1], "60+": ages[2]}
        figures["65+"] = by.randint(1, ages[2])
        row = [_cell(path, figures, by) for path in paths[1:]]
        rows.append([f"  {name}", *row])
        whole = [a + b for a, b in zip(whole, [0, *row], strict=True)]
        truth |= {(code, group, 2020): n for group, n in figures.items()}
    rows[at:at] = [["总　计", *whole[1:]], ["清城区", *whole[1:]]]
    return rows, merges, truth


def _cell(path: tuple[str, ...], figures: dict[str, int], by: random.Random) -> int:
    """What stands under a heading: the truth for people of an age, else anything smaller."""
    group = next((group for head, group in _AGES if head in path), "all")
    if {"男", "女", "户数", "家庭户"} & set(path):
        return by.randint(1, figures[group])
    return figures[group]


def _merged(paths: list[tuple[str, ...]], top: int, levels: int) -> list[str]:
    from openpyxl.utils import get_column_letter as letter

    found = []
    for level in range(levels):
        start = 0
        for end in range(1, len(paths) + 1):
            same = end < len(paths) and paths[end][: level + 1] == paths[start][: level + 1]
            if same and len(paths[start]) > level:
                continue
            if end - start > 1 and len(paths[start]) > level and paths[start][level]:
                row = top + level + 1
                found.append(f"{letter(start + 1)}{row}:{letter(end)}{row}")
            start = end
    return found


@pytest.mark.parametrize("seed", range(24))
def test_a_census_by_township_is_read_whatever_its_levels(
    seed: int, take: Callable[..., Taken]
) -> None:
    rows, merges, truth = _census(seed)
    got = take(rows, merges=merges, year=2020)
    assert got.own == truth
    assert (got.accepted, got.rejected) == (6, [])
    assert "total" not in got.warned


# -- blocks side by side ----------------------------------------------------------------------


@pytest.mark.parametrize("numbered", [False, True])
@pytest.mark.parametrize("blocks", [2, 3])
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_tables_side_by_side_keep_their_numbers(
    blocks: int, numbered: bool, ending: str, take: Callable[..., Taken]
) -> None:
    units = townships(5)
    first = 0 if numbered else 1
    head = ["序号", "乡镇", "总人口", "60岁及以上"][first:]
    cells: Rows = [[n, name, 100 * n, 7 * n][first:] for n, (_, name) in enumerate(units, 1)]
    cells.append([None, "合计", 1500, 105][first:])
    column = -(-len(cells) // blocks)
    parts = [cells[i : i + column] for i in range(0, len(cells), column)]
    rows: Rows = [head * len(parts)]
    none = [None] * len(head)
    rows += [[c for p in parts for c in (p[i] if i < len(p) else none)] for i in range(column)]
    got = take(rows, f"两栏.{ending}", year=2021)
    assert got.own == {
        (code, group, 2021): n * m
        for n, (code, _) in enumerate(units, 1)
        for group, m in (("all", 100), ("60+", 7))
    }
    assert (got.accepted, got.rejected) == (5, [])
    assert "total" not in got.warned


def test_blocks_of_other_units_never_lend_a_number(
    take: Callable[..., Taken],
) -> None:
    (a, one), (b, two), (c, three), (d, four) = townships(4)
    rows = [["地区", "人口数", "地区", "65岁及以上"], [one, 10, three, 3], [two, 20, four, 4]]
    assert take(rows, year=2021).own == {
        (a, "all", 2021): 10,
        (b, "all", 2021): 20,
        (c, "65+", 2021): 3,
        (d, "65+", 2021): 4,
    }


def test_a_table_continued_beside_itself_is_one(
    take: Callable[..., Taken],
) -> None:
    (a, one), (b, two) = townships(2)
    rows = [["1-6 人口", None, "续表", None], ["地区", "人口数", "地区", "65岁及以上"]]
    got = take([*rows, [one, 10, one, 3], [two, 20, two, 4]], year=2021)
    assert got.own[a, "65+", 2021] == 3
    assert got.own[b, "all", 2021] == 20
    assert got.accepted == 2


# -- villages, counties, the same row twice ---------------------------------------------------


@pytest.mark.parametrize("head", ["村（社区）", "居委会", "基层单位"])
def test_villages_are_summed_to_their_township(head: str, take: Callable[..., Taken]) -> None:
    (a, one), (b, two) = townships(2)
    rows: Rows = [["乡镇", head, "户数", "人口", "60岁以上"]]
    rows += [[one, "东村", 9, 400, 80], [one, "西社区", 9, 800, 160], [one, "小计", 18, 1200, 240]]
    rows += [[two, "南村", 9, 600, 120], [two, "南村", 9, 600, 120], ["合计", None, 27, 1800, 360]]
    got = take(rows, year=2021)
    assert got.own == {
        (a, "all", 2021): 1200,
        (a, "60+", 2021): 240,
        (b, "all", 2021): 600,
        (b, "60+", 2021): 120,
    }
    assert got.rejected == [6]  # the same row twice
    assert "total" not in got.warned


def test_codes_of_villages_are_summed(take: Callable[..., Taken]) -> None:
    rows = [["区划代码", "名称", "人口"], ["441802008001", "甲", 4], ["441802008002", "乙", 5]]
    assert take(rows, year=2021).own == {("441802008", "all", 2021): 9}


def test_counties_alone_are_adopted_and_spread(take: Callable[..., Taken]) -> None:
    (code, name) = townships(1)[0]
    rows = [["地区", "总人口", "60岁及以上"], ["合计", 4200, 800], ["清城区", 1200, 300]]
    got = take([*rows, [name, 1200, 300], ["清新区", 3001, 500]], year=2021)
    assert got.own == {  # 清城区 has a township: its row is the sum of that
        (code, "all", 2021): 1200,
        (code, "60+", 2021): 300,
        ("441803", "all", 2021): 3001,
        ("441803", "60+", 2021): 500,
    }
    assert {unit[:6] for unit, _, _ in got.modelled} == {"441803"}
    assert sum(n for (_, group, _), n in got.modelled.items() if group == "all") == 3001
    assert sum(n for (_, group, _), n in got.modelled.items() if group == "60+") == 500
    assert got.accepted == 2
    assert got.warned["counties"] == ("441803",)


def test_townships_below_their_county_need_no_column_of_it(
    take: Callable[..., Taken],
) -> None:
    units = City.load("清远").units
    names = [u.name for u in units.townships]
    twice = next(n for n in names if names.count(n) > 1)
    codes = [u.code for u in units.townships if u.name == twice]
    counties = [units.name(code[:6]) for code in codes]
    rows: Rows = [["地区", "人口数"]]
    for n, county in enumerate(counties, 1):
        rows += [[county, n], [twice, n]]
    got = take(rows, year=2021)
    assert got.own == {(code, "all", 2021): n for n, code in enumerate(codes, 1)}
    assert got.rejected == []


# -- years and ages ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        ([["清远市人口（2019年末）"], ["乡镇", "总人口"]], "表"),
        ([["乡镇", "2019年总人口"]], "表"),
        ([["乡镇", "总人口"]], "2019年人口"),
        ([[None, "2019年"], ["乡镇", "总人口"]], "表"),
        ([["2020年统计年鉴"], ["乡镇", "2019年末/总人口"]], "2021年"),
        ([["各镇街常住人口（人）"], ["乡镇", 2019, 2020]], "表"),
    ],
)
def test_the_year_is_read_where_it_stands(
    rows: Rows, name: str, take: Callable[..., Taken]
) -> None:
    code, township = townships(1)[0]
    own = take([*rows, [township, 70, 80][: len(rows[-1])]], name).own
    assert own[code, "all", 2019] == 70
    assert own.get((code, "all", 2020), 80) == 80


@pytest.mark.parametrize(
    "title", ["2020年统计年鉴人口", "2018-2020年人口", "2099年人口", "制表：2020年"]
)
def test_a_year_that_may_be_another_is_asked_for(title: str, take: Callable[..., Taken]) -> None:
    with pytest.raises(InputError, match="--year"):
        take([[title], ["乡镇", "总人口"], [townships(1)[0][1], 70]])


def test_ages_that_tile_a_group_make_it(take: Callable[..., Taken]) -> None:
    code, name = townships(1)[0]
    heads = ["0岁", "1-4岁", "5-9岁", "10-14岁", "15-59岁", "60-64岁", "65-79岁", "80岁及以上"]
    own = take(
        [["乡镇", "合计", *heads], [name, 360, 1, 9, 10, 20, 250, 30, 30, 10]], year=2020
    ).own
    assert own[code, "all", 2020] == 360
    assert own[code, "0-14", 2020] == 40
    assert own[code, "60+", 2020] == 70
    assert own[code, "65+", 2020] == 40
    assert (code, "0-0", 2020) not in own
    got = take([["乡镇", "合计", *heads], [name, 361, 1, 9, 10, 20, 250, 30, 30, 10]], year=2020)
    assert got.rejected == [2]  # the ages add up to another number


@pytest.mark.parametrize(
    ("header", "group", "year"),
    [
        ("人口数/合计", "all", 0),
        ("60岁及以上/小计", "60+", 0),
        ("年龄/60岁及以上/其中/合计", "60+", 0),
        ("常住人口/#65岁及以上", "65+", 0),
        ("超過64歲", "65+", 0),
        ("未滿15歲", "0-14", 0),
        ("不满18周岁", "0-17", 0),
        ("14岁及以下", "0-14", 0),
        ("15岁以下", "0-14", 0),
        ("2020年末常住人口（人）", "all", 2020),
        ("2010年/60岁以上", "60+", 2010),
        ("60岁及以上（含60岁）", "60+", 0),
        ("Population aged 65 and over", "65+", 0),
        ("under 15", "0-14", 0),
    ],
)
def test_a_heading_means_people_of_an_age(header: str, group: str, year: int) -> None:
    meaning = meaning_of(header)
    assert meaning is not None
    assert (meaning.group, meaning.year) == (group, year)


@pytest.mark.parametrize(
    "header",
    [
        "汉族/小计",
        "家庭户/人口数",
        "合计/户数",
        "人口数/男",
        "老年人口",
        "儿童人数",
        "特困60岁以上",
    ],
)
def test_a_heading_of_other_people_counts_nobody(header: str) -> None:
    assert meaning_of(header) is None


def test_a_total_of_something_else_is_nobody() -> None:
    assert people_columns(["乡镇", "合计", "公办", "民办"])[0] == []
    assert people_columns(["乡镇", "合计", "公办"], ["各乡镇养老床位数"])[0] == []
    assert people_columns(["乡镇", "合计"], ["各乡镇人口"])[0][0].group == "all"
