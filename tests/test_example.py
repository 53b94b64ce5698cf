"""The example workspace: real streets and their licence, and everything else called an example."""

from __future__ import annotations

import csv
import json
import shutil
import sys
import tomllib
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import shapely

import processes
from conftest import ROOT, shared_file

sys.path.insert(0, str(ROOT))

from scripts.databuild import example
from scripts.databuild.sources import BuildError

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED = ROOT / "data" / example.FOLDER
EXTRACT = ("testdata", "osm", "shenzhen-futian-2023.graphml")
LICENCE = "© OpenStreetMap contributors, ODbL 1.0"


def command(folder: Path, *args: str, code: int = 0) -> tuple[str, str]:
    """Run the command line as a process in `folder`; what it prints, and its complaints."""
    done = processes.run(*args, cwd=folder, env={"COVERAGE_LANG": "zh"})
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("example")
    out, err = command(folder, "init", "示例", "--example", "福田")
    assert "© OpenStreetMap contributors" in out + err
    assert "虚构" in out + err
    return folder / "示例"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_circles_count_everybody_and_say_what_they_are(made: Path) -> None:
    out, _ = command(made, "circle", "--kind", "elder_care", "--minutes", "5,10,15")
    assert "示例" in out
    assert "含示意数据" in out
    assert LICENCE in out
    assert "人口为示例，虚构" in out
    told = json.loads(
        command(
            *(made, "circle", "--kind", "elder_care", "--minutes", "5,10,15", "--format", "json")
        )[0]
    )
    assert told["population"]["provenance"] == "illustrative"
    people = sum(int(row["people"]) for row in rows(made / "population/people.csv"))
    reached = [
        (row["reached"], row["reached"] + row["not_reached"] + row["not_placed"])
        for row in told["people"]
        if row["group"] == "all" and row["level"] == "city"
    ]
    assert len(reached) == 3
    assert {total for _, total in reached} == {people}
    assert [count for count, _ in reached] == sorted({count for count, _ in reached})
    assert reached[0][0] > 0


def test_the_map_and_the_report_carry_the_licence(made: Path) -> None:
    command(made, "map", "--out", "图.html", "--out", "图.svg")
    page = (made / "图.html").read_text(encoding="utf-8")
    for said in (LICENCE, "示例养老服务中心1号", "福田区（示例）"):
        assert said in page
    assert (made / "图.svg").stat().st_size > 10_000
    out, _ = command(made, "report")
    assert LICENCE in out
    assert "福田区（示例）" in out
    assert "含示意数据" in out
    assert "ODbL" in command(made, "check")[0]


def test_streets_of_ones_own_are_not_quoted_as_downloaded(tmp_path: Path) -> None:
    command(tmp_path, "init", "x", "--example", "福田")
    streets = str(ROOT / "docs" / "example-streets.geojson")
    command(tmp_path, "import", "roads", streets, "--workspace", "x")
    out, _ = command(tmp_path, "circle", "--kind", "elder_care", "--workspace", "x")
    assert "OpenStreetMap" not in out
    assert not tomllib.loads((tmp_path / "x/roads/origin.toml").read_text(encoding="utf-8"))


def test_the_outline_of_the_example_is_not_called_a_boundary(made: Path) -> None:
    command(made, "map", "--out", "图.svg")
    drawn = (made / "图.svg").read_text(encoding="utf-8")
    assert "<!-- 示意范围（不是县界） -->" in drawn
    assert "<!-- 县界 -->" not in drawn


def test_where_only_main_roads_are_known_fetching_is_the_first_remedy(tmp_path: Path) -> None:
    first = "coverage fetch roads，不能联网则 coverage import roads"
    args = ("--city", "珠山")
    circles, _ = command(tmp_path, "circle", *args, "--kind", "elder_care", "--minutes", "15")
    for said in (circles, command(tmp_path, "check", *args)[0]):
        assert first.replace(" ", "") in "".join(said.split())


def test_everything_but_the_streets_is_called_an_example() -> None:
    facilities = rows(SHIPPED / "facilities.csv")
    assert Counter(row["provenance"] for row in facilities) == {"illustrative": len(facilities)}
    units = rows(SHIPPED / "units.csv")
    people = rows(SHIPPED / "population/people.csv")
    assert all("示例" in row["name"] for row in (*facilities, *units, *people))
    assert {row["provenance"] for row in people} == {"illustrative"}
    assert {u["code"] for u in units if u["level"] == "township"} >= {
        row["unit_code"] for row in facilities
    }
    origin = tomllib.loads((SHIPPED / "roads/origin.toml").read_text(encoding="utf-8"))
    assert origin["roads.graphml"]["licence"].startswith("ODbL")


def test_the_areas_tile_the_ground_and_hold_what_is_said_to_lie_in_them() -> None:
    def shapes(name: str) -> dict[str, Any]:
        features = json.loads((SHIPPED / name).read_text(encoding="utf-8"))["features"]
        return {
            f["properties"]["code"]: shapely.from_geojson(json.dumps(f["geometry"]))
            for f in features
        }

    parts = shapes("boundaries/townships.geojson")
    (whole,) = shapes("boundaries/counties.geojson").values()
    assert sum(part.area for part in parts.values()) == pytest.approx(whole.area, rel=1e-6)
    for row in rows(SHIPPED / "facilities.csv"):
        place = shapely.Point(float(row["lon"]), float(row["lat"]))
        assert parts[row["unit_code"]].contains(place), row["name"]


def test_an_unknown_example_names_those_there_are(tmp_path: Path) -> None:
    _, err = command(tmp_path, "init", "x", "--example", "火星", code=2)
    assert "火星" in err
    assert "有：福田" in err
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("name", ["futian", "福田区", "Futian"])
def test_it_answers_to_its_names(tmp_path: Path, name: str) -> None:
    command(tmp_path, "init", "x", "--example", name)
    assert (tmp_path / "x/roads/roads.graphml").is_file()


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "mine.txt").write_text("mine")
    _, err = command(tmp_path, "init", "x", "--example", "福田", code=2)
    assert "不是空的" in err
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    "more", [("--city", "清远"), ("--name", "韶关市", "--code", "440200")], ids=["city", "name"]
)
def test_an_example_is_not_a_city_of_ones_own_too(tmp_path: Path, more: tuple[str, ...]) -> None:
    _, err = command(tmp_path, "init", "x", "--example", "福田", *more, code=2)
    assert "只用其一" in err
    assert not (tmp_path / "x").exists()


@pytest.mark.shared
def test_the_build_from_the_extract_gives_the_same_bytes(tmp_path: Path) -> None:
    told = example.write_example(tmp_path, shared_file(*EXTRACT))
    built = {p.relative_to(tmp_path).as_posix(): p for p in tmp_path.rglob("*") if p.is_file()}
    assert built.keys() == {row.file for row in told}
    for name, path in built.items():
        assert path.read_bytes() == (ROOT / "data" / name).read_bytes(), name


def test_without_the_extract_the_build_keeps_what_is_there_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = example.write_example(tmp_path, tmp_path / "nowhere.graphml")
    assert "nowhere.graphml does not lie beside the repository" in capsys.readouterr().out
    assert all((tmp_path / row.file).is_file() for row in told)


def test_another_extract_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.graphml"
    shutil.copyfile(SHIPPED / "roads/roads.graphml", other)
    with pytest.raises(BuildError, match="not the pinned extract"):
        example.write_example(tmp_path / "out", other)
