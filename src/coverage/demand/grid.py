"""The part of a GeoTIFF that a city needs, checked and in memory."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj

from coverage.errors import InputError, MissingDependencyError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

Bounds = tuple[float, float, float, float]

_MOST_CELLS = 200_000_000


@dataclass(frozen=True, eq=False)
class Grid:
    """A window of a raster, north up.

    Attributes:
        file: Name of the file.
        crs: Its CRS.
        values: (rows, columns) float64 of the window, NaN where there is no data.
        west: Left edge of the window, units of the CRS.
        north: Upper edge.
        dx: Width of a cell.
        dy: Height of a cell.
        first_row: Row of the file in which the window begins, from 0.
        first_column: As `first_row`.
    """

    file: str
    crs: pyproj.CRS
    values: NDArray[np.float64]
    west: float
    north: float
    dx: float
    dy: float
    first_row: int
    first_column: int

    @property
    def extent(self) -> Bounds:
        """Left, lower, right and upper edge."""
        rows, columns = self.values.shape
        return (
            self.west,
            self.north - rows * self.dy,
            self.west + columns * self.dx,
            self.north,
        )

    def place(self, cell: int) -> tuple[int, int]:
        """Row and column in the file, from 1, of a cell of the window."""
        row, column = divmod(cell, self.values.shape[1])
        return self.first_row + row + 1, self.first_column + column + 1


def read_grid(path: Path, bounds_in: Callable[[pyproj.CRS], Bounds]) -> Grid:
    """The window of a raster that covers an area.

    Args:
        path: A GeoTIFF of one band.
        bounds_in: Gives the bounds of the area in the CRS of the raster.

    Raises:
        InputError: If the file is unreadable or cut short, has no CRS, several bands or a
            turned grid, or does not overlap the area.
        MissingDependencyError: If the extra ``raster`` is not installed.
    """
    try:
        import exactextract  # noqa: F401
        import rasterio
        from rasterio.errors import NotGeoreferencedWarning, RasterioError
    except ImportError as error:
        raise MissingDependencyError(
            "reading a grid needs rasterio and exactextract: install facility-coverage[raster]"
        ) from error
    if not path.is_file():
        raise InputError(Problem("the file does not exist", str(path)))
    try:
        with warnings.catch_warnings():
            # A grid without a place is refused below, with a sentence.
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path) as source:
                return _window(source, path.name, bounds_in)
    except (RasterioError, OSError, MemoryError) as error:
        reason = "the file cannot be read as a GeoTIFF: it is cut short, damaged or something else"
        raise InputError(Problem(reason, path.name)) from error


def _window(source: Any, file: str, bounds_in: Callable[[pyproj.CRS], Bounds]) -> Grid:
    from rasterio.windows import Window

    crs = _crs(source, file)
    to = source.transform
    if source.count != 1:
        reason = f"the file has {source.count} bands, expected one of people per cell"
        raise InputError(Problem(reason, file))
    if to.b or to.d or to.a <= 0 or to.e >= 0:
        reason = (
            "the grid is turned or upside down: write it north up (gdalwarp does) and try again"
        )
        raise InputError(Problem(reason, file))
    west, south, east, north = bounds_in(crs)
    if not all(map(math.isfinite, (west, south, east, north))):
        raise InputError(Problem("the CRS of the grid does not reach the city", file))
    column = max(math.floor((west - to.c) / to.a), 0)
    row = max(math.floor((north - to.f) / to.e), 0)
    columns = min(math.ceil((east - to.c) / to.a), source.width) - column
    rows = min(math.ceil((south - to.f) / to.e), source.height) - row
    if columns <= 0 or rows <= 0:
        left, low, right, high = source.bounds
        reason = (
            f"the grid does not overlap the city: it spans {left:g} to {right:g} east and "
            f"{low:g} to {high:g} north, the city {west:g} to {east:g} and {south:g} to {north:g}"
        )
        raise InputError(Problem(reason, file))
    if rows * columns > _MOST_CELLS:
        reason = f"the city would take {rows * columns:,} cells: use a coarser grid"
        raise InputError(Problem(reason, file))
    band = source.read(1, window=Window(column, row, columns, rows), masked=True)
    values = np.asarray(band.filled(0), np.float64)
    values[np.ma.getmaskarray(band)] = np.nan
    return Grid(
        file=file,
        crs=crs,
        values=values * source.scales[0] + source.offsets[0],
        west=to.c + column * to.a,
        north=to.f + row * to.e,
        dx=to.a,
        dy=-to.e,
        first_row=row,
        first_column=column,
    )


def _crs(source: Any, file: str) -> pyproj.CRS:
    """The CRS of a raster, by its code where it has one."""
    if source.crs is None:
        reason = "the grid does not say its CRS: set it (gdal_edit -a_srs) and try again"
        raise InputError(Problem(reason, file))
    try:
        code = source.crs.to_epsg()
        return pyproj.CRS.from_epsg(code) if code else pyproj.CRS.from_wkt(source.crs.to_wkt())
    except pyproj.exceptions.CRSError as error:
        raise InputError(Problem("the CRS of the grid is not known", file)) from error
