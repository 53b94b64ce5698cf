"""Names of facilities in the one form in which they are compared.

Simplified, half width, without brackets, and without the prefixes of city and county and the
镇 of the township (清远市清新区太和镇敬老院 and 太和敬老院 are one). Numbers, directions and the
like tell facilities apart (第一, 第二; 东, 西) and must be the same however alike the rest is.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from coverage.lists.words import parse_kind
from coverage.places.names import plain_name

if TYPE_CHECKING:
    from coverage.units import Units

NEAR_M = 200.0  # within which two facilities stand at one place
SHORTEST = 4  # of shorter names one character is too much
_BRACKETS = re.compile(r"[(（\[【].*?[)）\]】]")
_TELLING = re.compile(
    r"[0-9a-z一二三四五六七八九十甲乙丙丁戊己庚辛壬癸子丑寅卯辰东西南北上下前后左右新旧老大小男女]"
)
_TOWN = re.compile(r"(?:街道办事处|街道办|街道|镇|乡)$")


class Form(NamedTuple):
    """A name in the form in which names are compared.

    Attributes:
        text: What is left of it.
        telling: Characters that tell facilities of like names apart, in order.
    """

    text: str
    telling: tuple[str, ...]


def form_of(name: str, unit_code: str, units: Units) -> Form:
    """The form of a facility's name, known where it lies."""
    around = (units.city.name if units.city else "", units.name(unit_code[:6]))
    return _form(name, (*around, units.name(unit_code[:9]) if len(unit_code) >= 9 else ""))


@lru_cache(maxsize=200_000)
def _form(name: str, around: tuple[str, str, str]) -> Form:
    whole = plain_name(name)
    town = plain_name(around[2])
    text, whole = (
        _within(t, around) for t in (plain_name(_BRACKETS.sub("", name)) or whole, whole)
    )
    root = _TOWN.sub("", town)
    if town and root and text.startswith(town):
        text = root + text[len(town) :]
    return Form(text, tuple(_TELLING.findall(whole.removeprefix(town).removeprefix(root))))


def _within(text: str, around: tuple[str, str, str]) -> str:
    """A name without the city and the county before it."""
    for above in around[:2]:
        short = _without(text, plain_name(above))
        # 清新区敬老院 is the county's own: nothing but the kind would be left of it.
        if short and short != text and parse_kind(short).how != "exact":
            text = short
    return text


def _without(text: str, above: str) -> str:
    """The text without the name of a unit before it, in full or without 市, 县, 区."""
    for name in (above, above[:-1]):
        if len(name) >= 2 and text.startswith(name):
            return text[len(name) :]
    return text


def score(a: Form, b: Form) -> float:
    """How alike two names are: 1 the same form, less for a slip of one character, else 0."""
    if a.telling != b.telling:
        return 0.0
    if a.text == b.text:
        return 1.0
    longest = max(len(a.text), len(b.text))
    if min(len(a.text), len(b.text)) < SHORTEST or not shorter(a.text) & shorter(b.text):
        return 0.0
    return round(1 - 1 / longest, 2)


def shorter(text: str) -> set[str]:
    """The text, and all it becomes when one character that does not tell is left out."""
    return {text} | {text[:i] + text[i + 1 :] for i, c in enumerate(text) if not _TELLING.match(c)}
