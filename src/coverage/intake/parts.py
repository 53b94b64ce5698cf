"""Sheets and layers as the report of an import shows them, without what is personal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coverage.intake.columns import understand
from coverage.intake.findings import Part, RowOutcome, Use
from coverage.intake.personal import redact
from coverage.intake.sheets import RawRow, RawSheet
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from coverage.formats.layers import Layer
    from coverage.intake.columns import Understanding
    from coverage.intake.sheets import Role


def part_of(
    sheet: RawSheet,
    uses: Iterable[Use] = (),
    said: Iterable[Said] = (),
    understanding: Understanding | None = None,
) -> Part:
    """A sheet as a report shows it, its personal columns known by their names and cells.

    Args:
        sheet: As read.
        uses: How the importer understood its columns.
        said: What else is to be known of it.
        understanding: Of its columns, where the importer has asked already.
    """
    known = understanding or understand(sheet)
    personal = [use for use in known.columns if use.how == "personal"]
    told = list(said)
    if sheet.encoding:
        told.insert(0, Said(f"编码 {sheet.encoding}", f"encoding {sheet.encoding}"))
    if personal:
        zh, en = "、".join(u.name for u in personal), ", ".join(u.name for u in personal)
        told.append(Said(f"略去个人信息列 {zh}", f"personal columns left out: {en}"))
    return Part(
        sheet.file,
        sheet.sheet,
        tuple(sheet.columns),
        tuple(uses),
        tuple(told),
        frozenset(use.index for use in personal),
    )


def layer_sheet(layer: Layer) -> RawSheet:
    """The attributes of a layer as a sheet, one row a feature counted from 1."""
    columns = tuple(layer.columns)
    cells = zip(*layer.columns.values(), strict=True) if columns else ((),) * len(layer)
    rows = tuple(RawRow(i, tuple(row), "data") for i, row in enumerate(cells, start=1))
    return RawSheet(layer.file, layer.name, columns, rows)


def uses_of(columns: Sequence[str], meanings: Mapping[str, str]) -> list[Use]:
    """Every column with what an importer that goes by names takes it for."""
    return [Use(name, meanings.get(name, "")) for name in columns if name]


def other_row(sheet: RawSheet, row: RawRow, part: int, role: Role | None = None) -> RowOutcome:
    """A row that is no data: a title, the header, a blank, a total or a note."""
    outcome = role or row.role
    return RowOutcome(row.number, sheet.sheet, "", "", outcome, cells=row.cells, part=part)  # type: ignore[arg-type]


def shown_cells(row: RowOutcome, part: Part) -> list[Any]:
    """A row's original cells without what belongs to a person.

    A report is sent round more freely than the list it is made from: personal columns stay
    empty in it, and ID and mobile numbers anywhere are masked.
    """
    data = row.outcome in {"accepted", "corrected", "rejected"}
    return [
        None if data and index in part.personal else _masked(cell)
        for index, cell in enumerate(row.cells)
    ]


def _masked(cell: Any) -> Any:
    if cell is None:
        return None
    whole = isinstance(cell, float) and cell.is_integer()
    shown, found = redact(f"{cell:.0f}" if whole else str(cell))
    return shown if found else cell
