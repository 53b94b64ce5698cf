"""A report as terminal tables, at most 100 columns wide with Chinese text, plain when piped."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from coverage.reports import words
from coverage.text import cut, number, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.assessment import IndicatorResult, Report
    from coverage.text import Lang

WIDTH = 100
_NAMED_MISSING = 12
_COUNTY_COLUMNS = 5
_STYLE = {"met": "green", "not_met": "red", "contested": "yellow"}


def console(*, terminal: bool | None = None, file: io.TextIOBase | None = None) -> Console:
    """A console that never exceeds 100 columns and writes no control codes into a pipe."""
    made = Console(file=file, force_terminal=terminal, highlight=False)  # type: ignore[arg-type]
    made.width = min(made.width, WIDTH) if made.is_terminal else WIDTH
    return made


def to_text(report: Report, lang: Lang) -> str:
    """The tables as plain text, for files."""
    out = io.StringIO()
    show(report, console(terminal=False, file=out), lang)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def show(report: Report, to: Console, lang: Lang) -> None:
    """Print the whole report."""
    to.print(Text(words.heading(report, lang), style="bold"))
    to.print(Text(words.subheading(report, lang), style="dim"))
    for note in report.notes:
        _bullet(to, note.to(lang), "yellow" if "示意" in note.zh else "dim")
    computed = [r for r in report.results if r.indicator.computed]
    told = [r for r in report.results if not r.indicator.computed]
    if computed:
        to.print()
        to.print(_computed_table(computed, lang))
    counties = [r for r in computed if r.counties and r.indicator.level == "township"]
    for start in range(0, len(counties), _COUNTY_COLUMNS):
        to.print(_county_table(counties[start : start + _COUNTY_COLUMNS], lang))
    _missing(report, computed, to, lang)
    _result_notes(computed, to, lang)
    if told:
        to.print()
        to.print(_reported_table(told, lang))


def _bullet(to: Console, text: str, style: str = "") -> None:
    for number_, line in enumerate(wrap(text, WIDTH - 4)):
        to.print(Text(f" {'·' if number_ == 0 else ' '} {line}", style=style), soft_wrap=True)


def _heading(zh: str, en: str, lang: Lang) -> str:
    return zh if lang == "zh" else en


def _table(title: str) -> Table:
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1),
        width=WIDTH,
    )


def _computed_table(results: Sequence[IndicatorResult], lang: Lang) -> Table:
    table = _table(_heading("一、设施类指标：现状、目标、缺口", "Facility indicators", lang))
    table.add_column(_heading("指标", "indicator", lang), width=30, overflow="fold")
    table.add_column(_heading("基期", "baseline", lang), justify="right", width=8, overflow="fold")
    table.add_column(_heading("现状", "now", lang), justify="right", width=11, overflow="fold")
    table.add_column(_heading("目标", "target", lang), width=13, overflow="fold")
    table.add_column(_heading("缺口", "gap", lang), width=20, overflow="fold")
    table.add_column(_heading("状态", "status", lang), width=8, overflow="fold")
    for result in results:
        _add_computed(table, result, lang)
    return table


def _add_computed(table: Table, result: IndicatorResult, lang: Lang) -> None:
    status = Text(words.STATUS[result.status].to(lang), style=_STYLE.get(result.status, "dim"))
    name = Text(words.name(result, lang))
    name.append(f"\n{result.indicator.id}", style="dim")
    now = words.current(result, lang).replace(" ", "\n")
    if result.plan_basis:
        basis = result.plan_basis
        now += f"\n{result.measurement.numerator}/{basis.denominator}\n{number(basis.value)}%"
    table.add_row(
        name,
        words.short_baseline(result, 8),
        now,
        *_targets(result, lang),
        status,
    )


def _targets(result: IndicatorResult, lang: Lang) -> tuple[str, str]:
    """Targets in force and their gaps, clauses that say the same once, line by line."""
    shown = [t for t in result.targets if t.due] or list(result.targets[-1:])
    aims: list[str] = []
    gaps: list[str] = []
    for t in shown:
        aim = cut(f"{t.target.year} {words.target(result, t)}", 13)
        if aim in aims:
            continue
        lines = wrap(words.gap(result, t, lang), 20)
        aims += [aim, *[""] * (len(lines) - 1)]
        gaps += lines
    return "\n".join(aims), "\n".join(gaps)


def _county_table(results: Sequence[IndicatorResult], lang: Lang) -> Table:
    table = _table(_heading("二、分县（市、区）乡镇覆盖", "Townships covered by county", lang))
    table.add_column(_heading("县（市、区）", "county", lang), ratio=20)
    for result in results:
        table.add_column(words.short_name(result, lang), justify="right", ratio=15)
    for index, county in enumerate(results[0].counties):
        cells = []
        for result in results:
            share = result.counties[index]
            value = f" {number(share.value):>5}%" if share.value is not None else ""
            cells.append(f"{share.numerator}/{share.denominator}{value}")
        table.add_row(county.name, *cells)
    return table


def _missing(report: Report, results: Sequence[IndicatorResult], to: Console, lang: Lang) -> None:
    lists = [r for r in results if r.measurement.missing and r.indicator.level != "village"]
    if not lists:
        return
    title = _heading("三、尚未覆盖（受影响人口多者在前）", "Missing, most people first", lang)
    to.print(Text(title, style="bold"))
    for result in lists:
        missing = result.measurement.missing or ()
        named = [_named(report, result, code) for code in missing[:_NAMED_MISSING]]
        more = _heading(f" 等共 {len(missing)} 个", f" … {len(missing)} in all", lang)
        joined = _heading("、", ", ", lang).join(named)
        to.print(Text(f" {words.name(result, lang)}（{len(missing)}）", style="red"))
        for line in wrap(joined + (more if len(missing) > len(named) else ""), WIDTH - 4):
            to.print(Text(f"   {line}"), soft_wrap=True)


def _named(report: Report, result: IndicatorResult, code: str) -> str:
    people = result.people.get(code)
    name = report.city.units.name(code)
    return f"{name} {people:,}" if people is not None else name


def _result_notes(results: Sequence[IndicatorResult], to: Console, lang: Lang) -> None:
    """Notes of single indicators; those that say the same of several are said once."""
    said: dict[str, list[str]] = {}
    for result in results:
        for note in result.notes:
            said.setdefault(note.to(lang), []).append(words.short_name(result, lang))
    if not said:
        return
    to.print()
    to.print(Text(_heading("说明", "Notes", lang), style="bold"))
    for text, names in said.items():
        _bullet(to, f"{_heading('、', ', ', lang).join(names)}：{text}")


def _reported_table(results: Sequence[IndicatorResult], lang: Lang) -> Table:
    table = _table(
        _heading("四、填报类指标：规划基期与目标", "Reported indicators: as planned", lang)
    )
    table.add_column(_heading("指标", "indicator", lang), width=37, overflow="fold")
    table.add_column(_heading("单位", "unit", lang), width=8, overflow="fold")
    table.add_column(_heading("基期", "baseline", lang), width=14, overflow="fold")
    table.add_column(_heading("目标", "target", lang), width=25, overflow="fold")
    table.add_column(_heading("状态", "status", lang), width=8, overflow="fold")
    for result in results:
        aims = dict.fromkeys(f"{t.target.year} {words.target(result, t)}" for t in result.targets)
        targets = "\n".join(line for aim in aims for line in wrap(aim, 25))
        base = words.baseline(result.indicator.baseline)
        now = words.current(result, lang) if result.value is not None else base
        status = Text(words.STATUS[result.status].to(lang), style=_STYLE.get(result.status, "dim"))
        table.add_row(words.name(result, lang), result.indicator.unit, now, targets, status)
    return table
