"""Each clause as the plan means it: registers of our own against clauses of our own."""

from __future__ import annotations

import itertools
import tomllib
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.assessment import IndicatorResult, assess
from coverage.city import City
from coverage.clauses import RULES, Match, Target, condition_of, each_year, match_of, target_of
from coverage.errors import InputError
from coverage.facilities import Facility, Register
from coverage.fields import Fields
from coverage.gaps import as_planned, meets, meets_between
from coverage.measures import measure
from coverage.people_of_year import people_of_year
from coverage.plans import Forecast, PlanIndicator, plan_of
from coverage.population import People, Population
from coverage.scenarios.apply import Growths, edited_city, growths_of
from coverage.scenarios.edits import Growth, Scenario
from coverage.verdicts import judge, status_of

if TYPE_CHECKING:
    from coverage.gaps import Op
    from coverage.indicators import Measurement

QINGYUAN, ZHONGSHAN, ZHUSHAN = City.load("清远"), City.load("中山"), City.load("珠山")
TOWNS = QINGYUAN.units.at("township")
VILLAGES = QINGYUAN.units.villages
COUNTY = QINGYUAN.units.counties[0]


def indicator(measure_: str, level: str, match: Match, *targets: Target) -> PlanIndicator:
    return PlanIndicator(
        id="own.test",
        name="试",
        name_en="test",
        system="大养老",
        level=level,
        unit="%",
        nature="",
        measure=measure_,
        clause="一",
        match=match,
        baseline=None,
        targets=targets,
    )


def row(number: int, unit: str, kind: str = "public_cemetery", **more: Any) -> Facility:
    return Facility(f"t{number}", more.pop("name", f"甲{number}"), kind, unit, **more)


def found(
    rows: list[Facility], asked: PlanIndicator, city: City = QINGYUAN, year: int = 2025
) -> Measurement:
    return measure(city, Register(tuple(rows)), asked, year)


def between(
    rows: list[Facility], asked: PlanIndicator, city: City = QINGYUAN
) -> tuple[Fraction, Fraction]:
    low, high = found(rows, asked, city).bounds
    assert high is not None
    return low, high


def status(
    rows: list[Facility], asked: PlanIndicator, city: City = QINGYUAN, year: int = 2025
) -> str:
    made = found(rows, asked, city, year)
    due = asked.due(year)
    results = [judge(made, t, due=t in due, bound=asked.match.bound) for t in asked.targets]
    return status_of(made, results, computed=asked.computed)


# Tier and place.


def test_a_villages_ground_is_not_the_towns() -> None:
    """每个乡镇至少一座镇级: a ground of the village, by column, name or place, covers no town."""
    clause = Match(kinds=("public_cemetery",), tiers=("township",))
    asked = indicator("unit_share", "township", clause)
    village = next(v for v in VILLAGES if v.parent == TOWNS[0].code)
    own = row(1, TOWNS[0].code, tier="township")
    assert found([own], asked).covered == (TOWNS[0].code,)
    assert found([replace(own, tier="village")], asked).covered == ()
    assert found([row(1, village.code, tier="township")], asked).covered == (TOWNS[0].code,)
    doubtful = found([row(1, village.code)], asked)
    assert doubtful.covered == ()
    assert doubtful.bounds == (Fraction(0), Fraction(100, len(TOWNS)))


def test_of_a_city_without_counties_what_bears_its_code_is_its_own() -> None:
    match = Match(kinds=("child_protection_centre",), tiers=("city",))
    asked = indicator("unit_share", "city", match)
    centre = row(1, ZHONGSHAN.code, "child_protection_centre", name="市中心")
    assert found([centre], asked, ZHONGSHAN).covered == (ZHONGSHAN.code,)
    town = ZHONGSHAN.units.at("township")[0].code
    assert found([replace(centre, unit_code=town, tier="township")], asked, ZHONGSHAN).covered == ()


def test_the_citys_own_centre_covers_the_city_and_not_the_county_whose_code_it_bears() -> None:
    county = indicator("unit_share", "county", Match(kinds=("child_protection_centre",)))
    whole = indicator(
        "unit_share", "city", Match(kinds=("child_protection_centre",), tiers=("city",))
    )
    centre = row(1, COUNTY.code, "child_protection_centre", tier="city")
    assert found([centre], county).covered == ()
    assert found([centre], whole).covered == (QINGYUAN.code,)
    assert found([replace(centre, tier="county")], county).covered == (COUNTY.code,)
    assert found([replace(centre, tier="county")], whole).covered == ()


def test_the_countys_home_is_not_the_towns() -> None:
    asked = indicator("unit_share", "township", Match(kinds=("elder_care",)))
    home = row(1, TOWNS[0].code, "elder_care", tier="county")
    assert found([home], asked).covered == ()
    assert found([replace(home, tier="village")], asked).covered == (TOWNS[0].code,)


def test_a_centre_must_stand_where_the_clause_says() -> None:
    first, second = ZHUSHAN.units.townships[:2]
    asked = indicator("count", "city", Match(kinds=("elder_care",), inside=(first.name,)))
    rows = [row(1, second.code, "elder_care")]
    assert found(rows, asked, ZHUSHAN).value == 0
    assert found([*rows, row(2, first.code, "elder_care")], asked, ZHUSHAN).value == 1
    anywhere = found([row(3, ZHUSHAN.units.counties[0].code, "elder_care")], asked, ZHUSHAN)
    assert anywhere.bounds == (Fraction(0), Fraction(1))


def test_a_facility_counts_where_the_scope_says() -> None:
    city_village = next(v for v in VILLAGES if v.category == "社区")
    rural = next(v for v in VILLAGES if v.category == "村")
    asked = indicator("count", "city", Match(kinds=("day_care",), places=("社区",)))
    rows = [row(1, city_village.code, "day_care"), row(2, rural.code, "day_care")]
    made = found([*rows, row(3, TOWNS[0].code, "day_care")], asked)
    assert (made.value, made.bounds) == (Fraction(1), (Fraction(1), Fraction(2)))


@given(st.lists(st.sampled_from(("city", "county", "township", "village", "")), max_size=8))
def test_more_facilities_never_cover_less_whatever_their_tiers(tiers: list[str]) -> None:
    asked = indicator(
        "unit_share", "township", Match(kinds=("public_cemetery",), tiers=("township",))
    )
    rows = [row(n, TOWNS[n % 5].code, tier=t) for n, t in enumerate(tiers)]
    values = [between(rows[:n], asked) for n in range(1, len(rows) + 1)]
    assert all(a[0] <= b[0] and a[1] <= b[1] for a, b in itertools.pairwise(values))
    assert all(low <= high for low, high in values)


# Targets.


def target(year: int, op: Op | None = "≥", value: int = 1, **more: Any) -> Target:
    return Target(year, op, Fraction(value) if op else None, clause="一", **more)


def test_words_of_a_later_year_never_hide_the_last_number_in_force() -> None:
    asked = indicator("count", "city", Match(kinds=("elder_care",)))
    asked = replace(asked, targets=(target(2018, value=3), target(2020, None, text="建设")))
    assert [t.year for t in asked.due(2020)] == [2018, 2020]
    rows = [row(1, TOWNS[0].code, "elder_care")]
    assert status(rows, asked, year=2020) == "not_met"
    assert status(rows, asked, year=2025) == "not_met"
    assert status(rows, asked, year=2017) == "not_due"
    assert [t.year for t in replace(asked, targets=(target(2020), target(2023))).due(2024)] == [
        2023
    ]


@given(
    st.lists(st.tuples(st.integers(2016, 2026), st.sampled_from((None, "≥", "="))), max_size=6),
    st.integers(2016, 2026),
)
def test_a_past_number_is_never_not_due(spec: list[tuple[int, Op | None]], year: int) -> None:
    targets = tuple(target(y, op) for y, op in spec)
    asked = replace(indicator("count", "city", Match(kinds=("elder_care",))), targets=targets)
    said = status([row(1, TOWNS[0].code, "elder_care")], asked, year=year)
    assert (said == "not_due") == (
        any(t.op for t in targets) and not any(t.op and t.year <= year for t in targets)
    )


def test_a_yearly_duty_is_judged_in_each_year() -> None:
    match = Match(kinds=("community_org",), opened="year", at_least=2)
    fields = Fields({"year": 2025, "op": "=", "value": 100, "clause": "一", "every": "year"}, [])
    duty = each_year(target_of(fields), 2021)
    assert [t.year for t in duty] == [2021, 2022, 2023, 2024, 2025]
    asked = replace(indicator("unit_share", "county", match), targets=duty)
    counties = QINGYUAN.units.counties
    rows = [
        row(2 * n + k, c.code, "community_org", opened=date(2022, 5, 1))
        for n, c in enumerate(counties)
        for k in (0, 1)
    ]
    city = City.load("清远")
    city.plan = replace(city.plan, indicators=(asked,))
    for year, said in ((2021, "not_met"), (2022, "met"), (2023, "not_met")):
        report = assess(city, year=year, register=Register(tuple(rows)), indicators=["own.test"])
        assert report["own.test"].status == said, year
    met = {t.target.year: t.met for t in report["own.test"].targets}
    assert met == {2021: False, 2022: True, 2023: False, 2024: None, 2025: None}


def test_a_cumulative_duty_adds_up_what_each_year_brought() -> None:
    """五年累计: what opened in each year, closed again or not, and what may be of these years."""
    fields = Fields({"year": 2025, "op": "≥", "value": 4, "clause": "一", "sum": True}, [])
    match = Match(kinds=("community_org",))
    asked = indicator("count", "city", match, target_of(fields))
    town = TOWNS[0].code

    def new(number: int, year: int, **more: Any) -> Facility:
        return row(number, town, "community_org", opened=date(year, 6, 1), **more)

    before = new(0, 2019)
    rows = [before, new(1, 2021), new(2, 2022, closed=date(2024, 3, 1)), new(3, 2023)]
    city = City.load("清远")
    city.plan = replace(city.plan, indicators=(asked,))

    def result(rows: list[Facility], year: int) -> IndicatorResult:
        given_ = Register(tuple(rows))
        return assess(city, year=year, register=given_, indicators=["own.test"])["own.test"]

    for year, value in ((2021, 1), (2022, 2), (2023, 3), (2025, 3)):
        assert result(rows, year).value == value, year
    assert result(rows, 2025).status == "not_met"
    assert result(rows, 2025).targets[0].gap_units == 1
    assert result([*rows, new(4, 2025)], 2025).status == "met"
    doubtful = result([*rows, row(5, town, "community_org")], 2025)
    assert doubtful.measurement.bounds == (Fraction(3), Fraction(4))
    assert doubtful.targets[0].met is None
    size = replace(asked, measure="size", match=replace(match, size="floor_area"))
    city.plan = replace(city.plan, indicators=(size,))
    areas = [replace(one, floor_area=200.5) for one in rows]
    assert result(areas, 2025).value == Fraction("601.5")


def test_shares_of_several_years_do_not_add_up() -> None:
    text = """
        plan = {id = "x", city = "441800", title = "x", start = 2021, end = 2025}
        [[indicator]]
        id = "a"
        name = "a"
        system = "大养老"
        level = "township"
        measure = "unit_share"
        match = {kinds = ["elder_care"]}
        target = [{year = 2025, op = "≥", value = 4, clause = "一", sum = true}]
    """
    with pytest.raises(InputError, match="逐年累计"):
        plan_of(Fields(tomllib.loads(text), []))


def test_a_size_is_what_the_plan_says_and_more_is_not_better() -> None:
    asked = indicator("size", "city", Match(kinds=("cemetery",), size="beds"))
    asked = replace(asked, targets=(target(2025, "=", 1000, rule="size"),))

    def of(beds: int) -> str:
        return status([row(1, TOWNS[0].code, "cemetery", beds=beds)], asked)

    assert [of(n) for n in (900, 951, 1000, 1049, 1200)] == [
        "not_met", "met", "met", "met", "not_met",
    ]  # fmt: skip
    assert as_planned(Fraction(2), Fraction(2))
    assert not as_planned(Fraction(3), Fraction(2))


def test_what_is_of_another_scope_is_shown_and_not_judged() -> None:
    asked = indicator("count", "city", Match(kinds=("elder_care",)))
    asked = replace(asked, targets=(target(2025, value=9, scope="城市社区"),))
    made = found([row(1, TOWNS[0].code, "elder_care")], asked)
    (result,) = [judge(made, t, due=True) for t in asked.targets]
    assert result.met is None
    assert status([row(1, TOWNS[0].code, "elder_care")], asked) == "in_words"


@given(
    st.fractions(0, 100),
    st.fractions(0, 50),
    st.sampled_from((">", "≥", "=", "≤", "<")),
    st.fractions(0, 150),
)
def test_a_verdict_between_bounds_holds_for_every_value(
    low: Fraction, width: Fraction, op: Op, goal: Fraction
) -> None:
    said = meets_between(low, low + width, op, goal)
    values = [low + width * k / 7 for k in range(8)] + [min(max(goal, low), low + width)]
    if said is not None:
        assert all(meets(v, op, goal) is said for v in values)
    open_end = meets_between(low, None, op, goal)
    if open_end is not None:
        assert all(meets(v, op, goal) is open_end for v in (*values, Fraction(10**6)))


# Conditions.


def test_counties_of_a_million_are_asked_for_and_no_others() -> None:
    """By the shipped figures 清城区 has 1,119,901 people and 英德 fewer than a million."""
    asked = indicator(
        "unit_share",
        "county",
        Match(kinds=("psychiatric_welfare",), when="all >= 1000000"),
        target(2025, "=", 100),
    )
    names = {c.name: c.code for c in QINGYUAN.units.counties}
    big, small = names["清城区"], names["英德市"]
    assert found([row(1, small, "psychiatric_welfare")], asked).missing == (big,)
    assert status([row(1, small, "psychiatric_welfare")], asked) == "not_met"
    assert status([row(1, big, "psychiatric_welfare")], asked) == "met"
    none = replace(asked, match=replace(asked.match, when="all >= 9000000"))
    assert found([row(1, big, "psychiatric_welfare")], none).value is None
    assert condition_of("about a million") is None


# Years of parts.


def city_of(*people: tuple[str, str, int, int, str, str], **plan: Any) -> City:
    city = City.load("中山")
    city.population = Population(
        People(code, "city", group, year, count, how, note=note)
        for code, group, year, count, how, note in people
    )
    city.plan = replace(city.plan, **plan)
    return city


BEDS = Match(kinds=("elder_care",), share="per_1000_60plus")
HOME = [row(1, ZHONGSHAN.units.townships[0].code, "elder_care", beds=350)]


def test_people_are_of_the_year_of_the_beds_by_one_rule() -> None:
    code, plan = ZHONGSHAN.code, {"forecasts": (Forecast("60+", 2025, 12_000, "二"),)}
    rows = [
        (code, "60+", 2020, 10_000, "published", ""),
        (code, "60+", 2022, 11_000, "published", ""),
        (code, "60+", 2025, 99_000, "modelled", ""),
    ]
    city = city_of(*rows, **plan)

    def of(year: int) -> tuple[int, int, int, int]:
        one = people_of_year(city, "60+", year)
        assert one is not None
        return one.count, one.year, one.lowest, one.highest

    assert of(2022) == (11_000, 2022, 11_000, 11_000)
    assert of(2025)[:2] == (12_000, 2025)
    assert of(2021)[:2] == (10_500, 2021)
    assert of(2019) == (10_000, 2020, 9_500, 10_500)
    assert people_of_year(city, "80+", 2020) is None


@pytest.mark.parametrize(
    ("goal", "said"), [(30, "met"), (34, "undecided"), (36, "undecided"), (39, "not_met")]
)
def test_a_verdict_that_hangs_on_another_years_people_is_not_given(goal: int, said: str) -> None:
    city = city_of((ZHONGSHAN.code, "60+", 2023, 10_000, "published", ""))
    asked = indicator("bed_ratio", "city", BEDS, target(2025, "≥", goal))
    assert status(HOME, asked, city) == said
    notes = "".join(n.zh for n in found(HOME, asked, city).notes)
    assert "2025 年人数未知，暂用 2023 年" in notes


def test_a_ratio_is_not_judged_by_people_that_were_derived_from_it() -> None:
    derived = (ZHONGSHAN.code, "60+", 2020, 10_000, "modelled", "由规划自身的比例反推：370÷37")
    asked = indicator("bed_ratio", "city", BEDS, target(2020, "≥", 1))
    made = found(HOME, asked, city_of(derived), 2020)
    assert made.value == 35
    assert status(HOME, asked, city_of(derived), 2020) == "undecided"
    own = (ZHONGSHAN.code, "60+", 2020, 10_000, "published", "")
    assert status(HOME, asked, city_of(derived, own), 2020) == "met"


def test_beds_for_everyone_who_cannot_care_for_themselves() -> None:
    city = city_of((ZHONGSHAN.code, "特困失能", 2025, 400, "published", ""))
    match = Match(kinds=("elder_care",), share="per_person", group="特困失能")
    asked = indicator("bed_ratio", "city", match, target(2025, "≥", 100))
    made = found(HOME, asked, city)
    assert (made.numerator, made.denominator, made.value) == (350, 400, Fraction(175, 2))
    assert status(HOME, asked, city) == "not_met"
    assert status(HOME, asked, city_of()) == "unknown"


def test_a_bound_proves_that_a_class_is_missed_and_nothing_more() -> None:
    city = city_of((ZHONGSHAN.code, "households", 2025, 1_000, "published", ""))
    match = Match(kinds=("day_care",), bound=True)
    asked = indicator("area_per_100_households", "city", match, target(2025, "≥", 15))
    town = ZHONGSHAN.units.townships[0].code
    assert status([row(1, town, "day_care", floor_area=149)], asked, city) == "not_met"
    assert status([row(1, town, "day_care", floor_area=151)], asked, city) == "undecided"


# Measures of a register.


def test_shares_by_ownership_and_by_what_was_opened_since() -> None:
    homes = [
        row(1, TOWNS[0].code, "elder_care", ownership="民办", beds=10, nursing_beds=9,
            opened=date(2022, 1, 1)),
        row(2, TOWNS[0].code, "elder_care", ownership="公办", beds=90, nursing_beds=0,
            opened=date(2010, 1, 1)),
    ]  # fmt: skip
    private = Match(kinds=("elder_care",), ownership_of=("民办", "公建民营"))
    assert found(homes, indicator("facility_share", "city", private)).value == 50
    new = Match(kinds=("elder_care",), share="nursing", opened="plan")
    assert found(homes, indicator("bed_ratio", "city", new)).value == 90
    late = [*homes, replace(homes[1], id="t3", opened=None)]
    assert between(late, indicator("bed_ratio", "city", new)) == (Fraction(9), Fraction(90))


def test_a_volunteer_station_is_inside_a_community_facility_of_its_village() -> None:
    one, other = VILLAGES[:2]
    match = Match(kinds=("community_service",), beside=("volunteer_station",))
    asked = indicator("facility_share", "village", match)
    rows = [row(n, v.code, "community_service") for n, v in enumerate((one, other))]
    assert found([*rows, row(9, one.code, "volunteer_station")], asked).value == 50
    near = replace(asked, match=replace(match, metres=300.0))
    at = [replace(r, lon=113.0 + n, lat=23.7) for n, r in enumerate(rows)]
    station = row(9, other.code, "volunteer_station", lon=113.002, lat=23.7)
    assert found([*at, station], near).value == 50
    assert found([*at, replace(station, lon=113.004)], near).value == 0


def test_a_network_is_whole_where_every_tier_stands() -> None:
    village = next(v for v in VILLAGES if v.parent == TOWNS[0].code)
    asked = indicator(
        "network", "village", Match(kinds=("day_care",), tiers=("county", "township", "village"))
    )
    rows = [
        row(1, TOWNS[0].code[:6], "day_care", tier="county", lon=113.0, lat=23.7),
        row(2, TOWNS[0].code, "day_care", tier="township", lon=113.1, lat=23.7),
        row(3, village.code, "day_care", tier="village"),
    ]
    made = found(rows, asked)
    assert made.covered == (village.code,)
    assert "10.2 公里" in "".join(n.zh for n in made.notes)
    assert found(rows[1:], asked).covered == ()


# What a file may say.


def test_every_slip_of_a_clause_is_told() -> None:
    problems: list[Any] = []
    match = {"kinds": ["casino"], "tiers": ["street"], "when": "many", "opened": "ever"}
    match_of(Fields(match, problems), "size")
    goal = {"year": 2025, "op": ">", "value": 3, "clause": "一", "rule": "size"}
    target_of(Fields(goal, problems))
    with pytest.raises(InputError) as error:
        raise InputError(problems)
    said = str(error.value)
    for word in ("casino", "street", "all >= 1000000", "ever", "哪种规模", "规则 size"):
        assert word in said
    assert set(RULES) == {"at_least", "exactly", "at_most", "size"}


def test_the_plans_own_results_are_shown_in_its_baseline_year() -> None:
    report = assess(City.load("阳江"), year=2020)
    ratio = report["relief.dibao_urban_consumption_share"]
    assert (ratio.value, ratio.status) == (Fraction(412, 10), "met")
    assert report["relief.dibao_rural_consumption_share"].status == "not_met"
    with pytest.raises(InputError):
        assess(City.load("阳江"), year=2019)


# Growth in scenarios.


def _grown(*growths: Growth, year: int = 2025) -> Growths:
    scenario = replace(Scenario("试", "清远"), growths=growths)
    return growths_of(QINGYUAN, scenario, year)


@pytest.mark.parametrize("year", [2020, 2023, 2025])
def test_a_number_of_people_is_that_number_in_every_year(year: int) -> None:
    rule = Growth(QINGYUAN.code, "all", year, people=4_000_000)
    city = edited_city(QINGYUAN, replace(Scenario("试", "清远"), growths=(rule,)), 2025)
    own = [r for r in city.population.rows if (r.unit_code, r.group) == (QINGYUAN.code, "all")]
    assert {r.count for r in own} == {4_000_000}
    base = QINGYUAN.population.base_year("all")
    towns = [r for r in QINGYUAN.population.rows if (r.level, r.year) == ("township", base)]
    factors = _grown(rule)
    whole = sum(r.count * factors.factor(r.unit_code[:6], "all") for r in towns if r.group == "all")
    assert whole == 4_000_000


def test_the_latest_and_most_specific_growth_wins_and_the_others_are_named() -> None:
    county = QINGYUAN.units.counties[1].code
    early = Growth(QINGYUAN.code, "all", 2022, growth=Fraction(2))
    late = Growth(QINGYUAN.code, "all", 2024, growth=Fraction(3))
    own = Growth(county, "all", 2021, growth=Fraction(5))
    found = _grown(late, own, early)
    assert found.factor(county, "all") == 5
    assert found.factor(QINGYUAN.units.counties[0].code, "all") == 3
    assert found.overruled == (early, late)
    assert _grown(late, early, year=2023).factor(county, "all") == 2
    assert _grown(late).overruled == ()
