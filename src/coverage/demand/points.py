"""People at places that the user lists: villages, buildings, addresses.

A list is a CSV table (``lon``, ``lat``, ``people`` and columns of groups
such as ``60+`` or ``0-14``), a GeoJSON collection or a GeoPackage of points.
Everything wrong with it is said at once, row by row.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from coverage.demand.counties import shared_out
from coverage.demand.demand import Demand
from coverage.demand.townships import Townships, read_townships
from coverage.errors import InputError, Problem
from coverage.formats.layers import read_layer
from coverage.formats.tables import Table, read_table
from coverage.groups import group_in
from coverage.kinds import PROVENANCES
from coverage.messages import Said
from coverage.population import MOST_PEOPLE, TOO_MANY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from coverage.arrays import Bools, Floats, Int32s
    from coverage.city import City

BORDER_M = 500.0  # the polygons are approximate: a place this near to one is taken as in it


@dataclass(eq=False)
class _List:
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


def _read(path: Path | Table) -> _List:
    """Read a list of places from a CSV table, the table of one, or a layer of points.

    Raises:
        InputError: If the file as a whole cannot be used.
    """
    if isinstance(path, Table) or path.suffix.lower() == ".csv":
        places = _read_csv(path)
    else:
        places = _read_layer(path)
    if not len(places.rows):
        raise InputError(Problem(Said("名单没有数据行", "the list has no row"), places.file))
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


def _read_csv(path: Path | Table) -> _List:
    required = ("lon", "lat", "people")
    table = path if isinstance(path, Table) else read_table(path, required=required)
    cells: dict[str, list[Any]] = {
        column: [record.get(column) for record in table.records]
        for column in table.columns
        if column
    }
    places = _List(
        file=table.file,
        columns=tuple(column for column in cells if column not in {"lon", "lat"}),
        rows=[record.row for record in table.records],
        cells=cells,
        header_row=1,
        place_columns=("lon", "lat"),
    )
    places.lon, places.lat = places.numbers("lon"), places.numbers("lat")
    return places


def _read_layer(path: Path) -> _List:
    layer = read_layer(path, areas=False)
    places = _List(layer.file, tuple(layer.cells), layer.numbers, dict(layer.cells))
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


def from_points(
    path: Path | Table, city: City, *, skip_bad: bool = False
) -> tuple[Demand, list[Problem]]:
    """People of a city from a list of places.

    A place belongs to the township whose cell it is in, or whose cell is nearest and at most
    `BORDER_M` away, because the cells are approximate. Coordinates of a CSV table are taken
    as WGS84, those of other files as their own CRS says.

    Args:
        path: A .csv, .geojson, .json or .gpkg file, or a table. Rows of a CSV are numbered as a
            spreadsheet does (the header is row 1), features of the others from 1.
        city: The city.
        skip_bad: Leave bad rows out and return what is wrong with them.

    Returns:
        The demand, and the problems of the rows left out (empty unless `skip_bad`).

    Raises:
        InputError: With every bad row, unless `skip_bad`; and always if the file as a whole
            cannot be used: unreadable, a column or the CRS missing, no good row.
    """
    places = _read(path)
    townships = read_townships(city)
    columns = _columns(places)
    values = {group: places.numbers(column) for group, column in columns.items()}
    _check_people(places, columns, values)
    x, y, unit = _locate(places, townships, city.name)
    good = ~places.bad
    if places.problems and not skip_bad:
        raise InputError(places.ordered())
    if not good.any():
        said = Said("名单没有可用的行", "the list has no row that can be used")
        nothing = Problem(said, places.file)
        raise InputError([*places.ordered(), nothing])
    divided = shared_out(city, townships, unit[good])
    row = np.flatnonzero(good)[divided.row]
    demand = Demand(
        crs=townships.crs,
        x=x[row],
        y=y[row],
        people={group: value[row] * divided.part for group, value in values.items()},
        unit=divided.unit,
        unit_codes=townships.unit_codes,
        not_placed={group: {} for group in values},
        provenance=_provenance(places),
        source=places.file,
        notes=(
            *_notes(places, set(columns.values()), unit[good], townships.called),
            *divided.notes,
        ),
    )
    return demand, places.ordered()


def _provenance(places: _List) -> str:
    """What the list says of itself where all its rows say the same; a planner's own otherwise."""
    said = {str(cell) for cell in places.cells.get("provenance", ())}
    return said.pop() if len(said) == 1 and said <= PROVENANCES.keys() else "surveyed"


def _columns(places: _List) -> dict[str, str]:
    """Column of each group, ``all`` first."""
    columns: dict[str, str] = {}
    problems = []
    for column in places.columns:
        group = group_in(column, whole=True)
        if group in columns:
            reason = Said(
                f"与 {columns[group]} 列是同一人群",
                f"the column counts the same people as '{columns[group]}'",
            )
            problems.append(Problem(reason, places.file, places.header_row, column))
        elif group:
            columns[group] = column
    if "all" not in columns:
        listed = ", ".join(places.columns)
        reason = Said(
            f"缺总人数列 people（有：{listed or '无'}）",
            f"the column 'people' is missing (the file has: {listed or 'nothing'})",
        )
        problems.append(Problem(reason, places.file, places.header_row))
    if problems:
        raise InputError(problems)
    return {"all": columns.pop("all"), **columns}


def _check_people(places: _List, columns: dict[str, str], values: dict[str, Floats]) -> None:
    for group, column in columns.items():
        value = values[group]
        for i in np.flatnonzero(value < 0):
            places.complain(int(i), column, Said("人数为负", "people cannot be negative"))
        for i in np.flatnonzero(value > MOST_PEOPLE):
            places.complain(int(i), column, TOO_MANY)
        for i in np.flatnonzero((value > values["all"]) & (values["all"] >= 0)):
            places.complain(
                int(i), column, Said(f"{group} 多于总人数", f"more people of {group} than people")
            )


def _locate(places: _List, townships: Townships, name: str) -> tuple[Floats, Floats, Int32s]:
    """Metres and township of every place; what lies outside the city is complained of."""
    lon, lat = places.lon, places.lat
    given = np.isfinite(lon) & np.isfinite(lat)
    on_globe = given & (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
    x, y = np.full(len(lon), np.nan), np.full(len(lon), np.nan)
    x[on_globe], y[on_globe] = townships.project(lon[on_globe], lat[on_globe])
    away = _distance(townships, x, y)
    unit = np.full(len(lon), -1, np.int32)
    near = away <= BORDER_M
    unit[near] = townships.unit_at(x[near], y[near], tolerance_m=BORDER_M)
    lost = np.flatnonzero(given & ~near)
    swapped = _distance(townships, *townships.project(lat[lost], lon[lost])) <= BORDER_M
    lon_column, lat_column = places.place_columns
    for i, other_way in zip(lost.tolist(), swapped.tolist(), strict=True):
        if other_way:
            reason = Said(
                "经纬度颠倒，对调后在市内",
                "lon and lat are swapped: the other way round the place lies in the city",
            )
            places.complain(i, lon_column, reason)
        elif not abs(lon[i]) <= 180:
            reason = Said("不是经度", "no longitude: expected degrees from -180 to 180")
            places.complain(i, lon_column, reason)
        elif not abs(lat[i]) <= 90:
            reason = Said("不是纬度", "no latitude: expected degrees from -90 to 90")
            places.complain(i, lat_column, reason)
        else:
            far = f"{away[i] / 1000:,.1f} km" if np.isfinite(away[i]) else "far"
            reason = Said(
                f"在{name}外 {far}" if far != "far" else f"在{name}外很远",
                f"the place (lon {lon[i]:.6f}, lat {lat[i]:.6f}) lies {far} outside {name}",
            )
            places.complain(i, lon_column, reason)
    return x, y, unit


def _distance(townships: Townships, x: Floats, y: Floats) -> Floats:
    """Metres to the city, 0 inside it, infinite where there is no place."""
    distance = np.full(len(x), np.inf)
    known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    shapely.prepare(townships.city)
    outside = known[~shapely.contains_xy(townships.city, x[known], y[known])]
    distance[known] = 0.0
    distance[outside] = shapely.distance(townships.city, shapely.points(x[outside], y[outside]))
    return distance


def _notes(places: _List, used: set[str], unit: Int32s, called: Said) -> list[Said]:
    count, skipped = len(unit), int(places.bad.sum())
    notes = [
        Said(
            f"人口取自名单{places.file}（{count}处），坐标按WGS84使用；高德、百度坐标须先转换。",
            f"People are those of the list {places.file} ({count} places), whose coordinates are "
            f"taken as WGS84; those of AMap or Baidu must be converted first.",
        )
    ]
    if skipped:
        notes.append(
            Said(
                f"有{skipped}行有错，未计入。",
                f"Rows with errors that do not count: {skipped}.",
            )
        )
    if homeless := int((unit < 0).sum()):
        notes.append(
            Said(
                f"有{homeless}处在市域内但不属任何乡镇{called.zh}，只计入全市。",
                f"Places inside the city and in no township's {called.en}, which count for the "
                f"city only: {homeless}.",
            )
        )
    if _provenance(places) == "illustrative":
        notes.append(Said("人口为示例，虚构。", "The people are an example, made up."))
    ignored = [c for c in places.columns if c not in used and c not in {"name", "provenance"}]
    if ignored:
        listed = "、".join(ignored)
        notes.append(Said(f"未使用的列：{listed}。", f"Columns that were not used: {listed}."))
    return notes
