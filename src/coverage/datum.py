"""Coordinates: which projected plane a place is measured on."""

from __future__ import annotations

import math

from coverage.errors import InputError


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
