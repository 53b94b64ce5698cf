"""Draws of a measure of a plan by road."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from coverage.draws.run import draws_of
from coverage.errors import InputError
from coverage.gaps import meets
from coverage.reach.measure import times_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.city import City
    from coverage.clauses import Target
    from coverage.draws.run import Progress
    from coverage.draws.summary import Draws
    from coverage.facilities import Register
    from coverage.plans import PlanIndicator
    from coverage.reach.service import ServiceTimes


def draws_of_times(
    times: ServiceTimes, n: int, seed: int, *, progress: Progress | None = None
) -> Draws:
    """The likely range of the share of the main group within the largest limit.

    Raises:
        InputError: As `coverage.draws.run.draws_of`.
    """
    return draws_of(times, times.main_group, n=n, seed=seed, progress=progress)


def draws_for(
    city: City,
    register: Register,
    indicator: PlanIndicator,
    year: int,
    due: Sequence[Target],
    *,
    n: int,
    seed: int,
    progress: Progress | None = None,
) -> Draws | None:
    """The likely range of a share of people by road, `None` where it cannot be computed.

    Args:
        city: The city.
        register: What counts.
        indicator: A share of people within a limit.
        year: Facilities open at its end.
        due: Targets in force.
        n: How many draws.
        seed: Of the random numbers.
        progress: Told how many draws of how many are done.
    """
    match = indicator.match
    try:
        times = times_for(city, register, match, year)
    except InputError:
        return None
    if match.group not in times.demand.people:
        return None
    units = [u.code for u in city.units.townships if u.category in match.units]
    numbers = [(t.op, t.value) for t in due if t.op is not None and t.value is not None]

    def met(value: float) -> bool:
        return all(meets(Fraction(value), op, target) for op, target in numbers)

    return draws_of(
        times,
        match.group,
        n=n,
        seed=seed,
        units=units,
        met=met if numbers else None,
        progress=progress,
    )
