"""The ledger (台账): one row a township, one column a kind, for who only knows has and has not.

What a number in such a cell means is not written on it. 1 is "has one". Of a
kind without beds any number counts facilities. Of a kind with beds, ten and
more are beds of one institution; two to nine may be either and are asked
back, unless the column or the cell says which (``3处``, ``8张``, 敬老院床位数).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from coverage.intake.values import clean_text, is_empty, parse_bool, parse_number, whole
from coverage.kinds import KINDS

if TYPE_CHECKING:
    from coverage.formats.grids import Cell
    from coverage.intake.columns import Understanding
    from coverage.intake.sheets import RawRow

_INTEGRATED = "综合功能"
_FULL = ("全托", "日托", "上门", "协调指导")
_WITH_BEDS = frozenset(
    {"elder_care", "day_care", "mutual_aid", "child_welfare", "psychiatric_welfare", "shelter"}
)
_SURELY_BEDS = 10  # a township with ten institutions of a kind writes a list
_MOST = 99  # more facilities of a kind than any township has
_BEDS, _COUNT = re.compile(r"张|床"), re.compile(r"[个所家处座间]|数量|点数|站数")
_NUMBER_UNITS = ("张床位", "张床", "张", "床位", "床", "个", "所", "家", "处", "座", "间")


class _Said(NamedTuple):
    """What a cell says: how many facilities, with how many beds, how it was read, or why not."""

    number: int = 0
    beds: int | None = None
    changed: str = ""
    reason: str = ""


def is_ledger(use: Understanding) -> bool:
    """Whether columns are named after kinds of facility and none names a facility."""
    return any((c.field or "").startswith("kind:") for c in use.columns)


def is_filled(use: Understanding, row: RawRow) -> bool:
    """Whether anything is said of the row's township; a template has rows nobody filled in."""
    return any(
        not is_empty(row.get(column.index))
        for column in use.columns
        if (column.field or "").startswith(("kind:", "service:"))
        or column.field in {"beds", "nursing_beds"}
    )


def read_ledger_row(
    use: Understanding, row: RawRow
) -> tuple[list[dict[str, object]], list[str], list[str]]:
    """Facilities that a row says its township has, as fields.

    Beds and the full set of services that stand in columns of their own belong to the
    institution for older people.

    Returns:
        The facilities; why cells could not be read; how cells were read that could mean more
        than one thing.
    """
    found: list[dict[str, object]] = []
    reasons: list[str] = []
    changed: list[str] = []
    for column in use.columns:
        cell = row.get(column.index)
        if not (column.field or "").startswith("kind:") or is_empty(cell):
            continue
        said = _read(cell, column.name, str(column.field).partition(":")[2])
        if said.reason:
            reasons.append(f"“{column.name}”列的“{clean_text(cell)}”{said.reason}")
        if said.changed:
            changed.append(f"“{column.name}”列的“{clean_text(cell)}”{said.changed}")
        kind = str(column.field).partition(":")[2]
        found += [
            {"kind": kind} | ({"beds": said.beds} if said.beds is not None else {})
            for _ in range(said.number)
        ]
    _add_to_institution(use, row, found, reasons)
    _name(use, row, found)
    return found, reasons, changed


def _read(cell: Cell, column: str, kind: str) -> _Said:
    """One cell: has, has not, how many, or how many beds."""
    text = clean_text(cell)
    said = parse_bool(cell)
    if said.value is not None and not said.changed:
        return _Said(int(said.value))
    number = whole(parse_number(cell, _NUMBER_UNITS))
    if number.value is None:
        return _Said(reason="不是有或无，也不是数 · neither yes nor no nor a number")
    n = number.value
    if kind in _WITH_BEDS:
        if _BEDS.search(text) or _BEDS.search(column):
            return _Said(int(n > 0), n or None)
        if not (_COUNT.search(text) or _COUNT.search(column)):
            return _beds_or_count(n)
    if n > _MOST:
        return _Said(reason=f"超过 {_MOST} 处，不可信 · more than a township can have")
    return _Said(n, None, f"读作 {n} 处 · read as {n} facilities" if n > 1 else "")


def _beds_or_count(n: int) -> _Said:
    """A number of a kind with beds that does not say what it counts."""
    if n >= _SURELY_BEDS:
        return _Said(1, n, f"读作 1 处、{n} 张床位 · read as one with {n} beds")
    return _Said(
        reason=f"可能是 {n} 处，也可能是 {n} 张床位，请写“{n}处”或“{n}张” · that many "
        "facilities, or beds? Write which"
    )


def _add_to_institution(
    use: Understanding, row: RawRow, found: list[dict[str, object]], reasons: list[str]
) -> None:
    """Services and beds of columns of their own, given to the township's institution."""
    extra: dict[str, object] = {}
    full = next((c for c in use.columns if c.name.startswith(_INTEGRATED)), None)
    if full is not None and not is_empty(cell := row.get(full.index)) and parse_bool(cell).value:
        extra["services"] = _FULL
    for target in ("beds", "nursing_beds"):
        column = use.of(target)
        if column is None or is_empty(row.get(column.index)):
            continue
        number = whole(parse_number(row.get(column.index), _NUMBER_UNITS))
        if number.value is None:
            reasons.append(f"“{column.name}”：{number.reason}")
        else:
            extra[target] = number.value
    own = [fields for fields in found if fields["kind"] == "elder_care"]
    if not extra or (not own and not any(extra.values())):
        return  # no beds where there is no institution is no institution
    if len(own) > 1:
        reasons.append(
            f"有 {len(own)} 处机构，床位和服务不知归哪处，请用“设施”表 · several institutions: "
            "list them one by one"
        )
        return
    if not own:
        own = [{"kind": "elder_care"}]
        found += own
    own[0] |= extra


def _name(use: Understanding, row: RawRow, found: list[dict[str, object]]) -> None:
    """Names of facilities that have none: township, kind, and a number where there are several."""
    columns = [use.of(field) for field in ("village", "township", "county", "unit_code")]
    cells = [clean_text(row.get(c.index)) for c in columns if c is not None]
    above = next((text for text in cells if text), "")
    for fields in found:
        same = [f for f in found if f["kind"] == fields["kind"]]
        number = str(next(n for n, f in enumerate(same, 1) if f is fields)) if same[1:] else ""
        fields["name"] = f"{above}{KINDS[str(fields['kind'])].zh}{number}"
