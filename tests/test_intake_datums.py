"""The datum of a list told by what a planner's own workspace knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from coverage.city import City
from coverage.datum import from_wgs84
from coverage.intake.commit import commit
from coverage.intake.facilities import intake_facilities
from coverage.intake.roads import import_roads
from coverage.intake.setup import create
from helpers import run

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

DATUMS = ("wgs84", "gcj02", "bd09")
TOWN = (113.0560, 23.6980)  # the seat of 清远


@pytest.fixture
def space(tmp_path: Path) -> Path:
    return create(tmp_path / "工作区", city=City.load("清远"))


def _list(path: Path, xy: NDArray[np.float64], datum: str, places: str = "x坐标,y坐标") -> Path:
    """A list without townships, so that no seat can speak."""
    lon, lat = from_wgs84(xy[:, 0], xy[:, 1], datum)
    rows = [
        f"清城区第{n}敬老院,敬老院,清城区,{50 + n},{x:.7f},{y:.7f}"
        for n, (x, y) in enumerate(zip(lon, lat, strict=True))
    ]
    head = f"名称,类型,县区,床位数,{places}"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("datum", DATUMS)
def test_facilities_already_placed_tell(space: Path, tmp_path: Path, datum: str) -> None:
    rng = np.random.default_rng(5)
    xy = np.array(TOWN) + rng.uniform(-0.03, 0.03, (12, 2))
    first = intake_facilities(
        [_list(tmp_path / "一.csv", xy, "wgs84")], City.open(space), datum="wgs84"
    )
    commit(first, space)
    made = intake_facilities([_list(tmp_path / "二.csv", xy, datum)], City.open(space))
    assert made.sheets[0].datum == datum
    found = np.array([(f.lon, f.lat) for f in made.facilities])
    assert np.abs(found - xy).max() < 1e-5
    assert "已知地点" in made.sheets[0].detection.reason.zh  # type: ignore[union-attr]


@pytest.mark.parametrize("datum", DATUMS)
def test_streets_of_the_workspace_tell(space: Path, tmp_path: Path, datum: str) -> None:
    geopandas = pytest.importorskip("geopandas")
    from shapely import LineString

    # Streets 1 to 3 km apart, at uneven distances so that no shift maps them onto one another.
    rng = np.random.default_rng(7)
    east, north = (np.cumsum(rng.uniform(0.008, 0.025, 9)) - 0.07 for _ in "xy")
    west, south = TOWN
    lines = [LineString([(west + x, south - 0.1), (west + x, south + 0.1)]) for x in east]
    lines += [LineString([(west - 0.1, south + y), (west + 0.1, south + y)]) for y in north]
    frame = geopandas.GeoDataFrame(
        {"highway": ["residential"] * len(lines)}, geometry=lines, crs="EPSG:4326"
    )
    frame.to_file(tmp_path / "路.gpkg")
    import_roads(tmp_path / "路.gpkg", space)
    along = rng.uniform(-0.06, 0.06, 60)
    xy = np.array(
        [
            (west + east[n % 9], south + a) if n % 2 else (west + a, south + north[n % 9])
            for n, a in enumerate(along)
        ]
    )
    xy += rng.normal(0, 0.0002, xy.shape)
    made = intake_facilities([_list(tmp_path / "名册.csv", xy, datum)], City.open(space))
    assert made.sheets[0].datum == datum
    assert "道路" in made.sheets[0].detection.reason.zh  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("known", "datum", "taken"),
    [
        (True, "gcj02", "gcj02"),
        (True, "wgs84", None),
        (True, "bd09", None),
        (False, "wgs84", "gcj02"),
    ],
)
def test_a_heading_is_believed_unless_the_places_speak_against_it(
    space: Path, tmp_path: Path, known: bool, datum: str, taken: str | None
) -> None:
    """高德经度 is a statement, and people do copy headings from another sheet."""
    xy = np.array(TOWN) + np.random.default_rng(5).uniform(-0.03, 0.03, (12, 2))
    if known:
        first = _list(tmp_path / "一.csv", xy, "wgs84")
        commit(intake_facilities([first], City.open(space), datum="wgs84"), space)
    second = _list(tmp_path / "二.csv", xy, datum, "高德经度,高德纬度")
    made = intake_facilities([second], City.open(space))
    assert made.sheets[0].datum == taken
    if taken is None:
        assert all(f.lon is None for f in made.facilities), "neither is believed"
        assert "互相矛盾" in made.sheets[0].part.said[-1].zh


def test_without_any_of_them_it_is_asked_for(
    space: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    xy = np.array(TOWN) + np.random.default_rng(5).uniform(-0.03, 0.03, (12, 2))
    path = _list(tmp_path / "名册.csv", xy, "gcj02")
    done = run(capsys, "import", "facilities", str(path), "--workspace", str(space))
    assert "--datum" in done.out.replace("\n   ", "")
    made = intake_facilities([path], City.open(space))
    assert made.sheets[0].datum is None
    assert all(f.lon is None for f in made.facilities), "no datum is guessed in silence"
