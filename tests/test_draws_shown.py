"""Likely ranges as planners see them: on maps, charts, slides and in workbooks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from zipfile import ZipFile

import numpy as np
import openpyxl
import pytest
from pptx import Presentation

import coverage as cov
from coverage.assessment import assess, drawn
from coverage.briefs.charts import progress
from coverage.draws.summary import among_worst
from coverage.maps.bars import bars
from coverage.maps.themes import theme
from coverage.results.from_report import build
from processes import run

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.results.document import Document

CIRCLE = "elder_care.circle_15min"


@pytest.fixture(scope="module")
def document() -> Document:
    city = cov.City.load("清远")
    return build(drawn(assess(city, indicators=(CIRCLE,)), 20, 3), "zh")


def test_townships_are_hatched_where_it_is_open_whether_they_are_among_the_worst(
    document: Document,
) -> None:
    (circle,) = document.indicators
    city = cov.City.load("清远")
    outlined = frozenset(unit.code for unit in city.units.townships)
    shown = theme(city, circle, lang="zh", outlined=outlined, breaks=(5, 10, 15, 20))
    first, second = shown.shadings
    assert (first.level, second.level) == ("township", "county")
    assert circle.draws is not None
    often = circle.draws["among_worst"]
    assert set(first.marks) == outlined
    for code, mark in first.marks.items():
        share = often.get(code, 0.0)
        style = "likely" if share > 0.8 else "perhaps" if share >= 0.2 else "unlikely"
        assert mark.class_ == style
        assert f"{100 * share:.0f}%" in mark.text
    assert sum(one.count or 0 for one in first.classes) == len(outlined)
    assert any(mark.class_ == "perhaps" for mark in first.marks.values())


def test_those_that_share_the_tenth_lowest_share_are_all_among_the_worst() -> None:
    """Whatever their codes: half of the townships are served alike, not at all."""
    shares = np.array([[0.0] * 20 + [50.0] * 5, [float(n) for n in range(25)]])
    codes = tuple(f"t{n:02d}" for n in range(25))
    often = among_worst(shares, codes)
    assert {often[code] for code in codes[:10]} == {1.0}
    assert {often[code] for code in codes[10:20]} == {0.5}
    assert not set(codes[20:]) & set(often)


def test_charts_show_the_likely_range_where_the_plan_has_no_number(document: Document) -> None:
    (bar,) = bars(document, "zh")
    (circle,) = document.indicators
    assert circle.draws is not None
    assert bar.ends is not None
    assert [float(end) for end in bar.ends] == [circle.draws["p5"], circle.draws["p95"]]
    assert bar.likely is not None
    assert bar.ends[0] <= bar.likely <= bar.ends[1]
    assert "约" in bar.text
    assert bar.met is None
    (row,) = progress(document)
    assert row.aim is None
    assert (row.low, row.high) == (circle.draws["p5"], circle.draws["p95"])


def test_slides_and_workbook_bear_it(tmp_path: Path) -> None:
    out = tmp_path / "简报"
    args = ("--city", "清远", "--indicator", CIRCLE, "--indicator", "elder_care.nursing_bed_share")
    ended = run("brief", *args, "--draws", "10", "--formats", "pptx,xlsx", "--out", str(out))
    assert ended.returncode == 0, ended.stderr
    sheet = openpyxl.load_workbook(out / "brief.xlsx")["汇总"]
    heads = [cell.value for cell in sheet[4]]
    at = {name: heads.index(name) for name in ("现状", "至少", "至多", "区间依据")}
    found = {}
    for row in sheet.iter_rows(min_row=5, values_only=True):
        found[str(row[0])] = tuple(row[at[name]] for name in ("至少", "至多", "区间依据"))
    circle = next(value for name, value in found.items() if "15分钟" in name)
    assert circle[2] == "抽样 P5–P95"
    assert 0 < circle[0] < circle[1] < 100
    beds = next(value for name, value in found.items() if "护理型" in name)
    assert beds[2] == "不作假定"
    assert beds[0] < 40.5 < beds[1]

    charts = [
        s.chart
        for p in Presentation(str(out / "brief.pptx")).slides
        for s in p.shapes
        if s.has_chart
    ]
    names = list(charts[0].plots[0].categories)
    assert any(re.search(r"9\.5%（约.*–.*%）", name) for name in names)
    with ZipFile(out / "brief.pptx") as file:
        xml = [file.read(n).decode() for n in file.namelist() if re.match(r"ppt/charts/chart", n)]
    # The lines of the third series: from its ends back to the least.
    (bars_,) = (
        found for one in xml for found in re.findall(r"<c:errBars.*?</c:errBars>", one, re.DOTALL)
    )
    lengths = [float(v) for v in re.findall(r"<c:v>([-\d.]+)</c:v>", bars_)]
    assert len(lengths) == 2 == len(names)
    highest = list(charts[0].plots[0].series[2].values)
    lowest = [high - length for high, length in zip(highest, lengths, strict=True)]
    assert sorted(highest) == pytest.approx(sorted([circle[1], beds[1]]), abs=1e-3)
    assert sorted(lowest) == pytest.approx(sorted([circle[0], beds[0]]), abs=1e-3)


def test_a_map_is_drawn_and_nothing_that_is_kept_back(tmp_path: Path) -> None:
    page = tmp_path / "m.html"
    args = ("map", "--city", "清远", "--indicator", CIRCLE, "--draws", "10", "--out", str(page))
    ended = run(*args)
    assert ended.returncode == 0, ended.stderr
    text = page.read_text(encoding="utf-8")
    assert "可达率最低的十个乡镇" in text
    assert "（约" in ended.stdout
    kept = run(*args, "--suppress-below", "10")
    assert kept.returncode == 2
    assert "--draws 不能与" in kept.stderr
