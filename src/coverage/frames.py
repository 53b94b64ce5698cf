"""Frames that an analyst has in hand, as what a city is made of: units, people, registers, plans.

A frame becomes the same strict `Table` that a file is read into, so that what is wrong with a
row is said in the same words; rows are numbered from 0, as `DataFrame.iloc` counts them. pandas
and geopandas are imported by whoever made the frame, never here.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from coverage.errors import InputError, Problem
from coverage.fields import Fields
from coverage.formats.tables import Record, Table
from coverage.groups import group_in
from coverage.kinds import ALIASES, KINDS
from coverage.messages import Said
from coverage.plans import Plan, load_plan, plan_of
from coverage.population import People, Population
from coverage.settings import WGS84
from coverage.units import INSIDE, TOWNSHIP_CATEGORIES, CityName, Unit, Units

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import geopandas as gpd
    import pandas as pd
    from shapely.geometry.base import BaseGeometry

    from coverage.boundaries import Boundaries
    from coverage.workspace import Role

_CATEGORIES = (*TOWNSHIP_CATEGORIES, "统计单元")
_MADE = "990000"  # no division of China has this code
_TARGET = re.compile(r"(>=|≥|>|<=|≤|<|=)?\s*(\d+(?:\.\d+)?)\s*[%％]?")
_OPS = {">=": "≥", "<=": "≤"}
_NAME = "frame"  # how complaints call it
_NO_TARGET = Said("目标写作 >=60", "a target is written such as >=60")


def is_frame(thing: object) -> bool:
    """Whether something is a DataFrame, told without importing pandas."""
    return hasattr(thing, "columns") and hasattr(thing, "iloc")


def table_of(frame: pd.DataFrame, name: str = _NAME) -> Table:
    """A frame as the table that a file would be read into; points become lon and lat.

    Raises:
        InputError: If it is no frame, or has places without a CRS.
    """
    if not is_frame(frame):
        found = type(frame).__name__
        raise InputError(
            Said(f"须为 DataFrame，不是 {found}", f"a DataFrame is needed, no {found}")
        )
    columns = {str(c).strip().lower(): frame[c].tolist() for c in frame.columns}
    if hasattr(frame, "geometry") and hasattr(frame, "crs"):
        columns.pop(str(frame.geometry.name).lower())
        places = _in_degrees(cast("Any", frame), name).geometry.tolist()
        columns["lon"] = [getattr(place, "x", None) for place in places]
        columns["lat"] = [getattr(place, "y", None) for place in places]
    cells = {c: [_text(value) for value in values] for c, values in columns.items()}
    records = [Record(n, {c: cells[c][n] for c in cells}) for n in range(len(frame))]
    return Table(name, tuple(cells), tuple(records))


def _text(value: Any) -> str:
    """A cell as a file would have it; nothing for what pandas holds as missing."""
    if value is None or str(value) in {"nan", "NaT", "<NA>"}:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list | tuple | set | frozenset):
        return ";".join(map(str, value))
    return str(value.date() if hasattr(value, "date") else value).strip()


def _in_degrees(frame: gpd.GeoDataFrame, name: str) -> gpd.GeoDataFrame:
    if frame.crs is None:
        reason = Said("没有坐标系，请先 set_crs", "the frame states no CRS: set it with set_crs")
        raise InputError(Problem(reason, name))
    return frame.to_crs(WGS84)


def facilities_table(
    frame: pd.DataFrame, units: Units, townships: Boundaries, *, kind: str = ""
) -> Table:
    """A frame of facilities as the table of a register: what a row leaves out is filled in.

    Args:
        frame: As `coverage.city.register` takes it.
        units: The city's units.
        townships: Their outlines, which say where a place without a code lies.
        kind: Kind of rows that state none.
    """
    table = table_of(frame, "facilities")
    unnamed = [r for r in table.records if not (r.get("since") or _unit_of(r, units))]
    found = dict(zip([r.row for r in unnamed], _codes_at(unnamed, townships), strict=True))
    whole = units.city.code if units.city else ""
    records = []
    for r in table.records:
        if r.get("since"):  # a change of another row says only what changed
            records.append(r)
            continue
        filled = {
            "id": r.get("id") or f"f{r.row:04}",
            "kind": ALIASES.get(r.get("kind"), r.get("kind")) or kind,
            "unit_code": _unit_of(r, units) or found[r.row] or whole,
        }
        records.append(Record(r.row, {**r.cells, **filled}))
    columns = tuple(dict.fromkeys((*table.columns, "id", "kind", "unit_code")))
    return Table(table.file, columns, tuple(records))


def _unit_of(record: Record, units: Units) -> str:
    """The unit that a row states by code, or by a name that one unit alone has."""
    code = record.get("unit_code") or record.get("code")
    named = record.get("unit") or record.get("unit_name")
    found = [u.code for u in units if u.name == named] if named and not code else []
    return code or (found[0] if len(found) == 1 else named)


def _codes_at(records: list[Record], townships: Boundaries) -> list[str]:
    """Code of the township that each row's place lies in, empty where it is in none."""
    import shapely

    def degrees(cell: str) -> float:
        try:
            return float(cell)
        except ValueError:
            return math.nan

    tree = shapely.STRtree(townships.shapes)
    codes = []
    for r in records:
        place = shapely.Point(degrees(r.get("lon")), degrees(r.get("lat")))
        at = [] if place.is_empty else tree.query(place, predicate="intersects").tolist()
        codes.append(min((townships.codes[n] for n in at), default=""))
    return codes


def held(
    units: gpd.GeoDataFrame, *, name: str, code: str, year: int | None, **given: Any
) -> tuple[CityName, dict[Role, Any]]:
    """Everything that a city made from frames holds in memory, as `City.from_frames` says."""
    from coverage.roads.sources import load

    shapes, table = _outlines(units)
    code = code or f"{(table.records[0].get('code') or _MADE)[:4]}00"
    if not re.fullmatch(r"\d{6}", code):
        raise InputError(Said(f"城市代码须为 6 位数字：{code}", f"six digits are needed: {code!r}"))
    label = CityName(code, name or code, name or code, name or code, "", ())
    year = date.today().year if year is None else year  # noqa: DTZ011 -- a planner's calendar
    listed, codes = _units(table, shapes, Unit(code, label.name, "city", "", ""))
    townships = _boundaries_of(codes, shapes)
    made: dict[Role, Any] = {
        "units": listed,
        "townships": townships,
        "counties": _counties(townships),
        "plan": _plan(given["plan"], label, year),
    }
    people, roads = given["population"], given["roads"]
    if people is None:
        made["population"] = _population(_with(table, "unit_code", codes), listed, year)
    elif is_frame(people) and not hasattr(people, "geometry"):
        made["population"] = _population(table_of(people, "population"), listed, year)
    else:
        made["people"] = people if is_frame(people) else Path(people)
    if roads is not None:
        made["roads"] = Path(roads) if isinstance(roads, str | Path) else load(roads)
    return label, made


def _boundaries_of(codes: list[str], shapes: Sequence[BaseGeometry]) -> Boundaries:
    """Outlines from polygons in hand; broken ones are mended."""
    import numpy as np
    import shapely

    from coverage.boundaries import Boundaries

    made = np.empty(len(shapes), np.object_)
    made[:] = shapes
    blank = ["published"] * len(shapes), [""] * len(shapes)
    return Boundaries(codes, shapely.make_valid(made), *blank, "units")


def _with(table: Table, column: str, cells: list[str]) -> Table:
    """A table with other cells in a column."""
    pairs = zip(table.records, cells, strict=True)
    records = tuple(Record(r.row, {**r.cells, column: cell}) for r, cell in pairs)
    return Table(table.file, tuple(dict.fromkeys((*table.columns, column))), records)


def _outlines(frame: gpd.GeoDataFrame) -> tuple[list[BaseGeometry], Table]:
    """Polygons of the units in degrees, and what is said of each."""
    if not is_frame(frame) or not hasattr(frame, "geometry") or not len(frame):
        reason = Said("须为带面的 GeoDataFrame", "a GeoDataFrame of polygons is needed")
        raise InputError(Problem(reason, "units"))
    shapes = _in_degrees(frame, "units").geometry.tolist()
    reason = Said("此行没有面", "the row has no polygon")
    wrong = [n for n, s in enumerate(shapes) if getattr(s, "geom_type", "")[-7:] != "Polygon"]
    if wrong:
        raise InputError(Problem(reason, "units", n) for n in wrong)
    table = table_of(frame.drop(columns=frame.geometry.name), "units")
    if "name" not in table.columns:
        table = _with(table, "name", [str(label) for label in frame.index])
    return shapes, table


def _units(table: Table, shapes: list[BaseGeometry], city: Unit) -> tuple[Units, list[str]]:
    """The townships with the counties above them, and the code of every row."""
    named = {
        r.row: r.get("code").removesuffix("000") if len(r.get("code")) == 12 else r.get("code")
        for r in table.records
    }
    problems = [
        table.problem(r, "category", Said("没有这种单元", f"choose from {'、'.join(_CATEGORIES)}"))
        for r in table.records
        if r.get("category") not in {"", *_CATEGORIES}
    ]
    counties: dict[str, str] = {}
    codes: list[str] = []
    for r in table.records:
        code = named[r.row]
        if not any(named.values()):
            code = _made_code(r.get("county"), counties, codes, city.code)
        elif not re.fullmatch(r"\d{9}", code) or code in codes:
            reason = Said("须为不重复的 9 位代码", "a code of nine digits, once, is needed")
            problems.append(table.problem(r, "code", reason))
        counties.setdefault(code[:6], r.get("county") or city.name)
        codes.append(code)
    if problems:
        raise InputError(problems)
    rows = [Unit(c, name, "county", "", city.code) for c, name in counties.items()]
    for r, code, shape in zip(table.records, codes, shapes, strict=True):
        inside = shape.representative_point()
        told = bool(r.get("lon") and r.get("lat"))
        lon, lat = (float(r.get("lon")), float(r.get("lat"))) if told else (inside.x, inside.y)
        kind = r.get("category") or "镇"
        note = "" if told else INSIDE
        name = r.get("name")
        rows.append(Unit(code, name, "township", kind, code[:6], lon, lat, place_note=note))
    return Units(rows, city=city), codes


def _made_code(county: str, counties: dict[str, str], codes: list[str], city: str) -> str:
    """The next free code in a county, itself made up from the city's."""
    own = next((code for code, name in counties.items() if name == county), "")
    own = own or (f"{city[:4]}{len(counties) + 1:02}" if county else city)
    return f"{own}{1 + sum(code.startswith(own) for code in codes):03}"[:9]


def _counties(townships: Boundaries) -> Boundaries:
    """Outlines of the counties: their townships together."""
    import shapely

    codes = sorted({code[:6] for code in townships.codes})
    of = [code[:6] for code in townships.codes]
    shapes = [
        shapely.union_all([p for p, own in zip(townships.shapes, of, strict=True) if own == code])
        for code in codes
    ]
    return _boundaries_of(codes, shapes)


def _population(table: Table, units: Units, year: int) -> Population:
    """People by township and group, and their sums by county and for the city."""
    groups = {c: g for c in table.columns if (g := group_in(c, whole=True))}
    rows: list[People] = []
    problems = []
    for r in table.records:
        code = _unit_of(r, units)
        if groups and units.get(code) is None:
            problems.append(table.problem(r, "unit_code", Said("没有这个单元", "no such unit")))
        for column, group in groups.items():
            cell = r.get(column)
            if not re.fullmatch(r"\d*(\.\d*)?", cell):
                problems.append(table.problem(r, column, Said("不是人数", "no number of people")))
            elif cell:
                when = int(r.get("year") or year)
                count = round(float(cell))
                rows.append(People(code, "township", group, when, count, "surveyed", table.file))
    if problems:
        raise InputError(problems)
    return Population([*rows, *_sums(rows, units)])


def _sums(rows: list[People], units: Units) -> Iterator[People]:
    sums: Counter[tuple[str, str, str, int]] = Counter()
    city = units.city.code if units.city else ""
    for one in rows:
        sums[city, "city", one.group, one.year] += one.count
        if one.unit_code[:6] != city:
            sums[one.unit_code[:6], "county", one.group, one.year] += one.count
    for (code, level, group, year), count in sums.items():
        yield People(code, level, group, year, count, "surveyed", rows[0].source)


def _plan(given: Any, label: CityName, year: int) -> Plan:
    """The plan that was given in one of its shapes, an empty one if none was."""
    if isinstance(given, Plan):
        return given
    if isinstance(given, str | Path):
        return load_plan(Path(given))
    if given is not None and not is_frame(given):
        return plan_of(Fields(given, [], file="plan", loose=True))
    table = table_of(given, "plan") if given is not None else Table("plan", (), ())
    rows = [_indicator(table, r, year) for r in table.records]
    years = [year, *(row["target"][0]["year"] for row in rows)]
    head = {
        "id": label.code,
        "city": label.code,
        "title": label.name,
        "start": min(years),
        "end": max(years),
        "baseline_year": year,
    }
    return plan_of(Fields({"plan": head, "indicator": rows}, [], file="plan", loose=True))


def _indicator(table: Table, r: Record, year: int) -> dict[str, Any]:
    """A row of a frame of targets as a plan file has it."""
    kind = ALIASES.get(r.get("kind"), r.get("kind"))
    target = _TARGET.fullmatch(r.get("target"))
    if kind not in KINDS or target is None:
        column = "kind" if kind not in KINDS else "target"
        wanted = Said("没有这种设施", "no such kind") if column == "kind" else _NO_TARGET
        raise InputError(table.problem(r, column, wanted))
    level = r.get("level") or "township"
    return {
        "id": r.get("id") or f"own.{r.row + 1}",
        "name": r.get("name") or KINDS[kind].zh,
        "name_en": r.get("name_en") or r.get("name") or KINDS[kind].en,
        "system": KINDS[kind].system,
        "level": level,
        "unit": r.get("unit") or "%",
        "measure": r.get("measure") or "unit_share",
        "match": {"kinds": [kind], "services": [s for s in r.get("services").split(";") if s]}
        | ({"minutes": float(r.get("minutes"))} if r.get("minutes") else {}),
        "target": [
            {
                "year": int(r.get("year") or year),
                "op": _OPS.get(target[1], target[1] or "≥"),
                "value": Decimal(target[2]),
                "clause": r.get("clause") or f"{table.file}[{r.row}]",
            }
        ],
    }
