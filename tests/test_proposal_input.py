"""What cannot be meant or done: one clear sentence each, and exit code 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from coverage.city import City
from coverage.errors import InputError
from coverage.proposals.filters import parse_away
from coverage.proposals.question import Rules, parse_target, read_question
from helpers import run
from proposal_city import tiny

if TYPE_CHECKING:
    from pathlib import Path

    from proposal_city import Tiny

pytest.importorskip("highspy")

TOWNSHIP = ("--indicator", "elder_care.integrated_township")
CIRCLE = ("--indicator", "elder_care.circle_15min")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return tiny(tmp_path_factory.mktemp("tiny"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "name an indicator or a kind"),
        (("--kind", "elder_care", "--kind", "meal_point"), "option --kind can be given only once"),
        ((*TOWNSHIP, "--target", ">=50", "--target=>=60"), "--target can be given only once"),
        ((*TOWNSHIP, "--curve"), "--curve goes with --max-new"),
        ((*TOWNSHIP, "--cheapest"), "money is asked about but 85 candidates have no cost"),
        (
            (*TOWNSHIP, "--cheapest", "--cost", "3", "--model", "mclp", "--max-new", "2"),
            "--cheapest does not go with the model",
        ),
        (
            (*CIRCLE, "--max-new", "3", "--group", "80+"),
            "a table of people with a column 80+",
        ),
        (("--indicator", "elder_care.nothing"), "'elder_care.nothing' is not known; did you mean"),
        (("--indicator", "elder_care.nursing_bed_share"), "cannot be sited"),
        (("--kind", "castle"), "the kind is not known"),
        ((*TOWNSHIP, "--kind", "meal_point"), "does not count for the indicator"),
        ((*TOWNSHIP, "--model", "best"), "the model is not known"),
        ((*TOWNSHIP, "--model", "p_median", "--max-new", "3"), "one of these models"),
        ((*TOWNSHIP, "--target", "more"), "not such as >=70"),
        ((*TOWNSHIP, "--target", "nan"), "not such as >=70"),
        ((*TOWNSHIP, "--target", ">100"), "between 0 and 100 %"),
        ((*TOWNSHIP, "--target", ">=101"), "between 0 and 100 %"),
        ((*TOWNSHIP, "--max-new", "0"), "at least 1 new site"),
        ((*TOWNSHIP, "--max-new", "-2"), "at least 1 new site"),
        ((*TOWNSHIP, "--budget", "-1"), "the budget must be a number of at least 0"),
        ((*TOWNSHIP, "--budget", "nan"), "not a finite number"),
        ((*TOWNSHIP, "--budget", "100"), "have no cost"),
        ((*TOWNSHIP, "--cost", "-5"), "the cost of a site"),
        ((*TOWNSHIP, "--year", "2050"), "outside the plan"),
        ((*TOWNSHIP, "--floor", "10"), "a floor goes with --max-new"),
        ((*TOWNSHIP, "--time-limit", "0"), "above 0 seconds"),
        ((*TOWNSHIP, "--candidates", "castles"), "candidates are townships"),
        ((*TOWNSHIP, "--candidates", "nothing.csv"), "cannot be read"),
        ((*TOWNSHIP, "--candidates", "grid:x"), "the spacing is no number"),
        ((*TOWNSHIP, "--candidates", "grid:-5"), "at least 1 metre"),
        ((*TOWNSHIP, "--candidates", "grid:10"), "too many candidates"),
        ((*TOWNSHIP, "--candidates", "villages"), "no village has a known place"),
        ((*TOWNSHIP, "--fix", "nothing.csv"), "cannot be read"),
        ((*TOWNSHIP, "--max-road-m", "-1"), "must be above 0"),
        ((*TOWNSHIP, "--max-slope", "10"), "needs a raster of heights"),
        ((*TOWNSHIP, "--away", "cemetery"), "not such as cemetery:500"),
        ((*TOWNSHIP, "--away", "castle:500"), "the kind is not known"),
        (CIRCLE, "the plan sets no number"),
        ((*CIRCLE, "--target", ">=60"), "at most"),
        ((*CIRCLE, "--max-new", "3", "--group", "70+"), "no such group"),
        ((*CIRCLE, "--max-new", "3", "--minutes", "nan"), "not a finite number"),
        ((*CIRCLE, "--max-new", "3", "--minutes", "1e308"), "not a finite number"),
        ((*CIRCLE, "--max-new", "3", "--minutes", "-5"), "above 0"),
        ((*CIRCLE, "--max-new", "3", "--profile", "broom"), "broom"),
        ((*CIRCLE, "--model", "p_median"), "needs one of them"),
        ((*CIRCLE, "--model", "capacitated_mclp", "--max-new", "3"), "needs the beds"),
        ((*CIRCLE, "--max-new", "3", "--each", "county"), "needs --floor"),
        ((*CIRCLE, "--max-new", "3000"), "3000 new sites are asked for"),
        ((*CIRCLE, "--max-new", "3", "--spacing", "-1"), "the spacing must be"),
        ((*TOWNSHIP, "--target", ">=90", "--spacing", "30000"), "units short; it could be met"),
        (
            (
                *TOWNSHIP,
                "--each",
                "county",
                "--target",
                ">=80",
                "--max-new",
                "3",
                "--model",
                "threshold",
            ),
            "32 new sites needed, 3 allowed: 清城区 4, 清新区 1, 佛冈县 3, 阳山县 5",
        ),
        ((*CIRCLE, "--max-new", "3", "--out", "nowhere.txt", "--picture", "x.bmp"), "must end in"),
    ],
)
def test_bad_input_is_one_sentence(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(capsys, "site", "--city", "清远", *options)
    assert done.code == 2, done.out
    assert words in done.err, done.err
    assert done.err.count("错误 error") == 1, done.err
    assert "Traceback" not in done.err
    assert not list(tmp_path.iterdir())


def test_all_slips_are_named_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    done = run(
        capsys, "site", "--city", "清远", "--indicator", "no.such", "--kind", "castle",
        "--max-new", "0", "--budget", "-1",
    )  # fmt: skip
    assert done.code == 2
    assert done.err.count("错误 error") == 4


def test_townships_out_of_reach_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    done = run(capsys, "site", "--city", "清远", *CIRCLE, "--target", ">=60")
    assert "50,672 of 530,861 people (9.5%) at most" in done.err
    assert "凤城街道(30,693)" in done.err


def test_filters_say_who_took_how_many(place: Tiny, tmp_path: Path) -> None:
    from coverage.proposals.filters import Filters
    from coverage.proposals.propose import propose
    from coverage.proposals.question import Rules, read_question

    area = tmp_path / "far.geojson"
    assert place.city.units.bounds is not None
    *_, x, y = place.city.units.bounds  # half a degree beyond the last seat nobody is
    area.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":'
        f'{{"type":"Polygon","coordinates":[[[{x + 0.5},{y}],[{x + 0.6},{y}],'
        f"[{x + 0.6},{y + 0.1}],[{x + 0.5},{y}]]]}}}}]}}",
        encoding="utf-8",
    )
    question = read_question(place.city, indicator="care.within", rules=Rules(max_new=1))
    with pytest.raises(InputError, match=r"not inside far\.geojson 8$"):
        propose(
            place.city,
            question,
            candidates=str(place.candidates),
            filters=Filters(keep_in=(area,)),
            sources=place.sources,
        )


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("名称,经度,纬度\n", 1),
        ("名称,经度,纬度\n甲,113.05,abc\n乙,,\n", 2),
        ("名称,经度,纬度\n甲,113.05,23.65\n甲,113.06,23.65\n", 1),
        ("名称,经度,纬度\n甲,120.0,30.0\n", 1),
        ("名称,经度,纬度,造价\n甲,113.05,23.65,nan\n", 1),
        ("名称,经度,纬度,造价\n甲,113.05,23.65,-3\n", 1),
        ("名称,乡镇\n甲,无此镇\n", 1),
        ("名称,乡镇\n甲,无址镇\n", 1),
        ("名称,经度,lon\n甲,1,2\n", 1),
    ],
)
def test_lists_of_candidates(place: Tiny, tmp_path: Path, text: str, rows: int) -> None:
    from coverage.demand.townships import read_townships
    from coverage.proposals.lists import read_candidates

    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    ground = read_townships(place.city)
    with pytest.raises(InputError) as caught:
        read_candidates(path, place.city, ground, ground.crs)
    assert len(caught.value.problems) == rows, str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("名称\n地块1\n", "the column 'rule' is missing"),
        ("规则,名称\n拆除,地块1\n", "the rule is one of"),
        ("规则,名称\n必建,没有的\n", "none of the candidates"),
        ("规则,名称\n保留,没有的\n", "no such existing facility"),
        ("规则,名称\n必建,\n", "no name, place or township"),
        ("规则,名称\n必建,地块1\n禁建,地块1\n", "both mandatory and forbidden"),
    ],
)
def test_tables_of_fixed_sites(place: Tiny, tmp_path: Path, text: str, words: str) -> None:
    from coverage.proposals.propose import propose
    from coverage.proposals.question import Rules, read_question

    fix = tmp_path / "fix.csv"
    fix.write_text(text, encoding="utf-8")
    question = read_question(place.city, indicator="care.within", rules=Rules(max_new=1, fix=fix))
    with pytest.raises(InputError, match=words):
        propose(place.city, question, candidates=str(place.candidates), sources=place.sources)


@pytest.mark.parametrize("text", ["", "x", "1e3", ">=", "60 70", "--5", "−5", "inf", "≤60"])
def test_targets_that_are_none(text: str) -> None:
    with pytest.raises(InputError):
        parse_target(text)


@pytest.mark.parametrize("text", ["cemetery:0", "cemetery:nan", ":5", "cemetery:-4", "cemetery:x"])
def test_distances_that_are_none(text: str) -> None:
    with pytest.raises(InputError):
        parse_away(text)


def test_which_units_have_one_must_be_known() -> None:
    """Where the plan states only a number, no township can be chosen."""
    from coverage.proposals.field import Sources
    from coverage.proposals.propose import propose
    from coverage.proposals.question import read_question

    city = City.load("清远")
    question = read_question(city, indicator="elder_care.integrated_township")
    published = Sources(register=city.register.only(("published",)))
    with pytest.raises(InputError, match="which units have a facility is not known"):
        propose(city, question, sources=published)


@pytest.mark.parametrize("name", ["p-median", "P-Median", "p_median"])
def test_models_answer_to_their_names_in_the_field(name: str) -> None:
    rules = Rules(max_new=3)
    asked = read_question(
        City.load("清远"), indicator="elder_care.circle_15min", model=name, rules=rules
    )
    assert asked.model == "p_median"
