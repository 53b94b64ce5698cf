"""What a reader must know about a city's data before quoting a number made from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coverage.groups import people_of
from coverage.messages import Said
from coverage.workspace import ROLE_NAMES

if TYPE_CHECKING:
    from coverage.city import City


def caveats(city: City) -> list[Said]:
    """Which files are the planner's own, which places are approximate, which people modelled."""
    return [*_workspace_notes(city), *_place_notes(city), *_people_notes(city)]


def _workspace_notes(city: City) -> list[Said]:
    """Which files are the planner's own, and which fall back to the shipped data."""
    if city.workspace is None:
        return []
    names: dict[str, list[tuple[str, str]]] = {"own": [], "shipped": [], "missing": []}
    for role, name in ROLE_NAMES.items():
        if role != "people":
            names[city.origin(role)].append(name)
    zh = {k: "、".join(n[0] for n in v) or "无" for k, v in names.items()}
    en = {k: ", ".join(n[1] for n in v) or "none" for k, v in names.items()}
    return [
        Said(
            f"工作区 {city.workspace.folder.name}：自有 {zh['own']}；用随附数据 {zh['shipped']}；"
            f"缺 {zh['missing']}",
            f"workspace {city.workspace.folder.name}: own {en['own']}; shipped {en['shipped']}; "
            f"missing {en['missing']}",
        )
    ]


def _border_notes(city: City) -> list[Said]:
    """Which borders of townships are cells around seats, or whether there are any borders."""
    whose = city.origin("townships")
    if whose == "missing":
        return []  # the workspace says so, or nothing rests on them
    cells, count = 1, 1  # all that ship; to look would load shapely, which a report can do without
    if whose == "own":
        found = city.boundaries("townships").approximate
        cells, count = sum(found), len(found)
    if cells == count:
        return [
            Said(
                "乡镇界线为近似：以政府驻地（GeoNames）最近划分，待换成正式界线",
                "township boundaries are approximate: cells nearest to each seat (GeoNames), "
                "until official ones replace them",
            )
        ]
    said = Said(
        f"{count} 个乡镇界线中有 {cells} 个为近似格，其余为正式界线",
        f"{cells} of {count} township boundaries are approximate cells, the others are official",
    )
    return [said] if cells else []


def _place_notes(city: City) -> list[Said]:
    notes = _border_notes(city)
    lost = [unit.name for unit in city.units.townships if not unit.placed]
    if lost:
        notes.append(
            Said(
                f"{len(lost)} 个乡镇（街道）驻地位置不详，计入比率但不上图：{'、'.join(lost)}",
                f"{len(lost)} townships have no known place; they count in every ratio and are "
                f"left off maps: {', '.join(lost)}",
            )
        )
    rest = len(city.units.township_rows) - len(city.units.townships)
    if rest:
        notes.append(
            Said(
                f"区划代码表共 {len(city.units.township_rows)} 行，其中 {rest} 个为林场、园区等"
                f"统计单元，不作为乡镇；比率按 {len(city.units.townships)} 个乡镇（街道）计",
                f"the code list has {len(city.units.township_rows)} rows; {rest} are statistical "
                f"units (forest farms, zones) and no townships; ratios count "
                f"{len(city.units.townships)}",
            )
        )
    own = city.plan.counted("township")
    if own and own.count != len(city.units.townships):
        notes.append(
            Said(
                f"规划按 {own.count} 个乡镇（街道）计（{own.clause}），"
                f"现行区划为 {len(city.units.townships)} 个，两者并列",
                f"the plan counts {own.count} townships ({own.clause}), today there are "
                f"{len(city.units.townships)}: both are given",
            )
        )
    return notes


def _people_notes(city: City) -> list[Said]:
    notes = []
    for group in ("all", "60+"):
        year = city.population.base_year(group)
        rows = [
            r
            for r in city.population.rows
            if r.group == group and r.year == year and r.level == "township"
        ]
        if not rows:
            if group == "all":
                notes.append(
                    Said("没有乡镇人口数据，缺口未按人口排序", "no township population is known")
                )
            continue
        modelled = sum(r.provenance == "modelled" for r in rows)
        if modelled:
            who = people_of(group)
            notes.append(
                Said(
                    f"乡镇{who.zh}（{year} 年）有 {modelled} 个为模型推算，见 data/README.md",
                    f"{who.en} by township ({year}): {modelled} figures are modelled, see "
                    "data/README.md",
                )
            )
    return notes
