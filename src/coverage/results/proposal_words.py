"""What stands beside the answer to a question of siting: money, rules, ways, what decided."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from coverage.messages import Said
from coverage.proposals.question import TRAVEL_MODELS
from coverage.text import number, precise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.proposals.propose import Proposal


def ways_of(proposal: Proposal) -> dict[str, Any] | None:
    """The longest and the mean way today and then, and where the longest begins; None without.

    In the unit of the profile, seconds or metres.
    """
    if proposal.question.model not in TRAVEL_MODELS:
        return None
    field, units = proposal.field, proposal.city.units
    out = {}
    for when in ("before", "after"):
        told = proposal.answer.details[when]
        code = field.unit[told["point"]] if told["point"] >= 0 else ""
        out[when] = {
            "longest": _known(told["longest"]),
            "mean": _known(told["mean"]),
            "farthest_code": code,
            "farthest": units.name(code) if code else "",
        }
    return out


def _known(value: float) -> float | None:
    return round(value, 3) if math.isfinite(value) else None


def ways_said(proposal: Proposal) -> list[Said]:
    """The farthest place and the mean, today and with the plan."""
    ways, travel = ways_of(proposal), proposal.field.travel
    if ways is None or travel is None:
        return []
    metres = travel.network.profile.measure == "distance"
    per, unit = (1.0, Said("米", "m")) if metres else (60.0, Said("分钟", "min"))

    def told(one: dict[str, Any]) -> Said:
        if one["longest"] is None or one["mean"] is None:
            return Said("有人无处可去", "some have nowhere to go")
        longest, mean = (f"{one[name] / per:,.1f}" for name in ("longest", "mean"))
        return Said(
            f"最远 {longest} {unit.zh}（{one['farthest'] or '—'}），平均 {mean} {unit.zh}",
            f"farthest {longest} {unit.en} ({one['farthest'] or '—'}), mean {mean} {unit.en}",
        )

    said = Said("路程：现状", "ways: today ").then(told(ways["before"]))
    return [said.then(Said("；之后", "; then ")).then(told(ways["after"]))]


_RULES = {
    "max_new": Said("至多新建 {0} 处", "at most {0} new sites"),
    "floor": Said("各组不低于 {0}%", "no group below {0} %"),
    "spacing_m": Said("新建间距 {0} 米", "{0} m between new sites"),
    "per_township": Said("每乡镇至多新建 {0} 处", "at most {0} new in a township"),
    "budget": Said("预算 {0} 万元", "a budget of {0} (10,000 yuan)"),
    "cost": Said("未写造价者每处 {0} 万元", "{0} (10,000 yuan) where no cost is stated"),
    "beds": Said("每处 {0} 张床位", "{0} beds a site"),
}
_EACH = {
    "county": Said("各县分别达到", "in every county at once"),
    "township": Said("各乡镇分别达到", "in every township at once"),
}


def rules_said(proposal: Proposal) -> list[Said]:
    """The rules that were in force."""
    rules = proposal.question.rules
    told = [
        said.fill(number(Fraction(value)))
        for name, said in _RULES.items()
        if (value := getattr(rules, name)) not in {None, 0}
    ]
    told += [_EACH[rules.each]] if rules.each else []
    if rules.fix is not None:
        told.append(Said(f"规则表 {rules.fix.name}", f"the table {rules.fix.name}"))
    return [Said("规则：", "rules: ").then(_both(told))] if told else []


def money_said(proposal: Proposal) -> list[Said]:
    """What the plan costs, where a cost is known, and what is left of the budget."""
    spent, left, unpriced = proposal.spent, proposal.left, proposal.unpriced
    if spent is None and left is None:
        return []
    shown = precise(Fraction(spent or 0.0))
    said = Said(f"造价合计 {shown} 万元", f"cost of all sites: {shown} (10,000 yuan)")
    if left is not None:
        said = said.then(
            Said(f"，预算余 {precise(Fraction(left))} 万元", f", {precise(Fraction(left))} left")
        )
    if unpriced:
        said = said.then(Said(f"，另有 {unpriced} 处造价不详", f", {unpriced} more without a cost"))
    return [said]


_EQUALS = {
    "next": Said("其后各远者依次最近", "the next longest ways shortest"),
    "people": Said("覆盖的人最多", "most people reached"),
    "money": Said("花费最少", "least money"),
    "new": Said("新建最少", "fewest built"),
    "closed": Said("关闭与迁移最少", "fewest closed or moved"),
    "listed": Said("名单在前", "first in the list"),
}


def order_said(proposal: Proposal) -> list[Said]:
    """What decided between plans that are equal in what was asked, and whether it is proven."""
    answer = proposal.answer
    told: dict[bool, list[Said]] = {True: [], False: []}
    for level in answer.order[1:]:
        word = "new" if level.goal == "money" and not proposal.costed else level.goal
        told[level.proven].append(_EQUALS[word])
    if not answer.order:
        return []
    every = [_both(one) for one in (told[True], told[False])]
    if not told[False]:
        return [
            Said("同等方案中依次取：", "of equal plans, in turn: ")
            .then(every[0])
            .then(Said("（已证明）", " (proven)"))
        ]
    said = Said("同等方案之间未证明到底：", "between equal plans not proven: ").then(every[1])
    return [said.then(Said("；已证明：", "; proven: ")).then(every[0])] if told[True] else [said]


def _both(saids: Sequence[Said]) -> Said:
    return Said("、".join(one.zh for one in saids), ", ".join(one.en for one in saids))
