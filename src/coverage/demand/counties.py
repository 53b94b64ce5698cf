"""Counties of which one cell only is known: their people are everybody's share of every place."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coverage.arrays import expand
from coverage.demand.townships import Townships, named, onto, people_by_township
from coverage.errors import InputError
from coverage.messages import Said
from coverage.settings import WGS84

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shapely.geometry.base import BaseGeometry

    from coverage.arrays import Floats, Int32s, Ints
    from coverage.city import City


def over_counties(
    city: City, townships: Townships, everyone: Mapping[str, int]
) -> list[tuple[int, BaseGeometry]]:
    """Units with neither seat nor cell where these are most of a county that has one cell only.

    Of such a county nothing tells where in it they lie: their people are spread over all of it.

    Args:
        city: The city.
        townships: Its cells.
        everyone: People by code.

    Returns:
        Index of each such unit that has people, and its county.
    """
    known = {townships.unit_codes[i] for i in townships.cell_unit}
    cells = Counter(code[:6] for code in known)
    wanted = [
        (i, code[:6])
        for i, code in enumerate(townships.unit_codes)
        if everyone.get(code)
        and code not in known
        and not city.units[code].placed
        and cells[code[:6]] == 1
    ]
    people: Counter[str] = Counter()
    for code, count in everyone.items():
        people[code[:6]] += count
    seatless = Counter({county: 0 for _, county in wanted})
    for i, county in wanted:
        seatless[county] += everyone[townships.unit_codes[i]]
    wanted = [(i, county) for i, county in wanted if 2 * seatless[county] > people[county]]
    if not wanted:
        return []
    counties = city.boundaries("counties")
    shapes = onto(counties.shapes, WGS84, townships.crs, densify=False)
    areas = dict(zip(counties.codes, shapes, strict=True))
    return [(i, areas[county]) for i, county in wanted if county in areas]


@dataclass(frozen=True, eq=False)
class Shares:
    """Rows of people divided among units: which row, whose, how much of it, and what is said."""

    row: Ints
    unit: Int32s
    part: Floats
    notes: tuple[Said, ...]


def shared_out(city: City, townships: Townships, unit: Int32s) -> Shares:
    """People counted by place, divided where one cell stands for a county of many units.

    Nothing tells where in the county its units lie. As in the model all of them lie everywhere
    in it: people at any place are divided as the population table divides those of the county.

    Args:
        city: The city.
        townships: Its cells.
        unit: (n,) unit of the cell that each row lies in, -1 for none.
    """
    codes = townships.unit_codes
    try:
        everyone = people_by_township(city)[0]["all"]
    except InputError:
        everyone = {}  # a count by place needs no table, and none tells how to divide it
    over = [i for i, _ in over_counties(city, townships, everyone)]
    share = np.eye(len(codes))
    for cell in townships.cell_unit if over else ():
        several = [cell, *(i for i in over if codes[i][:6] == codes[cell][:6])]
        weight = np.array([everyone.get(codes[i], 0) for i in several], np.float64)
        share[cell, several] = weight / weight.sum() if len(several) > 1 else 1.0
    whose, part = np.append(np.nonzero(share)[1], -1), np.append(share[share > 0], 1.0)
    counts = np.append((share > 0).sum(axis=1), 1)
    first = np.cumsum(counts) - counts
    found = expand(first[unit], counts[unit])
    notes: tuple[Said, ...] = ()
    if over:
        names = named(city, [codes[i] for i in over])
        notes = (
            Said(
                f"{len(over)}个单元没有界线，所在县区只有一片乡镇范围：各处的人按人口表的比例分给它们，"
                f"不代表各单元的实际位置：{names}。",
                "Units without a border in a county with a single cell share the people of every "
                f"place in it as the population table divides them: {len(over)} ({names}).",
            ),
        )
    row = np.repeat(np.arange(len(unit)), counts[unit])
    return Shares(row, whose[found].astype(np.int32), part[found], notes)
