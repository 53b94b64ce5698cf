"""Results never take the place of what a person wrote, and what they replace is kept."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import processes
from coverage import atomic
from coverage.errors import InputError
from coverage.outputs import check, one, staged

if TYPE_CHECKING:
    from coverage.messages import Said

FORBIDDEN = set('<>:"/\\|?*')  # in names of files on Windows


def write(folder: Path, files: dict[str, str], **how: object) -> list[Said]:
    told: list[Said] = []
    with staged(folder, "test", tell=told.append, **how) as stage:  # type: ignore[arg-type]
        for name, text in files.items():
            (stage / name).write_text(text, encoding="utf-8")
    return told


def standing(folder: Path) -> dict[str, str]:
    return {
        p.relative_to(folder).as_posix(): p.read_text(encoding="utf-8")
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name[0] != "."
    }


def test_what_is_replaced_is_kept_and_said(tmp_path: Path) -> None:
    assert write(tmp_path, {"a.csv": "1"}) == []
    (said,) = write(tmp_path, {"a.csv": "2"})
    (kept,) = (tmp_path / "replaced").iterdir()
    assert kept.read_text(encoding="utf-8") == "1"
    assert kept.suffix == ".csv"
    assert not FORBIDDEN & set(kept.name)
    assert str(kept) in said.zh
    assert str(kept) in said.en
    assert "复制回来" in said.zh
    # The same again replaces nothing, and what is kept already is not kept twice.
    assert write(tmp_path, {"a.csv": "2"}) == []
    write(tmp_path, {"a.csv": "1"})
    write(tmp_path, {"a.csv": "2"})
    kept_texts = sorted(p.read_text(encoding="utf-8") for p in (tmp_path / "replaced").iterdir())
    assert kept_texts == ["1", "2"]


@pytest.mark.parametrize("how", ["written by hand", "changed since", "a link", "a folder"])
def test_what_is_somebody_elses_is_never_touched(tmp_path: Path, how: str) -> None:
    goal = tmp_path / "a.csv"
    if how == "changed since":
        write(tmp_path, {"a.csv": "1"})
    if how == "a folder":
        goal.mkdir()
    elif how == "a link":
        (tmp_path / "elsewhere").write_text("mine", encoding="utf-8")
        goal.symlink_to(tmp_path / "elsewhere")
    else:
        goal.write_text("mine", encoding="utf-8")
    before = standing(tmp_path)
    for attempt in (lambda: check([goal]), lambda: write(tmp_path, {"a.csv": "2", "b.csv": "2"})):
        with pytest.raises(InputError, match=r"a\.csv") as caught:
            attempt()
        assert len(caught.value.problems) == 1
    assert standing(tmp_path) == before


def test_two_writers_in_one_folder_know_each_others_files(tmp_path: Path) -> None:
    with one(tmp_path / "a.csv", lambda _: None) as half:
        half.write_text("1", encoding="utf-8")
    write(tmp_path, {"b.csv": "1"}, others="away")
    assert set(standing(tmp_path)) == {"a.csv", "b.csv"}
    write(tmp_path, {"a.csv": "2"}, others="away")
    assert standing(tmp_path)["a.csv"] == "2"


def test_files_of_an_earlier_run_that_are_not_written_again(tmp_path: Path) -> None:
    write(tmp_path, {"a.csv": "1", "b.csv": "1", "c.csv": "1"})
    (tmp_path / "c.csv").write_text("mine", encoding="utf-8")
    (said,) = write(tmp_path, {"a.csv": "1"}, others="said")
    assert "b.csv" in said.zh
    write(tmp_path, {"a.csv": "1"}, others="away")
    left = standing(tmp_path)
    assert left.pop("c.csv") == "mine"
    assert left.pop("a.csv") == "1"
    assert [Path(name).parts[0] for name in left] == ["replaced"]
    # They come and go again, and are kept once.
    write(tmp_path, {"a.csv": "1", "b.csv": "1"})
    write(tmp_path, {"a.csv": "1"}, others="away")
    assert len(list((tmp_path / "replaced").iterdir())) == 1
    assert not (tmp_path / "b.csv").exists()


def test_a_folder_changes_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["a.csv", "b.csv", "c.csv"]
    write(tmp_path, dict.fromkeys(names, "1"))
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    real, calls = atomic._second_name, []

    def full_disk(goal: Path, stage: Path) -> Path | None:
        calls.append(goal)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        return real(goal, stage)

    monkeypatch.setattr(atomic, "_second_name", full_disk)
    with pytest.raises(InputError, match="No space"):
        write(tmp_path, dict.fromkeys(names, "2"))
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_nothing_is_left_of_a_run_that_failed(tmp_path: Path) -> None:
    goal = tmp_path / "new" / "a.csv"
    with pytest.raises(ZeroDivisionError), one(goal) as half:
        half.write_text(str(1 // 0), encoding="utf-8")
    assert list(tmp_path.iterdir()) == []


def test_the_example_that_ships_may_be_drawn_again() -> None:
    maps = Path(__file__).parents[1] / "maps"
    check(path for path in maps.iterdir() if path.suffix in {".html", ".png"})


# -- the command line ---------------------------------------------------------------------


REGISTER = "id,name,kind,unit_code\nf1,甲,elder_care,442000001\n"
COMMANDS = {
    "map": ("map", "--city", "中山", "--out", "out.html"),
    "the map's own place": ("map", "--city", "中山"),
    "site": (
        *("site", "--city", "清远", "--indicator", "elder_care.integrated_township"),
        *("--max-new", "1", "--time-limit", "5", "--out", "out.toml"),
    ),
    "the site's picture": (
        *("site", "--city", "清远", "--indicator", "elder_care.integrated_township"),
        *("--max-new", "1", "--time-limit", "5", "--picture", "out.png"),
    ),
    "rebase": ("rebase", "register.csv", "--city", "中山", "--out", "out.csv"),
    "circle": ("circle", "--city", "清远", "--kind", "elder_care", "--out", "out.gpkg"),
}
GOALS = {"the map's own place": "maps/中山.html"}


@pytest.mark.parametrize("what", COMMANDS)
def test_no_command_replaces_what_a_person_wrote(tmp_path: Path, what: str) -> None:
    args = COMMANDS[what]
    goal = tmp_path / GOALS.get(what, args[-1])
    goal.parent.mkdir(exist_ok=True)
    goal.write_text("mine", encoding="utf-8")
    (tmp_path / "register.csv").write_text(REGISTER, encoding="utf-8")
    done = processes.run(*args, "--lang", "zh", cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1
    assert goal.name in done.stderr
    assert "不覆盖" in done.stderr
    assert goal.read_text(encoding="utf-8") == "mine"


def test_a_command_keeps_what_it_replaces(tmp_path: Path) -> None:
    rows = {"1": REGISTER, "2": REGISTER.replace("甲", "乙")}
    for name, text in rows.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
        done = processes.run(
            *("rebase", f"{name}.csv", "--city", "中山", "--out", "out.csv", "--lang", "en"),
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stderr
    assert "copy it back" in done.stderr
    (kept,) = (tmp_path / "replaced").iterdir()
    assert "甲" in kept.read_text(encoding="utf-8")
    assert "乙" in (tmp_path / "out.csv").read_text(encoding="utf-8")


def test_a_brief_of_fewer_formats_leaves_the_other_documents(tmp_path: Path) -> None:
    for formats in ("html,xlsx", "html"):
        done = processes.run(
            *("brief", "--city", "中山", "--out", "out", "--formats", formats, "--lang", "zh"),
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "brief.xlsx").exists()
    assert "保持原样：brief.xlsx" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="the limit of a process is POSIX's")
@pytest.mark.parametrize("name", ["out.gpkg", "out.geojson", "out.csv"])
def test_a_disk_that_refuses_is_one_sentence(tmp_path: Path, name: str) -> None:
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "import geopandas as gpd, numpy as np\n"
        "from pathlib import Path\n"
        "from coverage.errors import InputError\n"
        "from coverage.outputs import one\n"
        "from coverage.reach.draw import write\n"
        "frame = gpd.GeoDataFrame({'n': range(3000)}, crs=4326,\n"
        "    geometry=gpd.points_from_xy(np.arange(3000) / 100, np.zeros(3000)))\n"
        "try:\n"
        "    with one(Path(sys.argv[1])) as half:\n"
        "        half.write_text('x' * 9000) if half.suffix == '.csv' else write(frame, half)\n"
        "except InputError as error:\n"
        "    print(error)\n"
        "    sys.exit(2)\n"
    )
    done = processes.run(str(tmp_path / name), code=code)
    assert done.returncode == 2, done.stderr
    assert done.stdout.startswith(f"{name}: 文件写不进去")
    assert list(tmp_path.iterdir()) == []
