"""How a run ends: whatever fails inside, one sentence, the exit code, and a file with the story."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import processes
from helpers import run

# Raises something out of the middle of a command, as a fault of the program would.
_FAULTY = """
import sys
import coverage.cli.browse as browse
from coverage.cli.main import main

def fail(*_, **__):
    {fault}

import coverage.units
coverage.units.all_cities = fail
browse.cities.callback = fail
main(["cities", "--lang", "{lang}"])
"""
FAULTS = {
    "def deep(n): return deep(n + 1)\n    deep(0)": "RecursionError",
    "raise MemoryError": "MemoryError",
    "raise OSError(71, 'Protocol error')": "OSError",
    "raise AssertionError": "AssertionError",
    "{}['x']": "KeyError",
}


def _run(code: str, cache: Path, **env: str) -> processes.Ended:
    return processes.run(code=code, env={"COVERAGE_CACHE": str(cache), **env})


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_sentence_and_a_file(fault: str, tmp_path: Path) -> None:
    done = _run(_FAULTY.format(fault=fault, lang="en"), tmp_path)
    (log,) = tmp_path.glob("fault-*.log")
    said = done.stderr.strip()
    assert done.returncode == 3, said
    assert "\n" not in said
    assert FAULTS[fault] in said
    assert str(log) in said
    story = log.read_text(encoding="utf-8")
    assert "Traceback" in story
    assert FAULTS[fault] in story


def test_where_no_file_can_be_written_the_sentence_names_the_line(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    done = _run(_FAULTY.format(fault="raise MemoryError", lang="zh"), blocked)
    assert done.returncode == 3
    assert "<string>:" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_developers_may_see_the_traceback(tmp_path: Path) -> None:
    code = _FAULTY.format(fault="raise AssertionError", lang="en")
    assert "Traceback" in _run(code, tmp_path, COVERAGE_DEBUG="1").stderr


def test_an_interrupted_run_says_so(tmp_path: Path) -> None:
    done = _run(_FAULTY.format(fault="raise KeyboardInterrupt", lang="en"), tmp_path)
    assert (done.returncode, done.stderr.strip()) == (130, "aborted")


@pytest.mark.parametrize(
    "command",
    [
        ["scenario", "run", "镇" * 300],
        ["report", "--city", "珠山", "--facilities", "x" * 300],
        ["report", "--workspace", "镇" * 300],
        ["circle", "--city", "珠山", "--kind", "elder_care", "--profile", "x" * 300 + ".toml"],
        ["circle", "--city", "珠山", "--kind", "elder_care", "--roads", "x" * 300 + ".osm"],
        ["circle", "--city", "珠山", "--kind", "elder_care", "--out", "x" * 300 + ".gpkg"],
        ["brief", "--city", "珠山", "--out", "x" * 300],
        ["init", "x" * 300, "--city", "珠山"],
        ["replay", "x" * 300],
    ],
)
def test_a_name_that_is_too_long_is_said(command: list[str], tmp_path: Path) -> None:
    done = processes.run(*command, cwd=tmp_path)
    assert done.returncode == 2, done
    assert done.stderr.count("错误") == 1, "one sentence, after the usage where options are wrong"
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", ["inf", "-inf", "nan", "1e999", "Infinity"])
@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("site --city 珠山 --kind elder_care --max-new 1", "--spacing"),
        ("site --city 珠山 --kind elder_care --max-new 1", "--budget"),
        ("circle --city 珠山 --kind elder_care", "--resolution"),
        ("circle --city 珠山 --kind elder_care", "--minutes"),
        ("route --city 珠山 --kind elder_care --minutes 5", "--from"),
    ],
)
def test_an_option_takes_no_endless_number(
    command: str, option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = f"117.2,{value}" if option == "--from" else value
    for lang in ("zh", "en"):
        done = run(capsys, *command.split(), option, given, "--lang", lang)
        assert done.code == 2
        assert option in done.err
        assert value in done.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("command", [["cities"], ["--version"], ["report", "--city", "珠山"]])
def test_output_that_cannot_be_printed_is_an_error(command: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "coverage.cli.main", *command],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            check=False,
        )
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "No space left" in done.stderr


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m coverage.cli.main report --city 清远 | head -1"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert "清远" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    "command",
    [
        ("circle", "--city", "清远", "--kind", "x" * 100_000),
        ("report", "--city", "y" * 100_000),
        ("site", "--city", "清远", "--max-new", "z" * 100_000),
    ],
)
def test_an_endless_word_is_no_endless_sentence(
    capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    done = run(capsys, *command)
    assert done.code == 2
    assert command[-1][:150] in done.err
    assert len(done.err) < 3000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SOURCE_DATE_EPOCH", "-99999999999999999999"),
        ("SOURCE_DATE_EPOCH", "soon"),
        ("COVERAGE_DATA", "/nowhere"),
    ],
)
@pytest.mark.parametrize("command", [("report", "--city", "珠山"), ("cities",)])
def test_what_the_environment_says_is_no_fault_of_the_program(
    name: str, value: str, command: tuple[str, ...]
) -> None:
    """Libraries read the day, too, and failed with it while they were imported."""
    done = processes.run(*command, env={name: value})
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"错误 error: {name}, value '{value}': ")


@pytest.mark.parametrize(
    ("option", "value", "why"),
    [
        *(("--timeout", bad, "1<=x<=3600") for bad in ("0", "-1", "1e9", "inf")),
        ("--timeout", "nan", "not a finite number"),
        ("--timeout", "long", "not a valid number"),
        *(("--retries", bad, "0<=x<=100") for bad in ("-1", "101")),
    ],
)
def test_how_long_a_server_is_borne_has_bounds(
    option: str, value: str, why: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A timeout of 0 s was waited for with all pauses, and then it was the server that was slow."""
    out = ("--out", str(tmp_path / "r.graphml"))
    done = run(capsys, "roads", "fetch", "--city", "珠山", *out, option, value, "--lang", "en")
    assert done.code == 2
    assert why in done.err
    assert not list(tmp_path.iterdir())
