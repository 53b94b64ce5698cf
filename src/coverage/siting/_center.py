"""The p-center: the longest way anybody has is as short as can be, then the next ones.

The least of the times within which everybody can be reached, found by halving over set covers
(Minieka 1970). Then as few places as can be have that way, the next longest is as short as can
be, and so on (lexicographic minimax; Ogryczak 1997), each by a model that keeps all before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, eye_array

from coverage.siting._answer import Level, Result
from coverage.siting._ask import Ask, alike, cover_core, cover_model
from coverage.siting._most import enough_sites
from coverage.siting._order import Goal, alone, in_turn, ordered, unsettled
from coverage.siting._relief import impossible
from coverage.siting._sites import Bools, Floats, opened
from coverage.siting._solver import WHOLE, Clock, Mip, Stack, solve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.siting._answer import Control
    from coverage.siting._rules import Rows

LARGE = 10_000_000  # times, with which only the longest way is made short
LARGEST = 12_000  # entries of the model of a step: it is hard for its size
NODES = 50
TOLD = 20  # ways, the longest ones


def longest(far: Floats, chosen: Bools) -> float:
    if not far.shape[1]:
        return 0.0
    return float(far[chosen].min(axis=0).max()) if chosen.any() else np.inf


def within(far: Floats, rows: Rows, limit: float) -> Ask:
    """Everybody within a limit, as a cover question."""
    return Ask.everyone(csr_array((far <= limit).astype(float)), rows, cost=rows.places)


def shortest(far: Floats, rows: Rows, control: Control) -> tuple[Bools, float, float]:
    """The best sites, their longest way, and what it cannot be shorter than."""
    allowed = far[rows.upper > 0]
    least = float(allowed.min(axis=0).max()) if far.shape[1] else 0.0
    steps = np.unique(allowed[np.isfinite(allowed)])
    steps = steps[steps >= least]
    low, high = -1, len(steps) - 1
    proven_low = 0
    if not len(steps):
        return rows.lower > 0, 0.0, 0.0
    best = _by_greedy(far, rows, steps)
    if best is not None:
        high = int(np.searchsorted(steps, longest(far, best)))
    while high - low > 1 or best is None:
        middle = (low + high) // 2 if best is not None else high
        # Near a known answer the gap to the next step is mostly small: look there first.
        if best is not None and high - low > 8:
            middle = high - max(1, (high - low) // 4)
        chosen, sure = _allowed(far, rows, float(steps[middle]), control)
        if chosen is not None:
            best, high = chosen, int(np.searchsorted(steps, longest(far, chosen)))
        elif best is None:
            raise impossible(within(far, rows, float(steps[-1])), control.clock, sure=sure)
        elif sure:
            low = proven_low = middle
        else:
            bound = float(steps[proven_low + 1]) if low >= 0 else float(steps[0])
            return best, float(steps[high]), bound
    return best, float(steps[high]), float(steps[high])


def _by_greedy(far: Floats, rows: Rows, steps: Floats) -> Bools | None:
    """Good sites by halving with the greedy cover alone, which is quick."""
    best: Bools | None = None
    left, right = 0, len(steps) - 1
    while left < right:
        middle = (left + right) // 2
        found = enough_sites(within(far, rows, float(steps[middle])))
        if found is None:
            left = middle + 1
        else:
            best, right = found, int(np.searchsorted(steps, longest(far, found)))
    return best


def _allowed(far: Floats, rows: Rows, limit: float, control: Control) -> tuple[Bools | None, bool]:
    """Sites that bring everybody within a limit, and whether it is sure that there are none."""
    ask = within(far, rows, limit).merged()
    keep, points = cover_core(ask.matrix, rows, np.zeros(len(rows.lower)))
    matrix = csr_array(ask.matrix[keep][:, points])
    small = Ask.everyone(matrix, rows.only(keep), cost=rows.places[keep])
    greedy = enough_sites(small)
    if greedy is not None:
        return opened(len(rows.lower), keep[greedy]), True
    found = solve(cover_model(small), clock=control.clock, seed=control.seed, first=True)
    if found.values is None:
        return None, found.done
    return opened(len(rows.lower), keep[found.values[: len(keep)] > 0.5]), True


# The worst, then the second worst, …: at every step so many places (`beyond`) may lie farther off
# than `limit`. As few as can be shall lie as far as `limit`: if no more than `beyond`, the next
# worst place is nearer than thought; else this step is settled.


@dataclass(frozen=True, eq=False)
class Step:
    """At most `beyond` points have a way longer than `limit`.

    Attributes:
        limit: The way.
        beyond: How many points.
        matrix: (candidates, groups of points) who is within the limit of whom.
        sizes: (groups,) points in each.
    """

    limit: float
    beyond: int
    matrix: csr_array
    sizes: Floats

    @classmethod
    def of(
        cls, far: Floats, rows: Rows, limit: float, beyond: int, *, short_of: bool = False
    ) -> Step:
        """Where the way is no longer than the limit, or shorter than it.

        Points near what is open anyway are within it in every answer: they need no variable.
        """
        near = far < limit if short_of else far <= limit
        matrix = csr_array(near[:, ~near[rows.lower > 0].any(axis=0)].astype(float))
        group, first = alike(matrix)
        sizes = np.bincount(group, minlength=len(first)).astype(float)
        return cls(limit, beyond, csr_array(matrix[:, first]), sizes)

    def within(self, chosen: Bools) -> Floats:
        """(groups,) 1 where open sites reach within the limit."""
        return np.asarray(self.matrix.T @ chosen.astype(float) > 0).astype(np.float64)


def _stepped(rows: Rows, steps: Sequence[Step], *, most_of_last: bool) -> Mip:
    """The model of sites that keep some steps; of the last as many points as can be, if wanted."""
    sites, starts = len(rows.lower), [len(rows.lower)]
    for step in steps:
        starts.append(starts[-1] + len(step.sizes))
    stack = Stack(starts[-1])
    for first, step in zip(starts[:-1], steps, strict=True):
        reaching = csr_array(step.matrix.T)
        stack.add([(0, reaching), (first, -eye_array(len(step.sizes)))], 0.0, np.inf)
        if step is steps[-1] and most_of_last:
            continue
        needed = step.sizes.sum() - step.beyond
        stack.add([(first, csr_array(step.sizes[None, :]))], needed - 0.5, np.inf)
    stack.under(rows)
    cost = np.zeros(stack.size)
    if most_of_last:
        cost[starts[-2] :] = -steps[-1].sizes
    return stack.model(cost, rows, np.arange(stack.size) < sites)


def _values(steps: Sequence[Step], chosen: Bools) -> Floats:
    return np.concatenate([chosen.astype(float), *(step.within(chosen) for step in steps)])


def _open_to_change(far: Floats, rows: Rows) -> Bools:
    """(points,) whose way some site would shorten: the others count the same in every answer."""
    anyway = far[rows.lower > 0].min(axis=0, initial=np.inf)
    return np.asarray(far[rows.upper > 0].min(axis=0, initial=np.inf) < anyway)


class WorstFirst:
    """The search for the shortest second longest way, third longest, …; `best` always holds."""

    def __init__(self, far: Floats, rows: Rows, result: Result, control: Control) -> None:
        self.far, self.rows, self.control = far[:, _open_to_change(far, rows)], rows, control
        self.clock, self.best = control.later(), result.chosen
        self.steps: list[Step] = []
        self.beyond = 0
        self.sure = bool(result.value == result.bound)
        self.longest = result.value

    def run(self) -> None:
        """Step after step, until all is settled, one answer is left, or it grows too large."""
        points = self.far.shape[1]
        while self.sure and self.beyond < points and self.best.any():
            if not self._step():
                continue
            several = len(self.steps) & (len(self.steps) - 1)  # asked after 1, 2, 4, … steps
            if not several and alone(self.model(), self.best, self.clock, self.control.seed):
                return

    def _step(self) -> bool:
        """Settle the next longest way, or find an answer in which it is shorter."""
        points = self.far.shape[1]
        limit = float(np.sort(self.far[self.best].min(axis=0))[points - 1 - self.beyond])
        step = Step.of(self.far, self.rows, limit, self.beyond)
        nearer = Step.of(self.far, self.rows, limit, self.beyond, short_of=True)
        steps = [*self.steps, step, nearer]
        model = _stepped(self.rows, steps, most_of_last=True)
        self.sure = model.matrix.nnz <= LARGEST
        if not self.sure:
            return False
        found = solve(
            model,
            clock=Clock.of(self.clock.left / 2),
            seed=self.control.seed,
            start=_values(steps, self.best),
            gap=WHOLE,
            nodes=NODES,
        )
        self.sure = found.done and found.values is not None
        if found.values is None or not self.sure:
            return False
        self.best = found.values[: len(self.best)] > 0.5
        left = round(float(nearer.sizes @ (1.0 - nearer.within(self.best))))
        if left <= self.beyond:
            return False  # the next longest is shorter still
        self.steps.append(step)
        self.beyond = left
        return True

    @property
    def _all(self) -> list[Step]:
        """All steps, and that no more points have a way as long as the last of them."""
        if not self.steps:
            return [Step.of(self.far, self.rows, self.longest, 0)]
        last = Step.of(self.far, self.rows, self.steps[-1].limit, self.beyond, short_of=True)
        return [*self.steps, last]

    def settled(self, far: Floats) -> list[tuple[float, int]]:
        """The longest ways that are settled, and how many points have each; at most some."""
        ways = far[self.best].min(axis=0) if self.best.any() else np.zeros(0)
        if not self.sure:
            ways = ways[ways >= (self.steps[-1].limit if self.steps else np.inf)]
        longest, count = np.unique(ways, return_counts=True)
        told = zip(longest[::-1][:TOLD].tolist(), count[::-1][:TOLD].tolist(), strict=True)
        return list(told)

    def model(self) -> Mip:
        """Of all answers that are as good as far as it is settled."""
        return _stepped(self.rows, self._all, most_of_last=False)

    def values(self) -> Floats:
        """All its variables at the best answer."""
        return _values(self._all, self.best)


def worst_first(
    far: Floats, rows: Rows, result: Result, goals: Sequence[Goal], control: Control
) -> tuple[Result, list[tuple[float, int]]]:
    """Of all answers with as short a longest way the one with the shortest second longest.

    Args:
        far: (candidates, points).
        rows: Rules.
        result: The answer so far.
        goals: What decides between answers that are equal even so, see `_order`.
        control: How hard to try; large questions are left where they stand.

    Returns:
        The result, and the settled ways, each with how many points have it.
    """
    if far.size > LARGE:
        open_yet = unsettled(goals)
        return ordered(result, result.chosen, [Level("next", 1.0, 0.0), *open_yet]), []
    work = WorstFirst(far, rows, result, control)
    work.run()
    level = Level("next", float(not work.sure), 0.0)
    if not work.sure:
        return ordered(result, work.best, [level, *unsettled(goals)]), work.settled(far)
    values, levels = in_turn(work.model(), work.values(), goals, len(rows.lower), control)
    work.best = values[: len(rows.lower)] > 0.5
    return ordered(result, work.best, [level, *levels]), work.settled(far)
