"""Which unit a row means: by code, else by name; what is not sure is asked back.

Codes that ceased are followed to today through `coverage.places.changes`;
names are matched by `coverage.places.names`, old names and slips of one
character among them.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from coverage.messages import Said
from coverage.places.changes import Changes
from coverage.places.names import HOW, match_unit, plain_name, settled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coverage.units import Unit, Units

# As in the attribute tables of national land surveys (XZQ…, ZLDW…) and in bureaus' sheets.
CODE_COLUMNS = (
    "code 代码 区划代码 行政区划代码 行政区代码 统计用区划代码 乡镇代码 乡镇街道代码 镇街代码 "
    "街道代码 县代码 县级代码 单位代码 xzqdm xzqhdm xzdm xiangdm zldwdm qhdm pac adcode ad_code "
    "unit_code town_code township_code towncode county_code gb xzqh xdm"
)
NAME_COLUMNS = (
    "name 名称 乡镇 镇街 街道 乡镇街道 乡镇名称 镇街名称 街道名称 乡镇街道名称 行政区名称 "
    "行政区划名称 单位名称 地名 镇名 乡镇名 地区 单位 xzqmc xzmc xzqhmc zldwmc xiangmc "
    "town township town_name township_name towns unit_name mc "
    "乡（镇、街道） 乡镇（街道） 镇（街道） 镇乡街道 县名 县名称"
)
COUNTY_COLUMNS = (
    "county 县 区 县区 区县 县市区 县（市、区） 所属县 所属区 所属县区 所属区县 县名称 "
    "区县名称 县区名称 xianmc xjmc county_name district qxmc 区县名 所在县区 所在区县 县级 县级名称"
)

# A name that says another unit this surely is a contradiction and no slip.
_SURE = 0.9
_JUNK = re.compile(r"[\s\W_]+")
_SUFFIX = re.compile(r"(街道办事处|街道办|办事处|人民政府|民族乡|街道|镇|乡)$")


class Match(NamedTuple):
    """The unit a row means, or why it is not known.

    Attributes:
        unit: The unit, `None` where none is sure.
        said: How it was found if not plainly, or why not.
        old: Code it had on the day asked about, if another.
    """

    unit: Unit | None
    said: tuple[Said, ...] = ()
    old: str = ""


def plain(text: str) -> str:
    """A name for comparison: half width, simplified, lower case, no blanks or punctuation."""
    return _JUNK.sub("", plain_name(text))


def find_column(columns: Iterable[str], known: str) -> str | None:
    """The first of `columns` called by a word of `known`, in the order of these words."""
    own = {plain(column): column for column in reversed(list(columns))}
    return next((own[plain(name)] for name in known.split() if plain(name) in own), None)


def code_in(text: str) -> str:
    """The division code that a cell holds: zeros at the end of a longer code are dropped.

    ``441802103000``, ``4418021030000000000`` and ``441802103.0`` are all 441802103. A cell
    that is no code gives an empty string.
    """
    digits = unicodedata.normalize("NFKC", text).strip().removesuffix(".0").lstrip("'")
    if not digits.isdecimal() or len(digits) not in {6, 9, 12, 15, 19}:
        return ""
    for length in (6, 9, 12):
        if len(digits) >= length and not digits[length:].strip("0"):
            return digits[:length]
    return ""


@dataclass(frozen=True)
class Matcher:
    """Finds units of one level.

    Attributes:
        units: The city's units.
        level: ``township`` or ``county``.
        changes: What changed, for old codes and names.
    """

    units: Units
    level: str = "township"
    changes: Changes = Changes(())  # noqa: RUF009 -- it is never changed

    @cached_property
    def known(self) -> tuple[Unit, ...]:
        """All units of the level, statistical ones among them."""
        return self.units.township_rows if self.level == "township" else self.units.counties

    def match(self, code: str, name: str, county: str = "", on: date | None = None) -> Match:
        """The unit of a row.

        Args:
            code: Cell of the code column, may be empty.
            name: Cell of the name column, may be empty.
            county: Cell of the county column; it decides between equal names.
            on: Day of the row, for codes and names of then.
        """
        number = code_in(code)
        if number:
            return self._by_code(number, name, county, on)
        if name.strip():
            found = self._named(name, county, on)
            if code.strip() and found.unit:
                said = Said(
                    f"代码 {code} 不是区划代码，按名称", f"the code {code} is none: by name"
                )
                return found._replace(said=(said, *found.said))
            return found
        return Match(None, (Said("没有代码也没有名称", "neither a code nor a name"),))

    def _by_code(self, number: str, name: str, county: str, on: date | None) -> Match:
        length = 9 if self.level == "township" else 6
        unit = self.units.get(number)
        if len(number) == length and (on is not None or unit is None):
            moved = self._today(number, on)
            if moved is not None:
                return moved
        if unit is None or unit.level != self.level:
            if len(number) > length and number[:length] in self.units:
                why = Said(f"{number} 是村级代码", f"{number} is the code of a village")
                return Match(None, (why,))
            ours = any(u.code[:4] == number[:4] for u in self.known)
            named = self._named(name, county, on, least=_SURE) if ours and name.strip() else None
            if named is not None and named.unit is not None:
                said = Said(
                    f"代码 {number} 不在本市名录，按名称", f"no unit has the code {number}: by name"
                )
                return named._replace(said=(said, *named.said))
            why = Said(f"代码 {number} 不在本市名录", f"no unit of the city has the code {number}")
            return Match(None, (why,))
        return self._agreeing(unit, name, county)

    def _today(self, number: str, on: date | None) -> Match | None:
        """The unit that an older code is today; `None` if the code has not changed."""
        day = on or self.changes.last_day(number)
        codes = self.changes.to_today(number, day) if day else []
        if not codes or codes == [number]:
            return None
        units = [u for c in codes if (u := self.units.get(c)) and u.level == self.level]
        if len(units) == 1:
            return Match(units[0], (self._is_today(number, units[0]),), number)
        listed = "、".join(codes)
        why = Said(f"{number} 今分属 {listed}", f"{number} is several units today: {listed}")
        return Match(None, (why,))

    def _agreeing(self, unit: Unit, name: str, county: str) -> Match:
        """`unit`, unless the row's name is another's."""
        if not name.strip() or plain(name) == plain(unit.name):
            return Match(unit)
        found = match_unit(name, self.units, county=county.strip() or None, level=self.level)
        if any(m.code == unit.code for m in found):
            return Match(unit)
        other = settled(found)
        if other is not None and other.score >= _SURE:
            listed = f"{other.code}{self.units.name(other.code)}"
            why = Said(
                f"代码是 {unit.code}{unit.name}，名称却是 {listed}：哪个对？",
                f"the code is that of {unit.name}, the name that of {listed}: which is right?",
            )
            return Match(None, (why,))
        said = Said(
            f"名称 {name} 与名录 {unit.name} 不同，按代码",
            f"the name {name} is not {unit.name} as listed: by code",
        )
        return Match(unit, (said,))

    def _named(self, name: str, county: str, on: date | None, *, least: float = 0.0) -> Match:
        found = match_unit(name, self.units, county=county.strip() or None, level=self.level)
        one = settled(found)
        if one is not None and one.score >= least:
            unit = self.units[one.code]
            old = self._part(unit, name, on)
            if one.how in {"exact", "traditional"}:
                said = (self._is_today(old, unit),) if old else ()
                return Match(unit, said, old)
            how = HOW[one.how]
            words = Said(
                f"{name} 认作 {unit.name}（{how.zh}，{one.score:.2f}）",
                f"{name} taken for {unit.name} ({how.en}, {one.score:.2f})",
            )
            return Match(unit, (words,), old)
        if found:
            listed = "、".join(self._full(m.code) for m in found[:6])
            why = Said(
                f"名称 {name} 有几种可能：{listed}，请写明代码或县",
                f"{name} may be any of {listed}; state the code or the county",
            )
            return Match(None, (why,))
        where = f"{county.strip()} " if county.strip() else ""
        return Match(
            None,
            (Said(f"名录中没有 {where}{name}", f"no unit of the city is called {where}{name}"),),
        )

    def _full(self, code: str) -> str:
        county = self.units.county_of(code)
        above = county.name if county and county.code != code else ""
        return f"{above}{self.units.name(code)}（{code}）"

    def _part(self, unit: Unit, name: str, on: date | None) -> str:
        """The unit of then that a name of then means, where today's unit is made of it."""
        if on is None:
            return ""
        root = _SUFFIX.sub("", plain(name))
        return next(
            (
                code
                for code in self.changes.to_then(unit.code, on)
                if code != unit.code
                and _SUFFIX.sub("", plain(self.changes.name_on(code, on) or "")) == root
            ),
            "",
        )

    def _is_today(self, number: str, unit: Unit) -> Said:
        old = self.changes.name_on(number, date.min) or ""
        return Said(f"{number}{old} 今为 {unit.code}{unit.name}", f"{number} is {unit.code} today")
