"""OpenStreetMap's extracts on disk: what is read of them, whoever wrote the file.

Extracts are ``.osm.pbf``, ``.osm``, ``.osm.bz2`` and ``.osm.gz``; a ``.osm`` may come from an
editor, whose new nodes bear negative numbers and whose deleted elements stand there still. How
ways become a network is told in `coverage.roads.ways`, who may use them in
`coverage.roads.access`.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coverage.errors import InputError, Problem
from coverage.formats.safety import check_packed, check_xml, read_bytes
from coverage.messages import Said
from coverage.roads.access import judged_keys, road_class
from coverage.roads.ways import (
    ATTRIBUTION,
    LICENCE,
    NOWHERE,
    WATER,
    Ways,
    is_water,
    obstacle_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shapely import Geometry

    from coverage.roads.network import RoadNetwork

SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.bz2", ".osm.gz")
_EDITORS = (b"action=", b"visible='false'", b'visible="false"', b"id='-", b'id="-')
_LINES = ("highway", "route", "waterway", "railway")
_FORM = ("bridge", "tunnel", "layer", "area")
_OTHERS = ("waterway", "railway", "natural", "landuse", "duration")


def read_osm(
    path: str | Path,
    *,
    modes: Iterable[str] = ("foot",),
    area: Geometry | None = None,
    crs: str | None = None,
) -> RoadNetwork:
    """Read the roads of an OpenStreetMap extract.

    Osmium indexes the places of all points, and only what roads and obstacles are made of comes
    up into Python. The points of a file must stand before its ways, as they do in every
    published extract.

    Args:
        path: The file.
        modes: Keep what at least one of these may use.
        area: Polygon in lon, lat: keep the pieces of road that touch it.
        crs: Projected CRS in metres; by default the UTM zone of the middle.

    Raises:
        InputError: If the file is missing, empty, cut short or no such file,
            or if no road is left.
    """
    path = Path(path)
    check_packed(path)
    if not path.name.endswith(SUFFIXES):
        raise InputError(
            Problem(
                Said(
                    f"OpenStreetMap 数据文件须以 {'、'.join(SUFFIXES)} 结尾",
                    f"an OpenStreetMap extract ends in {', '.join(SUFFIXES)}",
                ),
                path.name,
            )
        )
    modes = tuple(modes)
    ways = Ways(path.name, modes)
    try:
        try:
            _collect(path, ways)
        except RuntimeError as error:
            if "out of order" not in str(error):
                raise
            # Written by hand or by an editor; relations of water then remain unread.
            ways = Ways(path.name, modes)
            _collect(path, ways, areas=False)
    except Exception as error:  # osmium's errors are of several families
        raise InputError(
            Problem(
                Said(
                    "文件已损坏，或不是 OpenStreetMap 数据",
                    f"the file is damaged or no OpenStreetMap extract ({str(error)[:80]})",
                ),
                path.name,
            )
        ) from error
    origin = {"source": path.name, "licence": LICENCE, "attribution": ATTRIBUTION}
    return ways.network(area=area, crs=crs, origin=origin)


def _collect(path: Path, ways: Ways, *, areas: bool = True) -> None:
    gone, new = _edited(path) if path.suffix == ".osm" else (frozenset(), {})
    streets = (*(judged_keys() - {"highway", "route"}), *_FORM)
    others = ("highway", "route", *streets, *_OTHERS)
    for one in _found(path, areas=areas):
        kind = one.type_str()
        if kind == "a":  # every closed way comes as an area, too
            ways.block("water", [[(n.x, n.y) for n in ring] for ring in _rings(one)])
            continue
        if gone and (kind, one.id) in gone:
            continue
        if kind != "w":
            tags = {tag.k: tag.v for tag in one.tags}
            if kind == "n":
                ways.bar(one.id, tags)
            else:
                ways.turn(one.id, tags, [(m.type, m.ref, m.role) for m in one.members])
            continue
        # To ask for what is needed takes half as long as to take over all tags of a way.
        get = one.tags.get
        if highway := get("highway"):
            asked = streets if len(one.tags) > 1 else ()
            tags = {key: value for key in asked if (value := get(key)) is not None}
            tags["highway"] = highway
        else:
            tags = {key: value for key in others if (value := get(key)) is not None}
        if road_class(tags):
            # x and y are whole numbers (1e-7 degrees) and need no test of validity.
            points = [(n.ref, (at := n.location).x, at.y) for n in one.nodes]
            if new:
                points = [new.get(at[0], at) for at in points]
            ways.add(one.id, tags, points)
        elif what := obstacle_of(tags) or ("water" if not areas and is_water(tags) else ""):
            ways.block(what, [[(n.x, n.y) for n in one.nodes]])


def _found(path: Path, *, areas: bool) -> Any:
    """What roads and obstacles may be made of; osmium lets nothing else come up into Python."""
    from osmium import FileProcessor
    from osmium.filter import EntityFilter, KeyFilter, TagFilter
    from osmium.osm import AREA, NODE, RELATION, WAY

    found: Any = FileProcessor(str(path)).with_locations()
    if areas:
        found = found.with_areas(TagFilter(*WATER))
    keys = _LINES if areas else (*_LINES, *(key for key, _ in WATER))
    found = found.with_filter(EntityFilter(NODE | WAY | RELATION | AREA))
    for entity, kept in (
        (NODE, KeyFilter("barrier")),
        (WAY, KeyFilter(*keys)),
        (RELATION, TagFilter(("type", "restriction"))),
        (AREA, TagFilter(*WATER)),
    ):
        kept.enable_for(entity)
        found = found.with_filter(kept)
    return found


def _rings(area: Any) -> list[Any]:
    outer = list(area.outer_rings())
    return [*outer, *(inner for ring in outer for inner in area.inner_rings(ring))]


def _edited(path: Path) -> tuple[frozenset[tuple[str, int]], dict[int, tuple[int, int, int]]]:
    """Of a file from an editor: what is deleted, and nodes that osmium has no place for.

    New nodes bear negative numbers, which osmium does not index, and ``action="delete"`` it does
    not know. A node that is deleted has no place.
    """
    from xml.etree.ElementTree import iterparse

    raw = read_bytes(path)
    if not any(mark in raw for mark in _EDITORS):
        return frozenset(), {}
    check_xml(BytesIO(raw), path.name)
    gone, new = set(), dict[int, tuple[int, int, int]]()
    for _, element in iterparse(BytesIO(raw)):  # noqa: S314 -- without a document type: checked
        if element.tag not in {"node", "way", "relation"}:
            continue
        number = int(element.get("id", "0"))
        dead = element.get("action") == "delete" or element.get("visible") == "false"
        if dead:
            gone.add((element.tag[0], number))
        if element.tag == "node" and (dead or number < 0):
            place = (NOWHERE, NOWHERE) if dead else _place(element)
            new[number] = (number, *place)
        element.clear()
    return frozenset(gone), new


def _place(node: Any) -> tuple[int, int]:
    return round(float(node.get("lon")) * 1e7), round(float(node.get("lat")) * 1e7)
