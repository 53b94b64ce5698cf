"""Where results go: never over what a person wrote, and nothing that they replace is lost.

Results are made in a hidden folder beside their goals and take their places together once all
of them are whole. A manifest remembers by content what this tool wrote there: a file that it
did not write, or that was changed since, is never touched. What it does replace is kept in a
folder ``replaced`` beside it, under a name that says when.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeAlias

from coverage.alike import settle, today
from coverage.atomic import (
    REPLACED,
    disk_errors,
    exchange,
    file_digest,
    free,
    locked,
    recover,
    stage_in,
    write_files,
)
from coverage.errors import InputError, Problem
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import date
    from pathlib import Path

_MARK = "written by facility-coverage"
_MANIFEST = ".coverage-{by}.json"
_SHOWN = 6
PICTURES = (".png", ".pdf", ".svg")
LAYERS = {".gpkg": "GPKG", ".geojson": "GeoJSON", ".json": "GeoJSON"}  # with their drivers

# What becomes of files of an earlier run that this one does not write again: moved away (they
# are of the same kind and would mislead beside the new ones), left and said, or left.
Others: TypeAlias = Literal["away", "said", "left"]
Tell: TypeAlias = "Callable[[Said], None]"


def on_stderr(said: Said) -> None:
    """Tell in both languages."""
    print(said, file=sys.stderr)  # noqa: T201


@contextmanager
def staged(
    folder: Path,
    by: str,
    *,
    names: Iterable[str] = (),
    others: Others = "left",
    tell: Tell = on_stderr,
    day: date | None = None,
    alone: bool = False,
) -> Iterator[Path]:
    """A folder to write files into, which stand in `folder` once the block ends well.

    Args:
        folder: Where the files shall stand; made if need be.
        by: What writes them, which names the manifest.
        names: Files that will be written, as far as is known, to refuse before any work is done.
        others: What becomes of files of an earlier run by the same that are not written again.
        tell: Is told what was replaced, and how to get it back.
        day: The day that files bear where they bear one; today by default.
        alone: Whether nothing that another command writes may lie beside them, now or later:
            together they would tell what these keep back.

    Raises:
        InputError: If a file that the tool did not write would be replaced, the folder holds, or
            is to hold, results that must lie alone, or the disk refuses.
    """
    goals = [_in(folder, name) for name in names]
    check(goals)
    _check_company(folder, by, alone=alone)
    made, day = not folder.exists(), today(day)
    try:
        with disk_errors(goals[0] if len(goals) == 1 else folder), stage_in(folder) as stage:
            made_in = stage / "made"
            made_in.mkdir()
            yield made_in
            for path in made_in.iterdir():
                settle(path, day)
            with locked(folder, tell):
                _check_company(folder, by, alone=alone)
                notes = _settle(made_in, folder, by, others, alone=alone)
        for note in notes:
            tell(note)
    finally:
        if made:
            # Only an empty folder goes: one that holds results stays.
            with suppress(OSError):
                folder.rmdir()


@contextmanager
def one(path: Path, tell: Tell = on_stderr) -> Iterator[Path]:
    """As `staged`, for a single file: where to write it."""
    with staged(path.parent, "file", names=[path.name], tell=tell) as stage:
        yield stage / path.name


def check_ending(path: Path, endings: Iterable[str]) -> None:
    """Refuse a name whose ending says no format that can be written.

    Args:
        path: The goal.
        endings: Those that can, with their dots and in small letters.

    Raises:
        InputError: If the name has none of them.
    """
    if path.suffix.lower() not in set(endings):
        listed = "、".join(endings), ", ".join(endings)
        said = Said(f"文件名须以 {listed[0]} 结尾", f"the name must end in {listed[1]}")
        raise InputError(Problem(said, str(path)))


def keep(goal: Path, text: str | None = None) -> list[Said]:
    """Put a copy of what stands at a goal into ``replaced``, before something takes its place.

    Args:
        goal: The place.
        text: What will stand there, if it is known.

    Returns:
        Where it is kept and how to get it back; nothing if there is nothing to keep, or the
        same content is kept already or stays.
    """
    if not goal.is_file() or (text is not None and goal.read_bytes() == text.encode()):
        return []
    kept = {n: p for n, p in _places_to_keep(goal.parent, [goal.name]).items() if p}
    write_files(dict.fromkeys(kept.values(), goal))
    return _replaced(goal.parent, kept)


def check(goals: Iterable[Path]) -> None:
    """Refuse to replace what this tool did not write, before any work is done.

    What a killed run left half done is finished first, or its files would seem somebody else's.

    Raises:
        InputError: Naming every such file.
    """
    goals = list(goals)
    for folder in {goal.parent for goal in goals}:
        recover(folder)
    _refuse_others(goals)


def _refuse_others(goals: Iterable[Path]) -> None:
    problems = []
    for goal in goals:
        if goal.is_dir():
            problems.append(Problem(Said("这是文件夹，不是文件", "this is a folder"), str(goal)))
        elif not _is_own(goal):
            said = Said(
                "这个文件不是本工具写的，或写成后改过，不覆盖；请把它移走，或另选 --out",
                "the file was not written by this tool, or was changed since, and is not "
                "replaced: move it away, or choose another --out",
            )
            problems.append(Problem(said, str(goal)))
    if problems:
        raise InputError(problems)


def _in(folder: Path, name: str) -> Path:
    """A file of a folder of results: some names are made of data, and none may lead elsewhere."""
    goal = folder / name
    if goal.name != name:
        said = Said("文件名通向文件夹之外", "the name of the file leads out of the folder")
        raise InputError(Problem(said, str(folder), value=name))
    return goal


def _check_company(folder: Path, by: str, *, alone: bool) -> None:
    """See that what must lie alone does, and that old copies go nowhere else."""
    for manifest in folder.glob(_MANIFEST.format(by="*")):
        others = manifest.name != _MANIFEST.format(by=by) and _load(manifest)
        if others and (alone or others.get("alone")):
            said = Said(
                "文件夹里另有结果，与隐去小数目的材料放在一起可以互相推算；请另选 --out",
                "other results lie in the folder: beside a brief that keeps something back they "
                "tell what it is; choose another --out",
            )
            raise InputError(Problem(said, str(folder)))
    kept = folder / REPLACED
    if kept.is_symlink():
        said = Said("是通向别处的链接，请移走", "it is a link that leads elsewhere: move it away")
        raise InputError(Problem(said, str(kept)))


def _settle(
    stage: Path, folder: Path, by: str, others: Others, *, alone: bool = False
) -> list[Said]:
    """Put the files of the stage into the folder; says what was replaced or left."""
    names = sorted(path.name for path in stage.iterdir())
    _refuse_others(folder / name for name in names)
    manifest = _MANIFEST.format(by=by)
    own, new = _read(folder / manifest), {name: file_digest(stage / name) for name in names}
    standing = {n: d for n, d in own.items() if n not in new and (folder / n).exists()}
    stale = [n for n in standing if others == "away" and _is_own(folder / n, by)]
    leaving = [n for n in names if (folder / n).exists() and file_digest(folder / n) != new[n]]
    kept = _places_to_keep(folder, [*leaving, *stale])
    moved = {folder / name: place for name, place in kept.items() if place or name in stale}
    record = {name: digest for name, digest in standing.items() if name not in stale} | new
    about: dict[str, object] = {"by": _MARK, "files": record} | ({"alone": True} if alone else {})
    text = json.dumps(about, indent=1, sort_keys=True)
    (stage / manifest).write_text(text + "\n", encoding="utf-8")
    exchange(stage.parent, {folder / name: stage / name for name in (*names, manifest)}, moved)
    notes = _replaced(folder, {name: place for name, place in kept.items() if place})
    left = [name for name in standing if name not in stale]
    if left and others == "said":
        listed = _listed(left)
        notes.append(
            Said(
                f"{folder} 中这次没有写的文件保持原样：{listed}",
                f"files in {folder} that were not written this time stay as they are: {listed}",
            )
        )
    return notes


def _places_to_keep(folder: Path, names: Iterable[str]) -> dict[str, Path | None]:
    """Where what stands under each name goes; `None` where the same content is kept already."""
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")  # noqa: DTZ005 -- the user's own clock
    aside, found = folder / REPLACED, {}
    for name in names:
        goal = folder / name
        like = aside.glob(f"*{goal.suffix}") if aside.is_dir() else ()
        same = any(
            place.name.startswith(f"{goal.stem}-") and file_digest(place) == file_digest(goal)
            for place in like
        )
        found[name] = None if same else free(aside / f"{goal.stem}-{stamp}{goal.suffix}")
    return found


def _replaced(folder: Path, kept: Mapping[str, Path]) -> list[Said]:
    if not kept:
        return []
    if len(kept) == 1:
        name, place = next(iter(kept.items()))
        said = Said(
            f"{folder / name} 原来的内容存在 {place}，要恢复就把它复制回来",
            f"what {folder / name} held before is kept as {place}: copy it back to restore it",
        )
    else:
        stamp = next(iter(kept.values())).stem[-15:]
        said = Said(
            f"换下的 {len(kept)} 个旧文件存在 {folder / REPLACED}（名称带 {stamp}），"
            "要恢复就复制回来",
            f"{len(kept)} files that were replaced are kept in {folder / REPLACED} (their names "
            f"hold {stamp}): copy them back to restore them",
        )
    return [said]


def _listed(names: list[str]) -> str:
    return "、".join(names[:_SHOWN]) + ("…" if names[_SHOWN:] else "")


def _is_own(path: Path, by: str = "*") -> bool:
    """Whether nothing stands at `path`, or what this tool wrote, unchanged."""
    if path.is_symlink() or not path.exists():
        return not path.is_symlink()
    manifests = path.parent.glob(_MANIFEST.format(by=by))
    return path.is_file() and file_digest(path) in {_read(m).get(path.name) for m in manifests}


def _load(manifest: Path) -> dict[str, object]:
    """What a manifest of this tool says; empty for any other file."""
    try:
        data = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) and data.get("by") == _MARK else {}


def _read(manifest: Path) -> dict[str, str]:
    files = _load(manifest).get("files")
    return {str(k): str(v) for k, v in files.items()} if isinstance(files, dict) else {}
