"""Who may use a way, in which direction and how fast it is posted: tags to flags.

The rules are a table, `access.toml`, beside this module. Order of judgement:
the class of the way, then `motorroad` and sidewalks, then the access tags of
each mode from the general (`access`) to the particular (`foot`), then the
one-way tags. Feet are bound by a one-way street only where the tags speak of
feet, or on ways made for feet.

Left out, and so a limit of the answer: conditional access (``access:conditional``)
and times of day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from math import nan
from typing import TYPE_CHECKING, Any

from coverage.packaged import packaged
from coverage.roads.network import BICYCLE, CAR, CAR_ON_TRACKS, FOOT, MODES, mode_flags

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_KMH = {"": 1.0, "kmh": 1.0, "km/h": 1.0, "kph": 1.0, "mph": 1.609344, "knots": 1.852}
_SPEED = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([a-z/]*)\s*$")
_ISO_DURATION = re.compile(r"PT(?:(\d{1,3})H)?(?:(\d{1,4})M)?(?:(\d{1,5})S)?", re.ASCII)
_DURATION = re.compile(r"(?:(\d{1,3}):)?(\d{1,4})(?::(\d{2}))?", re.ASCII)
_WALK_KMH = 5.0
_IS_NONE = {"", "no", "f", "false", "0"}  # as OpenStreetMap and its shapefiles write it
_SIDES = ("cycleway", "cycleway:left", "cycleway:right", "cycleway:both")
_SPEEDS = ("maxspeed", "maxspeed:forward", "maxspeed:backward")
_ONE_WAY = ("oneway", "oneway:bicycle", "oneway:foot", "foot:oneway", "junction", "conveying")
_KEYS = ("highway", "route", *_ONE_WAY, *_SIDES, *_SPEEDS)
_LONGEST = 255  # characters of a value of OpenStreetMap


@dataclass(frozen=True)
class Use:
    """What the tags of one way say.

    Attributes:
        forward: Flags of who may go along the way's own direction.
        back: Flags of who may go against it.
        speed: Posted km/h forward, NaN if none.
        speed_back: The same against the direction.
        odd_speed: A speed that is no number, as it stands in the source.
        ends: Flags of who may use it only where a way begins or ends.
    """

    forward: int
    back: int
    speed: float = nan
    speed_back: float = nan
    odd_speed: str | None = None
    ends: int = 0


@cache
def rules() -> dict[str, Any]:
    """The table, with its lists of values as sets and its lists of modes as flags."""
    table = dict(packaged("roads/access.toml"))
    for section in ("classes", "by_choice", "barriers", "turns"):
        table[section] = {name: mode_flags(modes) for name, modes in table[section].items()}
    for section in ("values", "opens", "closes", "oneway", "access_yes"):
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
        tags: At least ``highway`` or ``route``.
        unknown_class: Flags for a class the table does not list.

    Returns:
        None if the class is no road, else the verdict; it may be that
        nobody may use the way.
    """
    known = judged_keys()
    return _judged(frozenset([one for one in tags.items() if one[0] in known]), unknown_class)


@cache
def judged_keys() -> frozenset[str]:
    """The keys that `use_of` looks at; no other tag changes what it says."""
    table = rules()
    keys = {*_KEYS, *table["closes"], *table["opens"]}
    return frozenset(keys.union(*table["tags"].values()))


@lru_cache(maxsize=4096)
def _judged(said: frozenset[tuple[str, str]], unknown_class: int) -> Use | None:
    """Most ways of a city say one of a few hundred things."""
    table, tags = rules(), dict(said)
    highway = road_class(tags)
    flags = table["classes"].get(highway, unknown_class)
    if not flags:
        return None
    flags, ends = _allowed(tags, highway, flags, table)
    if not flags:
        return Use(0, 0)
    forward, back = _oneway(tags, flags, highway, table["oneway"])
    (speed, odd), (ahead, odd_ahead), (behind, odd_behind) = (
        speed_kmh(tags.get(key)) for key in _SPEEDS
    )
    return Use(
        forward,
        back,
        speed if ahead != ahead else ahead,  # noqa: PLR0124 - NaN is not itself
        speed if behind != behind else behind,  # noqa: PLR0124
        odd or odd_ahead or odd_behind,
        ends,
    )


def road_class(tags: Mapping[str, str]) -> str:
    """The class of a way: ``highway``, or ``ferry``; empty where it is neither."""
    return tags.get("highway") or ("ferry" if tags.get("route") == "ferry" else "")


def level_of(tags: Mapping[str, str]) -> int:
    """1 above the ground (a bridge), -1 below it (a tunnel), 0 on it.

    Example:
        >>> level_of({"bridge": "viaduct"}), level_of({"layer": "-2"}), level_of({"bridge": "F"})
        (1, -1, 0)
    """
    if tags.get("bridge", "no").lower() not in _IS_NONE:
        return 1
    if tags.get("tunnel", "no").lower() not in _IS_NONE:
        return -1
    layer = tags.get("layer", "0").strip().lstrip("+")
    return 0 if layer.removesuffix(".0") in _IS_NONE else -1 if layer.startswith("-") else 1


def shut_at(tags: Mapping[str, str]) -> int:
    """Flags of who cannot pass a node with a barrier.

    Example:
        >>> shut_at({"barrier": "gate"}), shut_at({"barrier": "gate", "motor_vehicle": "no"})
        (0, 4)
    """
    table = rules()
    shut = table["barriers"].get(tags.get("barrier", ""), 0)
    for mode, keys in table["tags"].items():
        said = _last_word(tags, keys)[1]
        if said is not None:
            shut = shut | MODES[mode] if said == "no" else shut & ~MODES[mode]
    return int(shut)


def turn_bound(tags: Mapping[str, str]) -> tuple[str, int]:
    """What a turn restriction says (empty if nothing here), and flags of whom it binds.

    Example:
        >>> turn_bound({"restriction": "no_left_turn", "except": "bicycle;psv"})
        ('no_left_turn', 4)
    """
    bound = rules()["turns"]["bound"]
    said = tags.get("restriction", "")
    if not said and (said := tags.get("restriction:motorcar", "")):
        bound &= CAR
    for one in re.split("[;,]", tags.get("except", "")):
        bound &= ~{"motorcar": CAR, "motor_vehicle": CAR, "vehicle": CAR | BICYCLE}.get(
            one.strip(), MODES.get(one.strip(), 0)
        )
    return (said if bound else ""), bound


def duration_s(text: str | None) -> float:
    """Seconds of a ferry's ``duration``: ``20`` (minutes), ``1:30``, ``PT1H30M``; NaN if neither.

    Example:
        >>> duration_s("20"), duration_s("1:30"), duration_s("PT5M")
        (1200.0, 5400.0, 300.0)
    """
    plain = (text or "").strip().upper()
    found = _ISO_DURATION.fullmatch(plain) or _DURATION.fullmatch(plain)
    if found is None:
        return nan
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return float(hours * 3600 + minutes * 60 + seconds) or nan


@lru_cache(maxsize=4096)
def _meaning(value: str | None) -> str | None:
    """``yes``, ``ends`` or ``no``: the most open of what a value says; None if it says nothing."""
    if value is None:
        return None
    said = [one.strip() for one in re.split("[;,|]", value)] if len(value) < _LONGEST else []
    lists = rules()["values"]
    return next((name for name in ("yes", "ends", "no") if lists[name].intersection(said)), None)


def _allowed(
    tags: Mapping[str, str], highway: str, flags: int, table: dict[str, Any]
) -> tuple[int, int]:
    """Flags of who may use the way at all, and of those of them who may only begin or end there."""
    choice = table["by_choice"].get(highway, 0)
    made_for, ends = flags | choice, 0
    if highway not in table["access_yes"]["not_to_feet"]:
        made_for |= FOOT
    if any(tags.get(key) in values for key, values in table["closes"].items()):
        flags &= CAR
    elif any(tags.get(k) in v for k, v in table["opens"].items()):
        flags |= FOOT
    for mode, keys in table["tags"].items():
        flag = MODES[mode]
        key, said = _last_word(tags, keys)
        if said is not None:
            choice &= ~flag
        if said == "no":
            flags &= ~flag
        elif said is not None and key != "access":
            flags |= flag
        elif said == "yes":
            flags |= flag & made_for
        ends |= flag if said == "ends" else 0
    if choice & CAR and not flags & CAR:
        flags |= CAR_ON_TRACKS
    return flags, ends & flags


def _last_word(tags: Mapping[str, str], keys: Sequence[str]) -> tuple[str, str | None]:
    """The most particular tag that says something, and what."""
    words = ((key, _meaning(tags.get(key))) for key in reversed(keys))
    return next(((key, said) for key, said in words if said is not None), ("", None))


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
        opposite = any(tags.get(key, "").startswith("opposite") for key in _SIDES)
        bicycle = "no" if opposite else street
    feet = tags.get("oneway:foot", tags.get("foot:oneway"))
    if feet is None:
        if tags.get("conveying") in {"forward", "backward"}:
            feet = {"forward": "yes", "backward": "-1"}[tags["conveying"]]
        elif highway in table["binds_feet"]:
            feet = street
    forward = back = 0
    for mode, rule in ((FOOT, feet), (BICYCLE, bicycle), (CAR | CAR_ON_TRACKS, street)):
        forward |= mode if rule not in table["backward"] else 0
        back |= mode if rule not in table["forward"] else 0
    return flags & forward, flags & back
