"""The plan files of 阳江 (14th five-year plan) and 江门 (13th) against what the plans print.

The expected numbers stand here as read in the plans themselves, not as read in the TOML files.
"""

from __future__ import annotations

import re
import tomllib
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from coverage import kinds
from coverage.city import City
from coverage.kinds import KINDS, SERVICES, SYSTEMS
from coverage.results.words import unit_of

PLANS = Path(__file__).parents[1] / "data" / "plans"
PUBLISHED = Path(__file__).parents[2] / "shared" / "plans"
CITIES = ("441700", "440700")
TEXTS = {"441700": "000_160059ede82173a4.txt", "440700": "004_695407eba6cad83c.txt"}
OPS = {">", "≥", "=", "≤", "<", "text"}
LEVELS = {"city", "county", "township", "village"}
NATURES = {"约束性", "预期性", ""}
MEASURES = {
    "unit_share",
    "count",
    "bed_ratio",
    "area_per_100_households",
    "facility_share",
    "people_within",
    "size",
    "network",
    "hours_to_all",
    "reported",
}
OWNERSHIPS = {"", "公办", "民办", "公建民营", "公益性", "经营性"}
UNIT_CATEGORIES = {"township": {"镇", "乡", "民族乡", "街道"}, "village": {"村", "社区"}}
INDICATOR_KEYS = {
    "id",
    "name",
    "name_en",
    "system",
    "level",
    "unit",
    "nature",
    "measure",
    "clause",
    "note",
    "note_en",
    "scope",
    "match",
    "baseline",
    "target",
}
MATCH_KEYS = {
    "kinds",
    "services",
    "categories",
    "ownership",
    "at_least",
    "units",
    "share",
    "services_of",
    "minutes",
    "group",
    "names",
    "tiers",
    "inside",
    "opened",
    "when",
    "size",
    "ownership_of",
    "grades_of",
    "beside",
    "paired",
    "profile",
    "bound",
}
STATED_KEYS = {
    "kind",
    "category",
    "ownership",
    "count",
    "beds",
    "nursing_beds",
    "floor_area",
    "year",
    "level",
    "distinct_units",
    "clause",
    "note",
}


@cache
def plan(city: str) -> dict[str, Any]:
    path = PLANS / f"{city}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)


def indicator(city: str, name: str) -> dict[str, Any]:
    found = [one for one in plan(city)["indicator"] if one["id"] == name]
    assert len(found) == 1, f"{name} stands {len(found)} times in {city}"
    return dict(found[0])


def targets(city: str, name: str) -> list[tuple[int, str, Any]]:
    """Year, comparison and value of every target, as they stand in the file."""
    return [
        (one["year"], one["op"], one.get("value"))
        for one in indicator(city, name).get("target", [])
    ]


def stated(city: str, kind: str, category: str, ownership: str = "") -> dict[str, Any]:
    found = [
        one
        for one in plan(city)["stated"]
        if (one["kind"], one["category"], one["ownership"]) == (kind, category, ownership)
    ]
    assert len(found) == 1
    return dict(found[0])


def units(city: str, level: str, categories: list[str] | None = None) -> int:
    found = [
        one["count"]
        for one in plan(city)["units"]
        if one["level"] == level and one.get("categories") == categories
    ]
    assert len(found) == 1
    return int(found[0])


def percent(part: int, whole: int, digits: str = "1") -> Decimal:
    """A share in per cent, rounded as a planner rounds it."""
    return (Decimal(100 * part) / whole).quantize(Decimal(digits), ROUND_HALF_UP)


def rows(city: str, table: str) -> dict[int, list[str]]:
    """Ids of the indicators that name each row of a table in their main clause."""
    out: dict[int, list[str]] = {}
    for one in plan(city)["indicator"]:
        clauses = {one["clause"], *(each["clause"] for each in one.get("target", []))}
        seen = {
            int(number)
            for clause in clauses
            for number in re.findall(rf"(?:^|；){re.escape(table)} 第(\d+)行", clause)
        }
        for number in seen:
            out.setdefault(number, []).append(one["id"])
    return out


# The schema


@pytest.mark.parametrize("city", CITIES)
def test_head(city: str) -> None:
    head = plan(city)["plan"]
    expected = {
        "441700": ("441700-14", 2021, 2025, 2020),
        "440700": ("440700-13", 2016, 2020, 2015),
    }
    assert (head["id"], head["start"], head["end"], head["baseline_year"]) == expected[city]
    assert head["city"] == city
    assert head["title"]
    assert head["title_en"]


@pytest.mark.parametrize("city", CITIES)
def test_every_indicator_follows_the_schema(city: str) -> None:
    ids = [one["id"] for one in plan(city)["indicator"]]
    assert len(ids) == len(set(ids))
    for one in plan(city)["indicator"]:
        where = one["id"]
        assert set(one) <= INDICATOR_KEYS, where
        assert re.fullmatch(r"[a-z_]+\.[a-z0-9_]+", where)
        assert one["name"], where
        assert one["name_en"], where
        assert one["clause"], where
        assert one["system"] in SYSTEMS, where
        assert one["level"] in LEVELS, where
        assert one["nature"] in NATURES, where
        assert one["measure"] in MEASURES, where
        # An indicator without baseline and target would say nothing.
        assert "baseline" in one or one.get("target"), where
        assert ("match" in one) == (one["measure"] != "reported"), where


@pytest.mark.parametrize("city", CITIES)
def test_every_match_uses_the_vocabulary(city: str) -> None:
    for one in plan(city)["indicator"]:
        match = one.get("match")
        if match is None:
            continue
        where = one["id"]
        assert set(match) <= MATCH_KEYS, where
        assert match["kinds"], where
        assert set(match["kinds"]) <= set(KINDS), where
        assert set(match.get("services", [])) <= set(SERVICES), where
        assert set(match.get("services_of", [])) <= set(SERVICES), where
        assert set(match.get("ownership", [])) <= OWNERSHIPS - {""}, where
        if "units" in match:
            level = "township" if one["measure"] == "people_within" else one["level"]
            assert set(match["units"]) <= UNIT_CATEGORIES[level], where
        if one["measure"] == "unit_share":
            assert match["at_least"] >= 1, where
            assert one["level"] != "city", where
        if one["measure"] == "bed_ratio":
            assert match["share"] in {"nursing", "per_1000_60plus", "per_person"}, where
        if one["measure"] == "people_within":
            assert (match["minutes"], match["group"]) == (15, "60+"), where
        if one["measure"] == "facility_share":
            # Without one of them the numerator would be every facility of the kind.
            assert {"services_of", "ownership_of", "grades_of"} & set(match), where


@pytest.mark.parametrize("city", CITIES)
def test_every_baseline_and_target_is_whole(city: str) -> None:
    head = plan(city)["plan"]
    for one in plan(city)["indicator"]:
        where = one["id"]
        if "baseline" in one:
            base = one["baseline"]
            assert base["text"], where
            assert base["clause"], where
            assert base["year"] == head["baseline_year"], where
            if "denominator" in base:
                assert base["value"] == percent(base["numerator"], base["denominator"]), where
        for each in one.get("target", []):
            assert each["op"] in OPS, where
            assert ("value" in each) == (each["op"] != "text"), where
            assert each["text"], where
            assert len(each["text"]) <= 40, where
            assert each["clause"], where
            assert each["nature"] in NATURES, where
            assert head["baseline_year"] <= each["year"] <= head["end"], where


@pytest.mark.parametrize("city", CITIES)
def test_a_whole_hundred_per_cent_is_an_equality(city: str) -> None:
    for one in plan(city)["indicator"]:
        for each in one.get("target", []):
            if one["unit"] == "%" and each.get("value") == 100:
                assert each["op"] == "=", one["id"]
            if "以上" in each["text"] or "不低于" in each["text"] or "至少建立" in each["text"]:
                assert each["op"] in {"≥", "text"}, one["id"]


@pytest.mark.parametrize("city", CITIES)
def test_stated_counts_and_units_follow_the_schema(city: str) -> None:
    year = plan(city)["plan"]["baseline_year"]
    for one in plan(city)["stated"]:
        assert set(one) <= STATED_KEYS
        assert one["kind"] in KINDS
        assert one["ownership"] in OWNERSHIPS
        assert one["count"] > 0
        assert one["year"] == year
        assert one["category"]
        assert one["clause"]
        assert one.get("level", "city") in LEVELS
    for one in plan(city)["units"]:
        assert one["level"] in LEVELS
        assert one["count"] > 0
        assert one["clause"]


@pytest.mark.parametrize("city", CITIES)
def test_no_part_is_larger_than_its_whole(city: str) -> None:
    wholes: dict[str, int] = {}
    for one in plan(city)["stated"]:
        kind = one["kind"]
        if one.get("note", "").startswith("其中"):
            assert one["count"] < wholes[kind]
        else:
            wholes[kind] = max(wholes.get(kind, 0), one["count"])


@pytest.mark.parametrize("city", CITIES)
def test_every_wording_stands_in_the_plan(city: str) -> None:
    """Each `text` is the plan's own, in order, with … for what is left out."""
    path = PUBLISHED / TEXTS[city]
    if not path.is_file():
        pytest.skip("needs the published text of the plan, which is not at hand")

    def plain(text: str) -> str:
        return re.sub(r"\s", "", text).replace("(", "（").replace(")", "）")

    whole = plain(path.read_text(encoding="utf-8"))
    for one in plan(city)["indicator"]:
        texts = [each["text"] for each in one.get("target", [])]
        if "baseline" in one:
            texts.append(one["baseline"]["text"])
        for text in texts:
            pattern = ".{0,60}?".join(re.escape(plain(part)) for part in text.split("…"))
            assert re.search(pattern, whole), f"{one['id']}: {text}"
    for one in plan(city)["stated"]:
        assert str(one["count"]) in whole


# 阳江


def test_yangjiang_holds_every_row_of_both_tables() -> None:
    main = rows("441700", "第三章四表")
    assert sorted(main) == list(range(1, 20))
    # Rows 1, 4 and 6 have two sub-rows, row 5 has three.
    assert {number: len(ids) for number, ids in main.items() if len(ids) > 1} == {
        1: 2,
        4: 2,
        5: 3,
        6: 2,
    }
    past = rows("441700", "表1")
    assert sorted(past) == list(range(1, 13))
    assert {number: len(ids) for number, ids in past.items() if len(ids) > 1} == {
        1: 2,
        4: 2,
        5: 2,
        6: 2,
    }


# Id, nature, value of 2020, target of 2023, target of 2025; None where no number is printed.
MAIN_TABLE = [
    ("relief.dibao_growth_urban", "预期性", "10.11", None, None),
    ("relief.dibao_growth_rural", "预期性", "10.12", None, None),
    ("relief.dibao_rural_urban_ratio", "预期性", "70.79", "72", "75"),
    ("relief.homeless_return_rate", "约束性", "100", "95", "100"),
    ("relief.destitute_standard_urban", "约束性", "1255", None, None),
    ("relief.destitute_standard_rural", "约束性", "888", None, None),
    ("relief.destitute_care_self_reliant", "约束性", "2", None, None),
    ("relief.destitute_care_partly_dependent", "约束性", "30", None, None),
    ("relief.destitute_care_fully_dependent", "约束性", "85.11", None, None),
    ("child.orphan_institutional", "约束性", "1820", None, None),
    ("child.orphan_dispersed", "约束性", "1110", None, None),
    ("child.unsupported_standard", "约束性", "1110", None, None),
    ("child.township_supervisor", "约束性", "100", "100", "100"),
    ("child.village_director", "约束性", "100", "100", "100"),
    ("child.county_centre", "预期性", None, "100", "100"),
    ("volunteer.registered_share", "预期性", "13", None, None),
    ("social_work.professionals", "预期性", "804", "1100", "1500"),
    ("social_work.township_station", "约束性", "49", "100", "100"),
    ("social_work.village_point", "约束性", None, "100", "100"),
    ("charity.lottery_sales", "预期性", "2.7", "3.13", "3.45"),
    ("charity.lottery_fund", "预期性", "2500", "2900", "3200"),
    # The main table prints “--” for 2020, table 1 prints 38.
    ("elder_care.nursing_bed_share", "约束性", "38", "50", "55"),
    ("elder_care.integrated_township", "预期性", None, "40", "60"),
    ("elder_care.staff_trained", "预期性", "1500", "5400", "9000"),
]


@pytest.mark.parametrize(("name", "nature", "base", "middle", "last"), MAIN_TABLE)
def test_yangjiang_main_table(
    name: str, nature: str, base: str | None, middle: str | None, last: str | None
) -> None:
    one = indicator("441700", name)
    assert one["nature"] == nature
    value = one.get("baseline", {}).get("value")
    assert value == (None if base is None else Decimal(base))
    from_table = {
        each["year"]: each.get("value")
        for each in one.get("target", [])
        if each["clause"].startswith("第三章四表")
    }
    for year, expected in ((2023, middle), (2025, last)):
        assert from_table.get(year) == (None if expected is None else Decimal(expected))
        in_table = [
            each["nature"]
            for each in one.get("target", [])
            if each["year"] == year and each["clause"].startswith("第三章四表")
        ]
        # Row 11 has no target at all (“--”); every other row has one for each year.
        assert in_table == ([] if name == "volunteer.registered_share" else [nature])


PAST_TABLE = [
    ("relief.dibao_urban_consumption_share", "35", "41.2"),
    ("relief.dibao_rural_consumption_share", "60", "45.60"),
    ("relief.destitute_income_share", "60", "70.14"),
    ("relief.destitute_disabled_in_care", "70", "35.04"),
    ("disability.living_allowance", "175", "175"),
    ("disability.nursing_allowance", "235", "235"),
    ("child.orphan_institutional", "1820", "1820"),
    ("child.orphan_dispersed", "1110", "1110"),
    ("elder_care.beds_per_1000", "35", "37"),
    ("elder_care.nursing_bed_share", "30", "38"),
    ("community.service_facility_urban", "100", "100"),
    ("community.service_facility_rural", "100", "100"),
    ("social_org.per_10000", "6.5", "8.1"),
    ("community.election_turnout", "93", "96.1"),
    ("funeral.eco_burial_rate", "50", "63"),
    ("funeral.county_burial", "100", "100"),
]


@pytest.mark.parametrize(("name", "goal", "result"), PAST_TABLE)
def test_yangjiang_results_of_2020(name: str, goal: str, result: str) -> None:
    one = indicator("441700", name)
    assert one["baseline"]["value"] == Decimal(result)
    (past,) = [each for each in one["target"] if each["clause"].startswith("表1")]
    assert (past["year"], past["value"]) == (2020, Decimal(goal))


def test_yangjiang_fixed_ids_and_their_measures() -> None:
    expected = {
        "elder_care.integrated_township": ("unit_share", "township"),
        "elder_care.nursing_bed_share": ("bed_ratio", "city"),
        "elder_care.beds_per_1000": ("bed_ratio", "city"),
        "elder_care.community_facility": ("unit_share", "village"),
        "elder_care.circle_15min": ("people_within", "city"),
        "social_work.township_station": ("unit_share", "township"),
        "social_work.village_point": ("unit_share", "village"),
        "child.county_centre": ("unit_share", "county"),
        "funeral.county_burial": ("unit_share", "county"),
        "funeral.township_burial": ("unit_share", "township"),
    }
    for name, pair in expected.items():
        one = indicator("441700", name)
        assert (one["measure"], one["level"]) == pair, name
    integrated = indicator("441700", "elder_care.integrated_township")["match"]
    assert integrated["services"] == ["全托", "日托", "上门", "协调指导"]


def test_yangjiang_keeps_every_clause_of_the_same_thing() -> None:
    station = targets("441700", "social_work.township_station")
    assert (2021, "=", 100) in station
    assert (2023, "=", 100) in station
    assert station.count((2025, "=", 100)) == 2
    point = targets("441700", "social_work.village_point")
    assert (2022, "=", 100) in point
    assert (2023, "=", 100) in point
    assert targets("441700", "elder_care.integrated_township").count((2025, "≥", 60)) == 2
    assert targets("441700", "elder_care.nursing_bed_share").count((2025, "≥", 55)) == 2
    assert targets("441700", "social_work.professionals").count((2025, "≥", 1500)) == 2
    assert targets("441700", "elder_care.staff_trained").count((2025, "≥", 9000)) == 2
    assert targets("441700", "funeral.county_burial") == [(2020, "=", 100), (2025, "=", 100)]


def test_yangjiang_obligations_of_the_text() -> None:
    assert targets("441700", "funeral.township_burial") == [(2025, "=", 100)]
    assert targets("441700", "elder_care.county_destitute_home") == [(2022, "=", 100)]
    assert targets("441700", "elder_care.city_nursing_home_beds") == [(2025, "=", 1000)]
    assert targets("441700", "child.welfare_building_beds") == [(2023, "=", 150)]
    assert targets("441700", "funeral.new_columbaria") == [(2025, "≥", 2)]
    assert targets("441700", "funeral.sanbaodong_cemetery") == [(2025, "=", 1000)]
    assert targets("441700", "funeral.tianluoling_cemetery") == [(2025, "=", 400)]
    assert targets("441700", "elder_care.area_per_100_households_new")[0] == (2025, "≥", 20)
    assert targets("441700", "elder_care.area_per_100_households_old") == [(2025, "≥", 15)]
    assert targets("441700", "elder_care.medical_city") == [(2021, "≥", 1)]
    assert targets("441700", "elder_care.circle_15min") == [(2025, "text", None)]


def test_yangjiang_counts_49_townships() -> None:
    townships = units("441700", "township")
    station = indicator("441700", "social_work.township_station")["baseline"]
    assert station["numerator"] == 24
    assert percent(24, townships) == station["value"] == 49
    # No other number of townships gives the printed 49 %.
    assert [n for n in range(24, 200) if percent(24, n) == 49] == [townships] == [49]
    assert units("441700", "village") == 833


def test_yangjiang_arithmetic() -> None:
    homes = stated("441700", "elder_care", "养老机构")
    private = stated("441700", "elder_care", "养老机构", "民办")
    assert (homes["count"], homes["beds"], private["count"]) == (82, 17899, 33)
    assert percent(private["count"], homes["count"]) == 40
    # 17,899 beds at 37 per 1,000: fewer elders than the 535,000 forecast for 2025.
    older = Fraction(homes["beds"] * 1000, 37)
    assert 483_000 < older < 535_000
    # The rural allowance of 555 yuan against the urban one of 784.
    assert percent(555, 784, "0.01") == Decimal("70.79")
    # Support of the destitute is 1.6 times these, rounded up.
    assert (-(-784 * 16 // 10), 555 * 16 // 10) == (1255, 888)
    # 28.2, 423 and 1,200 yuan are 2, 30 and 85.11 % of the same minimum wage.
    assert Decimal("28.2") / 2 * 100 == Decimal(423) / 30 * 100 == 1410
    assert percent(1200, 1410, "0.01") == Decimal("85.11")
    yearly = indicator("441700", "elder_care.staff_trained_yearly")["target"][0]["value"]
    assert yearly * 5 == 9000
    assert yearly * 3 == 5400


def test_yangjiang_stated_counts() -> None:
    assert stated("441700", "day_care", "城乡社区养老服务设施")["count"] == 923
    assert stated("441700", "public_cemetery", "公益性公墓", "公益性")["count"] == 14
    assert stated("441700", "columbarium", "骨灰楼", "公益性")["count"] == 49
    stations = stated("441700", "social_work_station", "双百社工站")
    assert (stations["count"], stations["level"], stations["distinct_units"]) == (
        24,
        "township",
        True,
    )


def test_the_province_is_no_target_of_the_city() -> None:
    ratio = indicator("441700", "relief.dibao_rural_urban_ratio")
    assert ">80" in ratio["note"]
    assert all(each["value"] < 80 for each in ratio["target"])


# 江门


def test_jiangmen_has_no_table_and_labels_nothing() -> None:
    for one in plan("440700")["indicator"]:
        assert one["nature"] == "", one["id"]
        assert "表" not in one["clause"], one["id"]


def test_jiangmen_fixed_ids_and_their_measures() -> None:
    expected = {
        "elder_care.beds_per_1000": ("bed_ratio", "city"),
        "elder_care.community_facility": ("unit_share", "village"),
        "disability.rehab_township": ("unit_share", "township"),
    }
    for name, pair in expected.items():
        one = indicator("440700", name)
        assert (one["measure"], one["level"]) == pair, name
    facility = indicator("440700", "elder_care.community_facility")
    assert "value" not in facility["baseline"]
    assert "100%、99%" in facility["baseline"]["text"]


JIANGMEN = [
    ("elder_care.private_share", [(2020, "≥", 50)]),
    ("elder_care.medical_integration", [(2020, "≥", 50)]),
    ("elder_care.township_purchase", [(2020, "≥", 50)]),
    ("elder_care.certified_share", [(2020, "≥", 90)]),
    ("elder_care.lottery_share", [(2020, "≥", 50)]),
    ("relief.shelter_township", [(2020, "=", 100)]),
    ("relief.shelter_village", [(2020, "=", 100)]),
    ("relief.supplies_city_hours", [(2020, "≤", 5)]),
    ("relief.supplies_county_hours", [(2020, "≤", 3)]),
    ("relief.dibao_consumption_share", [(2018, "≥", 30), (2020, "≥", 40)]),
    ("relief.destitute_income_share", [(2017, "≥", 70), (2020, "≥", 80)]),
    ("relief.medical_ratio", [(2016, "≥", 80)]),
    ("relief.medical_cap", [(2016, "≥", 5)]),
    ("relief.rescue_rate", [(2020, "=", 100)]),
    ("child.orphan_institutional", [(2020, "≥", 1800)]),
    ("child.orphan_dispersed", [(2020, "≥", 1000)]),
    ("disability.living_allowance", [(2017, "≥", 1800)]),
    ("disability.nursing_allowance", [(2017, "≥", 2400)]),
    ("community.election_turnout", [(2020, "≥", Decimal("96.5"))]),
    ("community.yijiayuan_township", [(2018, "=", 100)]),
    ("funeral.sea_memorial", [(2020, "≥", 3)]),
    ("funeral.eco_burial_rate", [(2020, "≥", 60)]),
    ("funeral.cremation_rate", [(2020, "=", 100)]),
    ("marriage.aaa_share", [(2020, "≥", 50)]),
    ("elder_care.training_bases", [(2018, "≥", 3)]),
]


@pytest.mark.parametrize(("name", "expected"), JIANGMEN)
def test_jiangmen_numbers(name: str, expected: list[tuple[int, str, Any]]) -> None:
    numbers = [each for each in targets("440700", name) if each[1] != "text"]
    assert numbers == expected


def test_jiangmen_keeps_every_clause_of_the_same_thing() -> None:
    facility = targets("440700", "elder_care.community_facility")
    assert [each for each in facility if each[1] == "="] == [(2018, "=", 100), (2020, "=", 100)]
    assert targets("440700", "community.yijiayuan_village") == [
        (2018, "=", 100),
        (2020, "=", 100),
    ]
    assert targets("440700", "social_work.specialists_per_1000") == [(2020, "≥", 1)] * 2


def test_jiangmen_arithmetic() -> None:
    homes = stated("440700", "elder_care", "养老机构")
    private = stated("440700", "elder_care", "养老机构", "民办")
    assert (homes["count"], homes["beds"], private["count"]) == (96, 21401, 18)
    ratio = indicator("440700", "elder_care.beds_per_1000")["baseline"]["value"]
    assert ratio == Decimal("31.8")
    assert round(homes["beds"] / ratio) == 673  # thousand people
    villages, committees = units("440700", "village"), units("440700", "village", ["村"])
    assert (villages, committees) == (1323, 1051)
    # 903 villages and 246 communities are demonstration units: 86 % and 90 %.
    assert percent(903, committees) == 86
    assert percent(246, villages - committees) == 90
    assert units("440700", "township") == 73
    assert units("440700", "county") == 7


def test_jiangmen_stated_counts() -> None:
    assert stated("440700", "day_care", "日间照料中心")["count"] == 78
    assert stated("440700", "day_care", "居家养老服务站点（含农村幸福院）")["count"] == 221
    assert stated("440700", "day_care", "城乡老人服务设施")["count"] == 3434
    assert stated("440700", "rehab_centre", "社区康园中心")["count"] == 56
    assert stated("440700", "rehab_centre", "残疾儿童康复教育机构")["count"] == 7
    assert stated("440700", "community_service", "家庭服务中心")["count"] == 48
    stations = stated("440700", "community_service", "公共服务站")
    assert (stations["count"], stations["distinct_units"]) == (units("440700", "village"), True)


@pytest.mark.parametrize("city", ["清远", "中山", "阳江", "江门", "珠山"])
def test_in_english_a_plan_speaks_english(city: str) -> None:
    """Names of places apart: targets in words, units and natures; what is quoted is the clause."""
    plan = City.load(city).plan
    for indicator in plan.indicators:
        said = [target.said for target in indicator.targets if target.op is None]
        said += [indicator.baseline.said] if indicator.baseline else []
        for one in said:
            assert not re.sub("安养园|福荫园", "", re.sub("[^\u4e00-\u9fff]", "", one.en)), one
            assert set(re.findall(r"\d", one.en)) <= {*re.findall(r"\d", one.zh), "0", "1"}, one
        units = (
            unit_of(indicator, "en"),
            *(kinds.NATURES.get(t.nature, t.nature) for t in indicator.targets),
        )
        assert not any(re.search("[\u4e00-\u9fff]", word) for word in units), units
