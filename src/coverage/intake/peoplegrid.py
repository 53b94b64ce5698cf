"""A raster of people into a workspace: copied as it is, turned north up if it must be.

A raster is not brought into another CRS: what uses it asks for its own plane,
so that no person is lost on the way. Only a grid that is upside down or
turned is written anew, and its sum is kept.
"""

from __future__ import annotations

import math
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj

from coverage.errors import InputError, Problem
from coverage.formats.rasters import open_raster
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

TOLERANCE = 1e-9
_SPLIT = 8
_MOST_CELLS = 50_000_000


@dataclass
class Prepared:
    """A raster fit for the workspace.

    Attributes:
        path: The file to copy.
        before: People in the user's file.
        after: People in this one.
        said: What was done to it.
        cells: Cells of the user's file: with a number, and ``blank`` without one.
    """

    path: Path
    before: float
    after: float
    said: list[Said] = field(default_factory=list)
    cells: dict[str, int] = field(default_factory=dict)


@contextmanager
def prepared(path: Path, crs: str | None) -> Iterator[Prepared]:
    """The raster itself, or a copy that has the CRS stated and stands north up.

    Raises:
        InputError: If it cannot be read, its CRS is stated as one that no raster can have, or
            rewriting it would lose people.
    """
    wanted = _crs(path, crs) if crs else None
    with tempfile.TemporaryDirectory() as name:
        # A damaged grid may hold numbers that are none at all.
        with (
            open_raster(path, placed=wanted is None) as source,
            np.errstate(invalid="ignore", over="ignore"),
        ):
            done = _prepare(source, path, Path(name) / "people.tif", wanted)
        if not math.isfinite(done.before):
            reason = Said("各格加不出一个总数", "its cells add up to no number")
            raise InputError(Problem(reason, path.name))
        if abs(done.after - done.before) > TOLERANCE * max(abs(done.before), 1.0):
            reason = Said(
                f"改写会丢人口（{done.before} 变 {done.after}）", "rewriting would lose people"
            )
            raise InputError(Problem(reason, path.name))
        yield done


def _crs(path: Path, crs: str) -> pyproj.CRS:
    if crs.strip().lower().replace("-", "") in {"gcj02", "bd09"}:
        reason = Said(
            "栅格不能是 GCJ-02 或 BD-09", "a raster cannot be in GCJ-02 or BD-09: convert it"
        )
        raise InputError(Problem(reason, path.name, value=crs))
    try:
        return pyproj.CRS.from_user_input({"wgs84": "EPSG:4326"}.get(crs.lower(), crs))
    except pyproj.exceptions.CRSError as error:
        reason = Said("坐标系不认识", "the CRS is not known")
        raise InputError(Problem(reason, path.name, value=crs)) from error


def _prepare(source: Any, path: Path, goal: Path, wanted: pyproj.CRS | None) -> Prepared:
    to = source.transform
    turned = bool(to.b or to.d or to.a < 0 or to.e > 0)
    own = pyproj.CRS.from_wkt(source.crs.to_wkt()) if source.crs is not None else None
    stated = wanted is not None and (own is None or not own.equals(wanted))
    if source.count != 1 or not (turned or stated):
        # More bands are refused later.
        total, filled = _total(source) if source.count == 1 else (0.0, 0)
        return Prepared(path, total, total, cells=_counted(source, filled))
    _refuse_many(source.width * source.height, path.name)
    values = _values(source)
    before = float(np.nansum(values))
    counted = _counted(source, int(np.isfinite(values).sum()))
    said = []
    if stated and wanted is not None:
        said.append(Said(f"坐标系按 {wanted.name} 写入", f"the CRS {wanted.name} was written in"))
    if turned:
        values, to, how = _north_up(values, to, path.name)
        said.append(how)
    _write(goal, values, to, (wanted or own), source)
    return Prepared(goal, before, float(np.nansum(values)), said, counted)


def _refuse_many(cells: int, file: str) -> None:
    if cells > _MOST_CELLS:
        reason = Said("栅格太大，不能改写", "the grid is too large to be rewritten: use gdalwarp")
        raise InputError(Problem(reason, file))


def _counted(source: Any, filled: int) -> dict[str, int]:
    return {"accepted": filled, "blank": source.width * source.height - filled}


def _values(source: Any) -> NDArray[np.float64]:
    band = source.read(1, masked=True)
    values = np.asarray(band.filled(0), np.float64) * source.scales[0] + source.offsets[0]
    values[np.ma.getmaskarray(band)] = np.nan
    return np.asarray(values, np.float64)


def _total(source: Any) -> tuple[float, int]:
    """People of a raster and its cells with a number, block by block."""
    total, filled = 0.0, 0
    for _, window in source.block_windows(1):
        band = source.read(1, window=window, masked=True)
        cells = band.compressed().astype(np.float64) * source.scales[0] + source.offsets[0]
        total += float(np.nansum(cells))
        filled += int(np.isfinite(cells).sum())
    return total, filled


def _north_up(
    values: NDArray[np.float64], to: Any, file: str
) -> tuple[NDArray[np.float64], Any, Said]:
    """The same people on rows from north to south."""
    from rasterio.transform import Affine

    rows, columns = values.shape
    if not (to.b or to.d):
        west, north, dx, dy = to.c, to.f, to.a, to.e
        if dy > 0:
            values, north, dy = values[::-1], north + rows * dy, -dy
        if dx < 0:
            values, west, dx = values[:, ::-1], west + columns * dx, -dx
        said = Said("栅格上下（左右）颠倒，已翻正", "the grid was upside down and was turned")
        return np.ascontiguousarray(values), Affine(dx, 0.0, west, 0.0, dy, north), said
    said = Said(
        f"栅格是斜的，已按每格 {_SPLIT}×{_SPLIT} 份重新落格，总数不变",
        f"the grid was turned: its cells were dealt out in {_SPLIT} x {_SPLIT} parts, sum kept",
    )
    return *_dealt(values, to, file), said


def _dealt(values: NDArray[np.float64], to: Any, file: str) -> tuple[NDArray[np.float64], Any]:
    """Every cell's people in equal parts to the cells of an upright grid of the same size."""
    from rasterio.transform import Affine

    rows, columns = values.shape
    size = math.sqrt(abs(to.a * to.e - to.b * to.d))
    corners = [_at(to, *corner) for corner in ((0, 0), (columns, 0), (0, rows), (columns, rows))]
    west, north = min(x for x, _ in corners), max(y for _, y in corners)
    wide = math.ceil((max(x for x, _ in corners) - west) / size) + 1
    high = math.ceil((north - min(y for _, y in corners)) / size) + 1
    _refuse_many(wide * high, file)  # of a grid that is all but flat
    known = np.argwhere(np.isfinite(values))
    part = values[known[:, 0], known[:, 1]] / _SPLIT**2
    out, touched = np.zeros(wide * high), np.zeros(wide * high, bool)
    for i in range(_SPLIT):
        for j in range(_SPLIT):
            x, y = _at(to, known[:, 1] + (i + 0.5) / _SPLIT, known[:, 0] + (j + 0.5) / _SPLIT)
            column = np.clip(((x - west) / size).astype(int), 0, wide - 1)
            cell = np.clip(((north - y) / size).astype(int), 0, high - 1) * wide + column
            out += np.bincount(cell, part, minlength=out.size)
            touched[cell] = True
    out[~touched] = np.nan
    return out.reshape(high, wide), Affine(size, 0.0, west, 0.0, -size, north)


def _at(to: Any, column: Any, row: Any) -> tuple[Any, Any]:
    """Where a column and a row of a grid lie; the operators of affine change by version."""
    return to.a * column + to.b * row + to.c, to.d * column + to.e * row + to.f


def _write(
    goal: Path, values: NDArray[np.float64], to: Any, crs: pyproj.CRS | None, source: Any
) -> None:
    import rasterio

    profile = {
        "driver": "GTiff",
        "width": values.shape[1],
        "height": values.shape[0],
        "count": 1,
        "dtype": "float64",
        "nodata": math.nan,
        "transform": to,
        "compress": "deflate",
    }
    with rasterio.open(goal, "w", **profile) as out:
        out.crs = crs.to_wkt() if crs is not None else source.crs
        out.write(values, 1)
