"""Which datum the degrees of a sheet are in, by everything that a city's sources know.

The seats of the townships that rows state always speak. A planner's own
streets, official township polygons and facilities already placed speak where a
workspace has them. What ships (main roads rounded to 100 m, cells around the
seats) says little of places away from a road and is not asked.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.demand.townships import qualities, read_polygons
from coverage.errors import CoverageError
from coverage.places.detect import KNOWN_PLACES, Anchors, detect_datum, seat_anchors
from coverage.roads.sources import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from coverage.city import City
    from coverage.facilities import Facility
    from coverage.places.detect import Detection
    from coverage.roads.network import RoadNetwork

    Floats = NDArray[np.float64]
    Grounds = tuple[NDArray[np.int64], Sequence[Any]]


def detected(
    lon: Floats,
    lat: Floats,
    *,
    codes: Sequence[str],
    names: Sequence[str],
    headings: Sequence[str],
    city: City,
) -> Detection:
    """Say which datum the degrees of rows are in, how sure that is, and why.

    A source that cannot be read is left out here: an import must not fail for the evidence.

    Args:
        lon: (n,) degrees as the sheet gives them.
        lat: As `lon`.
        codes: (n,) code of each row's unit, empty where it states none.
        names: (n,) what each row calls its facility, empty where it has no name.
        headings: Headings of the columns, and other words about the places.
        city: Whose sources are asked.
    """
    anchors = [*seat_anchors(codes, city.units), *_known_places(names, codes, city)]
    return detect_datum(
        lon,
        lat,
        names=headings,
        anchors=anchors,
        roads=_streets(city),
        grounds=_grounds(codes, city),
    )


def _streets(city: City) -> RoadNetwork | None:
    if city.origin("roads") != "own":
        return None
    try:
        return load(city.roads)
    except (CoverageError, OSError):
        return None


def _grounds(codes: Sequence[str], city: City) -> Grounds | None:
    """Rows and the official polygons of the townships they state."""
    path = city.find("townships") if city.origin("townships") == "own" else None
    if path is None:
        return None
    try:
        known, shapes = read_polygons(path)
        quality = qualities(path)
    except (CoverageError, OSError):
        return None
    at = {code: n for n, code in enumerate(known) if quality[code] != "approximate"}
    rows = [n for n, code in enumerate(codes) if code[:9] in at]
    if not rows:
        return None
    return np.array(rows, dtype=np.int64), [shapes[at[codes[n][:9]]] for n in rows]


def _known_places(names: Sequence[str], codes: Sequence[str], city: City) -> list[Anchors]:
    """Facilities of the planner's own register, by names that one alone bears in the county."""
    if city.origin("facilities") != "own" or not any(names):
        return []
    try:
        facilities = city.register.facilities
    except (CoverageError, OSError):
        return []
    known: dict[str, list[Facility]] = defaultdict(list)
    for facility in facilities:
        if facility.placed and facility.provenance != "illustrative":
            known[facility.name].append(facility)
    found = [
        (row, known[name][0])
        for row, (name, code) in enumerate(zip(names, codes, strict=True))
        if len(known.get(name, ())) == 1 and known[name][0].unit_code.startswith(code[:6])
    ]
    if not found:
        return []
    return [
        Anchors(
            np.array([row for row, _ in found], dtype=np.int64),
            np.array([place.lon for _, place in found], dtype=np.float64),
            np.array([place.lat for _, place in found], dtype=np.float64),
            np.arange(len(found), dtype=np.int64),
            KNOWN_PLACES,
        )
    ]
