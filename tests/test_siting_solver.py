"""The solver behind its one door: it says nothing on standard output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from coverage.siting.mip import Clock, Mip, solve

if TYPE_CHECKING:
    from pathlib import Path

highspy = pytest.importorskip("highspy")

# As highspy 1.16.0 does: a greeting below Python's own standard output.
LOUD = """
import os, sys
import highspy

class Loud(highspy.Highs):
    def __init__(self):
        super().__init__()
        os.write(1, b"Running HiGHS: Copyright under MIT licence terms\\n")

highspy.Highs = Loud
from coverage.cli.main import main
main(sys.argv[1:])
"""


def knapsack() -> Mip:
    """The most of 5 + 4 + 3 that fits where 2 + 3 + 1 may come to 5: 9."""
    rows = csr_array(np.array([[2.0, 3.0, 1.0], [0.0, 1.0, 1.0]]))
    low, high = np.full(2, -np.inf), np.array([5.0, 1.0])
    values = np.array([-5.0, -4.0, -3.0])
    return Mip(values, np.zeros(3), np.ones(3), np.ones(3, dtype=bool), rows, low, high)


def test_json_on_standard_output_is_json_whatever_the_solver_says(tmp_path: Path) -> None:
    command = ("site", "--city", "清远", "--kind", "meal_point", "--group", "60+")
    done = subprocess.run(
        [sys.executable, "-c", LOUD, *command, "--max-new", "1", "--format", "json"],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1"},
        cwd=tmp_path,
        check=True,
    )
    assert json.loads(done.stdout)["result"]["new_sites"] == 1


def test_standard_output_is_put_back_even_after_a_failure(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Any:
        os.write(1, b"lost")
        raise MemoryError

    monkeypatch.setattr(highspy, "Highs", broken)
    with pytest.raises(MemoryError):
        solve(knapsack(), clock=Clock.of(None))
    os.write(1, b"kept")
    assert capfd.readouterr().out == "kept"


def test_without_any_standard_output_it_solves_too() -> None:
    code = (
        "import os, sys; sys.path.insert(0, sys.argv[1]); os.close(1); "
        "from test_siting_solver import *; "
        "sys.exit(0 if solve(knapsack(), clock=Clock.of(None)).objective == -9 else 1)"
    )
    here = os.path.dirname(__file__)  # noqa: PTH120
    assert subprocess.run([sys.executable, "-c", code, here], check=False).returncode == 0
