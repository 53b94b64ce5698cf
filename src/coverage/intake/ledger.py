"""The ledger (台账): one row a township, one column a kind, for who only knows has and has not.

What a number in such a cell means is not written on it. 1 is "has one". Of a
kind without beds any number counts facilities. Of a kind with beds, ten and
more are beds of one institution; two to nine may be either and are asked
back, unless the column or the cell says which (``3处``, ``8张``, 敬老院床位数).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from coverage.intake.outcomes import FacilityRow
from coverage.kinds import KINDS
from coverage.lists.values import clean_text, is_empty, parse_bool, parse_number, whole
from coverage.messages import Said

if TYPE_CHECKING:
    from coverage.formats.grids import Cell
    from coverage.intake.parts import FacilitySheet
    from coverage.lists.columns import Understanding
    from coverage.lists.sheets import RawRow, Role

_ABOVE = ("village", "township", "county", "unit_code")
_INTEGRATED = "综合功能"
_FULL = ("全托", "日托", "上门", "协调指导")
_WITH_BEDS = frozenset(
    {"elder_care", "day_care", "mutual_aid", "child_welfare", "psychiatric_welfare", "shelter"}
)
_SURELY_BEDS = 10  # a township with ten institutions of a kind writes a list
_MOST = 99  # more facilities of a kind than any township has
_BEDS, _COUNT = re.compile(r"张|床"), re.compile(r"[个所家处座间]|数量|点数|站数")
_NUMBER_UNITS = ("张床位", "张床", "张", "床位", "床", "个", "所", "家", "处", "座", "间")


class _Read(NamedTuple):
    """What a cell says: how many facilities, with how many beds, how it was read, or why not."""

    number: int = 0
    beds: int | None = None
    changed: Said | None = None
    reason: Said | None = None


def is_ledger(use: Understanding) -> bool:
    """Whether columns are named after kinds of facility and none names a facility."""
    return any((c.field or "").startswith("kind:") for c in use.columns)


def ledger_rows(sheet: FacilitySheet) -> list[FacilityRow]:
    """The rows of a ledger, each with the fields of the facilities that its township has.

    Beds and the full set of services that stand in columns of their own belong to the
    institution for older people. A row of a template that nobody filled in is blank.
    """
    use, rows = sheet.understanding, []
    names = {c.index: c.field for c in use.columns if c.field in _ABOVE}
    for raw in sheet.raw.rows:
        filled = raw.role == "data" and _is_filled(use, raw)
        role: Role = raw.role if filled or raw.role != "data" else "blank"
        row = FacilityRow(sheet.raw, raw, sheet.number, role)
        rows.append(row)
        if filled:
            row.values = {f: clean_text(raw.get(n)) for n, f in names.items() if f}
            _read_row(row, use, raw)
            if not row.ledger and not row.reasons:
                row.correct(Said("该单元没有所列设施", "it has none of these"))
    return rows


def _is_filled(use: Understanding, row: RawRow) -> bool:
    """Whether anything is said of the row's township."""
    return any(
        not is_empty(row.get(column.index))
        for column in use.columns
        if (column.field or "").startswith(("kind:", "service:"))
        or column.field in {"beds", "nursing_beds"}
    )


def _read_row(row: FacilityRow, use: Understanding, raw: RawRow) -> None:
    """Facilities that a row says its township has, as fields."""
    found: list[dict[str, object]] = []
    for column in use.columns:
        cell = raw.get(column.index)
        head, _, kind = (column.field or "").partition(":")
        if head != "kind" or is_empty(cell):
            continue
        read = _read(cell, column.name, kind)
        text = clean_text(cell)
        where = Said(f"“{column.name}”列的“{text}”", f"“{text}” in the column “{column.name}”: ")
        row.reject(*(where.then(said) for said in (read.reason,) if said))
        row.correct(*(where.then(said) for said in (read.changed,) if said))
        fields: dict[str, object] = {"kind": kind}
        if read.beds is not None:
            fields["beds"] = read.beds
        found += [dict(fields) for _ in range(read.number)]
    _add_to_institution(row, use, raw, found)
    _name(use, raw, found)
    row.ledger = found


def _read(cell: Cell, column: str, kind: str) -> _Read:
    """One cell: has, has not, how many, or how many beds."""
    text = clean_text(cell)
    said = parse_bool(cell)
    if said.value is not None and not said.changed:
        return _Read(int(said.value))
    number = whole(parse_number(cell, _NUMBER_UNITS))
    if number.value is None:
        return _Read(reason=Said("不是有或无，也不是数", "neither yes nor no nor a number"))
    n = number.value
    if kind in _WITH_BEDS:
        if _BEDS.search(text) or _BEDS.search(column):
            return _Read(int(n > 0), n or None)
        if not (_COUNT.search(text) or _COUNT.search(column)):
            return _beds_or_count(n)
    if n > _MOST:
        said_ = Said(f"超过 {_MOST} 处，不可信", "more than a township can have")
        return _Read(reason=said_)
    return _Read(n, None, Said(f"读作 {n} 处", f"read as {n} facilities") if n > 1 else None)


def _beds_or_count(n: int) -> _Read:
    """A number of a kind with beds that does not say what it counts."""
    if n >= _SURELY_BEDS:
        return _Read(1, n, Said(f"读作 1 处、{n} 张床位", f"read as one with {n} beds"))
    asked = Said(
        f"可能是 {n} 处，也可能是 {n} 张床位，请写“{n}处”或“{n}张”",
        f"that many facilities, or beds? Write which of the two the {n} counts",
    )
    return _Read(reason=asked)


def _add_to_institution(
    row: FacilityRow, use: Understanding, raw: RawRow, found: list[dict[str, object]]
) -> None:
    """Services and beds of columns of their own, given to the township's institution."""
    extra: dict[str, object] = {}
    full = next((c for c in use.columns if c.name.startswith(_INTEGRATED)), None)
    if full is not None and not is_empty(cell := raw.get(full.index)) and parse_bool(cell).value:
        extra["services"] = _FULL
    for target in ("beds", "nursing_beds"):
        column = use.of(target)
        if column is None or is_empty(raw.get(column.index)):
            continue
        number = whole(parse_number(raw.get(column.index), _NUMBER_UNITS))
        if number.value is None:
            where = Said(f"“{column.name}”：", f"“{column.name}”: ")
            row.reject(*(where.then(said) for said in (number.reason,) if said))
        else:
            extra[target] = number.value
    own = [fields for fields in found if fields["kind"] == "elder_care"]
    if not extra or (not own and not any(extra.values())):
        return  # no beds where there is no institution is no institution
    if len(own) > 1:
        row.reject(
            Said(
                f"有 {len(own)} 处机构，床位和服务不知归哪处，请用“设施”表",
                "several institutions have these beds and services: list them one by one",
            )
        )
        return
    if not own:
        own = [{"kind": "elder_care"}]
        found += own
    own[0] |= extra


def _name(use: Understanding, row: RawRow, found: list[dict[str, object]]) -> None:
    """Names of facilities that have none: township, kind, and a number where there are several."""
    columns = [use.of(field) for field in _ABOVE]
    cells = [clean_text(row.get(c.index)) for c in columns if c is not None]
    above = next((text for text in cells if text), "")
    for fields in found:
        same = [f for f in found if f["kind"] == fields["kind"]]
        number = str(next(n for n, f in enumerate(same, 1) if f is fields)) if same[1:] else ""
        fields["name"] = f"{above}{KINDS[str(fields['kind'])].zh}{number}"
