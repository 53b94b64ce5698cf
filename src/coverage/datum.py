"""Coordinates: which projected plane a place is measured on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from coverage.errors import InputError
from coverage.settings import WGS84

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import ArrayLike, NDArray

    Floats: TypeAlias = NDArray[np.float64]


def utm_crs(lon: float, lat: float) -> str:
    """Name of the UTM zone a place lies in, such as ``EPSG:32649``.

    Args:
        lon: Degrees east, WGS84.
        lat: Degrees north, WGS84; south of the equator gives ``EPSG:327xx``.

    Raises:
        InputError: If the place is not on the globe, or is nearer to a pole
            than UTM reaches (84° N, 80° S).
    """
    if not (math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and -80 <= lat <= 84):
        raise InputError(f"no UTM zone holds lon {lon}, lat {lat}: expected degrees, lon first")
    zone = min(int((lon + 180) // 6) + 1, 60)
    return f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"


def project(lon: ArrayLike, lat: ArrayLike, crs: str) -> tuple[Floats, Floats]:
    """Degrees (EPSG:4326, lon first) to metres of a projected CRS."""
    return _transform(WGS84, crs, lon, lat)


def unproject(x: ArrayLike, y: ArrayLike, crs: str) -> tuple[Floats, Floats]:
    """Metres of a projected CRS to degrees (EPSG:4326, lon first)."""
    return _transform(crs, WGS84, x, y)


def _transform(source: str, goal: str, a: ArrayLike, b: ArrayLike) -> tuple[Floats, Floats]:
    from pyproj import Transformer

    moved = Transformer.from_crs(source, goal, always_xy=True).transform(
        np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    )
    return np.asarray(moved[0], dtype=np.float64), np.asarray(moved[1], dtype=np.float64)
