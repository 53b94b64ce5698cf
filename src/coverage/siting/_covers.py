"""The models of "reached within the limit": LSCP, MCLP, backup, threshold cover, floors, kinds.

In all of them `a_ij` is 1 where candidate `i` reaches demand point `j`, `w_j`
are the people there, `y_i` is 1 where a site is open and `z_j` where a point
is reached: `z_j <= sum_i a_ij y_i`. `Y` are the rules of `Sites`.

They raise `InputError` if the input cannot be meant, `InfeasibleError` with the reasons if
there is no answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import block_diag, csr_array

from coverage.errors import refusal
from coverage.siting._answer import EXACTLY, WITHIN, Answer, Choice, Inquiry, Result, Search
from coverage.siting._ask import TINY, Ask, cover_model
from coverage.siting._cover_order import best_of_equals, preferred
from coverage.siting._explain import check_reachable
from coverage.siting._fewest import fewest
from coverage.siting._inputs import (
    Target,
    covering,
    exact,
    group_targets,
    people_of,
    scale_of,
    share_target,
)
from coverage.siting._most import most
from coverage.siting._rules import Minimise, Rows, goal
from coverage.siting._sites import Floats, Sites

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, eq=False)
class Kinds:
    """Several kinds of facility as one question, see `kinds`.

    Attributes:
        coverage: (kinds × candidates, kinds × points).
        people: (kinds × points,).
        candidates: Of every kind, one after the other.
    """

    coverage: csr_array
    people: Floats
    candidates: tuple[int, ...]

    def site(self, position: int) -> tuple[int, int]:
        """Kind and candidate of a row."""
        ends = np.cumsum(self.candidates)
        kind = int(np.searchsorted(ends, position, side="right"))
        return kind, position - int(ends[kind] - self.candidates[kind])


def kinds(coverages: Sequence[Any], people: Sequence[Any]) -> Kinds:
    """Several kinds of facility, each with its own limit and people, under common rules.

    Rows are (kind, candidate), columns (kind, point), kind after kind; the rules of
    `Sites` over these rows tie the kinds together: one budget, at most so many of
    a kind, one building a plot (a `Limit` each). A person counts once for every kind.

    Args:
        coverages: For every kind (candidates, points), not 0 where reached.
        people: For every kind (points,); multiply to weigh a kind more.

    Raises:
        InputError: If there is not one list of people a kind.
    """
    if len(coverages) != len(people) or not coverages:
        raise refusal(
            f"{len(coverages)} 类设施给出了 {len(people)} 组人数",
            f"{len(people)} lists of people are given for {len(coverages)} kinds",
        )
    blocks = [covering(one, Sites(np.shape(one)[0])) for one in coverages]
    weights = [people_of(one, b.shape[1]) for one, b in zip(people, blocks, strict=True)]
    matrix = csr_array(block_diag(blocks, format="csr"))
    return Kinds(matrix, np.concatenate(weights), tuple(block.shape[0] for block in blocks))


def lscp(
    coverage: Any,
    sites: Sites,
    *,
    people: Any = None,
    minimise: Minimise = "sites",
    search: Search = EXACTLY,
) -> Answer:
    """Location set covering problem (LSCP; Toregas and others 1971): fewest sites that reach all.

    `min sum_i c_i y_i` with `sum_i a_ij y_i >= 1` for all `j`, `y` in `Y`;
    `c_i` is 1 for a new site and 0 for an existing one, or its cost.

    Args:
        coverage: (candidates, points), dense or sparse; not 0 where reached.
        sites: The candidates and their rules.
        people: (points,) only told, every point must be reached.
        minimise: New sites, or what building and closing costs.
        search: How hard to try.
    """
    inquiry = Inquiry("lscp", sites, search, (coverage, people), minimise=minimise)
    matrix = covering(coverage, sites)
    weights = people_of(people, matrix.shape[1])
    cost, offset = goal(sites, minimise)
    return _cover(inquiry, Ask.everyone(matrix, Rows.of(sites), weights, cost, offset), weights)


def mclp(
    coverage: Any,
    people: Any,
    sites: Sites,
    *,
    floor: Any = None,
    groups: Sequence[Any] | None = None,
    then: Any = None,
    search: Search = EXACTLY,
) -> Answer:
    """Maximal covering location problem (MCLP; Church and ReVelle 1974), with a floor if wanted.

    `max sum_j w_j z_j` with `z_j <= sum_i a_ij y_i`, `y` in `Y`; with a floor also
    `sum_{j in g} w_j z_j >= floor_g sum_{j in g} w_j` for every group `g`. Existing
    facilities are fixed, closable or movable, see `Sites`.

    Args:
        coverage: (candidates, points), dense or sparse; not 0 where reached.
        people: (points,).
        sites: The candidates and their rules.
        floor: Least share of every group, or by group; None for none.
        groups: Group of every demand point, for instance its county.
        then: (points,) of which most are reached among equals; for units, the people in them.
        search: How hard to try.
    """
    groups = None if groups is None else list(groups)
    inputs = _inputs(coverage, people, then)
    inquiry = Inquiry("mclp", sites, search, inputs, floor=floor, groups=groups)
    matrix = covering(coverage, sites)
    weights = people_of(people, matrix.shape[1])
    more = None if then is None else people_of(then, matrix.shape[1])
    targets = group_targets(weights, groups, floor)
    return _cover(inquiry, Ask(matrix, weights, Rows.of(sites), targets=targets), weights, more)


def backup(
    coverage: Any,
    people: Any,
    sites: Sites,
    *,
    weight: Any = None,
    minimise: Minimise = "sites",
    search: Search = EXACTLY,
) -> Answer:
    """Backup coverage (Hogan and ReVelle 1986): people reached by a second site too.

    With `u_j` 1 where two sites reach a point, `z_j + u_j <= sum_i a_ij y_i` and
    `u_j <= z_j`. Without `weight` (LSCP-B, BACOP1): every point must be reached; first the
    fewest sites are found (or those of `sites.max_new`, if it is given; `details` tells how
    many, and how few they can be), then
    `max sum_j w_j u_j`. With it (BACOP2): `max sum_j w_j ((1 - weight) z_j + weight u_j)`.

    Args:
        coverage: (candidates, points), dense or sparse; not 0 where reached.
        people: (points,).
        sites: The candidates and their rules.
        weight: What the second site counts, from 0 to 1.
        minimise: Of the first step.
        search: How hard to try.
    """
    inputs = coverage, people
    inquiry = Inquiry("backup", sites, search, inputs, weight=weight, minimise=minimise)
    matrix = covering(coverage, sites)
    weights, rows = people_of(people, matrix.shape[1]), Rows.of(sites)
    if weight is not None:
        part = float(exact(weight))
        ask = Ask(matrix, weights * (1 - part), rows, weights * part)
        return _cover(inquiry, ask, weights, weights)
    everyone = Ask.everyone(matrix, rows, weights)
    details: dict[str, Any] = {}
    if sites.max_new is None and sites.max_open is None:
        check_reachable(everyone)
        cost, offset = goal(sites, minimise)
        first = fewest(
            replace(everyone, cost=cost, offset=offset), replace(inquiry.control, gap=0.0)
        )
        details = {"fewest": first.value, "fewest_bound": first.bound}
        if minimise == "sites":
            rows = rows.new_sites(first.value)
        else:
            rows = Rows.of(replace(sites, budget=first.value))
    second = replace(everyone, once=np.zeros(len(weights)), twice=weights, rows=rows)
    answer = _cover(inquiry, second, weights, details=details)
    if details and details["fewest_bound"] < details["fewest"]:
        return replace(answer, optimal=False)  # with fewer sites it would be another question
    return answer


def threshold(
    coverage: Any,
    people: Any,
    sites: Sites,
    *,
    share: Any = None,
    groups: Sequence[Any] | None = None,
    group_share: Any = None,
    strict: bool = False,
    minimise: Minimise = "sites",
    then: Any = None,
    search: Search = EXACTLY,
) -> Answer:
    """Threshold cover (partial set cover; Daskin and Owen 1999): the fewest sites for a target.

    The target is met overall and in every group at once.

    `min sum_i c_i y_i` with `sum_j w_j z_j >= share sum_j w_j`, for every group
    `sum_{j in g} w_j z_j >= share_g sum_{j in g} w_j`, `z_j <= sum_i a_ij y_i`, `y` in `Y`.
    With units as points and a weight of 1 each it is "60 % of townships".

    Args:
        coverage: (candidates, points), dense or sparse; not 0 where reached.
        people: (points,) people, or 1 for a unit; None is 1 each.
        sites: The candidates and their rules.
        share: Of all, from 0 to 1; text and fractions stay exact.
        groups: Group of every demand point, for instance its county.
        group_share: Of every group at once, or by group.
        strict: More than the share, as a ">" in a plan, not just the share.
        minimise: New sites, or what building and closing costs.
        then: (points,) of which most are reached among equals, `people` by default; for units,
            the people in them.
        search: How hard to try.
    """
    groups = None if groups is None else list(groups)
    inquiry = Inquiry(
        "threshold", sites, search, _inputs(coverage, people, then),
        share=share, groups=groups, group_share=group_share, strict=strict, minimise=minimise,
    )  # fmt: skip
    matrix = covering(coverage, sites)
    weights = people_of(people, matrix.shape[1])
    if share is None and group_share is None:
        raise refusal(
            "须给出总体或各分组的目标比例",
            "a share to be met is needed, overall or in every group",
        )
    if group_share is not None and groups is None:
        raise refusal(
            "各分组的目标比例需要每个需求点的分组",
            "a share in every group needs the group of every demand point",
        )
    targets = group_targets(weights, groups, group_share, strict=strict)
    if share is not None:
        targets = (share_target(weights, share, strict=strict), *targets)
    cost, offset = goal(sites, minimise)
    ask = Ask(matrix, weights, Rows.of(sites), targets=targets, cost=cost, offset=offset)
    more = weights if then is None else people_of(then, matrix.shape[1])
    return _cover(inquiry, ask, weights, more)


def _inputs(coverage: Any, people: Any, then: Any) -> tuple[Any, ...]:
    """The arrays that a question is told by."""
    return (coverage, people) if then is None else (coverage, people, then)


def _cover(
    inquiry: Inquiry,
    ask: Ask,
    people: Floats,
    then: Floats | None = None,
    details: dict[str, Any] | None = None,
) -> Answer:
    """Solve a cover question, look for alternatives, tell; `then` decides between equals."""
    check_reachable(ask)
    layers = [layer for layer in (ask.once, ask.twice) if layer is not None]
    scale = scale_of(*layers if ask.cost is None else [np.append(ask.cost, ask.offset)])
    scaled = ask.scaled(scale)
    engine = most if ask.cost is None else fewest
    result = engine(scaled, inquiry.control)
    inquiry.stands()
    result = best_of_equals(scaled, result, inquiry.sites, then, inquiry.control)
    merged = scaled.merged()
    slack = WITHIN * abs(result.value) + TINY
    limit = result.value - slack if ask.cost is None else result.value + slack

    def read(values: Floats, _: object) -> Choice | None:
        chosen = values[: inquiry.sites.count] > 0.5
        return (chosen, scaled.value(chosen)) if scaled.fits(chosen) else None

    def told(result: Result) -> Answer:
        count = ask.reached(result.chosen)
        return inquiry.answer(
            result,
            people=people,
            reached=count > 0,
            other=lambda known: cover_model(merged, without=known, at_least=limit),
            read=read,
            scale=scale,
            details=(details or {}) | _details(ask, people, count),
        )

    answer = told(result)
    while not answer.settled:  # the better of equals were not looked for to the end
        better = preferred(scaled, result, answer, inquiry.sites, then)
        if better is None:
            break
        result, answer = better, told(better)
    return answer


def _details(ask: Ask, people: Floats, count: Floats) -> dict[str, Any]:
    """What else there is to tell of how often each point is reached."""
    details: dict[str, Any] = {}
    if ask.twice is not None:
        details["people_covered_twice"] = float(people @ (count > 1))
        details["points_covered_twice"] = int((count > 1).sum())
    if ask.targets:
        details["targets"] = [_met(target, count) for target in ask.targets]
    return details


def _met(target: Target, count: Floats) -> dict[str, Any]:
    return {
        "group": target.name,
        "needed": target.needed,
        "reached": float(target.weights @ (count > 0)),
        "total": float(target.weights.sum()),
    }
