from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from coverage.errors import InputError
from coverage.profiles import Profile, slope_factor
from coverage.roads.network import CAR, FOOT
from coverage.travel.access import access_legs
from coverage.travel.barriers import Barrier, slowdown
from coverage.travel.prepare import prepare
from coverage.travel.times import nearest, node_times
from networks import ALL, CRS, Street, build, grid, random_network

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.roads.network import RoadNetwork

CAR_AT_10 = Profile(
    "car", "车", "car", "car", "test", 10.0, (("primary", 20.0),),
    access_speed_mps=1.0, max_access_m=30.0, max_direct_m=0.0,
)  # fmt: skip
FOOT_AT_1 = replace(CAR_AT_10, mode="foot", speed_mps=1.0, class_speeds=())


def seconds(net: RoadNetwork, profile: Profile, **how: object) -> dict[tuple[int, int], float]:
    """Seconds by (tail, head); only for networks without parallel streets."""
    tn = prepare(net, profile, **how)  # type: ignore[arg-type]
    edges = zip(net.tail.tolist(), net.head.tolist(), strict=True)
    return dict(zip(edges, tn.edge_seconds.tolist(), strict=True))


def test_seconds_by_class_and_sign() -> None:
    net = build(
        [(0, 0), (100, 0), (200, 0), (300, 0)],
        [
            Street(0, 1),
            Street(1, 2, highway="primary"),
            Street(2, 3, highway="primary", maxspeed=36),
        ],
    )
    assert seconds(net, CAR_AT_10)[1, 2] == 5.0
    assert seconds(net, CAR_AT_10)[2, 3] == 5.0
    signed = seconds(net, replace(CAR_AT_10, maxspeed_factor=0.5))
    assert (signed[0, 1], signed[1, 2], signed[2, 3]) == (10.0, 5.0, 20.0)
    shut = seconds(net, replace(CAR_AT_10, exclude_classes=("primary",)))
    assert shut[0, 1] == 10.0
    assert shut[1, 2] == shut[2, 1] == math.inf


def test_who_may_go_against_a_one_way_street() -> None:
    both = build([(0, 0), (100, 0)], [Street(0, 1, oneway=True)])  # feet have an edge back
    assert both.edge_count == 2
    assert seconds(both, CAR_AT_10)[1, 0] == math.inf
    assert seconds(both, replace(CAR_AT_10, ignore_oneway=True))[1, 0] == 10.0
    assert seconds(both, FOOT_AT_1)[1, 0] == math.inf
    assert seconds(both, replace(FOOT_AT_1, ignore_oneway=True))[1, 0] == 100.0
    one = build([(0, 0), (100, 0)], [Street(0, 1, oneway=True, foot_back=False)])
    assert one.edge_count == 1
    for ignore, back in ((False, math.inf), (True, 100.0)):
        tn = prepare(one, replace(FOOT_AT_1, ignore_oneway=ignore))
        assert (tn.forward.tolist(), tn.backward.tolist()) == ([back], [100.0])
        out = nearest(tn, [(0.0, 0.0)]).node_seconds.tolist()
        assert out == [0.0, back]
    footpath = build([(0, 0), (100, 0)], [Street(0, 1, modes=FOOT)])
    assert seconds(footpath, FOOT_AT_1)[1, 0] == 100.0
    assert prepare(footpath, CAR_AT_10).piece_count == 0
    assert prepare(build([(0, 0), (9, 0)], [Street(0, 1, modes=CAR)]), FOOT_AT_1).piece_count == 0


def test_direction_turns_the_search_round() -> None:
    net = build([(0, 0), (100, 0)], [Street(0, 1, oneway=True)])
    to, away = prepare(net, CAR_AT_10), prepare(net, CAR_AT_10, direction="from_facility")
    assert to.forward.tolist() == away.backward.tolist()
    assert to.edge_seconds.tolist() == away.edge_seconds.tolist()
    assert nearest(to, [(100.0, 0.0)]).node_seconds.tolist() == [10.0, 0.0]
    assert nearest(away, [(100.0, 0.0)]).node_seconds.tolist() == [math.inf, 0.0]


def test_crossings_cost_where_three_streets_meet() -> None:
    net = grid(3, 2, 100.0)  # nodes 1 and 4 have three streets
    out = seconds(net, replace(FOOT_AT_1, crossing_s=8.0))
    assert (out[0, 1], out[1, 4], out[0, 3]) == (104.0, 108.0, 100.0)


def test_three_edges_of_one_number_are_no_pair() -> None:
    net = build([(0, 0), (100, 0), (200, 0)], [Street(0, 1), Street(1, 2)])
    odd = replace(net, edge_id=np.array([7, 7, 7, 8]))
    assert prepare(odd, FOOT_AT_1).piece_count == 4
    out = nearest(prepare(odd, FOOT_AT_1), [(0.0, 0.0)]).node_seconds.tolist()
    assert out == [0.0, 100.0, 200.0]


def test_slopes_cost_by_direction() -> None:
    net = build([(0, 0), (100, 0)], [Street(0, 1)])
    hilly = replace(FOOT_AT_1, slope="tobler")
    out = seconds(net, hilly, elevation=np.array([0.0, 10.0]))
    assert out[0, 1] == pytest.approx(100 * slope_factor(0.1))
    assert out[1, 0] == pytest.approx(100 * slope_factor(-0.1))
    assert seconds(net, FOOT_AT_1, elevation=np.array([0.0, 10.0]))[0, 1] == 100.0
    assert seconds(net, hilly, elevation=np.array([np.nan, 10.0]))[0, 1] == 100.0
    alone = build([(0, 0), (100, 0)], [Street(0, 1, oneway=True, foot_back=False)])
    tn = prepare(
        alone,
        replace(hilly, ignore_oneway=True),
        elevation=np.array([0.0, 10.0]),
        direction="from_facility",
    )
    assert tn.backward.tolist() == pytest.approx([100 * float(slope_factor(-0.1))])
    with pytest.raises(InputError, match="one height a node"):
        prepare(net, hilly, elevation=np.zeros(3))


def test_heights_from_a_raster(tmp_path: Path) -> None:
    rasterio = pytest.importorskip("rasterio")
    east, north = 500_000.0, 2_600_000.0
    net = build([(east + 50, north - 50), (east + 150, north - 50), (east + 950, north)],
                [Street(0, 1), Street(1, 2)])  # fmt: skip
    heights = np.array([[100.0, 120.0, -9999.0]], dtype="float32")
    path = tmp_path / "dem.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=3, height=1, count=1, dtype="float32", crs=CRS,
        transform=rasterio.Affine(100, 0, east, 0, -100, north), nodata=-9999,
    ) as raster:  # fmt: skip
        raster.write(heights, 1)
    hilly = replace(FOOT_AT_1, slope="tobler")
    out = seconds(net, hilly, elevation=path)
    assert out[0, 1] == pytest.approx(100 * slope_factor(0.2))
    assert out[1, 0] == pytest.approx(100 * slope_factor(-0.2))
    assert out[1, 2] == pytest.approx(float(net.length_m[-1]))
    with pytest.raises(InputError, match="covers no node"):
        prepare(grid(2, 2), hilly, elevation=str(path))
    bare = tmp_path / "bare.tif"
    with rasterio.open(
        bare, "w", driver="GTiff", width=3, height=1, count=1, dtype="float32",
        transform=rasterio.Affine(100, 0, east, 0, -100, north),
    ) as raster:  # fmt: skip
        raster.write(heights, 1)
    with pytest.raises(InputError, match="does not say its CRS"):
        prepare(net, hilly, elevation=bare)
    (tmp_path / "not.tif").write_text("no")
    with pytest.raises(InputError, match=r"not\.tif: .*the raster cannot be read"):
        prepare(net, hilly, elevation=tmp_path / "not.tif")


def test_barriers_close_and_slow() -> None:
    net = grid(4, 4, 100.0)
    river = shapely.box(-10, 140, 310, 160)
    assert np.isinf(slowdown(net, [Barrier(river)])).sum() == 8
    cut = prepare(net, FOOT_AT_1, barriers=[Barrier(river, name="river")])
    reached = nearest(cut, [(0.0, 0.0)]).node_seconds.reshape(4, 4)
    assert np.isfinite(reached[:2]).all()
    assert np.isinf(reached[2:]).all()
    bridge = int(net.edge_id[(net.tail == 4) & (net.head == 8)][0])
    slow = [Barrier(edge_ids=(bridge,), factor=2.0), Barrier(shapely.box(-5, 90, 5, 210), factor=3)]
    out = seconds(net, FOOT_AT_1, barriers=slow)
    assert out[4, 8] == out[8, 4] == 600.0
    assert out[0, 4] == 300.0
    assert out[1, 5] == 100.0
    bent = build([(0, 0), (100, 0)], [Street(0, 1, bends=((50, 80),))])
    assert np.isinf(slowdown(bent, [Barrier(shapely.box(45, 70, 55, 90))])).all()
    assert not np.isinf(slowdown(bent, [Barrier(shapely.box(45, -5, 55, 5))])).any()


def test_barriers_that_cannot_be() -> None:
    net = grid(2, 2)
    with pytest.raises(InputError) as caught:
        slowdown(
            net,
            [Barrier(), Barrier(edge_ids=(5,)), Barrier(shapely.box(0, 0, 1, 1), factor=0.5),
             Barrier(edge_ids=(1000,), factor=math.nan)],
        )  # fmt: skip
    reasons = [problem.reason.en for problem in caught.value.problems]
    assert len(reasons) == 4
    assert "neither" in reasons[0]
    assert "do not exist: 5" in reasons[1]
    with pytest.raises(InputError, match="empty or not valid"):
        slowdown(net, [Barrier(shapely.Polygon())])


def test_closing_a_street_of_no_length() -> None:
    net = build([(0, 0), (0, 0)], [Street(0, 1)])
    tn = prepare(net, FOOT_AT_1, barriers=[Barrier(edge_ids=(1000,))])
    assert tn.piece_count == 0


@given(st.integers(0, 10**6), st.sampled_from([10.0, 90.0, 300.0]))
@settings(max_examples=30)
def test_every_street_within_reach_gives_one_foot(seed: int, longest: float) -> None:
    net = random_network(seed)
    tn = prepare(net, replace(FOOT_AT_1, ignore_oneway=True))
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-50, 700, (2, 20))
    legs = access_legs(tn, x, y, max_access_m=longest, chunk=7)
    whole = access_legs(tn, x, y, max_access_m=longest)
    for name in ("point", "piece", "fraction", "distance_m"):
        assert np.array_equal(getattr(legs, name), getattr(whole, name))
    found = dict(
        zip(
            zip(legs.point.tolist(), legs.piece.tolist(), strict=True),
            zip(legs.fraction, legs.distance_m, strict=True),
            strict=True,
        )
    )
    assert len(found) == len(legs.point)
    from brute_travel import line_of

    for piece, edge in enumerate(tn.piece_edge):
        line = line_of(net, int(edge))
        for i in range(20):
            distance = line.distance(shapely.Point(x[i], y[i]))
            assert (distance <= longest) == ((i, piece) in found)
            if (i, piece) in found:
                fraction, leg = found[i, piece]
                assert leg == pytest.approx(distance, abs=1e-9)
                foot = line.interpolate(fraction, normalized=True)
                assert foot.distance(shapely.Point(x[i], y[i])) == pytest.approx(distance, abs=1e-6)


def test_streets_that_may_not_be_entered() -> None:
    net = build(
        [(0, 0), (500, 0), (1000, 0), (1000, 20)],
        [Street(0, 1, highway="causeway"), Street(1, 2, highway="causeway"), Street(2, 3)],
    )
    tn = prepare(net, replace(CAR_AT_10, no_access_classes=("causeway",)))
    assert len(access_legs(tn, [250.0], [10.0]).piece) == 0
    out = nearest(tn, [(1000.0, 20.0)], [(250.0, 10.0), (1000.0, 0.0)])
    assert out.seconds.tolist() == [math.inf, 2.0]
    assert out.node_seconds.tolist() == [102.0, 52.0, 2.0, 0.0]
    (only,) = node_times(tn, [(1000.0, 20.0)], 200.0)
    assert only.streets.piece.tolist() == [2]


def test_a_few_wrong_lengths_do_not_make_everything_near() -> None:
    net = grid(40, 40, 100.0)
    length = net.length_m.copy()
    wrong = (net.edge_id == 1000) | (net.edge_id == 1001)
    length[wrong] = 0.5  # 100 m apart on the map
    tn = prepare(replace(net, length_m=length), FOOT_AT_1)
    assert tn.reach_m(600.0) < 30 + 600 + 200 + 1
    assert tn.reach_m(math.inf) == math.inf
    zero = prepare(replace(net, length_m=np.zeros_like(length)), FOOT_AT_1)
    assert nearest(zero, [(0.0, 0.0)], limit_s=1.0).node_seconds.max() == 0.0
    (r,) = node_times(zero, [(0.0, 0.0)], 1.0)
    assert len(r.nodes) == net.node_count


def test_all_is_there() -> None:
    tn = prepare(random_network(3), replace(FOOT_AT_1, ignore_oneway=True))
    assert tn.crs == CRS
    assert np.array_equal(np.sort(tn.order), np.arange(tn.network.node_count))
    assert np.array_equal(tn.rank[tn.order], np.arange(tn.network.node_count))
    assert int(tn.tiles.start[-1]) == tn.network.node_count
    pairs = tn.graph.tails * np.int64(10**6) + tn.graph.indices
    assert (np.diff(pairs) > 0).all()
    assert np.isfinite(tn.graph.seconds).all()
    assert ALL == 7
