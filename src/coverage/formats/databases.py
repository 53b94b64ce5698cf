"""SQLite files of strangers: opened to read what lies there, never to compute what they ask for.

A view may be a query without an end, a computed column a text of a gigabyte, and a virtual table
whatever its module makes of it; a GeoPackage needs none of them.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from coverage.formats.safety import refuse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MARK = b"SQLite format 3\x00"
# SQLite itself begins what it keeps of a table so; the indexes of space and of words are its own.
_STORED = re.compile(
    r'CREATE (?:TABLE\b|VIRTUAL TABLE\s+(?:"(?:[^"]|"")*"|\w+)\s+USING\s+(?:rtree|fts[345])\b)',
    re.IGNORECASE,
)


@contextmanager
def open_database(path: Path, file: str) -> Iterator[sqlite3.Connection]:
    """A copy of a database in which every table is stored, open for reading.

    Raises:
        InputError: If it holds a view, a computed column, or a virtual table that is no index.
        sqlite3.Error: If it is damaged.
    """
    # As unchanging: without the journal that a program may have left beside it.
    address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(address, uri=True)) as base:
        kinds = base.execute(
            "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'view')"
        ).fetchall()
        computed = [name for name, sql in kinds if not _STORED.match(str(sql))]
        for name, _ in () if computed else kinds:
            columns = base.execute("SELECT hidden FROM pragma_table_xinfo(?)", (name,))
            computed += [name for (hidden,) in columns if hidden > 1]
        if computed:
            refuse(
                file,
                f"{computed[0]!r} 是视图或计算列，不是存好的数据，请另存为普通图层",
                f"{computed[0]!r} is a view or is computed: save it as a layer of its own",
            )
        yield base
