"""Feed the command line spoilt files of every kind, and see that it reads or refuses each.

Whatever a file holds, a command ends with what it was asked for or with one sentence and exit
code 2: no traceback, within seconds and a bounded memory, and nothing changed where it is refused.
The same seed gives the same files.

    python scripts/fuzz.py --count 500
    python scripts/fuzz.py --seed 7 --only roads --count 200 --keep failed
    python scripts/fuzz.py --seed 7 --only roads --at 42
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from scripts.fuzzing.run import Result, Run, run_all  # noqa: E402
from scripts.fuzzing.seeds import make  # noqa: E402


def main() -> int:
    """Run as asked; 1 if anything failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=500, help="inputs in all")
    parser.add_argument("--first", type=int, default=0, help="leave out as many before")
    parser.add_argument("--only", action="append", default=[], metavar="KIND")
    parser.add_argument("--at", type=int, help="only this number of a kind, its output shown")
    parser.add_argument("--whole", action="store_true", help="every input as it is, none spoilt")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep inputs that fail here")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("COVERAGE_CACHE", f"{folder}/cache")
        kinds = [k for k in make(Path(folder)) if not asked.only or k.name in asked.only]
        if not kinds:
            parser.error("there is no such kind")
        if asked.at is not None:
            runs = [Run(kind, asked.seed, asked.at) for kind in kinds]
        elif asked.whole:
            runs = [
                Run(kind, asked.seed, -n - 1)
                for kind in kinds
                for n in range(len(kind.seeds) * len(kind.commands))
            ]
        else:
            turns = [kind for i in range(12) for kind in kinds if i < kind.weight]
            runs, count = [], defaultdict[str, int](int)
            for i in range(asked.count):
                kind = turns[i % len(turns)]
                runs.append(Run(kind, asked.seed, count[kind.name]))
                count[kind.name] += 1
            runs = runs[asked.first :]
        results = run_all(runs, jobs=asked.jobs, keep=asked.keep)
        if asked.at is not None:
            print(*(f"{one.run.line}\n{one.said}" for one in results), sep="\n")
    return _tell(results)


def _tell(results: list[Result]) -> int:
    failed = [one for one in results if one.failure]
    groups = defaultdict[str, list[Result]](list)
    for one in failed:
        groups[one.failure].append(one)
    for failure, ones in sorted(groups.items(), key=lambda item: -len(item[1])):
        print(f"\n{len(ones)} × {failure}")
        for one in ones[:3]:
            print(f"    {one.run.line}")
    print(f"\n{'kind':18}{'read':>7}{'refused':>9}{'failed':>8}{'slowest s':>11}{'most MB':>9}")
    rows = defaultdict[str, list[Result]](list)
    for one in results:
        rows[one.run.kind.name].append(one)
    for name, ones in {**rows, "all": results}.items():
        read = sum(one.code != 2 and not one.failure for one in ones)
        refused = sum(one.code == 2 and not one.failure for one in ones)
        bad = sum(bool(one.failure) for one in ones)
        slowest, most = (max(getattr(o, what) for o in ones) for what in ("seconds", "mb"))
        print(f"{name:18}{read:7}{refused:9}{bad:8}{slowest:11.1f}{most:9.0f}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
