"""How each column of a sheet is understood, and how sure that is.

In this order: the user's mapping, the name as written, the name in normal
form, the parts of a name of several rows, a name that ends in or nearly is a
known one, and at last what the cells hold. What belongs to persons is left
out before anything else is asked, unless the user wants it kept.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from coverage.errors import InputError, Problem
from coverage.formats.toml import load_toml
from coverage.kinds import ALIASES, KINDS, SERVICES
from coverage.lists.personal import is_credit_code, personal_share
from coverage.lists.spec import FACILITIES, is_personal_name, normal, unbracketed
from coverage.lists.words import parse_tier
from coverage.messages import Said
from coverage.nearest import alike
from coverage.places.detect import datum_named
from coverage.places.names import suffix_level

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
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
        field: A field of `coverage.lists.spec.FACILITIES`, ``service:<name>`` for a column that
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
    reason: Said


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
    listed = ", ".join(FACILITIES.fields)
    problems = [
        Problem(
            Said(
                f"没有字段 {field!r}，可用：{listed}、service:…、kind:…",
                f"no such field; choose from {listed}, service:…, kind:…",
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
    return field == "" or field in FACILITIES.fields


def understand(
    sheet: RawSheet,
    *,
    mapping: Mapping[str, str] | None = None,
    agreed: Mapping[str, str] | None = None,
    keep_personal: bool = False,
) -> Understanding:
    """What every column of `sheet` means in a list of facilities.

    Args:
        sheet: As read.
        mapping: Field by column name, stronger than everything else.
        agreed: Field by column name in normal form, where the cells of another sheet tell.
        keep_personal: Keep columns that belong to persons (as columns without a field).
    """
    named = {normal(name): field for name, field in (mapping or {}).items() if normal(name)}
    uses = []
    for index, name in enumerate(sheet.columns):
        guess = _guess(sheet, index, name, named, keep_personal=keep_personal)
        if guess is _UNKNOWN and agreed and normal(name) in agreed:
            guess = (agreed[normal(name)], "content", 0.6, _AS_ELSEWHERE)
        uses.append(ColumnUse(index, name, *guess))
    _name_kinds(uses)
    _no_numbers(sheet, uses)
    _levels(uses)
    _name_planes(sheet, uses)
    _no_status(sheet, uses)
    _no_tier(sheet, uses)
    _no_since(sheet, uses)
    _one_each(sheet, uses)
    return Understanding(sheet.file, sheet.sheet, tuple(uses))


# Field, how it was found, how sure that is, and why.
_Guess: TypeAlias = tuple[str | None, How, float, Said]
_KNOWN = Said("列名已知", "the name is known")
NO_STATUS = Said("每行数值相同，不是运营状态", "one number in every row is no status")
_AS_ELSEWHERE = Said("同名列在别的表中如此", "as in another sheet")
_BY_PARTS = Said("按列名的组成部分", "by the parts of its name")
_UNKNOWN: _Guess = (None, "left out", 0.0, Said("未能识别", "not understood"))


def _guess(
    sheet: RawSheet, index: int, name: str, named: Mapping[str, str], *, keep_personal: bool
) -> _Guess:
    stated = named.get(normal(name))
    if stated is not None:
        reason = Said("按对照文件", "by the mapping file")
        return stated or None, "mapping" if stated else "left out", 1.0, reason
    if sheet.geometry and index in sheet.geometry:
        reason = Said("由几何得出", "made from the geometries")
        return name.rpartition("/")[2], "geometry", 1.0, reason
    sample = list(sheet.values(index, _SAMPLE))
    guess = _by_name(name)
    share, what = personal_share(sample)
    private = None
    if share >= 1 / 3 and guess[0] != "credit_code":
        zh, en = ("身份证号", "ID numbers") if what == "id" else ("手机号", "mobile numbers")
        private = Said(f"{share:.0%} 的单元格是{zh}", f"{share:.0%} of the cells hold {en}")
    elif guess[0] is None and is_personal_name(name):
        private = Said("列名指个人信息", "its name says it belongs to persons")
    if private:
        return None, "left out" if keep_personal else "personal", 1.0, private
    if guess[0] == "":
        return None, "left out", 1.0, Said("不需要的列", "not needed")
    if guess[0] is None:
        guess = _by_content(sample)
    if guess[0] is None and not sample and not name:
        return None, "left out", 0.0, Said("空列", "empty")
    return guess


def _by_name(name: str) -> _Guess:
    """Field by name; an empty field is a column known not to be needed."""
    if name.strip() in FACILITIES.exact:
        return FACILITIES.exact[name.strip()], "exact", 1.0, _KNOWN
    if is_personal_name(name):
        return _UNKNOWN
    forms = _forms(name)
    known = next((form for form in forms if form in FACILITIES.normals), None)
    if known:
        return FACILITIES.normals[known], "normalised", 1.0, _KNOWN
    ends = {form: FACILITIES.by_parts(form) for form in forms}
    field = next((field for field in ends.values() if field is not None), None)
    other = any(_OTHER_THING.search(form) for form in forms)
    if field == "" or (field and not other):
        return field, "normalised", 1.0, _BY_PARTS
    return _UNKNOWN if other else _fuzzy(forms)


def _forms(name: str) -> list[str]:
    """Normal forms to try: of the whole, without brackets, of a header of several rows."""
    forms = [normal(name), unbracketed(name)]
    parts = [part for part in name.split("/") if part.strip()]
    if len(parts) > 1:
        child, parents = unbracketed(parts[-1]), [unbracketed(p) for p in reversed(parts[:-1])]
        for parent in parents:
            forms += [child + parent, parent + child]
        forms += [child, *(parents if child in _UNITS else ())]
    return [form for form in dict.fromkeys(forms) if form]


_UNITS = {"张", "个", "平方米", "m2", "人", "度", "年月日", "年月", "是否", "有无", "数量"}


# Words that make another thing of a known name: beds taken, land area, the operator's name.
_OTHER_THING = re.compile(
    "入住|空余|空置|剩余|占用|家庭|上级|主管|人均|每|新增|收费|价格|产权|土地|曾用|原名|运营单位|运营主体"
    "|主办|举办|(?<!婚姻)登记机关|评估|发证|委托|拟|occupied|vacant|former|operator|per"
)


def _fuzzy(forms: list[str]) -> _Guess:
    """A name whose end is a known one, or that differs from one by a slip of a character."""
    best: tuple[float, str] = (0.0, "")
    known = [name for name, field in FACILITIES.normals.items() if len(name) >= 2 and field]
    for form in forms:
        ends = [name for name in known if len(name) >= 3 and form.endswith(name)]
        best = max([best, *((0.55 + 0.4 * len(name) / len(form), name) for name in ends)])
        if len(form) >= 4:
            others = [
                name
                for name in known
                if len(name) >= 4 and name.isascii() == form.isascii() and name not in ends
            ]
            best = max([best, *alike(form, others, 0.75)])
    score, name = best
    if score < 0.65:
        return _UNKNOWN
    reason = Said(f"与“{name}”相近", f"its name is like “{name}”")
    return FACILITIES.normals[name], "fuzzy", round(min(score, 0.95), 2), reason


_PAIR = re.compile(
    r"(?:(?:SRID=\d+;)?POINT)?\s*"
    r"[(（\[]?\s*\d{1,3}\.\d+\s*°?\s*[,，;；/ \s]+\s*\d{1,3}\.\d+\s*°?\s*[)）\]]?"
)
_FACILITY = ("院", "中心", "站", "点", "饭堂", "食堂", "陵园", "公墓", "馆", "楼", "超市", "驿站")


def _by_content(sample: list[Cell]) -> _Guess:
    """Field by what the cells hold: only what can hardly be anything else."""
    if len(sample) < 2:
        return _UNKNOWN
    texts = [cell.strip() for cell in sample if isinstance(cell, str)]
    # Numbers with decimals; infinity and NaN have no whole part.
    degrees = [n for n in map(_number, sample) if n is not None and math.isfinite(n) and n % 1]

    def share(fits: Callable[[str], object]) -> float:
        return sum(1 for text in texts if fits(text)) / len(sample)

    def within(low: float, high: float) -> bool:
        return len(degrees) >= 0.8 * len(sample) and all(low < d < high for d in degrees)

    name = share(lambda text: len(text) >= 5 and text.endswith(_FACILITY))
    varied = len(set(texts)) > 0.5 * len(texts)
    ways: tuple[tuple[str, bool, float, str, str], ...] = (
        (
            "coordinates",
            (s := share(_PAIR.fullmatch)) >= 0.8,
            0.8 * s,
            "像坐标对",
            "pairs of degrees",
        ),
        (
            "credit_code",
            (s := share(is_credit_code)) >= 0.8,
            0.95 * s,
            "是信用代码",
            "credit codes",
        ),
        ("lon", within(73, 136), 0.7, "像经度", "degrees of longitude"),
        ("lat", within(15, 54), 0.6, "像纬度", "degrees of latitude"),
        ("kind", (s := share(ALIASES.__contains__)) >= 0.6, 0.8 * s, "是设施类型", "kinds"),
        ("name", name >= 0.7 and varied, 0.7 * name, "像机构名称", "names of facilities"),
    )
    for field, holds, score, zh, en in ways:
        if holds:
            return field, "content", round(score, 2), Said(f"内容{zh}", f"cells look like {en}")
    return _UNKNOWN


def _number(cell: Cell) -> float | None:
    try:
        return float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None


def _name_kinds(uses: list[ColumnUse]) -> None:
    """In a sheet without names, columns named after a kind say "has" or count it.

    A lone column that is like both, such as 养老服务机构, holds names.
    """
    if any(u.field == "name" and u.how != "fuzzy" for u in uses):
        return
    kinds = {
        u.index: kind
        for u in uses
        if u.how in {"left out", "fuzzy"}
        and (kind := next((ALIASES[n] for n in _kind_names(u.name) if n in ALIASES), None))
    }
    names = any(u.field == "name" and u.index not in kinds for u in uses)
    if names or (len(kinds) == 1 and any(u.field == "name" for u in uses)):
        return
    for index, kind in kinds.items():
        reason = Said("列名是设施类型", "the column is named after a kind")
        uses[index] = ColumnUse(index, uses[index].name, f"kind:{kind}", "exact", 1.0, reason)


def _kind_names(name: str) -> list[str]:
    return [name.strip(), unbracketed(name), unbracketed(name.rpartition("/")[2])]


_OTHER_AXIS = {"x": "lon", "y": "lat", "lon": "x", "lat": "y"}


def _name_planes(sheet: RawSheet, uses: list[ColumnUse]) -> None:
    """Columns named x and y that hold degrees are longitude and latitude, and the other way."""
    for use in uses:
        field = use.field or ""
        if use.how in {"mapping", "geometry"} or field not in _OTHER_AXIS:
            continue
        numbers = [n for n in map(_number, sheet.values(use.index, _SAMPLE)) if n is not None]
        large = sum(1 for n in numbers if abs(n) > 1000)
        what = Said("；内容是度", "; cells hold degrees")
        wrong = not large
        if field in {"lon", "lat"}:
            what = Said("；内容是米", "; cells hold metres")
            wrong = large > len(numbers) / 2
        if wrong:
            uses[use.index] = replace(use, field=_OTHER_AXIS[field], reason=use.reason.then(what))


_NUMBERS = {"beds", "nursing_beds", "floor_area", "lon", "lat", "x", "y"}
_LAND = re.compile("亩|公顷|[平㎡万]?万(?:平方米|平米|㎡|m2)")


def _no_numbers(sheet: RawSheet, uses: list[ColumnUse]) -> None:
    """A column of numbers without any is another: `area` of names of counties; 亩 are land."""
    for use in uses:
        if use.field not in _NUMBERS or use.how in {"mapping", "geometry"}:
            continue
        cells = [str(cell).strip() for cell in sheet.values(use.index, _SAMPLE)]
        if use.field == "floor_area" and _LAND.search(use.name):
            reason = Said("不是以平方米计的建筑面积", "no floor area in square metres")
            uses[use.index] = replace(use, field=None, how="left out", reason=reason)
        elif cells and not any(re.search(r"[\d０-９一二三四五六七八九十零无]", c) for c in cells):
            levels = [level for c in cells if (level := suffix_level(c)) in {"county", "township"}]
            level = max(set(levels), key=levels.count) if len(levels) > len(cells) / 2 else None
            reason = Said("内容不是数字", "its cells are no numbers")
            how: How = "content" if level else "left out"
            uses[use.index] = replace(use, field=level, how=how, score=0.7, reason=reason)


def _levels(uses: list[ColumnUse]) -> None:
    """Of two columns for one level the left is the county, the right the township: 属地, 镇街."""
    for twice, free, place in (("township", "county", 0), ("county", "township", -1)):
        own = [u for u in uses if u.field == twice and u.how in {"exact", "normalised"}]
        if len({normal(u.name) for u in own}) > 1 and not any(u.field == free for u in uses):
            use = own[place]
            reason = Said("另有一列更细（更粗）", "another column is finer or coarser")
            uses[use.index] = replace(use, field=free, reason=reason)


def _no_status(sheet: RawSheet, uses: list[ColumnUse]) -> None:
    """Numbers that are all alike are a geocoder's answer, and no status that closes everything."""
    for use in uses:
        asks = normal(use.name).startswith(("是否", "有无"))
        if use.field != "status" or use.how == "mapping" or asks:
            continue
        cells = {str(cell).strip() for cell in sheet.values(use.index)}
        if len(cells) == 1 and (_number(cell := cells.pop()) is not None or cell == "OK"):
            uses[use.index] = replace(use, field=None, how="left out", reason=NO_STATUS)


def _no_tier(sheet: RawSheet, uses: list[ColumnUse]) -> None:
    """A column called 级别 without a single level in it is no tier: 三星级, AAA."""
    for use in uses:
        if use.field != "tier" or use.how == "mapping":
            continue
        cells = list(sheet.values(use.index, _SAMPLE))
        if cells and not any(parse_tier(cell).value for cell in cells):
            reason = Said(
                "内容不是市、县、镇、村级，按等级", "cells hold no level of units: a grade"
            )
            uses[use.index] = replace(use, field="grade", reason=reason)


def _no_since(sheet: RawSheet, uses: list[ColumnUse]) -> None:
    """变更日期 in a list of facilities is a day of its papers; in a list of changes, theirs."""
    told = _CHANGES.search(f"{sheet.sheet} {sheet.file}".lower())
    for use in uses:
        plain = normal(use.name) in _SINCE
        if use.field == "since" and use.how != "mapping" and not (plain or told):
            reason = Said(
                "登记事项的变更日期，不是设施变更（变更另列一表，表名写“变更”）",
                "a day of the papers: changes stand in a sheet of their own, called changes",
            )
            uses[use.index] = replace(use, field=None, how="left out", reason=reason)


_CHANGES = re.compile("变更|变动|沿革|change")
_SINCE = frozenset(map(normal, ("since", "自何时起", "何时起", "变更生效日期")))


def _one_each(sheet: RawSheet, uses: list[ColumnUse]) -> None:
    """Of two columns for one field the surer, then the fuller, then the first is taken."""

    def order(use: ColumnUse) -> tuple[bool, int, float, int]:
        # Of places in two datums those that need no conversion, so that lon and lat agree.
        named = use.field in _OTHER_AXIS and use.how != "mapping"
        shifted = named and datum_named(use.name) != "wgs84"
        filled = sum(1 for _ in sheet.values(use.index, _SAMPLE))
        return shifted, _RANK[use.how], -use.score, -filled

    for field in {use.field for use in uses if use.field}:
        best, *others = sorted((use for use in uses if use.field == field), key=order)
        for use in others:
            name = best.name or f"#{best.index + 1}"
            reason = Said(f"“{name}”已作 {field}", f"“{name}” is taken for {field}")
            uses[use.index] = replace(use, field=None, how="left out", reason=reason)
