"""The one shape of demand: weighted points on the city's plane, and how they are kept.

Nothing here needs shapely or pyproj, which is most of what the model costs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from coverage.errors import UnknownNameError
from coverage.formats.archives import Archive, Cache
from coverage.messages import Said

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from coverage.arrays import Floats, Int32s
    from coverage.city import City
    from coverage.workspace import Role


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
        known: What is known of where people live: the ``place`` of each, or their ``township``
            alone, within which they are spread by a model.
    """

    crs: str
    x: Floats
    y: Floats
    people: dict[str, Floats]
    unit: Int32s
    unit_codes: tuple[str, ...]
    not_placed: dict[str, dict[str, float]]
    provenance: str
    source: str
    notes: tuple[Said, ...]
    known: str = "place"

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
            raise UnknownNameError(
                Said(
                    f"人口没有人群 {group!r}，有的：{known}",
                    f"the demand has no group {group!r}; it has {known}",
                )
            )
        placed = float(self.people[group].sum())
        return placed + math.fsum(self.not_placed.get(group, {}).values())


def model_files(city: City) -> tuple[Path, ...]:
    """Every file that the model of a city is made from; none of a city made from frames."""
    if city.held is not None:
        return ()
    roles: tuple[Role, ...] = ("population", "units", "villages", "counties", "townships")
    found = [city.find(role) if role == "villages" else city.file(role) for role in roles]
    return tuple(path for path in found if path is not None)


_ARRAYS = ("x", "y", "unit", "people")


def _pack(demand: Demand) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    columns: dict[str, Any] = {name: getattr(demand, name) for name in demand.__dataclass_fields__}
    columns["people"] = np.stack([demand.people[group] for group in demand.groups])
    arrays = {name: columns.pop(name) for name in _ARRAYS}
    return {**columns, "groups": demand.groups}, arrays


def _unpack(about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Demand:
    about["people"] = dict(zip(about.pop("groups"), arrays.pop("people"), strict=True))
    about["unit_codes"] = tuple(about["unit_codes"])
    about["notes"] = tuple(Said(*note) for note in about["notes"])
    columns: dict[str, Any] = {**about, **arrays}
    return Demand(**columns)


CACHE = Cache("demand", Archive(b"FCDM", 6), _pack, _unpack)
