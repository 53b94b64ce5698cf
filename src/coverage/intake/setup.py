"""`coverage init`: a folder with a commented `city.toml`, a workbook of templates, and places.

An example workspace is a folder below `data/examples`, copied as it stands.
"""

from __future__ import annotations

import shutil
from importlib.resources import files
from typing import TYPE_CHECKING

from coverage import settings
from coverage.atomic import new_folder
from coverage.city import City
from coverage.errors import InputError, Problem
from coverage.formats.toml import toml_value
from coverage.intake.template import write_template
from coverage.messages import Said
from coverage.workspace import CONFIG, OBSTACLES, read_workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEMPLATE = "模板.xlsx"
FOLDERS = ("boundaries", OBSTACLES, "roads", "population", "intake")


def find_example(name: str) -> Path:
    """The example workspace called `name` (福田, futian, 福田区（示例）).

    Raises:
        InputError: If there is none, naming those there are.
    """
    known: list[str] = []
    for path in sorted((settings.data_dir() / "examples").glob(f"*/{CONFIG}")):
        full = read_workspace(path.parent).name
        short = full.partition("（")[0].removesuffix("区")
        known.append(short)
        if name.lower() in {short, full, full.partition("（")[0], path.parent.name}:
            return path.parent
    listed = "、".join(known)
    said = Said(f"没有这个示例，有：{listed}", f"there is no such example; there is: {listed}")
    raise InputError(Problem(said, value=name))


def create(
    folder: Path,
    *,
    city: City | None = None,
    name: str = "",
    code: str = "",
    fill: Callable[[Path], City] | None = None,
    example: Path | None = None,
) -> Path:
    """Make a workspace, all at once or not at all.

    Args:
        folder: Where; it must not exist or be empty.
        city: A shipped city to start from.
        name: Name of a city that does not ship.
        code: Its six-digit code.
        fill: For such a city, puts its units and boundaries into the folder
            and returns the city.
        example: A workspace to copy instead.

    Raises:
        InputError: If the folder holds anything, or a new city lacks its
            name, code or townships.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        reason = Said("文件夹不是空的，请另选", "the folder is not empty, choose another")
        raise InputError(Problem(reason, str(folder)))
    plain = len(code) == 6 and code.isascii() and code.isdecimal()
    if example is None and city is None and not (name and plain):
        raise InputError(
            Said(
                "新城市须给名称（--name）和六位代码（--code，各面的代码同属一地时可不写）",
                "a city that does not ship needs a --name, and a six-digit --code where the codes "
                "of its outlines do not tell it",
            )
        )
    with new_folder(folder) as half:
        if example is not None:
            shutil.copytree(example, half, dirs_exist_ok=True, copy_function=shutil.copyfile)
        else:
            _configure(half, city, name, code)
        for place in FOLDERS:
            (half / place).mkdir(exist_ok=True)
        own = fill(half) if fill else City.open(half)
        write_template(own, half / TEMPLATE)
    return folder


def _configure(half: Path, city: City | None, name: str, code: str) -> None:
    """Write the commented `city.toml`."""
    label = city.label if city else None
    values = {
        "code": label.code if label else code,
        "name": label.name if label else name,
        "english": label.english if label else "",
        "province": label.province if label else "",
        "base": label.code if label else "",
    }
    template = files("coverage.intake") / "templates" / "city.toml.in"
    cells = {key: toml_value(value) for key, value in values.items()}
    text = template.read_text(encoding="utf-8").format(**cells)
    (half / CONFIG).write_text(text, encoding="utf-8")
