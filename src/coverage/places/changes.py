"""Units change: mergers, renames and new codes, so that old registers meet today's units.

``units/changes.csv`` has one row a change. `valid_to` is the last day on which
the old unit is known to stand, `valid_from` the first day on which the new one
is. Where only editions of the code list bear witness, both are the closing
days of two editions and the change lies between them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING

from coverage import settings
from coverage.errors import InputError, Problem
from coverage.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

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
    """

    code_old: str
    name_old: str
    code_new: str
    name_new: str
    valid_from: date
    valid_to: date
    kind: str
    source: str


def read_changes(path: Path) -> tuple[Change, ...]:
    """Read a table of changes.

    Raises:
        InputError: With every problem: a kind or a date that is none, no
            source, neither an old nor a new unit.
    """
    table = read_table(path, required=COLUMNS)
    changes, problems = [], []
    for record in table.records:
        cells = {column: record.get(column) for column in COLUMNS}
        reasons: list[tuple[str, str]] = []
        days: dict[str, date] = {}
        for column in ("valid_from", "valid_to"):
            try:
                days[column] = date.fromisoformat(cells[column])
            except ValueError:
                reasons.append((column, "不是 YYYY-MM-DD 日期 · the cell is not a date"))
        if cells["kind"] not in KINDS:
            reasons.append(("kind", f"应为 {'、'.join(KINDS)} 之一 · the kind is not known"))
        if not cells["source"]:
            reasons.append(("source", "没有出处 · a change needs its source"))
        if not cells["name_old"] and not cells["name_new"]:
            reasons.append(("name_old", "新旧名称都为空 · neither an old nor a new unit"))
        problems += [table.problem(record, column, reason) for column, reason in reasons]
        if not reasons:
            changes.append(
                Change(
                    cells["code_old"],
                    cells["name_old"],
                    cells["code_new"],
                    cells["name_new"],
                    days["valid_from"],
                    days["valid_to"],
                    cells["kind"],
                    cells["source"],
                )
            )
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


def successor(code: str, changes: Iterable[Change], *, on: date | None = None) -> str | None:
    """Code of the unit that the ground of `code` belongs to, today or `on` a day.

    Mergers and new codes are followed as often as they happened.

    Returns:
        The code itself where nothing changed, `None` where the unit is gone
        and no row says where to.

    Raises:
        InputError: If the changes run in a circle.
    """
    table = {c.code_old: c for c in changes if c.code_old and c.code_old != c.code_new}
    seen = {code}
    while code in table:
        change = table[code]
        if on is not None and change.valid_from > on:
            break
        if not change.code_new:
            return None
        code = change.code_new
        if code in seen:
            raise InputError(Problem(f"代码变更成环 · the changes run in a circle at {code}"))
        seen.add(code)
    return code


def predecessors(code: str, changes: Iterable[Change], *, on: date) -> tuple[str, ...]:
    """Codes that stood `on` a day on the ground of today's `code`, itself if it did.

    小榄镇 (442000118) on 1 January 2021 was 442000100 and 442000104.
    """
    rows = tuple(changes)
    befores = [c for c in rows if c.code_new == code and c.valid_from > on]
    recoded = [c for c in befores if c.code_old and c.code_old != code]
    # A unit that took in another under its own code stood before, too.
    stood = not any(c.kind in {"merge", "recode", "new"} and _renewed(c, rows) for c in befores)
    older = [p for c in recoded for p in predecessors(c.code_old, rows, on=on)]
    return tuple(dict.fromkeys([code, *older] if stood else older))


def _renewed(change: Change, changes: tuple[Change, ...]) -> bool:
    """Whether the code of the new unit began with this change."""
    if change.kind in {"recode", "new"}:
        return True
    # 小榄镇 merged with 东升镇 under a code that neither had; 闸坡镇 kept its own.
    return any(
        c.code_new == change.code_new and c.name_old == c.name_new and c.kind == "merge"
        for c in changes
    )
