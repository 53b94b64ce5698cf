"""`coverage fetch`: boundaries, roads, people and facilities from the internet into a workspace.

What was downloaded is recorded beside it in `origin.toml`. A file that is
the planner's own, or was edited since it was downloaded, is replaced only
when that is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from coverage.atomic import replacing, write_files, write_text
from coverage.city import City
from coverage.download import osm, worldpop
from coverage.download.boundaries import TAGS, outline, place_townships
from coverage.download.http import Server, named
from coverage.download.licences import Origin, is_downloaded, note_origin
from coverage.errors import InputError, Problem
from coverage.messages import Lang, Said
from coverage.outputs import keep
from coverage.text import number
from coverage.workspace import OWN, Role, check_inside, other_roads

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.download.osm import Answer, Thing

SUBJECTS = ("boundaries", "roads", "population", "facilities")
FACILITIES = "intake/osm-facilities.csv"
_FAR_M = 300.0


@dataclass(frozen=True)
class Fetched:
    """What a download put into a workspace.

    Attributes:
        subject: One of `SUBJECTS`.
        written: Files written, the main one first.
        origin: Where the main file comes from.
        said: What came, and what to know about it.
        left_out: Things that were not used, with the reason.
    """

    subject: str
    written: tuple[Path, ...]
    origin: Origin
    said: tuple[Said, ...]
    left_out: tuple[Said, ...] = field(default=())

    def lines(self, lang: Lang) -> list[str]:
        """The report in lines."""
        licence = Said(
            f"来源 {self.origin.attribution}，许可 {self.origin.licence}，{self.origin.date} 下载",
            f"{self.origin.attribution}, {self.origin.licence}, downloaded {self.origin.date}",
        )
        return [said.to(lang) for said in (*self.said, *self.left_out, licence)]


def fetch(
    subject: str,
    folder: Path,
    *,
    server: Server | None = None,
    replace: bool = False,
    year: int = 2020,
    most_mb: float = worldpop.MOST_MB,
) -> Fetched:
    """Download one of `SUBJECTS` into a workspace.

    Args:
        subject: What to download.
        folder: The workspace.
        server: How to ask; for population its endpoint is the address of a GeoTIFF.
        replace: Replace a file that is the planner's own; it is kept in ``replaced``.
        year: Year of the population grid.
        most_mb: Most that may be downloaded of it.

    Raises:
        InputError: If the folder is no workspace, the city has no boundary to ask for, a file
            of the planner's own stands in the way, or nothing of use was found.
        NetworkUnreachableError: If the server cannot be reached or refuses.
    """
    server = server or Server()
    if subject == "boundaries":
        return _boundaries(_open(folder, "townships", replace=replace), folder, server)
    if subject == "roads":
        return _roads(_open(folder, "roads", replace=replace), folder, server)
    if subject == "population":
        return _population(_open(folder, "people", replace=replace), folder, server, year, most_mb)
    if subject == "facilities":
        return _facilities(City.open(folder), folder, server)
    raise InputError(
        Said(
            f"不能下载 {subject!r}，可下载的有 {', '.join(SUBJECTS)}",
            f"{subject!r} cannot be downloaded: choose from {', '.join(SUBJECTS)}",
        )
    )


def _open(folder: Path, role: Role, *, replace: bool) -> City:
    """The workspace's city, once it is sure that nothing of the planner's own is in the way."""
    city = City.open(folder)
    check_inside(folder, (folder / OWN[role][0]).parent)
    own = city.workspace.file(role) if city.workspace else None
    if own is not None and not replace and not is_downloaded(own):
        said = Said(
            "已有自有文件（或下载后改过），不覆盖；确要替换请加 --replace",
            "a file of your own (or edited since it was downloaded) stands here: "
            "add --replace to replace it",
        )
        raise InputError(Problem(said, own.name))
    return city


def _boundaries(city: City, folder: Path, server: Server) -> Fetched:
    """Township polygons: administrative level 8 of OpenStreetMap.

    Townships that OpenStreetMap lacks keep their former cell as far as it is not another's
    now, marked ``approximate``.
    """
    answer = osm.ask(outline(city), TAGS, server)
    placed = place_townships(city, answer.things)
    goal = folder / OWN["townships"][0]
    kept = keep(goal, placed.text)
    write_text(goal, placed.text)
    origin = _osm_origin(f"{city.name}乡镇界（OSM 行政级别 8）", answer)
    written = (goal, note_origin(goal, origin))
    return Fetched("boundaries", written, origin, (*placed.said, *kept), placed.left_out)


def _roads(city: City, folder: Path, server: Server) -> Fetched:
    """Roads of the city as ``roads/roads.graphml``."""
    from coverage.download.roads import PUBLIC_ENDPOINT
    from coverage.download.roads import fetch as fetch_network
    from coverage.roads.convert import graphml_text

    network = fetch_network(
        outline(city),
        endpoint=server.endpoint,
        cache=osm.day_cache(server.cache),
        timeout_s=server.timeout_s,
        retries=server.retries,
    )
    goal = folder / "roads" / "roads.graphml"
    text = graphml_text(network)
    gone, kept = other_roads(folder, goal), keep(goal, text)
    write_files({goal: text}, aside=gone)
    origin = Origin(
        title=f"{city.name}路网",
        source=named(server.endpoint or PUBLIC_ENDPOINT).rstrip("/"),
        licence=osm.LICENCE,
        attribution=osm.ATTRIBUTION,
        date=osm.today(),
        note="清理后的路网 cleaned network",
    )
    km = network.length_m.sum() / 2000
    said = [
        Said(
            f"路网：{network.node_count:,} 个节点，约 {km:,.0f} 公里",
            f"roads: {network.node_count:,} nodes, about {km:,.0f} km",
        ),
        *kept,
    ]
    if gone:
        zh, en = "、".join(path.name for path in gone), ", ".join(path.name for path in gone)
        said.append(Said(f"替换了 {zh}，存在 replaced/", f"replaces {en}, kept in replaced/"))
    return Fetched("roads", (goal, note_origin(goal, origin)), origin, tuple(said))


def _population(city: City, folder: Path, server: Server, year: int, most_mb: float) -> Fetched:
    """People per 100 m cell from WorldPop as ``population/people.tif``."""
    url = server.endpoint or worldpop.default_url(year)
    goal = folder / OWN["people"][0]
    area = outline(city)
    values, profile = worldpop.read_window(url, area, server, most_mb=most_mb)
    people = worldpop.people_in(values, profile, area, named(url))
    kept = keep(goal)
    worldpop.write(values, profile, goal)
    origin = Origin(
        title=f"{city.name}人口栅格（WorldPop）",
        source=named(url),
        licence=worldpop.LICENCE,
        attribution=worldpop.ATTRIBUTION,
        date=osm.today(),
        data_date="" if server.endpoint else str(year),
        note="模型推算的每格人数，取本市范围 modelled people per cell, cut to the city",
    )
    said = [
        Said(
            f"人口栅格：本市 {people:,.0f} 人（模型推算）",
            f"grid of people: {people:,.0f} in the city (modelled)",
        ),
        *kept,
    ]
    stated = city.population.near(city.code, "all", year)
    if stated is not None:
        ratio = 100 * people / stated.count if stated.count else 0
        said.append(
            Said(
                f"人口表 {stated.year} 年为 {number(stated.count)} 人，栅格是其 {ratio:.0f}%",
                f"the population table of {stated.year} has {number(stated.count)}: the grid has "
                f"{ratio:.0f} % of that",
            )
        )
    return Fetched("population", (goal, note_origin(goal, origin)), origin, tuple(said))


def _facilities(city: City, folder: Path, server: Server) -> Fetched:
    """Facilities of OpenStreetMap as a register of their own, beside the workspace's.

    OpenStreetMap knows a small part of a city's facilities: as the city's register it would
    make most townships look bare. The list is for 'coverage import facilities' and for checks.
    """
    from coverage.demand.townships import read_townships
    from coverage.facilities import read_register, register_csv

    answer = osm.ask(outline(city), osm.FACILITY_TAGS, server)
    kinds = [(thing, osm.kind_of(thing.tags)) for thing in answer.things]
    known = [(thing, kind) for thing, kind in kinds if kind]
    places = [thing.shape.representative_point() for thing, _ in known]
    ground = read_townships(city)
    x, y = ground.project(np.array([p.x for p in places]), np.array([p.y for p in places]))
    inside = shapely.intersects_xy(ground.city, x, y) if known else np.zeros(0, bool)
    unit = ground.unit_at(x, y, tolerance_m=_FAR_M) if known else np.zeros(0, np.int32)
    rows = [
        _facility(thing, kind, place, ground.unit_codes[u] if u >= 0 else city.code)
        for (thing, kind), place, u, i in zip(known, places, unit, inside, strict=True)
        if i
    ]
    if not rows:
        raise InputError(
            Said(
                f"OpenStreetMap 没有{city.name}的民政设施",
                f"no facility of a known kind was found ({len(answer.things)} elements)",
            )
        )
    goal = folder / FACILITIES
    with replacing(goal) as half:  # which stands only once it can be read
        half.write_text(register_csv(rows), encoding="utf-8", newline="")
        read_register(half, city.units, city_code=city.code)
    origin = _osm_origin(f"{city.name}民政设施（OSM）", answer)
    unclear = len(kinds) - len(known)
    said = (
        Said(
            f"设施：{len(rows)} 处，存为 {FACILITIES}，未并入登记册",
            f"facilities: {len(rows)}, kept as {FACILITIES} and not put into the register",
        ),
        Said(
            "OSM 收录很不完整，不宜单独作登记册；可用 coverage import facilities 与自己的名录合并",
            "OSM knows a small part of them: do not use it as the register, but import it beside "
            "your own list with 'coverage import facilities'",
        ),
    )
    rest = (
        Said(f"类型不明略去 {unclear} 处", f"{unclear} of no known kind left out"),
        Said(
            f"市外略去 {len(known) - len(rows)} 处",
            f"{len(known) - len(rows)} outside the city left out",
        ),
    )
    return Fetched("facilities", (goal, note_origin(goal, origin)), origin, said, rest)


def _facility(thing: Thing, kind: str, place: Any, code: str) -> Any:
    from coverage.facilities import Facility

    tags = thing.tags
    element, _, number_ = thing.id.partition("/")
    beds = osm.beds_of(tags) if kind in {"elder_care", "child_welfare"} else None
    ownership = {"public": "公办", "government": "公办", "private": "民办"}
    return Facility(
        id=f"osm-{element[0]}{number_}",
        name=osm.label_of(tags, kind),
        kind=kind,
        unit_code=code,
        beds=beds,
        ownership=ownership.get(tags.get("operator:type", ""), ""),
        lon=round(place.x, 6),
        lat=round(place.y, 6),
        source=f"OpenStreetMap {thing.id}（{osm.ATTRIBUTION}，{osm.LICENCE}）",
        provenance="published",
    )


def _osm_origin(title: str, answer: Answer) -> Origin:
    return Origin(
        title=title,
        source=answer.server,
        licence=osm.LICENCE,
        attribution=osm.ATTRIBUTION,
        date=answer.date,
        data_date=answer.data_date,
    )
