"""Where a city's facilities stand on the plane, and whether one can get to them at all."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from coverage.datum import project
from coverage.errors import InputError, Problem
from coverage.kinds import KINDS
from coverage.messages import Said
from coverage.travel.access import RoadDistance, longest_leg_m

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from coverage.arrays import Floats
    from coverage.city import City
    from coverage.facilities import Facility, Register
    from coverage.formats.layers import Layer
    from coverage.travel.barriers import Barrier
    from coverage.travel.prepare import TravelNetwork

_SHOWN = 5
_REMEDY = Said(
    "；请核对坐标、补全路网，或在出行方式里调大 max_single_leg_m",
    "; check the coordinates, complete the roads, or raise max_single_leg_m of the profile",
)
BORDER_M = 1000.0  # county outlines are coarse: nearer than this is not outside


@dataclass(frozen=True)
class Sites:
    """Facilities with a place on the plane.

    Attributes:
        facilities: Those with a place, in the order of the register.
        xy: (f, 2) metres.
        at_seat: How many of them stand at their township's seat because no
            coordinates are known.
        not_placed: Facilities without any known place: they reach nobody.
        off_road: Those with a longer way to the nearest street than people go, and its metres;
            without any street, infinite.
        cut_off: Ids of those that no leg is long enough for.
        longest_m: The longest leg of a facility, once streets are known.
    """

    facilities: tuple[Facility, ...]
    xy: Floats
    at_seat: int
    not_placed: tuple[Facility, ...]
    off_road: tuple[tuple[Facility, float], ...] = ()
    cut_off: frozenset[str] = frozenset()
    longest_m: float = 0.0


def place(
    city: City,
    register: Register,
    kinds: tuple[str, ...],
    services: frozenset[str],
    year: int,
    crs: str,
    *,
    some: bool = True,
) -> Sites:
    """Facilities of the kinds with their places, at their township's seat where unknown.

    Raises:
        InputError: If none of them has a place, unless `some` is false.
    """
    chosen = [
        f
        for f in register.as_of(year).facilities
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
    if not placed and some:
        names = "、".join(KINDS[k].zh for k in kinds)
        zh = f"登记册有 {len(chosen)} 处，都没有位置" if chosen else "没有在用的"
        en = f"{len(chosen)} in the register, none with a place" if chosen else "none is open"
        raise InputError(
            Said(
                f"没有能定位的{names}：{zh}",
                f"no facility of the kind {', '.join(kinds)} ({names}) can be placed: {en}",
            )
        )
    lon, lat = np.array(places, dtype=np.float64).reshape(-1, 2).T
    x, y = project(lon, lat, crs)
    return Sites(tuple(placed), np.column_stack([x, y]), at_seat, tuple(nowhere))


def site_notes(sites: Sites) -> tuple[Said, ...]:
    """What was assumed about places."""
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
    return (*notes, *off_road_notes(sites))


def off_road_notes(sites: Sites) -> tuple[Said, ...]:
    """Which facilities stand far from a road, and what is done about it."""
    notes = []
    alone = [(f, m) for f, m in sites.off_road if f.id not in sites.cut_off]
    cut_off = [(f, m) for f, m in sites.off_road if f.id in sites.cut_off]
    if alone:
        notes.append(
            Said(
                f"{len(alone)} 处设施离路较远，各按一段长接驳到最近道路：",
                "far from a road, each joined to the nearest by one longer leg: ",
            ).then(_named(alone))
        )
    if cut_off:
        longest = f"{sites.longest_m:,.0f}"
        notes.append(
            Said(
                f"{len(cut_off)} 处设施未接路网（最近道路超过 {longest} 米），其余照常计算：",
                f"not connected (no road within {longest} m), all else is computed: ",
            )
            .then(_named(cut_off))
            .then(_REMEDY)
        )
    return tuple(notes)


def off_road_said(metres: float, longest_m: float, *, cut_off: bool) -> Said:
    """What becomes of one place far from a road, for the row that it stands in."""
    m, longest = f"{metres:,.0f}", f"{longest_m:,.0f}"
    said = Said(f"最近可走的道路在 {m} 米外，", f"the nearest road one can use is {m} m away: ")
    if not cut_off:
        return said.then(Said("将按一段长接驳到该路", "it will be joined to it by one longer leg"))
    fate = Said(
        f"将不接入路网（最远 {longest} 米）", f"it will not be connected (at most {longest} m)"
    )
    return said.then(fate).then(_REMEDY)


def _named(some: list[tuple[Facility, float]]) -> Said:
    """Facilities with the metres to the nearest road, the first few of them."""
    one = Said("{0} {1}（{2} 米）", "{0} {1} ({2} m)")
    listed = [one.fill(f.id, f.name, f"{m:,.0f}") for f, m in some[:_SHOWN]]
    more = len(some) - _SHOWN
    if more > 0:
        listed.append(Said(f"另有 {more} 处", f"and {more} more"))
    return Said("、".join(s.zh for s in listed), ", ".join(s.en for s in listed))


def check_sites(
    city: City, sites: Sites, network: TravelNetwork, *, register: Register, skip_bad: bool
) -> tuple[Sites, tuple[Problem, ...]]:
    """Sites that lie in the city, those far from a road named as such.

    Only facilities with coordinates of their own are judged: a township's
    seat is no slip of the user's.

    Returns:
        The sites kept, and what was left out because `skip_bad` allows it.

    Raises:
        InputError: Naming every facility outside, unless `skip_bad`.
    """
    own = np.array([f.placed for f in sites.facilities])
    if not own.any():
        return sites, ()
    from shapely import distance, points

    from coverage.demand.townships import read_townships

    outside = own & (distance(read_townships(city).city, points(sites.xy)) > BORDER_M)
    problems = []
    for n in np.flatnonzero(outside):
        facility = sites.facilities[n]
        place_ = f"{facility.lon},{facility.lat}"
        name = f"{facility.id} {facility.name}"
        said = Said(f"{name}：位置不在{city.name}内", f"{name}: the place lies outside the city")
        problems.append(Problem(said, register.file, None, "lon,lat", place_))
    if problems and not skip_bad:
        raise InputError(problems)
    keep = ~outside
    if not keep.any():
        raise InputError(problems)
    kept = tuple(f for f, stays in zip(sites.facilities, keep, strict=True) if stays)
    found = replace(sites, facilities=kept, xy=sites.xy[keep])
    return held_to_roads(found, network), tuple(problems)


def held_to_roads(sites: Sites, network: TravelNetwork) -> Sites:
    """The sites, those with coordinates of their own and far from every usable road named so."""
    away = RoadDistance.of(network, sites.xy)
    off_road = tuple(
        (facility, float(metres))
        for facility, metres, far in zip(sites.facilities, away.metres, away.far, strict=True)
        if far and facility.placed
    )
    cut_off = frozenset(f.id for f, cut in zip(sites.facilities, away.cut_off, strict=True) if cut)
    longest = longest_leg_m(network.profile)
    return replace(sites, off_road=off_road, cut_off=cut_off, longest_m=longest)


def read_barriers(path: Path, city: City, crs: str) -> tuple[Barrier, ...]:
    """Barriers from a layer of polygons; ``factor`` slows, without it a barrier closes.

    Raises:
        InputError: If the file is no layer of polygons near the city, or a factor is below 1.
    """
    from coverage.travel.barriers import Barrier

    layer = areas_near(path, city, crs)
    blank: list[object] = [None] * len(layer)
    names = layer.columns.get("name", [""] * len(layer))
    barriers, problems = [], []
    for i, factor in enumerate(layer.cells.get("factor", blank)):
        slower = math.inf if factor is None else factor
        if not isinstance(slower, int | float) or slower < 1:
            said = Said("factor 须为不小于 1 的数", "a factor of at least 1 is needed")
            problems.append(Problem(said, layer.file, layer.numbers[i], "factor", str(factor)))
            continue
        barriers.append(Barrier(area=layer.shapes[i], factor=float(slower), name=names[i]))
    if problems:
        raise InputError(problems)
    return tuple(barriers)


def own_obstacles(city: City, crs: str) -> tuple[Barrier, ...]:
    """What nobody crosses off the road by the workspace's own layers, streets or none over it.

    Raises:
        InputError: If a file is no layer of polygons and lines near the city.
    """
    from shapely import get_dimensions, get_parts

    from coverage.travel.barriers import Barrier

    found: list[Barrier] = []
    for path in city.obstacles:
        layer = areas_near(path, city, crs, lines=True)
        # One river may come as one multipolygon: its parts are looked at apart.
        parts = get_parts(layer.shapes)
        found += [
            Barrier(area=part, name=path.name, streets=False)
            for part in parts[get_dimensions(parts) > 0]
        ]
    return tuple(found)


def obstacle_notes(obstacles: Sequence[Barrier]) -> tuple[Said, ...]:
    """Which layers no way off the road crosses, and of how many shapes."""
    layers = Counter(one.name for one in obstacles)
    if not layers:
        return ()
    said = Said("不沿道路的路程不穿越图层 {}", "no way off the road crosses the layers {}")
    return (said.fill(", ".join(f"{name} ({count:,})" for name, count in layers.items())),)


def areas_near(path: Path, city: City, crs: str, *, lines: bool = False) -> Layer:
    """A layer of polygons, or of polygons and lines, near a city, on a plane.

    Raises:
        InputError: If the file is no such layer, or lies nowhere near the city.
    """
    from shapely import transform

    from coverage.formats.layers import read_areas

    layer = read_areas(path, near=city.units.bounds, lines=lines)
    layer.shapes = transform(
        layer.shapes, lambda xy: np.column_stack(project(xy[:, 0], xy[:, 1], crs))
    )
    return layer
