"""Folders of results: written all or nothing, and nothing of anyone else's replaced.

Files are written into a hidden folder beside their goal and renamed once all
of them are whole: a full disk or a writer that fails leaves the goal as it
was. A manifest remembers the files that this tool wrote, by content; a file
of the same name that it did not write, or that was edited since, is never
replaced.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from coverage.atomic import write_text
from coverage.errors import InputError, Problem
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MARK = "written by facility-coverage"


@contextmanager
def staged(goal: Path, manifest: str) -> Iterator[Path]:
    """A folder to write files into, which stand in `goal` once the block ends well.

    Our own unchanged files of an earlier run that are not written again go:
    another city's, say, would mislead beside these.

    Args:
        goal: Where the files shall stand; made if need be.
        manifest: Name of the file that remembers what was written.

    Raises:
        InputError: If a file that the tool did not write would be replaced, or
            the folder cannot be written to.
    """
    made = not goal.exists()
    try:
        goal.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(dir=goal, prefix=".coverage-"))
    except OSError as error:
        raise _unwritable(goal, error) from error
    try:
        yield stage
        _move(stage, goal, manifest)
    except OSError as error:
        raise _unwritable(goal, error) from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        if made:
            # Only an empty folder goes: one that holds results stays.
            with suppress(OSError):
                goal.rmdir()


def check(goal: Path, names: Iterable[str], manifest: str) -> None:
    """Refuse to replace what this tool did not write, before any work is done.

    Raises:
        InputError: Naming every such file.
    """
    owned = _owned(goal / manifest)
    foreign = [name for name in names if _is_foreign(goal / name, owned.get(name))]
    if foreign:
        reason = (
            "the file was not written by this tool, or was changed since, and is not replaced; "
            "choose another folder"
        )
        raise InputError([Problem(reason, str(goal / name)) for name in foreign])


def _move(stage: Path, goal: Path, manifest: str) -> None:
    names = sorted(path.name for path in stage.iterdir())
    check(goal, names, manifest)
    owned = _owned(goal / manifest)
    stale = [n for n in owned if n not in names and not _is_foreign(goal / n, owned[n])]
    kept = {n: d for n, d in owned.items() if n not in names and n not in stale}
    digests = {name: sha256((stage / name).read_bytes()).hexdigest() for name in names}
    for name in names:
        (stage / name).chmod(0o644)
        (stage / name).replace(goal / name)
    for name in stale:
        (goal / name).unlink(missing_ok=True)
    text = json.dumps({"by": _MARK, "files": {**kept, **digests}}, indent=1, sort_keys=True)
    write_text(goal / manifest, text + "\n")


def _unwritable(goal: Path, error: OSError) -> InputError:
    reason = error.strerror or type(error).__name__
    return InputError(
        Problem(Said("文件夹写不进去", f"the folder cannot be written to ({reason})"), str(goal))
    )


def _is_foreign(path: Path, digest: str | None) -> bool:
    """Whether something stands at `path` that this tool did not write as it is now."""
    if path.is_symlink():
        return True
    return path.exists() and (digest is None or _digest(path) != digest)


def _digest(path: Path) -> str | None:
    return sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def _owned(manifest: Path) -> dict[str, str]:
    try:
        data = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(data, dict) or data.get("by") != _MARK:
        return {}
    found = data.get("files", {})
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}
