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
from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from coverage.datum import project
from coverage.intake.borders import plane
from coverage.intake.findings import Finding
from coverage.intake.words import parse_kind
from coverage.places.names import plain_name
from coverage.text import Said

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from coverage.city import City
    from coverage.intake.judged import Judged
    from coverage.units import Units

NEAR_M = 200.0
_SHORTEST = 4  # of shorter names one character is too much
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
        if short and parse_kind(short).how != "exact":
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
    """Rows that may be one facility, found again by the square they stand on."""

    def __init__(self) -> None:
        self.squares: dict[tuple[int, int], list[_Spot]] = defaultdict(list)
        self.units: dict[str, list[_Spot]] = defaultdict(list)
        self.unplaced: dict[str, list[_Spot]] = defaultdict(list)

    def around(self, spot: _Spot) -> Iterator[_Spot]:
        """Those added before that may stand where `spot` does."""
        unit = spot.row.unit_code
        if not spot.placed:
            yield from self.units.get(unit, ())
            return
        i, j = _square(spot)
        for square in ((i + di, j + dj) for di in (-1, 0, 1) for dj in (-1, 0, 1)):
            yield from self.squares.get(square, ())
        yield from self.unplaced.get(unit, ())

    def add(self, spot: _Spot) -> None:
        """Remember one."""
        if spot.placed:
            self.squares[_square(spot)].append(spot)
        else:
            self.unplaced[spot.row.unit_code].append(spot)
        self.units[spot.row.unit_code].append(spot)


def _square(spot: _Spot) -> tuple[int, int]:
    return int(spot.x // NEAR_M), int(spot.y // NEAR_M)


def judge_neighbours(rows: Sequence[Judged], city: City) -> None:
    """Refuse rows that repeat another, and note those that nearly do, on the rows.

    Args:
        rows: Accepted rows of lists (a row of a ledger has no name of its own).
        city: Whose units they are in.
    """
    spots = _refuse_repeated(_spots(rows, city))
    buckets: dict[tuple[object, str], _Bucket] = defaultdict(_Bucket)
    for spot in spots:
        kind = spot.row.taken.fields.get("kind")
        met: dict[int, _Spot] = {}
        text = spot.form.text
        slips = spot.placed and len(text) >= _SHORTEST  # without a place only the form itself says
        for key in _shorter(text) if slips else {text}:
            bucket = buckets[kind, key]
            for other in bucket.around(spot):
                met.setdefault(id(other.row), other)
            bucket.add(spot)
        for other in met.values():
            _note(spot, other)


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


def _note(spot: _Spot, other: _Spot) -> None:
    """Say that two rows may be one: with places a slip is enough, without them the form."""
    alike = score(spot.form, other.form)
    both = spot.placed and other.placed
    if alike < (0.7 if both else 1.0) or not spot.near(other):
        return
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
