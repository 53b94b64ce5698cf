"""People are whole and add up: row by row, from township to city, on every output alike."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from coverage.reach.whole import WholePeople
from processes import run

if TYPE_CHECKING:
    from pathlib import Path

TOWNS = [f"4418{county:02d}{town:03d}" for county in (2, 3, 81) for town in (1, 2, 3, 4)]


def people_of(seed: int) -> WholePeople:
    """A city of small numbers, which rounding bears upon; some live nowhere or outside."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 60))
    unit = rng.integers(-1, len(TOWNS), count)
    weight = rng.choice([0.0, 0.2, 0.5, 1.0, 2.6], count) * rng.choice([1.0, rng.random()])
    lost = rng.choice(TOWNS, int(rng.integers(0, 4)), replace=False).tolist()
    return WholePeople.of(TOWNS, unit, weight, {code: float(rng.random() * 3) for code in lost})


seeds = st.integers(0, 2**32 - 1)


@given(seed=seeds)
def test_parts_are_whole_near_the_truth_and_add_up(seed: int) -> None:
    people, rng = people_of(seed), np.random.default_rng(seed + 1)
    meant = rng.random(len(people.weight)) < rng.random()
    found, exact = people.counted(meant), people.exactly(meant)
    assert (found >= 0).all()
    assert (found <= people.placed).all()
    assert (people.placed <= people.total).all()
    assert (np.abs(found - exact) < 2).all()
    # Half a person is the most of rounding, but where whole townships have less than two people.
    assert abs(found.sum() - exact.sum()) <= 0.5 + 1e-6 + (people.total < 2).sum()
    assert (people.counted(np.ones_like(meant)) == people.placed).all()
    assert not people.counted(np.zeros_like(meant)).any()


@given(seed=seeds)
def test_where_nobody_comes_or_goes_no_number_says_so(seed: int) -> None:
    people, rng = people_of(seed), np.random.default_rng(seed + 1)
    before, after = (rng.random(len(people.weight)) < rng.random() for _ in range(2))
    quiet = rng.random(len(people.codes)) < 0.5
    after = np.where(quiet[people.of_point], before, after)
    was, is_ = people.counted(before), people.counted(after, after=before)
    event(f"{int((was != is_).sum())} townships change")
    came, went = people.some(after & ~before), people.some(before & ~after)
    assert (is_[~came] <= was[~came]).all()
    assert (is_[~went] >= was[~went]).all()
    assert ((is_ >= 0) & (is_ <= people.placed)).all()


@given(seed=seeds, order=st.randoms(use_true_random=False))
def test_the_order_of_points_does_not_matter(seed: int, order: Any) -> None:
    """Sums of floats differ by their order, and no person by that."""
    people, rng = people_of(seed), np.random.default_rng(seed + 1)
    meant = rng.random(len(people.weight)) < 0.5
    shuffled = list(range(len(meant)))
    order.shuffle(shuffled)
    units = np.array([-1, *range(len(TOWNS))])
    own = [["", *TOWNS].index(people.codes[n]) for n in people.of_point]
    unit = units[own][shuffled]
    lost = people.total - people.placed
    nowhere = {code: float(n) for code, n in zip(people.codes, lost, strict=True) if code and n}
    first, second = (
        WholePeople.of(TOWNS, numbers, weight, nowhere).counted(mask)
        for numbers, weight, mask in (
            (units[own], people.weight, meant),
            (unit, people.weight[shuffled], meant[shuffled]),
        )
    )
    assert first.tolist() == second.tolist()


# What is printed, by processes as planners run them.


@pytest.fixture(scope="module", params=[("清远", "drive", "15"), ("阳江", "older_walk", "20")])
def circles(request: pytest.FixtureRequest) -> Any:
    city, profile, minutes = request.param
    asked = ("--city", city, "--kind", "elder_care", "--profile", profile, "--minutes", minutes)
    data = json.loads(run("circle", *asked, "--format", "json").stdout)
    table = run("circle", *asked).stdout
    rows = list(csv.DictReader(io.StringIO(run("circle", *asked, "--format", "csv").stdout)))
    return asked, data, table, rows


def test_people_within_a_limit_add_up_from_townships_to_the_city(circles: Any) -> None:
    _, data, table, rows = circles
    people = data["people"]
    assert {row["level"] for row in people} == {"city", "county", "township"}
    for row in people:
        counts = [row[name] for name in ("reached", "not_reached", "not_placed")]
        assert all(isinstance(one, int) for one in counts)
        assert sum(counts) == row["total"]
        if row["total"]:
            assert row["share"] == pytest.approx(100 * row["reached"] / row["total"], abs=5e-4)
    for name in ("reached", "not_reached", "not_placed", "total"):
        for group, limit in {(row["group"], row["limit"]) for row in people}:
            mine = [row for row in people if (row["group"], row["limit"]) == (group, limit)]
            whole, counties, towns = (
                {r["code"]: r[name] for r in mine if r["level"] == level}
                for level in ("city", "county", "township")
            )
            assert sum(counties.values()) == sum(whole.values())
            for code, count in counties.items():
                own = [n for town, n in towns.items() if town[:6] == code]
                assert sum(own) == count, (name, group, code)
    assert [int(row["reached"]) for row in rows] == [row["reached"] for row in people]
    for row in people:
        if row["level"] == "city":
            assert f"{row['reached']:,}" in table


def test_a_proposal_its_scenario_and_the_circle_say_the_same(circles: Any, tmp_path: Path) -> None:
    asked, data, _, _ = circles
    file = tmp_path / "s.toml"
    rules = ("--group", "60+", "--max-new", "3")
    said = run("site", *asked, *rules, "--out", str(file)).stdout
    found = json.loads(run("site", *asked, *rules, "--format", "json").stdout)
    whole, counties = found["city_change"], found["counties"]
    for one in (whole, *counties):
        assert one["gained"] == one["after"]["reached"] - one["before"]["reached"]
    for when in ("before", "after"):
        assert sum(one[when]["reached"] for one in counties) == whole[when]["reached"]
    (city,) = (r for r in data["people"] if r["level"] == "city" and r["group"] == "60+")
    assert whole["before"]["reached"] == city["reached"]
    assert whole["before"]["total"] == city["total"]
    before, after, gained = whole["before"]["reached"], whole["after"]["reached"], whole["gained"]
    assert f"现状：{before:,}/" in said
    assert f"增加 {gained:,} 人" in said
    assert re.search(rf"目标函数 {after:,} 人，已证明的界 {after:,}", said)

    (access,) = json.loads(run("scenario", "run", str(file), "--format", "json").stdout)[
        "scenarios"
    ][0]["access"]
    rows = [access["people"][0], *access["by_county"]]
    for ours, theirs in zip((whole, *counties), rows, strict=True):
        assert theirs["reached_before"] == ours["before"]["reached"], theirs["name"]
        assert theirs["reached"] == ours["after"]["reached"]
        assert theirs["gained"] - theirs["lost"] == ours["gained"]
