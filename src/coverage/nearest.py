"""Known names that come near a word: what a slip of a hand or of a list was meant to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LEAST = 0.4  # 养老所 and 养老服务中心


def alike(word: str, known: Iterable[str], least: float = _LEAST) -> Iterator[tuple[float, str]]:
    """Every known name whose likeness to `word` is at least `least`, with the likeness.

    Likeness is twice the characters that run alike over all characters: 1 for
    the same, 0.75 for three of four. Names are compared in their order; most
    are passed over by their length and letters alone.
    """
    from difflib import SequenceMatcher  # late: help and most lists never need it

    matcher = SequenceMatcher(b=word, autojunk=False)
    for name in known:
        matcher.set_seq1(name)
        if matcher.real_quick_ratio() >= least and matcher.quick_ratio() >= least:
            likeness = matcher.ratio()
            if likeness >= least:
                yield likeness, name


def nearest(word: str, known: Iterable[str], *, shown: int = 3, least: float = _LEAST) -> list[str]:
    """At most `shown` known names, the likest first."""
    ranked = sorted(set(alike(word[:80], known, least)), reverse=True)
    return [name for _, name in ranked[:shown]]
