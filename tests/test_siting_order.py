"""The order of goals: of equal answers the one for most people, least money, fewest closings."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from coverage.siting import (
    Search,
    Sites,
    _center,
    _cover_order,
    _covers,
    _order,
    backup,
    capacitated_lscp,
    lscp,
    mclp,
    p_center,
    p_median,
    replay,
    threshold,
)
from coverage.siting._answer import Result
from coverage.siting._fewest import fewest
from test_siting_brute import CHECKS, check

if TYPE_CHECKING:
    from coverage.siting._ask import Ask

pytest.importorskip("highspy")

# Sites 0 and 1 stand; each reaches its own home, 2 and 3 both reach the third.
REACH = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 1]], dtype=bool)
PEOPLE = np.array([10.0, 0.0, 30.0, 5.0])


@pytest.mark.parametrize("model", CHECKS)
def test_the_whole_answer_is_the_first_of_all_equals(model: str) -> None:
    """A few cases of each model; thousands are tried with `test_siting_brute`."""
    assert check(model, range(40_000, 40_012)) > 5


def test_equals_are_found_where_flows_leave_little_room() -> None:
    """A solver took the row of what was asked for broken, by 3e-8, and one answer for the only."""
    assert check("beds_median", range(101_185, 101_186)) == 1


def test_nobody_is_closed_who_need_not_be() -> None:
    """Site 1 reaches nobody that counts: it may close, but nothing is gained by it."""
    answer = mclp(REACH, PEOPLE, Sites(4, max_new=1, closable=[0, 1]))
    assert answer.closed == ()
    assert answer.new == (3,)
    assert {level.goal: level.value for level in answer.order} == {
        "asked": 45.0, "money": 1.0, "closed": 0.0, "listed": 0.0
    }  # fmt: skip
    assert answer.settled


def test_money_comes_before_closings() -> None:
    sites = Sites(4, max_new=1, closable=[0, 1], closing_costs=[0, -3, 0, 0], costs=[0, 0, 7, 9])
    answer = mclp(REACH, PEOPLE, sites)
    assert answer.closed == (1,)
    assert answer.new == (3,), "more people come before money"
    (money,) = [level.value for level in answer.order if level.goal == "money"]
    assert money == 9 - 3


def test_a_target_is_met_for_the_most_people() -> None:
    """One new site does for half of the people: 2 reaches 30 of 45, 3 reaches 35."""
    answer = threshold(REACH, PEOPLE, Sites(4), share="1/2")
    assert answer.chosen == (3,)
    assert [(one.goal, one.value, one.bound) for one in answer.order][:2] == [
        ("asked", 1.0, 1.0), ("people", 35.0, 35.0)
    ]  # fmt: skip
    reached = {i: float(PEOPLE @ REACH[i]) for i in range(4)}
    for one in answer.alternatives:
        assert sum(reached[i] for i in one.chosen) <= 35


def test_units_are_taken_with_the_most_people() -> None:
    people = np.array([3.0, 9.0, 4.0, 8.0, 1.0])
    answer = threshold(np.eye(5, dtype=bool), None, Sites(5), share="2/5", then=people)
    assert (answer.chosen, answer.objective) == ((1, 3), 2)
    best = mclp(np.eye(5, dtype=bool), np.ones(5), Sites(5, max_new=3), then=people)
    assert (best.chosen, best.objective) == ((1, 2, 3), 3)
    written = json.loads(json.dumps(best.parameters))
    again = replay(written, np.eye(5, dtype=bool), np.ones(5), then=people)
    assert again.chosen == best.chosen
    with pytest.raises(Exception, match="not the arrays"):
        replay(written, np.eye(5, dtype=bool), np.ones(5), then=people + 1)


def test_equal_answers_are_told_apart_by_the_list() -> None:
    """Six sites reach the same: the first is taken, whatever the seed."""
    same = np.ones((6, 3), dtype=bool)
    times = np.ones((6, 3))
    for seed in range(4):
        search = Search(seed=seed)
        assert mclp(same, np.ones(3), Sites(6, max_new=1), search=search).chosen == (0,)
        assert lscp(same, Sites(6), search=search).chosen == (0,)
        assert p_median(times, np.ones(3), Sites(6, max_new=1), search=search).chosen == (0,)
        assert p_center(times, Sites(6, max_new=1), search=search).chosen == (0,)
        beds = capacitated_lscp(same, np.ones(3), Sites(6), np.full(6, 9.0), search=search)
        assert beds.chosen == (0,)


def test_the_second_longest_way_is_short_too() -> None:
    """Somebody has 20 in any case; with site 1 the next has 9, with site 0 it has 15."""
    times = np.array([[20.0, 15.0, 1.0], [20.0, 9.0, 9.0]])
    answer = p_center(times, Sites(2, max_new=1))
    assert answer.chosen == (1,)
    assert answer.details["farthest"] == 0
    assert answer.details["worst"][0] == (20.0, 1)
    assert answer.settled


def test_what_is_not_settled_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_order, "LARGEST", 0)
    monkeypatch.setattr(_center, "LARGEST", 0)
    rng = np.random.default_rng(1)
    times = rng.integers(1, 9, (12, 20)).astype(float)
    for answer in (
        mclp(times < 3, np.ones(20), Sites(12, max_new=3)),
        p_center(times, Sites(12, max_new=3)),
        backup(times < 9, np.ones(20), Sites(12, max_new=3)),
    ):
        assert answer.optimal
        assert not answer.settled
        open_yet = [level.goal for level in answer.order if not level.proven]
        assert "listed" in open_yet
        assert "asked" not in open_yet


def test_no_threshold_is_beaten_by_its_own_alternative(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where there was no time to decide between equals."""

    def nothing_met(*asked: Any) -> Result:
        return replace(fewest(*asked), near=())

    def no_time(ask: Ask, control: object, start: Any = None) -> Result:
        assert control is not None
        return Result(start, ask.value(start), np.inf if ask.cost is None else -np.inf)

    monkeypatch.setattr(_covers, "fewest", nothing_met)
    monkeypatch.setattr(_cover_order, "most", no_time)
    better = 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        cover, people = rng.random((15, 40)) < 0.15, rng.integers(1, 40, 40).astype(float)
        answer = threshold(cover, people, Sites(15), share="0.6", search=Search(alternatives=8))
        equals = [one for one in answer.alternatives if one.objective == answer.objective]
        for one in equals:
            reached = float(people @ cover[list(one.chosen)].any(axis=0))
            assert reached <= answer.people_covered
            better += reached < answer.people_covered
        (told,) = [level for level in answer.order if level.goal == "people"]
        assert told.value == answer.people_covered
        assert not told.proven
    assert better > 3
