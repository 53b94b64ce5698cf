"""Figures of people as a table gives them, by unit, group and year: kept once, and asked about.

The same row twice counts once. Two numbers for one unit are asked back: of one table both rows,
of another table the second, which may count somebody else. Units that are one today are added up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from coverage.lists.rows import Finding, Outcome, Weight
from coverage.messages import Question, Said
from coverage.places.evidence import code_in
from coverage.places.names import plain_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coverage.intake.outcomes import Part, RowOutcome
    from coverage.lists.sheets import RawRow, RawSheet
    from coverage.places.changes import Changes
    from coverage.units import Unit, Units

    ByYear = dict[int, dict[str, int]]  # people by year and group

TOTALS = re.compile(r"(全市|全县|全区|总)?(合计|总计|小计|共计|总数|计)|全市|全县|全区|total")


@dataclass
class Table:
    """What a sheet said.

    Attributes:
        people: Figures of townships by unit, group and year.
        counties: Figures that only counties have, likewise.
        outcomes: One a row, in order.
        parts: The sheets.
        findings: About the whole.
        in_file: Sum of ``all`` (or the first group) over the rows of data.
        taken: The same over the rows accepted.
    """

    people: dict[tuple[str, str, int], int] = field(default_factory=dict)
    counties: dict[tuple[str, str, int], int] = field(default_factory=dict)
    outcomes: list[RowOutcome] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    in_file: int = 0
    taken: int = 0

    def find(self, id_: str, weight: Weight, zh: str, en: str, units: Sequence[str] = ()) -> None:
        """Add a finding."""
        self.findings.append(Finding(id_, weight, Said(zh, en), tuple(units)))


class Words(NamedTuple):
    """How a row calls its unit."""

    code: str
    name: str
    county: str
    village: str

    @property
    def whole(self) -> bool:
        """Whether it names no village, or 小计 of them."""
        return not self.village or bool(TOTALS.fullmatch(plain_name(self.village)))


@dataclass
class Row:
    """A row of a sheet, and what is to be said of it."""

    sheet: RawSheet
    row: RawRow
    part: int
    words: Words
    said: list[Said] = field(default_factory=list)


class _Figure(NamedTuple):
    """One number of a row: the row, where its outcome stands, and what it says."""

    row: Row
    outcome: int
    people: int


class Kept:
    """The figures of `table`, each with the row that gave it."""

    def __init__(self, table: Table, changes: Changes) -> None:
        self.table, self.changes = table, changes
        # By unit and year the parts of it that were read, by part, village and group the figure.
        self.seen: dict[tuple[str, int], dict[str, dict[tuple[str, str], _Figure]]] = {}
        self.given: dict[int, ByYear] = {}  # by outcome what its row gave

    def keep(
        self, row: Row, unit: Unit, figures: ByYear, own: str
    ) -> tuple[Outcome, Sequence[Said]]:
        """Take a row's figures, unless an earlier row has them.

        Args:
            row: The row, whose outcome is the next of the table.
            unit: The township of today.
            figures: What it says.
            own: Code of the unit of then.

        Returns:
            What becomes of the row, and why.
        """
        village = _village(row)
        kept: dict[tuple[int, str], int] = {}
        other: dict[tuple[int, str], _Figure] = {}
        for year, by_group in figures.items():
            seen = self.seen.setdefault((unit.code, year), {})
            parts = self.changes.to_then(unit.code, date(year, 12, 31))
            before = seen.get(own, {})
            fits = not seen or own in seen or (own in parts and set(seen) <= set(parts))
            mixed = any((v == "") != (village == "") for v, _ in before)
            for group, count in by_group.items():
                known = before.get((village, group))
                if fits and not mixed and known is None:
                    kept[year, group] = count
                elif known is not None and known.people != count:
                    other[year, group] = known
        if other:
            return "rejected", [self._ask(row, unit, figures, other)]
        if not kept:
            first = next(self._first(unit, year) for year in figures)
            return "rejected", [
                Said(f"与第 {first} 行重复", f"the same unit and year as row {first}")
            ]
        for (year, group), count in kept.items():
            seen = self.seen[unit.code, year]
            if seen and own not in seen:
                first = self._first(unit, year)
                said = f"与第 {first} 行今属同一单元，相加"
                joined = Said(said, f"one unit today with row {first}: added up")
                row.said += [joined] if joined not in row.said else []
            number = len(self.table.outcomes)
            seen.setdefault(own, {})[village, group] = _Figure(row, number, count)
            self.given.setdefault(number, {}).setdefault(year, {})[group] = count
            key = unit.code, group, year
            self.table.people[key] = self.table.people.get(key, 0) + count
        self.table.taken += main_figure(figures)
        return "corrected" if row.said else "accepted", row.said

    def _first(self, unit: Unit, year: int) -> int:
        parts = self.seen[unit.code, year].values()
        return next(figure for part in parts for figure in part.values()).row.row.number

    def _ask(
        self, row: Row, unit: Unit, figures: ByYear, other: Mapping[tuple[int, str], _Figure]
    ) -> Said:
        """The question to a row that says another number than one before it."""
        both = [
            (year, group, _where(f.row, row), f.people, figures[year][group])
            for (year, group), f in other.items()
        ]
        here = row.row.number
        zh = "、".join(
            f"{year} 年 {group} {there.zh} {a:,}、第 {here} 行 {b:,}"
            for year, group, there, a, b in both
        )
        en = ", ".join(
            f"{group} in {year}: {a:,} in {there.en}, {b:,} in row {here}"
            for year, group, there, a, b in both
        )
        asked = Question(f"同一单元两个数：{zh}，哪个对？", f"two figures: {en}; which is right?")
        for number in {f.outcome for f in other.values() if f.row.part == row.part}:
            self._give_back(number, unit, asked)
        return asked

    def _give_back(self, number: int, unit: Unit, why: Said) -> None:
        """Count no longer what a row gave."""
        given = self.given.pop(number, None)
        if given is None:
            return
        for year, by_group in given.items():
            for group in by_group:
                self.table.people.pop((unit.code, group, year), None)
        self.table.taken -= main_figure(given)
        before = self.table.outcomes[number]
        self.table.outcomes[number] = replace(before, outcome="rejected", said=(*before.said, why))

    def say_parts(self, units: Units) -> None:
        """Say which units of today have figures of a part only."""
        for (code, year), seen in self.seen.items():
            parts = self.changes.to_then(code, date(year, 12, 31))
            gone = [part for part in parts if part not in seen]
            if set(seen) <= set(parts) and gone and len(parts) > 1:
                self.table.find(
                    "part",
                    "warning",
                    f"{year} 年 {units.name(code)} 还应含 {'、'.join(gone)}，表中没有。",
                    f"{units.name(code)} of {year} should include {', '.join(gone)}, which "
                    f"the table does not have.",
                    [code],
                )


def _where(row: Row, seen_from: Row) -> Said:
    """A row, with its sheet where that is another."""
    number, sheet = row.row.number, "" if row.part == seen_from.part else row.sheet.sheet
    own = Said(f"“{sheet}”", f" of {sheet}") if sheet else Said("", "")
    return Said(f"{own.zh}第 {number} 行", f"row {number}{own.en}")


def _village(row: Row) -> str:
    """What tells a row of a village from others of its township; empty for the whole of it."""
    if row.words.whole:
        number = code_in(row.words.code)
        return number * (len(number) == 12)
    return plain_name(row.words.village)


def main_figure(figures: Mapping[int, Mapping[str, int]]) -> int:
    """The number that stands for a row in sums: everybody, in its last year."""
    last = figures[max(figures)] if figures else {}
    return last.get("all", next(iter(last.values()), 0))
