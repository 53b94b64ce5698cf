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
    ["441802008", "441802008000", "4418020080000000000", "441802008.0", "'441802008"],
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
