"""Small road files that once gave a wrong answer, each with what is right."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from conftest import ROOT
from coverage.profiles import load_profile
from coverage.roads.sources import load
from coverage.travel.prepare import prepare
from coverage.travel.times import reach
from helpers import run

pytest.importorskip("osmium")
CASES = ROOT / "tests" / "cases" / "roads"
ELDERLY = ("--city", "清远", "--kind", "elder_care")


@pytest.mark.parametrize("name", ["dup.osm", "dup2.osm"])
def test_two_ways_over_the_same_nodes_both_stay(name: str) -> None:
    """Steps and a tertiary street, whichever has the smaller number."""
    net = load(CASES / "duplicate_streets" / name, cache=False)
    xy = np.column_stack([net.x, net.y])

    def seconds(profile: str, without: tuple[str, ...] = ()) -> float:
        how = replace(load_profile(profile), max_access_m=0.0, exclude_classes=without)
        ready = prepare(net, replace(how, max_direct_m=0.0))
        return float(reach(ready, xy[:1], xy[1:], np.inf).seconds[0])

    assert seconds("older_walk") == pytest.approx(1274.8, abs=0.1)
    assert seconds("older_walk", ("steps",)) == pytest.approx(1274.8, abs=0.1)
    assert seconds("drive") == pytest.approx(108, abs=0.5)


def test_a_trunk_road_through_a_town_is_walked(capsys: pytest.CaptureFixture[str]) -> None:
    case = CASES / "trunk_town"
    given = ("--facilities", f"{case}/f.csv", "--roads", f"{case}/r.osm")
    people = ("--population", f"{case}/p.csv", "--minutes", "15", "--format", "json")
    out = run(capsys, "circle", *ELDERLY, *given, *people)
    (city,) = (row for row in json.loads(out.out)["people"] if row["code"] == "441800")
    assert (city["reached"], city["total"]) == (500, 1100)


@pytest.mark.parametrize(
    ("case", "place", "more", "words"),
    [
        ("josm_negative_ids", "113.0441176,23.68", ("--minutes", "60"), "25.0 分钟"),
        ("legs_cross_motorway", "113.05,23.679982", (), "与任何设施都不连通"),
        ("legs_cross_river", "113.05,23.6799549", ("--barriers", "water.geojson"), "不连通"),
    ],
)
def test_routes(
    case: str, place: str, more: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = CASES / case
    more = tuple(str(folder / one) if one.endswith("json") else one for one in more)
    given = ("--facilities", f"{folder}/f.csv", "--roads", f"{folder}/r.osm", "--from", place)
    assert words in run(capsys, "route", *ELDERLY, *given, *more).out


def test_lines_that_cross_without_a_node_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    case = CASES / "unnoded_lines"
    given = ("--facilities", f"{case}/f.csv", "--roads", f"{case}/cross_unnoded.gpkg")
    people = ("--population", f"{case}/p.csv", "--minutes", "30")
    out = run(capsys, "circle", *ELDERLY, *given, *people)
    assert "1 处相交而没有路口" in out.out + out.err
    checked = run(capsys, "roads", "check", given[-1], "--format", "json")
    rows = {row["check"]: row["count"] for row in json.loads(checked.out)}
    assert rows["crossing_without_node"] == 1
