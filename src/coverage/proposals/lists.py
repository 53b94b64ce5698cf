"""Tables that a planner brings: candidate sites, and what must, must not, stays or may go.

Any file that a bureau sends will do; what columns may be called stands with
the other lists. A place is lon and lat in any spelling that
`coverage.places` reads (WGS84), or the name or code of a township or village,
whose seat it then is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coverage.datum import project
from coverage.errors import InputError, Problem
from coverage.fields import Cells
from coverage.lists.reading import read_file
from coverage.lists.spec import SITES, normal, words
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

RULES = ("mandatory", "forbidden", "keep", "closable", "movable")
_HERE_M = 1000.0  # a place that is forbidden takes the candidates this near with it


@dataclass(frozen=True)
class Fixed:
    """One row of a table of fixed things.

    Attributes:
        rule: One of `RULES`.
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


def read_candidates(path: Path, city: City, ground: Townships, crs: str) -> Candidates:
    """Candidates of a list, each with a place of its own or that of its unit.

    Raises:
        InputError: With everything that is wrong with the list.
    """
    reader = _Reader(path, city, crs)
    places = [reader.place(row) for row in reader.rows]
    costs = [row.number("cost", least=0) for row in reader.rows]
    seen: dict[str, int | None] = {}
    for row in reader.rows:
        if (name := row.text("name")) in seen:
            first = seen[name]
            row.bad(
                "name",
                Said(f"名称与第 {first} 行重复", f"the name already stands in row {first}"),
            )
        if name:
            seen.setdefault(name, row.row)
    reader.check()
    found = [place for place in places if place is not None]
    xy = np.array([place.xy for place in found], dtype=np.float64).reshape(-1, 2)
    inside = units_at(ground, xy)
    for row, code in zip(reader.rows, inside, strict=True):
        if not code:
            row.bad("lon", Said(f"位置不在{city.name}内", "the place lies outside the city"))
    reader.check()
    units = [place.unit or code for place, code in zip(found, inside, strict=True)]
    names = [r.text("name") or city.units.name(u) for r, u in zip(reader.rows, units, strict=True)]
    return Candidates(
        crs=crs,
        names=tuple(names),
        xy=xy,
        unit=tuple(units),
        costs=np.array([math.nan if cost is None else float(cost) for cost in costs]),
        source=Said(f"名单 {path.name} 的 {len(names)} 处", f"{len(names)} sites of {path.name}"),
    )


def read_fixed(path: Path, city: City, crs: str, facilities: dict[str, str]) -> tuple[Fixed, ...]:
    """What is fixed, row by row.

    Args:
        path: A table with a column ``rule`` (规则).
        city: The city.
        crs: The plane.
        facilities: Name by id of the existing facilities that are asked about.

    Raises:
        InputError: With everything that is wrong with the table.
    """
    reader = _Reader(path, city, crs, needed="rule")
    found = [reader.fixed(row, facilities) for row in reader.rows]
    reader.check()
    return tuple(one for one in found if one is not None)


@dataclass(frozen=True)
class _Place:
    xy: tuple[float, float]
    unit: str


class _Reader:
    """The rows of a list, turned into places; what is wrong with them is gathered."""

    def __init__(self, path: Path, city: City, crs: str, needed: str = "") -> None:
        self.city, self.crs = city, crs
        self.problems: list[Problem] = []
        sheet = next(one for one in read_file(path, spec=SITES))
        columns = [SITES.field(name) or name for name in sheet.columns]
        for field in SITES.fields:
            if columns.count(field) > 1:
                self._refuse(path, field, Said("两列意思相同", "two columns have the same meaning"))
        if needed and needed not in columns:
            said = SITES.fields[needed].said
            self._refuse(
                path, needed, Said(f"缺少列 {said.zh}", f"the column '{said.en}' is missing")
            )
        if not sheet.data and not self.problems:
            self._refuse(path, None, Said("名单没有数据行", "the list has no row"))
        self.check()
        self.paired = "lat" in columns
        self.rows = [
            Cells(
                {
                    c: str(v).strip()
                    for c, v in zip(columns, row.cells, strict=False)
                    if v is not None
                },
                self.problems,
                file=path.name,
                row=row.number,
            )
            for row in sheet.data
        ]

    def _refuse(self, path: Path, column: str | None, reason: Said) -> None:
        self.problems.append(Problem(reason, path.name, None, column))

    def check(self) -> None:
        if self.problems:
            raise InputError(self.problems)

    def place(self, row: Cells) -> _Place | None:
        """The place of a row, from its coordinates or its unit; None is complained of."""
        lon, lat = row.text("lon"), row.text("lat")
        if lon or lat:
            read = parse_coordinates(
                lon, lat if self.paired else None, bounds=self.city.units.around
            )
            if read.lon is None or read.lat is None:
                row.bad("lon", read.problem or Said("没有坐标", "no place"))
                return None
            x, y = project(read.lon, read.lat, self.crs)
            return _Place((float(x), float(y)), "")
        if not row.text("unit"):
            row.bad("name", Said("没有坐标也没有乡镇", "neither a place nor a township"))
            return None
        unit = self.unit(row)
        if unit is None:
            return None
        seat = unit if unit.placed else self.city.units.get(unit.code[:9])
        if seat is None or seat.lon is None or seat.lat is None:
            row.bad("unit", Said(f"{unit.name}位置不详", "the unit has no known place"))
            return None
        x, y = project(seat.lon, seat.lat, self.crs)
        return _Place((float(x), float(y)), unit.code)

    def unit(self, row: Cells) -> Unit | None:
        """The unit that a row names; None is complained of."""
        text = row.text("unit")
        code = text if code_in(text) else ""
        found = find_unit(Evidence(code, address="" if code else text), self.city.units)
        if found.unit is None:
            none = Said("没有这样的单元", "there is no such unit")
            row.bad("unit", found.question or next(iter(found.why), none))
        return found.unit

    def fixed(self, row: Cells, facilities: dict[str, str]) -> Fixed | None:
        rule = words("rules").get(normal(row.text("rule")))
        if rule is None:
            known = "必建、禁建、保留、可关闭、可迁移"
            row.bad("rule", Said(f"规则可为：{known}", f"the rule is one of {', '.join(RULES)}"))
            return None
        if rule in {"keep", "closable", "movable"}:
            return self._existing(row, rule, facilities)
        number, name = row.row or 0, row.text("name")
        if row.has("lon") or row.has("lat"):
            place = self.place(row)
            return Fixed(rule, number, name, xy=place.xy) if place else None
        if row.has("unit"):
            unit = self.unit(row)
            return Fixed(rule, number, name, unit=unit.code) if unit else None
        if name:
            return Fixed(rule, number, name)
        row.bad("name", Said("没有名称、坐标或乡镇", "no name, place or township"))
        return None

    def _existing(self, row: Cells, rule: str, facilities: dict[str, str]) -> Fixed | None:
        id_, name = row.text("id"), row.text("name")
        same = [one for one, called in facilities.items() if name and called == name]
        if id_ in facilities or (len(same) == 1 and not id_):
            found = id_ or same[0]
            return Fixed(rule, row.row or 0, facilities[found], facility=found)
        reason = (
            Said("有同名的多处设施，请写编号", "several facilities have this name: give the id")
            if same
            else Said(
                "没有这样的现有设施（类别、年份均须相符）",
                "there is no such existing facility of the kind and year asked about",
            )
        )
        row.bad("id" if id_ else "name", reason)
        return None
