"""Travel times from a city's people to its facilities: sources chosen, places found, times taken.

`travel_time` ties roads, profile, register and demand together. What it
assumes on the way (seat points for facilities without coordinates, long
walks off the road where only main roads are known) is said in its notes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from coverage.errors import InputError
from coverage.kinds import KINDS
from coverage.messages import Said
from coverage.profiles import Profile, load_profile
from coverage.reach.sites import check_sites, place, read_barriers, site_notes
from coverage.roads.sources import load
from coverage.travel.access import Points
from coverage.travel.prepare import prepare
from coverage.travel.times import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from coverage.city import City
    from coverage.demand.demand import Demand
    from coverage.errors import Problem
    from coverage.facilities import Register
    from coverage.reach.sites import Sites
    from coverage.roads.network import RoadNetwork
    from coverage.travel.barriers import Barrier
    from coverage.travel.prepare import Direction, TravelNetwork

DEFAULT_PROFILE = "older_walk"
# Where only main roads are known, most villages lie within this distance of one (the median
# in 清远 is 1.2 km); without it most people would have no time to any facility at all.
_TO_MAIN_ROAD_M = 3000.0
_NEAR_M = 5000.0


@dataclass(frozen=True, eq=False)
class TravelGround:
    """What travel times rest on whatever the facilities: people, roads, how one travels.

    Attributes:
        profile: How people travel, fitted to what the roads know.
        limits_s: Limits in the profile's unit (seconds, or metres).
        minutes: The same as asked for; empty for a limit in metres.
        network: Road network with travel times.
        demand: The people.
        points: Demand points with their access legs.
        roads: Name of the road source.
        notes: What was assumed.
        skipped: Bad rows of the people left out because the user asked for it.
    """

    profile: Profile
    limits_s: tuple[float, ...]
    minutes: tuple[float, ...]
    network: TravelNetwork
    demand: Demand
    points: Points
    roads: str
    notes: tuple[Said, ...]
    skipped: tuple[Problem, ...]


@dataclass(frozen=True, eq=False)
class ServiceTimes:
    """Seconds from every demand point to its nearest facility.

    Attributes:
        city: The city.
        kinds: Kinds of facility asked for.
        year: Facilities open at the end of this year.
        profile: How people travel.
        limits_s: Limits in the profile's unit (seconds, or metres).
        minutes: The same as asked for; empty for a limit in metres.
        network: Road network with travel times.
        sites: The facilities.
        demand: The people.
        points: Demand points with their access legs, for further questions.
        seconds: (p,) to the nearest facility, infinite where none is reached.
        facility: (p,) index into `sites`, -1 where none.
        share_on_access: (p,) share of the time off the road.
        straight_m: (p,) straight distance to the nearest facility.
        roads: Name of the road source.
        notes: What was assumed.
        skipped: Bad rows left out because the user asked for it.
    """

    city: City
    kinds: tuple[str, ...]
    year: int
    profile: Profile
    limits_s: tuple[float, ...]
    minutes: tuple[float, ...]
    network: TravelNetwork
    sites: Sites
    demand: Demand
    points: Points
    seconds: NDArray[np.float64]
    facility: NDArray[np.int32]
    share_on_access: NDArray[np.float64]
    straight_m: NDArray[np.float64]
    roads: str
    notes: tuple[Said, ...]
    skipped: tuple[Problem, ...] = field(default=())

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
    minutes: Sequence[float] = (15,),
    year: int | None = None,
    register: Register | None = None,
    roads: str | Path | None = None,
    population: Path | None = None,
    direction: str = "to_facility",
    barriers: Sequence[Barrier] | Path = (),
    elevation: Path | None = None,
    skip_bad: bool = False,
) -> ServiceTimes:
    """Travel times from a city's people to the facilities of a kind.

    Args:
        city: The city.
        kind: One kind of facility, or several.
        services: Count only facilities with all these services.
        profile: Name or file of a travel profile, or a `Profile`.
        minutes: Limits; ignored by a profile that is limited in metres.
        year: Facilities open at the end of this year; the plan's last by default.
        register: The user's own register instead of the shipped one.
        roads: An OpenStreetMap file, GraphML, or table; the shipped main roads by default.
        population: A raster or a table of points; the township model by default.
        direction: ``to_facility`` or ``from_facility``.
        barriers: Streets closed or slowed, or a GeoJSON file of polygons
            with an optional property ``factor`` (closed without).
        elevation: Raster of heights, for profiles with a slope model.
        skip_bad: Leave bad rows of `population`, and facilities far from any
            road or outside the city, out instead of refusing them.

    Raises:
        InputError: If a kind is unknown, no facility of the kind has a place,
            a limit is not above 0, or a source cannot be used.
    """
    kinds = kinds_of(kind)
    ground = travel_ground(
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
    network, points = ground.network, ground.points
    facilities = register if register is not None else city.register
    year = city.plan.end if year is None else year
    sites = place(city, facilities, kinds, frozenset(services), year, network.crs)
    sites, astray = check_sites(city, sites, network, register=facilities, skip_bad=skip_bad)
    found = nearest(network, sites.xy, points)
    return ServiceTimes(
        city=city,
        kinds=kinds,
        year=year,
        profile=ground.profile,
        limits_s=ground.limits_s,
        minutes=ground.minutes,
        network=network,
        sites=sites,
        demand=ground.demand,
        points=points,
        seconds=found.seconds,
        facility=found.facility,
        share_on_access=found.share_on_access,
        straight_m=straight_metres(sites.xy, points.xy),
        roads=ground.roads,
        notes=(*ground.notes, *site_notes(sites), *ground.demand.notes),
        skipped=(*ground.skipped, *astray),
    )


def travel_ground(
    city: City,
    *,
    profile: str | Path | Profile = DEFAULT_PROFILE,
    minutes: Sequence[float] = (15,),
    roads: str | Path | RoadNetwork | None = None,
    population: Path | None = None,
    direction: str = "to_facility",
    barriers: Sequence[Barrier] | Path = (),
    elevation: Path | None = None,
    skip_bad: bool = False,
) -> TravelGround:
    """People and roads of a city made ready for one way of travelling.

    The arguments are those of `travel_time`; `roads` may be a network too.

    Raises:
        InputError: If a limit is not above 0, or a source cannot be used.
    """
    # Imported here: one trip needs roads and no people.
    from coverage.demand.sources import demand_of
    from coverage.roads.network import RoadNetwork

    travel = profile if isinstance(profile, Profile) else load_profile(profile)
    limits = _limits(travel, minutes)
    people = population if population is not None else city.find("people")
    demand, skipped = demand_of(city, people, skip_bad=skip_bad)
    given = roads if roads is not None else city.roads
    road = given if isinstance(given, RoadNetwork) else load(given, crs=demand.crs)
    travel, notes = fit_to_roads(travel, road.origin, max(limits))
    _check_area(city, road, demand)
    network = prepare(
        road,
        travel,
        direction=checked_direction(direction),
        barriers=read_barriers(barriers, road.crs) if isinstance(barriers, Path) else barriers,
        elevation=elevation,
    )
    return TravelGround(
        profile=travel,
        limits_s=limits,
        minutes=() if travel.measure == "distance" else tuple(minutes),
        network=network,
        demand=demand,
        points=Points.of(network, np.column_stack([demand.x, demand.y])),
        roads=roads_name("" if isinstance(given, RoadNetwork) else given, road.origin),
        notes=notes,
        skipped=tuple(skipped),
    )


def _check_area(city: City, road: RoadNetwork, demand: Demand) -> None:
    """Refuse roads that lie somewhere else."""
    if not len(demand.x):
        return
    inside = (road.x > demand.x.min() - _NEAR_M) & (road.x < demand.x.max() + _NEAR_M)
    inside &= (road.y > demand.y.min() - _NEAR_M) & (road.y < demand.y.max() + _NEAR_M)
    if not inside.any():
        raise InputError(
            Said(f"路网不在{city.name}范围内", f"no roads inside the area of {city.name}")
        )


def kinds_of(kind: str | Sequence[str]) -> tuple[str, ...]:
    """Kinds asked for, checked against the vocabulary."""
    kinds = (kind,) if isinstance(kind, str) else tuple(kind)
    unknown = [k for k in kinds if k not in KINDS]
    if unknown or not kinds:
        listed = ", ".join(KINDS)
        names = ", ".join(map(repr, unknown)) or "none"
        raise InputError(f"the kind {names} is not known; choose from {listed}")
    return kinds


def checked_direction(direction: str) -> Direction:
    """Direction of travel, checked."""
    if direction not in {"to_facility", "from_facility"}:
        raise InputError(f"the direction {direction!r} is not to_facility or from_facility")
    return cast("Direction", direction)


def _limits(profile: Profile, minutes: Sequence[float]) -> tuple[float, ...]:
    if profile.measure == "distance":
        return (profile.limit_s(),)
    if not minutes:
        raise InputError("there must be at least one limit in minutes")
    return tuple(sorted({profile.limit_s(m) for m in minutes}))


def fit_to_roads(
    profile: Profile, origin: dict[str, object], limit: float
) -> tuple[Profile, tuple[Said, ...]]:
    """Let people walk as far as the limit allows where only main roads are known.

    The main roads that ship leave out every street and path; a village 1 km
    from one is not cut off. Walking straight, at the profile's access speed
    and detour, then competes with the road, and the share of it is reported.
    """
    if "shipped" not in origin:
        return profile, ()
    profile = profile.on_main_roads()
    far = limit / float(profile.access_seconds(1.0))
    fitted = replace(
        profile,
        max_access_m=max(profile.max_access_m, far, _TO_MAIN_ROAD_M),
        max_direct_m=max(profile.max_direct_m, far),
    )
    said = Said(
        f"路网只有主要公路：允许离路直行至 {far:,.0f} 米（按绕行系数 {profile.detour:g} 计），"
        "结果为粗略估计；换用 OpenStreetMap 路网请加 --roads",
        f"only main roads are known: up to {far:,.0f} m off the road (detour factor "
        f"{profile.detour:g}) are allowed, a rough estimate; use --roads with an OpenStreetMap "
        "extract for real streets",
    )
    return fitted, (said,)


def straight_metres(sites: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(p,) straight distance from each point to the nearest site, infinite where there is none."""
    from scipy.spatial import KDTree

    if not len(sites):
        return np.full(len(points), np.inf)
    return np.asarray(KDTree(sites).query(points)[0], dtype=np.float64)


def roads_name(roads: str | Path, origin: dict[str, object]) -> str:
    """How a report names its roads."""
    if "shipped" in origin:
        return "OpenStreetMap main roads (shipped)"
    return Path(str(roads)).name
