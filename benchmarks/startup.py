"""Start-up times as ratios to an import, measured in turn in one run.

    python benchmarks/startup.py [--runs 7] [--check]

Ratios, because a machine's speed drifts: each pair is run A B A B, and the
median of the pairwise ratios is printed. `--check` exits with 1 where a ratio
exceeds its bound.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

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


def seconds(command: list[str]) -> float:
    """Wall-clock seconds of one run, its output thrown away."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def measure(pair: Pair, runs: int) -> tuple[float, float, float]:
    """Median seconds of both commands and the median of the pairwise ratios."""
    seconds(pair.command), seconds(pair.reference)
    timed = [(seconds(pair.command), seconds(pair.reference)) for _ in range(runs)]
    ours, theirs = zip(*timed, strict=True)
    return (
        statistics.median(ours),
        statistics.median(theirs),
        statistics.median(a / b for a, b in timed),
    )


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
            f"{pair.name}: {ours:.3f} s; {' '.join(pair.reference[1:])}: {theirs:.3f} s; "
            f"ratio {ratio:.2f} (bound {pair.bound:g}) {verdict}"
        )
    return int(options.check and failed)


if __name__ == "__main__":
    sys.exit(main())
