"""Names matched to units: scores, old names, slips, addresses, and asking back."""

from __future__ import annotations

import time
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.city import City
from coverage.errors import InputError
from coverage.places import changes as changes_module
from coverage.places.changes import (
    KINDS,
    read_changes,
    shipped_changes,
)
from coverage.places.find import Evidence, find_unit
from coverage.places.names import HOW, match_unit, plain_name, settled

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.units import Units


@cache
def units(city: str = "清远") -> Units:
    return City.load(city).units


@pytest.mark.parametrize(
    ("city", "text", "code", "how"),
    [
        ("清远", "源潭镇", "441802103", "exact"),
        ("清远", " 源 潭 镇 ", "441802103", "traditional"),
        ("清远", "源潭鎮", "441802103", "traditional"),
        ("清远", "龍頸鎮", "441803112", "traditional"),
        ("清远", "太和", "441803102", "no_suffix"),
        ("清远", "源潭街道", "441802103", "other_suffix"),
        ("清远", "源潭镇人民政府", "441802103", "suffix_form"),
        ("清远", "凤城街道办事处", "441802006", "suffix_form"),
        ("清远", "秤架乡", "441823201", "suffix_form"),
        ("清远", "含光镇", "441881112", "old_name"),
        ("清远", "下太", "441881120", "old_name"),
        ("清远", "清新县", "441803", "old_name"),
        ("清远", "石古塘镇", "441881116", "slip"),
        ("清远", "横塘石镇", "441881125", "slip"),
        ("清远", "石灰埔铺镇", "441881115", "slip"),
        ("清远", "清远市清城区源潭镇金星村", "441802103207", "address"),
        ("清远", "广东省清远市清新区太和镇飞水村民委员会3号", "441803102211", "address"),
        ("清远", "佛冈县石角镇", "441821100", "address"),
        ("清远", "连山壮族瑶族自治县吉田镇", "441825104", "address"),
        ("清远", "连山吉田镇", "441825104", "address"),
        ("清远", "清新县太和镇", "441803102", "address"),
        ("中山", "东升镇", "442000118", "old_name"),
        ("中山", "民众镇", "442000007", "old_name"),
        ("中山", "火炬开发区", "442000003", "old_name"),
        ("中山", "石岐区街道办事处", "442000001", "old_name"),
        ("中山", "小欖鎮", "442000118", "traditional"),
        ("中山", "古镇镇", "442000105", "exact"),
        ("中山", "中山市东升镇", "442000118", "address"),
        ("中山", "广东省中山市三乡镇白石村", "442000114205", "address"),
        ("阳江", "海陵镇", "441702105", "old_name"),
        ("阳江", "阳东县东城镇", "441704100", "address"),
        ("珠山", "竟成镇", "360203011", "old_name"),
    ],
)
def test_names_find_their_unit(city: str, text: str, code: str, how: str) -> None:
    found = settled(match_unit(text, units(city)))
    assert found is not None
    assert (found.code, found.how) == (code, how)
    assert 0.75 <= found.score <= 1
    assert found.how in HOW


def test_scores_fall_with_what_is_assumed() -> None:
    texts = ("源潭镇", "源潭鎮", "源潭镇政府", "源潭街道", "源谭镇")
    scores = [match_unit(t, units(), level="township")[0].score for t in texts]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)


@pytest.mark.parametrize(
    ("text", "level", "codes"),
    [
        ("石角镇", None, {"441802106", "441821100"}),
        ("太平镇", None, {"441803104", "441823107"}),
        ("太平", "township", {"441803104", "441823107"}),
        ("金星村", None, {"441802103207", "441826102208"}),
        ("源潭", None, {"441802103", "441802103001"}),
        ("横石糖镇", None, {"441881103", "441881125"}),  # 横石水 or 横石塘
    ],
)
def test_the_same_name_twice_is_asked_back(text: str, level: str | None, codes: set[str]) -> None:
    matches = match_unit(text, units(), level=level)
    assert {m.code for m in matches} == codes
    assert settled(matches) is None


@pytest.mark.parametrize("county", ["佛冈县", "佛冈", "441821", "清远市佛冈县", "佛岡縣"])
def test_the_county_narrows(county: str) -> None:
    (match,) = match_unit("石角镇", units(), county=county)
    assert match.code == "441821100"


def test_a_county_that_is_not_known_gives_nothing_and_the_city_no_limit() -> None:
    assert match_unit("石角镇", units(), county="番禺区") == []
    assert len(match_unit("石角镇", units(), county="清远市")) == 2
    assert len(match_unit("石角镇", units(), county="")) == 2
    assert settled(match_unit("小榄镇", units("中山"), county="中山市")) is not None


def test_levels_are_kept_apart() -> None:
    assert settled(match_unit("源潭", units(), level="township"))
    (village,) = match_unit("源潭", units(), level="village")
    assert village.code == "441802103001"
    town = match_unit("清远市清城区源潭镇金星村", units(), level="township")
    assert [m.code for m in town] == ["441802103"]


def test_one_slip_in_a_two_character_name_is_a_suggestion_only() -> None:
    matches = match_unit("源谭镇", units())
    assert [(m.code, m.score) for m in matches] == [("441802103", 0.6)]
    assert settled(matches) is None


@pytest.mark.parametrize("text", ["", "  ", "全市", "清远", "不详", "xyz", "12345", "街道", "镇"])
def test_no_name_no_answer(text: str) -> None:
    assert settled(match_unit(text, units())) is None


@given(st.text(max_size=30))
def test_any_text_is_taken(text: str) -> None:
    for match in match_unit(text, units()):
        assert match.code in units()
        assert 0 < match.score <= 1


@pytest.mark.parametrize("city", ["清远", "中山", "阳江", "江门", "珠山"])
def test_every_unit_is_found_by_its_own_name(city: str) -> None:
    own = units(city)
    for unit in (*own.counties, *own.township_rows, *own.villages):
        matches = match_unit(unit.name, own)
        assert any(m.code == unit.code and m.how == "exact" for m in matches), unit
    for unit in own.townships:
        county = own.county_of(unit.code)
        assert county is not None
        found = settled(match_unit(f"{own.city.name if own.city else ''}{unit.name}", own))
        twins = [u for u in own.townships if u.name == unit.name]
        assert found is None if len(twins) > 1 else found is not None, unit
        narrowed = settled(match_unit(unit.name, own, county=county.name, level="township"))
        assert narrowed is not None
        assert narrowed.code == unit.code


def test_a_hundred_thousand_rows_are_quick() -> None:
    names = [f"{u.name}{i % 40}号" for i in range(500) for u in units().townships][:40_000]
    rows = names + [u.name for u in units().villages] * 50
    began = time.perf_counter()
    for row in rows:
        match_unit(row, units())
    assert len(rows) > 100_000
    assert time.perf_counter() - began < 20


def test_plain_names() -> None:
    assert plain_name(" （東升）鎮　") == "东升镇"
    assert plain_name("ＡＢ-１２") == "ab12"


def test_shipped_changes_hold() -> None:
    rows = shipped_changes()
    known = {code for city in ("清远", "中山", "阳江", "江门", "珠山") for code in _codes(city)}
    for change in rows:
        assert change.kind in KINDS
        assert change.source
        assert change.valid_to < change.valid_from
        assert not change.code_new or change.code_new in known, change
        if change.code_old and change.code_old != change.code_new:
            assert change.code_old not in known, change
    assert {c.code_old for c in rows if c.code_new == "442000118"} == {"442000100", "442000104"}


def _codes(city: str) -> set[str]:
    own = units(city)
    return {u.code for u in (*own.counties, *own.township_rows, *own.villages)}


def test_old_codes_lead_to_today_and_back() -> None:
    known = changes_module.load_changes()
    then, day_before = date(2015, 1, 1), date(2021, 7, 18)
    assert known.to_today("442000104", day_before) == ["442000118"]
    assert known.to_today("442000118", date(2021, 7, 19)) == ["442000118"]
    assert known.to_today("441802103", then) == ["441802103"]
    assert known.to_today("441702450", then) == []
    assert known.to_then("442000118", date(2021, 1, 1)) == ["442000100", "442000104"]
    assert known.to_then("442000118", date(2022, 1, 1)) == ["442000118"]
    assert known.to_then("441702105", then) == ["441702104", "441702105"]
    assert known.to_then("441781002", then) == []
    assert known.to_then("441881112", then) == ["441881112"]


def test_a_broken_table_of_changes_names_every_problem(tmp_path: Path) -> None:
    path = tmp_path / "changes.csv"
    head = ",".join(changes_module.COLUMNS)
    path.write_text(
        f"{head}\n1,a,2,b,2021-02-30,2021-01-01,merge,s\n,,,,2021-01-01,2021-01-01,melt,\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError) as caught:
        read_changes(path)
    assert {(p.row, p.column) for p in caught.value.problems} == {
        (2, "valid_from"),
        (3, "valid_to"),
        (3, "kind"),
        (3, "source"),
        (3, "name_old"),
    }


@pytest.mark.parametrize(
    ("city", "text", "name"),
    [
        ("中山", "火炬区", "中山港街道"),
        ("中山", "火炬开发区", "中山港街道"),
        ("中山", "中山火炬高技术产业开发区", "中山港街道"),
        ("中山", "火炬高新区管委会", "中山港街道"),
        ("中山", "东区", "东区街道"),
        ("清远", "清远国家高新技术产业开发区", "清远市高新技术产业开发区"),
        ("清远", "高新区", "清远市高新技术产业开发区"),
        ("清远", "银盏林场", "清远市国营银盏林场"),
        ("江门", "新会经开区", "新会经济开发区"),
        ("江门", "开平翠山湖新区", "翠山湖新区"),
        ("江门", "新会区", "新会区"),
        ("江门", "江门市新会区", "新会区"),
        ("江门", "恩平区", "恩平市"),
        ("江门", "高新区", ""),
        ("中山", "翠亨新区", ""),
        ("珠山区", "高新区", "高新技术开发区"),
    ],
)
def test_areas_with_an_office_of_their_own(city: str, text: str, name: str) -> None:
    units = City.load(city).units
    found = find_unit(Evidence(county=text), units)
    assert (units.name(found.code) if found.code else "") == name
