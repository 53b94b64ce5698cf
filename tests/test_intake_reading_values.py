"""Cells, columns and limits one by one: what is understood, what is refused, and why."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.errors import InputError
from coverage.formats.encodings import detect
from coverage.formats.safety import Limits, inside
from coverage.kinds import ALIASES, KINDS, SERVICES, STATUSES
from coverage.lists.columns import read_mapping, understand
from coverage.lists.personal import is_credit_code, is_id_number, redact
from coverage.lists.reading import read_file
from coverage.lists.rows import Row, take_rows
from coverage.lists.spec import FACILITIES
from coverage.lists.values import (
    chinese_number,
    parse_area,
    parse_beds,
    parse_bool,
    parse_date,
    parse_number,
)
from coverage.lists.words import parse_kind, parse_ownership, parse_services, parse_status

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (80, 80),
        (80.0, 80),
        ("80", 80),
        (" 80 张", 80),
        ("约80张", 80),
        ("80余张", 80),
        ("1,200", 1200),
        ("1，200", 1200),
        ("１２０", 120),
        ("八十", 80),
        ("一百零五", 105),
        ("一百二", 120),
        ("两千", 2000),
        ("壹佰贰拾", 120),
        ("一二〇", 120),
        ("一万二", 12000),
        ("1.2万", 12000),
        ("'80", 80),
        ("80.0", 80),
        ("0", 0),
        ("", None),
        ("/", None),
        ("暂无", None),
        (None, None),
        (float("nan"), None),
    ],
)
def test_beds(cell: Any, value: int | None) -> None:
    parsed = parse_beds(cell)
    assert parsed.value == value
    assert not parsed.reason


@pytest.mark.parametrize(
    "cell",
    ["60-80", "60~80", "60至80", "80以上", "≥80", "40+40", "30间", "-5", "80.5", "很多", "1,2",
     "8O", float("inf"), 10**20, date(2023, 5, 1), "#REF!", "1_000", "{0}",
     "80（护理型40）", "%s"],
)  # fmt: skip
def test_beds_refused_with_a_reason(cell: Any) -> None:
    parsed = parse_beds(cell)
    assert parsed.value is None
    assert parsed.reason is not None
    assert all(parsed.reason)


def test_what_was_changed_is_said() -> None:
    assert "80" in str(parse_beds("约80张").changed)
    assert parse_beds("80").changed is None
    assert "only the year" in str(parse_date("2023").changed)


def test_areas() -> None:
    assert parse_area("约1,200.5平方米").value == 1200.5
    assert parse_area("1200㎡").value == 1200
    assert "another quantity" in str(parse_area("3亩").reason)
    assert "negative" in str(parse_area(-1).reason)


@given(st.integers(0, 99_999_999))
def test_chinese_numerals_round_trip(number: int) -> None:
    digits = "零一二三四五六七八九"

    def section(n: int) -> str:
        out = ""
        for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
            digit = n // unit % 10
            if digit:
                out += digits[digit] + name
            elif out and not out.endswith("零") and n % unit:
                out += "零"
        return out

    high, low = divmod(number, 10_000)
    text = (section(high) + "万" if high else "") + (
        ("零" if high and low < 1000 and low else "") + section(low)
    )
    assert chinese_number(text or "零") == number


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2023.5.1", date(2023, 5, 1)),
        ("2023年5月", date(2023, 5, 1)),
        ("2023年05月01日", date(2023, 5, 1)),
        ("2023-5", date(2023, 5, 1)),
        ("２０２３／５／１", date(2023, 5, 1)),
        (44927, date(2023, 1, 1)),
        (44927.5, date(2023, 1, 1)),
        ("44927", date(2023, 1, 1)),
        (2023, date(2023, 1, 1)),
        (2023.5, date(2023, 5, 1)),
        (2023.11, date(2023, 11, 1)),
        (202305, date(2023, 5, 1)),
        (20230501, date(2023, 5, 1)),
        (datetime(2023, 5, 1, 8), date(2023, 5, 1)),  # noqa: DTZ001
        ("二〇二三年十二月", date(2023, 12, 1)),
        ("—", None),
    ],
)
def test_dates(cell: Any, day: date | None) -> None:
    parsed = parse_date(cell)
    assert (parsed.value, parsed.reason) == (day, None)


@pytest.mark.parametrize(
    "cell",
    [2023.1, "5/1/23", "2023.13.1", "2023-02-30", "去年", 12, -1, float("inf"), "9999年", "1-2-3"],
)
def test_dates_refused(cell: Any) -> None:
    parsed = parse_date(cell)
    assert parsed.value is None
    assert parsed.reason is not None
    assert all(parsed.reason)


@given(st.one_of(st.text(max_size=20), st.floats(), st.integers(), st.dates(), st.none()))
def test_no_cell_crashes_a_parser(cell: Any) -> None:
    for parse in (parse_number, parse_beds, parse_area, parse_bool, parse_date, parse_status):
        parsed: Any = parse(cell)
        assert parsed.value is None or not parsed.reason
    assert parse_ownership(cell).reason is None
    parse_services(cell)
    parse_kind(cell)


def test_yes_and_no() -> None:
    for cell in ("有", "是", "√", "✔", 1, "1", "Y", "TRUE", "提供"):
        assert parse_bool(cell).value is True, cell
    for cell in ("无", "否", "×", "x", 0, "0", "N", "FALSE", "未开展"):
        assert parse_bool(cell).value is False, cell
    assert parse_bool("20").changed
    assert parse_bool("可能").reason
    assert parse_bool("").value is None


def test_every_word_of_the_vocabulary_is_understood() -> None:
    for kind in KINDS.values():
        assert parse_kind(kind.id).kind == parse_kind(kind.zh).kind == kind.id
    for alias, id_ in ALIASES.items():
        assert parse_kind(alias) == (id_, "exact", 1.0, parse_kind(alias).alias)
    for status, zh in STATUSES.items():
        assert parse_status(status).value == parse_status(zh).value == status
    for service in SERVICES:
        assert parse_services(service).known == (service,)


def test_kinds_in_free_text() -> None:
    assert parse_kind("太和镇敬老院")[:3] == ("elder_care", "suffix", 0.9)
    assert parse_kind("清城区未成年人救助保护中心").kind == "child_protection_centre"
    assert parse_kind("太和镇救助站").kind == "rescue_station"
    assert parse_kind("清远市儿童福利院").kind == "child_welfare"
    assert parse_kind("日间照料中心（二楼）").how == "contains"
    assert parse_kind("未成年人保护工作站点").sure
    assert not parse_kind("康乐园").sure


def test_services_known_and_unknown() -> None:
    found = parse_services("送餐、洗浴，唱歌及日间照料等")
    assert found.known == ("助餐", "助浴", "日托")
    assert found.unknown == ("唱歌",)


def test_personal_numbers() -> None:
    assert is_id_number("11010519491231002x")
    assert not is_id_number("110105194912310021")
    assert not is_id_number("110105194913310020")
    assert is_credit_code("91350100M000100Y43")
    assert not is_credit_code("91350100M000100Y44")
    assert redact("甲 13800138000，11010519491231002X") == ("甲 ***********，******************", 2)
    assert redact("代码 441802103 床位 120") == ("代码 441802103 床位 120", 0)


def test_every_name_means_a_field() -> None:
    for name, field in FACILITIES.exact.items():
        head, _, tail = field.partition(":")
        assert (
            field in FACILITIES.fields or field == "" or (head == "service" and tail in SERVICES)
        ), name


def _csv(folder: Path, text: str) -> Path:
    path = folder / "list.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_mapping_is_stronger_than_names(tmp_path: Path) -> None:
    path = _csv(tmp_path, "甲栏,名称,床位数\n太和镇敬老院,曾用名,80\n")
    mapping = tmp_path / "columns.toml"
    mapping.write_text('[columns]\n"甲栏" = "name"\n"床位数" = ""\n', encoding="utf-8")
    fields = read_mapping(mapping)
    (sheet,) = read_file(path, known=fields)
    found = understand(sheet, mapping=fields)
    assert [(c.field, c.how) for c in found.columns] == [
        ("name", "mapping"),
        (None, "left out"),
        (None, "left out"),
    ]
    assert "甲栏" in str(found.columns[1].reason)
    mapping.write_text('"甲栏" = "nmae"\n"b" = "service:x"\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_mapping(mapping)
    assert len(caught.value.problems) == 2


def test_personal_columns_can_be_kept(tmp_path: Path) -> None:
    path = _csv(tmp_path, "名称,联系电话,备注\n太和镇敬老院,13800138000,找甲 13900139000\n")
    (sheet,) = read_file(path)
    assert understand(sheet).personal == ("联系电话",)
    assert understand(sheet, keep_personal=True).personal == ()
    (_, hidden) = take_rows(sheet, understand(sheet), Row)
    (_, kept) = take_rows(sheet, understand(sheet), Row, keep_personal=True)
    assert hidden.values["note"] == "找甲 ***********"
    assert kept.values["note"] == "找甲 13900139000"


def test_beds_that_are_not_the_beds(tmp_path: Path) -> None:
    names = "名称,入住床位数,空余床位数,家庭养老床位数,上级单位名称,占地面积,每床位价格"
    (sheet,) = read_file(_csv(tmp_path, f"{names}\n太和镇敬老院,1,2,3,民政局,5,6\n"))
    assert understand(sheet).fields == {"名称": "name", "占地面积": "land_area"}


def test_limits(tmp_path: Path) -> None:
    path = _csv(tmp_path, "名称,床位\n" + "甲敬老院,1\n" * 50)
    for limits, words in (
        (Limits(rows=20), "20 rows"),
        (Limits(cells=60), "60 cells"),
        (Limits(columns=1), "1 column"),
        (Limits(file_bytes=100), "larger than"),
    ):
        with pytest.raises(InputError, match=words):
            read_file(path, limits=limits)


def test_ten_million_rows_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_bytes("名称,床位\n".encode() + b"a,1\n" * 10_000_000)
    with pytest.raises(InputError, match="1,048,576 rows"):
        read_file(path)


def test_archives_are_measured_before_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.shp", bytes(2 << 20))
    with pytest.raises(InputError, match="zip bomb"):
        read_file(path, limits=Limits(ratio_from=1 << 20))
    with pytest.raises(InputError, match="zip bomb"):
        read_file(path, limits=Limits(unpacked_bytes=1 << 20))
    with pytest.raises(InputError, match="too many files"):
        read_file(path, limits=Limits(entries=0))


def test_names_cannot_leave_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path)
    assert inside(tmp_path / "in", "a/b.csv") == (tmp_path / "in" / "a" / "b.csv").resolve()
    for name in ("../x", "/etc/hostname", "C:\\x", "a/../../x", "link/x", "..\\x", "a\x00b"):
        with pytest.raises(InputError):
            inside(tmp_path / "in", name)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path, "a\x00b"):
        with pytest.raises(InputError):
            read_file(path)


@pytest.mark.parametrize("encoding", ["gb18030", "big5"])
def test_encodings_are_told_apart(encoding: str) -> None:
    traditional = [
        "太和鎮安老院，床位八十張",
        "臺北市政府社會局養護中心",
        "機構名稱,地址,電話,備註",
    ]
    simplified = [
        "太和镇敬老院，床位八十张",
        "清远市民政局养老机构一览表",
        "机构名称,地址,电话,备注",
    ]
    for text in simplified if encoding == "gb18030" else traditional:
        found = detect(text.encode(encoding))
        assert found is not None
        assert found.name.startswith(encoding)
        assert 0.5 <= found.confidence < 1


@pytest.mark.parametrize(
    "cell", [1e300, -1e18, 1e15, 10**15, "1e300", "9" * 16, "十亿亿", "9e20万"]
)
def test_what_is_more_than_anything_of_a_city_is_no_number(cell: Any) -> None:
    """A damaged workbook gave a home a number of beds of 301 digits."""
    assert parse_number(cell).value is None
    assert parse_beds(cell).value is None
    assert parse_beds(cell).reason is not None
