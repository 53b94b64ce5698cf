"""The same input on the same day gives the same bytes, whatever library wrote the file.

Archives (Office files, QGIS projects) note when each of their parts was made, Office files who
saved them when, GeoPackages when each layer changed, a PDF when it was printed and a random
number. `settle` puts the day in the place of the hour and content in the place of chance. It
also writes the pages of a GeoPackage anew, in which deleted rows would stay readable.
"""

from __future__ import annotations

import io
import os
import re
import sqlite3
import zipfile
from contextlib import closing
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import chain
from typing import TYPE_CHECKING

from coverage.errors import InputError, Problem
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

_FIRST = (1980, 1, 1, 0, 0, 0)  # the earliest that an archive can note
_SAVED = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
_PRINTED = re.compile(rb"(/(?:Creation|Mod)Date ?\(D:)\d{14}[^)]*\)")
_CHANCE = re.compile(rb"(?<=<)[0-9A-F]{32}(?=>)|(?<=/DocChecksum /)[0-9A-F]{32}")
_TIMES = {
    "gpkg_contents": "last_change",
    "gpkg_metadata_reference": "timestamp",
    "layer_styles": "update_time",
}


def today(given: date | None = None) -> date:
    """The day that outputs bear: the one given, that of ``SOURCE_DATE_EPOCH``, or today.

    Raises:
        InputError: If ``SOURCE_DATE_EPOCH`` is no number of seconds since 1970.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if given is not None or not epoch:
        return given or datetime.now().astimezone().date()
    try:
        return datetime.fromtimestamp(int(epoch), UTC).date()
    except (ValueError, OverflowError, OSError) as error:
        said = Said("应为自 1970 年起的秒数", "is not a number of seconds since 1970")
        raise InputError(Problem(said, "SOURCE_DATE_EPOCH", value=epoch)) from error


def settle(path: Path, day: date) -> None:
    """Make a finished file one that only its content and a day decide."""
    suffix = path.suffix.lower()
    if suffix == ".gpkg":
        _database(path, day)
    elif suffix in _REWRITTEN:
        path.write_bytes(_REWRITTEN[suffix](path.read_bytes(), day))


def archive(content: bytes, day: date, rows: Mapping[str, Iterable[bytes]] | None = None) -> bytes:
    """As `settle`, for an archive that is not a file yet, and for those inside it.

    Args:
        content: The archive.
        day: The day that it bears.
        rows: By part of a workbook, the XML of rows that are put below those it has.
    """
    made, more = io.BytesIO(), rows or {}
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            part = old.read(name)
            if name == "docProps/core.xml":
                part = _SAVED.sub(rb"\g<1>" + f"{day}T00:00:00Z".encode(), part)
            elif name.endswith(".xlsx"):
                part = archive(part, day)
            entry = zipfile.ZipInfo(name, _FIRST)
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 0
            if name in more:
                head, end, tail = part.rpartition(b"</sheetData>")
                with new.open(entry, "w", force_zip64=True) as out:
                    for piece in chain((head,), more[name], (end + tail,)):
                        out.write(piece)
            else:
                new.writestr(entry, part)
    return made.getvalue()


def _pdf(content: bytes, day: date) -> bytes:
    """Every piece is replaced by one as long, since a PDF notes where each of its parts begins."""

    def dated(found: re.Match[bytes]) -> bytes:
        stamp = found[1] + f"{day:%Y%m%d}000000Z".encode()
        return stamp.ljust(len(found[0]) - 1) + b")"

    head, trailer, tail = _PRINTED.sub(dated, content).rpartition(b"trailer")
    own = sha256(head).hexdigest().upper()[:32].encode()
    return head + trailer + _CHANCE.sub(own, tail)


def _database(path: Path, day: date) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as base:
        there = {name for (name,) in base.execute("SELECT name FROM sqlite_master")}
        for table, column in _TIMES.items():
            if table in there:
                base.execute(f"UPDATE {table} SET {column} = ?", (f"{day}T00:00:00.000Z",))  # noqa: S608 -- names from above
        base.execute("VACUUM")


_REWRITTEN: dict[str, Callable[[bytes, date], bytes]] = {
    **dict.fromkeys((".docx", ".pptx", ".xlsx", ".qgz"), archive),
    ".pdf": _pdf,
}
