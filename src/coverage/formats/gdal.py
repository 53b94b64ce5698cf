"""Layers through GDAL: GeoPackage, FlatGeobuf, shapefiles.

GDAL follows links in some formats, so it is given only what begins as the format should, and as
a copy in a folder of its own.
"""

from __future__ import annotations

import math
import struct
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
import shapely.geometry

from coverage.errors import InputError, Problem
from coverage.formats.databases import open_database
from coverage.formats.features import BROKEN, Features, without_degenerate
from coverage.formats.grids import Cell, plain
from coverage.formats.safety import Meter, alone, refuse
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def read_gpkg(raw: bytes, file: str, meter: Meter, layer: str | None = None) -> list[Features]:
    """Every layer of a GeoPackage, tables without geometry included, or the one that is named.

    Raises:
        InputError: If it is damaged or too large, or has no such layer.
    """
    import pyogrio

    # The right ending: GDAL opens it as nothing else and leaves no lock beside the user's file.
    with alone(raw, ".gpkg") as copy:
        with _gdal(copy, file), open_database(copy, file):
            names = [str(name) for name, _ in pyogrio.list_layers(copy)]
        meter.sheets(len(names))
        if not names:
            refuse(file, "数据库里没有图层", "the GeoPackage has no layer")
        if layer is not None and layer not in names:
            listed = "、".join(names)
            refuse(
                file,
                f"没有图层 {layer!r}，有：{listed}",
                f"the file has no layer {layer!r}, but {listed}",
            )
        return [read_one(copy, file, meter, name) for name in names if layer in {None, name}]


@contextmanager
def _gdal(path: Path, file: str) -> Iterator[None]:
    """GDAL's remarks on files of other programs ignored, its many errors as one sentence."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except InputError:
        raise
    except Exception as error:  # GDAL's errors are many and not one family
        kind = {".gpkg": "GeoPackage", ".shp": "shapefile"}.get(path.suffix, "layer")
        raise unreadable(file, error, kind) from error


def unreadable(file: str, error: Exception, kind: str) -> InputError:
    """The one sentence for whatever a library says of a damaged file."""
    said = Said(
        "图层读不出来或已损坏",
        f"the file cannot be read as a {kind}, or is damaged ({type(error).__name__})",
    )
    return InputError(Problem(said, file))


def read_one(
    path: Path, file: str, meter: Meter, layer: str | None = None, *, latin: bool = False
) -> Features:
    """One layer; `latin` reads the bytes of a shapefile as Latin-1, losing none."""
    import pyogrio

    meter.sheet()
    options: dict[str, Any] = {"layer": layer, "encoding": "ISO-8859-1" if latin else None}
    with _gdal(path, file):
        meta, ids, wkb, values = pyogrio.raw.read(
            path,
            **options,
            max_features=meter.limits.rows + 1,
            datetime_as_string=True,
            return_fids=True,
        )
        shapes = None if wkb is None else shapely.from_wkb(wkb, on_invalid="ignore")
    meter.table(len(ids), len(values))
    columns = {
        str(name): _column(array, str(kind))
        for name, array, kind in zip(meta["fields"], values, meta["dtypes"], strict=True)
    }
    made = Features(file, layer or "", columns, None, range(1, len(ids) + 1), meta["crs"])
    if shapes is not None:
        made.shapes = np.asarray(shapely.force_2d(shapes), np.object_)
        broken = shapely.is_missing(made.shapes) & np.array([one is not None for one in wkb], bool)
        for i in np.flatnonzero(broken).tolist():
            made.shapes[i] = _mended(wkb[i], i + 1, made.notes)
            if made.shapes[i] is None:
                made.bad[i] = BROKEN
    # What a GeoPackage does not know GDAL calls 'Undefined Cartesian SRS' and the like.
    words = ("undefined", "unknown", "engcrs", "local_cs")
    if made.crs and (made.crs.lower().startswith(words) or "Undefined " in made.crs[:40]):
        made.crs = None
    return made


def _mended(wkb: bytes, number: int, notes: list[Said]) -> Any:
    """A polygon that shapely does not read, without its rings of too few corners; else `None`."""
    said: list[Said] = []
    try:
        geometry = without_degenerate(_polygons(memoryview(wkb))[0], number, said)
        made = shapely.geometry.shape(geometry) if said else None
    except (struct.error, ValueError, LookupError, shapely.errors.ShapelyError):
        return None
    notes += said
    return made


def _polygons(wkb: memoryview) -> tuple[dict[str, Any], int]:
    """Polygons of well-known binary as GeoJSON has them, in the plane; and their bytes.

    Raises:
        ValueError: If they are something else.
    """
    order = "<" if wkb[0] else ">"
    kind, count = struct.unpack_from(f"{order}II", wkb, 1)
    heights = kind >> 31  # of GDAL's own dialect; in ISO's 1 height, 2 measure, 3 both
    more, kind = divmod(kind & 0xFFFF, 1000)
    if kind not in {3, 6}:
        raise ValueError(kind)
    axes = 2 + (heights or more > 0) + (more == 3)
    at, parts = 9, []
    for _ in range(count):
        if kind == 6:
            part, size = _polygons(wkb[at:])
            parts.append(part["coordinates"])
            at += size
            continue
        (corners,) = struct.unpack_from(f"{order}I", wkb, at)
        numbers = struct.unpack_from(f"{order}{corners * axes}d", wkb, at + 4)
        parts.append([numbers[i : i + 2] for i in range(0, len(numbers), axes)])
        at += 4 + 8 * len(numbers)
    return {"type": "MultiPolygon" if kind == 6 else "Polygon", "coordinates": parts}, at


def _column(array: Any, kind: str) -> list[Cell]:
    """Values of an attribute; whole numbers that GDAL made floats for want of a null return."""
    cells = [_gdal_cell(value) for value in array.tolist()]
    if kind.startswith("int"):
        return [int(c) if isinstance(c, float) else c for c in cells]
    return cells


def _gdal_cell(value: object) -> Cell:
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, bytes | bytearray):
        return f"({len(value)} bytes)"
    return plain(value)
