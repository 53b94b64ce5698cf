"""People reached: totals reconcile, circles and people agree, more facilities reach no fewer."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st

from coverage.city import City
from coverage.datum import project
from coverage.errors import InputError
from coverage.facilities import Facility, Register
from coverage.profiles import load_profile
from coverage.reach.draw import draw
from coverage.reach.people import nearest_times, people_reached, weighted_percentiles
from coverage.reach.service import travel_time
from coverage.reach.trip import explain
from helpers import centre, run, write_register

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.reach.service import ServiceTimes

CITIES = {name: City.load(name) for name in ("清远", "中山", "阳江", "江门", "珠山")}
QINGYUAN = CITIES["清远"]
TOWNSHIPS = [u for u in QINGYUAN.units.townships if u.placed]


def _register(count: int) -> Register:
    rows = [Facility(u.code, u.name, "elder_care", u.code) for u in TOWNSHIPS[:count]]
    return Register(tuple(rows))


@pytest.fixture(scope="module")
def times() -> ServiceTimes:
    return travel_time(QINGYUAN, kind="elder_care", minutes=(5, 10, 15), register=_register(20))


@pytest.mark.parametrize("city", CITIES)
def test_totals_reconcile_at_every_level(city: str) -> None:
    found = travel_time(CITIES[city], kind="elder_care", minutes=(10, 15))
    for group in found.demand.people:
        published = sum(
            p.count
            for u in CITIES[city].units.township_rows
            if (p := CITIES[city].population.people(u.code, group)) is not None
        )
        for level in ("city", "county", "township"):
            rows = people_reached(found, level=level, group=group)
            for limit in found.limits_s:
                parts = [r for r in rows if r.limit_s == limit]
                total = sum(r.reached + r.not_reached + r.not_placed for r in parts)
                assert total == pytest.approx(published, rel=1e-9)
                assert sum(r.total for r in parts) == pytest.approx(published, rel=1e-9)


def test_levels_agree(times: ServiceTimes) -> None:
    for limit in times.limits_s:
        sums = {
            level: sum(
                r.reached
                for r in people_reached(times, level=level, group="60+")
                if r.limit_s == limit
            )
            for level in ("city", "county", "township")
        }
        assert max(sums.values()) == pytest.approx(min(sums.values()), rel=1e-9)


def test_more_minutes_and_more_facilities_reach_no_fewer(times: ServiceTimes) -> None:
    few = [r.reached for r in people_reached(times, group="all")]
    assert few == sorted(few)
    more = travel_time(QINGYUAN, kind="elder_care", minutes=(5, 10, 15), register=_register(30))
    assert (more.seconds <= times.seconds + 1e-9).all()
    assert all(b.reached >= a for a, b in zip(few, people_reached(more, group="all"), strict=True))


def test_a_straight_circle_always_claims_more(times: ServiceTimes) -> None:
    """Nobody walks faster than the profile's pace on a straight line: a physical bound."""
    for limit in times.limits_s:
        inside = times.seconds <= limit
        assert (times.straight_m[inside] <= times.straight_radius_m(limit) + 1e-6).all()
    for row in people_reached(times, level="township"):
        assert row.reached <= row.straight + 1e-6


def test_circles_and_people_agree(times: ServiceTimes) -> None:
    """Two computations of one thing: who is inside the drawn circle, and who is there in time."""
    step = 25.0
    frame = draw(times, how="dissolve", step_m=step).to_crs(times.network.crs)
    profile = times.profile
    slowness = 1 / profile.speed_mps + float(profile.access_seconds(1.0))
    slack = step * math.sqrt(2) * slowness
    for limit, area in zip(times.limits_s, frame.geometry, strict=True):
        inside = shapely.contains_xy(area, times.demand.x, times.demand.y)
        assert times.seconds[inside].max() <= limit + slack
        assert inside[times.seconds <= limit - slack].all()
        assert inside.any()


def test_circle_columns_and_nesting(times: ServiceTimes) -> None:
    frame = draw(times, how="each", step_m=50.0)
    assert frame.crs == "EPSG:4326"
    assert frame.geometry.is_valid.all()
    assert set(frame["limit"]) == {5.0, 10.0, 15.0}
    assert frame["at_seat"].all()
    for _, rows in frame.groupby("facility_id"):
        by_limit = rows.sort_values("limit").geometry.tolist()
        for small, large in pairwise(by_limit):
            assert large.buffer(1e-7).covers(small)
    split = draw(times, how="split", step_m=50.0)
    assert split["area_km2"].sum() <= frame["area_km2"].sum() + 1e-6


def test_a_limit_in_metres() -> None:
    found = travel_time(QINGYUAN, profile="standard_1000m", register=_register(20))
    assert found.limits_s == (1000.0,)
    row = people_reached(found, group="all")[0]
    assert 0 < row.reached <= row.straight
    frame = draw(found, how="dissolve", step_m=50.0)
    # 20 disjoint seats: no more than 20 straight circles of 1 km, cells included.
    assert 0 < frame["area_km2"].iloc[0] <= 20 * math.pi * (1 + 0.05 * 2 * math.sqrt(2)) ** 2


def test_driving_reaches_further_than_walking(times: ServiceTimes) -> None:
    drive = travel_time(QINGYUAN, profile="drive", register=_register(20))
    assert (
        people_reached(drive, group="all")[-1].reached
        > people_reached(times, group="all")[-1].reached
    )


def test_older_people_walk_slower() -> None:
    profile = load_profile("older_walk")
    shares = [
        people_reached(travel_time(QINGYUAN, profile=profile.for_age(age), register=_register(20)))[
            0
        ]
        for age in (70, 80, 90)
    ]
    reached = [s.reached for s in shares]
    assert reached == sorted(reached, reverse=True)
    assert reached[0] > reached[-1]


def test_weighted_percentiles_agree_with_repetition() -> None:
    rng = np.random.default_rng(3)
    values, weights = rng.random(40), rng.integers(1, 9, 40)
    flat = np.sort(np.repeat(values, weights))
    for percent in (10, 25, 50, 75, 90, 100):
        want = flat[math.ceil(len(flat) * percent / 100) - 1]
        assert weighted_percentiles(values, weights.astype(float), [percent]) == (want,)


@given(
    pairs=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), min_size=1, max_size=12),
    unit=st.sampled_from([1.0, 0.1, 0.7, 1 / 3, 1e-3]),
    percent=st.sampled_from([10, 25, 50, 75, 90, 100]),
)
@example(pairs=[(1, 1), (2, 1), (3, 1), (4, 1)], unit=1.0, percent=50)
@example(pairs=[(0, 1), (1, 9)], unit=1e-3, percent=10)
@example(pairs=[(0, 3), (1, 2), (2, 5)], unit=0.7, percent=50)
def test_weighted_percentiles_at_ties(
    pairs: list[tuple[int, int]], unit: float, percent: int
) -> None:
    """Where the share ends exactly between two values the lower one is meant, rounding or not."""
    flat = sorted(value for value, weight in pairs for _ in range(weight))
    if not flat:
        return
    values, weights = np.array(pairs, dtype=np.float64).T
    want = flat[-(-len(flat) * percent // 100) - 1]
    assert weighted_percentiles(values, weights * unit, [percent]) == (want,)


def test_nearest_times_rise_with_the_percentile(times: ServiceTimes) -> None:
    for row in nearest_times(times, level="county", group="60+"):
        assert list(row.seconds) == sorted(row.seconds)
        assert 0 <= row.beyond <= 100


def test_a_facility_with_coordinates_stands_there() -> None:
    seat = TOWNSHIPS[0]
    assert seat.lon is not None
    assert seat.lat is not None
    moved = Facility("a", "a", "elder_care", seat.code, lon=seat.lon + 0.01, lat=seat.lat)
    found = travel_time(QINGYUAN, register=Register((moved,)))
    x, y = project(seat.lon + 0.01, seat.lat, found.demand.crs)
    assert found.sites.xy[0] == pytest.approx((float(x), float(y)))
    assert found.sites.at_seat == 0


def test_facilities_without_a_place_are_said_and_reach_nobody() -> None:
    nowhere = Facility("b", "b", "elder_care", "441802")
    register = replace(_register(3), facilities=(*_register(3).facilities, nowhere))
    found = travel_time(QINGYUAN, register=register)
    assert found.sites.not_placed == (nowhere,)
    assert any("位置不详" in n.zh for n in found.notes)
    with pytest.raises(InputError, match="can be placed"):
        travel_time(QINGYUAN, register=Register((nowhere,)))


def test_a_trip_is_explained_part_by_part() -> None:
    trip = explain(QINGYUAN, (113.05, 23.68), kind="elder_care", register=_register(85))
    r = trip.route
    assert r.seconds == pytest.approx(r.place_leg_s + r.road_s + r.facility_leg_s)
    assert trip.to_dict("zh")["total"] == pytest.approx(r.seconds, abs=1e-3)
    assert trip.facility is not None
    assert any(trip.facility.name in line for line in trip.lines("zh"))
    assert trip.lines("en")
    with pytest.raises(InputError, match="swapped"):
        explain(QINGYUAN, (23.68, 113.05), kind="elder_care")
    with pytest.raises(InputError, match="does not lie in"):
        explain(QINGYUAN, (2.35, 48.85), kind="elder_care")


@pytest.mark.parametrize("format_", ["table", "json", "csv", "markdown"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_circle_command(capsys: pytest.CaptureFixture[str], format_: str, lang: str) -> None:
    args = ("--kind", "elder_care", "--format", format_, "--lang", lang)
    done = run(capsys, "circle", "--city", "清远", *args)
    assert done.code == 0
    if format_ == "json":
        for row in done.data["people"]:
            parts = row["reached"] + row["not_reached"] + row["not_placed"]
            assert parts == pytest.approx(row["total"], abs=0.01)
    elif format_ != "csv":
        assert ("示意" if lang == "zh" else "ILLUSTRATIVE") in done.out.splitlines()[0]


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson"])
def test_circles_are_written_whole(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, suffix: str
) -> None:
    import geopandas as gpd

    path = write_register(
        tmp_path / "r.csv", [centre(n, u.code) for n, u in enumerate(TOWNSHIPS[:5])]
    )
    out = tmp_path / f"circles{suffix}"
    args = ("--kind", "elder_care", "--facilities", str(path), "--out", str(out))
    done = run(capsys, "circle", "--city", "清远", *args)
    assert done.code == 0
    frame = gpd.read_file(out)
    assert len(frame) == 15
    assert frame.geometry.is_valid.all()
    left = {p.name for p in tmp_path.iterdir()}
    assert left == {"r.csv", out.name, ".coverage-file.json"}  # the last tells what we wrote


def test_own_points_and_bad_rows(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    seat = TOWNSHIPS[0]
    path = tmp_path / "村.csv"
    path.write_text(
        f"name,lon,lat,people\n甲,{seat.lon},{seat.lat},100\n乙,{seat.lat},{seat.lon},50\n丙,x,1,2\n",
        encoding="utf-8",
    )
    args = ("circle", "--city", "清远", "--kind", "elder_care", "--population", str(path))
    done = run(capsys, *args)
    assert done.code == 2
    assert "row 3" in done.err
    assert "row 4" in done.err
    done = run(capsys, *args, "--skip-bad", "--format", "json")
    assert done.code == 0
    assert len(done.data["skipped"]) >= 2
    assert {r["total"] for r in done.data["people"] if r["level"] == "city"} == {100}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--kind", "castle"), "castle"),
        (("--kind", "elder_care", "--minutes", "0"), "above 0"),
        (("--kind", "elder_care", "--minutes", "-5,10"), "above 0"),
        (("--kind", "elder_care", "--minutes", "soon"), "soon"),
        (("--kind", "elder_care", "--minutes", "nan"), "not a list of minutes"),
        (("--kind", "elder_care", "--profile", "broom"), "broom"),
        (("--kind", "elder_care", "--roads", "none.osm.pbf"), "none.osm.pbf"),
        (("--kind", "elder_care", "--population", "none.tif"), "none.tif"),
        (("--kind", "elder_care", "--resolution", "0", "--out", "a.gpkg"), "above 0"),
        (("--kind", "elder_care", "--out", "a.shp"), "gpkg"),
        (("--kind", "meal_point"), "can be placed"),
        (("--kind", "elder_care", "--city", "广州"), "--city can be given only once"),
    ],
)
def test_bad_input_of_circles(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    args: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(capsys, "circle", "--city", "清远", *args)
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err
    assert list(tmp_path.iterdir()) == []


def test_route_command(capsys: pytest.CaptureFixture[str]) -> None:
    done = run(capsys, "route", "--city", "清远", "--kind", "elder_care", "--from", "113.05,23.68")
    assert done.code == 0
    assert "分钟" in done.out
    args = ("--from", "113.05,23.68", "--format", "json", "--profile", "drive")
    data = json.loads(run(capsys, "route", "--city", "清远", "--kind", "elder_care", *args).out)
    assert data["status"] in {"covered", "over_limit"}
    for place in ("23.68,113.05", "here", "1,2"):
        assert (
            run(capsys, "route", "--city", "清远", "--kind", "elder_care", "--from", place).code
            == 2
        )


def test_roads_check_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "islands_foot" in run(capsys, "roads", "check", "清远").out
    assert run(capsys, "roads", "check", "清远", "--format", "json").data
    torn = tmp_path / "torn.osm.pbf"
    torn.write_bytes(b"\x00\x00\x00\x0d\x0a\x09OSMHeader")
    done = run(capsys, "roads", "check", str(torn))
    assert done.code == 2
    assert "torn.osm.pbf" in done.err


def test_report_calls_straight_lines_what_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    args = ("--indicator", "elder_care.circle_15min", "--format", "json")
    data = run(capsys, "report", "--city", "清远", *args).data
    (found,) = data["indicators"]
    assert found["value"] == pytest.approx(100 * found["numerator"] / found["denominator"])
    assert found["straight_estimate"]
    assert found["wholly_off_road"] > 50
    assert found["name"].endswith("（直线估算）")
    assert not any("画直线圆" in note for note in found["notes"])
    assert sum("coverage fetch roads" in note for note in data["notes"]) == 1
    assert not any("fetch roads" in note for note in found["notes"])
    assert sum(c["denominator"] for c in found["by_county"]) == pytest.approx(
        found["denominator"], abs=8
    )


def _square(lon: float, lat: float, half: float, **properties: object) -> str:
    ring = [(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]
    line = [[lon + half * a, lat + half * b] for a, b in ring]
    geometry = {"type": "Polygon", "coordinates": [line]}
    feature = {"type": "Feature", "properties": properties, "geometry": geometry}
    return json.dumps({"type": "FeatureCollection", "features": [feature]})


def test_barriers_never_shorten_a_way(tmp_path: Path) -> None:
    free = travel_time(QINGYUAN, register=_register(20), profile="drive")
    path = tmp_path / "flood.geojson"
    seat = TOWNSHIPS[0]
    assert seat.lon is not None
    assert seat.lat is not None
    path.write_text(_square(seat.lon, seat.lat, 0.1), encoding="utf-8")
    closed = travel_time(QINGYUAN, register=_register(20), profile="drive", barriers=path)
    path.write_text(_square(seat.lon, seat.lat, 0.1, factor=3), encoding="utf-8")
    slowed = travel_time(QINGYUAN, register=_register(20), profile="drive", barriers=path)
    assert (free.seconds <= slowed.seconds + 1e-9).all()
    assert (slowed.seconds <= closed.seconds + 1e-9).all()
    assert (closed.seconds > free.seconds).any()
    for text in ("{", _square(113, 23, 0.1, factor=0.5), '{"features": [{"geometry": null}]}'):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=r"flood\.geojson"):
            travel_time(QINGYUAN, register=_register(20), barriers=path)


def test_facilities_astray_are_named_or_left_out(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    seat = TOWNSHIPS[0]
    rows = [
        centre(1, seat.code, lon=seat.lon, lat=seat.lat),
        centre(2, seat.code, lon=112.80, lat=24.30),  # in the mountains, 11 km from any main road
        centre(3, seat.code, lon=116.40, lat=39.90),  # Beijing
    ]
    path = write_register(tmp_path / "r.csv", rows)
    args = ("circle", "--city", "清远", "--kind", "elder_care", "--facilities", str(path))
    done = run(capsys, *args)
    assert done.code == 2
    assert "outside the city" in done.err
    assert "112.8" not in done.err  # far from a road stops nothing
    done = run(capsys, *args, "--skip-bad", "--format", "json")
    assert done.code == 0
    assert len(done.data["skipped"]) == 1
    assert done.data["facilities"]["placed"] == 2
    assert any("max_single_leg_m" in note for note in done.data["notes"])


def test_roads_of_another_place_are_refused(tmp_path: Path) -> None:
    nodes, edges = tmp_path / "nodes.csv", tmp_path / "edges.csv"
    nodes.write_text("node,lon,lat\n1,9.5,47.1\n2,9.6,47.1\n", encoding="utf-8")
    edges.write_text("u,v,length_m\n1,2,7600\n", encoding="utf-8")
    from coverage.roads.convert import write_graphml
    from coverage.roads.sources import load

    graph = tmp_path / "elsewhere.graphml"
    write_graphml(load(nodes, edges=edges, cache=False), graph)
    with pytest.raises(InputError, match="no roads inside the area"):
        travel_time(QINGYUAN, register=_register(3), roads=graph)


def test_hills_slow_walkers(tmp_path: Path) -> None:
    rasterio = pytest.importorskip("rasterio")
    heights = np.fromfunction(lambda _, c: 400 * np.abs(np.sin(c / 9)), (400, 400))
    path = tmp_path / "dem.tif"
    transform = rasterio.Affine(2.7 / 400, 0, 111.5, 0, -2.7 / 400, 25.6)
    with rasterio.open(
        path, "w", driver="GTiff", width=400, height=400, count=1, dtype="float32",
        crs="EPSG:4326", transform=transform,
    ) as file:  # fmt: skip
        file.write(heights.astype("float32"), 1)
    flat = travel_time(QINGYUAN, register=_register(20))
    hilly = travel_time(QINGYUAN, register=_register(20), elevation=path)
    known = np.isfinite(flat.seconds) & np.isfinite(hilly.seconds)
    assert np.median(hilly.seconds[known]) > np.median(flat.seconds[known])
