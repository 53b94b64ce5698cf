"""Rows that are one facility: the same name and place, and names nearly the same nearby.

Names are compared in the form of `coverage.intake.names`. The same form is one
bucket; names a slip apart share a form with one character left out. Inside a
bucket only places on the same 200 m squares meet, so that the work grows with
the rows and not with their square.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from coverage.datum import project
from coverage.intake.borders import plane
from coverage.intake.names import NEAR_M, SHORTEST, form_of, score, shorter
from coverage.messages import Said
from coverage.places.names import plain_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from coverage.city import City
    from coverage.intake.names import Form
    from coverage.intake.outcomes import FacilityRow

_ALIKE = 0.7
_FEW = 16  # rows of one name that are looked through without squares
_NOTED = 3  # likenesses that are said of one row


class _Spot(NamedTuple):
    """A row with its form and its place on the plane, not a number where it has none."""

    row: FacilityRow
    form: Form
    x: float
    y: float

    @property
    def placed(self) -> bool:
        return not math.isnan(self.x)

    def near(self, other: _Spot) -> bool:
        """Whether two rows stand at one place, as far as is known."""
        if self.placed and other.placed:
            return math.hypot(self.x - other.x, self.y - other.y) <= NEAR_M
        return self.row.unit_code == other.row.unit_code


class _Bucket:
    """Rows of one name, found again by the square or, without a place, the unit they stand in."""

    __slots__ = ("cells", "spots")

    def __init__(self) -> None:
        self.spots: list[_Spot] = []
        self.cells: dict[object, list[_Spot]] | None = None

    def around(self, spot: _Spot) -> Iterable[_Spot]:
        """Those added before that may stand where `spot` does, and some that do not."""
        if self.cells is None:
            return self.spots
        unit = spot.row.unit_code
        keys: list[object] = [unit]
        if spot.placed:
            i, j = _square(spot)
            keys += [(i + di, j + dj) for di in (-1, 0, 1) for dj in (-1, 0, 1)]
        else:
            keys.append(("placed", unit))
        return chain.from_iterable(self.cells.get(key, ()) for key in keys)

    def add(self, spot: _Spot) -> None:
        """Remember one."""
        self.spots.append(spot)
        if self.cells is not None:
            self._file(self.cells, spot)
        elif len(self.spots) > _FEW:
            self.cells = defaultdict(list)
            for known in self.spots:
                self._file(self.cells, known)

    @staticmethod
    def _file(cells: dict[object, list[_Spot]], spot: _Spot) -> None:
        unit = spot.row.unit_code
        for key in (_square(spot), ("placed", unit)) if spot.placed else (unit,):
            cells[key].append(spot)


def _square(spot: _Spot) -> tuple[int, int]:
    return int(spot.x // NEAR_M), int(spot.y // NEAR_M)


def judge_neighbours(rows: Sequence[FacilityRow], city: City) -> None:
    """Refuse rows that repeat another, and note those that nearly do, on the rows.

    Args:
        rows: Accepted rows of lists (a row of a ledger has no name of its own).
        city: Whose units they are in.
    """
    spots = _refuse_repeated(_spots(rows, city))
    keys = [_keys(spot) for spot in spots]
    counts = Counter(key for mine in keys for key in mine)
    buckets: dict[_Key, _Bucket] = defaultdict(_Bucket)
    for spot, mine in zip(spots, keys, strict=True):
        noted: set[int] = set()
        for key in mine:
            if counts[key] == 1:
                continue  # most names are like no other: they need no bucket
            for other in buckets[key].around(spot):
                if len(noted) == _NOTED:
                    break
                if id(other.row) not in noted and spot.near(other):
                    noted |= _note(spot, other)
            buckets[key].add(spot)


_Key: TypeAlias = tuple[object, tuple[str, ...], str]


def _keys(spot: _Spot) -> list[_Key]:
    """What rows must share to be compared: the kind, what tells, and the form or one a slip off."""
    text, telling = spot.form
    slips = spot.placed and len(text) >= SHORTEST  # without a place only the form itself says
    kind = spot.row.taken.fields.get("kind")
    return [(kind, telling, form) for form in sorted(shorter(text) if slips else {text})]


def _spots(rows: Sequence[FacilityRow], city: City) -> list[_Spot]:
    crs = plane(city)
    lon = np.array([np.nan if r.lon is None else r.lon for r in rows], dtype=np.float64)
    lat = np.array([np.nan if r.lat is None else r.lat for r in rows], dtype=np.float64)
    known = np.isfinite(lon)
    x, y = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    if crs is not None and known.any():
        x[known], y[known] = project(lon[known], lat[known], crs)
    return [
        _Spot(row, form_of(row.name, row.unit_code, city.units), e, n)
        for row, e, n in zip(rows, x.tolist(), y.tolist(), strict=True)
    ]


def _refuse_repeated(spots: list[_Spot]) -> list[_Spot]:
    """Those left when each that has the name, kind and place of another is refused.

    The first is kept, but one that has coordinates rather than one that has none.
    """
    seen: dict[tuple[str, object], _Bucket] = defaultdict(_Bucket)
    repeated = set()
    for spot in sorted(spots, key=lambda spot: not spot.placed):
        bucket = seen[plain_name(spot.row.name), spot.row.taken.fields.get("kind")]
        first = next((o for o in bucket.around(spot) if spot.near(o)), None)
        if first is None:
            bucket.add(spot)
            continue
        repeated.add(id(spot.row))
        where = first.row.where(spot.row.of)
        spot.row.reject(Said(f"与{where.zh}重复", f"a duplicate of {where.en}"))
    return [spot for spot in spots if id(spot.row) not in repeated]


def _note(spot: _Spot, other: _Spot) -> set[int]:
    """Say that two rows at one place may be one, and which was named.

    With coordinates a slip is enough; without them only the same form says something.
    """
    alike = score(spot.form, other.form)
    both = spot.placed and other.placed
    if alike < (_ALIKE if both else 1.0):
        return set()
    where = other.row.where(spot.row.of)
    far = Said("在同一乡镇", "in the same township")
    if both:
        metres = f"{math.hypot(spot.x - other.x, spot.y - other.y):.0f}"
        far = Said(f"相距 {metres} 米", f"{metres} m away")
    said = Said(
        f"与{where.zh}“{other.row.name}”名称相近（{alike:.2f}），{far.zh}，是否同一处",
        f"the name is like that of {where.en}, {other.row.name} ({alike:.2f}), {far.en}: "
        "are they one?",
    )
    spot.row.check("near_same", said)
    return {id(other.row)}
