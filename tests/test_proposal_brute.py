"""Answers for a small city against every choice of sites tried, and what must always hold."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coverage.city import City
from coverage.errors import InputError
from coverage.facilities import Facility, Register
from coverage.proposals.field import Sources
from coverage.proposals.propose import propose
from coverage.proposals.question import Rules, read_question
from proposal_city import EAST, MINUTES, tiny

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.proposals.propose import Proposal
    from proposal_city import Tiny

pytest.importorskip("highspy")

QINGYUAN = City.load("清远")
NONE = Register(())
ONE = Register((Facility("a", "甲院", "elder_care", EAST, lon=113.15, lat=23.65),))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def every_choice(place: Tiny) -> dict[tuple[str, frozenset[str]], float]:
    """People reached by every choice of candidates, by travel times and no siting."""
    out = {}
    names = sorted(place.places)
    for label, register in (("none", NONE), ("one", ONE)):
        single = {name: _points(place, (name,), register) for name in names}
        base = _points(place, (), register)
        for count in range(len(names) + 1):
            for some in combinations(names, count):
                reached = base.copy()
                for name in some:
                    reached |= single[name]
                out[label, frozenset(some)] = float(_older(place) @ reached)
    return out


def _older(place: Tiny) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    rows = place.people.read_text(encoding="utf-8").splitlines()[1:]
    return np.array([float(row.split(",")[3]) for row in rows])


def _points(
    place: Tiny, names: tuple[str, ...], register: Register
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which people one set of sites reaches, one point at a time over `travel_time`."""
    from coverage.reach.service import travel_time

    facilities = [
        *register.facilities,
        *(
            Facility(n, n, "elder_care", EAST, lon=place.places[n][0], lat=place.places[n][1])
            for n in names
        ),
    ]
    if not facilities:
        return np.zeros(len(_older(place)), dtype=bool)
    times = travel_time(
        place.city,
        kind=("elder_care", "day_care"),
        minutes=(MINUTES,),
        register=Register(tuple(facilities)),
        roads=place.roads,
        population=place.people,
    )
    return np.asarray(times.seconds <= times.limits_s[0])


def _ask(place: Tiny, register: Register = NONE, **options: object) -> Proposal:
    rules = options.pop("rules", Rules(seconds=20))
    target = str(options.pop("target", "plan"))
    model = options.pop("model", None)
    candidates = str(options.pop("candidates", place.candidates))
    question = read_question(
        place.city,
        indicator="care.within",
        target=target,
        model=None if model is None else str(model),
        rules=rules,  # type: ignore[arg-type]
    )
    sources = Sources(roads=place.roads, population=place.people, register=register)
    return propose(place.city, question, candidates=candidates, sources=sources)


def test_the_choices_can_be_told_apart(
    every_choice: dict[tuple[str, frozenset[str]], float],
) -> None:
    values = {value for (label, _), value in every_choice.items() if label == "none"}
    assert len(values) > 30, "a city in which every choice reaches the same proves nothing"


@pytest.mark.parametrize("percent", [5, 20, 35, 50, 60])
@pytest.mark.parametrize("label", ["none", "one"])
def test_the_fewest_for_a_target(
    place: Tiny,
    every_choice: dict[tuple[str, frozenset[str]], float],
    label: str,
    percent: int,
) -> None:
    total = _older(place).sum()
    enough = [
        len(some)
        for (kind, some), reached in every_choice.items()
        if kind == label and 100 * reached >= percent * total
    ]
    register = NONE if label == "none" else ONE
    if not enough:
        with pytest.raises(InputError, match="at most"):
            _ask(place, register, target=f">={percent}")
        return
    found = _ask(place, register, target=f">={percent}")
    assert len(found.sites) == min(enough)
    assert found.answer.bound == found.answer.objective == min(enough)
    assert found.met
    chosen = frozenset(site.name for site in found.sites)
    assert found.city_change.after.reached == pytest.approx(every_choice[label, chosen])


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("label", ["none", "one"])
def test_the_most_people_with_a_few(
    place: Tiny,
    every_choice: dict[tuple[str, frozenset[str]], float],
    label: str,
    count: int,
) -> None:
    best = max(
        reached
        for (kind, some), reached in every_choice.items()
        if kind == label and len(some) <= count
    )
    found = _ask(place, NONE if label == "none" else ONE, rules=Rules(max_new=count, seconds=20))
    assert found.city_change.after.reached == pytest.approx(best)
    assert found.answer.bound == pytest.approx(best)
    for rival in found.rivals:
        assert rival.reached >= 0.99 * best - 1e-6
        assert rival.reached <= best + 1e-6


def test_a_budget_buys_the_most_people(
    place: Tiny, every_choice: dict[tuple[str, frozenset[str]], float]
) -> None:
    cost = {name: 100 + 10 * n for n, name in enumerate(place.places)}
    best = max(
        reached
        for (kind, some), reached in every_choice.items()
        if kind == "none" and sum(cost[name] for name in some) <= 250
    )
    found = _ask(place, rules=Rules(budget=250.0, seconds=20))
    assert found.city_change.after.reached == pytest.approx(best)
    assert sum(site.cost or 0 for site in found.sites) <= 250
    assert found.spent == sum(cost[site.name] for site in found.sites)
    assert found.left == 250 - (found.spent or 0)


def test_every_county_at_once(place: Tiny) -> None:
    """The fewest sites for which each county has its share, tried out choice by choice."""
    names = sorted(place.places)
    fewest = next(
        (
            count
            for count in range(1, len(names) + 1)
            for some in combinations(names, count)
            if min(place.by_county(some).values()) >= 0.2 - 1e-12
        ),
        None,
    )
    assert fewest is not None
    found = _ask(place, target=">=20", rules=Rules(each="county", seconds=20))
    assert len(found.sites) == fewest
    for county in found.counties:
        if county.after.total:
            assert 5 * county.after.reached >= county.after.total - 1e-6


def test_rules_are_kept(place: Tiny, tmp_path: Path) -> None:
    names = list(place.places)
    fix = tmp_path / "fix.csv"
    fix.write_text(f"规则,名称\n必建,{names[0]}\n禁建,{names[1]}\n", encoding="utf-8")
    found = _ask(place, rules=Rules(max_new=3, fix=fix, spacing_m=2500.0, seconds=20))
    chosen = {site.name for site in found.sites}
    assert names[0] in chosen
    assert names[1] not in chosen
    xy = np.array(
        [found.field.candidates.xy[found.field.candidates.names.index(n)] for n in chosen]
    )
    for a, b in combinations(xy, 2):
        assert math.hypot(*(a - b)) >= 2500


def test_a_facility_may_be_closed_or_moved(place: Tiny, tmp_path: Path) -> None:
    fix = tmp_path / "fix.csv"
    fix.write_text("规则,编号\n可迁,a\n", encoding="utf-8")
    stays = _ask(place, ONE, rules=Rules(max_new=1, seconds=20))
    moves = _ask(place, ONE, rules=Rules(max_new=1, fix=fix, seconds=20))
    assert moves.city_change.after.reached >= stays.city_change.after.reached - 1e-6
    assert len(moves.sites) <= 1 + len(moves.closed)


def test_of_equal_plans_the_cheaper_one_is_taken_without_a_budget(
    place: Tiny, tmp_path: Path
) -> None:
    """Three plots at one place: 乙 is the cheapest, and 丙 states no cost."""
    lon, lat = next(iter(place.places.values()))
    rows = "".join(f"{name},{lon},{lat},{cost}\n" for name, cost in (("甲", 300), ("乙", 120)))
    listed = tmp_path / "plots.csv"
    listed.write_text(f"名称,经度,纬度,造价\n{rows}", encoding="utf-8")
    found = _ask(place, candidates=listed, rules=Rules(max_new=1, seconds=20))
    assert [site.name for site in found.sites] == ["乙"]
    assert (found.spent, found.left, found.unpriced, found.costed) == (120, None, 0, True)
    listed.write_text(f"名称,经度,纬度,造价\n{rows}丙,{lon},{lat},\n", encoding="utf-8")
    unknown = _ask(place, candidates=listed, rules=Rules(max_new=1, seconds=20))
    assert not unknown.costed
    assert [site.name for site in unknown.sites] == ["甲"], "the first in the list"
    given = _ask(place, candidates=listed, rules=Rules(max_new=1, cost=90.0, seconds=20))
    assert [(site.name, site.cost) for site in given.sites] == [("丙", 90.0)]


@pytest.mark.parametrize("percent", [20, 50])
def test_the_cheapest_plan_for_a_target(
    place: Tiny, every_choice: dict[tuple[str, frozenset[str]], float], percent: int
) -> None:
    """Tried choice by choice: the least money, and with it the most people."""
    cost = {name: 100 + 10 * n for n, name in enumerate(place.places)}
    total = _older(place).sum()
    enough = [
        (sum(cost[name] for name in some), -reached)
        for (kind, some), reached in every_choice.items()
        if kind == "none" and 100 * reached >= percent * total
    ]
    found = _ask(place, target=f">={percent}", rules=Rules(cheapest=True, seconds=20))
    assert found.question.model == "threshold"
    assert (found.spent, -found.city_change.after.reached) == pytest.approx(min(enough))
    assert found.answer.objective == found.answer.bound == found.spent
    assert found.answer.settled


@pytest.mark.parametrize("label", ["none", "one"])
def test_what_each_further_site_brings(
    place: Tiny, every_choice: dict[tuple[str, frozenset[str]], float], label: str
) -> None:
    """Each row against every choice; the curve ends where a further site brings nothing."""
    register = NONE if label == "none" else ONE
    found = _ask(place, register, rules=Rules(max_new=8, curve=True, seconds=40))
    assert [step.allowed for step in found.curve] == list(range(1, len(found.curve) + 1))
    for step in found.curve:
        best = max(
            reached
            for (kind, some), reached in every_choice.items()
            if kind == label and len(some) <= step.allowed
        )
        assert (step.reached, step.bound) == (round(best), round(best))
        assert step.proven
        assert step.built == min(
            len(some)
            for (kind, some), reached in every_choice.items()
            if kind == label and reached == best
        )
    last = found.curve[-1]
    assert last.reached == found.city_change.after.reached
    assert len(found.curve) == 8 or last.built < last.allowed


def test_where_a_floor_is_impossible_the_best_one_is_offered(place: Tiny) -> None:
    """It can be kept, and a tenth of a percent more cannot."""
    asked = Rules(max_new=3, floor=Fraction(99), each="county", seconds=20)
    with pytest.raises(InputError, match=r"every county can be promised [\d.]+% at most") as caught:
        _ask(place, rules=asked)
    (offered,) = re.findall(r"promised ([\d.]+)% at most", str(caught.value))
    kept = _ask(place, rules=replace(asked, floor=Fraction(offered)))
    assert len(kept.sites) <= 3
    with pytest.raises(InputError):
        _ask(place, rules=replace(asked, floor=Fraction(offered) + Fraction("0.1")))
    names = sorted(place.places)
    best = max(min(place.by_county(some).values()) for some in combinations(names, 3))
    assert float(offered) == pytest.approx(100 * best, abs=0.1)


def test_a_floor_that_few_sites_cannot_keep_leaves_its_row_open(place: Tiny) -> None:
    rules = Rules(max_new=4, floor=Fraction(40), curve=True, seconds=40)
    found = _ask(place, rules=rules)
    assert found.curve[0].reached is None
    assert found.curve[3].reached == found.city_change.after.reached


def test_ways_are_told_today_and_then(place: Tiny) -> None:
    """Against the times of the field: the longest, the mean, and where the longest begins."""
    from coverage.results.proposal import to_dict

    found = _ask(place, ONE, model="p_center", rules=Rules(max_new=2, seconds=20))
    ways = to_dict(found)["result"]["ways"]
    for when, rows in (("before", (0,)), ("after", found.answer.chosen)):
        times = np.full(found.field.matrix.shape, np.inf)
        for row in rows:
            part = slice(found.field.matrix.indptr[row], found.field.matrix.indptr[row + 1])
            times[row, found.field.matrix.indices[part]] = found.field.matrix.data[part]
        nearest = times.min(axis=0)
        assert ways[when]["longest"] == pytest.approx(nearest.max(), abs=1e-3)
        mean = float(found.field.people @ nearest) / float(found.field.people.sum())
        assert ways[when]["mean"] == pytest.approx(mean, abs=1e-3)
        assert ways[when]["farthest_code"] == found.field.unit[int(nearest.argmax())]
    assert ways["after"]["longest"] <= ways["before"]["longest"]


def test_spacing_is_between_new_sites_only(place: Tiny, tmp_path: Path) -> None:
    """What stands may stay as near as it is, closable or not."""
    for rule in ("保留", "可关"):
        fix = tmp_path / f"{rule}.csv"
        fix.write_text(f"规则,编号\n{rule},a\n", encoding="utf-8")
        found = _ask(place, ONE, rules=Rules(max_new=3, spacing_m=1e5, fix=fix, seconds=20))
        assert len(found.sites) == 1
        assert not found.closed


@settings(max_examples=12)
@given(st.sets(st.integers(0, 7), min_size=1), st.integers(0, 7))
def test_another_candidate_never_makes_it_worse(place: Tiny, some: set[int], another: int) -> None:
    rows = place.candidates.read_text(encoding="utf-8").splitlines()
    reached = []
    for kept in (some, some | {another}):
        listed = place.folder / "some.csv"
        listed.write_text(
            "\n".join([rows[0], *(rows[1 + i] for i in sorted(kept))]), encoding="utf-8"
        )
        found = _ask(place, candidates=listed, rules=Rules(max_new=min(2, len(kept)), seconds=20))
        reached.append(found.city_change.after.reached)
        assert found.answer.bound >= found.answer.objective - 1e-6
    assert reached[1] >= reached[0] - 1e-6


def test_the_same_question_has_the_same_answer(place: Tiny) -> None:
    one, two = (_ask(place, rules=Rules(max_new=2, seed=3, seconds=20)) for _ in range(2))
    assert [s.name for s in one.sites] == [s.name for s in two.sites]
    assert [r.sites_in for r in one.rivals] == [r.sites_in for r in two.rivals]


@pytest.mark.parametrize("model", ["p_median", "p_center"])
def test_models_of_travel_time(place: Tiny, model: str) -> None:
    """Least total, and least longest, of all pairs of candidates."""
    found = _ask(place, model=model, rules=Rules(max_new=2, seconds=20))
    field = found.field
    times = np.full(field.matrix.shape, np.inf)
    for row in range(field.matrix.shape[0]):
        part = slice(field.matrix.indptr[row], field.matrix.indptr[row + 1])
        times[row, field.matrix.indices[part]] = field.matrix.data[part]
    best = math.inf
    for some in combinations(range(len(times)), 2):
        least = times[list(some)].min(axis=0)
        value = least.max() if model == "p_center" else float(field.people @ least)
        best = min(best, value)
    assert found.answer.objective == pytest.approx(best)
    assert found.answer.bound == pytest.approx(best)


# Shares of units: the arithmetic of the plan.


def _covered(count: int) -> Register:
    """So many townships of 清远 with an integrated centre, and one more that lacks services."""
    services = frozenset({"全托", "日托", "上门", "协调指导"})
    rows = [
        Facility(f"c{n}", f"{unit.name}中心", "elder_care", unit.code, services=services)
        for n, unit in enumerate(QINGYUAN.units.townships[:count])
    ]
    last = QINGYUAN.units.townships[-1]
    return Register((*rows, Facility("x", "敬老院", "elder_care", last.code)))


@settings(max_examples=15)
@given(st.integers(0, 85))
def test_more_than_60_percent_of_85_townships_needs_52(count: int) -> None:
    question = read_question(QINGYUAN, indicator="elder_care.integrated_township")
    assert question.target_text == ">60 %"
    assert question.whole_needed(85) == 52
    found = propose(QINGYUAN, question, sources=Sources(register=_covered(count)))
    assert len(found.sites) == max(0, 52 - count) == found.answer.objective == found.answer.bound
    assert found.met
    missing = [u.code for u in QINGYUAN.units.townships[count:]]
    by_people = sorted(
        (found.field.people[found.field.unit.index(c)] for c in missing), reverse=True
    )
    assert sorted((s.gains for s in found.sites), reverse=True) == by_people[: len(found.sites)]


@pytest.mark.parametrize(
    ("target", "needed"), [(">60", 52), (">=60", 51), (">59.9", 51), ("100", 85), (">=1.5%", 2)]
)
def test_shares_are_exact(target: str, needed: int) -> None:
    question = read_question(QINGYUAN, indicator="elder_care.integrated_township", target=target)
    assert question.whole_needed(85) == needed


def test_every_county_gets_its_townships() -> None:
    question = read_question(
        QINGYUAN,
        indicator="elder_care.integrated_township",
        target=">=50",
        rules=Rules(each="county"),
    )
    found = propose(QINGYUAN, question, sources=Sources(register=_covered(0)))
    needed = 0
    for county in found.counties:
        whole = round(county.after.total)
        assert 2 * county.after.reached >= whole
        needed += math.ceil(Fraction(whole, 2))
    assert len(found.sites) == max(needed, math.ceil(Fraction(85, 2)))


def test_an_institution_that_lacks_services_is_named_for_upgrading() -> None:
    question = read_question(QINGYUAN, indicator="elder_care.integrated_township", target="100")
    found = propose(QINGYUAN, question, sources=Sources(register=_covered(84)))
    (site,) = found.sites
    assert site.unit == QINGYUAN.units.townships[-1].code
    assert [f.id for f in site.instead] == ["x"]
