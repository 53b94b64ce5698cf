"""The value of a model's goal in words: what it counts, its proven bound, the gap between."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from coverage.messages import Said
from coverage.proposals.question import TRAVEL_MODELS
from coverage.text import number, precise

if TYPE_CHECKING:
    from coverage.proposals.propose import Proposal, Rival

_UNITS = {
    "threshold": Said("处", "new sites"),
    "lscp": Said("处", "new sites"),
    "mclp": Said("人", "people"),
    "backup": Said("人（第二处也可达者，限定数量时与可达者各计一半）", "people, see the model"),
    "p_median": Said("分钟/人（平均）", "minutes a person"),
    "p_center": Said("分钟（最远者）", "minutes for the farthest"),
    "capacitated_mclp": Said("人有床位", "people with a bed"),
    "capacitated_lscp": Said("处", "new sites"),
    "capacitated_p_median": Said("人·分钟（合计）", "person-minutes"),
}


MONEY = Said("万元", "(10,000 yuan)")


def unit_of(proposal: Proposal) -> Said:
    """What the goal counts."""
    question = proposal.question
    if question.form == "units" and question.model == "mclp":
        return Said("单元", "units")
    if question.rules.cheapest:
        return MONEY
    return _UNITS[question.model]


def goal_of(proposal: Proposal, rival: Rival | None = None) -> str:
    """The value reached, of the answer or of another one."""
    if proposal.question.model == "mclp":  # those reached, whole as everywhere
        return number(proposal.city_change.after.reached if rival is None else rival.reached)
    return _value(proposal, proposal.answer.objective if rival is None else rival.objective)


def bound_of(proposal: Proposal) -> str:
    """The value that no answer can better."""
    answer = proposal.answer
    if proposal.question.model == "mclp" and math.isfinite(answer.bound):
        reached = proposal.city_change.after.reached
        return number(reached + round(answer.bound - answer.objective))
    return _value(proposal, answer.bound)


def proof(proposal: Proposal) -> Said:
    """Bound and gap, for notes and pictures."""
    answer = proposal.answer
    if not math.isfinite(answer.bound):
        return Said("时限内没有证明任何界", "no bound was proven in the time given")
    bound = bound_of(proposal)
    said = Said(f"已证明的界 {bound}", f"proven bound {bound}")
    if not math.isfinite(answer.gap):
        return said
    gap = f"{100 * answer.gap:.2f}%"
    return said.then(Said(f"，差距 {gap}", f", gap {gap}"))


def _value(proposal: Proposal, value: float) -> str:
    """A value of the goal in its unit."""
    if not math.isfinite(value):
        return "—"
    model, mean = proposal.question.model, proposal.answer.details.get("mean")
    travel = proposal.field.travel
    if model not in TRAVEL_MODELS or travel is None:
        return (
            precise(Fraction(value)) if proposal.question.rules.cheapest else number(round(value))
        )
    per = 1.0 if travel.network.profile.measure == "distance" else 60.0
    if model == "p_median" and mean and proposal.answer.objective:
        value *= mean / proposal.answer.objective
    return f"{value / per:,.1f}"
