"""The example workspace: real streets of 福田; units, people and facilities are made up.

The streets are an extract of OpenStreetMap that lies beside the repository;
where it is not at hand, the committed files stand. No open source says where
the district's 街道 meet, so the units are quarters of the extract, called
示例片区. Everything but the streets is reckoned from them by a rule, marked and
called 示例: none of it is a statement about the place.
"""

from __future__ import annotations

import json
import math
import shutil
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import shapely

from .sources import BuildError, sha256
from .table import SourceRow, canonical, degrees, write_csv, write_geojson, write_text
from .unitfiles import UNIT_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import networkx as nx

FOLDER = "examples/futian"
COUNTY, TITLE = "440304", "福田区（示例）"
DATA = Path(__file__).parents[2] / "data"
STREETS = Path(__file__).parents[3] / "shared/testdata/osm/shenzhen-futian-2023.graphml"
STREETS_SHA256 = "8a71adc944ae12c0d664f1f5d5fd501cd700061065c80ca0dfa7c0ab3699b658"
STREETS_DATE = "2023-05-25"
OSM = ("ODbL 1.0", "© OpenStreetMap contributors")
MADE_UP = "示例，虚构：由街道按规则推出，不是实有"
_XML = "{http://graphml.graphdrawing.org/xmlns}"
_KEPT = {"x", "y", "osmid", "highway", "access", "oneway", "maxspeed", "length", "geometry"}
_KEPT |= {"bridge", "tunnel", "service", "crs"}
_HOMES = ("residential", "living_street")
CELL_DEGREES = 0.002
PEOPLE_A_METRE, OLDER_SHARE = 1.0, 0.12
AROUND_DEGREES = 0.001
QUARTERS = ("西南", "东南", "西北", "东北")
PLAN = """\
# 示例指标，虚构，只为演示；不是任何规划的条款。Made-up indicators to try the tool with.

[plan]
id = "440304-example"
city = "440304"
title = "示例指标（虚构，不是规划）"
title_en = "Example indicators (made up, no plan)"
start = 2021
end = 2025
baseline_year = 2020

[[indicator]]
id = "elder_care.integrated_township"
name = "有综合养老服务中心的片区占比（示例）"
name_en = "Areas with an integrated centre (example)"
system = "大养老"
level = "township"
unit = "%"
nature = "预期性"
measure = "unit_share"
clause = "示例"
  [indicator.match]
  kinds = ["elder_care"]
  [[indicator.target]]
  year = 2025
  op = "="
  value = 100
  text = "100"
  clause = "示例"
  nature = "预期性"
"""
# Kind, name, category, services, beds, how many.
_FACILITIES = (
    ("elder_care", "示例养老服务中心", "综合养老服务中心", "", 60, 3),
    ("day_care", "示例日间照料中心", "日间照料中心", "", "", 6),
)


def _slim(source: Path) -> str:
    """The extract without what no reader of roads looks at, bends rounded to 0.1 m."""
    ET.register_namespace("", _XML[1:-1])
    tree = ET.parse(source)
    root = tree.getroot()
    dropped = set()
    for key in list(root.iter(f"{_XML}key")):
        if key.get("attr.name") not in _KEPT:
            dropped.add(key.get("id"))
            root.remove(key)
    geometry = next(
        key.get("id") for key in root.iter(f"{_XML}key") if key.get("attr.name") == "geometry"
    )
    for holder in [
        *root.iter(f"{_XML}graph"),
        *root.iter(f"{_XML}node"),
        *root.iter(f"{_XML}edge"),
    ]:
        for data in list(holder.findall(f"{_XML}data")):
            if data.get("key") in dropped:
                holder.remove(data)
            elif data.get("key") == geometry:
                line = shapely.from_wkt(data.text or "")
                data.text = shapely.to_wkt(line, rounding_precision=6)
    for element in root.iter():
        element.tail = "\n" if element.tag in {f"{_XML}node", f"{_XML}edge"} else None
        if not (element.text or "").strip():
            element.text = None
    return ET.tostring(root, encoding="unicode") + "\n"


def _homes(graph: nx.Graph[str]) -> Iterator[tuple[tuple[float, float], float]]:
    """Each end of each street with homes, and half the length of that street."""
    seen = set()
    for u, v, data in graph.edges(data=True):
        street = (*sorted((u, v)), data["osmid"])
        if data.get("highway") in _HOMES and street not in seen:
            seen.add(street)
            for node in (u, v):
                place = graph.nodes[node]
                yield (float(place["x"]), float(place["y"])), float(data["length"]) / 2


def _cells(graph: nx.Graph[str]) -> list[tuple[tuple[float, float], int]]:
    """One point a cell, at its corner with most homes, and the made-up people of the cell."""
    cells: dict[tuple[int, int], dict[tuple[float, float], float]] = {}
    for place, metres in _homes(graph):
        cell = (math.floor(place[0] / CELL_DEGREES), math.floor(place[1] / CELL_DEGREES))
        corners = cells.setdefault(cell, defaultdict(float))
        corners[place] += metres
    return [
        (
            max(sorted(corners), key=corners.__getitem__),
            round(sum(corners.values()) * PEOPLE_A_METRE),
        )
        for _, corners in sorted(cells.items())
    ]


def _spread(places: list[tuple[float, float]], count: int, first: int) -> list[tuple[float, float]]:
    """Places far from one another: each the one farthest from those before it."""
    chosen = [places[first]]
    while len(chosen) < count:
        chosen.append(max(places, key=lambda p: min(math.dist(p, q) for q in chosen)))
    return chosen


def _quarters(graph: nx.Graph[str]) -> dict[str, shapely.MultiPolygon]:
    """The ground of the streets in four parts, by code; together they are the whole."""
    places = [(float(node["x"]), float(node["y"])) for _, node in graph.nodes(data=True)]
    ground = canonical(
        shapely.buffer(shapely.convex_hull(shapely.multipoints(places)), AROUND_DEGREES)
    )
    west, south, east, north = ground.bounds
    x, y = round((west + east) / 2, 6), round((south + north) / 2, 6)
    boxes = ((west, south, x, y), (x, south, east, y), (west, y, x, north), (x, y, east, north))
    return {
        f"{COUNTY}99{i}": canonical(shapely.intersection(ground, shapely.box(*box)))
        for i, box in enumerate(boxes, 1)
    }


def _write_made_up(folder: Path, graph: nx.Graph[str]) -> None:
    """Units, people and facilities, all reckoned from the streets."""
    from coverage.facilities import USUAL

    cells, quarters = _cells(graph), _quarters(graph)
    names = dict(zip(quarters, (f"示例片区{name}" for name in QUARTERS), strict=True))

    def quarter(place: tuple[float, float]) -> str:
        point = shapely.Point(place)
        return min(quarters, key=lambda code: float(shapely.distance(quarters[code], point)))

    blank = [""] * 3
    units = [(COUNTY, TITLE, "county", "市辖区", "", *blank, "yes", *[""] * 5, MADE_UP)]
    for code, name in names.items():
        middle = quarters[code].centroid
        x, y = min((p for p, _ in cells), key=lambda p: middle.distance(shapely.Point(p)))
        place = (degrees(x), degrees(y), MADE_UP, "", "示例：离片区中心最近的路口")
        units.append((code, name, "township", "街道", COUNTY, *blank, "yes", *place, MADE_UP))
    write_csv(folder / "units.csv", UNIT_COLUMNS, units)
    about = {"quality": "approximate", "source": MADE_UP}
    whole = canonical(shapely.union_all(list(quarters.values())))
    write_geojson(
        folder / "boundaries/counties.geojson",
        [({"code": COUNTY, "name": TITLE, "parent": "", **about}, whole)],
    )
    write_geojson(
        folder / "boundaries/townships.geojson",
        [
            ({"code": code, "name": names[code], "parent": COUNTY, **about}, shape)
            for code, shape in quarters.items()
        ],
    )
    write_csv(
        folder / "population/people.csv",
        ("name", "lon", "lat", "people", "60+", "provenance"),
        (
            (f"示例居民点{i}", degrees(x), degrees(y), n, round(n * OLDER_SHARE), "illustrative")
            for i, ((x, y), n) in enumerate(cells, 1)
        ),
    )
    # Away from the rim of the extract, where a circle would run out of streets.
    inner = shapely.box(*shapely.box(*whole.bounds).buffer(-0.007, join_style="mitre").bounds)
    places = [place for place, _ in cells if inner.contains(shapely.Point(place))]
    rows: list[tuple[object, ...]] = []
    for shift, (kind, name, category, services, beds, count) in enumerate(_FACILITIES):
        for number, (x, y) in enumerate(_spread(places, count, shift * len(places) // 2), 1):
            told = (f"{COUNTY}-X-{kind}-{number}", f"{name}{number}号", kind, category, services)
            where = (quarter((x, y)), degrees(x), degrees(y), "open", "")
            rows.append((*told, beds, "", "", "", *where, MADE_UP, "illustrative", ""))
    write_csv(folder / "facilities.csv", USUAL, rows)


def _write_streets(folder: Path, streets: Path) -> str:
    """The streets, slim, and beside them their source and licence; returns their text."""
    from coverage.download.licences import Origin, note_origin

    if sha256(streets) != STREETS_SHA256:
        raise BuildError(f"{streets.name} is not the pinned extract")
    text = _slim(streets)
    write_text(folder / "roads/roads.graphml", text)
    about = {"title": "深圳市福田区一部分的街道", "source": "OpenStreetMap, OSMnx 1.2.2"}
    origin = Origin(
        **about, licence=OSM[0], attribution=OSM[1], date=STREETS_DATE, data_date=STREETS_DATE
    )
    note_origin(folder / "roads/roads.graphml", origin)
    return text


def write_example(out: Path, streets: Path = STREETS) -> list[SourceRow]:
    """Write the example workspace; `init` copies it as it stands.

    Raises:
        BuildError: If the extract beside the repository is not the pinned one.
    """
    import networkx as nx

    folder = out / FOLDER
    if streets.is_file():
        graph = nx.parse_graphml(_write_streets(folder, streets))
        _write_made_up(folder, graph)
        words = {"code": COUNTY, "name": TITLE, "english": "Futian (example)", "province": "广东省"}
        template = Path(__file__).parents[2] / "src/coverage/intake/templates/city.toml.in"
        cells = {k: json.dumps(v, ensure_ascii=False) for k, v in {**words, "base": ""}.items()}
        write_text(folder / "city.toml", template.read_text(encoding="utf-8").format(**cells))
        write_text(folder / "plan.toml", PLAN)
    else:
        print(f"{FOLDER} is kept as it is: {streets.name} does not lie beside the repository")
        if (DATA / FOLDER).resolve() != folder.resolve():
            shutil.copytree(DATA / FOLDER, folder, dirs_exist_ok=True)
    ours = ("本项目", "MIT（本项目）", "", STREETS_DATE)
    street = (f"OpenStreetMap（{streets.name}）", *OSM, STREETS_DATE)
    rule = "每0.002度一格一点，立在居住街道最多的路口；每米居住街道1人，12%为60岁以上：虚构"
    told = (
        ("city.toml", "示例工作区：设置", ours, "由模板生成"),
        ("plan.toml", "示例指标（虚构，不是规划）", ours, "手写"),
        ("units.csv", "示例片区（虚构，不是街道）", street, "路网所及之地四等分"),
        (
            "boundaries/counties.geojson",
            "示例范围（不是区界）",
            street,
            "路网各节点的凸包外扩0.001度",
        ),
        ("boundaries/townships.geojson", "示例片区（不是街道界）", street, "示例范围四等分"),
        (
            "roads/roads.graphml",
            "福田区一部分的街道",
            street,
            "只留读路网要用的标签，线形取6位小数",
        ),
        ("roads/origin.toml", "街道的来源与许可", ours, "由构建脚本生成"),
        ("population/people.csv", "示例居民点（虚构）", street, rule),
        ("facilities.csv", "示例设施（虚构）", street, "相互远离的路口：虚构"),
    )
    return [SourceRow(f"{FOLDER}/{name}", title, *of, how) for name, title, of, how in told]
