"""One city: its units, people, register and plan, each read on first use."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coverage import frames, settings
from coverage.errors import InputError, gathered
from coverage.facilities import Register, parse_provenances, read_register
from coverage.messages import Said
from coverage.plans import Plan, PlanIndicator, load_plan
from coverage.population import Population, load_population
from coverage.shown import Shown
from coverage.units import CityName, Units, find_city, load_units
from coverage.workspace import (
    OWN,
    ROLE_NAMES,
    SHIPPED,
    Origin,
    Role,
    Workspace,
    find_workspace,
    read_workspace,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import geopandas as gpd
    import pandas as pd

    from coverage.boundaries import Boundaries
    from coverage.roads.network import RoadNetwork
    from coverage.roads.sources import RoadSource

    # Facilities: checked, in a frame, or in a file.
    RegisterSource = Register | pd.DataFrame | str | Path


class City(Shown):
    """The sources of one city tied together.

    Attributes:
        label: The city's names and code.
        folder: Where the shipped data lies.
        workspace: The planner's own folder, whose files come first.
        held: All the data in memory, by role, of a city that has no files (`from_frames`).

    Example:
        >>> import coverage as cov
        >>> city = cov.City.load("清远")
        >>> city.code, len(city.units.townships)
        ('441800', 85)
    """

    def __init__(
        self,
        label: CityName,
        folder: Path,
        workspace: Workspace | None = None,
        held: Mapping[Role, Any] | None = None,
    ) -> None:
        self.label = label
        self.folder = folder
        self.workspace = workspace
        self.held = held

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
    def from_frames(
        cls,
        units: gpd.GeoDataFrame,
        *,
        name: str = "",
        code: str = "",
        facilities: pd.DataFrame | None = None,
        roads: RoadSource | None = None,
        population: pd.DataFrame | str | Path | None = None,
        plan: Plan | Mapping[str, Any] | pd.DataFrame | str | Path | None = None,
        year: int | None = None,
    ) -> City:
        """A city of one's own from frames, without any folder.

        Args:
            units: Polygons of townships (or of whatever people are counted by) in a stated CRS.
                Columns: ``name``; ``code`` (9 digits; made up where there is none), ``county`` (a
                name), ``category`` (镇 by default), ``lon`` and ``lat`` of the seat (a point
                inside by default), and people by group, such as ``people`` and ``60+``.
            name: Of the city.
            code: Its six digits; made up by default.
            facilities: As `register` takes them.
            roads: A networkx or osmnx graph, a network (`network`), or a file.
            population: People where the units do not say them: a frame by ``code``, ``unit_code``
                or ``unit`` (a name) with a column for each group; a GeoDataFrame of points with
                such columns; or a file of points or a raster.
            plan: A plan, its file, its data, or a frame of targets with the columns ``name``,
                ``kind``, ``target`` (``>=60``) and, as they are known, ``id``, ``year``,
                ``services`` and ``measure``.
            year: Year of the figures, and of the targets that state none; this year by default.

        Raises:
            InputError: With everything that is wrong with a frame.
        """
        label, held = frames.held(
            units,
            name=name,
            code=code,
            roads=roads,
            population=population,
            plan=plan,
            year=year,
        )
        city = cls(label, settings.data_dir(), held=held)
        if facilities is not None:
            held["facilities"] = register(facilities, city)
        return city

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
        if self.held is not None:
            return None
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
            raise self._lacks(role)
        return path

    def _lacks(self, role: Role) -> InputError:
        zh, en = ROLE_NAMES[role]
        if self.held is not None:
            return InputError(Said(f"{self.name} 缺{zh}", f"{self.name} has no {en}"))
        where = self.workspace.folder if self.workspace else self.folder
        return InputError(
            Said(f"{self.name} 缺{zh}（{where}）", f"no {en}; expected {' or '.join(OWN[role])}")
        )

    def origin(self, role: Role) -> Origin:
        """Whether a role's data are the planner's own, shipped, or missing."""
        own = self.workspace and self.workspace.file(role) is not None
        if own or self._given(role) is not None:
            return "own"
        return "shipped" if self.find(role) is not None else "missing"

    def _given(self, role: Role) -> Any:
        return None if self.held is None else self.held.get(role)

    @cached_property
    def units(self) -> Units:
        """Counties, townships and villages."""
        found: Units | None = self._given("units")
        if found is not None:
            return found
        return load_units(self.file("units"), self.find("villages"), self.code, self.name)

    def boundaries(self, role: Role) -> Boundaries:
        """Outlines of ``counties`` or ``townships``.

        Raises:
            InputError: If there are none, or their file is no GeoJSON of polygons.
        """
        # Imported here: shapely costs more than a report of ratios does.
        from coverage.boundaries import read_boundaries

        found: Boundaries | None = self._given(role)
        return found if found is not None else read_boundaries(self.file(role))

    @cached_property
    def population(self) -> Population:
        """People by unit, group and year; empty if there is no table."""
        found: Population | None = self._given("population")
        if found is not None:
            return found
        path = self.find("population")
        return load_population(path, self.units) if path else Population(())

    @property
    def people(self) -> Path | pd.DataFrame | None:
        """People as a raster or as points, where the city has them: else the model is used."""
        return self._given("people") if self.held is not None else self.find("people")

    @cached_property
    def plan(self) -> Plan:
        """The five-year plan; one made of frames may be empty."""
        found: Plan | None = self._given("plan")
        return found if found is not None else load_plan(self.file("plan"))

    @cached_property
    def references(self) -> tuple[PlanIndicator, ...]:
        """Indicators of national policy that the city's own plan does not state."""
        if self.held is not None:
            return ()
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
        """The planner's own register, else the one that ships, else an empty one."""
        found: Register | None = self._given("facilities")
        path = self.find("facilities")
        if found is not None or path is None:
            return Register(()) if found is None else found
        shipped = self.origin("facilities") == "shipped"
        return read_register(path, self.units, city_code=self.code, shipped=shipped)

    def counted(
        self,
        register: RegisterSource | None = None,
        provenance: str | Sequence[str] = (),
    ) -> Register:
        """The register that a question counts.

        Args:
            register: A register, a frame (as `register`) or a file of the user's own instead of
                the city's.
            provenance: Keep only rows of these, as a list or separated by commas; all if empty.

        Raises:
            InputError: With everything wrong with the rows and the names together.
        """
        with gathered() as gather:
            named = isinstance(provenance, str)
            kept = gather(parse_provenances, provenance) if named else provenance
            found: Register = gather(self._register_of, register)
        return found.only(kept) if kept else found

    def read_register(self, path: Path) -> Register:
        """A register of the user's own, checked against this city's units."""
        return read_register(path, self.units, city_code=self.code)

    def _register_of(self, given: RegisterSource | None) -> Register:
        if given is None:
            return self.register
        if isinstance(given, Register):
            return given
        if isinstance(given, str | Path):
            return self.read_register(Path(given))
        return register(given, self)

    @property
    def obstacles(self) -> tuple[Path, ...]:
        """The planner's own layers of what nobody crosses off the road."""
        return self.workspace.obstacles if self.workspace else ()

    @property
    def roads(self) -> RoadNetwork | str | Path:
        """The planner's own roads, else the city's code for the roads that ship.

        Raises:
            InputError: If a city made from frames has none.
        """
        if self.held is not None:
            if self._given("roads") is None:
                raise self._lacks("roads")
            given: RoadNetwork | Path = self.held["roads"]
            return given
        path = self.find("roads")
        return path if path is not None and self.origin("roads") == "own" else self.code


def register(frame: pd.DataFrame, city: City, *, kind: str = "") -> Register:
    """A register from a frame, checked against the units of a city.

    Args:
        frame: One row a facility, with the columns of a register (`coverage.facilities.COLUMNS`)
            as far as they are known; only ``name`` must be there. A GeoDataFrame of points gives
            places in any CRS, columns ``lon`` and ``lat`` in WGS84. Without ``unit_code`` a row's
            ``unit`` (a name) or its place says where it belongs.
        city: The city.
        kind: Kind of rows that state none.

    Raises:
        InputError: With everything that is wrong with the rows, by number from 0.

    Example:
        >>> import pandas as pd
        >>> import coverage as cov
        >>> city = cov.City.load("珠山")
        >>> mine = pd.DataFrame({"name": ["新村中心"], "lon": [117.21], "lat": [29.29]})
        >>> [facility.unit_code for facility in cov.register(mine, city, kind="elder_care")]
        ['360203011']
    """
    table = frames.facilities_table(frame, city.units, city.boundaries("townships"), kind=kind)
    return read_register(table, city.units, city_code=city.code)
