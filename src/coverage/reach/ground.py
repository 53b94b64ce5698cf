"""The ground of travel times: people and roads made ready, once a run for all that is asked.

A command asks the same ground again and again: every measure of a report by road, then the circles
of its map. The last one stays with the city, and what the next one shares with it (people, roads)
is not read anew. Whether it is the same is told by what files contain, never by their names.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast
from weakref import WeakKeyDictionary

import numpy as np

from coverage.atomic import file_digest
from coverage.demand.demand import Demand
from coverage.download.licences import quoted
from coverage.errors import InputError, Problem
from coverage.messages import Said
from coverage.profiles import Profile, load_profile
from coverage.reach.sites import obstacle_notes, own_obstacles, read_barriers
from coverage.roads.clean import UNJOINED
from coverage.roads.network import FERRY, MODES, RoadNetwork
from coverage.roads.sources import load
from coverage.travel.kept import kept_points
from coverage.travel.off_road import fit_to_roads
from coverage.travel.prepare import Direction, TravelNetwork, prepare
from coverage.workspace import ROLE_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from coverage.city import City
    from coverage.demand.sources import PeopleSource
    from coverage.roads.sources import RoadSource
    from coverage.travel.access import Points
    from coverage.travel.barriers import Barrier

DEFAULT_PROFILE = "older_walk"
MAIN_ROADS = "OpenStreetMap main roads (shipped)"
_NEAR_M = 5000.0
_T = TypeVar("_T")
# By city and what it is: of what it was made, and the last one made.
_LAST: WeakKeyDictionary[City, dict[str, tuple[Any, Any]]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class TravelSetup:
    """What travel times rest on whatever the facilities: people, roads, how one travels.

    Attributes:
        network: Road network with travel times of the profile.
        limits_s: Limits in the profile's unit (seconds, or metres).
        minutes: The same as asked for; empty for a limit in metres.
        demand: The people.
        points: Demand points with their access legs.
        roads: Name of the road source.
        notes: What was assumed.
        skipped: Bad rows of the people left out because the user asked for it.
    """

    network: TravelNetwork
    limits_s: tuple[float, ...]
    minutes: tuple[float, ...]
    demand: Demand
    points: Points
    roads: str
    notes: tuple[Said, ...]
    skipped: tuple[Problem, ...]

    @property
    def profile(self) -> Profile:
        """How people travel, fitted to what the roads know."""
        return self.network.profile


def set_up_travel(
    city: City,
    *,
    profile: str | Path | Profile = DEFAULT_PROFILE,
    minutes: float | Sequence[float] = (15,),
    roads: RoadSource | None = None,
    population: PeopleSource | None = None,
    direction: str = "to_facility",
    barriers: Sequence[Barrier] | Path | None = None,
    elevation: Path | None = None,
    skip_bad: bool = False,
) -> TravelSetup:
    """People and roads of a city made ready for one way of travelling.

    The arguments are those of `coverage.reach.service.travel_time`.

    Raises:
        InputError: If a limit is not above 0, or a source cannot be used.
    """
    travel = profile if isinstance(profile, Profile) else load_profile(profile)
    limits, asked = limits_of(travel, minutes)
    people = population if population is not None else city.people
    files = [_content(city.find(role)) for role in ROLE_NAMES]
    given = city.roads if roads is None else roads
    # Along streets people live, where nothing else tells where they do.
    streets = None if people is not None else given
    who = (_content(people), skip_bad, files, _content(streets))
    way = (travel, direction, _content(barriers), _content(elevation))
    where = (_content(given), [*map(_content, city.obstacles)])

    def make() -> TravelSetup:
        # Imported here: one trip needs roads and no people.
        from coverage.demand.sources import demand_of

        demand, skipped = _once(
            city,
            "people",
            who,
            lambda: demand_of(city, people, skip_bad=skip_bad, roads=streets),
        )
        network, name, notes = travel_network(
            city,
            travel,
            roads=roads,
            crs=demand.crs,
            direction=direction,
            barriers=barriers,
            elevation=elevation,
        )
        _check_area(city, network.network, demand)
        points = kept_points(network, np.column_stack([demand.x, demand.y]))
        return TravelSetup(network, limits, asked, demand, points, name, notes, tuple(skipped))

    made = _once(city, "ground", (who, way, where), make)
    return replace(made, limits_s=limits, minutes=asked)


def _once(city: City, what: str, parts: Any, make: Callable[[], _T]) -> _T:
    """What was made last for a city of the same parts, else made; the one before goes first."""
    kept = _LAST.setdefault(city, {})
    if what not in kept or kept[what][0] != parts:
        kept.pop(what, None)
        kept[what] = parts, make()
    found: _T = kept[what][1]
    return found


def _content(source: object) -> object:
    """What tells a source from any other: its content, itself if it never changes, or nothing."""
    if source is None or isinstance(source, RoadNetwork | Demand):
        return source
    if isinstance(source, str | Path):
        with suppress(InputError):
            return str(source), file_digest(source) if Path(source).is_file() else ""
    if isinstance(source, tuple):  # of barriers, none of which ever changes
        return source
    return object()  # a frame, a graph, a list: nobody knows whether it has been changed


def travel_network(
    city: City,
    profile: Profile,
    *,
    roads: RoadSource | None,
    crs: str | None = None,
    direction: str = "to_facility",
    barriers: Sequence[Barrier] | Path | None = None,
    elevation: Path | None = None,
) -> tuple[TravelNetwork, str, tuple[Said, ...]]:
    """Roads made ready for one way of travelling, the name of their source, and what was assumed.

    The arguments are those of `coverage.reach.service.travel_time`.

    Raises:
        InputError: If a source cannot be used, or the direction is not known.
    """
    given = roads if roads is not None else city.roads
    road = _once(city, "roads", (_content(given), crs), lambda: load(given, crs=crs))
    fitted, notes = fit_to_roads(profile, road)
    if roads is None:
        notes += quoted(city)
    own = own_obstacles(city, road.crs)
    notes = (*notes, *_road_notes(road, fitted), *obstacle_notes(own))
    if isinstance(barriers, Path):
        barriers = read_barriers(barriers, city, road.crs)
    network = prepare(
        road,
        fitted,
        direction=cast("Direction", direction),  # which `prepare` checks
        barriers=(*(barriers or ()), *own),
        elevation=elevation,
    )
    if "shipped" in road.origin:
        return network, MAIN_ROADS, notes
    return network, Path(given).name if isinstance(given, str | Path) else "", notes


def _road_notes(road: RoadNetwork, profile: Profile) -> Iterator[Said]:
    """What a reader must know of a network: what reading lost, and what it could not join."""
    cleaning = road.origin.get("cleaning", {})
    if "shipped" not in road.origin and (found := cleaning.get(UNJOINED)):
        yield Said(
            f"路网有 {found['count']:,} 处相交而没有路口，行人车辆在那里不能转弯；"
            "明细见 coverage roads check",
            f"{found['count']:,} crossings of the roads have no node: nobody turns there; "
            "coverage roads check lists them",
        )
    if found := cleaning.get("way_with_points_missing"):
        yield Said(
            f"路网文件里有 {found['count']:,} 条路缺点位，断开处不连",
            f"{found['count']:,} ways of the road file lack points: they are broken there",
        )
    ferries = [i for i, name in enumerate(road.highway_names) if name == FERRY]
    if np.any((road.modes & MODES[profile.mode] > 0) & np.isin(road.highway, ferries)):
        yield Said(
            "路网含轮渡：按所载航行时间计，不含候船",
            "some ways go by ferry: as long as it sails, without waiting for it",
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


def roads_in_words(name: str) -> Said:
    """The name of a road source as a sentence has it."""
    return Said("OpenStreetMap 主要道路（随附）" if name == MAIN_ROADS else name, name)


def limits_of(
    profile: Profile, minutes: float | Sequence[float]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Limits in the profile's unit, rising, and the minutes that were asked for."""
    minutes = (minutes,) if isinstance(minutes, int | float) else tuple(minutes)
    if profile.measure == "distance":
        return (profile.limit_s(),), ()
    if not minutes:
        raise InputError(Said("至少要给一个分钟数", "there must be at least one limit in minutes"))
    return tuple(sorted({profile.limit_s(m) for m in minutes})), minutes
