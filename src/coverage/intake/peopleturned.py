"""Tables of people that are turned: units across, ages or years down."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coverage.intake.peoplecells import people_columns
from coverage.intake.peoplefigures import TOTALS
from coverage.lists.sheets import RawRow
from coverage.messages import Said
from coverage.places.names import CALLED, match_unit, plain_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.formats.grids import Cell
    from coverage.lists.sheets import RawSheet
    from coverage.units import Units

_DEEPEST = 8  # rows in which the line of units is looked for
_NOTE = Said(
    "单元横排、人群竖排：已转置，行号即原表的列号",
    "units stand across and groups down: turned, and a row's number is that of its column",
)


def upright(sheet: RawSheet, units: Units, titles: Sequence[str]) -> RawSheet | None:
    """The same table with a row for each unit; `None` if it is no such table.

    Args:
        sheet: As read.
        units: The city's units, of which at least two stand in one line.
        titles: What stands above, and what the sheet and the file are called.
    """
    lines = [row for row in sheet.rows[:_DEEPEST] if len(_units(row, units)) > 1]
    if not lines:
        return None
    line = lines[-1]
    first = min(_units(line, units))
    at = sheet.rows.index(line)
    below = [row for row in sheet.rows[at + 1 :] if any(_text(row.get(i)) for i in range(first))]
    labels = _labels(below, first)
    if not people_columns(labels, titles)[0]:
        return None
    county = lines[-2] if len(lines) > 1 else None
    rows = [row for row in sheet.rows[:at] if row.role == "title"]
    above = ""
    for i in range(first, len(line.cells)):
        above = (_text(county.get(i)) if county else "") or above
        if name := _text(line.get(i)):
            role = "total" if TOTALS.fullmatch(plain_name(name)) else "data"
            cells = (name, above, *(row.get(i) for row in below))
            rows.append(RawRow(i + 1, cells, role))  # type: ignore[arg-type]
    columns = ("地区", "县区" if county else "", *labels)
    return replace(sheet, columns=columns, rows=tuple(rows), notes=(*sheet.notes, _NOTE))


def _units(row: RawRow, units: Units) -> list[int]:
    """Places of the cells of a row that are called as a county or a township."""
    return [
        i
        for i, cell in enumerate(row.cells)
        if isinstance(cell, str)
        and cell.strip()
        and any(
            m.how in CALLED
            for level in ("township", "county")
            for m in match_unit(cell, units, level=level)
        )
    ]


def _labels(rows: Sequence[RawRow], count: int) -> list[str]:
    """What each row is called by its first cells, of which a blank one is as above."""
    labels, above = [], [""] * count
    for row in rows:
        own = [_text(row.get(i)) for i in range(count)]
        last = max(i for i, text in enumerate(own) if text)
        above = [text or (above[i] if i < last else "") for i, text in enumerate(own)]
        labels.append("/".join(dict.fromkeys(filter(None, above))))
    return labels


def _text(cell: Cell) -> str:
    return "" if cell is None else str(cell).strip()
