"""Names of counties, townships and villages matched to units, with a score and never a guess.

A name is compared in one spelling: half width, simplified characters, no
blanks. In this order it may be the unit's own name, the name without its
suffix or with another (源潭、源潭街道 for 源潭镇), a name it had before
(东升镇 for today's 小榄镇), a name with one character wrong, missing, too many
or two changed over, or an address that holds the names of several levels.

What fits several units equally well comes back as several matches: whoever
asks must ask back. `settled` says whether there is one answer.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from coverage.messages import Said
from coverage.places.changes import Change, shipped_changes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coverage.units import Unit, Units

HOW: dict[str, Said] = {
    "exact": Said("名称相同", "same name"),
    "traditional": Said("繁体或全角写法", "traditional or full-width spelling"),
    "no_suffix": Said("省略了通名", "without its suffix"),
    "suffix_form": Said("通名写法不同", "another form of its suffix"),
    "area": Said("功能区的另一种写法", "another form of the area's name"),
    "other_suffix": Said("通名不同", "another suffix"),
    "old_name": Said("旧名", "an old name"),
    "slip": Said("一字之差", "one character differs"),
    "address": Said("从地址中读出", "read from an address"),
    "stem": Said("从地址中的简称读出", "read from a short name in an address"),
}
# What areas that are run by an office of their own are called: 高新区 is 高新技术产业开发区.
_OFFICE = re.compile(r"(?:街道办事处|街道办|街道|管理委员会|管委会)$")
_OWNED = re.compile(r"^(?:国家级|国家|省级|国营|国有)+")
_AREA = re.compile(
    r"(?:(?P<high>高)新?|(?P<trade>经)济?|(?P<work>工)业)?(?:技术)?(?:产业)?"
    r"(?:开发?区|新区|园区|园|区)$"
)
CALLED = {"exact", "traditional", "no_suffix", "suffix_form", "old_name"}  # by a name of its own
LEVELS = ("county", "township", "village")
SETTLED = 0.75
SURE = 0.9  # what says another unit this surely is a contradiction and no slip
MARGIN = 0.03

_SUFFIXES: dict[str, re.Pattern[str]] = {
    "county": re.compile(r"(?<=..)(?:[壮瑶]族)*(?:自治县|区|县|市)$"),
    "township": re.compile(
        r"(?:街道办事处|街道办|街道|人民政府|办事处)+$|镇(?:人民政府|政府)?$"
        r"|(?<=..)(?:[壮瑶畲回苗侗]族)*乡(?:人民政府|政府)?$"
    ),
    "village": re.compile(
        r"(?:社区居民委员会|社区居委会|居民委员会|居委会|社区居委|居委"
        r"|村民委员会|村委会|村委|渔委会|社区|行政村|村)$"
    ),
}
_LAST = frozenset("道处办府镇乡会委区村县市")  # what a suffix may end with
_NOISE = re.compile(r"[\s\u3000·•・,，。.、;；:：()（）\[\]【】<>《》“”\"'‘’_/\\|-]+")
_PREFIX = re.compile(r"^(?:中国|中华人民共和国)?(?:..省|...自治区)?")
_SEGMENT = re.compile(
    r".{1,12}?(?:街道办事处|街道办|街道|镇|乡|社区居民委员会|社区居委会|社区|居民委员会|居委会"
    r"|村民委员会|村委会|村)"
)
# A short name before this is a street or a house; a name in full before a street's own word too.
_STREET = re.compile(
    r"[东南西北中上下前后新老一二三四五六七八九十环横纵]{0,2}"
    r"(?:大道|路|街(?!道)|道(?!办)|巷|弄|胡同|号|\d)"
)
_STREET_WORD = re.compile(r"大道|路|街(?!道)|巷|弄|胡同")


class Match(NamedTuple):
    """A unit that a name may mean.

    Attributes:
        code: The unit of today.
        score: 1 for its own name, less for what had to be assumed.
        how: A key of `HOW`.
    """

    code: str
    score: float
    how: str


def match_unit(
    text: str, units: Units, *, county: str | None = None, level: str | None = None
) -> list[Match]:
    """Units that a name or an address may mean, the likeliest first.

    Args:
        text: What the cell says.
        units: The city's units.
        county: Name or code of the county, where another cell states it.
        level: ``county``, ``township`` or ``village`` to look at that level alone.

    Returns:
        Every unit of the best kind of match; several if the name does not
        tell which; none if nothing is near or the county is not known.
    """
    return list(name_index(units).match(text, county=county, level=level))


def settled(matches: Iterable[Match]) -> Match | None:
    """The one answer, or `None` if there is none or more than one."""
    ranked = sorted(matches, key=lambda m: -m.score)
    if not ranked or ranked[0].score < SETTLED:
        return None
    if len(ranked) > 1 and ranked[1].score > ranked[0].score - MARGIN:
        return None
    return ranked[0]


_indexes: WeakKeyDictionary[Units, NameIndex] = WeakKeyDictionary()


def name_index(units: Units) -> NameIndex:
    """The index of a city's names, built on first use and kept as long as its units."""
    if units not in _indexes:
        _indexes[units] = NameIndex(units, shipped_changes())
    return _indexes[units]


@cache
def _simplified() -> dict[int, str]:
    text = (files("coverage.places") / "traditional.txt").read_text(encoding="utf-8")
    pairs = [p for line in text.splitlines() if not line.startswith("#") for p in line.split()]
    return {ord(pair[0]): pair[1] for pair in pairs}


def simplified(text: str) -> str:
    """Traditional characters as simplified ones."""
    return text.translate(_simplified())


def plain_name(text: str) -> str:
    """One spelling of a name: half width, simplified, without blanks and punctuation."""
    wide = unicodedata.normalize("NFKC", text)
    return simplified(_NOISE.sub("", wide)).lower()


def root_of(name: str, level: str) -> str:
    """The name without the suffix of its level; the name itself if nothing would be left."""
    return _SUFFIXES[level].sub("", name) or name


def suffix_level(name: str) -> str | None:
    """The level that a name's suffix speaks of: 镇 township, 村委会 village, 县 county."""
    for level in ("village", "township", "county"):
        if root_of(name, level) != name:
            return level
    return None


@dataclass(frozen=True, slots=True)
class _Entry:
    """A name that a unit answers to."""

    code: str
    level: str
    written: str  # half width, as the list writes it
    name: str
    root: str
    old: bool


class NameIndex:
    """All names of a city's units, looked up in constant time and remembered by text."""

    def __init__(self, units: Units, changes: Iterable[Change] = ()) -> None:
        self._names: dict[str, list[_Entry]] = {}
        self._roots: dict[str, list[_Entry]] = {}
        self._near: dict[str, list[_Entry]] = {}
        self._areas: dict[tuple[str, bool], list[_Entry]] = {}
        self._known: dict[tuple[str, str | None, str | None], tuple[Match, ...]] = {}
        self._city = plain_name(units.city.name) if units.city else ""
        self._city_code = units.city.code if units.city else ""
        self._counties = {unit.code for unit in units.counties}
        self._towns: list[_Entry] = []
        for entry in self._entries(units, tuple(changes)):
            self._names.setdefault(entry.name, []).append(entry)
            self._roots.setdefault(entry.root, []).append(entry)
            if entry.level == "township":
                self._towns.append(entry)
                if (area := self._area(entry.name)) != (entry.name, False):
                    self._areas.setdefault(area, []).append(entry)
            if len(entry.root) >= 2:
                for key in _shortened(entry.root):
                    self._near.setdefault(key, []).append(entry)

    @staticmethod
    def _entries(units: Units, changes: tuple[Change, ...]) -> Iterator[_Entry]:
        def entry(unit: Unit, name: str, *, old: bool) -> _Entry:
            plain = plain_name(name)
            return _Entry(unit.code, unit.level, name, plain, root_of(plain, unit.level), old)

        for unit in (*units.counties, *units.township_rows, *units.villages):
            yield entry(unit, unit.name, old=False)
        for change in changes:
            today = units.get(change.code_new)
            if today and change.name_old and change.name_old != today.name:
                yield entry(today, change.name_old, old=True)

    def match(
        self, text: str, *, county: str | None = None, level: str | None = None
    ) -> tuple[Match, ...]:
        """See `match_unit`."""
        key = (text, county, level)
        if key not in self._known:
            self._known[key] = self._match(text, county, level)
        return self._known[key]

    def _match(self, text: str, county: str | None, level: str | None) -> tuple[Match, ...]:
        within = self._within(county)
        if within is None:
            return ()
        name = plain_name(text)
        if not name:
            return ()
        levels = LEVELS if level is None else (level,)
        found = self._whole(text, name, levels, within)
        if not found and name.endswith("街"):  # in a cell of its own it is no street
            same = self._whole(text, f"{name}道", levels, within)
            found = [(entry, 0.96, "suffix_form") for entry, _, _ in same]
        if not found:
            slips = self._slips(name, levels, within)
            read = self._address(name, levels, within)
            # An address that only slips explain is a plain slip.
            found = max(slips, read, key=lambda f: max((score for _, score, _ in f), default=0.0))
        return _ranked(found)

    def _within(self, county: str | None) -> str | None:
        """Prefix of the codes of a county, empty for no limit, `None` if it is not known."""
        if county is None or not plain_name(county):
            return ""
        name = plain_name(county)
        if name in self._counties:
            return name
        if name in {self._city, self._city_code}:
            return ""
        name = self._without_city(name)
        found = _ranked(self._whole(name, name, ("county",), ""))
        codes = {match.code for match in found}
        return codes.pop() if len(codes) == 1 else None

    def _without_city(self, name: str) -> str:
        short = _PREFIX.sub("", name, count=1)
        for city in (self._city, root_of(self._city, "county")):
            if city and short.startswith(city) and len(short) > len(city):
                return short[len(city) :]
        return short or name

    def _area(self, name: str) -> tuple[str, bool]:
        """An area's own name, or what kind of area it is, and whether its name said the kind."""
        own = _OWNED.sub("", self._without_city(name))
        short = _OFFICE.sub("", own)
        kind = _AREA.search(short)
        if kind is None:
            return short, short != own
        stem = short[: kind.start()]
        if kind[0] == "区" and any(e.level == "county" for e in self._roots.get(stem, ())):
            return "", False  # 新会区 is no area of 新会
        return (stem if len(stem) > 1 else f"{stem}{kind.lastgroup or ''}"), True

    def _whole(
        self, text: str, name: str, levels: tuple[str, ...], within: str
    ) -> list[tuple[_Entry, float, str]]:
        """Units that the whole text names."""

        def wanted(entries: Iterable[_Entry]) -> list[_Entry]:
            return [e for e in entries if e.level in levels and e.code.startswith(within)]

        found: list[tuple[_Entry, float, str]] = []
        for entry in wanted(self._names.get(name, ())):
            if entry.old:
                found.append((entry, 0.98, "old_name"))
            else:
                same = entry.written == text.strip()
                found.append((entry, 1.0 if same else 0.99, "exact" if same else "traditional"))
        if found:
            return found
        bare = wanted(self._roots.get(name, ()))
        found += [(e, 0.95 if e.old else 0.97, _how(e, "no_suffix")) for e in bare]
        level = suffix_level(name)
        if level is not None:
            for entry in wanted(self._roots.get(root_of(name, level), ())):
                if entry.level == level:
                    same = _kind(entry.name) == _kind(name)
                    score = (0.96 if same else 0.9) - (0.02 if entry.old else 0.0)
                    how = "suffix_form" if same else "other_suffix"
                    found.append((entry, score, _how(entry, how)))
        if not found:
            found += [(e, 0.95, "area") for e in wanted(self._areas.get(self._area(name), ()))]
        return found

    def _slips(
        self, name: str, levels: tuple[str, ...], within: str
    ) -> list[tuple[_Entry, float, str]]:
        """Units one slip away. Two characters say little, so two-character roots score low."""
        level = suffix_level(name)
        chosen = levels if level is None else tuple(x for x in levels if x == level)
        root = root_of(name, level) if level else name
        if len(root) < 2 or (len(root) == 2 and level is None and len(levels) > 1):
            return []
        found: dict[int, tuple[_Entry, float, str]] = {}
        for key in _shortened(root):
            for entry in self._near.get(key, ()):
                if entry.level in chosen and entry.code.startswith(within):
                    kind = _slip(root, entry.root)
                    if kind:
                        short = min(len(root), len(entry.root)) < 3
                        found[id(entry)] = (entry, 0.6 if short else kind, "slip")
        return list(found.values())

    def _address(
        self, name: str, levels: tuple[str, ...], within: str
    ) -> list[tuple[_Entry, float, str]]:
        """The finest unit that an address names, level by level from the left."""
        rest = self._without_city(name)
        county, rest = self._leading(rest, "county", within)
        if county:
            within = county[0][0].code
            if within == self._city_code:
                within = ""  # 中山: the county row is the city itself
        towns, behind = self._leading(rest, "township", within)
        inside = [e.code for e, _, _ in towns] or [within]
        villages: list[tuple[_Entry, float, str]] = []
        for code in dict.fromkeys(inside):
            found, _ = self._leading(behind, "village", code)
            villages += found
        if rest == name and not towns:
            return []  # nothing but perhaps a village somewhere in a sentence
        for level, found in (("village", villages), ("township", towns), ("county", county)):
            if found and level in levels:
                worst = min([s for e, s, _ in towns], default=1.0) if level == "village" else 1.0
                return [(e, 0.97 * min(s, worst), how) for e, s, how in found]
        return []

    def towns_in(self, text: str, within: str) -> tuple[str, list[Match], bool]:
        """Townships whose names stand anywhere in a text, such as the name of a facility.

        Args:
            text: Any words.
            within: Code of the county that is known, empty for none. Short names say something
                only where a county is known, by this or by the text's own beginning.

        Returns:
            The county that the text begins with, empty for none; the townships of the longest
            name that stands in it; and whether that is one of today in full.
        """
        rest = self._without_city(plain_name(text))
        lead, rest = self._leading(rest, "county", "")
        county = lead[0][0].code if len(lead) == 1 and lead[0][2] == "address" else ""
        inside = within or (lead[0][0].code if len(lead) == 1 else "")
        found = [e for e in self._towns if e.name in rest and e.code.startswith(inside)]
        full = bool(found)
        if not found and inside:
            found = [e for e in self._towns if e.code.startswith(inside) and self._short(e, rest)]
        longest = max((len(e.name if full else e.root) for e in found), default=0)
        found = [e for e in found if len(e.name if full else e.root) == longest]
        today = full and not any(e.old for e in found)
        return county, [Match(code, 1.0, "stem") for code in {e.code: 0 for e in found}], today

    def _short(self, town: _Entry, text: str) -> bool:
        """Whether a township's name without its suffix stands in a text, and is nothing else's."""
        at = text.find(town.root) if len(town.root) > 1 else -1
        if at < 0 or _STREET.match(text, at + len(town.root)):
            return False
        above = [e for e in self._roots[town.root] if e.level == "county"]
        return not above and town.root != root_of(self._city, "county")

    def _leading(
        self, text: str, level: str, within: str
    ) -> tuple[list[tuple[_Entry, float, str]], str]:
        """Units of a level that the text begins with, the longest name first, and what follows.

        Names in full are marked ``address`` and short ones ``stem``; a street is neither.
        """
        for size in range(min(len(text), 20), 1, -1):
            start = text[:size]
            if start[-1] not in _LAST and start not in self._names and start not in self._roots:
                continue
            found = self._whole(start, start, (level,), within)
            full = suffix_level(start) == level
            street = (_STREET_WORD if level == "village" else None) if full else _STREET
            if found and street and street.match(text, size):
                return [], text
            if level == "county" and not full and text[size : size + 1] in {"镇", "乡"}:
                continue  # 连州镇 of 连州市
            if found:
                how = "address" if full else "stem"
                return [(e, score, how) for e, score, _ in found], text[size:]
        segment = _SEGMENT.match(text) if level != "county" else None
        if segment and suffix_level(segment[0]) == level:
            found = [
                (e, score, "stem") for e, score, _ in self._slips(segment[0], (level,), within)
            ]
            if found:
                return found, text[segment.end() :]
        return [], text


def _kind(name: str) -> str:
    """What a name's suffix calls the unit, whatever its form: 街道办 and 街道办事处 are one."""
    for kind, pattern in (
        ("社区", r"社区|居委|居民"),
        ("村", r"村|渔委"),
        ("街道", r"街道"),
        ("镇", r"镇"),
        ("乡", r"乡"),
    ):
        level = suffix_level(name)
        if level and re.search(pattern, name[len(root_of(name, level)) :]):
            return kind
    return name[-1:]


def _how(entry: _Entry, how: str) -> str:
    return "old_name" if entry.old else how


def _ranked(found: Iterable[tuple[_Entry, float, str]]) -> tuple[Match, ...]:
    best: dict[str, Match] = {}
    for entry, score, how in found:
        if entry.code not in best or best[entry.code].score < score:
            best[entry.code] = Match(entry.code, round(score, 3), how)
    return tuple(sorted(best.values(), key=lambda m: (-m.score, m.code)))


def _shortened(root: str) -> set[str]:
    """The root and all it becomes when one character is left out."""
    return {root, *(root[:i] + root[i + 1 :] for i in range(len(root)))}


def _slip(a: str, b: str) -> float | None:
    """Score of one slip between two roots, `None` if more than one divides them."""
    if a == b:
        return None
    if len(a) == len(b):
        places = [i for i, (x, y) in enumerate(zip(a, b, strict=True)) if x != y]
        if len(places) == 1:
            return 0.85
        i = places[0]
        crossed = len(places) == 2 and places[1] == i + 1 and a[i] == b[i + 1] and a[i + 1] == b[i]
        return 0.85 if crossed else None
    shorter, longer = sorted((a, b), key=len)
    if len(longer) - len(shorter) > 1:
        return None
    return 0.8 if any(longer[:i] + longer[i + 1 :] == shorter for i in range(len(longer))) else None
