"""The unit that a row means, by all that it says."""

from __future__ import annotations

import dataclasses

import pytest

from coverage.city import City
from coverage.places.find import Evidence, code_in, find_unit, unit_of_titles

QINGYUAN = City.load("清远").units
ZHONGSHAN = City.load("中山").units
ZHOUXIN, TAIHE = "441802008", "441803102"


@pytest.mark.parametrize(
    "code",
    [
        "441802008",
        "441802008000",
        "4418020080000000000",
        "441802008.0",
        "'441802008",
        "４４１８０２００８",
        "441 802 008",
        "441802008000.00",
    ],
)
@pytest.mark.parametrize("level", [None, "township"])
def test_a_code_is_read_in_every_dress(code: str, level: str | None) -> None:
    assert code_in(code) == ZHOUXIN
    found = find_unit(Evidence(code, township="洲心街道"), QINGYUAN, level=level)
    assert found.code == ZHOUXIN
    assert not found.why


@pytest.mark.parametrize(
    ("code", "unit"),
    [("441802", "441802"), ("441802000000", "441802"), ("441800000000", "441800")],
)
def test_counties_and_the_city_are_units_too(code: str, unit: str) -> None:
    assert find_unit(Evidence(code), QINGYUAN).code == unit


@pytest.mark.parametrize("cell", ["（（", "（", "()", "（）石角镇", "（佛冈）石角镇", "-", "　"])
def test_brackets_without_a_name_before_them_are_no_fault(cell: str) -> None:
    for row in (Evidence(county=cell), Evidence(township=cell, name=cell)):
        found = find_unit(row, QINGYUAN)
        assert found.unit is None or "石角" in cell
        assert found.unit or found.why or found.question or not cell.strip()


@pytest.mark.parametrize("code", ["110101001", "4418", "441802008999"])
def test_a_code_that_nobody_has_says_so(code: str) -> None:
    found = find_unit(Evidence(code, township="太和镇"), QINGYUAN)
    assert found.unit is None
    assert code in found.why[0].zh
    assert code in found.why[0].en


def test_the_finest_unit_that_is_named_is_taken() -> None:
    village = next(v for v in QINGYUAN.villages if v.code.startswith(TAIHE))
    row = Evidence(county="清新区", township="太和镇", village=village.name)
    assert find_unit(row, QINGYUAN).code == village.code
    lost = find_unit(dataclasses.replace(row, village="没有这个村"), QINGYUAN)
    assert lost.code == TAIHE
    assert "按乡镇定位" in lost.said[0].zh
    assert find_unit(dataclasses.replace(row, township="", village=""), QINGYUAN).code == "441803"


@pytest.mark.parametrize(
    "row",
    [
        Evidence(address="广东省清远市清新区太和镇明霞大道1号"),
        Evidence(name="太和镇敬老院"),
        Evidence(county="清新区", name="清新区太和镇敬老院"),
        Evidence(name="康乐养老院", sheet=TAIHE),
    ],
)
def test_other_words_tell_where_no_column_does(row: Evidence) -> None:
    found = find_unit(row, QINGYUAN)
    assert found.code[:9] == TAIHE
    assert all(said.zh and said.en for said in found.said)


def test_units_of_one_name_are_asked_back_with_both() -> None:
    found = find_unit(Evidence(township="石角镇"), QINGYUAN)
    assert found.unit is None
    assert len(found.maybe) == 2
    assert found.question is not None
    for said in found.question:
        assert all(code in said for code in found.maybe)
    first = found.maybe[0]
    assert find_unit(Evidence(township="石角镇", sheet=first[:6]), QINGYUAN).code == first
    settled = found.settled_at(QINGYUAN, "", first[:6])
    assert settled is not None
    assert settled.code == first
    assert not settled.maybe
    assert found.unit is None, "the first answer stays as it was"
    assert found.settled_at(QINGYUAN, "441823") is None


def test_a_name_of_elsewhere_is_a_doubt() -> None:
    found = find_unit(Evidence(township="太和镇", name="源潭镇敬老院"), QINGYUAN)
    assert found.code == TAIHE
    assert "源潭镇" in found.doubts[0].zh


@pytest.mark.parametrize("cell", ["源潭镇、洲心街道", "源潭,洲心", "源潭镇/洲心街道"])
def test_a_cell_that_lists_several_units_is_asked_back(cell: str) -> None:
    for row in (Evidence(township=cell), Evidence(county="清城区", township=cell)):
        found = find_unit(row, QINGYUAN)
        assert found.unit is None
        assert found.question
    assert find_unit(Evidence(township="清城区/源潭镇"), QINGYUAN).code == "441802103"


def test_what_ceased_is_followed_to_today() -> None:
    found = find_unit(Evidence("442000104"), ZHONGSHAN)
    assert found.code == "442000118"
    assert "442000104" in found.mark
    assert "东升镇" in found.said[0].zh
    assert find_unit(Evidence("442000104000"), ZHONGSHAN).code == "442000118"


def test_a_row_that_is_a_unit_must_not_contradict_itself() -> None:
    row = Evidence(ZHOUXIN, name="太和镇")
    assert find_unit(row, QINGYUAN, level="township").unit is None
    assert find_unit(Evidence(ZHOUXIN, name="洲心"), QINGYUAN, level="township").code == ZHOUXIN


def test_titles_of_sheets_name_units() -> None:
    assert unit_of_titles(("Sheet1", "清新区"), QINGYUAN) == "441803"
    assert not unit_of_titles(("石角镇", "养老机构"), QINGYUAN), "two towns have that name"


JIANGMEN = City.load("江门").units


@pytest.mark.parametrize(
    ("row", "unit"),
    [
        (Evidence(county="清城区", address="源潭镇某路3号"), "源潭镇"),
        (Evidence(county="清城区洲心街道"), "洲心街道"),
        (Evidence(county="清远市-清城区", township="源潭"), "源潭镇"),
        (Evidence(city="清远市清新区", township="太和镇"), "太和镇"),
        (Evidence(city="清远市", county="市辖区", township="太和镇"), ""),
        (Evidence(city="广东省清远市", township="太和镇"), "太和镇"),
        (Evidence(city="广州市", township="太和镇"), ""),
        (Evidence(county="太和镇"), "太和镇"),
        (Evidence(county="连州", address="连州镇文明大道189号"), "连州镇"),
        (Evidence(county="清城区", township="凤城街"), "凤城街道"),
        (Evidence("441802", township="源潭镇"), "源潭镇"),
        (Evidence("441802", name="源潭镇敬老院"), "源潭镇"),
        (Evidence(county="清城区", address="人民路1号（源潭镇政府旁）"), "源潭镇"),
    ],
)
def test_every_cell_narrows_down_what_the_others_leave_open(row: Evidence, unit: str) -> None:
    found = find_unit(row, QINGYUAN)
    assert QINGYUAN.name(found.code) == unit if unit else found.why
    assert not found.doubts


@pytest.mark.parametrize("cell", ["石角镇（佛冈）", "佛冈县石角镇", "石角镇(佛冈县)"])
def test_a_heading_says_which_level_is_likely_and_not_which_is_allowed(cell: str) -> None:
    for row in (Evidence(county=cell), Evidence(township=cell), Evidence(village=cell)):
        assert find_unit(row, QINGYUAN).code == "441821100"


@pytest.mark.parametrize(
    ("district", "unit"),
    [("石岐区", "石岐街道"), ("小榄", "小榄镇"), ("火炬开发区", "中山港街道"), ("古镇", "古镇镇")],
)
def test_a_city_without_counties_writes_its_townships_there(district: str, unit: str) -> None:
    found = find_unit(Evidence(city="中山市", county=district), ZHONGSHAN)
    assert ZHONGSHAN.name(found.code) == unit


@pytest.mark.parametrize(
    ("county", "name", "unit"),
    [
        ("清城区", "源潭敬老院", "源潭镇"),
        ("连州市", "连州市星子敬老院", "星子镇"),
        ("", "英德市大湾敬老院", "大湾镇"),
        ("", "清新区福利院", "清新区"),
        ("", "源潭敬老院", ""),  # no county is known
        ("连州市", "连州敬老院", "连州市"),  # the county's own, and not 连州镇's
        ("清城区", "源潭路敬老院", "清城区"),  # a street
    ],
)
def test_short_names_inside_names_are_taken_in_a_known_county_and_checked(
    county: str, name: str, unit: str
) -> None:
    found = find_unit(Evidence(county=county, name=name), QINGYUAN)
    assert (QINGYUAN.name(found.code) if found.code else "") == unit
    assert bool(found.doubts) == unit.endswith("镇")


@pytest.mark.parametrize(
    ("address", "unit"),
    [
        ("水口镇新市南路9号", "水口镇"),
        ("开平市水口镇新市大道", "水口镇"),
        ("开平市水口镇新市9号", "水口镇"),
        ("开平市水口镇新市社区路9号", "水口镇"),
        ("开平市水口镇新市社区东路9号", "新市社区居委会"),
        ("开平市水口镇新市", "新市社区居委会"),
    ],
)
def test_streets_are_no_villages(address: str, unit: str) -> None:
    assert JIANGMEN.name(find_unit(Evidence(address=address), JIANGMEN).code) == unit


@pytest.mark.parametrize(
    ("row", "sides"),
    [
        (Evidence(county="清城区", address="英德市大湾镇某路3号"), ("清城区", "英德市大湾镇")),
        (Evidence(county="清城区", township="太和镇"), ("清城区", "清新区太和镇")),
        (Evidence("441802", county="清新区"), ("清城区", "清新区")),
        (Evidence("441802103", township="洲心街道"), ("清城区源潭镇", "清城区洲心街道")),
    ],
)
def test_what_contradicts_is_asked_back_with_both_sides(
    row: Evidence, sides: tuple[str, ...]
) -> None:
    found = find_unit(row, QINGYUAN)
    assert found.unit is None
    assert found.question
    assert all(side in text for text in found.question for side in sides)
    assert found.settled_at(QINGYUAN, found.maybe[-1])
