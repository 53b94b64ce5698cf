"""What every row of a sheet is: title, header, data, blank, total or note.

A row is taken for a title, a total or a note only on clear evidence; any
other row with something in it is data, so that a doubtful row is asked about
and not lost.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from coverage.formats.grids import Cell, Grid, Merge, is_blank
from coverage.formats.safety import refuse
from coverage.lists.blocks import blocks, only
from coverage.lists.header import NUMBER, HeaderFinder, Rows, tables
from coverage.lists.sheets import HeaderFound, RawRow, RawSheet, Role
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from coverage.lists.spec import Spec

_FILLED = 5_000_000
_WORDS = r"(?:合计|总计|小计|共计|累计|汇总|合計|總計|小計|grandtotal|subtotal|total)"
_TOTAL = re.compile(
    rf"(?:.{{0,12}}?){_WORDS}(?:[(（].{{0,12}}[)）])?[:：]?[\d,.]*[家个所间处床张人]{{0,2}}[)）]?"
    r"|共(?:计)?\d+[家个所间处].{0,8}|总数[:：]?\d*",
    re.IGNORECASE,
)
_NOTE = re.compile(
    r"(?:[*＊※](?=.{12})|(?:附?注|备注|說明|说明|填表说明|填报说明|填表|填报|填表人|填报人|填报单位|填表单位|"
    r"填表日期|填报日期|填报时间|制表|制表人|审核|审核人|审批|经办|经办人|复核|数据来源|资料来源|来源|"
    r"联系人|联系电话|单位负责人|负责人|单位盖章|盖章|统计时间|统计口径|截止时间|截至时间|"
    r"note|notes|source|remark|remarks|prepared by)[^:：]{0,12}[:：])",
    re.IGNORECASE,
)
_SECTION = re.compile(r"[(（]?[一二三四五六七八九十]{1,3}[)）、.．]")


def lay_out(grid: Grid, file: str, spec: Spec) -> list[RawSheet]:
    """The tables of a grid with a role for every row.

    Args:
        grid: As a reader of some format met it.
        file: Name of the file.
        spec: The kind of list, which knows the names of columns.
    """
    while grid.rows and is_blank(grid.rows[-1][1]):
        grid.rows.pop()
    if grid.columns is not None:
        rows = tuple(
            RawRow(number, tuple(cells), "blank" if is_blank(cells) else "data")
            for number, cells in grid.rows
        )
        return [_sheet(grid, file, grid.columns, rows, "names", 1)]
    parts = tables(grid.rows, spec, _is_total)
    return [
        sheet
        for part, rows in enumerate(parts, start=1)
        for sheet in _Layout(grid, file, rows, spec, part).sheets()
    ]


def _sheet(
    grid: Grid,
    file: str,
    columns: tuple[str, ...],
    rows: tuple[RawRow, ...],
    header: HeaderFound,
    part: int,
    notes: Sequence[Said] = (),
    titles: Sequence[str] = (),
) -> RawSheet:
    return RawSheet(
        file=file,
        sheet=grid.name,
        columns=columns,
        rows=rows,
        hidden=grid.hidden,
        part=part,
        header=header,
        crs=grid.crs,
        geometry=grid.geometry,
        encoding=grid.encoding,
        notes=(*grid.notes, *notes),
        titles=tuple(titles),
    )


def _is_total(text: str) -> bool:
    return len(text) < 40 and bool(_TOTAL.fullmatch("".join(text.split())))


class _Layout:
    """One table: its header first, then its rows."""

    def __init__(self, grid: Grid, file: str, rows: Rows, spec: Spec, part: int) -> None:
        self.grid, self.file, self.rows, self.part, self.spec = grid, file, rows, part, spec
        self.width = max((len(cells) for _, cells in rows), default=0)
        numbers = {number for number, _ in rows}
        self.merges = [m for m in grid.merges if m.top in numbers]
        self.notes: list[Said] = []
        self.finder = HeaderFinder(rows, self.merges, spec)

    def sheets(self) -> list[RawSheet]:
        """The table with its roles, once for each of the blocks that stand side by side in it."""
        header, found = self.finder.find()
        columns = self.finder.columns(header) if header else ("",) * self.width
        if found != "names" and self.rows:
            self.notes.append(
                Said(
                    "没有找到认识的列名，按第一行猜测",
                    "no known column name: the header is a guess",
                )
                if found == "guessed"
                else Said("没有表头，全部按数据行", "there is no header: every row is data")
            )
        top = header[0] if header else 0
        filled = self._fill(header[-1] + 1 if header else 0)
        below = [cells for _, cells in self.rows[header[-1] + 1 if header else 0 :]]
        titles = [str(cell) for _, cells in self.rows[:top] for cell in cells if cell]
        sheets = []
        for number, own in enumerate(blocks(columns, below, self.spec)):
            table = (
                self.rows
                if own is None
                else [(n, only(cells, own, None)) for n, cells in self.rows]
            )
            names = columns if own is None else tuple(only(columns, own, ""))
            down = filled if own is None else _of_block(filled, own)
            rows = self._roles(table, header, top, names, down)
            if number:  # what is no row of a block was told with the first
                rows = [row for row in rows[top + len(header) :] if row.role != "blank"]
            notes = tuple(self.notes) if not number else ()
            how = (found, self.part, notes, titles)
            sheets.append(_sheet(self.grid, self.file, names, tuple(rows), *how))
        return sheets

    def _fill(self, start: int) -> dict[int, dict[int, Cell]]:
        """Take merged text down its rows; merged numbers are not, they would count twice."""
        numbers = [number for number, _ in self.rows]
        filled: dict[int, dict[int, Cell]] = {}
        count = 0
        for merge in self.merges:
            if merge.bottom <= merge.top:
                continue
            index = bisect_left(numbers, merge.top)
            if index < start or index >= len(numbers) or numbers[index] != merge.top:
                continue
            cells = self.rows[index][1]
            value = cells[merge.left] if merge.left < len(cells) else None
            if value is None or value == "" or is_blank(cells):
                continue
            if isinstance(value, (int, float)) or (
                isinstance(value, str) and NUMBER.fullmatch(value.strip())
            ):
                self.notes.append(
                    Said(
                        f"第 {merge.top}–{merge.bottom} 行合并的数字只算在第 {merge.top} 行",
                        "a number in merged cells stands in their first row only "
                        f"(rows {merge.top}–{merge.bottom})",
                    )
                )
                continue
            count += self._take_down(merge, index, value, filled)
            if count > _FILLED:
                refuse(self.file, "合并单元格太多", "there are too many merged cells")
        return filled

    def _take_down(
        self, merge: Merge, index: int, value: Cell, filled: dict[int, dict[int, Cell]]
    ) -> int:
        count = 0
        for below in range(index + 1, len(self.rows)):
            number, cells = self.rows[below]
            if number > merge.bottom:
                break
            count += 1
            if is_blank(cells) or (merge.left < len(cells) and cells[merge.left] is not None):
                continue
            filled.setdefault(below, {})[merge.left] = value
        return count

    def _roles(
        self,
        table: Rows,
        header: list[int],
        top: int,
        columns: Sequence[str],
        filled: dict[int, dict[int, Cell]],
    ) -> list[RawRow]:
        heads = {_text_key(self.rows[i][1]) for i in header}
        lone = {m.top for m in self.merges if m.right - m.left >= max(2, self.width // 2)}
        name_at = next((i for i, c in enumerate(columns) if self.spec.field(c) == "name"), None)
        titles = {_text_key(self.rows[i][1]) for i in range(top)}
        begins = {key[0] for key in heads | titles if key}
        rows = []
        numbers = self.finder.numbers_below(header) if header else None
        for index, (number, cells) in enumerate(table):
            role: Role
            if index < top:
                role = "blank" if is_blank(cells) else "title"
            elif index in header or index == numbers:
                role = "header"
            else:
                role = _role(cells, number in lone, name_at, heads, titles, begins)
            if role == "data" and index in filled:
                whole = list(cells)
                for column, value in filled[index].items():
                    whole += [None] * (column + 1 - len(whole))
                    whole[column] = value
                rows.append(RawRow(number, tuple(whole), role, tuple(sorted(filled[index]))))
            else:
                rows.append(RawRow(number, tuple(cells), role))
        return rows


def _of_block(
    filled: dict[int, dict[int, Cell]], own: Collection[int]
) -> dict[int, dict[int, Cell]]:
    found = {row: {i: c for i, c in cells.items() if i in own} for row, cells in filled.items()}
    return {row: cells for row, cells in found.items() if cells}


def _text_key(cells: Sequence[Cell]) -> tuple[str, ...]:
    return tuple("".join(c.split()) for c in cells if isinstance(c, str) and c.strip())


def _role(
    cells: Sequence[Cell],
    lone: bool,
    name_at: int | None,
    heads: Collection[tuple[str, ...]],
    titles: Collection[tuple[str, ...]],
    begins: Collection[str],
) -> Role:
    """What a row below the header is."""
    first: Cell = None
    count = 0
    for cell in cells:
        if cell is not None and (not isinstance(cell, str) or cell.strip()):
            if not count:
                first = cell
            count += 1
    if not count:
        return "blank"
    if isinstance(first, str):
        text = first.strip()
        if count <= 6 and (count == 1 or text[0] not in "*＊※") and _NOTE.match(text):
            return "note"
        if count == 1 and (lone or _SECTION.match(text)) and not _is_total(text):
            return "title" if _text_key(cells) in titles else "note"
        if "".join(text.split()) in begins:
            key = _text_key(cells)
            if len(key) == count and (key in heads or key in titles):
                return "header" if key in heads else "title"
    return "total" if _totals(cells, name_at) else "data"


def _totals(cells: Sequence[Cell], name_at: int | None) -> bool:
    """Whether one of the first filled cells says total, and no facility is named beside it."""
    seen = 0
    for index, cell in enumerate(cells):
        if cell is None:
            continue
        seen += 1
        if isinstance(cell, str) and _is_total(cell):
            if name_at is None or index == name_at:
                return True
            name = cells[name_at] if name_at < len(cells) else None
            return not (
                isinstance(name, str)
                and name.strip()
                and not re.match(r"[\d/—\-–]|共", name.strip())
                and not _is_total(name)
            )
        if seen >= 3:
            break
    return False
