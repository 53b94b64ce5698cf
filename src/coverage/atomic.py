"""Files that are whole or not there: written beside their goals, then renamed, all or none.

Everything in the package that puts a file where somebody reads it goes through here. If
anything fails on the way, what was there before is put back. A process killed between two
renames leaves whole files, some new and some old, and never half a file.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from coverage.errors import CoverageError, InputError, Problem
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Content: TypeAlias = "str | bytes | Path"
REPLACED = "replaced"  # folder of what others took the place of
_WRITERS = {"lxml", "pyogrio", "rasterio", "sqlite3"}


@contextmanager
def disk_errors(goal: Path) -> Iterator[None]:
    """What a disk refuses, as one sentence about the file that was being written.

    Raises:
        InputError: In place of an `OSError`, or of what a library that writes makes of it.
    """
    try:
        yield
    except CoverageError:
        raise  # some are of the family of `OSError`
    except Exception as error:
        library = type(error).__module__.partition(".")[0]
        if not isinstance(error, OSError) and library not in _WRITERS:
            raise
        # The half-written neighbour is nobody's business: only a folder is named instead.
        refused = Path(getattr(error, "filename", None) or goal)
        name = refused if refused.is_dir() else goal.name
        why = getattr(error, "strerror", None) or str(error)[:80] or type(error).__name__
        said = Said(
            "文件写不进去，原有文件未动",
            f"the file cannot be written ({why}); what was there before stays",
        )
        raise InputError(Problem(said, str(name))) from error


def write_files(files: Mapping[Path, Content], *, aside: Iterable[Path] = ()) -> tuple[Path, ...]:
    """Write files together.

    Args:
        files: By goal its text (as UTF-8), its bytes, or the file whose content it gets.
        aside: Files that the new ones replace although they have another name; they are moved
            into a folder ``replaced`` beside them, never deleted.

    Returns:
        The goals, in order.

    Raises:
        InputError: If a file cannot be written, as on a full disk; everything is then as before.
    """
    with disk_errors(next(iter(files), Path())):
        halves: dict[Path, Path] = {}
        try:
            for goal, content in files.items():
                halves[goal] = half = _beside(goal)
                if isinstance(content, Path):
                    shutil.copyfile(content, half)
                else:
                    half.write_bytes(content.encode() if isinstance(content, str) else content)
            old = [path for path in aside if path.is_file() and path not in files]
            exchange(halves, {path: free(path.parent / REPLACED / path.name) for path in old})
        finally:
            _drop(halves.values())
    return tuple(files)


def write_text(path: Path, text: str) -> None:
    """Write one text file, UTF-8 with the line ends that `text` has; see `write_files`."""
    write_files({path: text})


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A neighbour of `path` to write to, which takes its place once the block is through.

    Raises:
        InputError: If the folder or the disk refuses; nothing new stands at `path` then.
    """
    with disk_errors(path):
        if path.is_dir():
            raise InputError(Problem(Said("这是文件夹，不是文件", "this is a folder"), str(path)))
        half = _beside(path)
        try:
            yield half
            exchange({path: half})
        finally:
            _drop([half])


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to fill, which stands at `path`, where none or an empty one is, once it is full.

    Raises:
        OSError: If the disk refuses; nothing stands at `path` then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    half = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        yield half
        half.chmod(0o755)
        if path.exists():
            path.rmdir()
        half.rename(path)
    finally:
        shutil.rmtree(half, ignore_errors=True)


def exchange(halves: Mapping[Path, Path], moved: Mapping[Path, Path | None] | None = None) -> None:
    """Put finished files in the place of their goals, and others away.

    Args:
        halves: By goal the finished file, on the same disk.
        moved: By file that is in the way where it goes, `None` if it goes for good. A goal may
            be among them.

    Raises:
        OSError: If the disk refuses; everything is then as before.
    """
    undo: list[tuple[Path, Path | None]] = []  # a place, and what stood there before
    backups = []
    try:
        for half in halves.values():
            _settle(half)
        for old, kept in (moved or {}).items():
            if kept is None:
                backups.append(_second_name(old))
                undo.append((old, backups[-1]))
                old.unlink()
            else:
                kept.parent.mkdir(parents=True, exist_ok=True)
                old.replace(kept)
                undo.append((old, kept))
        for goal, half in halves.items():
            backups.append(_second_name(goal))
            undo.append((goal, backups[-1]))
            half.replace(goal)
    except BaseException:
        for place, before in reversed(undo):
            with suppress(OSError):
                if before is None:
                    place.unlink(missing_ok=True)
                else:
                    before.replace(place)
        raise
    _drop(backups)


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file's content, in hexadecimal.

    Raises:
        InputError: If the file cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise cannot_read(path, error) from error


def cannot_read(path: str | Path, error: Exception) -> InputError:
    """Why a file cannot be read, as one sentence."""
    if isinstance(error, FileNotFoundError):
        said = Said("文件不存在", "the file cannot be read: it does not exist")
    else:
        why = getattr(error, "strerror", None) or type(error).__name__
        said = Said("文件读不出来", f"the file cannot be read ({why})")
    return InputError(Problem(said, str(path)))


def free(path: Path) -> Path:
    """`path`, or a like name where nothing stands yet."""
    place, number = path, 1
    while place.exists():
        number += 1
        place = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return place


@contextmanager
def reserved(path: Path) -> Iterator[Path]:
    """`path`, or a like name where nothing stands, held against other processes by an empty file.

    The name is given back if the block fails.

    Raises:
        InputError: If the disk refuses.
    """
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            place = free(path)
            with suppress(FileExistsError):
                place.touch(exist_ok=False)
                break
    try:
        yield place
    except BaseException:
        _drop([place])
        raise


def _beside(goal: Path) -> Path:
    goal.parent.mkdir(parents=True, exist_ok=True)
    # The ending stays: writers of pictures and layers choose their format by it.
    handle, name = tempfile.mkstemp(dir=goal.parent, prefix=f".{goal.name}.", suffix=goal.suffix)
    os.close(handle)
    return Path(name)


def _settle(half: Path) -> None:
    """Make sure of the content before a rename: a disk that is full may say so only now."""
    with half.open("r+b") as file:
        os.fsync(file.fileno())
    half.chmod(0o644)


def _second_name(goal: Path) -> Path | None:
    """What stands at the goal under another name, to put back if a later file fails."""
    if not goal.exists():
        return None
    kept = _beside(goal)
    try:
        kept.unlink()
        kept.hardlink_to(goal)  # which takes no room on a disk that may be nearly full
    except OSError:
        shutil.copyfile(goal, kept)  # not every disk knows links
    return kept


def _drop(paths: Iterable[Path | None]) -> None:
    for path in paths:
        if path is not None:
            with suppress(OSError):
                path.unlink(missing_ok=True)
