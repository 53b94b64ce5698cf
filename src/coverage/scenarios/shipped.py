"""The scenarios that ship: what the plans themselves propose, by the name of their file."""

from __future__ import annotations

from pathlib import Path

from coverage import settings
from coverage.errors import InputError, Problem
from coverage.fields import read_toml, unknown
from coverage.messages import Said


def shipped() -> list[tuple[Path, str]]:
    """Files that ship, with the name of each scenario."""
    folder = settings.data_dir() / "scenarios"
    return [(path, read_toml(path).text("name")) for path in sorted(folder.glob("*.toml"))]


def find_scenario(name: str) -> Path:
    """A file by its path, or one that ships by its name (``441700-home``).

    Raises:
        InputError: If there is neither.
    """
    path = Path(name)
    if path.is_file():
        return path
    known = {one.stem: one for one, _ in shipped()}
    if name in known:
        return known[name]
    what = Said("这个文件或随附的情景", "file or shipped scenario")
    raise InputError(Problem(unknown(what, name, known), name))
