"""Small counts kept back from the data of service circles, as `discretion` does for a report.

A township's count can be worked out from its county's and its neighbours', and
a county's from the city's; a count within ten minutes bounds the one within
fifteen. So where one count of a county's townships is small, none of them is
given for any limit; where one of the counties' is, no county's and no
township's; where one of the city's is, nothing.
"""

from __future__ import annotations

import copy
import itertools
import re
from typing import TYPE_CHECKING, Any

from coverage.results.discretion import HIDDEN, small

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_COUNTS = ("reached", "not_reached", "not_placed", "total")
_VALUES = (*_COUNTS, "share", "straight_share", "off_road_share")
_STATES_PEOPLE = re.compile(r"\d\s*(人|people)")


def suppress_together(reaches: Sequence[Mapping[str, Any]], below: int) -> list[dict[str, Any]]:
    """Copies of the same circles' data at one or several moments, all without the same counts.

    A count that is small at one moment, or changes by a small number between
    two, is hidden at each of them: beside the others it would be known.

    Args:
        reaches: The data (`coverage.results.circles.to_dict`).
        below: Counts above 0 and below this are small.
    """
    few = {key for reach in reaches for key, row in _by_unit(reach) if _is_small(row, below)}
    for one, other in itertools.combinations(reaches, 2):
        before = {(key, row["group"], row["limit"]): row for key, row in _by_unit(one)}
        for key, row in _by_unit(other):
            then = before.get((key, row["group"], row["limit"]))
            if then is not None and _changes_little(then, row, below):
                few.add(key)
    return [_without(reach, few) for reach in reaches]


def _by_unit(reach: Mapping[str, Any]) -> list[tuple[tuple[str, str], Mapping[str, Any]]]:
    return [((row["level"], row["code"]), row) for row in reach["people"]]


def _changes_little(a: Mapping[str, Any], b: Mapping[str, Any], below: int) -> bool:
    return any(small(abs(a[key] - b[key]), below) for key in _COUNTS)


def _without(reach: Mapping[str, Any], few: set[tuple[str, str]]) -> dict[str, Any]:
    """A copy without the counts of these units, level and code, and what gives them away."""
    made = copy.deepcopy(dict(reach))
    levels = {level for level, _ in few}
    townships = {code[:6] for level, code in few if level == "township"}
    coarse = bool(levels & {"city", "county"})

    def gone(level: str, code: str) -> bool:
        if level == "city":
            return "city" in levels
        # Points outside every unit have no code: they are the rest of a sum.
        return coarse or (level == "township" and (not code or code[:6] in townships))

    for row in made["people"]:
        if gone(row["level"], row["code"]):
            row.update(dict.fromkeys(_VALUES, HIDDEN))
    for row in made["nearest"]:
        if gone(row["level"], row["code"]):
            row["beyond_percent"] = HIDDEN
            row["percentiles"] = dict.fromkeys(row["percentiles"])
    if few:
        made["notes"] = [note for note in made["notes"] if not _STATES_PEOPLE.search(note)]
    return made


def _is_small(row: Mapping[str, Any], below: int) -> bool:
    return any(small(row[key], below) for key in _COUNTS)
