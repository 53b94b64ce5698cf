"""`coverage plan`, `coverage cities`, `coverage sources`: what there is to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from coverage.cli.grammar import command
from coverage.cli.options import print_json, takes_city, takes_format
from coverage.messages import Lang, Said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from coverage.city import City
    from coverage.plans import Plan, PlanIndicator, Project

    Columns = Sequence[tuple[str, int]]


def _print(title: str, columns: Columns, rows: list[list[str]]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from coverage.results.table import WIDTH, console

    table: Table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        width=WIDTH,
        pad_edge=False,
    )
    for name, ratio in columns:
        table.add_column(name, ratio=ratio, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console().print(table)


def _emit(format_: str, title: str, columns: Columns, rows: list[list[str]]) -> None:
    names = [name for name, _ in columns]
    if format_ == "table":
        _print(title, columns, rows)
    elif format_ == "csv":
        from coverage.formats.tables import csv_text

        click.echo(csv_text(names, rows), nl=False)
    else:
        print_json([dict(zip(names, row, strict=True)) for row in rows])


def _headed(lang: Lang, format_: str, *columns: tuple[str, str, int]) -> list[tuple[str, int]]:
    """Columns of a table in its reader's language; files keep their names."""
    named = lang == "zh" and format_ == "table"
    return [(zh if named else en, ratio) for zh, en, ratio in columns]


@command("随附的城市，以及各自的名称。")
@takes_format("table", "json", "csv")
def cities(format_: str, lang: Lang) -> None:
    """The cities that ship, and the names each answers to."""
    from coverage.units import city_names

    rows = [
        [
            c.code,
            c.name,
            c.english,
            c.province,
            ", ".join(dict.fromkeys((c.short_name, *c.aliases))),
        ]
        for c in city_names()
    ]
    columns = _headed(
        lang,
        format_,
        ("代码", "code", 8),
        ("名称", "name", 20),
        ("英文名", "english", 20),
        ("省份", "province", 10),
        ("别名", "aliases", 40),
    )
    _emit(format_, Said("城市", "Cities").to(lang), columns, rows)


@command(
    "规划指标与条款：规划的每个指标，基期、目标和各自的条款。",
    "coverage plan --city 珠山 --lang en",
)
@takes_city
@takes_format("table", "json", "csv")
def plan(city: City, format_: str, lang: Lang) -> None:
    """Every indicator of a city's plan: baseline, targets, the clause of each."""
    from coverage.results.plan_data import plan_data

    found = city.plan
    if format_ == "json":
        print_json(plan_data(found))
        return
    rows = [row for indicator in found.indicators for row in _plan_rows(found, indicator, lang)]
    rows += [_project(project, lang) for project in found.projects]
    names = (
        ("指标", "单位", "年", "目标", "性质", "条款")
        if lang == "zh"
        else ("indicator", "unit", "year", "target", "kind", "clause")
    )
    ratios = (36, 10, 6, 18, 8, 30) if lang == "zh" else (34, 14, 6, 24, 12, 20)
    title = found.title if lang == "zh" else found.title_en or found.title
    _emit(format_, title, list(zip(names, ratios, strict=True)), rows)


def _plan_rows(found: Plan, i: PlanIndicator, lang: Lang) -> list[list[str]]:
    from coverage.kinds import NATURES
    from coverage.results import words
    from coverage.text import number

    def nature(word: str) -> str:
        return word if lang == "zh" else NATURES.get(word, word)

    name = f"{i.name if lang == 'zh' else i.name_en or i.name}\n{i.id}"
    unit, rows = words.unit_of(i, lang), []
    if i.baseline:
        base = i.baseline
        start = "基期" if lang == "zh" else "baseline"
        shown = f"{start} {words.baseline(base, lang)}"
        rows.append([name, unit, str(base.year), shown, "", base.clause])
    for t in i.targets:
        shown = f"{t.op}{number(t.value)}" if t.op and t.value is not None else t.said.to(lang)
        rows.append([name, unit, str(t.year), shown, nature(t.nature or i.nature), t.clause])
    rows = rows or [[name, unit, str(found.end), "", nature(i.nature), i.clause]]
    return [rows[0], *([["", "", *row[2:]] for row in rows[1:]])]


def _project(p: Project, lang: Lang) -> list[str]:
    """A project as a row beside the indicators: its size under the unit, its work as the target."""
    from coverage.results.projects import name_of, work_of

    told = Said("重大项目", "project").to(lang)
    return [f"{name_of(p, lang)}\n{told}", "", str(p.year), work_of(p, lang), "", p.clause]


@command("数据来源与许可：每个随附文件出自哪里、何种许可、何日、怎样得来。")
@takes_format("table", "json", "csv")
def sources(format_: str, lang: Lang) -> None:
    """What each shipped file is: origin, licence, date, how it was derived."""
    from coverage import settings
    from coverage.formats.tables import read_table

    table = read_table(settings.data_dir() / "sources.csv")
    if format_ != "table":
        rows = [[r.get(c) for c in table.columns] for r in table.records]
        _emit(format_, "", [(c, 1) for c in table.columns], rows)
        return
    rows = [
        [f"{r.get('file')}\n{r.get('title')}", r.get("origin"), r.get("licence"), r.get("date")]
        for r in table.records
    ]
    columns = _headed(
        lang,
        format_,
        ("文件", "file", 40),
        ("出处", "origin", 36),
        ("许可", "licence", 16),
        ("日期", "date", 10),
    )
    _emit(format_, Said("数据来源", "Sources").to(lang), columns, rows)
