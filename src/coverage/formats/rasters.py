"""Rasters: grids of people, heights, opened with a CRS and a reason where they cannot be."""

from __future__ import annotations

import math
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from coverage.errors import InputError, Problem
from coverage.formats.safety import refuse
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def open_raster(path: Path) -> Iterator[Any]:
    """A raster, open for reading; what goes wrong inside the block is said as well.

    Raises:
        InputError: If the file is missing, cut short or no raster, or does not say its CRS.
    """
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    if not path.is_file():
        raise InputError(Problem(Said("文件不存在", "the file does not exist"), str(path)))
    try:
        with warnings.catch_warnings():
            # A raster without a place is refused below, with a sentence.
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path) as raster:
                if raster.crs is None:
                    said = Said(
                        "栅格没有写明坐标系，请先写上（gdal_edit -a_srs）",
                        "the raster does not say its CRS: set it (gdal_edit -a_srs) and try again",
                    )
                    raise InputError(Problem(said, path.name))
                if not all(map(math.isfinite, raster.transform)):
                    refuse(
                        path.name,
                        "栅格没有写明位置",
                        "the raster does not say where it lies",
                    )
                yield raster
    except (RasterioError, OSError, MemoryError) as error:
        said = Said(
            "栅格读不了：文件不完整、已损坏，或不是 GeoTIFF",
            "the raster cannot be read as a GeoTIFF: it is cut short, damaged or something else",
        )
        raise InputError(Problem(said, path.name)) from error
