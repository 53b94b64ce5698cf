"""Scenarios run: truth by another way, words held against the numbers, and nothing touched."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import jsonschema
import numpy as np
import pytest

from conftest import ROOT
from coverage.assessment import assess
from coverage.city import City
from coverage.errors import InputError
from coverage.reach.ground import set_up_travel
from coverage.reach.service import travel_time
from coverage.results.scenario import to_markdown, to_text
from coverage.results.scenario_data import to_csv, to_dict
from coverage.results.scenario_words import heads, paragraph, sentences
from coverage.results.table import WIDTH
from coverage.scenarios.apply import edited_city, growths_of
from coverage.scenarios.compare import compare
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
from coverage.scenarios.file import read
from coverage.scenarios.live import LiveCity, Question, questions_of
from coverage.scenarios.ranking import CRITERIA
from coverage.settings import PACKAGE_DIR
from coverage.text import width
from coverage.travel.times import nearest
from helpers import run

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.scenarios.outcome import Comparison, Outcome

INTEGRATED = ("全托", "日托", "上门", "协调指导")
QUESTION = Question(("elder_care",), INTEGRATED, "60+")
TOWNSHIP = "elder_care.integrated_township"
CIRCLE = "elder_care.circle_15min"


@pytest.fixture(scope="module")
def city() -> City:
    return City.load("清远")


def add(number: int, code: str, **more: Any) -> Add:
    return Add(f"T{number}", f"新{number}", "elder_care", Place(code), services=INTEGRATED, **more)


def scenario(name: str = "试", **edits: Any) -> Scenario:
    return Scenario(name, "清远", **edits)


def only(city: City, one: Scenario, **how: Any) -> Outcome:
    return compare(city, [one], question=QUESTION, profile="drive", **how).outcomes[0]


@pytest.fixture(scope="module")
def mixed(city: City) -> Comparison:
    """The example of the docs beside a closure and a copy that is worse in every respect."""
    shown = [read(ROOT / "docs" / f"example-scenario{n}.toml", city) for n in ("", "-close")]
    dear = replace(shown[0], name="同样而更贵", costs=Costs(site={"elder_care": Fraction(9000)}))
    return compare(city, [*shown, dear], profile="drive")


def schema() -> dict[str, Any]:
    """The published schema of what a run prints as JSON."""
    path = PACKAGE_DIR / "schemas" / "scenario.schema.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(found)
    return found


# Truth by another way.


def test_a_run_equals_two_full_runs(city: City) -> None:
    """Every edit of a facility at once, against travel times and reports computed anew."""
    edits = scenario(
        adds=(add(1, "441803113"), add(2, "441881136", opened=date(2024, 1, 1))),
        opens=(Open("441800-P016", to=Place("441821100"), services=INTEGRATED),),
        closes=(Close("441800-X0010"),),
        moves=(Move("441800-X0004", Place("441802103", 113.119, 23.75)),),
        upgrades=(Upgrade("441800-X0001", services=INTEGRATED, beds=500),),
    )
    found = only(city, edits)
    after = edited_city(city, edits, 2025)
    how: dict[str, Any] = {"services": INTEGRATED, "profile": "drive", "year": 2025}
    full = [travel_time(city, register=rows, **how) for rows in (city.register, after.register)]
    access = found.access[0]
    for live, fresh in zip((access.before, access.after), full, strict=True):
        assert np.array_equal(live.seconds, fresh.seconds)
        assert np.array_equal(live.facility, fresh.facility)
        assert live.sites.facilities == fresh.sites.facilities
    older = full[0].demand.people["60+"]
    inside = [one.seconds <= 900 for one in full]
    for name, moved in (
        ("gained", ~inside[0] & inside[1]),
        ("lost", inside[0] & ~inside[1]),
        ("nearer", full[1].seconds < full[0].seconds),
        ("farther", full[1].seconds > full[0].seconds),
    ):
        found_ = getattr(access.main, name)
        assert found_ == pytest.approx(older[moved].sum(), abs=1)
        assert found_ == int(found_) > 0
    reports = [assess(city, year=2025), assess(after, year=2025, register=after.register)]
    for change in found.indicators:
        for mine, report in zip((change.before, change.after), reports, strict=True):
            same = report[mine.indicator.id]
            assert mine.value == same.value
            assert mine.status == same.status
            assert mine.measurement.covered == same.measurement.covered
            assert mine.counties == same.counties


def test_a_city_in_memory_follows_any_register(city: City) -> None:
    """Random registers one after the other: facilities go, come back, move to seats of others."""
    ground = set_up_travel(city, profile="drive")
    rows = city.register
    live = LiveCity(city, ground, QUESTION, rows, 2025)
    rng = np.random.default_rng(5)
    seats = [u.code for u in city.units.townships if u.placed]
    mine = [f for f in rows.facilities if QUESTION.counts(f, 2025)]
    for _ in range(12):
        gone = {f.id for f in mine if rng.random() < 0.1}
        moved = {f.id: str(rng.choice(seats)) for f in mine if rng.random() < 0.1}
        kept = tuple(
            replace(f, unit_code=moved.get(f.id, f.unit_code))
            for f in rows.facilities
            if f.id not in gone
        )
        changes = live.follow(replace(rows, facilities=kept), 2025)
        assert changes > 0
        times = live.times()
        fresh = nearest(ground.network, times.sites.xy, ground.points)
        assert np.array_equal(times.seconds, fresh.seconds)
        assert np.array_equal(times.facility, fresh.facility)
    assert live.follow(replace(rows, facilities=kept), 2025) == 0


def test_many_changes_at_once_are_what_they_are_one_by_one(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred new facilities took half a minute, each searched for itself."""
    ground = set_up_travel(city, profile="drive")
    rows, seats = city.register, [u.code for u in city.units.townships if u.placed]
    one = next(f for f in rows.facilities if QUESTION.counts(f, 2025))
    new = [replace(one, id=f"n{n}", unit_code=seats[n % len(seats)]) for n in range(30)]
    after = replace(rows, facilities=(*new[:15], *rows.facilities[2:], *new[15:]))
    found = []
    for many in (0, 1_000):
        monkeypatch.setattr("coverage.scenarios.live._MANY", many)
        live = LiveCity(city, ground, QUESTION, rows, 2025)
        changes = [live.follow(after, 2025), live.follow(rows, 2025), live.follow(after, 2025)]
        assert changes[0] == changes[1] == changes[2] >= 30
        found.append(live.times())
    fresh = nearest(ground.network, found[0].sites.xy, ground.points)
    for times in found:
        assert np.array_equal(times.seconds, fresh.seconds)
        assert [times.sites.facilities[n].id for n in times.facility] == [
            found[0].sites.facilities[n].id for n in found[0].facility
        ]


def test_people_add_up(mixed: Comparison) -> None:
    for outcome in mixed.outcomes:
        for access in outcome.access:
            for row in (*access.people, *access.counties):
                change = row.reached - row.reached_before
                assert change == pytest.approx(row.gained - row.lost, abs=1e-6)
                assert 0 <= row.beyond <= row.total
            for field in ("gained", "lost", "nearer", "farther", "reached", "total"):
                parts = sum(getattr(row, field) for row in access.counties)
                assert parts == pytest.approx(getattr(access.main, field), abs=1e-6)


def test_townships_that_change(city: City) -> None:
    found = only(city, scenario(adds=(add(1, "441803113"),), closes=(Close("441800-X0010"),)))
    assert [code for _, code in found.newly_covered] == ["441803113"]
    assert [code for _, code in found.no_longer_covered] == ["441803112"]
    change = next(c for c in found.indicators if c.after.indicator.id == TOWNSHIP)
    assert change.after.measurement.numerator == change.before.measurement.numerator
    assert change.changed


def test_years_differ(city: City) -> None:
    edits = scenario(
        adds=(add(1, "441803113", opened=date(2028, 1, 1)),),
        growths=(Growth("441802", "60+", 2030, Fraction(3, 2)),),
    )
    early, late = (only(city, edits, year=year) for year in (2025, 2030))
    assert (early.later, late.later) == (2, 0)
    assert early.gained == 0 < late.gained
    before, after = late.access[0].main.total_before, late.access[0].main.total
    county = next(c for c in late.access[0].counties if c.code == "441802")
    assert county.total == pytest.approx(1.5 * county.total_before)
    assert after - before == pytest.approx(county.total - county.total_before)
    assert early.access[0].main.total == before


def test_growth_by_people_and_of_every_group(city: City) -> None:
    base = city.population.near("441802", "60+", 2030)
    assert base is not None
    wanted = scenario(growths=(Growth("441802", "60+", 2030, people=200_000),))
    assert growths_of(city, wanted, 2025).factor("441802", "60+") == 1
    assert growths_of(city, wanted, 2030).factor("441802", "60+") == Fraction(200_000, base.count)
    assert growths_of(city, wanted, 2030).factor("441802", "all") == 1
    every = scenario(growths=(Growth("441800", "", None, Fraction(2)),))
    doubled = edited_city(city, every, 2025).population
    for old, new in zip(city.population.rows, doubled.rows, strict=True):
        assert new.count == 2 * old.count
    tenfold = scenario(growths=(Growth("441802", "60+", None, Fraction(10)),))
    with pytest.raises(InputError, match=r"441802.*多于总人口"):
        edited_city(city, tenfold, 2025)


STEPS = {2028: Fraction(6, 5), 2024: Fraction(11, 10), None: Fraction(21, 20)}


@pytest.mark.parametrize(
    ("year", "factor"),
    [(2023, STEPS[None]), (2024, STEPS[2024]), (2027, STEPS[2024]), (2028, STEPS[2028])],
)
def test_of_several_dated_growths_the_latest_in_force_applies(
    city: City, year: int, factor: Fraction
) -> None:
    """In whatever order they stand in the file, and not one on top of the other."""
    for steps in (STEPS.items(), reversed(STEPS.items())):
        edits = scenario(growths=tuple(Growth("441802", "60+", y, f) for y, f in steps))
        assert growths_of(city, edits, year).factor("441802", "60+") == factor
        assert growths_of(city, edits, year).factor("441803", "60+") == 1
        for old, new in zip(
            city.population.rows, edited_city(city, edits, year).population.rows, strict=True
        ):
            if old.unit_code.startswith("441802") and old.group == "60+":
                assert new.count == round(old.count * factor)


def test_people_of_a_run_grow_by_the_latest_growth_in_force(city: City) -> None:
    edits = scenario(growths=tuple(Growth("441802", "60+", y, f) for y, f in STEPS.items()))
    found = only(city, edits, year=2030).access[0]
    county = next(c for c in found.counties if c.code == "441802")
    assert county.total == pytest.approx(float(STEPS[2028]) * county.total_before, abs=1)


def test_another_limit_and_another_target(city: City) -> None:
    edits = scenario(
        limit=Limit(5.0), aims=(Aim(TOWNSHIP, "≥", Fraction(40)), Aim(CIRCLE, "≥", Fraction(90)))
    )
    found = only(city, edits)
    access = found.access[0]
    seconds, older = access.before.seconds, access.before.demand.people["60+"]
    gone = older[(seconds > 300) & (seconds <= 900)].sum()
    assert access.main.lost == pytest.approx(gone, abs=1)
    assert access.main.gained == access.main.nearer == 0 < gone
    changes = {c.after.indicator.id: c for c in found.indicators}
    assert changes[TOWNSHIP].after.status == "met"
    assert changes[TOWNSHIP].before.status == "not_met"
    assert found.met == found.met_before + 1
    circle = changes[CIRCLE]
    assert circle.after.status == "undecided"  # no facility has a place of its own
    assert circle.before.value > circle.after.value  # type: ignore[operator]


def test_roads_closed_and_bridged(city: City) -> None:
    road = Road("close", (113.06, 23.706), (113.037, 23.714), name="北江路")
    found = only(city, scenario(roads=(road,)))
    change = found.access[0].main
    assert change.farther > 0 == change.nearer
    assert any("北江路" in note.zh for note in found.notes)
    bridge = Road("bridge", (113.06, 23.706), (113.064, 23.678))
    change = only(city, scenario(roads=(bridge,))).access[0].main
    assert change.nearer > 0 == change.farther
    area = Road("close", area=((112.9, 23.6), (113.2, 23.6), (113.2, 23.8), (112.9, 23.8)))
    assert only(city, scenario(roads=(area,))).access[0].main.lost > 0
    later = replace(road, on=date(2030, 1, 1))
    assert only(city, scenario(roads=(later,))).access[0].main.farther == 0


@pytest.mark.parametrize(
    ("road", "said"),
    [
        (Road("close", (112.3, 24.62), (113.06, 23.706)), "路口|这样的路"),
        (Road("close", (113.06, 23.706), (113.0601, 23.7061)), "同一个路口"),
        (Road("close", area=((112.3, 24.62), (112.3001, 24.62), (112.3, 24.6201))), "没有道路"),
    ],
)
def test_road_edits_that_cannot_be_made(city: City, road: Road, said: str) -> None:
    with pytest.raises(InputError, match=said):
        only(city, scenario(roads=(road,)))


def test_costs(city: City) -> None:
    edits = scenario(
        adds=(add(1, "441803113", beds=10), add(2, "441803112", cost=Fraction(7))),
        closes=(Close("441800-X0010"),),
        moves=(Move("441800-X0004", Place("441802103")),),
        upgrades=(Upgrade("441800-X0001", services=("日托",), beds=500),),
        costs=Costs(
            site={"elder_care": Fraction(100)},
            bed={"elder_care": Fraction(2)},
            service={"日托": Fraction(5)},
        ),
    )
    cost = only(city, edits).cost
    assert [item.amount for item in cost.items] == [120, 7, 13, None]
    assert cost.known == 140
    assert cost.total is None
    assert cost.unknown == ("示意·石角镇福利院",)


# Side by side.


def test_ranking_and_dominance(mixed: Comparison) -> None:
    assert [o.scenario.name for o in mixed.outcomes] == [
        "试建四处、撤并一处", "同样而更贵", "只撤并两处",
    ]  # fmt: skip
    assert mixed.dominated == {"同样而更贵": "试建四处、撤并一处", "只撤并两处": ""}
    text = to_text(mixed, "zh")
    assert "维持现状" in text
    assert CRITERIA["people"].zh in text


@pytest.mark.parametrize("criterion", CRITERIA)
def test_every_criterion_ranks(city: City, criterion: str) -> None:
    some = [
        scenario("a", adds=(add(1, "441803113", cost=Fraction(10)),)),
        scenario("b", closes=(Close("441800-X0010"),)),
    ]
    found = compare(city, some, question=QUESTION, profile="drive", rank_by=criterion)
    first = "b" if criterion == "cost" else "a"
    assert found.outcomes[0].scenario.name == first
    assert found.criterion == criterion


def test_what_cannot_be_asked(city: City) -> None:
    for how in ({"rank_by": "luck"}, {"year": 1999}, {"minutes": 0}, {"profile": "jet"}):
        with pytest.raises(InputError):
            compare(city, [scenario()], **how)
    with pytest.raises(InputError, match="no group"):
        compare(city, [scenario()], question=replace(QUESTION, group="99+"))
    with pytest.raises(InputError, match="筛选"):
        compare(city, [scenario(closes=(Close("441800-X0010"),))], provenance=("published",))


def test_a_new_facility_far_from_every_road_is_named_and_stops_nothing(city: City) -> None:
    far = Add("F", "远", "elder_care", Place("441823102", 112.45, 24.69))
    every = Question(("elder_care",), (), "60+")
    found = compare(city, [replace(scenario(adds=(far,)), file="s.toml")], question=every)
    assert any("未接路网" in note.zh and "F 远" in note.zh for note in found.outcomes[0].notes)


def test_nothing_is_touched(city: City) -> None:
    before = (city.register, city.population, city.plan, city.references)
    rows = tuple(city.register.facilities)
    only(city, scenario(adds=(add(1, "441803113"),), closes=(Close("441800-X0010"),)))
    assert before == (city.register, city.population, city.plan, city.references)
    assert city.register.facilities == rows


def test_questions_follow_the_edits(city: City) -> None:
    listed = (*city.plan.indicators, *city.references)

    def asked(one: Scenario) -> tuple[Question, ...]:
        return questions_of(listed, city.register, [edited_city(city, one, 2025).register], 2025)

    assert INTEGRATED in {q.services for q in asked(scenario(adds=(add(1, "441803113"),)))}
    plain = Add("M", "碑", "memorial", Place("441803113"))
    assert [q.kinds for q in asked(scenario(adds=(plain,)))] == [("memorial",)]
    assert all("elder_care" in q.kinds for q in asked(scenario()))


# Words.


def _figures(text: str) -> list[int]:
    return [int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*", text)]


def test_the_words_say_the_numbers(mixed: Comparison) -> None:
    """Every sentence about people, townships, beds, targets and money, read back from the text."""
    for outcome in mixed.outcomes:
        zh, en = paragraph(outcome, "zh"), paragraph(outcome, "en")
        for access in outcome.access:
            _check_people(access.main, zh)
            for n in (access.main.gained, access.main.lost, access.main.farther):
                assert heads(n, "en") in en
        found = re.search(r"床位增加 ([\d,]+) 张、减少 ([\d,]+) 张", zh)
        beds = tuple(map(int, (g.replace(",", "") for g in found.groups()))) if found else (0, 0)
        assert beds == (outcome.beds_gained, outcome.beds_lost)
        units = re.search(r"新覆盖 (\d+) 个.*?失去覆盖 (\d+) 个", zh)
        counts = tuple(map(int, units.groups())) if units else (0, 0)
        assert counts == (len(outcome.newly_covered), len(outcome.no_longer_covered))
        unmet = re.search(r"仍未达标 (\d+) 项", zh)
        assert int(unmet[1] if unmet else 0) == sum(c.unmet for c in outcome.indicators)
        money = re.search(r"费用 ([\d,.]+) 万元", zh)
        assert Fraction(money[1].replace(",", "") if money else 0) == outcome.cost.known


def _check_people(main: Any, text: str) -> None:
    """One question's three sentences stand in the text with its own figures."""
    who = "名 60 岁及以上老人"
    gain = f"{heads(main.gained)} {who}由超出时限变为 15 分钟内可达，{heads(main.nearer)} 人到最近"
    assert (gain in text) == (max(main.gained, main.nearer) > 1e-6)
    lose = f"受损：{heads(main.lost)} 名 60 岁及以上老人由 15 分钟内可达变为超出时限"
    assert (lose in text) == (max(main.lost, main.farther) > 1e-6)
    if main.farther > 1e-6:
        assert f"，{heads(main.farther)} 人到最近设施更远。" in text
    assert f"仍有 {heads(main.beyond)} 名 60 岁及以上老人" in text


def test_a_loss_is_never_hidden(mixed: Comparison) -> None:
    """One sentence of every question is about losses, in both languages, loss or no loss."""
    for outcome in mixed.outcomes:
        said = sentences(outcome)
        losses = [s for s in said if "受损" in s.zh or "没有人因此失去" in s.zh]
        assert len(losses) == len(outcome.access)
        for access, one in zip(outcome.access, losses, strict=True):
            lost = max(access.main.lost, access.main.farther) > 1e-6
            assert ("受损" in one.zh) == ("Losses" in one.en) == lost
            assert ("Nobody loses" in one.en) == (not lost)


@pytest.mark.parametrize("people", [1e-3, 0.3, 0.49])
def test_less_than_a_person_is_not_nothing(people: float) -> None:
    assert heads(people) == "不足 1"
    assert heads(people, "en") == "fewer than 1"
    assert (heads(0.0), heads(1e-9), heads(0.5), heads(1234.5)) == ("0", "0", "0", "1,234")


def test_closing_what_stands_nowhere_known_is_no_relief(city: City) -> None:
    found = only(city, scenario(closes=(Close("441800-P015", name="星光"),)))
    assert not found.uncertain  # it never had the services that are asked for
    every = Question(("elder_care",), (), "60+")
    both = compare(city, [scenario(closes=(Close("441800-P015", name="星光"),))], question=every)
    (found,) = both.outcomes
    assert found.access[0].unplaced_gone == ("星光",)
    assert "受损人数只会更多" in paragraph(found, "zh")
    assert "没有人因此失去" not in paragraph(found, "zh").split("其余改动")[0]
    assert found.uncertain
    assert not both.dominated
    assert "+ ?" in to_text(replace(both, outcomes=(found, found)), "zh")


def test_a_place_known_by_county_only_counts_for_the_county(city: City) -> None:
    new = Add("C", "县级", "elder_care", Place("441882"), services=("失能照护", "特困供养"))
    found = compare(city, [scenario(adds=(new,))]).outcomes[0]
    assert [code for _, code in found.newly_covered] == ["441882"]
    assert any(access.unplaced_new for access in found.access)
    assert all(access.main.nearer == 0 for access in found.access)
    assert any("只知到市或县" in note.zh for note in found.notes)


# Pages.


def test_pages_fit_and_say_what_is_example(mixed: Comparison) -> None:
    for lang in ("zh", "en"):
        text = to_text(mixed, lang)
        assert max(width(line) for line in text.splitlines()) <= WIDTH
        assert ("含示意数据" in text) or ("ILLUSTRATIVE" in text)
        assert "只撤并两处" in to_markdown(mixed, lang)
    head = to_csv(mixed).splitlines()[0]
    assert "含示意数据" in head


def test_data_is_json_and_holds_the_same_numbers(mixed: Comparison) -> None:
    data = json.loads(json.dumps(to_dict(mixed), allow_nan=False))
    jsonschema.validate(data, schema())
    assert data["notes"] != to_dict(mixed, "en")["notes"]
    jsonschema.validate(to_dict(mixed, "en"), schema())
    one = {key: value for key, value in data["scenarios"][0].items() if key != "lost"}
    with pytest.raises(jsonschema.ValidationError, match="lost"):
        jsonschema.validate(one, {"$ref": "#/$defs/scenario", "$defs": schema()["$defs"]})
    for outcome, one in zip(mixed.outcomes, data["scenarios"], strict=True):
        assert one["lost"] == pytest.approx(outcome.lost)
        assert one["dominated"] == (outcome.scenario.name in mixed.dominated)
        assert one["paragraph"] == paragraph(outcome, "zh")
        assert len(one["access"]) == len(outcome.access)
        assert all(len(a["worst"]) == 10 for a in one["access"])


def test_the_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    example = str(ROOT / "docs" / "example-scenario.toml")
    out = tmp_path / "out"
    done = run(
        capsys, "scenario", "run", example, "--year", "2025", "--year", "2030", "--format", "json",
        "--kind", "养老院", "--service", "全托", "--profile", "drive", "--out", str(out),
    )  # fmt: skip
    assert done.code == 0, done.err
    jsonschema.validate(done.data, schema())
    years = done.data["years"]
    assert [y["year"] for y in years] == [2025, 2030]
    assert [y["scenarios"][0]["edits_dated_later"] for y in years] == [2, 0]
    names = {p.name for p in (out / "2030").iterdir() if not p.name.startswith(".")}
    assert {"scenarios.md", "scenarios.json", "people.csv", "1-example-scenario.toml"} <= names
    slip = run(capsys, "scenario", "run", example, "--service", "全拖")
    assert slip.code == 2
    assert "没有这项服务" in slip.err
    # The folder replays the run.
    again = run(capsys, "scenario", "check", str(out / "2030" / "1-example-scenario.toml"))
    assert again.code == 0


def test_a_workspace_without_roads_or_borders_still_compares(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """What cannot be computed is said; the indicators are compared all the same."""
    space = tmp_path / "space"
    assert run(capsys, "init", str(space), "--city", "清远").code == 0
    (space / "s.toml").write_text(
        'name = "a"\ncity = "清远"\n[[add]]\nname = "甲"\nkind = "养老院"\ntownship = "禾云镇"\n'
        'services = ["全托", "日托", "上门", "协调指导"]\n',
        encoding="utf-8",
    )
    done = run(capsys, "scenario", "run", str(space / "s.toml"), "--workspace", str(space))
    assert done.code == 0, done.err
    assert "新覆盖" in done.out
    assert "工作区" in done.out
