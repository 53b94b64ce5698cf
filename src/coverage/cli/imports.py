"""`coverage import`: a planner's own files in a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from coverage.cli.options import chosen_city
from coverage.messages import Said

if TYPE_CHECKING:
    from coverage.city import City
    from coverage.intake.findings import ImportReport
    from coverage.intake.previous import Replace
    from coverage.messages import Lang

_FACILITIES = """\b
例 Examples:
  coverage import facilities 模板.xlsx --workspace 清远工作区
  coverage import facilities 台账.xls 补充.csv --datum gcj02 --dry-run
"""
_BOUNDARIES = """\b
例 Examples:
  coverage import boundaries 乡镇界.shp --workspace 清远工作区
  coverage import boundaries 乡镇.geojson --crs gcj02
"""
_POPULATION = """\b
例 Examples:
  coverage import population 人口.xlsx --year 2024 --workspace 清远工作区
  coverage import population worldpop.tif
"""
_ROADS = "例 Example:  coverage import roads guangdong.osm.pbf --workspace 清远工作区"
_PLAN = "例 Example:  coverage import plan 指标表.xlsx --workspace 清远工作区 --dry-run"

_WORKSPACE = click.option(
    "--workspace", type=click.Path(path_type=Path, file_okay=False), metavar="DIR"
)
_FILE = click.argument("file", type=click.Path(path_type=Path))
_LANG = click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
_DRY = click.option(
    "--dry-run", is_flag=True, help="Show how everything was understood, write nothing."
)
_CRS = "What the coordinates are, if the file does not say or says wrongly: EPSG:4490, gcj02 …"


@click.group("import")
def import_() -> None:
    """导入自己的数据。 Bring your own data into a workspace."""


@import_.command(epilog=_FACILITIES)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@_WORKSPACE
@click.option(
    "--datum",
    type=click.Choice(["wgs84", "cgcs2000", "gcj02", "bd09"]),
    help="Datum of all coordinates; detected with a stated confidence otherwise.",
)
@click.option("--mapping", type=click.Path(path_type=Path), metavar="FILE.toml")
@click.option("--kind", metavar="KIND", help="Kind of rows that state none.")
@click.option(
    "--geocoder",
    type=click.Choice(["tianditu", "amap"]),
    help="Ask this service for addresses without coordinates; key in TIANDITU_KEY or AMAP_KEY.",
)
@click.option("--geocoder-url", metavar="URL", help="Another server that answers like it.")
@click.option("--keep-personal", is_flag=True, help="Do not leave out personal columns.")
@click.option(
    "--add",
    "replacing",
    flag_value="files",
    help="Keep other facilities of the same kinds: replace only the same ones and the same files.",
)
@click.option(
    "--replace-all", "replacing", flag_value="all", help="Keep nothing of the register of before."
)
@_DRY
@_LANG
def facilities(
    files: tuple[Path, ...],
    workspace: Path | None,
    datum: str | None,
    mapping: Path | None,
    kind: str | None,
    geocoder: str | None,
    geocoder_url: str | None,
    keep_personal: bool,
    replacing: Replace | None,
    dry_run: bool,
    lang: Lang,
) -> None:
    """导入设施。 Messy lists of facilities become the workspace's checked register.

    A list replaces the kinds that stand in it and what came from a file of its name; the rest of
    the register stays, and the register of before is kept in the folder replaced.
    """
    from coverage.errors import InputError
    from coverage.intake.account import account
    from coverage.intake.columns import read_mapping
    from coverage.intake.commit import commit
    from coverage.intake.facilities import intake_facilities

    city = _workspace(workspace)
    asked = None
    if geocoder is not None:
        from coverage.places.geocode import open_geocoder

        asked = open_geocoder(geocoder, **({"url": geocoder_url} if geocoder_url else {}))
    made = intake_facilities(
        files,
        city,
        datum=datum,
        mapping=read_mapping(mapping) if mapping else None,
        kind=kind,
        keep_personal=keep_personal,
        geocoder=asked,
        replacing=replacing or "kinds",
    )
    if dry_run:
        report = account(made, city.units)
    else:
        report = commit(made, _folder(workspace), units=city.units, lang=lang)
    _tell(report, lang, dry_run=dry_run)
    if not made.facilities:
        raise InputError(
            Said("没有一处设施可接受，登记册未改动", "no facility to take: the register is kept")
        )


@import_.command(epilog=_BOUNDARIES)
@_FILE
@_WORKSPACE
@click.option(
    "--level", type=click.Choice(["township", "county"]), default="township", show_default=True
)
@click.option("--layer", metavar="NAME", help="Which layer, where the file has several.")
@click.option("--crs", metavar="CRS", help=_CRS)
@click.option("--code-column", metavar="NAME", help="Column of the codes.")
@click.option("--name-column", metavar="NAME", help="Column of the names.")
@click.option("--dissolve", is_flag=True, help="Make the counties from them, too.")
@_DRY
@_LANG
def boundaries(
    file: Path,
    workspace: Path | None,
    level: Literal["township", "county"],
    layer: str | None,
    crs: str | None,
    code_column: str | None,
    name_column: str | None,
    dissolve: bool,
    dry_run: bool,
    lang: Lang,
) -> None:
    """导入边界。 Polygons of townships or counties, checked against the list of units."""
    from coverage.intake.boundaries import import_boundaries

    made = import_boundaries(
        file,
        _folder(workspace),
        level=level,
        layer=layer,
        crs=crs,
        code_column=code_column,
        name_column=name_column,
        dissolve=dissolve,
        dry_run=dry_run,
        lang=lang,
    )
    _tell(made, lang, dry_run=dry_run)


@import_.command(epilog=_POPULATION)
@_FILE
@_WORKSPACE
@click.option(
    "--kind",
    type=click.Choice(["raster", "points", "grid", "table"]),
    help="What the file is; by its ending and its columns otherwise.",
)
@click.option("--year", type=int, help="Year of a table that does not say it.")
@click.option("--crs", metavar="CRS", help=_CRS)
@_DRY
@_LANG
def population(
    file: Path,
    workspace: Path | None,
    kind: Literal["raster", "points", "grid", "table"] | None,
    year: int | None,
    crs: str | None,
    dry_run: bool,
    lang: Lang,
) -> None:
    """导入人口。 A table by township and age, villages or places, or a raster."""
    from coverage.intake.people import import_population

    made = import_population(
        file, _folder(workspace), kind=kind, year=year, crs=crs, dry_run=dry_run, lang=lang
    )
    _tell(made, lang, dry_run=dry_run)


@import_.command(epilog=_ROADS)
@_FILE
@_WORKSPACE
@click.option("--edges", type=click.Path(path_type=Path), help="Table of edges beside nodes.csv.")
@click.option("--crs", metavar="CRS", help="Projected CRS in metres; the UTM zone otherwise.")
@_DRY
@_LANG
def roads(
    file: Path,
    workspace: Path | None,
    edges: Path | None,
    crs: str | None,
    dry_run: bool,
    lang: Lang,
) -> None:
    """导入路网。 Check a road network against the city and make it the workspace's own."""
    from coverage.intake.roads import import_roads

    made = import_roads(file, _folder(workspace), edges=edges, crs=crs, dry_run=dry_run, lang=lang)
    _tell(made.report, lang, dry_run=dry_run)


@import_.command(epilog=_PLAN)
@_FILE
@_WORKSPACE
@click.option("--title", default="", metavar="TEXT", help="Title; the line above the table.")
@click.option("--start", type=int, metavar="YEAR", help="First year; from the title otherwise.")
@click.option("--end", type=int, metavar="YEAR", help="Last year; from the title otherwise.")
@click.option("--baseline-year", type=int, metavar="YEAR", help="Of baselines that state none.")
@_DRY
@_LANG
def plan(
    file: Path,
    workspace: Path | None,
    title: str,
    start: int | None,
    end: int | None,
    baseline_year: int | None,
    dry_run: bool,
    lang: Lang,
) -> None:
    """导入规划指标。 A table of targets becomes the workspace's plan."""
    from coverage.intake.plan import import_plan

    made = import_plan(
        file,
        _folder(workspace),
        title=title,
        start=start,
        end=end,
        baseline_year=baseline_year,
        dry_run=dry_run,
        lang=lang,
    )
    _tell(made.report, lang, dry_run=dry_run)


def _tell(made: ImportReport, lang: Lang, *, dry_run: bool) -> None:
    """Counts, rejections and findings; how columns were understood, if nothing is written yet."""
    from coverage.intake.report import show
    from coverage.results.table import console

    show(made, console(), lang, columns=dry_run)
    if made.written:
        click.echo(f"已写入 {', '.join(p.name for p in made.written)}", err=True)
    elif dry_run:
        click.echo(Said("只是试读，未写入任何文件", "dry run, nothing written"), err=True)
    else:
        click.echo(
            Said("没有可用的行，原有数据未动", "no row can be used, your data is as before"),
            err=True,
        )
    for page in (p for p in made.reports if p.suffix == ".html"):
        click.echo(f"逐行结果见 {page.parent.name}/{page.stem}.html 与 .xlsx", err=True)


def _folder(workspace: Path | None) -> Path:
    city = _workspace(workspace)
    assert city.workspace is not None  # noqa: S101 -- the line above has seen to it
    return city.workspace.folder


def _workspace(folder: Path | None) -> City:
    from coverage.errors import InputError

    city = chosen_city(None, folder)
    if city.workspace is None:
        raise InputError(Said("请在工作区内运行或用 --workspace 指定", "run inside a workspace"))
    return city
