"""Cells of coordinates: every spelling with its expected place, corrections and refusals."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage import datum
from coverage.places import coordinates as module
from coverage.places.coordinates import parse_coordinates

BOUNDS = (111.9, 23.4, 113.9, 25.2)  # 清远
GK = tuple(f"{float(v):.3f}" for v in datum.from_wgs84(113.05, 23.68, "gk3-38"))
GK_PREFIXED = f"38{GK[0]}"
SHAPES = st.text("0123456789.,-+°′″'\"EWNS度分秒 ;:/()e东经北纬西南XYlatng，；米无", max_size=40)


@pytest.mark.parametrize(
    "cell",
    [
        "113.05,23.68",
        "113.05，23.68",
        "113.05 23.68",
        "113.05;23.68",
        "113.05/23.68",
        "（113.05，23.68）",
        "[113.05, 23.68]",
        "113.05,23.68,",
        "113.05°, 23.68°",
        "113.05 度，23.68 度",
        "１１３．０５，２３．６８",
        "E113.05°,N23.68°",
        "113.05E 23.68N",
        "东经113.05 北纬23.68",
        "東經113.05度、北緯23.68度",
        "经度:113.05;纬度:23.68",
        "lng=113.05,lat=23.68",
        "1.1305e2, 2.368e1",
    ],
)
def test_two_values_in_one_cell(cell: str) -> None:
    place = parse_coordinates(cell)
    assert (place.lon, place.lat) == (113.05, 23.68)
    assert (place.text, place.datum, place.corrections) == (cell, None, ())


@pytest.mark.parametrize(
    "cell",
    [
        "113°03′00″E, 23°40′48″N",
        "113°3'0\", 23°40'48\"",
        "113º03’00”，23º40’48”",
        "113度3分0秒 23度40分48秒",
        "东经113度3分 北纬23度40分48秒",
        "113-03-00 23-40-48",
        "113:03:00;23:40:48",
        "E113 3 0, N23 40 48",
        "113°3′, 23°40.8′",
    ],
)
def test_degrees_minutes_seconds(cell: str) -> None:
    place = parse_coordinates(cell)
    assert (place.lon, place.lat) == pytest.approx((113.05, 23.68), abs=1e-9)
    assert place.corrections == (module.FROM_DMS,)


@pytest.mark.parametrize(
    ("cells", "notes"),
    [
        (("113.05", "23.68"), ()),
        ((113.05, 23.68), ()),
        (("113.05度", " 23.68 "), ()),
        (("113.05,23.68", "113.05,23.68"), ()),
        (("23.68", "113.05"), (module.SWAPPED,)),
        (("N23.68", "E113.05"), (module.SWAPPED,)),
        (("113,05", "23,68"), (module.COMMA,)),
        (("(23.68, 113.05)", None), (module.LAT_FIRST,)),
        (("23°40′48″，113°03′", None), (module.FROM_DMS, module.LAT_FIRST)),
        (("北纬23°40′48″东经113°03′", None), (module.FROM_DMS,)),
        (("113,05 23,68", None), (module.COMMA,)),
    ],
)
def test_corrections_are_said(cells: tuple[object, object], notes: tuple[object, ...]) -> None:
    place = parse_coordinates(*cells)
    assert (place.lon, place.lat) == pytest.approx((113.05, 23.68), abs=1e-9)
    assert place.corrections == notes


@pytest.mark.parametrize(
    ("cells", "swapped"),
    [
        ((GK_PREFIXED, GK[1]), False),
        ((GK[1], GK_PREFIXED), True),
        ((f"{GK_PREFIXED},{GK[1]}", None), False),
        ((GK[0], GK[1]), False),
        ((GK[1], GK[0]), True),
        ((f"{GK[0]}米", f"{GK[1]}m"), False),
        ((f"{float(GK[0]):,.3f}", f"{float(GK[1]):,.3f}"), False),
        ((f"X={GK[1]} Y={GK_PREFIXED}", None), True),
    ],
)
def test_projected_metres_are_recognised(cells: tuple[str, str | None], *, swapped: bool) -> None:
    place = parse_coordinates(*cells, bounds=BOUNDS)
    assert (place.lon, place.lat) == pytest.approx((113.05, 23.68), abs=1e-7)
    assert place.datum == "gk3-38"
    assert (module.NORTH_FIRST in place.corrections) is swapped
    assert "CGCS2000" in place.corrections[-1].zh


def test_metres_without_a_zone_need_the_city_or_the_zone() -> None:
    assert parse_coordinates(*GK).problem is not None
    assert parse_coordinates(*GK, zone="gk3-38").placed
    far = parse_coordinates(*GK, bounds=(100.0, 30.0, 101.0, 31.0))
    assert far.problem is not None
    assert "分带" in far.problem.zh
    wrong = parse_coordinates(GK_PREFIXED, GK[1], zone="gk3-37")
    assert wrong.problem is not None


@given(lon=st.floats(111.9, 113.9), lat=st.floats(23.4, 25.2), which=st.integers(0, 2))
def test_the_zone_that_fits_the_city_is_found_or_asked_for(
    lon: float, lat: float, which: int
) -> None:
    zone = datum.zones_at(lon)[which]
    cells = tuple(repr(float(v)) for v in datum.from_wgs84(lon, lat, zone))
    place = parse_coordinates(*cells, bounds=BOUNDS)
    if zone == "gk3-38":  # the others share their meridian with UTM
        assert place.problem is None
    else:
        assert place.problem is not None
        assert "utm-49" in place.problem.zh
        assert "gk" in place.problem.en
        place = parse_coordinates(*cells, bounds=BOUNDS, zone=zone)
    assert (place.lon, place.lat) == pytest.approx((lon, lat), abs=1e-7)


@pytest.mark.parametrize(
    "cell", ["23.68,113.05", "23.680,113.050", "纬度23.68,经度113.05", "23.68；113.05"]
)
def test_the_latitude_may_stand_first(cell: str) -> None:
    place = parse_coordinates(cell)
    assert (place.lon, place.lat) == (113.05, 23.68)


@pytest.mark.parametrize(
    "cell",
    ["POINT(113.05 23.68)", "POINT (113.05 23.68)", "SRID=4326;POINT Z (113.05 23.68 10.5)"],
)
def test_points_of_databases_are_read(cell: str) -> None:
    place = parse_coordinates(cell)
    assert (place.lon, place.lat) == (113.05, 23.68)
    assert parse_coordinates("LINESTRING(113.05 23.68, 113.06 23.68)").problem is not None


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (("abc",), "不是坐标"),
        (("约113.05,23.68",), "不是坐标"),
        (("113.05",), "两个数"),
        (("113.05", ""), "缺一不可"),
        (("113,23",), "逗号"),
        (("113,05,23,68",), "逗号"),
        (("0,0",), "为零"),
        (("0", "0"), "为零"),
        (("113.05", "-23.68"), "为负"),
        (("西经113.05 北纬23.68",), "西经"),
        (("113°75′, 23°40′",), "60"),
        (("N113.05", "E23.68"), "方向"),
        (("E113.05", "E23.68"), "方向"),
        (("2.35", "48.85"), "不在中国"),
        (("113053000", "23681000"), "既不像"),
        (("113.05.3", "23.68"), ""),
    ],
)
def test_refusals_have_reasons(cells: tuple[str, ...], reason: str) -> None:
    place = parse_coordinates(*cells)
    assert not place.placed
    assert place.problem is not None
    assert reason in place.problem.zh
    assert place.problem.en


@pytest.mark.parametrize("cells", [("",), (None, None), ("无", "-"), (float("nan"),), ("N/A", "")])
def test_empty_cells_are_no_mistake(cells: tuple[object, ...]) -> None:
    place = parse_coordinates(*cells)
    assert (place.empty, place.problem, place.placed) == (True, None, False)


@given(first=st.one_of(st.text(max_size=40), SHAPES), second=st.one_of(st.none(), SHAPES))
def test_any_text_is_placed_refused_or_empty(first: str, second: str | None) -> None:
    place = parse_coordinates(first, second, bounds=BOUNDS)
    assert [place.placed, place.problem is not None, place.empty].count(True) == 1
    if place.lon is not None and place.lat is not None and place.datum is None:
        assert 73 <= place.lon <= 136
        assert 3 <= place.lat <= 54


@given(lon=st.floats(73.1, 135.9), lat=st.floats(3.1, 53.9), swap=st.booleans())
def test_decimals_come_back_exactly(lon: float, lat: float, *, swap: bool) -> None:
    a, b = f"{lon:.7f}", f"{lat:.7f}"
    cells = (b, a) if swap else (a, b)
    for place in (parse_coordinates(*cells), parse_coordinates(", ".join(cells))):
        assert (place.lon, place.lat) == (float(a), float(b))
        assert bool(place.corrections) is swap


def test_a_hundred_thousand_rows_are_quick() -> None:
    began = time.perf_counter()
    for i in range(100_000):
        parse_coordinates(f"{112 + i / 1e6:.6f}", f"{23 + i / 1e6:.6f}")
    assert time.perf_counter() - began < 10
