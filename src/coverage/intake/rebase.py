"""A register, or a table of people, of then on today's units, and back.

Nothing is lost on the way: every facility stays with its beds and its place, every person is
counted. What cannot be told (which half of a split, which part of a merged township) is said
and kept one level up, or under the unit that is known.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from coverage.errors import InputError
from coverage.facilities import Facility, Register, read_register, register_csv
from coverage.formats.tables import csv_text, read_table
from coverage.intake.people import COLUMNS as POPULATION_COLUMNS
from coverage.intake.people import population_cells
from coverage.messages import Said
from coverage.places.changes import Changes, load_changes
from coverage.places.evidence import MARK, UNVERIFIED
from coverage.population import People, load_population
from coverage.units import Unit, Units

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from coverage.city import City

_MARKED = re.compile(rf"；?{MARK} (\d+)(?:{UNVERIFIED})?")


def rebase(
    register: Register,
    changes: Changes,
    units: Units,
    *,
    on: date | None = None,
    back: bool = False,
) -> tuple[Register, tuple[Said, ...]]:
    """A register of then on today's units, or one of today on the units of then.

    Every facility stays, with its beds and its place; only `unit_code` moves, and `note` says
    from where. A facility that would fall into several units is put one level up, at the
    least unit that holds them all, and named in the notes. Going back, the mark left by going
    forward says which of several merged units it came from.

    Args:
        register: As read.
        changes: As known.
        units: Today's units.
        on: The day of the register (of then). Without it, each code that today does not have
            is taken at the last day it was valid, and all others are left alone.
        back: From today to `on` instead.

    Raises:
        InputError: If `back` is asked for without a day.
    """
    if back and on is None:
        raise InputError(Said("回到当时须给日期", "going back needs a day"))
    moved: dict[tuple[str, str], int] = defaultdict(int)
    coarse: list[str] = []
    lost: list[str] = []
    facilities = []
    for facility in register.facilities:
        code = facility.unit_code
        codes = _codes(facility, changes, units, on, back=back)
        if not codes:
            lost.append(facility.id)
            facilities.append(facility)
            continue
        new = codes[0] if len(codes) == 1 else _common(codes)
        if len(codes) > 1:
            coarse.append(facility.id)
        if new != code:
            moved[code, new] += 1
        # A unit that absorbed others must be told from them on the way back.
        several = on is not None and len(changes.to_then(new, on)) > 1
        old, now = (new, code) if back else (code, new)
        doubt = UNVERIFIED if changes.unverified(old, now) else ""
        mark = f"{MARK} {code}{doubt}" if new != code or several else ""
        facilities.append(_moved(facility, new, mark=mark, back=back))
    notes = _notes(moved, coarse, lost, len(facilities)) + _doubts(moved, changes, back=back)
    return replace(register, facilities=tuple(facilities)), notes


def _codes(
    facility: Facility, changes: Changes, units: Units, on: date | None, *, back: bool
) -> list[str]:
    code = facility.unit_code
    if back and on is not None:
        codes = changes.to_then(code, on)
        mark = _mark(facility.note)
        came_from_here = mark and code in changes.to_today(mark, on)
        return [mark] if mark and came_from_here else codes
    day = on
    if day is None:
        if code in units or len(code) <= 6:
            return [code]
        day = changes.last_day(code)
        if day is None:
            return []
    codes = changes.to_today(code, day)
    if not codes and code in units:
        return [code]  # a list of then that already has today's code
    if not codes and (last := changes.last_day(code)) is not None:
        codes = changes.to_today(code, last)  # a code that was already gone on that day
    return codes


def _mark(note: str) -> str:
    found = _MARKED.findall(note)
    return str(found[-1]) if found else ""


def _moved(facility: Facility, code: str, *, mark: str, back: bool) -> Facility:
    note = facility.note
    if back and _mark(note) == code:
        note = _MARKED.sub("", note)
    elif mark and not back:
        note = "；".join(filter(None, (note, mark)))
    return replace(facility, unit_code=code, note=note)


def _common(codes: list[str]) -> str:
    """The least unit above all of `codes`: a township, a county, or the city."""
    for length in (9, 6):
        if len({code[:length] for code in codes}) == 1:
            return codes[0][:length]
    return f"{codes[0][:4]}00"


def _doubts(moved: Iterable[tuple[str, str]], changes: Changes, *, back: bool) -> tuple[Said, ...]:
    """Which of the moves rest on a change that is inferred only."""
    found = []
    for source, goal in sorted(moved):
        old, new = (goal, source) if back else (source, goal)
        change = changes.unverified(old, new)
        if change is not None:
            zh = f"{change.name_old}（{old}）与{change.name_new}（{new}）的对应是推断，未经核实："
            en = f"That {old} and {new} are one is inferred and not verified: {change.source}"
            found.append(Said(f"{zh}{change.source}。", en))
    return tuple(found)


def _notes(
    moved: Mapping[tuple[str, str], int], coarse: list[str], lost: list[str], total: int
) -> tuple[Said, ...]:
    notes = [
        Said(
            f"{old} → {new}：{count} 处设施。",
            f"{old} → {new}: {count} facilities.",
        )
        for (old, new), count in sorted(moved.items())
    ]
    if coarse:
        listed = "、".join(coarse[:10])
        notes.append(
            Said(
                f"{len(coarse)} 处对应多个单元，归到上一级：{listed}。",
                f"{len(coarse)} facilities fit several units and were put one level up: {listed}.",
            )
        )
    if lost:
        listed = "、".join(lost[:10])
        notes.append(
            Said(
                f"{len(lost)} 处的代码今天和变更表中都没有，未动：{listed}。",
                f"{len(lost)} facilities have a code that neither today's list nor the changes "
                f"know; they were left alone: {listed}.",
            )
        )
    if moved:
        notes.append(
            Said(f"设施总数不变：{total} 处。", f"The register keeps its {total} facilities.")
        )
    return tuple(notes)


@dataclass(frozen=True)
class PeopleMoved:
    """Figures of people on other units.

    Attributes:
        rows: Every figure; those of merged units are added up.
        notes: What was added up, and what could not be given to one unit.
    """

    rows: tuple[People, ...]
    notes: tuple[Said, ...]


def rebase_people(
    rows: Iterable[People], changes: Changes, *, on: date | None = None, back: bool = False
) -> PeopleMoved:
    """Figures of townships of then on today's units, or of today on the units of then.

    Only rows of townships move. A figure that would have to be divided (a unit split since, or
    merged since on the way back) is not divided: it stays under the code it has and is named.

    Args:
        rows: As `coverage.population.load_population` reads them.
        changes: As known.
        on: The day of the figures (of then); the last day of each figure's year otherwise.
        back: From today to `on` instead.

    Raises:
        InputError: If `back` is asked for without a day.
    """
    if back and on is None:
        raise InputError(Said("回到当时须给日期", "going back needs a day"))
    sums: Counter[tuple[str, str, int]] = Counter()
    models: dict[tuple[str, str, int], People] = {}
    notes: dict[str, Said] = {}
    others = []
    for row in rows:
        if row.level != "township":
            others.append(row)
            continue
        day = on or date(row.year, 12, 31)
        way = changes.to_then if back else changes.to_today
        codes = way(row.unit_code, day)
        code = codes[0] if len(codes) == 1 else row.unit_code
        if len(codes) > 1:
            listed = "、".join(codes)
            notes[row.unit_code] = Said(
                f"{row.unit_code} 对应 {listed}，人数没有依据拆分，留在原代码下。",
                f"{row.unit_code} is {', '.join(codes)}: nothing says how to divide its people; "
                f"they stay under {row.unit_code}.",
            )
        elif code != row.unit_code:
            said = f"{row.unit_code} → {code}"
            notes[row.unit_code] = Said(f"{said}：人数并入。", f"{said}: people added.")
            doubts = _doubts([(row.unit_code, code)], changes, back=back)
            notes |= {f"{row.unit_code}?": doubt for doubt in doubts}
        elif not codes:
            notes[row.unit_code] = Said(
                f"{row.unit_code} 在 {day} 没有对应单元，人数留在原代码下。",
                f"{row.unit_code} has no unit on {day}: its people stay under it.",
            )
        key = code, row.group, row.year
        sums[key] += row.count
        models.setdefault(key, row)
    moved = [
        replace(models[key], unit_code=key[0], count=count) for key, count in sorted(sums.items())
    ]
    return PeopleMoved((*others, *moved), tuple(notes.values()))


def units_of_all_times(units: Units, changes: Changes) -> Units:
    """Today's units and those that ceased, so that an old register can be read."""
    names = {c.code_old: c.name_old for c in changes.rows if c.code_old}
    levels = {6: "county", 9: "township", 12: "village"}
    gone = [
        Unit(code, name, levels[len(code)], "", code[: len(code) - 3])  # type: ignore[arg-type]
        for code, name in names.items()
        if code not in units and len(code) in levels
    ]
    return Units([*units, *gone], city=units.city)


@dataclass(frozen=True)
class Rebased:
    """A file on other units.

    Attributes:
        text: The file's new content, of the same kind.
        notes: What moved, what could not be told, what is not verified.
        before: Facilities or people in the file.
        after: The same in `text`; always equal.
    """

    text: str
    notes: tuple[Said, ...]
    before: int
    after: int


def rebase_file(path: Path, city: City, *, on: date | None = None, back: bool = False) -> Rebased:
    """A register or a population table of then on today's units, or back.

    Args:
        path: A register, or a table with columns ``unit_code``, ``level``, ``group``, ``year``
            and ``people``.
        city: Whose units they are.
        on: The day of the units of then; see `rebase` and `rebase_people`.
        back: From today to `on` instead.

    Raises:
        InputError: If the file is neither, is malformed, or `back` is asked for without a day.
    """
    changes = load_changes()
    if "people" in read_table(path).columns:
        rows = load_population(path).rows
        moved = rebase_people(rows, changes, on=on, back=back)
        cells = [population_cells(row, city.units) for row in moved.rows]
        text = csv_text(POPULATION_COLUMNS, cells)
        counts = [sum(r.count for r in table) for table in (rows, moved.rows)]
        return Rebased(text, moved.notes, *counts)
    known = units_of_all_times(city.units, changes)
    register = read_register(path, known, city_code=city.code)
    made, notes = rebase(register, changes, city.units, on=on, back=back)
    text = register_csv(made.facilities)
    return Rebased(text, notes, len(register.facilities), len(made.facilities))
