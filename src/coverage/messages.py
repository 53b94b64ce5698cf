"""Every sentence that a user can meet, in Chinese and in English."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

Lang = Literal["zh", "en"]

# What is counted in sentences, and the verbs that may follow it.
_ONE = {
    "counties": "county",
    "facilities": "facility",
    "candidates": "candidate",
    "columns": "column",
    "edits": "edit",
    "figures": "figure",
    "files": "file",
    "indicators": "indicator",
    "names": "name",
    "places": "place",
    "points": "point",
    "polygons": "polygon",
    "problems": "problem",
    "rows": "row",
    "scenarios": "scenario",
    "sites": "site",
    "targets": "target",
    "townships": "township",
    "units": "unit",
    "villages": "village",
}
_VERBS = {"are": "is", "have": "has", "were": "was", "lie": "lies", "stand": "stands"}
_COUNTED = re.compile(
    rf"(?<![\w.,/-])1 ((?:[a-z-]+ )?)({'|'.join(_ONE)})\b(?:( (?:that )?)({'|'.join(_VERBS)})\b)?"
)


def in_number(english: str) -> str:
    """An English sentence whose counts of one take the singular: 1 county is, 2 counties are."""
    return _COUNTED.sub(
        lambda m: f"1 {m[1]}{_ONE[m[2]]}{m[3] or ''}{_VERBS.get(m[4] or '', '')}", english
    )


class Said(NamedTuple):
    """One thing said in both languages; as plain text, where no language is chosen, both.

    Example:
        >>> str(Said("文件不存在", "the file does not exist"))
        '文件不存在 · the file does not exist'
    """

    zh: str
    en: str

    def __str__(self) -> str:
        return f"{self.zh} · {in_number(self.en)}"

    def to(self, lang: Lang | None) -> str:
        """The wording in `lang`; both where it is `None`. One of a thing is said so in English."""
        return str(self) if lang is None else self.zh if lang == "zh" else in_number(self.en)

    def fill(self, *values: object) -> Said:
        """Both wordings with `values` in the places that they leave open, as `str.format` does."""
        return Said(self.zh.format(*values), self.en.format(*values))

    def then(self, other: Said) -> Said:
        """Both wordings, each followed by that of `other`."""
        return Said(self.zh + other.zh, self.en + other.en)


def joined(saids: Iterable[Said]) -> Said:
    """Several things said one after the other.

    Example:
        >>> joined([Said("甲", "one"), Said("乙", "two")])
        Said(zh='甲；乙', en='one; two')
    """
    several = tuple(saids)
    return Said("；".join(one.zh for one in several), "; ".join(one.en for one in several))


class Spelling(Said):
    """That a name was read as one spelled otherwise: 清城 is 清城区."""

    __slots__ = ()


class Question(Said):
    """What is asked back, with all sides named, instead of guessing."""

    __slots__ = ()
