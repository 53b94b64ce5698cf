"""Rows of lists: what each says by its columns, and all that is found of it on its way."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from coverage.kinds import KINDS, STATUSES, TOLD
from coverage.lists.personal import redact
from coverage.lists.values import (
    Parsed,
    clean_text,
    parse_area,
    parse_beds,
    parse_bool,
    parse_date,
    parse_land,
    parse_places,
)
from coverage.lists.words import (
    Remark,
    parse_grade,
    parse_kind,
    parse_ownership,
    parse_services,
    parse_status,
    parse_tier,
    remarked_status,
)
from coverage.messages import Said
from coverage.text import unseen

if TYPE_CHECKING:
    from collections.abc import Callable

    from coverage.formats.grids import Cell
    from coverage.lists.columns import ColumnUse, Understanding
    from coverage.lists.sheets import RawRow, RawSheet, Role

    _Step: TypeAlias = Callable[["Row", ColumnUse, Cell, str], None]

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
_PARSERS: dict[str, Callable[[Cell, str], Parsed[Any]]] = {
    "beds": lambda cell, _: parse_beds(cell),
    "nursing_beds": lambda cell, _: parse_beds(cell),
    "floor_area": lambda cell, _: parse_area(cell),
    "land_area": parse_land,
    **dict.fromkeys(
        ("capacity_total", "capacity_used", "capacity_left"), lambda cell, _: parse_places(cell)
    ),
    **dict.fromkeys(("opened", "closed", "since"), lambda cell, _: parse_date(cell)),
    "status": lambda cell, _: parse_status(cell),
    "tier": lambda cell, _: parse_tier(cell),
    "ownership": parse_ownership,
    "grade": parse_grade,
}
_ABOVE = frozenset(("city", "county", "township", "village", "unit_code"))
_DAY = re.compile(r"\d{4}\s*[-/.年]\s*(?:\d{1,2}\s*[-/.月]\s*(?:\d{1,2}\s*日?)?|[初底末])?")
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
class Row:
    """One row of a list from its cells to its outcome, with one list of all that is found of it.

    A reader makes it, every stage of an import fills in its own part and adds to `findings`,
    and the report shows it: nothing repacks it. What a kind of row needs besides stands in a
    subclass.

    Attributes:
        of: The sheet it stands on.
        raw: As read, with its original cells.
        part: Index of its sheet among the report's `parts`.
        role: ``data``, or what the row is instead.
        values: Value by field; coordinates are the original cells, ``services`` a tuple.
        findings: All that is found of it, stage by stage.
    """

    of: RawSheet
    raw: RawRow
    part: int = 0
    role: Role = "data"
    values: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def reject(self, *reasons: Said) -> None:
        """Why the row cannot be used."""
        self.findings += [Finding("", "reason", said) for said in reasons]

    def correct(self, *changes: Said) -> None:
        """What was changed, or understood, on the way."""
        self.findings += [Finding("", "correction", said) for said in changes]

    def check(self, id_: str, said: Said, units: tuple[str, ...] = ()) -> None:
        """What the planner should look at; the row is taken all the same."""
        self.findings.append(Finding(id_, "warning", said, units))

    def _told(self, weight: Weight) -> tuple[Said, ...]:
        return tuple(f.said for f in self.findings if f.weight == weight)

    @property
    def is_data(self) -> bool:
        """Whether the row is one of data, whatever becomes of it."""
        return self.role == "data"

    @property
    def accepted(self) -> bool:
        """Whether it is taken, corrected or not."""
        return self.is_data and not any(f.weight == "reason" for f in self.findings)

    @property
    def outcome(self) -> Outcome:
        """Accepted, corrected (and accepted) or rejected; or what the row is instead."""
        if self.role != "data":
            return self.role
        weights = {f.weight for f in self.findings}
        rejected = "reason" in weights
        return "rejected" if rejected else "corrected" if "correction" in weights else "accepted"

    @property
    def reasons(self) -> tuple[Said, ...]:
        """Why it is rejected."""
        return self._told("reason")

    @property
    def corrections(self) -> tuple[Said, ...]:
        """What was changed on the way."""
        return self._told("correction")

    @property
    def said(self) -> tuple[Said, ...]:
        """How it was corrected or why it was rejected."""
        return self.reasons + self.corrections

    @property
    def checks(self) -> tuple[Said, ...]:
        """What the user should look at."""
        return self._told("warning")

    @property
    def row(self) -> int:
        """As the user's own program numbers it; features are counted from 1."""
        return self.raw.number

    @property
    def sheet(self) -> str:
        """Worksheet or layer, empty where there is one only."""
        return self.of.sheet

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Its original cells."""
        return self.raw.cells

    @property
    def name(self) -> str:
        """What the row is called."""
        return str(self.values.get("name") or "")

    @property
    def unit_code(self) -> str:
        """Code of the unit it was taken for, empty where none was found."""
        return str(self.values.get("unit_code") or "")

    @property
    def became(self) -> tuple[object, ...]:
        """What it was understood as, one cell for each of the report's `heads`."""
        return ()


R = TypeVar("R", bound=Row)


def take_rows(
    sheet: RawSheet,
    understanding: Understanding,
    make: Callable[[RawSheet, RawRow, int, Role], R],
    *,
    part: int = 0,
    kind: str | None = None,
    keep_personal: bool = False,
) -> list[R]:
    """The rows of a list of facilities, in order, with what each says by itself.

    This is the first of two judgements: places, duplicates and comparisons come after it.

    Args:
        sheet: As read.
        understanding: Of its columns.
        make: The class of row.
        part: Index of the sheet among those of the import.
        kind: Kind of every facility whose row says none.
        keep_personal: Leave ID and mobile numbers inside other cells as they are.
    """
    taker = _Taker(understanding, kind, keep_personal=keep_personal)
    rows = [make(sheet, raw, part, raw.role) for raw in sheet.rows]
    for row in rows:
        if row.is_data:
            taker.take(row)
    return rows


class _Taker:
    """Parsers of the columns of one sheet, looked up once."""

    def __init__(
        self, understanding: Understanding, kind: str | None, *, keep_personal: bool
    ) -> None:
        self.kind, self.keep_personal = kind, keep_personal
        uses = [use for use in understanding.columns if use.field]
        self.wide = any((use.field or "").startswith("kind:") for use in uses)
        self.named = any(use.field == "name" for use in uses)
        self.steps = [(use, *self._step(use)) for use in uses]

    def _step(self, use: ColumnUse) -> tuple[_Step, str]:
        """How a column's cells are taken, and the field or the service that it is of."""
        head, _, tail = (use.field or "").partition(":")
        if tail:
            return (self._service, tail) if head == "service" else (self._wide, str(use.field))
        if head in _PARSERS:
            return self._parsed, head
        own: dict[str, _Step] = {
            **dict.fromkeys(("lon", "lat", "x", "y", "coordinates"), self._as_it_is),
            "services": self._services,
            "kind": self._kind,
            "unit_code": self._code,
        }
        return own.get(head, self._text), head

    def take(self, row: Row) -> None:
        """Judge one row of data."""
        cells = row.cells
        width = len(cells)
        for use, step, name in self.steps:
            if use.index < width and (cell := cells[use.index]) is not None:
                step(row, use, cell, name)
        if self.named and not row.values.get("name"):
            row.reject(Said("没有名称", "the row has no name"))
        _tell_taken(row)
        # A change of a facility need not say again of which kind it is.
        if not self.wide and "kind" not in row.values and "since" not in row.values:
            if not self.named and _ABOVE.issuperset(row.values):
                only = Said("除所在单元外没有内容，不是设施", "nothing but a unit: no facility")
                row.reject(only)
            else:
                self._kind_of(row)
        _tell_kind(row)
        note = str(row.values.get("note") or "")
        _question_status(row, remarked_status(note) if note else None, note)

    def _parsed(self, row: Row, use: ColumnUse, cell: Cell, name: str) -> None:
        read = _PARSERS[name](cell, use.name)
        if name == "closed" and read.reason and isinstance(cell, str):
            read = self._day_in(cell) or read
        elif name == "opened" and read.reason and isinstance(cell, str):
            read = self._status_for_day(row, cell) or read
        _say(row, use, read)
        if read.value is not None:
            row.values[name] = read.value

    @staticmethod
    def _day_in(cell: str) -> Parsed[Any] | None:
        """已于2024年3月注销 where a day belongs: the day in it."""
        day = _DAY.search(cell)
        found = parse_date(day[0]) if day else None
        if found is None or found.value is None:
            return None
        return Parsed(found.value, Said(f"“{cell}”读作 {found.value}", f"read as {found.value}"))

    @staticmethod
    def _status_for_day(row: Row, cell: str) -> Parsed[Any] | None:
        """在建（预计2025年底） where a day belongs: a status, and perhaps a day in it."""
        mentioned = remarked_status(cell)
        if mentioned is None:
            return None
        _question_status(row, mentioned._replace(plain=True), cell)
        day = _DAY.search(cell)
        return Parsed(parse_date(day[0]).value if day else None)

    def _text(self, row: Row, use: ColumnUse, cell: Cell, name: str) -> None:
        text = clean_text(cell)
        if isinstance(cell, str) and unseen(cell):
            en = "invisible characters or markup were taken out"
            row.correct(_in(use, Said("去掉不可见字符或网页标记", en)))
        if text.count('"') == 1 and '"' in (text[0], text[-1]):
            text = text.strip('"').strip()
            row.correct(_in(use, Said("去掉不成对的引号", "a lone quote was taken off")))
        if name == "name" and (joined := _BLANK.sub("", text)) != text:
            # Line breaks and typists leave blanks between the characters of a name.
            text = joined
            row.correct(_in(use, Said("去掉字间空格", "blanks were taken out")))
        if not self.keep_personal and name not in {"name", "credit_code", "id"}:
            text, hidden = redact(text)
            if hidden:
                zh, en = f"隐去 {hidden} 个证件号或手机号", "personal numbers were masked"
                row.correct(_in(use, Said(zh, en)))
        if text:
            row.values[name] = text

    def _as_it_is(self, row: Row, _: ColumnUse, cell: Cell, name: str) -> None:
        """The next stage reads these cells itself."""
        if not isinstance(cell, str) or cell.strip():
            row.values[name] = cell

    def _code(self, row: Row, _: ColumnUse, cell: Cell, name: str) -> None:
        text = clean_text(cell)
        if text:
            row.values[name] = text

    def _services(self, row: Row, _: ColumnUse, cell: Cell, name: str) -> None:  # noqa: ARG002
        found = parse_services(cell)
        _add_services(row, found.known + found.unknown)

    def _service(self, row: Row, use: ColumnUse, cell: Cell, name: str) -> None:
        read = parse_bool(cell)
        _say(row, use, read)
        if read.value:
            _add_services(row, (name,))

    def _wide(self, row: Row, use: ColumnUse, cell: Cell, name: str) -> None:
        """A cell of a ledger of townships by kinds: has, has not, or how many."""
        beds, read = parse_beds(cell), parse_bool(cell)
        if beds.value is not None:
            row.values[name] = beds.value
        elif read.value is not None:
            row.values[name] = read.value
        elif read.reason:
            _say(row, use, read)

    def _kind(self, row: Row, use: ColumnUse, cell: Cell, name: str) -> None:
        text = clean_text(cell)
        if not text:
            return
        guess = parse_kind(text)
        row.values.setdefault("category", text)
        if guess.sure:
            row.values[name] = guess.kind
            if guess.how != "exact":
                row.correct(_read_as(use, text, guess.said))

    def _kind_of(self, row: Row) -> None:
        """A row whose column says no kind takes it from its name, or from the caller."""
        guess = parse_kind(row.name)
        if guess.sure:
            row.values["kind"] = guess.kind
            row.correct(Said("类型由名称得出：", "kind by its name: ").then(guess.said))
        elif self.kind:
            row.values["kind"] = self.kind
        elif row.name:
            listed = "、".join(k.zh for k in list(KINDS.values())[:3])
            zh = f"类型不明（如{listed}…），可用 --kind 写明"
            row.reject(
                Said(zh, "neither a column nor the name says the kind: state it with --kind")
            )


def _tell_taken(row: Row) -> None:
    """Graves taken, where a list says how many there are and how many are left."""
    total, left = (row.values.get(f"capacity_{name}") for name in ("total", "left"))
    if total is None or left is None or "capacity_used" in row.values or left > total:
        return
    row.values["capacity_used"] = total - left
    zh, en = f"已用 {total - left:,} = 总数 {total:,} - 剩余 {left:,}", f"{total} less {left} left"
    row.correct(Said(zh, f"taken: {en}"))


def _tell_kind(row: Row) -> None:
    """A kind that does not say all, by other words of its row: 公墓 that is 经营性."""
    told = TOLD.get(str(row.values.get("kind")), {})
    said = " ".join(str(row.values.get(f) or "") for f in ("ownership", "category", "name", "note"))
    kinds = {kind for word, kind in told.items() if word in said and f"非{word}" not in said}
    if len(kinds) == 1:
        kind = row.values["kind"] = kinds.pop()
        zh, en = KINDS[kind].zh, KINDS[kind].en
        row.correct(Said(f"按性质归为{zh}", f"by its ownership: {en}"))


def _question_status(row: Row, mentioned: Remark | None, text: str) -> None:
    """Set the status that a remark says plainly, where none is stated; else ask about it."""
    if mentioned is None or row.values.get("status", "open") != "open":
        return
    status = STATUSES[mentioned.status]
    taken = mentioned.plain and "status" not in row.values
    if taken:
        row.values["status"] = mentioned.status
    done = Said(f"，按{status}", f": taken as {status}") if taken else Said("", "")
    zh, en = f"“{text}”提到“{mentioned.word}”", f"“{text}” mentions “{mentioned.word}”"
    ask = Said("，请核对状态", ", check its status")
    row.check("status.remark", Said(zh, en).then(done).then(ask))


@lru_cache(maxsize=1_024)
def _read_as(use: ColumnUse, text: str, said: Said) -> Said:
    """What a cell was read as; the same object for the many rows that say the same."""
    return _in(use, Said(f"{text!r} → ", f"{text!r} → ").then(said))


def _in(use: ColumnUse, said: Said) -> Said:
    return Said(f"{use.name}：{said.zh}", f"{use.name}: {said.en}")


def _say(row: Row, use: ColumnUse, read: Parsed[Any]) -> None:
    """What a parser says of a cell."""
    if read.reason:
        row.reject(read.reason)
    elif read.changed:
        row.correct(_in(use, read.changed))


def _add_services(row: Row, names: tuple[str, ...]) -> None:
    if names:
        row.values["services"] = tuple(dict.fromkeys((*row.values.get("services", ()), *names)))
