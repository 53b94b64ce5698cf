"""The cache of built networks, and the one door to all sources."""

from __future__ import annotations

import shutil
import struct
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from conftest import ROOT, shared_file
from coverage.errors import InputError
from coverage.roads import store
from coverage.roads.build import build
from coverage.roads.sources import check, load
from coverage.roads.store import CACHE, cached
from test_roads_convert import assert_same
from test_roads_network import ALL, networks

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.roads.network import RoadNetwork

NODES = "node,lon,lat\n1,113.00,23.70\n2,113.01,23.70\n3,113.02,23.70\n"
EDGES = "u,v,length_m\n1,2,1020\n2,3,1020\n"


def small() -> RoadNetwork:
    return build(
        [113.0, 113.01],
        [23.7, 23.7],
        [0],
        [1],
        ALL,
        bends=([0, 1], [113.005], [23.701]),
        highway=["村道"],
        origin={"source": "试"},
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(network=networks())
def test_read_back_is_what_was_saved(tmp_path: Path, network: RoadNetwork) -> None:
    CACHE.write(network, tmp_path / "a.npz")
    back = CACHE.read(tmp_path / "a.npz")
    assert back is not None
    assert_same(network, back)
    for name in CACHE.pack(network)[1]:
        assert getattr(back, name).dtype == getattr(network, name).dtype
        assert np.array_equal(
            getattr(back, name), getattr(network, name), equal_nan=name == "maxspeed_kmh"
        )
    assert back.origin == network.origin


def test_built_once(tmp_path: Path) -> None:
    calls = []

    def make() -> RoadNetwork:
        calls.append(1)
        return small()

    for _ in range(3):
        assert_same(cached({"file": "a"}, make, folder=tmp_path), small())
    assert len(calls) == 1
    cached({"file": "b"}, make, folder=tmp_path)
    assert len(calls) == 2
    assert len(list(tmp_path.iterdir())) == 2  # and no leftover parts
    with np.load(next(tmp_path.glob("*.npz"))) as plain:
        assert "length_m" in plain  # it is a plain npz for everyone else


def test_damaged_caches_are_built_anew(tmp_path: Path) -> None:
    cached({}, small, folder=tmp_path)
    path = next(tmp_path.iterdir())
    whole = path.read_bytes()
    size = len(whole)
    spoilt = [whole[:cut] for cut in (0, 1, 39, 40, 41, size // 4, size // 2, size - 41, size - 1)]
    rng = np.random.default_rng(1)
    flipped = [0, 30, size // 3, size - 1, size - 33, size - 40, *rng.integers(0, size, 60)]
    spoilt += [whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :] for at in flipped]
    spoilt += [whole + b"\0", b"\0" * size, whole * 2]
    spoilt += [whole[:-36] + struct.pack("<I", CACHE.archive.version + 1) + whole[-32:]]
    for content in spoilt:
        path.write_bytes(content)
        assert CACHE.read(path) is None
    path.write_bytes(spoilt[0])
    assert_same(cached({}, small, folder=tmp_path), small())
    assert path.read_bytes()[-40:-36] == b"FCRN"
    assert CACHE.read(path) is not None


def test_another_format_or_rule_is_another_key(tmp_path: Path) -> None:
    before = CACHE.key({"a": 1})
    assert CACHE.key({"a": 2}) != before
    later = replace(CACHE.archive, version=CACHE.archive.version + 1)
    assert replace(CACHE, archive=later).key({"a": 1}) != before
    cached({"a": 1}, small, folder=tmp_path)
    assert next(tmp_path.iterdir()).stem != before  # the rules of access are in it


def test_other_code_or_rules_of_reading_make_what_is_kept_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached({"a": 1}, small, folder=tmp_path / "kept")
    shutil.copytree(ROOT / "src" / "coverage" / "roads", tmp_path / "room_of_roads")
    monkeypatch.syspath_prepend(tmp_path)
    digest = store.reading.__wrapped__
    assert digest("room_of_roads") == store.reading()  # wherever it lies
    for name in ("ways.py", "squares.py", "access.toml"):
        part, before = tmp_path / "room_of_roads" / name, digest("room_of_roads")
        part.write_text(part.read_text("utf-8") + "\n# other\n", "utf-8")
        assert digest("room_of_roads") != before
    monkeypatch.setattr(store, "reading", lambda: digest("room_of_roads"))
    cached({"a": 1}, small, folder=tmp_path / "kept")
    assert len(list((tmp_path / "kept").iterdir())) == 2


def test_a_file_is_written_as_it_is_packed(tmp_path: Path) -> None:
    parts = CACHE.pack(small())
    CACHE.archive.write(tmp_path / "a.npz", *parts)
    assert (tmp_path / "a.npz").read_bytes() == CACHE.archive.packed(*parts)


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert_same(cached({}, small, folder=blocked / "roads"), small())


def test_a_failing_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    assert_same(cached({}, small, folder=tmp_path), small())
    assert not list(tmp_path.iterdir())


@pytest.mark.shared
def test_reading_back_is_a_fraction_of_building(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("osmium")
    path = shared_file("testdata", "osm", "porto-alegre-2020.osm.pbf")
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path))
    load(path, cache=False)  # imports and projections warm
    seconds = []
    for _ in range(2):
        begun = time.perf_counter()
        network = load(path)
        seconds.append(time.perf_counter() - begun)
    size = next((tmp_path / "roads").iterdir()).stat().st_size
    print(f"\nbuilt in {seconds[0]:.3f} s, read back in {seconds[1]:.4f} s, {size / 1e6:.1f} MB")
    assert seconds[1] < seconds[0] / 5
    assert_same(network, load(path, cache=False))


def test_one_door(tmp_path: Path) -> None:
    nodes, edges = tmp_path / "n.csv", tmp_path / "e.csv"
    nodes.write_text(NODES, encoding="utf-8")
    edges.write_text(EDGES, encoding="utf-8")
    network = load(nodes, edges=edges)
    assert network.edge_count == 4
    assert network.origin["islands"]["foot"]["islands"] == 1
    assert load(network) is network
    from coverage.roads.convert import to_networkx

    assert load(to_networkx(network)).edge_count == 4
    edges.write_text(EDGES + "1,3,2100\n", encoding="utf-8")
    assert load(nodes, edges=edges).edge_count == 6  # another content, another key
    edges.write_text(EDGES + "1,9,2100\n2,1,1020\n", encoding="utf-8")
    with pytest.raises(InputError, match="row 4"):
        load(nodes, edges=edges)
    report = check(nodes, edges=edges)
    assert report.count("bad_row") == 1
    assert report.count("duplicate_edge") == 2
    assert [row["check"] for row in report.rows("en") if row["count"]] == [
        "bad_row",
        "duplicate_edge",
    ]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nirgendwo", "not known"),
        ("roads.docx", "roads are read from"),
        ("roads.osm.pbf", "does not exist"),
        ("nodes.csv", "needs its table of edges"),
        (42, "no source of roads"),
    ],
)
def test_closed_doors(source: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        load(source)
