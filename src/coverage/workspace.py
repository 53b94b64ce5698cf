"""A workspace: a planner's folder whose files replace the shipped ones, one by one.

`city.toml` names the city and says which shipped city to fall back on; every
other file is optional. What a workspace does not hold comes from the shipped
data, and reports say which is which.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from coverage.errors import InputError, Problem
from coverage.formats.tables import decode
from coverage.messages import Said

if TYPE_CHECKING:
    from pathlib import Path

Role = Literal[
    "units",
    "villages",
    "counties",
    "townships",
    "population",
    "people",
    "roads",
    "facilities",
    "plan",
]
Origin = Literal["own", "shipped", "missing"]

CONFIG = "city.toml"

# Where each role lies in a workspace (the first that exists) and in the shipped data.
OWN: dict[Role, tuple[str, ...]] = {
    "units": ("units.csv",),
    "villages": ("villages.csv",),
    "counties": ("boundaries/counties.geojson",),
    "townships": ("boundaries/townships.geojson",),
    "population": ("population/population.csv",),
    "people": ("population/people.tif", "population/people.csv", "population/people.gpkg"),
    "roads": (
        "roads/roads.osm.pbf",
        "roads/roads.graphml",
        "roads/roads.gpkg",
        "roads/roads.parquet",
    ),
    "facilities": ("facilities.csv",),
    "plan": ("plan.toml",),
}
SHIPPED: dict[Role, str | None] = {
    "units": "units/{code}.csv",
    "villages": "units/{code}-villages.csv",
    "counties": "boundaries/{code}-counties.geojson",
    "townships": "boundaries/{code}-townships.geojson",
    "population": "population/{code}.csv",
    "people": None,
    "roads": "roads/{code}-edges.csv",
    "facilities": "facilities/{code}.csv",
    "plan": "plans/{code}.toml",
}
ROLE_NAMES: dict[Role, tuple[str, str]] = {
    "units": ("乡镇名录", "townships"),
    "villages": ("村居名录", "villages"),
    "counties": ("县界", "county boundaries"),
    "townships": ("乡镇界", "township boundaries"),
    "population": ("人口表", "population table"),
    "people": ("人口栅格或点", "population raster or points"),
    "roads": ("路网", "roads"),
    "facilities": ("设施登记册", "facility register"),
    "plan": ("规划指标", "plan"),
}


@dataclass(frozen=True)
class Workspace:
    """A workspace as `city.toml` describes it.

    Attributes:
        folder: The folder.
        code: Six-digit code of the city.
        name: Full name.
        english: Name in English, may be empty.
        province: Province, may be empty.
        base: Code of the shipped city to fall back on, empty for a city that does not ship.
        files: Files named in ``[files]``, by role, inside the folder.
    """

    folder: Path
    code: str
    name: str
    english: str
    province: str
    base: str
    files: dict[str, Path]

    def file(self, role: Role) -> Path | None:
        """The workspace's own file of a role, `None` if it has none."""
        named = self.files.get(role)
        if named is not None:
            return named
        return next((p for n in OWN[role] if (p := self.folder / n).is_file()), None)


def find_workspace(start: Path) -> Path | None:
    """The workspace that `start` lies in: the nearest folder upwards with a `city.toml`."""
    for folder in (start, *start.parents):
        if (folder / CONFIG).is_file():
            return folder
    return None


def read_workspace(folder: Path) -> Workspace:
    """Read `city.toml`.

    Raises:
        InputError: If the folder is no workspace, or the file is malformed,
            lacks the city's code or name, or names a file outside the folder.
    """
    path = folder / CONFIG
    if not path.is_file():
        reason = "不是工作区，缺 city.toml · not a workspace: run 'coverage init' first"
        raise InputError(Problem(reason, str(folder)))
    try:
        data = tomllib.loads(decode(path))
    except tomllib.TOMLDecodeError as error:
        reason = f"不是有效的 TOML · not valid TOML ({error})"
        raise InputError(Problem(reason, str(path))) from error
    return _workspace(folder, path, data)


def _workspace(folder: Path, path: Path, data: dict[str, Any]) -> Workspace:
    city = data.get("city", {})
    problems = []
    code = str(city.get("code", ""))
    if not (code.isdecimal() and len(code) == 6):
        six = "城市代码须为 6 位数字 · the code must be six digits"
        problems.append(Problem(six, str(path), column="city.code", value=code))
    if not city.get("name"):
        problems.append(
            Problem(Said("缺城市名称", "the name is missing"), str(path), column="city.name")
        )
    files: dict[str, Path] = {}
    for role, name in data.get("files", {}).items():
        target = (folder / str(name)).resolve()
        reason: str | None = None
        if role not in OWN:
            reason = f"没有这种文件，可用 {', '.join(OWN)} · the role is not known"
        elif not target.is_relative_to(folder.resolve()):
            reason = "文件不得在工作区之外 · the file lies outside the workspace"
        elif not target.is_file():
            reason = "文件不存在 · the file does not exist"
        if reason:
            problems.append(Problem(reason, str(path), column=f"files.{role}", value=str(name)))
        files[role] = target
    if problems:
        raise InputError(problems)
    return Workspace(
        folder,
        code,
        str(city["name"]),
        str(city.get("english", "")),
        str(city.get("province", "")),
        str(city.get("base", "")),
        files,
    )
