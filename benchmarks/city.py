"""A dense city's circles, and extracts of OpenStreetMap: parts of `travel.py`.

The city (see `netgen.py`): 100 facilities, 5, 10 and 15 minutes, with the shipped profiles as
they are. CPU seconds a facility from coordinates to polygons, search and all that is prepared for
circles included; memory is the highest resident size of a process of its own for each.

The extracts are those of a folder ``../shared/testdata/osm`` beside the checkout, where there is
one: reading a file with its obstacles against a bare pass of pyosmium over its highways with
locations (which takes nothing over of them), and circles beside Valhalla's isochrones of the same
places and limits.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from coverage.roads.network import RoadNetwork
    from coverage.travel.prepare import TravelNetwork

FACILITIES = 100
MINUTES = (5, 10, 15)
EXTRACTS = Path(__file__).parents[2] / "shared" / "testdata" / "osm"
BESIDE = "porto-alegre-2020.osm.pbf"
# The goals: CPU seconds a facility, MB; and times of a bare pass.
GOALS = {"drive": 0.15, "adult_walk": 0.02}
MOST_MB = 600.0
MOST_PASSES = 8.0
PARTS = {
    "city": [f"{profile} {how}" for profile in GOALS for how in ("each", "dissolve")],
    "extracts": ["read", "valhalla"],
}


def row(name: str, rival: str, ours_s: float, rival_s: float, ratio: float, **bound: float) -> Any:
    """A line of the table of `travel.py` as plain values."""
    seconds = {"ours_s": ours_s, "rival_s": rival_s, "ratio": ratio}
    return {"name": name, "rival": rival, **seconds, **bound}


def city_rows(task: str, runs: int, _: str) -> list[Any]:
    """Three circles of every facility, or three areas of all, and the memory they took."""
    import netgen

    profile, how = task.split()
    case = netgen.load("city", facilities=FACILITIES)
    tn = prepared(case.network, profile)
    took = [circles_s(tn, case.facilities, how) for _ in range(runs)]
    a_facility = statistics.median(took) / FACILITIES
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    name = f"circles, {profile}, {how}"
    return [
        row(f"{name}, CPU s a facility", "-", a_facility, np.nan, a_facility, most=GOALS[profile]),
        row(f"{name}, MB", "-", np.nan, np.nan, peak, most=MOST_MB),
    ]


def prepared(network: RoadNetwork, profile: str) -> TravelNetwork:
    """A travel network with the index of its streets."""
    from coverage.profiles import load_profile
    from coverage.travel.prepare import prepare

    tn = prepare(network, load_profile(profile))
    _ = tn.segments.tree, tn.incidence
    return tn


def circles_s(tn: TravelNetwork, places: Any, how: str = "each") -> float:
    """CPU seconds from coordinates to polygons."""
    from coverage.circles.polygons import service_circles
    from coverage.travel.times import node_times

    limits = [60.0 * minutes for minutes in MINUTES]
    start = time.process_time()
    reached = sorted(node_times(tn, places, limits[-1]), key=lambda one: one.facility)
    service_circles(tn, reached, limits, step_m=tn.profile.resolution_m, how=how)  # type: ignore[arg-type]
    return time.process_time() - start


def extract_rows(task: str, runs: int, valhalla: str) -> list[Any]:
    """Reading of every extract, or circles beside Valhalla's; a word where there are none."""
    if not EXTRACTS.is_dir():
        print(
            f"  {task}: left out, there is no {EXTRACTS.name} folder of test data", file=sys.stderr
        )
        return []
    if task == "valhalla":
        return valhalla_rows(valhalla)
    return [read_row(path, runs) for path in sorted(EXTRACTS.glob("*.osm.pbf"))]


def read_row(path: Path, runs: int) -> Any:
    """Reading a file against a bare pass over its highways, by turns."""
    from coverage.roads.network import MODES
    from coverage.roads.osm import read_osm

    jobs: dict[str, Callable[[], Any]] = {
        "bare": lambda: bare_pass(path),
        "ours": lambda: read_osm(path, modes=tuple(MODES)),
    }
    took: dict[str, list[float]] = {name: [] for name in jobs}
    for turn in range(runs + 1):
        for name, job in jobs.items():
            start = time.process_time()
            job()
            if turn:  # the first round warms up
                took[name].append(time.process_time() - start)
    ratio = statistics.median(b / a for a, b in zip(took["bare"], took["ours"], strict=True))
    ours, bare = (statistics.median(took[name]) for name in ("ours", "bare"))
    return row(f"reading {path.name}", "bare pass of pyosmium", ours, bare, ratio, most=MOST_PASSES)


def bare_pass(path: Path) -> int:
    """All highways of a file with locations, counted."""
    from osmium import FileProcessor
    from osmium.filter import EntityFilter, KeyFilter
    from osmium.osm import WAY

    ways = FileProcessor(str(path)).with_locations().with_filter(EntityFilter(WAY))
    return sum(1 for _ in ways.with_filter(KeyFilter("highway")))


def valhalla_rows(python: str) -> list[Any]:
    """Circles of 20 places beside Valhalla's isochrones, three limits each."""
    from coverage.datum import unproject
    from coverage.roads.sources import load

    file = EXTRACTS / BESIDE
    if not (python and file.is_file()):
        why = "--valhalla names no interpreter that has it" if file.is_file() else f"no {BESIDE}"
        print(f"  beside Valhalla: left out, {why}", file=sys.stderr)
        return []
    net = load(file)
    at = np.random.default_rng(1).choice(net.node_count, 20, replace=False)
    xy = np.column_stack([net.x[at], net.y[at]])
    places = np.column_stack(unproject(net.x[at], net.y[at], net.crs)).tolist()
    script = Path(__file__).with_name("beside_valhalla.py")
    found = subprocess.run(
        [python, str(script), str(file)],
        input=json.dumps({"places": places, "minutes": MINUTES}),
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode:
        last = found.stderr.strip().splitlines()[-1:]
        print(f"  beside Valhalla: left out, {' '.join(last)}", file=sys.stderr)
        return []
    theirs, rows = json.loads(found.stdout), []
    for profile, costing in (("drive", "auto"), ("adult_walk", "pedestrian")):
        tn = prepared(net, profile)
        ours = [circles_s(tn, xy) / len(xy) for _ in range(2)][-1]
        bound = {"least": 1.0} if profile == "drive" else {}
        name, rival = f"three circles, {profile}", f"Valhalla, {costing}"
        rows.append(row(name, rival, ours, theirs[costing], theirs[costing] / ours, **bound))
    return rows


TASKS = {"city": city_rows, "extracts": extract_rows}
