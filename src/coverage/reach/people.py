"""People within the limit: by city, county and township, by group, and how far the rest are.

Totals always reconcile: reached + not reached + not placed = all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coverage.reach.whole import WholePeople
from coverage.travel.off_road import OffRoad

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from coverage.arrays import Bools, Floats, Ints
    from coverage.city import City
    from coverage.reach.service import ServiceTimes

PERCENTILES = (10, 25, 50, 75, 90)


@dataclass(frozen=True)
class PeopleReached:
    """People of one group in one unit against one limit, whole; see `coverage.reach.whole`.

    Attributes:
        code: Unit.
        name: Its name.
        group: Population group.
        limit_s: Limit in the profile's unit.
        reached: People whose nearest facility is within the limit.
        not_reached: People with a place and no facility within the limit.
        not_placed: People of units whose place is not known.
        straight: People inside the straight circle of the same limit.
        off_road: What the people reached owe to ways off the road, `None` where nobody is.
    """

    code: str
    name: str
    group: str
    limit_s: float
    reached: int
    not_reached: int
    not_placed: int
    straight: int
    off_road: OffRoad | None

    @property
    def total(self) -> int:
        """All people of the group in the unit."""
        return self.reached + self.not_reached + self.not_placed

    @property
    def share(self) -> float | None:
        """Percent reached of all, placed or not."""
        return 100 * self.reached / self.total if self.total else None

    @property
    def straight_share(self) -> float | None:
        """Percent that a straight circle would claim."""
        return 100 * self.straight / self.total if self.total else None


def people_reached(
    times: ServiceTimes, *, level: str = "city", group: str | None = None
) -> list[PeopleReached]:
    """People within each limit.

    Args:
        times: Travel times.
        level: ``city``, ``county`` or ``township``.
        group: One group; all groups of the demand if `None`.

    Returns:
        For the city and every unit with people, group and limit.

    Example:
        >>> import coverage as cov
        >>> times = cov.travel_time(cov.City.load("珠山"), minutes=15)
        >>> row = cov.people_reached(times, group="all")[0]
        >>> row.name, row.total == row.reached + row.not_reached + row.not_placed
        ('景德镇市珠山区', True)
    """
    groups = [group] if group is not None else list(times.demand.people)
    rows = [row for name in groups for row in _rows(times, level, name)]
    order = {code: n for n, code in enumerate(dict.fromkeys(row.code for row in rows))}
    return sorted(rows, key=lambda r: (order[r.code], groups.index(r.group), r.limit_s))


def off_road_of(times: ServiceTimes, group: str | None = None) -> OffRoad | None:
    """What those reached within the largest limit owe to ways off the road.

    By this one answer the whole result is a straight-line estimate or is none.
    """
    rows = people_reached(times, group=group or times.main_group)
    return next((r.off_road for r in reversed(rows) if r.code), None)


def units_of(city: City, level: str, townships: Sequence[str]) -> tuple[list[str], Ints]:
    """Codes of the units of a level and, for every township, the index of its own.

    The last code, empty, stands for what lies outside every township; it is the city's as well.
    """
    if level == "city":
        return [city.code, ""], np.zeros(len(townships), np.int64)
    length = {"county": 6, "township": 9}[level]
    listed = city.units.counties if level == "county" else city.units.township_rows
    codes = [unit.code for unit in listed]
    position = {code: n for n, code in enumerate(codes)} | {"": len(codes)}
    return [*codes, ""], np.array([position[code[:length]] for code in townships], np.int64)


def unit_name(city: City, code: str) -> str:
    """The name of a unit, the city's by its own code; a dash outside all of them."""
    if code == city.code:
        return city.name
    return city.units.name(code) if code else "—"


def _units_of_points(times: ServiceTimes, level: str) -> tuple[list[str], Ints]:
    """Codes of the units of a level and, for every demand point, the index of its own."""
    codes, of_unit = units_of(times.city, level, [*times.demand.unit_codes, ""])
    return codes, of_unit[times.demand.unit]


def _rows(times: ServiceTimes, level: str, group: str) -> Iterator[PeopleReached]:
    whole = WholePeople.of_demand(times.demand, group)
    codes, of_unit = units_of(times.city, level, whole.codes)

    def total(people: Ints) -> list[int]:
        return [round(n) for n in np.bincount(of_unit, people, minlength=len(codes)).tolist()]

    everybody, placed = total(whole.total), total(whole.placed)
    for limit in times.limits_s:
        inside = times.seconds <= limit
        straight = times.straight_m <= times.straight_radius_m(limit)
        counts = total(whole.counted(inside)), total(whole.counted(straight))
        ways = _off_road(times, whole, inside, of_unit, len(codes))
        for n, (code, reached, claimed) in enumerate(zip(codes, *counts, strict=True)):
            city = code == times.city.code
            if not (city or everybody[n]):
                continue
            yield PeopleReached(
                code,
                unit_name(times.city, code),
                group,
                limit,
                reached,
                placed[n] - reached,
                everybody[n] - placed[n],
                claimed,
                ways[n],
            )


def _off_road(
    times: ServiceTimes, whole: WholePeople, inside: Bools, of_unit: Ints, count: int
) -> list[OffRoad | None]:
    """What the people reached in each of some units owe to ways off the road."""
    off = np.where(inside, times.share_on_access, 0.0)
    lone = inside & (off < 1.0) & times.setup.points.lone
    parts = (
        np.bincount(of_unit[whole.of_point], whole.weight * part, minlength=count).tolist()
        for part in (inside, off >= 1.0, off, lone)
    )
    return [OffRoad.of(*people) for people in zip(*parts, strict=True)]


@dataclass(frozen=True)
class NearestTime:
    """How long the people of a unit need to their nearest facility.

    Attributes:
        code: Unit.
        name: Its name.
        group: Population group.
        seconds: By percentile of people, in the profile's unit; infinite
            where that part of the people reaches no facility at all.
        beyond: Percent of the placed people beyond the largest limit.
    """

    code: str
    name: str
    group: str
    seconds: tuple[float, ...]
    beyond: float


def nearest_times(
    times: ServiceTimes, *, level: str = "county", group: str = "all"
) -> list[NearestTime]:
    """Percentiles (`PERCENTILES`) of the nearest time, weighted by people."""
    weight = times.demand.people[group]
    codes, label = _units_of_points(times, level)
    rows = []
    for n, code in enumerate(codes):
        part = np.flatnonzero(label == n)
        if not len(part) or weight[part].sum() == 0:
            continue
        rows.append(
            NearestTime(
                code,
                unit_name(times.city, code),
                group,
                weighted_percentiles(times.seconds[part], weight[part], PERCENTILES),
                float(
                    100
                    * weight[part][times.seconds[part] > max(times.limits_s)].sum()
                    / weight[part].sum()
                ),
            )
        )
    return rows


def weighted_percentiles(
    values: Floats, weights: Floats, percents: Sequence[float]
) -> tuple[float, ...]:
    """For each percent the least value at or below which so much of the weight lies."""
    order = np.argsort(values, kind="stable")
    summed = np.cumsum(weights[order])
    # A hair less than the share, because sums of floats fall short of their total.
    wanted = summed[-1] * np.asarray(percents) / 100 * (1 - 1e-12)
    at = np.minimum(np.searchsorted(summed, wanted), len(order) - 1)
    return tuple(values[order][at].tolist())
