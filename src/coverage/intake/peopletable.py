"""People by township and age from a sheet, into the table of a workspace.

The sheet names townships (by code, by name, by name and county) and counts
people in columns such as 总人口 and 60岁及以上. Sums of counties and of the city
are made here and not read: rows of totals in the sheet are only compared.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from coverage.errors import InputError, Problem
from coverage.intake.outcomes import Part, RowOutcome, Use
from coverage.intake.parts import other_row, part_of, uses_of
from coverage.intake.peoplecells import Column, contradiction, count_in, people_columns
from coverage.intake.template import POPULATION
from coverage.intake.unit_columns import (
    CODE_COLUMNS,
    COUNTY_COLUMNS,
    MEANINGS,
    NAME_COLUMNS,
    find_column,
    plain,
)
from coverage.lists.rows import Finding, Outcome, Weight
from coverage.messages import Said
from coverage.places.changes import load_changes
from coverage.places.find import Evidence, find_unit
from coverage.population import People

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from coverage.formats.grids import Cell
    from coverage.lists.sheets import RawRow, RawSheet
    from coverage.units import Unit, Units

YEAR_COLUMNS = "年份 年 年度 统计年份 数据年份 year"
GROUPS = ("all", "0-14", "15-59", "60+", "65+", "80+")
SUMMED = "相加"
# Words that make the header of such a sheet known to the reader.
KNOWN = (
    *("总人口", "常住人口", "户籍人口", "人口", "人口数", "年份", "代码"),
    *(
        f"{a}{b}"
        for a in ("60岁", "65岁", "80岁", "60周岁")
        for b in ("以上", "及以上", "及以上人口")
    ),
    *("0-14岁", "15-59岁", "60+", "65+", "80+", "0-14", "15-59"),
)
_EARLIEST = 1949


@dataclass
class Table:
    """What a sheet said.

    Attributes:
        people: Figures by unit, group and year.
        outcomes: One a row, in order.
        parts: The sheets.
        findings: About the whole.
        in_file: Sum of ``all`` (or the first group) over the rows of data.
        taken: The same over the rows accepted.
    """

    people: dict[tuple[str, str, int], int] = field(default_factory=dict)
    outcomes: list[RowOutcome] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    in_file: int = 0
    taken: int = 0

    def find(self, id_: str, weight: Weight, zh: str, en: str, units: Sequence[str] = ()) -> None:
        """Add a finding."""
        self.findings.append(Finding(id_, weight, Said(zh, en), tuple(units)))


def is_people_table(sheet: RawSheet) -> bool:
    """Whether a sheet counts people by unit."""
    columns, _ = people_columns(sheet.columns)
    named = find_column(sheet.columns, NAME_COLUMNS) or find_column(sheet.columns, CODE_COLUMNS)
    return bool(columns and named)


def read_people(sheets: Iterable[RawSheet], units: Units, *, year: int | None) -> Table:
    """Figures of townships from sheets for which `is_people_table` holds.

    Args:
        sheets: As read.
        units: The city's units.
        year: Year of rows that do not say theirs.

    Raises:
        InputError: If a sheet does not say the year and neither does the caller.
    """
    table = Table()
    reader = _Reader(table, units, year)
    for sheet in sheets:
        reader.read(sheet)
    reader.finish()
    return table


@dataclass
class _Row:
    sheet: RawSheet
    row: RawRow
    code: str
    name: str
    county: str
    said: list[Said]
    part: int


class _Reader:
    def __init__(self, table: Table, units: Units, year: int | None) -> None:
        self.table, self.units, self.year = table, units, year
        self.changes = load_changes()
        self.seen: dict[tuple[str, int], dict[str, int]] = {}

    def read(self, sheet: RawSheet) -> None:
        columns, aside = people_columns(sheet.columns)
        if aside:
            listed = "、".join(aside)
            self.table.find(
                "columns",
                "note",
                f"同一人群另有列 {listed}，未用。",
                f"Columns that count the same people and were not used: {listed}.",
            )
        heads = list(sheet.columns)
        counted = {c.name for c in columns}
        places = {
            "year": find_column(heads, YEAR_COLUMNS),
            "code": find_column(heads, CODE_COLUMNS),
            "name": find_column([h for h in heads if h not in counted], NAME_COLUMNS),
        }
        taken = {*counted, *filter(None, places.values())}
        places["county"] = find_column([h for h in heads if h not in taken], COUNTY_COLUMNS)
        at = {key: heads.index(name) for key, name in places.items() if name is not None}
        if "year" not in at and self.year is None:
            reason = Said("没有年份列，请用 --year 写明年份", "the table does not say its year")
            raise InputError(Problem(reason, sheet.file))
        number = len(self.table.parts)
        self.table.parts.append(part_of(sheet, _uses(heads, columns, places)))
        totals: list[tuple[RawRow, str]] = []
        for raw in sheet.rows:
            cells = {key: _text(raw.get(i)) for key, i in at.items()}
            if raw.role == "total" or (raw.role == "data" and self._is_total(cells)):
                totals.append((raw, cells.get("name", "") or cells.get("county", "")))
                self.table.outcomes.append(other_row(sheet, raw, number, "total"))
            elif raw.role == "data":
                parts = [cells.get(key, "") for key in ("code", "name", "county")]
                row = _Row(sheet, raw, parts[0], parts[1], parts[2], [], number)
                self._take(row, columns, cells.get("year"))
            else:
                self.table.outcomes.append(other_row(sheet, raw, number))
        self._compare(sheet, totals, columns)

    def finish(self) -> None:
        """Say which units of today have figures of a part only."""
        for (code, year), seen in self.seen.items():
            parts = self.changes.to_then(code, date(year, 12, 31))
            gone = [part for part in parts if part not in seen]
            if set(seen) <= set(parts) and gone and len(parts) > 1:
                self.table.find(
                    "part",
                    "warning",
                    f"{year} 年 {self.units.name(code)} 还应含 {'、'.join(gone)}，表中没有。",
                    f"{self.units.name(code)} of {year} should include {', '.join(gone)}, which "
                    f"the table does not have.",
                    [code],
                )

    def _is_total(self, cells: dict[str, str]) -> bool:
        """Rows that sum up: 合计, the city's name, a county's name where townships are listed."""
        name = plain(cells.get("name", ""))
        if re.fullmatch(r"(全市|全县|全区|总)?(合计|总计|小计|共计|总数)|全市|全县|全区", name):
            return True
        upper = [*self.units.counties, *([self.units.city] if self.units.city else [])]
        alone = not cells.get("code") or len(cells["code"]) == 6
        return alone and any(name == plain(u.name) for u in upper)

    def _take(self, row: _Row, columns: Sequence[Column], year_cell: str | None) -> None:
        if _untouched(row, columns, year_cell):
            self.table.outcomes.append(other_row(row.sheet, row.row, row.part, "blank"))
            return
        year = self._year(row, year_cell)
        unit: Unit | None = None
        on = date(year, 12, 31) if year is not None else None
        evidence = Evidence(row.code, row.county, name=row.name, day=on)
        found = find_unit(evidence, self.units, level="township", changes=self.changes)
        figures, reason = _figures(row, columns)
        self.table.in_file += _main(figures)
        unit = found.unit
        if unit is None:
            self._done(row, "", "rejected", found.why)
        elif year is None:
            self._done(row, unit.code, "rejected", row.said)
        elif reason is not None:
            self._done(row, unit.code, "rejected", [reason])
        else:
            row.said += found.said
            self._keep(row, unit, year, figures, found.old or unit.code)

    def _keep(self, row: _Row, unit: Unit, year: int, figures: dict[str, int], own: str) -> None:
        seen = self.seen.setdefault((unit.code, year), {})
        parts = self.changes.to_then(unit.code, date(year, 12, 31))
        if seen and not (own in parts and own not in seen and set(seen) <= set(parts)):
            first = next(iter(seen.values()))
            why = Said(f"与第 {first} 行重复", f"the same unit and year as row {first}")
            self._done(row, unit.code, "rejected", [why])
            return
        if seen:
            first = next(iter(seen.values()))
            said = f"与第 {first} 行今属同一单元，相加"
            row.said.append(Said(said, f"one unit today with row {first}: added up"))
        seen[own] = row.row.number
        for group, count in figures.items():
            key = unit.code, group, year
            self.table.people[key] = self.table.people.get(key, 0) + count
        self.table.taken += _main(figures)
        kind: Outcome = "corrected" if row.said else "accepted"
        self._done(row, unit.code, kind, row.said)

    def _year(self, row: _Row, cell: str | None) -> int | None:
        if not cell:
            if self.year is None:
                row.said = [Said("缺年份", "the year is missing")]
            return self.year
        match = re.fullmatch(
            r"(\d{4})(?:\.0)?年?(?:末|底|度)?", unicodedata.normalize("NFKC", cell)
        )
        if not match or not _EARLIEST <= int(match[1]) <= date.today().year:  # noqa: DTZ011
            row.said = [Said(f"年份 {cell} 不对", f"{cell} is no year up to today")]
            return None
        return int(match[1])

    def _done(self, row: _Row, code: str, outcome: Outcome, said: Sequence[Said]) -> None:
        name = row.name or self.units.name(code)
        self.table.outcomes.append(
            RowOutcome(
                row.row.number,
                row.sheet.sheet,
                code,
                name,
                outcome,
                tuple(said),
                row.row.cells,
                part=row.part,
            )
        )

    def _compare(
        self, sheet: RawSheet, totals: Sequence[tuple[RawRow, str]], columns: Sequence[Column]
    ) -> None:
        """Say where a total of the sheet is not the sum of its rows."""
        years = {year for _, _, year in self.table.people}
        if len(years) != 1:
            return
        year = years.pop()
        by_name = {plain(u.name): u.code for u in self.units.counties}
        for raw, name in totals:
            county = by_name.get(plain(name), "") if name else ""
            if county == (self.units.city.code if self.units.city else ""):
                county = ""
            for column in columns:
                told, _, _ = count_in(raw.get(column.index), column.scale)
                own = sum(
                    n
                    for (code, group, when), n in self.table.people.items()
                    if (group, when) == (column.group, year) and code.startswith(county)
                )
                if told is None or told == own or (not county and "小计" in name):
                    continue
                self.table.find(
                    "total",
                    "warning",
                    f"{sheet.sheet} 第 {raw.number} 行（{name or '合计'}）{column.name} 为 "
                    f"{told:,}，"
                    f"各乡镇相加为 {own:,}。",
                    f"Row {raw.number} says {told:,} in {column.name}; the townships add up to "
                    f"{own:,}.",
                )


def _uses(
    heads: Sequence[str], columns: Sequence[Column], places: Mapping[str, str | None]
) -> list[Use]:
    meanings = {name: MEANINGS[key] for key, name in places.items() if name is not None}
    meanings |= {c.name: Said(f"人数 {c.group}", f"people {c.group}") for c in columns}
    return uses_of(heads, meanings)


def _untouched(row: _Row, columns: Sequence[Column], year: str | None) -> bool:
    """A township of the template that nobody has filled in."""
    filled = any(_text(row.row.get(column.index)) for column in columns)
    return row.sheet.sheet == POPULATION and not filled and not year


def _main(figures: dict[str, int]) -> int:
    return figures.get("all", next(iter(figures.values()), 0))


def _figures(row: _Row, columns: Sequence[Column]) -> tuple[dict[str, int], Said | None]:
    """People by group, and why the row cannot be taken."""
    figures: dict[str, int] = {}
    reason: Said | None = None
    for column in columns:
        count, said, wrong = count_in(row.row.get(column.index), column.scale)
        if wrong is not None:
            reason = reason or Said(f"{column.name}：{wrong.zh}", f"{column.name}: {wrong.en}")
        if said is not None:
            row.said.append(Said(f"{column.name}：{said.zh}", f"{column.name}: {said.en}"))
        if count is not None:
            figures[column.group] = count
    if not figures and reason is None:
        reason = Said("没有填人数", "no number of people is filled in")
    return figures, reason or contradiction(figures)


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell == int(cell):
        return str(int(cell))
    return str(cell).strip()


def with_sums(
    people: dict[tuple[str, str, int], int], units: Units, source: str
) -> tuple[list[People], list[tuple[str, str, int]]]:
    """Rows of townships, and sums of counties and of the city where all townships are there.

    Returns:
        The rows in the order of the shipped tables, and what could not be summed: county (or
        city), group and year.
    """
    rows = [
        People(code, "township", group, year, count, "surveyed", source)
        for (code, group, year), count in people.items()
    ]
    gaps = []
    for group, year in sorted({(g, y) for _, g, y in people}):
        own = {code: n for (code, g, y), n in people.items() if (g, y) == (group, year)}
        uppers = [(u, u.code) for u in units.counties]
        if units.city is not None and all(u.code != units.city.code for u in units.counties):
            uppers.append((units.city, ""))
        for upper, start in uppers:
            inside = [u for u in units.townships if not start or u.parent == start]
            if any(u.code not in own for u in inside):
                if any(code.startswith(start) for code in own):
                    gaps.append((upper.code, group, year))
                continue
            total = sum(n for code, n in own.items() if code.startswith(start))
            # A city without counties has one row, at the level that the shipped table uses.
            level = "city" if upper.code.endswith("00") else "county"
            rows.append(People(upper.code, level, group, year, total, "surveyed", source, SUMMED))
    order = {group: place for place, group in enumerate(GROUPS)}
    rows.sort(key=lambda r: (len(r.unit_code), r.unit_code, order.get(r.group, 9), r.year))
    return rows, gaps
