"""Where people live, modelled from the township figures, for cities without a grid.

How the people of a township are spread over it is `coverage.demand.spread`'s to say: by its
committees, a residents' committee (社区) weighing 3.45 and a villagers' committee (村) 1 (the
weight that ``data/README.md`` calibrates), along its streets where they are mapped, round its seat,
or about in its cell. Where a county has one cell only, because no other seat of it is known and
most people live in the others, these are spread evenly over the county. Totals are those of the
population table to the person.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from coverage.demand.demand import Demand, model_files
from coverage.demand.spread import (
    DENSEST_PER_KM2,
    RESIDENTS_WEIGHT,
    ROADS_PART,
    SEAT_RADIUS_M,
    TOWN_LAND_M2,
    TOWN_PART,
    spread_people,
)
from coverage.demand.townships import Townships, named, people_by_township, read_townships
from coverage.errors import InputError
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from coverage.city import City
    from coverage.demand.spread import Way
    from coverage.roads.network import RoadNetwork

_MOST_POINTS = 20_000_000


def from_townships(
    city: City, *, step_m: float = 500.0, network: RoadNetwork | None = None
) -> Demand:
    """People of a city from its township figures, spread by the model of this module.

    Groups are ``all`` and every other group that each township with people has, each in its
    own base year. People of a unit without a cell are `Demand.not_placed`.

    Args:
        city: The city.
        step_m: Distance of points that lie evenly over a cell, metres.
        network: Streets and roads along which people live, if any are known.

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
    spread = spread_people(city, townships, figures["all"], step_m=step_m, network=network)
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
            *_about_model(spread.ways, step_m, townships),
            *_about_years(city, figures),
            *_about_places(city, townships, spread.seat_outside, not_placed["all"]),
            *_about_counties(city, spread.over_county, figures["all"]),
            *_about_missing(city, figures["all"], left_out),
        ),
    )


def _check_step(step_m: float) -> None:
    if not (math.isfinite(step_m) and step_m > 0):
        raise InputError(
            Said(
                f"step_m = {step_m} 须为大于 0 的米数",
                f"step_m = {step_m} is no distance: expected metres above 0",
            )
        )


def _about_model(
    ways: Mapping[Way, Sequence[str]], step_m: float, townships: Townships
) -> list[Said]:
    """What was done, of as many townships as it was done of, and nothing that was not."""
    near, called = SEAT_RADIUS_M / 1000, townships.called
    town, roads = f"{TOWN_PART:.0%}", f"{ROADS_PART:.0%}"
    evenly = Said(f"按{step_m:g}米格点均匀铺满{called.zh}", f"evenly over its {called.en}")
    said: dict[Way, Said] = {
        "listed": Said(
            f"社区每个按{RESIDENTS_WEIGHT}、村每个按1折算，社区部分均匀放在驻地{near:g}公里内（人口"
            f"特别多的按每平方公里不超过{DENSEST_PER_KM2:,.0f}人放宽），其余{evenly.zh}",
            f"each residents' committee weighs {RESIDENTS_WEIGHT} and each villagers' committee 1; "
            f"the former's share is spread evenly within {near:g} km of the seat (wider where more "
            f"than {DENSEST_PER_KM2:,.0f} people a km² would live there), the rest on points every "
            f"{step_m:g} m {evenly.en}",
        ),
        "listed_streets": Said(
            f"社区每个按{RESIDENTS_WEIGHT}、村每个按1折算，社区部分放在驻地附近的街道，其余沿别处的街道"
            "，街道密处人多",
            f"each residents' committee weighs {RESIDENTS_WEIGHT} and each villagers' committee 1; "
            "the former's share lives along the streets near the seat, the rest along the others, "
            "more of them where streets are dense",
        ),
        "streets": Said(
            "没有村居名单，沿街道放置，街道密处人多；图上没有街道的村庄没有人",
            "no villages are listed: people live along its streets, more of them where streets are "
            "dense, and none in villages whose streets are not mapped",
        ),
        "seat": Said(
            f"没有村居名单，也没有街巷：{town}放在驻地周围（人均用地{TOWN_LAND_M2:g}平方米），其余的"
            f"{roads}沿乡镇间道路，再其余{evenly.zh}",
            f"no villages are listed and no streets are mapped: {town} live round its seat (on "
            f"{TOWN_LAND_M2:g} m² of land each), of the others {roads} along roads, the rest "
            f"{evenly.en}",
        ),
        "cell": Said(
            f"没有驻地点，也没有街巷：{roads}沿乡镇间道路（有路的），其余{evenly.zh}",
            f"no seat is known and no streets are mapped: {roads} live along roads where there "
            f"are any, the rest {evenly.en}",
        ),
    }
    done = [(said[way], len(codes)) for way, codes in ways.items()]
    if not done:
        return []
    zh = "；".join(f"{count}个乡镇：{one.zh}" for one, count in done)
    en = "; ".join(f"in {count} townships, {one.en}" for one, count in done)
    sketched = Said("", "")
    if townships.approximate.any():
        sketched = Said("；近似格不是行政界线", ". An approximate cell is no boundary")
    return [
        Said(
            f"乡镇内部的人口位置是模型：{zh}{sketched.zh}。有人口栅格或村居位置时请换用。",
            f"Where people live inside a township is a model: {en}{sketched.en}. A population "
            "grid or the places of villages are better.",
        )
    ]


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
        names = named(city, outside)
        notes.append(
            Said(
                f"驻地点落在{called.zh}之外，社区部分按整圆放置、未裁剪：{names}。",
                f"The seat lies outside the {called.en}, and the disc round it is not clipped: "
                f"{names}.",
            )
        )
    if not_placed:
        count, names = f"{sum(not_placed.values()):,.0f}", named(city, not_placed)
        notes.append(
            Said(
                f"{len(not_placed)}个单元位置不详，{count}人计入总数但没有位置：{names}。",
                f"Units whose place is unknown: {len(not_placed)}, with {count} people who count "
                f"in the total and have no place: {names}.",
            )
        )
    return notes


def _about_counties(city: City, codes: Sequence[str], everyone: dict[str, int]) -> list[Said]:
    if not codes:
        return []
    count, names = f"{sum(everyone[code] for code in codes):,}", named(city, codes)
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
        names = named(city, silent)
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
