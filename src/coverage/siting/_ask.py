"""A cover question in arrays: its smaller forms with the same answer, and its model for HiGHS."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, diags_array, eye_array

from coverage.siting._inputs import Target, whole
from coverage.siting._sites import Bools, Floats, Ints, entry_rows
from coverage.siting._solver import WHOLE, Mip, Stack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.siting._rules import Rows

TINY = 1e-9  # less is no difference where values are no whole numbers
MOST_PAIRS = 400_000_000  # products in a comparison of all candidates; beyond, it is left out
BLOCK_PAIRS = 20_000_000
_KEYS = 20240607  # of the random keys that stand for candidates


@dataclass(frozen=True, eq=False)
class Ask:
    """A cover question in arrays.

    Attributes:
        matrix: (candidates, points).
        once: (points,) value of reaching a point.
        rows: Rules.
        twice: (points,) value of reaching it twice, or None.
        must: (points,) must be reached, or None.
        targets: What must be met.
        cost: (candidates,) what is minimised, or None if value is maximised.
        offset: Added to the cost.
        cuts: What all answers keep, though the relaxation does not see it: `cost @ y >= least`.
    """

    matrix: csr_array
    once: Floats
    rows: Rows
    twice: Floats | None = None
    must: Bools | None = None
    targets: tuple[Target, ...] = ()
    cost: Floats | None = None
    offset: float = 0.0
    cuts: tuple[tuple[Floats, float], ...] = ()

    @classmethod
    def everyone(
        cls,
        matrix: csr_array,
        rows: Rows,
        once: Floats | None = None,
        cost: Floats | None = None,
        offset: float = 0.0,
    ) -> Ask:
        """Every point must be reached; of value is `once`, nothing by default."""
        points = matrix.shape[1]
        once = np.zeros(points) if once is None else once
        must = np.ones(points, dtype=bool)
        return cls(matrix, once, rows, must=must, cost=cost, offset=offset)

    @classmethod
    def rules_only(cls, rows: Rows) -> Ask:
        """Nobody to reach: only the rules count."""
        return cls(csr_array((len(rows.lower), 1)), np.zeros(1), rows)

    @cached_property
    def by_point(self) -> csr_array:
        """(points, candidates) the matrix, transposed."""
        return csr_array(self.matrix.T)

    @cached_property
    def step(self) -> float:
        """Least difference of two values: 1 if all are whole numbers, else 0."""
        if self.cost is not None:
            costs = np.append(self.cost, self.offset)
            return 1.0 if (costs == np.round(costs)).all() else 0.0
        layers = [self.once] if self.twice is None else [self.once, self.twice]
        return 1.0 if all(whole(layer) for layer in layers) else 0.0

    @property
    def plain(self) -> bool:
        """Whether nothing counts but what is reached once: no target, no second site."""
        return self.twice is None and self.must is None and not self.targets

    @property
    def wanted(self) -> list[tuple[Floats, float]]:
        """What counts for each target, and how much is needed; those who must be reached last."""
        wanted = [(target.weights, target.least) for target in self.targets]
        if self.must is not None:
            wanted.append((self.must.astype(float), float(self.must.sum())))
        return wanted

    def merged(self) -> Ask:
        """The same with points that the same sites reach as one."""
        layers = [self.once, *(target.weights for target in self.targets)]
        if self.twice is not None:
            layers.append(self.twice)
        if self.must is not None:
            layers.append(self.must.astype(float))
        group, first = alike(self.matrix)
        matrix, summed = self.matrix[:, first], np.zeros((len(first), len(layers)))
        np.add.at(summed, group, np.column_stack(layers))
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

    def only(self, keep: Ints, must: Bools | None = None) -> Ask:
        """The same over some of the candidates; of these, some must be open."""
        return replace(
            self,
            matrix=csr_array(self.matrix[keep]),
            rows=self.rows.only(keep) if must is None else self.rows.narrowed(keep, must),
            cost=None if self.cost is None else self.cost[keep],
            cuts=tuple((cost[keep], least) for cost, least in self.cuts),
        )

    def scaled(self, scale: float) -> Ask:
        """The same with what is maximised or minimised times a factor."""
        if self.cost is not None:
            return replace(self, cost=self.cost * scale, offset=self.offset * scale)
        twice = None if self.twice is None else self.twice * scale
        return replace(self, once=self.once * scale, twice=twice)

    def reached(self, chosen: Bools) -> Floats:
        """(points,) how many open sites reach each."""
        return np.asarray(self.by_point @ chosen.astype(float))

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


def cover_model(ask: Ask, *, without: Sequence[Bools] = (), at_least: float | None = None) -> Mip:
    """The model of a question; its first variables are the sites.

    Args:
        ask: The question, points merged.
        without: Sets of sites to leave out.
        at_least: Value that must be reached (most cost, if cost is minimised).
    """
    sites, points = ask.matrix.shape
    by_point = ask.by_point
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
    for paid, least in ask.cuts:
        stack.add([(0, csr_array(paid[None, :]))], least, np.inf)
    stack.under(ask.rows, without)
    cost = np.zeros(stack.size)
    if ask.cost is not None:
        cost[:sites] = ask.cost
    else:
        cost[sites : sites + points] = -ask.once
        if ask.twice is not None:
            cost[sites + points :] = -ask.twice
    limit = at_least
    if limit is not None:
        limit = limit - ask.offset if ask.cost is not None else -limit
    # With open sites whole `z` can be; `u` only if it is told to (a half twice is one once).
    at = np.arange(stack.size)
    model = stack.model(cost, ask.rows, (at < sites) | (at >= sites + points), limit)
    if ask.must is not None:
        model.lower[sites : sites + points] = ask.must
    return model


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
    first = sites + points
    stack = Stack(first + len(ask.targets) + 1)
    stack.add([(0, ask.by_point), (sites, -eye_array(points, format="csr"))], 0.0, np.inf)
    for k, (weights, least) in enumerate(ask.wanted):
        row = csr_array(weights[None, :])
        stack.add([(sites, row), (first + k, csr_array([[1.0]]))], least, np.inf)
    stack.under(ask.rows)
    at = np.arange(stack.size)
    model = stack.model((at >= first).astype(float), ask.rows, at < sites)
    model.upper[first:] = np.inf
    return model, first


def worth_beating(value: float, step: float) -> float:
    """An answer is of interest only if it is greater than this."""
    return value + step * WHOLE if step else value + TINY * max(1.0, abs(value))


def tightened(bound: float, step: float) -> float:
    """An upper bound, brought down to a value that is possible."""
    return float(np.floor(bound + 5e-5)) if step and np.isfinite(bound) else bound


# Smaller questions with the same answer.


def alike(matrix: csr_array) -> tuple[Ints, Ints]:
    """Columns that are equal: the group of every column, and the first column of every group.

    A column is told by two 64-bit sums of random keys of its rows: the chance
    that two different ones of a million agree is below 1e-26. Groups are numbered by
    first appearance, so that the answer does not hang on the keys.

    Args:
        matrix: (rows, columns) of ones.
    """
    rng = np.random.default_rng(_KEYS)
    keys = rng.integers(1, 2**63, size=(2, matrix.shape[0]), dtype=np.uint64)
    row, columns = entry_rows(matrix), matrix.shape[1]
    sums = np.zeros((2, columns), dtype=np.uint64)
    for k in (0, 1):
        np.add.at(sums[k], matrix.indices, keys[k][row])
    order = np.lexsort(sums)
    new = np.ones(columns, dtype=bool)
    new[1:] = (sums[:, order[1:]] != sums[:, order[:-1]]).any(axis=0)
    first = order[new]
    group = np.empty(columns, dtype=np.int64)
    group[order] = np.argsort(np.argsort(first))[np.cumsum(new) - 1]
    return group, np.sort(first)


def undominated(matrix: csr_array, rows: Rows, cost: Floats) -> Ints:
    """Candidates that are worth keeping.

    A free candidate goes if another one that may be open reaches all it does,
    costs no more and weighs no more in any rule: then it can be replaced by
    the other in every answer. Of equal ones the first stays.

    Args:
        matrix: (candidates, points).
        rows: Rules; a candidate in a rule with a lower bound, or with a
            negative weight, is kept.
        cost: (candidates,) what is minimised, zeros if nothing is.
    """
    count = matrix.shape[0]
    size = np.diff(matrix.indptr)
    alive = rows.upper > 0
    if _pairs(matrix).sum() > MOST_PAIRS:
        return np.flatnonzero(alive)
    goes = alive & (rows.lower == 0) & _plain(rows)
    dead = np.zeros(count, dtype=bool)
    by_column = csr_array(matrix.T)
    for block in _blocks(matrix, np.flatnonzero(goes)):
        common = csr_array(matrix[block] @ by_column)
        i = np.repeat(block, np.diff(common.indptr))
        k = common.indices
        inside = (common.data == size[i]) & (i != k) & alive[k]
        i, k = i[inside], k[inside]
        fixed = rows.lower[k] > 0
        equal = (size[i] == size[k]) & (cost[k] == cost[i])
        fine = fixed | (cost[k] <= cost[i])
        i, k, fixed, equal = i[fine], k[fine], fixed[fine], equal[fine]
        lighter = fixed | _lighter(rows, k, i)
        # Two that dominate one another: only the later goes, or both would.
        both = equal & ~fixed & (k > i)
        both[both] &= _lighter(rows, i[both], k[both])
        dead[i[lighter & ~both]] = True
    dead |= goes & (size == 0) & (cost >= 0)
    return np.flatnonzero(alive & ~dead)


def _pairs(matrix: csr_array) -> Ints:
    degree = np.bincount(matrix.indices, minlength=matrix.shape[1]).astype(np.int64)
    per_row = np.asarray(matrix @ degree.astype(float))
    return per_row.astype(np.int64)


def _blocks(matrix: csr_array, which: Ints) -> list[Ints]:
    """Candidates in blocks whose comparison fits in memory."""
    work = np.cumsum(_pairs(matrix)[which])
    cuts = np.flatnonzero(np.diff(work // BLOCK_PAIRS)) + 1
    return [block for block in np.split(which, cuts) if len(block)]


def _plain(rows: Rows) -> Bools:
    """Candidates that only weigh on rules of the kind "at most"."""
    matrix = rows.matrix
    row = entry_rows(matrix)
    odd = (matrix.data < 0) | np.isfinite(rows.low[row])
    plain = np.ones(matrix.shape[1], dtype=bool)
    plain[matrix.indices[odd]] = False
    return plain


def _lighter(rows: Rows, one: Ints, other: Ints) -> Bools:
    """Whether each of `one` weighs no more than its `other` in every rule."""
    if not rows.matrix.shape[0] or not len(one):
        return np.ones(len(one), dtype=bool)
    shared = csr_array(rows.matrix.T)
    if (np.diff(shared.indptr) == 1).all() and (shared.indices == 0).all():
        weight = shared.data  # one rule over everyone, mostly the number of sites
        return np.asarray(weight[one] <= weight[other])
    out = np.zeros(len(one), dtype=bool)
    for first in range(0, len(one), 200_000):
        part = slice(first, first + 200_000)
        more = csr_array(shared[one[part]] - shared[other[part]])
        heavier = np.zeros(more.shape[0], dtype=bool)
        row = entry_rows(more)
        heavier[row[more.data > 0]] = True
        out[part] = ~heavier
    return out


def cover_core(matrix: csr_array, rows: Rows, cost: Floats) -> tuple[Ints, Ints]:
    """Candidates and points that a set cover can be brought down to.

    A point goes if all that reach another one reach it too; a candidate goes
    as in `undominated`; both until nothing goes any more.

    Returns:
        The candidates and the points that stay.
    """
    sites = np.arange(matrix.shape[0])
    points = np.arange(matrix.shape[1])
    while True:
        inner = csr_array(matrix[sites][:, points])
        keep_sites = undominated(inner, rows.only(sites), cost[sites])
        inner = csr_array(inner[keep_sites])
        keep_points = _demanding(inner)
        done = len(keep_sites) == len(sites) and len(keep_points) == len(points)
        sites, points = sites[keep_sites], points[keep_points]
        if done:
            return sites, points


def _demanding(matrix: csr_array) -> Ints:
    """Points whose candidates are not a superset of another point's; of equal ones the first."""
    by_point = csr_array(matrix.T)
    size = np.diff(by_point.indptr)
    if _pairs(by_point).sum() > MOST_PAIRS:
        return alike(matrix)[1]
    dead = np.zeros(len(size), dtype=bool)
    for block in _blocks(by_point, np.arange(len(size))):
        common = csr_array(by_point[block] @ matrix)
        j = np.repeat(block, np.diff(common.indptr))
        k = common.indices
        inside = (common.data == size[j]) & ((size[k] > size[j]) | ((size[k] == size[j]) & (k > j)))
        dead[k[inside]] = True
    return np.flatnonzero(~dead)
