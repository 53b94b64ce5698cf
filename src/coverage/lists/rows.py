"""Rows of data turned into values by the understanding of their columns.

This is the first of two judgements: what can be said of a row by itself.
Places, duplicates and comparisons come after it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from coverage.errors import Problem
from coverage.kinds import KINDS
from coverage.lists.personal import redact
from coverage.lists.values import clean_text, parse_area, parse_beds, parse_bool, parse_date
from coverage.lists.words import parse_kind, parse_ownership, parse_services, parse_status
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coverage.formats.grids import Cell
    from coverage.lists.columns import ColumnUse, Understanding
    from coverage.lists.sheets import RawRow, RawSheet

# A row of data is one of the first three; any other row has the role that it plays in its sheet.
Outcome: TypeAlias = Literal[
    "accepted", "corrected", "rejected", "title", "header", "blank", "total", "note"
]
Weight = Literal["reason", "correction", "warning", "note"]
OUTCOMES: dict[Outcome, Said] = {
    "accepted": Said("接受", "accepted"),
    "corrected": Said("更正后接受", "accepted, corrected"),
    "rejected": Said("退回", "rejected"),
    "title": Said("标题行", "title"),
    "header": Said("表头", "header"),
    "blank": Said("空行", "blank"),
    "total": Said("合计行", "total"),
    "note": Said("说明行", "note"),
}
CHECK = Said("请核对", "to check")
DATA: tuple[Outcome, ...] = ("accepted", "corrected", "rejected")
# Fields whose cells the next stage reads itself: they are handed on as they are.
_AS_THEY_ARE = frozenset({"lon", "lat", "x", "y", "coordinates"})

_BLANK = re.compile("(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])")


@dataclass(frozen=True)
class Finding:
    """One thing found about a row, or about the whole file.

    Attributes:
        id: What kind of thing, such as ``missing`` or ``overlap``.
        weight: ``warning`` for what the user should look at, ``note`` for what to know; of a row
            alone ``reason`` for why it is rejected, ``correction`` for what was changed.
        said: The sentence.
        units: Codes of the units it is about.
        km2: Area it is about, if it is about an area.
        place: A point of it, lon and lat in WGS84.
    """

    id: str
    weight: Weight
    said: Said
    units: tuple[str, ...] = ()
    km2: float | None = None
    place: tuple[float, float] | None = None


@dataclass(slots=True)
class TakenRow:
    """What a row says by itself.

    Attributes:
        row: As read, with its original cells.
        outcome: ``accepted`` or ``rejected`` for data, else the role of the row.
        fields: Value by field; coordinates are the original cells, ``services`` a tuple.
        problems: Why it is rejected.
        corrections: What was changed, one sentence each.
        unknown_services: Words for services that the vocabulary does not have.
    """

    row: RawRow
    outcome: Outcome
    fields: dict[str, object] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    corrections: list[str] = field(default_factory=list)
    unknown_services: tuple[str, ...] = ()


def take_rows(
    sheet: RawSheet,
    understanding: Understanding,
    *,
    kind: str | None = None,
    keep_personal: bool = False,
) -> Iterator[TakenRow]:
    """One `TakenRow` for every row of the sheet, in order.

    Args:
        sheet: As read.
        understanding: Of its columns.
        kind: Kind of every facility whose row says none.
        keep_personal: Leave ID and mobile numbers inside other cells as they are.
    """
    taker = _Taker(sheet, understanding, kind, keep_personal=keep_personal)
    for row in sheet.rows:
        yield taker.take(row) if row.role == "data" else TakenRow(row, row.role)


class _Taker:
    """Parsers of the columns of one sheet, looked up once."""

    def __init__(
        self,
        sheet: RawSheet,
        understanding: Understanding,
        kind: str | None,
        *,
        keep_personal: bool,
    ) -> None:
        self.file, self.kind, self.keep_personal = sheet.file, kind, keep_personal
        uses = [use for use in understanding.columns if use.field]
        self.named = any(use.field == "name" for use in uses)
        self.name = next((u.name for u in uses if u.field == "name"), "name")
        self.wide = any((use.field or "").startswith("kind:") for use in uses)
        self.steps = [(use, self._step(use)) for use in uses]

    def _step(self, use: ColumnUse) -> Callable[[TakenRow, ColumnUse, Cell], None]:
        steps: dict[str, Callable[[TakenRow, ColumnUse, Cell], None]] = {
            "beds": self._parsed_with(parse_beds),
            "nursing_beds": self._parsed_with(parse_beds),
            "floor_area": self._parsed_with(parse_area),
            "opened": self._parsed_with(parse_date),
            "status": self._parsed_with(parse_status),
            "ownership": self._parsed_with(lambda cell: parse_ownership(cell, use.name)),
            "services": self._services,
            "kind": self._kind,
            "unit_code": self._code,
        }
        name = use.field or ""
        if name.startswith("service:"):
            return self._service
        if name.startswith("kind:"):
            return self._wide
        if name in _AS_THEY_ARE:
            return self._as_it_is
        return steps.get(name, self._text)

    def take(self, row: RawRow) -> TakenRow:
        """Judge one row of data."""
        taken = TakenRow(row, "accepted")
        cells = row.cells
        width = len(cells)
        for use, step in self.steps:
            if use.index < width:
                cell = cells[use.index]
                if cell is not None:
                    step(taken, use, cell)
        if self.named and not taken.fields.get("name"):
            self._complain(taken, self.name, None, "没有名称 · the row has no name")
        if not self.wide:
            self._kind_of(taken)
        if taken.problems:
            taken.outcome = "rejected"
        return taken

    def _complain(self, taken: TakenRow, column: str, cell: Cell, reason: str) -> None:
        value = None if cell is None else str(cell)[:200]
        taken.problems.append(Problem(reason, self.file, taken.row.number, column, value))

    def _parsed_with(self, parse: Callable[[Cell], tuple[object, str, str]]) -> Callable[..., None]:
        def step(taken: TakenRow, use: ColumnUse, cell: Cell) -> None:
            value, changed, reason = parse(cell)
            if reason:
                self._complain(taken, use.name, cell, reason)
                return
            if value is not None:
                taken.fields[str(use.field)] = value
            if changed:
                taken.corrections.append(f"{use.name}: {changed}")

        return step

    def _text(self, taken: TakenRow, use: ColumnUse, cell: Cell) -> None:
        text = clean_text(cell)
        if text.count('"') == 1 and '"' in (text[0], text[-1]):
            text = text.strip('"').strip()
            taken.corrections.append(f"{use.name}: 去掉不成对的引号 · a lone quote was taken off")
        if use.field == "name" and " " in text:
            text = self._joined(taken, use, text)
        if not self.keep_personal and use.field not in {"name", "credit_code", "id"}:
            text, hidden = redact(text)
            if hidden:
                taken.corrections.append(
                    f"{use.name}: 隐去 {hidden} 个证件号或手机号 · personal numbers were masked"
                )
        if text:
            taken.fields[str(use.field)] = text

    def _joined(self, taken: TakenRow, use: ColumnUse, text: str) -> str:
        """A name without the blanks that line breaks and typists leave between its characters."""
        joined = _BLANK.sub("", text)
        if joined != text:
            taken.corrections.append(f"{use.name}: 去掉字间空格 · blanks were taken out")
        return joined

    def _as_it_is(self, taken: TakenRow, use: ColumnUse, cell: Cell) -> None:
        if not isinstance(cell, str) or cell.strip():
            taken.fields[str(use.field)] = cell

    def _code(self, taken: TakenRow, use: ColumnUse, cell: Cell) -> None:
        text = clean_text(cell).replace(" ", "")
        if not text:
            return
        broken = isinstance(cell, str) and ("." in text or "e+" in text.lower())
        if broken or (isinstance(cell, float) and not cell.is_integer()):
            reason = "代码被表格软件改成了数字 · turned into a number by a spreadsheet"
            self._complain(taken, use.name, cell, reason)
            return
        taken.fields["unit_code"] = text

    def _services(self, taken: TakenRow, _: ColumnUse, cell: Cell) -> None:
        found = parse_services(cell)
        self._add_services(taken, found.known + found.unknown)
        taken.unknown_services += found.unknown

    def _add_services(self, taken: TakenRow, names: tuple[str, ...]) -> None:
        had = taken.fields.get("services", ())
        if names and isinstance(had, tuple):
            taken.fields["services"] = tuple(dict.fromkeys((*had, *names)))

    def _service(self, taken: TakenRow, use: ColumnUse, cell: Cell) -> None:
        said = parse_bool(cell)
        if said.reason:
            self._complain(taken, use.name, cell, said.reason)
        elif said.value:
            self._add_services(taken, (str(use.field).partition(":")[2],))
        if said.changed:
            taken.corrections.append(f"{use.name}: {said.changed}")

    def _wide(self, taken: TakenRow, use: ColumnUse, cell: Cell) -> None:
        """A cell of a ledger of townships by kinds: has, has not, or how many."""
        beds = parse_beds(cell)
        said = parse_bool(cell)
        if beds.value is not None:
            taken.fields[str(use.field)] = beds.value
        elif said.value is not None:
            taken.fields[str(use.field)] = said.value
        elif said.reason:
            self._complain(taken, use.name, cell, said.reason)

    def _kind(self, taken: TakenRow, use: ColumnUse, cell: Cell) -> None:
        text = clean_text(cell)
        if not text:
            return
        guess = parse_kind(text)
        if guess.sure:
            taken.fields["kind"] = guess.kind
            taken.fields.setdefault("category", text)
            if guess.how != "exact":
                taken.corrections.append(
                    f"{use.name}: {text!r} → {guess.kind}（{guess.alias}，{guess.score}）"
                )
            return
        taken.fields.setdefault("category", text)

    def _kind_of(self, taken: TakenRow) -> None:
        """A row whose column says no kind takes it from its name, or from the caller."""
        if "kind" in taken.fields:
            return
        guess = parse_kind(str(taken.fields.get("name", "")))
        if guess.sure:
            taken.fields["kind"] = guess.kind
            taken.corrections.append(
                f"类型由名称得出：{guess.kind}（{guess.alias}，{guess.score}） · kind by its name"
            )
        elif self.kind:
            taken.fields["kind"] = self.kind
        elif taken.fields.get("name"):
            said = taken.fields.get("category")
            listed = "、".join(k.zh for k in list(KINDS.values())[:3])
            self._complain(
                taken,
                "kind",
                str(said) if said else None,
                f"类型不明（如{listed}…） · neither a column nor the name says the kind",
            )
