"""The benchmark of a prefecture runs, at a size that takes seconds."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

sys.path.insert(0, str(ROOT / "benchmarks"))

import prefecture


@pytest.mark.slow
def test_commands_run_on_a_small_prefecture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prefecture.make(tmp_path, 0.005)
    wanted = ("import roads", "import facilities (pbf)", "import people, raster", "circle by car")
    jobs = [job for job in prefecture.JOBS if job.name.startswith(wanted)]
    costs = prefecture.measure(tmp_path, jobs)
    assert [cost.code for cost in costs] == [0] * len(jobs), capsys.readouterr().out
    assert all(cost.seconds > 0.1 and cost.megabytes > 20 for cost in costs)
    assert (tmp_path / "tables/roads/roads.npz").is_file()
    assert (tmp_path / "extract/roads/roads.osm.pbf").is_file()
    failed = prefecture.Cost("x", 1, 1, 1, 0, 2)
    dear = prefecture.Cost("x", 99, 99, 1, 0, 0)
    assert prefecture.broken(jobs[0], failed)
    assert prefecture.broken(jobs[0], dear)
