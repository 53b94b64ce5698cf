"""Units change: mergers, new codes, new names; a register of then on today's units, and back.

A change is one row: the unit (code and name) that ceased, the unit that took
its place, and the days between which it happened. What is not listed did not
change. A change is a relation between the codes before and after it, so that
going to today and going back are each other's inverse: whatever a unit
became, it is among what that came from.

Often only two editions of a code list tell of a change. On days between the
two either unit may have been valid, and both are then answered.

A village without a row of its own follows its township, and only as far as
its township: which village it became is then not known, and not guessed.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from coverage import settings
from coverage.errors import InputError
from coverage.places.changes import read_changes
from coverage.text import Said

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from pathlib import Path

    from coverage.facilities import Facility, Register
    from coverage.places.changes import Change
    from coverage.units import Units

MARK = "原区划代码"
SHIPPED = ("changes.csv", "changes-villages.csv")

Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class _Event:
    """Changes that happened together, after `last_day` and not later than `first_day`."""

    last_day: date
    first_day: date
    after: Mapping[str, tuple[str, ...]]
    before: Mapping[str, tuple[str, ...]]

    def forward(self, code: str, on: date) -> tuple[str, ...]:
        found = _follow(code, self.after, self.before)
        return (*found, code) if self._either(code, on, self.before) else found

    def back(self, code: str, on: date) -> tuple[str, ...]:
        found = _follow(code, self.before, self.after)
        return (*found, code) if self._either(code, on, self.before) else found

    def _either(self, code: str, on: date, news: Mapping[str, tuple[str, ...]]) -> bool:
        """Whether a code of after may have been valid on a day between the two known ones."""
        return on > self.last_day and (code in news or code[:9] in news or code[:6] in news)


def _follow(
    code: str, there: Mapping[str, tuple[str, ...]], other: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    if code in there:
        return there[code]
    if code in other:
        return ()  # there was no such unit on this side
    for length in (9, 6):
        above = code[:length]
        if len(code) > length and above in there:
            # A unit that goes on keeps its villages; one that does not is all that is known.
            return (code,) if above in there[above] else there[above]
        if len(code) > length and above in other:
            return ()
    return (code,)


class Changes:
    """The changes that are known, in the order of their days."""

    def __init__(self, rows: Iterable[Change]) -> None:
        self.rows = tuple(sorted(rows, key=lambda r: (r.valid_to, r.code_old, r.code_new)))

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def _events(self) -> tuple[_Event, ...]:
        by_days: dict[tuple[date, date], list[Change]] = defaultdict(list)
        for row in self.rows:
            by_days[row.valid_to, row.valid_from].append(row)
        return tuple(_event(days, rows) for days, rows in sorted(by_days.items()))

    def to_today(self, code: str, on: date) -> list[str]:
        """What the unit `code` of the day `on` is today.

        Returns:
            Codes by order: one as a rule, several after a split, none where no such unit
            was valid on that day.
        """
        codes = {code}
        for event in self._events:
            if on < event.first_day:
                codes = {new for old in codes for new in event.forward(old, on)}
        return sorted(codes)

    def to_then(self, code: str, on: date) -> list[str]:
        """What today's unit `code` was on the day `on`: several codes if it was merged since.

        Returns:
            Codes by order, none where today has no such unit.
        """
        codes = {code}
        for event in reversed(self._events):
            if on < event.first_day:
                codes = {old for new in codes for old in event.back(new, on)}
        return sorted(codes)

    def last_day(self, code: str) -> date | None:
        """The last day of a unit that ceased with its code, `None` if it did not."""
        days = [
            event.last_day
            for event in self._events
            if code in event.after and code not in event.after[code]
        ]
        if not days:
            days = [e.last_day for e in self._events if len(code) > 9 and code[:9] in e.after]
        return max(days, default=None)

    def name_on(self, code: str, on: date) -> str | None:
        """Name that a unit had on a day, `None` where no change tells it."""
        rows = [r for r in self.rows if r.code_old == code and r.valid_to >= on]
        return rows[0].name_old if rows else None

    def counts_today(
        self, counts: Mapping[str, Number], on: date
    ) -> tuple[dict[str, Number], dict[str, Number]]:
        """Counts by unit of then, by unit of today; those of merged units are added up.

        Returns:
            Counts by today's code, and by the code of then those that cannot be given to one
            unit of today (after a split, or not valid then). The sum of both is the sum of
            `counts`.
        """
        today: dict[str, Number] = {}
        left: dict[str, Number] = {}
        for code, count in counts.items():
            codes = self.to_today(code, on)
            goal, key = (today, codes[0]) if len(codes) == 1 else (left, code)
            goal[key] = goal[key] + count if key in goal else count
        return today, left


def _event(days: tuple[date, date], rows: list[Change]) -> _Event:
    after: dict[str, set[str]] = defaultdict(set)
    before: dict[str, set[str]] = defaultdict(set)
    ceased = {row.code_old for row in rows}
    # 小榄镇 merged with 东升镇 under a code that neither had; 闸坡镇 kept its own (as in
    # `coverage.places.changes.predecessors`).
    begun = {r.code_new for r in rows if r.kind == "merge" and r.name_old == r.name_new}
    for row in rows:
        if row.code_old and row.code_new:
            after[row.code_old].add(row.code_new)
            before[row.code_new].add(row.code_old)
        elif row.kind == "abolish" and row.code_old:
            after[row.code_old] |= set()
        elif row.kind == "new" and row.code_new:
            before[row.code_new] |= set()
        if row.kind == "merge" and row.code_new not in begun | ceased:
            # What takes in others was there before and needs no row of its own.
            after[row.code_new].add(row.code_new)
            before[row.code_new].add(row.code_new)
    return _Event(
        *days,
        {code: tuple(sorted(found)) for code, found in after.items()},
        {code: tuple(sorted(found)) for code, found in before.items()},
    )


def load_changes(*paths: Path) -> Changes:
    """Read tables of changes, by default those that ship (units, and villages that moved along).

    Raises:
        InputError: If a table is malformed, see `coverage.places.changes.read_changes`.
    """
    folder = settings.data_dir() / "units"
    shipped = [folder / name for name in SHIPPED if (folder / name).is_file()]
    return Changes(change for path in paths or shipped for change in read_changes(path))


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
        raise InputError("回到当时须给日期 · going back needs a day")
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
        facilities.append(_moved(facility, new, mark=new != code or several, back=back))
    notes = _notes(moved, coarse, lost, len(facilities))
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
    _, found, rest = note.rpartition(MARK)
    digits = rest.strip().split("；")[0].split(" ")[0] if found else ""
    return digits if digits.isdecimal() else ""


def _moved(facility: Facility, code: str, *, mark: bool, back: bool) -> Facility:
    note = facility.note
    if back and _mark(note) == code:
        note = note.rpartition(MARK)[0].removesuffix("；")
    elif mark and not back:
        note = "；".join(filter(None, (note, f"{MARK} {facility.unit_code}")))
    return replace(facility, unit_code=code, note=note)


def _common(codes: list[str]) -> str:
    """The least unit above all of `codes`: a township, a county, or the city."""
    for length in (9, 6):
        if len({code[:length] for code in codes}) == 1:
            return codes[0][:length]
    return f"{codes[0][:4]}00"


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
