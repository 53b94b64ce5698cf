"""`coverage circle` and `coverage route`: who is reached in time, and one trip explained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from coverage.cli.options import MINUTES, PLACE, chosen_city, city_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from coverage.city import City
    from coverage.facilities import Register
    from coverage.messages import Lang
    from coverage.reach.service import ServiceTimes

_CIRCLE = """\b
例 Examples:
  coverage circle --city 清远 --kind elder_care
  coverage circle --city 清远 --kind elder_care --minutes 5,10,15 --out circles.gpkg
  coverage circle --city 清远 --kind elder_care --profile drive --format json
  coverage circle --city 清远 --kind elder_care --roads qingyuan.osm.pbf --population pop.tif
"""
_ROUTE = """\b
例 Example:
  coverage route --city 清远 --kind elder_care --from 113.05,23.68
"""


def _sources(command: Callable[..., None]) -> Callable[..., None]:
    """Options that both commands take."""
    options = (
        city_options,
        click.option(
            "--kind",
            "kinds",
            required=True,
            multiple=True,
            metavar="KIND",
            help="Kind of facility, such as elder_care; may be given several times.",
        ),
        click.option(
            "--service", "services", multiple=True, metavar="NAME", help="Only with this service."
        ),
        click.option(
            "--profile",
            default="older_walk",
            show_default=True,
            help="older_walk, adult_walk, standard_1000m, ebike, drive, or your own .toml file.",
        ),
        click.option("--roads", type=click.Path(path_type=Path), metavar="FILE"),
        click.option(
            "--facilities",
            type=click.Path(path_type=Path),
            metavar="FILE.csv",
            help="Your register.",
        ),
        click.option("--provenance", metavar="LIST", help="Count only rows of these."),
        click.option(
            "--direction",
            type=click.Choice(["to_facility", "from_facility"]),
            default="to_facility",
            show_default=True,
        ),
        click.option(
            "--barriers",
            type=click.Path(path_type=Path),
            metavar="FILE.geojson",
            help="Polygons that close streets, or slow them by their property factor.",
        ),
        click.option(
            "--elevation",
            type=click.Path(path_type=Path),
            metavar="FILE.tif",
            help="Heights, for profiles with a slope model.",
        ),
        click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command(epilog=_CIRCLE)
@_sources
@click.option(
    "--minutes",
    type=MINUTES,
    default="5,10,15",
    show_default=True,
    help="Limits; a profile limited in metres has its own.",
)
@click.option(
    "--population",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Raster (.tif) or points (.csv .geojson .gpkg) of people.",
)
@click.option("--skip-bad", is_flag=True, help="List bad rows and compute the rest.")
@click.option("--year", type=int, metavar="YYYY", help="Facilities open at the end of this year.")
@click.option(
    "--how",
    type=click.Choice(["each", "split", "dissolve"]),
    default="each",
    show_default=True,
    help="One circle a facility, areas split by nearest facility, or one area a limit.",
)
@click.option("--resolution", type=float, metavar="M", help="Cell of the lattice in metres.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json", "csv", "markdown"]),
    default="table",
    show_default=True,
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the circles: .gpkg or .geojson.",
)
def circle(
    city: str | None,
    workspace: Path | None,
    kinds: tuple[str, ...],
    services: tuple[str, ...],
    profile: str,
    roads: Path | None,
    facilities: Path | None,
    provenance: str | None,
    direction: str,
    barriers: Path | None,
    elevation: Path | None,
    lang: Lang,
    minutes: tuple[float, ...],
    population: Path | None,
    skip_bad: bool,
    year: int | None,
    how: str,
    resolution: float | None,
    format_: str,
    out: Path | None,
) -> None:
    """服务圈与可达人口。 Service circles over roads, and the people within them.

    By default over the main roads that ship, at an older person's pace, with
    the township population model; bring your own roads and population for a
    decision.
    """
    from coverage.reach.service import travel_time

    found, register = _city(city, workspace, facilities, provenance)
    times = travel_time(
        found,
        kind=kinds,
        services=services,
        profile=profile,
        minutes=minutes,
        year=year,
        register=register,
        roads=roads,
        population=population,
        direction=direction,
        barriers=barriers or (),
        elevation=elevation,
        skip_bad=skip_bad,
    )
    if out is not None:
        from coverage.reach.draw import draw, write

        count = write(draw(times, how=how, step_m=resolution), out)
        click.echo(f"已写入 {count} 个服务圈 circles written: {out}", err=True)
    _show(times, format_, lang)


def _city(
    name: str | None, workspace: Path | None, facilities: Path | None, provenance: str | None
) -> tuple[City, Register]:
    from coverage.facilities import parse_provenances

    city = chosen_city(name, workspace)
    register = city.read_register(facilities) if facilities else city.register
    if provenance is not None:
        register = register.only(parse_provenances(provenance))
    return city, register


def _show(times: ServiceTimes, format_: str, lang: Lang) -> None:
    from coverage.results import circles

    if format_ == "table":
        from coverage.results.table import console

        circles.show(times, console(), lang)
    elif format_ == "json":
        import json

        click.echo(json.dumps(circles.to_dict(times, lang), ensure_ascii=False, indent=2))
    else:
        text = {"csv": circles.to_csv, "markdown": circles.to_markdown}[format_](times, lang)
        click.echo(text, nl=False)


@click.command(epilog=_ROUTE)
@_sources
@click.option(
    "--from", "start", type=PLACE, required=True, help="Where the trip begins, in degrees."
)
@click.option("--minutes", type=float, default=15, show_default=True, help="The limit.")
@click.option(
    "--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True
)
def route(
    city: str | None,
    workspace: Path | None,
    kinds: tuple[str, ...],
    services: tuple[str, ...],
    profile: str,
    roads: Path | None,
    facilities: Path | None,
    provenance: str | None,
    direction: str,
    barriers: Path | None,
    elevation: Path | None,
    lang: Lang,
    start: tuple[float, float],
    minutes: float,
    format_: str,
) -> None:
    """解释一次出行。 Why is this place covered, or not: the way, its length, its time by part."""
    from coverage.reach.trip import explain

    found, register = _city(city, workspace, facilities, provenance)
    trip = explain(
        found,
        start,
        kind=kinds,
        services=services,
        profile=profile,
        minutes=minutes,
        register=register,
        roads=roads,
        direction=direction,
        barriers=barriers,
        elevation=elevation,
    )
    if format_ == "json":
        import json

        click.echo(json.dumps(trip.to_dict(), ensure_ascii=False, indent=2))
        return
    for line in trip.lines(lang):
        click.echo(line)
