"""Targets and gaps: does a ratio meet its target, and how many whole units are missing?

Everything is exact: ratios are fractions until they are printed, so that
51 of 85 meets ``≥ 60 %`` and fails ``> 60 %``.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, get_args

Op = Literal[">", "≥", "=", "≤", "<"]
OPS: tuple[Op, ...] = get_args(Op)


def meets(value: Fraction | int, op: Op, target: Fraction | int) -> bool:
    """Whether `value op target` holds.

    ``≥`` stands for 以上, 不低于 and 至少, which include the number; ``>`` does not.
    """
    match op:
        case ">":
            return value > target
        case "≥":
            return value >= target
        case "=":
            return value == target
        case "≤":
            return value <= target
        case "<":
            return value < target


def meets_between(
    lowest: Fraction | int, highest: Fraction | int | None, op: Op, target: Fraction | int
) -> bool | None:
    """Whether a value between two bounds meets a target; `None` where that hangs on the value.

    Args:
        lowest: The value is no lower.
        highest: The value is no higher, `None` for no bound.
        op: The comparison of the plan.
        target: The number of the plan.
    """
    if lowest == highest:
        return meets(lowest, op, target)
    if op == "=":
        inside = lowest <= target and (highest is None or target <= highest)
        return None if inside else False
    if highest is None:
        sure = op in {">", "≥"}  # what is met from below stays met, what is passed stays passed
        return sure if meets(lowest, op, target) is sure else None
    ends = {meets(lowest, op, target), meets(highest, op, target)}
    return ends.pop() if len(ends) == 1 else None


def as_planned(value: Fraction, target: Fraction) -> bool:
    """Whether a size is what the plan says, to two digits: 1,040 mu are the 1,000, 1,100 not."""
    if target <= 0:
        return value == target
    # Two digits of a target below ten are its tenths.
    step = Fraction(10) ** (len(str(int(target))) - 2) if target >= 10 else Fraction(1, 10)
    return abs(value - target) * 2 < step


def units_needed(
    numerator: Fraction | int,
    denominator: Fraction | int,
    op: Op,
    target: Fraction | int,
    *,
    scale: int = 100,
    ceiling: int | None = None,
) -> int | None:
    """Smallest k such that ``scale × (numerator + k) / denominator op target``.

    Args:
        numerator: Units covered, or beds, or facilities, or square metres; at least 0.
        denominator: Units in all, or people, or beds; above 0.
        op: The comparison of the plan.
        target: In the same unit as ``scale × numerator / denominator``.
        scale: 100 for percent, 1000 for per mille, 1 for a plain count.
        ceiling: The numerator cannot exceed it; a share of units is capped
            by its denominator.

    Returns:
        The number of further units, 0 if the target is met, `None` if no
        number meets it: the target lies above the ceiling, between two
        whole units (``=``), or below what is already there (``≤``).
    """
    if denominator <= 0:
        raise ValueError("the denominator of a ratio must be positive")
    if meets(Fraction(scale) * numerator / denominator, op, target):
        return 0
    short = Fraction(target) * denominator / scale - numerator
    match op:
        case ">":
            needed = short.numerator // short.denominator + 1
        case "≥":
            needed = -(-short.numerator // short.denominator)
        case "=" if short > 0 and short.denominator == 1:
            needed = short.numerator
        case _:
            return None
    return None if ceiling is not None and numerator + needed > ceiling else needed


def points_missing(value: Fraction, op: Op, target: Fraction) -> Fraction:
    """Distance from `value` to `target` in the target's own unit, 0 once it is met.

    A value that equals a ``>`` target is 0 points short and still fails.
    """
    return Fraction(0) if meets(value, op, target) else abs(target - value)


@dataclass(frozen=True)
class Gap:
    """What separates a ratio from one target.

    Attributes:
        met: Whether the target is met.
        points: Distance in the target's unit (percentage points for a share).
        units: Whole units still needed; `None` where no number of units meets it.
    """

    met: bool
    points: Fraction
    units: int | None


def gap(
    numerator: Fraction | int,
    denominator: Fraction | int,
    op: Op,
    target: Fraction,
    *,
    scale: int = 100,
    ceiling: int | None = None,
) -> Gap:
    """The gap of ``scale × numerator / denominator`` against one target."""
    value = Fraction(scale) * numerator / denominator
    needed = units_needed(numerator, denominator, op, target, scale=scale, ceiling=ceiling)
    return Gap(meets(value, op, target), points_missing(value, op, target), needed)
