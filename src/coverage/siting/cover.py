"""Models of "reached within the limit": LSCP, MCLP, backup, threshold cover, floors, kinds.

In all of them `a_ij` is 1 where candidate `i` reaches demand point `j`, `w_j`
are the people there, `y_i` is 1 where a site is open and `z_j` where a point
is reached: `z_j <= sum_i a_ij y_i`. `Y` are the rules of `problem.Sites`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import block_diag, csr_array

from coverage.errors import InputError
from coverage.messages import Said
from coverage.siting.answer import choose_alternatives, parameters, told, written
from coverage.siting.control import Control, another, limited, scale_of
from coverage.siting.cover_mip import Ask
from coverage.siting.fewest import fewest
from coverage.siting.most import most
from coverage.siting.problem import Sites, covering, people_of
from coverage.siting.rows import Rows, goal
from coverage.siting.shortage import check_reachable
from coverage.siting.targets import exact, group_targets, share_target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coverage.siting.answer import Answer
    from coverage.siting.problem import Floats
    from coverage.siting.rows import Minimise
    from coverage.siting.targets import Target


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
    `problem.Sites` over these rows tie the kinds together: one budget, at most so many of
    a kind, one building a plot (a `problem.Limit` each). A person counts once for every kind.

    Args:
        coverages: For every kind (candidates, points), not 0 where reached.
        people: For every kind (points,); multiply to weigh a kind more.

    Raises:
        InputError: If there is not one list of people a kind.
    """
    if len(coverages) != len(people) or not coverages:
        raise InputError(
            Said(
                f"{len(coverages)} 类设施给出了 {len(people)} 组人数",
                f"{len(people)} lists of people are given for {len(coverages)} kinds",
            )
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
    seconds: float | None = None,
    seed: int = 0,
    gap: float = 0.0,
    alternatives: int = 3,
) -> Answer:
    """Location set covering problem (LSCP; Toregas and others 1971): fewest sites that reach all.

    `min sum_i c_i y_i` with `sum_i a_ij y_i >= 1` for all `j`, `y` in `Y`;
    `c_i` is 1 for a new site and 0 for an existing one, or its cost.

    Args:
        coverage: (candidates, points), dense or sparse; not 0 where reached.
        sites: The candidates and their rules.
        people: (points,) only told, every point must be reached.
        minimise: New sites, or what building and closing costs.
        seconds: Time limit; the best found and its bound are given then.
        seed: The same seed gives the same answer.
        gap: Relative gap that is good enough.
        alternatives: How many others within 1 % to look for.

    Raises:
        InputError: If the input cannot be meant.
        InfeasibleError: If there is no answer, with the reasons.
    """
    begun = time.perf_counter()
    matrix = covering(coverage, sites)
    weights = people_of(people, matrix.shape[1])
    cost, offset = goal(sites, minimise)
    must = np.ones(matrix.shape[1], dtype=bool)
    ask = Ask(matrix, weights, None, must, (), Rows.of(sites), cost, offset)
    options = {"minimise": minimise}
    return _answer(
        "lscp", ask, sites, begun, (seconds, seed, gap, alternatives), options, (coverage, people)
    )


def mclp(
    coverage: Any,
    people: Any,
    sites: Sites,
    *,
    floor: Any = None,
    groups: Sequence[Any] | None = None,
    seconds: float | None = None,
    seed: int = 0,
    gap: float = 0.0,
    alternatives: int = 3,
) -> Answer:
    """Maximal covering location problem (MCLP; Church and ReVelle 1974), with a floor if wanted.

    `max sum_j w_j z_j` with `z_j <= sum_i a_ij y_i`, `y` in `Y`; with a floor also
    `sum_{j in g} w_j z_j >= floor_g sum_{j in g} w_j` for every group `g`. Existing
    facilities are fixed, closable or movable, see `problem.Sites`.

    Args:
        coverage: (candidates, points), dense or sparse; not 0 where reached.
        people: (points,).
        sites: The candidates and their rules.
        floor: Least share of every group, or by group; None for none.
        groups: Group of every demand point, for instance its county.
        seconds: Time limit; the best found and its bound are given then.
        seed: The same seed gives the same answer.
        gap: Relative gap that is good enough.
        alternatives: How many others within 1 % to look for.

    Raises:
        InputError: If the input cannot be meant.
        InfeasibleError: If the floors cannot be met, with the reasons.
    """
    begun = time.perf_counter()
    matrix = covering(coverage, sites)
    weights = people_of(people, matrix.shape[1])
    targets: list[Target] = []
    if floor is not None:
        labels = groups if groups is not None else [""] * len(weights)
        targets = group_targets(weights, labels, floor)
    ask = Ask(matrix, weights, None, None, tuple(targets), Rows.of(sites))
    options = {"floor": written(floor), "groups": None if groups is None else list(groups)}
    return _answer(
        "mclp", ask, sites, begun, (seconds, seed, gap, alternatives), options, (coverage, people)
    )


def backup(
    coverage: Any,
    people: Any,
    sites: Sites,
    *,
    weight: Any = None,
    minimise: Minimise = "sites",
    seconds: float | None = None,
    seed: int = 0,
    gap: float = 0.0,
    alternatives: int = 3,
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
        seconds: Time limit.
        seed: The same seed gives the same answer.
        gap: Relative gap that is good enough.
        alternatives: How many others within 1 % to look for.

    Raises:
        InputError: If the input cannot be meant.
        InfeasibleError: If not every point can be reached, with the reasons.
    """
    begun = time.perf_counter()
    matrix = covering(coverage, sites)
    weights = people_of(people, matrix.shape[1])
    asked = (seconds, seed, gap, alternatives)
    options = {"weight": written(weight), "minimise": minimise}
    rows = Rows.of(sites)
    if weight is not None:
        part = float(exact(weight))
        ask = Ask(matrix, weights * (1 - part), weights * part, None, (), rows)
        return _answer("backup", ask, sites, begun, asked, options, (coverage, people))
    must = np.ones(len(weights), dtype=bool)
    details: dict[str, Any] = {}
    if sites.max_new is None and sites.max_open is None:
        cost, offset = goal(sites, minimise)
        ask = Ask(matrix, weights, None, must, (), rows, cost, offset)
        check_reachable(ask)
        first = fewest(ask, Control(limited(seconds, begun), seed))
        details = {"fewest": first.value, "fewest_bound": first.bound}
        if minimise == "sites":
            rows = rows.new_sites(first.value)
        else:
            rows = Rows.of(replace(sites, budget=first.value))
    ask = Ask(matrix, np.zeros(len(weights)), weights, must, (), rows)
    answer = _answer("backup", ask, sites, begun, asked, options, (coverage, people), details)
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
    seconds: float | None = None,
    seed: int = 0,
    gap: float = 0.0,
    alternatives: int = 3,
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
        seconds: Time limit; the best found and its bound are given then.
        seed: The same seed gives the same answer.
        gap: Relative gap that is good enough.
        alternatives: How many others within 1 % to look for.

    Raises:
        InputError: If the input cannot be meant.
        InfeasibleError: If the target cannot be met, with the reasons.
    """
    begun = time.perf_counter()
    matrix = covering(coverage, sites)
    weights = people_of(people, matrix.shape[1])
    if share is None and group_share is None:
        raise InputError(
            Said(
                "须给出总体或各分组的目标比例",
                "a share to be met is needed, overall or in every group",
            )
        )
    if group_share is not None and groups is None:
        raise InputError(
            Said(
                "各分组的目标比例需要每个需求点的分组",
                "a share in every group needs the group of every demand point",
            )
        )
    targets: list[Target] = []
    if share is not None:
        targets.append(share_target(weights, share, strict=strict))
    if group_share is not None and groups is not None:
        targets += group_targets(weights, groups, group_share, strict=strict)
    cost, offset = goal(sites, minimise)
    ask = Ask(matrix, weights, None, None, tuple(targets), Rows.of(sites), cost, offset)
    options = {
        "share": written(share),
        "groups": None if groups is None else list(groups),
        "group_share": written(group_share),
        "strict": strict,
        "minimise": minimise,
    }
    return _answer(
        "threshold",
        ask,
        sites,
        begun,
        (seconds, seed, gap, alternatives),
        options,
        (coverage, people),
    )


def _answer(
    model: str,
    ask: Ask,
    sites: Sites,
    begun: float,
    asked: tuple[float | None, int, float, int],
    options: Mapping[str, Any],
    inputs: tuple[Any, Any],
    details: dict[str, Any] | None = None,
) -> Answer:
    """Solve, look for alternatives, tell."""
    seconds, seed, gap, want = asked
    control = Control(limited(seconds, begun), seed, gap)
    check_reachable(ask)
    scale = scale_of(
        *(one for one in (ask.once, ask.twice) if one is not None)
        if ask.cost is None
        else (np.append(ask.cost, ask.offset),)
    )
    scaled = ask.scaled(scale)
    result = fewest(scaled, control) if ask.cost is not None else most(scaled, control)
    proven = time.perf_counter() - begun
    others = choose_alternatives(
        result.chosen,
        result.near,
        another(scaled, result.value, control),
        want=want,
        clock=control.later(),
    )
    count = ask.reached(result.chosen)
    people = people_of(inputs[1], len(count))
    details = dict(details or {})
    if ask.twice is not None:
        details["people_covered_twice"] = float(people @ (count > 1))
        details["points_covered_twice"] = int((count > 1).sum())
    if ask.targets:
        details["targets"] = [
            {
                "group": target.name,
                "needed": target.needed,
                "reached": float(target.weights @ (count > 0)),
                "total": float(target.weights.sum()),
            }
            for target in ask.targets
        ]
    return told(
        model,
        result,
        sites,
        people=people,
        reached=count > 0,
        alternatives=others,
        parameters=parameters(model, sites, asked, options, inputs),
        seconds=(proven, time.perf_counter() - begun),
        details=details,
        scale=scale,
    )
