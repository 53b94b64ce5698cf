"""An import held against the register of before: what stays, what came, went and changed.

A list speaks for the kinds of facility that stand in it, and for all that came from the files
of its name. Both are replaced by it; the rest of the register stays.

A facility is the same as before if name (in the form of `coverage.intake.nearby`),
kind and township are; else if its own number is; else if name, kind and
county are, and it moved.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from coverage.intake.names import NEAR_M, form_of
from coverage.kinds import KINDS
from coverage.lists.rows import Finding
from coverage.messages import Said

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Sequence

    from coverage.facilities import Facility
    from coverage.units import Units

Replace: TypeAlias = Literal["kinds", "files", "all"]
MADE = "imp-"  # how the ids begin that an import gives to rows without any
_METRES = 111_000.0


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
    same = {id(a) for a, _ in _paired(old, new, units)[0]} if replace == "files" else set()
    return tuple(
        f for f in old if f.kind not in kinds and id(f) not in same and not _came_from(f, files)
    )


def _came_from(facility: Facility, files: Collection[str]) -> bool:
    """Whether a facility's source is one of these files, or a sheet of it."""
    return any(facility.source == name or facility.source.startswith(f"{name} ") for name in files)


def compare(old: Sequence[Facility], new: Sequence[Facility], units: Units) -> Comparison:
    """Match two registers and count by county and kind what differs."""
    pairs, went, came = _paired(old, new, units)
    changed = [pair for pair in pairs if _differs(*pair)]
    return Comparison(
        _lines(old, new, came, went, changed), tuple(came), tuple(went), tuple(changed)
    )


def _paired(
    old: Sequence[Facility], new: Sequence[Facility], units: Units
) -> tuple[list[tuple[Facility, Facility]], list[Facility], list[Facility]]:
    """Facilities that are the same, those of before alone, and those of now alone."""

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
    plain = ("beds", "nursing_beds", "floor_area", "services", "status", "ownership", "unit_code")
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
