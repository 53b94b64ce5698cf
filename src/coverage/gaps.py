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
