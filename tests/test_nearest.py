"""Names near a word."""

from __future__ import annotations

import ast
import difflib
from pathlib import Path

import pytest

from coverage.nearest import alike, nearest

SOURCE = Path(__file__).parents[1] / "src" / "coverage"
NAMES = ["older_walk", "walk", "child_walk", "older_walk_slow", "drive"]


@pytest.mark.parametrize("word", ["older_wlk", "wlk", "", "x", "源谭镇", "drive"])
def test_the_nearest_are_those_of_difflib(word: str) -> None:
    names = [*NAMES, "源潭镇", "太和镇", "源头镇"]
    assert nearest(word, names) == difflib.get_close_matches(word, names, 3, 0.4)
    assert nearest(word, names, shown=1, least=0.8) == difflib.get_close_matches(
        word, names, 1, 0.8
    )


def test_a_name_given_twice_is_told_once() -> None:
    assert nearest("wlk", ["walk", "walk"]) == ["walk"]


def test_likeness_is_told_with_every_name_near_enough() -> None:
    assert {name: score for score, name in alike("源谭镇", ["太和镇", "源潭镇"], 0.3)} == {
        "太和镇": pytest.approx(1 / 3),
        "源潭镇": pytest.approx(2 / 3),
    }


def test_likeness_is_reckoned_in_one_place() -> None:
    """One reckoning of likeness, so that one word is not near here and far there."""
    users = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and any(a.name == "difflib" for a in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "difflib")
    }
    assert users == {"nearest.py"}
