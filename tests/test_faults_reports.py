"""Whatever fails at whatever file operation of a report or brief, one state of it stands whole."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from coverage.cli.main import main
from faults import check

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")

# The command that meets the faults, and the one that has written there before, for another city.
COMMANDS = {
    "report": (("report", "--city", "珠山", "--out", "out"), ("report", "--out", "out")),
    "brief": (
        ("brief", "--city", "珠山", "--formats", "xlsx,gpkg", "--out", "out"),
        ("brief", "--formats", "xlsx,gpkg", "--out", "out"),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", COMMANDS)
def test_a_fault_at_every_file_operation(what: str, tmp_path: Path) -> None:
    command, earlier = COMMANDS[what]

    def before(root: Path) -> None:
        *words, out = earlier
        main([*words, str(root / out), "--city", "中山"])

    check(what, before, command, tmp_path)
