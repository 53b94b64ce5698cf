"""A fault at every file operation of a command, one at a time.

The command runs once in a child process. Before each of its file operations under the working
folder the child forks: the grandchild meets the fault there and goes on to its end, the child
waits, puts the folder back and goes on to the next operation. What a command computes before it
writes is so computed once, and some hundred faults take seconds.

`check` then judges what each fault left: the old state or the new one, stated rightly, from which
the next run succeeds. That run is a copy of this process too, which has everything imported.
"""

from __future__ import annotations

import builtins
import errno
import hashlib
import io
import json
import os
import pickle
import re
import shutil
import signal
import sys
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock

from coverage import atomic
from coverage.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable

# Over 400 in all, which three files share among the processes that test.
POINTS = {
    **dict.fromkeys(("init", "import facilities", "import population", "import plan"), 50),
    "import roads": 30,
    "rebase": 30,
    "report": 50,
    "brief": 50,
    "map": 30,
    "scenario": 50,
}
KINDS = ("kill", "ENOSPC", "EIO", "EACCES", "interrupt")
_PATCHED = ("open", "rename", "replace", "link", "unlink", "mkdir", "rmdir", "fsync", "chmod")
KILLED = 137


@dataclass(frozen=True)
class Point:
    """A fault and what came of it.

    Attributes:
        at: Which operation it was, from 1.
        what: Name of the operation, and of the file.
        kind: One of `KINDS`.
        code: How the command ended.
        said: What it printed on stderr.
        state: Folder with what was on the disk afterwards.
    """

    at: int
    what: str
    kind: str
    code: int
    said: str
    state: Path


def inject(args: list[str], root: Path, states: Path, points: int) -> list[Point]:
    """Run a command in `root` with faults spread evenly over its file operations.

    Args:
        args: Of the command line; paths relative to `root`.
        root: The folder; left as the undisturbed command leaves it.
        states: An empty folder for what each fault left; equal states are kept once.
        points: How many faults; the kinds take turns, and several meet one operation where there
            are fewer operations.
    """
    dry = states / "dry"
    shutil.copytree(root, dry)
    total = _in_a_child(_Injector(dry, states, Counter()), args, states / "dry.pickle")[0]
    shutil.rmtree(dry)
    chosen = Counter(1 + n * total // points for n in range(points))
    return _in_a_child(_Injector(root, states, chosen), args, states / "points.pickle")[1]


def _in_a_child(injector: _Injector, args: list[str], done: Path) -> tuple[int, list[Point]]:
    child = os.fork()
    if child == 0:
        injector.run(args, done)
    os.waitpid(child, 0)
    found: tuple[int, list[Point]] = pickle.loads(done.read_bytes())
    return found


def digest(folder: Path) -> str:
    """One text for everything in a folder, whatever its hidden folders are called."""
    rows, hidden = [], re.compile(r"\.coverage-\w+$")
    for path in sorted(folder.rglob("*")):
        parts = [hidden.sub(".stage", part) for part in path.relative_to(folder).parts]
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        rows.append(("/".join(parts), content))
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


class _Lock:
    """A lock that a fork does not break, for nobody else is there; its file is made as ever."""

    def __init__(self, path: Any, **_: Any) -> None:
        self.path, self.lock_file, self.lock_counter = Path(path), str(path), 1

    def acquire(self, **_: Any) -> None:
        self.path.touch()

    def release(self) -> None:
        pass

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


class _Injector:
    def __init__(self, root: Path, states: Path, chosen: Counter[int]) -> None:
        self.root, self.states, self.chosen = root.resolve(), states, chosen
        self.count, self.armed = 0, True
        self.points: list[Point] = []
        self.seen: dict[str, Path] = {}
        self.real = {name: getattr(os, name) for name in _PATCHED}
        self.real_open = io.open

    def run(self, args: list[str], done: Path) -> None:
        os.chdir(self.root)
        vars(filelock)["FileLock"] = _Lock
        for name in _PATCHED:
            setattr(os, name, self._counted(name))
        for module in (io, builtins):  # paths call the one, libraries the other
            vars(module)["open"] = self._opened
        code = 0
        sys.stdout = self.real_open(os.devnull, "w", encoding="utf-8")
        sys.stderr = self.real_open(os.devnull, "w", encoding="utf-8")
        try:
            main(args)
        except SystemExit as left:
            code = int(left.code or 0)
        except BaseException:  # noqa: BLE001 -- the test is told of it
            code = 1
            traceback.print_exc()
        if not self.armed:
            sys.stderr.flush()
            os._exit(code)
        self.armed = False
        assert code == 0, "undisturbed, the command works"
        done.write_bytes(pickle.dumps((self.count, self.points)))
        os._exit(0)

    def _counted(self, name: str) -> Callable[..., Any]:
        real = self.real[name]

        def call(*args: Any, **how: Any) -> Any:
            writes = name != "open" or (len(args) > 1 and args[1] & (os.O_WRONLY | os.O_RDWR))
            if self.armed and writes and self._mine(name, args[0]):
                self._fork(f"{name} {args[0]}")
            return real(*args, **how)

        return call

    def _opened(self, file: Any, mode: str = "r", *args: Any, **how: Any) -> Any:
        if self.armed and set(mode) & set("wax+") and self._mine("open", file):
            self._fork(f"write {file}")
        return self.real_open(file, mode, *args, **how)

    def _mine(self, name: str, path: Any) -> bool:
        if name == "fsync":
            return True
        if not isinstance(path, str | os.PathLike):
            return False
        return (Path.cwd() / path).is_relative_to(self.root)

    def _fork(self, what: str) -> None:
        self.count += 1
        for _ in range(self.chosen[self.count]):
            if self.armed:  # which a copy of the process that met its fault is not
                self._fork_once(what)

    def _fork_once(self, what: str) -> None:
        # Operations come in rounds, such as write, link, rename: each kind is to meet each of them.
        kind = KINDS[len(self.points) % len(KINDS)]
        self.armed = False
        before = self.states / "before"
        shutil.copytree(self.root, before, symlinks=True)
        said = self.states / "said.txt"
        child = os.fork()
        if child == 0:
            stream = self.real_open(said, "w", encoding="utf-8")
            sys.stderr = stream
            _meet(kind, stream)
            return  # unarmed: it goes on to the end of the command
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        told = said.read_text("utf-8")
        self.points.append(Point(self.count, what, kind, code, told, self._kept()))
        self._restore(before)
        shutil.rmtree(before)
        self.armed = True

    def _kept(self) -> Path:
        mark = digest(self.root)
        if mark not in self.seen:
            self.seen[mark] = self.states / f"state-{len(self.seen)}"
            shutil.copytree(self.root, self.seen[mark], symlinks=True)
        return self.seen[mark]

    def _restore(self, before: Path) -> None:
        """Put the folder back in place, its files the same inodes where nothing changed."""
        kept = {p.relative_to(before) for p in before.rglob("*")}
        for path in sorted(self.root.rglob("*"), reverse=True):
            if path.relative_to(self.root) not in kept:
                path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        for path in sorted(before.rglob("*")):
            goal = self.root / path.relative_to(before)
            if path.is_dir():
                goal.mkdir(exist_ok=True)
            elif not goal.exists() or goal.read_bytes() != path.read_bytes():
                goal.write_bytes(path.read_bytes())


def _meet(kind: str, stream: Any) -> None:
    if kind == "kill":
        stream.flush()
        os._exit(KILLED)
    if kind == "interrupt":
        signal.raise_signal(signal.SIGINT)
        return
    number = getattr(errno, kind)
    raise OSError(number, os.strerror(number))


def explain(point: Point) -> str:
    """A point in words, for a failing test."""
    return f"{point.kind} at operation {point.at} ({point.what}): exit {point.code}\n{point.said}"


def _visible(root: Path) -> dict[str, bytes]:
    """What people and other commands read: not hidden files, reports of imports, old copies."""
    found = {}
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        hidden = any(part.startswith(".") for part in parts)
        if path.is_file() and not hidden and not {"intake", "replaced"} & set(parts):
            found["/".join(parts)] = path.read_bytes()
    return found


def _is_whole(folder: Path) -> bool:
    """Whether the files that manifests name are as one of them says."""
    known: dict[Path, set[str]] = {}
    for manifest in folder.rglob(".coverage-*.json"):
        for name, found in json.loads(manifest.read_text("utf-8"))["files"].items():
            known.setdefault(manifest.parent / name, set()).add(found)
    return all(atomic.file_digest(path) in found for path, found in known.items())


def _recovered(state: Path, into: Path) -> dict[str, bytes]:
    """A state as the next command finds it."""
    shutil.rmtree(into, ignore_errors=True)
    shutil.copytree(state, into, symlinks=True)
    for folder in [into, *(p for p in into.rglob("*") if p.is_dir())]:
        if folder.is_dir():
            atomic.recover(folder)
    return _visible(into)


def _judge(point: Point, old: dict[str, bytes], names: set[str], into: Path) -> str:
    """Old or new; whether it was stated rightly."""
    found = _recovered(point.state, into)
    assert _is_whole(into), explain(point)
    state = "old" if found == old else "new"
    assert state == "old" or set(found) == names, f"neither old nor new: {explain(point)}"
    assert "Traceback" not in point.said, explain(point)
    if point.code == 0:
        assert state == "new", explain(point)
    elif point.code != KILLED:
        assert point.code in {2, 130}, explain(point)
        assert _visible(point.state) == found, f"whole only after a recovery: {explain(point)}"
        assert state == "old" or "written before that" in point.said, explain(point)
        assert point.said.strip(), explain(point)
    return state


def check(
    what: str, before: Callable[[Path], None], command: tuple[str, ...], folder: Path
) -> None:
    """See that after every fault the old state stands or the new one, and the next run succeeds.

    Args:
        what: Which of `POINTS`.
        before: Makes what is there when the command comes, in the folder that it is given.
        command: The command line, paths relative to that folder.
        folder: An empty one to work in.
    """
    root, states, into = folder / "root", folder / "states", folder / "again"
    root.mkdir()
    states.mkdir()
    before(root)
    old = _visible(root)
    found = inject(list(command), root, states, POINTS[what])
    assert len(found) == POINTS[what], "the command has a file operation for every kind of fault"
    names = set(_visible(root))
    assert _visible(root) != old, "the command changes something"
    assert {_judge(point, old, names, into) for point in found} == {"old", "new"}
    for state in {point.state for point in found if point.code != 0}:
        shutil.rmtree(into)
        shutil.copytree(state, into, symlinks=True)
        refused = what == "init" and (into / "w").exists()
        code, said = _run(command, into)
        assert code == (2 if refused else 0), said
        assert set(_visible(into)) == names
        assert _is_whole(into)


def _run(command: tuple[str, ...], folder: Path) -> tuple[int, str]:
    """How a command ends in a copy of this process, and what it says."""
    said = folder.with_name("said.txt")
    child = os.fork()
    if child == 0:
        os.chdir(folder)
        code = 99
        with (
            said.open("w", encoding="utf-8") as sys.stderr,
            Path(os.devnull).open("w", encoding="utf-8") as sys.stdout,
        ):
            try:
                main(list(command))
                code = 0
            except SystemExit as left:
                code = int(left.code or 0)
            except BaseException:  # noqa: BLE001 -- the test is told of it
                traceback.print_exc()
        os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code, said.read_text("utf-8")
