"""A workspace: a planner's folder whose files replace the shipped ones, one by one.

`city.toml` names the city and says which shipped city to fall back on; every
other file is optional. What a workspace does not hold comes from the shipped
data, and reports say which is which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from coverage.atomic import REPLACED, recover
from coverage.errors import InputError, Problem
from coverage.fields import read_toml, unknown
from coverage.messages import Said
from coverage.text import no_file_name

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
_OUTSIDE = Said("文件不得在工作区之外", "the file lies outside the workspace")

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
        "roads/roads.npz",
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
# Layers of what nobody crosses off the road: water, and any number of others.
WATER = "boundaries/water"
OBSTACLES = "obstacles"
LAYERS = (".geojson", ".gpkg", ".shp")
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

# What helps where only main roads are known, in every message that says so.
STREETS_REMEDY = Said(
    "coverage fetch roads，不能联网则 coverage import roads 路网.osm.pbf（或加 --roads）",
    "coverage fetch roads, or without internet coverage import roads streets.osm.pbf (or --roads)",
)


def check_inside(folder: Path, *paths: Path) -> None:
    """See that no link leads out of a workspace: from a path, nor from where it is replaced to.

    Raises:
        InputError: Naming each path that lies elsewhere.
    """
    root = folder.resolve()
    places = [place for path in paths for place in (path, path / REPLACED)]
    out = [path for path in places if not path.resolve().is_relative_to(root)]
    if out:
        raise InputError(Problem(_OUTSIDE, str(path)) for path in out)


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
        """The workspace's own file of a role, `None` if it has none.

        Raises:
            InputError: If it had one that is gone, or the file lies outside the folder.
        """
        named = self.files.get(role)
        if named is not None:
            return named
        own = [self.folder / name for name in OWN[role]]
        for path in own:
            if path.is_file():
                check_inside(self.folder, path)
                return path
        for path in own:
            # Data of the planner's that is gone is never quietly stood in for by shipped data.
            kept = path.parent / REPLACED
            if any(kept.glob(f"{path.stem}*{path.suffix}")):
                zh, en = ROLE_NAMES[role]
                said = Said(
                    f"工作区自己的{zh}不见了；从 {kept} 复制回来，若要改用随附数据就删去那里的旧件",
                    f"the workspace's own {en} are missing: copy them back from {kept}, or delete "
                    "the copies there to use what ships",
                )
                raise InputError(Problem(said, str(path)))
        return None

    @property
    def water(self) -> Path | None:
        """The workspace's own layer of water, `None` if it has none."""
        return next((p for e in LAYERS if (p := self.folder / f"{WATER}{e}").is_file()), None)

    @property
    def obstacles(self) -> tuple[Path, ...]:
        """Its layers of what nobody crosses off the road: water, then the others by name.

        Raises:
            InputError: If one lies outside the folder.
        """
        others = [p for p in self.folder.glob(f"{OBSTACLES}/*") if p.suffix in LAYERS]
        found = (*([self.water] if self.water else []), *sorted(others))
        check_inside(self.folder, *found)
        return found


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
        said = Said("不是工作区，缺 city.toml", "not a workspace: run 'coverage init' first")
        raise InputError(Problem(said, str(folder)))
    recover(folder)
    top = read_toml(path, loose=True)
    top.file = str(path)
    city, files = top.table("city"), top.table("files")
    code = city.text("code")
    if not (code.isascii() and code.isdecimal() and len(code) == 6):
        city.bad("code", Said("城市代码须为 6 位数字", "the code must be six digits"))
    if not (name := city.text("name")):
        city.bad("name", Said("缺城市名称", "the name is missing"))
    elif reason := no_file_name(name):
        city.bad("name", reason)
    found: dict[str, Path] = {}
    for role in files.data:
        target = found[role] = (folder / files.text(role)).resolve()
        if role not in OWN:
            files.bad(role, unknown(Said("这种文件", "role"), role, OWN))
        elif not target.is_relative_to(folder.resolve()):
            files.bad(role, _OUTSIDE)
        elif not target.is_file():
            files.bad(role, Said("文件不存在", "the file does not exist"))
    values = {key: city.text(key) for key in ("name", "english", "province", "base")}
    top.check()
    return Workspace(folder, code, **values, files=found)


def other_roads(folder: Path, goal: Path) -> tuple[Path, ...]:
    """The workspace's other roads, which might be read instead of `goal`."""
    return tuple(p for name in OWN["roads"] if (p := folder / name) != goal and p.is_file())
