"""How each column of a sheet is understood, and how sure that is.

In this order: the user's mapping, the name as written, the name in normal
form, the parts of a name of several rows, a name that ends in or nearly is a
known one, and at last what the cells hold. What belongs to persons is left
out before anything else is asked, unless the user wants it kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from coverage.errors import InputError, Problem
from coverage.formats.toml import load_toml
from coverage.kinds import ALIASES, KINDS, SERVICES
from coverage.lists.aliases import (
    FIELDS,
    exact_names,
    is_personal_name,
    normal,
    normal_names,
    unbracketed,
)
from coverage.lists.personal import is_credit_code, personal_share
from coverage.messages import Said
from coverage.nearest import alike

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from coverage.formats.grids import Cell
    from coverage.lists.sheets import RawSheet

How: TypeAlias = Literal[
    "mapping", "geometry", "exact", "normalised", "fuzzy", "content", "left out", "personal"
]
_RANK = {
    how: rank
    for rank, how in enumerate(
        ("mapping", "geometry", "exact", "normalised", "fuzzy", "content", "personal", "left out")
    )
}
_SAMPLE = 400


@dataclass(frozen=True)
class ColumnUse:
    """What one column is taken for.

    Attributes:
        index: Place in the row, from 0.
        name: As written.
        field: One of `coverage.lists.aliases.FIELDS`, ``service:<name>`` for a column that
            says yes or no to one service, ``kind:<id>`` for one that counts or ticks a kind
            (only in a sheet without names), or `None`.
        how: How that was found.
        score: 1 for a name that is known, less for a likeness.
        reason: Why, in one sentence.
    """

    index: int
    name: str
    field: str | None
    how: How
    score: float
    reason: str


@dataclass(frozen=True)
class Understanding:
    """Every column of a sheet, in order."""

    file: str
    sheet: str
    columns: tuple[ColumnUse, ...]

    def of(self, field: str) -> ColumnUse | None:
        """The column that means `field`."""
        return next((c for c in self.columns if c.field == field), None)

    @property
    def personal(self) -> tuple[str, ...]:
        """Names of columns left out because they belong to persons."""
        return tuple(c.name for c in self.columns if c.how == "personal")

    @property
    def left_out(self) -> tuple[str, ...]:
        """Names of columns not understood, or not needed."""
        return tuple(c.name for c in self.columns if c.how == "left out")

    @property
    def fields(self) -> dict[str, str]:
        """Field of every column that has one, by the column's name."""
        return {c.name: c.field for c in self.columns if c.field}


def read_mapping(path: Path) -> dict[str, str]:
    """A mapping file: TOML with ``"name of column" = "field"``, at the top or under [columns].

    An empty field leaves the column out.

    Raises:
        InputError: If it is no TOML, or a field is not known.
    """
    content, _ = load_toml(path)
    table = content.get("columns", content)
    if not isinstance(table, dict):
        raise InputError(Problem(Said("[columns] 应为表", "[columns] must be a table"), path.name))
    problems = [
        Problem(
            Said(
                f"没有字段 {field!r}",
                f"no such field; choose from {', '.join(FIELDS)}, service:…, kind:…",
            ),
            path.name,
            column=name,
        )
        for name, field in table.items()
        if not _is_field(field)
    ]
    if problems:
        raise InputError(problems)
    return {str(name): str(field) for name, field in table.items()}


def _is_field(field: object) -> bool:
    if not isinstance(field, str):
        return False
    head, _, tail = field.partition(":")
    if tail:
        return (head == "service" and tail in SERVICES) or (head == "kind" and tail in KINDS)
    return field == "" or field in FIELDS


def understand(
    sheet: RawSheet,
    *,
    mapping: Mapping[str, str] | None = None,
    keep_personal: bool = False,
) -> Understanding:
    """What every column of `sheet` means.

    Args:
        sheet: As read.
        mapping: Field by column name, stronger than everything else.
        keep_personal: Keep columns that belong to persons (as columns without a field).
    """
    named = {normal(name): field for name, field in (mapping or {}).items()}
    uses = [
        _one(sheet, index, name, named, keep_personal=keep_personal)
        for index, name in enumerate(sheet.columns)
    ]
    uses = _wide_kinds(uses)
    uses = _planes(sheet, uses)
    return Understanding(sheet.file, sheet.sheet, tuple(_one_each(sheet, uses)))


def _one(
    sheet: RawSheet, index: int, name: str, named: Mapping[str, str], *, keep_personal: bool
) -> ColumnUse:
    def use(field: str | None, how: How, score: float, reason: str) -> ColumnUse:
        return ColumnUse(index, name, field, how, round(score, 2), reason)

    if normal(name) in named and normal(name):
        stated = named[normal(name)]
        reason = "按对照文件 · by the mapping file"
        return use(stated or None, "mapping" if stated else "left out", 1.0, reason)
    if sheet.geometry and index in sheet.geometry:
        return use(
            name.rpartition("/")[2], "geometry", 1.0, "由几何得出 · made from the geometries"
        )
    sample = list(sheet.values(index, _SAMPLE))
    field, how, score, reason = _by_name(name)
    share, what = personal_share(sample)
    by_content = share >= 1 / 3 and field != "credit_code"
    if by_content or (field is None and is_personal_name(name)):
        why = (
            f"{share:.0%} 的单元格是{'身份证号' if what == 'id' else '手机号'} · "
            f"cells hold {'ID numbers' if what == 'id' else 'mobile numbers'}"
            if by_content
            else "列名指个人信息 · its name says it belongs to persons"
        )
        return use(None, "left out" if keep_personal else "personal", 1.0, why)
    if field is not None:
        return use(field, how, score, reason) if field else _spare(index, name)
    field, score, reason = _by_content(sample)
    if field:
        return use(field, "content", score, reason)
    blank = not sample and not name
    return use(None, "left out", 0.0, "空列 · empty" if blank else "未能识别 · not understood")


def _spare(index: int, name: str) -> ColumnUse:
    return ColumnUse(index, name, None, "left out", 1.0, "不需要的列 · not needed")


def _by_name(name: str) -> tuple[str | None, How, float, str]:
    """Field by name; an empty field is a column known not to be needed."""
    names = exact_names()
    known = "列名已知 · the name is known"
    if name.strip() in names:
        return names[name.strip()], "exact", 1.0, known
    if is_personal_name(name):
        return None, "left out", 0.0, ""
    forms = _forms(name)
    table = normal_names()
    for form in forms:
        if form in table:
            return table[form], "normalised", 1.0, known
    return _fuzzy(forms)


def _forms(name: str) -> list[str]:
    """Normal forms to try: of the whole, without brackets, of a header of several rows."""
    forms = [normal(name), unbracketed(name)]
    parts = [part for part in name.split("/") if part.strip()]
    if len(parts) > 1:
        child, parents = unbracketed(parts[-1]), [unbracketed(p) for p in parts[:-1]]
        for parent in reversed(parents):
            forms += [child + parent, parent + child]
        forms.append(child)
        if child in _UNITS:
            forms += list(reversed(parents))
    return [form for form in dict.fromkeys(forms) if form]


_UNITS = {"张", "个", "平方米", "m2", "人", "度", "年月日", "年月", "是否", "有无", "数量"}


# Words that make another thing of a known name: beds taken, land area, the operator's name.
_OTHER_THING = re.compile(
    "入住|空余|空置|剩余|占用|家庭|占地|上级|主管|人均|每|新增|收费|价格|产权|土地|曾用|原名|运营单位|运营主体"
    "|主办|举办|登记机关|评估|发证|委托|拟|occupied|vacant|former|operator|per"
)


def _fuzzy(forms: list[str]) -> tuple[str | None, How, float, str]:
    """A name whose end is a known one, or that differs from one by a slip of a character."""
    table = normal_names()
    best: tuple[float, str] = (0.0, "")
    if any(_OTHER_THING.search(form) for form in forms):
        return None, "left out", 0.0, ""
    for form in forms:
        known = [alias for alias in table if len(alias) >= 2 and table[alias]]
        ends = [alias for alias in known if len(alias) >= 3 and form.endswith(alias)]
        best = max([best, *((0.55 + 0.4 * len(alias) / len(form), alias) for alias in ends)])
        if len(form) >= 4:
            others = [
                alias
                for alias in known
                if len(alias) >= 4 and alias.isascii() == form.isascii() and alias not in ends
            ]
            best = max([best, *alike(form, others, 0.75)])
    score, alias = best
    if score < 0.65:
        return None, "left out", 0.0, ""
    return table[alias], "fuzzy", min(score, 0.95), f"与“{alias}”相近 · its name is like it"


_PAIR = re.compile(r"[(（\[]?\s*\d{1,3}\.\d+\s*°?\s*[,，;；/ \s]+\s*\d{1,3}\.\d+\s*°?\s*[)）\]]?")
_FACILITY = ("院", "中心", "站", "点", "饭堂", "食堂", "陵园", "公墓", "馆", "楼", "超市", "驿站")


def _degrees(cell: Cell) -> float | None:
    try:
        value = float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return value if value != int(value or 0) else None


def _finite_degrees(cells: list[Cell]) -> list[float]:
    values = []
    for cell in cells:
        try:
            value = _degrees(cell)
        except (OverflowError, ValueError):  # infinity and NaN have no whole part
            value = None
        if value is not None:
            values.append(value)
    return values


def _by_content(sample: list[Cell]) -> tuple[str | None, float, str]:
    """Field by what the cells hold: only what can hardly be anything else."""
    if len(sample) < 2:
        return None, 0.0, ""
    texts = [cell.strip() for cell in sample if isinstance(cell, str)]
    pairs = sum(1 for t in texts if _PAIR.fullmatch(t)) / len(sample)
    if pairs >= 0.8:
        return "coordinates", 0.8 * pairs, "内容像坐标对 · cells look like pairs of degrees"
    credit = sum(1 for t in texts if is_credit_code(t)) / len(sample)
    if credit >= 0.8:
        return "credit_code", 0.95 * credit, "内容是信用代码 · cells are credit codes"
    axis = _axis(_finite_degrees(sample), len(sample))
    if axis:
        return axis
    return _by_words(texts, len(sample))


def _axis(degrees: list[float], count: int) -> tuple[str, float, str] | None:
    """Longitude or latitude by the range of numbers with decimals."""
    if len(degrees) < 0.8 * count:
        return None
    if all(73 < d < 136 for d in degrees):
        return "lon", 0.7, "内容像经度 · cells look like degrees of longitude"
    if all(15 < d < 54 for d in degrees):
        return "lat", 0.6, "内容像纬度 · cells look like degrees of latitude"
    return None


def _by_words(texts: list[str], count: int) -> tuple[str | None, float, str]:
    """Kinds and names of facilities, which end in words of a short list."""
    kinds = sum(1 for t in texts if t in ALIASES) / count
    if kinds >= 0.6:
        return "kind", 0.8 * kinds, "内容是设施类型 · cells name kinds"
    named = sum(1 for t in texts if len(t) >= 5 and t.endswith(_FACILITY)) / count
    if named >= 0.7 and len(set(texts)) > 0.5 * len(texts):
        return "name", 0.7 * named, "内容像机构名称 · cells look like names of facilities"
    return None, 0.0, ""


def _wide_kinds(uses: list[ColumnUse]) -> list[ColumnUse]:
    """In a sheet without names, columns named after a kind say "has" or count it.

    A lone column that is like both, such as 养老服务机构, holds names.
    """
    if any(u.field == "name" and u.how != "fuzzy" for u in uses):
        return uses
    kinds = {
        u.index: kind
        for u in uses
        if u.how in {"left out", "fuzzy"}
        and (kind := next((ALIASES[n] for n in _kind_names(u.name) if n in ALIASES), None))
    }
    names = any(u.field == "name" and u.index not in kinds for u in uses)
    if names or (len(kinds) == 1 and any(u.field == "name" for u in uses)):
        return uses
    reason = "列名是设施类型 · the column is named after a kind"
    return [
        replace(u, field=f"kind:{kinds[u.index]}", how="exact", score=1.0, reason=reason)
        if u.index in kinds
        else u
        for u in uses
    ]


def _kind_names(name: str) -> list[str]:
    return [name.strip(), unbracketed(name), unbracketed(name.rpartition("/")[2])]


def _planes(sheet: RawSheet, uses: list[ColumnUse]) -> list[ColumnUse]:
    """Columns named x and y that hold degrees are longitude and latitude, and the other way."""
    degree = {"x": "lon", "y": "lat"}
    plane = {"lon": "x", "lat": "y"}
    found = []
    for use in uses:
        if use.how in {"mapping", "geometry"} or use.field not in {"x", "y", "lon", "lat"}:
            found.append(use)
            continue
        numbers = [n for n in map(_number, sheet.values(use.index, _SAMPLE)) if n is not None]
        large = sum(1 for n in numbers if abs(n) > 1000)
        if use.field in degree and not large:
            reason = f"{use.reason}；内容是度 · cells hold degrees"
            found.append(replace(use, field=degree[use.field], reason=reason))
        elif use.field in plane and numbers and large > len(numbers) / 2:
            reason = f"{use.reason}；内容是米 · cells hold metres"
            found.append(replace(use, field=plane[use.field], reason=reason))
        else:
            found.append(use)
    return found


def _number(cell: Cell) -> float | None:
    try:
        return float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None


def _one_each(sheet: RawSheet, uses: list[ColumnUse]) -> list[ColumnUse]:
    """Of two columns for one field the surer, then the fuller, then the first is taken."""
    best: dict[str, tuple[tuple[int, float, int, int], ColumnUse]] = {}
    for use in uses:
        if use.field:
            filled = sum(1 for _ in sheet.values(use.index, _SAMPLE))
            key = (_RANK[use.how], -use.score, -filled, use.index)
            if use.field not in best or key < best[use.field][0]:
                best[use.field] = (key, use)
    found = []
    for use in uses:
        if use.field and best[use.field][1] is not use:
            other = best[use.field][1].name or f"#{best[use.field][1].index + 1}"
            reason = f"“{other}”已作 {use.field} · another column is taken for it"
            found.append(replace(use, field=None, how="left out", reason=reason))
        else:
            found.append(use)
    return found
