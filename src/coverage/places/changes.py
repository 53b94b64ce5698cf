"""Units change: mergers, renames and new codes, so that old registers meet today's units.

``units/changes.csv`` has one row a change: the unit (code and name) that ceased, the unit that
took its place. `valid_to` is the last day on which the old unit is known to stand, `valid_from`
the first day on which the new one is. Where only editions of the code list bear witness, both
are the closing days of two editions and the change lies between them; on days between the two
either unit may have been valid, and both are then answered. What is not listed did not change.

A change is a relation between the codes before and after it, so that going to today and going
back are each other's inverse: whatever a unit became, it is among what that came from. A
village without a row of its own follows its township, and only as far as its township: which
village it became is then not known, and not guessed.

Not every row is beyond doubt: one that was inferred says so (`Change.certain`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from coverage import settings
from coverage.errors import InputError
from coverage.formats.tables import read_table
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

SHIPPED = ("changes.csv", "changes-villages.csv")
KINDS = ("merge", "rename", "recode", "split", "transfer", "abolish", "new")
COLUMNS = (
    "code_old",
    "name_old",
    "code_new",
    "name_new",
    "valid_from",
    "valid_to",
    "kind",
    "source",
)

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one unit.

    Attributes:
        code_old: Its code before, empty where it is new or the code is not known.
        name_old: Its name before.
        code_new: The code of what its ground belongs to now, empty where it is
            gone and nobody says where to.
        name_new: The name of that.
        valid_from: First day on which the new is known to hold.
        valid_to: Last day on which the old is known to hold.
        kind: One of `KINDS`.
        source: Who says so.
        certain: Whether `source` says it; ``no`` in the table for what is inferred only.
    """

    code_old: str
    name_old: str
    code_new: str
    name_new: str
    valid_from: date
    valid_to: date
    kind: str
    source: str
    certain: bool = True


def read_changes(path: Path) -> tuple[Change, ...]:
    """Read a table of changes.

    Raises:
        InputError: With every problem: a kind or a date that is none, no
            source, neither an old nor a new unit.
    """
    table = read_table(path, required=COLUMNS)
    changes, problems = [], []
    for record in table.records:
        cells: dict[str, Any] = {column: record.get(column) for column in COLUMNS}
        wrong: dict[str, Said] = {}
        for column in ("valid_from", "valid_to"):
            try:
                cells[column] = date.fromisoformat(cells[column])
            except ValueError:
                wrong[column] = Said("不是 YYYY-MM-DD 日期", "the cell is not a date")
        if not wrong and cells["valid_to"] >= cells["valid_from"]:
            wrong["valid_to"] = Said("不早于 valid_from", "the old outlasts the new")
        if cells["kind"] not in KINDS:
            known = Said(f"应为 {'、'.join(KINDS)} 之一", f"one of {', '.join(KINDS)} is needed")
            wrong["kind"] = known
        if not cells["source"]:
            wrong["source"] = Said("没有出处", "a change needs its source")
        if not cells["name_old"] and not cells["name_new"]:
            wrong["name_old"] = Said("新旧名称都为空", "neither an old nor a new unit")
        problems += [table.problem(record, column, said) for column, said in wrong.items()]
        if not wrong:
            changes.append(Change(**cells, certain=record.get("certain").lower() != "no"))
    if problems:
        raise InputError(problems)
    return tuple(changes)


@cache
def _read_once(path: Path, _stamp: int) -> tuple[Change, ...]:
    return read_changes(path)


def shipped_changes() -> tuple[Change, ...]:
    """The changes that ship, none where the data folder has no such table."""
    path = settings.data_dir() / "units" / "changes.csv"
    return _read_once(path, path.stat().st_mtime_ns) if path.is_file() else ()


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

    def unverified(self, old: str, new: str) -> Change | None:
        """The change from one unit to another if it is inferred only, and no source says it."""
        rows = (r for r in self.rows if r.code_old == old[: len(r.code_old)] and not r.certain)
        return next((r for r in rows if r.code_new == new[: len(r.code_new)]), None)

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
    # 小榄镇 merged with 东升镇 under a code that neither had; 闸坡镇 kept its own.
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
        InputError: If a table is malformed, see `read_changes`.
    """
    folder = settings.data_dir() / "units"
    shipped = [folder / name for name in SHIPPED if (folder / name).is_file()]
    return _load_once(*((path, path.stat().st_mtime_ns) for path in paths or shipped))


@cache
def _load_once(*stamped: tuple[Path, int]) -> Changes:
    return Changes(change for path, stamp in stamped for change in _read_once(path, stamp))
