"""`coverage init`, `check` and `fetch`: a workspace, what it lacks, and downloads into it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from coverage.cli.grammar import command
from coverage.cli.options import SERVER, argument, own_folder, say, say_written, takes, takes_city
from coverage.messages import Lang, Said, joined

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.city import City

_SUBJECTS = ("boundaries", "roads", "population", "facilities")


@command(
    "新建工作区：带注释的 city.toml 和一本模板工作簿。",
    "coverage init 清远工作区 --city 清远",
    "coverage init 福田示例 --example 福田",
    "coverage init 韶关工作区 --name 韶关市 --code 440200 --boundaries 乡镇界.shp",
)
@argument("folder", "FOLDER")
@takes("city", "example", "name", "code", "boundaries", "crs", "code_column", "name_column")
def init(
    folder: Path,
    city: str | None,
    example: str | None,
    name: str,
    code: str,
    boundaries: Path | None,
    lang: Lang,
    **how: str | None,
) -> None:
    """Make a folder with a commented city.toml and a workbook of templates."""
    from coverage.city import City
    from coverage.errors import InputError
    from coverage.intake.boundaries import code_of_layer
    from coverage.intake.setup import TEMPLATE, create, find_example
    from coverage.roads.ways import ATTRIBUTION, LICENCE

    if bool(city) + bool(example) + bool(name or code or boundaries) > 1:
        raise InputError(
            Said(
                "--city、--example 与 --name 只用其一",
                "give either --city, or --example, or --name and --code",
            )
        )
    if example:
        create(folder, example=find_example(example))
        say(
            f"已建立 {folder}：街道 {ATTRIBUTION}，{LICENCE}；设施和人口是示例，虚构。"
            "接着 cd 进去，运行 coverage circle --kind elder_care",
            f"{folder} is made: streets {ATTRIBUTION}, {LICENCE}; facilities and people are made "
            "up. Now cd into it and run coverage circle --kind elder_care",
            lang,
        )
        return
    if city is not None:
        create(folder, city=City.load(city))
    elif boundaries is None:
        raise InputError(
            Said(
                "请用 --city 指定随附城市，或给出 --name、--code 和 --boundaries",
                "name a shipped city with --city, or give --name, --code and --boundaries",
            )
        )
    else:
        code = code or code_of_layer(boundaries, **how)
        create(
            folder, name=name, code=code, fill=lambda half: _filled(half, boundaries, lang, **how)
        )
    own = folder.name
    say(
        f"已建立 {folder}。接下来：cd {own}，填 {TEMPLATE}，依次运行 "
        f"coverage import facilities {TEMPLATE}、coverage import population {TEMPLATE}、"
        "coverage check",
        f"{folder} is made. Next: cd {own}, fill in {TEMPLATE}, then run coverage import "
        f"facilities {TEMPLATE}, coverage import population {TEMPLATE}, coverage check",
        lang,
    )


def _filled(half: Path, boundaries: Path, lang: Lang, **how: str | None) -> City:
    """Units and outlines of a new city; what was read of them, and what was left out, is said."""
    from coverage.city import City
    from coverage.intake.boundaries import import_boundaries

    made = import_boundaries(boundaries, half, **how)  # type: ignore[arg-type]
    city = City.open(half)
    counties, area = city.units.counties, made.totals["km2"]
    towns, others = len(city.units.townships), len(city.units.township_rows)
    names = "、".join(county.name for county in counties)
    say(
        f"读到 {len(counties)} 个县（{names}），{towns} 个乡镇（街道），统计单元 {others - towns} "
        f"个，共 {area:,.1f} 平方公里；退回 {made.rejected} 个要素",
        f"read {len(counties)} counties ({names}), {towns} townships, {others - towns} "
        f"statistical units, {area:,.1f} km²; {made.rejected} features rejected",
        lang,
    )
    for row in made.data:
        if row.outcome == "rejected":
            click.echo(f"! {row.row} {row.name}：{joined(row.said).to(lang)}", err=True)
    for finding in made.findings:
        if finding.weight == "warning" or finding.id == "file":
            click.echo(f"! {finding.said.to(lang)}", err=True)
    return city


@command(
    "数据是否够用：一个城市的每种数据、它的状况，以及因此算不了的指标。",
    "coverage check --city 清远",
    "coverage check --workspace 清远工作区 --all",
)
@takes_city
@takes("every")
def check(city: City, every: bool, lang: Lang) -> None:
    """Every source of a city, its state, and the indicators it blocks."""
    from coverage.intake.readiness import page

    for line in page(city, lang, every=every):
        click.echo(line)


@command(
    "下载公开数据到工作区，旁边写明出处和许可。",
    "coverage fetch roads --workspace 清远工作区",
    "coverage fetch population --endpoint http://my-server/people.tif",
)
@argument("subject", "|".join(_SUBJECTS), type=click.Choice(_SUBJECTS))
@takes("workspace", *SERVER, "grid.year", "replace")
def fetch(
    subject: str,
    workspace: Path | None,
    year: int,
    replace: bool,
    lang: Lang,
    **server: Any,
) -> None:
    """Public data into a workspace, with its source and licence beside it."""
    from coverage.download.fetch import fetch as download
    from coverage.download.http import Server

    got = download(
        subject, own_folder(workspace), server=Server(**server), replace=replace, year=year
    )
    for line in got.lines(lang):
        click.echo(line)
    say_written(lang, *(path.name for path in got.written))
