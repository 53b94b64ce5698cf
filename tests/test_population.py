"""A population table in a workspace: rows of units the city has, with numbers that are numbers."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from conftest import ROOT
from helpers import run

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "unit_code,unit_name,level,group,year,people,provenance,source,note\n"
GOOD = "360203002,新村街道,township,all,2020,1200,published,,\n"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *[("unit_code", value) for value in ("{% for", "999999999", "36020", "²", "36020300²")],
        *[("level", value) for value in ("modelled", "county", "Township ")],
        *[
            ("people", value)
            for value in ("²", "modelled", "-1", "1e999", "NaN", "9" * 400, "9" * 12, "1.5")
        ],
        *[("year", value) for value in ("²", "modelled", "2020.5")],
    ],
)
def test_a_cell_that_means_nothing_is_named(
    column: str, value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = dict(zip(HEAD.strip().split(","), GOOD.strip().split(","), strict=True))
    space = _space(tmp_path, capsys, ",".join((cells | {column: value}).values()) + "\n")
    for args in (["report"], ["check"], ["circle", "--kind", "elder_care"]):
        done = run(capsys, *args, "--workspace", str(space), "--lang", "en")
        if args == ["check"] and done.code == 0:
            assert "population.csv" in done.out
            continue
        assert done.code == 2
        assert f"population.csv, row 2, column {column}" in done.err


def test_a_comma_between_thousands_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space = _space(tmp_path, capsys, GOOD.replace("1200", '"1,200"'))
    assert run(capsys, "report", "--workspace", str(space)).code == 0


@pytest.mark.parametrize("city", ["360203", "440700", "441700", "441800", "442000"])
def test_the_tables_that_ship_are_of_their_cities(
    city: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = ROOT / "data" / "population" / f"{city}.csv"
    space = _space(tmp_path, capsys, table.read_text(encoding="utf-8").partition("\n")[2], city)
    assert run(capsys, "report", "--workspace", str(space)).code == 0


def _space(
    folder: Path, capsys: pytest.CaptureFixture[str], rows: str, city: str = "360203"
) -> Path:
    space = folder / "w"
    assert run(capsys, "init", str(space), "--city", city).code == 0
    shutil.rmtree(space / "population", ignore_errors=True)
    (space / "population").mkdir()
    (space / "population" / "population.csv").write_text(HEAD + rows, encoding="utf-8")
    return space
