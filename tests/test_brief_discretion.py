"""What is kept back cannot be worked out from what is published: whoever tries, fails."""

from __future__ import annotations

import json
import sqlite3
from copy import deepcopy
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from coverage.assessment import assess
from coverage.city import City
from coverage.errors import InputError
from coverage.results.disclosure import (
    PROTECTED_KINDS,
    SENSITIVE_KINDS,
    mask,
    suppress,
    suppress_together,
)
from coverage.results.document import (
    HIDDEN,
    Aim,
    AimWords,
    CityName,
    County,
    Document,
    Indicator,
    KindRow,
    PlanName,
    UnitRow,
    Words,
    known,
)
from coverage.results.from_report import build
from coverage.settings import data_dir
from helpers import SMALL, centre, run, small_workspace, write_register

if TYPE_CHECKING:
    from pathlib import Path

BELOW = 5
INTEGRATED = "elder_care.integrated_township"


def hidden(value: object) -> bool:
    """Whether a value was kept back, in the result or in its JSON."""
    return value == HIDDEN


def _unit(level: str, code: str, county: str | None, people: dict[str, int]) -> UnitRow:
    return UnitRow(code=code, level=level, county=county, people=dict(people))


def _document(counties: list[list[tuple[int, int, int]]]) -> Document:
    """A city of counties of townships, each with its older people, children and others."""
    units: list[UnitRow] = []
    whole = {"all": 0, "60+": 0, "0-14": 0}
    for number, townships in enumerate(counties, start=1):
        county = f"4418{number:02}"
        total = {"all": 0, "60+": 0, "0-14": 0}
        for serial, (old, young, rest) in enumerate(townships, start=1):
            people = {"all": old + young + rest, "60+": old, "0-14": young}
            units.append(_unit("township", f"{county}{serial:03}", county, people))
            total = {group: total[group] + people[group] for group in total}
        units.append(_unit("county", county, county, total))
        whole = {group: whole[group] + total[group] for group in whole}
    units.append(_unit("city", "441800", None, whole))
    return Document(
        city=CityName("441800", "清远市", "Qingyuan"),
        year=2025,
        plan=PlanName("p", "规划", 2021, 2025),
        illustrative=False,
        provenance={},
        notes=("乡镇 3 人",),
        indicators=(),
        projects=(),
        lang="zh",
        units=tuple(units),
    )


def _cells(document: Document) -> dict[tuple[str, str, str], Any]:
    return {
        (u.level, u.code, group): value for u in document.units for group, value in u.people.items()
    }


def _ranges(published: Document, group: str) -> dict[str, tuple[int, int]]:
    """What a reader can say of every hidden township: its least and greatest possible number.

    The reader knows that a hidden township has people, though perhaps none of
    the group, and that parts add up to every published sum. Sums of a tree have
    whole bounds, so that linear programming finds them.
    """
    townships = [u for u in published.units if u.level == "township"]
    unknown = [u.code for u in townships if hidden(u.people[group])]
    rows: list[list[int]] = []
    sums: list[float] = []
    for unit in published.units:
        said = unit.people[group]
        if unit.level == "township" or hidden(said):
            continue
        whole = unit.level == "city"
        inside = [u for u in townships if whole or u.county == unit.code]
        codes = {u.code for u in inside}
        shown = sum(float(known(u.people[group]) or 0) for u in inside if u.code not in unknown)
        rows.append([int(code in codes) for code in unknown])
        sums.append(float(known(said) or 0) - shown)
    bounds = {}
    for place, code in enumerate(unknown):
        aim = np.eye(len(unknown))[place]
        ends = []
        for sign in (1, -1):
            done = linprog(
                float(sign) * aim,
                A_eq=rows or None,
                b_eq=sums or None,
                bounds=[(int(group == "all"), 1000)] * len(unknown),
            )
            assert done.success, "the truth itself must fit"
            ends.append(round(sign * float(done.fun or 0.0)))
        bounds[code] = (ends[0], ends[1])
    return bounds


_PEOPLE = st.tuples(st.integers(0, 7), st.integers(0, 7), st.integers(0, 5))
_COUNTIES = st.lists(st.lists(_PEOPLE, min_size=1, max_size=3), min_size=1, max_size=3)


@settings(max_examples=60)
@given(_COUNTIES)
def test_nobody_can_recover_a_small_count_from_sums(
    counties: list[list[tuple[int, int, int]]],
) -> None:
    document = _document(counties)
    published = suppress(document, BELOW)
    truth, shown = _cells(document), _cells(published)
    for cell, value in truth.items():
        if 0 < value < BELOW:
            assert shown[cell] == HIDDEN, cell
        if value == 0 and cell[2] == "all":
            assert shown[cell] in {0, HIDDEN}
    for group in ("60+", "0-14", "all"):
        for code, (least, most) in _ranges(published, group).items():
            if 0 < truth["township", code, group] < BELOW:
                assert least <= 1, (code, group)
                assert most >= BELOW - 1, (code, group)


@settings(max_examples=60)
@given(_COUNTIES)
def test_nothing_is_hidden_without_need_and_nothing_changed(
    counties: list[list[tuple[int, int, int]]],
) -> None:
    document = _document(counties)
    before = deepcopy(document)
    published = suppress(document, BELOW)
    assert document == before, "the caller's document stays as it was"
    truth, shown = _cells(document), _cells(published)
    assert all(shown[c] in {HIDDEN, truth[c]} for c in truth)
    if not any(0 < v < BELOW for v in truth.values()):
        assert shown == truth
        assert published.suppressed is not None
        assert published.suppressed.cells == 0
        assert published.notes == document.notes
    else:
        assert not any("3 人" in note for note in published.notes)


def _gone(counties: list[list[tuple[int, int, int]]], group: str = "60+") -> set[str]:
    published = suppress(_document(counties), BELOW)
    cells = _cells(published).items()
    return {f"{level} {code}" for (level, code, g), v in cells if g == group and hidden(v)}


def test_a_hidden_county_takes_one_other_along_and_the_city_stays() -> None:
    """The city's sum would give one hidden county; with a second, and a part of it, none."""
    alone = [(3, 20, 9)]
    gone = _gone([alone, [(30, 30, 9), (40, 40, 9)], [(90, 90, 9)]])
    first = {"county 441801", "township 441801001"}
    assert gone == {*first, "county 441802", "township 441802001"}
    # What a lower limit hides along is enough for a higher one: the township of 4, here.
    gone = _gone([alone, [(4, 30, 9), (30, 30, 9), (40, 40, 9)], [(90, 90, 9)]])
    assert gone == {*first, "county 441802", "township 441802001"}


def test_the_city_goes_only_where_nothing_else_hides_a_county() -> None:
    gone = _gone([[(3, 20, 9)], [(0, 0, 9)]])
    assert gone == {"county 441801", "township 441801001", "city 441800"}


def test_a_city_that_is_hidden_itself_asks_for_no_further_county() -> None:
    """Its change by 4 hides the city; the county that stays as it is has nothing to hide."""
    moments = [_document([[(n, 40, 9)], [(90, 90, 9)]]) for n in (30, 34)]
    for made in suppress_together(moments, BELOW):
        gone = {code for (_, code, g), v in _cells(made).items() if g == "60+" and hidden(v)}
        assert gone == {"441801001", "441801", "441800"}


def test_a_county_that_cannot_hide_a_part_of_itself_is_not_enough() -> None:
    """No township of the second has both groups: hidden alone, its townships would tell it."""
    counties = [[(3, 20, 9)], [(10, 0, 9), (0, 10, 9)], [(50, 50, 9)]]
    published = suppress(_document(counties), BELOW)
    least, most = _ranges(published, "60+")["441801001"]
    assert least <= 1
    assert most >= BELOW - 1
    assert not hidden(_cells(published)["city", "441800", "60+"])


def test_a_limit_that_hides_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="2"):
        suppress(_document([[(5, 5, 5)]]), 1)


# -- indicators ---------------------------------------------------------------------------


def _within(cells: list[tuple[int, int]]) -> Indicator:
    """A travel-time indicator with counties of (reached, people)."""
    top, bottom = sum(c[0] for c in cells), sum(c[1] for c in cells)
    counties = tuple(
        County(f"4418{n:02}", "", reached, people, Fraction(100 * reached, people or 1))
        for n, (reached, people) in enumerate(cells, start=1)
    )
    return Indicator(
        id="elder_care.circle_15min",
        name="15分钟圈",
        system="大养老",
        level="city",
        unit="%",
        nature="",
        measure="people_within",
        clause="",
        basis="register",
        numerator=top,
        denominator=bottom,
        value=Fraction(100 * top, bottom) if bottom else None,
        range=None,
        straight_estimate=True,
        wholly_off_road=80.0,
        baseline=None,
        plan_basis=None,
        targets=(Aim(2025, "≥", Fraction(80), "", met=False, gap_points=Fraction(16, 5)),),
        status="not_met",
        provenance={},
        covered=None,
        missing=None,
        by_county=counties,
        notes=("4,554 人所在乡镇位置不详",),
        draws=None,
        short_name="",
        status_text="未达标",
        computed=True,
        kinds=("elder_care",),
        rows=(),
        scale=100,
        group="60+",
        gap_unit="",
        in_doubt=(),
        missing_people=None,
        illustrative=False,
        shown=Words("x", "", (AimWords("", "y"),), {c.code: "z" for c in counties}),
    )


_CELLS = st.lists(
    st.integers(0, 12).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    min_size=1,
    max_size=3,
)


def _knowable(parts: list[Any], whole: Any) -> bool:
    """Whether a sum and all its parts but one are published."""
    return not hidden(whole) and sum(hidden(p) for p in parts) == 1


@settings(max_examples=80)
@given(_CELLS)
def test_shares_of_few_people_are_hidden_with_all_that_gives_them(
    cells: list[tuple[int, int]],
) -> None:
    document = replace(_document([[(50, 50, 50)]]), indicators=(_within(cells),))
    made = suppress(document, BELOW).indicators[0]
    for (reached, people), county in zip(cells, made.by_county, strict=True):
        few = {reached, people - reached, people} & set(range(1, BELOW))
        if few:
            assert county.numerator == county.value == HIDDEN
        if 0 < people < BELOW:
            assert county.denominator == HIDDEN
    for key in ("numerator", "denominator"):
        parts = [getattr(county, key) for county in made.by_county]
        assert not _knowable(parts, getattr(made, key)), key
    if hidden(made.numerator):
        assert made.value == HIDDEN
        assert made.status == "withheld"
        aim = made.targets[0]
        assert (aim.met, aim.gap_points, aim.gap_units) == (None, HIDDEN, HIDDEN)
        assert made.shown.value == made.shown.targets[0].gap == HIDDEN


@settings(max_examples=80)
@given(_CELLS, st.integers(0, 6))
def test_before_and_after_do_not_give_a_small_change_away(
    cells: list[tuple[int, int]], more: int
) -> None:
    later = [(min(n, reached + more), n) for reached, n in cells]
    base = _document([[(50, 50, 50)]])
    first, second = suppress_together(
        [replace(base, indicators=(_within(c),)) for c in (cells, later)], BELOW
    )
    pairs = zip(
        *(
            [*(c.numerator for c in one.indicators[0].by_county), one.indicators[0].numerator]
            for one in (first, second)
        ),
        strict=True,
    )
    sums = [*cells, (sum(c[0] for c in cells), 0)], [*later, (sum(c[0] for c in later), 0)]
    for (a, b), old, new in zip(pairs, *sums, strict=True):
        assert hidden(a) == hidden(b), "one moment tells the other"
        if 0 < abs(new[0] - old[0]) < BELOW:
            assert hidden(a)


def test_growth_does_not_give_a_hidden_township_away() -> None:
    """Hidden before, 6 and visible after a growth of 50 %: 4 before."""
    before = _document([[(4, 20, 9), (30, 30, 9), (40, 40, 9)]])
    after = _document([[(6, 30, 9), (45, 45, 9), (60, 60, 9)]])
    shown = [_cells(d) for d in suppress_together([before, after], BELOW)]
    assert {c for c, v in shown[0].items() if hidden(v)} == {
        c for c, v in shown[1].items() if hidden(v)
    }
    assert hidden(shown[1]["township", "441801001", "60+"])


def test_ranks_do_not_tell_where_a_hidden_township_stands() -> None:
    document = _document([[(40, 20, 9), (3, 20, 9), (30, 30, 9), (6, 30, 9)]])
    codes = ("441801001", "441801003", "441801004", "441801002")
    indicator = _within([(50, 100)])
    indicator = replace(
        indicator,
        measure="unit_share",
        missing=codes,
        missing_people=79,
        by_county=(replace(indicator.by_county[0], missing=codes),),
    )
    made = suppress(replace(document, indicators=(indicator,)), BELOW)
    gone = {c for (level, c, g), v in _cells(made).items() if g == "60+" and hidden(v)}
    assert gone == {"441801002", "441801004"}
    ranked = made.indicators[0]
    assert ranked.missing == ("441801001", "441801003", "441801002", "441801004")
    assert ranked.by_county[0].missing == ranked.missing
    assert ranked.missing_people == HIDDEN


def test_beds_of_protected_sites_go_with_their_total() -> None:
    example = build(assess(City.load("清远"))).register[0]
    register = tuple(
        replace(example, kind=kind, beds=beds, nursing_beds=None)
        for kind, beds in (("rescue_station", 3), ("rescue_station", 40), ("elder_care", 3))
    )
    kinds = (
        KindRow("rescue_station", "", "", 2, 43, None, {}),
        KindRow("elder_care", "", "", 1, 3, None, {}),
    )
    made = suppress(replace(_document([[(50, 50, 50)]]), register=register, kinds=kinds), BELOW)
    assert [f.beds for f in made.register] == [HIDDEN, HIDDEN, 3]
    assert [k.beds for k in made.kinds] == [HIDDEN, 3]


# -- a whole brief ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A brief of a small workspace in which 连南's 大坪镇 has 7 older people."""
    folder = tmp_path_factory.mktemp("secret")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COVERAGE_CACHE", str(folder / "cache"))
        small_workspace(folder / "w")
        rows = [
            centre(1, "441802006"),
            {
                "id": "r-1",
                "name": "清城区石角镇塘头村救助站",
                "kind": "rescue_station",
                "unit_code": "441802107",
                "lon": 112.9876,
                "lat": 23.5432,
                "beds": 8,
                "provenance": "surveyed",
                "note": "塘头村 12 号",
                "source": "内部台账",
            },
        ]
        register = write_register(folder / "台账.csv", rows)
        args = ["brief", "--workspace", str(folder / "w"), "--facilities", str(register)]
        args += ["--suppress-below", "10", "--mask-sensitive", "--formats", "docx,pptx,xlsx,html"]
        _main([*args[:-1], "docx,pptx,xlsx,html,gpkg", "--out", str(folder / "out")])
    return folder / "out"


def _main(args: list[str]) -> None:
    from coverage.cli.main import main

    main(args)


def _published(folder: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    return data


@pytest.mark.slow
def test_a_hidden_township_stays_hidden_in_every_output(secret: Path) -> None:
    from openpyxl import load_workbook

    published = _published(secret)
    gone = {
        u["code"]
        for u in published["units"]
        if u["level"] == "township" and hidden(u["people"]["60+"])
    }
    assert SMALL in gone
    assert len(gone) == 2, "and one more of the same county, so that no sum gives it"
    assert len({code[:6] for code in gone}) == 1
    with sqlite3.connect(secret / "brief.gpkg") as base:
        rows = base.execute("SELECT code, people_60_up, withheld FROM townships").fetchall()
        missing = base.execute("SELECT code, people FROM missing ORDER BY rank").fetchall()
    base.close()
    assert {code for code, people, _ in rows if people is None} >= gone
    assert all("60+" in withheld for code, _, withheld in rows if code in gone)
    assert {code for code, people in missing if people is None} == gone
    assert {code for code, _ in missing[-2:]} == gone, "the order tells nothing"
    book = load_workbook(secret / "brief.xlsx", read_only=True)
    for name, column in (("乡镇", 5), ("综合养老", 4)):
        rows = [row for row in book[name].iter_rows(values_only=True) if row[0] in gone]
        assert [row[column] for row in rows] == [HIDDEN, HIDDEN]
    book.close()
    for indicator in published["indicators"]:
        if gone & set(indicator["missing"] or ()) and indicator["group"] == "60+":
            assert indicator["missing_people"] == HIDDEN


@pytest.mark.slow
def test_a_masked_site_is_nowhere_in_any_file(secret: Path) -> None:
    import zipfile

    texts: dict[str, bytes] = {}
    for path in secret.iterdir():
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                texts |= {f"{path.name}/{n}": archive.read(n) for n in archive.namelist()}
        elif path.is_file():
            texts[path.name] = path.read_bytes()
    for name, data in texts.items():
        for word in ("塘头村", "内部台账", "112.9876", "23.5432"):
            assert word.encode() not in data, (name, word)
    site = next(f for f in _published(secret)["register"] if f["kind"] == "rescue_station")
    assert site["masked"]
    assert site["beds"] == HIDDEN
    seat = City.load("清远").units["441802107"]
    assert (site["lon"], site["lat"]) == (seat.lon, seat.lat)


def test_masking_leaves_other_sites_alone() -> None:
    document = build(assess(City.load("清远")))
    made = mask(document)
    for was, now in zip(document.register, made.register, strict=True):
        assert (was == now) == (was.kind not in SENSITIVE_KINDS)
    ids = {f.id for f in made.register}
    assert all(set(i.rows) <= ids for i in made.indicators)
    assert SENSITIVE_KINDS < PROTECTED_KINDS


_HELPED = """
[[indicator]]
id = "relief.children_helped"
name = "救助的流浪儿童"
name_en = "Children helped"
system = "大救助"
level = "city"
unit = "名"
nature = ""
measure = "reported"
clause = "三（一）"
"""


def test_supplied_counts_of_protected_people_are_withheld(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    space = tmp_path / "w"
    small_workspace(space)
    (space / "plan.toml").write_text(
        (data_dir() / "plans" / "441800.toml").read_text(encoding="utf-8") + _HELPED,
        encoding="utf-8",
    )
    id_ = "relief.children_helped"
    values = tmp_path / "v.csv"
    values.write_text(f"id,value\n{id_},6\n", encoding="utf-8")
    args = ("--workspace", str(space), "--values", str(values), "--suppress-below", "10")
    out = tmp_path / "o"
    assert run(capsys, "brief", *args, "--formats", "html", "--out", str(out)).code == 0
    made = next(i for i in _published(out)["indicators"] if i["id"] == id_)
    assert made["numerator"] == made["value"] == HIDDEN
    assert made["status"] == "withheld"


def test_pairs_of_limits_hide_ever_more() -> None:
    document = _document([[(4, 7, 9), (30, 30, 9), (40, 40, 9)], [(12, 12, 9), (15, 9, 9)]])
    gone = [
        {c for c, v in _cells(suppress(document, below)).items() if hidden(v)}
        for below in (3, 5, 8, 13)
    ]
    assert all(a <= b for a, b in pairwise(gone))
    assert not gone[0]
    assert gone[1]
