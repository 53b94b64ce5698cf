"""Scenario files: read, checked, written, and every slip named at once."""

from __future__ import annotations

import re
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import ROOT
from coverage.city import City
from coverage.errors import InputError
from coverage.kinds import KINDS, PROVENANCES, SERVICES
from coverage.scenarios.edits import (
    Add,
    Aim,
    Close,
    Costs,
    Growth,
    Limit,
    Move,
    Open,
    Place,
    Road,
    Scenario,
    Upgrade,
)
from coverage.scenarios.file import base_of, read, read_all, to_toml, write
from coverage.scenarios.shipped import find_scenario, shipped
from coverage.text import unseen
from helpers import run

if TYPE_CHECKING:
    from pathlib import Path

HEAD = 'name = "试"\ncity = "清远"\n'


@pytest.fixture(scope="module")
def city() -> City:
    return City.load("清远")


def problems(tmp_path: Path, city: City, text: str) -> list[str]:
    """What is wrong with a file, a line each."""
    path = tmp_path / "s.toml"
    path.write_text(HEAD + text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read(path, city)
    return [str(p) for p in caught.value.problems]


def made(tmp_path: Path, city: City, text: str) -> Scenario:
    path = tmp_path / "s.toml"
    path.write_text(HEAD + text, encoding="utf-8")
    return read(path, city)


# What is read.


def test_every_table(tmp_path: Path, city: City) -> None:
    found = made(
        tmp_path,
        city,
        """
note = "为什么"
[[add]]
id = "S1"
name = "甲"
kind = "养老院"
services = ["全托"]
beds = 120
nursing_beds = 60
floor_area = 1800.5
cost = 0.5
opened = "2025-06"
township = "源潭镇"
[[open]]
facility = "佛冈县社会福利中心"
on = 2025
[[close]]
facility = "清新区星光老年公寓"
on = 2024-03-01
[[move]]
facility = "441800-P014"
to = { lon = 113.05, lat = 23.68 }
[[upgrade]]
facility = "441800-P018"
services = ["日托"]
[[road]]
bridge = { from = [113.02, 23.70], to = [113.05, 23.71], speed_kmh = 40 }
[[road]]
close = { area = [[113.0, 23.7], [113.1, 23.7], [113.1, 23.8]] }
[[population]]
county = "清城区"
group = "60+"
year = 2030
growth = 1.12
[limit]
minutes = 10
[[target]]
indicator = "elder_care.integrated_township"
op = ">="
value = 80
[costs.bed]
elder_care = 8
""",
    )
    place = Place("441802103")
    assert found.adds == (
        Add(
            "S1", "甲", "elder_care", place, services=("全托",), beds=120, nursing_beds=60,
            floor_area=1800.5, opened=date(2025, 6, 1), cost=Fraction(1, 2),
        ),
    )  # fmt: skip
    assert found.opens == (Open("441800-P016", on=date(2025, 1, 1)),)
    assert found.closes == (Close("441800-P015", on=date(2024, 3, 1)),)
    assert found.moves[0].to.lon == 113.05
    assert city.units[found.moves[0].to.unit_code].name in {"洲心街道", "凤城街道", "东城街道"}
    assert found.upgrades == (Upgrade("441800-P018", services=("日托",)),)
    assert [r.action for r in found.roads] == ["bridge", "close"]
    assert found.growths == (Growth("441802", "60+", 2030, Fraction("1.12")),)
    assert found.limit == Limit(10.0)
    assert found.aims == (Aim("elder_care.integrated_township", "≥", Fraction(80)),)
    assert found.costs == Costs(bed={"elder_care": Fraction(8)})
    assert len(found.edits) == 9


_texts = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029"), max_size=12
).filter(lambda text: unseen(text) is None)
_names = _texts.map(str.strip).filter(bool)
_days = st.none() | st.dates(date(2000, 1, 1), date(2060, 1, 1))
_costs = st.none() | st.integers(0, 10**6).map(lambda n: Fraction(n, 100))
_notes = _texts.map(str.strip)
_services = st.lists(st.sampled_from(sorted(SERVICES)), unique=True, max_size=3).map(tuple)
_beds = st.none() | st.integers(60, 500)
_nursing = st.none() | st.integers(0, 60)
_places = st.sampled_from(
    [Place("441802103"), Place("441881136"), Place("441803"), Place("441800"),
     Place("441802008", 113.05, 23.68)]
)  # fmt: skip
_points = st.sampled_from([(113.05, 23.68), (113.02, 23.7), (113.4, 24.18)])


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Any scenario that can be written for 清远."""
    adds = tuple(
        Add(
            f"S{n}", f"新{draw(_names)}", draw(st.sampled_from(sorted(KINDS))), draw(_places),
            services=draw(_services), beds=draw(_beds), nursing_beds=draw(_nursing),
            opened=draw(_days), cost=draw(_costs), note=draw(_notes),
            provenance=draw(st.sampled_from(sorted(PROVENANCES))),
        )
        for n in range(draw(st.integers(0, 3)))
    )  # fmt: skip
    opens = (Open("441800-P016", draw(st.none() | _places), draw(_days), beds=draw(_beds)),)
    moves = (Move("441800-P014", draw(_places), draw(_days), draw(_costs), draw(_notes)),)
    start, end = draw(st.permutations([(113.05, 23.68), (113.02, 23.7)]))
    roads = (Road("bridge", start, end, speed_kmh=draw(st.none() | st.just(40.0))),)
    growth = Growth("441802", draw(st.sampled_from(["", "60+"])), 2030, Fraction(11, 10))
    return Scenario(
        draw(_names),
        "清远",
        note=draw(_notes),
        adds=adds,
        opens=opens[: draw(st.integers(0, 1))],
        closes=(Close("441800-P015", draw(_days), draw(_costs)),)[: draw(st.integers(0, 1))],
        moves=moves[: draw(st.integers(0, 1))],
        upgrades=(Upgrade("441800-P018", draw(_services), 80),)[: draw(st.integers(0, 1))],
        roads=roads[: draw(st.integers(0, 1))],
        growths=(growth,)[: draw(st.integers(0, 1))],
        aims=(Aim("elder_care.integrated_township", "≥", Fraction("72.5"), 2025),),
        limit=draw(st.sampled_from([Limit(), Limit(7.5), Limit(20.0, "drive")])),
        costs=Costs(site={"elder_care": Fraction("800.25")}, service={"日托": Fraction(3)}),
    )


@given(scenarios())
@settings(max_examples=60)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, s: Scenario
) -> None:
    city = City.load("清远")
    path = tmp_path_factory.mktemp("round") / "s.toml"
    write(s, path)
    back = read(path, city)
    assert back == s
    assert to_toml(read(path, city)) == to_toml(back)


def test_names_stand_beside_ids(tmp_path: Path, city: City) -> None:
    text = to_toml(made(tmp_path, city, '[[close]]\nfacility = "清新区星光老年公寓"\n'))
    assert 'facility = "441800-P015"  # 清新区星光老年公寓' in text


def test_the_example_of_the_module_is_a_scenario(tmp_path: Path, city: City) -> None:
    import coverage.scenarios.file as module

    assert module.__doc__
    path = tmp_path / "doc.toml"
    path.write_text(module.__doc__.split("```toml\n")[1].split("```")[0], encoding="utf-8")
    assert len(read(path, city).edits) == 9


@pytest.mark.parametrize("path", [p for p, _ in shipped()], ids=lambda p: p.stem)
def test_shipped_scenarios_can_be_read_and_say_their_clause(path: Path) -> None:
    code, _ = base_of(path)
    found = read(path, City.load(code))
    assert found.edits
    assert "规划" in found.note
    assert City.load(code).code == path.name[:6]
    assert all(add.place.lon is None for add in found.adds), "plans name no coordinates"


def test_the_shipped_ones_are_found_by_name(tmp_path: Path) -> None:
    assert find_scenario("441700-home").name == "441700-home.toml"
    with pytest.raises(InputError, match="441700-home"):
        find_scenario("441700-hom")
    own = tmp_path / "a.toml"
    own.touch()
    assert find_scenario(str(own)) == own


# What is refused.

SLIPS = {
    "unknown kind": (
        '[[add]]\nname="甲"\nkind="养老所"\ntownship="源潭镇"',
        "这种设施.*养老院",
    ),
    "unknown field": ('[[close]]\nfacility="441800-P015"\ncots=5', "没有这个字段.*cost"),
    "unknown table": ('[[clsoe]]\nfacility="441800-P015"', "没有这个字段.*close"),
    "no such facility": (
        '[[close]]\nfacility="清新区星光公寓"',
        "清新区星光老年公寓",
    ),
    "no such township": (
        '[[add]]\nname="甲"\nkind="养老院"\ntownship="源谭镇"',
        "最近似的是 源潭镇",
    ),
    "a name borne twice": (
        '[[add]]\nname="甲"\nkind="养老院"\ntownship="石角镇"',
        "441802106",
    ),
    "no place": ('[[add]]\nname="甲"\nkind="养老院"', "缺位置"),
    "two places": (
        '[[add]]\nname="甲"\nkind="养老院"\ntownship="源潭镇"\ncounty="清城区"',
        "只能写一个",
    ),
    "half a place": ('[[add]]\nname="甲"\nkind="养老院"\nlon=113.0', "lon and lat"),
    "across the border": (
        '[[move]]\nfacility="441800-P014"\nto={lon=113.26, lat=23.13}',
        "越出清远市界",
    ),
    "swapped": ('[[add]]\nname="甲"\nkind="养老院"\nlon=23.68\nlat=113.05', "写反了"),
    "not a number": ('[[add]]\nname="甲"\nkind="养老院"\nlon="x"\nlat=23.0', "应为数字"),
    "negative cost": ('[[add]]\nname="甲"\nkind="养老院"\ntownship="源潭镇"\ncost=-1', "不得为负"),
    "negative beds": ('[[add]]\nname="甲"\nkind="养老院"\ntownship="源潭镇"\nbeds=-1', "不得为负"),
    "half a bed": ('[[add]]\nname="甲"\nkind="养老院"\ntownship="源潭镇"\nbeds=1.5', "整数"),
    "nan": ('[[add]]\nname="甲"\nkind="养老院"\ntownship="源潭镇"\ncost=nan', "不是有限的数"),
    "too many nursing beds": (
        '[[add]]\nname="甲"\nkind="养老院"\ntownship="源潭镇"\nbeds=5\nnursing_beds=6',
        "多于",
    ),
    "no service": (
        '[[add]]\nname="甲"\nkind="养老院"\ntownship="源潭镇"\nservices=["全拖"]',
        "全托",
    ),
    "no date": ('[[close]]\nfacility="441800-P015"\non="后天"', "应为日期"),
    "in the register": (
        '[[add]]\nname="佛冈县社会福利中心"\nkind="养老院"\ncounty="佛冈县"',
        r"\[\[open\]\]",
    ),
    "an id of the register": (
        '[[add]]\nid="441800-P001"\nname="甲"\nkind="养老院"\ncounty="佛冈县"',
        "已有这个编号",
    ),
    "open already": ('[[open]]\nfacility="441800-P015"', "已在营"),
    "not open yet": ('[[close]]\nfacility="441800-P016"', r"尚未在营.*\[\[open\]\]"),
    "nothing upgraded": ('[[upgrade]]\nfacility="441800-P015"', "没有写改什么"),
    "moved nowhere": ('[[move]]\nfacility="441800-P015"', "缺新址"),
    "closed and moved": (
        """[[close]]\nfacility="441800-P014"\n[[move]]\nfacility="441800-P014"
        to={township="源潭镇"}""",
        "矛盾",
    ),
    "closed twice": ('[[close]]\nfacility="441800-P014"\n' * 2, "矛盾"),
    "beds set twice": ('[[upgrade]]\nfacility="441800-P014"\nbeds=5\n' * 2, "同一项改了两次"),
    "no ends": ("[[road]]\nclose={from=[113.0,23.7]}", r"\[lon, lat\]"),
    "a road of one place": ("[[road]]\nclose={from=[113.0,23.7],to=[113.0,23.7]}", "相同"),
    "neither road": ('[[road]]\nname="x"', "close 或 bridge"),
    "a line for an area": ("[[road]]\nclose={area=[[113.0,23.7],[113.1,23.7]]}", "三个"),
    "no such group": ('[[population]]\ngroup="61+"\ngrowth=1.1', "60+"),
    "no growth": ('[[population]]\ngroup="60+"', "growth 或 people"),
    "growth of nothing": ('[[population]]\ngroup="60+"\ngrowth=0', "大于 0"),
    "people of no group": ("[[population]]\npeople=5", "group"),
    "grown twice": (
        '[[population]]\ncounty="清城区"\ngrowth=1.1\n[[population]]\ngroup="60+"\ngrowth=1.2',
        "同一地区",
    ),
    "no year": ('[[population]]\ngroup="60+"\ngrowth=1.1\nyear=30', "年份"),
    "no such indicator": (
        '[[target]]\nindicator="elder_care.integrated"\nvalue=1',
        "elder_care.integrated_township",
    ),
    "more than all": ('[[target]]\nindicator="elder_care.integrated_township"\nvalue=101', "100%"),
    "no comparison": (
        '[[target]]\nindicator="elder_care.integrated_township"\nop="~"\nvalue=1',
        "≥",
    ),
    "no minutes": ("[limit]\nminutes=0", "大于 0"),
    "no such profile": ('[limit]\nprofile="jet"', "older_walk"),
    "a cost of nothing known": ("[costs.site]\nelder=1", "elder_care"),
}


@pytest.mark.parametrize("name", SLIPS)
def test_one_sentence_with_file_and_table(tmp_path: Path, city: City, name: str) -> None:
    text, said = SLIPS[name]
    found = problems(tmp_path, city, text)
    assert len(found) == 1, found
    assert found[0].startswith("s.toml, ")
    assert re.search(said, found[0]), found[0]


def test_dates_before_opening(tmp_path: Path, city: City) -> None:
    from helpers import centre, write_register

    rows = write_register(tmp_path / "r.csv", [centre(1, "441802103", opened="2023-05")])
    path = tmp_path / "s.toml"
    path.write_text(HEAD + '[[close]]\nfacility="t-1"\non="2023-04"\n', encoding="utf-8")
    with pytest.raises(InputError, match="早于开办日期 2023-05-01"):
        read(path, city, register=city.read_register(rows))


def test_all_slips_at_once_with_their_lines(tmp_path: Path, city: City) -> None:
    text = "\n".join(SLIPS[n][0] for n in ("unknown kind", "no such facility", "no growth"))
    found = problems(tmp_path, city, text)
    assert [f.split(",")[1].strip() for f in found] == ["row 3", "row 7", "row 9"]
    assert "[[population]] 1" in found[2]


@pytest.mark.parametrize("text", ["", "name = ", 'name = "x"', 'name = "x"\ncity = 7\n', "\xff"])
def test_a_file_that_is_none(tmp_path: Path, city: City, text: str) -> None:
    path = tmp_path / "s.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError):
        read(path, city)


def test_two_of_one_name(tmp_path: Path, city: City) -> None:
    paths = [tmp_path / "a.toml", tmp_path / "b.toml"]
    for path in paths:
        path.write_text(HEAD, encoding="utf-8")
    with pytest.raises(InputError, match=r"b\.toml.*同名"):
        read_all(paths, city)


def test_writing_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    with pytest.raises(InputError, match="写不进去"):
        write(Scenario("a", "清远"), tmp_path / "x" / "s.toml")


# From the command line.


def test_commands(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text(HEAD + SLIPS["unknown kind"][0], encoding="utf-8")
    done = run(capsys, "scenario", "check", str(bad))
    assert done.code == 2
    assert done.err.count("错误 error") == 1
    assert "没有这种设施" in done.err
    assert run(capsys, "scenario", "check", "441700-home", "--city", "清远").code == 2
    done = run(capsys, "scenario", "show", "441700-home")
    assert 'facility = "441700-P011"  # 阳江市综合养护院' in done.out
    listed = run(capsys, "scenario", "list").out
    assert all(p.stem in listed for p, _ in shipped())
    assert run(capsys, "scenario", "run", "nowhere.toml").code == 2


def test_sources_name_the_shipped_scenarios() -> None:
    listed = (ROOT / "data" / "sources.csv").read_text(encoding="utf-8")
    assert all(f"scenarios/{p.name}" in listed for p, _ in shipped())


def test_a_contradiction_is_told_beside_a_place_that_is_wrong(tmp_path: Path, city: City) -> None:
    text = '[[close]]\nfacility="441800-P014"\n[[move]]\nfacility="441800-P014"\nto={lon=1, lat=1}'
    place, other = problems(tmp_path, city, text)
    assert "to.lon" in place
    assert "矛盾" in other
