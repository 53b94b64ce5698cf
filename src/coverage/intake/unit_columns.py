"""Names of the columns in which lists state units, and how they are found."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from coverage.messages import Said
from coverage.places.names import plain_name

if TYPE_CHECKING:
    from collections.abc import Iterable

# As in the attribute tables of national land surveys (XZQ…, ZLDW…) and in bureaus' sheets.
CODE_COLUMNS = (
    "code 代码 区划代码 行政区划代码 行政区代码 统计用区划代码 乡镇代码 乡镇街道代码 镇街代码 "
    "街道代码 县代码 县级代码 单位代码 xzqdm xzqhdm xzdm xiangdm zldwdm qhdm pac adcode ad_code "
    "unit_code town_code township_code towncode county_code gb xzqh xdm"
)
NAME_COLUMNS = (
    "name 名称 乡镇 镇街 街道 乡镇街道 乡镇名称 镇街名称 街道名称 乡镇街道名称 行政区名称 "
    "行政区划名称 单位名称 地名 镇名 乡镇名 地区 单位 xzqmc xzmc xzqhmc zldwmc xiangmc "
    "town township town_name township_name towns unit_name mc "
    "乡（镇、街道） 乡镇（街道） 镇（街道） 镇乡街道 县名 县名称"
)
COUNTY_COLUMNS = (
    "county 县 区 县区 区县 县市区 县（市、区） 所属县 所属区 所属县区 所属区县 县名称 "
    "区县名称 县区名称 xianmc xjmc county_name district qxmc 区县名 所在县区 所在区县 县级 县级名称"
)

MEANINGS = {
    "code": Said("代码", "code"),
    "name": Said("名称", "name"),
    "county": Said("县", "county"),
    "year": Said("年份", "year"),
    "lon": Said("经度", "lon"),
    "lat": Said("纬度", "lat"),
}
_JUNK = re.compile(r"[\s\W_]+")


def plain(text: str) -> str:
    """A name for comparison: half width, simplified, lower case, no blanks or punctuation."""
    return _JUNK.sub("", plain_name(text))


def find_column(columns: Iterable[str], known: str) -> str | None:
    """The first of `columns` called by a word of `known`, in the order of these words."""
    own = {plain(column): column for column in reversed(list(columns))}
    return next((own[plain(name)] for name in known.split() if plain(name) in own), None)
