"""A report as terminal tables, at most 100 columns wide with Chinese text, plain when piped."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from coverage.results import words
from coverage.text import number, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.assessment import IndicatorResult, Report
    from coverage.messages import Lang

WIDTH = 100
_NAMED_MISSING = 12
_COUNTY_COLUMNS = 4
_STYLE = {"met": "green", "not_met": "red", "contested": "yellow"}


def console(*, terminal: bool | None = None, file: io.TextIOBase | None = None) -> Console:
    """A console of 100 columns that writes no control codes into a pipe."""
    made = Console(file=file, force_terminal=terminal, highlight=False)  # type: ignore[arg-type]
    # Also on a narrower terminal: it then breaks lines, and nothing is lost.
    made.width = WIDTH
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
        bullet(to, note.to(lang), "yellow" if "示意" in note.zh else "dim")
    computed = [r for r in report.results if r.indicator.computed]
    told = [r for r in report.results if not r.indicator.computed]
    number_of = {r.indicator.id: n for n, r in enumerate(computed, start=1)}
    if computed:
        to.print()
        to.print(_computed_table(computed, number_of, lang))
    counties = [r for r in computed if r.counties and r.indicator.level != "village"]
    for start in range(0, len(counties), _COUNTY_COLUMNS):
        to.print()
        to.print(_county_table(counties[start : start + _COUNTY_COLUMNS], lang))
    _missing(report, computed, to, lang)
    _result_notes(computed, number_of, to, lang)
    if told:
        to.print()
        to.print(_reported_table(told, lang))


def bullet(to: Console, text: str, style: str = "") -> None:
    """Print a remark as wide as the tables, its further lines indented."""
    for number_, line in enumerate(wrap(text, WIDTH - 4)):
        to.print(Text(f" {'·' if number_ == 0 else ' '} {line}", style=style), soft_wrap=True)


def data_table(
    title: str, head: Sequence[str], rows: Sequence[Sequence[str]], *, left: int
) -> Table:
    """A table of texts: the first `left` columns flush left, numbers flush right."""
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for number_, name in enumerate(head):
        justify = "left" if number_ < left else "right"
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for row in rows:
        table.add_row(*row)
    return table


def _heading(zh: str, en: str, lang: Lang) -> str:
    return zh if lang == "zh" else en


def _table(title: str) -> Table:
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 0),
        pad_edge=False,
    )


def _computed_table(
    results: Sequence[IndicatorResult], number_of: dict[str, int], lang: Lang
) -> Table:
    table = _table(_heading("一、设施类指标：现状、目标、缺口", "Facility indicators", lang))
    columns = (
        ("", "", 3, "right"),
        ("指标", "indicator", 33, "left"),
        ("基期", "baseline", 8, "right"),
        ("现状", "now", 14, "right"),
        ("目标", "target", 11, "left"),
        ("缺口", "gap", 17, "left"),
        ("状态", "status", 8, "left"),
    )
    _add_columns(table, columns, lang)
    for result in results:
        _add_computed(table, result, number_of[result.indicator.id], lang)
    return table


def _add_columns(table: Table, columns: Sequence[tuple[str, str, int, str]], lang: Lang) -> None:
    for zh, en, width, justify in columns:
        table.add_column(
            _heading(zh, en, lang),
            width=width,
            justify=justify,  # type: ignore[arg-type]
            overflow="fold",
        )


def _add_computed(table: Table, result: IndicatorResult, serial: int, lang: Lang) -> None:
    status = Text(words.STATUS[result.status].to(lang), style=_STYLE.get(result.status, "dim"))
    name = Text("\n".join(wrap(words.name(result, lang), 33)))
    name.append(f"\n{result.indicator.id}", style="dim")
    now = words.current(result, lang).replace(" ", "\n")
    if words.illustrative(result):
        now += _heading("\n（示意）", "\n(example)", lang)
    if result.plan_basis:
        basis = result.plan_basis
        now += _heading("\n规划口径", "\nby the plan", lang)
        now += f"\n{result.measurement.numerator}/{basis.denominator}\n{number(basis.value)}%"
    aims, gaps = _targets(result, lang)
    table.add_row(str(serial), name, words.short_baseline(result, 8), now, aims, gaps, status)


def _targets(result: IndicatorResult, lang: Lang) -> tuple[str, str]:
    """Targets in force and their gaps, clauses that say the same once, line by line.

    Before the first target is due, the next ones are shown.
    """
    shown = [t for t in result.targets if t.due]
    if not shown and result.targets:
        following = min(t.target.year for t in result.targets)
        shown = [t for t in result.targets if t.target.year == following]
    aims: list[str] = []
    gaps: list[str] = []
    said: set[tuple[int, str]] = set()
    for t in shown:
        in_words = t.target.op is None
        aim = _heading("见说明", "see notes", lang) if in_words else words.target(result, t)
        if (t.target.year, aim) in said:
            continue
        said.add((t.target.year, aim))
        parts = words.gap(result, t, lang).split(_heading("，", ", ", lang))
        lines = [line for part in parts for line in wrap(part, 17)]
        aims += [f"{t.target.year} {aim}", *[""] * (len(lines) - 1)]
        gaps += lines
    return "\n".join(aims), "\n".join(gaps)


def _county_table(results: Sequence[IndicatorResult], lang: Lang) -> Table:
    table = _table(_heading("二、分县（市、区）覆盖", "Covered by county", lang))
    table.add_column(_heading("县（市、区）", "county", lang), width=20)
    for result in results:
        mark = _heading("（示意）", " (ex.)", lang) if words.illustrative(result) else ""
        table.add_column(f"{words.short_name(result, lang)}{mark}", justify="right", width=18)
    for index, county in enumerate(results[0].counties):
        shares = [result.counties[index] for result in results]
        table.add_row(county.name, *(words.county_share(share, lang) for share in shares))
    return table


def _missing(report: Report, results: Sequence[IndicatorResult], to: Console, lang: Lang) -> None:
    lists = [r for r in results if r.measurement.missing]
    if not lists:
        return
    title = _heading("三、尚未覆盖（受影响人口多者在前）", "Missing, most people first", lang)
    to.print()
    to.print(Text(title, style="bold"))
    for result in lists:
        missing = result.measurement.missing or ()
        mark = _heading("，示意", ", example rows", lang) if words.illustrative(result) else ""
        to.print(
            Text(f" {words.name(result, lang)}（{len(missing)}{mark}）", style="red"),
            soft_wrap=True,
        )
        for line in wrap(_missing_names(report, result, lang), WIDTH - 4):
            to.print(Text(f"   {line}"), soft_wrap=True)


def _missing_names(report: Report, result: IndicatorResult, lang: Lang) -> str:
    missing = result.measurement.missing or ()
    if result.indicator.level == "village":
        return _heading("名单见 --out 的表格", "listed in the tables of --out", lang)
    named = [_named(report, result, code) for code in missing[:_NAMED_MISSING]]
    who = words.group_counted(report, result, lang)
    more = _heading(f" 等共 {len(missing)} 个", f" … {len(missing)} in all", lang)
    joined = _heading("、", ", ", lang).join(named)
    return joined + (more if len(missing) > len(named) else "") + f"（{who}）"


def _named(report: Report, result: IndicatorResult, code: str) -> str:
    people = result.people.get(code)
    name = words.unit_name(report, code)
    return f"{name} {people:,}" if people is not None else name


def _result_notes(
    results: Sequence[IndicatorResult], number_of: dict[str, int], to: Console, lang: Lang
) -> None:
    """Notes by the row's number; those that say the same of several rows are said once."""
    said: dict[str, list[str]] = {}
    for result in results:
        serial = str(number_of[result.indicator.id])
        in_words = [
            f"{t.target.year}：{t.target.text}（{t.target.clause}）"
            for t in result.targets
            if t.target.op is None
        ]
        for text in [*(note.to(lang) for note in result.notes), *in_words]:
            said.setdefault(text, []).append(serial)
    if not said:
        return
    to.print()
    to.print(
        Text(_heading("说明（数字为表一的行号）", "Notes, by row of the table", lang), style="bold")
    )
    for text, serials in said.items():
        numbers = ", ".join(dict.fromkeys(serials))
        for index, line in enumerate(wrap(f"[{numbers}] {text}", WIDTH - 4)):
            to.print(Text(f"{'  ' if index == 0 else '    '}{line}"), soft_wrap=True)


def _reported_table(results: Sequence[IndicatorResult], lang: Lang) -> Table:
    table = _table(
        _heading("四、填报类指标：规划基期与目标", "Reported indicators: as planned", lang)
    )
    columns = (
        ("指标", "indicator", 38, "left"),
        ("单位", "unit", 8, "left"),
        ("基期", "baseline", 14, "left"),
        ("目标", "target", 28, "left"),
        ("状态", "status", 8, "left"),
    )
    _add_columns(table, columns, lang)
    for result in results:
        base = words.baseline(result.indicator.baseline)
        now = words.current(result, lang) if result.value is not None else base
        status = Text(words.STATUS[result.status].to(lang), style=_STYLE.get(result.status, "dim"))
        name = "\n".join(wrap(words.name(result, lang), 38))
        aims = "\n".join(line for aim in _aims(result) for line in wrap(aim, 28))
        table.add_row(name, result.indicator.unit, now, aims, status)
    return table


def _aims(result: IndicatorResult) -> list[str]:
    """Targets in order of year; years that ask the same stand together."""
    years: dict[str, list[str]] = {}
    for t in result.targets:
        years.setdefault(words.target(result, t), []).append(str(t.target.year))
    return [f"{'、'.join(dict.fromkeys(when))} {aim}" for aim, when in years.items()]
