"""`coverage map`: a map for the screen or for paper."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from coverage.cli.options import MINUTES, chosen_city, city_options
from coverage.messages import Said

if TYPE_CHECKING:
    from datetime import datetime

    from coverage.city import City
    from coverage.maps.compose import Moment
    from coverage.maps.moments import Wanted
    from coverage.maps.view import View
    from coverage.messages import Lang

_EPILOG = """\b
例 Examples:
  coverage map --city 清远
  coverage map --city 清远 --out 清远.html --out 清远.png
  coverage map --city 清远 --indicator social_work.township_station --out 社工站.pdf --size A3
  coverage map --city 阳江 --facilities 我的台账.csv --minutes 10,20 --lang en
  coverage map --scenario 新增五处.toml --out 前后对比.html --out 前后对比.png
  coverage map --city 清远 --mask-sensitive --suppress-below 10
"""
_PICTURES = (".png", ".pdf", ".svg")


@click.command(epilog=_EPILOG)
@city_options
@click.option(
    "--indicator",
    "indicators",
    multiple=True,
    metavar="ID",
    help="Show this indicator; may be given several times. [all that a map can show]",
)
@click.option(
    "--out",
    "outs",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A .html page, or a .png, .pdf or .svg; several may be given. [maps/<city>.html]",
)
@click.option(
    "--scenario",
    type=click.Path(path_type=Path),
    metavar="FILE.toml",
    help="Show before and after this scenario.",
)
@click.option("--year", type=int, metavar="YYYY", help="Judge the targets of this year.")
@click.option("--provenance", metavar="LIST", help="Count only rows of these provenances.")
@click.option(
    "--facilities",
    type=click.Path(path_type=Path),
    metavar="FILE.csv",
    help="Your own register instead of the shipped one.",
)
@click.option(
    "--kind", "kinds", multiple=True, metavar="KIND", help="Circles of these. [the indicator's]"
)
@click.option("--profile", default="older_walk", show_default=True, help="How people travel.")
@click.option("--minutes", type=MINUTES, default="5,10,15", show_default=True, help="Limits.")
@click.option(
    "--roads", type=click.Path(path_type=Path), metavar="FILE", help="Roads. [main roads]"
)
@click.option(
    "--population", type=click.Path(path_type=Path), metavar="FILE", help="Where people live."
)
@click.option(
    "--tiles",
    type=click.Choice(["none", "osm", "tianditu", "amap"]),
    default="none",
    show_default=True,
    help="Base map of a page; all but none need the internet when it is opened.",
)
@click.option("--tianditu-key", metavar="KEY", help="Stands in the page. [COVERAGE_TIANDITU_KEY]")
@click.option(
    "--size", type=click.Choice(["A4", "A3"]), default="A4", show_default=True, help="Of paper."
)
@click.option("--dpi", type=click.IntRange(50, 1200), default=300, show_default=True)
@click.option("--level", type=click.Choice(["township", "county"]), help="Shade these on paper.")
@click.option("--not-reached", is_flag=True, help="Draw people not reached on paper too.")
@click.option("--mask-sensitive", is_flag=True, help="Withhold places of protected facilities.")
@click.option(
    "--suppress-below", type=int, metavar="N", help="Withhold counts of people below this."
)
@click.option(
    "--date", "dated", type=click.DateTime(["%Y-%m-%d"]), help="In the title block. [today]"
)
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
def map_(
    city: str | None,
    workspace: Path | None,
    indicators: tuple[str, ...],
    outs: tuple[Path, ...],
    year: int | None,
    provenance: str | None,
    facilities: Path | None,
    kinds: tuple[str, ...],
    profile: str,
    minutes: tuple[float, ...],
    roads: Path | None,
    population: Path | None,
    tiles: str,
    tianditu_key: str | None,
    size: str,
    dpi: int,
    level: str | None,
    not_reached: bool,
    mask_sensitive: bool,
    suppress_below: int | None,
    scenario: Path | None,
    dated: datetime | None,
    lang: Lang,
) -> None:
    """地图：一个离线网页，或打印用的图。 A map as one offline page, or for paper.

    Townships and counties by status and value, facilities, service circles,
    people not reached, and roads; every number is the report's own.
    """
    if scenario is not None and city is None and workspace is None:
        from coverage.scenarios.file import base_of

        city, workspace = base_of(scenario)
    found = chosen_city(city, workspace)
    outs = outs or (Path("maps") / f"{found.label.short_name}.html",)
    _check_names(outs)
    if any(out.suffix.lower() == ".html" for out in outs):
        from coverage.maps.page import base_map

        base_map(tiles, tianditu_key)
    from coverage.maps.compose import build
    from coverage.maps.moments import Wanted

    wanted = Wanted(
        lang=lang,
        indicators=indicators,
        kinds=kinds,
        profile=profile,
        minutes=minutes,
        roads=roads,
        population=population,
        masked=mask_sensitive,
        below=suppress_below,
    )
    moments = _moments(found, wanted, year, provenance, facilities, scenario)
    day = dated.date() if dated else None
    view = build(found, moments, lang=lang, indicators=indicators, roads=roads, dated=day)
    for out in outs:
        if out.suffix.lower() == ".html":
            from coverage.maps import page

            page.write(view, out, tiles=tiles, key=tianditu_key)
        else:
            from coverage.maps import prints

            prints.draw(view, out, size=size, dpi=dpi, level=level, crowd=not_reached)
        click.echo(f"已写入 written: {out}")
    _say(view)


def _check_names(outs: tuple[Path, ...]) -> None:
    """Refuse a name that nothing can be written under before anything is computed."""
    from coverage.errors import InputError, Problem

    wrong = [out for out in outs if out.suffix.lower() not in {".html", *_PICTURES}]
    if wrong:
        listed = "、".join((".html", *_PICTURES))
        reason = Said(f"地图格式须为 {listed}", f"maps are written to {listed}")
        raise InputError(Problem(reason, str(out)) for out in wrong)


def _moments(
    city: City,
    wanted: Wanted,
    year: int | None,
    provenance: str | None,
    facilities: Path | None,
    scenario: Path | None,
) -> tuple[Moment, ...]:
    """Now, or before and after a scenario; everything wrong with the question is said at once."""
    from coverage.assessment import assess, check_request
    from coverage.errors import gathered
    from coverage.facilities import parse_provenances
    from coverage.maps import moments

    with gathered() as gather:
        if scenario is None:
            gather(check_request, city, year, wanted.indicators)
        kept = gather(parse_provenances, provenance) if provenance is not None else ()
        register = gather(city.read_register, facilities) if facilities else None
    if scenario is None:
        report = assess(
            city, year=year, indicators=wanted.indicators, provenance=kept, register=register
        )
        return moments.now(report, wanted)
    from coverage.scenarios.compare import compare
    from coverage.scenarios.file import read
    from coverage.scenarios.live import Question

    comparison = compare(
        city,
        [read(scenario, city, register=register)],
        year=year,
        register=register,
        provenance=kept,
        question=Question(wanted.kinds) if wanted.kinds else None,
        minutes=max(wanted.minutes),
        profile=wanted.profile,
        roads=wanted.roads,
        population=wanted.population,
    )
    return moments.before_after(comparison.outcomes[0], wanted)


def _say(view: View) -> None:
    """The first theme's figures, as the map prints them."""
    for stage in view.stages:
        theme = stage.theme()
        label = f"（{stage.label}）" if len(view.stages) > 1 else ""
        click.echo(f"{theme.title}{label}：{theme.headline}")
    if view.mark:
        click.echo(view.mark)
