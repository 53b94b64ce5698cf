"""Workbooks whose rows and cells say wrong places: nothing of them is lost in silence."""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING

import openpyxl
import pytest

from coverage.errors import InputError
from coverage.formats.files import read_grids

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROWS = [
    ["名称", "床位", "镇街"],
    ["甲院", 10, "石角镇"],
    ["乙院", 20, "汤塘镇"],
    ["丙院", 30, "水头镇"],
]


def workbook(path: Path, edit: Callable[[str], str] = str) -> Path:
    """The rows above as a workbook, the XML of its second sheet edited by hand."""
    book = openpyxl.Workbook()
    sheet = book.create_sheet("台账")
    for row in ROWS:
        sheet.append(row)
    made = io.BytesIO()
    book.save(made)
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name.endswith("sheet2.xml"):
                text = edit(text.decode()).encode()
            new.writestr(name, text)
    return path


def cells(path: Path) -> list[tuple[int, list[object]]]:
    return [(number, list(row)) for number, row in read_grids(path)[1].rows]


@pytest.mark.parametrize(
    ("old", "new", "before"),
    [
        ('<row r="3"', '<row r="-2"', 2),
        ('<row r="1"', '<row r="0"', 0),
        ('<row r="3"', '<row r="abc"', 2),
        ('<row r="3"', '<row r=""', 2),
        ('<row r="3"', '<row r="2.5"', 2),
        ('<row r="3"', '<row r="2"', 2),
        ('<row r="3"', '<row r="9"', 9),  # the next row falls
        ('<row r="4"', '<row r="1048577"', 3),
        ('<row r="4"', f'<row r="{"9" * 30}"', 3),
        ('<row r="4"', '<row r="1e999"', 3),
        ('<row r="3"', '<row  spans="1:3" r="&#45;2"', 2),
        ('r="A3"', 'r="A-2"', 2),
        ('r="A3"', 'r="??"', 2),
        ('r="A3"', 'r="3"', 2),
        ('r="B3"', 'r="A3"', 2),  # over the name
        ('r="A3"', 'r="C3"', 2),  # right of the last cell
    ],
)
def test_a_row_or_a_cell_at_no_place_of_its_own_is_refused(
    tmp_path: Path, old: str, new: str, before: int
) -> None:
    path = workbook(tmp_path / "台账.xlsx", lambda text: text.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        read_grids(path)
    (problem,) = caught.value.problems
    assert (problem.file, problem.row) == ("台账.xlsx", before + 1)
    assert f"“台账”第 {before} 行之后" in problem.reason.zh
    assert f'"台账": in what follows row {before},' in problem.reason.en


def edited(path: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """A workbook of two sheets, of whose parts some are other than they were, or gone."""
    whole = workbook(path).read_bytes()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            part = change(name, old.read(name))
            if part is not None:
                new.writestr(name, part)
    return path


def test_a_sheet_that_is_named_and_not_there_is_refused(tmp_path: Path) -> None:
    """It was left out without a word, with all of its rows."""
    for change in (
        lambda name, part: None if name.endswith("sheet2.xml") else part,
        lambda _, part: part.replace(b"sheets/sheet2.xml", b"sheets/other.xml"),
        lambda _, part: part.replace(b"/xl/worksheets/sheet2.xml", b"file:///etc/hostname"),
    ):
        path = edited(tmp_path / "a.xlsx", change)
        with pytest.raises(InputError, match="sheet “台账” is not in the file"):
            read_grids(path)


def test_a_workbook_in_the_strict_form_is_told_so(tmp_path: Path) -> None:
    strict = b"http://purl.oclc.org/ooxml/officeDocument/relationships"
    plain = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    path = edited(tmp_path / "a.xlsx", lambda _, part: part.replace(plain, strict))
    with pytest.raises(InputError, match="Strict Open XML"):
        read_grids(path)


def test_two_parts_of_one_name_are_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx")
    with zipfile.ZipFile(path, "a") as more, pytest.warns(UserWarning, match="Duplicate"):
        more.writestr("xl/worksheets/sheet2.xml", "<worksheet/>")
    with pytest.raises(InputError, match="share a name"):
        read_grids(path)


@pytest.mark.parametrize(("number", "text"), [("1", "乙"), ("-1", ""), ("2", ""), ("x", "")])
def test_a_cell_that_names_a_text(tmp_path: Path, number: str, text: str) -> None:
    """A text of the number -1 was the last."""
    main = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    told = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{main}.sharedStrings+xml"/>'

    def change(name: str, part: bytes) -> bytes:
        if name.endswith("sheet2.xml"):
            one = f'<c r="A3" t="s"><v>{number}</v></c>'
            return re.sub(rb'<c r="A3".*?</c>', one.encode(), part, count=1)
        if name == "[Content_Types].xml":
            return part.replace(b"</Types>", f"{told}</Types>".encode())
        return part

    path = edited(tmp_path / "a.xlsx", change)
    with zipfile.ZipFile(path, "a") as more:
        space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        table = f'<sst xmlns="{space}"><si><t>甲</t></si><si><t>乙</t></si></sst>'
        more.writestr("xl/sharedStrings.xml", table)
    if text:
        assert cells(path)[2][1][0] == text
        return
    with pytest.raises(InputError, match="in what follows row 2"):
        read_grids(path)


def test_rows_and_cells_that_say_no_place_follow_each_other(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        lambda text: re.sub(r'(<(?:row|c)) r="\w+"', r"\1", text),
    )
    assert cells(path) == list(enumerate(ROWS, start=1))


def test_rows_far_below_are_read_with_their_numbers(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx", lambda text: text.replace('<row r="4"', '<row r="1048576"', 1)
    )
    found = cells(path)
    assert found[:3] == list(enumerate(ROWS[:3], start=1))
    assert found[-1] == (1_048_576, ROWS[3])
    assert len(found) < 2_000


@pytest.mark.parametrize("number", ["-2", "0", "abc", "1", "", "9" * 30])
def test_an_xml_spreadsheet_reads_on_from_the_row_before(tmp_path: Path, number: str) -> None:
    rows = "".join(
        f"<Row{f' ss:Index={number!r}' if n == 2 else ''}><Cell><Data>{name}</Data></Cell></Row>"
        for n, name in enumerate("名甲乙丙")
    )
    path = tmp_path / "a.xls"
    path.write_text(
        '<?xml version="1.0"?><Workbook xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
        f'<Worksheet ss:Name="甲"><Table>{rows}</Table></Worksheet></Workbook>',
        encoding="utf-8",
    )
    (sheet,) = read_grids(path)
    assert sheet.rows == [(1, ["名"]), (2, ["甲"]), (3, ["乙"]), (4, ["丙"])]
