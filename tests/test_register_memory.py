"""A register remembers: beds, services, statuses of each year, and the day a home closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import coverage as cov
from coverage.assessment import assess
from coverage.city import City
from coverage.clauses import Match
from coverage.errors import InputError
from coverage.facilities import CHANGING, USUAL, Change, Facility, Register, register_csv
from coverage.fields import parse_day
from coverage.indicators import matching
from coverage.kinds import STATUSES, TIERS
from helpers import centre, write_register

if TYPE_CHECKING:
    from pathlib import Path

HOMES = Match(kinds=("elder_care",))


@cache
def _city(name: str = "清远") -> City:
    return City.load(name)


def _read(folder: Path, *rows: dict[str, object]) -> Register:
    return _city().read_register(write_register(folder / "r.csv", rows))


def _ids(register: Register, year: int) -> list[str]:
    return [f.id for f in matching(register, HOMES, year, _city()).rows]


def test_a_home_counts_until_the_year_before_it_closed(tmp_path: Path) -> None:
    unit = "441802008"
    register = _read(
        tmp_path,
        centre(1, unit, closed="2024-03"),
        centre(2, unit, status="closed", closed="2024"),
        centre(3, unit, status="closed"),  # since when is not known: it never counts
        centre(4, unit, status="closed", opened="2022", closed="2024-12-31"),
        {"id": "t-5", **{k: v for k, v in centre(5, unit).items() if k != "id"}},
        {"id": "t-5", "since": "2024-06-30", "status": "停办"},
    )
    assert _ids(register, 2021) == ["t-1", "t-2", "t-5"]
    assert _ids(register, 2023) == ["t-1", "t-2", "t-4", "t-5"]
    assert _ids(register, 2024) == []
    for year in (2021, 2023, 2024):
        assert _ids(register, year) == [f.id for f in register if f.counts_in(year)]
        assert _ids(register.as_of(year), year) == _ids(register, year)


def test_a_change_shows_from_its_year_on(tmp_path: Path) -> None:
    register = _read(
        tmp_path,
        centre(1, "441802008", beds=80, nursing_beds=20, services="全托;日托", status="building"),
        {"id": "t-1", "since": "2021", "status": "open"},
        {"id": "t-1", "since": "2022-05", "beds": 120, "nursing_beds": 70, "source": "批复"},
        {"id": "t-1", "since": "2024-01-01", "services": "全托;日托;助餐", "beds": 150},
        centre(2, "441802008"),
    )

    def at(year: int) -> tuple[Any, ...]:
        (home, _) = register.as_of(year)
        return home.beds, home.nursing_beds, len(home.services), home.status

    assert at(2020) == (80, 20, 2, "building")
    assert at(2021) == (80, 20, 2, "open")
    assert at(2023) == (120, 70, 2, "open")
    assert at(2025) == (150, 70, 3, "open")
    assert _ids(register, 2020) == ["t-2"]
    assert register.as_of(2023) is register.as_of(2023)
    assert register.facilities[0].changes[1].source == "批复"
    assert len(register) == 2
    assert list(register.to_frame()["changes"]) == [3, 0]


def test_a_row_that_says_what_holds_today_does_not_know_what_held_before(tmp_path: Path) -> None:
    register = _read(
        tmp_path,
        centre(1, "441802008", beds=120, grade="三星"),
        {"id": "t-1", "since": "2022", "beds": 120},
        {"id": "t-1", "since": "2022", "status": "open"},
    )
    before, after = register.as_of(2020).facilities[0], register.as_of(2022).facilities[0]
    assert (before.beds, before.status, before.grade) == (None, "planned", "三星")
    assert (after.beds, after.status) == (120, "open")


def test_a_report_of_each_year_counts_what_was_there(tmp_path: Path) -> None:
    care = {"beds": 100, "nursing_beds": 40}
    path = write_register(
        tmp_path / "r.csv",
        [
            centre(1, "441802008", **care),
            {"id": "t-1", "since": "2023", "nursing_beds": 70},
            centre(2, "441803102", closed="2024", **care),
        ],
    )
    id_ = "elder_care.nursing_bed_share"
    found = {}
    for year in (2021, 2023, 2025):
        report = assess(_city(), year=year, register=path, indicators=[id_])
        measured = report[id_].measurement
        found[year] = (measured.numerator, measured.denominator)
        assert report.register.facilities[0].nursing_beds == (40 if year < 2023 else 70)
    assert found == {2021: (80, 200), 2023: (110, 200), 2025: (70, 100)}


@pytest.mark.parametrize(
    ("row", "column", "said"),
    [
        ({"id": "x", "since": "2022", "beds": "3"}, "id", "not known"),
        ({"since": "2022"}, "since", "does not say what changed"),
        ({"since": "bald", "beds": "3"}, "since", "not a date"),
        ({"since": "2022", "beds": "-3"}, "beds", "negative"),
        ({"since": "2022", "nursing_beds": "90"}, "nursing_beds", r"more nursing beds.*\(80\)"),
        ({"since": "2022", "beds": "5", "status": "zu"}, "status", "not known"),
        ({"since": "2022", "beds": "5", "kind": "day_care"}, "kind", "cannot change"),
        ({"since": "2022", "beds": "5", "closed": "2023"}, "closed", "cannot change"),
        ({"since": "2021", "beds": "5"}, "beds", "another row"),
        ({"since": "2022", "capacity_used": "11"}, "capacity_used", "more are taken"),
    ],
)
def test_each_bad_change_is_named(
    tmp_path: Path, row: dict[str, object], column: str, said: str
) -> None:
    first = centre(1, "441802008", beds=80, capacity_total=10)
    rows = [first, {"id": "t-1", "since": "2021", "beds": 80}, {"id": "t-1", **row}]
    with pytest.raises(InputError, match=rf"row 4, column {column}.*{said}"):
        _read(tmp_path, *rows)


def test_a_home_cannot_close_before_it_opened(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"row 2, column closed, value '2020'.*before it opened"):
        _read(tmp_path, centre(1, "441802008", opened="2021-05-01", closed="2020"))


def test_a_change_that_repeats_that_a_home_is_open_does_not_close_it_before() -> None:
    """A row of a change may be written whole: it was open since its first day all the same."""
    change = Change(date(2023, 5, 1), (("beds", 120), ("status", "open")))
    town = _city().units.townships[0].code
    home = Facility("k", "甲", "elder_care", town, beds=100, opened=date(2019, 1, 1))
    changed = replace(home, changes=(change,))
    assert not changed.counts_in(2018)
    assert all(changed.counts_in(year) for year in (2019, 2022, 2023))
    assert [changed.as_of(year).beds for year in (2022, 2023)] == [100, 120]
    assert not replace(changed, opened=None).counts_in(2022)
    assert not replace(changed, opened=date(2023, 5, 1)).counts_in(2022)


def test_a_figure_is_as_sure_as_the_least_sure_change_behind_it(tmp_path: Path) -> None:
    register = _read(
        tmp_path,
        centre(1, "441802008", beds=80, provenance="published"),
        {"id": "t-1", "since": "2021", "beds": 90, "provenance": "published"},
        {"id": "t-1", "since": "2022", "beds": 120, "provenance": "illustrative"},
    )
    found = [register.as_of(year).facilities[0].provenance for year in (2020, 2021, 2022)]
    assert found == ["published", "published", "illustrative"]
    sure = register.only(["published"])
    assert [sure.as_of(year).facilities[0].beds for year in (2020, 2022)] == [80, 90]
    assert sure.left_out == ()


def test_a_frame_may_hold_changes() -> None:
    rows = [
        {"id": "a", "name": "新村中心", "kind": "elder_care", "unit_code": "360203011", "beds": 10},
        {"id": "a", "since": "2022", "beds": 30},
    ]
    register = cov.register(pd.DataFrame(rows), City.load("珠山"))
    assert [register.as_of(y).facilities[0].beds for y in (2021, 2022)] == [10, 30]


def test_a_register_of_before_is_written_as_before() -> None:
    plain = Facility("a", "甲敬老院", "elder_care", "441802008")
    assert register_csv([plain], bom=False).partition("\n")[0] == ",".join(USUAL)


_DAYS = st.dates(date(1990, 1, 1), date(2040, 12, 31))
_WHOLE = st.none() | st.integers(0, 500)
_WORD = st.sampled_from(["", "三星", "3A", "一级", "太和镇卫生院"])
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "services": st.frozensets(st.sampled_from(["全托", "日托", "助餐"]), min_size=1),
    "beds": st.integers(500, 900),
    "floor_area": st.integers(0, 9000).map(float),
    "capacity_total": st.integers(500, 900),
    "grade": _WORD.filter(bool),
    "status": st.sampled_from(list(STATUSES)),
}


@st.composite
def _facilities(draw: st.DrawFn) -> Facility:
    opened = draw(st.none() | st.dates(date(1990, 1, 1), date(2010, 1, 1)))
    days = draw(st.lists(_DAYS, max_size=3, unique=True).map(sorted))
    changes = []
    for day in days:
        names = draw(st.sets(st.sampled_from(list(_VALUES)), min_size=1))
        values = tuple((n, draw(_VALUES[n])) for n in CHANGING if n in names)
        changes.append(Change(day, values, source=draw(_WORD), provenance="published"))
    return Facility(
        draw(st.uuids().map(str)),
        "太和镇敬老院",
        "elder_care",
        "441803102",
        tier=draw(st.sampled_from(["", *TIERS])),
        beds=draw(st.none() | st.integers(500, 900)),
        nursing_beds=draw(_WHOLE),
        land_area=draw(st.none() | st.integers(0, 9).map(float)),
        capacity_used=draw(_WHOLE),
        grade=draw(_WORD),
        partner=draw(_WORD),
        status=draw(st.sampled_from(list(STATUSES))),
        opened=opened,
        closed=draw(st.none() | st.dates(date(2010, 1, 1), date(2040, 12, 31))),
        changes=tuple(changes),
    )


@given(st.lists(_facilities(), min_size=1, max_size=3))
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, facilities: list[Facility]
) -> None:
    path = tmp_path_factory.mktemp("again") / "r.csv"
    path.write_text(register_csv(facilities), encoding="utf-8")
    register = _city().read_register(path)
    assert list(register) == facilities
    for year in (2009, 2020, 2040):
        then = register.as_of(year)
        assert [f.counts_in(year) for f in then] == [f.counts_in(year) for f in register]
        assert then.as_of(year).facilities == then.facilities


@given(_facilities())
def test_after_the_last_change_all_of_it_holds(facility: Facility) -> None:
    last: dict[str, Any] = {}
    for change in facility.changes:
        last |= dict(change.values)
    if facility.closed and (not facility.changes or facility.closed >= facility.changes[-1].since):
        last["status"] = "closed"
    then = facility.as_of(2041)
    assert {name: getattr(then, name) for name in last if name != "status"} == {
        name: value for name, value in last.items() if name != "status"
    }
    assert parse_day(str(facility.closed)) == facility.closed
