"""Numbers that should agree: nursing beds with beds, totals with their rows, days with today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coverage.lists.columns import NO_STATUS
from coverage.lists.rows import Finding
from coverage.lists.values import parse_beds
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from coverage.intake.outcomes import FacilityRow
    from coverage.lists.columns import Understanding

_SUMMED = {"beds": Said("床位", "beds"), "nursing_beds": Said("护理型床位", "nursing beds")}
_GRAVES = Said("总数", "graves")
_NOT_YET = frozenset({"planned", "building"})


def judge_values(rows: Sequence[FacilityRow], today: date) -> None:
    """Hold the numbers and days of each row against each other, on the rows.

    More nursing beds than beds is refused, as a register refuses it: no one can say which of
    the two is meant. A day ahead is kept and noted, and is right for what is being built.
    """
    for row in rows:
        for fields in row.ledger if row.ledger is not None else [row.values]:
            _within(row, fields)
        opened, closed = row.values.get("opened"), row.values.get("closed")
        if opened and closed and closed < opened:
            zh = f"停业日期 {closed} 早于成立时间 {opened}"
            row.reject(Said(zh, f"it closed ({closed}) before it opened ({opened})"))
        if opened is None or row.values.get("status") in _NOT_YET:
            continue
        if opened > today:
            said = Said(
                f"日期 {opened} 在将来，到那年才计入；未开业请写“在建”或“规划”",
                f"the date {opened} lies ahead: it counts from that year on",
            )
            row.check("future", said)


_PARTS = (
    ("nursing_beds", "beds", Said("护理型床位", "nursing beds"), Said("床位", "beds")),
    ("capacity_used", "capacity_total", Said("已用穴（格）位", "graves taken"), _GRAVES),
)


def _within(row: FacilityRow, fields: Mapping[str, object]) -> None:
    for part, whole, some, all_ in _PARTS:
        number, most = fields.get(part), fields.get(whole)
        if isinstance(most, int) and isinstance(number, int) and number > most:
            said = Said(
                f"{some.zh} {number} 多于{all_.zh} {most}",
                f"more {some.en} than {all_.en} ({number} of {most})",
            )
            row.reject(said)


def judge_totals(rows: Sequence[FacilityRow], use: Understanding) -> list[Finding]:
    """Totals of a sheet that are not the sum of their rows.

    A total may stand for the rows since the total before it, for all rows above, or for the
    subtotals since the last grand one; a sheet does not say which, so any of them will do.
    Where a cell of the rows could not be read nothing is compared.

    Args:
        rows: Every row of the sheet in order.
        use: What its columns mean.
    """
    found = []
    for name, said in _SUMMED.items():
        column = use.of(name)
        if column is not None:
            found += _totals(rows, column.index, said)
    return found


def judge_statuses(rows: Sequence[FacilityRow], use: Understanding) -> list[Finding]:
    """A column of statuses that was not believed, or that closes every facility of its sheet."""
    data = [row for row in rows if row.is_data]
    unused = [c for c in use.columns if c.reason == NO_STATUS]
    shut = [row for row in data if row.values.get("status") == "closed"]
    said = []
    for column in unused:
        cell = next((str(c) for row in data if (c := row.raw.get(column.index)) is not None), "")
        zh = f"“{column.name}”列每行都是 {cell}，不是运营状态，未用；设施按在营，请核对"
        en = f"every row has {cell} in {column.name}: no status, not used; all count as open"
        said.append(Said(zh, en))
    if len(shut) == len(data) > 1:
        zh = f"“{use.file}”的 {len(data):,} 行都按停办，一处也不计入，请核对"
        said.append(Said(zh, f"all {len(data):,} rows of {use.file} count as closed: is that so?"))
    return [Finding("status.all", "warning", sentence) for sentence in said]


def _totals(rows: Sequence[FacilityRow], index: int, said: Said) -> list[Finding]:
    found = []
    block, whole, subtotals = 0, 0, 0
    readable = True
    for row in rows:
        value = parse_beds(row.raw.get(index))
        if row.is_data:
            readable = readable and not value.reason
            block += value.value or 0
            whole += value.value or 0
        elif row.role == "total" and value.value is not None:
            if readable and value.value not in {block, whole, subtotals}:
                found.append(_wrong(row, value.value, block, whole, said))
            if value.value == block:
                subtotals += value.value
            block = 0
    return found


def _wrong(row: FacilityRow, stated: int, block: int, whole: int, said: Said) -> Finding:
    sums = f"{whole:,}" if block == whole else f"{block:,}（本段）或 {whole:,}（全部）"
    english = f"{whole:,}" if block == whole else f"{block:,} (block) or {whole:,} (all)"
    number = row.row
    sheet = " ".join(filter(None, (row.of.file, row.sheet)))
    return Finding(
        "total",
        "warning",
        Said(
            f"{sheet} 第 {number} 行合计{said.zh} {stated:,}，各行相加是 {sums}",
            f"{sheet} row {number} gives a total of {stated:,} {said.en}, its rows add up to "
            f"{english}",
        ),
    )
