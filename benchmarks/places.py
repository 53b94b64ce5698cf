"""How near the share within a limit comes to the truth where no list of villages is known.

    python benchmarks/places.py [FROM TO]    # made cities by seed; 0 to 45 by default

Cities are made by `tests/built_cities.py`: every person and facility has a known place. The people
are then known by township alone, once with the streets and once with the roads from town to town
alone; the facilities have their coordinates, or are known by township as well. Printed are, for
each way of travelling, the cities whose share lies within 30 % of the share with all places known
on the same roads, the middle ratio to it, and the same of people who are spread evenly over their
cell, as the model had them before it looked at streets and seats.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import coverage as cov

if TYPE_CHECKING:
    from coverage.demand.demand import Demand
    from coverage.roads.network import RoadNetwork

CASES = (("older_walk", 15), ("drive", 5), ("drive", 15))
WITHIN = 0.3


def even(city: cov.City) -> Demand:
    """People evenly over their cells: no roads are known and no seat is."""
    from coverage.demand import spread
    from coverage.demand.model import from_townships

    before = spread.TOWN_PART
    spread.TOWN_PART = 0.0
    try:
        return from_townships(city)
    finally:
        spread.TOWN_PART = before


def main_roads(network: RoadNetwork) -> RoadNetwork:
    """The roads from town to town alone."""
    main = [i for i, name in enumerate(network.highway_names) if name in {"secondary", "tertiary"}]
    return network.select(np.isin(network.highway, main)).compact()


def shares(seed: int) -> dict[tuple[str, str, str], tuple[float, float, float]]:
    """By roads, facilities and profile: the truth, the figure, and the figure of even people."""
    from built_cities import built_city

    made = built_city(seed)
    network = cov.network(made.known.roads)
    found = {}
    for known, roads in (("streets", network), ("main roads", main_roads(network))):
        for profile, minutes in CASES:
            how = {"profile": profile, "minutes": minutes, "roads": roads}
            truth = share(made.known, how)
            for whose, city in (("known", made.unlisted), ("by township", made.hidden)):
                plain = share(city, how | {"population": even(city)})
                found[known, whose, f"{profile} {minutes}"] = truth, share(city, how), plain
    return found


def share(city: cov.City, how: dict[str, Any]) -> float:
    """Percent of the people within the limit."""
    return cov.people_reached(cov.travel_time(city, **how), group="all")[0].share or 0.0


def main(first: int, last: int) -> None:
    """Measure and print."""
    sys.path.append(str(Path(__file__).parents[1] / "tests"))
    every = [shares(seed) for seed in range(first, last)]
    print(f"{len(every)} cities, seeds {first} to {last - 1}; within {WITHIN:.0%} | middle ratio")
    print(f"{'roads':12}{'facilities':14}{'profile':14}{'truth':>7}{'figure':>16}{'even':>16}")
    for key in every[0]:
        truth, figure, plain = np.array([one[key] for one in every]).T
        columns = []
        for value in (figure, plain):
            ratio = value / np.maximum(truth, 1e-9)
            near = 100 * (np.abs(ratio - 1) <= WITHIN).mean()
            columns.append(f"{near:7.0f} % | {np.median(ratio):.2f}")
        roads, whose, profile = key
        print(
            f"{roads:12}{whose:14}{profile:14}{truth.mean():7.1f}{columns[0]:>16}{columns[1]:>16}"
        )


if __name__ == "__main__":
    main(*(map(int, sys.argv[1:3]) if len(sys.argv) > 2 else (0, 45)))
