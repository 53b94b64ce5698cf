"""Travel times and circles against networkx, SciPy and shapely, side by side in one run.

    python benchmarks/travel.py [--size prefecture|province|both|city|extracts] [--runs 5]
                                [--quick] [--check] [--valhalla PYTHON]

On made-up networks (see `netgen.py`), 300 facilities, 15 minutes by car.
Rivals get what ours prepares: the graph in their own form, and the same starts,
the facilities' ways to the nodes near them. Repetitions are run A B A B in
one process; of CPU seconds the medians are printed, and the median of the
pairwise ratios. Where a rival is timed on a sample it is scaled by what it
reached. Before anything is timed the answers are compared. Memory is the
highest resident size (`ru_maxrss`) of a process of its own for every job.
`--check` exits with 1 where a ratio breaks its bound.

The dense city and the extracts of OpenStreetMap (reading them against a bare pass, circles beside
Valhalla's where an interpreter that has it is named) are told in `city.py`.

The networks are made once and kept in the cache folder (`COVERAGE_CACHE`);
the province takes a minute or two, and up to 4 GB.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

import city
import netgen
from sides import LIMIT_S, Bench, same_answers

if TYPE_CHECKING:
    from collections.abc import Callable

    from coverage.travel.times import Reached
    from sides import Floats, Ints

    Job = Callable[[], Any]


@dataclass(frozen=True)
class Row:
    """A line of the table: what ours and a rival took, and what the ratio must keep.

    Attributes:
        name: The job.
        rival: Who did it too.
        ours_s: Median CPU seconds.
        rival_s: Median CPU seconds, scaled up from a sample if need be.
        ratio: Rival by ours, the median of the pairs; or another measure.
        least: What the ratio must not fall below.
        most: What it must not exceed.
        wall_s: Median seconds on the wall, ours and the rival's.
    """

    name: str
    rival: str
    ours_s: float
    rival_s: float
    ratio: float
    least: float | None = None
    most: float | None = None
    wall_s: tuple[float, float] = (np.nan, np.nan)

    @property
    def broken(self) -> bool:
        """Whether a bound does not hold."""
        low = self.least is not None and not self.ratio >= self.least
        return low or (self.most is not None and not self.ratio <= self.most)

    @property
    def verdict(self) -> str:
        """The bound, and whether it holds."""
        if self.least is None and self.most is None:
            return ""
        bound = f">= {self.least:g}" if self.least is not None else f"<= {self.most:g}"
        return f"{bound} {'BROKEN' if self.broken else 'ok'}"


@dataclass
class Clock:
    """CPU and wall seconds of jobs that are run in turn."""

    cpu: dict[str, list[float]] = field(default_factory=dict)
    wall: dict[str, list[float]] = field(default_factory=dict)

    @classmethod
    def of(cls, jobs: dict[str, Job], runs: int) -> Clock:
        """Run all jobs one after the other, and all again; the first round warms up."""
        clock = cls({name: [] for name in jobs}, {name: [] for name in jobs})
        for turn in range(runs + (runs > 1)):
            for name, job in jobs.items():
                wall, cpu = time.perf_counter(), time.process_time()
                job()
                cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
                if turn or runs == 1:
                    clock.cpu[name].append(cpu)
                    clock.wall[name].append(wall)
        return clock

    def row(
        self,
        name: str,
        ours: str,
        rival: str,
        *,
        scale: float = 1.0,
        least: float | None = None,
        most: float | None = None,
    ) -> Row:
        """The table's line for two of the jobs."""
        pairs = zip(self.cpu[ours], self.cpu[rival], strict=True)
        wall = [statistics.median(self.wall[one]) for one in (ours, rival)]
        return Row(
            name,
            rival,
            statistics.median(self.cpu[ours]),
            statistics.median(self.cpu[rival]) * scale,
            statistics.median(b / a for a, b in pairs) * scale,
            least=least,
            most=most,
            wall_s=(wall[0], wall[1] * scale),
        )


def travel_rows(bench: Bench, runs: int, sample: int) -> list[Row]:
    """Reach sets and the nearest facility."""
    prefecture = bench.size == "prefecture"
    some = np.linspace(0, len(bench.sources) - 1, sample).astype(np.int64)
    jobs: dict[str, Job] = {
        "reach": bench.reach,
        "scipy, dense rows": lambda: bench.scipy_reach(read=False),
        "scipy": bench.scipy_reach,
        "nearest": bench.nearest,
    }
    if prefecture:
        same_answers(bench, some)
        jobs |= {
            "networkx": lambda: bench.networkx_reach(some),
            "networkx, seconds": lambda: bench.networkx_nearest(paths=False),
            "networkx, seconds and paths": lambda: bench.networkx_nearest(paths=True),
        }
    clock = Clock.of(jobs, runs)
    sizes = np.array([len(nodes) for nodes, _ in bench.reach()])
    say(f"reached: {sizes.mean():,.0f} nodes a facility (at most {sizes.max():,})")
    rows = [
        clock.row("300 reach sets", "reach", "scipy, dense rows", least=1 if prefecture else None),
        clock.row("300 reach sets", "reach", "scipy", least=1 if prefecture else None),
    ]
    if prefecture:
        scale = float(sizes.sum() / sizes[some].sum())
        rows += [
            clock.row("300 reach sets", "reach", "networkx", scale=scale, least=9),
            clock.row("nearest of all nodes", "nearest", "networkx, seconds and paths", least=12),
            clock.row("nearest of all nodes", "nearest", "networkx, seconds", least=12),
        ]
    else:
        took = statistics.median(clock.cpu["nearest"])
        rows.append(Row("nearest of all nodes", "-", took, np.nan, np.nan))
    return rows


def circle_rows(bench: Bench, runs: int, sample: int) -> list[Row]:
    """Circles, drawn from what is reached, and how alike they are to the exact shape."""
    reached = bench.reached()
    streets = np.array([len(one.streets.piece) for one in reached])  # and prepares them
    some = [reached[i] for i in np.linspace(0, len(reached) - 1, sample + 2).astype(int)[1:-1]]
    scale = float(streets.sum() / sum(len(one.streets.piece) for one in some))
    jobs: dict[str, Job] = {"circles": lambda: bench.circles(reached)}
    if bench.size == "prefecture":
        start = time.process_time()
        _ = bench.index
        say(f"lattice of the whole network prepared: {time.process_time() - start:.2f} s CPU")
        jobs["indexed"] = lambda: bench.circles(reached, index=bench.index)
    jobs["union of buffers"] = lambda: bench.unions(some)
    clock = Clock.of(jobs, runs)
    rows = [clock.row("300 circles", "circles", "union of buffers", scale=scale)]
    if bench.size == "prefecture":
        rows[0] = replace(rows[0], least=25)
        rows.append(
            clock.row(
                "  on a prepared lattice", "indexed", "union of buffers", scale=scale, least=25
            )
        )
    alike = []
    for shape, exact in zip(bench.circles(some), bench.unions(some), strict=True):
        alike.append(shape.intersection(exact).area / shape.union(exact).area)
    worst = Row("  intersection over union, least", "exact shape", np.nan, np.nan, min(alike))
    return [*rows, replace(worst, least=0.95)]


# The same reach in both sizes.


def like_reach(bench: Bench, counts: Ints, rng: np.random.Generator) -> Floats:
    """Places within an area of a prefecture's size that reach about as many nodes as asked."""
    from coverage.travel.times import node_times

    net, half = bench.case.network, netgen.SIZES["prefecture"]
    inside = np.flatnonzero(
        (np.abs(net.x - netgen.MIDDLE[0]) < half.width_m / 2)
        & (np.abs(net.y - netgen.MIDDLE[1]) < half.height_m / 2)
    )
    some = rng.choice(inside, 10 * len(counts), replace=False)
    places = np.column_stack([net.x[some], net.y[some]])
    found = {one.facility: len(one.rank) for one in node_times(bench.around, places, LIMIT_S)}
    sizes = np.array([found[i] for i in range(len(some))], dtype=np.float64)
    chosen = []
    for count in np.sort(counts)[::-1]:
        best = int(np.argmin(np.abs(sizes - count)))
        chosen.append(best)
        sizes[best] = np.inf
    return np.asarray(places[chosen])


def compare_rows(small: Bench, large: Bench, runs: int) -> list[Row]:
    """What a reach set and a circle cost in the province against the prefecture.

    Bounded for facilities that overlap as those of the prefecture do, and
    for circles drawn one at a time. Facilities strewn over the province
    overlap less and so share less of what is prepared around them; the size
    of the network has no part in that.
    """
    counts = np.array([len(one.rank) for one in small.reached()])
    near = like_reach(large, counts, np.random.default_rng(7))
    rows = _compared("same reach", small, large, near, runs, most=1.5)
    return rows + _compared("strewn", small, large, large.case.facilities, runs, most=None)


def _compared(
    name: str, small: Bench, large: Bench, places: Floats, runs: int, *, most: float | None
) -> list[Row]:
    reached = {"small": small.reached(), "large": large.reached(places)}
    some = {size: found[::10] for size, found in reached.items()}
    jobs: dict[str, Job] = {
        "reach sets, large": lambda: large.reached(places),
        "reach sets, small": small.reached,
        "circles, large": lambda: large.circles(reached["large"]),
        "circles, small": lambda: small.circles(reached["small"]),
        "one circle, large": lambda: [large.circles([one]) for one in some["large"]],
        "one circle, small": lambda: [small.circles([one]) for one in some["small"]],
    }
    nodes = {size: sum(len(one.rank) for one in found) for size, found in reached.items()}
    say(f"{name}: {nodes['large']:,} nodes reached, in the prefecture {nodes['small']:,}")
    clock = Clock.of(jobs, runs)
    return [
        clock.row(
            f"{job} a {what}, {name}",
            f"{job}, small",
            f"{job}, large",
            scale=_much(many["small"], what) / _much(many["large"], what),
            most=most,
        )
        for job, what, many in (
            ("reach sets", "node", reached),
            ("circles", "street", reached),
            ("one circle", "street", some),
        )
    ]


def _much(reached: list[Reached], what: str) -> int:
    return sum(len(one.rank if what == "node" else one.streets.piece) for one in reached)


# Processes: each of these runs in one of its own.


def say(text: str) -> None:
    """A remark between the tables."""
    print(f"  {text}", file=sys.stderr, flush=True)


def worker(options: argparse.Namespace, sample: tuple[int, int]) -> Any:
    """Rows of a table, or a peak of memory, as plain values."""
    task, size, runs = options.task, options.size, options.runs
    if size in city.TASKS:
        return city.TASKS[size](task, runs, options.valhalla)
    start = time.process_time()
    bench = Bench(size)
    loaded = time.process_time()
    if task == "compare":
        return [vars(row) for row in compare_rows(Bench("prefecture"), bench, runs)]
    _ = bench.tn
    ready = time.process_time()
    if task == "time":
        net = bench.case.network
        say(f"{size}: {net.node_count:,} nodes, {net.edge_count:,} directed edges")
        say(f"CPU s: loading {loaded - start:.2f}, preparation {ready - loaded:.2f}")
        _ = bench.sources
        say(f"placing 300 facilities {time.process_time() - ready:.2f}")
        rows = travel_rows(bench, runs, sample[0])
        return [vars(row) for row in rows + circle_rows(bench, runs, sample[1])]
    return _memory(bench, task)


def _memory(bench: Bench, task: str) -> tuple[float, float]:
    some = np.linspace(0, len(bench.case.facilities) - 1, 20).astype(np.int64)
    jobs: dict[str, Job] = {
        "reach": bench.reach,
        "reach, scipy": bench.scipy_reach,
        "reach of 20, networkx": lambda: bench.networkx_reach(some),
        "nearest": bench.nearest,
        "nearest, networkx": lambda: bench.networkx_nearest(paths=True),
        "circles": lambda: bench.circles(bench.reached()),
        "one circle, union of buffers": lambda: bench.unions(bench.reached()[:1]),
    }
    if "circle" in task:
        _ = bench.segments
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    jobs[task]()
    return before / 1024, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


MEMORY = {
    "prefecture": (
        "reach",
        "reach, scipy",
        "reach of 20, networkx",
        "nearest",
        "nearest, networkx",
        "circles",
        "one circle, union of buffers",
    ),
    "province": ("reach", "reach, scipy", "nearest", "circles"),
}


def apart(task: str, size: str, options: argparse.Namespace) -> Any:
    """Run a task in a process of its own; a child begins with the highest size of this one."""
    named = {"--task": task, "--size": size, "--runs": str(options.runs)}
    named["--valhalla"] = options.valhalla
    command = [sys.executable, __file__, *(part for pair in named.items() for part in pair)]
    if options.quick:
        command.append("--quick")
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def print_rows(title: str, rows: list[Row]) -> None:
    """A table of rows."""
    print(f"\n{title}")
    head = f"{'job':38} {'against':28} {'CPU s':>7} {'theirs':>7} {'wall s':>7} {'theirs':>7}"
    print(f"{head} {'ratio':>6}  bound")
    for row in rows:
        numbers = (row.ours_s, row.rival_s, *row.wall_s)
        print(
            f"{row.name:38} {row.rival:28} {' '.join(f'{_number(one):>7}' for one in numbers)} "
            f"{_number(row.ratio):>6}  {row.verdict}"
        )


def _number(value: float) -> str:
    if value != value:  # noqa: PLR0124 -- not a number: nothing was measured
        return "-"
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    choices = ["prefecture", "province", "both", *city.TASKS]
    parser.add_argument("--size", choices=choices, default="both")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one run, smaller samples, no memory")
    parser.add_argument("--check", action="store_true")
    parser.add_argument(
        "--valhalla", default="", metavar="PYTHON", help="one that has a wheel of it"
    )
    parser.add_argument("--task", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.quick:
        options.runs = 1
    sample = (8, 2) if options.quick else (20, 4)
    if options.task:
        found = worker(options, sample)
        json.dump(found, sys.stdout)
        return 0
    sizes = ["prefecture", "province"] if options.size == "both" else [options.size]
    sizes += list(city.TASKS) if options.size == "both" else []
    tables: list[tuple[str, list[Any]]] = []
    for size in sizes:
        parts = (apart(task, size, options) for task in city.PARTS.get(size, ["time"]))
        tables.append((size, list(chain.from_iterable(parts))))
    if "province" in sizes:
        tables.append(("province against prefecture", apart("compare", "province", options)))
    broken = False
    for title, values in tables:
        rows = [Row(**value) for value in values]
        broken |= any(row.broken for row in rows)
        print_rows(title, rows)
    for size in [] if options.quick else [size for size in sizes if size in MEMORY]:
        print(f"\n{size}: highest resident memory, MB (prepared; with the job)")
        for task in MEMORY[size]:
            before, peak = apart(task, size, options)
            print(f"{task:44} {before:8,.0f} {peak:8,.0f}")
    return int(options.check and broken)


if __name__ == "__main__":
    sys.exit(main())
