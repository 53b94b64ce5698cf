"""OpenStreetMap extracts: rules of access, cutting, bad files, and others' numbers."""

from __future__ import annotations

import bz2
import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely

from conftest import shared_file
from coverage.errors import InputError
from coverage.roads.access import rules, shut_at, speed_kmh, use_of
from coverage.roads.network import ALL_MODES, BICYCLE, CAR, CAR_ON_TRACKS, FOOT
from coverage.roads.osm import read_osm

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("osmium")
EVERY = ("foot", "bicycle", "car")
WHEELS = BICYCLE | CAR
TRACK = FOOT | BICYCLE | CAR_ON_TRACKS


@pytest.mark.parametrize(
    ("tags", "forward", "back"),
    [
        ({"highway": "residential"}, ALL_MODES, ALL_MODES),
        ({"highway": "residential", "oneway": "yes"}, ALL_MODES, FOOT),
        ({"highway": "residential", "oneway": "-1"}, FOOT, ALL_MODES),
        ({"highway": "residential", "oneway": "no", "junction": "roundabout"}, 7, 7),
        ({"highway": "residential", "junction": "roundabout"}, ALL_MODES, FOOT),
        ({"highway": "residential", "oneway": "reversible"}, ALL_MODES, ALL_MODES),
        ({"highway": "residential", "oneway": "alternating"}, ALL_MODES, ALL_MODES),
        ({"highway": "residential", "oneway": "yes", "oneway:bicycle": "no"}, 7, FOOT | BICYCLE),
        ({"highway": "residential", "oneway": "yes", "cycleway": "opposite_lane"}, 7, 3),
        ({"highway": "residential", "oneway": "yes", "oneway:foot": "yes"}, ALL_MODES, 0),
        ({"highway": "steps", "oneway": "yes"}, FOOT, 0),
        ({"highway": "steps", "conveying": "backward"}, 0, FOOT),
        ({"highway": "footway", "oneway": "yes", "oneway:foot": "no"}, FOOT, FOOT),
        ({"highway": "cycleway", "oneway": "yes"}, FOOT | BICYCLE, FOOT),
        ({"highway": "motorway"}, CAR, 0),
        ({"highway": "motorway", "oneway": "no"}, CAR, CAR),
        ({"highway": "trunk"}, ALL_MODES, ALL_MODES),
        ({"highway": "trunk", "foot": "no"}, WHEELS, WHEELS),
        ({"highway": "trunk_link", "motorroad": "yes"}, CAR, CAR),
        ({"highway": "trunk", "motorroad": "yes", "foot": "yes"}, FOOT | CAR, FOOT | CAR),
        ({"highway": "trunk", "motorroad": "yes", "access": "yes"}, ALL_MODES, ALL_MODES),
        ({"highway": "trunk", "access": "yes", "foot": "no"}, WHEELS, WHEELS),
        ({"highway": "motorway", "access": "yes", "oneway": "no"}, CAR, CAR),
        ({"highway": "trunk", "sidewalk": "both"}, ALL_MODES, ALL_MODES),
        ({"highway": "trunk", "foot": "yes"}, ALL_MODES, ALL_MODES),
        ({"highway": "trunk", "sidewalk": "separate"}, ALL_MODES, ALL_MODES),
        ({"highway": "primary", "motorroad": "yes"}, CAR, CAR),
        ({"highway": "primary", "foot": "use_sidepath"}, WHEELS, WHEELS),
        ({"highway": "service", "access": "private"}, 0, 0),
        ({"highway": "service", "access": "private", "foot": "yes"}, FOOT, FOOT),
        ({"highway": "service", "access": "no", "vehicle": "yes", "motorcar": "no"}, 2, 2),
        ({"highway": "service", "motor_vehicle": "no"}, FOOT | BICYCLE, FOOT | BICYCLE),
        ({"highway": "residential", "vehicle": "no"}, FOOT, FOOT),
        ({"highway": "residential", "vehicle": "no", "bicycle": "yes"}, 3, 3),
        ({"highway": "footway", "access": "yes"}, FOOT, FOOT),
        ({"highway": "footway", "bicycle": "yes"}, FOOT | BICYCLE, FOOT | BICYCLE),
        ({"highway": "track", "motor_vehicle": "yes"}, ALL_MODES, ALL_MODES),
        ({"highway": "track", "access": "yes"}, ALL_MODES, ALL_MODES),
        ({"highway": "track"}, TRACK, TRACK),
        ({"highway": "track", "motor_vehicle": "agricultural;forestry"}, 3, 3),
        ({"highway": "service", "motor_vehicle": "agricultural;destination"}, 7, 7),
        ({"highway": "service", "foot": "no;designated"}, ALL_MODES, ALL_MODES),
        ({"highway": "residential", "access": "no;private"}, 0, 0),
        ({"route": "ferry"}, ALL_MODES, ALL_MODES),
        ({"route": "ferry", "motor_vehicle": "no"}, 3, 3),
        ({"highway": "service", "access": "有话要说"}, ALL_MODES, ALL_MODES),
    ],
)
def test_who_may_use_a_way(tags: dict[str, str], forward: int, back: int) -> None:
    use = use_of(tags)
    assert use is not None
    assert (use.forward, use.back) == (forward, back)


def test_what_is_no_road() -> None:
    assert use_of({"highway": "construction"}) is None
    assert use_of({"highway": "proposed", "foot": "yes"}) is None
    assert use_of({"highway": "main_road"}, unknown_class=ALL_MODES) is not None
    assert {"foot", "bicycle", "car"} == set(rules()["tags"])


def test_posted_speeds() -> None:
    assert speed_kmh("50") == (50.0, None)
    assert speed_kmh("30 mph")[0] == pytest.approx(48.28032)
    assert speed_kmh("walk") == (5.0, None)
    for text in (None, "none", "CN:urban", "signals"):
        speed, odd = speed_kmh(text)
        assert math.isnan(speed)
        assert odd is None
    assert speed_kmh("fünfzig")[1] == "fünfzig"
    assert speed_kmh("50;30")[1] == "50;30"
    tags = {"highway": "primary", "maxspeed": "60", "maxspeed:backward": "40"}
    use = use_of(tags)
    assert use is not None
    assert (use.speed, use.speed_back) == (60.0, 40.0)


NODES = {1: (0, 0), 2: (1, 0), 3: (2, 0), 4: (2, 1), 5: (1, 1), 6: (1, -1), 7: (5, 5), 8: (6, 5)}


def osm(ways: dict[int, tuple[list[int], dict[str, str]]]) -> str:
    lines = ["<osm version='0.6'>"]
    for ref, (x, y) in NODES.items():
        lines.append(f"<node id='{ref}' version='1' lon='{113 + x / 100}' lat='{23.7 + y / 100}'/>")
    for way, (refs, tags) in ways.items():
        inner = "".join(f"<nd ref='{r}'/>" for r in refs)
        inner += "".join(f"<tag k='{k}' v='{v}'/>" for k, v in tags.items())
        lines.append(f"<way id='{way}' version='1'>{inner}</way>")
    return "\n".join([*lines, "</osm>"])


STREET = {"highway": "residential"}
CROSS = {
    100: ([1, 2, 3, 4], STREET | {"maxspeed": "40", "oneway": "yes"}),
    101: ([5, 2, 6], STREET | {"maxspeed": "schnell"}),
    102: ([7, 8, 7], {"highway": "motorway"}),
    103: ([1, 5], {"highway": "construction"}),
    104: ([1, 5], {"building": "yes"}),
}


@pytest.mark.parametrize("suffix", [".osm", ".osm.bz2"])
def test_ways_are_cut_where_they_meet(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"small{suffix}"
    text = osm(CROSS).encode()
    path.write_bytes(bz2.compress(text) if suffix.endswith("bz2") else text)
    network = read_osm(path, modes=EVERY)
    pieces = {
        (int(i), int(network.node_id[t]), int(network.node_id[h])): int(m)
        for i, t, h, m in zip(
            network.edge_id, network.tail, network.head, network.modes, strict=True
        )
    }
    assert pieces == {
        (1000000, 1, 2): ALL_MODES,
        (1000000, 2, 1): FOOT,
        (1000001, 2, 4): ALL_MODES,
        (1000001, 4, 2): FOOT,
        (1010000, 5, 2): ALL_MODES,
        (1010000, 2, 5): ALL_MODES,
        (1010001, 2, 6): ALL_MODES,
        (1010001, 6, 2): ALL_MODES,
        # There and back over one point: the shared end makes both halves pieces.
        (1020000, 7, 7): CAR,
    }
    assert network.node_id.tolist() == [1, 2, 4, 5, 6, 7]
    assert set(network.maxspeed_kmh[~np.isnan(network.maxspeed_kmh)]) == {40.0}
    about = network.origin
    assert (about["ways"], about["ways_used"]) == (4, 3)
    assert about["ways_no_road"] == {"construction": 1}
    assert about["odd_speeds"] == {"schnell": 1}
    feet = read_osm(path)
    assert feet.edge_count == 8
    assert set(feet.modes) == {FOOT}
    assert read_osm(path, modes=["car"]).edge_count == 7


def test_missing_points_leave_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "cut.osm"
    path.write_text(osm({100: ([1, 2, 99, 3, 4], STREET)}), encoding="utf-8")
    network = read_osm(path)
    ends = {
        (int(network.node_id[t]), int(network.node_id[h]))
        for t, h in zip(network.tail, network.head, strict=True)
    }
    assert ends == {(1, 2), (2, 1), (3, 4), (4, 3)}
    assert network.origin["lost"] == {"way_with_points_missing": {"count": 1, "examples": [100]}}


def test_area_keeps_what_touches_it(tmp_path: Path) -> None:
    path = tmp_path / "small.osm"
    path.write_text(osm(CROSS), encoding="utf-8")
    near = shapely.box(112.99, 23.69, 113.005, 23.71)
    network = read_osm(path, area=near)
    assert network.node_id.tolist() == [1, 2]
    with pytest.raises(InputError, match=r"small\.osm: .*none of its roads .* touches the area"):
        read_osm(path, area=shapely.box(0, 0, 1, 1))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.osm.pbf", None, "does not exist"),
        ("empty.osm.pbf", b"", "is empty"),
        ("garbage.osm.pbf", b"hello world" * 100, "damaged"),
        ("broken.osm", b"<osm version='0.6'><node id='1' lat='1' lon='1'/><way", "damaged"),
        ("id.osm", b"<osm version='0.6'><node id='N/A' lat='1' lon='1'/></osm>", "damaged"),
        ("place.osm", b"<osm version='0.6'><node id='1' lat='1x' lon='1'/></osm>", "damaged"),
        ("other.txt", b"<osm/>", "ends in"),
        ("bare.osm", b"<osm version='0.6'></osm>", "no roads at all in it"),
        ("built.osm", osm({1: ([1, 2], {"highway": "proposed"})}).encode(), "none of its 1 ways"),
    ],
)
def test_bad_files(tmp_path: Path, name: str, content: bytes | None, words: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        read_osm(path)
    assert name in str(caught.value)
    assert len(caught.value.problems) == 1


@pytest.mark.shared
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_extracts_cut_short(tmp_path: Path, share: float) -> None:
    raw = shared_file("testdata", "osm", "porto-alegre-2020.osm.pbf").read_bytes()
    path = tmp_path / "short.osm.pbf"
    path.write_bytes(raw[: int(len(raw) * share)])
    with pytest.raises(InputError, match=r"short\.osm\.pbf.*damaged"):
        read_osm(path)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["liechtenstein-2021", "porto-alegre-2020"])
def test_against_a_plain_scan_of_the_file(name: str) -> None:  # noqa: C901
    """The same cut, done the slow and obvious way."""
    import osmium

    path = shared_file("testdata", "osm", f"{name}.osm.pbf")
    begun = time.perf_counter()
    network = read_osm(path, modes=EVERY)
    print(f"\n{name}: {network.edge_count} edges in {time.perf_counter() - begun:.2f} s")
    kept: dict[int, Any] = {}
    times: dict[int, int] = {}
    places: dict[int, tuple[float, float]] = {}
    barred: set[int] = set()
    squares: set[int] = set()
    scan: Any = osmium.FileProcessor(str(path)).with_locations()
    for way in scan:
        if way.is_node():
            barred |= {way.id} if "barrier" in way.tags and shut_at(dict(way.tags)) else set()
        if not way.is_way() or not ("highway" in way.tags or way.tags.get("route") == "ferry"):
            continue
        use = use_of(dict(way.tags))
        if use is None or not use.forward | use.back:
            continue
        refs = [n.ref for n in way.nodes]
        refs = [r for i, r in enumerate(refs) if i == 0 or refs[i - 1] != r]
        places |= {n.ref: (n.lon, n.lat) for n in way.nodes}
        if way.is_closed() and (
            way.tags.get("area") == "yes" or way.tags.get("highway") == "pedestrian"
        ):
            squares.add(way.id)  # which are cut once more, and crossed: tested elsewhere
        kept[way.id] = (refs, use)
        for ref in refs:
            times[ref] = times.get(ref, 0) + 1
    edges = set()
    metres = 0.0
    for number, (refs, use) in kept.items():
        if number in squares:
            continue
        first = piece = 0
        for i in range(1, len(refs)):
            x0, y0, x1, y1 = map(math.radians, (*places[refs[i - 1]], *places[refs[i]]))
            half = math.sin((y1 - y0) / 2) ** 2
            half += math.cos(y0) * math.cos(y1) * math.sin((x1 - x0) / 2) ** 2
            metres += 2 * 6_371_008.8 * math.asin(math.sqrt(half))
            if i == len(refs) - 1 or times[refs[i]] > 1 or refs[i] in barred:
                edge = number * 10_000 + piece
                edges |= {(edge, refs[first], refs[i], use.forward)} if use.forward else set()
                edges |= {(edge, refs[i], refs[first], use.back)} if use.back else set()
                first, piece = i, piece + 1
    ids = network.node_id
    ours = set(
        zip(
            network.edge_id.tolist(),
            ids[network.tail].tolist(),
            ids[network.head].tolist(),
            network.modes.tolist(),
            strict=True,
        )
    )
    assert {edge for edge in ours if edge[0] // 10_000 not in squares} == edges
    _, once = np.unique(network.edge_id, return_index=True)
    once = once[~np.isin(network.edge_id[once] // 10_000, list(squares))]
    ground = float(network.length_m[once].sum())
    share = ground / metres - 1
    print(f"ellipsoid {ground / 1000:.2f} km, sphere {metres / 1000:.2f} km: {share:+.3%}")
    assert ground == pytest.approx(metres, rel=0.005)


@pytest.mark.shared
def test_lengths_are_the_geodesics() -> None:
    from pyproj import Geod

    network = read_osm(shared_file("testdata", "osm", "liechtenstein-2021.osm.pbf"))
    geod = Geod(ellps="WGS84")
    for edge in range(0, network.edge_count, 97):
        lon, lat = network.to_lonlat(*network.line(edge).T)
        assert network.length_m[edge] == pytest.approx(
            geod.line_length(lon, lat), rel=1e-6, abs=1e-6
        )


@pytest.mark.shared
def test_driving_kilometres_of_liechtenstein() -> None:
    """The data's own README counts 466 km."""
    path = shared_file("testdata", "osm", "liechtenstein-2021.osm.pbf")
    network = read_osm(path, modes=["car"])
    network = network.select((network.modes & CAR) > 0)  # without tracks, a choice of the profile
    _, once = np.unique(network.edge_id, return_index=True)
    assert 400 < network.length_m[once].sum() / 1000 < 530
    commune = shapely.box(9.50, 47.10, 9.53, 47.15)
    part = read_osm(path, modes=["car"], area=commune)
    assert 0 < part.edge_count < network.edge_count
    assert set(part.edge_id[(part.modes & CAR) > 0]) < set(network.edge_id)
