"""What travel times put on a map: areas reached, people not reached, shares by township."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from coverage.datum import unproject
from coverage.groups import label, people_of
from coverage.kinds import KINDS
from coverage.maps.themes import scale_for, value_class, value_shading
from coverage.maps.view import Crowd, Mark, Ring, Theme
from coverage.reach.draw import shapes_of
from coverage.reach.people import off_road_of
from coverage.results import figures
from coverage.results.circles import Circles, Measured, PeopleRow, limit_name
from coverage.travel.off_road import mark_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coverage.city import City
    from coverage.messages import Lang
    from coverage.reach.service import ServiceTimes

# Fine enough for a street map; circles for measuring are those of `coverage circle`.
STEP_M = 50.0
_SQUARE_M = 2_000.0
_BREAKS = (50, 200, 500)
REACH = "reach"


def group_name(group: str, lang: Lang) -> str:
    """A population group in words."""
    return label(group).zh if lang == "zh" else people_of(group).en


def rings_of(
    times: ServiceTimes, reach: Circles, *, lang: Lang, step_m: float = STEP_M
) -> tuple[Ring, ...]:
    """The areas reached within each limit by any of the facilities, the largest first."""
    shapes = shapes_of(times, how="dissolve", step_m=step_m).ravel()
    group, mark = reach.main_group, mark_of(off_road_of(times)).to(lang)
    rings = []
    for rank, (limit, shape) in enumerate(zip(times.limits_s, shapes, strict=True)):
        row = reach.rows("city", group, limit_name(times, limit, "en"))[0]
        rings.append(
            Ring(
                label=limit_name(times, limit, lang),
                text=f"{group_name(group, lang)} {_reached(row, lang)}",
                share=figures.shown(row.share, lang, percent=True),
                shape=_in_degrees(shape, times.network.crs),
                rank=rank,
                mark=mark,
            )
        )
    return tuple(reversed(rings))


def _reached(row: PeopleRow, lang: Lang) -> str:
    share = figures.shown(row.share, lang, percent=True)
    return f"{people(row.reached, lang)}/{people(row.total, lang)} {share}"


def people(value: Measured, lang: Lang) -> str:
    """A number of people, whole as people are."""
    return figures.shown(round(value) if isinstance(value, float) else value, lang)


def _in_degrees(shape: Any, crs: str) -> Any:
    def move(corners: Any) -> Any:
        return np.column_stack(unproject(corners[:, 0], corners[:, 1], crs))

    return shapely.transform(shape, move)


def crowd_of(times: ServiceTimes, reach: Circles, *, lang: Lang, hidden: frozenset[str]) -> Crowd:
    """People beyond the largest limit, summed on squares of 2 km.

    Args:
        times: Travel times.
        reach: Their data, from which the total is printed.
        lang: Language.
        hidden: Townships whose figures are kept back, and with them their squares.
    """
    group, limit = reach.main_group, max(times.limits_s)
    demand = times.demand
    shown = np.array([code not in hidden for code in demand.unit_codes] + [True])
    far = np.flatnonzero((times.seconds > limit) & shown[demand.unit])
    x, y = demand.x[far], demand.y[far]
    column, row = np.floor(x / _SQUARE_M), np.floor(y / _SQUARE_M)
    cells, of_cell = np.unique(np.column_stack([column, row]), axis=0, return_inverse=True)
    count = np.bincount(of_cell.ravel(), demand.people[group][far], minlength=len(cells))
    some = count >= 1
    middles = (cells[some] + 0.5) * _SQUARE_M
    lon, lat = unproject(middles[:, 0], middles[:, 1], demand.crs)
    who, words = group_name(group, lang), limit_name(times, limit, lang)
    (whole,) = reach.rows("city", group, limit_name(times, limit, "en"))
    zh = lang == "zh"
    return Crowd(
        title=f"{words}未达的人（{who}，2 公里格）"
        if zh
        else f"Beyond {words} ({who}, 2 km squares)",
        labels=tuple(_class_labels(lang)),
        lon=lon,
        lat=lat,
        class_=np.searchsorted(_BREAKS, count[some], side="right"),
        text=(f"{people(whole.not_reached, lang)} 人" if zh else people(whole.not_reached, lang)),
    )


def _class_labels(lang: Lang) -> list[str]:
    unit = " 人" if lang == "zh" else ""
    edges = [f"{a:,}–<{b:,}{unit}" for a, b in pairwise(_BREAKS)]
    return [f"<{_BREAKS[0]}{unit}", *edges, f"≥{_BREAKS[-1]}{unit}"]


def reach_title(kinds: Sequence[str], services: Sequence[str], limit: str, lang: Lang) -> str:
    """What a share of people reached is of: who can be where within which limit."""
    names = [KINDS[k].zh if lang == "zh" else KINDS[k].en for k in kinds]
    listed = ("、" if lang == "zh" else ", ").join(names)
    if services:
        listed += f"（{'、'.join(services)}）" if lang == "zh" else " (full service)"
    return f"{limit}可达比例：{listed}" if lang == "zh" else f"Reached within {limit}: {listed}"


def reach_scales(reaches: Sequence[Circles]) -> dict[str, tuple[int, ...]]:
    """Breaks for townships and counties that suit every stage of a map."""
    values: dict[str, list[Any]] = {"township": [], "county": []}
    for reach in reaches:
        last = reach.limits[-1]
        for level, found in values.items():
            rows = reach.rows(level, reach.main_group, last)
            found += [figures.exact(row.share) for row in rows]
    return {level: scale_for(found) for level, found in values.items()}


def reach_theme(
    city: City,
    times: ServiceTimes,
    reach: Circles,
    *,
    services: Sequence[str],
    lang: Lang,
    outlined: frozenset[str],
    scales: Mapping[str, Sequence[int]],
) -> Theme:
    """Townships and counties shaded by the share of people within the largest limit.

    Args:
        city: The city.
        times: Travel times.
        reach: Their data.
        services: Services asked for, named in the title.
        lang: Language.
        outlined: Codes of the units with an outline.
        scales: Breaks by level, as `reach_scales` finds them.
    """
    group, limit = reach.main_group, max(times.limits_s)
    name = limit_name(times, limit, "en")
    shadings = []
    for level in ("township", "county"):
        rows = {row.code: row for row in reach.rows(level, group, name)}
        values = {code: figures.exact(row.share) for code, row in rows.items()}
        breaks = scales[level]
        marks = {
            code: Mark(value_class(values[code], breaks), _reached(row, lang))
            for code, row in rows.items()
        }
        shadings.append(value_shading(level, marks, breaks, lang, city, outlined))
    whole = reach.rows("city", group, name)[0]
    return Theme(
        id=REACH,
        title=reach_title(times.kinds, services, limit_name(times, limit, lang), lang)
        + mark_of(off_road_of(times)).to(lang),
        headline=f"{group_name(group, lang)} {_reached(whole, lang)}",
        status="",
        kinds=times.kinds,
        illustrative=reach.illustrative,
        shadings=tuple(shadings),
        counting=frozenset(f.id for f in times.sites.facilities),
        notes=reach.notes,
    )
