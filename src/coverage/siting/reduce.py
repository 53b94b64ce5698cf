"""Smaller models with the same answer: identical demand merged, dominated candidates dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from coverage.siting.problem import entry_rows

if TYPE_CHECKING:
    from coverage.siting.problem import Bools, Floats, Ints
    from coverage.siting.rows import Rows

MOST_PAIRS = 400_000_000  # products in a comparison of all candidates; beyond, it is left out
BLOCK_PAIRS = 20_000_000
_KEYS = 20240607  # of the random keys that stand for candidates


def same_columns(matrix: csr_array, label: Ints | None = None) -> Ints:
    """Group of every column; columns are of one group if they and their labels are equal.

    A column is told by two 64-bit sums of random keys of its rows: the chance
    that two different ones of a million agree is below 1e-26.

    Args:
        matrix: (rows, columns) of ones.
        label: (columns,) of integers that must be equal too.
    """
    rng = np.random.default_rng(_KEYS)
    keys = rng.integers(1, 2**63, size=(2, matrix.shape[0]), dtype=np.uint64)
    row = entry_rows(matrix)
    sums = np.zeros((2, matrix.shape[1]), dtype=np.uint64)
    for k in (0, 1):
        np.add.at(sums[k], matrix.indices, keys[k][row])
    parts = [sums[0], sums[1]]
    if label is not None:
        parts.append(label.astype(np.uint64))
    return group_of(parts)


def group_of(parts: list[np.ndarray]) -> Ints:
    """Number of the group of every position; positions are of one group if all parts agree."""
    order = np.lexsort(parts)
    change = np.zeros(len(order), dtype=bool)
    for part in parts:
        ordered = part[order]
        change[1:] |= ordered[1:] != ordered[:-1]
    group = np.empty(len(order), dtype=np.int64)
    group[order] = np.cumsum(change)
    # Numbered by first appearance, so that the answer does not hang on the keys.
    _, first, inverse = np.unique(group, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return rank[inverse]


def merge(
    matrix: csr_array, weights: Floats, label: Ints | None = None
) -> tuple[csr_array, Floats, Ints, Ints]:
    """Demand that the same candidates reach is one.

    Args:
        matrix: (candidates, points).
        weights: (points, ...) summed over those merged.
        label: (points,) only points of one label are merged.

    Returns:
        The matrix and weights of the merged points, the merged point of every
        point, and one point of every merged one.
    """
    group = same_columns(matrix, label)
    count = int(group.max(initial=-1)) + 1
    first = np.full(count, len(group), dtype=np.int64)
    np.minimum.at(first, group, np.arange(len(group)))
    summed = np.zeros((count, *weights.shape[1:]))
    np.add.at(summed, group, weights)
    return csr_array(matrix[:, first]), summed, group, first


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
        group = same_columns(matrix)
        return np.sort(np.unique(group, return_index=True)[1])
    dead = np.zeros(len(size), dtype=bool)
    for block in _blocks(by_point, np.arange(len(size))):
        common = csr_array(by_point[block] @ matrix)
        j = np.repeat(block, np.diff(common.indptr))
        k = common.indices
        inside = (common.data == size[j]) & ((size[k] > size[j]) | ((size[k] == size[j]) & (k > j)))
        dead[k[inside]] = True
    return np.flatnonzero(~dead)
