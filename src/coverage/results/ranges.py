"""Ranges in words: between what a value or a gap lies, and why a verdict is not given."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

from coverage.draws.summary import likely
from coverage.messages import Lang, Said, in_number
from coverage.text import number

_WORTH_SAYING = 1  # percentage points
UNDECIDED = Said("待定", "undecided")


_T = TypeVar("_T", float, int, Fraction)


@dataclass(frozen=True)
class Range(Generic[_T]):
    """Between what a value or a gap in units lies, where something is not known.

    Attributes:
        low: No less.
        high: No more; `None` where nothing bounds it, or where no number of units does.
    """

    low: _T
    high: _T | None

    @property
    def ends(self) -> tuple[_T, _T | None]:
        """Both."""
        return self.low, self.high


def printed_range(
    ends: tuple[Fraction, Fraction | None] | None, lang: Lang, *, percent: bool
) -> str:
    """``（0.7–91.3%）`` to stand behind a value; empty for ends no more than a point apart.

    Args:
        ends: `coverage.indicators.Measurement.range`.
        lang: Language.
        percent: Whether the value is in percent.
    """
    if ends is None:
        return ""
    low, high = ends
    mark = "%" * percent
    if high is None:
        said = Said(f"（{number(low)}{mark} 或更多）", f" ({number(low)}{mark} or more)")
        return said.to(lang)
    if number(low) == number(high) or (percent and high - low <= _WORTH_SAYING):
        return ""
    said = Said(f"（{number(low)}–{number(high)}{mark}）", f" ({number(low)}–{number(high)}{mark})")
    return said.to(lang)


def printed_likely(low: float, high: float, lang: Lang) -> str:
    """``（约10–15%）`` to stand behind a value whose likely range was drawn."""
    found = likely(low, high)
    return Said(f"（{found.zh.replace(' ', '')}）", f" ({found.en})").to(lang)


def printed_gap(
    units: int | None, between: tuple[int, int | None] | None, what: str, lang: Lang
) -> str:
    """``差 11 个村居``, or ``差 2 至 11 个村居`` where something is not known; may be empty."""
    low, high = between or (units, units)
    if low is None:
        return ""
    if high is None:
        count = Said(f"至少 {low:,}", f"at least {low:,}").to(lang)
    elif low == high:
        count = f"{low:,}"
    else:
        count = Said(f"{low:,} 至 {high:,}", f"{low:,} to {high:,}").to(lang)
    return in_number(Said(f"差 {count} {what}", f"{count} {what}").to(lang))


def undecided(why: str, lang: Lang) -> str:
    """``待定：12 个乡镇情况不明``."""
    return Said(f"{UNDECIDED.zh}：{why}", f"{UNDECIDED.en}: {why}").to(lang)
