"""Whatever the locale: Chinese names of cities and files work, or are refused in one sentence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest

from conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOCALES = {
    "posix": {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "c": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
    "gb18030": {"LC_ALL": "zh_CN.GB18030", "PYTHONUTF8": "0"},
    "gbk printed": {"LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "gbk"},
}
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="names are always Unicode there")


def _run(*args: str | bytes, cwd: Path, **env: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "coverage.cli.main", *args]
    everything = os.environ | env
    return subprocess.run(command, cwd=cwd, env=everything, capture_output=True, check=False)


def _bytes_in(locale: str) -> Callable[[str], bytes]:
    """What a person types, in the encoding of names there; UTF-8 where that knows no Chinese."""
    ask = [sys.executable, "-c", "import sys; print(sys.getfilesystemencoding())"]
    env = os.environ | LOCALES[locale]
    name = subprocess.run(ask, env=env, capture_output=True, text=True, check=True).stdout.strip()
    return partial(str.encode, encoding="utf-8" if name == "ascii" else name)


@pytest.mark.parametrize("locale", LOCALES)
def test_names_of_cities_and_files_are_chinese_in_every_locale(locale: str, tmp_path: Path) -> None:
    typed = _bytes_in(locale)
    register = os.fsencode(tmp_path) + b"/" + typed("登记册.csv")
    with open(register, "wb") as file:  # noqa: PTH123 -- a name of bytes
        file.write((ROOT / "data" / "facilities" / "441800.csv").read_bytes())
    given = ["--city", "清远", "--facilities", "登记册.csv", "--format", "json"]
    done = _run("report", *map(typed, given), cwd=tmp_path, **LOCALES[locale])
    assert done.returncode == 0, done.stderr.decode()
    assert '"清远市"' in done.stdout.decode("utf-8")
    given = ["--city", "清远", "--out", "结果"]
    done = _run("report", *map(typed, given), cwd=tmp_path, **LOCALES[locale])
    assert done.returncode == 0, done.stderr.decode()
    assert os.path.isfile(os.fsencode(tmp_path) + b"/" + typed("结果") + b"/report.json")  # noqa: PTH113


def test_names_in_another_encoding_are_refused_in_one_sentence(tmp_path: Path) -> None:
    name = "登记册.csv".encode("gbk")
    shutil.copy(ROOT / "data" / "facilities" / "441800.csv", tmp_path / os.fsdecode(name))
    wanted: list[list[str | bytes]] = [
        ["report", "--city", "清远".encode("gbk")],
        ["import", "facilities", name],
    ]
    for args in wanted:
        done = _run(*args, cwd=tmp_path, LC_ALL="C.UTF-8", COVERAGE_LANG="en")
        assert done.returncode == 2
        assert "is not in the encoding of this system" in done.stderr.decode("utf-8")
        assert "Traceback" not in done.stderr.decode("utf-8")


def test_without_fonts_a_map_says_so_at_most_once(tmp_path: Path) -> None:
    empty = tmp_path / "fonts"
    empty.mkdir()
    config = tmp_path / "fonts.conf"
    config.write_text(
        f"<fontconfig><dir>{empty}</dir><cachedir>{tmp_path}</cachedir></fontconfig>",
        encoding="utf-8",
    )
    nowhere = {
        "FONTCONFIG_FILE": str(config),
        "MPLCONFIGDIR": str(tmp_path / "mpl"),
        "LC_ALL": "C.UTF-8",
        "HOME": str(tmp_path),
    }
    done = _run("map", "--city", "清远", "--out", "m.png", cwd=tmp_path, **nowhere)
    assert done.returncode == 0, done.stderr.decode()
    said = done.stderr.decode("utf-8").splitlines()
    assert len(said) <= 3, said
    assert not any("findfont" in one or "Glyph" in one for one in said)


@pytest.mark.parametrize("encoding", ["gb18030", "gbk", "ascii"])
def test_a_terminal_is_written_to_in_its_own_encoding_if_that_knows_chinese(
    encoding: str, tmp_path: Path
) -> None:
    import pty

    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "coverage.cli.main", "cities"],
        stdout=theirs,
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "LC_ALL": "C.UTF-8"},
    )
    os.close(theirs)
    shown = bytearray()
    try:
        while part := os.read(ours, 1 << 16):
            shown += part
    except OSError:
        pass  # the other end of a terminal is gone
    os.close(ours)
    assert child.wait() == 0
    assert "清远市" in shown.decode("utf-8" if encoding == "ascii" else encoding)
