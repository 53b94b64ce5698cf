"""What a row says of its unit, what is found of that, and the sentences for both."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from coverage.messages import Question, Said, Spelling
from coverage.places.names import HOW, Match

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.places.changes import Changes
    from coverage.units import Unit, Units

DIGITS = {"county": 6, "township": 9, "village": 12}
LISTED = 6
_NO_FRACTION = re.compile(r"\.0*$")
MARK = "原区划代码"
UNVERIFIED = "（对应未核实）"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a row says of its unit; every cell as it stands, empty where there is none.

    Attributes:
        code: Of any level and in any dress.
        county: Name or code of the county.
        township: Name of the township.
        village: Name of the village.
        name: What the row calls itself: a unit, or a facility that may be named after one.
        address: An address.
        sheet: Code of the unit after which its sheet or file is named, see `unit_of_titles`.
        day: Day of the row, for codes and names of then.
        city: Name of the city.
    """

    code: str = ""
    county: str = ""
    township: str = ""
    village: str = ""
    name: str = ""
    address: str = ""
    sheet: str = ""
    day: date | None = None
    city: str = ""


@dataclass(slots=True)
class Found:
    """The unit a row means, or why it is not known.

    Attributes:
        unit: The finest unit that is sure, `None` where none is.
        maybe: Codes that the row's words fit equally well; its place may tell which.
        question: What to ask back if the place does not tell.
        why: Why no unit can be taken.
        said: How it was found, if not plainly.
        doubts: What to look at although a unit was found.
        old: Code that the unit had on the day asked about, if another.
        mark: For the row's note: the code that it came with, where that is another today.
    """

    unit: Unit | None = None
    maybe: tuple[str, ...] = ()
    question: Said | None = None
    why: list[Said] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    doubts: list[Said] = field(default_factory=list)
    old: str = ""
    mark: str = ""

    @property
    def code(self) -> str:
        """Code of the unit, empty where none is sure."""
        return self.unit.code if self.unit else ""

    def settled_at(self, units: Units, *codes: str) -> Found | None:
        """The answer with one of `maybe` chosen by the place, `None` if the place does not tell.

        Args:
            units: The city's units.
            codes: Units that the place lies in, the surest first; empty ones say nothing.
        """
        for here in filter(None, codes):
            fits = [code for code in self.maybe if code.startswith(here)]
            if len(fits) == 1:
                name = full_name(fits[0], units)
                said = Said(f"几处中按坐标定为 {name}", f"of several the place tells: {name}")
                return replace(self, unit=units[fits[0]], maybe=(), said=[*self.said, said])
        return None


def code_in(text: str) -> str:
    """The division code that a cell holds: zeros at the end of a longer code are dropped.

    ``441802103000``, ``4418021030000000000``, ``441 802 103`` and ``441802103.0`` are all
    441802103. A cell that is no code gives an empty string.
    """
    digits = "".join(unicodedata.normalize("NFKC", text).split()).lstrip("'")
    digits = _NO_FRACTION.sub("", digits)
    if not digits.isdecimal() or len(digits) not in {6, 9, 12, 15, 19}:
        return ""
    for length in DIGITS.values():
        if len(digits) >= length and not digits[length:].strip("0"):
            return digits[:length]
    return ""


def today_of(code: str, units: Units, changes: Changes, on: date | None = None) -> Found | None:
    """What a code of former times is today, `None` if no change tells.

    `Found.mark` is what `coverage.intake.rebase` finds the way back by.
    """
    day = on or changes.last_day(code)
    codes = changes.to_today(code, day) if day else []
    known = [c for c in codes if c in units]
    if not codes or codes == [code]:
        return None
    if len(known) != 1:
        listed = "、".join(f"{c}{units.name(c)}" if c in units else c for c in codes)
        why = Said(
            f"{code} 今分属 {listed}，请写明",
            f"{code} is several units today ({', '.join(codes)}): say which",
        )
        return Found(why=[why])
    doubt = UNVERIFIED if changes.unverified(code, known[0]) else ""
    said = is_today(code, units[known[0]], changes)
    said = Said(f"{said.zh}{doubt}", f"{said.en}{' (not verified)' if doubt else ''}")
    return Found(units[known[0]], said=[said], old=code, mark=f"{MARK} {code}{doubt}")


def is_today(code: str, unit: Unit, changes: Changes) -> Said:
    """That an old code is another today."""
    old = changes.name_on(code, date.min) or ""
    return Said(f"旧代码 {code}{old} 今为 {unit.code}{unit.name}", f"{code} is {unit.code} today")


def full_name(code: str, units: Units) -> str:
    """A unit's name with that of its county before it."""
    county = units.county_of(code)
    return f"{county.name if county and county.code != code else ''}{units.name(code)}"


def not_listed(code: str) -> Said:
    """That no unit of the city has a code."""
    return Said(f"代码 {code} 不在本市名录", f"no unit of the city has the code {code}")


def taken_for(text: str, match: Match, units: Units) -> Said:
    """That a text was read as a unit that is written otherwise."""
    how, name = HOW[match.how], units.name(match.code)
    # An old name, a slip or an address is more than a spelling.
    told = Spelling if match.how in {"traditional", "no_suffix", "suffix_form"} else Said
    return told(
        f"“{text}”按 {name} 理解（{how.zh}，{match.score:.2f}）",
        f"“{text}” was taken for {name} ({how.en}, {match.score:.2f})",
    )


def which(text: str, fits: Sequence[str], units: Units) -> Said:
    """The question which of several units a text means."""
    codes = fits[:LISTED]
    names = [full_name(code, units) for code in codes]
    return Question(
        f"“{text}”有 {len(fits)} 处：{'、'.join(names)}（{'、'.join(codes)}），请写明代码或县区",
        f"“{text}” may be {' or '.join(names)} ({', '.join(codes)}): name the county or give "
        "the code",
    )


def no_such(text: str, found: Sequence[Match], units: Units, county: str = "") -> Said:
    """That no unit has that name, and which is the nearest."""
    near = units.name(found[0].code) if found else ""
    where = f"{county.strip()} " if county.strip() else ""
    return Said(
        f"名录中没有 {where}{text}" + (f"，最近似的是 {near}" if near else ""),
        f"no unit of that name: {where}{text}" + (f"; the nearest is {near}" if near else ""),
    )
