"""People at places or on a grid of polygons, into the list of places of a workspace."""

from __future__ import annotations

import tempfile
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import shapely

from coverage.demand.points import from_points
from coverage.errors import InputError, Problem
from coverage.formats.layers import degrees, read_layer
from coverage.formats.tables import csv_text
from coverage.intake.locate import detected
from coverage.intake.outcomes import FEATURES, ROWS, Part, RowOutcome, Use
from coverage.intake.parts import layer_sheet, other_row, part_of, uses_of
from coverage.intake.peoplecells import PEOPLE, Column, people_columns
from coverage.lists.rows import Finding, Outcome
from coverage.messages import Said
from coverage.places.find import Evidence, code_in, find_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.city import City
    from coverage.formats.grids import Cell
    from coverage.lists.sheets import RawRow, RawSheet

# Rows whose townships are looked up to tell the datum: more would not make it surer.
_ASKED = 2_000


@dataclass
class Places:
    """Rows of a list in one form.

    Attributes:
        file: Name of the user's file.
        sheet: Worksheet or layer.
        rows: Number of each row as the user finds it.
        lon: Degrees in WGS84 as text; what is no number stands as in the file.
        lat: As `lon`.
        groups: By group the cells of people.
        said: By row what was put right.
        findings: About the whole.
        cells: Original cells of each row.
        part: The sheet or layer as the report shows it.
        of: What a row is.
        others: Rows of the sheet that are no data.
    """

    file: str
    sheet: str
    rows: list[int]
    lon: list[str]
    lat: list[str]
    groups: dict[str, list[str]]
    said: dict[int, list[Said]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    cells: list[tuple[object, ...]] = field(default_factory=list)
    part: Part = Part("", "")  # noqa: RUF009 -- it is never changed
    of: Said = ROWS
    others: list[RowOutcome] = field(default_factory=list)


def has_places(sheet: RawSheet) -> bool:
    """Whether a sheet has columns of coordinates and of people."""
    at = PEOPLE.places(sheet.columns)
    placed = {"lon", "lat"} <= at.keys() or {"x", "y"} <= at.keys()
    return placed and bool(people_columns(sheet.columns)[0])


def places_of_sheet(sheet: RawSheet, crs: str | None, city: City) -> Places:
    """Places of a sheet; degrees without a stated CRS are tried as what maps of China use.

    Raises:
        InputError: If the coordinates are metres and no CRS is stated, or it is not known.
    """
    heads = list(sheet.columns)
    found = PEOPLE.places(heads)
    axes = ("lon", "lat") if {"lon", "lat"} <= found.keys() else ("x", "y")
    if axes == ("x", "y") and crs is None:
        reason = Said("平面坐标须写明坐标系（--crs）", "metres need their CRS: state it with --crs")
        raise InputError(Problem(reason, sheet.file))
    if not set(axes) <= found.keys():
        raise InputError(
            Problem(Said("缺坐标列", "the columns of the place are missing"), sheet.file)
        )
    at = found[axes[0]], found[axes[1]]
    columns, _ = people_columns(heads)
    data = sheet.data
    places = Places(
        sheet.file,
        sheet.sheet,
        [row.number for row in data],
        [_cell(row.get(at[0])) for row in data],
        [_cell(row.get(at[1])) for row in data],
        {c.group: [_cell(row.get(c.index)) for row in data] for c in columns},
        cells=[row.cells for row in data],
        part=part_of(sheet, _uses(heads, heads[at[0]], heads[at[1]], columns)),
        others=[other_row(sheet, row, 0) for row in sheet.rows if row.role != "data"],
    )
    scales = {c.group: c.scale for c in columns if c.scale != 1}
    _clean(places, scales)
    if crs is None:
        _detect(places, sheet, city)
    else:
        _move(places, crs)
        words = f"坐标按 {crs} 换算为 WGS84。", f"The places were turned from {crs} into WGS84."
        places.findings.append(Finding("datum", "note", Said(*words)))
    return places


def _uses(
    heads: Sequence[str], lon: str | None, lat: str | None, columns: Sequence[Column]
) -> list[Use]:
    known = PEOPLE.fields
    meanings = {lon or "": known["lon"].said, lat or "": known["lat"].said}
    meanings |= {c.name: Said(f"人数 {c.group}", f"people {c.group}") for c in columns}
    return uses_of(heads, meanings)


def _detect(places: Places, sheet: RawSheet, city: City) -> None:
    """Degrees whose datum nobody states: by the headings and the townships that rows name."""
    good = _numbers(places)
    x, y = (np.array([float(axis[i]) for i in good]) for axis in (places.lon, places.lat))
    data = sheet.data
    codes = _townships(sheet, [data[i] for i in good[:_ASKED]], city)
    headings = [*sheet.columns, sheet.sheet]
    found = detected(x, y, codes=codes, names=(), headings=headings, city=city)
    if found.datum in {"gcj02", "bd09"}:
        _move(places, found.datum)
    if found.datum is not None:
        sure = f"{found.confidence:.0%}"
        zh = f"坐标系{found.reason.zh}（把握 {sure}），按此换算为 WGS84；不对请用 --crs 写明。"
        en = f"The datum: {found.reason.en} ({sure} sure). State it with --crs if that is wrong."
        places.findings.append(Finding("datum", "note", Said(zh, en)))
        return
    said = Said(
        f"没有写明坐标系（{found.reason.zh}），按 WGS84 用；高德、百度坐标请用 --crs gcj02、bd09。",
        f"The CRS is not stated ({found.reason.en}) and was taken as WGS84; state gcj02 or bd09 "
        f"with --crs.",
    )
    places.findings.append(Finding("datum", "warning", said))


def _townships(sheet: RawSheet, rows: Sequence[RawRow], city: City) -> list[str]:
    """Code of the township that each row states, empty where it states none."""
    found = PEOPLE.places(sheet.columns)
    at = [found.get(key, -1) for key in ("code", "name", "county")]
    if at[0] < 0 and at[1] < 0:
        return []
    codes = []
    for row in rows:
        code, name, county = (_cell(row.get(i)) if i >= 0 else "" for i in at)
        number = code_in(code)[:9]  # a village stands for its township
        evidence = Evidence(number, county, name="" if number else name)
        codes.append(find_unit(evidence, city.units, level="township").code)
    return codes


def places_of_layer(path: Path, crs: str | None, layer: str | None = None) -> Places:
    """Places of a layer: points as they stand, polygons of a grid at their centroids.

    Raises:
        InputError: If the file cannot be read or has no column that counts people.
    """
    own = read_layer(path, layer=layer, crs=crs)
    heads = list(own.columns)
    columns, _ = people_columns(heads)
    if not columns:
        listed = "、".join(heads) or "无"
        reason = Said(f"没有人数列（有：{listed}）", "no column counts people")
        raise InputError(Problem(reason, path.name))
    sheet = layer_sheet(own)
    usable = np.array(
        [s is not None and not s.is_empty and i not in own.bad for i, s in enumerate(own.shapes)]
    )
    points = np.full(len(own), None, np.object_)
    points[usable] = shapely.centroid(own.shapes[usable])
    lon = [f"{p.x:.9f}" if p is not None else "" for p in points]
    lat = [f"{p.y:.9f}" if p is not None else "" for p in points]
    places = Places(
        path.name,
        own.name,
        list(range(1, len(own) + 1)),
        lon,
        lat,
        {c.group: list(own.columns[c.name]) for c in columns},
        cells=[row.cells for row in sheet.rows],
        part=part_of(sheet, _uses(heads, None, None, columns)),
        of=FEATURES,
    )
    _clean(places, {c.group: c.scale for c in columns if c.scale != 1})
    if any(shapely.get_dimensions(s) == 2 for s in own.shapes[usable]):
        said = Said("面按形心放人。", "The people of polygons stand at their centroids.")
        places.findings.append(Finding("grid", "note", said))
    places.findings += [Finding("file", "note", said) for said in own.said]
    for i, said in own.bad.items():
        places.said.setdefault(i, []).append(said)
    return places


def checked(places: Places, city: City) -> tuple[str, list[RowOutcome], dict[str, float]]:
    """The list as the workspace keeps it, checked by `coverage.demand.points`.

    Returns:
        The text of ``people.csv`` with the rows accepted, the outcome of each row, and people
        in the file, taken, and in the demand that is made of the text.

    Raises:
        InputError: If no row can be used.
    """
    groups = dict(places.groups)
    if "all" not in groups:
        listed = "、".join(groups)
        reason = Said(f"缺总人数列（只有 {listed}）", "the column of all people is missing")
        raise InputError(Problem(reason, places.file))
    heads = ["lon", "lat", "people", *(g for g in groups if g != "all")]
    cells = [places.lon, places.lat, groups["all"], *(c for g, c in groups.items() if g != "all")]
    table = list(zip(*cells, strict=True))
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "people.csv"
        path.write_text(_plain_csv(heads, table), encoding="utf-8")
        try:
            demand, problems = from_points(path, city, skip_bad=True)
        except InputError as error:
            raise InputError([_back(p, places) for p in error.problems]) from error
    wrong: dict[int, list[Said]] = {}
    for problem in problems:
        if problem.row is not None:
            cell = f"（{problem.column} {problem.value!r}）" if problem.column else ""
            said = problem.reason
            wrong.setdefault(problem.row - 2, []).append(
                Said(f"{said.zh}{cell}", f"{said.en}{cell}")
            )
    outcomes = [_outcome(places, i, wrong.get(i)) for i in range(len(places.rows))]
    outcomes = sorted([*places.others, *outcomes], key=lambda o: o.row)
    good = [row for i, row in enumerate(table) if i not in wrong]
    totals = {
        "people_in_file": sum(map(_value, groups["all"])),
        "people_taken": sum(_value(row[2]) for row in good),
        "people_placed": demand.total("all"),
    }
    return _plain_csv(heads, good), outcomes, totals


def _outcome(places: Places, i: int, wrong: Sequence[Said] | None) -> RowOutcome:
    said = places.said.get(i, [])
    kind: Outcome = "rejected" if wrong else "corrected" if said else "accepted"
    told = (*said, *(wrong or ()))
    return RowOutcome(places.rows[i], places.sheet, "", "", kind, told, places.cells[i])


def _plain_csv(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    # Negative numbers are numbers here: nothing of this table is text that could be a formula.
    numbers = [[float(c) if _is_number(c) else c for c in row] for row in rows]
    return csv_text(heads, numbers)


def _back(problem: Problem, places: Places) -> Problem:
    """A complaint about the table made here, as one about the user's file."""
    row = problem.row
    if row is not None and row >= 2:
        row = places.rows[row - 2]
    return Problem(problem.reason, places.file, row, problem.column, problem.value)


def _cell(cell: Cell) -> str:
    return "" if cell is None else str(cell).strip()


def _clean(places: Places, scales: dict[str, int]) -> None:
    """Full-width digits and thousands separators made plain; 万人 turned into people."""
    for group, cells in places.groups.items():
        for i, cell in enumerate(cells):
            text = unicodedata.normalize("NFKC", cell).replace(",", "").removesuffix("人")
            if group in scales and _is_number(text):
                text = repr(float(text) * scales[group])
            if text != cell:
                said = Said(f"“{cell}” 读作 {text}", f"'{cell}' read as {text}")
                places.said.setdefault(i, []).append(said)
                cells[i] = text


def _numbers(places: Places) -> list[int]:
    """Rows whose two coordinates are numbers."""
    return [
        i
        for i, (a, b) in enumerate(zip(places.lon, places.lat, strict=True))
        if _is_number(a) and _is_number(b)
    ]


def _move(places: Places, crs: str) -> None:
    """Turn coordinates of a CRS or datum into WGS84."""
    good = _numbers(places)
    x = np.array([float(places.lon[i]) for i in good])
    y = np.array([float(places.lat[i]) for i in good])
    lon, lat = degrees(x, y, crs, places.file)
    for i, a, b in zip(good, lon.tolist(), lat.tolist(), strict=True):
        places.lon[i], places.lat[i] = f"{a:.9f}", f"{b:.9f}"


def _is_number(text: str) -> bool:
    try:
        value = float(text)
    except ValueError:
        return False
    return "_" not in text and value == value  # noqa: PLR0124 -- NaN


def _value(text: str) -> float:
    return float(text) if _is_number(text) else 0.0
