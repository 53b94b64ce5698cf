"""Rows of a worksheet as its own XML: a hundred thousand of them in seconds.

A library makes the workbook, its looks and the heads of its sheets; the rows below them are put
into its archive as text (`coverage.alike.archive`), which costs a tenth of the time and no memory.
"""

from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

DATES = (datetime, date, time, timedelta)
_CHUNK = 500


class Look(NamedTuple):
    """A value with the number of the look that it has in its workbook."""

    value: object
    style: int


class Line(NamedTuple):
    """A row: its cells, and its height in points where it is not the usual one."""

    cells: Sequence[object]
    height: float | None = None


def look_of(cell: Any) -> int:
    """Number of the look that a cell of openpyxl has, noted in its workbook."""
    return int(cell.style_id)


def date_looks(sheet: Any) -> dict[type, int]:
    """Numbers of the looks of days and hours in the workbook of a sheet."""
    from openpyxl.cell import WriteOnlyCell

    samples = (datetime(2000, 1, 1), date(2000, 1, 1), time(0), timedelta(0))  # noqa: DTZ001
    return {type(value): look_of(WriteOnlyCell(sheet, value)) for value in samples}


def rows_xml(lines: Iterable[Line], dates: Mapping[type, int], *, first: int) -> Iterator[bytes]:
    """The rows as parts of a sheet's XML.

    Args:
        lines: Of values that a sheet can hold; texts without control characters.
        dates: See `date_looks`.
        first: Number of the first row.
    """
    parts: list[str] = []
    for number, line in enumerate(lines, start=first):
        height = f' ht="{line.height:g}" customHeight="1"' if line.height else ""
        cells = "".join(
            _cell(f"{_column(n)}{number}", cell, dates)
            for n, cell in enumerate(line.cells)
            if cell is not None and cell != ""
        )
        parts.append(f'<row r="{number}"{height}>{cells}</row>')
        if len(parts) == _CHUNK:
            yield "".join(parts).encode()
            parts.clear()
    yield "".join(parts).encode()


def _cell(place: str, cell: object, dates: Mapping[type, int]) -> str:
    value, style = cell if isinstance(cell, Look) else (cell, dates.get(type(cell), 0))
    look = f' s="{style}"' if style else ""
    if isinstance(value, bool):
        return f'<c r="{place}"{look} t="b"><v>{int(value)}</v></c>'
    if isinstance(value, DATES):
        from openpyxl.utils.datetime import to_excel

        return f'<c r="{place}"{look}><v>{to_excel(value)}</v></c>'
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return f'<c r="{place}"{look}><v>{value!r}</v></c>'
    text = escape(str(value)).replace("\r", "&#13;")
    return f'<c r="{place}"{look} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


@cache
def _column(index: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(index + 1))
