"""Cleaning: what is mended, what is kept, and that the sums agree."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely
from hypothesis import given

from coverage.roads.build import build
from coverage.roads.clean import UNJOINED, clean
from coverage.roads.network import CAR, FOOT, MODES
from test_roads_network import ALL, networks

if TYPE_CHECKING:
    from coverage.roads.network import RoadNetwork

LON, LAT = [113.00, 113.01, 113.02, 113.02], [23.70, 23.70, 23.70, 23.71]


def test_a_good_network_stays_as_it_is() -> None:
    network = build(LON, LAT, [0, 1, 2], [1, 2, 3], ALL)
    cleaned, report = clean(network)
    assert report.clean
    assert cleaned.edge_count == 6
    assert {row["count"] for row in report.rows("en")} == {0}
    assert np.array_equal(report.islands["foot"], [0, 0, 0, 0])
    assert cleaned.origin["islands"]["car"] == {"islands": 1, "largest": 4, "nodes_off": 0}


def test_speeds() -> None:
    network = build(LON, LAT, [0, 1, 2], [1, 2, 3], ALL, maxspeed_kmh=[0, 200, 150])
    cleaned, report = clean(network)
    assert report.count("speed_impossible") == 4
    assert np.nansum(cleaned.maxspeed_kmh) == 300
    assert np.nanmax(network.maxspeed_kmh) == 200  # the one given is not touched
    assert "0 km/h" in report.findings[0].examples[0].en


def test_lengths_against_the_drawing() -> None:
    network = build(LON, LAT, [0, 1, 2], [1, 2, 3], ALL, length_m=[10.0, 9000.0, 0.0])
    cleaned, report = clean(network)
    assert report.count("shorter_than_straight") == 4
    assert report.count("much_longer_than_drawn") == 2
    length = dict(zip(cleaned.edge_id.tolist(), cleaned.length_m.tolist(), strict=True))
    assert length[0] == pytest.approx(1020, rel=0.01)
    assert length[1] == 9000.0
    assert length[2] == pytest.approx(1108, rel=0.01)


def test_zero_length_edges_join_their_nodes() -> None:
    lon, lat = [*LON, 113.01], [*LAT, 23.70]
    network = build(lon, lat, [0, 1, 4, 2, 2], [1, 4, 2, 3, 2], ALL)
    cleaned, report = clean(network)
    assert report.count("nodes_together") == 1
    assert report.count("leads_nowhere") == 4
    assert report.count("node_without_edge") == 1
    assert cleaned.node_count == 4
    assert cleaned.edge_count == 6
    assert report.islands["car"].max() == 0


def test_nodes_rounded_together_are_told_and_merged_only_on_request() -> None:
    lon, lat = [*LON, 113.0100001], [*LAT, 23.70]
    network = build(lon, lat, [0, 4, 2], [1, 2, 3], ALL)
    kept, report = clean(network)
    assert report.count("nodes_together") == 0
    assert kept.node_count == 5
    assert report.islands["foot"].tolist() == [1, 1, 0, 0, 0]
    merged, report = clean(network, snap_m=0.5)
    assert report.count("gap_joined") == 1
    assert merged.node_count == 4
    exact = build([*LON, 113.01], lat, [0, 4, 2], [1, 2, 3], ALL)
    assert clean(exact)[1].count("nodes_at_one_place") == 1


def test_the_same_street_recorded_again_goes() -> None:
    bends = ([0, 1, 2, 3], [113.005] * 3, [23.701] * 3)
    network = build(
        LON[:2],
        LAT[:2],
        [0, 1, 0],
        [1, 0, 1],
        ALL,
        length_m=[1100, 1100, 1100],
        edge_id=[7, 5, 9],
        bends=bends,
    )
    cleaned, report = clean(network)
    assert report.count("duplicate_edge") == 4
    assert cleaned.edge_id.tolist() == [5, 5]
    assert "is edge 5" in next(f for f in report.findings if f.count).examples[0].en


@pytest.mark.parametrize(
    "other",
    [
        {"modes": [FOOT, CAR]},
        {"modes": [ALL, ALL], "modes_back": [ALL, FOOT]},
        {"length_m": [1100, 1050]},
        {"highway": ["steps", "tertiary"]},
        {"maxspeed_kmh": [40.0, np.nan]},
        {"ends_only": [0, CAR]},
        {"level": [0, 1]},
        {"bends": ([0, 1, 2], [113.005, 113.006], [23.701, 23.701])},
    ],
)
def test_streets_that_differ_in_anything_both_stay(other: dict[str, Any]) -> None:
    about: dict[str, Any] = {"modes": ALL, "length_m": [1100, 1100], "edge_id": [7, 5]} | other
    network = build(LON[:2], LAT[:2], [0, 0], [1, 1], about.pop("modes"), **about)
    cleaned, report = clean(network)
    assert report.count("duplicate_edge") == 0
    assert sorted(cleaned.edge_id.tolist()) == sorted(network.edge_id.tolist())


def test_bends_that_are_not_finite_are_left_out() -> None:
    network = build(LON[:2], LAT[:2], [0], [1], ALL, bends=([0, 1], [113.005], [23.701]))
    broken = replace(network, bend_x=np.array([math.nan, network.bend_x[1]]))
    cleaned, report = clean(broken)
    assert report.count("bend_not_finite") == 1
    assert len(cleaned.bend_x) == 1


def test_islands_are_strongly_connected_and_kept() -> None:
    network = build(LON, LAT, [0, 1, 2], [1, 2, 3], ALL, modes_back=[ALL, FOOT, ALL])
    cleaned, report = clean(network)
    assert cleaned.edge_count == network.edge_count
    assert report.islands["foot"].tolist() == [0, 0, 0, 0]
    assert report.islands["car"].tolist() == [0, 0, 1, 1]
    assert cleaned.origin["islands"]["car"]["nodes_off"] == 2
    feet = build(LON, LAT, [0], [1], FOOT)
    assert clean(feet)[1].islands["car"].tolist() == [-1, -1]


@given(network=networks())
def test_metres_add_up_and_cleaning_twice_finds_nothing_new(network: RoadNetwork) -> None:
    cleaned, report = clean(network)
    total = report.length_before_m + sum(found.metres for found in report.findings)
    assert total == pytest.approx(report.length_after_m, abs=1e-6)
    assert report.length_after_m == pytest.approx(cleaned.length_m.sum())
    dropped = sum(
        f.count for f in report.findings if f.action == "dropped" and f.check != "node_without_edge"
    )
    assert cleaned.edge_count == network.edge_count - dropped
    assert np.all(np.diff(cleaned.tail) >= 0)
    assert np.unique(cleaned.edge_id, return_counts=True)[1].max(initial=0) <= 2
    again, second = clean(cleaned)
    assert not [f for f in second.findings if f.count and f.action != "kept"]
    assert again.edge_count == cleaned.edge_count
    for mode, flag in MODES.items():
        on = np.zeros(cleaned.node_count, bool)
        use = (cleaned.modes & flag) > 0
        on[cleaned.tail[use]] = on[cleaned.head[use]] = True
        assert np.array_equal(report.islands[mode] >= 0, on)


@given(network=networks())
def test_lines_that_cross_are_those_that_every_pair_shows(network: RoadNetwork) -> None:
    cleaned, report = clean(network)
    edges = np.flatnonzero(cleaned.one_way_each & (cleaned.level == 0) & ~cleaned.across)
    edges = edges[cleaned.plane_length()[edges] > 0]
    lines = [shapely.LineString(cleaned.line(int(edge))) for edge in edges]
    ends = [{int(cleaned.tail[edge]), int(cleaned.head[edge])} for edge in edges]
    meet = [
        (one.crosses if ends[i] & ends[j] else one.intersects)(lines[j])
        for i, one in enumerate(lines)
        for j in range(i + 1, len(lines))
    ]
    assert report.count(UNJOINED) == sum(meet)


def test_two_streets_from_one_corner_cross_only_where_they_bend() -> None:
    # From the corner one goes straight, the other swings across it.
    bends = ([0, 0, 2], [113.004, 113.006], [23.701, 23.699])
    swung = build([113.0, 113.01, 113.008], [23.7, 23.7, 23.698], [0, 0], [1, 2], ALL, bends=bends)
    assert clean(swung)[1].count(UNJOINED) == 1
    straight = build([113.0, 113.01, 113.008], [23.7, 23.7, 23.698], [0, 0], [1, 2], ALL)
    assert clean(straight)[1].count(UNJOINED) == 0
