"""Which kilometres are open to feet and to cars: ours beside osmnx's filters and Valhalla's rules.

`docs/roads.md` shows the numbers; ``python -m pytest tests/test_truth_ways.py -s`` prints them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

import truth
from coverage.roads.access import use_of
from coverage.roads.network import CAR, FOOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.shared

PLACES = [truth.LIECHTENSTEIN, truth.PORTO_ALEGRE]
MODES = {"walk": FOOT, "drive": CAR}
Tags = dict[str, str]
PRIVATE = {"private", "no", "agricultural", "forestry", "delivery", "permit", "emergency"}
RESIDENTS = {"destination", "customers"}
OPEN = {"yes", "designated", "permissive", "official"}
_FOR_FEET = {"bridleway", "corridor", "elevator", "platform", "escalator"}


@cache
def ways(name: str) -> tuple[tuple[Tags, float], ...]:
    """Tags and kilometres of every way with a highway."""
    import osmium
    from osmium.filter import KeyFilter
    from osmium.geom import haversine_distance

    found: Any = osmium.FileProcessor(str(truth.osm_file(name))).with_locations()
    return tuple(
        (dict(way.tags), haversine_distance(way.nodes) / 1000)
        for way in found.with_filter(KeyFilter("highway"))
        if way.is_way() and all(node.location.valid() for node in way.nodes)
    )


def ours(mode: str) -> Callable[[Tags], bool]:
    """Whether our rules let the mode along a way, in some direction."""

    def opens(tags: Tags) -> bool:
        use = use_of(tags)
        return use is not None and bool((use.forward | use.back) & MODES[mode])

    return opens


def osmnx_filter(mode: str) -> Callable[[Tags], bool]:
    """osmnx's own query, judged tag by tag as Overpass does."""
    from osmnx import _overpass

    query = _overpass._get_network_filter(mode)
    parts = re.findall(r'\["([^"]+)"(?:(!~)"([^"]*)")?\]', query)
    assert len(parts) == query.count("["), query

    def opens(tags: Tags) -> bool:
        return all(
            not re.search(pattern, tags.get(key, "")) if refuses else key in tags
            for key, refuses, pattern in parts
        )

    return opens


# What Valhalla reads from tags, by the rules published with its source (`lua/graph.lua`).
_ALL = ["trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "service"]
_ALL += ["living_street", "road", "track", "trunk_link", "primary_link", "secondary_link"]
_ALL += ["tertiary_link", "residential_link"]
_VALHALLA = {
    "walk": {*_ALL, "footway", "pedestrian", "steps", "path"},
    "drive": {*_ALL, "motorway", "motorway_link"},
}
_SHUT = {"no", "agricultural", "forestry", "discouraged", "emergency", "official"}
_KEYS = {"walk": ("foot", "pedestrian"), "drive": ("motorcar", "motor_vehicle")}
_SAYS = {"yes", "private", "permissive", "delivery", "designated", "destination", "customers"}
_SAYS |= {"public", "restricted", "allowed", "use_sidepath"}


def valhalla_rules(mode: str) -> Callable[[Tags], bool]:
    """The class, unless `access` shuts the way; then the mode's own tag; driveways always."""

    def opens(tags: Tags) -> bool:
        highway = tags["highway"]
        if highway in {"construction", "proposed"} or tags.get("area") == "yes":
            return False
        open_ = highway in _VALHALLA[mode]
        open_ &= tags.get("access") not in _SHUT and tags.get("impassable") != "yes"
        for key in reversed(_KEYS[mode]):
            value = tags.get(key)
            if value in _SAYS or (mode == "walk" and value in {"official", "crossing"}):
                open_ = True
            elif value in _SHUT:
                open_ = False
        if tags.get("service") == "driveway" and "access" not in tags:
            open_ = True
        return open_

    return opens


def _named(tags: Tags, *keys: str) -> set[str]:
    return {one for key in keys for one in re.split("[;,]", tags.get(key, "")) if one}


def reason(tags: Tags, mode: str) -> str:
    """Why another may judge a way otherwise: what in its tags the two read differently."""
    highway = {tags["highway"]}
    own = {"walk": ["foot"], "drive": ["motorcar", "motor_vehicle", "vehicle"]}[mode]
    said, general = _named(tags, *own), _named(tags, "access")
    reasons = {
        "areas (squares are crossed, others are left out)": tags.get("area") == "yes",
        "cycleways": highway == {"cycleway"},
        "bridleways, corridors, lifts, platforms": highway <= _FOR_FEET,
        "motorways and motorroads": "motorway" in tags["highway"] or "motorroad" in tags,
        "field tracks": mode == "drive" and highway == {"track"},
        "tags of the mode itself (foot, motor_vehicle …)": said & (PRIVATE | RESIDENTS | OPEN),
        "access=private, no, agricultural, forestry, delivery": general & PRIVATE,
        "access=destination, customers": general & RESIDENTS,
        "service roads, driveways, alleys, parking aisles": "service" in {*tags, *highway},
    }
    return next((why for why, holds in reasons.items() if holds), "")


def differences(name: str, mode: str, other: Callable[[Tags], bool]) -> dict[str, list[float]]:
    """Kilometres open by ours alone and by the other alone, by reason; and all, by ours and it."""
    found: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    mine = ours(mode)
    for tags, km in ways(name):
        judged = mine(tags), other(tags)
        for side in (0, 1):
            found["all"][side] += km * judged[side]
            if judged[side] and not judged[1 - side]:
                found[reason(tags, mode)][side] += km
    return dict(found)


def cases() -> Iterator[tuple[str, str, str]]:
    for name in PLACES:
        for mode in MODES:
            for other in ("osmnx", "Valhalla"):
                yield name, mode, other


@pytest.mark.parametrize(("name", "mode", "other"), [*cases()])
def test_every_kilometre_judged_otherwise_has_its_reason(name: str, mode: str, other: str) -> None:
    rule = {"osmnx": osmnx_filter, "Valhalla": valhalla_rules}[other](mode)
    found = differences(name, mode, rule)
    whole = found.pop("all")
    rows = [[why or "?", *(f"{km:.1f}" for km in sides)] for why, sides in sorted(found.items())]
    truth.print_table(
        [f"{name.split('-', maxsplit=1)[0]}, {mode}", "km ours alone", f"km {other} alone"],
        [["all open", *(f"{km:.1f}" for km in whole)], *rows],
    )
    assert min(whole) > 100
    assert sum(found.get("", [0.0])) < 0.001 * whole[0], "kilometres without a reason"
    if mode == "walk":
        assert sum(map(sum, found.values())) < 0.06 * whole[0]
