"""Kinds that obligations of plans need are read from the names that lists give them."""

from __future__ import annotations

import pytest

from coverage.kinds import KINDS, SERVICES
from coverage.lists.words import parse_grade, parse_kind, parse_services
from coverage.maps.styles import SYMBOLS


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("江门市救灾物资储备仓库", "relief_warehouse"),
        ("恩平市应急物资储备库", "relief_warehouse"),
        ("太和镇卫生院", "medical"),
        ("清新区人民医院", "medical"),
        ("城南社区卫生服务中心", "medical"),
        ("太和镇退役军人服务站", "veterans_centre"),
        ("第12号福彩销售网点", "lottery_outlet"),
        ("白沙街道义工驿站", "volunteer_station"),
        ("太和镇长者饭堂", "meal_point"),
        # What looks like them and is not.
        ("城南社区服务中心", "community_service"),
        ("清远市福利院", "elder_care"),
        ("中医院养护院", "elder_care"),
        ("太和镇殡仪馆", "funeral_home"),
        ("太和镇婚姻登记处", "marriage_registry"),
    ],
)
def test_a_name_says_its_kind(name: str, kind: str) -> None:
    assert parse_kind(name).kind == kind
    assert kind in KINDS


def test_services_of_plans_are_known() -> None:
    said = parse_services("家庭照护床位、应急救援、服务热线、普惠养老、紧急救援")
    assert said.known == ("家庭养老床位", "应急救援", "24小时热线", "普惠", "助急")
    assert set(said.known) <= set(SERVICES)


def test_every_kind_has_a_sign_on_the_map() -> None:
    assert set(SYMBOLS) == set(KINDS)
    assert len(set(SYMBOLS.values())) == len(SYMBOLS)


@pytest.mark.parametrize(
    ("cell", "grade"),
    [
        ("AAA", "3A"),
        ("国家AAAA级", "4A"),
        ("3A级", "3A"),
        ("三星级", "三星"),
        ("5星", "五星"),
        ("★★★", "三星"),
        ("一级", "一级"),
        ("2", "二星"),
        ("未评", None),
        ("省级示范", "省级示范"),
    ],
)
def test_grades_are_written_in_one_way(cell: str, grade: str | None) -> None:
    assert parse_grade(cell, "星级").value == grade
