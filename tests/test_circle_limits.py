"""Commands of circles from end to end: a circle ends where its label says, JSON as published."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

import processes
from coverage.datum import project, unproject
from coverage.profiles import load_profile
from coverage.settings import PACKAGE_DIR
from helpers import centre, write_register

if TYPE_CHECKING:
    from pathlib import Path

CRS = "EPSG:32649"
SEAT = ("441802106", 113.05, 23.68)  # a place in 清城区
HALF_M = 4000.0
STEP_M = 2.0


def command(*args: str, folder: Path | None = None) -> str:
    """What the command line prints, run as a process of its own."""
    done = processes.run(*args, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one straight street from north to south and a facility in its middle."""
    folder = tmp_path_factory.mktemp("street")
    code, lon, lat = SEAT
    x, y = (float(value) for value in project(lon, lat, CRS))
    # In two pieces: one that is straight for over 5 km is drawn nowhere.
    ends = [unproject(x, y + side * HALF_M, CRS) for side in (-1, 0, 1)]
    rows = [f"{n},{float(a):.9f},{float(b):.9f}" for n, (a, b) in enumerate(ends, start=1)]
    (folder / "nodes.csv").write_text("\n".join(["node,lon,lat", *rows, ""]), encoding="utf-8")
    edges = f"u,v,length_m,highway\n1,2,{HALF_M},residential\n2,3,{HALF_M},residential\n"
    (folder / "edges.csv").write_text(edges, encoding="utf-8")
    from coverage.roads.convert import write_graphml
    from coverage.roads.sources import load

    network = load(folder / "nodes.csv", edges=folder / "edges.csv", cache=False, crs=CRS)
    write_graphml(network, folder / "street.graphml")
    write_register(folder / "r.csv", [centre(1, code, lon=lon, lat=lat)])
    return folder


def drawn(street: Path, profile: str, *more: str) -> Any:
    """The circles of the one facility as a table on the plane."""
    import geopandas as gpd

    command(
        *("circle", "--city", "清远", "--kind", "elder_care", "--profile", profile),
        *("--roads", "street.graphml", "--facilities", "r.csv", "--resolution", str(STEP_M)),
        *("--out", "circles.gpkg", *more),
        folder=street,
    )
    frame = gpd.read_file(street / "circles.gpkg").to_crs(CRS)
    (street / "circles.gpkg").unlink()
    return frame


@pytest.mark.parametrize(
    ("profile", "how"),
    [
        ("older_walk", "each"),
        ("older_walk", "split"),
        ("older_walk", "dissolve"),
        ("drive", "each"),
    ],
)
def test_a_circle_ends_where_its_label_says(street: Path, profile: str, how: str) -> None:
    """Along a straight street a circle reaches as far as its minutes go at the street's speed."""
    travel = load_profile(profile)
    speed = dict(travel.class_speeds).get("residential", travel.speed_mps)
    minutes = (3.0, 505 / 60) if profile == "drive" else (5.0, 505 / 60, 30.0)
    frame = drawn(street, profile, "--how", how, "--minutes", ",".join(map(repr, minutes)))
    assert frame["limit"].tolist() == pytest.approx(minutes)
    assert set(frame["limit_unit"]) == {"min"}
    _, y = project(*SEAT[1:], CRS)
    for limit, shape in zip(frame["limit"], frame.geometry, strict=True):
        _, south, _, north = shape.bounds
        far = 60 * limit * speed
        assert far < HALF_M
        for reached in (north - float(y), float(y) - south):
            # Never short of the limit, and beyond it by a cell or two, whatever the limit.
            assert 0.999 * far - STEP_M / 2 <= reached <= 1.001 * far + 3 * STEP_M


def test_a_circle_in_metres_ends_at_them(street: Path) -> None:
    frame = drawn(street, "standard_1000m")
    assert frame["limit"].tolist() == [1000.0]
    assert set(frame["limit_unit"]) == {"m"}
    _, south, _, north = frame.geometry[0].bounds
    assert north - south == pytest.approx(2000, abs=6 * STEP_M)


def schema(name: str) -> dict[str, Any]:
    """A published schema."""
    path = PACKAGE_DIR / "schemas" / f"{name}.schema.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(found)
    return found


@pytest.mark.parametrize(("profile", "lang"), [("older_walk", "zh"), ("standard_1000m", "en")])
def test_circles_as_json_follow_the_published_schema(profile: str, lang: str) -> None:
    args = ("circle", "--city", "珠山", "--kind", "elder_care", "--profile", profile)
    data = json.loads(command(*args, "--lang", lang, "--format", "json"))
    jsonschema.validate(data, schema("circle"))
    assert {row["limit"] for row in data["people"]} == set(data["limits"])
    del data["people"][0]["reached"]
    with pytest.raises(jsonschema.ValidationError, match="reached"):
        jsonschema.validate(data, schema("circle"))


@pytest.mark.parametrize(
    ("place", "profile"), [("113.05,23.68", "older_walk"), ("112.80,24.30", "standard_1000m")]
)
def test_a_route_as_json_follows_the_schema_in_the_language_asked_for(
    place: str, profile: str
) -> None:
    args = ("route", "--city", "清远", "--kind", "elder_care", "--profile", profile)
    zh, en = (
        json.loads(command(*args, "--from", place, "--lang", lang, "--format", "json"))
        for lang in ("zh", "en")
    )
    jsonschema.validate(zh, schema("route"))
    jsonschema.validate(en, schema("route"))
    assert en["notes"]
    assert all(note.isascii() for note in en["notes"])
    assert not any(note.isascii() for note in zh["notes"])
    assert {**zh, "notes": []} == {**en, "notes": []}


def test_a_check_of_roads_as_json_follows_the_schema() -> None:
    data = json.loads(command("roads", "check", "珠山", "--format", "json"))
    jsonschema.validate(data, schema("roads-check"))
    assert {row["check"] for row in data} >= {"duplicate_edge", "islands_foot"}
