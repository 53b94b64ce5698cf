"""A prefecture end to end: what every command of a planner costs on a city of its own.

    python benchmarks/prefecture.py [--scale 1.0] [--jobs report,map] [--check] [--json FILE]

A made-up prefecture of 250,000 junctions (see `netgen.py`), 100 townships in ten counties, 2,000
facilities of four kinds, a raster of 920,000 filled cells, and 50,000 villages instead; two
workspaces made by the commands themselves, one with roads from tables and people from villages,
one with roads from an extract of OpenStreetMap and people from the raster. Each command is a
process of its own, run once, in the order in which a planner would; later ones profit from what
earlier ones left in the cache, as they would there. Printed are CPU seconds (of the process and
those it starts), seconds on the wall, the highest resident size, and the size of what it wrote.
`--check` exits with 1 where a bound is broken. `--scale 0.02` is a try-out of a minute.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import netgen
from coverage.datum import unproject
from coverage.roads.network import CAR
from coverage.roads.store import cached
from coverage.settings import data_dir

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coverage.arrays import Bools, Floats, Ints
    from coverage.roads.network import RoadNetwork

COUNTIES, TOWNS_EACH = 10, 10
STEMS, SIDES = "甲乙丙丁戊己庚辛壬癸", "东南西北中上下前后内"
KINDS = ("养老服务中心", "社工站", "公墓", "长者饭堂")
WIDTH_M, HEIGHT_M = 150_000.0, 130_000.0
TABLES, EXTRACT = "tables", "extract"  # the two workspaces


@dataclass(frozen=True)
class Job:
    """A command, and what it may take.

    Attributes:
        name: What the table calls it.
        args: Of the command line.
        space: The workspace it is for.
        seconds: The most CPU seconds, 0 where there is no bound.
        megabytes: The highest resident size.
        out: The file it writes, where its size is told.
        disk_mb: The most that file may take.
    """

    name: str
    args: tuple[str, ...]
    space: str
    seconds: float = 0.0
    megabytes: float = 0.0
    out: str = ""
    disk_mb: float = 0.0


@dataclass(frozen=True)
class Cost:
    """What a command took."""

    name: str
    seconds: float
    wall_s: float
    megabytes: float
    disk_mb: float
    code: int


_CIRCLE = ("circle", "--kind", "elder_care", "--minutes", "15", "--profile")
JOBS = (
    Job("import roads from tables", ("import", "roads", "nodes.csv", "--edges", "edges.csv"),
        TABLES, 25, 800),
    Job("import roads from .osm.pbf", ("import", "roads", "roads.osm.pbf"), EXTRACT, 15, 450),
    Job("import facilities (tables)", ("import", "facilities", "facilities.csv"), TABLES, 12, 500),
    Job("import facilities (pbf)", ("import", "facilities", "facilities.csv"), EXTRACT, 12, 500),
    Job("import people, villages", ("import", "population", "villages.csv", "--year", "2023"),
        TABLES, 15, 424),
    Job("import people, raster", ("import", "population", "people.tif", "--year", "2023"), EXTRACT),
    Job("report, villages", ("report", "--out", "report-v"), TABLES),
    Job("report, raster", ("report", "--out", "report-r"), EXTRACT, 8, 600),
    Job("circle on foot", (*_CIRCLE, "adult_walk", "--out", "foot.gpkg"), EXTRACT, 10, 800,
        "foot.gpkg", 25),
    Job("circle by car", (*_CIRCLE, "drive", "--out", "car.gpkg"), EXTRACT, 15, 900,
        "car.gpkg", 25),
    Job("site 10 of 2,000, raster", ("site", "--kind", "meal_point", "--group", "all",
        "--max-new", "10", "--candidates", "candidates.csv"), EXTRACT, 10, 800),
    Job("site 10 of 2,000, villages", ("site", "--kind", "meal_point", "--group", "all",
        "--max-new", "10", "--candidates", "candidates.csv"), TABLES, 10, 800),
    Job("map", ("map", "--out", "map.html"), EXTRACT, 15, 800, "map.html"),
    Job("brief", ("brief", "--out", "brief"), EXTRACT, 25, 800),
)  # fmt: skip


def make(folder: Path, scale: float) -> None:
    """Write the files that the prefecture's offices would send."""
    size = netgen.Size(
        f"prefecture x {scale:g}",
        round(250_000 * scale),
        WIDTH_M * scale**0.5,
        HEIGHT_M * scale**0.5,
        max(4, round(85 * scale)),
    )
    parts = {"netgen": netgen.VERSION, "seed": 1, **vars(size)}
    network = cached(parts, lambda: netgen.generate(size, seed=1))
    rng = np.random.default_rng(7)
    _townships(folder / "townships.geojson", size)
    lon, lat = unproject(network.x, network.y, network.crs)
    _tables(folder, network, lon, lat)
    _extract(folder / "roads.osm.pbf", network, lon, lat)
    count = max(20, round(2_000 * scale))
    near = rng.integers(0, len(lon), count)
    rows = [(f"第{n}处", KINDS[n % 4], f"{lon[i]:.6f}", f"{lat[i]:.6f}", 20 + n % 200)
            for n, i in enumerate(near)]  # fmt: skip
    head = ("名称", "类型", "WGS84经度", "WGS84纬度", "床位数")
    _write(folder / "facilities.csv", head, rows)
    half = np.array([size.width_m, size.height_m]) / 2 - 100.0
    away = np.abs(np.column_stack([network.x, network.y]) - netgen.MIDDLE)
    near = rng.choice(np.flatnonzero((away < half).all(axis=1)), count, replace=False)
    places = [(f"备选{n}", f"{lon[i]:.6f}", f"{lat[i]:.6f}") for n, i in enumerate(near)]
    _write(folder / "candidates.csv", ("name", "lon", "lat"), places)
    near = rng.choice(len(lon), min(len(lon), round(50_000 * scale)), replace=False)
    people = np.maximum(rng.gamma(2.0, 45.0, len(near)), 1).round().astype(int)
    villages = zip((f"村{n}" for n in range(len(near))), lon[near], lat[near], people, strict=True)
    rows = [(name, f"{x:.6f}", f"{y:.6f}", some, some // 5) for name, x, y, some in villages]
    _write(folder / "villages.csv", ("村名", "经度", "纬度", "总人口", "60岁及以上"), rows)
    _raster(folder / "people.tif", lon, lat, scale)


def _write(path: Path, head: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])


def _townships(path: Path, size: netgen.Size) -> None:
    """A chessboard of townships over the area, numbered by county."""
    side = np.linspace(-0.5, 0.5, TOWNS_EACH + 1)
    features = []
    for county in range(COUNTIES):
        for town in range(TOWNS_EACH):
            x = netgen.MIDDLE[0] + size.width_m * side[[town, town + 1, town + 1, town, town]]
            y = size.height_m * side[[county, county, county + 1, county + 1, county]]
            lon, lat = unproject(x, netgen.MIDDLE[1] + y, netgen.CRS)
            ring = np.column_stack([lon, lat]).round(7).tolist()
            features.append({
                "type": "Feature",
                "properties": {
                    "code": f"4499{county + 1:02d}{town + 1:03d}",
                    "name": f"{STEMS[county]}{SIDES[town]}镇",
                },
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            })  # fmt: skip
    layer = {"type": "FeatureCollection", "features": features}
    path.write_text(json.dumps(layer, ensure_ascii=False), encoding="utf-8")


def _pieces(network: RoadNetwork) -> tuple[Ints, Bools]:
    """One directed edge of each piece, and whether cars may use it one way only."""
    forth = np.flatnonzero(network.one_way_each)
    twin = network.twin[forth]
    car = (network.modes & CAR) > 0
    one_way = car[forth] & ~np.where(twin >= 0, car[twin], False)
    turned = ~car[forth] & np.where(twin >= 0, car[twin], False)
    return np.where(turned, twin, forth), one_way | turned


def _tables(folder: Path, network: RoadNetwork, lon: Floats, lat: Floats) -> None:
    nodes = ((n, f"{x:.7f}", f"{y:.7f}") for n, (x, y) in enumerate(zip(lon, lat, strict=True)))
    _write(folder / "nodes.csv", ("node", "lon", "lat"), nodes)
    edge, one_way = _pieces(network)
    classes = np.asarray(network.highway_names)[network.highway[edge]]
    rows = zip(
        network.tail[edge].tolist(),
        network.head[edge].tolist(),
        network.length_m[edge].round(2).tolist(),
        classes.tolist(),
        np.where(one_way, "yes", "no").tolist(),
        strict=True,
    )
    _write(folder / "edges.csv", ("u", "v", "length_m", "highway", "oneway"), rows)


def _extract(path: Path, network: RoadNetwork, lon: Floats, lat: Floats) -> None:
    import osmium

    edge, one_way = _pieces(network)
    with osmium.SimpleWriter(str(path), overwrite=True) as out:
        for n, (x, y) in enumerate(zip(lon.tolist(), lat.tolist(), strict=True), start=1):
            out.add_node(osmium.osm.mutable.Node(id=n, location=(x, y), version=1))
        rows = zip(network.tail[edge], network.head[edge], network.highway[edge], one_way,
                   strict=True)  # fmt: skip
        for n, (tail, head, kind, single) in enumerate(rows, start=1):
            tags = {"highway": network.highway_names[kind]} | ({"oneway": "yes"} if single else {})
            nodes = [int(tail) + 1, int(head) + 1]
            out.add_way(osmium.osm.mutable.Way(id=n, nodes=nodes, tags=tags, version=1))


def _raster(path: Path, lon: Floats, lat: Floats, scale: float) -> None:
    """People where junctions are, thin elsewhere: 920,000 filled cells of 3 arc-seconds."""
    import rasterio

    side = 1_020
    rows, columns = (max(40, round(side * scale**0.5)),) * 2
    west, east, south, north = lon.min(), lon.max(), lat.min(), lat.max()
    counts, _, _ = np.histogram2d(
        lat, lon, bins=(rows, columns), range=((south, north), (west, east))
    )
    rng = np.random.default_rng(8)
    people = counts[::-1] * 12.0 + rng.gamma(0.6, 1.0, counts.shape)
    people[rng.random(people.shape) < 0.115] = -1.0
    step = (east - west) / columns, (south - north) / rows
    place = rasterio.Affine(step[0], 0, west, 0, step[1], north)
    size = {"width": columns, "height": rows, "count": 1, "dtype": "float32", "nodata": -1.0}
    with rasterio.open(
        path, "w", driver="GTiff", crs="EPSG:4326", transform=place, compress="deflate", **size
    ) as out:
        out.write(people.astype(np.float32), 1)


def run(name: str, args: Iterable[str], folder: Path, log: Path) -> Cost:
    """A command as a process of its own, and what it took."""
    start = time.perf_counter()
    with log.open("ab") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", "coverage.cli.main", *args], cwd=folder, stdout=out, stderr=out
        )
        _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    seconds = used.ru_utime + used.ru_stime
    return Cost(name, seconds, wall, used.ru_maxrss / 1024, 0.0, child.returncode)


def measure(folder: Path, jobs: Iterable[Job]) -> list[Cost]:
    """Make both workspaces, and run the jobs in order."""
    log = folder / "log.txt"
    for space in (TABLES, EXTRACT):
        args = ("init", space, "--name", "试验市", "--code", "449900")
        made = run("init", (*args, "--boundaries", "townships.geojson"), folder, log)
        if made.code:
            raise SystemExit(log.read_text("utf-8"))
        plan = (data_dir() / "plans" / "441800.toml").read_text("utf-8")
        (folder / space / "plan.toml").write_text(plan.replace("441800", "449900"), "utf-8")
    costs = []
    for job in jobs:
        cost = run(job.name, (*job.args, "--workspace", job.space), folder, log)
        if job.out and cost.code == 0:
            cost = Cost(**{**asdict(cost), "disk_mb": (folder / job.out).stat().st_size / 1e6})
        costs.append(cost)
        print(line(job, cost), flush=True)
        if cost.code:
            print(log.read_text("utf-8")[-600:], flush=True)
    return costs


def line(job: Job, cost: Cost) -> str:
    """A row of the table."""
    bound = f"≤ {job.seconds:g} / {job.megabytes:g}" if job.seconds else ""
    disk = f"{cost.disk_mb:.1f} MB" + (f" (≤ {job.disk_mb:g})" if job.disk_mb else "")
    end = "" if cost.code == 0 else f"ended with {cost.code}"
    return (
        f"| {job.name} | {cost.seconds:.1f} | {cost.wall_s:.1f} | {cost.megabytes:,.0f} | "
        f"{bound} | {disk if job.out else ''} | {end}"
    )


def broken(job: Job, cost: Cost) -> bool:
    """Whether a command failed or took more than it may."""
    too_much = job.seconds and (cost.seconds > job.seconds or cost.megabytes > job.megabytes)
    return bool(cost.code or too_much or (job.disk_mb and cost.disk_mb > job.disk_mb))


def main() -> None:
    """Run the jobs and print their table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0, help="of the prefecture, by area")
    parser.add_argument("--jobs", default="", help="parts of names, parted by commas")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--json", type=Path, help="write the costs there too")
    parser.add_argument("--keep", type=Path, help="work in this folder and leave it")
    given = parser.parse_args()
    wanted = [part for part in given.jobs.split(",") if part]
    jobs = [job for job in JOBS if not wanted or any(part in job.name for part in wanted)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        # Elsewhere: a small parent, or what it holds counts as its children's.
        with get_context("spawn").Pool(1) as pool:
            pool.apply(make, (folder, given.scale))
        print("| command | CPU s | wall s | MB | bound, CPU s / MB | file | |")
        print("|---" * 7 + "|")
        costs = measure(folder, jobs)
    if given.json:
        given.json.write_text(json.dumps([asdict(cost) for cost in costs], indent=1), "utf-8")
    if given.check and any(map(broken, jobs, costs)):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
