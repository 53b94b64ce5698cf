"""Where things lie: the shipped data, the cache, the limits that are not a plan's."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

PACKAGE_DIR = Path(__file__).parent
WGS84 = "EPSG:4326"
CHINA = (73.0, 3.0, 136.0, 54.0)  # west, south, east and north, in degrees


@cache
def data_dir() -> Path:
    """Folder of the shipped data.

    An installed wheel carries it inside the package; a checkout keeps it at
    the top level. `COVERAGE_DATA` overrides both.

    Raises:
        FileNotFoundError: If none of the places exists.
    """
    override = os.environ.get("COVERAGE_DATA")
    places = (
        [Path(override)] if override else [PACKAGE_DIR / "data", PACKAGE_DIR.parent.parent / "data"]
    )
    for place in places:
        if (place / "cities.csv").is_file():
            return place
    raise FileNotFoundError(f"the shipped data was not found in {' or '.join(map(str, places))}")


def cache_dir() -> Path:
    """Folder for built networks and downloads; `COVERAGE_CACHE` overrides the user's own."""
    override = os.environ.get("COVERAGE_CACHE")
    if override:
        return Path(override)
    from platformdirs import user_cache_path

    return user_cache_path("facility-coverage", appauthor=False)
