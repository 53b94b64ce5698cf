"""Why an ask cannot be met: who is out of reach, which capacity is short, how rules are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coverage.errors import InputError, Problem
from coverage.messages import Said
from coverage.text import number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coverage.siting._ask import Ask
    from coverage.siting._inputs import Target
    from coverage.siting._sites import Floats

ROUNDING = 1e-6  # people; less is not short

_NAMED = 12  # points or groups named in a sentence


@dataclass(frozen=True)
class Need:
    """How far a rule would have to give way.

    Attributes:
        rule: Its kind.
        needed: What is needed at least: sites, or money; None where the rule allows no number.
        enough: What would do: the same, where time was enough to prove it.
        allowed: What the rule allows.
    """

    rule: str
    needed: float | None = None
    enough: float | None = None
    allowed: float = 0.0


@dataclass(frozen=True)
class WayOut:
    """Rules that give way together, and the question has an answer.

    Attributes:
        needs: One a rule.
        new: New sites of such an answer, the least in the first of the needs.
    """

    needs: tuple[Need, ...]
    new: tuple[int, ...]


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
        parts: Of what the rules leave short: name of the target (empty for the whole), how
            much, and of what.
        ways: Each a way out: the rules that would have to give way, and how far.
    """

    kind: str
    said: Said
    points: tuple[int, ...] = ()
    missing: float = 0.0
    group: str = ""
    rules: tuple[str, ...] = ()
    parts: tuple[tuple[str, float, str], ...] = ()
    ways: tuple[WayOut, ...] = ()


class InfeasibleError(InputError):
    """No allowed sites do what is asked; the sentences say why, `shortfalls` in numbers."""

    def __init__(self, shortfalls: Iterable[Shortfall]) -> None:
        self.shortfalls = tuple(shortfalls)
        super().__init__([Problem(one.said) for one in self.shortfalls])


def listed(items: Iterable[object]) -> str:
    named = [str(item) for item in items]
    more = f" … ({len(named)})" if len(named) > _NAMED else ""
    return ", ".join(named[:_NAMED]) + more


def counted(value: float) -> str:
    return number(int(value)) if value == int(value) else f"{value:,.2f}"


def out_of_reach(points: Iterable[int], people: float) -> Shortfall:
    """Demand points that must be reached and that no candidate reaches."""
    points = tuple(int(j) for j in points)
    return Shortfall(
        "out_of_reach",
        Said(
            f"{len(points)} 个需求点（{counted(people)} 人）没有任何候选点可达：{listed(points)}",
            f"no candidate reaches {len(points)} demand points with {counted(people)} people: "
            + listed(points),
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
            f"{place}目标需 {counted(target.needed)}，所有候选点合计只能达到 {counted(best)}，"
            f"差 {counted(missing)}；不可达的需求点：{listed(points)}",
            f"the target needs {counted(target.needed)}{where} and all candidates together reach "
            f"{counted(best)}: {counted(missing)} short; no candidate reaches the points "
            + listed(points),
        ),
        points=tuple(int(j) for j in points),
        missing=missing,
        group=target.name,
    )


def capacity_short(needed: float, there: float, points: Iterable[int] = ()) -> Shortfall:
    """Beds that are missing, in all or for some points."""
    points = tuple(int(j) for j in points)
    missing = needed - there
    where = f" for the points {listed(points)}" if points else ""
    place = f"（需求点 {listed(points)}）" if points else ""
    return Shortfall(
        "capacity",
        Said(
            f"容量不足{place}：需 {counted(needed)}，至多 {counted(there)}，缺 {counted(missing)}",
            f"capacity is short{where}: {counted(needed)} are needed and at most {counted(there)} "
            f"can be served, {counted(missing)} too few",
        ),
        points=points,
        missing=missing,
    )


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
