"""Between what the people within a time lie, where places are not known, without any assumption.

Whoever has no known place counts once as reached and once as not, and so do the people and the
facilities that are known by their township alone, within it. Nobody is faster on a straight line
than the fastest street of the network: what lies farther from a township than that takes is not
reached from any place in it, whatever the roads.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coverage.messages import Said
from coverage.reach.whole import WholePeople
from coverage.travel.times import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.arrays import Bools, Floats, Objects
    from coverage.facilities import Facility
    from coverage.reach.service import ServiceTimes
    from coverage.travel.prepare import TravelNetwork

_DOWNHILL = 1.7  # the fastest slope of either slope model, with room: Tobler's is 1.19


@dataclass(frozen=True)
class Between:
    """People reached at least and at most, and what is not known.

    Attributes:
        lowest: People surely within the limit.
        highest: People who may be.
        unsure: What is not known.
    """

    lowest: int
    highest: int
    unsure: tuple[Said, ...]


def vague_facilities(times: ServiceTimes) -> tuple[Facility, ...]:
    """Facilities that count and have no place of their own."""
    return (*(f for f in times.sites.facilities if not f.placed), *times.sites.not_placed)


def people_between(times: ServiceTimes, group: str, codes: frozenset[str] | None = None) -> Between:
    """Bounds of the people within the last limit.

    Args:
        times: Travel times.
        group: Population group.
        codes: Townships whose people count; everybody if `None`.
    """
    demand, people = times.demand, times.demand.people[group]
    whole = WholePeople.of_demand(demand, group)
    counts = np.array([codes is None or code in codes for code in whole.codes])
    mine = counts[whole.of_point]
    reached = int(whole.counted(times.seconds <= times.limits_s[-1])[counts].sum())
    nowhere = sum(
        count
        for code, count in demand.not_placed.get(group, {}).items()
        if codes is None or code in codes
    )
    vague = vague_facilities(times)
    whose = Said(f"{nowhere:,.0f} 人位置不详", f"{nowhere:,.0f} people without a known place")
    where = Said(f"{len(vague)} 处设施位置不详", f"{len(vague)} facilities without a place")
    by_township = Said("人口只知到乡镇", "people known by their township alone")
    spread = demand.known == "township"
    said = zip((whose, where, by_township), (nowhere, vague, spread), strict=True)
    unsure = tuple(one for one, counts in said if counts)
    if not unsure:
        return Between(reached, reached, ())
    maybe = _maybe(times, vague)
    sure = np.zeros(len(people), bool) if spread else _surely(times, vague)
    lowest = math.floor(people[mine & sure].sum() + 1e-6)
    highest = math.ceil(people[mine & maybe].sum() + nowhere - 1e-6)
    return Between(min(lowest, reached), max(highest, reached), unsure)


def _surely(times: ServiceTimes, vague: Sequence[Facility]) -> Bools:
    """(p,) whether a point is within the limit of a facility whose place is known."""
    if not vague:
        return times.seconds <= times.limits_s[-1]
    own = np.array([f.placed for f in times.sites.facilities], bool)
    if not own.any():
        return np.zeros(len(times.seconds), bool)
    found = nearest(times.network, times.sites.xy[own], times.setup.points)
    return found.seconds <= times.limits_s[-1]


def _maybe(times: ServiceTimes, vague: Sequence[Facility]) -> Bools:
    """(p,) whether somebody counted at a point may be within the limit of some facility."""
    import shapely

    from coverage.demand.townships import read_townships

    townships, demand = read_townships(times.city), times.demand
    radius = times.limits_s[-1]
    if times.profile.measure != "distance":
        radius *= fastest_mps(times.network)
    cells = {townships.unit_codes[i]: townships.cells[n] for n, i in enumerate(townships.cell_unit)}
    areas: Objects = np.array([_area(f.unit_code, cells, townships.city) for f in vague], object)
    own = [xy for f, xy in zip(times.sites.facilities, times.sites.xy, strict=True) if f.placed]
    if demand.known != "township":
        maybe = times.seconds <= times.limits_s[-1]
        if len(areas):
            near = shapely.union_all(shapely.buffer(areas, radius))
            shapely.prepare(near)
            maybe |= shapely.intersects_xy(near, demand.x, demand.y)
        return np.asarray(maybe, bool)
    places = np.concatenate([areas, np.asarray(shapely.points(np.reshape(own, (-1, 2))), object)])
    tree = shapely.STRtree(np.asarray(list(cells.values()), object))
    _, hit = tree.query(places, predicate="dwithin", distance=radius)
    codes = list(cells)
    reached = {codes[n] for n in hit}
    # A unit without a cell may lie anywhere in the city.
    of_units = np.array([c in reached or c not in cells for c in (*demand.unit_codes, "")])
    return np.asarray(of_units[demand.unit], bool)


def _area(code: str, cells: dict[str, object], city: object) -> object:
    """Where a facility may stand: its township, else the whole city."""
    return cells.get(code[:9], city)


def fastest_mps(tn: TravelNetwork) -> float:
    """No way along the network or beside it is faster than this on a straight line, m/s."""
    net = tn.unfolded.network
    chord: Floats = np.hypot(net.x[net.tail] - net.x[net.head], net.y[net.tail] - net.y[net.head])
    used = np.isfinite(tn.edge_seconds) & (tn.edge_seconds > 0)
    along = float((chord[used] / tn.edge_seconds[used]).max(initial=0.0))
    beside = tn.profile.access_speed_mps * (1.0 if tn.ground is None else _DOWNHILL)
    return max(along, beside)
