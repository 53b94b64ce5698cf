"""Write `constraints.txt`: the versions that the tests are run on, and everybody installs.

Renewed by choice, never by an install: run it, run the tests, commit both. `--lowest`
prints instead the oldest releases that `pyproject.toml` allows, for a run of the tests on them.

    python scripts/pin_versions.py            # the newest releases of today, into constraints.txt
    python scripts/pin_versions.py --lowest   # numpy==1.26 …, to standard output
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
GOAL = ROOT / "constraints.txt"
HEAD = """\
# The versions that the tests are run on. Made by scripts/pin_versions.py; renew it by
# running that, then the tests. Python 3.11 to 3.13 find wheels of all of them.
"""


def newest() -> str:
    """What pip installs today into a clean environment, as lines of a constraints file."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = next(p for p in Path(folder).glob("*/python*") if p.stem == "python")
        pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--quiet", "-e", f"{ROOT}[test]"], check=True)
        done = subprocess.run(
            [*pip, "freeze", "--exclude-editable"], check=True, capture_output=True, text=True
        )
    lines = [line for line in done.stdout.splitlines() if "==" in line]
    return HEAD + "\n".join(sorted(lines, key=str.lower)) + "\n"


def lowest() -> str:
    """The lower bounds of `pyproject.toml` as exact versions, a line each."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["parquet"]]
    lines = []
    for text in wanted:
        need = Requirement(text)
        bounds = [part.version for part in need.specifier if part.operator == ">="]
        if len(bounds) != 1:
            sys.exit(f"pyproject.toml: {text} states no lower bound")
        lines.append(f"{canonicalize_name(need.name)}=={bounds[0]}")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write or print what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lowest", action="store_true", help="print the lowest versions allowed")
    if parser.parse_args().lowest:
        sys.stdout.write(lowest())
        return
    GOAL.write_text(newest(), encoding="utf-8")
    print(f"written: {GOAL.name}")


if __name__ == "__main__":
    main()
