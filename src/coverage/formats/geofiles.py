"""Layers: GeoPackage, shapefiles with whatever is missing beside them.

Attributes become columns, a geometry becomes the two columns
``geometry/lon`` and ``geometry/lat``, or ``geometry/x`` and ``geometry/y``
where the CRS is projected or not stated and the numbers are no degrees. A
line or an area gives a point on it. Only files whose first bytes are those of
a shapefile or of SQLite are handed to GDAL, which follows links in others.
"""

from __future__ import annotations

import io
import math
import tempfile
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from coverage.errors import InputError, Problem
from coverage.formats.encodings import detect
from coverage.formats.grids import Grid, plain, trimmed
from coverage.formats.safety import open_archive, refuse
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.formats.grids import Cell
    from coverage.formats.safety import Limits, Meter

_BESIDE = (".shp", ".shx", ".dbf", ".prj", ".cpg", ".qpj")


def point_on(geometry: Any) -> tuple[float, float] | None:
    """A point on a geometry."""
    if geometry is None or geometry.is_empty:
        return None
    if geometry.geom_type == "MultiPoint" and len(geometry.geoms) == 1:
        point = geometry.geoms[0]
    else:
        point = geometry if geometry.geom_type == "Point" else geometry.representative_point()
    if point.is_empty or not (math.isfinite(point.x) and math.isfinite(point.y)):
        return None
    return float(point.x), float(point.y)


def name_geometry(
    grid: Grid, points: Sequence[tuple[float, float] | None], crs: str | None
) -> None:
    """Name the two columns that were added, by the CRS or else by the numbers."""
    first = len(grid.columns or ())
    known = [p for p in points if p]
    degrees = all(abs(x) <= 180 and abs(y) <= 90 for x, y in known)
    if crs and not _is_geographic(crs):
        degrees = False
    if crs is None and known:
        grid.notes.append("没有坐标系说明（缺 .prj） · the coordinate system is not stated")
    elif crs and not degrees and _is_geographic(crs):
        grid.notes.append(
            f"坐标不是度，与声明的 {crs} 不符 · the numbers are no degrees, against the stated CRS"
        )
    axes = ("lon", "lat") if degrees else ("x", "y")
    grid.columns = (*(grid.columns or ()), *(f"geometry/{axis}" for axis in axes))
    grid.geometry = (first, first + 1)
    grid.crs = crs


def _is_geographic(crs: str) -> bool:
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        return bool(CRS.from_user_input(crs).is_geographic)
    except CRSError:
        return False


def read_gpkg(path: Path, file: str, limits: Limits, meter: Meter) -> list[Grid]:
    """Every layer of a GeoPackage, tables without geometry included.

    Raises:
        InputError: If it is damaged or too large.
    """
    import warnings

    import pyogrio

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd application id and the like
            layers = pyogrio.list_layers(path)
    except Exception as error:  # GDAL's errors are many and not one family
        raise _unreadable(file, error) from error
    if not len(layers):
        refuse(file, "数据库里没有图层", "the GeoPackage has no layer")
    return [_layer(path, file, limits, meter, layer=str(name)) for name, _ in layers]


def _unreadable(file: str, error: Exception) -> InputError:
    return InputError(
        Problem(Said("图层读不出来", f"the layer cannot be read ({type(error).__name__})"), file)
    )


def _layer(
    path: Path,
    file: str,
    limits: Limits,
    meter: Meter,
    *,
    layer: str | None = None,
    latin: bool = False,
) -> Grid:
    """One layer through GDAL; `latin` reads the bytes of a shapefile as Latin-1, losing none."""
    import warnings

    import pyogrio
    import shapely

    meter.sheet()
    options: dict[str, Any] = {"layer": layer, "encoding": "ISO-8859-1" if latin else None}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # rings in the wrong order and the like
            information = pyogrio.read_info(path, **options, force_feature_count=True)
            meter.rows(int(information["features"]))
            meta, _, shapes, values = pyogrio.raw.read(
                path, **options, max_features=limits.rows + 1, datetime_as_string=True
            )
            geometries = (
                shapely.from_wkb(shapes, on_invalid="ignore") if shapes is not None else None
            )
    except InputError:
        raise
    except Exception as error:  # GDAL's errors are many and not one family
        raise _unreadable(file, error) from error
    count = len(values[0]) if values else len(geometries if geometries is not None else ())
    columns = [
        _column(array, str(kind)) for array, kind in zip(values, meta["dtypes"], strict=True)
    ]
    points = [point_on(g) for g in geometries] if geometries is not None else []
    rows: list[tuple[int, list[Cell]]] = []
    for i in range(count):
        cells = [column[i] for column in columns]
        point = points[i] if points else None
        cells += list(point) if point else []
        trimmed(cells)
        meter.row(len(cells))
        rows.append((i + 1, cells))
    grid = Grid(layer or "", rows, columns=tuple(str(name) for name in meta["fields"]))
    if geometries is not None:
        name_geometry(grid, points, meta["crs"])
        odd = sum(1 for g in geometries if g is None or g.geom_type != "Point")
        if odd:
            grid.notes.append(f"{odd} 个要素不是点 · features that are no points")
    return grid


def _column(array: Any, kind: str) -> list[Cell]:
    """Values of an attribute; whole numbers that GDAL made floats for want of a null return."""
    cells = [_geo_cell(v) for v in array.tolist()]
    if kind.startswith("int"):
        return [int(c) if isinstance(c, float) else c for c in cells]
    return cells


def _geo_cell(value: object) -> Cell:
    if value is None or value == "":
        return None
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, (bytes, bytearray)):
        return f"({len(value)} bytes)"
    if isinstance(value, (datetime, date)):
        return plain(value)
    return plain(value)


def read_shapefile(path: Path, limits: Limits, meter: Meter, encoding: str | None = None) -> Grid:
    """A shapefile beside its ``.dbf``; a missing or wrong ``.cpg`` is made good by detection.

    Raises:
        InputError: If it or its ``.dbf`` is damaged, or it is too large.
    """
    table = next((p for p in _beside(path) if p.suffix.lower() == ".dbf"), None)
    size = sum(p.stat().st_size for p in _beside(path))
    if size > limits.file_bytes:
        refuse(path.name, "文件太大", "the shapefile is too large")
    index = any(p.suffix.lower() == ".shx" for p in _beside(path))
    with tempfile.TemporaryDirectory() as folder:
        # GDAL looks beside the file: it gets copies of what belongs to it and nothing else.
        goal = Path(folder) / "layer.shp"
        for part in _beside(path):
            if part.suffix.lower() != ".cpg":
                goal.with_suffix(part.suffix.lower()).write_bytes(part.read_bytes())
        if not index:
            grid = _without_index(goal, path.name, limits, meter)
        else:
            grid = _layer(goal, path.name, limits, meter, latin=True)
    if table is None:
        grid.notes.append("缺 .dbf，没有属性 · the .dbf is missing: there are no attributes")
    said = next((p for p in _beside(path) if p.suffix.lower() == ".cpg"), None)
    _decode_table(grid, said, encoding)
    return grid


def _without_index(goal: Path, file: str, limits: Limits, meter: Meter) -> Grid:
    import pyogrio

    pyogrio.set_gdal_config_options({"SHAPE_RESTORE_SHX": "YES"})
    try:
        grid = _layer(goal, file, limits, meter, latin=True)
    finally:
        pyogrio.set_gdal_config_options({"SHAPE_RESTORE_SHX": None})
    grid.notes.append("缺 .shx，已重建 · the .shx is missing and was rebuilt")
    return grid


def _beside(path: Path) -> list[Path]:
    """The parts of a shapefile, whatever the case of their endings."""
    return sorted(
        p
        for p in path.parent.iterdir()
        if p.stem.lower() == path.stem.lower() and p.suffix.lower() in _BESIDE and p.is_file()
    )


def _decode_table(grid: Grid, said: Path | None, encoding: str | None) -> None:
    """Turn the Latin-1 reading of a ``.dbf`` back into bytes, and those into text."""
    names = list(grid.columns or ())
    texts = [c for _, cells in grid.rows for c in cells if isinstance(c, str)]
    raw = "\n".join([*names, *texts]).encode("latin-1", errors="replace")
    stated = encoding or _codepage(said)
    if stated:
        try:
            raw.decode(stated)
            how = f"{stated} (.cpg)" if not encoding else f"{stated} (as stated)"
        except (LookupError, UnicodeDecodeError):
            grid.notes.append(f"文字不是 .cpg 所说的 {stated} · the text is not what .cpg says")
            stated = None
    if not stated:
        found = detect(raw)
        stated = found.name if found else "latin-1"
        how = str(found) if found else "latin-1 (0.10, nothing fits)"
        if not found or found.confidence < 0.75:
            grid.notes.append(f"属性编码判断为 {how}，请核对 · check the text")

    def text(latin: str) -> str:
        return latin.encode("latin-1", errors="replace").decode(stated, errors="replace")

    grid.columns = tuple(text(name) for name in names)
    for _, cells in grid.rows:
        for index, cell in enumerate(cells):
            if isinstance(cell, str):
                cells[index] = text(cell)
    grid.encoding = how


def _codepage(path: Path | None) -> str | None:
    """Python's name for what a ``.cpg`` says: UTF-8, GBK, 936, CP936, ANSI 936."""
    if path is None:
        return None
    said = path.read_bytes()[:64].decode("ascii", errors="ignore").strip().lower()
    for number, name in (("936", "gb18030"), ("gb", "gb18030"), ("950", "big5"), ("big5", "big5")):
        if number in said:
            return name
    return said or None


def read_zip(raw: bytes, file: str, limits: Limits, meter: Meter) -> list[Grid]:
    """The shapefiles of a zip archive, unpacked flat into a folder that is then removed.

    Raises:
        InputError: If it holds no shapefile, or is refused for safety.
    """
    with (
        open_archive(io.BytesIO(raw), file, limits) as archive,
        tempfile.TemporaryDirectory() as folder,
    ):
        paths = []
        for number, entry in enumerate(archive.infolist()):
            inner = PurePosixPath(entry.filename.replace("\\", "/"))
            if inner.suffix.lower() not in _BESIDE or "__MACOSX" in inner.parts:
                continue
            group = Path(folder) / f"{_group(archive.namelist(), inner)}"
            group.mkdir(exist_ok=True)
            goal = group / f"layer{inner.suffix.lower()}"
            try:
                goal.write_bytes(archive.read(entry))
            except Exception as error:  # zipfile raises struct, zlib, zip and runtime errors
                raise _unreadable(file, error) from error
            if inner.suffix.lower() == ".shp":
                paths.append((number, goal, inner.stem))
        if not paths:
            refuse(
                file,
                "压缩包里没有 shapefile，请先解压再导入",
                "the archive holds no shapefile: unpack it and import what is inside",
            )
        grids = []
        for _, goal, stem in paths:
            grid = read_shapefile(goal, limits, meter)
            grid.name = stem
            grids.append(grid)
        return grids


def _group(names: Sequence[str], inner: PurePosixPath) -> int:
    """Number of the shapefile that an entry belongs to."""
    stems = sorted(
        {
            str(PurePosixPath(n.replace("\\", "/")).with_suffix("")).lower()
            for n in names
            if n.strip("/")
        }
    )
    return stems.index(str(inner.with_suffix("")).lower())
