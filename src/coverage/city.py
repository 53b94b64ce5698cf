"""One city: its units, people, register and plan, each read on first use."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from coverage import settings
from coverage.facilities import read_register
from coverage.plans import load_plan
from coverage.population import load_population
from coverage.units import find_city, load_units

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.facilities import Register
    from coverage.plans import Plan, PlanIndicator
    from coverage.population import Population
    from coverage.units import CityName, Units


class City:
    """The sources of one city tied together.

    Attributes:
        label: The city's names and code.
        folder: Where its data lies.
    """

    def __init__(self, label: CityName, folder: Path) -> None:
        self.label = label
        self.folder = folder

    @classmethod
    def load(cls, name: str) -> City:
        """The shipped city called `name` (清远, 清远市, qingyuan, 441800).

        Raises:
            UnknownNameError: If no shipped city answers to it.
        """
        return cls(find_city(name), settings.data_dir())

    @property
    def code(self) -> str:
        """Six-digit code."""
        return self.label.code

    @property
    def name(self) -> str:
        """Full name, 清远市."""
        return self.label.name

    @cached_property
    def units(self) -> Units:
        """Counties, townships and villages."""
        return load_units(self.folder, self.code, self.name)

    @cached_property
    def population(self) -> Population:
        """People by unit, group and year."""
        return load_population(self.folder, self.code)

    @cached_property
    def plan(self) -> Plan:
        """The five-year plan."""
        return load_plan(self.folder / "plans" / f"{self.code}.toml")

    @cached_property
    def references(self) -> tuple[PlanIndicator, ...]:
        """Indicators of national policy that the city's own plan does not state."""
        own = {i.id for i in self.plan.indicators}
        path = self.folder / "plans" / "reference.toml"
        return tuple(i for i in load_plan(path).indicators if i.id not in own)

    def indicator(self, id_: str) -> PlanIndicator:
        """An indicator of the plan, or of national policy where the plan has none.

        Raises:
            UnknownNameError: If neither has it.
        """
        return next((i for i in self.references if i.id == id_), None) or self.plan[id_]

    @cached_property
    def register(self) -> Register:
        """The register that ships."""
        path = self.folder / "facilities" / f"{self.code}.csv"
        return read_register(path, self.units, city_code=self.code, shipped=True)

    def read_register(self, path: Path) -> Register:
        """A register of the user's own, checked against this city's units."""
        return read_register(path, self.units, city_code=self.code)
