"""The people of a city from WorldPop's grid of China, without the rest of China.

The grid is one GeoTIFF of some 900 MB. Where the server answers ranges, only
the rows that the city lies in are read; where it does not, the whole file is
taken if it is small enough, and refused with the reason if it is not.
"""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coverage.atomic import replacing
from coverage.download import http
from coverage.errors import InputError, NetworkUnreachableError
from coverage.formats.rasters import geotiff
from coverage.messages import Said

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from coverage.demand.raster import Bounds
    from coverage.download.http import Server

LICENCE = "CC BY 4.0"
ATTRIBUTION = "WorldPop (www.worldpop.org), University of Southampton"
YEARS = (2015, 2030)
_URL = (
    "https://data.worldpop.org/GIS/Population/Global_2015_2030/R2025A/{year}/CHN/v1/100m/"
    "constrained/chn_pop_{year}_CN_100m_R2025A_v1.tif"
)
MOST_MB = 300
_MIB = 1 << 20
_MOST_CELLS = 100_000_000
_MARGIN_DEGREES = 0.01
_BY_HAND = Said(
    "可先在浏览器中下载，再运行 coverage import population",
    "download it in a browser and run 'coverage import population'",
)


def default_url(year: int) -> str:
    """Address of the constrained 100 m grid of China for a year.

    Raises:
        InputError: If WorldPop has none for the year.
    """
    if not YEARS[0] <= year <= YEARS[1]:
        raise InputError(
            Said(f"WorldPop 有 {YEARS[0]} 至 {YEARS[1]} 年", f"there is no grid for {year}")
        )
    return _URL.format(year=year)


def read_window(
    url: str, area: BaseGeometry, server: Server, *, most_mb: float = MOST_MB
) -> tuple[Any, dict[str, Any]]:
    """The part of a remote grid that covers an area, as values and their profile.

    Args:
        url: Address of a GeoTIFF of people per cell.
        area: Polygon in lon, lat.
        server: How to ask.
        most_mb: Most that may be downloaded.

    Raises:
        NetworkUnreachableError: If there is no way to the server, or it refuses, stays busy
            or breaks off.
        InputError: If more than `most_mb` would be downloaded, or the file is no grid of the city.
    """
    timeout_s, retries = server.timeout_s, server.retries
    ranges, size = _probe(url, timeout_s, retries)
    if ranges:
        return _cut(f"/vsicurl/{url}", http.named(url), area, size, most_mb, **_manners(server))
    if size is None or size > most_mb * _MIB:
        zh, en = ("大小不明", "of unknown size") if size is None else (_mib(size), _mib(size))
        raise InputError(
            Said(
                f"服务器不支持分段读取，整个文件{zh}，超过上限{_mib(most_mb * _MIB)}，未下载。"
                f"{_BY_HAND.zh}",
                f"the server answers no ranges and the file ({en}) is larger than {most_mb:g} "
                f"MiB. {_BY_HAND.en}",
            )
        )
    with tempfile.TemporaryDirectory() as place:
        whole = Path(place) / "whole.tif"
        http.download(url, whole, size=size, timeout_s=timeout_s, retries=retries)
        return _cut(str(whole), http.named(url), area, size, most_mb)


def _mib(size: float) -> str:
    return f" {size / _MIB:,.4g} MiB"


def _probe(url: str, timeout_s: float, retries: int) -> tuple[bool, int | None]:
    """Whether the server answers ranges, and the size of the file if it says so."""
    head = {"Range": "bytes=0-15"}
    with http.get(url, timeout_s=timeout_s, retries=retries, headers=head) as answer:
        stated = answer.headers.get("Content-Range", "")
        if answer.status_code == 206 and "/" in stated:
            return True, _size(stated.rpartition("/")[2])
        return False, _size(answer.headers.get("Content-Length", ""))


def _size(text: str) -> int | None:
    """A number of bytes; `None` of what is none, or of more than any file has."""
    return int(text) if text.isdecimal() and len(text) < 20 else None


def _manners(server: Server) -> dict[str, str]:
    """GDAL's manners on the network, for one reading."""
    patience = str(max(1, round(server.timeout_s)))
    return {
        "GDAL_HTTP_TIMEOUT": patience,
        "GDAL_HTTP_CONNECTTIMEOUT": patience,
        "GDAL_HTTP_MAX_RETRY": str(server.retries),
        "GDAL_HTTP_RETRY_DELAY": "2",
        "GDAL_HTTP_MULTIRANGE": "YES",
        # What another run has seen of the file is not believed.
        "CPL_VSIL_CURL_NON_CACHED": "/vsicurl/",
    }


def _cut(
    name: str, url: str, area: BaseGeometry, size: int | None, most_mb: float, **manners: str
) -> tuple[Any, dict[str, Any]]:
    """The window of the area: its values, and what they are written with."""
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    try:
        with warnings.catch_warnings():
            # A raster whose place did not arrive is as good as none.
            warnings.simplefilter("error", NotGeoreferencedWarning)
            with geotiff(name, **manners) as source:
                column, row, columns, rows = _extent(source, area.bounds, url)
                share = _share_to_read(source, rows, columns)
                if size is not None and share * size > most_mb * _MIB:
                    raise InputError(
                        Said(
                            f"要读取约{_mib(share * size)}，超过上限{_mib(most_mb * _MIB)}。"
                            f"{_BY_HAND.zh}",
                            f"more than {most_mb:g} MiB would be read. {_BY_HAND.en}",
                        )
                    )
                window = rasterio.windows.Window(column, row, columns, rows)
                # Affine deprecates the sign that rasterio moves a transform by.
                to = source.transform
                moved = (to.a, to.b, to.c + column * to.a, to.d, to.e, to.f + row * to.e)
                profile = {
                    "driver": "GTiff",
                    "count": 1,
                    "width": columns,
                    "height": rows,
                    "dtype": source.dtypes[0],
                    "crs": source.crs,
                    "transform": type(to)(*moved),
                    "nodata": source.nodata,
                    "compress": "deflate",
                    "tiled": True,
                }
                return source.read(1, window=window), profile
    except (RasterioError, NotGeoreferencedWarning, OSError, MemoryError) as error:
        raise NetworkUnreachableError(
            Said(
                f"{url} 读取失败：文件不是 GeoTIFF，或传输中断",
                f"{url}: it is no GeoTIFF, or the transfer broke off",
            )
        ) from error


def _extent(source: Any, bounds: Bounds, url: str) -> tuple[int, int, int, int]:
    """Column, row, columns and rows of the bounds, with a margin."""
    import math

    to = source.transform
    if source.count != 1 or source.crs is None or not source.crs.is_geographic or to.b or to.d:
        raise InputError(
            Said(
                f"{url} 不是经纬度单波段人口栅格",
                f"{url}: not a grid of one band in degrees, north up",
            )
        )
    west, south, east, north = bounds
    column = max(math.floor((west - _MARGIN_DEGREES - to.c) / to.a), 0)
    row = max(math.floor((north + _MARGIN_DEGREES - to.f) / to.e), 0)
    columns = min(math.ceil((east + _MARGIN_DEGREES - to.c) / to.a), source.width) - column
    rows = min(math.ceil((south - _MARGIN_DEGREES - to.f) / to.e), source.height) - row
    if columns <= 0 or rows <= 0:
        raise InputError(Said(f"{url} 不包括本市", f"{url}: the grid does not reach the city"))
    if rows * columns > _MOST_CELLS:
        raise InputError(
            Said(f"{url} 的格子太细", f"{url}: the city would take {rows * columns:,} cells")
        )
    return column, row, columns, rows


def _share_to_read(source: Any, rows: int, columns: int) -> float:
    """Share of the file that holds the window: whole blocks are read, and blocks may be rows."""
    height, width = source.block_shapes[0]
    tall = min(source.height, rows + 2 * height)
    wide = min(source.width, columns + 2 * width)
    return float(tall * wide / (source.height * source.width))


def people_in(values: Any, profile: dict[str, Any], area: BaseGeometry, url: str) -> float:
    """People in the cells whose middle lies in the area.

    Raises:
        InputError: If there are none.
    """
    import numpy as np
    import shapely

    to = profile["transform"]
    rows, columns = values.shape
    x = to.c + (np.arange(columns) + 0.5) * to.a
    y = to.f + (np.arange(rows) + 0.5) * to.e
    shapely.prepare(area)
    people = 0.0
    for row, north in zip(values, y, strict=True):
        good = np.isfinite(row) & (row > 0)
        if profile["nodata"] is not None:
            good &= row != profile["nodata"]
        inside = shapely.contains_xy(area, x[good], np.full(int(good.sum()), north))
        people += float(row[good][inside].sum(dtype=np.float64))
    if people <= 0:
        raise InputError(Said(f"{url} 在本市没有人口", f"{url}: the grid has nobody in the city"))
    return people


def write(values: Any, profile: dict[str, Any], goal: Path) -> None:
    """Write a window as a GeoTIFF, whole or not at all.

    Raises:
        InputError: If the file cannot be written.
    """
    import rasterio

    with replacing(goal) as half:
        try:
            with rasterio.open(half, "w", **profile) as out:
                out.write(values, 1)
        except rasterio.errors.RasterioError as error:
            raise OSError(str(error)) from error
