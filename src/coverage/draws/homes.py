"""Where people may live whose place is not known: in the middle of a township, or about in it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit, ndtr

from coverage.arrays import Bools, Floats, Ints, starts
from coverage.datum import project
from coverage.demand.spread import RESIDENTS_WEIGHT
from coverage.draws.sources import (
    CLUMP_PEOPLE,
    FEWEST_CLUMPS,
    LAND_PER_HEAD,
    MIDDLE,
    MIDDLE_SIGMA,
    MOST_CLUMPS,
)

if TYPE_CHECKING:
    from numpy.random import Generator

    from coverage.demand.demand import Demand
    from coverage.units import Units

_MIDDLE_PLACES, _OTHER_PLACES = 60, 120  # of each township
_GOLDEN = np.pi * (3 - 5**0.5)  # turns points of a disc so that they lie evenly


@dataclass(frozen=True, eq=False)
class Homes:
    """Places of townships at which clumps of people may live, township by township.

    Attributes:
        xy: (h, 2) metres; of each township first those of its middle, outwards.
        unit: (h,) township.
        start: (u + 1,) first place of each township.
        middle: (u,) how many of them lie in its middle.
        part: (u,) of its people in its middle, by the model; NaN where no committees are listed.
        clumps: (u,) of people.
    """

    xy: Floats
    unit: Ints
    start: Ints
    middle: Ints
    part: Floats
    clumps: Ints

    @classmethod
    def of(cls, demand: Demand, unit: Ints, codes: tuple[str, ...], units: Units) -> Homes:
        """Places of a demand that is known by township only.

        Args:
            demand: The people.
            unit: (p,) index of each point into `codes`.
            codes: (u,) of the townships.
            units: Of the city.
        """
        from scipy.spatial import KDTree

        people = np.bincount(unit, demand.people["all"], minlength=len(codes))
        xy = np.column_stack([demand.x, demand.y])
        tree = KDTree(xy)
        found = [units.get(code) for code in codes]
        lonlat = [(u.lon, u.lat) if u is not None and u.placed else (np.nan,) * 2 for u in found]
        lon, lat = np.array(lonlat, dtype=np.float64).T
        seats = np.column_stack(project(lon, lat, demand.crs))
        order = np.argsort(unit, kind="stable")
        start = starts(np.bincount(unit, minlength=len(codes)))
        places, middle = [], []
        for u in range(len(codes)):
            inner = np.empty((0, 2))
            if people[u] > 0 and np.isfinite(seats[u]).all():
                inner = _disc(seats[u], people[u])
                inner = inner[unit[tree.query(inner)[1]] == u]
            own = order[start[u] : start[u + 1]]
            places += [inner, xy[stand_ins(own, demand.people["all"][own], _OTHER_PLACES)]]
            middle.append(len(inner))
        counts = [len(places[i]) + len(places[i + 1]) for i in range(0, len(places), 2)]
        return cls(
            np.concatenate(places),
            np.repeat(np.arange(len(codes)), counts),
            starts(np.array(counts)),
            np.array(middle),
            _by_committees(codes, units),
            np.where(
                people > 0,
                np.clip(people / CLUMP_PEOPLE[0], FEWEST_CLUMPS, MOST_CLUMPS).astype(np.int64),
                0,
            ),
        )

    @property
    def clump_unit(self) -> Ints:
        """(c,) township of each clump."""
        return np.repeat(np.arange(len(self.clumps)), self.clumps)

    def middles(self, rng: Generator) -> tuple[Floats, Ints]:
        """(u,) part of the people in the middle, and how many of its places are built on."""
        count = len(self.clumps)
        z = (rng.standard_normal() + rng.standard_normal(count)) / 2**0.5
        listed = expit(logit(np.clip(self.part, 0.05, 0.95)) + MIDDLE_SIGMA * z)
        part = np.where(np.isnan(self.part), np.interp(ndtr(z), *MIDDLE), listed)
        part[self.middle == 0] = 0.0
        dense = part * rng.uniform(*LAND_PER_HEAD, count) / LAND_PER_HEAD[1]
        built = np.ceil(self.middle * dense).astype(np.int64)
        return part, np.clip(built, np.minimum(self.middle, 3), self.middle)

    def parts(self, rng: Generator) -> Floats:
        """(c,) of the people of a township that live in each of its clumps."""
        least, most = CLUMP_PEOPLE
        unit = self.clump_unit
        size = rng.standard_gamma((least / most) ** rng.random(), len(unit))
        whole = np.bincount(unit, size, minlength=len(self.clumps))
        even = 1.0 / self.clumps[unit]
        return np.asarray(np.divide(size, whole[unit], out=even, where=whole[unit] > 0))

    def settle(self, rng: Generator, middles: tuple[Floats, Ints], of: Ints) -> Ints:
        """A place for each of some clumps of the townships `of`."""
        part, built = (values[of] for values in middles)
        other = self.start[of + 1] - self.start[of] - self.middle[of]
        inside: Bools = (rng.random(len(of)) < part) | (other == 0)
        u = rng.random(len(of))
        within = np.where(inside, u * np.maximum(built, 1), self.middle[of] + u * other)
        return np.asarray(self.start[of] + within.astype(np.int64))


def _disc(seat: Floats, people: float) -> Floats:
    """Places of a town round its seat, outwards, as wide as all the township could need."""
    rank = (np.arange(_MIDDLE_PLACES) + 0.5) / _MIDDLE_PLACES
    away = np.sqrt(people * LAND_PER_HEAD[1] / np.pi * rank)
    turn = _GOLDEN * np.arange(_MIDDLE_PLACES)
    return np.asarray(seat + np.column_stack([away * np.cos(turn), away * np.sin(turn)]))


def stand_ins(rows: Ints, weight: Floats, count: int) -> Ints:
    """Rows that stand for all, each for the same weight; all of them where there are few."""
    lived = weight > 0
    rows, weight = rows[lived], weight[lived]
    if not len(rows):
        return rows
    summed = np.cumsum(weight)
    at = np.searchsorted(summed, (np.arange(count) + 0.5) / count * summed[-1])
    return np.asarray(rows[np.minimum(at, len(rows) - 1)])


def _by_committees(codes: tuple[str, ...], units: Units) -> Floats:
    """(u,) part of a township's people in its residents' committees, NaN where none is listed."""
    listed = Counter((village.parent, village.category) for village in units.villages)
    residents = RESIDENTS_WEIGHT * np.array([listed[code, "社区"] for code in codes], np.float64)
    whole = residents + np.array([listed[code, "村"] for code in codes])
    part: Floats = np.full(len(codes), np.nan)
    return np.asarray(np.divide(residents, whole, out=part, where=whole > 0))
