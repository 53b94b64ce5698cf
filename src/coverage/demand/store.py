"""A cache of modelled demand, so that a city's points are made once.

A file of the cache is an uncompressed ``.npz`` with a digest of itself
behind it. What is cut short, altered or of another version fails before
anything in it is looked at, and is made anew. Reading one needs neither
shapely nor pyproj, which is most of what the model costs.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from coverage import __version__
from coverage.demand.people import Demand
from coverage.demand.sources import model_files
from coverage.errors import InputError, Problem
from coverage.settings import cache_dir
from coverage.text import Said

if TYPE_CHECKING:
    from coverage.city import City

FORMAT = 2  # counts up when the file or the model changes
_MARK = b"FCDM"
_TRAILER = struct.Struct("<4sI32s")


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
    meta = np.frombuffer(json.dumps(about, ensure_ascii=False).encode(), np.uint8)
    people = np.stack([demand.people[group] for group in demand.groups])
    buffer = io.BytesIO()
    np.savez(buffer, meta=meta, x=demand.x, y=demand.y, unit=demand.unit, people=people)
    body = buffer.getbuffer()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
            file.write(_TRAILER.pack(_MARK, FORMAT, hashlib.sha256(body).digest()))
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise


def from_npz(path: Path) -> Demand | None:
    """A demand as `to_npz` wrote it; None if it is not there or not as it was written."""
    try:
        raw = memoryview(path.read_bytes())
    except OSError:
        return None
    if len(raw) < _TRAILER.size:
        return None
    body = raw[: -_TRAILER.size]
    mark, version, digest = _TRAILER.unpack(raw[-_TRAILER.size :])
    if (mark, version) != (_MARK, FORMAT) or hashlib.sha256(body).digest() != digest:
        return None
    with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
        about = json.loads(arrays["meta"].tobytes())
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
        "files": [_digest(path) for path in model_files(city)],
        "step": step_m,
        "format": FORMAT,
        "version": __version__,
    }
    return hashlib.sha256(json.dumps(whole, ensure_ascii=False).encode()).hexdigest()


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(Problem(f"the file cannot be read ({reason})", str(path))) from error
