"""Results whose people hardly use the roads are called straight-line estimates, everywhere."""

from __future__ import annotations

import csv
import io
import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from coverage.city import City
from coverage.datum import project, unproject
from coverage.facilities import Facility, Register
from coverage.reach.people import off_road_of
from coverage.reach.service import travel_time
from coverage.roads.convert import write_graphml
from coverage.roads.sources import load
from coverage.scenarios.compare import compare
from coverage.scenarios.edits import Scenario
from coverage.travel.off_road import REMEDY, STRAIGHT, OffRoad, mark_of, said_of
from helpers import centre, run, write_register

if TYPE_CHECKING:
    from pathlib import Path

QINGYUAN = City.load("清远")
SEAT = next(u for u in QINGYUAN.units.townships if u.placed and u.code.startswith("441802"))
STEP, HALF = 100.0, 10
FETCH = "coverage fetch roads"


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A grid of streets around a seat, ten people at each crossing, and one facility there."""
    folder = tmp_path_factory.mktemp("grid")
    crs = travel_time(QINGYUAN, kind="elder_care").demand.crs
    assert SEAT.lon is not None
    assert SEAT.lat is not None
    x0, y0 = project(SEAT.lon, SEAT.lat, crs)
    row, column = (g.ravel() for g in np.indices((2 * HALF + 1, 2 * HALF + 1)) - HALF)
    lon, lat = unproject(x0 + column * STEP, y0 + row * STEP, crs)
    nodes, edges, people = (folder / f"{n}.csv" for n in ("nodes", "edges", "people"))
    places = list(zip(lon, lat, strict=True))
    lines = [f"{n},{x:.9f},{y:.9f}" for n, (x, y) in enumerate(places)]
    nodes.write_text("\n".join(["node,lon,lat", *lines]), encoding="utf-8")
    lines = [f"{x:.9f},{y:.9f},10" for x, y in places]
    people.write_text("\n".join(["lon,lat,people", *lines]), encoding="utf-8")
    wide = 2 * HALF + 1
    pairs = [(n, n + 1) for n in range(wide * wide) if (n + 1) % wide]
    pairs += [(n, n + wide) for n in range(wide * (wide - 1))]
    edges.write_text(
        "\n".join(["u,v,length_m", *(f"{u},{v},{STEP}" for u, v in pairs)]), encoding="utf-8"
    )
    graph = folder / "streets.graphml"
    write_graphml(load(nodes, edges=edges, cache=False), graph)
    register = write_register(
        folder / "r.csv", [centre(1, SEAT.code, lon=f"{SEAT.lon:.9f}", lat=f"{SEAT.lat:.9f}")]
    )
    return graph, people, register


def _by_hand(limit_m: float) -> tuple[int, int]:
    """Crossings within the limit, and those whose way touches the streets nowhere or once."""
    near = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if math.hypot(x, y) <= 1]
    reached = alone = 0
    for a, b in itertools.product(range(-HALF, HALF + 1), repeat=2):
        off = street = math.inf
        for (x, y), (left, up) in itertools.product(near, repeat=2):
            legs = 1.3 * STEP * (math.hypot(x, y) + math.hypot(left, up))
            along = STEP * (abs(a + x - left) + abs(b + y - up))
            if along:
                street = min(street, legs + along)
            else:
                off = min(off, legs)
        reached += min(off, street) <= limit_m
        alone += off < street and off <= limit_m
    return reached, alone


def test_on_streets_the_share_is_said_and_the_straight_circle_stands_beside_it(
    capsys: pytest.CaptureFixture[str], ground: tuple[Path, Path, Path]
) -> None:
    graph, people, register = map(str, ground)
    kind = ("--kind", "elder_care", "--minutes", "15")
    files = ("--roads", graph, "--population", people, "--facilities", register)
    args = ("circle", "--city", "清远", *kind, *files)
    data = run(capsys, *args, "--format", "json").data
    reached, alone = _by_hand(0.8 * 900)
    (city,) = (r for r in data["people"] if r["level"] == "city")
    assert city["reached"] == 10 * reached
    assert city["wholly_off_road"] == pytest.approx(100 * alone / reached, abs=1e-3)
    assert 0 < city["wholly_off_road"] < 50
    assert not data["straight_estimate"]
    assert city["straight_share"] > city["share"]
    text = run(capsys, *args).out
    assert "直线圆" in text
    assert "全程不走道路" in text
    assert STRAIGHT.zh not in text
    assert FETCH not in text


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_on_main_roads_it_is_called_what_it_is(
    capsys: pytest.CaptureFixture[str], lang: str
) -> None:
    args = ("circle", "--city", "清远", "--kind", "elder_care", "--lang", lang)
    data = run(capsys, *args, "--format", "json").data
    assert data["straight_estimate"]
    assert all(row["straight_share"] is None for row in data["people"])
    assert sum(FETCH in note and "--roads" in note for note in data["notes"]) == 1
    rows = list(csv.DictReader(io.StringIO(run(capsys, *args, "--format", "csv").out)))
    assert {row["straight_share"] for row in rows} == {""}
    assert float(rows[-1]["wholly_off_road"] or 100) > 50
    for format_ in ("table", "markdown"):
        text = run(capsys, *args, "--format", format_).out
        title = " ".join(text[:300].split())
        assert (STRAIGHT.zh if lang == "zh" else STRAIGHT.en) in title
        assert text.count(FETCH) == 1
        assert ("直线圆 " if lang == "zh" else "straight |") not in text


def test_more_than_half_decides() -> None:
    half = OffRoad.of(200.0, 100.0, 150.0)
    more = OffRoad.of(200.0, 100.2, 160.0)
    assert half == OffRoad(50.0, 75.0, straight_estimate=False)
    assert more is not None
    assert more.straight_estimate
    assert more.time == 80.0
    assert OffRoad.of(0.0, 0.0, 0.0) is None
    assert "longer leg" not in half.said().en
    (said,) = said_of(OffRoad.of(200.0, 0.0, 9.0, 25.0))
    assert "12.5 % live where no street is near" in said.en
    assert said_of(None) == ()
    assert said_of(half) == (half.said(),)
    assert said_of(more) == (more.said(), REMEDY)
    assert (mark_of(half).zh, mark_of(None).zh, mark_of(more).zh) == ("", "", "（直线估算）")
    assert mark_of(more).en == " (straight-line estimate)"


def test_a_scenario_counts_the_same_ways_off_the_road() -> None:
    """Times kept up by edits know the same straight ways as times taken anew."""
    seats = [u for u in QINGYUAN.units.townships if u.placed][:20]
    register = Register(tuple(Facility(u.code, u.name, "elder_care", u.code) for u in seats))
    made = compare(
        QINGYUAN, Scenario("无", "441800"), register=register, kind="elder_care", group="60+"
    )
    (outcome,) = made.outcomes
    found = outcome.access[0].off_road
    anew = off_road_of(travel_time(QINGYUAN, kind="elder_care", minutes=15, register=register))
    assert found is not None
    assert anew is not None
    assert found.straight_estimate
    assert found == anew
    assert sum(note == REMEDY for note in made.notes) == 1
    assert not any(note == REMEDY for note in outcome.notes)


def test_pages_of_a_scenario_and_of_sites_say_it(capsys: pytest.CaptureFixture[str]) -> None:
    page = run(capsys, "scenario", "run", "441700-home", "--city", "阳江", "--format", "markdown")
    assert page.code == 0
    assert STRAIGHT.zh in page.out.splitlines()[0]
    assert page.out.count(FETCH) == 1
    args = ("site", "--city", "清远", "--indicator", "elder_care.circle_15min", "--target", ">=9")
    data = run(capsys, *args, "--format", "json")
    assert data.code == 0
    assert data.data["result"]["straight_estimate"]
    assert data.data["result"]["wholly_off_road"] > 50
    assert sum(FETCH in note for note in data.data["notes"]) == 1
