"""`coverage import`: a planner's own files in a workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coverage.cli.grammar import Group, command
from coverage.cli.options import argument, own_city, own_folder, say, say_written, takes
from coverage.messages import Lang, Said

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.intake.identity import Replace
    from coverage.intake.outcomes import ImportReport

_FILE = argument("file", "FILE")


@command("导入自己的数据。", name="import", cls=Group)
def import_() -> None:
    """Bring your own data into a workspace."""


@command(
    "导入设施：把杂乱的台账理成工作区里核对过的登记册。\n\n"
    "名单替换它所含的类别，以及上次由同名文件导入的设施；登记册的其余部分不动，"
    "原登记册留在 replaced 文件夹。",
    "coverage import facilities 模板.xlsx --workspace 清远工作区",
    "coverage import facilities 台账.xls 补充.csv --datum gcj02 --dry-run",
    within=import_,
)
@argument("files", "FILE…", nargs=-1, required=True)
@takes("workspace", "datum", "mapping", "import.kind", "geocoder", "geocoder_url")
@takes("keep_personal", "add.replacing", "all.replacing", "dry_run")
def facilities(
    files: tuple[Path, ...],
    workspace: Path | None,
    mapping: Path | None,
    geocoder: str | None,
    geocoder_url: str | None,
    replacing: Replace | None,
    dry_run: bool,
    lang: Lang,
    **how: Any,
) -> None:
    """Messy lists of facilities become the workspace's checked register.

    A list replaces the kinds that stand in it and what came from a file of its name; the rest of
    the register stays, and the register of before is kept in the folder replaced.
    """
    from coverage.errors import InputError
    from coverage.intake.commit import commit
    from coverage.intake.facilities import intake_facilities
    from coverage.lists.columns import read_mapping

    city = own_city(workspace)
    asked = None
    if geocoder is not None:
        from coverage.download.geocode import open_geocoder

        asked = open_geocoder(geocoder, **({"url": geocoder_url} if geocoder_url else {}))
    given = read_mapping(mapping) if mapping else None
    how |= {"mapping": given, "geocoder": asked, "replacing": replacing or "kinds"}
    made = intake_facilities(files, city, trial=dry_run, **how)
    report = made if dry_run else commit(made, own_folder(workspace), lang=lang)
    _tell(report, lang, dry_run=dry_run)
    if not made.taken:
        raise InputError(
            Said("没有一处设施可接受，登记册未改动", "no facility to take: the register is kept")
        )


@command(
    "导入边界：乡镇或县的面，与单元名录核对。",
    "coverage import boundaries 乡镇界.shp --workspace 清远工作区",
    "coverage import boundaries 乡镇.geojson --crs gcj02",
    within=import_,
)
@_FILE
@takes("workspace", "import.level", "layer", "crs", "code_column", "name_column")
@takes("dissolve", "dry_run")
def boundaries(file: Path, workspace: Path | None, lang: Lang, **how: Any) -> None:
    """Polygons of townships or counties, checked against the list of units."""
    from coverage.intake.boundaries import import_boundaries

    made = import_boundaries(file, own_folder(workspace), lang=lang, **how)
    _tell(made, lang, dry_run=how["dry_run"])


@command(
    "导入人口：分乡镇、年龄的表，村或点，或栅格。",
    "coverage import population 人口.xlsx --year 2024 --workspace 清远工作区",
    "coverage import population worldpop.tif",
    within=import_,
)
@_FILE
@takes("workspace", "people.kind", "table.year", "crs", "dry_run")
def population(file: Path, workspace: Path | None, lang: Lang, **how: Any) -> None:
    """A table by township and age, villages or places, or a raster."""
    from coverage.intake.people import import_population

    made = import_population(file, own_folder(workspace), lang=lang, **how)
    _tell(made, lang, dry_run=how["dry_run"])


@command(
    "导入路网：与城市核对后作为工作区自己的路网。",
    "coverage import roads guangdong.osm.pbf --workspace 清远工作区",
    within=import_,
)
@_FILE
@takes("workspace", "edges", "crs", "snap_m", "dry_run")
def roads(file: Path, workspace: Path | None, lang: Lang, **how: Any) -> None:
    """Check a road network against the city and make it the workspace's own."""
    from coverage.intake.roads import import_roads

    made = import_roads(file, own_folder(workspace), lang=lang, **how)
    _tell(made, lang, dry_run=how["dry_run"])


@command(
    "导入规划指标：一张目标表成为工作区的规划。",
    "coverage import plan 指标表.xlsx --workspace 清远工作区 --dry-run",
    within=import_,
)
@_FILE
@takes("workspace", "title", "plan.start", "end", "baseline_year", "dry_run")
def plan(file: Path, workspace: Path | None, lang: Lang, **how: Any) -> None:
    """A table of targets becomes the workspace's plan."""
    from coverage.intake.plan import import_plan

    made = import_plan(file, own_folder(workspace), lang=lang, **how)
    _tell(made.report, lang, dry_run=how["dry_run"])


def _tell(made: ImportReport, lang: Lang, *, dry_run: bool) -> None:
    """Counts, rejections and findings; how columns were understood, if nothing is written yet."""
    from coverage.intake.report import show
    from coverage.results.table import console

    show(made, console(), lang, columns=dry_run)
    if made.written:
        say_written(lang, *(path.name for path in made.written))
    elif dry_run:
        say("只是试读，未写入任何文件", "dry run, nothing written", lang)
    else:
        say("没有可用的行，原有数据未动", "no row can be used, your data is as before", lang)
    for page in (p for p in made.reports if p.suffix == ".html"):
        name = f"{page.parent.name}/{page.stem}.html"
        say(f"逐行结果见 {name} 与 .xlsx", f"row by row: {name} and .xlsx", lang)
