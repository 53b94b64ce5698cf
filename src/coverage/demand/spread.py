"""How the people of a township are spread over it: by its committees, its streets, or its seat.

`docs/ranges.md` says how far each of these ways errs on made cities.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np
import shapely

from coverage.demand.counties import over_counties
from coverage.demand.streets import Streets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shapely.geometry.base import BaseGeometry

    from coverage.arrays import Floats, Int32s
    from coverage.city import City
    from coverage.demand.townships import Townships
    from coverage.roads.network import RoadNetwork
    from coverage.units import Unit

RESIDENTS_WEIGHT = 3.45  # calibrated in data/README.md; a villagers' committee weighs 1
SEAT_RADIUS_M = 1_000.0
# A town of 270,000 does not live within 1 km of its seat: the disc grows until no more people
# than this live on a square kilometre, about the density of a dense Chinese inner city.
DENSEST_PER_KM2 = 15_000.0
# Without lists: the median part of the residents' committees in the 239 townships that list theirs
# lives in the town, on the middle of the grades of land a head that GB 50188-2007 has (60 to 140).
TOWN_PART = 0.28
TOWN_LAND_M2 = 100.0
# Of the others half live along the roads from town to town: chosen on made cities.
ROADS_PART = 0.5
_FINE_M, _FINEST_M = 100.0, 25.0

# By committees that are listed, and then along the streets if these are mapped; along the streets
# alone; round a known seat; or about in the cell.
Way: TypeAlias = Literal["listed", "listed_streets", "streets", "seat", "cell"]


@dataclass(frozen=True, eq=False)
class Spread:
    """Points of the townships and the part of its township that lives at each.

    Attributes:
        x: (p,) metres east.
        y: (p,) metres north.
        unit: (p,) index of the township.
        part: (p,) of its people; those of a township add up to 1.
        ways: Townships by how they were spread.
        seat_outside: Those whose seat lies outside their cell.
        over_county: Those that are spread over a whole county.
    """

    x: Floats
    y: Floats
    unit: Int32s
    part: Floats
    ways: Mapping[Way, tuple[str, ...]]
    seat_outside: tuple[str, ...] = ()
    over_county: tuple[str, ...] = ()


class _Part(NamedTuple):
    """Some of a township's people, and where they live."""

    share: float
    x: Floats
    y: Floats
    weight: Floats


class _Town(NamedTuple):
    """What is known of a township."""

    people: int
    cell: BaseGeometry
    seat: tuple[float, float] | None
    clip: BaseGeometry | None  # the cell, unless the seat lies outside it
    listed: tuple[int, int]  # residents' and villagers' committees
    streets: tuple[Floats, Floats, Floats]
    mapped: bool
    step: float


def spread_people(
    city: City,
    townships: Townships,
    everyone: Mapping[str, int],
    *,
    step_m: float,
    network: RoadNetwork | None = None,
) -> Spread:
    """Points of every township that has a cell, township by township.

    Args:
        city: The city.
        townships: Its cells.
        everyone: People by code: a town of many is wide.
        step_m: Distance of points that lie evenly, metres.
        network: Streets and roads, if any are known.
    """
    streets = None if network is None else Streets.along(network, townships)
    shapely.prepare(townships.cells)
    made: list[tuple[int, _Part]] = []
    ways: dict[Way, list[str]] = {}
    outside = []
    for i, unit, town in _towns(city, townships, everyone, streets, step_m):
        if town.seat is not None and town.clip is None:
            outside.append(unit.code)
        way, parts = _parts(town)
        ways.setdefault(way, []).append(unit.code)
        made += [(i, part) for part in parts if part.share > 0]
    over = over_counties(city, townships, everyone)
    for i, area in over:
        x, y = _lattice(area, step_m)
        made.append((i, _Part(1.0, x, y, np.ones(len(x)))))
    sizes = [len(part.x) for _, part in made]
    shares = [part.share * part.weight / part.weight.sum() for _, part in made]
    none = [np.empty(0)]
    return Spread(
        np.concatenate([*none, *(part.x for _, part in made)]),
        np.concatenate([*none, *(part.y for _, part in made)]),
        np.repeat(np.array([i for i, _ in made], np.int32), sizes),
        np.concatenate([*none, *shares]),
        {way: tuple(codes) for way, codes in ways.items()},
        tuple(outside),
        tuple(townships.unit_codes[i] for i, _ in over),
    )


def _towns(
    city: City,
    townships: Townships,
    everyone: Mapping[str, int],
    streets: Streets | None,
    step_m: float,
) -> list[tuple[int, Unit, _Town]]:
    """What is known of every township that has a cell, with its index."""
    listed = Counter((village.parent, village.category) for village in city.units.villages)
    units = [city.units[townships.unit_codes[i]] for i in townships.cell_unit]
    lonlat = np.array([(u.lon, u.lat) if u.placed else (np.nan,) * 2 for u in units], np.float64)
    seats = np.column_stack(townships.project(lonlat[:, 0], lonlat[:, 1]))
    none = (np.empty(0),) * 3
    found = []
    for cell, i, unit, at in zip(townships.cells, townships.cell_unit, units, seats, strict=True):
        seat = (float(at[0]), float(at[1])) if unit.seated else None
        inside = seat is not None and shapely.intersects_xy(cell, *seat)
        town = _Town(
            people=everyone.get(unit.code, 0),
            cell=cell,
            seat=seat,
            clip=cell if inside else None,
            listed=(listed[unit.code, "社区"], listed[unit.code, "村"]),
            streets=none if streets is None else streets.of(i),
            mapped=streets is not None and bool(streets.mapped[i]),
            step=step_m,
        )
        found.append((int(i), unit, town))
    return found


def _parts(town: _Town) -> tuple[Way, list[_Part]]:
    """How a township's people are spread, by the best that is known of it."""
    residents, villagers = RESIDENTS_WEIGHT * town.listed[0], town.listed[1]
    listed = town.seat is not None and bool(residents + villagers)
    near = residents / (residents + villagers) if listed else TOWN_PART
    if listed and town.mapped:
        return "listed_streets", _by_streets(town, near)
    if town.mapped:
        return "streets", [_Part(1.0, *town.streets)]
    lattice = _lattice(town.cell, town.step, town.seat)
    if listed:
        disc = _disc(town, _listed_radius(town, near), _FINE_M)
        return "listed", [_even(near, *disc), _even(1.0 - near, *lattice)]
    beside = ROADS_PART if len(town.streets[0]) else 0.0
    if town.seat is None:
        return "cell", [_Part(beside, *town.streets), _even(1.0 - beside, *lattice)]
    radius = max(_radius(near * town.people, TOWN_LAND_M2), _FINEST_M)
    disc = _disc(town, radius, min(_FINE_M, max(_FINEST_M, radius / 5)))
    others = _Part((1.0 - near) * beside, *town.streets)
    return "seat", [_even(near, *disc), others, _even((1.0 - near) * (1.0 - beside), *lattice)]


def _by_streets(town: _Town, near: float) -> list[_Part]:
    """So many people along the streets near the seat, the others along the streets elsewhere."""
    assert town.seat is not None  # noqa: S101 -- asked where one is known
    x, y, weight = town.streets
    inner = np.hypot(x - town.seat[0], y - town.seat[1]) <= _listed_radius(town, near)
    if inner.all() or not inner.any():  # all streets tell the same: they alone tell
        return [_Part(1.0, *town.streets)]
    return [
        _Part(share, x[where], y[where], weight[where])
        for share, where in ((near, inner), (1.0 - near, ~inner))
    ]


def _listed_radius(town: _Town, near: float) -> float:
    """Metres around the seat within which the people of a township's 社区 live."""
    return max(SEAT_RADIUS_M, _radius(near * town.people, 1e6 / DENSEST_PER_KM2))


def _radius(people: float, land_m2: float) -> float:
    """Metres round a seat within which so many people live on so much land a head."""
    return math.sqrt(people * land_m2 / math.pi)


def _even(share: float, x: Floats, y: Floats) -> _Part:
    return _Part(share, x, y, np.ones(len(x)))


def _disc(town: _Town, radius: float, fine: float) -> tuple[Floats, Floats]:
    """Fine points within the radius of the seat, those inside the cell; the seat if none is."""
    assert town.seat is not None  # noqa: S101 -- asked where one is known
    reach = math.ceil(radius / fine) * fine
    steps = np.arange(-reach, reach + fine / 2, fine)
    east, north = (grid.ravel() for grid in np.meshgrid(steps, steps))
    within = np.hypot(east, north) <= radius
    x, y = east[within] + town.seat[0], north[within] + town.seat[1]
    return (x, y) if town.clip is None else _inside(x, y, town.clip, town.seat)


def _lattice(
    cell: BaseGeometry, step: float, seat: tuple[float, float] | None = None
) -> tuple[Floats, Floats]:
    """Points of the city's lattice inside a cell; where none is, the seat or a point in it."""
    # Whole multiples of the step, so that neighbours share one lattice and no point is two's.
    west, south, east, north = cell.bounds
    columns = np.arange(math.ceil(west / step), math.floor(east / step) + 1) * step
    rows = np.arange(math.ceil(south / step), math.floor(north / step) + 1) * step
    x, y = (grid.ravel() for grid in np.meshgrid(columns, rows))
    middle = cell.representative_point()
    return _inside(x, y, cell, seat or (middle.x, middle.y))


def _inside(
    x: Floats,
    y: Floats,
    cell: BaseGeometry,
    seat: tuple[float, float],
) -> tuple[Floats, Floats]:
    inside = shapely.contains_xy(cell, x, y)
    return (x[inside], y[inside]) if inside.any() else (np.array(seat[:1]), np.array(seat[1:]))
