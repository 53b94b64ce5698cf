"""Lists of places as they stand in a file, whatever its format: columns, degrees, complaints.

The three formats end in one `PlaceList`; what the numbers mean is for
`points` to say. pyogrio, which imports geopandas, is loaded for a
GeoPackage only.
"""

from __future__ import annotations

import json
import math
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.errors import InputError, Problem
from coverage.formats.tables import decode, read_table
from coverage.settings import WGS84

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

    def complain(self, i: int, column: str, reason: str) -> None:
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
                missing = "缺数字 · a number is missing"
                reason = missing if empty else "不是数字 · not a finite number"
                self.complain(i, column, reason)
            else:
                out[i] = value
        return out

    def ordered(self) -> list[Problem]:
        """The problems by row."""
        return sorted(self.problems, key=lambda problem: problem.row or 0)


def read_list(path: Path) -> PlaceList:
    """Read a list of places from a CSV table, a GeoJSON collection or a GeoPackage.

    Raises:
        InputError: If the file as a whole cannot be used.
    """
    suffix = path.suffix.lower()
    if suffix == ".csv":
        places = _read_csv(path)
    elif suffix in {".geojson", ".json"}:
        places = _read_geojson(path)
    elif suffix == ".gpkg":
        places = _read_geopackage(path)
    else:
        reason = "a list of places is a .csv, .geojson, .json or .gpkg file"
        raise InputError(Problem(reason, path.name))
    if not len(places.rows):
        raise InputError(Problem("the list has no row", path.name))
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


def _read_geojson(path: Path) -> PlaceList:
    try:
        content = json.loads(decode(path))
        features = content["features"]
        properties = [dict(feature.get("properties") or {}) for feature in features]
    except InputError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = "the file is not a GeoJSON collection of features"
        raise InputError(Problem(reason, path.name)) from error
    columns = tuple(dict.fromkeys(name for row in properties for name in row))
    places = PlaceList(
        file=path.name,
        columns=columns,
        rows=range(1, len(features) + 1),
        cells={name: [row.get(name) for row in properties] for name in columns},
    )
    # RFC 7946 knows WGS84 only; older files name another CRS at their top.
    crs = _geojson_crs(content["crs"], path.name) if "crs" in content else WGS84
    x, y = np.full(len(features), np.nan), np.full(len(features), np.nan)
    for i, feature in enumerate(features):
        geometry = feature.get("geometry")
        own = feature.get("crs", geometry.get("crs") if isinstance(geometry, dict) else None)
        if own is not None and own != content.get("crs"):
            places.complain(i, "geometry", "the feature has a CRS other than the file's")
            continue
        place = _json_place(geometry)
        if isinstance(place, str):
            places.complain(i, "geometry", place)
        else:
            x[i], y[i] = place
    _set_degrees(places, x, y, crs)
    return places


def _geojson_crs(member: Any, file: str) -> str:
    name = (member.get("properties") or {}).get("name") if isinstance(member, dict) else None
    if not isinstance(name, str) or not name.strip():
        raise InputError(Problem("the file does not say its CRS: 'crs' has no name", file))
    return name


def _json_place(geometry: Any) -> tuple[float, float] | str:
    """The place of a point, or what is wrong with it."""
    if not isinstance(geometry, dict):
        return "the feature has no place"
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind == "MultiPoint" and isinstance(coordinates, list) and len(coordinates) == 1:
        kind, coordinates = "Point", coordinates[0]
    if kind != "Point":
        return f"expected a point, and this is a {kind}"
    if not isinstance(coordinates, list) or len(coordinates) < 2:
        return "the point has no coordinates"
    x, y = _number(coordinates[0]), _number(coordinates[1])
    if x is None or y is None or isinstance(coordinates[0], str) or isinstance(coordinates[1], str):
        return "the coordinates are not finite numbers"
    return x, y


def _read_geopackage(path: Path) -> PlaceList:
    import pyogrio
    import pyogrio.raw
    import shapely

    try:
        with warnings.catch_warnings():
            # GDAL remarks on files of other programs; what is wrong is said below.
            warnings.simplefilter("ignore", RuntimeWarning)
            layers = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
            if len(layers) != 1:
                raise InputError(_layer_problem(path, layers))
            meta, _, geometry, columns = pyogrio.raw.read(path, layer=layers[0])
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        reason = f"the file cannot be read as a GeoPackage ({error})"
        raise InputError(Problem(reason, path.name)) from error
    names = tuple(str(name) for name in meta["fields"])
    places = PlaceList(
        file=path.name,
        columns=names,
        rows=range(1, len(geometry) + 1),
        cells={
            name: [None if _is_nan(cell) else cell for cell in column.tolist()]
            for name, column in zip(names, columns, strict=True)
        },
    )
    points = shapely.from_wkb(geometry)
    single = (shapely.get_type_id(points) == 4) & (shapely.get_num_geometries(points) == 1)
    points[single] = shapely.get_geometry(points[single], 0)
    for i in np.flatnonzero(shapely.is_missing(points) | shapely.is_empty(points)):
        places.complain(int(i), "geometry", "the feature has no place")
    is_point = shapely.get_type_id(points) == 0
    for i in np.flatnonzero(~is_point & ~places.bad):
        kind = points[i].geom_type
        places.complain(int(i), "geometry", f"expected a point, and this is a {kind}")
    x, y = np.full(len(points), np.nan), np.full(len(points), np.nan)
    usable = is_point & ~places.bad
    x[usable], y[usable] = shapely.get_x(points[usable]), shapely.get_y(points[usable])
    for i in np.flatnonzero(usable & ~(np.isfinite(x) & np.isfinite(y))):
        places.complain(int(i), "geometry", "the coordinates are not finite numbers")
    _set_degrees(places, x, y, meta["crs"])
    return places


def _layer_problem(path: Path, layers: list[str]) -> Problem:
    import pyogrio

    if not layers:
        return Problem("the file has no layer with places", path.name)
    crs = [pyogrio.read_info(path, layer=layer)["crs"] for layer in layers]
    listed = ", ".join(
        f"{layer} ({own or 'no CRS'})" for layer, own in zip(layers, crs, strict=True)
    )
    mixed = " of different CRSs" if len(set(crs)) > 1 else ""
    return Problem(f"the file has {len(layers)} layers{mixed}, expected one: {listed}", path.name)


def _is_nan(cell: object) -> bool:
    return isinstance(cell, float) and math.isnan(cell)


def _set_degrees(places: PlaceList, x: Floats, y: Floats, crs: str | None) -> None:
    """Set lon and lat from coordinates of `crs`.

    Raises:
        InputError: If the CRS is missing or unknown.
    """
    import pyproj

    try:
        known = pyproj.CRS.from_user_input(crs) if crs else None
    except pyproj.exceptions.CRSError as error:
        raise InputError(Problem(f"the CRS {crs!r} is not known", places.file)) from error
    # GDAL calls what a GeoPackage does not know 'Undefined Cartesian SRS' and the like.
    if known is None or known.name.lower().startswith(("undefined", "unknown engineering")):
        reason = "the file does not say its CRS: set it (WGS84 is EPSG:4326) and save again"
        raise InputError(Problem(reason, places.file))
    finite = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    transformer = pyproj.Transformer.from_crs(known, WGS84, always_xy=True)
    lon, lat = transformer.transform(x[finite], y[finite])
    for i in finite[~(np.isfinite(lon) & np.isfinite(lat))]:
        places.complain(int(i), "geometry", "the coordinates are outside the file's CRS")
    lon, lat = (np.where(np.isfinite(lon + lat), degrees, np.nan) for degrees in (lon, lat))
    places.lon[finite], places.lat[finite] = lon, lat
