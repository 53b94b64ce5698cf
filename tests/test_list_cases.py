"""The inputs of ``tests/cases/lists``, each with what its README says is right; made, not found.

All go through the command line, as a planner would bring them.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from coverage.city import City
from coverage.formats.tables import read_table
from coverage.intake.setup import create
from coverage.plans import load_plan
from coverage.population import load_population
from helpers import run

if TYPE_CHECKING:
    from helpers import Run

CASES = Path(__file__).parent / "cases" / "lists"


class _Space:
    """A workspace, and what a command on it printed."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys

    def city(self, name: str) -> _Space:
        create(self.folder, city=City.load(name))
        return self

    def outlines(self, case: str) -> Run:
        (file,) = CASES.glob(f"{case}*")
        how = ("--name", "某市", "--boundaries", str(file))
        return run(self.capsys, "init", str(self.folder), *how)

    def bring(self, what: str, case: str, *more: str) -> Run:
        (file,) = CASES.glob(f"{case}*")
        args = ("import", what, str(file), "--workspace", str(self.folder), "--lang", "zh")
        return run(self.capsys, *args, *more)

    @property
    def facilities(self) -> list[dict[str, str]]:
        table = read_table(self.folder / "facilities.csv")
        return [{c: r.get(c) for c in table.columns} for r in table.records]

    @property
    def units(self) -> list[str]:
        return [row["unit_code"] for row in self.facilities]

    @property
    def names(self) -> list[str]:
        known = City.open(self.folder).units
        return [known.name(code[:9]) for code in self.units]

    @property
    def people(self) -> dict[tuple[str, str, int], int]:
        """By name of the unit, group and year what a list says itself."""
        rows = load_population(self.folder / "population" / "population.csv").rows
        known = City.open(self.folder).units
        return {
            (known.name(r.unit_code), r.group, r.year): r.count
            for r in rows
            if r.provenance == "surveyed" and r.note != "相加"
        }


@pytest.fixture
def space(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> _Space:
    return _Space(tmp_path / "w", capsys)


def test_m01_townships_under_the_heading_of_a_county(space: _Space) -> None:
    assert space.city("中山").bring("facilities", "m01").code == 0
    assert space.names == ["石岐街道", "小榄镇", "中山港街道", "古镇镇"]


def test_m02_a_row_with_its_county_alone_is_no_facility(space: _Space) -> None:
    made = space.city("清远").bring("facilities", "m02", "--kind", "elder_care")
    assert made.code == 2
    assert "接受 0" in made.out
    assert "退回 1" in made.out


def test_m03_stems_in_names_are_taken_in_their_county_and_listed(space: _Space) -> None:
    made = space.city("清远").bring("facilities", "m03")
    named = ["源潭镇", "洲心街道", "石角镇", "星子镇", "东陂镇", "小江镇", "寨岗镇", "大湾镇"]
    assert space.names == named
    assert space.units[2].startswith("441802")
    assert "接受的有 7 行请核对" in made.out


def test_m05a_a_total_takes_the_meaning_of_what_stands_above(space: _Space) -> None:
    """The file has no ages: its 男 and 女 are no groups, and 人口数/合计 is everybody."""
    space.city("清远").bring("population", "m05a", "--year", "2020")
    assert space.people == {
        ("洲心街道", "all", 2020): 900,
        ("源潭镇", "all", 2020): 600,
        ("太和镇", "all", 2020): 1500,
        ("太平镇", "all", 2020): 1000,
    }


def test_m05c_counties_alone_are_adopted_and_spread(space: _Space) -> None:
    made = space.city("清远").bring("population", "m05c", "--year", "2020")
    assert space.people == {("清城区", "all", 2020): 1500, ("清新区", "all", 2020): 2500}
    assert "由模型按村居委会数分摊" in "".join(made.out.split())
    rows = load_population(space.folder / "population" / "population.csv").rows
    spread = [r.count for r in rows if r.provenance == "modelled" and r.unit_code[:6] == "441802"]
    assert sum(spread) == 1500


def test_m05d_of_everybody_and_an_ethnic_group_the_total_counts(space: _Space) -> None:
    space.city("清远").bring("population", "m05d", "--year", "2020")
    assert space.people == {("洲心街道", "all", 2020): 900, ("源潭镇", "all", 2020): 600}


def test_m06_continued_tables_side_by_side(space: _Space) -> None:
    space.city("清远").bring("population", "m06", "--year", "2020")
    ages = ("all", "60+", "65+", "80+")
    wanted = {"洲心街道": (900, 225, 128, 90), "源潭镇": (600, 150, 85, 60)}
    assert space.people == {
        (name, group, 2020): n
        for name, row in wanted.items()
        for group, n in zip(ages, row, strict=True)
    }


def test_m07_a_list_printed_in_two_columns(space: _Space) -> None:
    space.city("清远").bring("population", "m07", "--year", "2020")
    assert {name: n for (name, _, _), n in space.people.items()} == {
        "凤城街道": 1000,
        "东城街道": 2000,
        "龙塘镇": 3000,
        "洲心街道": 5000,
        "横荷街道": 6000,
        "源潭镇": 7000,
    }


def test_m08_numbers_stay_with_the_units_of_their_block(space: _Space) -> None:
    space.city("清远").bring("population", "m08", "--year", "2020")
    assert {(name, group): n for (name, group, _), n in space.people.items()} == {
        ("凤城街道", "all"): 1000,
        ("东城街道", "all"): 2000,
        ("龙塘镇", "all"): 3000,
        ("洲心街道", "60+"): 150,
        ("横荷街道", "60+"): 160,
        ("源潭镇", "60+"): 170,
    }


def test_m10b_a_county_hides_no_township(space: _Space) -> None:
    space.city("清远").bring("facilities", "m10b")
    assert space.units == ["441802103", "441881114", "441821100"]
    told = run(space.capsys, "report", "--workspace", str(space.folder), "--format", "csv")
    lines = [r for r in told.out.splitlines() if r.startswith("social_work.township_station,")]
    assert lines
    assert all(",%,3,85," in line for line in lines)


def test_m11_a_road_is_no_village(space: _Space) -> None:
    space.city("江门").bring("facilities", "m11")
    assert space.names == ["水口镇"] * 3
    assert [len(code) for code in space.units] == [9, 9, 12]
    assert City.load("江门").units.name(space.units[2]) == "新市社区居委会"


@pytest.mark.parametrize("only", ["", "gcj02", "wgs84"])
def test_m12_an_export_of_a_map(space: _Space, tmp_path: Path, only: str) -> None:
    """Both datums, or one of them alone: the places are the same within a metre."""
    space.city("清远")
    if only:
        text = (CASES / "m12_amap_export_both_datums.csv").read_text(encoding="utf-8-sig")
        lines = [line.split(",") for line in text.splitlines()]
        gone = {i for i, name in enumerate(lines[0]) if name.endswith(("_lon", "_lat"))}
        gone -= {i for i, name in enumerate(lines[0]) if name.startswith(only)}
        file = tmp_path / "amap.csv"
        file.write_text(
            "\n".join(",".join(c for i, c in enumerate(r) if i not in gone) for r in lines),
            encoding="utf-8",
        )
        how = ("--workspace", str(space.folder), "--kind", "elder_care")
        run(space.capsys, "import", "facilities", str(file), *how)
    else:
        space.bring("facilities", "m12", "--kind", "elder_care")
    rows = space.facilities
    assert len(rows) == 20
    assert all(row["id"].startswith("imp-") for row in rows)
    text = (CASES / "m12_amap_export_both_datums.csv").read_text(encoding="utf-8-sig")
    for row, line in zip(rows, text.splitlines()[1:], strict=True):
        lon, lat = map(float, line.split(",")[-2:])
        assert float(row["lon"]) == pytest.approx(lon, abs=1e-5)
        assert float(row["lat"]) == pytest.approx(lat, abs=1e-5)
    county = [City.load("清远").units.name(code[:6]) for code in space.units]
    assert county == [line.split(",")[6] for line in text.splitlines()[1:]]


def test_m14_west_of_greenwich_a_city_of_ones_own_works(space: _Space, tmp_path: Path) -> None:
    assert space.outlines("m14").code == 0
    file = tmp_path / "名册.csv"
    file.write_text(
        "名称,类型,经度,纬度\n甲敬老院,养老院,-0.95,51.05\n乙敬老院,养老院,51.06,-0.85\n"
        "丙敬老院,养老院,113.1,23.1\n",
        encoding="utf-8",
    )
    where = ("--workspace", str(space.folder))
    made = run(space.capsys, "import", "facilities", str(file), *where)
    assert [(r["lon"], r["lat"]) for r in space.facilities] == [
        ("-0.95", "51.05"),
        ("-0.85", "51.06"),
    ]
    assert space.names == ["甲镇", "乙镇"]
    assert "不在本市附近（113.1, 23.1）" in made.out
    assert len(City.open(space.folder).register.facilities) == 2  # the register is read again
    people = tmp_path / "人.csv"
    people.write_text("lon,lat,人口\n-0.95,51.05,100\n-0.85,51.06,300\n", encoding="utf-8")
    assert run(space.capsys, "import", "population", str(people), *where).code == 0


def test_m15_a_ring_without_area_goes_and_the_unit_stays(space: _Space) -> None:
    made = space.outlines("m15")
    assert made.code == 0
    assert "1 个环不足四点，已略去" in made.err
    assert len(City.open(space.folder).units.townships) == 2


def test_m17_over_and_under(space: _Space) -> None:
    space.outlines("m15")
    space.bring("population", "m17")
    own = space.people
    for name, n in (("甲镇", 1), ("乙镇", 2)):
        found = [own[name, group, 2020] for group in ("all", "0-14", "65+")]
        assert found == [1000 * n, 100 * n, 200 * n]


def test_m18_years_in_headings(space: _Space) -> None:
    space.outlines("m15")
    assert space.bring("population", "m18").code == 0
    assert space.people == {
        ("甲镇", "all", 2010): 900,
        ("甲镇", "all", 2020): 1000,
        ("甲镇", "60+", 2020): 200,
        ("乙镇", "all", 2010): 1900,
        ("乙镇", "all", 2020): 2000,
        ("乙镇", "60+", 2020): 400,
    }


def test_m19_groups_of_ages_are_added_up(space: _Space) -> None:
    space.outlines("m15")
    space.bring("population", "m19", "--year", "2020")
    own = space.people
    for name, n in (("甲镇", 1), ("乙镇", 2)):
        found = {g: own[name, g, 2020] for g in ("all", "60+", "65+", "80+", "0-14")}
        assert found == {
            "all": 1000 * n,
            "60+": 200 * n,
            "65+": 150 * n,
            "80+": 30 * n,
            "0-14": 100 * n,
        }


@pytest.mark.parametrize("case", ["m20", "m21"])
def test_m20_m21_the_year_before_the_plan_is_its_baseline(space: _Space, case: str) -> None:
    assert space.city("清远").bring("plan", case).code == 0
    plan = load_plan(space.folder / "plan.toml")
    (one,) = [i for i in plan.indicators if "护理型床位占比" in i.name]
    assert one.baseline is not None
    assert (one.baseline.value, one.baseline.year) == (Fraction(38), 2020)
    (target,) = one.targets
    assert (target.year, target.op, target.value) == (2025, "≥", Fraction(55))


def test_m22_names_stay_and_what_a_cemetery_is_run_for_tells_its_kind(space: _Space) -> None:
    space.city("清远").bring("facilities", "m22", "--kind", "cemetery")
    assert [(r["name"], r["kind"]) for r in space.facilities] == [
        ("福寿墓园", "commercial_cemetery"),
        ("万安墓园", "public_cemetery"),
        ("长青墓园", "public_cemetery"),
        ("仙鹤墓园", "public_cemetery"),
    ]


def test_m23_villages_are_summed(space: _Space) -> None:
    space.city("清远").bring("population", "m23", "--year", "2023")
    assert space.people == {
        ("洲心街道", "all", 2023): 1200,
        ("洲心街道", "60+", 2023): 240,
        ("源潭镇", "all", 2023): 1600,
        ("源潭镇", "60+", 2023): 320,
    }


def test_m27_the_status_of_a_geocoder_closes_nothing(space: _Space) -> None:
    made = space.city("清远").bring("facilities", "m27")
    assert [r["status"] for r in space.facilities] == ["open", "open"]
    assert "未用：status" in "".join(made.out.split())


def test_m28_counties_in_another_datum_are_asked_back(space: _Space) -> None:
    made = space.city("清远").bring("boundaries", "m28", "--level", "county")
    assert made.code == 2
    assert "疑为 gcj02" in made.err
    assert "421 米" in made.err
    assert not (space.folder / "boundaries" / "counties.geojson").exists()
    right = space.bring("boundaries", "m28", "--level", "county", "--datum", "gcj02")
    assert right.code == 0
    written = (space.folder / "boundaries" / "counties.geojson").read_text(encoding="utf-8")
    assert len(json.loads(written)["features"]) == 8


def test_latitude_first_in_one_cell(space: _Space) -> None:
    space.city("清远").bring("facilities", "latlon_one_cell", "--datum", "wgs84")
    assert [(r["lon"], r["lat"]) for r in space.facilities] == [("113.051234", "23.681234")]


def test_codes_padded_with_zeros(space: _Space) -> None:
    space.city("清远").bring("facilities", "padded_12")
    assert space.units == ["441802008"]


def test_metres_that_are_utm_are_placed_or_asked_about(space: _Space) -> None:
    made = space.city("清远").bring("facilities", "utm_as")
    if made.code == 0:
        for row in space.facilities:
            assert float(row["lon"]) == pytest.approx(113.05, abs=0.03)
            assert "utm-49" in row["note"] or "utm-49" in made.out
    else:
        assert "utm-49" in made.out


@pytest.mark.parametrize("case", ["swapped_sw1", "swapped_lat91", "swapped_nan"])
def test_places_that_are_none_take_one_sentence(space: _Space, case: str) -> None:
    made = space.city("清远").bring("boundaries", case)
    assert made.code == 2
    assert len(made.err.strip().splitlines()) == 1
    assert "Traceback" not in made.err
