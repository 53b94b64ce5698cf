"""Tables in markup that carries the name of a workbook: HTML and XML Spreadsheet 2003.

Many systems export "Excel" as an HTML page or as XML. Both are read as what
they are; nothing they name is fetched.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from coverage.errors import InputError, Problem
from coverage.formats.encodings import decode
from coverage.formats.grids import Cell, Grid, Merge, is_blank, trimmed
from coverage.formats.safety import Meter, check_xml, refuse
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


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
    etree.strip_elements(page, "script", "style", with_tail=False)
    grids = [_html_table(table, meter) for table in outermost(page)]
    grids = [grid for grid in grids if grid.rows]
    if not grids:
        refuse(file, "网页里没有表格", "the file is an HTML page without a table")
    for number, grid in enumerate(grids, start=1):
        grid.name = "" if len(grids) == 1 else f"table {number}"
        grid.encoding = str(found)
        grid.notes.append(Said("文件实为网页 HTML", "the file is in truth an HTML page"))
    return grids


def outermost(page: Any) -> Iterator[Any]:
    """The tables that lie in no other, in one walk: a path asks each for all that it lies in."""
    from lxml import etree

    depth = 0
    for event, table in etree.iterwalk(page, events=("start", "end"), tag="table"):
        if event == "start" and depth == 0:
            yield table
        depth += 1 if event == "start" else -1


def _html_table(table: Any, meter: Meter) -> Grid:
    """The rows of a table; those of tables in its cells are text of the cells."""
    from lxml import etree

    shown = etree.XPath(".//text() | .//br")
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
    """Sheets of an XML Spreadsheet 2003; names are compared without their prefix.

    Raises:
        InputError: If it is damaged or declares entities.
    """
    from lxml import etree

    check_xml(io.BytesIO(raw), file)
    # Some programs write prefixes that they never declare, and nothing else is made good.
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=True)
    root = etree.fromstring(raw, parser)
    fatal = next((e for e in parser.error_log if e.level_name == "FATAL"), None)
    if root is None or fatal is not None:
        said = Said("XML 表格已损坏", "the XML spreadsheet is damaged")
        raise InputError(Problem(said, file, fatal.line if fatal else None))
    grids = [_xml_sheet(sheet, meter) for sheet in _within(root, "Worksheet")]
    for grid in grids:
        grid.notes.append(Said("文件实为 XML 表格 2003", "the file is in truth an XML spreadsheet"))
    return grids


def _xml_sheet(sheet: Any, meter: Meter) -> Grid:
    placer = _Placer(_attributes(sheet).get("Name", ""), meter)
    for row in _within(sheet, "Row"):
        index = _attributes(row).get("Index")
        placer.begin(_count(index) if index else None)
        for cell in _within(row, "Cell"):
            found = _attributes(cell)
            down, right = (
                _count(found[name]) + 1 if name in found else 1
                for name in ("MergeDown", "MergeAcross")
            )
            at = max(_count(found["Index"]) - 1, 0) if found.get("Index") else None
            data = next(_within(cell, "Data"), None)
            kind = "" if data is None else _attributes(data).get("Type", "String")
            value = None if data is None else _typed(kind, "".join(data.itertext()))
            placer.cell(value, down, right, at)
        placer.end()
    visible = next(_within(sheet, "Visible"), None)
    placer.grid.hidden = visible is not None and visible.text != "SheetVisible"
    return placer.done()


def _within(element: Any, name: str) -> Iterator[Any]:
    return (one for one in element.iter("*") if _local(one.tag) == name)


def _attributes(element: Any) -> dict[str, str]:
    return {_local(name): value for name, value in element.attrib.items()}


def _local(name: str) -> str:
    return name.rpartition("}")[2].rpartition(":")[2]


def looks_like_html(head: bytes) -> bool:
    """Whether a file begins as an HTML page or with a bare table."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    marks: Sequence[bytes] = (b"<!doctype html", b"<html", b"<table", b"<meta", b"<head", b"<div")
    return start.startswith(tuple(marks)) or (
        start.startswith((b"<?xml", b"<!--")) and b"<html" in start[:2048]
    )
