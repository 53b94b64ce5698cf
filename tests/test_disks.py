"""Real disks that are full or may only be read: one sentence, exit code 2, all as it was before.

Faults that are put in by hand (`faults.py`) meet what Python calls; GDAL and SQLite write by
themselves, and what they make of a disk that is full only a full disk shows.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import processes
from coverage.atomic import STAGE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CITY = ("--city", "珠山")
LIST = "名称,类型,乡镇\n{}养老服务中心,养老服务中心,石狮埠街道\n"
SCENARIO = """name = "甲"
city = "珠山"
[[add]]
name = "新养老服务中心"
kind = "elder_care"
township = "石狮埠街道"
lon = 117.2
lat = 29.3
"""
COMMANDS = {
    "init": ("init", "{disk}/new", *CITY),
    "import facilities": ("import", "facilities", "{away}/l.csv", "--workspace", "{disk}/w"),
    "import population": (
        *("import", "population", "{away}/p.csv", "--year", "2024", "--workspace", "{disk}/w"),
    ),
    "report": ("report", *CITY, "--out", "{disk}/report"),
    "brief": ("brief", *CITY, "--formats", "html,docx,xlsx,pptx,gpkg", "--out", "{disk}/brief"),
    "map html": ("map", *CITY, "--out", "{disk}/m.html"),
    "map png": ("map", *CITY, "--out", "{disk}/m.png", "--dpi", "60"),
    "scenario": ("scenario", "run", "{away}/s.toml", "--out", "{disk}/scenario"),
    "circle gpkg": ("circle", *CITY, "--kind", "elder_care", "--out", "{disk}/c.gpkg"),
    "circle geojson": ("circle", *CITY, "--kind", "elder_care", "--out", "{disk}/c.geojson"),
    "circles": (
        *("roads", "circles", "360203", "--at", "117.2,29.3", "--minutes", "30"),
        *("--out", "{disk}/r.png"),
    ),
}
LEFT = (0, 8, 32, 100)  # KiB that are left on the disk


def _mount(*args: str) -> bool:
    try:
        return subprocess.run(["mount", *args], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("space") / "w"
    assert processes.run("init", str(made), *CITY).returncode == 0
    return made


@pytest.fixture
def disk(tmp_path_factory: pytest.TempPathFactory, space: Path) -> Iterator[Path]:
    """A disk of its own, of 24 MiB, with a workspace on it."""
    if not sys.platform.startswith("linux"):
        pytest.skip("mounts as Linux does")
    place = tmp_path_factory.mktemp("disk")
    if not _mount("-t", "tmpfs", "-o", "size=24m", "tmpfs", str(place)):
        pytest.skip("mounting is not permitted here: it takes the rights of root")
    try:
        shutil.copytree(space, place / "w")
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def away(tmp_path: Path) -> Path:
    """What the commands read, on another disk."""
    (tmp_path / "l.csv").write_text(LIST.format("甲"), encoding="utf-8")
    (tmp_path / "p.csv").write_text("乡镇,60岁及以上\n石狮埠街道,1000\n", encoding="utf-8")
    (tmp_path / "s.toml").write_text(SCENARIO, encoding="utf-8")
    return tmp_path


def _tree(folder: Path) -> dict[str, str]:
    """Digest of every file and folder, what is hidden too."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "folder"
        for path in sorted(folder.rglob("*"))
        if path.name != "filler"
    }


def _fill(disk: Path, left_kib: int) -> None:
    """Leave so much room on a disk."""
    filler = disk / "filler"
    filler.unlink(missing_ok=True)
    room = shutil.disk_usage(disk).free - left_kib * 1024
    with filler.open("wb") as file:
        file.write(bytes(max(room, 0)))


def _line(what: str, disk: Path, away: Path) -> list[str]:
    return [part.format(disk=disk, away=away) for part in COMMANDS[what]]


def _refused(ended: processes.Ended) -> bool:
    """Whether a command ended as it must: with its result, or with one sentence."""
    if ended.returncode == 0:
        return False
    said = [line for line in ended.stderr.splitlines() if line.startswith("错误")]
    assert (ended.returncode, len(said)) == (2, 1), ended.stderr
    assert "Traceback" not in ended.stderr
    assert STAGE not in said[0]
    assert not any(word in said[0] for word in ("sqlite", "GDAL", "COMMIT", "database")), said
    return True


def _whole(path: Path) -> None:
    """What was written can be read."""
    import pyogrio

    if path.suffix in {".json", ".geojson"}:
        json.loads(path.read_text("utf-8"))
    if path.suffix in {".geojson", ".gpkg"}:
        for layer, _ in pyogrio.list_layers(path):
            pyogrio.read_dataframe(path, layer=layer)


@pytest.mark.parametrize("what", COMMANDS)
def test_a_full_disk_changes_nothing(what: str, disk: Path, away: Path) -> None:
    before = _tree(disk)
    refusals = 0
    for left in LEFT:
        _fill(disk, left)
        ended = processes.run(*_line(what, disk, away), cwd=away)
        (disk / "filler").unlink()
        if _refused(ended):
            refusals += 1
            assert _tree(disk) == before, left
        else:
            break
    assert refusals
    if ended.returncode:
        ended = processes.run(*_line(what, disk, away), cwd=away)
    assert ended.returncode == 0, ended.stderr
    made = [path for path in disk.rglob("*") if str(path.relative_to(disk)) not in before]
    assert made
    for path in made:
        _whole(path)


@pytest.mark.parametrize("what", COMMANDS)
def test_a_disk_that_may_only_be_read_stays_as_it_is(what: str, disk: Path, away: Path) -> None:
    (away / "l.csv").write_text(LIST.format("乙"), encoding="utf-8")
    before = _tree(disk)
    assert _mount("-o", "remount,ro", str(disk))
    try:
        ended = processes.run(*_line(what, disk, away), cwd=away)
        seen = processes.run("check", "--workspace", str(disk / "w"), cwd=away)
    finally:
        assert _mount("-o", "remount,rw", str(disk))
    assert _refused(ended), ended.stdout
    assert "Read-only file system" in ended.stderr
    assert seen.returncode in {0, 1}, seen.stderr
    assert _tree(disk) == before


def test_a_report_over_a_workspace_that_may_only_be_read(disk: Path, away: Path) -> None:
    assert _mount("-o", "remount,ro", str(disk))
    try:
        ended = processes.run("report", "--workspace", str(disk / "w"), "--out", str(away / "out"))
    finally:
        assert _mount("-o", "remount,rw", str(disk))
    assert ended.returncode == 0, ended.stderr
    assert (away / "out").is_dir()


@pytest.mark.parametrize("size_kib", range(4, 40, 4))
def test_layers_are_whole_or_not_there_however_much_room_is_left(
    disk: Path, away: Path, size_kib: int
) -> None:
    """GDAL does not say of every format at once that a disk was full."""
    goals = [away / "a.geojson", disk / "x.geojson"]
    _fill(disk, size_kib)
    for goal in goals:
        line = ("circle", *CITY, "--kind", "elder_care", "--minutes", "15,30", "--out", str(goal))
        ended = processes.run(*line, cwd=away)
        _refused(ended)
    if goals[1].exists():
        assert goals[1].read_bytes() == goals[0].read_bytes().replace(b'"a"', b'"x"')
