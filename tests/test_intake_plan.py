"""Targets of a new plan from a sheet: words of comparison, known names, every row accounted for."""

from __future__ import annotations

import csv
import dataclasses
import io
import os
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from coverage.assessment import assess
from coverage.city import City
from coverage.errors import InputError
from coverage.intake.plan import import_plan
from coverage.intake.recognise import recognise
from coverage.lists.target_text import parse_promise, parse_value
from coverage.plans import load_plan
from coverage.settings import data_dir
from helpers import told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.intake.plan import PlanImport

openpyxl = pytest.importorskip("openpyxl")

CITY = """[city]
code = "441800"
name = "清远市"
base = "441800"
"""

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "ws"
    place.mkdir()
    (place / "city.toml").write_text(CITY, encoding="utf-8")
    return place


def sheet(folder: Path, *rows: Sequence[Any], name: str = "plan.csv") -> Path:
    path = folder.parent / name
    if path.suffix == ".xlsx":
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(path)
    else:
        out = io.StringIO()
        csv.writer(out).writerows(["" if c is None else c for c in row] for row in rows)
        path.write_text(out.getvalue(), encoding="utf-8")
    return path


def take(folder: Path, *rows: Sequence[Any], name: str = "plan.csv", **options: Any) -> PlanImport:
    return import_plan(sheet(folder, *rows, name=name), folder, **options)


HEAD = ["指标名称", "单位", "基期年份", "基期值", "目标年份", "目标值", "属性", "条款"]


@pytest.mark.parametrize(
    ("cell", "unit", "op", "value"),
    [
        ("≥60", "%", "≥", 60),
        (">60%", "%", ">", 60),
        ("＞６０％", "%", ">", 60),
        ("〉60", "%", ">", 60),
        (">=60", "%", "≥", 60),
        ("60%以上", "%", "≥", 60),
        ("60%及以上", "%", "≥", 60),
        ("60+", "%", "≥", 60),
        ("不低于60", "%", "≥", 60),
        ("不少于 60 %", "%", "≥", 60),
        ("超过60%", "%", ">", 60),
        ("不超过5%", "%", "≤", 5),
        ("控制在5%以内", "%", "≤", 5),
        ("低于3%", "%", "<", 3),
        ("达到100%", "%", "=", 100),
        ("达到60%以上", "%", "≥", 60),
        ("保持90%以上", "%", "≥", 90),
        ("全覆盖", "%", "=", 100),
        ("全覆盖", "", "=", 100),
        ("100%覆盖", "%", "=", 100),
        ("百分之百", "%", "=", 100),
        ("百分之六十五以上", "%", "≥", 65),
        ("每个乡镇（街道）至少有1个", "%", "=", 100),
        ("60", "%", "≥", 60),
        (60, "%", "≥", 60),
        (100, "%", "=", 100),
        (0.6, "%", "≥", 60),
        (1, "%", "=", 100),
        (0.405, "%", "≥", Fraction("40.5")),
        ("0.5%", "%", "≥", Fraction(1, 2)),
        (72.58, "%", "≥", Fraction("72.58")),
        ("1‰", "‰", "≥", 1),
        ("1,600", "人", "≥", 1600),
        ("1.5万", "人", "≥", 15000),
        ("1.5万人", "万人", "≥", Fraction("1.5")),
        ("2.3万", "万个", "≥", Fraction("2.3")),
        ("3座以上", "座", "≥", 3),
        ("到2025年底达25%", "%", "≥", 25),
        ("每百户不低于20平方米", "平方米/百户", "≥", 20),
        # Not judged rather than guessed.
        ("建成15分钟服务圈", "%", None, None),
        ("60-70%", "%", None, None),
        ("60%左右", "%", None, None),
        ("每个乡镇至少有2个", "%", None, None),
        ("原则上不低于1.3倍", "元/月", None, None),
        ("基本实现全覆盖", "%", None, None),
        ("全覆盖", "个", None, None),
        ("到2022年底前建成", "%", None, None),
        ("不低于上年度增速", "%", None, None),
        ("9" * 5000, "个", None, None),
    ],
)
def test_words_of_comparison(cell: Any, unit: str, op: str | None, value: Any) -> None:
    found = parse_promise(cell, unit)
    assert (found.op, found.value) == (op, value)
    assert not found.problem


@pytest.mark.parametrize(
    ("cell", "unit"), [("≥60%以下", "%"), ("60%", "张"), ("1.5万", "亿元"), ("3‰", "%")]
)
def test_contradictions_have_a_reason(cell: str, unit: str) -> None:
    assert parse_promise(cell, unit).problem


def test_the_shipped_plans_are_read_as_they_were_entered_by_hand() -> None:
    same = words = 0
    differing = []
    for path in sorted((data_dir() / "plans").glob("*.toml")):
        for indicator in load_plan(path).indicators:
            # A yearly duty is one promise, though it is a target of each year.
            promises = {(t.every or t.year, t.text, t.clause): t for t in indicator.targets}
            for target in promises.values():
                found = parse_promise(target.text, indicator.unit)
                if (found.op, found.value) == (target.op, target.value if target.op else None):
                    same += 1
                elif found.op is None:
                    words += 1
                else:
                    differing.append((indicator.id, target.text))
    # A target that cannot be read stays in words; one read otherwise would be a wrong judgement.
    # These two are printed as "full coverage" of something that the plan's reader left in words.
    assert len(differing) == 2, differing
    assert same > 340
    # Twelve of them have a number that the clause does not print: each of the units, all of them.
    assert words < 52


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("养老机构护理型床位占比", "elder_care.nursing_bed_share"),
        ("养老机构护理型床位占比（%）", "elder_care.nursing_bed_share"),
        ("乡镇（街道）社工站覆盖率", "social_work.township_station"),
        ("村居社会工作服务点覆盖率", "social_work.village_point"),
        ("乡镇街道未成年人保护工作站覆盖率", "child.township_station"),
        ("乡镇（街道）范围内具备综合功能的养老服务机构覆盖率", "elder_care.integrated_township"),
    ],
)
def test_known_names(name: str, id_: str) -> None:
    known, _ = recognise(name, city="441800")
    assert known is not None
    assert known.indicator.id == id_


@pytest.mark.parametrize(
    "name",
    [
        "县级未成年人保护工作站覆盖率",
        "村（居）社会工作服务站覆盖率",
        "特困人员照料护理标准",
        "完全没有听说过的指标",
        "",
        "（）",
    ],
)
def test_names_that_only_look_alike_are_not_taken(name: str) -> None:
    known, near = recognise(name, city="441800")
    assert known is None
    assert isinstance(near, tuple)


def test_every_shipped_plan_goes_out_to_a_sheet_and_comes_back(folder: Path) -> None:
    plan = City.load("清远").plan
    years = sorted({t.year for i in plan.indicators for t in i.targets})
    rows: list[list[Any]] = [
        ["指标名称", "单位", "基期值（2020年）", *(f"{y}年目标值" for y in years)]
    ]
    for i in plan.indicators:
        cells = [next((t.text for t in i.targets if t.year == y), None) for y in years]
        rows.append([i.name, i.unit, i.baseline.text if i.baseline else None, *cells])
    found = take(folder, *rows, title="清远2021—2025年")
    assert found.plan is not None
    assert len(found.rows) == len(plan.indicators)
    assert found.counts["rejected"] <= 3, told(found.report)
    again = {i.name: i for i in found.plan.indicators}
    for i in plan.indicators:
        if i.name in again and again[i.name].id == i.id:
            assert again[i.name].measure == i.measure
            assert again[i.name].match == i.match
    same = sum(again[i.name].id == i.id for i in plan.indicators if i.name in again)
    assert same >= len(plan.indicators) - 6


def test_the_written_plan_is_the_workspaces_plan_and_is_assessed(folder: Path) -> None:
    found = take(
        folder,
        HEAD,
        ["养老机构护理型床位占比", "%", 2025, "48", 2030, "60%以上", "约束性", "专栏1"],
        ["养老机构护理型床位占比", "%", 2025, "48", 2027, ">55", "约束性", "专栏1"],
        ["县级殡仪馆覆盖率（自定）", "%", 2025, "", 2030, "全覆盖", "预期性", "专栏2"],
        title="清远十五五",
    )
    assert [row.status for row in found.rows] == ["accepted"] * 3
    city = City.open(folder)
    assert city.origin("plan") == "own"
    assert (city.plan.start, city.plan.end, city.plan.baseline_year) == (2026, 2030, 2025)
    nursing, funeral = city.plan.indicators
    goals: list[Any] = [(t.year, t.op, t.value) for t in nursing.targets]
    assert goals == [(2027, ">", 55), (2030, "≥", 60)]
    assert nursing.match.share == "nursing"
    assert nursing.nature == "约束性"
    assert nursing.clause == "专栏1"
    assert nursing.baseline is not None
    assert nursing.baseline.value == 48
    assert funeral.id.startswith("own.")
    assert funeral.measure == "reported"
    report = assess(city, year=2030)
    assert {r.indicator.id for r in report.results} >= {nursing.id, funeral.id}


def test_a_computed_row_says_how(folder: Path) -> None:
    head = [*HEAD, "计算方式", "设施类型", "服务", "层级", "每单元至少"]
    found = take(
        folder,
        head,
        [
            "助餐覆盖",
            "%",
            "",
            "",
            2030,
            "全覆盖",
            "",
            "",
            "覆盖率",
            "长者饭堂",
            "助餐",
            "乡镇",
            "1",
        ],
        ["敬老院数", "家", "", "", 2030, "≥90", "", "", "数量", "敬老院、福利院", "", "", ""],
        ["甲", "%", "", "", 2030, "≥90", "", "", "护理型床位占比", "养老机构", "", "", ""],
        ["乙", "张", "", "", 2030, "≥35", "", "", "每千名老人床位", "养老机构", "", "", ""],
        ["丙", "%", "", "", 2030, "≥35", "", "", "具备某服务的设施占比", "养老院", "医养", "", ""],
        ["丁", "%", "", "", 2030, "≥35", "", "", "可达人口占比", "日间照料中心", "", "", ""],
        ["戊", "%", "", "", 2030, "≥35", "", "", "覆盖率", "", "", "乡镇", ""],
        ["己", "%", "", "", 2030, "≥35", "", "", "覆盖率", "养老院", "", "", ""],
        ["庚", "%", "", "", 2030, "≥35", "", "", "心算", "养老院", "", "", ""],
        ["辛", "%", "", "", 2030, "≥35", "", "", "数量", "飞机场", "", "", ""],
        ["壬", "%", "", "", 2030, "≥35", "", "", "覆盖率", "养老院", "", "地球", ""],
        ["癸", "%", "", "", 2030, "≥135", "", "", "覆盖率", "养老院", "", "县", ""],
        ["子", "家", "", "", 2030, "≥35", "", "", "覆盖率", "养老院", "", "县", ""],
        name="plan.xlsx",
    )
    assert [r.name for r in found.rows if r.rejected] == list("戊己庚辛壬癸子")
    assert found.plan is not None
    rows = {i.name: i for i in found.plan.indicators}
    meal = rows["助餐覆盖"]
    assert (meal.measure, meal.level, meal.match.kinds) == (
        "unit_share",
        "township",
        ("meal_point",),
    )
    assert meal.match.services == ("助餐",)
    assert rows["敬老院数"].match.kinds == ("elder_care",)
    assert rows["甲"].match.share == "nursing"
    assert rows["乙"].match.share == "per_1000_60plus"
    assert rows["丙"].match.services_of == ("医养结合",)
    assert rows["丁"].match.minutes == 15
    assert all(r.reasons for r in found.rows if r.rejected)


def test_headers_of_two_rows_merged_cells_titles_totals_and_notes(folder: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    for row in (
        ["清远市民政事业发展“十五五”规划主要指标"],
        ["序号", "类别", "指标名称", "单位", "基期值", "目标值", None, "属性", "责任科室"],
        [None, None, None, None, "2025年", 2027, "2030年", None, None],
        [1, "养老", "养老机构护理型床位占比", "%", 0.405, "≥60", "65%以上", "约束", "养老科"],
        [2, None, "床位", "张", "9,000", "1.2万", "—", "预期性", "x"],
        [None, "合计", None, None, None, None, None, None, None],
        ["一、大救助"],
        [3, "救助", "某坏指标", "张", 1, "60%", "70", "约束性"],
        ["注：基期为2025年数据"],
    ):
        page.append(row)
    for area in ("F2:G2", "A2:A3", "B2:B3", "C2:C3", "D2:D3", "B4:B5"):
        page.merge_cells(area)
    book.create_sheet("附件").append(["这里没有指标"])
    path = folder.parent / "merged.xlsx"
    book.save(path)
    found = import_plan(path, folder)
    assert found.plan is not None
    assert (found.plan.start, found.plan.end) == (2026, 2030)
    assert [(r.row, r.status) for r in found.rows] == [
        (4, "corrected"),
        (5, "corrected"),
        (6, "rejected"),
        (7, "rejected"),
        (8, "rejected"),
        (9, "rejected"),
    ]
    nursing, beds = found.plan.indicators
    assert nursing.nature == "约束性"
    assert nursing.baseline is not None
    assert (nursing.baseline.year, nursing.baseline.value) == (2025, Fraction("40.5"))
    goals: list[Any] = [(t.year, t.value) for i in (nursing, beds) for t in i.targets]
    assert goals == [(2027, 60), (2030, 65), (2027, 12000)]
    text = told(found.report)
    assert "未用的列：责任科室" in text
    assert "合计行" in text
    assert "第 8 行 某坏指标" in text
    assert "6 rows" in told(found.report, "en")


@pytest.mark.parametrize(
    ("name", "measure"),
    [
        ("每千名老年人拥有养老床位数", "bed_ratio"),
        ("每千名老年人口拥有养老床位数（张）", "bed_ratio"),
        ("县级公益性骨灰安葬设施覆盖率", "unit_share"),
        ("15分钟养老服务圈覆盖率", "people_within"),
    ],
)
def test_other_words_for_a_known_indicator(name: str, measure: str) -> None:
    known, _ = recognise(name, city="441800")
    assert known is not None
    assert known.indicator.measure == measure
    assert known.score < 1  # said, for checking


@pytest.mark.parametrize(
    ("title", "heads"),
    [
        ("“十四五”主要指标", ["2020年", "2025年"]),
        ("“十四五”主要指标", ["2020年实际", "2025年"]),
        ("主要指标", ["2020年", "2025年"]),  # the plan is taken to begin four years before its end
        ("主要指标（2021-2025年）", ["2018年", "2020年", "2023年", "2025年"]),
    ],
)
def test_the_year_before_the_plan_is_its_baseline(
    folder: Path, title: str, heads: list[str]
) -> None:
    figures = {"2018年": 30, "2020年": 38, "2020年实际": 38, "2023年": 45, "2025年": 55}
    rows = [[title], ["指标名称", "单位", *heads]]
    made = take(folder, *rows, ["养老机构护理型床位占比", "%", *(figures[h] for h in heads)])
    assert made.plan is not None
    (one,) = made.plan.indicators
    assert one.baseline is not None
    assert one.baseline.year == 2020
    assert one.baseline.value == 38
    assert [t.year for t in one.targets] == [y for y in (2023, 2025) if f"{y}年" in heads]


def test_every_indicator_says_how_it_is_computed(folder: Path) -> None:
    rows: list[list[Any]] = [["指标名称", "单位", "2027年目标值"]]
    rows.append(["养老机构护理型床位占比", "%", 60])
    made = take(folder, *rows, ["新的指标", "%", 60], ["节地生态安葬率", "%", 60])
    said = told(made.report)
    assert "养老机构护理型床位占比：计算，床位比率；设施 养老服务机构（中心）" in said
    assert "新的指标：填报，因为指标库没有" in said
    assert "节地生态安葬率：填报，因为指标库中也是填报" in said
    assert "computed, ratio of beds; facilities: " in told(made.report, "en")


def test_duplicates_and_contradictions_are_rejected(folder: Path) -> None:
    found = take(
        folder,
        HEAD,
        ["某项", "%", "", "", 2030, "≥60", "", ""],
        ["某项", "%", "", "", 2030, "≥70", "", ""],
        ["某 项", "%", "", "", 2027, "≥50", "", ""],
        ["空项", "%", "", "", "", "", "", ""],
        ["没有年份", "%", "", "", "", "60", "", ""],
    )
    assert [r.status for r in found.rows][:4] == ["accepted", "rejected", "accepted", "rejected"]
    assert found.rows[4].rejected
    with_end = take(folder, HEAD, ["没有年份", "%", "", "", "", "60", "", ""], end=2030)
    assert with_end.rows[0].status == "corrected"


def test_a_dry_run_and_a_refusal_leave_the_plan_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good: list[list[Any]] = [HEAD, ["某项", "%", "", "", 2030, "≥60", "", ""]]
    assert take(folder, *good, dry_run=True).written is None
    assert not (folder / "plan.toml").exists()
    take(folder, *good)
    before = (folder / "plan.toml").read_bytes()
    nothing = take(folder, HEAD, ["", "%", "", "", 2030, "≥60", "", ""])
    assert nothing.plan is None
    assert nothing.written is None
    with pytest.raises(InputError, match="指标名称"):
        take(folder, ["甲", "乙"], ["1", "2"])

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space"):
        take(folder, *good)
    assert (folder / "plan.toml").read_bytes() == before
    assert [p.name for p in sorted(folder.iterdir())] == ["city.toml", "intake", "plan.toml"]


def test_what_the_new_plan_lacks_is_said(folder: Path) -> None:
    take(folder, HEAD, ["甲项", "%", "", "", 2030, "≥60", "", ""])
    found = take(folder, HEAD, ["乙项", "%", "", "", 2030, "≥60", "", ""])
    assert "甲项" in told(found.report)


def test_no_workspace(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="coverage init"):
        import_plan(tmp_path / "x.csv", tmp_path)


def test_quotes_controls_and_formulas_stay_text(folder: Path) -> None:
    name = '=cmd|"x"\\n"""[plan]\x7f\x01 #'
    found = take(folder, HEAD, [name, "个", "", "", 2030, "≥6", "", "第“一”条\\"])
    assert found.plan is not None
    (row,) = found.plan.indicators
    assert row.name.startswith('=cmd|"x"\\n"""[plan]')
    assert row.clause == "第“一”条\\"


CELLS = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.integers(-10, 10**20),
    st.floats(allow_infinity=False),
    st.sampled_from(
        ["≥60%", "全覆盖", "60", "—", "2027", "不低于", "养老院", "覆盖率", "合计", "注："]
    ),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(CELLS, min_size=1, max_size=10), min_size=1, max_size=8))
@example(rows=[["指标名称", "目标值"]])
@example(rows=[[None, "a"], [float("nan"), 1]])
def test_whatever_a_sheet_holds_every_row_is_accounted_for(
    folder: Path, rows: list[list[Any]]
) -> None:
    clean = [[c.replace("\x00", "") if isinstance(c, str) else c for c in row] for row in rows]
    try:
        found = take(folder, [*HEAD, "计算方式", "设施类型"], *clean, end=2030)
    except InputError:
        return
    assert sum(found.counts.values()) == len(found.rows)
    assert len(found.rows) <= len(rows) + 40  # a line end in a cell may part a row
    assert all(row.reasons for row in found.rows if row.status != "accepted")
    assert told(found.report)
    assert told(found.report, "en")
    if found.written:
        assert load_plan(found.written) == found.plan


@given(st.one_of(CELLS, st.text()), st.sampled_from(["", "%", "‰", "个", "万人"]))
def test_no_cell_is_too_odd(cell: Any, unit: str) -> None:
    found = parse_promise(cell, unit)
    assert (found.op is None) == (found.value is None)
    assert dataclasses.is_dataclass(parse_value(cell, unit))


def test_a_sheet_can_say_all_that_a_clause_asks(folder: Path) -> None:
    """The example of the docs uses every column of clauses; each comes back as it was meant."""
    found = import_plan(DOCS / "example-clauses.csv", folder)
    assert [(r.name, r.reasons) for r in found.rows if r.rejected] == []
    assert found.written is not None
    plan = load_plan(found.written)
    by_name = {i.name: i for i in plan.indicators}

    def match(name: str) -> dict[str, object]:
        one = by_name[name].match
        return {k: getattr(one, k) for k in type(one)().__dict__ if getattr(one, k)}

    assert match("镇级公益性骨灰安放设施覆盖率")["tiers"] == ("township",)
    assert match("镇级公益性骨灰安放设施覆盖率")["units"] == ("镇", "乡", "民族乡")
    assert match("县级失能照护敬老院覆盖率")["tiers"] == ("county",)
    assert by_name["城市社区日间照料覆盖率"].scope == "城市社区"
    assert match("城市社区日间照料覆盖率")["units"] == ("社区",)
    assert match("源潭镇区域养老服务中心")["inside"] == ("源潭镇",)
    assert match("百万人口县精神卫生福利设施")["when"] == "all >= 1000000"
    assert match("新建机构护理型床位占比")["opened"] == "plan"
    size = by_name["市级养护院床位"]
    assert (size.measure, size.match.size, size.match.tiers) == ("size", "beds", ("city",))
    assert [(t.op, t.rule) for t in size.targets] == [("=", "size")]
    yearly = by_name["每年新建长者饭堂的县"]
    assert [(t.year, t.every, t.op) for t in yearly.targets] == [
        (year, "year", "=") for year in range(2026, 2031)
    ]
    assert [(t.year, t.sum, t.every) for t in by_name["五年累计新增社区养老服务中心"].targets] == [
        (2030, True, "")
    ]
    network = by_name["县镇村三级养老服务网络"]
    assert (network.measure, network.match.tiers) == ("network", ("county", "township", "village"))
    hours = by_name["县级救灾物资运达"]
    assert (hours.measure, hours.match.profile) == ("hours_to_all", "drive")
    (goal,) = hours.targets
    assert goal.op == "≤"
    assert goal.value == 3


def test_words_of_a_clause_that_nobody_knows_reject_their_row(folder: Path) -> None:
    head = [
        "指标名称",
        "单位",
        "目标年份",
        "目标值",
        "计算方式",
        "设施类型",
        "设施级别",
        "目标规则",
        "适用条件",
    ]
    found = take(
        folder,
        head,
        ["甲", "家", 2030, "3", "数量", "敬老院", "省部级", "", ""],
        ["乙", "家", 2030, "3", "数量", "敬老院", "", "随意", ""],
        ["丙", "家", 2030, "3", "数量", "敬老院", "", "", "人口很多"],
        ["丁", "张", 2030, "3", "规模", "敬老院", "", "", ""],
        ["戊", "家", 2030, "3", "数量", "敬老院", "县级", "至多", ""],
    )
    assert [r.name for r in found.rows if r.rejected] == list("甲乙丙丁")
    assert "省部级" in str(found.rows[0].reasons)
