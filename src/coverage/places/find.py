"""Which unit a row means, by all that it says: codes, names of every level, addresses.

A row either *is* a unit (a boundary, a line of a census sheet: `level` is given and
`Evidence.name` is the unit's name) or *lies in* one (a facility: `coverage.places.within`).
Codes are read in every dress, and codes and names that ceased are followed to today through
`coverage.places.changes`. Names are matched by `coverage.places.names`. What is not sure is
never guessed: it is asked back, or left to the row's place (`Found.settled_at`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from coverage.messages import Question, Said
from coverage.places.changes import Changes, load_changes
from coverage.places.evidence import (
    DIGITS,
    Evidence,
    Found,
    code_in,
    is_today,
    no_such,
    not_listed,
    taken_for,
    today_of,
    which,
)
from coverage.places.names import SURE, Match, match_unit, plain_name, settled
from coverage.places.within import Within

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coverage.units import Unit, Units

__all__ = ["Evidence", "Found", "code_in", "find_unit", "today_of", "unit_of_titles"]

_SUFFIX = re.compile(r"(街道办事处|街道办|办事处|人民政府|民族乡|街道|镇|乡)$")


def find_unit(
    row: Evidence, units: Units, *, level: str | None = None, changes: Changes | None = None
) -> Found:
    """The unit that a row means.

    Args:
        row: All that it says.
        units: The city's units.
        level: ``county`` or ``township`` if the row is itself such a unit; without it the row
            lies somewhere, and the finest unit is wanted.
        changes: What changed, by default as it ships.
    """
    changes = load_changes() if changes is None else changes
    if level is not None:
        return _Itself(row, units, changes, level).find()
    return Within(row, units, changes).find()


def unit_of_titles(titles: Iterable[str], units: Units) -> str:
    """Code of the unit after which a sheet or file is named: one sheet a county is common."""
    for title in titles:
        found = [
            m
            for level in ("county", "township")
            for m in match_unit(title, units, level=level)
            if m.how == "exact"
        ]
        if len(found) == 1:
            return found[0].code
    return ""


class _Itself:
    """A row that is a unit of one level: by its code, else by its name."""

    def __init__(self, row: Evidence, units: Units, changes: Changes, level: str) -> None:
        self.row, self.units, self.changes, self.level = row, units, changes, level

    def find(self) -> Found:
        code, name = self.row.code.strip(), self.row.name.strip()
        number = code_in(code)
        if number:
            return self._by_code(number)
        if not name:
            return Found(why=[Said("没有代码也没有名称", "neither a code nor a name")])
        found = self._named()
        if code and found.unit:
            said = Said(f"代码 {code} 不是区划代码，按名称", f"the code {code} is none: by name")
            found.said.insert(0, said)
        return found

    def _by_code(self, number: str) -> Found:
        length = DIGITS[self.level]
        unit = self.units.get(number)
        if len(number) == length and (self.row.day is not None or unit is None):
            moved = today_of(number, self.units, self.changes, self.row.day)
            if moved is not None:
                return moved
        if unit is not None and unit.level == self.level:
            return self._agreeing(unit)
        if len(number) > length and number[:length] in self.units:
            return Found(why=[Said(f"{number} 是村级代码", f"{number} is the code of a village")])
        ours = any(code.startswith(number[:4]) for code in (u.code for u in self.units))
        if ours and self.row.name.strip():
            named = self._named(least=SURE)
            if named.unit is not None:
                why = not_listed(number)
                named.said.insert(0, Said(f"{why.zh}，按名称", f"{why.en}: by name"))
                return named
        return Found(why=[not_listed(number)])

    def _matches(self) -> list[Match]:
        county = self.row.county.strip() or None
        return match_unit(self.row.name, self.units, county=county, level=self.level)

    def _agreeing(self, unit: Unit) -> Found:
        """`unit`, unless the row's name is another's."""
        name = self.row.name
        if not name.strip() or plain_name(name) == plain_name(unit.name):
            return Found(unit)
        found = self._matches()
        if any(m.code == unit.code for m in found):
            return Found(unit)
        other = settled(found)
        if other is not None and other.score >= SURE:
            called = self.units.name(other.code)
            why = Question(
                f"代码是 {unit.code}{unit.name}，名称却是 {other.code}{called}：哪个对？",
                f"the code is that of {unit.name}, the name that of {other.code}{called}: "
                "which is right?",
            )
            return Found(why=[why])
        said = Said(
            f"名称 {name} 与名录 {unit.name} 不同，按代码",
            f"the name {name} is not {unit.name} as listed: by code",
        )
        return Found(unit, said=[said])

    def _named(self, *, least: float = 0.0) -> Found:
        found, name = self._matches(), self.row.name
        one = settled(found)
        if one is not None and one.score >= least:
            unit = self.units[one.code]
            old = self._part(unit)
            if one.how not in {"exact", "traditional"}:
                return Found(unit, said=[taken_for(name, one, self.units)], old=old)
            return Found(unit, said=[is_today(old, unit, self.changes)] if old else [], old=old)
        if len(found) > 1:
            return Found(why=[which(name, [m.code for m in found], self.units)])
        return Found(why=[no_such(name, found, self.units, self.row.county)])

    def _part(self, unit: Unit) -> str:
        """The unit of then that a name of then means, where today's unit is made of it."""
        day = self.row.day
        if day is None:
            return ""
        root = _root(self.row.name)
        return next(
            (
                code
                for code in self.changes.to_then(unit.code, day)
                if code != unit.code and _root(self.changes.name_on(code, day) or "") == root
            ),
            "",
        )


def _root(name: str) -> str:
    return _SUFFIX.sub("", plain_name(name))
