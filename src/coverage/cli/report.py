"""`coverage report`: the main job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from coverage.cli.grammar import command
from coverage.cli.options import (
    DRAWING,
    REGISTER,
    counting,
    say_written,
    takes,
    takes_city,
    takes_format,
    tell,
)

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.assessment import Report
    from coverage.city import City
    from coverage.messages import Lang


@command(
    "现状、目标与缺口：一个城市对照五年规划的每项目标。\n\n"
    "列出每个指标的现状、目标、还差几个，缺的是哪些乡镇（受影响人多的在前），以及分县的表。",
    "coverage report --city 清远",
    "coverage report --city qingyuan --indicator elder_care.integrated_township --lang en",
    "coverage report --city 清远 --provenance published,surveyed",
    "coverage report --city 清远 --draws 200 --seed 1",
    "coverage report --city 阳江 --facilities 我的台账.csv --out 报告",
    "coverage report --city 441800 --format json > report.json",
)
@takes_city
@takes("year", "indicators", *REGISTER, "values", "draws", "draws.seed")
@takes_format("table", "json", "csv", "markdown")
@takes("folder.out")
def report(
    city: City,
    format_: str,
    lang: Lang,
    out: Path | None,
    draws: int | None,
    seed: int,
    **asked: Any,
) -> None:
    """Where a city stands against every target of its five-year plan.

    Shows each indicator's value, target and gap in whole units, the townships
    that are missing (most people affected first), and a table by county.
    """
    from coverage.assessment import assess, drawn

    made = assess(city, **asked)
    if draws:
        with counting(DRAWING, lang) as progress:
            made = drawn(made, draws, seed, progress=progress)
    written = _write(made, out, lang) if out else []
    _show(made, format_, lang)
    if out is not None:
        say_written(lang, *written, into=out)


def _write(made: Report, out: Path, lang: Lang) -> list[Path]:
    from coverage.results.report import write_folder

    return write_folder(made, out, lang, tell(lang))


def _show(made: Report, format_: str, lang: Lang) -> None:
    from coverage.results import report as pages
    from coverage.results.from_report import to_json

    if format_ == "table":
        from coverage.results.table import console

        pages.show(made, console(), lang)
        return
    text = {"json": to_json, "csv": pages.to_csv, "markdown": pages.to_markdown}
    click.echo(text[format_](made, lang), nl=False)
