"""The plan files of 清远, 中山 and 珠山 against what the plans themselves print."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from coverage.kinds import KINDS, SERVICES, SYSTEMS

PLANS = Path(__file__).parents[1] / "data" / "plans"
TEXTS = Path(__file__).parents[2] / "shared" / "plans"

# City code and the number that opens the name of the plan's text in the shared folder.
TEXT_OF = {"441800": "002", "442000": "001", "360203": "003"}
CITIES = tuple(TEXT_OF)
OPS = {">", "≥", "=", "≤", "<", "text"}
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
LEVELS = {"city", "county", "township", "village"}
PREFIXES = {
    "relief",
    "elder_care",
    "child",
    "charity",
    "community",
    "social_work",
    "social_org",
    "volunteer",
    "funeral",
    "marriage",
    "disability",
    "place_names",
    "health",
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
FIXED = {
    "elder_care.integrated_township": ("unit_share", "township"),
    "elder_care.nursing_bed_share": ("bed_ratio", "city"),
    "elder_care.community_facility": ("unit_share", "village"),
    "elder_care.day_care_community": ("unit_share", "village"),
    "elder_care.mutual_aid_village": ("unit_share", "village"),
    "elder_care.circle_15min": ("people_within", "city"),
    "social_work.township_station": ("unit_share", "township"),
    "social_work.village_point": ("unit_share", "village"),
    "child.township_station": ("unit_share", "township"),
    "child.county_centre": ("unit_share", "county"),
    "funeral.county_burial": ("unit_share", "county"),
    "community.service_area_per_100_households": ("area_per_100_households", "city"),
    "disability.rehab_township": ("unit_share", "township"),
}
EXPECTED_FIXED = {
    "441800": {
        "elder_care.integrated_township",
        "elder_care.nursing_bed_share",
        "social_work.township_station",
        "social_work.village_point",
        "child.township_station",
        "child.county_centre",
        "funeral.county_burial",
        "community.service_area_per_100_households",
        "disability.rehab_township",
    },
    "442000": {"elder_care.community_facility", "social_work.township_station"},
    "360203": {
        "elder_care.integrated_township",
        "elder_care.nursing_bed_share",
        "elder_care.day_care_community",
        "elder_care.mutual_aid_village",
        "elder_care.circle_15min",
        "social_work.township_station",
        "child.township_station",
        "funeral.county_burial",
        "community.service_area_per_100_households",
    },
}


@cache
def plan(city: str) -> dict[str, Any]:
    with (PLANS / f"{city}.toml").open("rb") as file:
        return tomllib.load(file, parse_float=Decimal)


def indicators(city: str) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in plan(city)["indicator"]}


def targets(city: str, id_: str, year: int) -> set[tuple[str, Decimal | int | None]]:
    rows = indicators(city)[id_]["target"]
    return {(t["op"], t.get("value")) for t in rows if t["year"] == year}


def stated(city: str, kind: str) -> list[dict[str, Any]]:
    return [row for row in plan(city)["stated"] if row["kind"] == kind]


def clauses(city: str) -> list[str]:
    rows = plan(city)
    found = [row["clause"] for key in ("units", "stated") for row in rows.get(key, [])]
    for row in rows["indicator"]:
        found.append(row["clause"])
        found += [t["clause"] for t in row.get("target", [])]
        if "baseline" in row:
            found.append(row["baseline"]["clause"])
    return found


def rows_covered(city: str, table: str) -> set[int]:
    """Rows of a table that some target of some indicator cites."""
    cited = [
        t["clause"]
        for row in plan(city)["indicator"]
        for t in row.get("target", [])
        if t["clause"].startswith(table)
    ]
    return {int(n) for clause in cited for n in re.findall(r"表 第(\d+)行", clause)}


@pytest.mark.parametrize("city", CITIES)
def test_head(city: str) -> None:
    head = plan(city)["plan"]
    assert head["id"] == f"{city}-14"
    assert head["city"] == city
    assert (head["start"], head["end"], head["baseline_year"]) == (2021, 2025, 2020)
    assert head["title"].endswith("民政事业发展“十四五”规划")
    assert head["title_en"]


@pytest.mark.parametrize("city", CITIES)
def test_ids_are_unique_and_well_formed(city: str) -> None:
    ids = [row["id"] for row in plan(city)["indicator"]]
    assert len(ids) == len(set(ids))
    for id_ in ids:
        prefix, _, rest = id_.partition(".")
        assert prefix in PREFIXES
        assert re.fullmatch(r"[a-z0-9_]+", rest)


@pytest.mark.parametrize("city", CITIES)
def test_every_indicator_is_valid(city: str) -> None:
    for row in plan(city)["indicator"]:
        assert row["system"] in SYSTEMS
        assert row["level"] in LEVELS
        assert row["measure"] in MEASURES
        assert row["nature"] in {"约束性", "预期性", ""}
        assert row["name"]
        assert row["name_en"]
        assert row.get("target") or row.get("baseline"), row["id"]
        assert bool(row.get("note")) == bool(row.get("note_en")), row["id"]


@pytest.mark.parametrize("city", CITIES)
def test_every_match_speaks_the_vocabulary(city: str) -> None:
    for row in plan(city)["indicator"]:
        match = row.get("match", {})
        assert set(match) <= MATCH_KEYS
        assert set(match.get("kinds", ())) <= set(KINDS)
        assert set(match.get("services", ())) <= set(SERVICES)
        assert set(match.get("services_of", ())) <= set(SERVICES)
        assert bool(match.get("kinds")) == (row["measure"] != "reported"), row["id"]
        assert (row["measure"] == "bed_ratio") == ("share" in match)
        assert (row["measure"] == "people_within") == ("minutes" in match)
        # Without one of them the numerator would be every facility of the kind.
        asked = {"services_of", "ownership_of", "grades_of", "beside", "paired"} & set(match)
        assert (row["measure"] == "facility_share") == bool(asked)


@pytest.mark.parametrize("city", CITIES)
def test_every_target_is_valid(city: str) -> None:
    for row in plan(city)["indicator"]:
        seen = set()
        for target in row.get("target", []):
            assert target["op"] in OPS
            assert ("value" in target) == (target["op"] != "text"), row["id"]
            assert 2020 <= target["year"] <= 2025
            assert target["text"]
            key = (target["year"], target["op"], target["text"], target["clause"])
            assert key not in seen
            seen.add(key)


@pytest.mark.parametrize("city", CITIES)
def test_printed_wording_decides_the_comparison(city: str) -> None:
    for row in plan(city)["indicator"]:
        for target in row.get("target", []):
            text, op = target["text"], target["op"]
            if text.startswith(">"):
                assert op == ">", row["id"]
            elif op != "text" and re.search("以上|不低于|至少|不少于", text) and "每个" not in text:
                assert op == "≥", row["id"]
            if row["unit"] == "%" and re.fullmatch(r"100%?(覆盖)?|全覆盖", text):
                assert (op, target["value"]) == ("=", 100), row["id"]


@pytest.mark.parametrize("city", CITIES)
def test_no_clause_is_empty(city: str) -> None:
    found = clauses(city)
    assert found
    assert all(clause.strip() for clause in found)


@pytest.mark.parametrize("city", CITIES)
def test_fixed_ids(city: str) -> None:
    rows = indicators(city)
    assert EXPECTED_FIXED[city] <= set(rows)
    for id_ in FIXED.keys() & rows.keys():
        assert (rows[id_]["measure"], rows[id_]["level"]) == FIXED[id_]


@pytest.mark.parametrize("city", CITIES)
def test_stated_counts_are_valid(city: str) -> None:
    for row in plan(city)["stated"]:
        assert row["kind"] in KINDS
        assert row["count"] > 0
        assert row.get("level", "city") in LEVELS
        assert row["year"] <= 2020


def test_qingyuan_covers_all_rows_of_its_table() -> None:
    assert rows_covered("441800", "二（三）表") == set(range(1, 25))


def test_qingyuan_sub_rows_stand_alone() -> None:
    per_row: dict[int, int] = {}
    for row in plan("441800")["indicator"]:
        if found := re.match(r"二（三）表 第(\d+)行", row["clause"]):
            per_row[int(found[1])] = per_row.get(int(found[1]), 0) + 1
    # 城镇/农村, 城镇/农村, 全自理/半自理/全护理, 集中/分散; all others once.
    assert {n: k for n, k in per_row.items() if k > 1} == {1: 2, 4: 2, 5: 3, 9: 2}
    assert set(per_row) == set(range(1, 25))


def test_qingyuan_covers_all_thirteen_projects() -> None:
    cited = {int(n) for clause in clauses("441800") for n in re.findall(r"项目(\d+)", clause)}
    assert cited == set(range(1, 14))


def test_qingyuan_numbers_of_the_table() -> None:
    """Row, 2020, 2023, 2025 as printed, for the rows that are plain numbers."""
    printed = {
        "relief.dibao_rural_urban_ratio": ("72.58", "80", "80"),
        "relief.homeless_return_rate": ("97.5", "100", "100"),
        "elder_care.nursing_bed_share": ("40.5", "50", "55"),
        "elder_care.staff_trained_yearly": ("100", "200", "200"),
        "volunteer.registered_share": ("15", "16.5", "17.5"),
        "charity.lottery_outlets": ("0.0239", "0.023", "0.0235"),
        "community.service_area_per_100_households": ("30", "31", "32"),
        "social_org.hub_count": ("6", "7", "8"),
        "social_org.staff": ("2.1", "2.2", "2.3"),
        "social_work.township_station": ("39", "100", "100"),
        "social_work.professionals": ("0.26", "0.32", "0.46"),
        "funeral.eco_burial_rate": ("45", "65", "70"),
        "funeral.county_burial": ("87.5", "95", "100"),
        "disability.living_subsidy": ("93", "95", "100"),
        "disability.nursing_subsidy": ("93", "95", "100"),
    }
    rows = indicators("441800")
    for id_, (start, middle, end) in printed.items():
        table = {
            t["year"]: t["value"]
            for t in rows[id_]["target"]
            if t["clause"].startswith("二（三）表")
        }
        assert rows[id_]["baseline"]["value"] == Decimal(start), id_
        assert table == {2023: Decimal(middle), 2025: Decimal(end)}, id_


def test_qingyuan_sums() -> None:
    homes = stated("441800", "elder_care")
    assert sorted(row["count"] for row in homes) == [9, 17, 74]
    assert sum(row["count"] for row in homes) == 100
    assert sorted(row["beds"] for row in homes) == [2133, 2750, 2941]
    assert sum(row["beds"] for row in homes) == 7824
    assert sum(row["count"] for row in stated("441800", "funeral_home")) == 6


def test_qingyuan_stated_counts() -> None:
    printed = {
        "day_care": [4, 52],
        "rescue_station": [7],
        "child_welfare": [5],
        "child_protection_centre": [9],
        "social_work_station": [33],
        "commercial_cemetery": [5],
        "columbarium": [142],
        "eco_burial": [13],
        "rehab_centre": [88],
        "charity_point": [3],
        "community_org": [6],
    }
    for kind, counts in printed.items():
        assert sorted(row["count"] for row in stated("441800", kind)) == counts, kind
    counted = {row["level"]: (row["count"], row["clause"]) for row in plan("441800")["units"]}
    assert counted == {"township": (85, "四（三）"), "village": (1593, "一（一）3")}


def test_qingyuan_baselines_agree_with_their_counts() -> None:
    rows = indicators("441800")
    station = rows["social_work.township_station"]["baseline"]
    assert (station["numerator"], station["denominator"]) == (33, 85)
    assert round(Decimal(3300) / 85) == station["value"] == 39
    burial = rows["funeral.county_burial"]["baseline"]
    assert Decimal(100) * burial["numerator"] / burial["denominator"] == burial["value"]


def test_qingyuan_keeps_contradicting_clauses() -> None:
    assert targets("441800", "elder_care.integrated_township", 2025) == {(">", 60), ("≥", 60)}
    assert targets("441800", "child.township_station", 2025) == {(">", 50), ("≥", 50)}
    station = indicators("441800")["child.township_station"]["target"]
    assert [t["year"] for t in station].count(2025) == 3
    assert targets("441800", "child.county_centre", 2025) == {("=", 100), ("≥", 90)}
    assert targets("441800", "elder_care.staff_trained_yearly", 2025) == {(">", 200), ("≥", 200)}
    for id_ in ("disability.living_subsidy", "disability.nursing_subsidy"):
        assert targets("441800", id_, 2025) == {("=", 100), ("≥", 95)}
    assert targets("441800", "social_work.township_station", 2021) == {("=", 100)}
    assert targets("441800", "social_work.village_point", 2022) == {("=", 100)}
    assert targets("441800", "social_org.hub_count", 2025) == {("≥", 8)}
    assert targets("441800", "social_org.hub_township", 2025) == {("=", 100)}


def test_qingyuan_project_numbers() -> None:
    assert targets("441800", "elder_care.area_per_100_households_new", 2025) == {("≥", 20)}
    assert targets("441800", "elder_care.area_per_100_households_old", 2025) == {("≥", 15)}
    assert targets("441800", "elder_care.county_destitute_home", 2022) == {("=", 100)}
    assert targets("441800", "elder_care.staff_trained", 2025) == {("≥", 1000)}
    assert targets("441800", "charity.demo_points", 2025) == {("≥", 2)}
    assert targets("441800", "community.governance_demo", 2025) == {("≥", 16)}
    assert targets("441800", "community.governance_leaders", 2025) == {("≥", 160)}


def test_zhushan_covers_all_rows_of_both_tables() -> None:
    assert rows_covered("360203", "第一章第四节主要指标表") == set(range(1, 24))
    assert rows_covered("360203", "第一章第一节完成情况表") == set(range(1, 10))


def test_zhushan_covers_all_boxes() -> None:
    """Facility items of the five boxes; items on procedure alone set no obligation."""
    cited = {c for clause in clauses("360203") for c in re.findall(r"专栏\d(?: 第\d项)?", clause)}
    care = {f"专栏5 第{n}项" for n in (1, 3, 4, 5, 6, 7)}
    assert cited == care | {
        "专栏1 第1项",
        "专栏1 第2项",
        "专栏2 第1项",
        "专栏2 第2项",
        "专栏3",
        "专栏4 第1项",
    }


def test_zhushan_numbers_of_the_earlier_plan() -> None:
    """2020 result and the figure to meet, as printed side by side."""
    printed = {
        "relief.dibao_standard_urban": ("720", "705"),
        "relief.dibao_standard_rural": ("720", "470"),
        "child.orphan_dispersed": ("1100", "900"),
        "elder_care.nursing_bed_share": ("72.1", "30"),
        "social_org.per_10000": ("6.8", "6.7"),
        "community.service_facility_urban": ("100", "100"),
        "community.service_facility_rural": ("100", "70"),
        "community.information_system": ("100", "60"),
        "social_work.specialists_per_1000": ("1", "1"),
    }
    rows = indicators("360203")
    for id_, (result, wanted) in printed.items():
        assert rows[id_]["baseline"]["value"] == Decimal(result), id_
        assert {value for _, value in targets("360203", id_, 2020)} == {Decimal(wanted)}, id_


def test_zhushan_sums_and_units() -> None:
    homes = stated("360203", "elder_care")
    assert sorted((row["count"], row["beds"]) for row in homes) == [(1, 77), (5, 446)]
    assert sum(row["count"] for row in homes) == 6
    assert sum(row["beds"] for row in homes) == 523
    (points,) = stated("360203", "mutual_aid")
    assert (points["count"], points["distinct_units"], points["level"]) == (11, True, "village")
    baseline = indicators("360203")["elder_care.mutual_aid_village"]["baseline"]
    assert (baseline["numerator"], baseline["denominator"]) == (11, 13)
    assert round(Decimal(1100) / 13) == baseline["value"] == 85
    (columbarium,) = stated("360203", "columbarium")
    assert columbarium["count"] == 1
    counts = {tuple(u["categories"]): u["count"] for u in plan("360203")["units"]}
    assert counts == {("村",): 13, ("社区",): 54}


def test_zhushan_keeps_contradicting_clauses() -> None:
    assert targets("360203", "child.township_station", 2025) == {("≥", 50), ("=", 100)}
    area = targets("360203", "community.service_area_per_100_households", 2025)
    assert area == {(">", 30), ("≥", 30)}
    assert {("≥", 3), ("≥", 1)} <= targets("360203", "social_org.incubators", 2025)
    assert ("≥", 60) in targets("360203", "elder_care.integrated_township", 2025)
    assert targets("360203", "elder_care.regional_centre", 2025) == {("≥", 80)}
    assert targets("360203", "elder_care.integrated_street", 2025) == {("=", 100)}
    assert targets("360203", "community.service_facility_rural", 2025) == {("≥", 95)}


def test_zhongshan_measurable_targets() -> None:
    printed = {
        ("relief.dibao_standard", 2022): {("≥", 1150)},
        ("relief.dibao_standard", 2025): {("≥", 1250)},
        ("elder_care.community_facility", 2025): {("=", 100)},
        ("elder_care.new_estate_facility", 2025): {("=", 100)},
        ("elder_care.staff_trained_yearly", 2025): {("≥", 900)},
        ("elder_care.staff_trained", 2025): {("≥", 4500)},
        ("community.certified_workers", 2025): {("≥", 25)},
        ("community.governance_demo", 2025): {("≥", 10)},
        ("social_work.township_station", 2025): {("=", 100)},
        ("social_work.group_coverage", 2025): {("=", 100)},
    }
    for (id_, year), wanted in printed.items():
        assert targets("442000", id_, year) == wanted, id_
    # Nothing but these carries a number: the plan has no table.
    numbered = {
        (row["id"], t["year"])
        for row in plan("442000")["indicator"]
        for t in row.get("target", [])
        if t["op"] != "text"
    }
    assert numbered == set(printed)


def test_zhongshan_stated_counts() -> None:
    (homes,) = stated("442000", "elder_care")
    assert (homes["count"], homes["beds"]) == (25, 4768)
    assert [row["count"] for row in stated("442000", "day_care")] == [261]
    assert [row["count"] for row in stated("442000", "meal_point")] == [96]
    # The plan counts neither its townships nor its villages.
    assert "units" not in plan("442000")


def _bare(text: str) -> str:
    """Without white space, emphasis marks and the difference of bracket widths."""
    return re.sub(r"[\s*]", "", text).replace("(", "（").replace(")", "）")


@pytest.mark.shared
@pytest.mark.parametrize("city", CITIES)
def test_every_wording_is_verbatim(city: str) -> None:
    found = sorted(TEXTS.glob(f"{TEXT_OF[city]}_*.txt"))
    if not found:
        pytest.skip("needs the texts of the plans in the shared folder, which is not at hand")
    source = _bare(found[0].read_text(encoding="utf-8"))
    for row in plan(city)["indicator"]:
        texts = [t["text"] for t in row.get("target", [])]
        if "baseline" in row:
            texts.append(row["baseline"]["text"])
        for text in texts:
            assert _bare(text) in source, (row["id"], text)
            # Wording only, never a passage.
            assert len(text) <= 40, (row["id"], text)
