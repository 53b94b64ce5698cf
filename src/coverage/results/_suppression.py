"""Cells of people that are hidden so that none of them follows from a published sum."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from coverage.results.document import Figure, UnitRow, known

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


_SUBGROUPS = ("60+", "0-14")
_STEPS = 1000

_Key = tuple[str, str]


def small(value: Figure | float, below: int) -> bool:
    """Whether a count is one of those that are kept back."""
    count = known(value)
    return count is not None and 0 < count < below


def apart(one: Figure | float, other: Figure | float, below: int) -> bool:
    """Whether two counts are known and differ by a small number."""
    a, b = known(one), known(other)
    return a is not None and b is not None and small(abs(Fraction(a) - Fraction(b)), below)


@dataclass
class Cells:
    """Cells of people that are hidden: level and code of the unit, by family of groups."""

    all: set[_Key] = field(default_factory=set)
    parts: set[_Key] = field(default_factory=set)

    @classmethod
    def union(cls, several: Iterable[Cells]) -> Cells:
        """Everything that is hidden in one of them."""
        made = cls()
        for one in several:
            made.all |= one.all
            made.parts |= one.parts
        return made

    def has(self, unit: UnitRow, group: str) -> bool:
        """Whether a unit's number of a group is hidden."""
        return _key(unit) in (self.all if group == "all" else self.parts)


def _key(unit: UnitRow) -> _Key:
    return unit.level, unit.code


class Units:
    """People of units by group: township in county in city, each level a sum of the one below."""

    def __init__(self, units: Sequence[UnitRow], below: int, before: Sequence[UnitRow]) -> None:
        self.units, self.below = units, below
        self.before = {_key(u): u.people for u in before}
        self.hidden = Cells()

    def find(self) -> Cells:
        """The cells that are small, and those that would give them away.

        Each limit from the lowest on hides what the one before it hid, and more: of two briefs
        with different limits the one with the higher shows nothing that the other hides. (Above
        `_STEPS`, which is no count that anybody keeps back, limits are not gone through.)
        """
        for below in (*range(2, min(self.below, _STEPS)), self.below):
            self.below = below
            self._find()
        return self.hidden

    def _find(self) -> None:
        for unit in self.units:
            was = self.before.get(_key(unit), {})
            few = {
                group
                for group, count in unit.people.items()
                if small(count, self.below) or apart(count, was.get(group), self.below)
            }
            if few:
                # One group beside the whole would be bounded by the rest.
                self.hidden.parts.add(_key(unit))
            if "all" in few:
                self.hidden.all.add(_key(unit))
        for gone, groups in ((self.hidden.all, ("all",)), (self.hidden.parts, _SUBGROUPS)):
            self._protect(gone, groups)

    def _protect(self, gone: set[_Key], names: tuple[str, ...]) -> None:
        """Hide further cells until no hidden township follows from any published sum.

        A published county bounds the hidden townships in it; a published city
        those of all hidden counties together.
        """
        whole = [u for u in self.units if u.level == "county"]
        leaves = {_key(county): self._leaves(county, names) for county in whole}
        for county in whole:
            key = _key(county)
            groups = _groups_known([county], names)
            while key not in gone and not self._ambiguous(leaves[key], gone, groups):
                gone.add(_smallest(leaves[key], gone, groups) or key)
        city = next((u for u in self.units if u.level == "city"), None)
        if city is None:
            return
        groups = _groups_known([city], names)
        while _key(city) not in gone:
            inside = [leaf for key, own in leaves.items() if key in gone for leaf in own]
            if self._ambiguous(inside, gone, groups):
                return
            key = _smallest(whole, gone, groups) or _key(city)
            gone.add(key)
            own = leaves.get(key, [])
            if not any(_key(leaf) in gone for leaf in own):
                # A county whose townships all show shows itself.
                gone.add(_smallest(own, gone, groups) or key)

    def _leaves(self, county: UnitRow, names: tuple[str, ...]) -> list[UnitRow]:
        """The townships whose people add up to a county's; itself where none is known."""
        own = [u for u in self.units if u.level == "township" and u.county == county.code]
        return [u for u in own if _groups_known([u], names)] or [county]

    def _ambiguous(self, leaves: Sequence[UnitRow], gone: set[_Key], groups: Sequence[str]) -> bool:
        """Whether the sum of the hidden ones, if any, leaves each its whole range."""
        inside = [leaf for leaf in leaves if _key(leaf) in gone]
        sums = [sum(known(leaf.people[g]) or 0 for leaf in inside) for g in groups]
        least = self.below - 1 + len(inside) - 1
        if not inside or not groups:
            return True
        return len(inside) > 1 and min(sums) >= least and self._others_hold(inside, groups)

    def _others_hold(self, inside: Sequence[UnitRow], groups: Sequence[str]) -> bool:
        """Whether the others of a sum can hold all of it but one, of each that is small.

        No group of a unit is larger than all its people, where those are published.
        """
        if groups == ["all"] or any(_key(leaf) in self.hidden.all for leaf in inside):
            return True
        room = sum(known(leaf.people["all"]) or 0 for leaf in inside)
        return all(
            sum(known(other.people[g]) or 0 for other in inside) - 1
            <= room - (known(leaf.people["all"]) or 0)
            for g in groups
            for leaf in inside
            if small(leaf.people[g], self.below)
        )


def _groups_known(units: Sequence[UnitRow], names: Iterable[str]) -> list[str]:
    """The groups of which a number is known: without a total there is no sum to work back from."""
    return [g for g in names if any(u.people[g] is not None for u in units)]


def _smallest(units: Sequence[UnitRow], gone: set[_Key], groups: Sequence[str]) -> _Key | None:
    """The published unit with the fewest people that can hide others: none of its groups empty."""
    rest = [
        (min(known(u.people[g]) or 0 for g in groups), _key(u))
        for u in units
        if _key(u) not in gone and all(u.people[g] for g in groups)
    ]
    return min(rest)[1] if rest else None
