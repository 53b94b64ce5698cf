"""What is kept back before anything is written: small counts of people, and precise places.

Both functions take the result object (`coverage.reports.document.build`) and
return a changed copy, so that every document, chart and map made from it
keeps the same things back.

**Small counts** (`suppress`). A count of people from 1 to *below* − 1 becomes
`HIDDEN`, a zero and anything larger stays. Protected are

- the people of a unit by age group (all, 60+, 0–14), and with them the number
  of people waiting in missing units;
- people within a travel time: those reached, and those not reached, of the
  city and of every county;
- beds and nursing beds of the sites of `PROTECTED_KINDS`, whose residents they are;
- what a bureau reports about persons (人, 名, 人次, 户) in the fields of
  `PROTECTED_SYSTEMS` and of disability.

Numbers of sites and of units are not counts of people and stay. With a small
count goes everything from which it could be worked out: ratios, gaps and the
verdict; totals or further parts of the same sum (complementary suppression,
after L. Willenborg and T. de Waal, *Elements of Statistical Disclosure
Control*, 2001); the other groups of the same unit; the order of a list ranked
by people; notes that state people; changes between before and after.

**Precise places** (`mask`). Sites of `SENSITIVE_KINDS` move to the seat of
their township, or lose their place where none is known; their names, villages,
sources and remarks, which often tell the place, go. Emergency shelters stay:
whoever needs one must find it.
"""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

from coverage.errors import InputError
from coverage.text import Said

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from coverage.text import Lang

HIDDEN = "＊"
SENSITIVE_KINDS = frozenset(
    {
        "child_protection_station",
        "child_protection_centre",
        "child_welfare",
        "rescue_station",
    }
)
PROTECTED_KINDS = SENSITIVE_KINDS | {"psychiatric_welfare", "rehab_centre"}
PROTECTED_SYSTEMS = frozenset({"大儿童保障", "大救助"})
_PERSON_UNITS = frozenset({"人", "名", "人次", "户", "名/年", "人/年"})
_STATES_PEOPLE = re.compile(r"\d.*(人|户|名|床|people|person|child|bed)", re.IGNORECASE | re.DOTALL)
_SUBGROUPS = ("60+", "0-14")


def hidden(value: object) -> bool:
    """Whether a value of the result object was kept back."""
    return value == HIDDEN


def suppress(document: dict[str, Any], below: int) -> dict[str, Any]:
    """A copy of the result object without small counts about protected people.

    Args:
        document: The result object.
        below: Counts from 1 to ``below − 1`` are small.

    Raises:
        InputError: If `below` is less than 2, which would hide nothing.
    """
    if below < 2:
        raise InputError(
            f"--suppress-below 须不小于 2，得到 {below} · the limit must be at least 2"
        )
    made = copy.deepcopy(document)
    gone = _Units(made["units"], below).hide()
    sites = _beds(made, below)
    measures = 0
    for indicator in made["indicators"]:
        measures += _indicator(indicator, made["units"], sites, below, made["lang"])
    count = gone + len(sites) + measures
    made["suppressed"] = {"below": below, "cells": count}
    if count:
        _strip_notes(made)
    return made


def mask(document: dict[str, Any]) -> dict[str, Any]:
    """A copy of the result object without the precise places of sensitive sites."""
    made = copy.deepcopy(document)
    seats = {u["code"]: u for u in made["units"] if u["level"] == "township"}
    names = {u["code"]: u["full_name"] for u in made["units"]}
    renamed: dict[str, str] = {}
    for facility in made["register"]:
        if facility["kind"] not in SENSITIVE_KINDS:
            continue
        code = facility["unit"][:9]
        seat = seats.get(code, {})
        renamed[facility["id"]] = f"{facility['kind']}-{len(renamed) + 1}"
        facility.update(
            id=renamed[facility["id"]],
            name=facility["kind_name"],
            unit=code,
            unit_name=names.get(code, facility["unit_name"]),
            lon=seat.get("lon"),
            lat=seat.get("lat"),
            source="",
            note="",
            masked=True,
        )
    for indicator in made["indicators"]:
        indicator["rows"] = [renamed.get(id_, id_) for id_ in indicator["rows"]]
    made["masked"] = sorted({f["kind"] for f in made["register"] if f["masked"]})
    return made


def small(value: Any, below: int) -> bool:
    """Whether a count is one of those that are kept back."""
    return isinstance(value, (int, float)) and 0 < value < below


class _Units:
    """People of units by group: township in county in city, each level a sum of the one below."""

    def __init__(self, units: Sequence[dict[str, Any]], below: int) -> None:
        self.units, self.below = units, below
        self.counties = [u for u in units if u["level"] == "county"]
        self.hidden: dict[str, set[int]] = {"all": set(), "parts": set()}

    def hide(self) -> int:
        """Hide what is small and what gives it away; the number of cells gone."""
        for unit in self.units:
            people = unit["people"]
            if any(small(people[g], self.below) for g in people):
                # One group beside the whole would be bounded by the rest.
                self.hidden["parts"].add(id(unit))
            if small(people["all"], self.below):
                self.hidden["all"].add(id(unit))
        for family in ("all", "parts"):
            for county in self.counties:
                own = [
                    u
                    for u in self.units
                    if u["level"] == "township" and u["county"] == county["code"]
                ]
                self._protect(county, own, family)
            city = next((u for u in self.units if u["level"] == "city"), None)
            if city is not None:
                self._protect(city, self.counties, family)
        return self._write()

    def _protect(self, whole: dict[str, Any], parts: list[dict[str, Any]], family: str) -> None:
        """Hide further parts of a sum until no hidden one follows from it, else the sum too."""
        gone = self.hidden[family]
        names = ("all",) if family == "all" else _SUBGROUPS
        # Without a known total there is no sum to work back from.
        groups = [g for g in names if whole["people"][g] is not None]
        while any(id(p) in gone for p in parts) and id(whole) not in gone:
            inside = [p for p in parts if id(p) in gone]
            if all(self._ambiguous(inside, g) for g in groups):
                return
            rest = [
                (min(p["people"][g] for g in groups), p["code"], id(p))
                for p in parts
                if id(p) not in gone and all(p["people"][g] for g in groups)
            ]
            gone.add(min(rest)[2] if rest else id(whole))

    def _ambiguous(self, parts: Sequence[dict[str, Any]], group: str) -> bool:
        """Whether the sum of hidden parts leaves every small one its whole range."""
        known = [p["people"][group] or 0 for p in parts]
        return len(parts) > 1 and sum(known) >= self.below - 1 + len(parts) - 1

    def _write(self) -> int:
        cells = 0
        for unit in self.units:
            for group in unit["people"]:
                family = "all" if group == "all" else "parts"
                if id(unit) in self.hidden[family] and unit["people"][group] is not None:
                    unit["people"][group] = HIDDEN
                    cells += 1
        return cells


def _beds(document: dict[str, Any], below: int) -> set[str]:
    """Hide small numbers of beds of protected sites, and their kind's totals; kinds concerned."""
    kinds: set[str] = set()
    for facility in document["register"]:
        if facility["kind"] not in PROTECTED_KINDS:
            continue
        if small(facility["beds"], below) or small(facility["nursing_beds"], below):
            # Beds bound nursing beds from above: both go.
            facility["beds"] = facility["nursing_beds"] = HIDDEN
            kinds.add(facility["kind"])
    for row in document["kinds"]:
        total = small(row["beds"], below) or small(row["nursing_beds"], below)
        if row["kind"] in kinds or (row["kind"] in PROTECTED_KINDS and total):
            row["beds"] = row["nursing_beds"] = HIDDEN
            kinds.add(row["kind"])
    return kinds


def _indicator(
    indicator: dict[str, Any],
    units: Sequence[dict[str, Any]],
    kinds: set[str],
    below: int,
    lang: Lang,
) -> int:
    """Hide what one indicator says of small counts; the number of values gone."""
    gone = _waiting(indicator, units, below)
    if indicator["measure"] == "people_within":
        return gone + _people_within(indicator, below, lang)
    beds = indicator["measure"] == "bed_ratio" and kinds & set(indicator["kinds"])
    protected = indicator["system"] in PROTECTED_SYSTEMS or indicator["id"].startswith(
        "disability."
    )
    persons = protected and indicator["unit"].strip() in _PERSON_UNITS
    if beds or (persons and _small_share(indicator, below)):
        _withhold(indicator, lang)
        return gone + 1
    return gone


def _waiting(indicator: dict[str, Any], units: Sequence[dict[str, Any]], below: int) -> int:
    """Hide the people of missing units if one of them is hidden, and take hidden ones from ranks.

    Villages are ranked by the people of their townships, which therefore hide their places too.
    """
    if not indicator["missing"]:
        return 0
    group = indicator["group"]
    gone = {u["code"] for u in units if u["level"] != "city" and hidden(u["people"][group])}

    def last(codes: Iterable[str]) -> list[str]:
        ordered = list(codes)
        behind = sorted(c for c in ordered if c in gone or c[:9] in gone)
        return [c for c in ordered if c not in behind] + behind

    concerned = any(c in gone for c in indicator["missing"])
    indicator["missing"] = last(indicator["missing"])
    for county in indicator["by_county"]:
        county["missing"] = last(county["missing"])
    if concerned or small(indicator["missing_people"], below):
        indicator["missing_people"] = HIDDEN
        return 1
    return 0


def _small_share(part: dict[str, Any], below: int) -> bool:
    """Whether those inside or those outside are few, or all of them together."""
    top, bottom = part["numerator"], part["denominator"]
    if small(top, below) or small(bottom, below):
        return True
    return top is not None and bottom is not None and small(bottom - top, below)


def _people_within(indicator: dict[str, Any], below: int, lang: Lang) -> int:
    """Hide a breakdown in which a cell is small as a whole, and the total if it is small."""
    counties = indicator["by_county"]
    few = any(_small_share(c, below) for c in counties)
    tiny = any(small(c["denominator"], below) for c in counties)
    total = _small_share(indicator, below)
    if few or total:
        for county in counties:
            county["numerator"] = county["value"] = HIDDEN
            if tiny or total:
                county["denominator"] = HIDDEN
        indicator["shown"]["counties"] = [HIDDEN] * len(counties)
    if total or (few and len(counties) == 1):
        _withhold(indicator, lang)
    return int(few or total)


def _withhold(indicator: dict[str, Any], lang: Lang) -> None:
    """Take the value out of an indicator, with every number and verdict that follows from it."""
    from coverage.reports.words import STATUS

    indicator["numerator"] = indicator["value"] = HIDDEN
    if indicator["denominator"] is not None:
        indicator["denominator"] = HIDDEN
    basis = indicator["plan_basis"]
    if basis is not None:
        basis["value"] = HIDDEN
    for target in [*indicator["targets"], *(basis["targets"] if basis else ())]:
        target.update(met=None, gap_points=HIDDEN, gap_units=HIDDEN)
    indicator["status"] = "withheld"
    indicator["status_text"] = STATUS["withheld"].to(lang)
    shown = indicator["shown"]
    shown["value"] = HIDDEN
    for target in shown["targets"]:
        target["gap"] = HIDDEN
    # The note on the baseline states the difference to it.
    indicator["notes"] = [note for note in indicator["notes"] if not re.search(r"\d", note)]


def _strip_notes(document: dict[str, Any]) -> None:
    """Notes that state people or beds would be further sums; one sentence says what was done."""
    below = document["suppressed"]["below"]
    said = Said(
        f"按要求隐去小于 {below} 的涉及受保护人群的数字，以及可据以推算的数字（标 {HIDDEN}）",
        f"counts below {below} about protected people are kept back, and so is what they could "
        f"be worked out from (marked {HIDDEN})",
    )
    document["notes"] = [n for n in document["notes"] if not _STATES_PEOPLE.search(n)]
    document["notes"].append(said.to(document["lang"]))
    for indicator in document["indicators"]:
        indicator["notes"] = [n for n in indicator["notes"] if not _STATES_PEOPLE.search(n)]
