"""Groups of people by age, ``all``, ``60+``, ``0-14`` or any other range: read and said one way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# Those that shipped tables hold, in their order.
GROUPS = ("all", "0-14", "15-59", "60+", "65+", "80+")
_OLD, _GROWN = 60, 18
_N = r"(?<!\d)(\d{1,3})(?:周?岁)?_?"
_LAST_OF_GROUP = (0, 3, 5, 8)  # 15岁以下, 18岁以下: of tables whose next group begins with that age
# What a range of ages is called, and its first and last year by the numbers in it.
_AGES: tuple[tuple[re.Pattern[str], Callable[[list[int]], tuple[int, int | None]]], ...] = (
    (re.compile(_N + r"[-_~至到—–～]_?(\d{1,3})(?:周?岁)?"), lambda n: (n[0], n[1])),
    (re.compile(r"(?:超过|大于|高于|over|>)(\d{1,3})(?:周?岁)?"), lambda n: (n[0] + 1, None)),
    (
        re.compile(r"(?:未满|不满|不足|小于|低于|under|<)(\d{1,3})(?:周?岁)?"),
        lambda n: (0, n[0] - 1),
    ),
    (re.compile(r"(?:年|已)?满(\d{1,3})(?:周?岁)(?:及?其?以上)?"), lambda n: (n[0], None)),
    (
        re.compile(_N + r"(?:及其?以上|\(?含\)?以上|以上|\+|(?:years)?andover)"),
        lambda n: (n[0], None),
    ),
    (re.compile(r"≥(\d{1,3})(?:周?岁)?"), lambda n: (n[0], None)),
    (re.compile(_N + r"(?:及其?以下|\(?含\)?以下)|≤(\d{1,3})(?:周?岁)?"), lambda n: (0, n[0])),
    (re.compile(_N + r"以下"), lambda n: (0, n[0] - (n[0] % 10 in _LAST_OF_GROUP))),
    (re.compile(r"(?<!\d)(\d{1,3})周?岁(?!以|及|含)"), lambda n: (n[0], n[0])),
)


def ages_in(text: str) -> tuple[str, str] | None:
    """The ages that a text speaks of, as a group, and the rest of the text.

    Args:
        text: Simplified, in half-width characters, lower case, without blanks.
    """
    for pattern, bounds in _AGES:
        found = pattern.search(text)
        if found is None:
            continue
        first, last = bounds([int(n) for n in found.groups() if n])
        if last is not None and last < first:
            return None
        return span(first, last), text[: found.start()] + text[found.end() :]
    return None


def span(first: int, last: int | None) -> str:
    """A group by its first and its last age: ``0-14``, ``60+``."""
    return f"{first}+" if last is None else f"{first}-{last}"


def group_in(text: str, *, whole: bool = False) -> str | None:
    """The range of ages that a text speaks of: 60岁及以上人口 is ``60+``, 0_14 is ``0-14``.

    Args:
        text: In half-width characters.
        whole: Nothing may stand around the range; then ``people`` is everybody.
    """
    text = re.sub(r"\s", "", text).lower()
    if whole and text == "people":
        return "all"
    group, rest = ages_in(text) or ("", "")
    first, _, last = group.partition("-")
    return None if not group or first == last or (whole and rest) else group


def tiles(goal: str, groups: Iterable[str]) -> list[str]:
    """Groups that lie side by side and are together exactly `goal`; none where none are.

    Of several ways the one with the widest groups.
    """
    first, last = _bounds(goal)
    starts: dict[int, list[tuple[int, str]]] = {}
    for group in groups:
        if group not in {"all", goal}:
            a, b = _bounds(group)
            starts.setdefault(a, []).append((b, group))

    def on(at: int) -> list[str] | None:
        if at > last:
            return []
        for end, group in sorted(starts.get(at, []), reverse=True):
            rest = on(end + 1) if end <= last else None
            if rest is not None:
                return [group, *rest]
        return None

    return on(first) or []


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
