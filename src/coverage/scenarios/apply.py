"""A scenario applied: the city as it would be at the end of a year.

The edited city shares its units, files and everything that no edit touches
with the city it was made from, and neither is changed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from coverage.city import City
from coverage.clauses import Target
from coverage.errors import InputError, Problem
from coverage.facilities import Facility, Register
from coverage.messages import Said
from coverage.population import People, Population
from coverage.scenarios.edits import Add, Growth, Open, Place, Scenario, Upgrade

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coverage.plans import Plan, PlanIndicator
    from coverage.units import Units

SOURCE = "情景 scenario"


class EditedCity(City):
    """A city with another register, population and plan; all else is that of the city.

    Attributes:
        base: The city that was edited.
    """

    def __init__(
        self,
        base: City,
        *,
        register: Register,
        population: Population,
        plan: Plan,
        references: tuple[PlanIndicator, ...],
    ) -> None:
        super().__init__(base.label, base.folder, base.workspace, base.held)
        self.base = base
        self.units = base.units
        self.register = register
        self.population = population
        self.plan = plan
        self.references = references


@dataclass(frozen=True)
class Growths:
    """How many times as many people each county has, by group.

    Attributes:
        city: Code of the city.
        rules: By code of county or city, and group; an empty group is every group.
        population: What a number of people is held against.
        overruled: Rules of the same area and group that a later one took the place of, and
            rules of the city from which a county has its own.
    """

    city: str
    rules: dict[tuple[str, str], Growth]
    population: Population
    overruled: tuple[Growth, ...] = ()

    def factor(self, county: str, group: str, year: int | None = None) -> Fraction:
        """The factor of a county for a figure of a year, 1 where nothing is said.

        A number of people is that number in every year: the factor of a figure is the number
        over the figure of the same year, of the base year of the group if `year` is `None`.
        """
        keys = ((county, group), (county, ""), (self.city, group), (self.city, ""))
        rule = next((self.rules[key] for key in keys if key in self.rules), None)
        if rule is None or rule.growth is not None:
            return Fraction(1) if rule is None or rule.growth is None else rule.growth
        year = self.population.base_year(rule.group) if year is None else year
        base = self.population.near(rule.unit_code, rule.group, year or 0)
        # The reader of the file has made sure that there is a figure to start from.
        return Fraction(rule.people or 0, base.count) if base and base.count else Fraction(1)

    def __bool__(self) -> bool:
        return bool(self.rules)


def edited_city(
    city: City, scenario: Scenario, year: int, *, register: Register | None = None
) -> EditedCity:
    """The city as a scenario makes it by the end of a year.

    Args:
        city: The city.
        scenario: The edits, checked against the city (`coverage.scenarios.file.read`).
        year: Edits dated later are left out.
        register: The user's own register instead of the city's.
    """
    rows = register if register is not None else city.register
    growths = growths_of(city, scenario, year)
    return EditedCity(
        city,
        register=edited_register(rows, scenario, year),
        population=_population(city.population, city.units, growths)
        if growths
        else city.population,
        plan=_plan(city.plan, scenario),
        references=tuple(_indicator(i, scenario, city.plan.end) for i in city.references),
    )


def due(day: date | None, year: int) -> bool:
    """Whether what is dated so has happened by the end of a year."""
    return day is None or day.year <= year


def edited_register(register: Register, scenario: Scenario, year: int) -> Register:
    """The register with the edits that are due by the end of a year; new rows come last."""
    register = register.as_of(year)
    rows = {f.id: f for f in register.facilities}
    changes: tuple[tuple[Sequence[Any], Callable[[Facility, Any], Facility]], ...] = (
        (scenario.opens, _opened),
        (scenario.upgrades, _upgraded),
        (scenario.moves, lambda facility, move: _placed(facility, move.to)),
        (scenario.closes, lambda facility, _: replace(facility, status="closed")),
    )
    for edits, change in changes:
        for edit in sorted(edits, key=lambda e: e.on or date.min):
            if due(edit.on, year):
                rows[edit.facility] = change(rows[edit.facility], edit)
    new_rows = tuple(new_facility(add) for add in scenario.adds)
    # What is still wrong with a place is then the scenario's: the register's own are checked.
    file = scenario.file or register.file
    return replace(register, facilities=(*rows.values(), *new_rows), file=file)


def _opened(facility: Facility, edit: Open) -> Facility:
    placed = facility if edit.to is None else _placed(facility, edit.to)
    nursing = facility.nursing_beds if edit.nursing_beds is None else edit.nursing_beds
    return replace(
        placed,
        status="open",
        opened=edit.on,
        closed=None,
        beds=facility.beds if edit.beds is None else edit.beds,
        nursing_beds=nursing,
        services=facility.services | frozenset(edit.services),
    )


def _upgraded(facility: Facility, edit: Upgrade) -> Facility:
    fields = ("beds", "nursing_beds", "floor_area", "category")
    given = {name: getattr(edit, name) for name in fields}
    new = {name: value for name, value in given.items() if value not in (None, "")}
    return replace(facility, services=facility.services | frozenset(edit.services), **new)


def _placed(facility: Facility, place: Place) -> Facility:
    return replace(facility, unit_code=place.unit_code, lon=place.lon, lat=place.lat)


def new_facility(add: Add) -> Facility:
    """The row of the register that a new facility would be."""
    given = {name: getattr(add, name) for name in Add.__dataclass_fields__}
    place = given.pop("place")
    given |= {"services": frozenset(add.services), "unit_code": place.unit_code}
    del given["cost"]
    return Facility(**given, lon=place.lon, lat=place.lat, source=SOURCE)


# People.


def growths_of(city: City, scenario: Scenario, year: int) -> Growths:
    """The growth in force at the end of a year: of several dated ones, the latest.

    A county's own goes before the city's, and a group's before that of every group.
    """
    rules: dict[tuple[str, str], Growth] = {}
    overruled = []
    for growth in sorted(scenario.growths, key=lambda g: g.year or 0):
        if growth.year is None or growth.year <= year:
            at = growth.unit_code, growth.group
            overruled += [rules[at]] if at in rules else []
            rules[at] = growth
    own = {group for code, group in rules if code != city.code}
    whole = [g for (code, group), g in rules.items() if code == city.code and _meets(group, own)]
    return Growths(city.code, rules, city.population, (*overruled, *whole))


def _meets(group: str, others: set[str]) -> bool:
    """Whether a rule of a group speaks of people of whom other rules speak too."""
    return bool(others) and (group in others or not group or "" in others)


def _population(population: Population, units: Units, growths: Growths) -> Population:
    """Every figure times the factor of its county; the city's by its counties' shares."""
    rows = []
    for row in population.rows:
        if row.unit_code == growths.city and row.level == "city":
            factor = _of_city(population, units, growths, row)
        else:
            factor = growths.factor(row.unit_code[:6], row.group, row.year)
        if factor != 1:
            note = "；".join(part for part in (row.note, f"情景：×{float(factor):.4g}") if part)
            count = round(row.count * factor)
            rows.append(replace(row, count=count, provenance="modelled", note=note))
        else:
            rows.append(row)
    _check_parts(rows, population)
    return Population(rows)


def _check_parts(rows: Sequence[People], before: Population) -> None:
    """Refuse a growth that makes a group larger than everybody together.

    Raises:
        InputError: Naming each county, unless its table said so before.
    """
    whole = {(row.unit_code, row.year): row.count for row in rows if row.group == "all"}
    problems = []
    for row, old in zip(rows, before.rows, strict=True):
        everyone = whole.get((row.unit_code, row.year))
        if row.level != "county" or row.group == "households" or everyone is None:
            continue
        if row.count > everyone and row.count != old.count:
            reason = Said(
                f"{row.unit_code} 的 {row.group} 人口增至 {row.count:,}，多于总人口 {everyone:,}",
                "more people of the group than people",
            )
            problems.append(Problem(reason, column="[[population]] growth"))
    if problems:
        raise InputError(problems)


def _of_city(population: Population, units: Units, growths: Growths, of: People) -> Fraction:
    """The city's factor: its counties', weighted by their people of the group, else of all."""
    for counted in (of.group, "all"):
        year = population.base_year(counted)
        people = {county.code: 0 for county in units.counties}
        for row in population.rows:
            if (row.group, row.year, row.level) == (counted, year, "township"):
                people[row.unit_code[:6]] = people.get(row.unit_code[:6], 0) + row.count
        total = sum(people.values())
        if total:
            grown = (n * growths.factor(c, of.group, of.year) for c, n in people.items())
            return sum(grown, Fraction(0)) / total
    return Fraction(1)


# The plan.


def _plan(plan: Plan, scenario: Scenario) -> Plan:
    return replace(
        plan, indicators=tuple(_indicator(i, scenario, plan.end) for i in plan.indicators)
    )


def _indicator(indicator: PlanIndicator, scenario: Scenario, end: int) -> PlanIndicator:
    """An indicator with the scenario's targets and limit."""
    targets = indicator.targets
    for aim in scenario.aims:
        if aim.indicator == indicator.id:
            year = aim.year or max((t.year for t in targets if t.op), default=end)
            own = Target(year, aim.op, aim.value, "", SOURCE)
            targets = (*(t for t in targets if t.year != year or t.op is None), own)
    match = indicator.match
    if scenario.limit.minutes is not None and indicator.measure == "people_within":
        match = replace(match, minutes=scenario.limit.minutes)
    return replace(indicator, targets=targets, match=match)
