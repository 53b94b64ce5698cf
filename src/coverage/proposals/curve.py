"""What each further site brings: the same question for 1, 2, 3, … sites, each with its bound."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from coverage.proposals.solving import solve
from coverage.siting import InfeasibleError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from coverage.city import City
    from coverage.proposals.field import Field
    from coverage.proposals.lists import Fixed
    from coverage.proposals.question import Question


@dataclass(frozen=True)
class Step:
    """The best that so many new sites can do.

    Attributes:
        allowed: How many new sites are allowed.
        built: How many the best plan builds: fewer where the last ones would bring nothing.
        reached: People (or units) reached then, `None` where the rules cannot be kept with so few.
        bound: No plan reaches more: proven; `None` where no bound was proven.
    """

    allowed: int
    built: int
    reached: int | None
    bound: int | None

    @property
    def proven(self) -> bool:
        """Whether nothing more is possible."""
        return self.reached is not None and self.reached == self.bound


def curve_of(
    field: Field,
    question: Question,
    fixed: Sequence[Fixed],
    city: City,
    had: NDArray[np.bool_],
) -> tuple[Step, ...]:
    """The best plans of 1, 2, … sites up to the number that the question allows.

    Each is asked for on its own: a plan of three need not hold the plan of two. It ends early where
    a further site is proven to bring nothing.

    Args:
        field: Who is reached from where.
        question: For the most people or units, with `Rules.max_new`.
        fixed: What must, must not, stays or may go.
        city: For names in messages.
        had: (points,) reached today.
    """
    most = question.rules.max_new or 0
    steps: list[Step] = []
    for allowed in range(1, most + 1):
        rules = replace(question.rules, max_new=allowed, seconds=question.rules.seconds / most)
        try:
            answer, _ = solve(field, replace(question, rules=rules), fixed, city, alternatives=0)
        except InfeasibleError:
            steps.append(Step(allowed, 0, None, None))
            continue
        reached = int(field.whole.counted(field.reached(answer.chosen), after=had).sum())
        bound = reached + round(answer.bound - answer.objective)
        steps.append(
            Step(allowed, len(answer.new), reached, bound if math.isfinite(answer.bound) else None)
        )
        if steps[-1].proven and len(answer.new) < allowed and answer.settled:
            break
    return tuple(steps)
