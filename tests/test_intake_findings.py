"""What an import finds odd on rows that it takes: on the ground, among neighbours, in sums."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.city import City
from coverage.facilities import Facility, read_register, register_csv
from coverage.intake.facilities import intake_facilities
from coverage.intake.identity import Form, compare, form_of, score
from coverage.intake.setup import create
from helpers import run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from coverage.intake.facilities import FacilityImport
    from coverage.intake.outcomes import FacilityRow

QINGYUAN = City.load("清远")
TODAY = datetime(2025, 6, 1, tzinfo=UTC)
TAIHE = QINGYUAN.units["441803102"]  # 太和镇 of 清新区
HEAD = "名称,类型,县区,乡镇,经度,纬度,坐标系,床位数,护理型床位数,开业日期,状态"


@pytest.fixture
def space(tmp_path: Path) -> Path:
    return create(tmp_path / "工作区", city=QINGYUAN)


def _import(folder: Path, text: str, city: City = QINGYUAN, **more: Any) -> FacilityImport:
    path = folder / "名册.csv"
    path.write_text(text, encoding="utf-8")
    made = intake_facilities([path], city, today=TODAY, **more)
    _sound(made, folder, city)
    return made


def _sound(made: FacilityImport, folder: Path, city: City) -> None:
    """Every row is accounted for, and what was accepted is a register that can be read."""
    data = [row for row in made.rows if row.is_data]
    assert made.accepted + made.rejected == len(data)
    if made.facilities:
        path = folder / "register.csv"
        path.write_text(register_csv(made.facilities), encoding="utf-8")
        assert len(read_register(path, city.units, city_code=city.code).facilities) == len(
            made.facilities
        )


def _rows(made: FacilityImport) -> list[FacilityRow]:
    return [row for row in made.rows if row.is_data]


def _ids(row: FacilityRow) -> list[str]:
    return [finding.id for finding in row.findings if finding.weight == "warning"]


def _row(name: str, east_m: float = 0.0, north_m: float = 0.0, **more: object) -> str:
    """A line of `HEAD`, so far from the seat of 太和镇."""
    assert TAIHE.lon is not None
    assert TAIHE.lat is not None
    cells = {
        "类型": "敬老院",
        "乡镇": "太和镇",
        "经度": f"{TAIHE.lon + east_m / 102_000:.7f}",
        "纬度": f"{TAIHE.lat + north_m / 110_700:.7f}",
        "坐标系": "WGS84",
    } | {key: str(value) for key, value in more.items()}
    return ",".join([name, *(cells.get(column, "") for column in HEAD.split(",")[1:])])


def _list(*rows: str) -> str:
    return "\n".join([HEAD, *rows, ""])


# --- neighbours -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "alike"),
    [
        ("太和镇敬老院", "太和敬老院", True),
        ("太和镇敬老院", "清远市清新区太和镇敬老院", True),
        ("太和镇敬老院", "太和鎮敬老院", True),
        ("太和镇 敬老院", "太和镇敬老院（公办）", True),
        ("太和镇康乐养老院", "太和镇康东养老院", False),
        ("太和镇康乐养老院", "太和镇康园养老院", True),
        ("太和镇第一敬老院", "太和镇第二敬老院", False),
        ("甲敬老院", "乙敬老院", False),
        ("太和镇敬老院", "清新区敬老院", False),
        ("康乐养老院（一分院）", "康乐养老院（二分院）", False),
        ("太和镇敬老院", "太和镇福利中心", False),
    ],
)
def test_names_that_may_mean_one(a: str, b: str, alike: bool) -> None:
    forms = [form_of(name, TAIHE.code, QINGYUAN.units) for name in (a, b)]
    assert (score(*forms) >= 0.7) is alike, forms
    assert score(*forms) == score(*reversed(forms))


@given(st.text("太和敬老院康乐园一二东", max_size=8), st.text("太和敬老院康乐园一二东", max_size=8))
def test_a_score_is_even_and_whole_only_for_one_form(a: str, b: str) -> None:
    one, two = Form(a, ()), Form(b, ())
    assert score(one, two) == score(two, one)
    assert 0 <= score(one, two) <= 1
    assert (score(one, two) == 1) == (a == b)


def test_near_same_names_within_200_metres(tmp_path: Path) -> None:
    made = _import(
        tmp_path,
        _list(
            _row("太和镇康乐养老院"),
            _row("太和镇康乐园养老院", 150),
            _row("太和镇康乐养老院", 100),
            _row("太和康樂养老院", 900),
            _row("太和镇第一敬老院", 2000),
            _row("太和镇第二敬老院", 2050),
        ),
    )
    first, slip, same, far, one, two = _rows(made)
    assert all(row.accepted for row in (first, slip, far, one, two))
    assert same.outcome == "rejected"
    assert "与第 2 行重复" in same.reasons[0].zh
    assert _ids(slip) == ["near_same"]
    assert "相距 150 米" in slip.checks[0].zh
    assert not any("near_same" in _ids(row) for row in (first, far, one, two))


def test_without_places_only_one_form_in_one_township(tmp_path: Path) -> None:
    made = _import(
        tmp_path,
        "名称,乡镇,县区\n太和镇敬老院,太和镇,清新区\n太和敬老院,太和镇,清新区\n太和敬佬院,太和镇,清新区\n"
        "太和镇敬老院,太和镇,清新区\n石角镇敬老院,石角镇,清城区\n石角敬老院,石角镇,佛冈县\n",
        kind="elder_care",
    )
    rows = _rows(made)
    assert [row.accepted for row in rows] == [True, True, True, False, True, True]
    assert [_ids(row) for row in rows[:3]] == [[], ["near_same"], []]
    assert not _ids(rows[5]), "the same name in another county is another place"


def test_a_kind_of_its_own_is_no_duplicate(tmp_path: Path) -> None:
    made = _import(tmp_path, _list(_row("太和镇服务中心"), _row("太和镇服务中心", 类型="社工站")))
    assert made.accepted == 2
    assert not any(_ids(row) for row in _rows(made))


NAMES = st.sampled_from(
    ["康乐养老院", "康乐园养老院", "太和镇康乐养老院", "第一养老院", "第二养老院"]
)
SPOT = st.tuples(NAMES, st.integers(0, 8), st.integers(0, 8), st.booleans())


@given(st.lists(SPOT, min_size=1, max_size=14))
def test_buckets_find_what_all_pairs_would(
    tmp_path_factory: pytest.TempPathFactory, spots: list[tuple[str, int, int, bool]]
) -> None:
    """Brute force over all pairs of rows that are left agrees with the squares."""
    folder = tmp_path_factory.mktemp("near")
    lines = [
        _row(name, 90.0 * i, 90.0 * j, **({} if placed else {"经度": "", "纬度": ""}))
        for name, i, j, placed in spots
    ]
    rows = _rows(_import(folder, _list(*lines)))
    kept = [n for n, row in enumerate(rows) if row.accepted]
    wanted = set()
    for a, b in itertools.combinations(kept, 2):
        (name_a, ia, ja, placed_a), (name_b, ib, jb, placed_b) = spots[a], spots[b]
        forms = [form_of(n, TAIHE.code, QINGYUAN.units) for n in (name_a, name_b)]
        both = placed_a and placed_b
        near = np.hypot(ia - ib, ja - jb) * 90 <= 200 if both else True
        assert not (name_a == name_b and near), "a repeated row was left"
        if near and score(*forms) >= (0.7 if both else 1.0):
            wanted.add(b)
    assert {n for n in kept if "near_same" in _ids(rows[n])} == wanted


# --- the ground -----------------------------------------------------------------------------


def test_the_wrong_side_of_a_county_border(tmp_path: Path) -> None:
    seat = QINGYUAN.units["441802103"]  # 源潭镇, of 清城区
    made = _import(tmp_path, _list(_row("太和镇敬老院", 经度=seat.lon, 纬度=seat.lat)))
    (row,) = _rows(made)
    assert row.accepted
    border = next(f for f in row.findings if f.id == "border")
    assert "坐标在清城区" in border.said.zh
    assert border.units == ("441803", "441802")


def test_approximate_cells_are_lenient_and_said(tmp_path: Path) -> None:
    made = _import(tmp_path, _list(_row("太和镇敬老院"), _row("太和镇福利院", 0, 3000)))
    assert not any("border" in _ids(row) for row in _rows(made))
    assert "border.approximate" in {f.id for f in made.findings}
    far = QINGYUAN.units["441803113"]
    made = _import(tmp_path, _list(_row("太和镇敬老院", 经度=far.lon, 纬度=far.lat)))
    (row,) = _rows(made)
    said = [f.said.zh for f in row.findings if f.id == "border"]
    assert len(said) == 1
    assert "近似" in said[0]


def _polygon(west: float, south: float, east: float, north: float, **properties: str) -> Any:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _collect(path: Path, features: Sequence[Any]) -> None:
    content = {"type": "FeatureCollection", "features": list(features)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def _around(half: float) -> tuple[float, float, float, float]:
    assert TAIHE.lon is not None
    assert TAIHE.lat is not None
    return TAIHE.lon - half, TAIHE.lat - half, TAIHE.lon + half, TAIHE.lat + half


def test_own_township_borders_are_strict_and_name_the_unit(space: Path) -> None:
    west, south, east, north = _around(0.01)
    _collect(
        space / "boundaries" / "townships.geojson",
        [
            _polygon(west, south, east, north, code=TAIHE.code),
            _polygon(east, south, east + 0.02, north, code="441803104"),
        ],
    )
    city = City.open(space)
    rows = (
        _row("太和镇敬老院", 900),
        _row("太和镇福利院", 1100),
        _row("太和镇颐养院", 1500),
        _row("康乐养老院", 1500, 乡镇=""),
    )
    made = _import(space, _list(*rows), city)
    inside, tolerated, beyond, unnamed = _rows(made)
    assert not _ids(inside)
    assert not _ids(tolerated), "80 m may be the border's own error"
    assert _ids(beyond) == ["border"]
    assert QINGYUAN.units.name("441803104") in beyond.checks[0].zh
    assert unnamed.unit_code == "441803104"
    assert "乡镇由坐标得出" in unnamed.corrections[-1].zh


def test_without_a_township_only_the_county_is_sure(tmp_path: Path) -> None:
    made = _import(tmp_path, _list(_row("康乐养老院", 乡镇="")))
    (row,) = _rows(made)
    assert row.unit_code == "441803"
    assert _ids(row) == ["township.unknown"]
    assert "太和镇" in row.checks[0].zh


def test_a_place_tells_two_townships_of_one_name_apart(tmp_path: Path) -> None:
    seats = [u for u in QINGYUAN.units.townships if u.name == "石角镇"]
    assert len(seats) == 2
    for seat in seats:
        where: dict[str, Any] = {"乡镇": "石角镇", "经度": seat.lon, "纬度": seat.lat}
        made = _import(tmp_path, _list(_row("康乐养老院", **where)))
        (row,) = _rows(made)
        assert row.unit_code == seat.code
    made = _import(tmp_path, _list(_row("康乐养老院", 乡镇="石角镇", 经度="", 纬度="")))
    assert made.rejected == 1


def test_outside_the_city_is_refused_and_its_edge_is_not(tmp_path: Path) -> None:
    rows = [_row(f"养老院{n}", 乡镇="", 经度=lon) for n, lon in ((1, 113.9), (2, 112.97))]
    made = _import(tmp_path, _list(*rows))
    assert [row.accepted for row in _rows(made)] == [False, True]
    assert "不在本市范围" in _rows(made)[0].reasons[0].zh


def test_far_from_any_road(space: Path) -> None:
    city = City.open(space)
    lonely: dict[str, Any] = {"乡镇": "秤架瑶族乡", "县区": "阳山县", "经度": 112.87, "纬度": 24.85}
    made = _import(space, _list(_row("太和镇敬老院"), _row("秤架敬老院", **lonely)), city)
    near, far = _rows(made)
    assert "roads" not in _ids(near)
    assert "roads" in _ids(far), "5 km into the Nanling nature reserve"
    assert far.accepted
    assert "roads.main" in {f.id for f in made.findings}


def test_water_where_a_layer_is_known(space: Path) -> None:
    rows = _list(_row("太和镇敬老院"), _row("太和镇福利院", 1500))
    made = _import(space, rows, City.open(space))
    assert "water.unchecked" in {f.id for f in made.findings}
    west, south, east, north = _around(0.005)
    _collect(space / "boundaries" / "water.geojson", [_polygon(west, south, east, north)])
    made = _import(space, rows, City.open(space))
    assert "water.unchecked" not in {f.id for f in made.findings}
    assert [("water" in _ids(row)) for row in _rows(made)] == [True, False]
    (space / "boundaries" / "water.geojson").write_text("{", encoding="utf-8")
    made = _import(space, rows, City.open(space))
    assert made.accepted == 2, "a broken layer stops no import"
    assert "water.unchecked" in {f.id for f in made.findings}


def test_a_code_of_twelve_digits_names_its_township(tmp_path: Path) -> None:
    """The statistical code of a township ends in three zeros; it is no village's."""
    text = "机构名称,类型,乡镇,统计用区划代码,床位\n甲敬老院,养老院,洲心街道,441802008000,50\n"
    made = _import(tmp_path, text)
    (row,) = _rows(made)
    assert row.accepted, row.reasons
    assert row.unit_code == "441802008"


# --- numbers --------------------------------------------------------------------------------


def test_beds_and_days(tmp_path: Path) -> None:
    made = _import(
        tmp_path,
        _list(
            _row("太和镇敬老院", 床位数=10, 护理型床位数=11),
            _row("太和镇福利院", 床位数=10, 护理型床位数=10, 开业日期="2025-06-01"),
            _row("太和镇养老院", 开业日期="2031-05-01"),
            _row("太和镇老年公寓", 开业日期="2031-05-01", 状态="在建"),
        ),
    )
    nursing, fine, future, building = _rows(made)
    assert nursing.outcome == "rejected"
    assert not _ids(fine)
    assert _ids(future) == ["future"]
    assert future.facilities[0].opened == date(2031, 5, 1)
    assert not _ids(building), "what is being built opens in the future"


@pytest.mark.parametrize(
    ("beds", "wrong"),
    [
        ((80, 60, "合计", 140), 0),
        ((80, 60, "合计", 150), 1),
        ((80, "小计", 80, 60, 20, "小计", 80, "合计", 160), 0),
        ((80, "小计", 80, 60, 20, "小计", 90, "合计", 160), 1),
        ((80, "小计", 80, 60, 20, "小计", 80, "合计", 170), 1),
        ((80, "小计", 80, 60, "累计", 140), 0),
        ((80, "约一些", "合计", 90), 0),
    ],
)
def test_totals_and_subtotals(tmp_path: Path, beds: tuple[object, ...], wrong: int) -> None:
    lines, cells = ["名称,乡镇,床位数"], iter(beds)
    for n, cell in enumerate(cells):
        if isinstance(cell, str) and cell.endswith("计"):
            lines.append(f"{cell},,{next(cells)}")
        else:
            lines.append(f"太和镇敬老院{n},太和镇,{cell}")
    made = _import(tmp_path, "\n".join(lines), kind="elder_care")
    assert [f.id for f in made.findings].count("total") == wrong


def test_a_list_without_names(tmp_path: Path) -> None:
    made = _import(tmp_path, "类型,乡镇,床位数\n敬老院,太和镇,80\n敬老院,太和镇,40\n,太和镇,30\n")
    first, second, third = _rows(made)
    assert first.facilities[0].name == "太和镇养老服务机构（中心）"
    assert second.facilities[0].name == "太和镇养老服务机构（中心）2"
    assert "neither a name nor a kind" in third.reasons[0].en


# --- the ledger -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "cell", "facilities"),
    [
        ("敬老院", "有", [None]),
        ("敬老院", "1", [None]),
        ("敬老院", "无", []),
        ("敬老院", "0", []),
        ("敬老院", "80", [80]),
        ("敬老院", "3处", [None] * 3),
        ("敬老院", "8张", [8]),
        ("敬老院床位数", "8", [8]),
        ("敬老院", "3", "beds"),
        ("敬老院", "也许", "neither"),
        ("长者饭堂", "3", [None] * 3),
        ("长者饭堂", "500", "more than"),
    ],
)
def test_what_a_number_in_a_ledger_means(
    tmp_path: Path, column: str, cell: str, facilities: list[int | None] | str
) -> None:
    made = _import(tmp_path, f"乡镇,{column},社工站\n太和镇,{cell},无\n源潭镇,1,有\n")
    row, other = _rows(made)
    if isinstance(facilities, str):
        assert row.outcome == "rejected"
        assert facilities in str(row.reasons[0])
    else:
        assert row.accepted, row.reasons
        assert [f.beds for f in row.facilities] == facilities
        assert len({f.name for f in row.facilities}) == len(facilities)
    assert len(other.facilities) == 2


# --- the register of before -----------------------------------------------------------------


def _facility(id_: str, name: str, **more: Any) -> Facility:
    return Facility(
        **{"id": id_, "name": name, "kind": "elder_care", "unit_code": TAIHE.code} | more
    )


def test_what_came_went_and_changed() -> None:
    old = [
        _facility("imp-00001", "太和镇敬老院", beds=80),
        _facility("imp-00002", "康乐养老院"),
        _facility("a", "夕阳红养老院"),
        _facility("imp-00003", "源潭镇敬老院", unit_code="441802103"),
    ]
    new = [
        _facility("imp-00009", "太和敬老院", beds=90),
        _facility("a", "夕阳红颐养中心"),
        _facility("imp-00001", "安康养老院"),
        _facility("imp-00003", "源潭镇敬老院", unit_code="441802"),
    ]
    found = compare(old, new, QINGYUAN.units)
    assert [f.name for f in found.came] == ["安康养老院"]
    assert [f.name for f in found.went] == ["康乐养老院"]
    assert [b.name for _, b in found.changed] == ["太和敬老院", "源潭镇敬老院"]
    taihe = next(line for line in found.lines if line.county == "441803")
    assert (taihe.before, taihe.now, taihe.came, taihe.went, taihe.changed) == (3, 3, 1, 1, 1)
    assert "清新区 养老服务机构（中心）：3 → 3" in taihe.said(QINGYUAN.units).zh


FACILITY = st.builds(
    _facility,
    st.sampled_from(["a", "b", "imp-00001", "imp-00002"]),
    st.sampled_from(["太和镇敬老院", "太和敬老院", "康乐养老院"]),
    unit_code=st.sampled_from([TAIHE.code, "441803", "441802103"]),
    beds=st.sampled_from([None, 10]),
)


@given(st.lists(FACILITY, max_size=8), st.lists(FACILITY, max_size=8))
def test_every_facility_stays_comes_or_goes(old: list[Facility], new: list[Facility]) -> None:
    found = compare(old, new, QINGYUAN.units)
    assert len(old) - len(found.went) == len(new) - len(found.came)
    assert sum(f.now - f.before for f in found.lines) == len(new) - len(old)
    assert sum(f.came for f in found.lines) == len(found.came)
    assert sum(f.went for f in found.lines) == len(found.went)
    same = compare(new, new, QINGYUAN.units)
    assert not same.came
    assert not same.went


def test_findings_and_changes_reach_all_reports(
    space: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    path = space / "名册.csv"
    args = ("import", "facilities", str(path), "--workspace", str(space))
    path.write_text(_list(_row("太和镇敬老院")), encoding="utf-8")
    assert run(capsys, *args).code == 0
    rows = [_row("太和镇康乐养老院"), _row("太和镇康乐园养老院", 60), "合计,,,,,,,7,,,"]
    path.write_text(_list(*rows), encoding="utf-8")
    out = run(capsys, *args).out
    newest = max((space / "intake").glob("*.xlsx"), key=lambda p: p.stat().st_mtime_ns)
    page = newest.with_suffix(".html").read_text(encoding="utf-8")
    book = openpyxl.load_workbook(newest)
    cells = str([list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets])
    record = json.loads(newest.with_suffix(".json").read_text(encoding="utf-8"))
    for text in ("名称相近", "合计床位 7", "新增 2，减少 1，变动 0", "水面"):
        assert text in out.replace("\n   ", "")
        assert text in page
        assert text in cells
    assert record["to_check"] == 1
    assert [(c["came"], c["went"]) for c in record["changes"]] == [(2, 1)]


def test_nothing_to_take_keeps_the_register_of_before(
    space: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = space / "名册.csv"
    args = ("import", "facilities", str(path), "--workspace", str(space))
    path.write_text(_list(_row("太和镇敬老院")), encoding="utf-8")
    assert run(capsys, *args).code == 0
    before = (space / "facilities.csv").read_bytes()
    path.write_text(_list(_row("太和镇敬老院", 乡镇="没有这个镇")), encoding="utf-8")
    done = run(capsys, *args)
    assert done.code == 2
    assert "登记册未改动" in done.err
    assert (space / "facilities.csv").read_bytes() == before
