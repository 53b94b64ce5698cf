"""The main job: the plans' own arithmetic, from the registers, for all five cities."""

from __future__ import annotations

import dataclasses
import random
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.assessment import assess, read_values
from coverage.city import City
from coverage.errors import InputError, UnknownNameError
from coverage.facilities import Facility, Register
from coverage.measures import measure
from coverage.text import round_half_up
from coverage.verdicts import judge
from helpers import centre, write_register

if TYPE_CHECKING:
    from pathlib import Path

CITIES = {name: City.load(name) for name in ("清远", "中山", "阳江", "江门", "珠山")}
QINGYUAN = CITIES["清远"]
TOWNSHIPS = [u.code for u in QINGYUAN.units.townships]
INTEGRATED = "elder_care.integrated_township"


@pytest.mark.parametrize(
    ("city", "indicator", "numerator", "denominator", "printed", "digits"),
    [
        ("清远", "social_work.township_station", 33, 85, Fraction(388, 10), 1),
        ("清远", "social_work.township_station", 33, 85, Fraction(39), 0),
        ("清远", "funeral.county_burial", 7, 8, Fraction(875, 10), 1),
        ("清远", "elder_care.nursing_bed_share", 3169, 7824, Fraction(405, 10), 1),
        ("清远", "disability.rehab_township", 85, 85, Fraction(100), 0),
        ("阳江", "social_work.township_station", 24, 48, Fraction(50), 1),
        ("阳江", "elder_care.beds_per_1000", 17899, 483757, Fraction(37), 0),
        ("珠山", "elder_care.mutual_aid_village", 11, 13, Fraction(846, 10), 1),
        ("珠山", "elder_care.mutual_aid_village", 11, 13, Fraction(85), 0),
        ("珠山", "elder_care.nursing_bed_share", 377, 523, Fraction(721, 10), 1),
        ("江门", "elder_care.beds_per_1000", 21401, 672987, Fraction(318, 10), 1),
    ],
)
def test_the_plans_own_arithmetic(
    city: str, indicator: str, numerator: int, denominator: int, printed: Fraction, digits: int
) -> None:
    year = CITIES[city].plan.baseline_year if indicator.endswith("_per_1000") else None
    result = assess(CITIES[city], year=year)[indicator]
    assert result.measurement.basis == "register"
    assert (result.measurement.numerator, result.measurement.denominator) == (
        numerator,
        denominator,
    )
    assert result.value is not None
    assert round_half_up(result.value, digits) == printed


def test_yangjiang_counts_49_and_48() -> None:
    """24 of the plan's 49 is its 49 %; 24 of today's 48 is 50 %; the difference is named."""
    result = assess(CITIES["阳江"])["social_work.township_station"]
    assert result.plan_basis is not None
    assert result.plan_basis.denominator == 49
    assert round_half_up(result.plan_basis.value, 1) == Fraction(490, 10)
    assert round_half_up(result.plan_basis.value, 0) == 49
    assert any("49" in n.zh and "48" in n.zh for n in result.notes)
    assert any("相差 +1" in n.zh for n in result.notes)


def test_beds_by_kind_of_institution() -> None:
    def beds(city: str, category: str) -> int:
        rows = CITIES[city].register.facilities
        return sum(f.beds or 0 for f in rows if f.category == category and f.status == "open")

    assert [beds("清远", c) for c in ("福利院", "敬老院", "民办养老院")] == [2941, 2750, 2133]
    assert [beds("珠山", c) for c in ("敬老院", "民办养老机构")] == [77, 446]


@pytest.mark.parametrize(
    ("city", "kind", "count"),
    [
        ("清远", "elder_care", 100),
        ("清远", "columbarium", 142),
        ("清远", "commercial_cemetery", 5),
        ("清远", "eco_burial", 13),
        ("清远", "funeral_home", 6),
        ("清远", "rehab_centre", 88),
        ("珠山", "elder_care", 6),
        ("中山", "elder_care", 25),
        ("阳江", "elder_care", 82),
        ("江门", "elder_care", 96),
    ],
)
def test_counts_of_facilities(city: str, kind: str, count: int) -> None:
    rows = CITIES[city].register.facilities
    assert sum(f.kind == kind and f.status == "open" for f in rows) == count


@pytest.mark.parametrize(
    ("city", "townships", "rows", "placed"),
    [
        ("清远", 85, 92, 85),
        ("江门", 73, 82, 71),
        ("中山", 23, 23, 22),
        ("珠山", 10, 11, 1),
        ("阳江", 48, 63, 40),
    ],
)
def test_counts_of_townships(city: str, townships: int, rows: int, placed: int) -> None:
    units = CITIES[city].units
    assert len(units.townships) == townships
    assert len(units.township_rows) == rows
    assert sum(u.placed for u in units.townships) == placed


@pytest.mark.parametrize("city", CITIES)
def test_every_city_reports(city: str) -> None:
    report = assess(CITIES[city])
    indicators = [*CITIES[city].plan.indicators, *CITIES[city].references]
    assert [r.indicator.id for r in report.results] == [i.id for i in indicators]
    for result in report.results:
        found = result.measurement
        if found.covered is not None and found.missing is not None:
            assert found.numerator == len(found.covered)
            assert not set(found.covered) & set(found.missing)
            if not found.partial:
                assert found.denominator == len(found.covered) + len(found.missing)
            if result.counties:
                assert sum(c.numerator or 0 for c in result.counties) == found.numerator
                assert sum(c.denominator for c in result.counties) == found.denominator
        if found.scale == 100 and found.ceiling is not None and result.value is not None:
            assert 0 <= result.value <= 100
    lost = [u.name for u in CITIES[city].units.townships if not u.placed]
    said = " ".join(n.zh for n in report.notes)
    assert all(name in said for name in lost)
    assert "近似" in said


def test_heshan_burial_sites_from_published_rows_alone() -> None:
    report = assess(CITIES["江门"], provenance=["published", "surveyed"])
    result = report["funeral.township_burial"]
    heshan = next(c for c in result.counties if c.name == "鹤山市")
    assert (heshan.numerator, heshan.denominator) == (8, 10)
    names = {CITIES["江门"].units.name(code) for code in heshan.missing}
    assert names == {"宅梧镇", "双合镇"}
    # No list is known of the other counties: that is not the same as none.
    assert {c.numerator for c in result.counties if c.name != "鹤山市"} == {None}
    assert set(result.measurement.missing or ()) == set(heshan.missing)
    assert not report.illustrative
    assert set(result.measurement.provenance) == {"published"}
    assert any("部分名录" in n.zh for n in result.notes)


def test_without_example_rows_the_plans_count_stands() -> None:
    """33 of 85 keeps its count and its gap; which ones is not known; the two never mix."""
    report = assess(QINGYUAN, provenance=["published", "surveyed"])
    assert report.provenance.keys() <= {"published", "surveyed"}
    assert not report.illustrative
    result = report["social_work.township_station"]
    assert result.measurement.basis == "stated"
    assert (result.measurement.numerator, result.measurement.denominator) == (33, 85)
    assert result.measurement.covered is None
    assert result.measurement.missing is None
    assert result.counties == ()
    assert {t.gap_units for t in result.targets} == {52}
    assert any("未知" in n.zh for n in result.notes)
    assert report["funeral.county_burial"].targets[-2].gap_units == 1
    assert report[INTEGRATED].value is None
    assert report[INTEGRATED].status == "unknown"


@pytest.mark.parametrize("city", CITIES)
def test_the_register_reproduces_every_total_of_the_plan(city: str) -> None:
    """Counts and beds of every total that the plan states, facility kind by facility kind."""
    rows = [f for f in CITIES[city].register.facilities if f.status == "open"]
    stated = [s for s in CITIES[city].plan.stated if not s.note.startswith("其中")]
    not_places = {"社区社会组织", "颁证室", "婚姻家庭辅导室"}
    for kind in {s.kind for s in stated}:
        totals = [s for s in stated if s.kind == kind and s.category not in not_places]
        found = [f for f in rows if f.kind == kind]
        real = sum(f.provenance == "published" for f in found)
        assert len(found) == max(sum(s.count for s in totals), real), kind
        beds = [s.beds for s in totals if s.beds is not None]
        if beds:
            assert sum(f.beds or 0 for f in found) == sum(beds), kind


def test_stated_counts_stand_without_example_rows() -> None:
    report = assess(QINGYUAN, provenance=["published", "surveyed"])
    hubs = report["social_org.hub_count"]
    assert hubs.value == 6
    assert hubs.targets[-1].gap_units == 2
    ashes = report["funeral.eco_storage"]
    assert ashes.value == 142
    assert ashes.measurement.basis == "stated"
    beds = assess(CITIES["江门"], provenance=["published"])["elder_care.beds_per_1000"]
    assert beds.value == Fraction("31.8")
    assert beds.measurement.denominator is None
    share = report["elder_care.nursing_bed_share"]
    assert share.value == Fraction("40.5")
    assert {t.gap_units for t in share.targets} == {None}, "no count, no number of beds"


def test_plans_and_sites_under_construction_are_told_apart_from_none() -> None:
    result = assess(CITIES["阳江"])["elder_care.city_nursing_home"]
    assert result.value is None
    assert any("规划" in n.zh and "尚未投用" in n.zh for n in result.notes)


def test_targets_that_are_not_due_yet() -> None:
    result = assess(QINGYUAN, year=2021)[INTEGRATED]
    assert result.status == "not_due"
    assert not any(t.due for t in result.targets)


def test_every_wrong_request_is_named_together() -> None:
    with pytest.raises(InputError) as caught:
        assess(QINGYUAN, year=1999, indicators=["a.b", "c.d"])
    assert len(caught.value.problems) == 3


def test_missing_units_are_ranked_by_people() -> None:
    result = assess(QINGYUAN)[INTEGRATED]
    people = [result.people[code] for code in result.measurement.missing or ()]
    assert people == sorted(people, reverse=True)
    assert len(people) == 45


def test_own_register_of_40_towns(tmp_path: Path) -> None:
    path = write_register(tmp_path / "a.csv", [centre(n, c) for n, c in enumerate(TOWNSHIPS[:40])])
    result = assess(QINGYUAN, register=QINGYUAN.read_register(path))[INTEGRATED]
    assert result.measurement.provenance == {"surveyed": 40}
    gaps = {(t.target.op, str(t.target.value)): t.gap_units for t in result.targets if t.due}
    assert gaps == {(">", "60"): 12, ("≥", "60"): 11}
    assert result.status == "not_met"


def test_contradicting_clauses_are_both_judged(tmp_path: Path) -> None:
    path = write_register(tmp_path / "a.csv", [centre(n, c) for n, c in enumerate(TOWNSHIPS[:51])])
    result = assess(QINGYUAN, register=QINGYUAN.read_register(path))[INTEGRATED]
    assert {t.target.op: t.met for t in result.targets if t.due} == {">": False, "≥": True}
    assert result.status == "contested"


def test_year_chooses_the_targets_in_force(tmp_path: Path) -> None:
    rows = [centre(n, c) for n, c in enumerate(TOWNSHIPS[:45])]
    register = QINGYUAN.read_register(write_register(tmp_path / "a.csv", rows))
    assert assess(QINGYUAN, register=register, year=2024)[INTEGRATED].status == "met"
    assert assess(QINGYUAN, register=register, year=2025)[INTEGRATED].status == "not_met"


def test_villages_cover_their_township_and_counties_do_not(tmp_path: Path) -> None:
    village = next(v for v in QINGYUAN.units.villages if v.parent == TOWNSHIPS[3])
    rows = [centre(1, village.code), centre(2, TOWNSHIPS[5][:6])]
    register = QINGYUAN.read_register(write_register(tmp_path / "a.csv", rows))
    result = assess(QINGYUAN, register=register)[INTEGRATED]
    assert result.measurement.covered == (TOWNSHIPS[3],)
    assert any("只知上级单元" in n.zh for n in result.notes)


def test_unknown_names_and_years() -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean elder_care\.integrated_township"):
        assess(QINGYUAN, indicators=["elder_care.integrated"])
    with pytest.raises(InputError, match="the year 1999 is outside the plan"):
        assess(QINGYUAN, year=1999)
    with pytest.raises(UnknownNameError, match="随附的有"):
        City.load("广州")
    for name in ("清远", "清远市", "qingyuan", "QINGYUAN", "441800", " 清远 "):
        assert City.load(name).code == "441800"


def test_supplied_values_of_reported_indicators(tmp_path: Path) -> None:
    path = tmp_path / "v.csv"
    reported = next(
        i
        for i in QINGYUAN.plan.indicators
        if not i.computed and any(t.op == "≥" and t.value for t in i.due(2025))
    )
    target = next(t for t in reported.due(2025) if t.value)
    assert target.value is not None
    path.write_text(f"id,value\n{reported.id},{float(target.value) + 1}\n", encoding="utf-8")
    result = assess(QINGYUAN, values=read_values(path, QINGYUAN))[reported.id]
    assert result.measurement.basis == "supplied"
    assert result.status == "met"
    path.write_text(f"id,value\nx.y,1\n{reported.id},a\n{reported.id},1\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_values(path, QINGYUAN)
    assert [p.row for p in caught.value.problems] == [2, 3]


_POOL = [u.code for u in (*QINGYUAN.units.township_rows, *QINGYUAN.units.counties)]
_KINDS = ("elder_care", "social_work_station", "columbarium", "child_protection_station")


@given(
    st.lists(st.tuples(st.sampled_from(_POOL), st.sampled_from(_KINDS)), min_size=1, max_size=40)
)
def test_adding_a_facility_never_lowers_a_ratio(rows: list[tuple[str, str]]) -> None:
    services = frozenset({"全托", "日托", "上门", "协调指导"})
    facilities = tuple(
        Facility(str(n), "x", kind, code, services=services) for n, (code, kind) in enumerate(rows)
    )
    before, after = Register(facilities[:-1]), Register(facilities)
    for indicator in QINGYUAN.plan.indicators:
        if indicator.measure not in {"unit_share", "count"}:
            continue
        old = measure(QINGYUAN, before, indicator, 2025).value
        new = measure(QINGYUAN, after, indicator, 2025).value
        assert new is None or 0 <= new <= (100 if indicator.measure == "unit_share" else 10**9)
        assert old is None or (new is not None and new >= old)


def test_building_the_gap_closes_it() -> None:
    """Adding as many centres as the gap says meets the target, one fewer does not."""
    indicator = QINGYUAN.plan[INTEGRATED]
    target = next(t for t in indicator.targets if t.op == ">" and t.year == 2025)
    towns = random.Random(1).sample(TOWNSHIPS, len(TOWNSHIPS))
    rows = [
        Facility(c, c, "elder_care", c, services=frozenset(indicator.match.services)) for c in towns
    ]

    def met(count: int) -> bool | None:
        found = measure(QINGYUAN, Register(tuple(rows[:count])), indicator, 2025)
        return judge(found, target, due=True).met

    start = measure(QINGYUAN, Register(tuple(rows[:40])), indicator, 2025)
    needed = judge(start, target, due=True).gap_units
    assert needed == 12
    assert met(40 + needed)
    assert not met(40 + needed - 1)


def test_results_are_immutable() -> None:
    result = assess(QINGYUAN, indicators=[INTEGRATED]).results[0]
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.status = "met"  # type: ignore[misc]
