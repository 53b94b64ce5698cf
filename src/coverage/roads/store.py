"""Networks as arrays in one file: in the cache, and in a workspace whose roads were cleaned."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from coverage.errors import InputError, Problem
from coverage.formats.archives import Archive, Cache
from coverage.formats.safety import read_bytes
from coverage.messages import Said
from coverage.roads.network import RoadNetwork

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

ENDING = ".npz"
_PLAIN = ("crs", "highway_names", "origin")
_FILE = Archive(b"FCRW", 1)
_UNREADABLE = Said(
    "文件已损坏，或不是本工具所存的路网；请用原文件重新导入（coverage import roads）",
    "the file is damaged, or no network kept by this tool: import its source again "
    "(coverage import roads)",
)


def _pack(network: RoadNetwork) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    columns = {name: getattr(network, name) for name in network.__dataclass_fields__}
    return {name: columns.pop(name) for name in _PLAIN}, columns


def _unpack(about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> RoadNetwork:
    columns: dict[str, Any] = {**about, **arrays}
    return RoadNetwork(**{**columns, "highway_names": tuple(about["highway_names"])})


CACHE = Cache("roads", Archive(b"FCRN", 6), _pack, _unpack)


def content(network: RoadNetwork) -> bytes:
    """A network as the content of a file that `read` reads."""
    return _FILE.packed(*_pack(network))


def read(path: Path) -> RoadNetwork:
    """A network as `content` kept it.

    Raises:
        InputError: If the file is missing, too large, or not as it was kept.
    """
    raw = read_bytes(path)
    # What was made by hand may have the right digest and hold anything.
    with suppress(KeyError, TypeError, ValueError, AttributeError, BadZipFile, InputError):
        if (found := _FILE.unpacked(raw)) is not None:
            return _unpack(*found)
    raise InputError(Problem(_UNREADABLE, path.name))


@cache
def reading(room: str = "coverage.roads") -> str:
    """Digest of the code and the rules by which roads are read: other ones, another network."""
    parts = sorted((one.name, one) for one in files(room).iterdir() if one.is_file())
    found = ((name, hashlib.sha256(one.read_bytes()).hexdigest()) for name, one in parts)
    return hashlib.sha256(repr(list(found)).encode()).hexdigest()


def _parts(key_parts: dict[str, Any]) -> dict[str, Any]:
    return {"parts": key_parts, "reading": reading()}


def cached(
    key_parts: dict[str, Any], build: Callable[[], RoadNetwork], *, folder: Path | None = None
) -> RoadNetwork:
    """A network from the cache, or built and put there.

    Args:
        key_parts: All that the network depends on beside how roads are read (`reading`), as
            plain JSON values: digests of files, options.
        build: Builds the network.
        folder: Where the cache lies, by default below the user's own.
    """
    return CACHE.get(_parts(key_parts), build, folder=folder)


def put(key_parts: dict[str, Any], network: RoadNetwork) -> None:
    """Put a network into the cache, as `cached` would."""
    CACHE.put(_parts(key_parts), network)
