"""The one shape of demand: weighted points on the city's plane."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coverage.errors import UnknownNameError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from coverage.messages import Said


@dataclass(frozen=True, eq=False)
class Demand:
    """People of a city as ``p`` weighted points.

    Attributes:
        crs: Projected CRS in metres, the city's UTM zone.
        x: (p,) metres east.
        y: (p,) metres north.
        people: By group (``all``, ``60+``, ``0-14`` …) the (p,) people at each point; fractions
            of a person are allowed, rounding is for those who print.
        unit: (p,) index into `unit_codes`, -1 where the point is in no township.
        unit_codes: Codes of every township-level row of the city, statistical units included,
            so that indices mean the same whatever the demand was made from.
        not_placed: By group, people by township code who are known but have no place.
        provenance: ``published``, ``surveyed`` or ``modelled``.
        source: Files that it was made from.
        notes: What to know before quoting a number, in both languages.
    """

    crs: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    people: dict[str, NDArray[np.float64]]
    unit: NDArray[np.int32]
    unit_codes: tuple[str, ...]
    not_placed: dict[str, dict[str, float]]
    provenance: str
    source: str
    notes: tuple[Said, ...]

    def __len__(self) -> int:
        return len(self.x)

    @property
    def groups(self) -> tuple[str, ...]:
        """Groups that are known, in the order they were read."""
        return tuple(self.people)

    def total(self, group: str = "all") -> float:
        """People of a group, with and without a place.

        Raises:
            UnknownNameError: If the demand has no such group.
        """
        if group not in self.people:
            known = ", ".join(self.people)
            raise UnknownNameError(f"the demand has no group {group!r}; it has {known}")
        placed = float(self.people[group].sum())
        return placed + math.fsum(self.not_placed.get(group, {}).values())
