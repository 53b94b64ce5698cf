"""Which unit a row means, by all that it says: codes, names of every level, addresses.

A row either *is* a unit (a boundary, a line of a census sheet: `level` is given and `Evidence.name`
is the unit's name) or *lies in* one (a facility: the finest unit that its words name is wanted).
Codes are read in every dress, and codes and names that ceased are followed to today through
`coverage.places.changes`. Names are matched by `coverage.places.names`. What is not sure is
never guessed: it is asked back, or left to the row's place (`Found.settled_at`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from coverage.messages import Said
from coverage.places.changes import Changes, load_changes
from coverage.places.names import HOW, SETTLED, Match, match_unit, plain_name, settled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from coverage.units import Unit, Units

# A name that says another unit this surely is a contradiction and no slip.
_SURE = 0.9
_DIGITS = {"county": 6, "township": 9, "village": 12}
_LISTED = 6
_TOWNSHIP = re.compile("镇|乡|街道|鎮|鄉")
_SUFFIX = re.compile(r"(街道办事处|街道办|办事处|人民政府|民族乡|街道|镇|乡)$")
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
    """

    code: str = ""
    county: str = ""
    township: str = ""
    village: str = ""
    name: str = ""
    address: str = ""
    sheet: str = ""
    day: date | None = None


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
                name = _full(fits[0], units)
                said = Said(
                    f"同名乡镇按坐标定为 {name}", f"of units of one name the place tells: {name}"
                )
                return replace(self, unit=units[fits[0]], maybe=(), said=[*self.said, said])
        return None


def code_in(text: str) -> str:
    """The division code that a cell holds: zeros at the end of a longer code are dropped.

    ``441802103000``, ``4418021030000000000`` and ``441802103.0`` are all 441802103. A cell
    that is no code gives an empty string.
    """
    digits = unicodedata.normalize("NFKC", text).strip().removesuffix(".0").lstrip("'")
    if not digits.isdecimal() or len(digits) not in {6, 9, 12, 15, 19}:
        return ""
    for length in _DIGITS.values():
        if len(digits) >= length and not digits[length:].strip("0"):
            return digits[:length]
    return ""


def find_unit(
    row: Evidence, units: Units, *, level: str | None = None, changes: Changes | None = None
) -> Found:
    """The unit that a row means.

    Args:
        row: All that it says.
        units: The city's units.
        level: ``county`` or ``township`` if the row is itself such a unit; without it the row
            lies somewhere, and the finest unit is wanted.
        changes: What changed, by default as it ships.
    """
    changes = load_changes() if changes is None else changes
    if level is not None:
        return _Itself(row, units, changes, level).find()
    return _Within(row, units, changes).find()


def unit_of_titles(titles: Iterable[str], units: Units) -> str:
    """Code of the unit after which a sheet or file is named: one sheet a county is common."""
    for title in titles:
        found = [
            m
            for level in ("county", "township")
            for m in match_unit(title, units, level=level)
            if m.how == "exact"
        ]
        if len(found) == 1:
            return found[0].code
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
    said = _is_today(code, units[known[0]], changes)
    said = Said(f"{said.zh}{doubt}", f"{said.en}{' (not verified)' if doubt else ''}")
    return Found(units[known[0]], said=[said], old=code, mark=f"{MARK} {code}{doubt}")


def _is_today(code: str, unit: Unit, changes: Changes) -> Said:
    old = changes.name_on(code, date.min) or ""
    return Said(f"旧代码 {code}{old} 今为 {unit.code}{unit.name}", f"{code} is {unit.code} today")


def _full(code: str, units: Units) -> str:
    """A unit's name with that of its county before it."""
    county = units.county_of(code)
    return f"{county.name if county and county.code != code else ''}{units.name(code)}"


def _not_listed(code: str) -> Said:
    return Said(f"代码 {code} 不在本市名录", f"no unit of the city has the code {code}")


def _taken_for(text: str, match: Match, units: Units) -> Said:
    how, name = HOW[match.how], units.name(match.code)
    return Said(
        f"“{text}”按 {name} 理解（{how.zh}，{match.score:.2f}）",
        f"“{text}” was taken for {name} ({how.en}, {match.score:.2f})",
    )


def _which(text: str, found: Sequence[Match], units: Units) -> Said:
    codes = [m.code for m in found[:_LISTED]]
    names = [_full(code, units) for code in codes]
    return Said(
        f"“{text}”有 {len(found)} 处：{'、'.join(names)}（{'、'.join(codes)}），请写明代码或县区",
        f"“{text}” may be {' or '.join(names)} ({', '.join(codes)}): name the county or give "
        "the code",
    )


def _no_such(text: str, found: Sequence[Match], units: Units, county: str = "") -> Said:
    near = units.name(found[0].code) if found else ""
    where = f"{county.strip()} " if county.strip() else ""
    return Said(
        f"名录中没有 {where}{text}" + (f"，最近似的是 {near}" if near else ""),
        f"no unit of that name: {where}{text}" + (f"; the nearest is {near}" if near else ""),
    )


class _Itself:
    """A row that is a unit of one level: by its code, else by its name."""

    def __init__(self, row: Evidence, units: Units, changes: Changes, level: str) -> None:
        self.row, self.units, self.changes, self.level = row, units, changes, level

    def find(self) -> Found:
        code, name = self.row.code.strip(), self.row.name.strip()
        number = code_in(code)
        if number:
            return self._by_code(number)
        if not name:
            return Found(why=[Said("没有代码也没有名称", "neither a code nor a name")])
        found = self._named()
        if code and found.unit:
            said = Said(f"代码 {code} 不是区划代码，按名称", f"the code {code} is none: by name")
            found.said.insert(0, said)
        return found

    def _by_code(self, number: str) -> Found:
        length = _DIGITS[self.level]
        unit = self.units.get(number)
        if len(number) == length and (self.row.day is not None or unit is None):
            moved = today_of(number, self.units, self.changes, self.row.day)
            if moved is not None:
                return moved
        if unit is not None and unit.level == self.level:
            return self._agreeing(unit)
        if len(number) > length and number[:length] in self.units:
            return Found(why=[Said(f"{number} 是村级代码", f"{number} is the code of a village")])
        ours = any(code.startswith(number[:4]) for code in (u.code for u in self.units))
        if ours and self.row.name.strip():
            named = self._named(least=_SURE)
            if named.unit is not None:
                why = _not_listed(number)
                named.said.insert(0, Said(f"{why.zh}，按名称", f"{why.en}: by name"))
                return named
        return Found(why=[_not_listed(number)])

    def _matches(self) -> list[Match]:
        county = self.row.county.strip() or None
        return match_unit(self.row.name, self.units, county=county, level=self.level)

    def _agreeing(self, unit: Unit) -> Found:
        """`unit`, unless the row's name is another's."""
        name = self.row.name
        if not name.strip() or plain_name(name) == plain_name(unit.name):
            return Found(unit)
        found = self._matches()
        if any(m.code == unit.code for m in found):
            return Found(unit)
        other = settled(found)
        if other is not None and other.score >= _SURE:
            called = self.units.name(other.code)
            why = Said(
                f"代码是 {unit.code}{unit.name}，名称却是 {other.code}{called}：哪个对？",
                f"the code is that of {unit.name}, the name that of {other.code}{called}: "
                "which is right?",
            )
            return Found(why=[why])
        said = Said(
            f"名称 {name} 与名录 {unit.name} 不同，按代码",
            f"the name {name} is not {unit.name} as listed: by code",
        )
        return Found(unit, said=[said])

    def _named(self, *, least: float = 0.0) -> Found:
        found, name = self._matches(), self.row.name
        one = settled(found)
        if one is not None and one.score >= least:
            unit = self.units[one.code]
            old = self._part(unit)
            if one.how not in {"exact", "traditional"}:
                return Found(unit, said=[_taken_for(name, one, self.units)], old=old)
            return Found(unit, said=[_is_today(old, unit, self.changes)] if old else [], old=old)
        if len(found) > 1:
            return Found(why=[_which(name, found, self.units)])
        return Found(why=[_no_such(name, found, self.units, self.row.county)])

    def _part(self, unit: Unit) -> str:
        """The unit of then that a name of then means, where today's unit is made of it."""
        day = self.row.day
        if day is None:
            return ""
        root = _root(self.row.name)
        return next(
            (
                code
                for code in self.changes.to_then(unit.code, day)
                if code != unit.code and _root(self.changes.name_on(code, day) or "") == root
            ),
            "",
        )


def _root(name: str) -> str:
    return _SUFFIX.sub("", plain_name(name))


class _Within:
    """A row that lies in a unit: the finest that its words name."""

    def __init__(self, row: Evidence, units: Units, changes: Changes) -> None:
        self.row, self.units, self.changes = row, units, changes
        self.found = Found()

    def find(self) -> Found:
        if self.row.code.strip():
            return self._by_code(self.row.code.strip())
        county = self._named("county", "")
        township = self._named("township", county)
        village = self._named("village", township or county)
        self._take(village or township or county)
        if len(self.found.code) > 6:
            self._check_own_name()
        if self.found.maybe or self.found.why:
            return self.found
        if self.found.unit is None:
            self._by_address()
        if len(self.found.code) <= 6 and not self.found.maybe:
            self._by_own_name()
        if self.found.unit is None and not self.found.maybe and self.row.sheet:
            self._take(self.row.sheet)
            name = self.units.name(self.row.sheet)
            self._say(f"单元由表名得出：{name}", f"the unit is that of the sheet: {name}")
        return self.found

    def _by_code(self, code: str) -> Found:
        number = code_in(code) or code
        unit = self.units.get(number)
        city = self.units.city
        if unit is None and city is not None and number == city.code:
            unit = city
        if unit is not None:
            return Found(unit)
        return today_of(number, self.units, self.changes) or Found(why=[_not_listed(code)])

    def _take(self, code: str) -> None:
        self.found.unit = self.units[code] if code else None

    def _say(self, zh: str, en: str) -> None:
        self.found.said.append(Said(zh, en))

    def _named(self, level: str, above: str) -> str:
        """Code of the unit that the cell of a level names, empty where it does not tell."""
        text = str(getattr(self.row, level))
        if not text:
            return ""
        found = match_unit(text, self.units, county=above[:6] or None, level=level)
        if len(above) > 6:
            found = [m for m in found if m.code.startswith(above)] or found
        best = _best(found)
        if best and best[0].score >= SETTLED:
            return self._one(text, best)
        if level == "village" and above:
            self._say(
                f"找不到村（社区）“{text}”，按乡镇定位",
                f"no village is called “{text}”: its township is taken",
            )
        else:
            self.found.why.append(_no_such(text, best, self.units))
        return ""

    def _by_address(self) -> None:
        """The unit that an address names; an address that names none says nothing wrong."""
        text = self.row.address
        best = _best(match_unit(text, self.units)) if text else []
        if best and best[0].score >= SETTLED:
            self._take(self._one(text, best))

    def _by_own_name(self) -> None:
        """太和镇敬老院 lies in 太和镇: only names written in full, in the county that is known."""
        best = self._in_own_name(self.found.code[:6] or None)
        code = self._one(self.units.name(best[0].code), best, quiet=True) if best else ""
        if code:
            self._take(code)
            name = self.units.name(code)
            self._say(f"乡镇由名称得出：{name}", f"the township is that of its name: {name}")

    def _check_own_name(self) -> None:
        """Doubt a facility that is named after another township than the one it is put in."""
        code = self.found.code[:9]
        own = self.units.name(code)
        if own[:2] in self.row.name or not _TOWNSHIP.search(self.row.name):
            return
        found = self._in_own_name(None)
        if found and not any(m.code == code for m in found):
            other = self.units.name(found[0].code)
            said = Said(
                f"名称说是{other}，所填乡镇是{own}，请核对",
                f"it is named after {other} and put in {own}",
            )
            self.found.doubts.append(said)

    def _in_own_name(self, county: str | None) -> list[Match]:
        """Townships whose full name the facility's name begins with, after city and county."""
        text = self.row.name
        whole = plain_name(text)
        return [
            m
            for m in _best(match_unit(text, self.units, county=county, level="township"))
            if m.score >= SETTLED and plain_name(self.units.name(m.code)) in whole
        ]

    def _one(self, text: str, best: Sequence[Match], *, quiet: bool = False) -> str:
        """The one unit of several that fit, by the sheet's name if that tells."""
        if len(best) > 1:
            home = self.row.sheet[:6]
            here = [m.code for m in best if home and m.code.startswith(home)]
            if len(here) == 1:
                county = self.units.name(home)
                self._say(
                    f"“{text}”按表名取 {county}的", f"“{text}” is that of {county}, as the sheet is"
                )
                return here[0]
            self.found.maybe = tuple(m.code for m in best)
            self.found.question = _which(text, best, self.units)
            return ""
        if best[0].score < 1 and not quiet:
            self.found.said.append(_taken_for(text, best[0], self.units))
        return best[0].code


def _best(found: Sequence[Match]) -> list[Match]:
    return [m for m in found if m.score == found[0].score] if found else []
