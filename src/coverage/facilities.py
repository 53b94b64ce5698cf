"""The facility register: what stands where, with which services and beds, and who says so.

A register is a CSV file (UTF-8) with the columns of `COLUMNS`; only
`REQUIRED` must be there. `unit_code` is the finest unit that is known: a
village (12 digits), a township (9), a county (6) or the city itself.

A row with a day in ``since`` is no facility of its own but a change of the one
whose id it bears: from that day on what stands in its columns holds. So a
register remembers, and each year can be asked (`Register.as_of`).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from coverage.errors import InputError, Problem
from coverage.fields import Cells, unknown, words_in
from coverage.formats.tables import Table, csv_text, read_table
from coverage.kinds import ALIASES, KINDS, PROVENANCES, SERVICES, STATUSES, TIER_ALIASES, TIERS
from coverage.messages import Said
from coverage.settings import CHINA
from coverage.shown import Shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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
    "land_area",
    "capacity_total",
    "capacity_used",
    "grade",
    "ownership",
    "partner",
    "unit_code",
    "lon",
    "lat",
    "status",
    "opened",
    "closed",
    "since",
    "source",
    "provenance",
    "note",
)
# Columns that registers of before have not, written where something stands in them.
LATER = frozenset(
    ("tier", "land_area", "capacity_total", "capacity_used", "grade", "partner", "closed", "since")
)
USUAL = tuple(column for column in COLUMNS if column not in LATER)
# What may change while a facility stays the same one.
CHANGING = (
    *("services", "beds", "nursing_beds", "floor_area", "land_area", "capacity_total"),
    *("capacity_used", "grade", "ownership", "partner", "status"),
)

_PROVENANCE_BY_NAME = {zh: id_ for id_, zh in PROVENANCES.items()}
_JUDGED = (
    *("kind", "unit_code", "tier", "services", "floor_area", "land_area"),
    *("lon", "lat", "status", "provenance"),
)
_WORDS: tuple[tuple[str, Collection[str], Mapping[str, str], Said], ...] = (
    ("tier", TIERS, TIER_ALIASES, Said("这种层级", "tier")),
    ("status", STATUSES, {zh: id_ for id_, zh in STATUSES.items()}, Said("这种状态", "status")),
    ("provenance", PROVENANCES, _PROVENANCE_BY_NAME, Said("这种来源", "provenance")),
)
_EMPTY = (None, "")


@dataclass(frozen=True, slots=True)
class Change:
    """What holds of a facility from a day on.

    Attributes:
        since: The day, the first one of a bare year or month.
        values: Names of `CHANGING` with their values from then on.
        source: Where this is from.
        provenance: As of a facility.
        note: Remarks of the source.
    """

    since: date
    values: tuple[tuple[str, Any], ...]
    source: str = ""
    provenance: str = "surveyed"
    note: str = ""


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
        land_area: Area of its land in m².
        capacity_total: Graves or niches (穴, 格位) that it has.
        capacity_used: Those taken.
        grade: 三星, 3A, 一级 …, as its source writes it.
        partner: The medical institution with which it has an agreement.
        ownership: 公办, 民办, 公建民营, 公益性, 经营性 or empty.
        lon: EPSG:4326 degrees, `None` where no place is known.
        lat: As `lon`.
        status: ``open``, ``building``, ``planned`` or ``closed``; only open ones count.
        opened: First day, as far as known (a bare year counts from 1 January).
        closed: The day from which it is closed, as far as known; before it, it was open.
        changes: What changed later, by day; `Facility.on` says what held when.
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
    land_area: float | None = None
    capacity_total: int | None = None
    capacity_used: int | None = None
    grade: str = ""
    ownership: str = ""
    partner: str = ""
    lon: float | None = None
    lat: float | None = None
    status: str = "open"
    opened: date | None = None
    closed: date | None = None
    source: str = ""
    provenance: str = "surveyed"
    note: str = ""
    changes: tuple[Change, ...] = ()

    @property
    def placed(self) -> bool:
        """Whether coordinates are known."""
        return self.lon is not None and self.lat is not None

    @property
    def still(self) -> bool:
        """Whether nothing dated is known of it but the day it opened."""
        return self.closed is None and not self.changes

    def on(self, day: date) -> Facility:
        """The facility as it was at the end of a day, without its changes.

        Its own columns say what held before the first change. Where they already say what the
        last change says, they are those of today, and what held before is not known; but a
        facility that closed was open before, and one that opened was not, before its first day.
        Its provenance is the least sure of its own and of the changes that hold.
        """
        if self.still:
            return self
        closing = [Change(self.closed, (("status", "closed"),))] if self.closed else []
        found: dict[str, list[tuple[date, Any]]] = {}
        for change in sorted([*self.changes, *closing], key=lambda c: c.since):
            for name, value in change.values:
                found.setdefault(name, []).append((change.since, value))
        values: dict[str, Any] = {"changes": ()}
        for name, dated in found.items():
            known = [value for since, value in dated if since <= day]
            if known:
                values[name] = known[-1]
            elif getattr(self, name) == dated[-1][1]:
                values[name] = _UNKNOWN[name]
                if name == "status":
                    begun = dated[0][1] != "open" or (self.opened and self.opened <= day)
                    values[name] = "open" if begun else "planned"
        sure = [self.provenance, *(c.provenance for c in self.changes if c.since <= day)]
        values["provenance"] = max(sure, key=list(PROVENANCES).index)
        shut = values.get("status", self.status) == "closed"
        if self.closed and (self.closed <= day) != shut:  # it opened again, or had closed before
            values["closed"] = None
        return replace(self, **values)

    def as_of(self, year: int) -> Facility:
        """The facility as it was at the end of a year; see `on`."""
        return self if self.still else self.on(date(year, 12, 31))

    def counts_in(self, year: int) -> bool:
        """Whether the facility is open at the end of `year`."""
        status = self.status if self.still else self.as_of(year).status
        return status == "open" and (self.opened is None or self.opened.year <= year)


_UNKNOWN = {f.name: f.default for f in fields(Facility)}


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
            row = {name: getattr(one, name) for name in COLUMNS if name != "since"}
            services = ";".join(sorted(one.services))
            yield row | {"services": services, "changes": len(one.changes)}

    @cached_property
    def _states(self) -> dict[int, Register]:
        return {}

    def as_of(self, year: int) -> Register:
        """The register as it was at the end of a year: beds, services and statuses of then.

        It has no memory of its own; facilities that were not yet open, or no longer, stay in it
        with the status of then, see `Facility.counts_in`.
        """
        if year not in self._states:
            still = all(f.still for f in self.facilities + self.left_out)
            self._states[year] = (
                self
                if still
                else replace(
                    self,
                    facilities=tuple(f.as_of(year) for f in self.facilities),
                    left_out=tuple(f.as_of(year) for f in self.left_out),
                )
            )
        return self._states[year]

    def only(self, provenances: Iterable[str]) -> Register:
        """The register without rows of any other provenance, which are remembered as left out.

        Changes of any other provenance are left out of the facilities that stay.
        """
        wanted = frozenset(provenances)
        kept = tuple(
            f
            if all(c.provenance in wanted for c in f.changes)
            else replace(f, changes=tuple(c for c in f.changes if c.provenance in wanted))
            for f in self.facilities
            if f.provenance in wanted
        )
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
    dated = [row for row in rows if row.has("since")]
    rows = [row for row in rows if not row.has("since")]
    facilities = tuple(_facility(row, units, city_code) for row in rows)
    first: dict[str, int | None] = {}
    for row, facility in zip(rows, facilities, strict=True):
        before = first.setdefault(facility.id, row.row)
        if facility.id and before != row.row:
            zh = f"编号与第 {before} 行重复"
            row.bad("id", Said(zh, f"the id already stands in row {before}"))
    facilities = _remembered(facilities, dated)
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
    values = _values(row, needed=("id", "name"))
    kind = Said("这种设施", "kind")
    values |= {
        "kind": row.choice("kind", KINDS, what=kind, aliases=ALIASES, needed=True),
        "unit_code": _unit_code(row, units, city_code),
    }
    opened, closed = values.get("opened"), values.get("closed")
    if opened and closed and closed < opened:
        row.bad("closed", Said(f"早于开业（{opened}）", f"this is before it opened ({opened})"))
    return Facility(**values | _place(row, units))


def _values(row: Cells, *, but: Sequence[str] = (), needed: Sequence[str] = ()) -> dict[str, Any]:
    """What a row states of itself, whether it is a facility or a change of one."""
    values = row.read(Facility, but=(*_JUDGED, *but), needed=needed)
    for column in ("floor_area", "land_area"):
        area = row.number(column, least=0, what=Said("平方米数", "a number of square metres"))
        if area is not None:
            values[column] = float(area)
    _within(row, values)
    if row.has("services"):
        values["services"] = frozenset(row.names("services"))
    for column, words, by_name, what in _WORDS:
        if row.has(column):
            values[column] = row.choice(column, words, what=what, aliases=by_name)
    return values


def _within(row: Cells, values: Mapping[str, Any]) -> None:
    """Refuse more nursing beds than beds, and more graves taken than there are."""
    for part, whole, zh, en in (
        ("nursing_beds", "beds", "护理型床位多于床位", "there are more nursing beds than beds"),
        ("capacity_used", "capacity_total", "已用多于总数", "more are taken than there are"),
    ):
        most, some = values.get(whole), values.get(part)
        if most is not None and some is not None and some > most:
            row.bad(part, Said(f"{zh}（{most}）", f"{en} ({most})"))


def _remembered(facilities: tuple[Facility, ...], dated: Sequence[Cells]) -> tuple[Facility, ...]:
    """The facilities with the changes of dated rows; what is wrong goes to the rows' problems."""
    known = {f.id: f for f in facilities}
    changes: dict[str, list[Change]] = {}
    for row in dated:
        id_ = row.text("id", needed=True)
        change = _change(row)
        if id_ and id_ not in known:
            row.bad("id", unknown(Said("这个编号的设施", "facility's id"), id_, known))
        elif id_ and change is not None:
            _held_against(row, known[id_])
            made = changes.setdefault(id_, [])
            twice = {n for c in made if c.since == change.since for n, _ in c.values}
            for name in sorted(twice & dict(change.values).keys()):
                row.bad(name, Said("同一天已有另一个值", "another row has a value of this day"))
            made.append(change)
            changed = replace(known[id_], changes=tuple(made)).on(change.since)
            _within(row, {name: getattr(changed, name) for name in CHANGING})
    return tuple(
        replace(f, changes=tuple(sorted(changes[f.id], key=lambda c: c.since)))
        if f.id in changes
        else f
        for f in facilities
    )


def _change(row: Cells) -> Change | None:
    """The change of a dated row, `None` where its day or what changed is missing."""
    since = row.day("since")
    but = [name for name in COLUMNS if name not in {*CHANGING, "source", "provenance", "note"}]
    stated = _values(row, but=but)
    values = tuple((name, stated[name]) for name in CHANGING if name in stated)
    if not values:
        row.bad("since", Said("这一行没有写变了什么", "the row does not say what changed"))
    told = {name: stated[name] for name in ("source", "provenance", "note") if name in stated}
    return Change(since, values, **told) if since and values else None


def _held_against(row: Cells, facility: Facility) -> None:
    """Refuse a dated row that says of its facility what does not change."""
    for name in COLUMNS:
        if name in {*CHANGING, "since", "source", "provenance", "note"} or not row.has(name):
            continue
        said, own = row.text(name), str(_cell(getattr(facility, name)))
        if said != own and not (name == "kind" and ALIASES.get(said) == own):
            reason = Said(
                f"变更行里这一列与设施（{own or '空'}）不同，这一列不按日期记",
                f"a dated row cannot change this, which its facility says ({own or 'nothing'})",
            )
            row.bad(name, reason)


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
    """Facilities as the text of a register, each with its changes in rows below it.

    Columns of `LATER` stand in it where any is filled.
    """
    rows = [row for f in facilities for row in _rows_of(f)]
    columns = [c for c in COLUMNS if c in USUAL or any(row.get(c) not in _EMPTY for row in rows)]
    return csv_text(columns, [[_cell(row.get(c)) for c in columns] for row in rows], bom=bom)


def _rows_of(f: Facility) -> Iterator[dict[str, object]]:
    yield {name: getattr(f, name) for name in COLUMNS if name != "since"}
    for c in f.changes:
        told = {"since": c.since, "source": c.source, "provenance": c.provenance, "note": c.note}
        same = {name: getattr(f, name) for name in REQUIRED}
        yield {**same, **dict(c.values), **told}


def _cell(value: object) -> object:
    if isinstance(value, frozenset):
        return ";".join(sorted(value))
    return value.isoformat() if isinstance(value, date) else value
