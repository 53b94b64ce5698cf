"""What each source of a city holds and lacks: sentences, marks, and its newest day or year."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from coverage.groups import people_of
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Callable

    from coverage.city import City
    from coverage.workspace import Role

Mark: TypeAlias = Literal["approximate", "illustrative", "modelled", "incomplete"]

_SHOWN = 4


@dataclass
class Holding:
    """What was found of a source.

    Attributes:
        said: What it holds and lacks.
        marks: What else is true of it.
        date: The newest day or year in it, empty where it says none.
    """

    said: list[Said] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    date: str = ""

    def say(self, zh: str, en: str, mark: Mark | None = None) -> None:
        """Add a sentence, and the mark that goes with it."""
        self.said.append(Said(zh, en))
        if mark is not None and mark not in self.marks:
            self.marks.append(mark)


def _plan(found: Holding, city: City) -> None:
    plan = city.plan
    count, title = len(plan.indicators), plan.title_en or plan.title
    found.say(f"{plan.title}，{count} 项指标", f"{title}, {count} indicators")
    found.date = str(max((t.year for i in plan.indicators for t in i.targets), default=""))


def _facilities(found: Holding, city: City) -> None:
    rows, made_up = city.register.facilities, city.register.provenance["illustrative"]
    placed = sum(f.placed for f in rows)
    found.say(
        f"{len(rows):,} 处，{placed:,} 处有坐标",
        f"{len(rows):,} facilities, {placed:,} with coordinates",
    )
    if made_up:
        text = f"{made_up:,}"
        found.say(
            f"{text} 行为示意，不是事实", f"{text} rows are made up and no fact", "illustrative"
        )
    if placed < len(rows):
        found.marks.append("approximate")
    opened = [f.opened for f in rows if f.opened and f.provenance != "illustrative"]
    found.date = max(opened).isoformat() if opened else ""


def _population(found: Holding, city: City) -> None:
    population = city.population
    year = population.base_year("all")
    if year:
        found.say(f"乡镇人口以 {year} 年为准", f"township figures of {year}")
    towns = [r for r in population.rows if r.level == "township"]
    for group in ("all", "60+"):
        zh, en = people_of(group)
        base = population.base_year(group)
        known = {r.unit_code: r.provenance for r in towns if (r.group, r.year) == (group, base)}
        lost = sum(u.code not in known for u in city.units.townships)
        modelled = sum(p == "modelled" for p in known.values())
        if not known or lost:
            found.say(
                f"{lost} 个乡镇没有{zh}", f"{lost} townships have no figure ({en})", "incomplete"
            )
        if modelled:
            found.say(f"{modelled} 个乡镇的{zh}为推算", f"{modelled} modelled ({en})", "modelled")
    found.date = str(max((r.year for r in towns), default=""))


def _people(found: Holding, city: City) -> None:
    name = city.file("people").name
    found.say(f"用 {name}", f"read from {name}")


def _units(found: Holding, city: City) -> None:
    towns = city.units.townships
    found.say(f"{len(towns)} 个乡镇（街道）", f"{len(towns)} townships")
    lost = [u.name for u in towns if not u.placed]
    if lost:
        shown = "、".join(lost[:_SHOWN]) + ("…" if len(lost) > _SHOWN else "")
        zh, en = f"{len(lost)} 个驻地不详：{shown}", f"{len(lost)} without a place: {shown}"
        found.say(zh, en, "incomplete")


def _villages(found: Holding, city: City) -> None:
    villages = city.units.villages
    found.say(f"{len(villages):,} 个村（社区）", f"{len(villages):,} villages")
    held = {v.parent for v in villages}
    bare = sum(u.code not in held for u in city.units.townships)
    if bare:
        found.say(f"{bare} 个乡镇没有村居", f"{bare} townships have none", "incomplete")


def _counties(found: Holding, city: City) -> None:
    _polygons(found, city, "counties", {u.code for u in city.units.counties})


def _townships(found: Holding, city: City) -> None:
    _polygons(found, city, "townships", {u.code for u in city.units.townships})


def _polygons(found: Holding, city: City, role: Role, wanted: set[str]) -> None:
    known = city.boundaries(role)
    count, near = len(known.codes), sum(known.approximate)
    found.say(f"{count} 个多边形", f"{count} polygons")
    lost = len(wanted - set(known.codes))
    if near:
        zh, en = f"{near} 个为近似格，不是界线", f"{near} are approximate cells and no boundaries"
        found.say(zh, en, "approximate")
    if lost:
        found.say(f"{lost} 个单元没有多边形", f"{lost} units have no polygon", "incomplete")


def _roads(found: Holding, city: City) -> None:
    if city.origin("roads") == "own":
        name = city.file("roads").name
        found.say(f"用 {name}", f"read from {name}")
    else:
        found.say("只有主干道，没有街巷", "main roads only, no streets", "approximate")


LOOKS: dict[Role, Callable[[Holding, City], None]] = {
    "plan": _plan,
    "facilities": _facilities,
    "population": _population,
    "people": _people,
    "units": _units,
    "villages": _villages,
    "counties": _counties,
    "townships": _townships,
    "roads": _roads,
}


def look(city: City, role: Role) -> Holding:
    """What a city's source of a role holds.

    Raises:
        ValueError: If it cannot be read; its reader may raise other exceptions too.
    """
    found = Holding()
    LOOKS[role](found, city)
    return found
