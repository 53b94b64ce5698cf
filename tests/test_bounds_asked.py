"""What is asked for has bounds, the same of every command: minutes, years, cells of circles."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import coverage as cov
from coverage.circles.polygons import service_circles
from coverage.clauses import MOST_MINUTES, unfit_minutes
from coverage.errors import InputError
from coverage.plans import load_plan
from coverage.profiles import load_profile
from coverage.settings import data_dir
from helpers import run

if TYPE_CHECKING:
    from pathlib import Path

CITY = ("--city", "珠山")
KIND = (*CITY, "--kind", "elder_care")
ASKING = {
    "circle": ("circle", *KIND, "--out", "{folder}/a.gpkg"),
    "map": ("map", *KIND, "--out", "{folder}/a.html"),
    "route": ("route", *KIND, "--from", "117.2,29.3"),
    "site": ("site", *KIND, "--target", ">=50"),
    "roads": ("roads", "circles", "360203", "--at", "117.2,29.3", "--out", "{folder}/a.png"),
    "scenario": ("scenario", "run", "{folder}/a.toml"),
    "check": ("scenario", "check", "{folder}/a.toml"),
}
SCENARIO = 'name = "甲"\ncity = "360203"\n'


def asked(
    capsys: pytest.CaptureFixture[str], folder: Path, command: str, *more: str
) -> tuple[int, str]:
    """The code and the last line of a command that is asked in English."""
    (folder / "a.toml").write_text(SCENARIO, encoding="utf-8")
    line = [part.format(folder=folder) for part in ASKING[command]]
    done = run(capsys, *line, *more, "--lang", "en")
    assert sorted(one.name for one in folder.iterdir()) == ["a.toml"]
    return done.code, done.err.strip().splitlines()[-1]


@pytest.mark.parametrize("command", ASKING)
@pytest.mark.parametrize("minutes", ["1e5", "1440.1", "0", "-15"])
def test_minutes_beyond_a_day_are_refused_by_every_command(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str, minutes: str
) -> None:
    code, said = asked(capsys, tmp_path, command, "--minutes", minutes)
    assert code == 2
    assert f"at most 1440 (a day), not {float(minutes):g}" in said


@pytest.mark.parametrize("minutes", [0.5, 15, MOST_MINUTES])
def test_minutes_of_a_day_are_taken(minutes: float) -> None:
    assert unfit_minutes(minutes) is None
    assert load_profile("older_walk").limit_s(minutes) == 60 * minutes


@pytest.mark.parametrize("minutes", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_of_minutes_is_refused(minutes: float) -> None:
    with pytest.raises(InputError, match="at most 1440"):
        cov.travel_time(cov.City.load("珠山"), minutes=minutes)


def test_plans_and_scenarios_are_held_to_the_same_minutes(tmp_path: Path) -> None:
    shipped = (data_dir() / "plans" / "441700.toml").read_text(encoding="utf-8")
    assert "minutes = 15" in shipped
    plan = tmp_path / "plan.toml"
    plan.write_text(shipped.replace("minutes = 15", "minutes = 15e4", 1), encoding="utf-8")
    with pytest.raises(InputError, match=r"at most 1440 .a day., not 150000"):
        load_plan(plan)
    path = tmp_path / "b.toml"
    path.write_text(SCENARIO + "[limit]\nminutes = 2000\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"at most 1440 .a day., not 2000") as caught:
        cov.compare(cov.City.load("珠山"), str(path))
    assert caught.value.problems[0].file == "b.toml"


def test_a_scenario_of_thousands_of_edits_is_refused(tmp_path: Path) -> None:
    one = '[[add]]\nname = "院{}"\nkind = "elder_care"\nlon = 117.2\nlat = 29.3\n'
    path = tmp_path / "b.toml"
    path.write_text(SCENARIO + "".join(map(one.format, range(1_001))), encoding="utf-8")
    with pytest.raises(InputError, match="there are 1,001 of them: a scenario holds 1,000"):
        cov.compare(cov.City.load("珠山"), str(path))


@pytest.mark.parametrize("key", ["max_access_m = 1e6", "detour = 1e25", "max_direct_m = 1e9"])
def test_numbers_of_a_profile_are_bounded(tmp_path: Path, key: str) -> None:
    path = tmp_path / "far.toml"
    path.write_text(
        'zh = "甲"\nen = "A"\nmode = "foot"\nsource = "made up"\n[speed]\ndefault = 1\n'
        f"[access]\nspeed = 1\n{key}\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="this must be 100000 or less"):
        load_profile(path)


@pytest.mark.parametrize("command", ["circle", "map", "site", "scenario", "check"])
@pytest.mark.parametrize(
    ("year", "why"),
    [
        ("-1", "not in the range 1900"),
        ("0", "not in the range 1900"),
        ("99999999", "not in the range 1900"),
        ("1999", "the year 1999"),
        ("2150", "the year 2150"),
    ],
)
def test_years_are_held_against_the_plan_by_every_command(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str, year: str, why: str
) -> None:
    code, said = asked(capsys, tmp_path, command, "--year", year)
    assert code == 2
    assert why in said


@pytest.mark.parametrize("year", ["1900", "2150"])
def test_people_are_counted_in_no_year_to_come(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, year: str
) -> None:
    assert run(capsys, "init", str(tmp_path / "w"), *CITY).code == 0
    table = tmp_path / "p.csv"
    table.write_text("乡镇,60岁及以上\n石狮埠街道,1000\n", encoding="utf-8")
    space = ("--workspace", str(tmp_path / "w"))
    done = run(capsys, "import", "population", str(table), "--year", year, *space)
    assert done.code == 2
    assert f"p.csv: 年份 {year} 不对 · {year} is no year up to today" in done.err
    assert not (tmp_path / "w/population").exists() or not list(
        (tmp_path / "w/population").iterdir()
    )


def test_a_year_that_is_meant() -> None:
    plan = cov.City.load("珠山").plan
    assert plan.chosen_year(None) == plan.end
    assert plan.chosen_year(plan.baseline_year) == plan.baseline_year
    assert plan.chosen_year(plan.end + 50, later=50) == plan.end + 50
    for year, later in ((plan.end + 1, 0), (plan.end + 51, 50), (plan.baseline_year - 1, 50)):
        with pytest.raises(InputError, match=f"the year {year}"):
            plan.chosen_year(year, later=later)


def test_a_lattice_too_fine_for_the_memory_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, said = asked(capsys, tmp_path, "circle", "--resolution", "0.5")
    assert (code, "too fine" in said) == (2, True)
    code, said = asked(capsys, tmp_path, "roads", "--minutes", "600", "--resolution", "10")
    assert code == 2
    assert said.endswith("takes cells of 20 m or more, not 10")


def test_a_large_circle_is_drawn_on_cells_that_its_picture_can_show(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []

    def seen(*args: object, step_m: float, **how: object) -> object:
        steps.append(step_m)
        return service_circles(*args, step_m=step_m, **how)  # type: ignore[arg-type]

    monkeypatch.setattr("coverage.reach.picture.service_circles", seen)
    for minutes in ("60", "600"):
        done = run(
            capsys,
            *(part.format(folder=tmp_path) for part in ASKING["roads"]),
            *("--minutes", minutes),
        )
        assert done.code == 0, done.err
    assert steps == [10, pytest.approx(28.8)]


def test_json_of_circles_keeps_the_year_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    done = run(capsys, "circle", *KIND, "--year", "2030", "--format", "json")
    assert json.loads(done.out)["year"] == 2030
