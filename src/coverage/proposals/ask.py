"""One call for a question of siting: what is to be reached, and what may be built."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coverage.proposals.field import Sources
from coverage.proposals.propose import propose
from coverage.proposals.question import Rules, read_question
from coverage.reach.service import DEFAULT_PROFILE

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.city import City
    from coverage.proposals.filters import Filters
    from coverage.proposals.propose import Proposal


def site(
    city: City,
    *,
    indicator: str | None = None,
    kind: str | None = None,
    target: str = "plan",
    max_new: int | None = None,
    model: str | None = None,
    candidates: str = "",
    profile: str = DEFAULT_PROFILE,
    minutes: float | None = None,
    group: str | None = None,
    roads: Path | None = None,
    population: Path | None = None,
    rules: Rules | None = None,
    filters: Filters | None = None,
) -> Proposal:
    """Where to build: the fewest sites for a target, or the best few.

    Args:
        city: The city.
        indicator: Id of an indicator of the plan, or none and a `kind`.
        kind: Kind of facility to be built.
        target: ``plan``, or such as ``>=60`` (percent).
        max_new: At most so many new sites; then they reach as many as can be reached.
        model: A key of `question.MODELS`; chosen by what is asked by default.
        candidates: ``townships``, ``villages``, ``roads:500``, ``grid:1000`` or a file.
        profile: How people travel.
        minutes: Limit, the indicator's own by default.
        group: Population group, the indicator's own by default.
        roads: Road file instead of the city's.
        population: Raster or list of people instead of the city's.
        rules: Every other number; `max_new` goes into it where it is given.
        filters: What a candidate must keep to.

    Raises:
        InputError: If something cannot be meant or is not possible; the sentence says how far
            it is possible.
        UnknownNameError: If the indicator, kind, model or profile is not known.

    Example:
        >>> import coverage as cov
        >>> answer = cov.site(cov.City.load("清远"), indicator="elder_care.integrated_township")
        >>> len(answer.sites), answer.met
        (12, True)
    """
    rules = rules or Rules()
    if max_new is not None:
        rules = replace(rules, max_new=max_new)
    question = read_question(
        city,
        indicator=indicator,
        kind=kind,
        target=target,
        model=model,
        minutes=minutes,
        group=group,
        rules=rules,
    )
    sources = Sources(profile=profile, roads=roads, population=population)
    return propose(city, question, candidates=candidates, filters=filters, sources=sources)
