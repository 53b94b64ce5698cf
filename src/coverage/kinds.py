"""Kinds of facility and their services: one vocabulary for registers, plans and maps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of facility.

    Attributes:
        id: Name used in registers and plan files.
        zh: Name in Chinese.
        en: Name in English.
        system: The field of civil affairs it belongs to.
    """

    id: str
    zh: str
    en: str
    system: str


KINDS: dict[str, Kind] = {
    kind.id: kind
    for kind in (
        Kind("elder_care", "养老服务机构（中心）", "elder-care institution or centre", "大养老"),
        Kind("day_care", "居家社区养老服务设施", "home and day-care centre", "大养老"),
        Kind("mutual_aid", "农村互助养老设施", "rural mutual-aid care point", "大养老"),
        Kind("meal_point", "长者饭堂（助餐点）", "senior canteen or meal point", "大养老"),
        Kind("social_work_station", "社会工作服务站", "social-work station", "大社会治理"),
        Kind("social_work_point", "社会工作服务点", "social-work point", "大社会治理"),
        Kind("community_service", "社区综合服务设施", "community service facility", "大社会治理"),
        Kind("volunteer_station", "志愿服务站点", "volunteer station", "大社会治理"),
        Kind("community_org", "社区社会组织", "community organisation", "大社会治理"),
        Kind(
            "child_protection_station",
            "未成年人保护工作站",
            "child-protection station",
            "大儿童保障",
        ),
        Kind(
            "child_protection_centre",
            "未成年人救助保护机构",
            "child-protection centre",
            "大儿童保障",
        ),
        Kind("child_welfare", "儿童福利机构", "child-welfare institution", "大儿童保障"),
        Kind("rescue_station", "救助管理机构", "rescue station", "大救助"),
        Kind("relief_window", "社会救助服务窗口（站点）", "relief service window", "大救助"),
        Kind("shelter", "应急避护场所", "emergency shelter", "大救助"),
        Kind("charity_point", "慈善工作示范点（慈善超市）", "charity point", "大慈善"),
        Kind("funeral_home", "殡仪馆", "funeral home", "基本社会服务"),
        Kind("columbarium", "公益性骨灰楼（堂）", "public columbarium", "基本社会服务"),
        Kind("public_cemetery", "公益性公墓（墓地）", "public cemetery", "基本社会服务"),
        Kind("commercial_cemetery", "经营性公墓", "commercial cemetery", "基本社会服务"),
        Kind("cemetery", "公墓（性质未载明）", "cemetery, ownership not stated", "基本社会服务"),
        Kind("eco_burial", "骨灰树（花）葬区", "tree-burial area", "基本社会服务"),
        Kind("memorial", "烈士陵园（纪念设施）", "martyrs' cemetery or memorial", "基本社会服务"),
        Kind("marriage_registry", "婚姻登记机关", "marriage registry", "基本社会服务"),
        Kind("rehab_centre", "社区康园中心", "community rehabilitation centre", "基本社会服务"),
        Kind("psychiatric_welfare", "精神卫生福利设施", "psychiatric welfare", "基本社会服务"),
    )
}

SERVICES: dict[str, str] = {
    "全托": "full-time care",
    "日托": "day care",
    "上门": "home visits",
    "协调指导": "coordination and guidance",
    "助餐": "meals",
    "助浴": "bathing",
    "助洁": "cleaning",
    "助医": "medical help",
    "助行": "mobility",
    "助急": "emergency call",
    "助娱": "recreation",
    "助安": "safety",
    "康复": "rehabilitation",
    "失能照护": "care of disabled elders",
    "特困供养": "support of the destitute",
    "医养结合": "medical and care combined",
    "心理": "counselling",
    "培训": "training",
}

STATUSES: dict[str, str] = {
    "open": "在营",
    "building": "在建",
    "planned": "规划",
    "closed": "停办",
}

PROVENANCES: dict[str, str] = {
    "published": "公开发布",
    "surveyed": "自有台账",
    "modelled": "模型推算",
    "illustrative": "示意",
}

SYSTEMS = ("大救助", "大养老", "大儿童保障", "大慈善", "大社会治理", "基本社会服务")

# What lists call these things; a register may use any of them for the id.
ALIASES: dict[str, str] = {
    "养老院": "elder_care",
    "敬老院": "elder_care",
    "福利院": "elder_care",
    "养老机构": "elder_care",
    "养老服务中心": "elder_care",
    "综合养老服务中心": "elder_care",
    "日间照料中心": "day_care",
    "居家养老服务中心": "day_care",
    "互助养老设施": "mutual_aid",
    "长者饭堂": "meal_point",
    "长者食堂": "meal_point",
    "助餐点": "meal_point",
    "社工站": "social_work_station",
    "社工点": "social_work_point",
    "未保站": "child_protection_station",
    "未成年人救助保护中心": "child_protection_centre",
    "救助站": "rescue_station",
    "救助管理站": "rescue_station",
    "骨灰楼": "columbarium",
    "骨灰堂": "columbarium",
    "公益性公墓": "public_cemetery",
    "公益性墓地": "public_cemetery",
    "公墓": "cemetery",
    "康园中心": "rehab_centre",
    **{kind.zh: kind.id for kind in KINDS.values()},
}
