"""Layers for a GIS colleague: one GeoPackage with styles inside, in EPSG:4326.

``counties``, ``townships``, ``missing``, ``facilities`` and ``roads`` are
layers, with a scenario ``proposal`` too; ``indicators`` and ``targets`` are
tables of every number; the record stands in ``gpkg_metadata``. What was kept
back is empty there, and said so in the column ``withheld``.
"""

from __future__ import annotations

import errno
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

from coverage.briefs.pages import NAMESPACE, Pages, json_text, record_of
from coverage.briefs.qgis import Layer, Written, qml, style_of, write_project
from coverage.briefs.rendering import FOLDER
from coverage.maps.outlines import plane_of, read_areas, road_lines
from coverage.messages import Said
from coverage.results.document import HIDDEN, Document, FacilityRow, Figure, known
from coverage.results.table import plain
from coverage.results.vocabulary import GROUPS
from coverage.roads.sources import load
from coverage.settings import WGS84

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from coverage.city import City
    from coverage.maps.view import Area

_Row = dict[str, Any]  # of a layer, by column
_STATUS = {True: Said("已覆盖", "covered"), False: Said("未覆盖", "missing")}
_NAMES: dict[str, Said] = {
    "proposal": Said("方案：新建、调整、关闭", "proposal: new, changed, closed"),
    "missing": Said("尚未覆盖的乡镇", "missing townships"),
    "facilities": Said("设施", "facilities"),
    "townships": Said("乡镇（街道）", "townships"),
    "counties": Said("县（市、区）", "counties"),
    "roads": Said("道路", "roads"),
}
# From the top of the map to its ground.
ORDER = tuple(_NAMES)


def write(path: Path, pages: Pages) -> None:
    """Write the GeoPackage, and a QGIS project of the same name beside it.

    Raises:
        InputError: If the boundaries or roads cannot be read.
        OSError: If the file cannot be written.
    """
    try:
        written = _write(path, pages.city, pages.document)
        write_project(path.with_suffix(".qgz"), path.name, written, pages.document)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, sqlite3.Error) as error:
        # GDAL and SQLite have errors of their own for a full disk.
        raise OSError(errno.EIO, str(error), str(path)) from error


def _write(path: Path, city: City, document: Document) -> Written:
    counties, townships = read_areas(city)
    frames = {
        "counties": _outlines(document, counties, "county"),
        "townships": _outlines(document, townships, "township"),
        "proposal": _proposal(document),
        "missing": _missing(document),
        "facilities": _facilities(document, document.register),
        "roads": _roads(city),
    }
    lang = document.lang
    layers = []
    for name in ORDER:
        frame = frames[name]
        if frame.empty:
            continue
        pyogrio.write_dataframe(frame, path, layer=name, driver="GPKG", append=path.exists())
        layers.append(Layer(name, _NAMES[name].to(lang), style_of(name, frame, lang)))
    for name, table in (("indicators", _indicators(document)), ("targets", _targets(document))):
        pyogrio.write_dataframe(table, path, layer=name, driver="GPKG", append=True)
    with closing(sqlite3.connect(path)) as base, base:
        _styles(base, layers)
        _metadata(base, json_text(record_of(document)))
    west, south, east, north = frames["townships"].total_bounds
    return Written(tuple(layers), (west, south, east, north), plane_of(counties or townships))


def _frame(rows: Sequence[_Row], shapes: Sequence[Any]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(pd.DataFrame(list(rows)), geometry=list(shapes), crs=WGS84)


def _number(value: Figure) -> float | int | None:
    return plain(known(value))


def _outlines(document: Document, areas: Sequence[Area], level: str) -> gpd.GeoDataFrame:
    units = {u.code: u for u in document.units if u.level == level}
    rows = []
    for area in areas:
        unit = units.get(area.code)
        people = unit.people if unit else {}
        rows.append(
            {
                "code": area.code,
                "name": area.name,
                "county": area.county,
                "category": unit.category if unit else "",
                "outline": "approximate" if area.approximate else "official",
                **{f"people_{_column(g)}": _number(people.get(g)) for g in GROUPS},
                "withheld": ",".join(g for g in people if people[g] == HIDDEN),
                **_results(document, area.code, level),
            }
        )
    return _frame(rows, [area.outline for area in areas])


def _column(text: str) -> str:
    """A column name that every GIS takes: 60+ is 60_up."""
    return text.replace("+", "_up").replace("-", "_").replace(".", "_")


def _results(document: Document, code: str, level: str) -> _Row:
    """What the indicators say of a unit: has it or not by township, shares by county."""
    first, made = document.lead(), _Row()
    if level == "township":
        holds = None if first is None or first.covered is None else first.holds(code)
        made["status"] = "" if holds is None else _STATUS[holds].to(document.lang)
        for i in document.valued():
            if i.level == "township" and i.covered is not None:
                has = i.holds(code)
                made[_column(i.id)] = None if has is None else int(has)
        return made
    shares = {i.id: c for i in document.valued() for c in i.by_county if c.code == code}
    for id_, share in shares.items():
        for part in ("numerator", "denominator", "value"):
            made[f"{_column(id_)}_{part}"] = _number(getattr(share, part))
    if first is not None:
        made["share"] = _number(shares[first.id].value) if first.id in shares else None
    return made


def _missing(document: Document) -> gpd.GeoDataFrame:
    first, units = document.lead(), document.unit_rows()
    rows, shapes = [], []
    for rank, code in enumerate((first and first.missing) or (), start=1):
        unit = units.get(code)
        if unit is None or first is None or unit.lon is None or unit.lat is None:
            continue
        people, county = unit.people[first.group], units.get(unit.county or "")
        rows.append(
            {
                "rank": rank,
                "code": code,
                "name": unit.name,
                "county": county.name if county else "",
                "people": _number(people),
                "group": first.group,
                "withheld": first.group if people == HIDDEN else "",
            }
        )
        shapes.append(shapely.Point(unit.lon, unit.lat))
    return _frame(rows, shapes)


def _facilities(document: Document, register: Sequence[FacilityRow]) -> gpd.GeoDataFrame:
    """Facilities where they stand, else at the seat of their township; others without a place."""
    seats = {
        u.code: (u.lon, u.lat)
        for u in document.units
        if u.level == "township" and u.lon is not None and u.lat is not None
    }
    rows, shapes = [], []
    for f in register:
        own = f.lon is not None and not f.masked
        place = seats.get(f.unit[:9]) if f.lon is None or f.lat is None else (f.lon, f.lat)
        rows.append(
            {
                **_fields(f, "id name kind kind_name tier unit unit_name"),
                "services": ";".join(f.services),
                "beds": _number(f.beds),
                "nursing_beds": _number(f.nursing_beds),
                **{name: _number(getattr(f, name)) for name in _SIZES},
                **_fields(f, "grade partner status closed ownership provenance source"),
                "place": "own" if own else "seat" if place else "",
                "withheld": "place" * f.masked + " beds" * (f.beds == HIDDEN),
            }
        )
        shapes.append(shapely.Point(place) if place else None)
    return _frame(rows, shapes)


_SIZES = ("floor_area", "land_area", "capacity_total", "capacity_used")


def _fields(row: object, names: str) -> _Row:
    return {name: getattr(row, name) for name in names.split()}


def _proposal(document: Document) -> gpd.GeoDataFrame:
    """The facilities that a scenario builds, changes or closes, where they stand afterwards."""
    change = document.scenario
    if change is None:
        return _frame([], [])
    register = {f.id: f for f in (*document.register, *change.after.register)}
    acts = {id_: act for id_, act in change.changes.items() if id_ in register}
    frame = _facilities(document, [register[id_] for id_ in acts])
    frame.insert(0, "number", range(1, len(acts) + 1))
    frame.insert(1, "change", list(acts.values()))
    return frame


def _roads(city: City) -> gpd.GeoDataFrame:
    network = load(city.roads)
    lines = [shapely.LineString(points) for points in road_lines(network)]
    return _frame([{"source": str(network.origin.get("source", "shipped"))}] * len(lines), lines)


def _indicators(document: Document) -> pd.DataFrame:
    return pd.DataFrame(
        {
            **_fields(i, "id name system level unit measure basis status clause"),
            **{k: _number(getattr(i, k)) for k in ("numerator", "denominator", "value")},
            "low": None if i.range is None else plain(i.range.low),
            "high": None if i.range is None else plain(i.range.high),
            "in_doubt": len(i.in_doubt),
            "missing": None if i.missing is None else len(i.missing),
            "missing_people": _number(i.missing_people),
        }
        for i in document.indicators
    )


def _targets(document: Document) -> pd.DataFrame:
    rows = [
        {
            "id": i.id,
            **_fields(aim, "year op"),
            "target": plain(aim.value),
            "text": aim.text,
            "met": None if aim.met is None else int(aim.met),
            "gap_points": _number(aim.gap_points),
            "gap_units": _number(aim.gap_units),
            "undecided_because": aim.undecided_because,
            "due": int(aim.due),
            "clause": aim.clause,
        }
        for i in document.indicators
        for aim in i.targets
    ]
    names = "id year op target text met gap_points gap_units undecided_because due clause"
    return pd.DataFrame(rows, columns=names.split())


def _styles(base: sqlite3.Connection, layers: Sequence[Layer]) -> None:
    """The table in which QGIS looks for the style of a layer that is opened on its own."""
    base.executescript((FOLDER / "styles.sql").read_text(encoding="utf-8"))
    base.executemany(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, "
        "f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner) "
        "VALUES ('', '', ?, 'geom', ?, ?, '', 1, ?, '')",
        [(layer.name, layer.name, qml(layer.style), layer.title) for layer in layers],
    )


def _metadata(base: sqlite3.Connection, record: str) -> None:
    """The record, in the tables that the GeoPackage standard (F.8) gives to metadata."""
    base.executescript((FOLDER / "metadata.sql").read_text(encoding="utf-8"))
    base.execute(
        "INSERT INTO gpkg_metadata (md_scope, md_standard_uri, mime_type, metadata) "
        "VALUES ('dataset', ?, 'application/json', ?)",
        (NAMESPACE, record),
    )
    base.execute(
        "INSERT INTO gpkg_metadata_reference (reference_scope, md_file_id) "
        "VALUES ('geopackage', last_insert_rowid())"
    )
