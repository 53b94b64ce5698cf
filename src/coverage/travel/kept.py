"""Legs of a city's people, worked out once and kept in the cache for every later command.

Of a million cells they take longer than all else of a report. What they depend on is taken from
what is in memory, whatever file, graph or table it came from, so that an entry cannot be stale.
"""

from __future__ import annotations

import hashlib
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.atomic import file_digest
from coverage.formats.archives import Archive, Cache
from coverage.roads.store import reading
from coverage.travel.access import DEMAND, AccessLegs, Points, checked_xy, useful_legs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

    from coverage.arrays import Floats
    from coverage.travel.prepare import TravelNetwork


def _pack(legs: AccessLegs) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    return {}, {field.name: getattr(legs, field.name) for field in fields(legs)}


def _unpack(_: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> AccessLegs:
    return AccessLegs(**arrays)


# Every edit of the roads in a scenario leaves one, of a prefecture 40 MB.
CACHE = Cache("legs", Archive(b"FCLG", 1), _pack, _unpack, most=30)


def kept_points(tn: TravelNetwork, xy: ArrayLike) -> Points:
    """`Points.of` a travel network, their legs from the cache where they are there.

    Args:
        tn: The travel network.
        xy: (p, 2) metres.

    Raises:
        InputError: If a coordinate is not finite.
    """
    points = checked_xy(xy, DEMAND)
    legs = CACHE.get(_parts(tn, points), lambda: useful_legs(tn, points, source=False))
    return Points(tn, points, legs)


def _parts(tn: TravelNetwork, xy: Floats) -> dict[str, Any]:
    """All that the legs of points depend on, as plain JSON values."""
    import shapely

    streets, walls, ground = tn.segments, tn.walls, tn.ground
    arrays: list[NDArray[Any]] = [xy, tn.piece_a, tn.piece_b, tn.rank, tn.forward, tn.backward]
    columns = (getattr(streets, field.name) for field in fields(streets))
    arrays += [column for column in columns if isinstance(column, np.ndarray)]
    shapes = () if walls is None else (walls.shapes, walls.shut)
    return {
        "arrays": _digest(arrays),
        "walls": [_digest(shapely.to_wkb(some)) for some in shapes],
        "ground": ground and [file_digest(ground.path), ground.crs, ground.model],
        "profile": repr(tn.profile),
        "direction": tn.direction,
        "code": reading("coverage.travel"),
    }


def _digest(parts: Iterable[NDArray[Any] | bytes]) -> str:
    """SHA-256 of things one after the other, each with its kind and length before it."""
    whole = hashlib.sha256()
    for part in parts:
        array = np.frombuffer(part, np.uint8) if isinstance(part, bytes) else part
        whole.update(repr((array.dtype.str, array.shape)).encode())
        whole.update(np.ascontiguousarray(array).data)
    return whole.hexdigest()
