"""Inputs that once broke something: each ends in one sentence, and nothing has changed.

Some stand here in ``cases/safety``; all of them lie beside the repository, where there is any
shared data.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
from pathlib import Path

import pytest

import processes
from conftest import ROOT, SHARED

HERE = Path(__file__).parent / "cases" / "safety"
BESIDE = SHARED / "cases" / "safety"
# By a part of a file's name: what reads it. `@` is the file, `w` a workspace of the city.
COMMANDS = {
    "bnd-zip": ["import boundaries @ --workspace w"],
    "elev": ["circle --city 441800 --kind elder_care --minutes 5 --elevation @"],
    "ws-pop": ["report --workspace w", "circle --workspace w --kind elder_care --minutes 5"],
    "roads-osm": ["import roads @ --workspace w", "roads check @"],
    "prof": ["circle --city 441800 --kind elder_care --minutes 5 --profile @"],
    "replay": ["replay @"],
    "disguised": [
        "import facilities @ --workspace w",
        "import boundaries @ --workspace w",
        "import roads @ --workspace w",
        "import population @ --workspace w",
        "init new --name 新市 --code 441899 --boundaries @",
        "circle --city 441800 --kind elder_care --minutes 5 --barriers @",
        "circle --city 441800 --kind elder_care --minutes 5 --population @",
        "circle --city 441800 --kind elder_care --minutes 5 --roads @",
        "site --city 441800 --kind meal_point --max-new 1 --keep-out @",
        "site --city 441800 --kind meal_point --max-new 1 --keep-in @",
        "site --city 441800 --kind meal_point --max-new 1 --away @:100",
        "site --city 441800 --kind meal_point --max-new 1 --candidates @",
        "roads check @",
    ],
}
CASES = {
    path.name: path
    for folder in (BESIDE, HERE)
    if folder.is_dir()
    for path in sorted(folder.iterdir())
    if any(part in path.name for part in COMMANDS)
}


def _held(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "intake" not in path.parts
    }


@pytest.mark.parametrize("name", CASES)
def test_each_is_refused_in_plain_words(name: str, tmp_path: Path) -> None:
    assert processes.run("init", "w", "--city", "441800", cwd=tmp_path).returncode == 0
    shutil.copy(CASES[name], tmp_path / name)
    population = tmp_path / "w" / "population" / "population.csv"
    if "ws-pop" in name:
        population.parent.mkdir(exist_ok=True)
        shutil.copy(CASES[name], population)
    before = _held(tmp_path)
    shown = population.name if "ws-pop" in name else name
    for command in next(run for part, run in COMMANDS.items() if part in name):
        done = processes.run(*command.replace("@", name).split(), cwd=tmp_path)
        assert done.returncode == 2, (command, done)
        assert shown in done.stdout + done.stderr, (command, done)
        assert "Traceback" not in done.stderr
        assert "Warning" not in done.stderr
        assert _held(tmp_path) == before, command


def test_a_layer_that_points_elsewhere_asks_nobody(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        inner = f"/vsicurl/http://127.0.0.1:{port}/beacon.geojson"
        content = f"<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>{inner}"
        content += "</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
        (tmp_path / "disguised.geojson").write_text(content, encoding="utf-8")
        assert processes.run("init", "w", "--city", "441800", cwd=tmp_path).returncode == 0
        for command in COMMANDS["disguised"]:
            args = command.replace("@", "disguised.geojson").split()
            assert processes.run(*args, cwd=tmp_path).returncode == 2, command
        with pytest.raises(TimeoutError):
            server.accept()


DEEP = "x = " + "[" * 3_000 + "]" * 3_000
LONG = "x = " + "7" * 100_000


@pytest.mark.parametrize("content", [DEEP, LONG], ids=["deep", "long"])
@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("w/city.toml", "report --workspace w"),
        ("w/plan.toml", "report --workspace w"),
        ("x.toml", "scenario run x.toml --city 360203"),
        ("x.toml", "map --city 360203 --scenario x.toml --out m.png"),
        ("x.toml", "circle --city 360203 --kind elder_care --profile x.toml"),
        ("x.toml", "import facilities messy.csv --mapping x.toml --workspace w"),
    ],
)
def test_toml_without_end(name: str, command: str, content: str, tmp_path: Path) -> None:
    assert processes.run("init", "w", "--city", "360203", cwd=tmp_path).returncode == 0
    shutil.copy(ROOT / "docs" / "example-messy.csv", tmp_path / "messy.csv")
    (tmp_path / name).write_text(content, encoding="utf-8")
    done = processes.run(*command.split(), cwd=tmp_path)
    assert done.returncode == 2, done
    (line,) = done.stderr.splitlines()
    assert Path(name).name in line
    assert len(line) < 300


def test_points_in_a_workspace_of_a_city_are_read(tmp_path: Path) -> None:
    docs = ROOT / "docs"
    assert processes.run("init", "w", "--city", "清远", cwd=tmp_path).returncode == 0
    for args in (
        ["import", "facilities", str(docs / "example-messy.csv")],
        ["import", "population", str(docs / "example-villages.csv"), "--kind", "points"],
        ["report"],
    ):
        done = processes.run(*args, "--workspace", "w", cwd=tmp_path)
        assert done.returncode == 0, done


@pytest.mark.skipif(os.name == "nt", reason="ulimit is of POSIX")
@pytest.mark.parametrize(
    "command",
    [
        "import facilities messy.csv --workspace w",
        "circle --city 清远 --kind elder_care --minutes 5 --out x.gpkg",
        "map --city 清远 --out x.html",
    ],
)
def test_a_disk_that_is_full(command: str, tmp_path: Path) -> None:
    assert processes.run("init", "w", "--city", "清远", cwd=tmp_path).returncode == 0
    shutil.copy(ROOT / "docs" / "example-messy.csv", tmp_path / "messy.csv")
    before = _held(tmp_path)
    limits = processes.Limits(file_bytes=4 * 1024)
    done = processes.run(*command.split(), cwd=tmp_path, limits=limits)
    assert done.returncode == 2, done
    assert len(done.stderr.splitlines()) == 1
    assert _held(tmp_path) == before
