"""Several files into a workspace together: all written beside their goals, then renamed.

If anything fails on the way, what was there before is put back. A process
killed between two renames leaves whole files, some new and some old, and
never half a file.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from coverage.errors import InputError, Problem
from coverage.messages import Said
from coverage.workspace import OWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from coverage.city import City
    from coverage.workspace import Role

_CHUNK = 1 << 20
Content: TypeAlias = "str | bytes | Path"


def land(files: Mapping[Path, Content], *, aside: Iterable[Path] = ()) -> tuple[Path, ...]:
    """Write files together.

    Args:
        files: By goal its text, its bytes, or the file whose content it gets.
        aside: Files that the new ones replace although they have another name; they are moved
            into a folder ``replaced`` beside them, never deleted.

    Returns:
        The goals, in order.

    Raises:
        InputError: If a file cannot be written, as on a full disk; everything is then as before.
    """
    with disk_errors(next(iter(files), Path())):
        return _land(files, aside)


@contextmanager
def disk_errors(goal: Path) -> Iterator[None]:
    """What a disk refuses, as one sentence about the file that was being written.

    Raises:
        InputError: In place of an `OSError`.
    """
    try:
        yield
    except OSError as error:
        reason = Said(
            "写不进去，原有文件未动",
            "cannot be written, what was there before stays ("
            f"{error.strerror or type(error).__name__})",
        )
        raise InputError(Problem(reason, Path(error.filename or goal).name)) from error


def _land(files: Mapping[Path, Content], aside: Iterable[Path]) -> tuple[Path, ...]:
    halves: dict[Path, Path] = {}
    undo: list[_Undo] = []
    try:
        for goal, content in files.items():
            halves[goal] = _half(goal, content)
        for old in aside:
            if old.is_file() and old not in files:
                kept = _free(old.parent / "replaced", old.name)
                old.replace(kept)
                undo.append(_Undo(old, kept, keep=True))
        for goal, half in halves.items():
            undo.append(_Undo(goal, _backup(goal)))
            half.replace(goal)
    except BaseException:
        _put_back(undo, halves.values())
        raise
    for step in undo:
        if step.before is not None and not step.keep:
            with suppress(OSError):
                step.before.unlink()
    return tuple(files)


class _Undo(NamedTuple):
    """What stood at a goal before, and whether it stays there after all went well."""

    goal: Path
    before: Path | None
    keep: bool = False


def _put_back(undo: Iterable[_Undo], halves: Iterable[Path]) -> None:
    for goal, before, _ in reversed(list(undo)):
        with suppress(OSError):
            if before is None:
                goal.unlink(missing_ok=True)
            else:
                before.replace(goal)
    for half in halves:
        with suppress(OSError):
            half.unlink(missing_ok=True)


def _half(goal: Path, content: Content) -> Path:
    goal.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=goal.parent, prefix=f".{goal.name}.")
    half = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            if isinstance(content, Path):
                with content.open("rb") as source:
                    shutil.copyfileobj(source, file, _CHUNK)
            else:
                file.write(content.encode("utf-8") if isinstance(content, str) else content)
            # A disk that is full may say so only now; a rename must not come before the content.
            file.flush()
            os.fsync(file.fileno())
        half.chmod(0o644)
    except BaseException:
        with suppress(OSError):
            half.unlink()
        raise
    return half


def _backup(goal: Path) -> Path | None:
    """A second name of what stands at the goal, to put back if a later file fails."""
    if not goal.exists():
        return None
    handle, name = tempfile.mkstemp(dir=goal.parent, prefix=f".{goal.name}.old.")
    os.close(handle)
    kept = Path(name)
    try:
        kept.unlink()
        kept.hardlink_to(goal)  # which takes no room on a disk that may be nearly full
    except OSError:
        shutil.copyfile(goal, kept)  # not every disk knows links
    return kept


def _free(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / name
    number = 1
    while place.exists():
        number += 1
        place = folder / f"{Path(name).stem}-{number}{Path(name).suffix}"
    return place


def own_file(city: City, role: Role) -> Path:
    """Where a workspace keeps its own file of a role: as `city.toml` says, else the usual place.

    Raises:
        InputError: If the city has no workspace.
    """
    if city.workspace is None:
        raise InputError(
            Said("导入需要工作区", "an import needs a workspace: run 'coverage init' first")
        )
    return city.workspace.files.get(role) or city.workspace.folder / OWN[role][0]
