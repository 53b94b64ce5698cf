"""The answer to a question of siting, told as planners use it.

Existing coverage first, then what is built where, who gains, what the number
of sites rests on (bound, gap, time), and what would be nearly as good.
People are counted anew on the network with the new sites standing; they are
not taken from the model's own sums.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.errors import InputError
from coverage.messages import Said
from coverage.proposals.curve import Step, curve_of
from coverage.proposals.explain import explained
from coverage.proposals.field import Field, Sources, people_field, unit_field
from coverage.proposals.filters import Filters
from coverage.proposals.lists import Fixed, read_fixed
from coverage.proposals.solving import solve
from coverage.shown import Shown
from coverage.siting import Answer, InfeasibleError
from coverage.travel.off_road import OffRoad, said_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from coverage.city import City
    from coverage.facilities import Facility, Register
    from coverage.proposals.question import Question

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]


_COARSE_M = 2000.0  # a few steps of the modelled points: nearer than this they are too coarse


@dataclass(frozen=True)
class Share:
    """Reached of all, before or after.

    Attributes:
        reached: People (or units).
        total: All of them, those without a known place included.
        points: Demand points reached.
        points_total: All demand points.
    """

    reached: int
    total: int
    points: int
    points_total: int

    @property
    def percent(self) -> float | None:
        """Of people (or units)."""
        return 100 * self.reached / self.total if self.total else None


@dataclass(frozen=True)
class Change:
    """One county (or the whole city) before and after."""

    code: str
    name: str
    before: Share
    after: Share
    new_sites: int

    @property
    def gained(self) -> int:
        """People (or units) that are reached afterwards only."""
        return self.after.reached - self.before.reached


@dataclass(frozen=True)
class NewSite:
    """A site that is proposed.

    Attributes:
        name: Of the candidate.
        unit: Code of its township or finer unit, empty if in none.
        unit_name: Its name.
        county_name: The county's.
        lon: Degrees, `None` where only the unit is known.
        lat: As `lon`.
        reaches: People within its own reach (or people affected in its unit).
        gains: Of these, people whom nothing that stands reaches.
        cost: Where one is given.
        instead: Facilities of the kind that stand in its unit and lack what the indicator
            asks for: upgrading one may do.
        always: Whether every alternative has it too.
    """

    name: str
    unit: str
    unit_name: str
    county_name: str
    lon: float | None
    lat: float | None
    reaches: int
    gains: int
    cost: float | None = None
    instead: tuple[Facility, ...] = ()
    always: bool = False


@dataclass(frozen=True)
class Rival:
    """Another answer nearly as good.

    Attributes:
        objective: Its value.
        reached: People (or units) reached.
        people: People reached, or affected in the units reached.
        sites_in: Candidates it has and the answer has not.
        sites_out: The other way round.
    """

    objective: float
    reached: int
    people: int
    sites_in: tuple[str, ...]
    sites_out: tuple[str, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Proposal(Shown):
    """The whole answer.

    Attributes:
        city: The city.
        question: What was asked.
        sources: How people travel and from which files.
        field: Who is reached from where.
        answer: The model's answer in rows of the field: what is open, objective, bound, time.
        city_change: Before and after in the whole city.
        counties: The same by county.
        sites: New ones, those that gain most first.
        closed: Existing facilities that the answer shuts.
        rivals: Nearly as good.
        curve: The best plans of 1, 2, … sites, where `Rules.curve` asks for them.
        needed: Whole people or units that the target needs.
        met: Whether the target is met, `None` without one.
        off_road: What those reached owe to ways off the road; `None` without travel.
        seconds: (placed,) time to the nearest open facility afterwards, empty without travel.
        seconds_before: The same before.
        notes: What was assumed, estimated, left out.
    """

    city: City
    question: Question
    sources: Sources
    field: Field
    answer: Answer
    city_change: Change
    counties: tuple[Change, ...]
    sites: tuple[NewSite, ...]
    closed: tuple[Facility, ...]
    rivals: tuple[Rival, ...]
    curve: tuple[Step, ...]
    needed: int
    met: bool | None
    off_road: OffRoad | None
    seconds: Floats
    seconds_before: Floats
    notes: tuple[Said, ...]

    @property
    def costed(self) -> bool:
        """Whether the model was told what sites cost."""
        return self.answer.parameters["sites"].get("costs") is not None

    @property
    def spent(self) -> float | None:
        """What the sites cost whose cost is known; None where none is."""
        known = [site.cost for site in self.sites if site.cost is not None]
        return sum(known) if known else None

    @property
    def unpriced(self) -> int:
        """How many of the sites have no known cost."""
        return sum(site.cost is None for site in self.sites)

    @property
    def left(self) -> float | None:
        """What is left of the budget; None without one, or where a cost is not known."""
        budget = self.question.rules.budget
        return None if budget is None or self.unpriced else budget - (self.spent or 0.0)

    @property
    def always(self) -> int:
        """How many of the new sites are in all rivals."""
        return sum(site.always for site in self.sites)

    _columns = ("name", "unit_code", "unit_name", "county", "reaches", "gains", "cost", "geometry")

    def _headline(self) -> str:
        before, after = self.city_change.before, self.city_change.after
        return (
            f"{self.city.name}: {len(self.sites)} new {self.question.kind}, "
            f"bound {self.answer.bound:g}; "
            f"{before.reached:,.0f} → {after.reached:,.0f} of {after.total:,.0f}"
        )

    def _rows(self) -> Iterator[dict[str, Any]]:
        """One row a new site, those that gain most first."""
        from shapely import Point

        for site in self.sites:
            yield {
                "name": site.name,
                "unit_code": site.unit,
                "unit_name": site.unit_name,
                "county": site.county_name,
                "reaches": site.reaches,
                "gains": site.gains,
                "cost": site.cost,
                "geometry": None
                if site.lon is None or site.lat is None
                else Point(site.lon, site.lat),
            }


def propose(
    city: City,
    question: Question,
    *,
    candidates: str = "",
    filters: Filters | None = None,
    sources: Sources | None = None,
) -> Proposal:
    """Answer a question of siting.

    Args:
        city: The city.
        question: What is asked, see `question.read_question`.
        candidates: ``townships``, ``villages``, ``roads:500``, ``grid:1000`` or a file; by
            default the units counted, or for people within a time the townships' seats.
        filters: What a candidate must keep to.
        sources: How people travel and from which files.

    Raises:
        InputError: If something cannot be used, no candidate is left, or what is asked is not
            possible: the sentence says how far it is possible and who is out of reach.
    """
    sources, filters = sources or Sources(), filters or Filters()
    if question.form == "units":
        field = unit_field(city, question, candidates or "units", filters, sources)
    else:
        field = people_field(city, question, candidates or "townships", filters, sources)
    if question.rules.cost is not None:
        field = replace(field, candidates=field.candidates.priced(question.rules.cost))
    fixed: tuple[Fixed, ...] = ()
    if question.rules.fix is not None:
        known = {f.id: f.name for f in field.existing}
        fixed = read_fixed(question.rules.fix, city, field.candidates.crs, known)
    try:
        answer, notes = solve(field, question, fixed, city)
    except InfeasibleError as error:
        raise InputError(explained(error, field, question, city)) from error
    today = tuple(range(field.standing))
    before, after = _seconds(field, today), _seconds(field, answer.chosen)
    had = _reached(field, today, before[0])
    has = _reached(field, answer.chosen, after[0])
    sites = _sites(city, sources.counted(city), question, field, answer, had)
    whole = _change(field, had, has, sites, city.code, city.name, every=True)
    needed, met = 0, None
    if question.value is not None:
        met = whole.after.reached >= question.whole_needed(whole.after.total)
        if question.counts_all:
            needed = question.whole_needed(whole.after.total)
    off_road = _off_road(field, has, after)
    return Proposal(
        city=city,
        question=question,
        sources=sources,
        field=field,
        answer=answer,
        city_change=whole,
        counties=tuple(
            _change(field, had, has, sites, county.code, county.name)
            for county in city.units.counties
        ),
        sites=sites,
        closed=tuple(field.existing[i] for i in answer.closed),
        rivals=_rivals(field, answer),
        curve=curve_of(field, question, fixed, city, had) if question.rules.curve else (),
        needed=needed,
        met=met,
        off_road=off_road,
        seconds=after[0],
        seconds_before=before[0],
        notes=tuple(
            dict.fromkeys((*said_of(off_road), *_own_notes(question, field), *notes, *field.notes))
        ),
    )


def _seconds(field: Field, rows: Sequence[int]) -> tuple[Floats, Floats]:
    """Time to the nearest of the rows from every placed point, and its share off the road."""
    if field.travel is None:
        return np.empty(0), np.empty(0)
    if not rows:
        return np.full(field.placed, np.inf), np.full(field.placed, np.nan)
    from coverage.travel.times import nearest

    xy = np.vstack([field.existing_xy, field.candidates.xy])[list(rows)]
    found = nearest(field.travel.network, xy, field.travel.points)
    return found.seconds, found.share_on_access


def _reached(field: Field, rows: Sequence[int], seconds: Floats) -> Bools:
    """(points,) reached: by travel times where there are any, else by the matrix."""
    if field.travel is None:
        return field.reached(rows)
    out = np.zeros(len(field.weight), dtype=bool)
    out[: field.placed] = seconds <= field.limit_s
    return out


def _change(
    field: Field,
    had: Bools,
    has: Bools,
    sites: Sequence[NewSite],
    code: str,
    name: str,
    *,
    every: bool = False,
) -> Change:
    """Before and after in one county, or with `every` in all of the city."""
    prefix, whole = "" if every else code, field.whole
    inside = field.within(prefix)
    here = np.array([one.startswith(prefix) for one in whole.codes], dtype=bool)
    before, after = (
        Share(
            int(whole.counted(reached, after=had)[here].sum()),
            int(whole.total[here].sum()),
            int((inside & reached).sum()),
            int(inside.sum()),
        )
        for reached in (had, has)
    )
    return Change(code, name, before, after, sum(one.unit.startswith(prefix) for one in sites))


def _sites(
    city: City, register: Register, question: Question, field: Field, answer: Answer, had: Bools
) -> tuple[NewSite, ...]:
    standing, common = field.standing, frozenset(answer.common)
    lonlat = field.candidates.lonlat
    cover, people = field.cover, field.whole_people
    already = people.counted(had)
    out = []
    for row in answer.chosen:
        if row < standing:
            continue
        i = row - standing
        own = np.zeros(len(had), dtype=bool)
        own[cover.indices[cover.indptr[row] : cover.indptr[row + 1]]] = True
        code = field.candidates.unit[i]
        placed = bool(np.isfinite(lonlat[i]).all())
        cost = float(field.candidates.costs[i])
        county = city.units.county_of(code)
        out.append(
            NewSite(
                name=field.candidates.names[i],
                unit=code,
                unit_name=city.units.name(code) if code else "",
                county_name=county.name if county else "",
                lon=float(lonlat[i, 0]) if placed else None,
                lat=float(lonlat[i, 1]) if placed else None,
                reaches=int(people.counted(own).sum()),
                gains=int((people.counted(own | had, after=had) - already).sum()),
                cost=None if np.isnan(cost) else cost,
                instead=_lacking(register, question, field, code),
                always=row in common,
            )
        )
    return tuple(sorted(out, key=lambda site: (-site.gains, site.unit, site.name)))


def _lacking(
    register: Register, question: Question, field: Field, code: str
) -> tuple[Facility, ...]:
    """Facilities of the kind in the unit that do not count for the indicator yet."""
    if question.form != "units":
        return ()
    counted = {f.id for f in field.existing}
    return tuple(
        f
        for f in register.as_of(question.year).facilities
        if f.kind in question.indicator.match.kinds
        and f.unit_code.startswith(code)
        and f.counts_in(question.year)
        and f.id not in counted
    )


def _rivals(field: Field, answer: Answer) -> tuple[Rival, ...]:
    label = [*(f.name for f in field.existing), *field.candidates.names]
    out = []
    for one in answer.alternatives:
        reached = field.reached(one.chosen)
        out.append(
            Rival(
                objective=one.objective,
                reached=int(field.whole.counted(reached).sum()),
                people=int(field.whole_people.counted(reached).sum()),
                sites_in=tuple(label[row] for row in one.sites_in),
                sites_out=tuple(label[row] for row in one.sites_out),
            )
        )
    return tuple(out)


def _off_road(field: Field, has: Bools, after: tuple[Floats, Floats]) -> OffRoad | None:
    """What the people reached owe to ways off the road, as `reach.people` has it."""
    if field.travel is None:
        return None
    inside = has[: field.placed]
    people, share = field.people[: field.placed][inside], after[1][inside]
    parts = (share >= 1.0, share, (share < 1.0) & field.travel.points.lone[inside])
    return OffRoad.of(float(people.sum()), *(float(people @ part) for part in parts))


def _own_notes(question: Question, field: Field) -> tuple[Said, ...]:
    """What to know about candidates and counts before quoting the number of sites."""
    chosen = field.candidates
    notes = [Said(f"候选点：{chosen.source.zh}", f"candidates: {chosen.source.en}")]
    notes += [
        Said(f"{one.said.zh}，去掉 {one.count} 个", f"{one.said.en}: {one.count} taken out")
        for one in chosen.removed
    ]
    illustrative = sum(f.provenance == "illustrative" for f in field.existing)
    if illustrative:
        notes.append(
            Said(
                f"含示意数据：现有设施 {field.standing} 处中 {illustrative} 处为示意",
                f"ILLUSTRATIVE: {illustrative} of the {field.standing} existing facilities are "
                "example rows",
            )
        )
    if question.form == "units":
        notes.append(
            Said(
                "按单元计的最少数量由比例直接算出；选哪些单元，以尚未覆盖人口多者优先，是约定而非"
                "规划要求",
                "the fewest follows from the share itself; which units are taken is a choice: "
                "those with the most people waiting come first, which no plan asks for",
            )
        )
    elif field.travel is not None and field.travel.demand.provenance == "modelled":
        far = field.limit_s
        if field.travel.network.profile.measure != "distance":
            far *= field.travel.network.profile.speed_mps
        if far <= _COARSE_M:
            notes.append(
                Said(
                    "乡镇内的人口位置是模型，不是真实村庄："
                    f"{far:,.0f} 米以内的结果只说明量级，真实村庄聚居，所需点位通常更少",
                    "where people live inside a township is a model and no real village: results "
                    f"within {far:,.0f} m tell the order of magnitude; real villages are clustered "
                    "and usually need fewer sites",
                )
            )
    return tuple(notes)
