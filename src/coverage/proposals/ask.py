"""One call for a question of siting: what is to be reached, and what may be built."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from coverage.errors import refusal
from coverage.proposals.field import Sources
from coverage.proposals.filters import Filters, parse_away
from coverage.proposals.propose import Proposal, propose
from coverage.proposals.question import Each, Rules, read_question
from coverage.reach.ground import DEFAULT_PROFILE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from coverage.city import City, RegisterSource
    from coverage.demand.sources import PeopleSource
    from coverage.roads.sources import RoadSource


def site(
    city: City,
    *,
    indicator: str | None = None,
    kind: str | None = None,
    target: str = "plan",
    year: int | None = None,
    max_new: int | None = None,
    model: str | None = None,
    each: Each | None = None,
    floor: float | Fraction | None = None,
    minutes: float | None = None,
    group: str | None = None,
    profile: str = DEFAULT_PROFILE,
    candidates: str | Path = "",
    keep_in: Sequence[Path] = (),
    keep_out: Sequence[Path] = (),
    max_road_m: float | None = None,
    away: Sequence[str] = (),
    max_slope: float | None = None,
    elevation: Path | None = None,
    fix: Path | None = None,
    spacing: float = 0.0,
    per_township: int | None = None,
    budget: float | None = None,
    cost: float | None = None,
    curve: bool = False,
    cheapest: bool = False,
    beds: int | None = None,
    need: float = 1000.0,
    roads: RoadSource | None = None,
    population: PeopleSource | None = None,
    register: RegisterSource | None = None,
    provenance: str | Sequence[str] = (),
    skip_bad: bool = False,
    seconds: float = 60.0,
    seed: int = 0,
) -> Proposal:
    """Where to build: the fewest sites for a target, or the best few.

    Args:
        city: The city.
        indicator: Id of an indicator of the plan, or none and a `kind`.
        kind: Kind of facility to be built.
        target: ``plan``, or such as ``>=60`` (percent).
        year: Facilities open at its end stand, targets of it bind; the plan's last by default.
        max_new: At most so many new sites; then they reach as many as can be reached.
        model: A key of `question.MODELS`; chosen by what is asked by default.
        each: ``county`` or ``township``: the target (or `floor`) is met in every one at once.
        floor: Percent below which no county may stay, with `max_new`.
        minutes: Limit, the indicator's own by default.
        group: Population group, the indicator's own by default.
        profile: How people travel.
        candidates: ``townships``, ``villages``, ``roads:500``, ``grid:1000`` or a file.
        keep_in: Polygons; a candidate must lie in each file's.
        keep_out: Polygons; a candidate must lie in none.
        max_road_m: At most so many metres from a street that the profile may use.
        away: Distances to be kept in metres: ``cemetery:500``, ``industry.geojson:1000``.
        max_slope: Steepest slope in percent, by the raster `elevation` of heights in metres.
        elevation: See `max_slope`.
        fix: Table of what must, must not, stays or may go.
        spacing: Metres between new sites; from existing ones see `away`.
        per_township: At most so many new sites in a township.
        budget: What all new sites may cost together, in the unit of the list's costs.
        cost: Of a site that states none.
        curve: Tell what each further site brings, up to `max_new`.
        cheapest: The least money for the target, not the fewest sites.
        beds: Of a new site, for the models with beds.
        need: Beds wanted per 1,000 people of the group.
        roads: A road file or a graph instead of the city's.
        population: A raster, a list or a frame of people instead of the city's.
        register: Your own register instead of the city's, a frame of one, or its file.
        provenance: Only rows of these count, such as ``published,surveyed``.
        skip_bad: Leave bad rows of people and facilities astray out.
        seconds: Time limit; the best found and its bound are told then.
        seed: The same seed gives the same answer.

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
    question = read_question(
        city,
        indicator=indicator,
        kind=kind,
        target=target,
        model=model,
        minutes=minutes,
        group=group,
        year=year,
        rules=Rules(
            max_new=max_new,
            floor=None if floor is None else _percent(floor),
            each=each or "",
            spacing_m=spacing,
            per_township=per_township,
            budget=budget,
            cost=cost,
            curve=curve,
            cheapest=cheapest,
            beds=beds,
            need=need,
            fix=fix,
            seconds=seconds,
            seed=seed,
        ),
    )
    return propose(
        city,
        question,
        candidates=str(candidates),
        filters=Filters(
            keep_in=tuple(keep_in),
            keep_out=tuple(keep_out),
            road_m=max_road_m,
            away=tuple(parse_away(one) for one in away),
            slope=max_slope,
            heights=elevation,
        ),
        sources=Sources(profile, roads, population, city.counted(register, provenance), skip_bad),
    )


def _percent(value: float | Fraction) -> Fraction:
    if value != value:  # noqa: PLR0124 NaN
        raise refusal("底线不是数字", "the floor is not a number")
    return Fraction(str(value)) if -1e6 < value < 1e6 else Fraction(-1)
