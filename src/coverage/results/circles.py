"""Results of service circles: people reached, nearest times, as tables and as data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rich.text import Text

from coverage.formats.tables import csv_text
from coverage.kinds import KINDS
from coverage.reach.people import PERCENTILES, nearest_times, people_reached
from coverage.results.table import bullet, data_table

if TYPE_CHECKING:
    from rich.console import Console

    from coverage.messages import Lang
    from coverage.reach.people import PeopleReached
    from coverage.reach.service import ServiceTimes

GROUPS = {"all": "全部人口", "60+": "60岁以上", "65+": "65岁以上", "0-14": "0–14岁"}
COLUMNS = (
    "level",
    "code",
    "name",
    "group",
    "limit",
    "reached",
    "not_reached",
    "not_placed",
    "total",
    "share",
    "straight_share",
    "off_road_share",
)


def limit_name(times: ServiceTimes, limit: float, lang: Lang) -> str:
    """A limit as its profile measures it: 15 minutes, or 1,000 m."""
    if times.profile.measure == "distance":
        return f"{limit:,.0f} m" if lang == "en" else f"{limit:,.0f} 米"
    return f"{limit / 60:g} min" if lang == "en" else f"{limit / 60:g} 分钟"


def to_dict(times: ServiceTimes, lang: Lang = "zh") -> dict[str, Any]:
    """Everything as plain data; people are whole numbers that add up only before rounding."""
    return {
        "city": {"code": times.city.code, "name": times.city.name},
        "kinds": list(times.kinds),
        "year": times.year,
        "profile": times.profile.name,
        "direction": times.network.direction,
        "limits": [limit_name(times, limit, "en") for limit in times.limits_s],
        "roads": times.roads,
        "population": {"source": times.demand.source, "provenance": times.demand.provenance},
        "facilities": {
            "placed": len(times.sites.facilities),
            "at_seat": times.sites.at_seat,
            "not_placed": len(times.sites.not_placed),
            "illustrative": sum(f.provenance == "illustrative" for f in times.sites.facilities),
        },
        "notes": [note.to(lang) for note in times.notes],
        "skipped": [str(problem) for problem in times.skipped],
        "people": [
            _plain(times, row, level)
            for level in ("city", "county", "township")
            for row in people_reached(times, level=level)
        ],
        "nearest": [
            {
                "level": level,
                "code": row.code,
                "name": row.name,
                "group": row.group,
                "unit": "m" if times.profile.measure == "distance" else "s",
                "percentiles": {
                    str(p): None if math.isinf(s) else round(s, 1)
                    for p, s in zip(PERCENTILES, row.seconds, strict=True)
                },
                "beyond_percent": round(row.beyond, 2),
            }
            for level in ("city", "county")
            for row in nearest_times(times, level=level, group=_main_group(times))
        ],
    }


def _plain(times: ServiceTimes, row: PeopleReached, level: str) -> dict[str, Any]:
    return {
        "level": level,
        "code": row.code,
        "name": row.name,
        "group": row.group,
        "limit": limit_name(times, row.limit_s, "en"),
        "reached": round(row.reached, 3),
        "not_reached": round(row.not_reached, 3),
        "not_placed": round(row.not_placed, 3),
        "total": round(row.total, 3),
        "share": _percent(row.share),
        "straight_share": _percent(row.straight_share),
        "off_road_share": _percent(row.off_road_share),
    }


def _percent(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _main_group(times: ServiceTimes) -> str:
    return "60+" if "60+" in times.demand.people else "all"


def to_csv(times: ServiceTimes, lang: Lang = "zh") -> str:  # noqa: ARG001
    """People by unit, group and limit."""
    rows = to_dict(times)["people"]
    return csv_text(COLUMNS, [[row[c] for c in COLUMNS] for row in rows])


def to_markdown(times: ServiceTimes, lang: Lang = "zh") -> str:
    """Heading, notes and the table of the city and its counties."""
    lines = [f"# {heading(times, lang)}", ""]
    lines += [f"> - {note.to(lang)}" for note in times.notes]
    head, rows = _people_rows(times, lang)
    lines += ["", "| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def heading(times: ServiceTimes, lang: Lang) -> str:
    """What the circles are around, and how far; says so where example rows are counted."""
    illustrative = any(f.provenance == "illustrative" for f in times.sites.facilities)
    limits = "/".join(limit_name(times, limit, lang) for limit in times.limits_s)
    if lang == "zh":
        kinds = "、".join(KINDS[k].zh for k in times.kinds)
        mark = "（含示意数据）" if illustrative else ""
        return f"{times.city.name}{kinds}服务圈 · {times.profile.zh} {limits}{mark}"
    kinds = ", ".join(KINDS[k].en for k in times.kinds)
    mark = " — ILLUSTRATIVE DATA" if illustrative else ""
    return f"{times.city.label.english}: {kinds}, {times.profile.en} {limits}{mark}"


def show(times: ServiceTimes, to: Console, lang: Lang) -> None:
    """Print the tables."""
    to.print(Text(heading(times, lang), style="bold"))
    for note in times.notes:
        bullet(to, note.to(lang), "dim")
    for problem in times.skipped:
        to.print(Text(f" ! {problem}", style="yellow"), soft_wrap=True)
    head, rows = _people_rows(times, lang)
    title = "时限内可达人口" if lang == "zh" else "People within the limit"
    to.print(data_table(title, head, rows, left=3))
    head, rows = _nearest_rows(times, lang)
    unit = "米" if times.profile.measure == "distance" else "分钟"
    zh = f"到最近设施的{unit}（按 {GROUPS.get(_main_group(times), '')} 分位）"
    en = f"To the nearest facility, percentiles of people ({_main_group(times)})"
    to.print(data_table(zh if lang == "zh" else en, head, rows, left=1))


def _people_rows(times: ServiceTimes, lang: Lang) -> tuple[list[str], list[list[str]]]:
    zh = ["地区", "人群", "时限", "可达", "未达", "位置不详", "可达率", "直线圆", "离路占比"]
    en = ["unit", "group", "limit", "reached", "not", "unplaced", "share", "straight", "off road"]
    found = people_reached(times, level="city")
    if len(times.city.units.counties) > 1:
        found += people_reached(times, level="county", group=_main_group(times))
    rows = [
        [
            row.name,
            GROUPS.get(row.group, row.group) if lang == "zh" else row.group,
            limit_name(times, row.limit_s, lang),
            f"{row.reached:,.0f}",
            f"{row.not_reached:,.0f}",
            f"{row.not_placed:,.0f}" if row.not_placed else "—",
            _shown(row.share),
            _shown(row.straight_share),
            _shown(row.off_road_share),
        ]
        for row in found
    ]
    return (zh if lang == "zh" else en), rows


def _shown(value: float | None) -> str:
    return "—" if value is None else f"{value:.1f}%"


def _nearest_rows(times: ServiceTimes, lang: Lang) -> tuple[list[str], list[list[str]]]:
    last = "超出最大时限" if lang == "zh" else "beyond"
    head = ["地区" if lang == "zh" else "unit", *(f"P{p}" for p in PERCENTILES), last]
    per = 1.0 if times.profile.measure == "distance" else 60.0
    found = nearest_times(times, level="city", group=_main_group(times))
    if len(times.city.units.counties) > 1:
        found += nearest_times(times, level="county", group=_main_group(times))
    rows = [
        [
            row.name,
            *("∞" if math.isinf(s) else f"{s / per:,.1f}" for s in row.seconds),
            f"{row.beyond:.1f}%",
        ]
        for row in found
    ]
    return head, rows
