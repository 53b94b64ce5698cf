"""What an answer leaves behind: a scenario that keeps its promise, tables, data, a picture."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from coverage.city import City
from coverage.facilities import Facility, Register
from coverage.gaps import meets
from coverage.maps.proposal import draw
from coverage.proposals.edits import to_scenario, write_scenario
from coverage.proposals.field import Sources
from coverage.proposals.propose import propose
from coverage.proposals.question import Rules, read_question
from coverage.reach.people import people_reached
from coverage.reach.service import travel_time
from coverage.results import proposal as shown
from coverage.results.table import console
from coverage.scenarios.compare import compare
from coverage.scenarios.file import read
from coverage.text import width
from helpers import run
from proposal_city import EAST, tiny

if TYPE_CHECKING:
    from pathlib import Path

    from coverage.proposals.propose import Proposal
    from coverage.scenarios.outcome import IndicatorChange, Outcome
    from proposal_city import Tiny

pytest.importorskip("highspy")

QINGYUAN = City.load("清远")


@pytest.fixture(scope="module")
def townships() -> Proposal:
    question = read_question(QINGYUAN, indicator="elder_care.integrated_township")
    return propose(QINGYUAN, question)


@pytest.fixture(scope="module")
def driving() -> Proposal:
    question = read_question(
        QINGYUAN,
        indicator="elder_care.circle_15min",
        target=">=51",
        rules=Rules(seconds=30),
    )
    return propose(QINGYUAN, question, candidates="grid:4000", sources=Sources(profile="drive"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return tiny(tmp_path_factory.mktemp("tiny"))


def test_points_lie_in_the_county_and_the_township_of_their_code(driving: Proposal) -> None:
    field = driving.field
    codes = [unit.code for unit in QINGYUAN.units.counties] + ["441802008", "9", ""]
    for code in codes:
        wanted = [unit.startswith(code) for unit in field.unit]
        assert field.within(code).tolist() == wanted
    assert field.within("").all()
    parts = driving.counties
    assert sum(part.before.points for part in parts) == driving.city_change.before.points


def _run(proposal: Proposal, path: Path, **options: Any) -> Outcome:
    """What the written scenario does when it is read and run."""
    write_scenario(proposal, path)
    scenario = read(path, proposal.city)
    assert scenario == replace(to_scenario(proposal, folder=path.parent), file=path.name)
    (outcome,) = compare(proposal.city, [scenario], **options).outcomes
    return outcome


def _indicator(outcome: Outcome, id_: str) -> IndicatorChange:
    return next(one for one in outcome.indicators if one.after.indicator.id == id_)


def test_a_scenario_of_townships_keeps_its_promise(townships: Proposal, tmp_path: Path) -> None:
    outcome = _run(townships, tmp_path / "s.toml")
    found = _indicator(outcome, "elder_care.integrated_township")
    assert found.after.status == "met"
    assert found.before.measurement.numerator == townships.city_change.before.reached == 40
    assert found.after.measurement.numerator == townships.city_change.after.reached == 52
    assert found.after.measurement.denominator == 85
    assert set(found.newly_covered) == {site.unit for site in townships.sites}


def test_a_scenario_of_people_keeps_its_promise(driving: Proposal, tmp_path: Path) -> None:
    """Run as it is, it asks the same question and finds the people that were promised."""
    outcome = _run(driving, tmp_path / "d.toml")
    found = _indicator(outcome, "elder_care.circle_15min")
    # No facility has a place of its own: the figure is there, and a verdict is not.
    assert found.after.status == "undecided"
    (aim,) = (t.target for t in found.after.targets if t.due and t.target.judged)
    assert aim.op is not None
    assert aim.value is not None
    assert found.after.value is not None
    assert meets(found.after.value, aim.op, aim.value)
    assert found.before.measurement.numerator == driving.city_change.before.reached
    assert found.after.measurement.numerator == driving.city_change.after.reached
    assert found.after.measurement.denominator == 530_861
    (access,) = outcome.access
    for ours, other in zip(
        (driving.city_change, *driving.counties), (access.main, *access.counties), strict=True
    ):
        assert ours.code == other.code
        assert (ours.before.reached, ours.after.reached) == (other.reached_before, other.reached)
        assert ours.gained == other.gained - other.lost


def test_target_and_options_go_into_the_scenario(driving: Proposal) -> None:
    scenario = to_scenario(driving)
    (aim,) = scenario.aims
    assert f"{aim.indicator} {aim.op} {aim.value}" == "elder_care.circle_15min ≥ 51"
    assert (scenario.measured.minutes, scenario.measured.profile) == (15, "drive")
    assert (scenario.measured.kinds, scenario.measured.group) == (("elder_care", "day_care"), "60+")
    assert "coverage scenario run 本文件。" in scenario.note
    assert "已证明的界" in scenario.note
    assert all(add.provenance == "modelled" for add in scenario.adds)


def test_a_closed_facility_is_closed_in_the_scenario(place: Tiny, tmp_path: Path) -> None:
    far = Facility("a", "甲院", "elder_care", EAST, lon=113.0101, lat=23.6101)
    city = place.city
    fix = tmp_path / "fix.csv"
    fix.write_text("规则,名称\n可迁,甲院\n", encoding="utf-8")
    question = read_question(
        city, indicator="care.within", rules=Rules(max_new=1, fix=fix, seconds=20)
    )
    sources = Sources(roads=place.roads, population=place.people, register=Register((far,)))
    found = propose(city, question, candidates=str(place.candidates), sources=sources)
    scenario = to_scenario(found)
    assert {close.facility for close in scenario.closes} == {f.id for f in found.closed}
    assert len(scenario.adds) == len(found.sites)


def test_existing_coverage_is_that_of_the_report(driving: Proposal) -> None:
    """The sparse sets of `reach` and the nearest times of `nearest` mean the same people."""
    field = driving.field
    assert driving.city_change.before.reached == pytest.approx(
        float(field.weight @ field.reached(range(field.standing))), abs=0.5 + 1e-6
    )
    covered = driving.answer.people_covered
    assert driving.city_change.after.reached == pytest.approx(covered, abs=0.5 + 1e-6)
    times = travel_time(
        QINGYUAN, kind=("elder_care", "day_care"), profile="drive", minutes=(15,), year=2025
    )
    (whole,) = people_reached(times, level="city", group="60+")
    assert driving.city_change.before.reached == whole.reached


def test_sums_and_shares_reconcile(driving: Proposal, townships: Proposal) -> None:
    for found in (driving, townships):
        for when in ("before", "after"):
            whole = getattr(found.city_change, when)
            parts = [getattr(county, when) for county in found.counties]
            assert sum(p.reached for p in parts) == pytest.approx(whole.reached)
            assert sum(p.total for p in parts) == pytest.approx(whole.total)
            assert sum(p.points for p in parts) == whole.points
        assert sum(county.new_sites for county in found.counties) == len(found.sites)
        assert len(found.rivals) >= 3
        everywhere = {site.name for site in found.sites if site.always}
        for rival in found.rivals:
            assert not everywhere & set(rival.sites_out)
            assert rival.objective <= found.answer.objective * 1.01 + 1e-9
        assert len(everywhere) == found.always


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_tables_say_today_first_and_fit(driving: Proposal, townships: Proposal, lang: str) -> None:
    for found in (driving, townships):
        out = io.StringIO()
        shown.show(found, console(terminal=False, file=out), lang)  # type: ignore[arg-type]
        text = out.getvalue()
        assert max(width(line.rstrip()) for line in text.splitlines()) <= 100
        today, then = ("现状：", "处后：") if lang == "zh" else ("today:", "new sites:")
        assert text.index(today) < text.index(then)
        for site in found.sites[:10]:
            assert site.name in text
        assert ("示意" if lang == "zh" else "ILLUSTRATIVE") in text
    assert ("需求点" if lang == "zh" else "points") in text or townships is found


def test_data_hold_everything(driving: Proposal) -> None:
    import json

    data = json.loads(json.dumps(shown.to_dict(driving), ensure_ascii=False, allow_nan=False))
    result = data["result"]
    assert result["optimal"]
    assert result["bound"] == result["objective"] == len(data["sites"]) == result["new_sites"]
    assert data["city_change"]["after"]["points_total"] == driving.city_change.after.points_total
    assert data["parameters"]["model"] == "threshold"
    assert data["parameters"]["rules"]["seconds"] == 30
    assert all(-180 < site["lon"] < 180 for site in data["sites"])


def test_an_answer_without_a_bound_says_so(driving: Proposal) -> None:
    """Time may be up before anything is proven."""
    import json

    unproven = replace(driving.answer, bound=-np.inf, gap=np.inf, optimal=False)
    late = replace(driving, answer=unproven)
    assert "没有证明任何界" in to_scenario(late).note
    data = json.loads(json.dumps(shown.to_dict(late), allow_nan=False))
    assert data["result"]["bound"] is None
    out = io.StringIO()
    shown.show(late, console(terminal=False, file=out), "zh")
    assert "已证明的界 —" in out.getvalue()
    assert "inf" not in out.getvalue()


def test_a_question_without_any_facility(capsys: pytest.CaptureFixture[str]) -> None:
    """A kind that the register does not hold begins at nothing."""
    done = run(
        capsys, "site", "--city", "清远", "--kind", "meal_point", "--profile", "drive", "--group",
        "60+", "--max-new", "5", "--format", "json",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert done.data["city_change"]["before"]["reached"] == 0
    assert done.data["result"]["new_sites"] == 5
    gains = [site["gains"] for site in done.data["sites"]]
    assert gains == sorted(gains, reverse=True)


def test_the_command_writes_scenario_and_picture(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    toml, png = tmp_path / "方案.toml", tmp_path / "方案.png"
    done = run(
        capsys, "site", "--city", "清远", "--indicator", "elder_care.integrated_township",
        "--out", str(toml), "--picture", str(png),
    )  # fmt: skip
    assert done.code == 0, done.err
    assert len(read(toml, QINGYUAN).adds) == 12
    assert png.read_bytes().startswith(b"\x89PNG")
    assert "12 处" in done.out


def test_the_words_of_a_picture_are_in_the_language_asked_for(
    driving: Proposal, townships: Proposal, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    import matplotlib as mpl

    chinese = re.compile(r"[\u4e00-\u9fff]")
    names = [county.name for county in QINGYUAN.units.counties]
    for found in (driving, townships):
        with mpl.rc_context({"svg.fonttype": "none"}):
            draw(found, tmp_path / "en.svg", "en")
            draw(found, tmp_path / "zh.svg")
        texts = [
            {
                text
                for text in re.findall(r">([^<>]+)</text>", path.read_text(encoding="utf-8"))
                if chinese.search(text) and text not in names
            }
            for path in (tmp_path / "en.svg", tmp_path / "zh.svg")
        ]
        assert not texts[0]
        assert len(texts[1]) >= 5


def test_arrays_of_the_question_stay_as_they_are(driving: Proposal) -> None:
    before = driving.field.matrix.copy()
    people = driving.field.people.copy()
    shown.to_dict(driving)
    to_scenario(driving)
    assert (driving.field.matrix.data == before.data).all()
    assert np.array_equal(driving.field.people, people)


def test_the_number_of_sites_is_that_of_the_plain_model(driving: Proposal) -> None:
    """Without reductions, cuts or a start: SciPy on the model as the textbook writes it."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array, hstack, identity, vstack

    field = driving.field
    cover = csr_array(field.cover[field.standing :].T)
    reached = field.reached(range(field.standing))
    waiting = np.flatnonzero(~reached & (np.diff(cover.indptr) > 0))
    rows = csr_array(cover[waiting])
    alike: dict[bytes, int] = {}
    group = [
        alike.setdefault(rows.indices[a:b].tobytes(), len(alike))
        for a, b in zip(rows.indptr[:-1], rows.indptr[1:], strict=True)
    ]
    people = np.bincount(group, field.weight[waiting])
    first = np.unique(group, return_index=True)[1]
    sites, points = rows.shape[1], len(people)
    needed = driving.needed - field.weight[reached].sum()
    matrix = vstack(
        [
            hstack([-rows[first], identity(points)]),
            hstack([csr_array((1, sites)), csr_array(people[None, :])]),
        ]
    )
    low = np.r_[np.full(points, -np.inf), needed]
    high = np.r_[np.zeros(points), np.inf]
    found = milp(
        np.r_[np.ones(sites), np.zeros(points)],
        constraints=LinearConstraint(matrix, low, high),
        integrality=np.r_[np.ones(sites), np.zeros(points)],
        bounds=Bounds(0, 1),
        options={"time_limit": 120},
    )
    assert found.status == 0, found.message
    assert round(found.fun) == len(driving.sites)
