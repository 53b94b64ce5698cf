"""Write down what the commands say, so that a change of the inside can be held against it.

    python scripts/snapshot.py write OUT        # run the commands, keep what they say and make
    python scripts/snapshot.py compare OLD NEW  # name every file that differs

A command runs as a process of the Python that runs this script, in a folder of its own. What it
prints is kept; so are the JSON, text and tables that it makes, and the text inside its documents.
Dates and durations are left out.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
CITIES = ("清远", "中山", "阳江", "江门", "珠山")
SCENARIOS = ("441700-funeral", "441700-home", "441800-county-homes", "441800-rescue")
_WHEN = re.compile(
    r"\d{4}-\d\d-\d\d(T[\d:.+]+)?|\b\d+(\.\d+)? ?(s|秒|ms)\b|\"seconds\": [\d.e-]+|[0-9a-f]{32,64}"
)


def commands() -> dict[str, list[str]]:
    """What is run, by the name of its folder."""
    found = {}
    for city in CITIES:
        where = ["--city", city]
        for kind in ("table", "json", "csv", "markdown"):
            for lang in ("zh", "en"):
                form = ["--format", kind, "--lang", lang]
                found[f"report-{city}-{kind}-{lang}"] = ["report", *where, *form]
        found[f"report-{city}-out"] = ["report", *where, "--out", "out"]
        for profile in ("older_walk", "drive"):
            circle = ["circle", *where, "--kind", "elder_care", "--profile", profile]
            found[f"circle-{city}-{profile}"] = [*circle, "--format", "json", "--out", "c.geojson"]
            found[f"circle-{city}-{profile}-split"] = [*circle, "--how", "split", "--lang", "en"]
        site = ["site", *where, "--kind", "elder_care", "--max-new", "5", "--seed", "1"]
        found[f"site-{city}"] = [*site, "--format", "json", "--out", "plan.toml"]
        found[f"site-{city}-table"] = [*site, "--lang", "en"]
        found[f"map-{city}"] = ["map", *where, "--out", "m.html", "--date", "2026-01-01"]
        found[f"check-{city}"] = ["check", *where]
        found[f"plan-{city}"] = ["plan", *where]
    for name in SCENARIOS:
        for lang in ("zh", "en"):
            form = ["--lang", lang, "--format", "json" if lang == "zh" else "table"]
            found[f"scenario-{name}-{lang}"] = ["scenario", "run", name, *form, "--out", "out"]
    for lang in ("zh", "en"):
        brief = ["brief", "--city", "清远", "--out", "b", "--lang", lang]
        found[f"brief-{lang}"] = [*brief, "--formats", "docx,pptx,xlsx,html"]
        kept = ["--suppress-below", "10", "--mask-sensitive"]
        found[f"brief-{lang}-kept"] = [*brief, "--formats", "docx,xlsx", *kept]
    found["route"] = ["route", "--city", "清远", "--kind", "elder_care", "--from", "113.05,23.68"]
    found["sources"] = ["sources"]
    found["cities"] = ["cities"]
    return found


def _plain(path: Path) -> str:
    """The text of a file: of an office document its XML without marks, of a map its data."""
    if path.suffix in {".docx", ".pptx", ".xlsx"}:
        with zipfile.ZipFile(path) as archive:
            names = sorted(n for n in archive.namelist() if n.endswith(".xml"))
            texts = [re.sub(r"<[^>]+>", "\n", archive.read(n).decode()) for n in names]
        return "\n".join(line for text in texts for line in text.split("\n") if line.strip())
    if path.suffix in {".html", ".json", ".csv", ".md", ".txt", ".toml", ".geojson"}:
        text = path.read_text(encoding="utf-8")
        return re.sub(r"([,{}\[\]])\s*", r"\1\n", text) if path.suffix == ".html" else text
    return ""


def run(name: str, args: list[str], goal: Path) -> None:
    """Run one command and keep what it says and makes."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "coverage.cli.main", *args],
            cwd=folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            env={**os.environ, "PYTHONUTF8": "1"},
        )
        kept = {"printed.txt": done.stdout, "said.txt": f"{done.returncode}\n{done.stderr}"}
        for path in sorted(p for p in Path(folder).rglob("*") if p.is_file()):
            kept[str(path.relative_to(folder)).replace(os.sep, "-") + ".txt"] = _plain(path)
    for file, text in kept.items():
        target = goal / name / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_WHEN.sub("…", text.replace(folder, "…")), encoding="utf-8")


def compare(old: Path, new: Path) -> int:
    """Name what differs; how many files do."""
    names = {p.relative_to(f) for f in (old, new) for p in f.rglob("*.txt")}
    differing = 0
    for name in sorted(names):
        a, b = (
            (f / name).read_text(encoding="utf-8").splitlines() if (f / name).is_file() else []
            for f in (old, new)
        )
        lines = [
            line
            for line in difflib.unified_diff(a, b, lineterm="", n=0)
            if line[:1] in "+-" and line[:3] not in {"+++", "---"}
        ]
        if lines:
            differing += 1
            print(f"{name}: {len(lines)} lines, such as", *lines[:4], sep="\n    ")
    print(json.dumps({"compared": len(names), "differing": differing}))
    return differing


def main() -> int:
    """Write or compare."""
    if sys.argv[1:2] == ["compare"] and len(sys.argv) == 4:
        return int(compare(Path(sys.argv[2]), Path(sys.argv[3])) > 0)
    if sys.argv[1:2] == ["write"] and len(sys.argv) == 3:
        goal = Path(sys.argv[2]).absolute()
        with ThreadPoolExecutor(2) as workers:
            for done in [workers.submit(run, n, a, goal) for n, a in commands().items()]:
                done.result()
        return 0
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main())
