"""Verdicts: a measurement held against the targets of its indicator."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from coverage.gaps import as_planned, gap, meets_between, units_needed
from coverage.indicators import Measurement
from coverage.messages import Said, joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.clauses import Target
    from coverage.plans import Baseline

Status = Literal[
    "met",
    "not_met",
    "contested",
    "undecided",
    "not_due",
    "unknown",
    "reported",
    "in_words",
    "no_target",
]


@dataclass(frozen=True)
class TargetResult:
    """One target and how far the value is from it.

    Attributes:
        target: The clause.
        met: `None` for a target in words or an unknown value.
        gap_points: In the indicator's unit, 0 once met.
        gap_units: Whole units still needed, 0 once met, `None` if no number
            of units meets it or the indicator has no units.
        due: Whether this target is the one in force in the report's year.
        gap_range: Whole units still needed at least and at most, where something is not known;
            the second is `None` where no number of units meets the target.
        undecided: Why there is a value and no verdict.
    """

    target: Target
    met: bool | None = None
    gap_points: Fraction | None = None
    gap_units: int | None = None
    due: bool = False
    gap_range: tuple[int, int | None] | None = None
    undecided: Said | None = None


def results_of(baseline: Baseline | None, year: int) -> Measurement | None:
    """The plan's own result of a reported indicator in its baseline year."""
    if baseline is None or baseline.value is None or baseline.year != year:
        return None
    note = Said(
        f"规划自身公布的 {year} 年结果（{baseline.clause}）",
        f"the plan's own result of {year} ({baseline.clause})",
    )
    return Measurement(numerator=baseline.value, basis="stated", countable=False, notes=(note,))


def judge(found: Measurement, target: Target, *, due: bool, bound: bool = False) -> TargetResult:
    """Hold a measurement against one target.

    Args:
        found: The measurement.
        target: The clause.
        due: Whether it is in force.
        bound: The value is of a wider class than the clause: it can only prove that it is missed.
    """
    value = found.value
    if value is None or target.op is None or target.value is None:
        return TargetResult(target, due=due)
    if found.own_figure or target.scope:
        return TargetResult(target, due=due, undecided=_OWN if found.own_figure else _SCOPE)
    if target.rule == "size":
        met = as_planned(value, target.value)
        if found.range:
            return TargetResult(target, due=due, undecided=_unsure(found))
        points = Fraction(0) if met else abs(target.value - value)
        return TargetResult(target, met, points, None, due)
    assert found.numerator is not None  # noqa: S101 -- a value has a numerator
    denominator = 1 if found.denominator is None else found.denominator
    found_gap = gap(
        found.numerator,
        denominator,
        target.op,
        target.value,
        scale=found.scale,
        ceiling=found.ceiling,
    )
    sure = meets_between(*found.bounds, target.op, target.value)
    between = _gap_range(found, target) if found.range and found.countable else None
    if sure is None or (bound and sure):
        # Neither a partial list nor another year's people prove what hangs on the rest of them.
        why = _WIDER if bound and sure else _unsure(found)
        return TargetResult(target, due=due, gap_range=between, undecided=why)
    units = found_gap.units if found.countable else None
    return TargetResult(target, found_gap.met, found_gap.points, units, due, between)


def _gap_range(found: Measurement, target: Target) -> tuple[int, int | None] | None:
    """Units needed where what is not known turns out best, and worst."""
    lowest, highest = found.bounds
    denominator = Fraction(1 if found.denominator is None else found.denominator)
    if target.op not in {">", "≥"} or target.value is None or not denominator:
        return None
    if not found.whole_known:
        return None
    worst, best = (
        None
        if end is None
        else units_needed(
            end * denominator / found.scale,
            denominator,
            target.op,
            target.value,
            scale=found.scale,
            ceiling=found.ceiling,
        )
        for end in (lowest, highest)
    )
    return (best or 0, worst)


def _unsure(found: Measurement) -> Said:
    """What is not known, in one sentence."""
    return joined(found.unsure) if found.unsure else _UNKNOWN


_OWN = Said("人数由这一比率反推", "the people were derived from this very ratio")
_SCOPE = Said("条文范围与指标不同", "the clause is of another scope")
_WIDER = Said(
    "现状是上界，高于目标不能说明已达标", "the value is a bound: above the target proves nothing"
)
_UNKNOWN = Said("情况不明", "not known")


def status_of(found: Measurement, targets: Sequence[TargetResult], *, computed: bool) -> Status:
    """How an indicator stands in the year of the report."""
    if found.value is None:
        return "unknown" if computed else "reported"
    numbers = [t for t in targets if t.target.judged]
    if not numbers:
        return "in_words" if targets else "no_target"
    due = [t for t in numbers if t.due]
    if not due:
        return "not_due"
    judged = {t.met for t in due}
    if None in judged:
        return "undecided"
    if len(judged) > 1:
        return "contested"
    return "met" if judged == {True} else "not_met"
