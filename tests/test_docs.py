"""Every command in the README and in docs/ runs, and prints what the page says it prints."""

from __future__ import annotations

import doctest
import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from conftest import ROOT, shared_file
from helpers import run
from test_roads_fetch import GOOD, overpass  # noqa: F401 -- a fixture

if TYPE_CHECKING:
    from pathlib import Path

    from test_roads_fetch import Overpass

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


def _commands(page: Path) -> list[tuple[str, str]]:
    """Commands of a page's console blocks, each with the output printed below it, if any."""
    found: list[tuple[str, str]] = []
    for block in _BLOCK.findall(page.read_text(encoding="utf-8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command.strip(), output.strip()))
    return found


def _makes(command: str) -> bool:
    """Whether later commands of the page may need what this one leaves behind."""
    if command.startswith("coverage site"):
        return "--out" in command
    return (
        command.startswith(("coverage init", "coverage import", "coverage rebase"))
        and "--dry-run" not in command
    )


COMMANDS = [
    pytest.param(
        [c for c, said in commands[:i] if _makes(c) and "错误 error" not in said],
        command,
        output,
        id=f"{page.name}: {command}",
    )
    for page in PAGES
    for commands in [_commands(page)]
    for i, (command, output) in enumerate(commands)
]


@pytest.mark.parametrize(("before", "command", "output"), COMMANDS)
def test_commands_of_the_docs(
    before: list[str],
    command: str,
    output: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    overpass: Overpass,  # noqa: F811
) -> None:
    program, *args = shlex.split(command)
    assert program == "coverage", f"{command}: the docs show commands of this project only"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    for name in re.findall(r"[\w-]+\.osm\.pbf", command):
        (tmp_path / name).symlink_to(shared_file("testdata", "osm", name))
    if {"fetch", "roads"} <= set(args) and "--endpoint" not in args:
        overpass.say((200, GOOD))  # streets near 清远, from a server of our own
        args += ["--endpoint", overpass.url, "--cache", str(tmp_path / "answers")]
    for made in before:
        assert run(capsys, *shlex.split(made)[1:]).code == 0, made
    done = run(capsys, *args)
    said = (done.out + done.err).strip()
    assert done.code == (2 if "错误 error" in output else 0), said
    for line in output.splitlines():
        if line.strip() not in {"", "…"}:
            assert line.strip() in said


def test_there_are_commands_in_the_docs() -> None:
    assert len(COMMANDS) >= 8


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_readme_has_two_commands_for_a_fresh_machine() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = [line.strip() for line in readme.splitlines() if line.startswith("    ")]
    first, second = [line for line in lines if ".venv/bin" in line]
    install = ".venv/bin/pip install --quiet -c constraints.txt -e "
    assert first.startswith(f"python3 -m venv .venv && {install}. && ")
    assert first.endswith(".venv/bin/coverage report --city 清远")
    assert second == f'{install}".[test]" && .venv/bin/python -m pytest'


def test_the_readme_has_a_line_for_windows_beside_each() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = [line.strip() for line in readme.splitlines() if line.startswith("    ")]
    posix = [line for line in lines if ".venv/bin" in line]
    windows = [line for line in lines if ".venv\\Scripts" in line]
    same = [
        line.replace("python3 -m venv", "py -m venv")
        .replace(".venv/bin/", ".venv\\Scripts\\")
        .replace(" && ", " & ")
        for line in posix
    ]
    assert windows == same


def test_what_analysts_do_runs_as_the_page_says() -> None:
    page = ROOT / "docs" / "python.md"
    failed, tried = doctest.testfile(
        str(page), module_relative=False, encoding="utf-8", optionflags=doctest.ELLIPSIS, globs={}
    )
    assert not failed
    assert tried > 20


def test_the_example_in_the_readme(capsys: pytest.CaptureFixture[str]) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    known: dict[str, Any] = {}
    exec(example, known)
    value, sites = capsys.readouterr().out.splitlines()
    assert value == "800/17"
    assert sites.startswith("['洲心街道', ") and sites.endswith("] 12.0")  # noqa: PT018
    assert len(known["table"]) >= 3, "a circle for each limit"
