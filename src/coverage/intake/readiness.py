"""`coverage check`: is a workspace fit for use, on one page and without a score.

For each source: whose it is, what is approximate, illustrative or missing in
it, how new it is, and which indicators of the plan that makes an estimate or
leaves without a value.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

from coverage.download.licences import read_origins
from coverage.errors import InputError
from coverage.formats.tables import read_table
from coverage.intake.coarse import spread_too_wide, stacked
from coverage.intake.holdings import LOOKS, Mark, look
from coverage.measures import measure
from coverage.messages import Lang, Said
from coverage.workspace import ROLE_NAMES, STREETS_REMEDY, Origin, Role

if TYPE_CHECKING:
    from coverage.city import City
    from coverage.indicators import Measurement
    from coverage.plans import PlanIndicator

ORIGINS: dict[Origin, Said] = {
    "own": Said("自有", "own"),
    "shipped": Said("随附", "shipped"),
    "missing": Said("缺", "missing"),
}
MARKS: dict[Mark, Said] = {
    "approximate": Said("近似", "approximate"),
    "illustrative": Said("含示意", "illustrative"),
    "modelled": Said("含推算", "modelled"),
    "incomplete": Said("不全", "incomplete"),
}
_REMEDIES: dict[Role, Said] = {
    "plan": Said("coverage import plan 指标表.xlsx", "coverage import plan targets.xlsx"),
    "facilities": Said(
        "coverage import facilities 名录.xlsx（补全类型、床位、服务、坐标）",
        "coverage import facilities list.xlsx (kinds, beds, services, places)",
    ),
    "population": Said(
        "coverage import population 人口.xlsx（按乡镇和年龄）",
        "coverage import population people.xlsx (by township and age)",
    ),
    "people": Said(
        "coverage import population 居民点.csv，或 coverage fetch population",
        "coverage import population places.csv, or coverage fetch population",
    ),
    "counties": Said(
        "coverage import boundaries 县界.shp --level county",
        "coverage import boundaries counties.shp --level county",
    ),
    "townships": Said(
        "coverage import boundaries 乡镇界.shp，或 coverage fetch boundaries",
        "coverage import boundaries townships.shp, or coverage fetch boundaries",
    ),
    "roads": STREETS_REMEDY,
}
_SHOWN = 4
_DRAWS, _WORTH_POINTS = 100, 0.05
NOTHING = Said("", "")
# What readers of files raise for broken ones; not all of them gather problems.
BROKEN = (ValueError, LookupError, TypeError, OSError)


@dataclass(frozen=True)
class Line:
    """One source of a city and what its state means.

    Attributes:
        role: Which source.
        origin: ``own``, ``shipped`` or ``missing``.
        marks: What else is true of it.
        file: Name of the file, empty if there is none.
        said: What it holds and lacks.
        date: How new it is: the newest day or year in it, or of its download.
        odd: What to look at in it, a line each.
        blocked: Indicators that have no value because of it, by id and name.
        estimated: Indicators whose value it makes an estimate.
    """

    role: Role
    origin: Origin
    marks: tuple[Mark, ...]
    file: str
    said: tuple[Said, ...]
    date: Said = NOTHING
    odd: tuple[Said, ...] = ()
    blocked: dict[str, str] = field(default_factory=dict)
    estimated: dict[str, str] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Whether nothing about it stands between the planner and an indicator."""
        return not (self.blocked or self.estimated or self.marks)

    def words(self, lang: Lang, *, every: bool = False) -> list[str]:
        """The line and, indented, what it means and what to do; all indicators if `every`."""
        name = Said(*ROLE_NAMES[self.role]).to(lang)
        tags = [ORIGINS[self.origin].to(lang), *(MARKS[m].to(lang) for m in self.marks)]
        head = f"{name} [{'、'.join(tags) if lang == 'zh' else ', '.join(tags)}]"
        details = [said.to(lang) for said in self.said]
        if self.date.zh:
            details.append(Said("最新 ", "newest ").then(self.date).to(lang))
        joint = "；" if lang == "zh" else "; "
        lines = [f"{head} {joint.join(details)}".rstrip()]
        lines += [f"  ! {said.to(lang)}" for said in self.odd]
        for found, said in (
            (self.blocked, Said("算不出", "not computable")),
            (self.estimated, Said("只是估计", "estimates only")),
        ):
            if found:
                lines.append(f"  → {said.to(lang)}{_listed(found, lang, every=every)}")
        if self.role in _REMEDIES and not self.good:
            lines.append(f"  ＋ {_REMEDIES[self.role].to(lang)}")
        return lines


def _listed(found: dict[str, str], lang: Lang, *, every: bool) -> str:
    most = len(found) if every else _SHOWN
    shown = [name if lang == "zh" else id_ for id_, name in list(found.items())[:most]]
    count, joint = len(found), "、" if lang == "zh" else ", "
    more = Said(f" 等 {count} 项", f" and {count - len(shown)} more") if count > most else None
    colon = Said(f" {count} 项：", f" ({count}): ").to(lang)
    return f"{colon}{joint.join(shown)}{more.to(lang) if more else ''}"


def check_workspace(city: City) -> list[Line]:
    """Every source of a city in its state, and what that means for the plan's indicators.

    Works for a shipped city too. A file that cannot be read is a line like any other, with the
    first of its problems.
    """
    lines = {role: _line(city, role) for role in LOOKS}
    lines["facilities"] = replace(lines["facilities"], odd=(*_far(city, lines), *_stacked(city)))
    lines["people"] = replace(lines["people"], odd=_wide(city))
    lines["roads"] = _with_obstacles(city, lines["roads"])
    try:
        blocked, estimated = _effects(city, lines)
    except BROKEN as error:
        # A broken source has said so in its own line; nothing can be computed beside it.
        broken = Said("指标无法试算：", "no trial run: ").then(_first(error))
        lines["plan"] = replace(lines["plan"], said=(*lines["plan"].said, broken))
        return list(lines.values())
    return [
        replace(line, blocked=blocked[role], estimated=estimated[role])
        for role, line in lines.items()
    ]


def page(city: City, lang: Lang, *, every: bool = False) -> list[str]:
    """The whole page in lines of text; with `every` indicator named that a gap touches."""
    lines = check_workspace(city)
    title = Said(f"{city.name}：数据是否够用", f"{city.label.english}: is the data fit for use")
    body = [text for line in lines for text in line.words(lang, every=every)]
    last = [*_closing(city, lines), *_first_to_bring(city, lines)]
    return [title.to(lang), *body, *(said.to(lang) for said in last)]


def _first_to_bring(city: City, lines: list[Line]) -> list[Said]:
    """Which data would narrow the first share of people by road most, ranked, with points."""
    blocked = {id_ for line in lines for id_ in line.blocked}
    try:
        plan = [*city.plan.indicators, *city.references]
        asked = next((i for i in plan if _travels(i) and i.id not in blocked), None)
        if asked is None:
            return []
        from coverage.draws.measure import draws_for
        from coverage.draws.sources import NAMES, TO_BRING

        year = city.plan.end
        found = draws_for(city, city.register, asked, year, (), n=_DRAWS, seed=1)
    except BROKEN:
        return []
    ranked = [(n, one) for n, one in found.by_source.items() if n in TO_BRING] if found else []
    worth = [(NAMES[name], one.points) for name, one in ranked if one.points >= _WORTH_POINTS]
    if found is None or not worth:
        return []
    head = Said(
        f"先补哪些数据（{asked.name}，{found.likely.zh}）：",
        f"Which data to bring first ({asked.name_en or asked.name}, {found.likely.en}):",
    )
    return [
        head,
        *(
            Said(
                f"  {rank}. {name.zh}：区间缩小 {points:.1f} 个百分点",
                f"  {rank}. {name.en}: {points:.1f} points less between the ends",
            )
            for rank, (name, points) in enumerate(worth, start=1)
        ),
    ]


def _closing(city: City, lines: list[Line]) -> list[Said]:
    """How many indicators are sound, estimates, without a value, or reported by hand."""
    try:
        plan = [*city.plan.indicators, *city.references]
    except BROKEN:
        return []
    computed = {i.id for i in plan if i.computed}
    blocked = {id_ for line in lines for id_ in line.blocked}
    estimated = {id_ for line in lines for id_ in line.estimated} - blocked
    sound, by_hand = len(computed - blocked - estimated), len(plan) - len(computed)
    return [
        Said(
            f"共 {len(plan)} 项指标：{sound} 项可直接算，{len(estimated)} 项是估计，"
            f"{len(blocked)} 项算不出，{by_hand} 项须自行填报（report --values）",
            f"{len(plan)} indicators: {sound} computable, {len(estimated)} estimates, "
            f"{len(blocked)} not computable, {by_hand} reported by hand (report --values)",
        )
    ]


def _line(city: City, role: Role) -> Line:
    path, origin = city.find(role), city.origin(role)
    if path is None:
        return Line(role, "missing", (), "", (_MISSING[role],))
    try:
        found = look(city, role)
    except BROKEN as error:
        broken = Said("读不出来：", "cannot be read: ").then(_first(error))
        return Line(role, origin, ("incomplete",), path.name, (broken,))
    record = read_origins(path.parent).get(path.name) if origin == "own" else None
    if record is not None:
        found.say(
            f"{record.attribution}，{record.licence}，{record.date} 下载",
            f"{record.attribution}, {record.licence}, downloaded {record.date}",
        )
        found.date = found.date or record.data_date or record.date
    date = Said(found.date, found.date)
    if origin == "own" and not found.date:
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()
        date = Said(f"{changed}（文件日期）", f"{changed} (file date)")
    elif origin == "shipped" and not found.date:
        date = Said(*[_shipped_date(city, f"{path.parent.name}/{path.name}")] * 2)
    return Line(role, origin, tuple(found.marks), path.name, tuple(found.said), date)


def _far(city: City, lines: dict[Role, Line]) -> tuple[Said, ...]:
    """Facilities far from every road, where both can be read."""
    if "missing" in {lines["facilities"].origin, lines["roads"].origin}:
        return ()
    from coverage.reach.service import far_facilities
    from coverage.reach.sites import off_road_notes

    try:
        return off_road_notes(far_facilities(city, city.register.facilities))
    except BROKEN as error:
        said = Said("未核对设施离路多远：", "facilities were not held against the roads: ")
        return (said.then(_first(error)),)


def _stacked(city: City) -> tuple[Said, ...]:
    try:
        return stacked(city)
    except BROKEN:
        return ()  # the source that is broken says so in its own line


def _wide(city: City) -> tuple[Said, ...]:
    try:
        return spread_too_wide(city)
    except BROKEN:
        return ()


def _with_obstacles(city: City, line: Line) -> Line:
    """The line of the roads with the workspace's layers that no way off them crosses."""
    from coverage.reach.sites import obstacle_notes, own_obstacles
    from coverage.settings import WGS84

    try:
        return replace(line, said=(*line.said, *obstacle_notes(own_obstacles(city, WGS84))))
    except BROKEN as error:
        return replace(line, odd=(_first(error),))


def _first(error: Exception) -> Said:
    """The first thing wrong."""
    if isinstance(error, InputError):
        return Said(error.problems[0].to("zh"), error.problems[0].to("en"))
    return Said(*[f"{type(error).__name__}: {error}"] * 2)


def _shipped_date(city: City, file: str) -> str:
    path = city.folder / "sources.csv"
    if not path.is_file():
        return ""
    return next((r.get("date") for r in read_table(path).records if r.get("file") == file), "")


_MISSING: dict[Role, Said] = {
    "plan": Said("没有规划，无从评估", "without a plan nothing is assessed"),
    "facilities": Said("没有登记册", "there is no register"),
    "population": Said("没有人口表", "there is no population table"),
    "people": Said(
        "没有人口栅格或点，按乡镇人口推算居住分布",
        "no grid or points: where people live is modelled from township figures",
    ),
    "units": Said("没有乡镇名录", "there is no list of townships"),
    "villages": Said("没有村居名录，村级指标无从计算", "no list of villages"),
    "counties": Said("没有县界", "there are no county boundaries"),
    "townships": Said("没有乡镇界", "there are no township boundaries"),
    "roads": Said("没有路网，不能算出行时间", "no roads: no travel times"),
}

_Effects: TypeAlias = "defaultdict[Role, dict[str, str]]"


def _effects(city: City, lines: dict[Role, Line]) -> tuple[_Effects, _Effects]:
    """Indicators without a value and with an estimated one, by the source that is to blame."""
    blocked: _Effects = defaultdict(dict)
    estimated: _Effects = defaultdict(dict)
    if lines["plan"].origin == "missing":
        return blocked, estimated
    for indicator in (*city.plan.indicators, *city.references):
        if not indicator.computed:
            continue
        no, weak = (
            _travel(city, indicator, lines) if _travels(indicator) else _counted(city, indicator)
        )
        for role in no:
            blocked[role][indicator.id] = indicator.name
        for role in weak if not no else ():
            estimated[role][indicator.id] = indicator.name
    return blocked, estimated


def _travels(indicator: PlanIndicator) -> bool:
    return indicator.measure == "people_within"


def _counted(city: City, indicator: PlanIndicator) -> tuple[set[Role], set[Role]]:
    """Sources that keep an indicator of counts from a value, and that make it an estimate."""
    if indicator.level == "village" and not city.units.villages:
        return {"villages"}, set()
    found = measure(city, city.register, indicator, city.plan.end)
    if found.value is None:
        return _blame(city, indicator), set()
    weak: set[Role] = set()
    if found.provenance["illustrative"] or found.partial or found.basis == "stated":
        weak.add("facilities")
    if _older_modelled(city, indicator, found):
        weak.add("population")
    return set(), weak


def _blame(city: City, indicator: PlanIndicator) -> set[Role]:
    """Population where the figure below the line is not known, else the register."""
    population, end = city.population, city.plan.end
    per_older = indicator.match.share == "per_1000_60plus"
    if per_older and population.near(city.code, "60+", end) is None:
        return {"population"}
    area = indicator.measure == "area_per_100_households"
    if area and population.near(city.code, "households", end) is None:
        return {"population"}
    return {"facilities"}


def _older_modelled(city: City, indicator: PlanIndicator, found: Measurement) -> bool:
    if indicator.match.share != "per_1000_60plus" or found.basis != "register":
        return False
    older = city.population.near(city.code, "60+", city.plan.end)
    return older is not None and older.provenance == "modelled"


def _travel(
    city: City, indicator: PlanIndicator, lines: dict[Role, Line]
) -> tuple[set[Role], set[Role]]:
    """The same for an indicator of travel times, which needs nearly every source."""
    counted, lacking = _people_of(city, indicator.match.group)
    needed: tuple[Role, ...] = ("roads", "counties", "townships", "facilities", *counted)
    no: set[Role] = {role for role in needed if lines[role].origin == "missing"} | lacking
    rows = [f for f in city.register.facilities if f.kind in indicator.match.kinds]
    if not rows:
        no.add("facilities")
    weak: set[Role] = {role for role in needed if lines[role].marks and role != "facilities"}
    if any(f.provenance == "illustrative" or not f.placed for f in rows):
        weak.add("facilities")
    if lines["people"].origin == "missing":
        weak.add("people")
    if "incomplete" in lines["units"].marks:
        weak.add("units")
    return no, weak


def _people_of(city: City, group: str) -> tuple[tuple[Role, ...], set[Role]]:
    """Sources that tell how many of a group live where, and those that are there and do not."""
    from coverage.demand.sources import RASTERS, demand_of

    path = city.find("people")
    if path is None:
        return ("population",), set()
    if path.suffix in RASTERS:  # a grid tells of everybody, the table of parts of them
        return ("population",) if group != "all" else (), set()
    told = group in demand_of(city, path)[0].groups
    return (), set() if told else {"people"}
