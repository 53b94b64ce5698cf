"""What is kept back before anything is written: small counts of people, and precise places.

The functions take a result (`coverage.results.document.Document`) and return
a changed copy, so that every document, chart and map made from it keeps the
same things back.

**Small counts** (`suppress`). A count of people from 1 to *below* − 1 becomes
`HIDDEN`, a zero and anything larger stays. Protected are

- the people of a unit by age group (all, 60+, 0–14), and with them the number
  of people waiting in missing units;
- people within a travel time: those reached, and those not reached, of the
  city and of every county;
- beds and nursing beds of the sites of `PROTECTED_KINDS`, whose residents they are;
- what a bureau reports about persons (人, 名, 人次, 户) in the fields of
  `PROTECTED_SYSTEMS` and of disability.

Several results of the same data tell no more than one: a higher limit hides all
that a lower one does. `tests/attacker.py` is who tries.

Numbers of sites and of units are not counts of people and stay. With a small
count goes everything from which it could be worked out: ratios, gaps and the
verdict; totals or further parts of the same sum (complementary suppression,
after L. Willenborg and T. de Waal, *Elements of Statistical Disclosure
Control*, 2001); the other groups of the same unit; the order of a list ranked
by people; notes that state people; changes between before and after.

**Small counts of circles** (`suppress_circles`). A township's count can be
worked out from its county's and its neighbours', and a county's from the
city's; a count within ten minutes bounds the one within fifteen. So where one
count of a county's townships is small, none of them is given for any limit;
where one of the counties' is, no county's and no township's; where one of the
city's is, nothing.

**Precise places** (`mask`). Sites of `SENSITIVE_KINDS` move to the seat of
their township, or lose their place where none is known; their names, villages,
sources and remarks, which often tell the place, go. Emergency shelters stay:
whoever needs one must find it.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from coverage.errors import InputError
from coverage.messages import Lang, Said
from coverage.results._suppression import Cells, Units, apart, small
from coverage.results.document import (
    HIDDEN,
    Aim,
    County,
    Document,
    FacilityRow,
    Figure,
    Indicator,
    KindRow,
    Suppressed,
    UnitRow,
    known,
)
from coverage.results.vocabulary import STATUS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from coverage.results.circles import Circles, NearestRow, PeopleRow

SENSITIVE_KINDS = frozenset(
    {"child_protection_station", "child_protection_centre", "child_welfare", "rescue_station"}
)
PROTECTED_KINDS = SENSITIVE_KINDS | {"psychiatric_welfare", "rehab_centre"}
PROTECTED_SYSTEMS = frozenset({"大儿童保障", "大救助"})
_PERSON_UNITS = frozenset({"人", "名", "人次", "户", "名/年", "人/年"})
_STATES_PEOPLE = re.compile(r"\d.*(人|户|名|床|people|person|child|bed)", re.IGNORECASE | re.DOTALL)
_CIRCLE_STATES_PEOPLE = re.compile(r"\d\s*(人|people)|全程不走道路|wholly off the road")
_PEOPLE_STATED = re.compile(
    r"(\d[\d,]*)\s*(?:人|名|people|persons|children|residents|are nearer|are farther)"
)

_Key = tuple[str, str]
_Row = TypeVar("_Row", FacilityRow, KindRow)


class _Share(Protocol):
    """Part of a whole: of an indicator or of one county."""

    @property
    def numerator(self) -> Figure:
        """Those inside."""

    @property
    def denominator(self) -> Figure:
        """All of them."""


# A likely range and its bias tell the figure that is to be kept back.
_NOT_DRAWN = Said(
    "抽样范围会泄露被隐去的数字：--draws 不能与 --suppress-below、--mask-sensitive 同用",
    "a likely range tells what is kept back: no --draws with --suppress-below or --mask-sensitive",
)


def check_drawn(draws: int | None, *, protected: bool) -> None:
    """Raise `InputError` where likely ranges are asked for of what is to be kept back."""
    if draws and protected:
        raise InputError(_NOT_DRAWN)


def suppress(document: Document, below: int) -> Document:
    """A copy of the result without small counts about protected people.

    What a scenario makes of the city (``document.scenario.after``) loses the
    same cells: one moment would give away the other.

    Args:
        document: The result.
        below: Counts from 1 to ``below − 1`` are small.

    Raises:
        InputError: If `below` is less than 2, which would hide nothing.
    """
    change = document.scenario
    if change is None:
        return suppress_together([document], below)[0]
    made, after = suppress_together([document, change.after], below)
    change = replace(change, after=after)
    hidden = made.suppressed is not None and made.suppressed.cells
    if hidden or any(_says_few(s, below) for s in change.sentences):
        # Gains and losses hang together: one of them with the values gives the other.
        kept = _without_people(change.sentences), _without_people(change.notes)
        change = replace(change, sentences=kept[0], notes=kept[1])
    return replace(made, scenario=change)


def suppress_together(documents: Sequence[Document], below: int) -> list[Document]:
    """Copies of results of the same city at several moments, all without the same cells.

    A cell that is small at one moment, or that changes by a small number
    between two, is hidden at each of them.

    Raises:
        InputError: As `suppress`.
    """
    if below < 2:
        raise InputError(
            Said(f"--suppress-below 须不小于 2，得到 {below}", "the limit must be at least 2")
        )
    work = _Suppression(documents, below)
    made = [work.kept_back(one) for one in documents]
    suppressed = Suppressed(below, work.cells)
    return [_said(replace(one, suppressed=suppressed)) for one in made]


class _Suppression:
    """What is small in results of one city at any of several moments, and how many cells went."""

    def __init__(self, documents: Sequence[Document], below: int) -> None:
        self.below, self.cells = below, 0
        before = documents[0].units
        self.people = Cells.union(Units(one.units, below, before).find() for one in documents)
        self.kinds = {
            row.kind
            for one in documents
            for row in _with_beds(one)
            if row.kind in PROTECTED_KINDS
            and (small(row.beds, below) or small(row.nursing_beds, below))
        }
        moments: dict[str, list[Indicator]] = {}
        for one in documents:
            for indicator in one.indicators:
                moments.setdefault(indicator.id, []).append(indicator)
        city = next((u for u in before if u.level == "city"), None)
        self.found = {
            id_: self._with_units(several[0], _measures(several, below), city)
            for id_, several in moments.items()
        }

    def _with_units(self, of: Indicator, found: _Measures, city: UnitRow | None) -> _Measures:
        """Also hidden where an indicator is a share of people of a unit that are hidden."""
        whole = city is not None and self.people.has(city, of.group)
        if of.measure == "bed_ratio":
            people = whole and city is not None and of.denominator == city.people[of.group]
            return replace(found, total=found.total or people)
        if of.measure != "people_within":
            return found
        gone = whole or any(
            self.people.has(UnitRow(code=c.code, level="county", county=None, people={}), of.group)
            for c in of.by_county
        )
        return _Measures(found.counties or gone, found.denominators or gone, found.total or whole)

    def kept_back(self, document: Document) -> Document:
        """A copy without the cells."""
        units = tuple(map(self._unit, document.units))
        return replace(
            document,
            units=units,
            # All sites of a kind and not the small ones only: a total before and after a
            # scenario would tell one of them.
            register=tuple(map(self._beds, document.register)),
            kinds=tuple(map(self._beds, document.kinds)),
            indicators=tuple(self._indicator(i, units, document.lang) for i in document.indicators),
        )

    def _unit(self, unit: UnitRow) -> UnitRow:
        hidden = {g for g, n in unit.people.items() if n is not None and self.people.has(unit, g)}
        self.cells += len(hidden)
        shown = {g: HIDDEN if g in hidden else n for g, n in unit.people.items()}
        return replace(unit, people=shown) if hidden else unit

    def _beds(self, row: _Row) -> _Row:
        if row.kind not in self.kinds or row.beds is None:
            return row
        self.cells += 1
        return replace(row, beds=HIDDEN, nursing_beds=HIDDEN)

    def _indicator(self, indicator: Indicator, units: Sequence[UnitRow], lang: Lang) -> Indicator:
        """Hide what one indicator says of small counts."""
        found = self.found[indicator.id]
        made = self._waiting(indicator, units)
        if found.counties:
            self.cells += 1
            counties = tuple(
                replace(
                    county,
                    numerator=HIDDEN,
                    value=HIDDEN,
                    denominator=HIDDEN if found.denominators else county.denominator,
                )
                for county in made.by_county
            )
            shown = replace(made.shown, counties=dict.fromkeys(made.shown.counties, HIDDEN))
            made = replace(made, by_county=counties, shown=shown)
        beds = indicator.measure == "bed_ratio" and self.kinds & set(indicator.kinds)
        if found.total or beds:
            self.cells += 1
            made = _withheld(made, lang)
        return made

    def _waiting(self, indicator: Indicator, units: Sequence[UnitRow]) -> Indicator:
        """Hide the people of missing units if one is hidden, and take hidden ones from ranks.

        Villages are ranked by the people of their townships, which therefore hide their places
        too.
        """
        if not indicator.missing:
            return indicator
        gone = {u.code for u in units if u.level != "city" and u.people[indicator.group] == HIDDEN}

        def last(codes: Sequence[str]) -> tuple[str, ...]:
            behind = sorted(c for c in codes if c in gone or c[:9] in gone)
            return (*(c for c in codes if c not in behind), *behind)

        people = indicator.missing_people
        if any(c in gone for c in indicator.missing) or small(people, self.below):
            people = HIDDEN
            self.cells += 1
        return replace(
            indicator,
            missing=last(indicator.missing),
            missing_people=people,
            by_county=tuple(replace(c, missing=last(c.missing)) for c in indicator.by_county),
        )


def _with_beds(document: Document) -> tuple[FacilityRow | KindRow, ...]:
    return *document.register, *document.kinds


@dataclass(frozen=True)
class _Measures:
    """Which values of an indicator are hidden, at every moment alike."""

    counties: bool = False
    denominators: bool = False
    total: bool = False


def _measures(moments: Sequence[Indicator], below: int) -> _Measures:
    """What is small in an indicator at any of several moments, or between them."""
    first = moments[0]
    if first.measure != "people_within":
        protected = first.system in PROTECTED_SYSTEMS or first.id.startswith("disability.")
        persons = protected and first.unit.strip() in _PERSON_UNITS
        return _Measures(total=persons and _few(moments, below))
    cells: dict[str, list[County]] = {}
    for moment in moments:
        for county in moment.by_county:
            cells.setdefault(county.code, []).append(county)
    counties = any(_few(rows, below) for rows in cells.values())
    tiny = any(small(c.denominator, below) for rows in cells.values() for c in rows)
    total = (
        _few(moments, below)
        or (counties and len(cells) == 1)
        or any(_bounded(moment, below) for moment in moments)
    )
    return _Measures(counties or total, tiny or total, total)


def _few(rows: Sequence[_Share], below: int) -> bool:
    """Whether a share is of few at one moment, or changes by few from the first to another.

    Of few are those inside, those outside, or all of them together.
    """
    first = rows[0]
    return any(
        small(row.numerator, below)
        or small(row.denominator, below)
        or apart(row.denominator, row.numerator, below)
        or apart(row.numerator, first.numerator, below)
        or apart(row.denominator, first.denominator, below)
        for row in rows
    )


def _bounded(moment: Indicator, below: int) -> bool:
    """Whether what the other counties can hold bounds a county's few, beside the city's sum."""
    rows = [(known(c.numerator) or 0, known(c.denominator) or 0) for c in moment.by_county]
    room = sum(people for _, people in rows)
    for sign in (0, 1):  # those inside, those outside
        parts = [(people - inside if sign else inside, people) for inside, people in rows]
        whole = sum(part for part, _ in parts)
        if any(small(n, below) and whole - 1 > room - people for n, people in parts):
            return True
    return False


def _withheld(indicator: Indicator, lang: Lang) -> Indicator:
    """An indicator without its value, and without every number and verdict that follows from it."""
    basis, shown = indicator.plan_basis, indicator.shown
    if basis is not None:
        basis = replace(basis, value=HIDDEN, targets=_unjudged(basis.targets))
    words = tuple(replace(target, gap=HIDDEN) for target in shown.targets)
    return replace(
        indicator,
        numerator=HIDDEN,
        denominator=None if indicator.denominator is None else HIDDEN,
        value=HIDDEN,
        range=None,
        wholly_off_road=None if indicator.wholly_off_road is None else HIDDEN,
        plan_basis=basis,
        targets=_unjudged(indicator.targets),
        status="withheld",
        status_text=STATUS["withheld"].to(lang),
        # The note on the baseline states the difference to it.
        notes=tuple(note for note in indicator.notes if not re.search(r"\d", note)),
        shown=replace(shown, value=HIDDEN, targets=words),
    )


def _unjudged(targets: Iterable[Aim]) -> tuple[Aim, ...]:
    return tuple(
        replace(
            target,
            met=None,
            gap_points=HIDDEN,
            gap_units=HIDDEN,
            gap_range=None,
            undecided_because=None,
        )
        for target in targets
    )


def _says_few(sentence: str, below: int) -> bool:
    """Whether a sentence states a small number of people, or fewer than one."""
    if "不足 1" in sentence or "fewer than 1" in sentence:
        return True
    found = _PEOPLE_STATED.findall(sentence)
    return any(small(int(count.replace(",", "")), below) for count in found)


def _without_people(sentences: Iterable[str]) -> tuple[str, ...]:
    """The sentences that state no number of people or beds, which would be further sums."""
    return tuple(s for s in sentences if not _STATES_PEOPLE.search(s))


def _said(document: Document) -> Document:
    """Without the notes that state people, if anything went; one sentence says what was done."""
    done = document.suppressed
    if done is None or not done.cells:
        return document
    said = Said(
        f"按要求隐去小于 {done.below} 的涉及受保护人群的数字，以及可据以推算的数字（标 {HIDDEN}）",
        f"counts below {done.below} about protected people are kept back, and so is what they "
        f"could be worked out from (marked {HIDDEN})",
    )
    return replace(
        document,
        notes=(*_without_people(document.notes), said.to(document.lang)),
        indicators=tuple(
            # The ends of a range of people are sums of whole townships.
            replace(
                i,
                notes=_without_people(i.notes),
                range=None if i.measure == "people_within" else i.range,
            )
            for i in document.indicators
        ),
    )


# Circles.


def suppress_circles(several: Sequence[Circles], below: int) -> list[Circles]:
    """Copies of the same circles' results at one or several moments, all without the same counts.

    A count that is small at one moment, or changes by a small number between
    two, is hidden at each of them: beside the others it would be known.

    Args:
        several: The results.
        below: Counts above 0 and below this are small.
    """
    few = {
        (row.level, row.code)
        for one in several
        for row in one.people
        if any(small(count, below) for count in row.counts)
    }
    for one, other in itertools.combinations(several, 2):
        before = {row.key: row for row in one.people}
        few |= {
            (row.level, row.code)
            for row in other.people
            if (then := before.get(row.key)) is not None
            and any(apart(a, b, below) for a, b in zip(then.counts, row.counts, strict=True))
        }
    return [_without(one, few) for one in several]


def _without(circles: Circles, few: set[_Key]) -> Circles:
    """A copy without the counts of these units, level and code, and what gives them away."""
    levels = {level for level, _ in few}
    townships = {code[:6] for level, code in few if level == "township"}
    coarse = bool(levels & {"city", "county"})

    def gone(row: PeopleRow | NearestRow) -> bool:
        if row.level == "city":
            return "city" in levels
        # Points outside every unit have no code: they are the rest of a sum.
        return coarse or (row.level == "township" and (not row.code or row.code[:6] in townships))

    return replace(
        circles,
        people=tuple(row.hidden() if gone(row) else row for row in circles.people),
        nearest=tuple(row.hidden() if gone(row) else row for row in circles.nearest),
        notes=tuple(
            note for note in circles.notes if not (few and _CIRCLE_STATES_PEOPLE.search(note))
        ),
    )


# Places.


def mask(document: Document) -> Document:
    """A copy of the result without the precise places of sensitive sites."""
    units = {u.code: u for u in document.units}
    renamed: dict[str, str] = {}
    register = []
    for row in document.register:
        made = row
        if row.kind in SENSITIVE_KINDS:
            renamed[row.id] = f"{row.kind}-{len(renamed) + 1}"
            made = _masked(row, renamed[row.id], units.get(row.unit[:9]))
        register.append(made)
    indicators = tuple(
        replace(i, rows=tuple(renamed.get(id_, id_) for id_ in i.rows)) for i in document.indicators
    )
    change = document.scenario
    return replace(
        document,
        register=tuple(register),
        indicators=indicators,
        scenario=change and replace(change, after=mask(change.after)),
        masked=tuple(sorted({row.kind for row in register if row.masked})),
    )


def _masked(row: FacilityRow, id_: str, unit: UnitRow | None) -> FacilityRow:
    seat = unit if unit is not None and unit.level == "township" else None
    return replace(
        row,
        id=id_,
        name=row.kind_name,
        unit=row.unit[:9],
        unit_name=unit.full_name if unit else row.unit_name,
        lon=seat.lon if seat else None,
        lat=seat.lat if seat else None,
        source="",
        note="",
        masked=True,
    )
