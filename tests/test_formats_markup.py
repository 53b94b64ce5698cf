"""Tables in markup: HTML pages and XML spreadsheets as careless programs write them."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from lxml import html

from coverage.errors import InputError
from coverage.formats.files import read_grids
from coverage.formats.markup import outermost

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.formats.grids import Grid

SHEET = """<?xml version="1.0"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"{declared}>
<Worksheet ss:Name="甲"><Table>
<Row><Cell><Data ss:Type="String">名称</Data></Cell>
<Cell><Data ss:Type="String">床位</Data></Cell></Row>
<Row ss:Index="3"><Cell ss:Index="2"><Data ss:Type="Number">12.0</Data>
<Comment><Data ss:Type="String">批注</Data></Comment></Cell></Row>
</Table><WorksheetOptions><Visible>SheetHidden</Visible></WorksheetOptions></Worksheet>
</Workbook>"""
DECLARED = ' xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"'


def grids(path: Path, text: str) -> list[Grid]:
    path.write_text(text, encoding="utf-8")
    return read_grids(path)


@pytest.mark.parametrize("declared", [DECLARED, ""])
def test_a_spreadsheet_of_2003(tmp_path: Path, declared: str) -> None:
    (sheet,) = grids(tmp_path / "a.xls", SHEET.format(declared=declared))
    assert (sheet.name, sheet.hidden) == ("甲", True)
    assert sheet.rows == [(1, ["名称", "床位"]), (2, []), (3, [None, 12])]


@pytest.mark.parametrize("cut", [200, 400, -15])
def test_a_spreadsheet_cut_short_is_refused(tmp_path: Path, cut: int) -> None:
    with pytest.raises(InputError, match="XML 表格已损坏"):
        grids(tmp_path / "a.xls", SHEET.format(declared=DECLARED)[:cut])


def test_a_page_as_programs_write_it(tmp_path: Path) -> None:
    page = """<html><head><style>td {}</style></head><table><td>无行<td>之格
    <tr><th colspan=2>甲<br>乙 &amp; 丙<script>x()</script>
    <tr><td rowspan=2>上<td><table><tr><td>里<td>外</table>
    <tr><td>1"""
    (table,) = grids(tmp_path / "a.xls", page)
    assert table.rows == [
        (1, ["无行", "之格"]),
        (2, ["甲\n乙 & 丙"]),
        (3, ["上", "里外"]),
        (4, [None, "1"]),
    ]
    assert [tuple(m) for m in table.merges] == [(2, 2, 0, 1), (3, 4, 0, 0)]


@pytest.mark.parametrize("page", ["<html></html>", "<html><p>文字</p></html>", "<table></table>"])
def test_a_page_without_a_table_is_refused(tmp_path: Path, page: str) -> None:
    with pytest.raises(InputError, match="网页里没有表格"):
        grids(tmp_path / "a.xls", page)


@pytest.mark.parametrize("seed", range(20))
def test_only_the_outermost_tables_are_sheets(seed: int) -> None:
    """One walk finds what a path finds that asks each table for all that it lies in."""
    rng = Random(seed)
    parts = (rng.choice(("<table><tr><td>", "</td></tr></table>", "<p>甲")) for _ in range(60))
    page = html.document_fromstring("<p>" + "".join(parts))
    assert list(outermost(page)) == page.xpath("//table[not(ancestor::table)]")


def test_tables_deep_in_tables_are_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "deep.html"
    path.write_text("<html>" + "<table>" * 30_000 + "<tr><td>a", encoding="utf-8")
    with pytest.raises(InputError):
        read_grids(path)


def test_a_script_in_a_cell_is_no_text_of_it(tmp_path: Path) -> None:
    path = tmp_path / "s.html"
    page = "<table><tr><td>甲<script>x()</script>乙<style>b{}</style></td></tr></table>"
    path.write_text(page, encoding="utf-8")
    (grid,) = read_grids(path)
    assert grid.rows[0][1] == ["甲乙"]
