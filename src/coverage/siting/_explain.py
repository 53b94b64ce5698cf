"""Why an ask cannot be met: who is out of reach, which capacity is short, which rule bars it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from coverage.errors import InputError, Problem
from coverage.messages import Said
from coverage.siting._ask import Ask, cover_model, shortage_model
from coverage.siting._rules import Rows, kind_of
from coverage.siting._solver import Clock, Found, Mip, solve
from coverage.text import number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from coverage.siting._inputs import Target
    from coverage.siting._sites import Floats

ROUNDING = 1e-6  # people; less is not short

_NAMED = 12  # points or groups named in a sentence

RULES = {
    "new": Said("新建数量上限", "the limit on new sites"),
    "open": Said("设施总数上限", "the limit on open sites"),
    "budget": Said("预算", "the budget"),
    "moved": Said("迁移数量上限", "the limit on moved sites"),
    "replaced": Said("迁移必须有新址", "that every moved site has a new place"),
    "apart": Said("最小间距", "the minimum spacing"),
    "group": Said("分组数量上限", "the limit per group"),
}


@dataclass(frozen=True)
class Shortfall:
    """What is missing, for programs.

    Attributes:
        kind: `out_of_reach`, `capacity`, `rules`, `together` or `unknown`.
        said: The sentence.
        points: Demand points that no candidate reaches.
        missing: How much is missing: people, units or beds.
        group: Of the target, if it has one.
        rules: Kinds of rules without which it would do.
    """

    kind: str
    said: Said
    points: tuple[int, ...] = ()
    missing: float = 0.0
    group: str = ""
    rules: tuple[str, ...] = ()


class InfeasibleError(InputError):
    """No allowed sites do what is asked; the sentences say why, `shortfalls` in numbers."""

    def __init__(self, shortfalls: Iterable[Shortfall]) -> None:
        self.shortfalls = tuple(shortfalls)
        super().__init__([Problem(one.said) for one in self.shortfalls])


def _list(items: Iterable[object]) -> str:
    named = [str(item) for item in items]
    more = f" … ({len(named)})" if len(named) > _NAMED else ""
    return ", ".join(named[:_NAMED]) + more


def _count(value: float) -> str:
    return number(int(value)) if value == int(value) else f"{value:,.2f}"


def out_of_reach(points: Iterable[int], people: float) -> Shortfall:
    """Demand points that must be reached and that no candidate reaches."""
    points = tuple(int(j) for j in points)
    return Shortfall(
        "out_of_reach",
        Said(
            f"{len(points)} 个需求点（{_count(people)} 人）没有任何候选点可达：{_list(points)}",
            f"no candidate reaches {len(points)} demand points with {_count(people)} people: "
            + _list(points),
        ),
        points=points,
        missing=people,
    )


def target_out_of_reach(target: Target, reachable: Floats) -> Shortfall:
    """A target above what all candidates together reach."""
    best = float(target.weights @ reachable)
    points = np.flatnonzero(~reachable.astype(bool) & (target.weights > 0))
    where = f" in {target.name}" if target.name else ""
    place = f"{target.name}：" if target.name else ""
    missing = target.needed - best
    return Shortfall(
        "out_of_reach",
        Said(
            f"{place}目标需 {_count(target.needed)}，所有候选点合计只能达到 {_count(best)}，"
            f"差 {_count(missing)}；不可达的需求点：{_list(points)}",
            f"the target needs {_count(target.needed)}{where} and all candidates together reach "
            f"{_count(best)}: {_count(missing)} short; no candidate reaches the points "
            + _list(points),
        ),
        points=tuple(int(j) for j in points),
        missing=missing,
        group=target.name,
    )


def capacity_short(needed: float, there: float, points: Iterable[int] = ()) -> Shortfall:
    """Beds that are missing, in all or for some points."""
    points = tuple(int(j) for j in points)
    missing = needed - there
    where = f" for the points {_list(points)}" if points else ""
    place = f"（需求点 {_list(points)}）" if points else ""
    return Shortfall(
        "capacity",
        Said(
            f"容量不足{place}：需 {_count(needed)}，至多 {_count(there)}，缺 {_count(missing)}",
            f"capacity is short{where}: {_count(needed)} are needed and at most {_count(there)} "
            f"can be served, {_count(missing)} too few",
        ),
        points=points,
        missing=missing,
    )


EXACTLY = Said("", "")
_UNITS = {
    "people": Said("人", "people"),
    "demand points": Said("个需求点", "demand points"),
    "units": Said("个单元", "units"),
}


def rules_said(
    name: str, short: float, unit: str, rules: Iterable[str], least: Said = EXACTLY
) -> Said:
    """How much the rules leave short of a target, and without which rules they would not.

    Args:
        name: Of the target, empty for the whole.
        short: What is missing.
        unit: A key of `_UNITS`.
        rules: Kinds of rules.
        least: Put before the number.
    """
    named = [RULES[kind] for kind in rules] or [Said("没有单独一条规则", "no single rule")]
    zh, en = "或".join(one.zh for one in named), " or ".join(one.en for one in named)
    of_zh, of_en = _UNITS[unit]
    return Said(
        f"{name + '：' if name else ''}按现有规则{least.zh}差 {_count(short)} {of_zh}；"
        f"放宽后即可满足的规则：{zh}",
        f"the rules leave {least.en}{_count(short)} {of_en} short{' in ' + name if name else ''}; "
        f"it could be met without {en}",
    )


def rules_in_the_way(
    missing: Sequence[tuple[str, float, str]], rules: Sequence[str]
) -> list[Shortfall]:
    """Targets that the rules do not allow, by how much, and the rules without which they would.

    Args:
        missing: Name of a target, what is missing at least (of several: in the choice
            of sites that leaves least missing in all), and of what.
        rules: Kinds of rules.
    """
    least = Said("至少", "at least ") if len(missing) == 1 else Said("合计缺口最小时", "")
    return [
        Shortfall(
            "rules",
            rules_said(name, short, unit, rules, least),
            missing=short,
            group=name,
            rules=tuple(rules),
        )
        for name, short, unit in missing
    ]


def impossible(ask: Ask, clock: Clock, *, sure: bool) -> InfeasibleError:
    """The error of a cover question: what the rules leave short, and which rule is in the way.

    Args:
        ask: The question, whose targets each could be met without rules.
        clock: Time left; at least some seconds are taken.
        sure: Whether it is known that there is no answer; time may have run out before.
    """

    def missing(found: Found) -> list[tuple[str, float, str]]:
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
    missing: Callable[[Found], list[tuple[str, float, str]]],
    freed: Callable[[Rows], Mip],
    rows: Rows,
    clock: Clock,
    *,
    sure: bool,
) -> InfeasibleError:
    """The error of a question that its rules do not allow.

    Args:
        shortage: The model of what is missing at least.
        missing: What it says is missing, see `rules_in_the_way`.
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
    kinds = dict.fromkeys(kind_of(name) for name in rows.names)
    could = [
        kind
        for kind in kinds
        if solve(freed(rows.without(kind)), clock=Clock.of(5.0), first=True).values is not None
    ]
    return InfeasibleError(rules_in_the_way(missing(found), could))


def check_reachable(ask: Ask) -> None:
    """Points and targets that even all candidates together do not reach.

    Raises:
        InfeasibleError: If there are any.
    """
    reachable = (ask.reached(ask.rows.upper > 0) > 0).astype(float)
    found: list[Shortfall] = []
    if ask.must is not None and (ask.must & (reachable == 0)).any():
        lost = np.flatnonzero(ask.must & (reachable == 0))
        people = ask.once if ask.twice is None else ask.once + ask.twice
        found.append(out_of_reach(lost, float(people[lost].sum())))
    found += [
        target_out_of_reach(target, reachable)
        for target in ask.targets
        if not target.met(float(target.weights @ reachable))
    ]
    if found:
        raise InfeasibleError(found)


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
