"""Places along a city's streets, and how many people of a township each of them stands for.

Where streets are mapped they tell where people live: along them, and more of them along a metre
where streets are dense. The power, and the width within which streets count as near, were chosen on
made cities whose streets are laid out by other rules (``benchmarks/places.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coverage.arrays import Bools, Floats, Ints, grouped
from coverage.datum import transform
from coverage.roads.network import FERRY, LEAST_STREETS, LONGEST_STRAIGHT_M, MAIN

if TYPE_CHECKING:
    from coverage.demand.townships import Townships
    from coverage.roads.network import RoadNetwork

_SAMPLE_M = 50.0
_CELL_M = 100.0  # places nearer than this to one another are one
_NEAR_CELLS = 11  # streets count as near within 550 m: a square kilometre or so
_AROUND_M = 2_000.0  # streets so far beyond the city tell how dense they are within
_POWER = 0.5  # people along a metre of street grow with the root of the streets near it
# People live in blocks, not on the line of the street: a third of its length for its area away,
# which is the mean between streets that cross each other at right angles.
_BLOCK_CELLS, _FARTHEST_OFF_M = 3, 60.0
_BLOCK_M2 = (_BLOCK_CELLS * _CELL_M) ** 2
# Nobody lives along these: they pass by, or lead through fields and woods.
_NOBODY = {"motorway", "trunk", "track", "path", "bridleway", "steps", "raceway", FERRY}


@dataclass(frozen=True, eq=False)
class Streets:
    """Places along streets, township by township.

    Attributes:
        x: (s,) metres east on the city's plane.
        y: (s,) metres north.
        weight: (s,) people there, in proportion within a township.
        start: (u + 1,) first place of each township.
        mapped: (u,) whether the streets that people live on are mapped there, and not merely the
            roads from town to town.
    """

    x: Floats
    y: Floats
    weight: Floats
    start: Ints
    mapped: Bools

    def of(self, unit: int) -> tuple[Floats, Floats, Floats]:
        """East, north and weight of the places of a township."""
        rows = slice(self.start[unit], self.start[unit + 1])
        return self.x[rows], self.y[rows], self.weight[rows]

    @classmethod
    def along(cls, network: RoadNetwork, townships: Townships) -> Streets:
        """Places along a network's streets within the cells of townships.

        Args:
            network: In any projected CRS.
            townships: Cells of the city.
        """
        x, y, metres, lesser, aside = _samples(network)
        x, y = transform(network.crs, townships.crs, x, y)
        west, south, east, north = townships.city.buffer(_AROUND_M).bounds
        near = (x >= west) & (x <= east) & (y >= south) & (y <= north)
        x, y, metres, lesser, aside = (column[near] for column in (x, y, metres, lesser, aside))
        off = np.minimum(_BLOCK_M2 / (3 * _near(x, y, metres, _BLOCK_CELLS)), _FARTHEST_OFF_M)
        x, y = x + aside[:, 0] * off, y + aside[:, 1] * off
        x, y, metres, lesser = _cells(x, y, metres, lesser)
        unit = townships.unit_at(x, y)
        inside = unit >= 0
        x, y, metres, lesser = (column[inside] for column in (x, y, metres, lesser))
        unit = unit[inside]
        weight = metres * _near(x, y, metres, _NEAR_CELLS) ** _POWER
        count = len(townships.unit_codes)
        start, order = grouped(unit, count)
        whole = np.bincount(unit, metres, minlength=count)
        streets = np.bincount(unit, lesser, minlength=count)
        mapped = (whole > 0) & (streets >= LEAST_STREETS * whole)
        return cls(x[order], y[order], weight[order], start, mapped)


def _samples(network: RoadNetwork) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Places every 50 m along streets.

    Returns:
        (n,) east, north, metres that each stands for, those of lesser streets; and (n, 2) the way
        to one side of the street, a metre long: the left of one street, the right of the next.
    """
    names = [name.removesuffix("_link") for name in network.highway_names]
    nobody = [i for i, name in enumerate(names) if name in _NOBODY]
    main = [i for i, name in enumerate(names) if name in MAIN]
    used = network.one_way_each & ~network.across & ~np.isin(network.highway, nobody)
    rows = np.flatnonzero(used)
    start, x, y = network.lines(rows)
    leg = np.ones(max(len(x) - 1, 0), bool)  # from every corner to the next on the same street
    leg[start[1:-1] - 1] = False
    first = np.flatnonzero(leg)
    street = np.searchsorted(start, first, side="right") - 1
    long = np.hypot(x[first + 1] - x[first], y[first + 1] - y[first])
    real = long <= LONGEST_STRAIGHT_M  # nobody knows where a longer one goes
    first, street, long = first[real], street[real], long[real]
    count = np.maximum(np.ceil(long / _SAMPLE_M), 1).astype(np.int64)
    row = np.repeat(np.arange(len(first)), count)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    part = (nth + 0.5) / count[row]
    a, b = first[row], first[row] + 1
    metres = (long / count)[row]
    lesser = metres * ~np.isin(network.highway[rows][street[row]], main)
    east, north = x[b] - x[a], y[b] - y[a]
    side = np.where(street[row] % 2, 1.0, -1.0) / np.maximum(np.hypot(east, north), 1e-9)
    aside = np.column_stack([-north * side, east * side])
    return x[a] + part * east, y[a] + part * north, metres, lesser, aside


def _cells(
    x: Floats, y: Floats, metres: Floats, lesser: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Samples of one cell of the lattice as one, in its middle of streets."""
    key = np.floor(np.column_stack([x, y]) / _CELL_M).astype(np.int64)
    _, cell = np.unique(key, axis=0, return_inverse=True)
    cell = cell.ravel()
    whole: Floats = np.bincount(cell, metres).astype(np.float64)
    whole[whole == 0] = np.finfo(float).tiny  # a street of no length is nowhere
    return (
        np.bincount(cell, x * metres) / whole,
        np.bincount(cell, y * metres) / whole,
        whole,
        np.bincount(cell, lesser).astype(np.float64),
    )


def _near(x: Floats, y: Floats, metres: Floats, cells: int) -> Floats:
    """(s,) metres of street in a square of so many cells round each place."""
    from scipy.ndimage import uniform_filter

    if not len(x):
        return np.empty(0)
    column, row = (np.floor((v - v.min()) / _CELL_M).astype(np.int64) for v in (x, y))
    grid = np.zeros((row.max() + 1, column.max() + 1))
    np.add.at(grid, (row, column), metres)
    around = uniform_filter(grid, cells, mode="constant") * cells**2
    return np.asarray(np.maximum(around[row, column], 1.0))
