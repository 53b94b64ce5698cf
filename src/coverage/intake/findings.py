"""What an import of boundaries or people says: one outcome a row, and findings about the whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from coverage.text import Said

if TYPE_CHECKING:
    from pathlib import Path

Outcome = Literal["accepted", "corrected", "rejected"]
Weight = Literal["warning", "note"]
OUTCOMES: dict[Outcome, Said] = {
    "accepted": Said("接受", "accepted"),
    "corrected": Said("更正后接受", "accepted, corrected"),
    "rejected": Said("未接受", "rejected"),
}


@dataclass(frozen=True)
class RowOutcome:
    """What became of one row (or feature) of the file.

    Attributes:
        row: As the user's own program numbers it; features are counted from 1.
        sheet: Worksheet or layer, empty where there is one only.
        unit_code: Unit it was taken for, empty where none was found.
        name: What the row calls the unit.
        outcome: Accepted, corrected (and accepted) or rejected.
        said: How it was corrected or why it was rejected.
    """

    row: int
    sheet: str
    unit_code: str
    name: str
    outcome: Outcome
    said: tuple[Said, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One thing found about the whole file.

    Attributes:
        id: What kind of thing, such as ``missing`` or ``overlap``.
        weight: ``warning`` for what the user should look at, ``note`` for what to know.
        said: The sentence.
        units: Codes of the units it is about.
        km2: Area it is about, if it is about an area.
        place: A point of it, lon and lat in WGS84.
    """

    id: str
    weight: Weight
    said: Said
    units: tuple[str, ...] = ()
    km2: float | None = None
    place: tuple[float, float] | None = None


@dataclass(frozen=True)
class ImportReport:
    """The result of one import.

    Attributes:
        role: What was imported, ``townships``, ``counties``, ``people`` or ``population``.
        file: Name of the user's file.
        written: Files of the workspace that were written, in order.
        outcomes: One for every row of data.
        findings: What was found, warnings first.
        totals: Numbers worth keeping, such as people in the file and people written.
    """

    role: str
    file: str
    written: tuple[Path, ...]
    outcomes: tuple[RowOutcome, ...]
    findings: tuple[Finding, ...]
    totals: dict[str, float]

    @property
    def counts(self) -> Counter[str]:
        """Rows by outcome."""
        return Counter(row.outcome for row in self.outcomes)

    @property
    def accepted(self) -> int:
        """Rows that were taken, corrected ones among them."""
        return len(self.outcomes) - self.rejected

    @property
    def rejected(self) -> int:
        """Rows that were not taken."""
        return self.counts["rejected"]

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Findings that the user should look at."""
        return tuple(f for f in self.findings if f.weight == "warning")

    def rows(self) -> list[dict[str, object]]:
        """Everything as rows of one table: outcomes by row, then findings."""
        listed: list[dict[str, object]] = [
            {
                "sheet": o.sheet,
                "row": o.row,
                "unit_code": o.unit_code,
                "name": o.name,
                "outcome": o.outcome,
                "zh": "；".join(s.zh for s in o.said),
                "en": "; ".join(s.en for s in o.said),
            }
            for o in self.outcomes
        ]
        listed += [
            {
                "sheet": "",
                "row": "",
                "unit_code": ";".join(f.units),
                "name": f.id,
                "outcome": f.weight,
                "zh": f.said.zh,
                "en": f.said.en,
            }
            for f in self.findings
        ]
        return listed


def ordered(findings: list[Finding]) -> tuple[Finding, ...]:
    """Findings with the warnings first, else as they were found."""
    return tuple(sorted(findings, key=lambda f: f.weight != "warning"))
