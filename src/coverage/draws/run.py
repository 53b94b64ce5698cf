"""Many draws of the share of people within a limit.

The times from every candidate place of a facility are computed once; a draw only chooses among
them, weighs people and takes minima. Every draw has its own random numbers by seed and number, so
that the same seed gives the same bytes however the work is divided.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coverage.arrays import Float32s, Floats, Int32s, Ints, starts
from coverage.draws.sources import (
    AGE_SIGMA,
    CLUMP_PEOPLE,
    FEWEST_CLUMPS,
    GATHERED_SIGMA,
    MOST_CLUMPS,
    SOURCES,
    TOWNSHIP_SIGMA,
    Pace,
    normalised,
)
from coverage.draws.summary import Draws, among_worst, by_source
from coverage.errors import InputError
from coverage.messages import Said
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
_MOST_TIMES = 40_000_000  # kept at once, 12 bytes each


@dataclass(frozen=True, eq=False)
class _Draw:
    """One state of what is not known; by source, what it says."""

    township_people: Floats  # (u,) factor on the people
    people_places: tuple[
        Ints, Ints
    ]  # (c,) points that clumps live at; (u,) whom the unplaced are like
    facility_places: Ints  # (f,) candidates
    pace: tuple[float, float]  # own speed, detour
    roads: float
    ages: Floats  # (u,) factor on the people of a group


class Drawing:
    """What draws of one question share: candidate places and the times from them.

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
        self.unit: Int32s = np.where(demand.unit < 0, len(self.codes) - 1, demand.unit)
        self.counted = np.array([not units or code in units for code in self.codes])
        self.limit = times.limits_s[-1]
        self.pace = Pace.of(times.profile)
        self._people()
        self._facilities()
        self.off_road = _off_road(times)

    # What stays the same.

    def _people(self) -> None:
        demand, city = self.times.demand, self.times.city
        count = len(self.codes)
        weight = demand.people[self.group]
        self.order = np.argsort(self.unit, kind="stable")
        self.start = starts(np.bincount(self.unit, minlength=count))
        self.weight = weight[self.order]
        self.placed = np.bincount(self.unit, weight, minlength=count)
        unplaced = demand.not_placed.get(self.group, {})
        self.unplaced = np.array([unplaced.get(code, 0.0) for code in self.codes])
        county = [code[:6] for code in self.codes]
        self.county = np.unique(county, return_inverse=True)[1]
        everyone = np.bincount(self.unit, demand.people["all"], minlength=count)
        moving = demand.provenance == "modelled"
        self.clumps = np.where(
            (self.placed > 0) & moving,
            np.clip(everyone / CLUMP_PEOPLE, FEWEST_CLUMPS, MOST_CLUMPS).astype(np.int64),
            0,
        )
        self.clump_start = starts(self.clumps)
        self.clump_unit = np.repeat(np.arange(count), self.clumps)
        # Points whose people stay where they are.
        self.fixed = np.flatnonzero((self.clumps[self.unit] == 0) & (weight > 0))
        rows = {
            group: {
                r.unit_code
                for r in city.population.rows
                if (r.group, r.year, r.provenance)
                == (group, city.population.base_year(group), "modelled")
            }
            for group in {"all", self.group}
        }
        modelled = demand.provenance == "modelled"
        self.unsure = np.array([modelled and code in rows["all"] for code in self.codes])
        aged = modelled and self.group != "all"
        self.unsure_age = np.array([aged and code in rows[self.group] for code in self.codes])
        self.tilt = self._tilt()

    def _tilt(self) -> Floats:
        """(p,) in the order of the townships: from 1 at the middle of its people to -1 far out."""
        demand = self.times.demand
        xy = np.column_stack([demand.x, demand.y])[self.order]
        unit = self.unit[self.order]
        whole = np.bincount(unit, self.weight, minlength=len(self.codes))
        whole[whole == 0] = 1.0
        middle = np.column_stack([
            np.bincount(unit, self.weight * xy[:, i], minlength=len(self.codes)) / whole
            for i in range(2)
        ])  # fmt: skip
        away = np.hypot(*(xy - middle[unit]).T)
        mean = np.bincount(unit, self.weight * away, minlength=len(self.codes)) / whole
        mean[mean == 0] = 1.0
        return np.asarray(np.clip(1.0 - away / mean[unit], -1.0, 1.0))

    def _facilities(self) -> None:
        """Candidate places of every facility, and the times from each of them."""
        times = self.times
        pools: list[tuple[Floats, Ints]] = []  # places, and their points (-1: none)
        known: dict[str, int] = {}
        own: list[int] = []
        everyone = times.demand.people["all"][self.order]
        found = [*times.sites.facilities, *times.sites.not_placed]
        wanted = {f.unit_code for f in found if not f.placed}
        each = int(np.clip(_CANDIDATES // max(len(wanted), 1), _FEWEST_EACH, _MOST_EACH))
        for n, facility in enumerate(found):
            key = f"#{n}" if facility.placed else facility.unit_code
            if key not in known:
                if facility.placed:
                    pool = times.sites.xy[n : n + 1], np.array([-1])
                else:
                    pool = self._pool(facility.unit_code, everyone, each)
                    if not len(pool[1]) and n < len(times.sites.xy):
                        pool = times.sites.xy[n : n + 1], np.array([-1])
                known[key] = len(pools)
                pools.append(pool)
            own.append(known[key])
        sizes = np.array([len(p) for _, p in pools])
        first = starts(sizes)
        own_ = np.array([o for o in own if sizes[o]], dtype=np.int64)
        self.pool_first, self.pool_size = first[own_], sizes[own_]
        self.point = np.concatenate([p for _, p in pools])
        places = np.concatenate([xy for xy, _ in pools])
        made = reach(
            times.network, places, times.setup.points, self.limit * self.pace.quickest, chunk=100
        )
        self.reach_start, self.reach_point = made.start, made.demand
        self.reach_seconds = made.seconds.astype(np.float32)

    def _pool(self, code: str, everyone: Floats, each: int) -> tuple[Floats, Ints]:
        """Places of a unit that stand for all its people: one for each part of them."""
        demand = self.times.demand
        for length in (9, 6, 4):
            inside = np.array([c[:length] == code[:length] and c != "" for c in self.codes])
            rows = np.flatnonzero(inside[self.unit[self.order]] & (everyone > 0))
            if len(rows):
                break
        else:
            return np.empty((0, 2)), np.empty(0, np.int64)
        summed = np.cumsum(everyone[rows])
        at = np.searchsorted(summed, (np.arange(each) + 0.5) / each * summed[-1])
        point = np.asarray(self.order[rows[np.minimum(at, len(rows) - 1)]])
        return np.column_stack([demand.x[point], demand.y[point]]), point

    # One draw.

    def draw(self, n: int) -> _Draw:
        """The state of draw `n`."""
        rngs = [
            np.random.Generator(np.random.PCG64(child))
            for child in np.random.SeedSequence((self.seed, n)).spawn(len(SOURCES))
        ]
        people, places, facilities, pace, roads, ages = rngs
        count = len(self.codes)
        factor = np.where(self.unsure, np.exp(TOWNSHIP_SIGMA * people.standard_normal(count)), 1.0)
        older = np.where(
            self.unsure_age,
            np.exp(AGE_SIGMA * ages.standard_normal(self.county.max() + 1)[self.county]),
            1.0,
        )
        return _Draw(
            normalised(factor, self.placed + self.unplaced, self.county),
            (self._clumps(places), self._like(places)),
            self.pool_first + (facilities.random(len(self.pool_size)) * self.pool_size).astype(int),
            (pace.uniform(*self.pace.own), pace.uniform(*self.pace.detour)),
            roads.uniform(*self.pace.roads),
            older,
        )

    def _clumps(self, rng: Generator) -> Ints:
        """(c,) points at which the clumps of every township live."""
        if not len(self.clump_unit):
            return np.empty(0, np.int64)
        count = len(self.codes)
        gathered = GATHERED_SIGMA * (rng.standard_normal() + rng.standard_normal(count)) / 2**0.5
        summed = np.cumsum(self.weight * np.exp(gathered[self.unit[self.order]] * self.tilt))
        before = np.concatenate([[0.0], summed])[self.start]
        low, high = before[:-1][self.clump_unit], before[1:][self.clump_unit]
        u = low + rng.random(len(low)) * (high - low)
        at = np.minimum(
            np.searchsorted(summed, u, side="right"), self.start[1:][self.clump_unit] - 1
        )
        return np.asarray(self.order[at])

    def _like(self, rng: Generator) -> Ints:
        """(u,) a township with places for each that has none, of its county if there is one."""
        like = np.arange(len(self.codes))
        for u in np.flatnonzero(self.unplaced > 0):
            near = np.flatnonzero((self.placed > 0) & (self.county == self.county[u]))
            near = near if len(near) else np.flatnonzero(self.placed > 0)
            if len(near):
                like[u] = near[int(rng.random() * len(near))]
        return like

    def seconds(self, candidates: Ints) -> Float32s:
        """(p,) seconds to the nearest of some candidates, infinite where none is near."""
        best = np.full(len(self.unit), np.inf, dtype=np.float32)
        for row in candidates.tolist():
            part = slice(self.reach_start[row], self.reach_start[row + 1])
            at = self.reach_point[part]
            best[at] = np.minimum(best[at], self.reach_seconds[part])
        return best

    def served(self, state: _Draw, seconds: Float32s) -> tuple[Floats, Floats]:
        """(u,) people within the limit and all people of each township."""
        own, detour = state.pace
        clump = state.people_places[0].copy()
        self._host(clump, state.facility_places)
        count = len(self.codes)
        factor = state.township_people * state.ages

        def within(points: Ints) -> Bools:
            off = self.off_road[points]
            slower = (off * detour + (1 - off) / state.roads) / own
            return np.asarray(seconds[points] * slower <= self.limit)

        some = np.bincount(self.clump_unit[within(clump)], minlength=count)
        share = np.divide(some, self.clumps, out=np.zeros(count), where=self.clumps > 0)
        reached = share * self.placed
        if len(self.fixed):
            weight = self.times.demand.people[self.group][self.fixed]
            reached += np.bincount(
                self.unit[self.fixed], weight * within(self.fixed), minlength=count
            )
        rate = np.divide(reached, self.placed, out=np.zeros(count), where=self.placed > 0)
        reached += self.unplaced * rate[state.people_places[1]]
        return reached * factor, (self.placed + self.unplaced) * factor

    def _host(self, clump: Ints, candidates: Ints) -> None:
        """A facility of an unknown place stands in a clump: one of them lives there."""
        point = self.point[candidates]
        point = point[point >= 0]
        unit = self.unit[point]
        order = np.argsort(unit, kind="stable")
        first = starts(np.bincount(unit, minlength=len(self.codes)))
        nth = np.arange(len(point)) - first[unit[order]]
        has = nth < self.clumps[unit[order]]
        clump[(self.clump_start[unit[order]] + nth)[has]] = point[order][has]


def _off_road(times: ServiceTimes) -> Floats:
    """(p,) share of the time off the road; where nothing is reached, that of all others."""
    share = times.share_on_access
    known = np.isfinite(share)
    return np.where(known, share, float(share[known].mean()) if known.any() else 1.0)


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
    seconds = begun = drawing.seconds(state.facility_places)
    for i in range(n):
        after = drawing.draw(i + 1) if i + 1 < n else first
        then = drawing.seconds(after.facility_places) if i + 1 < n else begun
        reached, people = drawing.served(state, seconds)
        values[i] = _percent(drawing, reached, people)
        np.divide(reached, people, out=shares[i], where=people > 0)
        shares[i][people == 0] = np.nan
        for name in SOURCES:
            other = _Draw(**{**vars(state), name: getattr(after, name)})
            moved = then if name == "facility_places" else seconds
            others[name][i] = _percent(drawing, *drawing.served(other, moved))
        state, seconds = after, then
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
    served = dict(zip(codes, shares[:, lived].mean(axis=0).tolist(), strict=True))
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
        served=served,
    )


def _point(drawing: Drawing) -> float:
    """The figure without any draw, in percent."""
    weight = drawing.times.demand.people[drawing.group]
    inside = drawing.times.seconds <= drawing.limit
    reached: Floats = np.bincount(
        drawing.unit, weight * inside, minlength=len(drawing.codes)
    ).astype(np.float64)
    return _percent(drawing, reached, drawing.placed + drawing.unplaced)
