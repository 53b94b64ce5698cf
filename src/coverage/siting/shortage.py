"""Finds out why a cover question has no answer, and says it with numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from coverage.siting.cover_mip import cover_model, shortage_model
from coverage.siting.explain import (
    InfeasibleError,
    not_found,
    out_of_reach,
    rules_contradict,
    rules_in_the_way,
    target_out_of_reach,
)
from coverage.siting.mip import Clock, solve

if TYPE_CHECKING:
    from coverage.siting.cover_mip import Ask
    from coverage.siting.explain import Shortfall
    from coverage.siting.rows import Rows


def check_reachable(ask: Ask) -> None:
    """Points and targets that even all candidates together do not reach.

    Raises:
        InfeasibleError: If there are any.
    """
    reachable = (ask.reached(ask.rows.upper > 0) > 0).astype(float)
    found: list[Shortfall] = []
    if ask.must is not None:
        lost = np.flatnonzero(ask.must & (reachable == 0))
        if len(lost):
            people = ask.once if ask.twice is None else ask.once + ask.twice
            found.append(out_of_reach(lost, float(people[lost].sum())))
    found += [
        target_out_of_reach(target, reachable)
        for target in ask.targets
        if not target.met(float(target.weights @ reachable))
    ]
    if found:
        raise InfeasibleError(found)


def explain_cover(ask: Ask, clock: Clock, *, unsure: bool = False) -> list[Shortfall]:
    """What the rules leave short, and which rule stands in the way.

    Args:
        ask: The question, whose targets each could be met without rules.
        clock: Time left; at least some seconds are taken.
        unsure: Time ran out before it was known whether there is an answer.
    """
    late = clock if clock.left > 10.0 else Clock.of(10.0)
    model, first = shortage_model(ask)
    found = solve(model, clock=late)
    if found.values is None and found.done:
        return [rules_contradict()]
    if unsure and (found.values is None or found.bound <= 1e-6):
        return [not_found()]
    missing = []
    if not found.done:
        missing.append(("", float(np.ceil(max(0.0, found.bound) - 1e-6)), "people"))
    elif found.values is not None:
        short = found.values[first:]
        for k, target in enumerate(ask.targets):
            if short[k] > 1e-6:
                missing.append((target.name, float(np.ceil(short[k] - 1e-6)), "people"))
        if ask.must is not None and short[-1] > 0.5:
            missing.append(("", float(np.round(short[-1])), "demand points"))
    rules = [kind for kind in kinds_of(ask.rows) if _would_do(ask, kind)]
    return rules_in_the_way(missing or [("", 0.0, "people")], rules)


def kinds_of(rows: Rows) -> list[str]:
    """Kinds of the rules there are."""
    return list(dict.fromkeys(name.split(":")[0] for name in rows.names))


def without_kind(rows: Rows, kind: str) -> Rows:
    """The rules less those of one kind."""
    keep = np.array([name.split(":")[0] != kind for name in rows.names], dtype=bool)
    return replace(
        rows,
        matrix=csr_array(rows.matrix[keep]),
        low=rows.low[keep],
        high=rows.high[keep],
        names=tuple(name for name, kept in zip(rows.names, keep, strict=True) if kept),
    )


def _would_do(ask: Ask, kind: str) -> bool:
    freed = replace(ask, rows=without_kind(ask.rows, kind))
    found = solve(cover_model(freed), clock=Clock.of(5.0), first=True)
    return found.values is not None
