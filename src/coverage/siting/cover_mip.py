"""Cover models as sparse mixed-integer models for HiGHS."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, diags_array, eye_array

from coverage.siting.mip import Stack
from coverage.siting.reduce import merge

if TYPE_CHECKING:
    from coverage.siting.mip import Mip
    from coverage.siting.problem import Bools, Floats, Ints
    from coverage.siting.rows import Rows
    from coverage.siting.targets import Target


@dataclass(frozen=True, eq=False)
class Cut:
    """What all answers keep, though the relaxation does not see it: `cost @ y >= least`."""

    cost: Floats
    least: float


@dataclass(frozen=True, eq=False)
class Ask:
    """A cover question in arrays.

    Attributes:
        matrix: (candidates, points).
        once: (points,) value of reaching a point.
        twice: (points,) value of reaching it twice, or None.
        must: (points,) must be reached, or None.
        targets: What must be met.
        rows: Rules.
        cost: (candidates,) what is minimised, or None if value is maximised.
        offset: Added to the cost.
        cuts: What is known of all answers.
    """

    matrix: csr_array
    once: Floats
    twice: Floats | None
    must: Bools | None
    targets: tuple[Target, ...]
    rows: Rows
    cost: Floats | None = None
    offset: float = 0.0
    cuts: tuple[Cut, ...] = ()

    def merged(self) -> Ask:
        """The same with points that the same sites reach as one."""
        layers = [self.once, *(target.weights for target in self.targets)]
        if self.twice is not None:
            layers.append(self.twice)
        if self.must is not None:
            layers.append(self.must.astype(float))
        matrix, summed, _, _ = merge(self.matrix, np.column_stack(layers))
        targets = tuple(
            replace(target, weights=summed[:, 1 + k]) for k, target in enumerate(self.targets)
        )
        last = 1 + len(targets)
        # Points that nobody reaches, or that count for nothing, need no column.
        keep = (np.bincount(matrix.indices, minlength=matrix.shape[1]) > 0) & summed.any(axis=1)
        return replace(
            self,
            matrix=csr_array(matrix[:, keep]),
            once=summed[keep, 0],
            twice=None if self.twice is None else summed[keep, last],
            must=None if self.must is None else summed[keep, -1] > 0,
            targets=tuple(replace(t, weights=t.weights[keep]) for t in targets),
        )

    def only(self, keep: Ints, rows: Rows | None = None) -> Ask:
        """The same over some of the candidates."""
        return replace(
            self,
            matrix=csr_array(self.matrix[keep]),
            rows=self.rows.only(keep) if rows is None else rows,
            cost=None if self.cost is None else self.cost[keep],
            cuts=tuple(Cut(cut.cost[keep], cut.least) for cut in self.cuts),
        )

    def scaled(self, scale: float) -> Ask:
        """The same with what is maximised or minimised times a factor."""
        if self.cost is not None:
            return replace(self, cost=self.cost * scale, offset=self.offset * scale)
        twice = None if self.twice is None else self.twice * scale
        return replace(self, once=self.once * scale, twice=twice)

    def reached(self, chosen: Bools) -> Floats:
        """(points,) how many open sites reach each."""
        return np.asarray(csr_array(self.matrix.T) @ chosen.astype(float))

    def value(self, chosen: Bools) -> float:
        """Value of open sites: what is maximised, or their cost."""
        if self.cost is not None:
            return float(self.cost @ chosen) + self.offset
        count = self.reached(chosen)
        value = float(self.once @ (count > 0))
        return value + (float(self.twice @ (count > 1)) if self.twice is not None else 0.0)

    def fits(self, chosen: Bools) -> bool:
        """Whether open sites keep the rules and meet all targets."""
        if not self.rows.hold(chosen):
            return False
        count = self.reached(chosen) > 0
        if self.must is not None and not count[self.must].all():
            return False
        return all(target.met(float(target.weights @ count)) for target in self.targets)


def exclusions(stack: Stack, rows: Rows, sets: list[Bools]) -> None:
    """From each of some sets of open sites at least one must be shut."""
    if not sets:
        return
    free = (rows.lower == 0).astype(float)
    members = np.array(sets, dtype=float) * free
    stack.add([(0, csr_array(members))], -np.inf, members.sum(axis=1) - 1.0)


def rules(stack: Stack, rows: Rows) -> None:
    """The rules."""
    if rows.matrix.shape[0]:
        stack.add([(0, rows.matrix)], rows.low, rows.high)


def cover_model(
    ask: Ask, *, without: list[Bools] | None = None, at_least: float | None = None
) -> Mip:
    """The model of a question; its first variables are the sites.

    Args:
        ask: The question, points merged.
        without: Sets of sites to leave out.
        at_least: Value that must be reached (most cost, if cost is minimised).
    """
    sites, points = ask.matrix.shape
    by_point = csr_array(ask.matrix.T)
    double = ask.twice is not None
    stack = Stack(size=sites + points * (2 if double else 1))
    one = eye_array(points, format="csr")
    if double:
        stack.add([(0, by_point), (sites, -one), (sites + points, -one)], 0.0, np.inf)
        stack.add([(sites, one), (sites + points, -one)], 0.0, np.inf)
    else:  # a point that must be reached needs no `z`: its sites come to 1 at least
        must = np.zeros(points) if ask.must is None else ask.must.astype(float)
        free = csr_array(diags_array(must - 1.0))
        stack.add([(0, by_point), (sites, free)], must, np.inf)
    for target in ask.targets:
        size = float(target.weights.max(initial=0.0)) or 1.0
        row = csr_array(target.weights[None, :] / size)
        stack.add([(sites, row)], target.least / size, np.inf)
    for cut in ask.cuts:
        stack.add([(0, csr_array(cut.cost[None, :]))], cut.least, np.inf)
    rules(stack, ask.rows)
    exclusions(stack, ask.rows, without or [])
    cost = np.zeros(stack.size)
    if ask.cost is not None:
        cost[:sites] = ask.cost
    else:
        cost[sites : sites + points] = -ask.once
        if ask.twice is not None:
            cost[sites + points :] = -ask.twice
    if at_least is not None:
        limit = at_least - ask.offset if ask.cost is not None else -at_least
        size = max(1.0, float(np.abs(cost).max(initial=0.0)))
        stack.add([(0, csr_array(cost[None, :] / size))], -np.inf, limit / size)
    lower, upper = np.zeros(stack.size), np.ones(stack.size)
    lower[:sites], upper[:sites] = ask.rows.lower, ask.rows.upper
    if ask.must is not None:
        lower[sites : sites + points] = ask.must
    # With open sites whole `z` can be; `u` only if it is told to (a half twice is one once).
    at = np.arange(stack.size)
    return stack.model(cost, lower, upper, (at < sites) | (at >= sites + points))


def full_values(ask: Ask, chosen: Bools) -> Floats:
    """All variables of `cover_model` at open sites."""
    count = ask.reached(chosen)
    parts = [chosen.astype(float), (count > 0).astype(float)]
    if ask.twice is not None:
        parts.append((count > 1).astype(float))
    return np.concatenate(parts)


def shortage_model(ask: Ask) -> tuple[Mip, int]:
    """Least shortage over all targets and points that must be reached, the rules kept.

    Returns:
        The model, and where its shortage variables begin: one for every target,
        then one for all points that must be reached.
    """
    sites, points = ask.matrix.shape
    count = len(ask.targets) + 1
    first = sites + points
    stack = Stack(size=first + count)
    one = eye_array(points, format="csr")
    stack.add([(0, csr_array(ask.matrix.T)), (sites, -one)], 0.0, np.inf)
    for k, target in enumerate(ask.targets):
        stack.add(
            [(sites, csr_array(target.weights[None, :])), (first + k, csr_array([[1.0]]))],
            target.least,
            np.inf,
        )
    must = np.zeros(points) if ask.must is None else ask.must.astype(float)
    if must.any():
        last = first + count - 1
        stack.add(
            [(sites, csr_array(must[None, :])), (last, csr_array([[1.0]]))], must.sum(), np.inf
        )
    rules(stack, ask.rows)
    cost = np.zeros(stack.size)
    cost[first:] = 1.0
    lower, upper = np.zeros(stack.size), np.ones(stack.size)
    lower[:sites], upper[:sites] = ask.rows.lower, ask.rows.upper
    upper[first:] = np.inf
    return stack.model(cost, lower, upper, np.arange(stack.size) < sites), first
