"""Every choice of sites tried, with the rules read anew: what the models are held against."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import linprog

from coverage.siting import Limit, Sites

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Case:
    """A small question."""

    sites: Sites
    cover: NDArray[np.bool_]
    times: NDArray[np.float64]
    people: NDArray[np.float64]
    beds: NDArray[np.float64]
    groups: list[str]


def case_of(seed: int) -> Case:
    """A random case; every kind of rule comes and goes."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(2, 8)), int(rng.integers(1, 9))
    people = rng.integers(0, 12, m).astype(float)
    if rng.random() < 0.25:
        people = np.round(people + rng.random(m), 2)
    times = rng.integers(0, 20, (n, m)).astype(float)
    if rng.random() < 0.3:
        times = np.round(times + rng.random((n, m)), 2)
    if rng.random() < 0.3:
        times[rng.random((n, m)) < 0.15] = np.inf
    return Case(
        sites=_sites(rng, n),
        cover=rng.random((n, m)) < rng.choice([0.2, 0.4, 0.7]),
        times=times,
        people=people,
        beds=rng.integers(0, 25, n).astype(float),
        groups=[str(g) for g in rng.integers(0, 3, m)],
    )


def _sites(rng: np.random.Generator, n: int) -> Sites:
    kind = rng.choice(4, n, p=[0.7, 0.1, 0.1, 0.1]) if rng.random() < 0.5 else np.zeros(n, int)
    named = [np.flatnonzero(kind == k).tolist() for k in range(4)]
    new = len(named[0])
    options: dict[str, Any] = {"fixed": named[1], "closable": named[2], "movable": named[3]}
    if rng.random() < 0.75:
        options["max_new"] = int(rng.integers(0, new + len(named[3]) + 1))
    if rng.random() < 0.15:
        options["max_open"] = int(rng.integers(0, n + 1))
    options["costs"] = rng.integers(0, 6, n).astype(float)
    if rng.random() < 0.4:
        options["closing_costs"] = rng.integers(-2, 4, n).astype(float)
    if rng.random() < 0.35:
        options["budget"] = float(rng.integers(0, 15))
    if rng.random() < 0.3 and named[3]:
        options["max_moved"] = int(rng.integers(0, len(named[3]) + 1))
    if rng.random() < 0.2 and new:
        options["mandatory"] = [int(rng.choice(named[0]))]
    if rng.random() < 0.2:
        loose = sorted({*named[0], *named[2], *named[3]} - set(options.get("mandatory", ())))
        options["forbidden"] = [int(rng.choice(loose))] if loose else []
    if rng.random() < 0.35 and n > 2:
        options["apart"] = [
            tuple(int(i) for i in rng.choice(n, 2, replace=False))
            for _ in range(rng.integers(1, 4))
        ]
    if rng.random() < 0.35:
        labels = rng.integers(0, 2, n)
        options["limits"] = [
            Limit(tuple(int(i) for i in np.flatnonzero(labels == g)), int(rng.integers(0, 3)), "g")
            for g in range(2)
        ]
    return Sites(n, **options)


def keeps(sites: Sites, chosen: set[int]) -> bool:
    """Whether open sites keep every rule, told from the rules themselves."""
    standing = set(sites.existing)
    closed = standing - chosen
    built = chosen - standing
    moved = closed & set(sites.movable)
    if not {*sites.fixed, *sites.mandatory} <= chosen or chosen & set(sites.forbidden):
        return False
    if len(moved) > len(built):
        return False
    limits = (
        (len(built), sites.max_new, len(moved)),
        (len(chosen), sites.max_open, 0),
        (len(moved), sites.max_moved, 0),
        (cost(sites, chosen), sites.budget, 1e-9),
    )
    if any(most is not None and value > most + more for value, most, more in limits):
        return False
    near = [{i, k} for i, k in sites.apart if not {i, k} <= standing]
    if any(pair <= chosen for pair in near):
        return False
    return all(len(chosen & set(limit.members)) <= limit.most for limit in sites.limits)


def cost(sites: Sites, chosen: set[int]) -> float:
    """What building and closing costs."""
    standing = set(sites.existing)
    built = sum(1.0 if sites.costs is None else sites.costs[i] for i in chosen - standing)
    closing = sites.closing_costs or [0.0] * sites.count
    return built + sum(closing[i] for i in standing - chosen)


def order_key(sites: Sites, chosen: set[int], people: float) -> tuple[float, ...]:
    """What decides between equals: people, money, closings, places in the list; least is best."""
    standing = set(sites.existing)
    listed = tuple(0.0 if i in chosen else 1.0 for i in range(sites.count))
    closed = float(len(standing - chosen))
    return (round(-people, 6), round(cost(sites, chosen), 6), closed, *listed)


def net_new(sites: Sites, chosen: set[int]) -> float:
    """New sites beside those that replace moved ones."""
    standing = set(sites.existing)
    return len(chosen - standing) - len((standing - chosen) & set(sites.movable))


def choices(sites: Sites) -> Iterator[set[int]]:
    """All allowed choices."""
    for bits in product((False, True), repeat=sites.count):
        chosen = {i for i, one in enumerate(bits) if one}
        if keeps(sites, chosen):
            yield chosen


def best(
    sites: Sites, value: Callable[[set[int]], float | None], *, least: bool
) -> tuple[float | None, list[tuple[set[int], float]]]:
    """The best value of all choices, None if there is none; and all choices with theirs."""
    every = [(chosen, value(chosen)) for chosen in choices(sites)]
    good = [(chosen, v) for chosen, v in every if v is not None]
    if not good:
        return None, []
    top = min(v for _, v in good) if least else max(v for _, v in good)
    return top, good


def reached(case: Case, chosen: set[int], times: int = 1) -> NDArray[np.bool_]:
    """Points that so many open sites reach."""
    return np.asarray(case.cover[sorted(chosen)].sum(axis=0) >= times)


def flow(
    case: Case,
    chosen: set[int],
    price: NDArray[np.float64],
    allowed: Any,
    *,
    single: bool,
    everyone: bool,
    share: float = 0.0,
    floors: dict[str, float] | None = None,
) -> float | None:
    """Least price of serving people with the beds of open sites, None if it cannot be done."""
    inside = sorted(chosen)
    n, m = len(inside), len(case.people)
    floors = floors or {}
    if single:
        return _single(case, inside, price, allowed, everyone, share, floors)
    bounds = [(0.0, case.people[j] if allowed[i, j] else 0.0) for i in inside for j in range(m)]
    c = [price[i, j] if allowed[i, j] else 0.0 for i in inside for j in range(m)]
    rows, high = [], []
    for k in range(n):
        row = np.zeros((n, m))
        row[k] = 1
        rows.append(row.ravel())
        high.append(case.beds[inside[k]])
    equal, exactly = [], []
    for j in range(m):
        row = np.zeros((n, m))
        row[:, j] = 1
        if everyone:
            equal.append(row.ravel())
            exactly.append(case.people[j])
        else:
            rows.append(row.ravel())
            high.append(case.people[j])
    for name, part in {"": share, **floors}.items():
        if part:
            members = np.array([name in {"", g} for g in case.groups])
            row = np.zeros((n, m))
            row[:, members] = -1
            rows.append(row.ravel())
            high.append(-part * case.people[members].sum() + 1e-7)
    if not n:
        fine = all(h >= 0 for h in high) and all(e == 0 for e in exactly)
        return 0.0 if fine else None
    done = linprog(
        c,
        A_ub=np.array(rows),
        b_ub=high,
        A_eq=np.array(equal) if equal else None,
        b_eq=exactly or None,
        bounds=bounds,
    )
    return float(done.fun or 0.0) if done.status == 0 else None


def _single(
    case: Case,
    inside: list[int],
    price: Any,
    allowed: Any,
    everyone: bool,
    share: float,
    floors: dict[str, float],
) -> float | None:
    found: float | None = None
    options = [
        [k for k in inside if allowed[k, j]] + ([] if everyone and case.people[j] > 0 else [-1])
        for j in range(len(case.people))
    ]
    for way in product(*options):
        load = np.zeros(case.sites.count)
        served = np.zeros(len(way))
        paid = 0.0
        for j, k in enumerate(way):
            if k >= 0:
                load[k] += case.people[j]
                served[j] = case.people[j]
                paid += price[k, j] * case.people[j]
        if (load > case.beds + 1e-9).any():
            continue
        fine = served.sum() >= share * case.people.sum() - 1e-9
        for name, part in floors.items():
            members = np.array([g == name for g in case.groups])
            fine &= served[members].sum() >= part * case.people[members].sum() - 1e-9
        if fine and (found is None or paid < found):
            found = paid
    return found
