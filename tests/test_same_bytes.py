"""The same input and day give the same bytes: every command that writes, run twice as users run it.

The two processes differ in what must not matter: the hour, the order of sets, the time zone and
the language of the machine, and the folder.
"""

from __future__ import annotations

import io
import os
import re
import sqlite3
import subprocess
import sys
import time
import zipfile
from contextlib import closing
from datetime import date
from pathlib import PurePath
from typing import TYPE_CHECKING

import pytest
from openpyxl import load_workbook

from coverage.alike import settle, today
from coverage.errors import InputError
from helpers import centre, write_register

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

_EPOCH = "1735776000"  # 2025-01-02
_DIFFERENT = (
    {"PYTHONHASHSEED": "1", "TZ": "Asia/Shanghai", "LC_ALL": "C.UTF-8"},
    {"PYTHONHASHSEED": "4242", "TZ": "America/Los_Angeles", "LC_ALL": "C"},
)
_SCENARIO = """name = "一处"
city = "珠山"
[[add]]
id = "n1"
name = "新中心"
kind = "elder_care"
township = "360203001"
services = ["全托"]
"""
_CARE = ("--city", "珠山", "--kind", "elder_care")
_COMMANDS: dict[str, list[tuple[str, ...]]] = {
    "brief": [("brief", "--city", "珠山", "--scenario", "s.toml", "--out", "o")],
    "protected": [
        (
            *("brief", "--workspace", "w", "--suppress-below", "10", "--mask-sensitive"),
            *("--lang", "en", "--date", "2024-05-06", "--formats", "docx,pptx,xlsx,html,gpkg"),
            *("--out", "o"),
        )
    ],
    "report": [("report", "--city", "珠山", "--out", "o")],
    "scenario": [("scenario", "run", "s.toml", "--out", "o")],
    "map": [
        (
            *("map", "--city", "珠山", "--scenario", "s.toml"),
            *(part for end in ("html", "png", "pdf", "svg") for part in ("--out", f"m.{end}")),
        )
    ],
    "circle": [
        ("circle", *_CARE, "--out", "c.gpkg"),
        ("circle", *_CARE, "--out", "c.geojson"),
        ("circle", *_CARE, "--format", "json"),
    ],
    "site": [
        (
            *("site", "--city", "珠山", "--indicator", "elder_care.integrated_township"),
            *("--out", "p.toml", "--picture", "p.png"),
        )
    ],
    "template": [("init", "n", "--city", "珠山")],
    "import": [("import", "facilities", "f.csv", "--workspace", "w")],
}


def _run(folder: Path, args: tuple[str, ...], env: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "coverage.cli.main", *args],
        cwd=folder,
        env={**os.environ, "SOURCE_DATE_EPOCH": _EPOCH, **env},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout.decode("utf-8", "replace")


def _written(folder: Path, name: str, env: dict[str, str]) -> dict[str, bytes]:
    """What commands write and print, by name."""
    folder.mkdir()
    write_register(folder / "f.csv", [centre(1, "360203001"), centre(2, "360203002")])
    (folder / "s.toml").write_text(_SCENARIO, encoding="utf-8")
    space = folder / "w"
    space.mkdir()
    text = '[city]\ncode = "360203"\nname = "珠山区"\nbase = "360203"\n'
    (space / "city.toml").write_text(text, encoding="utf-8")
    (space / "keep-secret.key").write_text("5a" * 32, encoding="ascii")
    before = set(folder.rglob("*"))
    printed = "".join(_run(folder, args, env) for args in _COMMANDS[name])
    found = {path for path in set(folder.rglob("*")) - before if path.is_file()}
    contents = {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
    if name == "import":  # its reports are named by the hour, which the ledger among them tells
        time.sleep(1 - time.time() % 1)  # two runs within one second would tell the same
        return {PurePath(path).suffix: content for path, content in contents.items()}
    # How long a search took is the run's own.
    printed = re.sub(r"\d+(\.\d+)?\s+(s\b|秒)", "…", printed)
    return {"": printed.encode(), **contents}


@pytest.mark.parametrize("name", _COMMANDS)
def test_two_runs_write_the_same_bytes(tmp_path: Path, name: str) -> None:
    first, second = (_written(tmp_path / env["TZ"][:4], name, env) for env in _DIFFERENT)
    assert len(first) > 1
    assert set(first) == set(second)
    differing = {path for path in first if first[path] != second[path]}
    assert differing == ({".json"} if name == "import" else set())


def test_the_day_is_the_one_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", _EPOCH)
    assert today() == date(2025, 1, 2)
    assert today(date(2024, 5, 6)) == date(2024, 5, 6)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "soon")
    with pytest.raises(InputError, match="SOURCE_DATE_EPOCH"):
        today()


def test_an_archive_inside_an_archive_bears_the_day_too(tmp_path: Path) -> None:
    from openpyxl import Workbook

    inner = io.BytesIO()
    Workbook().save(inner)
    path = tmp_path / "x.pptx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ppt/embeddings/chart.xlsx", inner.getvalue())
    settle(path, date(2024, 5, 6))
    with zipfile.ZipFile(path) as archive:
        chart = io.BytesIO(archive.read("ppt/embeddings/chart.xlsx"))
    for whole in (path, chart):
        with zipfile.ZipFile(whole) as archive:
            assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
    properties = load_workbook(chart).properties
    assert f"{properties.created:%F} {properties.modified:%F}" == "2024-05-06 2024-05-06"


def test_deleted_rows_of_a_layer_are_gone(tmp_path: Path) -> None:
    path = tmp_path / "x.gpkg"
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("CREATE TABLE t (name TEXT)")
        base.execute("PRAGMA secure_delete = OFF")
        base.execute("INSERT INTO t VALUES ('塘头村救助站')")
        base.commit()
        base.execute("DELETE FROM t")
    assert "塘头村救助站".encode() in path.read_bytes()
    settle(path, date(2024, 5, 6))
    assert "塘头村救助站".encode() not in path.read_bytes()
