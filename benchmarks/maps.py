"""The map of a city as a ratio to importing what it stands on, measured in turn in one run.

    python benchmarks/maps.py [--runs 5] [--check]

`--check` exits with 1 where the ratio exceeds its bound. The way of measuring
is that of `benchmarks/startup.py`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from startup import Pair, measure

BOUND = 4.0


def main() -> int:
    """Print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "map.html")
        pair = Pair(
            "coverage map --city 清远",
            [sys.executable, "-m", "coverage.cli.main", "map", "--city", "清远", "--out", out],
            [sys.executable, "-c", "import folium, geopandas"],
            BOUND,
        )
        ours, theirs, ratio = measure(pair, options.runs)
        size = Path(out).stat().st_size / 1e6
    verdict = "ok" if ratio <= BOUND else "TOO SLOW"
    print(
        f"{pair.name}: {ours}, {size:.2f} MB; import folium, geopandas: {theirs}; "
        f"ratio {ratio:.2f} (bound {BOUND:g}) {verdict}"
    )
    return int(options.check and ratio > BOUND)


if __name__ == "__main__":
    sys.exit(main())
