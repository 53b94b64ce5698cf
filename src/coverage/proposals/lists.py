"""Tables that a planner brings: candidate sites, and what must, must not, stays or may go.

Columns are known by Chinese and English names (`NAMES`). A place is lon and
lat in any spelling that `coverage.places` reads (WGS84), or the name or code
of a township or village, whose seat it then is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from coverage.datum import project
from coverage.errors import InputError, Problem
from coverage.formats.tables import Record, Table, read_table
from coverage.messages import Said
from coverage.places.coordinates import parse_coordinates
from coverage.places.find import Evidence, code_in, find_unit
from coverage.proposals.candidates import Candidates, units_at

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from coverage.city import City
    from coverage.demand.townships import Townships
    from coverage.units import Unit

NAMES = {
    "name": ("name", "名称", "候选点", "地点", "设施名称"),
    "lon": ("lon", "lng", "longitude", "经度", "坐标"),
    "lat": ("lat", "latitude", "纬度"),
    "unit": ("unit", "unit_code", "township", "乡镇", "街道", "乡镇（街道）", "所在单元", "村"),
    "cost": ("cost", "造价", "费用", "投资"),
    "id": ("id", "编号", "设施编号"),
    "rule": ("rule", "规则", "要求"),
}
RULES = {
    "mandatory": ("mandatory", "must", "必建"),
    "forbidden": ("forbidden", "never", "禁建", "不得建"),
    "keep": ("keep", "fixed", "保留"),
    "closable": ("closable", "可关", "可关闭"),
    "movable": ("movable", "可迁", "可迁移"),
}
_RULE_BY_WORD = {word: rule for rule, words in RULES.items() for word in words}
_HERE_M = 1000.0  # a place that is forbidden takes the candidates this near with it


@dataclass(frozen=True)
class Fixed:
    """One row of a table of fixed things.

    Attributes:
        rule: A key of `RULES`.
        row: Of the table, for messages.
        name: As it stands there.
        facility: Id of an existing facility, for keep, closable and movable.
        xy: Metres, `None` where only the unit or facility is named.
        unit: Code of the unit named, or in which the place lies.
    """

    rule: str
    row: int
    name: str
    facility: str = ""
    xy: tuple[float, float] | None = None
    unit: str = ""

    def hits(self, candidates: Candidates) -> NDArray[np.bool_]:
        """Candidates that are meant: by name, else those in the unit, else those within 1 km."""
        named = np.array([name == self.name for name in candidates.names], dtype=bool)
        if self.name and named.any():
            return named
        if self.xy is None:
            return np.array([bool(self.unit) and u.startswith(self.unit) for u in candidates.unit])
        return np.asarray(np.hypot(*(candidates.xy - np.array(self.xy)).T) <= _HERE_M)


def read_list(path: Path) -> Table:
    """A table of the planner's, from CSV or a workbook."""
    if path.suffix.lower() in {".csv", ".txt"}:
        return read_table(path)
    from coverage.lists.reading import read_file

    sheet = next(one for one in read_file(path) if one.data)
    columns = tuple(name.strip().lower() for name in sheet.columns)
    named = [(i, column) for i, column in enumerate(columns) if column]
    records = tuple(
        Record(
            row.number,
            {c: str(row.get(i)).strip() for i, c in named if row.get(i) is not None},
        )
        for row in sheet.data
    )
    return Table(path.name, columns, records)


def named_columns(table: Table) -> Table:
    """The table with its columns under the names used here."""
    known = {word: name for name, words in NAMES.items() for word in words}
    columns = tuple(known.get(column, column) for column in table.columns)
    double = next((c for c in columns if columns.count(c) > 1 and c in NAMES), None)
    if double:
        raise InputError(
            table.problem(None, double, Said("两列意思相同", "two columns have the same meaning"))
        )
    records = tuple(
        Record(r.row, {known.get(c, c): v for c, v in r.cells.items()}) for r in table.records
    )
    return replace(table, columns=columns, records=records)


def read_candidates(table: Table, city: City, ground: Townships, crs: str) -> Candidates:
    """Candidates of a list, each with a place of its own or that of its unit.

    Raises:
        InputError: With everything that is wrong with the list.
    """
    table = named_columns(table)
    if not table.records:
        raise InputError(table.problem(None, None, Said("名单没有数据行", "the list has no row")))
    reader = _Reader(table, city, crs)
    rows = [reader.place(record) for record in table.records]
    costs = [reader.cost(record) for record in table.records]
    seen: dict[str, int] = {}
    for record in table.records:
        name = record.get("name")
        if name and name in seen:
            said = Said(
                f"名称与第 {seen[name]} 行重复", f"the name already stands in row {seen[name]}"
            )
            reader.problems.append(table.problem(record, "name", said))
        seen.setdefault(name, record.row)
    reader.check()
    xy = np.array([place.xy for place in rows if place], dtype=np.float64).reshape(-1, 2)
    inside = units_at(ground, xy)
    outside = [r for r, code in zip(table.records, inside, strict=True) if not code]
    if outside:
        said = Said(f"位置不在{city.name}内", "the place lies outside the city")
        raise InputError([table.problem(record, "lon", said) for record in outside])
    units = [p.unit or code for p, code in zip((p for p in rows if p), inside, strict=True)]
    names = [r.get("name") or city.units.name(u) for r, u in zip(table.records, units, strict=True)]
    return Candidates(
        crs=crs,
        names=tuple(names),
        xy=xy,
        unit=tuple(units),
        costs=np.array(costs, dtype=np.float64),
        source=Said(f"名单 {table.file} 的 {len(names)} 处", f"{len(names)} sites of {table.file}"),
    )


def read_fixed(table: Table, city: City, crs: str, facilities: dict[str, str]) -> tuple[Fixed, ...]:
    """What is fixed, row by row.

    Args:
        table: With a column ``rule`` (规则).
        city: The city.
        crs: The plane.
        facilities: Name by id of the existing facilities that are asked about.

    Raises:
        InputError: With everything that is wrong with the table.
    """
    table = named_columns(table)
    if "rule" not in table.columns:
        raise InputError(
            table.problem(None, "rule", Said("缺少列 规则（rule）", "the column 'rule' is missing"))
        )
    reader = _Reader(table, city, crs)
    found = [reader.fixed(record, facilities) for record in table.records]
    reader.check()
    return tuple(one for one in found if one is not None)


@dataclass(frozen=True)
class _Place:
    xy: tuple[float, float]
    unit: str


class _Reader:
    """Turns records into places and gathers what is wrong with them."""

    def __init__(self, table: Table, city: City, crs: str) -> None:
        self.table, self.city, self.crs = table, city, crs
        self.problems: list[Problem] = []

    def check(self) -> None:
        if self.problems:
            raise InputError(self.problems)

    def complain(self, record: Record, column: str, reason: Said) -> None:
        self.problems.append(self.table.problem(record, column, reason))

    def place(self, record: Record) -> _Place | None:
        """The place of a row, from its coordinates or its unit; None is complained of."""
        lon, lat, named = record.get("lon"), record.get("lat"), record.get("unit")
        if lon or lat:
            read = parse_coordinates(lon, lat if "lat" in self.table.columns else None)
            if read.lon is None or read.lat is None:
                why = read.problem or Said("没有坐标", "no place")
                self.complain(record, "lon", why)
                return None
            x, y = project(read.lon, read.lat, self.crs)
            return _Place((float(x), float(y)), "")
        if not named:
            self.complain(
                record, "name", Said("没有坐标也没有乡镇", "neither a place nor a township")
            )
            return None
        unit = self.unit(record)
        if unit is None:
            return None
        seat = unit if unit.placed else self.city.units.get(unit.code[:9])
        if seat is None or seat.lon is None or seat.lat is None:
            self.complain(
                record, "unit", Said(f"{unit.name}位置不详", "the unit has no known place")
            )
            return None
        x, y = project(seat.lon, seat.lat, self.crs)
        return _Place((float(x), float(y)), unit.code)

    def unit(self, record: Record) -> Unit | None:
        """The unit that a row names; None is complained of."""
        text = record.get("unit")
        code = text if code_in(text) else ""
        found = find_unit(Evidence(code, address="" if code else text), self.city.units)
        if found.unit is None:
            none = Said("没有这样的单元", "there is no such unit")
            self.complain(record, "unit", found.question or next(iter(found.why), none))
        return found.unit

    def cost(self, record: Record) -> float:
        text = record.get("cost").replace(",", "")
        if not text:
            return math.nan
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and value >= 0):
            self.complain(
                record, "cost", Said("造价须为不小于 0 的数", "a cost of at least 0 is needed")
            )
        return value

    def fixed(self, record: Record, facilities: dict[str, str]) -> Fixed | None:
        word = record.get("rule").lower()
        rule = _RULE_BY_WORD.get(word)
        if rule is None:
            known = "、".join(words[-1] for words in RULES.values())
            self.complain(
                record, "rule", Said(f"规则可为：{known}", f"the rule is one of {', '.join(RULES)}")
            )
            return None
        name = record.get("name")
        if rule in {"keep", "closable", "movable"}:
            return self._existing(record, rule, facilities)
        if record.get("lon") or record.get("lat"):
            place = self.place(record)
            return Fixed(rule, record.row, name, xy=place.xy) if place else None
        if record.get("unit"):
            unit = self.unit(record)
            return Fixed(rule, record.row, name, unit=unit.code) if unit else None
        if name:
            return Fixed(rule, record.row, name)
        self.complain(record, "name", Said("没有名称、坐标或乡镇", "no name, place or township"))
        return None

    def _existing(self, record: Record, rule: str, facilities: dict[str, str]) -> Fixed | None:
        id_, name = record.get("id"), record.get("name")
        if id_ in facilities:
            return Fixed(rule, record.row, facilities[id_], facility=id_)
        same = [one for one, called in facilities.items() if name and called == name]
        if len(same) == 1 and not id_:
            return Fixed(rule, record.row, name, facility=same[0])
        reason = (
            Said("有同名的多处设施，请写编号", "several facilities have this name: give the id")
            if same
            else Said(
                "没有这样的现有设施（类别、年份均须相符）",
                "there is no such existing facility of the kind and year asked about",
            )
        )
        self.complain(record, "id" if id_ else "name", reason)
        return None
