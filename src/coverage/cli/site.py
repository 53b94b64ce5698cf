"""`coverage site`: where to build."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coverage.cli.options import CITY, chosen_city, takes, writing
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Callable

    from coverage.formats.tables import Table
    from coverage.messages import Lang
    from coverage.proposals.propose import Proposal

_EPILOG = """\b
例 Examples:
  coverage site --city 清远 --indicator elder_care.integrated_township
  coverage site --city 清远 --indicator elder_care.circle_15min --target '>=60' --profile drive \\
      --candidates grid:2000 --out 方案.toml
  coverage site --city 清远 --kind meal_point --max-new 10 --group 60+ --candidates roads:1000
  coverage site --city 清远 --indicator elder_care.circle_15min --max-new 40 --floor 10
  coverage site --city 阳江 --kind columbarium --profile drive --minutes 30 --max-new 3 \\
      --away cemetery:500 --keep-out 保护区.geojson --max-road-m 500
"""
_FILE = click.Path(path_type=Path)


def _question(command: Callable[..., None]) -> Callable[..., None]:
    """Options that say what is asked."""
    options = (
        click.option(
            "--indicator", metavar="ID", help="A row of the plan, 'coverage plan' lists them."
        ),
        click.option(
            "--kind", metavar="KIND", help="Kind to build; alone: people within reach of it."
        ),
        click.option(
            "--target", default="plan", show_default=True, help="plan, or such as '>=70' (percent)."
        ),
        click.option("--year", type=int, metavar="YYYY", help="[plan's last]"),
        click.option(
            "--max-new", type=int, metavar="N", help="At most N new: reach the most people."
        ),
        click.option(
            "--model",
            metavar="NAME",
            help="threshold, mclp, lscp, backup, p_median, p_center, capacitated_mclp, "
            "capacitated_lscp, capacitated_p_median. [fewest for the target; with --max-new mclp]",
        ),
        click.option(
            "--each",
            type=click.Choice(["county", "township"]),
            help="Meet the target (or --floor) in every one at once.",
        ),
        click.option(
            "--floor", type=float, metavar="PCT", help="With --max-new: no county below this."
        ),
        click.option("--minutes", type=float, metavar="M", help="Limit. [the indicator's, or 15]"),
        click.option("--group", metavar="GROUP", help="all, 60+ … [the indicator's]"),
        click.option(
            "--profile",
            default="older_walk",
            show_default=True,
            help="How people travel, or a .toml.",
        ),
    )
    return _with(command, options)


def _places(command: Callable[..., None]) -> Callable[..., None]:
    """Options that say where something may be built."""
    options = (
        click.option(
            "--candidates",
            default="",
            metavar="WHAT",
            help="townships, villages, roads:500, grid:1000 (metres), or a .csv/.xlsx. "
            "[the units counted, or townships]",
        ),
        click.option(
            "--keep-in", multiple=True, type=_FILE, metavar="FILE.geojson", help="Only inside."
        ),
        click.option(
            "--keep-out", multiple=True, type=_FILE, metavar="FILE.geojson", help="Not inside."
        ),
        click.option("--max-road-m", type=float, metavar="M", help="At most so far from a road."),
        click.option(
            "--away",
            multiple=True,
            metavar="WHAT:M",
            help="At least so far from a kind, from all burial grounds (cemetery:500), or from "
            "areas (industry.geojson:1000).",
        ),
        click.option("--max-slope", type=float, metavar="PCT", help="Needs --elevation."),
        click.option("--elevation", type=_FILE, metavar="FILE.tif", help="Heights in metres."),
        click.option(
            "--fix",
            type=_FILE,
            metavar="FILE",
            help="Table of what must, must not, stays or may go.",
        ),
        click.option("--spacing", type=float, default=0.0, metavar="M", help="Between new sites."),
        click.option("--per-township", type=int, metavar="N", help="At most N new in a township."),
        click.option("--budget", type=float, metavar="万元", help="All new sites together."),
        click.option("--cost", type=float, metavar="万元", help="Of a site that states none."),
        click.option(
            "--beds", type=int, metavar="N", help="Of a new site, for capacitated models."
        ),
        click.option(
            "--need", type=float, default=1000.0, metavar="N", help="Beds wanted per 1,000 people."
        ),
    )
    return _with(command, options)


def _sources(command: Callable[..., None]) -> Callable[..., None]:
    """Options that say what is read and written."""
    options = (
        click.option("--roads", type=_FILE, metavar="FILE"),
        click.option(
            "--population", type=_FILE, metavar="FILE", help="Raster or points of people."
        ),
        click.option("--facilities", type=_FILE, metavar="FILE.csv", help="Your register."),
        click.option("--provenance", metavar="LIST", help="Count only rows of these."),
        click.option("--skip-bad", is_flag=True, help="List bad rows and compute the rest."),
        click.option("--time-limit", type=float, default=60.0, show_default=True, metavar="S"),
        click.option("--seed", type=int, default=0, show_default=True),
        click.option("--out", type=_FILE, metavar="FILE.toml", help="Write it as a scenario."),
        click.option("--picture", type=_FILE, metavar="FILE.png", help="Draw the sites."),
        click.option(
            "--format",
            "format_",
            type=click.Choice(["table", "json"]),
            default="table",
            show_default=True,
        ),
        click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True),
    )
    return _with(command, options)


def _with(command: Callable[..., None], options: tuple[Any, ...]) -> Callable[..., None]:
    for option in reversed(options):
        command = option(command)
    return command


@click.command(epilog=_EPILOG)
@takes(*CITY)
@_question
@_places
@_sources
def site(city: str | None, workspace: Path | None, lang: Lang, **given: Any) -> None:
    """选址。 Where to build: fewest new sites for a target, or the most people with a few.

    Answers with the sites, a proven bound, what changes by county and what
    would be nearly as good; --out writes a scenario to edit and run. By
    default over the main roads that ship, at an older person's pace, with the
    township population model; bring your own roads and population for a
    decision.
    """
    from coverage.facilities import parse_provenances
    from coverage.outputs import check
    from coverage.proposals.field import Sources
    from coverage.proposals.filters import Filters, parse_away
    from coverage.proposals.propose import propose
    from coverage.proposals.question import Rules, read_question

    check(path for path in (given["out"], given["picture"]) if path is not None)
    found = chosen_city(city, workspace)
    register = found.read_register(given["facilities"]) if given["facilities"] else found.register
    if given["provenance"] is not None:
        register = register.only(parse_provenances(given["provenance"]))
    question = read_question(
        found,
        indicator=given["indicator"],
        kind=given["kind"],
        target=given["target"],
        model=given["model"],
        minutes=given["minutes"],
        group=given["group"],
        year=given["year"],
        rules=Rules(
            max_new=given["max_new"],
            floor=None if given["floor"] is None else _percent(given["floor"]),
            each=given["each"] or "",
            spacing_m=given["spacing"],
            per_township=given["per_township"],
            budget=given["budget"],
            cost=given["cost"],
            beds=given["beds"],
            need=given["need"],
            fix=given["fix"],
            seconds=given["time_limit"],
            seed=given["seed"],
        ),
    )
    proposal = propose(
        found,
        question,
        candidates=given["candidates"],
        filters=Filters(
            keep_in=given["keep_in"],
            keep_out=given["keep_out"],
            road_m=given["max_road_m"],
            away=tuple(parse_away(one) for one in given["away"]),
            slope=given["max_slope"],
            heights=given["elevation"],
        ),
        sources=Sources(
            profile=given["profile"],
            roads=given["roads"],
            population=given["population"],
            register=register,
            skip_bad=given["skip_bad"],
            table=_table,
        ),
    )
    _write(proposal, given["out"], given["picture"], lang)
    _show(proposal, given["format_"], lang)


def _percent(value: float) -> Fraction:
    from coverage.errors import InputError

    if value != value:  # noqa: PLR0124 NaN
        raise InputError(Said("底线不是数字", "the floor is not a number"))
    return Fraction(str(value)) if abs(value) < 1e6 else Fraction(-1)


def _table(path: Path) -> Table:
    """A table of the user's, from CSV or a workbook."""
    from coverage.formats.tables import read_table

    if path.suffix.lower() in {".csv", ".txt"}:
        return read_table(path)
    from coverage.formats.tables import Record, Table
    from coverage.lists.reading import read_file

    sheet = next(one for one in read_file(path) if one.data)
    columns = tuple(name.strip().lower() for name in sheet.columns)
    records = tuple(
        Record(
            row.number,
            {
                c: str(row.get(i)).strip()
                for i, c in enumerate(columns)
                if c and row.get(i) is not None
            },
        )
        for row in sheet.data
    )
    return Table(path.name, columns, records)


def _write(proposal: Proposal, out: Path | None, picture: Path | None, lang: Lang) -> None:
    """The picture first: it may be refused, and nothing is to be left half done."""
    if picture is not None:
        from coverage.maps.proposal import draw

        with writing(picture, lang) as half:
            draw(proposal, half)
        click.echo(f"已画图 picture written: {picture}", err=True)
    if out is not None:
        from coverage.proposals.edits import write_scenario

        with writing(out, lang) as half:
            write_scenario(proposal, half, beside=out)
        click.echo(f"已写入情景 scenario written: {out}", err=True)


def _show(proposal: Proposal, format_: str, lang: Lang) -> None:
    from coverage.results import proposal as shown

    if format_ == "json":
        import json

        click.echo(json.dumps(shown.to_dict(proposal, lang), ensure_ascii=False, indent=2))
        return
    from coverage.results.table import console

    shown.show(proposal, console(), lang)
