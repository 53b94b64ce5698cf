"""What is refused before it is read: files too large, bombs, ways out, external entities.

Every refusal is one sentence. The limits are generous for a bureau's lists
and small for a machine; a caller may give others.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, NoReturn
from xml.parsers import expat

from coverage.atomic import cannot_read
from coverage.errors import InputError, Problem
from coverage.messages import Said

_MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What one file may cost.

    Attributes:
        file_bytes: Size on disk.
        unpacked_bytes: Size of everything in an archive (a workbook is one) together.
        ratio: How many times its packed size one entry may grow to, above `ratio_from` bytes.
        ratio_from: Entries that unpack to less than this may have any ratio.
        entries: Entries of an archive.
        rows: Rows of one sheet; the default is what a worksheet can hold.
        columns: Columns of one sheet.
        cells: Cells of one file.
        sheets: Sheets or layers of one file.
    """

    file_bytes: int = 256 * _MIB
    unpacked_bytes: int = 1024 * _MIB
    ratio: int = 250
    ratio_from: int = 16 * _MIB
    entries: int = 5_000
    rows: int = 1_048_576
    columns: int = 1_024
    cells: int = 40_000_000
    sheets: int = 500


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
        if self._sheets > self.limits.sheets:
            most = self.limits.sheets
            refuse(self.file, f"工作表超过 {most} 张", f"there are more than {most} sheets")

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


def read_bytes(path: Path, limits: Limits) -> bytes:
    """The content of a file that is not too large.

    Raises:
        InputError: If there is no such file, it is none, cannot be read, is empty or too large.
    """
    try:
        if path.is_dir():
            refuse(str(path), "这是文件夹，不是文件", "this is a folder, not a file")
        size = path.stat().st_size
        if size > limits.file_bytes:
            refuse(
                path.name,
                f"文件有 {size / _MIB:,.0f} MiB，上限 {limits.file_bytes / _MIB:,.0f} MiB",
                f"the file is larger than {limits.file_bytes / _MIB:,.0f} MiB",
            )
        raw = path.read_bytes()
    except InputError:
        raise
    except (OSError, ValueError) as error:
        raise cannot_read(path, error) from error
    if not raw.strip(b"\x00 \t\r\n"):
        refuse(path.name, "文件是空的", "the file is empty")
    return raw


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


def open_archive(source: IO[bytes], file: str, limits: Limits) -> zipfile.ZipFile:
    """A zip archive whose table of contents promises nothing unreasonable.

    Python reads no more of an entry than its entry promises, so the promise
    is what has to be checked.

    Raises:
        InputError: If it is damaged, a bomb, encrypted, or has entries outside.
    """
    try:
        archive = zipfile.ZipFile(source)
        entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError) as error:
        raise InputError(
            Problem(Said("压缩包已损坏", "the file is damaged: not a whole zip archive"), file)
        ) from error
    if len(entries) > limits.entries:
        refuse(file, f"压缩包内文件超过 {limits.entries} 个", "the archive holds too many files")
    if sum(e.file_size for e in entries) > limits.unpacked_bytes:
        most = limits.unpacked_bytes // _MIB
        refuse(
            file,
            f"解压后超过 {most:,} MiB（疑似压缩炸弹）",
            f"it would unpack to more than {most:,} MiB (a zip bomb?)",
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
        grown = entry.file_size > limits.ratio * max(entry.compress_size, 1)
        if entry.file_size > limits.ratio_from and grown:
            refuse(
                file,
                f"{entry.filename} 的压缩比超过 {limits.ratio}（疑似压缩炸弹）",
                f"an entry unpacks to more than {limits.ratio} times its size (a zip bomb?)",
            )
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
