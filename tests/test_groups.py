"""Groups of people by age."""

from __future__ import annotations

import pytest

from coverage.groups import GROUPS, aged, group_in, holds, people_of, persons_of


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("60+", "60+"),
        ("60 +", "60+"),
        ("60_+", "60+"),
        ("60岁及以上人口", "60+"),
        ("65周岁以上", "65+"),
        ("≥80", "80+"),
        ("0-14", "0-14"),
        ("0_14", "0-14"),
        ("15 至 59岁", "15-59"),
        ("014-15", "14-15"),
        ("人口", None),
        ("59-15", None),
        ("2021-2025年", None),
        ("", None),
    ],
)
def test_a_range_of_ages_is_read(text: str, group: str | None) -> None:
    assert group_in(text) == group


@pytest.mark.parametrize("text", ["60+ share", "of 0-14", "x60+"])
def test_a_whole_name_has_nothing_around_its_range(text: str) -> None:
    assert group_in(text, whole=True) is None
    assert group_in(text) is not None


def test_every_group_is_said_in_both_languages() -> None:
    assert [people_of(g).zh for g in GROUPS] == [
        "人口",
        "0–14 岁人口",
        "15–59 岁人口",
        "60 岁及以上人口",
        "65 岁及以上人口",
        "80 岁及以上人口",
    ]
    assert people_of("all").en == "people"
    assert people_of("60+").en == "people aged 60 and over"
    assert persons_of("all") == ("居民", "residents")
    assert persons_of("0-14") == ("0–14 岁儿童", "children aged 0–14")
    assert persons_of("15-59").zh == "15–59 岁居民"
    assert persons_of("65+").zh == "65 岁及以上老人"
    assert aged("0-2").en == "aged 0–2"


@pytest.mark.parametrize(
    ("whole", "part", "held"),
    [
        ("all", "60+", True),
        ("60+", "65+", True),
        ("60+", "60-64", True),
        ("65+", "60+", False),
        ("60+", "60+", False),
        ("all", "all", False),
        ("15-59", "60+", False),
        ("60+", "all", False),
    ],
)
def test_a_group_may_hold_another(whole: str, part: str, held: bool) -> None:
    assert holds(whole, part) is held
