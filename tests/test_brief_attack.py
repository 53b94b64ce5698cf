"""The attacker of `attacker.py` learns no hidden count better than the limit tells anyway."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attacker import Attack, Cell, hidden_numbers, numbers, parts
from conftest import ROOT
from coverage.assessment import assess
from coverage.city import City
from coverage.results.disclosure import suppress, suppress_together
from coverage.results.document import HIDDEN, Document, as_json, known
from coverage.results.from_report import build
from helpers import SMALL, run, small_workspace
from test_brief_discretion import _document, _within

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


pytestmark = pytest.mark.slow

_Counties = list[list[tuple[int, int, int]]]
# People are few or many: the more kinds of sums there are, the more slips through one of them.
_COUNT = st.one_of(st.integers(0, 12), st.integers(13, 90))
_COUNTIES = st.lists(
    st.lists(st.tuples(_COUNT, _COUNT, _COUNT), min_size=1, max_size=4), min_size=1, max_size=4
)
_SHARES = st.lists(st.floats(0, 1), min_size=4, max_size=4)
_LIMITS = st.integers(2, 11)
_LONG = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _city(counties: _Counties, shares: Sequence[float]) -> Document:
    """A city with every indicator that states people: reached, waiting, and beds for them."""
    document = _document(counties)
    whole = [sum(t[0] for t in county) for county in counties]
    reached = _within(
        [(round(s * people), people) for s, people in zip(shares, whole, strict=False)]
    )
    first = [u for u in document.units if u.level == "township"]
    missing = tuple(u.code for u in first[::2])
    waiting = replace(
        reached,
        id="waiting",
        measure="unit_share",
        numerator=len(first) - len(missing),
        denominator=len(first),
        missing=missing,
        missing_people=sum(int(known(u.people["60+"]) or 0) for u in first[::2]),
        by_county=(),
    )
    people = sum(whole)
    beds = replace(
        reached,
        id="beds",
        measure="bed_ratio",
        scale=1000,
        numerator=40,
        denominator=people,
        value=Fraction(40_000, people) if people else None,
        by_county=(),
    )
    return replace(document, indicators=(reached, waiting, beds))


def _narrowed(truth: Document, published: Sequence[Document], below: int) -> list[Any]:
    """The small counts of which the attacker knows more than that they are small."""
    attack = Attack([as_json(one) for one in published])
    told: Any = as_json(truth)
    few: list[tuple[Cell, ...]] = []
    for unit in told["units"]:
        for group, people in unit["people"].items():
            if 0 < people < below:
                few.append((("people", unit["code"], unit["level"], group),))
    reached = told["indicators"][0]
    whole = {**reached, "code": ""}
    for row in (whole, *reached["by_county"]):
        cell = ("reached", reached["id"], row["code"], "0")
        unit_key = (row["code"], "county") if row["code"] else ("441800", "city")
        if 0 < row["numerator"] < below:
            few.append((cell,))
        if 0 < row["denominator"] - row["numerator"] < below:
            few.append((("people", *unit_key, reached["group"]), cell))
    found = [(cells, attack.range_of(*cells)) for cells in few]
    return [(cells, ends) for cells, ends in found if ends[0] > 1 or ends[1] < below - 1]


@_LONG
@given(_COUNTIES, _SHARES, _LIMITS)
def test_no_small_count_is_known_better_than_that_it_is_small(
    counties: _Counties, shares: list[float], below: int
) -> None:
    truth = _city(counties, shares)
    assert _narrowed(truth, [suppress(truth, below)], below) == []


@_LONG
@given(_COUNTIES, _SHARES, st.tuples(_LIMITS, _LIMITS))
def test_two_limits_tell_no_more_than_the_lower_one(
    counties: _Counties, shares: list[float], limits: tuple[int, int]
) -> None:
    truth = _city(counties, shares)
    published = [suppress(truth, below) for below in limits]
    assert _narrowed(truth, published, min(limits)) == []


@_LONG
@given(_COUNTIES, _SHARES, _SHARES, _LIMITS)
def test_before_and_after_beside_a_brief_without_a_scenario(
    counties: _Counties, shares: list[float], later: list[float], below: int
) -> None:
    before, after = _city(counties, shares), _city(counties, later)
    together = suppress_together([before, after], below)
    assert _narrowed(before, [together[0], suppress(before, below)], below) == []
    assert _narrowed(after, [together[1]], below) == []


def _json(folder: Path) -> Any:
    return json.loads((folder / "result.json").read_text(encoding="utf-8"))


def test_no_file_holds_a_number_that_the_result_hides(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor do properties, hidden sheets, cached values, workbooks of charts, pictures, databases."""
    monkeypatch.setenv("COVERAGE_CACHE", str(tmp_path / "cache"))
    small_workspace(tmp_path / "w")
    base = ("brief", "--workspace", str(tmp_path / "w"), "--date", "2025-01-02")
    for out, more in (("open", ()), ("closed", ("--suppress-below", "10", "--mask-sensitive"))):
        done = run(capsys, *base, *more, "--out", str(tmp_path / out))
        assert done.code == 0, done.err
    truth, published = _json(tmp_path / "open"), _json(tmp_path / "closed")
    # Small ones stand everywhere; what was hidden for their sake is what would give them away.
    hidden = {n for n in hidden_numbers(truth, published) if n >= 1000}
    assert len(hidden) >= 2
    opened, closed = numbers(tmp_path / "open"), numbers(tmp_path / "closed")
    told = {name.partition("/")[0] for name, found in opened.items() if hidden & found}
    assert told >= {"brief.docx", "brief.xlsx", "brief.html", "brief.gpkg"}, "the attack works"
    assert {name: hidden & found for name, found in closed.items() if hidden & found} == {}
    attack = Attack([{**published, "indicators": []}])  # whose travel times are real and rounded
    small = ("people", SMALL, "township", "60+")
    least, most = attack.range_of(small)
    assert least <= 1
    assert most >= 9


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two cities that differ by what is hidden only: two people live in the next township."""
    root = tmp_path_factory.mktemp("worlds")
    made = root / "a" / "w", root / "b" / "w"
    for folder in made:
        folder.parent.mkdir()
        small_workspace(folder, 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COVERAGE_CACHE", str(root / "cache"))
        published = suppress(build(assess(City.open(made[0]))), 5)
    gone = {u.code for u in published.units if u.level == "township" and u.people["60+"] == HIDDEN}
    (other,) = gone - {SMALL}
    table = made[1] / "population" / "population.csv"
    text = table.read_text(encoding="utf-8")
    for code, more in ((SMALL, -2), (other, 2)):
        (row,) = re.findall(rf"(?m)^{code},.*,60\+,\d+,(\d+),", text)
        text = re.sub(rf"(?m)^({code},.*,60\+,\d+,){row},", rf"\g<1>{int(row) + more},", text)
    table.write_text(text, encoding="utf-8")
    return made


_DIGEST = re.compile(rb"[0-9a-f]{12,64}")


def _seen(folder: Path) -> dict[str, bytes]:
    """Every part of every file, but for digests: those are keyed, and attacked elsewhere."""
    return {
        name: _DIGEST.sub(b"", content)
        for path in sorted(p for p in folder.rglob("*") if p.is_file())
        for name, content in parts(path.name, path.read_bytes())
        if not content.startswith(b"PK")  # whose parts follow, with their sizes packed
    }


_OUTPUTS = {
    "brief": ("brief", "--formats", "docx,pptx,xlsx,html,gpkg", "--out", "o"),
    "brief of a scenario": (
        *("brief", "--formats", "xlsx", "--out", "o"),
        *("--scenario", str(ROOT / "docs" / "example-new-centres.toml")),
    ),
    "map": ("map", *(w for end in ("html", "png", "pdf") for w in ("--out", f"o/m.{end}"))),
}


@pytest.mark.parametrize("what", _OUTPUTS)
def test_nothing_published_differs_where_only_what_is_hidden_differs(
    capsys: pytest.CaptureFixture[str],
    worlds: tuple[Path, Path],
    what: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not a number, a pixel, a pop-up or a colour: a reader cannot tell the worlds apart."""
    told = []
    for world in worlds:
        monkeypatch.chdir(world.parent)
        hiding = ("--suppress-below", "5", "--mask-sensitive", "--date", "2025-01-02")
        done = run(capsys, *_OUTPUTS[what], "--workspace", "w", *hiding)
        assert done.code == 0, done.err
        told.append(_seen(world.parent / "o"))
        shutil.rmtree("o")
    one, other = told
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []


def test_no_year_or_limit_tells_the_worlds_apart(worlds: tuple[Path, Path]) -> None:
    a, b = (City.open(world) for world in worlds)
    for year in (2023, 2025):
        one, other = (build(assess(city, year=year)) for city in (a, b))
        assert as_json(one) != as_json(other), "the attack works: what hides nothing differs"
        for below in (4, 5, 10):
            assert as_json(suppress(one, below)) == as_json(suppress(other, below)), (year, below)


def test_briefs_of_several_years_and_limits_tell_no_more_than_one(tmp_path: Path) -> None:
    """The same people stand beside other targets; a township of 3 is small at every limit."""
    small_workspace(tmp_path / "w", 3)
    city = City.open(tmp_path / "w")
    truth = [build(assess(city, year=year)) for year in (2023, 2025)]
    published = [as_json(suppress(one, below)) for one in truth for below in (5, 10)]
    attack = Attack([{**one, "indicators": []} for one in published])
    least, most = attack.range_of(("people", SMALL, "township", "60+"))
    assert least <= 1
    assert most >= 4
    hidden = [set(hidden_numbers(as_json(truth[0]), one)) for one in published]
    assert 3 in hidden[0]
    assert hidden[0] == hidden[2] <= hidden[1] == hidden[3]
