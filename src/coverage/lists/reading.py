"""A file of any of the formats that bureaus send, read into sheets with a role for every row.

What a file is, is seen from its first bytes; its ending is only believed
where bytes say nothing. Whatever happens inside a reader, the caller meets
sheets or one `InputError`.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from coverage.errors import CoverageError, InputError, Problem
from coverage.formats.delimited import read_text
from coverage.formats.markup import looks_like_html, read_html, read_spreadsheet_xml
from coverage.formats.safety import Limits, Meter, open_archive, read_bytes, refuse
from coverage.formats.workbooks import read_xls, read_xlsx
from coverage.lists.aliases import is_header_word, is_service_word
from coverage.lists.layout import lay_out
from coverage.lists.reimport import unwrapped
from coverage.messages import Said

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Collection

    from coverage.formats.grids import Grid
    from coverage.lists.sheets import RawSheet

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


def read_file(
    path: Path | str,
    *,
    limits: Limits | None = None,
    encoding: str | None = None,
    known: Collection[str] = (),
) -> list[RawSheet]:
    """Every sheet, layer or table of a file, every row of it once and with a role.

    Blank rows between others are kept as ``blank``; those below the last
    filled row are not rows of the sheet. A row that a merged cell reaches
    into carries its text (`RawRow.filled` says where). The workbook that reports an earlier
    import gives the user's own columns and rows, as they were mended there.

    Args:
        path: ``.xlsx``, ``.xlsm``, ``.xls``, ``.csv``, ``.txt``, ``.tsv``, ``.geojson``,
            ``.json``, ``.gpkg``, ``.shp`` (or its ``.dbf``), or a ``.zip`` of shapefiles;
            HTML and XML that carry such a name are recognised.
        limits: What the file may cost.
        encoding: Of text, where the user states it.
        known: Further names of columns, as a mapping file has them.

    Raises:
        InputError: In one sentence, if the file cannot be read or is refused.
    """
    path = Path(path)
    limits = limits or Limits()
    raw = read_bytes(path, limits)
    meter = Meter(path.name, limits)
    try:
        grids = unwrapped(_grids(path, raw, limits, meter, encoding))
        sheets = [sheet for grid in grids for sheet in lay_out(grid, path.name, known)]
    except CoverageError:
        raise
    except (ValueError, LookupError, OSError, RecursionError, MemoryError, EOFError) as error:
        raise InputError(
            Problem(
                Said("文件读不出来", f"the file cannot be read ({type(error).__name__})"), path.name
            )
        ) from error
    if not any(sheet.rows for sheet in sheets):
        refuse(path.name, "文件里没有任何行", "the file has no rows")
    return sheets


def _grids(
    path: Path, raw: bytes, limits: Limits, meter: Meter, encoding: str | None
) -> list[Grid]:
    """Choose the reader by the first bytes."""
    file = path.name
    if raw.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip(raw, file, limits, meter)
    if raw.startswith(_OLE) or raw.startswith(_BIFF):
        return read_xls(raw, file, meter)
    for mark, zh, en in _REFUSED:
        if raw.startswith(mark):
            refuse(file, f"这是{zh}", f"this is {en}")
    if raw.startswith(b"SQLite format 3\x00"):
        return _gpkg(path, raw, limits, meter)
    if raw.startswith(b"\x00\x00\x27\x0a") or path.suffix.lower() in {".shp", ".dbf", ".shx"}:
        return _shapefile(path, raw, limits, meter, encoding)
    return _marked_or_plain(path, raw, limits, meter, encoding)


def _marked_or_plain(
    path: Path, raw: bytes, limits: Limits, meter: Meter, encoding: str | None
) -> list[Grid]:
    from coverage.formats.geojson import read_json

    file = path.name
    head = raw[:4096]
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if looks_like_html(head):
        return read_html(raw, file, meter, encoding)
    if start.startswith(b"<?xml") or b"urn:schemas-microsoft-com:office:spreadsheet" in head:
        if b"urn:schemas-microsoft-com:office:spreadsheet" in head:
            return read_spreadsheet_xml(raw.removeprefix(b"\xef\xbb\xbf").lstrip(), file, meter)
        refuse(
            file,
            "这种 XML（如 KML、GML）不能导入，请转为 GeoJSON 或表格",
            "this kind of XML is not read: convert it to GeoJSON or a table",
        )
    if start.startswith((b"{", b"[")) and (
        path.suffix.lower() in {".json", ".geojson"} or start[1:].lstrip()[:1] in {b'"', b"{"}
    ):
        return read_json(raw, file, meter, encoding)
    if path.suffix.lower() in {".json", ".geojson"} and b"\x00" in head:
        return read_json(raw, file, meter, encoding)
    return [read_text(raw, file, limits, meter, encoding, _names_column)]


def _names_column(cell: str) -> bool:
    """Whether a cell names a column; names of services are as likely to be values."""
    return is_header_word(cell) and not is_service_word(cell)


def _zip(raw: bytes, file: str, limits: Limits, meter: Meter) -> list[Grid]:
    """A workbook, a zipped shapefile, or something else in a zip."""
    with open_archive(io.BytesIO(raw), file, limits) as archive:
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
    from coverage.formats.geofiles import read_zip

    return read_zip(raw, file, limits, meter)


def _mimetype(archive: zipfile.ZipFile) -> bool:
    with contextlib.suppress(Exception):  # any damage: then it is not taken for OpenDocument
        return archive.read("mimetype")[:60].startswith(b"application/vnd.oasis")
    return False


def _gpkg(path: Path, raw: bytes, limits: Limits, meter: Meter) -> list[Grid]:
    from coverage.formats.geofiles import read_gpkg

    with tempfile.TemporaryDirectory() as folder:
        # A copy with the right ending: GDAL opens it as nothing else and leaves no lock beside.
        copy = Path(folder) / "layers.gpkg"
        copy.write_bytes(raw)
        return read_gpkg(copy, path.name, limits, meter)


def _shapefile(
    path: Path, raw: bytes, limits: Limits, meter: Meter, encoding: str | None
) -> list[Grid]:
    from coverage.formats.geofiles import read_shapefile

    if not raw.startswith(b"\x00\x00\x27\x0a") or path.suffix.lower() != ".shp":
        beside = [p for p in path.parent.iterdir() if p.stem == path.stem]
        shape = next((p for p in beside if p.suffix.lower() == ".shp" and p != path), None)
        if shape is None:
            refuse(
                path.name,
                "不是完整的 shapefile（缺 .shp 或已损坏）",
                "this is no whole shapefile: the .shp is missing or damaged",
            )
        path = shape
        if not read_bytes(path, limits).startswith(b"\x00\x00\x27\x0a"):
            refuse(path.name, "shapefile 已损坏", "the shapefile is damaged")
    return [read_shapefile(path, limits, meter, encoding)]
