"""Dated rows of a list: each is a change of a facility that the register knows.

Such a row names its facility by number, or by name and unit as a list names it
(see `coverage.intake.identity`); what it says holds from its day on. A list
that comes again without its changes keeps those that the register remembers,
as long as it says what they say.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from coverage.facilities import CHANGING, Change, Facility
from coverage.intake.identity import form_of, paired
from coverage.lists.rows import Finding
from coverage.messages import Said
from coverage.nearest import nearest
from coverage.places.names import plain_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from coverage.city import City
    from coverage.intake.outcomes import FacilityRow
    from coverage.units import Units

_EMPTY: tuple[object, ...] = (None, "", frozenset())
_NO_VALUE = Said("没有写变了什么（床位数、服务内容、状态…）", "the row does not say what changed")


def remember(
    rows: Sequence[FacilityRow], kept: tuple[Facility, ...], city: City
) -> tuple[Facility, ...]:
    """Give each accepted dated row to its facility, on the rows and among those kept.

    Args:
        rows: All rows of the import, those that became facilities and those that are dated.
        kept: Facilities of before that stay.
        city: The city.

    Returns:
        What is kept, with its changes.
    """
    dated = [row for row in rows if row.is_change and row.accepted]
    if not dated:
        return kept
    found = {f.id: f for f in (*kept, *(f for row in rows for f in row.facilities))}
    known = _Known(found.values(), city.units)
    for row in dated:
        id_ = known.id_of(row)
        change = _change(row)
        if id_ and change is not None:
            found[id_] = _with(found[id_], change, row)
    for row in rows:
        row.facilities[:] = [found[f.id] for f in row.facilities]
    return tuple(found[f.id] for f in kept)


class _Known:
    """Facilities by the numbers and names that rows may call them by."""

    def __init__(self, facilities: Iterable[Facility], units: Units) -> None:
        self.units = units
        self.by_id = {f.id: f for f in facilities}
        self.by_name: dict[object, list[Facility]] = defaultdict(list)
        for f in self.by_id.values():
            for key in {plain_name(f.name), form_of(f.name, f.unit_code, units)}:
                self.by_name[key].append(f)

    def id_of(self, row: FacilityRow) -> str:
        """The id of the facility that a row is about; empty once the row is rejected."""
        id_, name, unit = str(row.values.get("id") or ""), row.name, row.unit_code
        if id_ in self.by_id:
            return id_
        same = self.by_name.get(plain_name(name)) or self.by_name.get(
            form_of(name, unit, self.units), []
        )
        near = [f for f in same if f.unit_code.startswith(unit) or unit.startswith(f.unit_code)]
        kind = row.values.get("kind")
        near = [f for f in near if kind in (None, f.kind)]
        if len(near) == 1:
            return near[0].id
        row.reject(self._several(near) if near else self._none(id_, name))
        return ""

    @staticmethod
    def _several(near: Sequence[Facility]) -> Said:
        ids = "、".join(f.id for f in near[:3])
        zh = f"有 {len(near)} 处设施叫这个名称（编号 {ids}），请写编号或乡镇"
        return Said(zh, f"{len(near)} facilities are called so ({ids}): state the id or township")

    def _none(self, id_: str, name: str) -> Said:
        like = nearest(name, [f.name for f in self.by_id.values()])
        zh, en = (f"，是否“{like[0]}”", f"; did you mean {like[0]}?") if like else ("", "")
        called = name or id_
        return Said(
            f"登记册和名单里没有“{called}”，变更无处可记{zh}",
            f"no facility is called {called}: the change belongs to none{en}",
        )


def _change(row: FacilityRow) -> Change | None:
    """What a row says changed, `None` once it is rejected."""
    stated = {name: row.values[name] for name in CHANGING if row.values.get(name) not in _EMPTY}
    if "services" in stated:
        stated["services"] = frozenset(stated["services"])
    if not stated:
        row.reject(_NO_VALUE)
        return None
    told: dict[str, Any] = {"source": f"{row.of.file} {row.sheet}".strip()}
    told |= {n: row.values[n] for n in ("source", "provenance", "note") if row.values.get(n)}
    return Change(row.values["since"], tuple(stated.items()), **told)


def _with(facility: Facility, change: Change, row: FacilityRow) -> Facility:
    """The facility with one more change, which replaces what another said of the same day."""
    now = dict(change.values)
    others = [
        replace(c, values=tuple(v for v in c.values if v[0] not in now))
        if c.since == change.since
        else c
        for c in facility.changes
    ]
    changes = sorted([*(c for c in others if c.values), change], key=lambda c: c.since)
    made = replace(facility, changes=tuple(changes))
    then = made.on(change.since)
    if then.beds is not None and (then.nursing_beds or 0) > then.beds:
        row.reject(
            Said(
                f"自 {change.since} 起护理型床位 {then.nursing_beds} 多于床位 {then.beds}",
                f"from {change.since} on there are more nursing beds than beds "
                f"({then.nursing_beds} of {then.beds})",
            )
        )
        return facility
    return made


def carry_over(
    rows: Sequence[FacilityRow], before: Sequence[Facility], units: Units
) -> list[Finding]:
    """Keep what the register remembers of facilities that a list names again.

    A list says what is there now. Where that is what the last change says, the facility keeps
    its changes and what held before them; where it is not, the list tells no day, so that those
    changes go, and the finding says of which facilities.
    """
    if all(f.still for f in before):
        return []
    made = [f for row in rows for f in row.facilities if f.still]
    memories = {new.id: _carried(old, new) for old, new in paired(before, made, units)[0]}
    lost = [memory.name for memory, whole in memories.values() if not whole]
    for row in rows:
        row.facilities[:] = [memories.get(f.id, (f, True))[0] for f in row.facilities]
    if not lost:
        return []
    names = "、".join(lost[:5]) + ("…" if len(lost) > 5 else "")
    said = Said(
        f"{len(lost)} 处设施的现状与登记册的变更记录不同，又没写变更日期，记录不再保留：{names}",
        f"{len(lost)} facilities are not as their recorded changes say, and no day is stated: "
        f"those changes are dropped ({names})",
    )
    return [Finding("history.lost", "warning", said)]


def _carried(old: Facility, new: Facility) -> tuple[Facility, bool]:
    """The new facility with the memory of the old, and whether all of it could be kept."""
    latest = old.on(date.max)
    fits = {n for n in CHANGING if getattr(new, n) in (*_EMPTY, getattr(latest, n))}
    changes = [replace(c, values=tuple(v for v in c.values if v[0] in fits)) for c in old.changes]
    kept = tuple(c for c in changes if c.values)
    base = {n: getattr(old, n) for c in kept for n, _ in c.values}
    closed = old.closed if new.status == "closed" or latest.status == "open" else None
    whole = kept == old.changes and closed == old.closed
    return replace(new, **base, changes=kept, closed=closed), whole
