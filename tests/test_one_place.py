"""What is hard to do right is done in one place: found by what the code calls."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

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


def _imports(*modules: str) -> Callable[[ast.AST], bool]:
    """Whether a node imports one of these modules, or something of them, to be run."""

    def is_it(node: ast.AST) -> bool:
        if isinstance(node, ast.Import):
            return any(alias.name.split(".")[0] in modules for alias in node.names)
        return isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in modules

    return is_it


def _calls(*names: str) -> Callable[[ast.AST], bool]:
    def is_it(node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and getattr(node.func, "attr", "") in names

    return is_it


def _opens(owner: str, name: str, *, only_to_read: bool = True) -> Callable[[ast.AST], bool]:
    """``rasterio.open(path)`` and the like; a second argument says that it is to write."""

    def is_it(node: ast.AST) -> bool:
        called = node.func if isinstance(node, ast.Call) else None
        return (
            isinstance(node, ast.Call)
            and isinstance(called, ast.Attribute)
            and called.attr == name
            and isinstance(called.value, ast.Name)
            and called.value.id == owner
            and not (only_to_read and len(node.args) > 1)
        )

    return is_it


def _reads_a_path(node: ast.AST) -> bool:
    """``path.read_bytes()``, ``path.read_text(…)``, ``path.open()`` or ``path.open("r…")``."""
    if not isinstance(node, ast.Call):
        return False
    mode = node.args[0] if node.args else None
    named = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
    if isinstance(node.func, ast.Attribute) and named in {"read_bytes", "read_text"}:
        return not node.args
    to_read = mode is None or (isinstance(mode, ast.Constant) and str(mode.value)[:1] == "r")
    return named == "open" and to_read and not isinstance(node.func, ast.Name)


def _without_encoding(node: ast.AST) -> bool:
    """A text file read or written in whatever encoding the machine happens to prefer."""
    if not isinstance(node, ast.Call):
        return False
    named = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
    given = {keyword.arg for keyword in node.keywords}
    binary = any(isinstance(a, ast.Constant) and "b" in str(a.value) for a in node.args)
    text = named in {"read_text", "write_text"} and isinstance(node.func, ast.Attribute)
    if isinstance(getattr(node.func, "value", None), ast.Constant):
        return False
    plain = named == "open" and isinstance(node.func, ast.Name) and not binary
    return (text or plain) and "encoding" not in given


def _parses(*modules: str) -> Callable[[ast.AST], bool]:
    """``json.loads`` and the like, of a module called by its own name."""

    def is_it(node: ast.AST) -> bool:
        called = node.func if isinstance(node, ast.Call) else None
        if not isinstance(called, ast.Attribute) or called.attr not in {"load", "loads"}:
            return False
        return isinstance(called.value, ast.Name) and called.value.id in modules

    return is_it


def _defines(*names: str) -> Callable[[ast.AST], bool]:
    def is_it(node: ast.AST) -> bool:
        return isinstance(node, ast.FunctionDef) and node.name in names

    return is_it


PLACES: dict[str, tuple[Callable[[ast.AST], bool], set[str]]] = {
    "a rename": (_is_rename, {"atomic.py"}),
    "GeoJSON taken apart": (_takes_features, {"formats/geojson.py"}),
    "a slip of a name recognised": (_imports("difflib"), {"nearest.py"}),
    "a server asked": (_imports("requests", "urllib3", "urllib.request"), {"download/http.py"}),
    "a workbook opened": (_calls("load_workbook", "open_workbook"), {"formats/workbooks.py"}),
    "a layer opened": (_calls("list_layers", "read_dataframe", "read_file"), {"formats/gdal.py"}),
    "a raster opened": (_opens("rasterio", "open"), {"formats/rasters.py"}),
    "Parquet opened": (_imports("pyarrow"), {"formats/parquet.py"}),
    # The others open what a brief has just written.
    "a database opened": (
        _opens("sqlite3", "connect"),
        {"formats/databases.py", "briefs/layers.py", "alike.py"},
    ),
    "an archive opened": (_opens("zipfile", "ZipFile"), {"formats/safety.py", "alike.py"}),
    "GraphML opened": (_opens("nx", "read_graphml"), {"roads/convert.py"}),
    # None of these is anybody else's file: the package brings it, or has just written it.
    "a path read": (
        _reads_a_path,
        {
            "alike.py",
            "atomic.py",
            "briefs/layers.py",
            "briefs/page.py",
            "formats/archives.py",
            "formats/layers.py",
            "intake/commit.py",
            "intake/reportpage.py",
            "intake/setup.py",
            "maps/page.py",
            "outputs.py",
            "packaged.py",
            "places/names.py",
            "results/from_report.py",
            "roads/store.py",
        },
    ),
    "a text without its encoding": (_without_encoding, set()),
    "an extract of OpenStreetMap opened": (_imports("osmium"), {"roads/osm.py"}),
    # What people send, that is: the others read tables of the package, the cache, a manifest.
    "TOML parsed": (_parses("tomllib"), {"formats/toml.py", "packaged.py"}),
    "JSON parsed": (
        _parses("json"),
        {
            "formats/nested.py",
            "formats/archives.py",
            "outputs.py",
            "atomic.py",
            "results/from_report.py",
        },
    ),
    "a unit's name matched": (_defines("match_unit"), {"places/names.py"}),
    "a strict reader of fields": (_defines("choice"), {"fields.py"}),
}


@pytest.mark.parametrize("what", PLACES)
def test_it_happens_in_one_place(what: str) -> None:
    is_it, allowed = PLACES[what]
    found = {name for name, nodes in _modules().items() if any(map(is_it, nodes))}
    assert found == allowed


@cache
def _modules() -> dict[str, list[ast.AST]]:
    """Every module's nodes, by its place in the house."""
    return {
        path.relative_to(SOURCE).as_posix(): list(
            ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        )
        for path in SOURCE.rglob("*.py")
    }
