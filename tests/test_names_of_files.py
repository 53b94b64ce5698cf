"""Names out of data that become names of files: none leads anywhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from coverage.errors import InputError
from coverage.outputs import staged
from coverage.plans import load_plan
from coverage.settings import data_dir
from coverage.text import no_id
from coverage.workspace import read_workspace

if TYPE_CHECKING:
    from pathlib import Path

LEADING = [
    "../../../escaped",
    "/etc/x",
    "a/b",
    "a\\b",
    "..",
    ".x",
    "con",
    "nul.csv",
    "C:x",
    "x" * 65,
]


@pytest.mark.parametrize("id_", [*LEADING, "Beds", "床位", "x\n", "x.", ""])
def test_what_is_no_id(id_: str) -> None:
    assert no_id(id_)


def test_the_shipped_plans_have_ids() -> None:
    plans = sorted((data_dir() / "plans").glob("*.toml"))
    assert plans
    assert all(load_plan(path).id for path in plans)


@pytest.mark.parametrize("id_", LEADING)
@pytest.mark.parametrize("where", ["[plan]", "[[indicator]]"])
def test_a_plan_with_an_id_that_leads_away_is_refused(tmp_path: Path, where: str, id_: str) -> None:
    text = next((data_dir() / "plans").glob("*.toml")).read_text(encoding="utf-8")
    head, mark, rest = text.partition(f"{where}\n")
    start = rest.index("id = ")
    bad = f"{head}{mark}{rest[:start]}id = '{id_}'{rest[rest.index(chr(10), start) :]}"
    path = tmp_path / "plan.toml"
    path.write_text(bad, encoding="utf-8")
    with pytest.raises(InputError, match="small letters"):
        load_plan(path)


@pytest.mark.parametrize("name", ["../../escaped", "/escaped", "a\\b", ".x", "con"])
def test_a_city_whose_name_leads_away_is_refused(tmp_path: Path, name: str) -> None:
    text = f"[city]\ncode = '441800'\nname = '{name}'\n"
    (tmp_path / "city.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="cannot name a file"):
        read_workspace(tmp_path)


@pytest.mark.parametrize("name", ["../x.csv", "/x.csv", "a/x.csv"])
def test_no_result_is_written_outside_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="leads out"), staged(tmp_path / "out", "x", names=[name]):
        pass
    assert not list(tmp_path.iterdir())
