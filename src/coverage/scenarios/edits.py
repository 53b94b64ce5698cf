"""The edits of a scenario: what a planner may change about a city, as plain data.

Every edit is checked against the city when its file is read
(`coverage.scenarios.file`), so that here facilities are ids and units are
codes. Money is in 万元, exact; coordinates are EPSG:4326.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from coverage.messages import Said

if TYPE_CHECKING:
    from datetime import date
    from fractions import Fraction

    from coverage.gaps import Op

Point = tuple[float, float]


@dataclass(frozen=True)
class Place:
    """Where something stands, as finely as it is known.

    Attributes:
        unit_code: Village (12 digits), township (9), county or city (6).
        lon: Degrees, `None` where only the unit is known.
        lat: As `lon`.
        name: Name of the unit, for the reader of the file.
    """

    unit_code: str
    lon: float | None = None
    lat: float | None = None
    name: str = field(default="", compare=False)


@dataclass(frozen=True)
class Add:
    """A new facility; the fields are those of a register (`coverage.facilities`).

    Attributes:
        id: Unique in the register and in the scenario.
        name: Its name.
        kind: One of `coverage.kinds.KINDS`.
        place: Where.
        category: The register's own sub-kind.
        services: Names of `coverage.kinds.SERVICES`.
        beds: Beds, `None` where not stated.
        nursing_beds: Nursing beds among them.
        floor_area: Floor area in m².
        ownership: 公办, 民办 …
        opened: First day; from the beginning if `None`.
        cost: What it costs, 万元; by the scenario's unit costs if `None`.
        provenance: ``published`` for a proposal that can be cited, else ``modelled``.
        note: Why, or where the proposal stands.
    """

    id: str
    name: str
    kind: str
    place: Place
    category: str = ""
    services: tuple[str, ...] = ()
    beds: int | None = None
    nursing_beds: int | None = None
    floor_area: float | None = None
    ownership: str = ""
    opened: date | None = None
    cost: Fraction | None = None
    provenance: str = "modelled"
    note: str = ""


@dataclass(frozen=True)
class Open:
    """A registered facility that is planned, being built or closed comes into use.

    Attributes:
        facility: Id in the register.
        to: Where it will stand, if that is known better than in the register.
        on: First day; from the beginning if `None`.
        beds: Beds, where the register does not state them.
        nursing_beds: Nursing beds among them.
        services: Services it will have, besides those of the register.
        cost: 万元.
        note: Why.
        name: Its name, for the reader of the file.
    """

    facility: str
    to: Place | None = None
    on: date | None = None
    beds: int | None = None
    nursing_beds: int | None = None
    services: tuple[str, ...] = ()
    cost: Fraction | None = None
    note: str = ""
    name: str = field(default="", compare=False)


@dataclass(frozen=True)
class Close:
    """A facility is given up; it does not count from the year of `on`.

    Attributes:
        facility: Id in the register.
        on: Day of closing; from the beginning if `None`.
        cost: 万元.
        note: Why.
        name: Its name, for the reader of the file.
    """

    facility: str
    on: date | None = None
    cost: Fraction | None = None
    note: str = ""
    name: str = field(default="", compare=False)


@dataclass(frozen=True)
class Move:
    """A facility goes to another place.

    Attributes:
        facility: Id in the register.
        to: Where.
        on: Day of the move; from the beginning if `None`.
        cost: 万元.
        note: Why.
        name: Its name, for the reader of the file.
    """

    facility: str
    to: Place
    on: date | None = None
    cost: Fraction | None = None
    note: str = ""
    name: str = field(default="", compare=False)


@dataclass(frozen=True)
class Upgrade:
    """A facility gets more services, or another number of beds.

    Attributes:
        facility: Id in the register.
        services: Services added.
        beds: Beds afterwards.
        nursing_beds: Nursing beds afterwards.
        floor_area: Floor area afterwards, m².
        category: Category afterwards.
        on: First day; from the beginning if `None`.
        cost: 万元.
        note: Why.
        name: Its name, for the reader of the file.
    """

    facility: str
    services: tuple[str, ...] = ()
    beds: int | None = None
    nursing_beds: int | None = None
    floor_area: float | None = None
    category: str = ""
    on: date | None = None
    cost: Fraction | None = None
    note: str = ""
    name: str = field(default="", compare=False)


@dataclass(frozen=True)
class Road:
    """A road is closed or a bridge is built.

    Attributes:
        action: ``close`` or ``bridge``.
        start: One end; of a closure, the shortest way along the roads from
            here to `end` is closed.
        end: The other end.
        area: Corners of a polygon instead: every road that touches it is closed.
        highway: OpenStreetMap class of the bridge.
        speed_kmh: Signed speed on the bridge.
        on: First day; from the beginning if `None`.
        cost: 万元.
        name: What it is called.
        note: Why.
    """

    action: Literal["close", "bridge"]
    start: Point | None = None
    end: Point | None = None
    area: tuple[Point, ...] = ()
    highway: str = "primary"
    speed_kmh: float | None = None
    on: date | None = None
    cost: Fraction | None = None
    name: str = ""
    note: str = ""


@dataclass(frozen=True)
class Growth:
    """More or fewer people of a group in a county, or in the whole city.

    Attributes:
        unit_code: County or city.
        group: ``all``, ``60+``, ``0-14`` …; every group if empty.
        year: From this year on; always if `None`.
        growth: People become this many times as many.
        people: Or: they become so many.
        note: Where the figure comes from.
        name: Name of the unit, for the reader of the file.
    """

    unit_code: str
    group: str = ""
    year: int | None = None
    growth: Fraction | None = None
    people: int | None = None
    note: str = ""
    name: str = field(default="", compare=False)


@dataclass(frozen=True)
class Limit:
    """A travel-time limit and a way of travelling.

    Attributes:
        minutes: Limit in minutes; `None` if it says nothing of it.
        profile: Name of a travel profile; empty if it says nothing of it.
    """

    minutes: float | None = None
    profile: str = ""


@dataclass(frozen=True)
class Measured(Limit):
    """By what a scenario is measured, before and after alike.

    Attributes:
        kinds: Kinds of facility that people travel to; what the edits bear on if empty.
        services: Only facilities that have these services.
        group: Whose people; those that elder care means if empty.
    """

    kinds: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    group: str = ""


@dataclass(frozen=True)
class Aim:
    """Another target.

    Attributes:
        indicator: Id of the indicator.
        op: Comparison.
        value: In the indicator's unit.
        year: Year of the target, the plan's last if `None`.
        note: Why.
    """

    indicator: str
    op: Op
    value: Fraction
    year: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Costs:
    """Unit costs in 万元, used where an edit states no cost of its own.

    Attributes:
        site: Of a new facility, by kind.
        bed: Of a new bed, by kind; comes on top of `site`.
        service: Of a service added to an existing facility.
    """

    site: dict[str, Fraction] = field(default_factory=dict)
    bed: dict[str, Fraction] = field(default_factory=dict)
    service: dict[str, Fraction] = field(default_factory=dict)


Edit = Add | Open | Close | Move | Upgrade | Road | Growth | Aim


@dataclass(frozen=True)
class EditKind:
    """A kind of edit: where it stands in a file and in a `Scenario`, and how it is called.

    Attributes:
        table: Name of its tables in a scenario file.
        field: Name of its field in a `Scenario`.
        heading: What it is, for the reader of the file.
        counted: So many of them.
    """

    table: str
    field: str
    heading: str
    counted: Said


EDIT_KINDS = (
    EditKind("add", "adds", "新建", Said("新建 {} 处", "{} new")),
    EditKind(
        "open",
        "opens",
        "规划或在建的投入使用",
        Said("规划或在建投用 {} 处", "{} planned that open"),
    ),
    EditKind("close", "closes", "关闭", Said("关闭 {} 处", "{} closed")),
    EditKind("move", "moves", "迁址", Said("迁址 {} 处", "{} moved")),
    EditKind("upgrade", "upgrades", "增加服务、床位", Said("提升 {} 处", "{} upgraded")),
    EditKind("road", "roads", "断路、架桥", Said("道路改动 {} 处", "{} changes of roads")),
    EditKind(
        "population", "growths", "人口变化", Said("人口变化 {} 项", "{} changes of population")
    ),
    EditKind("target", "aims", "另定目标", Said("目标改动 {} 项", "{} other targets")),
)


@dataclass(frozen=True)
class Scenario:
    """Edits to one city under a name.

    Attributes:
        name: What the planner calls it.
        city: Name or code of the city.
        note: What it is for, and the clause of a plan it stands in.
        workspace: Folder of a workspace, relative to the file; may be empty.
        adds: New facilities.
        opens: Planned ones that come into use.
        closes: Facilities given up.
        moves: Facilities that go elsewhere.
        upgrades: Facilities with more services or beds.
        roads: Roads closed, bridges built.
        growths: Changes of population.
        aims: Other targets.
        measured: By what it is measured, before and after alike.
        limit: Another one afterwards.
        costs: Unit costs.
        file: Name of the file it was read from.
    """

    name: str
    city: str
    note: str = ""
    workspace: str = ""
    adds: tuple[Add, ...] = ()
    opens: tuple[Open, ...] = ()
    closes: tuple[Close, ...] = ()
    moves: tuple[Move, ...] = ()
    upgrades: tuple[Upgrade, ...] = ()
    roads: tuple[Road, ...] = ()
    growths: tuple[Growth, ...] = ()
    aims: tuple[Aim, ...] = ()
    measured: Measured = Measured()
    limit: Limit = Limit()
    costs: Costs = field(default_factory=Costs)
    file: str = field(default="", compare=False)

    @property
    def of_facilities(self) -> tuple[Open | Close | Move | Upgrade, ...]:
        """Edits of facilities that stand in the register."""
        return (*self.opens, *self.closes, *self.moves, *self.upgrades)

    def of(self, kind: EditKind) -> tuple[Edit, ...]:
        """The edits of a kind."""
        found: tuple[Edit, ...] = getattr(self, kind.field)
        return found

    @property
    def edits(self) -> tuple[Edit, ...]:
        """All edits, kind by kind."""
        return tuple(edit for kind in EDIT_KINDS for edit in self.of(kind))
