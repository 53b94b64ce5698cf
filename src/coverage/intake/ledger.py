"""The ledger (台账): one row a township, one column a kind, for who only knows has and has not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coverage.intake.values import clean_text, is_empty, parse_beds, parse_bool
from coverage.kinds import KINDS

if TYPE_CHECKING:
    from coverage.intake.sheets import RawRow, RawSheet

_KINDS = {kind.zh: id_ for id_, kind in KINDS.items()}
_INTEGRATED = "综合功能"
_FULL = ("全托", "日托", "上门", "协调指导")


def is_ledger(sheet: RawSheet) -> bool:
    """Whether two or more columns are named after kinds of facility."""
    return sum(name in _KINDS for name in sheet.columns) >= 2


def read_ledger_row(sheet: RawSheet, row: RawRow) -> tuple[list[dict[str, object]], list[str]]:
    """Facilities that a row says its township has, as fields, and what could not be read.

    Beds belong to the institution; the full set of services is its, too.
    """
    found: dict[str, dict[str, object]] = {}
    reasons: list[str] = []
    cells = {name: row.get(n) for n, name in enumerate(sheet.columns) if name}
    for name, kind in _KINDS.items():
        if name not in cells or is_empty(cells[name]):
            continue
        said = parse_bool(cells[name])
        if said.value is None:
            reasons.append(f"“{name}”列的“{cells[name]}”不是有或无 · neither yes nor no")
        elif said.value:
            found[kind] = {"kind": kind}
    full = next((v for n, v in cells.items() if n.startswith(_INTEGRATED)), None)
    if not is_empty(full) and parse_bool(full).value:
        found.setdefault("elder_care", {"kind": "elder_care"})["services"] = _FULL
    for column, target in (("养老床位数", "beds"), ("护理型床位数", "nursing_beds")):
        if column not in cells or is_empty(cells[column]):
            continue
        number = parse_beds(cells[column])
        if number.value is None:
            reasons.append(f"“{column}”：{number.reason}")
        else:
            found.setdefault("elder_care", {"kind": "elder_care"})[target] = number.value
    township = clean_text(cells.get("乡镇（街道）")) or clean_text(cells.get("代码"))
    for fields in found.values():
        fields["name"] = f"{township}{KINDS[str(fields['kind'])].zh}"
    return list(found.values()), reasons
