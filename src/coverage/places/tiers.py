"""Whose a facility is: the city's, a county's, a township's or a village's.

Where it stands says little: 阳江市综合养护院 stands in 江城区 and is the city's,
洲心街道's burial ground may lie in a village. What a register states in its
column ``tier`` holds; else the category and the name are asked (镇级, 县敬老院,
街道综合养老服务中心, 洲心街道城南社区居家养老服务站: the last unit named counts), at
last the kind, for those that are of one level by their nature. Names that
agree with no form stay without a tier, and so do those that say two.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from coverage.kinds import ALIASES, KIND_TIERS, TIER_WORDS, TIERS
from coverage.messages import Said
from coverage.packaged import packaged
from coverage.places.names import plain_name, root_of

if TYPE_CHECKING:
    from coverage.facilities import Facility
    from coverage.units import Units

_PUBLIC = re.compile("敬老院|福利|光荣院|救助|未成年人|公益|殡仪馆|公共|政府|社工|社会工作|党群")
_COMPANY = re.compile("公司|集团|合作社|有限")
_BRACKETS = re.compile(r"[(（].*?[)）]")
_EXAMPLE = re.compile("^示意")
_PROVINCE = re.compile("^[一-龥]{2}省(?=.)")
_CITY, _STEM = 6, 12  # characters of a city's name, and of a unit's before its suffix
_TABLE = packaged("places/tiers.toml")
_STATED = re.compile(f"({'|'.join(TIER_WORDS)})级(?!市)")
_UNIT = re.compile(
    "|".join(f"(?P<{level}>{'|'.join(said.split())})" for level, said in _TABLE["suffixes"].items())
)


class Told(NamedTuple):
    """What tells a facility's tier; no tier where nothing does, or where two words disagree."""

    tier: str = ""
    by: Said = Said("", "")
    by_kind: bool = False


def tier_of(facility: Facility, units: Units) -> str:
    """A key of `coverage.kinds.TIERS`: as the register states it, else as it is told, else empty.

    Args:
        facility: Of a register of the city of `units`.
        units: The city's units.
    """
    return facility.tier or told_tier(facility, units).tier


def told_tier(facility: Facility, units: Units) -> Told:
    """What category, name and kind tell of a facility's tier, whatever its column says."""
    f = facility
    said = (f.kind, f.category, f.name, f.ownership)
    return _told(*said, _around(f.unit_code, units))


class _Around(NamedTuple):
    """Names of the units in which a facility may be named to lie, in one spelling.

    Attributes:
        city: Of the city.
        city_level: ``county`` for a city that is a district itself.
        county: Of the facility's county, empty where it is not known.
        own: Roots of its own township and village.
        names: Name and level of each county and of the townships of its county.
    """

    city: str
    city_level: str
    county: str
    own: tuple[tuple[str, str], ...]
    names: tuple[tuple[str, str], ...]


_known: WeakKeyDictionary[Units, dict[str, _Around]] = WeakKeyDictionary()


def _around(code: str, units: Units) -> _Around:
    """The names around a unit, made once."""
    made = _known.setdefault(units, {})
    if code not in made:
        made[code] = _names_around(code, units)
    return made[code]


def _names_around(code: str, units: Units) -> _Around:
    city = plain_name(units.city.name) if units.city else ""
    lineage = [units.get(code[:n]) for n in (6, 9, 12) if len(code) >= n]
    county = lineage[0] if lineage else None
    own = [(root_of(plain_name(u.name), u.level), u.level) for u in lineage[1:] if u is not None]
    names = [(plain_name(u.name), "county") for u in units.counties]
    if county is not None:
        towns = [u for u in units.townships if u.parent == county.code]
        names += [(plain_name(u.name), "township") for u in towns]
    level = "city" if city.endswith("市") or not city else "county"
    return _Around(
        city.rpartition("市")[2] if level == "county" else city,
        level,
        plain_name(county.name) if county else "",
        tuple((root, level) for root, level in own if len(root) > 1),
        tuple((name, level) for name, level in names if name != city),
    )


@lru_cache(maxsize=4_096)
def _told(kind: str, category: str, name: str, ownership: str, around: _Around) -> Told:
    found: dict[str, Said] = {}
    for text, what in ((category, Said("细类", "category")), (name, Said("名称", "name"))):
        plain = plain_name(_BRACKETS.sub("", text)) or plain_name(text)
        plain = _PROVINCE.sub("", _EXAMPLE.sub("", plain))
        public = ownership in {"公办", "公建民营", "公益性"} or bool(_PUBLIC.search(plain))
        for tier in _levels(plain, around, public=public and not _COMPANY.search(plain)):
            where = Said(f"{what.zh}“{text}”", f"its {what.en} {text}")
            found.setdefault(tier, where)
    if len(found) > 1:
        zh, en = "、".join(s.zh for s in found.values()), ", ".join(s.en for s in found.values())
        return Told("", Said(zh, en))
    for tier, by in found.items():
        return Told(tier, by)
    own = KIND_TIERS.get(kind, "")
    return Told(own, Said("类型", "its kind"), by_kind=True) if own else Told()


def _levels(text: str, around: _Around, *, public: bool) -> set[str]:
    """The levels that a name or a category says, in one spelling: none, one, or contradicting."""
    if stated := {TIER_WORDS[m[1]] for m in _STATED.finditer(text)}:
        return stated
    level, rest = _prefix(text, around)
    if rest == text:
        bare = _bare(text, around)
        if bare or not rest:
            return {bare} - {""}
    deeper = _named_unit(rest, level, around, public=public)
    if deeper:
        return {deeper}
    own = _own_root(rest, around) if public else ""
    if own:
        return {own}
    if not level or not rest:
        return set()
    plain = _made_of(rest)
    # A name of its own after a township's may be a village's: 望埠镇鹤坑公益性公墓.
    return {level} if plain or (public and level in {"city", "county"}) else set()


def _prefix(text: str, around: _Around) -> tuple[str, str]:
    """The level of the last unit with which a name begins, and what follows."""
    level = ""
    above = text.find("市") + 1
    if around.city_level == "county" and 2 < above <= _CITY:  # 景德镇市珠山区, in 珠山区
        level, text = "city", text[above:]
    if around.city and text.startswith(around.city):
        level, text = around.city_level, text[len(around.city) :]
    found = True
    while found:
        inside = [one for one in around.names if text.startswith(one[0])]
        found = bool(inside)
        if inside:
            name, level = max(inside, key=lambda one: len(one[0]))
            text = text[len(name) :]
    return level, text


def _bare(text: str, around: _Around) -> str:
    """市福利院, 县敬老院, 镇敬老院: the level's word alone before words that many bear."""
    for word, level in TIER_WORDS.items():
        # 社区居家养老服务中心 is what such a centre is called, whosever it is.
        if text.startswith(word) and word != "社区" and _made_of(text[len(word) :]):
            # 市福利院 of 英德市 is the county's or the city's: no one can say which.
            doubtful = level == "city" and around.county.endswith("市")
            return "" if doubtful and around.county != around.city else level
    return ""


def _named_unit(text: str, above: str, around: _Around, *, public: bool) -> str:
    """The level of a unit that a name names and no list knows: 鹤坑村公益性公墓."""
    for match in _UNIT.finditer(text):
        level = str(match.lastgroup)
        stem, rest = text[: match.start()], text[match.end() :]
        finer = list(TIERS).index(level) > (list(TIERS).index(above) if above else -1)
        within = any(text[i : match.end()] in _generic() for i in range(match.start()))  # 农村
        if within or not (stem and rest and finer) or len(stem) > _STEM:
            continue
        if match[0] == "社区" and (own := dict(around.own).get(stem)):
            return own  # 英城社区康园中心 of 英城街道
        if _made_of(rest) or (level == "village" and public and not _UNIT.search(rest)):
            return level
    return ""


def _own_root(text: str, around: _Around) -> str:
    """The level of its own unit by whose short name a public facility is called: 太和敬老院."""
    names = [*around.own, *((root_of(name, level), level) for name, level in around.names)]
    roots = [(root, level) for root, level in names if len(root) > 1 and text.startswith(root)]
    if around.city and not roots:
        roots = [(around.city.removesuffix("市"), around.city_level)]
    levels = {
        level for root, level in roots if text.startswith(root) and _made_of(text[len(root) :])
    }
    return levels.pop() if len(levels) == 1 else ""


@lru_cache(maxsize=4_096)
def _made_of(text: str) -> bool:
    """Whether a text holds nothing but words that facilities of many places bear."""
    ends = {0}  # where a word may end
    for start in range(len(text)):
        if start in ends:
            ends |= {e for e in range(start + 1, len(text) + 1) if text[start:e] in _generic()}
    return bool(text) and len(text) in ends


@lru_cache(maxsize=1)
def _generic() -> frozenset[str]:
    return frozenset((*_TABLE["plain"].split(), *_TABLE["numbers"], *map(plain_name, ALIASES)))
