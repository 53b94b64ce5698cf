"""Tiers: whose a facility is, by its column, its names and its kind, wherever it stands."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from coverage.city import City
from coverage.clauses import LEVELS
from coverage.errors import InputError
from coverage.facilities import Facility
from coverage.intake.facilities import intake_facilities
from coverage.kinds import TIERS
from coverage.lists.columns import understand
from coverage.lists.reading import read_file
from coverage.places.tiers import tier_of
from helpers import centre, write_register

if TYPE_CHECKING:
    from pathlib import Path


@cache
def _city(name: str) -> City:
    return City.load(name)


@pytest.mark.parametrize(
    ("city", "name", "kind", "unit", "tier"),
    [
        ("阳江", "阳江市综合养护院", "elder_care", "441702", "city"),
        ("清远", "清远市社会福利院", "elder_care", "441802008", "city"),
        ("清远", "市福利院", "elder_care", "441802008", "city"),
        ("清远", "市福利院", "elder_care", "441881", ""),  # 英德市's or 清远市's?
        ("清远", "英德市福利院", "elder_care", "441881", "county"),
        ("清远", "县敬老院", "elder_care", "441823", "county"),
        ("清远", "阳山县敬老院", "elder_care", "441823100", "county"),
        ("清远", "佛冈敬老院", "elder_care", "441821100", "county"),
        ("清远", "县级公益性公墓", "public_cemetery", "441823100", "county"),
        ("清远", "英德市英西北区域性敬老院", "elder_care", "441881", "county"),
        ("清远", "县社会工作服务指导中心", "social_work_station", "441823", "county"),
        ("清远", "广东省清远市清新区太和镇敬老院", "elder_care", "441803", "township"),
        ("清远", "清新区太和敬老院", "elder_care", "441803102", "township"),
        ("清远", "街道综合养老服务中心", "elder_care", "441802008", "township"),
        ("清远", "洲心街道社区居家养老服务中心", "day_care", "441802008", "township"),
        ("清远", "龙坪镇镇（街）社工服务站", "social_work_station", "441882103", "township"),
        ("清远", "洲心街道城南社区居家养老服务站", "day_care", "441802008", "village"),
        ("清远", "太和镇鹤坑村公益性公墓", "public_cemetery", "441803102", "village"),
        ("清远", "村居家养老服务站", "day_care", "441803102", "village"),
        ("清远", "横石村委会骨灰楼", "columbarium", "441803102", "village"),
        ("江门", "赤坎村松树岗公益性骨灰楼堂", "columbarium", "440784001212", "village"),
        ("珠山", "景德镇市珠山区社会福利院", "elder_care", "360203", "county"),
        ("珠山", "景德镇市社会福利院", "elder_care", "360203", "city"),
        ("中山", "中山市福利院", "elder_care", "442000", "city"),
        ("中山", "沙溪公益性公墓", "public_cemetery", "442000106", "township"),
    ],
)
def test_a_name_tells_whose_a_facility_is(
    city: str, name: str, kind: str, unit: str, tier: str
) -> None:
    assert tier_of(Facility("1", name, kind, unit), _city(city).units) == tier


@pytest.mark.parametrize(
    ("name", "kind", "unit"),
    [
        ("清远市德福颐养院有限公司", "elder_care", "441802"),  # registered in the city, not its own
        ("清新区星光老年公寓", "elder_care", "441803"),
        ("望埠镇鹤坑公益性公墓", "public_cemetery", "441881114"),  # of the town or of a village
        ("石角镇福山墓园", "commercial_cemetery", "441821100"),
        ("社区居家养老服务中心", "day_care", "441802008"),
        ("农村养老服务中心", "elder_care", "441802008"),
        ("阳光养老院", "elder_care", "441802008"),
        ("养老院" * 40, "elder_care", "441802008"),
    ],
)
def test_what_no_word_tells_stays_unknown(name: str, kind: str, unit: str) -> None:
    assert tier_of(Facility("1", name, kind, unit), _city("清远").units) == ""


def test_the_column_holds_then_the_words_then_the_kind() -> None:
    units = _city("清远").units

    def tier(name: str = "某站", kind: str = "social_work_station", **more: Any) -> str:
        return tier_of(Facility("1", name, kind, "441823100", **more), units)

    assert tier() == "township"  # such stations are the townships'
    assert tier(category="县级") == "county"
    assert tier("阳山县敬老院", tier="village") == "village"
    assert tier("阳山县敬老院", category="镇敬老院") == ""  # two words, and no one knows
    assert tuple(TIERS) == LEVELS


def test_a_register_reads_a_tier_as_lists_write_it(tmp_path: Path) -> None:
    written = ["county", "县级", "区级", "镇街级", "街道", ""]
    rows = [centre(i, "441802008", tier=word) for i, word in enumerate(written)]
    read = _city("清远").read_register(write_register(tmp_path / "r.csv", rows))
    assert [f.tier for f in read] == ["county"] * 3 + ["township"] * 2 + [""]
    bad = write_register(tmp_path / "b.csv", [centre(1, "441802008", tier="省级")])
    with pytest.raises(InputError, match=r"row 2, column tier, value '省级'.*city, county"):
        _city("清远").read_register(bad)


def _import(tmp_path: Path, text: str) -> Any:
    path = tmp_path / "名单.csv"
    path.write_text(text, encoding="utf-8")
    return intake_facilities([path], _city("清远"), trial=True)


def test_an_import_asks_where_column_and_name_disagree(tmp_path: Path) -> None:
    made = _import(
        tmp_path,
        "名称,乡镇,行政层级,细类\n太和镇敬老院,太和镇,县级,\n清新区敬老院,太和镇,区（县）级,\n"
        "清新区福利院,太和镇,,镇级福利院\n第三敬老院,太和镇,省级,\n",
    )
    assert [f.tier for f in made.facilities] == ["county", "county", ""]
    first, second, third, fourth = (row for row in made.rows if row.is_data)
    assert "层级写“县级”，名称“太和镇敬老院”像镇级" in first.checks[0].zh
    assert not second.checks
    assert "层级不一" in third.checks[-1].zh
    assert fourth.outcome == "rejected"
    assert "层级不明" in fourth.reasons[0].zh


@pytest.mark.parametrize(
    ("cells", "field"), [(("县级", "镇级"), "tier"), (("三星", "AAA"), "grade")]
)
def test_a_heading_of_levels_is_believed_by_its_cells(
    tmp_path: Path, cells: tuple[str, str], field: str | None
) -> None:
    path = tmp_path / "名单.csv"
    path.write_text(f"名称,级别\n甲敬老院,{cells[0]}\n乙敬老院,{cells[1]}\n", encoding="utf-8")
    (sheet,) = read_file(path)
    assert understand(sheet).columns[1].field == field
