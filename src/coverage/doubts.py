"""Doubts: what of a register is not known, and between what a value lies then.

Whatever is not known counts once as it would lower a value and once as it would raise it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coverage.messages import Said

if TYPE_CHECKING:
    from fractions import Fraction

    from coverage.indicators import Matched, Measurement


def with_perhaps(found: Measurement, matched: Matched, other: Fraction | None) -> Measurement:
    """The measurement with the other value it has if what is not known of rows is as asked."""
    value, count = found.value, len(matched.perhaps)
    if not count or value is None:
        return found
    other = value if other is None else other
    said = Said(
        f"{count} 处设施的层级、位置、性质或开办时间不详，未计入",
        f"of {count} facilities the tier, the place, the ownership or the first day is not known: "
        "left out",
    )
    doubt = Said(f"{count} 处设施情况不明", f"{count} facilities in doubt")
    lowest, highest = min(value, other), max(value, other)
    return replace(
        found,
        lowest=lowest,
        highest=highest,
        unsure=(*found.unsure, doubt),
        notes=(*found.notes, said),
    )


def boundless(found: Measurement, count: int, what: Said) -> Measurement:
    """The measurement where so many facilities do not state what is added up: it may be more."""
    if not count or found.value is None:
        return found
    return replace(unstated(found, count, what), boundless=True)


def unstated(found: Measurement, count: int, what: Said) -> Measurement:
    """The measurement with what so many facilities do not state."""
    if not count:
        return found
    said = Said(
        f"{count} 处设施{what.zh}不详，未计入",
        f"{count} facilities do not state {what.en}: left out",
    )
    doubt = Said(f"{count} 处设施{what.zh}不详", f"{count} facilities do not state {what.en}")
    return replace(found, notes=(*found.notes, said), unsure=(*found.unsure, doubt))
