"""Fields that a person filled in: what is read, and that nothing they may hold is a traceback."""

from __future__ import annotations

import doctest
import math
import re
import tomllib
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coverage.errors import InputError, Problem
from coverage.fields import Cells, Fields, hint, parse_day, read_toml, unknown
from coverage.formats.toml import toml_value
from coverage.messages import Said
from coverage.plans import load_plan
from coverage.population import load_population
from coverage.units import load_units

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KIND = Said("这种设施", "kind")
# Every way to ask for a field, by name.
ASK: dict[str, Callable[[Fields], object]] = {
    "text": lambda f: f.text("x", needed=True),
    "choice": lambda f: f.choice("x", ("a", "b"), "a", what=KIND),
    "names": lambda f: f.names("x"),
    "flag": lambda f: f.flag("x"),
    "number": lambda f: f.number("x"),
    "above": lambda f: f.number("x", above=0),
    "least": lambda f: f.number("x", least=0, needed=True),
    "whole": lambda f: f.whole("x"),
    "day": lambda f: f.day("x"),
    "point": lambda f: f.point("x"),
    "points": lambda f: f.points("x"),
    "table": lambda f: f.table("x").text("y"),
    "tables": lambda f: [one.number("y") for one in f.tables("x")],
}

_scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text(max_size=12)
    | st.dates()
    | st.datetimes(timezones=st.just(UTC) | st.none())
    | st.times()
)
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@pytest.mark.parametrize("ask", ASK)
@given(_values, st.booleans())
@settings(max_examples=40)
@example(Decimal("1e999999999"), True)
@example(Decimal("1e-999999999"), False)
@example([Decimal("1e999"), Decimal("nan")], True)
@example({"y": {"z": [math.nan]}}, True)
@example(time(1, 2), True)
def test_no_value_is_a_traceback(ask: str, value: Any, loose: bool) -> None:
    refuse(ask, value, loose=loose)


@pytest.mark.parametrize("ask", ASK)
def test_no_number_of_thousands_of_digits_is_a_traceback(ask: str) -> None:
    for loose in (True, False):
        refuse(ask, 10**5000, loose=loose)
        refuse(ask, -(10**5000), loose=loose)
        refuse(ask, [[10**5000, 1]] * 3, loose=loose)


def refuse(ask: str, value: Any, *, loose: bool) -> None:
    """Ask for a field of this value; at most one complaint may come of it."""
    fields = Fields({"x": value, "spare": value}, [], file="f.toml", row=3, loose=loose)
    ASK[ask](fields)
    assert len(fields.problems) <= max(1, len(value) if isinstance(value, list) else 1)
    fields.finish()
    assert any(p.column == "spare" for p in fields.problems)
    for problem in fields.problems:
        assert isinstance(problem.reason, Said)
        assert problem.reason.zh
        assert not re.search("[\u4e00-\u9fff]", problem.reason.en)
        assert str(problem).startswith("f.toml, row 3")
        assert len(str(problem)) < 300


@pytest.mark.parametrize("ask", sorted({*ASK} - {"flag", "point", "points", "table", "tables"}))
@given(st.text(max_size=12))
@settings(max_examples=40)
@example("1_000")
@example("1e999999999")
@example("٣")
@example("NaN")
def test_no_cell_is_a_traceback(ask: str, cell: str) -> None:
    cells = Cells({"x": cell}, [], file="f.csv", row=3)
    ASK[ask](cells)
    assert len(cells.problems) <= 1
    assert all(p.row == 3 and p.value == cell for p in cells.problems)


@given(st.text(max_size=60))
@example("a = 1e99999999999999999999999")
@example(f"a = {'1' * 5000}")
@example(f"a = {'[' * 5000}")
@example("a = 0x" + "f" * 5000)
def test_no_file_is_a_traceback(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("toml") / "f.toml"
    path.write_text(text, encoding="utf-8")
    try:
        fields = read_toml(path)
    except InputError as error:
        (problem,) = error.problems
        assert problem.file == "f.toml"
    else:
        fields.finish()


def test_values_are_read_as_they_were_written() -> None:
    day = datetime(2025, 6, 1, 8, tzinfo=UTC)
    fields = Fields(
        {
            "code": 441802103, "name": " 甲 ", "cost": Decimal("0.1"), "beds": 120, "on": 2025,
            "at": day, "month": "2025-06", "to": [113, Decimal("23.5")], "kind": "养老院",
            "list": ["全托", "全托", " "], "yes": True, "lon": 113, "lat": 23,
        },
        [],
        loose=True,
    )  # fmt: skip
    assert fields.text("code") == "441802103"
    assert fields.text("name") == "甲"
    assert fields.number("cost") == Fraction(1, 10)
    assert fields.whole("beds") == 120
    assert [fields.day(key) for key in ("on", "at", "month")] == [
        date(2025, 1, 1), date(2025, 6, 1), date(2025, 6, 1),
    ]  # fmt: skip
    assert fields.point("to") == (113.0, 23.5)
    assert fields.choice("kind", ("elder_care",), what=KIND, aliases={"养老院": "elder_care"}) == (
        "elder_care"
    )
    assert fields.names("list") == ("全托",)
    assert fields.flag("yes")
    assert fields.lonlat() == (113.0, 23.0)
    fields.check()


def test_cells_are_read_as_a_sheet_writes_them() -> None:
    cells = Cells({"beds": "1,200", "area": "1800.50", "services": "全托；日托、全托", "a": ""}, [])
    assert cells.whole("beds") == 1200
    assert cells.number("area") == Fraction("1800.5")
    assert cells.names("services") == ("全托", "日托")
    assert cells.text("a", "b") == "b"
    assert not cells.has("a")
    cells.check()
    cells.text("a", needed=True)
    assert [p.reason.en for p in cells.problems] == ["the cell is empty"]


def test_every_slip_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        "[[add]]\nbeds = -1\n[speed]\ndefalt = 1\n[[add]]\nto = { lon = 1 }\nlimit = 3\n",
        encoding="utf-8",
    )
    fields = read_toml(path)
    fields.table("speed").number("default")
    for one in fields.tables("add"):
        one.whole("beds")
        one.table("to").lonlat()
        one.table("limit")
    with pytest.raises(InputError) as caught:
        fields.check()
    assert [(p.row, p.column, p.value) for p in caught.value.problems] == [
        (None, "speed.defalt", "1"),
        (1, "[[add]] 1 beds", "-1"),
        (5, "[[add]] 2 to.lat", None),
        (5, "[[add]] 2 limit", "3"),
    ]
    assert "did you mean default?" in str(caught.value)


def test_headers_inside_a_text_are_no_lines_of_tables(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('note = """\n[[add]]\n"""\n[[add]]\nbeds = -1\n', encoding="utf-8")
    (one,) = read_toml(path).tables("add")
    assert one.row is None


def test_hints() -> None:
    assert hint("older_wlak", ["older_walk", "drive"]).en == "; did you mean older_walk?"
    assert hint("zzz", ["older_walk", "drive"]) == Said(
        "，可用：older_walk、drive", "; known: older_walk, drive"
    )
    assert hint("zzz", "abcdefghijk").en == "; known: a, b, c, …"
    assert hint("zzz", []) == Said("", "")
    assert str(unknown(KIND, "zzz", [])) == "没有这种设施 · the kind is not known"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2025", date(2025, 1, 1)), ("2025年", date(2025, 1, 1)), ("2025-06", date(2025, 6, 1)),
        ("2025年6月", date(2025, 6, 1)), ("2025/6/30", date(2025, 6, 30)), ("2025-13", None),
        ("2025-02-30", None), ("", None), ("soon", None),
    ],
)  # fmt: skip
def test_days(text: str, day: date | None) -> None:
    assert parse_day(text) == day


def test_the_example_of_the_module() -> None:
    import coverage.fields

    assert doctest.testmod(coverage.fields).failed == 0


def test_problems_stand_in_the_order_of_the_file() -> None:
    problems = [Problem(KIND, "f", 7), Problem(KIND, "f", 2)]
    with pytest.raises(InputError) as caught:
        Fields({}, problems).check()
    assert [p.row for p in caught.value.problems] == [2, 7]


@pytest.mark.parametrize(
    ("load", "text", "told"),
    [
        (
            load_population,
            "unit_code,level,group,year,people\n1,county,all,soon,5\n1,county,all,2020,-5\n",
            ["row 2, column year, value 'soon': 应为整数", "row 3, column people, value '-5'"],
        ),
        (
            lambda path: load_units(path, None, "441800", "清远市"),
            "code,name,level,category,parent,lon,committees\n1,a,county,x,2,east,1.5\n",
            ["row 2, column lon, value 'east': 应为数字", "row 2, column committees, value '1.5'"],
        ),
        (
            load_plan,
            (
                '[plan]\nid = "x"\ncity = "1"\ntitle = "t"\nstart = 2020\nend = "2030"\n'
                'baseline_year = 2019\n[[indicator]]\nid = "a"\nname = "n"\nsystem = "大养老"\n'
                'level = "cuonty"\nmeasure = "count"\n[indicator.match]\nkinds = ["养老院"]\n'
                '[[indicator.target]]\nyear = 2025\nop = "≥"\nclause = "一"\nvalu = 3\n'
            ),
            [
                "column plan.end, value '2030': 应为整数",
                "row 8, column [[indicator]] 1 level, value 'cuonty': 没有这一级",
                "row 8, column [[indicator]] 1 [[target]] 1 value: 有比较而没有数",
                "row 8, column [[indicator]] 1 match.kinds, value '养老院'",
                "row 8, column [[indicator]] 1 [[target]] 1 valu, value '3': 没有这个字段，是否为",
            ],
        ),
    ],
    ids=["population", "units", "plan"],
)
def test_every_slip_of_a_planners_own_table(
    tmp_path: Path, load: Callable[[Path], object], text: str, told: list[str]
) -> None:
    path = tmp_path / "own.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load(path)
    found = [str(p) for p in caught.value.problems]
    assert len(found) == len(told), found
    assert all(want in have for want, have in zip(told, found, strict=True)), found


@given(st.fractions() | st.integers() | st.text() | st.booleans() | st.dates())
@example(Fraction(1, 3))
@example(Fraction(-1, 10**14))
@example('\x7f\u0000\\"\n')
def test_what_toml_writes_is_what_it_reads(value: Fraction | int | str | bool | date) -> None:
    read = tomllib.loads(f"x = {toml_value([value])}", parse_float=Decimal)["x"][0]
    if not isinstance(value, Fraction):
        assert (type(read), read) == (type(value), value)
        return
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    exact = rest == 1 and value.denominator < 10**14
    assert Fraction(read) == value if exact else abs(Fraction(read) - value) <= Fraction(1, 10**12)
