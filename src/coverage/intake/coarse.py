"""Where data are too coarse for a figure of people by road to mean anything, said loudly."""

from __future__ import annotations

import math
from collections import Counter
from statistics import median
from typing import TYPE_CHECKING

from coverage.demand.spread import spread_people
from coverage.demand.townships import people_by_township, read_townships
from coverage.messages import Said
from coverage.roads.sources import load

if TYPE_CHECKING:
    from coverage.city import City
    from coverage.roads.network import RoadNetwork

CIRCLE_KM2 = math.pi  # on foot in 15 minutes one comes about a kilometre far
_MUCH_LARGER = 5.0
_STEP_M = 500.0


def spread_too_wide(city: City) -> tuple[Said, ...]:
    """Townships whose villagers are spread over much more ground than a 15-minute circle.

    Raises:
        InputError: If people, boundaries or roads cannot be read.
    """
    if city.people is not None:
        return ()
    townships = read_townships(city)
    everyone = people_by_township(city)[0]["all"]
    spread = spread_people(city, townships, everyone, step_m=_STEP_M, network=_roads(city))
    blind = {code for way in ("listed", "seat", "cell") for code in spread.ways.get(way, ())}
    areas = {
        townships.unit_codes[i]: cell.area / 1e6
        for i, cell in zip(townships.cell_unit, townships.cells, strict=True)
    }
    wide = [areas[code] for code in blind if areas[code] > _MUCH_LARGER * CIRCLE_KM2]
    if not wide:
        return ()
    count, middle, circle = len(wide), f"{median(wide):,.0f}", f"{CIRCLE_KM2:.0f}"
    said = Said(
        f"{count} 个乡镇既没有村居位置也没有街巷，镇区以外的人铺在大得多的范围里（中位 {middle} "
        f"平方公里，15 分钟步行圈约 {circle} 平方公里）：步行可达率不说明实际，只看区间",
        f"in {count} townships neither places of villages nor streets are known: people outside "
        f"the town are spread over {middle} km² (the middle one; a 15-minute circle on foot has "
        f"some {circle}): shares on foot mean nothing but their range",
    )
    return (said,)


def stacked(city: City) -> tuple[Said, ...]:
    """Facilities of one kind that stand on each other at a seat, for want of coordinates."""
    units = city.units
    at = Counter(
        (f.kind, f.unit_code[:9])
        for f in city.register.facilities
        if not f.placed and (u := units.get(f.unit_code[:9])) is not None and u.placed
    )
    if not at:
        return ()
    count, seats = sum(at.values()), len({code for _, code in at})
    piled = sum(n for n in at.values() if n > 1)
    said = Said(
        f"{count:,} 处设施没有坐标，都放在 {seats} 个乡镇驻地，其中 {piled:,} 处与同类设施叠在"
        "一点：服务圈重在一起，可达率可高可低",
        f"{count:,} facilities without coordinates stand at {seats} seats, {piled:,} of them on "
        "one spot with others of their kind: their circles are one; shares may be off either way",
    )
    return (said,)


def _roads(city: City) -> RoadNetwork | None:
    return None if city.origin("roads") == "missing" else load(city.roads)
