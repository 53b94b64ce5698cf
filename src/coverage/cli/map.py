"""`coverage map`: a map for the screen or for paper."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coverage.cli.grammar import command
from coverage.cli.options import (
    CITY,
    DRAWING,
    REGISTER,
    ROADS,
    chosen_city,
    counting,
    say_written,
    takes,
    writing,
)

if TYPE_CHECKING:
    from datetime import datetime

    from coverage.assessment import Report
    from coverage.city import City
    from coverage.maps.before_after import Wanted
    from coverage.maps.compose import Moment
    from coverage.maps.view import View
    from coverage.messages import Lang


@command(
    "地图：一个离线网页，或打印用的图。\n\n"
    "按状况和数值着色的乡镇和县、设施、服务圈、未覆盖的人和道路；每个数都出自报告。",
    "coverage map --city 清远",
    "coverage map --city 清远 --out 清远.html --out 清远.png",
    "coverage map --city 清远 --indicator social_work.township_station --out 社工站.pdf --size A3",
    "coverage map --city 阳江 --facilities 我的台账.csv --minutes 10,20 --lang en",
    "coverage map --scenario 新增五处.toml --out 前后对比.html --out 前后对比.png",
    "coverage map --city 清远 --indicator elder_care.circle_15min --draws 200",
    "coverage map --city 清远 --mask-sensitive --suppress-below 10",
    name="map",
)
@takes(*CITY, "indicators", "outs", "scenario", "year", *REGISTER, "kinds", *ROADS, "minutes")
@takes("population", "tiles", "tianditu_key", "size", "dpi", "level", "not_reached")
@takes("mask_sensitive", "suppress_below", "draws", "draws.seed", "dated")
def map_(
    city: str | None,
    workspace: Path | None,
    indicators: tuple[str, ...],
    outs: tuple[Path, ...],
    scenario: Path | None,
    year: int | None,
    provenance: str | None,
    register: Path | None,
    roads: Path | None,
    tiles: str,
    tianditu_key: str | None,
    size: str,
    dpi: int,
    level: str | None,
    not_reached: bool,
    mask_sensitive: bool,
    suppress_below: int | None,
    draws: int | None,
    seed: int,
    dated: datetime | None,
    lang: Lang,
    **circles: Any,
) -> None:
    """A map as one offline page, or for paper.

    Townships and counties by status and value, facilities, service circles,
    people not reached, and roads; every number is the report's own.
    """
    if scenario is not None and city is None and workspace is None:
        from coverage.scenarios.file import base_of

        city, workspace = base_of(scenario)
    found = chosen_city(city, workspace)
    from coverage.outputs import check

    if not outs:
        outs = (Path("maps") / f"{found.label.short_name}.html",)
        check(outs)
    if any(out.suffix.lower() == ".html" for out in outs):
        from coverage.maps.page import base_map

        base_map(tiles, tianditu_key)
    from coverage.maps.before_after import Wanted
    from coverage.maps.compose import build

    wanted = Wanted(
        lang=lang,
        indicators=indicators,
        roads=roads,
        masked=mask_sensitive,
        below=suppress_below,
        draws=draws,
        seed=seed,
        **circles,
    )
    counted = {"year": year, "provenance": provenance, "register": register}
    moments = _moments(found, wanted, scenario, **counted)
    day = dated.date() if dated else None
    view = build(found, moments, lang=lang, indicators=indicators, roads=roads, dated=day)
    for out in outs:
        with writing(out, lang) as half:
            if out.suffix.lower() == ".html":
                from coverage.maps import page

                page.write(view, half, tiles=tiles, key=tianditu_key)
            else:
                from coverage.maps import prints

                prints.draw(view, half, size=size, dpi=dpi, level=level, crowd=not_reached)
        say_written(lang, out)
    _say(view)


def _moments(city: City, wanted: Wanted, scenario: Path | None, **asked: Any) -> tuple[Moment, ...]:
    """Now, or before and after a scenario; everything wrong with the question is said at once."""
    from coverage.maps import before_after

    def drawn(report: Report) -> Report:
        if wanted.draws is None:
            return before_after.with_draws(report, wanted)
        with counting(DRAWING, wanted.lang) as progress:
            return before_after.with_draws(report, wanted, progress)

    if scenario is None:
        from coverage.assessment import assess

        return before_after.now(drawn(assess(city, indicators=wanted.indicators, **asked)), wanted)
    from coverage.scenarios.compare import compare

    comparison = compare(
        city,
        scenario,
        kind=wanted.kinds,
        group="all",
        minutes=max(wanted.minutes),
        profile=wanted.profile,
        roads=wanted.roads,
        population=wanted.population,
        **asked,
    )
    (outcome,) = comparison.outcomes
    outcome = replace(outcome, before=drawn(outcome.before), after=drawn(outcome.after))
    return before_after.before_after(outcome, wanted)


def _say(view: View) -> None:
    """The first theme's figures, as the map prints them."""
    for stage in view.stages:
        theme = stage.theme()
        label = f"（{stage.label}）" if len(view.stages) > 1 else ""
        click.echo(f"{theme.title}{label}：{theme.headline}")
    if view.mark:
        click.echo(view.mark)
