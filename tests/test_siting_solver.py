"""The solver behind its one door: silent on standard output, and never taken at its word."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from coverage.siting._solver import Clock, Mip, solve

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


BEST, GOOD = np.array([1.0, 1.0, 0.0]), np.array([1.0, 0.0, 1.0])  # 9 and 8


def _lie(info: Any, values: list[float], what: str) -> tuple[Any, list[float]]:
    """What is told and which values are given instead of the truth."""
    told = {
        "objective": float(info.objective_function_value),
        "bound": float(info.mip_dual_bound),
    }
    if what == "cheaper":  # as highspy 1.16.0 does with some starts
        told = {"objective": -11.0, "bound": -11.0}
    elif what == "no better":
        told, values = {"objective": -7.0, "bound": -7.0}, [1.0, 0.0, 0.0]
    elif what == "broken rule":
        told, values = {"objective": -12.0, "bound": -12.0}, [1.0, 1.0, 1.0]
    elif what == "half a site":
        told, values = {"objective": -9.5, "bound": -9.5}, [1.0, 0.5, 0.5]
    elif what == "out of bounds":
        told, values = {"objective": -10.0, "bound": -10.0}, [2.0, 0.0, 0.0]
    lie = SimpleNamespace(
        objective_function_value=told["objective"],
        mip_dual_bound=told["bound"],
        primal_solution_status=2,
    )
    return lie, values


def _liar(what: str, *, always: bool, asked: list[bool]) -> type:
    """A HiGHS that lies about what it found: always, or where it was given a start."""

    class Liar(highspy.Highs):  # type: ignore[misc, name-defined]
        started = False

        def setSolution(self, *given: Any) -> Any:  # noqa: N802
            self.started = True
            return super().setSolution(*given)

        def run(self) -> Any:
            asked.append(self.started)
            return super().run()

        def _told(self) -> tuple[Any, list[float]]:
            info, values = super().getInfo(), list(super().getSolution().col_value)
            if always or self.started:
                return _lie(info, values, what)
            return info, values

        def getInfo(self) -> Any:  # noqa: N802
            return self._told()[0]

        def getSolution(self) -> Any:  # noqa: N802
            return SimpleNamespace(col_value=self._told()[1], value_valid=True)

        def getModelStatus(self) -> Any:  # noqa: N802
            if what == "no answer" and (always or self.started):
                return highspy.HighsModelStatus.kInfeasible
            return super().getModelStatus()

    return Liar


LIES = ("cheaper", "no better", "broken rule", "half a site", "out of bounds", "no answer")


@pytest.mark.parametrize("what", LIES)
def test_a_solver_misled_by_its_start_is_asked_again_without(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(highspy, "Highs", _liar(what, always=False, asked=asked))
    found = solve(knapsack(), clock=Clock.of(None), start=GOOD)
    assert asked == [True, False]
    assert found.values is not None
    assert np.array_equal(np.round(found.values), BEST)
    assert (found.objective, found.bound, found.done) == (-9.0, -9.0, True)


@pytest.mark.parametrize("what", LIES)
@pytest.mark.parametrize("start", [None, GOOD, np.ones(3)], ids=["none", "good", "barred"])
def test_a_solver_that_contradicts_itself_proves_nothing(
    what: str, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(highspy, "Highs", _liar(what, always=True, asked=[]))
    found = solve(knapsack(), clock=Clock.of(None), start=start)
    if what in {"no answer", "no better"} and start is not GOOD:
        return  # nothing is known that it would contradict
    assert (found.bound, found.done) == (-np.inf, False)
    known = -8.0 if start is GOOD else np.inf
    assert found.objective == {"cheaper": -9.0, "no better": -5.0}.get(what, known)
    assert (found.values is None) == (found.objective == np.inf)


def test_an_honest_solver_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(highspy, "Highs", _liar("nothing", always=True, asked=asked))
    for start in (None, GOOD, np.ones(3), np.full(3, 0.5)):
        found = solve(knapsack(), clock=Clock.of(None), start=start)
        assert (found.objective, found.bound, found.done) == (-9.0, -9.0, True)
    assert len(asked) == 4
