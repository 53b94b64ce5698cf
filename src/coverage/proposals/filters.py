"""Which candidates may stay: areas, roads, graves and factories, slopes.

Every filter says what it asks for with its distances, and how many
candidates it took away; both go into the answer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from coverage.errors import InputError
from coverage.kinds import KINDS
from coverage.messages import Said
from coverage.reach.sites import areas_near, place
from coverage.travel.access import access_legs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from coverage.city import City
    from coverage.facilities import Register
    from coverage.proposals.candidates import Candidates
    from coverage.travel.prepare import TravelNetwork

_GRAVES = ("public_cemetery", "commercial_cemetery", "cemetery", "eco_burial")
GROUPS = {"cemetery": _GRAVES}


@dataclass(frozen=True)
class Away:
    """At least so far from facilities of some kinds, or from areas of a file.

    Attributes:
        what: A kind, ``cemetery`` for all burial grounds, or a GeoJSON file of polygons.
        metres: The least straight distance.
    """

    what: str
    metres: float


@dataclass(frozen=True)
class Filters:
    """What a candidate must keep to.

    Attributes:
        keep_in: GeoJSON files of polygons; a candidate must lie in one of them all.
        keep_out: The same; a candidate must lie in none.
        road_m: At most so far from a street that the profile may use.
        away: Distances kept from graves, factories and the like.
        slope: Steepest slope in percent, where the raster of heights knows it.
        heights: The raster of heights.
    """

    keep_in: tuple[Path, ...] = ()
    keep_out: tuple[Path, ...] = ()
    road_m: float | None = None
    away: tuple[Away, ...] = ()
    slope: float | None = None
    heights: Path | None = None

    def __bool__(self) -> bool:
        return self != Filters()


def parse_away(text: str) -> Away:
    """``cemetery:500`` or ``industry.geojson:1000``.

    Raises:
        InputError: If it is neither, or the distance is not above 0.
    """
    what, _, metres = text.rpartition(":")
    try:
        far = float(metres)
    except ValueError:
        far = math.nan
    if not what or not (math.isfinite(far) and far > 0):
        raise InputError(
            Said(
                f"看不懂避让距离 {text!r}",
                "the distance is not such as cemetery:500 or industry.geojson:1000 (metres)",
            )
        )
    if what not in KINDS and what not in GROUPS and not Path(what).suffix:
        raise InputError(
            Said(
                f"没有设施类别 {what!r}",
                "the kind is not known; use a kind, cemetery (all burial grounds) or a "
                "GeoJSON file",
            )
        )
    return Away(what, far)


def filtered(
    candidates: Candidates,
    filters: Filters,
    *,
    city: City,
    register: Register,
    year: int,
    network: TravelNetwork,
) -> tuple[Candidates, tuple[Said, ...]]:
    """The candidates that every filter keeps, and what could not be judged.

    Args:
        candidates: All with a place.
        filters: What to keep to.
        city: The city.
        register: Where graves and the like stand.
        year: Facilities open at the end of it.
        network: Roads of the profile.

    Raises:
        InputError: If a number cannot be meant, a file cannot be read, or no candidate is left.
    """
    import shapely

    notes: list[Said] = []
    _check(filters)
    for keep, paths in ((True, filters.keep_in), (False, filters.keep_out)):
        for path in paths:
            area = shapely.union_all(areas_near(path, city, candidates.crs).shapes)
            shapely.prepare(area)
            inside = shapely.contains_xy(area, candidates.xy[:, 0], candidates.xy[:, 1])
            said = (
                Said(f"不在 {path.name} 内", f"not inside {path.name}")
                if keep
                else Said(f"在 {path.name} 内", f"inside {path.name}")
            )
            candidates = candidates.keep(inside if keep else ~inside, said)
    if filters.road_m is not None:
        near = on_roads(network, candidates.xy, filters.road_m)
        said = Said(
            f"离道路超过 {filters.road_m:g} 米", f"more than {filters.road_m:g} m from a road"
        )
        candidates = candidates.keep(near, said)
    for away in filters.away:
        candidates, note = _away(candidates, away, city, register, year)
        notes += note
    if filters.slope is not None and filters.heights is not None:
        candidates, note = _slope(candidates, filters.slope, filters.heights)
        notes += note
    return candidates, tuple(notes)


def _check(filters: Filters) -> None:
    for zh, en, value in (
        ("到道路的最大距离", "the distance to a road", filters.road_m),
        ("最大坡度", "the slope", filters.slope),
    ):
        if value is not None and not (math.isfinite(value) and value > 0):
            raise InputError(Said(f"{zh}须大于 0：{value}", f"{en} must be above 0"))
    if (filters.slope is None) != (filters.heights is None):
        raise InputError(
            Said(
                "坡度筛选须同时给 --max-slope 与 --elevation",
                "a slope needs a raster of heights, and the other way round",
            )
        )


def on_roads(
    network: TravelNetwork, xy: NDArray[np.float64], metres: float | None = None
) -> NDArray[np.bool_]:
    """Whether a street that the profile may use lies within `metres` (its own limit if `None`)."""
    legs = access_legs(network, xy[:, 0], xy[:, 1], max_access_m=metres)
    return np.isin(np.arange(len(xy)), legs.point)


def _away(
    candidates: Candidates, away: Away, city: City, register: Register, year: int
) -> tuple[Candidates, Iterable[Said]]:
    """Candidates far enough from one thing."""
    import shapely

    points = np.asarray(shapely.points(candidates.xy), np.object_)
    if away.what not in KINDS and away.what not in GROUPS:
        path = Path(away.what)
        area = shapely.union_all(areas_near(path, city, candidates.crs).shapes)
        said = Said(
            f"距 {path.name} 不足 {away.metres:g} 米",
            f"nearer than {away.metres:g} m to {path.name}",
        )
        return candidates.keep(shapely.distance(points, area) >= away.metres, said), ()
    kinds = GROUPS.get(away.what, (away.what,))
    sites = place(city, register, kinds, frozenset(), year, candidates.crs, some=False)
    known = np.array([f.placed for f in sites.facilities], dtype=bool)
    blind = len(sites.facilities) - int(known.sum()) + len(sites.not_placed)
    names = ("公墓等安葬设施", "burial grounds") if away.what in GROUPS else _name(away.what)
    notes = (
        [
            Said(
                f"{names[0]}中 {blind} 处只知乡镇或更粗的位置，无法避让",
                f"{blind} of the {names[1]} have no coordinates: no distance could be kept",
            )
        ]
        if blind
        else []
    )
    said = Said(
        f"距{names[0]}不足 {away.metres:g} 米", f"nearer than {away.metres:g} m to {names[1]}"
    )
    if not known.any():
        return candidates.keep(np.ones(len(candidates), dtype=bool), said), notes
    from scipy.spatial import KDTree

    far, _ = KDTree(sites.xy[known]).query(candidates.xy)
    return candidates.keep(np.asarray(far) >= away.metres, said), notes


def _name(kind: str) -> tuple[str, str]:
    return KINDS[kind].zh, KINDS[kind].en


def _slope(
    candidates: Candidates, percent: float, heights: Path
) -> tuple[Candidates, Iterable[Said]]:
    """Candidates whose ground is flat enough; those without heights stay and are counted."""
    from coverage.travel.heights import slopes_at

    slope = slopes_at(candidates.xy, candidates.crs, heights)
    unknown = ~np.isfinite(slope)
    notes = (
        [
            Said(
                f"{int(unknown.sum())} 个候选点没有高程，坡度未查",
                f"{int(unknown.sum())} candidates have no heights: their slope is not known",
            )
        ]
        if unknown.any()
        else []
    )
    said = Said(f"坡度大于 {percent:g}%", f"steeper than {percent:g} %")
    return candidates.keep(unknown | (slope <= percent / 100), said), notes
