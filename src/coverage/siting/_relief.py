"""Which rules bar an answer, and how far they would have to give way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from coverage.messages import Said, joined
from coverage.siting._ask import Ask, cover_model, shortage_model
from coverage.siting._explain import (
    ROUNDING,
    InfeasibleError,
    Need,
    Shortfall,
    WayOut,
    counted,
)
from coverage.siting._rules import kind_of
from coverage.siting._solver import WHOLE, Clock, Found, Mip, solve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coverage.siting._rules import Rows
    from coverage.siting._sites import Bools

    Parts = list[tuple[str, float, str]]  # name of a target, what it is short of, and of what

TRIAL = 5.0  # seconds for every question of what would be without a rule

_FREED = {
    "new": Said("新建数量上限", "the limit on new sites"),
    "open": Said("设施总数上限", "the limit on open sites"),
    "budget": Said("预算", "the budget"),
    "moved": Said("迁移数量上限", "the limit on moved sites"),
    "replaced": Said("迁移必须有新址", "that every moved site has a new place"),
    "apart": Said("最小间距", "the minimum spacing"),
    "group": Said("分组数量上限", "the limit per group"),
}
_NEEDED = {
    "new": Said("需新建 {0} 处，只允许 {1} 处", "{0} new sites needed, {1} allowed"),
    "open": Said("需开放 {0} 处，只允许 {1} 处", "{0} open sites needed, {1} allowed"),
    "budget": Said("需资金 {0}，只有 {1}", "a budget of {0} needed, {1} allowed"),
    "moved": Said("需迁移 {0} 处，只允许 {1} 处", "{0} moved sites needed, {1} allowed"),
}
_UNITS = {
    "people": Said("人", "people"),
    "demand points": Said("个需求点", "demand points"),
    "units": Said("个单元", "units"),
}
_NOTHING = Said("", "")


def impossible(ask: Ask, clock: Clock, *, sure: bool) -> InfeasibleError:
    """The error of a cover question: what the rules leave short, and which rule is in the way.

    Args:
        ask: The question, whose targets each could be met without rules.
        clock: Time left; at least some seconds are taken.
        sure: Whether it is known that there is no answer; time may have run out before.
    """

    def missing(found: Found) -> Parts:
        if not found.done or found.values is None:
            return [("", float(np.ceil(max(0.0, found.bound) - ROUNDING)), "people")]
        short = found.values[first:]
        out = [
            (target.name, float(np.ceil(short[k] - ROUNDING)), "people")
            for k, target in enumerate(ask.targets)
            if short[k] > ROUNDING
        ]
        if ask.must is not None and short[-1] > 0.5:
            out.append(("", float(np.round(short[-1])), "demand points"))
        return out or [("", 0.0, "people")]

    model, first = shortage_model(ask)
    return rules_short(
        model,
        missing,
        lambda rows: cover_model(replace(ask, rows=rows)),
        ask.rows,
        clock if sure else Clock.of(20.0),
        sure=sure,
    )


def rules_short(
    shortage: Mip,
    missing: Callable[[Found], Parts],
    freed: Callable[[Rows], Mip],
    rows: Rows,
    clock: Clock,
    *,
    sure: bool,
) -> InfeasibleError:
    """The error of a question that its rules do not allow.

    Args:
        shortage: The model of what is missing at least.
        missing: What it says is missing (of several: in the choice of sites that leaves least
            missing in all).
        freed: The model of the question under other rules.
        rows: The rules.
        clock: Time left; at least some seconds are taken.
        sure: Whether it is known that there is no answer.
    """
    found = solve(shortage, clock=clock if clock.left > 10.0 else Clock.of(10.0))
    if found.values is None and found.done:
        return InfeasibleError([_CONTRADICTION])
    if not sure and (found.values is None or found.bound <= ROUNDING):
        return InfeasibleError([_NOT_FOUND])
    ways = ways_out(freed, rows)
    parts = tuple(missing(found))
    one = Shortfall(
        "rules",
        short_said(parts, ways),
        missing=_whole(parts),
        group=parts[0][0] if len(parts) == 1 else "",
        rules=tuple(way.needs[0].rule for way in ways if len(way.needs) == 1),
        parts=parts,
        ways=ways,
    )
    return InfeasibleError([one])


def _whole(parts: Sequence[tuple[str, float, str]]) -> float:
    """What is short in all; where only groups have targets, in them together."""
    whole = [short for name, short, _ in parts if not name]
    return sum(whole or [short for _, short, _ in parts])


def ways_out(freed: Callable[[Rows], Mip], rows: Rows) -> tuple[WayOut, ...]:
    """Rules without any one of which there is an answer; else the fewest to be given up together.

    Args:
        freed: The model of the question under other rules; its first variables are the sites.
        rows: The rules.
    """
    kinds = list(dict.fromkeys(kind_of(name) for name in rows.names))

    def answer(given_up: Sequence[str]) -> Bools | None:
        model = freed(rows.without(*given_up))
        values = solve(model, clock=Clock.of(TRIAL), first=True).values
        return None if values is None else values[: len(rows.lower)] > 0.5

    alone: list[tuple[str, ...]] = [(kind,) for kind in kinds if answer((kind,)) is not None]
    if not alone and len(kinds) > 1:
        together = tuple(kinds)
        for kind in kinds if answer(together) is not None else ():
            fewer = tuple(one for one in together if one != kind)
            together = fewer if answer(fewer) is not None else together
        alone = [together] if answer(together) is not None else []
    return tuple(_way_out(freed, rows, kinds) for kinds in alone)


def _way_out(freed: Callable[[Rows], Mip], rows: Rows, kinds: Sequence[str]) -> WayOut:
    """How far some rules must give way: each as little as can be, those before it no farther."""
    kinds = sorted(kinds, key=lambda kind: rows.counted(kind) is None)  # numbers first
    left, needs = rows.without(*kinds), []
    chosen: Bools = np.zeros(len(rows.lower), dtype=bool)
    for kind in kinds:
        rule = rows.counted(kind)
        if rule is None:
            needs.append(Need(kind))
            continue
        weights, more, allowed = rule
        model = freed(left)
        cost = np.concatenate([weights, np.zeros(len(model.cost) - len(weights))])
        whole = bool((weights == np.round(weights)).all())
        gap = WHOLE if whole else 0.0
        found = solve(replace(model, cost=cost), clock=Clock.of(TRIAL), gap=gap)
        if found.values is None:
            needs.append(Need(kind))
            continue
        chosen = found.values[: len(weights)] > 0.5
        enough = float(weights @ chosen)
        least = float(np.ceil(found.bound - ROUNDING)) if whole else found.bound
        needs.append(Need(kind, max(least + more, allowed), enough + more, allowed))
        left = left.at_most(kind, weights, enough)
    return WayOut(tuple(needs), tuple(np.flatnonzero(chosen & ~rows.standing).tolist()))


def short_said(
    parts: Sequence[tuple[str, float, str]],
    ways: Sequence[WayOut],
    where: Callable[[Sequence[int]], Said] = lambda _: _NOTHING,
) -> Said:
    """What rules leave short, and how far which of them would have to give way.

    Args:
        parts: What is short, see `Shortfall.parts`.
        ways: The ways out.
        where: Tells of new sites where they are; nothing by default.
    """
    told = [_way_said(way, where) for way in ways if way.needs[0].needed is not None]
    given_up = [_list(way.needs) for way in ways if way.needs[0].needed is None]
    short = _parts_said(parts)
    said = [joined([one, short]) if n == 0 else one for n, one in enumerate(told)] or [short]
    if given_up:
        any_one = _either(given_up)
        said.append(Said("放宽后即可满足的规则：", "it could be met without ").then(any_one))
    if not ways:
        said.append(Said("放宽任何规则都不够", "giving up rules is not enough"))
    return joined(said)


def _parts_said(parts: Sequence[tuple[str, float, str]]) -> Said:
    """What is short in all, and of it in every group."""
    groups = [(name, counted(value)) for name, value, _ in parts if name]
    whole = [(value, unit) for name, value, unit in parts if not name]
    whole = whole or [(_whole(parts), parts[0][2])]
    least = Said("至少", "at least ") if len(parts) == 1 else _NOTHING
    zh = "、".join(f"{least.zh} {counted(value)} {_UNITS[unit].zh}" for value, unit in whole)
    en = ", ".join(f"{least.en}{counted(value)} {_UNITS[unit].en}" for value, unit in whole)
    said = Said(f"按现有规则差{zh}", f"the rules leave {en} short")
    if len(parts) == 1 and groups:
        return Said(f"{groups[0][0]}{said.zh}", f"{said.en} in {groups[0][0]}")
    if groups:
        each = [f"{name} {count}" for name, count in groups]
        said = said.then(Said(f"（其中{'、'.join(each)}）", f" ({', '.join(each)})"))
    return said


def _either(saids: Sequence[Said]) -> Said:
    return Said("或".join(one.zh for one in saids), " or ".join(one.en for one in saids))


def _list(needs: Sequence[Need]) -> Said:
    freed = [_FREED[need.rule] for need in needs]
    return Said("加".join(one.zh for one in freed), " and ".join(one.en for one in freed))


def _way_said(way: WayOut, where: Callable[[Sequence[int]], Said]) -> Said:
    """Numbers that would do, where the sites would be, and which other rules must go with them."""
    numbers = [
        _NEEDED[one.rule].fill(*_numbers(one)) for one in way.needs if one.enough is not None
    ]
    said, places = numbers[0], where(way.new)
    if places.zh:
        said = said.then(Said("：", ": ")).then(places)
    for other in numbers[1:]:
        said = said.then(Said("，同时", " together with ")).then(other)
    freed = [need for need in way.needs if need.enough is None]
    return said.then(Said("，并放宽", " and without ")).then(_list(freed)) if freed else said


def _numbers(need: Need) -> tuple[str, str]:
    """What is needed, from what is proven to what would do, and what is allowed."""
    enough, least = need.enough or 0.0, need.needed or 0.0
    exact = enough - least <= ROUNDING * max(1.0, abs(enough))
    said = counted(enough) if exact else f"{counted(least)}–{counted(enough)}"
    return said, counted(need.allowed)


_NOT_FOUND = Shortfall(
    "unknown",
    Said(
        "在时限内没有找到可行方案，也未能证明不存在",
        "no allowed answer was found in the time given; that there is none is not proven",
    ),
)
_CONTRADICTION = Shortfall(
    "together",
    Said("没有任何选址方案能同时满足所有规则", "no choice of sites keeps all the rules at once"),
)
