"""What is hard to do right is done in one place: found by what the code calls."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "coverage"


def _is_rename(node: ast.AST) -> bool:
    """`os.replace`, `os.rename`, `shutil.move`, or a path's own `replace` or `rename`."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    name, owner = node.func.attr, node.func.value
    if isinstance(owner, ast.Name) and owner.id in {"os", "shutil"}:
        return name in {"replace", "rename", "renames", "move"}
    # A text's `replace` takes two arguments, a date's and a frame's are named.
    return name in {"replace", "rename"} and len(node.args) == 1 and not node.keywords


def _takes_features(node: ast.AST) -> bool:
    """``content["features"]`` or ``content.get("features")``: GeoJSON taken apart by hand."""
    key: ast.AST | None = None
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        key = node.slice
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        key = node.args[0] if node.func.attr == "get" and node.args else None
    return isinstance(key, ast.Constant) and key.value == "features"


PLACES = {
    "a rename": (_is_rename, {"atomic.py"}),
    "GeoJSON taken apart": (_takes_features, {"formats/geojson.py"}),
}


@pytest.mark.parametrize("what", PLACES)
def test_it_happens_in_one_place(what: str) -> None:
    is_it, allowed = PLACES[what]
    found = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if any(is_it(node) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    }
    assert found == allowed
