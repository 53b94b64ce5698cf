"""The workbook of an import when it comes back, mended: the user's own columns and rows of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coverage.lists.rows import CHECK, DATA, OUTCOMES
from coverage.messages import Lang, Said

if TYPE_CHECKING:
    from coverage.formats.grids import Cell, Grid

# Columns of the report before those of the user, with their widths; and the last one of them.
FIRST = (
    (Said("文件", "file"), 16),
    (Said("工作表", "sheet"), 10),
    (Said("行", "row"), 6),
    (Said("结果", "outcome"), 12),
    (Said("说明", "why"), 46),
    (CHECK, 30),
    (Said("单元", "unit"), 12),
)
BEFORE = Said("原值（改右边各列后可再导入）", "as it was (edit to the right, import again)")
_LANGS: tuple[Lang, ...] = ("zh", "en")


def unwrapped(grids: list[Grid]) -> list[Grid]:
    """The user's own columns and rows of data, where the grids are those of such a workbook.

    Rows that were no data (titles, totals) are left out; numbers of rows stay those of the
    workbook that the user has edited. Any other grids come back as they are.
    """
    starts = [_first_own(grid) for grid in grids]
    if not any(starts):
        return grids
    return [
        _own(grid, start) for grid, start in zip(grids, starts, strict=True) if start is not None
    ]


def _first_own(grid: Grid) -> int | None:
    """Index of the first column of the user's own, `None` where the grid is no such sheet."""
    if not grid.rows:
        return None
    head = [str(cell) for cell in grid.rows[0][1]]
    for lang in _LANGS:
        words = [said.to(lang) for said, _ in FIRST]
        last = BEFORE.to(lang)
        if head[: len(words)] == words and last in head:
            return head.index(last) + 1
    return None


def _own(grid: Grid, start: int) -> Grid:
    data = {said for outcome in DATA for said in OUTCOMES[outcome]}
    names = tuple("" if cell is None else str(cell) for cell in grid.rows[0][1][start:])
    rows: list[tuple[int, list[Cell]]] = []
    sheets = set()
    for number, cells in grid.rows[1:]:
        if len(cells) > 3 and cells[3] in data:
            rows.append((number, cells[start:]))
            sheets.add(str(cells[1] or ""))
    name = sheets.pop() if len(sheets) == 1 else grid.name
    return replace(grid, name=name, rows=rows, columns=names, merges=[])
