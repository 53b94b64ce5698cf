"""Who is reached from where today, and from where something may be built.

A `Field` is the same for both kinds of question: demand points (units, or
people as weighted points), the facilities that stand, the candidates, and a
sparse matrix of who reaches whom.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array, vstack

from coverage.assessment import assess
from coverage.errors import InputError, Problem
from coverage.indicators import people_affected
from coverage.messages import Said
from coverage.proposals import candidates as places
from coverage.proposals.filters import Filters, filtered, on_roads
from coverage.proposals.lists import read_candidates
from coverage.proposals.question import TRAVEL_MODELS, Question
from coverage.reach.ground import DEFAULT_PROFILE, TravelSetup, set_up_travel
from coverage.reach.sites import check_sites, place, site_notes
from coverage.reach.whole import WholePeople

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.arrays import Bools, Floats, Ints
    from coverage.city import City
    from coverage.demand.sources import PeopleSource
    from coverage.demand.townships import Townships
    from coverage.facilities import Facility, Register
    from coverage.proposals.candidates import Candidates
    from coverage.roads.sources import RoadSource


@dataclass(frozen=True)
class Sources:
    """How people travel, and from which files roads and people come.

    Attributes:
        profile: Name or file of a travel profile.
        roads: Road file; the city's own or the shipped main roads by default.
        population: Raster or list of people; the township model by default.
        register: The user's own register instead of the city's.
        skip_bad: Leave bad rows of people and facilities astray out.
    """

    profile: str = DEFAULT_PROFILE
    roads: RoadSource | None = None
    population: PeopleSource | None = None
    register: Register | None = None
    skip_bad: bool = False

    def counted(self, city: City) -> Register:
        """The register whose facilities stand: an empty one of the user's own is one, too."""
        return city.register if self.register is None else self.register


@dataclass(frozen=True, eq=False)
class Field:
    """A question as arrays; rows are existing facilities, then candidates.

    Attributes:
        matrix: (rows, points); what is stored is reached: seconds, or 0 where there is
            no travel. Nothing may be summed or eliminated, see `travel.times.Reach`.
        weight: (points,) what the target counts: people, or 1 a unit.
        people: (points,) people of the group at each point, or affected in each unit.
        unit: Code of the township (or unit) of each point, empty for none.
        names: Name of each point where points are units, else empty.
        existing: Facilities that stand, those with a place if travel is asked about.
        existing_xy: (existing, 2) metres, NaN where no place is needed or known.
        candidates: Where something may be built.
        placed: How many points have a place; those after them are people without one,
            whom nobody reaches.
        limit_s: In the profile's unit, 0 without travel.
        travel: Roads and people, `None` without travel.
        notes: What was assumed, estimated, left out.
    """

    matrix: csr_array
    weight: Floats
    people: Floats
    unit: tuple[str, ...]
    names: tuple[str, ...]
    existing: tuple[Facility, ...]
    existing_xy: Floats
    candidates: Candidates
    placed: int
    limit_s: float = 0.0
    travel: TravelSetup | None = None
    notes: tuple[Said, ...] = field(default=())

    @property
    def standing(self) -> int:
        """How many rows are existing facilities."""
        return len(self.existing)

    @cached_property
    def cover(self) -> csr_array:
        """(rows, points) 1.0 where a row reaches a point within the limit."""
        m = self.matrix
        inside = (m.data <= self.limit_s).astype(float)
        out = csr_array((inside, m.indices.copy(), m.indptr.copy()), shape=m.shape)
        out.eliminate_zeros()
        return out

    @cached_property
    def _units(self) -> tuple[tuple[str, ...], Ints]:
        """The codes of `unit`, each once, and (points,) which of them each point has."""
        number = {code: n for n, code in enumerate(dict.fromkeys(self.unit))}
        return tuple(number), np.array([number[code] for code in self.unit], np.int64)

    @cached_property
    def whole(self) -> WholePeople:
        """What the target counts, whole, by township."""
        return self._whole(self.weight)

    @cached_property
    def whole_people(self) -> WholePeople:
        """People, whole, by township."""
        return self.whole if self.people is self.weight else self._whole(self.people)

    def _whole(self, weight: Floats) -> WholePeople:
        codes, number = self._units
        lost = slice(self.placed, None)
        nowhere: dict[str, float] = {}
        for code, people in zip(self.unit[lost], weight[lost].tolist(), strict=True):
            nowhere[code] = nowhere.get(code, 0.0) + people
        placed = np.where(np.arange(len(weight)) < self.placed, weight, 0.0)
        return WholePeople.of(codes, number, placed, nowhere)

    def within(self, code: str) -> Bools:
        """(points,) in a county or township; an empty code is everywhere."""
        codes, number = self._units
        return np.array([one.startswith(code) for one in codes], dtype=bool)[number]

    def reached(self, rows: Sequence[int]) -> Bools:
        """(points,) reached by any of the rows."""
        chosen = np.zeros(self.matrix.shape[0])
        chosen[list(rows)] = 1.0
        return np.asarray(self.cover.T @ chosen > 0)


def unit_field(
    city: City, question: Question, spec: str, filters: Filters, sources: Sources
) -> Field:
    """Units that have a facility of the indicator's, and candidates that would give them one.

    Raises:
        InputError: If which units have one is not known, or no candidate is left.
    """
    register = sources.counted(city)
    result = assess(
        city, year=question.year, indicators=(question.indicator.id,), register=register
    )[question.indicator.id]
    found = result.measurement
    if found.covered is None or found.partial:
        why = found.notes[0] if found.notes else Said("没有名单", "there is no list")
        raise InputError(
            Said(
                f"不知道哪些单元已有设施，无法选址：{why.zh}；可用 --facilities 给出自己的台账",
                f"which units have a facility is not known: {why.en}; give your own register",
            )
        )
    units = city.units.at(question.indicator.level, question.indicator.match.units)
    position = {unit.code: n for n, unit in enumerate(units)}
    setting = _Setting(city, question, sources)
    chosen = setting.candidates(spec, at_units=units)
    if filters:
        chosen = _with_place(chosen)
        chosen, notes = filtered(
            chosen,
            filters,
            city=city,
            register=register,
            year=question.year,
            network=setting.travel.network,
        )
    else:
        notes = ()
    length = len(units[0].code)
    inside = np.array([code[:length] in position for code in chosen.unit], dtype=bool)
    said = Said("不在所计单元内", "in none of the units counted")
    chosen = chosen.keep(inside, said) if not inside.all() else chosen
    holders = [(f, code) for code in found.covered for f in found.holders.get(code, ())]
    columns = [position[code] for _, code in holders]
    columns += [position[code[:length]] for code in chosen.unit]
    matrix = csr_array(
        (np.zeros(len(columns)), np.array(columns), np.arange(len(columns) + 1)),
        shape=(len(columns), len(units)),
    )
    people = [people_affected(city, u.code, question.indicator) or 0 for u in units]
    return Field(
        matrix=matrix,
        weight=np.ones(len(units)),
        people=np.array(people, dtype=np.float64),
        unit=tuple(u.code for u in units),
        names=places.distinct_names(city, units),
        existing=tuple(f for f, _ in holders),
        existing_xy=np.full((len(holders), 2), np.nan),
        candidates=chosen,
        placed=len(units),
        notes=(*notes, *result.notes),
    )


def people_field(
    city: City, question: Question, spec: str, filters: Filters, sources: Sources
) -> Field:
    """People within the limit of what stands, and of every candidate.

    Raises:
        InputError: If the sources cannot be used or no candidate is left.
    """
    from coverage.travel.times import reach

    setting = _Setting(city, question, sources)
    travel = setting.travel
    demand, network = travel.demand, travel.network
    group = question.group
    if group not in demand.people:
        known = ", ".join(demand.people)
        raise InputError(
            Said(
                f"人口数据没有人群 {group!r}，只有 {known}；要问 {group}，请用 --population 给出"
                f"有“{group}”一列的人口表",
                f"the people have no such group, only {known}; to ask about {group}, bring a table "
                f"of people with a column {group}: --population",
            )
        )
    register = sources.counted(city)
    match = question.indicator.match
    sites = place(
        city, register, match.kinds, frozenset(match.services), question.year, demand.crs,
        some=False,
    )  # fmt: skip
    skipped: tuple[Problem, ...] = ()
    if sites.facilities:
        sites, skipped = check_sites(
            city, sites, network, register=register, skip_bad=sources.skip_bad
        )
    chosen = _with_place(setting.candidates(spec)).as_written()
    chosen, notes = filtered(
        chosen, filters, city=city, register=register, year=question.year, network=network
    )
    far = network.profile.max_access_m
    said = Said(f"{far:,.0f} 米内没有可走的道路", f"no road for the profile within {far:,.0f} m")
    # A plot far from any road is no site; a township's seat stands where the code list says.
    near = on_roads(network, chosen.xy) if chosen.exact else np.ones(len(chosen), dtype=bool)
    chosen = chosen if near.all() else chosen.keep(near, said)
    limit = np.inf if question.model in TRAVEL_MODELS else travel.limits_s[0]
    blocks = [
        reach(network, xy, travel.points, limit).to_csr() for xy in (sites.xy, chosen.xy) if len(xy)
    ]
    lost = demand.not_placed.get(group, {})
    matrix = csr_array(vstack(blocks, format="csr")) if len(blocks) > 1 else blocks[0]
    points = matrix.shape[1]
    matrix = csr_array(
        (matrix.data, matrix.indices, matrix.indptr), shape=(matrix.shape[0], points + len(lost))
    )
    people = np.concatenate([demand.people[group], np.array(list(lost.values()), dtype=float)])
    own = (*demand.unit_codes, "")
    return Field(
        matrix=matrix,
        weight=people,
        people=people,
        unit=(*(own[i] for i in demand.unit), *lost),
        names=(),
        existing=sites.facilities,
        existing_xy=sites.xy,
        candidates=chosen,
        placed=points,
        limit_s=travel.limits_s[0],
        travel=travel,
        notes=(
            *travel.notes,
            *notes,
            *site_notes(sites),
            *(Said(problem.to("zh"), problem.to("en")) for problem in (*travel.skipped, *skipped)),
            *demand.notes,
        ),
    )


class _Setting:
    """Sources of one question, each made ready on first use."""

    def __init__(self, city: City, question: Question, sources: Sources) -> None:
        self.city, self.question, self.sources = city, question, sources

    @cached_property
    def ground(self) -> Townships:
        from coverage.demand.townships import read_townships

        return read_townships(self.city)

    @cached_property
    def travel(self) -> TravelSetup:
        sources = self.sources
        return set_up_travel(
            self.city,
            profile=sources.profile,
            minutes=(self.question.minutes,),
            roads=sources.roads,
            population=sources.population,
            skip_bad=sources.skip_bad,
        )

    def candidates(self, text: str, *, at_units: Sequence[Any] = ()) -> Candidates:
        """Candidates as the command line names them: ``townships``, ``roads:500`` or a file.

        Raises:
            InputError: If the words or the file cannot be meant.
        """
        word, _, number = text.strip().partition(":")
        crs = self.ground.crs
        if word == "units" and at_units:
            said = Said(f"所计的 {len(at_units)} 个单元", f"the {len(at_units)} units counted")
            return places.of_units(self.city, at_units, crs, said)
        if word in {"townships", "villages"} and not number:
            make = places.townships if word == "townships" else places.villages
            return make(self.city, crs)
        if word in {"roads", "grid"}:
            try:
                step = float(number or {"roads": 500, "grid": 1000}[word])
            except ValueError:
                raise InputError(
                    Said(f"{text} 的间距不是数字", f"the spacing is no number, write {word}:500")
                ) from None
            if word == "roads":
                return places.along_roads(self.city, self.ground, self.travel.network.network, step)
            return places.on_grid(self.city, self.ground, step)
        path = Path(text)
        if not path.suffix:
            raise InputError(
                Said(
                    f"没有候选点 {text!r}",
                    "candidates are townships, villages, roads:500, grid:1000 or a "
                    "file (.csv, .xlsx)",
                )
            )
        return read_candidates(path, self.city, self.ground, crs)


def _with_place(chosen: Candidates) -> Candidates:
    """Those whose place is known; where travel matters the others cannot serve."""
    known: Bools = np.asarray(np.isfinite(chosen.xy).all(axis=1))
    if known.all():
        return chosen
    return chosen.keep(known, Said("位置不详", "no known place"))
