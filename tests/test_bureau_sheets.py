"""Lists as bureaus keep them, with merged cells, signatures, sums and sheets: truth known."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from coverage.city import City
from coverage.intake.facilities import intake_facilities

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from coverage.intake.outcomes import FacilityRow


def _book(path: Path, pages: Sequence[tuple[str, list[list[Any]], list[str]]]) -> Path:
    from openpyxl import Workbook

    book = Workbook()
    for number, (title, rows, merges) in enumerate(pages):
        page = book.create_sheet(title, number)
        for row in rows:
            page.append(row)
        for merge in merges:
            page.merge_cells(merge)
    del book["Sheet"]
    book.save(path)
    return path


def _rows(path: Path, city: str, **more: Any) -> list[FacilityRow]:
    return [r for r in intake_facilities([path], City.load(city), **more).rows if r.is_data]


def test_homes_below_merged_counties_with_a_signature(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["清远市养老机构基本情况表（2024年12月）"],
        ["填报单位：清远市民政局", *[None] * 5, "单位：张、人"],
        ["序号", "县（市、区）", "机构名称", "机构地址", "床位情况（张）", None, "性质"],
        [None, None, None, None, "总床位", "其中：护理型", None],
        [1, "清城区", "康泰颐养院", "源潭镇连塘村委会旁", "５０", 20, "公办"],
        [2, None, "幸福老年公寓", "洲心街道广清大道８８号", 51, 21, "民办"],
        [3, "佛冈县", "佛冈县汤塘镇敬老院", "汤塘镇汤塘村", 52, 22, "公办"],
        ["合计", None, None, None, 153, 63, None],
        ["单位负责人：李四", None, "填报人：张三", None, "填报日期：2024年12月31日"],
    ]
    merges = ["A1:G1", "E3:F3", "A3:A4", "B3:B4", "C3:C4", "D3:D4", "G3:G4", "B5:B6"]
    made = _rows(_book(tmp_path / "养老.xlsx", [("养老机构", rows, merges)]), "清远")
    assert [(r.unit_code[:9], r.facilities[0].beds) for r in made] == [
        ("441802103", 50),
        ("441802008", 51),
        ("441821102", 52),
    ]


def test_a_list_in_gbk_with_wide_semicolons_and_days_as_numbers(tmp_path: Path) -> None:
    text = (
        "序号；服务点名称；所属县（市、区）；镇（街道）；开业时间；运营状态\n"
        "1；翠竹长者饭堂；江海区；礼乐街道；45000；暂停\n"
        "2；银龄助餐点；台山市；台城街道；45030；正常\n"
    )
    path = tmp_path / "饭堂.csv"
    path.write_bytes(text.encode("gbk"))
    one, two = (r.facilities[0] for r in _rows(path, "江门", kind="meal_point"))
    assert (one.status, one.opened) == ("closed", date(2023, 3, 15))
    assert (two.status, two.opened) == ("open", date(2023, 4, 14))
    units = City.load("江门").units
    assert [units.name(f.unit_code) for f in (one, two)] == ["礼乐街道", "台城街道"]


def test_one_sheet_a_county_with_sums(tmp_path: Path) -> None:
    pages: list[tuple[str, list[list[Any]], list[str]]] = [
        (
            county,
            [
                [f"{county}社工站情况"],
                ["序号", "站点", "所在镇", "社工人数"],
                *([n, f"{town}社工服务站", town, 5] for n, town in enumerate(towns, start=1)),
                ["小计", f"{len(towns)}个", None, 5 * len(towns)],
            ],
            ["A1:D1"],
        )
        for county, towns in (("清新区", ["太和镇", "浸潭镇"]), ("连州市", ["连州镇", "星子镇"]))
    ]
    units = City.load("清远").units
    made = _rows(_book(tmp_path / "社工站.xlsx", pages), "清远")
    assert [units.name(r.unit_code) for r in made] == ["太和镇", "浸潭镇", "连州镇", "星子镇"]
    assert {r.unit_code[:6] for r in made} == {"441803", "441882"}


def test_graves_by_area_and_number(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["清远市殡葬设施台账"],
        ["名称", "属地", "镇（街）", "墓穴数（穴）", "类别", "建成时间"],
        ["福安园公益性公墓", "清城区", "龙塘镇", 1200, "公益性", "2015.06"],
        ["仙福陵园", "清新区", "太平镇", 1200, "经营性", "2015.06"],
        ["黎埠公墓", "阳山县", "黎埠镇", 1200, "公墓", "2015.06"],
        ["合计", None, None, 3600, None, None],
    ]
    path = _book(tmp_path / "殡葬.xlsx", [("Sheet1", rows, ["A1:F1"])])
    made = _rows(path, "清远", kind="cemetery")
    assert [r.unit_code for r in made] == ["441802105", "441803104", "441823116"]
    assert [r.facilities[0].kind for r in made][:2] == ["public_cemetery", "commercial_cemetery"]


def test_homes_whose_county_is_a_number_and_one_closed_in_its_remark(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["机构代码", "单位名称", "行政区划", "单位地址", "开业日期", "核定床位(张)", "备注"],
        ["MB1", "颐和护理院", 441802, "清城区东城街道大塱路3号", datetime(2012, 5, 1), 80, None],  # noqa: DTZ001
        ["MB2", "夕阳红养老院", 441882, "连州镇慧光路12号", None, 81, "2023年6月停业，老人已转移"],
    ]
    path = _book(tmp_path / "机构.xlsx", [("Sheet1", rows, [])])
    made = _rows(path, "清远", kind="elder_care")
    units = City.load("清远").units
    assert [units.name(r.unit_code) for r in made] == ["东城街道", "连州镇"]
    assert [r.facilities[0].status for r in made] == ["open", "closed"]
    assert made[0].facilities[0].opened == date(2012, 5, 1)
