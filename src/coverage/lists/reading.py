"""A file of any of the formats that bureaus send, read into sheets with a role for every row.

`coverage.formats.files` opens it; what its rows are is found here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from coverage.formats.files import read_grids
from coverage.formats.safety import Limits, refuse
from coverage.lists.layout import lay_out
from coverage.lists.reimport import unwrapped
from coverage.lists.spec import FACILITIES, Spec

if TYPE_CHECKING:
    from collections.abc import Collection

    from coverage.lists.sheets import RawSheet


def read_file(
    path: Path | str,
    *,
    limits: Limits | None = None,
    encoding: str | None = None,
    spec: Spec = FACILITIES,
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
        spec: The kind of list that the file should hold.
        known: Further names of columns, as a mapping file has them.

    Raises:
        InputError: In one sentence, if the file cannot be read or is refused.
    """
    path = Path(path)
    spec = spec.plus(known) if known else spec
    grids = read_grids(path, limits=limits, encoding=encoding, names_column=_names_column)
    sheets = [sheet for grid in unwrapped(grids) for sheet in lay_out(grid, path.name, spec)]
    if not any(sheet.rows for sheet in sheets):
        refuse(path.name, "文件里没有任何行", "the file has no rows")
    return sheets


def _names_column(cell: str) -> bool:
    """Whether a cell names a column; names of services are as likely to be values."""
    return FACILITIES.heads(cell) and not FACILITIES.is_service(cell)
