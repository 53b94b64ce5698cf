"""Nothing of a workspace is lost: importers killed in the middle, disks that are full."""

from __future__ import annotations

import errno
import os
import random
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from conftest import ROOT
from coverage.city import City
from coverage.intake.setup import create
from helpers import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest.importorskip("openpyxl")
resource = pytest.importorskip("resource")

DOCS = ROOT / "docs"
TOWNSHIPS = ROOT / "data" / "boundaries" / "441800-townships.geojson"
# Kills its own process at the n-th time that a file is complete (fsync) or renamed.
_FATAL = """
import os, pathlib, signal, sys
at, calls = int(sys.argv[1]), 0
def fatal(real):
    def call(*args, **kwargs):
        global calls
        calls += 1
        if calls == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)
    return call
os.fsync = fatal(os.fsync)
pathlib.Path.replace = fatal(pathlib.Path.replace)
from coverage.cli.main import main
main(sys.argv[2:])
"""
_SMALL = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
from coverage.cli.main import main
main(sys.argv[2:])
"""
IMPORTERS = ("facilities", "boundaries", "population", "people", "plan", "roads")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that has a file of every importer."""
    from coverage.roads.convert import write_graphml
    from coverage.roads.sources import load

    folder = tmp_path_factory.mktemp("safe")
    space = create(folder / "w", city=City.load("清远"))
    write_graphml(load("441800"), folder / "roads.graphml")
    return space


@pytest.fixture
def space(template: Path, tmp_path: Path) -> Path:
    shutil.copytree(template, tmp_path / "w")
    shutil.copy(template.parent / "roads.graphml", tmp_path / "roads.graphml")
    return tmp_path / "w"


def _args(what: str, space: Path) -> list[str]:
    files = {
        "facilities": DOCS / "example-messy.csv",
        "boundaries": TOWNSHIPS,
        "population": DOCS / "example-population.csv",
        "people": DOCS / "example-villages.csv",
        "plan": DOCS / "example-plan.csv",
        "roads": space.parent / "roads.graphml",
    }
    command = {"people": "population"}.get(what, what)
    return ["import", command, str(files[what]), "--workspace", str(space)]


def _data(space: Path) -> dict[str, bytes]:
    """Files that reports read: not the folder of reports, nor what a dead process left hidden."""
    return {
        str(path.relative_to(space)): path.read_bytes()
        for path in space.rglob("*")
        if path.is_file() and "intake" not in path.parts and not path.name.startswith(".")
    }


def _python(code: str, *args: str) -> int:
    command = [sys.executable, "-c", code, *args]
    return subprocess.run(command, capture_output=True, env=os.environ, check=False).returncode


@pytest.mark.parametrize("what", IMPORTERS)
def test_killed_between_any_two_files_every_file_is_old_or_new(what: str, space: Path) -> None:
    before = _data(space)
    args = _args(what, space)
    # Three reports and the data are written, then renamed: these steps are the dangerous ones.
    seen: list[dict[str, bytes]] = []
    for step in (1, 4, 5, 8):
        assert _python(_FATAL, str(step), *args) == -9, f"killed at step {step}"
        seen.append(_data(space))
    assert _python(_FATAL, "1000", *args) == 0, "and after all that it works"
    after = _data(space)
    assert after != before
    for found in seen:
        for name, content in found.items():
            assert content in (before.get(name), after.get(name)), f"half of {name}"
        assert before.keys() <= found.keys() | after.keys()
        lost = [n for n in before if n not in found]
        assert not lost, f"lost: {lost}"
    City.open(space).units  # noqa: B018 -- it can be read


@pytest.mark.parametrize("what", IMPORTERS)
def test_killed_at_random_the_workspace_is_whole(what: str, space: Path) -> None:
    before = _data(space)
    command = [sys.executable, "-m", "coverage.cli.main", *_args(what, space)]
    moments = random.Random(what)
    for _ in range(2):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moments.uniform(0.2, 2.0))
        process.kill()
        process.wait()
        found = _data(space)
        assert all(name in found for name in before)
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    after = _data(space)
    assert all(found[name] in (before.get(name), after[name]) for name in found)


@pytest.mark.parametrize("what", IMPORTERS)
def test_a_full_disk_leaves_everything_as_it_was(
    what: str, space: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {p: p.read_bytes() for p in space.rglob("*") if p.is_file()}
    real = os.fsync
    for number in (1, 2, 3, 4):
        calls = iter(range(1, 100))

        def full(handle: int, calls: Iterator[int] = calls, number: int = number) -> None:
            if next(calls) == number:
                raise OSError(errno.ENOSPC, "No space left on device")
            real(handle)

        monkeypatch.setattr(os, "fsync", full)
        done = run(capsys, *_args(what, space))
        assert done.code == 2, f"full at the {number}th file"
        assert "No space left on device" in done.err
        assert len(done.err.strip().splitlines()) == 1
        now = {p: p.read_bytes() for p in space.rglob("*") if p.is_file()}
        assert now == before
    monkeypatch.setattr(os, "fsync", real)
    assert run(capsys, *_args(what, space)).code == 0


@pytest.mark.parametrize("what", ["boundaries", "roads"])
def test_a_file_too_large_for_the_disk_is_refused(what: str, space: Path) -> None:
    """The system itself refuses the bytes, in the middle of the file."""
    before = {p: p.read_bytes() for p in space.rglob("*") if p.is_file()}
    assert _python(_SMALL, "65536", *_args(what, space)) == 2
    assert {p: p.read_bytes() for p in space.rglob("*") if p.is_file()} == before
