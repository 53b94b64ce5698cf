"""The variants with capacities: a site serves no more people than it has beds.

`f_ij` are the people of point `j` served at site `i`: `sum_i f_ij <= w_j`,
`sum_j f_ij <= b_i y_i`. People of one point may go to different sites, unless
`single` keeps them together: then `f_ij = w_j x_ij` with `x_ij` 0 or 1.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from scipy.sparse import csr_array

from coverage.errors import InputError
from coverage.messages import Said
from coverage.siting.answer import (
    WITHIN,
    Result,
    choose_alternatives,
    gap_of,
    parameters,
    told,
    written,
)
from coverage.siting.bed_bound import bed_bound
from coverage.siting.bed_model import BedAsk, bed_step, check_beds, read_beds, why_short
from coverage.siting.bed_start import bed_start, settled
from coverage.siting.control import NODES, TINY, Control, limited, tightened
from coverage.siting.explain import (
    InfeasibleError,
)
from coverage.siting.mip import WHOLE, solve
from coverage.siting.problem import covering, entry_rows, people_of, times_of
from coverage.siting.rows import Rows, goal
from coverage.siting.targets import group_targets, share_target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.siting.answer import Answer
    from coverage.siting.mip import Clock
    from coverage.siting.problem import Bools, Floats, Ints, Sites
    from coverage.siting.rows import Minimise
    from coverage.siting.targets import Target

MANY = 5_000  # pairs, for which alternatives are first looked for without a model
TRIES = 12


def capacitated_mclp(
    coverage: Any,
    people: Any,
    sites: Sites,
    beds: Any,
    *,
    floor: Any = None,
    groups: Sequence[Any] | None = None,
    single: bool = False,
    seconds: float | None = None,
    seed: int = 0,
    gap: float = 0.0,
    alternatives: int = 3,
) -> Answer:
    """Maximal covering with capacities: the most people that find a bed within the limit.

    `max sum_ij f_ij` with `sum_i f_ij <= w_j`, `sum_j f_ij <= b_i y_i`, `f_ij` only where
    `a_ij = 1`, `y` in `Y`; with a floor, at least that share of every group is served.

    Args:
        coverage: (candidates, points), not 0 where reached.
        people: (points,) who need a bed.
        sites: The candidates and their rules.
        beds: (candidates,).
        floor: Least share of every group, or by group.
        groups: Group of every point.
        single: Whether the people of a point stay together.
        seconds: Time limit.
        seed: The same seed gives the same answer.
        gap: Relative gap that is good enough.
        alternatives: How many others within 1 % to look for.
    """
    begun = time.perf_counter()
    matrix, weights, room = _inputs(coverage, people, sites, beds)
    targets: list[Target] = []
    if floor is not None:
        targets = group_targets(
            weights, groups if groups is not None else [""] * len(weights), floor, split=True
        )
    i, j = _pairs(matrix)
    ask = BedAsk(
        i, j, None, weights, room, Rows.of(sites), False, tuple(targets), None, 0.0, single
    )
    options = {
        "floor": written(floor),
        "groups": None if groups is None else list(groups),
        "single": single,
    }
    return _answer(
        "capacitated_mclp",
        ask,
        sites,
        begun,
        (seconds, seed, gap, alternatives),
        options,
        (coverage, people, beds),
    )


def capacitated_lscp(
    coverage: Any,
    people: Any,
    sites: Sites,
    beds: Any,
    *,
    share: Any = 1,
    minimise: Minimise = "sites",
    single: bool = False,
    seconds: float | None = None,
    seed: int = 0,
    gap: float = 0.0,
    alternatives: int = 3,
) -> Answer:
    """Set cover with capacities: the fewest sites with a bed for everybody (or for a share).

    `min sum_i c_i y_i` with `sum_i f_ij = w_j` (or `sum_ij f_ij >= share sum_j w_j`),
    `sum_j f_ij <= b_i y_i`, `f_ij` only where `a_ij = 1`, `y` in `Y`.

    Args:
        coverage: (candidates, points), not 0 where reached.
        people: (points,) who need a bed.
        sites: The candidates and their rules.
        beds: (candidates,).
        share: Of all people; 1 means every one.
        minimise: New sites, or what building and closing costs.
        single: Whether the people of a point stay together.
        seconds: Time limit.
        seed: The same seed gives the same answer.
        gap: Relative gap that is good enough.
        alternatives: How many others within 1 % to look for.
    """
    begun = time.perf_counter()
    matrix, weights, room = _inputs(coverage, people, sites, beds)
    target = share_target(weights, share, split=True)
    everyone = target.needed >= weights.sum()
    i, j = _pairs(matrix)
    cost, offset = goal(sites, minimise)
    ask = BedAsk(
        i,
        j,
        None,
        weights,
        room,
        Rows.of(sites),
        everyone,
        () if everyone else (target,),
        cost,
        offset,
        single,
    )
    options = {"share": written(share), "minimise": minimise, "single": single}
    return _answer(
        "capacitated_lscp",
        ask,
        sites,
        begun,
        (seconds, seed, gap, alternatives),
        options,
        (coverage, people, beds),
    )


def capacitated_p_median(
    times: Any,
    people: Any,
    sites: Sites,
    beds: Any,
    *,
    single: bool = False,
    seconds: float | None = None,
    seed: int = 0,
    gap: float = 0.0,
    alternatives: int = 3,
) -> Answer:
    """The p-median with capacities: least total travel time so that everybody has a bed.

    `min sum_ij t_ij f_ij` with `sum_i f_ij = w_j`, `sum_j f_ij <= b_i y_i`, `y` in `Y`.

    Args:
        times: (candidates, points) times, dense or sparse; not stored is out of reach.
        people: (points,) who need a bed.
        sites: The candidates and their rules.
        beds: (candidates,).
        single: Whether the people of a point stay together.
        seconds: Time limit.
        seed: The same seed gives the same answer.
        gap: Relative gap that is good enough.
        alternatives: How many others within 1 % to look for.
    """
    begun = time.perf_counter()
    far = times_of(times, sites)
    weights = people_of(people, far.shape[1])
    room = _beds(beds, sites)
    i, j = np.nonzero(np.isfinite(far))
    ask = BedAsk(i, j, far[i, j], weights, room, Rows.of(sites), True, (), None, 0.0, single)
    return _answer(
        "capacitated_p_median",
        ask,
        sites,
        begun,
        (seconds, seed, gap, alternatives),
        {"single": single},
        (times, people, beds),
    )


def _inputs(
    coverage: Any, people: Any, sites: Sites, beds: Any
) -> tuple[csr_array, Floats, Floats]:
    matrix = covering(coverage, sites)
    return matrix, people_of(people, matrix.shape[1]), _beds(beds, sites)


def _beds(beds: Any, sites: Sites) -> Floats:
    room = np.asarray(beds, dtype=float).ravel()
    if len(room) != sites.count:
        raise InputError(
            Said(
                f"{sites.count} 个候选点给出了 {len(room)} 个床位数",
                f"{len(room)} capacities are given for {sites.count} candidates",
            )
        )
    bad = np.flatnonzero(~np.isfinite(room) | (room < 0))
    if len(bad):
        raise InputError(
            Said(
                f"床位数须为不小于 0 的数；候选点 {bad[0]} 的是 {room[bad[0]]:g}",
                f"capacities must be numbers of at least 0; site {bad[0]} has {room[bad[0]]:g}",
            )
        )
    return room


def _pairs(matrix: csr_array) -> tuple[Ints, Ints]:
    i = entry_rows(matrix)
    return i, matrix.indices.astype(np.int64)


def _without_one(
    ask: BedAsk, chosen: Bools, limit: float, clock: Clock
) -> list[tuple[Bools, float]]:
    """Answers within the limit, found quickly by barring one open site; for large models."""
    if len(ask.i) < MANY:
        return []
    near = []
    for site in np.flatnonzero(chosen & (ask.rows.lower == 0))[:TRIES]:
        upper = ask.rows.upper.copy()
        upper[site] = 0.0
        values = (
            None
            if clock.over
            else bed_start(replace(ask, rows=replace(ask.rows, upper=upper)), clock)
        )
        if values is None:
            continue
        other, share = read_beds(ask, values)
        value = ask.value(other, share)
        if (value <= limit) if ask.minimises else (value >= limit):
            near.append((other, value))
    return sorted(near, key=lambda item: item[1], reverse=not ask.minimises)


def _answer(
    model: str,
    ask: BedAsk,
    sites: Sites,
    begun: float,
    asked: tuple[float | None, int, float, int],
    options: dict[str, Any],
    inputs: tuple[Any, ...],
) -> Answer:
    """Solve, look for alternatives, tell."""
    seconds, seed, gap, want = asked
    control = Control(limited(seconds, begun), seed, gap)
    check_beds(ask)
    asked_for, (ask, scale) = ask, ask.scaled()
    step = bed_step(ask)
    values, bound = bed_start(ask, control.clock), bed_bound(ask, control.clock)
    value = None if values is None else ask.value(*read_beds(ask, values))
    if value is None or gap_of(value, bound) > gap:
        found = solve(
            ask.model(),
            clock=control.clock,
            seed=seed,
            start=values,
            relative=gap,
            gap=WHOLE if step else TINY * max(1.0, float(ask.weights.sum())),
        )
        if values is None and found.values is None:
            raise InfeasibleError(why_short(asked_for, control.clock, unsure=not found.done))
        values = values if found.values is None else found.values
        if found.values is not None or not found.done:
            sure = found.bound + ask.offset if ask.minimises else -found.bound
            bound = max(bound, sure) if ask.minimises else min(bound, sure)
    chosen, share = read_beds(ask, cast("Floats", values))
    value = ask.value(chosen, share)
    if ask.minimises:
        bound = min(-tightened(-bound, step), value)
    else:
        bound = max(tightened(bound, step), value)
    proven = time.perf_counter() - begun
    slack = WITHIN * abs(value) + TINY
    limit = value + slack if ask.minimises else value - slack

    def more(known: list[Bools], left: Clock) -> tuple[Bools, float] | bool | None:
        other = solve(
            ask.model(without=known, limit=limit), clock=left, seed=seed, first=True, nodes=NODES
        )
        if other.values is None:
            return None if other.done else False
        values = settled(ask, other.values[: len(ask.beds)] > 0.5, left)
        sites_open, shares = read_beds(ask, other.values if values is None else values)
        return sites_open, ask.value(sites_open, shares)

    others = choose_alternatives(
        chosen,
        _without_one(ask, chosen, limit, control.later()),
        more,
        want=want,
        clock=control.later(),
    )
    ask = asked_for
    people = ask.weights[ask.j] * share
    served = np.bincount(ask.j, weights=people, minlength=len(ask.weights))
    flows = csr_array((people, (ask.i, ask.j)), shape=(len(ask.beds), len(ask.weights)))
    details: dict[str, Any] = {
        "used_beds": np.bincount(ask.i, weights=people, minlength=len(ask.beds)).tolist()
    }
    assigned = None
    if ask.single:
        assigned = np.full(len(ask.weights), -1)
        assigned[ask.j[share > 0.5]] = ask.i[share > 0.5]
    return told(
        model,
        Result(chosen, value, bound),
        sites,
        people=ask.weights,
        reached=served,
        alternatives=others,
        parameters=parameters(model, sites, asked, options, inputs),
        seconds=(proven, time.perf_counter() - begun),
        assigned=assigned,
        served=flows,
        details=details,
        scale=scale,
    )
