"""Travel times from a city's people to its facilities: sources chosen, places found, times taken.

`travel_time` ties roads, profile, register and demand together. What it
assumes on the way (seat points for facilities without coordinates, long
walks off the road where only main roads are known) is said in its notes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.datum import project, unproject
from coverage.errors import InputError, Problem
from coverage.kinds import KINDS
from coverage.messages import Said
from coverage.plans import LATER_YEARS
from coverage.profiles import Profile, load_profile
from coverage.reach.ground import (
    DEFAULT_PROFILE,
    TravelSetup,
    limits_of,
    set_up_travel,
    travel_network,
)
from coverage.reach.sites import Sites, check_sites, held_to_roads, place, site_notes
from coverage.reach.whole import WholePeople
from coverage.shown import Shown
from coverage.travel.times import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from coverage.arrays import Floats, Int32s
    from coverage.city import City, RegisterSource
    from coverage.demand.demand import Demand
    from coverage.demand.sources import PeopleSource
    from coverage.facilities import Facility
    from coverage.roads.network import RoadNetwork
    from coverage.roads.sources import RoadSource
    from coverage.travel.barriers import Barrier
    from coverage.travel.prepare import TravelNetwork


@dataclass(frozen=True, eq=False, repr=False)
class ServiceTimes(Shown):
    """Seconds from every demand point to its nearest facility.

    Attributes:
        city: The city.
        kinds: Kinds of facility asked for.
        year: Facilities open at the end of this year.
        setup: People, roads, and how one travels.
        sites: The facilities.
        seconds: (p,) to the nearest facility, infinite where none is reached; metres where
            the profile is limited in metres.
        facility: (p,) index into `sites`, -1 where none.
        share_on_access: (p,) share of the time off the road, NaN where nothing is reached.
        astray: Facilities left out because the user asked for it.
    """

    city: City
    kinds: tuple[str, ...]
    year: int
    setup: TravelSetup
    sites: Sites
    seconds: Floats
    facility: Int32s
    share_on_access: Floats
    astray: tuple[Problem, ...] = ()

    @property
    def profile(self) -> Profile:
        """How people travel, fitted to what the roads know."""
        return self.setup.profile

    @property
    def limits_s(self) -> tuple[float, ...]:
        """Limits in the profile's unit (seconds, or metres)."""
        return self.setup.limits_s

    @property
    def minutes(self) -> tuple[float, ...]:
        """The limits as asked for; empty for a limit in metres."""
        return self.setup.minutes

    @property
    def network(self) -> TravelNetwork:
        """Road network with travel times."""
        return self.setup.network

    @property
    def demand(self) -> Demand:
        """The people."""
        return self.setup.demand

    @property
    def main_group(self) -> str:
        """The group that elder care speaks of, else everybody."""
        return "60+" if "60+" in self.demand.people else "all"

    @property
    def roads(self) -> str:
        """Name of the road source."""
        return self.setup.roads

    @property
    def notes(self) -> tuple[Said, ...]:
        """What was assumed."""
        return (*self.setup.notes, *site_notes(self.sites), *self.setup.demand.notes)

    @property
    def skipped(self) -> tuple[Problem, ...]:
        """Bad rows and facilities left out because the user asked for it."""
        return (*self.setup.skipped, *self.astray)

    @cached_property
    def straight_m(self) -> Floats:
        """(p,) straight distance to the nearest facility, infinite where there is none."""
        from scipy.spatial import KDTree

        xy, sites = self.setup.points.xy, self.sites.xy
        if not len(sites):
            return np.full(len(xy), np.inf)
        return np.asarray(KDTree(sites).query(xy)[0], dtype=np.float64)

    def against(self, minutes: float | Sequence[float]) -> ServiceTimes:
        """The same travel times against other limits; a limit in metres stays what it is.

        Raises:
            InputError: If a limit is not above 0.
        """
        limits, asked = limits_of(self.profile, minutes)
        return replace(self, setup=replace(self.setup, limits_s=limits, minutes=asked))

    def _headline(self) -> str:
        people = WholePeople.of_demand(self.demand, "all")
        reached = people.counted(self.seconds <= self.limits_s[-1]).sum()
        limit = f"{self.minutes[-1]:g} min" if self.minutes else f"{self.limits_s[-1]:g} m"
        kinds = ", ".join(self.kinds)
        return (
            f"{self.city.name} {self.year}: {kinds} by {self.profile.name}, "
            f"{len(self.sites.facilities):,} facilities, {len(self.seconds):,} points; "
            f"{reached:,} of {people.total.sum():,} people within {limit}"
        )

    def _rows(self) -> Iterator[dict[str, Any]]:
        """One row a demand point; minutes (metres for a limit in metres), NaN where unreached."""
        from shapely import Point

        lon, lat = unproject(self.demand.x, self.demand.y, self.demand.crs)
        column = "metres" if self.profile.measure == "distance" else "minutes"
        taken = self.seconds if column == "metres" else self.seconds / 60
        ids = [facility.id for facility in self.sites.facilities]
        codes = (*self.demand.unit_codes, "")
        for n, place_ in enumerate(map(Point, lon, lat)):
            found = int(self.facility[n])
            yield {
                "unit_code": codes[self.demand.unit[n]],
                **{group: float(people[n]) for group, people in self.demand.people.items()},
                column: float(taken[n]) if found >= 0 else math.nan,
                "facility_id": ids[found] if found >= 0 else "",
                "share_on_access": float(self.share_on_access[n]),
                "geometry": place_,
            }

    def straight_radius_m(self, limit: float) -> float:
        """Radius of the straight circle that a map would draw for the same limit.

        The limit at the profile's own pace on a straight line; the limit
        itself where it is in metres.
        """
        if self.profile.measure == "distance":
            return limit
        return limit * self.profile.speed_mps


def travel_time(
    city: City,
    *,
    kind: str | Sequence[str] = "elder_care",
    services: Iterable[str] = (),
    profile: str | Path | Profile = DEFAULT_PROFILE,
    minutes: float | Sequence[float] = (15,),
    year: int | None = None,
    register: RegisterSource | None = None,
    provenance: str | Sequence[str] = (),
    roads: RoadSource | None = None,
    population: PeopleSource | None = None,
    direction: str = "to_facility",
    barriers: Sequence[Barrier] | Path | None = None,
    elevation: Path | None = None,
    skip_bad: bool = False,
) -> ServiceTimes:
    """Travel times from a city's people to the facilities of a kind.

    Args:
        city: The city.
        kind: One kind of facility, or several.
        services: Count only facilities with all these services.
        profile: Name or file of a travel profile, or a `Profile`.
        minutes: A limit, or several; ignored by a profile that is limited in metres.
        year: Facilities open at the end of this year; the plan's last by default.
        register: The user's own register, frame or file instead of the city's.
        provenance: Count only rows of these, as a list or separated by commas; all if empty.
        roads: An OpenStreetMap file, GraphML, or table, a networkx or osmnx graph, or a network;
            the city's own by default, of shipped cities the main roads.
        population: A raster or a table of points; the township model by default.
        direction: ``to_facility`` or ``from_facility``.
        barriers: Streets closed or slowed, or a GeoJSON file of polygons
            with an optional property ``factor`` (closed without).
        elevation: Raster of heights, for profiles with a slope model.
        skip_bad: Leave bad rows of `population`, and facilities outside the
            city, out instead of refusing them.

    Raises:
        InputError: If a kind is unknown, no facility of the kind has a place,
            a limit is not above 0, or a source cannot be used.

    Example:
        >>> import coverage as cov
        >>> times = cov.travel_time(cov.City.load("珠山"), kind="elder_care", minutes=15)
        >>> len(times.sites.facilities), times.limits_s
        (1, (900.0,))
    """
    kinds = kinds_of(kind)
    setup = set_up_travel(
        city,
        profile=profile,
        minutes=minutes,
        roads=roads,
        population=population,
        direction=direction,
        barriers=barriers,
        elevation=elevation,
        skip_bad=skip_bad,
    )
    network = setup.network
    facilities = city.counted(register, provenance)
    year = city.plan.chosen_year(year, later=LATER_YEARS)
    sites = place(city, facilities, kinds, frozenset(services), year, network.crs)
    sites, astray = check_sites(city, sites, network, register=facilities, skip_bad=skip_bad)
    found = nearest(network, sites.xy, setup.points)
    return ServiceTimes(
        city=city,
        kinds=kinds,
        year=year,
        setup=setup,
        sites=sites,
        seconds=found.seconds,
        facility=found.facility,
        share_on_access=found.share_on_access,
        astray=astray,
    )


def kinds_of(kind: str | Sequence[str]) -> tuple[str, ...]:
    """Kinds asked for, checked against the vocabulary."""
    kinds = (kind,) if isinstance(kind, str) else tuple(kind)
    unknown = [k for k in kinds if k not in KINDS]
    if unknown or not kinds:
        listed, names = ", ".join(KINDS), ", ".join(map(repr, unknown))
        raise InputError(
            Said(
                f"不认识设施类别 {names or '（无）'}，可用：{listed}",
                f"the kind {names or 'none'} is not known; choose from {listed}",
            )
        )
    return kinds


def far_facilities(
    city: City,
    facilities: Sequence[Facility],
    *,
    roads: RoadNetwork | None = None,
) -> Sites:
    """Facilities held against the roads alone, as every travel time will hold them.

    For those who look at data before anything is computed: imports and `coverage check`.

    Args:
        city: Whose roads, unless others are given.
        facilities: Any; those without coordinates are left out.
        roads: A network that is not the city's yet.

    Raises:
        InputError: If the roads cannot be read.
    """
    own = tuple(f for f in facilities if f.placed)
    if not own:
        return Sites((), np.empty((0, 2)), 0, ())
    network, _, _ = travel_network(city, load_profile(DEFAULT_PROFILE), roads=roads)
    lon, lat = np.array([(f.lon, f.lat) for f in own], dtype=np.float64).T
    xy = np.column_stack(project(lon, lat, network.network.crs))
    return held_to_roads(Sites(own, xy, 0, ()), network)
