"""The p-center: the longest way anybody has is as short as can be."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from coverage.siting.answer import WITHIN, Result, choose_alternatives, parameters, told
from coverage.siting.control import NODES, TINY, Control, limited
from coverage.siting.cover_mip import Ask, cover_model
from coverage.siting.explain import InfeasibleError, out_of_reach
from coverage.siting.fewest import neighbours
from coverage.siting.mip import solve
from coverage.siting.most import enough_sites
from coverage.siting.problem import people_of, times_of
from coverage.siting.reduce import cover_core
from coverage.siting.rows import Rows
from coverage.siting.shortage import explain_cover

if TYPE_CHECKING:
    from coverage.siting.answer import Answer
    from coverage.siting.mip import Clock
    from coverage.siting.problem import Bools, Floats, Sites


def p_center(
    times: Any,
    sites: Sites,
    *,
    people: Any = None,
    seconds: float | None = None,
    seed: int = 0,
    alternatives: int = 3,
) -> Answer:
    """The p-center problem (Hakimi 1964): `sites.max_new` sites, the shortest longest way.

    `min max_j min_{i open} t_ij`, `y` in `Y`: the least of the times `r` for which
    `sum_{i: t_ij <= r} y_i >= 1` for all `j` has an answer, found by
    halving over set covers (Minieka 1970).

    Args:
        times: (candidates, points) times or distances, dense or sparse; what is not
            stored, or infinite, is out of reach.
        sites: The candidates and their rules.
        people: (points,) only told; every point counts, however few live there.
        seconds: Time limit; the best found and its bound are given then.
        seed: The same seed gives the same answer.
        alternatives: How many others within 1 % to look for.

    Raises:
        InputError: If the input cannot be meant.
        InfeasibleError: If not everyone can be reached, with the reasons.
    """
    begun = time.perf_counter()
    far = times_of(times, sites)
    weights = people_of(people, far.shape[1])
    rows = Rows.of(sites)
    control = Control(limited(seconds, begun), seed)
    lost = np.flatnonzero(~np.isfinite(far[rows.upper > 0]).any(axis=0))
    if len(lost):
        raise InfeasibleError([out_of_reach(lost, float(weights[lost].sum()))])
    best, value, bound = _halve(far, rows, control)
    limit = value * (1 + WITHIN) + TINY
    wide = _ask(far, rows, limit)
    near = [(one, _longest(far, one)) for one in neighbours(wide, best)]
    near.sort(key=lambda item: item[1])
    proven = time.perf_counter() - begun
    merged = wide.merged()

    def more(known: list[Bools], left: Clock) -> tuple[Bools, float] | bool | None:
        found = solve(
            cover_model(merged, without=known), clock=left, seed=seed, first=True, nodes=NODES
        )
        if found.values is None:
            return None if found.done else False
        chosen = found.values[: len(rows.lower)] > 0.5
        return chosen, _longest(far, chosen)

    others = choose_alternatives(best, near, more, want=alternatives, clock=control.later())
    assigned = (
        np.where(best[:, None], far, np.inf).argmin(axis=0)
        if best.any()
        else np.zeros(0, dtype=int)
    )
    return told(
        "p_center",
        Result(best, value, bound),
        sites,
        people=weights,
        reached=np.ones(len(weights), dtype=bool),
        alternatives=others,
        parameters=parameters(
            "p_center", sites, (seconds, seed, 0.0, alternatives), {}, (times, people)
        ),
        seconds=(proven, time.perf_counter() - begun),
        assigned=assigned,
    )


def _longest(far: Floats, chosen: Bools) -> float:
    if not far.shape[1]:
        return 0.0
    return float(far[chosen].min(axis=0).max()) if chosen.any() else np.inf


def _ask(far: Floats, rows: Rows, limit: float) -> Ask:
    """Everybody within a limit."""
    points = far.shape[1]
    matrix = csr_array((far <= limit).astype(float))
    must = np.ones(points, dtype=bool)
    return Ask(matrix, np.zeros(points), None, must, (), rows, rows.places)


def _halve(far: Floats, rows: Rows, control: Control) -> tuple[Bools, float, float]:
    """The best sites, their longest way, and what it cannot be shorter than."""
    allowed = far[rows.upper > 0]
    least = float(allowed.min(axis=0).max()) if far.shape[1] else 0.0
    steps = np.unique(allowed[np.isfinite(allowed)])
    steps = steps[steps >= least]
    low, high = -1, len(steps) - 1
    proven_low = 0
    if not len(steps):
        return rows.lower > 0, 0.0, 0.0
    best = _by_greedy(far, rows, steps)
    if best is not None:
        high = int(np.searchsorted(steps, _longest(far, best)))
    while high - low > 1 or best is None:
        middle = (low + high) // 2 if best is not None else high
        # Near a known answer the gap to the next step is mostly small: look there first.
        if best is not None and high - low > 8:
            middle = high - max(1, (high - low) // 4)
        chosen, sure = _within(far, rows, float(steps[middle]), control)
        if chosen is not None:
            best, high = chosen, int(np.searchsorted(steps, _longest(far, chosen)))
        elif sure and best is None:
            ask = _ask(far, rows, float(steps[-1]))
            raise InfeasibleError(explain_cover(ask, control.clock))
        elif sure:
            low = proven_low = middle
        elif best is None:
            ask = _ask(far, rows, float(steps[-1]))
            raise InfeasibleError(explain_cover(ask, control.clock, unsure=True))
        else:
            bound = float(steps[proven_low + 1]) if low >= 0 else float(steps[0])
            return best, float(steps[high]), bound
    return best, float(steps[high]), float(steps[high])


def _by_greedy(far: Floats, rows: Rows, steps: Floats) -> Bools | None:
    """Good sites by halving with the greedy cover alone, which is quick."""
    best: Bools | None = None
    left, right = 0, len(steps) - 1
    while left < right:
        middle = (left + right) // 2
        found = enough_sites(_ask(far, rows, float(steps[middle])))
        if found is None:
            left = middle + 1
        else:
            best, right = found, int(np.searchsorted(steps, _longest(far, found)))
    return best


def _within(far: Floats, rows: Rows, limit: float, control: Control) -> tuple[Bools | None, bool]:
    """Sites that bring everybody within a limit, and whether it is sure that there are none."""
    ask = _ask(far, rows, limit).merged()
    if (
        ask.must is None
        or (np.bincount(ask.matrix.indices, minlength=ask.matrix.shape[1]) == 0).any()
    ):
        return None, True
    keep, points = cover_core(ask.matrix, rows, np.zeros(len(rows.lower)))
    small = ask.only(keep)
    must = np.ones(len(points), dtype=bool)
    small = Ask(
        csr_array(small.matrix[:, points]),
        np.zeros(len(points)),
        None,
        must,
        (),
        small.rows,
        rows.places[keep],
    )
    chosen = np.zeros(len(rows.lower), dtype=bool)
    greedy = enough_sites(small)
    if greedy is not None:
        chosen[keep[greedy]] = True
        return chosen, True
    found = solve(cover_model(small), clock=control.clock, seed=control.seed, first=True)
    if found.values is None:
        return None, found.done
    chosen[keep[found.values[: len(keep)] > 0.5]] = True
    return chosen, True
