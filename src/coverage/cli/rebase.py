"""`coverage rebase`: a register or a population table of an earlier year on today's units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from coverage.cli.grammar import command
from coverage.cli.options import argument, say, say_written, takes, takes_city, writing

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from coverage.city import City
    from coverage.messages import Lang


@command(
    "新旧区划换算：登记册或人口表在当时与今天的单元之间换算。\n\n"
    "合并、改名、换代码都跟得上，一个不丢；说不清的留在已知的那一级单元并列出，"
    "没人核实过的变动也列出。",
    "coverage rebase 2020年登记册.csv --city 中山 --on 2020-11-01 --out 今日单元.csv",
    "coverage rebase 今日单元.csv --city 中山 --on 2020-11-01 --back --out 当时单元.csv",
    "coverage rebase 2020年人口.csv --city 中山 --out 今日人口.csv",
)
@argument("file", "FILE")
@takes_city
@takes("on", "back")
@takes("out", required=True)
def rebase(file: Path, city: City, on: datetime | None, back: bool, out: Path, lang: Lang) -> None:
    """A register or table of people between the units of then and of today.

    Mergers, renames and new codes are followed; nothing is lost. What cannot be told stays at
    the unit that is known and is named, as is a change that nobody has verified.
    """
    from coverage.intake.rebase import rebase_file

    day = on.date() if on is not None else None
    made = rebase_file(file, city, on=day, back=back)
    with writing(out, lang) as half:
        half.write_text(made.text, encoding="utf-8", newline="")
    for note in made.notes:
        click.echo(f"· {note.to(lang)}")
    say(
        f"共 {made.before:,}，换算后 {made.after:,}",
        f"{made.before:,} in all, {made.after:,} afterwards",
        lang,
    )
    say_written(lang, out)
