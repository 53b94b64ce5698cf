"""What must be met: shares of people or units, overall and in every group, exactly counted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.errors import InputError
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coverage.siting.problem import Floats

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


def exact(share: Any) -> Fraction:
    """A share as the number that was written: 0.6 is 3/5.

    Raises:
        InputError: If it is not between 0 and 1.
    """
    try:
        value = share if isinstance(share, Fraction) else Fraction(str(share))
    except (ValueError, ZeroDivisionError):
        raise InputError(
            Said(
                f"比例须为 0 到 1 的数，现为 {share!r}",
                f"a share must be a number from 0 to 1, not {share!r}",
            )
        ) from None
    if not 0 <= value <= 1:
        percent = f"{float(value) * 100:g} %"
        raise InputError(
            Said(
                f"比例须在 0 到 100 % 之间，{percent} 无法达到",
                f"a share must lie between 0 and 100 %; {percent} cannot be reached",
            )
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
    part = exact(share)
    if strict and part == 1:
        raise InputError(Said("超过 100 % 无法达到", "more than 100 % cannot be reached"))
    if whole(weights) and not split:
        goal = part * int(weights.sum())
        needed = math.floor(goal) + 1 if strict else math.ceil(goal)
        if strict and needed > weights.sum():
            raise InputError(
                f"{name}没有人口，无法超过 {float(part) * 100:g} % · "
                f"more than {float(part) * 100:g} % of nobody is asked for"
                + (f" in {name}" if name else "")
            )
        return Target(weights, float(needed), needed - 0.5, name)
    total = float(weights.sum())
    needed_people = float(part) * total
    return Target(
        weights, needed_people, needed_people + (SLACK if strict else -SLACK) * total, name
    )


def group_targets(
    weights: Floats,
    groups: Sequence[Any],
    share: Any | Mapping[Any, Any],
    *,
    strict: bool = False,
    split: bool = False,
) -> list[Target]:
    """A target for every group of demand points.

    Args:
        weights: (points,) what counts.
        groups: Group of every point; None for none.
        share: The same for all groups, or by group (groups not named have none).
        strict: See `share_target`.
        split: See `share_target`.

    Raises:
        InputError: If there is not one group a point.
    """
    from collections.abc import Mapping as AnyMapping

    if len(groups) != len(weights):
        raise InputError(
            Said(
                f"{len(weights)} 个需求点给出了 {len(groups)} 个分组",
                f"{len(groups)} groups are given for {len(weights)} demand points",
            )
        )
    names = list(dict.fromkeys(group for group in groups if group is not None))
    shares = share if isinstance(share, AnyMapping) else dict.fromkeys(names, share)
    unknown = [name for name in shares if name not in names]
    if unknown:
        raise InputError(
            Said(
                f"目标中的分组 {unknown[0]!r} 没有需求点",
                f"the group {unknown[0]!r} of a target has no demand points",
            )
        )
    number = {name: k for k, name in enumerate(names)}
    label = np.array([-1 if group is None else number[group] for group in groups])
    out = []
    for name in names:
        if name in shares:
            inside = np.where(label == number[name], weights, 0.0)
            if inside.sum() > 0:
                part = shares[name]
                out.append(share_target(inside, part, strict=strict, name=str(name), split=split))
    return out
