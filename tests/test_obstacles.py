"""Layers of a workspace that no way off the road crosses, in every command alike."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely

from coverage.city import City
from coverage.datum import project, unproject
from coverage.maps.outlines import uncrossed_lines
from coverage.reach.service import travel_time
from coverage.reach.sites import own_obstacles
from coverage.roads.convert import write_graphml
from coverage.roads.sources import load
from helpers import SMALL, centre, run, small_workspace, write_register
from networks import CRS, Street, build

if TYPE_CHECKING:
    from pathlib import Path

SEAT = next(u for u in City.load("清远").units.townships if u.placed and u.code[:6] == "441802")
CIRCLE = "elder_care.circle_15min"
NORTH, SOUTH = [(0.0, 30.0), (400.0, 30.0)], [(0.0, -30.0), (400.0, -30.0)]
RIVER = [(-2000, -10), (2000, -10), (2000, 10), (-2000, 10)]


def _lonlat(*xy: tuple[float, float]) -> list[tuple[float, float]]:
    """Places given in metres around the seat."""
    assert SEAT.lon is not None
    assert SEAT.lat is not None
    x0, y0 = project(SEAT.lon, SEAT.lat, CRS)
    dx, dy = np.array(xy, dtype=float).T
    lon, lat = unproject(x0 + dx, y0 + dy, CRS)
    return list(zip(lon, lat, strict=True))


def _layer(path: Path, *shapes: Any) -> None:
    features = [
        {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(shape)}
        for shape in shapes
    ]
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))


def _river(place: Path) -> None:
    _layer(place / "boundaries" / "water.geojson", shapely.Polygon(_lonlat(*RIVER)))


def _workspace(place: Path, *, bridge: bool = False) -> Path:
    """A street on each bank, ten people at each of four corners, a centre in the north-west."""
    small_workspace(place)
    for name in ("roads", "people", "boundaries"):
        (place / name).mkdir(exist_ok=True)
    x0, y0 = map(float, project(*_lonlat((0, 0))[0], CRS))
    corners = [(x0 + x, y0 + y) for x, y in (*NORTH, *SOUTH)]
    streets = [Street(0, 1), Street(2, 3), *([Street(1, 3)] if bridge else [])]
    write_graphml(build(corners, streets), place / "roads" / "roads.graphml")
    rows = ["lon,lat,people,60+", *(f"{a:.9f},{b:.9f},10,10" for a, b in _lonlat(*NORTH, *SOUTH))]
    (place / "population" / "people.csv").write_text("\n".join(rows), encoding="utf-8")
    lon, lat = _lonlat(NORTH[0])[0]
    row = centre(1, SEAT.code, lon=f"{lon:.9f}", lat=f"{lat:.9f}")
    write_register(place / "facilities.csv", [row])
    return place


@pytest.fixture(scope="module")
def banks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The workspace on dry ground and with a river."""
    folder = tmp_path_factory.mktemp("banks")
    found = {name: _workspace(folder / name) for name in ("dry", "wet")}
    _river(found["wet"])
    return found


_SCENARIO = f"""name = "远处一处"
city = "清远"
[[add]]
id = "x-1"
name = "远处"
kind = "elder_care"
township = "{SMALL}"
services = ["全托"]
opened = 2022-01-01
provenance = "modelled"
"""
COMMANDS: dict[str, tuple[str, ...]] = {
    "circle": ("circle", "--kind", "elder_care", "--minutes", "15"),
    "report": ("report", "--indicator", CIRCLE),
    "site": ("site", "--indicator", CIRCLE, "--group", "all", "--max-new", "1"),
    "scenario": ("scenario", "run", "FILE", "--kind", "elder_care", "--group", "all"),
}


def _reached(command: str, data: Any) -> float:
    """People reached, as each command says it."""
    if command == "circle":
        return next(float(row["reached"]) for row in data["people"] if row["level"] == "city")
    if command == "report":
        return float(data["indicators"][0]["numerator"])
    if command == "site":
        return float(data["city_change"]["before"]["reached"])
    (made,) = data["scenarios"]
    return 40.0 - float(re.search(r"仍有 (\d+) 名居民", made["paragraph"]).group(1))  # type: ignore[union-attr]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_river_of_the_workspace_stops_every_way_off_the_road(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, banks: dict[str, Path], command: str
) -> None:
    wish = tmp_path / "s.toml"
    wish.write_text(_SCENARIO, encoding="utf-8")
    args = [str(wish) if a == "FILE" else a for a in COMMANDS[command]]
    found = {}
    for name, place in banks.items():
        done = run(capsys, *args, "--workspace", str(place), "--format", "json")
        assert done.code == 0, done.err
        found[name] = _reached(command, done.data)
    assert found == {"dry": 40.0, "wet": 20.0}


def test_a_street_over_the_river_is_a_bridge_entered_at_its_ends(tmp_path: Path) -> None:
    place = _workspace(tmp_path / "ws", bridge=True)
    _river(place)
    times = travel_time(City.open(place), kind="elder_care", minutes=15)
    assert times.seconds == pytest.approx([0.0, 500.0, 1075.0, 575.0], abs=1)
    (on_bridge, in_water) = _lonlat((400, 0), (390, 0))
    rows = "\n".join(["lon,lat,people", *(f"{a:.9f},{b:.9f},1" for a, b in (on_bridge, in_water))])
    (place / "population" / "people.csv").write_text(rows, encoding="utf-8")
    assert np.isinf(travel_time(City.open(place), kind="elder_care").seconds).all()


def test_maps_draw_what_nobody_crosses(banks: dict[str, Path]) -> None:
    dry, wet = (City.open(banks[name]) for name in ("dry", "wet"))
    assert uncrossed_lines(load(dry.roads), dry) == ()
    (shore,) = uncrossed_lines(load(wet.roads), wet)
    wanted = shapely.LinearRing(_lonlat(*RIVER))
    assert shapely.hausdorff_distance(shapely.LineString(shore), wanted) < 1e-6


def test_any_number_of_layers_of_areas_and_lines(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    place = _workspace(tmp_path / "ws")
    rail = shapely.LineString(_lonlat((-2000, 0), (2000, 0)))
    pond = shapely.box(113, 23.5, 113.01, 23.51)
    _layer(place / "obstacles" / "铁路.geojson", rail, pond)
    _layer(place / "obstacles" / "ponds.geojson", pond)
    (place / "obstacles" / "readme.txt").write_text("no layer", encoding="utf-8")
    city = City.open(place)
    names = [one.name for one in own_obstacles(city, CRS)]
    assert names == ["ponds.geojson", "铁路.geojson", "铁路.geojson"]
    times = travel_time(city, kind="elder_care", minutes=15)
    assert np.isfinite(times.seconds).tolist() == [True, True, False, False]
    said = "ponds.geojson (1), 铁路.geojson (2)"
    assert any(said in note.zh for note in times.notes)
    page = run(capsys, "check", "--workspace", str(place))
    assert said in page.out


def test_a_layer_that_cannot_be_used_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    place = _workspace(tmp_path / "ws")
    _layer(place / "obstacles" / "trees.geojson", shapely.Point(113, 23.5))
    done = run(capsys, "circle", "--workspace", str(place), "--kind", "elder_care")
    assert done.code == 2
    assert "trees.geojson" in done.err
    assert "须为面或线" in done.err
    page = run(capsys, "check", "--workspace", str(place))
    assert page.code == 0
    assert "须为面或线" in page.out
