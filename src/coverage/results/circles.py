"""Results of service circles: people reached, nearest times, as tables and as data."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from rich.text import Text

from coverage.groups import label
from coverage.kinds import KINDS
from coverage.messages import Lang, Said, joined
from coverage.reach.bounds import people_between
from coverage.reach.people import (
    PERCENTILES,
    PeopleReached,
    nearest_times,
    off_road_of,
    people_reached,
)
from coverage.results import words
from coverage.results.document import HIDDEN, Hidden, as_json
from coverage.results.ranges import Range
from coverage.results.table import Column, Table, bullet, columns, to_rich
from coverage.results.table import to_csv as table_csv
from coverage.results.table import to_markdown as table_markdown
from coverage.text import spaced
from coverage.travel.off_road import mark_of, said_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from coverage.draws.summary import Draws
    from coverage.reach.service import ServiceTimes

Measured: TypeAlias = "float | Hidden | None"


@dataclass(frozen=True)
class PeopleRow:
    """People of one group in one unit against one limit; see `coverage.reach.people`."""

    level: str
    code: str
    name: str
    group: str
    limit: str
    reached: Measured
    not_reached: Measured
    not_placed: Measured
    total: Measured
    share: Measured = None
    straight_share: Measured = None
    off_road_share: Measured = None
    wholly_off_road: Measured = None

    @property
    def key(self) -> tuple[str, ...]:
        """What tells it from other rows."""
        return self.level, self.code, self.group, self.limit

    @property
    def counts(self) -> tuple[Measured, ...]:
        """Its numbers of people."""
        return self.reached, self.not_reached, self.not_placed, self.total

    def hidden(self) -> PeopleRow:
        """The row without any of its figures."""
        return PeopleRow(*astuple(self)[:5], *[HIDDEN] * 8)


@dataclass(frozen=True)
class NearestRow:
    """Times, or metres, to the nearest facility of one unit by percentile of people."""

    level: str
    code: str
    name: str
    group: str
    unit: str
    percentiles: Mapping[str, float | None]
    beyond_percent: Measured

    def hidden(self) -> NearestRow:
        """The row without any of its figures."""
        nothing = dict.fromkeys(self.percentiles)
        return replace(self, percentiles=nothing, beyond_percent=HIDDEN)


@dataclass(frozen=True)
class Circles:
    """Everything that is known of the circles of one city.

    Attributes:
        city: Its code and name.
        kinds: Of the facilities.
        year: In which they are open.
        profile: How people travel.
        direction: To or from the facilities.
        limits: In words.
        roads: Where they come from.
        population: Its source and provenance.
        facilities: How many are placed, at a seat, not placed, illustrative.
        straight_estimate: Whether it is hardly more than straight lines; then no straight circle
            is compared.
        range: Percent of the main group within the last limit at least and at most, to a tenth;
            `None` where every place is known.
        notes: What to know before quoting it.
        skipped: Bad rows that were left out.
        people: By unit, group and limit; whole numbers that add up only before rounding.
        nearest: By unit.
    """

    city: Mapping[str, str]
    kinds: tuple[str, ...]
    year: int
    profile: str
    direction: str
    limits: tuple[str, ...]
    roads: str
    population: Mapping[str, str]
    facilities: Mapping[str, int]
    straight_estimate: bool
    range: Range[float] | None
    notes: tuple[str, ...]
    skipped: tuple[str, ...]
    people: tuple[PeopleRow, ...]
    nearest: tuple[NearestRow, ...]

    @property
    def illustrative(self) -> bool:
        """Whether any of the facilities is an example row."""
        return self.facilities["illustrative"] > 0

    @property
    def main_group(self) -> str:
        """The group that elder care speaks of, else everybody."""
        return "60+" if any(row.group == "60+" for row in self.people) else "all"

    def rows(self, level: str, group: str, limit: str) -> list[PeopleRow]:
        """Rows of the units of one level for a group and a limit."""
        wanted = level, group, limit
        return [r for r in self.people if (r.level, r.group, r.limit) == wanted and r.code]


def limit_name(times: ServiceTimes, limit: float, lang: Lang) -> str:
    """A limit as its profile measures it: 15 minutes, or 1,000 m."""
    if times.profile.measure == "distance":
        return f"{limit:,.0f} m" if lang == "en" else f"{limit:,.0f} 米"
    return f"{limit / 60:g} min" if lang == "en" else f"{limit / 60:g} 分钟"


def build(times: ServiceTimes, lang: Lang = "zh") -> Circles:
    """The result of travel times; people are whole, shares to a thousandth of a percent."""
    sites = times.sites
    estimate = _estimated(times)
    between, said = range_of(times)
    return Circles(
        city={"code": times.city.code, "name": times.city.name},
        kinds=times.kinds,
        year=times.year,
        profile=times.profile.name,
        direction=times.network.direction,
        limits=tuple(limit_name(times, limit, "en") for limit in times.limits_s),
        roads=times.roads,
        population={"source": times.demand.source, "provenance": times.demand.provenance},
        facilities={
            "placed": len(sites.facilities),
            "at_seat": sites.at_seat,
            "not_placed": len(sites.not_placed),
            "illustrative": sum(f.provenance == "illustrative" for f in sites.facilities),
        },
        straight_estimate=estimate,
        range=between,
        notes=tuple(note.to(lang) for note in _notes(times, said)),
        skipped=tuple(str(problem) for problem in times.skipped),
        people=tuple(
            _people(times, row, level, compared=not estimate)
            for level in ("city", "county", "township")
            for row in people_reached(times, level=level)
        ),
        nearest=tuple(
            NearestRow(
                level,
                row.code,
                row.name,
                row.group,
                "m" if times.profile.measure == "distance" else "s",
                {
                    str(p): None if math.isinf(s) else round(s, 1)
                    for p, s in zip(PERCENTILES, row.seconds, strict=True)
                },
                round(row.beyond, 2),
            )
            for level in ("city", "county")
            for row in nearest_times(times, level=level, group=times.main_group)
        ),
    )


def _estimated(times: ServiceTimes) -> bool:
    found = off_road_of(times)
    return found is not None and found.straight_estimate


def range_of(times: ServiceTimes) -> tuple[Range[float] | None, tuple[Said, ...]]:
    """Percent of the main group within the last limit at least and at most, and what to say.

    Nothing where every place is known.
    """
    group, total = times.main_group, times.demand.total(times.main_group)
    between = people_between(times, group)
    if not between.unsure or not total:
        return None, ()
    low, high = (
        min(100.0, round(100 * count / total, 1)) for count in (between.lowest, between.highest)
    )
    limit, who = times.limits_s[-1], label(group)
    said = Said(
        f"不作任何假定，{limit_name(times, limit, 'zh')}内{spaced(who.zh)}的可达率"
        f"只知在 {low:g}–{high:g}% 之间：",
        f"without any assumption, between {low:g} and {high:g} % of {who.en} are within "
        f"{limit_name(times, limit, 'en')}: ",
    )
    return Range(low, high), (said.then(joined(between.unsure)),)


def _notes(times: ServiceTimes, between: tuple[Said, ...]) -> list[Said]:
    """What to know before quoting it, the ways off the road first, then what `range_of` says."""
    return list(dict.fromkeys((*said_of(off_road_of(times)), *between, *times.notes)))


def _shares(row: PeopleReached, *, compared: bool) -> tuple[float | None, ...]:
    """Reached; claimed by a straight circle, where it is compared; time and people off the road."""
    off = row.off_road
    ways = (None, None) if off is None else (off.time, off.alone)
    return row.share, row.straight_share if compared else None, *ways


def _people(times: ServiceTimes, row: PeopleReached, level: str, *, compared: bool) -> PeopleRow:
    counts = row.reached, row.not_reached, row.not_placed, row.total
    figures = (*counts, *_shares(row, compared=compared))
    name = limit_name(times, row.limit_s, "en")
    rounded = (None if figure is None else round(figure, 3) for figure in figures)
    return PeopleRow(level, row.code, row.name, row.group, name, *rounded)


def to_dict(times: ServiceTimes, lang: Lang = "zh", draws: Draws | None = None) -> dict[str, Any]:
    """The result by its published schema, with its likely range if it was drawn."""
    made: dict[str, Any] = as_json(build(times, lang))
    made["draws"] = None if draws is None else draws.to_dict()
    return made


def likely(times: ServiceTimes, draws: Draws) -> Said:
    """The likely range of the main group within the largest limit, in a sentence."""
    limit, who = times.limits_s[-1], label(times.main_group)
    return Said(
        f"{limit_name(times, limit, 'zh')}内{spaced(who.zh)}的可达率：{draws.said.zh}",
        f"{who.en} within {limit_name(times, limit, 'en')}: {draws.said.en}",
    )


def to_csv(times: ServiceTimes, lang: Lang = "zh") -> str:
    """People by unit, group and limit."""
    heads = [f.name for f in fields(PeopleRow)]
    rows = tuple(astuple(row) for row in build(times, lang).people)
    return table_csv(Table("", columns(heads, "l" * len(heads)), rows))


def to_markdown(times: ServiceTimes, lang: Lang = "zh") -> str:
    """Heading, notes and the table of the city and its counties."""
    lines = [f"# {heading(times, lang)}", ""]
    lines += [f"> - {note.to(lang)}" for note in _notes(times, range_of(times)[1])]
    return "\n".join([*lines, "", *table_markdown(_people_table(times, lang))]) + "\n"


def heading(times: ServiceTimes, lang: Lang) -> str:
    """What the circles are around, and how far; says so of estimates and of example rows."""
    limits = "/".join(limit_name(times, limit, lang) for limit in times.limits_s)
    kinds = [KINDS[k].zh if lang == "zh" else KINDS[k].en for k in times.kinds]
    mark = Said("", "")
    if any(f.provenance == "illustrative" for f in times.sites.facilities):
        mark = Said(f"（{words.ILLUSTRATIVE.zh}）", f" — {words.ILLUSTRATIVE.en}")
    mark = mark.then(mark_of(off_road_of(times)))
    return Said(
        f"{times.city.name}{'、'.join(kinds)}服务圈 · {times.profile.zh} {limits}{mark.zh}",
        f"{times.city.label.english}: {', '.join(kinds)}, {times.profile.en} {limits}{mark.en}",
    ).to(lang)


def show(times: ServiceTimes, to: Console, lang: Lang) -> None:
    """Print the tables."""
    to.print(Text(heading(times, lang), style="bold"))
    for note in _notes(times, range_of(times)[1]):
        bullet(to, note.to(lang), "dim")
    for problem in times.skipped:
        to.print(Text(f" ! {problem}", style="yellow"), soft_wrap=True)
    for table in (_people_table(times, lang), _nearest_table(times, lang)):
        to.print(to_rich(table, edge=True, padding=(0, 1)))


_PEOPLE = (
    Column(Said("地区", "unit")),
    Column(Said("人群", "group")),
    Column(Said("时限", "limit")),
    Column(Said("可达", "reached"), right=True),
    Column(Said("未达", "not"), right=True),
    Column(Said("位置不详", "unplaced"), right=True),
    Column(Said("可达率", "share"), right=True),
    Column(Said("直线圆", "straight"), right=True),
    Column(Said("离路占比", "off road"), right=True),
    Column(Said("全程离路", "wholly"), right=True),
)
_STRAIGHT = 7  # the column of the straight circle


def _people_table(times: ServiceTimes, lang: Lang) -> Table:
    found = people_reached(times, level="city")
    if len(times.city.units.counties) > 1:
        found += people_reached(times, level="county", group=times.main_group)
    rows = tuple(
        (
            row.name,
            label(row.group).to(lang),
            limit_name(times, row.limit_s, lang),
            f"{row.reached:,.0f}",
            f"{row.not_reached:,.0f}",
            f"{row.not_placed:,.0f}" if row.not_placed else "—",
            *map(_share, _shares(row, compared=True)),
        )
        for row in found
    )
    left_out = _STRAIGHT if _estimated(times) else len(_PEOPLE)
    kept = [n for n in range(len(_PEOPLE)) if n != left_out]
    rows = tuple(tuple(row[n] for n in kept) for row in rows)
    title = Said("时限内可达人口", "People within the limit").then(mark_of(off_road_of(times)))
    return Table(title, tuple(_PEOPLE[n] for n in kept), rows, lang)


def _share(value: float | None) -> str:
    return "—" if value is None else f"{value:.1f}%"


def _nearest_table(times: ServiceTimes, lang: Lang) -> Table:
    group, metres = times.main_group, times.profile.measure == "distance"
    found = nearest_times(times, level="city", group=group)
    if len(times.city.units.counties) > 1:
        found += nearest_times(times, level="county", group=group)
    rows = tuple(
        (
            row.name,
            *("∞" if math.isinf(s) else f"{s / (1 if metres else 60):,.1f}" for s in row.seconds),
            _share(row.beyond),
        )
        for row in found
    )
    heads: list[Said | str] = [f"P{p}" for p in PERCENTILES]
    heads.append(Said("超出最大时限", "beyond"))
    title = Said(
        f"到最近设施的{'米' if metres else '分钟'}（按 {label(group).zh} 分位）",
        f"To the nearest facility, percentiles of people ({group})",
    )
    return Table(title, (_PEOPLE[0], *columns(heads, "r" * len(heads))), rows, lang)
