"""A comparison of scenarios as tables for the terminal and as Markdown, 100 columns wide."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from coverage.reach.people import PERCENTILES
from coverage.results import words
from coverage.results.circles import GROUPS
from coverage.results.table import WIDTH, console
from coverage.scenarios.ranking import CRITERIA
from coverage.scenarios.words import heads, limit_name, paragraph
from coverage.text import cut, precise, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from coverage.assessment import TargetResult
    from coverage.messages import Lang
    from coverage.reach.people import NearestTime
    from coverage.scenarios.outcome import (
        Access,
        Comparison,
        IndicatorChange,
        Outcome,
        PeopleChange,
    )

_MEDIAN = PERCENTILES.index(50)
_LEFT_OUT = 6  # names in a cell


@dataclass(frozen=True)
class Section:
    """A table; for every column an ``l`` if it holds words, an ``r`` if it holds figures."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    align: str


def heading(comparison: Comparison, lang: Lang) -> str:
    """Title line; it says so where example rows are counted."""
    mark = illustrative(comparison)
    label = comparison.city.label
    if lang == "zh":
        title = f"{comparison.city.name}情景比较 · {comparison.year} 年"
        return title + (f"（{words.ILLUSTRATIVE.zh}）" if mark else "")
    title = f"{label.english} ({label.name}): scenarios compared, {comparison.year}"
    return title + (f" — {words.ILLUSTRATIVE.en}" if mark else "")


def illustrative(comparison: Comparison) -> bool:
    """Whether any indicator, before or after, counts an example row."""
    reports = [comparison.before, *(o.after for o in comparison.outcomes)]
    return any(r.illustrative for r in reports)


def outcome_heading(outcome: Outcome, place: int, lang: Lang) -> str:
    """Title of one scenario."""
    return (
        f"{place}. {outcome.scenario.name}" if lang == "en" else f"{place}、{outcome.scenario.name}"
    )


def notes(comparison: Comparison, lang: Lang) -> list[str]:
    """What holds for all scenarios: data, assumptions, the criterion."""
    said = [note.to(lang) for note in comparison.notes]
    if len(comparison.outcomes) > 1:
        rule = CRITERIA[comparison.criterion].to(lang)
        said.append(f"排序准则：{rule}" if lang == "zh" else f"ranked by: {rule}")
    return list(dict.fromkeys(said))


def outcome_notes(outcome: Outcome, lang: Lang) -> list[str]:
    """What holds for one scenario."""
    said = [outcome.scenario.note] if outcome.scenario.note else []
    return [*said, *(note.to(lang) for note in outcome.notes)]


# Tables.


def ranking(comparison: Comparison, lang: Lang) -> Section:
    """All scenarios side by side."""
    zh = lang == "zh"
    head = (
        ("", "情景", "获益人", "受损人", "乡镇增/减", "达标", "费用万元", "被支配于")
        if zh
        else ("", "scenario", "gain", "lose", "units +/−", "met", "10k yuan", "dominated by")
    )
    rows = tuple(
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
    return Section("情景排名" if zh else "Scenarios ranked", head, rows, "rlrrrrrl")


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
        return "不详" if lang == "zh" else "not known"
    return precise(cost.known) + (f" + ?×{len(cost.unknown)}" if cost.unknown else "")


def dominated_cell(comparison: Comparison, outcome: Outcome, lang: Lang) -> str:
    """What is no worse in any respect and better in one."""
    by = comparison.dominated.get(outcome.scenario.name)
    if by is None:
        return "—"
    return by or ("维持现状" if lang == "zh" else "doing nothing")


def indicators(outcome: Outcome, lang: Lang) -> Section:
    """Indicators that change, and how many do not."""
    zh = lang == "zh"
    changed = [c for c in outcome.indicators if c.changed]
    same = len(outcome.indicators) - len(changed)
    title = (
        f"指标与目标（其余 {same} 项不变）" if zh else f"Indicators and targets ({same} unchanged)"
    )
    head = (
        ("指标", "之前", "之后", "目标", "缺口", "状态")
        if zh
        else ("indicator", "before", "after", "target", "gap", "status")
    )
    return Section(title, head, tuple(_indicator_row(c, lang) for c in changed), "lrrlll")


def _indicator_row(change: IndicatorChange, lang: Lang) -> tuple[str, ...]:
    after = change.after
    due = [t for t in after.targets if t.due] or list(after.targets[:1])
    states = [words.STATUS[r.status].to(lang) for r in (change.before, after)]
    mark = ("（示意）" if lang == "zh" else " (example)") if words.illustrative(after) else ""
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
        return "文字" if lang == "zh" else "in words"
    return words.target(change.after, result)


def units(outcome: Outcome, lang: Lang) -> Section:
    """Townships and counties that become covered, or cease to be, by indicator."""
    zh = lang == "zh"
    rows = []
    for change in outcome.indicators:
        for codes, zh_sign, en_sign in (
            (change.newly_covered, "新覆盖", "covered now"),
            (change.no_longer_covered, "失去覆盖", "no longer covered"),
        ):
            if codes:
                names = [_unit(outcome, code) for code in codes]
                more = f" … {len(names)}" if len(names) > _LEFT_OUT else ""
                listed = ("、" if zh else ", ").join(names[:_LEFT_OUT]) + more
                name = words.short_name(change.after, lang)
                rows.append((name, zh_sign if zh else en_sign, listed))
    head = ("指标", "变化", "单元") if zh else ("indicator", "change", "units")
    title = "覆盖的变化" if zh else "Units that change"
    return Section(title, head, tuple(rows), "lll")


def _unit(outcome: Outcome, code: str) -> str:
    """A unit with its county, so that nobody has to look it up."""
    all_units = outcome.after.city.units
    county = all_units.county_of(code)
    name = all_units.name(code)
    return f"{county.name}{name}" if county and county.code != code else name


def people(access: Access, lang: Lang) -> Section:
    """The whole city by group, and the question's own group by county."""
    zh = lang == "zh"
    limit = limit_name(access, lang)
    before = limit_name(access, lang, after=False)
    limits = limit if limit == before else f"{before} → {limit}"
    profiles = (access.before.profile, access.after.profile)
    how = " → ".join(dict.fromkeys(p.zh if zh else p.en for p in profiles))
    name = access.question.name.to(lang)
    title = (
        f"可达人口：{name}，{how}，{limits}"
        if zh
        else f"People within reach: {name}, {how}, {limits}"
    )
    head = (
        ("地区", "人群", "时限内 前→后", "占比 前→后", "获益", "受损", "更近", "更远")
        if zh
        else ("unit", "group", "within", "share", "gain", "lose", "nearer", "farther")
    )
    rows = [*access.people]
    if len(access.counties) > 1:
        rows += access.counties
    return Section(title, head, tuple(_people_row(row, lang) for row in rows), "llrrrrrr")


def _people_row(row: PeopleChange, lang: Lang) -> tuple[str, ...]:
    shares = [
        f"{100 * reached / total:.1f}" if total else "—"
        for reached, total in ((row.reached_before, row.total_before), (row.reached, row.total))
    ]
    return (
        row.name,
        GROUPS.get(row.group, row.group) if lang == "zh" else row.group,
        f"{heads(row.reached_before, lang)} → {heads(row.reached, lang)}",
        f"{shares[0]} → {shares[1]}%",
        *(heads(n, lang) for n in (row.gained, row.lost, row.nearer, row.farther)),
    )


def nearest(access: Access, lang: Lang) -> Section:
    """Percentiles of the nearest time, before and after."""
    zh = lang == "zh"
    title = f"到最近设施的{_unit_of_time(access, lang)}，按人口分位（前 → 后）"
    if not zh:
        title = f"To the nearest facility, {_unit_of_time(access, lang)}, by percentile of people"
    rows = tuple(
        (after.name, *(_pair(before, after, n, access) for n in range(len(PERCENTILES))))
        for before, after in access.times
    )
    head = ("地区" if zh else "unit", *(f"P{p}" for p in PERCENTILES))
    return Section(title, head, rows, "l" + "r" * len(PERCENTILES))


def worst(access: Access, lang: Lang) -> Section:
    """The townships that are served worst afterwards."""
    zh = lang == "zh"
    title = (
        f"情景后最难到的 {len(access.worst)} 个乡镇（街道）"
        if zh
        else f"The {len(access.worst)} townships served worst afterwards"
    )
    head = (
        ("乡镇（街道）", f"中位{_unit_of_time(access, lang)} 前→后", "超出时限的人")
        if zh
        else ("township", f"median {_unit_of_time(access, lang)}", "people beyond")
    )
    rows = tuple(
        (after.name, _pair(before, after, _MEDIAN, access), f"{after.beyond:.1f}%")
        for before, after in access.worst
    )
    return Section(title, head, rows, "lrr")


def _unit_of_time(access: Access, lang: Lang) -> str:
    if access.after.profile.measure == "distance":
        return "米" if lang == "zh" else "metres"
    return "分钟" if lang == "zh" else "minutes"


def _pair(before: NearestTime | None, after: NearestTime, n: int, access: Access) -> str:
    per = 1.0 if access.after.profile.measure == "distance" else 60.0
    values = [None if before is None else before.seconds[n], after.seconds[n]]
    shown = ["?" if v is None else "∞" if math.isinf(v) else f"{v / per:,.1f}" for v in values]
    return shown[1] if shown[0] == shown[1] else f"{shown[0]} → {shown[1]}"


def costs(outcome: Outcome, lang: Lang) -> Section:
    """What each edit costs."""
    zh = lang == "zh"
    rows = tuple(
        (item.label, "不详" if zh else "not known")
        if item.amount is None
        else (item.label, precise(item.amount))
        for item in outcome.cost.items
    )
    head = ("改动", "万元") if zh else ("edit", "10,000 yuan")
    return Section("费用" if zh else "Cost", head, rows, "lr")


def sections(outcome: Outcome, lang: Lang) -> list[Section]:
    """Every table of one scenario that has a row."""
    made = [indicators(outcome, lang), units(outcome, lang)]
    for access in outcome.access:
        made += [people(access, lang), nearest(access, lang), worst(access, lang)]
    made.append(costs(outcome, lang))
    return [one for one in made if one.rows]


# Pages.


def show(comparison: Comparison, to: Console, lang: Lang) -> None:
    """Print everything."""
    to.print(Text(heading(comparison, lang), style="bold"))
    for note in notes(comparison, lang):
        _bullet(to, note, "yellow" if "示意" in note or "ILLUSTRATIVE" in note else "dim")
    if len(comparison.outcomes) > 1:
        to.print()
        to.print(_drawn(ranking(comparison, lang)))
    for place, outcome in enumerate(comparison.outcomes, start=1):
        to.print()
        to.print(Text(outcome_heading(outcome, place, lang), style="bold cyan"))
        for line in wrap(paragraph(outcome, lang), WIDTH - 2):
            to.print(Text(f"  {line}"), soft_wrap=True)
        for note in outcome_notes(outcome, lang):
            _bullet(to, note, "dim")
        for section in sections(outcome, lang):
            to.print()
            to.print(_drawn(section))


def _bullet(to: Console, text: str, style: str) -> None:
    for n, line in enumerate(wrap(text, WIDTH - 4)):
        to.print(Text(f" {'·' if n == 0 else ' '} {line}", style=style), soft_wrap=True)


def _drawn(section: Section) -> Table:
    table = Table(
        title=cut(section.title, WIDTH),
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    for name, side in zip(section.head, section.align, strict=True):
        justify = "left" if side == "l" else "right"
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for row in section.rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def to_text(comparison: Comparison, lang: Lang) -> str:
    """The page as plain text, for files."""
    out = io.StringIO()
    show(comparison, console(terminal=False, file=out), lang)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


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


def _markdown(section: Section) -> list[str]:
    marks = ["---" if side == "l" else "---:" for side in section.align]
    rows = [section.head, *section.rows]
    listed = ["| " + " | ".join(_cells(row)) + " |" for row in rows]
    return ["", f"### {section.title}", "", listed[0], f"|{'|'.join(marks)}|", *listed[1:]]


def _cells(row: Sequence[str]) -> Iterable[str]:
    return (cell.replace("\n", " ").replace("|", "\\|") for cell in row)
