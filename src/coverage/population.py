"""People by unit and group, and where each number comes from.

Published figures stand as published. Where a township has none, its share of
the county is a model (``provenance = modelled``) that keeps the county's
total to the person; the method is described in ``data/README.md``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coverage.errors import InputError, Problem
from coverage.fields import Cells
from coverage.formats.tables import read_table
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from coverage.units import Units


MOST_PEOPLE = 100_000_000  # of a unit: more than any city has
DERIVED = "由规划自身的比例反推"  # how a note begins that says so
TOO_MANY = Said("人数比任何一个市都多", "these are more people than any city has")


@dataclass(frozen=True, slots=True)
class People:
    """A number of people.

    Attributes:
        unit_code: Unit they live in.
        level: Its level.
        group: ``all``, ``0-14``, ``15-59``, ``60+``, ``65+``.
        year: Year of the figure.
        count: People.
        provenance: ``published`` or ``modelled``.
        source: Where it comes from.
        note: How it was derived, if it was.
    """

    unit_code: str
    level: str
    group: str
    year: int
    count: int
    provenance: str
    source: str = ""
    note: str = ""

    @property
    def derived(self) -> bool:
        """Whether it was derived from a ratio of the plan: 17,899 beds at 37 a thousand."""
        return self.note.startswith(DERIVED)


class Population:
    """The population table of a city."""

    def __init__(self, rows: Iterable[People]) -> None:
        self.rows = tuple(rows)
        self._base: dict[str, int] = {}
        self._index = {(r.unit_code, r.group, r.year): r for r in self.rows}

    def base_year(self, group: str) -> int | None:
        """The year in which most townships have a figure for `group`, the latest among equals."""
        if group not in self._base:
            years = Counter(r.year for r in self.rows if r.group == group and r.level == "township")
            if not years:
                return None
            self._base[group] = max(years, key=lambda year: (years[year], year))
        return self._base[group]

    def people(self, unit_code: str, group: str = "all", year: int | None = None) -> People | None:
        """The figure of a unit in the group's base year, or in `year`, or `None`."""
        year = year if year is not None else self.base_year(group)
        return None if year is None else self._index.get((unit_code, group, year))

    def latest(self, unit_code: str, group: str) -> People | None:
        """The most recent figure of a unit whatever the year."""
        rows = [r for r in self.rows if r.unit_code == unit_code and r.group == group]
        return max(rows, key=lambda r: r.year, default=None)

    def near(self, unit_code: str, group: str, year: int) -> People | None:
        """The figure of a unit in the year closest to `year`, the earlier of two as close."""
        rows = [r for r in self.rows if r.unit_code == unit_code and r.group == group]
        return min(rows, key=lambda r: (abs(r.year - year), r.year), default=None)


def load_population(path: Path, units: Units | None = None) -> Population:
    """Read a population table.

    Args:
        path: The file.
        units: The city's units, where every row must be of one of them.

    Raises:
        InputError: With every problem of the file at once.
    """
    table = read_table(path, required=("unit_code", "level", "group", "year", "people"))
    problems: list[Problem] = []
    rows = []
    for record in table.records:
        row = Cells.of(record, problems, file=table.file)
        count = row.whole("people", needed=True) or 0
        if count > MOST_PEOPLE:
            row.bad("people", TOO_MANY)
        rows.append(made := People(count=count, **row.read(People, but=("count",))))
        if units is not None and made.unit_code:
            _check_unit(made, row, units)
    if problems:
        raise InputError(problems)
    return Population(rows)


def _check_unit(made: People, row: Cells, units: Units) -> None:
    meant = (units.get(made.unit_code), units.city)
    levels = [unit.level for unit in meant if unit is not None and unit.code == made.unit_code]
    if not levels:
        row.bad("unit_code", Said("本市没有此代码", "no unit of the city has this code"))
    elif made.level not in levels:
        said = Said(f"此代码的级别是 {levels[0]}", f"the level of this code is {levels[0]}")
        row.bad("level", said)
