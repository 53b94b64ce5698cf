"""Texts that a spreadsheet would run: written guarded by an apostrophe, read back without it."""

from __future__ import annotations

import re

# What a spreadsheet may pass over before it looks at a cell, and full-width signs as some take.
_UNSEEN = "\\s\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\x00-\x1f"
_SIGNS = "=+@＝＋－＠-"
_RUNS = re.compile(
    f"[\t\r].|[{_UNSEEN}]*[{_SIGNS}][{_UNSEEN}{_SIGNS}]*[^{_UNSEEN}{_SIGNS}]", re.DOTALL
)
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?", re.ASCII)


def runs(cell: object) -> bool:
    """Whether a spreadsheet might run a cell: ``=1+1``, ``@SUM(A1)``, ``＝1``; -5 is a number."""
    return isinstance(cell, str) and bool(_RUNS.match(cell)) and not _NUMBER.fullmatch(cell)


def guarded(cell: object) -> object:
    """A cell as it may stand in a CSV file.

    Example:
        >>> guarded("=1+1"), guarded("'=1+1"), guarded("-5"), guarded("太和镇")
        ("'=1+1", "''=1+1", '-5', '太和镇')
    """
    return f"'{cell}" if isinstance(cell, str) and runs(cell.lstrip("'")) else cell


def unguarded(text: str) -> str:
    """What `guarded` was given.

    Example:
        >>> unguarded("'=1+1"), unguarded("'s-Gravenhage")
        ('=1+1', "'s-Gravenhage")
    """
    return text[1:] if text[:1] == "'" and runs(text.lstrip("'")) else text
