"""The house holds: rooms import downwards only, and no dependency is or imports a forbidden one."""

from __future__ import annotations

import ast
import graphlib
import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "coverage"

# From the ground up; a module imports only from floors below its own. Modules on the same
# floor do not know one another, except within one room (a folder).
FLOORS: tuple[tuple[str, ...], ...] = (
    ("messages", "settings", "packaged", "arrays"),
    ("errors", "kinds"),
    ("text", "nearest", "shown", "groups", "gaps", "datum", "atomic", "alike"),
    ("formats", "outputs"),
    ("fields",),
    ("units", "workspace", "clauses"),
    ("roads", "population", "facilities", "plans", "profiles", "boundaries"),
    ("frames",),
    ("city",),
    ("travel", "demand", "caveats"),
    ("places",),
    ("download",),
    ("circles", "siting", "lists"),
    ("indicators", "people_of_year"),
    ("doubts",),
    ("amounts",),
    ("counts",),
    ("measures", "verdicts"),
    ("reach",),
    ("draws",),
    ("assessment",),
    ("scenarios",),
    ("proposals",),
    ("results",),
    ("maps",),
    ("briefs", "intake"),
    ("cli",),
    ("__init__",),  # lazy re-exports of the whole house
)
FLOOR = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}


def _modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def _room(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


def _imports(path: Path) -> set[str]:
    """Modules of this package that a file imports, wherever in the file it does."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.startswith("coverage.")}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative imports hide the room they come from"
            if node.module == "coverage":
                found |= {f"coverage.{alias.name}" for alias in node.names}
            elif node.module.startswith("coverage."):
                found.add(node.module)
    return {name.removeprefix("coverage.") for name in found}


@pytest.mark.parametrize("path", _modules(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_rooms_import_downwards_only(path: Path) -> None:
    module = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
    room = _room(module)
    assert room in FLOOR, f"the room {room!r} stands on no floor: add it to FLOORS and the docs"
    for imported in _imports(path):
        if imported == "__version__":
            continue
        other = _room(imported)
        assert other in FLOOR, f"{module} imports the unknown room {other!r}"
        assert other == room or FLOOR[other] < FLOOR[room], f"{module} imports {imported} upwards"


# Rooms in which some module still knows one that knows it. Let it become empty.
STILL_IN_CIRCLES: frozenset[str] = frozenset()


def _known_to(path: Path) -> set[str]:
    """Modules that a file imports, now, later in a function, or for the names of types only."""
    found = _imports(path)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module != "coverage":
            room = node.module.removeprefix("coverage.")
            found |= {f"{room}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("room", sorted(FLOOR))
def test_no_modules_of_a_room_know_one_another_in_a_circle(room: str) -> None:
    modules = {".".join(p.relative_to(SOURCE).with_suffix("").parts): p for p in _modules()}
    inside = {name: path for name, path in modules.items() if _room(name) == room}
    graph = {name: (_known_to(path) & inside.keys()) - {name} for name, path in inside.items()}
    circle = " → ".join(_circle(graph))
    if room in STILL_IN_CIRCLES:
        assert circle, f"{room} has no circle any more: strike it out"
    else:
        assert not circle, f"a circle of imports: {circle}"


def _circle(graph: dict[str, set[str]]) -> list[str]:
    """Modules that know one another in a circle, the first of them again at its end."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def test_every_room_is_in_the_picture() -> None:
    picture = (SOURCE.parents[1] / "docs" / "architecture.md").read_text(encoding="utf-8")
    for room in FLOOR:
        assert room == "__init__" or room in picture, f"docs/architecture.md does not show {room}"


def test_modules_fit_the_house() -> None:
    lengths = {p.name: len(p.read_text(encoding="utf-8").splitlines()) for p in _modules()}
    crowded = {name: n for name, n in lengths.items() if n > 500}
    assert not crowded, f"move walls: {crowded}"


FORBIDDEN = {"numba", "coverage"}


def test_no_dependency_is_or_imports_a_forbidden_package() -> None:
    """coverage.py has this package's import name, and numba imports it at start."""
    own = "facility-coverage"
    for distribution in importlib.metadata.distributions():
        name = (distribution.metadata["Name"] or "").lower()
        assert name not in FORBIDDEN, f"{name} is installed beside this package"
        if name == own:
            continue
        for requirement in distribution.requires or ():
            if "extra ==" in requirement:
                continue
            wanted = requirement.split(";")[0].split("[")[0].strip()
            for mark in "<>=!~ (":
                wanted = wanted.split(mark)[0]
            assert wanted.lower() not in FORBIDDEN, f"{name} needs {wanted}"


def test_no_installed_module_imports_numba() -> None:
    """Our own dependencies import neither at their top level (optional accelerators may)."""
    code = "import geopandas, networkx, scipy.sparse, shapely, sys; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from coverage.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(' '.join(sorted(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    heavy = {
        "numpy",
        "pandas",
        "geopandas",
        "shapely",
        "pyproj",
        "scipy",
        "networkx",
        "rich",
        "osmnx",
        "matplotlib",
        "folium",
        "rasterio",
    }
    assert not loaded & heavy
    assert "report" in done.stdout
