"""`coverage site`: where to build."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coverage.cli.grammar import command
from coverage.cli.options import (
    REGISTER,
    print_json,
    say_written,
    takes,
    takes_city,
    takes_format,
    writing,
)

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.city import City
    from coverage.messages import Lang

_QUESTION = (
    *("site.indicator", "site.kind", "target", "year", "max_new", "model", "each", "floor"),
    *("site.minutes", "site.group", "profile"),
)
_PLACES = ("candidates", "keep_in", "keep_out", "max_road_m", "away", "max_slope", "site.elevation")
_RULES = ("fix", "spacing", "per_township", "budget", "cost", "curve", "cheapest", "beds", "need")
_SOURCES = ("roads", "population", *REGISTER, "skip_bad", "seconds", "seed")


@command(
    "选址：达到目标最少建几处、建在哪里，或建几处能覆盖最多的人。\n\n"
    "给出点位、已证明的界、各县变化和几乎一样好的方案；--out 写成情景，可改可试算。"
    "默认用随附的主要道路、老年人的步速和乡镇人口模型；作决定前请换上真实街道（docs/roads.md）和自己的人口。",
    "coverage site --city 清远 --indicator elder_care.integrated_township",
    "coverage site --city 清远 --indicator elder_care.circle_15min --target '>=60' "
    "--profile drive --candidates grid:2000 --out 方案.toml",
    "coverage site --city 清远 --kind meal_point --max-new 10 --group 60+ --candidates roads:1000",
    "coverage site --city 清远 --indicator elder_care.circle_15min --max-new 40 --floor 10",
    "coverage site --city 阳江 --kind columbarium --profile drive --minutes 30 --max-new 3 "
    "--away cemetery:500 --keep-out 保护区.geojson --max-road-m 500",
)
@takes_city
@takes(*_QUESTION, *_PLACES, *_RULES, *_SOURCES)
@takes("out", option="--out FILE.toml", zh="写成情景文件", en="Write it as a scenario.")
@takes("out.picture")
@takes_format("table", "json")
def site(
    city: City, format_: str, lang: Lang, out: Path | None, picture: Path | None, **asked: Any
) -> None:
    """Where to build: fewest new sites for a target, or the most people with a few.

    Answers with the sites, a proven bound, what changes by county and what
    would be nearly as good; --out writes a scenario to edit and run. By
    default over the main roads that ship, at an older person's pace, with the
    township population model; for a decision bring real streets
    (docs/roads.md) and your own population.
    """
    from coverage.proposals.ask import site as ask
    from coverage.results import proposal as shown

    found = ask(city, **asked)
    if picture is not None:  # first: it may be refused, and nothing is to be left half done
        from coverage.maps.proposal import draw

        with writing(picture, lang) as half:
            draw(found, half, lang)
        say_written(lang, picture)
    if out is not None:
        from coverage.proposals.edits import write_scenario

        with writing(out, lang) as half:
            write_scenario(found, half, beside=out)
        say_written(lang, out)
    if format_ == "json":
        print_json(shown.to_dict(found, lang))
        return
    from coverage.results.table import console

    shown.show(found, console(), lang)
