"""People by township and age from a sheet, into the table of a workspace.

The sheet names townships (by code, by name, by name and county) and counts
people in columns such as 总人口 and 60岁及以上. Sums of counties and of the city
are made here and not read: rows of totals in the sheet are only compared.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import date
from pathlib import PurePath
from typing import TYPE_CHECKING

from coverage.errors import InputError, Problem
from coverage.intake.outcomes import RowOutcome, Use
from coverage.intake.parts import other_row, part_of, uses_of
from coverage.intake.peoplecells import (
    PEOPLE,
    Column,
    census_year,
    contradiction,
    count_in,
    disagreement,
    people_columns,
    with_tiles,
)
from coverage.intake.peoplefigures import TOTALS, Kept, Row, Table, Words, main_figure
from coverage.intake.template import POPULATION
from coverage.lists.spec import FACILITIES
from coverage.messages import Said
from coverage.places.changes import load_changes
from coverage.places.evidence import Found, which
from coverage.places.find import Evidence, code_in, find_unit, unit_of_titles
from coverage.places.names import CALLED, match_unit, plain_name, root_of, suffix_level

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from coverage.formats.grids import Cell
    from coverage.lists.rows import Outcome
    from coverage.lists.sheets import RawSheet
    from coverage.units import Units

_EARLIEST = 1949
_NO_YEAR = Said("年份 {} 不对", "{} is no year up to today")
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
# A yearbook tells of the year before, and these lines of when somebody wrote.
_NOT_OF = re.compile("年鉴|制表|填表|填报|印发|打印|日期|更新|文号|号$")


def titles_of(sheet: RawSheet) -> list[str]:
    """What stands above a table, and what its sheet and its file are called."""
    return [*sheet.titles, sheet.sheet, PurePath(sheet.file).stem]


def is_people_table(sheet: RawSheet) -> bool:
    """Whether a sheet counts people by unit."""
    columns, _ = people_columns(sheet.columns, titles_of(sheet))
    places = PEOPLE.places(sheet.columns)
    return bool(columns) and bool(places.keys() & {"name", "code", "county"})


def _is_past(year: int) -> bool:
    return _EARLIEST <= year <= date.today().year  # noqa: DTZ011


def read_people(sheets: Iterable[RawSheet], units: Units, *, year: int | None) -> Table:
    """Figures of townships, or of whole counties, from sheets for which `is_people_table` holds.

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
class _Total:
    """A row that sums up others: where its outcome stands, and its county, if it is one's."""

    row: Row
    outcome: int
    county: str
    figures: dict[int, dict[str, int]]


class _Reader:
    def __init__(self, table: Table, units: Units, year: int | None) -> None:
        self.table, self.units, self.year = table, units, year
        self.changes = load_changes()
        self.kept = Kept(table, self.changes)
        self.counties = {plain_name(u.name): u.code for u in units.counties}
        self.short = {root_of(name, "county"): code for name, code in self.counties.items()}
        self.alone = False  # whether the sheet in hand lists nothing but counties
        city = plain_name(units.city.name) if units.city else ""
        self.whole = {city, root_of(city, "county")} - {""}

    def read(self, sheet: RawSheet) -> None:
        titles = titles_of(sheet)
        columns, aside = people_columns(sheet.columns, titles)
        if aside:
            listed = "、".join(aside)
            self.table.find(
                "columns",
                "note",
                f"同一人群另有列 {listed}，未用。",
                f"Columns that count the same people and were not used: {listed}.",
            )
        at = _places(sheet, columns)
        year = self._year_of(
            sheet, titles, needed="year" not in at and not all(c.year for c in columns)
        )
        number = len(self.table.parts)
        self.table.parts.append(part_of(sheet, _uses(sheet.columns, columns, at), sheet.notes))
        totals: list[_Total] = []
        context = unit_of_titles(titles, self.units)[:6]
        rows = _rows(sheet, number, at)
        parted = {row.words.name for row in rows if row.words.name and not row.words.whole}
        self.alone = self._only_counties(rows)
        for row in rows:
            raw, cell = row.row, _text(row.row.get(at["year"])) if "year" in at else None
            county = self._county(row, context)
            if raw.role not in {"data", "total"}:
                self.table.outcomes.append(other_row(sheet, raw, number))
            elif raw.role == "total" or county is not None or self._is_total(row, parted):
                context = county or context
                figures, _ = _figures(row, columns, self._year(row, cell, year))
                of = county or (
                    self._unit(row, context, None).code if row.words.name in parted else ""
                )
                totals.append(_Total(row, len(self.table.outcomes), of, figures))
                self.table.outcomes.append(other_row(sheet, raw, number, "total"))
            else:
                self._take(row, columns, cell, year, context)
        for total in totals:
            self._compare(total, columns)

    def finish(self) -> None:
        """Say which units of today have figures of a part only, and what counties alone have."""
        self.kept.say_parts(self.units)
        alone = sorted({code for code, _, _ in self.table.counties})
        if alone:
            listed = "、".join(map(self.units.name, alone))
            self.table.find(
                "counties",
                "warning",
                f"表中只有 {len(alone)} 个县（{listed}）的合计：按县采用，乡镇人数由模型"
                "按村居委会数分摊，有分乡镇的数请再导入。",
                f"The table has only the totals of {len(alone)} counties ({listed}): they are "
                "taken for the counties, and their townships are modelled by committees; import "
                "figures of townships where there are some.",
                alone,
            )

    def _only_counties(self, rows: Sequence[Row]) -> bool:
        """Whether all that a sheet names are counties, in full or by their short names."""
        names = [plain_name(_bare(row.words.name)) for row in rows if row.row.role == "data"]
        names = [n for n in names if n and not TOTALS.fullmatch(n) and n not in self.whole]
        return bool(names) and all(n in self.counties or n in self.short for n in names)

    def _county(self, row: Row, context: str) -> str | None:
        """Code of the county that a row is, where it is one and no township.

        A short name that a township has too means the county where the sheet lists counties alone.
        """
        code, name, within, _ = row.words
        number, own = code_in(code), plain_name(name)
        if not row.words.whole:
            return None
        if len(number) == 6 and number in self.units:
            return number
        stated = within or name if not own or TOTALS.fullmatch(own) else name
        if len(number) not in {0, 6}:
            return None
        plain = plain_name(_bare(stated))
        short = self.short.get(plain, "")
        if not short or short == context or (within and not self.alone):
            return self.counties.get(plain)
        return short if self.alone or not self._towns(plain) else None

    def _towns(self, name: str) -> list[str]:
        """Codes of the townships that are called so, with their suffix or without."""
        found = match_unit(name, self.units, level="township")
        return [m.code for m in found if m.how in CALLED]

    def _is_total(self, row: Row, parted: Collection[str]) -> bool:
        """Rows that sum up: 合计, the city's name, a township whose villages are listed."""
        name = plain_name(row.words.name or row.words.county)
        alone = len(code_in(row.words.code)) in {0, 6}
        if TOTALS.fullmatch(name) or (alone and name in self.whole):
            return True
        return row.words.whole and row.words.name in parted

    def _take(
        self,
        row: Row,
        columns: Sequence[Column],
        cell: str | None,
        stated: int | None,
        county: str,
    ) -> None:
        if _untouched(row, columns, cell):
            self.table.outcomes.append(other_row(row.sheet, row.row, row.part, "blank"))
            return
        year = self._year(row, cell, stated)
        figures, reason = _figures(row, columns, year)
        when = max(figures, default=year)
        on = date(when, 12, 31) if when else None
        found = self._unit(row, county, on)
        main = main_figure(figures)
        self.table.in_file += main
        unit = found.unit
        if unit is None:
            self._done(row, "", "rejected", found.why)
        elif when is None:
            self._done(
                row,
                unit.code,
                "rejected",
                row.said
                or [Said("缺年份，可用 --year 写明", "the year is missing: state it with --year")],
            )
        elif reason is not None:
            self._done(row, unit.code, "rejected", [reason])
        else:
            row.said += found.said
            outcome, why = self.kept.keep(row, unit, figures, found.old or unit.code)
            self._done(row, unit.code, outcome, why)

    def _unit(self, row: Row, county: str, on: date | None) -> Found:
        """The township of a row; of two with its name the one in the county above it."""
        code, name, within, _ = row.words
        code = code_in(code)[:9] or code  # a village stands for its township
        evidence = Evidence(code, within, name=name, day=on)
        found = find_unit(evidence, self.units, level="township", changes=self.changes)
        if found.unit is None and county and not within:
            own = replace(evidence, county=self.units.name(county))
            again = find_unit(own, self.units, level="township", changes=self.changes)
            found = again if again.unit is not None else found
        upper = self.short.get(plain_name(name), county)
        if found.unit is not None and not (code or within) and upper != county:
            return Found(why=[which(name, [upper, found.code], self.units)])  # 连州: 市 or 镇?
        return found

    def _year_of(self, sheet: RawSheet, titles: Sequence[str], *, needed: bool) -> int | None:
        """The year that the caller states, or else a title, the sheet or the file."""
        if self.year is not None and not _is_past(self.year):
            raise InputError(Problem(_NO_YEAR.fill(self.year), sheet.file))
        if self.year is not None or not needed:
            return self.year
        for title in (t for t in titles if not _NOT_OF.search(t)):
            census = census_year(title)
            found = _YEAR.findall(unicodedata.normalize("NFKC", title))
            years = {census} if census else {int(y) for y in found}
            if len(years) == 1 and _is_past(min(years)):
                (year,) = years
                self.table.find(
                    "year",
                    "note",
                    f"年份取自“{title}”：{year}；不对请用 --year 写明。",
                    f"The year {year} is taken from “{title}”; state it with --year if that is "
                    "wrong.",
                )
                return year
        reason = Said("没有年份列，请用 --year 写明年份", "the table does not say its year")
        raise InputError(Problem(reason, sheet.file))

    def _year(self, row: Row, cell: str | None, stated: int | None) -> int | None:
        if not cell:
            return stated
        match = re.fullmatch(
            r"(\d{4})(?:\.0)?年?(?:末|底|度)?", unicodedata.normalize("NFKC", cell)
        )
        if not match or not _is_past(int(match[1])):
            row.said = [_NO_YEAR.fill(cell)]
            return None
        return int(match[1])

    def _done(self, row: Row, code: str, outcome: Outcome, said: Sequence[Said]) -> None:
        self.table.outcomes.append(self._outcome(row, code, outcome, said))

    def _outcome(self, row: Row, code: str, outcome: Outcome, said: Sequence[Said]) -> RowOutcome:
        name = row.words.name or self.units.name(code)
        return RowOutcome(
            row.row.number,
            row.sheet.sheet,
            code,
            name,
            outcome,
            tuple(said),
            row.row.cells,
            part=row.part,
        )

    def _compare(self, total: _Total, columns: Sequence[Column]) -> None:
        """Take a county's figures where no township of it has any; say where sums differ."""
        table, row, adopted = self.table, total.row, False
        name = row.words.name or row.words.county
        start = total.county
        if self.units.city is not None and start == self.units.city.code:
            start = ""
        for year, figures in total.figures.items():
            for group, told in figures.items():
                own = [
                    n
                    for people in (table.people, table.counties)
                    for (code, of, when), n in people.items()
                    if (of, when) == (group, year) and code.startswith(start)
                ]
                if not own and len(total.county) == 6:
                    table.counties[total.county, group, year] = told
                    adopted = True
                elif not own or told == sum(own) or (not start and "小计" in name):
                    continue
                else:
                    heads = [c.name for c in columns if c.group == group and c.year in {0, year}]
                    head = (heads or [group])[0]
                    table.find(
                        "total",
                        "warning",
                        f"{row.sheet.sheet} 第 {row.row.number} 行（{name or '合计'}）{head} 为 "
                        f"{told:,}，"
                        f"各乡镇相加为 {sum(own):,}。",
                        f"Row {row.row.number} says {told:,} in {head}; the townships add up to "
                        f"{sum(own):,}.",
                    )
        if adopted:
            table.in_file += main_figure(total.figures)
            table.taken += main_figure(total.figures)
            said = Said("县的合计，按县采用", "the total of a county, taken for it")
            table.outcomes[total.outcome] = self._outcome(
                row, total.county, "accepted", [*row.said, said]
            )


def _bare(name: str) -> str:
    """清城区小计 and 清城区合计 are 清城区."""
    return re.sub(r"[（(]?(小计|合计|总计)[)）]?$", "", name.strip())


def _places(sheet: RawSheet, columns: Sequence[Column]) -> dict[str, int]:
    """Columns of units, villages and years; one of villages is also told by what it holds."""
    counted = {i for c in columns for i in (c.index, *c.also)}
    heads = ["" if i in counted else name for i, name in enumerate(sheet.columns)]
    at = PEOPLE.places(heads)
    at = {key: i for key, i in at.items() if key in {"code", "name", "county", "year"}}
    if "name" not in at and "county" in at:
        at["name"] = at.pop("county")
    for i, head in enumerate(heads):
        if not head or i in at.values() or "village" in at:
            continue
        cells = [str(c) for c in sheet.values(i, 200)]
        villages = sum(suffix_level(plain_name(c)) == "village" for c in cells)
        if FACILITIES.field(head) == "village" or (cells and villages > 0.6 * len(cells)):
            at["village"] = i
    return at


def _rows(sheet: RawSheet, part: int, at: Mapping[str, int]) -> list[Row]:
    """Every row with what it says of its unit; a village without a township is of the one above."""
    rows, above = [], ""
    for raw in sheet.rows:
        keys = ("code", "name", "county", "village")
        words = Words(*(_text(raw.get(at[key])) if key in at else "" for key in keys))
        row = Row(sheet, raw, part, words)
        if above and words.village and not (words.name or words.code):
            row.words = words._replace(name=above)
            row.said.append(Said(f"乡镇同上：{above}", f"the township above it: {above}"))
        above = row.words.name if raw.role == "data" else above
        rows.append(row)
    return rows


def _uses(heads: Sequence[str], columns: Sequence[Column], at: Mapping[str, int]) -> list[Use]:
    known = PEOPLE.fields | {"village": FACILITIES.fields["village"]}
    meanings = {heads[i]: known[key].said for key, i in at.items()}
    for c in columns:
        when = f" {c.year}" if c.year else ""
        for index in (c.index, *c.also):
            meanings[heads[index]] = Said(f"人数 {c.group}{when}", f"people {c.group}{when}")
    return uses_of(heads, meanings)


def _untouched(row: Row, columns: Sequence[Column], year: str | None) -> bool:
    """A township of the template that nobody has filled in."""
    filled = any(_text(row.row.get(column.index)) for column in columns)
    return row.sheet.sheet == POPULATION and not filled and not year


def _figures(
    row: Row, columns: Sequence[Column], year: int | None
) -> tuple[dict[int, dict[str, int]], Said | None]:
    """People by year and group, and why the row cannot be taken."""
    figures: dict[int, dict[str, int]] = {}
    reason: Said | None = None
    for column in columns:
        counts = []
        for index in (column.index, *column.also):
            name = row.sheet.columns[index]
            count, said, wrong = count_in(row.row.get(index), column.scale)
            if wrong is not None:
                reason = reason or Said(f"{name}：{wrong.zh}", f"{name}: {wrong.en}")
            if said is not None:
                row.said.append(Said(f"{name}：{said.zh}", f"{name}: {said.en}"))
            counts.append(count)
        told = [count for count in counts if count is not None]
        when = column.year or year
        if told and len(told) < len(counts):
            reason = reason or Said(
                f"{column.name}：男女只填了一个", f"{column.name}: of men and women one is given"
            )
        elif told and when is not None:
            figures.setdefault(when, {})[column.group] = sum(told)
    if not figures and reason is None and year is not None:
        reason = Said("没有填人数", "no number of people is filled in")
    whole = {when: with_tiles(by_group) for when, by_group in figures.items()}
    for when, by_group in whole.items():
        reason = reason or contradiction(by_group) or disagreement(figures[when])
    return whole, reason


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell == int(cell):
        return str(int(cell))
    return str(cell).strip()
