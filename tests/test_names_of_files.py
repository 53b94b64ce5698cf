"""Names out of data that become names of files: none leads anywhere else."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

import processes
from coverage import atomic
from coverage.city import City
from coverage.errors import InputError
from coverage.intake.setup import create
from coverage.outputs import staged
from coverage.plans import load_plan
from coverage.scenarios.file import read
from coverage.settings import data_dir
from coverage.text import no_id
from coverage.workspace import read_workspace
from helpers import centre, write_register

if TYPE_CHECKING:
    from pathlib import Path

DATA = data_dir()
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
    plans = sorted((DATA / "plans").glob("*.toml"))
    assert plans
    assert all(load_plan(path).id for path in plans)


@pytest.mark.parametrize("id_", LEADING)
@pytest.mark.parametrize("where", ["[plan]", "[[indicator]]"])
def test_a_plan_with_an_id_that_leads_away_is_refused(tmp_path: Path, where: str, id_: str) -> None:
    text = next((DATA / "plans").glob("*.toml")).read_text(encoding="utf-8")
    head, mark, rest = text.partition(f"{where}\n")
    start = rest.index("id = ")
    bad = f"{head}{mark}{rest[:start]}id = '{id_}'{rest[rest.index(chr(10), start) :]}"
    path = tmp_path / "plan.toml"
    path.write_text(bad, encoding="utf-8")
    with pytest.raises(InputError, match="small letters"):
        load_plan(path)


@pytest.mark.parametrize("id_", [*LEADING, "S/1", "新院?"])
def test_a_scenario_with_an_id_that_leads_away_is_refused(tmp_path: Path, id_: str) -> None:
    path = tmp_path / "a.toml"
    path.write_text(
        f"name = '甲'\ncity = '360203'\n[[add]]\nid = '{id_}'\nname = '新院'\n"
        "kind = 'elder_care'\nlon = 117.2\nlat = 29.3\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="cannot name a file") as caught:
        read(path, City.load("珠山"))
    (problem,) = caught.value.problems
    assert (problem.file, problem.row) == ("a.toml", 3)
    assert problem.value
    assert problem.value[:50] == id_[:50]


def test_an_id_of_a_list_is_a_text_and_names_nothing(tmp_path: Path) -> None:
    """Licence numbers hold slashes, so they are taken; no file and no anchor is named by them."""
    ids = ("../../../escaped", "/etc/escaped", "nul", "C:\\escaped", "escaped" * 40)
    at = {"lon": 117.2, "lat": 29.3}
    rows = [centre(n, "360203001", id=id_, **at) for n, id_ in enumerate(ids)]
    register = write_register(tmp_path / "r.csv", rows)
    before = {p for p in tmp_path.rglob("*") if p.is_file()}
    for command, out in (("brief", "b"), ("report", "p"), ("map", "m.html"), ("circle", "c.gpkg")):
        goal = tmp_path / "one" / "two" / out
        more = {"brief": ("--formats", "html,xlsx,gpkg"), "circle": ("--kind", "elder_care")}
        args = ("--city", "珠山", "--facilities", str(register), "--out", str(goal))
        done = processes.run(command, *args, *more.get(command, ()))
        assert done.returncode == 0, done.stderr
    made = {p for p in tmp_path.rglob("*") if p.is_file()} - before
    assert all(p.is_relative_to(tmp_path / "one/two") for p in made)
    assert not any("escaped" in p.name or p.stem == "nul" for p in made)
    pages = [p.read_text("utf-8") for p in made if p.suffix == ".html"]
    assert pages
    anchors = {found for page in pages for found in re.findall(r'\bid="([^"]*)"', page)}
    assert not any("escaped" in one or one == "nul" for one in anchors)


@pytest.mark.parametrize("name", ["../../escaped", "/escaped", "a\\b", ".x", "con", "市" * 65])
def test_a_city_whose_name_leads_away_is_refused(tmp_path: Path, name: str) -> None:
    text = f"[city]\ncode = '441800'\nname = '{name}'\n"
    (tmp_path / "city.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="cannot name a file"):
        read_workspace(tmp_path)


def test_no_message_names_a_folder_that_is_gone(tmp_path: Path) -> None:
    goal = tmp_path / "w"
    line = ("init", str(goal), "--name", "../x", "--code", "360299")
    text = (DATA / "boundaries" / "360203-townships.geojson").read_text("utf-8")
    (tmp_path / "o.geojson").write_text(text.replace("360203", "360299"), encoding="utf-8")
    done = processes.run(*line, "--boundaries", str(tmp_path / "o.geojson"))
    assert done.returncode == 2
    assert f"{goal / 'city.toml'}, column city.name" in done.stderr
    assert atomic.STAGE not in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["o.geojson"]


@pytest.mark.parametrize("code", ["４４１８００", "٤٤١٨٠٠", "44180", "../../1"])
def test_a_city_whose_code_is_none_is_refused(tmp_path: Path, code: str) -> None:
    (tmp_path / "city.toml").write_text(f"[city]\ncode = '{code}'\nname = '甲'\n", "utf-8")
    with pytest.raises(InputError, match="must be six digits"):
        read_workspace(tmp_path)


@pytest.mark.parametrize("name", ["../x.csv", "/x.csv", "a/x.csv"])
def test_no_result_is_written_outside_its_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="leads out"), staged(tmp_path / "out", "x", names=[name]):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("place", ["facilities.csv", "population", "intake", "boundaries"])
def test_no_link_leads_out_of_a_workspace(tmp_path: Path, place: str) -> None:
    space, away = tmp_path / "w", tmp_path / "away"
    create(space, city=City.load("珠山"))
    away.mkdir()
    (away / "facilities.csv").write_text("secret\n", encoding="utf-8")
    if (space / place).is_dir():
        (space / place).rmdir()
    (space / place).symlink_to(away if "." not in place else away / place)
    listed = tmp_path / "l.csv"
    listed.write_text("名称,类型,乡镇\n甲养老服务中心,养老服务中心,石狮埠街道\n", encoding="utf-8")
    people = tmp_path / "p.csv"
    people.write_text("乡镇,60岁及以上\n石狮埠街道,1000\n", encoding="utf-8")
    kind = {"population": ("population", people, "--year", "2024")}.get(
        place, ("facilities", listed)
    )
    if place == "boundaries":
        outline = DATA / "boundaries" / "360203-townships.geojson"
        kind = ("boundaries", outline)
    done = processes.run("import", *map(str, kind), "--workspace", str(space))
    assert done.returncode == 2
    assert "outside the workspace" in done.stderr
    assert "secret" not in done.stderr + done.stdout
    assert [p.name for p in away.iterdir()] == ["facilities.csv"]


@pytest.mark.parametrize("link", ["replaced", "keep-secret.key", ".coverage.lock"])
def test_no_link_takes_or_gives_what_a_command_keeps(tmp_path: Path, link: str) -> None:
    space, away = tmp_path / "w", tmp_path / "away"
    create(space, city=City.load("珠山"))
    away.mkdir()
    (away / "x").write_text("aa" * 32, encoding="utf-8")
    listed = tmp_path / "l.csv"
    listed.write_text("名称,类型,乡镇\n甲养老服务中心,养老服务中心,石狮埠街道\n", encoding="utf-8")
    command = ["import", "facilities", str(listed), "--workspace", str(space)]
    assert processes.run(*command).returncode == 0
    if link == "keep-secret.key":
        told = ("--formats", "html", "--suppress-below", "5", "--out", str(tmp_path / "o"))
        command = ["brief", "--workspace", str(space), *told]
    listed.write_text(listed.read_text("utf-8").replace("甲", "乙"), encoding="utf-8")
    (space / link).symlink_to(away if link == "replaced" else away / "x")
    done = processes.run(*command)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert [p.read_text("utf-8") for p in away.iterdir()] == ["aa" * 32]
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    "journal",
    [
        {"files": [["away/new", ".coverage-x/half"]], "moved": []},
        {"files": [], "moved": [["away/x", None]]},
        {"files": [], "moved": [["away/x", "gone"]]},
        {"files": [["../new", ".coverage-x/half"]], "moved": []},
    ],
)
def test_a_journal_that_somebody_put_there_leads_nowhere(tmp_path: Path, journal: object) -> None:
    space, away = tmp_path / "w", tmp_path / "away"
    stage = space / ".coverage-x"
    stage.mkdir(parents=True)
    away.mkdir()
    (away / "x").write_text("secret", encoding="utf-8")
    (space / "away").symlink_to(away)
    for name, text in (("alive", ""), ("half", "evil"), ("journal.json", json.dumps(journal))):
        (stage / name).write_text(text, encoding="utf-8")
    atomic.recover(space)
    assert not stage.exists()
    assert [p.name for p in away.iterdir()] == ["x"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["away", "w"]


def test_no_link_takes_what_a_result_replaces(tmp_path: Path) -> None:
    out, away = tmp_path / "out", tmp_path / "away"
    away.mkdir()
    assert processes.run("report", "--out", str(out), "--city", "中山").returncode == 0
    (out / "replaced").symlink_to(away)
    done = processes.run("report", "--out", str(out), "--city", "珠山")
    assert done.returncode == 2
    assert "a link that leads elsewhere" in done.stderr
    assert not list(away.iterdir())


def test_a_command_writes_nothing_where_an_id_leads(tmp_path: Path) -> None:
    space = tmp_path / "w"
    create(space, city=City.load("珠山"))
    (space / "plan.toml").write_text(
        (DATA / "plans" / "360203.toml")
        .read_text("utf-8")
        .replace('id = "elder_care.', 'id = "../../../elder_care.', 1),
        encoding="utf-8",
    )
    out = tmp_path / "a/b/out"
    done = processes.run("report", "--workspace", str(space), "--out", str(out))
    assert done.returncode == 2
    assert "plan.toml" in done.stderr
    assert not list(tmp_path.rglob("*.csv"))


def test_a_path_of_a_thousand_folders_is_one_sentence(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d"] * 1900)
    with pytest.raises(InputError, match="cannot be written"), atomic.locked(deep):
        pass
    assert not list(tmp_path.iterdir())
