from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import shared_file
from coverage.errors import InputError, UnknownNameError
from coverage.profiles import Profile, load_profile, profile_names, slope_factor

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
zh = "测试"
en = "test"
mode = "foot"
source = "here"
[speed]
unit = "km/h"
default = 3.6
[speed.classes]
steps = 1.8
[speed.ages]
"60-74" = 3.6
"75+" = 2.7
[access]
speed = 3.6
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_profile_that_ships_loads() -> None:
    names = profile_names()
    assert {"older_walk", "adult_walk", "standard_1000m", "ebike", "drive"} <= set(names)
    for name in names:
        profile = load_profile(name)
        assert profile.name == name
        assert profile.source
        assert hash(profile) == hash(load_profile(name))


def test_the_older_walker_walks_as_measured() -> None:
    older = load_profile("older_walk")
    assert older.speed_mps == 0.80
    assert [older.for_age(age).speed_mps for age in (65, 74, 75, 84, 85, 101)] == [
        0.80, 0.80, 0.75, 0.75, 0.71, 0.71,
    ]  # fmt: skip
    slow = older.for_age(90)
    assert slow.access_speed_mps == pytest.approx(0.71)
    assert dict(slow.class_speeds)["steps"] == pytest.approx(0.355)
    with pytest.raises(InputError, match="no speed for age 40"):
        older.for_age(40)


@pytest.mark.shared
def test_speeds_by_age_are_the_cited_ones() -> None:
    with shared_file("facts", "policy.csv").open(encoding="utf-8-sig") as file:
        rows = {row["parameter"]: row for row in csv.DictReader(file)}
    ages = load_profile("older_walk").age_speeds
    cited = [rows[f"walk_speed_{key}"]["value_min"] for key in ("65-74", "75-84", "85+")]
    assert [speed for _, _, speed in ages] == [float(value) for value in cited]


def test_a_limit_in_metres_and_one_in_minutes() -> None:
    assert load_profile("standard_1000m").limit_s() == 1000.0
    assert load_profile("older_walk").limit_s(15) == 900.0
    with pytest.raises(InputError, match="by metres"):
        load_profile("standard_1000m").limit_s(15)
    for minutes in (None, 0, -1.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="limit in minutes"):
            load_profile("older_walk").limit_s(minutes)
    assert load_profile("standard_1000m").access_seconds([3.0, 4.0]).tolist() == [3.0, 4.0]


def test_the_class_of_the_shipped_networks_has_a_speed() -> None:
    drive = load_profile("drive")
    assert dict(drive.class_speeds)["main_road"] == pytest.approx(40 / 3.6)
    assert "main_road" in drive.note


def test_longer_legs_stand_for_the_streets_that_a_network_of_main_roads_leaves_out() -> None:
    drive = load_profile("drive")
    sparse = drive.on_main_roads()
    assert (drive.max_access_m, sparse.max_access_m) == (300, 3000)
    assert sparse.access_speed_mps == pytest.approx(15 / 3.6)
    assert sparse.class_speeds == drive.class_speeds
    walk = load_profile("older_walk")
    rough = walk.on_main_roads()
    assert (rough.max_access_m, rough.max_direct_m) == (3000, 3000)
    assert rough.access_speed_mps == walk.access_speed_mps


def test_a_users_own_file(tmp_path: Path) -> None:
    mine = load_profile(written(tmp_path, GOOD))
    assert mine.name == "mine"
    assert mine.speed_mps == pytest.approx(1.0)
    assert dict(mine.class_speeds) == pytest.approx({"steps": 0.5})
    assert [ages[:2] for ages in mine.age_speeds] == [(60, 74), (75, 999)]
    assert [ages[2] for ages in mine.age_speeds] == pytest.approx([1.0, 0.75])
    assert load_profile(str(tmp_path / "mine.toml")) == mine
    with_bom = tmp_path / "bom.toml"
    with_bom.write_text("\ufeff" + GOOD, encoding="utf-8")
    assert load_profile(with_bom).zh == "测试"


def test_unknown_names_are_met_with_suggestions(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean older_walk"):
        load_profile("older_wlak")
    with pytest.raises(UnknownNameError, match="known: adult_walk"):
        load_profile("zzz")
    with pytest.raises(UnknownNameError, match="no such profile file"):
        load_profile(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("old", "new", "where", "why"),
    [
        ("default = 3.6", "default = -3.6", "speed.default", "above 0"),
        ("default = 3.6", "default = nan", "speed.default", "finite"),
        ("default = 3.6", "default = inf", "speed.default", "finite"),
        ("default = 3.6", 'default = "fast"', "speed.default", "number"),
        ("default = 3.6", "default = true", "speed.default", "number"),
        ("default = 3.6", "defalt = 3.6", "speed.defalt", "did you mean default"),
        ("steps = 1.8", "steps = 0", "speed.classes.steps", "above 0"),
        ('"75+" = 2.7', '"70+" = 2.7', "speed.ages", "age 70 is in two groups"),
        ('"75+" = 2.7', '"old" = 2.7', "speed.ages.old", "ages are written"),
        ('"75+" = 2.7', '"90-80" = 2.7', "speed.ages.90-80", "first age"),
        ('mode = "foot"', 'mode = "rocket"', "mode", "must be one of foot, bicycle, car"),
        ('unit = "km/h"', 'unit = "mph"', "speed.unit", "must be one of"),
        ('zh = "测试"', "zh = 3", "zh", "text"),
        ('source = "here"', "", "source", "text"),
        ('source = "here"', 'source = "here"\nignore_oneway = 1', "ignore_oneway", "true or false"),
        ('source = "here"', 'source = "here"\nslope = "steep"', "slope", "tobler, minetti"),
        ('source = "here"', 'source = "here"\nlimit = 3', "limit", "must be a table"),
        ("[access]", "[access]\ndetour = 0.5", "access.detour", "1 or more"),
        ("[access]", "[access]\nmax_access_m = -1", "access.max_access_m", "0 or more"),
        ("[access]", "[access]\nno_access_classes = 3", "access.no_access_classes", "list"),
        ("[access]", "[limit]\ndistance_m = 500\n[access]", "limit.distance_m", "only for"),
        ("[access]", "[wheels]\ncount = 2\n[access]", "wheels", "unknown key"),
        ('zh = "测试"', 'measure = "distance"\nzh = "测试"', "limit.distance_m", "number"),
        ('zh = "测试"', 'measure = "distance"\nzh = "测试"', "speed.classes", "no meaning"),
        ('zh = "测试"', 'measure = "distance"\nzh = "测试"', "speed.default", "no meaning"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, where: str, why: str) -> None:
    assert old in GOOD
    with pytest.raises(InputError) as caught:
        load_profile(written(tmp_path, GOOD.replace(old, new, 1)))
    told = [problem for problem in caught.value.problems if problem.column == where]
    assert told, caught.value
    assert any(why in str(problem.reason) for problem in told), caught.value
    assert all(problem.file == "mine.toml" for problem in caught.value.problems)


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("default = 3.6", "default = -1").replace('"foot"', '"rocket"')
    with pytest.raises(InputError) as caught:
        load_profile(written(tmp_path, text + "bogus = 1\n"))
    assert {p.column for p in caught.value.problems} == {"speed.default", "mode", "access.bogus"}


def test_a_broken_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"mine\.toml: .*not valid TOML and cannot be read"):
        load_profile(written(tmp_path, "zh = "))
    (tmp_path / "gbk.toml").write_bytes("zh = '测试'".encode("gbk"))
    with pytest.raises(InputError, match=r"gbk\.toml.*not UTF-8"):
        load_profile(tmp_path / "gbk.toml")


def test_slopes_as_published() -> None:
    # Tobler: 6 km/h × exp(-3.5 |S + 0.05|); 5.04 km/h on the flat.
    speed = 6 * np.exp(-3.5 * np.abs(np.array([0.0, 0.1, -0.05, -0.2]) + 0.05))
    flat = 6 * np.exp(-3.5 * 0.05)
    factor = slope_factor([0.0, 0.1, -0.05, -0.2])
    assert factor.tolist() == pytest.approx((flat / speed).tolist())
    # Minetti et al. 2002, J/kg/m: 2.5 level; the polynomial at +10 % is 4.9.
    assert slope_factor([0.0, 0.1, -0.1], "minetti").tolist() == pytest.approx(
        [1.0, 4.8991 / 2.5, 1.0], abs=1e-4
    )
    with pytest.raises(InputError, match="unknown slope model"):
        slope_factor(0.0, "naismith")  # type: ignore[arg-type]


@given(st.floats(-3, 3), st.sampled_from(["tobler", "minetti"]))
def test_slopes_stay_sane(grade: float, model: str) -> None:
    up, down = slope_factor([abs(grade), -abs(grade)], model).tolist()  # type: ignore[arg-type]
    assert 0.8 < down <= up < 10


def test_a_profile_cannot_be_changed() -> None:
    profile = load_profile("drive")
    with pytest.raises(AttributeError):
        profile.speed_mps = 99.0  # type: ignore[misc]
    assert isinstance(profile, Profile)
