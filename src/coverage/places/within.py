"""The unit that a row lies in, by every cell of it.

Each cell narrows down what the others leave open, whatever its heading says, and the finest
unit is taken. Cells that contradict each other are asked back with both sides.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from coverage.messages import Said
from coverage.places.evidence import (
    LISTED,
    Evidence,
    Found,
    code_in,
    full_name,
    no_such,
    not_listed,
    taken_for,
    today_of,
    which,
)
from coverage.places.names import LEVELS, SETTLED, SURE, Match, match_unit, name_index, plain_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage.places.changes import Changes
    from coverage.units import Units

_TOWNSHIP = re.compile("镇|乡|街道|鎮|鄉")
_LOST = re.compile(r"\d\.\d+(e\+?\d+)?$", re.IGNORECASE)
_BRACKETS = re.compile("[()（）]")
_DIGIT = re.compile(r"\d")
_LISTED = re.compile("[、，,;；/]")
_OF_THE_CITY = re.compile("(全市|市(本级|直|级|属).*|本级)$")
_ELSEWHERE = re.compile("[市州盟县]$|地区$")
_FROM_WORDS = {"address", "stem"}
_SAYS = {
    "code": Said("代码", "code"),
    "city": Said("地级市", "city"),
    "county": Said("县区", "county"),
    "township": Said("乡镇", "township"),
    "village": Said("村（社区）", "village"),
    "address": Said("地址", "address"),
    "name": Said("名称", "name"),
}


class Within:
    """A row that lies in a unit, narrowed down cell by cell.

    `fits` are the codes that all cells so far allow, `by` is the heading that said so last; a
    further cell keeps the finer of those that agree with it (`_meet`).
    """

    def __init__(self, row: Evidence, units: Units, changes: Changes) -> None:
        self.row, self.units, self.changes = row, units, changes
        self.found = Found()
        self.fits: tuple[str, ...] = ()
        self.by, self.text = "", ""

    def find(self) -> Found:
        """The finest unit that all cells allow, or what to ask back."""
        self._by_code()
        for level in ("city", *LEVELS):
            self._by_column(level)
        if self.row.address and not self._asked:
            self._by_address()
        if self.row.name and not self._asked:
            self._by_own_name()
        if not self._asked:
            self._settle()
        return self.found

    @property
    def _asked(self) -> bool:
        return bool(self.found.why or self.found.question)

    @property
    def _county(self) -> str:
        """Code of the county that all say, as far as it is known; a city's only one is."""
        counties = {code[:6] for code in self.fits} or {c.code for c in self.units.counties}
        return counties.pop() if len(counties) == 1 else ""

    def _say(self, zh: str, en: str) -> None:
        self.found.said.append(Said(zh, en))

    def _by_code(self) -> None:
        text = self.row.code.strip()
        if not text:
            return
        number = code_in(text)
        city = self.units.city
        if not _DIGIT.search(text):  # 行政区划 may hold names
            self._by_column("county", text)
        elif _LOST.search(text) and not number:
            self.found.why.append(
                Said(
                    "代码被表格软件改成了数字", "the code was turned into a number by a spreadsheet"
                )
            )
        elif number in self.units:
            self._add(number, "code", text)
        elif number[2:] != "0000" and not (city and number == city.code):
            moved = today_of(number or text, self.units, self.changes)
            self.found = moved or Found(why=[not_listed(text)])
            if self.found.unit:
                self._add(self.found.code, "code", text)

    def _by_column(self, level: str, text: str = "") -> None:
        """What the cell of a column says: its heading tells which level is likely, no more."""
        text = text or str(getattr(self.row, level)).strip()
        if not text or self._asked:
            return
        likely = "county" if level == "city" else level
        outer, *inner = _BRACKETS.split(text)
        found = self._several(outer, likely) or self._read(outer, likely)
        found = found or self._read(text, likely)
        if not _is_sure(found):
            self._nothing(text, level, found)
            return
        for piece in inner:  # 石角镇（佛冈）
            more = {m.code for m in self._read(piece, likely) if m.score >= SETTLED}
            here = [m for m in found if _meet((m.code,), tuple(more))]
            found = here or found
        beside = not _meet(self.fits, tuple(m.code for m in found)) if self.fits else False
        if level == "village" and beside and (len(found) > 1 or found[0].score < SURE):
            self._nothing(text, level, found)  # many villages have its name or nearly
            return
        self._narrow(found, level, text)

    def _several(self, text: str, likely: str) -> list[Match]:
        """The units of a cell that lists more than one: 源潭镇、洲心街道."""
        listed = [piece for piece in _LISTED.split(text) if piece.strip()]
        if len(listed) < 2:
            return []
        pieces = [self._read(piece, likely) for piece in listed]
        if not all(map(_is_sure, pieces)):
            return []
        codes = [tuple(m.code for m in piece) for piece in pieces]
        apart = any(not _meet(codes[0], other) for other in codes[1:])
        return [m for piece in pieces for m in piece] if apart else []

    def _nothing(self, text: str, level: str, found: Sequence[Match]) -> None:
        """A cell that names no unit of the city."""
        city = plain_name(self.units.city.name)[:-1] if self.units.city else ""
        form = plain_name(text)
        if _OF_THE_CITY.search(form) or form in {city, f"{city}市"} or form.endswith(f"{city}市"):
            return
        if level == "village" and self.fits:
            self._say(
                f"找不到村（社区）“{text}”，按乡镇定位",
                f"no village is called “{text}”: its township is taken",
            )
        elif level != "city" or _ELSEWHERE.search(form):
            self.found.why.append(no_such(text, found, self.units))

    def _read(self, text: str, likely: str | None) -> list[Match]:
        """Units that a text means: in the county that is known, at its likely level, or else."""
        best: list[Match] = []
        levels = (likely, "township", None) if likely == "county" else (likely, None)
        for county in dict.fromkeys((self._county, "")):
            for level in dict.fromkeys(levels):
                found = _best(match_unit(text, self.units, county=county or None, level=level))
                if _is_sure(found) and (level is None or found[0].how not in _FROM_WORDS):
                    return found
                best = best or found
        return best

    def _narrow(self, found: Sequence[Match], by: str, text: str, *, sure: bool = True) -> None:
        """Take what a text means; what it contradicts is asked back, or doubted if not `sure`."""
        if not self._add_all(tuple(m.code for m in found), by, text, sure=sure):
            return
        taken = [m for m in found if _meet((m.code,), self.fits)]
        if len(self.fits) == len(taken) == 1 and taken[0].score < 1:
            self.found.said.append(taken_for(text, taken[0], self.units))

    def _add(self, code: str, by: str, text: str) -> bool:
        return self._add_all((code,), by, text)

    def _add_all(self, codes: tuple[str, ...], by: str, text: str, *, sure: bool = True) -> bool:
        met = _meet(self.fits, codes) if self.fits else codes
        if met:
            if met != self.fits:
                self.fits, self.by, self.text = met, by, text
            return True
        said = self._both_sides(codes, by)
        if sure:
            self.found.maybe, self.found.question = (*self.fits, *codes), said
        else:
            self.found.doubts.append(said)
        return False

    def _both_sides(self, codes: Sequence[str], by: str) -> Said:
        sides = [
            ("、".join(full_name(c, self.units) for c in some[:LISTED]), _SAYS[whose])
            for some, whose in ((self.fits, self.by), (codes, by))
        ]
        (one, first), (two, second) = sides
        return Said(
            f"{first.zh}是{one}，{second.zh}却是{two}：哪个对？请核对",
            f"the {first.en} says {one}, the {second.en} {two}: which is right?",
        )

    def _by_address(self) -> None:
        """The unit that an address names; an address that names none says nothing wrong."""
        text = self.row.address
        found = self._read(text, None)
        known = any(len(code) > 6 for code in self.fits)
        if _is_sure(found):
            full = found[0].how != "stem"
            if not full and known and len(found[0].code) > 9:
                return  # a short name is too little to tell the village
            self._narrow(found, "address", text, sure=full)
        if not known and len(self._code) == 6 and not self._asked:
            _, towns, full = name_index(self.units).towns_in(text, self._code)
            if full and len(towns) == 1:
                self._narrow([towns[0]._replace(score=SETTLED, how="address")], "address", text)

    @property
    def _code(self) -> str:
        return self.fits[0] if len(self.fits) == 1 else ""

    def _by_own_name(self) -> None:
        """太和镇敬老院 lies in 太和镇; 源潭敬老院 of 清城区 in 源潭镇, which is to be checked."""
        known, name = len(self._code) > 6, self.row.name
        if known and (self.units.name(self._code[:9])[:2] in name or not _TOWNSHIP.search(name)):
            return
        home = () if known else (self._county, self.row.sheet[:6])
        for within in dict.fromkeys((*home, "")):
            county, towns, full = name_index(self.units).towns_in(name, within)
            if towns:
                break
        codes = tuple(m.code for m in towns) or ((county,) if county else ())
        if not codes or (known and not full):
            return
        if len(towns) > 1 and not full:
            return  # two short names tell nothing
        if self.fits and not _meet(self.fits, codes):
            self.found.doubts.append(self._both_sides(codes, "name"))
        elif self._add_all(codes, "name", name) and self._code and not known:
            unit = self.units.name(self._code)
            level = _SAYS["township" if towns else "county"]
            self._say(
                f"{level.zh}由名称得出：{unit}", f"the {level.en} is that of its name: {unit}"
            )
            if towns and not full:
                where = full_name(self._code, self.units)
                said = Said(
                    f"按名称“{name}”中的简称定为{where}，请核对",
                    f"put in {where} by a short name in “{name}”: is it there?",
                )
                self.found.doubts.append(said)

    def _settle(self) -> None:
        """The unit, where one is left; of several that of the sheet."""
        home = self.row.sheet
        here = [code for code in self.fits if home and code.startswith(home[:6])]
        if len(self.fits) > 1 and len(here) == 1:
            county, self.fits = self.units.name(home[:6]), (here[0],)
            self._say(
                f"“{self.text}”按表名取 {county}的",
                f"“{self.text}” is that of {county}, as the sheet is",
            )
        if not self.fits and home:
            self.fits = (home,)
            name = self.units.name(home)
            self._say(f"单元由表名（小标题）得出：{name}", f"the unit is that of the sheet: {name}")
        if self._code:
            self.found.unit = self.units[self._code]
        elif self.fits:
            self.found.maybe = self.fits
            self.found.question = which(self.text, self.fits, self.units)
        elif self.row.code.strip() and self.units.city:
            self.found.unit = self.units.city


def _is_sure(found: Sequence[Match]) -> bool:
    return bool(found) and found[0].score >= SETTLED


def _meet(one: Sequence[str], other: Sequence[str]) -> tuple[str, ...]:
    """The units that both allow: of each two of which one lies in the other, the finer."""
    met = {max(a, b, key=len): 0 for a in one for b in other if a.startswith(b) or b.startswith(a)}
    return tuple(met)


def _best(found: Sequence[Match]) -> list[Match]:
    """The likeliest; where a unit and what lies in it are called alike, the unit."""
    best = [m for m in found if m.score == found[0].score]
    codes = {m.code for m in best}
    return [m for m in best if not codes & {m.code[:6], m.code[:9]} - {m.code}]
