"""`coverage report`: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from coverage.cli.options import chosen_city, city_options

if TYPE_CHECKING:
    from coverage.assessment import Report
    from coverage.messages import Lang

_EPILOG = """\b
例 Examples:
  coverage report --city 清远
  coverage report --city qingyuan --indicator elder_care.integrated_township --lang en
  coverage report --city 清远 --provenance published,surveyed
  coverage report --city 阳江 --facilities 我的台账.csv --out 报告
  coverage report --city 441800 --format json > report.json
"""


@click.command(epilog=_EPILOG)
@city_options
@click.option(
    "--year",
    type=int,
    metavar="YYYY",
    help="Judge the targets in force in this year. [plan's last]",
)
@click.option(
    "--indicator",
    "indicators",
    multiple=True,
    metavar="ID",
    help="Only this indicator; may be given several times.",
)
@click.option(
    "--provenance",
    metavar="LIST",
    help="Count only rows of these: published,surveyed,modelled,illustrative.",
)
@click.option(
    "--facilities",
    type=click.Path(path_type=Path),
    metavar="FILE.csv",
    help="Your own register instead of the shipped one.",
)
@click.option(
    "--values",
    type=click.Path(path_type=Path),
    metavar="FILE.csv",
    help="Values of reported indicators (columns id,value).",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json", "csv", "markdown"]),
    default="table",
    show_default=True,
)
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write the table, JSON, Markdown and one CSV per indicator into this folder.",
)
def report(
    city: str | None,
    workspace: Path | None,
    year: int | None,
    indicators: tuple[str, ...],
    provenance: str | None,
    facilities: Path | None,
    values: Path | None,
    format_: str,
    lang: Lang,
    out: Path | None,
) -> None:
    """现状、目标与缺口。 Where a city stands against every target of its five-year plan.

    Shows each indicator's value, target and gap in whole units, the townships
    that are missing (most people affected first), and a table by county.
    """
    from coverage.assessment import assess, check_request, read_values
    from coverage.errors import gathered
    from coverage.facilities import parse_provenances

    found = chosen_city(city, workspace)
    with gathered() as gather:
        gather(check_request, found, year, indicators)
        kept = gather(parse_provenances, provenance) if provenance is not None else ()
        register = gather(found.read_register, facilities) if facilities else None
        given = gather(read_values, values, found) if values else None
    made = assess(
        found,
        year=year,
        indicators=indicators,
        provenance=kept,
        register=register,
        values=given,
    )
    written = _write(made, out, lang) if out else None
    _show(made, format_, lang)
    if written is not None:
        click.echo(f"已写入 {len(written)} 个文件 files written: {out}", err=True)


def _write(made: Report, out: Path, lang: Lang) -> list[Path]:
    from coverage.results.export import write_folder

    return write_folder(made, out, lang)


def _show(made: Report, format_: str, lang: Lang) -> None:
    if format_ == "table":
        from coverage.results.table import console, show

        show(made, console(), lang)
        return
    from coverage.results import export

    text = {"json": export.to_json, "csv": export.to_csv, "markdown": export.to_markdown}
    click.echo(text[format_](made, lang), nl=False)
