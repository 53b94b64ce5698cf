"""The facility registers: cited facilities, and example rows that reproduce a plan's totals.

Real facilities come from `facts/facilities.csv` and from the institutions
that the plans name (`facts/plan_facilities.csv`); they are ``published`` and
carry no coordinates, because none is published. Where a plan states only
totals (``[[stated]]`` in its TOML file), example rows fill the rest up to the
total: they are ``illustrative``, named 示意, and stand in units drawn by a
hash, so that every machine draws the same ones.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coverage.facilities import USUAL

from .table import SourceRow, csv_text, read_csv, write_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FACTS = Path(__file__).parents[1] / "facts"
PLANS = Path(__file__).parents[2] / "data" / "plans"
CITIES = {
    "441800": "清远市",
    "442000": "中山市",
    "441700": "阳江市",
    "440700": "江门市",
    "360203": "景德镇市珠山区",
}
# Facts name what a thing is called; the register says what it is.
KINDS = {
    "殡仪馆": "funeral_home",
    "经营性公墓": "commercial_cemetery",
    "公墓": "cemetery",
    "骨灰楼": "columbarium",
    "烈士陵园": "memorial",
    "公益性骨灰楼堂": "columbarium",
    "公益性墓地": "public_cemetery",
    "公益性公墓": "public_cemetery",
    "综合养老服务中心": "elder_care",
    "长者饭堂": "meal_point",
    "长者食堂": "meal_point",
}
# No plan says how many institutions offer the full set of services at its start.
# These numbers of townships are examples, and nothing else.
EXAMPLE_INTEGRATED = {"441800": 40, "441700": 16, "360203": 4}
EXAMPLE_DEPENDENT_CARE = {"441800": 5, "441700": 2}
# 江门 prints its baseline in words: 城市、农村老人服务设施覆盖率分别达到100%、99%.
# Its 康园中心 cover 全市街道和中心镇; how many 镇 are 中心镇 is not said.
WORDED_GOALS = {
    ("440700", "day_care"): (("village", ("社区",), 100), ("village", ("村",), 99)),
    ("440700", "rehab_centre"): (("township", ("街道",), 100),),
}
FULL = "全托;日托;上门;协调指导"
COUNTY_RUN = {"rescue_station", "child_welfare", "child_protection_centre", "funeral_home"}
BURIAL = {"columbarium", "public_cemetery", "eco_burial"}
# Bodies and rooms that a plan counts but that are no places of service.
NOT_PLACES = {"社区社会组织", "颁证室", "婚姻家庭辅导室"}


def draw(*key: object) -> float:
    """A number in (0, 1) that depends on `key` alone, the same in every Python."""
    digest = hashlib.sha256("/".join(map(str, key)).encode()).digest()
    return (int.from_bytes(digest[:8], "big") + 1) / (2**64 + 2)


@dataclass
class Unit:
    """A unit that example rows can stand in."""

    code: str
    name: str
    category: str
    weight: float


@dataclass
class Ground:
    """What the generator knows of one city."""

    city: str
    plan: dict[str, Any]
    counties: list[Unit]
    townships: list[Unit]
    villages: list[Unit]
    published: list[dict[str, Any]]
    rows: list[dict[str, Any]] = field(default_factory=list)

    def pick(self, units: Sequence[Unit], *key: object) -> list[Unit]:
        """`units` in a drawn order in which heavier ones tend to come first."""
        return sorted(
            units,
            key=lambda u: -(draw(self.city, *key, u.code) ** (1 / max(u.weight, 0.1))),
        )


def build(out: Path) -> list[SourceRow]:
    """Write ``facilities/<city>.csv`` for every city; the units must stand in `out`."""
    sources = []
    for city, name in CITIES.items():
        ground = _ground(out, city)
        for stated in ground.plan.get("stated", []):
            _fill(ground, stated)
        _nursing(ground)
        _integrated(ground)
        rows = [*ground.published, *ground.rows]
        text = csv_text(USUAL, [[row.get(c, "") for c in USUAL] for row in rows])
        write_text(out / "facilities" / f"{city}.csv", text)
        count = Counter(row["provenance"] for row in rows)
        sources.append(_source(city, name, ground.plan["plan"]["title"], count))
    return sources


def _source(city: str, name: str, title: str, count: Counter[str]) -> SourceRow:
    return SourceRow(
        file=f"facilities/{city}.csv",
        title=f"{name}设施登记册 Facility register",
        origin=f"cited public notices (scripts/facts/facilities.csv); {title}",
        licence="facts with their source; example rows CC0-1.0",
        attribution="each row names its source",
        date="2020-2025",
        derivation=(
            f"{count['published']} published rows, {count['illustrative']} illustrative rows drawn "
            "to reproduce the plan's totals; no coordinates are published"
        ),
    )


def _ground(out: Path, city: str) -> Ground:
    plan = tomllib.loads((PLANS / f"{city}.toml").read_text(encoding="utf-8"))
    units = read_csv(out / "units" / f"{city}.csv")
    villages = read_csv(out / "units" / f"{city}-villages.csv")

    def unit(row: dict[str, str], weight: float) -> Unit:
        return Unit(row["code"], row["name"], row["category"], weight)

    upper = [unit(r, float(r["committees"] or 1)) for r in units if r["level"] == "township"]
    return Ground(
        city,
        plan,
        [unit(r, float(r["committees"] or 1)) for r in units if r["level"] == "county"],
        [u for u in upper if u.category != "统计单元"],
        [unit(r, 1.0) for r in villages if r["category"] in {"村", "社区"}],
        _published(city, {r["name"]: r["code"] for r in units if r["level"] == "county"}),
    )


def _published(city: str, counties: dict[str, str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for fact in read_csv(FACTS / "facilities.csv"):
        if fact["city"] != CITIES[city]:
            continue
        county = counties.get(fact["county"], city)
        rows.append(
            {
                "name": fact["name"],
                "kind": KINDS[fact["category"]],
                "category": fact["category"],
                "services": "助餐" if KINDS[fact["category"]] == "meal_point" else "",
                "beds": fact["beds"],
                "ownership": fact["ownership"].split("(")[0],
                "unit_code": fact["village_code"] or fact["township_code"] or county,
                "status": "open",
                "opened": fact["status"][:10] if fact["status"][:2] == "20" else "",
                "source": fact["source"],
                "note": "；".join(
                    n for n in (fact["address"], fact["capacity"], fact["note"]) if n
                ),
            }
        )
    for fact in read_csv(FACTS / "plan_facilities.csv"):
        if fact["city"] == city:
            named = {k: fact[k] for k in ("name", "kind", "category", "ownership", "unit_code")}
            rest = {k: fact[k] for k in ("status", "beds", "opened", "note")}
            rows.append({**named, **rest, "source": f"五年规划 {fact['clause']}"})
    for number, row in enumerate(rows, start=1):
        row.update(id=f"{city}-P{number:03d}", provenance="published")
    return rows


def _fill(ground: Ground, stated: dict[str, Any]) -> None:
    """Example rows for one stated total, less the real facilities already in the register."""
    category = stated.get("category", "")
    if category in NOT_PLACES:
        return
    if stated.get("note", "").startswith("其中"):
        _relabel(ground, stated)
        return
    missing = min(stated["count"] - _real(ground, stated), _room_left(ground, stated["kind"]))
    places = _places(ground, stated, missing)
    beds = _split(ground, stated.get("beds"), missing, category)
    for number, unit in enumerate(places):
        serial = len(ground.rows) + 1
        ground.rows.append(
            {
                "id": f"{ground.city}-X{serial:04d}",
                "name": f"示意·{unit.name}{category or stated['kind']}",
                "kind": stated["kind"],
                "category": "市级" if unit.code == ground.city and _has_city(stated) else category,
                "services": {"meal_point": "助餐", "elder_care": "全托", "day_care": "日托"}.get(
                    stated["kind"], ""
                ),
                "beds": beds[number] if beds else "",
                "ownership": stated.get("ownership", ""),
                "unit_code": unit.code,
                "status": "open",
                "source": f"示意：按规划总数生成（{stated['clause']}）",
                "provenance": "illustrative",
            }
        )


def _relabel(ground: Ground, stated: dict[str, Any]) -> None:
    """Mark example rows of a larger total as the part of it that the plan names."""
    category, ownership = stated.get("category", ""), stated.get("ownership", "")
    rows = [r for r in ground.rows if r["kind"] == stated["kind"] and not r.get("part")]
    rows.sort(key=lambda r: draw(ground.city, "part", category, r["id"]))
    for row in rows[: stated["count"]]:
        row["ownership"] = ownership or row["ownership"]
        if category == "内设医疗机构的养老机构":
            row["services"] += ";医养结合"
            continue
        row["part"] = True
        row["name"] = row["name"].replace(row["category"], category)
        row["category"] = category


def _has_city(stated: dict[str, Any]) -> bool:
    return bool(stated["kind"] == "child_protection_centre")


def _room_left(ground: Ground, kind: str) -> int:
    """How many rows of a kind the plan's totals leave beside those already in the register."""
    totals = [
        s["count"]
        for s in ground.plan["stated"]
        if s["kind"] == kind
        and not s.get("note", "").startswith("其中")
        and s.get("category", "") not in NOT_PLACES
    ]
    real = [r for r in ground.published if r["kind"] == kind and r["status"] == "open"]
    drawn = [r for r in ground.rows if r["kind"] == kind]
    return max(0, int(sum(totals)) - len(real) - len(drawn))


def _real(ground: Ground, stated: dict[str, Any]) -> int:
    """Real open facilities that this total already contains, each used for one total only."""
    same = [
        row
        for row in ground.published
        if row["kind"] == stated["kind"] and row["status"] == "open" and not row.get("used")
    ]
    own = [row for row in same if row["category"] == stated.get("category", "")]
    groups = [
        s.get("category", "")
        for s in ground.plan["stated"]
        if s["kind"] == stated["kind"] and not s.get("note", "").startswith("其中")
    ]
    # A real facility that fits no category of the plan belongs to its last, widest one.
    last = stated.get("category", "") == groups[-1]
    loose = [row for row in same if row["category"] not in groups] if last else []
    taken = (own + loose)[: stated["count"]]
    for row in taken:
        row["used"] = True
    return len(taken)


def _goals(ground: Ground, kind: str, category: str) -> list[tuple[str, tuple[str, ...], int]]:
    """Numbers of units that the plan says its facilities of `kind` cover at the start."""
    goals: list[tuple[str, tuple[str, ...], int]] = [
        (level, categories, int(len(_units(ground, level, categories)) * share / 100 + 0.5))
        for level, categories, share in WORDED_GOALS.get((ground.city, kind), ())
    ]
    for indicator in ground.plan["indicator"]:
        match = indicator.get("match", {})
        base = indicator.get("baseline", {})
        if indicator["measure"] != "unit_share" or kind not in match.get("kinds", ()):
            continue
        if match.get("services") or category not in (match.get("categories") or [category]):
            continue
        units = _units(ground, indicator["level"], tuple(match.get("units", ())))
        count = base.get("numerator")
        if count is None and "value" in base and indicator.get("unit") == "%":
            count = int(len(units) * float(base["value"]) / 100 + 0.5)
        if count is not None:
            goal = (indicator["level"], tuple(match.get("units", ())), min(count, len(units)))
            goals.append(goal)
    return goals


def _units(ground: Ground, level: str, categories: tuple[str, ...] = ()) -> list[Unit]:
    found = {
        "county": ground.counties,
        "township": ground.townships,
        "village": ground.villages,
    }.get(level, [])
    return [u for u in found if not categories or u.category in categories]


def _places(ground: Ground, stated: dict[str, Any], count: int) -> list[Unit]:
    """Units for `count` example rows, covering as many units as the plan says."""
    kind, category = stated["kind"], stated.get("category", "")
    key = (kind, category)
    goals = _goals(ground, kind, category)
    if kind in COUNTY_RUN or (kind == "commercial_cemetery"):
        whole = Unit(ground.city, CITIES[ground.city], "", 1)
        first = [whole] if kind in {"child_protection_centre", "rescue_station"} else []
        return _cycle([*first, *ground.pick(ground.counties, *key)], count)
    counties = _allowed_counties(ground, goals)
    villages = [g for g in goals if g[0] == "village"]
    if villages or stated.get("level") == "village":
        return _village_places(ground, villages, count, key, covers_townships=bool(goals))
    townships = [u for u in ground.townships if u.code[:6] in counties]
    _, some, goal = next((g for g in goals if g[0] == "township"), ("", (), None))
    order = _with_real_first(ground, ground.pick(townships, *key), kind)
    if goal is not None and some:
        # The plan speaks of some townships only (the 街道): those first, others may follow.
        order.sort(key=lambda u: u.category not in some)
        return _cycle(order, count)
    if goal is not None:
        order = order[:goal]
    if kind == "elder_care":
        order = _fresh_first(ground, order, kind)
    order = _one_a_county_first(order)
    if goal is None and kind in BURIAL:
        # No plan says that every township has one: after one a county, any township may draw.
        first = order[: len({u.code[:6] for u in order})]
        rest = [_drawn(ground, order, *key, k) for k in range(count - len(first))]
        return [*first, *rest][:count]
    return _cycle(order, count)


def _drawn(ground: Ground, units: list[Unit], *key: object) -> Unit:
    return units[int(draw(ground.city, *key) * len(units))]


def _allowed_counties(
    ground: Ground, goals: Iterable[tuple[str, tuple[str, ...], int]]
) -> set[str]:
    """Counties that may hold the kind, where the plan says how many have it."""
    goal = next((g[2] for g in goals if g[0] == "county"), None)
    order = _with_real_first(ground, ground.pick(ground.counties, "counties"), "columbarium")
    return {u.code for u in (order if goal is None else order[:goal])}


def _with_real_first(ground: Ground, units: list[Unit], kind: str) -> list[Unit]:
    """Units that hold a real facility of the kind stay covered, so they come first."""
    real = {r["unit_code"] for r in ground.published if r["kind"] == kind and r["status"] == "open"}
    return sorted(units, key=lambda u: not any(code.startswith(u.code) for code in real))


def _fresh_first(ground: Ground, units: list[Unit], kind: str) -> list[Unit]:
    """Units that hold no example row of the kind yet come first."""
    taken = {row["unit_code"] for row in ground.rows if row["kind"] == kind}
    return sorted(units, key=lambda u: u.code in taken)


def _one_a_county_first(units: list[Unit]) -> list[Unit]:
    seen: set[str] = set()
    first: list[Unit] = []
    rest: list[Unit] = []
    for unit in units:
        (rest if unit.code[:6] in seen else first).append(unit)
        seen.add(unit.code[:6])
    return first + rest


def _cycle(units: list[Unit], count: int) -> list[Unit]:
    return [units[k % len(units)] for k in range(count)] if units else []


def _village_places(
    ground: Ground,
    goals: list[tuple[str, tuple[str, ...], int]],
    count: int,
    key: tuple[str, ...],
    *,
    covers_townships: bool,
) -> list[Unit]:
    chosen: list[Unit] = []
    for _, categories, goal in goals:
        pool = [u for u in _units(ground, "village", categories) if u not in chosen]
        order = ground.pick(pool, *key)
        chosen += (_one_a_township_first(order) if covers_townships else order)[:goal]
    rest = [u for u in ground.pick(ground.villages, *key, "rest") if u not in chosen]
    limited = {c for _, categories, _ in goals for c in categories}
    rest = [u for u in rest if u.category not in limited] if goals else rest
    if not goals:
        # Nothing is said of which villages have one: each draws anew, and some draw twice.
        return [_drawn(ground, rest, *key, k) for k in range(count)]
    townships = {u.code[:9] for u in chosen}
    rest.sort(key=lambda u: u.code[:9] in townships)
    return (chosen + rest + _cycle(chosen, max(0, count - len(chosen) - len(rest))))[:count]


def _one_a_township_first(units: list[Unit]) -> list[Unit]:
    seen: set[str] = set()
    first: list[Unit] = []
    rest: list[Unit] = []
    for unit in units:
        (rest if unit.code[:9] in seen else first).append(unit)
        seen.add(unit.code[:9])
    return first + rest


def _split(ground: Ground, total: int | None, parts: int, *key: object) -> list[int] | None:
    """`total` in `parts` whole numbers of differing size, exactly."""
    if total is None or parts < 1:
        return None
    weights = [0.4 + draw(ground.city, "beds", *key, k) for k in range(parts)]
    return apportion(total, weights)


def apportion(total: int, weights: Sequence[float]) -> list[int]:
    """`total` split in proportion to `weights` by largest remainder, exactly."""
    scale = total / sum(weights)
    shares = [int(w * scale) for w in weights]
    order = sorted(range(len(weights)), key=lambda k: shares[k] - weights[k] * scale)
    for k in order[: total - sum(shares)]:
        shares[k] += 1
    return shares


def _nursing(ground: Ground) -> None:
    """Nursing beds in the example rows, so that their share is the plan's."""
    share = _baseline(ground, "elder_care.nursing_bed_share")
    rows = [r for r in ground.rows if r["kind"] == "elder_care" and r["beds"] != ""]
    if share is None or not rows:
        return
    goal = int(sum(r["beds"] for r in rows) * share / 100 + 0.5)
    parts = apportion(goal, [r["beds"] for r in rows])
    for row, part in zip(rows, parts, strict=True):
        row["nursing_beds"] = part


def _baseline(ground: Ground, id_: str) -> float | None:
    for indicator in ground.plan["indicator"]:
        if indicator["id"] == id_ and "value" in indicator.get("baseline", {}):
            return float(indicator["baseline"]["value"])
    return None


def _integrated(ground: Ground) -> None:
    """The full set of services for an example number of townships and counties."""
    rows = [r for r in ground.rows if r["kind"] == "elder_care" and len(r["unit_code"]) == 9]
    rows.sort(key=lambda r: draw(ground.city, "integrated", r["id"]))
    seen: set[str] = set()
    for row in rows:
        if len(seen) < EXAMPLE_INTEGRATED.get(ground.city, 0) and row["unit_code"] not in seen:
            seen.add(row["unit_code"])
            row["services"] = FULL
    counties: set[str] = set()
    for row in rows:
        county = row["unit_code"][:6]
        if len(counties) < EXAMPLE_DEPENDENT_CARE.get(ground.city, 0) and county not in counties:
            counties.add(county)
            row["services"] += ";失能照护;特困供养"
