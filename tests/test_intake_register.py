"""A second import beside the register of before: what it replaces, what stays, and the way back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import processes
from coverage.city import City
from coverage.intake.setup import create

if TYPE_CHECKING:
    from pathlib import Path

HOMES = "名称,类型,乡镇,床位数\n太和镇敬老院,敬老院,太和镇,80\n源潭镇敬老院,敬老院,源潭镇,60\n"
CEMETERIES = "名称,类型,乡镇\n太和公墓,公墓,太和镇\n"


@pytest.fixture
def space(tmp_path: Path) -> Path:
    """A workspace of 清远 with the two homes for older people as its register."""
    folder = create(tmp_path / "工作区", city=City.load("清远"))
    done = _import(folder, "养老.csv", HOMES)
    assert done.returncode == 0, done.stderr
    assert _names(folder) == ["太和镇敬老院", "源潭镇敬老院"]
    assert not (folder / "replaced").exists(), "there was nothing to replace"
    return folder


def _import(folder: Path, name: str, text: str, *more: str) -> processes.Ended:
    """Run the command line as a process, as a planner does."""
    path = folder.parent / name
    path.write_text(text, encoding="utf-8")
    return processes.run("import", "facilities", str(path), "--workspace", str(folder), *more)


def _names(folder: Path) -> list[str]:
    return sorted(f.name for f in City.open(folder).register.facilities)


def test_another_kind_is_added(space: Path) -> None:
    before = (space / "facilities.csv").read_bytes()
    done = _import(space, "公墓.csv", CEMETERIES)
    assert done.returncode == 0, done.stderr
    assert _names(space) == ["太和公墓", "太和镇敬老院", "源潭镇敬老院"]
    assert len({f.id for f in City.open(space).register.facilities}) == 3
    for said in ("登记册设施数 3", "这次导入 1", "换下原有 0", "保留原有 2"):
        assert said in done.stdout
    assert "养老服务机构（中心） 2" in done.stdout, "what stays is named by kind"
    (copy,) = (space / "replaced").iterdir()
    assert copy.read_bytes() == before
    assert f"replaced/{copy.name}" in done.stdout.replace("\n   ", "")
    newest = max((space / "intake").glob("*.json"), key=lambda p: p.stat().st_mtime_ns)
    record = json.loads(newest.read_text(encoding="utf-8"))
    assert record["totals"] == {"register": 3, "added": 1, "replaced": 0, "kept": 2}


def test_the_way_back_is_a_copy(space: Path) -> None:
    _import(space, "公墓.csv", CEMETERIES)
    (copy,) = (space / "replaced").iterdir()
    (space / "facilities.csv").write_bytes(copy.read_bytes())
    assert _names(space) == ["太和镇敬老院", "源潭镇敬老院"]


def test_a_new_list_of_a_kind_replaces_it(space: Path) -> None:
    _import(space, "公墓.csv", CEMETERIES)
    done = _import(space, "养老2026.csv", HOMES.replace("源潭镇敬老院", "源潭镇福利院"))
    assert _names(space) == ["太和公墓", "太和镇敬老院", "源潭镇福利院"]
    assert "这次导入 2" in done.stdout
    assert "换下原有 2" in done.stdout
    assert "保留原有 1" in done.stdout
    assert "新增 1，减少 1，变动 0" in done.stdout
    assert len(list((space / "replaced").iterdir())) == 2


def test_a_file_of_the_same_name_replaces_what_came_from_it(space: Path) -> None:
    """A kind that was wrong in the list is mended there, and does not stay as it was."""
    _import(space, "养老.csv", HOMES.replace("敬老院,敬老院", "敬老院,公墓"))
    assert {f.kind for f in City.open(space).register.facilities} == {"cemetery"}


def test_the_same_list_again_changes_nothing_and_keeps_no_copy(space: Path) -> None:
    before = (space / "facilities.csv").read_bytes()
    done = _import(space, "养老.csv", HOMES)
    assert done.returncode == 0
    assert (space / "facilities.csv").read_bytes() == before
    assert not (space / "replaced").exists()


def test_add_keeps_others_of_the_kind_and_takes_the_same_one_anew(space: Path) -> None:
    more = "名称,类型,乡镇,床位数\n太和敬老院,敬老院,太和镇,90\n洲心福利院,福利院,洲心街道,20\n"
    done = _import(space, "补充.csv", more, "--add")
    assert done.returncode == 0, done.stderr
    assert _names(space) == ["太和敬老院", "洲心福利院", "源潭镇敬老院"]
    assert "换下原有 1" in done.stdout


def test_replace_all_is_the_old_way(space: Path) -> None:
    done = _import(space, "公墓.csv", CEMETERIES, "--replace-all")
    assert _names(space) == ["太和公墓"]
    assert "保留原有 0" in done.stdout
    assert list((space / "replaced").iterdir())


def test_ids_that_both_lists_have_are_told_apart(space: Path) -> None:
    head = "编号,名称,类型,乡镇\n"
    _import(space, "养老.csv", f"{head}1,太和镇敬老院,敬老院,太和镇\n")
    done = _import(space, "公墓.csv", f"{head}1,太和公墓,公墓,太和镇\n", "--lang", "en")
    found = {f.id: f.name for f in City.open(space).register.facilities}
    assert found == {"1": "太和镇敬老院", "1-2": "太和公墓"}
    assert "1 corrected" in done.stdout


def test_a_register_that_cannot_be_read_is_not_dropped(space: Path) -> None:
    register = space / "facilities.csv"
    broken = register.read_text(encoding="utf-8-sig").replace("441803102", "999999999")
    register.write_text(broken, encoding="utf-8")
    done = _import(space, "公墓.csv", CEMETERIES)
    assert done.returncode == 2
    assert "--replace-all" in done.stderr
    assert register.read_text(encoding="utf-8") == broken
    assert _import(space, "公墓.csv", CEMETERIES, "--replace-all").returncode == 0
    (copy,) = (space / "replaced").iterdir()
    assert copy.read_text(encoding="utf-8") == broken


def test_the_register_that_the_workspace_names_is_the_one_written(space: Path) -> None:
    (space / "facilities.csv").rename(space / "登记册.csv")
    config = space / "city.toml"
    text = config.read_text(encoding="utf-8").replace(
        '# facilities = "facilities.csv"', 'facilities = "登记册.csv"'
    )
    config.write_text(text, encoding="utf-8")
    _import(space, "公墓.csv", CEMETERIES)
    assert _names(space) == ["太和公墓", "太和镇敬老院", "源潭镇敬老院"]
    assert not (space / "facilities.csv").exists()


def test_every_import_keeps_what_it_replaces(space: Path) -> None:
    """Not the register alone: a table of people of before stands beside, too."""
    table = space.parent / "人口.csv"
    goal = space / "population" / "population.csv"
    for people in (100, 200):
        before = goal.read_bytes() if goal.is_file() else b""
        table.write_text(f"区划代码,年份,总人口\n441803102,2020,{people}\n", encoding="utf-8")
        done = processes.run("import", "population", str(table), "--workspace", str(space))
        assert done.returncode == 0, done.stderr
    (copy,) = (goal.parent / "replaced").iterdir()
    assert copy.read_bytes() == before
    assert f"population/replaced/{copy.name}" in done.stdout.replace("\n   ", "")


def test_imports_side_by_side_keep_every_report(space: Path) -> None:
    (space.parent / "公墓.csv").write_text(CEMETERIES, encoding="utf-8")
    before = len(list((space / "intake").glob("*.json")))
    command = ("import", "facilities", str(space.parent / "公墓.csv"), "--workspace", str(space))
    running = [processes.start(*command) for _ in range(4)]
    assert [one.wait().returncode for one in running] == [0] * 4
    for suffix in ("json", "html", "xlsx"):
        reports = list((space / "intake").glob(f"*.{suffix}"))
        assert len(reports) == before + 4
        assert all(path.stat().st_size for path in reports)
