"""Nothing of a workspace is lost: importers killed in the middle, disks that are full."""

from __future__ import annotations

import errno
import os
import random
import shutil
import time
from typing import TYPE_CHECKING

import pytest

import processes
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


def _everything(space: Path) -> dict[Path, bytes]:
    """Every file but the lock, which stays."""
    files = (p for p in space.rglob("*") if p.is_file() and p.name != ".coverage.lock")
    return {path: path.read_bytes() for path in files}


def _python(code: str, *args: str) -> int:
    return processes.run(*args, code=code).returncode


@pytest.mark.parametrize("what", IMPORTERS)
def test_killed_at_random_the_workspace_is_whole(what: str, space: Path) -> None:
    before = _data(space)
    command = _args(what, space)
    moments = random.Random(what)
    for _ in range(2):
        process = processes.start(*command)
        time.sleep(moments.uniform(0.02, 0.4))
        process.kill()
        process.wait()
        found = _data(space)
        assert all(name in found for name in before)
    assert processes.run(*command).returncode == 0
    after = _data(space)
    assert all(found[name] in (before.get(name), after[name]) for name in found)


@pytest.mark.parametrize("what", IMPORTERS)
def test_a_full_disk_leaves_everything_as_it_was(
    what: str, space: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _everything(space)
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
        now = _everything(space)
        assert now == before
    monkeypatch.setattr(os, "fsync", real)
    assert run(capsys, *_args(what, space)).code == 0


@pytest.mark.parametrize("what", ["boundaries", "roads"])
def test_a_file_too_large_for_the_disk_is_refused(what: str, space: Path) -> None:
    """The system itself refuses the bytes, in the middle of the file."""
    before = _everything(space)
    assert _python(_SMALL, "16384", *_args(what, space)) == 2
    assert _everything(space) == before
