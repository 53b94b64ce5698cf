"""One command on one spoilt file, each in a process of its own, and what must hold of it."""

from __future__ import annotations

import csv
import faulthandler
import hashlib
import os
import re
import resource
import shlex
import shutil
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from scripts.fuzzing.mutate import mutate, spoilt_words

if TYPE_CHECKING:
    from scripts.fuzzing.seeds import Kind

MOST_SECONDS = 10  # of the processor's time
MOST_WAITING = 300  # by the clock, on a machine that does other things as well
MOST_MB = 500
_MOST_SAID = 1 << 20
_WALL = 3 << 30  # of address space: the machine is to outlive a runaway
_COUNTS = re.compile(r"数据 ([\d,]+) \S+，接受 ([\d,]+)（其中更正 ([\d,]+)），退回 ([\d,]+)")
_HELD = re.compile(r"登记册设施数 ([\d,]+)")
_WARNING = re.compile(r"^.*\b\w+Warning: .*$", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """The file with this number of a kind; below 0 it is whole, one after the other."""

    kind: Kind
    seed: int
    number: int

    @property
    def line(self) -> str:
        """How it is run again."""
        only = shlex.quote(self.kind.name)
        return f"python scripts/fuzz.py --seed {self.seed} --only {only} --at {self.number}"


@dataclass
class Result:
    """How a run ended.

    Attributes:
        run: Which.
        code: Exit code, negative for a signal.
        seconds: Of the processor.
        mb: Most memory.
        said: What it printed.
        failure: What did not hold, empty if all did.
    """

    run: Run
    code: int
    seconds: float
    mb: float
    said: str
    failure: str = ""


@dataclass
class _Going:
    """A run that has not ended."""

    run: Run
    folder: Path
    before: dict[str, str]
    args: list[str]
    begun: float = field(default_factory=time.monotonic)


def run_all(runs: list[Run], *, jobs: int, keep: Path | None) -> list[Result]:
    """Run all, `jobs` at a time, and keep the inputs of those that fail."""
    _load()
    root = Path(tempfile.mkdtemp(prefix="fuzz-"))
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # `timeout` shall see the table too
    waiting, going, results = list(reversed(runs)), dict[int, _Going](), list[Result]()
    try:
        while waiting or going:
            while waiting and len(going) < jobs:
                one = _prepared(waiting.pop(), root / str(len(waiting)))
                going[_start(one)] = one
            pid, status, used = os.wait4(-1, 0)
            one = going.pop(pid)
            result = _judged(one, os.waitstatus_to_exitcode(status), used)
            results.append(result)
            if result.failure:
                print(f"{result.failure}\n    {one.run.line}", file=sys.stderr, flush=True)
                if keep is not None:
                    _keep(one, result, keep)
            shutil.rmtree(one.folder)
            if len(results) % 100 == 0:
                bad = sum(bool(r.failure) for r in results)
                print(f"{len(results)} of {len(runs)}, {bad} failed", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print(f"stopped after {len(results)} of {len(runs)}", file=sys.stderr)
    finally:
        for pid in going:
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(root, ignore_errors=True)
    return results


def _load() -> None:
    """What takes long to import, once: every process is a copy of this one."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ["COVERAGE_DEBUG"] = "1"
    import geopandas  # noqa: F401
    import networkx as nx  # noqa: F401
    import openpyxl  # noqa: F401
    import rasterio  # noqa: F401

    import coverage
    import coverage.cli.main

    for name in coverage.__all__:
        getattr(coverage, name)


def _prepared(run: Run, folder: Path) -> _Going:
    """The folder of a run, with its spoilt file and its workspace in it."""
    kind, rng = run.kind, Random(f"{run.seed} {run.kind.name} {run.number}")
    seed, command = rng.choice(kind.seeds), rng.choice(kind.commands)
    if run.number < 0:
        of, which = divmod(-run.number - 1, len(kind.commands))
        seed, command = kind.seeds[of], kind.commands[which]
    space = folder / "w"
    folder.mkdir()
    if kind.space is not None:
        shutil.copytree(kind.space, space)
    for other in kind.beside:
        shutil.copy(other, folder)
    goal = folder / seed.name
    if kind.at:
        goal = space / kind.at.format(seed.name)
    others = tuple(one.read_bytes() for one in kind.seeds[:5])
    raw = seed.read_bytes()
    if run.number >= 0 and not kind.words:
        raw = mutate(raw, seed.suffix, rng, others)
    goal.parent.mkdir(parents=True, exist_ok=True)
    goal.write_bytes(raw)
    args = [word.replace("@", goal.name) for word in shlex.split(command)]
    if kind.words and run.number >= 0:
        args = spoilt_words(args, rng)
    return _Going(run, folder, _digests(space), args)


def _start(one: _Going) -> int:
    """Run it in a copy of this process."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 99
    try:
        os.chdir(one.folder)
        for number, name in ((1, ".out"), (2, ".err")):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT), number)
        resource.setrlimit(resource.RLIMIT_FSIZE, (_WALL, _WALL))
        resource.setrlimit(resource.RLIMIT_AS, (_WALL, _WALL))
        resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS + 2))
        faulthandler.enable()
        faulthandler.register(signal.SIGXCPU, chain=True)
        faulthandler.dump_traceback_later(MOST_WAITING, exit=True)
        from coverage.cli.main import main

        main(one.args)
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 98
    except BaseException:  # noqa: BLE001 -- a traceback is what is looked for
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _judged(one: _Going, code: int, used: resource.struct_rusage) -> Result:
    out, err = (_read(one.folder / name) for name in (".out", ".err"))
    seconds, mb = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    made = Result(one.run, code, seconds, mb, f"$ coverage {shlex.join(one.args)}\n{out}{err}")
    made.failure = _failure(one, made, err)
    return made


def _read(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_MOST_SAID).decode("utf-8", "replace")


def _failure(one: _Going, made: Result, err: str) -> str:
    """What does not hold, in words that are the same for the same fault."""
    replayed = one.args[0] == "replay" and made.code == 1
    if "most recent call" in err or made.code < 0 or not (made.code in {0, 2} or replayed):
        places = re.findall(r'File ".*/src/coverage/(.*)", line (\d+)', err)
        at = places[0 if "most recent call first" in err else -1] if places else ("?", "0")
        lines = [
            line
            for line in err.splitlines()
            if re.match(r"[\w.]+(Error|Exception|Interrupt|Warning)\b", line)
        ]
        return f"ended with {made.code} at {at[0]}:{at[1]} {(lines or [''])[-1][:100]}"
    if made.seconds > MOST_SECONDS or made.mb > MOST_MB:
        return f"took more than {MOST_SECONDS} s or {MOST_MB} MB"
    if warning := _WARNING.search(err):
        return f"warned: {warning[0].rpartition('/')[2][:120]}"
    if made.code == 2 and (not err.strip() or _digests(one.folder / "w") != one.before):
        return "refused without a word, or with the workspace changed"
    return _sums(made.said, one.folder / "w" / "facilities.csv")


def _digests(space: Path) -> dict[str, str]:
    """What lies in a workspace, but for the reports on imports, which tell of refusals too."""
    return {
        path.relative_to(space).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(space.rglob("*"))
        if path.is_file() and "intake" not in path.relative_to(space).parts
    }


def _sums(said: str, register: Path) -> str:
    """Whether an import accounts for each row, and the register holds what it says."""
    if counts := _COUNTS.search(said):
        rows, taken, corrected, rejected = (int(n.replace(",", "")) for n in counts.groups())
        if rows != taken + rejected or corrected > taken:
            return "rows are not those accepted and rejected"
    if (held := _HELD.search(said)) and "已写入 facilities.csv" in said:
        with register.open(encoding="utf-8-sig", newline="") as file:
            try:
                rows = sum(1 for _ in csv.DictReader(file))
            except csv.Error as error:
                return f"the register cannot be read any more: {error}"
        if rows != int(held[1].replace(",", "")):
            return "the register does not hold what was said"
    return ""


def _keep(one: _Going, made: Result, keep: Path) -> None:
    goal = keep / f"{one.run.kind.name.replace(' ', '-')}-{one.run.seed}-{one.run.number}"
    shutil.rmtree(goal, ignore_errors=True)
    shutil.copytree(one.folder, goal)
    (goal / "repeat.txt").write_text(
        f"{one.run.line}\n{made.failure}\n{made.said}", encoding="utf-8"
    )
