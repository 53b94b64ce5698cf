"""A cache of modelled demand, so that a city's points are made once.

What is cut short, altered or of another version (`coverage.archives`) is made
anew. Reading one needs neither shapely nor pyproj, which is most of what the
model costs.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage import __version__
from coverage.archives import Archive, file_digest
from coverage.demand.people import Demand
from coverage.demand.sources import model_files
from coverage.messages import Said
from coverage.settings import cache_dir

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from coverage.city import City

FORMAT = 2  # counts up when the file or the model changes
_MARK = b"FCDM"


def cached_from_townships(
    city: City, *, step_m: float = 500.0, folder: Path | None = None
) -> Demand:
    """`model.from_townships`, from the cache where it is there.

    A cache that cannot be written (a full disk, a read-only home) costs
    time, not the answer.

    Args:
        city: The city.
        step_m: Distance of the points outside the seats, metres.
        folder: Where the cache lies, by default below `settings.cache_dir()`.

    Raises:
        InputError: As `model.from_townships`.
    """
    path = (folder or cache_dir() / "demand") / f"{_key(city, step_m)}.npz"
    demand = from_npz(path)
    if demand is None:
        from coverage.demand.model import from_townships

        demand = from_townships(city, step_m=step_m)
        with suppress(OSError):
            to_npz(demand, path)
    return demand


def to_npz(demand: Demand, path: Path) -> None:
    """Write a demand whole, or not at all.

    Raises:
        OSError: If the file cannot be written.
    """
    about = {
        "crs": demand.crs,
        "groups": demand.groups,
        "unit_codes": demand.unit_codes,
        "not_placed": demand.not_placed,
        "provenance": demand.provenance,
        "source": demand.source,
        "notes": demand.notes,
    }
    people = np.stack([demand.people[group] for group in demand.groups])
    arrays: dict[str, NDArray[Any]] = {
        "x": demand.x,
        "y": demand.y,
        "unit": demand.unit,
        "people": people,
    }
    Archive(_MARK, FORMAT).write(path, about, arrays)


def from_npz(path: Path) -> Demand | None:
    """A demand as `to_npz` wrote it; None if it is not there or not as it was written."""
    found = Archive(_MARK, FORMAT).read(path)
    if found is None:
        return None
    about, arrays = found
    return Demand(
        crs=about["crs"],
        x=arrays["x"],
        y=arrays["y"],
        people=dict(zip(about["groups"], arrays["people"], strict=True)),
        unit=arrays["unit"],
        unit_codes=tuple(about["unit_codes"]),
        not_placed=about["not_placed"],
        provenance=about["provenance"],
        source=about["source"],
        notes=tuple(Said(*note) for note in about["notes"]),
    )


def _key(city: City, step_m: float) -> str:
    """A hash of all that the model depends on: its files, its step and this version."""
    whole = {
        "city": (city.code, city.name),
        "files": [file_digest(path) for path in model_files(city)],
        "step": step_m,
        "format": FORMAT,
        "version": __version__,
    }
    return hashlib.sha256(json.dumps(whole, ensure_ascii=False).encode()).hexdigest()
