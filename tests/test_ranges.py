"""Ranges: whatever is not known of a register or of places, the truth lies inside them."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import coverage as cov
from coverage.city import City
from coverage.clauses import Match, Target
from coverage.facilities import Facility, Register, register_csv
from coverage.measures import measure
from coverage.plans import PlanIndicator
from coverage.reach.bounds import people_between
from coverage.results.from_report import to_dict
from coverage.results.ranges import printed_gap, printed_range
from coverage.verdicts import judge
from synthetic_cities import MadeCity, made_city

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from coverage.indicators import Measurement

CITY = City.load("清远")
TOWNS = [t.code for t in CITY.units.at("township")][:12]
VILLAGES = [v.code for v in CITY.units.villages if v.parent in TOWNS][:60]
SERVICES = ("全托", "日托", "上门", "协调指导")


def _asked(measure_: str, level: str, match: Match, value: int, unit: str = "%") -> PlanIndicator:
    targets = tuple(
        Target(2025, op, Fraction(value), "t", "一", rule="at_least") for op in (">", "≥")
    )
    return PlanIndicator(
        *("own.test", "试", "test", "大养老", level, unit, "", measure_, "一"),
        match=match,
        baseline=None,
        targets=targets,
    )


HOMES = Match(kinds=("elder_care",))
ASKED = (
    _asked("unit_share", "township", replace(HOMES, services=SERVICES[:2]), 5),
    _asked("unit_share", "village", HOMES, 1),
    _asked("unit_share", "county", replace(HOMES, at_least=3), 25),
    _asked("unit_share", "county", replace(HOMES, tiers=("county",)), 25),
    _asked("count", "city", replace(HOMES, ownership=("民办",)), 3, "个"),
    _asked("count", "city", replace(HOMES, opened="plan"), 3, "个"),
    _asked("size", "city", replace(HOMES, size="beds"), 300, "张"),
    _asked("size", "city", replace(HOMES, size="floor_area"), 900, "平方米"),
    _asked("bed_ratio", "city", replace(HOMES, share="nursing"), 50),
    _asked("bed_ratio", "city", replace(HOMES, share="nursing", opened="plan"), 50),
    _asked("bed_ratio", "city", replace(HOMES, share="per_1000_60plus"), 1, "张"),
    _asked("facility_share", "city", replace(HOMES, ownership_of=("民办",)), 40),
    _asked("facility_share", "city", replace(HOMES, opened="plan", services_of=("全托",)), 40),
)


@st.composite
def _homes(draw: Callable[..., Any]) -> tuple[list[Facility], list[Facility]]:
    """A register as it is, and as a bureau has it: the same rows with blanks."""
    true, told = [], []
    for n in range(draw(st.integers(1, 9))):
        tier = draw(st.sampled_from(("county", "township", "village")))
        code = draw(st.sampled_from(VILLAGES if tier == "village" else TOWNS))
        beds = draw(st.integers(0, 200))
        home = Facility(
            f"h{n}",
            f"甲{n}",
            "elder_care",
            code[:6] if tier == "county" and draw(st.booleans()) else code,
            tier=tier,
            services=frozenset(draw(st.sets(st.sampled_from(SERVICES)))),
            beds=beds,
            nursing_beds=draw(st.integers(0, beds)),
            floor_area=float(draw(st.integers(10, 900))),
            ownership=draw(st.sampled_from(("民办", "公办"))),
            opened=date(draw(st.integers(2018, 2025)), 5, 1),
        )
        blanks: dict[str, Any] = {}
        for name in draw(
            st.sets(st.sampled_from(("beds", "nursing_beds", "floor_area", "opened")), max_size=2)
        ):
            blanks[name] = None
        if draw(st.integers(0, 3)) == 0:
            blanks["ownership"] = ""
        if draw(st.integers(0, 3)) == 0:
            blanks["unit_code"] = home.unit_code[: draw(st.sampled_from((6, 9)))]
        true.append(home)
        told.append(replace(home, **blanks))
    return true, told


def _of(rows: list[Facility], asked: PlanIndicator) -> Measurement:
    return measure(CITY, Register(tuple(rows)), asked, 2025)


@given(_homes(), st.sampled_from(ASKED))
@settings(max_examples=600, deadline=None)
def test_a_stated_verdict_holds_whatever_is_not_known(
    homes: tuple[list[Facility], list[Facility]], asked: PlanIndicator
) -> None:
    true, told = homes
    truth, found = _of(true, asked), _of(told, asked)
    if found.value is None or truth.value is None:
        return
    low, high = found.bounds
    assert low <= truth.value
    assert high is None or truth.value <= high
    assert found.range is None or low < (high if high is not None else low + 1)
    for target in asked.targets:
        stated, real = judge(found, target, due=True), judge(truth, target, due=True)
        assert stated.met in {None, real.met}
        assert (stated.met is None) == (stated.undecided is not None)
        if stated.gap_range is not None and real.gap_units is not None:
            least, most = stated.gap_range
            assert least <= real.gap_units
            assert most is None or real.gap_units <= most


def test_facilities_known_by_their_township_leave_two_to_eleven_villages() -> None:
    """Nine facilities known by their township cover nine of eleven villages at most."""
    villages = [v.code for v in CITY.units.villages]
    open_ = [v for v in villages if v[:9] in TOWNS[:3]][:11]
    rest = [v for v in villages if v not in open_]
    rows = [Facility(f"v{n}", f"甲{n}", "mutual_aid", v) for n, v in enumerate(rest)]
    per_town = {town: sum(v[:9] == town for v in open_) for town in TOWNS[:3]}
    more = [town for town, count in per_town.items() for _ in range(count)][:9]
    rows += [Facility(f"t{n}", f"乙{n}", "mutual_aid", town) for n, town in enumerate(more)]
    match = Match(kinds=("mutual_aid",))
    asked = _asked("unit_share", "village", match, 100)
    found = _of(rows, asked)
    assert found.bounds[1] == Fraction(100 * (len(villages) - 2), len(villages))
    assert len(found.in_doubt) == 11
    result = judge(found, asked.targets[1], due=True)
    assert (result.met, result.gap_range) == (False, (2, 11))


def test_beds_that_may_be_for_nursing_narrow_a_gap_to_a_range() -> None:
    """1,000 beds of which it is not known whether they are for nursing: 2,593 to 3,593 short."""
    rows = [
        Facility("a", "甲", "elder_care", TOWNS[0], beds=12_000, nursing_beds=3_557),
        Facility("b", "乙", "elder_care", TOWNS[1], beds=1_000),
    ]
    asked = _asked("bed_ratio", "city", replace(HOMES, share="nursing"), 55)
    result = judge(_of(rows, asked), asked.targets[1], due=True)
    assert (result.met, result.gap_range) == (False, (2593, 3593))


@pytest.mark.parametrize("profile", ["older_walk", "drive"])
def test_people_reached_lie_between_the_bounds(profile: str) -> None:
    for seed in range(1_000, 1_020):
        _check(made_city(seed), profile)


def _check(made: MadeCity, profile: str) -> None:
    minutes = 15 if profile == "older_walk" else 5
    asked: dict[str, Any] = {"profile": profile, "minutes": minutes}
    true = cov.travel_time(made.known, **asked)
    truth = people_between(true, "all")
    assert truth.lowest == truth.highest
    assert truth.unsure == ()
    half = made.told.copy()
    register = cov.register(half, made.known)
    for times in (
        cov.travel_time(made.hidden, **asked),
        cov.travel_time(made.known, register=register, **asked),
    ):
        found = people_between(times, "all")
        assert found.lowest <= truth.lowest
        assert truth.highest <= found.highest <= round(times.demand.total()) + 1
        assert found.unsure


def test_json_says_ranges_and_why_nothing_is_decided() -> None:
    report = cov.assess(CITY)
    found = {i["id"]: i for i in to_dict(report)["indicators"]}
    nursing = found["elder_care.nursing_bed_share"]
    assert nursing["status"] == "undecided"
    assert nursing["range"] == {"low": 0, "high": 100}
    assert {t["undecided_because"] for t in nursing["targets"]} == {"3 处设施床位数不详"}
    assert found["elder_care.integrated_township"]["range"] is None
    json.dumps(found)


def test_layers_bear_the_register_whole_and_the_ranges(tmp_path: Path) -> None:
    home = Facility(
        *("k1", "甲院", "elder_care", TOWNS[0]),
        tier="township",
        beds=100,
        land_area=2_500.0,
        grade="三星",
        partner="县医院",
    )
    (tmp_path / "r.csv").write_text(register_csv([home]), encoding="utf-8")
    command = ("brief", "--city", "清远", "--facilities", str(tmp_path / "r.csv"))
    asked = ("--formats", "gpkg", "--out", str(tmp_path / "o"))
    subprocess.run(
        [sys.executable, "-m", "coverage.cli.main", *command, *asked],
        check=True,
        capture_output=True,
    )
    with closing(sqlite3.connect(next((tmp_path / "o").glob("*.gpkg")))) as base:
        row = base.execute("SELECT tier, land_area, grade, partner FROM facilities").fetchone()
        assert row == ("township", 2500, "三星", "县医院")
        found = base.execute(
            "SELECT value, low, high FROM indicators WHERE id = 'elder_care.circle_15min'"
        ).fetchone()
        assert found[1] <= found[0] <= found[2]


@pytest.mark.parametrize(
    ("ends", "percent", "said"),
    [
        (None, True, ""),
        ((Fraction(7, 10), Fraction("91.3")), True, "（0.7–91.3%）"),
        ((Fraction(9), Fraction(10)), True, ""),
        ((Fraction(9), Fraction(11)), False, "（9–11）"),
        ((Fraction(9), None), False, "（9 或更多）"),
    ],
)
def test_a_range_is_printed_where_it_matters(ends: Any, percent: bool, said: str) -> None:
    assert printed_range(ends, "zh", percent=percent) == said


@pytest.mark.parametrize(
    ("units", "between", "said"),
    [
        (None, None, ""),
        (11, None, "差 11 个村居"),
        (11, (2, 11), "差 2 至 11 个村居"),
        (11, (2, None), "差 至少 2 个村居"),
    ],
)
def test_a_gap_is_a_range_where_something_is_not_known(units: Any, between: Any, said: str) -> None:
    assert printed_gap(units, between, "个村居", "zh") == said
