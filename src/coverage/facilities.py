"""The facility register: what stands where, with which services and beds, and who says so.

A register is a CSV file (UTF-8) with the columns of `COLUMNS`; only
`REQUIRED` must be there. `unit_code` is the finest unit that is known: a
village (12 digits), a township (9), a county (6) or the city itself.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from coverage.errors import InputError, Problem
from coverage.fields import Cells, unknown, words_in
from coverage.formats.tables import Table, csv_text, read_table
from coverage.kinds import ALIASES, KINDS, PROVENANCES, SERVICES, STATUSES, TIER_ALIASES, TIERS
from coverage.messages import Said
from coverage.settings import CHINA
from coverage.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from coverage.units import Units

REQUIRED = ("id", "name", "kind", "unit_code")
COLUMNS = (
    "id",
    "name",
    "kind",
    "category",
    "tier",
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
# Columns that registers of before have not, written where something stands in them.
LATER = frozenset({"tier"})
USUAL = tuple(column for column in COLUMNS if column not in LATER)

_STATUS_BY_NAME = {zh: id_ for id_, zh in STATUSES.items()}
_PROVENANCE_BY_NAME = {zh: id_ for id_, zh in PROVENANCES.items()}
_JUDGED = (
    "kind",
    "unit_code",
    "tier",
    "services",
    "floor_area",
    "lon",
    "lat",
    "status",
    "provenance",
)


@dataclass(frozen=True, slots=True)
class Facility:
    """One site.

    Attributes:
        id: Unique in its register.
        name: As its source names it.
        kind: One of `coverage.kinds.KINDS`.
        unit_code: Finest administrative unit known.
        category: The source's own sub-kind (福利院, 敬老院 …).
        tier: Whose it is, a key of `coverage.kinds.TIERS`, empty where the register does not say;
            `coverage.places.tiers.tier_of` tells it then.
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
    tier: str = ""
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
    notes: tuple[Said, ...] = ()

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


def parse_provenances(text: str) -> tuple[str, ...]:
    """Provenances named in a comma-separated list.

    Raises:
        InputError: If one is not known or none is named.
    """
    names = words_in(text)
    problems = [
        Problem(unknown(Said("这种来源", f"provenance {name!r}"), name, PROVENANCES))
        for name in names
        if name not in PROVENANCES and name not in _PROVENANCE_BY_NAME
    ]
    if problems or not names:
        raise InputError(problems or Said("没有指定来源类别", "no provenance is named"))
    return tuple(dict.fromkeys(_PROVENANCE_BY_NAME.get(name, name) for name in names))


def read_register(
    source: Path | Table, units: Units, *, city_code: str, shipped: bool = False
) -> Register:
    """Read and check a register.

    Args:
        source: CSV file, or the table of one.
        units: The city's units; every `unit_code` must be one of them.
        city_code: Code of the city, allowed for facilities of the whole city.
        shipped: Whether the file ships with the package.

    Raises:
        InputError: With every problem of the file at once.
    """
    table = source if isinstance(source, Table) else read_table(source, required=REQUIRED)
    if not table.records:
        raise InputError(table.problem(None, None, Said("表中没有数据行", "the table has no rows")))
    problems: list[Problem] = []
    rows = [Cells.of(record, problems, file=table.file) for record in table.records]
    facilities = tuple(_facility(row, units, city_code) for row in rows)
    first: dict[str, int | None] = {}
    for row, facility in zip(rows, facilities, strict=True):
        before = first.setdefault(facility.id, row.row)
        if facility.id and before != row.row:
            zh = f"编号与第 {before} 行重复"
            row.bad("id", Said(zh, f"the id already stands in row {before}"))
    if problems:
        raise InputError(sorted(problems, key=lambda p: p.row or 0))
    strange = Counter(s for f in facilities for s in f.services if s not in SERVICES)
    notes = tuple(
        Said(
            f"{table.file}: 服务“{name}”不在词表中（{count} 行），保留但不参与判定",
            f"{table.file}: the service “{name}” ({count} rows) is not a known one: it is kept and "
            "counts for nothing",
        )
        for name, count in sorted(strange.items())
    )
    return Register(facilities, table.file, shipped, notes=notes)


def _facility(row: Cells, units: Units, city_code: str) -> Facility:
    """The facility of a row; what is wrong with it goes to the row's problems."""
    values = row.read(Facility, but=_JUDGED, needed=("id", "name"))
    area = row.number("floor_area", least=0, what=Said("平方米数", "a number of square metres"))
    beds, nursing = values.get("beds"), values.get("nursing_beds")
    if beds is not None and nursing is not None and nursing > beds:
        said = Said(
            f"护理型床位多于床位（{beds}）", f"there are more nursing beds than beds ({beds})"
        )
        row.bad("nursing_beds", said)
    kind = Said("这种设施", "kind")
    values |= {
        "kind": row.choice("kind", KINDS, what=kind, aliases=ALIASES, needed=True),
        "unit_code": _unit_code(row, units, city_code),
        "services": frozenset(row.names("services")),
        "floor_area": None if area is None else float(area),
    }
    for column, words, by_name, what in (
        ("tier", TIERS, TIER_ALIASES, Said("这种层级", "tier")),
        ("status", STATUSES, _STATUS_BY_NAME, Said("这种状态", "status")),
        ("provenance", PROVENANCES, _PROVENANCE_BY_NAME, Said("这种来源", "provenance")),
    ):
        if row.has(column):
            values[column] = row.choice(column, words, what=what, aliases=by_name)
    return Facility(**values | _place(row, units))


def _unit_code(row: Cells, units: Units, city_code: str) -> str:
    code = row.text("unit_code", needed=True)
    if code and code != city_code and code not in units:
        reason = Said("本市没有此代码", f"no unit of the city {city_code} has this code")
        if re.fullmatch(r"\d+\.\d+|\d(\.\d+)?[eE]\+\d+", code):
            zh = "代码被表格软件改成了数字，请按文本保存"
            reason = Said(zh, "turned into a number by a spreadsheet: save it as text")
        row.bad("unit_code", reason)
    return code


def _place(row: Cells, units: Units) -> dict[str, float]:
    at = row.lonlat()
    if at is None:
        return {}
    lon, lat = at
    west, south, east, north = units.ground
    if not (west <= lon <= east and south <= lat <= north):
        reason = Said("不在中国境内", "the place does not lie in China")
        if units.ground != CHINA:
            reason = Said("不在本市附近", "the place is not near the city")
        if west <= lat <= east and south <= lon <= north:
            reason = Said("经纬度颠倒", "lon and lat are swapped")
        shown = f" (lon {lon}, lat {lat})"
        row.bad("lon", reason.then(Said(shown, shown)))
    return {"lon": lon, "lat": lat}


def register_csv(facilities: Iterable[Facility], *, bom: bool = True) -> str:
    """Facilities as the text of a register; columns of `LATER` stand in it where any is filled."""
    rows = list(facilities)
    columns = [c for c in COLUMNS if c in USUAL or any(getattr(f, c) for f in rows)]
    cells = [[_cell(getattr(f, column)) for column in columns] for f in rows]
    return csv_text(columns, cells, bom=bom)


def _cell(value: object) -> object:
    if isinstance(value, frozenset):
        return ";".join(sorted(value))
    return value.isoformat() if isinstance(value, date) else value
