"""`coverage circle` and `coverage route`: who is reached in time, and one trip explained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from coverage.cli.grammar import command
from coverage.cli.options import (
    DRAWING,
    REGISTER,
    ROADS,
    counting,
    print_json,
    say,
    takes,
    takes_city,
    takes_format,
    writing,
)

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.city import City
    from coverage.draws.summary import Draws
    from coverage.messages import Lang
    from coverage.reach.service import ServiceTimes

_TRAVEL = ("services", *ROADS, *REGISTER, "direction", "barriers", "elevation")


@command(
    "服务圈与可达人口：沿道路的服务圈，以及圈内的人。\n\n"
    "默认用随附的主要道路、老年人的步速和乡镇人口模型；作决定前请换上真实街道（docs/roads.md）和自己的人口。",
    "coverage circle --city 清远 --kind elder_care",
    "coverage circle --city 清远 --kind elder_care --minutes 5,10,15 --out circles.gpkg",
    "coverage circle --city 清远 --kind elder_care --profile drive --format json",
    "coverage circle --city 清远 --kind elder_care --minutes 15 --draws 200 --seed 1",
    "coverage circle --city 清远 --kind elder_care --roads qingyuan.osm.pbf --population pop.tif",
)
@takes_city
@takes("kinds", required=True)
@takes(*_TRAVEL, "minutes", "population", "skip_bad", "year", "how", "resolution")
@takes("draws", "draws.seed")
@takes_format("table", "json", "csv", "markdown")
@takes(
    "out",
    zh="把服务圈写成 .gpkg 或 .geojson",
    en="Write the circles: .gpkg or .geojson.",
    endings=(".gpkg", ".geojson", ".json"),
)
def circle(
    city: City,
    kinds: tuple[str, ...],
    how: str,
    resolution: float | None,
    format_: str,
    lang: Lang,
    out: Path | None,
    draws: int | None,
    seed: int,
    **asked: Any,
) -> None:
    """Service circles over roads, and the people within them.

    By default over the main roads that ship, at an older person's pace, with
    the township population model; for a decision bring real streets
    (docs/roads.md) and your own population.
    """
    from coverage.reach.service import travel_time

    times = travel_time(city, kind=kinds, **asked)
    if out is not None:
        from coverage.reach.draw import draw, write

        with writing(out, lang) as half:
            count = write(draw(times, how=how, step_m=resolution), half)
        say(f"已写入 {count} 个服务圈：{out}", f"{count} circles written: {out}", lang)
    found = None
    if draws:
        from coverage.draws.measure import draws_of_times

        with counting(DRAWING, lang) as progress:
            found = draws_of_times(times, draws, seed, progress=progress)
    _show(times, format_, lang, found)


def _show(times: ServiceTimes, format_: str, lang: Lang, draws: Draws | None) -> None:
    from coverage.results import circles

    if format_ == "table":
        from coverage.results.table import console

        circles.show(times, console(), lang)
        if draws is not None:
            click.echo(circles.likely(times, draws).to(lang))
    elif format_ == "json":
        print_json(circles.to_dict(times, lang, draws))
    else:
        text = {"csv": circles.to_csv, "markdown": circles.to_markdown}[format_](times, lang)
        click.echo(text, nl=False)


@command(
    "解释一次出行：这里为什么够得着或够不着，走哪条路、多长、各段几分钟。",
    "coverage route --city 清远 --kind elder_care --from 113.05,23.68",
)
@takes_city
@takes("kinds", required=True)
@takes(*_TRAVEL, "start", "one.minutes")
@takes_format("table", "json")
def route(
    city: City,
    start: tuple[float, float],
    kinds: tuple[str, ...],
    format_: str,
    lang: Lang,
    **asked: Any,
) -> None:
    """Why is this place covered, or not: the way, its length, its time by part."""
    from coverage.reach.trip import explain

    trip = explain(city, start, kind=kinds, **asked)
    if format_ == "json":
        print_json(trip.to_dict(lang))
        return
    for line in trip.lines(lang):
        click.echo(line)
