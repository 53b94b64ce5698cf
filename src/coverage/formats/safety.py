"""What is refused before it is read: files too large, bombs, ways out, external entities.

Every refusal is one sentence. The limits are generous for a bureau's lists
and small for a machine; a caller may give others.
"""

from __future__ import annotations

import bz2
import gzip
import io
import os
import re
import tempfile
import zipfile
import zlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, NoReturn
from xml.parsers import expat

from coverage.atomic import opened
from coverage.errors import InputError, Problem
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Iterator

_MIB = 1 << 20
_SOMETHING = re.compile(rb"[^\x00 \t\r\n]")


@dataclass(frozen=True)
class Limits:
    """What one file may cost.

    Attributes:
        file_bytes: Size on disk.
        unpacked_bytes: Size of everything in an archive (a workbook is one) together.
        ratio: How many times its packed size it may grow to, above `ratio_from` bytes.
        ratio_from: What unpacks to less than this may have any ratio.
        entries: Entries of an archive.
        rows: Rows of one sheet; the default is what a worksheet can hold.
        columns: Columns of one sheet.
        cells: Cells of one file.
        sheets: Sheets or layers of one file.
    """

    file_bytes: int = 256 * _MIB
    unpacked_bytes: int = 1024 * _MIB
    ratio: int = 100
    ratio_from: int = 16 * _MIB
    entries: int = 5_000
    rows: int = 1_048_576
    columns: int = 1_024
    cells: int = 40_000_000
    sheets: int = 500

    def most_unpacked(self, packed: int) -> int:
        """Bytes that a file of `packed` bytes may unpack to."""
        return min(self.unpacked_bytes, max(self.ratio_from, self.ratio * packed))


def refuse(file: str, zh: str, en: str, row: int | None = None) -> NoReturn:
    """Raise the one sentence that says why `file` is not read."""
    raise InputError(Problem(Said(zh, en), file, row))


class Meter:
    """Counts rows and cells while a file is read, and refuses the first one too many."""

    def __init__(self, file: str, limits: Limits) -> None:
        self.file, self.limits = file, limits
        self._rows = self._cells = self._sheets = 0

    def sheet(self) -> None:
        """Begin another sheet."""
        self._rows = 0
        self._sheets += 1
        self.sheets(self._sheets)

    def sheets(self, count: int) -> None:
        """Refuse a file of `count` sheets or layers if that is too many."""
        most = self.limits.sheets
        if count > most:
            refuse(self.file, f"工作表超过 {most} 张", f"there are more than {most} sheets")

    def table(self, rows: int, width: int) -> None:
        """Count a layer of `rows` rows, each of `width` cells."""
        self.rows(rows)
        self._cells += max(rows - 1, 0) * width
        self.row(width)

    def rows(self, count: int) -> None:
        """Refuse a sheet of `count` rows if that is too many."""
        most = self.limits.rows
        if count > most:
            refuse(self.file, f"行数超过上限 {most:,}", f"there are more than {most:,} rows")

    def row(self, width: int) -> None:
        """Count one row of `width` cells."""
        self._rows += 1
        self._cells += width
        limits = self.limits
        if self._rows > limits.rows:
            self.rows(self._rows)
        if width > limits.columns:
            most = limits.columns
            refuse(
                self.file, f"列数超过上限 {most:,}", f"a row has more than {most:,} columns filled"
            )
        if self._cells > limits.cells:
            most = limits.cells
            refuse(self.file, f"单元格超过上限 {most:,}", f"there are more than {most:,} cells")


def read_bytes(path: Path, limits: Limits | None = None) -> bytes:
    """The content of a file that is not too large, of which never more is read than is allowed.

    Raises:
        InputError: If there is no such file, it is none, cannot be read, is empty or too large.
    """
    most = (limits or Limits()).file_bytes
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        raw = file.read(most + 1) if size <= most else b""
    if max(size, len(raw)) > most:
        refuse(
            path.name,
            f"文件有 {size / _MIB:,.0f} MiB，上限 {most / _MIB:,.0f} MiB",
            f"the file is larger than {most / _MIB:,.0f} MiB",
        )
    if not _SOMETHING.search(raw):
        refuse(path.name, "文件是空的", "the file is empty")
    return raw


def check_packed(path: Path, limits: Limits | None = None) -> None:
    """Refuse a gzip or bzip2 file that unpacks to far more than its size; others pass unread.

    Raises:
        InputError: If it does, is empty, or is no file; damage is for its reader to say.
    """
    limits = limits or Limits()
    with opened(path) as file, suppress(EOFError, OSError, zlib.error):
        size = os.fstat(file.fileno()).st_size
        if not size:
            refuse(path.name, "文件是空的", "the file is empty")
        left = max(limits.ratio_from, limits.ratio * size)  # in all: extracts may be large
        start = file.read(2)
        file.seek(0)
        packed: Any = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open}.get(start)
        stream = packed(file) if packed else io.BytesIO()
        while chunk := stream.read(_MIB):
            left -= len(chunk)
            if left < 0:
                zh, en = "解压后太大（疑似压缩炸弹）", "it unpacks to far more than its size"
                refuse(path.name, zh, en)


@contextmanager
def alone(raw: bytes, suffix: str) -> Iterator[Path]:
    """A file under a plain name in a folder of its own, where a library finds nothing beside it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / f"layer{suffix}"
        copy.write_bytes(raw)
        yield copy


def leaves(name: str) -> bool:
    """Whether an entry of an archive, or a name in a table, points out of its folder."""
    path = name.replace("\\", "/")
    return (
        path.startswith("/")
        or bool(re.match(r"[A-Za-z]:", path))
        or "\x00" in path
        or ".." in PurePosixPath(path).parts
    )


def inside(folder: Path, name: str) -> Path:
    """The file `name` of a table, which must lie in `folder` even when links are followed.

    Raises:
        InputError: If it does not.
    """
    root = folder.resolve()
    if not leaves(name):
        path = (root / name).resolve()
        if path.is_relative_to(root):
            return path
    raise InputError(
        Problem(Said("文件在工作区之外", "the file lies outside the workspace"), value=name)
    )


def open_archive(raw: bytes, file: str, limits: Limits) -> zipfile.ZipFile:
    """A zip archive whose table of contents promises nothing unreasonable.

    Python reads no more of an entry than its entry promises, so the promise
    is what has to be checked; and entries may share their bytes, so all of them
    together are held against the size of the file.

    Raises:
        InputError: If it is damaged, a bomb, encrypted, or has entries outside or of one name.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
        entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError) as error:
        raise InputError(
            Problem(Said("压缩包已损坏", "the file is damaged: not a whole zip archive"), file)
        ) from error
    if len(entries) > limits.entries:
        refuse(file, f"压缩包内文件超过 {limits.entries} 个", "the archive holds too many files")
    most = limits.most_unpacked(len(raw))
    if sum(e.file_size for e in entries) > most:
        refuse(
            file,
            f"解压后超过 {most // _MIB:,} MiB（疑似压缩炸弹）",
            f"it would unpack to more than {most // _MIB:,} MiB (a zip bomb?)",
        )
    names = [entry.filename for entry in entries]
    if len(set(names)) < len(names):
        refuse(
            file,
            "压缩包内有同名文件，不同的程序会读出不同的内容",
            "entries of the archive share a name: programs differ in which one they read",
        )
    for entry in entries:
        if leaves(entry.filename):
            refuse(
                file,
                f"压缩包内的 {entry.filename!r} 指向包外",
                "an entry of the archive points outside it",
            )
        if entry.flag_bits & 1:
            refuse(file, "压缩包有密码", "the archive is protected by a password")
    return archive


def open_package(raw: bytes, file: str, limits: Limits | None = None) -> zipfile.ZipFile:
    """An archive of an Office program, none of whose parts declares a document type.

    Raises:
        InputError: As `open_archive` and `check_xml`.
    """
    archive = open_archive(raw, file, limits or Limits())
    for entry in archive.infolist():
        if entry.filename.lower().endswith((".xml", ".rels", ".vml")) and entry.file_size:
            with archive.open(entry) as stream:
                check_xml(stream, file, entry.filename)
    return archive


class _PrologOverError(Exception):
    """The root element began: a document type can no longer follow."""


_PROLOG = 1 << 20


def check_xml(stream: IO[bytes], file: str, entry: str = "") -> None:
    """Refuse XML that has a document type, the only place where entities can be declared.

    The parser stops at the root element; nothing is expanded.

    Raises:
        InputError: If there is a document type, or no element within the first MiB.
    """
    parser = expat.ParserCreate()
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)

    def doctype(*_: object) -> None:
        refuse(
            file,
            f"{entry or 'XML'} 含文档类型或实体声明，可能引用外部内容，拒绝读取",
            "its XML declares a document type or entities, which is refused",
        )

    def start(*_: object) -> None:
        raise _PrologOverError

    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = start
    seen = 0
    try:
        while chunk := stream.read(8192):
            parser.Parse(chunk, False)
            seen += len(chunk)
            if seen > _PROLOG:
                break
        else:
            parser.Parse(b"", True)
    except _PrologOverError:
        return
    except (expat.ExpatError, zipfile.BadZipFile, OSError, EOFError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            Problem(Said(f"{entry or 'XML'} 已损坏", "the XML in the file is damaged"), file)
        ) from error
    refuse(file, f"{entry or 'XML'} 没有内容", "the XML in the file has no element")
