"""What an import says: one outcome for every row of the file, and findings about the whole.

Every importer, of facilities as of roads, makes one `ImportReport`; how it is
shown and written is one matter for all of them (`coverage.intake.report`). A
row of a list of facilities is judged stage by stage, and what each stage
finds of it goes into one list (`coverage.lists.rows.Row.findings`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from coverage.kinds import KINDS
from coverage.lists.rows import DATA, Finding, Outcome
from coverage.lists.rows import Row as ListRow
from coverage.messages import Question, Said, Spelling
from coverage.places.evidence import Found

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from coverage.facilities import Facility
    from coverage.lists.sheets import RawSheet

Place = Literal["coordinates", "geocoded", "seat", "none"]
ROWS, FEATURES, CELLS = Said("行", "rows"), Said("个要素", "features"), Said("格", "cells")
PLACES: dict[Place, Said] = {
    "coordinates": Said("坐标", "coordinates"),
    "geocoded": Said("地理编码", "geocoded"),
    "seat": Said("乡镇驻地", "township seat"),
    "none": Said("未定位", "not placed"),
}


class Use(NamedTuple):
    """How one column was understood.

    Attributes:
        name: As written.
        meaning: What it is taken for, empty where it is not used.
        how: How that was found.
        score: 1 for a name that is known, less for a likeness.
        why: How that was concluded, in one sentence.
    """

    name: str
    meaning: Said
    how: Said = Said("", "")
    score: float = 1.0
    why: Said = Said("", "")


def bilingual(text: Said | str) -> Said:
    """A sentence of the form "中文 · English"; one in one language alone stands for both."""
    if isinstance(text, Said):
        return text
    zh, _, en = text.partition(" · ")
    return Said(zh, en or zh)


@dataclass(frozen=True)
class Part:
    """One sheet or layer of the user's files.

    Attributes:
        file: Name of the file.
        sheet: Worksheet or layer, empty where there is one only.
        columns: Names of its columns.
        uses: How the columns were understood.
        said: What is to be known of it: encoding, datum, columns left out.
        personal: Indexes of columns that belong to persons and stay out of every report.
    """

    file: str
    sheet: str
    columns: tuple[str, ...] = ()
    uses: tuple[Use, ...] = ()
    said: tuple[Said, ...] = ()
    personal: frozenset[int] = frozenset()


@dataclass(frozen=True)
class RowOutcome:
    """What became of one row (or feature) of the file.

    Attributes:
        row: As the user's own program numbers it; features are counted from 1.
        sheet: Worksheet or layer, empty where there is one only.
        unit_code: Unit it was taken for, empty where none was found.
        name: What the row calls the unit.
        outcome: Accepted, corrected (and accepted) or rejected; or what the row is instead.
        said: How it was corrected or why it was rejected.
        cells: Its original cells.
        became: What it was understood as, one cell for each of the report's `heads`.
        part: Index of its sheet among the report's `parts`.
        checks: What the user should look at; the row is taken all the same.
    """

    row: int
    sheet: str
    unit_code: str
    name: str
    outcome: Outcome
    said: tuple[Said, ...] = ()
    cells: tuple[object, ...] = ()
    became: tuple[object, ...] = ()
    part: int = 0
    checks: tuple[Said, ...] = ()


@dataclass(slots=True)
class FacilityRow(ListRow):
    """A row of a list of facilities.

    Attributes:
        facilities: What it became: one facility, several for a row of a ledger, none if it is
            rejected or no data.
        found: The unit that its words, or its place, name.
        place: How it was placed.
        lon: EPSG:4326 degrees.
        lat: As `lon`.
        about: Degrees in a datum that cannot be told: no place, but good to about a kilometre.
        ledger: Fields of each facility, for a row of a ledger.
    """

    facilities: list[Facility] = field(default_factory=list)
    found: Found = field(default_factory=Found)
    place: Place = "none"
    lon: float | None = None
    lat: float | None = None
    about: tuple[float, float] | None = None
    ledger: list[dict[str, object]] | None = None

    @property
    def is_change(self) -> bool:
        """Whether it says what changed on a day of a facility that stands elsewhere."""
        return "since" in self.values

    def remark(self, text: str) -> None:
        """Add to the note that the register keeps of the facility."""
        self.values["note"] = "；".join(filter(None, (self.values.get("note"), text)))

    @property
    def unit_code(self) -> str:
        """Code of the finest unit found, empty where none was."""
        return self.found.code

    @property
    def became(self) -> tuple[object, ...]:
        """Kinds, place, lon and lat: see `ImportReport.heads`."""
        kinds = [KINDS[f.kind] for f in self.facilities]
        named = Said("；".join(k.zh for k in kinds), "; ".join(k.en for k in kinds))
        return named, PLACES[self.place] if self.accepted else "", self.lon, self.lat

    def where(self, sheet: RawSheet) -> Said:
        """The row as another one on `sheet` refers to it."""
        place = "" if self.of is sheet else " ".join(filter(None, (self.of.file, self.sheet)))
        return Said(
            f"{f' {place} ' if place else ''}第 {self.row} 行",
            f"row {self.row}{f' of {place}' if place else ''}",
        )


Row: TypeAlias = RowOutcome | ListRow


@dataclass(frozen=True)
class ImportReport:
    """The result of one import.

    Attributes:
        role: What was imported: ``facilities``, ``townships``, ``counties``, ``people``,
            ``population``, ``roads`` or ``plan``.
        file: Name of the user's file, or of all of them.
        written: Files of the workspace that were written, in order; none in a dry run.
        outcomes: One for every row, in order; for roads and grids of those rejected only.
        findings: What was found, warnings first.
        totals: Numbers worth keeping, such as people in the file and people written.
        parts: The sheets or layers of the files.
        heads: What `RowOutcome.became` says, in order.
        tally: Rows by outcome that are counted and not listed (edges of a network, cells of a
            grid).
        of: What a row is: a row, a feature, a cell.
        changes: What differs from the data of before, one record a line, for the JSON.
        keep_personal: Whether the user wants personal data kept in the report.
        reports: Files of the folder ``intake`` that tell all this.
    """

    role: str
    file: str
    written: tuple[Path, ...]
    outcomes: tuple[Row, ...]
    findings: tuple[Finding, ...]
    totals: Mapping[str, float]
    parts: tuple[Part, ...] = ()
    heads: tuple[Said, ...] = ()
    tally: Mapping[str, int] = field(default_factory=dict)
    of: Said = ROWS
    changes: tuple[Mapping[str, object], ...] = ()
    keep_personal: bool = False
    reports: tuple[Path, ...] = ()

    @property
    def counts(self) -> Counter[str]:
        """Rows by outcome; those of `DATA` make up all rows of data."""
        return Counter(row.outcome for row in self.outcomes) + Counter(self.tally)

    @property
    def data(self) -> tuple[Row, ...]:
        """The rows of data among those listed."""
        return tuple(row for row in self.outcomes if row.outcome in DATA)

    @property
    def accepted(self) -> int:
        """Rows that were taken, corrected ones among them."""
        return self.counts["accepted"] + self.counts["corrected"]

    @property
    def rejected(self) -> int:
        """Rows that were not taken."""
        return self.counts["rejected"]

    @property
    def spelled(self) -> int:
        """Corrected rows in which names were spelled out and nothing else was changed."""
        return sum(
            row.outcome == "corrected" and all(isinstance(s, Spelling) for s in row.said)
            for row in self.outcomes
        )

    @property
    def asked(self) -> int:
        """Rejected rows that ask which of several things they mean."""
        return sum(
            row.outcome == "rejected" and any(isinstance(s, Question) for s in row.said)
            for row in self.outcomes
        )

    def known_to(self, level: Literal["city", "county"]) -> int:
        """Facilities accepted of which no finer unit is known than this."""
        if self.role != "facilities":
            return 0
        taken = [row for row in self.data if row.outcome != "rejected"]
        return sum(len(row.unit_code) == (6 if level == "county" else 0) for row in taken)

    @property
    def to_check(self) -> int:
        """Rows that were taken and have something to look at."""
        return sum(bool(row.checks) and row.outcome != "rejected" for row in self.outcomes)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Findings that the user should look at."""
        return tuple(f for f in self.findings if f.weight == "warning")


class Findings(list[Finding]):
    """Findings about a whole file, as they are found."""

    def warn(self, id_: str, zh: str, en: str, **more: Any) -> None:
        """What the user should look at; `more` are other attributes of the finding."""
        self.append(Finding(id_, "warning", Said(zh, en), **more))

    def note(self, id_: str, zh: str, en: str, **more: Any) -> None:
        """What to know."""
        self.append(Finding(id_, "note", Said(zh, en), **more))


def ordered(findings: list[Finding]) -> tuple[Finding, ...]:
    """Findings with the warnings first, else as they were found."""
    return tuple(sorted(findings, key=lambda f: f.weight != "warning"))
