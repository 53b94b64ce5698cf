"""Scenarios ranked by one stated criterion, and those that another one beats in every respect."""

from __future__ import annotations

from fractions import Fraction
from math import inf
from typing import TYPE_CHECKING, TypeAlias

from coverage.errors import InputError
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coverage.scenarios.outcome import Outcome

CRITERIA: dict[str, Said] = {
    "people": Said(
        "净增的时限内人数（获益减失去），多者在前", "people gained less people lost, most first"
    ),
    "loss": Said("失去时限内服务的人数，少者在前", "people lost, fewest first"),
    "targets": Said("达标的指标数，多者在前", "indicators that meet their targets, most first"),
    "townships": Said(
        "净增覆盖的乡镇（县）数，多者在前", "townships and counties newly covered, net, most first"
    ),
    "cost": Said("已知费用，少者在前，未计全者居后", "cost, least first, unknown last"),
    "cost_per_person": Said(
        "每净增一人的费用，少者在前", "cost of each person gained net, least first"
    ),
}


def ranked(outcomes: Sequence[Outcome], criterion: str) -> tuple[Outcome, ...]:
    """Outcomes, best first; among equals fewer losses, and then the order given.

    Raises:
        InputError: If the criterion is not known.
    """
    if criterion not in CRITERIA:
        known = ", ".join(CRITERIA)
        raise InputError(Said(f"没有排序准则 {criterion!r}，可用 {known}", "not a criterion"))
    key = _KEYS[criterion]
    return tuple(sorted(outcomes, key=lambda o: (key(o), o.lost)))


def _net(outcome: Outcome) -> float:
    return outcome.gained - outcome.lost


def _price(outcome: Outcome) -> float:
    total, net = outcome.cost.total, _net(outcome)
    return float(total) / net if total is not None and net > 0 else inf


_KEYS: dict[str, Callable[[Outcome], float]] = {
    "people": lambda o: -_net(o),
    "loss": lambda o: o.lost,
    "targets": lambda o: -o.met,
    "townships": lambda o: len(o.no_longer_covered) - len(o.newly_covered),
    "cost": lambda o: inf if o.cost.total is None else float(o.cost.total),
    "cost_per_person": _price,
}


_Respects: TypeAlias = "tuple[Fraction | None, float, float, int]"


def dominated(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """By name of each dominated scenario, the first that dominates it.

    One dominates another if it costs no more, gains no fewer people, loses
    no more and meets no fewer targets, and is better in at least one of
    these. An empty name stands for leaving things as they are. What is not
    known in full, a cost, or people because a facility has no place, can be
    compared with nothing, and there nothing is said.
    """
    found: dict[str, str] = {}
    for outcome in outcomes:
        rivals: list[tuple[str, _Respects]] = [("", (Fraction(0), 0.0, 0.0, -outcome.met_before))]
        known = [o for o in outcomes if o is not outcome and not o.uncertain]
        rivals += [(o.scenario.name, _respects(o)) for o in known]
        if outcome.uncertain:
            continue
        own = _respects(outcome)
        for name, respects in rivals:
            if _dominates(respects, own):
                found[outcome.scenario.name] = name
                break
    return found


def _respects(outcome: Outcome) -> _Respects:
    """Cost, people gained (negative), people lost, targets met (negative): less is better."""
    return (outcome.cost.total, -outcome.gained, outcome.lost, -outcome.met)


def _dominates(one: _Respects, other: _Respects) -> bool:
    if one[0] is None or other[0] is None:
        return False
    pairs = list(zip(one, other, strict=True))
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)  # type: ignore[operator]
