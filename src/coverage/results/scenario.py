"""A comparison of scenarios as tables for the terminal and as Markdown, 100 columns wide."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from coverage.groups import label
from coverage.messages import Lang, Said
from coverage.reach.people import PERCENTILES, NearestTime
from coverage.results import table, words
from coverage.results.scenario_words import heads, limit_name, paragraph
from coverage.results.table import WIDTH, Cell, Table, bullet, columns, printed, say
from coverage.results.vocabulary import STATUS
from coverage.scenarios.ranking import CRITERIA
from coverage.text import cut, precise
from coverage.travel.off_road import mark_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from coverage.scenarios.outcome import (
        Access,
        Comparison,
        IndicatorChange,
        Outcome,
        PeopleChange,
    )
    from coverage.verdicts import TargetResult

_MEDIAN = PERCENTILES.index(50)
_LEFT_OUT = 6  # names in a cell
# By table: the headings in both languages, and for each an l for words, an r for figures.
_COLUMNS = {
    "ranking": (
        ("", "情景", "获益人", "受损人", "乡镇增/减", "达标", "费用万元", "被支配于"),
        ("", "scenario", "gain", "lose", "units +/−", "met", "10k yuan", "dominated by"),
        "rlrrrrrl",
    ),
    "indicators": (
        ("指标", "之前", "之后", "目标", "缺口", "状态"),
        ("indicator", "before", "after", "target", "gap", "status"),
        "lrrlll",
    ),
    "units": (("指标", "变化", "单元"), ("indicator", "change", "units"), "lll"),
    "people": (
        ("地区", "人群", "时限内 前→后", "占比 前→后", "获益", "受损", "更近", "更远"),
        ("unit", "group", "within", "share", "gain", "lose", "nearer", "farther"),
        "llrrrrrr",
    ),
    "costs": (("改动", "万元"), ("edit", "10,000 yuan"), "lr"),
}


def _table(name: str, title: Said, rows: Iterable[tuple[Cell, ...]], lang: Lang) -> Table:
    zh, en, sides = _COLUMNS[name]
    return Table(title, columns(tuple(map(Said, zh, en)), sides), tuple(rows), lang)


def heading(comparison: Comparison, lang: Lang) -> str:
    """Title line; it says so of estimates and where example rows are counted."""
    label = comparison.city.label
    said = Said(
        f"{comparison.city.name}情景比较 · {comparison.year} 年",
        f"{label.english} ({label.name}): scenarios compared, {comparison.year}",
    )
    every = (access.off_road for one in comparison.outcomes for access in one.access)
    said = said.then(
        next((mark for off_road in every if (mark := mark_of(off_road)).zh), Said("", ""))
    )
    if illustrative(comparison):
        example = words.ILLUSTRATIVE
        said = said.then(Said(f"（{example.zh}）", f" — {example.en}"))
    return said.to(lang)


def illustrative(comparison: Comparison) -> bool:
    """Whether any indicator, before or after, counts an example row."""
    reports = [comparison.before, *(o.after for o in comparison.outcomes)]
    return any(r.illustrative for r in reports)


def outcome_heading(outcome: Outcome, place: int, lang: Lang) -> str:
    """Title of one scenario."""
    return f"{place}{Said('、', '. ').to(lang)}{outcome.scenario.name}"


def notes(comparison: Comparison, lang: Lang) -> list[str]:
    """What holds for all scenarios: data, assumptions, the criterion."""
    said = [note.to(lang) for note in comparison.notes]
    if len(comparison.outcomes) > 1:
        rule = CRITERIA[comparison.criterion]
        said.append(Said("排序准则：", "ranked by: ").then(rule).to(lang))
    return list(dict.fromkeys(said))


def outcome_notes(outcome: Outcome, lang: Lang) -> list[str]:
    """What holds for one scenario."""
    said = [outcome.scenario.note] if outcome.scenario.note else []
    return [*said, *(note.to(lang) for note in outcome.notes)]


# Tables.


def ranking(comparison: Comparison, lang: Lang) -> Table:
    """All scenarios side by side."""
    rows = (
        (
            str(place),
            one.scenario.name,
            _at_least(one, one.gained, lang),
            _at_least(one, one.lost, lang),
            f"+{len(one.newly_covered)} / −{len(one.no_longer_covered)}",
            f"{one.met_before} → {one.met}",
            cost_cell(one, lang),
            dominated_cell(comparison, one, lang),
        )
        for place, one in enumerate(comparison.outcomes, start=1)
    )
    return _table("ranking", Said("情景排名", "Scenarios ranked"), rows, lang)


def _at_least(outcome: Outcome, people: float, lang: Lang) -> str:
    """People, with a mark where a facility without a place may change more."""
    if not outcome.access:
        return "—"
    return heads(people, lang) + (" + ?" if outcome.uncertain else "")


def cost_cell(outcome: Outcome, lang: Lang) -> str:
    """The cost, with a mark where part of it is not known."""
    cost = outcome.cost
    if not cost.items:
        return "0"
    if len(cost.unknown) == len(cost.items):
        return _UNKNOWN.to(lang)
    return precise(cost.known) + (f" + ?×{len(cost.unknown)}" if cost.unknown else "")


_UNKNOWN = Said("不详", "not known")


def dominated_cell(comparison: Comparison, outcome: Outcome, lang: Lang) -> str:
    """What is no worse in any respect and better in one."""
    by = comparison.dominated.get(outcome.scenario.name)
    if by is None:
        return "—"
    return by or Said("维持现状", "doing nothing").to(lang)


def indicators(outcome: Outcome, lang: Lang) -> Table:
    """Indicators that change, and how many do not."""
    changed = [c for c in outcome.indicators if c.changed]
    same = len(outcome.indicators) - len(changed)
    title = Said(f"指标与目标（其余 {same} 项不变）", f"Indicators and targets ({same} unchanged)")
    return _table("indicators", title, (_indicator_row(c, lang) for c in changed), lang)


def _indicator_row(change: IndicatorChange, lang: Lang) -> tuple[str, ...]:
    after = change.after
    due = [t for t in after.targets if t.due] or list(after.targets[:1])
    states = [STATUS[r.status].to(lang) for r in (change.before, after)]
    mark = Said("（示意）", " (example)").to(lang) if words.illustrative(after) else ""
    return (
        words.name(after, lang) + mark,
        words.current(change.before, lang).replace(" ", "\n"),
        words.current(after, lang).replace(" ", "\n"),
        "\n".join(dict.fromkeys(f"{t.target.year} {_aim(change, t, lang)}" for t in due)),
        "\n".join(dict.fromkeys(words.gap(after, t, lang) for t in due)),
        "\n→ ".join(dict.fromkeys(states)),
    )


def _aim(change: IndicatorChange, result: TargetResult, lang: Lang) -> str:
    """A target; one in words stands in the plan."""
    if result.target.op is None:
        return Said("文字", "in words").to(lang)
    return words.target(change.after, result, lang)


def units(outcome: Outcome, lang: Lang) -> Table:
    """Townships and counties that become covered, or cease to be, by indicator."""
    rows = []
    for change in outcome.indicators:
        for codes, how in (
            (change.newly_covered, Said("新覆盖", "covered now")),
            (change.no_longer_covered, Said("失去覆盖", "no longer covered")),
        ):
            if codes:
                names = [_unit(outcome, code) for code in codes]
                more = f" … {len(names)}" if len(names) > _LEFT_OUT else ""
                listed = words.PAUSE.to(lang).join(names[:_LEFT_OUT]) + more
                rows.append((words.short_name(change.after, lang), how, listed))
    return _table("units", Said("覆盖的变化", "Units that change"), rows, lang)


def _unit(outcome: Outcome, code: str) -> str:
    """A unit with its county, so that nobody has to look it up."""
    all_units = outcome.after.city.units
    county = all_units.county_of(code)
    name = all_units.name(code)
    return f"{county.name}{name}" if county and county.code != code else name


def people(access: Access, lang: Lang) -> Table:
    """The whole city by group, and the question's own group by county."""
    limits = " → ".join(dict.fromkeys(limit_name(access, lang, after=a) for a in (False, True)))
    profiles = (access.before.profile, access.after.profile)
    how = " → ".join(dict.fromkeys(Said(p.zh, p.en).to(lang) for p in profiles))
    name = access.question.name.then(mark_of(access.off_road)).to(lang)
    title = Said(
        f"可达人口：{name}，{how}，{limits}", f"People within reach: {name}, {how}, {limits}"
    )
    rows = [*access.people, *(access.counties if len(access.counties) > 1 else ())]
    return _table("people", title, (_people_row(row, lang) for row in rows), lang)


def _people_row(row: PeopleChange, lang: Lang) -> tuple[str, ...]:
    shares = [
        f"{100 * reached / total:.1f}" if total else "—"
        for reached, total in ((row.reached_before, row.total_before), (row.reached, row.total))
    ]
    return (
        row.name,
        label(row.group).to(lang),
        f"{heads(row.reached_before, lang)} → {heads(row.reached, lang)}",
        f"{shares[0]} → {shares[1]}%",
        *(heads(n, lang) for n in (row.gained, row.lost, row.nearer, row.farther)),
    )


def nearest(access: Access, lang: Lang) -> Table:
    """Percentiles of the nearest time, before and after."""
    unit = _unit_of_time(access)
    title = Said(
        f"到最近设施的{unit.zh}，按人口分位（前 → 后）",
        f"To the nearest facility, {unit.en}, by percentile of people",
    )
    rows = tuple(
        (after.name, *(_pair(before, after, n, access) for n in range(len(PERCENTILES))))
        for before, after in access.times
    )
    first = columns((Said("地区", "unit"),), "l")
    rest = columns([f"P{p}" for p in PERCENTILES], "r" * len(PERCENTILES))
    return Table(title, (*first, *rest), rows, lang)


def worst(access: Access, lang: Lang) -> Table:
    """The townships that are served worst afterwards."""
    count, unit = len(access.worst), _unit_of_time(access)
    title = Said(
        f"情景后最难到的 {count} 个乡镇（街道）",
        f"The {count} townships served worst afterwards",
    )
    heads_ = (
        Said("乡镇（街道）", "township"),
        Said(f"中位{unit.zh} 前→后", f"median {unit.en}"),
        Said("超出时限的人", "people beyond"),
    )
    rows = tuple(
        (after.name, _pair(before, after, _MEDIAN, access), f"{after.beyond:.1f}%")
        for before, after in access.worst
    )
    return Table(title, columns(heads_, "lrr"), rows, lang)


def _unit_of_time(access: Access) -> Said:
    if access.after.profile.measure == "distance":
        return Said("米", "metres")
    return Said("分钟", "minutes")


def _pair(before: NearestTime | None, after: NearestTime, n: int, access: Access) -> str:
    per = 1.0 if access.after.profile.measure == "distance" else 60.0
    values = [None if before is None else before.seconds[n], after.seconds[n]]
    shown = ["?" if v is None else "∞" if math.isinf(v) else f"{v / per:,.1f}" for v in values]
    return shown[1] if shown[0] == shown[1] else f"{shown[0]} → {shown[1]}"


def costs(outcome: Outcome, lang: Lang) -> Table:
    """What each edit costs."""
    rows = (
        (item.label, _UNKNOWN if item.amount is None else precise(item.amount))
        for item in outcome.cost.items
    )
    return _table("costs", Said("费用", "Cost"), rows, lang)


def sections(outcome: Outcome, lang: Lang) -> list[Table]:
    """Every table of one scenario that has a row."""
    made = [indicators(outcome, lang), units(outcome, lang)]
    for access in outcome.access:
        made += [people(access, lang), nearest(access, lang), worst(access, lang)]
    made.append(costs(outcome, lang))
    return [one for one in made if one.rows]


# Pages.


def show(comparison: Comparison, to: Console, lang: Lang) -> None:
    """Print everything."""
    say(to, heading(comparison, lang), "bold")
    for note in notes(comparison, lang):
        bullet(to, note, "yellow" if "示意" in note or "ILLUSTRATIVE" in note else "dim")
    if len(comparison.outcomes) > 1:
        _draw(to, ranking(comparison, lang))
    for place, outcome in enumerate(comparison.outcomes, start=1):
        to.print()
        say(to, outcome_heading(outcome, place, lang), "bold cyan")
        say(to, paragraph(outcome, lang), first="  ", rest="  ", columns=WIDTH - 2)
        for note in outcome_notes(outcome, lang):
            bullet(to, note, "dim")
        for section in sections(outcome, lang):
            _draw(to, section)


def _draw(to: Console, section: Table) -> None:
    to.print()
    to.print(table.to_rich(replace(section, title=cut(section.caption, WIDTH))))


def to_text(comparison: Comparison, lang: Lang) -> str:
    """The page as plain text, for files."""
    return printed(lambda to: show(comparison, to, lang))


def to_markdown(comparison: Comparison, lang: Lang = "zh") -> str:
    """The page as Markdown."""
    lines = [f"# {heading(comparison, lang)}", ""]
    lines += [f"> - {note}" for note in notes(comparison, lang)]
    if len(comparison.outcomes) > 1:
        lines += _markdown(ranking(comparison, lang))
    for place, outcome in enumerate(comparison.outcomes, start=1):
        lines += ["", f"## {outcome_heading(outcome, place, lang)}", ""]
        lines += [paragraph(outcome, lang), ""]
        lines += [f"> - {note}" for note in outcome_notes(outcome, lang)]
        for section in sections(outcome, lang):
            lines += _markdown(section)
    return "\n".join(lines) + "\n"


def _markdown(section: Table) -> list[str]:
    return ["", f"### {section.caption}", "", *table.to_markdown(section)]
