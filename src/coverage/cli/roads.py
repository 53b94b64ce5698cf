"""`coverage roads`: look at a road network before using it, or download one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from coverage.cli.grammar import Group, command
from coverage.cli.options import (
    SERVER,
    argument,
    print_json,
    say,
    say_written,
    takes,
    takes_city,
    takes_format,
    writing,
)
from coverage.messages import Lang, Said

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.city import City
    from coverage.roads.network import CleaningReport


_COLUMNS = (
    ("检查", "check", 22),
    ("处理", "action", 8),
    ("个数", "count", 8),
    ("米", "metres", 10),
    ("例", "examples", None),
)


@command("路网：检查和下载。", cls=Group)
def roads() -> None:
    """Check and download road networks."""


@command(
    "检查路网：清理时发现的孤岛、重复、不可能的速度和长度。",
    "coverage roads check 清远.osm.pbf",
    within=roads,
)
@argument("file", "FILE_OR_CITY", "text")
@takes("edges", "snap_m")
@takes_format("table", "json")
def check(file: str, edges: Path | None, snap_m: float, format_: str, lang: Lang) -> None:
    """What cleaning finds: islands, duplicates, impossible speeds, lengths."""
    from coverage.roads.gaps import remedy
    from coverage.roads.sources import check as check_roads

    report = check_roads(file, edges=edges, snap_m=snap_m)
    if format_ == "json":
        print_json(report.rows(lang))
        return
    _show(report, lang)
    if said := remedy(report):
        say(*said, lang)


def _show(report: CleaningReport, lang: Lang) -> None:
    from rich import box
    from rich.table import Table

    from coverage.results.table import WIDTH, console

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, width=WIDTH)
    for zh, en, width in _COLUMNS:
        right = en in {"count", "metres"}
        name = Said(zh, en).to(lang)
        table.add_column(name, width=width, justify="right" if right else "left", overflow="fold")
    for row in report.rows(lang):
        table.add_row(*(str(value) for value in row.values()))
    console().print(table)


@command(
    "下载一个城市的路网（OpenStreetMap，要联网）。",
    "coverage roads fetch --city 清远 --out 清远.graphml",
    "coverage roads fetch --city 清远 --endpoint http://server/api --cache ./osm --out r.graphml",
    within=roads,
)
@takes_city
@takes(*SERVER, "modes")
@takes("out", required=True)
def fetch(city: City, modes: tuple[str, ...], out: Path, lang: Lang, **server: Any) -> None:
    """Download a city's roads from OpenStreetMap (needs the internet)."""
    from coverage.download.boundaries import outline
    from coverage.download.roads import fetch as fetch_roads
    from coverage.roads.convert import write_graphml
    from coverage.roads.network import MODES

    found = fetch_roads(outline(city), modes=modes or tuple(MODES), **server)
    with writing(out, lang) as half:
        write_graphml(found, half)
    say(
        f"{found.node_count:,} 个节点、{found.edge_count:,} 条边",
        f"{found.node_count:,} nodes, {found.edge_count:,} edges",
        lang,
    )
    say_written(lang, out)
    click.echo("© OpenStreetMap contributors, ODbL", err=True)


@command(
    "对比图：沿街道的服务圈与直线圆圈并列，画成一张图。",
    "coverage roads circles liechtenstein-2021.osm.pbf --at 9.5209,47.1410 --out circles.png",
    within=roads,
)
@argument("file", "FILE_OR_CITY", "text")
@takes("places", "profile", "one.minutes", "resolution")
@takes("out", required=True, endings=(".png", ".pdf", ".svg"))
def circles(
    file: str,
    places: tuple[tuple[float, float], ...],
    resolution: float | None,
    out: Path,
    lang: Lang,
    **travel: Any,
) -> None:
    """Circles over real streets beside straight circles, as a picture."""
    from coverage.messages import Said
    from coverage.reach.picture import compare_circles

    with writing(out, lang) as half:
        areas = compare_circles(file, places, half, step_m=resolution, **travel)
    for (lon, lat), (street, straight) in zip(places, areas, strict=True):
        share = 100 * street / straight
        said = Said(
            f"沿街道 {street:.2f} km²，直线 {straight:.2f} km²（{share:.0f} %）",
            f"{street:.2f} km² over streets, {straight:.2f} km² straight ({share:.0f} %)",
        )
        click.echo(f"{lon:g},{lat:g}: {said.to(lang)}")
