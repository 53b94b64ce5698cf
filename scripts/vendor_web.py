"""Bring the map library that pages carry inside: pinned archives of npm, taken byte for byte.

Run ``python scripts/vendor_web.py`` to write ``src/coverage/maps/vendor``, with
``--check`` to see whether what is committed is what the archives hold.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.databuild.sources import BuildError, Package, Sources  # noqa: E402

VENDOR = ROOT / "src" / "coverage" / "maps" / "vendor"
LEAFLET = Package(
    "npm",
    "leaflet",
    "1.9.4",
    "leaflet-1.9.4.tgz",
    "84c65a256e50657896f54c33bd857b6849ebe94c817803be818bf32a3dde0b77",
)
CLUSTER = Package(
    "npm",
    "leaflet.markercluster",
    "1.5.3",
    "leaflet.markercluster-1.5.3.tgz",
    "fc6b0b1d00b6c708ae54e43ee4a11ac345e41660e19f0a570190bb35babb1a1c",
)
FILES = {
    "leaflet.js": (LEAFLET, "package/dist/leaflet.js"),
    "leaflet.css": (LEAFLET, "package/dist/leaflet.css"),
    "leaflet.LICENSE": (LEAFLET, "package/LICENSE"),
    "leaflet.markercluster.js": (CLUSTER, "package/dist/leaflet.markercluster.js"),
    "leaflet.markercluster.css": (CLUSTER, "package/dist/MarkerCluster.css"),
    "leaflet.markercluster.LICENSE": (CLUSTER, "package/MIT-LICENCE.txt"),
}


def _readme() -> str:
    lines = [
        "Files of other projects, byte for byte; written by `scripts/vendor_web.py`.",
        "",
        "| file | package | member |",
        "|---|---|---|",
        *(f"| {name} | {package.title} | {member} |" for name, (package, member) in FILES.items()),
    ]
    return "\n".join(lines) + "\n"


def wanted(packages: Path) -> dict[str, bytes]:
    """Name and bytes of every file of the folder.

    Raises:
        BuildError: If an archive cannot be had, or is not the pinned one.
    """
    sources = Sources(packages)
    found = {
        name: sources.archive(package).read(member) for name, (package, member) in FILES.items()
    }
    return {**found, "README.md": _readme().encode()}


def main(argv: list[str] | None = None) -> int:
    """Entry point: 0 done or equal, 1 different, 2 failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--packages", type=Path, help="folder of the package archives (cache)")
    parser.add_argument("--check", action="store_true", help="compare, change nothing")
    given = parser.parse_args(argv)
    try:
        files = wanted(given.packages or _cache())
    except BuildError as error:
        print(error, file=sys.stderr)
        return 2
    if given.check:
        have = {path.name: path.read_bytes() for path in VENDOR.iterdir()}
        different = sorted(n for n in {*files, *have} if files.get(n) != have.get(n))
        for name in different:
            print(f"differs: {name}")
        print(f"{len(different)} files differ from the archives")
        return 1 if different else 0
    VENDOR.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (VENDOR / name).write_bytes(content)
    print(f"{len(files)} files written to {VENDOR}")
    return 0


def _cache() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("facility-coverage", appauthor=False) / "packages"


if __name__ == "__main__":
    sys.exit(main())
