"""The one typed result that every page, sheet, slide, layer and map is written from.

A `Document` holds a report's figures, exact, and what documents need besides:
the people of every unit, the facilities with their places, totals by kind, and
each number in words. What is kept back (`coverage.results.disclosure`) is kept
back from all of them at once. JSON is made of it at the very end (`as_json`),
field by field, in the order in which the fields stand here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

from coverage.results import words

if TYPE_CHECKING:
    from coverage.messages import Lang
    from coverage.results.projects import ProjectRow
    from coverage.results.ranges import Range


class Hidden(StrEnum):
    """What stands in the place of a number that is kept back."""

    MARK = "＊"


HIDDEN = Hidden.MARK
Figure: TypeAlias = "Fraction | int | Hidden | None"
Count: TypeAlias = "int | Hidden | None"


def known(value: Figure | float) -> Fraction | float | None:
    """A number of the result, `None` where it is unknown or kept back."""
    return None if isinstance(value, Hidden) else value


@dataclass(frozen=True)
class CityName:
    """A city by code and names."""

    code: str
    name: str
    english: str


@dataclass(frozen=True)
class PlanName:
    """A plan and its years."""

    id: str
    title: str
    start: int
    end: int


@dataclass(frozen=True)
class Base:
    """What the plan states for its start."""

    year: int
    value: Fraction | None
    text: str
    numerator: int | None
    denominator: int | None
    clause: str


@dataclass(frozen=True)
class Aim:
    """One target and how far the value is from it; see `coverage.assessment.TargetResult`."""

    year: int
    op: str | None
    value: Fraction | None
    text: str
    met: bool | None = None
    gap_points: Figure = None
    gap_units: Count = None
    due: bool = False
    clause: str = ""
    gap_range: Range[int] | None = None
    undecided_because: str | None = None


@dataclass(frozen=True)
class Basis:
    """The value over the number of units that the plan itself counts."""

    denominator: int
    value: Figure
    clause: str
    targets: tuple[Aim, ...]


@dataclass(frozen=True)
class County:
    """One county's part of a ratio."""

    code: str
    name: str
    numerator: Figure
    denominator: Figure
    value: Figure
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class AimWords:
    """A target and its gap as they are printed."""

    target: str
    gap: str


@dataclass(frozen=True)
class Words:
    """The figures of an indicator as they are printed."""

    value: str
    baseline: str = ""
    targets: tuple[AimWords, ...] = ()
    counties: Mapping[str, str] = field(default_factory=dict)  # by code


@dataclass(frozen=True)
class Figures:
    """One indicator as the report's JSON has it."""

    id: str
    name: str
    system: str
    level: str
    unit: str
    nature: str
    measure: str
    clause: str
    basis: str
    numerator: Figure
    denominator: Figure
    value: Figure
    range: Range[Fraction] | None
    straight_estimate: bool
    wholly_off_road: Figure | float
    baseline: Base | None
    plan_basis: Basis | None
    targets: tuple[Aim, ...]
    status: str
    provenance: Mapping[str, int]
    covered: tuple[str, ...] | None
    missing: tuple[str, ...] | None
    by_county: tuple[County, ...]
    notes: tuple[str, ...]
    draws: Mapping[str, Any] | None

    @property
    def percent(self) -> bool:
        """Whether its unit is percent."""
        return words.is_percent(self.unit)


@dataclass(frozen=True)
class Indicator(Figures):
    """One indicator with what documents say of it besides.

    Attributes:
        short_name: A name that fits a column head.
        status_text: The status in words.
        computed: Whether a register gives it its value.
        kinds: Of the facilities that count.
        rows: Ids of the facilities counted.
        scale: 100 for percent, 1000 for per mille, 1 for counts.
        group: Whose people wait for it.
        gap_unit: What a whole unit of the gap is.
        missing_people: People of the group in the missing units.
        in_doubt: Units of which it is not known whether they are covered.
        illustrative: Whether an example row is counted.
        shown: Its figures in words.
    """

    short_name: str
    status_text: str
    computed: bool
    kinds: tuple[str, ...]
    rows: tuple[str, ...]
    scale: int
    group: str
    gap_unit: str
    missing_people: Count
    in_doubt: tuple[str, ...]
    illustrative: bool
    shown: Words

    def aims(self) -> list[tuple[Aim, AimWords]]:
        """Every target with its words."""
        return list(zip(self.targets, self.shown.targets, strict=True))

    def due(self) -> list[tuple[Aim, AimWords]]:
        """Targets in force with their words, the same comparison once; else the next ones."""
        pairs = self.aims()
        chosen = [p for p in pairs if p[0].due]
        if not chosen and pairs:
            following = min(t.year for t, _ in pairs)
            chosen = [p for p in pairs if p[0].year == following]
        return list({said.target: (t, said) for t, said in reversed(chosen)}.values())[::-1]

    def numbers_due(self) -> list[tuple[Aim, AimWords]]:
        """Targets in force that have a number, with their words; else all that have one."""
        numbers = [p for p in self.aims() if p[0].op is not None and p[0].value is not None]
        return [p for p in numbers if p[0].due] or numbers

    def holds(self, code: str) -> bool | None:
        """Whether a unit is covered, `None` where it is not known."""
        if code in (self.covered or ()):
            return True
        return False if code in (self.missing or ()) else None


@dataclass(frozen=True)
class UnitRow:
    """The city, a county or a township-level row.

    Attributes:
        code: Its code.
        level: ``city``, ``county`` or ``township``.
        name: Its name.
        full_name: With its county where the city has two of that name.
        category: Of a township-level row.
        county: Code of its county, `None` for the city.
        lon: Of the seat, EPSG:4326 degrees.
        lat: As `lon`.
        people: By group.
        modelled: Groups whose number is a model's.
    """

    code: str
    level: str
    name: str = ""
    full_name: str = ""
    category: str = ""
    county: str | None = None
    lon: float | None = None
    lat: float | None = None
    people: Mapping[str, Count] = field(default_factory=dict)
    modelled: tuple[str, ...] = ()


@dataclass(frozen=True)
class FacilityRow:
    """A facility of the register with its place, where that is known and may be shown."""

    id: str
    name: str
    kind: str
    kind_name: str
    system: str
    category: str
    tier: str
    tier_name: str
    services: tuple[str, ...]
    beds: Count
    nursing_beds: Count
    floor_area: float | None
    land_area: float | None
    capacity_total: int | None
    capacity_used: int | None
    grade: str
    ownership: str
    partner: str
    unit: str
    unit_name: str
    lon: float | None
    lat: float | None
    status: str
    status_name: str
    counted: bool
    closed: str | None
    provenance: str
    provenance_name: str
    source: str
    note: str
    masked: bool


@dataclass(frozen=True)
class KindRow:
    """Facilities of one kind together."""

    kind: str
    name: str
    system: str
    count: int
    beds: Count
    nursing_beds: Count
    provenance: Mapping[str, int]


@dataclass(frozen=True)
class Suppressed:
    """The limit below which counts were kept back, and how many cells went."""

    below: int
    cells: int


@dataclass(frozen=True)
class Input:
    """A file that a run read: what it is, where it came from, and its content's digest.

    Where counts or places are kept back the digest is keyed, or left out without a key.
    """

    role: str
    name: str
    file: str
    origin: str
    origin_name: str
    sha256: str = ""
    hmac_sha256: str = ""

    @property
    def digest(self) -> str:
        """The digest that there is, empty for none."""
        return self.hmac_sha256 or self.sha256

    def comparable(self, other: Input) -> bool:
        """Whether both have digests of one kind."""
        return bool(self.sha256 and other.sha256) or bool(self.hmac_sha256 and other.hmac_sha256)


@dataclass(frozen=True)
class Outcome:
    """The value of an indicator, as JSON has it."""

    numerator: float | str | None
    denominator: float | str | None
    value: float | str | None
    status: str


@dataclass(frozen=True)
class Record:
    """What a run was made from.

    Attributes:
        by: The tool.
        version: Of the tool.
        date: Of the run, ISO 8601; a day and no hour, so that a day's runs are alike.
        parameters: What was asked for, as JSON has it.
        inputs: Every file that was read.
        results: The numbers of every indicator, by id.
        result_sha256: Of the whole result as it is published, without its record.
        note: What is to be known of the digests of the inputs.
    """

    by: str
    version: str
    date: str
    parameters: Mapping[str, Any]
    inputs: tuple[Input, ...]
    results: Mapping[str, Outcome]
    result_sha256: str
    note: str = ""


@dataclass(frozen=True)
class Change:
    """What a scenario does.

    Attributes:
        name: Of the scenario.
        note: Its remark.
        file: Where it was read.
        sentences: Who gains, who loses, what is still unmet.
        changes: ``added``, ``changed`` or ``closed`` by facility id.
        notes: What was assumed.
        after: The city afterwards.
    """

    name: str
    note: str
    file: str
    sentences: tuple[str, ...]
    changes: Mapping[str, str]
    notes: tuple[str, ...]
    after: Document


@dataclass(frozen=True)
class Summary:
    """A report as its JSON has it.

    Attributes:
        city: The city.
        year: Targets in force in this year are judged.
        plan: Its plan.
        illustrative: Whether any indicator counts an example row.
        provenance: Rows of the register by provenance.
        notes: What a reader must know about the whole page.
        indicators: In the order of the plan.
        projects: Projects that the plan names.
    """

    city: CityName
    year: int
    plan: PlanName
    illustrative: bool
    provenance: Mapping[str, int]
    notes: tuple[str, ...]
    indicators: tuple[Indicator, ...]
    projects: tuple[ProjectRow, ...]


@dataclass(frozen=True)
class Document(Summary):
    """A report with everything that documents need.

    Attributes:
        lang: Language of every word in it.
        heading: Title line.
        subheading: The plan and the rows that were counted.
        units: The city, its counties and its township-level rows.
        register: The facilities counted.
        kinds: Totals of the facilities of each kind.
        scenario: What a scenario changes, if one was asked for.
        masked: Kinds whose places are kept back, `None` if that was not asked for.
        suppressed: What was kept back of small counts, `None` if that was not asked for.
        record: What it was made from, once it is published.
    """

    lang: Lang
    heading: str = ""
    subheading: str = ""
    units: tuple[UnitRow, ...] = ()
    register: tuple[FacilityRow, ...] = ()
    kinds: tuple[KindRow, ...] = ()
    scenario: Change | None = None
    masked: tuple[str, ...] | None = None
    suppressed: Suppressed | None = None
    record: Record | None = None

    def indicator(self, id_: str) -> Indicator:
        """The indicator of an id that it has."""
        return next(i for i in self.indicators if i.id == id_)

    def unit_rows(self) -> dict[str, UnitRow]:
        """Counties and township-level rows by code."""
        return {u.code: u for u in self.units if u.level != "city"}

    def valued(self) -> list[Indicator]:
        """Indicators that a register gives a value to, in the order of the plan."""
        return [i for i in self.indicators if i.computed and i.basis != "none"]

    def lead(self) -> Indicator | None:
        """The indicator a brief speaks of first: the first of the plan that lacks townships.

        Without one, the first that lacks any unit, then the first with a value.
        """
        values = self.valued()
        lists = [i for i in values if i.missing]
        townships = [i for i in lists if i.level == "township"]
        judged = [i for i in townships if i.status in {"not_met", "contested"}]
        return next(iter(judged or townships or lists or values), None)


# To JSON.


def as_json(value: object) -> Any:
    """A result as JSON can hold it: exact numbers as the nearest JSON ones, whole ones whole.

    Parts that there is nothing of (a scenario, a record) are left out of a `Document`.
    """
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else float(value)
    if is_dataclass(value):
        parts = {f.name: getattr(value, f.name) for f in fields(value)}
        if isinstance(value, Document):
            parts = {name: part for name, part in parts.items() if part is not None}
        return as_json(parts)
    if isinstance(value, Mapping):
        return {key: as_json(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(part) for part in value]
    return value
