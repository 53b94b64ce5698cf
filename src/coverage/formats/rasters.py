"""Rasters: grids of people, heights, opened with a CRS and a reason where they cannot be."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.atomic import opened
from coverage.errors import InputError, Problem
from coverage.formats.safety import refuse
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FREE_CELLS = 1 << 26
_CELLS_A_BYTE = 100  # what compression makes of the emptiest real grid
_BLOCK_BYTES = 1 << 27
# Degrees or metres: a cell of less than a millionth of a millimetre, a place beyond the sun.
_LEAST_CELL, _FARTHEST = 1e-18, 1e12


@contextmanager
def geotiff(name: str, **options: str) -> Iterator[Any]:
    """A GeoTIFF and nothing else: no other format, nothing beside it, no address but its own.

    GDAL knows a file by its content and follows what it names: a "GeoTIFF" may be a list of
    addresses, and so may the overviews and masks beside a real one.

    Args:
        name: Path, or the ``/vsicurl/`` address of what is downloaded.
        options: Of GDAL, for this reading.

    Raises:
        RasterioError: If it cannot be read as one.
    """
    import rasterio

    alone: dict[str, Any] = {
        "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
        "GDAL_PAM_ENABLED": "NO",
        "CPL_VSIL_CURL_ALLOWED_FILENAME": name,
        "GDAL_CACHEMAX": 1 << 27,
        **options,
    }
    with rasterio.Env(**alone), rasterio.open(name, driver="GTiff") as raster:
        if raster.tags(ns="OVERVIEWS"):
            file = name.partition("?")[0].rpartition("/")[2]
            refuse(file, "栅格另指了别的文件", "the raster names another file to be read")
        yield raster


@contextmanager
def open_raster(path: Path, *, placed: bool = True) -> Iterator[Any]:
    """A raster, open for reading; what goes wrong inside the block is said as well.

    Args:
        path: A GeoTIFF.
        placed: Whether it must say its CRS.

    Raises:
        InputError: If the file is missing, cut short or no GeoTIFF, promises far more cells than
            it can hold, holds complex numbers, lies nowhere or flat, or does not say its CRS.
    """
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    with opened(path) as file:
        size = file.seek(0, 2)
    try:
        with _quiet(NotGeoreferencedWarning), geotiff(str(path.resolve())) as raster:
            _refuse_giants(raster, path.name, size)
            if placed and raster.crs is None:
                refuse(
                    path.name,
                    "栅格没有写明坐标系，请先写上（gdal_edit -a_srs）",
                    "the raster does not say its CRS: set it (gdal_edit -a_srs) and try again",
                )
            at = raster.transform
            sane = abs(at.determinant) > _LEAST_CELL and all(abs(n) < _FARTHEST for n in at[:6])
            if not sane or (placed and at.is_identity):
                said = "栅格没有写明位置", "the raster does not say where it lies"
                refuse(path.name, *said)
            yield raster
    except (RasterioError, OSError, MemoryError) as error:
        said = Said(
            "栅格读不了：文件不完整、已损坏，或不是 GeoTIFF",
            "the raster cannot be read as a GeoTIFF: it is cut short, damaged or something else",
        )
        raise InputError(Problem(said, path.name)) from error


@contextmanager
def _quiet(warning: type[Warning]) -> Iterator[None]:
    """A raster without a place is refused here or by who asked, with a sentence."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", warning)
        yield


def _refuse_giants(raster: Any, file: str, size: int) -> None:
    """Refuse what would take a machine's memory or a day, and cannot be data."""
    if any(kind.startswith("complex") for kind in raster.dtypes):
        refuse(file, "栅格的值是复数", "the cells hold complex numbers, which count nothing")
    cells = raster.width * raster.height * raster.count
    block = max(
        rows * columns * np.dtype(kind).itemsize
        for (rows, columns), kind in zip(raster.block_shapes, raster.dtypes, strict=True)
    )
    if cells > max(_FREE_CELLS, _CELLS_A_BYTE * size) or block > _BLOCK_BYTES:
        refuse(
            file,
            f"栅格自称有 {cells:,} 格，文件却只有 {size:,} 字节，拒绝读取",
            f"the raster claims {cells:,} cells in {size:,} bytes, or blocks too large to be read",
        )
