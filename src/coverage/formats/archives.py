"""Arrays and what is said of them in one file that is whole or is not there.

Such a file is an uncompressed ``.npz`` followed by 40 bytes: a mark, the
version of the format, and the SHA-256 of all that stands before. It is written
beside its goal and renamed. What is cut short, altered or of another version
fails that test before anything in it is looked at.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from coverage import __version__
from coverage.atomic import replacing
from coverage.errors import InputError
from coverage.settings import cache_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

_T = TypeVar("_T")
_TRAILER = struct.Struct("<4sI32s")
_LAYOUT = 2  # of entries of a cache: each says which it is


@dataclass(frozen=True)
class Archive:
    """One kind of such files.

    Attributes:
        mark: Four bytes that name the kind.
        version: Of its format; a file of another one is not read.
    """

    mark: bytes
    version: int

    def write(
        self, path: Path, about: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
    ) -> None:
        """Write a file whole, or not at all.

        Args:
            path: The goal; its folder is made.
            about: Plain JSON values.
            arrays: By name; ``meta`` is taken.

        Raises:
            InputError: If the file cannot be written.
        """
        with replacing(path) as half, half.open("w+b") as file:
            self._fill(file, about, arrays)

    def packed(self, about: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
        """The content of such a file."""
        buffer = io.BytesIO()
        self._fill(buffer, about, arrays)
        return buffer.getvalue()  # the buffer itself: nothing is copied

    def _fill(
        self, file: IO[bytes], about: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
    ) -> None:
        """Write into an empty file and read back what is to be sealed: it is held nowhere else."""
        meta = np.frombuffer(json.dumps(about, ensure_ascii=False).encode(), np.uint8)
        np.savez(file, meta=meta, **arrays)  # type: ignore[arg-type]
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").digest()  # type: ignore[arg-type]
        file.seek(0, io.SEEK_END)
        file.write(_TRAILER.pack(self.mark, self.version, digest))

    def read(self, path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]] | None:
        """What `write` was given; None if it is not there or not as it was written."""
        try:
            return self.unpacked(path.read_bytes())
        except OSError:
            return None

    def unpacked(self, content: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]] | None:
        """What `packed` was given; None if the content is not as it was made."""
        raw = memoryview(content)
        if len(raw) < _TRAILER.size:
            return None
        body = raw[: -_TRAILER.size]
        mark, version, digest = _TRAILER.unpack(raw[-_TRAILER.size :])
        if (mark, version) != (self.mark, self.version):
            return None
        if hashlib.sha256(body).digest() != digest:
            return None
        with np.load(io.BytesIO(body), allow_pickle=False) as found:
            if any(one.compress_size < one.file_size for one in found.zip.infolist()):
                return None  # nothing grows when it is read
            arrays = {name: found[name] for name in found.files}
        return json.loads(arrays.pop("meta").tobytes()), arrays


@dataclass(frozen=True)
class Cache(Generic[_T]):
    """Things of one kind that are made once and read back.

    What is cut short, altered or of another version is made anew.

    Attributes:
        name: Folder below `settings.cache_dir()`.
        archive: Kind of file; its version counts up when the file or the making changes.
        pack: What is written of a thing: plain JSON values, and arrays.
        unpack: The way back.
        most: How many are kept, the newest; 0 for all.
    """

    name: str
    archive: Archive
    pack: Callable[[_T], tuple[Mapping[str, Any], Mapping[str, NDArray[Any]]]]
    unpack: Callable[[dict[str, Any], dict[str, NDArray[Any]]], _T]
    most: int = 0

    def key(self, parts: Mapping[str, Any]) -> str:
        """Name of an entry: a hash of all it depends on and of the versions."""
        versions = (_LAYOUT, self.archive.version, __version__)
        whole = {"parts": parts, "versions": versions}
        text = json.dumps(whole, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def get(
        self, parts: Mapping[str, Any], make: Callable[[], _T], *, folder: Path | None = None
    ) -> _T:
        """A thing from the cache, or made and put there.

        A cache that cannot be written (a full disk, a read-only home) costs
        time, not the answer.

        Args:
            parts: All that the thing depends on, as plain JSON values.
            make: Makes it.
            folder: Where its kind lies, by default below the user's own cache.
        """
        thing = self.read(self.path(parts, folder))
        if thing is None:
            thing = make()
            self.put(parts, thing, folder=folder)
        return thing

    def put(self, parts: Mapping[str, Any], thing: _T, *, folder: Path | None = None) -> None:
        """Put there what `get` would make; a cache that cannot be written is let be."""
        path = self.path(parts, folder)
        with suppress(InputError, OSError):
            self.write(thing, path)
            known = sorted(path.parent.glob("*.npz"), key=lambda p: p.stat().st_mtime_ns)
            for old in known[: -self.most] if self.most else ():
                old.unlink()

    def path(self, parts: Mapping[str, Any], folder: Path | None = None) -> Path:
        """Where a thing lies."""
        return (folder or cache_dir() / self.name) / f"{self.key(parts)}.npz"

    def write(self, thing: _T, path: Path) -> None:
        """Write a thing whole, or not at all.

        Raises:
            InputError: If the file cannot be written.
        """
        about, arrays = self.pack(thing)
        self.archive.write(path, {**about, "entry": path.stem}, arrays)

    def read(self, path: Path) -> _T | None:
        """A thing as `write` wrote it there; None if it is not there or not as it was written."""
        found = self.archive.read(path)
        if found is None or found[0].pop("entry", "") != path.stem:
            return None
        return self.unpack(*found)
