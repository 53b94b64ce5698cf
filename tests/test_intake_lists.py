"""Lists as bureaus and maps write them: what a row says beside its unit, and what it does not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from coverage.city import City
from coverage.datum import from_wgs84
from coverage.intake.facilities import intake_facilities

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.intake.facilities import FacilityImport
    from coverage.intake.outcomes import FacilityRow

QINGYUAN = City.load("清远")
TODAY = datetime(2025, 6, 1, tzinfo=UTC)
SEATS = [u for u in QINGYUAN.units.townships if u.lon is not None and u.lat is not None][:12]


def _import(folder: Path, text: str, **more: Any) -> FacilityImport:
    path = folder / "名册.csv"
    path.write_text(text, encoding="utf-8")
    return intake_facilities([path], QINGYUAN, today=TODAY, **more)


def _rows(made: FacilityImport) -> list[FacilityRow]:
    return [row for row in made.rows if row.is_data]


def _one(folder: Path, head: str, line: str, **more: Any) -> FacilityRow:
    return _rows(_import(folder, f"{head}\n{line}\n", **more))[0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("省,市,区,全名,等级\n广东省,清远市,英德,,\n", "没有名称"),
        ("县区,乡镇,床位数\n英德,,\n", "不是设施"),
        ("县区,乡镇,床位数\n英德,大湾镇,\n", "不是设施"),
        # 铭牌 may be the name: nothing is made up in its place.
        ("铭牌,镇街,类型\n福寿,源潭镇,敬老院\n", "未识别的列：铭牌"),
    ],
)
def test_a_row_without_a_facility_comes_back(tmp_path: Path, text: str, reason: str) -> None:
    made = _import(tmp_path, text, kind="elder_care")
    assert not made.facilities
    assert reason in _rows(made)[0].reasons[0].zh


def test_a_list_whose_headings_are_all_known_may_go_without_names(tmp_path: Path) -> None:
    made = _import(tmp_path, "镇街,类型,床位数\n源潭镇,敬老院,30\n源潭镇,敬老院,20\n")
    assert [f.name for f in made.facilities] == [
        "源潭镇养老服务机构（中心）",
        "源潭镇养老服务机构（中心）2",
    ]


def test_an_export_of_a_map_says_county_datum_and_no_status(tmp_path: Path) -> None:
    """Both datums are given, so those that need no turning are taken; typecode is no id."""
    head = "name,type,typecode,adname,cityname,pname,status,gcj02_lon,gcj02_lat,wgs84_lon,wgs84_lat"
    lines = [head]
    for n, unit in enumerate(SEATS):
        assert unit.lon is not None
        assert unit.lat is not None
        lon, lat = (float(v) for v in from_wgs84(unit.lon, unit.lat, "gcj02"))
        county = QINGYUAN.units.name(unit.parent)
        lines.append(
            f"康乐{n}号养老院,医疗;养老院,090300,{county},清远市,广东省,0,{lon:.6f},{lat:.6f},"
            f"{unit.lon},{unit.lat}"
        )
    made = _import(tmp_path, "\n".join(lines))
    assert made.accepted == len(SEATS)
    for row, unit in zip(_rows(made), SEATS, strict=True):
        assert row.unit_code.startswith(unit.parent)
        assert (row.lon, row.lat) == (unit.lon, unit.lat)
        assert row.facilities[0].status == "open"
        assert row.facilities[0].id.startswith("imp-")
    assert [f.said.zh for f in made.findings if f.id == "status.all"] == [
        "“status”列每行都是 0，不是运营状态，未用；设施按在营，请核对"
    ]


def test_a_list_that_closes_everything_is_asked_about(tmp_path: Path) -> None:
    made = _import(tmp_path, "名称,镇街,是否运营\n甲敬老院,源潭镇,否\n乙敬老院,源潭镇,否\n")
    assert {f.status for f in made.facilities} == {"closed"}
    assert any(f.id == "status.all" for f in made.findings)
    half = _import(tmp_path, "名称,镇街,是否运营\n甲敬老院,源潭镇,是\n乙敬老院,源潭镇,否\n")
    assert not any(f.id == "status.all" for f in half.findings)


@pytest.mark.parametrize(
    ("ownership", "kind"),
    [
        ("经营性公墓", "commercial_cemetery"),
        ("公益性", "public_cemetery"),
        ("非经营性", "public_cemetery"),
        ("", "cemetery"),
    ],
)
def test_what_a_cemetery_is_run_for_tells_its_kind(
    tmp_path: Path, ownership: str, kind: str
) -> None:
    row = _one(
        tmp_path,
        "墓园名称,镇街,墓园地址,性质",
        f"福寿墓园,源潭镇,某山1号,{ownership}",
        kind="cemetery",
    )
    assert row.facilities[0].kind == kind
    assert row.name == "福寿墓园"


@pytest.mark.parametrize(
    ("head", "cells", "status", "asked"),
    [
        ("备注", "停业整顿", "closed", True),
        ("备注", "该院2024年3月已关停，老人已转院", "closed", True),
        ("备注", "2023.6起停业", "closed", True),
        ("备注", "2022年底关停", "closed", True),
        ("备注", "拟于2026年启用", "open", True),
        ("备注", "由闲置校舍改建", "open", True),
        ("备注", "一楼为康复区", "open", False),
        ("状态,备注", "在营,现已停业", "open", True),
        ("状态,备注", "停办,现已停业", "closed", False),
        ("状态", "在建（预计2025年底）", "building", False),
        ("状态", "停业整顿", "closed", False),
        ("开业日期", "在建（预计2025年底）", "building", True),
        ("开业日期", "未投用", "closed", True),
    ],
)
def test_a_facility_that_is_not_open_is_never_open_in_silence(
    tmp_path: Path, head: str, cells: str, status: str, *, asked: bool
) -> None:
    row = _one(tmp_path, f"名称,镇街,{head}", f"康乐敬老院,源潭镇,{cells}")
    (facility,) = row.facilities
    assert facility.status == status
    assert bool([f for f in row.findings if f.id == "status.remark"]) is asked
    if "2025年底" in cells and head == "开业日期":
        assert facility.opened == date(2025, 1, 1)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("佛冈县,石角镇,佛冈县敬老院", "佛冈,石角镇,佛冈敬老院"),
        ("佛冈县,石角镇,佛冈县康乐养老院", "佛冈县,石角镇,佛冈康乐养老院（公办）"),
        ("佛冈县,石角镇,康乐养老院", "佛冈县,,佛冈县康乐养老院"),
        ("连南瑶族自治县,三江镇,连南瑶族自治县福利院", "连南,三江镇,连南福利院"),
    ],
)
def test_one_facility_under_several_names_is_offered_as_a_repeat(
    tmp_path: Path, one: str, two: str
) -> None:
    for lines in ((one, two), (two, one)):
        made = _import(tmp_path, "县区,镇街,名称\n" + "\n".join(lines) + "\n")
        first, second = _rows(made)
        assert first.accepted
        assert second.accepted
        assert [f.id for f in second.findings if f.id == "near_same"] == ["near_same"]


@pytest.mark.parametrize("datum", ["wgs84", "gcj02"])
@pytest.mark.parametrize(
    ("one", "two", "town"),
    [
        ("佛冈县敬老院", "佛冈敬老院", "石角镇"),
        ("清新区太和镇敬老院", "太和敬老院（公办）", "太和镇"),
        ("清远市清城区源潭镇敬老院", "源潭敬老 院", "源潭镇"),
        ("连山壮族瑶族自治县社会福利院", "连山县社会福利院", "吉田镇"),
        ("康乐护理院【医养结合】", "清城区康乐护理院", "横荷街道"),
    ],
)
def test_points_without_a_unit_are_offered_as_repeats_too(
    tmp_path: Path, one: str, two: str, town: str, datum: str
) -> None:
    unit = next(u for u in QINGYUAN.units.townships if u.name == town and u.lon is not None)
    if town == "石角镇":
        unit = QINGYUAN.units["441821100"]
    lines = ["name,lng,lat"]
    for name, east in ((one, 0.0), (two, 0.0006)):
        assert unit.lon is not None
        assert unit.lat is not None
        lon, lat = from_wgs84(unit.lon + east, unit.lat, datum)
        lines.append(f"{name},{lon:.6f},{lat:.6f}")
    made = _import(tmp_path, "\n".join(lines), kind="elder_care", datum=datum)
    first, second = _rows(made)
    assert first.accepted
    assert second.accepted
    assert [f.id for f in second.findings if f.id == "near_same"] == ["near_same"]
    assert {first.unit_code[:6], second.unit_code[:6]} == {unit.parent}


def test_a_short_name_tells_the_township_once_the_place_tells_the_county(tmp_path: Path) -> None:
    unit = QINGYUAN.units["441802103"]
    line = f"源潭敬老院,{unit.lon},{unit.lat}"
    row = _one(tmp_path, "name,lng,lat", line, kind="elder_care", datum="wgs84")
    assert row.unit_code == "441802103"
    assert "name.elsewhere" in [f.id for f in row.findings if f.weight == "warning"]


def test_a_blank_inside_a_name_makes_no_other_facility(tmp_path: Path) -> None:
    made = _import(tmp_path, "名称,镇街\n源潭敬老院,源潭镇\n源潭敬老 院,源潭镇\n")
    assert made.accepted == 1
    assert "重复" in _rows(made)[1].reasons[0].zh


def test_metres_that_fit_two_planes_are_asked_back_and_a_column_answers(tmp_path: Path) -> None:
    east, north = (float(v) for v in from_wgs84(112.3, 24.8, "utm-49"))
    line = f"康乐敬老院,,{east:.2f},{north:.2f}"
    asked = _one(tmp_path, "名称,县区,x,y", line)
    assert "utm-49" in asked.reasons[0].zh
    for name in ("utm-49", "UTM 49N", "EPSG:32649"):
        row = _one(tmp_path, "名称,县区,x,y,坐标系", f"{line},{name}")
        assert (row.lon, row.lat) == pytest.approx((112.3, 24.8), abs=1e-6)


def test_a_heading_means_the_same_in_every_file_of_an_import(tmp_path: Path) -> None:
    """What only the cells of one file tell holds for the others too."""
    one, two = tmp_path / "一.csv", tmp_path / "二.csv"
    one.write_text("镇街,门头\n源潭镇,福寿敬老院\n源潭镇,康乐敬老院\n", encoding="utf-8")
    two.write_text("镇街,门头,类型\n源潭镇,夕阳红,敬老院\n", encoding="utf-8")
    made = intake_facilities([two, one], QINGYUAN, today=TODAY)
    assert [f.name for f in made.facilities] == ["夕阳红", "福寿敬老院", "康乐敬老院"]


def test_a_row_known_only_to_its_county_is_asked_for_its_township(tmp_path: Path) -> None:
    row = _one(tmp_path, "名称,县区", "康乐敬老院,清城区")
    assert row.accepted
    assert [f.id for f in row.findings if f.weight == "warning"] == ["township.unknown"]


def test_a_heading_whose_cells_are_no_numbers_is_read_by_them(tmp_path: Path) -> None:
    """Maps call the county `area`; 亩 are land and no floor."""
    head = "name,province,city,area,town,lng,lat"
    lines = [head]
    for n, unit in enumerate(SEATS):
        county = QINGYUAN.units.name(unit.parent)
        lines.append(f"康乐{n}号养老院,广东省,清远市,{county},{unit.name},{unit.lon},{unit.lat}")
    made = _import(tmp_path, "\n".join(lines), kind="elder_care", datum="wgs84")
    assert [row.unit_code for row in _rows(made)] == [unit.code for unit in SEATS]
    row = _one(tmp_path, "名称,镇街,面积（亩）", "福寿敬老院,源潭镇,35.5")
    assert row.facilities[0].floor_area is None


@pytest.mark.parametrize("head", ["属地,镇（街）", "区域,属地", "县区,行政区"])
def test_of_two_columns_for_one_level_both_are_asked(tmp_path: Path, head: str) -> None:
    row = _one(tmp_path, f"名称,{head}", "福寿敬老院,佛冈县,石角镇")
    assert row.unit_code == "441821100"


def test_of_two_datums_the_columns_that_need_no_turning_are_taken(tmp_path: Path) -> None:
    line = "康乐敬老院,源潭镇,113.195624,23.655526,113.190207,23.658067"
    row = _one(tmp_path, "名称,镇街,gcj02_lon,gcj02_lat,经度_84,纬度_84", line)
    assert (row.lon, row.lat) == (113.190207, 23.658067)


@pytest.mark.parametrize("heads", [("清城区", "佛冈县"), ("一、清城区（2家）", "二、佛冈县")])
def test_headings_between_rows_are_no_facilities_and_tell_the_county(
    tmp_path: Path, heads: tuple[str, str]
) -> None:
    lines = ["机构名称,所在镇街,床位数", heads[0], "康乐院,石角镇,40", heads[1], "福寿院,石角镇,80"]
    made = _import(tmp_path, "\n".join(lines), kind="elder_care")
    assert [(f.name, f.unit_code) for f in made.facilities] == [
        ("康乐院", "441802106"),
        ("福寿院", "441821100"),
    ]
    assert all("小标题" in row.reasons[0].zh for row in _rows(made) if not row.accepted)


@pytest.mark.parametrize(
    ("head", "cell"),
    [
        ("行政区划名称", "广东省清远市清城区源潭镇"),
        ("行政区划", "源潭镇"),
        ("院址", "清城区源潭镇府前路"),
    ],
)
def test_names_under_the_heading_of_codes_and_places_by_their_words(
    tmp_path: Path, head: str, cell: str
) -> None:
    row = _one(tmp_path, f"单位全称,{head}", f"安泰养老院,{cell}", kind="elder_care")
    assert row.unit_code == "441802103"
