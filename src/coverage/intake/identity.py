"""Which facilities are one: rows of a list that repeat another, and the register of before.

Names are compared in one form: simplified, half width, without brackets, and without the
prefixes of city and county and the 镇 of the township (清远市清新区太和镇敬老院 and 太和敬老院
are one; 佛冈县敬老院 and 佛冈敬老院 too). Numbers, directions and the like tell facilities
apart (第一, 第二; 东, 西) and must be the same however alike the rest is.

Among the rows of a list the same form is one bucket; names a slip apart share a form with one
character left out. Inside a bucket only places on the same 200 m squares meet, so that the work
grows with the rows and not with their square.

A facility is the same as one of the register of before if name (in that form), kind and township
are; else if its own number is; else if name, kind and county are, and it moved. A list speaks
for the kinds of facility that stand in it, and for all that came from the files of its name: both
are replaced by it, and the rest of the register stays.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np

from coverage.datum import project
from coverage.facilities import CHANGING
from coverage.kinds import KINDS
from coverage.lists.rows import Finding
from coverage.lists.words import parse_kind
from coverage.messages import Said
from coverage.places.names import plain_name, root_of
from coverage.places.polygons import plane

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable, Sequence

    from coverage.city import City
    from coverage.facilities import Facility
    from coverage.intake.outcomes import FacilityRow
    from coverage.units import Units

NEAR_M = 200.0  # within which two facilities stand at one place
_SHORTEST = 4  # of shorter names one character is too much
_BRACKETS = re.compile(r"[(（\[【].*?[)）\]】]")
_TELLING = re.compile(
    r"[0-9a-z一二三四五六七八九十甲乙丙丁戊己庚辛壬癸子丑寅卯辰东西南北上下前后左右新旧老大小男女]"
)
_TOWN = re.compile(r"(?:街道办事处|街道办|街道|镇|乡)$")
_ALIKE = 0.7
_FEW = 16  # rows of one name that are looked through without squares
_NOTED = 3  # likenesses that are said of one row
Replace: TypeAlias = Literal["kinds", "files", "all"]
MADE = "imp-"  # how the ids begin that an import gives to rows without any
_METRES = 111_000.0


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


@lru_cache(maxsize=16_384)
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
    for above in map(plain_name, around[:2]):
        root = root_of(above, "county")
        forms = (above, *(root + kind for kind in "县市区"), root)  # 连山县: 连山壮族瑶族自治县
        start = next((n for n in forms if len(n) >= 2 and text.startswith(n)), "")
        short = text[len(start) :]
        if start and short:
            # 清新区敬老院 is the county's own: nothing but the kind would be left of it.
            text = root + short if parse_kind(short).how == "exact" else short
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

    row: FacilityRow
    form: Form
    x: float
    y: float

    @property
    def placed(self) -> bool:
        return not math.isnan(self.x)

    def near(self, other: _Spot, *, perhaps: bool = False) -> bool:
        """Whether two rows stand at one place, as far as is known, or `perhaps` do."""
        if self.placed and other.placed:
            return math.hypot(self.x - other.x, self.y - other.y) <= NEAR_M
        one, two = self.row.unit_code, other.row.unit_code
        if perhaps and one and two:  # one of them may say its county alone
            return one.startswith(two) or two.startswith(one)
        return one == two


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
        keys: list[object] = []
        if spot.placed:
            i, j = _square(spot)
            keys += [(i + di, j + dj) for di in (-1, 0, 1) for dj in (-1, 0, 1)]
        for placed in (False,) if spot.placed else (False, True):
            keys += [("under", placed, unit), *((placed, u) for u in (unit, *_coarser(unit)))]
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
        cells[spot.placed, unit].append(spot)
        for above in _coarser(unit):
            cells["under", spot.placed, above].append(spot)
        if spot.placed:
            cells[_square(spot)].append(spot)


def _coarser(unit: str) -> list[str]:
    return [unit[:n] for n in (9, 6) if len(unit) > n]


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
                if id(other.row) not in noted and spot.near(other, perhaps=True):
                    noted |= _note(spot, other)
            buckets[key].add(spot)


_Key: TypeAlias = tuple[object, tuple[str, ...], str]


def _keys(spot: _Spot) -> list[_Key]:
    """What rows must share to be compared: the kind, what tells, and the form or one a slip off."""
    text, telling = spot.form
    slips = spot.placed and len(text) >= _SHORTEST  # without a place only the form itself says
    kind = spot.row.values.get("kind")
    return [(kind, telling, form) for form in sorted(_shorter(text) if slips else {text})]


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
        bucket = seen[plain_name(spot.row.name), spot.row.values.get("kind")]
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
    if spot.row.unit_code[:9] != other.row.unit_code[:9]:
        far = Said("在同一县区", "in the same county")
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


@dataclass(frozen=True)
class Change:
    """Facilities of one kind in one county, before and now.

    Attributes:
        county: Code of the county, of the city where none is known.
        kind: Kind.
        before: How many there were.
        now: How many there are.
        came: How many are new.
        went: How many are gone.
        changed: How many are the same with other beds, services, status, unit or place.
    """

    county: str
    kind: str
    before: int
    now: int
    came: int
    went: int
    changed: int

    def said(self, units: Units) -> Said:
        """The line in words."""
        kind = KINDS[self.kind]
        name = units.name(self.county)
        return Said(
            f"{name} {kind.zh}：{self.before} → {self.now}"
            f"（新增 {self.came}，减少 {self.went}，变动 {self.changed}）",
            f"{name} {kind.en}: {self.before} → {self.now} "
            f"({self.came} came, {self.went} went, {self.changed} changed)",
        )


@dataclass(frozen=True)
class Comparison:
    """What an import changes.

    Attributes:
        lines: By county and kind, those with a difference alone.
        came: New facilities.
        went: Facilities of before that are gone.
        changed: The same facility before and now, where it differs.
    """

    lines: tuple[Change, ...]
    came: tuple[Facility, ...]
    went: tuple[Facility, ...]
    changed: tuple[tuple[Facility, Facility], ...]

    @property
    def said(self) -> Said:
        """The whole in one sentence."""
        came, went, changed = len(self.came), len(self.went), len(self.changed)
        return Said(
            f"与上次登记册相比：新增 {came:,}，减少 {went:,}，变动 {changed:,}",
            f"against the register of before: {came:,} came, {went:,} went, {changed:,} changed",
        )

    def told(self, kept: Sequence[Facility], units: Units) -> list[Finding]:
        """The whole, each county and kind that differs, and the kinds of what is `kept`."""
        lines = [self.said, *(line.said(units) for line in self.lines)]
        if kept:
            kinds = Counter(KINDS[f.kind] for f in kept).most_common()
            zh = "、".join(f"{kind.zh} {n:,}" for kind, n in kinds)
            en = ", ".join(f"{kind.en} {n:,}" for kind, n in kinds)
            lines.append(
                Said(
                    f"登记册中其他名录的设施保留：{zh}（全部换掉用 --replace-all）",
                    f"facilities of other lists are kept: {en} (--replace-all would take them out)",
                )
            )
        return [Finding("previous", "note", said) for said in lines]


def kept_beside(
    old: Sequence[Facility],
    new: Sequence[Facility],
    files: Collection[str],
    units: Units,
    *,
    replace: Replace = "kinds",
) -> tuple[Facility, ...]:
    """The facilities of before that an import leaves standing, in their order.

    Args:
        old: The register of before.
        new: What was imported.
        files: Names of the files it was imported from; what came from files of these names goes.
        units: The city's units.
        replace: ``kinds`` replaces all of the kinds in `new` as well, ``files`` only what is the
            same facility as one of `new`, ``all`` everything.
    """
    if replace == "all":
        return ()
    kinds = {facility.kind for facility in new} if replace == "kinds" else set()
    same = {id(a) for a, _ in paired(old, new, units)[0]} if replace == "files" else set()
    return tuple(
        f for f in old if f.kind not in kinds and id(f) not in same and not _came_from(f, files)
    )


def _came_from(facility: Facility, files: Collection[str]) -> bool:
    """Whether a facility's source is one of these files, or a sheet of it."""
    return any(facility.source == name or facility.source.startswith(f"{name} ") for name in files)


def compare(old: Sequence[Facility], new: Sequence[Facility], units: Units) -> Comparison:
    """Match two registers and count by county and kind what differs."""
    pairs, went, came = paired(old, new, units)
    changed = [pair for pair in pairs if _differs(*pair)]
    return Comparison(
        _lines(old, new, came, went, changed), tuple(came), tuple(went), tuple(changed)
    )


def paired(
    old: Sequence[Facility], new: Sequence[Facility], units: Units
) -> tuple[list[tuple[Facility, Facility]], list[Facility], list[Facility]]:
    """Facilities of two registers that are the same, those of before alone, those of now alone."""

    def named(facility: Facility, digits: int) -> Hashable:
        form = form_of(facility.name, facility.unit_code[:digits], units)
        return form, facility.kind, facility.unit_code[:digits]

    def numbered(facility: Facility) -> Hashable | None:
        return None if facility.id.startswith(MADE) else (facility.id, facility.kind)

    went, came = list(old), list(new)
    pairs: list[tuple[Facility, Facility]] = []
    for key in (lambda f: named(f, 9), numbered, lambda f: named(f, 6)):
        met, went, came = _matched(went, came, key)
        pairs += met
    return pairs, went, came


def _matched(
    old: list[Facility], new: list[Facility], key: Callable[[Facility], Hashable | None]
) -> tuple[list[tuple[Facility, Facility]], list[Facility], list[Facility]]:
    """Pairs with the same key, in order, and what is left of both."""
    waiting: dict[Hashable, list[Facility]] = defaultdict(list)
    for facility in reversed(old):
        if (k := key(facility)) is not None:
            waiting[k].append(facility)
    pairs, left = [], []
    for facility in new:
        k = key(facility)
        if k is not None and waiting.get(k):
            pairs.append((waiting[k].pop(), facility))
        else:
            left.append(facility)
    met = {id(before) for before, _ in pairs}
    return pairs, [f for f in old if id(f) not in met], left


def _differs(a: Facility, b: Facility) -> bool:
    plain = (*CHANGING, "unit_code", "tier", "closed", "changes")
    if any(getattr(a, name) != getattr(b, name) for name in plain):
        return True
    if a.lon is None or a.lat is None or b.lon is None or b.lat is None:
        return a.placed != b.placed
    # A degree of longitude is shorter: what this takes for 200 m is never more.
    return max(abs(a.lon - b.lon), abs(a.lat - b.lat)) * _METRES > NEAR_M


def _lines(
    old: Sequence[Facility],
    new: Sequence[Facility],
    came: Sequence[Facility],
    went: Sequence[Facility],
    changed: Sequence[tuple[Facility, Facility]],
) -> tuple[Change, ...]:
    counts = [
        Counter((f.unit_code[:6], f.kind) for f in group)
        for group in (old, new, came, went, [now for _, now in changed])
    ]
    keys = sorted(
        key
        for key in set().union(*counts)
        if counts[0][key] != counts[1][key] or any(count[key] for count in counts[2:])
    )
    return tuple(Change(*key, *(count[key] for count in counts)) for key in keys)
