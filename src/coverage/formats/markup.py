"""Tables in markup that carries the name of a workbook: HTML and XML Spreadsheet 2003.

Many systems export "Excel" as an HTML page or as XML. Both are read as what
they are; nothing they name is fetched.
"""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from xml.parsers import expat

from coverage.errors import InputError, Problem
from coverage.formats.encodings import decode
from coverage.formats.grids import Grid, Merge, is_blank, trimmed
from coverage.formats.safety import check_xml, refuse
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.formats.grids import Cell
    from coverage.formats.safety import Meter

_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]{2,20})", re.IGNORECASE)
_SPAN = 65_536


class _Placer:
    """Puts cells with spans on a grid, row by row."""

    def __init__(self, name: str, meter: Meter) -> None:
        self.grid = Grid(name, [])
        self.meter = meter
        self._cells: list[Cell] = []
        self._column = 0
        self._taken: dict[int, int] = {}  # column → rows still covered by a span from above
        self._begun: dict[int, int] = {}  # spans that begin in this row
        self._number = 0
        meter.sheet()

    def begin(self, number: int | None = None) -> None:
        """Begin a row, which may say its own number."""
        goal = number if number is not None and number > self._number else self._number + 1
        self.meter.rows(goal)
        for missing in range(self._number + 1, goal):
            self.grid.rows.append((missing, []))
            self._age()
        self._number, self._cells, self._column = goal, [], 0

    def _age(self) -> None:
        self._taken = {c: n - 1 for c, n in self._taken.items() if n > 1}

    def cell(self, value: Cell, down: int = 1, right: int = 1, at: int | None = None) -> None:
        """Put a cell at the next free column, or at one that is named."""
        if at is not None:
            self._column = max(self._column, at)
        else:
            while self._column in self._taken:
                self._column += 1
        left = self._column
        if left + right > self.meter.limits.columns and value is not None:
            self.meter.row(left + right)
        right = max(1, min(right, self.meter.limits.columns - left))
        self._cells += [None] * (left + 1 - len(self._cells))
        self._cells[left] = value
        if down > 1:
            self._begun.update(dict.fromkeys(range(left, left + right), min(down, _SPAN)))
        if down > 1 or right > 1:
            bottom = self._number + min(down, _SPAN) - 1
            self.grid.merges.append(Merge(self._number, bottom, left, left + right - 1))
        self._column = left + right

    def end(self) -> None:
        """End the row."""
        trimmed(self._cells)
        self.meter.row(len(self._cells))
        self.grid.rows.append((self._number, self._cells))
        self._age()
        self._taken.update({c: n - 1 for c, n in self._begun.items()})
        self._begun = {}

    def done(self) -> Grid:
        """The grid, without blank rows at its end."""
        while self.grid.rows and is_blank(self.grid.rows[-1][1]):
            self.grid.rows.pop()
        return self.grid


def _count(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 7 else 1


class _Tables(HTMLParser):
    """Collects the outermost tables of a page."""

    def __init__(self, meter: Meter) -> None:
        super().__init__(convert_charrefs=True)
        self.meter = meter
        self.grids: list[Grid] = []
        self._depth = 0
        self._placer: _Placer | None = None
        self._row = False
        self._text: list[str] | None = None
        self._spans = (1, 1)
        self._skip = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"script", "style"}:
            self._skip += 1
        elif tag == "table":
            self._depth += 1
            if self._depth == 1:
                self._placer = _Placer("", self.meter)
        elif self._depth == 1 and tag == "tr":
            self._end_row()
            if self._placer:
                self._placer.begin()
                self._row = True
        elif self._depth == 1 and tag in {"td", "th"}:
            self._end_cell()
            if self._placer and not self._row:
                self._placer.begin()
                self._row = True
            found = dict(attrs)
            self._spans = (_count(found.get("rowspan")), _count(found.get("colspan")))
            self._text = []
        elif tag == "br" and self._text is not None:
            self._text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"script", "style"}:
            self._skip = max(0, self._skip - 1)
        elif tag == "table" and self._depth:
            if self._depth == 1:
                self._end_row()
                if self._placer:
                    self.grids.append(self._placer.done())
                self._placer = None
            self._depth -= 1
        elif self._depth == 1 and tag in {"td", "th"}:
            self._end_cell()
        elif self._depth == 1 and tag == "tr":
            self._end_row()

    def handle_data(self, data: str) -> None:
        if self._text is not None and not self._skip:
            self._text.append(data)

    def _end_cell(self) -> None:
        if self._text is None or not self._placer:
            return
        lines = (" ".join(line.split()) for line in "".join(self._text).split("\n"))
        text = "\n".join(line for line in lines if line)
        down, right = self._spans
        self._placer.cell(text or None, down, right)
        self._text = None

    def _end_row(self) -> None:
        self._end_cell()
        if self._row and self._placer:
            self._placer.end()
        self._row = False

    def finish(self) -> list[Grid]:
        """What was collected, a table left open by the file included."""
        self.close()
        if self._placer:
            self._end_row()
            self.grids.append(self._placer.done())
            self._placer = None
        return self.grids


def read_html(raw: bytes, file: str, meter: Meter, encoding: str | None = None) -> list[Grid]:
    """The outermost tables of an HTML page.

    Raises:
        InputError: If it holds no table, or its text cannot be decoded.
    """
    said = _CHARSET.search(raw[:4096])
    if encoding is None and said:
        name = said[1].decode("ascii").lower()
        encoding = "gb18030" if name in {"gb2312", "gbk", "gb18030"} else name
        try:
            raw.decode(encoding)
        except (LookupError, UnicodeError):
            encoding = None
    text, found = decode(raw, file, encoding)
    parser = _Tables(meter)
    try:
        parser.feed(text)
        grids = parser.finish()
    except (AssertionError, RecursionError) as error:  # html.parser on malformed declarations
        raise InputError(Problem(Said("HTML 已损坏", "the HTML is damaged"), file)) from error
    grids = [grid for grid in grids if grid.rows]
    if not grids:
        refuse(file, "网页里没有表格", "the file is an HTML page without a table")
    for number, grid in enumerate(grids, start=1):
        grid.name = "" if len(grids) == 1 else f"table {number}"
        grid.encoding = str(found)
        grid.notes.append("文件实为网页 HTML · the file is in truth an HTML page")
    return grids


class _Spreadsheet:
    """Handlers for XML Spreadsheet 2003; names are compared without their prefix."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self.grids: list[Grid] = []
        self._placer: _Placer | None = None
        self._text: list[str] | None = None
        self._type = ""
        self._at: tuple[int, int, int | None] = (1, 1, None)
        self._value: Cell = None
        self._row = self._cell = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        found = {key.rpartition(":")[2]: value for key, value in attributes.items()}
        if name == "Worksheet":
            self._placer = _Placer(found.get("Name", ""), self.meter)
        elif self._placer is None:
            return
        elif name == "Visible":
            self._type, self._text = "Visible", []
        elif name == "Row":
            index = found.get("Index")
            self._placer.begin(_count(index) if index else None)
            self._row = True
        elif name == "Cell" and self._row:
            index = found.get("Index")
            down = _count(found.get("MergeDown")) + 1 if "MergeDown" in found else 1
            right = _count(found.get("MergeAcross")) + 1 if "MergeAcross" in found else 1
            self._at = (down, right, max(_count(index) - 1, 0) if index else None)
            self._value, self._cell = None, True
        elif name == "Data" and self._cell:
            self._type, self._text = found.get("Type", "String"), []

    def end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        if self._placer is None:
            return
        if name == "Data" and self._text is not None:
            self._value = _typed(self._type, "".join(self._text))
            self._text = None
        elif name == "Cell" and self._cell:
            down, right, at = self._at
            self._placer.cell(self._value, down, right, at)
            self._cell = False
        elif name == "Row" and self._row:
            self._placer.end()
            self._row = False
        elif name == "Visible" and self._text is not None:
            self._placer.grid.hidden = "".join(self._text) != "SheetVisible"
            self._text = None
        elif name == "Worksheet":
            self.grids.append(self._placer.done())
            self._placer = None

    def data(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)


def _typed(kind: str, text: str) -> Cell:
    if not text:
        return None
    if kind == "Number":
        try:
            value = float(text)
        except ValueError:
            return text
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    if kind == "DateTime":
        return text.partition("T")[0] if text.endswith("T00:00:00.000") else text
    if kind == "Boolean":
        return "TRUE" if text == "1" else "FALSE"
    return text


def read_spreadsheet_xml(raw: bytes, file: str, meter: Meter) -> list[Grid]:
    """Sheets of an XML Spreadsheet 2003.

    Raises:
        InputError: If it is damaged or declares entities.
    """
    check_xml(io.BytesIO(raw), file)
    handlers = _Spreadsheet(meter)
    parser = expat.ParserCreate()
    parser.StartElementHandler = handlers.start
    parser.EndElementHandler = handlers.end
    parser.CharacterDataHandler = handlers.data
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        raise InputError(
            Problem(Said("XML 表格已损坏", "the XML spreadsheet is damaged"), file, error.lineno)
        ) from error
    for grid in handlers.grids:
        grid.notes.append("文件实为 XML 表格 2003 · the file is in truth an XML spreadsheet")
    return handlers.grids


def looks_like_html(head: bytes) -> bool:
    """Whether a file begins as an HTML page or with a bare table."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    marks: Sequence[bytes] = (b"<!doctype html", b"<html", b"<table", b"<meta", b"<head", b"<div")
    return start.startswith(tuple(marks)) or (
        start.startswith((b"<?xml", b"<!--")) and b"<html" in start[:2048]
    )
