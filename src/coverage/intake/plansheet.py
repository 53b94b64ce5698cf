"""The table of a plan's targets as it lies in a sheet: its header, its columns, its rows.

Years stand where their authors like them: in a column of their own
(目标年份, 目标值), in the name of a column (2027年目标值, 基期值（2025年）), or in a
second row of the header under 目标值.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from coverage.lists.spec import Spec, normal, unbracketed
from coverage.lists.target_text import cell_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.formats.grids import Cell
    from coverage.lists.sheets import RawRow, RawSheet

PLAN = Spec("plan")
_NUMBERING = {normal(n) for n in ("序号", "no", "no.", "行号")}
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
_SEARCHED = 40


@dataclass(frozen=True)
class Column:
    """What one column is taken for.

    Attributes:
        index: Place in the row, from 0.
        name: As written, the parts of two rows joined by "/".
        field: A key of the plan's table, `None` for a column left out.
        year: Year that the name carries.
    """

    index: int
    name: str
    field: str | None
    year: int | None = None


@dataclass(frozen=True)
class PlanTable:
    """One table of targets.

    Attributes:
        sheet: Name of the worksheet.
        titles: Lines above the header.
        columns: Every column with a name.
        rows: Filled rows below the header, whatever they are.
    """

    sheet: str
    titles: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[RawRow, ...]

    def of(self, field: str) -> tuple[Column, ...]:
        """Columns that mean `field`, in order."""
        return tuple(column for column in self.columns if column.field == field)

    def cell(self, row: RawRow, field: str) -> Cell:
        """The first filled cell of `field` in a row."""
        cells = (row.get(column.index) for column in self.of(field))
        return next((cell for cell in cells if cell_text(cell)), None)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Names of columns that mean nothing here."""
        return tuple(
            c.name for c in self.columns if c.field is None and normal(c.name) not in _NUMBERING
        )


def plan_tables(sheets: Sequence[RawSheet]) -> list[PlanTable]:
    """Tables of targets among the sheets of a file, hidden sheets left aside."""
    by_sheet: dict[str, list[RawRow]] = {}
    for sheet in sheets:
        if not sheet.hidden:
            by_sheet.setdefault(sheet.sheet, []).extend(_all_rows(sheet))
    found = (_table(name, rows) for name, rows in by_sheet.items())
    return [table for table in found if table is not None]


def _all_rows(sheet: RawSheet) -> list[RawRow]:
    """The rows, and before them the names of columns where the format keeps them apart."""
    from coverage.lists.sheets import RawRow

    if sheet.rows and not any(row.role == "header" for row in sheet.rows) and any(sheet.columns):
        return [RawRow(0, tuple(sheet.columns), "header"), *sheet.rows]
    return list(sheet.rows)


def _filled(row: RawRow) -> list[str]:
    return [text for cell in row.cells if (text := cell_text(cell))]


def _table(sheet: str, rows: list[RawRow]) -> PlanTable | None:
    for position, row in enumerate(rows[:_SEARCHED]):
        columns = [_column(i, cell_text(cell)) for i, cell in enumerate(row.cells)]
        fields = {c.field for c in columns}
        if "name" not in fields or not fields & {"target", "baseline", "unit", "target_year"}:
            continue
        below = rows[position + 1] if position + 1 < len(rows) else None
        used = 1
        if below is not None and _is_second(columns, below):
            columns, used = _joined(row, below), 2
        if not any(c.field == "target" for c in columns):
            continue
        titles = tuple(text for above in rows[:position] for text in _filled(above))
        rest = tuple(r for r in rows[position + used :] if _filled(r))
        return PlanTable(sheet, titles, tuple(c for c in columns if c.name), rest)
    return None


def _is_second(columns: list[Column], below: RawRow) -> bool:
    """Whether the next row belongs to the header: years or words of values and no name."""
    name_at = next(c.index for c in columns if c.field == "name")
    texts = [
        (i, text)
        for i, cell in enumerate(below.cells)
        if i not in below.filled and (text := cell_text(cell))
    ]
    if not texts or any(i == name_at for i, _ in texts):
        return False
    return all(_YEAR.search(text) or normal(text) in PLAN.normals for _, text in texts)


def _joined(row: RawRow, below: RawRow) -> list[Column]:
    """Columns of a header of two rows: a blank above takes the word to its left."""
    columns, parent = [], ""
    for i in range(max(len(row.cells), len(below.cells))):
        above = cell_text(row.get(i))
        child = "" if i in below.filled else cell_text(below.get(i))
        parent = above or (parent if child else "")
        name = f"{parent}/{child}" if child and parent else child or above
        columns.append(_column(i, name))
    return columns


def _column(index: int, name: str) -> Column:
    own = PLAN.normals
    text = unicodedata.normalize("NFKC", name)
    years = _YEAR.findall(text)
    if len(years) > 1:  # "2021-2025年目标" carries a period and no year
        years = []
    for form in (normal(text), unbracketed(text), *map(normal, text.split("/"))):
        if form in own and not years:
            return Column(index, name, own[form])
    bare = re.sub(r"[年底末度]|（\s*）|\(\s*\)|[/()（）]", "", _YEAR.sub("", text))
    field = own.get(normal(bare)) or own.get(unbracketed(bare))
    year = int(years[0]) if years else None
    if year is not None and field in {"target", "baseline"}:
        return Column(index, name, field, year)
    if year is not None and not normal(bare):
        return Column(index, name, "target", year)
    return Column(index, name, field if year is None else None, None)


def decided(table: PlanTable, start: int | None, end: int | None) -> PlanTable:
    """Bare years before the plan's first, or before its first target, are its baseline.

    The last of them is: 2023年 | 2025年 | 2027年目标值 has 2025 for its baseline. Earlier ones
    are history, and are left out.
    """
    columns = table.columns
    if any(c.field == "baseline" for c in columns):
        return table
    bare = [c for c in columns if c.field == "target" and c.year and _is_bare(c.name)]
    others = [c.year for c in columns if c.field == "target" and c.year and c not in bare]
    first = min([y for y in (*others, start or (end - 4 if end else None)) if y], default=0)
    before = [c for c in bare if c.year and c.year < first]
    if not before or len(before) == len(table.of("target")):
        return table
    last = max(c.year or 0 for c in before)
    turned = {c: "baseline" if c.year == last else None for c in before}
    return replace(table, columns=tuple(replace(c, field=turned.get(c, c.field)) for c in columns))


def _is_bare(name: str) -> bool:
    return not re.sub(r"[\s年底末度\d]", "", name)
