"""Siting against published optima, plain HiGHS and spopt, in one run.

    python benchmarks/siting.py [part ...] [--data FOLDER] [--spopt PYTHON] [--check]

Parts: `median` (OR-Library files and made-up networks of their family), `center`
(the same files), `blocks` (census blocks), `sjc` (São José dos Campos),
`francisco` (San Francisco, the answers of spopt), `prefecture` (20,000 demand
points × 2,000 candidates on a made-up road network, see `netgen.py`), `counties`
(threshold cover in every county at once, on a made-up plane), `spopt` (a 900 × 900
p-median built and solved by both). Known answers are read from `--data`, the folder
of the shared test data; a part whose files are absent is left out.

spopt is run by the Python named with `--spopt`, in an environment of its own, for
what it brings must not come near this package:

    python -m venv spopt-venv && spopt-venv/bin/pip install spopt

Seconds are of the wall clock; the processor's stand beside them, for machines that are
shared. Memory is the highest resident size (`ru_maxrss`) of a process of its own.
`--check` exits with 1 where a promise breaks.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from coverage.siting import Search, Sites, lscp, mclp, p_center, p_median, threshold
from coverage.siting._ask import Ask, cover_model
from coverage.siting._inputs import covering
from coverage.siting._rules import Rows
from coverage.siting._solver import Clock, solve

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from coverage.siting import Answer

    Floats = NDArray[np.float64]

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "testdata"
BROKEN: list[str] = []

SPOPT = """
import json, resource, sys, time, warnings
import numpy as np
warnings.filterwarnings("ignore")
import pulp
from spopt.locate import PMedian
far = np.load(sys.argv[1]); p = int(sys.argv[2]); limit = float(sys.argv[3])
begun = time.perf_counter()
model = PMedian.from_cost_matrix(far, np.ones(len(far)), p_facilities=p)
built = time.perf_counter() - begun
said = {"build": built, "objective": None}
try:
    model.solve(pulp.PULP_CBC_CMD(msg=False, timeLimit=limit), results=False)
    said["objective"] = model.problem.objective.value()
    said["status"] = pulp.LpStatus[model.problem.status]
except Exception as error:
    said["status"] = str(error)[:120]
said["seconds"] = time.perf_counter() - begun
own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
said["mib"] = (own + child) / 1024
print(json.dumps(said))
"""

OURS = """
import json, resource, sys, time
import numpy as np
from coverage.siting import Sites, p_median
far = np.load(sys.argv[1]); p = int(sys.argv[2])
begun = time.perf_counter()
answer = p_median(far, None, Sites(len(far), max_new=p))
said = {"seconds": time.perf_counter() - begun, "objective": answer.objective}
said["status"] = "optimal" if answer.optimal else f"gap {answer.gap:.2%}"
said["mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(said))
"""


def timed(model: Callable[..., Answer], *asked: Any, **options: Any) -> tuple[Answer, str]:
    """An answer, and its time by the wall clock and of the processor."""
    begun, used = time.perf_counter(), time.process_time()
    answer = model(*asked, **options)
    wall, busy = time.perf_counter() - begun, time.process_time() - used
    return answer, f"gap {answer.gap:.3%} {wall:6.2f} s ({busy:.2f} s of the processor)"


def promise(what: str, *, kept: bool) -> str:
    if not kept:
        BROKEN.append(what)
    return "ok" if kept else "BROKEN"


def beasley(nodes: int, seed: int) -> Floats:
    """Distances on a network by the recipe of the OR-Library: n²/50 edges of 1 to 100."""
    rng = np.random.default_rng(seed)
    edges = {(k, k + 1): int(rng.integers(1, 101)) for k in range(nodes - 1)}
    while len(edges) < nodes * nodes // 50:
        u, v = sorted(int(k) for k in rng.choice(nodes, 2, replace=False))
        edges[u, v] = int(rng.integers(1, 101))
    u, v = np.array(list(edges)).T
    graph = csr_array((np.array(list(edges.values()), dtype=float), (u, v)), shape=(nodes, nodes))
    return dijkstra(graph, directed=False)


def orlib(path: Path) -> tuple[Floats, int]:
    """Distances and p of a file; the last of double edges counts."""
    values = np.array(path.read_text().split(), dtype=int)
    n, m, p = (int(v) for v in values[:3])
    edges = {(min(a, b), max(a, b)): c for a, b, c in values[3 : 3 + 3 * m].reshape(m, 3).tolist()}
    u, v = np.array(list(edges)).T - 1
    graph = csr_array((np.array(list(edges.values()), dtype=float), (u, v)), shape=(n, n))
    return dijkstra(graph, directed=False), p


def median(data: Path, _: argparse.Namespace) -> None:
    taken = []
    known = json.loads((data / "orlib_pmed" / "expected.json").read_text())["p_median_optimum"]
    for name, best in known.items():
        far, p = orlib(data / "orlib_pmed" / f"{name}.txt")
        sites = Sites(len(far), max_new=p)
        answer, took = timed(p_median, far, None, sites, search=Search(60))
        taken.append(answer.seconds)
        fine = promise(name, kept=answer.optimal and answer.objective == best)
        told = f"{answer.objective:7.0f} known {best} {took} {fine}"
        print(f"{name:8} n={len(far)} p={p:3} {told}", flush=True)
    middle = statistics.median(taken)
    said = promise("median", kept=middle <= 1 and max(taken) <= 60)
    print(f"median {middle:.2f} s, longest {max(taken):.2f} s {said}")
    for nodes in (500, 600, 700, 800, 900):
        for p in (5, 10, nodes // 10, nodes // 3):
            far, sites = beasley(nodes, nodes + p), Sites(nodes, max_new=p)
            answer, took = timed(p_median, far, None, sites, search=Search(60))
            print(f"made up  n={nodes} p={p:3} {answer.objective:7.0f} {took}", flush=True)


def center(data: Path, _: argparse.Namespace) -> None:
    known = json.loads((data / "orlib_pmed" / "expected.json").read_text())
    taken, wrong = [], []
    for name, best in known["p_center_optimum_reported"].items():
        far, p = orlib(data / "orlib_pmed" / f"{name}.txt")
        answer = p_center(far, Sites(len(far), max_new=p), search=Search(60))
        taken.append(answer.seconds)
        if not (answer.optimal and answer.objective == best):
            wrong.append(name)
    said = promise("p-center", kept=not wrong)
    print(
        f"p-center: {len(taken) - len(wrong)} of {len(taken)} proven, "
        f"median {statistics.median(taken):.2f} s, longest {max(taken):.2f} s {said}"
    )


def blocks(data: Path, _: argparse.Namespace) -> None:
    folder = data / "mclp" / "census_blocks"
    known = json.loads((folder / "expected.json").read_text())["best_known"]
    for name, cell in sorted(known.items()):
        far, people = _blocks(folder / f"{name.split('_')[0]}.txt")
        best, reach = cell["covered_population_best_known"], far <= cell["radius_m"]
        sites = Sites(len(people), max_new=cell["p"])
        answer, took = timed(mclp, reach, people, sites, search=Search(10))
        said = promise(name, kept=answer.objective >= 0.999 * best and answer.seconds <= 10.5)
        off = f"{answer.objective:9.0f} known {best} ({answer.objective / best - 1:+.3%})"
        print(f"{name:16} {off} {took} {said}", flush=True)
    far, people = _blocks(folder / "NewYork.txt")
    answer, took = timed(mclp, far <= 400, people, Sites(len(people), max_new=50))
    said = promise("New York", kept=answer.optimal and answer.objective == 1_153_640)
    print(f"New York p=50 without a limit: {answer.objective:.0f} {took} {said}")


def _blocks(path: Path) -> tuple[Floats, Floats]:
    text = path.read_text().splitlines()
    n = next(int(line.split(":")[1]) for line in text if line.startswith("DIMENSION"))
    begin = [k + 1 for k, line in enumerate(text) if "SECTION" in line]
    place = np.array([line.split()[-2:] for line in text[begin[0] : begin[0] + n]], dtype=float)
    people = np.array([line.split()[-1] for line in text[begin[1] : begin[1] + n]], dtype=float)
    lat, lon = np.radians(place).T
    east = np.cos(lat)[:, None] * np.cos(lat) * np.cos(lon[:, None] - lon)
    cosine = np.sin(lat)[:, None] * np.sin(lat) + east
    return 6378100 * np.arccos(np.clip(cosine, -1, 1)), people


def sjc(data: Path, _: argparse.Namespace) -> None:
    folder = data / "mclp" / "sjc"
    taken, wrong = [], 0
    cells = json.loads((folder / "expected.json").read_text())["optimum"]
    for cell in cells:
        text = (folder / f"{cell['instance']}.txt").read_text().split()
        n = int(text[0])
        xy = np.array(text[1 : 1 + 2 * n], dtype=float).reshape(n, 2)
        demand = (folder / f"demand-{cell['instance']}.dat").read_text().split()
        far = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
        people = np.array(demand[:n], dtype=float)
        answer = mclp(far <= cell["radius"], people, Sites(n, max_new=cell["p"]))
        taken.append(answer.seconds)
        wrong += not (answer.optimal and answer.objective == cell["covered"])
    said = promise("sjc", kept=wrong == 0)
    print(
        f"São José dos Campos: {len(cells) - wrong} of {len(cells)} proven, "
        f"median {statistics.median(taken):.2f} s, longest {max(taken):.2f} s {said}"
    )


def francisco(data: Path, _: argparse.Namespace) -> None:
    import csv

    known = json.loads((data / "spopt_sf" / "expected.json").read_text())["computed_here"]
    name = "SF_network_distance_candidateStore_16_censusTract_205_new.csv"
    with (data / "spopt_sf" / name).open() as file:
        rows = list(csv.DictReader(file))
    with (data / "spopt_sf" / "SF_demand_205_centroid_uniform_weight.csv").open() as file:
        people_of = {row["NAME"]: float(row["POP2000"]) for row in csv.DictReader(file)}
    stores, tracts = sorted({row["name"] for row in rows}), sorted(people_of)
    far = np.full((len(stores), len(tracts)), np.inf)
    for row in rows:
        far[stores.index(row["name"]), tracts.index(row["DestinationName"])] = row["distance"]
    people = np.array([people_of[name] for name in tracts])
    at, count = far <= 5000, len(stores)
    reached = {
        p: mclp(at, people, Sites(count, max_new=int(p))).objective
        for p in known["MCLP R=5000 objective by p"]
    }
    said = promise("MCLP", kept=reached == known["MCLP R=5000 objective by p"])
    print(f"San Francisco, MCLP within 5 km: p=4 {reached['4']:.0f} people, all p {said}")
    fewest = lscp(far <= 8000, Sites(count)).objective
    print(f"LSCP within 8 km: {fewest:.0f} {promise('LSCP', kept=fewest == known['LSCP R=8000'])}")
    means = [p_median(far, people, Sites(count, max_new=p)).details["mean"] for p in (2, 4, 6)]
    same = np.allclose(means, known["PMedian mean distance p=2,4,6"])
    print(f"p-median, mean metres for p=2, 4, 6: {np.round(means, 1)} {promise('mean', kept=same)}")


def counties(_: Path, __: argparse.Namespace) -> None:
    rng = np.random.default_rng(4)
    for candidates, points, reach in ((300, 2000, 0.08), (1000, 4000, 0.06)):
        at, homes = rng.random((candidates, 2)), rng.random((points, 2))
        people = np.floor(rng.lognormal(3, 1, points))
        far = np.hypot(*(at[:, None] - homes[None]).transpose(2, 0, 1))
        county = [f"{int(3 * x)}{int(3 * y)}" for x, y in homes]
        cover = csr_array((far <= reach).astype(float))
        answer, took = timed(
            threshold,
            cover,
            people,
            Sites(cover.shape[0]),
            share="0.6",
            groups=county,
            group_share="0.5",
            search=Search(60),
        )
        print(
            f"60 % in all and 50 % in each of 9 counties, {points} × {candidates}: "
            f"{answer.objective:.0f} sites, at least {answer.bound:.0f}, {took}",
            flush=True,
        )


def prefecture(_: Path, __: argparse.Namespace) -> None:
    import netgen
    from coverage.profiles import load_profile
    from coverage.travel.prepare import prepare
    from coverage.travel.times import reach

    case = netgen.load("prefecture", facilities=2000, demand=20_000)
    tn = prepare(case.network, load_profile("drive"))
    times = reach(tn, case.facilities, case.demand, 1800.0).to_csr()
    people, sites = np.floor(case.people), Sites(2000, max_new=20)
    for minutes in (8, 15, 30):
        within = times.copy()
        within.data = (within.data <= 60 * minutes).astype(float)
        within.eliminate_zeros()
        limit = 15.0 if minutes == 30 else None
        answer = mclp(within, people, sites, search=Search(limit))
        print(
            f"{minutes} min, {within.nnz} pairs: {answer.objective:.0f} gap {answer.gap:.3%} "
            f"{answer.seconds:.2f} s, {len(answer.alternatives)} alternatives",
            flush=True,
        )
        if minutes == 30:
            kept = answer.gap <= 0.005 and answer.seconds <= 16
            print(f"  certified within 15 s: {promise('30 min', kept=kept)}")
            continue
        ask = Ask(covering(reach, sites), people, Rows.of(sites))
        begun = time.perf_counter()
        plain = solve(cover_model(ask), clock=Clock.of(300))
        taken = time.perf_counter() - begun
        kept = answer.optimal and answer.seconds <= 0.5 * taken
        print(
            f"  plain HiGHS on the full model: {-plain.objective:.0f} {taken:.1f} s, "
            f"×{taken / answer.seconds:.0f} {promise(f'{minutes} min', kept=kept)}",
            flush=True,
        )


def spopt(_: Path, options: argparse.Namespace) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "far.npy"
        np.save(path, beasley(900, 40))
        ours = _run([sys.executable, "-c", OURS, str(path), "90"])
        print(
            f"ours : {ours['status']} {ours['objective']:.0f} {ours['seconds']:.1f} s, "
            f"{ours['mib']:.0f} MiB"
        )
        if not options.spopt:
            print("spopt: not run, name its Python with --spopt")
            return
        theirs = _run([options.spopt, "-c", SPOPT, str(path), "90", str(options.limit)])
    print(
        f"spopt: {theirs['status']} {theirs['objective']} build {theirs['build']:.1f} s, "
        f"{theirs['seconds']:.1f} s in all, {theirs['mib']:.0f} MiB"
    )
    if theirs["seconds"] - theirs["build"] > options.limit:
        print(f"  CBC was stopped at its limit of {options.limit:.0f} s: no proof")
    time_x, memory_x = theirs["seconds"] / ours["seconds"], theirs["mib"] / ours["mib"]
    said = promise("spopt", kept=min(time_x, memory_x) >= 10)
    print(f"×{time_x:.0f} time, ×{memory_x:.0f} memory {said}")


def _run(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


PARTS: dict[str, Callable[[Path, argparse.Namespace], None]] = {
    "median": median,
    "center": center,
    "blocks": blocks,
    "sjc": sjc,
    "francisco": francisco,
    "prefecture": prefecture,
    "counties": counties,
    "spopt": spopt,
}


def main() -> None:
    """Run the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=list(PARTS))
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--spopt", default="")
    parser.add_argument("--limit", type=float, default=120.0)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    for name in options.parts:
        print(f"== {name}")
        try:
            PARTS[name](options.data, options)
        except FileNotFoundError as error:
            print(f"left out: {error}")
    print(f"load of the machine {os.getloadavg()[0]:.1f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"highest memory of this process {peak:.0f} MiB")
    if BROKEN:
        print(f"broken: {', '.join(BROKEN)}")
    if options.check and BROKEN:
        sys.exit(1)


if __name__ == "__main__":
    main()
