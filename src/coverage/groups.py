"""Groups of people by age, ``all``, ``60+``, ``0-14`` or any other range: read and said one way."""

from __future__ import annotations

import re

from coverage.messages import Said

# Those that shipped tables hold, in their order.
GROUPS = ("all", "0-14", "15-59", "60+", "65+", "80+")
_OLD, _GROWN = 60, 18
_FROM = r"(?<!\d)(\d{1,3})(?:周?岁)?_?(?:含?以上|及以上|\+|≥)|≥(\d{1,3})"
_BETWEEN = r"(?<!\d)(\d{1,3})(?:周?岁)?_?[-_~至到—–～]_?(\d{1,3})"
_RANGE = re.compile(f"{_BETWEEN}|{_FROM}")


def group_in(text: str, *, whole: bool = False) -> str | None:
    """The range of ages that a text speaks of: 60岁及以上人口 is ``60+``, 0_14 is ``0-14``.

    Args:
        text: In half-width characters.
        whole: Nothing may stand around the range; then ``people`` is everybody.
    """
    text = re.sub(r"\s", "", text).lower()
    if whole and text == "people":
        return "all"
    match = _RANGE.fullmatch(text) if whole else _RANGE.search(text)
    if match is None:
        return None
    first, last, *least = match.groups()
    if first is None:
        return f"{int(least[0] or least[1])}+"
    return f"{int(first)}-{int(last)}" if int(first) < int(last) else None


def aged(group: str) -> Said:
    """The ages of a group: 60 岁及以上, aged 60 and over; nothing of everybody."""
    if group == "all":
        return Said("", "")
    first, _, last = group.removesuffix("+").partition("-")
    if not last:
        return Said(f"{first} 岁及以上", f"aged {first} and over")
    return Said(f"{first}–{last} 岁", f"aged {first}–{last}")


def people_of(group: str) -> Said:
    """A group as a heading has it: 人口, 60 岁及以上人口."""
    ages = aged(group)
    return Said(f"{ages.zh}人口", f"people {ages.en}".strip())


def label(group: str) -> Said:
    """A group in a narrow column: 全部人口, 60 岁及以上; all, 60+."""
    return Said(aged(group).zh or "全部人口", group)


def persons_of(group: str) -> Said:
    """A group as a number of persons is followed by it: 居民, 60 岁及以上老人."""
    if group == "all":
        return Said("居民", "residents")
    ages = aged(group)
    numbers = [int(n) for n in re.findall(r"\d+", group)]
    if numbers[0] >= _OLD:
        return Said(f"{ages.zh}老人", f"people {ages.en}")
    if numbers[-1] < _GROWN and not group.endswith("+"):
        return Said(f"{ages.zh}儿童", f"children {ages.en}")
    return Said(f"{ages.zh}居民", f"people {ages.en}")


def holds(whole: str, part: str) -> bool:
    """Whether everyone of `part` is of `whole` too."""
    if whole == "all":
        return part != "all"
    (a, b), (c, d) = _bounds(whole), _bounds(part)
    return part not in {"all", whole} and a <= c and d <= b


def _bounds(group: str) -> tuple[int, int]:
    if group == "all":
        return 0, 1000
    first, _, last = group.removesuffix("+").partition("-")
    return int(first), int(last or 1000)
