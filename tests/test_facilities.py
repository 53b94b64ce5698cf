"""Registers: every problem of a bad file at once, nothing counted that is not open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.city import City
from coverage.errors import InputError
from coverage.facilities import COLUMNS, Facility, Register, parse_provenances
from coverage.kinds import KINDS
from helpers import centre, write_register

if TYPE_CHECKING:
    from pathlib import Path

CITY = City.load("清远")
TOWNSHIPS = [u.code for u in CITY.units.townships]


def _problems(path: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        CITY.read_register(path)
    return [str(p) for p in caught.value.problems]


@pytest.mark.parametrize(
    ("change", "column", "said"),
    [
        ({"beds": "-3"}, "beds", "negative"),
        ({"beds": "many"}, "beds", "not a whole number"),
        ({"beds": "2.5"}, "beds", "not a whole number"),
        ({"beds": "nan"}, "beds", "not a whole number"),
        ({"beds": "1_000"}, "beds", "not a whole number"),
        ({"beds": "10", "nursing_beds": "11"}, "nursing_beds", "more nursing beds than beds"),
        ({"unit_code": "440000001"}, "unit_code", "no unit of the city"),
        ({"unit_code": "4.41802E+08"}, "unit_code", "spreadsheet"),
        ({"unit_code": ""}, "unit_code", "empty"),
        ({"kind": "hotel"}, "kind", "not known"),
        ({"kind": ""}, "kind", "empty"),
        ({"status": "maybe"}, "status", "not known"),
        ({"provenance": "rumour"}, "provenance", "not known"),
        ({"lon": "113.05"}, "lat", "both"),
        ({"lon": "23.68", "lat": "113.05"}, "lon", "swapped"),
        ({"lon": "2", "lat": "48"}, "lon", "not lie in China"),
        ({"lon": "x", "lat": "23"}, "lon", "number of degrees"),
        ({"opened": "2023-13-40"}, "opened", "not a date"),
        ({"opened": "soon"}, "opened", "not a date"),
        ({"floor_area": "-1"}, "floor_area", "negative"),
        ({"name": ""}, "name", "empty"),
        ({"id": ""}, "id", "empty"),
    ],
)
def test_each_bad_cell_is_named(
    tmp_path: Path, change: dict[str, object], column: str, said: str
) -> None:
    rows = [centre(1, TOWNSHIPS[0]), centre(2, TOWNSHIPS[1], **change)]
    (problem,) = _problems(write_register(tmp_path / "台账.csv", rows))
    assert "台账.csv" in problem
    assert "row 3" in problem
    assert f"column {column}" in problem
    assert said in problem


def test_all_the_reasons_at_once(tmp_path: Path) -> None:
    rows = [
        centre(1, TOWNSHIPS[0], beds="-1"),
        centre(1, "999"),
        centre(3, TOWNSHIPS[0], kind="x", opened="never"),
    ]
    problems = _problems(write_register(tmp_path / "a.csv", rows))
    assert len(problems) == 5
    assert [p.split(", ")[1] for p in problems] == ["row 2", "row 3", "row 3", "row 4", "row 4"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"id,name\n1,a\n", "'kind' is missing"),
        ("id,name,kind,unit_code\n1,敬老院,elder_care,441802001\n".encode("gbk"), "not UTF-8"),
        (b"id,id,name,kind,unit_code\n", "named twice"),
        (b"id,name,kind,unit_code\n1,a,elder_care,441802001,x,y\n", "more cells than the header"),
        (b'id,name,kind,unit_code\n1,"a,elder_care,441802001\n', "well-formed"),
        (b"PK\x03\x04\x00\x00", "NUL"),
        (b"id;name;kind;unit_code\n1;a;elder_care;441802008\n", "use commas"),
        (b"id,name,kind,unit_code\n", "no rows"),
    ],
)
def test_malformed_files(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    problems = _problems(path)
    assert any(said in p for p in problems), problems
    assert all("bad.csv" in p for p in problems)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    assert "cannot be read" in _problems(tmp_path / "none.csv")[0]
    assert "this is a folder" in _problems(tmp_path)[0]


def test_names_in_chinese_and_bom_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    text = "ID,Name,Kind,Unit Code,Nursing Beds,beds,status,services\n"
    text += f'1,东城敬老院,养老服务机构（中心）,{TOWNSHIPS[0]},5,"1,200",在营,'
    text += "全托、日托；上门 协调指导\n"
    path.write_text("\ufeff" + text, encoding="utf-8")
    (facility,) = CITY.read_register(path).facilities
    assert facility.kind == "elder_care"
    assert facility.beds == 1200
    assert facility.nursing_beds == 5
    assert facility.services == {"全托", "日托", "上门", "协调指导"}
    assert facility.provenance == "surveyed"


def test_only_open_facilities_count(tmp_path: Path) -> None:
    rows = [
        centre(1, TOWNSHIPS[0], status="planned"),
        centre(2, TOWNSHIPS[0], status="closed"),
        centre(3, TOWNSHIPS[0], opened="2026-01-01"),
        centre(4, TOWNSHIPS[0], opened="2025年12月"),
    ]
    register = CITY.read_register(write_register(tmp_path / "a.csv", rows))
    assert [f.id for f in register.facilities if f.counts_in(2025)] == ["t-4"]


def test_provenance_filter_remembers_what_it_took() -> None:
    rows = tuple(
        Facility(str(n), "x", "elder_care", TOWNSHIPS[0], provenance=p)
        for n, p in enumerate(("published", "illustrative", "surveyed"))
    )
    kept = Register(rows).only(["published", "surveyed"])
    assert [f.provenance for f in kept.facilities] == ["published", "surveyed"]
    assert [f.provenance for f in kept.left_out] == ["illustrative"]


def test_provenance_names() -> None:
    assert parse_provenances("published, 自有台账") == ("published", "surveyed")
    with pytest.raises(InputError, match="'real' is not known"):
        parse_provenances("published,real")
    with pytest.raises(InputError, match="no provenance"):
        parse_provenances(" , ")


_CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=12)


@given(st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, _CELLS)), max_size=4))
def test_any_table_is_read_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    path = write_register(tmp_path_factory.mktemp("any") / "r.csv", rows)
    refused: InputError | None = None
    facilities: tuple[Facility, ...] = ()
    try:
        facilities = CITY.read_register(path).facilities
    except InputError as error:
        refused = error
    if refused is not None:
        assert refused.problems
        assert all(p.reason.zh and p.file == "r.csv" for p in refused.problems)
    for facility in facilities:
        assert facility.kind in KINDS
        assert facility.unit_code in CITY.units or facility.unit_code == CITY.code
        assert (facility.nursing_beds or 0) <= (facility.beds or 10**9)
