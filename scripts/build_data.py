"""Build the files under ``data/`` from pinned public packages and the cited facts.

Run ``python scripts/build_data.py`` to rebuild them, with ``--check`` to see
whether what is committed is what the build makes, byte for byte.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.databuild.build import build, differing_files  # noqa: E402
from scripts.databuild.sources import BuildError  # noqa: E402


def _default_packages() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("facility-coverage", appauthor=False) / "packages"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=ROOT / "data", help="folder to write to")
    parser.add_argument("--packages", type=Path, help="folder of the package archives (cache)")
    parser.add_argument(
        "--check", action="store_true", help="compare --out with a fresh build, change nothing"
    )
    parser.add_argument(
        "--core", action="store_true", help="leave out the steps that build on plans and profiles"
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    """Entry point: 0 done or equal, 1 different, 2 the build failed."""
    given = _parser().parse_args(argv)
    packages = given.packages or _default_packages()
    try:
        if given.check:
            different = differing_files(given.out, packages)
            for name in different:
                print(f"differs: {name}")
            print(f"{len(different)} files differ from a fresh build")
            return 1 if different else 0
        rows = build(given.out, packages, core=given.core)
    except BuildError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{len(rows)} files written to {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
