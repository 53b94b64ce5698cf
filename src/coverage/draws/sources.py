"""What is drawn, how far it spreads, and where that is known from (docs/ranges.md says it all).

Everything here is an assumption with a source. Bounds without any assumption are another matter
(`Measurement`). A source that does not vary in a city (every facility has coordinates, every
township is published) draws nothing and is not named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coverage.messages import Said

if TYPE_CHECKING:
    from coverage.arrays import Floats, Ints
    from coverage.profiles import Profile

NAMES: dict[str, Said] = {
    "township_people": Said("乡镇人口", "people by township"),
    "people_places": Said("村居坐标", "places of villages"),
    "facility_places": Said("设施坐标", "coordinates of facilities"),
    "pace": Said("出行速度", "speed of travel"),
    "roads": Said("完整路网", "all streets"),
    "ages": Said("分年龄人口", "people by age"),
}

# data/README.md, leave-one-out over 32 places: a modelled township errs by 38 % in the mean. Of a
# lognormal with this sigma the mean error is 38 %. Totals of counties are published and stay.
TOWNSHIP_SIGMA = 0.45
# data/README.md: the province's 12.35 % of 60+ stands for every county; the one census figure of
# a county is 16.67 %: ln(16.67 / 12.35).
AGE_SIGMA = 0.30
# People live in clumps, not evenly. How scattered they are nobody knows: from natural villages
# (自然村) of some 300 people to whole committees of some 3,000 (2,800 in 阳江, 3,200 in 清远).
# Sizes are those of a gamma distribution: some large, most small.
CLUMP_PEOPLE = (300.0, 3000.0)
FEWEST_CLUMPS, MOST_CLUMPS = 5, 400
# The part of a township's people in its middle. Where its committees are listed it is the model's,
# whose weight of 3.45 errs by 44 to 50 % on another area than it was fitted on: half of it either
# way, in the logit. Where none is listed, as in the 239 townships of the shipped cities that list
# them: the part of their residents' committees, at these quantiles.
MIDDLE_SIGMA = 0.5
MIDDLE = (0.0, 0.05, 0.25, 0.50, 0.75, 0.95, 1.0), (0.0, 0.0, 0.187, 0.277, 0.469, 1.0, 1.0)
# Building land of a town, square metres a head: GB 50188-2007, lowest to highest grade.
LAND_PER_HEAD = (60.0, 140.0)
# Class speeds are assumptions of the profile: one fifth either way.
ROADS_SPREAD = 0.2
# Where a profile cites no speeds by age, one fifth either way.
PACE_SPREAD = 0.2
# Ways are 1.2 to 1.5 times the straight line, whatever the profile takes.
DETOUR = (1.2, 1.5)


@dataclass(frozen=True)
class Pace:
    """Ranges of the factors that speeds are multiplied by, and of the detour off the road.

    Attributes:
        own: Factor on every speed: how fast people are.
        roads: Factor on the speeds of the roads alone.
        detour: Factor on the time off the road.
    """

    own: tuple[float, float]
    roads: tuple[float, float]
    detour: tuple[float, float]

    @classmethod
    def of(cls, profile: Profile) -> Pace:
        """The ranges of a profile: by the speeds it cites by age, and by its mode."""
        none = (1.0, 1.0)
        detour = (DETOUR[0] / profile.detour, DETOUR[1] / profile.detour)
        if profile.measure == "distance":
            return cls(none, none, detour)
        cited = [speed for _, _, speed in profile.age_speeds]
        widest = max(cited) / min(cited) if cited else 1.0 + PACE_SPREAD
        car = profile.mode == "car"
        return cls(
            none if car else (1.0 / widest, widest),
            (1.0 - ROADS_SPREAD, 1.0 + ROADS_SPREAD) if car else none,
            detour,
        )

    @property
    def quickest(self) -> float:
        """How many times quicker than the profile somebody may be."""
        return self.own[1] * self.roads[1] / self.detour[0]


def normalised(factor: Floats, weight: Floats, county: Ints) -> Floats:
    """Factors such that the weights of every county add up to what they did; (u,) each."""
    before = np.bincount(county, weight)
    after = np.bincount(county, weight * factor)
    ratio = np.divide(before, after, out=np.ones_like(before), where=after > 0)
    return np.asarray(factor * ratio[county])


SOURCES: tuple[str, ...] = tuple(NAMES)
# What a bureau can bring; how fast people walk is measured by others.
TO_BRING: tuple[str, ...] = tuple(name for name in NAMES if name != "pace")
