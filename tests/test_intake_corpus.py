"""The corpus end to end: each awkward file imported into a new workspace, compared row by row.

``corpus/outcomes.json`` says by hand what a planner may expect of every row, one line a row:

    2 accepted | 441803102 太和镇 seat | elder_care 太和镇敬老院 80 | kind township seat | near_same
    3 rejected | two_units
    1 header

number and outcome; unit and place (``seat``, ``none``, or lon and lat in WGS84 to a hundred
metres); what it became; how it was corrected; what is to be checked. Reasons and corrections
are sentences for people; here they are told by words of theirs.
"""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from coverage.city import City
from coverage.errors import InputError
from coverage.intake.commit import commit
from coverage.intake.facilities import intake_facilities
from coverage.intake.setup import create

if TYPE_CHECKING:
    from coverage.intake.facilities import FacilityImport
    from coverage.intake.outcomes import FacilityRow
    from coverage.messages import Said

CORPUS = Path(__file__).parent / "corpus"
OUTCOMES: dict[str, Any] = json.loads((CORPUS / "outcomes.json").read_text(encoding="utf-8"))
READ = json.loads((CORPUS / "expected.json").read_text(encoding="utf-8"))
TODAY = datetime(2026, 1, 1, tzinfo=UTC)

REASONS = {
    "neither coordinates nor a township": "no_place",
    "the datum cannot be told": "no_datum",
    "name the county": "two_units",
    "no unit of that name": "no_unit",
    "which is right": "both_sides",
    "turned into a number": "code_lost",
    "outside the city": "outside",
    "a duplicate of": "duplicate",
    "more nursing beds": "nursing",
    "not a coordinate": "coordinate",
    "that many facilities, or beds": "beds_or_count",
    "neither yes nor no": "yes_or_no",
    "a range": "range",
    "a bound": "bound",
    "a sum": "sum",
    "another quantity": "quantity",
    "not a whole number": "not_whole",
    "negative": "negative",
    "more than one number": "two_numbers",
    "is not a number": "not_number",
    "formula": "formula",
    "four digits": "year_last",
    "no such day": "no_such_day",
    "is not a date": "not_date",
    "January or October": "two_months",
    "status is not known": "status",
    "nor the name says the kind": "kind",
    "has no name": "no_name",
}
CORRECTIONS = {
    "kind by its name": "kind",
    "乡镇由名称得出": "township",
    "没有可用坐标": "seat",
    "坐标未采用": "datum",
    "几处中按坐标": "place_tells",
    "按表名取": "sheet_tells",
    "单元由坐标得出": "county_of_place",
    "高斯-克吕格": "plane",
    "北坐标": "north_first",
    "度分秒": "dms",
    "经纬度颠倒": "swapped",
    "换算为 WGS84": "shifted",
    "理解": "spelling",
    "lone quote": "quote",
    "blanks were": "blank",
    "read as": "number",
    "读作": "number",
    "Excel serial": "number",
    "only the": "day",
    "masked": "masked",
    "none of these": "has_none",
    "→": "word",
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return create(tmp_path_factory.mktemp("corpus") / "清远", city=City.load("清远"))


def _words(sentences: tuple[Said, ...], known: dict[str, str]) -> str:
    """The sentences by their words; one that nobody wrote down here fails."""
    found = []
    for sentence in sentences:
        fits = [word for text, word in known.items() if text in str(sentence)]
        assert fits, f"not written down: {sentence}"
        found.append(fits[0])
    return " ".join(found)


def _line(row: FacilityRow, city: City) -> str:
    """One row as `outcomes.json` writes it."""
    parts = [f"{row.row} {'accepted' if row.accepted else row.outcome}"]
    if row.outcome == "rejected":
        parts.append(_words(row.reasons, REASONS))
    elif row.accepted:
        where = f"{row.lon:.3f},{row.lat:.3f}" if row.place == "coordinates" else row.place
        parts.append(f"{row.unit_code} {city.units.name(row.unit_code)} {where}")
        parts.append("; ".join(_facility(f) for f in row.facilities))
        parts.append(_words(row.corrections, CORRECTIONS))
        parts.append(" ".join(f.id for f in row.findings if f.weight == "warning"))
    return " | ".join(parts).rstrip(" |")


def _facility(facility: Any) -> str:
    cells = [facility.kind, facility.name, facility.beds, *sorted(facility.services)]
    cells += [facility.opened, facility.ownership]
    cells.append("" if facility.status == "open" else facility.status)
    return " ".join(str(cell) for cell in cells if cell not in {None, ""})


def outcome(path: Path, city: City) -> tuple[FacilityImport | None, dict[str, Any]]:
    """What comes of a file, as `outcomes.json` writes it."""
    try:
        made = intake_facilities([path], city, today=TODAY)
    except InputError as error:
        return None, {"refused": str(error.problems[0]).rpartition(" · ")[2]}
    sheets: dict[str, list[str]] = {}
    for row in made.rows:
        name = row.sheet + (f" #{row.of.part}" if row.of.part > 1 else "")
        sheets.setdefault(name, []).append(_line(row, city))
    told = [f.said.en for f in made.findings if f.weight == "warning"]
    return made, {"sheets": sheets} | ({"told": told} if told else {})


def test_every_file_has_its_outcome() -> None:
    assert set(OUTCOMES) == set(READ)


@pytest.mark.parametrize("name", READ)
def test_every_row_becomes_what_a_planner_expects(
    name: str, template: Path, tmp_path: Path
) -> None:
    space = tmp_path / "清远"
    shutil.copytree(template, space)
    city = City.open(space)
    made, got = outcome(CORPUS / name, city)
    assert got == OUTCOMES[name]
    if made is None:
        return
    data = [row for row in made.rows if row.is_data]
    assert made.accepted + made.rejected == len(data)
    commit(made, space)
    city = City.open(space)
    assert city.origin("facilities") == ("own" if made.facilities else "shipped")
    if made.facilities:
        assert len(city.register.facilities) == len(made.facilities)
