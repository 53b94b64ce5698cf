"""What each source of a city holds and lacks: sentences, marks, and its newest day or year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from coverage.groups import people_of
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Callable

    from coverage.city import City
    from coverage.workspace import Role

Mark: TypeAlias = Literal["approximate", "illustrative", "modelled", "incomplete"]
Look: TypeAlias = tuple[list[Said], list[Mark], str]

_SHOWN = 4


def _look_plan(city: City) -> Look:
    plan = city.plan
    years = [t.year for i in plan.indicators for t in i.targets]
    said = Said(
        f"{plan.title}，{len(plan.indicators)} 项指标",
        f"{plan.title_en or plan.title}, {len(plan.indicators)} indicators",
    )
    return [said], [], f"{max(years)}" if years else ""


def _look_facilities(city: City) -> Look:
    register = city.register
    rows, counts = register.facilities, register.provenance
    placed = sum(f.placed for f in rows)
    said = [
        Said(
            f"{len(rows):,} 处，{placed:,} 处有坐标",
            f"{len(rows):,} facilities, {placed:,} with coordinates",
        )
    ]
    marks: list[Mark] = []
    if counts["illustrative"]:
        marks.append("illustrative")
        n = counts["illustrative"]
        said.append(Said(f"{n:,} 行为示意，不是事实", f"{n:,} rows are made up and no fact"))
    if placed < len(rows):
        marks.append("approximate")
    opened = [f.opened for f in rows if f.opened and f.provenance != "illustrative"]
    return said, marks, max(opened).isoformat() if opened else ""


def _look_population(city: City) -> Look:
    population = city.population
    said, marks, year = [], list[Mark](), population.base_year("all")
    for group in ("all", "60+"):
        zh, en = people_of(group)
        base = population.base_year(group)
        codes = {
            r.unit_code: r.provenance
            for r in population.rows
            if r.group == group and r.year == base and r.level == "township"
        }
        lost = sum(u.code not in codes for u in city.units.townships)
        modelled = sum(p == "modelled" for p in codes.values())
        if not codes or lost:
            marks.append("incomplete")
            said.append(Said(f"{lost} 个乡镇没有{zh}", f"{lost} townships have no figure ({en})"))
        if modelled:
            marks.append("modelled")
            said.append(Said(f"{modelled} 个乡镇的{zh}为推算", f"{modelled} modelled ({en})"))
    years = [r.year for r in population.rows if r.level == "township"]
    if year:
        said.insert(0, Said(f"乡镇人口以 {year} 年为准", f"township figures of {year}"))
    return said, list(dict.fromkeys(marks)), f"{max(years)}" if years else ""


def _look_people(city: City) -> Look:
    path = city.file("people")
    return [Said(f"用 {path.name}", f"read from {path.name}")], [], ""


def _look_units(city: City) -> Look:
    towns = city.units.townships
    lost = [u.name for u in towns if not u.placed]
    said = [Said(f"{len(towns)} 个乡镇（街道）", f"{len(towns)} townships")]
    if lost:
        shown = "、".join(lost[:_SHOWN]) + ("…" if len(lost) > _SHOWN else "")
        said.append(
            Said(f"{len(lost)} 个驻地不详：{shown}", f"{len(lost)} without a place: {shown}")
        )
    return said, ["incomplete"] if lost else [], ""


def _look_villages(city: City) -> Look:
    villages, towns = city.units.villages, city.units.townships
    held = {v.parent for v in villages}
    bare = [u.name for u in towns if u.code not in held]
    said = [Said(f"{len(villages):,} 个村（社区）", f"{len(villages):,} villages")]
    if bare:
        said.append(Said(f"{len(bare)} 个乡镇没有村居", f"{len(bare)} townships have none"))
    return said, ["incomplete"] if bare else [], ""


def _look_counties(city: City) -> Look:
    return _look_polygons(city, "counties", {u.code for u in city.units.counties})


def _look_townships(city: City) -> Look:
    return _look_polygons(city, "townships", {u.code for u in city.units.townships})


def _look_polygons(city: City, role: Role, wanted: set[str]) -> Look:
    # Imported here: this page is wanted for cities without polygons, too.
    from coverage.demand.townships import qualities

    quality = qualities(city.file(role))
    said = [Said(f"{len(quality)} 个多边形", f"{len(quality)} polygons")]
    marks: list[Mark] = []
    near = sum(q == "approximate" for q in quality.values())
    if near:
        marks.append("approximate")
        said.append(
            Said(f"{near} 个为近似格，不是界线", f"{near} are approximate cells and no boundaries")
        )
    lost = len(wanted - quality.keys())
    if lost:
        marks.append("incomplete")
        said.append(Said(f"{lost} 个单元没有多边形", f"{lost} units have no polygon"))
    return said, marks, ""


def _look_roads(city: City) -> Look:
    if city.origin("roads") == "own":
        path = city.file("roads")
        return [Said(f"用 {path.name}", f"read from {path.name}")], [], ""
    coarse = Said("只有主干道，没有街巷", "main roads only, no streets")
    return [coarse], ["approximate"], ""


LOOKS: dict[Role, Callable[[City], Look]] = {
    "plan": _look_plan,
    "facilities": _look_facilities,
    "population": _look_population,
    "people": _look_people,
    "units": _look_units,
    "villages": _look_villages,
    "counties": _look_counties,
    "townships": _look_townships,
    "roads": _look_roads,
}
