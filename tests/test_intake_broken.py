"""Broken and strange files through the whole import: no crash, no row lost, findings or not.

A few hundred examples each time; ``HYPOTHESIS_PROFILE=explore`` throws thousands of new ones.
"""

from __future__ import annotations

import csv
import json
import os
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coverage.city import City
from coverage.errors import InputError
from coverage.facilities import USUAL, read_register, register_csv
from coverage.formats.tables import csv_text
from coverage.intake.facilities import intake_facilities
from coverage.intake.reportpage import to_html
from coverage.intake.setup import create
from coverage.lists.reading import read_file

if TYPE_CHECKING:
    from coverage.intake.facilities import FacilityImport

CORPUS = Path(__file__).parent / "corpus"
FILES = sorted(
    p
    for p in CORPUS.iterdir()
    if p.suffix not in {".py", ".gpkg", ".zip"} and p.name != "bomb.xlsx" and p.is_file()
)
EXPLORE = os.environ.get("HYPOTHESIS_PROFILE") == "explore"
EXAMPLES = 3_000 if EXPLORE else 120
TODAY = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    """A workspace with township borders, water and a register of its own: every check runs."""
    space = create(tmp_path_factory.mktemp("broken") / "清远", city=City.load("清远"))
    ring = [[112.9, 23.7], [113.0, 23.7], [113.0, 23.8], [112.9, 23.8], [112.9, 23.7]]
    shape = {"type": "Polygon", "coordinates": [ring]}
    for name, code in (("townships", "441803102"), ("water", "x")):
        feature = {"type": "Feature", "properties": {"code": code}, "geometry": shape}
        content = {"type": "FeatureCollection", "features": [feature]}
        path = space / "boundaries" / f"{name}.geojson"
        path.write_text(json.dumps(content), encoding="utf-8")
    row = ["a", "太和镇敬老院", "elder_care", *[""] * 6, "441803102", *[""] * 7]
    (space / "facilities.csv").write_text(csv_text(USUAL, [row]), encoding="utf-8")
    return City.open(space)


def _whole(path: Path, city: City) -> FacilityImport | None:
    """Import a file and hold what must be true of any import."""
    try:
        read = [(s.sheet, s.part, row.number) for s in read_file(path) for row in s.rows]
        made = intake_facilities([path], city, today=TODAY)
    except InputError as error:
        refusal = error
    else:
        return _sound(made, read, path, city)
    assert len(refusal.problems) == 1
    assert "\n" not in str(refusal)
    return None


def _sound(
    made: FacilityImport, read: list[tuple[str, int, int]], path: Path, city: City
) -> FacilityImport:
    assert [(r.of.sheet, r.of.part, r.row) for r in made.rows] == read
    data = [row for row in made.rows if row.is_data]
    assert made.accepted + made.rejected == len(data)
    for row in made.rows:
        assert (row.outcome == "rejected") == (row.is_data and bool(row.reasons))
        assert not row.facilities or row.accepted
        assert row.facilities or not row.accepted or row.ledger == []
        assert all(f.said.zh and f.said.en for f in row.findings)
        assert {f.weight for f in row.findings} <= {"reason", "correction", "warning"}
        assert row.place != "coordinates" or None not in {row.lon, row.lat}
    assert (made.compared is None) == (not made.facilities), "where nothing came, nothing changes"
    if made.compared is not None:
        assert len(made.register) - len(made.compared.came) == 1 - len(made.compared.went)
    assert len(made.register) == len(made.facilities) + len(made.kept)
    assert len({f.id for f in made.register}) == len(made.register)
    assert to_html(made).count("<tr class=") <= len(made.rows)
    if made.facilities:
        register = path.parent / "register.csv"
        register.write_text(register_csv(made.facilities), encoding="utf-8")
        again = read_register(register, city.units, city_code=city.code).facilities
        assert [f.id for f in again] == [f.id for f in made.facilities]
    return made


LIST = (
    "机构名称", "类型", "县区", "乡镇", "村", "地址", "区划代码", "床位数", "护理型床位数",
    "WGS84经度", "WGS84纬度", "坐标", "开业日期", "状态", "编号", "备注", "全托", "长者饭堂",
)  # fmt: skip
LEDGER = ("县区", "乡镇", "敬老院", "长者饭堂", "社工站", "养老床位数", "护理型床位数", "综合功能")
CELL = st.one_of(
    st.just(""),
    st.sampled_from([
        "太和镇敬老院", "太和敬老院", "太和镇康乐养老院", "太和镇康乐园养老院", "石角镇敬老院",
        "清新区", "清城区", "太和镇", "石角镇", "太和", "向群社区", "田心村", "敬老院", "长者饭堂",
        "441803102", "441803102003", "441800", "999999999", "4.4E+11", "80", "3", "1", "-5", "8张",
        "3处", "90", "112.97", "112.971", "23.73", "23.7301", "116.4", "112.97,23.73", "38395112.7",
        "2625712.3", "1e308", "nan", "2099-01-01", "2015", "在建", "停办", "有", "无", "√", "合计",
        "小计", "合计", "小计", "imp-00002", "a", "a-2", "=1+1", "13812345678", '"', "'", "\x0b",
    ]),
    st.text(max_size=6),
)  # fmt: skip
GOOD = ("太和镇敬老院", "敬老院", "清新区", "太和镇", "", "", "", "80", "40", "112.97", "23.73")


@settings(max_examples=EXAMPLES)
@given(
    head=st.one_of(
        st.just(LIST), st.just(LEDGER), st.lists(st.sampled_from(LIST + LEDGER), min_size=1)
    ),
    rows=st.lists(
        st.one_of(st.lists(CELL, max_size=len(LIST)), st.just(list(GOOD))), min_size=1, max_size=12
    ),
)
@example(head=LIST, rows=[[*GOOD[:9], "nan", "nan"], [*GOOD[:9], "1e308", "1e308"]])
@example(head=LEDGER, rows=[["清新区", "太和镇", "无", "无", "", "", "90"]])
@example(head=LEDGER, rows=[["清新区", "太和镇", "有", "", "", "80", "90"]])
def test_any_table(
    head: tuple[str, ...],
    rows: list[list[str]],
    city: City,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    text = [[cell.encode("utf-8", "ignore").decode() for cell in row] for row in rows]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *text])
    _whole(path, city)


@pytest.mark.parametrize("source", FILES, ids=lambda p: p.name)
def test_damaged_files(source: Path, city: City, tmp_path: Path) -> None:
    """Bytes of the corpus flipped, cut, doubled and mixed with those of another file."""
    raw = source.read_bytes()
    rng = random.Random(None if EXPLORE else source.name)
    path = tmp_path / source.name
    for _ in range(40 if EXPLORE else 3):
        data = bytearray(raw)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(data) + 1)
            cut = data[max(0, at - 30) : at]
            kind = rng.randrange(4)
            if kind == 0 and data:
                data[min(at, len(data) - 1)] ^= 1 << rng.randrange(8)
            elif kind == 1:
                del data[at : at + rng.randint(1, 40)]
            elif kind == 2:
                data[at:at] = cut
            else:
                data[at:at] = rng.choice(
                    ["合计".encode(), "石角镇".encode("gbk"), b"\n", b",", b"9"]
                )
        path.write_bytes(bytes(data))
        _whole(path, city)
