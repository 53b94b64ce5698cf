"""The facility register: what stands where, with which services and beds, and who says so.

A register is a CSV file (UTF-8) with the columns of `COLUMNS`; only
`REQUIRED` must be there. `unit_code` is the finest unit that is known: a
village (12 digits), a township (9), a county (6) or the city itself.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from coverage.errors import InputError, Problem
from coverage.formats.tables import read_table
from coverage.kinds import ALIASES, KINDS, PROVENANCES, SERVICES, STATUSES
from coverage.messages import Said
from coverage.nearest import nearest
from coverage.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from coverage.formats.tables import Record, Table
    from coverage.units import Units

REQUIRED = ("id", "name", "kind", "unit_code")
COLUMNS = (
    "id",
    "name",
    "kind",
    "category",
    "services",
    "beds",
    "nursing_beds",
    "floor_area",
    "ownership",
    "unit_code",
    "lon",
    "lat",
    "status",
    "opened",
    "source",
    "provenance",
    "note",
)

_SEPARATORS = re.compile(r"[;；,，、|/\s]+")
_STATUS_BY_NAME = {zh: id_ for id_, zh in STATUSES.items()}
_PROVENANCE_BY_NAME = {zh: id_ for id_, zh in PROVENANCES.items()}
_DATE = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?|月)?|年)?")
_LON, _LAT = (73.0, 136.0), (3.0, 54.0)


@dataclass(frozen=True, slots=True)
class Facility:
    """One site.

    Attributes:
        id: Unique in its register.
        name: As its source names it.
        kind: One of `coverage.kinds.KINDS`.
        unit_code: Finest administrative unit known.
        category: The source's own sub-kind (福利院, 敬老院 …).
        services: Names of `coverage.kinds.SERVICES`, others allowed.
        beds: Beds, `None` where not stated.
        nursing_beds: Nursing beds among them.
        floor_area: Floor area in m².
        ownership: 公办, 民办, 公建民营, 公益性, 经营性 or empty.
        lon: EPSG:4326 degrees, `None` where no place is known.
        lat: As `lon`.
        status: ``open``, ``building``, ``planned`` or ``closed``; only open ones count.
        opened: First day, as far as known (a bare year counts from 1 January).
        source: Where the row comes from.
        provenance: ``published``, ``surveyed``, ``modelled`` or ``illustrative``.
        note: Remarks of the source.
    """

    id: str
    name: str
    kind: str
    unit_code: str
    category: str = ""
    services: frozenset[str] = frozenset()
    beds: int | None = None
    nursing_beds: int | None = None
    floor_area: float | None = None
    ownership: str = ""
    lon: float | None = None
    lat: float | None = None
    status: str = "open"
    opened: date | None = None
    source: str = ""
    provenance: str = "surveyed"
    note: str = ""

    @property
    def placed(self) -> bool:
        """Whether coordinates are known."""
        return self.lon is not None and self.lat is not None

    def counts_in(self, year: int) -> bool:
        """Whether the facility is open at the end of `year`."""
        return self.status == "open" and (self.opened is None or self.opened.year <= year)


@dataclass(frozen=True, repr=False)
class Register(Shown):
    """The facilities of one city.

    Attributes:
        facilities: In the order of the file.
        file: Name of the file they came from.
        shipped: Whether this is the register that ships, which is known to be incomplete.
        left_out: Rows that a provenance filter took away, by provenance and kind.
        notes: What was odd in the file and not an error.
    """

    facilities: tuple[Facility, ...]
    file: str = ""
    shipped: bool = False
    left_out: tuple[Facility, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.facilities)

    def __iter__(self) -> Iterator[Facility]:
        return iter(self.facilities)

    def _headline(self) -> str:
        kinds = Counter(f.kind for f in self.facilities).most_common(5)
        said = ", ".join(f"{n:,} {kind}" for kind, n in kinds)
        return f"{self.file}: {len(self):,} facilities ({said})"

    def _rows(self) -> Iterator[dict[str, Any]]:
        for one in self.facilities:
            row = {name: getattr(one, name) for name in COLUMNS}
            yield row | {"services": ";".join(sorted(one.services))}

    def only(self, provenances: Iterable[str]) -> Register:
        """The register without rows of any other provenance, which are remembered as left out."""
        wanted = frozenset(provenances)
        kept = tuple(f for f in self.facilities if f.provenance in wanted)
        gone = tuple(f for f in self.facilities if f.provenance not in wanted)
        return replace(self, facilities=kept, left_out=self.left_out + gone)

    @property
    def provenance(self) -> Counter[str]:
        """Number of rows by provenance."""
        return Counter(f.provenance for f in self.facilities)


def parse_day(text: str) -> date | None:
    """The day that `text` names, the first of a bare year or month, `None` if it names none."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2] or 1), int(match[3] or 1))
    except ValueError:
        return None


def parse_provenances(text: str) -> tuple[str, ...]:
    """Provenances named in a comma-separated list.

    Raises:
        InputError: If one is not known or none is named.
    """
    names = [part for part in _SEPARATORS.split(text.strip()) if part]
    problems = [
        Problem(
            Said(
                f"没有来源类别 {name!r}",
                f"the provenance {name!r} is not known; choose from {', '.join(PROVENANCES)}",
            )
        )
        for name in names
        if name not in PROVENANCES and name not in _PROVENANCE_BY_NAME
    ]
    if problems or not names:
        raise InputError(problems or "no provenance is named")
    return tuple(dict.fromkeys(_PROVENANCE_BY_NAME.get(name, name) for name in names))


def read_register(path: Path, units: Units, *, city_code: str, shipped: bool = False) -> Register:
    """Read and check a register.

    Args:
        path: CSV file.
        units: The city's units; every `unit_code` must be one of them.
        city_code: Code of the city, allowed for facilities of the whole city.
        shipped: Whether the file ships with the package.

    Raises:
        InputError: With every problem of the file at once.
    """
    table = read_table(path, required=REQUIRED)
    if not table.records:
        raise InputError(table.problem(None, None, "表中没有数据行 · the table has no rows"))
    reader = _Reader(table, units, city_code)
    facilities = tuple(reader.facility(record) for record in table.records)
    problems = sorted(reader.problems + _duplicates(table), key=lambda p: p.row or 0)
    if problems:
        raise InputError(problems)
    unknown = Counter(s for f in facilities for s in f.services if s not in SERVICES)
    notes = tuple(
        f"{path.name}: 服务“{name}”不在词表中（{count} 行），保留但不参与判定"
        for name, count in sorted(unknown.items())
    )
    return Register(facilities, path.name, shipped, notes=notes)


def _duplicates(table: Table) -> list[Problem]:
    first: dict[str, int] = {}
    problems = []
    for record in table.records:
        id_ = record.get("id")
        if id_ and id_ in first:
            reason = f"编号与第 {first[id_]} 行重复 · the id already stands in row {first[id_]}"
            problems.append(table.problem(record, "id", reason))
        first.setdefault(id_, record.row)
    return problems


_EMPTY = "单元格为空 · the cell is empty"


def _unknown(column: str, cell: str, known: Iterable[str]) -> str:
    """Why a word of a fixed list is refused, with the nearest or, if few, all of the list."""
    words = list(known)
    named = {**ALIASES, **{k: k for k in words}} if column == "kind" else dict.fromkeys(words)
    near = nearest(cell, named)
    listed = near or (words if len(words) < 8 else [*words[:3], "… (coverage kinds)"])
    return f"词表中没有这一项，可用：{'、'.join(listed)} · the {column} is not known"


class _Reader:
    """Turns records into facilities and gathers what is wrong with them."""

    def __init__(self, table: Table, units: Units, city_code: str) -> None:
        self.table, self.units, self.city_code = table, units, city_code
        self.problems: list[Problem] = []

    def complain(self, record: Record, column: str, reason: str) -> None:
        self.problems.append(self.table.problem(record, column, reason))

    def facility(self, record: Record) -> Facility:
        for column in ("id", "name"):
            if not record.get(column):
                self.complain(record, column, _EMPTY)
        lon, lat = self._place(record)
        beds = self._count(record, "beds")
        nursing = self._count(record, "nursing_beds")
        if beds is not None and nursing is not None and nursing > beds:
            reason = (
                f"护理型床位多于床位（{beds}） · there are more nursing beds than beds ({beds})"
            )
            self.complain(record, "nursing_beds", reason)
        return Facility(
            id=record.get("id"),
            name=record.get("name"),
            kind=self._choice(record, "kind", KINDS, ALIASES, ""),
            unit_code=self._unit_code(record),
            category=record.get("category"),
            services=frozenset(s for s in _SEPARATORS.split(record.get("services")) if s),
            beds=beds,
            nursing_beds=nursing,
            floor_area=self._area(record),
            ownership=record.get("ownership"),
            lon=lon,
            lat=lat,
            status=self._choice(record, "status", STATUSES, _STATUS_BY_NAME, "open"),
            opened=self._date(record),
            source=record.get("source"),
            provenance=self._choice(
                record, "provenance", PROVENANCES, _PROVENANCE_BY_NAME, "surveyed"
            ),
            note=record.get("note"),
        )

    def _choice(
        self,
        record: Record,
        column: str,
        known: dict[str, object] | dict[str, str] | Iterable[str],
        by_name: dict[str, str],
        default: str,
    ) -> str:
        cell = record.get(column)
        value = by_name.get(cell, cell.lower()) or default
        if value not in known:
            self.complain(record, column, _unknown(column, cell, known) if cell else _EMPTY)
        return value

    def _unit_code(self, record: Record) -> str:
        code = record.get("unit_code")
        if not code:
            self.complain(record, "unit_code", _EMPTY)
        elif code != self.city_code and code not in self.units:
            reason = f"本市没有此代码 · no unit of the city {self.city_code} has this code"
            if re.fullmatch(r"\d+\.\d+|\d(\.\d+)?[eE]\+\d+", code):
                reason = (
                    "代码被表格软件改成了数字，请按文本保存 · turned into a number by a spreadsheet"
                )
            self.complain(record, "unit_code", reason)
        return code

    def _parsed(
        self, record: Record, column: str, parse: Callable[[str], float], zh: str, wanted: str
    ) -> float | None:
        cell = record.get(column)
        if not cell:
            return None
        try:
            # Python alone reads 1_000 as a number.
            value = parse(cell.replace(",", "").replace("_", "x"))
        except ValueError:
            self.complain(record, column, f"不是{zh} · the cell is not {wanted}")
            return None
        if not math.isfinite(value):
            self.complain(record, column, f"不是{zh} · the cell is not {wanted}")
            return None
        return value

    def _count(self, record: Record, column: str) -> int | None:
        value = self._parsed(record, column, float, "整数", "a whole number")
        if value is None:
            return None
        if value < 0:
            self.complain(record, column, "数字为负 · the number is negative")
        elif value != int(value):
            self.complain(record, column, "不是整数 · the cell is not a whole number")
        return int(value)

    def _area(self, record: Record) -> float | None:
        value = self._parsed(record, "floor_area", float, "平方米数", "a number of square metres")
        if value is not None and value < 0:
            self.complain(record, "floor_area", "数字为负 · the number is negative")
        return value

    def _place(self, record: Record) -> tuple[float | None, float | None]:
        lon = self._parsed(record, "lon", float, "经纬度", "a number of degrees")
        lat = self._parsed(record, "lat", float, "经纬度", "a number of degrees")
        if (lon is None) != (lat is None):
            missing = "lon" if lon is None else "lat"
            if not record.get(missing):
                self.complain(record, missing, "经纬度缺一不可 · a place needs both lon and lat")
            return None, None
        if lon is None or lat is None:
            return None, None
        if not (_LON[0] <= lon <= _LON[1] and _LAT[0] <= lat <= _LAT[1]):
            swapped = _LON[0] <= lat <= _LON[1] and _LAT[0] <= lon <= _LAT[1]
            reason = (
                "经纬度颠倒 · lon and lat are swapped"
                if swapped
                else "不在中国境内 · the place does not lie in China"
            )
            self.complain(record, "lon", f"{reason} (lon {lon}, lat {lat})")
        return lon, lat

    def _date(self, record: Record) -> date | None:
        cell = record.get("opened")
        if not cell:
            return None
        found = parse_day(cell)
        if found is None:
            reason = "the cell is not a date such as 2023, 2023-05 or 2023-05-01"
            self.complain(record, "opened", reason)
        return found
