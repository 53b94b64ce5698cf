"""Run every command of the README's table of tasks, as a newcomer with a plain install would.

    .venv/bin/python scripts/try_tasks.py .venv/bin/coverage

In an empty folder, one after the other; the list that one of them asks for is the
example of docs/. Ends with 1 if any does not end well.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def tasks() -> list[str]:
    """The commands of the table, in order."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^\|[^|]+\| `(coverage [^`]+)` \|", readme, flags=re.MULTILINE)


def main() -> int:
    """Run them and say how each ended."""
    program = str(Path(sys.argv[1]).absolute())
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(ROOT / "docs" / "example-register.csv", Path(folder) / "台账.csv")
        for task in tasks():
            start = time.perf_counter()
            done = subprocess.run(
                [program, *shlex.split(task)[1:]],
                cwd=folder,
                capture_output=True,
                text=True,
                encoding="utf-8",
                check=False,
                env={**os.environ, "PYTHONUTF8": "1"},
            )
            bad = done.returncode != 0 or "Traceback" in done.stderr
            failed += bad
            print(f"{'FAILED' if bad else 'ok'} {time.perf_counter() - start:5.1f} s  {task}")
            if bad:
                print(done.stdout[-500:], done.stderr[-1500:], sep="\n")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
