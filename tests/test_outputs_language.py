"""What commands print holds one language: names and ids of data aside."""

from __future__ import annotations

import re
import shutil
from functools import cache
from typing import TYPE_CHECKING

import pytest

import processes
from conftest import ROOT
from coverage.messages import Said

if TYPE_CHECKING:
    from pathlib import Path

CHINESE = re.compile(r"[\u3400-\u9fff]+")
# Three English words in a row that stand in no id, path, option or quoted name.
SENTENCE = re.compile(r"(?<![\w./\-:'=＋])[A-Za-z][a-z]+(?: [a-z]{2,}){2,}")
COMMAND_LINE = re.compile(r"coverage (import|fetch|report|plan|init) \S+( \S+)?|--[a-z-]+")
ELDER = ("--city", "清远", "--kind", "elder_care")
PLACE = ("--from", "113.05,23.68")
INTEGRATED = ("--city", "清远", "--indicator", "elder_care.integrated_township")
DRY = ("--workspace", "w", "--dry-run")

COMMANDS = [
    *[("report", "--city", "清远", "--format", f) for f in ("table", "csv", "json", "markdown")],
    *[("circle", *ELDER, "--format", f) for f in ("table", "csv", "json", "markdown")],
    *[("route", *ELDER, *PLACE, "--format", f) for f in ("table", "json")],
    *[("site", *INTEGRATED, "--format", f) for f in ("table", "json")],
    *[
        ("scenario", "run", "441700-home", "--format", f)
        for f in ("table", "csv", "json", "markdown")
    ],
    ("scenario", "check", "docs/example-scenario.toml", "--city", "清远"),
    ("scenario", "check", "docs/example-broken-scenario.toml", "--city", "清远"),
    ("scenario", "list"),
    ("check", "--city", "清远"),
    ("plan", "--city", "清远"),
    ("sources",),
    ("cities",),
    ("roads", "check", "珠山"),
    ("import", "facilities", "docs/example-messy.csv", *DRY),
    ("import", "facilities", "docs/example-broken.csv", *DRY),
    ("import", "population", "docs/example-population.csv", *DRY),
    ("import", "plan", "docs/example-plan.csv", *DRY),
    ("rebase", "docs/example-2020.csv", "--city", "中山", "--out", "then.csv"),
    ("report", "--city", "nowhere"),
    ("report", "--city", "清远", "--indicator", "a.b", "--year", "1999", "--provenance", "x"),
    ("report", "--city", "清远", "--facilities", "docs/example-broken.csv"),
    ("circle", "--city", "清远", "--kind", "nothing"),
    ("circle", *ELDER, "--profile", "nothing"),
    ("circle", *ELDER, "--minutes", "0"),
    ("route", *ELDER, "--from", "3,4"),
    ("site", "--city", "清远"),
    ("site", "--city", "清远", "--kind", "nothing"),
    ("scenario", "run", "nothing"),
    ("map", "--city", "清远", "--out", "x.doc"),
    ("brief", "--city", "清远", "--out", "b", "--formats", "doc"),
    ("import", "roads", "nothing.pbf", *DRY),
    ("import", "boundaries", "nothing.shp", *DRY),
    ("replay", "nothing.json"),
]


@cache
def _data() -> str:
    """Every name and text of the data: what a command may quote in any language."""
    files = [*(ROOT / "data").rglob("*.*"), *(ROOT / "docs").glob("example*")]
    texts = [p.read_text(encoding="utf-8") for p in files if p.suffix in {".csv", ".toml"}]
    return "\n".join(texts)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the examples of the docs and a workspace."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "docs").mkdir()
    for path in (ROOT / "docs").glob("example*"):
        shutil.copy(path, folder / "docs")
    assert processes.run("init", "w", "--city", "清远", cwd=folder).returncode == 0
    return folder


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_output_holds_one_language(desk: Path, command: tuple[str, ...], lang: str) -> None:
    done = processes.run(*command, "--lang", lang, cwd=desk)
    said = done.stdout + done.stderr
    assert done.returncode in {0, 2}, said
    assert said.strip()
    assert "Traceback" not in said
    if lang == "en":
        foreign = {run for run in CHINESE.findall(said) if not _named(run)}
    else:
        foreign = set(SENTENCE.findall(COMMAND_LINE.sub("", said)))
        foreign = {run for run in foreign if run not in _data()}
    assert not foreign


def _named(run: str) -> bool:
    """Whether Chinese is a name of the data, or a township's behind its county's."""
    return run in _data() or any(run[:n] in _data() and run[n:] in _data() for n in (3, 4))


def test_one_of_a_thing_is_said_so() -> None:
    from coverage.messages import in_number

    assert (
        in_number("1 counties, 11 counties, 2.1 counties") == "1 county, 11 counties, 2.1 counties"
    )
    assert in_number("1 figures are modelled") == "1 figure is modelled"
    assert in_number("1 facilities that have no place") == "1 facility that has no place"
    assert in_number("year 2021 rows, item-1 rows") == "year 2021 rows, item-1 rows"
    assert Said("1 处", "1 sites").to("en") == "1 site"
    assert Said("1 处", "1 sites").to("zh") == "1 处"
