"""One row of an import and what becomes of it, filled in stage by stage."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from coverage.places.find import Found as UnitFound

if TYPE_CHECKING:
    from coverage.facilities import Facility
    from coverage.intake.columns import Understanding
    from coverage.intake.findings import Finding
    from coverage.intake.previous import Comparison
    from coverage.intake.rows import TakenRow
    from coverage.intake.sheets import RawSheet
    from coverage.places.detect import Detection

ASIDE = frozenset({"说明", "词表", "人口"})  # sheets of the template that list no facility
Place = Literal["coordinates", "geocoded", "seat", "none"]


@dataclass(slots=True)
class Judged:
    """One row of the input and what became of it.

    Attributes:
        sheet: The sheet it stands on.
        taken: What it says by itself.
        facilities: What it became: one facility, several for a row of a
            ledger, none if it is rejected or no data.
        reasons: Why it is rejected.
        corrections: What was changed on the way.
        findings: What the planner should look at; the row is taken all the same.
        found: The unit that its words, or its place, name.
        place: How it was placed: ``coordinates``, ``geocoded``, ``seat``, ``none``.
        lon: EPSG:4326 degrees.
        lat: As `lon`.
        about: Degrees in a datum that cannot be told: no place, but good to about a kilometre.
        ledger: Fields of each facility, for a row of a ledger.
    """

    sheet: RawSheet
    taken: TakenRow
    facilities: list[Facility] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    corrections: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    found: UnitFound = field(default_factory=UnitFound)
    place: Place = "none"
    lon: float | None = None
    lat: float | None = None
    about: tuple[float, float] | None = None
    ledger: list[dict[str, object]] | None = None

    @property
    def unit_code(self) -> str:
        """Code of the finest unit found, empty where none was."""
        return self.found.code

    @property
    def is_data(self) -> bool:
        """Whether the row is one of data, whatever becomes of it."""
        return self.taken.outcome in {"accepted", "rejected"}

    @property
    def outcome(self) -> str:
        """``accepted``, ``rejected``, or the role of a row that is no data."""
        if not self.is_data:
            return self.taken.outcome
        return "rejected" if self.reasons else "accepted"

    def where(self, sheet: RawSheet) -> str:
        """The row as another one on `sheet` refers to it."""
        row = f"第 {self.taken.row.number} 行"
        if self.sheet is sheet:
            return row
        return f" {' '.join(filter(None, (self.sheet.file, self.sheet.sheet)))} {row}"


@dataclass(frozen=True)
class SheetJudged:
    """One sheet: how its columns were understood and which datum its places are in."""

    sheet: RawSheet
    understanding: Understanding
    datum: str | None
    detection: Detection | None

    @property
    def aside(self) -> bool:
        """Whether its rows are told and never imported: guides, lists, what a book hides."""
        return self.sheet.hidden or self.sheet.sheet in ASIDE


@dataclass(frozen=True)
class FacilityIntake:
    """The whole import.

    Attributes:
        rows: Every row of every file, in order.
        sheets: What was understood of each sheet.
        keep_personal: Whether the user wants personal data kept.
        findings: What was found of the files as a whole, warnings first.
        before: The workspace's own register of before, empty without one.
        kept: What of it stays beside what was imported.
        compared: How the register differs from that of before.
    """

    rows: tuple[Judged, ...]
    sheets: tuple[SheetJudged, ...]
    keep_personal: bool = False
    findings: tuple[Finding, ...] = ()
    before: tuple[Facility, ...] = ()
    kept: tuple[Facility, ...] = ()
    compared: Comparison | None = None

    @property
    def facilities(self) -> tuple[Facility, ...]:
        """Accepted facilities in order."""
        return tuple(f for r in self.rows for f in r.facilities)

    @property
    def register(self) -> tuple[Facility, ...]:
        """What stands in the register once the import is written."""
        return (*self.kept, *self.facilities)

    @property
    def counts(self) -> Counter[str]:
        """Rows by outcome; accepted and rejected make up all rows of data."""
        return Counter(row.outcome for row in self.rows)

    @property
    def to_check(self) -> int:
        """Accepted rows with something to look at."""
        return sum(bool(row.findings) and row.outcome == "accepted" for row in self.rows)
