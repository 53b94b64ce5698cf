"""Likely ranges by draws: the same for the same seed, honest about what is known."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import coverage as cov
from coverage.assessment import assess, drawn
from coverage.briefs.request import Request
from coverage.briefs.writing import assessed
from coverage.draws.run import draws_of
from coverage.draws.sources import Pace, normalised
from coverage.draws.summary import Draws, SourceShare, among_worst, by_source
from coverage.errors import InputError
from coverage.intake.readiness import page
from coverage.profiles import load_profile

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.reach.service import ServiceTimes

CIRCLE = "elder_care.circle_15min"


@pytest.fixture(scope="module")
def times() -> ServiceTimes:
    return cov.travel_time(cov.City.load("清远"), minutes=15)


def test_the_same_seed_gives_the_same_numbers_and_another_others(times: ServiceTimes) -> None:
    first, again, other = (draws_of(times, "60+", n=12, seed=s).to_dict() for s in (3, 3, 4))
    assert first == again
    assert first["p50"] != other["p50"]


def test_draw_number_n_is_the_same_however_many_there_are(times: ServiceTimes) -> None:
    from coverage.draws.run import Drawing

    one, two = Drawing(times, "all", seed=5), Drawing(times, "all", seed=5)
    for n in (0, 7):
        two.draw(n)
    assert np.array_equal(one.draw(3).people_places.point, two.draw(3).people_places.point)


def test_a_report_bears_its_draws_in_json() -> None:
    report = drawn(assess(cov.City.load("清远"), indicators=[CIRCLE]), 20, 1)
    (row,) = _rows(report)
    found = row["draws"]
    assert found["n"] == 20
    assert found["p5"] <= found["p50"] <= found["p95"]
    assert found["bias"] == pytest.approx(float(row["value"]) - found["p50"], abs=0.01)
    shares = [part["share"] for part in found["by_source"].values()]
    assert sum(shares) == pytest.approx(1, abs=1e-3)
    assert list(found["by_source"]) == sorted(
        found["by_source"], key=lambda s: -found["by_source"][s]["points"]
    )


def _rows(report: cov.Report) -> list[dict[str, Any]]:
    from coverage.results.from_report import to_dict

    rows: list[dict[str, Any]] = to_dict(report)["indicators"]
    return rows


def test_without_draws_there_is_none() -> None:
    (row,) = _rows(assess(cov.City.load("清远"), indicators=[CIRCLE]))
    assert row["draws"] is None


def test_threads_change_no_byte() -> None:
    command = [
        *(
            sys.executable,
            "-c",
            "from coverage.cli.main import main; main()",
            "report",
            "--city",
            "清远",
            "--format",
            "json",
        ),
        *("--indicator", CIRCLE, "--draws", "10", "--seed", "9"),
    ]
    texts = [
        subprocess.run(
            command,
            capture_output=True,
            check=True,
            env={**os.environ, "OMP_NUM_THREADS": n, "OPENBLAS_NUM_THREADS": n},
        ).stdout
        for n in ("1", "2")
    ]
    assert texts[0] == texts[1]
    assert json.loads(texts[0])["indicators"][0]["draws"]["seed"] == 9


def test_totals_of_counties_stay() -> None:
    weight, county = np.array([3.0, 5.0, 2.0, 7.0]), np.array([0, 0, 1, 1])
    factor = normalised(np.array([2.0, 0.1, 5.0, 1.0]), weight, county)
    assert np.bincount(county, factor * weight) == pytest.approx([8.0, 9.0])


def test_what_is_known_is_not_drawn() -> None:
    walk, metres = load_profile("older_walk"), load_profile("standard_1000m")
    assert Pace.of(walk).roads == (1.0, 1.0)
    assert Pace.of(metres).own == (1.0, 1.0)
    low, high = Pace.of(load_profile("drive")).roads
    assert low < 1 < high


def test_shares_of_a_spread_add_up_and_a_source_that_changes_nothing_is_not_named() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 3, 4000), rng.normal(0, 4, 4000)
    found = by_source(a + b, {"b": a + np.roll(b, 1), "a": np.roll(a, 1) + b, "c": a + b})
    assert list(found) == ["b", "a"]
    assert found["a"].share == pytest.approx(9 / 25, abs=0.03)
    width = 2 * 1.645 * 5
    assert found["b"].points == pytest.approx(width * (1 - 3 / 5), abs=0.5)


def test_the_worst_ten_are_counted_by_draw() -> None:
    shares = np.tile(np.arange(20.0), (4, 1))
    shares[0, 10] = -1
    found = among_worst(shares, tuple(f"{i:02}" for i in range(20)))
    assert found["00"] == 1
    assert found["10"] == 0.25
    assert found["09"] == 0.75
    assert "11" not in found


@pytest.mark.parametrize(("n", "seed"), [(1, 1), (0, 1), (10**6, 1), (20, -1)])
def test_senseless_draws_are_refused(times: ServiceTimes, n: int, seed: int) -> None:
    with pytest.raises(InputError):
        draws_of(times, "all", n=n, seed=seed)


def _made(point: float, **by: float) -> Draws:
    parts = {name: SourceShare(0.5, points) for name, points in by.items()}
    return Draws(200, 1, point, 10.2, 12.4, 15.4, None, parts)


def test_a_planner_reads_a_range_a_bias_and_its_reason() -> None:
    low = _made(9.5, pace=2.0, facility_places=1.0).said
    assert low.zh == "约 10–15%（点值 9.5% 偏低：设施坐标不详；抽样 200 次，种子 1）"
    assert "is high" in _made(19.0, facility_places=1.0).said.en
    fair = _made(12.5).said
    assert "偏" not in fair.zh
    assert "±" not in low.zh + low.en + fair.zh + fair.en


def test_the_check_of_a_workspace_ranks_what_to_bring() -> None:
    lines = page(cov.City.load("清远"), "zh")
    head = next(n for n, line in enumerate(lines) if line.startswith("先补哪些数据"))
    points = [float(line.split("区间缩小 ")[1].split(" ")[0]) for line in lines[head + 1 :]]
    assert lines[head + 1].startswith("  1. ")
    assert points == sorted(points, reverse=True)
    assert len(points) >= 3


def test_a_circle_and_a_scenario_bear_their_draws(times: ServiceTimes) -> None:
    from coverage.draws.measure import draws_of_times
    from coverage.results import circles, scenario_data
    from coverage.scenarios.compare import compare
    from coverage.scenarios.likely import drawn as both

    found = circles.to_dict(times, draws=draws_of_times(times, 10, 1))["draws"]
    assert found["n"] == 10
    made = both(compare(cov.City.load("阳江"), "441700-home"), 10, 2)
    (access, *_) = scenario_data.to_dict(made)["scenarios"][0]["access"]
    assert access["draws"]["before"]["seed"] == access["draws"]["after"]["seed"] == 2
    assert any("实施前约" in note.zh for note in made.outcomes[0].notes)


def test_a_brief_that_keeps_figures_back_is_not_drawn(tmp_path: Path) -> None:
    request = Request(city="清远", draws=10, suppress_below=10)
    with pytest.raises(InputError, match="suppress-below"):
        assessed(request, tmp_path)
