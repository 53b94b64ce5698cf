"""The page that says whether a workspace is fit for use, and what its gaps mean."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from coverage.assessment import assess
from coverage.city import City
from coverage.download.licences import Origin, note_origin, read_origins
from coverage.facilities import USUAL
from coverage.formats.tables import csv_text
from coverage.intake.readiness import check_workspace, page
from coverage.intake.setup import create, find_example
from coverage.settings import data_dir
from coverage.text import width
from coverage.units import city_names

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.intake.readiness import Line

CITY = '[city]\ncode = "441800"\nname = "清远市"\nbase = "441800"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "ws"
    place.mkdir()
    (place / "city.toml").write_text(CITY, encoding="utf-8")
    return place


def lines(city: City) -> dict[str, Line]:
    return {line.role: line for line in check_workspace(city)}


def test_people_as_points_need_no_table(tmp_path: Path) -> None:
    place = create(tmp_path / "ws", example=find_example("福田"))
    city = City.open(place)
    found = lines(city)
    assert found["population"].origin == "missing"
    assert not any(line.blocked for line in found.values())
    assert assess(city)["elder_care.circle_15min"].measurement.value is not None
    path = place / "population" / "people.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("60+", "other"), encoding="utf-8")
    assert "elder_care.circle_15min" in lines(City.open(place))["people"].blocked


@pytest.mark.parametrize("name", [city.code for city in city_names()])
def test_every_shipped_city_has_a_page(name: str) -> None:
    city = City.load(name)
    found = lines(city)
    assert set(found) == {
        "plan",
        "facilities",
        "population",
        "people",
        "units",
        "villages",
        "counties",
        "townships",
        "roads",
    }
    for lang in ("zh", "en"):
        text = page(city, lang)
        assert len(text) < 40  # one page
        assert all(line.strip() for line in text)
        assert all(width(line) < 220 for line in text)
    assert found["people"].origin == "missing"
    assert "illustrative" in found["facilities"].marks
    assert "approximate" in found["townships"].marks
    assert found["roads"].date.zh


@pytest.mark.parametrize("name", ["清远", "中山", "珠山区", "江门", "阳江"])
def test_what_has_no_value_in_the_report_is_blocked_and_nothing_else(name: str) -> None:
    city = City.load(name)
    report = assess(city)
    computed = [r for r in report.results if r.indicator.computed]
    travel = {r.indicator.id for r in computed if r.indicator.measure == "people_within"}
    unknown = {r.indicator.id for r in computed if r.value is None} - travel
    blocked = {id_ for line in check_workspace(city) for id_ in line.blocked}
    assert blocked - travel == unknown
    # An indicator that counts example rows is never passed for sound.
    weak = {id_ for line in check_workspace(city) for id_ in line.estimated}
    shaky = {r.indicator.id for r in computed if r.measurement.provenance["illustrative"]}
    assert shaky <= weak | blocked


def test_a_workspace_with_nothing_of_its_own(folder: Path) -> None:
    found = lines(City.open(folder))
    assert {line.origin for line in found.values()} == {"shipped", "missing"}
    assert "elder_care.circle_15min" in found["roads"].estimated
    assert "[随附、近似]" in "\n".join(page(City.open(folder), "zh"))


def test_ones_own_register_clears_what_it_holds(folder: Path) -> None:
    city = City.open(folder)
    care = "全托;日托;上门;协调指导"
    rows = [
        [f"a{i}", f"{u.name}中心", "elder_care", "", care, 100, 60, "", "", u.code, u.lon, u.lat]
        for i, u in enumerate(city.units.townships)
    ]
    rows = [[*row, "open", "2024-05-01", "", "surveyed", ""] for row in rows]
    (folder / "facilities.csv").write_text(csv_text(USUAL, rows), encoding="utf-8")
    found = lines(City.open(folder))
    register = found["facilities"]
    assert register.origin == "own"
    assert register.marks == ()
    assert register.date.en == "2024-05-01"
    assert "elder_care.integrated_township" not in register.blocked | register.estimated
    assert "social_work.township_station" in register.blocked
    assert register.blocked
    assert "elder_care.circle_15min" not in register.estimated
    text = "\n".join(page(City.open(folder), "en"))
    assert "[own]" in text
    assert "85 facilities, 85 with coordinates" in text


def test_a_city_that_does_not_ship_lacks_most(tmp_path: Path) -> None:
    place = tmp_path / "new"
    place.mkdir()
    (place / "city.toml").write_text('[city]\ncode = "999900"\nname = "某市"\n', encoding="utf-8")
    found = lines(City.open(place))
    assert {line.origin for line in found.values()} == {"missing"}
    assert page(City.open(place), "zh")
    for role in ("plans", "units"):
        name = "plan.toml" if role == "plans" else "units.csv"
        suffix = "toml" if role == "plans" else "csv"
        shutil.copy(data_dir() / role / f"441800.{suffix}", place / name)
    found = lines(City.open(place))
    assert found["plan"].origin == "own"
    assert "social_work.village_point" in found["villages"].blocked
    assert "elder_care.circle_15min" in found["roads"].blocked
    assert "elder_care.circle_15min" in found["townships"].blocked
    assert "elder_care.integrated_township" in found["facilities"].blocked
    assert not found["roads"].estimated
    assert "没有路网" in "\n".join(page(City.open(place), "zh"))


@pytest.mark.parametrize(
    ("name", "role", "content"),
    [
        ("plan.toml", "plan", "[plan\n"),
        ("facilities.csv", "facilities", "id,name\n1,2\n"),
        (
            "population/population.csv",
            "population",
            "unit_code,level,group,year,people\n1,township,all,x,y\n",
        ),
        ("units.csv", "units", "code\n"),
        ("boundaries/townships.geojson", "townships", "{}"),
        ("boundaries/counties.geojson", "counties", '{"features": [{}]}'),
    ],
)
def test_a_broken_file_is_a_line_and_no_crash(
    folder: Path, name: str, role: str, content: str
) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content, encoding="utf-8")
    found = lines(City.open(folder))
    assert found[role].origin == "own"
    assert any("读不出来" in said.zh for said in found[role].said)
    assert page(City.open(folder), "zh")


def test_downloads_say_where_they_come_from(folder: Path) -> None:
    goal = folder / "boundaries" / "townships.geojson"
    goal.parent.mkdir()
    shutil.copy(data_dir() / "boundaries" / "441800-townships.geojson", goal)
    note_origin(
        goal, Origin("乡镇界", "http://x", "ODbL 1.0", '© "OSM"\n', "2026-01-02", "2025-12-31")
    )
    line = lines(City.open(folder))["townships"]
    assert line.origin == "own"
    assert line.date.zh == "2025-12-31"
    assert any("ODbL" in said.en and "2026-01-02" in said.en for said in line.said)
    assert read_origins(goal.parent)["townships.geojson"].attribution == '© "OSM"\n'


def test_a_grid_of_people_and_own_roads_are_own(folder: Path) -> None:
    for name in ("population/people.csv", "roads/roads.gpkg"):
        (folder / name).parent.mkdir()
        (folder / name).write_bytes(b"x")
    found = lines(City.open(folder))
    assert found["people"].origin == found["roads"].origin == "own"
    assert found["people"].good
    assert found["roads"].good
    assert "file date" in found["roads"].date.en
