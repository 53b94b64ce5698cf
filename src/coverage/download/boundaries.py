"""Township polygons of OpenStreetMap fitted to a city's list of townships."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely
from shapely.geometry import mapping, shape

from coverage.boundaries import read_boundaries
from coverage.download import osm
from coverage.errors import InputError
from coverage.messages import Said
from coverage.places.find import Evidence, find_unit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coverage.city import City
    from coverage.download.osm import Thing
    from coverage.units import Unit
    from coverage.workspace import Role

LEVEL = "8"
TAGS = {"admin_level": LEVEL}
_MIN_SHARE = 0.02  # of its former cell that a township keeps beside the downloaded ones


class Placed(NamedTuple):
    """Townships with the polygons they got.

    Attributes:
        text: Their file, a feature a line in the order of the codes.
        said: What came, in sentences.
        left_out: Areas that were not used, with the reason.
    """

    text: str
    said: tuple[Said, ...]
    left_out: tuple[Said, ...]


def outline(city: City) -> Any:
    """The city as one valid polygon in degrees.

    Raises:
        InputError: If it has neither counties nor townships with a boundary.
    """
    shapes = read_boundaries(city.find("counties") or city.file("townships")).shapes
    return shapely.union_all(shapes)


def place_townships(city: City, things: Iterable[Thing]) -> Placed:
    """Find the township of every area, by its name and the county it lies in.

    Raises:
        InputError: If no area is a township of the city.
    """
    areas = [thing for thing in things if _is_area(thing)]
    counties = _polygons(city, "counties")
    found: dict[str, Thing] = {}
    left_out = []
    for thing in areas:
        county = _county_at(thing.shape.representative_point(), counties)
        if counties and not county:
            continue  # a neighbour of the city
        unit, why = _unit_of(thing, city, county)
        if unit is not None and unit.code in found:
            why = Said(f"{unit.name}已有另一个多边形", f"{unit.name} has a polygon already")
        if unit is None or why is not None:
            zh, en = why or Said("没有对上", "no match")
            label = f"{thing.id} {osm.name_of(thing.tags)}"
            left_out.append(Said(f"未用 {label}：{zh}", f"not used, {label}: {en}"))
            continue
        found[unit.code] = thing
    if not found:
        raise InputError(
            Said(
                f"OpenStreetMap 没有{city.name}的乡镇界（行政级别 8）",
                f"no township boundaries of {city.name} ({len(areas)} areas of level {LEVEL}, "
                "none of the city)",
            )
        )
    features, kept = _features(city, found)
    lines = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in features)
    text = f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}\n'
    return Placed(text, _said(city, set(found), kept), tuple(left_out))


def _said(city: City, found: set[str], kept: set[str]) -> tuple[Said, ...]:
    every = city.units.townships
    lost = [unit.name for unit in every if unit.code not in found | kept][:10]
    said = (
        Said(
            f"乡镇界：{len(found)} 个取自 OSM（共 {len(every)} 个乡镇），{len(kept)} 个沿用近似格",
            f"township boundaries: {len(found)} from OSM (of {len(every)} townships), {len(kept)} "
            "keep their approximate cell",
        ),
        Said(
            "OSM 界线由志愿者绘制，不是法定界线",
            "OSM boundaries are drawn by volunteers and have no legal standing",
        ),
    )
    if not lost:
        return said
    zh, en = "、".join(lost), ", ".join(lost)
    return (*said, Said(f"没有界线的乡镇：{zh}", f"townships without a boundary: {en}"))


def _is_area(thing: Thing) -> bool:
    tags = thing.tags
    return (
        tags.get("boundary") == "administrative"
        and tags.get("admin_level") == LEVEL
        and thing.shape.geom_type in {"Polygon", "MultiPolygon"}
    )


def _unit_of(thing: Thing, city: City, county: str) -> tuple[Unit | None, Said | None]:
    """The township that an area is called by, or why it is none."""
    name = osm.name_of(thing.tags)
    evidence = Evidence(county=city.units.name(county) if county else "", name=name)
    match = find_unit(evidence, city.units, level="township")
    if match.unit is None:
        return None, match.why[0]
    if county and match.unit.code[:6] != county:
        return None, Said("与名录所在县不符", "it lies in another county than listed")
    return match.unit, None


def _features(city: City, found: dict[str, Thing]) -> tuple[list[dict[str, Any]], set[str]]:
    """Features of the downloaded townships and of the cells that others keep."""
    features = [
        _feature(city.units[code], shapely.make_valid(thing.shape), "published", thing.id)
        for code, thing in found.items()
    ]
    taken = shapely.union_all([shape(f["geometry"]) for f in features])
    kept = set()
    for code, cell in _polygons(city, "townships").items():
        unit = city.units.get(code)
        if unit is None or code in found:
            continue
        rest = _areal(shapely.make_valid(cell).difference(taken))
        if rest.area > _MIN_SHARE * cell.area:
            features.append(_feature(unit, rest, "approximate", "former cell"))
            kept.add(code)
    return sorted(features, key=lambda f: str(f["properties"]["code"])), kept


def _areal(geometry: Any) -> Any:
    """The polygons of a geometry, without lines and points that a difference may leave."""
    parts = shapely.get_parts(geometry)
    areas = parts[np.isin(shapely.get_type_id(parts), (3, 6))]
    return shapely.union_all(areas)


def _feature(unit: Unit, polygon: Any, quality: str, element: str) -> dict[str, Any]:
    source = f"OpenStreetMap {element}" if quality == "published" else "近似格，OSM 无此界线"
    return {
        "type": "Feature",
        "properties": {
            "code": unit.code,
            "name": unit.name,
            "parent": unit.parent,
            "quality": quality,
            "source": source,
        },
        "geometry": mapping(shapely.set_precision(_areal(polygon), 1e-7)),
    }


def _polygons(city: City, role: Role) -> dict[str, Any]:
    """Valid polygons of a role by code, none if there is no file."""
    path = city.find(role)
    return {} if path is None else read_boundaries(path).by_code()


def _county_at(point: Any, counties: dict[str, Any]) -> str:
    return next((code for code, polygon in counties.items() if polygon.covers(point)), "")
