"""Where something may be built: seats, villages, points along roads, a grid, or a list.

Candidates carry their township, so that they can be named, counted per
township, and written into a scenario. Those without coordinates (a township
whose seat is not known) serve where units are counted and travel is not.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from coverage.datum import project, unproject
from coverage.errors import InputError
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from coverage.city import City
    from coverage.demand.townships import Townships
    from coverage.roads.network import RoadNetwork
    from coverage.units import Unit

    Floats = NDArray[np.float64]

MOST = 200_000
DIGITS = 6  # of a degree: a tenth of a metre
_BORDER_M = 1000.0  # of the coarse township cells


@dataclass(frozen=True)
class Removed:
    """One filter: what it asks for, and how many candidates it took away."""

    said: Said
    count: int


@dataclass(frozen=True, eq=False)
class Candidates:
    """Places where a facility may be built, in a fixed order.

    Attributes:
        crs: The city's plane.
        names: What to call each.
        xy: (c, 2) metres, NaN where no place is known.
        unit: Code of the township (or finer unit) of each, empty if it is in none.
        costs: (c,) cost of building there, NaN where none is given.
        source: What they are.
        removed: What the filters took away, in their order.
        exact: Whether a place is a plot and not a stand-in for a whole unit (a seat).
    """

    crs: str
    names: tuple[str, ...]
    xy: Floats
    unit: tuple[str, ...]
    costs: Floats
    source: Said
    removed: tuple[Removed, ...] = ()
    exact: bool = True

    def __len__(self) -> int:
        return len(self.names)

    def as_written(self) -> Candidates:
        """The same at the degrees that a file will hold, so that an answer keeps its promise."""
        known = np.isfinite(self.xy).all(axis=1)
        xy = self.xy.copy()
        lonlat = np.round(self.lonlat[known], DIGITS)
        xy[known] = np.column_stack(project(lonlat[:, 0], lonlat[:, 1], self.crs))
        return replace(self, xy=xy)

    @property
    def lonlat(self) -> Floats:
        """(c, 2) degrees (EPSG:4326), NaN where no place is known."""
        out = np.full_like(self.xy, np.nan)
        known = np.isfinite(self.xy).all(axis=1)
        if known.any():
            lon, lat = unproject(self.xy[known, 0], self.xy[known, 1], self.crs)
            out[known] = np.column_stack([lon, lat])
        return out

    def priced(self, cost: float) -> Candidates:
        """The same with a cost where none is given."""
        return replace(self, costs=np.where(np.isnan(self.costs), cost, self.costs))

    def keep(self, mask: NDArray[np.bool_], said: Said) -> Candidates:
        """Those that a filter keeps, the others counted.

        Raises:
            InputError: If none is left, saying which filter took how many.
        """
        removed = (*self.removed, Removed(said, int((~mask).sum())))
        if not mask.any():
            zh = "、".join(f"{one.said.zh} {one.count} 个" for one in removed if one.count)
            en = "; ".join(f"{one.said.en} {one.count}" for one in removed if one.count)
            raise InputError(
                Said(
                    f"没有候选点剩下，各条件去掉的数量：{zh or '无'}",
                    f"no candidate is left, removed: {en or 'none'}",
                )
            )
        at = np.flatnonzero(mask)
        return replace(
            self,
            names=tuple(self.names[i] for i in at),
            xy=self.xy[at],
            unit=tuple(self.unit[i] for i in at),
            costs=self.costs[at],
            removed=removed,
        )


def distinct_names(city: City, units: Sequence[Unit]) -> tuple[str, ...]:
    """Names of units, with that of the unit above where two share one: 佛冈县石角镇."""
    count = Counter(unit.name for unit in units)
    above = [city.units.name(unit.parent) for unit in units]
    return tuple(
        unit.name if count[unit.name] == 1 else f"{parent}{unit.name}"
        for unit, parent in zip(units, above, strict=True)
    )


def of_units(city: City, units: Sequence[Unit], crs: str, source: Said) -> Candidates:
    """A candidate at the seat of every unit, placed or not."""
    places = np.array(
        [(u.lon, u.lat) if u.placed else (np.nan, np.nan) for u in units], dtype=np.float64
    ).reshape(-1, 2)
    xy = np.full_like(places, np.nan)
    known = np.isfinite(places).all(axis=1)
    if known.any():
        xy[known] = np.column_stack(project(places[known, 0], places[known, 1], crs))
    return Candidates(
        crs=crs,
        names=distinct_names(city, units),
        xy=xy,
        unit=tuple(u.code for u in units),
        costs=np.full(len(units), np.nan),
        source=source,
        exact=False,
    )


def townships(city: City, crs: str) -> Candidates:
    """The seats of all townships (towns, townships, subdistricts)."""
    count = len(city.units.townships)
    said = Said(f"{count} 个乡镇（街道）驻地", f"the seats of {count} townships")
    return of_units(city, city.units.townships, crs, said)


def villages(city: City, crs: str) -> Candidates:
    """The places of all villages and communities.

    Raises:
        InputError: If no village has a known place.
    """
    found = city.units.villages
    if not any(unit.placed for unit in found):
        raise InputError(
            Said(
                f"{city.name}的 {len(found)} 个村（社区）都没有坐标，不能作候选点；"
                "可用 townships、roads:500、grid:1000，或带坐标的名单文件",
                "no village has a known place: use townships, roads:500, grid:1000 or "
                "a list with places",
            )
        )
    said = Said(f"{len(found)} 个村（社区）", f"{len(found)} villages and communities")
    return of_units(city, found, crs, said)


def along_roads(
    city: City, ground: Townships, network: RoadNetwork, spacing_m: float
) -> Candidates:
    """Road nodes, bends and points between, thinned so that any two are `spacing_m` apart.

    Points outside the city's counties are left out: roads go on beyond the border.
    """
    _check_step(spacing_m, "roads")
    start, x, y = network.lines()
    points = [np.column_stack([x, y])]
    inner = np.ones(len(x), dtype=bool)
    inner[start[1:] - 1] = False  # a line's last point leads nowhere
    first = np.flatnonzero(inner)
    step = np.column_stack([x[first + 1] - x[first], y[first + 1] - y[first]])
    parts = np.floor(np.hypot(step[:, 0], step[:, 1]) / spacing_m).astype(np.int64)
    if parts.sum() > 50 * MOST:
        _too_many(int(parts.sum()))
    at = np.repeat(np.arange(len(first)), parts)
    nth = np.arange(len(at)) - np.repeat(np.cumsum(parts) - parts, parts) + 1
    share = (nth / (parts[at] + 1))[:, None]
    points.append(np.column_stack([x[first], y[first]])[at] + share * step[at])
    xy = thinned(np.concatenate(points), spacing_m)
    said = Said(
        f"路网上间隔 {spacing_m:g} 米的点", f"points along roads, {spacing_m:g} m apart at least"
    )
    return _numbered(city, ground, xy, said)


def on_grid(city: City, ground: Townships, step_m: float) -> Candidates:
    """The points of a square lattice of `step_m` inside the city."""
    _check_step(step_m, "grid")
    west, south, east, north = ground.city.bounds
    if (east - west) * (north - south) / step_m**2 > 10 * MOST:
        _too_many(int(ground.city.area / step_m**2))
    columns = np.arange(math.ceil(west / step_m), math.floor(east / step_m) + 1) * step_m
    rows = np.arange(math.ceil(south / step_m), math.floor(north / step_m) + 1) * step_m
    grid = [axis.ravel() for axis in np.meshgrid(columns, rows)]
    said = Said(f"{step_m:g} 米格点", f"a grid of {step_m:g} m")
    return _numbered(city, ground, np.column_stack(grid), said)


def thinned(xy: Floats, spacing_m: float) -> Floats:
    """Some of the points, any two at least `spacing_m` apart, none of the others addable.

    The same points in any order give the same choice: they are taken from
    west to east and south to north.
    """
    from scipy.spatial import KDTree

    points = np.unique(xy, axis=0)
    free = np.ones(len(points), dtype=bool)
    # One a cell first: without it a dense network has pairs without number.
    _, first = np.unique(np.floor(points / spacing_m), axis=0, return_index=True)
    order = np.concatenate([np.sort(first), np.setdiff1d(np.arange(len(points)), first)])
    tree = KDTree(points)
    kept = []
    for i in order:
        if free[i]:
            kept.append(i)
            near = np.array(tree.query_ball_point(points[i], spacing_m), dtype=np.int64)
            apart = np.hypot(*(points[near] - points[i]).T)
            free[near[apart < spacing_m]] = False
    return np.asarray(points[np.sort(np.array(kept, dtype=np.int64))])


def _check_step(step: float, name: str) -> None:
    if not (math.isfinite(step) and step >= 1):
        raise InputError(
            Said(
                f"{name}:{step:g} 不是间距",
                f"the spacing must be at least 1 metre, such as {name}:500",
            )
        )


def _too_many(count: int) -> None:
    raise InputError(
        Said(
            f"候选点约 {count:,} 个，多于 {MOST:,} 个，请加大间距",
            "too many candidates: widen the spacing",
        )
    )


def _numbered(city: City, ground: Townships, xy: Floats, source: Said) -> Candidates:
    """Points inside the city, named by their township and a number."""
    import shapely

    shapely.prepare(ground.city)
    xy = xy[shapely.contains_xy(ground.city, xy[:, 0], xy[:, 1])]
    if len(xy) > MOST:
        _too_many(len(xy))
    codes = units_at(ground, xy)
    rows = city.units.township_rows
    label = dict(zip((u.code for u in rows), distinct_names(city, rows), strict=True))
    seen: Counter[str] = Counter()
    names = []
    for code in codes:
        seen[code] += 1
        names.append(f"{label.get(code, city.name)}-{seen[code]}")
    return Candidates(
        crs=ground.crs,
        names=tuple(names),
        xy=xy,
        unit=codes,
        costs=np.full(len(xy), np.nan),
        source=Said(f"{len(xy)} 个{source.zh}", f"{len(xy)} points: {source.en}"),
    )


def units_at(ground: Townships, xy: Floats) -> tuple[str, ...]:
    """Code of the township of each point, empty where there is none."""
    found = ground.unit_at(xy[:, 0], xy[:, 1], tolerance_m=_BORDER_M)
    return tuple(ground.unit_codes[i] if i >= 0 else "" for i in found)
