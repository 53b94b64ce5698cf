"""Names of arrays, and ragged ones: rows of different lengths one after the other.

A ragged array of k rows is told by its (k + 1,) starts: row *i* is what stands
from ``start[i]`` up to ``start[i + 1]``. Bends of roads, legs of a point,
corners of a segment and pieces at a node are all kept like this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Floats: TypeAlias = NDArray[np.float64]
Float32s: TypeAlias = NDArray[np.float32]
Ints: TypeAlias = NDArray[np.int64]
Int32s: TypeAlias = NDArray[np.int32]
Numbers: TypeAlias = NDArray[np.integer]  # of any size
Bools: TypeAlias = NDArray[np.bool_]
Objects: TypeAlias = NDArray[np.object_]


class Columns:
    """A dataclass of arrays of one length, told row by row."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def take(self, rows: Ints | slice) -> Self:
        """Some of the rows."""
        return type(self)(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Rows, one part after the other."""
        names = cls.__dataclass_fields__
        return cls(*(np.concatenate([getattr(one, name) for one in parts]) for name in names))


def starts(counts: Numbers | Bools) -> Ints:
    """(k + 1,) where rows of these lengths begin, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64, copy=False)


def expand(first: Numbers, counts: Numbers) -> Ints:
    """The numbers of many ranges in one array: `first[i]`, … `counts[i]` of them, and so on."""
    total = int(counts.sum())
    before = np.cumsum(counts) - counts
    return np.repeat(first - before, counts) + np.arange(total)


def grouped(key: Numbers, size: int) -> tuple[Ints, Ints]:
    """Rows by their key from 0 to `size` - 1: (size + 1,) starts, and the rows in this order."""
    return starts(np.bincount(key, minlength=size)), np.argsort(key, kind="stable")


def gather(
    start: Ints,
    rows: Numbers,
    backwards: Bools | None = None,
) -> tuple[Ints, Ints]:
    """Take whole rows out of a ragged array.

    Args:
        start: (k + 1,) where each row begins in the flat array.
        rows: (m,) the rows wanted, in the order wanted.
        backwards: (m,) True for a row to be read from its end.

    Returns:
        The new (m + 1,) starts, and the index into the flat array.
    """
    first, counts = start[:-1][rows], np.diff(start)[rows]
    index = expand(first, counts)
    if backwards is not None:
        back = np.repeat(backwards, counts)
        index[back] = (np.repeat(2 * first + counts - 1, counts) - index)[back]
    return starts(counts), index


def with_ends(
    start: Ints,
    inner: Floats,
    first: Floats,
    last: Floats,
) -> tuple[Ints, Floats]:
    """Rows with one value more at either end: their starts and the flat array."""
    longer = start + 2 * np.arange(len(start))
    values = np.empty(int(longer[-1]))
    between = np.ones(len(values), bool)
    for at, ends in ((longer[:-1], first), (longer[1:] - 1, last)):
        values[at] = ends
        between[at] = False
    values[between] = inner
    return longer, values


def least_rows(key: Ints, value: NDArray[Any], *, ordered: bool = False) -> Ints:
    """The row with the least value of every key, the first among equals, keys rising.

    Args:
        key: (k,) whole numbers.
        value: (k,) none of them NaN.
        ordered: Whether the keys rise already.
    """
    order = np.arange(len(key)) if ordered else np.argsort(key, kind="stable")
    ranked, sorted_key = value[order], key[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = sorted_key[1:] != sorted_key[:-1]
    start = np.flatnonzero(new)
    if len(start) == len(order):
        return order
    group = np.cumsum(new) - 1
    least = np.flatnonzero(ranked == np.minimum.reduceat(ranked, start)[group])
    first: Ints = order[least[np.diff(group[least], prepend=-1) != 0]]
    return first


def chunks(weight: Floats | Ints, most: float) -> Iterator[tuple[int, int]]:
    """Ranges of neighbours whose weights add up to about `most`; at least one range."""
    total = np.cumsum(weight)
    first = 0
    if not len(weight):
        yield 0, 0
    while first < len(weight):
        done = total[first - 1] if first else 0.0
        last = max(int(np.searchsorted(total, done + most, side="right")), first + 1)
        yield first, last
        first = last
