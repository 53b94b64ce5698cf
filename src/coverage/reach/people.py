"""People within the limit: by city, county and township, by group, and how far the rest are.

Totals always reconcile: reached + not reached + not placed = all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coverage.travel.off_road import OffRoad

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.arrays import Floats, Ints
    from coverage.reach.service import ServiceTimes

PERCENTILES = (10, 25, 50, 75, 90)


@dataclass(frozen=True)
class PeopleReached:
    """People of one group in one unit against one limit.

    Attributes:
        code: Unit.
        name: Its name.
        group: Population group.
        limit_s: Limit in the profile's unit.
        reached: People whose nearest facility is within the limit.
        not_reached: People with a place and no facility within the limit.
        not_placed: People of units whose place is not known.
        straight: People inside the straight circle of the same limit.
        alone: Of those reached, people whose whole way is off the road.
        weighted: Of those reached, people weighted by the share of their time off the road.
        longer: Of those reached, people whose home stands alone: by one longer leg to a street.
    """

    code: str
    name: str
    group: str
    limit_s: float
    reached: float
    not_reached: float
    not_placed: float
    straight: float
    alone: float
    weighted: float
    longer: float

    @property
    def total(self) -> float:
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

    @property
    def off_road(self) -> OffRoad | None:
        """What the people reached owe to ways off the road, `None` where nobody is."""
        return OffRoad.of(self.reached, self.alone, self.weighted, self.longer)


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
    rows = []
    for name in groups:
        weight = times.demand.people[name]
        codes, label = _units_of_points(times, level)
        unplaced = _unplaced(times, name, codes, level)
        for limit in times.limits_s:
            rows += _rows(times, name, limit, weight, codes, label, unplaced)
    order = {code: n for n, code in enumerate(dict.fromkeys(row.code for row in rows))}
    return sorted(rows, key=lambda r: (order[r.code], groups.index(r.group), r.limit_s))


def off_road_of(times: ServiceTimes, group: str | None = None) -> OffRoad | None:
    """What those reached within the largest limit owe to ways off the road.

    By this one answer the whole result is a straight-line estimate or is none.
    """
    rows = people_reached(times, group=group or times.main_group)
    return next((r.off_road for r in reversed(rows) if r.code), None)


def _units_of_points(times: ServiceTimes, level: str) -> tuple[list[str], Ints]:
    """Codes of the units of a level and, for every demand point, the index of its own.

    The last code, empty, stands for points outside every township.
    """
    demand = times.demand
    if level == "city":
        return [times.city.code, ""], np.zeros(len(demand.unit), dtype=np.int64)
    length = {"county": 6, "township": 9}[level]
    own = [code[:length] for code in demand.unit_codes]
    listed = times.city.units.counties if level == "county" else times.city.units.township_rows
    codes = [unit.code for unit in listed]
    position = {code: n for n, code in enumerate(codes)}
    of_unit = np.array([position[code] for code in own] + [len(codes)], dtype=np.int64)
    return [*codes, ""], of_unit[demand.unit]


def _unplaced(times: ServiceTimes, group: str, codes: Sequence[str], level: str) -> Floats:
    found = np.zeros(len(codes))
    for code, people in times.demand.not_placed.get(group, {}).items():
        key = {"city": times.city.code, "county": code[:6], "township": code}[level]
        found[codes.index(key)] += people
    return found


def _rows(
    times: ServiceTimes,
    group: str,
    limit: float,
    weight: Floats,
    codes: Sequence[str],
    label: Ints,
    unplaced: Floats,
) -> list[PeopleReached]:
    inside = times.seconds <= limit
    straight = times.straight_m <= times.straight_radius_m(limit)
    off = np.where(inside, times.share_on_access, 0.0)

    def total(part: Floats) -> Floats:
        return np.bincount(label, part, minlength=len(codes)).astype(np.float64)

    columns = (
        total(weight * inside),
        total(weight * ~inside),
        total(weight * straight),
        total(weight * (off >= 1.0)),
        total(weight * off),
        total(weight * (inside & (off < 1.0) & times.setup.points.lone)),
    )
    rows = []
    for n, code in enumerate(codes):
        reached, rest, *others = (float(column[n]) for column in columns)
        city = code == times.city.code
        if not city and reached + rest + unplaced[n] == 0:
            continue
        name = times.city.name if city else times.city.units.name(code)
        rows.append(
            PeopleReached(
                code,
                name if code else "—",
                group,
                limit,
                reached,
                rest,
                float(unplaced[n]),
                *others,
            )
        )
    return rows


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
        name = times.city.name if code == times.city.code else times.city.units.name(code)
        rows.append(
            NearestTime(
                code,
                name if code else "—",
                group,
                tuple(
                    weighted_percentile(times.seconds[part], weight[part], p) for p in PERCENTILES
                ),
                float(
                    100
                    * weight[part][times.seconds[part] > max(times.limits_s)].sum()
                    / weight[part].sum()
                ),
            )
        )
    return rows


def weighted_percentile(values: Floats, weights: Floats, percent: float) -> float:
    """Least value such that at least `percent` of the weight lies at or below it."""
    order = np.argsort(values, kind="stable")
    summed = np.cumsum(weights[order])
    # A hair less than the share, because sums of floats fall short of their total.
    at = np.searchsorted(summed, summed[-1] * percent / 100 * (1 - 1e-12))
    return float(values[order][min(at, len(order) - 1)])
