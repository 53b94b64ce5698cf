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

from coverage.datum import project
from coverage.errors import InputError
from coverage.kinds import KINDS
from coverage.profiles import Profile, load_profile
from coverage.roads.sources import load
from coverage.text import Said
from coverage.travel.access import Points
from coverage.travel.prepare import prepare
from coverage.travel.times import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from coverage.city import City
    from coverage.demand.people import Demand
    from coverage.errors import Problem
    from coverage.facilities import Facility, Register
    from coverage.travel.barriers import Barrier
    from coverage.travel.prepare import Direction, TravelNetwork

DEFAULT_PROFILE = "older_walk"
# Where only main roads are known, most villages lie within this distance of one (the median
# in 清远 is 1.2 km); without it most people would have no time to any facility at all.
_TO_MAIN_ROAD_M = 3000.0


@dataclass(frozen=True)
class Sites:
    """Facilities with a place on the plane.

    Attributes:
        facilities: Those with a place, in the order of the register.
        xy: (f, 2) metres.
        at_seat: How many of them stand at their township's seat because no
            coordinates are known.
        not_placed: Facilities without any known place: they reach nobody.
    """

    facilities: tuple[Facility, ...]
    xy: NDArray[np.float64]
    at_seat: int
    not_placed: tuple[Facility, ...]


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
    barriers: Sequence[Barrier] = (),
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
        barriers: Streets closed or slowed.
        skip_bad: Leave bad rows of `population` out instead of refusing them.

    Raises:
        InputError: If a kind is unknown, no facility of the kind has a place,
            a limit is not above 0, or a source cannot be used.
    """
    # Imported here: one trip needs roads and no people.
    from coverage.demand.sources import demand_of

    kinds = kinds_of(kind)
    travel = profile if isinstance(profile, Profile) else load_profile(profile)
    limits = _limits(travel, minutes)
    year = city.plan.end if year is None else year
    people = population if population is not None else city.find("people")
    demand, skipped = demand_of(city, people, skip_bad=skip_bad)
    road = load(roads if roads is not None else city.roads, crs=demand.crs)
    travel, notes = fit_to_roads(travel, road.origin, max(limits))
    facilities = register if register is not None else city.register
    sites = place(city, facilities, kinds, frozenset(services), year, demand.crs)
    network = prepare(road, travel, direction=checked_direction(direction), barriers=barriers)
    points = Points.of(network, np.column_stack([demand.x, demand.y]))
    found = nearest(network, sites.xy, points)
    return ServiceTimes(
        city=city,
        kinds=kinds,
        year=year,
        profile=travel,
        limits_s=limits,
        minutes=() if travel.measure == "distance" else tuple(minutes),
        network=network,
        sites=sites,
        demand=demand,
        points=points,
        seconds=found.seconds,
        facility=found.facility,
        share_on_access=found.share_on_access,
        straight_m=_straight(sites.xy, points.xy),
        roads=roads_name(roads or city.roads, road.origin),
        notes=(*notes, *_site_notes(sites), *demand.notes),
        skipped=tuple(skipped),
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


def place(
    city: City,
    register: Register,
    kinds: tuple[str, ...],
    services: frozenset[str],
    year: int,
    crs: str,
) -> Sites:
    """Facilities of the kinds with their places, at their township's seat where unknown.

    Raises:
        InputError: If none of them has a place.
    """
    chosen = [
        f
        for f in register.facilities
        if f.kind in kinds and f.counts_in(year) and services <= f.services
    ]
    placed: list[Facility] = []
    places: list[tuple[float, float]] = []
    nowhere: list[Facility] = []
    at_seat = 0
    for facility in chosen:
        unit = city.units.get(facility.unit_code[:9])
        if facility.lon is not None and facility.lat is not None:
            where = (facility.lon, facility.lat)
        elif unit is not None and unit.lon is not None and unit.lat is not None:
            where = (unit.lon, unit.lat)
            at_seat += 1
        else:
            nowhere.append(facility)
            continue
        placed.append(facility)
        places.append(where)
    if not placed:
        names = "、".join(KINDS[k].zh for k in kinds)
        have = f"{len(chosen)} in the register, none with a place" if chosen else "none is open"
        raise InputError(
            f"no facility of the kind {', '.join(kinds)} ({names}) can be placed: {have}"
        )
    lon, lat = np.array(places).T
    x, y = project(lon, lat, crs)
    return Sites(tuple(placed), np.column_stack([x, y]), at_seat, tuple(nowhere))


def _site_notes(sites: Sites) -> tuple[Said, ...]:
    notes = []
    if sites.at_seat:
        notes.append(
            Said(
                f"{sites.at_seat}/{len(sites.facilities)} 处设施没有坐标，放在所在乡镇驻地",
                f"{sites.at_seat} of {len(sites.facilities)} facilities have no coordinates and "
                "stand at their township's seat",
            )
        )
    if sites.not_placed:
        notes.append(
            Said(
                f"{len(sites.not_placed)} 处设施位置不详，未参与计算",
                f"{len(sites.not_placed)} facilities have no known place and reach nobody here",
            )
        )
    return tuple(notes)


def _straight(sites: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.spatial import KDTree

    return np.asarray(KDTree(sites).query(points)[0], dtype=np.float64)


def roads_name(roads: str | Path, origin: dict[str, object]) -> str:
    """How a report names its roads."""
    if "shipped" in origin:
        return "OpenStreetMap main roads (shipped)"
    return Path(str(roads)).name
