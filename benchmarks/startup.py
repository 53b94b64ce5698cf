"""Start-up times as ratios to an import, measured in turn in one run.

    python benchmarks/startup.py [--runs 7] [--check]

Ratios, because a machine's speed drifts: each pair is run A B A B, and the
median of the pairwise ratios of processor seconds is printed, wall-clock
seconds beside them: what else runs on the machine weighs on those. `--check`
exits with 1 where a ratio exceeds its bound.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

COVERAGE = str(Path(sys.executable).with_name("coverage"))


@dataclass(frozen=True)
class Pair:
    """A command, what it is held against, and the bound of the ratio."""

    name: str
    command: list[str]
    reference: list[str]
    bound: float


PAIRS = (
    Pair("coverage --help", [COVERAGE, "--help"], [sys.executable, "-c", "import click"], 2.0),
    Pair(
        "coverage report --city 清远",
        [COVERAGE, "report", "--city", "清远"],
        [sys.executable, "-c", "import geopandas"],
        3.0,
    ),
)


class Taken(NamedTuple):
    """What one run took, in seconds."""

    cpu: float
    wall: float

    def __str__(self) -> str:
        return f"{self.cpu:.3f} CPU s ({self.wall:.3f} s)"


def taken(command: list[str]) -> Taken:
    """Processor and wall-clock seconds of one run, its output thrown away."""
    start, before = time.perf_counter(), _used()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return Taken(_used() - before, time.perf_counter() - start)


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(pair: Pair, runs: int) -> tuple[Taken, Taken, float]:
    """Medians of both commands and the median of the pairwise ratios of processor seconds."""
    taken(pair.command), taken(pair.reference)
    timed = [(taken(pair.command), taken(pair.reference)) for _ in range(runs)]
    ours, theirs = (
        Taken(*(statistics.median(part) for part in zip(*side, strict=True)))
        for side in zip(*timed, strict=True)
    )
    return ours, theirs, statistics.median(a.cpu / b.cpu for a, b in timed)


def main() -> int:
    """Print one line per pair."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    failed = False
    for pair in PAIRS:
        ours, theirs, ratio = measure(pair, options.runs)
        verdict = "ok" if ratio <= pair.bound else "TOO SLOW"
        failed |= ratio > pair.bound
        print(
            f"{pair.name}: {ours}; {' '.join(pair.reference[1:])}: {theirs}; "
            f"ratio {ratio:.2f} (bound {pair.bound:g}) {verdict}"
        )
    return int(options.check and failed)


if __name__ == "__main__":
    sys.exit(main())
