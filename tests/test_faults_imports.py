"""Whatever fails at whatever file operation of an import, one state of it stands whole."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from conftest import ROOT
from coverage.cli.main import main
from faults import POINTS, check

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")

REGISTER = "名称,类型,乡镇,床位数\n{}养老服务中心,养老服务中心,石狮埠街道,{}\n"
PEOPLE = "乡镇,60岁及以上\n石狮埠街道,{}\n新厂街道,900\n"
STREETS = "u,v,length_m\n1,2,1200\n2,3,{}\n"


def _nothing(_: Path) -> None:
    pass


def _workspace(root: Path) -> None:
    """A workspace that has a register, people and roads of its own."""
    at = ("--workspace", str(root / "w"))
    main(["init", str(root / "w"), "--city", "珠山"])
    (root / "nodes.csv").write_text("node,lon,lat\n1,117.2,29.3\n2,117.21,29.3\n3,117.22,29.3\n")
    for name, beds, people in (("甲", 20, 1000), ("乙", 30, 2000)):
        (root / "list.csv").write_text(REGISTER.format(name, beds), encoding="utf-8")
        (root / "people.csv").write_text(PEOPLE.format(people), encoding="utf-8")
        (root / "edges.csv").write_text(STREETS.format(people), encoding="utf-8")
        if name == "甲":
            main(["import", "facilities", str(root / "list.csv"), *at])
            main(["import", "population", str(root / "people.csv"), "--year", "2024", *at])
            main(
                [
                    "import",
                    "roads",
                    str(root / "nodes.csv"),
                    "--edges",
                    str(root / "edges.csv"),
                    *at,
                ]
            )


def _a_list_of_then(root: Path) -> None:
    shutil.copy(ROOT / "data/facilities/442000.csv", root / "r.csv")


_IMPORTS = {
    "facilities": ("list.csv",),
    "population": ("people.csv", "--year", "2024"),
    "plan": (str(ROOT / "docs/example-plan.csv"),),
    "roads": ("nodes.csv", "--edges", "edges.csv"),
}
COMMANDS: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "init": (_nothing, ("init", "w", "--city", "珠山")),
    "rebase": (_a_list_of_then, ("rebase", "r.csv", "--city", "中山", "--out", "today.csv")),
    **{
        f"import {what}": (_workspace, ("import", what, *words, "--workspace", "w"))
        for what, words in _IMPORTS.items()
    },
}


def test_enough_points_are_tried() -> None:
    assert sum(POINTS.values()) >= 400


@pytest.mark.slow
@pytest.mark.parametrize("what", COMMANDS)
def test_a_fault_at_every_file_operation(what: str, tmp_path: Path) -> None:
    check(what, *COMMANDS[what], tmp_path)
