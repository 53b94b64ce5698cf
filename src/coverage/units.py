"""Administrative units: counties, townships, villages, their codes, names and places.

Codes are those of the statistical division list: 6 digits a county, 9 a
township, 12 a village or community. A township-level row of category
统计单元 (forest farm, development zone, reserve, prison) has a code and
people but is no township: it never enters a ratio of townships.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from coverage import settings
from coverage.errors import InputError, Problem, UnknownNameError
from coverage.fields import Cells
from coverage.formats.tables import read_table
from coverage.messages import Said
from coverage.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


Level = Literal["city", "county", "township", "village"]

_MARGIN = 0.5  # degrees around the seats of townships
TOWNSHIP_CATEGORIES = ("镇", "乡", "民族乡", "街道")
VILLAGE_CATEGORIES = ("村", "社区")
# What is noted of a point that stands for a polygon, where no seat is known.
INSIDE = "乡镇面内的代表点，不是驻地 a point inside the polygon, not the seat"


@dataclass(frozen=True, slots=True)
class Unit:
    """One administrative unit.

    Attributes:
        code: 6, 9 or 12 digits.
        name: As in the code list.
        level: ``county``, ``township`` or ``village``.
        category: 镇, 街道, 统计单元 …; of a village 村 or 社区.
        parent: Code of the unit above.
        lon: Seat in EPSG:4326 degrees, `None` where no place is known.
        lat: As `lon`.
        committees: Residents' and villagers' committees below it.
        place_note: What is doubtful about the place.
    """

    code: str
    name: str
    level: Level
    category: str
    parent: str
    lon: float | None = None
    lat: float | None = None
    committees: int | None = None
    place_note: str = ""

    @property
    def placed(self) -> bool:
        """Whether a point is known, its seat or one inside its polygon."""
        return self.lon is not None and self.lat is not None

    @property
    def seated(self) -> bool:
        """Whether that point is the seat, as far as is known."""
        return self.placed and self.place_note != INSIDE


@dataclass(frozen=True)
class CityName:
    """A city of the shipped data and the names it answers to."""

    code: str
    name: str
    short_name: str
    english: str
    province: str
    aliases: tuple[str, ...]

    def answers_to(self, name: str) -> bool:
        """Whether `name` is one of this city's names, whatever its case."""
        own = {self.code, self.name, self.short_name, self.english, *self.aliases}
        return name.strip().casefold() in {alias.casefold() for alias in own}


def city_names() -> tuple[CityName, ...]:
    """All cities that ship, in the order of the table."""
    table = read_table(settings.data_dir() / "cities.csv")
    return tuple(
        CityName(
            **{c: r.get(c) for c in ("code", "name", "short_name", "english", "province")},
            aliases=(
                r.get("pinyin"),
                *(a.strip() for a in r.get("aliases").split(";") if a.strip()),
            ),
        )
        for r in table.records
    )


def find_city(name: str) -> CityName:
    """The city called `name`: 清远, 清远市, qingyuan and 441800 are the same.

    Raises:
        UnknownNameError: If no city, or more than one, answers to it.
    """
    known = city_names()
    found = [city for city in known if city.answers_to(name)]
    if len(found) == 1:
        return found[0]
    zh = ", ".join(f"{city.short_name} ({city.code})" for city in known)
    en = ", ".join(f"{city.english} ({city.code})" for city in known)
    raise UnknownNameError(
        Said(
            f"没有城市 {name!r}，随附的有 {zh}",
            f"the city is not known; those that ship are {en}",
        )
    )


def ground_around(
    around: tuple[float, float, float, float] | None,
) -> tuple[float, float, float, float]:
    """The box where coordinates are taken for places: China, or the surroundings of a city abroad.

    Args:
        around: West, south, east and north of the city, `None` where they are not known.
    """
    west, south, east, north = settings.CHINA
    if around is None or (
        around[0] <= east and west <= around[2] and around[1] <= north and south <= around[3]
    ):
        return settings.CHINA
    return around


class Units(Shown):
    """The units of one city, looked up by code or listed by level."""

    def __init__(self, units: Iterable[Unit], *, city: Unit | None = None) -> None:
        self._by_code = {unit.code: unit for unit in units}
        # Kept apart from the others: 中山 and 珠山区 share their code with a county row.
        self.city = city

    def __contains__(self, code: str) -> bool:
        return code in self._by_code

    def __iter__(self) -> Iterator[Unit]:
        return iter(self._by_code.values())

    def __getitem__(self, code: str) -> Unit:
        return self._by_code[code]

    def __len__(self) -> int:
        return len(self._by_code)

    def _headline(self) -> str:
        return (
            f"{self.city.name if self.city else ''}: {len(self.counties)} counties, "
            f"{len(self.townships)} townships, {len(self.villages)} villages"
        )

    def _rows(self) -> Iterator[dict[str, Any]]:
        for unit in self:
            yield {name: getattr(unit, name) for name in Unit.__dataclass_fields__}

    def get(self, code: str) -> Unit | None:
        """The unit, or `None`."""
        return self._by_code.get(code)

    @cached_property
    def counties(self) -> tuple[Unit, ...]:
        """County-level units by code."""
        return self._of("county")

    @cached_property
    def township_rows(self) -> tuple[Unit, ...]:
        """Every township-level row of the code list, statistical units included."""
        return self._of("township")

    @cached_property
    def townships(self) -> tuple[Unit, ...]:
        """Townships proper: towns, townships, ethnic townships and subdistricts."""
        return tuple(u for u in self.township_rows if u.category in TOWNSHIP_CATEGORIES)

    @cached_property
    def villages(self) -> tuple[Unit, ...]:
        """Villages (村) and communities (社区) by code; not the statistical areas like them."""
        return tuple(u for u in self._of("village") if u.category in VILLAGE_CATEGORIES)

    @cached_property
    def bounds(self) -> tuple[float, float, float, float] | None:
        """West, south, east and north of the township seats, `None` if none is known."""
        lons = [unit.lon for unit in self.township_rows if unit.lon is not None]
        lats = [unit.lat for unit in self.township_rows if unit.lat is not None]
        return (min(lons), min(lats), max(lons), max(lats)) if lons and lats else None

    @cached_property
    def around(self) -> tuple[float, float, float, float] | None:
        """`bounds` with a margin, in which places of the city lie; `None` if no seat is known."""
        if self.bounds is None:
            return None
        west, south, east, north = self.bounds
        return west - _MARGIN, south - _MARGIN, east + _MARGIN, north + _MARGIN

    @cached_property
    def ground(self) -> tuple[float, float, float, float]:
        """Where a place can be meant at all, see `ground_around`."""
        return ground_around(self.around)

    def _of(self, level: Level) -> tuple[Unit, ...]:
        chosen = (unit for unit in self._by_code.values() if unit.level == level)
        return tuple(sorted(chosen, key=lambda unit: unit.code))

    def at(self, level: str, categories: Iterable[str] = ()) -> tuple[Unit, ...]:
        """Units counted by a ratio at `level`, of the given categories if any are named."""
        units = {
            "city": (self.city,) if self.city else (),
            "county": self.counties,
            "township": self.townships,
            "village": self.villages,
        }[level]
        wanted = frozenset(categories)
        return tuple(u for u in units if u.category in wanted) if wanted else units

    def county_of(self, code: str) -> Unit | None:
        """The county that a unit lies in, itself if it is one."""
        return self._by_code.get(code[:6])

    def name(self, code: str) -> str:
        """Name of a unit, the code itself where it is not known."""
        unit = self._by_code.get(code)
        return unit.name if unit else code


def load_units(upper: Path, villages: Path | None, code: str, name: str) -> Units:
    """Read a table of counties and townships, and one of villages if there is any.

    Raises:
        InputError: With every problem of a table at once.
    """
    city = Unit(code, name, "city", "", "")
    rows = _read(upper, "level")
    return Units([*rows, *(_read(villages) if villages else ())], city=city)


def _read(path: Path, *more: str) -> list[Unit]:
    """The units of a table; one that has no column of levels holds villages."""
    table = read_table(path, required=("code", "name", *more, "category", "parent"))
    problems: list[Problem] = []
    units = []
    for record in table.records:
        cells = Cells.of(record, problems, file=table.file)
        level: Level = "village"
        if more:
            level = "county" if record.get("level") == "county" else "township"
        units.append(Unit(level=level, **cells.read(Unit, but=("committees",) if not more else ())))
    if problems:
        raise InputError(problems)
    return units
