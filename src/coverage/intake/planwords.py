"""Words of a sheet of targets: ways of computing, levels, kinds, services, fields of work."""

from __future__ import annotations

import re
from functools import cache

from coverage.kinds import ALIASES, KINDS, SERVICES
from coverage.lists.aliases import SERVICE_NAMES, normal
from coverage.plans import MEASURES

# Measure and share by what planners call them.
METHODS: dict[str, tuple[str, str]] = {
    **{normal(word): (measure, "") for measure, words in MEASURES.items() for word in words},
    **{normal(measure): (measure, "") for measure in MEASURES},
    **dict.fromkeys(map(normal, ("覆盖率", "单元占比", "单元覆盖率")), ("unit_share", "")),
    **dict.fromkeys(map(normal, ("数量", "个数", "计数")), ("count", "")),
    **dict.fromkeys(map(normal, ("护理型床位占比", "护理床位占比")), ("bed_ratio", "nursing")),
    **dict.fromkeys(
        map(normal, ("每千名老人床位", "每千名老年人床位", "每千名老人床位数")),
        ("bed_ratio", "per_1000_60plus"),
    ),
    **dict.fromkeys(map(normal, ("设施占比", "服务占比")), ("facility_share", "")),
    **dict.fromkeys(map(normal, ("可达人口占比", "时间可达", "可达")), ("people_within", "")),
    **dict.fromkeys(map(normal, ("每百户面积", "每百户")), ("area_per_100_households", "")),
    **dict.fromkeys(map(normal, ("填报", "上报", "人工填报", "不计算")), ("reported", "")),
}
LEVELS: dict[str, str] = {
    **{level: level for level in ("city", "county", "township", "village")},
    **dict.fromkeys(("市", "市级", "全市", "地市"), "city"),
    **dict.fromkeys(("县", "区", "县级", "区县", "县区", "县市区"), "county"),
    **dict.fromkeys(
        ("乡镇", "镇街", "街道", "镇", "乡镇街道", "乡镇级", "乡级", "街镇"), "township"
    ),
    **dict.fromkeys(("村", "社区", "村居", "村社区", "村级", "社区级", "城乡社区"), "village"),
}
SEPARATORS = re.compile(r"[;；,，、|/\s]+")
_BELONGS: tuple[tuple[str, str], ...] = (
    ("养老|老年|老人|长者|敬老|护理型", "大养老"),
    ("儿童|未成年|孤儿|收养", "大儿童保障"),
    ("慈善|志愿|福彩|捐", "大慈善"),
    ("救助|低保|特困|困难群众|流浪|临时", "大救助"),
    ("社区|社会组织|社会工作|社工|村民|居民委员", "大社会治理"),
)
NOTES = re.compile(r"(附?注|备注|说明|来源|资料来源|数据来源|填表|制表|审核|单位盖章)\s*[:：\d]")
TOTALS = re.compile(r"(合计|总计|小计|共计)")
SECTION = re.compile(r"[(（]?[一二三四五六七八九十]{1,3}[)）、.．]")


@cache
def kind_names() -> dict[str, str]:
    """Kind by every name it has, in normal form."""
    names = {normal(alias): kind for alias, kind in ALIASES.items()}
    return {**names, **{normal(kind): kind for kind in KINDS}}


@cache
def service_names() -> dict[str, str]:
    """Service by every name it has, in normal form."""
    names = {normal(service): service for service in SERVICES}
    for service, words in SERVICE_NAMES.items():
        for word in words.split():
            names.setdefault(normal(word), service)
    return names


def system_of(name: str) -> str:
    """The field of civil affairs that a name speaks of."""
    return next((s for words, s in _BELONGS if re.search(words, name)), "基本社会服务")
