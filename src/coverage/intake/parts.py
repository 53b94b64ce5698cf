"""Sheets and layers as the report of an import shows them, without what is personal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coverage.intake.outcomes import Part, Row, RowOutcome, Use, bilingual
from coverage.kinds import KINDS
from coverage.lists.columns import How, Understanding, understand
from coverage.lists.personal import redact
from coverage.lists.rows import DATA
from coverage.lists.sheets import RawRow, RawSheet, Role
from coverage.lists.spec import FACILITIES
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from coverage.formats.layers import Layer
    from coverage.places.detect import Detection

_HOWS: dict[How, Said] = {
    "mapping": Said("指定", "mapping"),
    "geometry": Said("几何", "geometry"),
    "exact": Said("同名", "exact"),
    "normalised": Said("写法不同", "normalised"),
    "fuzzy": Said("相近", "fuzzy"),
    "content": Said("按内容", "content"),
    "left out": Said("未用", "left out"),
    "personal": Said("个人信息", "personal"),
}
_ASIDE = frozenset({"说明", "词表", "人口"})  # sheets of the template that list no facility


def part_of(
    sheet: RawSheet,
    uses: Iterable[Use] = (),
    said: Iterable[Said] = (),
    understanding: Understanding | None = None,
) -> Part:
    """A sheet as a report shows it, its personal columns known by their names and cells.

    Args:
        sheet: As read.
        uses: How the importer understood its columns.
        said: What else is to be known of it.
        understanding: Of its columns, where the importer has asked already.
    """
    known = understanding or understand(sheet)
    personal = [use for use in known.columns if use.how == "personal"]
    told = list(said)
    if sheet.encoding:
        told.insert(0, Said(f"编码 {sheet.encoding}", f"encoding {sheet.encoding}"))
    if personal:
        zh, en = "、".join(u.name for u in personal), ", ".join(u.name for u in personal)
        told.append(Said(f"略去个人信息列 {zh}", f"personal columns left out: {en}"))
    return Part(
        sheet.file,
        sheet.sheet,
        tuple(sheet.columns),
        tuple(uses),
        tuple(told),
        frozenset(use.index for use in personal),
    )


def layer_sheet(layer: Layer) -> RawSheet:
    """The attributes of a layer as a sheet, one row a feature counted from 1."""
    columns = tuple(layer.columns)
    cells = zip(*layer.columns.values(), strict=True) if columns else ((),) * len(layer)
    rows = tuple(RawRow(i, tuple(row), "data") for i, row in enumerate(cells, start=1))
    return RawSheet(layer.file, layer.name, columns, rows)


def uses_of(columns: Sequence[str], meanings: Mapping[str, Said | str]) -> list[Use]:
    """Every column with what an importer that goes by names takes it for."""
    return [Use(name, bilingual(meanings.get(name, ""))) for name in columns if name]


@dataclass
class FacilitySheet:
    """One sheet of lists of facilities, and how it was understood.

    Attributes:
        raw: As read.
        understanding: Of its columns.
        number: Index among the sheets of the import.
        datum: Datum of its degrees, if it is known.
        detection: How that was found, `None` where it was stated.
    """

    raw: RawSheet
    understanding: Understanding
    number: int
    datum: str | None = None
    detection: Detection | None = None

    @property
    def aside(self) -> bool:
        """Whether its rows are told and never imported: guides, lists, what a book hides."""
        return self.raw.hidden or self.raw.sheet in _ASIDE

    @property
    def part(self) -> Part:
        """The sheet as the report shows it."""
        said = list(self.raw.notes)
        if self.raw.hidden:
            said.append(Said("隐藏的工作表，未导入", "a hidden sheet: not imported"))
        found = self.detection
        if found is not None:
            zh = f"（把握 {found.confidence:.0%}：{found.reason.zh}）"
            en = f" ({found.confidence:.0%} sure: {found.reason.en})"
            lost = Said(
                "坐标系无法判定，坐标未采用，请用 --datum 写明",
                "the datum cannot be told and coordinates were not used: state it with --datum",
            )
            told = Said(f"坐标系 {self.datum}", f"datum {self.datum}") if self.datum else lost
            said.append(told.then(Said(zh, en)))
        elif self.datum:
            said.append(Said(f"坐标系 {self.datum}（已注明）", f"datum {self.datum}, as is stated"))
        uses = [
            Use(u.name, _meaning(u.field or ""), _HOWS[u.how], u.score, u.reason)
            for u in self.understanding.columns
        ]
        return part_of(self.raw, uses, said, self.understanding)


def _meaning(field: str) -> Said:
    """A field in both languages; a column of one service or one kind by the name of that."""
    head, _, tail = field.partition(":")
    if tail:
        kind = KINDS.get(tail)
        return Said(kind.zh, kind.en) if kind else Said(f"服务 {tail}", f"service {tail}")
    known = FACILITIES.fields.get(head)
    return known.said if known else Said(head, head)


def other_row(sheet: RawSheet, row: RawRow, part: int, role: Role | None = None) -> RowOutcome:
    """A row that is no data: a title, the header, a blank, a total or a note."""
    outcome = role or row.role
    return RowOutcome(row.number, sheet.sheet, "", "", outcome, cells=row.cells, part=part)  # type: ignore[arg-type]


def shown_cells(row: Row, part: Part) -> list[Any]:
    """A row's original cells without what belongs to a person.

    A report is sent round more freely than the list it is made from: personal columns stay
    empty in it, and ID and mobile numbers anywhere are masked.
    """
    data = row.outcome in DATA
    return [
        None if data and index in part.personal else _masked(cell)
        for index, cell in enumerate(row.cells)
    ]


def _masked(cell: Any) -> Any:
    if cell is None:
        return None
    whole = isinstance(cell, float) and cell.is_integer()
    shown, found = redact(f"{cell:.0f}" if whole else str(cell))
    return shown if found else cell
