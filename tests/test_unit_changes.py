"""Units of then and of today: the way there and back, and registers that keep their totals."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.city import City
from coverage.errors import InputError
from coverage.facilities import Facility, Register
from coverage.intake.rebase import rebase, rebase_file, rebase_people
from coverage.places.changes import Change, Changes, load_changes
from coverage.places.find import today_of
from coverage.population import People
from helpers import run, write_register

if TYPE_CHECKING:
    from pathlib import Path

THEN = date(2020, 11, 1)
LATER = date(2022, 6, 1)
OLD_XIAOLAN, DONGSHENG, XIAOLAN = "442000100", "442000104", "442000118"


def change(old: str, new: str, last: date, kind: str = "recode") -> Change:
    return Change(old, old, new, new, last + timedelta(days=1), last, kind, "a test")


@st.composite
def histories(draw: st.DrawFn) -> tuple[Changes, list[str], date]:
    """Some nights of mergers, splits and new codes among units, never using a code twice."""
    alive = [f"9000001{i:02}" for i in range(1, draw(st.integers(2, 7)))]
    first = list(alive)
    rows: list[Change] = []
    fresh = 50
    for step in range(draw(st.integers(0, 4))):
        day = date(2010 + step, 5, 5)
        kind = draw(st.sampled_from(["merge", "absorb", "split", "recode"]))
        own = draw(st.permutations(alive))
        fresh += 2
        new = [f"9000001{fresh}", f"9000001{fresh + 1}"]
        if kind == "merge" and len(own) > 1:
            # The new unit has a code of its own and the name of one of the old ones.
            merged = [change(old, new[0], day, "merge") for old in own[:2]]
            rows += [replace(merged[0], name_old=new[0]), merged[1]]
            alive = [*own[2:], new[0]]
        elif kind == "absorb" and len(own) > 1:
            rows.append(change(own[0], own[1], day, "merge"))
            alive = list(own[1:])
        elif kind == "split":
            rows += [change(own[0], n, day, "split") for n in new]
            alive = [*own[1:], *new]
        elif kind == "recode":
            rows.append(change(own[0], new[0], day))
            alive = [*own[1:], new[0]]
    return Changes(rows), first, date(2009, 1, 1)


@given(histories())
def test_the_way_back_holds_where_one_came_from(case: tuple[Changes, list[str], date]) -> None:
    changes, codes, on = case
    for code in codes:
        today = changes.to_today(code, on)
        assert today, code
        for now in today:
            then = changes.to_then(now, on)
            assert code in then
            assert all(now in changes.to_today(old, on) for old in then)


@given(histories(), st.data())
def test_counts_keep_their_total(
    case: tuple[Changes, list[str], date], data: st.DataObject
) -> None:
    changes, codes, on = case
    counts = {code: data.draw(st.integers(0, 10**6)) for code in codes}
    today, left = changes.counts_today(counts, on)
    assert sum(today.values()) + sum(left.values()) == sum(counts.values())
    for code in left:
        assert len(changes.to_today(code, on)) > 1


@given(histories(), st.data())
def test_a_register_keeps_rows_and_beds_and_finds_back(
    case: tuple[Changes, list[str], date], data: st.DataObject
) -> None:
    changes, codes, on = case
    facilities = tuple(
        Facility(str(i), "院", "elder_care", data.draw(st.sampled_from(codes)), beds=i, note="备注")
        for i in range(8)
    )
    register = Register(facilities)
    units = City.load("清远").units
    forward, _ = rebase(register, changes, units, on=on)
    assert [f.id for f in forward.facilities] == [f.id for f in facilities]
    assert sum(f.beds or 0 for f in forward.facilities) == sum(f.beds or 0 for f in facilities)
    for old, new in zip(facilities, forward.facilities, strict=True):
        today = changes.to_today(old.unit_code, on)
        assert (
            new.unit_code in today
            if len(today) == 1
            else all(
                code.startswith(new.unit_code) or new.unit_code.endswith("00") for code in today
            )
        )
    back, _ = rebase(forward, changes, units, on=on, back=True)
    split = {f.id for f in facilities if len(changes.to_today(f.unit_code, on)) > 1}
    same = [(a, b) for a, b in zip(facilities, back.facilities, strict=True) if a.id not in split]
    assert all(a == b for a, b in same)


def test_dongsheng_is_xiaolan_today() -> None:
    changes = load_changes()
    assert changes.to_today(DONGSHENG, THEN) == [XIAOLAN]
    assert changes.to_then(XIAOLAN, THEN) == [OLD_XIAOLAN, DONGSHENG]
    assert changes.to_then(XIAOLAN, LATER) == [XIAOLAN]
    assert changes.to_today(XIAOLAN, THEN) == []  # there was no such code then
    assert changes.to_today("442000101", THEN) == ["442000101"]
    assert changes.to_today(DONGSHENG, date(2021, 7, 18)) == [XIAOLAN]


def test_a_village_moves_with_its_township_or_stays_at_its_level() -> None:
    changes = load_changes()
    units = City.load("中山").units
    (village,) = changes.to_today("442000104001", THEN)
    assert units[village].parent == XIAOLAN
    assert changes.to_then(village, THEN) == ["442000104001"]
    assert changes.to_today("442000104999", THEN) == [XIAOLAN]


def test_every_shipped_change_ends_in_a_unit_of_today() -> None:
    changes = load_changes()
    cities = [City.load(name) for name in ("清远", "中山", "阳江", "江门", "珠山")]
    known = {code for city in cities for code in city.units._by_code}
    for row in changes.rows:
        assert row.source, row
        assert row.kind == "abolish" or row.code_new in known, row
        if row.code_old and row.code_old != row.code_new:
            assert row.code_old not in known, row


def test_between_two_lists_either_unit_may_be_meant() -> None:
    changes = load_changes()
    assert changes.to_today("360203100", date(2022, 3, 1)) == ["360203011"]
    assert changes.to_today("360203011", date(2022, 3, 1)) == ["360203011"]
    assert changes.to_then("360203011", date(2022, 3, 1)) == ["360203011", "360203100"]
    assert changes.to_then("360203011", date(2020, 3, 1)) == ["360203100"]
    assert changes.to_then("360203011", date(2023, 3, 1)) == ["360203011"]


def test_an_old_register_of_zhongshan_and_back() -> None:
    changes, units = load_changes(), City.load("中山").units
    codes = [OLD_XIAOLAN, DONGSHENG, DONGSHENG, "442000102", "442000101", "999999999"]
    register = Register(
        tuple(Facility(f"f{i}", "院", "elder_care", c, beds=10) for i, c in enumerate(codes))
    )
    today, notes = rebase(register, changes, units)
    assert Counter(f.unit_code for f in today.facilities) == {
        XIAOLAN: 3,
        "442000007": 1,
        "442000101": 1,
        "999999999": 1,
    }
    assert any("f5" in note.zh for note in notes)
    assert any(note.zh.startswith(f"{DONGSHENG} → {XIAOLAN}：2 处") for note in notes)
    back, _ = rebase(today, changes, units, on=THEN, back=True)
    assert [f.unit_code for f in back.facilities] == codes
    assert all(not f.note for f in back.facilities)


def test_going_back_without_a_mark_does_not_guess() -> None:
    changes, units = load_changes(), City.load("中山").units
    register = Register((Facility("a", "院", "elder_care", XIAOLAN),))
    back, notes = rebase(register, changes, units, on=THEN, back=True)
    assert back.facilities[0].unit_code == "442000"
    assert any("多个单元" in note.zh for note in notes)
    with pytest.raises(InputError, match="日期"):
        rebase(register, changes, units, back=True)


def test_bad_tables_are_named_row_by_row(tmp_path: Path) -> None:
    path = tmp_path / "changes.csv"
    head = "code_old,name_old,code_new,name_new,valid_from,valid_to,kind,source\n"
    path.write_text(
        head
        + "442000104,甲,442000118,乙,2021-07-19,2021-07-18,merge,s\n"
        + "442000100,甲,442000118,乙,2021-07-18,2021-07-18,marry,s\n"
        + ",甲,,乙,2021-07-19,when,merge,s\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError) as caught:
        load_changes(path)
    assert {p.row for p in caught.value.problems} == {3, 4}


def people(code: str, count: int, year: int = 2020, level: str = "township") -> People:
    return People(code, level, "all", year, count, "published")


def test_people_of_merged_townships_are_added_and_not_divided_again() -> None:
    changes = load_changes()
    rows = [people(OLD_XIAOLAN, 300), people(DONGSHENG, 200), people("442000101", 50)]
    rows.append(people("442000", 550, level="city"))
    today = rebase_people(rows, changes)
    assert {(r.unit_code, r.count) for r in today.rows} == {
        (XIAOLAN, 500),
        ("442000101", 50),
        ("442000", 550),
    }
    back = rebase_people(today.rows, changes, on=THEN, back=True)
    assert sum(r.count for r in back.rows) == 1100
    assert (XIAOLAN, 500) in {(r.unit_code, r.count) for r in back.rows}
    assert any("没有依据拆分" in note.zh and OLD_XIAOLAN in note.zh for note in back.notes)
    with pytest.raises(InputError, match="日期"):
        rebase_people(rows, changes, back=True)


@given(histories(), st.data())
def test_no_person_is_lost_on_the_way(
    case: tuple[Changes, list[str], date], data: st.DataObject
) -> None:
    changes, codes, on = case
    rows = [people(code, data.draw(st.integers(0, 10**6)), on.year) for code in codes]
    today = rebase_people(rows, changes, on=on)
    back = rebase_people(today.rows, changes, on=on, back=True)
    total = sum(row.count for row in rows)
    assert sum(r.count for r in today.rows) == sum(r.count for r in back.rows) == total


def test_what_is_inferred_is_marked_as_unverified() -> None:
    changes, units = load_changes(), City.load("阳江").units
    old, new = "441702104", "441702105"
    doubt = changes.unverified(old, new)
    assert doubt is not None
    assert not doubt.certain
    assert changes.unverified(DONGSHENG, XIAOLAN) is None
    register = Register((Facility("a", "院", "elder_care", old, note="备注"),))
    today, notes = rebase(register, changes, units)
    assert today.facilities[0].unit_code == new
    assert "未核实" in today.facilities[0].note
    assert any("未经核实" in note.zh and "not verified" in note.en for note in notes)
    back, again = rebase(today, changes, units, on=date(2015, 1, 1), back=True)
    assert back.facilities[0] == register.facilities[0]
    assert any("未经核实" in note.zh for note in again)
    found = today_of(old, units, changes)
    assert found is not None
    assert "未核实" in found.said[0].zh
    assert "not verified" in found.said[0].en


def test_files_of_then_and_of_today(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    then, today, back = (tmp_path / name for name in ("2020.csv", "today.csv", "back.csv"))
    row = {
        "kind": "elder_care",
        "provenance": "surveyed",
        "source": "s",
        "beds": 10,
        "status": "open",
    }
    codes = (OLD_XIAOLAN, DONGSHENG, "442000102", "442000101")
    write_register(
        then, [row | {"id": f"f{i}", "name": "院", "unit_code": c} for i, c in enumerate(codes)]
    )
    where = ("--city", "中山", "--on", "2020-11-01", "--out")
    done = run(capsys, "rebase", str(then), *where, str(today))
    assert done.code == 0, done.err
    assert f"{DONGSHENG} → {XIAOLAN}" in done.out
    city = City.load("中山")
    assert [f.unit_code for f in city.read_register(today).facilities] == [
        XIAOLAN,
        XIAOLAN,
        "442000007",
        "442000101",
    ]
    assert run(capsys, "rebase", str(today), *where, str(back), "--back").code == 0
    made = rebase_file(back, city)
    assert made.before == made.after == 4
    # Columns that no row fills are not written again.
    before, after = (
        [{k: v for k, v in row.items() if v} for row in csv.DictReader(io.StringIO(text))]
        for text in (then.read_text(encoding="utf-8"), back.read_text(encoding="utf-8-sig"))
    )
    assert before == after
    assert run(capsys, "rebase", str(today), "--city", "中山", "--back", "--out", "x").code == 2


def test_an_import_takes_old_codes_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space, source = tmp_path / "w", tmp_path / "台账.csv"
    assert run(capsys, "init", str(space), "--city", "中山").code == 0
    source.write_text(
        f"机构名称,区划代码,乡镇\n甲敬老院,{DONGSHENG},\n乙敬老院,,东升镇\n丙敬老院,442999999,\n",
        encoding="utf-8",
    )
    done = run(capsys, "import", "facilities", str(source), "--workspace", str(space), "--dry-run")
    assert "今为442000118小榄镇" in "".join(done.out.split())
    done = run(capsys, "import", "facilities", str(source), "--workspace", str(space))
    assert "接受 2" in done.out
    found = City.open(space).register.facilities
    assert [f.unit_code for f in found] == [XIAOLAN, XIAOLAN]
    assert found[0].note == f"原区划代码 {DONGSHENG}"
