"""The models of travel time and those with beds, and every model by its name.

`t_ij` is the time from candidate `i` to demand point `j`, `w_j` are the people there, `b_i` beds,
`f_ij` the people of `j` served at `i`; `Y` are the rules of `Sites`.

They raise `InputError` if the input cannot be meant, `InfeasibleError` with the reasons if
there is no answer.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.errors import UnknownNameError, refusal
from coverage.messages import Said
from coverage.siting._answer import EXACTLY, WITHIN, Answer, Choice, Inquiry, Result, Search, digest
from coverage.siting._ask import TINY, cover_model
from coverage.siting._beds import BedAsk, answer_beds
from coverage.siting._center import longest, shortest, within, worst_first
from coverage.siting._covers import backup, lscp, mclp, threshold
from coverage.siting._explain import InfeasibleError, out_of_reach
from coverage.siting._fewest import neighbours
from coverage.siting._inputs import (
    beds_of,
    covering,
    group_targets,
    people_of,
    scale_of,
    share_target,
    times_of,
)
from coverage.siting._median import least_travel, median_model
from coverage.siting._order import site_goals
from coverage.siting._rules import Minimise, Rows, goal
from coverage.siting._sites import Bools, Floats, Sites, entry_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from coverage.siting._solver import Mip

LARGE = 2_000_000  # times, with which no alternative p-median is looked for by a model


def p_median(times: Any, people: Any, sites: Sites, *, search: Search = EXACTLY) -> Answer:
    """The p-median problem (Hakimi 1964): `sites.max_new` sites, the least total travel time.

    `min sum_ij w_j t_ij x_ij` with `sum_i x_ij = 1`, `x_ij <= y_i`, `y` in `Y` (the rules,
    at most `p = sites.max_new` new sites among them). Everyone goes to the nearest open site.
    Vertex interchange (Teitz and Bart 1968) in an iterated local search, a Lagrangian bound
    (Cornuéjols, Fisher and Nemhauser 1977) that settles most sites, HiGHS for the rest.

    Args:
        times: (candidates, points) times or distances, dense or sparse; what is not
            stored, or infinite, is out of reach.
        people: (points,).
        sites: The candidates and their rules.
        search: How hard to try.
    """
    inquiry = Inquiry("p_median", sites, search, (times, people))
    far = times_of(times, sites)
    weights, rows = people_of(people, far.shape[1]), Rows.of(sites)
    counted = np.flatnonzero(weights > 0)
    _check_times(far[:, counted], weights[counted], rows, counted)
    cost = far[:, counted] * weights[counted]
    scale = scale_of(np.where(np.isfinite(cost), cost, 0.0))
    cost *= scale
    result = least_travel(cost, weights[counted], rows, inquiry.control, site_goals(sites))

    def other(known: list[Bools]) -> Mip | None:
        if cost.size > LARGE:
            return None
        limit = result.value * (1 + WITHIN) + TINY
        return median_model(cost, np.isfinite(cost), rows, without=known, at_most=limit)[0]

    def read(values: Floats, _: object) -> Choice:
        chosen = values[: sites.count] > 0.5
        return chosen, float(cost[chosen].min(axis=0).sum()) if chosen.any() else 0.0

    assigned = np.where(result.chosen[:, None], far, np.inf).argmin(axis=0)
    served = np.isfinite(far[assigned, np.arange(len(assigned))])
    assigned[~served] = -1
    total = float(weights.sum())
    return inquiry.answer(
        result,
        people=weights,
        reached=served,
        other=other,
        read=read,
        scale=scale,
        assigned=assigned,
        details={"mean": result.value / scale / total if total else 0.0},
    )


def p_center(times: Any, sites: Sites, *, people: Any = None, search: Search = EXACTLY) -> Answer:
    """The p-center problem (Hakimi 1964): `sites.max_new` sites, the shortest longest way.

    `min max_j min_{i open} t_ij`, `y` in `Y`: the least of the times `r` for which
    `sum_{i: t_ij <= r} y_i >= 1` for all `j` has an answer. Of these answers the one with the
    shortest second longest way, and so on; `details` tells the settled ways with how many points
    have each (`worst`), and the point with the longest (`farthest`).

    Args:
        times: (candidates, points) times or distances, dense or sparse; what is not
            stored, or infinite, is out of reach.
        sites: The candidates and their rules.
        people: (points,) only told; every point counts, however few live there.
        search: How hard to try; its gap is not used.
    """
    inquiry = Inquiry("p_center", sites, search, (times, people))
    far = times_of(times, sites)
    weights, rows = people_of(people, far.shape[1]), Rows.of(sites)
    _check_times(far, weights, rows, np.arange(len(weights)))
    best, value, bound = shortest(far, rows, inquiry.control)
    inquiry.stands()
    result, settled = worst_first(
        far, rows, Result(best, value, bound), site_goals(sites), inquiry.control
    )
    best = result.chosen
    wide = within(far, rows, value * (1 + WITHIN) + TINY)
    near = sorted(
        ((one, longest(far, one)) for one, _ in neighbours(wide, best)), key=lambda one: one[1]
    )
    merged = wide.merged()

    def read(values: Floats, _: object) -> Choice:
        chosen = values[: sites.count] > 0.5
        return chosen, longest(far, chosen)

    nobody = np.zeros(0, dtype=int)
    farthest = int(far[best].min(axis=0).argmax()) if best.any() and far.shape[1] else None
    return inquiry.answer(
        replace(result, near=near),
        people=weights,
        reached=np.ones(len(weights), dtype=bool),
        other=lambda known: cover_model(merged, without=known),
        read=read,
        assigned=np.where(best[:, None], far, np.inf).argmin(axis=0) if best.any() else nobody,
        details={"worst": settled, "farthest": farthest},
    )


def _check_times(far: Floats, people: Floats, rows: Rows, points: Any) -> None:
    lost = np.flatnonzero(~np.isfinite(far[rows.upper > 0]).any(axis=0))
    if len(lost):
        raise InfeasibleError([out_of_reach(points[lost], float(people[lost].sum()))])


def capacitated_mclp(
    coverage: Any,
    people: Any,
    sites: Sites,
    beds: Any,
    *,
    floor: Any = None,
    groups: Sequence[Any] | None = None,
    single: bool = False,
    search: Search = EXACTLY,
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
        search: How hard to try.
    """
    groups = None if groups is None else list(groups)
    inquiry = Inquiry(
        "capacitated_mclp", sites, search, (coverage, people, beds),
        floor=floor, groups=groups, single=single,
    )  # fmt: skip
    matrix = covering(coverage, sites)
    weights, room = people_of(people, matrix.shape[1]), beds_of(beds, sites)
    targets = group_targets(weights, groups, floor, split=True)
    pairs = entry_rows(matrix), matrix.indices.astype(np.int64)
    ask = BedAsk(*pairs, weights, room, Rows.of(sites), single, targets=targets)
    return answer_beds(inquiry, ask)


def capacitated_lscp(
    coverage: Any,
    people: Any,
    sites: Sites,
    beds: Any,
    *,
    share: Any = 1,
    minimise: Minimise = "sites",
    single: bool = False,
    search: Search = EXACTLY,
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
        search: How hard to try.
    """
    inquiry = Inquiry(
        "capacitated_lscp", sites, search, (coverage, people, beds),
        share=share, minimise=minimise, single=single,
    )  # fmt: skip
    matrix = covering(coverage, sites)
    weights, room = people_of(people, matrix.shape[1]), beds_of(beds, sites)
    target = share_target(weights, share, split=True)
    everyone = target.needed >= weights.sum()
    cost, offset = goal(sites, minimise)
    ask = BedAsk(
        entry_rows(matrix),
        matrix.indices.astype(np.int64),
        weights,
        room,
        Rows.of(sites),
        single,
        all=everyone,
        targets=() if everyone else (target,),
        cost=cost,
        offset=offset,
    )
    return answer_beds(inquiry, ask)


def capacitated_p_median(
    times: Any,
    people: Any,
    sites: Sites,
    beds: Any,
    *,
    single: bool = False,
    search: Search = EXACTLY,
) -> Answer:
    """The p-median with capacities: least total travel time so that everybody has a bed.

    `min sum_ij t_ij f_ij` with `sum_i f_ij = w_j`, `sum_j f_ij <= b_i y_i`, `y` in `Y`.

    Args:
        times: (candidates, points) times, dense or sparse; not stored is out of reach.
        people: (points,) who need a bed.
        sites: The candidates and their rules.
        beds: (candidates,).
        single: Whether the people of a point stay together.
        search: How hard to try.
    """
    inputs = times, people, beds
    inquiry = Inquiry("capacitated_p_median", sites, search, inputs, single=single)
    far = times_of(times, sites)
    weights, room = people_of(people, far.shape[1]), beds_of(beds, sites)
    i, j = np.nonzero(np.isfinite(far))
    ask = BedAsk(i, j, weights, room, Rows.of(sites), single, far=far[i, j], all=True)
    return answer_beds(inquiry, ask)


MODELS: dict[str, Callable[..., Answer]] = {
    model.__name__: model
    for model in (
        lscp,
        mclp,
        backup,
        threshold,
        p_median,
        p_center,
        capacitated_mclp,
        capacitated_lscp,
        capacitated_p_median,
    )
}


def run(
    model: str,
    matrix: Any,
    people: Any,
    sites: Sites,
    *,
    beds: Any = None,
    search: Search = EXACTLY,
    **options: Any,
) -> Answer:
    """Solve a model by name.

    Args:
        model: One of `MODELS`.
        matrix: (candidates, points) coverage, or times for the models of travel time.
        people: (points,).
        sites: The candidates and their rules.
        beds: (candidates,) for the models with capacities.
        search: How hard to try.
        options: Of the model.

    Raises:
        UnknownNameError: If there is no such model.
        InputError: If the input cannot be meant.
    """
    if model not in MODELS:
        known = ", ".join(MODELS)
        raise UnknownNameError(
            Said(
                f"没有选址模型 {model!r}，可选 {known}",
                f"there is no siting model {model!r}; there are {known}",
            )
        )
    solved = MODELS[model]
    if model in {"lscp", "p_center"}:
        return solved(matrix, sites, people=people, search=search, **options)
    if not model.startswith("capacitated"):
        return solved(matrix, people, sites, search=search, **options)
    if beds is None:
        raise refusal(
            "带容量的模型需要每个候选点的床位数",
            "a model with capacities needs the beds of every candidate",
        )
    return solved(matrix, people, sites, beds, search=search, **options)


def replay(
    parameters: Mapping[str, Any], matrix: Any, people: Any, *, beds: Any = None, then: Any = None
) -> Answer:
    """Run an answer's parameters again on the same arrays.

    Raises:
        InputError: If the arrays are not those that were asked about.
    """
    model, options = parameters["model"], dict(parameters["options"])
    inputs = (matrix, people, beds) if model.startswith("capacitated") else (matrix, people)
    if then is not None:
        inputs, options["then"] = (*inputs, then), then
    if digest(*inputs) != parameters["input"]:
        raise refusal("数据与当初求解时不同", "these are not the arrays the answer was found on")
    search = Search(**{one.name: options.pop(one.name) for one in fields(Search)})
    sites = Sites.from_dict(parameters["sites"])
    return run(model, matrix, people, sites, beds=beds, search=search, **options)
