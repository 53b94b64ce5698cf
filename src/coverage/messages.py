"""Every sentence that a user can meet, in Chinese and in English."""

from __future__ import annotations

from typing import Literal, NamedTuple

Lang = Literal["zh", "en"]


class Said(NamedTuple):
    """One thing said in both languages; as plain text, where no language is chosen, both.

    Example:
        >>> str(Said("文件不存在", "the file does not exist"))
        '文件不存在 · the file does not exist'
    """

    zh: str
    en: str

    def __str__(self) -> str:
        return f"{self.zh} · {self.en}"

    def to(self, lang: Lang | None) -> str:
        """The wording in `lang`; both where it is `None`."""
        return str(self) if lang is None else self.zh if lang == "zh" else self.en

    def fill(self, *values: object) -> Said:
        """Both wordings with `values` in the places that they leave open, as `str.format` does."""
        return Said(self.zh.format(*values), self.en.format(*values))

    def then(self, other: Said) -> Said:
        """Both wordings, each followed by that of `other`."""
        return Said(self.zh + other.zh, self.en + other.en)
