"""Import of 100,000 facilities against pandas reading the same files, in one run.

    python benchmarks/intake.py [--rows 100000] [--runs 3] [--check] [--profile csv|xlsx]

A made-up register of 清远: names, kinds, counties, townships, beds, days and GCJ-02 coordinates
strewn around the seats, a tenth of it slightly wrong (slips, duplicates, no coordinates,
impossible numbers). The same rows are written as ``.csv`` and ``.xlsx``. Ours judges every row,
writes the report (``.xlsx`` and ``.html``) and the register; pandas only reads the cells. Each
job is a process of its own, run in turn; seconds are CPU seconds without the start of Python and
imports, medians; memory is the process's highest resident size (`ru_maxrss`). The bound is 10
times pandas for both files together. `--check` exits with 1 where it is broken.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

BOUND = 10.0
HEAD = (
    "名称",
    "类型",
    "县区",
    "乡镇",
    "床位数",
    "护理型床位数",
    "开业日期",
    "高德经度",
    "高德纬度",
)
KINDS = ("敬老院", "长者饭堂", "社工站", "日间照料中心", "互助幸福院")
CITY = "清远"
JOBS = (("ours", "csv"), ("pandas", "csv"), ("ours", "xlsx"), ("pandas", "xlsx"))


def rows(count: int) -> list[list[object]]:
    """The cells of the register, the same each time."""
    from coverage.city import City
    from coverage.datum import from_wgs84

    rng = np.random.default_rng(20_260)
    units = City.load(CITY).units
    towns = [unit for unit in units.townships if unit.placed]
    pick = rng.integers(0, len(towns), count)
    seat = np.array([(towns[n].lon, towns[n].lat) for n in pick], dtype=np.float64)
    place = seat + rng.normal(0, 0.01, (count, 2))
    lon, lat = from_wgs84(place[:, 0], place[:, 1], "gcj02")
    letters = np.array(list("康乐安和福寿颐年松柏云山清泉春晖夕阳红金秋"))
    names = rng.choice(letters, (count, 3))
    found: list[list[object]] = []
    for n in range(count):
        town, kind = towns[pick[n]], KINDS[int(rng.integers(len(KINDS)))]
        beds = int(rng.integers(10, 200))
        opened = date(2000, 1, 1) + timedelta(days=int(rng.integers(9000)))
        found.append([
            f"{town.name}{''.join(names[n])}{kind}", kind, units.name(town.parent), town.name, beds,
            beds // 2, opened.isoformat(), round(float(lon[n]), 6), round(float(lat[n]), 6),
        ])  # fmt: skip
        _spoil(found, n, int(rng.integers(100)))
    return found


def _spoil(found: list[list[object]], n: int, luck: int) -> None:
    """Make one row in ten what bureaus send."""
    row = found[n]
    if luck < 3:
        row[7] = row[8] = ""
    elif luck < 5:
        row[3] = str(row[3])[:-1]
    elif luck < 7:
        row[4] = f"约{row[4]}张"
    elif luck < 8:
        row[5] = int(str(row[4])) + 1
    elif luck < 9 and n:
        found[n] = list(found[n - 1])
    elif luck < 10:
        row[6] = "待定"


def write(folder: Path, count: int) -> None:
    """The same rows in both formats."""
    from openpyxl import Workbook

    table = rows(count)
    with (folder / "register.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([HEAD, *table])
    book = Workbook(write_only=True)
    sheet = book.create_sheet("设施")
    for row in (HEAD, *table):
        sheet.append(row)
    book.save(folder / "register.xlsx")


def ours(path: Path, profile: str) -> dict[str, Any]:
    """Import one file into a new workspace."""
    import cProfile
    import pstats

    from coverage.city import City
    from coverage.intake.commit import commit
    from coverage.intake.facilities import intake_facilities
    from coverage.intake.setup import create

    space = create(path.parent / f"space-{path.suffix[1:]}-{time.time_ns()}", city=City.load(CITY))
    city = City.open(space)
    watch = cProfile.Profile() if profile else None
    if watch:
        watch.enable()
    start = time.process_time()
    made = intake_facilities([path], city)
    judged = time.process_time()
    commit(made, space)
    end = time.process_time()
    if watch:
        watch.disable()
        pstats.Stats(watch, stream=sys.stderr).sort_stats("tottime").print_stats(35)
    return {"seconds": end - start, "judged": judged - start, "rows": dict(made.counts)}


def pandas_reads(path: Path) -> dict[str, Any]:
    """Read one file's cells."""
    import pandas as pd

    pd.DataFrame({"a": [1]}).to_csv()  # what is imported late is no part of reading
    start = time.process_time()
    table = pd.read_csv(path) if path.suffix == ".csv" else pd.read_excel(path)
    return {"seconds": time.process_time() - start, "rows": {"read": len(table)}}


def child(job: str, path: Path, profile: str = "") -> dict[str, Any]:
    """One job in a process of its own."""
    command = [sys.executable, __file__, "--job", job, "--path", str(path), "--profile", profile]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def compare(folder: Path, runs: int) -> float:
    """Run all jobs in turn and print the table; ours by pandas for both files together."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {job: [] for job in JOBS}
    for _ in range(runs):
        for job, ending in JOBS:
            found[job, ending].append(child(job, folder / f"register.{ending}"))
            print(job, ending, found[job, ending][-1], file=sys.stderr, flush=True)
    median = {key: statistics.median(run["seconds"] for run in done) for key, done in found.items()}
    for (job, ending), done in found.items():
        memory = statistics.median(run["memory"] for run in done)
        print(
            f"{job:>7} {ending:<4} {median[job, ending]:7.2f} s  {memory:6.0f} MB", done[0]["rows"]
        )
    ratios = [
        sum(found["ours", e][n]["seconds"] for e in ("csv", "xlsx"))
        / sum(found["pandas", e][n]["seconds"] for e in ("csv", "xlsx"))
        for n in range(runs)
    ]
    ratio = float(statistics.median(ratios))
    print(f"both files: {ratio:.2f} times pandas (bound {BOUND:g})")
    return ratio


def main() -> None:
    """Parse, run, and judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--profile", default="", choices=["", "csv", "xlsx"])
    parser.add_argument("--job", choices=["ours", "pandas"], help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.job:
        result = ours(args.path, args.profile) if args.job == "ours" else pandas_reads(args.path)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(result | {"memory": memory}))
        return
    with tempfile.TemporaryDirectory() as name:
        write(Path(name), args.rows)
        if args.profile:
            print(child("ours", Path(name) / f"register.{args.profile}", args.profile))
            return
        ratio = compare(Path(name), args.runs)
    if args.check and ratio > BOUND:
        sys.exit(1)


if __name__ == "__main__":
    main()
