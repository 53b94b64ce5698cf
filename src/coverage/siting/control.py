"""What the engines of all models share: how hard to try, and what counts as better."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coverage.errors import InputError
from coverage.messages import Said
from coverage.siting.answer import WITHIN
from coverage.siting.cover_mip import cover_model
from coverage.siting.mip import WHOLE, Clock, solve
from coverage.siting.targets import whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from coverage.siting.cover_mip import Ask
    from coverage.siting.problem import Bools, Floats

TINY = 1e-9
NODES = 500  # of HiGHS's tree, for one alternative: a count, so that any machine finds the same
PATIENCE = 60.0  # seconds for alternatives to very large models where no time limit is given


@dataclass(frozen=True)
class Control:
    """How hard to try.

    Attributes:
        clock: Time left.
        seed: Of all that is random.
        gap: Relative gap that is good enough.
    """

    clock: Clock
    seed: int = 0
    gap: float = 0.0

    def later(self) -> Clock:
        """Time for alternatives, once the answer stands."""
        return self.clock if math.isfinite(self.clock.end) else Clock.of(PATIENCE)


def scale_of(*values: Floats) -> float:
    """What brings values to a size that tolerances are made for: 1, or a power of two.

    Sums of whole numbers are exact as they are. Others may be shares of a millionth,
    of which a solver would see nothing; a power of two changes none of their digits.
    """
    greatest = max((float(np.abs(one).max(initial=0.0)) for one in values), default=0.0)
    if greatest == 0.0 or all(whole(one) for one in values):
        return 1.0
    return 2.0 ** (20 - math.ceil(math.log2(greatest)))


def limited(seconds: float | None, begun: float) -> Clock:
    """A clock that ends a little early: HiGHS looks at it now and then only."""
    if seconds is None:
        return Clock.of(None)
    if not seconds > 0:
        raise InputError(
            Said(
                f"时限须大于 0 秒，现为 {seconds}",
                f"the time limit must be above 0 seconds, not {seconds}",
            )
        )
    return Clock(begun + seconds - min(1.0, 0.08 * seconds))


def step_of(ask: Ask) -> float:
    """Least difference of two values: 1 if all are whole numbers, else 0."""
    if ask.cost is not None:
        costs = np.append(ask.cost, ask.offset)
        return 1.0 if (costs == np.round(costs)).all() else 0.0
    layers = [ask.once] if ask.twice is None else [ask.once, ask.twice]
    return 1.0 if all(whole(layer) for layer in layers) else 0.0


def worth_beating(value: float, step: float) -> float:
    """An answer is of interest only if it is greater than this."""
    return value + step * WHOLE if step else value + TINY * max(1.0, abs(value))


def tightened(bound: float, step: float) -> float:
    """An upper bound, brought down to a value that is possible."""
    return float(np.floor(bound + 5e-5)) if step and np.isfinite(bound) else bound


def another(ask: Ask, value: float, control: Control) -> Callable[[list[Bools], Clock], object]:
    """What finds further answers within 1 %, for `choose_alternatives`."""
    merged = ask.merged()
    slack = WITHIN * abs(value) + TINY
    limit = value + slack if ask.cost is not None else value - slack

    def more(known: list[Bools], clock: Clock) -> tuple[Bools, float] | bool | None:
        found = solve(
            cover_model(merged, without=known, at_least=limit),
            clock=clock,
            seed=control.seed,
            first=True,
            nodes=NODES,
        )
        if found.values is None:
            return None if found.done else False
        chosen = found.values[: merged.matrix.shape[0]] > 0.5
        return (chosen, ask.value(chosen)) if ask.fits(chosen) else False

    return more
