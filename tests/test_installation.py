"""What a plain install gives: every task works, a broken one is said, nothing needs POSIX."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCE = ROOT / "src" / "coverage"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# Modules whose distribution has another name, or that belong to another one.
DISTRIBUTION = {
    "docx": "python-docx",
    "pptx": "python-pptx",
    "branca": "folium",
}
# What the one optional extra brings.
OPTIONAL = {"pyarrow"}
POSIX = ("fcntl", "resource", "pwd", "grp", "termios")


def _wanted(names: list[str]) -> set[str]:
    return {re.split(r"[<>=!~\[; ]", name)[0].lower() for name in names}


def test_all_that_the_package_imports_is_a_default_dependency() -> None:
    """Also what comes with something else: an import of ours names what it stands on."""
    default = _wanted(PROJECT["dependencies"])
    found: dict[str, str] = {}
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            for name in names:
                found.setdefault(name.split(".")[0], str(path.relative_to(SOURCE)))
    own = {"coverage", *sys.stdlib_module_names} | OPTIONAL
    missing = {
        name: where
        for name, where in found.items()
        if name not in own and DISTRIBUTION.get(name, name).lower() not in default
    }
    assert not missing, f"imported and not among the dependencies: {missing}"


def test_the_extras_are_those_for_developers_and_for_one_format() -> None:
    assert set(PROJECT["optional-dependencies"]) == {"test", "parquet"}


def test_versions_installed_are_those_tested() -> None:
    """The tests run on what the README's commands install."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    tested = dict(line.split("==") for line in lines if "==" in line)
    assert len(tested) > 40
    if os.environ.get("COVERAGE_OTHER_VERSIONS"):
        pytest.skip("this run is to try other versions")
    other = {}
    for name, version in tested.items():
        try:
            there = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # of another Python
        if there != version:
            other[name] = f"{there}, tested {version}"
    assert not other


def _run(code: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, **(env or {})},
    )


def test_the_package_needs_nothing_of_posix() -> None:
    """Every module can be imported where only Windows' standard library is."""
    code = f"""
import importlib, pkgutil, sys
import pandas, geopandas, osmnx, matplotlib.figure, requests, folium  # their own business
for name in {POSIX!r}:
    sys.modules[name] = None
import coverage
for module in pkgutil.walk_packages(coverage.__path__, "coverage."):
    importlib.import_module(module.name)
"""
    done = _run(code)
    assert done.returncode == 0, done.stderr


def test_no_name_of_a_file_is_illegal_on_windows() -> None:
    """Neither in what ships nor in the names that the source spells out."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False
    ).stdout.decode()
    names = listed.split("\0") if listed else [str(p) for p in SOURCE.rglob("*")]
    illegal = re.compile(
        r'[<>:"|?*\x00-\x1f]|[ .]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)', re.IGNORECASE
    )
    bad = [name for name in names for part in Path(name).parts if illegal.search(part)]
    assert not bad


@pytest.mark.parametrize(
    ("module", "args"),
    [
        ("folium", ["map", "--city", "清远", "--out"]),
        ("openpyxl", ["init", "--city", "清远"]),
        ("highspy", ["site", "--city", "清远", "--kind", "elder_care", "--max-new", "1", "--out"]),
    ],
)
def test_a_broken_installation_is_said_in_one_sentence(
    module: str, args: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "made.html"
    code = f"""
import sys
sys.modules[{module!r}] = None
from coverage.cli.main import main
main({[*args, str(out)]!r})
"""
    done = _run(code)
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1
    assert module in done.stderr
    assert "pip install --upgrade facility-coverage" in done.stderr
    assert not out.exists()


def test_the_version_is_one_everywhere() -> None:
    import coverage

    cited = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (\S+)$", cited, re.MULTILINE)[1] == PROJECT["version"]  # type: ignore[index]
    assert coverage.__version__ == PROJECT["version"]


HOLES = tomllib.loads((ROOT / "tests" / "advisories.toml").read_text("utf-8"))["hole"]


@pytest.mark.parametrize("hole", HOLES, ids=lambda hole: hole["package"])
def test_no_library_has_a_published_hole(hole: dict[str, Any]) -> None:
    """Neither installed, nor pinned, nor allowed."""
    name, safe = hole["package"], Version(hole["safe"])
    assert hole["ids"], "each names its advisory"
    assert Version(importlib.metadata.version(name)) >= safe
    pins = (ROOT / "constraints.txt").read_text("utf-8").lower()
    pinned = re.search(rf"^{name}==(\S+)$", pins, re.MULTILINE)
    assert pinned is not None
    assert Version(pinned[1]) >= safe
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["parquet"]]
    for need in map(Requirement, wanted):
        if canonicalize_name(need.name) == name:
            (lowest,) = (part.version for part in need.specifier if part.operator == ">=")
            assert Version(lowest) >= safe
