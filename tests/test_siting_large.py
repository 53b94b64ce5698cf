"""Siting beyond what can be tried out: engines against plain HiGHS, bounds under time limits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from coverage.siting import (
    Search,
    Sites,
    _breed,
    _median,
    _most,
    lscp,
    mclp,
    p_center,
    p_median,
    run,
    threshold,
    too_near,
)
from coverage.siting._ask import Ask, cover_model
from coverage.siting._breed import polish
from coverage.siting._inputs import group_targets, share_target
from coverage.siting._median import median_model
from coverage.siting._rules import Rows
from coverage.siting._search import Walk, beginning
from coverage.siting._solver import Clock, solve

if TYPE_CHECKING:
    from numpy.typing import NDArray

pytest.importorskip("highspy")


def _plane(seed: int, n: int, m: int) -> tuple[NDArray[np.float64], NDArray[np.float64], Any]:
    rng = np.random.default_rng(seed)
    at, homes = rng.random((n, 2)), rng.random((m, 2))
    far = np.hypot(*(at[:, None] - homes[None]).transpose(2, 0, 1))
    return far, rng.integers(1, 60, m).astype(float), at


def _plain_cover(far: Any, people: Any, sites: Sites, limit: float) -> float:
    ask = Ask(csr_array((far <= limit).astype(float)), people, Rows.of(sites))
    return -solve(cover_model(ask), clock=Clock.of(None)).objective


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("spaced", [False, True])
def test_mclp_equals_plain_highs(seed: int, spaced: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_most, "FEW", 0)  # every stage has its turn
    monkeypatch.setattr(_breed, "MOVES", 2_000)
    monkeypatch.setattr(_most, "ROUNDS", (5, 30))
    monkeypatch.setattr(_most, "KICKS", (0, 1, 1))
    far, people, at = _plane(seed, 90, 200)
    if seed % 3 == 0:
        people = people + 0.25
    sites = Sites(90, max_new=8, apart=too_near(at, 0.15) if spaced else ())
    answer = mclp(far <= 0.12, people, sites)
    assert answer.optimal
    assert answer.objective == pytest.approx(_plain_cover(far, people, sites, 0.12), rel=1e-9)
    assert len(answer.alternatives) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_threshold_is_the_least_number(seed: int) -> None:
    far, people, _ = _plane(seed, 60, 150)
    answer = threshold(far <= 0.15, people, Sites(60), share="0.7")
    assert answer.optimal
    needed = 0.7 * people.sum()
    most_with = [
        _plain_cover(far, people, Sites(60, max_new=p), 0.15)
        for p in (int(answer.objective) - 1, int(answer.objective))
    ]
    assert most_with[0] < needed <= most_with[1]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(16))
@pytest.mark.parametrize("p", [3, 12])
def test_p_median_equals_plain_highs(seed: int, p: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if seed % 2:
        monkeypatch.setattr(_median, "STAGES", ((0, 10),))
        monkeypatch.setattr(_median, "FEW_SITES", 25 if seed % 4 == 1 else 0)
    far, people, at = _plane(seed, 50, 70)
    times = np.round(far * 1000)
    sites = Sites(50, max_new=p, fixed=[3], apart=too_near(at, 0.1) if seed % 3 == 0 else ())
    answer = p_median(times, people, sites)
    model, _ = median_model(times * people, np.ones(times.shape, dtype=bool), Rows.of(sites))
    assert answer.optimal
    assert answer.objective == pytest.approx(solve(model, clock=Clock.of(None)).objective)


def test_a_time_limit_leaves_an_honest_bound() -> None:
    far, people, _ = _plane(1, 600, 1500)
    full = mclp(far <= 0.06, people, Sites(600, max_new=40), search=Search(alternatives=0))
    for seconds in (0.02, 0.3):
        cut = mclp(
            far <= 0.06, people, Sites(600, max_new=40), search=Search(seconds, alternatives=0)
        )
        assert cut.objective <= full.objective <= cut.bound
        assert full.optimal
        assert cut.optimal == (cut.gap == 0)
    far, people, _ = _plane(1, 150, 150)
    times = np.round(far * 1000)
    whole = p_median(times, people, Sites(150, max_new=5), search=Search(alternatives=0))
    cut = p_median(times, people, Sites(150, max_new=5), search=Search(0.02, alternatives=0))
    assert whole.optimal
    assert cut.bound <= whole.objective <= cut.objective


def test_p_center_within_is_the_least() -> None:
    far, _, _ = _plane(2, 60, 120)
    answer = p_center(np.round(far * 1000), Sites(60, max_new=6))
    times = np.round(far * 1000)
    reach = times <= answer.objective - 1
    assert answer.optimal
    assert lscp(times <= answer.objective, Sites(60)).objective <= 6
    assert not reach.any(axis=0).all() or lscp(reach, Sites(60)).objective > 6


def test_counties_at_once_equal_plain_highs() -> None:
    """Cuts and tabu search change nothing about the answer."""
    for seed in range(4):
        far, people, at = _plane(seed, 60, 150)
        homes = np.random.default_rng(seed)
        homes.random((60, 2))
        groups = [f"{int(x * 2)}{int(y * 2)}" for x, y in homes.random((150, 2))]
        sites = Sites(60, movable=[1, 2], apart=too_near(at, 0.05) if seed % 2 else ())
        answer = threshold(
            far <= 0.15, people, sites, share="0.6", groups=groups, group_share="0.5"
        )
        targets = [
            share_target(people, "0.6"),
            *group_targets(people, groups, "0.5"),
        ]
        rows = Rows.of(sites)
        matrix = csr_array((far <= 0.15).astype(float))
        ask = Ask(matrix, people, rows, targets=tuple(targets), cost=rows.places, offset=-2.0)
        assert answer.optimal
        assert answer.objective == round(
            solve(cover_model(ask), clock=Clock.of(None)).objective - 2
        )


def test_polishing_keeps_the_rules_and_never_loses() -> None:
    far, people, at = _plane(3, 300, 900)
    for sites in (Sites(300, max_new=20), Sites(300, max_new=20, apart=too_near(at, 0.1))):
        rows = Rows.of(sites)
        ask = Ask(csr_array((far <= 0.07).astype(float)), people, rows).merged()
        start = beginning(ask)
        assert start is not None
        walk = Walk(ask, start)
        walk.fill()
        better = polish(ask, walk.chosen, around=8, seed=0, clock=Clock.of(None))
        assert rows.hold(better)
        assert ask.value(better) >= ask.value(walk.chosen)


def test_weights_of_any_size_are_seen() -> None:
    """Shares of a millionth and hours instead of metres give the same sites."""
    far, people, _ = _plane(5, 40, 90)
    times = np.round(far * 1000)
    cases: tuple[tuple[str, Any, dict[str, Any]], ...] = (
        ("mclp", far <= 0.15, {}),
        ("p_median", times, {}),
        ("threshold", far <= 0.2, {"share": "0.7"}),
        ("capacitated_mclp", far <= 0.15, {"beds": np.full(40, 300.0)}),
        ("capacitated_p_median", times, {"beds": np.full(40, 900.0)}),
    )
    for model, matrix, options in cases:
        sites = Sites(40, max_new=None if model == "threshold" else 5)
        whole = run(model, matrix, people, sites, **options)
        tiny = {k: v * 1e-9 if k == "beds" else v for k, v in options.items()}
        small = run(model, matrix, people * 1e-9, sites, **tiny)
        scale = 1.0 if model == "threshold" else 1e-9
        assert small.optimal
        assert small.objective == pytest.approx(whole.objective * scale, rel=1e-6)


@pytest.mark.parametrize("model", ["capacitated_mclp", "capacitated_lscp", "capacitated_p_median"])
def test_beds_without_time_still_have_an_answer(model: str) -> None:
    far, people, _ = _plane(6, 60, 120)
    matrix = np.round(far * 1000) if model == "capacitated_p_median" else far <= 0.4
    beds = np.full(60, people.sum() / 8)
    sites = Sites(60, max_new=20)
    cut = run(model, matrix, people, sites, beds=beds, search=Search(1e-6))
    full = run(model, matrix, people, sites, beds=beds, search=Search(alternatives=0))
    assert full.optimal
    low, high = sorted((cut.objective, cut.bound))
    assert low - 1e-6 <= full.objective <= high + 1e-6
    assert np.isfinite(cut.gap)


def test_an_unproven_answer_is_plain_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound by prices comes from arrays; what is told of it goes into JSON."""
    far, people, _ = _plane(1, 150, 150)
    monkeypatch.setattr(_median, "STAGES", ((0, 3),))
    monkeypatch.setattr(_median.Least, "_branch", lambda _: None)
    monkeypatch.setattr(_median.Least, "_exact", lambda _: None)
    search = Search(alternatives=0)
    cut = p_median(far, people + 0.25, Sites(150, max_new=5), search=search)
    told = [cut.objective, cut.bound, cut.gap, cut.optimal]
    assert [type(one) for one in told] == [float, float, float, bool]
    assert json.loads(json.dumps(told)) == told
    assert not cut.optimal
