"""Lists of places as they stand in a file, a table or a layer: columns, degrees, complaints.

Both end in one `PlaceList`; what the numbers mean is for `points` to say.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.errors import InputError, Problem
from coverage.formats.layers import read_layer
from coverage.formats.tables import read_table
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from coverage.arrays import Bools, Floats


@dataclass(eq=False)
class PlaceList:
    """Rows of a list, and what is wrong with them.

    Attributes:
        file: Name of the file.
        columns: Names of columns, without those of the place.
        rows: Number of each row as the user finds it.
        cells: By column the (n,) cells as they stand, `None` where there is none.
        header_row: Row of the column names, `None` where the format has none.
        place_columns: Where lon and lat stand, for complaints.
        lon: (n,) degrees in WGS84, NaN where bad.
        lat: As `lon`.
        bad: (n,) whether something is wrong with the row.
        problems: Everything wrong, in the order it was found.
    """

    file: str
    columns: tuple[str, ...]
    rows: Sequence[int]
    cells: dict[str, list[Any]]
    header_row: int | None = None
    place_columns: tuple[str, str] = ("geometry", "geometry")
    lon: Floats = field(init=False)
    lat: Floats = field(init=False)
    bad: Bools = field(init=False)
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lon = np.full(len(self.rows), np.nan)
        self.lat = np.full(len(self.rows), np.nan)
        self.bad = np.zeros(len(self.rows), bool)

    def complain(self, i: int, column: str, reason: Said) -> None:
        """Mark row `i` as bad, quoting its cell of `column`."""
        value = self.cells[column][i] if column in self.cells else None
        text = None if value is None else str(value)
        self.problems.append(Problem(reason, self.file, self.rows[i], column, text))
        self.bad[i] = True

    def numbers(self, column: str) -> Floats:
        """The (n,) numbers of a column, NaN where a cell is none, which is complained of."""
        out = np.full(len(self.rows), np.nan)
        for i, cell in enumerate(self.cells[column]):
            value = _number(cell)
            if value is None:
                empty = cell is None or (isinstance(cell, str) and not cell.strip())
                missing = Said("缺数字", "a number is missing")
                self.complain(
                    i, column, missing if empty else Said("不是数字", "not a finite number")
                )
            else:
                out[i] = value
        return out

    def ordered(self) -> list[Problem]:
        """The problems by row."""
        return sorted(self.problems, key=lambda problem: problem.row or 0)


def read_list(path: Path) -> PlaceList:
    """Read a list of places from a CSV table or a layer of points.

    Raises:
        InputError: If the file as a whole cannot be used.
    """
    places = _read_csv(path) if path.suffix.lower() == ".csv" else _read_layer(path)
    if not len(places.rows):
        raise InputError(Problem(Said("名单没有数据行", "the list has no row"), path.name))
    return places


def _number(cell: object) -> float | None:
    """A finite number, or None. ``1_000`` is Python's spelling and no planner's."""
    if isinstance(cell, bool | np.bool_) or (isinstance(cell, str) and "_" in cell):
        return None
    try:
        value = float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def _read_csv(path: Path) -> PlaceList:
    table = read_table(path, required=("lon", "lat", "people"))
    cells: dict[str, list[Any]] = {
        column: [record.get(column) for record in table.records]
        for column in table.columns
        if column
    }
    places = PlaceList(
        file=table.file,
        columns=tuple(column for column in cells if column not in {"lon", "lat"}),
        rows=[record.row for record in table.records],
        cells=cells,
        header_row=1,
        place_columns=("lon", "lat"),
    )
    places.lon, places.lat = places.numbers("lon"), places.numbers("lat")
    return places


def _read_layer(path: Path) -> PlaceList:
    layer = read_layer(path, areas=False)
    places = PlaceList(layer.file, tuple(layer.cells), layer.numbers, dict(layer.cells))
    for i, said in layer.bad.items():
        places.complain(i, "geometry", said)
    for i, own in enumerate(layer.shapes):
        if places.bad[i]:
            continue
        single = own is not None and own.geom_type == "MultiPoint" and len(own.geoms) == 1
        shape = own.geoms[0] if single else own
        if shape is not None and shape.geom_type != "Point":
            kind = shape.geom_type
            said = Said(f"须为点，这是 {kind}", f"expected a point, and this is a {kind}")
            places.complain(i, "geometry", said)
        elif shape is None or shape.is_empty:
            places.complain(i, "geometry", Said("要素没有位置", "the feature has no place"))
        else:
            places.lon[i], places.lat[i] = shape.x, shape.y
    return places
