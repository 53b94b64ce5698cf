"""`coverage roads`: look at a road network before using it, or download one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from coverage.cli.options import PLACE, chosen_city, city_options

if TYPE_CHECKING:
    from coverage.city import City

_FETCH = """\b
例 Examples:
  coverage roads fetch --city 清远 --out 清远.graphml
  coverage roads fetch --city 清远 --endpoint http://my-server/api --cache ./osm --out r.graphml
"""


@click.group()
def roads() -> None:
    """路网。 Check and download road networks."""


@roads.command(epilog="例 Example:  coverage roads check 清远.osm.pbf")
@click.argument("file", metavar="FILE_OR_CITY")
@click.option("--edges", type=click.Path(path_type=Path), help="Table of edges beside nodes.csv.")
@click.option(
    "--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True
)
def check(file: str, edges: Path | None, format_: str) -> None:
    """检查路网。 What cleaning finds: islands, duplicates, impossible speeds, lengths."""
    from coverage.roads.sources import check as check_roads

    report = check_roads(file, edges=edges)
    if format_ == "json":
        import json

        rows = [{str(k): v for k, v in row.items()} for row in report.rows()]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2, default=str))
        return
    _show(report)


def _show(report: Any) -> None:
    from rich import box
    from rich.table import Table

    from coverage.results.table import WIDTH, console

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, width=WIDTH)
    for name, width in (("check", 22), ("action", 8), ("count", 8), ("metres", 10)):
        right = name in {"count", "metres"}
        table.add_column(name, width=width, justify="right" if right else "left")
    table.add_column("examples", overflow="fold")
    for row in report.rows():
        table.add_row(*(str(value) for value in row.values()))
    console().print(table)


@roads.command(epilog=_FETCH)
@city_options
@click.option("--endpoint", metavar="URL", help="Overpass API; osmnx's own by default.")
@click.option(
    "--cache", type=click.Path(path_type=Path, file_okay=False), help="Folder for raw answers."
)
@click.option("--timeout", type=float, default=180, show_default=True, help="Seconds an answer.")
@click.option("--retries", type=int, default=3, show_default=True)
@click.option(
    "--mode",
    "modes",
    type=click.Choice(["foot", "bicycle", "car"]),
    multiple=True,
    help="Who travels; all by default.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE.graphml",
    help="Where to keep the network; use it with --roads.",
)
def fetch(
    city: str | None,
    workspace: Path | None,
    endpoint: str | None,
    cache: Path | None,
    timeout: float,
    retries: int,
    modes: tuple[str, ...],
    out: Path,
) -> None:
    """下载路网。 Download a city's roads from OpenStreetMap (needs the internet)."""
    from coverage.roads.fetch import fetch as fetch_roads
    from coverage.roads.network import MODES
    from coverage.roads.sources import write_graphml

    found = chosen_city(city, workspace)
    network = fetch_roads(
        _outline(found),
        endpoint=endpoint,
        cache=cache,
        timeout_s=timeout,
        retries=retries,
        modes=modes or tuple(MODES),
    )
    write_graphml(network, out)
    click.echo(f"{network.node_count:,} nodes, {network.edge_count:,} edges: {out}", err=True)
    click.echo("© OpenStreetMap contributors, ODbL", err=True)


_COMPARE = """\b
例 Example:
  coverage roads circles liechtenstein-2021.osm.pbf --at 9.5209,47.1410 --out circles.png
"""


@roads.command(epilog=_COMPARE)
@click.argument("file", metavar="FILE_OR_CITY")
@click.option(
    "--at", "places", type=PLACE, multiple=True, required=True, help="A facility; may be repeated."
)
@click.option("--profile", default="older_walk", show_default=True)
@click.option("--minutes", type=float, default=15, show_default=True)
@click.option("--resolution", type=float, default=10, show_default=True, metavar="M")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE.png",
)
def circles(
    file: str,
    places: tuple[tuple[float, float], ...],
    profile: str,
    minutes: float,
    resolution: float,
    out: Path,
) -> None:
    """对比图。 Circles over real streets beside straight circles, as a picture."""
    from coverage.reach.picture import compare_circles

    areas = compare_circles(file, places, out, profile=profile, minutes=minutes, step_m=resolution)
    for (lon, lat), (street, straight) in zip(places, areas, strict=True):
        click.echo(
            f"{lon:g},{lat:g}: {street:.2f} km² over streets, {straight:.2f} km² straight "
            f"({100 * street / straight:.0f} %)"
        )


def _outline(city: City) -> Any:
    """The city's counties as one polygon in degrees."""
    import json

    from shapely import union_all
    from shapely.geometry import shape

    features = json.loads(city.file("counties").read_text(encoding="utf-8"))["features"]
    return union_all([shape(feature["geometry"]) for feature in features])
