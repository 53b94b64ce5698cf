"""One city: its units, people, register and plan, each read on first use."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from coverage import settings
from coverage.errors import InputError
from coverage.facilities import Register, read_register
from coverage.messages import Said
from coverage.plans import load_plan
from coverage.population import Population, load_population
from coverage.shown import Shown
from coverage.units import CityName, find_city, load_units
from coverage.workspace import OWN, ROLE_NAMES, SHIPPED, find_workspace, read_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coverage.plans import Plan, PlanIndicator
    from coverage.units import Units
    from coverage.workspace import Origin, Role, Workspace


class City(Shown):
    """The sources of one city tied together.

    Attributes:
        label: The city's names and code.
        folder: Where the shipped data lies.
        workspace: The planner's own folder, whose files come first.
    """

    def __init__(self, label: CityName, folder: Path, workspace: Workspace | None = None) -> None:
        self.label = label
        self.folder = folder
        self.workspace = workspace

    @classmethod
    def load(cls, name: str) -> City:
        """The shipped city called `name` (清远, 清远市, qingyuan, 441800).

        Raises:
            UnknownNameError: If no shipped city answers to it.
        """
        return cls(find_city(name), settings.data_dir())

    @classmethod
    def open(cls, folder: Path) -> City:
        """The city of a workspace, its own files before the shipped ones.

        Raises:
            InputError: If the folder is no workspace.
        """
        space = read_workspace(folder)
        if space.base:
            label = find_city(space.base)
        else:
            names = (space.name, space.english) if space.english else (space.name,)
            label = CityName(
                space.code,
                space.name,
                space.name,
                space.english or space.name,
                space.province,
                names,
            )
        return cls(label, settings.data_dir(), space)

    @classmethod
    def choose(cls, name: str | None, folder: Path | None, here: Path) -> City:
        """The city that a command means: a workspace named or around, or a shipped city.

        Raises:
            InputError: If neither a city nor a workspace is given, or the
                workspace is another city's.
        """
        around = folder if folder is not None else None if name else find_workspace(here)
        if around is None:
            if name is None:
                raise InputError(
                    Said(
                        "请用 --city 指定城市，或在工作区内运行",
                        "name a city with --city, or run inside a workspace",
                    )
                )
            return cls.load(name)
        city = cls.open(around)
        if name is not None and not city.label.answers_to(name):
            raise InputError(
                Said(
                    f"工作区 {around} 属于 {city.name}，不是 {name!r}",
                    "the workspace is another city's",
                )
            )
        return city

    @property
    def code(self) -> str:
        """Six-digit code."""
        return self.label.code

    @property
    def name(self) -> str:
        """Full name, 清远市."""
        return self.label.name

    def _headline(self) -> str:
        units = self.units
        return (
            f"{self.name} ({self.code}): {len(units.counties)} counties, "
            f"{len(units.townships)} townships, {len(self.register):,} facilities"
        )

    def _rows(self) -> Iterator[dict[str, Any]]:
        """What there is of each kind of data: the planner's own, shipped, or missing."""
        for role in ROLE_NAMES:
            path = self.find(role)
            yield {"data": role, "origin": self.origin(role), "file": path.name if path else ""}

    def find(self, role: Role) -> Path | None:
        """The file of a role: the workspace's own, else the shipped one, else `None`."""
        own = self.workspace.file(role) if self.workspace else None
        if own is not None:
            return own
        shipped = SHIPPED[role]
        if shipped is None or (self.workspace and not self.workspace.base):
            return None
        path = self.folder / shipped.format(code=self.code)
        return path if path.is_file() else None

    def file(self, role: Role) -> Path:
        """As `find`.

        Raises:
            InputError: If there is no such file.
        """
        path = self.find(role)
        if path is None:
            zh, en = ROLE_NAMES[role]
            where = self.workspace.folder if self.workspace else self.folder
            raise InputError(
                Said(
                    f"{self.name} 缺{zh}（{where}）", f"no {en}; expected {' or '.join(OWN[role])}"
                )
            )
        return path

    def origin(self, role: Role) -> Origin:
        """Whether a role's file is the workspace's own, shipped, or missing."""
        if self.workspace and self.workspace.file(role) is not None:
            return "own"
        return "shipped" if self.find(role) is not None else "missing"

    @cached_property
    def units(self) -> Units:
        """Counties, townships and villages."""
        return load_units(self.file("units"), self.find("villages"), self.code, self.name)

    @cached_property
    def population(self) -> Population:
        """People by unit, group and year; empty if a workspace has none."""
        path = self.find("population")
        return load_population(path) if path else Population(())

    @cached_property
    def plan(self) -> Plan:
        """The five-year plan."""
        return load_plan(self.file("plan"))

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
        """The workspace's own register, else the one that ships, else an empty one."""
        path = self.find("facilities")
        if path is None:
            return Register(())
        shipped = self.origin("facilities") == "shipped"
        return read_register(path, self.units, city_code=self.code, shipped=shipped)

    @property
    def roads(self) -> str | Path:
        """The workspace's own road file, else the city's code for the roads that ship."""
        path = self.find("roads")
        return path if path is not None and self.origin("roads") == "own" else self.code

    def read_register(self, path: Path) -> Register:
        """A register of the user's own, checked against this city's units."""
        return read_register(path, self.units, city_code=self.code)
