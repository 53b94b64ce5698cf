"""A cache of built networks, so that an extract is read once.

A file of the cache is an uncompressed ``.npz`` followed by 40 bytes: a mark,
the version of this format, and the SHA-256 of all that stands before. It is
written beside its goal and renamed. What is cut short, altered or of another
version fails that test before anything in it is looked at, and is built anew.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
import tempfile
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage import __version__
from coverage.errors import InputError
from coverage.roads.network import RoadNetwork
from coverage.settings import cache_dir

if TYPE_CHECKING:
    from collections.abc import Callable

FORMAT = 3
_MARK = b"FCRN"
_TRAILER = struct.Struct("<4sI32s")
_ARRAYS = (
    "node_id",
    "x",
    "y",
    "tail",
    "head",
    "length_m",
    "highway",
    "maxspeed_kmh",
    "modes",
    "edge_id",
    "bend_start",
    "bend_x",
    "bend_y",
)


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file's content, in hexadecimal.

    Raises:
        InputError: If the file cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(f"{path}: the file cannot be read ({reason})") from error


def key_of(key_parts: dict[str, Any]) -> str:
    """Name of a cache entry: a hash of the parts, the rules of access and the versions."""
    access = files("coverage.roads").joinpath("access.toml").read_bytes()
    whole = {
        "parts": key_parts,
        "format": FORMAT,
        "version": __version__,
        "access": hashlib.sha256(access).hexdigest(),
    }
    text = json.dumps(whole, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def cached(
    key_parts: dict[str, Any],
    build_fn: Callable[[], RoadNetwork],
    *,
    folder: Path | None = None,
) -> RoadNetwork:
    """A network from the cache, or built and put there.

    A cache that cannot be written (a full disk, a read-only home) costs
    time, not the answer.

    Args:
        key_parts: All that the network depends on, as plain JSON values:
            digests of files, options.
        build_fn: Builds the network.
        folder: Where the cache lies, by default `settings.cache_dir()`.
    """
    path = (folder or cache_dir() / "roads") / f"{key_of(key_parts)}.npz"
    network = read(path)
    if network is None:
        network = build_fn()
        with suppress(OSError):
            save(network, path)
    return network


def save(network: RoadNetwork, path: Path) -> None:
    """Write a network whole, or not at all.

    Raises:
        OSError: If the file cannot be written.
    """
    about = {
        "crs": network.crs,
        "highway_names": network.highway_names,
        "origin": network.origin,
    }
    meta = np.frombuffer(json.dumps(about, ensure_ascii=False).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, meta=meta, **{name: getattr(network, name) for name in _ARRAYS})
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


def read(path: Path) -> RoadNetwork | None:
    """A network as `save` wrote it; None if it is not there or not as it was written."""
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
        columns = {name: arrays[name] for name in _ARRAYS}
    return RoadNetwork(
        crs=about["crs"],
        highway_names=tuple(about["highway_names"]),
        origin=about["origin"],
        **columns,
    )
