"""`coverage rebase`: a register or a population table of an earlier year on today's units."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from coverage.cli.options import chosen_city, city_options
from coverage.messages import Said

if TYPE_CHECKING:
    from datetime import datetime

    from coverage.messages import Lang

_EPILOG = """\b
例 Examples:
  coverage rebase 2020年登记册.csv --city 中山 --on 2020-11-01 --out 今日单元.csv
  coverage rebase 今日单元.csv --city 中山 --on 2020-11-01 --back --out 当时单元.csv
  coverage rebase 2020年人口.csv --city 中山 --out 今日人口.csv
"""


@click.command(epilog=_EPILOG)
@click.argument("file", type=click.Path(path_type=Path))
@city_options
@click.option(
    "--on",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Day of the units of then; by default each code's own last day, or the year's end.",
)
@click.option("--back", is_flag=True, help="From today's units to those of --on.")
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FILE.csv")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
def rebase(
    file: Path,
    city: str | None,
    workspace: Path | None,
    on: datetime | None,
    back: bool,
    out: Path,
    lang: Lang,
) -> None:
    """新旧区划换算。 A register or table of people between the units of then and of today.

    Mergers, renames and new codes are followed; nothing is lost. What cannot be told stays at
    the unit that is known and is named, as is a change that nobody has verified.
    """
    from coverage.intake.landing import land
    from coverage.intake.rebase import rebase_file

    day = on.date() if on is not None else None
    made = rebase_file(file, chosen_city(city, workspace), on=day, back=back)
    land({out: made.text})
    for note in made.notes:
        click.echo(f"· {note.to(lang)}")
    click.echo(Said(f"共 {made.before:,}，换算后 {made.after:,}", "before and after"), err=True)
    click.echo(f"已写入 {out.name}", err=True)
