"""Where people live, modelled from the township figures, for cities without a grid.

A township's people are split by its committees: a residents' committee
(社区) weighs 3.45, a villagers' committee (村) 1, the weight that
``data/README.md`` calibrates. The share of the residents' committees is
spread evenly within a kilometre of the seat, the rest evenly over the
township's cell. Where a county has one cell only, because no other seat of it
is known and most people live in the others, these are spread evenly over the
county. Totals are those of the population table to the person.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from coverage.arrays import expand
from coverage.demand.demand import Demand, model_files
from coverage.demand.townships import Townships, onto, read_townships
from coverage.errors import InputError
from coverage.messages import Said
from coverage.settings import WGS84

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from shapely.geometry.base import BaseGeometry

    from coverage.arrays import Floats, Int32s, Ints
    from coverage.city import City
    from coverage.units import Unit

RESIDENTS_WEIGHT = 3.45  # calibrated in data/README.md; a villagers' committee weighs 1
SEAT_RADIUS_M = 1_000.0
# A town of 270,000 does not live within 1 km of its seat: the disc grows until no more people
# than this live on a square kilometre, about the density of a dense Chinese inner city.
DENSEST_PER_KM2 = 15_000.0
_FINE_M = 100.0
_MOST_POINTS = 20_000_000


@dataclass(frozen=True, eq=False)
class _Spread:
    """Points of the townships and the part of its township that lives at each."""

    x: Floats
    y: Floats
    unit: Int32s
    part: Floats
    seat_outside: tuple[str, ...]
    over_county: tuple[str, ...] = ()


def from_townships(city: City, *, step_m: float = 500.0) -> Demand:
    """People of a city from its township figures, spread by the model of this module.

    Groups are ``all`` and every other group that each township with people has, each in its
    own base year. People of a unit without a cell or a seat are `Demand.not_placed`.

    Args:
        city: The city.
        step_m: Distance of the points outside the seats, metres.

    Raises:
        InputError: If there are no township figures or boundaries, or `step_m` is no
            sensible distance.
    """
    _check_step(step_m)
    townships = read_townships(city)
    figures, left_out = people_by_township(city)
    if step_m**2 * _MOST_POINTS < townships.city.area:
        raise InputError(
            Said(
                f"step_m = {step_m:g} 会超过 {_MOST_POINTS:,} 个点",
                f"step_m = {step_m:g} would make more than {_MOST_POINTS:,} points",
            )
        )
    spread = _spread(city, townships, step_m, figures["all"])
    placed = {townships.unit_codes[i] for i in np.unique(spread.unit)}
    people, not_placed = {}, {}
    for group, by_code in figures.items():
        figure = np.array([by_code.get(code, 0) for code in townships.unit_codes], np.float64)
        people[group] = figure[spread.unit] * spread.part
        not_placed[group] = {
            code: float(count)
            for code, count in sorted(by_code.items())
            if code not in placed and count
        }
    return Demand(
        crs=townships.crs,
        x=spread.x,
        y=spread.y,
        people=people,
        unit=spread.unit,
        unit_codes=townships.unit_codes,
        not_placed=not_placed,
        provenance="modelled",
        known="township",
        source="; ".join(f"{path.parent.name}/{path.name}" for path in model_files(city)),
        notes=(
            _about_model(step_m, townships),
            *_about_years(city, figures),
            *_about_places(city, townships, spread.seat_outside, not_placed["all"]),
            *_about_counties(city, spread.over_county, figures["all"]),
            *_about_missing(city, figures["all"], left_out),
        ),
    )


def people_by_township(city: City) -> tuple[dict[str, dict[str, int]], tuple[str, ...]]:
    """Figures by group and township-level code in each group's base year, ``all`` first.

    Returns:
        The figures, and the groups left out because some township that has ``all`` has no
        figure of theirs: nobody may be taken for none.

    Raises:
        InputError: If no township has a figure of ``all``.
    """
    rows = [row for row in city.population.rows if row.level == "township"]
    found: dict[str, dict[str, int]] = {}
    for group in ("all", *sorted({row.group for row in rows} - {"all"})):
        year = city.population.base_year(group)
        found[group] = {r.unit_code: r.count for r in rows if (r.group, r.year) == (group, year)}
    everyone = found["all"]
    if not everyone:
        raise InputError(
            Said(
                f"{city.name}的人口表没有乡镇人口",
                f"the population table of {city.name} has no township figures",
            )
        )
    kept = {group: by_code for group, by_code in found.items() if everyone.keys() <= by_code.keys()}
    return kept, tuple(group for group in found if group not in kept)


def _check_step(step_m: float) -> None:
    if not (math.isfinite(step_m) and step_m > 0):
        raise InputError(
            Said(
                f"step_m = {step_m} 须为大于 0 的米数",
                f"step_m = {step_m} is no distance: expected metres above 0",
            )
        )


def _seat_radius(people: float) -> float:
    """Metres around the seat within which the people of a township's 社区 live."""
    return max(SEAT_RADIUS_M, 1000.0 * math.sqrt(people / (math.pi * DENSEST_PER_KM2)))


def _spread(city: City, townships: Townships, step_m: float, everyone: dict[str, int]) -> _Spread:
    """Points of every township that has a cell and a seat, township by township."""
    committees = Counter((village.parent, village.category) for village in city.units.villages)
    units = [city.units[townships.unit_codes[i]] for i in townships.cell_unit]
    seats = np.array([(u.lon, u.lat) if u.placed else (np.nan, np.nan) for u in units], np.float64)
    seat_x, seat_y = townships.project(seats[:, 0], seats[:, 1])
    shapely.prepare(townships.cells)
    xs, ys, parts, index, outside = [], [], [], [], []
    for i, unit in enumerate(units):
        if not unit.placed:
            continue
        cell, seat = townships.cells[i], (float(seat_x[i]), float(seat_y[i]))
        if not shapely.intersects_xy(cell, *seat):
            outside.append(unit.code)
        weight = RESIDENTS_WEIGHT * committees[unit.code, "社区"]
        whole = weight + committees[unit.code, "村"]
        near = weight / whole if whole else 0.0
        clip = None if unit.code in outside else cell
        radius = _seat_radius(near * everyone.get(unit.code, 0))
        for share, points in (
            (near, _disc(seat, clip, radius) if near > 0 else None),
            (1.0 - near, _lattice(cell, step_m, seat) if near < 1 else None),
        ):
            if points is not None:
                xs.append(points[0])
                ys.append(points[1])
                parts.append(np.full(len(points[0]), share / len(points[0])))
                index.append(np.full(len(points[0]), townships.cell_unit[i], np.int32))
    over = _over_counties(city, units, townships, everyone)
    for i, area in over:
        middle = area.representative_point()
        x, y = _lattice(area, step_m, (middle.x, middle.y))
        xs.append(x)
        ys.append(y)
        parts.append(np.full(len(x), 1.0 / len(x)))
        index.append(np.full(len(x), i, np.int32))
    if not xs:
        return _Spread(*(np.empty(0),) * 2, np.empty(0, np.int32), np.empty(0), ())
    return _Spread(
        np.concatenate(xs),
        np.concatenate(ys),
        np.concatenate(index),
        np.concatenate(parts),
        tuple(outside),
        tuple(townships.unit_codes[i] for i, _ in over),
    )


def _over_counties(
    city: City, units: Sequence[Unit], townships: Townships, everyone: dict[str, int]
) -> list[tuple[int, BaseGeometry]]:
    """Units with neither seat nor cell where these are most of a county that has one cell only.

    Of such a county nothing tells where in it they lie: their people are spread over all of it.

    Returns:
        Index of each such unit that has people, and its county.
    """
    cells = Counter(unit.code[:6] for unit in units)
    known = {unit.code for unit in units}
    wanted = [
        (i, code[:6])
        for i, code in enumerate(townships.unit_codes)
        if everyone.get(code)
        and code not in known
        and not city.units[code].placed
        and cells[code[:6]] == 1
    ]
    people: Counter[str] = Counter()
    for code, count in everyone.items():
        people[code[:6]] += count
    seatless = Counter({county: 0 for _, county in wanted})
    for i, county in wanted:
        seatless[county] += everyone[townships.unit_codes[i]]
    wanted = [(i, county) for i, county in wanted if 2 * seatless[county] > people[county]]
    if not wanted:
        return []
    counties = city.boundaries("counties")
    shapes = onto(counties.shapes, WGS84, townships.crs, densify=False)
    areas = dict(zip(counties.codes, shapes, strict=True))
    return [(i, areas[county]) for i, county in wanted if county in areas]


@dataclass(frozen=True, eq=False)
class Shares:
    """Rows of people divided among units: which row, whose, how much of it, and what is said."""

    row: Ints
    unit: Int32s
    part: Floats
    notes: tuple[Said, ...]


def shared_out(city: City, townships: Townships, unit: Int32s) -> Shares:
    """People counted by place, divided where one cell stands for a county of many units.

    Nothing tells where in the county its units lie. As in the model all of them lie everywhere
    in it: people at any place are divided as the population table divides those of the county.

    Args:
        city: The city.
        townships: Its cells.
        unit: (n,) unit of the cell that each row lies in, -1 for none.
    """
    codes = townships.unit_codes
    try:
        everyone = people_by_township(city)[0]["all"]
    except InputError:
        everyone = {}  # a count by place needs no table, and none tells how to divide it
    of_cells = [city.units[codes[i]] for i in townships.cell_unit]
    over = [i for i, _ in _over_counties(city, of_cells, townships, everyone)]
    share = np.eye(len(codes))
    for cell in townships.cell_unit if over else ():
        several = [cell, *(i for i in over if codes[i][:6] == codes[cell][:6])]
        weight = np.array([everyone.get(codes[i], 0) for i in several], np.float64)
        share[cell, several] = weight / weight.sum() if len(several) > 1 else 1.0
    whose, part = np.append(np.nonzero(share)[1], -1), np.append(share[share > 0], 1.0)
    counts = np.append((share > 0).sum(axis=1), 1)
    first = np.cumsum(counts) - counts
    found = expand(first[unit], counts[unit])
    notes: tuple[Said, ...] = ()
    if over:
        names = _named(city, [codes[i] for i in over])
        notes = (
            Said(
                f"{len(over)}个单元没有界线，所在县区只有一片乡镇范围：各处的人按人口表的比例分给它们，"
                f"不代表各单元的实际位置：{names}。",
                "Units without a border in a county with a single cell share the people of every "
                f"place in it as the population table divides them: {len(over)} ({names}).",
            ),
        )
    row = np.repeat(np.arange(len(unit)), counts[unit])
    return Shares(row, whose[found].astype(np.int32), part[found], notes)


def _disc(
    seat: tuple[float, float], clip: BaseGeometry | None, radius: float
) -> tuple[Floats, Floats]:
    """Fine points within the radius of a seat, those inside `clip`; the seat if none is."""
    reach = math.ceil(radius / _FINE_M) * _FINE_M
    steps = np.arange(-reach, reach + _FINE_M / 2, _FINE_M)
    east, north = (grid.ravel() for grid in np.meshgrid(steps, steps))
    within = np.hypot(east, north) <= radius
    x, y = east[within] + seat[0], north[within] + seat[1]
    return (x, y) if clip is None else _inside(x, y, clip, seat)


def _lattice(cell: BaseGeometry, step: float, seat: tuple[float, float]) -> tuple[Floats, Floats]:
    """Points of the city's lattice inside a cell; the seat if none is."""
    # Whole multiples of the step, so that neighbours share one lattice and no point is two's.
    west, south, east, north = cell.bounds
    columns = np.arange(math.ceil(west / step), math.floor(east / step) + 1) * step
    rows = np.arange(math.ceil(south / step), math.floor(north / step) + 1) * step
    x, y = (grid.ravel() for grid in np.meshgrid(columns, rows))
    return _inside(x, y, cell, seat)


def _inside(
    x: Floats,
    y: Floats,
    cell: BaseGeometry,
    seat: tuple[float, float],
) -> tuple[Floats, Floats]:
    inside = shapely.contains_xy(cell, x, y)
    return (x[inside], y[inside]) if inside.any() else (np.array(seat[:1]), np.array(seat[1:]))


def _named(city: City, codes: Iterable[str]) -> str:
    """Names of units, the first ten of them."""
    names = [city.units.name(code) for code in codes]
    return "、".join(names[:10]) + ("…" if len(names) > 10 else "")


def _about_model(step_m: float, townships: Townships) -> Said:
    near, called = SEAT_RADIUS_M / 1000, townships.called
    sketched = Said("", "")
    if townships.approximate.any():
        sketched = Said("；近似格不是行政界线", ", which is not its boundary")
    return Said(
        f"乡镇内部的人口位置是模型：社区每个按{RESIDENTS_WEIGHT}、村每个按1折算，社区部分均匀放在"
        f"驻地{near:g}公里内（人口特别多的按每平方公里不超过{DENSEST_PER_KM2:,.0f}人放宽），其余按{step_m:g}米格点均匀铺满{called.zh}{sketched.zh}。"
        "有人口栅格或村居名单时请换用。",
        f"Where people live inside a township is a model: each residents' committee weighs "
        f"{RESIDENTS_WEIGHT} and each villagers' committee 1; the former's share is spread evenly "
        f"within {near:g} km of the seat (wider where more than {DENSEST_PER_KM2:,.0f} people a "
        f"km² would live there), the rest on points every {step_m:g} m over the "
        f"township's {called.en}{sketched.en}. A population grid or a list of villages is better.",
    )


def _about_years(city: City, figures: Collection[str]) -> list[Said]:
    years = {group: city.population.base_year(group) for group in figures}
    modelled = {
        group: sum(
            row.provenance == "modelled"
            for row in city.population.rows
            if (row.level, row.group, row.year) == ("township", group, year)
        )
        for group, year in years.items()
    }
    zh = "；".join(f"{g} {years[g]}年（{modelled[g]}个单元为模型数）" for g in years)
    en = "; ".join(f"{g} of {years[g]} ({modelled[g]} units modelled)" for g in years)
    return [Said(f"人口数取自人口表：{zh}。", f"Numbers of people are those of the table: {en}.")]


def _about_places(
    city: City, townships: Townships, outside: Collection[str], not_placed: dict[str, float]
) -> list[Said]:
    notes, called = [], townships.called
    if outside:
        names = _named(city, outside)
        notes.append(
            Said(
                f"驻地点落在{called.zh}之外，社区部分按整圆放置、未裁剪：{names}。",
                f"The seat lies outside the {called.en}, and the disc round it is not clipped: "
                f"{names}.",
            )
        )
    if not_placed:
        count, names = f"{sum(not_placed.values()):,.0f}", _named(city, not_placed)
        notes.append(
            Said(
                f"{len(not_placed)}个单元没有驻地点，{count}人计入总数但没有位置：{names}。",
                f"Units without a seat: {len(not_placed)}, with {count} people who count in the "
                f"total and have no place: {names}.",
            )
        )
    return notes


def _about_counties(city: City, codes: Sequence[str], everyone: dict[str, int]) -> list[Said]:
    if not codes:
        return []
    count, names = f"{sum(everyone[code] for code in codes):,}", _named(city, codes)
    return [
        Said(
            f"{len(codes)}个单元没有驻地点，所在县区又只有一片乡镇范围，{count}人均匀铺满全县区，"
            f"不代表各单元的实际位置：{names}。",
            f"Units without a seat in a county with a single cell: {len(codes)}, whose {count} "
            f"people are spread evenly over the county, wherever in it they live: {names}.",
        )
    ]


def _about_missing(city: City, everyone: Collection[str], left_out: Collection[str]) -> list[Said]:
    notes = []
    silent = [u.code for u in city.units.townships if u.code not in everyone]
    if silent:
        names = _named(city, silent)
        notes.append(
            Said(
                f"人口表缺以下乡镇（街道），其人口未计：{names}。",
                f"The population table lacks these townships, whose people are unknown: {names}.",
            )
        )
    if left_out:
        groups = "、".join(left_out)
        notes.append(
            Said(
                f"以下人群不是每个单元都有数字，未采用：{groups}。",
                f"Not every unit has a figure for these groups, which are left out: {groups}.",
            )
        )
    return notes
