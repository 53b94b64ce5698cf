"""From results to a view: what a city's map shows, for one moment or before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coverage.alike import today
from coverage.download.licences import quoted
from coverage.errors import InputError
from coverage.formats.tables import read_table
from coverage.kinds import PROVENANCES
from coverage.maps import reached
from coverage.maps.outlines import plane_of, read_areas, road_lines, road_name, uncrossed_lines
from coverage.maps.sites import sites_of
from coverage.maps.themes import mappable, scale_for, theme
from coverage.maps.view import Stage, Theme, View
from coverage.messages import Lang, Said
from coverage.results import figures
from coverage.results.document import HIDDEN, Document
from coverage.roads.sources import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from coverage.city import City
    from coverage.reach.service import ServiceTimes
    from coverage.results.circles import Circles
    from coverage.roads.network import RoadNetwork

_LABELS = {
    "now": Said("现状", "now"),
    "before": Said("调整前", "before"),
    "after": Said("调整后", "after"),
}
_ILLUSTRATIVE = Said("含示意数据", "ILLUSTRATIVE DATA")
_SKETCH = Said("示意图", "SKETCH MAP")
_WITHHELD = Said(
    "未成年人保护、儿童福利和救助管理设施的名称与位置已隐去",
    "Names and places of child-protection, child-welfare and rescue facilities are withheld",
)
_NO_RINGS = Said(
    "本图未画服务圈（未要求，或缺设施位置、路网、人口，或位置须隐去）",
    "no service circles are drawn (not asked for, or places of facilities, roads or people are "
    "not known or withheld)",
)
_NO_ROADS = Said("无", "none")
_OWN = Said("工作区自有数据", "own data of the workspace")


@dataclass(frozen=True)
class Moment:
    """The results of one moment.

    Attributes:
        id: ``now``, ``before`` or ``after``.
        document: The result (`coverage.results.from_report.build`), or what may be
            published of it.
        times: Travel times for the service circles, `None` to draw none.
        reach: Their result (`coverage.results.circles.build`), or less of it.
        services: Services that the circles ask for.
        scenario: Name of the scenario, empty now.
        changes: ``added``, ``changed`` or ``closed`` by facility id, in a scenario.
        roads: The network where the scenario changes it.
    """

    id: str
    document: Document
    times: ServiceTimes | None = None
    reach: Circles | None = None
    services: tuple[str, ...] = ()
    scenario: str = ""
    changes: Mapping[str, str] | None = None
    roads: RoadNetwork | None = None


def build(
    city: City,
    moments: Sequence[Moment],
    *,
    lang: Lang = "zh",
    indicators: Sequence[str] = (),
    roads: str | Path | None = None,
    dated: date | None = None,
) -> View:
    """Everything that a map of `city` shows.

    Args:
        city: The city.
        moments: Now, or before and after.
        lang: Language of every word.
        indicators: Ids to show, the first one first; all that a map can show by default.
        roads: Road source to draw; the city's own by default.
        dated: Date in the title block; today by default.

    Raises:
        InputError: If an indicator is not in the report, or nothing is known of
            any by township or county.
    """
    counties, townships = read_areas(city)
    outlined = frozenset(area.code for area in (*counties, *townships))
    chosen = chosen_indicators([moment.document for moment in moments], indicators)
    stages = tuple(
        _stage(city, moment, moments, chosen, lang=lang, outlined=outlined) for moment in moments
    )
    network = None
    if roads is not None or city.origin("roads") != "missing":
        network = load(roads if roads is not None else city.roads)
    origin = network.origin if network else {}
    lines = road_lines(network) if network else ()
    named = road_name(network, len(lines)) if network else Said("", "")
    first = moments[0].document
    approximate = any(area.approximate for area in townships)
    illustrative = any(moment.document.illustrative for moment in moments)
    return View(
        lang=lang,
        city=city.name if lang == "zh" else city.label.english,
        title=_title(city, first, lang),
        subtitle=_subtitle(moments[-1], lang),
        mark=_mark(illustrative=illustrative, approximate=approximate, lang=lang),
        facts=tuple(
            _facts(
                city,
                moments[0],
                origin,
                lang,
                today(dated),
            )
        ),
        notes=tuple(_notes(moments, lang)),
        sources=_sources(city, origin, lang),
        crs=plane_of(counties or townships),
        counties=counties,
        townships=townships,
        roads=lines,
        road_name=named.to(lang),
        uncrossed=uncrossed_lines(network, city) if network else (),
        stages=stages,
    )


def chosen_indicators(documents: Sequence[Document], ids: Sequence[str]) -> list[str]:
    """Indicators that a map can show, in the order it shows them.

    Args:
        documents: The results, of one moment or of before and after.
        ids: Those asked for, if any.

    Raises:
        InputError: If one asked for is not in the report, or none can be shown.
    """
    known = {i.id: i for i in documents[0].indicators}
    missing = [id_ for id_ in ids if id_ not in known]
    if missing:
        raise InputError(
            Said(f"报告中没有指标 {missing[0]!r}", "the indicator is not in the report")
        )
    dull = [id_ for id_ in ids if not mappable(known[id_])]
    if dull:
        raise InputError(
            Said(
                f"指标 {dull[0]} 没有分乡镇或分县的结果，不能上图",
                "nothing is known of the indicator by township or county, so no map can show it",
            )
        )
    found = list(ids) or [id_ for id_, i in known.items() if mappable(i)]
    if not found:
        raise InputError(
            Said(
                "没有分乡镇或分县的结果可上图",
                "nothing is known by township or county: no map to draw",
            )
        )
    if ids:
        return found
    later = {i.id: i.value for i in documents[-1].indicators}

    def order(id_: str) -> tuple[bool, bool, bool]:
        """What a scenario changes, townships before counties, missing before complete."""
        one = known[id_]
        return one.value == later[id_], one.level != "township", not one.missing

    return sorted(found, key=order)


def _stage(
    city: City,
    moment: Moment,
    moments: Sequence[Moment],
    chosen: Sequence[str],
    *,
    lang: Lang,
    outlined: frozenset[str],
) -> Stage:
    themes = [
        theme(
            city,
            moment.document.indicator(id_),
            lang=lang,
            outlined=outlined,
            breaks=scale_for(
                figures.exact(row.value)
                for other in moments
                for row in other.document.indicator(id_).by_county
            ),
        )
        for id_ in chosen
    ]
    sites, loose = sites_of(moment.document, lang=lang, changes=moment.changes or {})
    roads = road_lines(moment.roads) if moment.roads is not None else None
    times, reach = moment.times, moment.reach
    withheld = frozenset(moment.document.masked or ())
    if times is None or reach is None or withheld & set(times.kinds):
        return Stage(
            moment.id, _LABELS[moment.id].to(lang), tuple(themes), sites, loose=loose, roads=roads
        )
    themes.append(_reach_theme(city, moment, moments, lang, outlined))
    hidden = frozenset(
        row.code for row in reach.people if row.level == "township" and row.not_reached == HIDDEN
    )
    return Stage(
        moment.id,
        _LABELS[moment.id].to(lang),
        tuple(themes),
        sites,
        rings=reached.rings_of(times, reach, lang=lang),
        crowd=reached.crowd_of(times, reach, lang=lang, hidden=hidden),
        loose=loose,
        roads=roads,
    )


def _reach_theme(
    city: City, moment: Moment, moments: Sequence[Moment], lang: Lang, outlined: frozenset[str]
) -> Theme:
    assert moment.times is not None  # noqa: S101 -- the caller has looked
    assert moment.reach is not None  # noqa: S101
    return reached.reach_theme(
        city,
        moment.times,
        moment.reach,
        services=moment.services,
        lang=lang,
        outlined=outlined,
        scales=reached.reach_scales([m.reach for m in moments if m.reach is not None]),
    )


def _title(city: City, document: Document, lang: Lang) -> str:
    if lang == "zh":
        return f"{city.name}民政设施覆盖图 · {document.year} 年目标"
    return f"{city.label.english}: facility coverage, targets of {document.year}"


def _subtitle(moment: Moment, lang: Lang) -> str:
    plan = moment.document.plan.title
    if not moment.scenario:
        return plan
    word = "情景：" if lang == "zh" else "scenario: "
    return f"{word}{moment.scenario} · {plan}"


def _mark(*, illustrative: bool, approximate: bool, lang: Lang) -> str:
    parts = [_SKETCH] * approximate + [_ILLUSTRATIVE] * illustrative
    return (" · " if lang == "en" else "·").join(said.to(lang) for said in parts)


def _facts(
    city: City, moment: Moment, roads: Mapping[str, Any], lang: Lang, dated: date
) -> list[tuple[str, str]]:
    """Date, population, roads and register: the title block."""
    zh = lang == "zh"
    rows = [("制图日期" if zh else "made on", dated.isoformat())]
    people = city.population.near(city.code, "all", moment.document.year)
    if people is not None:
        provenance = PROVENANCES[people.provenance] if zh else people.provenance
        count = f"{people.count:,}"
        rows.append(
            (
                "人口" if zh else "population",
                f"{count} 人（{people.year} 年，{provenance}）"
                if zh
                else f"{count} ({people.year}, {provenance})",
            )
        )
    rows.append(("路网" if zh else "roads", _road_source(roads, lang)))
    counts = [f"{PROVENANCES[p] if zh else p} {n:,}" for p, n in moment.document.provenance.items()]
    register = ("、" if zh else ", ").join(counts)
    rows.append(("登记册" if zh else "register", register))
    if moment.times is not None:
        who = moment.times.profile
        demand = moment.times.demand
        source = PROVENANCES[demand.provenance] if zh else demand.provenance
        if demand.provenance != "modelled":
            source += f"（{demand.source}）" if zh else f" ({demand.source})"
        rows.append(("出行方式" if zh else "travel", who.zh if zh else who.en))
        rows.append(("人口分布" if zh else "where people live", source))
    return rows


def _road_source(roads: Mapping[str, Any], lang: Lang) -> str:
    if not roads:
        return _NO_ROADS.to(lang)
    if "shipped" in roads:
        return Said(
            "OpenStreetMap 主要公路（随附，概略）", "OpenStreetMap main roads (shipped, coarse)"
        ).to(lang)
    return str(roads.get("source", "")) or figures.NOT_KNOWN.to(lang)


def _notes(moments: Sequence[Moment], lang: Lang) -> list[str]:
    masked = any(moment.document.masked for moment in moments)
    notes = [_WITHHELD.to(lang)] * masked
    for moment in moments:
        notes += moment.document.notes
        if moment.times is None:
            notes.append(_NO_RINGS.to(lang))
        elif moment.reach is not None:
            notes += moment.reach.notes
    return list(dict.fromkeys(notes))


def _sources(city: City, roads: Mapping[str, Any], lang: Lang) -> tuple[str, ...]:
    """Whose outlines, places and roads these are, with licences, as `data/sources.csv` has them."""
    shipped = {
        f"boundaries/{city.code}-counties.geojson": city.origin("counties"),
        f"boundaries/{city.code}-townships.geojson": city.origin("townships"),
        f"units/{city.code}.csv": city.origin("units"),
        f"population/{city.code}.csv": city.origin("population"),
        f"roads/{city.code}-edges.csv": "shipped" if "shipped" in roads else "own",
    }
    table = read_table(city.folder / "sources.csv", required=("file", "attribution", "licence"))
    found = [
        f"{r.get('attribution')} ({r.get('licence')})"
        for r in table.records
        if shipped.get(r.get("file")) == "shipped"
    ]
    if "shipped" not in roads and "openstreetmap" in str(roads).lower():
        found.append("© OpenStreetMap contributors (ODbL 1.0)")
    found += [said.to(lang) for said in quoted(city)]
    if city.workspace is not None:
        found.append(f"{_OWN.to(lang)}（{city.workspace.folder.name}）")
    return tuple(dict.fromkeys(found))
