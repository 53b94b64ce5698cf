"""What an import of roads leaves behind: the file as arrays, and the cache ready for the next."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import processes
from conftest import ROOT
from coverage.city import City
from coverage.errors import InputError
from coverage.intake.roads import import_roads
from coverage.intake.setup import create
from coverage.roads import sources, store
from coverage.roads.convert import write_graphml
from coverage.roads.edit import reprojected
from coverage.roads.sources import load

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.roads.network import RoadNetwork

TABLES = [ROOT / "data" / "roads" / f"360203-{name}.csv" for name in ("nodes", "edges")]


def same(one: RoadNetwork, other: RoadNetwork) -> bool:
    """Whether two networks are the same to the bit, what is remembered of the source included."""

    def plain(value: Any) -> Any:
        return value.tobytes() if isinstance(value, np.ndarray) else value

    return all(plain(getattr(one, f.name)) == plain(getattr(other, f.name)) for f in fields(one))


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path / "cache"))
    return create(tmp_path / "w", city=City.load("珠山"))


@pytest.fixture
def no_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*args: object) -> None:
        raise AssertionError(f"read again: {args}")

    monkeypatch.setattr(sources, "_read", read)


def test_tables_are_kept_as_arrays_that_need_no_reading(
    space: Path, request: pytest.FixtureRequest
) -> None:
    import_roads(TABLES[0], space, edges=TABLES[1])
    kept = space / "roads" / "roads.npz"
    assert City.open(space).roads == kept
    before = load(TABLES[0], edges=TABLES[1], cache=False)
    request.getfixturevalue("no_reading")
    found = load(kept)
    for name in ("x", "y", "tail", "head", "length_m", "modes", "edge_id"):
        assert np.array_equal(getattr(found, name), getattr(before, name)), name


@pytest.mark.parametrize("format_", ["graphml", "gpkg"])
def test_the_next_command_reads_no_file_that_is_kept_as_it_is(
    space: Path, tmp_path: Path, format_: str, request: pytest.FixtureRequest
) -> None:
    network, path = load("360203"), tmp_path / f"mine.{format_}"
    if format_ == "graphml":
        write_graphml(network, path)
    else:
        from geopandas import GeoDataFrame
        from shapely import LineString

        lon, lat = network.to_lonlat(network.x, network.y)
        ends = zip(network.tail, network.head, strict=True)
        lines = [LineString([(lon[a], lat[a]), (lon[b], lat[b])]) for a, b in ends if a < b]
        GeoDataFrame(geometry=lines, crs=4326).to_file(path)
    import_roads(path, space)
    kept = City.open(space).roads
    assert kept == space / "roads" / f"roads.{format_}"
    fresh = load(kept, cache=False)
    request.getfixturevalue("no_reading")
    for crs in (None, fresh.crs):
        assert same(load(kept, crs=crs), fresh)


@pytest.mark.usefixtures("space")
def test_one_entry_serves_every_plane(request: pytest.FixtureRequest) -> None:
    own = load("360203")
    request.getfixturevalue("no_reading")
    other = load("360203", crs="EPSG:32651")
    assert other.crs == "EPSG:32651"
    assert same(load("360203", crs=own.crs), own)
    for a, b in zip(other.to_lonlat(other.x, other.y), own.to_lonlat(own.x, own.y), strict=True):
        assert np.abs(a - b).max() < 1e-9
    assert other.length_m.tobytes() == own.length_m.tobytes()
    with pytest.raises(InputError, match="EPSG:4326"):
        reprojected(own, "EPSG:4326")


def test_a_kept_file_that_is_damaged_is_refused_with_the_remedy(
    space: Path, tmp_path: Path
) -> None:
    import_roads(TABLES[0], space, edges=TABLES[1])
    kept = space / "roads" / "roads.npz"
    whole = kept.read_bytes()
    for content in (whole[:-1], whole[:2000] + b"x" + whole[2001:], whole[:-44] + whole[-40:]):
        kept.write_bytes(content)
        done = processes.run("report", "--workspace", "w", cwd=tmp_path)
        assert done.returncode == 0
        done = processes.run(
            "circle", "--workspace", "w", "--kind", "elder_care", "--minutes", "5", cwd=tmp_path
        )
        (said,) = done.stderr.splitlines()
        assert done.returncode == 2
        assert "roads.npz" in said
        assert "coverage import roads" in said


@pytest.mark.parametrize("cache", [True, False])
def test_what_is_kept_is_for_the_modes_that_it_is_for(space: Path, *, cache: bool) -> None:
    import_roads(TABLES[0], space, edges=TABLES[1])
    kept = space / "roads" / "roads.npz"
    for modes in (["foot"], ["foot", "bicycle", "car"], []):
        with pytest.raises(InputError, match=r"roads\.npz: .*modes") as refused:
            load(kept, modes=modes, cache=cache)
        assert len(refused.value.problems) == 1
    assert load(kept).edge_count > 0


def test_a_kept_file_holds_nothing_that_grows_or_runs(tmp_path: Path) -> None:
    import hashlib
    import io

    network, path = load("360203"), tmp_path / "roads.npz"
    arrays = {f.name: getattr(network, f.name) for f in fields(network)}
    about = {name: arrays.pop(name) for name in ("crs", "highway_names", "origin")}
    meta = np.frombuffer(json.dumps(about).encode(), np.uint8)
    trailer = store.content(network)[-40:]
    for how in ("compressed", "objects", "short"):
        out = io.BytesIO()
        some = {**arrays, "x": np.array([{}], object)} if how == "objects" else arrays
        if how == "short":
            some = {**arrays, "tail": arrays["tail"][:-1]}
        (np.savez_compressed if how == "compressed" else np.savez)(out, meta=meta, **some)
        digest = hashlib.sha256(out.getvalue()).digest()
        path.write_bytes(out.getvalue() + trailer[:8] + digest)
        with pytest.raises(InputError):
            store.read(path)
    path.write_bytes(store.content(network))
    assert same(store.read(path), network)
