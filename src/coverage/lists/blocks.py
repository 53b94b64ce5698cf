"""Tables that stand side by side in one sheet, each under its own repeated column of names.

A narrow list is often printed in two or three columns (乡镇, 人数, 乡镇, 人数), and a book of
statistics sets its continued tables beside each other. A number belongs to the name of its own
block, and to no other.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from coverage.lists.spec import normal

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from coverage.formats.grids import Cell
    from coverage.lists.spec import Spec

_T = TypeVar("_T")


def blocks(
    columns: Sequence[str], rows: Sequence[Sequence[Cell]], spec: Spec
) -> list[Collection[int] | None]:
    """The columns of each block, `None` for a table that is one.

    Blocks that repeat the names of another row by row are the same table going on, and are one
    with it.

    Args:
        columns: Names; of a header of several rows joined with "/".
        rows: Cells below the header.
        spec: The kind of list, which knows what its key columns are called.
    """
    leaves = [normal(_leaf(name)) for name in columns]
    starts = _starts(columns, leaves, spec)
    if len(starts) < 2:
        return [None]
    lead = 0
    while all(s > lead and leaves[s - lead - 1] == leaves[starts[0] - lead - 1] for s in starts):
        lead += 1
    edges = [start - lead for start in starts] + [len(columns)]
    shared = range(edges[0])
    parts = [range(a, b) for a, b in pairwise(edges)]
    if spec.even and len({tuple(leaves[i] for i in part) for part in parts}) > 1:
        return [None]
    found: dict[tuple[tuple[str, ...], ...], list[int]] = {}
    for part in parts:
        at = [i for i in part if spec.field(_leaf(columns[i])) in spec.keys]
        keys = tuple(tuple(_text(row, i) for i in at) for row in rows)
        found.setdefault(keys, []).extend(part)
    if len(found) == 1:
        return [None]
    return [{*shared, *own} for own in found.values()]


def _starts(columns: Sequence[str], leaves: Sequence[str], spec: Spec) -> list[int]:
    """Places of the first key column that is there more than once."""
    for i, leaf in enumerate(leaves):
        if leaf and leaves.count(leaf) > 1 and spec.field(_leaf(columns[i])) in spec.keys:
            return [j for j, other in enumerate(leaves) if other == leaf]
    return []


def _leaf(name: str) -> str:
    return name.rpartition("/")[2]


def only(cells: Sequence[_T], own: Collection[int], blank: _T) -> list[_T]:
    """Cells of some columns at their places, the others blank."""
    return [cell if i in own else blank for i, cell in enumerate(cells)]


def _text(row: Sequence[Cell], index: int) -> str:
    cell = row[index] if index < len(row) else None
    return "" if cell is None else "".join(str(cell).split())
