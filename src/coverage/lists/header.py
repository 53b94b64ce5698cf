"""Where the header of a table is: the row with the most known names, with what belongs to it.

A header may have several rows, divided by merged cells or by blanks; a sheet
may hold several tables, each with its own; a list may have none at all.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from coverage.formats.grids import Cell, Merge, is_blank
from coverage.kinds import ALIASES
from coverage.lists.spec import Spec, normal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coverage.lists.sheets import HeaderFound

Rows: TypeAlias = list[tuple[int, list[Cell]]]

_LETTERS = frozenset("甲乙丙丁戊ABCDE")  # by which sheets number their columns of text
_SEARCHED = 80  # rows in which a first header is looked for
_MANY = 4  # known names that make a header however many others stand beside them
_LEVELS = 5  # rows that one header has at most
NUMBER = re.compile(r"[约大概]?\s*[-+]?[\d,，.]+\s*(?:张|个|人|床|间|平方米|㎡|m2|m²)?")


def _score(cells: Sequence[Cell], spec: Spec) -> int:
    """How many different known names a row holds; none if it holds numbers as well."""
    filled = [c for c in cells if c is not None and c != ""]
    years = _years(filled, spec)
    filled = [c for c in filled if c not in years]
    texts = [str(c).strip() for c in filled if isinstance(c, str) or spec.heads(c)]
    if len(texts) < len(filled) or sum(_is_number(t, spec) for t in texts) > len(texts) / 3:
        return 0
    known = {normal(t): t for t in texts if spec.heads(t)}
    if all(spec.is_service(t) for t in known.values()):
        return 0  # a row of data may list services
    found = len(known) + len(years)
    # Of a wide sheet only some columns are known; no row of data holds so many names.
    return found if found >= _MANY or found * 4 >= len(texts) else 0


def _years(filled: Sequence[Cell], spec: Spec) -> list[Cell]:
    """Columns that are called by a year alone, beside a known key: 镇街, 2019, 2020."""
    years = [c for c in filled if re.fullmatch(r"(?:19|20)\d\d", str(c))]
    keyed = len(years) > 1 and any(
        isinstance(c, str) and spec.field(c.strip()) in spec.keys for c in filled
    )
    rising = all(int(str(a)) < int(str(b)) for a, b in pairwise(years))
    return years if keyed and rising else []


def _is_number(text: str, spec: Spec) -> bool:
    return bool(NUMBER.fullmatch(text)) and not spec.heads(text)


def tables(rows: Rows, spec: Spec, is_total: Callable[[str], bool]) -> list[Rows]:
    """Rows cut before the titles of every further, different header."""
    quick = spec.exact
    first: list[str] | None = None
    starts = [0]
    for index, (_, cells) in enumerate(rows):
        hits = 0
        for cell in cells:
            if cell in quick:
                hits += 1
        if hits < (2 if first is None else 3):
            continue
        score = _score(cells, spec)
        texts = [normal(c) for c in cells if isinstance(c, str)]
        if first is None:
            if score >= 2:
                first = texts
            continue
        if texts == first or score < 3 or score < 0.6 * len(texts):
            continue
        if index - 1 <= starts[-1] + 3 and starts[-1] == 0 and _adjacent(rows, index, spec):
            continue  # the second row of one header
        first = texts
        starts.append(_back_to_title(rows, index, starts[-1], is_total))
    starts.append(len(rows))
    return [rows[a:b] for a, b in pairwise(starts) if b > a] or [rows]


def _adjacent(rows: Rows, index: int, spec: Spec) -> bool:
    """Whether the row above is a header too: both belong to one header of several rows."""
    return index > 0 and _score(rows[index - 1][1], spec) >= 1


def _back_to_title(rows: Rows, index: int, least: int, is_total: Callable[[str], bool]) -> int:
    start = index
    while start - 1 > least and sum(c is not None for c in rows[start - 1][1]) <= 1:
        cell = next((c for c in rows[start - 1][1] if c is not None), "")
        if isinstance(cell, str) and is_total(cell):
            break
        start -= 1
    while start < index and is_blank(rows[start][1]):
        start += 1
    return start


class HeaderFinder:
    """Finds the header of one table.

    Args:
        rows: Of the table, with their numbers.
        merges: Merged ranges that begin in it.
        spec: The kind of list.
    """

    def __init__(self, rows: Rows, merges: Sequence[Merge], spec: Spec) -> None:
        self.rows, self.merges, self.spec = rows, merges, spec
        self.width = max((len(cells) for _, cells in rows), default=0)

    def find(self) -> tuple[list[int], HeaderFound]:
        """Indexes of the rows of the header, from top to bottom."""
        scored = [
            (index, _score(cells, self.spec))
            for index, (_, cells) in enumerate(self.rows[:_SEARCHED])
        ]
        best = max((score for _, score in scored), default=0)
        least = 1 if self.width == 1 or best == 1 else 2
        if best >= least:
            index = next(i for i, s in scored if s >= max(least, 0.6 * best))
            if best > 1 or self._like_header(index):  # a single name: nothing but text, no data
                return self._grown(index), "names"
        index = next((i for i, (_, cells) in enumerate(self.rows) if not is_blank(cells)), -1)
        while 0 <= index < len(self.rows) - 1 and self._like_title(index):
            index += 1
        if index < 0 or not self._like_header(index):
            return [], "none"
        return [index], "guessed"

    def _like_title(self, index: int) -> bool:
        cells = self.rows[index][1]
        return self.width > 1 and sum(c is not None for c in cells) <= 1

    def _like_header(self, index: int) -> bool:
        cells = [c for c in self.rows[index][1] if c is not None]
        texts = [c.strip() for c in cells if isinstance(c, str)]
        if not cells or len(texts) < len(cells) or len(set(texts)) < len(texts):
            return False
        if any(NUMBER.fullmatch(t) or len(t) > 40 or _looks_like_facility(t) for t in texts):
            return False
        if self.width > 1 and len(texts) < 2:
            return False
        return any(not is_blank(below) for _, below in self.rows[index + 1 :])

    def _grown(self, index: int) -> list[int]:
        """The header row with the rows above and below that belong to it."""
        header = [index]
        while header[0] > 0 and len(header) < _LEVELS and self._is_parent(header[0] - 1, header[0]):
            header.insert(0, header[0] - 1)
        while header[-1] + 1 < len(self.rows) and len(header) < _LEVELS:
            if not self._is_child(header, header[-1] + 1):
                break
            header.append(header[-1] + 1)
        return header

    def numbers_below(self, header: Sequence[int]) -> int | None:
        """Index of the row below the header that numbers its columns, 甲, 1, 2, 3, if one does."""
        below = range(header[-1] + 1, min(header[-1] + 3, len(self.rows)))
        index = next((i for i in below if not is_blank(self.rows[i][1])), None)
        if index is None:
            return None
        cells = [str(c).strip() for c in self.rows[index][1] if c is not None and c != ""]
        lead = sum(cell in _LETTERS for cell in cells)
        count = [cell.removesuffix(".0") for cell in cells[lead:]]
        first = "1" if count[:1] == ["1"] else str(lead + 1)
        rising = [str(n) for n in range(int(first), int(first) + len(count))]
        whole = bool(lead) or len(count) == self.width
        return index if len(count) > 1 and count == rising and whole else None

    def _is_child(self, header: Sequence[int], below: int) -> bool:
        """Whether a row only divides groups of the header above it.

        A row of data has something under a name that is no group; a row of
        a header is blank there.
        """
        cells = self.rows[below][1]
        texts = self._names(cells)
        if not texts or any(len(t) > 30 or _looks_like_facility(t) for t in texts):
            return False
        if any(_is_number(t, self.spec) for t in texts):
            return False
        single = [i for above in header for i, of in self._groups(above).items() if of == (i, i)]
        under = (cells[i] for i in single if i < len(cells) and cells[i])
        if any(not self.spec.heads(cell) for cell in under):
            return False
        if not single and not any(self.spec.heads(t) for t in texts):
            return False
        return any(i < len(cells) and cells[i] for i in range(self.width) if i not in single)

    def _names(self, cells: Sequence[Cell]) -> list[str]:
        """The filled cells of a row if each may be a name of a column, else nothing."""
        filled = [c for c in cells if c is not None and str(c).strip()]
        if any(not isinstance(c, str) and not self.spec.heads(c) for c in filled):
            return []
        return [str(c).strip() for c in filled]

    def _is_parent(self, above: int, below: int) -> bool:
        """Whether the row above groups columns of the header below."""
        cells, children = self.rows[above][1], self.rows[below][1]
        texts = self._names(cells)
        odd = (t for t in texts if len(t) > 14 or re.search(r"[:：\d]", t))
        if not texts or any(not self.spec.heads(t) for t in odd):
            return False
        starts = [next((i for i, c in enumerate(row) if c), 0) for row in (cells, children)]
        if len(texts) == 1 and starts[0] <= starts[1]:
            return False  # a title
        wide = [
            m for m in self._merged(above) if m.right > m.left and m.right - m.left + 1 < self.width
        ]
        if wide:
            return True
        gaps = sum(1 for i, c in enumerate(children) if c and not (i < len(cells) and cells[i]))
        return len(texts) >= 2 and gaps >= 1

    def _merged(self, index: int) -> list[Merge]:
        number = self.rows[index][0]
        return [m for m in self.merges if m.top <= number <= m.bottom]

    def _groups(self, index: int) -> dict[int, tuple[int, int]]:
        """First and last column that each name of a row stands over."""
        cells = self.rows[index][1]
        merged = {m.left: m.right for m in self._merged(index)}
        starts = [i for i, c in enumerate(cells) if c is not None and c != ""]
        found = {}
        for place, start in enumerate(starts):
            limit = starts[place + 1] - 1 if place + 1 < len(starts) else self.width - 1
            last = merged.get(start, start if merged else limit)
            found[start] = (start, min(last, limit))
        return found

    def columns(self, header: list[int]) -> tuple[str, ...]:
        """Names, those of several rows joined with "/"."""
        parts: list[list[str]] = [[] for _ in range(self.width)]
        for place, index in enumerate(header):
            cells = self.rows[index][1]
            below = header[place + 1 :]
            for start, (first, last) in self._groups(index).items():
                name = str(cells[start]).strip()
                for column in range(first, last + 1):
                    if column == start or self._has_child(below, column):
                        parts[column].append(name)
        return tuple("/".join(dict.fromkeys(names)) for names in parts)

    def _has_child(self, below: list[int], column: int) -> bool:
        return any(
            column < len(self.rows[i][1]) and self.rows[i][1][column] is not None for i in below
        )


_LONGER = tuple(alias for alias in ALIASES if len(alias) >= 3)


def _looks_like_facility(text: str) -> bool:
    """Whether a text is the name of one facility and not of a column: 太和镇敬老院."""
    return any(text.endswith(alias) and len(text) >= len(alias) + 2 for alias in _LONGER)
