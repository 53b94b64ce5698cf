"""Every model against trying all choices, on thousands of small random cases."""

from __future__ import annotations

import os
import time
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from coverage.errors import InputError
from coverage.siting import (
    backup,
    capacitated_lscp,
    capacitated_mclp,
    capacitated_p_median,
    lscp,
    mclp,
    p_center,
    p_median,
    threshold,
)
from siting_brute import Case, best, case_of, cost, flow, keeps, net_new, order_key, reached

if TYPE_CHECKING:
    from collections.abc import Callable

    from coverage.siting import Answer

pytest.importorskip("highspy")

SHARES = ("0", "1/4", "1/2", "3/5", "9/10", "1")


def _same(
    case: Case,
    solve: Callable[[], Answer],
    value: Callable[[set[int]], float | None],
    *,
    least: bool,
    slack: float = 1e-6,
    people: Callable[[set[int]], float] = lambda _: 0.0,
    before: Callable[[set[int]], tuple[float, ...]] = lambda _: (),
) -> None:
    top, every = best(case.sites, value, least=least)
    if top is None:
        with pytest.raises(InputError, match=r"\w"):
            solve()
        return
    answer = solve()
    assert answer.optimal
    assert answer.objective == pytest.approx(top, abs=slack)
    chosen = set(answer.chosen)
    assert keeps(case.sites, chosen)
    assert value(chosen) == pytest.approx(top, abs=slack)
    equals = [one for one, worth in every if abs(worth - top) <= slack]

    def key(one: set[int]) -> tuple[float, ...]:
        return (*before(one), *order_key(case.sites, one, people(one)))

    assert all(level.proven for level in answer.order), answer.order
    first = min(equals, key=key)
    assert chosen == first, f"{chosen} for {first}: {key(chosen)} for {key(first)}"
    near = 0.01 * abs(top) + slack
    sets = [chosen]
    for one in answer.alternatives:
        other = set(one.chosen)
        assert keeps(case.sites, other)
        worth = value(other)
        assert worth is not None
        assert worth == pytest.approx(one.objective, abs=slack)
        assert abs(worth - top) <= near
        assert other - chosen == set(one.sites_in)
        assert chosen - other == set(one.sites_out)
        assert chosen - other
        sets.append(other)
    assert set(answer.common) == set.intersection(*sets)
    if answer.every_alternative:
        must = {*case.sites.fixed, *case.sites.mandatory}
        left = [
            one
            for one, worth in every
            if abs(worth - top) <= near - 2 * slack
            and not any(one >= known - must for known in sets)
        ]
        assert not left, f"there is another one: {left[0]}"
    else:
        assert len(answer.alternatives) >= 3


def _covered(case: Case, chosen: set[int]) -> float:
    return float(case.people[reached(case, chosen)].sum())


def _share_met(case: Case, chosen: set[int], share: str, members: Any, *, strict: bool) -> bool:
    part = Fraction(share)
    weights = [Fraction(str(w)) for w in case.people]
    there = reached(case, chosen)
    have = sum(
        (w for w, r, inside in zip(weights, there, members, strict=True) if r and inside),
        Fraction(0),
    )
    goal = part * sum(
        (w for w, inside in zip(weights, members, strict=True) if inside), Fraction(0)
    )
    return have > goal if strict else have >= goal


def check_lscp(case: Case, seed: int) -> None:
    money = seed % 3 == 0

    def value(chosen: set[int]) -> float | None:
        if not reached(case, chosen).all():
            return None
        return cost(case.sites, chosen) if money else net_new(case.sites, chosen)

    _same(
        case,
        lambda: lscp(case.cover, case.sites, minimise="cost" if money else "sites"),
        value,
        least=True,
    )


def check_mclp(case: Case, seed: int) -> None:
    del seed
    _same(
        case,
        lambda: mclp(case.cover, case.people, case.sites),
        lambda chosen: _covered(case, chosen),
        least=False,
    )


def check_floor(case: Case, seed: int) -> None:
    share = SHARES[seed % len(SHARES)]

    def value(chosen: set[int]) -> float | None:
        for name in set(case.groups):
            members = [g == name for g in case.groups]
            if not _share_met(case, chosen, share, members, strict=False):
                return None
        return _covered(case, chosen)

    _same(
        case,
        lambda: mclp(case.cover, case.people, case.sites, floor=share, groups=case.groups),
        value,
        least=False,
    )


def check_threshold(case: Case, seed: int) -> None:
    share, strict = SHARES[seed % (len(SHARES) - 1)], seed % 4 == 1
    money, grouped = seed % 3 == 0, seed % 5 < 3
    everyone = [True] * len(case.groups)

    def value(chosen: set[int]) -> float | None:
        if not _share_met(case, chosen, share, everyone, strict=strict):
            return None
        for name in set(case.groups) if grouped else ():
            members = [g == name for g in case.groups]
            if case.people[members].sum() == 0:
                continue
            if not _share_met(case, chosen, "1/3", members, strict=strict):
                return None
        return cost(case.sites, chosen) if money else net_new(case.sites, chosen)

    _same(
        case,
        lambda: threshold(
            case.cover,
            case.people,
            case.sites,
            share=share,
            groups=case.groups if grouped else None,
            group_share="1/3" if grouped else None,
            strict=strict,
            minimise="cost" if money else "sites",
        ),
        value,
        least=True,
        people=lambda chosen: _covered(case, chosen),
    )


def check_backup(case: Case, seed: int) -> None:
    weight = (None, "1/2", 1)[seed % 3]
    if weight is None:
        sites = case.sites
        few = [
            net_new(sites, chosen)
            for chosen, _ in best(
                sites, lambda c: 0.0 if reached(case, c).all() else None, least=True
            )[1]
        ]

        def value(chosen: set[int]) -> float | None:
            if not reached(case, chosen).all():
                return None
            free = sites.max_new is None and sites.max_open is None
            if free and net_new(sites, chosen) > min(few):
                return None
            return float(case.people[reached(case, chosen, 2)].sum())

    else:
        part = float(Fraction(weight))

        def value(chosen: set[int]) -> float | None:
            second = float(case.people[reached(case, chosen, 2)].sum())
            return (1 - part) * _covered(case, chosen) + part * second

    _same(
        case,
        lambda: backup(case.cover, case.people, case.sites, weight=weight),
        value,
        least=False,
        people=lambda chosen: _covered(case, chosen),
    )


def check_median(case: Case, seed: int) -> None:
    del seed

    def value(chosen: set[int]) -> float | None:
        counted = case.people > 0
        if not chosen:
            return None if counted.any() else 0.0
        total = float(
            (case.times[sorted(chosen)].min(axis=0)[counted] * case.people[counted]).sum()
        )
        return total if np.isfinite(total) else None

    _same(case, lambda: p_median(case.times, case.people, case.sites), value, least=True)


def check_center(case: Case, seed: int) -> None:
    del seed

    def value(chosen: set[int]) -> float | None:
        longest = float(case.times[sorted(chosen)].min(axis=0).max()) if chosen else np.inf
        return longest if np.isfinite(longest) else None

    def worst_first(chosen: set[int]) -> tuple[float, ...]:
        ways = case.times[sorted(chosen)].min(axis=0)
        return tuple(sorted(ways.tolist(), reverse=True))

    _same(
        case,
        lambda: p_center(case.times, case.sites),
        value,
        least=True,
        before=worst_first,
    )


def _few(case: Case) -> Case:
    """Fewer points: enumerating who goes where takes long."""
    m = min(5, len(case.people))
    return Case(
        case.sites,
        case.cover[:, :m],
        case.times[:, :m],
        case.people[:m],
        case.beds,
        case.groups[:m],
    )


def check_beds_mclp(case: Case, seed: int) -> None:
    single = seed % 2 == 0
    case = _few(case)
    floors = dict.fromkeys(set(case.groups), 0.5) if seed % 3 == 0 else {}
    price = np.full(case.cover.shape, -1.0)

    def value(chosen: set[int]) -> float | None:
        found = flow(case, chosen, price, case.cover, single=single, everyone=False, floors=floors)
        return None if found is None else -found

    _same(
        case,
        lambda: capacitated_mclp(
            case.cover,
            case.people,
            case.sites,
            case.beds,
            single=single,
            floor="1/2" if floors else None,
            groups=case.groups,
        ),
        value,
        least=False,
        slack=1e-4,
    )


def check_beds_lscp(case: Case, seed: int) -> None:
    single = seed % 2 == 0
    share = ("1", "1/2")[seed % 4 // 2]
    case = _few(case)

    def served(chosen: set[int]) -> float | None:
        price = np.full(case.cover.shape, -1.0)
        return flow(
            case,
            chosen,
            price,
            case.cover,
            single=single,
            everyone=share == "1",
            share=float(Fraction(share)),
        )

    def value(chosen: set[int]) -> float | None:
        return None if served(chosen) is None else net_new(case.sites, chosen)

    _same(
        case,
        lambda: capacitated_lscp(
            case.cover, case.people, case.sites, case.beds, single=single, share=share
        ),
        value,
        least=True,
        slack=1e-4,
        people=lambda chosen: -round(served(chosen) or 0.0, 4),
    )


def check_beds_median(case: Case, seed: int) -> None:
    single = seed % 2 == 0
    case = _few(case)

    def value(chosen: set[int]) -> float | None:
        return flow(case, chosen, case.times, np.isfinite(case.times), single=single, everyone=True)

    _same(
        case,
        lambda: capacitated_p_median(case.times, case.people, case.sites, case.beds, single=single),
        value,
        least=True,
        slack=1e-4,
    )


CHECKS: dict[str, tuple[Callable[[Case, int], None], int]] = {
    "lscp": (check_lscp, 150),
    "mclp": (check_mclp, 200),
    "floor": (check_floor, 150),
    "threshold": (check_threshold, 200),
    "backup": (check_backup, 120),
    "median": (check_median, 200),
    "center": (check_center, 120),
    "beds_mclp": (check_beds_mclp, 60),
    "beds_lscp": (check_beds_lscp, 60),
    "beds_median": (check_beds_median, 60),
}
# The explore profile looks at other cases than the day before, and at ten times as many.
EXPLORE = os.environ.get("HYPOTHESIS_PROFILE") == "explore"
FIRST = int(time.time()) // 86_400 * 10_000 if EXPLORE else 0


def check(model: str, seeds: range) -> int:
    """Check a model on some cases; how many had an allowed choice of sites."""
    done = 0
    for seed in seeds:
        try:
            case = case_of(seed)
        except InputError:
            continue
        try:
            CHECKS[model][0](case, seed)
        except AssertionError as error:
            raise AssertionError(f"{model}, case {seed}: {error}") from error
        done += 1
    return done


@pytest.mark.slow
@pytest.mark.parametrize("model", CHECKS)
def test_brute_force_agrees(model: str) -> None:
    count = CHECKS[model][1] * (10 if EXPLORE else 1)
    assert check(model, range(FIRST, FIRST + count)) > count // 2
