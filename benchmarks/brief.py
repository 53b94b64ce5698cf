"""Time of one brief in every format, as a planner waits for it: a fresh process each.

Run ``python benchmarks/brief.py [CITY]``. The aim is 60 s for 清远 on two cores.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 3
AIM_S = 60.0


def main(city: str) -> None:
    times = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, "brief")
            command = [sys.executable, "-m", "coverage.cli.main", "brief", "--city", city]
            start = time.perf_counter()
            done = subprocess.run(
                [*command, "--out", str(out)], capture_output=True, text=True, check=True
            )
            times.append(time.perf_counter() - start)
            sizes = {p.name: p.stat().st_size for p in sorted(out.iterdir()) if p.name[0] != "."}
    print(done.stderr.strip())
    for name, size in sizes.items():
        print(f"{name:14} {size / 1000:8,.0f} kB")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    shown = ", ".join(f"{t:.1f}" for t in times)
    print(f"{city}: {shown} s on {os.cpu_count()} cores, aim {AIM_S:.0f} s; peak {peak:.0f} MB")
    if "brief.pdf" not in sizes:
        print("without PDF: no LibreOffice that reads Word")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "清远")
