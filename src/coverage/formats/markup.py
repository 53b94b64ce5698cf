"""Tables in markup that carries the name of a workbook: HTML and XML Spreadsheet 2003.

Many systems export "Excel" as an HTML page or as XML. Both are read as what
they are; nothing they name is fetched.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any
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


def read_html(raw: bytes, file: str, meter: Meter, encoding: str | None = None) -> list[Grid]:
    """The outermost tables of an HTML page.

    Raises:
        InputError: If it holds no table, or its text cannot be decoded.
    """
    from lxml import etree, html

    said = _CHARSET.search(raw[:4096])
    if encoding is None and said:
        name = said[1].decode("ascii").lower()
        encoding = "gb18030" if name in {"gb2312", "gbk", "gb18030"} else name
        try:
            raw.decode(encoding)
        except (LookupError, UnicodeError):
            encoding = None
    text, found = decode(raw, file, encoding)
    parser = html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=True)
    try:
        page = html.document_fromstring(text.encode("utf-8", "replace"), parser)
    except etree.ParserError as error:
        raise InputError(Problem(Said("HTML 已损坏", "the HTML is damaged"), file)) from error
    grids = [_html_table(table, meter) for table in page.xpath("//table[not(ancestor::table)]")]
    grids = [grid for grid in grids if grid.rows]
    if not grids:
        refuse(file, "网页里没有表格", "the file is an HTML page without a table")
    for number, grid in enumerate(grids, start=1):
        grid.name = "" if len(grids) == 1 else f"table {number}"
        grid.encoding = str(found)
        grid.notes.append(Said("文件实为网页 HTML", "the file is in truth an HTML page"))
    return grids


def _html_table(table: Any, meter: Meter) -> Grid:
    """The rows of a table; those of tables in its cells are text of the cells."""
    from lxml import etree

    shown = etree.XPath(".//text()[not(ancestor::script or ancestor::style)] | .//br")
    placer, begun = _Placer("", meter), False
    for element in table.iterdescendants("tr", "td", "th"):
        if next(element.iterancestors("table")) is not table:
            continue
        if element.tag == "tr" or not begun:
            if begun:
                placer.end()
            placer.begin()
            begun = True
        if element.tag != "tr":
            parts = [part if isinstance(part, str) else "\n" for part in shown(element)]
            lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
            text = "\n".join(line for line in lines if line)
            placer.cell(
                text or None, _count(element.get("rowspan")), _count(element.get("colspan"))
            )
    if begun:
        placer.end()
    return placer.done()


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
        grid.notes.append(Said("文件实为 XML 表格 2003", "the file is in truth an XML spreadsheet"))
    return handlers.grids


def looks_like_html(head: bytes) -> bool:
    """Whether a file begins as an HTML page or with a bare table."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    marks: Sequence[bytes] = (b"<!doctype html", b"<html", b"<table", b"<meta", b"<head", b"<div")
    return start.startswith(tuple(marks)) or (
        start.startswith((b"<?xml", b"<!--")) and b"<html" in start[:2048]
    )
