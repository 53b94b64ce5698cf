"""Siting: bad input, impossible asks, what an answer carries."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from coverage.errors import InputError, UnknownNameError
from coverage.siting import (
    InfeasibleError,
    Limit,
    Search,
    Sites,
    capacitated_lscp,
    capacitated_mclp,
    kinds,
    lscp,
    mclp,
    p_center,
    p_median,
    per_group,
    replay,
    run,
    threshold,
    too_near,
)

pytest.importorskip("highspy")

A = np.array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]], dtype=bool)
PEOPLE = np.array([10.0, 20.0, 30.0, 40.0])


def _one(call: Any, words: str) -> InputError:
    with pytest.raises(InputError) as caught:
        call()
    assert len(caught.value.problems) == 1, caught.value.problems
    assert words in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"count": 0}, "no candidate site left"),
        ({"count": 3, "max_new": 4}, "4 new sites are asked for and there are 3 candidates"),
        ({"count": 3, "max_new": -1}, "at least 0, not -1"),
        ({"count": 3, "max_open": 9}, "9 open sites are asked for"),
        ({"count": 3, "budget": -5.0, "costs": [1, 1, 1]}, "budget must be a number of at least 0"),
        ({"count": 3, "budget": float("nan"), "costs": [1, 1, 1]}, "not nan"),
        ({"count": 3, "budget": 5.0}, "no costs of the sites"),
        ({"count": 3, "costs": [1, float("nan"), 1]}, "that of site 1 is nan"),
        ({"count": 3, "costs": [1, -2, 1]}, "that of site 1 is -2"),
        ({"count": 3, "costs": [1, 2]}, "2 costs are given for 3 candidates"),
        ({"count": 3, "fixed": [3]}, "fixed site 3 is none of the 3 candidates"),
        ({"count": 3, "fixed": [1], "closable": [1]}, "both fixed and closable"),
        ({"count": 3, "mandatory": [1], "forbidden": [1]}, "both mandatory and forbidden"),
        ({"count": 3, "apart": [(1, 1)]}, "distance from itself"),
        ({"count": 3, "limits": [Limit((0,), -1)]}, "allows -1 sites"),
    ],
)
def test_rules_that_cannot_be_meant(options: dict[str, Any], words: str) -> None:
    _one(lambda: Sites(**options), words)


def test_every_problem_of_the_rules_is_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        Sites(3, max_new=-1, budget=-1.0, costs=[1, 1, -1], fixed=[7])
    assert len(caught.value.problems) == 4


@pytest.mark.parametrize(
    ("people", "words"),
    [
        ([1.0, 2.0, float("nan"), 1.0], "demand point 2 has nan"),
        ([1.0, -2.0, 1.0, 1.0], "demand point 1 has -2"),
        ([1.0, 2.0], "2 numbers of people are given for 4 demand points"),
    ],
)
def test_people_must_be_numbers(people: list[float], words: str) -> None:
    _one(lambda: mclp(A, people, Sites(3, max_new=1)), words)
    _one(lambda: p_median(A.astype(float), people, Sites(3, max_new=1)), words)
    _one(lambda: capacitated_mclp(A, people, Sites(3, max_new=1), [1, 1, 1]), words)


def test_other_input_that_cannot_be_meant() -> None:
    one = Sites(3, max_new=1)
    _one(lambda: mclp(A[:2], PEOPLE, one), "2 rows for 3 candidates")
    _one(lambda: threshold(A, PEOPLE, one, share=1.2), "120 % cannot be reached")
    _one(lambda: threshold(A, PEOPLE, one, share="x"), "a number from 0 to 1")
    _one(lambda: threshold(A, PEOPLE, one, share=1, strict=True), "more than 100 %")
    _one(lambda: threshold(A, PEOPLE, one), "a share to be met is needed")
    _one(lambda: mclp(A, PEOPLE, one, search=Search(seconds=0)), "above 0 seconds")
    _one(lambda: lscp(A, one, minimise="people"), "either sites or cost")  # type: ignore[arg-type]
    _one(lambda: p_median(-A.astype(float), PEOPLE, one), "at least 0")
    _one(lambda: capacitated_mclp(A, PEOPLE, one, [1, -1, 1]), "site 1 has -1")
    _one(lambda: run("capacitated_mclp", A, PEOPLE, one), "needs the beds")
    with pytest.raises(UnknownNameError, match="no siting model 'best'"):
        run("best", A, PEOPLE, one)
    _one(lambda: too_near(np.array([[0, 0], [1, np.nan]]), 5), "two coordinates")
    _one(
        lambda: mclp(A, PEOPLE, Sites(3, max_new=0, mandatory=[1])),
        "mandatory sites alone are more",
    )
    _one(
        lambda: mclp(A, PEOPLE, Sites(3, mandatory=[0, 1], apart=[(0, 1)])),
        "nearer to one another",
    )


def test_inputs_stay_as_they_are() -> None:
    matrix, people = csr_array(A.astype(float)), PEOPLE.copy()
    before = matrix.copy()
    mclp(matrix, people, Sites(3, max_new=1))
    assert (people == PEOPLE).all()
    assert (matrix.toarray() == before.toarray()).all()


def test_points_out_of_reach_are_named() -> None:
    matrix = A.copy()
    matrix[:, 3] = False
    with pytest.raises(InfeasibleError, match="no candidate reaches 1 demand point with 40 people"):
        lscp(matrix, Sites(3), people=PEOPLE)
    with pytest.raises(InfeasibleError) as caught:
        threshold(matrix, PEOPLE, Sites(3), share="0.8")
    (short,) = caught.value.shortfalls
    assert short.points == (3,)
    assert short.missing == 20
    assert "20 short" in str(caught.value)


def test_the_group_that_cannot_be_met_is_named() -> None:
    matrix = A.copy()
    matrix[:, 3] = False
    with pytest.raises(InfeasibleError, match="in south") as caught:
        mclp(matrix, PEOPLE, Sites(3), floor="1/2", groups=["north", "north", "south", "south"])
    (short,) = caught.value.shortfalls
    assert (short.group, short.missing) == ("south", 5)


def test_the_rule_in_the_way_is_named() -> None:
    with pytest.raises(InfeasibleError, match="2 new sites needed, 1 allowed") as caught:
        threshold(A, PEOPLE, Sites(3, max_new=1), share="0.9")
    (short,) = caught.value.shortfalls
    assert (short.missing, short.rules) == (20, ("new",))
    with pytest.raises(InfeasibleError, match="minimum spacing") as caught:
        lscp(A, Sites(3, apart=[(0, 2)]))
    assert caught.value.shortfalls[0].rules == ("apart",)


def test_beds_that_are_short_are_counted() -> None:
    with pytest.raises(InfeasibleError, match="100 are needed and at most 90 can be served") as one:
        capacitated_lscp(A, PEOPLE, Sites(3), [30, 30, 30])
    assert one.value.shortfalls[0].missing == 10
    with pytest.raises(InfeasibleError, match=r"are needed and at most") as one:
        capacitated_lscp(A, PEOPLE, Sites(3), [200, 30, 20])
    assert one.value.shortfalls[0].kind == "capacity"
    assert one.value.shortfalls[0].missing == 20
    with pytest.raises(InfeasibleError, match="no candidate reaches"):
        p_median(csr_array(A.astype(float))[:2], PEOPLE, Sites(2, max_new=2))


def test_floors_with_beds_are_not_rounded() -> None:
    """Half of 7 and half of 24 need 15.5 beds; 15 are short by half a person."""
    matrix, people = np.ones((1, 2), dtype=bool), np.array([7.0, 24.0])
    asked: dict[str, Any] = {"floor": "1/2", "groups": ["north", "south"]}
    with pytest.raises(InfeasibleError):
        capacitated_mclp(matrix, people, Sites(1), [15.0], **asked)
    assert capacitated_mclp(matrix, people, Sites(1), [16.0], **asked).objective == 16


def test_people_and_points_are_both_told() -> None:
    answer = mclp(A, PEOPLE, Sites(3, max_new=1))
    assert (answer.objective, answer.bound, answer.gap) == (70, 70, 0)
    assert answer.optimal
    assert answer.chosen == answer.new == (2,)
    assert (answer.people_covered, answer.people_total) == (70, 100)
    assert (answer.points_covered, answer.points_total) == (2, 4)
    assert answer.every_alternative
    assert answer.alternatives == ()


def test_a_stored_zero_is_a_time() -> None:
    times = csr_array((np.array([0.0, 5.0]), (np.array([0, 0]), np.array([0, 1]))), shape=(1, 2))
    assert p_median(times, [1, 1], Sites(1, max_new=1)).objective == 5
    assert p_center(times, Sites(1)).objective == 5


def test_strict_and_exact_shares() -> None:
    """51 of 85 is exactly 60 %: enough for "at least", not for "more than"."""
    units = np.eye(85, dtype=bool)
    at_least = threshold(units, None, Sites(85), share="0.6")
    more = threshold(units, None, Sites(85), share="0.6", strict=True)
    assert (at_least.objective, more.objective) == (51, 52)
    assert at_least.optimal
    assert more.optimal
    assert len(more.alternatives) >= 3


def test_answers_replay() -> None:
    rng = np.random.default_rng(3)
    matrix = rng.random((30, 60)) < 0.1
    people = rng.integers(1, 50, 60).astype(float)
    groups = [str(g) for g in rng.integers(0, 3, 60)]
    townships = rng.integers(0, 8, 30).tolist()
    sites = Sites(
        30,
        max_new=6,
        movable=[1, 2],
        closing_costs=[2.0] * 30,
        costs=list(range(30)),
        budget=80.0,
        apart=too_near(rng.random((30, 2)) * 10, 1.0),
        limits=per_group(townships, 2),
    )
    answer = mclp(matrix, people, sites, floor="0.2", groups=groups, search=Search(seed=7))
    written = json.loads(json.dumps(answer.parameters))
    again = replay(written, matrix, people)
    assert again.chosen == answer.chosen
    assert again.alternatives == answer.alternatives
    assert again.parameters == answer.parameters
    with pytest.raises(InputError, match="not the arrays"):
        replay(written, matrix, people + 1)


@pytest.mark.parametrize("seed", [0, 1])
def test_same_seed_same_answer(seed: int) -> None:
    rng = np.random.default_rng(5)
    at, homes = rng.random((40, 2)), rng.random((80, 2))
    times = np.round(90 * np.hypot(*(at[:, None] - homes[None]).transpose(2, 0, 1)))
    people = rng.integers(1, 9, 80).astype(float)
    sites = Sites(40, max_new=5)
    for model in ("p_median", "p_center"):
        one = run(model, times, people, sites, search=Search(seed=seed))
        other = run(model, times, people, sites, search=Search(seed=seed))
        assert (one.chosen, one.alternatives) == (other.chosen, other.alternatives)
    one, other = (
        run("mclp", times < 20, people, sites, search=Search(seed=seed)) for _ in range(2)
    )
    assert (one.chosen, one.alternatives) == (other.chosen, other.alternatives)


def test_kinds_share_a_budget() -> None:
    """Several kinds of facility are one question over (kind, site) and (kind, point)."""
    both = kinds([A, ~A], [PEOPLE, PEOPLE[::-1]])
    sites = Sites(6, budget=3.0, costs=[1, 1, 1, 2, 2, 2], limits=[Limit((0, 1, 2), 1, "a")])
    answer = mclp(both.coverage, both.people, sites)
    best = max(
        sum(PEOPLE[A[i]]) + (max(sum(PEOPLE[::-1][~A[k]]) for k in range(3))) for i in range(3)
    )
    assert answer.objective == best
    assert {both.site(i)[0] for i in answer.chosen} == {0, 1}
