"""Small counts kept back from the data of service circles, as `discretion` does for a report.

A township's count can be worked out from its county's and its neighbours', and
a county's from the city's; a count within ten minutes bounds the one within
fifteen. So where one count of a county's townships is small, none of them is
given for any limit; where one of the counties' is, no county's and no
township's; where one of the city's is, nothing.
"""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

from coverage.reports.discretion import HIDDEN, small

if TYPE_CHECKING:
    from collections.abc import Mapping

_COUNTS = ("reached", "not_reached", "not_placed", "total")
_VALUES = (*_COUNTS, "share", "straight_share", "off_road_share")
_STATES_PEOPLE = re.compile(r"\d\s*(人|people)")


def suppress_reach(reach: Mapping[str, Any], below: int) -> dict[str, Any]:
    """A copy of a circle's data (`coverage.reports.circles.to_dict`) without small counts.

    Args:
        reach: The data.
        below: Counts above 0 and below this are small.
    """
    made = copy.deepcopy(dict(reach))
    few = {(row["level"], row["code"]) for row in made["people"] if _is_small(row, below)}
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
