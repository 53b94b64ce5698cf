"""Rows are joined by code: the order in which files name units changes no unit's figures."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import coverage as cov
from coverage.cli.main import main
from coverage.results.report import _shares
from helpers import run

if TYPE_CHECKING:
    from collections.abc import Callable

DATA = Path(__file__).parents[1] / "data"
CODE = "441800"
FILES = {
    f"units/{CODE}.csv": "units.csv",
    f"population/{CODE}.csv": "population/population.csv",
    f"facilities/{CODE}.csv": "facilities.csv",
    f"boundaries/{CODE}-counties.geojson": "boundaries/counties.geojson",
    f"boundaries/{CODE}-townships.geojson": "boundaries/townships.geojson",
}


def _workspace(folder: Path, order: Callable[[list[Any]], list[Any]]) -> Path:
    """A workspace with the shipped files as its own, their rows in some order."""
    for source, goal in FILES.items():
        text = (DATA / source).read_text(encoding="utf-8-sig")
        if source.endswith(".csv"):
            head, *rows = text.splitlines(keepends=True)
            text = head + "".join(order(rows))
        else:
            layer = json.loads(text)
            layer["features"] = order(layer["features"])
            text = json.dumps(layer, ensure_ascii=False)
        (folder / goal).parent.mkdir(parents=True, exist_ok=True)
        (folder / goal).write_text(text, encoding="utf-8")
    return folder


def _shuffled(rows: list[Any]) -> list[Any]:
    return random.Random(len(rows)).sample(rows, len(rows))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Workspaces that hold the same in two orders."""
    made = []
    for name, order in (("as-it-is", list), ("shuffled", _shuffled)):
        folder = tmp_path_factory.mktemp(name) / "w"
        main(["init", str(folder), "--city", "清远"])
        made.append(_workspace(folder, order))
    return made[0], made[1]


_OF_THE_RUN = {"city", "record", "inputs", "seconds"}


def _by_code(value: Any) -> Any:
    """JSON with lists of rows as tables by code, and lists of codes in one order."""
    if isinstance(value, dict):
        return {k: _by_code(v) for k, v in value.items() if k not in _OF_THE_RUN}
    if isinstance(value, list):
        rows = [_by_code(one) for one in value]
        return sorted(rows, key=lambda r: json.dumps(r, sort_keys=True))
    return value


@pytest.mark.parametrize(
    "command",
    [
        ("report",),
        ("circle", "--kind", "elder_care", "--minutes", "15"),
        ("site", "--kind", "meal_point", "--group", "60+", "--max-new", "1", "--profile", "drive"),
    ],
)
def test_the_order_of_rows_changes_nothing(
    capsys: pytest.CaptureFixture[str], two: tuple[Path, Path], command: tuple[str, ...]
) -> None:
    found = []
    for space in two:
        done = run(capsys, *command, "--workspace", str(space), "--format", "json")
        assert done.code == 0, done.err
        found.append(_by_code(json.loads(done.out.replace(str(space), "w"))))
    assert found[0] == found[1]


def test_results_that_know_other_counties_stand_in_their_own_rows() -> None:
    results = cov.assess(cov.City.load("清远")).results
    first, second, *_ = (r for r in results if len(r.counties) == 8)
    whole = {row[0]: row[1:] for row in _shares([first, second], "zh")}
    turned = replace(second, counties=tuple(reversed(second.counties)))
    assert {row[0]: row[1:] for row in _shares([first, turned], "zh")} == whole
    fewer = replace(second, counties=second.counties[3:])
    for gone in second.counties[:3]:
        whole[gone.name] = (whole[gone.name][0], "—")
    assert {row[0]: row[1:] for row in _shares([first, fewer], "zh")} == whole
    assert {row[0]: row[1:] for row in _shares([fewer, first], "zh")} == {
        name: (b, a) for name, (a, b) in whole.items()
    }


def test_a_report_after_points_of_some_counties(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    docs = DATA.parent / "docs"
    space = str(tmp_path / "w")
    assert run(capsys, "init", space, "--city", "清远").code == 0
    messy, villages = str(docs / "example-messy.csv"), str(docs / "example-villages.csv")
    assert run(capsys, "import", "facilities", messy, "--workspace", space).code in {0, 2}
    points = ("import", "population", villages, "--kind", "points", "--workspace", space)
    assert run(capsys, *points).code in {0, 2}
    done = run(capsys, "report", "--workspace", space)
    assert done.code == 0, done.err
    out = str(tmp_path / "o")
    brief = run(capsys, "brief", "--workspace", space, "--out", out, "--formats", "html,xlsx")
    assert brief.code == 0, brief.err
    data = json.loads((tmp_path / "o" / "result.json").read_text(encoding="utf-8"))
    (reach,) = (i for i in data["indicators"] if i["measure"] == "people_within")
    assert set(reach["shown"]["counties"]) == {c["code"] for c in reach["by_county"]}
    assert 0 < len(reach["by_county"]) < 8
