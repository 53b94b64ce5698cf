"""The scenarios that ship: what the plans themselves propose, by the name of their file."""

from __future__ import annotations

import tomllib
from pathlib import Path

from coverage import settings
from coverage.errors import InputError, Problem
from coverage.formats.tables import decode
from coverage.messages import Said
from coverage.scenarios._entry import nearest


def shipped() -> list[tuple[Path, str]]:
    """Files that ship, with the name of each scenario."""
    folder = settings.data_dir() / "scenarios"
    return [
        (path, str(tomllib.loads(decode(path))["name"])) for path in sorted(folder.glob("*.toml"))
    ]


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
    near = nearest(name, known)
    hint = f"；随附的有{near}（coverage scenario list）" if near else ""
    raise InputError(Problem(Said(f"文件不存在{hint}", "the file does not exist"), name))
