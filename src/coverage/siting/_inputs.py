"""What a siting question is asked about: who reaches whom, people, beds, shares to be met.

Every array and number is checked here, once, before a model sees it. Shares are counted
exactly: 51 of 85 is 60 %.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from scipy.sparse import coo_array, csr_array, issparse

from coverage.errors import refusal

if TYPE_CHECKING:
    from coverage.siting._sites import Floats, Ints, Sites

SLACK = 1e-9  # of the whole, where people are not whole numbers


@dataclass(frozen=True, eq=False)
class Target:
    """`weights @ [reached]` must be at least `needed`.

    Attributes:
        weights: (points,) what counts, 0 outside the group.
        needed: What must be reached.
        least: The same less what rounding may take: compare with this.
        name: The group's name, empty for the whole.
    """

    weights: Floats
    needed: float
    least: float
    name: str = ""

    def met(self, value: float) -> bool:
        """Whether `value` reached is enough."""
        return value >= self.least


def whole(weights: Floats) -> bool:
    """Whether all are whole numbers whose sums a float holds exactly."""
    return bool((weights == np.round(weights)).all() and weights.sum() < 2**50)


def scale_of(*values: Floats) -> float:
    """What brings values to a size that tolerances are made for: 1, or a power of two.

    Sums of whole numbers are exact as they are. Others may be shares of a millionth,
    of which a solver would see nothing; a power of two changes none of their digits.
    """
    greatest = max((float(np.abs(one).max(initial=0.0)) for one in values), default=0.0)
    if greatest == 0.0 or all(whole(one) for one in values):
        return 1.0
    return 2.0 ** (20 - math.ceil(math.log2(greatest)))


def exact(share: Any) -> Fraction:
    """A share as the number that was written: 0.6 is 3/5.

    Raises:
        InputError: If it is not between 0 and 1.
    """
    try:
        value = share if isinstance(share, Fraction) else Fraction(str(share))
    except (ValueError, ZeroDivisionError):
        raise refusal(
            f"比例须为 0 到 1 的数，现为 {share!r}",
            f"a share must be a number from 0 to 1, not {share!r}",
        ) from None
    if not 0 <= value <= 1:
        percent = f"{float(value) * 100:g} %"
        raise refusal(
            f"比例须在 0 到 100 % 之间，{percent} 无法达到",
            f"a share must lie between 0 and 100 %; {percent} cannot be reached",
        )
    return value


def share_target(
    weights: Floats, share: Any, *, strict: bool = False, name: str = "", split: bool = False
) -> Target:
    """Target for a share of `weights`.

    Args:
        weights: (points,) what counts.
        share: From 0 to 1; `Fraction` or text stay exact.
        strict: More than the share, not just the share.
        name: Of the group.
        split: Whether the people of a point may be reached in part: then no half is rounded.

    Raises:
        InputError: If the share is none, or more than all is asked for.
    """
    part, total = exact(share), float(weights.sum())
    if strict and part == 1:
        raise refusal("超过 100 % 无法达到", "more than 100 % cannot be reached")
    if split or not whole(weights):
        needed = float(part) * total
        return Target(weights, needed, needed + (SLACK if strict else -SLACK) * total, name)
    goal = part * int(total)
    count = math.floor(goal) + 1 if strict else math.ceil(goal)
    if strict and count > total:
        percent, where = f"{float(part) * 100:g} %", f" in {name}" if name else ""
        raise refusal(
            f"{name}没有人口，无法超过 {percent}",
            f"more than {percent} of nobody is asked for{where}",
        )
    return Target(weights, float(count), count - 0.5, name)


def group_targets(
    weights: Floats,
    groups: Sequence[Any] | None,
    share: Any | Mapping[Any, Any],
    *,
    strict: bool = False,
    split: bool = False,
) -> tuple[Target, ...]:
    """A target for every group of demand points.

    Args:
        weights: (points,) what counts.
        groups: Group of every point; None for none. Without any, all are one group.
        share: The same for all groups, or by group (groups not named have none); None is no
            target.
        strict: See `share_target`.
        split: See `share_target`.

    Raises:
        InputError: If there is not one group a point.
    """
    if share is None:
        return ()
    groups = [""] * len(weights) if groups is None else groups
    if len(groups) != len(weights):
        raise refusal(
            f"{len(weights)} 个需求点给出了 {len(groups)} 个分组",
            f"{len(groups)} groups are given for {len(weights)} demand points",
        )
    number = {group: k for k, group in enumerate(dict.fromkeys(groups)) if group is not None}
    shares = share if isinstance(share, Mapping) else dict.fromkeys(number, share)
    for unknown in [name for name in shares if name not in number][:1]:
        raise refusal(
            f"目标中的分组 {unknown!r} 没有需求点",
            f"the group {unknown!r} of a target has no demand points",
        )
    label = np.array([number.get(group, -1) for group in groups])
    inside = {name: np.where(label == k, weights, 0.0) for name, k in number.items()}
    return tuple(
        share_target(inside[name], shares[name], strict=strict, name=str(name), split=split)
        for name in number
        if name in shares and inside[name].sum() > 0
    )


def covering(coverage: Any, sites: Sites) -> csr_array:
    """A coverage matrix, checked: (candidates, points), sorted, 1.0 where a site reaches a point.

    Raises:
        InputError: If its shape is not that of the sites, or a value is not a number.
    """
    given = coverage if issparse(coverage) else np.atleast_2d(coverage)
    matrix = csr_array(cast("Any", given))
    if matrix.shape[0] != sites.count:
        raise refusal(
            f"{sites.count} 个候选点的覆盖矩阵有 {matrix.shape[0]} 行",
            f"the coverage matrix has {matrix.shape[0]} rows for {sites.count} candidates",
        )
    if matrix.data.dtype.kind == "f" and np.isnan(matrix.data).any():
        raise refusal("覆盖矩阵中有空值", "the coverage matrix holds values that are not numbers")
    out = csr_array(
        ((matrix.data != 0).astype(float), matrix.indices.copy(), matrix.indptr.copy()),
        shape=matrix.shape,
    )
    out.sum_duplicates()
    out.eliminate_zeros()
    out.data[:] = 1.0
    out.sort_indices()
    return out


def people_of(people: Any, points: int) -> Floats:
    """People at every demand point, checked; None is one each.

    Raises:
        InputError: If a number is missing or negative, or there are too many or too few.
    """
    if people is None:
        return np.ones(points)
    weights, bad = _numbers(people)
    if len(weights) != points:
        raise refusal(
            f"{points} 个需求点给出了 {len(weights)} 个人数",
            f"{len(weights)} numbers of people are given for {points} demand points",
        )
    if len(bad):
        more = f", and {len(bad) - 1} others are wrong too" if len(bad) > 1 else ""
        first, value = bad[0], f"{weights[bad[0]]:g}"
        raise refusal(
            f"人数须为不小于 0 的数；{len(bad)} 个需求点有误，第一个是需求点 {first}：{value}",
            f"people must be numbers of at least 0; demand point {first} has {value}{more}",
        )
    return weights


def beds_of(beds: Any, sites: Sites) -> Floats:
    """Beds of every candidate, checked.

    Raises:
        InputError: If a number is missing or negative, or there are too many or too few.
    """
    room, bad = _numbers(beds)
    if len(room) != sites.count:
        raise refusal(
            f"{sites.count} 个候选点给出了 {len(room)} 个床位数",
            f"{len(room)} capacities are given for {sites.count} candidates",
        )
    if len(bad):
        raise refusal(
            f"床位数须为不小于 0 的数；候选点 {bad[0]} 的是 {room[bad[0]]:g}",
            f"capacities must be numbers of at least 0; site {bad[0]} has {room[bad[0]]:g}",
        )
    return room


def _numbers(given: Any) -> tuple[Floats, Ints]:
    """Some numbers, and where one is missing or negative."""
    values = np.asarray(given, dtype=float).ravel()
    return values, np.flatnonzero(~np.isfinite(values) | (values < 0))


def times_of(times: Any, sites: Sites) -> Floats:
    """Travel times or distances, dense (candidates, points), infinite where there is no way.

    In a sparse matrix what is not stored is out of reach; a stored 0 is a time of 0.

    Raises:
        InputError: If the shape is not that of the sites, or a time is NaN or negative.
    """
    if issparse(times):
        coo = coo_array(cast("Any", times))
        out = np.full(coo.shape, np.inf)
        np.minimum.at(out, coo.coords, coo.data.astype(float))
    else:
        out = np.array(times, dtype=float, ndmin=2)
    if out.shape[0] != sites.count:
        raise refusal(
            f"{sites.count} 个候选点的时间矩阵有 {out.shape[0]} 行",
            f"the times have {out.shape[0]} rows for {sites.count} candidates",
        )
    for i, j in np.argwhere(np.isnan(out) | (out < 0))[:1]:
        raise refusal(
            f"时间须为不小于 0 的数；候选点 {i} 到需求点 {j} 的是 {out[i, j]:g}",
            f"times must be numbers of at least 0; from site {i} to point {j} it is {out[i, j]:g}",
        )
    return out
