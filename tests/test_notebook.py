"""Results as an analyst meets them in a notebook: a line, a table, a frame, a container."""

from __future__ import annotations

import pytest

import coverage as cov
from coverage.errors import UnknownNameError

INTEGRATED = "elder_care.integrated_township"
CITY = cov.City.load("珠山")
REPORT = cov.assess(CITY)


def test_a_report_is_a_container() -> None:
    assert len(REPORT) == len(list(REPORT)) == len(REPORT.results) > 0
    first = REPORT.results[0].indicator.id
    assert first in REPORT
    assert "no.such_thing" not in REPORT
    assert REPORT[first] is REPORT.results[0]


def test_an_unknown_id_is_a_key_error_that_names_the_nearest() -> None:
    last = REPORT.results[-1].indicator.id
    with pytest.raises(KeyError, match=last) as raised:
        REPORT[last[:-1]]
    assert isinstance(raised.value, UnknownNameError)
    assert "\\n" not in str(raised.value), "the sentence, not a quoted key"


def test_a_report_as_a_frame() -> None:
    frame = cov.assess(cov.City.load("清远")).to_frame().set_index("id")
    row = frame.loc["social_work.township_station"]
    assert (row["numerator"], row["denominator"]) == (33, 85)
    assert row["value"] == pytest.approx(3300 / 85)
    assert row["status"] in {"met", "not_met"}
    assert {"target", "op", "gap_units"} <= set(frame.columns)


def test_units_and_registers_as_frames() -> None:
    units = CITY.units.to_frame()
    assert len(units) == len(CITY.units)
    assert units["code"].iloc[0].startswith("360203")
    register = CITY.register.to_frame()
    assert len(register) == len(CITY.register) == len(list(CITY.register))
    assert register["beds"].sum() == sum(f.beds or 0 for f in CITY.register)


def test_times_as_a_frame_of_places() -> None:
    times = cov.travel_time(CITY, kind="elder_care", minutes=15)
    frame = times.to_frame()
    assert frame.crs == "EPSG:4326"
    within = frame[frame["minutes"] <= 15]
    (whole,) = (r for r in cov.people_reached(times, group="all") if r.code == CITY.code)
    assert within["all"].sum() == pytest.approx(whole.reached, abs=0.5 + 1e-6)
    assert set(frame["facility_id"]) - {""} <= {f.id for f in CITY.register}


def test_a_proposal_as_a_frame() -> None:
    proposal = cov.site(cov.City.load("清远"), indicator=INTEGRATED, max_new=2)
    frame = proposal.to_frame()
    assert len(frame) == 2
    assert list(frame["name"]) == [site.name for site in proposal.sites]
    assert frame["gains"].is_monotonic_decreasing
    assert "2 new elder_care" in repr(proposal)


@pytest.mark.parametrize(
    "thing", [REPORT, CITY, CITY.units, CITY.register], ids=lambda t: type(t).__name__
)
def test_everything_prints_short(thing: object) -> None:
    assert len(repr(thing)) <= 500
    assert type(thing).__name__ in repr(thing)
    html = thing._repr_html_()  # type: ignore[attr-defined]
    assert "<table" in html
    assert len(html) < 20_000
