"""The door for files of rows: whatever a bureau sends, as grids of cells.

What a file is, is seen from its first bytes; its ending is only believed where bytes say
nothing. Whatever happens inside a reader, the caller meets grids or one `InputError`.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from coverage.errors import CoverageError, InputError, Problem
from coverage.formats.delimited import read_text
from coverage.formats.formulas import unguarded
from coverage.formats.markup import looks_like_html, read_html, read_spreadsheet_xml
from coverage.formats.safety import Limits, Meter, open_archive, read_bytes, refuse
from coverage.formats.workbooks import read_xls, read_xlsx
from coverage.messages import Said

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Callable
    from pathlib import Path

    from coverage.formats.grids import Grid

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BIFF = (
    b"\x09\x00\x04\x00",
    b"\x09\x02\x06\x00",
    b"\x09\x04\x06\x00",
    b"\x09\x08\x08\x00",
    b"\x09\x08\x10\x00",
)
_REFUSED = (
    (b"%PDF", "PDF 文件，请索取表格原件", "a PDF: ask for the table itself"),
    (b"\x89PNG", "图片", "a picture"),
    (b"\xff\xd8\xff", "图片", "a picture"),
    (b"GIF8", "图片", "a picture"),
    (b"Rar!", "RAR 压缩包，请先解压", "a RAR archive: unpack it first"),
    (b"7z\xbc\xaf", "7z 压缩包，请先解压", "a 7z archive: unpack it first"),
    (b"\x1f\x8b", "gzip 压缩文件，请先解压", "a gzip file: unpack it first"),
    (b"{\\rtf", "RTF 文档，不是表格", "an RTF document, not a table"),
    (b"MIME-Version:", "网页归档 MHT，请另存为 .xlsx", "an MHT archive: save it as .xlsx"),
)
# Characters of a cell: more are never a name, a number or a remark, and each takes its time.
MOST_CHARACTERS = 4_000
_GEOMETRY = ("POLYGON", "MULTI", "LINESTRING", "GEOMETRY", "SRID=", '{"type"')
_SPREADSHEET = b"urn:schemas-microsoft-com:office:spreadsheet"


def read_grids(
    path: Path,
    *,
    limits: Limits | None = None,
    encoding: str | None = None,
    names_column: Callable[[str], bool] = lambda _: False,
) -> list[Grid]:
    """Every sheet, layer or table of a file, with every row of it.

    Args:
        path: ``.xlsx``, ``.xlsm``, ``.xls``, ``.csv``, ``.txt``, ``.tsv``, ``.geojson``,
            ``.json``, ``.gpkg``, ``.shp`` (or its ``.dbf``), or a ``.zip`` of layers;
            HTML and XML that carry such a name are recognised.
        limits: What the file may cost.
        encoding: Of text, where the user states it.
        names_column: Whether a text is the name of a column, which helps to tell what separates
            the cells of a text.

    Raises:
        InputError: In one sentence, if the file cannot be read or is refused.
        MissingDependencyError: If the library for the format is not installed.
    """
    limits = limits or Limits()
    raw = read_bytes(path, limits)
    meter = Meter(path.name, limits)
    for mark, zh, en in _REFUSED:
        if raw.startswith(mark):
            refuse(path.name, f"这是{zh}", f"this is {en}")
    try:
        if raw.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            grids = _zip(path, raw, limits, meter)
        elif raw.startswith(_OLE) or raw.startswith(_BIFF):
            grids = read_xls(raw, path.name, meter)
        elif _is_layer(path, raw):
            grids = _layers(path, encoding, limits, meter)
        else:
            grids = _marked_or_plain(path, raw, limits, meter, encoding, names_column)
        _check_cells(path.name, grids)
    except CoverageError:
        raise
    except (ValueError, LookupError, OSError, RecursionError, MemoryError, EOFError) as error:
        said = Said("文件读不出来", f"the file cannot be read ({type(error).__name__})")
        raise InputError(Problem(said, path.name)) from error
    return grids


def _check_cells(file: str, grids: list[Grid]) -> None:
    """Take guards off, and refuse a cell that neither a report nor a register could keep."""
    for grid in grids:
        for number, cells in grid.rows:
            for index, cell in enumerate(cells):
                if not isinstance(cell, str):
                    continue
                plain = cells[index] = unguarded(cell)
                if len(plain) <= MOST_CHARACTERS:
                    continue
                if plain.lstrip().startswith(_GEOMETRY):
                    cells[index] = None  # an outline written out, which no list is read for
                    continue
                refuse(
                    file,
                    f"有一格超过 {MOST_CHARACTERS:,} 字，多半是引号或分隔符不对",
                    f"a cell has over {MOST_CHARACTERS:,} characters: check its quotes",
                    number,
                )


def _is_layer(path: Path, raw: bytes) -> bool:
    suffix, start = path.suffix.lower(), raw[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if raw.startswith((b"SQLite format 3\x00", b"\x00\x00\x27\x0a")):
        return True
    if suffix in {".json", ".geojson"}:
        return start.startswith((b"{", b"[")) or b"\x00" in raw[:4096]
    if start.startswith((b"{", b"[")):
        return start[1:].lstrip()[:1] in {b'"', b"{"}
    return suffix in {".shp", ".dbf", ".shx"}


def _layers(path: Path, encoding: str | None, limits: Limits, meter: Meter) -> list[Grid]:
    from coverage.formats.features import grid_of
    from coverage.formats.layers import read_features

    if path.suffix.lower() in {".dbf", ".shx"}:
        shapes = (p for p in path.parent.iterdir() if p.stem == path.stem)
        whole = next((p for p in shapes if p.suffix.lower() == ".shp"), None)
        if whole is None:
            refuse(
                path.name,
                "不是完整的 shapefile（缺 .shp 或已损坏）",
                "this is no whole shapefile: the .shp is missing or damaged",
            )
        path = whole
    return [grid_of(own, meter) for own in read_features(path, encoding=encoding, limits=limits)]


def _marked_or_plain(
    path: Path,
    raw: bytes,
    limits: Limits,
    meter: Meter,
    encoding: str | None,
    names_column: Callable[[str], bool],
) -> list[Grid]:
    head = raw[:4096]
    if looks_like_html(head):
        return read_html(raw, path.name, meter, encoding)
    if _SPREADSHEET in head:
        return read_spreadsheet_xml(raw.removeprefix(b"\xef\xbb\xbf").lstrip(), path.name, meter)
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<?xml"):
        refuse(
            path.name,
            "这种 XML（如 KML、GML）不能导入，请转为 GeoJSON 或表格",
            "this kind of XML is not read: convert it to GeoJSON or a table",
        )
    return [read_text(raw, path.name, limits, meter, encoding, names_column)]


def _zip(path: Path, raw: bytes, limits: Limits, meter: Meter) -> list[Grid]:
    """A workbook, zipped layers, or something else in a zip."""
    file = path.name
    with open_archive(raw, file, limits) as archive:
        names = {name.lower() for name in archive.namelist()}
        ods = _mimetype(archive)
    if "xl/workbook.bin" in names:
        refuse(file, "这是 .xlsb，请另存为 .xlsx", "this is a binary workbook: save it as .xlsx")
    if "[content_types].xml" in names and any(n.startswith("word/") for n in names):
        refuse(file, "这是 Word 文档，不是表格", "this is a Word document, not a table")
    if "[content_types].xml" in names or any(n.startswith("xl/") for n in names):
        return read_xlsx(raw, file, limits, meter)
    if ods:
        refuse(file, "这是 OpenDocument，请另存为 .xlsx", "an OpenDocument file: save it as .xlsx")
    return _layers(path, None, limits, meter)


def _mimetype(archive: zipfile.ZipFile) -> bool:
    with contextlib.suppress(Exception):  # any damage: then it is not taken for OpenDocument
        return archive.read("mimetype")[:60].startswith(b"application/vnd.oasis")
    return False
