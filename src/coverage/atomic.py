"""Files that are whole or not there: made in a hidden folder, then put in place, all or none.

Everything in the package that puts a file where somebody reads it goes through here. What is
written is first made in a stage, a hidden folder beside its goals that a lock marks as somebody's.
Once all of it is whole a journal says what goes where, and only then is anything renamed. If
something fails on the way, what was there before is put back. If the process is killed, whoever
comes next to that folder finds the journal and finishes the change, or finds none and sweeps the
stage away: either way the folder is as it was, or as it was to be.
"""

from __future__ import annotations

import errno
import os
import signal
import stat
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from coverage.errors import CoverageError, InputError, Problem, rename_files
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from io import BufferedReader

Content: TypeAlias = "str | bytes | Path"
REPLACED = "replaced"  # folder of what others took the place of
STAGE = ".coverage-"  # how the hidden folders begin
_ALIVE, _JOURNAL = "alive", "journal.json"
_YOUNG_S = 60.0  # a stage without a lock may be one whose maker is about to take it
_LOCK = ".coverage.lock"
_FULL = 1 << 20  # bytes left on a disk on which a library's failure is no other
_PATIENCE_S, _LONGEST_S = 2.0, 600.0
_WRITERS = {"lxml", "pyogrio", "rasterio", "sqlite3"}
_BUSY = Said(
    "另一个 coverage 命令正在写这个文件夹，等它写完……",
    "another coverage command is writing here: waiting for it to end …",
)
settled: list[Path] = []  # what this process has put in place, for a command that fails afterwards


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
        library = _library(error)
        # Python makes the folders of a path one inside the other, and gives up at a thousand.
        if not isinstance(error, OSError | RecursionError) and library not in _WRITERS:
            raise
        # The half-written neighbour is nobody's business: only a folder is named instead.
        refused = Path(getattr(error, "filename", None) or goal)
        hidden = any(part.startswith(STAGE) for part in refused.parts)
        name = refused if refused.is_dir() and not hidden else goal.name
        why = getattr(error, "strerror", None) or f"{library} failed"
        said = Said(
            "文件写不进去，原有文件未动",
            f"the file cannot be written ({why}); what was there before stays",
        )
        raise InputError(Problem(said, str(name))) from error


def _library(error: Exception) -> str:
    return type(error).__module__.partition(".")[0]


@contextmanager
def locked(folder: Path, tell: Callable[[Said], None] | None = None) -> Iterator[None]:
    """Nobody else writes into a folder meanwhile; one process may lock it several times.

    Args:
        folder: A workspace, or a folder of results; made if need be.
        tell: Is told once that another command is waited for.

    Raises:
        InputError: If another command holds it for ten minutes, or the disk refuses.
    """
    from filelock import FileLock, Timeout

    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder.resolve() / _LOCK, is_singleton=True)
        try:
            lock.acquire(timeout=_PATIENCE_S)
        except Timeout:
            if tell is not None:
                tell(_BUSY)
            try:
                lock.acquire(timeout=_LONGEST_S)
            except Timeout:
                said = Said(
                    "另一个 coverage 命令一直占用这个文件夹，请等它结束后再试",
                    "another coverage command holds this folder: try again when it has ended",
                )
                raise InputError(Problem(said, str(folder))) from None
    try:
        yield
    finally:
        if lock.lock_counter == 1:
            # Nothing is left behind; who waits for the old file sees that it is gone.
            with suppress(OSError):
                Path(lock.lock_file).unlink()
        lock.release()


@contextmanager
def stage_in(folder: Path) -> Iterator[Path]:
    """A hidden folder in `folder` to make files in, gone afterwards.

    Raises:
        OSError: If the disk refuses.
    """
    import shutil
    import tempfile

    from filelock import FileLock

    recover(folder)
    folder.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(dir=folder, prefix=STAGE))
    try:
        with FileLock(stage / _ALIVE):
            yield stage
    except InputError as error:
        # What is wrong with a file in the stage is said of the place where it was to stand.
        name, goal = f"{stage}{os.sep}", f"{folder}{os.sep}"
        rename_files(error, lambda file: file.replace(name, goal))
        raise
    except Exception as error:
        # Libraries say it in words of their own, which name half-written files.
        if _library(error) in _WRITERS and shutil.disk_usage(stage).free < _FULL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
        raise
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def recover(folder: Path) -> None:
    """Finish the changes of killed processes in a folder, and sweep away what they left."""
    stages = [one for one in folder.glob(f"{STAGE}*") if one.is_dir() and not one.is_symlink()]
    if not stages:
        return
    import shutil

    from filelock import FileLock, Timeout

    for stage in stages:
        with suppress(OSError, Timeout):
            young = time.time() - stage.stat().st_mtime < _YOUNG_S
            if young and not (stage / _ALIVE).exists():
                continue
            with FileLock(stage / _ALIVE, timeout=0):
                _finish(stage)
            shutil.rmtree(stage, ignore_errors=True)


def _finish(stage: Path) -> None:
    """Do what the journal of a dead process says and is not done yet."""
    import json

    folder = stage.parent
    try:
        journal = json.loads((stage / _JOURNAL).read_text(encoding="utf-8"))
        files = {_inside(folder, goal): _inside(folder, half) for goal, half in journal["files"]}
        moved = [(_inside(folder, o), n and _inside(folder, n)) for o, n in journal["moved"]]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return  # killed before it was whole: nothing was renamed
    # Files go away before the first one comes: if one has come, all are gone.
    if all(half.exists() for half in files.values()):
        for old, kept in moved:
            if kept is None:
                old.unlink(missing_ok=True)
            elif old.exists() and not kept.exists():
                kept.parent.mkdir(parents=True, exist_ok=True)
                old.replace(kept)
    for goal, half in files.items():
        if half.exists():
            goal.parent.mkdir(parents=True, exist_ok=True)
            half.replace(goal)


def _inside(folder: Path, name: str) -> Path:
    """A path of a journal, which anybody may have put there: it must not lead out, by no link."""
    path = folder / name
    if ".." in path.parts or not path.parent.resolve().is_relative_to(folder.resolve()):
        raise ValueError(name)
    return path


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
    import shutil

    if not files:
        return ()
    old = [path for path in aside if path.is_file() and path not in files]
    parents = [path.parent.resolve() for path in (*files, *old)]
    with disk_errors(next(iter(files))), stage_in(Path(os.path.commonpath(parents))) as stage:
        halves: dict[Path, Path] = {}
        for goal, content in files.items():
            halves[goal] = half = stage / f"{len(halves)}-{goal.name}"
            if isinstance(content, Path):
                shutil.copyfile(content, half)
            else:
                half.write_bytes(content.encode() if isinstance(content, str) else content)
        exchange(stage, halves, {path: free(path.parent / REPLACED / path.name) for path in old})
    return tuple(files)


def write_text(path: Path, text: str) -> None:
    """Write one text file, UTF-8 with the line ends that `text` has; see `write_files`."""
    write_files({path: text})


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A place to write to that takes the place of `path` once the block is through.

    Raises:
        InputError: If the folder or the disk refuses; nothing new stands at `path` then.
    """
    with disk_errors(path):
        if path.is_dir():
            raise InputError(Problem(Said("这是文件夹，不是文件", "this is a folder"), str(path)))
        with stage_in(path.parent) as stage:
            half = stage / path.name  # writers of pictures and layers choose their format by it
            yield half
            exchange(stage, {path: half})


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to fill, which stands at `path`, where none or an empty one is, once it is full.

    Raises:
        InputError: If somebody else filled it meanwhile, or the disk refuses; nothing of this one
            is left then.
    """
    with disk_errors(path), stage_in(path.parent) as stage:
        half = stage / path.name
        half.mkdir()
        yield half
        try:
            with suppress(FileNotFoundError):
                path.rmdir()
            half.rename(path)
        except OSError as error:
            if not path.is_dir():
                raise
            said = Said("文件夹不是空的，请另选", "the folder is not empty, choose another")
            raise InputError(Problem(said, str(path))) from error
        settled.append(path)


def exchange(
    stage: Path,
    halves: Mapping[Path, Path],
    moved: Mapping[Path, Path | None] | None = None,
) -> None:
    """Put finished files in the place of their goals, and others away.

    Args:
        stage: Where they were made, see `stage_in`.
        halves: By goal the finished file, both in or beside the stage.
        moved: By file that is in the way where it goes, `None` if it goes for good. A goal may
            be among them.

    Raises:
        OSError: If the disk refuses; everything is then as before.
    """
    moves = moved or {}
    for half in halves.values():
        _settle(half)
    with _uninterrupted():
        _write_journal(stage, halves, moves)
        undo: list[tuple[Path, Path | None]] = []  # a place, and what stood there before
        try:
            for old, kept in moves.items():
                undo.append((old, kept or _second_name(old, stage)))
                if kept is None:
                    old.unlink()
                else:
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    old.replace(kept)
            for goal, half in halves.items():
                goal.parent.mkdir(parents=True, exist_ok=True)
                undo.append((goal, _second_name(goal, stage)))
                half.replace(goal)
        except BaseException:
            (stage / _JOURNAL).unlink(missing_ok=True)
            for place, before in reversed(undo):
                with suppress(OSError):
                    if before is None:
                        place.unlink(missing_ok=True)
                    elif before.exists():
                        before.replace(place)
            raise
        settled.extend(halves)


def _write_journal(
    stage: Path, halves: Mapping[Path, Path], moves: Mapping[Path, Path | None]
) -> None:
    """Say durably what is about to be done; one rename alone needs no journal."""
    import json

    if len(halves) + len(moves) < 2:
        return

    def name(path: Path) -> str:
        return os.path.relpath(path, stage.parent)

    journal = {
        "files": [(name(goal), name(half)) for goal, half in halves.items()],
        "moved": [(name(old), kept and name(kept)) for old, kept in moves.items()],
    }
    half = stage / f"{_JOURNAL}.part"
    half.write_text(json.dumps(journal, ensure_ascii=False), encoding="utf-8")
    _settle(half)
    half.replace(stage / _JOURNAL)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C waits for the few renames, and then has come too late: the change is made."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def file_digest(path: str | Path) -> str:
    """SHA-256 of a file's content, in hexadecimal.

    Raises:
        InputError: If the file cannot be read.
    """
    import hashlib

    with opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def opened(path: str | Path) -> Iterator[BufferedReader]:
    """A file, open for reading: never a folder, nor a pipe or a device, which may have no end.

    Raises:
        InputError: If it is none, is not there, or cannot be read, inside the block too.
    """
    try:
        with open(path, "rb", opener=_at_once) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                said = Said("不是普通文件（管道或设备）", "this is no file but a pipe or a device")
                raise InputError(Problem(said, str(path)))
            yield file
    except CoverageError:
        raise  # some are of the family of `OSError`
    except (OSError, ValueError) as error:
        raise cannot_read(path, error) from error


def _at_once(path: str, flags: int) -> int:
    # A pipe that nobody writes to would be waited for while it is opened.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def cannot_read(path: str | Path, error: Exception) -> InputError:
    """Why a file cannot be read, as one sentence."""
    if isinstance(error, FileNotFoundError):
        said = Said("文件不存在", "the file cannot be read: it does not exist")
    elif isinstance(error, IsADirectoryError) or os.path.isdir(path):  # noqa: PTH112 -- never fails
        said = Said("这是文件夹，不是文件", "this is a folder, not a file")
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


def _settle(half: Path) -> None:
    """Make sure of the content before a rename: a disk that is full may say so only now."""
    with half.open("r+b") as file:
        os.fsync(file.fileno())
    half.chmod(0o644)


def _second_name(goal: Path, stage: Path) -> Path | None:
    """What stands at the goal under another name, to put back if a later file fails."""
    import shutil

    if not goal.exists():
        return None
    kept = free(stage / f"old-{goal.name}")
    try:
        kept.hardlink_to(goal)  # which takes no room on a disk that may be nearly full
    except OSError:
        shutil.copyfile(goal, kept)  # not every disk knows links
    return kept
