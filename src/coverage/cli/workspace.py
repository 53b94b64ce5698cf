"""`coverage init`, `check` and `fetch`: a workspace, what it lacks, and downloads into it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from coverage.cli.options import chosen_city, city_options
from coverage.messages import Said

if TYPE_CHECKING:
    from coverage.city import City
    from coverage.messages import Lang

_INIT = """\b
例 Examples:
  coverage init 清远工作区 --city 清远
  coverage init 韶关工作区 --name 韶关市 --code 440200 --boundaries 乡镇界.shp
"""
_CHECK = """\b
例 Examples:
  coverage check --city 清远
  coverage check --workspace 清远工作区 --all
"""
_FETCH = """\b
例 Examples:
  coverage fetch roads --workspace 清远工作区
  coverage fetch population --endpoint http://my-server/people.tif
"""
_LANG = click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)


@click.command(epilog=_INIT)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--city", metavar="NAME", help="A shipped city to start from.")
@click.option("--name", default="", metavar="NAME", help="A city that does not ship.")
@click.option("--code", default="", metavar="CODE", help="Its six-digit code.")
@click.option(
    "--boundaries",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Its townships: .shp, .geojson, .gpkg or a .zip of one.",
)
@click.option("--crs", metavar="CRS", help="Of the boundaries, if their file does not say.")
def init(
    folder: Path,
    city: str | None,
    name: str,
    code: str,
    boundaries: Path | None,
    crs: str | None,
) -> None:
    """新建工作区。 Make a folder with a commented city.toml and a workbook of templates."""
    from coverage.city import City
    from coverage.errors import InputError
    from coverage.intake.setup import TEMPLATE, create

    if city is not None:
        if name or code or boundaries:
            raise InputError(
                Said("--city 与 --name 只用其一", "give either --city, or --name and --code")
            )
        create(folder, city=City.load(city))
    elif boundaries is None:
        raise InputError(
            Said(
                "请用 --city 指定随附城市，或给出 --name、--code 和 --boundaries",
                "name a shipped city with --city, or give --name, --code and --boundaries",
            )
        )
    else:
        create(folder, name=name, code=code, fill=lambda half: _filled(half, boundaries, crs))
    click.echo(f"已建立 {folder}：先填 {TEMPLATE}，再运行 coverage import facilities", err=True)


def _filled(half: Path, boundaries: Path, crs: str | None) -> City:
    from coverage.city import City
    from coverage.intake.boundaries import import_boundaries

    made = import_boundaries(boundaries, half, crs=crs)
    for finding in made.warnings:
        click.echo(f"! {finding.said.zh}", err=True)
    return City.open(half)


@click.command(epilog=_CHECK)
@city_options
@click.option("--all", "every", is_flag=True, help="Name every indicator that a gap touches.")
@_LANG
def check(city: str | None, workspace: Path | None, every: bool, lang: Lang) -> None:
    """数据是否够用。 Every source of a city, its state, and the indicators it blocks."""
    from coverage.intake.fit import page

    for line in page(chosen_city(city, workspace), lang, every=every):
        click.echo(line)


@click.command(epilog=_FETCH)
@click.argument("subject", type=click.Choice(["boundaries", "roads", "population", "facilities"]))
@click.option("--workspace", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@click.option("--endpoint", metavar="URL", help="Another server than the public one.")
@click.option(
    "--cache", type=click.Path(path_type=Path, file_okay=False), help="Folder for raw answers."
)
@click.option("--timeout", type=float, default=180, show_default=True, help="Seconds an answer.")
@click.option("--retries", type=int, default=3, show_default=True)
@click.option("--year", type=int, default=2020, show_default=True, help="Of the population grid.")
@click.option("--replace", is_flag=True, help="Replace a file that is your own.")
@_LANG
def fetch(
    subject: str,
    workspace: Path | None,
    endpoint: str | None,
    cache: Path | None,
    timeout: float,
    retries: int,
    year: int,
    replace: bool,
    lang: Lang,
) -> None:
    """下载公开数据。 Public data into a workspace, with its source and licence beside it."""
    from coverage.errors import InputError
    from coverage.intake.fetch import Server
    from coverage.intake.fetch import fetch as download

    place = chosen_city(None, workspace).workspace
    if place is None:
        raise InputError(Said("请在工作区内运行或用 --workspace 指定", "run inside a workspace"))
    server = Server(endpoint, cache, timeout, retries)
    got = download(subject, place.folder, server=server, replace=replace, year=year)
    for line in got.lines(lang):
        click.echo(line)
    click.echo(f"已写入 {', '.join(p.name for p in got.written)}", err=True)
