"""The notebooks of examples/ are valid, hold no outputs, and run cell by cell as they are typed."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))

# What a notebook does with a cell: run it, and show the value of its last expression.
_RUN = """
import ast, json, sys
known = {"__name__": "__main__"}
for source in json.load(open(sys.argv[1], encoding="utf-8")):
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), known)
    if last is not None:
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), known)
        html = value._repr_html_() if hasattr(value, "_repr_html_") else ""
        print(len(repr(value)), len(html or ""))
"""


def _cells(path: Path) -> list[dict[str, Any]]:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert set(notebook) == {"cells", "metadata", "nbformat", "nbformat_minor"}
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    cells: list[dict[str, Any]] = notebook["cells"]
    assert len({cell["id"] for cell in cells}) == len(cells)
    return cells


def test_there_are_three() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["before_after", "own_city", "siting"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_is_valid_and_small(path: Path) -> None:
    assert path.stat().st_size < 20_000
    for cell in _cells(path):
        assert cell["cell_type"] in {"markdown", "code"}
        assert all(isinstance(line, str) for line in cell["source"])
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
            ast.parse("".join(cell["source"]))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_the_cells_run(path: Path, tmp_path: Path) -> None:
    """In a process of their own and an empty folder, warnings shown and none of ours among them."""
    sources = ["".join(c["source"]) for c in _cells(path) if c["cell_type"] == "code"]
    (tmp_path / "cells.json").write_text(json.dumps(sources), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", _RUN, "cells.json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    shown = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    assert len(shown) >= 3
    assert all(html < 30_000 for _, html in shown)
    assert [p.name for p in tmp_path.iterdir()] == ["cells.json"], "nothing is left behind"
