"""Excel workbooks: values, merged ranges and hidden sheets, never formulas or macros."""

from __future__ import annotations

import io
import re
import warnings
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from coverage.errors import InputError, Problem
from coverage.formats.grids import Cell, Grid, Merge, plain, trimmed
from coverage.formats.safety import Limits, Meter, open_package, refuse
from coverage.messages import Said

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterable, Iterator


_MERGES = 100_000
_BLANKS = 1_000  # in a row that are kept: one stray cell may stand in the sheet's last row
_SHOWN = 8  # hidden rows and columns that a note names


@contextmanager
def _undamaged(file: str) -> Iterator[None]:
    """Whatever a library says of a damaged workbook, as one sentence; they fail in any way."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        said = Said(
            "工作簿已损坏，请用 Excel 或 WPS 打开后另存为 .xlsx",
            f"the workbook is damaged: open it in Excel and save it again ({type(error).__name__})",
        )
        raise InputError(Problem(said, file)) from error


def _filled(rows: Iterable[tuple[int, list[Cell]]], meter: Meter) -> list[tuple[int, list[Cell]]]:
    """Numbered rows, without blank ones at the end, nor most of a million between."""
    found: list[tuple[int, list[Cell]]] = []
    kept = last = 0
    for number, cells in rows:
        trimmed(cells)
        meter.row(len(cells))
        if cells or number - last < _BLANKS:
            found.append((number, cells))
        if cells:
            kept, last = len(found), number
    return found[:kept]


def read_xlsx(raw: bytes, file: str, limits: Limits, meter: Meter) -> list[Grid]:
    """Sheets of an ``.xlsx`` or ``.xlsm``.

    Raises:
        InputError: If it is damaged, refused for safety, or too large.
    """
    from openpyxl.reader.excel import ExcelReader

    with (
        _undamaged(file),
        open_package(raw, file, limits) as archive,
        warnings.catch_warnings(),
    ):
        # What openpyxl warns of (styles, print areas, extensions) is not read here.
        warnings.simplefilter("ignore")
        reader = ExcelReader(io.BytesIO(raw), read_only=True, data_only=True, keep_links=False)
        reader.read()
        _refuse_missing(reader, file)
        texts = _Texts(reader.shared_strings)
        sheets = reader.wb.worksheets
        grids = [_xlsx_sheet(archive, sheet, texts, file, meter) for sheet in sheets]
        reader.wb.close()
    if grids and any(name.lower().endswith("vbaproject.bin") for name in archive.namelist()):
        said = Said("文件含宏，未读取也未运行", "its macros were neither read nor run")
        grids[0].notes.append(said)
    return grids


class _Texts(tuple[str, ...]):
    """The texts that cells name by their number; a negative one counts from no end."""

    __slots__ = ()

    def __getitem__(self, number: Any) -> Any:
        if number < 0:
            raise ValueError(number)
        return super().__getitem__(number)


def _refuse_missing(reader: Any, file: str) -> None:
    """Refuse a workbook that names sheets that are not in it: the library leaves them out."""
    gone = [
        str(sheet.name)
        for sheet, part in reader.parser.find_sheets()
        if part.target not in reader.valid_files
    ]
    if gone:
        refuse(
            file,
            f"工作表“{'”、“'.join(gone[:_SHOWN])}”的内容不在文件里，"
            "请用 Excel 或 WPS 打开核对后另存",
            f"the content of the sheet “{'”, “'.join(gone[:_SHOWN])}” is not in the file: open it "
            "in Excel, check it and save it again",
        )
    if not any(sheet.id for sheet in reader.parser.sheets):
        refuse(
            file,
            "读不到工作表；若是 Strict Open XML 格式，请另存为普通的 .xlsx",
            "no sheet was found: if it is a Strict Open XML workbook, save it as an ordinary .xlsx",
        )


def _xlsx_sheet(
    archive: zipfile.ZipFile, sheet: Any, texts: _Texts, file: str, meter: Meter
) -> Grid:
    meter.sheet()
    rows = _filled(_xlsx_rows(archive, sheet, texts, file, meter.limits.rows), meter)
    scan = _scan(archive, sheet._worksheet_path, file)  # noqa: SLF001
    notes = _hidden([n for n in scan.hidden_rows if rows and n <= rows[-1][0]], scan.hidden_columns)
    if scan.empty_formulas:
        notes.append(
            Said(
                f"{scan.empty_formulas} 个公式没有存值，请用 Excel 打开并保存",
                f"{scan.empty_formulas} formulas without a stored value were read as empty: open "
                "the file in Excel and save it",
            )
        )
    hidden = sheet.sheet_state != "visible"
    return Grid(str(sheet.title), rows, merges=scan.merges, hidden=hidden, notes=notes)


def _xlsx_rows(
    archive: zipfile.ZipFile, sheet: Any, texts: _Texts, file: str, most: int
) -> Iterator[tuple[int, list[Cell]]]:
    """Rows of a sheet with their numbers, and the first blank ones of each gap.

    The library's own rows are not used: where numbers do not rise it leaves out the row, and
    what stands right of the last cell of a row, without a word.
    """
    from openpyxl.worksheet._reader import WorkSheetParser

    book, last = sheet.parent, 0
    with archive.open(sheet._worksheet_path.lstrip("/")) as stream:  # noqa: SLF001
        parser = WorkSheetParser(
            stream,
            texts,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,  # noqa: SLF001
            timedelta_formats=book._timedelta_formats,  # noqa: SLF001
        )
        found = parser.parse()
        while True:
            try:
                number, cells = next(found, (0, None))
            except (ValueError, TypeError, OverflowError, IndexError):
                cells, number = [], 0
            if cells is None:
                return
            places = [cell["column"] for cell in cells]
            if not last < number <= most or any(a >= b for a, b in pairwise(places)):
                _refuse_row(file, str(sheet.title), last)
            for blank in range(last + 1, min(number, last + _BLANKS)):
                yield blank, []
            row: list[Cell] = [None] * (places[-1] if places else 0)
            for place, cell in zip(places, cells, strict=True):
                row[place - 1] = plain(cell["value"])
            yield number, row
            last = number


def _refuse_row(file: str, title: str, last: int) -> NoReturn:
    """Refuse a sheet of which a row or a cell would be lost, naming the row before."""
    refuse(
        file,
        f"工作表“{title}”第 {last} 行之后的一行，行号或单元格的位置重复、倒退或不可读，"
        "读下去会丢内容，请用 Excel 或 WPS 打开核对后另存",
        f'sheet "{title}": in what follows row {last}, the number of a row or the place of a cell '
        "is repeated, falls or cannot be read, and content would be lost: open the file in Excel, "
        "check it and save it again",
        last + 1,
    )


_MERGE = re.compile(rb"<(?:\w+:)?mergeCell\b[^>]*\bref=[\"']([A-Z]+\d+:[A-Z]+\d+)[\"']")
_NO_VALUE = re.compile(
    rb"(?:</(?:\w+:)?f>|<(?:\w+:)?f\b[^>]*/>)\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*"
    rb"</(?:\w+:)?c>"
)


_HIDDEN = re.compile(rb"<(?:\w+:)?(row|col)\b([^>]*)>")
_IS_HIDDEN = re.compile(rb"\bhidden=[\"'](?:1|true)[\"']")
_NUMBERS = re.compile(rb"\b(?:r|min|max)=[\"'](\d+)[\"']")
_LAST_COLUMN = 16_384


class _Scan(NamedTuple):
    """What the streaming reader of openpyxl does not give of a sheet."""

    merges: list[Merge]
    empty_formulas: int
    hidden_rows: list[int]
    hidden_columns: list[int]


def _scan(archive: zipfile.ZipFile, name: str, file: str) -> _Scan:
    """Merged ranges, formulas without a value, hidden rows and columns."""
    found = _Scan([], 0, [], [])
    empty = 0
    tail = b""
    with archive.open(name.lstrip("/")) as stream:
        while chunk := stream.read(1 << 20):
            block = tail + chunk
            # Whole elements only: what follows the last ">" waits for the next block.
            end = block.rfind(b"</c>") + 4 if b"</c>" in block else block.rfind(b">") + 1
            part, tail = block[:end], block[end:]
            empty += len(_NO_VALUE.findall(part))
            _look(part, found)
            if len(found.merges) > _MERGES:
                refuse(file, f"合并单元格超过 {_MERGES:,} 处", "there are too many merged cells")
            if len(tail) > 1 << 24:
                tail = b""
    _look(tail, found)
    return found._replace(empty_formulas=empty)


def _look(part: bytes, found: _Scan) -> None:
    from openpyxl.utils import range_boundaries

    for ref in _MERGE.findall(part):
        left, top, right, bottom = range_boundaries(ref.decode())
        found.merges.append(Merge(top, bottom, left - 1, right - 1))
    if b"hidden" not in part:
        return
    for what, attributes in _HIDDEN.findall(part):
        if not _IS_HIDDEN.search(attributes):
            continue
        numbers = [int(n) for n in _NUMBERS.findall(attributes)]
        if what == b"row":
            found.hidden_rows.extend(numbers[:1])
        elif len(numbers) == 2 and max(numbers) < _LAST_COLUMN:  # beyond: all unused columns
            found.hidden_columns.extend(range(min(numbers), max(numbers) + 1))


def _hidden(rows: list[int], columns: list[int]) -> list[Said]:
    """What is said of hidden rows and columns: they are read as the others are.

    A filter that was left on hides rows that are as good as any, and a total counts them; so
    leaving them out would lose facilities in silence.
    """
    from openpyxl.utils import get_column_letter

    notes = []
    if rows:
        shown = "、".join(str(n) for n in rows[:_SHOWN]) + ("…" if rows[_SHOWN:] else "")
        notes.append(
            Said(
                f"{len(rows)} 行是隐藏的（第 {shown} 行，可能是筛选），照常读入",
                f"{len(rows)} hidden rows were read like the others ({shown}; a filter?)",
            )
        )
    if columns:
        shown = "、".join(get_column_letter(n) for n in columns[:_SHOWN]) + (
            "…" if columns[_SHOWN:] else ""
        )
        notes.append(
            Said(
                f"{len(columns)} 列是隐藏的（{shown}），照常读入",
                f"{len(columns)} hidden columns were read like the others ({shown})",
            )
        )
    return notes


def read_xls(raw: bytes, file: str, meter: Meter) -> list[Grid]:
    """Sheets of an ``.xls`` (BIFF 2 to 8).

    Raises:
        InputError: If it is damaged, locked, no workbook, or too large.
    """
    import xlrd

    locked = "EncryptedPackage".encode("utf-16-le")
    if locked in raw:
        refuse(file, "工作簿有密码，请去掉密码后再导入", "the workbook is protected by a password")
    if "WordDocument".encode("utf-16-le") in raw:
        refuse(file, "这是 Word 文档，不是表格", "this is a Word document, not a table")

    def opened(*, formats: bool) -> Any:
        try:
            return xlrd.open_workbook(
                file_contents=raw,
                formatting_info=formats,
                ragged_rows=True,
                logfile=io.StringIO(),
            )
        except Exception as error:
            if "encrypted" in str(error).lower():
                refuse(file, "工作簿有密码，请去掉密码后再导入", "it is protected by a password")
            if formats:  # merged ranges come only with the formats, which may be bad
                return opened(formats=False)
            raise

    with _undamaged(file):
        book = opened(formats=True)
        return [_xls_sheet(book, index, meter) for index in range(book.nsheets)]


def _xls_sheet(book: Any, index: int, meter: Meter) -> Grid:
    import xlrd

    meter.sheet()
    sheet = book.sheet_by_index(index)
    special = {xlrd.XL_CELL_DATE, xlrd.XL_CELL_BOOLEAN, xlrd.XL_CELL_ERROR}
    listed = (
        [
            _xls_value(book, kind, value) if kind in special else _number_or_text(value)
            for kind, value in zip(sheet.row_types(i), sheet.row_values(i), strict=True)
        ]
        for i in range(sheet.nrows)
    )
    rows = _filled(enumerate(listed, start=1), meter)
    merges = [
        Merge(top + 1, bottom, left, right - 1)
        for top, bottom, left, right in sheet.merged_cells[:_MERGES]
    ]
    end = rows[-1][0] if rows else 0
    notes = _hidden(
        [i + 1 for i, info in sorted(sheet.rowinfo_map.items()) if info.hidden and i < end],
        [i + 1 for i, info in sorted(sheet.colinfo_map.items()) if info.hidden and i < sheet.ncols],
    )
    return Grid(str(sheet.name), rows, merges=merges, hidden=sheet.visibility != 0, notes=notes)


def _number_or_text(value: Any) -> Cell:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)  # the format stores every number as a float
    return None if value == "" else plain(value)


def _xls_value(book: Any, kind: int, value: Any) -> Cell:
    import xlrd

    if kind == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if value else "FALSE"
    if kind == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(value, "#ERROR"))
    try:
        return plain(xlrd.xldate.xldate_as_datetime(value, book.datemode))
    except (ValueError, OverflowError, xlrd.xldate.XLDateError):
        return plain(value)
