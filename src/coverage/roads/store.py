"""A cache of built networks, so that an extract is read once.

What is cut short, altered or of another version (`coverage.archives`) is built
anew.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from coverage import __version__
from coverage.archives import Archive
from coverage.roads.network import RoadNetwork
from coverage.settings import cache_dir

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FORMAT = 3
_MARK = b"FCRN"
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
    Archive(_MARK, FORMAT).write(path, about, {name: getattr(network, name) for name in _ARRAYS})


def read(path: Path) -> RoadNetwork | None:
    """A network as `save` wrote it; None if it is not there or not as it was written."""
    found = Archive(_MARK, FORMAT).read(path)
    if found is None:
        return None
    about, arrays = found
    return RoadNetwork(
        crs=about["crs"],
        highway_names=tuple(about["highway_names"]),
        origin=about["origin"],
        **{name: arrays[name] for name in _ARRAYS},
    )
