"""Why an ask cannot be met: who is out of reach, which capacity is short, which rule bars it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from coverage.errors import InputError, Problem
from coverage.messages import Said
from coverage.text import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from coverage.siting.problem import Floats
    from coverage.siting.targets import Target

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
    rules: tuple[str, ...] = field(default=())


class InfeasibleError(InputError):
    """No allowed sites do what is asked; the sentences say why, `shortfalls` in numbers."""

    def __init__(self, shortfalls: Iterable[Shortfall]) -> None:
        self.shortfalls = tuple(shortfalls)
        super().__init__([Problem(f"{one.said.zh} · {one.said.en}") for one in self.shortfalls])


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


def capacity_short(
    needed: float, there: float, what: str = "", points: Iterable[int] = ()
) -> Shortfall:
    """Beds that are missing, in all or for some points."""
    points = tuple(int(j) for j in points)
    missing = needed - there
    where = f" for the points {_list(points)}" if points else ""
    place = f"（需求点 {_list(points)}）" if points else ""
    return Shortfall(
        "capacity",
        Said(
            f"{what}容量不足{place}：需 {_count(needed)}，至多 {_count(there)}，"
            f"缺 {_count(missing)}",
            f"capacity is short{where}: {_count(needed)} are needed and at most {_count(there)} "
            f"can be served, {_count(missing)} too few",
        ),
        points=points,
        missing=missing,
    )


_UNITS = {
    "people": Said("人", "people"),
    "demand points": Said("个需求点", "demand points"),
}


def rules_in_the_way(
    missing: Sequence[tuple[str, float, str]], rules: Iterable[str]
) -> list[Shortfall]:
    """Targets that the rules do not allow, by how much, and the rules without which they would.

    Args:
        missing: Name of a target, what is missing at least (of several: in the choice
            of sites that leaves least missing in all), and of what.
        rules: Kinds of rules.
    """
    rules = tuple(rules)
    en = " or ".join(RULES[kind].en for kind in rules) or "no single rule"
    zh = "或".join(RULES[kind].zh for kind in rules) or "没有单独一条规则"
    least = Said("至少", "at least ") if len(missing) == 1 else Said("合计缺口最小时", "")
    return [
        Shortfall(
            "rules",
            Said(
                f"{name + '：' if name else ''}按现有规则{least.zh}差 {_count(short)} "
                f"{_UNITS[unit].zh}；放宽后即可满足的规则：{zh}",
                f"the rules leave {least.en}{_count(short)} {unit} short"
                f"{' in ' + name if name else ''}; it could be met without {en}",
            ),
            missing=short,
            group=name,
            rules=rules,
        )
        for name, short, unit in missing
    ]


def not_found() -> Shortfall:
    """Time was up before it was known whether there is an answer."""
    return Shortfall(
        "unknown",
        Said(
            "在时限内没有找到可行方案，也未能证明不存在",
            "no allowed answer was found in the time given; that there is none is not proven",
        ),
    )


def rules_contradict() -> Shortfall:
    """No choice of sites keeps all rules."""
    return Shortfall(
        "together",
        Said(
            "没有任何选址方案能同时满足所有规则", "no choice of sites keeps all the rules at once"
        ),
    )
