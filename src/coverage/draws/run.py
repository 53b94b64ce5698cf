"""Many draws of the share of people within a limit.

The times from every candidate place of a facility are computed once; a draw only chooses among
them, weighs people and takes minima. Every draw has its own random numbers by seed and number, so
that the same seed gives the same bytes however the work is divided.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coverage.arrays import Float32s, Floats, Ints, starts
from coverage.draws.homes import Homes, stand_ins
from coverage.draws.sources import AGE_SIGMA, SOURCES, TOWNSHIP_SIGMA, Pace, normalised
from coverage.draws.summary import Draws, among_worst, by_source
from coverage.errors import InputError
from coverage.messages import Said
from coverage.travel.access import Points
from coverage.travel.times import reach

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from numpy.random import Generator

    from coverage.arrays import Bools
    from coverage.reach.service import ServiceTimes

    Progress: TypeAlias = Callable[[int, int], None]

MOST_DRAWS = 10_000
_CANDIDATES = 1_200  # places of facilities at which times are computed, shared among townships
_FEWEST_EACH, _MOST_EACH = 4, 40


@dataclass(frozen=True, eq=False)
class _Lived:
    """Where people live whose place is not known."""

    middles: tuple[Floats, Ints]  # see `Homes.middles`
    point: Ints  # (c,) home of each clump
    part: Floats  # (c,) of its township's people
    like: Ints  # (u,) the township that one without any place is like


@dataclass(frozen=True, eq=False)
class _Draw:
    """One state of what is not known; by source, what it says."""

    township_people: Floats  # (u,) factor on the people
    people_places: _Lived
    facility_places: tuple[Floats, Floats]  # (f,) random numbers: in the middle, and where
    pace: tuple[float, float]  # own speed, detour
    roads: float
    ages: Floats  # (u,) factor on the people of a group


class Drawing:
    """What draws of one question share: places of people and facilities, the times between them.

    Args:
        times: Travel times of the question; its largest limit is drawn.
        group: Whose share.
        units: Codes of the townships that count; all if empty.
        seed: Of the random numbers.
    """

    def __init__(
        self, times: ServiceTimes, group: str, *, units: Sequence[str] = (), seed: int = 1
    ) -> None:
        demand = times.demand
        self.times, self.group, self.seed = times, group, seed
        self.codes = (*demand.unit_codes, "")  # the last: in no township
        self.counted = np.array([not units or code in units for code in self.codes])
        self.limit = times.limits_s[-1]
        self.pace = Pace.of(times.profile)
        unit = np.where(demand.unit < 0, len(self.codes) - 1, demand.unit).astype(np.int64)
        self.point_unit = unit
        self.homes: Homes | None = None
        self.unit, self.points = unit, times.setup.points
        if demand.known == "township":
            self.homes = Homes.of(demand, unit, self.codes, times.city.units)
            self.unit = self.homes.unit
            self.points = Points.of(times.network, self.homes.xy)
        self.off_road = self._off_road()
        self._people()
        self._facilities()

    # What stays the same.

    def _people(self) -> None:
        demand, city = self.times.demand, self.times.city
        weight, count = demand.people[self.group], len(self.codes)
        self.placed = np.bincount(self.point_unit, weight, minlength=count)
        unplaced = demand.not_placed.get(self.group, {})
        self.unplaced = np.array([unplaced.get(code, 0.0) for code in self.codes])
        self.county = np.unique([code[:6] for code in self.codes], return_inverse=True)[1]

        def modelled(group: str) -> Bools:
            year = city.population.base_year(group)
            wanted = group, year, "modelled"
            rows = city.population.rows
            codes = {r.unit_code for r in rows if (r.group, r.year, r.provenance) == wanted}
            return np.array([self.homes is not None and code in codes for code in self.codes])

        self.unsure = modelled("all")
        self.unsure_age = modelled(self.group) & (self.group != "all")

    def _off_road(self) -> Floats:
        """(h,) share of the time off the road; of homes, what is usual in their township."""
        share = self.times.share_on_access
        known = np.isfinite(share)
        usual = float(share[known].mean()) if known.any() else 1.0
        if self.homes is None:
            return np.where(known, share, usual)
        count = np.bincount(self.point_unit[known], minlength=len(self.codes))
        summed = np.bincount(self.point_unit[known], share[known], minlength=len(self.codes))
        return np.asarray(
            np.divide(summed, count, out=np.full(len(count), usual), where=count > 0)[self.unit]
        )

    def _facilities(self) -> None:
        """Candidate places of every facility, and the times from each of them."""
        sites = self.times.sites
        found = [*sites.facilities, *sites.not_placed]
        unknown = {f.unit_code for f in found if not f.placed}
        each = int(np.clip(_CANDIDATES // max(len(unknown), 1), _FEWEST_EACH, _MOST_EACH))
        pools: dict[str, _Pool] = {}
        keys = []
        for n, facility in enumerate(found):
            key = f"#{n}" if facility.placed else facility.unit_code
            keys.append(key)
            if key not in pools:
                pool = None if facility.placed else self._pool(facility.unit_code, each)
                pools[key] = pool or _Pool.at(sites.xy[n : n + 1])
        sizes = [len(pool.xy) for pool in pools.values()]
        first = dict(zip(pools, starts(np.array(sizes)).tolist(), strict=False))
        own = [pools[key] for key in keys if len(pools[key].xy)]
        self.pool_first = np.array([first[key] for key in keys if len(pools[key].xy)])
        self.pool_middle = np.array([pool.middle for pool in own])
        self.pool_size = np.array([len(pool.xy) for pool in own])
        self.pool_unit = np.array([pool.unit for pool in own])
        self.home = np.concatenate([pool.home for pool in pools.values()])
        self._times(np.concatenate([pool.xy for pool in pools.values()]))

    def _times(self, places: Floats) -> None:
        limit = self.limit * self.pace.quickest
        made = reach(self.times.network, places, self.points, limit, chunk=100)
        self.reach_start, self.reach_point = made.start, made.demand
        self.reach_seconds = made.seconds.astype(np.float32)

    def _pool(self, code: str, each: int) -> _Pool | None:
        """Places of a unit, or of what it lies in where nobody is known to live in it."""
        for length in (9, 6, 4):
            inside = np.array([c[:length] == code[:length] and c != "" for c in self.codes])
            rows = np.flatnonzero(inside[self.unit])
            if len(rows):
                break
        else:
            return None
        unit = int(self.unit[rows[0]])
        middle = 0
        if self.homes is not None and length == 9:
            count = int(self.homes.middle[unit])
            inner, rows = rows[:count], rows[count:]
            chosen = [_evenly(inner, each), _evenly(rows, each)]
            middle, row = len(chosen[0]), np.concatenate(chosen)
        elif self.homes is not None:
            row = _evenly(rows, each)
        else:
            row = stand_ins(rows, self.times.demand.people["all"][rows], each)
        home = row if self.homes is not None else np.full(len(row), -1)
        return _Pool(self.points.xy[row], home, middle, unit)

    # One draw.

    def draw(self, n: int) -> _Draw:
        """The state of draw `n`."""
        children = np.random.SeedSequence((self.seed, n)).spawn(len(SOURCES))
        people, places, facilities, pace, roads, ages = map(np.random.default_rng, children)
        count, counties = len(self.codes), int(self.county.max()) + 1
        factor = np.exp(TOWNSHIP_SIGMA * people.standard_normal(count))
        older = np.exp(AGE_SIGMA * ages.standard_normal(counties))[self.county]
        whole = self.placed + self.unplaced
        return _Draw(
            normalised(np.where(self.unsure, factor, 1.0), whole, self.county),
            self._lived(places),
            (facilities.random(len(self.pool_size)), facilities.random(len(self.pool_size))),
            (pace.uniform(*self.pace.own), pace.uniform(*self.pace.detour)),
            roads.uniform(*self.pace.roads),
            np.where(self.unsure_age, older, 1.0),
        )

    def _lived(self, rng: Generator) -> _Lived:
        like = self._like(rng)
        if self.homes is None:
            none = np.empty(0, np.int64)
            return _Lived((np.zeros(len(self.codes)), none), none, np.empty(0), like)
        middles, unit = self.homes.middles(rng), self.homes.clump_unit
        return _Lived(middles, self.homes.settle(rng, middles, unit), self.homes.parts(rng), like)

    def _like(self, rng: Generator) -> Ints:
        """(u,) a township with places for each that has none, of its county if there is one."""
        like = np.arange(len(self.codes))
        for u in np.flatnonzero(self.unplaced > 0):
            near = np.flatnonzero((self.placed > 0) & (self.county == self.county[u]))
            near = near if len(near) else np.flatnonzero(self.placed > 0)
            if len(near):
                like[u] = near[int(rng.random() * len(near))]
        return like

    def candidates(self, state: _Draw) -> Ints:
        """(f,) where each facility stands: in the middle as often as people do."""
        middle, where = state.facility_places
        part, built = state.people_places.middles
        inner = np.minimum(self.pool_middle, self.pool_size)
        outer = self.pool_size - inner
        if self.homes is None:
            return np.asarray(self.pool_first + (where * self.pool_size).astype(np.int64))
        unit = self.pool_unit
        inside = (inner > 0) & ((middle < part[unit]) | (outer == 0))
        of = np.maximum(self.homes.middle[unit], 1)
        dense = np.maximum(np.ceil(inner * built[unit] / of), 1)
        at = np.where(inside, where * dense, inner + where * outer)
        return np.asarray(self.pool_first + at.astype(np.int64))

    def seconds(self, candidates: Ints) -> Float32s:
        """(h,) seconds to the nearest of some candidates, infinite where none is near."""
        best = np.full(len(self.unit), np.inf, dtype=np.float32)
        for row in candidates.tolist():
            part = slice(self.reach_start[row], self.reach_start[row + 1])
            at = self.reach_point[part]
            best[at] = np.minimum(best[at], self.reach_seconds[part])
        return best

    def served(self, state: _Draw, candidates: Ints, seconds: Float32s) -> tuple[Floats, Floats]:
        """(u,) people within the limit and all people of each township."""
        lived, (own, detour), count = state.people_places, state.pace, len(self.codes)
        slower = (self.off_road * detour + (1 - self.off_road) / state.roads) / own
        within = seconds * slower <= self.limit
        if self.homes is None:
            weight = self.times.demand.people[self.group]
            reached = np.bincount(self.unit, weight * within, minlength=count)
        else:
            home, unit = self._hosted(lived.point, candidates), self.homes.clump_unit
            share = np.bincount(unit, lived.part * within[home], minlength=count)
            reached = share * self.placed
        rate = np.divide(reached, self.placed, out=np.zeros(count), where=self.placed > 0)
        reached = reached + self.unplaced * rate[lived.like]
        factor = state.township_people * state.ages
        return reached * factor, (self.placed + self.unplaced) * factor

    def _hosted(self, point: Ints, candidates: Ints) -> Ints:
        """Homes of the clumps: where a facility's place is drawn, one of them lives there."""
        assert self.homes is not None  # noqa: S101 -- asked of homes only
        home = self.home[candidates]
        home = home[home >= 0]
        unit = self.unit[home]
        order = np.argsort(unit, kind="stable")
        first = starts(np.bincount(unit, minlength=len(self.codes)))
        nth = np.arange(len(home)) - first[unit[order]]
        has = nth < self.homes.clumps[unit[order]]
        point = point.copy()
        point[(starts(self.homes.clumps)[unit[order]] + nth)[has]] = home[order][has]
        return point


@dataclass(frozen=True, eq=False)
class _Pool:
    """Places at which one facility may stand, first those in the middle of its township."""

    xy: Floats
    home: Ints  # which of the homes each of them is, -1 for none
    middle: int
    unit: int

    @classmethod
    def at(cls, xy: Floats) -> _Pool:
        """The one place that is known, or none."""
        return cls(xy, np.full(len(xy), -1), 0, 0)


def _evenly(rows: Ints, count: int) -> Ints:
    """Some of the rows, evenly."""
    if len(rows) <= count:
        return rows
    return np.asarray(rows[((np.arange(count) + 0.5) / count * len(rows)).astype(np.int64)])


def draws_of(
    times: ServiceTimes,
    group: str,
    *,
    n: int = 200,
    seed: int = 1,
    units: Sequence[str] = (),
    met: Callable[[float], bool] | None = None,
    progress: Progress | None = None,
) -> Draws:
    """Draw the share of a group within the largest limit.

    Args:
        times: Travel times.
        group: Whose share, in percent of all of the group in the units.
        n: How many draws.
        seed: Of the random numbers.
        units: Codes of the townships that count; all if empty.
        met: Whether a share meets the target in force.
        progress: Told how many draws of how many are done.

    Raises:
        InputError: As `check_asked`.

    Example:
        >>> import coverage as cov
        >>> from coverage.draws.run import draws_of
        >>> times = cov.travel_time(cov.City.load("珠山"), minutes=15)
        >>> found = draws_of(times, "all", n=20, seed=1)
        >>> found.n, found.p5 <= found.p50 <= found.p95
        (20, True)
    """
    check_asked(n, seed)
    drawing = Drawing(times, group, units=units, seed=seed)
    values, shares = np.empty(n), np.zeros((n, len(drawing.codes)))
    others = {name: np.empty(n) for name in SOURCES}
    state = first = drawing.draw(0)
    places = drawing.candidates(state)
    seconds = drawing.seconds(places)
    for i in range(n):
        after = drawing.draw(i + 1) if i + 1 < n else first
        reached, people = drawing.served(state, places, seconds)
        values[i] = _percent(drawing, reached, people)
        shares[i] = np.divide(reached, people, out=np.full(len(people), np.nan), where=people > 0)
        then = drawing.candidates(after)
        later = drawing.seconds(then)
        for name in SOURCES:
            other = _Draw(**{**vars(state), name: getattr(after, name)})
            at, took = places, seconds
            if name == "facility_places":
                at = drawing.candidates(other)
                took = drawing.seconds(at)
            others[name][i] = _percent(drawing, *drawing.served(other, at, took))
        state, places, seconds = after, then, later
        if progress is not None:
            progress(i + 1, n)
    return _summary(drawing, values, shares, others, met)


def check_asked(n: int, seed: int) -> None:
    """Refuse what no draws can be made of.

    Raises:
        InputError: If there are not at least two draws, too many, or the seed is below 0.
    """
    if not 2 <= n <= MOST_DRAWS:
        said = Said(
            f"抽样次数须在 2 到 {MOST_DRAWS:,} 之间，不能是 {n}",
            f"there must be 2 to {MOST_DRAWS:,} draws, not {n}",
        )
        raise InputError(said)
    if seed < 0:
        raise InputError(
            Said(f"种子须不小于 0，不能是 {seed}", f"the seed must be 0 or more: {seed}")
        )


def _percent(drawing: Drawing, reached: Floats, people: Floats) -> float:
    whole = people[drawing.counted].sum()
    return float(100 * reached[drawing.counted].sum() / whole) if whole else 0.0


def _summary(
    drawing: Drawing,
    values: Floats,
    shares: Floats,
    others: dict[str, Floats],
    met: Callable[[float], bool] | None,
) -> Draws:
    p5, p50, p95 = (float(v) for v in np.percentile(values, (5, 50, 95)))
    lived = drawing.counted & np.isfinite(shares).all(axis=0)
    codes = tuple(code for code, yes in zip(drawing.codes, lived, strict=True) if yes)
    return Draws(
        n=len(values),
        seed=drawing.seed,
        point=_point(drawing),
        p5=p5,
        p50=p50,
        p95=p95,
        met_probability=None if met is None else float(np.mean([met(v) for v in values])),
        by_source=by_source(values, others),
        worst=among_worst(shares[:, lived], codes),
    )


def _point(drawing: Drawing) -> float:
    """The figure without any draw, in percent."""
    weight = drawing.times.demand.people[drawing.group] * (drawing.times.seconds <= drawing.limit)
    reached = np.bincount(drawing.point_unit, weight, minlength=len(drawing.codes))
    return _percent(drawing, reached.astype(np.float64), drawing.placed + drawing.unplaced)
