"""What is kept back before anything is written: small counts of people, and precise places.

Both functions take the result object (`coverage.results.document.build`) and
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
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from coverage.errors import InputError
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from coverage.messages import Lang

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
_PEOPLE_STATED = re.compile(
    r"(\d[\d,]*)\s*(?:人|名|people|persons|children|residents|are nearer|are farther)"
)
_SUBGROUPS = ("60+", "0-14")


def hidden(value: object) -> bool:
    """Whether a value of the result object was kept back."""
    return value == HIDDEN


def suppress(document: dict[str, Any], below: int) -> dict[str, Any]:
    """A copy of the result object without small counts about protected people.

    What a scenario makes of the city (``document["scenario"]["after"]``) loses
    the same cells: one moment would give away the other.

    Args:
        document: The result object.
        below: Counts from 1 to ``below − 1`` are small.

    Raises:
        InputError: If `below` is less than 2, which would hide nothing.
    """
    made = copy.deepcopy(document)
    scenario = made.get("scenario")
    if scenario is None:
        return suppress_together([made], below)[0]
    made, after = suppress_together([made, scenario["after"]], below)
    scenario = made["scenario"]
    scenario["after"] = after
    said = scenario["sentences"]
    if made["suppressed"]["cells"] or any(_says_few(s, below) for s in said):
        # Gains and losses hang together: one of them with the values gives the other.
        scenario["sentences"] = [s for s in said if not _STATES_PEOPLE.search(s)]
        scenario["notes"] = [n for n in scenario["notes"] if not _STATES_PEOPLE.search(n)]
    return made


def suppress_together(documents: Sequence[dict[str, Any]], below: int) -> list[dict[str, Any]]:
    """Copies of result objects of the same city at several moments, all without the same cells.

    A cell that is small at one moment, or that changes by a small number
    between two, is hidden at each of them.

    Raises:
        InputError: As `suppress`.
    """
    if below < 2:
        raise InputError(
            Said(f"--suppress-below 须不小于 2，得到 {below}", "the limit must be at least 2")
        )
    made = [copy.deepcopy(document) for document in documents]
    people = _Hidden.union(_Units(one["units"], below, made[0]["units"]).find() for one in made)
    kinds = set().union(*(_small_beds(one, below) for one in made))
    ids = {i["id"] for one in made for i in one["indicators"]}
    found = {
        id_: _measures([i for one in made for i in one["indicators"] if i["id"] == id_], below)
        for id_ in ids
    }
    count = 0
    for one in made:
        count += people.write(one["units"]) + _hide_beds(one, kinds)
        for indicator in one["indicators"]:
            count += _indicator(indicator, one, found[indicator["id"]], kinds, below)
    for one in made:
        one["suppressed"] = {"below": below, "cells": count}
        if count:
            _strip_notes(one)
    return made


def mask(document: dict[str, Any]) -> dict[str, Any]:
    """A copy of the result object without the precise places of sensitive sites."""
    made = copy.deepcopy(document)
    if "scenario" in made:
        made["scenario"]["after"] = mask(made["scenario"]["after"])
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


@dataclass
class _Hidden:
    """Cells of people that are hidden: level and code of the unit, by family of groups."""

    all: set[tuple[str, str]] = field(default_factory=set)
    parts: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def union(cls, several: Iterable[_Hidden]) -> _Hidden:
        """Everything that is hidden in one of them."""
        made = cls()
        for one in several:
            made.all |= one.all
            made.parts |= one.parts
        return made

    def write(self, units: Iterable[dict[str, Any]]) -> int:
        """Hide the cells in a list of units; how many went."""
        cells = 0
        for unit in units:
            for group, value in unit["people"].items():
                gone = self.all if group == "all" else self.parts
                if _key(unit) in gone and value is not None:
                    unit["people"][group] = HIDDEN
                    cells += 1
        return cells


def _key(unit: Mapping[str, Any]) -> tuple[str, str]:
    return str(unit["level"]), str(unit["code"])


class _Units:
    """People of units by group: township in county in city, each level a sum of the one below."""

    def __init__(
        self, units: Sequence[dict[str, Any]], below: int, before: Sequence[dict[str, Any]]
    ) -> None:
        self.units, self.below = units, below
        self.before = {_key(u): u["people"] for u in before}
        self.hidden = _Hidden()

    def find(self) -> _Hidden:
        """The cells that are small, and those that would give them away."""
        for unit in self.units:
            people, was = unit["people"], self.before.get(_key(unit), {})
            few = {g for g in people if self._small(people[g], was.get(g))}
            if few:
                # One group beside the whole would be bounded by the rest.
                self.hidden.parts.add(_key(unit))
            if "all" in few:
                self.hidden.all.add(_key(unit))
        for gone, groups in ((self.hidden.all, ("all",)), (self.hidden.parts, _SUBGROUPS)):
            self._protect(gone, groups)
        return self.hidden

    def _small(self, value: Any, was: Any) -> bool:
        """Whether a count is small, or differs by a small number from what it was."""
        changed = value is not None and was is not None and small(abs(value - was), self.below)
        return small(value, self.below) or changed

    def _protect(self, gone: set[tuple[str, str]], names: tuple[str, ...]) -> None:
        """Hide further cells until no hidden township follows from any published sum.

        A published county bounds the hidden townships in it; a published city
        those of all hidden counties together.
        """
        counties = {_key(c): self._leaves(c, names) for c in self.units if c["level"] == "county"}
        for key, leaves in counties.items():
            groups = self._known([c for c in self.units if _key(c) == key], names)
            while key not in gone and not self._ambiguous(leaves, gone, groups):
                gone.add(_smallest(leaves, gone, groups) or key)
        city = next((u for u in self.units if u["level"] == "city"), None)
        if city is None:
            return
        groups = self._known([city], names)
        while _key(city) not in gone:
            inside = [leaf for key, own in counties.items() if key in gone for leaf in own]
            if self._ambiguous(inside, gone, groups):
                return
            whole = [c for c in self.units if c["level"] == "county"]
            key = _smallest(whole, gone, groups) or _key(city)
            gone.add(key)
            own = counties.get(key, [])
            if not any(_key(leaf) in gone for leaf in own):
                # A county whose townships all show shows itself.
                gone.add(_smallest(own, gone, groups) or key)

    def _leaves(self, county: Mapping[str, Any], names: tuple[str, ...]) -> list[dict[str, Any]]:
        """The townships whose people add up to a county's; itself where none is known."""
        own = [
            u
            for u in self.units
            if u["level"] == "township"
            and u["county"] == county["code"]
            and any(u["people"][g] is not None for g in names)
        ]
        return own or [u for u in self.units if _key(u) == _key(county)]

    def _known(self, wholes: Sequence[dict[str, Any]], names: tuple[str, ...]) -> list[str]:
        """The groups of which a total is known: without one there is no sum to work back from."""
        return [g for g in names if any(u["people"][g] is not None for u in wholes)]

    def _ambiguous(
        self, leaves: Sequence[dict[str, Any]], gone: set[tuple[str, str]], groups: Sequence[str]
    ) -> bool:
        """Whether the sum of the hidden ones, if any, leaves each its whole range."""
        inside = [leaf for leaf in leaves if _key(leaf) in gone]
        sums = [sum(leaf["people"][g] or 0 for leaf in inside) for g in groups]
        least = self.below - 1 + len(inside) - 1
        return not inside or not groups or (len(inside) > 1 and min(sums) >= least)


def _smallest(
    units: Sequence[dict[str, Any]], gone: set[tuple[str, str]], groups: Sequence[str]
) -> tuple[str, str] | None:
    """The published unit with the fewest people that can hide others: none of its groups empty."""
    rest = [
        (min(u["people"][g] for g in groups), _key(u))
        for u in units
        if _key(u) not in gone and all(u["people"][g] for g in groups)
    ]
    return min(rest)[1] if rest else None


def _small_beds(document: dict[str, Any], below: int) -> set[str]:
    """Kinds of protected sites of which one, or all together, have few beds."""
    keys = ("beds", "nursing_beds")
    return {
        row["kind"]
        for row in [*document["register"], *document["kinds"]]
        if row["kind"] in PROTECTED_KINDS and any(small(row[k], below) for k in keys)
    }


def _hide_beds(document: dict[str, Any], kinds: set[str]) -> int:
    """Hide the beds of kinds, site by site and in total; how many rows are concerned.

    All sites of a kind and not the small ones only: a total before and after
    a scenario would tell one of them.
    """
    cells = 0
    for row in [*document["register"], *document["kinds"]]:
        if row["kind"] in kinds and row["beds"] is not None:
            row["beds"] = row["nursing_beds"] = HIDDEN
            cells += 1
    return cells


@dataclass(frozen=True)
class _Measures:
    """Which values of an indicator are hidden, at every moment alike."""

    counties: bool = False
    denominators: bool = False
    total: bool = False


def _measures(moments: Sequence[dict[str, Any]], below: int) -> _Measures:
    """What is small in an indicator at any of several moments, or between them."""
    if moments[0]["measure"] != "people_within":
        unit, system = moments[0]["unit"].strip(), moments[0]["system"]
        protected = system in PROTECTED_SYSTEMS or moments[0]["id"].startswith("disability.")
        persons = protected and unit in _PERSON_UNITS
        return _Measures(total=persons and _few(moments, below))
    cells: dict[str, list[dict[str, Any]]] = {}
    for moment in moments:
        for county in moment["by_county"]:
            cells.setdefault(county["code"], []).append(county)
    counties = any(_few(rows, below) for rows in cells.values())
    tiny = any(small(c["denominator"], below) for rows in cells.values() for c in rows)
    total = _few(moments, below) or (counties and len(cells) == 1)
    return _Measures(counties or total, tiny or total, total)


def _few(rows: Sequence[dict[str, Any]], below: int) -> bool:
    """Whether a share is of few at one moment, or changes by few from the first to another."""
    if any(_small_share(row, below) for row in rows):
        return True
    return any(
        small(abs(row[key] - rows[0][key]), below)
        for row in rows[1:]
        for key in ("numerator", "denominator")
        if row[key] is not None and rows[0][key] is not None
    )


def _indicator(
    indicator: dict[str, Any],
    document: dict[str, Any],
    found: _Measures,
    kinds: set[str],
    below: int,
) -> int:
    """Hide what one indicator says of small counts; the number of values gone."""
    gone = _waiting(indicator, document["units"], below)
    if found.counties:
        for county in indicator["by_county"]:
            county["numerator"] = county["value"] = HIDDEN
            if found.denominators:
                county["denominator"] = HIDDEN
        indicator["shown"]["counties"] = [HIDDEN] * len(indicator["by_county"])
        gone += 1
    beds = indicator["measure"] == "bed_ratio" and kinds & set(indicator["kinds"])
    if found.total or beds:
        _withhold(indicator, document["lang"])
        gone += 1
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


def _withhold(indicator: dict[str, Any], lang: Lang) -> None:
    """Take the value out of an indicator, with every number and verdict that follows from it."""
    from coverage.results.words import STATUS

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


def _says_few(sentence: str, below: int) -> bool:
    """Whether a sentence states a small number of people, or fewer than one."""
    if "不足 1" in sentence or "fewer than 1" in sentence:
        return True
    return any(
        small(int(found.replace(",", "")), below) for found in _PEOPLE_STATED.findall(sentence)
    )


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
