"""`coverage init`: a folder with a commented `city.toml`, a workbook of templates, and places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coverage.atomic import new_folder
from coverage.city import City
from coverage.errors import InputError, Problem
from coverage.formats.toml import toml_value
from coverage.intake.template import write_template
from coverage.messages import Said
from coverage.workspace import CONFIG

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEMPLATE = "模板.xlsx"
FOLDERS = ("boundaries", "roads", "population", "intake")

_TOML = """\
# 工作区设置 Settings of this workspace. 井号后是说明 Lines after # explain.

[city]
# 六位行政区划代码 Six-digit division code. 例 Example: "441800". 来源: 国家统计局统计用区划代码
code = {code}
# 全名 Full name, as reports print it. 例: "清远市"
name = {name}
# 英文名 Name in English (optional). 例: "Qingyuan"
english = {english}
# 省份 Province (optional). 例: "广东省"
province = {province}
# 缺的文件改用哪个随附城市的数据 Shipped city whose files stand in for those you do not have.
# 留空表示没有 Leave empty for a city that does not ship ('coverage cities' lists those that do).
base = {base}

[files]
# 文件放在默认位置就不必填 Files at their usual place need no line here.
# 设施登记册 Register, written by 'coverage import facilities'.
# facilities = "facilities.csv"
# 乡镇界 Township polygons, GeoJSON in WGS84, property "code". 来源: 自然资源局
# townships = "boundaries/townships.geojson"
# 县界 County polygons, the same form.
# counties = "boundaries/counties.geojson"
# 路网 Roads: .osm.pbf, .graphml, .gpkg or .parquet. 来源: OpenStreetMap
# roads = "roads/roads.osm.pbf"
# 人口表 Population by township and age. 来源: 统计局、公安局
# population = "population/population.csv"
# 人口栅格或点 Raster (.tif) or points (.csv) of people. 来源: WorldPop 等
# people = "population/people.tif"
# 规划指标 The plan's indicators and targets, written by 'coverage import plan'.
# plan = "plan.toml"
"""


def create(
    folder: Path,
    *,
    city: City | None = None,
    name: str = "",
    code: str = "",
    fill: Callable[[Path], City] | None = None,
) -> Path:
    """Make a workspace, all at once or not at all.

    Args:
        folder: Where; it must not exist or be empty.
        city: A shipped city to start from.
        name: Name of a city that does not ship.
        code: Its six-digit code.
        fill: For such a city, puts its units and boundaries into the folder
            and returns the city.

    Raises:
        InputError: If the folder holds anything, or a new city lacks its
            name, code or townships.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        reason = Said("文件夹不是空的，请另选", "the folder is not empty, choose another")
        raise InputError(Problem(reason, str(folder)))
    if city is None and not (name and len(code) == 6 and code.isdecimal()):
        raise InputError(
            Said(
                "新城市须给名称和六位代码",
                "a city that does not ship needs a --name and a six-digit --code",
            )
        )
    with new_folder(folder) as half:
        label = city.label if city else None
        values = {
            "code": label.code if label else code,
            "name": label.name if label else name,
            "english": label.english if label else "",
            "province": label.province if label else "",
            "base": label.code if label else "",
        }
        text = _TOML.format(**{key: toml_value(value) for key, value in values.items()})
        (half / CONFIG).write_text(text, encoding="utf-8")
        for place in FOLDERS:
            (half / place).mkdir()
        own = fill(half) if fill else City.open(half)
        write_template(own, half / TEMPLATE)
    return folder
