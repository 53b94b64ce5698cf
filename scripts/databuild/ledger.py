"""The ledger of one city's people, and the published facts that go into it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from .sources import BuildError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .units import City, UnitBook

OWN = "本项目推算，方法见 data/README.md"


@dataclass(frozen=True)
class Row:
    """One line of ``population/<city>.csv``."""

    unit: str
    group: str
    year: int
    people: int
    provenance: str
    source: str
    note: str = ""

    @property
    def key(self) -> tuple[str, str, int]:
        """What must not appear twice."""
        return self.unit, self.group, self.year

    @property
    def figures(self) -> tuple[int, str, str, str]:
        """What stands behind the key in a line of the file."""
        return self.people, self.provenance, self.source, self.note


class Ledger:
    """Rows of one city; a published figure is never overwritten."""

    def __init__(self, city: City, book: UnitBook) -> None:
        self.city = city
        self.book = book
        self.rows: dict[tuple[str, str, int], Row] = {}

    def add(self, row: Row) -> None:
        """Add a row.

        Raises:
            BuildError: If the unit is not the city's, or its key is taken.
        """
        if row.key in self.rows:
            raise BuildError(f"{self.city.name}: two figures for {row.key}")
        if row.unit != self.city.code and not self.city.holds(row.unit[:6]):
            raise BuildError(f"{row.unit} is no unit of {self.city.name}")
        self.rows[row.key] = row

    def published(
        self, unit: str, group: str, year: int, people: int, source: str, note: str
    ) -> None:
        """Add a published figure."""
        self.add(Row(unit, group, year, people, "published", source, note))

    def model(self, figures: Mapping[str, int], group: str, year: int, note: str) -> None:
        """Add modelled figures, leaving alone the units that have one."""
        for unit, people in sorted(figures.items()):
            if (unit, group, year) not in self.rows:
                self.add(Row(unit, group, year, people, "modelled", OWN, note))

    def get(self, unit: str, group: str, year: int) -> int | None:
        """People of a unit, or `None`."""
        row = self.rows.get((unit, group, year))
        return row.people if row else None

    def need(self, unit: str, group: str, year: int) -> int:
        """People of a unit that must be there."""
        people = self.get(unit, group, year)
        if people is None:
            raise BuildError(f"{self.city.name}: no figure for {(unit, group, year)}")
        return people

    def level(self, unit: str) -> str:
        """Level of a unit; the city's own row keeps the city's level."""
        if unit == self.city.code:
            return self.city.level
        return "county" if len(unit) == 6 else "township"


@dataclass(frozen=True)
class Facts:
    """Published rows of ``facts/population.csv``, as numbers of people."""

    rows: tuple[dict[str, str], ...]

    def pick(self, indicator: str, year: int, area: str) -> dict[str, str]:
        """The one fact about an area, by code or by name."""
        found = [
            r
            for r in self.rows
            if r["indicator"] == indicator
            and r["year"] == str(year)
            and area in {r["area_code"], r["area"]}
        ]
        if len(found) != 1:
            raise BuildError(f"{len(found)} facts for {indicator} {year} {area}")
        return found[0]

    def people(self, indicator: str, year: int, area: str) -> int:
        """People of one fact."""
        return people_of(self.pick(indicator, year, area))

    def share(self, indicator: str, year: int, area: str) -> Fraction:
        """A percentage of one fact, as an exact fraction."""
        return Fraction(Decimal(self.pick(indicator, year, area)["value"])) / 100


def people_of(fact: dict[str, str]) -> int:
    """Whole people of a fact given in 人 or 万人."""
    value = Decimal(fact["value"]) * (10_000 if fact["unit"] == "万人" else 1)
    if value != value.to_integral_value():
        raise BuildError(f"not whole people: {fact}")
    return int(value)


def cited(fact: dict[str, str]) -> str:
    """How a fact is cited: its number, publisher, title, date, and how far it is trusted."""
    return f"{fact['source_id']} {fact['source']}（可信度{fact['trust']}）"
