"""Building a network: order, directions, bends, lengths, projection."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from coverage.datum import utm_crs
from coverage.errors import InputError
from coverage.roads.build import build, ground_steps
from coverage.roads.network import BICYCLE, CAR, FOOT, CleaningReport, mode_flags

if TYPE_CHECKING:
    from coverage.roads.network import RoadNetwork

LON, LAT = [113.00, 113.01, 113.02, 113.02], [23.70, 23.70, 23.70, 23.71]
ALL = FOOT | BICYCLE | CAR


def small(**options: Any) -> RoadNetwork:
    return build(LON, LAT, [0, 1, 2], [1, 2, 3], ALL, **options)


def test_utm_zone_is_the_citys_own() -> None:
    assert utm_crs(113.03, 23.7) == "EPSG:32649"
    assert utm_crs(117.2, 29.3) == "EPSG:32650"
    assert utm_crs(-51.2, -30.0) == "EPSG:32722"
    assert utm_crs(180.0, 0.0) == "EPSG:32660"
    for lon, lat in [(23.7, 113.03), (math.nan, 1.0), (181.0, 0.0)]:
        with pytest.raises(InputError, match="lon first"):
            utm_crs(lon, lat)


def test_two_way_and_one_way() -> None:
    network = small(modes_back=[ALL, FOOT, ALL])
    assert network.edge_count == 6
    assert np.all(np.diff(network.tail) >= 0)
    pair = {
        (int(t), int(h)): int(m)
        for t, h, m in zip(network.tail, network.head, network.modes, strict=True)
    }
    assert pair == {(0, 1): ALL, (1, 0): ALL, (1, 2): ALL, (2, 1): FOOT, (2, 3): ALL, (3, 2): ALL}
    assert np.array_equal(network.edge_id[network.twin], network.edge_id)
    assert network.select((network.modes & CAR) > 0).compact().edge_count == 5
    assert network.crs == "EPSG:32649"


def test_closed_directions_are_no_edges_and_closed_pieces_are_counted() -> None:
    network = build(LON, LAT, [0, 1, 2], [1, 2, 3], [CAR, 0, 0], modes_back=[0, 0, FOOT])
    assert network.edge_count == 2
    assert network.origin["closed_pieces"] == 1
    assert np.all(network.twin == -1)


def test_bends_run_from_tail_to_head() -> None:
    bends = ([0, 0, 2, 2], [113.013, 113.017], [23.701, 23.702])
    network = small(bends=bends)
    forward = np.flatnonzero((network.tail == 1) & (network.head == 2))[0]
    back = int(network.twin[forward])
    assert np.array_equal(network.line(forward), network.line(back)[::-1])
    assert len(network.line(forward)) == 4
    start, x, y = network.lines()
    for edge in range(network.edge_count):
        flat = np.column_stack([x, y])[start[edge] : start[edge + 1]]
        assert np.array_equal(flat, network.line(edge))
    lon, lat = network.to_lonlat(network.bend_x, network.bend_y)
    assert set(np.round(lon, 9)) == {113.013, 113.017}
    assert set(np.round(lat, 9)) == {23.701, 23.702}
    ratio = network.plane_length() / network.length_m
    assert np.all(abs(ratio - 1) < 0.001)


@given(
    lon=st.floats(-179, 179),
    lat=st.floats(-80, 84),
    bearing=st.floats(0, 360),
    metres=st.floats(0.1, 200_000),
)
def test_lengths_agree_with_the_geodesic(
    lon: float, lat: float, bearing: float, metres: float
) -> None:
    lon2, lat2, _ = Geod(ellps="WGS84").fwd(lon, lat, bearing, metres)
    got = ground_steps(np.array([lon, lon2]), np.array([lat, lat2]))[0]
    assert got == pytest.approx(metres, rel=1e-5, abs=1e-6)


def test_stated_lengths_stay_and_missing_ones_are_measured() -> None:
    network = small(length_m=[5000.0, math.nan, 1200.0])
    expected = Geod(ellps="WGS84").line_length(LON[1:3], LAT[1:3])
    by_id = dict(zip(network.edge_id.tolist(), network.length_m.tolist(), strict=True))
    assert by_id[0] == 5000.0
    assert by_id[2] == 1200.0
    assert by_id[1] == pytest.approx(expected, rel=1e-7)


def test_bad_places_are_refused_or_noted() -> None:
    lon = [*LON[:3], math.nan]
    with pytest.raises(InputError, match="node 3 has no place") as caught:
        build(lon, LAT, [0, 1, 2], [1, 2, 3], ALL, length_m=[-1, math.inf, 1e33])
    assert len(caught.value.problems) == 5
    report = CleaningReport()
    network = build(
        lon, LAT, [0, 1, 2], [1, 2, 9], ALL, length_m=[-1, math.inf, 1e33], report=report
    )
    assert network.edge_count == 4
    assert (report.count("node_not_on_earth"), report.count("edge_without_place")) == (1, 1)
    assert report.count("length_impossible") == 3
    assert not report.clean


@pytest.mark.parametrize("crs", ["EPSG:4326", "nonsense", "EPSG:2263"])
def test_the_plane_must_be_metres(crs: str) -> None:
    with pytest.raises(InputError):
        small(crs=crs)


def test_modes_are_named() -> None:
    assert mode_flags(["foot", "car"]) == FOOT | CAR
    assert mode_flags("foot") == FOOT
    with pytest.raises(InputError, match="'boat'"):
        mode_flags(["boat"])


def test_inputs_are_not_changed() -> None:
    lon, length = np.array(LON), np.array([math.nan, 5.0, 6.0])
    copies = lon.copy(), length.copy()
    build(lon, LAT, [0, 1, 2], [1, 2, 3], ALL, length_m=length)
    assert np.array_equal(lon, copies[0])
    assert np.array_equal(length, copies[1], equal_nan=True)


@st.composite
def networks(draw: st.DrawFn) -> RoadNetwork:
    """Small random networks with bends, loops, duplicates and closed directions."""
    n = draw(st.integers(1, 6))
    k = draw(st.integers(1, 10))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    grid = draw(st.sampled_from([1, 3, 50]))  # few places give many coinciding ones
    counts = rng.integers(0, 3, k)
    start = np.concatenate([[0], np.cumsum(counts)])

    def lonlat(size: int) -> tuple[Any, Any]:
        return (
            113 + rng.integers(0, grid, size) / 1000,
            23.7 + rng.integers(0, grid, size) / 1000,
        )

    lon, lat = lonlat(n)
    return build(
        lon,
        lat,
        rng.integers(0, n, k),
        rng.integers(0, n, k),
        rng.integers(1, 8, k),
        modes_back=rng.integers(0, 8, k),
        length_m=rng.choice([math.nan, 0.0, 10.0, 500.0], k),
        highway=rng.choice(["residential", "footway", "村道"], k).tolist(),
        maxspeed_kmh=rng.choice([math.nan, 0.0, 50.0, 300.0], k),
        edge_id=rng.permutation(1000)[:k],
        node_id=rng.permutation(1000)[:n],
        bends=(start, *lonlat(int(start[-1]))),
    )


@given(network=networks())
def test_csr_order_and_twins(network: RoadNetwork) -> None:
    assert np.all(np.diff(network.tail) >= 0)
    indptr = np.searchsorted(network.tail, np.arange(network.node_count + 1))
    assert indptr[-1] == network.edge_count
    for node in range(network.node_count):
        assert np.all(network.tail[indptr[node] : indptr[node + 1]] == node)
    ids, counts = np.unique(network.edge_id, return_counts=True)
    assert counts.max() <= 2
    has = network.twin >= 0
    assert np.array_equal(network.twin[network.twin[has]], np.flatnonzero(has))
    assert has.sum() == 2 * (counts == 2).sum()
    assert len(ids) == network.edge_count - has.sum() // 2
