"""Who may use a way, in which direction and how fast it is posted: tags to flags.

The rules are a table, `access.toml`, beside this module. Order of judgement:
the class of the way, then `motorroad` and sidewalks, then the access tags of
each mode from the general (`access`) to the particular (`foot`), then the
one-way tags. Feet are bound by a one-way street only where the tags speak of
feet, or on ways made for feet.

Left out, and so a limit of the answer: barriers on nodes (gates, bollards),
turn restrictions, conditional access (``access:conditional``), and times of day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from math import nan
from typing import TYPE_CHECKING, Any

from coverage.packaged import packaged
from coverage.roads.network import BICYCLE, CAR, FOOT, MODES, mode_flags

if TYPE_CHECKING:
    from collections.abc import Mapping


_KMH = {"": 1.0, "kmh": 1.0, "km/h": 1.0, "kph": 1.0, "mph": 1.609344, "knots": 1.852}
_SPEED = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([a-z/]*)\s*$")
_WALK_KMH = 5.0


@dataclass(frozen=True)
class Use:
    """What the tags of one way say.

    Attributes:
        forward: Flags of who may go along the way's own direction.
        back: Flags of who may go against it.
        speed: Posted km/h forward, NaN if none.
        speed_back: The same against the direction.
        odd_speed: A speed that is no number, as it stands in the source.
    """

    forward: int
    back: int
    speed: float = nan
    speed_back: float = nan
    odd_speed: str | None = None


@cache
def rules() -> dict[str, Any]:
    """The table, with its lists of values as sets and its classes as flags."""
    table = dict(packaged("roads/access.toml"))
    table["classes"] = {name: mode_flags(modes) for name, modes in table["classes"].items()}
    for section in ("values", "opens", "closes", "oneway"):
        table[section] = {key: frozenset(values) for key, values in table[section].items()}
    return table


def speed_kmh(text: str | None) -> tuple[float, str | None]:
    """Posted speed in km/h, and the text itself if it is no speed.

    ``50``, ``30 mph`` and ``walk`` are read; ``none``, ``signals``,
    ``variable`` and zone names such as ``CN:urban`` are no number, which is
    not a mistake: they give NaN and no complaint.
    """
    if text is None:
        return nan, None
    plain = text.strip().lower()
    found = _SPEED.match(plain)
    if found and found[2] in _KMH:
        return float(found[1]) * _KMH[found[2]], None
    if plain == "walk":
        return _WALK_KMH, None
    known = plain in {"none", "signals", "variable", ""} or re.fullmatch(r"[a-z]{2}:\w+", plain)
    return nan, None if known else text


def use_of(tags: Mapping[str, str], *, unknown_class: int = 0) -> Use | None:
    """Judge a way by its tags.

    Args:
        tags: At least ``highway``.
        unknown_class: Flags for a class the table does not list.

    Returns:
        None if the class is no road, else the verdict; it may be that
        nobody may use the way.
    """
    table = rules()
    highway = tags["highway"]
    flags = table["classes"].get(highway, unknown_class)
    if not flags:
        return None
    flags = _allowed(tags, flags, table)
    if not flags:
        return Use(0, 0)
    forward, back = _oneway(tags, flags, highway, table["oneway"])
    if "maxspeed" not in tags and not any(key.startswith("maxspeed:") for key in tags):
        return Use(forward, back)
    speed, odd = speed_kmh(tags.get("maxspeed"))
    ahead, odd_ahead = speed_kmh(tags.get("maxspeed:forward"))
    behind, odd_behind = speed_kmh(tags.get("maxspeed:backward"))
    return Use(
        forward,
        back,
        speed if ahead != ahead else ahead,  # noqa: PLR0124 - NaN is not itself
        speed if behind != behind else behind,  # noqa: PLR0124
        odd or odd_ahead or odd_behind,
    )


def _allowed(tags: Mapping[str, str], flags: int, table: dict[str, Any]) -> int:
    """Flags of who may use the way at all."""
    if any(tags.get(key) in values for key, values in table["closes"].items()):
        flags &= CAR
    elif not flags & FOOT and any(tags.get(k) in v for k, v in table["opens"].items()):
        flags |= FOOT
    yes, no = table["values"]["yes"], table["values"]["no"]
    for mode, keys in table["tags"].items():
        for key in reversed(keys):
            value = tags.get(key)
            if value in no:
                flags &= ~MODES[mode]
            elif value in yes:
                # access=yes on a footpath is no invitation to drive there: only
                # a tag of the mode's own kind opens what the class keeps shut.
                flags |= MODES[mode] if key != "access" else 0
            else:
                continue
            break
    return flags


def _oneway(
    tags: Mapping[str, str], flags: int, highway: str, table: dict[str, frozenset[str]]
) -> tuple[int, int]:
    """Split the flags into forward and back."""
    street = tags.get("oneway")
    if street is None and (
        highway in table["implied_by_class"] or tags.get("junction") in table["implied_by_junction"]
    ):
        street = "yes"
    bicycle = tags.get("oneway:bicycle")
    if bicycle is None:
        opposite = any(
            tags.get(key, "").startswith("opposite")
            for key in ("cycleway", "cycleway:left", "cycleway:right", "cycleway:both")
        )
        bicycle = "no" if opposite else street
    feet = tags.get("oneway:foot", tags.get("foot:oneway"))
    if feet is None:
        if tags.get("conveying") in {"forward", "backward"}:
            feet = {"forward": "yes", "backward": "-1"}[tags["conveying"]]
        elif highway in table["binds_feet"]:
            feet = street
    forward = back = 0
    for mode, rule in ((FOOT, feet), (BICYCLE, bicycle), (CAR, street)):
        if rule in table["neither"]:
            continue
        forward |= mode if rule not in table["backward"] else 0
        back |= mode if rule not in table["forward"] else 0
    return flags & forward, flags & back
