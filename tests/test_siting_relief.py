"""What an impossible question is told: how far each rule would have to give way, tried whole."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from coverage.errors import InputError
from coverage.siting import InfeasibleError, Limit, Sites, best_floor, lscp, threshold
from siting_brute import case_of, choices, cost, net_new, reached

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coverage.siting import Shortfall, WayOut
    from siting_brute import Case

pytest.importorskip("highspy")

FREED: dict[str, dict[str, object]] = {
    "new": {"max_new": None},
    "open": {"max_open": None},
    "budget": {"budget": None},
    "moved": {"max_moved": None},
    "apart": {"apart": ()},
    "group": {"limits": ()},
}


def _counted(kind: str, sites: Sites, chosen: set[int]) -> float | None:
    counts: dict[str, Callable[[], float]] = {
        "new": lambda: net_new(sites, chosen),
        "open": lambda: float(len(chosen)),
        "budget": lambda: cost(sites, chosen),
        "moved": lambda: float(len(set(sites.movable) - chosen)),
    }
    return counts[kind]() if kind in counts else None


def _answers(case: Case, kinds: tuple[str, ...]) -> list[set[int]]:
    """Choices that reach everybody, some rules given up."""
    sites = case.sites
    for kind in kinds:
        sites = replace(sites, **FREED[kind])  # type: ignore[arg-type]
    return [one for one in choices(sites) if reached(case, one).all()]


def _barred(seeds: range) -> Iterator[tuple[Case, Shortfall]]:
    """Cases that no allowed sites answer, and what is said of it."""
    for seed in seeds:
        try:
            case = case_of(seed)
            lscp(case.cover, case.sites)
        except InfeasibleError as error:
            short, *more = error.shortfalls
            if short.kind == "rules":
                assert not more, "one sentence"
                yield case, short
        except InputError:
            continue


def _check(case: Case, way: WayOut) -> int:
    """Hold a way out against every choice; how many of its numbers were proven."""
    kinds = tuple(need.rule for need in way.needs)
    answers = _answers(case, kinds)
    assert answers, kinds
    for kind in kinds if len(kinds) > 1 else ():
        fewer = tuple(one for one in kinds if one != kind)
        assert not _answers(case, fewer), "a rule is given up for nothing"
    first = way.needs[0]
    counts = [_counted(first.rule, case.sites, one) for one in answers]
    if counts[0] is None:
        assert first.enough is None
        return 0
    assert first.needed is not None
    assert first.needed == first.enough == pytest.approx(min(c for c in counts if c is not None))
    assert first.needed > first.allowed - 1e-9
    return 1


def test_ways_out_are_the_least_that_would_do() -> None:
    seen, together = 0, 0
    for case, short in _barred(range(600)):
        for way in short.ways:
            if any(need.rule == "replaced" for need in way.needs):
                continue  # no question of `Sites` is without it
            seen += _check(case, way)
            together += len(way.needs) > 1
    assert seen > 50
    assert together > 2


def test_the_best_floor_is_the_best_of_all_choices() -> None:
    seen = set()
    for seed in range(150):
        try:
            case = case_of(seed)
            found = best_floor(case.cover, case.people, case.sites, groups=case.groups)
        except InputError:
            continue
        worst = [_worst_off(case, chosen) for chosen in choices(case.sites)]
        if not worst:
            assert (found.share, found.bound, found.chosen) == (0.0, 0.0, ())
            continue
        assert found.share == pytest.approx(max(worst), abs=1e-6)
        assert found.bound == found.share
        assert _worst_off(case, set(found.chosen)) == pytest.approx(found.share)
        seen.add(round(found.share, 3))
    assert len(seen) > 20


def _worst_off(case: Case, chosen: set[int]) -> float:
    """Least share of a group's people that open sites reach."""
    there, groups = reached(case, chosen), np.array(case.groups)
    shares = [
        float(case.people[there & (groups == g)].sum() / case.people[groups == g].sum())
        for g in set(case.groups)
        if case.people[groups == g].sum() > 0
    ]
    return min(shares, default=1.0)


def test_the_rules_that_conflict_are_named() -> None:
    """Two homes, two towns 1 apart: both must open, and one only may."""
    both = Sites(2, max_new=1, apart=[(0, 1)])
    with pytest.raises(InfeasibleError) as caught:
        lscp(np.eye(2, dtype=bool), both)
    said = str(caught.value)
    assert "2 new sites needed, 1 allowed and without the minimum spacing" in said, said
    (short,) = caught.value.shortfalls
    assert short.rules == ()
    assert [need.rule for need in short.ways[0].needs] == ["new", "apart"]
    assert short.ways[0].new == (0, 1)


def test_money_is_told_as_it_is_spent() -> None:
    """What closing brings in is part of what building may cost."""
    sites = Sites(3, costs=[0, 5, 7.5], closing_costs=[-2, 0, 0], closable=[0], budget=6, limits=[])
    cover = np.array([[1, 0, 0], [0, 1, 0], [1, 0, 1]], dtype=bool)
    with pytest.raises(InfeasibleError, match=r"a budget of 10.50 needed, 6 allowed"):
        lscp(cover, sites)


def test_groups_are_told_in_one_sentence() -> None:
    groups = ["north", "north", "south", "south"]
    with pytest.raises(InfeasibleError) as caught:
        threshold(
            np.eye(4, dtype=bool), None, Sites(4, max_new=1, limits=[Limit((0, 1), 1, "north")]),
            groups=groups, group_share="1/2",
        )  # fmt: skip
    said = str(caught.value).partition(" · ")[2]
    assert said.startswith("2 new sites needed, 1 allowed; the rules leave at least 1 "), said
    assert len(caught.value.problems) == 1
