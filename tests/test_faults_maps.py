"""Whatever fails at whatever file operation of a map or scenario, one state of it stands whole."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from coverage.cli.main import main
from faults import check

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")

SCENARIO = """name = "试"
city = "珠山"

[[add]]
kind = "elder_care"
name = "新院"
beds = 30
lon = 117.2
lat = 29.3
"""
# The command that meets the faults, and the one that has written there before, for another city.
COMMANDS = {
    "map": (("map", "--city", "珠山", "--out", "out/map.html"), ("map", "--out", "out/map.html")),
    "scenario": (("scenario", "run", "new.toml", "--out", "out"), ("report", "--out", "out")),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", COMMANDS)
def test_a_fault_at_every_file_operation(what: str, tmp_path: Path) -> None:
    command, earlier = COMMANDS[what]

    def before(root: Path) -> None:
        (root / "new.toml").write_text(SCENARIO, encoding="utf-8")
        *words, out = earlier
        main([*words, str(root / out), "--city", "中山"])

    check(what, before, command, tmp_path)
