"""How far what edits change may be from the truth: before and after drawn alike."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coverage.draws.run import draws_of
from coverage.messages import Said

if TYPE_CHECKING:
    from coverage.draws.run import Progress
    from coverage.scenarios.outcome import Access, Comparison, Outcome


def drawn(
    comparison: Comparison, n: int = 200, seed: int = 1, *, progress: Progress | None = None
) -> Comparison:
    """The same comparison with likely ranges before and after every scenario.

    Args:
        comparison: Of `coverage.scenarios.compare.compare`.
        n: How many draws.
        seed: Of the random numbers.
        progress: Told how many draws of how many are done.

    Raises:
        InputError: As `coverage.draws.run.draws_of`.
    """

    def of(access: Access) -> Access:
        group = access.main.group
        before, after = (
            draws_of(times, group, n=n, seed=seed, progress=progress)
            for times in (access.before, access.after)
        )
        return replace(access, draws=(before, after))

    def with_draws(outcome: Outcome) -> Outcome:
        access = tuple(map(of, outcome.access))
        said = (
            Said(
                f"{one.question.name.zh}：实施前{before.said.zh}；实施后{after.said.zh}",
                f"{one.question.name.en}: before {before.said.en}; after {after.said.en}",
            )
            for one in access
            if one.draws
            for before, after in (one.draws,)
        )
        return replace(outcome, access=access, notes=(*outcome.notes, *said))

    return replace(comparison, outcomes=tuple(map(with_draws, comparison.outcomes)))
