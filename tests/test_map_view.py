"""What a map shows, before anything is drawn: its numbers are the report's and nothing else."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from conftest import ROOT
from coverage.assessment import assess
from coverage.city import City
from coverage.errors import InputError
from coverage.maps import labels
from coverage.maps.before_after import Wanted, now
from coverage.maps.compose import build
from coverage.maps.outlines import road_lines, road_name
from coverage.maps.payload import payload
from coverage.maps.themes import scale_for, value_class, value_classes
from coverage.maps.view import Mark
from coverage.results import figures
from coverage.results.circles import PeopleRow
from coverage.results.disclosure import SENSITIVE_KINDS, suppress_circles
from coverage.results.document import HIDDEN
from helpers import centre, write_register
from networks import random_network

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.maps.compose import Moment
    from coverage.maps.view import View
    from coverage.results.circles import Circles, Measured

CITIES = ("清远", "中山", "阳江", "江门", "珠山")


@cache
def _moment(name: str, **wanted: Any) -> Moment:
    (found,) = now(assess(City.load(name)), Wanted(**wanted))
    return found


@cache
def _view(name: str, **wanted: Any) -> View:
    return build(City.load(name), [_moment(name, **wanted)], lang=wanted.get("lang", "zh"))


@pytest.mark.parametrize("name", CITIES)
def test_classes_and_counts_are_the_reports(name: str) -> None:
    view, document = _view(name), _moment(name).document
    listed = {i.id: i for i in document.indicators}
    for theme in view.stage().themes:
        found = listed.get(theme.id)
        if found is None:
            continue
        for shading in theme.shadings:
            counts = {c.id: c.count for c in shading.classes}
            if shading.level == "township" and found.covered is not None:
                assert counts["covered"] == len(found.covered) == found.numerator
                assert counts["missing"] == len(found.missing or ())
            if shading.level == "county" and found.by_county:
                assert sum(c or 0 for c in counts.values()) == len(found.by_county)
                for row in found.by_county:
                    mark = shading.marks[row.code]
                    if row.numerator is None:
                        assert (mark.class_, mark.text) == ("unknown", "未知")
                    else:
                        pair = f"{row.numerator:,}/{row.denominator:,}"
                        assert mark.text.startswith(pair)
    assert view.stage().themes[0].id in listed


@pytest.mark.parametrize("name", CITIES)
def test_every_unit_is_drawn_or_named_as_left_off(name: str) -> None:
    view, units = _view(name), City.load(name).units
    drawn = {area.code for area in (*view.counties, *view.townships)}
    for theme in view.stage().themes:
        for shading in theme.shadings:
            lost = {units.name(code) for code in shading.marks if code not in drawn}
            assert lost == set(shading.unplaced)
    statistical = {a.code for a in view.townships if a.kind == "statistical"}
    assert not statistical & {u.code for u in units.townships}


def test_the_legend_says_what_streets_are_drawn() -> None:
    assert _view("清远").road_name == "主要道路"
    own = random_network(1)
    pieces = len(road_lines(own))
    assert road_name(own, pieces).zh == "街道"
    assert road_name(own, pieces - 1).zh == "主要道路"


def _whole(people: Measured) -> int:
    """A number of people that is known."""
    assert isinstance(people, int | float)
    return round(people)


def test_the_reach_theme_adds_up_to_the_circles_data() -> None:
    moment, theme = _moment("清远"), _view("清远").stage().theme("reach")
    assert moment.reach is not None
    whole = next(
        r for r in moment.reach.people if (r.level, r.group, r.limit) == ("city", "60+", "15 min")
    )
    assert f"{_whole(whole.reached):,}/{_whole(whole.total):,}" in theme.headline
    rings = _view("清远").stage().rings
    assert [r.label for r in rings] == ["15 分钟", "10 分钟", "5 分钟"], "the largest lies lowest"
    assert {r.mark for r in rings} == {"（直线估算）"}
    for inner, outer in zip(rings[1:], rings, strict=False):
        assert shapely.area(inner.shape.difference(outer.shape.buffer(1e-3))) == 0


def test_illustrative_and_approximate_are_said() -> None:
    assert _view("清远").mark == "示意图·含示意数据"
    report = assess(City.load("清远"), provenance=["published", "surveyed"])
    with pytest.raises(InputError, match="没有分乡镇"):
        now(report, Wanted(indicators=("elder_care.integrated_township",)))


def test_an_indicator_without_townships_cannot_be_shown() -> None:
    report = assess(City.load("清远"))
    with pytest.raises(InputError, match=r"social_org\.hub_count"):
        now(report, Wanted(indicators=("social_org.hub_count",)))


def test_facilities_that_count_are_told_from_those_that_do_not() -> None:
    view, document = _view("清远"), _moment("清远").document
    theme = view.stage().theme("elder_care.integrated_township")
    found = document.indicator(theme.id)
    assert theme.counting == frozenset(found.rows)
    shown = {site.id for site in view.stage().sites}
    loose = sum(len(rows) for rows in view.stage().loose.values())
    closed = sum(row.status == "closed" for row in document.register)
    assert len(shown) + loose + closed == len(document.register)


def test_masked_facilities_leave_no_trace(tmp_path: Path) -> None:
    city = City.load("清远")
    code = city.units.townships[3].code
    rows = [
        centre(1, code, name="普通中心", lon=113.06, lat=23.7),
        centre(
            2,
            code,
            name="阳光路8号未保站",
            kind="child_protection_station",
            services="",
            lon=113.0512345,
            lat=23.7198765,
            source="秘密地址.xlsx",
            note="阳光路8号",
        ),
    ]
    register = city.read_register(write_register(tmp_path / "r.csv", rows))
    report = assess(city, register=register)
    for kinds in ((), ("child_protection_station",)):
        moments = now(report, Wanted(masked=True, kinds=kinds))
        view = build(city, moments)
        text = json.dumps(payload(view), ensure_ascii=False)
        for secret in ("阳光路", "秘密", "113.0512", "23.71988"):
            assert secret not in text
        masked = [s for s in view.stage().sites if s.kind in SENSITIVE_KINDS]
        seat = city.units[code]
        assert [(s.lon, s.lat) for s in masked] == [(seat.lon, seat.lat)]
        assert bool(view.stage().rings) == (not kinds), "no circle gives the place away"
    assert "阳光路" in json.dumps(payload(build(city, now(report, Wanted()))), ensure_ascii=False)


def test_small_counts_are_kept_back_and_cannot_be_worked_out() -> None:
    below = 2000
    moment = _moment("清远", below=below)
    whole = _moment("清远").reach
    assert moment.reach is not None
    assert whole is not None
    kept = [r for r in moment.reach.people if r.level == "township"]
    counts = ("reached", "not_reached", "total")
    for row in kept:
        for key in counts:
            count = getattr(row, key)
            assert count in {HIDDEN, 0} or count >= below
    # Townships of a county, less one hidden row, would give it away: never exactly one.
    for limit in moment.reach.limits:
        for county in {r.code[:6] for r in kept if r.code}:
            rows = [r for r in kept if r.code.startswith(county) and r.limit == limit]
            hidden = {r.code for r in rows if r.reached == HIDDEN}
            assert len(hidden) != 1
    text = json.dumps(payload(_view("清远", below=below)), ensure_ascii=False)
    secrets = [
        f"{_whole(r.reached):,}/{_whole(r.total):,}"
        for r in whole.people
        if r.level == "township" and 0 < _whole(r.reached) < below and _whole(r.total) > 100
    ]
    assert len(secrets) > 50
    assert not [s for s in secrets if f'"{s} ' in text]


def test_a_small_change_is_hidden_before_and_after() -> None:
    def reach(first: float) -> Circles:
        rest = {"not_reached": 200.0, "not_placed": 0.0, "total": 0.0}
        rows = tuple(
            PeopleRow(level, code, "", "60+", "15 min", reached=n, **rest)
            for level, code, n in (
                ("city", "441800", 300.0 + first),
                ("township", "441802001", first),
                ("township", "441803001", 300.0),
            )
        )
        return _circles(rows)

    (alone,) = suppress_circles([reach(54.0)], 10)
    assert [r.reached for r in alone.people] == [354.0, 54.0, 300.0]
    for one in suppress_circles([reach(50.0), reach(54.0)], 10):
        assert [r.reached for r in one.people] == [HIDDEN] * 3, "the city changes by 4, too"
    for one in suppress_circles([reach(50.0), reach(90.0)], 10):
        assert HIDDEN not in {r.reached for r in one.people}


def _circles(people: tuple[PeopleRow, ...], *notes: str) -> Circles:
    (whole,) = [_moment("清远").reach]
    assert whole is not None
    return replace(whole, people=people, nearest=(), notes=notes)


@given(st.data())
@limits(max_examples=60)
def test_suppressed_rows_are_whole_families(data: st.DataObject) -> None:
    townships = [f"4401{c:02d}{t:03d}" for c in (1, 2) for t in (1, 2, 3)]
    counts = {t: data.draw(st.integers(0, 40)) for t in townships}
    rows = []
    for level, width in (("city", 4), ("county", 6), ("township", 9)):
        for code in dict.fromkeys(t[:width] for t in townships):
            inside = sum(n for t, n in counts.items() if t.startswith(code))
            figures_ = (float(inside), 100.0, 0.0, inside + 100.0, 1.0, 1.0, 1.0)
            rows.append(PeopleRow(level, code, "", "60+", "15 min", *figures_))
    reach = _circles(tuple(rows), "3 人无位置", "说明")
    (made,) = suppress_circles([reach], 10)
    assert made.notes == (("说明",) if made.people != reach.people else reach.notes)
    shown: dict[str, Any] = {r.code: r.reached for r in made.people}
    assert not [c for c, n in shown.items() if n != HIDDEN and 0 < n < 10]
    for code in ("4401", "440101", "440102"):
        own = [c for c in shown if c.startswith(code) and len(c) == (6 if len(code) == 4 else 9)]
        hidden = [c for c in own if shown[c] == HIDDEN]
        assert shown[code] == HIDDEN or len(hidden) in {0, len(own)}


def test_places_move_to_the_datum_of_amap() -> None:
    other = pytest.importorskip("eviltransform", reason="needs another implementation")
    view = _view("珠山")
    plain, moved = payload(view), payload(view, datum="gcj02")
    for a, b in zip(plain["areas"], moved["areas"], strict=True):
        lat, lng = other.wgs2gcj(*a["seat"])
        assert b["seat"] == pytest.approx([lat, lng], abs=2e-5)
        assert np.hypot(*(np.array(b["seat"]) - a["seat"])) > 0.002
    assert moved["datum"] == " GCJ02"


@given(st.lists(st.fractions(0, 100), min_size=1, max_size=30))
@limits(max_examples=100)
def test_value_classes_hold_what_their_labels_say(values: list[Fraction]) -> None:
    breaks = scale_for(values)
    marks = {str(n): Mark(value_class(v, breaks), "") for n, v in enumerate(values)}
    classes = value_classes(marks, breaks, "zh")
    assert sum(c.count or 0 for c in classes) == len(values)
    by_id = {c.id: c for c in classes}
    for value in values:
        label = by_id[value_class(value, breaks)].label
        if label == "100%":
            assert value == 100
        elif label.startswith("<"):
            assert value < int(label[1:-1])
        else:
            low, high = label[:-1].split("–<")
            assert int(low) <= value < int(high)


def test_an_unknown_value_is_a_class_of_its_own() -> None:
    assert value_class(None, (20, 40)) == "unknown"
    classes = value_classes({"a": Mark("unknown", "")}, (20, 40), "en")
    assert classes[-1].label == "not known"
    assert classes[-1].count == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(800, 17), "47.1%"),
        (12.35, "12.4%"),
        (None, "未知"),
        (HIDDEN, HIDDEN),
        ("<10", "<10"),
        (60, "60%"),
    ],
)
def test_figures_as_printed(value: Any, text: str) -> None:
    assert figures.shown(value, "zh", percent=True) == text


def test_a_measured_number_is_the_decimal_it_is_printed_with() -> None:
    assert figures.exact(12.35) == Fraction(247, 20)
    assert figures.exact(HIDDEN) is None


_NAMES = st.lists(
    st.tuples(
        st.sampled_from(["石潭镇", "连山壮族瑶族自治县", "Bendern", "禾洞"]),
        st.floats(0, 100),
        st.floats(0, 60),
        st.integers(0, 2),
    ),
    max_size=25,
)


@given(_NAMES)
@limits(max_examples=80)
def test_placed_names_never_cover_one_another(rows: list[tuple[str, float, float, int]]) -> None:
    wanted = [labels.Label(t, x, y, em=3.0, gap=1.0, weight=w) for t, x, y, w in rows]
    taken = [(40.0, 20.0, 50.0, 30.0)]
    within = (0.0, 0.0, 100.0, 60.0)
    found = labels.place(wanted, taken=taken, within=within)
    boxes = list(taken)
    for label, spot in zip(wanted, found, strict=True):
        if spot is None:
            continue
        wide, high = label.size
        box = (spot[0] - wide / 2, spot[1] - high / 2, spot[0] + wide / 2, spot[1] + high / 2)
        assert within[0] <= box[0]
        assert within[1] <= box[1]
        assert box[2] <= within[2]
        assert box[3] <= within[3]
        for other in boxes:
            apart = (
                box[0] >= other[2] or box[2] <= other[0] or box[1] >= other[3] or box[3] <= other[1]
            )
            assert apart
        boxes.append(box)


def test_a_heavy_name_is_placed_before_a_light_one() -> None:
    pair = [
        labels.Label("甲", 5, 5, em=3, fixed=True),
        labels.Label("乙", 5, 5, em=3, weight=1, fixed=True),
    ]
    assert labels.place(pair) == [None, (5, 5)]


def test_a_scenario_shows_what_it_adds_closes_and_blocks(tmp_path: Path) -> None:
    from coverage.maps.before_after import before_after
    from coverage.scenarios.compare import compare
    from coverage.scenarios.file import read

    city = City.load("清远")
    gone = next(f for f in city.register.facilities if f.kind == "elder_care" and f.services)
    file = tmp_path / "s.toml"
    file.write_text(
        f"""
name = "一增一关一封"
city = "清远"
[[add]]
id = "N1"
name = "新中心"
kind = "elder_care"
township = "禾洞镇"
services = ["全托", "日托", "上门", "协调指导"]
[[close]]
facility = "{gone.id}"
[[road]]
name = "封闭"
[road.close]
area = [[112.9, 23.6], [113.2, 23.6], [113.2, 23.9], [112.9, 23.9]]
""",
        encoding="utf-8",
    )
    (outcome,) = compare(city, [read(file, city)]).outcomes
    view = build(city, before_after(outcome, Wanted()))
    before, after = view.stages
    assert (before.id, after.id) == ("before", "after")
    assert "一增一关一封" in view.subtitle
    assert [s.name for s in after.proposals] == ["新中心"]
    assert before.proposals == ()
    assert {s.id: s.change for s in after.sites if s.change} == {"N1": "added", gone.id: "closed"}
    assert before.roads is None
    assert after.roads is not None
    assert len(after.roads) < len(view.roads)
    for stage, report in ((before, outcome.before), (after, outcome.after)):
        for theme in stage.themes:
            if theme.id == "reach":
                continue
            found = report[theme.id].measurement
            counts = {c.id: c.count for c in theme.shadings[0].classes}
            if "covered" in counts and found.covered is not None:
                assert counts["covered"] == len(found.covered)
    assert [c.id for c in before.themes[0].shadings[1].classes] == [
        c.id for c in after.themes[0].shadings[1].classes
    ], "both stages share one scale"


def test_a_new_city_without_roads_or_people_still_has_a_map(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from coverage.settings import data_dir
    from helpers import run

    shapes = (data_dir() / "boundaries" / "442000-townships.geojson").read_text(encoding="utf-8")
    (tmp_path / "t.geojson").write_text(shapes.replace('"4420', '"9901'), encoding="utf-8")
    (tmp_path / "plan.csv").write_text(
        "指标名称,单位,2025年,2030年\n乡镇（街道）社会工作站覆盖率,%,39,100\n", encoding="utf-8"
    )
    row = {"kind": "social_work_station", "services": ""}
    register = write_register(tmp_path / "r.csv", [centre(1, "990100101", **row)])
    space = str(tmp_path / "ws")
    begin = ("init", space, "--name", "新城市", "--code", "990100")
    assert run(capsys, *begin, "--boundaries", str(tmp_path / "t.geojson")).code == 0
    plan = str(tmp_path / "plan.csv")
    assert run(capsys, "import", "plan", plan, "--workspace", space).code == 0
    out = tmp_path / "新城市.html"
    asked = ("--workspace", space, "--facilities", str(register), "--out", str(out))
    done = run(capsys, "map", *asked)
    assert done.code == 0, done.err
    assert "1/22 4.5%" in done.out
    assert "近似" not in done.out
    text = out.read_text(encoding="utf-8")
    assert "未画服务圈" in text
    assert "工作区自有数据" in text


def test_the_finished_example_says_what_the_report_says_today() -> None:
    page = (ROOT / "maps" / "清远.html").read_text(encoding="utf-8")
    block = re.search(r'id="coverage-data">(.*?)</script>', page, re.DOTALL)
    assert block is not None
    shown = json.loads(block[1])["stages"][0]["themes"]
    today = _view("清远").stage().themes
    assert [(t["id"], t["headline"]) for t in shown] == [(t.id, t.headline) for t in today], (
        "make maps/清远.html again: maps/README.md says how"
    )


def test_what_pages_carry_of_others_is_named_with_its_licence() -> None:
    vendor = ROOT / "src" / "coverage" / "maps" / "vendor"
    listed = (vendor / "README.md").read_text(encoding="utf-8")
    names = {path.name for path in vendor.iterdir()} - {"README.md"}
    assert names == set(re.findall(r"^\| (leaflet\S+) \|", listed, re.MULTILINE))
    for name in {n.rsplit(".", 1)[0] for n in names}:
        assert f"{name}.LICENSE" in names
