"""Rows that are one facility: the same name and place, and names nearly the same nearby.

Names are compared in one form: simplified, half width, without brackets, and
without the prefixes of city and county and the 镇 of the township (清远市清新区太和镇
敬老院 and 太和敬老院 are one). Numbers, directions and the like tell facilities
apart (第一, 第二; 东, 西) and must be the same however alike the rest is.

The same form is one bucket; names a slip apart share a form with one
character left out. Inside a bucket only places on the same 200 m squares meet,
so that the work grows with the rows and not with their square.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from coverage.datum import project
from coverage.intake.borders import plane
from coverage.intake.findings import Finding
from coverage.intake.words import parse_kind
from coverage.messages import Said
from coverage.places.names import plain_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from coverage.city import City
    from coverage.intake.judged import Judged
    from coverage.units import Units

NEAR_M = 200.0
_ALIKE = 0.7
_SHORTEST = 4  # of shorter names one character is too much
_FEW = 16  # rows of one name that are looked through without squares
_NOTED = 3  # likenesses that are said of one row
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
    if min(len(a.text), len(b.text)) < _SHORTEST or not _shorter(a.text) & _shorter(b.text):
        return 0.0
    return round(1 - 1 / longest, 2)


def _shorter(text: str) -> set[str]:
    """The text, and all it becomes when one character that does not tell is left out."""
    return {text} | {text[:i] + text[i + 1 :] for i, c in enumerate(text) if not _TELLING.match(c)}


class _Spot(NamedTuple):
    """A row with its form and its place on the plane, not a number where it has none."""

    row: Judged
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


def judge_neighbours(rows: Sequence[Judged], city: City) -> None:
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
    slips = spot.placed and len(text) >= _SHORTEST  # without a place only the form itself says
    kind = spot.row.taken.fields.get("kind")
    return [(kind, telling, form) for form in sorted(_shorter(text) if slips else {text})]


def _spots(rows: Sequence[Judged], city: City) -> list[_Spot]:
    crs = plane(city)
    lon = np.array([np.nan if r.lon is None else r.lon for r in rows], dtype=np.float64)
    lat = np.array([np.nan if r.lat is None else r.lat for r in rows], dtype=np.float64)
    known = np.isfinite(lon)
    x, y = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    if crs is not None and known.any():
        x[known], y[known] = project(lon[known], lat[known], crs)
    names = [str(row.taken.fields.get("name") or "") for row in rows]
    return [
        _Spot(row, form_of(name, row.unit_code, city.units), e, n)
        for row, name, e, n in zip(rows, names, x.tolist(), y.tolist(), strict=True)
    ]


def _refuse_repeated(spots: list[_Spot]) -> list[_Spot]:
    """Those left when each that has the name, kind and place of another is refused.

    The first is kept, but one that has coordinates rather than one that has none.
    """
    seen: dict[tuple[str, object], _Bucket] = defaultdict(_Bucket)
    repeated = set()
    for spot in sorted(spots, key=lambda spot: not spot.placed):
        fields = spot.row.taken.fields
        name = plain_name(str(fields.get("name") or ""))
        bucket = seen[name, fields.get("kind")]
        first = next((o for o in bucket.around(spot) if spot.near(o)), None)
        if first is None:
            bucket.add(spot)
            continue
        repeated.add(id(spot.row))
        number = first.row.taken.row.number
        where = first.row.where(spot.row.sheet)
        spot.row.reasons.append(f"与{where}重复 · a duplicate of row {number}")
    return [spot for spot in spots if id(spot.row) not in repeated]


def _note(spot: _Spot, other: _Spot) -> set[int]:
    """Say that two rows at one place may be one, and which was named.

    With coordinates a slip is enough; without them only the same form says something.
    """
    alike = score(spot.form, other.form)
    both = spot.placed and other.placed
    if alike < (_ALIKE if both else 1.0):
        return set()
    name = str(other.row.taken.fields.get("name"))
    where = other.row.where(spot.row.sheet)
    far = f"{math.hypot(spot.x - other.x, spot.y - other.y):.0f}" if both else ""
    spot.row.findings.append(
        Finding(
            "near_same",
            "warning",
            Said(
                f"与{where}“{name}”名称相近（{alike:.2f}），"
                + (f"相距 {far} 米" if both else "在同一乡镇")
                + "，是否同一处",
                f"the name is like that of row {other.row.taken.row.number} ({alike:.2f}), "
                + (f"{far} m away" if both else "in the same township")
                + ": are they one?",
            ),
        )
    )
    return {id(other.row)}
