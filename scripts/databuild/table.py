r"""Deterministic writers: the same content is the same bytes, on every machine and day.

Rows come sorted from the caller; here only the form is fixed: UTF-8, ``\n``
at line ends, six decimals for degrees and one for metres, no time stamps.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING, Any

import shapely
from shapely.geometry import polygon

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

DEGREE_DECIMALS = 6


@dataclass(frozen=True, order=True)
class SourceRow:
    """One line of ``data/sources.csv``: where a shipped file comes from.

    Attributes:
        file: Path of the file below ``data/``, with forward slashes.
        title: What it is.
        origin: Package, publisher or document it was made from.
        licence: Terms under which it ships.
        attribution: Words that must accompany it.
        date: Date or period of the content, not of the build.
        derivation: What was done to the origin.
    """

    file: str
    title: str
    origin: str
    licence: str
    attribution: str
    date: str
    derivation: str


def degrees(value: float) -> str:
    """A longitude or latitude with six decimals, never ``-0.000000``."""
    return f"{value + 0.0:.{DEGREE_DECIMALS}f}"


def metres(value: float) -> str:
    """A length with one decimal."""
    return f"{value + 0.0:.1f}"


def read_csv(path: Path) -> list[dict[str, str]]:
    """Rows of a UTF-8 table with a header, a byte order mark allowed."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 as it stands, whatever the platform's line ends, making the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8"))


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as text; every row must be as long as the header."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        if len(row) != len(columns):
            raise ValueError(f"a row of {len(row)} cells under {len(columns)} columns: {row!r}")
        writer.writerow(row)
    return out.getvalue()


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table; see `csv_text`."""
    write_text(path, csv_text(columns, rows))


def write_sources(path: Path, rows: Iterable[SourceRow]) -> None:
    """Write ``sources.csv``, one row a file, sorted by file.

    Raises:
        ValueError: If a file has two rows, or a row lacks its licence or origin.
    """
    ordered = sorted(rows)
    names = [row.file for row in ordered]
    if len(set(names)) != len(names):
        raise ValueError(f"files with two source rows: {sorted(names)}")
    for row in ordered:
        if not (row.licence and row.origin and row.title):
            raise ValueError(f"the source row of {row.file} lacks its title, origin or licence")
    write_csv(path, [f.name for f in fields(SourceRow)], (astuple(row) for row in ordered))


def canonical(geometry: shapely.Geometry) -> shapely.MultiPolygon:
    """Polygons in one fixed order, exterior rings counter-clockwise, six decimals.

    Pieces that vanish under rounding are dropped, pieces that rounding makes
    invalid are repaired.
    """
    rounded = shapely.transform(geometry, lambda c: c.round(DEGREE_DECIMALS))
    if not shapely.is_valid(rounded):
        rounded = shapely.set_precision(rounded, 10.0**-DEGREE_DECIMALS)
    parts = shapely.get_parts(shapely.normalize(rounded)).tolist()
    solid = [p for p in parts if isinstance(p, shapely.Polygon) and p.area > 0]
    return shapely.MultiPolygon([polygon.orient(part) for part in solid])


def _ring(ring: shapely.LinearRing) -> str:
    return "[" + ",".join(f"[{degrees(x)},{degrees(y)}]" for x, y in ring.coords) + "]"


def _geometry(geometry: shapely.MultiPolygon) -> str:
    polygons = [
        "[" + ",".join(_ring(ring) for ring in (part.exterior, *part.interiors)) + "]"
        for part in geometry.geoms
    ]
    return '{"type":"MultiPolygon","coordinates":[' + ",".join(polygons) + "]}"


def geojson_text(features: Iterable[tuple[Mapping[str, Any], shapely.MultiPolygon]]) -> str:
    """A feature collection, one feature a line, properties in the order given."""
    lines = []
    for properties, geometry in features:
        props = json.dumps(dict(properties), ensure_ascii=False, separators=(",", ":"))
        shape = _geometry(geometry)
        lines.append(f'{{"type":"Feature","properties":{props},"geometry":{shape}}}')
    return '{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n"


def write_geojson(
    path: Path, features: Iterable[tuple[Mapping[str, Any], shapely.MultiPolygon]]
) -> None:
    """Write a feature collection; geometries must already be `canonical`."""
    write_text(path, geojson_text(features))
