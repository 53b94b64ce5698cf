"""A report as pages and files: terminal tables of 100 columns, Markdown, CSV, and a folder."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rich.text import Text

from coverage.messages import Lang, Said
from coverage.outputs import Tell, on_stderr, staged
from coverage.results import words
from coverage.results.from_report import to_json
from coverage.results.projects import report_projects
from coverage.results.table import (
    Cell,
    Column,
    Noted,
    Table,
    bullet,
    columns,
    printed,
    say,
    to_rich,
)
from coverage.results.table import (
    to_csv as table_csv,
)
from coverage.results.table import (
    to_markdown as table_markdown,
)
from coverage.results.vocabulary import HEADS, STATUS
from coverage.text import number, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from rich.console import Console

    from coverage.assessment import IndicatorResult, Report

_NAMED_MISSING = 12
_COUNTY_COLUMNS = 4
_EXAMPLE = Said("（示意）", " (ex.)")
_COMPUTED = (
    Column("", width=3, right=True),
    Column(HEADS["indicator"], width=32),
    Column(HEADS["baseline"], width=8, right=True),
    Column(HEADS["now"], width=14, right=True),
    Column(HEADS["target"], width=11),
    Column(HEADS["gap"], width=17),
    Column(HEADS["status"], width=9),
)
_REPORTED = (
    Column(HEADS["indicator"], width=38),
    Column(HEADS["unit"], width=8),
    Column(HEADS["baseline"], width=14),
    Column(HEADS["target"], width=28),
    Column(HEADS["status"], width=8),
)


# The terminal.


def to_text(report: Report, lang: Lang) -> str:
    """The tables as plain text, for files."""
    return printed(lambda to: show(report, to, lang))


def show(report: Report, to: Console, lang: Lang) -> None:
    """Print the whole report."""
    to.print(Text(words.heading(report, lang), style="bold"))
    to.print(Text(words.subheading(report, lang), style="dim"))
    for note in report.notes:
        bullet(to, note.to(lang), "yellow" if "示意" in note.zh else "dim")
    computed = [r for r in report.results if r.indicator.computed]
    reported = [r for r in report.results if not r.indicator.computed]
    counties = _by_county(computed)
    tables = [_computed(computed, lang)] if computed else []
    tables += [
        _counties(counties[start : start + _COUNTY_COLUMNS], lang)
        for start in range(0, len(counties), _COUNTY_COLUMNS)
    ]
    for table in tables:
        to.print()
        to.print(to_rich(table, padding=(0, 0)))
    _missing(report, computed, to, lang)
    _notes(computed, to, lang)
    if reported:
        to.print()
        to.print(to_rich(_reported(reported, lang), padding=(0, 0)))
    projects = report_projects(report, lang)
    if projects.rows:
        title = Said("五、规划重大项目与现状", "Projects of the plan, and how they stand")
        to.print()
        to.print(to_rich(replace(projects, title=title), padding=(0, 0)))


def _by_county(results: Sequence[IndicatorResult]) -> list[IndicatorResult]:
    return [r for r in results if r.counties and r.indicator.level != "village"]


def _computed(results: Sequence[IndicatorResult], lang: Lang) -> Table:
    title = Said("一、设施类指标：现状、目标、缺口", "Facility indicators")
    rows = tuple(_computed_row(r, str(n), lang) for n, r in enumerate(results, start=1))
    return Table(title, _COMPUTED, rows, lang, marks=tuple(r.status for r in results))


def _computed_row(result: IndicatorResult, serial: str, lang: Lang) -> tuple[Cell, ...]:
    # The range on a line of its own.
    now = words.current(result, lang).replace(" ", "\n").replace("（", "\n（")
    if words.illustrative(result):
        now += Said("\n（示意）", "\n(example)").to(lang)
    if result.plan_basis:
        basis = result.plan_basis
        now += Said("\n规划口径", "\nby the plan").to(lang)
        now += f"\n{result.measurement.numerator}/{basis.denominator}\n{number(basis.value)}%"
    name = Noted(words.name(result, lang), result.indicator.id)
    base = words.short_baseline(result, 8, lang)
    return serial, name, base, now, *_targets(result, lang), STATUS[result.status]


def _targets(result: IndicatorResult, lang: Lang) -> tuple[str, str]:
    """Targets in force and their gaps, clauses that say the same once, line by line.

    Before the first target is due, the next ones are shown.
    """
    shown = [t for t in result.targets if t.due]
    if not shown and result.targets:
        following = min(t.target.year for t in result.targets)
        shown = [t for t in result.targets if t.target.year == following]
    aims: dict[str, list[str]] = {}
    for t in shown:
        in_words = Said("见说明", "see notes").to(lang)
        aim = (
            f"{t.target.year} {in_words if t.target.op is None else words.target(result, t, lang)}"
        )
        parts = words.gap(result, t, lang).split(words.COMMA.to(lang))
        aims.setdefault(aim, [line for part in parts for line in wrap(part, 17)])
    left = [line for aim, gaps in aims.items() for line in (aim, *[""] * (len(gaps) - 1))]
    return "\n".join(left), "\n".join(line for gaps in aims.values() for line in gaps)


def _counties(results: Sequence[IndicatorResult], lang: Lang) -> Table:
    heads = [
        Column(
            words.short_name(r, lang) + _EXAMPLE.to(lang) * words.illustrative(r),
            width=18,
            right=True,
        )
        for r in results
    ]
    title = Said("二、分县（市、区）覆盖", "Covered by county")
    return Table(title, (Column(HEADS["county"], width=20), *heads), _shares(results, lang), lang)


def _shares(results: Sequence[IndicatorResult], lang: Lang) -> tuple[tuple[Cell, ...], ...]:
    # A result may know only some counties: those whose people stand in the data.
    names = {county.code: county.name for r in results for county in r.counties}
    shares = [{c.code: words.county_share(c, lang) for c in r.counties} for r in results]
    return tuple(
        (names[code], *(known.get(code, "—") for known in shares)) for code in sorted(names)
    )


def _missing(report: Report, results: Sequence[IndicatorResult], to: Console, lang: Lang) -> None:
    lists = [r for r in results if r.measurement.missing]
    if not lists:
        return
    title = Said("三、尚未覆盖（受影响人口多者在前）", "Missing, most people first").to(lang)
    to.print()
    to.print(Text(title, style="bold"))
    for result in lists:
        count = len(result.measurement.missing or ())
        mark = Said("，示意", ", example rows").to(lang) if words.illustrative(result) else ""
        name = f" {words.name(result, lang)}（{count}{mark}）"
        to.print(Text(name, style="red"), soft_wrap=True)
        say(to, _missing_names(report, result, lang), first="   ", rest="   ")


def _missing_names(report: Report, result: IndicatorResult, lang: Lang) -> str:
    missing = result.measurement.missing or ()
    if result.indicator.level == "village":
        return Said("名单见 --out 的表格", "listed in the tables of --out").to(lang)
    named = []
    for code in missing[:_NAMED_MISSING]:
        people = result.people.get(code)
        named.append(words.unit_name(report, code) + ("" if people is None else f" {people:,}"))
    more = Said(f" 等共 {len(missing)} 个", f" … {len(missing)} in all").to(lang)
    joined = words.PAUSE.to(lang).join(named) + more * (len(missing) > len(named))
    return f"{joined}（{words.group_counted(report, result, lang)}）"


def _notes(results: Sequence[IndicatorResult], to: Console, lang: Lang) -> None:
    """Notes by the row's number; those that say the same of several rows are said once."""
    said: dict[str, list[str]] = {}
    for serial, result in enumerate(results, start=1):
        in_words = [
            f"{t.target.year}：{t.target.said.to(lang)}（{t.target.clause}）"
            for t in result.targets
            if t.target.op is None
        ]
        for text in [*(note.to(lang) for note in result.notes), *in_words]:
            said.setdefault(text, []).append(str(serial))
    if not said:
        return
    title = Said("说明（数字为表一的行号）", "Notes, by row of the table").to(lang)
    to.print()
    to.print(Text(title, style="bold"))
    for text, serials in said.items():
        say(to, f"[{', '.join(dict.fromkeys(serials))}] {text}", first="  ", rest="    ")


def _reported(results: Sequence[IndicatorResult], lang: Lang) -> Table:
    title = Said("四、填报类指标：规划基期与目标", "Reported indicators: as planned")
    rows = tuple(
        (
            words.name(r, lang),
            r.indicator.unit,
            words.baseline(r.indicator.baseline, lang)
            if r.value is None
            else words.current(r, lang),
            "\n".join(_aims(r, lang)),
            STATUS[r.status],
        )
        for r in results
    )
    return Table(title, _REPORTED, rows, lang, marks=tuple(r.status for r in results))


def _aims(result: IndicatorResult, lang: Lang) -> list[str]:
    """Targets in order of year; years that ask the same stand together."""
    years: dict[str, list[str]] = {}
    for t in result.targets:
        years.setdefault(words.target(result, t, lang), []).append(str(t.target.year))
    return [
        f"{words.PAUSE.to(lang).join(dict.fromkeys(when))} {aim}" for aim, when in years.items()
    ]


# Markdown.


def to_markdown(report: Report, lang: Lang = "zh") -> str:
    """The report as Markdown: heading, notes, one table, counties, missing units, notes."""
    lines = [f"# {words.heading(report, lang)}", "", words.subheading(report, lang), ""]
    lines += [f"> - {note.to(lang)}" for note in report.notes]
    names = ("indicator", "baseline", "now", "target", "gap", "status", "clause")
    rows = tuple(row for result in report.results for row in _target_rows(result, lang))
    table = Table("", columns([HEADS[n] for n in names], "lrrllll"), rows, lang)
    lines += ["", *table_markdown(table)]
    results = _by_county(report.results)
    if results:
        shares = columns([words.name(r, lang) for r in results], "r" * len(results))
        table = Table("", (Column(HEADS["county"]), *shares), _shares(results, lang), lang)
        title = Said("## 分县（市、区）", "## By county").to(lang)
        lines += ["", title, "", *table_markdown(table)]
    projects = report_projects(report, lang)
    if projects.rows:
        lines += ["", f"## {projects.caption}", "", *table_markdown(projects)]
    missing = [line for result in report.results for line in _missing_lines(report, result, lang)]
    noted = [f"- {words.name(r, lang)}：{n.to(lang)}" for r in report.results for n in r.notes]
    if missing:
        lines += ["", Said("## 尚未覆盖", "## Missing").to(lang), *missing]
    if noted:
        lines += ["", Said("## 说明", "## Notes").to(lang), "", *noted]
    return "\n".join(lines) + "\n"


def _target_rows(result: IndicatorResult, lang: Lang) -> Iterator[tuple[Cell, ...]]:
    """A row for each target of an indicator, of which only the first says its value."""
    start = (
        words.name(result, lang),
        words.baseline(result.indicator.baseline, lang),
        "" if result.value is None else words.current(result, lang),
    )
    status = STATUS[result.status].to(lang)
    if not result.targets:
        yield *start, "", "", status, result.indicator.clause
    for index, t in enumerate(result.targets):
        aim = f"{t.target.year} {words.target(result, t, lang)}", words.gap(result, t, lang)
        yield *(("", "", "") if index else start), *aim, "" if index else status, t.target.clause


def _missing_lines(report: Report, result: IndicatorResult, lang: Lang) -> list[str]:
    missing = result.measurement.missing
    if not missing or result.indicator.level == "village":
        return []
    who = words.group_counted(report, result, lang)
    names = [
        f"{words.unit_name(report, code)}（{words.people(result.people.get(code))}）"
        for code in missing
    ]
    title = f"### {words.name(result, lang)}（{len(missing)}；{who}）"
    return ["", title, "", "、".join(names)]


# CSV.


SUMMARY_COLUMNS = (
    *("id", "name", "system", "level", "unit", "numerator", "denominator", "value"),
    *("plan_denominator", "plan_value", "baseline", "target_year", "op", "target", "target_text"),
    *("met", "gap_points", "gap_units", "clause", "status", "provenance"),
)
_DECIMAL = {"value", "plan_value", "target", "gap_points"}
_UNIT_COLUMNS = ("rank", "code", "name", "county", "status", "people_affected", "placed")
_MET = {None: "", True: "yes", False: "no"}


def to_csv(report: Report, lang: Lang = "zh", *, bom: bool = False) -> str:
    """The summary as CSV, one row per indicator and target."""
    return table_csv(summary(report, lang), bom=bom)


def summary(report: Report, lang: Lang, results: Sequence[IndicatorResult] | None = None) -> Table:
    """One row per indicator and target; an indicator without targets has one row too.

    The last heading says so where example rows are counted.
    """
    shown = report.results if results is None else results
    example = report.illustrative if results is None else any(map(words.illustrative, results))
    heads = [*SUMMARY_COLUMNS[:-1], SUMMARY_COLUMNS[-1] + _mark(lang, illustrative=example)]
    kinds = [Column(h, "decimal" if h in _DECIMAL else "text") for h in heads]
    rows = tuple(row for result in shown for row in _summary_rows(result, lang))
    return Table("", tuple(kinds), rows, lang)


def _mark(lang: Lang, *, illustrative: bool) -> str:
    zh, en = words.ILLUSTRATIVE
    return Said(f"（{zh}）", f" ({en})").to(lang) * illustrative


def _summary_rows(result: IndicatorResult, lang: Lang) -> Iterator[tuple[Cell, ...]]:
    i, found, basis = result.indicator, result.measurement, result.plan_basis
    start: tuple[Cell, ...] = (
        *(i.id, words.name(result, lang), i.system, i.level, i.unit),
        *(found.numerator, found.denominator, found.value),
        *((basis.denominator, basis.value) if basis else (None, None)),
        words.baseline(i.baseline, lang),
    )
    end = (result.status, "; ".join(f"{k}:{v}" for k, v in found.provenance.items()))
    if not result.targets:
        yield *start, *[None] * 8, *end
    for r in result.targets:
        t = r.target
        aim: tuple[Cell, ...] = t.year, t.op, t.value, t.said.to(lang)
        yield *start, *aim, _MET[r.met], r.gap_points, r.gap_units, t.clause, *end


def indicator_csv(report: Report, result: IndicatorResult, lang: Lang = "zh") -> str:
    """One indicator as CSV with a byte order mark.

    Units where the indicator has them, covered ones last, missing ones ranked
    by people affected; the targets otherwise.
    """
    found = result.measurement
    if found.missing is None or found.covered is None:
        return table_csv(summary(report, lang, [result]), bom=True)
    mark = _mark(lang, illustrative=words.illustrative(result))
    heads = [n + mark if n == "status" else n for n in _UNIT_COLUMNS]
    rows = [
        *(_unit_row(report, result, code, n) for n, code in enumerate(found.missing, start=1)),
        *(_unit_row(report, result, code, None) for code in found.covered),
    ]
    named = [*heads, "facilities", "provenance"]
    return table_csv(Table("", columns(named, "l" * len(named)), tuple(rows)), bom=True)


def _unit_row(
    report: Report, result: IndicatorResult, code: str, rank: int | None
) -> tuple[Cell, ...]:
    """A missing unit with its rank, or a covered one with its facilities."""
    units = report.city.units
    unit, county = units.get(code), units.county_of(code)
    holders = result.measurement.holders.get(code, ()) if rank is None else ()
    return (
        *(rank, code, units.name(code), county.name if county else ""),
        *("covered" if rank is None else "missing", result.people.get(code)),
        "yes" if unit and unit.placed else "no",
        "; ".join(f.name for f in holders),
        "; ".join(sorted({f.provenance for f in holders})),
    )


# A folder.


def files(report: Report, lang: Lang = "zh") -> dict[str, str]:
    """The files of a report folder by name: table, JSON, Markdown, summary and one per indicator.

    A file whose rows include example data says so in its name.
    """
    found = {
        "report.txt": to_text(report, lang),
        "report.json": to_json(report, lang),
        "report.md": to_markdown(report, lang),
        "summary.csv": to_csv(report, lang, bom=True),
    }
    for result in report.results:
        found[f"{result.indicator.id}.csv"] = indicator_csv(report, result, lang)
    return found


def write_folder(
    report: Report, folder: Path, lang: Lang = "zh", tell: Tell = on_stderr
) -> list[Path]:
    """Write a report's files into `folder`; see `write_files`."""
    return write_files(files(report, lang), folder, "report", tell)


def write_files(texts: Mapping[str, str], folder: Path, by: str, tell: Tell) -> list[Path]:
    """Write files by name into `folder`, all or nothing (`coverage.outputs`).

    Raises:
        InputError: If a file that the tool did not write would be replaced, or
            the folder cannot be written to.
    """
    with staged(folder, by, names=texts, others="away", tell=tell) as stage:
        for name, text in texts.items():
            (stage / name).write_text(text, encoding="utf-8", newline="")
    return [folder / name for name in texts]
