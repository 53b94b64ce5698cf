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
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely

from coverage.briefs import record
from coverage.briefs.styling import qml, styles
from coverage.briefs.tables import computed, lead, plain
from coverage.maps.outlines import plane_of, read_areas, road_lines
from coverage.messages import Said
from coverage.results.discretion import hidden
from coverage.results.document import GROUPS
from coverage.roads.sources import load
from coverage.settings import WGS84

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from coverage.city import City

_COVERED, _MISSING = Said("已覆盖", "covered"), Said("未覆盖", "missing")
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


@dataclass(frozen=True)
class Layer:
    """A layer that was written.

    Attributes:
        name: In the GeoPackage.
        title: In the legend of the project.
        geometry: ``Point``, ``Line`` or ``Polygon``.
        style: The elements of its QGIS style.
    """

    name: str
    title: str
    geometry: str
    style: str


@dataclass(frozen=True)
class Written:
    """The layers of a GeoPackage, from top to bottom, and what a map of them needs."""

    layers: tuple[Layer, ...]
    bounds: tuple[float, float, float, float]
    crs: str


def write(path: Path, city: City, document: Mapping[str, Any]) -> Written:
    """Write the GeoPackage.

    Args:
        path: The ``.gpkg``.
        city: Whose outlines and roads are drawn; every number comes from `document`.
        document: The result object, as it may be published.

    Raises:
        InputError: If the boundaries or roads cannot be read.
        OSError: If the file cannot be written.
    """
    try:
        return _write(path, city, document)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, sqlite3.Error) as error:
        # GDAL and SQLite have errors of their own for a full disk.
        raise OSError(errno.EIO, str(error), str(path)) from error


def _write(path: Path, city: City, document: Mapping[str, Any]) -> Written:
    counties, townships = read_areas(city)
    frames = {
        "counties": _outlines(document, counties, "county"),
        "townships": _outlines(document, townships, "township"),
        "proposal": _proposal(document),
        "missing": _missing(document),
        "facilities": _facilities(document, document["register"]),
        "roads": _roads(city),
    }
    lang = document["lang"]
    layers = []
    for name in ORDER:
        frame = frames[name]
        if frame.empty:
            continue
        pyogrio.write_dataframe(frame, path, layer=name, driver="GPKG", append=path.exists())
        title = _NAMES[name].to(lang)
        geometry, style = styles(name, frame, lang)
        layers.append(Layer(name, title, geometry, style))
    for name, table in (("indicators", _indicators(document)), ("targets", _targets(document))):
        pyogrio.write_dataframe(table, path, layer=name, driver="GPKG", append=True)
    with closing(sqlite3.connect(path)) as base, base:
        _styles(base, layers)
        _metadata(base, document)
    west, south, east, north = frames["townships"].total_bounds
    return Written(tuple(layers), (west, south, east, north), plane_of(counties or townships))


def _frame(rows: Sequence[dict[str, Any]], shapes: Sequence[Any]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(pd.DataFrame(list(rows)), geometry=list(shapes), crs=WGS84)


def _outlines(document: Mapping[str, Any], areas: Sequence[Any], level: str) -> gpd.GeoDataFrame:
    units = {u["code"]: u for u in document["units"] if u["level"] == level}
    rows = []
    for area in areas:
        unit = units.get(area.code)
        people = unit["people"] if unit else {}
        rows.append(
            {
                "code": area.code,
                "name": area.name,
                "county": area.county,
                "category": unit["category"] if unit else "",
                "outline": "approximate" if area.approximate else "published",
                **{f"people_{_column(g)}": plain(people.get(g)) for g in GROUPS},
                "withheld": ",".join(g for g in people if hidden(people[g])),
                **_results(document, area.code, level),
            }
        )
    return _frame(rows, [area.outline for area in areas])


def _column(text: str) -> str:
    """A column name that every GIS takes: 60+ is 60_up."""
    return text.replace("+", "_up").replace("-", "_").replace(".", "_")


def _results(document: Mapping[str, Any], code: str, level: str) -> dict[str, Any]:
    """What the indicators say of a unit: has it or not by township, shares by county."""
    lang = document["lang"]
    made: dict[str, Any] = {}
    first = lead(document)
    if level == "township":
        made["status"] = _status(first, code, lang) if first else ""
        for i in computed(document):
            if i["level"] == "township" and i["covered"] is not None:
                made[_column(i["id"])] = _has(i, code)
        return made
    for i in computed(document):
        share = next((c for c in i["by_county"] if c["code"] == code), None)
        if share is not None:
            column = _column(i["id"])
            for part in ("numerator", "denominator", "value"):
                made[f"{column}_{part}"] = plain(share[part])
    if first is not None:
        said = next((c for c in first["by_county"] if c["code"] == code), None)
        made["share"] = plain(said["value"]) if said else None
    return made


def _has(indicator: Mapping[str, Any], code: str) -> int | None:
    if code in indicator["covered"]:
        return 1
    return 0 if code in (indicator["missing"] or ()) else None


def _status(indicator: Mapping[str, Any], code: str, lang: Any) -> str:
    has = _has(indicator, code) if indicator["covered"] is not None else None
    return "" if has is None else (_COVERED if has else _MISSING).to(lang)


def _missing(document: Mapping[str, Any]) -> gpd.GeoDataFrame:
    first = lead(document)
    units = {u["code"]: u for u in document["units"] if u["level"] in {"county", "township"}}
    rows, shapes = [], []
    for rank, code in enumerate((first["missing"] or ()) if first else (), start=1):
        unit = units.get(code)
        if unit is None or first is None or unit["lon"] is None:
            continue
        people = unit["people"][first["group"]]
        rows.append(
            {
                "rank": rank,
                "code": code,
                "name": unit["name"],
                "county": units[unit["county"]]["name"] if unit["county"] in units else "",
                "people": plain(people),
                "group": first["group"],
                "withheld": first["group"] if hidden(people) else "",
            }
        )
        shapes.append(shapely.Point(unit["lon"], unit["lat"]))
    return _frame(rows, shapes)


def _facilities(
    document: Mapping[str, Any], register: Sequence[dict[str, Any]]
) -> gpd.GeoDataFrame:
    """Facilities where they stand, else at the seat of their township; others without a place."""
    seats = {
        u["code"]: (u["lon"], u["lat"])
        for u in document["units"]
        if u["level"] == "township" and u["lon"] is not None
    }
    rows, shapes = [], []
    for f in register:
        own = f["lon"] is not None and not f["masked"]
        place = (f["lon"], f["lat"]) if f["lon"] is not None else seats.get(f["unit"][:9])
        rows.append(
            {
                **{k: f[k] for k in ("id", "name", "kind", "kind_name", "unit", "unit_name")},
                "services": ";".join(f["services"]),
                "beds": plain(f["beds"]),
                "nursing_beds": plain(f["nursing_beds"]),
                **{k: f[k] for k in ("status", "ownership", "provenance", "source")},
                "place": "own" if own else "seat" if place else "",
                "withheld": "place" * f["masked"] + " beds" * hidden(f["beds"]),
            }
        )
        shapes.append(shapely.Point(place) if place else None)
    return _frame(rows, shapes)


def _proposal(document: Mapping[str, Any]) -> gpd.GeoDataFrame:
    """The facilities that a scenario builds, changes or closes, where they stand afterwards."""
    scenario = document.get("scenario")
    if scenario is None:
        return _frame([], [])
    known = {f["id"]: f for f in [*document["register"], *scenario["after"]["register"]]}
    changes = {id_: change for id_, change in scenario["changes"].items() if id_ in known}
    frame = _facilities(document, [known[id_] for id_ in changes])
    frame.insert(0, "number", range(1, len(changes) + 1))
    frame.insert(1, "change", list(changes.values()))
    return frame


def _roads(city: City) -> gpd.GeoDataFrame:
    network = load(city.roads)
    lines = [shapely.LineString(points) for points in road_lines(network)]
    return _frame([{"source": str(network.origin.get("source", "shipped"))}] * len(lines), lines)


def _indicators(document: Mapping[str, Any]) -> pd.DataFrame:
    keys = ("id", "name", "system", "level", "unit", "measure", "basis", "status", "clause")
    rows = [
        {
            **{key: i[key] for key in keys},
            **{key: plain(i[key]) for key in ("numerator", "denominator", "value")},
            "missing": None if i["missing"] is None else len(i["missing"]),
            "missing_people": plain(i["missing_people"]),
        }
        for i in document["indicators"]
    ]
    return pd.DataFrame(rows)


def _targets(document: Mapping[str, Any]) -> pd.DataFrame:
    rows = [
        {
            "id": i["id"],
            "year": t["year"],
            "op": t["op"],
            "target": t["value"],
            "text": t["text"],
            "met": None if t["met"] is None else int(t["met"]),
            "gap_points": plain(t["gap_points"]),
            "gap_units": plain(t["gap_units"]),
            "due": int(t["due"]),
            "clause": t["clause"],
        }
        for i in document["indicators"]
        for t in i["targets"]
    ]
    columns = ("id", "year", "op", "target", "text", "met", "gap_points", "gap_units", "due")
    return pd.DataFrame(rows, columns=[*columns, "clause"])


def _styles(base: sqlite3.Connection, layers: Sequence[Layer]) -> None:
    """The table in which QGIS looks for the style of a layer that is opened on its own."""
    base.execute(
        "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, "
        "f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256), "
        "f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT, "
        "useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), "
        "update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))"
    )
    base.executemany(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, "
        "f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, owner) "
        "VALUES ('', '', ?, 'geom', ?, ?, '', 1, ?, '')",
        [(layer.name, layer.name, qml(layer.style), layer.title) for layer in layers],
    )
    base.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) "
        "VALUES ('layer_styles', 'attributes', 'layer_styles', 0)"
    )


def _metadata(base: sqlite3.Connection, document: Mapping[str, Any]) -> None:
    """The record, in the tables that the GeoPackage standard (F.8) gives to metadata."""
    base.executescript(
        """
        CREATE TABLE IF NOT EXISTS gpkg_metadata (id INTEGER PRIMARY KEY NOT NULL,
          md_scope TEXT NOT NULL DEFAULT 'dataset', md_standard_uri TEXT NOT NULL,
          mime_type TEXT NOT NULL DEFAULT 'text/xml', metadata TEXT NOT NULL DEFAULT '');
        CREATE TABLE IF NOT EXISTS gpkg_metadata_reference (reference_scope TEXT NOT NULL,
          table_name TEXT, column_name TEXT, row_id_value INTEGER,
          timestamp DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
          md_file_id INTEGER NOT NULL, md_parent_id INTEGER,
          CONSTRAINT crmr_mfi_fk FOREIGN KEY (md_file_id) REFERENCES gpkg_metadata(id),
          CONSTRAINT crmr_mpi_fk FOREIGN KEY (md_parent_id) REFERENCES gpkg_metadata(id));
        CREATE TABLE IF NOT EXISTS gpkg_extensions (table_name TEXT, column_name TEXT,
          extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL,
          CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
        """
    )
    base.execute(
        "INSERT INTO gpkg_metadata (md_scope, md_standard_uri, mime_type, metadata) "
        "VALUES ('dataset', ?, 'application/json', ?)",
        (record.NAMESPACE, record.text(document["record"])),
    )
    base.execute(
        "INSERT INTO gpkg_metadata_reference (reference_scope, md_file_id) "
        "VALUES ('geopackage', last_insert_rowid())"
    )
    for table in ("gpkg_metadata", "gpkg_metadata_reference"):
        base.execute(
            "INSERT OR IGNORE INTO gpkg_extensions VALUES (?, NULL, 'gpkg_metadata', "
            "'http://www.geopackage.org/spec120/#extension_metadata', 'read-write')",
            (table,),
        )
