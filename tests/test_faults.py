"""Whatever fails at whatever file operation, what stands is the old state or the new one, whole."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from conftest import ROOT
from coverage import atomic
from coverage.cli.main import main
from faults import KILLED, Point, explain, inject

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")

DOCS = ROOT / "docs"
CITY = ("--city", "珠山")
REGISTER = "名称,类型,乡镇,床位数\n{}养老服务中心,养老服务中心,石狮埠街道,{}\n"
PEOPLE = "乡镇,60岁及以上\n石狮埠街道,{}\n新厂街道,900\n"


def _workspace(root: Path) -> None:
    """A workspace that has a register and people of its own."""
    at = ("--workspace", str(root / "w"))
    main(["init", str(root / "w"), *CITY])
    for name, beds, people in (("甲", 20, 1000), ("乙", 30, 2000)):
        (root / "list.csv").write_text(REGISTER.format(name, beds), encoding="utf-8")
        (root / "people.csv").write_text(PEOPLE.format(people), encoding="utf-8")
        if name == "甲":
            main(["import", "facilities", str(root / "list.csv"), *at])
            main(["import", "population", str(root / "people.csv"), "--year", "2024", *at])


def _a_list_of_then(root: Path) -> None:
    shutil.copy(ROOT / "data/facilities/442000.csv", root / "r.csv")


def _results(*command: str) -> Callable[[Path], None]:
    """Results of another city where the command will write."""

    def make(root: Path) -> None:
        at = [arg.replace("OUT", str(root / "out")) for arg in command]
        main([*at, "--city", "中山"])

    return make


SCENARIO = str(DOCS / "example-new-centres.toml")
REPORT = ("report", "--out", "OUT")
BRIEF = ("brief", "--formats", "xlsx,gpkg", "--out", "OUT")
MAP = ("map", "--out", "OUT/map.html")
_INTO = ("--workspace", "w")
# What is there before, and the command that meets the faults.
COMMANDS: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "init": (lambda _: None, ("init", "w", *CITY)),
    "import facilities": (_workspace, ("import", "facilities", "list.csv", *_INTO)),
    "import population": (
        _workspace,
        ("import", "population", "people.csv", "--year", "2024", *_INTO),
    ),
    "import plan": (_workspace, ("import", "plan", str(DOCS / "example-plan.csv"), *_INTO)),
    "rebase": (_a_list_of_then, ("rebase", "r.csv", "--city", "中山", "--out", "today.csv")),
    "report": (_results(*REPORT), ("report", *CITY, "--out", "out")),
    "brief": (_results(*BRIEF), ("brief", *CITY, "--formats", "xlsx,gpkg", "--out", "out")),
    "map": (_results(*MAP), ("map", *CITY, "--out", "out/map.html")),
    "scenario": (_results(*REPORT), ("scenario", "run", SCENARIO, "--out", "out")),
}
# Over 400 in all, as many as each command has operations to fail at.
POINTS = dict.fromkeys(COMMANDS, 50) | {"rebase": 30, "map": 30}


def test_enough_points_are_tried() -> None:
    assert sum(POINTS.values()) >= 400


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


@pytest.mark.slow
@pytest.mark.parametrize("what", COMMANDS)
def test_a_fault_at_every_file_operation(what: str, tmp_path: Path) -> None:
    before, command = COMMANDS[what]
    root, states = tmp_path / "root", tmp_path / "states"
    root.mkdir()
    states.mkdir()
    before(root)
    old = _visible(root)
    points = inject(list(command), root, states, POINTS[what])
    names = set(_visible(root))
    assert _visible(root) != old, "the command changes something"
    found = {_judge(point, old, names, tmp_path / "again") for point in points}
    assert found == {"old", "new"}
    for state in {point.state for point in points if point.code != 0}:
        again = tmp_path / "again"
        _recovered(state, again)
        run = [sys.executable, "-m", "coverage.cli.main", *command]
        done = subprocess.run(run, cwd=again, capture_output=True, text=True, check=False)
        refused = what == "init" and (state / "w").exists()
        assert done.returncode == (2 if refused else 0), done.stderr
        assert set(_visible(again)) == names
        assert _is_whole(again)
