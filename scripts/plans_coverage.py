"""Write docs/plans-coverage.md: each obligation of the plans, and whether it is computed.

python scripts/plans_coverage.py [--check]

The obligations stand in docs/plans-coverage.csv: what each asks for, and the indicators that
answer it. Whether they do is not stated there but tried: a made-up register that is just as the
clause asks must give a value, and one that differs in the one thing asked for must not.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from coverage.city import City
from coverage.clauses import BY_ROAD, LEVELS
from coverage.counts import units_bound
from coverage.facilities import Facility, Register
from coverage.indicators import CODE_LENGTH, codes_of
from coverage.kinds import KINDS
from coverage.measures import measure
from coverage.people_of_year import people_of_year
from coverage.population import People, Population
from coverage.verdicts import judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from fractions import Fraction

    from coverage.plans import PlanIndicator

DOCS = Path(__file__).parents[1] / "docs"
LIST, PAGE = DOCS / "plans-coverage.csv", DOCS / "plans-coverage.md"
CLASSES = ("computed", "partly", "shown", "missing")
CITIES = ("441700", "442000", "441800", "360203", "440700")

NOTE = "<!-- Made by scripts/plans_coverage.py from the list beside it and the code. -->"
HEAD = "| clause | obligation | indicator | class | what is left |"
MEANT = """An obligation is **computed** where a register (and people, and roads) that is just as
the clause asks gives its value, and one that differs in what is asked for does not; **partly**
where something that it asks for makes no difference; **shown** where the plan's words and numbers
are reported and no register tells them; **missing** where the library has no indicator. The classes
are tried on made-up registers and not written by hand. What the registers that ship hold is another
matter, which the report says."""


class Obligation(NamedTuple):
    """One obligation, as the list states it."""

    plan: str
    clause: str
    obligation: str
    indicators: tuple[str, ...]
    asks: tuple[str, ...]
    needs: str


def obligations() -> list[Obligation]:
    """Every obligation of the list."""
    with LIST.open(encoding="utf-8", newline="") as file:
        return [
            Obligation(
                r["plan"],
                r["clause"],
                r["obligation"],
                tuple(filter(None, r["indicators"].split(";"))),
                tuple(filter(None, r["asks"].split(";"))),
                r["needs"],
            )
            for r in csv.DictReader(file)
        ]


class Trial:
    """One indicator tried on made-up registers."""

    def __init__(self, city: City, indicator: PlanIndicator) -> None:
        self.indicator, self.match = indicator, indicator.match
        self.year = city.plan.end
        self.city = self._with_people(city)
        self.ideal = tuple(self._ideal()) if indicator.measure not in BY_ROAD else ()

    def _with_people(self, city: City) -> City:
        """The city with people for every ratio, so that only the register is on trial."""
        made = City(city.label, city.folder)
        group = self.match.group if self.match.share == "per_person" else "60+"
        own = [
            People(city.code, "city", g, self.year, 100, "published") for g in (group, "households")
        ]
        made.population = Population((*city.population.rows, *own))
        return made

    def value(self, rows: tuple[Facility, ...]) -> Fraction | None:
        """What the indicator finds in a register."""
        return measure(self.city, Register(rows), self.indicator, self.year).value

    def computed(self) -> bool:
        """Whether a register that is as the clause asks gives the value that it should."""
        if self.indicator.measure in BY_ROAD:
            return bool(self.match.kinds)
        found = self.value(self.ideal)
        shares = self.indicator.measure in {"unit_share", "facility_share", "network"}
        return found is not None and (found == 100 if shares else found > 0)

    def answers(self, ask: str) -> bool:
        """Whether the one thing asked for makes a difference."""
        name, _, word = ask.partition("=")
        if name == "level":
            return self.indicator.level == word and self._counts_units()
        if name in {"rule", "every", "bound"}:
            return self._judged(name)
        if name in {"people", "forecast"}:
            return self._people(name)
        if name in {"profile", "minutes", "group"} or self.indicator.measure in BY_ROAD:
            return name in _KNOWN and bool(getattr(self.match, name))
        change = _CHANGES.get(name)
        if change is None or (name not in {"kinds", "share"} and not getattr(self.match, name)):
            return False
        before, after = self.value(self.ideal), self.value(tuple(change(self, self.ideal)))
        return before is not None and (after is None or after < before)

    def _counts_units(self) -> bool:
        units, _ = units_bound(self.city, self.indicator, self.year)
        found = measure(self.city, Register(self.ideal), self.indicator, self.year)
        return found.denominator == len(units)

    def _judged(self, name: str) -> bool:
        plan, targets = self.city.plan, self.indicator.targets
        if name == "every":
            years = {t.year for t in targets if t.every}
            return years == set(range(plan.start, plan.end + 1))
        found = measure(self.city, Register(self.ideal), self.indicator, self.year)
        if name == "bound":
            some = [judge(found, t, due=True, bound=self.match.bound).met for t in targets if t.op]
            return some[:1] == [None]
        sized = [t for t in targets if t.rule == "size" and t.value is not None]
        more = [replace(found, numerator=2 * t.value, denominator=None) for t in sized if t.value]
        return bool(sized) and not any(
            judge(m, t, due=True).met for m, t in zip(more, sized, strict=True)
        )

    def _people(self, name: str) -> bool:
        plain = people_of_year(City(self.city.label, self.city.folder), "60+", self.year)
        own = {f.count for f in self.city.plan.forecasts}
        if name == "forecast":
            return plain is not None and plain.count in own
        # Of 100 made-up people of that year, unless the plan itself foresees how many there are.
        found = measure(self.city, Register(self.ideal), self.indicator, self.year)
        return found.denominator in {100, *own}

    def _ideal(self) -> Iterator[Facility]:
        match, level = self.match, self.indicator.level
        if self.indicator.measure == "network":
            for n, tier in enumerate(match.tiers):
                codes = {u.code[: CODE_LENGTH.get(tier, 6)] for u in self.units()}
                for code in {self.city.code} if tier == "city" else codes:
                    yield self._row(f"{n}-{code}", code, tier)
        elif self.indicator.measure == "unit_share" and level != "city":
            for unit in self.units():
                for n in range(match.at_least):
                    yield self._row(f"{n}-{unit.code}", unit.code, *match.tiers[:1])
        else:
            inside = codes_of(match.inside, self.city)
            code = (inside or [self.city.units.villages[0].code])[0]
            own = match.tiers[:1]
            yield self._row("1", self.city.code if own == ("city",) else code, *own)
            if match.beside:
                yield Facility("2", "乙", match.beside[0], code)

    def units(self) -> list[Any]:
        """Units that the clause binds."""
        return list(units_bound(self.city, self.indicator, self.year)[0])

    def _row(self, id_: str, code: str, tier: str = "") -> Facility:
        match = self.match
        return Facility(
            id_,
            (*match.names, "甲")[0],
            match.kinds[0],
            code,
            category=(*match.categories, "")[0],
            tier=tier or self._tier_of(code),
            services=frozenset((*match.services, *match.services_of)),
            beds=900,
            nursing_beds=800,
            floor_area=9e5,
            ownership=(*match.ownership_of, *match.ownership, "")[0],
            opened=date(self.year, 1, 1),
            land_area=9e5,
            capacity_total=900,
            grade=(*match.grades_of, "")[0],
            partner="丙",
        )

    def _tier_of(self, code: str) -> str:
        return next((level for level, n in CODE_LENGTH.items() if n == len(code)), "")


def _each(**change: Any) -> Callable[[Trial, tuple[Facility, ...]], Iterator[Facility]]:
    def changed(_trial: Trial, rows: tuple[Facility, ...]) -> Iterator[Facility]:
        for row in rows:
            yield replace(row, **change)

    return changed


def _another_tier(trial: Trial, rows: tuple[Facility, ...]) -> Iterator[Facility]:
    others = [level for level in LEVELS if level not in trial.match.tiers]
    if trial.indicator.measure == "network":  # the topmost tier is missing
        return (row for row in rows if row.tier != trial.match.tiers[0])
    return (replace(row, tier=others[-1]) for row in rows)


def _another_kind(trial: Trial, rows: tuple[Facility, ...]) -> Iterator[Facility]:
    kind = next(k for k in KINDS if k not in trial.match.kinds)
    return (replace(row, kind=kind) for row in rows)


def _elsewhere(trial: Trial, rows: tuple[Facility, ...]) -> Iterator[Facility]:
    """Units that the clause does not bind."""
    bound = {u.code for u in trial.units()}
    others = [u for u in trial.city.units.at(trial.indicator.level) if u.code not in bound]
    return (replace(rows[0], id=u.code, unit_code=u.code) for u in others)


def _in_another_town(trial: Trial, rows: tuple[Facility, ...]) -> Iterator[Facility]:
    inside = codes_of(trial.match.inside, trial.city)
    town = next(u for u in trial.city.units.townships if u.code not in inside)
    return (replace(row, unit_code=town.code) for row in rows)


_CHANGES: dict[str, Callable[[Trial, tuple[Facility, ...]], Iterator[Facility]]] = {
    "kinds": _another_kind,
    "tiers": _another_tier,
    "units": _elsewhere,
    "when": _elsewhere,
    "inside": _in_another_town,
    "names": _each(name="乙"),
    "categories": _each(category="另类"),
    "services": _each(services=frozenset()),
    "services_of": _each(services=frozenset()),
    "ownership": _each(ownership="另类"),
    "ownership_of": _each(ownership="另类"),
    "grades_of": _each(grade="另类"),
    "paired": _each(partner=""),
    "opened": _each(opened=date(1999, 1, 1)),
    "size": _each(
        beds=None, nursing_beds=None, floor_area=None, land_area=None, capacity_total=None
    ),
    "share": _each(nursing_beds=0),
    "beside": lambda _trial, rows: iter(rows[:1]),
}
_KNOWN = {"profile", "minutes", "group", "tiers", "units", "kinds"}


def classes() -> list[tuple[Obligation, str, str]]:
    """Every obligation with its class, and what it asks for that is not answered."""
    cities = {code: City.load(code) for code in CITIES}
    return [(one, *_class(cities[one.plan], one)) for one in obligations()]


def _class(city: City, one: Obligation) -> tuple[str, str]:
    known = {i.id: i for i in city.plan.indicators}
    found = [known[id_] for id_ in one.indicators if id_ in known]
    if not found or len(found) < len(one.indicators):
        return "missing", "no indicator of the plan"
    trials = [Trial(city, i) for i in found if i.computed]
    if not trials:
        return "shown", ""
    whole = len(trials) == len(found) and all(t.computed() for t in trials)
    left = [ask for ask in one.asks if not any(t.answers(ask) for t in trials)]
    if whole and not left:
        return "computed", ""
    return "partly", ", ".join(left) or "no value"


def page() -> str:
    """The page as Markdown."""
    found = classes()
    total = len(found)
    counts = Counter(name for _, name, _ in found)
    lines = [
        "# Obligations of the plans, and what is computed of them 规划条款的计算",
        "",
        NOTE,
        "",
        f"{total} obligations of the five plans concern facilities and coverage. {MEANT}",
        "",
        "| plan | obligations | computed | partly | shown | missing | computed % |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for code in (*CITIES, ""):
        own = Counter(name for one, name, _ in found if code in {one.plan, ""})
        name = City.load(code).name if code else "合计 all"
        share = round(100 * own["computed"] / own.total())
        numbers = " | ".join(str(own[c]) for c in CLASSES)
        lines.append(f"| {name} | {own.total()} | {numbers} | {share} |")
    assert counts.total() == total
    for code in CITIES:
        lines += ["", f"## {City.load(code).name}", ""]
        lines += [HEAD, "|---|---|---|---|---|"]
        for one, name, left in found:
            if one.plan == code:
                ids = "<br>".join(f"`{id_}`" for id_ in one.indicators)
                said = one.needs if name != "computed" else ""
                said = said or (f"not asked for: {left}" if left else "")
                lines.append(f"| {one.clause} | {one.obligation} | {ids} | {name} | {said} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page, or say that it is not what the code does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="say what differs and write nothing")
    text = page()
    if parser.parse_args().check:
        if not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
            sys.exit(f"{PAGE.name} is not what the code does: run scripts/plans_coverage.py")
        return
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
