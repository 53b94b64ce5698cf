"""People: published figures as they stand, modelled ones marked, totals kept to the person.

Every city gets one base year in which all of its township-level rows have a
figure. Where a county or township is published for that year the model keeps
it; where it is not, the model spreads what is left of the city. The methods
are told in ``data/README.md`` and named in the note of every modelled row.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from .ledger import Facts, Ledger, cited, people_of
from .model import Observed, calibrate, largest_remainder
from .sources import BuildError
from .table import SourceRow, read_csv, write_csv
from .units import CITIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from .model import Calibration
    from .units import Township, UnitBook

GROUPS = {
    "population_total": "all",
    "population_0_14": "0-14",
    "population_15_59": "15-59",
    "population_60plus": "60+",
    "population_65plus": "65+",
}
COLUMNS = (
    "unit_code",
    "unit_name",
    "level",
    "group",
    "year",
    "people",
    "provenance",
    "source",
    "note",
)
TORCH = ("442000003", "442000007")
BASE_YEAR = {"360203": 2020, "440700": 2022, "441700": 2010, "441800": 2020, "442000": 2021}


def _published_note(fact: dict[str, str], name: str) -> str:
    notes = []
    if fact["unit"] == "万人":
        notes.append(f"原文{fact['value']}万人，换算为人")
    if fact["kind"] == "derived":
        notes.append("相加：" + ("男+女" if "male" in fact["note"] else "三个年龄段"))
    elif fact["kind"] == "year-end estimate":
        notes.append("年末常住人口")
    if fact["area"] != name:
        notes.append(f"原文名称“{fact['area']}”")
    return "；".join(notes)


def add_published(ledger: Ledger, facts: Facts) -> None:
    """Put every published figure of the city's own units into the ledger."""
    own = {ledger.city.code, *ledger.book.counties_of(ledger.city)}
    own |= {t.code for t in ledger.book.of(ledger.city)}
    for fact in facts.rows:
        group = GROUPS.get(fact["indicator"])
        if group is None or fact["area_code"] not in own:
            continue
        unit = fact["area_code"]
        note = _published_note(fact, ledger.book.names[unit])
        ledger.published(unit, group, int(fact["year"]), people_of(fact), cited(fact), note)


def weight_of(township: Township, weight: Fraction) -> Fraction:
    """A township-level row's weight in the model."""
    return weight * township.residents + (township.committees - township.residents)


def calibration(book: UnitBook, facts: Facts) -> Calibration:
    """Fit the weight to 鹤山's towns (2020) and 中山's townships (2021)."""

    def place(codes: Iterable[str], people: int) -> Observed:
        units = [t for t in book.townships if t.code in set(codes)]
        residents = sum(t.residents for t in units)
        name = "+".join(t.name for t in units)
        return Observed(name, residents, sum(t.committees for t in units) - residents, people)

    def area(prefix: str, year: str) -> list[Observed]:
        return [
            place([r["area_code"]], people_of(r))
            for r in facts.rows
            if r["area_code"].startswith(prefix)
            and len(r["area_code"]) == 9
            and r["indicator"] == "population_total"
            and r["year"] == year
        ]

    torch = place(TORCH, facts.people("population_total", 2021, "火炬统筹区"))
    return calibrate({"鹤山": area("440784", "2020"), "中山": [*area("442000", "2021"), torch]})


def _spread(
    ledger: Ledger, units: Iterable[Township], total: int, year: int, w: Fraction, note: str
) -> None:
    """Spread a total over township-level rows, keeping those already published."""
    units = tuple(units)
    known = {u.code: p for u in units if (p := ledger.get(u.code, "all", year)) is not None}
    open_units = {u.code: weight_of(u, w) for u in units if u.code not in known}
    left = total - sum(known.values())
    if not open_units:
        if left:
            raise BuildError(f"{ledger.city.name}: published townships miss the total by {left}")
        return
    text = f"{note}，按村居委会数分摊（居委会权重{float(w):.2f}）"
    if known and not left:
        text = "公报各镇街之和已等于全县总数，本统计单元不另计人口"
    ledger.model(largest_remainder(left, open_units), "all", year, text)


def _sum_up(ledger: Ledger, group: str, year: int, note: str) -> None:
    """Modelled county and city figures where townships add up and nothing is published."""
    for county in ledger.book.counties_of(ledger.city):
        figures = [ledger.get(t.code, group, year) for t in ledger.book.in_county(county)]
        people = [figure for figure in figures if figure is not None]
        if len(people) == len(figures):
            ledger.model({county: sum(people)}, group, year, note)
    counties = [ledger.get(c, group, year) for c in ledger.book.counties_of(ledger.city)]
    whole = [figure for figure in counties if figure is not None]
    if len(whole) == len(counties):
        ledger.model({ledger.city.code: sum(whole)}, group, year, note)


def _older(ledger: Ledger, year: int, shares: Mapping[str, tuple[Fraction, str]]) -> None:
    """60+ by township: county figure or share first, then in proportion to people."""
    for county in ledger.book.counties_of(ledger.city):
        if county not in shares:
            continue
        share, words = shares[county]
        people = {t.code: ledger.need(t.code, "all", year) for t in ledger.book.in_county(county)}
        given = ledger.get(county, "60+", year)
        total = round(sum(people.values()) * share) if given is None else given
        if county != ledger.city.code:
            ledger.model({county: total}, "60+", year, f"人口×60岁以上占比（{words}）")
        note = f"按人口分摊所属县的60岁以上人口（{words}）"
        ledger.model(largest_remainder(total, people), "60+", year, note)
    _sum_up(ledger, "60+", year, "所属单元的数相加")


def _qingyuan(ledger: Ledger, facts: Facts, w: Fraction) -> None:
    for county in ledger.book.counties_of(ledger.city):
        total = ledger.need(county, "all", 2020)
        _spread(ledger, ledger.book.in_county(county), total, 2020, w, "县2020年普查总数")
    _older(ledger, 2020, _shares(ledger, facts))


def _shares(ledger: Ledger, facts: Facts) -> dict[str, tuple[Fraction, str]]:
    """60+ share by county: its own census if published, else the province's."""
    province = facts.share("share_60plus", 2020, "440000")
    words = "广东省2020年普查12.35%"
    shares = dict.fromkeys(ledger.book.counties_of(ledger.city), (province, words))
    for county, name in (("441881", "英德"), ("440785", "恩平")):
        if county in shares:
            older = ledger.need(county, "60+", 2020)
            own = Fraction(older, ledger.need(county, "all", 2020))
            shares[county] = own, f"{name}市2020年普查{float(own):.2%}"
    return shares


def _zhongshan(ledger: Ledger, facts: Facts, _w: Fraction) -> None:
    torch = facts.people("population_total", 2021, "火炬统筹区")
    later = {code: facts.people("population_total", 2022, code) for code in TORCH}
    note = f"火炬统筹区2021年末{torch}人，按2022年末两街道公布数之比分摊"
    ledger.model(largest_remainder(torch, later), "all", 2021, note)
    figures = [ledger.need(t.code, "all", 2021) for t in ledger.book.of(ledger.city)]
    source = cited(facts.pick("population_total", 2021, "火炬统筹区"))
    note = "相加：各镇街（火炬统筹区合计）"
    ledger.published("442000", "all", 2021, sum(figures), source, note)
    total = ledger.need("442000", "all", 2020)
    ages = {"0-14": "share_0_14", "15-59": "share_15_59", "60+": "share_60plus"}
    percent = {group: facts.share(name, 2020, "442000") for group, name in ages.items()}
    for group, count in largest_remainder(total, percent).items():
        words = f"公布占比{float(percent[group]):.2%}×普查常住人口"
        ledger.model({"442000": count}, group, 2020, words)
    _older(ledger, 2021, {"442000": (percent["60+"], "中山市2020年普查8.87%")})


def _jiangmen(ledger: Ledger, facts: Facts, w: Fraction) -> None:
    heshan, enping = "440784", "440785"
    for county in (heshan, enping):
        total = ledger.need(county, "all", 2020)
        _spread(ledger, ledger.book.in_county(county), total, 2020, w, "县2020年普查总数")
        held = {t.code: ledger.need(t.code, "all", 2020) for t in ledger.book.in_county(county)}
        ledger.model(held | {county: total}, "all", 2022, "沿用2020年数（2022年无县级公布数）")
    rest = [t for t in ledger.book.of(ledger.city) if t.county not in {heshan, enping}]
    left = ledger.need("440700", "all", 2022)
    left -= sum(ledger.need(county, "all", 2022) for county in (heshan, enping))
    note = "全市2022年末减鹤山、恩平2020年普查"
    _spread(ledger, rest, left, 2022, w, note)
    _sum_up(ledger, "all", 2022, "所属乡级单元模型值相加；本县无公布总数，误差大")
    shares = _shares(ledger, facts)
    own = {enping: shares[enping]}
    _older(ledger, 2020, own)
    # The same older people in the base year, so that the county's figure stays whole.
    older = {u: p for (u, g, y), p in _figures(ledger).items() if g == "60+" and y == 2020}
    ledger.model(older, "60+", 2022, "沿用2020年数（2022年无公布数）")
    _older(ledger, 2022, shares)
    reverse = "由规划自身的比例反推：21401张÷31.8张/千人"
    ledger.model({"440700": round(Fraction(21401 * 10_000, 318))}, "60+", 2015, reverse)


def _figures(ledger: Ledger) -> dict[tuple[str, str, int], int]:
    return {key: row.people for key, row in ledger.rows.items()}


def _yangjiang(ledger: Ledger, facts: Facts, w: Fraction) -> None:
    hukou = {
        r["area"]: r
        for r in facts.rows
        if r["indicator"] == "population_hukou" and r["area_code"].startswith("4417")
    }
    registered: dict[str, int] = {}
    for name in sorted(hukou):
        code = hukou[name]["area_code"]
        registered[code] = registered.get(code, 0) + people_of(hukou[name])
    for code, count in sorted(registered.items()):
        note = "户籍人口，不是常住人口"
        note += "；相加：江城区+海陵区（功能区）" if code == "441702" else ""
        source = cited(next(r for r in hukou.values() if r["area_code"] == code))
        ledger.published(code, "all", 2008, count, source, note)
    note = "全市2010年普查常住人口先按2008年户籍人口分到各县"
    total = ledger.need("441700", "all", 2010)
    shares: dict[str, Fraction | int] = dict(registered)
    ledger.model(largest_remainder(total, shares), "all", 2010, note)
    for county in registered:
        inside = ledger.book.in_county(county)
        _spread(ledger, inside, ledger.need(county, "all", 2010), 2010, w, note)
    yangdong = ledger.need("441704", "all", 2020)
    inside = ledger.book.in_county("441704")
    _spread(ledger, inside, yangdong, 2020, w, "阳东区2020年普查总数（男+女）")
    older = round(Fraction(17899 * 1000, 37))
    reverse = "由规划自身的比例反推：17899张÷37张/千人"
    ledger.model({"441700": older}, "60+", 2020, reverse)
    people = {t.code: ledger.need(t.code, "all", 2010) for t in ledger.book.of(ledger.city)}
    note = "全市60岁以上483757人（由规划反推）按2010年人口模型值分摊，未计各地老龄化差异"
    ledger.model(largest_remainder(older, people), "60+", 2020, note)
    _sum_up(ledger, "60+", 2020, "所属乡级单元模型值相加")


def _zhushan(ledger: Ledger, _facts: Facts, w: Fraction) -> None:
    total = ledger.need("360203", "all", 2020)
    _spread(ledger, ledger.book.of(ledger.city), total, 2020, w, "区2020年普查总数")


METHODS = {
    "360203": _zhushan,
    "440700": _jiangmen,
    "441700": _yangjiang,
    "441800": _qingyuan,
    "442000": _zhongshan,
}


def build_ledgers(book: UnitBook, facts: Facts) -> tuple[dict[str, Ledger], Calibration]:
    """All population rows by city code, and the model's calibration."""
    fit = calibration(book, facts)
    ledgers = {}
    for city in CITIES:
        ledger = ledgers[city.code] = Ledger(city, book)
        add_published(ledger, facts)
        METHODS[city.code](ledger, facts, fit.weight)
    return ledgers, fit


def write_population(
    out: Path, book: UnitBook, facts_folder: Path
) -> tuple[list[SourceRow], dict[str, Ledger], Calibration]:
    """Write ``population/`` for every city."""
    facts = Facts(tuple(read_csv(facts_folder / "population.csv")))
    ledgers, fit = build_ledgers(book, facts)
    rows = []
    for city in CITIES:
        ledger = ledgers[city.code]
        ordered = sorted(ledger.rows.values(), key=lambda r: (len(r.unit), r.key))
        lines = (
            (r.unit, book.names[r.unit], ledger.level(r.unit), *r.key[1:], *r.figures)
            for r in ordered
        )
        write_csv(out / "population" / f"{city.code}.csv", COLUMNS, lines)
        years = sorted({r.year for r in ordered})
        rows.append(
            SourceRow(
                f"population/{city.code}.csv",
                f"{city.name}人口（公布数与模型数）",
                "各级统计公报与年鉴所载数字，逐行见 source 列；清单见 scripts/facts/sources.csv",
                "公布数为事实数据，注明出处使用；模型数 MIT（本项目）",
                "各行 source 列所列统计机构",
                f"{years[0]}-{years[-1]}",
                f"published 为公布数或其相加；modelled 为本项目分摊，居委会权重"
                f"{float(fit.weight):.2f}，留一法平均相对误差{fit.left_out:.0%}",
            )
        )
    return rows, ledgers, fit
